package gate_test

import (
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/hwgate/terraform-provider-hwgate/internal/gate"
)

const orderID = "SCT2023083109562601af694bf"

// hostileTexts are what a broken or a hostile service may send where a word or a name belongs.
var hostileTexts = map[string]string{
	"empty":           "",
	"blank":           " \t\r\n",
	"terminal escape": "\x1b[2J\x1b[31mFINISHED\x1b[0m",
	"lone escape":     "\x1b",
	"C1 escape":       "\u009b31mFINISHED",
	"new line":        "FINISHED\n::set-output name=ok::true",
	"line separator":  "FINISHED\u2028FINISHED",
	"invalid UTF-8":   "FIN\xff\xfeISHED",
	"NUL":             "FINISHED\x00",
	"right to left":   "\u202eDEHSINIF",
	"zero width":      "FINI\u200bSHED",
	"padded":          " FINISHED ",
	"lower case":      "finished",
	"look-alike":      "FINІSHED", // The I is Cyrillic.
	"megabytes":       strings.Repeat("FINISHED ", 300_000),
	"wide characters": strings.Repeat("主机", 10_000),
	"template":        "${var.secret} %{ if true } %s %!d",
}

// harmless tells what makes a text unfit for a terminal, a log or an error message; empty when nothing does. The limit holds ten
// host names of 128 bytes, twice ten status words of 64, and what is said around them.
func harmless(text string) string {
	switch {
	case !utf8.ValidString(text):
		return "invalid UTF-8"
	case len(text) > 3500:
		return "too long"
	case strings.TrimSpace(text) == "":
		return "blank"
	case strings.Contains(text, "  "):
		return "a double space, so something is missing"
	}
	for _, r := range text {
		if !unicode.IsPrint(r) {
			return "an unprintable character"
		}
	}
	return ""
}

func TestOutcomes(t *testing.T) {
	t.Parallel()
	want := []gate.Outcome{"pending", "running", "paused", "succeeded", "failed", "canceled", "empty", "unknown", "not_found"}
	outcomes := []gate.Outcome{
		gate.Pending, gate.Running, gate.Paused, gate.Succeeded, gate.Failed, gate.Canceled, gate.Empty, gate.Unknown, gate.NotFound,
	}
	if diff := cmp.Diff(want, outcomes); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
	for _, outcome := range append(outcomes, "", "Succeeded", "success") {
		if got, want := (gate.Verdict{Outcome: outcome, Completed: true}).Succeeded(), outcome == "succeeded"; got != want {
			t.Errorf("a verdict with outcome %q: succeeded is %t", outcome, got)
		}
	}
}

func TestSpanDuration(t *testing.T) {
	t.Parallel()
	early := time.Date(2023, 8, 31, 1, 56, 26, 0, time.UTC)
	late := early.Add(311283 * time.Millisecond)
	for name, test := range map[string]struct {
		span gate.Span
		want *time.Duration
	}{
		"both known":      {gate.Span{CreatedAt: &early, FinishedAt: &late}, new(311283 * time.Millisecond)},
		"no time between": {gate.Span{CreatedAt: &early, FinishedAt: &early}, new(time.Duration(0))},
		"wrong order":     {gate.Span{CreatedAt: &late, FinishedAt: &early}, nil},
		"not finished":    {gate.Span{CreatedAt: &early}, nil},
		"not created":     {gate.Span{FinishedAt: &late}, nil},
		"nothing known":   {gate.Span{}, nil},
	} {
		if diff := cmp.Diff(test.want, test.span.Duration()); diff != "" {
			t.Errorf("%s: duration (-want +got):\n%s", name, diff)
		}
	}
}
