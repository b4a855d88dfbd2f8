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
	"project_id":     {"HW_PROJECT_ID", "OS_PROJECT_ID", "OS_TENANT_ID"},
	"project_name":   {"HW_PROJECT_NAME", "OS_PROJECT_NAME", "OS_TENANT_NAME"},
	"auth_url":       {"HW_AUTH_URL", "OS_AUTH_URL"},
	"cloud":          {"HW_CLOUD"},
	"max_retries":    {"HW_MAX_RETRIES"},
	"insecure":       {"HW_INSECURE", "OS_INSECURE"},
	"cacert_file":    {"OS_CACERT"},
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
}

// settle makes the client's configuration of the provider block and the environment. Values that can never be right become
// diagnostics; what is missing or not known yet becomes the error of a read.
func settle(model providerModel, getenv func(string) string, diags *diag.Diagnostics) client.Config {
	s := settings{getenv: getenv, diags: diags}
	cfg := client.Config{
		Region:      s.text("region", model.Region, isRegion),
		Cloud:       s.text("cloud", model.Cloud, isDomain),
		AuthURL:     s.text("auth_url", model.AuthURL, isEndpoint),
		ProjectID:   s.text("project_id", model.ProjectID, isID),
		ProjectName: s.text("project_name", model.ProjectName, isHeaderText),
		Endpoints:   s.endpoints(model.Endpoints),
		Credentials: s.credentials(model),
		MaxRetries:  s.maxRetries(model.MaxRetries),
		Insecure:    s.insecure(model.Insecure),
		RootCAs:     s.authorities(model.CACertFile),
		Language:    s.language(model.Language),
	}
	if cfg.Region == (client.Setting{}) {
		cfg.Region.Err = missing("region", "no region is set")
	}
	cfg.Blocked = errors.Join(s.blocked...)
	return cfg
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
	where := "The provider argument " + argument
	if variable != "" {
		where += ", taken from the environment variable " + variable + ","
	}
	s.diags.AddAttributeError(path.Root(argument), "Invalid provider setting "+argument,
		where+" cannot be used: "+why+". Correct or remove it.")
}

// text settles an argument that is a string of a certain form.
func (s *settings) text(argument string, value types.String, form textForm) client.Setting {
	if value.IsUnknown() {
		return client.Setting{Err: unknown(argument)}
	}
	text, variable := value.ValueString(), ""
	if value.IsNull() {
		if text, variable = s.fromEnvironment(argument); variable == "" {
			return client.Setting{}
		}
	}
	if why := form.fault(text); why != "" {
		s.invalid(argument, variable, why)
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
