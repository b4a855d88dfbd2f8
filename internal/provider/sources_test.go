package provider_test

import (
	"context"
	"slices"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/action"
	fwprovider "github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/hwgate/terraform-provider-hwgate/internal/provider"
	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/cloudtest"
	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/recording"
)

// sourceFacts is all that the tests have to know of a source. They find the sources themselves in the provider.
type sourceFacts struct {
	badAnswer
	documented documentedExample
	example    publishedExample
	// sensitive are the paths of attributes that people and scripts write.
	sensitive []string
}

// badAnswer is what a source is asked in the suites of faults, and what the service says when nothing is wrong with it. That is always
// a failed deployment, so that a green verdict can only come of a fault.
type badAnswer struct {
	arguments map[string]tftypes.Value
	// path is what is asked for. spoiled is an answer with another type where the verdict needs a value.
	path, body, spoiled string
}

// documentedExample is the configuration that asks for the recorded example of the API's page, and every attribute of the result.
type documentedExample struct {
	config string
	want   values
}

// publishedExample is what the published examples of a source meet, in all of its forms.
type publishedExample struct {
	// play has the service be well, or ill.
	play func(svc *cloudtest.Service, well bool)
	// title begins the summary of what is ill, and reason is further on in it. What every form says has both.
	title, reason string
	// says is the error of the data source, if it is not that of a closed gate.
	says string
}

// factsOf gives the facts of a source, and says what to do where they are missing.
func factsOf(t *testing.T, name string) sourceFacts {
	t.Helper()
	facts, ok := allFacts[name]
	if !ok {
		t.Fatalf("allFacts in sources_test.go has no row for %s: CONTRIBUTING.md, \"Add a source\", says what it holds", name)
	}
	return facts
}

// TestEverySourceHasFacts finds a source whose row in allFacts is missing or incomplete, or that has no documented example, and a row
// of a source that the provider does not have.
func TestEverySourceHasFacts(t *testing.T) {
	t.Parallel()
	found := schemas(t, provider.Options{})
	for name := range found {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			facts := factsOf(t, name)
			for what, there := range map[string]bool{
				"arguments": len(facts.arguments) > 0, "path": facts.path != "", "body": facts.body != "", "spoiled": facts.spoiled != "",
				"documented.config": facts.documented.config != "", "documented.want": len(facts.documented.want) > 0,
				"example.play": facts.example.play != nil, "example.title": facts.example.title != "", "example.reason": facts.example.reason != "",
			} {
				if !there {
					t.Errorf("the row of %s in sources_test.go has no %s", name, what)
				}
			}
			if !slices.Contains(recording.Documented(), "documented/"+name) {
				t.Errorf("internal/testutil/recording/cassettes/documented has no %s.yaml", name)
			}
		})
	}
	for name := range allFacts {
		if _, ok := found[name]; !ok {
			t.Errorf("sources_test.go has a row for %s, and the provider has no such source", name)
		}
	}
}

// badNews are the bad answers of all sources, by name.
var badNews = func() map[string]badAnswer {
	all := map[string]badAnswer{}
	for name, facts := range allFacts {
		all[name] = facts.badAnswer
	}
	return all
}()

// actionNames are the sources that are actions, too.
var actionNames = func() []string {
	var names []string
	made, _ := provider.New(provider.Options{})().(fwprovider.ProviderWithActions)
	for _, construct := range made.Actions(context.Background()) {
		var name action.MetadataResponse
		construct().Metadata(context.Background(), action.MetadataRequest{}, &name)
		names = append(names, name.TypeName)
	}
	slices.Sort(names)
	return names
}()

var withoutDetails = tftypes.NewValue(tftypes.Bool, false)

// playOrder plays the order of the published examples: with one instance of its only batch failed, or with none.
func playOrder(svc *cloudtest.Service, well bool) {
	ill := cloudtest.Failed(20, 1)
	ill.Log = logText
	svc.Order(exampleID).Now(pick(well, cloudtest.Finished(5), ill))
}

// pick gives one of two.
func pick[T any](well bool, good, bad T) T {
	if well {
		return good
	}
	return bad
}

// allFacts has a row for each source.
var allFacts = map[string]sourceFacts{
	"coc_script_order": {
		badAnswer: badAnswer{
			arguments: map[string]tftypes.Value{"execute_uuid": str(orderID), "failure_details": withoutDetails},
			path:      orderPath, body: `{"data":{"status":"ABNORMAL","gmt_created":1697946452186,"gmt_finished":1697946763469}}`,
			spoiled: `{"data":{"status":["FINISHED"]}}`,
		},
		example: publishedExample{
			play:   playOrder,
			title:  "COC script order " + exampleID + ": failed (ABNORMAL) after 5m11s, ended 2023-10-22T03:52:43Z; 20 of 21 instances finished, 1 failed",
			reason: "success-rate threshold 100%; failed hosts: ecs-21 (batch 1)",
		},
		sensitive: []string{"failed_instances.log", "properties.execute_param.script_params.param_value"},
		documented: documentedExample{
			config: `execute_uuid = "` + orderID + `"
				failure_details = false`,
			want: values{
				"id": text(orderID), "region": text("cn-north-4"), "project_id": null, "timeouts": null,
				"execute_uuid": text(orderID), "user_profile": null, "ignore_not_found": null, "exists": yes,
				"wait_for_completion": null, "poll_interval": null, "wait_through_pause": null, "continue_on_timeout": null,
				"completed": yes, "timed_out": no, "since": null, "failure_details": no, "log_tail_bytes": null,
				"outcome": text("canceled"), "succeeded": no,
				"summary":         text("COC script order SCT2023102211473xxxxxxxxxx: canceled (CANCELED) after 5m11s, ended 2023-10-22T03:52:43Z"),
				"report_markdown": text("### ❌ COC script order SCT2023102211473xxxxxxxxxx: canceled\n\nEnded 2023-10-22T03:52:43Z\n"),
				"counts":          null,
				"gmt_created":     number(1697946452186), "gmt_finished": number(1697946763469), "execute_costs": number(311282),
				"creator": text("xxxxxxxxxxxcontainer1"), "status": text("CANCELED"),
				"created_at": text("2023-10-22T03:47:32Z"), "finished_at": text("2023-10-22T03:52:43Z"),
				"duration_seconds": fraction(311.283), "failed_hosts": null, "failed_instances": null,
				"properties": object(values{
					"script_uuid": text("SC2023101717xxxxxxxxxxxxx"), "script_name": text("xjptxxxxxxxx"),
					"script_version_uuid": null, "script_version_name": null, "current_execute_batch_index": number(1),
					"script_source": text("CUSTOM_SCRIPT"),
					"execute_param": object(values{
						"resourceful": yes, "timeout": number(300), "execute_user": text("root"), "success_rate": fraction(100),
						"script_params": list(items{}),
					}),
				}),
			},
		},
	},
	"coc_script_order_statistics": {
		badAnswer: badAnswer{
			arguments: map[string]tftypes.Value{"execute_uuid": str(orderID)},
			path:      orderPath + "/statistics", body: statisticsBody(2, 1), spoiled: `{"data":{"total_instance":{}}}`,
		},
		example: publishedExample{
			play:   playOrder,
			title:  "Instances of COC script order " + exampleID + ": failed; 20 of 21 instances finished, 1 failed",
			reason: "failed batches: 1",
		},
		documented: documentedExample{
			config: `execute_uuid = "` + orderID + `"`,
			want: values{
				"id": text(orderID), "region": text("cn-north-4"), "project_id": null, "timeouts": null,
				"execute_uuid": text(orderID), "user_profile": null, "ignore_not_found": null, "exists": yes,
				"outcome": text("canceled"), "succeeded": no, "completed": yes,
				"summary": text("Instances of COC script order SCT2023102211473xxxxxxxxxx: canceled; 0 of 1 instance finished, " +
					"1 canceled; failed batches: 1"),
				"report_markdown": text("### ❌ Instances of COC script order SCT2023102211473xxxxxxxxxx: canceled\n" +
					"\n| state | count |\n| --- | --- |\n| finished | 0 |\n| failed | 0 |\n| canceled | 1 |\n| running | 0 |\n| waiting | 0 |\n"),
				"counts":         mapping(instanceCounts(map[string]int64{"CANCELED": 1})),
				"total_instance": number(1),
				"execute_statistics": list(items{
					statistic("READY", 0), statistic("PROCESSING", 0), statistic("ABNORMAL", 0), statistic("CANCELED", 1, 1),
					statistic("FINISHED", 0),
				}),
				"finished_count": number(0), "failed_count": number(1), "canceled_count": number(1), "unfinished_count": number(0),
				"success_rate": fraction(0), "failed_batch_indexes": list(items{number(1)}),
			},
		},
	},
	"coc_script_order_batch": {
		badAnswer: badAnswer{
			arguments: map[string]tftypes.Value{"execute_uuid": str(orderID), "batch_index": integer(1)},
			path:      orderPath + "/batches/1", body: batchBody(2, 1), spoiled: `{"data":{"total_instances":true}}`,
		},
		example: publishedExample{
			play:   playOrder,
			title:  "Batch 1 of COC script order " + exampleID + ": failed, ended 2023-10-22T03:52:43Z; 20 of 21 instances finished, 1 failed",
			reason: "failed hosts: ecs-21",
		},
		sensitive: []string{"execute_instances.message"},
		documented: documentedExample{
			config: `execute_uuid = "` + orderID + `"
				batch_index = 1`,
			want: values{
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
			},
		},
	},
	"dataarts_instance_status": {
		badAnswer: badAnswer{
			arguments: map[string]tftypes.Value{"project_id": str(projectID), "failure_details": withoutDetails},
			path:      overviewPath,
			body: `{"fail_count":1,"force_success_count":0,"freeze_count":0,"ignore_success_count":0,"manual_stop_count":0,"pause_count":0,` +
				`"running_count":0,"running_exception_count":0,"skip_count":0,"success_count":5,"waiting_confirm_count":0,` +
				`"waiting_count":0,"total_count":6}`,
			spoiled: `{"success_count":{"a":1}}`,
		},
		example: publishedExample{
			play: func(svc *cloudtest.Service, well bool) {
				svc.Workspace(workspaceID).Now(pick(well, cloudtest.Jobs(map[string]int{"success": 5}),
					cloudtest.Jobs(map[string]int{"success": 5, "fail": 2})))
			},
			title:  "DataArts job instances of workspace " + workspaceID,
			reason: "failed; 2 failed, 5 succeeded; failed jobs: job-1 (instance 1), job-2 (instance 2)",
		},
		sensitive: []string{"failed_jobs.error_message"},
		documented: documentedExample{
			config: `project_id = "` + projectID + `"
				is_own     = false
				query_days = "today"`,
			want: values{
				"id": text(projectID + "/-/today/false"), "region": text("cn-north-4"), "project_id": text(projectID), "timeouts": null,
				"workspace_id": null, "is_own": no, "query_days": text("today"),
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
			},
		},
	},
	"roma_fdi_task_statistics": {
		badAnswer: badAnswer{
			arguments: map[string]tftypes.Value{"project_id": str(projectID), "instance_id": str(instanceID), "failure_details": withoutDetails},
			path:      taskPath,
			body: `{"common_task_details":{"running_tasks_count":1,"abnormal_tasks_count":1,"terminated_tasks_count":0,` +
				`"completed_tasks_count":0},"cdc_task_details":null}`,
			spoiled: `{"common_task_details":[]}`,
		},
		example: publishedExample{
			play: func(svc *cloudtest.Service, well bool) {
				svc.Instance(instanceID).Now(pick(well, cloudtest.Tasks(nil, map[string]int{"running": 12}),
					cloudtest.Tasks(nil, map[string]int{"running": 12, "abnormal": 3})))
			},
			title:  "FDI tasks of ROMA Connect instance " + instanceID,
			says:   "were not healthy in time",
			reason: "3 abnormal, 12 running",
		},
		documented: documentedExample{
			config: `project_id      = "c53626012ba84727b938ca8bf03108ef"
				instance_id     = "` + instanceID + `"
				failure_details = false`,
			want: values{
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
			},
		},
	},
}
