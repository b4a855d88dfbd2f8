package gate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/hwgate/terraform-provider-hwgate/internal/client"
)

// DefaultPollInterval is the Interval of a [Wait] that has none.
const DefaultPollInterval = 10 * time.Second

// Wait configures waiting, which the deadline of the context bounds.
type Wait struct {
	// Interval is the longest pause between two looks. The first pauses are shorter, to see the end of short jobs soon.
	Interval time.Duration
	// StableFor is how long the state must stay good; 0 ends the wait at the first good look.
	StableFor time.Duration
	// ThroughPause continues the wait while the phase is Stuck.
	ThroughPause bool
	// Progress, if set, is called at the start and after every look. It must not block.
	Progress func(Progress)
	// Logger logs each change of status; nil disables logging.
	Logger *slog.Logger
}

// Observation is the result of one look.
type Observation struct {
	Verdict

	// Status is the state in the service's own words.
	Status string
	// Counted is the counts in words; empty if there are none.
	Counted string
	// Wanted says which count is too low; empty if none is.
	Wanted string
	// Interruption says what happened since the look before that ends a stable span, although the state is good again; empty if nothing.
	Interruption string
}

// Progress is the state of a wait after a look, or at its deadline.
type Progress struct {
	// Observation is that of the last look that did not fail; its Outcome is empty before the first.
	Observation

	// Missing says what the wait still needs; empty if the status says it.
	Missing string
	// Elapsed is the time since the start of the wait, Limit its upper bound.
	Elapsed, Limit time.Duration
	// Err is the error of a failed look.
	Err error
}

const (
	minPause = time.Second // also the first one
	maxGrace = time.Minute
	// lastLookMargin is the time between the last look and the deadline.
	lastLookMargin = time.Second
	// maxDoubts bounds the doubts that are kept: one that includes a count may differ at every look.
	maxDoubts = 10
	// maxReserve bounds the time that is reserved for reading details after the wait.
	maxReserve = 10 * time.Second
	// defaultLimit bounds a wait whose context has no deadline.
	defaultLimit = 30 * time.Minute
)

// GoneError means that the service no longer knows what a wait has already seen.
type GoneError struct {
	// Status is that of the last look that saw it, Ago the time since.
	Status string
	Ago    time.Duration
	// Err is the error that it was not found.
	Err error
}

func (e *GoneError) Error() string { return "gone, " + e.last() + ": " + e.Err.Error() }

func (e *GoneError) Unwrap() error { return e.Err }

// last describes the last look that saw it.
func (e *GoneError) last() string {
	status := ""
	if e.Status != "" {
		status = " with the status " + e.Status
	}
	return "but it was there " + e.Ago.Round(time.Second).String() + " before" + status
}

type waitResult[T any] struct {
	last        T
	observation Observation
	// pastDoubts are doubts of earlier looks that no longer hold.
	pastDoubts []string
	elapsed    time.Duration
	// stableTime is how long the state had been good at the end; 0 after a timeout.
	stableTime time.Duration
	// timeout is the progress at the deadline; nil if the wait ended before it.
	timeout *Progress
}

// lookFunc looks once. If it fails, only the phase of the observation is used: Settling if the object may not be visible yet.
type lookFunc[T any] func(ctx context.Context) (T, Observation, error)

// poll looks until there is nothing left to wait for, or until the deadline. Without a wait it looks once.
//
// Before the first answer every failure ends the wait, except one that is Settling within the grace period. After it, only failures do
// that [client.EndsWait] names. The error is that failure, or the error of a canceled context.
func poll[T any](ctx context.Context, w *Wait, name string, look lookFunc[T]) (waitResult[T], error) {
	if w == nil {
		last, seen, err := look(ctx)
		return waitResult[T]{last: last, observation: seen}, err
	}
	start := time.Now()
	end := waitDeadline(ctx, start, w.StableFor)
	waitCtx, cancel := context.WithDeadline(ctx, end)
	defer cancel()
	state := waitState{wait: *w, limit: end.Sub(start), grace: min(maxGrace, end.Sub(start)/2)}
	log := cmp.Or(w.Logger, slog.New(slog.DiscardHandler))
	var result waitResult[T]
	// answered reports that a look has succeeded, the last one at seenAt.
	answered, seenAt := false, time.Duration(0)
	progress := func(err error) *Progress {
		seen := result.observation
		return &Progress{Observation: seen, Missing: state.missing(&seen), Elapsed: time.Since(start), Limit: state.limit, Err: err}
	}
	notify := func(err error) {
		if w.Progress != nil {
			w.Progress(*progress(err))
		}
	}
	finish := func(timeout *Progress) (waitResult[T], error) {
		result.timeout, result.pastDoubts = timeout, state.pastDoubts(result.observation.Doubt)
		if timeout == nil {
			result.stableTime = state.stableTime()
		} else {
			result.elapsed = timeout.Elapsed
		}
		return result, nil
	}
	fail := func(err error) (waitResult[T], error) {
		took := result.elapsed.Round(time.Second)
		switch notFound := client.IsNotFound(err); {
		case notFound && answered:
			err = &GoneError{Status: result.observation.Status, Ago: result.elapsed - seenAt, Err: err}
		case notFound && result.elapsed >= minPause:
			err = fmt.Errorf("not found for %s: %w", took, err)
		case errors.Is(err, client.ErrNoData) && result.elapsed >= minPause:
			err = fmt.Errorf("no data for %s: %w", took, err)
		}
		return result, err
	}
	notify(nil)
	for {
		sent := time.Since(start)
		last, seen, err := look(waitCtx)
		result.elapsed = time.Since(start)
		done := false
		switch {
		case err == nil:
			if !answered || seen.Status != result.observation.Status {
				log.InfoContext(ctx, "status seen", "what", name, "status", seen.Status, "outcome", string(seen.Outcome),
					"elapsed_ms", result.elapsed.Milliseconds())
			}
			answered, seenAt, result.last, result.observation = true, result.elapsed, last, seen
			done = state.observe(sent, result.elapsed, &seen)
		case isCanceled(ctx):
			return result, ctx.Err()
		case answered && (pauseExceedsDeadline(err) || (waitCtx.Err() != nil && (isInterrupted(err) || !client.EndsWait(err)))):
			return finish(progress(err))
		case seen.Phase == Settling && result.elapsed < state.grace:
		case answered && !client.EndsWait(err):
			state.observe(sent, result.elapsed, nil)
			log.InfoContext(ctx, "looking again after a failure", "what", name, "error", err.Error())
		default:
			return fail(err)
		}
		notify(err)
		switch {
		case done:
			return finish(nil)
		case sleep(waitCtx, state.pause(result.elapsed)):
		case isCanceled(ctx):
			return result, ctx.Err()
		case answered:
			return finish(progress(err))
		default:
			return fail(err)
		}
	}
}

// waitDeadline is the deadline of the context minus a reserve, which takes a tenth at most of the time that stableFor leaves.
func waitDeadline(ctx context.Context, now time.Time, stableFor time.Duration) time.Time {
	end, ok := ctx.Deadline()
	if !ok {
		end = now.Add(defaultLimit)
	}
	return end.Add(-max(min(maxReserve, (end.Sub(now)-stableFor)/10), 0))
}

// waitState is the state of a wait between looks. It reads no clock: all times are durations since the start of the wait.
type waitState struct {
	wait         Wait
	limit, grace time.Duration

	// stable reports that every look since stableSince was good. stableSince is the answer of the first, stableAt the request of the last.
	stable                bool
	stableSince, stableAt time.Duration
	// interruption is what last ended a stable span.
	interruption string
	// settling reports that every look since settlingSince was Settling.
	settling      bool
	settlingSince time.Duration
	// doubts are the first maxDoubts distinct doubts.
	doubts []string
}

// observe records a look, nil if it failed, and reports whether the wait is over.
func (s *waitState) observe(sent, answered time.Duration, seen *Observation) bool {
	if seen == nil {
		s.interrupt("an answer that could not be read")
		return false
	}
	if seen.Good() {
		if seen.Interruption != "" {
			s.interrupt(seen.Interruption)
		}
		if !s.stable {
			s.stable, s.stableSince = true, answered
		}
		s.stableAt = max(sent, s.stableSince)
	} else {
		s.interrupt(cmp.Or(seen.Counted, seen.Status))
	}
	if seen.Doubt != "" && seen.Phase != Settling && len(s.doubts) < maxDoubts && !slices.Contains(s.doubts, seen.Doubt) {
		s.doubts = append(s.doubts, seen.Doubt)
	}
	if !s.settling {
		s.settlingSince = sent
	}
	s.settling = seen.Phase == Settling
	switch seen.Phase {
	case Good:
		return s.stableTime() >= s.wait.StableFor
	case Settling:
		return answered-s.settlingSince >= s.grace
	case Stuck:
		return !s.wait.ThroughPause
	case Over:
		return true
	default:
		return false
	}
}

// pastDoubts returns all doubts except the current one.
func (s *waitState) pastDoubts(current string) []string {
	return slices.DeleteFunc(s.doubts, func(doubt string) bool { return doubt == current })
}

func (s *waitState) interrupt(by string) {
	if s.stable {
		s.stable, s.interruption = false, by
	}
}

// stableTime is how long the state has been seen good.
func (s *waitState) stableTime() time.Duration {
	if !s.stable {
		return 0
	}
	return s.stableAt - s.stableSince
}

// pause is the time until the next look. It grows with the time waited, and jitter shortens it by up to a fifth, to spread waits that
// started together. It never skips the look that the deadline, a stable span or the grace period needs.
func (s *waitState) pause(now time.Duration) time.Duration {
	pause := min(max(now/3, minPause), cmp.Or(s.wait.Interval, DefaultPollInterval))
	pause -= rand.N(pause/5 + 1) //nolint:gosec // jitter needs no secrecy
	if left := s.limit - lastLookMargin - now; left > 0 {
		pause = min(pause, left)
	}
	if s.stable {
		pause = min(pause, s.stableSince+s.wait.StableFor-now)
	}
	if left := s.settlingSince + s.grace - now; s.settling && left > 0 {
		pause = min(pause, left)
	}
	return max(pause, 0)
}

func (s *waitState) missing(seen *Observation) string {
	stable, interruption := "", ""
	if s.wait.StableFor > 0 && (s.stable || s.interruption != "") {
		// Rounded down, so that the two never look equal.
		stable = fmt.Sprintf("stable for %s of %s", s.stableTime().Truncate(time.Second), s.wait.StableFor)
	}
	if s.interruption != "" {
		interruption = "last interruption: " + s.interruption
	}
	return joinParts(seen.Wanted, stable, interruption)
}

// Line formats the progress as one line, with the time since the look added to Elapsed.
func (p Progress) Line(since time.Duration) string {
	state := "no answer yet"
	if p.Outcome == "" && client.IsNotFound(p.Err) {
		state = "not visible yet"
	}
	if p.Outcome != "" {
		state = string(p.Outcome)
		if p.Status != "" && p.Status != string(p.Outcome) {
			state += " (" + p.Status + ")"
		}
		if p.Counted != "" {
			state += ", " + p.Counted
		}
	}
	failed := ""
	if p.Err != nil && p.Outcome != "" {
		failed = "the last read failed"
	}
	elapsed := p.Elapsed + since
	return joinParts(state, p.Missing, failed,
		fmt.Sprintf("%s elapsed, %s left", elapsed.Round(time.Second), max(p.Limit-elapsed, 0).Round(time.Second)))
}

// sleep reports whether the deadline is still ahead after the pause. At the deadline it is not, whichever timer fires first.
func sleep(ctx context.Context, pause time.Duration) bool {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		end, _ := ctx.Deadline()
		return time.Now().Before(end)
	case <-ctx.Done():
		return false
	}
}

// isCanceled reports whether the caller canceled the read; an exceeded deadline does not count.
func isCanceled(ctx context.Context) bool { return errors.Is(ctx.Err(), context.Canceled) }

// isInterrupted reports whether the end of a context cut a look off.
func isInterrupted(err error) bool {
	return client.KindOf(err) == client.Interrupted || errors.Is(err, context.DeadlineExceeded)
}

// pauseExceedsDeadline reports whether the service asked for a pause that would outlast the deadline.
func pauseExceedsDeadline(err error) bool {
	_, ok := errors.AsType[*client.PauseError](err)
	return ok
}
