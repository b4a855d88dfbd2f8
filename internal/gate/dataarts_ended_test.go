package gate

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/hwgate/terraform-provider-hwgate/internal/client"
)

func endedAt(at time.Time) ran {
	return func(run *client.JobRun) { run.EndTime = new(at.UnixMilli()) }
}

// TestSummaryOfAJobSaysWhenItEnded shows the end of the runs that count, if all have ended and say when.
func TestSummaryOfAJobSaysWhenItEnded(t *testing.T) {
	t.Parallel()
	began := deployed.Add(10 * time.Minute)
	success := func(id int64, end time.Duration) client.JobRun {
		return jobRun(id, "success", startedAt(began), endedAt(began.Add(end)))
	}
	for name, test := range map[string]struct {
		list *client.JobRunList
		// state is what the summary says about the runs.
		state string
	}{
		"one":                 {runs(success(1, time.Minute)), "succeeded, ended 2026-07-28T11:11:00Z; 1 succeeded"},
		"in no time":          {runs(success(1, 0)), "succeeded, ended 2026-07-28T11:10:00Z; 1 succeeded"},
		"the first ends last": {runs(success(1, 3*time.Minute), success(2, time.Minute)), "succeeded, ended 2026-07-28T11:13:00Z; 2 succeeded"},
		"the last ends last":  {runs(success(1, time.Minute), success(2, 3*time.Minute)), "succeeded, ended 2026-07-28T11:13:00Z; 2 succeeded"},
		"failed": {
			runs(jobRun(1, "fail", startedAt(began), endedAt(began.Add(time.Minute))), success(2, 0)), "failed, ended 2026-07-28T11:11:00Z; 1 failed, 1 succeeded",
		},
		"stopped": {
			runs(jobRun(1, "manual-stop", startedAt(began), endedAt(began.Add(time.Minute)))), "canceled, ended 2026-07-28T11:11:00Z; 1 stopped by hand",
		},
		"an older one does not count": {
			runs(success(1, 0), jobRun(2, "success", ranAt(deployed.Add(-time.Hour)), endedAt(noon))), "succeeded, ended 2026-07-28T11:10:00Z; 1 succeeded",
		},
		"an older one does not say":   {runs(success(1, 0), jobRun(2, "fail", ranAt(deployed.Add(-time.Hour)))), "succeeded, ended 2026-07-28T11:10:00Z; 1 succeeded"},
		"the first does not say":      {runs(jobRun(1, "success"), success(2, 0)), "succeeded; 2 succeeded"},
		"the last does not say":       {runs(success(1, 0), jobRun(2, "success")), "succeeded; 2 succeeded"},
		"one runs":                    {runs(success(1, 0), jobRun(2, "running")), "still running; 1 running, 1 succeeded"},
		"one runs and says it ended":  {runs(jobRun(2, "running", endedAt(noon))), "still running; 1 running"},
		"an older one still runs":     {runs(success(1, 0), jobRun(2, "running", ranAt(deployed.Add(-time.Hour)))), "still running; 1 running, 1 succeeded"},
		"more are to come":            {runs(), "still pending; no runs; 1 new run is needed"},
		"before it began":             {runs(success(1, -time.Millisecond)), "succeeded; 1 succeeded"},
		"in seconds":                  {runs(jobRun(1, "success", func(run *client.JobRun) { run.EndTime = new(began.Unix()) })), "succeeded; 1 succeeded"},
		"in microseconds":             {runs(jobRun(1, "success", func(run *client.JobRun) { run.EndTime = new(began.UnixMicro()) })), "succeeded; 1 succeeded"},
		"a run of another job, ended": {runs(success(1, 0), jobRun(2, "success", endedAt(noon), func(run *client.JobRun) { run.JobName = new("other") })), "unknown; a run of another job is listed: other"},
	} {
		synctest.Test(t, func(t *testing.T) {
			time.Sleep(time.Until(noon))
			got := readJobs(t, &dataArts{runs: always(test.list)}, JobRequest{JobName: "etl_orders", Since: deployed})
			if want := "(since 2026-07-28T11:00:00Z): " + test.state; !strings.HasSuffix(got.Summary, want) {
				t.Errorf("%s: summary %q, want %q", name, got.Summary, want)
			}
			_, end, _ := strings.Cut(strings.Split(test.state, ";")[0], ", ended ")
			if _, found, _ := strings.Cut(got.Markdown, "\nEnded "); !strings.HasPrefix(found, end) || (found == "") != (end == "") {
				t.Errorf("%s: report says %q, want the end %q", name, got.Markdown, end)
			}
		})
	}
}

// The end that a summary shows is the greatest of the runs that count, in any order.
func TestEndOfAJobInAnyOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var list []client.JobRun
		var last time.Time
		known := true
		for id := range rapid.Int64Range(1, 6).Draw(t, "runs") {
			run := jobRun(id, "success")
			if end := rapid.Int64Range(-1, 100).Draw(t, "seconds"); end >= 0 {
				at := deployed.Add(31*time.Minute + time.Duration(end)*time.Second)
				run.EndTime = new(at.UnixMilli())
				if at.After(last) {
					last = at
				}
			} else {
				known = false
			}
			list = append(list, run)
		}
		count := countRuns(runs(list...), runWindow{jobName: "etl_orders", since: deployed}, noon)
		if got := lastEnd(count.ends); (got != nil) != known || known && !got.Equal(last) {
			t.Fatalf("ended %v, want %v (known: %v)", got, last, known)
		}
	})
}
