package provider_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/cloudtest"
)

func init() {
	allFacts["dataarts_instance_status"] = sourceFacts{
		example: cloudtest.Examples["dataarts_instance_status"],
		badAnswer: badAnswer{
			arguments: map[string]tftypes.Value{"project_id": str(projectID), "failure_details": withoutDetails},
			path:      overviewPath,
			body: `{"fail_count":1,"force_success_count":0,"freeze_count":0,"ignore_success_count":0,"manual_stop_count":0,"pause_count":0,` +
				`"running_count":0,"running_exception_count":0,"skip_count":0,"success_count":5,"waiting_confirm_count":0,` +
				`"waiting_count":0,"total_count":6}`,
			spoiled: `{"success_count":{"a":1}}`,
		},
		sensitive: []string{"failed_jobs.error_message"},
	}
}

// TestDataArtsInstanceStatusDocumented reads the recorded example of the API's page.
func TestDataArtsInstanceStatusDocumented(t *testing.T) {
	t.Parallel()
	testDocumented(t, "dataarts_instance_status", `project_id = "`+projectID+`"
				is_own     = false
				query_days = "today"`, values{
		"id": text(projectID + "/-/today/false"), "region": text("cn-north-4"), "project_id": text(projectID), "timeouts": null,
		"workspace_id": null, "job_name": null, "since": null, "is_own": no, "query_days": text("today"),
		"wait_for_completion": null, "poll_interval": null, "wait_through_pause": null, "continue_on_timeout": null,
		"completed": yes, "timed_out": no, "outcome": text("succeeded"), "succeeded": yes,
		"summary": text("DataArts job instances of the default workspace in project " + projectID +
			" (today): succeeded; 1 succeeded"),
		"report_markdown": text("### ✅ DataArts job instances of the default workspace in project " + projectID +
			" (today): succeeded\n\n| state | count |\n| --- | --- |\n| failed | 0 |\n| forced to success | 0 |\n| frozen | 0 |\n" +
			"| ignored as success | 0 |\n| stopped by hand | 0 |\n| paused | 0 |\n| running | 0 |\n| suspended by a failure | 0 |\n" +
			"| skipped | 0 |\n| succeeded | 1 |\n| awaiting confirmation | 0 |\n| waiting | 0 |\n"),
		"stable_for": null, "baseline_counts": null, "min_new_count": null, "failure_details": null,
		"new_count": null, "new_failed_count": null, "failed_jobs": list(items{}),
		"counts": mapping(values{
			"fail": number(0), "force_success": number(0), "freeze": number(0), "ignore_success": number(0),
			"manual_stop": number(0), "pause": number(0), "running": number(0), "running_exception": number(0),
			"skip": number(0), "success": number(1), "waiting_confirm": number(0), "waiting": number(0),
		}),
		"fail_count": number(0), "force_success_count": number(0), "freeze_count": number(0),
		"ignore_success_count": number(0), "manual_stop_count": number(0), "pause_count": number(0),
		"running_count": number(0), "running_exception_count": number(0), "skip_count": number(0),
		"success_count": number(1), "waiting_confirm_count": number(0), "waiting_count": number(0), "total_count": number(1),
		"failed_count": number(0), "unfinished_count": number(0), "overridden_count": number(0),
	})
}

// TestDataArtsInstanceStatusFields reads an answer with every field of the API's page.
func TestDataArtsInstanceStatusFields(t *testing.T) {
	t.Parallel()
	svc := newService(t)
	always(svc, map[string]string{
		overviewPath + "?is_own=true&query_days=before_yesterday": `{
			"fail_count": 1, "force_success_count": 2, "freeze_count": 3, "ignore_success_count": 4, "manual_stop_count": 5,
			"pause_count": 6, "running_count": 7, "running_exception_count": 8, "skip_count": 9, "success_count": 10,
			"waiting_confirm_count": 11, "waiting_count": 12, "total_count": 9007199254740993}`,
	})
	accept(t, svc, applies("dataarts_instance_status", `
			project_id   = "`+projectID+`"
			workspace_id = "ws-1"
			is_own       = true
			query_days   = "before_yesterday"
			baseline_counts = {
				fail              = 1
				force_success     = 2
				freeze            = 3
				ignore_success    = 4
				manual_stop       = 5
				pause             = 6
				running           = 7
				running_exception = 4
				skip              = 9
				success           = 10
				waiting_confirm   = 11
				waiting           = 12
			}
			min_new_count = 4`, values{
		"id": text(projectID + "/ws-1/before_yesterday/true"), "workspace_id": text("ws-1"), "is_own": yes,
		"query_days": text("before_yesterday"), "project_id": text(projectID), "outcome": text("failed"), "completed": no,
		"fail_count": number(1), "force_success_count": number(2), "freeze_count": number(3),
		"ignore_success_count": number(4), "manual_stop_count": number(5), "pause_count": number(6),
		"running_count": number(7), "running_exception_count": number(8), "skip_count": number(9),
		"success_count": number(10), "waiting_confirm_count": number(11), "waiting_count": number(12),
		"total_count": number(9007199254740993), "failed_count": number(9), "unfinished_count": number(36),
		"overridden_count": number(6), "min_new_count": number(4), "new_count": number(4), "new_failed_count": number(4),
		// The listing knows no users.
		"failed_jobs": null,
	}))
	checkHeaders(t, svc, overviewPath, map[string]string{"Workspace": "ws-1", "X-Project-Id": projectID})
}

// TestDataArtsInstanceStatusErrors holds failed reads to their words: what failed, what came back, and what to do.
func TestDataArtsInstanceStatusErrors(t *testing.T) {
	t.Parallel()
	testErrors(t, "dataarts_instance_status", `project_id = "`+projectID+`"`, overviewPath, map[string]failedRead{
		"no permission for DataArts": {
			answer: cloudtest.Answer{Status: 400, Body: `{"error_code":"DLF.6888","error_msg":"no permission"}`},
			says:   []string{"Grant the caller a role in DataArts Studio and membership of the workspace"},
		},
		"unknown workspace": {
			answer: cloudtest.Answer{Status: 400, Body: `{"error_code":"DLF.0819","error_msg":"workspace does not exists"}`},
			says:   []string{"Correct workspace_id, or set it if the project has no default workspace"},
		},
	})
}

// TestDataArtsInstanceStatusArguments refuses at plan time what can never be right.
func TestDataArtsInstanceStatusArguments(t *testing.T) {
	t.Parallel()
	testArguments(t, "dataarts_instance_status", map[string]badArgument{
		"days":      {`query_days = "today2"`, `"today2" given, wanted one of today, yesterday`},
		"workspace": {`workspace_id = "a b"`, `The value of workspace_id cannot be used`},
		"span":      {"wait_for_completion = true\nstable_for = \"2m\"\ntimeouts { read = \"1m\" }", `stable_for = "2m" cannot be used: it does not fit into timeouts.read (1m).`},
		"no_state":  {`baseline_counts = { succeeded = 1 }`, `The count of "succeeded" cannot be used: it is no state of a job instance`},
		"fraction":  {`baseline_counts = { fail = 0.5 }`, `The count of "fail" cannot be used: 0.5 is not a`},
		"negative":  {`baseline_counts = { success = -1 }`, `The count of "success" cannot be used: -1 is less than 0.`},
		"count":     {`min_new_count = 2`, `min_new_count = 2 cannot be used: it counts from since or baseline_counts`},
	})
}

// TestDataArtsInstanceStatusListing reads which job instances failed, from the recorded example of the listing on the day that it is about.
func TestDataArtsInstanceStatusListing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(time.UnixMilli(1551675180000)))
		svc := cloudtest.New(cloudtest.Report(t.Errorf))
		if err := svc.Recorded("documented/dataarts_failed_jobs"); err != nil {
			t.Fatal(err)
		}
		svc.Workspace("").Then(cloudtest.Jobs(map[string]int{"fail": 2, "success": 1}))
		attributes, diagnostics := readOnFakeClock(t, svc, "dataarts_instance_status", map[string]tftypes.Value{"project_id": str(projectID)})
		checkValues(t, attributes, values{
			"summary": text("DataArts job instances of the default workspace in project " + projectID + " (today): failed; 2 failed, 1 succeeded; " +
				"failed jobs: daily_stock (instance 34790), daily_orders (instance 34765)"),
			"failed_jobs": list(items{
				object(values{
					"job_name": text("daily_stock"), "instance_id": text("34790"), "status": text("fail"), "planned_at": text("2019-03-04T04:53:00Z"),
					"started_at": text("2019-03-04T04:53:10Z"), "finished_at": null, "error_message": null,
				}),
				object(values{
					"job_name": text("daily_orders"), "instance_id": text("34765"), "status": text("fail"), "planned_at": text("2019-03-04T03:53:00Z"),
					"started_at": text("2019-03-04T03:53:10Z"), "finished_at": text("2019-03-04T03:53:28Z"), "error_message": text("scrubbed"),
				}),
			}),
		})
		if len(diagnostics) > 0 {
			t.Error(shown(diagnostics))
		}
	})
}
