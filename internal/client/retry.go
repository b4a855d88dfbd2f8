package client

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"math/rand/v2"
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

// run makes attempts until one succeeds or no retry is allowed. It returns the last answer, also beside a failure.
func (x *exchange) run(ctx context.Context) (reply, *Error) {
	renewed := false
	for retries := 0; ; retries++ {
		if err := ctx.Err(); err != nil {
			return reply{}, x.noAnswerError(ctx, err)
		}
		got, refused, failure := x.attempt(ctx)
		if failure == nil {
			return got, nil
		}
		if refused != nil && !renewed && x.auth.renew(*refused) {
			renewed = true
			x.client.log.InfoContext(ctx, "credential refused, asking for another one", "origin", x.auth.source.Origin())
			retries--
			continue
		}
		if retries >= x.client.cfg.MaxRetries || ctx.Err() != nil {
			return got, failure
		}
		asked := retryAfter(failure, got.header.Get("Retry-After"), time.Now())
		pause, again := retry(failure, retries, asked, timeLeft(ctx), rand.Float64()) //nolint:gosec // jitter needs no secrecy
		if !again {
			return got, failure
		}
		x.client.log.LogAttrs(ctx, slog.LevelDebug, "request will be repeated",
			slog.Int("attempt", x.attempts), slog.Int64("pause_ms", pause.Milliseconds()))
		if err := waitFor(ctx, nil, pause); err != nil {
			return reply{}, x.noAnswerError(ctx, err)
		}
	}
}

// retry is the retry policy: the pause before the next attempt, or false if there is none. Asked is the pause that the service asks for,
// left the time until the deadline, chance a random number in [0,1) for the jitter. If asked exceeds left, the failure says so.
func retry(failure *Error, retries int, asked, left time.Duration, chance float64) (pause time.Duration, again bool) {
	if !failure.Kind().Retried() {
		return 0, false
	}
	if asked >= left && asked > 0 {
		failure.Err = &PauseError{asked}
		return 0, false
	}
	if asked > 0 {
		// Add jitter to spread the readers, but keep half of the remaining time for the attempt.
		return asked + jitter(min(maxJitter, (left-asked)/2), chance), true
	}
	// The pause is between 0.5 and 1.5 times the back-off.
	pause = minPause
	if failure.Kind() == Throttled {
		pause *= 2
	}
	for range retries {
		pause = min(2*pause, maxPause)
	}
	pause = pause/2 + jitter(pause, chance)
	return pause, pause < left
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

// retryAfter parses the header Retry-After, in seconds or as a date. It is 0 for other values, and for failures without that header.
func retryAfter(failure *Error, value string, now time.Time) time.Duration {
	if failure.Kind() != Throttled && failure.Status != http.StatusServiceUnavailable {
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
