package gate

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/hwgate/terraform-provider-hwgate/internal/client"
)

// noon is the time of the tests that need no wait, and deployed the one that their runs are judged since.
var (
	noon     = time.Date(2026, 7, 28, 12, 0, 0, 0, time.UTC)
	deployed = noon.Add(-time.Hour)
)

// A ran changes a row of the listing.
type ran func(*client.JobRun)

// ranAt plans a run, and starts it two seconds later.
func ranAt(at time.Time) ran {
	return func(run *client.JobRun) {
		run.PlanTime, run.StartTime = new(at.UnixMilli()), new(at.UnixMilli()+2000)
	}
}

func plannedAt(at time.Time) ran {
	return func(run *client.JobRun) { run.PlanTime, run.StartTime = new(at.UnixMilli()), nil }
}

func startedAt(at time.Time) ran {
	return func(run *client.JobRun) { run.StartTime = new(at.UnixMilli()) }
}

func forced(run *client.JobRun)  { run.ForceSuccess = new(true) }
func ignored(run *client.JobRun) { run.IgnoreSuccess = new(true) }

// jobRun is a run of etl_orders that began half an hour after the deployment.
func jobRun(id int64, status string, changes ...ran) client.JobRun {
	run := client.JobRun{
		JobName: new("etl_orders"), InstanceID: &id, Status: &status, ForceSuccess: new(false), IgnoreSuccess: new(false),
	}
	for _, change := range append([]ran{ranAt(deployed.Add(30 * time.Minute))}, changes...) {
		change(&run)
	}
	return run
}

func runs(list ...client.JobRun) *client.JobRunList {
	return &client.JobRunList{Total: new(int64(len(list))), Runs: list}
}

// TestRuns shows what one answer says about the runs since the deployment.
func TestRuns(t *testing.T) {
	t.Parallel()
	type counts = map[string]int64
	before, after := deployed.Add(-time.Millisecond), deployed
	total := func(n int64, list *client.JobRunList) *client.JobRunList {
		list.Total = &n
		return list
	}
	for name, test := range map[string]struct {
		list    *client.JobRunList
		minNew  int64
		outcome Outcome
		// state is completed, stuck or neither.
		state string
		// counts are nil if they cannot be trusted.
		counts         counts
		new, newFailed int64
		text           string
	}{
		"success":      {runs(jobRun(1, "success")), 1, Succeeded, "completed", counts{"success": 1}, 1, 0, "succeeded; 1 succeeded"},
		"no run":       {runs(), 1, Pending, "", counts{}, 0, 0, "still pending; no runs; 1 new run is needed"},
		"only old":     {runs(jobRun(1, "success", ranAt(before.Add(-time.Minute)))), 1, Pending, "", counts{}, 0, 0, "no runs; 1 new run is needed"},
		"too few":      {runs(jobRun(1, "success")), 3, Pending, "", counts{"success": 1}, 1, 0, "1 succeeded; 3 new runs are needed"},
		"enough":       {runs(jobRun(1, "success"), jobRun(2, "success"), jobRun(3, "success")), 3, Succeeded, "completed", counts{"success": 3}, 3, 0, ""},
		"no number":    {runs(), 0, Pending, "", counts{}, 0, 0, "1 new run is needed"},
		"failure":      {runs(jobRun(1, "fail"), jobRun(2, "success")), 1, Failed, "completed", counts{"fail": 1, "success": 1}, 2, 1, "failed; 1 failed, 1 succeeded"},
		"suspended":    {runs(jobRun(1, "running-exception")), 1, Failed, "completed", counts{"running_exception": 1}, 1, 1, "1 suspended by a failure"},
		"fewer failed": {runs(jobRun(1, "fail")), 3, Failed, "completed", counts{"fail": 1}, 1, 1, "failed; 1 failed"},
		"an old failure": {
			runs(jobRun(1, "fail", ranAt(before.Add(-time.Hour))), jobRun(2, "success")), 1, Succeeded, "completed", counts{"success": 1}, 1, 0, "",
		},
		"began just before": {runs(jobRun(1, "success", startedAt(before))), 1, Pending, "", counts{}, 0, 0, ""},
		"began just then":   {runs(jobRun(1, "success", startedAt(after))), 1, Succeeded, "completed", counts{"success": 1}, 1, 0, ""},
		"planned before, started after": {
			runs(jobRun(1, "fail", ranAt(before.Add(-20*time.Hour)), startedAt(after))), 1, Failed, "completed", counts{"fail": 1}, 1, 1, "",
		},
		"planned after, started before": {
			runs(jobRun(1, "success", startedAt(before))), 1, Pending, "", counts{}, 0, 0, "",
		},
		"not started, planned before": {runs(jobRun(1, "skip-by-depend", plannedAt(before))), 1, Pending, "", counts{}, 0, 0, ""},
		"not started, planned after":  {runs(jobRun(1, "manual-stop", plannedAt(after))), 1, Canceled, "completed", counts{"manual_stop": 1}, 1, 0, ""},
		"running":                     {runs(jobRun(1, "running"), jobRun(2, "success")), 1, Running, "", counts{"running": 1, "success": 1}, 2, 0, "still running"},
		"running since before": {
			runs(jobRun(1, "running", ranAt(before.Add(-23*time.Hour))), jobRun(2, "success")), 1, Running, "", counts{"running": 1, "success": 1}, 1, 0, "",
		},
		"only one that runs since before": {
			runs(jobRun(1, "running", ranAt(before.Add(-time.Hour)))), 1, Pending, "", counts{"running": 1}, 0, 0, "1 running; 1 new run is needed",
		},
		"waiting since before": {
			runs(jobRun(1, "waiting", plannedAt(before)), jobRun(2, "success")), 1, Pending, "", counts{"waiting": 1, "success": 1}, 1, 0, "",
		},
		"planned in the future": {runs(jobRun(1, "waiting", plannedAt(noon.Add(time.Hour)))), 1, Pending, "", counts{"waiting": 1}, 1, 0, ""},
		"paused":                {runs(jobRun(1, "pause")), 1, Paused, "stuck", counts{"pause": 1}, 1, 0, ""},
		"waits for a person":    {runs(jobRun(1, "waiting-confirm")), 1, Paused, "stuck", counts{"waiting_confirm": 1}, 1, 0, ""},
		"stopped":               {runs(jobRun(1, "manual-stop"), jobRun(2, "success")), 1, Canceled, "completed", counts{"manual_stop": 1, "success": 1}, 2, 0, ""},
		"skipped":               {runs(jobRun(1, "skip-by-depend"), jobRun(2, "skip")), 1, Empty, "", counts{"skip": 2}, 2, 0, "2 skipped"},
		"frozen":                {runs(jobRun(1, "freeze", plannedAt(noon.Add(time.Hour)))), 1, Empty, "", counts{"freeze": 1}, 1, 0, ""},
		"forced":                {runs(jobRun(1, "fail", forced)), 1, Succeeded, "completed", counts{"force_success": 1}, 1, 0, "1 counted as successful because a person"},
		"ignored":               {runs(jobRun(1, "running-exception", ignored)), 1, Succeeded, "completed", counts{"ignore_success": 1}, 1, 0, ""},
		"forced and ignored":    {runs(jobRun(1, "success", forced, ignored)), 1, Succeeded, "completed", counts{"force_success": 1}, 1, 0, ""},
		"words of the statistics": {
			runs(jobRun(1, "forceSuccess"), jobRun(2, "ignoreSuccess")), 1, Succeeded, "completed", counts{"force_success": 1, "ignore_success": 1}, 2, 0, "",
		},
		"forced, but it runs again": {runs(jobRun(1, "running", forced)), 1, Running, "", counts{"running": 1}, 1, 0, ""},

		"a new state": {
			runs(jobRun(1, "manual"), jobRun(2, "success")), 1, Unknown, "", counts{"manual": 1, "success": 1}, 0, 0,
			"counts new to this version of the provider: manual (1)",
		},
		"a new state from before": {
			runs(jobRun(1, "retrying", ranAt(before.Add(-time.Hour))), jobRun(2, "success")), 1, Unknown, "", counts{"retrying": 1, "success": 1}, 0, 0, "",
		},
		"a new state, forced":  {runs(jobRun(1, "retrying", forced)), 1, Unknown, "", counts{"retrying": 1}, 0, 0, ""},
		"another case":         {runs(jobRun(1, "SUCCESS")), 1, Unknown, "", counts{"SUCCESS": 1}, 0, 0, ""},
		"a space":              {runs(jobRun(1, "success ")), 1, Unknown, "", nil, 0, 0, "success (1)"},
		"a word of the counts": {runs(jobRun(1, "force_success")), 1, Unknown, "", nil, 0, 0, "force_success (1)"},
		"no state": {
			runs(jobRun(1, "", func(r *client.JobRun) { r.Status = nil }), jobRun(2, "success")), 1, Unknown, "", nil, 0, 0, "the run 1 has no state",
		},
		"another job": {
			runs(jobRun(1, "success"), jobRun(2, "success", func(r *client.JobRun) { r.JobName = new("etl_orders_2") })), 1, Unknown, "", nil, 0, 0,
			"a run of another job is listed: etl_orders_2",
		},
		"another case of the job": {
			runs(jobRun(1, "success", func(r *client.JobRun) { r.JobName = new("ETL_orders") })), 1, Unknown, "", nil, 0, 0, "ETL_orders",
		},
		"no job": {
			runs(jobRun(1, "success", func(r *client.JobRun) { r.JobName = nil })), 1, Unknown, "", nil, 0, 0, "is listed: one without a name",
		},
		"twice": {runs(jobRun(1, "success"), jobRun(1, "success")), 1, Unknown, "", nil, 0, 0, "the run 1 is listed twice"},
		"twice, from before": {
			runs(jobRun(1, "success"), jobRun(2, "fail", ranAt(before.Add(-time.Hour))), jobRun(2, "fail", ranAt(before.Add(-time.Hour)))), 1, Unknown, "",
			nil, 0, 0, "the run 2 is listed twice",
		},
		"no id": {
			runs(jobRun(1, "success"), jobRun(2, "success", func(r *client.JobRun) { r.InstanceID = nil })), 1, Unknown, "", nil, 0, 0, "without an id",
		},
		"no time": {
			runs(jobRun(1, "success"), jobRun(2, "fail", func(r *client.JobRun) { r.PlanTime, r.StartTime = nil, nil })), 1, Unknown, "", nil, 0, 0,
			"the run 2 has no time",
		},
		"only a start": {runs(jobRun(1, "success", func(r *client.JobRun) { r.PlanTime = nil })), 1, Succeeded, "completed", counts{"success": 1}, 1, 0, ""},
		"in seconds": {
			runs(jobRun(1, "success"), jobRun(2, "fail", func(r *client.JobRun) { r.StartTime = new(noon.Unix()) })), 1, Unknown, "", nil, 0, 0,
			"which is not in milliseconds",
		},
		"a plan in seconds": {
			runs(jobRun(1, "success", func(r *client.JobRun) { r.PlanTime = new(noon.Unix()) })), 1, Unknown, "", nil, 0, 0, "not in milliseconds",
		},
		"in microseconds": {
			runs(jobRun(1, "success", func(r *client.JobRun) { r.StartTime = new(noon.UnixMicro()) })), 1, Unknown, "", nil, 0, 0, "not in milliseconds",
		},
		"a start of zero": {runs(jobRun(1, "success", func(r *client.JobRun) { r.StartTime = new(int64(0)) })), 1, Unknown, "", nil, 0, 0, ""},
		"the first time that may be": {
			runs(jobRun(1, "fail", ranAt(time.UnixMilli(1_000_000_000_000))), jobRun(2, "success")), 1, Succeeded, "completed", counts{"success": 1}, 1, 0, "",
		},
		"a clock that is ahead": {runs(jobRun(1, "success", startedAt(noon.Add(10*time.Minute)))), 1, Succeeded, "completed", counts{"success": 1}, 1, 0, ""},
		"in the future": {
			runs(jobRun(1, "success", startedAt(noon.Add(10*time.Minute+time.Millisecond)))), 1, Unknown, "", nil, 0, 0,
			"the run 1 began at 2026-07-28T12:10:00Z, which is in the future",
		},
		"runs since the future": {
			runs(jobRun(1, "running", startedAt(noon.Add(11*time.Minute)))), 1, Unknown, "", nil, 0, 0, "which is in the future",
		},
		"ended in the future without a start": {
			runs(jobRun(1, "success", plannedAt(noon.Add(time.Hour)))), 1, Unknown, "", nil, 0, 0, "which is in the future",
		},
		"more announced": {total(2, runs(jobRun(1, "success"))), 1, Unknown, "", nil, 0, 0, "the service announces 2 runs, and lists 1"},
		"more listed":    {total(1, runs(jobRun(1, "success"), jobRun(2, "success"))), 1, Unknown, "", nil, 0, 0, "announces 1 run, and lists 2"},
		"a negative total": {
			total(-1, runs(jobRun(1, "success"))), 1, Unknown, "", nil, 0, 0, "announces -1 runs, and lists 1",
		},
		"no total": {
			&client.JobRunList{Runs: []client.JobRun{jobRun(1, "success")}}, 1, Unknown, "", nil, 0, 0, "does not say how many runs there are",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(time.Until(noon))
				service := &dataArts{runs: always(test.list)}
				test.list.Warnings = []string{"end_time is a list"}
				asked := JobRequest{JobName: "etl_orders", Since: deployed, MinNew: test.minNew, Details: true}
				asked.WorkspaceID = "ws1"
				got := readJobs(t, service, asked)
				if got.Outcome != test.outcome || got.Good() != (test.outcome == Succeeded) || got.Completed != (test.state == "completed") ||
					(got.Phase == Stuck) != (test.state == "stuck") || (got.Doubt != "") != (test.outcome == Unknown) {
					t.Errorf("verdict %+v, want %s, %s", got.Verdict, test.outcome, test.state)
				}
				var want counts
				if test.counts != nil {
					want = allWords(test.counts)
					maps.Copy(want, test.counts)
				}
				if diff := cmp.Diff(want, got.Counts); diff != "" {
					t.Errorf("counts (-want +got):\n%s", diff)
				}
				if (got.Tally == nil) != (test.outcome == Unknown) {
					t.Fatalf("tally %+v", got.Tally)
				}
				if got.Tally != nil && (*got.Tally.New != test.new || *got.Tally.NewFailed != test.newFailed || len(got.Failures) != int(test.newFailed) || got.Failures == nil) {
					t.Errorf("%d new, %d of them failed, %d named; want %d, %d", *got.Tally.New, *got.Tally.NewFailed, len(got.Failures), test.new, test.newFailed)
				}
				if begin := "DataArts job etl_orders of workspace ws1 (since 2026-07-28T11:00:00Z): "; !strings.HasPrefix(got.Summary, begin) ||
					!strings.Contains(got.Summary, test.text) || harmless(got.Summary) != "" {
					t.Errorf("summary %q, want %q in it", got.Summary, test.text)
				}
				if !cmp.Equal(got.UnreadFields, test.list.Warnings) || got.UnreadDetails != nil || len(service.asked)+len(service.listings) != 0 {
					t.Errorf("unread %v, %v; further requests %v, %v", got.UnreadFields, got.UnreadDetails, service.asked, service.listings)
				}
				var sum int64
				for _, n := range got.Counts {
					sum += n
				}
				switch total := got.Statistics.TotalCount; {
				case got.Counts != nil && (total == nil || *total != sum):
					t.Errorf("total %v, want %d", total, sum)
				case got.Counts == nil && !strings.Contains(got.Doubt, "new to this version") && total != nil:
					t.Errorf("statistics %+v of counts that cannot be trusted", got.Statistics)
				}
			})
		})
	}
}

// TestRunsAreAskedFor shows the times of the listing: from a day before since, with no end; else the days, as they are when the read begins.
func TestRunsAreAskedFor(t *testing.T) {
	t.Parallel()
	day := func(day int) time.Time { return time.Date(2026, 7, day, 0, 0, 0, 0, client.DataArtsZone) }
	for name, test := range map[string]struct {
		days            string
		since, from, to time.Time
	}{
		"since":            {"", deployed, deployed.Add(-24 * time.Hour), time.Time{}},
		"today":            {"", time.Time{}, day(28), day(29)},
		"yesterday":        {"yesterday", time.Time{}, day(27), day(28)},
		"before yesterday": {"before_yesterday", time.Time{}, day(26), day(27)},
		"all":              {"all", time.Time{}, day(21), day(29)},
	} {
		synctest.Test(t, func(t *testing.T) {
			time.Sleep(time.Until(noon))
			asked := JobRequest{JobName: "etl_orders", Since: test.since, Wait: &Wait{Interval: 5 * time.Minute}}
			asked.WorkspaceID, asked.QueryDays = "ws1", test.days
			service := &dataArts{runs: func(n int) (*client.JobRunList, error) {
				if n == 1 {
					time.Sleep(13 * time.Hour) // past midnight in China
					return runs(jobRun(1, "running")), nil
				}
				return runs(jobRun(1, "manual-stop")), nil
			}}
			ctx, cancel := context.WithTimeout(t.Context(), 24*time.Hour)
			defer cancel()
			if _, err := ReadJobs(ctx, service, asked); err != nil {
				t.Fatal(err)
			}
			want := client.JobRunsRequest{WorkspaceJobs: asked.WorkspaceJobs, JobName: "etl_orders", From: test.from, To: test.to}
			if len(service.ofJob) < 2 {
				t.Errorf("%s: only one look", name)
			}
			for _, got := range service.ofJob {
				if !got.From.Equal(want.From) || !got.To.Equal(want.To) || got.To.IsZero() != want.To.IsZero() || got.JobName != want.JobName ||
					got.WorkspaceJobs != want.WorkspaceJobs {
					t.Errorf("%s: asked %+v, want %+v", name, got, want)
				}
			}
		})
	}
	asked := JobRequest{JobName: "etl_orders"}
	asked.QueryDays = "tomorrow"
	if _, err := ReadJobs(t.Context(), &dataArts{}, asked); err == nil {
		t.Error("no error for days that are not known")
	}
}

// TestRunsOfDays judges the runs that were planned or began in the days; those that have not ended count whenever they began.
func TestRunsOfDays(t *testing.T) {
	t.Parallel()
	today := time.Date(2026, 7, 28, 0, 0, 0, 0, client.DataArtsZone)
	yesterday, tomorrow := today.Add(-time.Hour), today.Add(24*time.Hour)
	for name, test := range map[string]struct {
		list    *client.JobRunList
		outcome Outcome
		counts  map[string]int64
	}{
		"none":                     {runs(), Empty, nil},
		"success":                  {runs(jobRun(1, "success", ranAt(today))), Succeeded, map[string]int64{"success": 1}},
		"failure":                  {runs(jobRun(1, "fail", ranAt(today)), jobRun(2, "success")), Failed, map[string]int64{"fail": 1, "success": 1}},
		"of yesterday":             {runs(jobRun(1, "fail", ranAt(yesterday)), jobRun(2, "success")), Succeeded, map[string]int64{"success": 1}},
		"planned yesterday":        {runs(jobRun(1, "fail", plannedAt(yesterday), startedAt(today)), jobRun(2, "success")), Failed, map[string]int64{"fail": 1, "success": 1}},
		"began yesterday and runs": {runs(jobRun(1, "running", ranAt(yesterday)), jobRun(2, "success")), Running, map[string]int64{"running": 1, "success": 1}},
		"of tomorrow":              {runs(jobRun(1, "freeze", plannedAt(tomorrow))), Empty, nil},
		"the last of today":        {runs(jobRun(1, "freeze", plannedAt(tomorrow.Add(-time.Millisecond)))), Empty, map[string]int64{"freeze": 1}},
	} {
		synctest.Test(t, func(t *testing.T) {
			time.Sleep(time.Until(noon))
			got := readJobs(t, &dataArts{runs: always(test.list)}, JobRequest{JobName: "etl_orders"})
			if diff := cmp.Diff(allWords(test.counts), got.Counts); diff != "" || got.Outcome != test.outcome {
				t.Errorf("%s: %s, counts (-want +got):\n%s", name, got.Outcome, diff)
			}
			if got.Tally.New != nil || got.Tally.NewFailed != nil {
				t.Errorf("%s: tally %+v", name, got.Tally)
			}
		})
	}
}

// TestFailedRunsAreNamed names the newest failed runs from the same answer, at most a hundred.
func TestFailedRunsAreNamed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(noon))
		var list []client.JobRun
		for i := range int64(120) {
			list = append(list, jobRun(i, "fail", ranAt(deployed.Add(time.Duration(i*37%120)*time.Second))))
		}
		list = append(list, jobRun(500, "fail", ranAt(deployed.Add(-time.Hour))), jobRun(501, "fail", forced))
		service := &dataArts{runs: always(runs(list...))}
		got := readJobs(t, service, JobRequest{JobName: "etl_orders", Since: deployed, Details: true})
		if len(got.Failures) != 100 || got.MoreCulprits != 20 || *got.Tally.NewFailed != 120 || got.UnreadDetails != nil {
			t.Fatalf("%d named, %d more, tally %+v, unread %v", len(got.Failures), got.MoreCulprits, got.Tally, got.UnreadDetails)
		}
		if !slices.IsSortedFunc(got.Failures, func(a, b client.JobInstance) int { return int(*b.StartTime - *a.StartTime) }) {
			t.Error("not the newest first")
		}
		newest := list[slices.IndexFunc(list, func(run client.JobRun) bool {
			return *run.StartTime == deployed.Add(119*time.Second).UnixMilli()+2000
		})]
		want := client.JobInstance{
			JobName: newest.JobName, InstanceID: new(fmt.Sprint(*newest.InstanceID)), Status: newest.Status,
			PlanTime: newest.PlanTime, StartTime: newest.StartTime,
		}
		if diff := cmp.Diff(want, got.Failures[0]); diff != "" {
			t.Errorf("the newest (-want +got):\n%s", diff)
		}
		if first := fmt.Sprintf("; failed jobs: etl_orders (instance %d), ", *newest.InstanceID); !strings.Contains(got.Summary, first) ||
			!strings.Contains(got.Summary, "and 110 more") {
			t.Errorf("summary %q, want %q in it", got.Summary, first)
		}
		if without := readJobs(t, service, JobRequest{JobName: "etl_orders", Since: deployed}); without.Failures != nil || without.Outcome != Failed {
			t.Errorf("without details: %+v", without)
		}
		if got := len(service.listings) + len(service.asked); got != 0 {
			t.Errorf("%d further requests", got)
		}
	})
}

// TestWaitForTheRunAfterTheDeployment waits until the run has come and ended, and for a run that was gone in between.
func TestWaitForTheRunAfterTheDeployment(t *testing.T) {
	t.Parallel()
	old := jobRun(1, "fail", ranAt(deployed.Add(-time.Hour)))
	for name, test := range map[string]struct {
		looks   []*client.JobRunList
		outcome Outcome
		asked   int
		text    string
	}{
		"it comes": {
			[]*client.JobRunList{runs(old), runs(old), runs(jobRun(2, "waiting"), old), runs(jobRun(2, "running"), old), runs(jobRun(2, "success"), old)},
			Succeeded, 5, "succeeded; 1 succeeded; waited ",
		},
		"it comes after an hour": {
			append(slices.Repeat([]*client.JobRunList{runs()}, 360), runs(jobRun(2, "success"))), Succeeded, 361, "1 succeeded",
		},
		"it fails":        {[]*client.JobRunList{runs(old), runs(jobRun(2, "running"), old), runs(jobRun(2, "fail"), old)}, Failed, 3, "failed; 1 failed"},
		"it is run again": {[]*client.JobRunList{runs(jobRun(2, "fail"), jobRun(3, "running")), runs(jobRun(2, "success"), jobRun(3, "success"))}, Succeeded, 2, "2 succeeded"},
		"an old one ends": {[]*client.JobRunList{runs(jobRun(1, "running", ranAt(deployed.Add(-time.Hour)))), runs(old, jobRun(2, "success"))}, Succeeded, 2, ""},
		"it waits, then starts": {
			[]*client.JobRunList{runs(jobRun(2, "waiting", plannedAt(deployed))), runs(jobRun(2, "success", ranAt(deployed)))}, Succeeded, 2, "",
		},
		"it is gone": {
			[]*client.JobRunList{runs(jobRun(2, "running")), runs(jobRun(3, "success"))}, Unknown, 0,
			"the run 2 was listed before in this wait, and now it is not",
		},
		"it is gone for a while": {
			[]*client.JobRunList{runs(jobRun(2, "running")), runs(jobRun(3, "success")), runs(jobRun(3, "success"), jobRun(2, "success"))}, Succeeded, 3, "2 succeeded",
		},
		"a failure is gone": {
			[]*client.JobRunList{runs(jobRun(2, "fail"), jobRun(3, "running")), runs(jobRun(3, "success"), jobRun(4, "success"))}, Unknown, 0, "the run 2 was listed",
		},
		"a failure of a doubtful look is gone": {
			[]*client.JobRunList{runs(jobRun(2, "fail"), jobRun(3, "retrying")), runs(jobRun(3, "success"), jobRun(4, "success"))}, Unknown, 0, "the run 2 was listed",
		},
		"it began earlier after all": {
			[]*client.JobRunList{
				runs(jobRun(2, "waiting"), jobRun(3, "success")), runs(jobRun(2, "fail", startedAt(deployed.Add(-time.Second))), jobRun(3, "success")),
			}, Unknown, 0, "or with an earlier time",
		},
		"what was announced is gone": {
			[]*client.JobRunList{{Total: new(int64(3)), Runs: []client.JobRun{jobRun(3, "success")}}, runs(jobRun(3, "success"), jobRun(4, "success"))},
			Unknown, 0, "announced 3 runs before in this wait, and now only 2",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(time.Until(noon))
				service := &dataArts{runs: inTurn(test.looks...)}
				ctx, cancel := context.WithTimeout(t.Context(), 2*time.Hour)
				defer cancel()
				got, err := ReadJobs(ctx, service, JobRequest{JobName: "etl_orders", Since: deployed, Wait: &Wait{}})
				if err != nil {
					t.Fatal(err)
				}
				if got.Outcome != test.outcome || test.asked != 0 && len(service.ofJob) != test.asked || (got.Timeout != nil) != (test.outcome == Unknown) {
					t.Errorf("%s after %d looks, want %s after %d", got.Outcome, len(service.ofJob), test.outcome, test.asked)
				}
				if !strings.Contains(got.Summary, test.text) {
					t.Errorf("summary %q, want %q in it", got.Summary, test.text)
				}
			})
		})
	}
}

func dayStart(at time.Time) time.Time {
	year, month, day := at.In(client.DataArtsZone).Date()
	return time.Date(year, month, day, 0, 0, 0, 0, client.DataArtsZone)
}

// A clock that is behind the service's makes no run new that began before a duration back from now, and hides no midnight.
func TestClockBehindTheService(t *testing.T) {
	t.Parallel()
	behind := func() time.Time { return time.Now().Add(9 * time.Minute) }
	for name, test := range map[string]struct {
		sinceNow bool
		began    time.Time
		outcome  Outcome
	}{
		"a time":           {false, deployed, Succeeded},
		"a duration":       {true, deployed.Add(9*time.Minute - time.Second), Pending},
		"a duration later": {true, deployed.Add(9 * time.Minute), Succeeded},
	} {
		synctest.Test(t, func(t *testing.T) {
			time.Sleep(time.Until(noon))
			service := &dataArts{runs: always(runs(jobRun(1, "success", ranAt(test.began), startedAt(test.began))))}
			got := readJobs(t, service, JobRequest{JobName: "etl_orders", Since: deployed, SinceNow: test.sinceNow, Now: behind})
			if got.Outcome != test.outcome {
				t.Errorf("%s: %s, want %s", name, got.Outcome, test.outcome)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(noon))
		began := startedAt(deployed.Add(9 * time.Minute))
		service := &dataArts{runs: inTurn(runs(jobRun(1, "running", began)), runs(jobRun(1, "success", began)))}
		asked := JobRequest{JobName: "etl_orders", Since: deployed, SinceNow: true, Now: behind, Wait: &Wait{}}
		if got := readJobs(t, service, asked); got.Outcome != Succeeded {
			t.Errorf("the time moves with each look: %+v", got.Report)
		}
	})
	// It asks again for the days as the service has them.
	for days, ago := range map[string]int{"": 0, "today": 0, "yesterday": 1, "before_yesterday": 2} {
		synctest.Test(t, func(t *testing.T) {
			time.Sleep(time.Until(noon.Add(4*time.Hour - time.Minute))) // before midnight in China
			today := dayStart(behind())
			began := today.Add(-time.Duration(ago)*24*time.Hour - time.Hour)
			service := &dataArts{runs: always(runs(jobRun(1, "success", ranAt(began))))}
			asked := JobRequest{JobName: "etl_orders", Wait: &Wait{}, Now: behind}
			asked.QueryDays = days
			got := readJobs(t, service, asked)
			last := service.ofJob[len(service.ofJob)-1]
			if want := today.AddDate(0, 0, -ago); got.Outcome != Empty || !last.From.Equal(want) || !last.To.Equal(want.AddDate(0, 0, 1)) {
				t.Errorf("%s: %s; asked %+v, want from %s", days, got.Outcome, last, want)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(noon.Add(4*time.Hour - time.Minute)))
		service := &dataArts{runs: func(n int) (*client.JobRunList, error) {
			if n == 2 {
				return nil, errors.New("second request failed")
			}
			return runs(jobRun(1, "success", ranAt(time.Now()))), nil
		}}
		if _, err := ReadJobs(t.Context(), service, JobRequest{JobName: "etl_orders", Now: behind}); err == nil || len(service.ofJob) != 2 {
			t.Errorf("error %v after %d requests", err, len(service.ofJob))
		}
	})
	synctest.Test(t, func(t *testing.T) {
		service := &dataArts{statistics: always(jobs(map[string]int64{"fail": 1})), failed: listing(1)}
		readJobs(t, service, JobRequest{Details: true, Now: behind})
		if len(service.listings) != 1 || !service.listings[0].Now.Equal(behind()) {
			t.Errorf("failures asked for: %+v", service.listings)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(untilMidnight - 9*time.Minute - 500*time.Millisecond)
		service := &dataArts{statistics: inTurn(jobs(map[string]int64{"running": 1}), jobs(map[string]int64{"success": 8}))}
		if got := readJobs(t, service, JobRequest{Wait: &Wait{}, Now: behind}); got.Outcome != Unknown || len(service.asked) != 2 {
			t.Errorf("after %d looks: %+v", len(service.asked), got.Report)
		}
	})
}

// TestWaitForARunMeetsErrors ends with an error of the service about the job, and looks again after a fault that follows a good answer.
func TestWaitForARunMeetsErrors(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(noon))
		missing := &client.Error{Status: 400, Code: "DLF.0100"}
		service := &dataArts{runs: func(int) (*client.JobRunList, error) { return nil, missing }}
		if _, err := ReadJobs(t.Context(), service, JobRequest{JobName: "etl_orders", Since: deployed, Wait: &Wait{}}); !errors.Is(err, missing) {
			t.Errorf("error %v", err)
		}
		service = &dataArts{runs: func(n int) (*client.JobRunList, error) {
			switch n {
			case 1:
				return runs(), nil
			case 2:
				return nil, errOverloaded
			}
			return runs(jobRun(1, "success")), nil
		}}
		if got := readJobs(t, service, JobRequest{JobName: "etl_orders", Since: deployed, Wait: &Wait{}}); !got.Good() || len(service.ofJob) != 3 {
			t.Errorf("after %d looks: %+v", len(service.ofJob), got)
		}
	})
}

// naiveRun says what a row means for a gate since a time, in the words of the interface: "new success", "nothing" or why it closes.
func naiveRun(run client.JobRun, since time.Time) string {
	if run.JobName == nil || *run.JobName != "etl_orders" {
		return "foreign"
	}
	if run.InstanceID == nil {
		return "without an id"
	}
	began := run.PlanTime
	if run.StartTime != nil {
		began = run.StartTime
	}
	if began == nil || *began < 1e12 {
		return "undated"
	}
	isNew := *began >= since.UnixMilli()
	overridden := *run.ForceSuccess || *run.IgnoreSuccess
	switch status := *run.Status; status {
	case "running", "waiting", "waiting-confirm", "pause":
		return "unfinished"
	case "success", "forceSuccess", "ignoreSuccess", "fail", "running-exception", "manual-stop", "freeze", "skip", "skip-by-depend":
		switch {
		case !isNew:
			return "nothing"
		case overridden || strings.HasSuffix(strings.ToLower(status), "success"):
			return "new success"
		case status == "fail" || status == "running-exception":
			return "failed"
		case status == "manual-stop":
			return "stopped"
		}
		return "nothing"
	default:
		return "unknown"
	}
}

// drawRuns draws a listing that has faults of each kind now and then.
func drawRuns(t *rapid.T, since time.Time) *client.JobRunList {
	statuses := rapid.SampledFrom(strings.Fields("success success success success success success fail running-exception running waiting waiting-confirm " +
		"pause manual-stop freeze skip skip-by-depend forceSuccess ignoreSuccess retrying SUCCESS"))
	offsets := rapid.SampledFrom([]time.Duration{
		-25 * time.Hour, -time.Hour, -time.Millisecond, 0, 0, time.Millisecond, time.Minute, time.Minute, 30 * time.Minute,
	})
	var list []client.JobRun
	n := rapid.IntRange(0, 5).Draw(t, "runs")
	for i := range n {
		run := jobRun(int64(i), statuses.Draw(t, "status"), ranAt(since.Add(offsets.Draw(t, "plan"))))
		switch rapid.IntRange(0, 5).Draw(t, "start") {
		case 0:
			run.StartTime = nil
		case 1:
			run.StartTime = new(since.Add(offsets.Draw(t, "begin")).UnixMilli())
		}
		if rapid.IntRange(0, 9).Draw(t, "flags") == 0 {
			run.ForceSuccess, run.IgnoreSuccess = new(rapid.Bool().Draw(t, "force")), new(rapid.Bool().Draw(t, "ignore"))
		}
		switch rapid.IntRange(0, 60).Draw(t, "fault") {
		case 0:
			run.JobName = pickOne(t, nil, new("etl"), new("etl_orders "))
		case 1:
			run.InstanceID = pickOne(t, nil, new(int64(0)))
		case 2:
			run.PlanTime, run.StartTime = nil, pickOne(t, nil, new(since.Unix()), new(int64(-1)))
		case 3:
			run.PlanTime = nil
		}
		list = append(list, run)
	}
	answer := runs(list...)
	switch rapid.IntRange(0, 30).Draw(t, "total") {
	case 0:
		answer.Total = nil
	case 1:
		answer.Total = new(rapid.Int64Range(-1, 2000).Draw(t, "announced"))
	}
	return answer
}

func pickOne[T any](t *rapid.T, choices ...T) T { return rapid.SampledFrom(choices).Draw(t, "choice") }

// checkRunsAreSafe checks a green verdict on the last of some listings against the rows, with code that has nothing in common with
// countRuns. It says what was drawn.
func checkRunsAreSafe(t *rapid.T, lists []*client.JobRunList, since time.Time, minNew int64, good bool) string {
	last := lists[len(lists)-1]
	met, ids := map[string]int{}, map[int64]int{}
	for _, run := range last.Runs {
		met[naiveRun(run, since)]++
		if run.InstanceID != nil {
			ids[*run.InstanceID]++
		}
	}
	closed := ""
	for _, why := range []string{"foreign", "without an id", "undated", "unfinished", "failed", "stopped", "unknown"} {
		if met[why] > 0 {
			closed = why
		}
	}
	for _, times := range ids {
		if times > 1 {
			closed = "doubled"
		}
	}
	newRuns := int64(0)
	for _, run := range last.Runs {
		began := run.PlanTime
		if run.StartTime != nil {
			began = run.StartTime
		}
		if began != nil && *began >= since.UnixMilli() {
			newRuns++
		}
	}
	switch {
	case last.Total == nil || *last.Total != int64(len(last.Runs)):
		closed = "incomplete"
	case newRuns < minNew:
		closed = "too few"
	case met["new success"] == 0:
		closed = "no new success"
	}
	for _, list := range lists {
		if deref(list.Total) > int64(len(last.Runs)) {
			closed = "gone"
		}
		for _, run := range list.Runs {
			if run.InstanceID != nil && run.JobName != nil && *run.JobName == "etl_orders" && ids[*run.InstanceID] == 0 {
				closed = "gone"
			}
		}
	}
	if good && closed != "" {
		t.Fatalf("green, although %s: %v", closed, met)
	}
	if good {
		return "green"
	}
	return closed
}

// No set of rows is green with a run that failed, has not ended, or is unknown, doubled, of another job or undated, nor without a new
// success. What plainly succeeded is green.
func TestRunsNeverOpenTooEarly(t *testing.T) {
	t.Parallel()
	drawn := map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		list, minNew := drawRuns(t, deployed), rapid.Int64Range(1, 3).Draw(t, "min_new_count")
		count := countRuns(list, runWindow{jobName: "etl_orders", since: deployed}, noon)
		verdict := Verdict{}
		if count.doubt == "" {
			verdict, _ = judgeJobs(count.statistics, comparison{new: &count.new, minNew: minNew})
		}
		kind := checkRunsAreSafe(t, []*client.JobRunList{list}, deployed, minNew, verdict.Good())
		if kind == "" {
			t.Fatalf("nothing closes the gate, and it is not open: %+v, doubt %q", verdict, count.doubt)
		}
		drawn[kind]++
	})
	for _, kind := range []string{"green", "doubled", "failed", "foreign", "incomplete", "no new success", "stopped", "too few", "undated", "unfinished", "unknown"} {
		if drawn[kind] == 0 {
			t.Errorf("no case is %s: %v", kind, drawn)
		}
	}
}

// No order of answers over time is green either: the last one decides, and what was listed has to be listed still.
func TestWaitForRunsNeverOpensTooEarly(t *testing.T) {
	t.Parallel()
	bubble := func(run func(context.Context)) { synctest.Test(t, func(t *testing.T) { run(t.Context()) }) }
	green := 0
	rapid.Check(t, func(t *rapid.T) {
		if checkWaitForRuns(t, bubble) {
			green++
		}
	})
	if green == 0 {
		t.Error("no wait was green")
	}
}

func FuzzWaitForRuns(f *testing.F) {
	f.Fuzz(func(t *testing.T, data []byte) {
		bubble := func(run func(context.Context)) { synctest.Test(t, func(t *testing.T) { run(t.Context()) }) }
		rapid.MakeFuzz(func(t *rapid.T) { checkWaitForRuns(t, bubble) })(t, data)
	})
}

func checkWaitForRuns(t *rapid.T, bubble func(func(context.Context))) (green bool) {
	var lists, looks []*client.JobRunList
	for range rapid.IntRange(1, 5).Draw(t, "answers") {
		list := drawRuns(t, deployed)
		if len(lists) > 0 && rapid.IntRange(0, 3).Draw(t, "goes on") > 0 {
			// The same runs go on, and others join them.
			list = runs(slices.Clone(lists[len(lists)-1].Runs)...)
			for i := range list.Runs {
				if slices.Contains([]string{"running", "waiting", "retrying"}, *list.Runs[i].Status) {
					list.Runs[i].Status = new(rapid.SampledFrom([]string{"running", "success", "success", "fail"}).Draw(t, "next"))
				}
			}
			if rapid.Bool().Draw(t, "joined") {
				list = runs(append(list.Runs, jobRun(int64(100+len(lists)), "success"))...)
			}
		}
		lists = append(lists, list)
	}
	minNew := rapid.Int64Range(1, 2).Draw(t, "min_new_count")
	stable := rapid.SampledFrom([]time.Duration{0, 0, 5 * time.Second}).Draw(t, "stable_for")
	var report *JobReport
	var err error
	bubble(func(ctx context.Context) {
		time.Sleep(time.Until(noon))
		ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
		defer cancel()
		service := &dataArts{runs: func(n int) (*client.JobRunList, error) {
			list := lists[min(n, len(lists))-1]
			looks = append(looks, list)
			return list, nil
		}}
		report, err = ReadJobs(ctx, service, JobRequest{
			JobName: "etl_orders", Since: deployed, MinNew: minNew, Details: true, Wait: &Wait{StableFor: stable},
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	checkRunsAreSafe(t, looks, deployed, minNew, report.Good())
	if report.Good() && report.Timeout != nil {
		t.Fatalf("green at the deadline: %+v", report)
	}
	return report.Good()
}

// A listing of more runs than a page holds never becomes complete, so a wait ends with it at once, as data that says what to do.
func TestWaitForMoreRunsThanAreListed(t *testing.T) {
	t.Parallel()
	for total, ends := range map[int64]bool{999: false, 1001: true, 100_000: true} {
		synctest.Test(t, func(t *testing.T) {
			time.Sleep(time.Until(noon))
			list := &client.JobRunList{Total: &total}
			for id := range min(total, 1000) - 1 {
				list.Runs = append(list.Runs, jobRun(id+1, "success"))
			}
			if ends {
				list.Runs = append(list.Runs, jobRun(1000, "success"))
			}
			service := &dataArts{runs: always(list)}
			got := readJobs(t, service, JobRequest{JobName: "etl_orders", Since: deployed, Wait: &Wait{}})
			if got.Outcome != Unknown || got.Completed || got.Counts != nil || (got.Timeout == nil) != ends || (len(service.ofJob) == 1) != ends ||
				strings.Contains(got.Summary, "a later since or fewer query_days") != ends {
				t.Errorf("%d: %d looks: %s", total, len(service.ofJob), got.Summary)
			}
		})
	}
}
