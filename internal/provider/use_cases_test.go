package provider_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/hwgate/terraform-provider-hwgate/internal/cloudtest"
)

const (
	// logText is what hosts log: it must not come to the console.
	logText       = "log-of-the-host"
	workspaceID   = "0d0e8c1b7a3f4f0e9d6c5b4a39281706"
	otherOrder    = "SCT2023083110000001af694bf"
	overviewPath  = "/v2/" + projectID + "/factory/monitor/task-statistics-overview"
	taskPath      = "/v2/" + projectID + "/fdi/instances/" + instanceID + "/statistics/tasks"
	failedOrder   = "COC script order SCT2023083109562601af694bf: failed (ABNORMAL) after 5m11s; 3 of 5 instances finished, 2 failed"
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

// orderAnswers are all that can be asked about an order of five instances in one batch.
func orderAnswers(status string, finished, abnormal int) map[string][]cloudtest.Answer {
	return always(map[string]string{
		exampleOrder: orderBody(status), exampleOrder + "/statistics": statisticsBody(finished, abnormal),
		exampleOrder + "/batches/1?limit=50": strings.ReplaceAll(batchBody(finished, abnormal), `"message":"log"`, `"message":"`+logText+`"`),
	})
}

// jobCounts is an answer of DataArts, with counts of other states by word.
func jobCounts(failed, succeeded int, others ...string) cloudtest.Answer {
	counts := map[string]int{"fail": failed, "success": succeeded}
	for _, word := range others {
		counts[word]++
	}
	body, total := "", 0
	for _, word := range []string{
		"fail", "force_success", "freeze", "ignore_success", "manual_stop", "pause", "running", "running_exception", "skip", "success",
		"waiting_confirm", "waiting",
	} {
		body += fmt.Sprintf(`"%s_count":%d,`, word, counts[word])
		total += counts[word]
	}
	return cloudtest.Answer{Body: fmt.Sprintf(`{%s"total_count":%d}`, body, total)}
}

// jobLooks are the counts of a workspace at one look after the other, whether the day is named or not.
func jobLooks(looks ...cloudtest.Answer) map[string][]cloudtest.Answer {
	return map[string][]cloudtest.Answer{overviewPath: looks, overviewPath + "?query_days=today": looks}
}

// taskCounts is an answer of ROMA: tasks that capture changes, and none of the other kind.
func taskCounts(running, abnormal int) map[string][]cloudtest.Answer {
	return taskLooks([4]int{running, abnormal})
}

// taskLooks are the counts of such tasks at one look after the other: running, abnormal, terminated and completed.
func taskLooks(looks ...[4]int) map[string][]cloudtest.Answer {
	script := map[string][]cloudtest.Answer{}
	for _, n := range looks {
		script[taskPath] = append(script[taskPath], cloudtest.Answer{Body: fmt.Sprintf(`{"common_task_details":null,"cdc_task_details":{`+
			`"running_tasks_count":%d,"abnormal_tasks_count":%d,"terminated_tasks_count":%d,"completed_tasks_count":%d}}`, n[0], n[1], n[2], n[3])})
	}
	return script
}

// useCase is a published root module, or one that its documentation shows.
type useCase struct {
	environment, command []string
	// official is whether the configuration needs the official provider too.
	official bool
	// override is merged into the module in the folder overridden, which ends with a slash: the test has no minutes to wait.
	override, overridden string
	// beside is what the example needs beside it.
	beside string
	// well and each of ill are what the cloud answers: all is well, and what has to close the gate, with the words that say so.
	well map[string][]cloudtest.Answer
	ill  []illness
	// next is what the CLI prints when it goes on behind the gate, where there is something.
	next string
	// soft cases do not end the command with an error.
	soft bool
	// after looks further, at what the command has left.
	after func(t *testing.T, ill bool, run func(arguments ...string) ([]byte, error))
}

type illness struct {
	script map[string][]cloudtest.Answer
	words  []string
}

// useCases are all folders of examples/use-cases, but the last, which needs no cloud.
func useCases() map[string]useCase {
	failed := []illness{{orderAnswers("ABNORMAL", 3, 2), []string{failedOrder, "failed hosts: ecs-4 (batch 1), ecs-5 (batch 1)"}}}
	return map[string]useCase{
		// The order is started again in each state. What plays the official provider is complete whatever the order's outcome.
		"01-stop-the-rollout": {
			official: true, environment: oneScript, command: append(slices.Clip(applying), "-replace="+startedScript),
			well: orderAnswers("FINISHED", 5, 0), next: "terraform_data.next_layer: Creating...", after: checkStartedScript,
			ill: []illness{
				{orderAnswers("CANCELED", 3, 2), []string{
					startedScript + ": Creation complete after", "data.coc_script_order.migrate will be read during apply",
					"COC script order SCT2023083109562601af694bf: canceled (CANCELED) after 5m11s; 3 of 5 instances finished, 2 failed",
					"failed hosts: ecs-4 (batch 1), ecs-5 (batch 1)",
				}},
				{orderAnswers("ABNORMAL", 3, 2), []string{
					startedScript + ": Creation complete after", failedOrder, "failed hosts: ecs-4 (batch 1), ecs-5 (batch 1)",
				}},
			},
		},
		"02-gate-without-state": {
			environment: oneOrder, command: planning, well: orderAnswers("FINISHED", 5, 0), ill: failed,
			after: func(t *testing.T, _ bool, run func(...string) ([]byte, error)) {
				t.Helper()
				if out, err := run("state", "list"); err == nil {
					t.Errorf("it left a state: %s", out)
				}
			},
		},
		"03-tolerant-canary": {
			environment: oneOrder, command: planning,
			well: mergeAnswers(orderAnswers("ABNORMAL", 20, 1), orderStatistics(20, 2)),
			ill: []illness{
				{mergeAnswers(orderAnswers("ABNORMAL", 20, 1), orderStatistics(20, 1)), []string{"20 of 21 instances finished, 1 failed"}},
				{mergeAnswers(orderAnswers("ABNORMAL", 18, 1), orderStatistics(18, 2)), []string{"18 of 19 instances finished, 1 failed"}},
				// The statistics alone would open the gate.
				{orderAnswers("ABNORMAL", 20, 0), []string{": failed (ABNORMAL)", "20 of 20 instances finished"}},
				{orderAnswers("PAUSED", 20, 0), []string{": paused (PAUSED)", "20 of 20 instances finished"}},
				{orderAnswers("CANCELED", 20, 0), []string{": canceled (CANCELED)", "20 of 20 instances finished"}},
				{
					mergeAnswers(orderAnswers("CANCELED", 20, 1), orderStatistics(20, 2)),
					[]string{": canceled (CANCELED)", "20 of 21 instances finished"},
				},
				// The counts do not add up, so that rate and batches are null.
				{mergeAnswers(orderAnswers("FINISHED", 5, 0), always(map[string]string{
					exampleOrder + "/statistics": `{"data":{"total_instance":6,"execute_statistics":[{"instance_status":"FINISHED","instance_count":5}]}}`,
				})), []string{"Resource postcondition failed", "Instances of COC script order SCT2023083109562601af694bf: unknown"}},
			},
		},
		"04-failure-report": {
			environment: oneOrder, command: applying, soft: true, well: orderAnswers("FINISHED", 5, 0), ill: failed, after: checkReport,
		},
		"05-soft-gate": {
			environment: oneOrder, command: applying, soft: true, ill: failed, after: checkSoftGate,
			well: mergeAnswers(orderAnswers("FINISHED", 5, 0), map[string][]cloudtest.Answer{
				"/v1/job/script/orders/" + otherOrder: {{Status: http.StatusForbidden, Body: `{"error_code":"APIGW.0302","error_msg":"no"}`}},
			}),
		},
		"06-continuous-check": {
			environment: oneWorkspace, command: planning, soft: true,
			well: map[string][]cloudtest.Answer{overviewPath + "?query_days=yesterday": {jobCounts(0, 5)}},
			ill: []illness{{
				map[string][]cloudtest.Answer{overviewPath + "?query_days=yesterday": {jobCounts(2, 5)}},
				[]string{"Warning: Check block assertion failed", failedNightly},
			}},
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
			well: jobLooks(jobCounts(2, 5), jobCounts(2, 5), jobCounts(2, 5, "running"), jobCounts(2, 6)),
			ill: []illness{
				{jobLooks(jobCounts(2, 5), jobCounts(3, 5)), []string{": failed; 1 new since the baseline, 1 of them failed"}},
				{jobLooks(jobCounts(2, 5), jobCounts(3, 6)), []string{": failed; 2 new since the baseline, 1 of them failed"}},
				// Nothing has come: there is no verdict on the deployment.
				{jobLooks(jobCounts(2, 5)), []string{"did not end in time", "The last status was pending", "0 new since the baseline"}},
				{jobLooks(jobCounts(2, 5), jobCounts(2, 5, "manual_stop")), []string{": canceled; 1 new since the baseline"}},
				{jobLooks(jobCounts(2, 5), jobCounts(2, 5, "skip")), []string{": empty; 1 new since the baseline"}},
				{jobLooks(jobCounts(2, 5), jobCounts(2, 5, "freeze")), []string{": empty; 1 new since the baseline"}},
				// Midnight came in between.
				{jobLooks(jobCounts(2, 5), jobCounts(0, 1)), []string{": unknown; the baseline counts 7 instances, but there are only 1"}},
				// The baseline could not be read.
				{jobLooks(cloudtest.Answer{Body: `{"fail_count":0}`}, jobCounts(0, 6)), []string{": unknown; the baseline has no count of fail"}},
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
			well: taskLooks([4]int{3}, [4]int{12, 1}, [4]int{12}),
			ill: []illness{
				{taskCounts(12, 3), []string{"were not healthy in time", "The last status was failed", "3 abnormal, 12 running"}},
				{taskCounts(11, 0), []string{"were not healthy in time", "The last status was pending", "11 running; 12 must run"}},
				{taskLooks([4]int{0, 0, 12, 5}), []string{"The last status was pending", "5 completed, 12 terminated; 12 must run"}},
				// Healthy at the first look only.
				{taskLooks([4]int{12}, [4]int{12, 1}), []string{"stable for 0s of 1s; last interruption: 1 abnormal, 12 running"}},
				// No tasks of either kind: the objects are null.
				{always(map[string]string{taskPath: `{"common_task_details":null,"cdc_task_details":null}`}), []string{"no tasks; 12 must run"}},
			},
		},
		"09-many-orders": {
			environment: []string{`TF_VAR_order_ids=["SCT2023083109562601af694bf","` + otherOrder + `"]`}, command: planning,
			well: mergeAnswers(orderAnswers("FINISHED", 5, 0), ordersOf(otherOrder, "FINISHED", 5, 0)),
			ill: []illness{{
				mergeAnswers(orderAnswers("ABNORMAL", 3, 2), ordersOf(otherOrder, "CANCELED", 4, 1)),
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
			command: planning, well: orderAnswers("FINISHED", 5, 0), ill: []illness{{orderAnswers("ABNORMAL", 3, 2), []string{failedOrder}}},
		},
		"dataarts-gate-1": {
			command: planning, well: map[string][]cloudtest.Answer{overviewPath + "?query_days=yesterday": {jobCounts(0, 5)}},
			ill: []illness{{map[string][]cloudtest.Answer{overviewPath + "?query_days=yesterday": {jobCounts(2, 5)}}, []string{failedNightly}}},
		},
		"dataarts-gate-2": {
			command: applying, beside: keptBaseline,
			override: `data "dataarts_instance_status" "gate" {
  stable_for    = "1s"
  poll_interval = "1s"
  timeouts {
    read = "10s"
  }
}
`,
			well: jobLooks(jobCounts(2, 5), jobCounts(2, 6)),
			ill: []illness{
				{jobLooks(jobCounts(3, 5)), []string{": failed; 1 new since the baseline, 1 of them failed"}},
				{jobLooks(jobCounts(2, 5)), []string{"The last status was pending", "0 new since the baseline"}},
				{jobLooks(jobCounts(0, 5)), []string{": unknown; the baseline counts 7 instances, but there are only 5"}},
			},
		},
		"roma-gate-1": {
			command: planning, well: taskLooks([4]int{3}, [4]int{12}),
			override: `data "roma_fdi_task_statistics" "gate" {
  stable_for    = "1s"
  poll_interval = "1s"
  timeouts {
    read = "10s"
  }
}
`,
			ill: []illness{
				{taskCounts(12, 3), []string{failedTasks, "timed out after "}},
				{taskCounts(11, 0), []string{": pending; 11 running; 12 must run; timed out after "}},
				{taskLooks([4]int{0, 0, 12, 5}), []string{": pending; 5 completed, 12 terminated; 12 must run"}},
				{taskLooks([4]int{12}, [4]int{12, 1}), []string{": failed; 1 abnormal, 12 running"}},
			},
		},
	}
}

// mergeAnswers lays scripts over each other.
func mergeAnswers(scripts ...map[string][]cloudtest.Answer) map[string][]cloudtest.Answer {
	merged := map[string][]cloudtest.Answer{}
	for _, script := range scripts {
		maps.Copy(merged, script)
	}
	return merged
}

// orderStatistics has one failed instance, in a batch of its own.
func orderStatistics(finished, batch int) map[string][]cloudtest.Answer {
	statistics := strings.Replace(statisticsBody(finished, 1), `"batch_indexes":[1]}]`, fmt.Sprintf(`"batch_indexes":[%d]}]`, batch), 1)
	return always(map[string]string{
		exampleOrder + "/statistics": statistics,
		fmt.Sprintf("%s/batches/%d?limit=50", exampleOrder, batch): strings.Replace(
			batchBody(0, 1), `"batch_index":1`, fmt.Sprintf(`"batch_index":%d`, batch), 1),
	})
}

// ordersOf are orderAnswers of another order.
func ordersOf(id, status string, finished, abnormal int) map[string][]cloudtest.Answer {
	other := map[string][]cloudtest.Answer{}
	for path, answers := range orderAnswers(status, finished, abnormal) {
		body := strings.ReplaceAll(answers[0].Body, "SCT2023083109562601af694bf", id)
		other[strings.Replace(path, "SCT2023083109562601af694bf", id, 1)] = []cloudtest.Answer{{Body: body}}
	}
	return other
}

// checkStartedScript plans again: the order in the state is read again, and judged as before.
func checkStartedScript(t *testing.T, ill bool, run func(...string) ([]byte, error)) {
	t.Helper()
	want := 0
	if ill {
		want = 1
	}
	out, err := run("plan", "-detailed-exitcode", "-no-color", "-input=false", "-lock=false")
	if code := exitCode(t, err); code != want {
		t.Errorf("exit code %d of the next plan, want %d\n%s", code, want, out)
	}
}

// checkSoftGate asks for the order that succeeded, as another job does; also after an apply that could not read its order.
func checkSoftGate(t *testing.T, ill bool, run func(...string) ([]byte, error)) {
	t.Helper()
	want := ""
	if !ill {
		want = "SCT2023083109562601af694bf"
	}
	check := func() {
		if out, err := run("output", "-raw", "succeeded_order"); err != nil || string(out) != want {
			t.Errorf("succeeded_order is %q, want %q; %v", out, want, err)
		}
	}
	check()
	if !ill {
		if out, err := run(append(slices.Clip(applying), "-var=order_id="+otherOrder)...); exitCode(t, err) != 1 {
			t.Errorf("the other order was read:\n%s", out)
		}
		// What is left is the verdict on the earlier order, and says so.
		check()
	}
}

// checkKeptBaseline plans again behind a deployment: nothing changes, and no gate is closed when all is well.
func checkKeptBaseline(t *testing.T, ill bool, run func(...string) ([]byte, error)) {
	t.Helper()
	if ill {
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
func checkReport(t *testing.T, ill bool, run func(...string) ([]byte, error)) {
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
	if ill {
		wantHosts, wantLog = `["ecs-4","ecs-5"]`, true
	}
	if strings.TrimSpace(string(hosts)) != wantHosts {
		t.Errorf("failed_hosts is %s, want %s", hosts, wantHosts)
	}
	if got := strings.Contains(string(logs), `"batch":1,"host":"ecs-4","log":"`+logText+`","status":"ABNORMAL"`); got != wantLog {
		t.Errorf("failed_logs is %s", logs)
	}
}
