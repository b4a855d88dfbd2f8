package acceptance_test

import (
	"net/http"
	"testing"

	"github.com/hwgate/terraform-provider-hwgate/internal/provider"
	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/cloudtest"
)

func shownBy(t *testing.T, name string) cloudtest.Example {
	t.Helper()
	shown, ok := cloudtest.Examples[name]
	if !ok {
		t.Fatalf("cloudtest.Examples has no row for %s", name)
	}
	return shown
}

// showAll shows all that the examples read.
func showAll(svc *cloudtest.Service, good bool) {
	for _, shown := range cloudtest.Examples {
		shown.Show(svc, good)
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
