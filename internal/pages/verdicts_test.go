package pages_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hwgate/terraform-provider-hwgate/internal/client"
	"github.com/hwgate/terraform-provider-hwgate/internal/gate"
)

// tableUnder has the cells of the rows of the first table under a heading, without its head.
func tableUnder(t *testing.T, page, heading string) [][]string {
	t.Helper()
	_, section, found := strings.Cut(page, "\n"+heading+"\n")
	section, _, _ = strings.Cut(section, "\n## ")
	var rows [][]string
	for line := range strings.Lines(section) {
		if !strings.HasPrefix(line, "|") {
			continue
		}
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		rows = append(rows, cells)
	}
	if !found || len(rows) < 3 {
		t.Fatalf("%s: there is no table", heading)
	}
	return rows[2:]
}

// aWord is a status that no version knows.
const aWord = "SKIPPED"

// situation is what COC says of an order in addition to its status, and what is read of it.
type situation struct {
	ended          bool
	threshold      *float64
	statistics     *client.ScriptOrderStatistics
	err            error
	withoutDetails bool
	// reads is how often the statistics are read; named reports that counts and failed hosts come of it.
	reads int
	named bool
}

// statuses counts instances of one batch, of which some failed.
func statuses(total, finished, failed, running int64) *client.ScriptOrderStatistics {
	row := func(status string, count int64) client.InstanceStatistic {
		return client.InstanceStatistic{InstanceStatus: &status, InstanceCount: &count, BatchIndexes: []int64{1}}
	}
	return &client.ScriptOrderStatistics{TotalInstance: &total, ExecuteStatistics: []client.InstanceStatistic{
		row("FINISHED", finished), row("ABNORMAL", failed), row("PROCESSING", running),
	}}
}

// orderSituations are those of the cells "statistics", each with and without a finishing time.
func orderSituations() map[string][]situation {
	failed := statuses(2, 1, 1, 0)
	both := func(one situation) []situation {
		end := one
		end.ended = true
		return []situation{one, end}
	}
	return map[string][]situation{
		"not read":                                 both(situation{statistics: failed}),
		"read for `counts` and `failed_hosts`":     both(situation{statistics: failed, reads: 1, named: true}),
		"not read, with `failure_details = false`": both(situation{withoutDetails: true, statistics: failed}),
		"no instance":                              both(situation{statistics: statuses(0, 0, 0, 0), reads: 1, named: true}),
		"read if the order has a finishing time": {
			{statistics: failed}, {ended: true, statistics: failed, reads: 1, named: true},
		},
		"as many finished as the order's success-rate threshold asks; without one from 1 to 100, all": slices.Concat(
			both(situation{threshold: new(50.0), statistics: failed, reads: 1, named: true}),
			both(situation{statistics: statuses(2, 2, 0, 0), reads: 1, named: true}),
			both(situation{threshold: new(0.5), statistics: statuses(2, 2, 0, 0), reads: 1, named: true}),
		),
		"cannot be read, do not add up, or contradict it: an instance has not ended, or too few finished": slices.Concat(
			both(situation{err: errors.New("no answer"), reads: 1}),
			both(situation{statistics: statuses(3, 1, 1, 0), reads: 1}),
			both(situation{threshold: new(50.0), statistics: statuses(2, 1, 0, 1), reads: 1}),
			both(situation{threshold: new(51.0), statistics: failed, reads: 1}),
			both(situation{threshold: new(0.5), statistics: failed, reads: 1}),
			both(situation{statistics: failed, reads: 1}),
		),
	}
}

// orderService answers as COC does in a situation.
type orderService struct {
	situation

	status string
	read   int
}

func (s *orderService) ScriptOrder(context.Context, client.Order) (*client.ScriptOrder, error) {
	order := &client.ScriptOrder{Status: &s.status, GmtCreated: new(int64(1693446986000))}
	if s.ended {
		order.GmtFinished = new(int64(1693447297283))
	}
	if s.threshold != nil {
		order.Properties = &client.ScriptOrderProperties{ExecuteParam: &client.ScriptExecuteParam{SuccessRate: s.threshold}}
	}
	return order, nil
}

func (s *orderService) ScriptOrderStatistics(context.Context, client.Order) (*client.ScriptOrderStatistics, error) {
	s.read++
	return s.statistics, s.err
}

func (s *orderService) ScriptOrderBatch(context.Context, client.Batch) (*client.ScriptOrderBatch, error) {
	list := &client.ScriptOrderBatch{TotalInstances: s.statistics.TotalInstance}
	for _, row := range s.statistics.ExecuteStatistics {
		for range *row.InstanceCount {
			list.ExecuteInstances = append(list.ExecuteInstances, client.Instance{Status: row.InstanceStatus})
		}
	}
	return list, nil
}

// judge reads the order once, or waits for it.
func (s *orderService) judge(ctx context.Context, t *testing.T, wait *gate.Wait) *gate.OrderReport {
	t.Helper()
	report, err := gate.ReadOrder(ctx, s, gate.OrderRequest{
		// An order of the last ten minutes may be counted late. This one is older on the clock of synctest, too.
		Order: client.Order{ExecuteUUID: "SCT1999083109562601af694bf"}, Details: !s.withoutDetails, Wait: wait,
	})
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// TestVerdictsOnOrders holds each row of the table of the page to what the gate decides, and wants a row for each status that the gate
// knows. A gate that is built on a wrong row opens too early, or never.
func TestVerdictsOnOrders(t *testing.T) {
	t.Parallel()
	situations := orderSituations()
	// seen has the rows by status and situation; words has the statuses of all rows.
	seen, words := map[string]bool{}, map[string]bool{}
	used := map[string]bool{}
	page := readPage(t, "docs/data-sources/coc_script_order.md")
	if !strings.Contains(page, "\nA wait that times out reads the statistics for its message.\n") {
		t.Error("the page does not say when else the statistics are read")
	}
	for _, cells := range tableUnder(t, page, "## From the status to the verdict") {
		row := strings.Join(cells, " | ")
		verdict, addition, _ := strings.Cut(cells[2], "; ")
		listed, outcomes := strings.Split(cells[0], ", "), codeSpan.FindAllString(verdict, -1)
		if situations[cells[1]] == nil || (len(outcomes) != 1 && len(outcomes) != len(listed)) {
			t.Errorf("nothing can be said of the row %s", row)
			continue
		}
		used[cells[1]] = true
		for i, word := range listed {
			if seen[word+cells[1]] {
				t.Errorf("%s stands there twice: %s", word, row)
			}
			seen[word+cells[1]], words[word] = true, true
			status := word
			if word == "a new word" {
				status = aWord
			}
			for _, at := range situations[cells[1]] {
				service := orderService{situation: at, status: status}
				got := service.judge(t.Context(), t, nil)
				completed := map[string]bool{"yes": true, "no": false, "if it has a finishing time": at.ended}
				if want, ok := completed[cells[3]]; !ok || got.Completed != want {
					t.Errorf("%s: completed is %t: %s", word, got.Completed, row)
				}
				if want := outcomes[min(i, len(outcomes)-1)]; "`"+string(got.Outcome)+"`" != want {
					t.Errorf("%s: the outcome is %s (%s): %s", word, got.Outcome, got.Summary, row)
				}
				named := got.Counts != nil && got.Failures != nil
				if service.read != at.reads || named != at.named || !named && (got.Counts != nil || got.Failures != nil) {
					t.Errorf("%s: statistics are read %d times, counts %v, failed hosts %v: %s", word, service.read, got.Counts, got.Failures, row)
				}
				if newWord := got.DoubtKind == gate.NewWord; newWord != (status == aWord) {
					t.Errorf("%s: known to the gate: %t", word, !newWord)
				}
				checkWait(t, at, status, addition, row)
			}
		}
	}
	for _, status := range append(gate.OrderStatuses(), "a new word") {
		if !words[status] {
			t.Errorf("no row says what becomes of %s", status)
		}
	}
	for name := range situations {
		if !used[name] {
			t.Errorf("no row says what becomes of an order whose statistics are: %s", name)
		}
	}
}

// checkWait waits for an order of a row, and compares the wait with what the row adds to the outcome, and the page to the table.
func checkWait(t *testing.T, at situation, status, addition, row string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Minute)
		defer cancel()
		service, begin := orderService{situation: at, status: status}, time.Now()
		got := service.judge(ctx, t, &gate.Wait{Interval: gate.DefaultPollInterval})
		took := time.Since(begin)
		var fits bool
		switch {
		case got.Timeout != nil: // The statistics are then read once, as a sentence under the table says.
			fits = addition == "" && !got.Completed && service.read == 1
		case addition == "a wait reads them again for up to a minute":
			fits = service.read > 2 && took > 50*time.Second && took <= time.Minute
		default:
			fits = addition == "" && service.read == at.reads && took == 0
		}
		if !fits {
			t.Errorf("a wait for %s takes %s, and reads the statistics %d times: %s", status, took, service.read, row)
		}
	})
}
