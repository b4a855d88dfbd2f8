package provider

import (
	"context"
	"sync"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// NewServer gives the provider as a server of the plugin protocol, ready to be served.
func NewServer(options Options) func() tfprotov6.ProviderServer {
	construct := providerserver.NewProtocol6(New(options)())
	return func() tfprotov6.ProviderServer {
		inner := construct()
		if both, ok := inner.(serverWithActions); ok {
			return &server{serverWithActions: both, running: map[chan struct{}]bool{}}
		}
		return inner
	}
}

type serverWithActions interface {
	tfprotov6.ProviderServer
	tfprotov6.ActionServer
}

// lastWordLimit is how long a stop waits for the actions that it has canceled, all in all.
const lastWordLimit = 900 * time.Millisecond

// server lets a canceled action say so. The plugin library closes the stream of an action as soon as the stop has been answered, and
// Terraform takes a stream that was closed without an error for success: the gate would be open after Ctrl-C. So the stop is answered
// when the actions have ended.
type server struct {
	serverWithActions

	mu      sync.Mutex
	running map[chan struct{}]bool
}

// InvokeAction validates the arguments and notes which actions run. Terraform validates those of an action at plan alone, where what
// comes from a resource is not known yet: a stable_for that is no duration would pass for none.
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

// StopProvider cancels what runs, and waits for actions until they have told how they ended.
func (s *server) StopProvider(ctx context.Context, req *tfprotov6.StopProviderRequest) (*tfprotov6.StopProviderResponse, error) {
	resp, err := s.serverWithActions.StopProvider(ctx, req)
	s.mu.Lock()
	var all []chan struct{}
	for ended := range s.running {
		all = append(all, ended)
	}
	s.mu.Unlock()
	timer := time.NewTimer(lastWordLimit)
	defer timer.Stop()
	for _, ended := range all {
		select {
		case <-ended:
		case <-timer.C:
			return resp, err
		}
	}
	return resp, err
}
