// Package gate turns what the services say into verdicts, and waits until there is one. It knows nothing of Terraform.
//
// Verdicts are pure functions from the client's types, one file a service: order.go, instances.go (statistics and batches),
// dataarts.go, roma.go. They fail closed: whatever is missing, new or contradictory is [Unknown], never [Succeeded].
// wait.go holds the one waiter, digest.go finds out why an order failed.
package gate

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hwgate/terraform-provider-hwgate/internal/text"
)

// Outcome is one word for the state of anything that is looked at.
type Outcome string

// The outcomes. Only Succeeded opens a gate.
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

// Verdict is what is concluded from one answer.
type Verdict struct {
	Outcome Outcome
	// Completed says that nothing moves any more.
	Completed bool
	// Stuck says that what is left moves only when a person acts.
	Stuck bool
	// Doubt says why the outcome is Unknown; it is empty for any other.
	Doubt string
	// Summary is one harmless line: what was looked at, the outcome, durations, counts and host names.
	Summary string
	// Counts maps status words to counts. It is nil when they were not read or cannot be trusted.
	Counts map[string]int64
}

// Succeeded tells whether the gate may open.
func (v Verdict) Succeeded() bool { return v.Outcome == Succeeded }

const (
	wordLimit    = 64
	nameLimit    = 128
	namesInShort = 10
)

// word makes a status word of the service fit for a text. Only a word that is not there is empty.
func word(status string) string {
	plain := text.Plain(status, wordLimit)
	if plain == "" && status != "" {
		return "?"
	}
	return plain
}

// names joins names for a summary: ten at most, then how many more.
func names(list []string) string {
	if more := len(list) - namesInShort; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(list[:namesInShort], ", "), more)
	}
	return strings.Join(list, ", ")
}

// parts joins the parts of a summary that there are.
func parts(list ...string) string {
	return strings.Join(slices.DeleteFunc(list, func(s string) bool { return s == "" }), "; ")
}

// instant reads milliseconds since 1970. What is no time of this era counts as not set.
func instant(milliseconds *int64) *time.Time {
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

func span(created, finished *int64) Span { return Span{instant(created), instant(finished)} }

// Duration is the time between the two ends, nil until both are known, and when they are in the wrong order.
func (s Span) Duration() *time.Duration {
	if s.CreatedAt == nil || s.FinishedAt == nil || s.FinishedAt.Before(*s.CreatedAt) {
		return nil
	}
	return new(s.FinishedAt.Sub(*s.CreatedAt))
}

// after words the duration for a summary, empty when it is not known.
func (s Span) after() string {
	duration := s.Duration()
	if duration == nil {
		return ""
	}
	return " after " + duration.Round(time.Second).String()
}
