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
	maxStatusLength    = 64
	maxNameLength    = 128
	maxShownNames = 10
)

// word makes a status word of the service fit for a text. One with characters that cannot be seen would pass for another: it is quoted,
// with escapes. Only a word that is not there is empty.
func statusWord(status string) string {
	// More than is shown, so that a cut is marked; what lies beyond can be very long.
	status = text.Head(status, maxStatusLength+utf8.UTFMax)
	if text.Plain(status, len(status)) != status {
		status = strconv.Quote(status)
	}
	return text.Plain(status, maxStatusLength)
}

// names joins names for a summary: ten at most, then how many more there are of the total.
func joinNames(list []string, total int64) string {
	shown := list[:min(len(list), maxShownNames)]
	joined := strings.Join(shown, ", ")
	if more := total - int64(len(shown)); more > 0 {
		return fmt.Sprintf("%s and %d more", joined, more)
	}
	return joined
}

// allNames joins names that are the whole of the list.
func joinAllNames(list []string) string { return joinNames(list, int64(len(list))) }

// moving words the outcome of what may go on.
func outcomeText(outcome Outcome) string {
	if outcome == Running || outcome == Pending {
		return "still " + string(outcome)
	}
	return string(outcome)
}

// parts joins the parts of a summary that there are.
func joinParts(list ...string) string {
	return strings.Join(slices.DeleteFunc(list, func(s string) bool { return s == "" }), "; ")
}

// figure is a count and what is counted.
type figure struct {
	count int64
	label  string
}

// figures words counts: zeros are omitted, and what is too many to list is only counted.
func joinFigures(list ...figure) string {
	var words []string
	for _, f := range list {
		if f.count != 0 {
			words = append(words, fmt.Sprintf("%d %s", f.count, f.label))
		}
	}
	return joinAllNames(words)
}

// furtherFigures lists the counts of words that are new.
func furtherFigures(counts map[string]int64, known []string) []figure {
	var list []figure
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		if !slices.Contains(known, name) {
			list = append(list, figure{counts[name], statusWord(name)})
		}
	}
	return list
}

// ending words how a wait ended, empty when there was none to speak of.
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
