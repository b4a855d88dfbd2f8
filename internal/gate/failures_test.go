package gate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hwgate/terraform-provider-hwgate/internal/client"
)

// What failed is read from the batches that have a failure, whole, by batch and then in the API's order.
func TestFailures(t *testing.T) {
	t.Parallel()
	failing := batch(3, "FINISHED", "ABNORMAL", "ROLLED BACK")
	failing.ExecuteInstances[1] = client.Instance{
		ID: new(int64(2)), Status: new("ABNORMAL"), Message: new("no space left"), MessageTruncated: true,
		GmtCreated: new(begun), GmtFinished: new(ended),
		TargetInstance: &client.TargetInstance{
			ResourceID: new("i-2"), Properties: &client.TargetProperties{HostName: new("web-2"), FixedIP: new("10.0.0.2")},
		},
	}
	failing.ExecuteInstances[2].TargetInstance = nil
	failing.Warnings = []string{"message is a number"}
	counted := statistics(9, row("FINISHED", 6, 1, 2, 3), row("ABNORMAL", 1, 3), row("ROLLBACKED", 1, 3), row("CANCELED", 1, 1))
	stopped := on(batch(3, "CANCELED", "FINISHED", "FINISHED"), "web-9")
	stopped.Warnings = []string{"agent_sn is a list"}
	order := withThreshold(over("ABNORMAL"), 95)
	order.Warnings = []string{"creator is a list"}
	service := &coc{
		order: always(order), statistics: always(counted), batches: map[int64]*client.ScriptOrderBatch{1: stopped, 3: failing},
	}

	got := readOrder(t, service, OrderRequest{Details: true, LogTail: 512})
	want := []FailedInstance{
		{BatchIndex: 1, Status: new("CANCELED"), HostName: "web-9"},
		{
			Span: Span{CreatedAt: Instant(new(begun)), FinishedAt: Instant(new(ended))}, BatchIndex: 3, Status: new("ABNORMAL"),
			HostName: "web-2", ResourceID: new("i-2"), FixedIP: new("10.0.0.2"), Message: new("no space left"), MessageTruncated: true,
		},
		{BatchIndex: 3, Status: new("ROLLED BACK"), HostName: "instance record 3"},
	}
	if diff := cmp.Diff(want, got.Failures); diff != "" {
		t.Errorf("failures (-want +got):\n%s", diff)
	}
	culprits := []string{"web-9 (batch 1)", "web-2 (batch 3)", "instance record 3 (batch 3)"}
	if diff := cmp.Diff(culprits, got.Culprits); diff != "" || got.MoreCulprits != 0 || got.UnreadDetails != nil {
		t.Errorf("unread %v, culprits (-want +got):\n%s", got.UnreadDetails, diff)
	}
	summary := "COC script order " + orderID + ": failed (ABNORMAL) after 5m11s, ended 2023-08-31T02:01:37Z; 6 of 9 instances finished, " +
		"2 failed, 1 canceled; success-rate threshold 95%; failed hosts: web-9 (batch 1), web-2 (batch 3), instance record 3 (batch 3)"
	if diff := cmp.Diff(summary, got.Summary); diff != "" {
		t.Errorf("summary (-want +got):\n%s", diff)
	}
	report := "### ❌ COC script order " + orderID + ": failed\n\nEnded 2023-08-31T02:01:37Z\n\n" +
		"| state | count |\n| --- | --- |\n| finished | 6 |\n| failed | 2 |\n| canceled | 1 |\n| running | 0 |\n| waiting | 0 |\n\n" +
		"| failed host | batch | status | address |\n| --- | --- | --- | --- |\n" +
		"| web-9 | 1 | CANCELED |  |\n| web-2 | 3 | ABNORMAL | 10.0.0.2 |\n| instance record 3 | 3 | ROLLED BACK |  |\n"
	if diff := cmp.Diff(report, got.Markdown); diff != "" {
		t.Errorf("report (-want +got):\n%s", diff)
	}
	fields := []string{"creator is a list", "agent_sn is a list", "message is a number"}
	if diff := cmp.Diff(fields, got.UnreadFields); diff != "" {
		t.Errorf("unread fields (-want +got):\n%s", diff)
	}
	counts := map[string]int64{"READY": 0, "PROCESSING": 0, "ABNORMAL": 1, "CANCELED": 1, "FINISHED": 6, "ROLLBACKED": 1}
	if diff := cmp.Diff(counts, got.Counts); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]client.Order{theOrder}, service.statsAsked); diff != "" {
		t.Errorf("orders whose statistics were read (-want +got):\n%s", diff)
	}
	slices.SortFunc(service.batchesAsked, func(a, b client.Batch) int { return int(a.BatchIndex - b.BatchIndex) })
	asked := []client.Batch{
		{Order: theOrder, BatchIndex: 1, Limit: 50, LogTail: 512}, {Order: theOrder, BatchIndex: 3, Limit: 50, LogTail: 512},
	}
	if diff := cmp.Diff(asked, service.batchesAsked); diff != "" {
		t.Errorf("batches that were read (-want +got):\n%s", diff)
	}
}

// The statistics are read of an order that is completed or paused, and only if failure details are asked for.
func TestWhenDetailsAreRead(t *testing.T) {
	t.Parallel()
	for status, want := range map[string]bool{
		"READY": false, "PROCESSING": false, "PAUSED": true, "FINISHED": true, "CANCELED": true, "ABNORMAL": true, "ERROR": true,
		"ROLLBACKED": true, "ROLLED BACK": true, "SKIPPED": true, "": true,
	} {
		for _, details := range []bool{false, true} {
			service := &coc{
				order: always(over(status)), statistics: always(statistics(1, row("ABNORMAL", 1, 1))),
				batches: map[int64]*client.ScriptOrderBatch{1: failedBatch(1)},
			}
			if status == "FINISHED" {
				service.statistics = always(statistics(1, row("FINISHED", 1, 1)))
			}
			got := readOrder(t, service, OrderRequest{Details: details})
			requests, read := 0, want && details
			if read {
				requests = 1
			}
			if len(service.statsAsked) != requests || len(service.ordersAsked) != 1 {
				t.Errorf("%q, details %t: %d and %d requests", status, details, len(service.ordersAsked), len(service.statsAsked))
			}
			if (got.Counts != nil) != read || (got.Failures != nil) != read {
				t.Errorf("%q, details %t: counts %v, failures %v, %s", status, details, got.Counts, got.Failures, got.Summary)
			}
		}
	}
}

// Only the batches that the statistics name are read, each once, in the order of their numbers.
func TestFailuresRequests(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		statistics *client.ScriptOrderStatistics
		batches    map[int64]*client.ScriptOrderBatch
		asked      []int64
		hosts      []string
	}{
		"others run": {
			statistics(3, row("ABNORMAL", 1, 2), row("PROCESSING", 1, 1), row("READY", 1, 3)),
			map[int64]*client.ScriptOrderBatch{2: on(batch(1, "ABNORMAL"), "a")}, []int64{2}, []string{"a"},
		},
		"a batch that two words name": {
			statistics(2, row("ABNORMAL", 1, 2), row("CANCELED", 1, 2)),
			map[int64]*client.ScriptOrderBatch{2: on(batch(2, "CANCELED", "ABNORMAL"), "b", "a")}, []int64{2}, []string{"b", "a"},
		},
		"batches in the order of their numbers": {
			statistics(3, row("ABNORMAL", 3, 10, 2, 1)),
			map[int64]*client.ScriptOrderBatch{
				1: on(batch(1, "ABNORMAL"), "z"), 2: on(batch(1, "ABNORMAL"), "y"), 10: on(batch(1, "ABNORMAL"), "x"),
			}, []int64{1, 2, 10}, []string{"z", "y", "x"},
		},
		"a new word beside a failure": {
			statistics(2, row("SKIPPED", 1, 1), row("ERROR", 1, 1)),
			map[int64]*client.ScriptOrderBatch{1: on(batch(2, "SKIPPED", "ERROR"), "a", "b")}, []int64{1}, []string{"b"},
		},
		"hosts of the same name": {
			statistics(2, row("ABNORMAL", 2, 1)),
			map[int64]*client.ScriptOrderBatch{1: on(batch(2, "ABNORMAL", "ABNORMAL"), "a", "a")}, []int64{1}, []string{"a", "a"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			service := &coc{order: always(over("ABNORMAL")), statistics: always(test.statistics), batches: test.batches}
			got := readOrder(t, service, OrderRequest{Details: true})
			if diff := cmp.Diff(test.asked, service.indexes()); diff != "" {
				t.Errorf("batches that were read (-want +got):\n%s", diff)
			}
			hosts := []string{}
			for _, failed := range got.Failures {
				hosts = append(hosts, failed.HostName)
			}
			if diff := cmp.Diff(test.hosts, hosts); diff != "" || got.Failures == nil || got.UnreadDetails != nil {
				t.Errorf("unread %v, failed hosts (-want +got):\n%s", got.UnreadDetails, diff)
			}
		})
	}
}

// Details that are not whole are none, since half a list of failed hosts reads like all of it. The verdict stays.
func TestFailuresCannotBeRead(t *testing.T) {
	t.Parallel()
	refused := &client.Error{Method: "GET", Host: "coc.example.com", Path: "/x", Status: 403}
	failed := statistics(2, row("ABNORMAL", 1, 1), row("CANCELED", 1, 2))
	whole := map[int64]*client.ScriptOrderBatch{1: batch(1, "ABNORMAL"), 2: batch(1, "CANCELED")}
	with := func(second *client.ScriptOrderBatch) map[int64]*client.ScriptOrderBatch {
		return map[int64]*client.ScriptOrderBatch{1: whole[1], 2: second}
	}
	for name, test := range map[string]struct {
		service *coc
		want    string
		cause   error
	}{
		"no statistics": {
			&coc{statistics: failingWith(refused)}, "GET coc.example.com/x: HTTP 403 Forbidden", refused,
		},
		"statistics that do not add up": {
			&coc{statistics: always(statistics(3, row("ABNORMAL", 1, 1)))},
			"the statistics cannot be trusted: the total is 3, but 1 are accounted for", ErrUntrusted,
		},
		"batches not told": {
			&coc{statistics: always(statistics(2, row("ABNORMAL", 1, 1), row("CANCELED", 1))), batches: whole},
			"the statistics cannot be trusted: they do not say which batches have failed instances", ErrUntrusted,
		},
		"a batch that cannot be read": {
			&coc{statistics: always(failed), batches: whole, batchErr: map[int64]error{2: refused}},
			"batch 2: GET coc.example.com/x: HTTP 403 Forbidden", refused,
		},
		"a batch that is listed in part": {
			&coc{statistics: always(failed), batches: with(batch(2, "CANCELED"))},
			"batch 2 cannot be trusted: the total is 2, but 1 are accounted for", ErrUntrusted,
		},
		"a batch with a null status": {
			&coc{statistics: always(failed), batches: with(&client.ScriptOrderBatch{
				TotalInstances: new(int64(1)), ExecuteInstances: make([]client.Instance, 1),
			})},
			"batch 2 cannot be trusted: an instance has no status", ErrUntrusted,
		},
		"fewer failures than counted": {
			&coc{statistics: always(failed), batches: with(batch(1, "FINISHED"))},
			"the statistics cannot be trusted: they count 2 failed instances, but the batches list 1", ErrUntrusted,
		},
		"more failures than counted": {
			&coc{statistics: always(failed), batches: with(batch(2, "CANCELED", "ERROR"))},
			"the statistics cannot be trusted: they count 2 failed instances, but the batches list 3", ErrUntrusted,
		},
	} {
		for status, outcome := range map[string]Outcome{"ABNORMAL": Failed, "PAUSED": Paused} {
			t.Run(name+", "+status, func(t *testing.T) {
				t.Parallel()
				service := &coc{
					order: always(over(status)), statistics: test.service.statistics, batches: test.service.batches, batchErr: test.service.batchErr,
				}
				got := readOrder(t, service, OrderRequest{Details: true})
				if got.Outcome != outcome || got.Counts != nil || got.Failures != nil || got.Culprits != nil {
					t.Errorf("got %+v, failures %v", got.Report, got.Failures)
				}
				if errorText(got.UnreadDetails) != test.want || !errors.Is(got.UnreadDetails, test.cause) {
					t.Errorf("unread: %v, want %s", got.UnreadDetails, test.want)
				}
			})
		}
	}
}

func failingWith(err error) func(int) (*client.ScriptOrderStatistics, error) {
	return failing[*client.ScriptOrderStatistics](err)
}

// manyBatches fail on one host each, and the later ones answer sooner.
func manyBatches(number int64) *coc {
	service := &coc{order: always(over("ABNORMAL")), batches: map[int64]*client.ScriptOrderBatch{}, pause: map[int64]time.Duration{}}
	var indexes []int64
	for i := int64(1); i <= number; i++ {
		indexes = append(indexes, i)
		service.batches[i] = on(batch(1, "ABNORMAL"), fmt.Sprintf("h%03d", i))
		service.pause[i] = time.Duration(number+1-i) * time.Second
	}
	service.statistics = always(statistics(number, row("ABNORMAL", number, indexes...)))
	return service
}

// Batches are read four at a time, and their hosts stay in the order of the batches.
func TestFailuresSideBySide(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		service := manyBatches(20)
		start := time.Now()
		got := readOrder(t, service, OrderRequest{Details: true})
		// One after the other they would take 210 s, in fours no more than a quarter of it and the longest one.
		if took := time.Since(start); took > 210*time.Second/4+20*time.Second {
			t.Errorf("reading took %s", took)
		}
		if service.most != 4 || len(service.batchesAsked) != 20 {
			t.Errorf("%d batches were read, %d of them at once; want 20 and 4", len(service.batchesAsked), service.most)
		}
		for i, failed := range got.Failures {
			if failed.BatchIndex != int64(i+1) || failed.HostName != fmt.Sprintf("h%03d", i+1) {
				t.Fatalf("hosts are not in the order of their batches: %v", got.Failures)
			}
		}
	})
}

// Of more than a hundred failing batches the first hundred are read; what is beyond is counted, and a warning says so.
func TestVeryManyFailures(t *testing.T) {
	t.Parallel()
	for batches, unread := range map[int64]string{
		100: "",
		101: "101 batches have failed instances, and only the first 100 of them were read",
		150: "150 batches have failed instances, and only the first 100 of them were read",
	} {
		t.Run(fmt.Sprint(batches), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				service := manyBatches(batches)
				service.pause = nil
				got := readOrder(t, service, OrderRequest{Details: true})
				if len(service.batchesAsked) != 100 || len(got.Failures) != 100 || len(got.Culprits) != 100 || got.Counts["ABNORMAL"] != batches {
					t.Errorf("%d batches read, %d failures, %d culprits, counts %v", len(service.batchesAsked), len(got.Failures), len(got.Culprits),
						got.Counts)
				}
				if errorText(got.UnreadDetails) != unread || got.MoreCulprits != batches-100 {
					t.Errorf("unread %v, %d more culprits", got.UnreadDetails, got.MoreCulprits)
				}
				if !strings.HasSuffix(got.Summary, fmt.Sprintf("h010 (batch 10) and %d more", batches-10)) {
					t.Errorf("summary %q", got.Summary)
				}
				if more := fmt.Sprintf("\nand %d more\n", batches-100); strings.Contains(got.Markdown, "more") &&
					!strings.HasSuffix(got.Markdown, more) {
					t.Errorf("report\n%s", got.Markdown)
				}
			})
		})
	}
}

// Many failed instances in few batches are all data, and only as many as a reader takes in are named.
func TestManyFailuresInOneBatch(t *testing.T) {
	t.Parallel()
	service := &coc{
		order: always(over("ABNORMAL")), statistics: always(statistics(150, row("ABNORMAL", 150, 1))),
		batches: map[int64]*client.ScriptOrderBatch{1: batch(150, slices.Repeat([]string{"ABNORMAL"}, 150)...)},
	}
	got := readOrder(t, service, OrderRequest{Details: true})
	if len(got.Failures) != 150 || len(got.Culprits) != 100 || got.MoreCulprits != 50 || got.UnreadDetails != nil {
		t.Errorf("%d failures, %d culprits and %d more, unread %v", len(got.Failures), len(got.Culprits), got.MoreCulprits, got.UnreadDetails)
	}
	if !strings.HasSuffix(got.Summary, "h10 (batch 1) and 140 more") ||
		!strings.HasSuffix(got.Markdown, "| h100 | 1 | ABNORMAL |  |\n\nand 50 more\n") {
		t.Errorf("summary %q, report:\n%s", got.Summary, got.Markdown)
	}
	listed := readBatch(t, client.Batch{Order: theOrder, BatchIndex: 1}, service.batches[1])
	if len(listed.FailedHosts) != 150 || len(listed.Culprits) != 100 || listed.MoreCulprits != 50 {
		t.Errorf("batch: %d failed hosts, %d culprits and %d more", len(listed.FailedHosts), len(listed.Culprits), listed.MoreCulprits)
	}
	if !strings.HasSuffix(listed.Summary, "h10 and 140 more") || !strings.HasSuffix(listed.Markdown, "| h100 |\n\nand 50 more\n") {
		t.Errorf("batch: summary %q, report:\n%s", listed.Summary, listed.Markdown)
	}
}

// After the first failure the other reads are of no use, so they end.
func TestFailuresStopAtAFault(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		service := manyBatches(20)
		fault := errors.New("fault")
		service.pause[2], service.batchErr = time.Millisecond, map[int64]error{2: fault}
		start := time.Now()
		got := readOrder(t, service, OrderRequest{Details: true})
		if !errors.Is(got.UnreadDetails, fault) || got.Outcome != Failed {
			t.Errorf("%s, unread %v", got.Outcome, got.UnreadDetails)
		}
		if took := time.Since(start); took > 10*time.Millisecond {
			t.Errorf("reading went on for %s", took)
		}
	})
}

// The deadline that comes between two batches costs the details; a cancellation leaves no report at all.
func TestFailuresAreCutShort(t *testing.T) {
	t.Parallel()
	for name, canceled := range map[string]bool{"deadline": false, "cancellation": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if canceled {
					time.AfterFunc(30*time.Second, cancel)
				} else {
					ctx, cancel = context.WithTimeout(ctx, 30*time.Second)
					defer cancel()
				}
				start := time.Now()
				service := manyBatches(20)
				got, err := ReadOrder(ctx, service, OrderRequest{Order: theOrder, Details: true})
				if took := time.Since(start); took != 30*time.Second || len(service.batchesAsked) < 5 || len(service.batchesAsked) == 20 {
					t.Errorf("it took %s and %d requests", took, len(service.batchesAsked))
				}
				if canceled {
					if got != nil || !errors.Is(err, context.Canceled) {
						t.Errorf("got %v and the error %v", got, err)
					}
					return
				}
				if err != nil || got.Outcome != Failed || got.Failures != nil || !errors.Is(got.UnreadDetails, context.DeadlineExceeded) {
					t.Errorf("got %+v and the error %v", got, err)
				}
			})
		})
	}
}
