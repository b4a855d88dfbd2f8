package client

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/authtest"
)

const (
	testRegion  = "ap-example-1"
	testProject = "0123456789abcdef0123456789abcdef"
	// testOrderID is the id in the documented answer, which echoes it.
	testOrderID   = "SCT2023102211473xxxxxxxxxx"
	testAccessKey = "DUMMYACCESSKEY000001"
	testSecretKey = "dummySecretKeyForTestVectorsOnly00000001"
)

var (
	testKeys  = Credential{AccessKey: testAccessKey, SecretKey: testSecretKey}
	testOrder = Order{Target: Target{Region: testRegion, ProjectID: testProject}, ExecuteUUID: testOrderID}
	testBatch = Batch{Order: testOrder, BatchIndex: 1, Limit: 50, LogTail: -1}
)

// An answerer is a service: it answers a request.
type answerer func(*http.Request) (*http.Response, error)

// wire is a transport that counts what goes over it. Its answerers serve one request each, the last one all further ones.
type wire struct {
	answers []answerer

	mu       sync.Mutex
	requests []*http.Request
	times    []time.Time
}

func answering(answers ...answerer) *wire { return &wire{answers: answers} }

func (w *wire) RoundTrip(request *http.Request) (*http.Response, error) {
	w.mu.Lock()
	answer := w.answers[min(len(w.requests), len(w.answers)-1)]
	w.requests = append(w.requests, request)
	w.times = append(w.times, time.Now())
	w.mu.Unlock()
	return answer(request)
}

func (w *wire) sent() []*http.Request {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.requests
}

// pauses are the times between one request and the next.
func (w *wire) pauses() []time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	var pauses []time.Duration
	for i := 1; i < len(w.times); i++ {
		pauses = append(pauses, w.times[i].Sub(w.times[i-1]))
	}
	return pauses
}

// says answers with a status, a body and headers, which are given as name, value, name, value.
func says(status int, body string, headers ...string) answerer {
	return saysFrom(status, func() io.Reader { return strings.NewReader(body) }, headers...)
}

func saysFrom(status int, body func() io.Reader, headers ...string) answerer {
	return func(request *http.Request) (*http.Response, error) {
		header := http.Header{}
		for i := 0; i < len(headers); i += 2 {
			header.Add(headers[i], headers[i+1])
		}
		return &http.Response{
			StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
			Header: header, Body: io.NopCloser(body()), Request: request,
		}, nil
	}
}

func breaks(err error) answerer {
	return func(*http.Request) (*http.Response, error) { return nil, err }
}

// hangs answers nothing until the request is given up.
func hangs(request *http.Request) (*http.Response, error) {
	<-request.Context().Done()
	return nil, request.Context().Err()
}

// readerFunc is a reader made of a function.
type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// newClient makes a client with a key, whose requests go to services at example.com through the given transport.
func newClient(t testing.TB, transport http.RoundTripper, changes ...func(*Config)) *Client {
	t.Helper()
	cfg := Config{
		Region:      Setting{Value: testRegion},
		Cloud:       Setting{Value: "example.com"},
		Credentials: StaticCredential(testKeys, "the test"),
		Language:    "en-us",
		UserAgent:   "hwgate-test",
		WrapTransport: func(http.RoundTripper) http.RoundTripper {
			return transport
		},
	}
	for _, change := range changes {
		change(&cfg)
	}
	c, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func retries(n int) func(*Config) { return func(cfg *Config) { cfg.MaxRetries = n } }

func credential(credential Credential) func(*Config) {
	return func(cfg *Config) { cfg.Credentials = StaticCredential(credential, "the test") }
}

// A caller makes one of the API calls.
type caller func(context.Context, *Client) (any, error)

// callers has every API call, with arguments that fit its documented answer, and documented has these answers: the examples of the API's
// pages. Each call is added by the test file that has its answer, so that every suite meets it.
var (
	callers    = map[string]caller{}
	documented = map[string]string{}
)

// documents adds a call.
func documents(name, answer string, call caller) { callers[name], documented[name] = call, answer }

// TestEveryCallIsDocumented finds an API call that no test file has added, and that the suites would therefore not meet.
func TestEveryCallIsDocumented(t *testing.T) {
	t.Parallel()
	met := map[reflect.Type]bool{}
	for name, call := range callers {
		got, err := decodeWith(t, call, documented[name])
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		met[reflect.TypeOf(got)] = true
	}
	calls := 0
	for method := range reflect.TypeFor[*Client]().Methods() {
		// An API call takes a context and gives a pointer to what it has read.
		if method.Type.NumOut() != 2 || method.Type.Out(0).Kind() != reflect.Pointer || method.Type.NumIn() < 2 ||
			method.Type.In(1) != reflect.TypeFor[context.Context]() {
			continue
		}
		calls++
		if !met[method.Type.Out(0)] {
			t.Errorf("no test file adds %s by documents()", method.Name)
		}
	}
	if calls != len(callers) {
		t.Errorf("%d calls, and %d are documented", calls, len(callers))
	}
}

// failure is the *Error that err has to be.
func failure(t testing.TB, err error) *Error {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("error %#v, want an *Error", err)
	}
	checkHarmless(t, err.Error())
	return e
}

// isTransient reports whether a later request may succeed: after throttling, a fault of the service, or a network error.
func isTransient(err error) bool {
	e, ok := Cause(err)
	return ok && (e.Kind().Retried() || e.Kind() == Failing || isNameError(e.Err))
}

// checkFailure checks that err is an *Error, and leaves the rest to the test.
func checkFailure(t testing.TB, err error) {
	t.Helper()
	_ = failure(t, err)
}

// checkHarmless checks that a text may be shown on a terminal and in a log.
func checkHarmless(t testing.TB, text string, secrets ...string) {
	t.Helper()
	if !utf8.ValidString(text) {
		t.Errorf("invalid UTF-8: %q", text)
	}
	if i := strings.IndexFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }); i >= 0 {
		t.Errorf("not a printable character at %d: %q", i, text)
	}
	if strings.Contains(text, "%!") {
		t.Errorf("a format verb was taken for one: %q", text)
	}
	for _, secret := range append(secrets, testSecretKey) {
		if strings.Contains(text, secret) {
			t.Errorf("the secret %q is in %q", secret, text)
		}
	}
}

// checkSigned checks a request as the gateway does, by the clock of the test.
func checkSigned(t testing.TB, request *http.Request) {
	t.Helper()
	verifier := authtest.Verifier{
		Secrets:  map[string]string{testAccessKey: testSecretKey},
		MustSign: []string{"Host", "X-Security-Token", "X-Project-Id", "X-Domain-Id", "X-User-Profile", "Workspace"},
	}
	if err := verifier.Verify(request); err != nil {
		t.Errorf("signature of %s: %v", request.URL, err)
	}
}

// query reads what is on the wire, strictly.
func query(t testing.TB, request *http.Request) url.Values {
	t.Helper()
	values, err := url.ParseQuery(request.URL.RawQuery)
	if err != nil {
		t.Fatal(err)
	}
	return values
}
