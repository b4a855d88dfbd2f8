package provider

import (
	"maps"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/hwgate/terraform-provider-hwgate/internal/client"
)

// given is what stands in the provider block.
type given map[string]attr.Value

func configOf(t *testing.T, block given, environment map[string]string) (client.Config, diag.Diagnostics) {
	t.Helper()
	var diags diag.Diagnostics
	cfg := clientConfig(block, func(name string) string { return environment[name] }, &diags)
	return cfg, diags
}

// TestEnvironment gives every variable of every argument, the first one empty, and expects the value of the block to win.
func TestEnvironment(t *testing.T) {
	t.Parallel()
	read := map[string]func(client.Config) string{
		"region":       func(c client.Config) string { return c.Region.Value },
		"project_id":   func(c client.Config) string { return c.ProjectID.Value },
		"project_name": func(c client.Config) string { return c.ProjectName.Value },
		"auth_url":     func(c client.Config) string { return c.AuthURL.Value },
		"cloud":        func(c client.Config) string { return c.Cloud.Value },
		"token":        func(c client.Config) string { return credential(t, c).Token },
		"access_key":   func(c client.Config) string { return credential(t, c).AccessKey },
		"secret_key":   func(c client.Config) string { return credential(t, c).SecretKey },
		"security_token": func(c client.Config) string {
			return credential(t, c).SecurityToken
		},
	}
	pair := map[string]string{"HW_ACCESS_KEY": "AK", "HW_SECRET_KEY": "SK"}
	for argument, get := range read {
		for i, variable := range arguments[argument].variables {
			t.Run(variable, func(t *testing.T) {
				t.Parallel()
				environment := map[string]string{}
				if strings.Contains(argument, "key") || argument == "security_token" {
					maps.Copy(environment, pair)
				}
				for _, earlier := range arguments[argument].variables[:i] {
					environment[earlier] = ""
				}
				for _, later := range arguments[argument].variables[i+1:] {
					environment[later] = "later"
				}
				environment[variable] = "from-environment"
				cfg, diags := configOf(t, given{}, environment)
				if diags.HasError() {
					t.Fatal(diags)
				}
				if got := get(cfg); got != "from-environment" {
					t.Errorf("%s is %q, want the value of %s", argument, got, variable)
				}
			})
		}
	}
}

func credential(t *testing.T, cfg client.Config) client.Credential {
	t.Helper()
	credential, err := cfg.Credentials.Credential(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return credential
}

func TestBlockWinsOverEnvironment(t *testing.T) {
	t.Parallel()
	environment := map[string]string{
		"HW_REGION_NAME": "cn-east-3", "HW_ACCESS_KEY": "EA", "HW_SECRET_KEY": "ES", "HW_SECURITY_TOKEN": "stale",
		"HW_AUTH_TOKEN": "ET", "HW_MAX_RETRIES": "9", "HW_INSECURE": "true",
	}
	cfg, diags := configOf(t, given{
		"region": types.StringValue("cn-north-4"), "access_key": types.StringValue("BA"), "secret_key": types.StringValue("BS"),
		"max_retries": types.NumberValue(big.NewFloat(0)), "insecure": types.BoolValue(false),
	}, environment)
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	if got := credential(t, cfg); got != (client.Credential{AccessKey: "BA", SecretKey: "BS"}) {
		t.Errorf("the credential is %v, want the block's keys without the environment's security token", got)
	}
	if cfg.Region.Value != "cn-north-4" || cfg.MaxRetries != 0 || cfg.Insecure {
		t.Errorf("region %s, retries %d, insecure %t: want the block's", cfg.Region.Value, cfg.MaxRetries, cfg.Insecure)
	}
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	cfg, diags := configOf(t, given{}, nil)
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	if cfg.MaxRetries != 5 || cfg.Language != "en-us" || cfg.Insecure || cfg.RootCAs != nil || cfg.Blocked != nil {
		t.Errorf("defaults are %d retries, language %s, insecure %t", cfg.MaxRetries, cfg.Language, cfg.Insecure)
	}
	if cfg.Region.Err == nil {
		t.Error("a missing region has no error to give")
	}
}

// TestUnknownSettings keeps Configure silent about values that are not known yet: they are the error of the read that needs them.
func TestUnknownSettings(t *testing.T) {
	t.Parallel()
	unknown := types.StringUnknown()
	cfg, diags := configOf(t, given{
		"region": unknown, "access_key": unknown, "secret_key": unknown, "security_token": unknown, "token": unknown, "project_id": unknown,
		"project_name": unknown, "auth_url": unknown, "cloud": unknown, "language": unknown, "cacert_file": unknown,
		"endpoints": types.MapUnknown(types.StringType), "max_retries": types.NumberUnknown(), "insecure": types.BoolUnknown(),
	}, map[string]string{"HW_REGION_NAME": "cn-east-3", "HW_ACCESS_KEY": "EA", "HW_SECRET_KEY": "ES"})
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	_, err := cfg.Credentials.Credential(t.Context())
	for argument, got := range map[string]error{
		"region": cfg.Region.Err, "project_id": cfg.ProjectID.Err, "project_name": cfg.ProjectName.Err, "auth_url": cfg.AuthURL.Err,
		"cloud": cfg.Cloud.Err, "endpoints": cfg.Endpoints[client.COC].Err, "token": err, "max_retries": cfg.Blocked,
		"insecure": cfg.Blocked, "language": cfg.Blocked, "cacert_file": cfg.Blocked,
	} {
		if got == nil || !strings.Contains(got.Error(), "the provider argument "+argument+" is not known yet") {
			t.Errorf("%s: the error is %v", argument, got)
		}
	}
}

func TestWarnings(t *testing.T) {
	t.Parallel()
	endpoints := types.MapValueMust(types.StringType, map[string]attr.Value{
		"coc": types.StringValue("coc.example.com"), "ims": types.StringValue("ims.example.com"),
		"iam": types.StringUnknown(),
	})
	cfg, diags := configOf(t, given{"endpoints": endpoints, "insecure": types.BoolValue(true)}, nil)
	var got []string
	for _, warning := range diags.Warnings() {
		got = append(got, warning.Summary())
	}
	if want := []string{`Unknown endpoint "ims"`, "Certificates are not checked"}; !slices.Equal(got, want) || diags.HasError() {
		t.Errorf("warnings are %q, want %q", got, want)
	}
	if detail := diags.Warnings()[0].Detail(); !strings.Contains(detail, "coc, dataarts, roma, iam, sts") {
		t.Errorf("the warning does not name the known endpoints: %s", detail)
	}
	if _, ok := cfg.Endpoints["ims"]; ok || cfg.Endpoints[client.IAM].Err == nil {
		t.Errorf("endpoints are %v", cfg.Endpoints)
	}
}

func TestCertificateAuthorities(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	// A certificate of a test authority; its key was thrown away.
	pem, err := os.ReadFile(filepath.Join("testdata", "authority.pem"))
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"good.pem": pem, "bad.pem": []byte("no certificate")} {
		if err := os.WriteFile(filepath.Join(home, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	tests := map[string]struct{ value, blocked string }{
		"text":      {string(pem), ""},
		"path":      {filepath.Join(home, "good.pem"), ""},
		"home":      {"~/good.pem", ""},
		"no PEM":    {"~/bad.pem", "it holds no certificate in PEM form"},
		"no file":   {"~/none.pem", "no such file"},
		"JSON":      {`{"pem":"x"}`, "cannot be used: (not shown: the content of a file, it seems, not its path): no such file"},
		"from home": {"~", "is a directory"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg, diags := configOf(t, given{}, map[string]string{"OS_CACERT": test.value, "HOME": home})
			if len(diags) > 0 {
				t.Fatal(diags)
			}
			switch {
			case test.blocked == "" && (cfg.Blocked != nil || cfg.RootCAs == nil || len(cfg.RootCAs.Subjects()) != 1): //nolint:staticcheck // counts what this pool holds
				t.Errorf("the authority was not read: %v", cfg.Blocked)
			case test.blocked != "" && (cfg.Blocked == nil || !strings.Contains(cfg.Blocked.Error(), test.blocked)):
				t.Errorf("reads are blocked by %v, want %q", cfg.Blocked, test.blocked)
			}
		})
	}
}

func TestUserAgent(t *testing.T) {
	t.Parallel()
	environment := map[string]string{"HW_TF_CUSTOM_UA": "team/1", "TF_APPEND_USER_AGENT": "ci\n/2"}
	got := userAgent("1.11.4", Options{
		Version: "0.1.0", Commit: "abc", Getenv: func(name string) string { return environment[name] },
	})
	want := "Terraform/1.11.4 (+https://www.terraform.io) terraform-provider-hwgate/0.1.0 (abc) team/1 ci /2"
	if got != want {
		t.Errorf("the user agent is %q, want %q", got, want)
	}
}

// TestIdAndNameAreOneSetting gives an id in one place and a name in another: the first place that has either wins, so that an id of the
// environment does not replace a name of the provider block.
func TestIdAndNameAreOneSetting(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	file := filepath.Join(home, "config.json")
	profile := `{"current":"p","profiles":[{"name":"p","accessKeyId":"A","secretAccessKey":"S","region":"cn-north-4","projectId":"profile-id",` +
		`"domainId":"profile-domain"}]}`
	if err := os.WriteFile(file, []byte(profile), 0o600); err != nil {
		t.Fatal(err)
	}
	name, inFile := types.StringValue("block-name"), types.StringValue(file)
	tests := map[string]struct {
		block       given
		environment map[string]string
		// Project id and name, then the id of the domain.
		want [3]string
	}{
		"a project's name in the block, its id in the environment": {
			given{"project_name": name}, map[string]string{"HW_PROJECT_ID": "env-id"}, [3]string{"", "block-name"},
		},
		"both in the block":       {given{"project_name": name, "project_id": types.StringValue("block-id")}, nil, [3]string{"block-id"}},
		"both in the environment": {given{}, map[string]string{"OS_TENANT_ID": "env-id", "HW_PROJECT_NAME": "env-name"}, [3]string{"env-id"}},
		"the id known, the name not yet": {
			given{"project_name": types.StringUnknown(), "project_id": types.StringValue("block-id")}, nil, [3]string{"block-id"},
		},
		"an empty variable": {given{}, map[string]string{"HW_PROJECT_ID": "", "HW_PROJECT_NAME": "env-name"}, [3]string{"", "env-name"}},
		"a name in the block, an id in the block's profile": {
			given{"project_name": name, "shared_config_file": inFile}, nil, [3]string{"", "block-name", "profile-domain"},
		},
		"a name in the environment, an id in the block's profile": {
			given{"shared_config_file": inFile}, map[string]string{"HW_PROJECT_NAME": "env-name"}, [3]string{"profile-id", "", "profile-domain"},
		},
		"a name in the environment, an id in its profile": {
			given{}, map[string]string{"HW_PROJECT_NAME": "env-name", "HW_SHARED_CONFIG_FILE": file}, [3]string{"", "env-name", "profile-domain"},
		},
		"a domain's name in the block, its id in the environment": {
			given{"domain_name": name}, map[string]string{"HW_DOMAIN_ID": "env-id"}, [3]string{},
		},
		"a domain's name in the environment, its id in the block's profile": {
			given{"shared_config_file": inFile}, map[string]string{"OS_DOMAIN_NAME": "env-name"}, [3]string{"profile-id", "", "profile-domain"},
		},
		"a domain's name in the environment, its id in its profile": {
			given{}, map[string]string{"OS_DOMAIN_NAME": "env-name", "HW_SHARED_CONFIG_FILE": file}, [3]string{"profile-id"},
		},
		"a domain's name in the block, its id in the block's profile": {
			given{"shared_config_file": inFile, "domain_name": name}, nil, [3]string{"profile-id"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg, diags := configOf(t, test.block, test.environment)
			if len(diags) > 0 {
				t.Fatal(diags)
			}
			if got := [3]string{cfg.ProjectID.Value, cfg.ProjectName.Value, cfg.DomainID.Value}; got != test.want || cfg.ProjectName.Err != nil {
				t.Errorf("project id, project name and domain id are %q (%v), want %q", got, cfg.ProjectName.Err, test.want)
			}
		})
	}
}

// TestAddressOfIAM gives it as auth_url and as endpoints.iam: what stands in the provider block wins, so that no password goes to the
// environment's host.
func TestAddressOfIAM(t *testing.T) {
	t.Parallel()
	const inBlock, inEndpoints, inEnvironment = "https://block.test", "https://endpoints.test", "https://environment.test"
	environment := map[string]string{"OS_AUTH_URL": inEnvironment}
	endpoints := func(address types.String) types.Map {
		return types.MapValueMust(types.StringType, map[string]attr.Value{"iam": address, "coc": types.StringValue("https://coc.test")})
	}
	tests := map[string]struct {
		block             given
		authURL, endpoint string
		unknown           bool
	}{
		"auth_url":          {block: given{"auth_url": types.StringValue(inBlock)}, authURL: inBlock},
		"endpoints.iam":     {block: given{"endpoints": endpoints(types.StringValue(inEndpoints))}, endpoint: inEndpoints},
		"both in the block": {block: given{"auth_url": types.StringValue(inBlock), "endpoints": endpoints(types.StringValue(inEndpoints))}, authURL: inBlock, endpoint: inEndpoints},
		"another endpoint":  {block: given{"endpoints": endpoints(types.StringNull())}, authURL: inEnvironment},
		"neither":           {authURL: inEnvironment},
		"endpoints.iam not known yet": {
			block: given{"endpoints": endpoints(types.StringUnknown())}, unknown: true,
		},
		"endpoints not known yet": {block: given{"endpoints": types.MapUnknown(types.StringType)}, unknown: true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg, diags := configOf(t, test.block, environment)
			if len(diags) > 0 {
				t.Fatal(diags)
			}
			endpoint := cfg.Endpoints[client.IAM]
			if cfg.AuthURL.Value != test.authURL || endpoint.Value != test.endpoint || (endpoint.Err != nil) != test.unknown {
				t.Errorf("auth_url is %q and endpoints.iam %v, want %q and %q", cfg.AuthURL.Value, endpoint, test.authURL, test.endpoint)
			}
		})
	}
}

// TestEndpointLeftOut takes a null of the map endpoints for a setting that is omitted, as all other nulls are.
func TestEndpointLeftOut(t *testing.T) {
	t.Parallel()
	cfg, diags := configOf(t, given{"endpoints": types.MapValueMust(types.StringType, map[string]attr.Value{
		"coc": types.StringNull(), "ims": types.StringNull(),
	})}, nil)
	if len(diags) > 0 || len(cfg.Endpoints) > 0 {
		t.Errorf("endpoints are %v, diagnostics %v, want none", cfg.Endpoints, diags)
	}
}

// TestMaxRetries takes the number of retries from the block, then from the environment, and bounds it.
func TestMaxRetries(t *testing.T) {
	t.Parallel()
	whole := func(number float64) types.Number { return types.NumberValue(big.NewFloat(number)) }
	tests := map[string]struct {
		block    types.Number
		variable string
		want     int
		fault    string
	}{
		"neither":               {want: 5},
		"block":                 {block: whole(0), variable: "7"},
		"environment":           {variable: "7", want: 7},
		"too many":              {block: whole(1 << 40), want: 1000},
		"too many, environment": {variable: "1001", want: 1000},
		"negative":              {variable: "-1", fault: `taken from the environment variable HW_MAX_RETRIES, cannot be used: "-1" given, wanted a whole number from 0.`},
		"a fraction":            {variable: "1.5", fault: `"1.5" given, wanted a whole number from 0.`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg, diags := configOf(t, given{"max_retries": test.block}, map[string]string{"HW_MAX_RETRIES": test.variable})
			switch {
			case test.fault == "" && (cfg.MaxRetries != test.want || len(diags) > 0):
				t.Errorf("%d retries, diagnostics %v, want %d", cfg.MaxRetries, diags, test.want)
			case test.fault != "" && (len(diags) != 1 || !strings.Contains(diags[0].Detail(), test.fault)):
				t.Errorf("diagnostics %v, want %q", diags, test.fault)
			}
		})
	}
}

// TestUnknownEndpoints names no variable for what no variable can give.
func TestUnknownEndpoints(t *testing.T) {
	t.Parallel()
	for _, argument := range []string{"endpoints", "endpoints.coc", "language"} {
		if got := unknownError(argument).Error(); !strings.HasSuffix(got, "Give it a value that is known at plan time") {
			t.Errorf("%s: %s", argument, got)
		}
	}
	if got := unknownError("region").Error(); !strings.HasSuffix(got, "or leave it out and set the environment variable HW_REGION_NAME or OS_REGION_NAME") {
		t.Error(got)
	}
}

// TestSecretArguments compares the arguments that no error may point at, or repeat, with those that the schema calls sensitive.
func TestSecretArguments(t *testing.T) {
	t.Parallel()
	var resp provider.SchemaResponse
	New(Options{})().Schema(t.Context(), provider.SchemaRequest{}, &resp)
	count := 0
	check := func(argument string, attribute schema.Attribute) {
		if attribute.IsSensitive() != arguments[argument].secret {
			t.Errorf("%s is sensitive: %t, and a secret to errors: %t", argument, attribute.IsSensitive(), arguments[argument].secret)
		}
		count++
	}
	for name, attribute := range resp.Schema.Attributes {
		check(name, attribute)
	}
	for block, nested := range resp.Schema.Blocks {
		single, ok := nested.(schema.SingleNestedBlock)
		if !ok {
			t.Fatalf("the block %s is a %T", block, nested)
		}
		for name, attribute := range single.Attributes {
			check(block+"."+name, attribute)
		}
	}
	if count < len(arguments) {
		t.Errorf("%d arguments were compared, fewer than have variables", count)
	}
}

// TestAddressWithPassword refuses an address that holds a password, without repeating it or having Terraform do so.
func TestAddressWithPassword(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"https://me:planted@iam.test", "https://iam.test/?password=planted", "https://iam.test/#planted"} {
		block := given{"auth_url": types.StringValue(address), "endpoints": types.MapValueMust(types.StringType, map[string]attr.Value{
			"coc": types.StringValue(address), "cco": types.StringValue(address),
		})}
		_, diags := configOf(t, block, nil)
		if len(diags.Errors()) != 2 || len(diags.Warnings()) != 1 {
			t.Errorf("%s: diagnostics are %v, want two errors and a warning", address, diags)
		}
		for _, diagnostic := range diags {
			isError := diagnostic.Severity() == diag.SeverityError
			if strings.Contains(diagnostic.Detail(), "planted") || isError != strings.Contains(diagnostic.Detail(), "must not h") {
				t.Errorf("told: %s", diagnostic.Detail())
			}
			if at, ok := diagnostic.(diag.DiagnosticWithPath); ok {
				t.Errorf("the diagnostic points at %s, and Terraform prints that line", at.Path())
			}
		}
	}
}

// TestFirstFaultOfACredential reports only the first fault of a credential.
func TestFirstFaultOfACredential(t *testing.T) {
	t.Parallel()
	unknown, text := types.StringUnknown(), types.StringValue
	role := func(values map[string]attr.Value) types.Object {
		kinds := map[string]attr.Type{}
		for name := range values {
			kinds[name] = types.StringType
		}
		return types.ObjectValueMust(kinds, values)
	}
	keys := given{"access_key": text("A"), "secret_key": text("S")}
	for name, test := range map[string]struct {
		block given
		want  string
	}{
		"unknown, then malformed":   {given{"access_key": unknown, "secret_key": text("a\nb")}, "access_key is not known yet"},
		"half a key over a profile": {given{"access_key": text("A"), "profile": text("p")}, "secret_key is not"},
		"a role's account unknown, then a duration": {
			given{"access_key": keys["access_key"], "secret_key": keys["secret_key"], "assume_role": role(map[string]attr.Value{
				"agency_name": text("a"), "domain_id": unknown, "duration": text("1"),
			})}, "domain_id is not known yet",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg, diags := configOf(t, test.block, nil)
			if _, err := cfg.Credentials.Credential(t.Context()); err == nil || !strings.Contains(err.Error(), test.want) || len(diags) > 0 {
				t.Errorf("error %v and diagnostics %v, want %q alone", err, diags, test.want)
			}
		})
	}
}

// TestNameAndID takes a name and an id for one thing: what stands in a later place does not join what an earlier one has.
func TestNameAndID(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ block, environment, first, second string }{
		"name, then id": {"user_name", "HW_USER_ID", "block", ""},
		"id, then name": {"user_id", "HW_USER_NAME", "", "block"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var diags diag.Diagnostics
			s := settings{
				diags: &diags, block: given{test.block: types.StringValue("block")},
				getenv: func(name string) string { return map[string]string{test.environment: "environment"}[name] },
			}
			if first, second := s.nameAndID(s.blockAndEnvironment(), "user_name", "user_id"); first != test.first || second != test.second {
				t.Errorf("got %q and %q", first, second)
			}
		})
	}
}
