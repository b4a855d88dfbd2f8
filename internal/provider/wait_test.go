package provider_test

import (
	"fmt"
	"maps"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/cloudtest"
)

const exampleID = cloudtest.ExampleOrder

const exampleOrder = "/v1/job/script/orders/" + exampleID

// waitingFor are the arguments of an order that is waited for.
func waitingFor(more map[string]tftypes.Value) map[string]tftypes.Value {
	arguments := map[string]tftypes.Value{"execute_uuid": str(exampleID), "wait_for_completion": forCompletion}
	maps.Copy(arguments, more)
	return arguments
}

// TestWaitCosts counts requests, with and without waiting: a finished order costs two, or one without the statistics that confirm it; what
// is looked at in one request costs one.
func TestWaitCosts(t *testing.T) {
	t.Parallel()
	waiting := tftypes.NewValue(tftypes.Bool, true)
	for name, test := range map[string]struct {
		source    string
		arguments map[string]tftypes.Value
		want      int
	}{
		"an order, waiting":                {"coc_script_order", waitingFor(nil), 2},
		"an order, looking":                {"coc_script_order", map[string]tftypes.Value{"execute_uuid": str(exampleID)}, 2},
		"an order, waiting, no statistics": {"coc_script_order", waitingFor(map[string]tftypes.Value{"failure_details": withoutDetails}), 1},
		"an order, looking, no statistics": {
			"coc_script_order", map[string]tftypes.Value{"execute_uuid": str(exampleID), "failure_details": withoutDetails}, 1,
		},
		"jobs, waiting": {
			"dataarts_instance_status", map[string]tftypes.Value{"project_id": str(projectID), "wait_for_completion": waiting}, 1,
		},
		"jobs, looking": {"dataarts_instance_status", map[string]tftypes.Value{"project_id": str(projectID)}, 1},
		"tasks, waiting": {"roma_fdi_task_statistics", map[string]tftypes.Value{
			"project_id": str(projectID), "instance_id": str(instanceID), "wait_until_healthy": waiting,
		}, 1},
		"tasks, looking": {
			"roma_fdi_task_statistics", map[string]tftypes.Value{"project_id": str(projectID), "instance_id": str(instanceID)}, 1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				svc := cloudtest.New(cloudtest.Report(t.Errorf))
				svc.Order(exampleID).Then(cloudtest.Finished(5))
				svc.Workspace("").Then(cloudtest.Jobs(map[string]int{"success": 5}))
				svc.Instance(instanceID).Then(cloudtest.Tasks(map[string]int{"completed": 2}, nil))
				attributes, diagnostics := readOnFakeClock(t, svc, test.source, test.arguments)
				checkValues(t, attributes, values{"outcome": text("succeeded"), "timed_out": no})
				if sent := len(svc.Log()); sent != test.want || len(diagnostics) > 0 {
					t.Errorf("%d requests for a read, want %d; %s", sent, test.want, shown(diagnostics))
				}
			})
		})
	}
}

// TestWaitForOrder waits until the order is done: the same read looks again until then.
func TestWaitForOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		svc := cloudtest.New(cloudtest.Report(t.Errorf))
		order := svc.Order(exampleID).Then(
			cloudtest.Running(0, 5), cloudtest.Error(http.StatusInternalServerError, "COC.1", "oops"), cloudtest.Running(3, 5), cloudtest.Finished(5))
		attributes, diagnostics := readOnFakeClock(t, svc, "coc_script_order", waitingFor(map[string]tftypes.Value{"poll_interval": str("1s")}))
		checkValues(t, attributes, values{"outcome": text("succeeded"), "completed": yes, "timed_out": no})
		if order.Looks() != 4 || len(diagnostics) > 0 {
			t.Errorf("%d looks, want 4; %s", order.Looks(), shown(diagnostics))
		}
	})
}

// TestPausedOrder ends the wait at once, as data.
func TestPausedOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		svc := cloudtest.New(cloudtest.Report(t.Errorf))
		svc.Order(exampleID).Then(cloudtest.OrderScene{Status: "PAUSED", Batches: []cloudtest.Batch{{"FINISHED": 2, "ABNORMAL": 1}}})
		begin := time.Now()
		attributes, diagnostics := readOnFakeClock(t, svc, "coc_script_order", waitingFor(nil))
		checkValues(t, attributes, values{
			"outcome": text("paused"), "completed": no, "timed_out": no, "failed_hosts": list(items{text("ecs-3")}),
		})
		if took := time.Since(begin); took != 0 || len(diagnostics) > 0 {
			t.Errorf("it took %s; %s", took, shown(diagnostics))
		}
	})
}

// TestDeadline is an error that names the last status, the counts and what to raise; or data, when asked for.
func TestDeadline(t *testing.T) {
	t.Parallel()
	running := cloudtest.OrderScene{Status: "PROCESSING", Batches: []cloudtest.Batch{{"FINISHED": 3, "ABNORMAL": 1}}}
	arguments := waitingFor(timeout("4s"))
	arguments["poll_interval"] = str("1s")
	t.Run("an error", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			svc := cloudtest.New(cloudtest.Report(t.Errorf))
			svc.Order(exampleID).Then(running)
			begin := time.Now()
			_, diagnostics := readOnFakeClock(t, svc, "coc_script_order", arguments)
			checkError(t, diagnostics, []string{
				"COC script order " + exampleID + " did not end in time", "of waiting; 3 of 4 instances finished, 1 failed.",
				"Raise timeouts.read to wait longer,",
			})
			if took := time.Since(begin); took > 4*time.Second {
				t.Errorf("it took %s", took)
			}
		})
	})
	t.Run("data", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			svc := cloudtest.New(cloudtest.Report(t.Errorf))
			svc.Order(exampleID).Then(running)
			arguments := maps.Clone(arguments)
			arguments["continue_on_timeout"] = tftypes.NewValue(tftypes.Bool, true)
			attributes, diagnostics := readOnFakeClock(t, svc, "coc_script_order", arguments)
			checkValues(t, attributes, values{
				"timed_out": yes, "completed": no, "outcome": text("running"), "succeeded": no, "counts": null,
			})
			if len(diagnostics) != 1 || diagnostics[0].Severity != tfprotov6.DiagnosticSeverityWarning {
				t.Errorf("want a warning: %s", shown(diagnostics))
			}
		})
	})
}

// TestFailureDetailsUnavailable keeps the order's own data when the reasons cannot be read.
func TestFailureDetailsUnavailable(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		svc := cloudtest.New(cloudtest.Report(t.Errorf))
		svc.Order(exampleID).Then(cloudtest.Failed(3, 2))
		svc.At(exampleOrder + "/statistics").Then(cloudtest.Error(http.StatusForbidden, "APIGW.0302", "no"))
		attributes, _ := readOnFakeClock(t, svc, "coc_script_order", map[string]tftypes.Value{"execute_uuid": str(exampleID)})
		checkValues(t, attributes, values{
			"outcome": text("failed"), "status": text("ABNORMAL"), "counts": null, "failed_hosts": null, "failed_instances": null,
			"summary": text("COC script order " + exampleID + ": failed (ABNORMAL) after 5m11s, ended 2023-10-22T03:52:43Z"),
		})
	})
}

// TestWaitForJobs waits until nothing runs any more: a failure does not end the wait while others still run.
func TestWaitForJobs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		svc := cloudtest.New(cloudtest.Report(t.Errorf))
		workspace := svc.At("/v2/" + projectID + "/factory/monitor/task-statistics-overview")
		svc.Workspace("").Then(cloudtest.JobScene{Listed: []cloudtest.Job{{Name: "nightly", Status: "fail", ID: 7}}})
		for _, running := range []int{2, 1, 0} {
			// The total is informational, and may be left out.
			workspace.Then(cloudtest.Answer{Body: fmt.Sprintf(`{"fail_count":1,"force_success_count":0,"freeze_count":0,`+
				`"ignore_success_count":0,"manual_stop_count":0,"pause_count":0,"running_count":%d,"running_exception_count":0,`+
				`"skip_count":0,"success_count":%d,"waiting_confirm_count":0,"waiting_count":0}`, running, 7-running)})
		}
		attributes, diagnostics := readOnFakeClock(t, svc, "dataarts_instance_status", map[string]tftypes.Value{
			"project_id": str(projectID), "wait_for_completion": forCompletion, "poll_interval": str("1s"),
		})
		checkValues(t, attributes, values{
			"outcome": text("failed"), "completed": yes, "running_count": number(0), "total_count": null,
		})
		if workspace.Looks() != 3 || len(diagnostics) > 0 {
			t.Errorf("%d looks, want 3; %s", workspace.Looks(), shown(diagnostics))
		}
	})
}
