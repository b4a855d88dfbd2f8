// Package recording keeps answers of the services as go-vcr cassettes, for tests and the demo.
//
// Replaying never reaches the network, and a request that is not recorded fails.
package recording

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"gopkg.in/dnaeon/go-vcr.v4/pkg/cassette"
	"gopkg.in/dnaeon/go-vcr.v4/pkg/recorder"
)

//go:embed cassettes
var cassettes embed.FS

// Documented returns the names of the recordings with the examples of the API's pages: one for each source and listing of failures.
func Documented() []string {
	files, err := fs.Glob(cassettes, "cassettes/documented/*.yaml")
	if err != nil {
		panic(err) // The pattern is malformed.
	}
	for i, file := range files {
		files[i] = strings.TrimSuffix(strings.TrimPrefix(file, "cassettes/"), ".yaml")
	}
	return files
}

// Exchange is a recorded request with its answer.
type Exchange struct {
	Method, URL string
	Status      int
	Header      http.Header
	Body        string
}

// Load returns the exchanges of a recording in order.
func Load(name string) ([]Exchange, error) {
	tape, err := cassette.LoadWithFS(path.Join("cassettes", name), embedded{})
	if err != nil {
		return nil, fmt.Errorf("opening the recording %s: %w", name, err)
	}
	var exchanges []Exchange
	for _, recorded := range tape.Interactions {
		exchanges = append(exchanges, Exchange{
			recorded.Request.Method, recorded.Request.URL, recorded.Response.Code, recorded.Response.Headers, recorded.Response.Body,
		})
	}
	return exchanges, nil
}

// Record starts a recording, in a folder, of the requests that it forwards to next. The function stop writes it, without secrets.
func Record(folder, name string, next http.RoundTripper) (transport http.RoundTripper, stop func() error, err error) {
	file := filepath.Join(folder, name)
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

// keptHeaders are the headers of an answer that the client reads. All others are dropped, and all headers of the request.
var keptHeaders = []string{"Content-Type", "Retry-After", "X-Request-Id"}

// scrub removes what may be secret: credentials, signatures, cookies, logs, parameter values, names of users.
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

// scrubbedMembers are members of answers that hold credentials or text by people.
var scrubbedMembers = []string{
	"message", "param_value", "creator", "error_msg", "errorMsg", "errorMessage", "remarks", "encoded_authorization_message",
	"access", "secret", "securitytoken", "access_key_id", "secret_access_key", "security_token",
}

// scrubBody also indents JSON for review. Anything else is dropped, since it cannot be scrubbed.
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

// embedded implements the file system of go-vcr with the embedded cassettes.
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
