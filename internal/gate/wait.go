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

// DefaultPollInterval is the longest pause of a wait that names none.
const DefaultPollInterval = 10 * time.Second

// Wait says how to wait. The context of the read bounds it.
type Wait struct {
	// Interval is the longest pause between two looks. The first pauses are shorter, so that a short job is seen at once.
	Interval time.Duration
	// StableFor is how long every look has to show what the wait is for; 0 ends the wait at the first such look.
	StableFor time.Duration
	// ThroughPause keeps waiting while only a person can move what is left.
	ThroughPause bool
	// Progress, when set, is called at the start and after every look. It must not block.
	Progress func(Progress)
	// Logger takes each change of status; nil logs nothing.
	Logger *slog.Logger
}

// Observation is what one look tells the waiter.
type Observation struct {
	Verdict

	// Status is the state in the service's own words.
	Status string
	// Tally is the counts in words, empty when there are none.
	Tally string
	// Wanted says what the counts lack, empty when the outcome says it.
	Wanted string
	// Final ends the wait: no later look can tell more.
	Final bool
	// Settling says that the service may not have caught up yet, also of a look that failed. It is tolerated for a grace, and then ends
	// the wait.
	Settling bool
}

// Progress is how things stand after a look, or stood when the time was over.
type Progress struct {
	// Observation is the last good look's; its Outcome is empty before the first one.
	Observation

	// Missing says what the wait still asks for, empty when the status says it.
	Missing string
	// Elapsed counts from the start of the wait, which Limit bounds.
	Elapsed, Limit time.Duration
	// Err is the failure of the look, if it failed.
	Err error
}

const (
	minPause = time.Second // also the first one
	maxGrace  = time.Minute
	// lastLook is how long before the deadline there is a last look.
	lastLookMargin = time.Second
	// mostDoubts bounds the doubts that are told of. One that holds a count may read differently at every look.
	maxDoubts = 10
	// longestReserve is the time kept at the end of a wait for reading details. It is a tenth at most of what a stable span leaves.
	maxReserve = 10 * time.Second
	// defaultLimit bounds a wait whose context has no deadline.
	defaultLimit = 30 * time.Minute
)

// waited is how a wait ended that had something to show.
type waitResult[T any] struct {
	last T
	observation Observation
	// passed are doubts that were met on the way and no longer hold.
	pastDoubts  []string
	elapsed time.Duration
	// held is how long the state had been stable, zero when that was not asked for.
	stableTime time.Duration
	// timeout is set when the deadline came before the end of the wait.
	timeout *Progress
}

// lookFunc looks once. With an error, the observation says only whether it may come from looking too early.
type lookFunc[T any] func(ctx context.Context) (T, Observation, error)

// waitFor looks until there is nothing more to wait for, or the deadline has come. Without a wait it looks once.
//
// Before the first good answer every failure ends the wait, but one that may come from looking too early, in the grace. Afterwards
// only those end it that asking again cannot mend. The error is that failure, or the end of the context.
func waitFor[T any](ctx context.Context, w *Wait, name string, look lookFunc[T]) (waitResult[T], error) {
	if w == nil {
		last, seen, err := look(ctx)
		return waitResult[T]{last: last, observation: seen}, err
	}
	start := time.Now()
	end := waitDeadline(ctx, start, w.StableFor)
	timed, cancel := context.WithDeadline(ctx, end)
	defer cancel()
	state := waitState{wait: *w, limit: end.Sub(start), grace: min(maxGrace, end.Sub(start)/2)}
	log := cmp.Or(w.Logger, slog.New(slog.DiscardHandler))
	var result waitResult[T]
	now := func(err error) *Progress {
		return &Progress{Observation: result.observation, Missing: state.missing(&result.observation), Elapsed: time.Since(start), Limit: state.limit, Err: err}
	}
	tell := func(err error) {
		if w.Progress != nil {
			w.Progress(*now(err))
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
		if client.IsNotFound(err) && result.elapsed >= minPause {
			err = fmt.Errorf("looked for it for %s: %w", result.elapsed.Round(time.Second), err)
		}
		return result, err
	}
	tell(nil)
	for good := false; ; {
		sent := time.Since(start)
		last, seen, err := look(timed)
		result.elapsed = time.Since(start)
		done := false
		switch {
		case err == nil:
			if !good || seen.Status != result.observation.Status {
				log.InfoContext(ctx, "status seen", "what", name, "status", seen.Status, "outcome", string(seen.Outcome),
					"elapsed_ms", result.elapsed.Milliseconds())
			}
			good, result.last, result.observation = true, last, seen
			done = state.observe(sent, result.elapsed, &seen)
		case isCanceled(ctx):
			return result, ctx.Err()
		case good && (pauseExceedsDeadline(err) || (timed.Err() != nil && !isPermanent(err))):
			return finish(now(err))
		case seen.Settling && result.elapsed < state.grace:
		case good && client.IsTransient(err):
			state.observe(sent, result.elapsed, nil)
			log.InfoContext(ctx, "looking again after a failure", "what", name, "error", err.Error())
		default:
			return fail(err)
		}
		tell(err)
		switch {
		case done:
			return finish(nil)
		case sleep(timed, state.pause(result.elapsed)):
		case isCanceled(ctx):
			return result, ctx.Err()
		case good:
			return finish(now(err))
		default:
			return fail(err)
		}
	}
}

// deadline is when a wait has to end so that details can still be read. A stable span that fits into the time still fits.
func waitDeadline(ctx context.Context, now time.Time, stableFor time.Duration) time.Time {
	end, ok := ctx.Deadline()
	if !ok {
		end = now.Add(defaultLimit)
	}
	return end.Add(-max(min(maxReserve, (end.Sub(now)-stableFor)/10), 0))
}

// course is what a wait remembers from look to look. It is a pure state machine: times are counted from the start of the wait.
type waitState struct {
	wait         Wait
	limit, grace time.Duration

	// stable says that every look since stableSince, when the first of them was answered, showed what the wait is for. The last of them
	// was sent at stableAt.
	stable                bool
	stableSince, stableAt time.Duration
	// interruption is what last ended such a span.
	interruption string
	// settling says that every look since settlingSince may have come too early.
	settling      bool
	settlingSince time.Duration
	// doubts are those that were met, each once: the first mostDoubts of them.
	doubts []string
}

// see takes in a look, nil for one that failed, and tells whether there is nothing more to wait for.
func (c *waitState) observe(sent, answered time.Duration, seen *Observation) bool {
	switch {
	case seen == nil:
		c.interrupt("an answer that could not be read")
	case seen.Good:
		if !c.stable {
			c.stable, c.stableSince = true, answered
		}
		c.stableAt = max(sent, c.stableSince)
	default:
		c.interrupt(cmp.Or(seen.Tally, seen.Status))
	}
	if seen == nil {
		return false
	}
	if seen.Doubt != "" && !seen.Settling && len(c.doubts) < maxDoubts && !slices.Contains(c.doubts, seen.Doubt) {
		c.doubts = append(c.doubts, seen.Doubt)
	}
	if !c.settling {
		c.settlingSince = sent
	}
	c.settling = seen.Settling
	switch {
	case seen.Good:
		return c.stableTime() >= c.wait.StableFor
	case seen.Settling:
		return answered-c.settlingSince >= c.grace
	case seen.Completed, seen.Outcome == Empty, seen.Final:
		return true
	default:
		return seen.Stuck && !c.wait.ThroughPause
	}
}

// passed are the doubts that were met, but for the one that still holds.
func (c *waitState) pastDoubts(held string) []string {
	return slices.DeleteFunc(c.doubts, func(doubt string) bool { return doubt == held })
}

func (c *waitState) interrupt(by string) {
	if c.stable {
		c.stable, c.interruption = false, by
	}
}

// held is how long the state has been seen stable.
func (c *waitState) stableTime() time.Duration {
	if !c.stable {
		return 0
	}
	return c.stableAt - c.stableSince
}

// pause is how long to wait for the next look. It grows with the time waited, so that the end is seen soon after it came, in
// proportion; jitter shortens it by up to a fifth, since many waits that began together must not stay together. A look that the
// deadline, a stable span or a grace needs is never skipped.
func (c *waitState) pause(now time.Duration) time.Duration {
	pause := min(max(now/3, minPause), cmp.Or(c.wait.Interval, DefaultPollInterval))
	pause -= rand.N(pause/5 + 1) //nolint:gosec // jitter needs no secrecy
	if left := c.limit - lastLookMargin - now; left > 0 {
		pause = min(pause, left)
	}
	if c.stable {
		pause = min(pause, c.stableSince+c.wait.StableFor-now)
	}
	if left := c.settlingSince + c.grace - now; c.settling && left > 0 {
		pause = min(pause, left)
	}
	return max(pause, 0)
}

// missing says what the wait still asks for.
func (c *waitState) missing(seen *Observation) string {
	stable, interruption := "", ""
	if c.wait.StableFor > 0 && (c.stable || c.interruption != "") {
		// Rounded down, so that the two never look equal.
		stable = fmt.Sprintf("stable for %s of %s", c.stableTime().Truncate(time.Second), c.wait.StableFor)
	}
	if c.interruption != "" {
		interruption = "last interruption: " + c.interruption
	}
	return joinParts(seen.Wanted, stable, interruption)
}

// Line words the progress for a reader, with the time that has passed since the look added to it.
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
		if p.Tally != "" {
			state += ", " + p.Tally
		}
	}
	failed := ""
	if p.Err != nil && p.Outcome != "" {
		failed = "the last look failed"
	}
	elapsed := p.Elapsed + since
	return joinParts(state, p.Missing, failed,
		fmt.Sprintf("%s elapsed, %s left", elapsed.Round(time.Second), max(p.Limit-elapsed, 0).Round(time.Second)))
}

// sleep tells whether there is time left after the pause. At the very deadline there is none, whichever timer fires first.
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

// stopped tells the caller's wish to end from the caller's own deadline.
func isCanceled(ctx context.Context) bool { return errors.Is(ctx.Err(), context.Canceled) }

// refusal tells whether the service gave an answer that asking again cannot mend.
func isPermanent(err error) bool {
	e, ok := errors.AsType[*client.Error](err)
	return ok && e.Status != 0 && !client.IsTransient(err)
}

// asksTooMuch tells whether the service asked for a pause that lies beyond the deadline.
func pauseExceedsDeadline(err error) bool {
	_, ok := errors.AsType[*client.PauseError](err)
	return ok
}
