package provider_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/hwgate/terraform-provider-hwgate/internal/provider"
	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/cloudtest"
)

// TestMissingSettingsNameTheForm tells where region and project_id can be set: in the provider block, or in the form that asks.
func TestMissingSettingsNameTheForm(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		source    string
		arguments map[string]tftypes.Value
		settings  map[string]tftypes.Value
		before    string
		after     string
	}{
		"no region": {
			"coc_script_order", theOrder, map[string]tftypes.Value{},
			"No region is set. Set region in the provider block or the ", ", or the environment variable HW_REGION_NAME or OS_REGION_NAME.",
		},
		"no such project": {
			"roma_fdi_task_statistics", map[string]tftypes.Value{"instance_id": str("i-1")},
			map[string]tftypes.Value{"region": str("cn-north-4")},
			"Set project_id in the provider block or the ", ", or correct project_name or region.",
		},
		"an argument that COC refuses": {
			"coc_script_order", theOrder, map[string]tftypes.Value{"region": str("cn-north-4")},
			"set project_id in the provider block or the ", ".",
		},
	} {
		for form := range formsOf(test.source) {
			t.Run(name+"/"+form, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					svc := orders(t, cloudtest.Error(http.StatusBadRequest, "COC.00000001", "bad request"))
					svc.IAM().Then(&cloudtest.Account{})
					p := start(t, provider.Options{WrapTransport: svc.Transport}, keyed(test.settings))
					_, diagnostics := p.look(t.Context(), t, form, test.source, test.arguments)
					checkError(t, diagnostics, []string{test.before + form + test.after})
				})
			})
		}
	}
}

// TestSlowNamesCostAMinute looks at an order whose batches are never listed: its red comes after a minute, with one warning that does
// not send the reader to a time limit that is not over.
func TestSlowNamesCostAMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		svc := orders(t, cloudtest.Failed(1, 1))
		svc.At("/v1/job/script/orders/" + exampleID + "/batches/1?*").Then(silence)
		begun := time.Now()
		got, diagnostics := inMemory(t, svc).look(t.Context(), t, "data source", "coc_script_order", theOrder)
		if took := time.Since(begun).Round(time.Second); took != time.Minute {
			t.Errorf("it took %s", took)
		}
		if len(diagnostics) != 1 || failed(diagnostics) || textOf(t, got["outcome"]) != "failed" || !got["failed_hosts"].IsNull() {
			t.Fatalf("got %v and %s", got, shown(diagnostics))
		}
		told := shown(diagnostics)
		if !strings.Contains(told, "within a minute") || !strings.Contains(told, "failure_details = false") || strings.Contains(told, "timeouts") {
			t.Errorf("the warning is %s", told)
		}
	})
}

// TestFilteredBatchIsNoNews warns of nothing when a part of a batch was asked for: the summary says what that proves.
func TestFilteredBatchIsNoNews(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		arguments := with(with(theOrder, "batch_index", integer(1)), "status", str("FINISHED"))
		got, diagnostics := inMemory(t, orders(t, cloudtest.Finished(1))).read(t.Context(), t, "coc_script_order_batch", arguments)
		if len(diagnostics) > 0 || textOf(t, got["outcome"]) != "unknown" || !strings.Contains(textOf(t, got["summary"]), "filtered") {
			t.Errorf("got %v and %s", got, shown(diagnostics))
		}
	})
}
