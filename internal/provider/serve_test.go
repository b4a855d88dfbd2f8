package provider

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"
	"google.golang.org/grpc"
	"pgregory.net/rapid"
)

// deed is an operation of a run that is stopped. All times are on a fake clock.
type deed struct {
	form string
	// asked is when Terraform asks for it. Then the plugin library takes its time, and again before it pulls the events of an action.
	asked, calls, pulls time.Duration
	// validates, begins and works are how long the provider takes, and heeds how long it takes to notice that it was canceled.
	validates, begins, works, heeds time.Duration
	// good is whether the work ends well, and goodAfterStop also when it was canceled. silent ends an action without a result.
	good, goodAfterStop, silent bool
	// progresses is the pause between two lines of progress, if any, and receives how long Terraform takes to receive an event.
	progresses, receives time.Duration
}

// run is what Terraform does to one provider.
type run struct {
	deeds []deed
	// stops are when Terraform stops the provider, and answers how long the plugin library takes before it cancels what is left.
	stops   []time.Duration
	answers time.Duration
}

// outcome is what Terraform was told.
type outcome struct {
	ended     time.Duration
	err       error
	completed bool
	failed    bool
	// progressed is when the last line of progress came.
	progressed time.Duration
	// called is when the server got the call. began and worked are whether the provider began to work and came to its end, at the time done.
	called, done  time.Duration
	began, worked bool
}

// green is what Terraform takes for success.
func (o outcome) green() bool { return o.err == nil && !o.failed }

// fakeProvider does the deeds, which are named by their number.
type fakeProvider struct {
	tfprotov6.ProviderServer
	tfprotov6.ActionServer
	deeds    []deed
	outcomes []outcome
	began    time.Time
	mu       sync.Mutex
}

func (f *fakeProvider) find(name string) (deed, int) {
	number, err := strconv.Atoi(name)
	if err != nil {
		panic(err)
	}
	return f.deeds[number], number
}

func (f *fakeProvider) note(number int, note func(*outcome)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	note(&f.outcomes[number])
}

func (f *fakeProvider) work(ctx context.Context, name string, progress func()) []*tfprotov6.Diagnostic {
	d, number := f.find(name)
	f.note(number, func(o *outcome) { o.began = true })
	done := time.NewTimer(d.works)
	defer done.Stop()
	ticks := make(<-chan time.Time)
	if d.progresses > 0 {
		ticker := time.NewTicker(d.progresses)
		defer ticker.Stop()
		ticks = ticker.C
	}
	for {
		select {
		case <-done.C:
			f.note(number, func(o *outcome) { o.worked, o.done = true, time.Since(f.began) })
			if d.good {
				return nil
			}
			return canceled(name)
		case <-ticks:
			progress()
		case <-ctx.Done():
			time.Sleep(d.heeds)
			if d.goodAfterStop {
				return nil
			}
			return canceled(name)
		}
	}
}

func (f *fakeProvider) ReadDataSource(ctx context.Context, req *tfprotov6.ReadDataSourceRequest) (*tfprotov6.ReadDataSourceResponse, error) {
	return &tfprotov6.ReadDataSourceResponse{Diagnostics: f.work(ctx, req.TypeName, func() {})}, nil
}

func (f *fakeProvider) OpenEphemeralResource(
	ctx context.Context, req *tfprotov6.OpenEphemeralResourceRequest,
) (*tfprotov6.OpenEphemeralResourceResponse, error) {
	return &tfprotov6.OpenEphemeralResourceResponse{Diagnostics: f.work(ctx, req.TypeName, func() {})}, nil
}

func (f *fakeProvider) ValidateActionConfig(
	_ context.Context, req *tfprotov6.ValidateActionConfigRequest,
) (*tfprotov6.ValidateActionConfigResponse, error) {
	d, _ := f.find(req.ActionType)
	time.Sleep(d.validates)
	return &tfprotov6.ValidateActionConfigResponse{}, nil
}

func (f *fakeProvider) InvokeAction(ctx context.Context, req *tfprotov6.InvokeActionRequest) (*tfprotov6.InvokeActionServerStream, error) {
	d, _ := f.find(req.ActionType)
	time.Sleep(d.begins)
	return &tfprotov6.InvokeActionServerStream{Events: func(push func(tfprotov6.InvokeActionEvent) bool) {
		diagnostics := f.work(ctx, req.ActionType, func() {
			push(tfprotov6.InvokeActionEvent{Type: tfprotov6.ProgressInvokeActionEventType{Message: "going on"}})
		})
		if !d.silent {
			push(completed(diagnostics))
		}
	}}, nil
}

func (f *fakeProvider) ConfigureProvider(context.Context, *tfprotov6.ConfigureProviderRequest) (*tfprotov6.ConfigureProviderResponse, error) {
	return &tfprotov6.ConfigureProviderResponse{}, nil
}

func (f *fakeProvider) StopProvider(context.Context, *tfprotov6.StopProviderRequest) (*tfprotov6.StopProviderResponse, error) {
	return &tfprotov6.StopProviderResponse{}, nil
}

// slowLibrary is between the plugin library and the server: it takes the times of the library, at which a stop may come.
type slowLibrary struct {
	*server
	fake *fakeProvider
	run  run
}

func (l *slowLibrary) call(name string) deed {
	d, number := l.fake.find(name)
	time.Sleep(d.calls)
	l.fake.note(number, func(o *outcome) { o.called = time.Since(l.fake.began) })
	return d
}

func (l *slowLibrary) ReadDataSource(ctx context.Context, req *tfprotov6.ReadDataSourceRequest) (*tfprotov6.ReadDataSourceResponse, error) {
	l.call(req.TypeName)
	return l.server.ReadDataSource(ctx, req)
}

func (l *slowLibrary) OpenEphemeralResource(
	ctx context.Context, req *tfprotov6.OpenEphemeralResourceRequest,
) (*tfprotov6.OpenEphemeralResourceResponse, error) {
	l.call(req.TypeName)
	return l.server.OpenEphemeralResource(ctx, req)
}

func (l *slowLibrary) InvokeAction(ctx context.Context, req *tfprotov6.InvokeActionRequest) (*tfprotov6.InvokeActionServerStream, error) {
	d := l.call(req.ActionType)
	stream, err := l.server.InvokeAction(ctx, req)
	if err != nil {
		return nil, err
	}
	return &tfprotov6.InvokeActionServerStream{Events: func(push func(tfprotov6.InvokeActionEvent) bool) {
		time.Sleep(d.pulls)
		stream.Events(push)
	}}, nil
}

func (l *slowLibrary) StopProvider(ctx context.Context, req *tfprotov6.StopProviderRequest) (*tfprotov6.StopProviderResponse, error) {
	resp, err := l.server.StopProvider(ctx, req)
	time.Sleep(l.run.answers)
	return resp, err
}

// receiver is Terraform's end of a stream.
type receiver[Event any] struct {
	grpc.ServerStream
	ctx     context.Context //nolint:containedctx // A stream has one.
	receive func(*Event)
}

func (r receiver[Event]) Context() context.Context { return r.ctx }

func (r receiver[Event]) Send(event *Event) error {
	r.receive(event)
	return nil
}

// ask calls the plugin library, whose types cannot be named here, with the source of that name.
func ask[Request, Response any](
	ctx context.Context, call func(context.Context, *Request) (*Response, error), field, name string,
) (failed bool, err error) {
	request := new(Request)
	reflect.ValueOf(request).Elem().FieldByName(field).SetString(name)
	response, err := call(ctx, request)
	if err != nil {
		return true, err
	}
	return reflect.ValueOf(response).Elem().FieldByName("Diagnostics").Len() > 0, nil
}

func invoke[Request, Event any](
	ctx context.Context, call func(*Request, grpc.ServerStreamingServer[Event]) error, name string, d deed, o *outcome,
) error {
	request := new(Request)
	reflect.ValueOf(request).Elem().FieldByName("ActionType").SetString(name)
	began := time.Now()
	return call(request, receiver[Event]{ctx: ctx, receive: func(event *Event) {
		result := reflect.ValueOf(event).Elem().FieldByName("Type").Elem().Elem().FieldByName("Completed")
		if result.IsValid() {
			o.completed, o.failed = true, result.Elem().FieldByName("Diagnostics").Len() > 0
		} else {
			o.progressed = d.asked + time.Since(began)
		}
		time.Sleep(d.receives)
	}})
}

// play does everything with the real plugin library, and returns what Terraform was told, and how long each stop took.
func play(t *testing.T, r run) (outcomes []outcome, stopped []time.Duration) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		fake := &fakeProvider{deeds: r.deeds, outcomes: make([]outcome, len(r.deeds)), began: time.Now()}
		served := newServer(fake, fake, false)
		library := tf6server.New("hwgate/hwgate", &slowLibrary{served, fake, r}, tf6server.WithLoggingSink(t))
		told := make([]outcome, len(r.deeds))
		stopped = make([]time.Duration, len(r.stops))
		var all sync.WaitGroup
		for number, d := range r.deeds {
			all.Go(func() {
				time.Sleep(d.asked)
				name, o := strconv.Itoa(number), &told[number]
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				switch d.form {
				case "read":
					o.failed, o.err = ask(ctx, library.ReadDataSource, "TypeName", name)
				case "open":
					o.failed, o.err = ask(ctx, library.OpenEphemeralResource, "TypeName", name)
				default:
					o.err = invoke(ctx, library.InvokeAction, name, d, o)
				}
				o.ended = time.Since(fake.began)
			})
		}
		for number, moment := range r.stops {
			all.Go(func() {
				time.Sleep(moment)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				// A stop has no arguments, and Terraform ignores its answer.
				_, _ = library.StopProvider(ctx, nil)
				stopped[number] = time.Since(fake.began) - moment - r.answers
			})
		}
		all.Wait()
		if left := len(served.running); left > 0 {
			t.Errorf("%d operations are kept", left)
		}
		time.Sleep(time.Minute) // Work that was given up ends later, but it ends.
		fake.mu.Lock()
		defer fake.mu.Unlock()
		for number := range told {
			inner := fake.outcomes[number]
			told[number].called, told[number].began, told[number].worked, told[number].done = inner.called, inner.began, inner.worked, inner.done
		}
		outcomes = told
	})
	return outcomes, stopped
}

// judge finds what is wrong with what Terraform was told.
func judge(r run, outcomes []outcome, stopped []time.Duration) error {
	first := time.Hour
	if len(r.stops) > 0 {
		first = slices.Min(r.stops)
	}
	stalls := false
	for number, d := range r.deeds {
		o := outcomes[number]
		wrong := func(what string) error { return fmt.Errorf("%s: %+v\ntold %+v", what, d, o) }
		streamed := d.form == "invoke"
		stalls = stalls || streamed
		switch {
		case o.green() && (!d.good || d.silent || !o.worked || o.done > first):
			return wrong("a green that nobody has seen, or that came after the stop")
		case o.progressed > first:
			return wrong("progress after the stop")
		case o.green() && streamed && !o.completed:
			return wrong("a stream without a result")
		case o.called > first && (o.began || o.ended > o.called):
			return wrong("it began after the stop")
		case !o.green() && d.good && !d.silent && o.worked && first > o.ended:
			return wrong("a success was lost")
		}
		// The library may take its time after the stop, and the receiver may for each of at most two events.
		late := max(first, o.called) + d.validates + d.begins + d.pulls + reportTimeout + 2*d.receives
		if o.ended > late {
			return wrong("it hung")
		}
	}
	for _, took := range stopped {
		if took > stopTimeout || (!stalls && took > reportTimeout) {
			return fmt.Errorf("a stop took %s", took)
		}
	}
	return nil
}

// moments are few and close together, so that events fall together.
func moment(t *rapid.T, label string, most int) time.Duration {
	return time.Duration(rapid.IntRange(0, most).Draw(t, label)) * 50 * time.Millisecond
}

// delay is mostly none.
func delay(t *rapid.T, label string, most int) time.Duration {
	if rapid.IntRange(0, 2).Draw(t, label+" is none") > 0 {
		return 0
	}
	return moment(t, label, most)
}

func drawRun(t *rapid.T) run {
	r := run{answers: delay(t, "answers", 4)}
	for range rapid.IntRange(0, 2).Draw(t, "stops") {
		r.stops = append(r.stops, moment(t, "stop", 12))
	}
	for range rapid.IntRange(1, 4).Draw(t, "deeds") {
		form := rapid.SampledFrom([]string{"invoke", "invoke", "read", "open"}).Draw(t, "form")
		r.deeds = append(r.deeds, deed{
			form:  form,
			asked: moment(t, "asked", 12), calls: delay(t, "calls", 4), pulls: delay(t, "pulls", 4),
			validates: delay(t, "validates", 4), begins: delay(t, "begins", 4), works: moment(t, "works", 20), heeds: delay(t, "heeds", 30),
			good: rapid.IntRange(0, 3).Draw(t, "bad") > 0, goodAfterStop: rapid.Bool().Draw(t, "goodAfterStop"),
			silent:     form == "invoke" && rapid.IntRange(0, 9).Draw(t, "silent") == 0,
			progresses: delay(t, "progresses", 4), receives: delay(t, "receives", 40),
		})
	}
	return r
}

func checkRun(t *testing.T, rt *rapid.T) {
	t.Helper()
	r := drawRun(rt)
	outcomes, stopped := play(t, r)
	if err := judge(r, outcomes, stopped); err != nil {
		rt.Fatalf("%v\nstops %v, answers %s\nall %+v", err, r.stops, r.answers, r.deeds)
	}
}

// TestStopAtAnyMoment stops the provider, with the real plugin library in front, at any moment of reads, opens and actions, each of whose
// parts takes any time: nothing is green but what ended well before the stop, nothing begins after it, and nothing outlasts it.
func TestStopAtAnyMoment(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) { checkRun(t, r) })
}

// TestStopOfTwoStalls does not add up the time of two receivers that have gone away.
func TestStopOfTwoStalls(t *testing.T) {
	t.Parallel()
	stalls := deed{form: "invoke", works: time.Hour, progresses: 100 * time.Millisecond, receives: time.Minute}
	if _, took := play(t, run{deeds: []deed{stalls, stalls}, stops: []time.Duration{time.Second}}); took[0] != stopTimeout {
		t.Errorf("the stop took %s, want %s", took[0], stopTimeout)
	}
}

// FuzzStop is TestStopAtAnyMoment with moments of the fuzzer.
func FuzzStop(f *testing.F) {
	f.Fuzz(func(t *testing.T, seed []byte) {
		rapid.MakeFuzz(func(r *rapid.T) { checkRun(t, r) })(t, seed)
	})
}

// TestReusableServer serves the next command after a stop, as a process in a debugger does; another one serves no more.
func TestReusableServer(t *testing.T) {
	t.Parallel()
	for _, reusable := range []bool{false, true} {
		fake := &fakeProvider{deeds: []deed{{good: true}}, outcomes: make([]outcome, 1)}
		s := newServer(fake, fake, reusable)
		read := func() bool {
			resp, err := s.ReadDataSource(t.Context(), &tfprotov6.ReadDataSourceRequest{TypeName: "0"})
			if err != nil {
				t.Fatal(err)
			}
			return !hasError(resp.Diagnostics)
		}
		_, stopErr := s.StopProvider(t.Context(), &tfprotov6.StopProviderRequest{})
		stoppedRead := read()
		_, err := s.ConfigureProvider(t.Context(), &tfprotov6.ConfigureProviderRequest{})
		if err := errors.Join(stopErr, err); err != nil {
			t.Fatal(err)
		}
		if nextRead := read(); stoppedRead || nextRead != reusable {
			t.Errorf("reusable %t: read after the stop: %t, after the next ConfigureProvider: %t", reusable, stoppedRead, nextRead)
		}
	}
}
