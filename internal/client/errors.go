package client

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

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
	// ErrUnexpectedStatus says that a status is neither that of data nor that of an error.
	ErrUnexpectedStatus = errors.New("unexpected status")
	// ErrTooLarge says that the answer is larger than the client reads.
	ErrTooLarge = errors.New("the answer is too large")
	// ErrAttemptTimeout says that one attempt took too long.
	ErrAttemptTimeout = errors.New("no complete answer within " + attemptTimeout.String())
	// ErrRefusedBefore says that nothing was sent: another request with the same credential was refused.
	ErrRefusedBefore = errors.New("not sent, since the same credential has been refused before")
	// ErrNoCredential says that nothing was sent, since no credential was available.
	ErrNoCredential = errors.New("no usable credential")
)

// PauseError says that the service asked for a pause that lies beyond the deadline.
type PauseError struct{ Pause time.Duration }

func (e *PauseError) Error() string {
	return fmt.Sprintf("the service asked to wait %s, which is beyond the deadline", e.Pause.Round(time.Second))
}

// ProxyError is a proxy's refusal to connect; net/http would report the words of the status alone.
type ProxyError struct {
	Proxy  string
	Status int
}

func (e *ProxyError) Error() string {
	return fmt.Sprintf("the proxy %s answered %d %s", e.Proxy, e.Status, http.StatusText(e.Status))
}

// RefusedError is an [ErrRefusedBefore] that knows which request was refused. First.Credential names the credential.
type RefusedError struct{ First *Error }

func (e *RefusedError) Error() string {
	return "not sent: " + e.First.Credential + " was already refused in this run"
}

// Is makes it an [ErrRefusedBefore].
func (e *RefusedError) Is(target error) bool { return target == ErrRefusedBefore }

// Error names the request, what came back and why that is a failure, in one line.
func (e *Error) Error() string {
	asked := e.Method + " " + e.Host + e.Path
	if e.Attempts > 1 {
		asked += fmt.Sprintf(" (%d attempts)", e.Attempts)
	}
	return asked + ": " + e.Answer()
}

// Answer is the part of the error that says what came back: status, code, message, request id and cause.
func (e *Error) Answer() string {
	var status, cause string
	if e.Status != 0 {
		status = strings.TrimRight(fmt.Sprintf("HTTP %d %s", e.Status, http.StatusText(e.Status)), " ")
	}
	if e.Err != nil {
		cause = e.Err.Error()
	}
	parts := []string{status, e.Code, e.Message, cause}
	line := strings.Join(slices.DeleteFunc(parts, func(part string) bool { return part == "" }), ": ")
	if e.RequestID != "" {
		line += " (request id " + e.RequestID + ")"
	}
	return line
}

func (e *Error) Unwrap() error { return e.Err }

// Cause gives the failed request behind an error: the sign-in's, where that is why a read failed.
func Cause(err error) (cause *Error, ok bool) {
	for {
		next, found := errors.AsType[*Error](err)
		if !found {
			return cause, cause != nil
		}
		cause, err = next, next.Err
	}
}

// The codes of errors that have a meaning of their own, whatever the status beside them. Codes of the gateway stand under its short
// prefix. Those of refused credentials are refusalCodes, those of passing faults transientCodes.
var (
	// COC has no other way to say that there is no such order; the status is 400.
	notFoundCodes  = []string{"COC.00040709"}
	forbiddenCodes = []string{"ROMA.1006", "DLF.6888"}
	workspaceCodes = []string{"DLF.0819", "DLF.20819", "DLS.6036"}
	instanceCodes  = []string{"ROMA.00110002", "ROMA.00110006"}
	// unpublishedCodes say that the gateway has no such API, or no host of that name.
	unpublishedCodes = []string{"APIG.0101"}
)

func hasCode(err error, codes []string) bool {
	e, ok := Cause(err)
	return ok && slices.Contains(codes, shortCode(e.Code))
}

// IsNotFound tells whether the service said that the object does not exist. A 404 does not say so: it comes from the gateway.
func IsNotFound(err error) bool { return hasCode(err, notFoundCodes) }

// IsUnauthorized tells whether the credential was refused, or refused before and so not used again.
func IsUnauthorized(err error) bool {
	e, ok := Cause(err)
	return ok && isRefusal(e.Status, e.Code)
}

// IsForbidden tells whether the caller was recognized but lacks a right.
func IsForbidden(err error) bool {
	e, ok := Cause(err)
	return ok && !isRefusal(e.Status, e.Code) && (e.Status == http.StatusForbidden || hasCode(e, forbiddenCodes))
}

// IsUnpublished tells whether a gateway said that it has no such API.
func IsUnpublished(err error) bool { return hasCode(err, unpublishedCodes) }

// IsWorkspaceMissing tells whether DataArts said that there is no such workspace, or no default one.
func IsWorkspaceMissing(err error) bool { return hasCode(err, workspaceCodes) }

// IsInstanceMissing tells whether ROMA said that there is no such instance. FDI has no code of its own for that, so any lasting error of
// FDI may be one.
func IsInstanceMissing(err error) bool {
	e, ok := Cause(err)
	return ok && (hasCode(e, instanceCodes) || strings.HasSuffix(e.Code, ".7302") || (strings.HasPrefix(e.Code, "FDI.") && !IsRetried(e)))
}

// IsTransient tells whether asking again later may help: throttling, a fault on the service's side, or the network.
func IsTransient(err error) bool {
	e, ok := Cause(err)
	if !ok || errors.Is(e.Err, ErrMalformed) || errors.Is(e.Err, ErrTooLarge) ||
		errors.Is(e.Err, ErrNoCredential) || errors.Is(e.Err, ErrRefusedBefore) {
		return false
	}
	if e.Status != 0 {
		return !isRefusal(e.Status, e.Code) && (e.Status >= 500 || e.Status == http.StatusTooManyRequests)
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

// answerError makes the Error of an answer that is not what was asked for: by its status, or by the error that stands in it.
func (x *exchange) answerError(got reply) *Error {
	body := parseErrorBody(got.body)
	requestID := cmp.Or(got.header.Get("X-Request-Id"), body.requestID, got.header.Get("X-Iam-Trace-Id"))
	e := x.newError()
	e.Status = got.status
	e.Code = x.sanitize(body.code, 64)
	e.Message = x.sanitize(body.message, messageLimit)
	e.RequestID = x.sanitize(requestID, 128, requestID)
	switch {
	case got.status < 300 && !x.accepts(got.status):
		e.Err = fmt.Errorf("%w: only HTTP 200 counts as an answer", ErrUnexpectedStatus)
	case got.status >= 300 && got.status < 400:
		e.Message = x.redirect(got.header.Get("Location"))
	}
	return e
}

// redirect describes a redirect without the part of the address that may be a session.
func (x *exchange) redirect(location string) string {
	to, err := url.Parse(location)
	if err != nil || to.Host == "" && to.Path == "" {
		return "the answer is a redirect, which is never followed"
	}
	to = &url.URL{Scheme: to.Scheme, Host: to.Host, Path: to.Path}
	return x.sanitize("the answer is a redirect to "+to.String()+", which is never followed", messageLimit, to.Host)
}

// sanitize makes a text from outside fit for an error: secrets first, so that no cut leaves a part of one. Ids of the request, and those
// given, are no secrets.
func (x *exchange) sanitize(from string, limit int, ids ...string) string {
	return text.Plain(redactLongRuns(x.client.secrets.clean(from), append(ids, x.ids()...)), limit)
}

// ids are what a message may repeat of the request, however long it is.
func (x *exchange) ids() []string {
	u := x.request.URL
	ids := append(strings.Split(u.Path, "/"), u.Path, u.Hostname())
	for _, name := range []string{"X-Project-Id", "X-Domain-Id", "Workspace"} {
		ids = append(ids, x.request.Header.Get(name))
	}
	return ids
}

// errorBody is what an error body tells.
type errorBody struct{ code, message, requestID string }

// parseErrorBody reads the error envelopes of the services, the gateway and IAM. Of any other body, which may be data or hold what a
// proxy was sent, the message says the kind and the size alone.
func parseErrorBody(body []byte) errorBody {
	answer, err := parse(body)
	if err != nil {
		return errorBody{message: describeBody(body)}
	}
	envelope, ok := errorIn(answer)
	if !ok {
		envelope.message = describeBody(body)
	}
	envelope.requestID = deref(answer.text("request_id"))
	return envelope
}

// errorNames are the names that envelopes have for code and message. No data has them at the top.
var errorNames = [][2]string{{"error_code", "error_msg"}, {"errorCode", "errorMsg"}, {"errCode", "externalMessage"}}

// errorIn reads an envelope: the answer, its member error, as IAM has it, or its only member, unless that is data.
func errorIn(answer fields) (found errorBody, ok bool) {
	if found, ok = errorAtTop(answer); ok {
		return found, true
	}
	if nested := answer.object("error"); nested != nil {
		found = errorBody{code: deref(nested.text("code")), message: deref(nested.text("message"))}
		return found, found != errorBody{}
	}
	for name := range answer.values {
		if nested := answer.object(name); nested != nil && name != "data" && len(answer.values) == 1 {
			return genericError(*nested)
		}
	}
	return errorBody{}, false
}

func errorAtTop(answer fields) (found errorBody, ok bool) {
	for _, names := range errorNames {
		if code, message := answer.text(names[0]), answer.text(names[1]); code != nil || message != nil {
			return errorBody{code: deref(code), message: deref(message)}, true
		}
	}
	return genericError(answer)
}

// genericError reads an envelope whose names data may have too: a log is called message. It has to have both, and nothing of its own.
func genericError(f fields) (found errorBody, ok bool) {
	code, message := f.text("code"), f.text("message")
	if code == nil || message == nil {
		return errorBody{}, false
	}
	for name := range f.values {
		if !slices.Contains([]string{"code", "message", "title", "request_id"}, name) {
			return errorBody{}, false
		}
	}
	return errorBody{code: *code, message: *message}, true
}

var htmlTitle = regexp.MustCompile(`(?is)<title[^>]*>(.*?)</title>`)

// describeBody describes a body without repeating it, but for the title of a page.
func describeBody(body []byte) string {
	trimmed := bytes.TrimSpace(body)
	kind := "text"
	switch {
	case len(trimmed) == 0:
		return "empty body"
	case trimmed[0] == '<':
		kind = "HTML page"
		if title := htmlTitle.FindSubmatch(trimmed); title != nil {
			kind += ` "` + strings.Join(strings.Fields(html.UnescapeString(string(title[1]))), " ") + `"`
		}
	case json.Valid(trimmed):
		kind = "JSON " + strings.TrimPrefix(strings.TrimPrefix(jsonType(trimmed), "a "), "an ")
	case trimmed[0] == '{' || trimmed[0] == '[':
		kind = "invalid JSON"
	case !utf8.Valid(trimmed):
		kind = "binary data"
	}
	return kind + ", " + formatSize(len(body))
}

func formatSize(n int) string {
	switch {
	case n < 1000:
		return fmt.Sprintf("%d bytes", n)
	case n < 1_000_000:
		return fmt.Sprintf("%.1f kB", float64(n)/1000)
	default:
		return fmt.Sprintf("%.1f MB", float64(n)/1_000_000)
	}
}

func deref[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}
