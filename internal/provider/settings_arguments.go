package provider

import (
	"cmp"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// argument describes an argument of the provider block.
type argument struct {
	// variables are the environment variables that it falls back to, in order.
	variables []string
	// kind is its type. Default: string.
	kind attr.Type
	// format is checked when the argument is used, wherever the value comes from, so that an unused value never fails a run. The paths of
	// files and the name of a profile have none: only whether they exist counts.
	format stringFormat
	// atPlan and bounds are validators of the schema, which Terraform always applies to the block.
	atPlan validator.String
	bounds []validator.Number
	// secret arguments are sensitive. No diagnostic quotes their value or points at it: Terraform would print the line.
	secret      bool
	description string
}

const onePlace = "Id and name are one setting: the first place that has either counts, such as the provider block before the environment."

// arguments are those of the provider block by name; the name of one in a nested block is block.argument. Only the map endpoints is not
// among them.
var arguments = map[string]argument{
	"region": {
		variables: []string{"HW_REGION_NAME", "OS_REGION_NAME"}, format: regionFormat, atPlan: regionFormat,
		description: "Region that data sources read from unless they name their own, for example `cn-north-4`.",
	},
	"access_key": {
		variables: []string{"HW_ACCESS_KEY", "OS_ACCESS_KEY"}, format: secretFormat, secret: true,
		description: "Access key, permanent or temporary; needs `secret_key`. **Six requests with a wrong secret key lock it for five minutes. " +
			"Six aliases of the provider do so, and a script that retries**: each alias and each run is a process of its own, and tries a wrong " +
			"key for itself. Requests are signed with SDK-HMAC-SHA256.",
	},
	"secret_key": {
		variables: []string{"HW_SECRET_KEY", "OS_SECRET_KEY"}, format: secretFormat, secret: true,
		description: "Secret key that belongs to `access_key`.",
	},
	"security_token": {
		variables: []string{"HW_SECURITY_TOKEN"}, format: secretFormat, secret: true,
		description: "Security token that belongs to a temporary `access_key`. It is taken from the same place as the key pair: the one " +
			"in the environment is not used with keys from the provider block.",
	},
	"token": {
		variables: []string{"HW_AUTH_TOKEN", "OS_AUTH_TOKEN"}, format: secretFormat, secret: true,
		description: "Pre-issued IAM token. It is not renewed. It is sent as `X-Auth-Token` as it is, and wins over a key pair of the same " +
			"place.",
	},
	"user_name": {
		variables: []string{"HW_USER_NAME", "OS_USERNAME"}, format: nameFormat,
		description: "Name of an IAM user, for authentication with `password`; needs `domain_name` or `domain_id`.",
	},
	"user_id": {
		variables: []string{"HW_USER_ID", "OS_USER_ID"}, format: headerFormat,
		description: "Id of an IAM user, in place of `user_name`. " + onePlace,
	},
	"password": {
		variables: []string{"HW_USER_PASSWORD", "OS_PASSWORD"}, format: passwordFormat, secret: true,
		description: "Password of the IAM user. Its token is renewed before it expires.",
	},
	"domain_name": {
		variables: []string{"HW_DOMAIN_NAME", "OS_DOMAIN_NAME", "OS_USER_DOMAIN_NAME", "OS_PROJECT_DOMAIN_NAME"}, format: nameFormat,
		description: "Name of the account that the user belongs to, in place of `domain_id`. " + onePlace,
	},
	"domain_id": {
		variables: []string{"HW_DOMAIN_ID", "OS_DOMAIN_ID", "OS_USER_DOMAIN_ID", "OS_PROJECT_DOMAIN_ID"}, format: idFormat, atPlan: idFormat,
		description: "Id of the account; sent to COC as `X-Domain-Id` when there is no project id.",
	},
	"shared_config_file": {
		variables: []string{"HW_SHARED_CONFIG_FILE"},
		description: "Configuration file of KooCLI (the command `hcloud`) to take a profile from. It is read only if this argument or " +
			"`profile` is set. With `profile` alone it is `~/.hcloud/config.json`. It must not be encrypted.",
	},
	"profile": {
		variables: []string{"HW_PROFILE"},
		description: "Profile of KooCLI. Default, if `shared_config_file` is set: the current profile of that file. It supplies keys (mode " +
			"`AKSK` or `SSO`) or the agency of the server (mode `ecsAgency`), and also region, project id and domain id. What the " +
			"provider block sets takes precedence over the profile; so does the environment, if the profile is named there.",
	},
	"project_id": {
		variables: []string{"HW_PROJECT_ID", "OS_PROJECT_ID", "OS_TENANT_ID"}, format: idFormat, atPlan: idFormat,
		description: "Id of the project in `region`. It does not apply to a read from another region. Without it, the " +
			"project is looked up by name before the first read that needs it. COC never does.",
	},
	"project_name": {
		variables: []string{"HW_PROJECT_NAME", "OS_PROJECT_NAME", "OS_TENANT_NAME"}, format: headerFormat, atPlan: headerFormat,
		description: "Name of the project in `region`, for the look-up of its id. Default: the name of the region. " + onePlace,
	},
	"auth_url": {
		variables: []string{"HW_AUTH_URL", "OS_AUTH_URL"}, format: endpointFormat,
		description: "Address of IAM, with or without `/v3`; wins over `endpoints.iam`, which wins over the environment. Default: " +
			"`https://iam.{region}.{cloud}/v3`.",
	},
	"cloud": {
		variables: []string{"HW_CLOUD"}, format: domainFormat, atPlan: domainFormat,
		description: "Domain of the service hosts. Default: `myhuaweicloud.com`; for regions that begin with `eu-west-1`, " +
			"`myhuaweicloud.eu`. In any other domain the host of COC is `coc.{cloud}` in every region.",
	},
	"language": {
		atPlan: oneOf("en-us", "zh-cn"),
		description: "Language of COC's messages, `en-us` or `zh-cn`. Default: `en-us`. Sent as `X-Language`; it changes no field that a " +
			"verdict depends on.",
	},
	"max_retries": {
		variables: []string{"HW_MAX_RETRIES"}, format: retriesFormat, kind: types.NumberType, bounds: []validator.Number{atLeast(0)},
		description: "How many times a request is retried after throttling, a fault of the service or a lost connection; 0 turns off " +
			"retries. Default: `5`.",
	},
	"insecure": {
		variables: []string{"HW_INSECURE", "OS_INSECURE"}, format: booleanFormat, kind: types.BoolType,
		description: "**With `true`, anyone on the network path can read and forge answers**: certificates are not checked. Default: `false`.",
	},
	"cacert_file": {
		variables:   []string{"OS_CACERT"},
		description: "Certificate authorities to trust in place of the system's: path of a PEM file, or PEM text.",
	},

	"assume_role.agency_name": agencyName,
	"assume_role.domain_id":   agencyDomainID,
	"assume_role.duration":    agencyDuration,
	"assume_role.domain_name": {
		variables: []string{"HW_ASSUME_ROLE_DOMAIN_NAME"}, format: nameFormat,
		description: "Name of the account that the agency belongs to, in place of `domain_id`; the agency is then assumed through IAM's " +
			"v3 API, with a `duration` up to 86400.",
	},

	"assume_role_with_oidc.agency_name": agencyName,
	"assume_role_with_oidc.domain_id":   agencyDomainID,
	"assume_role_with_oidc.duration":    agencyDuration,
	"assume_role_with_oidc.idp_id": {
		variables: []string{"HW_ASSUME_ROLE_IDP_ID"}, format: headerFormat,
		description: "Id of the identity provider in IAM.",
	},
	"assume_role_with_oidc.id_token": {
		variables: []string{"HW_ASSUME_ROLE_ID_TOKEN"}, format: secretFormat, secret: true,
		description: "Identity token of the job; either this or `id_token_file`.",
	},
	"assume_role_with_oidc.id_token_file": {
		variables:   []string{"HW_ASSUME_ROLE_ID_TOKEN_FILE"},
		description: "File with the identity token, which is read again at each renewal.",
	},
}

// Arguments of both assume_role and assume_role_with_oidc.
var (
	agencyName = argument{
		variables: []string{"HW_ASSUME_ROLE_AGENCY_NAME"}, format: headerFormat,
		description: "Name of the agency.",
	}

	agencyDomainID = argument{
		variables: []string{"HW_ASSUME_ROLE_DOMAIN_ID"}, format: idFormat, atPlan: idFormat,
		description: "Id of the account that the agency belongs to.",
	}

	agencyDuration = argument{
		variables: []string{"HW_ASSUME_ROLE_DURATION"}, format: headerFormat,
		kind: types.NumberType, bounds: []validator.Number{wholeNumber{shortestDuration, longestDuration}},
		description: "Lifetime of the temporary keys, in seconds from 900 to 43200. Default: `3600`. That is also the maximum if " +
			"STS issues them for other temporary keys: with `domain_id` on top of temporary keys, and with an identity token.",
	}
)

// splitName splits the name of an argument into that of its block, which is empty for the provider block, and that within the block.
func splitName(name string) (block, inner string) {
	block, inner, nested := strings.Cut(name, ".")
	if !nested {
		return "", name
	}
	return block, inner
}

// argumentAttributes returns the attributes of a nested block, or of the provider block if the name is empty.
func argumentAttributes(block string) map[string]schema.Attribute {
	attributes := map[string]schema.Attribute{}
	for name, a := range arguments {
		if outer, inner := splitName(name); outer == block {
			attributes[inner] = a.attribute()
		}
	}
	return attributes
}

func (a argument) attribute() schema.Attribute {
	description := a.description
	switch len(a.variables) {
	case 0:
	case 1:
		description += " Environment: `" + a.variables[0] + "`."
	default:
		description += " Environment, first hit wins: `" + strings.Join(a.variables, "`, `") + "`."
	}
	switch a.kind {
	case types.NumberType:
		return schema.NumberAttribute{Optional: true, Validators: a.bounds, MarkdownDescription: description}
	case types.BoolType:
		return schema.BoolAttribute{Optional: true, MarkdownDescription: description}
	}
	attribute := schema.StringAttribute{Optional: true, Sensitive: a.secret, MarkdownDescription: description}
	if a.atPlan != nil {
		attribute.Validators = []validator.String{a.atPlan}
	}
	return attribute
}

// blockValue returns an argument of the provider block as a string.
func blockValue(block map[string]attr.Value, argument string) types.String {
	outer, inner := splitName(argument)
	value := block[cmp.Or(outer, inner)]
	if nested, ok := value.(types.Object); ok && !nested.IsUnknown() {
		value = nested.Attributes()[inner]
	}
	switch {
	case !isSet(value):
		return types.StringNull()
	case value.IsUnknown():
		return types.StringUnknown()
	}
	switch value := value.(type) {
	case types.String:
		return value
	case types.Number:
		return types.StringValue(value.ValueBigFloat().Text('g', 20))
	default:
		return types.StringValue(value.String())
	}
}

// isSet reports whether a value is configured. It may be unknown.
func isSet(value attr.Value) bool { return value != nil && !value.IsNull() }
