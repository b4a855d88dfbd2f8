package gate

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hwgate/terraform-provider-hwgate/internal/client"
)

// From is what is shown from a time on.
type from struct {
	at time.Duration
	step
}

// shifting shows each step from its time on.
func shifting(changes ...from) *scene {
	return &scene{show: func(_ context.Context, _ int, at time.Duration) step {
		shown := changes[0].step
		for _, change := range changes {
			if at >= change.at {
				shown = change.step
			}
		}
		return shown
	}}
}

func sawTasks(running, abnormal int64) step {
	statistics := ordinary(running, abnormal, 0, 0)
	verdict := judgeTasks(statistics, 0)
	return step{seen: Observation{Verdict: verdict, Status: string(verdict.Outcome), Counted: taskSummary(statistics, verdict)}}
}

// With stable_for a wait ends when every look of that long has shown what it is for; anything else starts the span again. What has
// completed without success ends the wait at once.
func TestWaitStableFor(t *testing.T) {
	t.Parallel()
	const second, minute = time.Second, time.Minute
	healthy, ill := sawTasks(5, 0), sawTasks(3, 2)
	done, running := sawJobs(map[string]int64{"success": 5}), sawJobs(map[string]int64{"success": 4, "running": 1})
	for name, test := range map[string]struct {
		scene    *scene
		interval time.Duration
		good     bool
		// elapsed and held are what they are exactly, since no jitter skips the look at the end of a span.
		elapsed, held time.Duration
		outcome       Outcome
		// missing is a pattern: where a look fell depends on jitter.
		missing string
	}{
		"from the start": {playing(healthy), 0, true, 3 * minute, 3 * minute, Running, ""},
		"long pauses":    {playing(healthy), 3 * minute, true, 3 * minute, 3 * minute, Running, ""},
		"after it was pending": {
			shifting(from{0, running}, from{1, running}, from{minute, done}), 10 * second, true, 0, 3 * minute, Succeeded, "",
		},
		"a blip starts the span again": {
			shifting(from{0, healthy}, from{2 * minute, ill}, from{2*minute + 5*second, healthy}), 2 * second, true, 0, 3 * minute, Running, "",
		},
		"an answer that cannot be read": {
			shifting(from{0, healthy}, from{2 * minute, fails(errOverloaded)}, from{2*minute + 5*second, healthy}), 2 * second, true, 0,
			3 * minute, Running, "",
		},
		"never healthy": {playing(ill), 0, false, 10 * minute, 0, Failed, ""},
		"healthy too late": {
			shifting(from{0, ill}, from{8 * minute, healthy}), second, false, 10 * minute, 0, Running, "stable for 1m5[89]s of 3m0s",
		},
		"failed at once": {playing(sawJobs(map[string]int64{"fail": 1})), 0, false, 0, 0, Failed, ""},
		"failed after success": {
			shifting(from{0, done}, from{minute, sawJobs(map[string]int64{"fail": 1, "success": 5})}), 10 * second, false, 0, 0, Failed, "",
		},
		"interrupted again and again": {
			&scene{show: func(_ context.Context, _ int, at time.Duration) step {
				if at/minute%2 == 1 {
					return ill
				}
				return healthy
			}}, second, false, 10 * minute, 0, Failed, "stable for 0s of 3m0s; last interruption: 2 abnormal, 3 running",
		},
		"interrupted, then stable for a while": {
			shifting(from{0, healthy}, from{2 * minute, ill}, from{8 * minute, healthy}), second, false, 10 * minute, 0, Running,
			"stable for 1m5[89]s of 3m0s; last interruption: 2 abnormal, 3 running",
		},
		"unreadable at the end": {
			shifting(from{0, ill}, from{minute, healthy}, from{3 * minute, fails(errOverloaded)}), second, false, 10 * minute, 0, Running,
			"stable for 0s of 3m0s; last interruption: an answer that could not be read",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ended, err := await(t.Context(), test.scene, func(w *setting) {
					w.limit, w.Interval, w.StableFor = 10*time.Minute, test.interval, 3*time.Minute
				})
				if err != nil || ended.observation.Outcome != test.outcome || ended.stableTime != test.held {
					t.Errorf("error %v, outcome %s, held for %s; want %s, %s", err, ended.observation.Outcome, ended.stableTime, test.outcome, test.held)
				}
				if (ended.timeout == nil && ended.observation.Good()) != test.good || test.elapsed != 0 && ended.elapsed != test.elapsed {
					t.Errorf("ended after %s, want %s; timeout %v", ended.elapsed, test.elapsed, ended.timeout)
				}
				if missing := regexp.MustCompile("^" + test.missing + "$"); ended.timeout != nil && !missing.MatchString(ended.timeout.Missing) {
					t.Errorf("timeout %+v, want %s", ended.timeout, missing)
				}
			})
		})
	}
}

// A span that ends with the time itself is no success, and one that ends a moment before it is.
func TestWaitStableForAtTheDeadline(t *testing.T) {
	t.Parallel()
	for left, good := range map[time.Duration]bool{
		0: false, time.Nanosecond: true, 500 * time.Millisecond: true, time.Second: true, -time.Nanosecond: false,
	} {
		for range 20 { // Two timers that fire at once must not leave it to chance.
			synctest.Test(t, func(t *testing.T) {
				scene := playing(sawTasks(1, 0))
				ended, err := await(t.Context(), scene, func(w *setting) { w.limit, w.StableFor = time.Minute, time.Minute-left })
				if err != nil || (ended.timeout == nil) != good {
					t.Errorf("%s left: ended with %+v and the error %v", left, ended, err)
				}
				if last := scene.looks[len(scene.looks)-1]; last >= time.Minute {
					t.Errorf("%s left: the last look came after %s", left, last)
				}
				if ended.timeout != nil && !strings.HasPrefix(ended.timeout.Missing, "stable for 59s of 1m0") && left == 0 {
					t.Errorf("missing: %s", ended.timeout.Missing)
				}
			})
		}
	}
}

// The span is counted from an answer to a request, so that slow answers do not make it longer than it was.
func TestWaitStableForWithSlowAnswers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		scene := &scene{show: func(context.Context, int, time.Duration) step {
			<-time.After(20 * time.Second)
			return sawTasks(1, 0)
		}}
		ended, err := await(t.Context(), scene, func(w *setting) { w.StableFor = time.Minute })
		if err != nil || ended.timeout != nil || ended.stableTime < time.Minute {
			t.Errorf("ended with %+v and the error %v", ended, err)
		}
		if last := scene.looks[len(scene.looks)-1]; last < 80*time.Second || last > 100*time.Second {
			t.Errorf("the last look came after %s, want the first after 80 s", last)
		}
	})
}

// Progress is told at the start and after each look; a line has outcome, status, counts, what is missing,
// the time that has passed and what is left of it.
func TestWaitProgress(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		scene  *scene
		change func(*setting)
		want   []string
	}{
		"orders": {
			playing(early(fails(errNotFound)), saw("READY"), saw("PROCESSING"), fails(errOverloaded), saw("FINISHED")), nil,
			[]string{
				"no answer yet", "not visible yet",
				"pending (READY)", "running (PROCESSING)",
				"running (PROCESSING); the last read failed", "succeeded (FINISHED)",
			},
		},
		"jobs": {
			playing(sawJobs(map[string]int64{"running": 1, "success": 2}), sawJobs(map[string]int64{"success": 3})), nil,
			[]string{"no answer yet", "running, 1 running, 2 succeeded", "succeeded, 3 succeeded"},
		},
		"stable": {
			playing(sawTasks(1, 0), sawTasks(0, 1), sawTasks(1, 0)),
			func(w *setting) { w.limit, w.StableFor, w.Interval = time.Minute, 2*time.Second, time.Second },
			[]string{
				"no answer yet", "running, 1 running; stable for 0s of 2s",
				"failed, 1 abnormal; stable for 0s of 2s; last interruption: 1 abnormal",
				"running, 1 running; stable for 0s of 2s; last interruption: 1 abnormal",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var lines []string
				if _, err := await(t.Context(), test.scene, func(w *setting) {
					w.Progress = func(p Progress) {
						line := p.Line(0)
						times := fmt.Sprintf("; %s elapsed, %s left", p.Elapsed.Round(time.Second), (p.Limit - p.Elapsed).Round(time.Second))
						if p.Limit != w.limit || p.Elapsed != time.Since(test.scene.start) || !strings.HasSuffix(line, times) {
							t.Errorf("after %s the line is %q", time.Since(test.scene.start), line)
						}
						lines = append(lines, strings.TrimSuffix(line, times))
					}
					if test.change != nil {
						test.change(w)
					}
				}); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(test.want, lines[:min(len(lines), len(test.want))]); diff != "" {
					t.Errorf("lines (-want +got):\n%s", diff)
				}
				if looks := len(test.scene.looks); len(lines) != looks+1 {
					t.Errorf("%d lines for %d looks", len(lines), looks)
				}
			})
		})
	}
	late := Progress{Elapsed: 50 * time.Second, Limit: time.Minute}
	for since, want := range map[time.Duration]string{
		5 * time.Second: "no answer yet; 55s elapsed, 5s left", time.Minute: "no answer yet; 1m50s elapsed, 0s left",
	} {
		if got := late.Line(since); got != want {
			t.Errorf("line %q, want %q", got, want)
		}
	}
}

// With progress an order's statistics are read at each look, so that a line can count; without it they are not.
func TestOrderProgress(t *testing.T) {
	t.Parallel()
	for _, told := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			service := &coc{
				order:      inTurn(open("PROCESSING"), open("PROCESSING"), over("FINISHED")),
				statistics: inTurn(finishedOf(1, 0, row("PROCESSING", 1, 1)), finishedOf(1, 0, row("PROCESSING", 1, 1)), finishedOf(2, 0)),
			}
			var lines []string
			wait, requests := &Wait{}, 1
			if told {
				wait.Progress, requests = func(p Progress) { lines = append(lines, p.Line(0)) }, 3
			} else {
				service.statistics = always(finishedOf(2, 0))
			}
			got := readOrder(t, service, OrderRequest{Details: true, Wait: wait})
			if !got.Good() || len(service.statsAsked) != requests {
				t.Errorf("told %t: %s after %d statistics", told, got.Outcome, len(service.statsAsked))
			}
			if told && (len(lines) != 4 || lines[2] != "running (PROCESSING), 1 of 2 instances finished, 1 running; 1s elapsed, 29m49s left") {
				t.Errorf("lines %q", lines)
			}
		})
	}
}

// A workspace or an instance without anything in it is given a minute, at most half of the time, for what has just begun to show.
func TestGraceOfJobsAndTasks(t *testing.T) {
	t.Parallel()
	for limit, grace := range map[time.Duration]time.Duration{30 * time.Minute: time.Minute, 40 * time.Second: 18 * time.Second} {
		for _, appears := range []time.Duration{0, grace * 3 / 4, grace * 2} {
			t.Run(fmt.Sprintf("limit %s, appears after %s", limit, appears), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					ctx, cancel := context.WithTimeout(t.Context(), limit)
					defer cancel()
					start := time.Now()
					visible := func() bool { return time.Since(start) >= appears }
					service := &dataArts{statistics: func(int) (*client.JobStatistics, error) {
						if visible() {
							return jobs(map[string]int64{"success": 1}), nil
						}
						return jobs(map[string]int64{"skip": 1}), nil
					}}
					got, err := ReadJobs(ctx, service, JobRequest{Wait: &Wait{}})
					check := func(report *Report) {
						t.Helper()
						want := Empty
						if appears < grace {
							want = Succeeded
						}
						took := time.Since(start)
						if report.Outcome != want || report.Timeout != nil || want == Empty && (took < grace || took > grace+10*time.Second) {
							t.Errorf("%s after %s, want %s; timeout %v", report.Outcome, took, want, report.Timeout)
						}
					}
					if err != nil {
						t.Fatal(err)
					}
					check(&got.Report)
					ctx, cancel = context.WithTimeout(t.Context(), limit)
					defer cancel()
					start = time.Now()
					tasks, err := ReadTasks(ctx, &roma{statistics: func(int) (*client.FDITaskStatistics, error) {
						if visible() {
							return ordinary(0, 0, 0, 1), nil
						}
						return ordinary(0, 0, 0, 0), nil
					}}, TaskRequest{Wait: &Wait{}})
					if err != nil {
						t.Fatal(err)
					}
					check(&tasks.Report)
				})
			})
		}
	}
}
