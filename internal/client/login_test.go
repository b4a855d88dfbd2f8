package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The clock of a synctest bubble starts at midnight of the first of January 2000, UTC.
const (
	tokenAnswer = `{"token":{"expires_at":"2000-01-02T00:00:00.000000Z"}}`
	keysV3      = `{"credential":{"access":"DUMMYTEMPORARY000001","secret":"dummyTemporarySecret1","securitytoken":"dummySecurityToken1",` +
		`"expires_at":"2000-01-01T01:00:00.000000Z"}}`
	keysV5 = `{"credentials":{"access_key_id":"DUMMYTEMPORARY000002","secret_access_key":"dummyTemporarySecret2",` +
		`"security_token":"dummySecurityToken2","expiration":"2000-01-01T01:00:00Z"}}`
)

// cloud answers log-ins and orders by host, and writes down what was asked.
type cloud struct {
	wire
	logIns map[string]answerer

	// asked are the log-ins: method, host and path, then the body.
	asked []string
}

func newCloud(t *testing.T, logIns map[string]answerer) *cloud {
	t.Helper()
	c := &cloud{logIns: logIns}
	c.answers = []answerer{func(request *http.Request) (*http.Response, error) {
		answer := logIns[request.URL.Path]
		if answer == nil {
			return says(200, documentedOrder)(request)
		}
		body, err := io.ReadAll(request.Body)
		if err != nil {
			return nil, err
		}
		c.asked = append(c.asked, request.Method+" "+request.URL.String(), string(body))
		return answer(request)
	}}
	return c
}

func source(source CredentialSource) func(*Config) {
	return func(cfg *Config) { cfg.Credentials = source }
}

func TestPasswordLogIn(t *testing.T) {
	t.Parallel()
	const address = "POST https://iam.ap-example-1.example.com/v3/auth/tokens?nocatalog=true"
	for _, test := range []struct {
		name     string
		password Password
		change   func(*Config)
		// body is that of the log-in; fault is the error when there must be none.
		body, fault string
	}{
		{
			"user and domain by name", Password{UserName: "user", Password: "hunter2!", DomainName: "account"}, nil,
			`{"auth":{"identity":{"methods":["password"],"password":{"user":{"domain":{"name":"account"},"name":"user","password":"hunter2!"}}},` +
				`"scope":{"project":{"domain":{"name":"account"},"name":"ap-example-1"}}}}`, "",
		},
		{
			"user and domain by id", Password{UserID: "u1", Password: "hunter2!", DomainID: "d1"},
			func(cfg *Config) { cfg.ProjectName = Setting{Value: "sub"} },
			`{"auth":{"identity":{"methods":["password"],"password":{"user":{"id":"u1","password":"hunter2!"}}},` +
				`"scope":{"project":{"domain":{"id":"d1"},"name":"sub"}}}}`, "",
		},
		{
			"project by id", Password{UserID: "u1", Password: "hunter2!"},
			func(cfg *Config) { cfg.ProjectID = Setting{Value: "p1"} },
			`{"auth":{"identity":{"methods":["password"],"password":{"user":{"id":"u1","password":"hunter2!"}}},` +
				`"scope":{"project":{"id":"p1"}}}}`, "",
		},
		{"no account", Password{UserID: "u1", Password: "hunter2!"}, nil, "", "set domain_name or domain_id, or project_id"},
		{
			"project not known yet", Password{UserID: "u1", Password: "hunter2!", DomainID: "d1"},
			func(cfg *Config) { cfg.ProjectID = Setting{Err: errors.New("project_id is not known yet")} }, "", "project_id is not known yet",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cloud := newCloud(t, map[string]answerer{"/v3/auth/tokens": says(201, tokenAnswer, "X-Subject-Token", "dummyToken")})
				changes := []func(*Config){source(PasswordSource(test.password, "the test"))}
				if test.change != nil {
					changes = append(changes, test.change)
				}
				_, err := newClient(t, cloud, changes...).ScriptOrder(t.Context(), testOrder)
				if test.fault != "" {
					checkFailure(t, err)
					if !errors.Is(err, ErrNoCredential) || !strings.Contains(err.Error(), test.fault) || len(cloud.sent()) != 0 {
						t.Errorf("error %v after %d requests, want %q", err, len(cloud.sent()), test.fault)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff([]string{address, test.body}, cloud.asked); diff != "" {
					t.Errorf("want (-), got (+):\n%s", diff)
				}
				logIn, read := cloud.sent()[0].Header, cloud.sent()[1].Header
				if logIn.Get("Authorization")+logIn.Get("X-Auth-Token") != "" || logIn.Get("Content-Type") != "application/json" {
					t.Errorf("headers of the log-in: %v", logIn)
				}
				if read.Get("X-Auth-Token") != "dummyToken" || read.Get("Authorization") != "" {
					t.Errorf("headers of the read: %v", read)
				}
			})
		})
	}
}

// One log-in serves all readers until it is about to end.
func TestLogInIsRenewedInTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := 0
		cloud := newCloud(t, map[string]answerer{"/v3/auth/tokens": func(request *http.Request) (*http.Response, error) {
			n++
			time.Sleep(time.Second) // so that the other readers have to wait for it; the bubble's clock, as below
			ends := time.Now().Add(24 * time.Hour).UTC().Format(time.RFC3339Nano)
			return says(201, `{"token":{"expires_at":"`+ends+`"}}`, "X-Subject-Token", fmt.Sprintf("dummyToken%d", n))(request)
		}})
		c := newClient(t, cloud, source(PasswordSource(Password{UserID: "u1", Password: "hunter2!", DomainID: "d1"}, "the test")))
		for _, want := range []struct {
			after time.Duration
			token string
		}{
			{0, "dummyToken1"},
			{24*time.Hour - 5*time.Minute - time.Second, "dummyToken1"},
			{time.Second, "dummyToken2"},
			{time.Hour, "dummyToken2"},
		} {
			time.Sleep(want.after)
			for _, err := range readTen(t.Context(), c)() {
				if err != nil {
					t.Fatal(err)
				}
			}
			requests := cloud.sent()
			if got := requests[len(requests)-1].Header.Get("X-Auth-Token"); got != want.token {
				t.Errorf("token %q, want %q", got, want.token)
			}
		}
		if n != 2 {
			t.Errorf("%d log-ins, want 2", n)
		}
	})
}

// Short-lived ones are renewed when a fifth of their life is left; a failure of that counts only when it is over.
func TestRenewalOfShortLived(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start, n := time.Now(), 0
		r := newRenewing("the test", func(context.Context) (temporary, error) {
			n++
			if n == 2 {
				return temporary{}, errors.New("not now")
			}
			return temporary{Credential: Credential{Token: fmt.Sprint("dummyToken", n)}, expires: time.Now().Add(10 * time.Minute)}, nil
		})
		for _, want := range []struct {
			at      time.Duration
			token   string
			fetches int
		}{
			{0, "dummyToken1", 1},
			{8*time.Minute - time.Second, "dummyToken1", 1},
			{8 * time.Minute, "dummyToken1", 2},
			{8*time.Minute + time.Second, "dummyToken3", 3},
		} {
			time.Sleep(time.Until(start.Add(want.at)))
			got, err := r.Credential(t.Context())
			if err != nil || got.Token != want.token || n != want.fetches {
				t.Errorf("after %s: %q and error %v after %d fetches, want %q after %d", want.at, got.Token, err, n, want.token, want.fetches)
			}
		}
	})
}

// Services may repeat what they were sent.
func TestIdentityIsNotShown(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("dummyIdentityToken"), 0o600); err != nil {
		t.Fatal(err)
	}
	echo := says(403, `{"error_msg":"not dummyIdentityToken, not dummyToken"}`)
	for _, test := range []struct {
		name     string
		identity Identity
		first    answerer
		says     string
	}{
		{"token", Identity{Token: "dummyIdentityToken"}, echo, "not ***, not dummyToken"},
		{"file", Identity{TokenFile: file}, echo, "not ***, not dummyToken"},
		{"second step", Identity{Token: "dummyIdentityToken"}, says(201, `{}`, "X-Subject-Token", "dummyToken"), "not ***, not ***"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			cloud := newCloud(t, map[string]answerer{
				"/v3.0/OS-AUTH/id-token/tokens":      test.first,
				"/v3.0/OS-CREDENTIAL/securitytokens": echo,
			})
			_, err := newClient(t, cloud, source(IdentitySource(test.identity, time.Hour, "the test"))).ScriptOrder(t.Context(), testOrder)
			checkFailure(t, err)
			if !strings.HasSuffix(err.Error(), ": "+test.says) {
				t.Errorf("error %q, want it to end in %q", err, test.says)
			}
		})
	}
}

// Wrong passwords lock accounts as wrong signatures lock keys.
func TestRefusedLogInIsNotRepeated(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud := newCloud(t, map[string]answerer{
			"/v3/auth/tokens": says(401, `{"error":{"code":401,"message":"the password hunter2! is wrong","title":"Unauthorized"}}`),
		})
		c := newClient(t, cloud, retries(5), source(PasswordSource(Password{UserID: "u1", Password: "hunter2!", DomainID: "d1"}, "the test")))
		for range 2 {
			for _, err := range readTen(t.Context(), c)() {
				checkHarmless(t, err.Error(), "hunter2!")
				if e := failure(t, err); e.Attempts != 0 || !errors.Is(err, ErrNoCredential) || IsTransient(err) {
					t.Errorf("%#v", e)
				}
				var logIn *Error
				if !errors.As(errors.Unwrap(err), &logIn) || logIn.Status != 401 || logIn.Message != "the password *** is wrong" {
					t.Errorf("error %v, want that of the log-in", err)
				}
			}
		}
		if len(cloud.sent()) != 1 {
			t.Errorf("%d requests, want 1", len(cloud.sent()))
		}
	})
}

// A token that a service refuses before its time is replaced by a new log-in, once.
func TestLogInAgainAfterRefusal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := 0
		service := answering(func(request *http.Request) (*http.Response, error) {
			switch {
			case request.URL.Path == "/v3/auth/tokens":
				n++
				return says(201, tokenAnswer, "X-Subject-Token", fmt.Sprintf("dummyToken%d", n))(request)
			case request.Header.Get("X-Auth-Token") == "dummyToken1":
				return says(401, "")(request)
			default:
				return says(200, documentedOrder)(request)
			}
		})
		c := newClient(t, service, source(PasswordSource(Password{UserID: "u1", Password: "hunter2!", DomainID: "d1"}, "the test")))
		for _, err := range readTen(t.Context(), c)() {
			if err != nil {
				t.Error(err)
			}
		}
		// Two log-ins, a refusal and ten answers.
		if n != 2 || len(service.sent()) != 13 {
			t.Errorf("%d log-ins and %d requests, want 2 and 13", n, len(service.sent()))
		}
	})
}

func TestLogInWithoutToken(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]answerer{
		"no token": says(201, tokenAnswer),
		"no end":   says(201, `{"token":{}}`, "X-Subject-Token", "dummyToken"),
		"no JSON":  says(201, `<html>`, "X-Subject-Token", "dummyToken"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cloud := newCloud(t, map[string]answerer{"/v3/auth/tokens": answer})
			c := newClient(t, cloud, source(PasswordSource(Password{UserID: "u1", Password: "hunter2!", DomainID: "d1"}, "the test")))
			_, err := c.ScriptOrder(t.Context(), testOrder)
			checkFailure(t, err)
			checkHarmless(t, err.Error(), "dummyToken", "hunter2!")
			if !errors.Is(err, ErrNoCredential) || !errors.Is(err, ErrMalformed) || len(cloud.sent()) != 1 {
				t.Errorf("error %v after %d requests, want ErrMalformed after 1", err, len(cloud.sent()))
			}
		})
	}
}

func TestAssumeRole(t *testing.T) {
	t.Parallel()
	temporary := testKeys
	temporary.SecurityToken = "dummySecurityToken"
	const v3, v5 = "/v3.0/OS-CREDENTIAL/securitytokens", "/v5/agencies/assume"
	const bodyV3 = `{"auth":{"identity":{"assume_role":{"agency_name":"reader","domain_name":"account","duration_seconds":7200},` +
		`"methods":["assume_role"]}}}`
	for _, test := range []struct {
		name   string
		base   Credential
		agency Agency
		path   string
		answer string
		asked  []string
		key    string
		fault  string
	}{
		{
			"third version", testKeys, Agency{Name: "reader", DomainName: "account", Duration: 2 * time.Hour}, v3, keysV3,
			[]string{"POST https://iam.ap-example-1.example.com" + v3, bodyV3}, "DUMMYTEMPORARY000001", "",
		},
		{
			"third version, with a token", Credential{Token: "dummyToken"}, Agency{Name: "reader", DomainName: "account", Duration: 2 * time.Hour},
			v3, keysV3,
			[]string{"POST https://iam.ap-example-1.example.com" + v3, bodyV3}, "DUMMYTEMPORARY000001", "",
		},
		{
			"fifth version", testKeys, Agency{Name: "reader", DomainID: "d1", Duration: 2 * time.Hour}, v5, keysV5,
			[]string{
				"POST https://sts.ap-example-1.example.com" + v5,
				`{"agency_session_name":"terraform-provider-hwgate","agency_urn":"iam::d1:agency:reader","duration_seconds":7200}`,
			}, "DUMMYTEMPORARY000002", "",
		},
		{
			"fifth version, in a chain", temporary, Agency{Name: "reader", DomainID: "d1", Duration: 2 * time.Hour}, v5, keysV5,
			[]string{
				"POST https://sts.ap-example-1.example.com" + v5,
				`{"agency_session_name":"terraform-provider-hwgate","agency_urn":"iam::d1:agency:reader","duration_seconds":3600}`,
			}, "DUMMYTEMPORARY000002", "",
		},
		{
			"fifth version, with a token", Credential{Token: "dummyToken"}, Agency{Name: "reader", DomainID: "d1", Duration: time.Hour}, v5, keysV5,
			nil, "", "assumed with keys, not with a token",
		},
		{
			"half an answer", testKeys, Agency{Name: "reader", DomainID: "d1", Duration: time.Hour}, v5,
			strings.Replace(keysV5, `"security_token":"dummySecurityToken2",`, "", 1),
			[]string{
				"POST https://sts.ap-example-1.example.com" + v5,
				`{"agency_session_name":"terraform-provider-hwgate","agency_urn":"iam::d1:agency:reader","duration_seconds":3600}`,
			}, "", "the answer has no temporary keys",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cloud := newCloud(t, map[string]answerer{test.path: func(request *http.Request) (*http.Response, error) {
					if test.base.Token == "" {
						// The body has been read; what is signed is its hash.
						body, err := request.GetBody()
						if err != nil {
							return nil, err
						}
						request.Body = body
						checkSigned(t, request)
					} else if request.Header.Get("X-Auth-Token") != test.base.Token {
						t.Errorf("headers %v, want the token", request.Header)
					}
					return says(201, test.answer)(request)
				}})
				c := newClient(t, cloud, source(AssumeRoleSource(StaticCredential(test.base, "the test"), test.agency)))
				_, err := c.ScriptOrder(t.Context(), testOrder)
				if diff := cmp.Diff(test.asked, cloud.asked); diff != "" {
					t.Errorf("want (-), got (+):\n%s", diff)
				}
				if test.fault != "" {
					if err == nil || !errors.Is(err, ErrNoCredential) || !strings.Contains(err.Error(), test.fault) {
						t.Errorf("error %v, want %q", err, test.fault)
					} else {
						checkHarmless(t, err.Error(), "dummyTemporarySecret2")
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				read := cloud.sent()[1].Header
				if got := read.Get("Authorization"); !strings.Contains(got, " Access="+test.key+",") ||
					!strings.Contains(got, ";x-security-token,") {
					t.Errorf("Authorization %q, want the key %s", got, test.key)
				}
			})
		})
	}
}

func TestIdentity(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("dummyIdentityToken\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"POST https://iam.ap-example-1.example.com/v3.0/OS-AUTH/id-token/tokens",
		`{"auth":{"id_token":{"id":"dummyIdentityToken"}}}`,
		"POST https://iam.ap-example-1.example.com/v3.0/OS-CREDENTIAL/securitytokens",
		`{"auth":{"identity":{"methods":["token"],"token":{"duration_seconds":900,"id":"dummyToken"}}}}`,
	}
	for _, test := range []struct {
		name     string
		identity Identity
		want     []string
		fault    string
	}{
		{"token", Identity{ProviderID: "idp", Token: "dummyIdentityToken"}, want, ""},
		{"file", Identity{ProviderID: "idp", TokenFile: file}, want, ""},
		{"no file", Identity{ProviderID: "idp", TokenFile: file + "2"}, nil, "reading the identity token"},
		{"nothing", Identity{ProviderID: "idp"}, nil, "the identity token is empty"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cloud := newCloud(t, map[string]answerer{
					"/v3.0/OS-AUTH/id-token/tokens":      says(201, `{}`, "X-Subject-Token", "dummyToken"),
					"/v3.0/OS-CREDENTIAL/securitytokens": says(201, keysV3),
				})
				c := newClient(t, cloud, source(IdentitySource(test.identity, 15*time.Minute, "the test")))
				_, err := c.ScriptOrder(t.Context(), testOrder)
				if diff := cmp.Diff(test.want, cloud.asked); diff != "" {
					t.Errorf("want (-), got (+):\n%s", diff)
				}
				if test.fault != "" {
					if !errors.Is(err, ErrNoCredential) || !strings.Contains(err.Error(), test.fault) {
						t.Errorf("error %v, want %q", err, test.fault)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				if got := cloud.sent()[0].Header.Get("X-Idp-Id"); got != "idp" {
					t.Errorf("X-Idp-Id %q", got)
				}
				if got := cloud.sent()[2].Header.Get("X-Security-Token"); got != "dummySecurityToken1" {
					t.Errorf("X-Security-Token %q", got)
				}
			})
		})
	}
}

func TestMetadata(t *testing.T) {
	t.Parallel()
	const tokenPath, keysPath = "/meta-data/latest/api/token", "/openstack/latest/securitykey"
	for _, test := range []struct {
		name   string
		logIns map[string]answerer
		// token is the one that comes with the request for keys.
		token string
		fault string
	}{
		{"plain", map[string]answerer{tokenPath: says(404, "no"), keysPath: says(200, keysV3)}, "", ""},
		{"hardened", map[string]answerer{tokenPath: says(200, "dummyMetadataToken\n"), keysPath: says(200, keysV3)}, "dummyMetadataToken", ""},
		{"a page for a token", map[string]answerer{tokenPath: says(200, "<html> </html>"), keysPath: says(200, keysV3)}, "", ""},
		{"no agency", map[string]answerer{tokenPath: says(404, ""), keysPath: says(404, "")}, "", "HTTP 404 from http://169.254.169.254"},
		{"nobody answers", map[string]answerer{tokenPath: hangs}, "", "no answer from http://169.254.169.254 within 2s"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cloud := newCloud(t, test.logIns)
				why := errors.New("nothing else was found")
				c := newClient(t, cloud, source(MetadataSource(func(err error) error { return errors.Join(why, err) })))
				start := time.Now()
				_, err := c.ScriptOrder(t.Context(), testOrder)
				if took := time.Since(start); took > 2*time.Second {
					t.Errorf("took %s, want at most 2s", took)
				}
				if test.fault != "" {
					if !errors.Is(err, ErrNoCredential) || !errors.Is(err, why) || !strings.Contains(err.Error(), test.fault) {
						t.Errorf("error %v, want %q", err, test.fault)
					}
					// Who is not on the cloud waits once.
					sent := len(cloud.sent())
					if _, err := c.ScriptOrder(context.WithoutCancel(t.Context()), testOrder); err == nil || len(cloud.sent()) != sent {
						t.Errorf("error %v after %d more requests, want none", err, len(cloud.sent())-sent)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				requests := cloud.sent()
				if got := requests[1].Header.Get("X-Metadata-Token"); got != test.token {
					t.Errorf("X-Metadata-Token %q, want %q", got, test.token)
				}
				if got := requests[2].Header.Get("X-Security-Token"); got != "dummySecurityToken1" {
					t.Errorf("X-Security-Token %q", got)
				}
			})
		})
	}
}
