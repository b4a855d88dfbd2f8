package gate

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/hwgate/terraform-provider-hwgate/internal/client"
)

// tableRow is a status word and how often it was counted; nil is what the answer left out.
type tableRow struct {
	word  *string
	count *int64
}

// naive follows the table of outcomes for instances word by word, with numbers that cannot overflow.
type naive struct {
	outcome   Outcome
	completed bool
	// trusted says that the counts are good to show.
	trusted                                bool
	finished, failed, canceled, unfinished int64
}

func judgeNaively(total *int64, filtered bool, rows []tableRow) naive {
	if filtered || total == nil || *total < 0 {
		return naive{outcome: "unknown"}
	}
	sum, by := new(big.Int), map[string]int64{}
	for _, row := range rows {
		if row.word == nil || *row.word == "" || row.count == nil || *row.count < 0 {
			return naive{outcome: "unknown"}
		}
		sum.Add(sum, big.NewInt(*row.count))
		by[*row.word] += *row.count
	}
	if sum.Cmp(big.NewInt(*total)) != 0 {
		return naive{outcome: "unknown"}
	}
	n := naive{
		trusted: true, finished: by["FINISHED"], canceled: by["CANCELED"],
		failed: by["ABNORMAL"] + by["ERROR"] + by["ROLLBACKED"] + by["ROLLED BACK"] + by["CANCELED"],
	}
	n.unfinished = *total - n.finished - n.failed
	known := []string{"READY", "PROCESSING", "ABNORMAL", "ERROR", "CANCELED", "FINISHED", "ROLLBACKED", "ROLLED BACK"}
	for word := range by {
		if !slices.Contains(known, word) {
			n.outcome = "unknown"
			return n
		}
	}
	switch {
	case *total == 0:
		n.outcome = "empty"
	case n.unfinished > 0 && by["PROCESSING"] == 0:
		n.outcome = "pending"
	case n.unfinished > 0:
		n.outcome = "running"
	case n.failed > 0 && n.failed == n.canceled:
		n.outcome, n.completed = "canceled", true
	case n.failed > 0:
		n.outcome, n.completed = "failed", true
	default:
		n.outcome, n.completed = "succeeded", true
	}
	return n
}

// compare holds a verdict to the naive one, and to the one sentence that matters most.
func (n naive) compare(got Report, counted *Tally, total *int64, filtered bool, rows []tableRow) string {
	if got.Outcome != n.outcome || got.Completed != n.completed {
		return fmt.Sprintf("outcome %s, completed %t; want %s, %t", got.Outcome, got.Completed, n.outcome, n.completed)
	}
	if got.Good() != got.Succeeded() {
		return fmt.Sprintf("outcome %s, good %t", got.Outcome, got.Good())
	}
	if got.Succeeded() {
		green := total != nil && *total > 0 && !filtered && got.Completed
		for _, row := range rows {
			green = green && row.word != nil && row.count != nil && (*row.word == "FINISHED" || *row.count == 0)
		}
		if !green {
			return "succeeded although not all are FINISHED, complete, unfiltered and more than none"
		}
	}
	if (got.Doubt != "") != (n.outcome == "unknown") {
		return fmt.Sprintf("outcome %s with the doubt %q", got.Outcome, got.Doubt)
	}
	if (counted != nil) != n.trusted || (got.Counts != nil) != n.trusted {
		return fmt.Sprintf("counts shown: %t; want %t", counted != nil, n.trusted)
	}
	if fault := harmless(got.Summary); fault != "" {
		return fmt.Sprintf("the summary has %s: %q", fault, got.Summary)
	}
	if !n.trusted {
		return ""
	}
	want := Tally{Total: *total, Finished: n.finished, Failed: n.failed, Canceled: n.canceled, Unfinished: n.unfinished}
	if *total > 0 {
		want.SuccessRate = 100 * float64(n.finished) / float64(*total)
	}
	tally := *counted
	tally.FailedBatchIndexes = nil
	var sum int64
	for _, count := range got.Counts {
		sum += count
	}
	if sum != *total {
		return fmt.Sprintf("the counts add up to %d, want %d", sum, *total)
	}
	return cmp.Diff(want, tally, cmpopts.IgnoreUnexported(Tally{}))
}

func pick[T any](random *rand.Rand, from ...T) T { return from[random.IntN(len(from))] }

// someRows makes statistics of which every outcome has its share: words are few and mostly known, sums mostly right.
func someRows(random *rand.Rand) (total *int64, rows []tableRow) {
	words := pick(random,
		[]string{"FINISHED"}, []string{"READY"}, []string{"CANCELED", "FINISHED"},
		[]string{"READY", "PROCESSING", "FINISHED"}, []string{"FINISHED", "ABNORMAL", "ERROR", "ROLLBACKED", "ROLLED BACK", "CANCELED"},
		[]string{"FINISHED", "READY", "PROCESSING", "ABNORMAL", "CANCELED", "PAUSED", "finished", "\x1bFINISHED", ""},
	)
	var sum int64
	for range random.IntN(5) {
		row := tableRow{new(pick(random, words...)), new(random.Int64N(4))}
		switch random.IntN(30) {
		case 0:
			row.word = nil
		case 1:
			row.count = nil
		case 2:
			row.count = new(-1 - random.Int64N(3))
		case 3:
			row.count = new(math.MaxInt64 - random.Int64N(3))
		}
		if row.count != nil {
			sum += *row.count // May wrap around: the oracle does not use it.
		}
		rows = append(rows, row)
	}
	total = pick(random, &sum, &sum, &sum, &sum, &sum, nil, new(sum+1), new(sum-1), new(int64(0)), new(random.Int64()))
	return total, rows
}

func statisticsOf(total *int64, rows []tableRow) *client.ScriptOrderStatistics {
	made := &client.ScriptOrderStatistics{TotalInstance: total}
	for _, row := range rows {
		made.ExecuteStatistics = append(made.ExecuteStatistics,
			client.InstanceStatistic{InstanceStatus: row.word, InstanceCount: row.count, BatchIndexes: []int64{1}})
	}
	return made
}

func readStatistics(t *testing.T, statistics *client.ScriptOrderStatistics) *StatisticsReport {
	t.Helper()
	report, err := ReadStatistics(t.Context(), &coc{statistics: always(statistics)}, theOrder, false)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func readBatch(t *testing.T, asked client.Batch, listed *client.ScriptOrderBatch) *BatchReport {
	t.Helper()
	service := &coc{batches: map[int64]*client.ScriptOrderBatch{asked.BatchIndex: listed}}
	report, err := ReadBatch(t.Context(), service, BatchRequest{Batch: asked})
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// Statistics follow the table of outcomes, whatever they hold.
func TestStatisticsFollowTheTable(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	met := map[Outcome]int{}
	for range 10_000 {
		total, rows := someRows(random)
		got, want := readStatistics(t, statisticsOf(total, rows)), judgeNaively(total, false, rows)
		met[want.outcome]++
		if diff := want.compare(got.Report, got.Tally, total, false, rows); diff != "" {
			t.Fatalf("%s\nfor %s", diff, describe(total, rows))
		}
	}
	requireAllMet(t, met, "pending", "running", "succeeded", "failed", "canceled", "empty", "unknown")
}

// Batches follow the table of outcomes, whatever they hold.
func TestBatchesFollowTheTable(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 4))
	met := map[Outcome]int{}
	for range 10_000 {
		total, rows := someRows(random)
		asked := client.Batch{Order: client.Order{ExecuteUUID: orderID}, BatchIndex: 1}
		if random.IntN(8) == 0 {
			asked.Status = pick(random, "FINISHED", "ABNORMAL", "")
			asked.Marker = pick(random, int64(0), 1, math.MaxInt64)
		}
		filtered := asked.Status != "" || asked.Marker != 0
		// Each row is as many instances as it counts, as far as there can be so many.
		listed, listing := []client.Instance{}, []tableRow{}
		for _, row := range rows {
			if row.count == nil || *row.count < 0 || *row.count > 10 {
				continue
			}
			for range *row.count {
				listed = append(listed, client.Instance{ID: new(int64(len(listed) + 1)), Status: row.word})
				listing = append(listing, tableRow{row.word, new(int64(1))})
			}
		}
		got := readBatch(t, asked, &client.ScriptOrderBatch{TotalInstances: total, ExecuteInstances: listed})
		want := judgeNaively(total, filtered, listing)
		met[want.outcome]++
		if diff := want.compare(got.Report, got.Tally, total, filtered, listing); diff != "" {
			t.Fatalf("%s\nfor %s, filtered %t", diff, describe(total, listing), filtered)
		}
		if (got.FailedHosts != nil) != want.trusted || int64(len(got.FailedHosts)) != want.failed {
			t.Fatalf("failed hosts %v, want %d of them\nfor %s", got.FailedHosts, want.failed, describe(total, listing))
		}
	}
	requireAllMet(t, met, "pending", "running", "succeeded", "failed", "canceled", "empty", "unknown")
}

// requireAllMet guards the generator: a property that was hardly tried proves nothing.
func requireAllMet(t *testing.T, met map[Outcome]int, outcomes ...Outcome) {
	t.Helper()
	for _, outcome := range outcomes {
		if met[outcome] < 100 {
			t.Errorf("only %d of the inputs were %s", met[outcome], outcome)
		}
	}
}

func describe(total *int64, rows []tableRow) string {
	var b strings.Builder
	if total != nil {
		fmt.Fprintf(&b, "total %d", *total)
	}
	for _, row := range rows {
		word, count := "nil", "nil"
		if row.word != nil {
			word = strconv.Quote(*row.word)
		}
		if row.count != nil {
			count = strconv.FormatInt(*row.count, 10)
		}
		b.WriteString(", " + word + " " + count)
	}
	return b.String()
}

// A word that is there once or never is the hardest to get wrong by chance, so the words are the fuzzer's.
func FuzzJudgeStatistics(f *testing.F) {
	f.Add("FINISHED", int64(2), "FINISHED", int64(3), int64(5), true)
	f.Add("FINISHED", int64(2), "ABNORMAL", int64(3), int64(5), true)
	f.Add("ROLLED BACK", int64(0), "\x1b[31m", int64(-1), int64(0), false)
	f.Add("FINISHED", int64(math.MaxInt64), "CANCELED", int64(math.MaxInt64), int64(-2), true)
	f.Fuzz(func(t *testing.T, word1 string, count1 int64, word2 string, count2, total int64, hasTotal bool) {
		rows := []tableRow{{&word1, &count1}, {&word2, &count2}}
		announced := &total
		if !hasTotal {
			announced = nil
		}
		got, want := readStatistics(t, statisticsOf(announced, rows)), judgeNaively(announced, false, rows)
		if diff := want.compare(got.Report, got.Tally, announced, false, rows); diff != "" {
			t.Errorf("%s\nfor %s", diff, describe(announced, rows))
		}
	})
}

// Batches follow the table whatever their words, filters and names are.
func FuzzJudgeBatch(f *testing.F) {
	f.Add("FINISHED", "FINISHED", int64(2), "", int64(0), "ecs-web-1")
	f.Add("FINISHED", "ROLLED BACK", int64(2), "", int64(0), "\x1b]0;title\a")
	f.Add("FINISHED", "FINISHED", int64(2), "FINISHED", int64(0), "")
	f.Add("FINISHED", "FINISHED", int64(2), "", int64(1), "\xff")
	f.Fuzz(func(t *testing.T, status1, status2 string, total int64, filter string, marker int64, name string) {
		rows := []tableRow{{&status1, new(int64(1))}, {&status2, new(int64(1))}}
		listed := batch(total, status1, status2)
		listed.ExecuteInstances[0].TargetInstance = host(name)
		filtered := filter != "" || marker != 0
		got := readBatch(t, client.Batch{BatchIndex: 1, Status: filter, Marker: marker}, listed)
		if diff := judgeNaively(&total, filtered, rows).compare(got.Report, got.Tally, &total, filtered, rows); diff != "" {
			t.Errorf("%s\nfor %s, filtered %t", diff, describe(&total, rows), filtered)
		}
	})
}
