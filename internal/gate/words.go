package gate

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hwgate/terraform-provider-hwgate/internal/text"
)

const (
	wordLimit    = 64
	nameLimit    = 128
	namesInShort = 10
)

// word makes a status word of the service fit for a text. Only a word that is not there is empty.
func word(status string) string {
	if status == "" {
		return ""
	}
	return cmp.Or(text.Plain(status, wordLimit), "?")
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

// figure is a count and what is counted.
type figure struct {
	count int64
	what  string
}

// figures words counts: zeros are left out, and what is too many to list is only counted.
func figures(list ...figure) string {
	var words []string
	for _, f := range list {
		if f.count != 0 {
			words = append(words, fmt.Sprintf("%d %s", f.count, f.what))
		}
	}
	return names(words)
}

// ending words how a wait ended, empty when there was none to speak of.
func ending(waited, held time.Duration, timeout *Timeout) string {
	switch {
	case timeout != nil:
		return "the wait ended with its time after " + timeout.Waited.Round(time.Second).String()
	case held > 0:
		return fmt.Sprintf("stable for %s, after %s of waiting", held.Round(time.Second), waited.Round(time.Second))
	case waited >= shortestPause:
		return "seen after " + waited.Round(time.Second).String() + " of waiting"
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
