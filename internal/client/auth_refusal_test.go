package client

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

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
			if !IsUnauthorized(err) || isTransient(err) {
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
	const large, longBody = `{"data":"` + "%s" + `"}`, 64 << 10
	for _, test := range []struct {
		name   string
		answer answerer
		proves bool
	}{
		{"data", says(200, documentedOrder), true},
		{"data with a code that means success", says(200, `{"error_code":"COC.00000000","data":{}}`), true},
		{"data in a 201", says(201, documentedOrder), true},
		{"long data", says(200, fmt.Sprintf(large, strings.Repeat("x", longBody))), true},
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
		{"a portal's long page", says(200, "<html>"+strings.Repeat("x", longBody)), false},
		{"a long list", says(200, `["`+strings.Repeat("x", longBody)+`"]`), false},
		{"a long object that is cut", says(200, `{"`+strings.Repeat("x", longBody)), false},
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
					want = maxInFlight - 1
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
					if !IsUnauthorized(err) || IsForbidden(err) || isTransient(err) {
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

// The refusal that is shown to later readers is the first one.
func TestFirstRefusalIsShown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		refusal := func(code string) answerer { return says(401, `{"error_code":"`+code+`"}`) }
		c := newClient(t, answering(byHost(map[string]answerer{
			"coc": after(3*time.Second, refusal("APIGW.0301")), "dayu": after(5*time.Second, refusal("APIGW.0307")),
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
