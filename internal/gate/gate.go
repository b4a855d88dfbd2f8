// Package gate reads the state of deployments, waits for it to settle, and judges it. It does not depend on Terraform.
//
// Each source has one function: ReadOrder (order.go), ReadStatistics and ReadBatch (instances.go), ReadJobs (dataarts.go) and ReadTasks
// (roma.go). It takes a request and a reader, the API client, and returns a report: raw data, verdict, what failed, and warnings. Verdicts
// are pure functions and fail closed: anything missing, new or contradictory is [Unknown], never [Succeeded].
//
// wait.go polls for all sources, counts.go and details.go serve several of them, failures.go reads the failed instances of an order, and
// words.go and markdown.go format reports.
package gate

import (
	"time"

	"github.com/hwgate/terraform-provider-hwgate/internal/text"
)

// Outcome is the state of what was read, in one word.
type Outcome string

// The outcomes. A gate opens on Succeeded, or on Running for tasks that are meant to run forever.
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

// Phase says what a later look could change.
type Phase int

// The phases.
const (
	// Moving means that a later look can tell more.
	Moving Phase = iota
	// Settling means that the service may not have caught up yet. After a grace period it ends a wait.
	Settling
	// Stuck means that nothing moves until a person acts.
	Stuck
	// Over means that a later look cannot tell more, and that the state is not Good.
	Over
	// Good is what gates and waits ask for: success, or health of tasks that run forever.
	Good
)

// DoubtKind classifies a doubt by what settles it.
type DoubtKind int

// The kinds of doubts.
const (
	// OtherDoubt is settled at the service's console, or by a later look.
	OtherDoubt DoubtKind = iota
	// NewWord is a status or a count that this version does not know.
	NewWord
	// DayBorder is a look after the counts have begun again.
	DayBorder
	// TooOld is an order that is not known to be as new as asked.
	TooOld
	// BadBaseline is a baseline that the counts cannot be compared with.
	BadBaseline
	// NotStable is a good state that did not last until the deadline.
	NotStable
)

// Verdict is the conclusion from one look.
type Verdict struct {
	Outcome Outcome
	Phase   Phase
	// Completed reports that nothing is still moving.
	Completed bool
	// Doubt explains an Unknown outcome; empty otherwise. DoubtKind says what to do about it.
	Doubt     string
	DoubtKind DoubtKind
	// Counts maps statuses to counts; nil if they were not read or cannot be trusted.
	Counts map[string]int64
}

// Good reports whether the phase is [Good].
func (v Verdict) Good() bool { return v.Phase == Good }

// Succeeded reports whether the outcome is [Succeeded].
func (v Verdict) Succeeded() bool { return v.Outcome == Succeeded }

// Report is what all sources report in addition to their own data.
type Report struct {
	Verdict

	// Summary is one sanitized line: what was read, the outcome, durations, counts and names of what failed.
	Summary string
	// Markdown has a heading, a table of counts and a table of what failed.
	Markdown string
	// Culprits names what failed, at most maxCulprits lines; nil if nothing is named. MoreCulprits counts the rest.
	Culprits     []string
	MoreCulprits int64
	// Filtered reports that only a part was requested: the doubt is expected.
	Filtered bool
	// Timeout is the progress of a wait that reached its deadline; nil otherwise.
	Timeout *Progress
	// PastDoubts are doubts of earlier looks that no longer hold.
	PastDoubts []string
	// UnreadFields names informational fields that are null since they had an unexpected type.
	UnreadFields []string
	// DoubtCause is the error behind the doubt; nil if an answer is in doubt.
	DoubtCause error
	// UnreadDetails explains why some of what failed is not named; nil if all is.
	UnreadDetails error
}

// report starts the report. A good state that was not stable for long enough by the deadline is not a success.
func (w *waitResult[T]) report(unread []string) Report {
	r := Report{Verdict: w.observation.Verdict, Timeout: w.timeout, PastDoubts: w.pastDoubts, UnreadFields: unread}
	if r.Timeout != nil && r.Good() {
		r.Outcome, r.Phase, r.Completed = Unknown, Moving, false
		r.Doubt, r.DoubtKind = "the time was over before the state had been stable for long enough: "+r.Timeout.Missing, NotStable
	}
	return r
}

// describe sets Summary and Markdown. Empty details are omitted; ended is nil if it is not known when what was read ended.
func (r *Report) describe(name, state string, ended *time.Time, counts []figure, failed *table, details ...string) {
	name = text.Capitalize(name)
	if ended != nil {
		state += ", ended " + ended.Format(time.RFC3339)
	}
	r.Summary = joinParts(append([]string{name + ": " + state, r.Doubt}, details...)...)
	r.Markdown = markdown(name, r.Verdict, ended, counts, failed)
}

// Instant converts milliseconds since 1970. It returns nil for nil and for values outside the years 1970 to 9999.
func Instant(milliseconds *int64) *time.Time {
	const year10000 = 253402300800000
	if milliseconds == nil || *milliseconds <= 0 || *milliseconds >= year10000 {
		return nil
	}
	return new(time.UnixMilli(*milliseconds).UTC())
}

// Span is the time during which something ran.
type Span struct {
	// CreatedAt and FinishedAt are nil if not known.
	CreatedAt, FinishedAt *time.Time
}

func span(created, finished *int64) Span { return Span{Instant(created), Instant(finished)} }

// Duration is nil unless both times are known and in order.
func (s Span) Duration() *time.Duration {
	if s.CreatedAt == nil || s.FinishedAt == nil || s.FinishedAt.Before(*s.CreatedAt) {
		return nil
	}
	return new(s.FinishedAt.Sub(*s.CreatedAt))
}

func deref[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}
