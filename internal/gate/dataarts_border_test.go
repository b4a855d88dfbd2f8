package gate

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/hwgate/terraform-provider-hwgate/internal/client"
)

// untilMidnight is the time until the first midnight in China of a bubble, which begins at eight in the morning there.
const untilMidnight = 16 * time.Hour

// TestMidnightInAWaitThatIsNoSmaller shows what midnight in China does to a wait when the counts of the new day are not smaller than those
// of the old one: they lack what failed or ran before.
func TestMidnightInAWaitThatIsNoSmaller(t *testing.T) {
	t.Parallel()
	type counts = map[string]int64
	const midnight = "midnight (UTC+8) came in this wait"
	missing := jobs(counts{"running": 1})
	missing.SkipCount = nil
	further := jobs(counts{"success": 9, "running": 2})
	further.Further = counts{"retrying": 1}
	for name, test := range map[string]struct {
		// before is the time from the first look to midnight; the second look comes about a second later.
		before   time.Duration
		days     string
		baseline counts
		looks    []*client.JobStatistics
		outcome  Outcome
		asked    int
		text     string
	}{
		"after a failure": {
			500 * time.Millisecond, "", nil, []*client.JobStatistics{jobs(counts{"fail": 1, "running": 1}), jobs(counts{"waiting": 3}), jobs(counts{"success": 3})},
			Unknown, 2, midnight,
		},
		"while something runs": {
			500 * time.Millisecond, "today", nil, []*client.JobStatistics{jobs(counts{"success": 5, "running": 1}), jobs(counts{"success": 8})},
			Unknown, 2, midnight,
		},
		"yesterday": {
			500 * time.Millisecond, "yesterday", nil, []*client.JobStatistics{jobs(counts{"fail": 2, "running": 1}), jobs(counts{"success": 9})},
			Unknown, 2, midnight,
		},
		"the day before yesterday": {
			500 * time.Millisecond, "before_yesterday", nil, []*client.JobStatistics{jobs(counts{"pause": 1, "waiting": 1}), jobs(counts{"success": 9})},
			Unknown, 2, midnight,
		},
		"under a baseline": {
			500 * time.Millisecond, "", allWords(counts{"success": 5}),
			[]*client.JobStatistics{jobs(counts{"success": 5, "running": 1}), jobs(counts{"success": 8})},
			Unknown, 2, midnight,
		},
		"under a baseline, before anything is new": {
			500 * time.Millisecond, "", allWords(counts{"success": 5}),
			[]*client.JobStatistics{jobs(counts{"success": 5}), jobs(counts{"success": 8})},
			Unknown, 2, midnight,
		},
		"a count is missing": {
			1200 * time.Millisecond, "", nil,
			[]*client.JobStatistics{jobs(counts{"success": 5, "running": 1}), jobsOf(nil), jobs(counts{"success": 8}), jobs(counts{"success": 9})},
			Unknown, 3, midnight,
		},
		"a count is missing at the first look": {
			500 * time.Millisecond, "", nil, []*client.JobStatistics{missing, jobs(counts{"success": 8})}, Unknown, 2, midnight,
		},
		"nothing is counted yet": {
			500 * time.Millisecond, "", nil, []*client.JobStatistics{jobs(nil), jobs(counts{"success": 8})}, Unknown, 2, midnight,
		},
		"all days": {
			500 * time.Millisecond, "all", nil, []*client.JobStatistics{jobs(counts{"fail": 1, "running": 1}), jobs(counts{"success": 8})},
			Succeeded, 2, "8 succeeded",
		},
		"just before midnight": {
			3 * time.Second, "", nil, []*client.JobStatistics{jobs(counts{"success": 5, "running": 1}), jobs(counts{"success": 6})},
			Succeeded, 2, "6 succeeded",
		},
		"just after midnight": {
			-time.Millisecond, "", nil, []*client.JobStatistics{jobs(counts{"success": 5, "running": 1}), jobs(counts{"success": 6})},
			Succeeded, 2, "6 succeeded",
		},
		"the total falls behind a new state": {
			-time.Hour, "", nil, []*client.JobStatistics{further, jobs(counts{"success": 9})},
			Unknown, 2, "counted 11 instances, and now there are only 9",
		},
		"a new state behind what ran": {
			-time.Hour, "", nil, []*client.JobStatistics{jobs(counts{"success": 9, "running": 9}), further, jobs(counts{"success": 20})},
			Unknown, 2, "counted 18 instances, and now there are only 11",
		},
		"failures are fewer": {
			-time.Hour, "", nil, []*client.JobStatistics{jobs(counts{"fail": 2, "running": 1}), jobs(counts{"fail": 1, "success": 9})},
			Unknown, 2, "the count of fail has fallen from 2 to 1 in this wait",
		},
		"successes are fewer": {
			-time.Hour, "", nil, []*client.JobStatistics{jobs(counts{"success": 2, "running": 1}), jobs(counts{"success": 1, "force_success": 9})},
			Unknown, 2, "the count of success has fallen from 2 to 1",
		},
		"stopped ones are fewer": {
			-time.Hour, "", nil, []*client.JobStatistics{jobs(counts{"manual_stop": 1, "running": 1}), jobs(counts{"success": 9})},
			Unknown, 2, "the count of manual_stop has fallen from 1 to 0",
		},
		"forced ones are fewer": {
			-time.Hour, "", nil, []*client.JobStatistics{jobs(counts{"force_success": 1, "running": 1}), jobs(counts{"success": 9})},
			Unknown, 2, "the count of force_success has fallen",
		},
		"ignored ones are fewer": {
			-time.Hour, "", nil, []*client.JobStatistics{jobs(counts{"ignore_success": 1, "running": 1}), jobs(counts{"success": 9})},
			Unknown, 2, "the count of ignore_success has fallen",
		},
		"a fall around a missing count": {
			-time.Hour, "", nil, []*client.JobStatistics{jobs(counts{"fail": 1, "running": 1}), jobsOf(nil), jobs(counts{"success": 9})},
			Unknown, 3, "the count of fail has fallen",
		},
		"a fall beside a missing count": {
			-time.Hour, "", nil, []*client.JobStatistics{jobs(counts{"success": 5, "running": 4}), missing, jobs(counts{"success": 9})},
			Unknown, 2, "the count of success has fallen from 5 to 0",
		},
		"suspended, skipped and frozen ones run after all": {
			-time.Hour, "", nil,
			[]*client.JobStatistics{jobs(counts{"running_exception": 1, "skip": 1, "freeze": 1, "running": 1}), jobs(counts{"success": 4})},
			Succeeded, 2, "4 succeeded",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(untilMidnight - test.before)
				service := &dataArts{statistics: inTurn(test.looks...)}
				asked := JobRequest{Baseline: test.baseline, Wait: &Wait{}}
				asked.QueryDays = test.days
				got := readJobs(t, service, asked)
				if got.Outcome != test.outcome || got.Good() != (test.outcome == Succeeded) || got.Timeout != nil ||
					(got.Tally != nil) != got.Good() || len(service.asked) != test.asked {
					t.Errorf("after %d looks: %+v, want %s after %d", len(service.asked), got.Report, test.outcome, test.asked)
				}
				if !strings.Contains(got.Summary, test.text) {
					t.Errorf("summary %q, want %q in it", got.Summary, test.text)
				}
				if !got.Good() && !strings.Contains(got.Summary, "job_name and since, which know no midnight") {
					t.Errorf("summary %q does not name the way out", got.Summary)
				}
			})
		})
	}
}

// A success that was seen before midnight, and is seen after it, is one: stable_for may span midnight.
func TestStableOverMidnight(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(untilMidnight - time.Second)
		service := &dataArts{statistics: inTurn(jobs(map[string]int64{"success": 5}), jobs(map[string]int64{"success": 6}))}
		got := readJobs(t, service, JobRequest{Wait: &Wait{StableFor: time.Minute}})
		if !got.Good() || len(service.asked) < 3 {
			t.Errorf("after %d looks: %+v", len(service.asked), got.Report)
		}
	})
}

// dayLook is a look as the naive model sees it.
type dayLook struct {
	sent, answered time.Time
	counts         map[string]*int64
}

// mayHide says why a look cannot speak for the earlier ones: it is of another day than one that was not good, or than any under a
// baseline, or it counts less.
func mayHide(earlier []dayLook, look dayLook, hasBaseline bool) bool {
	count := func(look dayLook, word string) (int64, bool) {
		count := look.counts[word]
		if count == nil || *count < 0 {
			return 0, false
		}
		return *count, true
	}
	total := func(look dayLook) (sum int64, complete bool) {
		complete = true
		for _, word := range jobWordList {
			n, ok := count(look, word)
			sum, complete = sum+n, complete && ok
		}
		return sum, complete
	}
	date := func(at time.Time) string { return at.UTC().Add(8 * time.Hour).Format("20060102") }
	for _, before := range earlier {
		outcome, _ := judgeJobsNaively(before.counts)
		if (outcome != Succeeded || hasBaseline) && date(before.sent) != date(look.answered) {
			return true
		}
		for word := range strings.FieldsSeq("fail success manual_stop force_success ignore_success") {
			was, _ := count(before, word)
			if is, ok := count(look, word); ok && is < was {
				return true
			}
		}
		was, _ := total(before)
		if is, complete := total(look); complete && is < was {
			return true
		}
	}
	return false
}

// checkBorder draws a wait around midnight, and holds it to the naive model. It says how the wait ended.
func checkBorder(t *rapid.T, bubble func(func(context.Context))) string {
	before := time.Duration(rapid.Int64Range(-20_000, 40_000).Draw(t, "milliseconds to midnight")) * time.Millisecond
	asked := JobRequest{Wait: &Wait{StableFor: rapid.SampledFrom([]time.Duration{0, 0, 3 * time.Second}).Draw(t, "stable_for")}}
	asked.QueryDays = rapid.SampledFrom([]string{"", "today", "yesterday", "before_yesterday", "all"}).Draw(t, "query_days")
	if rapid.IntRange(0, 3).Draw(t, "baseline") == 0 {
		asked.Baseline = allWords(map[string]int64{"success": rapid.Int64Range(0, 2).Draw(t, "successes of the baseline")})
	}
	words := rapid.SampledFrom(append([]string{"success", "success", "success", "running", "waiting", "fail"}, jobWordList...))
	type answer struct {
		counts  map[string]*int64
		latency time.Duration
	}
	var answers []answer
	total := map[string]int64{}
	for range rapid.IntRange(1, 6).Draw(t, "answers") {
		if rapid.IntRange(0, 3).Draw(t, "starts again") == 0 {
			total = map[string]int64{}
		}
		for range rapid.IntRange(0, 3).Draw(t, "changes") {
			total[words.Draw(t, "state")] = rapid.Int64Range(0, 4).Draw(t, "count")
		}
		counts := map[string]*int64{}
		for _, word := range jobWordList {
			counts[word] = new(total[word])
		}
		switch rapid.IntRange(0, 9).Draw(t, "flaw") {
		case 0:
			counts[words.Draw(t, "missing")] = nil
		case 1:
			counts[words.Draw(t, "negative")] = new(int64(-1))
		}
		answers = append(answers, answer{counts, time.Duration(rapid.Int64Range(0, 3000).Draw(t, "latency")) * time.Millisecond})
	}
	var looks []dayLook
	var report *JobReport
	var err error
	bubble(func(ctx context.Context) {
		time.Sleep(untilMidnight - before)
		ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
		defer cancel()
		service := &dataArts{statistics: func(n int) (*client.JobStatistics, error) {
			answer := answers[min(n, len(answers))-1]
			sent := time.Now()
			time.Sleep(answer.latency)
			looks = append(looks, dayLook{sent, time.Now(), answer.counts})
			return jobsOf(answer.counts), nil
		}}
		report, err = ReadJobs(ctx, service, asked)
	})
	if err != nil {
		t.Fatal(err)
	}
	last := len(looks) - 1
	hides := func(i int) bool {
		return asked.QueryDays != "all" && mayHide(looks[:i], looks[i], asked.Baseline != nil)
	}
	for i := range looks {
		if !hides(i) {
			continue
		}
		if i != last || report.Outcome != Unknown || report.Good() || report.Timeout != nil || report.Doubt == "" {
			t.Fatalf("look %d of %d hides what was before: %+v", i+1, len(looks), report.Report)
		}
		return "hidden"
	}
	want, tally := judgeJobs(jobsOf(looks[last].counts), comparison{baseline: asked.Baseline, minNew: 1})
	if report.Timeout == nil && (report.Outcome != want.Outcome || (report.Tally == nil) != (tally == nil)) {
		t.Fatalf("outcome %s, want %s", report.Outcome, want.Outcome)
	}
	if report.Good() {
		return "green"
	}
	return "red"
}

func TestWaitsAroundMidnight(t *testing.T) {
	t.Parallel()
	ends := map[string]int{}
	bubble := func(run func(context.Context)) { synctest.Test(t, func(t *testing.T) { run(t.Context()) }) }
	rapid.Check(t, func(t *rapid.T) { ends[checkBorder(t, bubble)]++ })
	for _, end := range []string{"hidden", "green", "red"} {
		if cases := ends["hidden"] + ends["green"] + ends["red"]; ends[end] < cases/20 {
			t.Errorf("of %d waits hardly one ended as %s: %v", cases, end, ends)
		}
	}
}

func FuzzWaitsAroundMidnight(f *testing.F) {
	f.Fuzz(func(t *testing.T, data []byte) {
		bubble := func(run func(context.Context)) { synctest.Test(t, func(t *testing.T) { run(t.Context()) }) }
		rapid.MakeFuzz(func(t *rapid.T) { checkBorder(t, bubble) })(t, data)
	})
}
