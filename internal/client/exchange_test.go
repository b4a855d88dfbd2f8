package client

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
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
			if pause < longestPause/2 || pause >= longestPause*3/2 {
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
			if e := failure(t, err); e.Attempts != 1 || len(service.sent()) != 1 || !IsTransient(err) {
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
		if !errors.Is(err, ErrAttemptTimeout) || !IsTransient(err) || errors.Is(err, context.DeadlineExceeded) {
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
			func(e *Error) bool { return errors.Is(e, context.DeadlineExceeded) && e.Status == 0 && !IsTransient(e) },
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
				if !errors.Is(err, context.Canceled) || IsTransient(err) || !strings.HasSuffix(err.Error(), "context canceled") {
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
			if errors.Is(err, ErrTooLarge) != (test.status == 200) || IsTransient(err) {
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

// A small answer may unpack to a large one.
func TestCompressedBodyOverTheLimit(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		var packed bytes.Buffer
		pack := gzip.NewWriter(&packed)
		_, _ = pack.Write(make([]byte, 1<<20))
		_ = pack.Close()
		w.Header().Set("Content-Encoding", "gzip")
		// Packed texts one after the other unpack to one text.
		_, _ = w.Write(bytes.Repeat(packed.Bytes(), 2))
	}))
	t.Cleanup(server.Close)
	c := overSocket(t, server)
	c.bodyLimit = 1 << 20
	_, err := c.ScriptOrder(t.Context(), testOrder)
	checkFailure(t, err)
	if !errors.Is(err, ErrTooLarge) {
		t.Errorf("error %v, want ErrTooLarge", err)
	}
}

// overSocket makes a client that reaches a server, as COC, over the real transport. It does not repeat: pauses would be real.
func overSocket(t *testing.T, server *httptest.Server, changes ...func(*Config)) *Client {
	t.Helper()
	return newClient(t, nil, append([]func(*Config){
		func(cfg *Config) {
			cfg.Endpoints = map[Service]Setting{COC: {Value: server.URL}}
			if server.TLS != nil {
				cfg.RootCAs = x509.NewCertPool()
				cfg.RootCAs.AddCert(server.Certificate())
			}
		},
		throughProxy(t, nil), // not this machine's either
	}, changes...)...)
}

// throughProxy makes the real transport use a proxy, or none if it is nil.
func throughProxy(t *testing.T, proxy *url.URL) func(*Config) {
	t.Helper()
	return func(cfg *Config) {
		cfg.WrapTransport = func(made http.RoundTripper) http.RoundTripper {
			transport, ok := made.(*http.Transport)
			if !ok {
				t.Fatalf("the transport is a %T", made)
			}
			transport.Proxy = http.ProxyURL(proxy)
			// A connection that was used before would be tried again by the transport itself.
			transport.DisableKeepAlives = true
			return transport
		}
	}
}

// handler answers over a socket, and counts.
func handler(requests *atomic.Int64, status int, body string, headers ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		requests.Add(1)
		for i := 0; i < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	})
}

func TestSocketRequestIsSignedAsSent(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		checkSigned(t, request)
		if got := request.Header.Get("User-Agent"); got != "hwgate-test" {
			t.Errorf("User-Agent %q", got)
		}
		_, _ = io.WriteString(w, pageBody(0))
	}))
	t.Cleanup(server.Close)
	batch := testBatch
	batch.Status, batch.Marker, batch.UserProfile = "A b+c/é", 7, "profile"
	c := overSocket(t, server, func(cfg *Config) {
		cfg.Endpoints = map[Service]Setting{COC: {Value: server.URL + "/a b/é/"}}
	})
	if _, err := c.ScriptOrderBatch(t.Context(), batch); err != nil {
		t.Error(err)
	}
}

func TestRedirectIsNotFollowed(t *testing.T) {
	t.Parallel()
	for _, status := range []int{301, 302, 303, 307, 308} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			t.Parallel()
			var there, here atomic.Int64
			elsewhere := httptest.NewServer(handler(&there, 200, documentedOrder))
			t.Cleanup(elsewhere.Close)
			server := httptest.NewServer(handler(&here, status, "", "Location", elsewhere.URL+"/v1"))
			t.Cleanup(server.Close)
			_, err := overSocket(t, server).ScriptOrder(t.Context(), testOrder)
			if e := failure(t, err); e.Status != status || !strings.Contains(e.Message, elsewhere.URL) {
				t.Errorf("%#v", e)
			}
			if here.Load() != 1 || there.Load() != 0 {
				t.Errorf("%d requests here and %d there, want 1 and 0", here.Load(), there.Load())
			}
		})
	}
}

// The same failures again as the real transport reports them.
func TestSocketFailures(t *testing.T) {
	t.Parallel()
	hijack := func(answer string, reset bool) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			connection, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			if tcp, ok := connection.(*net.TCPConn); ok && reset {
				_ = tcp.SetLinger(0)
			}
			_, _ = io.WriteString(connection, answer)
			_ = connection.Close()
		})
	}
	var requests atomic.Int64
	ok := handler(&requests, 200, documentedOrder)
	for _, test := range []struct {
		name  string
		serve func() *httptest.Server
		// proxy is what a proxy in between answers with, 0 for no proxy.
		proxy  int
		change func(*Config)
		again  bool
		says   string
	}{
		{
			name:  "closed without an answer",
			serve: func() *httptest.Server { return httptest.NewServer(hijack("", false)) },
			again: true, says: "EOF",
		},
		{
			name:  "reset",
			serve: func() *httptest.Server { return httptest.NewServer(hijack("", true)) },
			again: true, says: "reset",
		},
		{
			name: "body shorter than announced",
			serve: func() *httptest.Server {
				return httptest.NewServer(hijack("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", false))
			},
			again: true, says: "reading the answer: unexpected EOF",
		},
		{
			name: "nobody listens",
			serve: func() *httptest.Server {
				server := httptest.NewServer(ok)
				server.Close()
				return server
			},
			again: true, says: "refused",
		},
		{
			name:   "authority unknown",
			serve:  func() *httptest.Server { return quietTLS(ok, nil) },
			change: func(cfg *Config) { cfg.RootCAs = x509.NewCertPool() },
			says:   "certificate signed by unknown authority",
		},
		{
			name: "certificate for another host",
			serve: func() *httptest.Server {
				server := quietTLS(ok, nil)
				server.URL = strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
				return server
			},
			says: "certificate is valid for",
		},
		{
			name: "TLS too old",
			serve: func() *httptest.Server {
				return quietTLS(ok, &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11})
			},
			says: "protocol version",
		},
		{
			name: "TLS to a server that speaks plainly",
			serve: func() *httptest.Server {
				server := httptest.NewServer(ok)
				server.URL = strings.Replace(server.URL, "http:", "https:", 1)
				return server
			},
			says: "HTTP response to HTTPS client",
		},
		{
			name:  "proxy wants a password",
			serve: func() *httptest.Server { return quietTLS(ok, nil) },
			proxy: 407,
			says:  "answered 407 Proxy Authentication Required",
		},
		{
			name:  "proxy does not reach the host",
			serve: func() *httptest.Server { return quietTLS(ok, nil) },
			proxy: 502,
			again: true, says: "answered 502 Bad Gateway",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server := test.serve()
			t.Cleanup(server.Close)
			var changes []func(*Config)
			if test.change != nil {
				changes = append(changes, test.change)
			}
			if test.proxy != 0 {
				var connects atomic.Int64
				proxy := httptest.NewServer(handler(&connects, test.proxy, ""))
				t.Cleanup(proxy.Close)
				address, err := url.Parse(proxy.URL)
				if err != nil {
					t.Fatal(err)
				}
				changes = append(changes, throughProxy(t, address))
			}
			_, err := overSocket(t, server, changes...).ScriptOrder(t.Context(), testOrder)
			e := failure(t, err)
			if e.Status != 0 || e.Attempts != 1 || !strings.Contains(e.Answer(), test.says) {
				t.Errorf("%v, want %q", err, test.says)
			}
			if got := retryableFailure(e.Err); got != test.again {
				t.Errorf("%v: would be repeated is %v, want %v", err, got, test.again)
			}
		})
	}
	t.Cleanup(func() {
		if requests.Load() != 0 {
			t.Errorf("%d requests reached a server that must not be trusted", requests.Load())
		}
	})
}

// quietTLS is a TLS server that keeps failed handshakes to itself.
func quietTLS(handler http.Handler, config *tls.Config) *httptest.Server {
	server := httptest.NewUnstartedServer(handler)
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	server.TLS = config
	server.StartTLS()
	return server
}

func TestTLSIsAccepted(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		config *tls.Config
		change func(*Config)
	}{
		{"known authority", nil, func(*Config) {}},
		{"TLS 1.2", &tls.Config{MaxVersion: tls.VersionTLS12}, func(*Config) {}},
		{"unknown authority, but nobody looks", nil, func(cfg *Config) { cfg.RootCAs, cfg.Insecure = x509.NewCertPool(), true }},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var requests atomic.Int64
			server := quietTLS(handler(&requests, 200, documentedOrder), test.config)
			t.Cleanup(server.Close)
			if _, err := overSocket(t, server, test.change).ScriptOrder(t.Context(), testOrder); err != nil {
				t.Error(err)
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
		const sent = `level=DEBUG msg="request sent" method=GET host=coc-intl.example.com path=/v1/job/script/orders/` + testOrderID
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
