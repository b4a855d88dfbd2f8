package client

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

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
func tokens(life time.Duration, fetches ...func(context.Context) error) (source *renewingSource, count *atomic.Int64) {
	count = new(atomic.Int64)
	return newRenewingSource("the sign-in", func(ctx context.Context) (temporary, error) {
		n := count.Add(1)
		if len(fetches) > 0 {
			if fetch := fetches[min(int(n), len(fetches))-1]; fetch != nil {
				if err := fetch(ctx); err != nil {
					return temporary{}, err
				}
			}
		}
		return temporary{Credential: Credential{Token: fmt.Sprint("dummyToken", n)}, expiresAt: time.Now().Add(life)}, nil
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
func look(t *testing.T, r *renewingSource, want string) {
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
				want := "no usable credential: " + test.source.Origin() + ": " + test.asked + ": timed out"
				if e := failure(t, err); e.Answer() != want || !errors.Is(err, context.DeadlineExceeded) || isTransient(err) {
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
