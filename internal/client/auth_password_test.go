package client

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestPasswordScope shows what a password signs in to: the project by its id, by its name, by the region's name, or the account where no
// region is set; and that nothing is sent while what decides that is missing.
func TestPasswordScope(t *testing.T) {
	t.Parallel()
	const address = "POST https://iam.ap-example-1.example.com/v3/auth/tokens?nocatalog=true"
	byName := Password{UserName: "user", Password: "hunter2!", DomainName: "account"}
	byID := Password{UserID: "u1", Password: "hunter2!", DomainID: "d1"}
	bare := Password{UserID: "u1", Password: "hunter2!"}
	const user = `{"auth":{"identity":{"methods":["password"],"password":{"user":{"id":"u1","password":"hunter2!"}}},"scope":`
	const named = `{"auth":{"identity":{"methods":["password"],"password":{"user":{"domain":{"name":"account"},"name":"user",` +
		`"password":"hunter2!"}}},"scope":`
	wrong := errors.New("not known yet")
	elsewhere := func(cfg *Config) {
		cfg.AuthURL = Setting{Value: "https://iam.ap-example-1.example.com"}
		cfg.Endpoints = map[Service]Setting{COC: {Value: "https://coc.example.com"}}
	}
	for _, test := range []struct {
		name     string
		password Password
		change   func(*Config)
		// body is that of the sign-in; fault is the error when there must be none.
		body, fault string
	}{
		{"user and domain by name", byName, nil, named + `{"project":{"domain":{"name":"account"},"name":"ap-example-1"}}}}`, ""},
		{
			"user and domain by id", byID, func(cfg *Config) { cfg.ProjectName = Setting{Value: "sub"} },
			user + `{"project":{"domain":{"id":"d1"},"name":"sub"}}}}`, "",
		},
		{
			"both id and name of the user", Password{UserID: "u1", UserName: "user", Password: "hunter2!", DomainID: "d1"}, nil,
			user + `{"project":{"domain":{"id":"d1"},"name":"ap-example-1"}}}}`, "",
		},
		{
			"project by id", bare, func(cfg *Config) { cfg.ProjectID = Setting{Value: "p1"} },
			user + `{"project":{"id":"p1"}}}}`, "",
		},
		{
			"project by id, its name not known", byName,
			func(cfg *Config) { cfg.ProjectID, cfg.ProjectName = Setting{Value: "p1"}, Setting{Err: wrong} },
			named + `{"project":{"id":"p1"}}}}`, "",
		},
		{
			"project by name, the region not known", byID, func(cfg *Config) {
				elsewhere(cfg)
				cfg.ProjectName, cfg.Region = Setting{Value: "sub"}, Setting{Err: wrong}
			},
			user + `{"project":{"domain":{"id":"d1"},"name":"sub"}}}}`, "",
		},
		{
			"no region", byID, func(cfg *Config) {
				elsewhere(cfg)
				cfg.Region = Setting{Err: fmt.Errorf("region: %w", ErrNotSet)}
			},
			user + `{"domain":{"id":"d1"}}}}`, "",
		},
		{
			"no region, and nothing to say why", byID, func(cfg *Config) {
				elsewhere(cfg)
				cfg.Region = Setting{}
			},
			user + `{"domain":{"id":"d1"}}}}`, "",
		},
		{
			"region not known", byID, func(cfg *Config) {
				elsewhere(cfg)
				cfg.Region = Setting{Err: wrong}
			}, "", "not known yet",
		},
		{"project id not known", byID, func(cfg *Config) { cfg.ProjectID = Setting{Err: wrong} }, "", "not known yet"},
		{"project name not known", byID, func(cfg *Config) { cfg.ProjectName = Setting{Err: wrong} }, "", "not known yet"},
		{
			"no account", bare, nil, "", "the account of the user is not known: set domain_name (HW_DOMAIN_NAME or OS_DOMAIN_NAME) or " +
				"domain_id (HW_DOMAIN_ID or OS_DOMAIN_ID), or project_id",
		},
		{
			"a user's name without its account", Password{UserName: "user", Password: "hunter2!"},
			func(cfg *Config) { cfg.ProjectID = Setting{Value: "p1"} }, "", "user_name needs its account beside it: set domain_name (HW_DOMAIN_NAME",
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
				order := Order{Target: Target{Region: testRegion}, ExecuteUUID: testOrderID}
				_, err := newClient(t, cloud, changes...).ScriptOrder(t.Context(), order)
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
				signIn, read := cloud.sent()[0].Header, cloud.sent()[1].Header
				if signIn.Get("Authorization")+signIn.Get("X-Auth-Token") != "" || signIn.Get("Content-Type") != "application/json" {
					t.Errorf("headers of the sign-in: %v", signIn)
				}
				if read.Get("X-Auth-Token") != "dummyToken" || read.Get("Authorization") != "" {
					t.Errorf("headers of the read: %v", read)
				}
			})
		})
	}
}

// Wrong passwords lock accounts as wrong signatures lock keys.
func TestRefusedSignInIsNotRepeated(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud := newCloud(t, map[string]answerer{
			"/v3/auth/tokens": says(401, `{"error":{"code":401,"message":"the password hunter2! is wrong","title":"Unauthorized"}}`),
		})
		c := newClient(t, cloud, retries(5), source(PasswordSource(Password{UserID: "u1", Password: "hunter2!", DomainID: "d1"}, "the test")))
		for range 2 {
			for _, err := range readTen(t.Context(), c)() {
				checkHarmless(t, err.Error(), "hunter2!")
				if e := failure(t, err); e.Attempts != 0 || !errors.Is(err, ErrNoCredential) || isTransient(err) {
					t.Errorf("%#v", e)
				}
				var signIn *Error
				if !errors.As(errors.Unwrap(err), &signIn) || signIn.Status != 401 || signIn.Message != "the password *** is wrong" {
					t.Errorf("error %v, want that of the sign-in", err)
				}
			}
		}
		if len(cloud.sent()) != 1 {
			t.Errorf("%d requests, want 1", len(cloud.sent()))
		}
	})
}

// A token that a service refuses before its time is replaced by a new sign-in, once.
func TestSignInAgainAfterRefusal(t *testing.T) {
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
		// Two sign-ins, a refusal and ten answers.
		if n != 2 || len(service.sent()) != 13 {
			t.Errorf("%d sign-ins and %d requests, want 2 and 13", n, len(service.sent()))
		}
	})
}

func TestSignInWithoutToken(t *testing.T) {
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

// A sign-in repeats a passing fault by itself, max_retries times; the hundred reads that needed it do not repeat it again.
func TestFailedSignInEndsTheRead(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]answerer{
		"hangs":                        hangs,
		"a proxy's 502":                says(502, "<html>"),
		"a proxy that does not get on": breaks(&ProxyError{Proxy: "proxy.example.com:3128", Status: 502}),
		"reset":                        breaks(syscall.ECONNRESET),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cloud := newCloud(t, map[string]answerer{"/v3/auth/tokens": answer})
				c := newClient(t, cloud, retries(5), source(PasswordSource(Password{UserID: "u1", Password: "hunter2!", DomainID: "d1"}, "the test")))
				start := time.Now()
				for _, errs := range readAll(t.Context(), c) {
					for _, err := range errs {
						if e := failure(t, err); !errors.Is(err, ErrNoCredential) || !isTransient(err) || e.Attempts != 0 {
							t.Errorf("%#v", e)
						}
					}
				}
				if took := time.Since(start); len(cloud.sent()) != 6 || took > 4*time.Minute {
					t.Errorf("%d sign-ins in %s, want 6", len(cloud.sent()), took)
				}
			})
		})
	}
}
