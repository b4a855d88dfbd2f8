package gate_test

import (
	"fmt"
	"maps"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hwgate/terraform-provider-hwgate/internal/client"
	"github.com/hwgate/terraform-provider-hwgate/internal/gate"
)

func statistics(total int64, rows ...client.InstanceStatistic) *client.ScriptOrderStatistics {
	return &client.ScriptOrderStatistics{TotalInstance: &total, ExecuteStatistics: rows}
}

func row(status string, count int64, batches ...int64) client.InstanceStatistic {
	return client.InstanceStatistic{InstanceStatus: &status, InstanceCount: &count, BatchIndexes: batches}
}

// batch lists one instance for each status, on the hosts h1, h2 and so on.
func batch(total int64, statuses ...string) *client.ScriptOrderBatch {
	listed := &client.ScriptOrderBatch{TotalInstances: &total, ExecuteInstances: []client.Instance{}}
	for i, status := range statuses {
		listed.ExecuteInstances = append(listed.ExecuteInstances, client.Instance{
			ID: new(int64(i + 1)), Status: &status, TargetInstance: host("h" + strconv.Itoa(i+1)),
		})
	}
	return listed
}

func host(name string) *client.TargetInstance {
	return &client.TargetInstance{Properties: &client.TargetProperties{HostName: &name}}
}

// tallied is a verdict whose counts can be trusted; the words that it does not name count zero.
func tallied(outcome gate.Outcome, completed bool, summary string, counts map[string]int64, tally gate.Tally) gate.Instances {
	all := map[string]int64{"READY": 0, "PROCESSING": 0, "ABNORMAL": 0, "CANCELED": 0, "FINISHED": 0, "ROLLBACKED": 0}
	maps.Copy(all, counts)
	return gate.Instances{
		Verdict: gate.Verdict{Outcome: outcome, Completed: completed, Summary: summary, Counts: all}, Tally: &tally,
	}
}

func doubted(named, doubt string) gate.Instances {
	return gate.Instances{Verdict: gate.Verdict{Outcome: "unknown", Doubt: doubt, Summary: named + ": unknown; " + doubt}}
}

func TestJudgeStatistics(t *testing.T) {
	t.Parallel()
	const named = "Instances of COC script order " + orderID
	type counts = map[string]int64
	verdict := func(outcome gate.Outcome, completed bool, text string, counts counts, tally gate.Tally) gate.Instances {
		return tallied(outcome, completed, named+": "+string(outcome)+"; "+text, counts, tally)
	}
	newWord := func(word string, want gate.Instances) gate.Instances {
		want.Doubt = "status new to this version of the provider: " + word
		want.Summary = strings.Replace(want.Summary, "unknown; ", "unknown; "+want.Doubt+"; ", 1)
		return want
	}
	none := []int64{}
	for name, test := range map[string]struct {
		statistics *client.ScriptOrderStatistics
		want       gate.Instances
	}{
		"all FINISHED": {
			statistics(5, row("FINISHED", 5, 1, 2)),
			verdict("succeeded", true, "5 of 5 instances finished, 0 failed, 0 unfinished, success rate 100%",
				counts{"FINISHED": 5}, gate.Tally{Total: 5, Finished: 5, SuccessRate: 100, FailedBatchIndexes: none}),
		},
		"one FINISHED, zeros beside": {
			statistics(1, row("READY", 0), row("ABNORMAL", 0, 4), row("CANCELED", 0), row("FINISHED", 1, 1)),
			verdict("succeeded", true, "1 of 1 instances finished, 0 failed, 0 unfinished, success rate 100%",
				counts{"FINISHED": 1}, gate.Tally{Total: 1, Finished: 1, SuccessRate: 100, FailedBatchIndexes: none}),
		},
		"repeated rows": {
			statistics(9, row("FINISHED", 3, 1), row("FINISHED", 4, 2), row("ABNORMAL", 1, 2), row("ABNORMAL", 1, 1)),
			verdict("failed", true, "7 of 9 instances finished, 2 failed, 0 unfinished (ABNORMAL 2), success rate 77.7%; failed batches: 1, 2",
				counts{"FINISHED": 7, "ABNORMAL": 2},
				gate.Tally{Total: 9, Finished: 7, Failed: 2, SuccessRate: 700.0 / 9, FailedBatchIndexes: []int64{1, 2}}),
		},
		"some ABNORMAL": {
			statistics(5, row("FINISHED", 3, 1), row("ABNORMAL", 2, 1)),
			verdict("failed", true, "3 of 5 instances finished, 2 failed, 0 unfinished (ABNORMAL 2), success rate 60%; failed batches: 1",
				counts{"FINISHED": 3, "ABNORMAL": 2},
				gate.Tally{Total: 5, Finished: 3, Failed: 2, SuccessRate: 60, FailedBatchIndexes: []int64{1}}),
		},
		"ERROR": {
			statistics(1, row("ERROR", 1, 1)),
			verdict("failed", true, "0 of 1 instances finished, 1 failed, 0 unfinished (ERROR 1), success rate 0%; failed batches: 1",
				counts{"ERROR": 1}, gate.Tally{Total: 1, Failed: 1, FailedBatchIndexes: []int64{1}}),
		},
		"ROLLBACKED in both spellings": {
			statistics(3, row("ROLLBACKED", 1, 2), row("ROLLED BACK", 2, 1)),
			verdict("failed", true, "0 of 3 instances finished, 3 failed, 0 unfinished (ROLLBACKED 3), success rate 0%; failed batches: 1, 2",
				counts{"ROLLBACKED": 3}, gate.Tally{Total: 3, Failed: 3, FailedBatchIndexes: []int64{1, 2}}),
		},
		"all CANCELED": {
			statistics(2, row("CANCELED", 2, 1)),
			verdict("canceled", true, "0 of 2 instances finished, 2 failed, 0 unfinished (CANCELED 2), success rate 0%; failed batches: 1",
				counts{"CANCELED": 2}, gate.Tally{Total: 2, Failed: 2, Canceled: 2, FailedBatchIndexes: []int64{1}}),
		},
		"some CANCELED, the others FINISHED": {
			statistics(4, row("CANCELED", 1, 2), row("FINISHED", 3, 1, 2)),
			verdict("canceled", true, "3 of 4 instances finished, 1 failed, 0 unfinished (CANCELED 1), success rate 75%; failed batches: 2",
				counts{"CANCELED": 1, "FINISHED": 3},
				gate.Tally{Total: 4, Finished: 3, Failed: 1, Canceled: 1, SuccessRate: 75, FailedBatchIndexes: []int64{2}}),
		},
		"some CANCELED, some ABNORMAL": {
			statistics(4, row("CANCELED", 2, 2, 10, 3), row("ABNORMAL", 1, 3, 1), row("FINISHED", 1, 7)),
			verdict("failed", true,
				"1 of 4 instances finished, 3 failed, 0 unfinished (ABNORMAL 1, CANCELED 2), success rate 25%; failed batches: 1, 2, 3, 10",
				counts{"CANCELED": 2, "ABNORMAL": 1, "FINISHED": 1},
				gate.Tally{Total: 4, Finished: 1, Failed: 3, Canceled: 2, SuccessRate: 25, FailedBatchIndexes: []int64{1, 2, 3, 10}}),
		},
		"all READY": {
			statistics(2, row("READY", 2, 1)),
			verdict("pending", false, "0 of 2 instances finished, 0 failed, 2 unfinished (READY 2), success rate 0%",
				counts{"READY": 2}, gate.Tally{Total: 2, Unfinished: 2, FailedBatchIndexes: none}),
		},
		"unfinished are READY, others failed and finished": {
			statistics(3, row("READY", 1, 2), row("ABNORMAL", 1, 1), row("FINISHED", 1, 1)),
			verdict("pending", false,
				"1 of 3 instances finished, 1 failed, 1 unfinished (ABNORMAL 1, READY 1), success rate 33.3%; failed batches: 1",
				counts{"READY": 1, "ABNORMAL": 1, "FINISHED": 1},
				gate.Tally{Total: 3, Finished: 1, Failed: 1, Unfinished: 1, SuccessRate: 100.0 / 3, FailedBatchIndexes: []int64{1}}),
		},
		"READY and PROCESSING": {
			statistics(3, row("READY", 2, 2), row("PROCESSING", 1, 1)),
			verdict("running", false, "0 of 3 instances finished, 0 failed, 3 unfinished (PROCESSING 1, READY 2), success rate 0%",
				counts{"READY": 2, "PROCESSING": 1}, gate.Tally{Total: 3, Unfinished: 3, FailedBatchIndexes: none}),
		},
		"PROCESSING beside FINISHED": {
			statistics(3, row("FINISHED", 2, 1), row("PROCESSING", 1, 1)),
			verdict("running", false, "2 of 3 instances finished, 0 failed, 1 unfinished (PROCESSING 1), success rate 66.6%",
				counts{"FINISHED": 2, "PROCESSING": 1},
				gate.Tally{Total: 3, Finished: 2, Unfinished: 1, SuccessRate: 200.0 / 3, FailedBatchIndexes: none}),
		},
		"almost all FINISHED is never worded as all": {
			statistics(10000, row("FINISHED", 9999, 1), row("ABNORMAL", 1, 1)),
			verdict("failed", true,
				"9999 of 10000 instances finished, 1 failed, 0 unfinished (ABNORMAL 1), success rate 99.9%; failed batches: 1",
				counts{"FINISHED": 9999, "ABNORMAL": 1},
				gate.Tally{Total: 10000, Finished: 9999, Failed: 1, SuccessRate: 99.99, FailedBatchIndexes: []int64{1}}),
		},
		"new word": {
			statistics(3, row("FINISHED", 2, 1), row("SKIPPED", 1, 1)),
			newWord("SKIPPED", verdict("unknown", false,
				"2 of 3 instances finished, 0 failed, 1 unfinished (SKIPPED 1), success rate 66.6%",
				counts{"FINISHED": 2, "SKIPPED": 1},
				gate.Tally{Total: 3, Finished: 2, Unfinished: 1, SuccessRate: 200.0 / 3, FailedBatchIndexes: none})),
		},
		"new word that counts nothing": {
			statistics(2, row("FINISHED", 2, 1), row("SKIPPED", 0)),
			newWord("SKIPPED", verdict("unknown", false, "2 of 2 instances finished, 0 failed, 0 unfinished, success rate 100%",
				counts{"FINISHED": 2, "SKIPPED": 0}, gate.Tally{Total: 2, Finished: 2, SuccessRate: 100, FailedBatchIndexes: none})),
		},
		"PAUSED is a word for orders only": {
			statistics(1, row("PAUSED", 1, 1)),
			newWord("PAUSED", verdict("unknown", false, "0 of 1 instances finished, 0 failed, 1 unfinished (PAUSED 1), success rate 0%",
				counts{"PAUSED": 1}, gate.Tally{Total: 1, Unfinished: 1, FailedBatchIndexes: none})),
		},
		"new words are sorted": {
			statistics(3, row("ZAPPED", 1, 1), row("finished", 1, 1), row("SKIPPED", 1, 1)),
			newWord("SKIPPED, ZAPPED, finished", verdict("unknown", false,
				"0 of 3 instances finished, 0 failed, 3 unfinished (SKIPPED 1, ZAPPED 1, finished 1), success rate 0%",
				counts{"SKIPPED": 1, "ZAPPED": 1, "finished": 1}, gate.Tally{Total: 3, Unfinished: 3, FailedBatchIndexes: none})),
		},
		"nothing ran": {
			statistics(0),
			verdict("empty", false, "no instances", nil, gate.Tally{FailedBatchIndexes: none}),
		},
		"rows that count nothing": {
			statistics(0, row("FINISHED", 0), row("ABNORMAL", 0, 1)),
			verdict("empty", false, "no instances", nil, gate.Tally{FailedBatchIndexes: none}),
		},
		"failed batches repeated and unsorted": {
			statistics(3, row("ABNORMAL", 3, 12, 2, 12, 1, 2)),
			verdict("failed", true, "0 of 3 instances finished, 3 failed, 0 unfinished (ABNORMAL 3), success rate 0%; failed batches: 1, 2, 12",
				counts{"ABNORMAL": 3}, gate.Tally{Total: 3, Failed: 3, FailedBatchIndexes: []int64{1, 2, 12}}),
		},
		"failed batches not told": {
			statistics(2, row("ABNORMAL", 2)),
			verdict("failed", true, "0 of 2 instances finished, 2 failed, 0 unfinished (ABNORMAL 2), success rate 0%",
				counts{"ABNORMAL": 2}, gate.Tally{Total: 2, Failed: 2}),
		},
		// A list that lacks a batch would pass for the whole.
		"failed batches told in part, first": {
			statistics(2, row("ABNORMAL", 1, 1), row("CANCELED", 1)),
			verdict("failed", true, "0 of 2 instances finished, 2 failed, 0 unfinished (ABNORMAL 1, CANCELED 1), success rate 0%",
				counts{"ABNORMAL": 1, "CANCELED": 1}, gate.Tally{Total: 2, Failed: 2, Canceled: 1}),
		},
		"failed batches told in part, last": {
			statistics(2, row("CANCELED", 1), row("ABNORMAL", 1, 1)),
			verdict("failed", true, "0 of 2 instances finished, 2 failed, 0 unfinished (ABNORMAL 1, CANCELED 1), success rate 0%",
				counts{"ABNORMAL": 1, "CANCELED": 1}, gate.Tally{Total: 2, Failed: 2, Canceled: 1}),
		},
		"largest counts": {
			statistics(math.MaxInt64, row("FINISHED", math.MaxInt64, 1)),
			verdict("succeeded", true,
				"9223372036854775807 of 9223372036854775807 instances finished, 0 failed, 0 unfinished, success rate 100%",
				counts{"FINISHED": math.MaxInt64},
				gate.Tally{Total: math.MaxInt64, Finished: math.MaxInt64, SuccessRate: 100, FailedBatchIndexes: none}),
		},

		"no total": {
			&client.ScriptOrderStatistics{ExecuteStatistics: []client.InstanceStatistic{row("FINISHED", 2, 1)}},
			doubted(named, "the total is missing"),
		},
		"nothing at all": {&client.ScriptOrderStatistics{}, doubted(named, "the total is missing")},
		"negative total": {statistics(-1), doubted(named, "the total is negative")},
		"total without rows": {
			statistics(5), doubted(named, "0 instances are accounted for, but the total is 5"),
		},
		"fewer than the total": {
			statistics(5, row("FINISHED", 4, 1)), doubted(named, "4 instances are accounted for, but the total is 5"),
		},
		"more than the total": {
			statistics(5, row("FINISHED", 5, 1), row("ABNORMAL", 1, 1)), doubted(named, "6 instances are accounted for, but the total is 5"),
		},
		"instances although the total is zero": {
			statistics(0, row("FINISHED", 1, 1)), doubted(named, "1 instances are accounted for, but the total is 0"),
		},
		"missing count": {
			statistics(2, row("FINISHED", 2, 1), client.InstanceStatistic{InstanceStatus: new("ABNORMAL")}),
			doubted(named, "the count of ABNORMAL is missing"),
		},
		"missing count of a new word": {
			statistics(2, row("FINISHED", 2, 1), client.InstanceStatistic{InstanceStatus: new("\x1b")}),
			doubted(named, "the count of ? is missing"),
		},
		"negative count": {
			statistics(2, row("FINISHED", 2, 1), row("ABNORMAL", -1, 1)), doubted(named, "the count of ABNORMAL is negative"),
		},
		"negative count that makes the sum right": {
			statistics(2, row("FINISHED", 3, 1), row("ABNORMAL", -1, 1)), doubted(named, "the count of ABNORMAL is negative"),
		},
		"null status": {
			statistics(2, row("FINISHED", 2, 1), client.InstanceStatistic{InstanceCount: new(int64(0))}),
			doubted(named, "a row of the statistics has no status"),
		},
		"empty status": {
			statistics(2, row("FINISHED", 2, 1), row("", 0)), doubted(named, "a row of the statistics has no status"),
		},
		"empty row": {
			statistics(0, client.InstanceStatistic{}), doubted(named, "a row of the statistics has no status"),
		},
		"overflow in one word": {
			statistics(math.MaxInt64, row("FINISHED", math.MaxInt64, 1), row("FINISHED", 1, 1)),
			doubted(named, "the counts are too large to be true"),
		},
		"overflow over all words": {
			statistics(math.MaxInt64, row("FINISHED", math.MaxInt64, 1), row("ABNORMAL", 1, 1)),
			doubted(named, "the counts are too large to be true"),
		},
		// Their sum is 2 in 64 bits.
		"overflow around to the total": {
			statistics(2, row("FINISHED", math.MaxInt64, 1), row("ABNORMAL", math.MaxInt64, 1), row("CANCELED", 4, 1)),
			doubted(named, "the counts are too large to be true"),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := gate.JudgeStatistics(orderID, test.statistics)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("verdict (-want +got):\n%s", diff)
			}
		})
	}
}

func TestInstancesTallyText(t *testing.T) {
	t.Parallel()
	for want, instances := range map[string]gate.Instances{
		"": gate.JudgeStatistics(orderID, &client.ScriptOrderStatistics{}),
		"1 of 2 instances finished, 0 failed, 1 unfinished (READY 1), success rate 50%": gate.JudgeStatistics(
			orderID, statistics(2, row("FINISHED", 1), row("READY", 1))),
	} {
		if got := instances.TallyText(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestJudgeBatch(t *testing.T) {
	t.Parallel()
	const named = "Batch 2 of COC script order " + orderID
	type counts = map[string]int64
	verdict := func(
		outcome gate.Outcome, completed bool, text string, counts counts, tally gate.Tally, hosts ...string,
	) gate.BatchVerdict {
		return gate.BatchVerdict{
			Instances:   tallied(outcome, completed, named+": "+string(outcome)+"; "+text, counts, tally),
			FailedHosts: append([]string{}, hosts...),
		}
	}
	unknown := func(doubt string) gate.BatchVerdict { return gate.BatchVerdict{Instances: doubted(named, doubt)} }
	newWord := verdict("unknown", false, "status new to this version of the provider: SKIPPED; "+
		"1 of 3 instances finished, 1 failed, 1 unfinished (ABNORMAL 1, SKIPPED 1), success rate 33.3%; failed hosts: h2",
		counts{"FINISHED": 1, "ABNORMAL": 1, "SKIPPED": 1},
		gate.Tally{Total: 3, Finished: 1, Failed: 1, Unfinished: 1, SuccessRate: 100.0 / 3}, "h2")
	newWord.Doubt = "status new to this version of the provider: SKIPPED"
	nullStatus := batch(2, "FINISHED", "FINISHED")
	nullStatus.ExecuteInstances[1].Status = nil
	const filtered = "the listing is filtered, so it proves nothing about the batch"
	whole := client.Batch{Order: client.Order{ExecuteUUID: orderID}, BatchIndex: 2, Limit: 50}
	byStatus, fromMarker, byBoth := whole, whole, whole
	byStatus.Status, fromMarker.Marker, byBoth.Status, byBoth.Marker = "FINISHED", 1, "ABNORMAL", 7
	for name, test := range map[string]struct {
		asked client.Batch
		batch *client.ScriptOrderBatch
		want  gate.BatchVerdict
	}{
		"all FINISHED": {
			whole, batch(2, "FINISHED", "FINISHED"),
			verdict("succeeded", true, "2 of 2 instances finished, 0 failed, 0 unfinished, success rate 100%",
				counts{"FINISHED": 2}, gate.Tally{Total: 2, Finished: 2, SuccessRate: 100}),
		},
		"every word": {
			whole, batch(8, "READY", "PROCESSING", "ABNORMAL", "CANCELED", "FINISHED", "ROLLBACKED", "ROLLED BACK", "ERROR"),
			verdict("running", false, "1 of 8 instances finished, 5 failed, 2 unfinished "+
				"(ABNORMAL 1, CANCELED 1, ERROR 1, PROCESSING 1, READY 1, ROLLBACKED 2), success rate 12.5%; failed hosts: h3, h4, h6, h7, h8",
				counts{"READY": 1, "PROCESSING": 1, "ABNORMAL": 1, "CANCELED": 1, "FINISHED": 1, "ROLLBACKED": 2, "ERROR": 1},
				gate.Tally{Total: 8, Finished: 1, Failed: 5, Canceled: 1, Unfinished: 2, SuccessRate: 12.5},
				"h3", "h4", "h6", "h7", "h8"),
		},
		"all READY": {
			whole, batch(1, "READY"),
			verdict("pending", false, "0 of 1 instances finished, 0 failed, 1 unfinished (READY 1), success rate 0%",
				counts{"READY": 1}, gate.Tally{Total: 1, Unfinished: 1}),
		},
		"READY beside ABNORMAL": {
			whole, batch(2, "ABNORMAL", "READY"),
			verdict("pending", false, "0 of 2 instances finished, 1 failed, 1 unfinished (ABNORMAL 1, READY 1), success rate 0%; failed hosts: h1",
				counts{"ABNORMAL": 1, "READY": 1}, gate.Tally{Total: 2, Failed: 1, Unfinished: 1}, "h1"),
		},
		"all CANCELED": {
			whole, batch(1, "CANCELED"),
			verdict("canceled", true, "0 of 1 instances finished, 1 failed, 0 unfinished (CANCELED 1), success rate 0%; failed hosts: h1",
				counts{"CANCELED": 1}, gate.Tally{Total: 1, Failed: 1, Canceled: 1}, "h1"),
		},
		"CANCELED beside FINISHED": {
			whole, batch(2, "CANCELED", "FINISHED"),
			verdict("canceled", true, "1 of 2 instances finished, 1 failed, 0 unfinished (CANCELED 1), success rate 50%; failed hosts: h1",
				counts{"CANCELED": 1, "FINISHED": 1}, gate.Tally{Total: 2, Finished: 1, Failed: 1, Canceled: 1, SuccessRate: 50}, "h1"),
		},
		"CANCELED beside ROLLBACKED": {
			whole, batch(2, "CANCELED", "ROLLBACKED"),
			verdict("failed", true,
				"0 of 2 instances finished, 2 failed, 0 unfinished (CANCELED 1, ROLLBACKED 1), success rate 0%; failed hosts: h1, h2",
				counts{"CANCELED": 1, "ROLLBACKED": 1}, gate.Tally{Total: 2, Failed: 2, Canceled: 1}, "h1", "h2"),
		},
		"ten failed hosts": {
			whole, batch(10, slices.Repeat([]string{"ABNORMAL"}, 10)...),
			verdict("failed", true, "0 of 10 instances finished, 10 failed, 0 unfinished (ABNORMAL 10), success rate 0%; "+
				"failed hosts: h1, h2, h3, h4, h5, h6, h7, h8, h9, h10",
				counts{"ABNORMAL": 10}, gate.Tally{Total: 10, Failed: 10},
				"h1", "h2", "h3", "h4", "h5", "h6", "h7", "h8", "h9", "h10"),
		},
		"eleven failed hosts": {
			whole, batch(11, slices.Repeat([]string{"ABNORMAL"}, 11)...),
			verdict("failed", true, "0 of 11 instances finished, 11 failed, 0 unfinished (ABNORMAL 11), success rate 0%; "+
				"failed hosts: h1, h2, h3, h4, h5, h6, h7, h8, h9, h10 and 1 more",
				counts{"ABNORMAL": 11}, gate.Tally{Total: 11, Failed: 11},
				"h1", "h2", "h3", "h4", "h5", "h6", "h7", "h8", "h9", "h10", "h11"),
		},
		"new word":   {whole, batch(3, "FINISHED", "ABNORMAL", "SKIPPED"), newWord},
		"none":       {whole, batch(0), verdict("empty", false, "no instances", nil, gate.Tally{})},
		"no list":    {whole, &client.ScriptOrderBatch{TotalInstances: new(int64(0))}, verdict("empty", false, "no instances", nil, gate.Tally{})},
		"no answer":  {whole, &client.ScriptOrderBatch{}, unknown("the total is missing")},
		"no total":   {whole, &client.ScriptOrderBatch{ExecuteInstances: batch(1, "FINISHED").ExecuteInstances}, unknown("the total is missing")},
		"fewer":      {whole, batch(3, "FINISHED", "FINISHED"), unknown("2 instances are accounted for, but the total is 3")},
		"more":       {whole, batch(1, "FINISHED", "FINISHED"), unknown("2 instances are accounted for, but the total is 1")},
		"only total": {whole, batch(3), unknown("0 instances are accounted for, but the total is 3")},
		"negative":   {whole, batch(-1), unknown("the total is negative")},
		// Both instances are listed, so only the status is in doubt.
		"null status":              {whole, nullStatus, unknown("an instance has no status")},
		"empty status":             {whole, batch(2, "FINISHED", ""), unknown("an instance has no status")},
		"filtered by status":       {byStatus, batch(2, "FINISHED", "FINISHED"), unknown(filtered)},
		"from a marker":            {fromMarker, batch(2, "FINISHED", "FINISHED"), unknown(filtered)},
		"filtered by both, no one": {byBoth, batch(0), unknown(filtered)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, gate.JudgeBatch(test.asked, test.batch)); diff != "" {
				t.Errorf("verdict (-want +got):\n%s", diff)
			}
		})
	}
}

func TestHostName(t *testing.T) {
	t.Parallel()
	id := func(resource string, p *client.TargetProperties) *client.TargetInstance {
		return &client.TargetInstance{ResourceID: &resource, Properties: p}
	}
	named := func(name string) *client.TargetProperties { return &client.TargetProperties{HostName: &name} }
	long := strings.Repeat("x", 200)
	for name, test := range map[string]struct {
		instance client.Instance
		want     string
	}{
		"name":                       {client.Instance{ID: new(int64(7)), TargetInstance: id("i-1", named("web-1"))}, "web-1"},
		"no name":                    {client.Instance{ID: new(int64(7)), TargetInstance: id("i-1", &client.TargetProperties{})}, "i-1"},
		"no properties":              {client.Instance{ID: new(int64(7)), TargetInstance: id("i-1", nil)}, "i-1"},
		"empty name":                 {client.Instance{ID: new(int64(7)), TargetInstance: id("i-1", named(""))}, "i-1"},
		"name that cannot be shown":  {client.Instance{ID: new(int64(7)), TargetInstance: id("i-1", named("\x1b\r\n"))}, "i-1"},
		"empty name and id":          {client.Instance{ID: new(int64(7)), TargetInstance: id("", named(""))}, "instance record 7"},
		"no id either":               {client.Instance{ID: new(int64(7)), TargetInstance: &client.TargetInstance{}}, "instance record 7"},
		"no target":                  {client.Instance{ID: new(int64(7))}, "instance record 7"},
		"nothing":                    {client.Instance{}, "unnamed instance"},
		"addresses are no names":     {client.Instance{TargetInstance: &client.TargetInstance{Properties: &client.TargetProperties{FixedIP: new("10.0.0.1")}}}, "unnamed instance"},
		"escape, new line, bad UTF8": {client.Instance{TargetInstance: id("i-1", named("we\x1b[31mb\n\xff1"))}, "we [31mb ?1"},
		"long":                       {client.Instance{TargetInstance: id("i-1", named(long))}, long[:125] + "…"},
		"long id":                    {client.Instance{TargetInstance: id(long, nil)}, long[:125] + "…"},
	} {
		if diff := cmp.Diff(test.want, gate.HostName(test.instance)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// Whatever the service sends as a word or a name, the summary is one harmless line, says nothing of the log, and is not green.
func TestInstancesHostileTexts(t *testing.T) {
	t.Parallel()
	const log = "password=hunter2"
	for name, text := range hostileTexts {
		got := gate.JudgeStatistics(orderID, statistics(2, row("FINISHED", 1, 1), row(text, 1, 1)))
		if fault := harmless(got.Summary); fault != "" || got.Outcome != gate.Unknown {
			t.Errorf("%s: statistics: outcome %s, summary has %q: %.200q", name, got.Outcome, fault, got.Summary)
		}
		listed := &client.ScriptOrderBatch{TotalInstances: new(int64(24))}
		for i := range 24 {
			status := "ABNORMAL"
			if i%2 == 0 {
				status = text + strconv.Itoa(i)
			}
			listed.ExecuteInstances = append(listed.ExecuteInstances, client.Instance{
				ID: new(int64(i)), Status: &status, Message: new(log),
				TargetInstance: &client.TargetInstance{
					ResourceID:       &text,
					CustomAttributes: []client.CustomAttribute{{Key: new(log), Value: new(log)}},
					Properties:       &client.TargetProperties{HostName: &text},
				},
			})
		}
		verdict := gate.JudgeBatch(client.Batch{BatchIndex: 1}, listed)
		if fault := harmless(verdict.Summary); fault != "" || verdict.Outcome != gate.Unknown {
			t.Errorf("%s: batch: outcome %s, summary has %q: %.200q", name, verdict.Outcome, fault, verdict.Summary)
		}
		if strings.Contains(verdict.Summary, log) {
			t.Errorf("%s: the summary gives the log away: %s", name, verdict.Summary)
		}
		if len(verdict.FailedHosts) != 12 {
			t.Errorf("%s: %d failed hosts, want 12", name, len(verdict.FailedHosts))
		}
		for _, host := range verdict.FailedHosts {
			if fault := harmless(host); fault != "" || len(host) > 128 {
				t.Errorf("%s: a host name has %q: %.200q", name, fault, host)
			}
		}
	}
}

// tableRow is a status word and how often it was counted; nil is what the answer left out.
type tableRow struct {
	word  *string
	count *int64
}

// naive follows the table of outcomes for instances word by word, with numbers that cannot overflow.
type naive struct {
	outcome   gate.Outcome
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
func (n naive) compare(got gate.Instances, total *int64, filtered bool, rows []tableRow) string {
	if got.Outcome != n.outcome || got.Completed != n.completed {
		return fmt.Sprintf("outcome %s, completed %t; want %s, %t", got.Outcome, got.Completed, n.outcome, n.completed)
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
	if (got.Tally != nil) != n.trusted || (got.Counts != nil) != n.trusted {
		return fmt.Sprintf("counts shown: %t; want %t", got.Tally != nil, n.trusted)
	}
	if fault := harmless(got.Summary); fault != "" {
		return fmt.Sprintf("the summary has %s: %q", fault, got.Summary)
	}
	if !n.trusted {
		return ""
	}
	want := gate.Tally{Total: *total, Finished: n.finished, Failed: n.failed, Canceled: n.canceled, Unfinished: n.unfinished}
	if *total > 0 {
		want.SuccessRate = 100 * float64(n.finished) / float64(*total)
	}
	tally := *got.Tally
	tally.FailedBatchIndexes = nil
	var sum int64
	for _, count := range got.Counts {
		sum += count
	}
	if sum != *total {
		return fmt.Sprintf("the counts add up to %d, want %d", sum, *total)
	}
	return cmp.Diff(want, tally)
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

func TestStatisticsFollowTheTable(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	met := map[gate.Outcome]int{}
	for range 30_000 {
		total, rows := someRows(random)
		got, want := gate.JudgeStatistics(orderID, statisticsOf(total, rows)), judgeNaively(total, false, rows)
		met[want.outcome]++
		if diff := want.compare(got, total, false, rows); diff != "" {
			t.Fatalf("%s\nfor %s", diff, describe(total, rows))
		}
	}
	requireAllMet(t, met, "pending", "running", "succeeded", "failed", "canceled", "empty", "unknown")
}

func TestBatchesFollowTheTable(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 4))
	met := map[gate.Outcome]int{}
	for range 30_000 {
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
		got := gate.JudgeBatch(asked, &client.ScriptOrderBatch{TotalInstances: total, ExecuteInstances: listed})
		want := judgeNaively(total, filtered, listing)
		met[want.outcome]++
		if diff := want.compare(got.Instances, total, filtered, listing); diff != "" {
			t.Fatalf("%s\nfor %s, filtered %t", diff, describe(total, listing), filtered)
		}
		if (got.FailedHosts != nil) != want.trusted || int64(len(got.FailedHosts)) != want.failed {
			t.Fatalf("failed hosts %v, want %d of them\nfor %s", got.FailedHosts, want.failed, describe(total, listing))
		}
	}
	requireAllMet(t, met, "pending", "running", "succeeded", "failed", "canceled", "empty", "unknown")
}

// requireAllMet guards the generator: a property that was hardly tried proves nothing.
func requireAllMet(t *testing.T, met map[gate.Outcome]int, outcomes ...gate.Outcome) {
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
		got, want := gate.JudgeStatistics(orderID, statisticsOf(announced, rows)), judgeNaively(announced, false, rows)
		if diff := want.compare(got, announced, false, rows); diff != "" {
			t.Errorf("%s\nfor %s", diff, describe(announced, rows))
		}
	})
}

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
		got := gate.JudgeBatch(client.Batch{BatchIndex: 1, Status: filter, Marker: marker}, listed)
		if diff := judgeNaively(&total, filtered, rows).compare(got.Instances, &total, filtered, rows); diff != "" {
			t.Errorf("%s\nfor %s, filtered %t", diff, describe(&total, rows), filtered)
		}
	})
}
