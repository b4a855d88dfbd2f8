package provider

import (
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/hwgate/terraform-provider-hwgate/internal/gate"
)

// pollModel holds the attributes of every source that can wait.
type pollModel struct {
	PollInterval      types.String `tfsdk:"poll_interval"`
	ContinueOnTimeout types.Bool   `tfsdk:"continue_on_timeout"`
	TimedOut          types.Bool   `tfsdk:"timed_out"`
}

// completionModel holds those of sources that complete.
type completionModel struct {
	WaitForCompletion types.Bool `tfsdk:"wait_for_completion"`
	WaitThroughPause  types.Bool `tfsdk:"wait_through_pause"`
	Completed         types.Bool `tfsdk:"completed"`
}

// stableModel holds those of sources whose state may change again.
type stableModel struct {
	StableFor types.String `tfsdk:"stable_for"`
}

// waitModel holds the arguments of a wait. Those that a source does not have are null.
type waitModel struct {
	pollModel
	stableModel

	// argument is the name of the one that asks for a wait, and enabled its value.
	argument     string
	enabled      types.Bool
	throughPause types.Bool
}

// gate returns the settings of the wait, nil for a single look.
func (w *waitModel) gate(always bool, progress func(gate.Progress)) *gate.Wait {
	if w == nil || (!always && !w.enabled.ValueBool()) {
		return nil
	}
	return &gate.Wait{
		Interval: durationOr(w.PollInterval, gate.DefaultPollInterval), StableFor: durationOr(w.StableFor, 0),
		ThroughPause: w.throughPause.ValueBool(), Progress: progress, Logger: newLogger(),
	}
}

// validateStableFor checks stable_for against the arguments that it depends on, as far as they are known.
func (f *form) validateStableFor(w *waitModel, timeout time.Duration, timeoutKnown bool, diags *diag.Diagnostics) {
	stable := durationOr(w.StableFor, 0)
	if stable <= 0 {
		return
	}
	addError := func(why string) {
		diags.AddAttributeError(path.Root("stable_for"), "Invalid value of stable_for",
			fmt.Sprintf("stable_for = %q cannot be used: %s.", w.StableFor.ValueString(), why))
	}
	interval := durationOr(w.PollInterval, gate.DefaultPollInterval)
	switch {
	case !f.alwaysWaits && !w.enabled.IsUnknown() && !w.enabled.ValueBool():
		addError("it needs " + w.argument + " = true, since a single read cannot show that a state lasts")
	case !w.PollInterval.IsUnknown() && stable < interval:
		addError(fmt.Sprintf("it is shorter than poll_interval (%s), so that no second read would fall into it. Raise stable_for, or "+
			"lower poll_interval", shortDuration(interval)))
	case timeoutKnown && stable >= timeout:
		addError(fmt.Sprintf("it does not fit into %s (%s). Lower stable_for, or raise %[1]s", f.timeoutName(), shortDuration(timeout)))
	}
}

func pollAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"poll_interval": optionalString(pollIntervalFormat,
			"Longest pause between two reads of a wait, as a duration from `1s` to `5m`; the first pauses are shorter. Default: `10s`."),
		"continue_on_timeout": optionalBool(
			"**With `true`, a wait that exceeds `timeouts` is no error**: it returns the last state as data, with `timed_out = true` and a " +
				"warning. Without a single readable answer it is always an error. Default: `false`."),
		"timed_out": computedBool("Whether the wait timed out, which is an error without `continue_on_timeout`. Never null."),
	}
}

func completionAttributes(completed string) map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"wait_for_completion": optionalBool("Whether to wait: to read again until `completed`. Default: `false`."),
		"wait_through_pause": optionalBool(
			"Whether to keep waiting when everything left is paused or awaits a person's confirmation. Otherwise that " +
				"ends the wait at once. Default: `false`."),
		"completed": schema.BoolAttribute{Computed: true, MarkdownDescription: completed + " Never null."},
	}
}

// stableAttributes returns stable_for for a source that waits for the given state.
func stableAttributes(state, other string) map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"stable_for": optionalString(stableForFormat,
			"How long "+state+" has to last before the wait ends, as a duration up to `24h`, such as `3m`. By default the first read of it ends the "+
				"wait. The time restarts after any read that does not show it, including an unreadable answer."+other+" Needs a wait, at least "+
				"`poll_interval`, and less than the time in `timeouts`. Default: `0s`."),
	}
}
