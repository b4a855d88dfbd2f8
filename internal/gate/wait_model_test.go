package gate

import (
	"context"
	"errors"
	"flag"
	"os"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/hwgate/terraform-provider-hwgate/internal/client"
)

// The kinds of what a look can meet.
const (
	isGood       = "good"
	isMoving     = "moving"
	isFailed     = "failed"
	isUnreadable = "unreadable"
	// isCut is a look that the deadline stopped.
	isCut = "cut"
)

// met is a look as the model sees it.
type met struct {
	sent, answered time.Duration
	kind           string
}

// model tells from the looks alone at which of them a wait has to end, and whether that is success: the first that completed without
// success, the first of a readable kind before which nothing was, or the first that ends a row of good ones of which it was sent at
// least the span after the first was answered. It gives -1 when no look ends the wait.
func model(looks []met, span time.Duration) (end int, green bool) {
	for i, look := range looks {
		if look.kind == isFailed || i == 0 && look.kind == isUnreadable {
			return i, false
		}
		first := i
		for first > 0 && looks[first-1].kind == isGood {
			first--
		}
		if look.kind == isGood && (span == 0 || look.sent-looks[first].answered >= span) {
			return i, true
		}
	}
	return -1, false
}

// TestMain makes a thousand cases of each property the default; -rapid.checks asks for more.
func TestMain(m *testing.M) {
	if err := flag.Set("rapid.checks", "1000"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// A wait does what the model says, whatever comes and however slowly: it never ends green before the span, one blip or unreadable answer
// starts the span again, a deadline is never green, jitter and poll_interval skip no look that the span needs, and it always ends.
func TestWaitFollowsTheModel(t *testing.T) {
	t.Parallel()
	ends := map[string]int{}
	bubble := func(run func(context.Context)) {
		synctest.Test(t, func(t *testing.T) { run(t.Context()) })
	}
	rapid.Check(t, func(t *rapid.T) { ends[checkWait(t, bubble)]++ })
	for _, end := range []string{"green", "failed", "timeout", "error"} {
		if cases := ends["green"] + ends["failed"] + ends["timeout"] + ends["error"]; ends[end] < cases/100 {
			t.Errorf("of %d waits hardly one ended with %s: %v", cases, end, ends)
		}
	}
}

// checkWait draws a course of things and holds a wait for it to the model. It gives the way in which the wait ended.
func checkWait(t *rapid.T, bubble func(func(context.Context))) string {
	seconds := func(least, most int64, name string) time.Duration {
		return time.Duration(rapid.Int64Range(least, most).Draw(t, name)) * time.Second
	}
	total := seconds(1, 200, "limit")
	span := time.Duration(0)
	switch rapid.IntRange(0, 3).Draw(t, "kind of span") {
	case 0:
	case 1:
		span = seconds(1, 20, "span")
	case 2:
		span = total - seconds(0, 3, "left") // It ends with the time, or just before.
	default:
		span = seconds(1, 200, "span")
	}
	span = max(span, 0)
	wait := Wait{StableFor: span, Interval: rapid.SampledFrom([]time.Duration{0, time.Second, 7 * time.Second, 5 * time.Minute}).Draw(t,
		"interval")}
	kinds := rapid.SampledFrom([]string{isGood, isGood, isGood, isMoving, isUnreadable, isFailed})
	type phase struct {
		until time.Duration
		kind  string
	}
	var phases []phase
	at := time.Duration(0)
	for range rapid.IntRange(0, 6).Draw(t, "phases") {
		at += seconds(0, 40, "phase")
		phases = append(phases, phase{at, kinds.Draw(t, "kind")})
	}
	last := rapid.SampledFrom([]string{isGood, isGood, isMoving, isUnreadable}).Draw(t, "last kind")
	latencies := rapid.SliceOfN(rapid.SampledFrom([]time.Duration{0, 0, 300 * time.Millisecond, 4 * time.Second, 30 * time.Second}), 1,
		4).Draw(t, "latencies")

	var start time.Time
	var looks []met
	look := func(ctx context.Context) (int, Observation, error) {
		look := met{sent: time.Since(start), kind: last}
		if i := slices.IndexFunc(phases, func(p phase) bool { return look.sent < p.until }); i >= 0 {
			look.kind = phases[i].kind
		}
		var cut error
		if latency := latencies[len(looks)%len(latencies)]; latency > 0 {
			select {
			case <-time.After(latency):
			case <-ctx.Done():
				look.kind, cut = isCut, &client.Error{Err: ctx.Err()}
			}
		}
		look.answered = time.Since(start)
		looks = append(looks, look)
		switch look.kind {
		case isGood:
			return len(looks), Observation{Verdict: Verdict{Outcome: Succeeded, Phase: Good, Completed: true}}, nil
		case isMoving:
			return len(looks), Observation{Verdict: Verdict{Outcome: Running}}, nil
		case isFailed:
			return len(looks), Observation{Verdict: Verdict{Outcome: Failed, Phase: Over, Completed: true}}, nil
		case isCut:
			return 0, Observation{}, cut
		default:
			return 0, Observation{}, errOverloaded
		}
	}
	var ended waitResult[int]
	var err error
	var took time.Duration
	bubble(func(ctx context.Context) {
		start = time.Now()
		ctx, cancel := context.WithDeadline(ctx, start.Add(total))
		defer cancel()
		ended, err = poll(ctx, &wait, "the order", look)
		took = time.Since(start)
	})
	limit := total - max(min(10*time.Second, (total-span)/10), 0)

	if took > limit {
		t.Fatalf("it took %s of %s", took, limit)
	}
	end, green := model(looks, span)
	if end >= 0 && end != len(looks)-1 {
		t.Fatalf("look %d had to be the last: %v", end+1, looks)
	}
	checkPauses(t, looks, wait, limit)
	if err != nil {
		if first := looks[0].kind; len(looks) != 1 || first != isUnreadable && first != isCut ||
			first == isCut && !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("error %v after %v", err, looks)
		}
		return "error"
	}
	report := ended.report(nil)
	switch {
	case report.Good() != green:
		t.Fatalf("green %t, want %t after %v", report.Good(), green, looks)
	case (ended.timeout == nil) != (end >= 0):
		t.Fatalf("timeout %+v after %v", ended.timeout, looks)
	case ended.timeout != nil && took != limit:
		t.Fatalf("gave up after %s of %s", took, limit)
	case ended.elapsed != took:
		t.Fatalf("elapsed %s, took %s", ended.elapsed, took)
	case green && ended.stableTime < span:
		t.Fatalf("held for %s of %s", ended.stableTime, span)
	case green:
		return "green"
	case ended.timeout != nil:
		return "timeout"
	}
	return "failed"
}

// checkPauses holds the times of the looks to what is promised: no pause is longer than a third of the time waited, or a second, or
// poll_interval; none is shorter than a second with its jitter, unless a span or the time ends; and none passes over the end of a span.
func checkPauses(t *rapid.T, looks []met, wait Wait, limit time.Duration) {
	interval := wait.Interval
	if interval == 0 {
		interval = 10 * time.Second
	}
	since := time.Duration(-1)
	for i, look := range looks {
		if i > 0 {
			before := looks[i-1].answered
			pause := look.sent - before
			longest := min(max(before/3, time.Second), interval)
			ends := since >= 0 && look.sent == max(since+wait.StableFor, before) || look.sent == limit-time.Second
			switch {
			case look.sent >= limit:
				t.Fatalf("a look at %s, which is no sooner than %s", look.sent, limit)
			case pause > longest || pause < longest*4/5 && !ends:
				t.Fatalf("a pause of %s at %s, want %s", pause, before, longest)
			case since >= 0 && before < since+wait.StableFor && look.sent > since+wait.StableFor:
				t.Fatalf("a look at %s passed over the end of the span at %s", look.sent, since+wait.StableFor)
			}
		}
		if look.kind != isGood {
			since = -1
		} else if since < 0 {
			since = look.answered
		}
	}
}
