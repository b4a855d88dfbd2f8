// Package provider implements the Terraform provider: the provider block, data sources, ephemeral resources, actions and diagnostics.
//
// settings.go merges the provider block, the environment and a profile. source.go lists the sources; each has a file with its schema, model
// and read. data_source.go, ephemeral.go and action.go are the forms in which Terraform uses a source. report.go and diagnostics.go write
// the diagnostics. Verdicts and waiting are in package gate, requests in package client.
package provider

import (
	"context"
	"net/http"
	"os"
	"slices"
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

// Address is the provider's address in the registry.
const Address = "registry.terraform.io/hwgate/hwgate"

// Options configure a provider.
type Options struct {
	// Version and Commit are part of the user agent.
	Version, Commit string
	// Getenv reads the environment. Default: [os.Getenv].
	Getenv func(string) string
	// Reusable is for a process that serves one command after the other: a stop then ends with the next ConfigureProvider.
	Reusable bool
	// WrapTransport, if not nil, wraps the transport of every request, for tests that record and replay.
	WrapTransport func(http.RoundTripper) http.RoundTripper
}

// New returns a constructor of the provider.
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

func (p *hwgate) DataSources(context.Context) []func() datasource.DataSource {
	return constructors(sources(), newDataSource)
}

func (p *hwgate) EphemeralResources(context.Context) []func() ephemeral.EphemeralResource {
	return constructors(sources(), newEphemeralResource)
}

// Actions returns an action for each source that can wait.
func (p *hwgate) Actions(context.Context) []func() action.Action {
	return constructors(slices.DeleteFunc(sources(), func(s source) bool { return !s.waits }), newAction)
}

// constructors returns a constructor of a form for each source.
func constructors[F any](sources []source, newForm func(source) F) []func() F {
	return mapSlice(sources, func(s source) func() F { return func() F { return newForm(s) } })
}

func (p *hwgate) Resources(context.Context) []func() resource.Resource { return nil }

func (p *hwgate) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Reads the status of Huawei Cloud script orders, data development jobs and integration tasks, so that " +
			"Terraform can verify a deployment after it ran and stop one that went wrong. All settings are optional; each falls back " +
			"to the environment variables named with it, where an empty variable counts as unset.",
		Attributes: argumentAttributes(""),
		Blocks: map[string]schema.Block{
			"assume_role": schema.SingleNestedBlock{
				MarkdownDescription: "Agency to assume on top of the credentials found; its temporary keys are renewed before they expire.",
				Attributes:          argumentAttributes("assume_role"),
			},
			"assume_role_with_oidc": schema.SingleNestedBlock{
				MarkdownDescription: "Agency to assume with the identity token of a CI system (GitHub Actions, GitLab), without any key.",
				Attributes:          argumentAttributes("assume_role_with_oidc"),
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

// Configure sends nothing, and fails only for invalid values: an error here would also block `destroy -refresh=false`. A missing value is
// the error of the first read that needs it.
func (p *hwgate) Configure(ctx context.Context, req provider.ConfigureRequest, resp *provider.ConfigureResponse) {
	var block types.Object
	resp.Diagnostics.Append(req.Config.Get(ctx, &block)...)
	if resp.Diagnostics.HasError() {
		return
	}
	config := clientConfig(block.Attributes(), p.options.Getenv, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	config.UserAgent = userAgent(req.TerraformVersion, p.options)
	config.WrapTransport = p.options.WrapTransport
	config.Logger = newLogger()
	configured, err := client.New(config)
	if err != nil {
		resp.Diagnostics.AddError("Invalid provider configuration", text.Sentence(err.Error())+
			" Correct the address in the provider block or in the environment.")
		return
	}
	resp.DataSourceData, resp.EphemeralResourceData, resp.ActionData = configured, configured, configured
}

// userAgent names Terraform and the provider, followed by the additions of the environment.
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
