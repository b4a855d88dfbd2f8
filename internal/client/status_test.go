package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// stuck answers with a status and the beginning of a body that never ends, and that no one can stop but by closing it or giving up.
func stuck(status int, body string) answerer {
	return func(request *http.Request) (*http.Response, error) {
		return saysFrom(status, func() io.Reader {
			return io.MultiReader(strings.NewReader(body), readerFunc(func([]byte) (int, error) {
				<-request.Context().Done()
				return 0, context.Cause(request.Context())
			}))
		})(request)
	}
}

// neverRead answers with a status and a body that hangs for ever once it is read.
func neverRead(t *testing.T, status int) answerer {
	t.Helper()
	return saysFrom(status, func() io.Reader {
		return readerFunc(func([]byte) (int, error) {
			t.Errorf("the body of a %d is read", status)
			return 0, io.EOF
		})
	})
}

// No status keeps a read from ending with its attempt, nor with its deadline, however the body goes on.
func TestEveryStatusEnds(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		status int
		// takes is how long a body without end is waited for; zero when it is not read.
		takes time.Duration
		// lost says that the status does not count without its body.
		lost bool
	}{
		{status: 100}, {status: 101}, {status: 102}, {status: 103}, {status: 199},
		{status: 200, takes: attemptTimeout, lost: true},
		{status: 201, takes: attemptTimeout},
		{status: 202, takes: attemptTimeout},
		{status: 204, takes: attemptTimeout},
		{status: 206, takes: attemptTimeout},
		{status: 299, takes: attemptTimeout},
		{status: 300, takes: attemptTimeout},
		{status: 302, takes: attemptTimeout},
		{status: 304, takes: attemptTimeout},
		{status: 400, takes: attemptTimeout},
		{status: 401, takes: attemptTimeout},
		{status: 404, takes: attemptTimeout},
		{status: 429, takes: attemptTimeout},
		{status: 500, takes: attemptTimeout},
		{status: 502, takes: attemptTimeout},
		{status: 503, takes: attemptTimeout},
		{status: 599, takes: attemptTimeout},
	} {
		answer := stuck(test.status, `{"data":{"status":"FINISHED"},`)
		if test.takes == 0 {
			answer = neverRead(t, test.status)
		}
		t.Run(fmt.Sprint(test.status), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				_, err := newClient(t, answering(answer)).ScriptOrder(t.Context(), testOrder)
				e := failure(t, err)
				if took := time.Since(start); took != test.takes {
					t.Errorf("took %s, want %s", took, test.takes)
				}
				if (e.Status == 0) != test.lost || errors.Is(err, ErrAttemptTimeout) != test.lost || (!test.lost && e.Status != test.status) {
					t.Errorf("%#v", e)
				}
				wanted := test.status >= 300 || test.lost
				if errors.Is(err, ErrUnexpectedStatus) == wanted || isTransient(err) != (test.lost || test.status == 429 || test.status >= 500) {
					t.Errorf("error %v", err)
				}
			})
			synctest.Test(t, func(t *testing.T) {
				const limit = 7 * time.Second
				ctx, cancel := context.WithTimeout(t.Context(), limit)
				defer cancel()
				start := time.Now()
				_, err := newClient(t, answering(answer), retries(5)).ScriptOrder(ctx, testOrder)
				checkFailure(t, err)
				if took := time.Since(start); took != min(limit, test.takes) {
					t.Errorf("took %s, want the deadline of %s", took, limit)
				}
				if errors.Is(err, context.DeadlineExceeded) != (test.takes > 0) {
					t.Errorf("error %v", err)
				}
			})
		})
	}
}

// A refusal whose body outlasts the deadline is remembered all the same.
func TestRefusalAtTheDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		service := answering(stuck(401, `{"error_code":`))
		c := newClient(t, service, retries(5))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := c.ScriptOrder(ctx, testOrder)
		checkFailure(t, err)
		_, err = c.ScriptOrder(t.Context(), testOrder)
		checkFailure(t, err)
		if !errors.Is(err, ErrRefusedBefore) || len(service.sent()) != 1 {
			t.Errorf("error %v after %d requests, want ErrRefusedBefore after 1", err, len(service.sent()))
		}
	})
}

// A whole answer with a status beside 200 is no answer to a read; a sign-in has 201.
func TestOnlyOKCounts(t *testing.T) {
	t.Parallel()
	for _, status := range []int{200, 201, 202, 203, 204, 205, 206, 226, 299} {
		for name, call := range callers {
			t.Run(fmt.Sprintf("%d/%s", status, name), func(t *testing.T) {
				t.Parallel()
				service := answering(says(status, documented[name], "Content-Range", "bytes 0-7/8"))
				_, err := call(t.Context(), newClient(t, service, retries(5)))
				if status == http.StatusOK {
					if err != nil {
						t.Error(err)
					}
					return
				}
				e := failure(t, err)
				if !errors.Is(err, ErrUnexpectedStatus) || e.Status != status || len(service.sent()) != 1 {
					t.Errorf("%v after %d requests, want ErrUnexpectedStatus after 1", err, len(service.sent()))
				}
			})
		}
		t.Run(fmt.Sprintf("%d/sign-in", status), func(t *testing.T) {
			t.Parallel()
			c := newClient(t, answering(says(status, tokenAnswer, "X-Subject-Token", "dummyToken")))
			got, err := c.requestToken(t.Context(), call{service: IAM, step: SignIn, target: testOrder.Target, path: []string{"v3", "auth", "tokens"}, body: jsonObject{}})
			if want := status == 200 || status == 201; (err == nil) != want || (got.Token == "dummyToken") != want {
				t.Errorf("%v and error %v", got, err)
			}
		})
	}
}

// A sign-in's answer is small, so it needs no memory that reads share.
func TestLargeSignInAnswer(t *testing.T) {
	t.Parallel()
	c := newClient(t, answering(says(http.StatusCreated, `{"a":"`+strings.Repeat("x", smallBody)+`"}`, "X-Subject-Token", "dummyToken")))
	_, err := c.requestToken(t.Context(), call{service: IAM, step: SignIn, target: testOrder.Target, path: []string{"v3", "auth", "tokens"}, body: jsonObject{}})
	if !errors.Is(err, ErrTooLarge) {
		t.Errorf("error %v, want ErrTooLarge", err)
	}
}

// A server that changes the protocol holds its connection open for ever.
func TestSwitchingProtocolsOverSocket(t *testing.T) {
	t.Parallel()
	gone := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		defer close(gone)
		connection, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer func() { _ = connection.Close() }()
		_, _ = io.WriteString(connection, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
		// The client hangs up.
		_, _ = io.ReadAll(connection)
	}))
	t.Cleanup(server.Close)
	_, err := overSocket(t, server).ScriptOrder(t.Context(), testOrder)
	if e := failure(t, err); e.Status != http.StatusSwitchingProtocols || !errors.Is(err, ErrUnexpectedStatus) {
		t.Errorf("error %v, want HTTP 101", err)
	}
	<-gone
}

// Caches on the way are told to ask the service.
func TestUncachedAnswersAreAskedFor(t *testing.T) {
	t.Parallel()
	for name, call := range callers {
		service := answering(says(http.StatusOK, documented[name]))
		if _, err := call(t.Context(), newClient(t, service)); err != nil {
			t.Error(err)
		}
		for _, request := range service.sent() {
			if got := request.Header.Get("Cache-Control"); got != "no-cache" {
				t.Errorf("%s: Cache-Control %q", name, got)
			}
		}
	}
}

// The deadline holds between the pages of a listing that never ends.
func TestDeadlineBetweenPages(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		id := int64(0)
		service := answering(func(request *http.Request) (*http.Response, error) {
			if err := waitFor(request.Context(), nil, 3*time.Second); err != nil {
				return nil, err
			}
			id++
			return page(1000, id)(request)
		})
		_, err := newClient(t, service, retries(5)).ScriptOrderBatch(ctx, testBatch)
		checkFailure(t, err)
		if !errors.Is(err, context.DeadlineExceeded) || len(service.sent()) != 4 {
			t.Errorf("error %v after %d requests, want the deadline after 4", err, len(service.sent()))
		}
	})
	// Nothing is sent once the time is over.
	service := answering(page(1, 1))
	ctx, cancel := context.WithDeadline(t.Context(), time.Now())
	defer cancel()
	_, err := newClient(t, service).ScriptOrderBatch(ctx, testBatch)
	if !errors.Is(err, context.DeadlineExceeded) || len(service.sent()) != 0 {
		t.Errorf("error %v after %d requests", err, len(service.sent()))
	}
}
