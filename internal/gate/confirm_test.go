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

	"github.com/hwgate/terraform-provider-hwgate/internal/client"
)

// finishedOf counts so many as finished and so many as failed, in batch 1, beside others.
func finishedOf(finished, failed int64, more ...client.InstanceStatistic) *client.ScriptOrderStatistics {
	total := finished + failed
	for _, row := range more {
		total += *row.InstanceCount
	}
	return statistics(total, append([]client.InstanceStatistic{row("FINISHED", finished, 1), row("ABNORMAL", failed, 1)}, more...)...)
}

// The statistics confirm that a FINISHED order succeeded, show that nothing ran, or contradict it.
func TestFinishedIsConfirmed(t *testing.T) {
	t.Parallel()
	const advice = "; failure_details = false takes the order's word"
	none := -1.0
	for name, test := range map[string]struct {
		threshold  float64
		statistics *client.ScriptOrderStatistics
		outcome    Outcome
		// text is what the summary says after "(FINISHED) after 5m11s, ended 2023-08-31T02:01:37Z; ".
		text string
	}{
		"all":                   {none, finishedOf(10, 0), Succeeded, "10 of 10 instances finished"},
		"all, threshold 100":    {100, finishedOf(10, 0), Succeeded, "10 of 10 instances finished"},
		"none ran":              {none, statistics(0), Empty, "no instances"},
		"none ran, threshold 0": {0, statistics(0), Empty, "no instances"},
		"at the threshold": {
			80, finishedOf(8, 2), Succeeded, "8 of 10 instances finished, 2 failed; success-rate threshold 80%; failed hosts: ",
		},
		"below the threshold": {
			80, finishedOf(3, 7), Unknown,
			"the order is FINISHED, but its statistics count 3 of 10 instances finished, below the success-rate threshold of 80%" + advice,
		},
		"no threshold, some finished": {none, finishedOf(1, 9), Succeeded, "1 of 10 instances finished, 9 failed; failed hosts: "},
		"no threshold, none finished": {
			none, finishedOf(0, 1), Unknown, "the order is FINISHED, but its statistics count 0 of 1 instance finished" + advice,
		},
		"threshold of nothing": {
			0, finishedOf(0, 10), Unknown, "the order is FINISHED, but its statistics count 0 of 10 instances finished" + advice,
		},
		"threshold below nothing": {
			-1e9, finishedOf(0, 1), Unknown, "the order is FINISHED, but its statistics count 0 of 1 instance finished" + advice,
		},
		"threshold of nothing, some finished": {
			0, finishedOf(1, 9), Succeeded, "1 of 10 instances finished, 9 failed; success-rate threshold 0%; failed hosts: ",
		},
		"rounded to a tenth, enough": {66.7, finishedOf(2, 1), Succeeded, "2 of 3 instances finished, 1 failed; success-rate threshold 66.7%"},
		"rounded to a tenth, too few": {
			66.8, finishedOf(2, 1), Unknown,
			"the order is FINISHED, but its statistics count 2 of 3 instances finished, below the success-rate threshold of 66.8%" + advice,
		},
		"rounded up to all": {
			100, finishedOf(2499, 1), Unknown,
			"the order is FINISHED, but its statistics count 2499 of 2500 instances finished, below the success-rate threshold of 100%" + advice,
		},
		"unfinished": {
			50, finishedOf(9, 0, row("PROCESSING", 1, 1)), Unknown,
			"the order is FINISHED, but its statistics count 9 of 10 instances finished and 1 not ended" + advice,
		},
		"waiting": {
			none, finishedOf(9, 0, row("READY", 1, 1)), Unknown,
			"the order is FINISHED, but its statistics count 9 of 10 instances finished and 1 not ended" + advice,
		},
		"a new word": {
			none, finishedOf(9, 0, row("SKIPPED", 1, 1)), Unknown,
			"the order is FINISHED, but its statistics count 9 of 10 instances finished and 1 not ended" + advice,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			order := over("FINISHED")
			if test.threshold != none {
				order = withThreshold(order, test.threshold)
			}
			service := &coc{
				order: always(order), statistics: always(test.statistics),
				batches: map[int64]*client.ScriptOrderBatch{1: failedBatch(judgeStatistics(test.statistics).Tally.Failed)},
			}
			got := readOrder(t, service, OrderRequest{Details: true})
			if got.Outcome != test.outcome || got.Good != (test.outcome == Succeeded) || got.Completed != (test.outcome != Unknown) {
				t.Errorf("got %+v, want %s", got.Verdict, test.outcome)
			}
			if want := string(test.outcome) + " (FINISHED) after 5m11s, ended 2023-08-31T02:01:37Z; " + test.text; !strings.Contains(got.Summary, want) {
				t.Errorf("summary %q\nwant %q", got.Summary, want)
			}
			if !strings.Contains(test.text, "threshold") && strings.Contains(got.Summary, "threshold") {
				t.Errorf("summary %q names a threshold, though all finished or none was set", got.Summary)
			}
			if (got.Doubt != "") != (test.outcome == Unknown) || got.Doubt != "" && !strings.HasSuffix(got.Summary, got.Doubt) {
				t.Errorf("doubt %q", got.Doubt)
			}
			// What is contradicted cannot be trusted: a count of no failures would open a gate that asks for none.
			if (got.Counts != nil) != got.Completed || (got.Failures != nil) != got.Completed || got.UnreadDetails != nil {
				t.Errorf("counts %v, failures %v, unread %v", got.Counts, got.Failures, got.UnreadDetails)
			}
			if len(service.ordersAsked) != 1 || len(service.statsAsked) != 1 {
				t.Errorf("%d and %d requests, want one and one", len(service.ordersAsked), len(service.statsAsked))
			}
			// The order's own word is taken when it is not to be confirmed.
			service = &coc{order: always(order)}
			if got = readOrder(t, service, OrderRequest{}); got.Outcome != Succeeded || !got.Completed || got.Counts != nil ||
				service.statsAsked != nil {
				t.Errorf("without details: %+v after %d more requests", got.Verdict, len(service.statsAsked))
			}
		})
	}
}

// failedBatch is a batch of so many failed instances.
func failedBatch(failed int64) *client.ScriptOrderBatch {
	return batch(failed, slices.Repeat([]string{"ABNORMAL"}, int(failed))...)
}

// Statistics that cannot be read, or do not add up, cost a warning and their own data, and leave the order's word.
func TestFinishedWithoutStatistics(t *testing.T) {
	t.Parallel()
	for name, statistics := range map[string]func(int) (*client.ScriptOrderStatistics, error){
		"refused":         failingWith(&client.Error{Status: 403}),
		"overloaded":      failingWith(&client.Error{Status: 503}),
		"do not add up":   always(statistics(3, row("FINISHED", 1, 1))),
		"without a total": always(&client.ScriptOrderStatistics{}),
	} {
		for _, wait := range []*Wait{nil, {}} {
			t.Run(fmt.Sprintf("%s, waiting %t", name, wait != nil), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					service := &coc{order: always(over("FINISHED")), statistics: statistics}
					start := time.Now()
					got := readOrder(t, service, OrderRequest{Details: true, Wait: wait})
					if !got.Good || got.Outcome != Succeeded || got.Counts != nil || got.Failures != nil || got.UnreadDetails == nil || got.Doubt != "" {
						t.Errorf("got %+v", got.Report)
					}
					if len(service.statsAsked) != 1 || time.Since(start) != 0 {
						t.Errorf("%d requests in %s, want one at once", len(service.statsAsked), time.Since(start))
					}
					if !strings.HasSuffix(got.Summary, ": succeeded (FINISHED) after 5m11s, ended 2023-08-31T02:01:37Z") {
						t.Errorf("summary %q", got.Summary)
					}
				})
			})
		}
	}
}

// madeAgo is an order whose id says how long ago it was made.
func madeAgo(ago time.Duration) client.Order {
	order := theOrder
	order.ExecuteUUID = "SCT" + time.Now().Add(-ago).In(time.FixedZone("", 8*60*60)).Format("20060102150405") + "01af694bf"
	return order
}

// A wait looks again at what may come too early, for a minute, at most half of its time, and then ends with it, as data or an error.
func TestGraceOfOrders(t *testing.T) {
	t.Parallel()
	lagging := finishedOf(3, 0, row("PROCESSING", 7, 1))
	notFound := failing[*client.ScriptOrder](errNotFound)
	for name, test := range map[string]struct {
		order      func(int) (*client.ScriptOrder, error)
		statistics *client.ScriptOrderStatistics
		old        bool
		limit      time.Duration
		grace      time.Duration
		outcome    Outcome
	}{
		"contradicted":                    {always(over("FINISHED")), lagging, false, 30 * time.Minute, time.Minute, Unknown},
		"contradicted, old order":         {always(over("FINISHED")), lagging, true, 30 * time.Minute, time.Minute, Unknown},
		"contradicted, half the deadline": {always(over("FINISHED")), lagging, false, 40 * time.Second, 18 * time.Second, Unknown},
		"empty":                           {always(over("FINISHED")), statistics(0), false, 30 * time.Minute, time.Minute, Empty},
		"empty, half the deadline":        {always(over("FINISHED")), statistics(0), false, 40 * time.Second, 18 * time.Second, Empty},
		"empty, old order":                {always(over("FINISHED")), statistics(0), true, 30 * time.Minute, 0, Empty},
		"not found":                       {notFound, nil, false, 30 * time.Minute, time.Minute, NotFound},
		"not found, half the deadline":    {notFound, nil, false, 40 * time.Second, 18 * time.Second, NotFound},
		"not found, old order":            {notFound, nil, true, 30 * time.Minute, 0, NotFound},
		"contradicted from the tenth look": {
			inTurn(append(slices.Repeat([]*client.ScriptOrder{open("PROCESSING")}, 9), over("FINISHED"))...), lagging, true, 30 * time.Minute,
			time.Minute, Unknown,
		},
	} {
		for _, ignore := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, ignore %t", name, ignore), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					ctx, cancel := context.WithTimeout(t.Context(), test.limit)
					defer cancel()
					var first, last time.Time
					service := &coc{statistics: always(test.statistics)}
					service.order = func(n int) (*client.ScriptOrder, error) {
						order, err := test.order(n)
						if last = time.Now(); first.IsZero() && (err != nil || *order.Status == "FINISHED") {
							first = last
						}
						return order, err
					}
					asked := OrderRequest{Order: madeAgo(0), Details: true, Wait: &Wait{Interval: 5 * time.Minute}, IgnoreNotFound: ignore}
					if test.old {
						asked.Order = madeAgo(10*time.Minute + time.Second)
					}
					got, err := ReadOrder(ctx, service, asked)
					// What was seen is looked at when the grace ends, and what was not, soon after.
					late := time.Duration(0)
					if test.outcome == NotFound {
						late = test.grace / 3
					}
					if took := last.Sub(first); took < test.grace || took > test.grace+late {
						t.Errorf("it was looked at for %s, want %s", took, test.grace)
					}
					if test.outcome == NotFound && !ignore {
						if !client.IsNotFound(err) || got != nil {
							t.Fatalf("got %v and the error %v", got, err)
						}
						want := "not found for " + last.Sub(first).Round(time.Second).String() + ": "
						if test.grace == 0 {
							want = errNotFound.Error()
						}
						if !strings.HasPrefix(err.Error(), want) {
							t.Errorf("error %q, want %q", err, want)
						}
						return
					}
					if err != nil || got.Outcome != test.outcome || got.Timeout != nil || got.Good || len(got.PastDoubts) != 0 {
						t.Errorf("got %+v and the error %v", got, err)
					}
				})
			})
		}
	}
}

// Statistics that lag behind for a moment are no news, and an order that is visible a moment later is none either.
func TestGraceIsUsed(t *testing.T) {
	t.Parallel()
	for name, service := range map[string]*coc{
		"contradicted at first": {
			order: always(over("FINISHED")), statistics: inTurn(
				finishedOf(3, 0, row("READY", 7, 1)), finishedOf(7, 0, row("READY", 3, 1)), finishedOf(10, 0),
			),
		},
		"empty at first": {order: always(over("FINISHED")), statistics: inTurn(statistics(0), statistics(0), finishedOf(10, 0))},
		"invisible at first": {
			order: func(n int) (*client.ScriptOrder, error) {
				if n < 3 {
					return nil, errNotFound
				}
				return over("FINISHED"), nil
			},
			statistics: always(finishedOf(10, 0)),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				got := readOrder(t, service, OrderRequest{Order: madeAgo(0), Details: true, Wait: &Wait{}})
				if !got.Good || got.Counts["FINISHED"] != 10 || len(got.PastDoubts) != 0 || got.Doubt != "" || len(service.ordersAsked) != 3 {
					t.Errorf("after %d looks: %+v", len(service.ordersAsked), got.Report)
				}
				if !strings.HasSuffix(got.Summary, "10 of 10 instances finished; waited 2s") {
					t.Errorf("summary %q", got.Summary)
				}
			})
		})
	}
}

// Statistics that spoke against a success once are not forgotten when they cannot be read at a later look: only statistics take back what
// statistics said, or an order that moves again.
func TestDoubtOutlastsUnreadableStatistics(t *testing.T) {
	t.Parallel()
	below, unfinished := finishedOf(3, 7), finishedOf(3, 0, row("READY", 7, 1))
	for name, test := range map[string]struct {
		first *client.ScriptOrderStatistics
		// orders are the statuses, FINISHED for ever after the last; readable is the look from which statistics can be read again, 0 for none.
		orders   []string
		readable int
		outcome  Outcome
		took     time.Duration
	}{
		"too few, then nothing":         {below, nil, 0, Unknown, time.Minute},
		"unfinished, then nothing":      {unfinished, nil, 0, Unknown, time.Minute},
		"none ran, then nothing":        {statistics(0), nil, 0, Empty, time.Minute},
		"unfinished, then all finished": {unfinished, nil, 4, Succeeded, 3 * time.Second},
		"the order moves again":         {unfinished, []string{"FINISHED", "PROCESSING", "FINISHED"}, 0, Succeeded, 2 * time.Second},
		"running, then nothing":         {unfinished, []string{"PROCESSING", "FINISHED"}, 0, Succeeded, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				service := &coc{order: func(n int) (*client.ScriptOrder, error) {
					order := over("FINISHED")
					if n <= len(test.orders) {
						order = over(test.orders[n-1])
					}
					return withThreshold(order, 80), nil
				}}
				service.statistics = func(n int) (*client.ScriptOrderStatistics, error) {
					switch {
					case n == 1:
						return test.first, nil
					case test.readable == 0 || n < test.readable:
						return nil, errOverloaded
					default:
						return finishedOf(10, 0), nil
					}
				}
				start := time.Now()
				got := readOrder(t, service, OrderRequest{Order: madeAgo(0), Details: true, Wait: &Wait{Progress: func(Progress) {}}})
				if got.Outcome != test.outcome || got.Good != (test.outcome == Succeeded) || got.Timeout != nil {
					t.Errorf("got %+v, want %s", got.Report, test.outcome)
				}
				// Jitter shortens each pause of a second by up to a fifth.
				if took := (time.Since(start) + time.Second - 1).Truncate(time.Second); took != test.took {
					t.Errorf("the wait took %s, want %s", took, test.took)
				}
			})
		})
	}
}

// A failure that asking again may mend does not make a wait look without pause, although the grace is over by then.
func TestGraceThatFailuresOutlast(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		start := time.Now()
		service := &coc{statistics: always(finishedOf(3, 0, row("READY", 7, 1)))}
		service.order = func(n int) (*client.ScriptOrder, error) {
			switch at := time.Since(start); {
			case n > 60:
				return nil, errForbidden // Time would not pass without pauses.
			case at > 30*time.Second && at < 5*time.Minute:
				return nil, errOverloaded
			default:
				return over("FINISHED"), nil
			}
		}
		got, err := ReadOrder(ctx, service, OrderRequest{Order: theOrder, Details: true, Wait: &Wait{}})
		if err != nil || got.Outcome != Unknown || got.Timeout != nil {
			t.Errorf("%d looks, got %+v and the error %v", len(service.ordersAsked), got, err)
		}
	})
}

// At the deadline the counts and the hosts that have not ended are told, bounded; a paused order has its failure details too.
func TestOrderTimesOut(t *testing.T) {
	t.Parallel()
	twelve := batch(12, slices.Repeat([]string{"PROCESSING"}, 12)...)
	const hosts = "h1 (batch 3), h2 (batch 3), h3 (batch 3), h4 (batch 3), h5 (batch 3), h6 (batch 3), h7 (batch 3), h8 (batch 3), " +
		"h9 (batch 3), h10 (batch 3)"
	for name, test := range map[string]struct {
		status         string
		statistics     func(int) (*client.ScriptOrderStatistics, error)
		batches        map[int64]*client.ScriptOrderBatch
		plain, told    bool
		tally, missing string
		failures       int
	}{
		"running": {
			status: "PROCESSING", statistics: always(finishedOf(3, 0, row("PROCESSING", 1, 2), row("READY", 1, 2))),
			batches: map[int64]*client.ScriptOrderBatch{2: on(batch(3, "PROCESSING", "FINISHED", "READY"), "web-1", "web-2", "web-3")},
			tally:   "3 of 5 instances finished, 1 running, 1 waiting", missing: "not ended: web-1 (batch 2), web-3 (batch 2)",
		},
		"running, with progress": {
			status: "PROCESSING", statistics: always(finishedOf(3, 0, row("PROCESSING", 1, 2))), told: true,
			batches: map[int64]*client.ScriptOrderBatch{2: on(batch(1, "PROCESSING"), "web-1")},
			tally:   "3 of 4 instances finished, 1 running", missing: "not ended: web-1 (batch 2)",
		},
		"many run": {
			status: "PROCESSING", statistics: always(statistics(60, row("PROCESSING", 60, 3, 4, 5, 6, 7, 8))),
			batches: map[int64]*client.ScriptOrderBatch{3: twelve, 4: twelve, 5: twelve, 6: twelve},
			tally:   "0 of 60 instances finished, 60 running", missing: "not ended: " + hosts + " and 50 more",
		},
		"hosts cannot be read": {
			status: "PROCESSING", statistics: always(statistics(1, row("PROCESSING", 1, 1))),
			batches: map[int64]*client.ScriptOrderBatch{1: batch(2, "PROCESSING")}, tally: "0 of 1 instance finished, 1 running",
		},
		"statistics cannot be read": {status: "PROCESSING", statistics: failingWith(errOverloaded)},
		"details are not asked for": {status: "PROCESSING", plain: true},
		"paused": {
			status: "PAUSED", statistics: always(finishedOf(3, 2, row("READY", 1, 2))), failures: 2,
			batches: map[int64]*client.ScriptOrderBatch{1: failedBatch(2), 2: on(batch(1, "READY"), "web-1")},
			tally:   "3 of 6 instances finished, 2 failed, 1 waiting", missing: "not ended: web-1 (batch 2)",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
				defer cancel()
				service := &coc{order: always(open(test.status)), statistics: test.statistics, batches: test.batches}
				wait := &Wait{ThroughPause: true}
				if test.told {
					wait.Progress = func(Progress) {}
				}
				got, err := ReadOrder(ctx, service, OrderRequest{Order: theOrder, Details: !test.plain, Wait: wait})
				if err != nil || got.Timeout == nil || got.Good || got.Completed {
					t.Fatalf("got %+v and the error %v", got, err)
				}
				if got.Timeout.Status != test.status || got.Timeout.Tally != test.tally || got.Timeout.Missing != test.missing ||
					got.Timeout.Elapsed != 110*time.Second {
					t.Errorf("timeout %+v", got.Timeout)
				}
				if paused := test.status == "PAUSED"; (got.Counts != nil) != paused || (got.Failures != nil) != paused ||
					len(got.Failures) != test.failures || got.UnreadDetails != nil {
					t.Errorf("counts %v, failures %v, unread %v", got.Counts, got.Failures, got.UnreadDetails)
				}
				if !strings.HasSuffix(got.Summary, "; timed out after 1m50s") || test.tally != "" && !strings.Contains(got.Summary, "; "+test.tally) {
					t.Errorf("summary %q", got.Summary)
				}
				if len(service.batchesAsked) > 5 || test.plain && service.statsAsked != nil {
					t.Errorf("%d batches and %d statistics were read", len(service.batchesAsked), len(service.statsAsked))
				}
			})
		})
	}
}

// A cancellation while the statistics that confirm a success are read is an error, not a success.
func TestConfirmationCanceled(t *testing.T) {
	t.Parallel()
	for _, wait := range []*Wait{nil, {}} {
		ctx, cancel := context.WithCancel(t.Context())
		service := &coc{order: always(over("FINISHED")), statistics: func(int) (*client.ScriptOrderStatistics, error) {
			cancel()
			return nil, &client.Error{Err: context.Canceled}
		}}
		if got, err := ReadOrder(ctx, service, OrderRequest{Order: theOrder, Details: true, Wait: wait}); got != nil ||
			!errors.Is(err, context.Canceled) {
			t.Errorf("waiting %t: got %v and the error %v", wait != nil, got, err)
		}
	}
}

// Statistics that were not available in the short time for progress are read again where the verdict or its details need them.
func TestStatisticsAfterProgress(t *testing.T) {
	t.Parallel()
	for status, outcome := range map[string]Outcome{"PAUSED": Paused, "ABNORMAL": Failed, "FINISHED": Succeeded} {
		synctest.Test(t, func(t *testing.T) {
			service := &coc{order: inTurn(open("PROCESSING"), over(status)), batches: map[int64]*client.ScriptOrderBatch{1: failedBatch(1)}}
			service.statistics = func(n int) (*client.ScriptOrderStatistics, error) {
				if n == 1 || n == 2 && status == "PAUSED" {
					return nil, errOverloaded
				}
				return finishedOf(9, 1), nil
			}
			got := readOrder(t, service, OrderRequest{Details: true, Wait: &Wait{Progress: func(Progress) {}}})
			if got.Outcome != outcome || got.Counts == nil || len(got.Failures) != 1 || got.UnreadDetails != nil {
				t.Errorf("%s: got %+v, failures %v", status, got.Report, got.Failures)
			}
			if requests := map[bool]int{false: 2, true: 3}[status == "PAUSED"]; len(service.statsAsked) != requests {
				t.Errorf("%s: %d statistics, want %d", status, len(service.statsAsked), requests)
			}
		})
	}
}
