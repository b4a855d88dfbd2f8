package provider

import (
	"errors"
	"math/big"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/hwgate/terraform-provider-hwgate/internal/gate"
)

// TestTitlesNameTheObject reads the names of objects within a sentence and at its beginning.
func TestTitlesNameTheObject(t *testing.T) {
	t.Parallel()
	order := orderModel{ExecuteUUID: types.StringValue("SCT1")}
	batch := &scriptOrderBatchModel{orderModel: order, BatchIndex: types.NumberValue(big.NewFloat(2))}
	own := &instanceStatusModel{IsOwn: types.BoolValue(true)}
	failed := func(m model) func(f *form, diags *diag.Diagnostics) {
		return func(f *form, diags *diag.Diagnostics) { f.addReadError(m.objectName(), errors.New("x"), diags) }
	}
	for want, test := range map[string]struct {
		source source
		add    func(f *form, diags *diag.Diagnostics)
	}{
		"Cannot read batch 2 of COC script order SCT1":                            {scriptOrderBatch, failed(batch)},
		"Cannot read instances of COC script order SCT1":                          {scriptOrderStatistics, failed(&scriptOrderStatisticsModel{orderModel: order})},
		"Cannot read own DataArts job instances of the default workspace (today)": {instanceStatus, failed(own)},
		"Own DataArts job instances of the default workspace (today) did not end in time": {
			instanceStatus, func(f *form, diags *diag.Diagnostics) {
				f.addTimeout(own, &gate.Report{Timeout: &gate.Progress{}}, diags)
			},
		},
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			var diags diag.Diagnostics
			test.add(&form{source: test.source, kind: "data source", operation: "read"}, &diags)
			if len(diags) != 1 || diags[0].Summary() != want {
				t.Errorf("got %v", diags)
			}
		})
	}
}
