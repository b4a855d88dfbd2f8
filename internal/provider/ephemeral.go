package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// ephemeralResource is a source as an ephemeral resource: Terraform opens it at plan and again at apply, even of a saved plan, and
// stores nothing.
type ephemeralResource struct{ form }

var (
	_ ephemeral.EphemeralResourceWithConfigure      = (*ephemeralResource)(nil)
	_ ephemeral.EphemeralResourceWithValidateConfig = (*ephemeralResource)(nil)
)

func newEphemeralResource(s source) ephemeral.EphemeralResource {
	return &ephemeralResource{form{source: s, kind: "ephemeral resource", operation: "open"}}
}

func (e *ephemeralResource) Metadata(_ context.Context, _ ephemeral.MetadataRequest, resp *ephemeral.MetadataResponse) {
	resp.TypeName = e.name
}

func (e *ephemeralResource) Schema(_ context.Context, _ ephemeral.SchemaRequest, resp *ephemeral.SchemaResponse) {
	shared := e.schema()
	resp.Schema = schema.Schema{
		MarkdownDescription: shared.MarkdownDescription + " As an ephemeral resource it is opened at plan and again at apply, also of a " +
			"saved plan. Neither plan nor state keeps anything that it reads.",
		Attributes: map[string]schema.Attribute{
			"require_success": optionalBool("Whether anything but " + e.goodResult + " is an error, whose title is the `summary`. **Only `true` refuses**, and it also blocks " +
				"destroy while the result is bad. With `false` it is a warning with that title. `terraform.applying` warns at plan, refuses at apply, and " +
				"does not block destroy. Default: neither, everything is data."),
		},
		Blocks: map[string]schema.Block{"timeouts": e.timeouts()},
	}
	for name, attribute := range shared.Attributes {
		resp.Schema.Attributes[name] = attribute
	}
}

func (e *ephemeralResource) Configure(_ context.Context, req ephemeral.ConfigureRequest, resp *ephemeral.ConfigureResponse) {
	e.configure(req.ProviderData, &resp.Diagnostics)
}

func (e *ephemeralResource) ValidateConfig(
	ctx context.Context, req ephemeral.ValidateConfigRequest, resp *ephemeral.ValidateConfigResponse,
) {
	e.validate(ctx, req.Config, &resp.Diagnostics)
}

func (e *ephemeralResource) Open(ctx context.Context, req ephemeral.OpenRequest, resp *ephemeral.OpenResponse) {
	var required types.Bool
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("require_success"), &required)...)
	report, result := e.read(ctx, req.Config, nil, &resp.Diagnostics)
	if report == nil {
		return
	}
	resp.Result.Raw = result
	switch {
	case report.Good() || required.IsNull():
	case required.ValueBool():
		e.addClosedGateError(report, &resp.Diagnostics)
	default:
		e.addClosedGateWarning(report, &resp.Diagnostics)
	}
}
