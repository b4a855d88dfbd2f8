package client

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// A proven key that is disabled at a random moment has at most five requests under way, and is not sent after the first refusal.
func TestProvenKeyIsNeverLocked(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		milliseconds := func(name string, most int) time.Duration {
			return time.Duration(rapid.IntRange(0, most).Draw(r, name)) * time.Millisecond
		}
		names := rapid.SliceOfN(rapid.SampledFrom([]string{"order", "DataArts", "FDI"}), 1, 40).Draw(r, "reads")
		var starts, delays []time.Duration
		for range names {
			starts, delays = append(starts, milliseconds("start", 3000)), append(delays, milliseconds("delay", 3000))
		}
		service := &disabledKey{delays: delays, disabledAfter: milliseconds("disabled", 4000)}
		synctest.Test(t, func(t *testing.T) {
			service.start = time.Now()
			c := newClient(t, answering(service.answer), retries(2))
			var wg sync.WaitGroup
			for i, name := range names {
				wg.Go(func() {
					<-time.After(starts[i])
					_, _ = callers[name](t.Context(), c)
				})
			}
			wg.Wait()
		})
		if service.most > maxInFlight || service.refusals > maxInFlight || service.late > 0 {
			r.Fatalf("at most %d requests at once, %d refusals, %d requests after the first", service.most, service.refusals, service.late)
		}
	})
}

// disabledKey answers with data, each request after its delay, until the key is disabled.
type disabledKey struct {
	delays        []time.Duration
	disabledAfter time.Duration
	start         time.Time

	mu                       sync.Mutex
	requests, underWay, most int
	// late counts requests that begin after the first refusal.
	refusals, late int
	refusedAt      time.Time
}

func (s *disabledKey) answer(request *http.Request) (*http.Response, error) {
	s.mu.Lock()
	delay := s.delays[s.requests%len(s.delays)]
	s.requests++
	s.underWay++
	s.most = max(s.most, s.underWay)
	if s.refusals > 0 && time.Now().After(s.refusedAt) {
		s.late++
	}
	s.mu.Unlock()
	<-time.After(delay)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.underWay--
	if time.Since(s.start) < s.disabledAfter {
		for part, name := range map[string]string{"/job/": "order", "/factory/": "DataArts", "/fdi/": "FDI"} {
			if strings.Contains(request.URL.Path, part) {
				return says(http.StatusOK, documented[name])(request)
			}
		}
	}
	s.refusals++
	if s.refusals == 1 {
		s.refusedAt = time.Now()
	}
	return says(http.StatusUnauthorized, `{"error_code":"APIGW.0301"}`)(request)
}

// A silent service holds neither another one up, nor reads with a token, which cannot be locked. A large answer holds nothing up.
func TestProvenKeyWithASilentService(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name       string
		credential Credential
		orders     answerer
		// orders and others are how many of ten each are under way, or wait for memory, after a moment.
		underWay, others int
	}{
		{"key", testKeys, hangs, maxInFlight - 1, 10},
		{"token", Credential{Token: "dummyToken"}, hangs, 10, 10},
		{"key and large answers", testKeys, stuck(http.StatusOK, `{"a":"`+strings.Repeat("x", 2*smallBody)), 10, 10},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				service := answering(says(http.StatusOK, documentedOrder), byHost(map[string]answerer{
					"coc": test.orders, "roma": after(time.Second, says(http.StatusOK, documented["FDI"])),
				}))
				c := newClient(t, service, credential(test.credential))
				if _, err := c.ScriptOrder(t.Context(), testOrder); err != nil {
					t.Fatal(err)
				}
				wait := readTen(t.Context(), c)
				var wg sync.WaitGroup
				done := 0
				var mu sync.Mutex
				for range 10 {
					wg.Go(func() {
						if _, err := callers["FDI"](t.Context(), c); err == nil {
							mu.Lock()
							defer mu.Unlock()
							done++
						}
					})
				}
				<-time.After(12 * time.Second)
				mu.Lock()
				others := done
				mu.Unlock()
				orders := 0
				for _, request := range service.sent()[1:] {
					if strings.HasPrefix(request.URL.Host, "coc.") {
						orders++
					}
				}
				if orders != test.underWay || others != test.others {
					t.Errorf("%d orders under way and %d others read, want %d and %d", orders, others, test.underWay, test.others)
				}
				for _, err := range wait() {
					checkFailure(t, fmt.Errorf("%w", err))
				}
				wg.Wait()
			})
		})
	}
}
