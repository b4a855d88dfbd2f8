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

// Tasks that are terminated while a state has to last end the span, although what is left is healthy.
func TestTerminatedTasksInterrupt(t *testing.T) {
	t.Parallel()
	cdc := func(running, terminated, cdcTerminated int64) *client.FDITaskStatistics {
		return &client.FDITaskStatistics{CommonTaskDetails: details(running, 0, terminated, 0), CDCTaskDetails: details(0, 0, cdcTerminated, 0)}
	}
	for name, test := range map[string]struct {
		// looks are what each look shows, the last one for ever.
		looks []*client.FDITaskStatistics
		// interrupted is the look that starts the last span, from 1.
		interrupted int
		by          string
	}{
		"nothing terminated":             {[]*client.FDITaskStatistics{ordinary(12, 0, 0, 0)}, 1, ""},
		"terminated before":              {[]*client.FDITaskStatistics{ordinary(1, 0, 11, 0)}, 1, ""},
		"eleven of twelve":               {[]*client.FDITaskStatistics{ordinary(12, 0, 0, 0), ordinary(1, 0, 11, 0)}, 2, "11 terminated since the last read"},
		"all but what has completed":     {[]*client.FDITaskStatistics{ordinary(12, 0, 0, 0), ordinary(0, 0, 11, 1)}, 2, "11 terminated since the last read"},
		"one more":                       {[]*client.FDITaskStatistics{ordinary(12, 0, 3, 0), ordinary(12, 0, 3, 0), ordinary(11, 0, 4, 0)}, 3, "1 terminated since the last read"},
		"started again":                  {[]*client.FDITaskStatistics{ordinary(11, 0, 1, 0), ordinary(12, 0, 0, 0)}, 1, ""},
		"started again, then terminated": {[]*client.FDITaskStatistics{ordinary(11, 0, 1, 0), ordinary(12, 0, 0, 0), ordinary(11, 0, 1, 0)}, 3, "1 terminated since the last read"},
		"completed":                      {[]*client.FDITaskStatistics{ordinary(12, 0, 0, 0), ordinary(11, 0, 0, 1)}, 1, ""},
		"one kind for the other":         {[]*client.FDITaskStatistics{cdc(5, 1, 0), cdc(5, 0, 1)}, 2, "1 terminated since the last read"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var times []time.Time
				var missing []string
				service := &roma{statistics: func(n int) (*client.FDITaskStatistics, error) {
					times = append(times, time.Now())
					return test.looks[min(n, len(test.looks))-1], nil
				}}
				wait := &Wait{Interval: time.Second, StableFor: 10 * time.Second, Progress: func(p Progress) { missing = append(missing, p.Missing) }}
				got := readTasks(t, service, TaskRequest{FDIInstance: theInstance, Wait: wait})
				if stable := time.Since(times[test.interrupted-1]); !got.Good() || stable != 10*time.Second {
					t.Errorf("good %t after %s from look %d", got.Good(), stable, test.interrupted)
				}
				if told := missing[len(missing)-1]; test.by == "" && strings.Contains(told, "interruption") ||
					!strings.Contains(told, test.by) {
					t.Errorf("missing %q, want %q", told, test.by)
				}
			})
		})
	}
}

// No order of answers over time is healthy for a span in which a task was terminated, was abnormal, or could not be read.
func TestStableTasksFollowTheModel(t *testing.T) {
	t.Parallel()
	bubble := func(run func(context.Context)) {
		synctest.Test(t, func(t *testing.T) { run(t.Context()) })
	}
	healthy := 0
	rapid.Check(t, func(t *rapid.T) {
		type phase struct {
			lasts      time.Duration
			statistics *client.FDITaskStatistics
		}
		var phases []phase
		small := rapid.Int64Range(0, 2)
		for range rapid.IntRange(1, 6).Draw(t, "phases") {
			next := phase{lasts: time.Duration(rapid.IntRange(1, 20).Draw(t, "seconds")) * time.Second}
			if rapid.IntRange(0, 5).Draw(t, "readable") > 0 {
				abnormal := max(rapid.Int64Range(-4, 1).Draw(t, "abnormal"), 0)
				next.statistics = &client.FDITaskStatistics{
					CommonTaskDetails: details(small.Draw(t, "running"), abnormal, small.Draw(t, "terminated"), small.Draw(t, "completed")),
					CDCTaskDetails:    details(small.Draw(t, "running"), 0, small.Draw(t, "terminated"), 0),
				}
			}
			phases = append(phases, next)
		}
		stable := time.Duration(rapid.IntRange(1, 15).Draw(t, "stable for")) * time.Second
		var seen []*client.FDITaskStatistics
		var times []time.Duration
		var got *TaskReport
		var err error
		bubble(func(ctx context.Context) {
			start := time.Now()
			service := &roma{}
			service.statistics = func(int) (*client.FDITaskStatistics, error) {
				at := time.Since(start)
				times = append(times, at)
				end := time.Duration(0)
				for i, phase := range phases {
					if end += phase.lasts; at < end || i == len(phases)-1 {
						seen = append(seen, phase.statistics)
						break
					}
				}
				if last := seen[len(seen)-1]; last != nil {
					return last, nil
				}
				return nil, errOverloaded
			}
			ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
			defer cancel()
			got, err = ReadTasks(ctx, service, TaskRequest{FDIInstance: theInstance, Wait: &Wait{Interval: time.Second, StableFor: stable}})
		})
		if err != nil || !got.Good() {
			return
		}
		healthy++
		last := len(seen) - 1
		for i := last; i >= 0; i-- {
			now := seen[i]
			if now == nil || now.CommonTaskDetails.AbnormalTasksCount == nil || *now.CommonTaskDetails.AbnormalTasksCount > 0 ||
				*now.CommonTaskDetails.RunningTasksCount+*now.CDCTaskDetails.RunningTasksCount+*now.CommonTaskDetails.CompletedTasksCount == 0 {
				t.Fatalf("healthy at look %d of %d, for %s", i+1, last+1, times[last]-times[i])
			}
			if times[last]-times[i] >= stable {
				return
			}
			if i > 0 && seen[i-1] != nil && (*now.CommonTaskDetails.TerminatedTasksCount > *seen[i-1].CommonTaskDetails.TerminatedTasksCount ||
				*now.CDCTaskDetails.TerminatedTasksCount > *seen[i-1].CDCTaskDetails.TerminatedTasksCount) {
				t.Fatalf("healthy although tasks were terminated at look %d of %d, %s before the end", i+1, last+1, times[last]-times[i])
			}
		}
		t.Fatalf("healthy after %d looks in %s", last+1, times[last])
	})
	if healthy == 0 {
		t.Error("no wait ended healthy")
	}
}
