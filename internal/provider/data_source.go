package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/datasource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
)

// dataSource is a source in the form of a data source: what it reads is data, and the configuration decides what that means.
type dataSource struct{ form }

var (
	_ datasource.DataSourceWithConfigure      = (*dataSource)(nil)
	_ datasource.DataSourceWithValidateConfig = (*dataSource)(nil)
)

func newDataSource(s source) datasource.DataSource {
	return &dataSource{form{source: s, kind: "data source", operation: "read"}}
}

func (d *dataSource) Metadata(_ context.Context, _ datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = d.name
}

func (d *dataSource) Schema(ctx context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = d.schema()
	block, ok := timeouts.BlockWithOpts(ctx, timeouts.Opts{ReadDescription: d.timeoutDescription()}).(schema.SingleNestedBlock)
	if ok {
		// The values are read one by one, so that the library's own type is of no use here.
		block.CustomType = nil
		block.Validators = append(block.Validators, positiveTimeout{})
		block.MarkdownDescription = timeoutsDescription
	}
	resp.Schema.Blocks = map[string]schema.Block{"timeouts": block}
}

func (d *dataSource) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	d.configure(req.ProviderData, &resp.Diagnostics)
}

func (d *dataSource) ValidateConfig(ctx context.Context, req datasource.ValidateConfigRequest, resp *datasource.ValidateConfigResponse) {
	d.validate(ctx, req.Config, &resp.Diagnostics)
}

func (d *dataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	if _, result := d.read(ctx, req.Config, nil, &resp.Diagnostics); !resp.Diagnostics.HasError() {
		resp.State.Raw = result
	}
}

const timeoutsDescription = "Bounds the whole read, pauses and repeated requests included."

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
