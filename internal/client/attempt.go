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
	"time"
)

const (
	// attemptTimeout bounds one attempt, from the connection to the end of the body.
	attemptTimeout = 30 * time.Second
	// bodyLimit bounds an answer. A batch holds ten logs of 1 MB, and JSON may write a byte as six.
	bodyLimit = 128 << 20
	// smallBody is the size up to which a body is read at once. A larger one needs a part of Client.memory first.
	smallBody = 1 << 20
	// memoryLimit bounds the large bodies that are being read or decoded at a time, over the whole client.
	memoryLimit = 2 * bodyLimit
)

// exchange is one request on its way. It serves a single call.
type exchange struct {
	client  *Client
	service Service
	region  string
	request *http.Request
	body    []byte
	// auth is nil for a request without a credential.
	auth *authenticator

	// attempts is how often the request was sent, credential what the last attempt was authenticated with.
	attempts   int
	credential string
	// held is the part of Client.memory that the last answer takes up.
	heldMemory int64
}

// reply is an answer that has been read. Its status is 0 when there was none.
type reply struct {
	status int
	header http.Header
	body   []byte
	// asked is the pause that the service asks for, 0 for none.
	retryAfter time.Duration
}

// accepts tells whether an answer with this status is what was asked for. A read takes 200 alone: what any other success holds is not, or
// not all of, the object. IAM answers a sign-in with 201.
func (x *exchange) accepts(status int) bool {
	return status == http.StatusOK || (status == http.StatusCreated && x.body != nil)
}

// attempt sends the request once, with a credential and a signature of its own. Declined is the credential when it was refused, now or
// before.
func (x *exchange) attempt(ctx context.Context) (got reply, declined *Credential, err error) {
	x.releaseMemory()
	request := x.request.Clone(ctx)
	if x.body != nil {
		request.Body = io.NopCloser(bytes.NewReader(x.body))
	}
	if x.auth == nil {
		got, err = x.send(request)
		return got, nil, err
	}
	lent, err := x.auth.borrow(ctx, x.service, request.URL.Host)
	if err != nil {
		if lent != nil {
			declined = &lent.Credential
		}
		return reply{}, declined, err
	}
	defer lent.release()
	x.credential = lent.describe()
	lent.authenticate(request, x.body, time.Now())
	got, err = x.send(request)
	// A status is an answer, also when the body was lost: a refusal must not be forgotten.
	if got.status != 0 && lent.recordAnswer(got.status, got.body, func() *Error { return x.answerError(got) }) {
		declined = &lent.Credential
	}
	return got, declined, err
}

// send sends a request under the time limit of an attempt and reads the whole answer, so that a connection lost in the middle of it
// counts as a failed attempt.
func (x *exchange) send(request *http.Request) (reply, error) {
	ctx, cancel := context.WithTimeoutCause(request.Context(), attemptTimeout, ErrAttemptTimeout)
	defer cancel()
	x.attempts++
	start := time.Now()
	got, err := x.roundTrip(request.WithContext(ctx))
	if err != nil && errors.Is(context.Cause(ctx), ErrAttemptTimeout) {
		err = ErrAttemptTimeout
	}
	err = withoutQuotes(err)
	x.log(ctx, start, got, err)
	return got, err
}

var quotedText = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)

// withoutQuotes takes out what net/http quotes of an answer that it cannot read: that may be a part of a log. Certificates are no secret.
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
	if errors.Is(err, io.EOF) {
		err = fmt.Errorf("the connection was closed without an answer: %w", err)
	}
	if err != nil {
		return reply{}, err
	}
	defer response.Body.Close()
	got := reply{status: response.StatusCode, header: response.Header}
	got.retryAfter = retryAfter(got.status, got.header.Get("Retry-After"), time.Now())
	switch {
	case got.status < 200:
		// The connection now speaks another protocol (101): there is no body, and nothing bounds a read of it.
	case x.accepts(got.status):
		got.body, err = x.readAnswer(request.Context(), response)
	default:
		got.body, err = io.ReadAll(io.LimitReader(response.Body, smallBody))
		if context.Cause(request.Context()) == nil || errors.Is(context.Cause(request.Context()), ErrAttemptTimeout) {
			// The status has been said: a 401 must not be taken for a lost connection, and repeated.
			err = nil
		}
	}
	if err != nil && !errors.Is(err, ErrTooLarge) {
		err = fmt.Errorf("reading the answer: %w", err)
	}
	return got, err
}

// readAnswer reads the body of an answer. What is large waits until there is memory for it; the part is held until free.
func (x *exchange) readAnswer(ctx context.Context, response *http.Response) ([]byte, error) {
	limit := x.client.bodyLimit
	if x.body != nil {
		limit = smallBody
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, min(limit, smallBody)+1))
	if err == nil && int64(len(body)) > smallBody && int64(len(body)) <= limit {
		// A length that is not known, or that the service has belied already, may become the limit.
		size := limit
		if response.ContentLength > int64(len(body)) {
			size = min(response.ContentLength, limit)
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

// releaseMemory gives back the memory of the last answer. It has to be called when the answer is no longer needed.
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
