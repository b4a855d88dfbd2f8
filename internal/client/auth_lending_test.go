package client

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
)

func TestFirstRequestGoesAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		first, rest := newGate(says(200, documentedOrder)), newGate(says(200, documentedOrder))
		service := answering(first.pass, rest.pass)
		wait := readTen(t.Context(), newClient(t, service))
		synctest.Wait()
		if n := len(service.sent()); n != 1 {
			t.Errorf("%d requests before the key has proven good, want 1", n)
		}
		close(first.open)
		synctest.Wait()
		if n := rest.waiting.Load(); n != 9 {
			t.Errorf("%d requests at once after that, want 9", n)
		}
		close(rest.open)
		for _, err := range wait() {
			if err != nil {
				t.Error(err)
			}
		}
	})
}

// More than five failures in a row lock a key, so one has to do.
func TestWrongKeyIsSentOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		service := answering(says(401, `{"error_code":"APIGW.0301","error_msg":"wrong `+testSecretKey+`"}`, "X-Request-Id", "req-1"))
		c := newClient(t, service, retries(5))
		var sent, held int
		count := func(err error) {
			e := failure(t, err)
			switch {
			case e.Attempts == 1 && !errors.Is(err, ErrRefusedBefore):
				sent++
			case e.Attempts == 0 && errors.Is(err, ErrRefusedBefore):
				held++
			}
			if e.Status != 401 || e.Code != "APIGW.0301" || e.Message != "wrong ***" || e.RequestID != "req-1" ||
				e.Credential != "access key ending in 0001, from the test" || e.Path != "/v1/job/script/orders/"+testOrderID {
				t.Errorf("%#v", e)
			}
			if !IsUnauthorized(err) || IsTransient(err) {
				t.Errorf("error %v", err)
			}
		}
		for _, err := range readTen(t.Context(), c)() {
			count(err)
		}
		if sent != 1 || held != 9 || len(service.sent()) != 1 {
			t.Errorf("%d requests, %d sent and %d held back, want 1, 1 and 9", len(service.sent()), sent, held)
		}
		// Nor is it sent to another service later on.
		_, err := callers["FDI"](t.Context(), c)
		checkFailure(t, err)
		if !errors.Is(err, ErrRefusedBefore) || len(service.sent()) != 1 {
			t.Errorf("error %v after %d requests, want ErrRefusedBefore after 1", err, len(service.sent()))
		}
		const want = ": HTTP 401 Unauthorized: APIGW.0301: wrong ***: not sent, since the same credential has been refused before (request id req-1)"
		if !strings.HasSuffix(err.Error(), want) {
			t.Errorf("error %q, want it to end in %q", err, want)
		}
	})
}

// A key that was good may be refused later; then it is not used any more either.
func TestProvenKeyIsRefused(t *testing.T) {
	t.Parallel()
	service := answering(says(200, documentedOrder), says(401, ""))
	c := newClient(t, service)
	for i, want := range []bool{false, true, true} {
		_, err := c.ScriptOrder(t.Context(), testOrder)
		if IsUnauthorized(err) != want {
			t.Errorf("read %d: error %v", i+1, err)
		}
	}
	if len(service.sent()) != 2 {
		t.Errorf("%d requests, want 2", len(service.sent()))
	}
}

func TestWhatProvesAKey(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		answer answerer
		proves bool
	}{
		{"200", says(200, documentedOrder), true},
		{"400", says(400, ""), true},
		{"403", says(403, ""), true},
		{"302 of a login page", says(302, ""), false},
		{"404 of the gateway", says(404, ""), false},
		{"407 of a proxy", says(407, ""), false},
		{"429", says(429, ""), false},
		{"500", says(500, ""), false},
		{"503", says(503, ""), false},
		{"no answer", breaks(syscall.ECONNRESET), false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				rest := newGate(says(200, documentedOrder))
				c := newClient(t, answering(test.answer, rest.pass))
				_, err := c.ScriptOrder(t.Context(), testOrder)
				if test.name != "200" {
					checkFailure(t, err)
				}
				wait := readTen(t.Context(), c)
				synctest.Wait()
				want := int64(1)
				if test.proves {
					want = 10
				}
				if n := rest.waiting.Load(); n != want {
					t.Errorf("%d requests at once, want %d", n, want)
				}
				close(rest.open)
				for _, err := range wait() {
					if err != nil {
						t.Error(err)
					}
				}
			})
		})
	}
}

// Who waits for the first request to end can give up.
func TestCanceledWhileAnotherGoesAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		first := newGate(says(200, documentedOrder))
		service := answering(first.pass)
		c := newClient(t, service)
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := c.ScriptOrder(t.Context(), testOrder); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		wait := readTen(ctx, c)
		synctest.Wait()
		cancel()
		for _, err := range wait() {
			checkFailure(t, err)
			if !errors.Is(err, context.Canceled) {
				t.Errorf("error %v, want context.Canceled", err)
			}
		}
		close(first.open)
		wg.Wait()
		if _, err := c.ScriptOrder(t.Context(), testOrder); err != nil || len(service.sent()) != 2 {
			t.Errorf("error %v after %d requests, want none after 2", err, len(service.sent()))
		}
	})
}

// A refusal is one of a credential, not of its source.
func TestRenewedCredentialIsUsed(t *testing.T) {
	t.Parallel()
	current := Credential{Token: "dummyToken1"}
	service := answering(says(401, `{"error_msg":"expired dummyToken1"}`), says(200, documentedOrder))
	c := newClient(t, service, func(cfg *Config) {
		cfg.Credentials = sourceFunc(func(context.Context) (Credential, error) { return current, nil })
	})
	_, err := c.ScriptOrder(t.Context(), testOrder)
	if e := failure(t, err); e.Message != "expired ***" || e.Credential != "token, from a function" {
		t.Errorf("%#v", e)
	}
	current.Token = "dummyToken2"
	if _, err := c.ScriptOrder(t.Context(), testOrder); err != nil {
		t.Fatal(err)
	}
	if got := service.sent()[1].Header.Get("X-Auth-Token"); got != "dummyToken2" {
		t.Errorf("X-Auth-Token %q, want the new one", got)
	}
}

// renewable is a source that gives another token when one was refused.
type renewable struct{ issued atomic.Int64 }

func (s *renewable) Credential(context.Context) (Credential, error) {
	return Credential{Token: fmt.Sprintf("dummyToken%d", s.issued.Load())}, nil
}
func (s *renewable) Origin() string    { return "a log-in" }
func (s *renewable) expire(Credential) { s.issued.Add(1) }

// A refused token may just have run out, so another one is fetched once, however few repetitions are allowed.
func TestRefusedTokenIsRenewedOnce(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		retries int
		answers []answerer
		// tokens are those sent; status is that of the error, 0 for none.
		tokens []string
		status int
	}{
		{"renewed", 0, []answerer{says(401, ""), says(200, documentedOrder)}, []string{"dummyToken0", "dummyToken1"}, 0},
		{"refused again", 5, []answerer{says(401, "")}, []string{"dummyToken0", "dummyToken1"}, 401},
		{
			"renewed, then other faults", 1, []answerer{says(401, ""), says(503, "")},
			[]string{"dummyToken0", "dummyToken1", "dummyToken1"}, 503,
		},
		{
			"other faults, then renewed", 1, []answerer{says(503, ""), says(401, ""), says(200, documentedOrder)},
			[]string{"dummyToken0", "dummyToken0", "dummyToken1"}, 0,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				service := answering(test.answers...)
				c := newClient(t, service, retries(test.retries), func(cfg *Config) { cfg.Credentials = &renewable{} })
				_, err := c.ScriptOrder(t.Context(), testOrder)
				if test.status == 0 && err != nil {
					t.Error(err)
				}
				if test.status != 0 && failure(t, err).Status != test.status {
					t.Errorf("error %v, want status %d", err, test.status)
				}
				var tokens []string
				for _, request := range service.sent() {
					tokens = append(tokens, request.Header.Get("X-Auth-Token"))
				}
				if !slices.Equal(tokens, test.tokens) {
					t.Errorf("tokens %q, want %q", tokens, test.tokens)
				}
			})
		})
	}
}

// The source is asked at every attempt, for a credential may end while a pause lasts.
func TestCredentialOfEachAttempt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		service := answering(says(503, ""), says(200, documentedOrder))
		c := newClient(t, service, retries(1), func(cfg *Config) {
			cfg.Credentials = sourceFunc(func(context.Context) (Credential, error) {
				asked++
				return Credential{Token: fmt.Sprintf("dummyToken%d", asked)}, nil
			})
		})
		if _, err := c.ScriptOrder(t.Context(), testOrder); err != nil {
			t.Fatal(err)
		}
		for i, request := range service.sent() {
			if got, want := request.Header.Get("X-Auth-Token"), fmt.Sprintf("dummyToken%d", i+1); got != want {
				t.Errorf("X-Auth-Token %q, want %q", got, want)
			}
		}
	})
}
