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
	"syscall"
	"testing"
	"testing/synctest"
)

func TestCredentialShowsNoSecret(t *testing.T) {
	t.Parallel()
	keys := Credential{AccessKey: "AKABCDEF1234", SecretKey: "secret-1"}
	temporary, token := keys, keys
	temporary.SecurityToken = "secret-2"
	token.Token, token.SecurityToken = "secret-3", "secret-2"
	for _, test := range []struct {
		credential Credential
		want       string
	}{
		{keys, "access key ending in 1234"},
		{temporary, "temporary access key ending in 1234"},
		{token, "token"},
		{Credential{}, "access key ending in "},
	} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
			if got := fmt.Sprintf(verb, test.credential); got != test.want {
				t.Errorf("%s: %q, want %q", verb, got, test.want)
			}
			pointed := fmt.Sprintf(verb, struct{ Of *Credential }{&test.credential}) + fmt.Sprintf(verb, []Credential{test.credential})
			if strings.Contains(pointed, "secret-") || strings.Contains(pointed, "AKABCDEF") {
				t.Errorf("%s: %s", verb, pointed)
			}
		}
		if got := fmt.Sprintf("%q", test.credential); got != `"`+test.want+`"` {
			t.Errorf("%%q: %s", got)
		}
	}
}

// A gate answers requests when it is opened, and counts those that wait.
type gate struct {
	answer  answerer
	open    chan struct{}
	waiting atomic.Int64
}

func newGate(answer answerer) *gate { return &gate{answer: answer, open: make(chan struct{})} }

func (g *gate) pass(request *http.Request) (*http.Response, error) {
	g.waiting.Add(1)
	defer g.waiting.Add(-1)
	select {
	case <-g.open:
		return g.answer(request)
	case <-request.Context().Done():
		return nil, request.Context().Err()
	}
}

// readTen reads ten orders at once and gives their errors when all are done.
func readTen(ctx context.Context, c *Client) (wait func() []error) {
	var wg sync.WaitGroup
	errs := make([]error, 10)
	for i := range errs {
		wg.Go(func() { _, errs[i] = c.ScriptOrder(ctx, testOrder) })
	}
	return func() []error {
		wg.Wait()
		return errs
	}
}

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

// sourceFunc is a source made of a function.
type sourceFunc func(context.Context) (Credential, error)

func (f sourceFunc) Credential(ctx context.Context) (Credential, error) { return f(ctx) }
func (f sourceFunc) Origin() string                                     { return "a function" }

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

func TestNoCredential(t *testing.T) {
	t.Parallel()
	why := errors.New("no access key is given")
	for name, source := range map[string]CredentialSource{
		"none":            NoCredential(why),
		"one that failed": sourceFunc(func(context.Context) (Credential, error) { return Credential{}, why }),
	} {
		for call, read := range callers {
			t.Run(name+"/"+call, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					service := answering(says(200, documented[call]))
					_, err := read(t.Context(), newClient(t, service, retries(5), func(cfg *Config) { cfg.Credentials = source }))
					e := failure(t, err)
					if !errors.Is(err, ErrNoCredential) || !errors.Is(err, why) || IsTransient(err) || IsUnauthorized(err) {
						t.Errorf("error %v, want ErrNoCredential", err)
					}
					if want := "no usable credential: no access key is given"; e.Answer() != want {
						t.Errorf("%q, want %q", e.Answer(), want)
					}
					if e.Attempts != 0 || e.Credential != "" || len(service.sent()) != 0 {
						t.Errorf("%#v after %d requests, want none", e, len(service.sent()))
					}
				})
			})
		}
	}
}

func TestOrigin(t *testing.T) {
	t.Parallel()
	if got := StaticCredential(testKeys, "the provider block").Origin(); got != "the provider block" {
		t.Errorf("origin %q", got)
	}
	if got := NoCredential(errors.New("no")).Origin(); got != "nowhere" {
		t.Errorf("origin %q", got)
	}
}
