package acceptance_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/cloudtest"
)

const (
	// logText is what hosts log: it must not come to the console.
	logText       = cloudtest.ExampleLog
	workspaceID   = cloudtest.ExampleWorkspace
	otherOrder    = "SCT2023083110000001af694bf"
	failedOrder   = "COC script order SCT2023083109562601af694bf: failed (ABNORMAL) after 5m11s, ended 2023-10-22T03:52:43Z; 3 of 5 instances finished, 2 failed"
	failedTasks   = "FDI tasks of ROMA Connect instance " + instanceID + ": failed; 3 abnormal, 12 running"
	startedScript = "huaweicloud_coc_script_execute.migrate"
	failedNightly = "(yesterday): failed; 2 failed, 5 succeeded"
)

// Environment of the cases.
var (
	oneOrder     = []string{"TF_VAR_order_id=SCT2023083109562601af694bf"}
	oneScript    = []string{"TF_VAR_script_id=SC2023101717", "TF_VAR_instance_id=" + instanceID}
	oneWorkspace = []string{"TF_VAR_workspace_id=" + workspaceID}
	oneInstance  = []string{"TF_VAR_instance_id=" + instanceID}
)

// Commands of the cases.
var (
	planning = []string{"plan", "-input=false", "-lock=false"}
	applying = []string{"apply", "-auto-approve", "-input=false", "-lock=false"}
)

// orderIs plays the order of the cases, whose log must not come to the console.
func orderIs(status string, batches ...cloudtest.Batch) play {
	return otherOrderIs(exampleID, status, batches...)
}

// otherOrderIs plays another order.
func otherOrderIs(id, status string, batches ...cloudtest.Batch) play {
	return func(svc *cloudtest.Service) {
		svc.Order(id).Now(cloudtest.OrderScene{Status: status, Batches: batches, Log: logText})
	}
}

// The order of most cases.
var (
	finishedOrder = orderIs("FINISHED", cloudtest.Batch{"FINISHED": 5})
	abnormalOrder = orderIs("ABNORMAL", cloudtest.Batch{"FINISHED": 3, "ABNORMAL": 2})
	// contradictoryStatistics have counts that do not add up, so that rate and batches are null.
	contradictoryStatistics = always(map[string]string{
		exampleOrder + "/statistics": `{"data":{"total_instance":6,"execute_statistics":[{"instance_status":"FINISHED","instance_count":5}]}}`,
	})
)

// jobsAre plays the workspace of the cases, at one look after the other.
func jobsAre(looks ...http.Handler) play {
	return func(svc *cloudtest.Service) { svc.Workspace(workspaceID).Now(looks...) }
}

// thisMorning is a run before the deployment.
var thisMorning = cloudtest.Run{ID: 1, Status: "fail", Began: time.Now().Add(-3 * time.Hour)}

// runsAre shows the runs of a job, at one look after the other.
func runsAre(looks ...http.Handler) play {
	return func(svc *cloudtest.Service) { svc.Job(workspaceID, "etl_orders").Now(looks...) }
}

// jobs are counts of a workspace, of other states by word. What failed has a message that must not come to the console.
func jobs(failed, succeeded int, others ...string) cloudtest.JobScene {
	scene := cloudtest.JobScene{Counts: map[string]int{"fail": failed, "success": succeeded}, Listed: []cloudtest.Job{}}
	for _, word := range others {
		scene.Counts[word]++
	}
	for i := range failed {
		scene.Listed = append(scene.Listed, cloudtest.Job{Name: fmt.Sprintf("job-%d", i+1), Status: "fail", ID: int64(i + 1), Message: logText})
	}
	return scene
}

// tasksAre plays tasks that capture changes, and none of the other kind, at one look after the other.
func tasksAre(looks ...map[string]int) play {
	return func(svc *cloudtest.Service) {
		svc.Instance(instanceID).Now()
		for _, counts := range looks {
			svc.Instance(instanceID).Then(cloudtest.Tasks(nil, counts))
		}
	}
}

// tasks are counts of an instance.
func tasks(running, abnormal int) map[string]int {
	return map[string]int{"running": running, "abnormal": abnormal}
}

// standing are tasks of which none runs any more.
var standing = map[string]int{"terminated": 12, "completed": 5}

// useCase is a published root module, or one that its documentation shows.
type useCase struct {
	environment, command []string
	// official is whether the configuration needs the official provider too.
	official bool
	// override is merged into the module in the folder overridden, which ends with a slash: the test has no minutes to wait.
	override, overridden string
	// beside is what the example needs beside it.
	beside string
	// well and each of bad are what the cloud answers: all is well, and what has to close the gate, with the words that say so.
	good play
	bad  []badState
	// next is what the CLI prints when it goes on behind the gate, where there is something.
	next string
	// soft cases do not end the command with an error.
	soft bool
	// after looks further, at what the command has left.
	after func(t *testing.T, bad bool, run func(arguments ...string) ([]byte, error))
}

type badState struct {
	play  play
	words []string
}

// useCases are all folders of examples/use-cases, but the last, which needs no cloud.
func useCases() map[string]useCase {
	failed := []badState{{abnormalOrder, []string{failedOrder, "failed hosts: ecs-4 (batch 1), ecs-5 (batch 1)"}}}
	return map[string]useCase{
		// The order is started again in each state. What plays the official provider is complete whatever the order's outcome.
		"01-stop-the-rollout": {
			official: true, environment: oneScript, command: append(slices.Clip(applying), "-replace="+startedScript),
			good: finishedOrder, next: "terraform_data.next_layer: Creating...", after: checkStartedScript,
			bad: []badState{
				{orderIs("CANCELED", cloudtest.Batch{"FINISHED": 3, "ABNORMAL": 2}), []string{
					startedScript + ": Creation complete after", "data.coc_script_order.migrate will be read during apply",
					"COC script order SCT2023083109562601af694bf: canceled (CANCELED) after 5m11s, ended 2023-10-22T03:52:43Z; 3 of 5 instances finished, 2 failed",
					"failed hosts: ecs-4 (batch 1), ecs-5 (batch 1)",
				}},
				{abnormalOrder, []string{
					startedScript + ": Creation complete after", failedOrder, "failed hosts: ecs-4 (batch 1), ecs-5 (batch 1)",
				}},
			},
		},
		"02-gate-without-state": {
			environment: oneOrder, command: planning, good: finishedOrder, bad: failed,
			after: checkGateWithoutState,
		},
		"03-tolerant-canary": {
			environment: oneOrder, command: planning,
			good: orderIs("ABNORMAL", cloudtest.Batch{"FINISHED": 20}, cloudtest.Batch{"ABNORMAL": 1}),
			bad: []badState{
				{orderIs("ABNORMAL", cloudtest.Batch{"FINISHED": 20, "ABNORMAL": 1}), []string{"20 of 21 instances finished, 1 failed"}},
				{orderIs("ABNORMAL", cloudtest.Batch{"FINISHED": 18}, cloudtest.Batch{"ABNORMAL": 1}), []string{"18 of 19 instances finished, 1 failed"}},
				// The statistics alone would open the gate.
				{orderIs("ABNORMAL", cloudtest.Batch{"FINISHED": 20}), []string{": failed (ABNORMAL)", "20 of 20 instances finished"}},
				{orderIs("PAUSED", cloudtest.Batch{"FINISHED": 20}), []string{": paused (PAUSED)", "20 of 20 instances finished"}},
				{orderIs("CANCELED", cloudtest.Batch{"FINISHED": 20}), []string{": canceled (CANCELED)", "20 of 20 instances finished"}},
				{
					orderIs("CANCELED", cloudtest.Batch{"FINISHED": 20}, cloudtest.Batch{"ABNORMAL": 1}),
					[]string{": canceled (CANCELED)", "20 of 21 instances finished"},
				},
				{
					all(finishedOrder, contradictoryStatistics),
					[]string{"Resource postcondition failed", "Instances of COC script order SCT2023083109562601af694bf: unknown"},
				},
			},
		},
		"04-failure-report": {
			environment: oneOrder, command: applying, soft: true, good: finishedOrder, bad: failed, after: checkReport,
		},
		"05-soft-gate": {
			environment: oneOrder, command: applying, soft: true, bad: failed, after: checkSoftGate,
			good: all(finishedOrder, func(svc *cloudtest.Service) { svc.Order(otherOrder).Now(forbidden) }),
		},
		"06-continuous-check": {
			environment: oneWorkspace, command: planning, soft: true, good: jobsAre(jobs(0, 5)),
			bad: []badState{{jobsAre(jobs(2, 5)), []string{"Warning: Check block assertion failed", failedNightly}}},
		},
		"07-no-new-failures": {
			environment: oneWorkspace, command: applying, after: checkKeptBaseline,
			override: `data "dataarts_instance_status" "after" {
  stable_for    = "1s"
  poll_interval = "1s"
  timeouts {
    read = "10s"
  }
}
`,
			// The run is counted at the third look, runs at the fourth, and has succeeded at the fifth; the morning's failures stay.
			good: jobsAre(jobs(2, 5), jobs(2, 5), jobs(2, 5, "running"), jobs(2, 6)),
			bad: []badState{
				{jobsAre(jobs(2, 5), jobs(3, 5)), []string{": failed; 1 new since the baseline, 1 of them failed"}},
				{jobsAre(jobs(2, 5), jobs(3, 6)), []string{": failed; 2 new since the baseline, 1 of them failed"}},
				// Nothing has come: there is no verdict on the deployment.
				{jobsAre(jobs(2, 5)), []string{"did not end in time", "The last status was pending", "0 new since the baseline"}},
				{jobsAre(jobs(2, 5), jobs(2, 5, "manual_stop")), []string{": canceled; 1 new since the baseline"}},
				{jobsAre(jobs(2, 5), jobs(2, 5, "skip")), []string{": empty; 1 new since the baseline"}},
				{jobsAre(jobs(2, 5), jobs(2, 5, "freeze")), []string{": empty; 1 new since the baseline"}},
				// Midnight came in between.
				{jobsAre(jobs(2, 5), jobs(0, 1)), []string{": unknown; the baseline counts 7 instances, but there are only 1"}},
				// The baseline could not be read.
				{jobsAre(cloudtest.Answer{Body: `{"fail_count":0}`}, jobs(0, 6)), []string{": unknown; the baseline has no count of fail"}},
			},
		},
		"15-the-run-after-the-deployment": {
			environment: oneWorkspace, command: applying, next: "terraform_data.next_layer: Creating...", after: checkKeptBaseline,
			override: `data "dataarts_instance_status" "run" {
  poll_interval = "1s"
  timeouts {
    read = "10s"
  }
}
`,
			// The morning's failure does not count. The run comes at the second look, and has succeeded at the third.
			good: runsAre(cloudtest.Runs(thisMorning), cloudtest.Runs(cloudtest.Run{ID: 2, Status: "running"}, thisMorning),
				cloudtest.Runs(cloudtest.Run{ID: 2, Status: "success"}, thisMorning)),
			bad: []badState{
				{runsAre(cloudtest.Runs(cloudtest.Run{ID: 2, Status: "fail"})), []string{": failed, ended ", "; 1 failed; failed jobs: etl_orders (instance 2)"}},
				{runsAre(cloudtest.Runs(cloudtest.Run{ID: 2, Status: "manual-stop"})), []string{": canceled, ended ", "; 1 stopped by hand"}},
				{runsAre(cloudtest.Runs(cloudtest.Run{ID: 2, Status: "success"}, cloudtest.Run{ID: 3, Status: "fail"})), []string{": failed, ended ", "; 1 failed, 1 succeeded"}},
				// Nothing has come: an old success is no verdict on the deployment.
				{
					runsAre(cloudtest.Runs(cloudtest.Run{ID: 1, Status: "success", Began: thisMorning.Began})),
					[]string{"did not end in time", "The last status was pending", "no runs; 1 new run is needed"},
				},
				{runsAre(cloudtest.NoSuchJob), []string{"DLF.0100", "Check job_name"}},
			},
		},
		"08-roma-after-a-switch": {
			environment: oneInstance, command: applying, next: "terraform_data.traffic: Creating...",
			override: `data "roma_fdi_task_statistics" "switch" {
  stable_for    = "1s"
  poll_interval = "1s"
  timeouts {
    read = "10s"
  }
}
`,
			good: tasksAre(tasks(3, 0), tasks(12, 1), tasks(12, 0)),
			bad: []badState{
				{tasksAre(tasks(12, 3)), []string{"were not healthy in time", "The last status was failed", "3 abnormal, 12 running"}},
				{tasksAre(tasks(11, 0)), []string{"were not healthy in time", "The last status was pending", "11 running; 12 must run"}},
				{tasksAre(standing), []string{"The last status was pending", "5 completed, 12 terminated; 12 must run"}},
				// Healthy at the first look only.
				{tasksAre(tasks(12, 0), tasks(12, 1)), []string{"stable for 0s of 1s; last interruption: 1 abnormal, 12 running"}},
				// No tasks of either kind: the objects are null.
				{tasksAre(nil), []string{"no tasks; 12 must run"}},
			},
		},
		"09-many-orders": {
			environment: []string{`TF_VAR_order_ids=["SCT2023083109562601af694bf","` + otherOrder + `"]`}, command: planning,
			good: all(finishedOrder, otherOrderIs(otherOrder, "FINISHED", cloudtest.Batch{"FINISHED": 5})),
			bad: []badState{{
				all(abnormalOrder, otherOrderIs(otherOrder, "CANCELED", cloudtest.Batch{"FINISHED": 4, "ABNORMAL": 1})),
				[]string{failedOrder, "COC script order " + otherOrder + ": canceled (CANCELED)"},
			}},
		},
	}
}

// keptBaseline stands for the counts that a deployment has kept.
const keptBaseline = `
locals {
  states = ["force_success", "freeze", "ignore_success", "manual_stop", "pause", "running", "running_exception", "skip", "waiting_confirm", "waiting"]
}

resource "terraform_data" "baseline" {
  input = merge({ for state in local.states : state => 0 }, { fail = 2, success = 5 })
}
`

// moduleCases are the examples in the READMEs of the modules, by name and number.
func moduleCases() map[string]useCase {
	return map[string]useCase{
		"coc-gate-1": {
			command: planning, good: finishedOrder, bad: []badState{{abnormalOrder, []string{failedOrder}}},
		},
		"dataarts-gate-1": {
			command: planning, good: jobsAre(jobs(0, 5)),
			bad: []badState{{jobsAre(jobs(2, 5)), []string{failedNightly}}},
		},
		"dataarts-gate-2": {
			command: planning, good: runsAre(cloudtest.Runs(), cloudtest.Runs(cloudtest.Run{ID: 2, Status: "success"})),
			bad: []badState{
				{runsAre(cloudtest.Runs(cloudtest.Run{ID: 2, Status: "fail"})), []string{"DataArts job etl_orders of workspace", ": failed, ended ", "; 1 failed"}},
				{runsAre(cloudtest.NoSuchJob), []string{"DLF.0100", "Check job_name"}},
			},
		},
		"dataarts-gate-3": {
			command: applying, beside: keptBaseline,
			override: `data "dataarts_instance_status" "gate" {
  stable_for    = "1s"
  poll_interval = "1s"
  timeouts {
    read = "10s"
  }
}
`,
			good: jobsAre(jobs(2, 5), jobs(2, 6)),
			bad: []badState{
				{jobsAre(jobs(3, 5)), []string{": failed; 1 new since the baseline, 1 of them failed"}},
				{jobsAre(jobs(2, 5)), []string{"The last status was pending", "0 new since the baseline"}},
				{jobsAre(jobs(0, 5)), []string{": unknown; the baseline counts 7 instances, but there are only 5"}},
			},
		},
		"roma-gate-1": {
			command: planning, good: tasksAre(tasks(3, 0), tasks(12, 0)),
			override: `data "roma_fdi_task_statistics" "gate" {
  stable_for    = "1s"
  poll_interval = "1s"
  timeouts {
    read = "10s"
  }
}
`,
			bad: []badState{
				{tasksAre(tasks(12, 3)), []string{failedTasks, "timed out after "}},
				{tasksAre(tasks(11, 0)), []string{": pending; 11 running; 12 must run; timed out after "}},
				{tasksAre(standing), []string{": pending; 5 completed, 12 terminated; 12 must run"}},
				{tasksAre(tasks(12, 0), tasks(12, 1)), []string{": failed; 1 abnormal, 12 running"}},
			},
		},
	}
}

// checkGateWithoutState finds no state, and refuses the success of an order that was created before a time.
func checkGateWithoutState(t *testing.T, bad bool, run func(...string) ([]byte, error)) {
	t.Helper()
	if out, err := run("state", "list"); err == nil {
		t.Errorf("it left a state: %s", out)
	}
	if bad {
		return
	}
	for since, test := range map[string]struct {
		code  int
		words string
	}{
		"2023-10-22T03:47:00Z": {0, "COC script order " + exampleID + ": succeeded (FINISHED) after 5m11s"},
		"2023-10-22T03:48:00Z": {1, ": unknown (FINISHED) after 5m11s, ended 2023-10-22T03:52:43Z; the order was created at 2023-10-22T03:47:"},
		"2h":                   {1, "which is before since ("},
	} {
		out, err := run(append(slices.Clip(planning), "-no-color", "-var=since="+since)...)
		if code := exitCode(t, err); code != test.code || !wrapped(test.words).Match(out) {
			t.Errorf("since %s: exit code %d, want %d and %q\n%s", since, code, test.code, test.words, out)
		}
	}
}

// checkStartedScript plans again: the order in the state is read again, and judged as before.
func checkStartedScript(t *testing.T, bad bool, run func(...string) ([]byte, error)) {
	t.Helper()
	want := 0
	if bad {
		want = 1
	}
	out, err := run("plan", "-detailed-exitcode", "-no-color", "-input=false", "-lock=false")
	if code := exitCode(t, err); code != want {
		t.Errorf("exit code %d of the next plan, want %d\n%s", code, want, out)
	}
}

// checkSoftGate asks for the order that succeeded, as another job does; also after an apply that could not read its order.
func checkSoftGate(t *testing.T, bad bool, run func(...string) ([]byte, error)) {
	t.Helper()
	want := ""
	if !bad {
		want = "SCT2023083109562601af694bf"
	}
	check := func() {
		if out, err := run("output", "-raw", "succeeded_order"); err != nil || string(out) != want {
			t.Errorf("succeeded_order is %q, want %q; %v", out, want, err)
		}
	}
	check()
	if !bad {
		if out, err := run(append(slices.Clip(applying), "-var=order_id="+otherOrder)...); exitCode(t, err) != 1 {
			t.Errorf("the other order was read:\n%s", out)
		}
		// What is left is the verdict on the earlier order, and says so.
		check()
	}
}

// checkKeptBaseline plans again behind a deployment: nothing changes, and no gate is closed when all is well.
func checkKeptBaseline(t *testing.T, bad bool, run func(...string) ([]byte, error)) {
	t.Helper()
	if bad {
		return
	}
	for _, arguments := range [][]string{{}, {"-var=gate=false"}} {
		command := append([]string{"plan", "-detailed-exitcode", "-no-color", "-input=false", "-lock=false"}, arguments...)
		if out, err := run(command...); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	}
}

// checkReport looks into the outputs of the failure report.
func checkReport(t *testing.T, bad bool, run func(...string) ([]byte, error)) {
	t.Helper()
	hosts, err := run("output", "-json", "failed_hosts")
	if err != nil {
		t.Errorf("%v\n%s", err, hosts)
	}
	logs, err := run("output", "-json", "failed_logs")
	if err != nil {
		t.Errorf("%v\n%s", err, logs)
	}
	wantHosts, wantLog := `[]`, false
	if bad {
		wantHosts, wantLog = `["ecs-4","ecs-5"]`, true
	}
	if strings.TrimSpace(string(hosts)) != wantHosts {
		t.Errorf("failed_hosts is %s, want %s", hosts, wantHosts)
	}
	if got := strings.Contains(string(logs), `"batch":1,"host":"ecs-4","log":"`+logText+`","status":"ABNORMAL"`); got != wantLog {
		t.Errorf("failed_logs is %s", logs)
	}
}
