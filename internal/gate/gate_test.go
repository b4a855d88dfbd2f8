package gate

import (
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
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

// The words of outcomes are part of the interface, and exactly one of them is success.
func TestOutcomes(t *testing.T) {
	t.Parallel()
	want := []Outcome{"pending", "running", "paused", "succeeded", "failed", "canceled", "empty", "unknown", "not_found"}
	outcomes := []Outcome{Pending, Running, Paused, Succeeded, Failed, Canceled, Empty, Unknown, NotFound}
	if diff := cmp.Diff(want, outcomes); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
	for _, outcome := range append(outcomes, "", "Succeeded", "success") {
		if got, want := (Verdict{Outcome: outcome, Phase: Good, Completed: true}).Succeeded(), outcome == "succeeded"; got != want {
			t.Errorf("a verdict with outcome %q: succeeded is %t", outcome, got)
		}
	}
}

// A duration needs two ends in the right order.
func TestSpanDuration(t *testing.T) {
	t.Parallel()
	early := time.Date(2023, 8, 31, 1, 56, 26, 0, time.UTC)
	late := early.Add(311283 * time.Millisecond)
	for name, test := range map[string]struct {
		span Span
		want *time.Duration
	}{
		"both known":      {Span{CreatedAt: &early, FinishedAt: &late}, new(311283 * time.Millisecond)},
		"no time between": {Span{CreatedAt: &early, FinishedAt: &early}, new(time.Duration(0))},
		"wrong order":     {Span{CreatedAt: &late, FinishedAt: &early}, nil},
		"not finished":    {Span{CreatedAt: &early}, nil},
		"not created":     {Span{FinishedAt: &late}, nil},
		"nothing known":   {Span{}, nil},
	} {
		if diff := cmp.Diff(test.want, test.span.Duration()); diff != "" {
			t.Errorf("%s: duration (-want +got):\n%s", name, diff)
		}
	}
}

// Times are in UTC whatever the machine's zone, since they go into the state as text. What RFC 3339 cannot write is none.
func TestInstant(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		milliseconds *int64
		want         string
	}{
		{nil, ""},
		{new(int64(-1)), ""},
		{new(int64(0)), ""},
		{new(int64(1)), "1970-01-01T00:00:00.001Z"},
		{new(int64(253402300799999)), "9999-12-31T23:59:59.999Z"},
		{new(int64(253402300800000)), ""},
		{new(int64(1<<63 - 1)), ""},
	} {
		got := ""
		if at := Instant(test.milliseconds); at != nil {
			got = at.Format(time.RFC3339Nano)
		}
		if got != test.want {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
}

// A wait that its time ended is never good, whatever it saw last, and keeps any other verdict.
func TestTimedOutIsNeverGood(t *testing.T) {
	t.Parallel()
	for _, outcome := range []Outcome{Pending, Running, Paused, Succeeded, Failed, Canceled, Empty, Unknown} {
		for _, phase := range []Phase{Moving, Settling, Stuck, Over, Good} {
			good := phase == Good
			before := Verdict{Outcome: outcome, Phase: phase, Completed: true, Counts: map[string]int64{"success": 1}}
			ended := waitResult[int]{
				observation: Observation{Verdict: before}, timeout: &Progress{Missing: "stable for 1s of 2s"}, pastDoubts: []string{"passed"},
			}
			report := ended.report(nil)
			want := before
			if good {
				want.Outcome, want.Phase, want.Completed = Unknown, Moving, false
				want.DoubtKind = NotStable
				want.Doubt = "the time was over before the state had been stable for long enough: stable for 1s of 2s"
			}
			if diff := cmp.Diff(want, report.Verdict); diff != "" || report.Timeout == nil || len(report.PastDoubts) != 1 {
				t.Errorf("%s, good %t: timeout %v, passed %v, verdict (-want +got):\n%s", outcome, good, report.Timeout, report.PastDoubts, diff)
			}
			ended.timeout = nil
			report = ended.report(nil)
			if !cmp.Equal(before, report.Verdict) {
				t.Errorf("%s, good %t: without a timeout it became %+v", outcome, good, report.Verdict)
			}
		}
	}
}
