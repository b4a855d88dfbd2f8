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
				e.Credential != "access key …0001 (test)" || e.Path != "/v1/job/script/orders/"+testOrderID {
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
		const want = ": HTTP 401 Unauthorized: APIGW.0301: wrong ***: not sent: access key …0001 (test) was already refused in this run " +
			"(request id req-1)"
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

// Proven is what the service's own JSON has answered; what a proxy, a firewall, a portal or the gateway may say unseen proves nothing.
func TestWhatProvesAKey(t *testing.T) {
	t.Parallel()
	const large = `{"data":"` + "%s" + `"}`
	for _, test := range []struct {
		name   string
		answer answerer
		proves bool
	}{
		{"data", says(200, documentedOrder), true},
		{"data with a code that means success", says(200, `{"error_code":"COC.00000000","data":{}}`), true},
		{"data in a 201", says(201, documentedOrder), true},
		{"a long answer, which is not decoded for this alone", says(200, "{"+strings.Repeat("x", longestRefusal)+"}"), true},
		{"long data", says(200, fmt.Sprintf(large, strings.Repeat("x", longestRefusal))), true},
		{"not found", says(400, `{"error_code":"COC.00040709","error_msg":"no"}`), true},
		{"no right at the service", says(403, `{"error_code":"DLF.6888"}`), true},
		{"no right at ROMA", says(400, `{"error_code":"ROMA.1006"}`), true},
		{"a fault of the service", says(500, `{"error_code":"ROMA.00110002"}`), true},
		{"an error of the service in a 200", says(200, `{"error_code":"COC.00040701"}`), true},
		{"policy", says(403, `{"error_code":"APIGW.0302"}`), true},
		{"an app without a right", says(403, `{"error_code":"APIG.0304"}`), true},
		{"no right, in the words of ROMA's gateway", says(403, `{"error_code":"APIG.1005"}`), true},

		{"an error of the gateway in a 200", says(200, `{"error_code":"APIGW.0308"}`), false},
		{"an empty object", says(200, `{}`), false},
		{"null", says(200, `null`), false},
		{"an empty 200", says(200, ""), false},
		{"an empty 204", says(204, ""), false},
		{"a portal's page", says(200, "<html>"), false},
		{"a portal's long page", says(200, "<html>"+strings.Repeat("x", longestRefusal)), false},
		{"a long list", says(200, `["`+strings.Repeat("x", longestRefusal)+`"]`), false},
		{"a long object that is cut", says(200, `{"`+strings.Repeat("x", longestRefusal)), false},
		{"a redirect", says(302, `{"error_code":"COC.00040709"}`), false},
		{"an empty 400", says(400, ""), false},
		{"a firewall's page", says(403, "<html>"), false},
		{"a firewall's JSON", says(403, `{"code":403,"message":"blocked"}`), false},
		{"a message alone", says(403, `{"message":"blocked"}`), false},
		{"no such API", says(404, `{"error_code":"APIGW.0101"}`), false},
		{"no backend", says(404, `{"error_code":"APIG.0103"}`), false},
		{"407 of a proxy", says(407, ""), false},
		{"throttled by the gateway", says(429, `{"error_code":"APIGW.0308"}`), false},
		{"500", says(500, ""), false},
		{"503", says(503, ""), false},
		{"no answer", breaks(syscall.ECONNRESET), false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				rest := newGate(says(200, documentedOrder))
				c := newClient(t, answering(test.answer, rest.pass))
				if _, err := c.ScriptOrder(t.Context(), testOrder); err != nil {
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

// A refusal is one whatever the HTTP status beside its code: a key is sent once, a token that can be renewed is renewed once, and
// the error is one of authentication.
func TestRefusalsOfEachKind(t *testing.T) {
	t.Parallel()
	kinds := map[string]answerer{"401 without a body": says(401, ""), "401 of a page": says(401, "<html>")}
	for _, code := range []string{
		"APIGW.0301", "APIG.0301", "APIGW.0303", "APIGW.0307", "APIG.0307", "APIG.1002", "APIC.7102", "ROMA.1000", "ROMA.1002",
	} {
		for _, status := range []int{200, 400, 401, 403, 429, 500, 503} {
			kinds[fmt.Sprintf("%d with %s", status, code)] = says(status, `{"error_code":"`+code+`","error_msg":"no"}`)
		}
	}
	kinds["200 with another envelope"] = says(200, `{"errorCode":"APIGW.0301","errorMsg":"no"}`)
	kinds["200 with the envelope of DataArts"] = says(200, `{"errCode":"APIG.0307","externalMessage":"no"}`)
	kinds["401 with ROMA.00012000"] = says(401, `{"error_code":"ROMA.00012000"}`)
	for name, kind := range kinds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				service := answering(kind)
				c := newClient(t, service, retries(5))
				for _, err := range readTen(t.Context(), c)() {
					if !IsUnauthorized(err) || IsForbidden(err) || IsTransient(err) {
						t.Errorf("error %v", err)
					}
				}
				if n := len(service.sent()); n != 1 {
					t.Errorf("the key was sent %d times, want once", n)
				}
			})
			synctest.Test(t, func(t *testing.T) {
				service := answering(kind, says(200, documentedOrder))
				c := newClient(t, service, retries(5), func(cfg *Config) { cfg.Credentials = &renewable{} })
				if _, err := c.ScriptOrder(t.Context(), testOrder); err != nil {
					t.Error(err)
				}
				if n := len(service.sent()); n != 2 {
					t.Errorf("%d requests, want the refused one and one with another token", n)
				}
			})
		})
	}
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
		{"answering", map[string]answerer{"coc-intl": refusal, "dayu": refusal, "roma": refusal}, 1},
		{"answering within two seconds", map[string]answerer{
			"coc-intl": after(2*time.Second-1, refusal), "dayu": after(2*time.Second-1, refusal), "roma": after(2*time.Second-1, refusal),
		}, 1},
		{"slow", map[string]answerer{
			"coc-intl": after(20*time.Second, refusal), "dayu": after(20*time.Second, refusal), "roma": after(20*time.Second, refusal),
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
		answers := map[string]answerer{"coc-intl": silent, "dayu": says(200, documentedTasks), "roma": says(200, documentedFDI)}
		service := answering(byHost(answers))
		c := newClient(t, service, retries(5))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
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
				if !ok || !slices.Equal(turn.Hosts, []string{"coc-intl.example.com"}) || !errors.Is(err, context.DeadlineExceeded) ||
					e.Attempts != 0 || IsTransient(err) {
					t.Errorf("%#v", e)
				}
				const want = "not sent, waiting for the first answer of coc-intl.example.com to this credential: context deadline exceeded"
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
		r := record{out: test.out, queue: []*lease{a, b, c}}
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

// The refusal that is shown to later readers is the first one.
func TestFirstRefusalIsShown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		refusal := func(code string) answerer { return says(401, `{"error_code":"`+code+`"}`) }
		c := newClient(t, answering(byHost(map[string]answerer{
			"coc-intl": after(3*time.Second, refusal("APIGW.0301")), "dayu": after(5*time.Second, refusal("APIGW.0307")),
		})))
		var wg sync.WaitGroup
		wg.Go(func() { _, _ = callers["order"](t.Context(), c) })
		synctest.Wait()
		wg.Go(func() { _, _ = callers["DataArts"](t.Context(), c) })
		wg.Wait()
		_, err := callers["FDI"](t.Context(), c)
		refused, ok := errors.AsType[*RefusedError](err)
		if !ok || refused.First.Code != "APIGW.0301" || refused.First.Service != COC || refused.First.Credential != "access key …0001 (test)" {
			t.Errorf("error %v, want COC's refusal", err)
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
