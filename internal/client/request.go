package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/hwgate/terraform-provider-hwgate/internal/text"
)

// call is one request to a service: a GET, or a POST when it has a body.
type call struct {
	service Service
	target  Target
	// path is put behind the address of the service, segment by segment.
	path   []string
	query  url.Values
	header http.Header
	// body is sent as JSON. Only log-ins have one.
	body any
}

// pathSegment is what ids are made of. Nothing else reaches a path, so that no value can change which API is called.
var pathSegment = regexp.MustCompile(`^[A-Za-z0-9_.-]*[A-Za-z0-9_-][A-Za-z0-9_.-]*$`)

// get sends a call, with retries, and reads the JSON object it answers with.
func get[T any](ctx context.Context, c *Client, call call, read func(fields) T) (T, []string, error) {
	var zero T
	x, got, err := c.ask(ctx, call, c.auth)
	if err != nil {
		return zero, nil, err
	}
	answer := fields{found: &findings{}}
	if err := json.Unmarshal(got.body, &answer.values); err != nil || answer.values == nil {
		e := x.failure(got)
		if trimmed := bytes.TrimSpace(got.body); len(trimmed) > 0 && trimmed[0] != '<' {
			// Anything but a page may be a part of the data, which errors never repeat.
			e.Message = ""
		}
		e.Err = fmt.Errorf("%w: not a JSON object", ErrMalformed)
		return zero, nil, e
	}
	value := read(answer)
	switch err := answer.found.err; {
	case errors.Is(err, errInstead):
		return zero, nil, x.failure(got)
	case err != nil:
		e := x.failure(reply{status: got.status, header: got.header})
		e.Message, e.Err = "", err
		return zero, nil, e
	}
	return value, answer.found.warnings, nil
}

// ask sends a call, with retries, under the credentials of an authenticator (nil for none). Any answer but a success is an error.
func (c *Client) ask(ctx context.Context, call call, auth *authenticator) (*exchange, reply, error) {
	x, err := c.newExchange(ctx, call)
	if err != nil {
		return nil, reply{}, err
	}
	x.auth = auth
	got, err := x.run()
	if err == nil && !isSuccess(got.status) {
		err = x.failure(got)
	}
	return x, got, err
}

func isSuccess(status int) bool { return status >= 200 && status < 300 }

// malformed is the error of an answer that lacks what it is all about.
func (x *exchange) malformed(fault string) *Error {
	e := x.blank()
	e.Err = fmt.Errorf("%w: %s", ErrMalformed, fault)
	return e
}

// errInstead marks a 200 that holds an error and no data, as some COC endpoints send.
var errInstead = errors.New("an error instead of the data")

// data reads the object that the COC answers are wrapped in.
func data[T any](read func(fields) T) func(fields) T {
	return func(answer fields) T {
		if answer.member("data") == nil {
			var zero T
			answer.missing("data")
			return zero
		}
		object := answer.need().object("data")
		if object == nil {
			var zero T
			return zero
		}
		return read(object.inform())
	}
}

// missing notes that an answer lacks what it is all about.
func (f fields) missing(name string) {
	if f.member("error_code") != nil {
		f.found.err = errInstead
	} else {
		f.malformed("there is no " + name + " in it")
	}
}

func (c *Client) newExchange(ctx context.Context, call call) (*exchange, error) {
	u, err := c.endpoint(call.service, call.target.Region)
	if err != nil {
		return nil, err
	}
	for _, segment := range call.path {
		if !pathSegment.MatchString(segment) {
			return nil, fmt.Errorf("%q cannot be a part of a path", text.Plain(segment, 64))
		}
	}
	u.Path += "/" + strings.Join(call.path, "/")
	u.RawQuery = canonicalQuery(call.query)
	method, body := http.MethodGet, []byte(nil)
	if call.body != nil {
		method = http.MethodPost
		if body, err = json.Marshal(call.body); err != nil {
			return nil, fmt.Errorf("building the request: %w", err)
		}
	}
	request, err := http.NewRequestWithContext(ctx, method, u.String(), bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("building the request: %w", err)
	}
	maps.Copy(request.Header, call.header)
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", c.cfg.UserAgent)
	if call.body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	return &exchange{client: c, service: call.service.owner(), region: call.target.Region, request: request, body: body}, nil
}

// reply is an answer that has been read.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// run makes attempts until there is an answer that another attempt would not better. The error is always an *Error.
func (x *exchange) run() (reply, error) {
	request, err := retryablehttp.FromRequest(x.request)
	if err != nil {
		return reply{}, x.noAnswer(err)
	}
	loop := retryablehttp.Client{
		HTTPClient: &http.Client{
			Transport:     x,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		// The policy counts by itself: a renewed credential is one attempt more.
		RetryMax:     x.client.cfg.MaxRetries + 1,
		CheckRetry:   x.checkRetry,
		Backoff:      x.backoff,
		ErrorHandler: retryablehttp.PassthroughErrorHandler,
	}
	response, err := loop.Do(request)
	var pause *PauseError
	if response == nil || (err != nil && !errors.As(err, &pause)) {
		return reply{}, x.noAnswer(err)
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(response.Body) // from memory: cannot fail
	got := reply{response.StatusCode, response.Header, body}
	if pause != nil {
		e := x.failure(got)
		e.Err = pause
		return reply{}, e
	}
	return got, nil
}

// noAnswer is the error of a request that got no answer.
func (x *exchange) noAnswer(err error) *Error {
	e := x.blank()
	var (
		wrapper    *url.Error
		refused    *refusedError
		credential *credentialError
		turn       *TurnError
	)
	switch {
	case errors.As(err, &turn):
		e.Err = turn
		return e
	case errors.As(err, &refused):
		first := refused.first
		e.Status, e.Code, e.Message, e.RequestID = first.Status, first.Code, first.Message, first.RequestID
		e.Credential, e.Err = first.Credential, &RefusedError{first}
		return e
	case errors.As(err, &credential):
		e.Err = fmt.Errorf("%w: %w", ErrNoCredential, credential.err)
		return e
	case errors.As(err, &wrapper):
		// It repeats method and URL, which the Error has.
		err = wrapper.Err
	}
	if cause := x.request.Context().Err(); cause != nil {
		err = cause
	}
	e.Err = &plainError{text: x.plain(err.Error(), messageLimit), err: err}
	return e
}

// plainError shows an error as a harmless line without secrets.
type plainError struct {
	text string
	err  error
}

func (e *plainError) Error() string { return e.text }
func (e *plainError) Unwrap() error { return e.err }
