package gate

import (
	"fmt"
	"maps"
	"math"
	"slices"
)

const tooLarge = "the counts are too large to be true"

func zeroCounts(words []string) map[string]int64 {
	counts := make(map[string]int64, len(words))
	for _, word := range words {
		counts[word] = 0
	}
	return counts
}

// addCounts adds two counts that are not negative, and reports whether the sum fits.
func addCounts(a, b int64) (int64, bool) {
	if a > math.MaxInt64-b {
		return math.MaxInt64, false
	}
	return a + b, true
}

// newCountsVerdict is the verdict on counts that this version does not know. They are added to the others, unless one is negative or has
// the name of a state.
func newCountsVerdict(counts, further map[string]int64) Verdict {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(further)) {
		list = append(list, fmt.Sprintf("%s (%d)", statusWord(name), further[name]))
		if _, taken := counts[name]; taken || further[name] < 0 {
			counts = nil
		}
	}
	if counts != nil {
		maps.Copy(counts, further)
	}
	return Verdict{
		Outcome: Unknown, Doubt: "counts new to this version of the provider: " + joinAllNames(list), DoubtKind: NewWord, Counts: counts,
	}
}
