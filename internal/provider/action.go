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

// sourceAction is a source in the form of an action: it waits, reports its progress, and fails unless all is well.
type sourceAction struct{ form }

var (
	_ action.ActionWithConfigure      = (*sourceAction)(nil)
	_ action.ActionWithValidateConfig = (*sourceAction)(nil)
)

func newAction(s source) action.Action {
	return &sourceAction{form{source: s, kind: "action", operation: "invoke", always: true}}
}

func (a *sourceAction) Metadata(_ context.Context, _ action.MetadataRequest, resp *action.MetadataResponse) {
	resp.TypeName = a.name
}

// notInActions are arguments that mean nothing to an action: it always waits, and a wait that ends without success is its error.
var notInActions = map[string]bool{
	"wait_for_completion": true, "wait_until_healthy": true, "continue_on_timeout": true, "ignore_not_found": true, "log_tail_bytes": true,
}

// Schema describes the arguments of the source and those of the form. An action has no results.
func (a *sourceAction) Schema(ctx context.Context, _ action.SchemaRequest, resp *action.SchemaResponse) {
	shared := a.schema()
	resp.Schema = schema.Schema{
		MarkdownDescription: shared.MarkdownDescription + " As an action it always waits, shows progress, and fails on anything but " +
			a.good + ".",
		Attributes: map[string]schema.Attribute{
			"progress_interval": optionalString(isProgressInterval, "Longest time between two lines of progress, as a duration from `5s` to "+
				"`5m`. Each change of status is told at once. Default: `30s`."),
		},
		Blocks: map[string]schema.Block{"timeouts": a.timeouts(ctx)},
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
	limit, _ := a.limit(ctx, req.Config, a.newModel().wait(), &resp.Diagnostics)
	told := newTelling(limit, durationOr(interval, defaultProgressInterval), func(line string) {
		resp.SendProgress(action.InvokeProgressEvent{Message: line})
	})
	report, _ := a.read(ctx, req.Config, told.see, &resp.Diagnostics)
	told.stop()
	if report != nil && !report.Good {
		refuse(report, a.good, &resp.Diagnostics)
	}
}

const (
	defaultProgressInterval = 30 * time.Second
	// sendingLimit is how long the end of an action waits for its last line to be taken.
	sendingLimit = 500 * time.Millisecond
)

// telling tells how a wait is getting on: each change of status at once, and a line at least every interval. A receiver that does not
// take the lines holds up the end of the wait by sendingLimit at most, and the wait itself not at all.
type telling struct {
	news chan gate.Progress
	done chan struct{}
	// sent is closed when all lines have been taken.
	sent chan struct{}
}

func newTelling(limit, interval time.Duration, send func(string)) *telling {
	t := &telling{news: make(chan gate.Progress, 1), done: make(chan struct{}), sent: make(chan struct{})}
	lines := make(chan string, 1)
	// A receiver that has gone away holds this goroutine, and no other, until the process ends.
	go func() {
		defer close(t.sent)
		for line := range lines {
			send(line)
		}
	}()
	go t.run(limit, interval, lines)
	return t
}

// see takes in how things stand. It never blocks.
func (t *telling) see(p gate.Progress) { replace(t.news, p) }

// stop ends the telling, after what has been seen.
func (t *telling) stop() {
	close(t.done)
	timer := time.NewTimer(sendingLimit)
	defer timer.Stop()
	select {
	case <-t.sent:
	case <-timer.C:
	}
}

func (t *telling) run(limit, interval time.Duration, lines chan string) {
	defer close(lines)
	timer := time.NewTimer(interval)
	defer timer.Stop()
	// Before the wait begins, as while a project is looked up, there is nothing but the time.
	last, seen := gate.Progress{Limit: limit}, time.Now()
	tell := func() {
		replace(lines, last.Line(time.Since(seen)))
		timer.Reset(interval)
	}
	take := func(next gate.Progress) {
		changed := next.Status != last.Status || next.Outcome != last.Outcome
		last, seen = next, time.Now()
		if changed {
			tell()
		}
	}
	for {
		select {
		case next := <-t.news:
			take(next)
		case <-timer.C:
			tell()
		case <-t.done:
			select {
			case next := <-t.news:
				take(next)
			default:
			}
			return
		}
	}
}

// replace puts a value into a channel of one place, whose only sender it is. A value that nobody has taken makes way.
func replace[T any](place chan T, value T) {
	select {
	case <-place:
	default:
	}
	place <- value
}
