// Package recording keeps answers of the services as go-vcr cassettes, for the tests and the demo.
//
// Replaying is the default: it never reaches the network, and a request that was not recorded fails. Recording has to be asked for,
// by the environment variable HWGATE_RECORD=1; CONTRIBUTING.md says how.
package recording

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"gopkg.in/dnaeon/go-vcr.v4/pkg/cassette"
	"gopkg.in/dnaeon/go-vcr.v4/pkg/recorder"
)

//go:embed cassettes
var cassettes embed.FS

// Documented are the recordings made of the examples on the API's pages, one a data source.
func Documented() []string {
	return []string{
		"documented/coc_script_order",
		"documented/coc_script_order_batch",
		"documented/coc_script_order_statistics",
		"documented/dataarts_instance_status",
		"documented/roma_fdi_task_statistics",
	}
}

// Recording tells whether answers of a live account are to be recorded.
func Recording() bool { return os.Getenv("HWGATE_RECORD") == "1" }

// Replay opens recordings to answer from, again and again. Unexpected requests are answered with 501 and told.
func Replay(unexpected func(*http.Request), names ...string) (http.RoundTripper, error) {
	return replay(sameURL, unexpected, names)
}

// Record starts a new recording, which sends requests on. Stop writes it, without what may be secret.
func Record(name string, next http.RoundTripper) (transport http.RoundTripper, stop func() error, err error) {
	return record(filepath.Join(sourceDir(), "cassettes", filepath.FromSlash(name)), next)
}

func record(file string, next http.RoundTripper) (transport http.RoundTripper, stop func() error, err error) {
	rec, err := recorder.New(file,
		recorder.WithMode(recorder.ModeRecordOnly),
		recorder.WithRealTransport(next),
		recorder.WithBlockUnsafeMethods(true),
		recorder.WithHook(scrub, recorder.BeforeSaveHook),
	)
	if err != nil {
		return nil, nil, fmt.Errorf("starting the recording %s: %w", file, err)
	}
	return rec, rec.Stop, nil
}

// Handler answers from recordings whatever host is asked, so that a server on loopback can stand in for all services.
func Handler(names ...string) (http.Handler, error) {
	transport, err := replay(samePath, func(*http.Request) {}, names)
	if err != nil {
		return nil, err
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer, err := transport.RoundTrip(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		defer answer.Body.Close()
		maps.Copy(w.Header(), answer.Header)
		w.WriteHeader(answer.StatusCode)
		_, _ = io.Copy(w, answer.Body)
	}), nil
}

type player struct {
	tapes      []*recorder.Recorder
	unexpected func(*http.Request)
}

func replay(same cassette.MatcherFunc, unexpected func(*http.Request), names []string) (http.RoundTripper, error) {
	p := player{unexpected: unexpected}
	for _, name := range names {
		tape, err := recorder.New(path.Join("cassettes", name),
			recorder.WithMode(recorder.ModeReplayOnly),
			recorder.WithFS(embedded{}),
			recorder.WithMatcher(same),
			recorder.WithReplayableInteractions(true),
			recorder.WithSkipRequestLatency(true),
		)
		if err != nil {
			return nil, fmt.Errorf("opening the recording %s: %w", name, err)
		}
		p.tapes = append(p.tapes, tape)
	}
	return p, nil
}

// RoundTrip answers from the first tape that has the request.
func (p player) RoundTrip(request *http.Request) (*http.Response, error) {
	for _, tape := range p.tapes {
		answer, err := tape.RoundTrip(request)
		if !errors.Is(err, cassette.ErrInteractionNotFound) {
			return answer, err
		}
	}
	p.unexpected(request)
	body := `{"error_code":"RECORDING.0001","error_msg":"this request is not in the recording"}`
	return &http.Response{
		StatusCode: http.StatusNotImplemented, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(body)), Request: request,
	}, nil
}

// sameURL finds the recorded answer to a request. Headers do not count: a signature differs each time.
func sameURL(request *http.Request, recorded cassette.Request) bool {
	return request.Method == recorded.Method && request.URL.String() == recorded.URL
}

func samePath(request *http.Request, recorded cassette.Request) bool {
	_, rest, _ := strings.Cut(recorded.URL, "://")
	_, target, _ := strings.Cut(rest, "/")
	return request.Method == recorded.Method && request.URL.RequestURI() == "/"+target
}

// keptHeaders are the headers of an answer that mean something to the client. All others go, and all of the request's.
var keptHeaders = []string{"Content-Type", "Retry-After", "X-Request-Id"}

// scrub takes out of an exchange whatever may be secret: credentials, signatures, cookies, log texts, parameter values, names of users.
func scrub(exchange *cassette.Interaction) error {
	exchange.Request.Headers, exchange.Request.Form, exchange.Request.Body = nil, nil, ""
	for name := range exchange.Response.Headers {
		if !slices.Contains(keptHeaders, name) {
			delete(exchange.Response.Headers, name)
		}
	}
	exchange.Response.Body = scrubBody(exchange.Response.Body)
	exchange.Response.ContentLength = int64(len(exchange.Response.Body))
	exchange.Response.Duration = 0
	return nil
}

// scrubbedMembers are members of answers whose values people write.
var scrubbedMembers = []string{
	"message", "param_value", "creator", "error_msg", "encoded_authorization_message", "access", "secret", "securitytoken",
	"access_key_id", "secret_access_key", "security_token",
}

// scrubBody also lays JSON out so that a person can review it. What is not JSON is dropped: nobody knows what is in it.
func scrubBody(body string) string {
	decoder := json.NewDecoder(strings.NewReader(body))
	decoder.UseNumber()
	var value any
	if decoder.Decode(&value) != nil {
		return "scrubbed"
	}
	scrubValue(value)
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	if encoder.Encode(value) != nil {
		return "scrubbed"
	}
	return text.String()
}

func scrubValue(value any) {
	switch value := value.(type) {
	case map[string]any:
		for name, member := range value {
			if _, text := member.(string); text && slices.Contains(scrubbedMembers, name) {
				value[name] = "scrubbed"
			} else {
				scrubValue(member)
			}
		}
	case []any:
		for _, element := range value {
			scrubValue(element)
		}
	}
}

// embedded gives go-vcr the cassettes inside the binary.
type embedded struct{}

func (embedded) ReadFile(name string) ([]byte, error) {
	return cassettes.ReadFile(filepath.ToSlash(name))
}

func (embedded) IsFileExists(name string) bool {
	_, err := cassettes.Open(filepath.ToSlash(name))
	return err == nil
}

func (embedded) WriteFile(name string, _ []byte) error {
	return fmt.Errorf("replaying must not write %s", name)
}

// sourceDir is the folder of this file.
func sourceDir() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Dir(file)
}
