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
	// minPause is the base of the first back-off, which doubles with every retry up to maxPause.
	minPause = time.Second
	maxPause = 20 * time.Second
	// maxJitter bounds the jitter on top of a pause that a service asked for.
	maxJitter = time.Second
	// unlimited stands for the time left without a deadline, and for a pause that no number holds.
	unlimited = time.Duration(math.MaxInt64)
)

// run makes attempts until there is an answer that another attempt would not better. The error is always an *Error.
func (x *exchange) run(ctx context.Context) (reply, error) {
	renewed := false
	for retries := 0; ; {
		if err := ctx.Err(); err != nil {
			return reply{}, x.noAnswerError(err)
		}
		got, declined, err := x.attempt(ctx)
		if declined != nil && !renewed && x.auth.renew(*declined) {
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

// retry is the policy: whether there is another attempt after a number of retries, and after which pause. Left is the time to the
// deadline; chance, from 0 up to and without 1, is the jitter. Without another attempt, a pause above zero is one that the service asked
// for and the time left does not allow.
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
		// A little more than was asked for, so that many readers do not come back at once, and never so much that the deadline passes.
		return got.retryAfter + jitter(min(maxJitter, (left-got.retryAfter)/2), chance), true
	}
	// The base doubles; the pause is between half and one and a half of it.
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

func jitter(most time.Duration, chance float64) time.Duration {
	return time.Duration(float64(most) * chance)
}

func timeLeft(ctx context.Context) time.Duration {
	if deadline, ok := ctx.Deadline(); ok {
		return time.Until(deadline)
	}
	return unlimited
}

// retryAfter reads the header of that name, which has a meaning beside two statuses: seconds or a date. A value that is neither counts
// as none.
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

// transientCodes are codes of an HTTP 500 that name a passing fault. Any other code tells of one that stays, such as
// ROMA.00110002, "instance does not exist".
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

// retryableFailure tells, for an attempt that got no answer, whether the next one may get one.
func retryableFailure(err error) bool {
	for _, final := range []error{
		// A failed sign-in has been repeated by itself; its cause must not make the read repeat it again.
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

// isNameError tells whether a host's name did not resolve. Asking again at once does not help; the name is most likely wrong.
func isNameError(err error) bool {
	_, ok := errors.AsType[*net.DNSError](err)
	return ok
}

// isTLSError tells whether the two sides did not agree on a secure connection.
func isTLSError(err error) bool {
	_, certificate := errors.AsType[*tls.CertificateVerificationError](err)
	_, record := errors.AsType[tls.RecordHeaderError](err)
	// The words of crypto/tls for an alert that was sent or received.
	alert, ok := errors.AsType[*net.OpError](err)
	return certificate || record || errors.Is(err, http.ErrSchemeMismatch) || (ok && (alert.Op == "remote error" || alert.Op == "local error"))
}
