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

	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/authtest"
)

// Keys that live for a quarter of an hour, in a run of an hour with ten readers at a time: each is fetched once, by one reader,
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
				for time.Since(begin) < time.Hour {
					for _, err := range readTen(t.Context(), c)() {
						if err != nil {
							t.Fatal(err)
						}
					}
					time.Sleep(time.Minute) // the bubble's clock, as everywhere here
				}
				// Each is renewed by the first read that finds less than three minutes, a fifth of its life, left of it: every 13 minutes.
				if n := issuer.issued.Load(); n != 5 {
					t.Errorf("%d keys were issued, want 5", n)
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

// A source that gives what was refused once more is not believed.
func TestSameCredentialAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		service := answering(says(401, `{"error_code":"APIGW.0301","error_msg":"no"}`))
		fetches := 0
		same := newRenewingSource("the machine", func(context.Context) (temporary, error) {
			fetches++
			return temporary{Credential: testKeys, expiresAt: time.Now().Add(time.Hour)}, nil
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
		other := newRenewingSource("the sign-in", func(context.Context) (temporary, error) {
			fetches++
			return temporary{Credential: Credential{Token: fmt.Sprint("dummyToken", fetches)}, expiresAt: time.Now().Add(time.Hour)}, nil
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

// refusing is COC, DataArts and ROMA, which answer by the token; what is not named is data.
func refusing(refused func(token string, host string) bool) answerer {
	return func(request *http.Request) (*http.Response, error) {
		host, _, _ := strings.Cut(request.URL.Host, ".")
		if refused(request.Header.Get("X-Auth-Token"), host) {
			return says(401, `{"error_code":"APIGW.0307","error_msg":"the token must be updated"}`)(request)
		}
		return says(200, map[string]string{"coc": documentedOrder, "dayu": documentedTasks, "roma": documentedFDI}[host])(request)
	}
}

// A token that every service refuses is renewed once, whatever the number of readers, and so is one that one service refuses while
// another accepts it. Then the refusal stands, until much later.
func TestRenewalsAreBounded(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		refused func(token string, host string) bool
		// later is the number of sign-ins after the pause between renewals.
		later int64
	}{
		{"by all", func(string, string) bool { return true }, 2},
		{"by ROMA, and the first one by all", func(token, host string) bool { return token == "dummyToken1" || host == "roma" }, 3},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				service := answering(refusing(test.refused))
				r, count := tokens(24 * time.Hour)
				c := newClient(t, service, retries(5), source(r))
				// Where COC accepts the second token, ROMA refuses one that is proven.
				_, _ = c.ScriptOrder(t.Context(), testOrder)
				for range 3 {
					readAll(t.Context(), c)
				}
				if _, err := callers["FDI"](t.Context(), c); !IsUnauthorized(err) || !errors.Is(err, ErrRefusedBefore) {
					t.Errorf("error %v, want the refusal", err)
				}
				if n := count.Load(); n != 2 {
					t.Errorf("%d sign-ins, want 2", n)
				}
				time.Sleep(refusalPause)
				readAll(t.Context(), c)
				if n := count.Load(); n != test.later {
					t.Errorf("%d sign-ins after the pause, want %d", n, test.later)
				}
			})
		})
	}
}

// A token that took the place of a refused one, and was good for long, is renewed when it is refused in turn.
func TestRenewalLongAfterAnother(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		revoked := map[string]bool{"dummyToken1": true}
		service := answering(refusing(func(token, _ string) bool { return revoked[token] }))
		r, count := tokens(24 * time.Hour)
		c := newClient(t, service, source(r))
		for i, token := range []string{"dummyToken2", "dummyToken3", "dummyToken4"} {
			if _, err := c.ScriptOrder(t.Context(), testOrder); err != nil {
				t.Fatal(err)
			}
			if n := count.Load(); n != int64(i+2) {
				t.Errorf("%d sign-ins, want %d", n, i+2)
			}
			time.Sleep(refusalPause)
			revoked[token] = true
		}
	})
}

// A refusal of the old token that comes late does not discard the new one.
func TestLateRefusalOfTheOldToken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		revoked := false
		slow := newGate(says(401, `{"error_code":"APIGW.0307"}`))
		service := answering(func(request *http.Request) (*http.Response, error) {
			switch {
			case strings.HasSuffix(request.URL.Path, "/slow") && request.Header.Get("X-Auth-Token") == "dummyToken1":
				return slow.pass(request)
			case revoked && request.Header.Get("X-Auth-Token") == "dummyToken1":
				return says(401, `{"error_code":"APIGW.0307"}`)(request)
			case strings.HasSuffix(request.URL.Path, "/slow"):
				return says(200, strings.ReplaceAll(documentedOrder, testOrderID, "slow"))(request)
			}
			return says(200, documentedOrder)(request)
		})
		r, count := tokens(24 * time.Hour)
		c := newClient(t, service, source(r))
		if _, err := c.ScriptOrder(t.Context(), testOrder); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := c.ScriptOrder(t.Context(), Order{Target: testOrder.Target, ExecuteUUID: "slow"}); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait()
		revoked = true
		if _, err := c.ScriptOrder(t.Context(), testOrder); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Second)
		close(slow.open)
		wg.Wait()
		look(t, r, "dummyToken2")
		if n := count.Load(); n != 2 {
			t.Errorf("%d sign-ins, want 2", n)
		}
	})
}

// A token that was renewed in its time takes nobody's place: when it is refused at its first use, it is replaced.
func TestTokenRenewedInTimeIsRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		service := answering(refusing(func(token, _ string) bool { return token == "dummyToken2" }))
		r, count := tokens(time.Hour)
		c := newClient(t, service, source(r))
		for _, pause := range []time.Duration{56 * time.Minute, time.Second, 0} {
			if _, err := c.ScriptOrder(t.Context(), testOrder); err != nil {
				t.Fatal(err)
			}
			time.Sleep(pause)
		}
		look(t, r, "dummyToken3")
		if n := count.Load(); n != 3 {
			t.Errorf("%d sign-ins, want 3", n)
		}
	})
}
