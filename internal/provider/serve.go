package provider

import (
	"context"
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
		if withActions, ok := inner.(serverWithActions); ok {
			return &server{serverWithActions: withActions, running: map[chan struct{}]bool{}}
		}
		return inner
	}
}

type serverWithActions interface {
	tfprotov6.ProviderServer
	tfprotov6.ActionServer
}

// stopTimeout is how long a stop waits for all canceled actions.
const stopTimeout = 900 * time.Millisecond

// server answers a stop only after the canceled actions have reported their errors. The plugin library closes their streams as soon as the
// stop is answered, and Terraform takes a stream without an error for success: Ctrl-C would open the gate.
type server struct {
	serverWithActions

	mu      sync.Mutex
	running map[chan struct{}]bool
}

// InvokeAction validates the arguments again, and keeps track of running actions. Terraform validates an action at plan only, when values
// that come from a resource are unknown: an invalid stable_for would count as omitted.
func (s *server) InvokeAction(ctx context.Context, req *tfprotov6.InvokeActionRequest) (*tfprotov6.InvokeActionServerStream, error) {
	validated, err := s.ValidateActionConfig(ctx, &tfprotov6.ValidateActionConfigRequest{ActionType: req.ActionType, Config: req.Config})
	if err != nil {
		return nil, err
	}
	for _, diagnostic := range validated.Diagnostics {
		if diagnostic.Severity == tfprotov6.DiagnosticSeverityError {
			return &tfprotov6.InvokeActionServerStream{Events: func(push func(tfprotov6.InvokeActionEvent) bool) {
				push(tfprotov6.InvokeActionEvent{Type: tfprotov6.CompletedInvokeActionEventType{Diagnostics: validated.Diagnostics}})
			}}, nil
		}
	}
	stream, err := s.serverWithActions.InvokeAction(ctx, req)
	if err != nil {
		return nil, err
	}
	return &tfprotov6.InvokeActionServerStream{Events: func(push func(tfprotov6.InvokeActionEvent) bool) {
		ended := make(chan struct{})
		s.mu.Lock()
		s.running[ended] = true
		s.mu.Unlock()
		defer func() {
			s.mu.Lock()
			delete(s.running, ended)
			s.mu.Unlock()
			close(ended)
		}()
		stream.Events(push)
	}}, nil
}

// StopProvider cancels all reads, and waits until the actions have reported how they ended.
func (s *server) StopProvider(ctx context.Context, req *tfprotov6.StopProviderRequest) (*tfprotov6.StopProviderResponse, error) {
	resp, err := s.serverWithActions.StopProvider(ctx, req)
	s.mu.Lock()
	running := slices.Collect(maps.Keys(s.running))
	s.mu.Unlock()
	timer := time.NewTimer(stopTimeout)
	defer timer.Stop()
	for _, ended := range running {
		select {
		case <-ended:
		case <-timer.C:
			return resp, err
		}
	}
	return resp, err
}
