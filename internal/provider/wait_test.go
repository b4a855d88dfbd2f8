package provider_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/hwgate/terraform-provider-hwgate/internal/cloudtest"
)

// TestWaitCosts counts requests: a read of a finished order costs one, with or without waiting.
func TestWaitCosts(t *testing.T) {
	t.Parallel()
	for name, arguments := range map[string]string{"waiting": "wait_for_completion = true", "looking": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cloud := newCloud(t, always(map[string]string{exampleOrder: orderBody("FINISHED")}))
			cloud.steps(t, resource.TestStep{
				// A plan reads once.
				Config:             cloud.header("") + exampleData(arguments),
				PlanOnly:           true,
				ExpectNonEmptyPlan: false,
			})
			if sent := len(cloud.Log()); sent != planOnlyReads {
				t.Errorf("%d requests for %d reads", sent, planOnlyReads)
			}
		})
	}
}

// planOnlyReads is how often the test framework reads a data source in a step that only plans.
const planOnlyReads = 2

// TestWaitForOrder waits until the order is done: the same read looks again until then.
func TestWaitForOrder(t *testing.T) {
	t.Parallel()
	running := cloudtest.Answer{Body: strings.Replace(orderBody("PROCESSING"), `"gmt_finished":1697946763469,`, "", 1)}
	cloud := newCloud(t, map[string][]cloudtest.Answer{
		exampleOrder: {running, {Status: http.StatusInternalServerError, Body: `{"error_code":"COC.1","error_msg":"oops"}`}, running,
			{Body: orderBody("FINISHED")}},
	})
	cloud.steps(t, resource.TestStep{
		Config:            cloud.header("") + exampleData("wait_for_completion = true\npoll_interval = \"1s\""),
		ConfigStateChecks: expect("data.coc_script_order.test", values{"outcome": text("succeeded"), "completed": yes, "timed_out": no}),
	})
}

// TestPausedOrder ends the wait at once, as data.
func TestPausedOrder(t *testing.T) {
	t.Parallel()
	cloud := newCloud(t, always(map[string]string{
		exampleOrder: orderBody("PAUSED"), exampleOrder + "/statistics": statisticsBody(2, 1),
		exampleOrder + "/batches/1?limit=50": batchBody(2, 1),
	}))
	cloud.steps(t, resource.TestStep{
		Config: cloud.header("") + exampleData("wait_for_completion = true"),
		ConfigStateChecks: expect("data.coc_script_order.test", values{
			"outcome": text("paused"), "completed": no, "timed_out": no, "failed_hosts": list(items{text("ecs-3")}),
		}),
	})
}

// TestDeadline is an error that names the last status, the counts and what to raise; or data, when asked for.
func TestDeadline(t *testing.T) {
	t.Parallel()
	cloud := newCloud(t, always(map[string]string{
		exampleOrder: orderBody("PROCESSING"), exampleOrder + "/statistics": statisticsBody(3, 1),
	}))
	waiting := "wait_for_completion = true\npoll_interval = \"1s\"\ntimeouts { read = \"4s\" }"
	cloud.steps(t,
		resource.TestStep{
			Config:      cloud.header("") + exampleData(waiting),
			ExpectError: wrapped("COC script order SCT2023083109562601af694bf did not end in time with data.coc_script_order.test,"),
		})
	cloud.steps(t,
		resource.TestStep{
			Config: cloud.header("") + exampleData(waiting),
			ExpectError: wrapped("of waiting; 3 of 4 instances finished, 1 failed, 0 unfinished (ABNORMAL 1), success rate 75%. " +
				"Raise timeouts.read to wait longer,"),
		})
	cloud.steps(t,
		resource.TestStep{
			Config: cloud.header("") + exampleData(waiting+"\ncontinue_on_timeout = true"),
			ConfigStateChecks: expect("data.coc_script_order.test", values{
				"timed_out": yes, "completed": no, "outcome": text("running"), "succeeded": no, "counts": null,
			}),
		})
}

// TestFailureDetailsUnavailable keeps the order's own data when the reasons cannot be read.
func TestFailureDetailsUnavailable(t *testing.T) {
	t.Parallel()
	cloud := newCloud(t, map[string][]cloudtest.Answer{
		exampleOrder:                 {{Body: orderBody("ABNORMAL")}},
		exampleOrder + "/statistics": {{Status: 403, Body: `{"error_code":"APIGW.0302","error_msg":"no"}`}},
	})
	cloud.steps(t, resource.TestStep{
		Config: cloud.header("") + exampleData(""),
		ConfigStateChecks: expect("data.coc_script_order.test", values{
			"outcome": text("failed"), "status": text("ABNORMAL"), "counts": null, "failed_hosts": null, "failed_instances": null,
			"summary": text("COC script order SCT2023083109562601af694bf: failed (ABNORMAL) after 5m11s"),
		}),
	})
}

// TestManyOrders waits for eight orders in one for_each and can tell their errors apart.
func TestManyOrders(t *testing.T) {
	t.Parallel()
	script := map[string][]cloudtest.Answer{}
	for i := range 8 {
		script[fmt.Sprintf("/v1/job/script/orders/SCT%d", i)] = []cloudtest.Answer{{Status: 403, Body: `{"error_code":"APIGW.0302","error_msg":"no"}`}}
	}
	cloud := newCloud(t, script)
	config := cloud.header("") + `
data "coc_script_order" "many" {
  provider            = hwgate
  for_each            = toset([for i in range(8) : "SCT${i}"])
  execute_uuid        = each.key
  wait_for_completion = true
}
`
	for i := range 8 {
		cloud.steps(t, resource.TestStep{Config: config, ExpectError: wrapped(fmt.Sprintf("Error: Cannot read COC script order SCT%d", i))})
	}
}

// TestWaitForJobs waits until nothing runs any more: a failure does not end the wait while others still run.
func TestWaitForJobs(t *testing.T) {
	t.Parallel()
	counts := `{"fail_count":1,"force_success_count":0,"freeze_count":0,"ignore_success_count":0,"manual_stop_count":0,"pause_count":0,` +
		`"running_count":%d,"running_exception_count":0,"skip_count":0,"success_count":5,"waiting_confirm_count":0,"waiting_count":0}`
	cloud := newCloud(t, map[string][]cloudtest.Answer{
		"/v2/" + projectID + "/factory/monitor/task-statistics-overview": {
			{Body: fmt.Sprintf(counts, 2)}, {Body: fmt.Sprintf(counts, 1)}, {Body: fmt.Sprintf(counts, 0)},
		},
	})
	cloud.steps(t, resource.TestStep{
		Config: cloud.header(`project_id = "`+projectID+`"`) +
			dataBlock("dataarts_instance_status", "wait_for_completion = true\npoll_interval = \"1s\""),
		ConfigStateChecks: expect("data.dataarts_instance_status.test", values{
			"outcome": text("failed"), "completed": yes, "running_count": number(0), "total_count": null,
		}),
	})
}

func exampleData(arguments string) string {
	return dataBlock("coc_script_order", "execute_uuid = \"SCT2023083109562601af694bf\"\n"+arguments)
}
