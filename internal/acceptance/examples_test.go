package acceptance_test

import (
	"cmp"
	"net/http"
	"strings"
	"testing"

	"github.com/hwgate/terraform-provider-hwgate/internal/provider"
	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/cloudtest"
)

// shownExample is what the examples of a source are shown in all of its forms: an object that is good, or one that has to close the gate.
type shownExample struct {
	show func(svc *cloudtest.Service, good bool)
	// title begins the summary of what is not good, and reason is further on in it. What every form says has both.
	title, reason string
	// says is the error of the data source, if it is not that of a closed gate.
	says string
}

// showOrder shows the order of the examples: with one instance of its only batch failed, or with none.
func showOrder(svc *cloudtest.Service, good bool) {
	failed := cloudtest.Failed(20, 1)
	failed.Log = logText
	svc.Order(exampleID).Now(pick(good, cloudtest.Finished(5), failed))
}

// shownExamples has a row for each source.
var shownExamples = map[string]shownExample{
	"coc_script_order": {
		show:   showOrder,
		title:  "COC script order " + exampleID + ": failed (ABNORMAL) after 5m11s, ended 2023-10-22T03:52:43Z; 20 of 21 instances finished, 1 failed",
		reason: "success-rate threshold 100%; failed hosts: ecs-21 (batch 1)",
	},
	"coc_script_order_statistics": {
		show:   showOrder,
		title:  "Instances of COC script order " + exampleID + ": failed; 20 of 21 instances finished, 1 failed",
		reason: "failed batches: 1",
	},
	"coc_script_order_batch": {
		show:   showOrder,
		title:  "Batch 1 of COC script order " + exampleID + ": failed, ended 2023-10-22T03:52:43Z; 20 of 21 instances finished, 1 failed",
		reason: "failed hosts: ecs-21",
	},
	"dataarts_instance_status": {
		show: func(svc *cloudtest.Service, good bool) {
			svc.Job(workspaceID, "etl_orders").Now(cloudtest.Runs(cloudtest.Run{ID: 2, Status: pick(good, "success", "fail")}))
		},
		title:  "DataArts job etl_orders of workspace " + workspaceID,
		reason: "; 1 failed; failed jobs: etl_orders (instance 2)",
	},
	"roma_fdi_task_statistics": {
		show: func(svc *cloudtest.Service, good bool) {
			svc.Instance(instanceID).Now(pick(good, cloudtest.Tasks(nil, map[string]int{"running": 12}),
				cloudtest.Tasks(nil, map[string]int{"running": 12, "abnormal": 3})))
		},
		title:  "FDI tasks of ROMA Connect instance " + instanceID,
		says:   "were not healthy in time",
		reason: "3 abnormal, 12 running",
	},
}

func shownBy(t *testing.T, name string) shownExample {
	t.Helper()
	shown, ok := shownExamples[name]
	if !ok {
		t.Fatalf("shownExamples in examples_test.go has no row for %s", name)
	}
	return shown
}

// showAll shows all that the examples read.
func showAll(svc *cloudtest.Service, good bool) {
	for _, shown := range shownExamples {
		shown.show(svc, good)
	}
}

// TestExamples applies each published example twice: against a cloud where all is good, and against one whose failure has to stop it with
// the summary as the reason.
func TestExamples(t *testing.T) {
	t.Parallel()
	for _, name := range folders(t, "examples", "data-sources") {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			shown := shownBy(t, name)
			// The test has no minutes to wait. What ends well ends by itself, however busy the machine is.
			example := strings.ReplaceAll(readExample(t, "data-sources", name, "data-source.tf"), `= "3m"`, "= \"1s\"\n  poll_interval = \"1s\"")
			good, bad := newCloud(t), newCloud(t)
			shown.show(good.Service, true)
			shown.show(bad.Service, false)
			settings := `project_id = "` + projectID + `"`
			applies(t, nil, good.header(settings)+example)
			fails(t, nil, bad.header(settings)+strings.ReplaceAll(example, `"10m"`, `"10s"`),
				cmp.Or(shown.says, "Resource postcondition failed"), shown.title, shown.reason)
		})
	}
}

// TestProviderExample reads with the published provider block, under keys of the environment, from the host of the region.
func TestProviderExample(t *testing.T) {
	t.Parallel()
	svc := cloudtest.New(cloudtest.Report(t.Errorf))
	svc.At("coc.myhuaweicloud.com" + exampleOrder).Then(cloudtest.Says(http.StatusOK, `{"data":{"status":"PROCESSING"}}`))
	environment := attach(t, provider.Options{WrapTransport: svc.Transport}, map[string]string{
		"HW_ACCESS_KEY": accessKey, "HW_SECRET_KEY": secretKey,
	})
	applies(t, environment, readExample(t, "provider", "provider.tf")+exampleData("")+
		"\noutput \"outcome\" {\n  value = data.coc_script_order.test.outcome\n}\n", `outcome = "running"`)
}

// TestExamplesSurviveNull applies the examples that compute with counts while the statistics do not add up, so that the counts are null:
// a gate closes with its reason, and a report is empty.
func TestExamplesSurviveNull(t *testing.T) {
	t.Parallel()
	cloud := newCloud(t, finishedOrder, contradictoryStatistics)
	fails(t, nil, cloud.header("")+readExample(t, "data-sources", "coc_script_order_statistics", "data-source.tf"),
		"Resource postcondition failed", "Instances of COC script order SCT2023083109562601af694bf: unknown; the total is 6, but 5 are accounted for")
	applies(t, nil, cloud.header("")+readExample(t, "data-sources", "coc_script_order_batch", "data-source.tf"))
}
