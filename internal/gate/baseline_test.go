package gate

import (
	"context"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/hwgate/terraform-provider-hwgate/internal/client"
)

// Under a baseline each row of the table asks for more than was there before, but what moves counts as a whole.
func TestBaseline(t *testing.T) {
	t.Parallel()
	type counts = map[string]int64
	morning := counts{"fail": 2, "success": 5, "manual_stop": 1, "force_success": 1, "ignore_success": 1, "skip": 3, "freeze": 1, "running_exception": 1}
	// since is the morning with what has come since.
	since := func(more counts) counts {
		all := allWords(morning)
		for word, count := range more {
			all[word] += count
		}
		return all
	}
	const inAll = "2 failed, 1 forced to success, 1 frozen, 1 ignored as success, 1 stopped by hand, 1 suspended by a failure, 3 skipped, 5 succeeded"
	for name, test := range map[string]struct {
		counts           counts
		min              int64
		outcome          Outcome
		completed, stuck bool
		new, newFailed   int64
		text             string
	}{
		"nothing new": {
			nil, 1, Pending, false, false, 0, 0, "still pending; 0 new since the baseline (in all: " + inAll + "); 1 new instance is needed",
		},
		"nothing new, min 0": {nil, 0, Pending, false, false, 0, 0, "1 new instance is needed"},
		"success":            {counts{"success": 1}, 1, Succeeded, true, false, 1, 0, "succeeded; 1 new since the baseline (in all: "},
		"force_success":      {counts{"force_success": 1}, 1, Succeeded, true, false, 1, 0, ""},
		"ignore_success":     {counts{"ignore_success": 1}, 1, Succeeded, true, false, 1, 0, ""},
		"too few":            {counts{"success": 2}, 3, Pending, false, false, 2, 0, "; 3 new instances are needed"},
		"enough":             {counts{"success": 3}, 3, Succeeded, true, false, 3, 0, ""},
		"failure": {
			counts{"fail": 1, "success": 1}, 1, Failed, true, false, 2, 1,
			"failed; 2 new since the baseline, 1 of them failed (in all: 3 failed, ",
		},
		"a suspended one failed, another succeeded": {
			counts{"running_exception": -1, "fail": 1, "success": 1}, 1, Succeeded, true, false, 1, 0, "",
		},
		"failed and suspended": {counts{"fail": 1, "running_exception": 1}, 1, Failed, true, false, 2, 2, "2 new since the baseline, 2 of them failed"},
		"running_exception":    {counts{"running_exception": 2}, 1, Failed, true, false, 2, 2, "2 new since the baseline, 2 of them failed"},
		"failure, too few":     {counts{"fail": 1}, 9, Failed, true, false, 1, 1, ""},
		"failure, others run":  {counts{"fail": 1, "running": 1}, 1, Failed, false, false, 2, 1, ""},
		"failure, others held": {counts{"fail": 1, "pause": 1}, 1, Failed, false, true, 2, 1, ""},
		"running":              {counts{"running": 1, "success": 1}, 1, Running, false, false, 2, 0, "still running; 2 new"},
		"waiting":              {counts{"waiting": 1, "success": 1}, 1, Pending, false, false, 2, 0, "still pending; 2 new"},
		"waiting_confirm":      {counts{"waiting_confirm": 1}, 1, Paused, false, true, 1, 0, "paused; 1 new"},
		"pause":                {counts{"pause": 1}, 1, Paused, false, true, 1, 0, ""},
		"pause, too few":       {counts{"pause": 1}, 2, Pending, false, false, 1, 0, ""},
		"manual_stop":          {counts{"manual_stop": 1, "success": 1}, 1, Canceled, true, false, 2, 0, ""},
		"skipped and frozen":   {counts{"skip": 1, "freeze": 1}, 1, Empty, false, false, 2, 0, ""},
		"failure became success": {
			counts{"fail": -1, "success": 1}, 1, Pending, false, false, 0, 0, "still pending; 0 new since the baseline (in all: 1 failed, ",
		},
		"failure became success, and one more":            {counts{"fail": -1, "success": 2}, 1, Succeeded, true, false, 1, 0, ""},
		"failure became success, the new one was skipped": {counts{"fail": -1, "success": 1, "skip": 1}, 1, Empty, false, false, 1, 0, ""},
		"failure was overridden, the new ones are frozen": {
			counts{"fail": -1, "ignore_success": 1, "freeze": 1, "skip": 1}, 1, Empty, false, false, 2, 0, "",
		},
		"one succeeded, another was skipped": {counts{"success": 1, "skip": 1}, 2, Succeeded, true, false, 2, 0, ""},
		"skipped ones ran after all":         {counts{"skip": -1, "success": 2}, 1, Succeeded, true, false, 1, 0, ""},
		"a skipped one ran after all, the new one is frozen": {
			counts{"skip": -1, "success": 1, "freeze": 1}, 1, Empty, false, false, 1, 0, "",
		},
		"a frozen one ran after all, the new one was skipped": {
			counts{"freeze": -1, "success": 1, "skip": 1}, 1, Empty, false, false, 1, 0, "",
		},
		"success gone, skipped come":    {counts{"success": -1, "skip": 2}, 1, Empty, false, false, 1, 0, ""},
		"success moved to another word": {counts{"success": -1, "force_success": 1, "skip": 1}, 1, Empty, false, false, 1, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			asked := JobRequest{Baseline: allWords(morning), MinNew: test.min}
			got := readJobs(t, &dataArts{statistics: always(jobs(since(test.counts)))}, asked)
			want := Verdict{
				Outcome: test.outcome, Phase: phaseOfJobs(test.outcome, test.completed, test.stuck), Completed: test.completed, Counts: since(test.counts),
			}
			if diff := cmp.Diff(want, got.Verdict); diff != "" {
				t.Errorf("verdict (-want +got):\n%s", diff)
			}
			if got.Tally == nil || *got.Tally.New != test.new || *got.Tally.NewFailed != test.newFailed {
				t.Errorf("tally %+v, want %d new, %d of them failed", got.Tally, test.new, test.newFailed)
			}
			if !strings.Contains(got.Summary, test.text) {
				t.Errorf("summary %q, want %q in it", got.Summary, test.text)
			}
		})
	}
}

// What was running when the baseline was taken keeps it from being green: new ones cannot be told from it.
func TestBaselineThatStillRuns(t *testing.T) {
	t.Parallel()
	for word, outcome := range map[string]Outcome{"running": Running, "waiting": Pending, "pause": Paused, "waiting_confirm": Paused} {
		before := map[string]int64{word: 1}
		asked := JobRequest{Baseline: allWords(before), MinNew: 1}
		got := readJobs(t, &dataArts{statistics: always(jobs(map[string]int64{word: 1, "success": 1}))}, asked)
		if got.Outcome != outcome || got.Good() || got.Completed || *got.Tally.New != 1 {
			t.Errorf("%s: got %+v", word, got.Verdict)
		}
	}
}

// A baseline that is not the counts of this day, workspace and filter proves nothing, and ends a wait: counts that have begun again
// may catch up with it.
func TestBaselineDoubts(t *testing.T) {
	t.Parallel()
	without := allWords(nil)
	delete(without, "skip")
	more := allWords(map[string]int64{"success": 1})
	more["retrying"] = 1
	for name, test := range map[string]struct {
		baseline, counts map[string]int64
		doubt            string
	}{
		"of another day": {
			allWords(map[string]int64{"success": 6}), map[string]int64{"success": 5},
			"the baseline counts 6 instances, but there are only 5: it is of another day, workspace or filter",
		},
		"a word is missing": {without, map[string]int64{"success": 5}, "the baseline has no count of skip"},
		"empty":             {map[string]int64{}, map[string]int64{"success": 5}, "the baseline has no count of fail"},
		"a negative count": {
			allWords(map[string]int64{"fail": -1}), map[string]int64{"success": 5}, "the baseline has a negative count of fail",
		},
		"a further word": {more, map[string]int64{"success": 5}, "the baseline has words that are no state of a job instance"},
		"too large": {
			allWords(map[string]int64{"fail": math.MaxInt64, "skip": 1}), map[string]int64{"success": 5},
			"the baseline's counts are too large to be true",
		},
	} {
		for _, wait := range []*Wait{nil, {}} {
			synctest.Test(t, func(t *testing.T) {
				service := &dataArts{statistics: always(jobs(test.counts))}
				got := readJobs(t, service, JobRequest{Baseline: test.baseline, Wait: wait, Details: true})
				want := Verdict{Outcome: Unknown, Phase: Over, Doubt: test.doubt, DoubtKind: BadBaseline, Counts: allWords(test.counts)}
				if diff := cmp.Diff(want, got.Verdict); diff != "" || got.Tally != nil || got.Failures != nil || got.Timeout != nil {
					t.Errorf("%s: tally %v, failures %v, timeout %v, verdict (-want +got):\n%s", name, got.Tally, got.Failures, got.Timeout, diff)
				}
				if len(service.asked) != 1 {
					t.Errorf("%s: %d looks, want one", name, len(service.asked))
				}
			})
		}
	}
}

// A wait under a baseline goes on until enough has come and nothing runs any more, and stable_for then holds it on.
func TestWaitForTheRunThatWasStarted(t *testing.T) {
	t.Parallel()
	before := map[string]int64{"success": 5, "fail": 2}
	type counts = map[string]int64
	for name, test := range map[string]struct {
		looks   []*client.JobStatistics
		min     int64
		stable  time.Duration
		outcome Outcome
		asked   int
		text    string
	}{
		"not counted yet": {
			[]*client.JobStatistics{
				jobs(before), jobs(before), jobs(counts{"success": 5, "fail": 2, "running": 1}), jobs(counts{"success": 6, "fail": 2}),
			},
			1, 0, Succeeded, 4, "succeeded; 1 new since the baseline (in all: 2 failed, 6 succeeded); waited ",
		},
		"a look without counts": {
			[]*client.JobStatistics{jobsOf(nil), jobs(counts{"success": 6, "fail": 2})}, 1, 0, Succeeded, 2, "succeeded; 1 new since the baseline",
		},
		"one after the other": {
			[]*client.JobStatistics{
				jobs(counts{"success": 6, "fail": 2}), jobs(counts{"success": 6, "fail": 2}), jobs(counts{"success": 7, "fail": 2}),
			},
			2, 0, Succeeded, 3, "succeeded; 2 new since the baseline",
		},
		"failed, others run": {
			[]*client.JobStatistics{jobs(counts{"success": 5, "fail": 3, "running": 1}), jobs(counts{"success": 6, "fail": 3})},
			1, 0, Failed, 2, "failed; 2 new since the baseline, 1 of them failed",
		},
		"held, but too few": {
			[]*client.JobStatistics{jobs(counts{"success": 5, "fail": 2, "pause": 1}), jobs(counts{"success": 7, "fail": 2})},
			2, 0, Succeeded, 2, "succeeded; 2 new since the baseline",
		},
		"it comes in two parts": {
			[]*client.JobStatistics{
				jobs(counts{"success": 6, "fail": 2}), jobs(counts{"success": 6, "fail": 2, "running": 1}), jobs(counts{"success": 7, "fail": 2}),
			}, 1, 10 * time.Second, Succeeded, 0, "2 new since the baseline (in all: 2 failed, 7 succeeded); stable for 10s, waited 1",
		},
		"midnight": {
			[]*client.JobStatistics{jobs(before), jobs(counts{"success": 1}), jobs(counts{"success": 9})}, 1, 0, Unknown, 2,
			"an earlier read of this wait counted 7 instances, and now there are only 1",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				service := &dataArts{statistics: inTurn(test.looks...)}
				got := readJobs(t, service, JobRequest{Baseline: allWords(before), MinNew: test.min, Wait: &Wait{StableFor: test.stable}})
				if got.Outcome != test.outcome || got.Timeout != nil || test.asked != 0 && len(service.asked) != test.asked {
					t.Errorf("%s after %d looks, want %s after %d", got.Outcome, len(service.asked), test.outcome, test.asked)
				}
				if !strings.Contains(got.Summary, test.text) {
					t.Errorf("summary %q, want %q in it", got.Summary, test.text)
				}
			})
		})
	}
}

// Counts of a day that begin again in the middle of a wait, at midnight, show another day: what failed or ran before is no longer in
// them, so they prove nothing about it, and the wait ends.
func TestMidnightInAWait(t *testing.T) {
	t.Parallel()
	type counts = map[string]int64
	failing, running := counts{"success": 5, "fail": 1, "running": 2}, counts{"success": 5, "running": 2}
	for name, test := range map[string]struct {
		days     string
		baseline map[string]int64
		looks    []map[string]int64
		outcome  Outcome
		asked    int
		text     string
	}{
		"after a failure": {
			"", nil, []map[string]int64{failing, {"success": 3}}, Unknown, 2,
			"unknown; an earlier read of this wait counted 8 instances, and now there are only 3: the day of the counts has changed",
		},
		"while something runs":           {"today", nil, []map[string]int64{running, {"success": 3}}, Unknown, 2, "counted 7 instances"},
		"above the baseline":             {"", allWords(counts{"success": 1}), []map[string]int64{running, {"success": 3}}, Unknown, 2, "counted 7"},
		"another day":                    {"yesterday", nil, []map[string]int64{running, {"success": 3}}, Unknown, 2, "counted 7 instances"},
		"nothing is counted yet":         {"", nil, []map[string]int64{running, {}}, Unknown, 2, "only 0"},
		"the new day catches up":         {"", nil, []map[string]int64{running, {"success": 6}, {"success": 7}}, Unknown, 2, "only 6"},
		"rerun":                          {"", nil, []map[string]int64{failing, {"success": 8}}, Unknown, 2, "or an instance was run again"},
		"of a week the first day is out": {"all", nil, []map[string]int64{running, {"success": 3}}, Succeeded, 2, "3 succeeded"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				service := &dataArts{statistics: func(n int) (*client.JobStatistics, error) {
					return jobs(test.looks[min(n, len(test.looks))-1]), nil
				}}
				asked := JobRequest{Baseline: test.baseline, Wait: &Wait{}}
				asked.QueryDays = test.days
				got := readJobs(t, service, asked)
				if got.Outcome != test.outcome || got.Timeout != nil || got.Completed != (test.outcome == Succeeded) ||
					(got.Tally != nil) != got.Completed || len(service.asked) != test.asked {
					t.Errorf("after %d looks: %+v, want %s after %d", len(service.asked), got.Report, test.outcome, test.asked)
				}
				if !strings.Contains(got.Summary, test.text) {
					t.Errorf("summary %q, want %q in it", got.Summary, test.text)
				}
			})
		})
	}
}

// At the deadline the error says what is missing: how many are to come, how long it was stable, and what failed.
func TestJobsAndTasksTimeOut(t *testing.T) {
	t.Parallel()
	limited := func(t *testing.T) context.Context {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		t.Cleanup(cancel)
		return ctx
	}
	for name, test := range map[string]struct {
		counts, baseline map[string]int64
		stable           time.Duration
		outcome          Outcome
		tally, missing   string
	}{
		"too few": {nil, allWords(nil), 0, Pending, "0 new since the baseline (in all: no instances)", "1 new instance is needed"},
		"failed, others run": {
			map[string]int64{"fail": 1, "running": 1}, nil, 0, Failed, "1 failed, 1 running", "failed jobs: job-1 (instance 1)",
		},
		"not for long enough": {
			map[string]int64{"success": 1}, nil, 115 * time.Second, Unknown, "1 succeeded", "stable for 1m48s of 1m55s",
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			service := &dataArts{statistics: always(jobs(test.counts)), failed: listing(1)}
			if test.stable > 0 {
				first := service.statistics
				service.statistics = func(n int) (*client.JobStatistics, error) {
					if n == 1 {
						<-time.After(10 * time.Second)
					}
					return first(n)
				}
			}
			got, err := ReadJobs(limited(t), service, JobRequest{Baseline: test.baseline, Details: true, Wait: &Wait{StableFor: test.stable}})
			if err != nil || got.Timeout == nil || got.Outcome != test.outcome || got.Good() || got.Completed {
				t.Fatalf("%s: got %+v and the error %v", name, got, err)
			}
			if got.Timeout.Counted != test.tally || got.Timeout.Missing != test.missing {
				t.Errorf("%s: timeout %+v", name, got.Timeout)
			}
			if !strings.Contains(got.Summary, "; timed out after ") || harmless(got.Summary) != "" {
				t.Errorf("%s: summary %q", name, got.Summary)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		service := &roma{statistics: always(ordinary(1, 1, 0, 0)), abnormal: tasksListed(1)}
		got, err := ReadTasks(limited(t), service, TaskRequest{MinRunning: 3, Details: true, Wait: &Wait{}})
		if err != nil || got.Timeout == nil || got.Outcome != Failed || got.Good() {
			t.Fatalf("got %+v and the error %v", got, err)
		}
		if got.Timeout.Counted != "1 abnormal, 1 running" || got.Timeout.Missing != "3 must run; abnormal tasks: task-1" {
			t.Errorf("timeout %+v", got.Timeout)
		}
	})
}

// Tasks are waited for through what is abnormal, terminated or too few, until as many run as have to.
func TestWaitForTasks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		service := &roma{statistics: inTurn(
			ordinary(0, 0, 12, 0), ordinary(3, 0, 0, 9), ordinary(11, 1, 0, 0), ordinary(11, 0, 0, 0), ordinary(12, 0, 0, 0),
		)}
		got := readTasks(t, service, TaskRequest{MinRunning: 12, Wait: &Wait{}})
		if !got.Good() || got.Outcome != Running || len(service.asked) != 5 || got.Timeout != nil {
			t.Errorf("after %d looks: %+v", len(service.asked), got.Report)
		}
		if !strings.Contains(got.Summary, ": running, healthy (the condition for tasks that run forever); 12 running; waited ") {
			t.Errorf("summary %q", got.Summary)
		}
	})
}

// No counts without a new success are green under a baseline, none with a new failure, none with fewer new ones than are asked for,
// none of which something moves, and none that are not trusted.
func TestBaselineNeverOpensTooEarly(t *testing.T) {
	t.Parallel()
	count := rapid.OneOf(rapid.Int64Range(0, 3), rapid.Int64Range(0, 3), rapid.Int64Range(0, 3), rapid.Int64())
	rapid.Check(t, func(t *rapid.T) {
		before, now := map[string]int64{}, map[string]int64{}
		for _, word := range jobWordList {
			before[word] = count.Draw(t, "before "+word)
			if now[word] = before[word]; rapid.IntRange(0, 3).Draw(t, word+" changes") == 0 {
				now[word] = count.Draw(t, word)
			}
		}
		minNew := rapid.Int64Range(1, 4).Draw(t, "min_new_count")
		verdict, _ := judgeJobs(jobs(now), comparison{baseline: before, minNew: minNew})
		if verdict.Good() != verdict.Succeeded() {
			t.Fatalf("good %t, outcome %s", verdict.Good(), verdict.Outcome)
		}
		if !verdict.Good() {
			return
		}
		grown := func(words ...string) float64 {
			sum := 0.0
			for _, word := range words {
				sum += float64(now[word]) - float64(before[word])
			}
			return sum
		}
		moving := now["running"] + now["waiting"] + now["pause"] + now["waiting_confirm"]
		switch {
		case grown("success", "force_success", "ignore_success") <= 0:
			t.Fatal("green without a new success")
		case grown("fail", "running_exception") > 0:
			t.Fatal("green with a new failure")
		case grown(jobWordList...) < float64(minNew):
			t.Fatal("green with fewer new ones than were asked for")
		case grown(jobWordList...) <= max(grown("freeze"), 0)+max(grown("skip"), 0):
			t.Fatal("green although all that is new never ran")
		case moving != 0 || !verdict.Completed:
			t.Fatal("green while something moves")
		}
		for _, word := range jobWordList {
			if now[word] < 0 || before[word] < 0 {
				t.Fatalf("green with a negative count of %s", word)
			}
		}
	})
}

// The property above would hold if nothing were ever green: what plainly succeeded is.
func TestBaselineOpens(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		before := map[string]int64{}
		for _, word := range jobWordList {
			before[word] = rapid.Int64Range(0, 5).Draw(t, word)
		}
		for _, word := range []string{"running", "waiting", "pause", "waiting_confirm"} {
			before[word] = 0
		}
		now := allWords(before)
		word := rapid.SampledFrom([]string{"success", "force_success", "ignore_success"}).Draw(t, "word")
		more := rapid.Int64Range(1, 9).Draw(t, "more")
		now[word] += more
		minNew := rapid.Int64Range(1, more).Draw(t, "min_new_count")
		if verdict, tally := judgeJobs(jobs(now), comparison{baseline: before, minNew: minNew}); !verdict.Good() || !verdict.Completed || *tally.New != more {
			t.Fatalf("%d of at least %d new successes: %+v", more, minNew, verdict)
		}
	})
}
