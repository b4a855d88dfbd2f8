package provider_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/cloudtest"
)

func init() {
	allFacts["coc_script_order"] = sourceFacts{
		example: cloudtest.Examples["coc_script_order"],
		badAnswer: badAnswer{
			arguments: map[string]tftypes.Value{"execute_uuid": str(orderID), "failure_details": withoutDetails},
			path:      orderPath, body: `{"data":{"status":"ABNORMAL","gmt_created":1697946452186,"gmt_finished":1697946763469}}`,
			spoiled: `{"data":{"status":["FINISHED"]}}`,
		},
		sensitive: []string{"failed_instances.log", "properties.execute_param.script_params.param_value"},
	}
}

// TestCOCScriptOrderDocumented reads the recorded example of the API's page.
func TestCOCScriptOrderDocumented(t *testing.T) {
	t.Parallel()
	testDocumented(t, "coc_script_order", `execute_uuid = "`+orderID+`"
				failure_details = false`, values{
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
	})
}

// TestCOCScriptOrderFields reads an answer with every field of the API's page.
func TestCOCScriptOrderFields(t *testing.T) {
	t.Parallel()
	svc := newService(t)
	always(svc, map[string]string{
		orderPath: `{"data": {
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
		orderPath + "/statistics": `{"data": {"total_instance": 3, "execute_statistics": [
			{"instance_status": "FINISHED", "instance_count": 2, "batch_indexes": [1, 2]},
			{"instance_status": "ABNORMAL", "instance_count": "1", "batch_indexes": ["2"]}]}}`,
		orderPath + "/batches/2?limit=50": `{"data": {"batch_index": 2, "total_instances": 1, "execute_instances": [
			{"id": 9, "status": "ABNORMAL", "gmt_created": 1697946452000, "gmt_finished": 1697946453500, "message": "0123456789",
				"target_instance": {"resource_id": "res-9", "properties": {"fixed_ip": "192.0.2.9"}}}]}}`,
	})
	step := applies("coc_script_order", `
			execute_uuid        = "`+orderID+`"
			project_id          = "`+projectID+`"
			user_profile        = "profile-1"
			wait_for_completion = true
			poll_interval       = "2s"
			wait_through_pause  = true
			continue_on_timeout = true
			ignore_not_found    = true
			log_tail_bytes      = 4
			timeouts { read = "1m" }`, values{
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
	})
	for _, path := range []tfjsonpath.Path{
		tfjsonpath.New("failed_instances").AtSliceIndex(0).AtMapKey("log"),
		tfjsonpath.New("properties").AtMapKey("execute_param").AtMapKey("script_params").AtSliceIndex(0).AtMapKey("param_value"),
	} {
		step.ConfigStateChecks = append(step.ConfigStateChecks, statecheck.ExpectSensitiveValue("data.coc_script_order.test", path))
	}
	accept(t, svc, step)
	checkHeaders(t, svc, orderPath, map[string]string{"X-Language": "en-us", "X-Project-Id": projectID, "X-User-Profile": "profile-1"})
}

// TestCOCScriptOrderErrors holds failed reads to their words: what failed, what came back, and what to do.
func TestCOCScriptOrderErrors(t *testing.T) {
	t.Parallel()
	testErrors(t, "coc_script_order", `execute_uuid = "`+orderID+`"`, orderPath, map[string]failedRead{
		"order not found": {
			answer: cloudtest.Answer{Status: 400, Body: `{"error_code":"COC.00040709","error_msg":"The script order does not exist."}`,
				Header: http.Header{"X-Request-Id": {"req-1"}}},
			says: []string{
				"Error: Cannot read COC script order " + orderID,
				"HTTP 400 Bad Request: COC.00040709: The script order does not exist. (request id req-1).",
				"set ignore_not_found = true. If this blocks a destroy, run it with -refresh=false.",
			},
		},
		"no permission for COC": {
			answer: cloudtest.Answer{Status: 403, Body: `{"error_code":"APIGW.0302","error_msg":"User is not authorized to perform: coc:job:get",` +
				`"request_id":"req-2","encoded_authorization_message":"QUJD"}`},
			says: []string{
				"HTTP 403 Forbidden: APIGW.0302: User is not authorized to perform: coc:job:get (request id req-2).",
				"Grant the caller the permission coc:job:get;",
			},
		},
		"bad token": {
			answer: cloudtest.Answer{Status: 401, Body: `{"error_code":"APIGW.0301","error_msg":"Incorrect IAM authentication information: ` +
				`verify aksk signature fail","request_id":"req-3"}`},
			says: []string{
				"HTTP 401 Unauthorized: APIGW.0301: Incorrect IAM authentication information: verify aksk signature fail",
				"Authenticated with access key …0001 (environment).",
				"this machine's clock (15 minutes off are too many); a temporary key needs its security token too.",
			},
		},
		"malformed body": {
			answer: cloudtest.Answer{Body: `{"data":{"status":{"is":"an object"}}}`},
			says: []string{
				"malformed answer: data.status is an object, wanted a string.",
				"Something other than the API answered, or the API has changed.",
			},
		},
		"an HTML page with status 200": {
			answer: cloudtest.Answer{Body: "<html><head><title>Log in</title></head></html>"},
			says:   []string{"HTTP 200 OK: HTML page \"Log in\", 47 bytes: malformed answer: not a JSON object."},
		},
		"an empty body": {
			answer: cloudtest.Answer{},
			says:   []string{"HTTP 200 OK: empty body: malformed answer: not a JSON object."},
		},
		"an error in a 200": {
			answer: cloudtest.Answer{Body: `{"error_code":"COC.00010002","error_msg":"Invalid parameters."}`},
			says:   []string{"HTTP 200 OK: COC.00010002: Invalid parameters."},
		},
		"another order": {
			answer: cloudtest.Answer{Body: `{"data":{"execute_uuid":"SCT1","status":"FINISHED"}}`},
			says:   []string{"malformed answer: data.execute_uuid is not the one that was asked for."},
		},
		"wrong host": {
			answer: cloudtest.Answer{Status: 404, Body: `{"error_msg":"The API does not exist","error_code":"APIGW.0101","request_id":"req-4"}`},
			says:   []string{"The host of COC follows the site of the account, not the region: correct cloud, or set endpoints.coc"},
		},
		"a redirect": {
			answer: cloudtest.Answer{Status: 302, Header: http.Header{"Location": {"https://login.example.com/"}}},
			says:   []string{"the answer is a redirect to https://login.example.com/, which is never followed"},
		},
	})
}

// TestCOCScriptOrderNotFound reads what is gone as data.
func TestCOCScriptOrderNotFound(t *testing.T) {
	t.Parallel()
	svc := newService(t)
	svc.Order(orderID).Then(cloudtest.NotFound)
	accept(t, svc, applies("coc_script_order", `execute_uuid = "`+orderID+`"
		ignore_not_found = true`, values{
		"exists": no, "succeeded": no, "completed": no, "outcome": text("not_found"), "counts": null,
		"status": null, "properties": null, "timed_out": no,
		"summary": text("COC script order " + orderID + ": not_found, COC does not know the order"),
	}))
}

// TestCOCScriptOrderArguments refuses at plan time what can never be right.
func TestCOCScriptOrderArguments(t *testing.T) {
	t.Parallel()
	orderWith := func(argument string) string { return `execute_uuid = "` + orderID + "\"\n" + argument }
	testArguments(t, "coc_script_order", map[string]badArgument{
		"empty_order":        {`execute_uuid = ""`, `The value of execute_uuid cannot be used: it is empty.`},
		"order_with_a_slash": {`execute_uuid = "a/../b"`, `The value of execute_uuid cannot be used: "a/../b" given, wanted 1 to 64`},
		"order_too_long":     {`execute_uuid = "` + strings.Repeat("a", 65) + `"`, `has 65 characters, wanted 1 to 64 letters, digits`},
		"profile":            {orderWith(`user_profile = "a\nb"`), `The value of user_profile cannot be used: "a\nb" holds a line break, wanted printable`},
		"region":             {orderWith(`region = "cn-north-4.example.com"`), `The value of region cannot be used: "cn-north-4.example.com" given, wanted a region`},
		"empty_region":       {orderWith(`region = ""`), `The value of region cannot be used: it is empty.`},
		"project":            {orderWith(`project_id = "../x"`), `The value of project_id cannot be used`},
		"interval_too_short": {orderWith(`poll_interval = "900ms"`), `The value of poll_interval cannot be used: "900ms" given, wanted a duration from 1s to 5m.`},
		"interval_too_long":  {orderWith(`poll_interval = "6m"`), `The value of poll_interval cannot be used`},
		"interval_no_number": {orderWith(`poll_interval = "soon"`), `The value of poll_interval cannot be used`},
		"log_tail":           {orderWith(`log_tail_bytes = -2`), `The value of log_tail_bytes cannot be used: -2 is less than -1.`},
		"timeout_zero":       {orderWith(`timeouts { read = "0s" }`), `The value of timeouts.read cannot be used: "0s" given, wanted a duration above zero`},
		"timeout_no_number":  {orderWith(`timeouts { read = "long" }`), `"long" given, wanted a duration above zero, such as 10m`},
		"misspelt":           {orderWith(`wait_for_complet = true`), `An argument named "wait_for_complet" is not expected here.`},
	})
}
