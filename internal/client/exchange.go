package client

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

const (
	// attemptTimeout bounds one attempt, from the connection to the end of the body.
	attemptTimeout = 30 * time.Second
	// bodyLimit bounds an answer. A batch holds ten logs of 1 MB, and JSON may write a byte as six.
	bodyLimit = 128 << 20
	// errorBodyLimit bounds the body of an answer that is not a 200; only its first words are shown.
	errorBodyLimit = 1 << 20

	firstPause = time.Second
	longestOwn = 20 * time.Second
)

// exchange is one request on its way: it makes the attempts and decides whether there is another. It serves a single call.
type exchange struct {
	client  *Client
	service Service
	region  string
	request *http.Request
	body    []byte
	// auth is nil for a request without a credential.
	auth *authenticator

	attempts   int
	credential string
	// refused is the credential that the last attempt was declined with; the source may replace it, once.
	refused *Credential
	renewed bool
	pause   time.Duration
}

// blank is an Error that names the request.
func (x *exchange) blank() *Error {
	u := x.request.URL
	return &Error{
		Service: x.service, Region: x.region, Method: x.request.Method, Scheme: u.Scheme, Host: u.Host, Path: u.Path,
		Attempts: x.attempts, Credential: x.credential,
	}
}

// RoundTrip makes one attempt: it authenticates a copy of the request, sends it under its own time limit and reads the whole body,
// so that a connection lost in the middle of it counts as a failed attempt.
func (x *exchange) RoundTrip(request *http.Request) (*http.Response, error) {
	ctx := request.Context()
	attempt := request.Clone(ctx)
	var lent *lease
	x.refused = nil
	if x.auth != nil {
		var err error
		if lent, err = x.auth.borrow(ctx, x.service, x.request.URL.Host); err != nil {
			if refused, ok := errors.AsType[*refusedError](err); ok {
				x.refused = &refused.credential
			}
			return nil, err
		}
		defer lent.release()
		x.credential = lent.describe()
		lent.authenticate(attempt, x.body, time.Now())
	}
	x.attempts++
	start := time.Now()
	response, body, err := x.send(attempt)
	x.log(ctx, start, response, err)
	if err != nil {
		return nil, err
	}
	if lent != nil && lent.answered(response.StatusCode, body, func() *Error {
		return x.failure(reply{response.StatusCode, response.Header, body})
	}) {
		x.refused = &lent.Credential
	}
	if _, err := response.Location(); err != nil {
		// What is no address would be an error of http.Client, which reads the header although it follows nothing.
		response.Header.Del("Location")
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	return response, nil
}

func (x *exchange) send(attempt *http.Request) (*http.Response, []byte, error) {
	ctx, cancel := context.WithTimeoutCause(attempt.Context(), attemptTimeout, ErrAttemptTimeout)
	defer cancel()
	response, err := x.client.transport.RoundTrip(attempt.WithContext(ctx))
	if errors.Is(err, io.EOF) {
		err = fmt.Errorf("the connection was closed without an answer: %w", err)
	}
	if err != nil {
		return nil, nil, attemptError(ctx, err)
	}
	defer response.Body.Close()
	limit := int64(errorBodyLimit)
	if isSuccess(response.StatusCode) {
		limit = x.client.bodyLimit
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, limit+1))
	switch {
	case int64(len(body)) > limit && isSuccess(response.StatusCode):
		return nil, nil, fmt.Errorf("%w: more than %d MiB", ErrTooLarge, limit>>20)
	case int64(len(body)) > limit:
		// An error page that long was cut; its status and first words are what counts.
		return response, body[:limit], nil
	case err != nil && !isSuccess(response.StatusCode) && attempt.Context().Err() == nil:
		// The status has been said: a 401 must not be taken for a lost connection and repeated. A body cut anywhere might end in a
		// part of a secret, so none of it is kept.
		return response, nil, nil
	case err != nil:
		return nil, nil, attemptError(ctx, fmt.Errorf("reading the answer: %w", err))
	}
	return response, body, nil
}

// attemptError tells the attempt's own time limit from the end of the caller's context.
func attemptError(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); errors.Is(cause, ErrAttemptTimeout) {
		return ErrAttemptTimeout
	}
	return err
}

func (x *exchange) log(ctx context.Context, start time.Time, response *http.Response, err error) {
	attrs := []slog.Attr{
		slog.String("method", x.request.Method), slog.String("host", x.request.URL.Host),
		slog.String("path", x.request.URL.Path), slog.Int("attempt", x.attempts),
		slog.Int64("duration_ms", time.Since(start).Milliseconds()),
	}
	if err != nil {
		attrs = append(attrs, slog.String("error", x.plain(err.Error(), messageLimit)))
	} else {
		attrs = append(attrs, slog.Int("status", response.StatusCode),
			slog.String("request_id", x.plain(response.Header.Get("X-Request-Id"), 128)))
	}
	x.client.log.LogAttrs(ctx, slog.LevelDebug, "request sent", attrs...)
}

// checkRetry is the policy: it says whether there is another attempt, and settles the pause before it.
func (x *exchange) checkRetry(ctx context.Context, response *http.Response, err error) (bool, error) {
	if ctx.Err() != nil {
		return false, nil //nolint:nilerr // the failure of the attempt is passed through, and tells more
	}
	if x.refused != nil {
		return x.renew(ctx), nil
	}
	attempts := x.attempts
	if x.renewed {
		attempts--
	}
	if attempts > x.client.cfg.MaxRetries {
		return false, nil
	}
	var asked time.Duration
	switch {
	case err != nil:
		if !retryableFailure(err) {
			return false, nil
		}
	case response.StatusCode < 400:
		return false, nil
	default:
		body, _ := io.ReadAll(response.Body) // from memory: cannot fail
		response.Body = io.NopCloser(bytes.NewReader(body))
		if !retryableStatus(response.StatusCode, parseErrorBody(body).code) {
			return false, nil
		}
		if response.StatusCode == http.StatusTooManyRequests || response.StatusCode == http.StatusServiceUnavailable {
			asked = retryAfter(response.Header.Get("Retry-After"), time.Now())
		}
	}
	throttled := response != nil && response.StatusCode == http.StatusTooManyRequests
	x.pause = nextPause(attempts, asked, throttled)
	if deadline, ok := ctx.Deadline(); ok && time.Now().Add(x.pause).After(deadline) {
		if asked > 0 {
			return false, &PauseError{asked}
		}
		return false, nil
	}
	x.client.log.LogAttrs(ctx, slog.LevelDebug, "request will be repeated",
		slog.Int("attempt", x.attempts), slog.Int64("pause_ms", x.pause.Milliseconds()))
	return true, nil
}

// renew asks for another credential in place of a refused one, if the source has any but this one.
func (x *exchange) renew(ctx context.Context) bool {
	if x.renewed || !x.auth.renew(*x.refused) {
		return false
	}
	x.renewed, x.pause = true, 0
	x.client.log.InfoContext(ctx, "credential refused, asking for another one", "origin", x.auth.source.Origin())
	return true
}

func (x *exchange) backoff(_, _ time.Duration, _ int, _ *http.Response) time.Duration { return x.pause }

// nextPause is the pause after the given number of attempts. What the service asked for is kept, and a little more, so that
// many readers do not come back at once; else it doubles from a second (two when throttled), between half and one and a half of that.
func nextPause(attempts int, asked time.Duration, throttled bool) time.Duration {
	if asked > 0 {
		return asked + rand.N(time.Second) //nolint:gosec // jitter needs no secrecy
	}
	pause := firstPause
	if throttled {
		pause *= 2
	}
	for range attempts - 1 {
		pause = min(2*pause, longestOwn)
	}
	return pause/2 + rand.N(pause) //nolint:gosec // jitter needs no secrecy
}

// retryAfter reads the header of that name: seconds or a date. What it cannot read is no wish.
func retryAfter(value string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseInt(value, 10, 64); err == nil {
		const year = 365 * 24 * 60 * 60
		return time.Duration(min(max(seconds, 0), year)) * time.Second
	}
	if date, err := http.ParseTime(value); err == nil {
		return max(date.Sub(now), 0)
	}
	return 0
}

// passingCodes are codes of an HTTP 500 that name a passing fault. Any other code tells of one that stays, such as
// ROMA.00110002, "instance does not exist".
var passingCodes = map[string]bool{
	"FDI.9999": true, "APIG.9999": true, "APIGW.9999": true,
	"APIG.0605": true, "APIG.0606": true, "APIG.0705": true,
	"APIGW.0605": true, "APIGW.0606": true, "APIGW.0705": true,
}

func retryableStatus(status int, code string) bool {
	if refuses(status, code) {
		return false
	}
	switch status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	case http.StatusInternalServerError:
		return code == "" || passingCodes[code]
	default:
		return false
	}
}

// retryableFailure tells, for an attempt that got no answer, whether the next one may get one.
func retryableFailure(err error) bool {
	var (
		credential *credentialError
		refused    *refusedError
		proxy      *ProxyError
	)
	switch {
	case errors.As(err, &credential), errors.As(err, &refused):
		// A failed sign-in has been repeated by itself; its cause must not make the read repeat it again.
		return false
	case errors.As(err, &proxy):
		return retryableStatus(proxy.Status, "")
	case errors.Is(err, ErrAttemptTimeout):
		return true
	case errors.Is(err, ErrTooLarge), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded),
		isNameError(err), isTLSError(err):
		return false
	}
	return true
}

// isNameError tells whether a host's name did not resolve. Asking again at once does not help; the name is most likely wrong.
func isNameError(err error) bool {
	var name *net.DNSError
	return errors.As(err, &name)
}

// isTLSError tells whether the two sides did not agree on a secure connection.
func isTLSError(err error) bool {
	var (
		certificate *tls.CertificateVerificationError
		record      tls.RecordHeaderError
		alert       *net.OpError
	)
	return errors.As(err, &certificate) || errors.As(err, &record) || errors.Is(err, http.ErrSchemeMismatch) ||
		// The words of crypto/tls for an alert that was sent or received.
		(errors.As(err, &alert) && (alert.Op == "remote error" || alert.Op == "local error"))
}

func checkProxyAnswer(_ context.Context, proxy *url.URL, _ *http.Request, answer *http.Response) error {
	if answer.StatusCode != http.StatusOK {
		return &ProxyError{Proxy: proxy.Host, Status: answer.StatusCode}
	}
	return nil
}
