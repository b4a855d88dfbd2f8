// Command official replaces the official provider, huaweicloud/huaweicloud, in tests: it has the one resource that use cases start with,
// and sends no requests.
package main

import (
	"context"
	"log"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	providerschema "github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// orderID is that of the example in COC's documentation.
const orderID = "SCT2023083109562601af694bf"

func main() {
	err := providerserver.Serve(context.Background(), func() provider.Provider { return official{} },
		providerserver.ServeOpts{Address: "registry.terraform.io/huaweicloud/huaweicloud"})
	if err != nil {
		log.Fatal(err)
	}
}

type official struct{}

func (official) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "huaweicloud"
}

func (official) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	resp.Schema = providerschema.Schema{Attributes: map[string]providerschema.Attribute{
		"region": providerschema.StringAttribute{Optional: true},
	}}
}

func (official) Configure(context.Context, provider.ConfigureRequest, *provider.ConfigureResponse) {}
func (official) DataSources(context.Context) []func() datasource.DataSource                        { return nil }

func (official) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{func() resource.Resource { return scriptExecute{} }}
}

// scriptExecute has the arguments and attributes of huaweicloud_coc_script_execute that version 1.97.1 documents.
// https://registry.terraform.io/providers/huaweicloud/huaweicloud/1.97.1/docs/resources/coc_script_execute
type scriptExecute struct{}

func (scriptExecute) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_coc_script_execute"
}

func (scriptExecute) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		Attributes: map[string]schema.Attribute{
			"id":           schema.StringAttribute{Computed: true},
			"status":       schema.StringAttribute{Computed: true},
			"script_name":  schema.StringAttribute{Computed: true},
			"created_at":   schema.StringAttribute{Computed: true},
			"finished_at":  schema.StringAttribute{Computed: true},
			"script_id":    schema.StringAttribute{Required: true},
			"instance_id":  schema.StringAttribute{Required: true},
			"timeout":      schema.Int64Attribute{Required: true},
			"execute_user": schema.StringAttribute{Required: true},
			"is_sync":      schema.BoolAttribute{Optional: true, Computed: true, Default: booldefault.StaticBool(true)},
		},
		Blocks: map[string]schema.Block{
			"parameters": schema.ListNestedBlock{NestedObject: schema.NestedBlockObject{Attributes: map[string]schema.Attribute{
				"name":  schema.StringAttribute{Required: true},
				"value": schema.StringAttribute{Required: true},
			}}},
			"timeouts": schema.SingleNestedBlock{Attributes: map[string]schema.Attribute{
				"create": schema.StringAttribute{Optional: true},
				"delete": schema.StringAttribute{Optional: true},
			}},
		},
	}
}

// Create succeeds whatever becomes of the order, as the official provider does unless it reads the status ABNORMAL: it stops waiting at any
// other status but PROCESSING, and without an error at its timeout.
func (scriptExecute) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	resp.State.Raw = req.Plan.Raw
	// The wait timed out before the order ended, so there is no finishing time.
	for name, value := range map[string]types.String{
		"id": types.StringValue(orderID), "status": types.StringValue("PROCESSING"), "script_name": types.StringValue("migrate"),
		"created_at": types.StringValue("2023-10-22T03:47:32Z"), "finished_at": types.StringNull(),
	} {
		resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root(name), value)...)
	}
}

// Read keeps the state.
func (scriptExecute) Read(context.Context, resource.ReadRequest, *resource.ReadResponse) {}

// Update does nothing: the official provider refuses to change an order, and no test tries to.
func (scriptExecute) Update(context.Context, resource.UpdateRequest, *resource.UpdateResponse) {}

func (scriptExecute) Delete(context.Context, resource.DeleteRequest, *resource.DeleteResponse) {}
