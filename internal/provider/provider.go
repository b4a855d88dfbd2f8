// Package provider is the Terraform side of hwgate: the provider block, what there is to gate on, and diagnostics.
//
// settings.go settles what the provider block, the environment and a profile say. source.go lists the sources, each of which is one file:
// schema, model, read. data_source.go, ephemeral.go and action.go are the forms that Terraform uses them in, report.go and diagnostics.go
// tell the user. Verdicts and waiting are in package gate, requests in package client.
package provider

import (
	"context"
	"net/http"
	"os"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/hwgate/terraform-provider-hwgate/internal/client"
	"github.com/hwgate/terraform-provider-hwgate/internal/text"
)

// Address is where the provider lives in the registry.
const Address = "registry.terraform.io/hwgate/hwgate"

// Options are what a provider is made with. The zero value is the released provider.
type Options struct {
	// Version and Commit are shown in the user agent.
	Version, Commit string
	// Getenv reads the environment; nil means [os.Getenv].
	Getenv func(string) string
	// WrapTransport, when set, wraps the transport of every request: tests record and replay there.
	WrapTransport func(http.RoundTripper) http.RoundTripper
}

// New gives a constructor of the provider.
func New(options Options) func() provider.Provider {
	if options.Getenv == nil {
		options.Getenv = os.Getenv
	}
	return func() provider.Provider { return &hwgate{options} }
}

type hwgate struct{ options Options }

var (
	_ provider.ProviderWithEphemeralResources = (*hwgate)(nil)
	_ provider.ProviderWithActions            = (*hwgate)(nil)
)

func (p *hwgate) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "hwgate"
	resp.Version = p.options.Version
}

// DataSources lists every source as a data source.
func (p *hwgate) DataSources(context.Context) []func() datasource.DataSource {
	return constructors(newDataSource, func(source) bool { return true })
}

// EphemeralResources lists every source as an ephemeral resource.
func (p *hwgate) EphemeralResources(context.Context) []func() ephemeral.EphemeralResource {
	return constructors(newEphemeralResource, func(source) bool { return true })
}

// Actions lists the sources that can wait as actions.
func (p *hwgate) Actions(context.Context) []func() action.Action {
	return constructors(newAction, func(s source) bool { return s.waits })
}

// constructors gives the constructors of a form for the sources that it suits.
func constructors[F any](form func(source) F, suits func(source) bool) []func() F {
	var list []func() F
	for _, s := range sources() {
		if suits(s) {
			list = append(list, func() F { return form(s) })
		}
	}
	return list
}

func (p *hwgate) Resources(context.Context) []func() resource.Resource { return nil }

func (p *hwgate) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Reads the status of Huawei Cloud script orders, data development jobs and integration tasks, so that " +
			"Terraform can verify a deployment after it ran and stop one that went wrong. All settings are optional; each falls back " +
			"to the environment variables named with it, where an empty variable counts as unset.",
		Attributes: argumentsOf(""),
		Blocks: map[string]schema.Block{
			"assume_role": schema.SingleNestedBlock{
				MarkdownDescription: "Agency to assume on top of the credentials found; its temporary keys are renewed before they expire.",
				Attributes:          argumentsOf("assume_role"),
			},
			"assume_role_with_oidc": schema.SingleNestedBlock{
				MarkdownDescription: "Agency to assume with the identity token of a CI system (GitHub Actions, GitLab), without any key.",
				Attributes:          argumentsOf("assume_role_with_oidc"),
			},
		},
	}
	resp.Schema.Attributes["endpoints"] = schema.MapAttribute{
		Optional:    true,
		ElementType: types.StringType,
		MarkdownDescription: "Addresses that replace the hosts of services: keys `coc`, `dataarts`, `roma`, `iam`, `sts`, a " +
			"URL each; null counts as omitted. `https://` is put in front of an address without a scheme; `http://` has to be " +
			"written out.",
	}
}

// Configure settles the settings. It sends nothing, and fails only for values that can never be right: an error here would block
// `destroy -refresh=false` too. What is missing is the error of the first read that needs it.
func (p *hwgate) Configure(ctx context.Context, req provider.ConfigureRequest, resp *provider.ConfigureResponse) {
	var block types.Object
	resp.Diagnostics.Append(req.Config.Get(ctx, &block)...)
	if resp.Diagnostics.HasError() {
		return
	}
	settings := settle(block.Attributes(), p.options.Getenv, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	settings.UserAgent = userAgent(req.TerraformVersion, p.options)
	settings.WrapTransport = p.options.WrapTransport
	settings.Logger = newLogger()
	reader, err := client.New(settings)
	if err != nil {
		resp.Diagnostics.AddError("Invalid provider configuration", text.Sentence(err.Error())+
			" Correct the address in the provider block or in the environment.")
		return
	}
	resp.DataSourceData, resp.EphemeralResourceData, resp.ActionData = reader, reader, reader
}

// userAgent names Terraform and the provider, then what the environment adds.
func userAgent(terraform string, options Options) string {
	agent := []string{"Terraform/" + terraform, "(+https://www.terraform.io)", "terraform-provider-hwgate/" + options.Version}
	if options.Commit != "" {
		agent = append(agent, "("+options.Commit+")")
	}
	for _, name := range []string{"HW_TF_CUSTOM_UA", "TF_APPEND_USER_AGENT"} {
		if more := text.Plain(options.Getenv(name), 256); more != "" {
			agent = append(agent, more)
		}
	}
	return strings.Join(agent, " ")
}
