package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The date is signed, and the gateway takes one for 15 minutes only.
func TestEveryAttemptIsSignedAnew(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		service := answering(func(request *http.Request) (*http.Response, error) {
			checkSigned(t, request)
			return says(503, "", "Retry-After", "1200")(request)
		})
		_, err := newClient(t, service, retries(2)).ScriptOrder(t.Context(), testOrder)
		checkFailure(t, err)
		dates, signatures := map[string]bool{}, map[string]bool{}
		for _, request := range service.sent() {
			dates[strings.Join(request.Header.Values("X-Sdk-Date"), "|")] = true
			signatures[strings.Join(request.Header.Values("Authorization"), "|")] = true
		}
		if len(dates) != 3 || len(signatures) != 3 {
			t.Errorf("dates %v and signatures %v of 3 attempts", dates, signatures)
		}
	})
}

func TestAttemptTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		_, err := newClient(t, answering(hangs)).ScriptOrder(t.Context(), testOrder)
		e := failure(t, err)
		if !errors.Is(err, ErrAttemptTimeout) || !isTransient(err) || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v, want ErrAttemptTimeout", err)
		}
		if want := "no complete answer within 30s"; e.Answer() != want {
			t.Errorf("%q, want %q", e.Answer(), want)
		}
		if took := time.Since(start); took != 30*time.Second {
			t.Errorf("took %s, want 30s", took)
		}
	})
}

// A refusal whose body is lost on the way is a refusal.
func TestUnauthorizedWithLostBody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		service := answering(saysFrom(401, func() io.Reader {
			// Half of a secret is not known as one.
			return io.MultiReader(strings.NewReader(testSecretKey[:20]), readerFunc(func([]byte) (int, error) {
				return 0, syscall.ECONNRESET
			}))
		}))
		c := newClient(t, service, retries(5))
		for range 2 {
			_, err := c.ScriptOrder(t.Context(), testOrder)
			checkFailure(t, err)
			if !IsUnauthorized(err) || strings.Contains(err.Error(), testSecretKey[:20]) {
				t.Errorf("error %v", err)
			}
		}
		if len(service.sent()) != 1 {
			t.Errorf("%d requests, want 1", len(service.sent()))
		}
	})
}

func TestDeadline(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name     string
		answer   answerer
		deadline time.Duration
		// took is how long it may take; a pause that would outlast the deadline is not begun.
		took     span
		attempts int
		check    func(*Error) bool
	}{
		{
			"the service's pause ends behind it", says(429, `{"error_code":"APIGW.0308"}`, "Retry-After", "60"), 59 * time.Second,
			span{0, 1}, 1,
			func(e *Error) bool {
				var pause *PauseError
				return errors.As(e, &pause) && pause.Pause == time.Minute && e.Status == 429 && e.Code == "APIGW.0308"
			},
		},
		{
			"the service's date lies behind it", says(503, "", "Retry-After", "Sat, 01 Jan 2050 00:00:00 GMT"), time.Hour,
			span{0, 1}, 1,
			func(e *Error) bool {
				var pause *PauseError
				return errors.As(e, &pause) && e.Status == 503
			},
		},
		{
			"an own pause would end behind it", says(502, ""), time.Second / 4,
			span{0, 1}, 1,
			func(e *Error) bool { return e.Status == 502 && e.Err == nil },
		},
		{
			"a lost connection, and the pause would end behind it", breaks(syscall.ECONNRESET), time.Second / 4,
			span{0, 1}, 1,
			func(e *Error) bool { return errors.Is(e, syscall.ECONNRESET) && e.Status == 0 },
		},
		{
			"in the middle of an attempt", hangs, 10 * time.Second,
			span{10 * time.Second, 10*time.Second + 1}, 1,
			func(e *Error) bool { return errors.Is(e, context.DeadlineExceeded) && e.Status == 0 && !isTransient(e) },
		},
		{
			"in the middle of the second attempt", hangs, 40 * time.Second,
			span{40 * time.Second, 40*time.Second + 1}, 2,
			func(e *Error) bool { return errors.Is(e, context.DeadlineExceeded) && !errors.Is(e, ErrAttemptTimeout) },
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), test.deadline)
				defer cancel()
				start := time.Now()
				_, err := newClient(t, answering(test.answer), retries(5)).ScriptOrder(ctx, testOrder)
				checkPauses(t, []time.Duration{time.Since(start)}, []span{test.took})
				if e := failure(t, err); e.Attempts != test.attempts || !test.check(e) {
					t.Errorf("%#v", e)
				}
			})
		})
	}
}

// hangsUp answers nothing either, and gives no reason.
func hangsUp(request *http.Request) (*http.Response, error) {
	<-request.Context().Done()
	return nil, errors.New("connection closed")
}

func TestCanceled(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		answer answerer
		// after is when the caller gives up.
		after    time.Duration
		attempts int
	}{
		{"before the start", hangs, 0, 0},
		{"in the middle of an attempt", hangs, 5 * time.Second, 1},
		{"in the middle of an attempt, which the transport words otherwise", hangsUp, 5 * time.Second, 1},
		{"in a pause", says(503, "", "Retry-After", "60"), 5 * time.Second, 1},
		{"in the second attempt", hangs, 35 * time.Second, 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if test.after == 0 {
					cancel()
				} else {
					time.AfterFunc(test.after, cancel)
				}
				start := time.Now()
				service := answering(test.answer)
				_, err := newClient(t, service, retries(5)).ScriptOrder(ctx, testOrder)
				checkFailure(t, err)
				if !errors.Is(err, context.Canceled) || isTransient(err) || !strings.HasSuffix(err.Error(), "context canceled") {
					t.Errorf("error %v, want context.Canceled", err)
				}
				if took := time.Since(start); took != test.after {
					t.Errorf("took %s, want %s", took, test.after)
				}
				if test.after > 0 && len(service.sent()) != test.attempts {
					t.Errorf("%d requests, want %d", len(service.sent()), test.attempts)
				}
			})
		})
	}
}

// An answer that comes in the moment of giving up is still told, and not repeated.
func TestCanceledAsAnAnswerComes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		service := answering(func(request *http.Request) (*http.Response, error) {
			cancel()
			return says(503, `{"error_code":"X.1"}`)(request)
		})
		_, err := newClient(t, service, retries(5)).ScriptOrder(ctx, testOrder)
		if e := failure(t, err); e.Status != 503 || e.Code != "X.1" || len(service.sent()) != 1 {
			t.Errorf("%#v after %d requests", e, len(service.sent()))
		}
	})
}

func TestBodyOverTheLimit(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		status int
		limit  int64
	}{
		{200, 1 << 20},
		{400, smallBody},
	} {
		t.Run(fmt.Sprint(test.status), func(t *testing.T) {
			t.Parallel()
			var read atomic.Int64
			endless := readerFunc(func(p []byte) (int, error) {
				read.Add(int64(len(p)))
				return len(p), nil
			})
			service := answering(saysFrom(test.status, func() io.Reader { return endless }))
			c := newClient(t, service, retries(5))
			if c.bodyLimit != 128<<20 {
				t.Errorf("the limit is %d bytes, want 128 MiB", c.bodyLimit)
			}
			c.bodyLimit = 1 << 20
			_, err := c.ScriptOrder(t.Context(), testOrder)
			checkFailure(t, err)
			if errors.Is(err, ErrTooLarge) != (test.status == 200) || isTransient(err) {
				t.Errorf("error %v", err)
			}
			if len(service.sent()) != 1 {
				t.Errorf("%d requests, want 1", len(service.sent()))
			}
			// One byte more is read, to know that there is more.
			if read.Load() > test.limit+1 {
				t.Errorf("%d bytes were read, want at most %d", read.Load(), test.limit+1)
			}
		})
	}
}

// What is logged helps to find a fault and holds no secret.
func TestLog(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		logger := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{
			Level: slog.LevelDebug,
			ReplaceAttr: func(_ []string, attr slog.Attr) slog.Attr {
				if attr.Key == slog.TimeKey {
					return slog.Attr{}
				}
				return attr
			},
		}))
		service := answering(
			breaks(errors.New("reset with "+testSecretKey)),
			says(503, testSecretKey, "X-Request-Id", "req-1\x1b[0m", "Retry-After", "5"),
			says(200, documentedOrder, "X-Request-Id", "req-2"),
		)
		c := newClient(t, service, retries(5), func(cfg *Config) { cfg.Logger = logger })
		if _, err := c.ScriptOrder(t.Context(), testOrder); err != nil {
			t.Fatal(err)
		}
		var got []string
		for line := range strings.Lines(out.String()) {
			if !strings.Contains(line, "request will be repeated") { // its pause is random
				got = append(got, strings.TrimSpace(line))
			}
		}
		const sent = `level=DEBUG msg="request sent" method=GET host=coc.example.com path=/v1/job/script/orders/` + testOrderID
		want := []string{
			`level=INFO msg="credential chosen" credential="access key …0001" origin="the test"`,
			sent + ` attempt=1 duration_ms=0 error="reset with ***"`,
			sent + ` attempt=2 duration_ms=0 status=503 request_id="req-1 [0m"`,
			sent + ` attempt=3 duration_ms=0 status=200 request_id=req-2`,
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("want (-), got (+):\n%s", diff)
		}
		if strings.Count(out.String(), `msg="request will be repeated" attempt=`) != 2 || strings.Contains(out.String(), testSecretKey) {
			t.Errorf("log:\n%s", out.String())
		}
	})
}
