package provider

import (
	"context"
	"errors"
	"iter"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// NewServer returns a constructor of the provider's protocol server.
func NewServer(options Options) func() tfprotov6.ProviderServer {
	construct := providerserver.NewProtocol6(New(options)())
	return func() tfprotov6.ProviderServer {
		inner := construct()
		actions, _ := inner.(tfprotov6.ActionServer)
		return newServer(inner, actions, options.Reusable)
	}
}

func newServer(inner tfprotov6.ProviderServer, actions tfprotov6.ActionServer, reusable bool) *server {
	return &server{ProviderServer: inner, ActionServer: actions, reusable: reusable, running: map[*operation]bool{}}
}

const (
	// reportTimeout is how long a canceled operation may take to end by itself. Its own error says more than the server's.
	reportTimeout = 400 * time.Millisecond
	// stopTimeout is how long a stop waits for a receiver that stalls.
	stopTimeout = 900 * time.Millisecond
)

// server cancels all reads, opens and actions on a stop, and refuses those that come later: Terraform starts some after it has asked for
// the stop, and waits for each. Nothing ends well after a stop, whatever was read, so that no gate is opened by Ctrl-C.
type server struct {
	tfprotov6.ProviderServer
	tfprotov6.ActionServer

	// reusable makes ConfigureProvider end a stop.
	reusable bool

	mu      sync.Mutex
	stopped bool
	running map[*operation]bool
}

// operation is a read, an open or an action that is under way.
type operation struct {
	cancel context.CancelFunc
	ended  chan struct{}
}

// errStopped refuses an action. It is an error of the call, not of the stream of events: the plugin library drops events while it stops,
// and Terraform takes a stream without an error for success.
var errStopped = errors.New("canceled before it began, because Terraform was interrupted")

// begin registers an operation until end is called, unless the provider was stopped.
func (s *server) begin(ctx context.Context) (_ context.Context, end func(), ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return nil, nil, false
	}
	ctx, cancel := context.WithCancel(ctx)
	begun := &operation{cancel: cancel, ended: make(chan struct{})}
	s.running[begun] = true
	return ctx, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.running, begun)
		cancel()
		close(begun.ended)
	}, true
}

// StopProvider cancels all operations and waits until they have reported it. If an action's receiver stalls, the answer is an error: on
// any other, the plugin library drops the events that are left.
func (s *server) StopProvider(ctx context.Context, req *tfprotov6.StopProviderRequest) (*tfprotov6.StopProviderResponse, error) {
	s.mu.Lock()
	s.stopped = true
	running := slices.Collect(maps.Keys(s.running))
	s.mu.Unlock()
	for _, operation := range running {
		operation.cancel()
	}
	timer := time.NewTimer(stopTimeout)
	defer timer.Stop()
	for _, operation := range running {
		select {
		case <-operation.ended:
		case <-timer.C:
			return nil, errors.New("an action has not ended, because Terraform does not receive its events")
		}
	}
	return s.ProviderServer.StopProvider(ctx, req)
}

// ConfigureProvider begins the next command, where one process serves several.
func (s *server) ConfigureProvider(ctx context.Context, req *tfprotov6.ConfigureProviderRequest) (*tfprotov6.ConfigureProviderResponse, error) {
	if s.reusable {
		s.mu.Lock()
		s.stopped = false
		s.mu.Unlock()
	}
	return s.ProviderServer.ConfigureProvider(ctx, req)
}

// ReadDataSource reads a data source, unless a stop comes first.
func (s *server) ReadDataSource(ctx context.Context, req *tfprotov6.ReadDataSourceRequest) (*tfprotov6.ReadDataSourceResponse, error) {
	return answered(ctx, s, func(ctx context.Context) answer[*tfprotov6.ReadDataSourceResponse] {
		resp, err := s.ProviderServer.ReadDataSource(ctx, req)
		return answer[*tfprotov6.ReadDataSourceResponse]{resp, err, err != nil || hasError(resp.Diagnostics)}
	}, &tfprotov6.ReadDataSourceResponse{Diagnostics: canceled(req.TypeName)})
}

// OpenEphemeralResource opens an ephemeral resource, unless a stop comes first.
func (s *server) OpenEphemeralResource(
	ctx context.Context, req *tfprotov6.OpenEphemeralResourceRequest,
) (*tfprotov6.OpenEphemeralResourceResponse, error) {
	return answered(ctx, s, func(ctx context.Context) answer[*tfprotov6.OpenEphemeralResourceResponse] {
		resp, err := s.ProviderServer.OpenEphemeralResource(ctx, req)
		return answer[*tfprotov6.OpenEphemeralResourceResponse]{resp, err, err != nil || hasError(resp.Diagnostics)}
	}, &tfprotov6.OpenEphemeralResourceResponse{Diagnostics: canceled(req.TypeName)})
}

// InvokeAction invokes an action, unless a stop comes first. It validates the arguments again: Terraform validates an action at plan
// only, when values that come from a resource are unknown, and an invalid stable_for would count as omitted.
func (s *server) InvokeAction(ctx context.Context, req *tfprotov6.InvokeActionRequest) (*tfprotov6.InvokeActionServerStream, error) {
	// The stop may come before the events are pulled, or even before the validation.
	ctx, end, ok := s.begin(ctx)
	if !ok {
		return nil, errStopped
	}
	validated, err := s.ValidateActionConfig(ctx, &tfprotov6.ValidateActionConfigRequest{ActionType: req.ActionType, Config: req.Config})
	if err != nil {
		end()
		return nil, err
	}
	events := iter.Seq[tfprotov6.InvokeActionEvent](func(yield func(tfprotov6.InvokeActionEvent) bool) {
		yield(completed(validated.Diagnostics))
	})
	if !hasError(validated.Diagnostics) {
		stream, err := s.ActionServer.InvokeAction(ctx, req)
		if err != nil {
			end()
			return nil, err
		}
		events = stream.Events
	}
	return &tfprotov6.InvokeActionServerStream{Events: func(push func(tfprotov6.InvokeActionEvent) bool) {
		defer end()
		relay(ctx, events, func(event tfprotov6.InvokeActionEvent) (last, failed bool) {
			result, last := event.Type.(tfprotov6.CompletedInvokeActionEventType)
			return last, hasError(result.Diagnostics)
		}, completed(canceled(req.ActionType)), push)
	}}, nil
}

// answer is how a read or an open ended.
type answer[Response any] struct {
	response Response
	err      error
	failed   bool
}

// answered calls an operation with one answer. After a stop it returns a failure: that of the call, or ifCanceled.
func answered[Response any](
	ctx context.Context, s *server, call func(context.Context) answer[Response], ifCanceled Response,
) (Response, error) {
	ctx, end, ok := s.begin(ctx)
	if !ok {
		return ifCanceled, nil
	}
	defer end()
	var got answer[Response]
	relay(ctx, func(yield func(answer[Response]) bool) { yield(call(ctx)) },
		func(a answer[Response]) (last, failed bool) { return true, a.failed },
		answer[Response]{response: ifCanceled}, func(a answer[Response]) bool { got = a; return true })
	return got.response, got.err
}

// relay pushes the events of an operation, up to the last. Once the operation is canceled, it pushes only how it failed: ifCanceled, if the
// operation does not say it itself in time.
func relay[Event any](
	ctx context.Context, events iter.Seq[Event], judge func(Event) (last, failed bool), ifCanceled Event, push func(Event) bool,
) {
	incoming, gone := make(chan Event), make(chan struct{})
	defer close(gone)
	go func() {
		defer close(incoming)
		for event := range events {
			select {
			case incoming <- event:
			case <-gone: // Whoever sends the rest must not block for ever.
			}
		}
	}()
	canceled := ctx.Done()
	var overdue <-chan time.Time
	for {
		select {
		case event, ok := <-incoming:
			last, failed := !ok, false
			if ok {
				last, failed = judge(event)
			}
			switch {
			case ok && (failed || ctx.Err() == nil):
				if !push(event) || last {
					return
				}
			case last:
				push(ifCanceled)
				return
			}
		case <-canceled:
			canceled, overdue = nil, time.After(reportTimeout)
		case <-overdue:
			push(ifCanceled)
			return
		}
	}
}

func completed(diagnostics []*tfprotov6.Diagnostic) tfprotov6.InvokeActionEvent {
	return tfprotov6.InvokeActionEvent{Type: tfprotov6.CompletedInvokeActionEventType{Diagnostics: diagnostics}}
}

// canceled is the error of an operation that does not say itself what it was doing.
func canceled(source string) []*tfprotov6.Diagnostic {
	return []*tfprotov6.Diagnostic{{Severity: tfprotov6.DiagnosticSeverityError, Summary: "Cannot read " + source, Detail: canceledDetail}}
}

func hasError(diagnostics []*tfprotov6.Diagnostic) bool {
	return slices.ContainsFunc(diagnostics, func(d *tfprotov6.Diagnostic) bool { return d.Severity == tfprotov6.DiagnosticSeverityError })
}
