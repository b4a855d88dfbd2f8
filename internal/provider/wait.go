package provider

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/hwgate/terraform-provider-hwgate/internal/gate"
	"github.com/hwgate/terraform-provider-hwgate/internal/text"
)

// detailsReserve is the part of a wait's time that is kept for reading details at its end, a tenth at most.
const detailsReserve = 10 * time.Second

// awaited says what is waited for.
type awaited struct {
	name    string
	reserve time.Duration
	young   bool
}

// wait looks once, or until the end if the configuration asks for that.
func wait[T any](
	ctx context.Context, m waitModel, what awaited, look func(context.Context) (T, gate.Seen, error),
) (gate.Ended[T], error) {
	if !m.waiting() {
		last, seen, err := look(ctx)
		ended := gate.Ended[T]{Last: last, Seen: seen}
		if seen.Doubt != "" {
			ended.Doubts = []string{seen.Doubt}
		}
		return ended, err
	}
	interval := defaultPollInterval
	if set, err := time.ParseDuration(m.PollInterval.ValueString()); err == nil {
		interval = set
	}
	deadline, _ := ctx.Deadline()
	deadline = deadline.Add(-min(what.reserve, time.Until(deadline)/10))
	return gate.For(ctx, gate.Wait{
		Interval: interval, ThroughPause: m.WaitThroughPause.ValueBool(), Young: what.young, Deadline: deadline,
		Name: what.name, Logger: newLogger(),
	}, look)
}

// timedOut tells of a wait whose time is over: an error, or data and a warning.
func (m *waitModel) timedOut(
	what string, last gate.Seen, elapsed time.Duration, failure error, tally string, diags *diag.Diagnostics,
) {
	detail := fmt.Sprintf("The last status was %s, after %s of waiting", last.Status, elapsed.Round(time.Second))
	if tally != "" {
		detail += "; " + tally
	}
	detail += "."
	if failure != nil {
		detail += " The last look failed: " + text.Sentence(failure.Error())
	}
	if m.ContinueOnTimeout.ValueBool() {
		m.TimedOut = types.BoolValue(true)
		diags.AddWarning(what+" did not end in time",
			detail+"\n\nThe last state was taken, since continue_on_timeout is set. Raise timeouts.read to wait longer.")
		return
	}
	diags.AddError(what+" did not end in time", detail+
		"\n\nRaise timeouts.read to wait longer, or set continue_on_timeout = true to have the last state as data.")
}
