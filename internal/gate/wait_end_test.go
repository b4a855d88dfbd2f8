package gate

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/hwgate/terraform-provider-hwgate/internal/client"
)

// At the deadline a wait ends with the last good answer, which is never good for a gate, and with the failure of the last look.
func TestWaitDeadline(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		scene     *scene
		change    func(*setting)
		outcome   Outcome
		lastError error
	}{
		"never ends":     {playing(saw("PROCESSING")), nil, Running, nil},
		"never resumes":  {playing(saw("PAUSED")), func(w *setting) { w.ThroughPause = true }, Paused, nil},
		"new word":       {playing(saw("SKIPPED")), nil, Unknown, nil},
		"no status":      {playing(saw("")), nil, Unknown, nil},
		"fails for ever": {playing(saw("PROCESSING"), saw("READY"), fails(errOverloaded)), nil, Pending, errOverloaded},
		"failed, others never end": {
			playing(sawJobs(map[string]int64{"fail": 1, "running": 1})), nil, Failed, nil,
		},
		"fails in the last minutes": {
			&scene{show: func(_ context.Context, _ int, at time.Duration) step {
				if at > 28*time.Minute {
					return fails(errOverloaded)
				}
				return saw("PROCESSING")
			}}, nil, Running, errOverloaded,
		},
		"look in flight at the deadline": {
			&scene{show: func(ctx context.Context, n int, _ time.Duration) step {
				if n < 3 {
					return saw("PROCESSING")
				}
				<-ctx.Done()
				return fails(&client.Error{Err: ctx.Err()})
			}}, nil, Running, context.DeadlineExceeded,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ended, err := await(t.Context(), test.scene, test.change)
				if err != nil || ended.timeout == nil {
					t.Fatalf("ended with %+v and the error %v", ended, err)
				}
				if ended.observation.Outcome != test.outcome || ended.last == 0 || ended.observation.Good() {
					t.Errorf("last seen: %s at look %d, want %s", ended.observation.Outcome, ended.last, test.outcome)
				}
				timeout := ended.timeout
				if !errors.Is(timeout.Err, test.lastError) || timeout.Status != ended.observation.Status || timeout.Counted != ended.observation.Counted ||
					timeout.Missing != "" {
					t.Errorf("timeout %+v, want the error %v", timeout, test.lastError)
				}
				if timeout.Elapsed != 30*time.Minute || ended.elapsed != 30*time.Minute || time.Since(test.scene.start) != 30*time.Minute {
					t.Errorf("timed out after %s, want half an hour", timeout.Elapsed)
				}
			})
		})
	}
}

// A tenth of the time is kept for details, ten seconds at most, and less where a stable span needs it; without a deadline a wait has
// half an hour.
func TestWaitKeepsTimeForDetails(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		given, stableFor, want time.Duration
	}{
		"long":                {time.Hour, 0, time.Hour - 10*time.Second},
		"short":               {20 * time.Second, 0, 18 * time.Second},
		"none given":          {0, 0, 30*time.Minute - 10*time.Second},
		"a span that fits in": {5 * time.Minute, 295 * time.Second, 299500 * time.Millisecond},
		"a span as long":      {time.Minute, time.Minute, time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx := t.Context()
				if test.given > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, test.given)
					defer cancel()
				}
				scene := playing(saw("PROCESSING"))
				scene.start = time.Now()
				ended, err := poll(ctx, &Wait{StableFor: test.stableFor}, "the order", scene.look)
				if err != nil || ended.timeout == nil || ended.elapsed != test.want {
					t.Errorf("ended after %s with the error %v, want %s", ended.elapsed, err, test.want)
				}
			})
		})
	}
}

// An end that is seen by a look that the deadline did not stop is an end.
func TestWaitSeesTheEndAtTheDeadline(t *testing.T) {
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
		if err != nil || (ended.timeout != nil) || !ended.observation.Good() {
			t.Errorf("ended with %+v and the error %v", ended, err)
		}
	})
}

// Without a good answer there is nothing to show: the deadline is an error then, and a not-found says how long it was looked for.
func TestWaitDeadlineWithoutAGoodAnswer(t *testing.T) {
	t.Parallel()
	limited := func(limit time.Duration) func(*setting) {
		return func(w *setting) { w.limit, w.Interval = limit, 5*time.Minute }
	}
	for name, test := range map[string]struct {
		scene  *scene
		change func(*setting)
		want   error
		text   string
	}{
		"first look in flight": {
			&scene{show: func(ctx context.Context, _ int, _ time.Duration) step {
				<-ctx.Done()
				return fails(&client.Error{Err: ctx.Err()})
			}}, nil, context.DeadlineExceeded, "",
		},
		"never visible": {
			playing(early(fails(errNotFound))), limited(30 * time.Minute), errNotFound, "not found for 1m",
		},
		"never visible in next to no time": {
			playing(early(fails(errNotFound))), limited(1500 * time.Millisecond), errNotFound, "not found for 1s: ",
		},
		"deadline passed before it began": {
			playing(fails(&client.Error{Err: context.DeadlineExceeded})), limited(-time.Second), context.DeadlineExceeded, "",
		},
		"a pause that lies beyond it is asked": {playing(fails(errLongPause)), nil, errLongPause, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ended, err := await(t.Context(), test.scene, test.change)
				if !errors.Is(err, test.want) || ended.timeout != nil || ended.last != 0 || !strings.HasPrefix(err.Error(), test.text) {
					t.Errorf("ended with %+v and the error %v, want %v", ended, err, test.want)
				}
			})
		})
	}
}

// Before the first good answer each failure ends a wait; afterwards only refusals, and an object that is gone.
func TestWaitFailures(t *testing.T) {
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
		"403 of another kind":    {&client.Error{Status: 403}, false},
		"403 that throttles":     {&client.Error{Status: 403, Code: "APIGW.0308"}, true},
		"no credential":          {errNoCredential, true},
		"malformed":              {errMalformed, true},
		"without data":           {&client.Error{Status: 200, Err: client.ErrNoData}, true},
		"another status":         {&client.Error{Status: 204, Err: client.ErrUnexpectedStatus}, true},
		"too large":              {errTooLarge, true},
		"404 of the gateway":     {errWrongPath, true},
		"302":                    {&client.Error{Status: 302}, true},
		"400":                    {errBadRequest, true},
		"400 without a code":     {&client.Error{Status: 400}, true},
		"408":                    {&client.Error{Status: 408}, true},
		"425":                    {&client.Error{Status: 425}, true},
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
				scene := playing(fails(test.failure), done)
				ended, err := await(t.Context(), scene, nil)
				if !errors.Is(err, test.failure) || len(scene.looks) != 1 || (ended.timeout != nil) {
					t.Errorf("%d looks, error %v, timed out %t", len(scene.looks), err, (ended.timeout != nil))
				}
			})
		})
		t.Run(name+" after a good answer", func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				scene := playing(running, fails(test.failure), fails(test.failure), running, fails(test.failure), done)
				ended, err := await(t.Context(), scene, nil)
				if !test.ridden {
					if !errors.Is(err, test.failure) || len(scene.looks) != 2 || (ended.timeout != nil) {
						t.Errorf("%d looks, error %v, timed out %t", len(scene.looks), err, (ended.timeout != nil))
					}
					return
				}
				if err != nil || !ended.observation.Good() || len(scene.looks) != 6 {
					t.Errorf("%d looks, error %v, ended with %+v", len(scene.looks), err, ended)
				}
			})
		})
	}
}

// A refusal stays a refusal if it comes at the last moment: raising the time limit would not help.
func TestWaitRefusedAtTheDeadline(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		failure error
		final   bool
	}{
		"403":       {errForbidden, true},
		"malformed": {errMalformed, false},
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
					return fails(test.failure)
				}}
				ended, err := await(t.Context(), scene, nil)
				if test.final != errors.Is(err, test.failure) || test.final == (ended.timeout != nil) {
					t.Errorf("error %v, timed out %t", err, (ended.timeout != nil))
				}
			})
		})
	}
}

// The service asks to come back after the deadline: waiting for that would be waiting for nothing.
func TestWaitPauseBeyondTheDeadline(t *testing.T) {
	t.Parallel()
	for name, failure := range map[string]error{
		"with the answer":    errLongPause,
		"without the answer": &client.Error{Err: &client.PauseError{Pause: time.Hour}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				scene := playing(saw("PROCESSING"), fails(failure), saw("FINISHED"))
				ended, err := await(t.Context(), scene, nil)
				if err != nil || ended.timeout == nil || ended.last != 1 || !errors.Is(ended.timeout.Err, failure) || ended.elapsed > time.Second {
					t.Errorf("ended with %+v and the error %v", ended, err)
				}
			})
		})
	}
}

// A doubt that no longer holds at the end has passed, and each is told once; what holds at the end is the verdict's own.
func TestWaitDoubts(t *testing.T) {
	t.Parallel()
	const skipped, none = "the status SKIPPED is new to this version of the provider", "the answer has no status"
	over := step{seen: Observation{Verdict: judgeOrder(over("SKIPPED")), Status: "SKIPPED"}}
	for name, test := range map[string]struct {
		scene   *scene
		outcome Outcome
		doubt   string
		passed  []string
		looks   int
	}{
		"none": {playing(saw("FINISHED")), Succeeded, "", nil, 1},
		"a new word, again and again": {
			playing(saw("SKIPPED"), saw("SKIPPED"), saw("PROCESSING"), saw("SKIPPED"), saw("FINISHED")), Succeeded, "", []string{skipped}, 5,
		},
		"two reasons": {
			playing(saw("SKIPPED"), saw(""), saw("SKIPPED"), saw("ABNORMAL")), Failed, "", []string{skipped, none}, 4,
		},
		"a new word with a finishing time":    {playing(saw("PROCESSING"), over, saw("FINISHED")), Unknown, skipped, nil, 2},
		"one that passed, and one that holds": {playing(saw(""), over), Unknown, skipped, []string{none}, 2},
		"the same one twice":                  {playing(saw("SKIPPED"), saw("PROCESSING"), over), Unknown, skipped, nil, 3},
		"what may come too early is no doubt": {playing(early(saw("SKIPPED")), saw("FINISHED")), Succeeded, "", nil, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ended, err := await(t.Context(), test.scene, nil)
				if seen := ended.observation; err != nil || seen.Outcome != test.outcome || seen.Doubt != test.doubt || len(test.scene.looks) != test.looks {
					t.Errorf("error %v, %s after %d looks, want %s after %d", err, seen.Outcome, len(test.scene.looks), test.outcome, test.looks)
				}
				if diff := cmp.Diff(test.passed, ended.pastDoubts, cmpopts.EquateEmpty()); diff != "" {
					t.Errorf("passed doubts (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// A cancellation ends a wait within a second, with the context's own error, whatever it was doing.
func TestWaitCanceled(t *testing.T) {
	t.Parallel()
	inFlight := func(failure func(context.Context) error) *scene {
		return &scene{show: func(ctx context.Context, n int, _ time.Duration) step {
			if n == 1 {
				return saw("PROCESSING")
			}
			<-ctx.Done()
			return fails(failure(ctx))
		}}
	}
	for name, made := range map[string]func() *scene{
		"between two looks": func() *scene { return playing(saw("PROCESSING")) },
		"in a look": func() *scene {
			return inFlight(func(ctx context.Context) error { return &client.Error{Err: ctx.Err()} })
		},
		"in a look that fails otherwise": func() *scene { return inFlight(func(context.Context) error { return errOverloaded }) },
		"before it is visible":           func() *scene { return playing(early(fails(errNotFound))) },
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
					ended, err := await(ctx, scene, func(w *setting) { w.Interval = 5 * time.Minute })
					if !errors.Is(err, context.Canceled) || (ended.timeout != nil) {
						t.Errorf("error %v, timed out %t", err, (ended.timeout != nil))
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
			scene := &scene{show: func(ctx context.Context, _ int, _ time.Duration) step { return fails(&client.Error{Err: ctx.Err()}) }}
			if _, err := await(ctx, scene, nil); !errors.Is(err, context.Canceled) || len(scene.looks) != 1 {
				t.Errorf("%d looks, error %v", len(scene.looks), err)
			}
		})
	})
}

// Each change of status is one line of the log, and nothing else is: a wait of hours would fill it.
func TestWaitLog(t *testing.T) {
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
			playing(saw("PROCESSING"), fails(&client.Error{Method: "GET", Host: "h", Path: "/p", Status: 503}), saw("PROCESSING"), saw("FINISHED")),
			[]string{
				seen + "PROCESSING outcome=running",
				`level=INFO msg="looking again after a failure" what="the order" error="GET h/p: HTTP 503 Service Unavailable"`,
				seen + "FINISHED outcome=succeeded",
			},
		},
		"a failure that is not": {playing(fails(errForbidden)), nil},
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
				_, err := await(t.Context(), test.scene, func(w *setting) { w.Logger = slog.New(handler) })
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

// An order that a wait saw, and that is not found later, is gone: neither its id nor the site is wrong.
func TestSeenThenGone(t *testing.T) {
	t.Parallel()
	for _, ignore := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			service := &coc{order: func(int) (*client.ScriptOrder, error) {
				switch at := time.Since(start); {
				case at < 5*time.Minute:
					return open("PROCESSING"), nil
				case at < 6*time.Minute:
					return nil, errOverloaded
				default:
					return nil, errNotFound
				}
			}}
			got, err := ReadOrder(t.Context(), service, OrderRequest{Order: theOrder, Wait: &Wait{}, IgnoreNotFound: ignore})
			const was = `but it was there 1m\d+s before with the status PROCESSING`
			if ignore {
				want := regexp.MustCompile(`: not_found, COC does not know the order any more, ` + was + `$`)
				if err != nil || got.Outcome != NotFound || got.Good() || !want.MatchString(got.Summary) {
					t.Errorf("got %+v and the error %v", got, err)
				}
				return
			}
			want := regexp.MustCompile(`^gone, ` + was + `: .*the order does not exist`)
			if !client.IsNotFound(err) || !want.MatchString(err.Error()) {
				t.Errorf("error %v", err)
			}
		})
	}
}

// An answer without data is what a service sends that does not see a new order yet: it has the grace of an order that is not found.
func TestGraceOfAnswersWithoutData(t *testing.T) {
	t.Parallel()
	empty := &client.Error{Status: 200, Err: client.ErrNoData}
	for name, test := range map[string]struct {
		appears, age time.Duration
		wait         *Wait
		text         string
	}{
		"appears":      {30 * time.Second, 0, &Wait{}, ""},
		"never":        {time.Hour, 0, &Wait{}, "no data for 1m"},
		"old order":    {30 * time.Second, 11 * time.Minute, &Wait{}, ": HTTP 200 OK: malformed answer: there is no data in it"},
		"without wait": {30 * time.Second, 0, nil, ": HTTP 200 OK: malformed answer: there is no data in it"},
	} {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			service := &coc{order: func(int) (*client.ScriptOrder, error) {
				if time.Since(start) < test.appears {
					return nil, empty
				}
				return over("FINISHED"), nil
			}}
			got, err := ReadOrder(t.Context(), service, OrderRequest{Order: madeAgo(test.age), Wait: test.wait})
			if test.text == "" && (err != nil || !got.Good()) || test.text != "" && (!errors.Is(err, client.ErrNoData) || !strings.Contains(err.Error(), test.text)) {
				t.Errorf("%s: got %+v and the error %v", name, got, err)
			}
		})
	}
}
