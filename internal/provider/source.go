package provider

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/datasource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/hwgate/terraform-provider-hwgate/internal/client"
	"github.com/hwgate/terraform-provider-hwgate/internal/gate"
)

// source is something to gate on, apart from the form in which Terraform uses it: data source, ephemeral resource or action.
type source struct {
	name    string
	service client.Service
	// schema has the arguments and results that all forms share; each form adds its own.
	schema func() schema.Schema
	// newModel gives an empty model of that schema.
	newModel func() model
	// good says in words what a gate on the source asks for.
	good string
	// waits says that the source can wait, and so can be an action.
	waits bool
	// actionDetails describes failure_details for an action, which has no results.
	actionDetails string
	// details names what is read beside the source, and null the attributes that are null without it; empty for a source without.
	details, null string
}

// What gates ask for: Report.Good in words.
const (
	goodSuccess = "success (`succeeded`)"
	goodHealth  = "health (`healthy`)"
)

// sources lists everything to gate on, by name.
func sources() []source {
	return []source{scriptOrder, scriptOrderBatch, scriptOrderStatistics, instanceStatus, fdiTaskStatistics}
}

// model is the arguments and results of a source.
type model interface {
	// wait gives the arguments of waiting, nil for a source that cannot wait.
	wait() *waitModel
	// validate checks arguments that depend on each other.
	validate(diags *diag.Diagnostics)
	// what names the object, after a read with all that the read has settled.
	what() string
	// read asks the services, and takes the report over.
	read(ctx context.Context, c *client.Client, how reading) (*gate.Report, error)
}

// reading is how a form wants a source to be read.
type reading struct {
	// form says in words which one it is, such as "data source".
	form string
	// timeout names the argument that bounds the read, such as timeouts.read.
	timeout string
	// always waits, whatever the arguments say.
	always bool
	// progress, when set, is told the progress of a wait.
	progress func(gate.Progress)
}

// The time limits of a read that does not set its own.
const (
	defaultLimit        = 5 * time.Minute
	defaultWaitingLimit = 30 * time.Minute
)

// form is a source in the form in which Terraform uses it.
type form struct {
	source

	// kind is the name of the form, such as "data source".
	kind string
	// operation names the time limit in the block timeouts: read, open or invoke.
	operation string
	// always makes every read wait.
	always bool

	client *client.Client
}

func (f *form) configure(data any, diags *diag.Diagnostics) {
	if data == nil {
		return // Terraform validates before it configures.
	}
	configured, ok := data.(*client.Client)
	if !ok {
		diags.AddError("Cannot configure "+f.name,
			fmt.Sprintf("The provider handed over a %T. This is a bug of hwgate: please report it.", data))
		return
	}
	f.client = configured
}

// model reads the configuration of a form into a model of its source.
func (f *form) model(ctx context.Context, config tfsdk.Config, diags *diag.Diagnostics) model {
	m := f.newModel()
	shared := f.schema()
	raw := compose(shared.Type().TerraformType(ctx), config.Raw)
	diags.Append(tfsdk.Config{Raw: raw, Schema: shared}.Get(ctx, m)...)
	return m
}

// validate checks arguments that depend on each other.
func (f *form) validate(ctx context.Context, config tfsdk.Config, diags *diag.Diagnostics) {
	m := f.model(ctx, config, diags)
	if diags.HasError() {
		return
	}
	m.validate(diags)
	if w := m.wait(); w != nil {
		limit, known := f.limit(ctx, config, w, diags)
		w.validate(f.always, limit, known, "timeouts."+f.operation, diags)
	}
}

// limit gives the time limit of a read, and tells whether it is known yet.
func (f *form) limit(ctx context.Context, config tfsdk.Config, w *waitModel, diags *diag.Diagnostics) (time.Duration, bool) {
	limit, known := defaultLimit, true
	if w != nil && (f.always || w.waiting() || w.asked.IsUnknown()) {
		limit = defaultWaitingLimit
	}
	var set types.String
	at := path.Root("timeouts").AtName(f.operation)
	diags.Append(config.GetAttribute(ctx, at, &set)...)
	if set.IsUnknown() {
		return limit, false
	}
	if duration, err := time.ParseDuration(set.ValueString()); err == nil {
		limit = duration
	}
	return limit, known
}

// read reads the source under its time limit. It gives the result in the type of a form's schema, without a report when there is
// none.
func (f *form) read(
	ctx context.Context, config tfsdk.Config, progress func(gate.Progress), diags *diag.Diagnostics,
) (*gate.Report, tftypes.Value) {
	none := tftypes.NewValue(config.Schema.Type().TerraformType(ctx), nil)
	if unknown := unknownArguments(config.Raw); len(unknown) > 0 {
		// An unknown require_success would open a gate, and an unknown id would ask for nothing.
		diags.AddError("Cannot read "+f.name+" yet", "Not known yet: "+strings.Join(unknown, ", ")+
			". Nothing was sent. Terraform reads when all arguments are known: apply first what they come from.")
		return nil, none
	}
	m := f.model(ctx, config, diags)
	limit, _ := f.limit(ctx, config, m.wait(), diags)
	if diags.HasError() {
		return nil, none
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	how := reading{form: f.kind, timeout: "timeouts." + f.operation, always: f.always, progress: progress}
	report, err := m.read(ctx, f.client, how)
	about := reported{source: f.source, what: m.what(), how: how}
	if w := m.wait(); w != nil {
		about.continueOnTimeout = w.continueOnTimeout.ValueBool()
	}
	if err != nil {
		addReadError(diags, about.what, f.service, err, how)
		return nil, none
	}
	if !about.diagnose(report, diags) {
		return nil, none
	}
	shared := f.schema()
	result := tfsdk.State{Raw: tftypes.NewValue(shared.Type().TerraformType(ctx), nil), Schema: shared}
	diags.Append(result.Set(ctx, m)...)
	return report, compose(config.Schema.Type().TerraformType(ctx), result.Raw, config.Raw)
}

// unknownArguments names the arguments of a configuration that are not known, or not as a whole.
func unknownArguments(config tftypes.Value) []string {
	var arguments map[string]tftypes.Value
	if !config.IsKnown() || config.As(&arguments) != nil {
		return []string{"the whole block"}
	}
	var names []string
	for _, name := range slices.Sorted(maps.Keys(arguments)) {
		if !arguments[name].IsFullyKnown() {
			names = append(names, name)
		}
	}
	return names
}

// timeouts is the block of that name.
func (f *form) timeouts(ctx context.Context) schema.Block {
	block, _ := timeouts.BlockWithOpts(ctx, timeouts.Opts{ReadDescription: f.timeoutDescription()}).(schema.SingleNestedBlock)
	limit, _ := block.Attributes["read"].(schema.StringAttribute)
	limit.Validators = append(limit.Validators, aboveZero{})
	return schema.SingleNestedBlock{
		MarkdownDescription: "Bounds the whole read, pauses and repeated requests included.",
		Attributes:          map[string]schema.Attribute{f.operation: limit},
	}
}

// timeoutDescription describes the time limit of a form.
func (f *form) timeoutDescription() string {
	switch {
	case f.always:
		return "Longest time of the whole wait, as a duration such as `90s` or `1h`, above zero. Default: `30m`."
	case f.waits:
		return "Longest time of the whole read, as a duration such as `90s` or `1h`, above zero. Default: `30m` when waiting, else `5m`."
	default:
		return "Longest time of the whole read, as a duration such as `90s`, above zero. Default: `5m`."
	}
}

// aboveZero refuses a time limit that could only ever fail. What is no duration at all is the library's to refuse.
type aboveZero struct{}

func (aboveZero) Description(context.Context) string         { return "must be above zero" }
func (aboveZero) MarkdownDescription(context.Context) string { return "must be above zero" }

func (aboveZero) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	given := req.ConfigValue.ValueString()
	if limit, err := time.ParseDuration(given); err == nil && limit <= 0 {
		refuseValue(&resp.Diagnostics, req.Path, quoted(given)+" given, wanted a duration above zero, such as 10m")
	}
}

// compose makes an object of the members of others: each comes from the first that has it, and is null where none has.
func compose(to tftypes.Type, from ...tftypes.Value) tftypes.Value {
	object, ok := to.(tftypes.Object)
	if !ok {
		return tftypes.NewValue(to, nil)
	}
	members := map[string]tftypes.Value{}
	for _, value := range slices.Backward(from) {
		var has map[string]tftypes.Value
		if !value.IsKnown() || value.IsNull() || value.As(&has) != nil {
			continue
		}
		for name, member := range has {
			if wanted, ok := object.AttributeTypes[name]; ok && member.Type().Equal(wanted) {
				members[name] = member
			}
		}
	}
	for name, wanted := range object.AttributeTypes {
		if _, ok := members[name]; !ok {
			members[name] = tftypes.NewValue(wanted, nil)
		}
	}
	return tftypes.NewValue(object, members)
}
