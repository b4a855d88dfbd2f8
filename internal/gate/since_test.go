package gate

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/hwgate/terraform-provider-hwgate/internal/client"
)

func TestParseSince(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	for value, want := range map[string]time.Time{
		"2026-11-28T20:00:00Z":          time.Date(2026, 11, 28, 20, 0, 0, 0, time.UTC),
		"2026-11-29T04:00:00+08:00":     time.Date(2026, 11, 28, 20, 0, 0, 0, time.UTC),
		"2026-11-28T20:00:00.25Z":       time.Date(2026, 11, 28, 20, 0, 0, 250_000_000, time.UTC),
		"2h":                            now.Add(-2 * time.Hour),
		"90m30s":                        now.Add(-90*time.Minute - 30*time.Second),
		"1ns":                           now.Add(-1),
		"":                              {},
		"0s":                            {},
		"0":                             {},
		"-2h":                           {},
		"2":                             {},
		"2 h":                           {},
		"2d":                            {},
		"yesterday":                     {},
		"1795982400":                    {},
		"2026-11-28":                    {},
		"2026-11-28T20:00:00":           {},
		"2026-11-28 20:00:00Z":          {},
		"2026-11-28T20:00:00Z ":         {},
		"2026-02-30T20:00:00Z":          {},
		"2026-11-28T20:00:00+8:00":      {},
		"10000-11-28T20:00:00Z":         {},
		"9999999999999h":                {},
		"2026-11-28T20:00:00Z\n":        {},
		"Sat, 28 Nov 2026 20:00:00 GMT": {},
	} {
		since, err := ParseSince(value)
		switch {
		case want.IsZero() != (err != nil):
			t.Errorf("%q: error %v", value, err)
		case err == nil && !since.From(now).Equal(want):
			t.Errorf("%q: %s, want %s", value, since.From(now), want)
		}
	}
}

// A clock that is ten minutes off is believed; a time that lies further ahead is a mistake.
func TestSinceInTheFuture(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 28, 20, 0, 0, 0, time.UTC)
	for value, want := range map[string]string{
		"2026-11-28T20:10:00Z": "",
		"2026-11-28T20:10:01Z": "it is 10m1s ahead of this machine's clock",
		"2027-11-28T20:00:00Z": "it is 8760h0m0s ahead of this machine's clock",
		"2006-11-28T20:00:00Z": "",
		"1000h":                "",
	} {
		since, err := ParseSince(value)
		if err != nil {
			t.Fatal(err)
		}
		if err := since.Check(now); (err == nil) != (want == "") || err != nil && err.Error() != want {
			t.Errorf("%s: error %v, want %q", value, err, want)
		}
	}
}

func sinceOf(t interface{ Fatal(...any) }, value string) *Since {
	since, err := ParseSince(value)
	if err != nil {
		t.Fatal(err)
	}
	return since
}

// An order from before since is unknown at once, whatever its status, unless it failed or was canceled, and nothing more is asked.
func TestOrderSince(t *testing.T) {
	t.Parallel()
	const (
		tooOld  = "the order was created at 2023-08-31T01:56:26Z, which is before since (2023-08-31T01:56:27Z)"
		undated = "the answer does not say when the order was created, so it may be older than since (2023-08-31T01:56:26Z)"
	)
	withoutTime := func(status string) *client.ScriptOrder {
		return &client.ScriptOrder{Status: &status, GmtFinished: new(ended)}
	}
	for name, test := range map[string]struct {
		order     *client.ScriptOrder
		since     string
		outcome   Outcome
		completed bool
		doubt     string
	}{
		"created at that time":       {over("FINISHED"), "2023-08-31T01:56:26Z", Succeeded, true, ""},
		"created later":              {over("FINISHED"), "2020-01-01T00:00:00Z", Succeeded, true, ""},
		"created before":             {over("FINISHED"), "2023-08-31T01:56:27Z", Unknown, true, tooOld},
		"created a moment before":    {over("FINISHED"), "2023-08-31T01:56:26.001Z", Unknown, true, "the order was created at 2023-08-31T01:56:26Z, which is before since (2023-08-31T01:56:26.001Z)"},
		"another zone":               {over("FINISHED"), "2023-08-31T09:56:27+08:00", Unknown, true, tooOld},
		"without a time":             {withoutTime("FINISHED"), "2023-08-31T01:56:26Z", Unknown, true, undated},
		"without a possible time":    {&client.ScriptOrder{Status: new("FINISHED"), GmtCreated: new(int64(-5))}, "2023-08-31T01:56:26Z", Unknown, true, undated},
		"running":                    {open("PROCESSING"), "2023-08-31T01:56:27Z", Unknown, false, tooOld},
		"running without a time":     {withoutTime("PROCESSING"), "2023-08-31T01:56:26Z", Unknown, false, undated},
		"waiting":                    {open("READY"), "2023-08-31T01:56:27Z", Unknown, false, tooOld},
		"paused":                     {open("PAUSED"), "2023-08-31T01:56:27Z", Unknown, false, tooOld},
		"failed":                     {over("ABNORMAL"), "2023-08-31T01:56:27Z", Failed, true, ""},
		"failed without a time":      {withoutTime("ERROR"), "2023-08-31T01:56:27Z", Failed, true, ""},
		"canceled":                   {over("CANCELED"), "2023-08-31T01:56:27Z", Canceled, true, ""},
		"new word":                   {open("SKIPPED"), "2023-08-31T01:56:27Z", Unknown, false, tooOld + "; the status SKIPPED " + newStatus},
		"new word that has ended":    {over("SKIPPED"), "2023-08-31T01:56:27Z", Unknown, true, tooOld + "; the status SKIPPED " + newStatus},
		"a duration, years too old":  {over("FINISHED"), "2h", Unknown, true, "the order was created at 2023-08-31T01:56:26Z, which is before since (2026-11-28T18:00:00Z)"},
		"a duration of ten years":    {over("FINISHED"), "87600h", Succeeded, true, ""},
		"a duration, without a time": {withoutTime("FINISHED"), "2h", Unknown, true, "the answer does not say when the order was created, so it may be older than since (2026-11-28T18:00:00Z)"},
	} {
		for _, wait := range []*Wait{nil, {}, {ThroughPause: true, Progress: func(Progress) {}}} {
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(time.Until(time.Date(2026, 11, 28, 20, 0, 0, 0, time.UTC)))
				start := time.Now()
				service := &coc{
					order: always(test.order), statistics: always(finishedOf(10, 0)),
					batches: map[int64]*client.ScriptOrderBatch{1: batch(10)},
				}
				got := readOrder(t, service, OrderRequest{Details: true, Wait: wait, Since: sinceOf(t, test.since)})
				if got.Outcome != test.outcome || got.Good() != (test.outcome == Succeeded) || got.Completed != test.completed || got.Doubt != test.doubt {
					t.Errorf("%s: got %+v", name, got.Verdict)
				}
				if time.Since(start) != 0 || len(service.ordersAsked) != 1 || got.Timeout != nil {
					t.Errorf("%s: %d looks in %s", name, len(service.ordersAsked), time.Since(start))
				}
				if test.outcome == Unknown && (service.statsAsked != nil || got.Counts != nil || got.Failures != nil || got.UnreadDetails != nil) {
					t.Errorf("%s: counts %v, failures %v after %d statistics", name, got.Counts, got.Failures, len(service.statsAsked))
				}
				if test.doubt != "" && !strings.Contains(got.Summary, test.doubt) {
					t.Errorf("%s: summary %q", name, got.Summary)
				}
			})
		}
	}
}

// The time is fixed when the read begins: an order that was young enough then stays so, however long the wait takes.
func TestSinceIsFixedWhenTheReadBegins(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		created := time.Now().Add(-59 * time.Minute).UnixMilli()
		start := time.Now()
		service := &coc{statistics: always(finishedOf(10, 0)), order: func(int) (*client.ScriptOrder, error) {
			order := &client.ScriptOrder{Status: new("PROCESSING"), GmtCreated: &created}
			if time.Since(start) > 20*time.Minute {
				order.Status, order.GmtFinished = new("FINISHED"), new(time.Now().UnixMilli())
			}
			return order, nil
		}}
		if got := readOrder(t, service, OrderRequest{Details: true, Wait: &Wait{}, Since: sinceOf(t, "1h")}); !got.Good() {
			t.Errorf("got %+v", got.Report)
		}
	})
}

// No status, times or statistics make a success of an order that is not known to be from since or later.
func TestSinceNeverOpensTooEarly(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		since := rapid.Int64Range(0, 4e12).Draw(t, "since")
		order := &client.ScriptOrder{
			Status:      new(rapid.SampledFrom([]string{"FINISHED", "PROCESSING", "PAUSED", "ABNORMAL", "SKIPPED", ""}).Draw(t, "status")),
			GmtCreated:  rapid.Ptr(rapid.OneOf(rapid.Int64(), rapid.Int64Range(since-2, since+2)), true).Draw(t, "created"),
			GmtFinished: rapid.Ptr(rapid.Int64Range(since-2, since+2), true).Draw(t, "finished"),
		}
		asked := OrderRequest{Order: theOrder, Details: rapid.Bool().Draw(t, "details"), Since: &Since{at: time.UnixMilli(since)}}
		service := &coc{order: always(order), statistics: always(finishedOf(1, 0)), batches: map[int64]*client.ScriptOrderBatch{1: batch(1)}}
		got, err := ReadOrder(t.Context(), service, asked)
		if err != nil {
			t.Fatal(err)
		}
		young := order.GmtCreated != nil && *order.GmtCreated >= since && *order.GmtCreated > 0 &&
			*order.GmtCreated <= time.Now().Add(maxClockSkew).UnixMilli()
		if want := young && *order.Status == "FINISHED"; got.Good() != want || got.Succeeded() != want {
			t.Fatalf("got %+v, want a success: %t", got.Verdict, want)
		}
	})
}

// A clock of this machine that is behind by ten minutes makes no order of two hours and five minutes look like one of the last two hours,
// neither at the first look nor after a long wait, and one that is ahead does not either.
func TestSinceWithAClockThatIsOff(t *testing.T) {
	t.Parallel()
	for off, good := range map[time.Duration]bool{0: true, 10 * time.Minute: false, 4 * time.Minute: true, 6 * time.Minute: false} {
		synctest.Test(t, func(t *testing.T) {
			served := func() time.Time { return time.Now().Add(off) }
			order := &client.ScriptOrder{Status: new("PROCESSING"), GmtCreated: new(time.Now().Add(-time.Hour - 55*time.Minute).UnixMilli())}
			service := &coc{statistics: always(finishedOf(1, 0)), order: func(n int) (*client.ScriptOrder, error) {
				if n < 3 {
					return nil, errNotFound
				}
				if n == 20 {
					order.Status = new("FINISHED")
				}
				return order, nil
			}}
			got := readOrder(t, service, OrderRequest{Order: madeAgo(0), Details: true, Wait: &Wait{}, Since: sinceOf(t, "2h"), Now: served})
			if got.Good() != good {
				t.Errorf("%s behind: got %+v", off, got.Report)
			}
		})
	}
}

// A service that writes its local time as UTC makes an order look hours younger. Then it may be from before since, which only a clock that
// is off by a few minutes explains otherwise; a failed order stays failed.
func TestSinceWithAnOrderFromTheFuture(t *testing.T) {
	t.Parallel()
	for ahead, outcome := range map[time.Duration]Outcome{
		0: Succeeded, maxClockSkew: Succeeded, maxClockSkew + time.Millisecond: Unknown, 8 * time.Hour: Unknown, 24 * 365 * time.Hour: Unknown,
	} {
		for _, behind := range []time.Duration{0, time.Hour} {
			for _, since := range []string{"2h", "2026-11-28T19:00:00Z"} {
				synctest.Test(t, func(t *testing.T) {
					time.Sleep(time.Until(time.Date(2026, 11, 28, 20, 0, 0, 0, time.UTC)))
					served := func() time.Time { return time.Now().Add(behind) }
					order := &client.ScriptOrder{Status: new("FINISHED"), GmtCreated: new(served().Add(ahead).UnixMilli())}
					service := &coc{order: always(order), statistics: always(finishedOf(1, 0))}
					got := readOrder(t, service, OrderRequest{Details: true, Wait: &Wait{}, Since: sinceOf(t, since), Now: served})
					if got.Outcome != outcome || strings.Contains(got.Summary, "in the future") != (outcome == Unknown) || got.Timeout != nil {
						t.Errorf("%s ahead, since %s: %q", ahead, since, got.Summary)
					}
					order.Status = new("ABNORMAL")
					if got := readOrder(t, service, OrderRequest{Since: sinceOf(t, since), Now: served}); got.Outcome != Failed {
						t.Errorf("%s ahead, since %s: failed order is %s", ahead, since, got.Outcome)
					}
				})
			}
		}
	}
}
