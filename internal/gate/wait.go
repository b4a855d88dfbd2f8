package gate

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/hwgate/terraform-provider-hwgate/internal/client"
)

// Seen is what a look at the awaited thing tells the waiter.
type Seen struct {
	Verdict

	// Status is the state in the service's own words, for logs and messages.
	Status string
}

// Wait says how long and how patiently to wait.
type Wait struct {
	// Interval is the longest pause between two looks; the first ones are shorter, so that a short job is seen at once.
	Interval time.Duration
	// ThroughPause keeps waiting while only a person can move what is left.
	ThroughPause bool
	// Young says that the thing may be too new to be visible: not-found and [Empty] are tolerated for a while.
	Young bool
	// Deadline is when to give up.
	Deadline time.Time
	// Name says in logs what is waited for.
	Name string
	// Logger takes each change of status.
	Logger *slog.Logger
}

// Ended is how a wait ended when there was something good to see.
type Ended[T any] struct {
	// Last is the last good answer.
	Last T
	Seen Seen
	// TimedOut says that the deadline came first; Elapsed is how long the wait lasted.
	TimedOut bool
	Elapsed  time.Duration
	// LastError is the failure of the last look at the deadline, if it failed.
	LastError error
	// Doubts are the reasons for [Unknown] that were met on the way, each once.
	Doubts []string
}

// shortestPause is also the first one.
const (
	shortestPause = time.Second
	longestGrace  = time.Minute
	// lastLook is how long before the deadline there is a last one.
	lastLook = time.Second
)

// For looks until what it sees is completed, can only be moved by a person, or the deadline has come. The first look comes at
// once. Before the first good answer every failure ends the wait, but a not-found while the thing is young; afterwards only
// those that asking again cannot mend. The error is that failure, or the end of the context.
func For[T any](ctx context.Context, w Wait, look func(context.Context) (T, Seen, error)) (Ended[T], error) {
	var ended Ended[T]
	start := time.Now()
	grace := min(longestGrace, w.Deadline.Sub(start)/2)
	timed, cancel := context.WithDeadline(ctx, w.Deadline)
	defer cancel()
	for good := false; ; {
		last, seen, err := look(timed)
		waited := time.Since(start)
		ended.Elapsed, ended.LastError = waited, err
		inGrace := w.Young && waited < grace
		switch {
		case err == nil:
			if !good || seen.Status != ended.Seen.Status {
				w.Logger.InfoContext(ctx, "status seen", "what", w.Name, "status", seen.Status,
					"outcome", string(seen.Outcome), "elapsed_ms", waited.Milliseconds())
			}
			good = true
			ended.Last, ended.Seen = last, seen
			ended.doubt(seen)
			if w.over(seen, inGrace) {
				return ended, nil
			}
		case stopped(ctx):
			return ended, ctx.Err()
		case good && (beyondDeadline(err) || (timed.Err() != nil && !refusal(err))):
			ended.TimedOut = true
			return ended, nil
		case client.IsNotFound(err) && inGrace && timed.Err() == nil:
		case good && client.IsTransient(err):
			w.Logger.InfoContext(ctx, "looking again after a failure", "what", w.Name, "error", err.Error())
		default:
			return ended, err
		}
		pause := pauseAfter(waited, w.Interval)
		// However long the pauses are, what ended in time is seen in time.
		if left := time.Until(w.Deadline) - lastLook; left > 0 {
			pause = min(pause, left)
		}
		if !sleep(timed, pause) {
			switch {
			case stopped(ctx):
				return ended, ctx.Err()
			case good:
				ended.TimedOut, ended.Elapsed = true, time.Since(start)
				return ended, nil
			}
			return ended, err
		}
	}
}

// over tells whether there is nothing more to wait for.
func (w Wait) over(seen Seen, inGrace bool) bool {
	switch {
	case seen.Completed:
		return true
	case seen.Stuck:
		return !w.ThroughPause
	case seen.Outcome == Empty:
		return !inGrace
	default:
		return false
	}
}

func (e *Ended[T]) doubt(seen Seen) {
	if seen.Doubt != "" && !slices.Contains(e.Doubts, seen.Doubt) {
		e.Doubts = append(e.Doubts, seen.Doubt)
	}
}

// pauseAfter is a third of the time waited so far, between a second and the interval, so that the end is seen soon after it came,
// in proportion. Jitter shortens it by up to a fifth: many waits that began together do not stay together.
func pauseAfter(waited, interval time.Duration) time.Duration {
	pause := min(max(waited/3, shortestPause), interval)
	return pause - rand.N(pause/5) //nolint:gosec // jitter needs no secrecy
}

func sleep(ctx context.Context, pause time.Duration) bool {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// stopped tells the caller's wish to end from the caller's own deadline, which counts like the wait's: it is often the same one.
func stopped(ctx context.Context) bool { return errors.Is(ctx.Err(), context.Canceled) }

// refusal tells whether the service gave an answer that asking again cannot mend.
func refusal(err error) bool {
	var e *client.Error
	return errors.As(err, &e) && e.Status != 0 && !client.IsTransient(err)
}

func beyondDeadline(err error) bool {
	var pause *client.PauseError
	return errors.As(err, &pause)
}
