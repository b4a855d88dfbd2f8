package provider_test

import (
	"fmt"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/cloudtest"
)

func init() {
	allFacts["coc_script_order_statistics"] = sourceFacts{
		example: cloudtest.Examples["coc_script_order_statistics"],
		badAnswer: badAnswer{
			arguments: map[string]tftypes.Value{"execute_uuid": str(orderID)},
			path:      orderPath + "/statistics", body: statisticsBody(2, 1), spoiled: `{"data":{"total_instance":{}}}`,
		},
	}
}

// TestCOCScriptOrderStatisticsDocumented reads the recorded example of the API's page.
func TestCOCScriptOrderStatisticsDocumented(t *testing.T) {
	t.Parallel()
	testDocumented(t, "coc_script_order_statistics", `execute_uuid = "`+orderID+`"`, values{
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
	})
}

// TestCOCScriptOrderStatisticsFields reads an answer with every field of the API's page.
func TestCOCScriptOrderStatisticsFields(t *testing.T) {
	t.Parallel()
	svc := newService(t)
	always(svc, map[string]string{
		orderPath + "/statistics": `{"data": {"total_instance": 3, "execute_statistics": [
			{"instance_status": "FINISHED", "instance_count": 2, "batch_indexes": [1, 2]},
			{"instance_status": "ABNORMAL", "instance_count": "1", "batch_indexes": ["2"]}]}}`,
	})
	accept(t, svc, applies("coc_script_order_statistics", `execute_uuid = "`+orderID+`"`, values{
		"total_instance": number(3),
		"execute_statistics": list(items{
			statistic("FINISHED", 2, 1, 2), statistic("ABNORMAL", 1, 2),
		}),
		"failed_batch_indexes": list(items{number(2)}), "success_rate": fraction(200.0 / 3),
	}))

}

// TestCOCScriptOrderStatisticsNotFound reads what is gone as data.
func TestCOCScriptOrderStatisticsNotFound(t *testing.T) {
	t.Parallel()
	svc := newService(t)
	svc.Order(orderID).Then(cloudtest.NotFound)
	accept(t, svc, applies("coc_script_order_statistics", `execute_uuid = "`+orderID+`"
		ignore_not_found = true`, values{
		"exists": no, "succeeded": no, "completed": no, "outcome": text("not_found"), "counts": null,
	}))
}

// TestCOCScriptOrderStatisticsArguments refuses at plan time what can never be right.
func TestCOCScriptOrderStatisticsArguments(t *testing.T) {
	t.Parallel()
	testArguments(t, "coc_script_order_statistics", map[string]badArgument{
		"order": {`execute_uuid = "a b"`, `The value of execute_uuid cannot be used`},
	})
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

// TestCOCScriptOrderStatisticsErrors holds failed reads to their words.
func TestCOCScriptOrderStatisticsErrors(t *testing.T) {
	t.Parallel()
	testErrors(t, "coc_script_order_statistics", `execute_uuid = "`+orderID+`"`, orderPath+"/statistics", map[string]failedRead{
		"order not found": {
			answer: cloudtest.NotFound,
			says: []string{
				"Error: Cannot read instances of COC script order " + orderID, "HTTP 400 Bad Request: COC.00040709", "set ignore_not_found = true",
			},
		},
		"a count that is no number": {
			answer: cloudtest.Answer{Body: `{"data":{"total_instance":{}}}`},
			says:   []string{"malformed answer: data.total_instance is an object, wanted a whole number."},
		},
	})
}
