package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/hwgate/terraform-provider-hwgate/internal/text"
)

// call is a request to a service: a GET, or the POST of a sign-in.
type call struct {
	service Service
	step    Step
	target  Target
	// path is appended to the address of the service. Its segment jobName may have letters of any script.
	path    []string
	jobName string
	query   url.Values
	header  http.Header
	// body is what a sign-in sends, as JSON.
	body any
}

// pathSegment matches ids. No other value but the name of a job may be part of a path, so that none can change which API is called.
var pathSegment = regexp.MustCompile(`^[A-Za-z0-9_.-]*[A-Za-z0-9_-][A-Za-z0-9_.-]*$`)

var zone = regexp.MustCompile(`%[^\]]*\]`)

// get sends a call, with retries, and decodes the answer with read.
func get[T any](ctx context.Context, c *Client, call call, read func(fields) T) (value T, err error) {
	x, got, err := c.do(ctx, call, c.auth)
	if err != nil {
		return value, err
	}
	defer x.releaseMemory()
	result := read(got.answer)
	if err := ctx.Err(); err != nil {
		return value, x.noAnswerError(ctx, err)
	}
	if fault := got.answer.findings.err; fault != nil {
		return value, x.malformedAnswerError(got, fault)
	}
	return result, nil
}

// do sends a call, with retries. A nil auth sends no credential. Any answer but a success is an error.
func (c *Client) do(ctx context.Context, call call, auth *authenticator) (*exchange, reply, error) {
	x, err := c.newExchange(ctx, call)
	if err != nil {
		return nil, reply{}, err
	}
	x.auth = auth
	if f, ok := ctx.Value(flightKey{}).(*flight); ok {
		f.request.Store(&call)
	}
	got, failure := x.run(ctx)
	if failure != nil {
		x.releaseMemory()
		return x, got, failure
	}
	c.observeClock(got.header)
	got.answer.findings = &findings{ended: ctx.Err}
	return x, got, nil
}

// malformedAnswerError is the error of an answer that cannot be trusted. It repeats nothing of an object, which may be data.
func (x *exchange) malformedAnswerError(got reply, fault error) *Error {
	e := x.answerError(got)
	if !errors.Is(fault, errNoObject) {
		e.Code, e.Message = "", ""
	}
	e.Err = &sanitizedError{x.client.secrets.clean(fault.Error()), fault}
	return e
}

// malformedError is the error of an answer to a sign-in that lacks what was asked for.
func (x *exchange) malformedError(fault string) *Error {
	e := x.newError()
	e.Err = fmt.Errorf("%w: %s", ErrMalformed, fault)
	return e
}

// missing records that the answer lacks a required member.
func (f fields) missing(name string) { f.malformed("there is no " + name + " in it") }

func (c *Client) newExchange(ctx context.Context, call call) (*exchange, error) {
	u, err := c.endpoint(call.service, call.target.Region)
	if err != nil {
		return nil, err
	}
	for _, segment := range call.path {
		isName := call.jobName != "" && segment == call.jobName
		if isName && !IsJobName(segment) || !isName && !pathSegment.MatchString(segment) {
			return nil, fmt.Errorf("%q cannot be a part of a path", text.Plain(segment, 64))
		}
	}
	u.Path += "/" + strings.Join(call.path, "/")
	u.RawQuery = canonicalQuery(call.query)
	method, body := http.MethodGet, []byte(nil)
	if call.step != Read {
		method = http.MethodPost
		if body, err = json.Marshal(call.body); err != nil {
			return nil, fmt.Errorf("building the request: %w", err)
		}
	}
	request, err := http.NewRequestWithContext(ctx, method, u.String(), bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("building the request: %w", err)
	}
	// net/http sends the host without the zone of an IPv6 address.
	request.Host = zone.ReplaceAllString(request.Host, "]")
	maps.Copy(request.Header, call.header)
	request.Header.Set("Accept", "application/json")
	// A cached state may be outdated.
	request.Header.Set("Cache-Control", "no-cache")
	request.Header.Set("User-Agent", c.cfg.UserAgent)
	if call.step != Read {
		request.Header.Set("Content-Type", "application/json")
	}
	return &exchange{
		client: c, service: call.service.facts().owner, region: call.target.Region, step: call.step, request: request, body: body,
	}, nil
}

func (x *exchange) newError() *Error {
	u := x.request.URL
	return &Error{
		Service: x.service, Region: x.region, Method: x.request.Method, Scheme: u.Scheme, Host: u.Host, Path: u.Path,
		Attempts: x.attempts, Step: x.step, Credential: x.credential, CredentialKind: x.credentialKind,
	}
}

func (x *exchange) noAnswerError(ctx context.Context, err error) *Error {
	e := x.newError()
	if turn, ok := errors.AsType[*TurnError](err); ok {
		e.Err = turn
		return e
	}
	if errors.Is(err, ErrNoCredential) {
		e.Err = err
		return e
	}
	if refused, ok := errors.AsType[*RefusedError](err); ok {
		first := refused.First
		e.Status, e.Code, e.Message, e.RequestID = first.Status, first.Code, first.Message, first.RequestID
		e.Credential, e.CredentialKind, e.Err = first.Credential, first.CredentialKind, refused
		return e
	}
	if cause := Interruption(ctx); cause != nil {
		err = cause
	}
	e.Err = &sanitizedError{text: x.sanitize(err.Error(), messageLimit), err: err}
	return e
}

// Interruption is the error of a context that has ended, in words for people; nil if it has not.
func Interruption(ctx context.Context) error {
	if err := ctx.Err(); errors.Is(err, context.DeadlineExceeded) {
		return &sanitizedError{"timed out", err}
	}
	return ctx.Err()
}

// sanitizedError replaces the text of an error by one line without secrets.
type sanitizedError struct {
	text string
	err  error
}

func (e *sanitizedError) Error() string { return e.text }
func (e *sanitizedError) Unwrap() error { return e.err }
