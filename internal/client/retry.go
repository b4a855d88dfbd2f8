package client

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"time"
)

const (
	// minPause is the first back-off, which doubles with every retry up to maxPause.
	minPause = time.Second
	maxPause = 20 * time.Second
	// maxJitter bounds the jitter that is added to a pause of Retry-After.
	maxJitter = time.Second
	// unlimited is the time left without a deadline, and a Retry-After that overflows.
	unlimited = time.Duration(math.MaxInt64)
)

// run makes attempts until one succeeds or no retry is allowed. The error is always an *Error.
func (x *exchange) run(ctx context.Context) (reply, error) {
	renewed := false
	for retries := 0; ; {
		if err := ctx.Err(); err != nil {
			return reply{}, x.noAnswerError(err)
		}
		got, refused, err := x.attempt(ctx)
		if refused != nil && !renewed && x.auth.renew(*refused) {
			renewed = true
			x.client.log.InfoContext(ctx, "credential refused, asking for another one", "origin", x.auth.source.Origin())
			continue
		}
		var pause time.Duration
		again := false
		if retries < x.client.cfg.MaxRetries && ctx.Err() == nil {
			pause, again = retry(retries, got, err, timeLeft(ctx), rand.Float64()) //nolint:gosec // jitter needs no secrecy
		}
		switch {
		case again:
		case err != nil:
			return reply{}, x.noAnswerError(err)
		case pause > 0:
			e := x.answerError(got)
			e.Err = &PauseError{pause}
			return reply{}, e
		default:
			return got, nil
		}
		retries++
		x.client.log.LogAttrs(ctx, slog.LevelDebug, "request will be repeated",
			slog.Int("attempt", x.attempts), slog.Int64("pause_ms", pause.Milliseconds()))
		if err := waitFor(ctx, nil, pause); err != nil {
			return reply{}, x.noAnswerError(err)
		}
	}
}

// retry is the retry policy: whether to make another attempt after a number of retries, and after which pause. Left is the time until the
// deadline, chance a random number in [0,1) for the jitter. Without another attempt, a positive pause is a Retry-After that exceeds left.
func retry(retries int, got reply, err error, left time.Duration, chance float64) (pause time.Duration, again bool) {
	if err != nil && !retryableFailure(err) {
		return 0, false
	}
	if err == nil && !retryableStatus(got.status, parseErrorBody(got.body).code) {
		return 0, false
	}
	if got.retryAfter > 0 {
		if got.retryAfter >= left {
			return got.retryAfter, false
		}
		// Add jitter to spread the readers, but keep half of the remaining time for the attempt.
		return got.retryAfter + jitter(min(maxJitter, (left-got.retryAfter)/2), chance), true
	}
	// The pause is between 0.5 and 1.5 times the back-off.
	pause = minPause
	if got.status == http.StatusTooManyRequests {
		pause *= 2
	}
	for range retries {
		pause = min(2*pause, maxPause)
	}
	pause = pause/2 + jitter(pause, chance)
	if pause >= left {
		return 0, false
	}
	return pause, true
}

func jitter(limit time.Duration, chance float64) time.Duration {
	return time.Duration(float64(limit) * chance)
}

func timeLeft(ctx context.Context) time.Duration {
	if deadline, ok := ctx.Deadline(); ok {
		return time.Until(deadline)
	}
	return unlimited
}

// retryAfter parses the header Retry-After, in seconds or as a date. It is 0 for other values, and for statuses without that header.
func retryAfter(status int, value string, now time.Time) time.Duration {
	if status != http.StatusTooManyRequests && status != http.StatusServiceUnavailable {
		return 0
	}
	seconds, err := strconv.ParseInt(value, 10, 64)
	if err == nil || errors.Is(err, strconv.ErrRange) {
		if seconds > int64(unlimited/time.Second) {
			return unlimited
		}
		return time.Duration(max(seconds, 0)) * time.Second
	}
	if date, err := http.ParseTime(value); err == nil {
		return max(date.Sub(now), 0)
	}
	return 0
}

// transientCodes are the codes of transient HTTP 500s. Other codes are permanent, such as ROMA.00110002, "instance does not exist".
var transientCodes = map[string]bool{"FDI.9999": true, "APIG.9999": true, "APIG.0605": true, "APIG.0606": true, "APIG.0705": true}

func retryableStatus(status int, code string) bool {
	if isRefusal(status, code) {
		return false
	}
	switch status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	case http.StatusInternalServerError:
		return code == "" || transientCodes[shortCode(code)]
	default:
		return false
	}
}

// retryableFailure reports whether an attempt without an answer is retried.
func retryableFailure(err error) bool {
	for _, final := range []error{
		// A failed sign-in has had its own retries, so its cause does not count.
		ErrNoCredential, ErrRefusedBefore, ErrTooLarge, context.Canceled, context.DeadlineExceeded,
	} {
		if errors.Is(err, final) {
			return false
		}
	}
	if proxy, ok := errors.AsType[*ProxyError](err); ok {
		return retryableStatus(proxy.Status, "")
	}
	return !isNameError(err) && !isTLSError(err)
}

// isNameError reports whether a host name did not resolve. Most likely it is wrong, so a retry does not help.
func isNameError(err error) bool {
	_, ok := errors.AsType[*net.DNSError](err)
	return ok
}

// isTLSError reports whether a TLS handshake failed.
func isTLSError(err error) bool {
	_, certificate := errors.AsType[*tls.CertificateVerificationError](err)
	_, record := errors.AsType[tls.RecordHeaderError](err)
	// crypto/tls reports alerts that it sent or received as a net.OpError.
	alert, ok := errors.AsType[*net.OpError](err)
	return certificate || record || errors.Is(err, http.ErrSchemeMismatch) || (ok && (alert.Op == "remote error" || alert.Op == "local error"))
}
