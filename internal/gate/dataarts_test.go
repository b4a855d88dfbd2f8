package gate_test

import (
	"math"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hwgate/terraform-provider-hwgate/internal/client"
	"github.com/hwgate/terraform-provider-hwgate/internal/gate"
)

// taskWords are the states as the API's page names them, without "_count".
var taskWords = strings.Fields(
	"fail force_success freeze ignore_success manual_stop pause running running_exception skip success waiting_confirm waiting")

// tasks counts the given states; the others are zero.
func tasks(counts map[string]int64) *client.TaskStatistics {
	made := map[string]*int64{}
	for _, word := range taskWords {
		made[word] = new(counts[word])
	}
	return tasksOf(made)
}

func tasksOf(counts map[string]*int64) *client.TaskStatistics {
	return &client.TaskStatistics{
		FailCount: counts["fail"], ForceSuccessCount: counts["force_success"], FreezeCount: counts["freeze"],
		IgnoreSuccessCount: counts["ignore_success"], ManualStopCount: counts["manual_stop"], PauseCount: counts["pause"],
		RunningCount: counts["running"], RunningExceptionCount: counts["running_exception"], SkipCount: counts["skip"],
		SuccessCount: counts["success"], WaitingConfirmCount: counts["waiting_confirm"], WaitingCount: counts["waiting"],
		TotalCount: counts["total"],
	}
}

func TestTaskWords(t *testing.T) {
	t.Parallel()
	if diff := cmp.Diff(taskWords, gate.TaskWords()); diff != "" {
		t.Errorf("words (-want +got):\n%s", diff)
	}
}

func TestTasksName(t *testing.T) {
	t.Parallel()
	target := client.Target{Region: "cn-north-4", ProjectID: "0aa1"}
	for want, asked := range map[string]client.TaskOverview{
		"DataArts job instances of the default workspace in project 0aa1 (today)": {Target: target},
		"DataArts job instances of the default workspace (yesterday)":             {QueryDays: "yesterday"},
		"DataArts job instances of workspace ws1 in project 0aa1 (all)": {
			Target: target, WorkspaceID: "ws1", IsOwn: new(false), QueryDays: "all",
		},
		"Own DataArts job instances of workspace ws1 in project 0aa1 (before yesterday)": {
			Target: target, WorkspaceID: "ws1", IsOwn: new(true), QueryDays: "before_yesterday",
		},
	} {
		if got := gate.TasksName(asked); got != want {
			t.Errorf("name: got %q, want %q", got, want)
		}
	}
}

func TestJudgeTasks(t *testing.T) {
	t.Parallel()
	const named = "DataArts job instances of workspace ws1 in project 0aa1 (yesterday): "
	asked := client.TaskOverview{Target: client.Target{ProjectID: "0aa1"}, WorkspaceID: "ws1", QueryDays: "yesterday"}
	type counts = map[string]int64
	const completed, stuck, neither = "completed", "stuck", ""
	for name, test := range map[string]struct {
		counts                         counts
		outcome                        gate.Outcome
		state                          string
		failed, unfinished, overridden int64
		text                           string
	}{
		"fail":              {counts{"fail": 1}, "failed", completed, 1, 0, 0, "1 failed, 0 unfinished (fail 1)"},
		"running_exception": {counts{"running_exception": 2}, "failed", completed, 2, 0, 0, "2 failed, 0 unfinished (running_exception 2)"},
		"running":           {counts{"running": 3}, "running", neither, 0, 3, 0, "0 failed, 3 unfinished (running 3)"},
		"waiting":           {counts{"waiting": 4}, "pending", neither, 0, 4, 0, "0 failed, 4 unfinished (waiting 4)"},
		"waiting_confirm":   {counts{"waiting_confirm": 1}, "paused", stuck, 0, 1, 0, "0 failed, 1 unfinished (waiting_confirm 1)"},
		"pause":             {counts{"pause": 1}, "paused", stuck, 0, 1, 0, "0 failed, 1 unfinished (pause 1)"},
		"manual_stop":       {counts{"manual_stop": 1}, "canceled", completed, 0, 0, 0, "0 failed, 0 unfinished (manual_stop 1)"},
		"success":           {counts{"success": 1}, "succeeded", completed, 0, 0, 0, "0 failed, 0 unfinished (success 1)"},
		"force_success": {
			counts{"force_success": 1}, "succeeded", completed, 0, 0, 1,
			"0 failed, 0 unfinished (force_success 1); 1 counted as successful because a person overrode the state",
		},
		"ignore_success": {
			counts{"ignore_success": 1}, "succeeded", completed, 0, 0, 1,
			"0 failed, 0 unfinished (ignore_success 1); 1 counted as successful because a person overrode the state",
		},
		"freeze":              {counts{"freeze": 1}, "empty", neither, 0, 0, 0, "0 failed, 0 unfinished (freeze 1)"},
		"skip":                {counts{"skip": 1}, "empty", neither, 0, 0, 0, "0 failed, 0 unfinished (skip 1)"},
		"frozen and skipped":  {counts{"freeze": 2, "skip": 3}, "empty", neither, 0, 0, 0, "0 failed, 0 unfinished (freeze 2, skip 3)"},
		"nothing ran":         {nil, "empty", neither, 0, 0, 0, "no instances"},
		"only a total is set": {counts{"total": 5}, "empty", neither, 0, 0, 0, "no instances"},
		"every state": {
			counts{
				"fail": 1, "force_success": 2, "freeze": 3, "ignore_success": 4, "manual_stop": 5, "pause": 6, "running": 7,
				"running_exception": 8, "skip": 9, "success": 10, "waiting_confirm": 11, "waiting": 12,
			},
			"failed", neither, 9, 36, 6,
			"9 failed, 36 unfinished (fail 1, force_success 2, freeze 3, ignore_success 4, manual_stop 5, pause 6, running 7, " +
				"running_exception 8, skip 9, success 10, waiting_confirm 11, waiting 12); " +
				"6 counted as successful because a person overrode the state",
		},
		"failed, others run": {counts{"fail": 1, "running": 1}, "failed", neither, 1, 1, 0, "1 failed, 1 unfinished (fail 1, running 1)"},
		"failed, others wait for a person": {
			counts{"fail": 1, "waiting_confirm": 1}, "failed", stuck, 1, 1, 0, "1 failed, 1 unfinished (fail 1, waiting_confirm 1)",
		},
		"running beside waiting and pause": {
			counts{"running": 1, "waiting": 1, "pause": 1}, "running", neither, 0, 3, 0, "0 failed, 3 unfinished (pause 1, running 1, waiting 1)",
		},
		"waiting beside pause": {
			counts{"waiting": 1, "pause": 1, "waiting_confirm": 1}, "pending", neither, 0, 3, 0,
			"0 failed, 3 unfinished (pause 1, waiting_confirm 1, waiting 1)",
		},
		"pause beside manual_stop and success": {
			counts{"pause": 1, "manual_stop": 1, "success": 9}, "paused", stuck, 0, 1, 0, "0 failed, 1 unfinished (manual_stop 1, pause 1, success 9)",
		},
		"manual_stop beside success": {
			counts{"manual_stop": 1, "success": 9}, "canceled", completed, 0, 0, 0, "0 failed, 0 unfinished (manual_stop 1, success 9)",
		},
		"success beside frozen and skipped": {
			counts{"success": 9, "freeze": 1, "skip": 1}, "succeeded", completed, 0, 0, 0, "0 failed, 0 unfinished (freeze 1, skip 1, success 9)",
		},
		"the total is not checked": {counts{"success": 1, "total": 99}, "succeeded", completed, 0, 0, 0, "0 failed, 0 unfinished (success 1)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			statistics := tasks(test.counts)
			statistics.TotalCount = new(test.counts["total"])
			want := gate.Tasks{
				Verdict: gate.Verdict{
					Outcome: test.outcome, Completed: test.state == completed, Stuck: test.state == stuck,
					Summary: named + string(test.outcome) + "; " + test.text, Counts: counts{},
				},
				Failed: &test.failed, Unfinished: &test.unfinished, Overridden: &test.overridden,
			}
			for _, word := range taskWords {
				want.Counts[word] = test.counts[word]
			}
			if diff := cmp.Diff(want, gate.JudgeTasks(asked, statistics)); diff != "" {
				t.Errorf("verdict (-want +got):\n%s", diff)
			}
		})
	}
}

func TestJudgeTasksDoubts(t *testing.T) {
	t.Parallel()
	test := func(t *testing.T, statistics *client.TaskStatistics, doubt string) {
		t.Helper()
		want := gate.Tasks{Verdict: gate.Verdict{
			Outcome: "unknown", Doubt: doubt,
			Summary: "DataArts job instances of the default workspace (today): unknown; " + doubt,
		}}
		got := gate.JudgeTasks(client.TaskOverview{}, statistics)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("verdict (-want +got):\n%s", diff)
		}
		if text := got.TallyText(); text != "" {
			t.Errorf("counts that cannot be trusted are worded: %s", text)
		}
	}
	for _, word := range taskWords {
		counts := map[string]*int64{"total": new(int64(12))}
		for _, other := range taskWords {
			counts[other] = new(int64(1))
		}
		counts[word] = nil
		test(t, tasksOf(counts), "the count of "+word+" is missing")
		counts[word] = new(int64(-1))
		test(t, tasksOf(counts), "the count of "+word+" is negative")
	}
	test(t, &client.TaskStatistics{}, "the count of fail is missing")
	test(t, &client.TaskStatistics{TotalCount: new(int64(5))}, "the count of fail is missing")
	test(t, tasks(map[string]int64{"success": math.MaxInt64, "skip": 1}), "the counts are too large to be true")
	// Failed instances that wrap around to none must not open the gate.
	test(t, tasks(map[string]int64{"fail": math.MaxInt64, "running_exception": math.MaxInt64, "success": 2}),
		"the counts are too large to be true")
}

// judgeTasksNaively reads the table from its last row to its first, so that the first that fits has the last word.
func judgeTasksNaively(counts map[string]*int64) (outcome gate.Outcome, completed bool) {
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
	for _, word := range taskWords {
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

func checkTasks(t *testing.T, counts map[string]*int64) gate.Outcome {
	t.Helper()
	outcome, completed := judgeTasksNaively(counts)
	got := gate.JudgeTasks(client.TaskOverview{}, tasksOf(counts))
	switch {
	case got.Outcome != outcome || got.Completed != completed:
		t.Errorf("outcome %s, completed %t; want %s, %t", got.Outcome, got.Completed, outcome, completed)
	case got.Succeeded() && !got.Completed:
		t.Error("succeeded before it is completed")
	case got.Completed && got.Stuck:
		t.Error("both completed and stuck")
	case (got.Doubt != "") != (outcome == "unknown") || (got.Counts == nil) != (outcome == "unknown"):
		t.Errorf("outcome %s with the doubt %q and the counts %v", outcome, got.Doubt, got.Counts)
	}
	return outcome
}

func TestTasksFollowTheTable(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(5, 6))
	met := map[gate.Outcome]int{}
	for range 30_000 {
		counts := map[string]*int64{"total": pick(random, nil, new(int64(0)), new(random.Int64()))}
		for _, word := range taskWords {
			counts[word] = new(int64(0))
			switch random.IntN(100) {
			case 0:
				counts[word] = pick(random, nil, new(int64(-1)), new(int64(math.MinInt64)), new(int64(math.MaxInt64)))
			case 1, 2, 3, 4, 5, 6, 7, 8, 9:
				counts[word] = new(random.Int64N(5))
			}
		}
		met[checkTasks(t, counts)]++
		if t.Failed() {
			t.Fatalf("for %v", gate.JudgeTasks(client.TaskOverview{}, tasksOf(counts)))
		}
	}
	requireAllMet(t, met, "pending", "running", "paused", "succeeded", "failed", "canceled", "empty", "unknown")
}

func FuzzJudgeTasks(f *testing.F) {
	f.Add(int64(0), int64(0), int64(0), int64(0), int64(0), int64(1), uint16(0))
	f.Add(int64(1), int64(0), int64(-1), int64(math.MaxInt64), int64(2), int64(1), uint16(1<<9))
	f.Fuzz(func(t *testing.T, a, b, c, d, e, g int64, missing uint16) {
		counts, values := map[string]*int64{}, []int64{a, b, c, d, e, g}
		for i, word := range taskWords {
			if missing&(1<<i) == 0 {
				counts[word] = new(values[i%len(values)])
			}
		}
		checkTasks(t, counts)
	})
}
