// Package gate reads what the services say, waits for it to settle, and turns it into verdicts. It knows nothing of Terraform.
//
// There is one file and one function for each source: ReadOrder (order.go), ReadStatistics and ReadBatch (instances.go), ReadJobs
// (dataarts.go), ReadTasks (roma.go). Each takes what is asked and a reader, which the API client is, and gives one report: the raw data,
// the verdict, what failed by name, and what the user has to be warned of. Verdicts are pure functions. They fail closed: whatever is
// missing, new or contradictory is [Unknown], never [Succeeded].
//
// wait.go holds the one waiter, failures.go finds out which instances of an order failed, words.go and markdown.go put verdicts into
// words.
package gate

import (
	"fmt"
	"time"
)

// Outcome is one word for the state of anything that is looked at.
type Outcome string

// The outcomes. A gate opens on Succeeded, and for tasks that are meant to run for ever on Running.
const (
	Pending   Outcome = "pending"
	Running   Outcome = "running"
	Paused    Outcome = "paused"
	Succeeded Outcome = "succeeded"
	Failed    Outcome = "failed"
	Canceled  Outcome = "canceled"
	Empty     Outcome = "empty"
	Unknown   Outcome = "unknown"
	NotFound  Outcome = "not_found"
)

// Verdict is what is concluded from one look.
type Verdict struct {
	Outcome Outcome
	// Good says that this is what a gate asks for, and a wait is for: success, or health of tasks that run for ever.
	Good bool
	// Completed says that nothing moves any more.
	Completed bool
	// Stuck says that what is left moves only when a person acts.
	Stuck bool
	// Doubt says why the outcome is Unknown; it is empty for any other.
	Doubt string
	// Counts maps status words to counts. It is nil when they were not read or cannot be trusted.
	Counts map[string]int64
}

// Succeeded tells whether the outcome is success.
func (v Verdict) Succeeded() bool { return v.Outcome == Succeeded }

// Report is what every source has to say beside its own data.
type Report struct {
	Verdict

	// Summary is one harmless line: what was looked at, the outcome, durations, counts and names of what failed.
	Summary string
	// Markdown says the same for people: a heading, a table of counts and a table of what failed.
	Markdown string
	// Culprits names what failed, a line each, bounded; nil when there is nothing to name. MoreCulprits counts those beyond.
	Culprits     []string
	MoreCulprits int64
	// Filtered says that only a part was asked for, so that the doubt is no news.
	Filtered bool
	// Missing says that the service does not know the object, which was to be ignored.
	Missing bool
	// Timeout is how things stood when the deadline came before the end of a wait; nil for any other end.
	Timeout *Progress
	// Passed are doubts that were met on the way and no longer hold.
	PastDoubts []string
	// UnreadFields names informational fields of an unexpected type, which are null.
	UnreadFields []string
	// UnreadDetails says why what failed could not be named, or not all of it; nil when it could.
	UnreadDetails error
}

// report begins the report on what a wait has ended with. A state that was good but not for long enough when the time was over is no
// success.
func (w *waitResult[T]) report(unread []string) Report {
	r := Report{Verdict: w.observation.Verdict, Timeout: w.timeout, PastDoubts: w.pastDoubts, UnreadFields: unread}
	if r.Timeout != nil && r.Good {
		r.Outcome, r.Good, r.Completed = Unknown, false, false
		r.Doubt = "the time was over before the state had been stable for long enough: " + r.Timeout.Missing
	}
	return r
}

// blame notes what failed, by name.
func (r *Report) setCulprits(failed *table) {
	r.Culprits = failed.lines[:min(len(failed.lines), maxCulprits)]
	r.MoreCulprits = failed.total - int64(len(r.Culprits))
}

// blameListed notes what a listing names, each of one kind. A list that is not whole would pass for better news than there is, so it
// is noted as such. It gives nil when the list is empty although something failed.
func (r *Report) setListedCulprits(failed *table, one string, unread []string) *table {
	listed := int64(len(failed.lines))
	if listed < min(failed.total, maxCulprits) {
		r.UnreadDetails = fmt.Errorf("the service counts %s, but lists %d", plural(failed.total, one, one+"s"), listed)
	}
	if listed == 0 {
		return nil
	}
	r.UnreadFields = append(r.UnreadFields, unread...)
	r.setCulprits(failed)
	return failed
}

// describe puts the report into words: the state, the doubt, and what else there is to say.
func (r *Report) describe(name, state string, counts []figure, failed *table, said ...string) {
	r.Summary = joinParts(append([]string{name + ": " + state, r.Doubt}, said...)...)
	r.Markdown = markdown(name, r.Verdict, counts, failed)
}

// Instant reads milliseconds since 1970. What is no time of this era counts as not set.
func Instant(milliseconds *int64) *time.Time {
	const year10000 = 253402300800000
	if milliseconds == nil || *milliseconds <= 0 || *milliseconds >= year10000 {
		return nil
	}
	return new(time.UnixMilli(*milliseconds).UTC())
}

// Span is when something ran.
type Span struct {
	// CreatedAt and FinishedAt are nil until known.
	CreatedAt, FinishedAt *time.Time
}

func span(created, finished *int64) Span { return Span{Instant(created), Instant(finished)} }

// Duration is the time between the two ends, nil until both are known, and when they are in the wrong order.
func (s Span) Duration() *time.Duration {
	if s.CreatedAt == nil || s.FinishedAt == nil || s.FinishedAt.Before(*s.CreatedAt) {
		return nil
	}
	return new(s.FinishedAt.Sub(*s.CreatedAt))
}
