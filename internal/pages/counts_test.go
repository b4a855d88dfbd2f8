package pages_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hwgate/terraform-provider-hwgate/internal/client"
	"github.com/hwgate/terraform-provider-hwgate/internal/gate"
)

// counted are the words that the page of a data source says a count adds up, in its first sentence.
func counted(t *testing.T, source, count string) []string {
	t.Helper()
	line := regexp.MustCompile("(?m)^- `" + count + "` \\(Number\\) ([^.]*)\\.").FindStringSubmatch(readPage(t, "docs/data-sources/"+source+".md"))
	if line == nil {
		t.Fatalf("%s: nothing is said of %s", source, count)
	}
	var words []string
	for _, word := range regexp.MustCompile("`([a-z_]+)_count`|\\b([A-Z]{2,})\\b").FindAllStringSubmatch(line[1], -1) {
		words = append(words, word[1]+word[2])
	}
	return words
}

// TestCountsOfStates holds the words that the pages add up to a count to those that the gate adds up.
func TestCountsOfStates(t *testing.T) {
	t.Parallel()
	for _, state := range gate.JobStates() {
		report := comparison{after: map[string]int64{state: 1}}.judge(t.Context(), t, nil)
		for count, got := range map[string]int64{
			"failed_count": report.Tally.Failed, "unfinished_count": report.Tally.Unfinished, "overridden_count": report.Tally.Overridden,
		} {
			if in := slices.Contains(counted(t, "dataarts_instance_status", count), state); in != (got == 1) {
				t.Errorf("%s counts %d of %s, and the page names it: %t", count, got, state, in)
			}
		}
	}
	for _, status := range append(gate.OrderStatuses(), aWord) {
		one := client.InstanceStatistic{InstanceStatus: &status, InstanceCount: new(int64(1)), BatchIndexes: []int64{1}}
		service := &orderService{situation: situation{statistics: &client.ScriptOrderStatistics{
			TotalInstance: one.InstanceCount, ExecuteStatistics: []client.InstanceStatistic{one},
		}}}
		report, err := gate.ReadStatistics(t.Context(), service, client.Order{}, false)
		if err != nil {
			t.Fatal(err)
		}
		// Instances are counted in one spelling.
		word := strings.ReplaceAll(status, "ROLLED BACK", "ROLLBACKED")
		for count, got := range map[string]int64{
			"finished_count": report.Tally.Finished, "failed_count": report.Tally.Failed, "canceled_count": report.Tally.Canceled,
		} {
			for _, source := range []string{"coc_script_order_statistics", "coc_script_order_batch"} {
				if in := slices.Contains(counted(t, source, count), word); in != (got == 1) {
					t.Errorf("%s of %s counts %d of %s, and the page names it: %t", count, source, got, status, in)
				}
			}
		}
	}
}
