package provider_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/cloudtest"
)

func init() {
	allFacts["roma_fdi_task_statistics"] = sourceFacts{
		example: cloudtest.Examples["roma_fdi_task_statistics"],
		badAnswer: badAnswer{
			arguments: map[string]tftypes.Value{"project_id": str(projectID), "instance_id": str(instanceID), "failure_details": withoutDetails},
			path:      taskPath,
			body: `{"common_task_details":{"running_tasks_count":1,"abnormal_tasks_count":1,"terminated_tasks_count":0,` +
				`"completed_tasks_count":0},"cdc_task_details":null}`,
			spoiled: `{"common_task_details":[]}`,
		},
	}
}

// TestROMAFDITaskStatisticsDocumented reads the recorded example of the API's page.
func TestROMAFDITaskStatisticsDocumented(t *testing.T) {
	t.Parallel()
	testDocumented(t, "roma_fdi_task_statistics", `project_id      = "c53626012ba84727b938ca8bf03108ef"
				instance_id     = "`+instanceID+`"
				failure_details = false`, values{
		"id":     text("c53626012ba84727b938ca8bf03108ef/" + instanceID),
		"region": text("cn-north-4"), "project_id": text("c53626012ba84727b938ca8bf03108ef"), "timeouts": null,
		"instance_id": text(instanceID), "outcome": text("failed"), "succeeded": no, "healthy": no,
		"summary": text("FDI tasks of ROMA Connect instance " + instanceID +
			": failed; ordinary tasks: 2 abnormal, 2 running, 8 completed, 6 terminated; CDC tasks: 1 running, 6 terminated"),
		"report_markdown": text("### ❌ FDI tasks of ROMA Connect instance " + instanceID + ": failed\n" +
			"\n| state | count |\n| --- | --- |\n| abnormal | 2 |\n| running | 3 |\n| completed | 8 |\n| terminated | 12 |\n"),
		"wait_until_healthy": null, "poll_interval": null, "stable_for": null, "continue_on_timeout": null, "timed_out": no,
		"min_running_count": null, "failure_details": no, "abnormal_tasks": null,
		"counts": mapping(values{
			"running": number(3), "abnormal": number(2), "terminated": number(12), "completed": number(8),
		}),
		"common_task_details": taskDetails(2, 2, 6, 8), "cdc_task_details": taskDetails(1, 0, 6, 0),
		"running_count": number(3), "abnormal_count": number(2), "terminated_count": number(12),
		"completed_count": number(8), "total_count": number(25),
	})
}

// TestROMAFDITaskStatisticsFields reads an answer with every field of the API's page.
func TestROMAFDITaskStatisticsFields(t *testing.T) {
	t.Parallel()
	svc := newService(t)
	always(svc, map[string]string{
		taskPath: `{
			"common_task_details": {"running_tasks_count": 999999999999, "abnormal_tasks_count": 2, "terminated_tasks_count": 3,
				"completed_tasks_count": 4},
			"cdc_task_details": null}`,
	})
	svc.At("/v2/" + projectID + "/fdi/instances/" + instanceID + "/task-monitors?*").Then(cloudtest.Answer{Body: `{"total": 2, "entities": [
		{"task_id": "t-1", "task_name": "orders", "ext_type": "CDC", "execute_status": "ERROR", "position": "WRITER",
			"last_execute_time": 1603243428000},
		{"task_id": "t-2", "task_name": "stock", "ext_type": null, "execute_status": "ERROR"}]}`})
	accept(t, svc, applies("roma_fdi_task_statistics", `project_id  = "`+projectID+`"
			instance_id = "`+instanceID+`"`, values{
		"id":                  text(projectID + "/" + instanceID),
		"common_task_details": taskDetails(999999999999, 2, 3, 4), "cdc_task_details": null,
		"running_count": number(999999999999), "abnormal_count": number(2), "terminated_count": number(3),
		"completed_count": number(4), "total_count": number(1000000000008),
		"abnormal_tasks": list(items{
			object(values{
				"task_id": text("t-1"), "task_name": text("orders"), "kind": text("CDC"), "execute_status": text("ERROR"),
				"position": text("WRITER"), "last_executed_at": text("2020-10-21T01:23:48Z"),
			}),
			object(values{
				"task_id": text("t-2"), "task_name": text("stock"), "kind": text("NORMAL"), "execute_status": text("ERROR"),
				"position": null, "last_executed_at": null,
			}),
		}),
	}))
	checkHeaders(t, svc, taskPath, map[string]string{"X-Project-Id": projectID})
}

// TestROMAFDITaskStatisticsErrors holds failed reads to their words: what failed, what came back, and what to do.
func TestROMAFDITaskStatisticsErrors(t *testing.T) {
	t.Parallel()
	testErrors(t, "roma_fdi_task_statistics", `project_id = "`+projectID+`"
		instance_id = "`+instanceID+`"`, taskPath, map[string]failedRead{
		"unknown ROMA instance": {
			answer: cloudtest.Answer{Status: 500, Body: `{"error_code":"ROMA.00110002","error_msg":"instance does not exist"}`},
			says:   []string{"Check instance_id, and that the instance belongs to this project and region."},
		},
		"ROMA without its counts": {
			answer: cloudtest.Answer{Body: `{}`},
			says:   []string{"malformed answer: there is no common_task_details or cdc_task_details in it."},
		},
	})
}

// TestROMAFDITaskStatisticsArguments refuses at plan time what can never be right.
func TestROMAFDITaskStatisticsArguments(t *testing.T) {
	t.Parallel()
	testArguments(t, "roma_fdi_task_statistics", map[string]badArgument{
		"instance": {`instance_id = "a/b"`, `The value of instance_id cannot be used`},
	})
}

// TestROMAFDITaskStatisticsListing reads which tasks are abnormal, from the recorded example of the listing on the day that it is about.
func TestROMAFDITaskStatisticsListing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(time.UnixMilli(1603243428000)))
		svc := cloudtest.New(cloudtest.Report(t.Errorf))
		if err := svc.Recorded("documented/roma_fdi_task_statistics", "documented/roma_abnormal_tasks"); err != nil {
			t.Fatal(err)
		}
		attributes, diagnostics := readOnFakeClock(t, svc, "roma_fdi_task_statistics", map[string]tftypes.Value{
			"project_id": str("c53626012ba84727b938ca8bf03108ef"), "instance_id": str(instanceID),
		})
		checkValues(t, attributes, values{
			"abnormal_tasks": list(items{
				object(values{
					"task_id": text("task-0001"), "task_name": text("orders_to_lake"), "kind": text("NORMAL"), "execute_status": text("ERROR"),
					"position": text("READER"), "last_executed_at": text("2020-10-21T01:23:48Z"),
				}),
				object(values{
					"task_id": text("task-0002"), "task_name": text("stock_changes"), "kind": text("CDC"), "execute_status": text("ERROR"),
					"position": text("WRITER"), "last_executed_at": text("2020-10-21T00:23:48Z"),
				}),
			}),
		})
		if len(diagnostics) > 0 {
			t.Error(shown(diagnostics))
		}
	})
}
