package gate

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hwgate/terraform-provider-hwgate/internal/client"
)

// Every wait of these tests runs in a bubble of testing/synctest, where time passes at once.

// step is what one look gives.
type step struct {
	seen Observation
	err  error
}

// scene is something to wait for. It notes when it was looked at.
type scene struct {
	start time.Time
	looks []time.Duration
	// show says what there is to see at the n-th look, from 1, at that time.
	show func(ctx context.Context, n int, at time.Duration) step
}

func (s *scene) look(ctx context.Context) (int, Observation, error) {
	at := time.Since(s.start)
	s.looks = append(s.looks, at)
	seen := s.show(ctx, len(s.looks), at)
	return len(s.looks), seen.seen, seen.err
}

// setting is how to wait, and for how long; the time that is kept for details comes on top.
type setting struct {
	Wait

	limit time.Duration
}

// await waits for a scene, with settings that the test may change: half an hour in all.
func await(ctx context.Context, s *scene, change func(*setting)) (waitResult[int], error) {
	s.start = time.Now()
	how := setting{limit: 30 * time.Minute}
	if change != nil {
		change(&how)
	}
	reserve := min(10*time.Second, (how.limit-how.StableFor)/9)
	ctx, cancel := context.WithTimeout(ctx, how.limit+reserve)
	defer cancel()
	return poll(ctx, &how.Wait, "the order", s.look)
}

// playing shows the steps one by one, and the last one for ever.
func playing(steps ...step) *scene {
	return &scene{show: func(_ context.Context, n int, _ time.Duration) step { return steps[min(n, len(steps))-1] }}
}

// until is an order that finishes at a time.
func until(end time.Duration) *scene {
	return &scene{show: func(_ context.Context, _ int, at time.Duration) step {
		if at < end {
			return saw("PROCESSING")
		}
		return saw("FINISHED")
	}}
}

// saw is a good answer: an order with that status.
func saw(status string) step {
	return step{seen: Observation{Verdict: judgeOrder(&client.ScriptOrder{Status: &status}), Status: statusWord(status)}}
}

// sawJobs is a good answer: job instances in these states.
func sawJobs(counts map[string]int64) step {
	verdict, tally := judgeJobs(jobs(counts), comparison{minNew: 1})
	return step{seen: Observation{Verdict: verdict, Status: string(verdict.Outcome), Counted: jobSummary(verdict, tally)}}
}

// early is a look that may have come too early.
func early(s step) step {
	s.seen.Phase = Settling
	return s
}

// late is a look after which nothing changes.
func late(s step) step {
	s.seen.Phase = Over
	return s
}

func fails(err error) step { return step{err: err} }

// Failures as the client makes them.
var (
	errUnauthorized = &client.Error{Status: 401}
	errForbidden    = &client.Error{Status: 403, Code: "APIG.0305"}
	errThrottled    = &client.Error{Status: 429}
	errBroken       = &client.Error{Status: 500}
	errOverloaded   = &client.Error{Status: 503}
	errReset        = &client.Error{Err: errors.New("connection reset by peer")}
	errNameless     = &client.Error{Err: &net.DNSError{Err: "no such host", Name: "coc.example.com"}}
	errSlow         = &client.Error{Err: client.ErrAttemptTimeout}
	errMalformed    = &client.Error{Status: 200, Err: fmt.Errorf("%w: not a JSON object", client.ErrMalformed)}
	errWrongPath    = &client.Error{Status: 404, Code: "APIG.0101"}
	errBadRequest   = &client.Error{Status: 400, Code: "COC.00040701"}
	errTooLarge     = &client.Error{Err: client.ErrTooLarge}
	errRefused      = &client.Error{Status: 401, Err: client.ErrRefusedBefore}
	errNoCredential = &client.Error{Err: client.ErrNoCredential}
	errLongPause    = &client.Error{Status: 503, Err: &client.PauseError{Pause: time.Hour}}
)

// A wait ends at the first look that leaves nothing to wait for, and not before.
func TestWaitLooks(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		scene   *scene
		change  func(*setting)
		looks   int
		outcome Outcome
	}{
		"finished already":    {playing(saw("FINISHED")), nil, 1, "succeeded"},
		"failed already":      {playing(saw("ABNORMAL")), nil, 1, "failed"},
		"canceled already":    {playing(saw("CANCELED")), nil, 1, "canceled"},
		"rolled back already": {playing(saw("ROLLED BACK")), nil, 1, "failed"},
		"paused already":      {playing(saw("PAUSED")), nil, 1, "paused"},
		"finished on the fourth look": {
			playing(saw("READY"), saw("PROCESSING"), saw("PROCESSING"), saw("FINISHED")), nil, 4, "succeeded",
		},
		"failed on the way":   {playing(saw("READY"), saw("PROCESSING"), saw("ERROR")), nil, 3, "failed"},
		"canceled on the way": {playing(saw("PROCESSING"), saw("CANCELED")), nil, 2, "canceled"},
		"paused on the way":   {playing(saw("PROCESSING"), saw("PAUSED"), saw("FINISHED")), nil, 2, "paused"},
		"through a pause": {
			playing(saw("PROCESSING"), saw("PAUSED"), saw("PAUSED"), saw("PROCESSING"), saw("FINISHED")),
			func(w *setting) { w.ThroughPause = true }, 5, "succeeded",
		},
		"canceled after a pause": {
			playing(saw("PAUSED"), saw("CANCELED")), func(w *setting) { w.ThroughPause = true }, 2, "canceled",
		},
		"some failed, others run": {
			playing(
				sawJobs(map[string]int64{"running": 2}), sawJobs(map[string]int64{"running": 1, "fail": 1}),
				sawJobs(map[string]int64{"waiting": 1, "fail": 1}), sawJobs(map[string]int64{"success": 1, "fail": 1}),
			), nil, 4, "failed",
		},
		"some failed, others wait for a person": {
			playing(sawJobs(map[string]int64{"running": 1, "fail": 1}), sawJobs(map[string]int64{"waiting_confirm": 1, "fail": 1})),
			nil, 2, "failed",
		},
		"some failed, others wait for a person, and so do we": {
			playing(sawJobs(map[string]int64{"waiting_confirm": 1, "fail": 1}), sawJobs(map[string]int64{"success": 1, "fail": 1})),
			func(w *setting) { w.ThroughPause = true }, 2, "failed",
		},
		"some paused, others run": {
			playing(sawJobs(map[string]int64{"pause": 1, "running": 1}), sawJobs(map[string]int64{"pause": 1})), nil, 2, "paused",
		},
		"counts that come back": {
			playing(step{seen: Observation{Verdict: Verdict{Outcome: Unknown, Doubt: "the count of fail is missing"}}},
				sawJobs(map[string]int64{"success": 1})), nil, 2, "succeeded",
		},
		"nothing there, and not new": {playing(late(sawJobs(nil))), nil, 1, "empty"},
		"nothing left":               {playing(sawJobs(map[string]int64{"running": 1}), late(sawJobs(map[string]int64{"skip": 1}))), nil, 2, "empty"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ended, err := await(t.Context(), test.scene, test.change)
				if err != nil {
					t.Fatal(err)
				}
				if ended.observation.Outcome != test.outcome || len(test.scene.looks) != test.looks {
					t.Errorf("%s after %d looks, want %s after %d", ended.observation.Outcome, len(test.scene.looks), test.outcome, test.looks)
				}
				if ended.timeout != nil || ended.stableTime != 0 || ended.last != test.looks {
					t.Errorf("ended with %+v", ended)
				}
				if want := test.scene.looks[test.looks-1]; ended.elapsed != want {
					t.Errorf("elapsed %s, want %s", ended.elapsed, want)
				}
				if test.scene.looks[0] != 0 {
					t.Errorf("the first look came after %s", test.scene.looks[0])
				}
			})
		})
	}
}

// A job's end is seen soon after it came, in proportion to how long it took, and never later than an interval.
func TestWaitSeesTheEndSoon(t *testing.T) {
	t.Parallel()
	for _, interval := range []time.Duration{time.Second, 3 * time.Second, 10 * time.Second, time.Minute, 5 * time.Minute} {
		t.Run(interval.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				for seconds := 1; seconds <= 600; seconds++ {
					end := time.Duration(seconds) * time.Second
					ended, err := await(t.Context(), until(end), func(w *setting) { w.Interval = interval })
					if err != nil || !ended.observation.Good() {
						t.Fatalf("a job of %s: error %v, outcome %s", end, err, ended.observation.Outcome)
					}
					late, bound := ended.elapsed-end, min(max(time.Second, end/3), interval)
					if late > bound {
						t.Errorf("a job of %s was seen done %s later, want at most %s", end, late, bound)
					}
				}
				ended, err := await(t.Context(), until(10*time.Second), func(w *setting) { w.Interval = interval })
				if late := ended.elapsed - 10*time.Second; err != nil || late > 4*time.Second {
					t.Errorf("a job of ten seconds was seen done %s later (error %v)", late, err)
				}
			})
		})
	}
}

// Pauses grow with the time waited, up to poll_interval, and jitter shortens each by up to a fifth.
func TestWaitPauses(t *testing.T) {
	t.Parallel()
	for _, interval := range []time.Duration{time.Second, 10 * time.Second, time.Minute, 5 * time.Minute} {
		t.Run(interval.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				scene := playing(saw("PROCESSING"))
				if _, err := await(t.Context(), scene, func(w *setting) { w.Interval = interval }); err != nil {
					t.Fatal(err)
				}
				for i, at := range scene.looks[1:] {
					before := scene.looks[i]
					longest := min(max(time.Second, before/3), interval)
					if at == 30*time.Minute-time.Second {
						break // The last look, however long the pauses are.
					}
					if pause := at - before; pause > longest || pause < longest*4/5 {
						t.Errorf("at %s the pause was %s, want at most %s and at least four fifths of it", before, pause, longest)
					}
				}
				// As many looks as there are intervals, an eighth more for the jitter, and the first ones.
				if looks, most := len(scene.looks), int(30*time.Minute/interval)*5/4+25; looks > most {
					t.Errorf("%d looks in half an hour, want at most %d", looks, most)
				}
			})
		})
	}
}

// What ends before the last second of the time is seen in time, however long the pauses are.
func TestWaitLooksOnceMoreBeforeTheDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ended, err := await(t.Context(), until(30*time.Minute-time.Second), func(w *setting) { w.Interval = 5 * time.Minute })
		if err != nil || (ended.timeout != nil) || !ended.observation.Good() {
			t.Errorf("error %v, timed out %t, outcome %s", err, (ended.timeout != nil), ended.observation.Outcome)
		}
	})
}

// Forty waits that begin together must not ask at the same instants ever after.
func TestWaitManyDoNotStayInStep(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		scenes := make([]*scene, 40)
		var all sync.WaitGroup
		for i := range scenes {
			scenes[i] = until(time.Minute)
			all.Go(func() {
				if _, err := await(t.Context(), scenes[i], nil); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		for look := 1; look <= 5; look++ {
			var times []time.Duration
			for _, scene := range scenes {
				times = append(times, scene.looks[look])
			}
			slices.Sort(times)
			if apart := times[len(times)-1] - times[0]; apart < 50*time.Millisecond {
				t.Errorf("look %d came within %s for all", look+1, apart)
			}
			if times = slices.Compact(times); len(times) < 35 {
				t.Errorf("look %d came at %d instants for %d waits", look+1, len(times), len(scenes))
			}
		}
	})
}
