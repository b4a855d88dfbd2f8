package client

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
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
		other := newRenewing("the sign-in", func(context.Context) (temporary, error) {
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

// One sign-in, and one look-up of each region's project, serve all readers of a process; COC needs none.
func TestOneSignInForAll(t *testing.T) {
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
		if signIns, projects := count("/v3/auth/tokens"), count("/v3/projects"); signIns != 1 || projects != 0 {
			t.Errorf("%d sign-ins and %d look-ups for COC alone, want 1 and 0", signIns, projects)
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
		if signIns, projects := count("/v3/auth/tokens"), count("/v3/projects"); signIns != 1 || projects != 2 {
			t.Errorf("%d sign-ins and %d look-ups for two regions, want 1 and 2", signIns, projects)
		}
	})
}

// tokens is a source of tokens that live for the given time. Its fetches are answered by the functions, the last one all further ones;
// nil is success.
func tokens(life time.Duration, fetches ...func(context.Context) error) (source *renewing, count *atomic.Int64) {
	count = new(atomic.Int64)
	return newRenewing("the sign-in", func(ctx context.Context) (temporary, error) {
		n := count.Add(1)
		if len(fetches) > 0 {
			if fetch := fetches[min(int(n), len(fetches))-1]; fetch != nil {
				if err := fetch(ctx); err != nil {
					return temporary{}, err
				}
			}
		}
		return temporary{Credential: Credential{Token: fmt.Sprint("dummyToken", n)}, expires: time.Now().Add(life)}, nil
	}), count
}

func failing(err error) func(context.Context) error {
	return func(context.Context) error { return err }
}

func taking(pause time.Duration) func(context.Context) error {
	return func(ctx context.Context) error {
		select {
		case <-time.After(pause):
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// look asks a source for its token and checks that it comes at once.
func look(t *testing.T, r *renewing, want string) {
	t.Helper()
	start := time.Now()
	got, err := r.Credential(t.Context())
	if took := time.Since(start); err != nil || got.Token != want || took != 0 {
		t.Errorf("%q and error %v after %s, want %q at once", got.Token, err, took, want)
	}
}

// A credential is renewed when a fifth of its life is left, five minutes at most. Until the renewal has ended, readers go on with it.
func TestRenewalBeginsInTime(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ life, renewed time.Duration }{
		{10 * time.Minute, 8 * time.Minute},
		{24 * time.Hour, 24*time.Hour - 5*time.Minute},
	} {
		t.Run(test.life.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r, count := tokens(test.life, nil, taking(time.Second))
				if _, err := r.Credential(t.Context()); err != nil {
					t.Fatal(err)
				}
				time.Sleep(test.renewed - time.Nanosecond)
				look(t, r, "dummyToken1")
				synctest.Wait()
				if n := count.Load(); n != 1 {
					t.Errorf("%d fetches before the time, want 1", n)
				}
				time.Sleep(time.Nanosecond)
				for range 10 {
					look(t, r, "dummyToken1")
				}
				time.Sleep(time.Second)
				synctest.Wait()
				look(t, r, "dummyToken2")
				if n := count.Load(); n != 2 {
					t.Errorf("%d fetches, want 2", n)
				}
			})
		})
	}
}

// While a credential is valid, a renewal that hangs or fails holds no reader up: one is under way, and a pause follows its failure. One
// that is declined is not tried again. When the credential has ended, its last failure is that of every reader until the pause is over.
func TestFailingRenewal(t *testing.T) {
	t.Parallel()
	reset := errors.New("connection reset")
	for _, test := range []struct {
		name string
		err  error
		hang time.Duration
		// fetches are those until the credential ends, after a minute of reads a second apart.
		fetches int64
		final   bool
	}{
		{"declined", &Error{Status: http.StatusUnauthorized}, 0, 1, true},
		{"declined with 400", &Error{Status: http.StatusBadRequest}, 0, 1, true},
		{"declined with a code", &Error{Status: http.StatusServiceUnavailable, Code: "APIGW.0301"}, 0, 1, true},
		{"IAM fails", &Error{Status: http.StatusServiceUnavailable}, 0, 2, false},
		{"throttled", &Error{Status: http.StatusTooManyRequests}, 0, 2, false},
		{"no answer", reset, 0, 2, false},
		{"no answer after a while", reset, 20 * time.Second, 2, false},
		{"no answer for long", reset, 50 * time.Second, 1, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				failed := func(ctx context.Context) error {
					if err := taking(test.hang)(ctx); err != nil {
						return err
					}
					return test.err
				}
				const life = 5 * time.Minute // renewed when a minute of it is left
				r, count := tokens(life, nil, failed)
				if _, err := r.Credential(t.Context()); err != nil {
					t.Fatal(err)
				}
				time.Sleep(life - time.Minute)
				for range 60 {
					look(t, r, "dummyToken1")
					time.Sleep(time.Second)
				}
				synctest.Wait()
				if n := count.Load() - 1; n != test.fetches {
					t.Errorf("%d renewals in a minute, want %d", n, test.fetches)
				}
				before := count.Load()
				for range 2 {
					_, err := r.Credential(t.Context())
					if !errors.Is(err, test.err) || !strings.HasPrefix(err.Error(), "the sign-in: ") {
						t.Errorf("error %v, want that of the sign-in", err)
					}
				}
				time.Sleep(renewalPause)
				_, _ = r.Credential(t.Context())
				if after := count.Load(); test.final != (after == before) {
					t.Errorf("%d fetches, then %d", before, after)
				}
			})
		})
	}
}

// A hundred readers, ten at a time, share the failure of one sign-in. When the pause is over the next reader signs in again.
func TestFailedSignInIsShared(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		why := errors.New("no answer")
		down := func(ctx context.Context) error {
			if err := taking(10 * time.Second)(ctx); err != nil {
				return err
			}
			return why
		}
		r, count := tokens(time.Hour, down, nil)
		for range 10 {
			var wg sync.WaitGroup
			for range 10 {
				wg.Go(func() {
					if _, err := r.Credential(t.Context()); !errors.Is(err, why) {
						t.Errorf("error %v, want that of the sign-in", err)
					}
				})
			}
			wg.Wait()
			time.Sleep(time.Second)
		}
		if n := count.Load(); n != 1 {
			t.Errorf("%d sign-ins, want 1", n)
		}
		time.Sleep(renewalPause)
		if got, err := r.Credential(t.Context()); err != nil || got.Token != "dummyToken2" {
			t.Errorf("%q and error %v, want a new token", got.Token, err)
		}
	})
}

// A sign-in serves all who wait for it: it goes on when the first of them leaves, and is canceled when the last one does, which is
// nobody else's failure.
func TestSignInEndsWithItsLastReader(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r, count := tokens(time.Hour, taking(time.Minute))
		leave := func() (wait func(), cancel context.CancelFunc) {
			ctx, cancel := context.WithCancel(t.Context())
			var wg sync.WaitGroup
			wg.Go(func() {
				_, err := r.Credential(ctx)
				if !errors.Is(err, context.Canceled) || err.Error() != "waiting for the sign-in: context canceled" {
					t.Errorf("error %v, want context.Canceled", err)
				}
			})
			synctest.Wait()
			return wg.Wait, cancel
		}
		first, cancelFirst := leave()
		second, cancelSecond := leave()
		cancelFirst()
		first()
		time.Sleep(30 * time.Second)
		third, cancelThird := leave()
		if n := count.Load(); n != 1 {
			t.Errorf("%d sign-ins, want 1 for all three", n)
		}
		cancelSecond()
		second()
		cancelThird()
		third()
		synctest.Wait() // the canceled one has ended
		start := time.Now()
		got, err := r.Credential(t.Context())
		if took := time.Since(start); err != nil || got.Token != "dummyToken2" || took != time.Minute {
			t.Errorf("%q and error %v after %s, want a sign-in of its own", got.Token, err, took)
		}
	})
}

// The reader that begins a renewal is served at once and may end before it, and the renewal goes on.
func TestRenewalOutlivesItsReader(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r, _ := tokens(time.Hour, nil, taking(time.Second))
		if _, err := r.Credential(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(56 * time.Minute)
		ctx, cancel := context.WithCancel(t.Context())
		if got, err := r.Credential(ctx); err != nil || got.Token != "dummyToken1" {
			t.Errorf("%q and error %v, want the valid token", got.Token, err)
		}
		cancel()
		time.Sleep(2 * time.Second)
		look(t, r, "dummyToken2")
	})
}

// A sign-in that does not end is given up, and its own deadline is not taken for the reader's.
func TestSignInIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r, _ := tokens(time.Hour, taking(time.Hour))
		start := time.Now()
		_, err := r.Credential(t.Context())
		if took := time.Since(start); took != renewalLimit {
			t.Errorf("took %s, want %s", took, renewalLimit)
		}
		if err == nil || errors.Is(err, context.DeadlineExceeded) ||
			err.Error() != "the sign-in: given up after 5m0s: context deadline exceeded" {
			t.Errorf("error %v", err)
		}
	})
}

// A clock that is ahead of IAM's finds every credential expired; it is used for a minute all the same, in place of a sign-in by each read.
func TestCredentialThatSeemsExpired(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r, count := tokens(-time.Hour)
		for range 40 {
			if _, err := r.Credential(t.Context()); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
		}
		if n := count.Load(); n != 1 {
			t.Errorf("%d sign-ins in 40 seconds, want 1", n)
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
		return says(200, map[string]string{"coc-intl": documentedOrder, "dayu": documentedTasks, "roma": documentedFDI}[host])(request)
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

// A reader whose deadline passes while a sign-in hangs names the request that it waited for.
func TestDeadlineDuringSignIn(t *testing.T) {
	t.Parallel()
	keys := StaticCredential(testKeys, "the test")
	for _, test := range []struct {
		source CredentialSource
		asked  string
	}{
		{PasswordSource(Password{UserID: "u1", DomainID: "d1"}, "the test"), "POST iam.ap-example-1.example.com/proxied/v3/auth/tokens"},
		{AssumeRoleSource(keys, Agency{Name: "a", DomainName: "d"}), "POST iam.ap-example-1.example.com/proxied/v3.0/OS-CREDENTIAL/securitytokens"},
		{AssumeRoleSource(keys, Agency{Name: "a", DomainID: "d"}), "POST sts.ap-example-1.example.com/v5/agencies/assume"},
		{IdentitySource(Identity{Token: "t"}, time.Hour, "the test"), "POST iam.ap-example-1.example.com/proxied/v3.0/OS-AUTH/id-token/tokens"},
	} {
		t.Run(test.asked, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				defer cancel()
				atPath := func(cfg *Config) { cfg.AuthURL = Setting{Value: "https://iam.ap-example-1.example.com/proxied/v3"} }
				_, err := newClient(t, answering(hangs), retries(5), source(test.source), atPath).ScriptOrder(ctx, testOrder)
				want := "no usable credential: " + test.source.Origin() + ": " + test.asked + ": context deadline exceeded"
				if e := failure(t, err); e.Answer() != want || !errors.Is(err, context.DeadlineExceeded) || IsTransient(err) {
					t.Errorf("%q, want %q", e.Answer(), want)
				}
				// It was sent, unlike the read.
				if cause, ok := Cause(err); !ok || cause.Attempts != 1 {
					t.Errorf("cause %#v, want one attempt", cause)
				}
			})
		})
	}
}

// A reader that leaves a sign-in that has ended does not disturb the next one.
func TestLeavingAnEndedSignIn(t *testing.T) {
	t.Parallel()
	r, _ := tokens(time.Hour)
	next := &flight{}
	r.flight = next
	r.abandon(&flight{waiting: 1, cancel: func() { t.Error("the ended sign-in is canceled") }})
	if r.flight != next {
		t.Error("the next sign-in is gone")
	}
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

// A failed renewal is logged while it does no harm yet; once it does, the reads tell.
func TestFailedRenewalIsLogged(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		r, _ := tokens(5*time.Minute, nil, failing(errors.New("no answer")))
		r.log = slog.New(slog.NewTextHandler(&log, nil))
		for range 2 {
			_, _ = r.Credential(t.Context())
			time.Sleep(4 * time.Minute)
		}
		_, _ = r.Credential(t.Context())
		synctest.Wait()
		got := log.String()
		if n := strings.Count(got, "\n"); n != 1 || !strings.Contains(got,
			`level=WARN msg="renewal failed, the current credential goes on" origin="the sign-in" until=2000-01-01T00:05:00.000Z`) {
			t.Errorf("%d lines, want one:\n%s", n, got)
		}
	})
}
