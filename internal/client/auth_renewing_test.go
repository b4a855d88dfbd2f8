package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hwgate/terraform-provider-hwgate/internal/authtest"
)

// Keys that live for a quarter of an hour, in a run of three hours with ten readers at a time: each is fetched once, by one reader,
// and no request is ever signed with one that has run out.
func TestKeysRunOutDuringARun(t *testing.T) {
	t.Parallel()
	const life = 15 * time.Minute
	for name, sourceOf := range map[string]func() CredentialSource{
		"agency": func() CredentialSource {
			return AssumeRoleSource(StaticCredential(testKeys, "the test"), Agency{Name: "reader", DomainName: "account", Duration: life})
		},
		"agency of STS": func() CredentialSource {
			return AssumeRoleSource(StaticCredential(testKeys, "the test"), Agency{Name: "reader", DomainID: "d1", Duration: life})
		},
		"identity": func() CredentialSource {
			return IdentitySource(Identity{ProviderID: "idp", Token: "dummyIdentityToken"}, life, "the test")
		},
		"machine": func() CredentialSource { return MetadataSource(func(err error) error { return err }) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				issuer := &issuer{t: t, life: life, secrets: map[string]string{testAccessKey: testSecretKey}, ends: map[string]time.Time{}}
				c := newClient(t, issuer, source(sourceOf()))
				begin := time.Now()
				for time.Since(begin) < 3*time.Hour {
					for _, err := range readTen(t.Context(), c)() {
						if err != nil {
							t.Fatal(err)
						}
					}
					time.Sleep(time.Minute) // the bubble's clock, as everywhere here
				}
				// Each is used until three minutes, a fifth of its life, are left of it: 15 in three hours.
				if n := issuer.issued.Load(); n != 15 {
					t.Errorf("%d keys were issued, want 15", n)
				}
			})
		})
	}
}

// issuer plays the services that issue temporary keys, and COC. It does not let two fetches overlap.
type issuer struct {
	t      *testing.T
	life   time.Duration
	issued atomic.Int64
	busy   atomic.Bool

	mu      sync.Mutex
	secrets map[string]string
	ends    map[string]time.Time
}

func (i *issuer) RoundTrip(request *http.Request) (*http.Response, error) {
	switch path := request.URL.Path; {
	case strings.HasSuffix(path, "/securitytokens"), strings.HasSuffix(path, "/assume"), strings.HasSuffix(path, "/securitykey"):
		if !i.busy.CompareAndSwap(false, true) {
			i.t.Error("two fetches at once")
		}
		time.Sleep(time.Second) // other readers come meanwhile
		defer i.busy.Store(false)
		n, ends := i.issued.Add(1), time.Now().Add(i.life)
		key, secret := fmt.Sprintf("ISSUED%014d", n), fmt.Sprintf("issuedSecret%d", n)
		i.mu.Lock()
		i.secrets[key], i.ends[key] = secret, ends
		i.mu.Unlock()
		body := `{"credential":{"access":%q,"secret":%q,"securitytoken":"issuedToken","expires_at":%q}}`
		if strings.HasSuffix(path, "/assume") {
			body = `{"credentials":{"access_key_id":%q,"secret_access_key":%q,"security_token":"issuedToken","expiration":%q}}`
		}
		return says(200, fmt.Sprintf(body, key, secret, ends.UTC().Format("2006-01-02T15:04:05.000000Z")))(request)
	case strings.HasSuffix(path, "/id-token/tokens"):
		return says(201, `{}`, "X-Subject-Token", "dummyToken")(request)
	case strings.HasPrefix(path, "/meta-data/"):
		return says(404, "")(request)
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if err := (authtest.Verifier{Secrets: i.secrets, MustSign: []string{"x-security-token"}}).Verify(request); err != nil {
		i.t.Error(err)
	}
	for key, ends := range i.ends {
		if strings.Contains(request.Header.Get("Authorization"), "Access="+key+",") && !time.Now().Before(ends) {
			i.t.Errorf("%s ran out at %s and is used at %s", key, ends, time.Now())
		}
	}
	if request.Header.Get("X-Security-Token") != "issuedToken" {
		i.t.Error("no security token")
	}
	return says(200, documentedOrder)(request)
}

// A renewal that is declined must not be tried again, since that locks accounts; what there is serves until its end.
func TestDeclinedRenewal(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		err     error
		fetches int64
	}{
		{"declined", &Error{Status: http.StatusUnauthorized}, 2},
		{"IAM fails", &Error{Status: http.StatusServiceUnavailable}, 6},
		{"throttled", &Error{Status: http.StatusTooManyRequests}, 6},
		{"no answer", errors.New("not now"), 6},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var fetches int64
				r := newRenewing("the log-in", func(context.Context) (temporary, error) {
					fetches++
					if fetches > 1 {
						return temporary{}, test.err
					}
					return temporary{Credential: Credential{Token: "dummyToken"}, expires: time.Now().Add(10 * time.Minute)}, nil
				})
				for _, after := range []time.Duration{0, 8 * time.Minute, time.Minute, 59 * time.Second} {
					time.Sleep(after)
					if got, err := r.Credential(t.Context()); err != nil || got.Token != "dummyToken" {
						t.Errorf("%v and error %v, want what still works", got, err)
					}
				}
				time.Sleep(time.Second)
				for range 2 {
					if _, err := r.Credential(t.Context()); !errors.Is(err, test.err) || !strings.HasPrefix(err.Error(), "the log-in: ") {
						t.Errorf("error %v, want that of the log-in", err)
					}
				}
				if fetches != test.fetches {
					t.Errorf("%d fetches, want %d", fetches, test.fetches)
				}
			})
		})
	}
}

// A source that gives what was refused once more is not believed.
func TestSameCredentialAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		service := answering(says(401, `{"error_code":"APIGW.0301","error_msg":"no"}`))
		fetches := 0
		same := newRenewing("the machine", func(context.Context) (temporary, error) {
			fetches++
			return temporary{Credential: testKeys, expires: time.Now().Add(time.Hour)}, nil
		})
		c := newClient(t, service, retries(5), source(same))
		for range 2 {
			for _, err := range readTen(t.Context(), c)() {
				if e := failure(t, err); e.Status != 401 || e.Code != "APIGW.0301" || !IsUnauthorized(err) {
					t.Errorf("%#v", e)
				}
			}
		}
		if len(service.sent()) != 1 {
			t.Errorf("%d requests with a refused key, want 1", len(service.sent()))
		}
	})
}

// A second refusal ends the read, and the next read does not begin again with what was refused.
func TestSecondRefusal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fetches := 0
		other := newRenewing("the log-in", func(context.Context) (temporary, error) {
			fetches++
			return temporary{Credential: Credential{Token: fmt.Sprint("dummyToken", fetches)}, expires: time.Now().Add(time.Hour)}, nil
		})
		service := answering(says(200, documentedOrder), says(401, ""))
		c := newClient(t, service, retries(5), source(other))
		if _, err := c.ScriptOrder(t.Context(), testOrder); err != nil {
			t.Fatal(err)
		}
		if _, err := c.ScriptOrder(t.Context(), testOrder); failure(t, err).Status != 401 {
			t.Errorf("error %v, want a 401", err)
		}
		var tokens []string
		for _, request := range service.sent() {
			tokens = append(tokens, request.Header.Get("X-Auth-Token"))
		}
		if want := []string{"dummyToken1", "dummyToken1", "dummyToken2"}; !slices.Equal(tokens, want) {
			t.Errorf("tokens %q, want %q", tokens, want)
		}
	})
}

// Who waits for another's fetch can give up, and a fetch that was given up is not the others' failure.
func TestFetchIsCanceled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var fetches atomic.Int64
		r := newRenewing("the log-in", func(ctx context.Context) (temporary, error) {
			if fetches.Add(1) == 1 {
				<-ctx.Done()
				return temporary{}, ctx.Err()
			}
			return temporary{Credential: Credential{Token: "dummyToken"}, expires: time.Now().Add(time.Hour)}, nil
		})
		first, cancelFirst := context.WithCancel(t.Context())
		waiting, cancelWaiting := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := r.Credential(first); !errors.Is(err, context.Canceled) {
				t.Errorf("error %v, want context.Canceled", err)
			}
		})
		synctest.Wait()
		wg.Go(func() {
			if _, err := r.Credential(waiting); !errors.Is(err, context.Canceled) {
				t.Errorf("error %v, want context.Canceled", err)
			}
		})
		wg.Go(func() {
			if got, err := r.Credential(t.Context()); err != nil || got.Token != "dummyToken" {
				t.Errorf("%v and error %v, want a token", got, err)
			}
		})
		synctest.Wait()
		cancelWaiting()
		synctest.Wait()
		cancelFirst()
		wg.Wait()
		if n := fetches.Load(); n != 2 {
			t.Errorf("%d fetches, want 2", n)
		}
	})
}

// One log-in, and one look-up of each region's project, serve all readers of a process; COC needs none.
func TestOneLogInForAll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud := newCloud(t, map[string]answerer{
			"/v3/auth/tokens": says(201, tokenAnswer, "X-Subject-Token", "dummyToken"),
			"/v3/projects":    findsProject,
		})
		c := newClient(t, cloud, source(PasswordSource(Password{UserName: "user", Password: "hunter2!", DomainName: "account"}, "the test")))
		count := func(path string) (n int) {
			for _, request := range cloud.sent() {
				if request.URL.Path == path {
					n++
				}
			}
			return n
		}
		for _, err := range readTen(t.Context(), c)() {
			if err != nil {
				t.Error(err)
			}
		}
		if logIns, projects := count("/v3/auth/tokens"), count("/v3/projects"); logIns != 1 || projects != 0 {
			t.Errorf("%d log-ins and %d look-ups for COC alone, want 1 and 0", logIns, projects)
		}
		var wg sync.WaitGroup
		for range 10 {
			for _, region := range []string{"", "cn-north-4"} {
				wg.Go(func() {
					if _, err := c.ProjectTarget(t.Context(), region, ""); err != nil {
						t.Error(err)
					}
				})
			}
		}
		wg.Wait()
		if logIns, projects := count("/v3/auth/tokens"), count("/v3/projects"); logIns != 1 || projects != 2 {
			t.Errorf("%d log-ins and %d look-ups for two regions, want 1 and 2", logIns, projects)
		}
	})
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
