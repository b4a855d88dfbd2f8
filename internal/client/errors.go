package client

import (
	"cmp"
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

// Error is the error of a request, with or without an answer. No field holds a secret, and all texts are sanitized single lines.
type Error struct {
	// Service, Region, Method, Scheme, Host and Path describe the request.
	Service                    Service
	Region                     string
	Method, Scheme, Host, Path string
	// Status is the HTTP status; 0 if there was no answer.
	Status int
	// Code and Message are the service's, or empty. Message has at most 512 bytes.
	Code, Message string
	// RequestID identifies the request for the vendor's support; may be empty.
	RequestID string
	// Step is the step of a sign-in that the request was.
	Step Step
	// Credential describes the credential without its secret, and CredentialKind says what it was; empty if none was sent.
	Credential     string
	CredentialKind CredentialKind
	// Attempts counts how often the request was sent.
	Attempts int
	// Err is a cause other than the service's own error: [ErrMalformed], a network error, the end of the context; may be nil.
	Err error
}

// Causes that an [Error] may wrap.
var (
	// ErrMalformed means that the answer is not as documented.
	ErrMalformed = errors.New("malformed answer")
	// ErrNoData is an ErrMalformed: a success without data, which COC may send before an order is visible.
	ErrNoData = fmt.Errorf("%w: there is no data in it", ErrMalformed)
	// ErrUnexpectedStatus means a status that is neither a success nor an error.
	ErrUnexpectedStatus = errors.New("unexpected status")
	// ErrTooLarge means that the answer exceeds the size limit.
	ErrTooLarge = errors.New("the answer is too large")
	// ErrAttemptTimeout means that the last attempt took too long.
	ErrAttemptTimeout = errors.New("no complete answer within " + attemptTimeout.String())
	// ErrRefusedBefore means that nothing was sent, since another request with the same credential was refused.
	ErrRefusedBefore = errors.New("not sent, since the same credential has been refused before")
	// ErrHTTPSWanted means that the request went out in plain HTTP, and the server wants HTTPS on this port.
	ErrHTTPSWanted = errors.New("the port speaks HTTPS")
	// ErrHeaderTooLarge means that the server takes no header as large as that of the request; only a token makes it large.
	ErrHeaderTooLarge = errors.New("the server does not accept such a large header")
	// ErrNoCredential means that nothing was sent, since no credential was available.
	ErrNoCredential = errors.New("no usable credential")
)

// NoCredentialError is an [ErrNoCredential] with its reason, which may be that of another one: an agency needs keys to be assumed with.
type NoCredentialError struct{ Reason error }

func (e *NoCredentialError) Error() string { return ErrNoCredential.Error() + ": " + e.Reason.Error() }

// Is implements [errors.Is] for [ErrNoCredential].
func (e *NoCredentialError) Is(target error) bool { return target == ErrNoCredential }

func (e *NoCredentialError) Unwrap() error { return e.Reason }

// Step is a step of a sign-in, each a request of its own.
type Step int

// The steps. The zero value is no step, but a read.
const (
	Read Step = iota
	// SignIn gets a token for a password.
	SignIn
	// ExchangeIdentity gets a token for the identity token of a CI system, and RequestKeys temporary keys for that token.
	ExchangeIdentity
	RequestKeys
	// AssumeRole gets temporary keys of an agency.
	AssumeRole
)

// PauseError means that the service asked for a pause that would outlast the deadline.
type PauseError struct{ Pause time.Duration }

func (e *PauseError) Error() string {
	return fmt.Sprintf("the service asked to wait %s, which is beyond the deadline", e.Pause.Round(time.Second))
}

// ProxyError is a proxy's refusal to connect. net/http would only report the text of the status.
type ProxyError struct {
	Proxy  string
	Status int
}

func (e *ProxyError) Error() string {
	return fmt.Sprintf("the proxy %s answered %d %s", e.Proxy, e.Status, http.StatusText(e.Status))
}

// RefusedError is an [ErrRefusedBefore] with the request that was refused first.
type RefusedError struct{ First *Error }

func (e *RefusedError) Error() string {
	return "not sent: " + e.First.Credential + " was already refused in this run"
}

// Is implements [errors.Is] for [ErrRefusedBefore].
func (e *RefusedError) Is(target error) bool { return target == ErrRefusedBefore }

// Error describes the request and the answer in one line.
func (e *Error) Error() string {
	asked := e.Method + " " + e.Host + e.Path
	if e.Attempts > 1 {
		asked += fmt.Sprintf(" (%d attempts)", e.Attempts)
	}
	return asked + ": " + e.Answer()
}

// Answer describes only the answer: status, code, message, cause and request id.
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

var orderInPath = regexp.MustCompile(`/script/orders/([^/]+)`)

// OrderID returns the id of the script order that was asked for; empty if the request was another one.
func (e *Error) OrderID() string {
	if found := orderInPath.FindStringSubmatch(e.Path); found != nil {
		return found[1]
	}
	return ""
}

// Cause returns the innermost [Error] of err: that of the sign-in if a read failed because of one.
func Cause(err error) (cause *Error, ok bool) {
	for {
		next, found := errors.AsType[*Error](err)
		if !found {
			return cause, cause != nil
		}
		cause, err = next, next.Err
	}
}

// Error codes for advice, whatever the status, as shortCode returns them. See also kind.go and refusalCodes.
var (
	workspaceCodes = []string{"DLF.0819", "DLF.20819", "DLS.6036"}
	jobCodes       = []string{"DLF.0100"}
	instanceCodes  = []string{"ROMA.00110002", "ROMA.00110006"}
	// parameterCodes mean that the gateway misses a parameter, which the message names.
	parameterCodes = []string{"APIG.0106"}
	// unpublishedCodes mean that the gateway does not know the API or the host.
	unpublishedCodes = []string{"APIG.0101"}
)

// codeIn reports whether the innermost [Error] of err has one of the codes.
func codeIn(err error, codes []string) bool {
	e, ok := Cause(err)
	return ok && slices.Contains(codes, shortCode(e.Code))
}

// HasServiceCode reports whether the code is that of a service, which may come with any status, and not of a gateway.
func (e *Error) HasServiceCode() bool {
	return serviceCode.MatchString(e.Code) && !strings.HasPrefix(shortCode(e.Code), "APIG.")
}

// IsNotFound reports whether the object does not exist. A 404 does not mean that: it comes from the gateway.
func IsNotFound(err error) bool { return KindOf(err) == NotFound }

// IsUnauthorized reports whether the credential was refused, now or before.
func IsUnauthorized(err error) bool { return KindOf(err) == Unauthorized }

// IsForbidden reports whether the caller was authenticated but lacks a permission.
func IsForbidden(err error) bool { return KindOf(err) == Forbidden }

// IsUnpublished reports whether a gateway does not know the API.
func IsUnpublished(err error) bool { return codeIn(err, unpublishedCodes) }

// IsWorkspaceMissing reports whether DataArts does not know the workspace, or has no default one.
func IsWorkspaceMissing(err error) bool { return codeIn(err, workspaceCodes) }

// IsWorkspaceRequired reports whether the gateway misses the header workspace: the project has no default workspace.
func IsWorkspaceRequired(err error) bool {
	e, ok := Cause(err)
	return ok && codeIn(e, parameterCodes) && strings.Contains(strings.ToLower(e.Message), "workspace")
}

// IsJobMissing reports whether DataArts does not know the job in this workspace.
func IsJobMissing(err error) bool { return codeIn(err, jobCodes) }

// IsInstanceMissing reports whether ROMA may not know the instance. FDI has no code for that, so any permanent error of FDI counts.
func IsInstanceMissing(err error) bool {
	e, ok := Cause(err)
	return ok && (codeIn(e, instanceCodes) || strings.HasSuffix(e.Code, ".7302") || (strings.HasPrefix(e.Code, "FDI.") && !e.Kind().Retried()))
}

const messageLimit = 512

// answerError is the error of an answer that is not a success.
func (x *exchange) answerError(got reply) *Error {
	requestID := cmp.Or(got.header.Get("X-Request-Id"), got.envelope.requestID, got.header.Get("X-Iam-Trace-Id"))
	e := x.newError()
	e.Status = got.status
	e.Code = x.sanitize(got.envelope.code, 64)
	e.Message = x.sanitize(got.envelope.message, messageLimit)
	e.RequestID = x.sanitize(requestID, 128, requestID)
	switch {
	case got.status < 300 && !x.accepts(got.status):
		e.Err = fmt.Errorf("%w: only HTTP 200 counts as an answer", ErrUnexpectedStatus)
	case got.status >= 300 && got.status < 400:
		e.Message = x.redirect(got.header.Get("Location"))
	case x.request.URL.Scheme == "http" && got.status == http.StatusBadRequest && httpsWanted.Match(got.start()):
		e.Err = ErrHTTPSWanted
	case got.status == http.StatusRequestHeaderFieldsTooLarge, got.envelope.code == "" && headerTooLarge.Match(got.start()):
		e.Err = ErrHeaderTooLarge
	}
	return e
}

// redirect describes a redirect without its query, which may be a session.
func (x *exchange) redirect(location string) string {
	to, err := url.Parse(location)
	if err != nil || to.Host == "" && to.Path == "" {
		return "the answer is a redirect, which is never followed"
	}
	to = &url.URL{Scheme: to.Scheme, Host: to.Host, Path: to.Path}
	return x.sanitize("the answer is a redirect to "+to.String()+", which is never followed", messageLimit, to.Host)
}

// longestText bounds what is searched for secrets, since only the start of a text is shown.
const longestText = 16 << 10

// sanitize makes untrusted text fit for an error. It keeps the given ids and those of the request, and removes secrets before it cuts.
func (x *exchange) sanitize(from string, limit int, ids ...string) string {
	clean := redactLongRuns(x.client.secrets.clean(text.Head(from, longestText)), append(ids, x.ids()...))
	// Next to the cut there may be a part of a secret.
	const margin = 512
	if len(from) > longestText && len(text.Plain(clean, longestText)) < limit+margin {
		return "***"
	}
	return text.Plain(clean, limit)
}

// ids are the parts of the request that redactLongRuns must keep.
func (x *exchange) ids() []string {
	u := x.request.URL
	ids := append(strings.Split(u.Path, "/"), u.Path, u.Hostname())
	for _, name := range []string{"X-Project-Id", "X-Domain-Id", "Workspace"} {
		ids = append(ids, x.request.Header.Get(name))
	}
	return ids
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
