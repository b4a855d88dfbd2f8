package gate

import (
	"context"
	"maps"
	"math"
	"math/big"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hwgate/terraform-provider-hwgate/internal/client"
)

// jobWordList are the states as the API's page names them, without "_count".
var jobWordList = strings.Fields(
	"fail force_success freeze ignore_success manual_stop pause running running_exception skip success waiting_confirm waiting")

// jobs counts the given states; the others are zero.
func jobs(counts map[string]int64) *client.JobStatistics {
	made := map[string]*int64{}
	for _, word := range jobWordList {
		made[word] = new(counts[word])
	}
	return jobsOf(made)
}

func jobsOf(counts map[string]*int64) *client.JobStatistics {
	return &client.JobStatistics{
		FailCount: counts["fail"], ForceSuccessCount: counts["force_success"], FreezeCount: counts["freeze"],
		IgnoreSuccessCount: counts["ignore_success"], ManualStopCount: counts["manual_stop"], PauseCount: counts["pause"],
		RunningCount: counts["running"], RunningExceptionCount: counts["running_exception"], SkipCount: counts["skip"],
		SuccessCount: counts["success"], WaitingConfirmCount: counts["waiting_confirm"], WaitingCount: counts["waiting"],
		TotalCount: counts["total"],
	}
}

// allWords gives every state a count, zero if it is not given.
func allWords(counts map[string]int64) map[string]int64 {
	all := map[string]int64{}
	for _, word := range jobWordList {
		all[word] = counts[word]
	}
	return all
}

// dataArts plays DataArts Factory: it answers from memory and notes what it was asked.
type dataArts struct {
	// statistics is given the number of the request, from 1.
	statistics func(n int) (*client.JobStatistics, error)
	failed     func(ctx context.Context) (*client.JobInstanceList, error)
	runs       func(n int) (*client.JobRunList, error)

	asked    []client.WorkspaceJobs
	listings []client.FailedJobsRequest
	ofJob    []client.JobRunsRequest
}

func (d *dataArts) JobRuns(_ context.Context, asked client.JobRunsRequest) (*client.JobRunList, error) {
	d.ofJob = append(d.ofJob, asked)
	return d.runs(len(d.ofJob))
}

func (d *dataArts) JobStatistics(_ context.Context, asked client.WorkspaceJobs) (*client.JobStatistics, error) {
	d.asked = append(d.asked, asked)
	return d.statistics(len(d.asked))
}

func (d *dataArts) FailedJobInstances(ctx context.Context, asked client.FailedJobsRequest) (*client.JobInstanceList, error) {
	d.listings = append(d.listings, asked)
	return d.failed(ctx)
}

// listing gives so many failed instances, job-1 to job-n.
func listing(n int) func(context.Context) (*client.JobInstanceList, error) {
	list := &client.JobInstanceList{Instances: []client.JobInstance{}, Warnings: []string{"endTime is a list"}}
	for i := 1; i <= n; i++ {
		list.Instances = append(list.Instances, client.JobInstance{
			JobName: new("job-" + strconv.Itoa(i)), InstanceID: new(strconv.Itoa(i)), Status: new("fail"),
			PlanTime: new(int64(1693446986000)), ErrorMessage: new("hunter2"),
		})
	}
	return func(context.Context) (*client.JobInstanceList, error) { return list, nil }
}

func readJobs(t *testing.T, service *dataArts, asked JobRequest) *JobReport {
	t.Helper()
	report, err := ReadJobs(t.Context(), service, asked)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// The words are the names of the API's counts, in the order of the documentation of this provider.
func TestJobWords(t *testing.T) {
	t.Parallel()
	if diff := cmp.Diff(jobWordList, JobStates()); diff != "" {
		t.Errorf("words (-want +got):\n%s", diff)
	}
}

// The name says whose instances of which workspace and days were counted.
func TestJobRequestName(t *testing.T) {
	t.Parallel()
	target := client.Target{Region: "cn-north-4", ProjectID: "0aa1"}
	for want, asked := range map[string]client.WorkspaceJobs{
		"DataArts job instances of the default workspace in project 0aa1 (today)": {Target: target},
		"DataArts job instances of the default workspace (yesterday)":             {QueryDays: "yesterday"},
		"DataArts job instances of workspace ws1 in project 0aa1 (all)": {
			Target: target, WorkspaceID: "ws1", IsOwn: new(false), QueryDays: "all",
		},
		"own DataArts job instances of workspace ws1 in project 0aa1 (before yesterday)": {
			Target: target, WorkspaceID: "ws1", IsOwn: new(true), QueryDays: "before_yesterday",
		},
	} {
		if got := (JobRequest{WorkspaceJobs: asked}).Name(); got != want {
			t.Errorf("name: got %q, want %q", got, want)
		}
	}
}

// Each row of the table of outcomes holds without a baseline, and the summary says what was counted.
func TestJobs(t *testing.T) {
	t.Parallel()
	const named = "DataArts job instances of workspace ws1 in project 0aa1 (yesterday): "
	asked := client.WorkspaceJobs{Target: client.Target{ProjectID: "0aa1"}, WorkspaceID: "ws1", QueryDays: "yesterday"}
	type counts = map[string]int64
	const completed, stuck, neither = "completed", "stuck", ""
	for name, test := range map[string]struct {
		counts                         counts
		outcome                        Outcome
		state                          string
		failed, unfinished, overridden int64
		text                           string
	}{
		"fail":              {counts{"fail": 1}, "failed", completed, 1, 0, 0, "1 failed"},
		"running_exception": {counts{"running_exception": 2}, "failed", completed, 2, 0, 0, "2 suspended by a failure"},
		"running":           {counts{"running": 3}, "running", neither, 0, 3, 0, "3 running"},
		"waiting":           {counts{"waiting": 4}, "pending", neither, 0, 4, 0, "4 waiting"},
		"waiting_confirm":   {counts{"waiting_confirm": 1}, "paused", stuck, 0, 1, 0, "1 awaiting confirmation"},
		"pause":             {counts{"pause": 1}, "paused", stuck, 0, 1, 0, "1 paused"},
		"manual_stop":       {counts{"manual_stop": 1}, "canceled", completed, 0, 0, 0, "1 stopped by hand"},
		"success":           {counts{"success": 1}, "succeeded", completed, 0, 0, 0, "1 succeeded"},
		"force_success": {
			counts{"force_success": 1}, "succeeded", completed, 0, 0, 1,
			"1 forced to success; 1 counted as successful because a person overrode the state",
		},
		"ignore_success": {
			counts{"ignore_success": 1}, "succeeded", completed, 0, 0, 1,
			"1 ignored as success; 1 counted as successful because a person overrode the state",
		},
		"freeze":              {counts{"freeze": 1}, "empty", neither, 0, 0, 0, "1 frozen"},
		"skip":                {counts{"skip": 1}, "empty", neither, 0, 0, 0, "1 skipped"},
		"frozen and skipped":  {counts{"freeze": 2, "skip": 3}, "empty", neither, 0, 0, 0, "2 frozen, 3 skipped"},
		"nothing ran":         {nil, "empty", neither, 0, 0, 0, "no instances"},
		"only a total is set": {counts{"total": 5}, "empty", neither, 0, 0, 0, "no instances"},
		"every state": {
			counts{
				"fail": 1, "force_success": 2, "freeze": 3, "ignore_success": 4, "manual_stop": 5, "pause": 6, "running": 7,
				"running_exception": 8, "skip": 9, "success": 10, "waiting_confirm": 11, "waiting": 12,
			},
			"failed", neither, 9, 36, 6,
			"1 failed, 2 forced to success, 3 frozen, 4 ignored as success, 5 stopped by hand, 6 paused, 7 running, " +
				"8 suspended by a failure, 9 skipped, 10 succeeded and 2 more; 6 counted as successful because a person overrode the state",
		},
		"failed, others run": {counts{"fail": 1, "running": 1}, "failed", neither, 1, 1, 0, "1 failed, 1 running"},
		"failed, others wait for a person": {
			counts{"fail": 1, "waiting_confirm": 1}, "failed", stuck, 1, 1, 0, "1 failed, 1 awaiting confirmation",
		},
		"running beside waiting and pause": {
			counts{"running": 1, "waiting": 1, "pause": 1}, "running", neither, 0, 3, 0, "1 paused, 1 running, 1 waiting",
		},
		"waiting beside pause": {
			counts{"waiting": 1, "pause": 1, "waiting_confirm": 1}, "pending", neither, 0, 3, 0,
			"1 paused, 1 awaiting confirmation, 1 waiting",
		},
		"pause beside manual_stop and success": {
			counts{"pause": 1, "manual_stop": 1, "success": 9}, "paused", stuck, 0, 1, 0, "1 stopped by hand, 1 paused, 9 succeeded",
		},
		"manual_stop beside success": {
			counts{"manual_stop": 1, "success": 9}, "canceled", completed, 0, 0, 0, "1 stopped by hand, 9 succeeded",
		},
		"success beside frozen and skipped": {
			counts{"success": 9, "freeze": 1, "skip": 1}, "succeeded", completed, 0, 0, 0, "1 frozen, 1 skipped, 9 succeeded",
		},
		"the total is not checked": {counts{"success": 1, "total": 99}, "succeeded", completed, 0, 0, 0, "1 succeeded"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			statistics := jobs(test.counts)
			statistics.TotalCount, statistics.Warnings = new(test.counts["total"]), []string{"total_count is a list"}
			want := Verdict{
				Outcome: test.outcome, Phase: phaseOfJobs(test.outcome, test.state == completed, test.state == stuck),
				Completed: test.state == completed, Counts: allWords(test.counts),
			}
			tally := &JobTally{Failed: test.failed, Unfinished: test.unfinished, Overridden: test.overridden}
			service := &dataArts{statistics: always(statistics)}
			got := readJobs(t, service, JobRequest{WorkspaceJobs: asked})
			if diff := cmp.Diff(want, got.Verdict) + cmp.Diff(tally, got.Tally); diff != "" {
				t.Errorf("verdict and tally (-want +got):\n%s", diff)
			}
			said := string(test.outcome)
			if test.outcome == Running || test.outcome == Pending {
				said = "still " + said
			}
			if diff := cmp.Diff(named+said+"; "+test.text, got.Summary); diff != "" {
				t.Errorf("summary (-want +got):\n%s", diff)
			}
			if got.Statistics != statistics || !cmp.Equal(service.asked, []client.WorkspaceJobs{asked}) || len(service.listings) != 0 ||
				got.Failures != nil || !cmp.Equal(got.UnreadFields, statistics.Warnings) || got.Timeout != nil {
				t.Errorf("asked %+v and %+v, got %+v", service.asked, service.listings, got)
			}
		})
	}
}

// A count that is missing, negative or too large makes all of them worthless.
func TestJobsDoubts(t *testing.T) {
	t.Parallel()
	test := func(t *testing.T, statistics *client.JobStatistics, doubt string) {
		t.Helper()
		for _, baseline := range []map[string]int64{nil, allWords(nil)} {
			service := &dataArts{statistics: always(statistics)}
			got := readJobs(t, service, JobRequest{Baseline: baseline, Details: true})
			if diff := cmp.Diff(Verdict{Outcome: Unknown, Doubt: doubt}, got.Verdict); diff != "" {
				t.Errorf("verdict (-want +got):\n%s", diff)
			}
			if want := "DataArts job instances of the default workspace (today): unknown; " + doubt; got.Summary != want {
				t.Errorf("summary %q, want %q", got.Summary, want)
			}
			if got.Tally != nil || got.Failures != nil || len(service.listings) != 0 {
				t.Errorf("tally %+v, failures %v", got.Tally, got.Failures)
			}
		}
	}
	for _, word := range jobWordList {
		counts := map[string]*int64{"total": new(int64(12))}
		for _, other := range jobWordList {
			counts[other] = new(int64(1))
		}
		counts[word] = nil
		test(t, jobsOf(counts), "the count of "+word+" is missing")
		counts[word] = new(int64(-1))
		test(t, jobsOf(counts), "the count of "+word+" is negative")
	}
	test(t, &client.JobStatistics{}, "the count of fail is missing")
	test(t, &client.JobStatistics{TotalCount: new(int64(5))}, "the count of fail is missing")
	test(t, jobs(map[string]int64{"success": math.MaxInt64, "skip": 1}), "the counts are too large to be true")
	// Failed instances that wrap around to none must not open the gate.
	test(t, jobs(map[string]int64{"fail": math.MaxInt64, "running_exception": math.MaxInt64, "success": 2}),
		"the counts are too large to be true")
}

// A count that is new and not zero is a doubt that names it. It joins the counts, unless one is negative.
func TestJobsFurtherCounts(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		further map[string]int64
		doubt   string
		counts  map[string]int64
	}{
		"one":                 {map[string]int64{"retrying": 3}, "retrying (3)", map[string]int64{"success": 5, "retrying": 3}},
		"two":                 {map[string]int64{"z": 1, "\x1b[31m": 2}, `"\x1b[31m" (2), z (1)`, map[string]int64{"success": 5, "z": 1, "\x1b[31m": 2}},
		"one negative":        {map[string]int64{"retrying": -1, "z": 1}, "retrying (-1), z (1)", nil},
		"the name of a state": {map[string]int64{"success": 3, "z": 1}, "success (3), z (1)", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			statistics := jobs(map[string]int64{"success": 5})
			statistics.Further = test.further
			got := readJobs(t, &dataArts{statistics: always(statistics)}, JobRequest{Details: true})
			want := Verdict{Outcome: Unknown, Doubt: "counts new to this version of the provider: " + test.doubt, DoubtKind: NewWord}
			if test.counts != nil {
				want.Counts = allWords(test.counts)
				maps.Copy(want.Counts, test.counts)
			}
			if diff := cmp.Diff(want, got.Verdict); diff != "" || got.Tally != nil {
				t.Errorf("tally %v, verdict (-want +got):\n%s", got.Tally, diff)
			}
			if fault := harmless(got.Summary); fault != "" || !strings.Contains(got.Summary, test.doubt) {
				t.Errorf("the summary has %q: %s", fault, got.Summary)
			}
		})
	}
}

// judgeJobsNaively reads the table from its last row to its first, so that the first that fits has the last word.
func judgeJobsNaively(counts map[string]*int64) (outcome Outcome, completed bool) {
	sum := new(big.Int)
	above := func(words ...string) bool {
		for _, word := range words {
			if counts[word] != nil && *counts[word] > 0 {
				return true
			}
		}
		return false
	}
	outcome = "empty"
	if above("success", "force_success", "ignore_success") {
		outcome = "succeeded"
	}
	if above("manual_stop") {
		outcome = "canceled"
	}
	if above("waiting_confirm", "pause") {
		outcome = "paused"
	}
	if above("waiting") {
		outcome = "pending"
	}
	if above("running") {
		outcome = "running"
	}
	if above("fail", "running_exception") {
		outcome = "failed"
	}
	for _, word := range jobWordList {
		if counts[word] == nil || *counts[word] < 0 {
			return "unknown", false
		}
		sum.Add(sum, big.NewInt(*counts[word]))
	}
	if !sum.IsInt64() {
		return "unknown", false
	}
	return outcome, outcome != "empty" && !above("waiting", "waiting_confirm", "running", "pause")
}

func checkJobs(t *testing.T, counts map[string]*int64) Outcome {
	t.Helper()
	outcome, completed := judgeJobsNaively(counts)
	got, tally := judgeJobs(jobsOf(counts), comparison{minNew: 1})
	switch {
	case got.Outcome != outcome || got.Completed != completed:
		t.Errorf("outcome %s, completed %t; want %s, %t", got.Outcome, got.Completed, outcome, completed)
	case got.Good() != got.Succeeded() || got.Good() && !got.Completed:
		t.Errorf("outcome %s, good %t, completed %t", got.Outcome, got.Good(), got.Completed)
	case got.Completed && got.Phase == Stuck:
		t.Error("both completed and stuck")
	case (got.Doubt != "") != (outcome == "unknown") || (got.Counts == nil) != (outcome == "unknown") ||
		(tally == nil) != (outcome == "unknown"):
		t.Errorf("outcome %s with the doubt %q, the counts %v and the tally %v", outcome, got.Doubt, got.Counts, tally)
	}
	if t.Failed() {
		t.Logf("for %v", got)
	}
	return outcome
}

// The verdict follows the table, whatever the counts are.
func TestJobsFollowTheTable(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(5, 6))
	met := map[Outcome]int{}
	for range 10_000 {
		counts := map[string]*int64{"total": pick(random, nil, new(int64(0)), new(random.Int64()))}
		for _, word := range jobWordList {
			counts[word] = new(int64(0))
			switch random.IntN(100) {
			case 0:
				counts[word] = pick(random, nil, new(int64(-1)), new(int64(math.MinInt64)), new(int64(math.MaxInt64)))
			case 1, 2, 3, 4, 5, 6, 7, 8, 9:
				counts[word] = new(random.Int64N(5))
			}
		}
		met[checkJobs(t, counts)]++
		if t.Failed() {
			t.FailNow()
		}
	}
	requireAllMet(t, met, "pending", "running", "paused", "succeeded", "failed", "canceled", "empty", "unknown")
}

// The verdict follows the table for the counts of the fuzzer too.
func FuzzJudgeJobs(f *testing.F) {
	f.Add(int64(0), int64(0), int64(0), int64(0), int64(0), int64(1), uint16(0))
	f.Add(int64(1), int64(0), int64(-1), int64(math.MaxInt64), int64(2), int64(1), uint16(1<<9))
	f.Fuzz(func(t *testing.T, a, b, c, d, e, g int64, missing uint16) {
		counts, values := map[string]*int64{}, []int64{a, b, c, d, e, g}
		for i, word := range jobWordList {
			if missing&(1<<i) == 0 {
				counts[word] = new(values[i%len(values)])
			}
		}
		checkJobs(t, counts)
	})
}
