package provider

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/hwgate/terraform-provider-hwgate/internal/client"
	"github.com/hwgate/terraform-provider-hwgate/internal/gate"
)

// source is something to gate on, in whichever form Terraform uses it: as a data source, an ephemeral resource or an action.
type source struct {
	name    string
	service client.Service
	// schema returns the arguments and results that all forms share.
	schema func() schema.Schema
	// newModel returns an empty model of that schema.
	newModel func() model
	// goodResult describes Report.Good.
	goodResult string
	// waits marks a source that can wait, and so can be an action.
	waits bool
	// actionDetails describes failure_details for an action, which has no results.
	actionDetails string
	// details names the failure details, and withoutDetails says what is null if they cannot be read. Both are empty if there are none.
	details, withoutDetails string
}

const (
	goodSuccess = "success (`succeeded`)"
	goodHealth  = "health (`healthy`)"
)

func sources() []source {
	return []source{scriptOrder, scriptOrderBatch, scriptOrderStatistics, instanceStatus, fdiTaskStatistics}
}

// model holds the arguments and results of a source.
type model interface {
	// wait returns the arguments of a wait, nil for a source that cannot wait.
	wait() *waitModel
	// validate checks arguments that depend on each other.
	validate(diags *diag.Diagnostics)
	// objectName names the object in messages. After a read it includes the region and project that were resolved.
	objectName() string
	// read reads the source, waiting if wait is not nil, and sets the results from the report.
	read(ctx context.Context, c *client.Client, wait *gate.Wait) (*gate.Report, error)
}

const (
	defaultTimeout     = 5 * time.Minute
	defaultWaitTimeout = 30 * time.Minute
)

// form is what the three forms of a source share.
type form struct {
	source

	// kind names the form, such as "data source".
	kind string
	// operation is the argument of the block timeouts: read, open or invoke.
	operation string
	// alwaysWaits makes every read wait, whatever the arguments say.
	alwaysWaits bool

	client *client.Client
}

// timeoutName names the argument that bounds a read, such as timeouts.read.
func (f *form) timeoutName() string { return "timeouts." + f.operation }

func (f *form) configure(data any, diags *diag.Diagnostics) {
	if data == nil {
		return // Terraform validates before it configures.
	}
	configured, ok := data.(*client.Client)
	if !ok {
		diags.AddError("Cannot configure "+f.name,
			fmt.Sprintf("The provider passed a %T. This is a bug of hwgate: please report it.", data))
		return
	}
	f.client = configured
}

// model decodes a configuration.
func (f *form) model(ctx context.Context, config tfsdk.Config, diags *diag.Diagnostics) model {
	m := f.newModel()
	shared := f.schema()
	raw := convertObject(shared.Type().TerraformType(ctx), config.Raw)
	diags.Append(tfsdk.Config{Raw: raw, Schema: shared}.Get(ctx, m)...)
	return m
}

func (f *form) validate(ctx context.Context, config tfsdk.Config, diags *diag.Diagnostics) {
	m := f.model(ctx, config, diags)
	if diags.HasError() {
		return
	}
	m.validate(diags)
	if w := m.wait(); w != nil {
		timeout, known := f.timeout(ctx, config, w, diags)
		f.validateStableFor(w, timeout, known, diags)
	}
}

// timeout returns the timeout of a read, and whether it is known yet.
func (f *form) timeout(ctx context.Context, config tfsdk.Config, w *waitModel, diags *diag.Diagnostics) (time.Duration, bool) {
	timeout := defaultTimeout
	if w != nil && (f.alwaysWaits || w.enabled.ValueBool() || w.enabled.IsUnknown()) {
		timeout = defaultWaitTimeout
	}
	var set types.String
	at := path.Root("timeouts").AtName(f.operation)
	diags.Append(config.GetAttribute(ctx, at, &set)...)
	return durationOr(set, timeout), !set.IsUnknown()
}

// read reads the source within its timeout. It returns the result in the type of the form's schema; the report is nil after an error.
func (f *form) read(
	ctx context.Context, config tfsdk.Config, progress func(gate.Progress), diags *diag.Diagnostics,
) (*gate.Report, tftypes.Value) {
	none := tftypes.NewValue(config.Schema.Type().TerraformType(ctx), nil)
	if unknown := unknownArguments(config.Raw); len(unknown) > 0 {
		// An unknown require_success would open a gate, and an unknown id would ask for nothing.
		diags.AddError("Cannot read "+f.name+" yet", "Not known yet: "+strings.Join(unknown, ", ")+
			". Nothing was sent. Terraform reads when all arguments are known: first apply what they come from.")
		return nil, none
	}
	m := f.model(ctx, config, diags)
	timeout, _ := f.timeout(ctx, config, m.wait(), diags)
	if diags.HasError() {
		return nil, none
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	report, err := m.read(ctx, f.client, m.wait().gate(f.alwaysWaits, progress))
	if err != nil {
		f.addReadError(m.objectName(), err, diags)
		return nil, none
	}
	f.diagnose(m, report, diags)
	if diags.HasError() {
		return nil, none
	}
	shared := f.schema()
	result := tfsdk.State{Raw: tftypes.NewValue(shared.Type().TerraformType(ctx), nil), Schema: shared}
	diags.Append(result.Set(ctx, m)...)
	return report, convertObject(config.Schema.Type().TerraformType(ctx), result.Raw, config.Raw)
}

// unknownArguments names the arguments that are not wholly known.
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

// timeouts returns the block of that name.
func (f *form) timeouts() schema.Block {
	return schema.SingleNestedBlock{
		MarkdownDescription: "Bounds the whole read, pauses and repeated requests included.",
		Attributes:          map[string]schema.Attribute{f.operation: optionalString(timeoutFormat, f.timeoutDescription())},
	}
}

func (f *form) timeoutDescription() string {
	switch {
	case f.alwaysWaits:
		return "Longest time of the whole wait, as a duration such as `90s` or `1h`, above zero. Default: `30m`."
	case f.waits:
		return "Longest time of the whole read, as a duration such as `90s` or `1h`, above zero. Default: `30m` when waiting, else `5m`."
	default:
		return "Longest time of the whole read, as a duration such as `90s`, above zero. Default: `5m`."
	}
}

// convertObject converts objects to one of another type. Each attribute comes from the first object that has it with the same type; it
// is null if none has.
func convertObject(to tftypes.Type, from ...tftypes.Value) tftypes.Value {
	object, ok := to.(tftypes.Object)
	if !ok {
		return tftypes.NewValue(to, nil)
	}
	converted := map[string]tftypes.Value{}
	for name, attributeType := range object.AttributeTypes {
		converted[name] = tftypes.NewValue(attributeType, nil)
	}
	for _, value := range slices.Backward(from) {
		var attributes map[string]tftypes.Value
		if !value.IsKnown() || value.IsNull() || value.As(&attributes) != nil {
			continue
		}
		for name, attribute := range attributes {
			if wanted, ok := object.AttributeTypes[name]; ok && attribute.Type().Equal(wanted) {
				converted[name] = attribute
			}
		}
	}
	return tftypes.NewValue(object, converted)
}
