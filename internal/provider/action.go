package provider

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/action/schema"
	datasourceschema "github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/hwgate/terraform-provider-hwgate/internal/gate"
)

// sourceAction is a source as an action: it always waits, reports progress, and fails unless the result is good.
type sourceAction struct{ form }

var (
	_ action.ActionWithConfigure      = (*sourceAction)(nil)
	_ action.ActionWithValidateConfig = (*sourceAction)(nil)
)

func newAction(s source) action.Action {
	return &sourceAction{form{source: s, kind: "action", operation: "invoke", alwaysWaits: true}}
}

func (a *sourceAction) Metadata(_ context.Context, _ action.MetadataRequest, resp *action.MetadataResponse) {
	resp.TypeName = a.name
}

// notInActions are the arguments that an action does not have, because it always waits and fails without success.
var notInActions = map[string]bool{
	"wait_for_completion": true, "wait_until_healthy": true, "continue_on_timeout": true, "ignore_not_found": true, "log_tail_bytes": true,
}

func (a *sourceAction) Schema(_ context.Context, _ action.SchemaRequest, resp *action.SchemaResponse) {
	shared := a.schema()
	resp.Schema = schema.Schema{
		MarkdownDescription: shared.MarkdownDescription + " As an action it always waits, shows progress, and fails on anything but " +
			a.goodResult + ".",
		Attributes: map[string]schema.Attribute{
			"progress_interval": optionalString(progressIntervalFormat, "Longest time between two lines of progress, as a duration from `5s` to "+
				"`5m`. Each change of status is reported at once. Default: `30s`."),
		},
		Blocks: map[string]schema.Block{"timeouts": a.timeouts()},
	}
	for name, attribute := range shared.Attributes {
		if notInActions[name] || (!attribute.IsRequired() && !attribute.IsOptional()) {
			continue
		}
		if text, ok := attribute.(datasourceschema.StringAttribute); ok {
			text.Computed = false // region and project_id
			attribute = text
		}
		resp.Schema.Attributes[name] = attribute
	}
	resp.Schema.Attributes["failure_details"] = optionalBool(a.actionDetails)
}

func (a *sourceAction) Configure(_ context.Context, req action.ConfigureRequest, resp *action.ConfigureResponse) {
	a.configure(req.ProviderData, &resp.Diagnostics)
}

func (a *sourceAction) ValidateConfig(ctx context.Context, req action.ValidateConfigRequest, resp *action.ValidateConfigResponse) {
	a.validate(ctx, req.Config, &resp.Diagnostics)
}

func (a *sourceAction) Invoke(ctx context.Context, req action.InvokeRequest, resp *action.InvokeResponse) {
	var interval types.String
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("progress_interval"), &interval)...)
	timeout, _ := a.timeout(ctx, req.Config, a.newModel().wait(), &resp.Diagnostics)
	reporter := newProgressReporter(timeout, durationOr(interval, defaultProgressInterval), func(line string) {
		resp.SendProgress(action.InvokeProgressEvent{Message: line})
	})
	report, _ := a.read(ctx, req.Config, reporter.update, &resp.Diagnostics)
	reporter.stop()
	if report != nil && !report.Good() {
		a.addClosedGateError(report, &resp.Diagnostics)
	}
}

const (
	defaultProgressInterval = 30 * time.Second
	// flushTimeout is how long the end of an action waits until Terraform has taken the last line.
	flushTimeout = 500 * time.Millisecond
)

// progressReporter reports the progress of a wait: each change of status at once, and a line at least every interval. A receiver that
// stalls never delays the wait, and delays its end by flushTimeout at most.
type progressReporter struct {
	updates chan gate.Progress
	stopped chan struct{}
	flushed chan struct{} // closed when all lines have been sent
}

func newProgressReporter(timeout, interval time.Duration, send func(string)) *progressReporter {
	r := &progressReporter{updates: make(chan gate.Progress, 1), stopped: make(chan struct{}), flushed: make(chan struct{})}
	lines := make(chan string, 1)
	// A receiver that never returns blocks only this goroutine.
	go func() {
		defer close(r.flushed)
		for line := range lines {
			send(line)
		}
	}()
	go r.run(timeout, interval, lines)
	return r
}

// update never blocks.
func (r *progressReporter) update(p gate.Progress) { replace(r.updates, p) }

// stop ends the reporter after the last update has been reported.
func (r *progressReporter) stop() {
	close(r.stopped)
	timer := time.NewTimer(flushTimeout)
	defer timer.Stop()
	select {
	case <-r.flushed:
	case <-timer.C:
	}
}

func (r *progressReporter) run(timeout, interval time.Duration, lines chan string) {
	defer close(lines)
	timer := time.NewTimer(interval)
	defer timer.Stop()
	// Until the first update, while a project is looked up for example, only the elapsed time is known.
	last, updated := gate.Progress{Limit: timeout}, time.Now()
	report := func() {
		replace(lines, last.Line(time.Since(updated)))
		timer.Reset(interval)
	}
	handle := func(next gate.Progress) {
		changed := next.Status != last.Status || next.Outcome != last.Outcome
		last, updated = next, time.Now()
		if changed {
			report()
		}
	}
	for {
		select {
		case next := <-r.updates:
			handle(next)
		case <-timer.C:
			report()
		case <-r.stopped:
			select {
			case next := <-r.updates:
				handle(next)
			default:
			}
			return
		}
	}
}

// replace sends a value to a channel with a buffer of one, in place of a value that has not been received. There must be no other sender.
func replace[T any](channel chan T, value T) {
	select {
	case <-channel:
	default:
	}
	channel <- value
}
