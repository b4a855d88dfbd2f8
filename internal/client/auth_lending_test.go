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
		if n := rest.waiting.Load(); n != maxInFlight-1 {
			t.Errorf("%d requests at once after that, want %d", n, maxInFlight-1)
		}
		close(rest.open)
		for _, err := range wait() {
			if err != nil {
				t.Error(err)
			}
		}
	})
}

// readAll reads the three services a hundred times at once, and gives the errors of each when all are done.
func readAll(ctx context.Context, c *Client) map[string][]error {
	var wg sync.WaitGroup
	errs := map[string][]error{"order": make([]error, 34), "DataArts": make([]error, 33), "FDI": make([]error, 33)}
	for name, each := range errs {
		for i := range each {
			wg.Go(func() { _, each[i] = callers[name](ctx, c) })
		}
	}
	wg.Wait()
	return errs
}

// byHost answers by the first label of the host. It goes behind a wire, which counts.
func byHost(answers map[string]answerer) answerer {
	return func(request *http.Request) (*http.Response, error) {
		label, _, _ := strings.Cut(request.URL.Host, ".")
		return answers[label](request)
	}
}

// after answers late.
func after(pause time.Duration, answer answerer) answerer {
	return func(request *http.Request) (*http.Response, error) {
		select {
		case <-time.After(pause):
			return answer(request)
		case <-request.Context().Done():
			return nil, request.Context().Err()
		}
	}
}

// Where services answer, a hundred reads of three services send a wrong key once; where all three are slow, once to each.
func TestWrongKeyOverThreeServices(t *testing.T) {
	t.Parallel()
	refusal := says(401, `{"error_code":"APIGW.0301","error_msg":"no"}`)
	for _, test := range []struct {
		name    string
		answers map[string]answerer
		sent    int
	}{
		{"answering", map[string]answerer{"coc": refusal, "dayu": refusal, "roma": refusal}, 1},
		{"answering within two seconds", map[string]answerer{
			"coc": after(2*time.Second-1, refusal), "dayu": after(2*time.Second-1, refusal), "roma": after(2*time.Second-1, refusal),
		}, 1},
		{"slow", map[string]answerer{
			"coc": after(20*time.Second, refusal), "dayu": after(20*time.Second, refusal), "roma": after(20*time.Second, refusal),
		}, 3},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				service := answering(byHost(test.answers))
				for _, errs := range readAll(t.Context(), newClient(t, service, retries(5))) {
					for _, err := range errs {
						if !IsUnauthorized(err) {
							t.Errorf("error %v, want a refusal", err)
						}
					}
				}
				if n := len(service.sent()); n != test.sent {
					t.Errorf("the key was sent %d times, want %d", n, test.sent)
				}
			})
		})
	}
}

// A fourth service does not get a key that three have not answered yet.
func TestUnprovenKeyGoesToThreeServicesAtMost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		service := answering(hangs)
		c := newClient(t, service)
		ctx, cancel := context.WithTimeout(t.Context(), 29*time.Second)
		defer cancel()
		var wg sync.WaitGroup
		wg.Go(func() { _, _ = c.ProjectTarget(ctx, "", "") })
		wg.Go(func() { readAll(ctx, c) })
		wg.Wait()
		var hosts []string
		for _, request := range service.sent() {
			hosts = append(hosts, request.URL.Host)
		}
		slices.Sort(hosts)
		if len(hosts) != 3 || len(slices.Compact(hosts)) != 3 {
			t.Errorf("sent to %q, want three services once each", hosts)
		}
		if pauses := service.pauses(); !slices.Equal(pauses, []time.Duration{2 * time.Second, 2 * time.Second}) {
			t.Errorf("pauses %v, want two seconds", pauses)
		}
	})
}

// A host that is silent holds its own service's reads up, and the others for two seconds. Its reads that never got their turn say so.
func TestSilentHostHoldsNoOtherServiceUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var silent answerer = hangs
		answers := map[string]answerer{"coc": silent, "dayu": says(200, documentedTasks), "roma": says(200, documentedFDI)}
		service := answering(byHost(answers))
		c := newClient(t, service, retries(5))
		ctx, cancel := context.WithTimeout(t.Context(), 59*time.Second)
		defer cancel()
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				if _, err := c.ScriptOrder(ctx, testOrder); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("error %v, want the deadline", err)
				}
			})
		}
		synctest.Wait()
		start := time.Now()
		for _, name := range []string{"DataArts", "FDI"} {
			for range 10 {
				wg.Go(func() {
					if _, err := callers[name](ctx, c); err != nil {
						t.Error(err)
					}
					if took := time.Since(start); took != 2*time.Second {
						t.Errorf("%s took %s, want two seconds", name, took)
					}
				})
			}
		}
		wg.Wait()
	})
}

// A read that never got its turn says so, and names what it waited for.
func TestReadThatNeverGotItsTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, answering(hangs), retries(5))
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		var wg sync.WaitGroup
		wg.Go(func() { _, _ = c.ScriptOrder(t.Context(), testOrder) })
		synctest.Wait()
		for range 2 {
			wg.Go(func() {
				_, err := c.ScriptOrder(ctx, testOrder)
				e := failure(t, err)
				turn, ok := errors.AsType[*TurnError](err)
				if !ok || !slices.Equal(turn.Hosts, []string{"coc.example.com"}) || !errors.Is(err, context.DeadlineExceeded) ||
					e.Attempts != 0 || isTransient(err) {
					t.Errorf("%#v", e)
				}
				const want = "not sent, waiting for an answer of coc.example.com to another request with this credential: timed out"
				if e.Answer() != want {
					t.Errorf("%q, want %q", e.Answer(), want)
				}
			})
		}
		wg.Wait()
	})
}

// Between two requests it is the next one whose answer is waited for.
func TestHostsThatAreWaitedFor(t *testing.T) {
	t.Parallel()
	a, b, c := &lease{host: "a"}, &lease{host: "b"}, &lease{host: "c"}
	for _, test := range []struct {
		out  []*lease
		want []string
	}{{nil, []string{"a"}}, {[]*lease{b}, []string{"b"}}, {[]*lease{b, c}, []string{"b", "c"}}} {
		r := credentialState{inFlight: test.out, queue: []*lease{a, b, c}}
		if got := r.hosts(); !slices.Equal(got, test.want) {
			t.Errorf("hosts %q, want %q", got, test.want)
		}
	}
}

// Readers of one service get their turns in the order in which they came, so that none waits for ever.
func TestTurnsAreInOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		service := answering(after(time.Second, says(503, "")))
		c := newClient(t, service)
		var wg sync.WaitGroup
		for i := range 20 {
			wg.Go(func() {
				_, err := c.ScriptOrder(t.Context(), Order{Target: testOrder.Target, ExecuteUUID: fmt.Sprint("order-", i)})
				checkFailure(t, err)
			})
			synctest.Wait()
		}
		wg.Wait()
		for i, request := range service.sent() {
			if want := fmt.Sprint("/v1/job/script/orders/order-", i); request.URL.Path != want {
				t.Errorf("request %d is for %s, want %s", i, request.URL.Path, want)
			}
		}
	})
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
	if e := failure(t, err); e.Message != "expired ***" || e.Credential != "token (a function)" {
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
func (s *renewable) Origin() string { return "a sign-in" }
func (s *renewable) renew(Credential, bool) bool {
	s.issued.Add(1)
	return true
}

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
