package gate

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/hwgate/terraform-provider-hwgate/internal/text"
)

const (
	maxStatusLength = 64
	maxNameLength   = 128
	maxShownNames   = 10
)

// statusWord makes an untrusted status fit for messages. One with invisible characters, which could pass for another, is quoted.
func statusWord(status string) string {
	// The status may be very long. Keep more than is shown, so that a cut is marked.
	status = text.Head(status, maxStatusLength+utf8.UTFMax)
	if text.Plain(status, len(status)) != status {
		status = strconv.Quote(status)
	}
	return text.Plain(status, maxStatusLength)
}

// joinNames joins at most maxShownNames names, and says how many more of the total there are.
func joinNames(list []string, total int64) string {
	shown := list[:min(len(list), maxShownNames)]
	joined := strings.Join(shown, ", ")
	if more := total - int64(len(shown)); more > 0 {
		return fmt.Sprintf("%s and %d more", joined, more)
	}
	return joined
}

// joinAllNames is joinNames for a complete list.
func joinAllNames(list []string) string { return joinNames(list, int64(len(list))) }

func outcomeText(outcome Outcome) string {
	if outcome == Running || outcome == Pending {
		return "still " + string(outcome)
	}
	return string(outcome)
}

// joinParts joins the parts that are not empty.
func joinParts(list ...string) string {
	return strings.Join(slices.DeleteFunc(list, func(s string) bool { return s == "" }), "; ")
}

// figure is a labeled count.
type figure struct {
	count int64
	label string
}

// joinFigures formats counts without the zeros, as joinAllNames does.
func joinFigures(list ...figure) string {
	var words []string
	for _, f := range list {
		if f.count != 0 {
			words = append(words, fmt.Sprintf("%d %s", f.count, f.label))
		}
	}
	return joinAllNames(words)
}

// furtherFigures lists the counts of unknown statuses.
func furtherFigures(counts map[string]int64, known []string) []figure {
	var list []figure
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		if !slices.Contains(known, name) {
			list = append(list, figure{counts[name], statusWord(name)})
		}
	}
	return list
}

// ending says how a wait ended; empty if it was too short to mention.
func (w *waitResult[T]) ending() string {
	took := w.elapsed.Round(time.Second).String()
	switch {
	case w.timeout != nil:
		return "timed out after " + took
	case w.stableTime > 0:
		return fmt.Sprintf("stable for %s, waited %s", w.stableTime.Truncate(time.Second), took)
	case w.elapsed >= minPause:
		return "waited " + took
	default:
		return ""
	}
}

func plural(count int64, one, many string) string {
	if count == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", count, many)
}
