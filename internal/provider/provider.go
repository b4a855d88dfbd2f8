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

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
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

// providerModel is the provider block.
type providerModel struct {
	Region        types.String `tfsdk:"region"`
	AccessKey     types.String `tfsdk:"access_key"`
	SecretKey     types.String `tfsdk:"secret_key"`
	SecurityToken types.String `tfsdk:"security_token"`
	Token         types.String `tfsdk:"token"`
	UserName      types.String `tfsdk:"user_name"`
	UserID        types.String `tfsdk:"user_id"`
	Password      types.String `tfsdk:"password"`
	DomainName    types.String `tfsdk:"domain_name"`
	DomainID      types.String `tfsdk:"domain_id"`
	ProjectID     types.String `tfsdk:"project_id"`
	ProjectName   types.String `tfsdk:"project_name"`
	AuthURL       types.String `tfsdk:"auth_url"`
	Cloud         types.String `tfsdk:"cloud"`
	Endpoints     types.Map    `tfsdk:"endpoints"`
	Language      types.String `tfsdk:"language"`
	MaxRetries    wholeNumber  `tfsdk:"max_retries"`
	Insecure      types.Bool   `tfsdk:"insecure"`
	CACertFile    types.String `tfsdk:"cacert_file"`

	SharedConfigFile   types.String `tfsdk:"shared_config_file"`
	Profile            types.String `tfsdk:"profile"`
	AssumeRole         types.Object `tfsdk:"assume_role"`
	AssumeRoleWithOIDC types.Object `tfsdk:"assume_role_with_oidc"`
}

// texts gives the arguments that are settled as texts, by name, those of a nested block as block.argument, and which of the two
// nested blocks are there.
func (m providerModel) texts() (texts map[string]types.String, hasRole, hasOIDC bool) {
	texts = map[string]types.String{
		"region": m.Region, "access_key": m.AccessKey, "secret_key": m.SecretKey, "security_token": m.SecurityToken, "token": m.Token,
		"user_name": m.UserName, "user_id": m.UserID, "password": m.Password, "domain_name": m.DomainName, "domain_id": m.DomainID,
		"project_id": m.ProjectID, "project_name": m.ProjectName, "auth_url": m.AuthURL, "cloud": m.Cloud, "language": m.Language,
		"cacert_file": m.CACertFile, "shared_config_file": m.SharedConfigFile, "profile": m.Profile,
	}
	for name, nested := range map[string]types.Object{"assume_role": m.AssumeRole, "assume_role_with_oidc": m.AssumeRoleWithOIDC} {
		if nested.IsUnknown() {
			texts[name+".agency_name"] = types.StringUnknown()
		}
		for argument, value := range nested.Attributes() {
			switch value := value.(type) {
			case types.String:
				texts[name+"."+argument] = value
			case wholeNumber:
				switch {
				case value.IsUnknown():
					texts[name+"."+argument] = types.StringUnknown()
				case !value.IsNull():
					texts[name+"."+argument] = types.StringValue(value.String())
				}
			}
		}
	}
	return texts, !m.AssumeRole.IsNull(), !m.AssumeRoleWithOIDC.IsNull()
}

func (p *hwgate) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Reads the status of Huawei Cloud script orders, data development jobs and integration tasks, so that " +
			"Terraform can verify a deployment after it ran and stop one that went wrong. All settings are optional; each falls back " +
			"to the environment variables named with it, where an empty variable counts as unset.",
		Attributes: map[string]schema.Attribute{
			"region": schema.StringAttribute{
				Optional:   true,
				Validators: []validator.String{isRegion},
				MarkdownDescription: "Region that data sources read from unless they name their own, for example `cn-north-4`. " +
					environment("region"),
			},
			"access_key": schema.StringAttribute{
				Optional:  true,
				Sensitive: true,
				MarkdownDescription: "Access key, permanent or temporary; goes with `secret_key`. Requests are signed with " +
					"SDK-HMAC-SHA256. After six wrong signatures IAM locks a key for five minutes. A key that was refused is not used again " +
					"in the run, but each alias of the provider is a process of its own, and so is each run of a script that retries. " +
					environment("access_key"),
			},
			"secret_key": schema.StringAttribute{
				Optional:            true,
				Sensitive:           true,
				MarkdownDescription: "Secret key that belongs to `access_key`. " + environment("secret_key"),
			},
			"security_token": schema.StringAttribute{
				Optional:  true,
				Sensitive: true,
				MarkdownDescription: "Security token that belongs to a temporary `access_key`. It is taken from the same place as the " +
					"key pair: the one in the environment is not used with keys from the provider block. " +
					environment("security_token"),
			},
			"token": schema.StringAttribute{
				Optional:  true,
				Sensitive: true,
				MarkdownDescription: "Pre-issued IAM token, sent as `X-Auth-Token` as it is. It wins over a key pair of the same place and " +
					"is not renewed. " + environment("token"),
			},
			"user_name": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "Name of an IAM user, for authentication with `password`; needs `domain_name` or `domain_id`. " +
					environment("user_name"),
			},
			"user_id": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "Id of an IAM user, in place of `user_name`: of the two the first place that has either counts. " + environment("user_id"),
			},
			"password": schema.StringAttribute{
				Optional:  true,
				Sensitive: true,
				MarkdownDescription: "Password of the IAM user. Its token is renewed before it expires. " +
					environment("password"),
			},
			"domain_name": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "Name of the account that the user belongs to, in place of `domain_id`: of the two the first place that has either counts. " + environment("domain_name"),
			},
			"domain_id": schema.StringAttribute{
				Optional:   true,
				Validators: []validator.String{isID},
				MarkdownDescription: "Id of the account; sent to COC as `X-Domain-Id` when there is no project id. " +
					environment("domain_id"),
			},
			"shared_config_file": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "File of KooCLI (the command `hcloud`) to take a profile from; read only if this or `profile` is set, " +
					"and `~/.hcloud/config.json` when `profile` alone is. It has to be unencrypted. " + environment("shared_config_file"),
			},
			"profile": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "Profile of KooCLI to use. Default: the file's current one. It gives keys (mode `AKSK` or `SSO`), the " +
					"machine's agency (mode `ecsAgency`), and region, project id and domain id where they are not set. " + environment("profile"),
			},
			"project_id": schema.StringAttribute{
				Optional:   true,
				Validators: []validator.String{isID},
				MarkdownDescription: "Id of the project in `region`. It does not count for a data source that names another region. " +
					"Without it the project is looked up by name when a data source first needs it, which COC never does. " +
					environment("project_id"),
			},
			"project_name": schema.StringAttribute{
				Optional:   true,
				Validators: []validator.String{isHeaderText},
				MarkdownDescription: "Name of the project in `region`, for the look-up of its id. Default: the name of the region. Of " +
					"`project_id` and `project_name` the first place that has either counts: an id in the environment does not replace a " +
					"name in the provider block. " + environment("project_name"),
			},
			"auth_url": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "Address of IAM, with or without `/v3`; wins over `endpoints.iam`, which wins over the environment. " +
					"Default: `https://iam.{region}.{cloud}/v3`. " + environment("auth_url"),
			},
			"cloud": schema.StringAttribute{
				Optional:   true,
				Validators: []validator.String{isDomain},
				MarkdownDescription: "Domain of the service hosts. Default: `myhuaweicloud.com`, for regions that begin with `eu-west-1` " +
					"`myhuaweicloud.eu`. " + environment("cloud"),
			},
			"endpoints": schema.MapAttribute{
				Optional:    true,
				ElementType: types.StringType,
				MarkdownDescription: "Addresses that replace the hosts of services: keys `coc`, `dataarts`, `roma`, `iam`, `sts`, a " +
					"URL each; null counts as omitted. `https://` is put in front of an address without a scheme; `http://` has to be " +
					"written out.",
			},
			"language": schema.StringAttribute{
				Optional:   true,
				Validators: []validator.String{stringvalidator.OneOf("en-us", "zh-cn")},
				MarkdownDescription: "Language of COC's messages, `en-us` or `zh-cn`. Default: `en-us`. Sent as `X-Language`; it " +
					"changes no field that a verdict depends on.",
			},
			"max_retries": schema.Int64Attribute{
				Optional:   true,
				CustomType: wholeNumberType{},
				Validators: []validator.Int64{int64validator.AtLeast(0)},
				MarkdownDescription: "How many times a request is retried after throttling, a fault of the service or a lost " +
					"connection; 0 turns retrying off. Default: `5`. " + environment("max_retries"),
			},
			"insecure": schema.BoolAttribute{
				Optional: true,
				MarkdownDescription: "Turns the check of certificates off, so that anyone on the way can read and forge answers. " +
					"Default: `false`. " + environment("insecure"),
			},
			"cacert_file": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "Certificate authorities to trust in place of the system's: path of a PEM file, or PEM text. " +
					environment("cacert_file"),
			},
		},
		Blocks: map[string]schema.Block{
			"assume_role": schema.SingleNestedBlock{
				MarkdownDescription: "Agency to assume on top of the credentials found; its temporary keys are renewed before they expire.",
				Attributes:          agencyAttributes("assume_role", true),
			},
			"assume_role_with_oidc": schema.SingleNestedBlock{
				MarkdownDescription: "Agency to assume with the identity token of a CI system (GitHub Actions, GitLab), without any key.",
				Attributes:          agencyAttributes("assume_role_with_oidc", false),
			},
		},
	}
}

// agencyAttributes are the arguments of a block that assumes a role: with keys, or with an identity token.
func agencyAttributes(block string, withKeys bool) map[string]schema.Attribute {
	all := map[string]schema.Attribute{
		"agency_name": schema.StringAttribute{
			Optional:            true,
			MarkdownDescription: "Name of the agency. " + environment(block+".agency_name"),
		},
		"domain_id": schema.StringAttribute{
			Optional:            true,
			Validators:          []validator.String{isID},
			MarkdownDescription: "Id of the account that the agency belongs to. " + environment(block+".domain_id"),
		},
		"duration": schema.Int64Attribute{
			Optional:   true,
			CustomType: wholeNumberType{},
			MarkdownDescription: "How long the temporary keys live, in seconds from 900 to 43200. Default: `3600`. Keys that STS gives for " +
				"temporary keys live an hour at most: with `domain_id` on top of temporary keys, and with an identity token. " + environment(block+".duration"),
		},
	}
	if withKeys {
		all["domain_name"] = schema.StringAttribute{
			Optional: true,
			MarkdownDescription: "Name of the account that the agency belongs to, in place of `domain_id`; the agency is then assumed " +
				"through IAM's v3 API, with a `duration` up to 86400. " + environment(block+".domain_name"),
		}
		return all
	}
	all["idp_id"] = schema.StringAttribute{
		Optional:            true,
		MarkdownDescription: "Id of the identity provider in IAM. " + environment(block+".idp_id"),
	}
	all["id_token"] = schema.StringAttribute{
		Optional:            true,
		Sensitive:           true,
		MarkdownDescription: "Identity token of the job; either this or `id_token_file`. " + environment(block+".id_token"),
	}
	all["id_token_file"] = schema.StringAttribute{
		Optional:            true,
		MarkdownDescription: "File with the identity token, which is read again at each renewal. " + environment(block+".id_token_file"),
	}
	return all
}

// Configure settles the settings. It sends nothing, and fails only for values that can never be right: an error here would block
// `destroy -refresh=false` too. What is missing is the error of the first read that needs it.
func (p *hwgate) Configure(ctx context.Context, req provider.ConfigureRequest, resp *provider.ConfigureResponse) {
	var model providerModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() {
		return
	}
	settings := settle(model, p.options.Getenv, &resp.Diagnostics)
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
