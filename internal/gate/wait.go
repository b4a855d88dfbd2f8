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
	// Progress, when set, is called at the start and after every look that does not end the wait. It must not block.
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
	// Final ends the wait: no later look can tell more.
	Final bool
	// Settling says that the service may not have caught up yet. It is tolerated for a grace, and then ends the wait.
	Settling bool
}

// Timeout says how things stood when the deadline came before the end of a wait.
type Timeout struct {
	// Status and Tally are the last good look's, Tally empty when there is none.
	Status, Tally string
	// Waited is how long the wait took.
	Waited time.Duration
	// Missing says what the wait still asked for, empty when that is plain.
	Missing string
	// Err is the failure of the last look, if it failed.
	Err error
}

const (
	shortestPause = time.Second // also the first one
	longestGrace  = time.Minute
	// lastLook is how long before the deadline there is a last look.
	lastLook = time.Second
	// longestReserve is the time kept at the end of a wait for reading details, a tenth of the whole at most.
	longestReserve = 10 * time.Second
	// defaultLimit bounds a wait whose context has no deadline.
	defaultLimit = 30 * time.Minute
)

// waited is how a wait ended that had something to show.
type waited[T any] struct {
	last T
	seen Observation
	// passed are doubts that were met on the way and no longer hold, each once.
	passed  []string
	elapsed time.Duration
	// held is how long the state had been stable, zero when that was not asked for.
	held    time.Duration
	timeout *Timeout
}

// lookFunc looks once. The observation is worth something only without an error.
type lookFunc[T any] func(ctx context.Context) (T, Observation, error)

// waitFor looks until there is nothing more to wait for, or the deadline has come. Without a wait it looks once. young says that the
// thing may be too new to be visible.
//
// Before the first good answer every failure ends the wait, but a not-found in the grace of what is young. Afterwards only those end
// it that asking again cannot mend. The error is that failure, or the end of the context.
func waitFor[T any](ctx context.Context, w *Wait, name string, young bool, look lookFunc[T]) (waited[T], error) {
	if w == nil {
		last, seen, err := look(ctx)
		return waited[T]{last: last, seen: seen}, err
	}
	start := time.Now()
	end := deadline(ctx, start)
	timed, cancel := context.WithDeadline(ctx, end)
	defer cancel()
	course := course{wait: *w, limit: end.Sub(start), grace: min(longestGrace, end.Sub(start)/2)}
	var ended waited[T]
	var doubts []string
	log := logger(w.Logger)
	tell := func(err error) {
		if w.Progress != nil {
			w.Progress(Progress{Observation: ended.seen, Elapsed: time.Since(start), Limit: course.limit, Err: err})
		}
	}
	tell(nil)
	for good := false; ; {
		sent := time.Since(start)
		last, seen, err := look(timed)
		ended.elapsed = time.Since(start)
		switch {
		case err == nil:
			if !good || seen.Status != ended.seen.Status {
				log.InfoContext(ctx, "status seen", "what", name, "status", seen.Status, "outcome", string(seen.Outcome),
					"elapsed_ms", ended.elapsed.Milliseconds())
			}
			good, ended.last, ended.seen = true, last, seen
			if seen.Doubt != "" && !slices.Contains(doubts, seen.Doubt) {
				doubts = append(doubts, seen.Doubt)
			}
			ended.passed = slices.DeleteFunc(slices.Clone(doubts), func(doubt string) bool { return doubt == seen.Doubt })
			if course.see(sent, ended.elapsed, &seen) {
				ended.held = course.held(sent)
				return ended, nil
			}
		case stopped(ctx):
			return ended, ctx.Err()
		case good && (asksTooMuch(err) || (timed.Err() != nil && !refusal(err))):
			ended.timeout = course.timeout(ended.seen, ended.elapsed, err)
			return ended, nil
		case client.IsNotFound(err) && young && ended.elapsed < course.grace && timed.Err() == nil:
		case good && client.IsTransient(err):
			course.see(sent, ended.elapsed, nil)
			log.InfoContext(ctx, "looking again after a failure", "what", name, "error", err.Error())
		case client.IsNotFound(err) && ended.elapsed >= shortestPause:
			return ended, fmt.Errorf("looked for it for %s: %w", ended.elapsed.Round(time.Second), err)
		default:
			return ended, err
		}
		tell(err)
		if !sleep(timed, course.pause(ended.elapsed)) {
			switch {
			case stopped(ctx):
				return ended, ctx.Err()
			case good:
				ended.elapsed = time.Since(start)
				ended.timeout = course.timeout(ended.seen, ended.elapsed, err)
				return ended, nil
			}
			return ended, err
		}
	}
}

// deadline is when a wait has to end so that details can still be read.
func deadline(ctx context.Context, now time.Time) time.Time {
	end, ok := ctx.Deadline()
	if !ok {
		end = now.Add(defaultLimit)
	}
	return end.Add(-min(longestReserve, end.Sub(now)/10))
}

// course is what a wait remembers from look to look. It is a pure state machine: times are counted from the start of the wait.
type course struct {
	wait         Wait
	limit, grace time.Duration

	// stable says that every look since stableSince, when the first of them was answered, showed what the wait is for.
	stable      bool
	stableSince time.Duration
	// interruption is what last ended such a span.
	interruption string
	// settling says that every look since settlingSince may have come too early.
	settling      bool
	settlingSince time.Duration
}

// see takes in a look, nil for one that failed, and tells whether there is nothing more to wait for.
func (c *course) see(sent, answered time.Duration, seen *Observation) bool {
	switch {
	case seen == nil:
		c.interrupt("an answer that could not be read")
	case seen.Good:
		if !c.stable {
			c.stable, c.stableSince = true, answered
		}
	default:
		c.interrupt(cmp.Or(seen.Tally, seen.Status))
	}
	if seen == nil {
		return false
	}
	if !c.settling {
		c.settlingSince = sent
	}
	c.settling = seen.Settling
	switch {
	case seen.Good:
		return c.wait.StableFor == 0 || sent >= c.stableSince+c.wait.StableFor
	case seen.Settling:
		return answered-c.settlingSince >= c.grace
	case seen.Completed, seen.Outcome == Empty, seen.Final:
		return true
	default:
		return seen.Stuck && !c.wait.ThroughPause
	}
}

func (c *course) interrupt(by string) {
	if c.stable {
		c.stable, c.interruption = false, by
	}
}

// held is how long the state had been stable at a look.
func (c *course) held(sent time.Duration) time.Duration {
	if !c.stable || c.wait.StableFor == 0 {
		return 0
	}
	return sent - c.stableSince
}

// pause is how long to wait for the next look. It grows with the time waited, so that the end is seen soon after it came, in
// proportion; jitter shortens it by up to a fifth, since many waits that began together must not stay together. A look that the
// deadline, a stable span or a grace needs is never skipped.
func (c *course) pause(now time.Duration) time.Duration {
	pause := min(max(now/3, shortestPause), c.interval())
	pause -= rand.N(pause/5 + 1) //nolint:gosec // jitter needs no secrecy
	if left := c.limit - lastLook - now; left > 0 {
		pause = min(pause, left)
	}
	if c.stable {
		pause = min(pause, c.stableSince+c.wait.StableFor-now)
	}
	if c.settling {
		pause = min(pause, c.settlingSince+c.grace-now)
	}
	return max(pause, 0)
}

func (c *course) interval() time.Duration {
	if c.wait.Interval <= 0 {
		return DefaultPollInterval
	}
	return c.wait.Interval
}

func (c *course) timeout(seen Observation, elapsed time.Duration, err error) *Timeout {
	timeout := &Timeout{Status: seen.Status, Tally: seen.Tally, Waited: elapsed, Err: err}
	if c.wait.StableFor > 0 && (c.stable || c.interruption != "") {
		held := time.Duration(0)
		if c.stable {
			held = elapsed - c.stableSince
		}
		timeout.Missing = fmt.Sprintf("stable for %s of %s", held.Round(time.Second), c.wait.StableFor)
		if c.interruption != "" {
			timeout.Missing += "; last interruption: " + c.interruption
		}
	}
	return timeout
}

// Progress is how things stand after a look.
type Progress struct {
	// Observation is the last good look's; its Outcome is empty before the first one.
	Observation

	// Elapsed counts from the start of the wait, which Limit bounds.
	Elapsed, Limit time.Duration
	// Err is the failure of the look, if it failed.
	Err error
}

// Line words the progress for a reader, with the time that has passed since the look added to it.
func (p Progress) Line(since time.Duration) string {
	state := "no answer yet"
	if p.Outcome == "" && client.IsNotFound(p.Err) {
		state = "not visible yet"
	}
	if p.Outcome != "" {
		state = string(p.Outcome)
		if p.Tally != "" {
			state += ", " + p.Tally
		} else if p.Status != "" && p.Status != string(p.Outcome) {
			state += " (" + p.Status + ")"
		}
	}
	if p.Err != nil && p.Outcome != "" {
		state += ", the last look failed"
	}
	elapsed := p.Elapsed + since
	return fmt.Sprintf("%s; %s elapsed, %s left", state, elapsed.Round(time.Second), max(p.Limit-elapsed, 0).Round(time.Second))
}

func sleep(ctx context.Context, pause time.Duration) bool {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}

// stopped tells the caller's wish to end from the caller's own deadline.
func stopped(ctx context.Context) bool { return errors.Is(ctx.Err(), context.Canceled) }

// refusal tells whether the service gave an answer that asking again cannot mend.
func refusal(err error) bool {
	e, ok := errors.AsType[*client.Error](err)
	return ok && e.Status != 0 && !client.IsTransient(err)
}

// asksTooMuch tells whether the service asked for a pause that lies beyond the deadline.
func asksTooMuch(err error) bool {
	_, ok := errors.AsType[*client.PauseError](err)
	return ok
}

func logger(given *slog.Logger) *slog.Logger {
	if given == nil {
		return slog.New(slog.DiscardHandler)
	}
	return given
}
