package provider_test

import (
	"cmp"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hwgate/terraform-provider-hwgate/internal/provider"
	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/cloudtest"
)

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
	together(t, allFacts, func(t *testing.T, name string, facts sourceFacts) {
		t.Helper()
		// The test has no minutes to wait. What ends well ends by itself, however busy the machine is.
		example := strings.ReplaceAll(readExample(t, "data-sources", name, "data-source.tf"), `= "3m"`, "= \"1s\"\n  poll_interval = \"1s\"")
		well, ill := newCloud(t), newCloud(t)
		facts.example.play(well.Service, true)
		facts.example.play(ill.Service, false)
		settings := `project_id = "` + projectID + `"`
		applies(t, well.header(settings)+example)
		fails(t, ill.header(settings)+strings.ReplaceAll(example, `"10m"`, `"10s"`),
			cmp.Or(facts.example.says, "Resource postcondition failed"), facts.example.title, facts.example.reason)
	})
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
