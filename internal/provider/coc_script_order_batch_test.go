package provider_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/cloudtest"
)

func init() {
	allFacts["coc_script_order_batch"] = sourceFacts{
		example: cloudtest.Examples["coc_script_order_batch"],
		badAnswer: badAnswer{
			arguments: map[string]tftypes.Value{"execute_uuid": str(orderID), "batch_index": integer(1)},
			path:      orderPath + "/batches/1", body: batchBody(2, 1), spoiled: `{"data":{"total_instances":true}}`,
		},
		sensitive: []string{"execute_instances.message"},
	}
}

// TestCOCScriptOrderBatchDocumented reads the recorded example of the API's page.
func TestCOCScriptOrderBatchDocumented(t *testing.T) {
	t.Parallel()
	testDocumented(t, "coc_script_order_batch", `execute_uuid = "`+orderID+`"
				batch_index = 1`, values{
		"id": text(orderID + "/1"), "region": text("cn-north-4"), "project_id": null, "timeouts": null,
		"execute_uuid": text(orderID), "user_profile": null, "ignore_not_found": null, "exists": yes,
		"batch_index": number(1), "status": null, "limit": null, "marker": null, "log_tail_bytes": null,
		"outcome": text("canceled"), "succeeded": no, "completed": yes,
		"summary": text("Batch 1 of COC script order SCT2023102211473xxxxxxxxxx: canceled, ended 2023-10-22T03:52:43Z; 0 of 1 instance finished, " +
			"1 canceled; failed hosts: host_name"),
		"report_markdown": text("### ❌ Batch 1 of COC script order SCT2023102211473xxxxxxxxxx: canceled\n\nEnded 2023-10-22T03:52:43Z\n" +
			"\n| state | count |\n| --- | --- |\n| finished | 0 |\n| failed | 0 |\n| canceled | 1 |\n| running | 0 |\n| waiting | 0 |\n" +
			"\n| failed host |\n| --- |\n| host\\_name |\n"),
		"counts":          mapping(instanceCounts(map[string]int64{"CANCELED": 1})),
		"total_instances": number(1),
		"finished_count":  number(0), "failed_count": number(1), "canceled_count": number(1), "unfinished_count": number(0),
		"success_rate": fraction(0), "failed_hosts": list(items{text("host_name")}),
		"execute_instances": list(items{object(values{
			"id": number(1588), "gmt_created": number(1697946452436), "gmt_finished": number(1697946763467),
			"execute_costs": number(311031), "status": text("CANCELED"), "message": text("Script execution result"),
			"target_instance": object(values{
				"resource_id": text("resource_id"), "provider": null, "region_id": null, "type": null, "project_id": null,
				"agent_sn": text("agent_sn"), "agent_status": null, "custom_attributes": null,
				"properties": object(values{
					"host_name": text("host_name"), "fixed_ip": text("x.x.x.x"), "floating_ip": null, "region_id": text("***"),
					"zone_id": text("***"), "application": null, "group": null, "project_id": null,
				}),
			}),
		})}),
	})
}

// TestCOCScriptOrderBatchFields reads an answer with every field of the API's page.
func TestCOCScriptOrderBatchFields(t *testing.T) {
	t.Parallel()
	svc := newService(t)
	always(svc, map[string]string{
		orderPath + "/batches/2?limit=2": `{"data": {"batch_index": 2, "total_instances": 2, "execute_instances": [
			{"id": 4611686018427387905, "gmt_created": 1697946452436, "gmt_finished": 1697946763467, "execute_costs": 311031,
				"status": "ROLLED BACK", "message": "0123456789", "target_instance": {
					"resource_id": "res-1", "provider": "ECS", "region_id": "cn-north-4", "type": "CLOUDSERVER",
					"project_id": "p-1", "agent_sn": "sn-1", "agent_status": "ONLINE",
					"custom_attributes": [{"key": "team", "value": "blue"}],
					"properties": {"host_name": "ecs-1", "fixed_ip": "192.0.2.1", "floating_ip": "198.51.100.1",
						"region_id": "cn-north-4", "zone_id": "cn-north-4a", "application": "shop", "group": "web",
						"project_id": "p-2"}}},
			{"id": 7, "status": "FINISHED", "message": "ok"}]}}`,
		orderPath + "/batches/2?limit=2&marker=7": `{"data": {"batch_index": 2, "total_instances": 2, "execute_instances": []}}`,
	})
	step := applies("coc_script_order_batch", `
			execute_uuid   = "`+orderID+`"
			batch_index    = 2
			limit          = 2
			log_tail_bytes = -1`, values{
		"id": text(orderID + "/2"), "limit": number(2), "log_tail_bytes": number(-1), "total_instances": number(2),
		"outcome": text("failed"), "counts": mapping(instanceCounts(map[string]int64{"FINISHED": 1, "ROLLBACKED": 1})),
		"failed_hosts": list(items{text("ecs-1")}),
		"execute_instances": list(items{
			object(values{
				"id": number(4611686018427387905), "gmt_created": number(1697946452436), "gmt_finished": number(1697946763467),
				"execute_costs": number(311031), "status": text("ROLLED BACK"), "message": text("0123456789"),
				"target_instance": object(values{
					"resource_id": text("res-1"), "provider": text("ECS"), "region_id": text("cn-north-4"), "type": text("CLOUDSERVER"),
					"project_id": text("p-1"), "agent_sn": text("sn-1"), "agent_status": text("ONLINE"),
					"custom_attributes": list(items{object(values{"key": text("team"), "value": text("blue")})}),
					"properties": object(values{
						"host_name": text("ecs-1"), "fixed_ip": text("192.0.2.1"), "floating_ip": text("198.51.100.1"),
						"region_id": text("cn-north-4"), "zone_id": text("cn-north-4a"), "application": text("shop"),
						"group": text("web"), "project_id": text("p-2"),
					}),
				}),
			}),
			object(values{
				"id": number(7), "gmt_created": null, "gmt_finished": null, "execute_costs": null, "status": text("FINISHED"),
				"message": text("ok"), "target_instance": null,
			}),
		}),
	})
	for _, path := range []tfjsonpath.Path{
		tfjsonpath.New("execute_instances").AtSliceIndex(0).AtMapKey("message"),
	} {
		step.ConfigStateChecks = append(step.ConfigStateChecks, statecheck.ExpectSensitiveValue("data.coc_script_order_batch.test", path))
	}
	accept(t, svc, step)

}

// TestCOCScriptOrderBatchOfLInstances reads rows as COC was recorded: with members that no page documents, and null for most others.
func TestCOCScriptOrderBatchOfLInstances(t *testing.T) {
	t.Parallel()
	svc := newService(t)
	begin := time.UnixMilli(1697946452000)
	svc.Order(orderID).Then(cloudtest.OrderScene{
		Status: "ABNORMAL", Batches: []cloudtest.Batch{{"ABNORMAL": 1}}, Created: begin, Finished: begin.Add(68943 * time.Millisecond),
		Log: "[SYSTEM INFO] script job execute timeout.", LInstances: true,
	})
	for name, want := range map[string]values{
		"coc_script_order_batch": {
			"outcome": text("failed"), "counts": mapping(instanceCounts(map[string]int64{"ABNORMAL": 1})), "failed_hosts": list(items{text("hcss-1")}),
			"execute_instances": list(items{object(values{
				"id": number(1), "gmt_created": number(1697946452000), "gmt_finished": number(1697946520943), "execute_costs": number(68943),
				"status": text("ABNORMAL"), "message": text("[SYSTEM INFO] script job execute timeout."),
				"target_instance": object(values{
					"resource_id": text("res-1"), "provider": text("hcss"), "region_id": text("cn-north-4"), "type": text("l-instance"),
					"project_id": null, "agent_sn": text("sn"), "agent_status": null, "custom_attributes": null,
					"properties": object(values{
						"host_name": text("hcss-1"), "fixed_ip": null, "floating_ip": null, "region_id": null, "zone_id": null,
						"application": null, "group": null, "project_id": null,
					}),
				}),
			})}),
		},
		"coc_script_order": {"outcome": text("failed"), "failed_hosts": list(items{text("hcss-1")})},
	} {
		arguments := map[string]tftypes.Value{"execute_uuid": str(orderID)}
		if name == "coc_script_order_batch" {
			arguments["batch_index"] = integer(1)
		}
		attributes, diagnostics := inMemory(t, svc).look(t.Context(), t, "data source", name, arguments)
		checkValues(t, attributes, want)
		if len(diagnostics) > 0 {
			t.Errorf("%s: the user is told %q", name, shown(diagnostics))
		}
	}
}

// TestCOCScriptOrderBatchNotFound reads what is gone as data.
func TestCOCScriptOrderBatchNotFound(t *testing.T) {
	t.Parallel()
	svc := newService(t)
	svc.Order(orderID).Then(cloudtest.NotFound)
	accept(t, svc, applies("coc_script_order_batch", `execute_uuid = "`+orderID+`"
		batch_index = 3
		ignore_not_found = true`, values{
		"exists": no, "succeeded": no, "completed": no, "outcome": text("not_found"), "counts": null,
	}))
}

// TestCOCScriptOrderBatchArguments refuses at plan time what can never be right.
func TestCOCScriptOrderBatchArguments(t *testing.T) {
	t.Parallel()
	testArguments(t, "coc_script_order_batch", map[string]badArgument{
		"zero":     {"execute_uuid = \"x\"\nbatch_index = 0", `The value of batch_index cannot be used: 0 is less than 1.`},
		"fraction": {"execute_uuid = \"x\"\nbatch_index = 1.5", `The value of batch_index cannot be used: 1.5 is not a whole number. Correct it.`},
		"status":   {"execute_uuid = \"x\"\nbatch_index = 1\nstatus = \"ROLLBACKED\"", `"ROLLBACKED" given, wanted one of READY, PROCESSING`},
		"limit":    {"execute_uuid = \"x\"\nbatch_index = 1\nlimit = 101", `The value of limit cannot be used: 101 is more than 100.`},
		"marker":   {"execute_uuid = \"x\"\nbatch_index = 1\nmarker = 0", `The value of marker cannot be used: 0 is less than 1.`},
		"missing":  {`execute_uuid = "x"`, `The argument "batch_index" is required`},
	})
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

// TestCOCScriptOrderBatchErrors holds failed reads to their words.
func TestCOCScriptOrderBatchErrors(t *testing.T) {
	t.Parallel()
	testErrors(t, "coc_script_order_batch", `execute_uuid = "`+orderID+`"
		batch_index = 2`, orderPath+"/batches/2?*", map[string]failedRead{
		"order not found": {
			answer: cloudtest.NotFound,
			says: []string{
				"Error: Cannot read batch 2 of COC script order " + orderID, "HTTP 400 Bad Request: COC.00040709", "set ignore_not_found = true",
			},
		},
		"a total that is no number": {
			answer: cloudtest.Answer{Body: `{"data":{"total_instances":true}}`},
			says:   []string{"malformed answer: data.total_instances is a boolean, wanted a whole number."},
		},
	})
}
