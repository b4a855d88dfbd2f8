package gate

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/hwgate/terraform-provider-hwgate/internal/client"
)

// tallied is a verdict whose counts can be trusted; the words that it does not name count zero.
func tallied(outcome Outcome, completed bool, counts map[string]int64, tally Tally) instancesVerdict {
	all := map[string]int64{"READY": 0, "PROCESSING": 0, "ABNORMAL": 0, "CANCELED": 0, "FINISHED": 0, "ROLLBACKED": 0}
	maps.Copy(all, counts)
	return instancesVerdict{
		Verdict: Verdict{Outcome: outcome, Phase: phaseOf(outcome, completed), Completed: completed, Counts: all}, Tally: &tally,
	}
}

// told is a verdict and what its summary says after the name.
type told struct {
	instances instancesVerdict
	text      string
}

func doubted(doubt string) told { return told{doubtful(doubt), "unknown; " + doubt} }

// Each row of the table of outcomes for instances holds for statistics, and so does each reason to doubt them.
func TestStatistics(t *testing.T) {
	t.Parallel()
	const named = "Instances of COC script order " + orderID
	type counts = map[string]int64
	verdict := func(outcome Outcome, completed bool, text string, counts counts, tally Tally) told {
		return told{tallied(outcome, completed, counts, tally), string(outcome) + "; " + text}
	}
	newWord := func(word string, want told) told {
		want.instances.Doubt, want.instances.DoubtKind = "status new to this version of the provider: "+word, NewWord
		want.text = strings.Replace(want.text, "unknown; ", "unknown; "+want.instances.Doubt+"; ", 1)
		return want
	}
	none := []int64{}
	for name, test := range map[string]struct {
		statistics *client.ScriptOrderStatistics
		want       told
	}{
		"all FINISHED": {
			statistics(5, row("FINISHED", 5, 1, 2)),
			verdict("succeeded", true, "5 of 5 instances finished",
				counts{"FINISHED": 5}, Tally{Total: 5, Finished: 5, SuccessRate: 100, FailedBatchIndexes: none}),
		},
		"one FINISHED, zeros beside": {
			statistics(1, row("READY", 0), row("ABNORMAL", 0, 4), row("CANCELED", 0), row("FINISHED", 1, 1)),
			verdict("succeeded", true, "1 of 1 instance finished",
				counts{"FINISHED": 1}, Tally{Total: 1, Finished: 1, SuccessRate: 100, FailedBatchIndexes: none}),
		},
		"repeated rows": {
			statistics(9, row("FINISHED", 3, 1), row("FINISHED", 4, 2), row("ABNORMAL", 1, 2), row("ABNORMAL", 1, 1)),
			verdict("failed", true, "7 of 9 instances finished, 2 failed; failed batches: 1, 2",
				counts{"FINISHED": 7, "ABNORMAL": 2},
				Tally{Total: 9, Finished: 7, Failed: 2, SuccessRate: 700.0 / 9, FailedBatchIndexes: []int64{1, 2}}),
		},
		"some ABNORMAL": {
			statistics(5, row("FINISHED", 3, 1), row("ABNORMAL", 2, 1)),
			verdict("failed", true, "3 of 5 instances finished, 2 failed; failed batches: 1",
				counts{"FINISHED": 3, "ABNORMAL": 2},
				Tally{Total: 5, Finished: 3, Failed: 2, SuccessRate: 60, FailedBatchIndexes: []int64{1}}),
		},
		"ERROR": {
			statistics(1, row("ERROR", 1, 1)),
			verdict("failed", true, "0 of 1 instance finished, 1 failed; failed batches: 1",
				counts{"ERROR": 1}, Tally{Total: 1, Failed: 1, FailedBatchIndexes: []int64{1}}),
		},
		"ROLLBACKED in both spellings": {
			statistics(3, row("ROLLBACKED", 1, 2), row("ROLLED BACK", 2, 1)),
			verdict("failed", true, "0 of 3 instances finished, 3 failed; failed batches: 1, 2",
				counts{"ROLLBACKED": 3}, Tally{Total: 3, Failed: 3, FailedBatchIndexes: []int64{1, 2}}),
		},
		"all CANCELED": {
			statistics(2, row("CANCELED", 2, 1)),
			verdict("canceled", true, "0 of 2 instances finished, 2 canceled; failed batches: 1",
				counts{"CANCELED": 2}, Tally{Total: 2, Failed: 2, Canceled: 2, FailedBatchIndexes: []int64{1}}),
		},
		"some CANCELED, the others FINISHED": {
			statistics(4, row("CANCELED", 1, 2), row("FINISHED", 3, 1, 2)),
			verdict("canceled", true, "3 of 4 instances finished, 1 canceled; failed batches: 2",
				counts{"CANCELED": 1, "FINISHED": 3},
				Tally{Total: 4, Finished: 3, Failed: 1, Canceled: 1, SuccessRate: 75, FailedBatchIndexes: []int64{2}}),
		},
		"some CANCELED, some ABNORMAL": {
			statistics(4, row("CANCELED", 2, 2, 10, 3), row("ABNORMAL", 1, 3, 1), row("FINISHED", 1, 7)),
			verdict("failed", true,
				"1 of 4 instances finished, 1 failed, 2 canceled; failed batches: 1, 2, 3, 10",
				counts{"CANCELED": 2, "ABNORMAL": 1, "FINISHED": 1},
				Tally{Total: 4, Finished: 1, Failed: 3, Canceled: 2, SuccessRate: 25, FailedBatchIndexes: []int64{1, 2, 3, 10}}),
		},
		"all READY": {
			statistics(2, row("READY", 2, 1)),
			verdict("pending", false, "0 of 2 instances finished, 2 waiting",
				counts{"READY": 2}, Tally{Total: 2, Unfinished: 2, FailedBatchIndexes: none}),
		},
		"unfinished are READY, others failed and finished": {
			statistics(3, row("READY", 1, 2), row("ABNORMAL", 1, 1), row("FINISHED", 1, 1)),
			verdict("pending", false,
				"1 of 3 instances finished, 1 failed, 1 waiting; failed batches: 1",
				counts{"READY": 1, "ABNORMAL": 1, "FINISHED": 1},
				Tally{Total: 3, Finished: 1, Failed: 1, Unfinished: 1, SuccessRate: 100.0 / 3, FailedBatchIndexes: []int64{1}}),
		},
		"READY and PROCESSING": {
			statistics(3, row("READY", 2, 2), row("PROCESSING", 1, 1)),
			verdict("running", false, "0 of 3 instances finished, 1 running, 2 waiting",
				counts{"READY": 2, "PROCESSING": 1}, Tally{Total: 3, Unfinished: 3, FailedBatchIndexes: none}),
		},
		"PROCESSING beside FINISHED": {
			statistics(3, row("FINISHED", 2, 1), row("PROCESSING", 1, 1)),
			verdict("running", false, "2 of 3 instances finished, 1 running",
				counts{"FINISHED": 2, "PROCESSING": 1},
				Tally{Total: 3, Finished: 2, Unfinished: 1, SuccessRate: 200.0 / 3, FailedBatchIndexes: none}),
		},
		"almost all FINISHED is never worded as all": {
			statistics(10000, row("FINISHED", 9999, 1), row("ABNORMAL", 1, 1)),
			verdict("failed", true,
				"9999 of 10000 instances finished, 1 failed; failed batches: 1",
				counts{"FINISHED": 9999, "ABNORMAL": 1},
				Tally{Total: 10000, Finished: 9999, Failed: 1, SuccessRate: 99.99, FailedBatchIndexes: []int64{1}}),
		},
		"new word": {
			statistics(3, row("FINISHED", 2, 1), row("SKIPPED", 1, 1)),
			newWord("SKIPPED", verdict("unknown", false,
				"2 of 3 instances finished, 1 SKIPPED",
				counts{"FINISHED": 2, "SKIPPED": 1},
				Tally{Total: 3, Finished: 2, Unfinished: 1, SuccessRate: 200.0 / 3, FailedBatchIndexes: none})),
		},
		"new word that counts nothing": {
			statistics(2, row("FINISHED", 2, 1), row("SKIPPED", 0)),
			newWord("SKIPPED", verdict("unknown", false, "2 of 2 instances finished",
				counts{"FINISHED": 2, "SKIPPED": 0}, Tally{Total: 2, Finished: 2, SuccessRate: 100, FailedBatchIndexes: none})),
		},
		"PAUSED is a word for orders only": {
			statistics(1, row("PAUSED", 1, 1)),
			newWord("PAUSED", verdict("unknown", false, "0 of 1 instance finished, 1 PAUSED",
				counts{"PAUSED": 1}, Tally{Total: 1, Unfinished: 1, FailedBatchIndexes: none})),
		},
		"new words are sorted": {
			statistics(3, row("ZAPPED", 1, 1), row("finished", 1, 1), row("SKIPPED", 1, 1)),
			newWord("SKIPPED, ZAPPED, finished", verdict("unknown", false,
				"0 of 3 instances finished, 1 SKIPPED, 1 ZAPPED, 1 finished",
				counts{"SKIPPED": 1, "ZAPPED": 1, "finished": 1}, Tally{Total: 3, Unfinished: 3, FailedBatchIndexes: none})),
		},
		"nothing ran": {
			statistics(0),
			verdict("empty", false, "no instances", nil, Tally{FailedBatchIndexes: none}),
		},
		"rows that count nothing": {
			statistics(0, row("FINISHED", 0), row("ABNORMAL", 0, 1)),
			verdict("empty", false, "no instances", nil, Tally{FailedBatchIndexes: none}),
		},
		"failed batches repeated and unsorted": {
			statistics(3, row("ABNORMAL", 3, 12, 2, 12, 1, 2)),
			verdict("failed", true, "0 of 3 instances finished, 3 failed; failed batches: 1, 2, 12",
				counts{"ABNORMAL": 3}, Tally{Total: 3, Failed: 3, FailedBatchIndexes: []int64{1, 2, 12}}),
		},
		"failed batches not told": {
			statistics(2, row("ABNORMAL", 2)),
			verdict("failed", true, "0 of 2 instances finished, 2 failed",
				counts{"ABNORMAL": 2}, Tally{Total: 2, Failed: 2}),
		},
		// A list that lacks a batch would pass for the whole.
		"failed batches told in part, first": {
			statistics(2, row("ABNORMAL", 1, 1), row("CANCELED", 1)),
			verdict("failed", true, "0 of 2 instances finished, 1 failed, 1 canceled",
				counts{"ABNORMAL": 1, "CANCELED": 1}, Tally{Total: 2, Failed: 2, Canceled: 1}),
		},
		"failed batches told in part, last": {
			statistics(2, row("CANCELED", 1), row("ABNORMAL", 1, 1)),
			verdict("failed", true, "0 of 2 instances finished, 1 failed, 1 canceled",
				counts{"ABNORMAL": 1, "CANCELED": 1}, Tally{Total: 2, Failed: 2, Canceled: 1}),
		},
		"largest counts": {
			statistics(math.MaxInt64, row("FINISHED", math.MaxInt64, 1)),
			verdict("succeeded", true,
				"9223372036854775807 of 9223372036854775807 instances finished",
				counts{"FINISHED": math.MaxInt64},
				Tally{Total: math.MaxInt64, Finished: math.MaxInt64, SuccessRate: 100, FailedBatchIndexes: none}),
		},

		"no total": {
			&client.ScriptOrderStatistics{ExecuteStatistics: []client.InstanceStatistic{row("FINISHED", 2, 1)}},
			doubted("the total is missing"),
		},
		"nothing at all": {&client.ScriptOrderStatistics{}, doubted("the total is missing")},
		"negative total": {statistics(-1), doubted("the total is negative")},
		"total without rows": {
			statistics(5), doubted("the total is 5, but 0 are accounted for"),
		},
		"fewer than the total": {
			statistics(5, row("FINISHED", 4, 1)), doubted("the total is 5, but 4 are accounted for"),
		},
		"more than the total": {
			statistics(5, row("FINISHED", 5, 1), row("ABNORMAL", 1, 1)), doubted("the total is 5, but 6 are accounted for"),
		},
		"instances although the total is zero": {
			statistics(0, row("FINISHED", 1, 1)), doubted("the total is 0, but 1 are accounted for"),
		},
		"missing count": {
			statistics(2, row("FINISHED", 2, 1), client.InstanceStatistic{InstanceStatus: new("ABNORMAL")}),
			doubted("the count of ABNORMAL is missing"),
		},
		"missing count of a new word": {
			statistics(2, row("FINISHED", 2, 1), client.InstanceStatistic{InstanceStatus: new("\x1b")}),
			doubted(`the count of "\x1b" is missing`),
		},
		"negative count": {
			statistics(2, row("FINISHED", 2, 1), row("ABNORMAL", -1, 1)), doubted("the count of ABNORMAL is negative"),
		},
		"negative count that makes the sum right": {
			statistics(2, row("FINISHED", 3, 1), row("ABNORMAL", -1, 1)), doubted("the count of ABNORMAL is negative"),
		},
		"null status": {
			statistics(2, row("FINISHED", 2, 1), client.InstanceStatistic{InstanceCount: new(int64(0))}),
			doubted("a row of the statistics has no status"),
		},
		"empty status": {
			statistics(2, row("FINISHED", 2, 1), row("", 0)), doubted("a row of the statistics has no status"),
		},
		"empty row": {
			statistics(0, client.InstanceStatistic{}), doubted("a row of the statistics has no status"),
		},
		"overflow in one word": {
			statistics(math.MaxInt64, row("FINISHED", math.MaxInt64, 1), row("FINISHED", 1, 1)),
			doubted("the counts are too large to be true"),
		},
		"overflow over all words": {
			statistics(math.MaxInt64, row("FINISHED", math.MaxInt64, 1), row("ABNORMAL", 1, 1)),
			doubted("the counts are too large to be true"),
		},
		// Their sum is 2 in 64 bits.
		"overflow around to the total": {
			statistics(2, row("FINISHED", math.MaxInt64, 1), row("ABNORMAL", math.MaxInt64, 1), row("CANCELED", 4, 1)),
			doubted("the counts are too large to be true"),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := ReadStatistics(t.Context(), &coc{statistics: always(test.statistics)}, theOrder, false)
			if err != nil {
				t.Fatal(err)
			}
			want := test.want.instances
			if diff := cmp.Diff(want, instancesVerdict{got.Verdict, got.Tally}, cmpopts.IgnoreUnexported(Tally{})); diff != "" {
				t.Errorf("verdict (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(named+": "+test.want.text, got.Summary); diff != "" {
				t.Errorf("summary (-want +got):\n%s", diff)
			}
		})
	}
}

// Each row of the table of outcomes for instances holds for a batch, and so does each reason to doubt it.
func TestBatch(t *testing.T) {
	t.Parallel()
	const named = "Batch 2 of COC script order " + orderID
	type counts = map[string]int64
	type want struct {
		told
		hosts []string
	}
	verdict := func(outcome Outcome, completed bool, text string, counts counts, tally Tally, hosts ...string) want {
		return want{
			told{tallied(outcome, completed, counts, tally), string(outcome) + "; " + text}, append([]string{}, hosts...),
		}
	}
	unknown := func(doubt string) want { return want{told: doubted(doubt)} }
	newWord := verdict("unknown", false, "status new to this version of the provider: SKIPPED; "+
		"1 of 3 instances finished, 1 failed, 1 SKIPPED; failed hosts: h2",
		counts{"FINISHED": 1, "ABNORMAL": 1, "SKIPPED": 1},
		Tally{Total: 3, Finished: 1, Failed: 1, Unfinished: 1, SuccessRate: 100.0 / 3}, "h2")
	newWord.instances.Doubt, newWord.instances.DoubtKind = "status new to this version of the provider: SKIPPED", NewWord
	nullStatus := batch(2, "FINISHED", "FINISHED")
	nullStatus.ExecuteInstances[1].Status = nil
	const filtered = "the listing is filtered, so it proves nothing about the batch"
	whole := client.Batch{Order: client.Order{ExecuteUUID: orderID}, BatchIndex: 2, Limit: 50}
	byStatus, fromMarker, byBoth := whole, whole, whole
	byStatus.Status, fromMarker.Marker, byBoth.Status, byBoth.Marker = "FINISHED", 1, "ABNORMAL", 7
	for name, test := range map[string]struct {
		asked client.Batch
		batch *client.ScriptOrderBatch
		want  want
	}{
		"all FINISHED": {
			whole, batch(2, "FINISHED", "FINISHED"),
			verdict("succeeded", true, "2 of 2 instances finished",
				counts{"FINISHED": 2}, Tally{Total: 2, Finished: 2, SuccessRate: 100}),
		},
		"every word": {
			whole, batch(8, "READY", "PROCESSING", "ABNORMAL", "CANCELED", "FINISHED", "ROLLBACKED", "ROLLED BACK", "ERROR"),
			verdict("running", false, "1 of 8 instances finished, 4 failed, 1 canceled, 1 running, 1 waiting; "+
				"failed hosts: h3, h4, h6, h7, h8",
				counts{"READY": 1, "PROCESSING": 1, "ABNORMAL": 1, "CANCELED": 1, "FINISHED": 1, "ROLLBACKED": 2, "ERROR": 1},
				Tally{Total: 8, Finished: 1, Failed: 5, Canceled: 1, Unfinished: 2, SuccessRate: 12.5},
				"h3", "h4", "h6", "h7", "h8"),
		},
		"all READY": {
			whole, batch(1, "READY"),
			verdict("pending", false, "0 of 1 instance finished, 1 waiting",
				counts{"READY": 1}, Tally{Total: 1, Unfinished: 1}),
		},
		"READY beside ABNORMAL": {
			whole, batch(2, "ABNORMAL", "READY"),
			verdict("pending", false, "0 of 2 instances finished, 1 failed, 1 waiting; failed hosts: h1",
				counts{"ABNORMAL": 1, "READY": 1}, Tally{Total: 2, Failed: 1, Unfinished: 1}, "h1"),
		},
		"all CANCELED": {
			whole, batch(1, "CANCELED"),
			verdict("canceled", true, "0 of 1 instance finished, 1 canceled; failed hosts: h1",
				counts{"CANCELED": 1}, Tally{Total: 1, Failed: 1, Canceled: 1}, "h1"),
		},
		"CANCELED beside FINISHED": {
			whole, batch(2, "CANCELED", "FINISHED"),
			verdict("canceled", true, "1 of 2 instances finished, 1 canceled; failed hosts: h1",
				counts{"CANCELED": 1, "FINISHED": 1}, Tally{Total: 2, Finished: 1, Failed: 1, Canceled: 1, SuccessRate: 50}, "h1"),
		},
		"CANCELED beside ROLLBACKED": {
			whole, batch(2, "CANCELED", "ROLLBACKED"),
			verdict("failed", true,
				"0 of 2 instances finished, 1 failed, 1 canceled; failed hosts: h1, h2",
				counts{"CANCELED": 1, "ROLLBACKED": 1}, Tally{Total: 2, Failed: 2, Canceled: 1}, "h1", "h2"),
		},
		"ten failed hosts": {
			whole, batch(10, slices.Repeat([]string{"ABNORMAL"}, 10)...),
			verdict("failed", true, "0 of 10 instances finished, 10 failed; "+
				"failed hosts: h1, h2, h3, h4, h5, h6, h7, h8, h9, h10",
				counts{"ABNORMAL": 10}, Tally{Total: 10, Failed: 10},
				"h1", "h2", "h3", "h4", "h5", "h6", "h7", "h8", "h9", "h10"),
		},
		"eleven failed hosts": {
			whole, batch(11, slices.Repeat([]string{"ABNORMAL"}, 11)...),
			verdict("failed", true, "0 of 11 instances finished, 11 failed; "+
				"failed hosts: h1, h2, h3, h4, h5, h6, h7, h8, h9, h10 and 1 more",
				counts{"ABNORMAL": 11}, Tally{Total: 11, Failed: 11},
				"h1", "h2", "h3", "h4", "h5", "h6", "h7", "h8", "h9", "h10", "h11"),
		},
		"new word":   {whole, batch(3, "FINISHED", "ABNORMAL", "SKIPPED"), newWord},
		"none":       {whole, batch(0), verdict("empty", false, "no instances", nil, Tally{})},
		"no list":    {whole, &client.ScriptOrderBatch{TotalInstances: new(int64(0))}, verdict("empty", false, "no instances", nil, Tally{})},
		"no answer":  {whole, &client.ScriptOrderBatch{}, unknown("the total is missing")},
		"no total":   {whole, &client.ScriptOrderBatch{ExecuteInstances: batch(1, "FINISHED").ExecuteInstances}, unknown("the total is missing")},
		"fewer":      {whole, batch(3, "FINISHED", "FINISHED"), unknown("the total is 3, but 2 are accounted for")},
		"more":       {whole, batch(1, "FINISHED", "FINISHED"), unknown("the total is 1, but 2 are accounted for")},
		"only total": {whole, batch(3), unknown("the total is 3, but 0 are accounted for")},
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
			changed := *test.batch
			changed.TotalChanged = true
			got := readBatch(t, test.asked, test.batch)
			if diff := cmp.Diff(test.want.instances, instancesVerdict{got.Verdict, got.Tally}, cmpopts.IgnoreUnexported(Tally{})); diff != "" {
				t.Errorf("verdict (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(named+": "+test.want.text, got.Summary); diff != "" {
				t.Errorf("summary (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.want.hosts, got.FailedHosts); diff != "" {
				t.Errorf("failed hosts (-want +got):\n%s", diff)
			}
			if got.Filtered != test.asked.Partial() {
				t.Errorf("filtered is %t", got.Filtered)
			}
			// A total that changes from page to page proves nothing.
			got = readBatch(t, test.asked, &changed)
			if got.Outcome != Unknown || got.Good() || got.Completed || got.Tally != nil || got.FailedHosts != nil || got.Counts != nil ||
				(!test.asked.Partial() && got.Doubt != "the total changed from page to page") {
				t.Errorf("with a total that changed: %+v, tally %v, failed hosts %v", got.Verdict, got.Tally, got.FailedHosts)
			}
		})
	}
}

// A host is named by the best that there is to name it.
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
		"name":                      {client.Instance{ID: new(int64(7)), TargetInstance: id("i-1", named("web-1"))}, "web-1"},
		"no name":                   {client.Instance{ID: new(int64(7)), TargetInstance: id("i-1", &client.TargetProperties{})}, "i-1"},
		"no properties":             {client.Instance{ID: new(int64(7)), TargetInstance: id("i-1", nil)}, "i-1"},
		"empty name":                {client.Instance{ID: new(int64(7)), TargetInstance: id("i-1", named(""))}, "i-1"},
		"name that cannot be shown": {client.Instance{ID: new(int64(7)), TargetInstance: id("i-1", named("\x1b\r\n"))}, "i-1"},
		"empty name and id":         {client.Instance{ID: new(int64(7)), TargetInstance: id("", named(""))}, "instance record 7"},
		"no id either":              {client.Instance{ID: new(int64(7)), TargetInstance: &client.TargetInstance{}}, "instance record 7"},
		"no target":                 {client.Instance{ID: new(int64(7))}, "instance record 7"},
		"nothing":                   {client.Instance{}, "unnamed instance"},
		"addresses are no names": {
			client.Instance{TargetInstance: &client.TargetInstance{Properties: &client.TargetProperties{FixedIP: new("10.0.0.1")}}},
			"unnamed instance",
		},
		"escape, new line, bad UTF8": {client.Instance{TargetInstance: id("i-1", named("we\x1b[31mb\n\xff1"))}, "we [31mb ?1"},
		"long":                       {client.Instance{TargetInstance: id("i-1", named(long))}, long[:125] + "…"},
		"long id":                    {client.Instance{TargetInstance: id(long, nil)}, long[:125] + "…"},
	} {
		if diff := cmp.Diff(test.want, hostName(test.instance)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// Whatever the service sends as a word or a name, the summary is one harmless line, says nothing of the log, and is not green.
func TestInstancesHostileTexts(t *testing.T) {
	t.Parallel()
	const log = "password=hunter2"
	for name, text := range hostileTexts {
		got := readStatistics(t, statistics(2, row("FINISHED", 1, 1), row(text, 1, 1)))
		if fault := harmless(got.Summary); fault != "" || got.Outcome != Unknown {
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
		verdict := readBatch(t, client.Batch{BatchIndex: 1}, listed)
		if fault := harmless(verdict.Summary); fault != "" || verdict.Outcome != Unknown {
			t.Errorf("%s: batch: outcome %s, summary has %q: %.200q", name, verdict.Outcome, fault, verdict.Summary)
		}
		if strings.Contains(verdict.Summary+verdict.Markdown, log) {
			t.Errorf("%s: the report gives the log away: %s\n%s", name, verdict.Summary, verdict.Markdown)
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
