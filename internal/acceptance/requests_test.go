package acceptance_test

import (
	"fmt"
	"testing"
	"testing/fstest"

	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/cloudtest"
)

// TestRequestsPerRead counts what the pages of the data sources say that a read costs, in a plan of the real CLI.
func TestRequestsPerRead(t *testing.T) {
	t.Parallel()
	box := newSandbox(t)
	const id = "SCT2023083109562601af694bf"
	tests := map[string]struct {
		data, arguments string
		order           cloudtest.OrderScene
		want            int
	}{
		"an order that ended": {
			data: "coc_script_order", arguments: `execute_uuid = "` + id + `"`, order: cloudtest.Finished(120), want: 2,
		},
		"one that is waited for and has ended": {
			data: "coc_script_order", arguments: "wait_for_completion = true\n  execute_uuid = \"" + id + `"`, order: cloudtest.Finished(120), want: 2,
		},
		"an order without details": {
			data: "coc_script_order", arguments: "failure_details = false\n  execute_uuid = \"" + id + `"`, order: cloudtest.Failed(3, 2), want: 1,
		},
		"a failed order, two pages of one batch": {
			data: "coc_script_order", arguments: `execute_uuid = "` + id + `"`, order: cloudtest.Failed(58, 2), want: 4,
		},
		"statistics": {
			data: "coc_script_order_statistics", arguments: `execute_uuid = "` + id + `"`, order: cloudtest.Failed(58, 2), want: 1,
		},
		"a batch of three pages": {
			data: "coc_script_order_batch", arguments: "batch_index = 1\n  execute_uuid = \"" + id + `"`, order: cloudtest.Failed(118, 2), want: 3,
		},
		"an order that still runs": {
			data: "coc_script_order", arguments: `execute_uuid = "` + id + `"`, order: cloudtest.Running(3, 10), want: 1,
		},
		"a paused order": {
			data: "coc_script_order", arguments: `execute_uuid = "` + id + `"`, order: cloudtest.Paused(3, 10), want: 2,
		},
		"jobs": {data: "dataarts_instance_status", want: 1},
		"a failed job": {
			data: "dataarts_instance_status", arguments: `workspace_id = "one"`, want: 2,
		},
		"jobs that failed in both ways": {
			data: "dataarts_instance_status", arguments: "query_days = \"all\"\n  workspace_id = \"both\"", want: 3,
		},
		"a failed job without details": {
			data: "dataarts_instance_status", arguments: "failure_details = false\n  workspace_id = \"one\"", want: 1,
		},
		"abnormal tasks": {data: "roma_fdi_task_statistics", arguments: `instance_id = "bad"`, want: 2},
		"tasks":          {data: "roma_fdi_task_statistics", arguments: `instance_id = "` + instanceID + `"`, want: 1},
	}
	configuration := terraformBlock + "provider \"hwgate\" {}\n\nvariable \"read\" {\n  type = string\n}\n"
	labels := map[string]string{}
	for name, test := range tests {
		labels[name] = fmt.Sprintf("read_%d", len(labels))
		configuration += fmt.Sprintf("\ndata %q %q {\n  provider = hwgate\n  count = var.read == %[2]q ? 1 : 0\n  %[3]s\n}\n",
			test.data, labels[name], test.arguments)
	}
	folder := writeConfiguration(t, box, withOverride(fstest.MapFS{"main.tf": {Data: []byte(configuration)}}))
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cloud := newCloud(t)
			cloud.Order(id).Then(test.order)
			cloud.Workspace("").Then(cloudtest.Jobs(map[string]int{"success": 5}))
			cloud.Workspace("one").Then(cloudtest.Jobs(map[string]int{"success": 5, "fail": 1}))
			cloud.Workspace("both").Then(cloudtest.Jobs(map[string]int{"fail": 1, "running_exception": 1}))
			cloud.Instance("bad").Then(cloudtest.Tasks(map[string]int{"abnormal": 1}, map[string]int{"abnormal": 1}))
			cloud.Instance(instanceID).Then(cloudtest.Tasks(map[string]int{"running": 1}, map[string]int{"running": 12}))
			environment := []string{"TF_VAR_stand_in=" + cloud.URL, "TF_VAR_read=" + labels[name]}
			if out, err := terraform(t, folder, environment, "plan", "-no-color", "-lock=false"); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			if got := len(cloud.Log()); got != test.want {
				t.Errorf("%d requests, wanted %d: %v", got, test.want, cloud.Log().Paths())
			}
		})
	}
}
