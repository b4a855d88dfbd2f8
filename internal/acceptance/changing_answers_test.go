package acceptance_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/cloudtest"
)

// gateRun is how a gate met what changed while it looked.
type gateRun struct {
	looks []http.Handler
	code  int
	// words are what the user reads.
	words []string
	// timesOut says that the wait ends with its time, or with half of it.
	timesOut bool
}

const gateOnSuccess = `
  lifecycle {
    postcondition {
      condition     = self.succeeded
      error_message = self.summary
    }
  }
`

// apply applies a gate in the real CLI, with something behind it that is created only if the gate opens.
func (r gateRun) apply(t *testing.T, cloud *cloud, source, configuration string) {
	t.Helper()
	// What ends by itself has all the time it needs, however busy the machine is.
	configuration = strings.ReplaceAll(configuration, "LIMIT", pick(r.timesOut, "10s", "5m"))
	box := newSandbox(t)
	folder := writeConfiguration(t, box, fstest.MapFS{"main.tf": {Data: []byte(cloud.header(`project_id = "`+projectID+`"`) + configuration + `
resource "terraform_data" "next_layer" {
  depends_on = [` + source + `]
}

output "why" {
  value = ` + source + `.summary
}
`)}})
	out, err := terraform(t, folder, nil, "apply", "-auto-approve", "-no-color", "-input=false", "-lock=false")
	if code := exitCode(t, err); code != r.code {
		t.Fatalf("exit code %d, want %d\n%s", code, r.code, out)
	}
	for _, words := range r.words {
		if !wrapped(words).Match(out) {
			t.Errorf("wanted %q in\n%s", words, out)
		}
	}
	if created := wrapped("terraform_data.next_layer: Creation complete").Match(out); created != (r.code == 0) {
		t.Errorf("what stands behind the gate was created: %t\n%s", created, out)
	}
}

// TestTooEarly starts a run that is not counted at once: the gate waits for it, and is not opened by the successes of before.
func TestTooEarly(t *testing.T) {
	t.Parallel()
	morning := cloudtest.Jobs(map[string]int{"success": 5})
	together(t, map[string]gateRun{
		"the run succeeds": {
			looks: []http.Handler{morning, morning, cloudtest.Jobs(map[string]int{"success": 5, "running": 1}), cloudtest.Jobs(map[string]int{"success": 6})},
			words: []string{": succeeded; 1 new since the baseline (in all: 6 succeeded); stable for"},
		},
		"the run fails": {
			looks: []http.Handler{morning, morning, cloudtest.Jobs(map[string]int{"success": 5, "running": 1}), cloudtest.JobScene{
				Counts: map[string]int{"success": 5, "fail": 1}, Listed: []cloudtest.Job{{Name: "load_orders", Status: "fail", ID: 34765}},
			}},
			code: 1,
			words: []string{
				": failed; 1 new since the baseline, 1 of them failed (in all: 1 failed, 5 succeeded); failed jobs: load_orders (instance 34765)",
			},
		},
		"the run never comes": {
			looks: []http.Handler{morning}, code: 1, timesOut: true,
			words: []string{"did not end in time", "The last status was pending", "0 new since the baseline (in all: 5 succeeded); 1 new instance is needed."},
		},
	}, func(t *testing.T, _ string, run gateRun) {
		t.Helper()
		cloud := newCloud(t)
		cloud.Workspace("").Then(run.looks...)
		run.apply(t, cloud, "data.dataarts_instance_status.after", `
data "dataarts_instance_status" "before" {
  provider = hwgate
}

resource "terraform_data" "baseline" {
  input = data.dataarts_instance_status.before.counts
  lifecycle {
    ignore_changes = [input]
  }
}

data "dataarts_instance_status" "after" {
  provider            = hwgate
  baseline_counts     = terraform_data.baseline.output
  wait_for_completion = true
  poll_interval       = "1s"
  stable_for          = "1s"
  timeouts { read = "LIMIT" }
`+gateOnSuccess+"}\n")
	})
}

// TestOneGoodSecond meets tasks that are healthy for a moment only: the gate opens when they have been so for as long as was asked.
func TestOneGoodSecond(t *testing.T) {
	t.Parallel()
	healthy := cloudtest.Tasks(nil, map[string]int{"running": 12})
	blip := cloudtest.TaskScene{
		CDC:    map[string]int{"running": 11, "abnormal": 1},
		Listed: []cloudtest.Task{{ID: "t-1", Name: "orders_to_lake", Kind: "CDC", Status: "ERROR"}},
	}
	together(t, map[string]gateRun{
		"healthy for good": {
			looks: []http.Handler{cloudtest.Tasks(nil, map[string]int{"running": 3}), healthy, blip, healthy},
			words: []string{": running, healthy (the condition for tasks that run forever); 12 running; stable for"},
		},
		"healthy for a second": {
			looks: []http.Handler{healthy, blip}, code: 1, timesOut: true,
			words: []string{
				"were not healthy in time", "The last status was failed",
				"1 abnormal, 11 running; 12 must run; stable for 0s of 2s; last interruption: 1 abnormal, 11 running",
			},
		},
	}, func(t *testing.T, _ string, run gateRun) {
		t.Helper()
		cloud := newCloud(t)
		cloud.Instance(instanceID).Then(run.looks...)
		run.apply(t, cloud, "data.roma_fdi_task_statistics.switch", fmt.Sprintf(`
data "roma_fdi_task_statistics" "switch" {
  provider           = hwgate
  instance_id        = %q
  wait_until_healthy = true
  min_running_count  = 12
  poll_interval      = "1s"
  stable_for         = "2s"
  timeouts { read = "LIMIT" }
  lifecycle {
    postcondition {
      condition     = self.healthy
      error_message = self.summary
    }
  }
}
`, instanceID))
	})
}

// TestAnotherTeamsFailure meets a failure of this morning: it closes a gate on the whole day, which names it, and no gate with a baseline.
func TestAnotherTeamsFailure(t *testing.T) {
	t.Parallel()
	day := cloudtest.JobScene{
		Counts: map[string]int{"success": 6, "fail": 1}, Listed: []cloudtest.Job{{Name: "other_teams_report", Status: "fail", ID: 7}},
	}
	for name, test := range map[string]struct {
		gateRun

		arguments string
	}{
		"without a baseline": {
			gateRun: gateRun{code: 1, words: []string{": failed; 1 failed, 6 succeeded; failed jobs: other_teams_report (instance 7)"}},
		},
		"with a baseline": {
			gateRun:   gateRun{words: []string{": succeeded; 1 new since the baseline (in all: 1 failed, 6 succeeded)"}},
			arguments: "baseline_counts = merge(local.none, { fail = 1, success = 5 })",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cloud := newCloud(t)
			cloud.Workspace("").Then(day)
			test.apply(t, cloud, "data.dataarts_instance_status.gate", `
locals {
  none = { for state in [
    "force_success", "freeze", "ignore_success", "manual_stop", "pause", "running", "running_exception", "skip", "waiting_confirm", "waiting",
  ] : state => 0 }
}

data "dataarts_instance_status" "gate" {
  provider            = hwgate
  wait_for_completion = true
  `+test.arguments+"\n"+gateOnSuccess+"}\n")
		})
	}
}

// TestContradiction meets an order that is FINISHED while its own statistics deny it: they may lag for a while, but are not overruled.
func TestContradiction(t *testing.T) {
	t.Parallel()
	finished := func(threshold float64, batch cloudtest.Batch) http.Handler {
		return cloudtest.OrderScene{Status: "FINISHED", Threshold: threshold, Batches: []cloudtest.Batch{batch}}
	}
	together(t, map[string]gateRun{
		"below its threshold": {
			looks: []http.Handler{finished(80, cloudtest.Batch{"FINISHED": 3, "ABNORMAL": 7})}, code: 1, timesOut: true,
			words: []string{
				"COC script order SCT1: unknown (FINISHED) after 5m11s, ended 2023-10-22T03:52:43Z; the order is FINISHED, but its statistics count 3 of 10 instances finished, " +
					"below the success-rate threshold of 80%; failure_details = false takes the order's word",
			},
		},
		"with an instance that still runs": {
			looks: []http.Handler{finished(80, cloudtest.Batch{"FINISHED": 9, "PROCESSING": 1})}, code: 1, timesOut: true,
			words: []string{"but its statistics count 9 of 10 instances finished and 1 not ended"},
		},
		"without any instance": {
			looks: []http.Handler{finished(100, nil)}, code: 1, timesOut: true, words: []string{"COC script order SCT1: empty (FINISHED)", "no instances"},
		},
		"the statistics lag": {
			looks: []http.Handler{finished(80, cloudtest.Batch{"FINISHED": 9, "PROCESSING": 1}), cloudtest.Finished(10)},
			words: []string{"COC script order SCT1: succeeded (FINISHED) after 5m11s, ended 2023-10-22T03:52:43Z; 10 of 10 instances finished"},
		},
		"as good as its threshold": {
			looks: []http.Handler{finished(80, cloudtest.Batch{"FINISHED": 8, "ABNORMAL": 2})},
			words: []string{"succeeded (FINISHED) after 5m11s, ended 2023-10-22T03:52:43Z; 8 of 10 instances finished, 2 failed; success-rate threshold 80%; failed hosts: ecs-9"},
		},
	}, func(t *testing.T, _ string, run gateRun) {
		t.Helper()
		cloud := newCloud(t)
		cloud.Order("SCT1").Then(run.looks...)
		run.apply(t, cloud, "data.coc_script_order.gate", `
data "coc_script_order" "gate" {
  provider            = hwgate
  execute_uuid        = "SCT1"
  wait_for_completion = true
  poll_interval       = "1s"
  timeouts { read = "LIMIT" }
`+gateOnSuccess+"}\n")
	})
}
