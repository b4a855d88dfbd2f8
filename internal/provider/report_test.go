package provider

import (
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
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

// TestUnreadFieldsAreCounted names ten fields that could not be read, and counts the others.
func TestUnreadFieldsAreCounted(t *testing.T) {
	t.Parallel()
	for count, end := range map[int]string{1: ": f. The API", 10: "; f. The API", 11: "; f, and 1 more. The API"} {
		var diags diag.Diagnostics
		addUnreadFields("it", slices.Repeat([]string{"f"}, count), &diags)
		if len(diags) != 1 || strings.Count(diags[0].Detail(), "f;")+1 != min(count, 10) || !strings.Contains(diags[0].Detail(), end) {
			t.Errorf("%d fields: %v, want %q in it", count, diags, end)
		}
	}
	var diags diag.Diagnostics
	addUnreadFields("it", nil, &diags)
	if len(diags) != 0 {
		t.Errorf("without a field: %v", diags)
	}
}

// TestUnreadDetailsEffect says what lacks the details: the attributes of a data source, the rest of a list, no verdict of an action.
func TestUnreadDetailsEffect(t *testing.T) {
	t.Parallel()
	for want, test := range map[string]struct {
		form     form
		culprits []string
	}{
		" So failed_jobs is null; everything else is complete.": {form{source: instanceStatus}, nil},
		" The verdict does not depend on them.":                 {form{source: instanceStatus, alwaysWaits: true}, nil},
		" The list is not complete.":                            {form{source: instanceStatus, alwaysWaits: true}, []string{"job"}},
	} {
		if got := test.form.unreadDetailsEffect(&gate.Report{Culprits: test.culprits}); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestAdviceOfWarnings says what to do about each kind of doubt, and about details that could not be read.
func TestAdviceOfWarnings(t *testing.T) {
	t.Parallel()
	for kind, want := range map[gate.DoubtKind]string{
		gate.NewWord: "for a newer version of hwgate.", gate.DayBorder: "how the runs of the day before ended.", gate.BadBaseline: "Take the baseline again",
		gate.TooOld: "Give the id of the order that was started later", gate.OtherDoubt: "Look at the raw fields, and at the service's console.",
		gate.NotStable: "Look at the raw fields, and at the service's console.",
	} {
		if got := doubtAdvice(kind); !strings.Contains(got, want) {
			t.Errorf("%d: %q, want %q in it", kind, got, want)
		}
	}
	for want, err := range map[string]error{
		"Look at the raw answers of the statistics and batches": fmt.Errorf("the statistics %w", gate.ErrUntrusted),
		"The verdict does not wait longer for them.":            fmt.Errorf("%w: x", gate.ErrDetailsTimeout),
		"Run again.": errors.New("x"),
	} {
		if got := (&form{source: scriptOrder}).unreadDetailsAdvice(err); !strings.HasPrefix(got, want) {
			t.Errorf("%v: %q, want %q first", err, got, want)
		}
	}
}
