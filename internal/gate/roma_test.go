package gate_test

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hwgate/terraform-provider-hwgate/internal/client"
	"github.com/hwgate/terraform-provider-hwgate/internal/gate"
)

func details(running, abnormal, terminated, completed int64) *client.TaskDetails {
	return &client.TaskDetails{
		RunningTasksCount: &running, AbnormalTasksCount: &abnormal, TerminatedTasksCount: &terminated, CompletedTasksCount: &completed,
	}
}

func TestJudgeFDI(t *testing.T) {
	t.Parallel()
	const named = "FDI tasks of ROMA Connect instance 3c0f: "
	none := details(0, 0, 0, 0)
	missing := func(remove func(*client.TaskDetails)) *client.TaskDetails {
		made := details(1, 0, 0, 1)
		remove(made)
		return made
	}
	verdict := func(outcome gate.Outcome, healthy bool, text string, running, abnormal, terminated, completed int64) gate.FDI {
		return gate.FDI{
			Verdict: gate.Verdict{
				Outcome: outcome, Summary: named + string(outcome) + "; " + text,
				Counts: map[string]int64{"running": running, "abnormal": abnormal, "terminated": terminated, "completed": completed},
			},
			Total: new(running + abnormal + terminated + completed), Healthy: healthy,
		}
	}
	unknown := func(doubt string) gate.FDI {
		return gate.FDI{Verdict: gate.Verdict{Outcome: "unknown", Doubt: doubt, Summary: named + "unknown; " + doubt}}
	}
	both := func(common, cdc *client.TaskDetails) client.FDITaskStatistics {
		return client.FDITaskStatistics{CommonTaskDetails: common, CDCTaskDetails: cdc}
	}
	for name, test := range map[string]struct {
		statistics client.FDITaskStatistics
		want       gate.FDI
	}{
		"abnormal": {
			both(details(1, 0, 2, 3), details(4, 5, 6, 7)),
			verdict("failed", false, "5 abnormal, 5 running, 10 completed, 8 terminated", 5, 5, 8, 10),
		},
		"abnormal alone": {both(details(0, 1, 0, 0), none), verdict("failed", false, "1 abnormal, 0 running, 0 completed, 0 terminated", 0, 1, 0, 0)},
		"running": {
			both(details(1, 0, 1, 1), none), verdict("running", true, "0 abnormal, 1 running, 1 completed, 1 terminated", 1, 0, 1, 1),
		},
		"running as CDC": {both(none, details(1, 0, 0, 0)), verdict("running", true, "0 abnormal, 1 running, 0 completed, 0 terminated", 1, 0, 0, 0)},
		"completed": {
			both(none, details(0, 0, 1, 1)), verdict("succeeded", true, "0 abnormal, 0 running, 1 completed, 1 terminated", 0, 0, 1, 1),
		},
		"terminated":              {both(details(0, 0, 1, 0), none), verdict("canceled", false, "0 abnormal, 0 running, 0 completed, 1 terminated", 0, 0, 1, 0)},
		"nothing":                 {both(none, none), verdict("empty", false, "no tasks", 0, 0, 0, 0)},
		"both null":               {both(nil, nil), verdict("empty", false, "no tasks", 0, 0, 0, 0)},
		"common null":             {both(nil, details(0, 0, 0, 1)), verdict("succeeded", true, "0 abnormal, 0 running, 1 completed, 0 terminated", 0, 0, 0, 1)},
		"CDC null":                {both(details(0, 0, 0, 1), nil), verdict("succeeded", true, "0 abnormal, 0 running, 1 completed, 0 terminated", 0, 0, 0, 1)},
		"common null, CDC failed": {both(nil, details(0, 1, 0, 1)), verdict("failed", false, "1 abnormal, 0 running, 1 completed, 0 terminated", 0, 1, 0, 1)},

		"common absent": {
			client.FDITaskStatistics{CommonAbsent: true, CDCTaskDetails: details(1, 0, 0, 1)},
			unknown("common_task_details is absent from the answer"),
		},
		"CDC absent": {
			client.FDITaskStatistics{CDCAbsent: true, CommonTaskDetails: details(1, 0, 0, 1)},
			unknown("cdc_task_details is absent from the answer"),
		},
		"CDC absent, common null": {client.FDITaskStatistics{CDCAbsent: true}, unknown("cdc_task_details is absent from the answer")},
		"no running": {
			both(missing(func(d *client.TaskDetails) { d.RunningTasksCount = nil }), none),
			unknown("common_task_details has no count of running tasks"),
		},
		"no abnormal": {
			both(none, missing(func(d *client.TaskDetails) { d.AbnormalTasksCount = nil })),
			unknown("cdc_task_details has no count of abnormal tasks"),
		},
		"no terminated": {
			both(missing(func(d *client.TaskDetails) { d.TerminatedTasksCount = nil }), none),
			unknown("common_task_details has no count of terminated tasks"),
		},
		"no completed": {
			both(none, missing(func(d *client.TaskDetails) { d.CompletedTasksCount = nil })),
			unknown("cdc_task_details has no count of completed tasks"),
		},
		"no counts":         {both(&client.TaskDetails{}, nil), unknown("common_task_details has no count of completed tasks")},
		"negative running":  {both(details(-1, 0, 0, 1), none), unknown("common_task_details has a negative count of running tasks")},
		"negative abnormal": {both(none, details(0, -1, 0, 1)), unknown("cdc_task_details has a negative count of abnormal tasks")},
		// One kind's negative count must not hide the other's failure.
		"negative beside abnormal": {both(details(0, 1, 0, 1), details(0, -1, 0, 0)), unknown("cdc_task_details has a negative count of abnormal tasks")},
		"negative terminated":      {both(details(0, 0, -1, 1), none), unknown("common_task_details has a negative count of terminated tasks")},
		"negative completed":       {both(details(1, 0, 0, -1), none), unknown("common_task_details has a negative count of completed tasks")},
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
			got := gate.JudgeFDI(client.FDIInstance{InstanceID: "3c0f"}, &test.statistics)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("verdict (-want +got):\n%s", diff)
			}
		})
	}
}

// checkFDI holds a verdict to the table. A kind with all but its absence is a pair of counts for each status.
func checkFDI(t *testing.T, statistics client.FDITaskStatistics) gate.Outcome {
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
	want := gate.Outcome("empty")
	for i, outcome := range []gate.Outcome{"failed", "running", "succeeded", "canceled"} {
		if sums[i].Sign() > 0 {
			want = outcome
			break
		}
	}
	if doubtful || !whole.IsInt64() {
		want = "unknown"
	}
	got := gate.JudgeFDI(client.FDIInstance{}, &statistics)
	switch {
	case got.Outcome != want:
		t.Errorf("outcome %s, want %s", got.Outcome, want)
	case got.Healthy != (want == "running" || want == "succeeded"):
		t.Errorf("outcome %s, healthy %t", want, got.Healthy)
	case (got.Total != nil) != (want != "unknown") || (got.Counts != nil) != (want != "unknown"):
		t.Errorf("outcome %s with total %v and counts %v", want, got.Total, got.Counts)
	case got.Total != nil && *got.Total != whole.Int64():
		t.Errorf("total %d, want %d", *got.Total, whole)
	}
	return want
}

func TestFDIFollowsTheTable(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(7, 8))
	met := map[gate.Outcome]int{}
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
	for range 30_000 {
		var statistics client.FDITaskStatistics
		statistics.CommonTaskDetails, statistics.CommonAbsent = kind()
		statistics.CDCTaskDetails, statistics.CDCAbsent = kind()
		met[checkFDI(t, statistics)]++
		if t.Failed() {
			t.Fatalf("for %+v and %+v", statistics.CommonTaskDetails, statistics.CDCTaskDetails)
		}
	}
	requireAllMet(t, met, "running", "succeeded", "failed", "canceled", "empty", "unknown")
}

func FuzzJudgeFDI(f *testing.F) {
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
		checkFDI(t, statistics)
	})
}
