package gate_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hwgate/terraform-provider-hwgate/internal/client"
	"github.com/hwgate/terraform-provider-hwgate/internal/gate"
)

// Every wait of these tests runs in a bubble of testing/synctest, where time passes at once.

// step is what one look gives.
type step struct {
	seen gate.Seen
	err  error
}

// scene is something to wait for. It notes when it was looked at.
type scene struct {
	start time.Time
	looks []time.Duration
	// show says what there is to see at the n-th look, from 1, at that time.
	show func(ctx context.Context, n int, at time.Duration) step
}

func (s *scene) look(ctx context.Context) (int, gate.Seen, error) {
	at := time.Since(s.start)
	s.looks = append(s.looks, at)
	seen := s.show(ctx, len(s.looks), at)
	return len(s.looks), seen.seen, seen.err
}

// await waits for a scene, with settings that the test may change: ten seconds between two looks, half an hour in all.
func await(ctx context.Context, s *scene, change func(*gate.Wait)) (gate.Ended[int], error) {
	s.start = time.Now()
	w := gate.Wait{
		Interval: 10 * time.Second, Deadline: s.start.Add(30 * time.Minute), Name: "the order", Logger: slog.New(slog.DiscardHandler),
	}
	if change != nil {
		change(&w)
	}
	return gate.For(ctx, w, s.look)
}

// playing shows the steps one by one, and the last one for ever.
func playing(steps ...step) *scene {
	return &scene{show: func(_ context.Context, n int, _ time.Duration) step { return steps[min(n, len(steps))-1] }}
}

// saw is a good answer: an order with that status.
func saw(status string) step {
	order := gate.JudgeOrder(orderID, &client.ScriptOrder{Status: &status})
	return step{seen: gate.Seen{Verdict: order.Verdict, Status: order.Status}}
}

// sawTasks is a good answer: job instances in these states.
func sawTasks(counts map[string]int64) step {
	verdict := gate.JudgeTasks(client.TaskOverview{}, tasks(counts)).Verdict
	return step{seen: gate.Seen{Verdict: verdict, Status: string(verdict.Outcome)}}
}

func failing(err error) step { return step{err: err} }

// Failures as the client makes them.
var (
	errNotFound     = &client.Error{Status: 400, Code: "COC.00040709", Message: "the order does not exist"}
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

func TestForLooks(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		scene   *scene
		change  func(*gate.Wait)
		looks   int
		outcome gate.Outcome
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
			func(w *gate.Wait) { w.ThroughPause = true }, 5, "succeeded",
		},
		"canceled after a pause": {
			playing(saw("PAUSED"), saw("CANCELED")), func(w *gate.Wait) { w.ThroughPause = true }, 2, "canceled",
		},
		"some failed, others run": {
			playing(
				sawTasks(map[string]int64{"running": 2}), sawTasks(map[string]int64{"running": 1, "fail": 1}),
				sawTasks(map[string]int64{"waiting": 1, "fail": 1}), sawTasks(map[string]int64{"success": 1, "fail": 1}),
			), nil, 4, "failed",
		},
		"some failed, others wait for a person": {
			playing(sawTasks(map[string]int64{"running": 1, "fail": 1}), sawTasks(map[string]int64{"waiting_confirm": 1, "fail": 1})),
			nil, 2, "failed",
		},
		"some failed, others wait for a person, and so do we": {
			playing(sawTasks(map[string]int64{"waiting_confirm": 1, "fail": 1}), sawTasks(map[string]int64{"success": 1, "fail": 1})),
			func(w *gate.Wait) { w.ThroughPause = true }, 2, "failed",
		},
		"some paused, others run": {
			playing(sawTasks(map[string]int64{"pause": 1, "running": 1}), sawTasks(map[string]int64{"pause": 1})), nil, 2, "paused",
		},
		"counts that come back": {
			playing(step{seen: gate.Seen{Verdict: gate.JudgeTasks(client.TaskOverview{}, &client.TaskStatistics{}).Verdict}},
				sawTasks(map[string]int64{"success": 1})), nil, 2, "succeeded",
		},
		"nothing there, and not new": {playing(sawTasks(nil)), nil, 1, "empty"},
		"nothing left":               {playing(sawTasks(map[string]int64{"running": 1}), sawTasks(map[string]int64{"skip": 1})), nil, 2, "empty"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ended, err := await(t.Context(), test.scene, test.change)
				if err != nil {
					t.Fatal(err)
				}
				if ended.Seen.Outcome != test.outcome || len(test.scene.looks) != test.looks {
					t.Errorf("%s after %d looks, want %s after %d", ended.Seen.Outcome, len(test.scene.looks), test.outcome, test.looks)
				}
				if ended.TimedOut || ended.LastError != nil || ended.Last != test.looks {
					t.Errorf("ended with %+v", ended)
				}
				if want := test.scene.looks[test.looks-1]; ended.Elapsed != want {
					t.Errorf("elapsed %s, want %s", ended.Elapsed, want)
				}
				if test.scene.looks[0] != 0 {
					t.Errorf("the first look came after %s", test.scene.looks[0])
				}
			})
		})
	}
}

func until(end time.Duration) *scene {
	return &scene{show: func(_ context.Context, _ int, at time.Duration) step {
		if at < end {
			return saw("PROCESSING")
		}
		return saw("FINISHED")
	}}
}

// A job's end is seen soon after it came, in proportion to how long it took, and never later than an interval.
func TestForSeesTheEndSoon(t *testing.T) {
	t.Parallel()
	for _, interval := range []time.Duration{time.Second, 3 * time.Second, 10 * time.Second, time.Minute, 5 * time.Minute} {
		t.Run(interval.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				for seconds := 1; seconds <= 600; seconds++ {
					end := time.Duration(seconds) * time.Second
					ended, err := await(t.Context(), until(end), func(w *gate.Wait) { w.Interval = interval })
					if err != nil || !ended.Seen.Succeeded() {
						t.Fatalf("a job of %s: error %v, outcome %s", end, err, ended.Seen.Outcome)
					}
					late, bound := ended.Elapsed-end, min(max(time.Second, end/3), interval)
					if late > bound {
						t.Errorf("a job of %s was seen done %s later, want at most %s", end, late, bound)
					}
				}
				ended, err := await(t.Context(), until(10*time.Second), func(w *gate.Wait) { w.Interval = interval })
				if late := ended.Elapsed - 10*time.Second; err != nil || late > 4*time.Second {
					t.Errorf("a job of ten seconds was seen done %s later (error %v)", late, err)
				}
			})
		})
	}
}

func TestForPauses(t *testing.T) {
	t.Parallel()
	for _, interval := range []time.Duration{time.Second, 10 * time.Second, time.Minute, 5 * time.Minute} {
		t.Run(interval.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				scene := playing(saw("PROCESSING"))
				if _, err := await(t.Context(), scene, func(w *gate.Wait) { w.Interval = interval }); err != nil {
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
func TestForLooksOnceMoreBeforeTheDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ended, err := await(t.Context(), until(30*time.Minute-time.Second), func(w *gate.Wait) { w.Interval = 5 * time.Minute })
		if err != nil || ended.TimedOut || !ended.Seen.Succeeded() {
			t.Errorf("error %v, timed out %t, outcome %s", err, ended.TimedOut, ended.Seen.Outcome)
		}
	})
}

// Forty waits that begin together must not ask at the same instants ever after.
func TestForManyDoNotStayInStep(t *testing.T) {
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

func TestForDeadline(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		scene     *scene
		change    func(*gate.Wait)
		outcome   gate.Outcome
		lastError error
	}{
		"never ends":     {playing(saw("PROCESSING")), nil, "running", nil},
		"never resumes":  {playing(saw("PAUSED")), func(w *gate.Wait) { w.ThroughPause = true }, "paused", nil},
		"new word":       {playing(saw("SKIPPED")), nil, "unknown", nil},
		"no status":      {playing(saw("")), nil, "unknown", nil},
		"fails for ever": {playing(saw("PROCESSING"), saw("READY"), failing(errOverloaded)), nil, "pending", errOverloaded},
		"failed, others never end": {
			playing(sawTasks(map[string]int64{"fail": 1, "running": 1})), nil, "failed", nil,
		},
		"fails in the last minutes": {
			&scene{show: func(_ context.Context, _ int, at time.Duration) step {
				if at > 28*time.Minute {
					return failing(errOverloaded)
				}
				return saw("PROCESSING")
			}}, nil, "running", errOverloaded,
		},
		"look in flight at the deadline": {
			&scene{show: func(ctx context.Context, n int, _ time.Duration) step {
				if n < 3 {
					return saw("PROCESSING")
				}
				<-ctx.Done()
				return failing(&client.Error{Err: ctx.Err()})
			}}, nil, "running", context.DeadlineExceeded,
		},
	} {
		// The caller's own deadline is the same one, earlier or later. It must make no difference which timer wins.
		for parent, limit := range map[string]time.Duration{"same": 30 * time.Minute, "later": 31 * time.Minute, "earlier": 29*time.Minute + time.Second} {
			t.Run(name+", caller's deadline "+parent, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					for range 5 {
						scene := &scene{show: test.scene.show}
						ctx, cancel := context.WithTimeout(t.Context(), limit)
						ended, err := await(ctx, scene, test.change)
						cancel()
						if err != nil {
							t.Fatal(err)
						}
						if want := min(limit, 30*time.Minute); !ended.TimedOut || ended.Elapsed != want {
							t.Errorf("timed out %t after %s, want it after %s", ended.TimedOut, ended.Elapsed, want)
						}
						if ended.Seen.Outcome != test.outcome || ended.Last == 0 || ended.Seen.Succeeded() {
							t.Errorf("last seen: %s at look %d, want %s", ended.Seen.Outcome, ended.Last, test.outcome)
						}
						if !errors.Is(ended.LastError, test.lastError) {
							t.Errorf("last error %v, want %v", ended.LastError, test.lastError)
						}
					}
				})
			})
		}
	}
}

// An end that is seen by a look that the deadline did not stop is an end.
func TestForSeesTheEndAtTheDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		late := &scene{show: func(ctx context.Context, n int, _ time.Duration) step {
			if n == 1 {
				return saw("PROCESSING")
			}
			<-ctx.Done()
			return saw("FINISHED")
		}}
		ended, err := await(t.Context(), late, nil)
		if err != nil || ended.TimedOut || !ended.Seen.Succeeded() {
			t.Errorf("ended with %+v and the error %v", ended, err)
		}
	})
}

func TestForDeadlineWithoutAGoodAnswer(t *testing.T) {
	t.Parallel()
	young := func(limit time.Duration) func(*gate.Wait) {
		return func(w *gate.Wait) { w.Young, w.Deadline, w.Interval = true, time.Now().Add(limit), 5*time.Minute }
	}
	for name, test := range map[string]struct {
		scene  *scene
		change func(*gate.Wait)
		want   error
	}{
		"first look in flight": {
			&scene{show: func(ctx context.Context, _ int, _ time.Duration) step {
				<-ctx.Done()
				return failing(&client.Error{Err: ctx.Err()})
			}}, nil, context.DeadlineExceeded,
		},
		"never visible":                        {playing(failing(errNotFound)), young(30 * time.Minute), errNotFound},
		"never visible in next to no time":     {playing(failing(errNotFound)), young(500 * time.Millisecond), errNotFound},
		"deadline passed before it began":      {playing(failing(&client.Error{Err: context.DeadlineExceeded})), young(-time.Second), context.DeadlineExceeded},
		"a pause that lies beyond it is asked": {playing(failing(errLongPause)), nil, errLongPause},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ended, err := await(t.Context(), test.scene, test.change)
				if !errors.Is(err, test.want) || ended.TimedOut || ended.Last != 0 && err == nil {
					t.Errorf("ended with %+v and the error %v, want %v", ended, err, test.want)
				}
			})
		})
	}
}

func TestForFailures(t *testing.T) {
	t.Parallel()
	running, done := saw("PROCESSING"), saw("FINISHED")
	for name, test := range map[string]struct {
		failure error
		// ridden says that the failure is no reason to give up once there was a good answer.
		ridden bool
	}{
		"401":                    {errUnauthorized, false},
		"403":                    {errForbidden, false},
		"refused before":         {errRefused, false},
		"no credential":          {errNoCredential, false},
		"malformed":              {errMalformed, false},
		"too large":              {errTooLarge, false},
		"404 of the gateway":     {errWrongPath, false},
		"400":                    {errBadRequest, false},
		"not found":              {errNotFound, false},
		"nothing of the client":  {errors.New("bug"), false},
		"429":                    {errThrottled, true},
		"500":                    {errBroken, true},
		"503":                    {errOverloaded, true},
		"connection reset":       {errReset, true},
		"name does not resolve":  {errNameless, true},
		"attempt took too long":  {errSlow, true},
		"wrapped and transient":  {fmt.Errorf("looking: %w", errOverloaded), true},
		"wrapped and for always": {fmt.Errorf("looking: %w", errForbidden), false},
	} {
		t.Run(name+" at first", func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				scene := playing(failing(test.failure), done)
				ended, err := await(t.Context(), scene, nil)
				if !errors.Is(err, test.failure) || len(scene.looks) != 1 || ended.TimedOut {
					t.Errorf("%d looks, error %v, timed out %t", len(scene.looks), err, ended.TimedOut)
				}
			})
		})
		t.Run(name+" after a good answer", func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				scene := playing(running, failing(test.failure), failing(test.failure), running, failing(test.failure), done)
				ended, err := await(t.Context(), scene, nil)
				if !test.ridden {
					if !errors.Is(err, test.failure) || len(scene.looks) != 2 || ended.TimedOut {
						t.Errorf("%d looks, error %v, timed out %t", len(scene.looks), err, ended.TimedOut)
					}
					return
				}
				if err != nil || !ended.Seen.Succeeded() || len(scene.looks) != 6 || ended.LastError != nil {
					t.Errorf("%d looks, error %v, ended with %+v", len(scene.looks), err, ended)
				}
			})
		})
	}
}

// A refusal stays a refusal if it comes at the last moment: raising the time limit would not help.
func TestForRefusedAtTheDeadline(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		failure error
		final   bool
	}{
		"403":       {errForbidden, true},
		"malformed": {errMalformed, true},
		"503":       {errOverloaded, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				scene := &scene{show: func(ctx context.Context, n int, _ time.Duration) step {
					if n == 1 {
						return saw("PROCESSING")
					}
					<-ctx.Done()
					return failing(test.failure)
				}}
				ended, err := await(t.Context(), scene, nil)
				if test.final != errors.Is(err, test.failure) || test.final == ended.TimedOut {
					t.Errorf("error %v, timed out %t", err, ended.TimedOut)
				}
			})
		})
	}
}

// The service asks to come back after the deadline: waiting for that would be waiting for nothing.
func TestForPauseBeyondTheDeadline(t *testing.T) {
	t.Parallel()
	for name, failure := range map[string]error{
		"with the answer":    errLongPause,
		"without the answer": &client.Error{Err: &client.PauseError{Pause: time.Hour}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				scene := playing(saw("PROCESSING"), failing(failure), saw("FINISHED"))
				ended, err := await(t.Context(), scene, nil)
				if err != nil || !ended.TimedOut || ended.Last != 1 || !errors.Is(ended.LastError, failure) || ended.Elapsed > time.Second {
					t.Errorf("ended with %+v and the error %v", ended, err)
				}
			})
		})
	}
}

func TestForGrace(t *testing.T) {
	t.Parallel()
	nothing := sawTasks(nil)
	for name, test := range map[string]struct {
		young bool
		limit time.Duration
		// appears is when there is something to see.
		appears time.Duration
		found   bool
	}{
		"at once":                           {true, 30 * time.Minute, 0, true},
		"after seconds":                     {true, 30 * time.Minute, 5 * time.Second, true},
		"just within a minute":              {true, 30 * time.Minute, 49 * time.Second, true},
		"after more than a minute":          {true, 30 * time.Minute, 75 * time.Second, false},
		"within half of a short time":       {true, 40 * time.Second, 12 * time.Second, true},
		"after more than half of that time": {true, 40 * time.Second, 31 * time.Second, false},
		"not new, there":                    {false, 30 * time.Minute, 0, true},
		"not new, not there":                {false, 30 * time.Minute, 5 * time.Second, false},
	} {
		grace := min(time.Minute, test.limit/2)
		if !test.young {
			grace = 0
		}
		change := func(w *gate.Wait) { w.Young, w.Deadline = test.young, time.Now().Add(test.limit) }
		hidden := func(before, after step) *scene {
			return &scene{show: func(_ context.Context, _ int, at time.Duration) step {
				if at < test.appears {
					return before
				}
				return after
			}}
		}
		// Whoever gives up does so at the first look after the grace.
		inTime := func(t *testing.T, s *scene) {
			t.Helper()
			last := s.looks[len(s.looks)-1]
			if last < grace || last > grace+10*time.Second || len(s.looks) > 1 && s.looks[len(s.looks)-2] >= grace {
				t.Errorf("gave up after %s, want it soon after %s", last, grace)
			}
		}
		t.Run("not found, "+name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				scene := hidden(failing(errNotFound), saw("FINISHED"))
				ended, err := await(t.Context(), scene, change)
				if test.found {
					if err != nil || !ended.Seen.Succeeded() {
						t.Errorf("ended with %+v and the error %v", ended, err)
					}
					return
				}
				if !client.IsNotFound(err) || ended.TimedOut {
					t.Errorf("ended with %+v and the error %v", ended, err)
				}
				inTime(t, scene)
			})
		})
		t.Run("empty, "+name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				scene := hidden(nothing, sawTasks(map[string]int64{"success": 1}))
				ended, err := await(t.Context(), scene, change)
				want := gate.Outcome("succeeded")
				if !test.found {
					want = "empty"
					inTime(t, scene)
				}
				if err != nil || ended.Seen.Outcome != want || ended.TimedOut {
					t.Errorf("ended with %+v and the error %v, want %s", ended, err, want)
				}
			})
		})
	}
	// A replica may not know yet what another one has shown.
	t.Run("not found after it was seen", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			scene := playing(saw("READY"), failing(errNotFound), saw("FINISHED"))
			if ended, err := await(t.Context(), scene, func(w *gate.Wait) { w.Young = true }); err != nil || !ended.Seen.Succeeded() {
				t.Errorf("ended with %+v and the error %v", ended, err)
			}
		})
	})
	// The grace is for what is not visible, not for what fails.
	t.Run("503 within the grace", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			scene := playing(failing(errNotFound), failing(errOverloaded), saw("FINISHED"))
			if _, err := await(t.Context(), scene, func(w *gate.Wait) { w.Young = true }); !errors.Is(err, errOverloaded) || len(scene.looks) != 2 {
				t.Errorf("%d looks, error %v", len(scene.looks), err)
			}
		})
	})
}

func TestForDoubts(t *testing.T) {
	t.Parallel()
	const newWord = "the status word is new to this version of the provider"
	ended := int64(1693447297283)
	over := gate.JudgeOrder(orderID, &client.ScriptOrder{Status: new("SKIPPED"), GmtFinished: &ended})
	for name, test := range map[string]struct {
		scene   *scene
		outcome gate.Outcome
		doubts  []string
		looks   int
	}{
		"none": {playing(saw("FINISHED")), "succeeded", nil, 1},
		"a new word, again and again": {
			playing(saw("SKIPPED"), saw("SKIPPED"), saw("PROCESSING"), saw("SKIPPED"), saw("FINISHED")), "succeeded", []string{newWord}, 5,
		},
		"two reasons": {
			playing(saw("SKIPPED"), saw(""), saw("SKIPPED"), saw("ABNORMAL")), "failed",
			[]string{newWord, "the answer has no status"}, 4,
		},
		"a new word with a finishing time": {
			playing(saw("PROCESSING"), step{seen: gate.Seen{Verdict: over.Verdict, Status: over.Status}}, saw("FINISHED")), "unknown",
			[]string{newWord}, 2,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ended, err := await(t.Context(), test.scene, nil)
				if err != nil || ended.Seen.Outcome != test.outcome || len(test.scene.looks) != test.looks {
					t.Errorf("error %v, %s after %d looks, want %s after %d", err, ended.Seen.Outcome, len(test.scene.looks), test.outcome, test.looks)
				}
				if diff := cmp.Diff(test.doubts, ended.Doubts); diff != "" {
					t.Errorf("doubts (-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestForCanceled(t *testing.T) {
	t.Parallel()
	inFlight := func(failure func(context.Context) error) *scene {
		return &scene{show: func(ctx context.Context, n int, _ time.Duration) step {
			if n == 1 {
				return saw("PROCESSING")
			}
			<-ctx.Done()
			return failing(failure(ctx))
		}}
	}
	for name, made := range map[string]func() *scene{
		"between two looks": func() *scene { return playing(saw("PROCESSING")) },
		"in a look": func() *scene {
			return inFlight(func(ctx context.Context) error { return &client.Error{Err: ctx.Err()} })
		},
		"in a look that fails otherwise": func() *scene { return inFlight(func(context.Context) error { return errOverloaded }) },
		"before it is visible":           func() *scene { return playing(failing(errNotFound)) },
	} {
		for _, after := range []time.Duration{time.Nanosecond, 1500 * time.Millisecond, 30 * time.Second} {
			t.Run(fmt.Sprintf("%s, after %s", name, after), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					scene := made()
					ctx, cancel := context.WithTimeout(t.Context(), 30*time.Minute)
					defer cancel()
					ctx, stop := context.WithCancel(ctx)
					time.AfterFunc(after, stop)
					ended, err := await(ctx, scene, func(w *gate.Wait) { w.Young, w.Interval = true, 5*time.Minute })
					if !errors.Is(err, context.Canceled) || ended.TimedOut {
						t.Errorf("error %v, timed out %t", err, ended.TimedOut)
					}
					if took := time.Since(scene.start); took > after+time.Second {
						t.Errorf("it took %s to notice", took-after)
					}
				})
			})
		}
	}
	t.Run("before it began", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			scene := &scene{show: func(ctx context.Context, _ int, _ time.Duration) step { return failing(&client.Error{Err: ctx.Err()}) }}
			if _, err := await(ctx, scene, nil); !errors.Is(err, context.Canceled) || len(scene.looks) != 1 {
				t.Errorf("%d looks, error %v", len(scene.looks), err)
			}
		})
	})
}

// Each change of status is one line of the log, and nothing else is: a wait of hours would fill it.
func TestForLog(t *testing.T) {
	t.Parallel()
	const seen = `level=INFO msg="status seen" what="the order" status=`
	for name, test := range map[string]struct {
		scene *scene
		want  []string
	}{
		"finished already": {playing(saw("FINISHED")), []string{seen + "FINISHED outcome=succeeded"}},
		"changes only": {
			playing(saw("READY"), saw("READY"), saw("PROCESSING"), saw("PROCESSING"), saw("PROCESSING"), saw("ABNORMAL")),
			[]string{seen + "READY outcome=pending", seen + "PROCESSING outcome=running", seen + "ABNORMAL outcome=failed"},
		},
		"back and forth": {
			playing(saw("PROCESSING"), saw("READY"), saw("PROCESSING"), saw("CANCELED")),
			[]string{
				seen + "PROCESSING outcome=running", seen + "READY outcome=pending", seen + "PROCESSING outcome=running",
				seen + "CANCELED outcome=canceled",
			},
		},
		"no status": {
			playing(saw(""), saw(""), saw("FINISHED")), []string{seen + `"" outcome=unknown`, seen + "FINISHED outcome=succeeded"},
		},
		"a failure that is ridden out": {
			playing(saw("PROCESSING"), failing(&client.Error{Method: "GET", Host: "h", Path: "/p", Status: 503}), saw("PROCESSING"), saw("FINISHED")),
			[]string{
				seen + "PROCESSING outcome=running",
				`level=INFO msg="looking again after a failure" what="the order" error="GET h/p: HTTP 503 Service Unavailable"`,
				seen + "FINISHED outcome=succeeded",
			},
		},
		"a failure that is not": {playing(failing(errForbidden)), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer
				var elapsed []int64
				handler := slog.NewTextHandler(&log, &slog.HandlerOptions{ReplaceAttr: func(_ []string, attr slog.Attr) slog.Attr {
					switch attr.Key {
					case slog.TimeKey:
						return slog.Attr{}
					case "elapsed_ms":
						elapsed = append(elapsed, attr.Value.Int64())
						return slog.Attr{}
					default:
						return attr
					}
				}})
				_, err := await(t.Context(), test.scene, func(w *gate.Wait) { w.Logger = slog.New(handler) })
				if (err != nil) != (test.want == nil) {
					t.Fatal(err)
				}
				var lines []string
				if log.Len() > 0 {
					lines = strings.Split(strings.TrimSpace(log.String()), "\n")
				}
				if diff := cmp.Diff(test.want, lines); diff != "" {
					t.Errorf("log (-want +got):\n%s", diff)
				}
				for i, at := range elapsed {
					if i == 0 && at != 0 || i > 0 && at <= elapsed[i-1] || at > time.Since(test.scene.start).Milliseconds() {
						t.Errorf("the times in the log do not fit: %v", elapsed)
					}
				}
			})
		})
	}
}
