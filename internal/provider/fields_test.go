package provider_test

import (
	"maps"
	"net/http"
	"regexp"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/hwgate/terraform-provider-hwgate/internal/provider"
	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/cloudtest"
)

// instanceCounts are the counts of an order's or batch's instances, with those given.
func instanceCounts(some map[string]int64) values {
	all := values{
		"READY": number(0), "PROCESSING": number(0), "ABNORMAL": number(0), "CANCELED": number(0), "FINISHED": number(0),
		"ROLLBACKED": number(0),
	}
	for word, count := range some {
		all[word] = number(count)
	}
	return all
}

// TestDocumented reads the examples of the API's pages, as they were recorded, and asserts every attribute of every data source.
func TestDocumented(t *testing.T) {
	t.Parallel()
	for name := range schemas(t, provider.Options{}) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			documented := factsOf(t, name).documented
			assertCovered(t, name, documented.want)
			appliesIn(t, recorded(t, "documented/"+name), terraformBlock+dataBlock(name, documented.config),
				expect("data."+name+".test", documented.want)...)
		})
	}
}

// TestDocumentedListings reads which job instances failed, and which tasks are abnormal, from answers in the documented form.
func TestDocumentedListings(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		recordings []string
		counts     http.Handler
		arguments  map[string]tftypes.Value
		// day is one that the recording is about.
		day  time.Time
		want values
	}{
		"dataarts_instance_status": {
			recordings: []string{"documented/dataarts_failed_jobs"}, counts: cloudtest.Jobs(map[string]int{"fail": 2, "success": 1}),
			arguments: map[string]tftypes.Value{"project_id": str(projectID)}, day: time.UnixMilli(1551675180000),
			want: values{
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
			},
		},
		"roma_fdi_task_statistics": {
			recordings: []string{"documented/roma_fdi_task_statistics", "documented/roma_abnormal_tasks"}, day: time.UnixMilli(1603243428000),
			arguments: map[string]tftypes.Value{"project_id": str("c53626012ba84727b938ca8bf03108ef"), "instance_id": str(instanceID)},
			want: values{
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
			},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(time.Until(test.day))
				svc := cloudtest.New(cloudtest.Report(t.Errorf))
				if err := svc.Recorded(test.recordings...); err != nil {
					t.Fatal(err)
				}
				if test.counts != nil {
					svc.Workspace("").Then(test.counts)
				}
				attributes, diagnostics := readOnFakeClock(t, svc, name, test.arguments)
				checkValues(t, attributes, test.want)
				if len(diagnostics) > 0 {
					t.Error(shown(diagnostics))
				}
			})
		})
	}
}

// TestAllFields reads answers that have every field of the API's pages, those that the examples leave out among them.
func TestAllFields(t *testing.T) {
	t.Parallel()
	order := "/v1/job/script/orders/" + orderID
	cloud := newCloud(t, always(map[string]string{
		order: `{"data": {
			"execute_uuid": "` + orderID + `", "gmt_created": "1697946452186", "gmt_finished": 1697946763469,
			"execute_costs": 9007199254740993, "creator": "ops", "status": "FINISHED", "properties": {
				"script_uuid": "SC2023101717", "script_name": "migrate", "script_version_uuid": 9223372036854775807,
				"script_version_name": "1.0.3", "current_execute_batch_index": 2, "script_source": "CUSTOM_SCRIPT",
				"execute_param": {"resourceful": false, "timeout": 1200, "success_rate": "65.5", "execute_user": "deploy",
					"script_params": [
						{"param_name": "password", "param_value": "planted-secret", "param_order": 1, "param_refer": null},
						{"param_name": "key", "param_value": "", "param_order": 2,
							"param_refer": {"refer_type": "PARAM_STORE", "param_id": "P1", "param_version": "v2"}}]}},
			"a_field_of_the_future": {"deep": [1, 2]}}}`,
		order + "/statistics": `{"data": {"total_instance": 3, "execute_statistics": [
			{"instance_status": "FINISHED", "instance_count": 2, "batch_indexes": [1, 2]},
			{"instance_status": "ABNORMAL", "instance_count": "1", "batch_indexes": ["2"]}]}}`,
		order + "/batches/2?limit=2": `{"data": {"batch_index": 2, "total_instances": 2, "execute_instances": [
			{"id": 4611686018427387905, "gmt_created": 1697946452436, "gmt_finished": 1697946763467, "execute_costs": 311031,
				"status": "ROLLED BACK", "message": "0123456789", "target_instance": {
					"resource_id": "res-1", "provider": "ECS", "region_id": "cn-north-4", "type": "CLOUDSERVER",
					"project_id": "p-1", "agent_sn": "sn-1", "agent_status": "ONLINE",
					"custom_attributes": [{"key": "team", "value": "blue"}],
					"properties": {"host_name": "ecs-1", "fixed_ip": "192.0.2.1", "floating_ip": "198.51.100.1",
						"region_id": "cn-north-4", "zone_id": "cn-north-4a", "application": "shop", "group": "web",
						"project_id": "p-2"}}},
			{"id": 7, "status": "FINISHED", "message": "ok"}]}}`,
		order + "/batches/2?limit=2&marker=7": `{"data": {"batch_index": 2, "total_instances": 2, "execute_instances": []}}`,
		order + "/batches/2?limit=50": `{"data": {"batch_index": 2, "total_instances": 1, "execute_instances": [
			{"id": 9, "status": "ABNORMAL", "gmt_created": 1697946452000, "gmt_finished": 1697946453500, "message": "0123456789",
				"target_instance": {"resource_id": "res-9", "properties": {"fixed_ip": "192.0.2.9"}}}]}}`,
		"/v2/" + projectID + "/factory/monitor/task-statistics-overview?is_own=true&query_days=before_yesterday": `{
			"fail_count": 1, "force_success_count": 2, "freeze_count": 3, "ignore_success_count": 4, "manual_stop_count": 5,
			"pause_count": 6, "running_count": 7, "running_exception_count": 8, "skip_count": 9, "success_count": 10,
			"waiting_confirm_count": 11, "waiting_count": 12, "total_count": 9007199254740993}`,
		"/v2/" + projectID + "/fdi/instances/" + instanceID + "/statistics/tasks": `{
			"common_task_details": {"running_tasks_count": 999999999999, "abnormal_tasks_count": 2, "terminated_tasks_count": 3,
				"completed_tasks_count": 4},
			"cdc_task_details": null}`,
	}))
	cloud.At("/v2/" + projectID + "/fdi/instances/" + instanceID + "/task-monitors?*").Now(cloudtest.Answer{Body: `{"total": 2, "entities": [
		{"task_id": "t-1", "task_name": "orders", "ext_type": "CDC", "execute_status": "ERROR", "position": "WRITER",
			"last_execute_time": 1603243428000},
		{"task_id": "t-2", "task_name": "stock", "ext_type": null, "execute_status": "ERROR"}]}`})
	config := cloud.header(`security_token = "`+securityToken+`"
		project_id = "`+projectID+`"`) +
		dataBlock("coc_script_order", `
			execute_uuid        = "`+orderID+`"
			user_profile        = "profile-1"
			wait_for_completion = true
			poll_interval       = "2s"
			wait_through_pause  = true
			continue_on_timeout = true
			ignore_not_found    = true
			log_tail_bytes      = 4
			timeouts { read = "1m" }`) +
		dataBlock("coc_script_order_statistics", `execute_uuid = "`+orderID+`"`) +
		dataBlock("coc_script_order_batch", `
			execute_uuid   = "`+orderID+`"
			batch_index    = 2
			limit          = 2
			log_tail_bytes = -1`) +
		dataBlock("dataarts_instance_status", `
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
			min_new_count = 4`) +
		dataBlock("roma_fdi_task_statistics", `instance_id = "`+instanceID+`"`)
	tests := map[string]values{
		"coc_script_order": {
			"id": text(orderID), "region": text("cn-north-4"), "project_id": text(projectID),
			"timeouts":     object(values{"read": text("1m")}),
			"execute_uuid": text(orderID), "user_profile": text("profile-1"), "ignore_not_found": yes, "exists": yes,
			"wait_for_completion": yes, "poll_interval": text("2s"), "wait_through_pause": yes, "continue_on_timeout": yes,
			"completed": yes, "timed_out": no, "failure_details": null, "log_tail_bytes": number(4),
			"outcome": text("succeeded"), "succeeded": yes,
			// On a busy machine the one look of the wait takes a second.
			"summary": knownvalue.StringRegexp(regexp.MustCompile("^" + regexp.QuoteMeta("COC script order SCT2023102211473xxxxxxxxxx: "+
				"succeeded (FINISHED) after 5m11s, ended 2023-10-22T03:52:43Z; 2 of 3 instances finished, 1 failed; success-rate threshold 65.5%; "+
				"failed hosts: res-9 (batch 2)") + `(; waited \d+s)?$`)),
			"counts":      mapping(instanceCounts(map[string]int64{"FINISHED": 2, "ABNORMAL": 1})),
			"gmt_created": number(1697946452186), "gmt_finished": number(1697946763469), "execute_costs": number(9007199254740993),
			"creator": text("ops"), "status": text("FINISHED"),
			"created_at": text("2023-10-22T03:47:32Z"), "finished_at": text("2023-10-22T03:52:43Z"),
			"duration_seconds": fraction(311.283), "failed_hosts": list(items{text("res-9")}),
			"failed_instances": list(items{object(values{
				"batch_index": number(2), "resource_id": text("res-9"), "host_name": text("res-9"), "fixed_ip": text("192.0.2.9"),
				"status": text("ABNORMAL"), "created_at": text("2023-10-22T03:47:32Z"), "finished_at": text("2023-10-22T03:47:33Z"),
				"duration_seconds": fraction(1.5), "log": text("6789"), "log_truncated": yes,
			})}),
			"properties": object(values{
				"script_uuid": text("SC2023101717"), "script_name": text("migrate"),
				"script_version_uuid": number(9223372036854775807), "script_version_name": text("1.0.3"),
				"current_execute_batch_index": number(2), "script_source": text("CUSTOM_SCRIPT"),
				"execute_param": object(values{
					"resourceful": no, "timeout": number(1200), "execute_user": text("deploy"), "success_rate": fraction(65.5),
					"script_params": list(items{
						object(values{
							"param_name": text("password"), "param_value": text("planted-secret"), "param_order": number(1), "param_refer": null,
						}),
						object(values{
							"param_name": text("key"), "param_value": text(""), "param_order": number(2), "param_refer": object(values{
								"refer_type": text("PARAM_STORE"), "param_id": text("P1"), "param_version": text("v2"),
							}),
						}),
					}),
				}),
			}),
		},
		"coc_script_order_statistics": {
			"total_instance": number(3),
			"execute_statistics": list(items{
				statistic("FINISHED", 2, 1, 2), statistic("ABNORMAL", 1, 2),
			}),
			"failed_batch_indexes": list(items{number(2)}), "success_rate": fraction(200.0 / 3),
		},
		"coc_script_order_batch": {
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
		},
		"dataarts_instance_status": {
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
		},
		"roma_fdi_task_statistics": {
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
		},
	}
	var checks []statecheck.StateCheck
	for name, want := range tests {
		checks = append(checks, expect("data."+name+".test", want)...)
	}
	for _, secret := range []struct {
		address string
		path    tfjsonpath.Path
	}{
		{"data.coc_script_order.test", tfjsonpath.New("failed_instances").AtSliceIndex(0).AtMapKey("log")},
		{"data.coc_script_order.test", tfjsonpath.New("properties").AtMapKey("execute_param").AtMapKey("script_params").
			AtSliceIndex(0).AtMapKey("param_value")},
		{"data.coc_script_order_batch.test", tfjsonpath.New("execute_instances").AtSliceIndex(0).AtMapKey("message")},
	} {
		checks = append(checks, statecheck.ExpectSensitiveValue(secret.address, secret.path))
	}
	applies(t, config, checks...)

	headers := map[string]map[string]string{
		order: {"X-Language": "en-us", "X-Project-Id": projectID, "X-User-Profile": "profile-1", "X-Security-Token": securityToken},
		"/v2/" + projectID + "/factory/monitor/task-statistics-overview":          {"Workspace": "ws-1", "X-Project-Id": projectID},
		"/v2/" + projectID + "/fdi/instances/" + instanceID + "/statistics/tasks": {"X-Project-Id": projectID},
	}
	for _, request := range cloud.Log() {
		for name, want := range headers[request.URL.Path] {
			if got := request.Header.Get(name); got != want {
				t.Errorf("%s: header %s is %q, want %q", request.URL.Path, name, got, want)
			}
		}
		delete(headers, request.URL.Path)
	}
	if len(headers) > 0 {
		t.Errorf("never asked for: %v", maps.Keys(headers))
	}
}

func dataBlock(name, arguments string) string {
	return "\ndata \"" + name + "\" \"test\" {\n  provider = hwgate\n" + arguments + "\n}\n"
}

func statistic(status string, count int64, batches ...int64) knownvalue.Check {
	indexes := items{}
	for _, batch := range batches {
		indexes = append(indexes, number(batch))
	}
	return object(values{"instance_status": text(status), "instance_count": number(count), "batch_indexes": list(indexes)})
}

func taskDetails(running, abnormal, terminated, completed int64) knownvalue.Check {
	return object(values{
		"running_tasks_count": number(running), "abnormal_tasks_count": number(abnormal),
		"terminated_tasks_count": number(terminated), "completed_tasks_count": number(completed),
	})
}

// assertCovered makes sure that a table names every attribute of a data source, so that a new one cannot go untested.
func assertCovered(t *testing.T, name string, want values) {
	t.Helper()
	schema := schemaOf(t, provider.Options{}, name)
	for attribute := range schema.Attributes {
		if _, ok := want[attribute]; !ok {
			t.Errorf("%s.%s is not in the table", name, attribute)
		}
	}
}
