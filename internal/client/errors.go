package client

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/hwgate/terraform-provider-hwgate/internal/text"
)

// Error is how every request fails that was built: with an answer of the service that is not the one asked for, or without any
// answer. No field holds a secret, and the texts are harmless single lines.
type Error struct {
	// Service is whose host was asked, and Region the region it was asked for; Method, Scheme, Host and Path say what.
	Service                    Service
	Region                     string
	Method, Scheme, Host, Path string
	// Status is the HTTP status, 0 when there was no answer.
	Status int
	// Code and Message are the service's own, empty when it gave none. Message has at most 512 bytes.
	Code, Message string
	// RequestID is what the vendor's support asks for, empty when the service gave none.
	RequestID string
	// Credential describes what the request was authenticated with, without a secret; empty when nothing was sent.
	Credential string
	// Attempts is how often the request was sent.
	Attempts int
	// Err is the cause where the service's answer is not the whole story: [ErrMalformed], a network error, the context's end.
	Err error
}

// Causes that an [Error] may wrap.
var (
	// ErrMalformed says that the answer is not what the API's page describes.
	ErrMalformed = errors.New("malformed answer")
	// ErrTooLarge says that the answer is larger than the client reads.
	ErrTooLarge = errors.New("the answer is too large")
	// ErrAttemptTimeout says that one attempt took too long.
	ErrAttemptTimeout = errors.New("no complete answer within " + attemptTimeout.String())
	// ErrRefusedBefore says that nothing was sent: another request with the same credential was refused.
	ErrRefusedBefore = errors.New("not sent, since the same credential has been refused before")
	// ErrNoCredential says that nothing was sent, since no credential could be had.
	ErrNoCredential = errors.New("no usable credential")
)

// PauseError says that the service asked for a pause that lies beyond the deadline.
type PauseError struct{ Pause time.Duration }

// Error implements error.
func (e *PauseError) Error() string {
	return fmt.Sprintf("the service asked to wait %s, which is beyond the deadline", e.Pause.Round(time.Second))
}

// ProxyError is a proxy's refusal to connect; net/http would report the words of the status alone.
type ProxyError struct {
	Proxy  string
	Status int
}

// Error implements error.
func (e *ProxyError) Error() string {
	return fmt.Sprintf("the proxy %s answered %d %s", e.Proxy, e.Status, http.StatusText(e.Status))
}

// RefusedError is an [ErrRefusedBefore] that knows which request was refused. First.Credential names the credential.
type RefusedError struct{ First *Error }

// Error implements error.
func (e *RefusedError) Error() string {
	return "not sent: " + e.First.Credential + " was already refused in this run"
}

// Is makes it an [ErrRefusedBefore].
func (e *RefusedError) Is(target error) bool { return target == ErrRefusedBefore } //nolint:errorlint // this is what errors.Is calls

// Error names the request, what came back and why that is a failure, in one line.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s%s", e.Method, e.Host, e.Path)
	if e.Attempts > 1 {
		fmt.Fprintf(&b, " (%d attempts)", e.Attempts)
	}
	b.WriteString(": ")
	b.WriteString(e.Answer())
	return b.String()
}

// Answer is the part of the error that says what came back: status, code, message, request id and cause.
func (e *Error) Answer() string {
	var parts []string
	if e.Status != 0 {
		parts = append(parts, strings.TrimRight(fmt.Sprintf("HTTP %d %s", e.Status, http.StatusText(e.Status)), " "))
	}
	if said := strings.Join(slices.DeleteFunc([]string{e.Code, e.Message}, func(s string) bool { return s == "" }), ": "); said != "" {
		parts = append(parts, said)
	}
	if e.Err != nil {
		parts = append(parts, e.Err.Error())
	}
	line := strings.Join(parts, ": ")
	if e.RequestID != "" {
		line += " (request id " + e.RequestID + ")"
	}
	return line
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// Cause gives the failed request behind an error: the log-in's, where that is why a read failed.
func Cause(err error) (cause *Error, ok bool) {
	for {
		next, found := errors.AsType[*Error](err)
		if !found {
			return cause, cause != nil
		}
		cause, err = next, next.Err
	}
}

// codeOrderNotFound is COC's only way to say that there is no such order; the HTTP status is 400.
const codeOrderNotFound = "COC.00040709"

// IsNotFound tells whether the service said that the object does not exist. A 404 does not say so: it comes from the gateway.
func IsNotFound(err error) bool {
	e, ok := Cause(err)
	return ok && e.Code == codeOrderNotFound
}

// IsUnauthorized tells whether the credential was refused, or refused before and so not used again.
func IsUnauthorized(err error) bool {
	e, ok := Cause(err)
	return ok && refuses(e.Status, e.Code)
}

// IsForbidden tells whether the caller was recognized but lacks a right.
func IsForbidden(err error) bool {
	e, ok := Cause(err)
	return ok && !refuses(e.Status, e.Code) &&
		(e.Status == http.StatusForbidden || e.Code == "ROMA.1006" || e.Code == "DLF.6888")
}

// IsTransient tells whether asking again later may help: throttling, a fault on the service's side, or the network.
func IsTransient(err error) bool {
	e, ok := Cause(err)
	if !ok || errors.Is(e.Err, ErrMalformed) || errors.Is(e.Err, ErrTooLarge) ||
		errors.Is(e.Err, ErrNoCredential) || errors.Is(e.Err, ErrRefusedBefore) {
		return false
	}
	if e.Status != 0 {
		return !refuses(e.Status, e.Code) && (e.Status >= 500 || e.Status == http.StatusTooManyRequests)
	}
	return retryableFailure(e.Err) || isNameError(e.Err)
}

// IsRetried tells whether the policy of retrying repeats a request that failed so: what was repeated in vain may still pass later.
func IsRetried(e *Error) bool {
	if e.Status != 0 {
		return retryableStatus(e.Status, e.Code)
	}
	return IsTransient(e) && retryableFailure(e.Err)
}

const messageLimit = 512

// failure makes the Error of an answer with a status that is not 200, or of a 200 that holds an error instead of the data.
func (x *exchange) failure(got reply) *Error {
	status, header := got.status, got.header
	said := parseErrorBody(got.body)
	if said.requestID == "" || header.Get("X-Request-Id") != "" {
		said.requestID = header.Get("X-Request-Id")
	}
	if said.requestID == "" {
		said.requestID = header.Get("X-Iam-Trace-Id")
	}
	e := x.blank()
	e.Status = status
	e.Code = x.plain(said.code, 64)
	e.Message = x.plain(said.message, messageLimit)
	e.RequestID = x.plain(said.requestID, 128)
	if status >= 300 && status < 400 {
		e.Message = "the answer is a redirect, which is never followed"
		if to, err := url.Parse(header.Get("Location")); err == nil && *to != (url.URL{}) {
			// The rest of the address may be a session.
			to = &url.URL{Scheme: to.Scheme, Host: to.Host, Path: to.Path}
			e.Message = x.plain("the answer is a redirect to "+to.String()+", which is never followed", messageLimit)
		}
	}
	return e
}

// plain makes a text from outside fit for an error: secrets first, so that no cut leaves a part of one.
func (x *exchange) plain(from string, limit int) string {
	return text.Plain(x.client.secrets.clean(from), limit)
}

// said is what an error body tells.
type said struct{ code, message, requestID string }

// parseErrorBody reads the shapes of error bodies that the services, the gateway, IAM and proxies send. What it cannot read it
// gives back as the message.
func parseErrorBody(body []byte) said {
	var values map[string]json.RawMessage
	if json.Unmarshal(body, &values) != nil || values == nil {
		return said{message: rawMessage(body)}
	}
	top := fields{values: values, found: &findings{}}
	answer := said{requestID: deref(top.text("request_id"))}
	if answer.read(top) {
		return answer
	}
	names := make([]string, 0, len(values))
	for name := range values {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if nested := top.object(name); nested != nil && answer.read(*nested) {
			return answer
		}
	}
	answer.message = rawMessage(body)
	return answer
}

// errorNames are the names that the services give code and message, in the order of preference.
var errorNames = [][2]string{{"error_code", "error_msg"}, {"errorCode", "errorMsg"}, {"errCode", "externalMessage"}, {"code", "message"}}

func (s *said) read(f fields) bool {
	for _, name := range errorNames {
		code, message := f.text(name[0]), f.text(name[1])
		if code != nil || message != nil {
			s.code, s.message = deref(code), deref(message)
			return true
		}
	}
	return false
}

var (
	htmlTitle = regexp.MustCompile(`(?is)<title[^>]*>(.*?)</title>`)
	htmlTag   = regexp.MustCompile(`(?s)<[^>]*>`)
)

// rawMessage describes a body that is not the JSON of an error: its first words, or the title of a page.
func rawMessage(body []byte) string {
	trimmed := bytes.TrimSpace(body)
	switch {
	case len(trimmed) == 0:
		return "empty body"
	case trimmed[0] == '<':
		if title := htmlTitle.FindSubmatch(trimmed); title != nil {
			return "HTML page: " + string(title[1])
		}
		return "HTML page: " + string(htmlTag.ReplaceAll(trimmed, []byte(" ")))
	default:
		return "not the JSON of an error: " + string(trimmed)
	}
}

func deref[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}
