package provider_test

import (
	"cmp"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hwgate/terraform-provider-hwgate/internal/cloudtest"
	"github.com/hwgate/terraform-provider-hwgate/internal/provider"
)

const exampleOrder = "/v1/job/script/orders/SCT2023083109562601af694bf"

func orderBody(status string) string {
	return fmt.Sprintf(`{"data":{"execute_uuid":"SCT2023083109562601af694bf","gmt_created":1697946452186,"gmt_finished":1697946763469,`+
		`"status":%q,"properties":{"execute_param":{"success_rate":100}}}}`, status)
}

func statisticsBody(finished, abnormal int) string {
	batches := "[]"
	if abnormal > 0 {
		batches = "[1]"
	}
	return fmt.Sprintf(`{"data":{"total_instance":%d,"execute_statistics":[`+
		`{"instance_status":"FINISHED","instance_count":%d,"batch_indexes":[1]},`+
		`{"instance_status":"ABNORMAL","instance_count":%d,"batch_indexes":%s}]}}`, finished+abnormal, finished, abnormal, batches)
}

// batchBody is a batch of a hundred hosts at most, of which the last ones have failed.
func batchBody(finished, abnormal int) string {
	rows := ""
	for i := range finished + abnormal {
		status := "FINISHED"
		if i >= finished {
			status = "ABNORMAL"
		}
		rows += fmt.Sprintf(`,{"id":%d,"status":%q,"message":"log","target_instance":{"properties":{"host_name":"ecs-%d"}}}`, i+1, status, i+1)
	}
	return fmt.Sprintf(`{"data":{"batch_index":1,"total_instances":%d,"execute_instances":[%s]}}`, finished+abnormal, rows[1:])
}

// TestExamples applies each published example twice: against a cloud that is well, and against one whose failure has to stop it with
// the summary as the reason.
func TestExamples(t *testing.T) {
	t.Parallel()
	overview := "/v2/" + projectID + "/factory/monitor/task-statistics-overview?query_days=yesterday"
	tasks := "/v2/" + projectID + "/fdi/instances/" + instanceID + "/statistics/tasks"
	counts := `{"fail_count":%d,"force_success_count":0,"freeze_count":0,"ignore_success_count":0,"manual_stop_count":0,"pause_count":0,` +
		`"running_count":0,"running_exception_count":0,"skip_count":0,"success_count":5,"waiting_confirm_count":0,"waiting_count":0,` +
		`"total_count":5}`
	details := `{"common_task_details":{"running_tasks_count":1,"abnormal_tasks_count":%d,"terminated_tasks_count":0,` +
		`"completed_tasks_count":0},"cdc_task_details":{"running_tasks_count":12,"abnormal_tasks_count":0,"terminated_tasks_count":0,` +
		`"completed_tasks_count":0}}`
	order := func(status string, finished, abnormal int) map[string]string {
		return map[string]string{
			exampleOrder: orderBody(status), exampleOrder + "/statistics": statisticsBody(finished, abnormal),
			exampleOrder + "/batches/1?limit=50": batchBody(finished, abnormal),
		}
	}
	tests := map[string]struct {
		well, ill map[string]string
		// says is the title of the error, if it is not that of a closed gate.
		says, reason string
	}{
		"coc_script_order": {
			well: order("FINISHED", 5, 0), ill: order("ABNORMAL", 3, 2),
			reason: "COC script order SCT2023083109562601af694bf: failed (ABNORMAL) after 5m11s; 3 of 5 instances finished, 2 failed; " +
				"success-rate threshold 100%; failed hosts: ecs-4 (batch 1), ecs-5 (batch 1)",
		},
		"coc_script_order_statistics": {
			well: order("FINISHED", 5, 0), ill: order("ABNORMAL", 20, 1),
			reason: "Instances of COC script order SCT2023083109562601af694bf: failed; 20 of 21 instances finished, 1 failed",
		},
		"coc_script_order_batch": {
			well: order("FINISHED", 5, 0), ill: order("ABNORMAL", 4, 1),
			reason: "Batch 1 of COC script order SCT2023083109562601af694bf: failed; 4 of 5 instances finished, 1 failed",
		},
		"dataarts_instance_status": {
			well:   map[string]string{overview: fmt.Sprintf(counts, 0)},
			ill:    map[string]string{overview: fmt.Sprintf(counts, 2)},
			reason: "(yesterday): failed; 2 failed, 5 succeeded; failed jobs: job-1 (instance 1), job-2 (instance 2)",
		},
		"roma_fdi_task_statistics": {
			well: map[string]string{tasks: fmt.Sprintf(details, 0)},
			ill:  map[string]string{tasks: fmt.Sprintf(details, 3)},
			says: "FDI tasks of ROMA Connect instance " + instanceID + " were not healthy in time",
			reason: "of waiting; ordinary tasks: 3 abnormal, 1 running; CDC tasks: 12 running; " +
				"abnormal tasks: task-1, task-2, task-3.",
		},
	}
	for name := range schemas(t, provider.Options{}) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test, ok := tests[name]
			if !ok {
				t.Fatal("its example is not tested")
			}
			// The test has no minutes to wait.
			example := strings.NewReplacer(`= "3m"`, "= \"1s\"\n  poll_interval = \"1s\"", `"10m"`, `"4s"`).Replace(
				readExample(t, "data-sources", name, "data-source.tf"))
			well, ill := newCloud(t, always(test.well)), newCloud(t, always(test.ill))
			settings := `project_id = "` + projectID + `"`
			applies(t, well.header(settings)+example)
			fails(t, ill.header(settings)+example, cmp.Or(test.says, "Resource postcondition failed"), test.reason)
		})
	}
}

// TestExamplesSurviveNull applies the examples that compute with counts while the statistics do not add up, so that the counts are null:
// a gate closes with its reason, and a report is empty.
func TestExamplesSurviveNull(t *testing.T) {
	t.Parallel()
	cloud := newCloud(t, always(map[string]string{
		exampleOrder: orderBody("FINISHED"), exampleOrder + "/batches/1?limit=50": batchBody(5, 0),
		exampleOrder + "/statistics": `{"data":{"total_instance":6,"execute_statistics":[{"instance_status":"FINISHED","instance_count":5}]}}`,
	}))
	fails(t, cloud.header("")+readExample(t, "data-sources", "coc_script_order_statistics", "data-source.tf"),
		"Resource postcondition failed", "Instances of COC script order SCT2023083109562601af694bf: unknown; the total is 6, but 5 are accounted for")
	applies(t, cloud.header("")+readExample(t, "data-sources", "coc_script_order_batch", "data-source.tf"))
}

// TestProviderExample reads with the published provider block, under keys of the environment, from the host of the region.
func TestProviderExample(t *testing.T) {
	t.Parallel()
	svc := cloudtest.New(cloudtest.Report(t.Errorf))
	svc.At("coc.myhuaweicloud.com" + orderPath).Then(cloudtest.Says(http.StatusOK, `{"data":{"status":"PROCESSING"}}`))
	environment := attach(t, provider.Options{WrapTransport: svc.Transport}, map[string]string{
		"HW_ACCESS_KEY": accessKey, "HW_SECRET_KEY": secretKey,
	})
	appliesIn(t, environment, readExample(t, "provider", "provider.tf")+order,
		expect("data.coc_script_order.test", values{"outcome": text("running")})...)
}

func readExample(t *testing.T, path ...string) string {
	t.Helper()
	example, err := os.ReadFile(filepath.Join(append([]string{"..", "..", "examples"}, path...)...))
	if err != nil {
		t.Fatal(err)
	}
	return string(example)
}
