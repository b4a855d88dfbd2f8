package gate

import (
	"context"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hwgate/terraform-provider-hwgate/internal/client"
)

func details(running, abnormal, terminated, completed int64) *client.TaskDetails {
	return &client.TaskDetails{
		RunningTasksCount: &running, AbnormalTasksCount: &abnormal, TerminatedTasksCount: &terminated, CompletedTasksCount: &completed,
	}
}

// roma plays ROMA Connect: it answers from memory and notes what it was asked.
type roma struct {
	// statistics is given the number of the request, from 1.
	statistics func(n int) (*client.FDITaskStatistics, error)
	abnormal   func(ctx context.Context) (*client.FDITaskList, error)

	asked  []client.FDIInstance
	limits []int
}

func (r *roma) FDITaskStatistics(_ context.Context, asked client.FDIInstance) (*client.FDITaskStatistics, error) {
	r.asked = append(r.asked, asked)
	return r.statistics(len(r.asked))
}

func (r *roma) AbnormalTasks(ctx context.Context, _ client.FDIInstance, limit int) (*client.FDITaskList, error) {
	r.limits = append(r.limits, limit)
	return r.abnormal(ctx)
}

var theInstance = client.FDIInstance{Target: client.Target{Region: "cn-north-4", ProjectID: "0aa1"}, InstanceID: "3c0f"}

// ordinary are statistics of ordinary tasks alone.
func ordinary(running, abnormal, terminated, completed int64) *client.FDITaskStatistics {
	return &client.FDITaskStatistics{CommonTaskDetails: details(running, abnormal, terminated, completed)}
}

func readTasks(t *testing.T, service *roma, asked TaskRequest) *TaskReport {
	t.Helper()
	report, err := ReadTasks(t.Context(), service, asked)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// Each row of the table of outcomes holds, and the summary keeps the two kinds apart where both have tasks.
func TestTasks(t *testing.T) {
	t.Parallel()
	const named = "FDI tasks of ROMA Connect instance 3c0f: "
	none := details(0, 0, 0, 0)
	missing := func(remove func(*client.TaskDetails)) *client.TaskDetails {
		made := details(1, 0, 0, 1)
		remove(made)
		return made
	}
	type want struct {
		verdict Verdict
		total   *int64
		text    string
	}
	verdict := func(outcome Outcome, healthy bool, text string, running, abnormal, terminated, completed int64) want {
		phase, state := Moving, string(outcome)
		switch {
		case healthy && outcome == Running:
			phase, state = Good, "running, healthy (the condition for tasks that run forever)"
		case healthy:
			phase = Good
		case outcome == Empty:
			phase = Settling
		}
		return want{
			Verdict{
				Outcome: outcome, Phase: phase,
				Counts: map[string]int64{"running": running, "abnormal": abnormal, "terminated": terminated, "completed": completed},
			},
			new(running + abnormal + terminated + completed), state + "; " + text,
		}
	}
	unknown := func(doubt string) want {
		return want{Verdict{Outcome: Unknown, Doubt: doubt}, nil, "unknown; " + doubt}
	}
	both := func(common, cdc *client.TaskDetails) client.FDITaskStatistics {
		return client.FDITaskStatistics{CommonTaskDetails: common, CDCTaskDetails: cdc}
	}
	for name, test := range map[string]struct {
		statistics client.FDITaskStatistics
		want       want
	}{
		"abnormal": {
			both(details(1, 0, 2, 3), details(4, 5, 6, 7)),
			verdict("failed", false,
				"ordinary tasks: 1 running, 3 completed, 2 terminated; CDC tasks: 5 abnormal, 4 running, 7 completed, 6 terminated", 5, 5, 8, 10),
		},
		"abnormal alone": {both(details(0, 1, 0, 0), none), verdict("failed", false, "1 abnormal", 0, 1, 0, 0)},
		"running": {
			both(details(1, 0, 1, 1), none), verdict("running", true, "1 running, 1 completed, 1 terminated", 1, 0, 1, 1),
		},
		"running as CDC": {both(none, details(1, 0, 0, 0)), verdict("running", true, "1 running", 1, 0, 0, 0)},
		"completed": {
			both(none, details(0, 0, 1, 1)), verdict("succeeded", true, "1 completed, 1 terminated", 0, 0, 1, 1),
		},
		"terminated":              {both(details(0, 0, 1, 0), none), verdict("canceled", false, "1 terminated", 0, 0, 1, 0)},
		"nothing":                 {both(none, none), verdict("empty", false, "no tasks", 0, 0, 0, 0)},
		"both null":               {both(nil, nil), verdict("empty", false, "no tasks", 0, 0, 0, 0)},
		"common null":             {both(nil, details(0, 0, 0, 1)), verdict("succeeded", true, "1 completed", 0, 0, 0, 1)},
		"CDC null":                {both(details(0, 0, 0, 1), nil), verdict("succeeded", true, "1 completed", 0, 0, 0, 1)},
		"common null, CDC failed": {both(nil, details(0, 1, 0, 1)), verdict("failed", false, "1 abnormal, 1 completed", 0, 1, 0, 1)},

		"common absent": {
			client.FDITaskStatistics{CommonAbsent: true, CDCTaskDetails: details(1, 0, 0, 1)},
			unknown("the member common_task_details is absent from the answer"),
		},
		"CDC absent": {
			client.FDITaskStatistics{CDCAbsent: true, CommonTaskDetails: details(1, 0, 0, 1)},
			unknown("the member cdc_task_details is absent from the answer"),
		},
		"CDC absent, common null": {client.FDITaskStatistics{CDCAbsent: true}, unknown("the member cdc_task_details is absent from the answer")},
		"no running": {
			both(missing(func(d *client.TaskDetails) { d.RunningTasksCount = nil }), none),
			unknown("the member common_task_details has no count of running tasks"),
		},
		"no abnormal": {
			both(none, missing(func(d *client.TaskDetails) { d.AbnormalTasksCount = nil })),
			unknown("the member cdc_task_details has no count of abnormal tasks"),
		},
		"no terminated": {
			both(missing(func(d *client.TaskDetails) { d.TerminatedTasksCount = nil }), none),
			unknown("the member common_task_details has no count of terminated tasks"),
		},
		"no completed": {
			both(none, missing(func(d *client.TaskDetails) { d.CompletedTasksCount = nil })),
			unknown("the member cdc_task_details has no count of completed tasks"),
		},
		"no counts":         {both(&client.TaskDetails{}, nil), unknown("the member common_task_details has no count of completed tasks")},
		"negative running":  {both(details(-1, 0, 0, 1), none), unknown("the member common_task_details has a negative count of running tasks")},
		"negative abnormal": {both(none, details(0, -1, 0, 1)), unknown("the member cdc_task_details has a negative count of abnormal tasks")},
		// One kind's negative count must not hide the other's failure.
		"negative beside abnormal": {
			both(details(0, 1, 0, 1), details(0, -1, 0, 0)), unknown("the member cdc_task_details has a negative count of abnormal tasks"),
		},
		"negative terminated": {
			both(details(0, 0, -1, 1), none), unknown("the member common_task_details has a negative count of terminated tasks"),
		},
		"negative completed": {
			both(details(1, 0, 0, -1), none), unknown("the member common_task_details has a negative count of completed tasks"),
		},
		"overflow of one status": {
			both(details(0, 0, 0, math.MaxInt64), details(0, 0, 0, 1)), unknown("the counts are too large to be true"),
		},
		"overflow of the total": {
			both(details(0, 0, 1, math.MaxInt64), nil), unknown("the counts are too large to be true"),
		},
		// In 64 bits these would add up to no abnormal task at all.
		"overflow to no failure": {
			both(details(0, math.MaxInt64, 0, 1), details(0, math.MaxInt64, 0, 1)), unknown("the counts are too large to be true"),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			service := &roma{statistics: always(&test.statistics)}
			got := readTasks(t, service, TaskRequest{FDIInstance: theInstance})
			if diff := cmp.Diff(test.want.verdict, got.Verdict) + cmp.Diff(test.want.total, got.Total); diff != "" {
				t.Errorf("verdict and total (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(named+test.want.text, got.Summary); diff != "" {
				t.Errorf("summary (-want +got):\n%s", diff)
			}
			if got.Statistics != &test.statistics || !cmp.Equal(service.asked, []client.FDIInstance{theInstance}) || service.limits != nil ||
				got.Abnormal != nil || got.Timeout != nil {
				t.Errorf("asked %+v and %v, got %+v", service.asked, service.limits, got)
			}
		})
	}
}

// checkTasks holds a verdict to the table. A kind with all but its absence is a pair of counts for each status.
func checkTasks(t *testing.T, statistics client.FDITaskStatistics) Outcome {
	t.Helper()
	sums := [4]*big.Int{new(big.Int), new(big.Int), new(big.Int), new(big.Int)}
	whole := new(big.Int)
	doubtful := statistics.CommonAbsent || statistics.CDCAbsent
	for _, kind := range []*client.TaskDetails{statistics.CommonTaskDetails, statistics.CDCTaskDetails} {
		if kind == nil {
			continue
		}
		for i, count := range []*int64{kind.AbnormalTasksCount, kind.RunningTasksCount, kind.CompletedTasksCount, kind.TerminatedTasksCount} {
			if count == nil || *count < 0 {
				doubtful = true
				continue
			}
			sums[i].Add(sums[i], big.NewInt(*count))
			whole.Add(whole, big.NewInt(*count))
		}
	}
	want := Outcome("empty")
	for i, outcome := range []Outcome{"failed", "running", "succeeded", "canceled"} {
		if sums[i].Sign() > 0 {
			want = outcome
			break
		}
	}
	if doubtful || !whole.IsInt64() {
		want = "unknown"
	}
	got := judgeTasks(&statistics, 0)
	switch {
	case got.Outcome != want || got.Completed || got.Phase == Stuck || got.Phase == Over:
		t.Errorf("got %+v, want %s", got, want)
	case got.Good() != (want == Running || want == Succeeded):
		t.Errorf("outcome %s, good %t", want, got.Good())
	case (got.Counts == nil) != (want == Unknown) || (got.Doubt == "") != (want != Unknown):
		t.Errorf("outcome %s with the doubt %q and the counts %v", want, got.Doubt, got.Counts)
	}
	var sum int64
	for _, count := range got.Counts {
		sum += count
	}
	if got.Counts != nil && sum != whole.Int64() {
		t.Errorf("the counts add up to %d, want %d", sum, whole)
	}
	return want
}

// The verdict follows the table, whatever the counts are.
func TestTasksFollowTheTable(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(7, 8))
	met := map[Outcome]int{}
	kind := func() (made *client.TaskDetails, absent bool) {
		count := func() *int64 {
			switch random.IntN(100) {
			case 0:
				return pick(random, nil, new(int64(-1)), new(int64(math.MinInt64)), new(int64(math.MaxInt64)))
			case 1, 2, 3, 4, 5, 6, 7, 8, 9, 10:
				return new(random.Int64N(4))
			default:
				return new(int64(0))
			}
		}
		switch random.IntN(10) {
		case 0:
			return nil, true
		case 1, 2:
			return nil, false
		default:
			return &client.TaskDetails{
				RunningTasksCount: count(), AbnormalTasksCount: count(), TerminatedTasksCount: count(), CompletedTasksCount: count(),
			}, false
		}
	}
	for range 10_000 {
		var statistics client.FDITaskStatistics
		statistics.CommonTaskDetails, statistics.CommonAbsent = kind()
		statistics.CDCTaskDetails, statistics.CDCAbsent = kind()
		met[checkTasks(t, statistics)]++
		if t.Failed() {
			t.Fatalf("for %+v and %+v", statistics.CommonTaskDetails, statistics.CDCTaskDetails)
		}
	}
	requireAllMet(t, met, "running", "succeeded", "failed", "canceled", "empty", "unknown")
}

// The verdict follows the table for the counts of the fuzzer too.
func FuzzJudgeTasks(f *testing.F) {
	f.Add(int64(0), int64(0), int64(0), int64(1), int64(0), int64(0), int64(0), int64(1), uint16(0))
	f.Add(int64(0), int64(1), int64(-1), int64(1), int64(math.MaxInt64), int64(0), int64(0), int64(1), uint16(1<<8))
	f.Fuzz(func(t *testing.T, a, b, c, d, e, g, h, i int64, gone uint16) {
		statistics := client.FDITaskStatistics{CommonTaskDetails: details(a, b, c, d), CDCTaskDetails: details(e, g, h, i)}
		common, cdc := statistics.CommonTaskDetails, statistics.CDCTaskDetails
		for n, count := range []**int64{
			&common.RunningTasksCount, &common.AbnormalTasksCount, &common.TerminatedTasksCount, &common.CompletedTasksCount,
			&cdc.RunningTasksCount, &cdc.AbnormalTasksCount, &cdc.TerminatedTasksCount, &cdc.CompletedTasksCount,
		} {
			if gone&(1<<n) != 0 {
				*count = nil
			}
		}
		if gone&(1<<8) != 0 {
			statistics.CommonTaskDetails = nil
		}
		statistics.CommonAbsent = gone&(3<<8) == 3<<8
		if gone&(1<<10) != 0 {
			statistics.CDCTaskDetails = nil
		}
		statistics.CDCAbsent = gone&(3<<10) == 3<<10
		checkTasks(t, statistics)
	})
}
