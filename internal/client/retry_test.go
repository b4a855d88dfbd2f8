package client

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// span is where a pause has to lie: from Min on, and before Max.
type span struct{ Min, Max time.Duration }

func checkPauses(t *testing.T, got []time.Duration, want []span) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("pauses %v, want %v", got, want)
	}
	for i := range got {
		if got[i] < want[i].Min || got[i] >= want[i].Max {
			t.Errorf("pause %d is %s, want at least %s and less than %s", i+1, got[i], want[i].Min, want[i].Max)
		}
	}
}

// Pauses are between half and one and a half of a time that doubles.
var (
	ownPauses       = []span{{time.Second / 2, 3 * time.Second / 2}, {time.Second, 3 * time.Second}}
	throttledPauses = []span{{time.Second, 3 * time.Second}, {2 * time.Second, 6 * time.Second}}
)

func TestRetryOnStatus(t *testing.T) {
	t.Parallel()
	code := func(code string) string { return `{"error_code":"` + code + `","error_msg":"no"}` }
	exactly := func(pause time.Duration) []span {
		return []span{{pause, pause + time.Second}, {pause, pause + time.Second}}
	}
	for _, test := range []struct {
		status  int
		body    string
		headers []string
		// pauses before the second and third attempt; none when there must be no second attempt.
		pauses []span
	}{
		{status: 429, pauses: throttledPauses},
		{status: 429, body: code("APIGW.0308"), pauses: throttledPauses},
		{status: 429, headers: []string{"Retry-After", "7"}, pauses: exactly(7 * time.Second)},
		{status: 429, headers: []string{"Retry-After", "0"}, pauses: throttledPauses},
		{status: 429, headers: []string{"Retry-After", "-7"}, pauses: throttledPauses},
		{status: 429, headers: []string{"Retry-After", "soon"}, pauses: throttledPauses},
		{status: 429, headers: []string{"Retry-After", "3600"}, pauses: exactly(time.Hour)},
		{status: 503, pauses: ownPauses},
		{status: 503, body: code("APIGW.0704"), pauses: ownPauses},
		{status: 503, body: "<html>", headers: []string{"Retry-After", "2"}, pauses: exactly(2 * time.Second)},
		// A date that has passed is no wish.
		{status: 503, headers: []string{"Retry-After", "Fri, 31 Dec 1999 23:59:59 GMT"}, pauses: ownPauses},
		{status: 502, pauses: ownPauses},
		{status: 502, headers: []string{"Retry-After", "3600"}, pauses: ownPauses},
		{status: 504, pauses: ownPauses},
		{status: 504, body: code("APIGW.0201"), pauses: ownPauses},
		{status: 500, pauses: ownPauses},
		{status: 500, body: "<html>", pauses: ownPauses},
		{status: 500, body: `{"error_msg":"no"}`, pauses: ownPauses},
		{status: 500, body: code("FDI.9999"), pauses: ownPauses},
		{status: 500, body: code("APIG.9999"), pauses: ownPauses},
		{status: 500, body: code("APIGW.9999"), pauses: ownPauses},
		{status: 500, body: code("APIG.0605"), pauses: ownPauses},
		{status: 500, body: code("APIG.0606"), pauses: ownPauses},
		{status: 500, body: code("APIG.0705"), pauses: ownPauses},
		{status: 500, body: code("APIGW.0605"), pauses: ownPauses},
		{status: 500, body: code("APIGW.0606"), pauses: ownPauses},
		{status: 500, body: code("APIGW.0705"), pauses: ownPauses},
		// The instance does not exist, and will not.
		{status: 500, body: code("ROMA.00110002")},
		{status: 500, body: code("COC.00040701")},
		{status: 501},
		{status: 505},
		{status: 400, body: code("COC.00040709")},
		{status: 400, headers: []string{"Retry-After", "1"}},
		// More than five of these in a row lock the key.
		{status: 401},
		{status: 401, body: code("APIGW.0301"), headers: []string{"Retry-After", "1"}},
		{status: 403},
		{status: 404},
		{status: 405},
		{status: 407},
		{status: 408},
		{status: 409},
		{status: 413},
		{status: 425},
		{status: 204},
		{status: 304},
		{status: 302, headers: []string{"Location", "https://elsewhere.example.com/"}},
		{status: 302, headers: []string{"Location", "%zz"}},
		{status: 307, headers: []string{"Location", "/v1/elsewhere"}},
	} {
		t.Run(fmt.Sprintf("%d %s %s", test.status, test.body, strings.Join(test.headers, " ")), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				service := answering(says(test.status, test.body, test.headers...))
				_, err := newClient(t, service, retries(2)).ScriptOrder(t.Context(), testOrder)
				if e := failure(t, err); e.Status != test.status || e.Attempts != len(test.pauses)+1 {
					t.Errorf("status %d after %d attempts, want %d after %d", e.Status, e.Attempts, test.status, len(test.pauses)+1)
				}
				checkPauses(t, service.pauses(), test.pauses)
			})
		})
	}
}

// A date is a moment, so the pause depends on the clock.
func TestRetryAfterDate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		date := time.Now().Add(42 * time.Second).UTC().Format(http.TimeFormat)
		service := answering(says(503, "", "Retry-After", date), says(200, documentedOrder))
		if _, err := newClient(t, service, retries(1)).ScriptOrder(t.Context(), testOrder); err != nil {
			t.Fatal(err)
		}
		checkPauses(t, service.pauses(), []span{{42 * time.Second, 43 * time.Second}})
	})
}

func TestRetryOnFailure(t *testing.T) {
	t.Parallel()
	dial := func(err error) error { return &net.OpError{Op: "dial", Net: "tcp", Err: err} }
	certificate := &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}
	for _, test := range []struct {
		name  string
		err   error
		again bool
	}{
		{"refused", dial(syscall.ECONNREFUSED), true},
		{"reset", &net.OpError{Op: "read", Err: syscall.ECONNRESET}, true},
		{"closed", io.ErrUnexpectedEOF, true},
		{"time-out of a handshake", errors.New("net/http: TLS handshake timeout"), true},
		{"name unknown", dial(&net.DNSError{Err: "no such host", Name: "coc.example.com", IsNotFound: true}), false},
		{"name server fails", dial(&net.DNSError{Err: "server misbehaving", Name: "coc.example.com", IsTemporary: true}), false},
		{"authority unknown", certificate, false},
		{"not TLS", tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake"}, false},
		{"plain HTTP", http.ErrSchemeMismatch, false},
		{"alert of the server", &net.OpError{Op: "remote error", Err: tls.AlertError(40)}, false},
		{"alert of the client", &net.OpError{Op: "local error", Err: tls.AlertError(42)}, false},
		{"proxy wants a password", &ProxyError{"proxy.example.com:3128", 407}, false},
		{"proxy forbids", &ProxyError{"proxy.example.com:3128", 403}, false},
		{"proxy does not reach the host", &ProxyError{"proxy.example.com:3128", 502}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				service := answering(breaks(test.err))
				_, err := newClient(t, service, retries(2)).ScriptOrder(t.Context(), testOrder)
				e := failure(t, err)
				var pauses []span
				if test.again {
					pauses = ownPauses
				}
				checkPauses(t, service.pauses(), pauses)
				if e.Status != 0 || e.Attempts != len(pauses)+1 || !errors.Is(err, test.err) {
					t.Errorf("%#v", e)
				}
				if want := test.err.Error(); e.Err.Error() != want {
					t.Errorf("cause %q, want %q", e.Err, want)
				}
			})
		})
	}
}

// However often the service fails, pauses do not grow beyond a bound.
func TestPausesAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		service := answering(says(502, ""))
		_, err := newClient(t, service, retries(40)).ScriptOrder(t.Context(), testOrder)
		if e := failure(t, err); e.Attempts != 41 {
			t.Errorf("%d attempts, want 41", e.Attempts)
		}
		pauses := service.pauses()
		for i, pause := range pauses[5:] {
			if pause < maxPause/2 || pause >= maxPause*3/2 {
				t.Errorf("pause %d is %s", i+6, pause)
			}
		}
		// Jitter: readers that failed together must not come back together.
		different := map[time.Duration]bool{}
		for _, pause := range pauses[5:] {
			different[pause] = true
		}
		if len(different) < 2 {
			t.Errorf("all pauses are %s", pauses[5])
		}
	})
}

func TestNoRetries(t *testing.T) {
	t.Parallel()
	for _, answer := range map[string]answerer{
		"throttled": says(429, "", "Retry-After", "1"), "unavailable": says(503, ""), "reset": breaks(syscall.ECONNRESET), "slow": hangs,
	} {
		synctest.Test(t, func(t *testing.T) {
			service := answering(answer)
			_, err := newClient(t, service, retries(0)).ScriptOrder(t.Context(), testOrder)
			if e := failure(t, err); e.Attempts != 1 || len(service.sent()) != 1 || !isTransient(err) {
				t.Errorf("%#v after %d requests, want 1", e, len(service.sent()))
			}
		})
	}
}

func TestRetryThenSuccess(t *testing.T) {
	t.Parallel()
	cutBody := func(status int) answerer {
		return saysFrom(status, func() io.Reader {
			return io.MultiReader(strings.NewReader(`{"data":{"status":"READY",`), readerFunc(func([]byte) (int, error) {
				return 0, io.ErrUnexpectedEOF
			}))
		})
	}
	slowBody := func(request *http.Request) (*http.Response, error) {
		return saysFrom(200, func() io.Reader {
			return readerFunc(func([]byte) (int, error) {
				<-request.Context().Done()
				return 0, request.Context().Err()
			})
		})(request)
	}
	for _, test := range []struct {
		name   string
		first  answerer
		pauses []span
	}{
		{"throttled", says(429, ""), throttledPauses[:1]},
		{"lost connection", breaks(syscall.ECONNRESET), ownPauses[:1]},
		{"body cut in the middle", cutBody(200), ownPauses[:1]},
		{"body of an error cut in the middle", cutBody(503), ownPauses[:1]},
		{"no answer within the attempt's time", hangs, []span{{attemptTimeout + time.Second/2, attemptTimeout + 3*time.Second/2}}},
		{"no whole body within the attempt's time", slowBody, []span{{attemptTimeout + time.Second/2, attemptTimeout + 3*time.Second/2}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				service := answering(test.first, says(200, documentedOrder))
				order, err := newClient(t, service, retries(5)).ScriptOrder(t.Context(), testOrder)
				if err != nil {
					t.Fatal(err)
				}
				if *order.Status != "CANCELED" {
					t.Errorf("status %s", *order.Status)
				}
				checkPauses(t, service.pauses(), test.pauses)
			})
		})
	}
}

// The last attempt has no pause behind it, so none can be too long.
func TestNoPauseAfterLastAttempt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err := newClient(t, answering(says(429, "", "Retry-After", "3600"))).ScriptOrder(ctx, testOrder)
		if e := failure(t, err); e.Err != nil || e.Status != 429 {
			t.Errorf("%#v", e)
		}
	})
}

// The policy as a whole: which failures are repeated after which pause, with which jitter, in which time left.
func TestRetry(t *testing.T) {
	t.Parallel()
	const almostOne = 0.999999999
	unavailable, throttled := Error{Status: 503}, Error{Status: 429}
	for _, test := range []struct {
		name    string
		retries int
		failure Error
		// asked is the service's pause.
		asked, left time.Duration
		chance      float64
		pause       time.Duration
		again       bool
	}{
		{"the first pause, at least", 0, unavailable, 0, unlimited, 0, time.Second / 2, true},
		{"the first pause, in the middle", 0, unavailable, 0, unlimited, 0.5, time.Second, true},
		{"the first pause, at most", 0, unavailable, 0, unlimited, almostOne, 3*time.Second/2 - time.Nanosecond, true},
		{"the second pause is twice as long", 1, unavailable, 0, unlimited, 0.5, 2 * time.Second, true},
		{"the third pause", 2, unavailable, 0, unlimited, 0.5, 4 * time.Second, true},
		{"no pause has a base of more than 20 s", 30, unavailable, 0, unlimited, 0.5, 20 * time.Second, true},
		{"throttled: twice as long", 0, throttled, 0, unlimited, 0.5, 2 * time.Second, true},
		{"throttled, again", 1, throttled, 0, unlimited, 0.5, 4 * time.Second, true},
		{"a lost connection", 1, Error{Err: errors.New("reset")}, 0, unlimited, 0.5, 2 * time.Second, true},
		{"a pause of its own that fits", 0, unavailable, 0, time.Second + 1, 0.5, time.Second, true},
		{"a pause of its own that does not", 0, unavailable, 0, time.Second, 0.5, 0, false},
		{"no time left", 0, unavailable, 0, 0, 0, 0, false},
		{"asked for", 3, throttled, 7 * time.Second, unlimited, 0, 7 * time.Second, true},
		{"asked for, with jitter", 3, throttled, 7 * time.Second, unlimited, 0.5, 7*time.Second + time.Second/2, true},
		{"asked for, and just fits", 0, throttled, 7 * time.Second, 7*time.Second + 2, almostOne, 7 * time.Second, true},
		{"asked for, and half of the rest is for the attempt", 0, throttled, 7 * time.Second, 8 * time.Second, 0.5, 7*time.Second + time.Second/4, true},
		{"asked for, and ends with the time", 0, throttled, 7 * time.Second, 7 * time.Second, 0, 7 * time.Second, false},
		{"asked for, and far too long", 0, throttled, unlimited, unlimited, 0.5, unlimited, false},
		{"a status that stays", 0, Error{Status: 404}, 0, unlimited, 0, 0, false},
		{"a refusal", 0, Error{Status: 503, Code: "APIGW.0301"}, 0, unlimited, 0, 0, false},
		{"a failed sign-in", 0, Error{Err: fmt.Errorf("%w: %w", ErrNoCredential, ErrAttemptTimeout)}, 0, unlimited, 0, 0, false},
		{"a credential that was refused before", 0, Error{Err: &RefusedError{&Error{}}}, 0, unlimited, 0, 0, false},
		{"too large", 0, Error{Err: ErrTooLarge}, 0, unlimited, 0, 0, false},
		{"an attempt that took too long", 0, Error{Err: ErrAttemptTimeout}, 0, unlimited, 0.5, time.Second, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			pause, again := retry(&test.failure, test.retries, test.asked, test.left, test.chance)
			// The fraction of jitter is not exact to the nanosecond.
			if off := (pause - test.pause).Abs(); (again && off > 2*time.Nanosecond) || again != test.again {
				t.Errorf("%s and %t, want %s and %t", pause, again, test.pause, test.again)
			}
			if _, tooLong := errors.AsType[*PauseError](test.failure.Err); tooLong != (!again && test.asked > 0) {
				t.Errorf("cause %v", test.failure.Err)
			}
		})
	}
}

// The wish of a service is read in all its forms, and one that no number holds is a very long one.
func TestRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, test := range []struct {
		status int
		value  string
		want   time.Duration
	}{
		{429, "7", 7 * time.Second},
		{503, "7", 7 * time.Second},
		{502, "7", 0},
		{500, "7", 0},
		{200, "7", 0},
		{429, "0", 0},
		{429, "-7", 0},
		{429, "", 0},
		{429, "soon", 0},
		{429, "1.5", 0},
		{429, "9223372036", 9223372036 * time.Second},
		{429, "9223372037", unlimited},
		{429, "9223372036854775807", unlimited},
		{429, "9223372036854775808", unlimited},
		{429, "99999999999999999999999999", unlimited},
		{429, "-99999999999999999999999999", 0},
		{503, "Fri, 02 Jan 2026 03:04:47 GMT", 42 * time.Second},
		{503, "Fri, 02 Jan 2026 03:04:04 GMT", 0},
		{503, "Fri, 31 Dec 9999 23:59:59 GMT", unlimited},
	} {
		if got := retryAfter(&Error{Status: test.status}, test.value, now); got != test.want {
			t.Errorf("%d with %q: %s, want %s", test.status, test.value, got, test.want)
		}
	}
}

// A pause beyond all numbers is beyond the deadline: the failure is told at once.
func TestEndlessPause(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		start := time.Now()
		_, err := newClient(t, answering(says(429, "", "Retry-After", "99999999999999999999")), retries(5)).ScriptOrder(ctx, testOrder)
		e := failure(t, err)
		if pause, ok := errors.AsType[*PauseError](err); !ok || pause.Pause < time.Hour || e.Attempts != 1 || time.Since(start) != 0 {
			t.Errorf("%#v after %s", e, time.Since(start))
		}
	})
}

// A pause that was asked for and fits into the time left is waited for, whatever the jitter.
func TestAskedPauseThatFits(t *testing.T) {
	t.Parallel()
	for range 50 {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second+time.Millisecond)
			defer cancel()
			service := answering(says(429, "", "Retry-After", "10"), says(http.StatusOK, documentedOrder))
			if _, err := newClient(t, service, retries(1)).ScriptOrder(ctx, testOrder); err != nil {
				t.Error(err)
			}
		})
	}
}
