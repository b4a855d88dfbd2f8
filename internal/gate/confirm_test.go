package gate

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
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
	const (
		advice = "; failure_details = false takes the order's word"
		// all is why a share of the instances is not enough.
		all = ", and without a success-rate threshold from 1 to 100% all have to finish" + advice
	)
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
		"at the lowest threshold": {1, finishedOf(1, 99), Succeeded, "1 of 100 instances finished, 99 failed; success-rate threshold 1%; failed hosts: "},
		"below the lowest threshold": {
			1, finishedOf(1, 199), Unknown,
			"the order is FINISHED, but its statistics count 1 of 200 instances finished, below the success-rate threshold of 1%" + advice,
		},
		"no threshold, some finished": {
			none, finishedOf(99, 1), Unknown, "the order is FINISHED, but its statistics count 99 of 100 instances finished" + all,
		},
		"no threshold, none finished": {
			none, finishedOf(0, 1), Unknown, "the order is FINISHED, but its statistics count 0 of 1 instance finished" + all,
		},
		"threshold of nothing": {
			0, finishedOf(0, 10), Unknown, "the order is FINISHED, but its statistics count 0 of 10 instances finished" + all,
		},
		"threshold of nothing, some finished": {
			0, finishedOf(1, 9), Unknown, "the order is FINISHED, but its statistics count 1 of 10 instances finished" + all,
		},
		"threshold below nothing": {
			-5, finishedOf(9, 1), Unknown, "the order is FINISHED, but its statistics count 9 of 10 instances finished" + all,
		},
		"threshold that is a fraction": {
			0.9, finishedOf(9, 1), Unknown, "the order is FINISHED, but its statistics count 9 of 10 instances finished" + all,
		},
		"threshold above all": {
			100.1, finishedOf(9, 1), Unknown, "the order is FINISHED, but its statistics count 9 of 10 instances finished" + all,
		},
		"threshold above all, and all finished": {101, finishedOf(10, 0), Succeeded, "10 of 10 instances finished"},
		"threshold that is no number": {
			math.NaN(), finishedOf(9, 1), Unknown, "the order is FINISHED, but its statistics count 9 of 10 instances finished" + all,
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
			if got.Outcome != test.outcome || got.Good() != (test.outcome == Succeeded) || got.Completed != (test.outcome != Unknown) {
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

// Without statistics that can be read and add up, nothing confirms that a FINISHED order succeeded. A wait reads them again for the grace
// period. The doubt says why in words that stay the same, and without the service's text.
func TestFinishedWithoutStatistics(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		statistics func(int) (*client.ScriptOrderStatistics, error)
		why        string
	}{
		"refused": {failingWith(&client.Error{Status: 403, Code: "APIG.0305"}), "its statistics cannot be read (HTTP 403, APIG.0305)"},
		"overloaded": {func(look int) (*client.ScriptOrderStatistics, error) {
			return nil, &client.Error{Status: 503, Message: "node web-1 is down", RequestID: strconv.Itoa(look)}
		}, "its statistics cannot be read (HTTP 503)"},
		"silent":          {failingWith(errSlow), "its statistics cannot be read (no answer)"},
		"malformed":       {failingWith(errMalformed), "its statistics cannot be read (malformed answer)"},
		"not found":       {failingWith(errNotFound), "its statistics cannot be read (HTTP 400, COC.00040709)"},
		"do not add up":   {always(statistics(3, row("FINISHED", 1, 1))), "the statistics cannot be trusted: the total is 3, but 1 are accounted for"},
		"without a total": {always(&client.ScriptOrderStatistics{}), "the statistics cannot be trusted: the total is missing"},
	} {
		for _, wait := range []*Wait{nil, {}, {Progress: func(Progress) {}}} {
			t.Run(fmt.Sprintf("%s, waiting %t", name, wait != nil), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					service := &coc{order: always(over("FINISHED")), statistics: test.statistics}
					start := time.Now()
					got := readOrder(t, service, OrderRequest{Details: true, Wait: wait})
					if got.Good() || got.Outcome != Unknown || got.Completed || got.Counts != nil || got.Failures != nil || got.DoubtCause == nil || got.UnreadDetails != nil {
						t.Errorf("got %+v", got.Report)
					}
					took := time.Since(start)
					if wait == nil && (len(service.statsAsked) != 1 || took != 0) || wait != nil && (len(service.statsAsked) < 6 || took != time.Minute) {
						t.Errorf("%d requests in %s", len(service.statsAsked), took)
					}
					want := ", ended 2023-08-31T02:01:37Z; the order is FINISHED, but nothing confirms it: " + test.why + "; failure_details = false takes the order's word"
					if wait != nil {
						want += "; waited 1m0s"
					}
					if !strings.HasSuffix(got.Summary, want) || len(got.PastDoubts) != 0 || got.Timeout != nil {
						t.Errorf("summary %q, want %q", got.Summary, want)
					}
				})
			})
		}
	}
}

// An order that is confirmed within the grace period has succeeded, whatever kept its statistics from being read before.
func TestConfirmedLater(t *testing.T) {
	t.Parallel()
	for name, first := range map[string]func() (*client.ScriptOrderStatistics, error){
		"refused":       func() (*client.ScriptOrderStatistics, error) { return nil, errForbidden },
		"overloaded":    func() (*client.ScriptOrderStatistics, error) { return nil, errOverloaded },
		"malformed":     func() (*client.ScriptOrderStatistics, error) { return nil, errMalformed },
		"do not add up": func() (*client.ScriptOrderStatistics, error) { return statistics(3, row("FINISHED", 1, 1)), nil },
	} {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			service := &coc{order: always(over("FINISHED")), statistics: func(int) (*client.ScriptOrderStatistics, error) {
				if time.Since(start) < 50*time.Second {
					return first()
				}
				return finishedOf(3, 0), nil
			}}
			got := readOrder(t, service, OrderRequest{Details: true, Wait: &Wait{}})
			if !got.Good() || !got.Completed || got.Counts["FINISHED"] != 3 || got.UnreadDetails != nil || got.DoubtCause != nil || len(got.PastDoubts) != 0 {
				t.Errorf("%s: got %+v", name, got.Report)
			}
		})
	}
}

// A failed or canceled order stays so if its statistics show no failure, but they are not trusted: a count of none would open a gate.
func TestFailureThatStatisticsDeny(t *testing.T) {
	t.Parallel()
	for _, status := range []string{"ABNORMAL", "ERROR", "ROLLBACKED", "CANCELED"} {
		for name, denied := range map[string]*client.ScriptOrderStatistics{
			"3 of 3 instances finished": finishedOf(3, 0), "no instances": statistics(0),
			"1 of 2 instances finished, 1 running": finishedOf(1, 0, row("PROCESSING", 1, 1)),
		} {
			for _, wait := range []*Wait{nil, {}, {Progress: func(Progress) {}}} {
				service := &coc{order: always(over(status)), statistics: always(denied)}
				got := readOrder(t, service, OrderRequest{Details: true, Wait: wait})
				if got.Outcome != Failed && got.Outcome != Canceled || !got.Completed || got.Counts != nil || got.Failures != nil || got.Culprits != nil ||
					len(service.statsAsked) != 1 {
					t.Errorf("%s, %s: got %+v", status, name, got.Report)
				}
				want := fmt.Sprintf("the statistics cannot be trusted: they count no failed instance of an order that is %s (%s)", got.Outcome, name)
				if !errors.Is(got.UnreadDetails, ErrUntrusted) || got.UnreadDetails.Error() != want || strings.Contains(got.Summary, name) {
					t.Errorf("%s: unread %v, summary %q", status, got.UnreadDetails, got.Summary)
				}
			}
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
					if err != nil || got.Outcome != test.outcome || got.Timeout != nil || got.Good() || len(got.PastDoubts) != 0 {
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
				if !got.Good() || got.Counts["FINISHED"] != 10 || len(got.PastDoubts) != 0 || got.Doubt != "" || len(service.ordersAsked) != 3 {
					t.Errorf("after %d looks: %+v", len(service.ordersAsked), got.Report)
				}
				if !strings.HasSuffix(got.Summary, "10 of 10 instances finished; waited 2s") {
					t.Errorf("summary %q", got.Summary)
				}
			})
		})
	}
}

// What statistics counted is said as long as no better ones can be read, also if they only showed the progress.
func TestDoubtOutlastsUnreadableStatistics(t *testing.T) {
	t.Parallel()
	below, unfinished := finishedOf(3, 7), finishedOf(3, 0, row("READY", 7, 1))
	for name, test := range map[string]struct {
		first *client.ScriptOrderStatistics
		// orders are the statuses, FINISHED for ever after the last; readable is the look from which statistics can be read again, 0 for none.
		orders   []string
		readable int
		outcome  Outcome
		doubt    string
		took     time.Duration
	}{
		"too few, then nothing":    {below, nil, 0, Unknown, "; before, they counted 3 of 10 instances finished, 7 failed", time.Minute},
		"unfinished, then nothing": {unfinished, nil, 0, Unknown, "; before, they counted 3 of 10 instances finished, 7 waiting", time.Minute},
		"none ran, then nothing":   {statistics(0), nil, 0, Unknown, "; before, they counted no instances", time.Minute},
		"some failed, then nothing": {
			below, []string{"PROCESSING", "FINISHED"}, 0, Unknown, "; before, they counted 3 of 10 instances finished, 7 failed", time.Minute + time.Second,
		},
		"the order moves again": {
			unfinished, []string{"FINISHED", "PROCESSING", "FINISHED"}, 0, Unknown, "; before, they counted 3 of 10 instances finished, 7 waiting",
			time.Minute + 2*time.Second,
		},
		"unfinished, then all finished": {unfinished, nil, 4, Succeeded, "", 3 * time.Second},
		"some failed, then none":        {below, []string{"PROCESSING", "FINISHED"}, 3, Succeeded, "", 2 * time.Second},
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
				if got.Outcome != test.outcome || got.Good() != (test.outcome == Succeeded) || got.Timeout != nil || !strings.Contains(got.Doubt, test.doubt) {
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

// At the deadline the counts are told, and no batch is read for that; a paused order has its failure details too.
func TestOrderTimesOut(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		status      string
		statistics  func(int) (*client.ScriptOrderStatistics, error)
		batches     map[int64]*client.ScriptOrderBatch
		plain, told bool
		tally       string
		failures    int
	}{
		"running": {
			status: "PROCESSING", statistics: always(finishedOf(3, 0, row("PROCESSING", 1, 2), row("READY", 1, 2))),
			tally: "3 of 5 instances finished, 1 running, 1 waiting",
		},
		"running, with progress": {
			status: "PROCESSING", statistics: always(finishedOf(3, 0, row("PROCESSING", 1, 2))), told: true,
			tally: "3 of 4 instances finished, 1 running",
		},
		"statistics cannot be read": {status: "PROCESSING", statistics: failingWith(errOverloaded)},
		"details are not asked for": {status: "PROCESSING", plain: true},
		"paused": {
			status: "PAUSED", statistics: always(finishedOf(3, 2, row("READY", 1, 2))), failures: 2,
			batches: map[int64]*client.ScriptOrderBatch{1: failedBatch(2)},
			tally:   "3 of 6 instances finished, 2 failed, 1 waiting",
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
				if err != nil || got.Timeout == nil || got.Good() || got.Completed {
					t.Fatalf("got %+v and the error %v", got, err)
				}
				if got.Timeout.Status != test.status || got.Timeout.Counted != test.tally || got.Timeout.Missing != "" ||
					got.Timeout.Elapsed != 110*time.Second {
					t.Errorf("timeout %+v", got.Timeout)
				}
				if paused := test.status == "PAUSED"; (got.Counts != nil) != paused || (got.Failures != nil) != paused ||
					len(got.Failures) != test.failures || got.UnreadDetails != nil || got.DoubtCause != nil {
					t.Errorf("counts %v, failures %v, unread %v", got.Counts, got.Failures, got.UnreadDetails)
				}
				if !strings.HasSuffix(got.Summary, "; timed out after 1m50s") || test.tally != "" && !strings.Contains(got.Summary, "; "+test.tally) {
					t.Errorf("summary %q", got.Summary)
				}
				if (len(service.batchesAsked) > 0) != (test.failures > 0) || test.plain && service.statsAsked != nil {
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
			service := &coc{batches: map[int64]*client.ScriptOrderBatch{1: failedBatch(1)}}
			service.statistics = func(n int) (*client.ScriptOrderStatistics, error) {
				if n == 1 || n == 2 && status == "PAUSED" {
					return nil, errOverloaded
				}
				return finishedOf(9, 1), nil
			}
			service.order = inTurn(open("PROCESSING"), withThreshold(over(status), 90))
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
