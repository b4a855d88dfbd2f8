package provider

import (
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/hwgate/terraform-provider-hwgate/internal/client"
)

// variables are the environment variables that an argument of the provider block falls back to, in order.
var variables = map[string][]string{
	"region":         {"HW_REGION_NAME", "OS_REGION_NAME"},
	"access_key":     {"HW_ACCESS_KEY", "OS_ACCESS_KEY"},
	"secret_key":     {"HW_SECRET_KEY", "OS_SECRET_KEY"},
	"security_token": {"HW_SECURITY_TOKEN"},
	"token":          {"HW_AUTH_TOKEN", "OS_AUTH_TOKEN"},
	"user_name":      {"HW_USER_NAME", "OS_USERNAME"},
	"user_id":        {"HW_USER_ID", "OS_USER_ID"},
	"password":       {"HW_USER_PASSWORD", "OS_PASSWORD"},
	"domain_name":    {"HW_DOMAIN_NAME", "OS_DOMAIN_NAME", "OS_USER_DOMAIN_NAME", "OS_PROJECT_DOMAIN_NAME"},
	"domain_id":      {"HW_DOMAIN_ID", "OS_DOMAIN_ID", "OS_USER_DOMAIN_ID", "OS_PROJECT_DOMAIN_ID"},
	"project_id":     {"HW_PROJECT_ID", "OS_PROJECT_ID", "OS_TENANT_ID"},
	"project_name":   {"HW_PROJECT_NAME", "OS_PROJECT_NAME", "OS_TENANT_NAME"},
	"auth_url":       {"HW_AUTH_URL", "OS_AUTH_URL"},
	"cloud":          {"HW_CLOUD"},
	"max_retries":    {"HW_MAX_RETRIES"},
	"insecure":       {"HW_INSECURE", "OS_INSECURE"},
	"cacert_file":    {"OS_CACERT"},

	"shared_config_file": {"HW_SHARED_CONFIG_FILE"},
	"profile":            {"HW_PROFILE"},

	"assume_role.agency_name": {"HW_ASSUME_ROLE_AGENCY_NAME"},
	"assume_role.domain_name": {"HW_ASSUME_ROLE_DOMAIN_NAME"},
	"assume_role.domain_id":   {"HW_ASSUME_ROLE_DOMAIN_ID"},
	"assume_role.duration":    {"HW_ASSUME_ROLE_DURATION"},

	"assume_role_with_oidc.agency_name":   {"HW_ASSUME_ROLE_AGENCY_NAME"},
	"assume_role_with_oidc.domain_id":     {"HW_ASSUME_ROLE_DOMAIN_ID"},
	"assume_role_with_oidc.duration":      {"HW_ASSUME_ROLE_DURATION"},
	"assume_role_with_oidc.idp_id":        {"HW_ASSUME_ROLE_IDP_ID"},
	"assume_role_with_oidc.id_token":      {"HW_ASSUME_ROLE_ID_TOKEN"},
	"assume_role_with_oidc.id_token_file": {"HW_ASSUME_ROLE_ID_TOKEN_FILE"},
}

// environment words the fallback for a description.
func environment(argument string) string {
	names := variables[argument]
	if len(names) == 1 {
		return "Environment: `" + names[0] + "`."
	}
	return "Environment, first hit wins: `" + strings.Join(names, "`, `") + "`."
}

const defaultMaxRetries = 5

// settings is the merging of the provider block with the environment.
type settings struct {
	getenv func(string) string
	diags  *diag.Diagnostics
	// blocked are arguments that every read needs and that cannot be had.
	blocked []error

	// block is where credentials may be written in the provider block; hasRole and hasOIDC tell which of its blocks are there.
	block            written
	hasRole, hasOIDC bool
	// withOIDC is set when an identity token was chosen, of the provider block or of the environment.
	withOIDC bool
	// profile is the one of KooCLI's file, nil when none is asked for; profileFault says why it cannot be had. In the order of
	// precedence it stands behind the provider block if that asked for it, else behind the environment.
	profile        *profile
	profileFault   error
	profileInBlock bool
}

// settle makes the client's configuration of the provider block and the environment. Values that can never be right become
// diagnostics; what is missing or not known yet becomes the error of a read.
func settle(model providerModel, getenv func(string) string, diags *diag.Diagnostics) client.Config {
	s := settings{getenv: getenv, diags: diags}
	s.block, s.hasRole, s.hasOIDC = model.written()
	s.readProfile()
	cfg := client.Config{
		Region:      s.text("region", model.Region, isRegion),
		Cloud:       s.text("cloud", model.Cloud, isDomain),
		AuthURL:     s.text("auth_url", model.AuthURL, isEndpoint),
		ProjectID:   s.text("project_id", model.ProjectID, isID),
		ProjectName: s.text("project_name", model.ProjectName, isHeaderText),
		DomainID:    s.text("domain_id", model.DomainID, isID),
		Endpoints:   s.endpoints(model.Endpoints),
		Credentials: s.credentials(s.block),
		MaxRetries:  s.maxRetries(model.MaxRetries),
		Insecure:    s.insecure(model.Insecure),
		RootCAs:     s.authorities(model.CACertFile),
		Language:    s.language(model.Language),
	}
	if cfg.Region == (client.Setting{}) {
		cfg.Region.Err = s.noRegion()
	}
	s.projectOfProfile(&cfg, model)
	cfg.Blocked = errors.Join(s.blocked...)
	return cfg
}

// noRegion says why there is no region. A profile that cannot be had might have named one.
func (s *settings) noRegion() error {
	switch {
	case s.profileFault != nil:
		return s.profileFault
	case s.profile != nil:
		return missing("region", "no region is set, and the profile "+s.profile.shown()+" has none")
	default:
		return missing("region", "no region is set")
	}
}

// projectOfProfile takes the project of the profile where nothing of higher rank names one. It counts for the profile's own region.
func (s *settings) projectOfProfile(cfg *client.Config, model providerModel) {
	if s.profile == nil || s.profile.ProjectID == "" || cfg.Region.Value != s.profile.Region {
		return
	}
	inBlock := !model.ProjectID.IsNull() || !model.ProjectName.IsNull()
	if inBlock || (!s.profileInBlock && (cfg.ProjectID.Value != "" || cfg.ProjectName.Value != "")) {
		return
	}
	if why := isID.fault(s.profile.ProjectID); why != "" {
		s.blame("project_id", "the profile "+s.profile.shown(), why)
	}
	cfg.ProjectID = client.Setting{Value: s.profile.ProjectID}
}

// readProfile reads KooCLI's file, if the provider block or the environment asks for it.
func (s *settings) readProfile() {
	s.profileInBlock = !s.block["profile"].IsNull() || !s.block["shared_config_file"].IsNull()
	in := s.inEnvironment
	if s.profileInBlock {
		in = s.inBoth
	}
	file, _ := in("shared_config_file")
	name, _ := in("profile")
	for _, argument := range []string{"shared_config_file", "profile"} {
		if value := s.block[argument]; !value.IsNull() && !value.IsUnknown() && value.ValueString() == "" {
			s.blame(argument, "", "it is empty")
			s.profileFault = errors.New(argument + " is empty")
			return
		}
	}
	switch {
	case file.IsNull() && name.IsNull():
	case file.IsUnknown():
		s.profileFault = unknown("shared_config_file")
	case name.IsUnknown():
		s.profileFault = unknown("profile")
	default:
		found, err := readProfile(file.ValueString(), name.ValueString(), s.getenv)
		if s.profileFault = err; err == nil {
			s.profile = &found
		}
	}
}

// fallback gives what stands in for an argument that the provider block leaves out, and where it came from.
func (s *settings) fallback(argument string) (value, origin string) {
	value, origin = s.fromEnvironment(argument)
	if s.profile != nil && (origin == "" || s.profileInBlock) {
		if found := s.profile.value(argument); found != "" {
			return found, "the profile " + s.profile.shown()
		}
	}
	if origin != "" {
		origin = "the environment variable " + origin
	}
	return value, origin
}

// settingError is a setting of the provider that a read needs and that cannot be had.
type settingError struct{ argument, text string }

func (e *settingError) Error() string { return e.text }

func missing(argument, what string) error {
	return &settingError{argument, fmt.Sprintf("%s. Set %s in the provider block or the data source, or the environment variable %s",
		what, argument, strings.Join(variables[argument], " or "))}
}

func unknown(argument string) error {
	text := fmt.Sprintf("the provider argument %s is not known yet: it depends on something that this run has still to create. "+
		"Give it a value that is known at plan time", argument)
	if names := variables[argument]; len(names) > 0 {
		text += ", or leave it out and set the environment variable " + strings.Join(names, " or ")
	}
	return &settingError{argument, text}
}

// fromEnvironment gives the first variable that is set.
func (s *settings) fromEnvironment(argument string) (value, variable string) {
	for _, name := range variables[argument] {
		if value := s.getenv(name); value != "" {
			return value, name
		}
	}
	return "", ""
}

// invalid blames an argument, and the environment variable if the value came from there.
func (s *settings) invalid(argument, variable, why string) {
	origin := ""
	if variable != "" {
		origin = "the environment variable " + variable
	}
	s.blame(argument, origin, why)
}

func (s *settings) blame(argument, origin, why string) {
	where := "The provider argument " + argument
	if origin != "" {
		where += ", taken from " + origin + ","
	}
	block, inner, nested := strings.Cut(argument, ".")
	at := path.Root(block)
	if nested {
		at = at.AtName(inner)
	}
	s.diags.AddAttributeError(at, "Invalid provider setting "+argument, where+" cannot be used: "+why+". Correct or remove it.")
}

// text settles an argument that is a string of a certain form.
func (s *settings) text(argument string, value types.String, form textForm) client.Setting {
	if value.IsUnknown() {
		return client.Setting{Err: unknown(argument)}
	}
	text, origin := value.ValueString(), ""
	if value.IsNull() {
		if text, origin = s.fallback(argument); origin == "" {
			return client.Setting{}
		}
	}
	if why := form.fault(text); why != "" {
		s.blame(argument, origin, why)
	}
	return client.Setting{Value: text}
}

func (s *settings) endpoints(value types.Map) map[client.Service]client.Setting {
	endpoints := map[client.Service]client.Setting{}
	if value.IsUnknown() {
		for _, service := range client.Services() {
			endpoints[service] = client.Setting{Err: unknown("endpoints")}
		}
		return endpoints
	}
	elements := value.Elements()
	for _, key := range slices.Sorted(maps.Keys(elements)) {
		at := path.Root("endpoints").AtMapKey(key)
		if !slices.Contains(client.Services(), client.Service(key)) {
			s.diags.AddAttributeWarning(at, "Unknown endpoint "+strconv.Quote(client.PlainText(key, 64)),
				"No data source uses it. Known endpoints are "+knownEndpoints()+". Correct or remove the key.")
			continue
		}
		endpoints[client.Service(key)] = s.endpoint(at, key, elements[key])
	}
	return endpoints
}

func knownEndpoints() string {
	var names []string
	for _, service := range client.Services() {
		names = append(names, string(service))
	}
	return strings.Join(names, ", ")
}

func (s *settings) endpoint(at path.Path, key string, element attr.Value) client.Setting {
	if element.IsUnknown() {
		return client.Setting{Err: unknown("endpoints." + key)}
	}
	text := ""
	if value, ok := element.(types.String); ok {
		text = value.ValueString()
	}
	if why := isEndpoint.fault(text); why != "" {
		s.diags.AddAttributeError(at, "Invalid provider setting endpoints."+key,
			"The address of "+key+" cannot be used: "+why+". Correct or remove it.")
	}
	return client.Setting{Value: text}
}

func (s *settings) maxRetries(value types.Int64) int {
	const most = 1000
	if value.IsUnknown() {
		s.blocked = append(s.blocked, unknown("max_retries"))
		return 0
	}
	if !value.IsNull() {
		return int(min(value.ValueInt64(), most))
	}
	text, variable := s.fromEnvironment("max_retries")
	if variable == "" {
		return defaultMaxRetries
	}
	retries, err := strconv.Atoi(text)
	if err != nil || retries < 0 {
		s.invalid("max_retries", variable, "it is not a whole number from 0")
	}
	return min(retries, most)
}

func (s *settings) insecure(value types.Bool) bool {
	if value.IsUnknown() {
		s.blocked = append(s.blocked, unknown("insecure"))
		return false
	}
	insecure := value.ValueBool()
	if text, variable := s.fromEnvironment("insecure"); value.IsNull() && variable != "" {
		var err error
		if insecure, err = strconv.ParseBool(text); err != nil {
			s.invalid("insecure", variable, "it is neither true nor false")
		}
	}
	if insecure {
		s.diags.AddAttributeWarning(path.Root("insecure"), "Certificates are not checked",
			"With insecure anyone on the way can read the credentials' signatures and forge a green answer. "+
				"Trust the authority with cacert_file instead.")
	}
	return insecure
}

func (s *settings) language(value types.String) string {
	switch {
	case value.IsUnknown():
		s.blocked = append(s.blocked, unknown("language"))
		return ""
	case value.IsNull():
		return "en-us"
	default:
		return value.ValueString()
	}
}

// authorities reads the certificates to trust. PEM text that holds none is an error at once; a file may still come to be, so its
// faults are the reads'.
func (s *settings) authorities(value types.String) *x509.CertPool {
	if value.IsUnknown() {
		s.blocked = append(s.blocked, unknown("cacert_file"))
		return nil
	}
	text, variable := value.ValueString(), ""
	if value.IsNull() {
		if text, variable = s.fromEnvironment("cacert_file"); variable == "" {
			return nil
		}
	}
	if text == "" {
		s.invalid("cacert_file", variable, "it is empty")
		return nil
	}
	pool := x509.NewCertPool()
	if strings.Contains(text, "-----BEGIN") {
		if !pool.AppendCertsFromPEM([]byte(text)) {
			s.invalid("cacert_file", variable, "the PEM text holds no certificate")
		}
		return pool
	}
	pem, err := os.ReadFile(expandHome(text, s.getenv))
	if err == nil && !pool.AppendCertsFromPEM(pem) {
		err = errors.New("it holds no certificate in PEM form")
	}
	if err != nil {
		s.blocked = append(s.blocked, &settingError{"cacert_file", fmt.Sprintf(
			"the file of cacert_file cannot be used: %s. Correct cacert_file, or the environment variable OS_CACERT", err)})
	}
	return pool
}

// expandHome puts the home directory in place of a leading ~.
func expandHome(name string, getenv func(string) string) string {
	if name != "~" && !strings.HasPrefix(name, "~/") && !strings.HasPrefix(name, `~\`) {
		return name
	}
	home := getenv("HOME")
	if home == "" {
		home = getenv("USERPROFILE")
	}
	return filepath.Join(home, name[1:])
}
