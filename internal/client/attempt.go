package client

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

const (
	// attemptTimeout bounds an attempt, from connecting to the end of the body.
	attemptTimeout = 30 * time.Second
	// maxAge is the age from which on an answer of a cache is not taken for the state.
	maxAge = time.Minute
	// bodyLimit bounds an answer. A batch holds ten logs of 1 MB, and JSON may write a byte as six.
	bodyLimit = 128 << 20
	// smallBody is the largest body that is read without a share of Client.memory.
	smallBody = 1 << 20
	// memoryLimit bounds the total size of large bodies that a client reads and decodes at a time.
	memoryLimit = 2 * bodyLimit
)

// exchange is a request with all its attempts. It is not safe for concurrent use.
type exchange struct {
	client  *Client
	service Service
	region  string
	step    Step
	request *http.Request
	body    []byte
	// auth is nil for a request without a credential.
	auth *authenticator

	// attempts counts how often the request was sent. credential describes the credential of the last attempt.
	attempts       int
	credential     string
	credentialKind CredentialKind
	// lent is the credential of the attempt under way; nil without one.
	lent *lease
	// heldMemory is the share of Client.memory for the last answer.
	heldMemory int64
}

// reply is an answer. Its status is 0 if there was none.
type reply struct {
	status int
	header http.Header
	body   []byte
	// answer is the parsed body. If it is not a JSON object, fault says why.
	answer fields
	fault  error
	// envelope is the error in the answer. Without one it describes the body, unless that is a success.
	envelope errorBody
}

// accepts reports whether a status is a success: 200 for reads, since others, such as 206, may lack data, and 201 too for sign-ins.
func (x *exchange) accepts(status int) bool {
	return status == http.StatusOK || (status == http.StatusCreated && x.step != Read)
}

// attempt sends the request once, with its own credential and signature. A credential that was refused, now or before, is returned.
func (x *exchange) attempt(ctx context.Context) (got reply, refused *Credential, failure *Error) {
	x.releaseMemory()
	request := x.request.Clone(ctx)
	if x.step != Read {
		request.Body = io.NopCloser(bytes.NewReader(x.body))
	}
	if x.auth == nil {
		got, failure = x.send(request)
		return got, nil, failure
	}
	lent, err := x.auth.borrow(ctx, x.service, request.URL.Host)
	if err != nil {
		if lent != nil {
			refused = &lent.Credential
		}
		return reply{}, refused, x.noAnswerError(ctx, err)
	}
	defer lent.release()
	x.lent, x.credential, x.credentialKind = lent, lent.describe(), lent.Kind()
	lent.authenticate(request, x.body, time.Now())
	got, failure = x.send(request)
	// The status counts even if reading the body failed: a refusal must not be forgotten.
	if lent.recordAnswer(got, func() *Error { return x.answerError(got) }) {
		refused = &lent.Credential
	}
	return got, refused, failure
}

// send sends a request, and reads and parses the whole answer within attemptTimeout.
func (x *exchange) send(request *http.Request) (reply, *Error) {
	ctx, cancel := context.WithTimeoutCause(request.Context(), attemptTimeout, ErrAttemptTimeout)
	defer cancel()
	x.attempts++
	start := time.Now()
	got, err := x.roundTrip(request.WithContext(ctx))
	if err == nil {
		err = got.parse(ctx, x.accepts(got.status))
	}
	if err != nil && errors.Is(context.Cause(ctx), ErrAttemptTimeout) {
		err = ErrAttemptTimeout
	}
	err = withoutQuotes(err)
	x.log(ctx, start, got, err)
	if err != nil {
		x.releaseMemory()
		return got, x.noAnswerError(request.Context(), err)
	}
	return got, x.failure(got)
}

// parse sets answer, fault and envelope. It fails only if the context ends.
func (got *reply) parse(ctx context.Context, success bool) error {
	got.answer, got.fault = parse(ctx, got.body)
	if err := ctx.Err(); err != nil && success {
		return err
	}
	found := false
	if got.fault == nil {
		got.envelope, found = errorIn(got.answer, success)
		got.envelope.requestID = deref(got.answer.text("request_id"))
		if success {
			got.fault = got.answer.findings.err // an error code that cannot be read
		}
	}
	if !found && (!success || got.fault != nil) {
		got.envelope.message = describeBody(got.body, got.header.Get("Content-Type"))
	}
	return nil
}

// isStale reports whether a cache sent an answer that is older than maxAge.
func (got reply) isStale() bool {
	age, err := strconv.ParseUint(got.header.Get("Age"), 10, 64)
	return (err == nil || errors.Is(err, strconv.ErrRange)) && age > uint64(maxAge/time.Second)
}

// failure is the error of an answer, nil for a success.
func (x *exchange) failure(got reply) *Error {
	switch {
	case !x.accepts(got.status):
		return x.answerError(got)
	case got.fault != nil:
		return x.malformedAnswerError(got, got.fault)
	case got.isStale():
		return x.malformedAnswerError(got, fmt.Errorf("%w: a cache on the way answered, with a state that is out of date", ErrMalformed))
	case got.envelope.sign != "":
		e := x.answerError(got)
		if e.Code == "" {
			e.Err = fmt.Errorf("%w: its member %s says that there was an error", ErrMalformed, got.envelope.sign)
		}
		return e
	default:
		return nil
	}
}

var quotedText = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)

// withoutQuotes removes what net/http quotes of a malformed answer, which may be part of a log. TLS errors quote nothing secret.
func withoutQuotes(err error) error {
	if err == nil || isTLSError(err) {
		return err
	}
	if plain := quotedText.ReplaceAllString(err.Error(), `"…"`); plain != err.Error() {
		return &sanitizedError{plain, err}
	}
	return err
}

func (x *exchange) roundTrip(request *http.Request) (reply, error) {
	response, err := x.client.transport.RoundTrip(request)
	if record, ok := errors.AsType[tls.RecordHeaderError](err); ok && string(record.RecordHeader[:]) == "HTTP/" {
		err = http.ErrSchemeMismatch
	}
	// An alert of TLS is what some servers answer to plain HTTP.
	if err != nil && strings.Contains(err.Error(), `malformed HTTP response "\x15\x03`) {
		err = ErrHTTPSWanted
	}
	if errors.Is(err, io.EOF) {
		err = fmt.Errorf("the connection was closed without an answer: %w", err)
	}
	if err != nil {
		return reply{}, err
	}
	defer response.Body.Close()
	got := reply{status: response.StatusCode, header: response.Header}
	switch {
	case got.status < 200:
		// The connection switched protocols (101): there is no body, and a read could block forever.
	case x.accepts(got.status):
		got.body, err = x.readAnswer(request.Context(), response)
	default:
		got.body, err = io.ReadAll(io.LimitReader(response.Body, smallBody))
		if context.Cause(request.Context()) == nil || errors.Is(context.Cause(request.Context()), ErrAttemptTimeout) {
			// The status is known: a 401 must not look like a lost connection, which is retried.
			err = nil
		}
	}
	if err != nil && !errors.Is(err, ErrTooLarge) {
		err = fmt.Errorf("reading the answer: %w", err)
	}
	return got, err
}

// readAnswer reads the body of a success. A large one waits for its share of Client.memory, which it keeps until releaseMemory.
func (x *exchange) readAnswer(ctx context.Context, response *http.Response) ([]byte, error) {
	limit := x.client.bodyLimit
	if x.step != Read {
		limit = smallBody
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, min(limit, smallBody)+1))
	if err == nil && int64(len(body)) > smallBody && int64(len(body)) <= limit {
		// Reserve the maximum if the length is unknown, or if the body already exceeds it.
		size := limit
		if response.ContentLength > int64(len(body)) {
			size = min(response.ContentLength, limit)
		}
		if x.lent != nil {
			x.lent.releaseIfProven()
		}
		if err := x.client.memory.Acquire(ctx, size); err != nil {
			return nil, err
		}
		x.heldMemory = size
		rest := io.LimitReader(response.Body, limit+1-int64(len(body)))
		body, err = io.ReadAll(io.MultiReader(bytes.NewReader(body), rest))
	}
	if int64(len(body)) > limit {
		err = fmt.Errorf("%w: more than %d MiB", ErrTooLarge, limit>>20)
	}
	if err != nil {
		x.releaseMemory()
		return nil, err
	}
	return body, nil
}

// releaseMemory must be called when the last answer is no longer needed.
func (x *exchange) releaseMemory() {
	if x.heldMemory > 0 {
		x.client.memory.Release(x.heldMemory)
		x.heldMemory = 0
	}
}

func (x *exchange) log(ctx context.Context, start time.Time, got reply, err error) {
	attrs := []slog.Attr{
		slog.String("method", x.request.Method), slog.String("host", x.request.URL.Host),
		slog.String("path", x.request.URL.Path), slog.Int("attempt", x.attempts),
		slog.Int64("duration_ms", time.Since(start).Milliseconds()),
	}
	if err != nil {
		attrs = append(attrs, slog.String("error", x.sanitize(err.Error(), messageLimit)))
	} else {
		attrs = append(attrs, slog.Int("status", got.status), slog.String("request_id", x.sanitize(got.header.Get("X-Request-Id"), 128)))
	}
	x.client.log.LogAttrs(ctx, slog.LevelDebug, "request sent", attrs...)
}

func checkProxyAnswer(_ context.Context, proxy *url.URL, _ *http.Request, answer *http.Response) error {
	if answer.StatusCode != http.StatusOK {
		return &ProxyError{Proxy: proxy.Host, Status: answer.StatusCode}
	}
	return nil
}
