package provider

import (
	"cmp"
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/hwgate/terraform-provider-hwgate/internal/client"
	"github.com/hwgate/terraform-provider-hwgate/internal/text"
)

// settings merges the provider block, the environment and a profile of KooCLI.
type settings struct {
	block  map[string]attr.Value
	getenv func(string) string
	diags  *diag.Diagnostics

	// profile is nil if none is selected, or if profileErr says why it cannot be used.
	profile    *profile
	profileErr error
	// usesProfile and usesIdentityToken say which credential was chosen.
	usesProfile, usesIdentityToken bool
	// credentialErr is the first reason why the credential that was chosen cannot be used.
	credentialErr error
	// blockers are errors of arguments that every request needs.
	blockers []error
}

// clientConfig merges the provider block with the environment. Malformed values become diagnostics; a value that is missing or unknown
// becomes the error of the first read that needs it.
func clientConfig(block map[string]attr.Value, getenv func(string) string, diags *diag.Diagnostics) client.Config {
	s := settings{block: block, getenv: getenv, diags: diags}
	s.openProfile()
	cfg := client.Config{
		Region:     s.setting("region"),
		Cloud:      s.setting("cloud"),
		Endpoints:  s.endpoints(),
		DomainID:   s.setting("domain_id", "domain_name"),
		MaxRetries: s.maxRetries(),
		Insecure:   s.insecure(),
		RootCAs:    s.rootCAs(),
		Language:   cmp.Or(s.known("language").ValueString(), "en-us"),
	}
	if s.profile != nil && s.profile.Region != cfg.Region.Value {
		s.profile.ProjectID = "" // It is in another region.
	}
	cfg.ProjectID = s.setting("project_id", "project_name")
	if cfg.ProjectID.Value == "" {
		cfg.ProjectName = s.setting("project_name")
	}
	// endpoints.iam is an alias of auth_url that takes precedence over the environment.
	if _, ok := cfg.Endpoints[client.IAM]; !ok || !s.inBlock("auth_url").IsNull() {
		cfg.AuthURL = s.setting("auth_url")
	}
	if cfg.Region == (client.Setting{}) {
		cfg.Region.Err = s.noRegion()
	}
	s.warnAboutRegion(cfg)
	cfg.Credentials = s.credentials()
	cfg.Blocked = errors.Join(s.blockers...)
	return cfg
}

func (s *settings) noRegion() error {
	message := "no region is set"
	switch {
	case s.profileErr != nil:
		return s.profileErr // The profile may have a region.
	case s.profile != nil:
		message += ", and the profile " + s.profile.shown() + " has none"
	}
	if foreign := s.foreignVariables("region"); foreign != "" {
		message += ". " + strings.TrimRight(foreign, ". ")
	}
	return notSetError{&settingError{argument: "region", text: message}}
}

// knownRegion matches the forms of the vendor's regions.
var knownRegion = regexp.MustCompile(`^(?:cn|ap|af|eu|la|na|sa|me|my|ae|ru|tr)-(?:(?:north|south)(?:east|west)?|east|west|mexico|brazil|argentina|` +
	`peru|chile|moscow|kualalumpur|ad)-[0-9]{1,3}$`)

// warnAboutRegion warns of a region that may be misspelt: COC, whose host is not regional, answers all the same. A cloud or hosts of one's
// own have regions of their own.
func (s *settings) warnAboutRegion(cfg client.Config) {
	if region := cfg.Region.Value; region != "" && !knownRegion.MatchString(region) && cfg.Cloud == (client.Setting{}) && len(cfg.Endpoints) == 0 {
		s.diags.AddAttributeWarning(path.Root("region"), "Unusual name of a region",
			quoted(region)+" has not the form of the vendor's regions, such as cn-north-4. COC answers all the same, from the host that the "+
				"beginning of the name selects. Check region; if it is right, name the cloud, and this warning goes away.")
	}
}

// value is the value of an argument in one place, null if there is none.
type value struct {
	types.String

	argument string
	// variable is the environment variable that it comes from, if any.
	variable string
	// origin names the place. It is empty for the provider block.
	origin string
}

// place looks up an argument in one place: the provider block, the environment or the profile.
type place func(argument string) value

func (s *settings) inBlock(argument string) value {
	return value{String: blockValue(s.block, argument), argument: argument}
}

// inEnvironment returns the first variable that is set.
func (s *settings) inEnvironment(argument string) value {
	for _, name := range arguments[argument].variables {
		if set := s.getenv(name); set != "" {
			return value{types.StringValue(set), argument, name, "the environment variable " + name}
		}
	}
	return value{argument: argument}
}

func (s *settings) inProfile(argument string) value {
	found := value{argument: argument}
	if s.profile == nil {
		return found
	}
	found.origin = "the profile " + s.profile.shown()
	switch argument {
	case "region":
		found.String = stringOrNull(s.profile.Region)
	case "domain_id":
		found.String = stringOrNull(s.profile.DomainID)
	case "project_id":
		found.String = stringOrNull(s.profile.ProjectID)
	}
	return found
}

// profileInBlock reports whether the provider block selects the profile, which then takes precedence over the environment.
func (s *settings) profileInBlock() bool {
	return !s.inBlock("profile").IsNull() || !s.inBlock("shared_config_file").IsNull()
}

// places returns all places in order of precedence.
func (s *settings) places() []place {
	if s.profileInBlock() {
		return []place{s.inBlock, s.inProfile, s.inEnvironment}
	}
	return []place{s.inBlock, s.inEnvironment, s.inProfile}
}

// find returns an argument from the first place that has it or one of its alternatives, as a name is of an id: an id in the environment
// must not take precedence over a name in the provider block.
func find(places []place, argument string, alternatives ...string) value {
	for _, in := range places {
		found := in(argument)
		if !found.IsNull() || slices.ContainsFunc(alternatives, func(other string) bool { return !in(other).IsNull() }) {
			return found
		}
	}
	return value{argument: argument}
}

func (s *settings) setting(argument string, alternatives ...string) client.Setting {
	found := find(s.places(), argument, alternatives...)
	switch {
	case found.IsUnknown():
		return client.Setting{Err: unknownError(argument)}
	case !found.IsNull():
		s.validate(found)
	}
	return client.Setting{Value: found.ValueString()}
}

// settingError is the error of a read that needs a setting without a usable value.
type settingError struct {
	// argument is empty if no single argument is the cause, or if it is secret.
	argument, text string
}

func (e *settingError) Error() string { return e.text }

// notSetError is the error of a setting that is not set anywhere.
type notSetError struct{ *settingError }

func (e notSetError) Unwrap() []error { return []error{e.settingError, client.ErrNotSet} }

// settingErrorf returns a settingError without an argument.
func settingErrorf(format string, values ...any) error {
	return &settingError{text: fmt.Sprintf(format, values...)}
}

func unknownError(argument string) error {
	message := fmt.Sprintf("the provider argument %s is not known yet: it depends on something that this run has yet to create. "+
		"Give it a value that is known at plan time", argument)
	if len(arguments[argument].variables) > 0 {
		message += ", or leave it out and set the environment variable " + variablesOf(argument)
	}
	return &settingError{argument, message}
}

// variablesOf names the environment variables of arguments: "A or B".
func variablesOf(names ...string) string {
	var all []string
	for _, name := range names {
		all = append(all, arguments[name].variables...)
	}
	return strings.Replace(strings.Join(all, " or "), " or ", ", ", len(all)-2)
}

// validate adds an error if a value does not have the format of its argument, and reports whether it does.
func (s *settings) validate(found value) bool {
	a := arguments[found.argument]
	describe := a.format.quotedProblem
	if a.secret {
		describe = a.format.problem
	}
	problem := describe(found.ValueString())
	if problem != "" {
		s.addError(found, problem)
	}
	return problem == ""
}

func (s *settings) addError(found value, problem string) {
	where := "The provider argument " + found.argument
	if found.origin != "" {
		where += ", taken from " + found.origin + ","
	}
	summary, detail := "Invalid provider setting "+found.argument, where+" cannot be used: "+problem+". Correct or remove it."
	// Terraform prints the line that an error points at.
	if a := arguments[found.argument]; a.secret || a.format.url {
		s.diags.AddError(summary, detail)
		return
	}
	block, inner := splitName(found.argument)
	at := path.Root(inner)
	if block != "" {
		at = path.Root(block).AtName(inner)
	}
	s.diags.AddAttributeError(at, summary, detail)
}

func (s *settings) endpoints() map[client.Service]client.Setting {
	endpoints := map[client.Service]client.Setting{}
	configured, _ := s.block["endpoints"].(types.Map)
	if configured.IsUnknown() {
		for _, service := range client.Services() {
			endpoints[service] = client.Setting{Err: unknownError("endpoints")}
		}
	}
	elements := configured.Elements()
	for _, key := range slices.Sorted(maps.Keys(elements)) {
		service := client.Service(key)
		address, _ := elements[key].(types.String)
		switch {
		case address.IsNull():
		case !slices.Contains(client.Services(), service):
			known := mapSlice(client.Services(), func(known client.Service) string { return string(known) })
			s.diags.AddWarning("Unknown endpoint "+strconv.Quote(text.Plain(key, 64)),
				"No data source uses it. Known endpoints are "+strings.Join(known, ", ")+". Correct or remove the key.")
		case address.IsUnknown():
			endpoints[service] = client.Setting{Err: unknownError("endpoints." + key)}
		default:
			if problem := endpointFormat.quotedProblem(address.ValueString()); problem != "" {
				s.diags.AddError("Invalid provider setting endpoints."+key,
					"The address of "+key+" cannot be used: "+problem+". Correct or remove it.")
			}
			endpoints[service] = client.Setting{Value: address.ValueString()}
		}
	}
	return endpoints
}

// known returns an argument that every request needs: no read sends anything as long as it is unknown.
func (s *settings) known(argument string) value {
	found := find(s.places(), argument)
	if found.IsUnknown() {
		s.blockers = append(s.blockers, unknownError(argument))
		return value{argument: argument}
	}
	return found
}

func (s *settings) maxRetries() int {
	const defaultRetries, most = 5, 1000
	found := s.known("max_retries")
	if found.IsNull() || !s.validate(found) {
		return defaultRetries
	}
	retries, _ := strconv.ParseInt(found.ValueString(), 10, 64) // cannot fail, since it is valid
	return int(min(retries, most))
}

func (s *settings) insecure() bool {
	found := s.known("insecure")
	if found.IsNull() || !s.validate(found) {
		return false
	}
	insecure, _ := strconv.ParseBool(found.ValueString()) // cannot fail, since it is valid
	if insecure {
		s.diags.AddAttributeWarning(path.Root("insecure"), "Certificates are not checked",
			"With insecure, anyone on the network path can read the signatures of requests and forge good answers. "+
				"Trust the certificate authority with cacert_file instead.")
	}
	return insecure
}

// rootCAs reads the certificates to trust. PEM text without any is an error at once; a file may still be created, so its error is that of
// each read.
func (s *settings) rootCAs() *x509.CertPool {
	found := s.known("cacert_file")
	fileOrPEM := found.ValueString()
	pool := x509.NewCertPool()
	switch {
	case found.IsNull():
		return nil
	case fileOrPEM == "":
		s.addError(found, "it is empty")
		return nil
	case strings.Contains(fileOrPEM, "-----BEGIN"):
		if !pool.AppendCertsFromPEM([]byte(fileOrPEM)) {
			s.addError(found, "the PEM text holds no certificate")
		}
		return pool
	}
	pem, err := readFile(fileOrPEM, certificatesLimit, s.getenv)
	if err == nil && !pool.AppendCertsFromPEM(pem) {
		err = errors.New("it holds no certificate in PEM form")
	}
	if err != nil {
		s.blockers = append(s.blockers, &settingError{"cacert_file", fmt.Sprintf(
			"the file of cacert_file cannot be used: %s. Correct cacert_file, or the environment variable OS_CACERT", err)})
	}
	return pool
}

// certificatesLimit bounds the file of cacert_file: a system's whole bundle has a few hundred kB.
const certificatesLimit = 10 << 20

// readFile is [text.ReadFile] for a path that may begin with ~.
func readFile(name string, limit int64, getenv func(string) string) ([]byte, error) {
	name, err := expandHome(name, getenv)
	if err != nil {
		return nil, err
	}
	return text.ReadFile(name, limit)
}

// expandHome replaces a leading ~ with the home directory.
func expandHome(name string, getenv func(string) string) (string, error) {
	if name != "~" && !strings.HasPrefix(name, "~/") && !strings.HasPrefix(name, `~\`) {
		return name, nil
	}
	home := cmp.Or(getenv("HOME"), getenv("USERPROFILE"))
	if home == "" {
		return "", fmt.Errorf("the path %s begins with the home directory, and neither HOME nor USERPROFILE is set: set HOME, or give a path "+
			"without ~", text.File(name))
	}
	return filepath.Join(home, name[1:]), nil
}
