package provider

import (
	"cmp"
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
	"github.com/hwgate/terraform-provider-hwgate/internal/text"
)

// settings merges the provider block with the environment and a profile of KooCLI's file.
type settings struct {
	getenv func(string) string
	diags  *diag.Diagnostics
	// blockers are arguments that every read needs and that have no usable value.
	blockers []error

	// block holds the texts of the provider block, and hasRole and hasOIDC tell which of its nested blocks are there.
	block            map[string]types.String
	hasRole, hasOIDC bool
	// profile is nil when none is asked for; profileError says why the one that is cannot be used. In the order of precedence it
	// stands behind the provider block if that asked for it, else behind the environment.
	profile        *profile
	profileError   error
	profileInBlock bool
	// usesIdentityToken is set when an identity token was chosen, of the provider block or of the environment, and usesProfile when the
	// profile was.
	usesIdentityToken, usesProfile bool
	// unfit says why what was chosen is no credential.
	unfit error
	// region is the provider's own, for which alone the project of a profile counts.
	region string
}

// clientConfig makes the client's configuration of the provider block and the environment. Malformed values become diagnostics; what is
// missing or not known yet becomes the error of the first read that needs it.
func clientConfig(block map[string]attr.Value, getenv func(string) string, diags *diag.Diagnostics) client.Config {
	s := settings{getenv: getenv, diags: diags, block: textsOf(block)}
	s.hasRole, s.hasOIDC = isThere(block["assume_role"]), isThere(block["assume_role_with_oidc"])
	s.openProfile()
	cfg := client.Config{
		Region:     s.setting("region"),
		Cloud:      s.setting("cloud"),
		Endpoints:  s.endpoints(block["endpoints"]),
		DomainID:   s.setting("domain_id", "domain_name"),
		MaxRetries: s.maxRetries(),
		Insecure:   s.insecure(),
		RootCAs:    s.authorities(),
		Language:   cmp.Or(s.needed("language").ValueString(), "en-us"),
	}
	s.region = cfg.Region.Value
	cfg.ProjectID = s.setting("project_id", "project_name")
	if cfg.ProjectID.Value == "" {
		cfg.ProjectName = s.setting("project_name")
	}
	// endpoints.iam is another name for auth_url, and what stands in the provider block wins.
	if _, ok := cfg.Endpoints[client.IAM]; !ok || !s.inBlock("auth_url").IsNull() {
		cfg.AuthURL = s.setting("auth_url")
	}
	if cfg.Region == (client.Setting{}) {
		cfg.Region.Err = s.noRegion()
	}
	cfg.Credentials = s.credentials()
	cfg.Blocked = errors.Join(s.blockers...)
	return cfg
}

// noRegion says why there is no region. A profile that cannot be used might have named one.
func (s *settings) noRegion() error {
	what := "no region is set"
	switch {
	case s.profileError != nil:
		return s.profileError
	case s.profile != nil:
		what += ", and the profile " + s.profile.shown() + " has none"
	}
	return notSetError{&settingError{argument: "region", text: what}}
}

// value is what stands somewhere for an argument; null when nothing does.
type value struct {
	types.String

	// variable is the environment variable that it was taken from, if it was.
	variable string
	// origin names the place, empty for the provider block.
	origin string
}

// place looks an argument up in one place: the provider block, the environment or the profile.
type place func(argument string) value

func (s *settings) inBlock(argument string) value { return value{String: s.block[argument]} }

// inEnvironment gives the first variable that is set.
func (s *settings) inEnvironment(argument string) value {
	for _, name := range arguments[argument].variables {
		if given := s.getenv(name); given != "" {
			return value{types.StringValue(given), name, "the environment variable " + name}
		}
	}
	return value{}
}

func (s *settings) inProfile(argument string) value {
	if s.profile == nil {
		return value{}
	}
	given := ""
	switch argument {
	case "region":
		given = s.profile.Region
	case "domain_id":
		given = s.profile.DomainID
	case "project_id":
		if s.profile.Region == s.region {
			given = s.profile.ProjectID
		}
	}
	if given == "" {
		return value{}
	}
	return value{String: types.StringValue(given), origin: "the profile " + s.profile.shown()}
}

// places are all of them, in the order of precedence.
func (s *settings) places() []place {
	if s.profileInBlock {
		return []place{s.inBlock, s.inProfile, s.inEnvironment}
	}
	return []place{s.inBlock, s.inEnvironment, s.inProfile}
}

// find looks an argument up in the first place that has it or one of its alternatives: arguments that say the same thing in
// another way, as an id and a name do. An id of the environment must not win over a name of the provider block.
func find(places []place, argument string, alternatives ...string) value {
	for _, in := range places {
		found := in(argument)
		if !found.IsNull() || slices.ContainsFunc(alternatives, func(other string) bool { return !in(other).IsNull() }) {
			return found
		}
	}
	return value{}
}

// setting settles an argument that is a text.
func (s *settings) setting(argument string, alternatives ...string) client.Setting {
	found := find(s.places(), argument, alternatives...)
	if found.IsUnknown() {
		return client.Setting{Err: unknown(argument)}
	}
	given := found.ValueString()
	if !found.IsNull() {
		s.check(argument, found)
	}
	return client.Setting{Value: given}
}

// settingError is a setting of the provider that a read needs and that has no usable value.
type settingError struct {
	// argument is empty when no single one is at fault, or the one at fault holds a secret.
	argument, text string
}

func (e *settingError) Error() string { return e.text }

// notSetError is the error of a setting that was given nowhere.
type notSetError struct{ *settingError }

func (e notSetError) Unwrap() []error { return []error{e.settingError, client.ErrNotSet} }

// unusable is a settingError that is nobody's fault in particular.
func unusable(format string, arguments ...any) error {
	return &settingError{text: fmt.Sprintf(format, arguments...)}
}

func unknown(argument string) error {
	message := fmt.Sprintf("the provider argument %s is not known yet: it depends on something that this run has still to create. "+
		"Give it a value that is known at plan time", argument)
	if len(arguments[argument].variables) > 0 {
		message += ", or leave it out and set the environment variable " + anyOf(argument)
	}
	return &settingError{argument, message}
}

// anyOf names the environment variables of some arguments.
func anyOf(names ...string) string {
	var all []string
	for _, name := range names {
		all = append(all, arguments[name].variables...)
	}
	return strings.Join(all, " or ")
}

// check blames an argument whose value does not have its form, and tells whether it does.
func (s *settings) check(argument string, found value) bool {
	given, form := found.ValueString(), arguments[argument].form
	switch {
	case form.fault(given) == "":
		return true
	case arguments[argument].secret:
		s.blame(argument, found, form.fault(given))
	default:
		s.blame(argument, found, form.refusal(given))
	}
	return false
}

// blame adds the error of an argument, which names the environment variable or the profile if the value came from there.
func (s *settings) blame(argument string, found value, why string) {
	where := "The provider argument " + argument
	if found.origin != "" {
		where += ", taken from " + found.origin + ","
	}
	summary, detail := "Invalid provider setting "+argument, where+" cannot be used: "+why+". Correct or remove it."
	if arguments[argument].secret {
		s.diags.AddError(summary, detail)
		return
	}
	block, inner := nesting(argument)
	at := path.Root(inner)
	if block != "" {
		at = path.Root(block).AtName(inner)
	}
	s.diags.AddAttributeError(at, summary, detail)
}

// endpoints settles the map of that name.
func (s *settings) endpoints(block attr.Value) map[client.Service]client.Setting {
	endpoints := map[client.Service]client.Setting{}
	if isThere(block) && block.IsUnknown() {
		for _, service := range client.Services() {
			endpoints[service] = client.Setting{Err: unknown("endpoints")}
		}
	}
	given, _ := block.(types.Map)
	elements := given.Elements()
	for _, key := range slices.Sorted(maps.Keys(elements)) {
		at, service := path.Root("endpoints").AtMapKey(key), client.Service(key)
		address, _ := elements[key].(types.String)
		switch {
		case address.IsNull():
		case !slices.Contains(client.Services(), service):
			known := mapSlice(client.Services(), func(known client.Service) string { return string(known) })
			s.diags.AddAttributeWarning(at, "Unknown endpoint "+strconv.Quote(text.Plain(key, 64)),
				"No data source uses it. Known endpoints are "+strings.Join(known, ", ")+". Correct or remove the key.")
		case address.IsUnknown():
			endpoints[service] = client.Setting{Err: unknown("endpoints." + key)}
		default:
			if why := isEndpoint.refusal(address.ValueString()); why != "" {
				s.diags.AddAttributeError(at, "Invalid provider setting endpoints."+key,
					"The address of "+key+" cannot be used: "+why+". Correct or remove it.")
			}
			endpoints[service] = client.Setting{Value: address.ValueString()}
		}
	}
	return endpoints
}

// needed finds an argument without which nothing is sent. One that is not known yet blocks every read.
func (s *settings) needed(argument string) value {
	found := find(s.places(), argument)
	if found.IsUnknown() {
		s.blockers = append(s.blockers, unknown(argument))
		return value{}
	}
	return found
}

func (s *settings) maxRetries() int {
	const usual, most = 5, 1000
	found := s.needed("max_retries")
	if found.IsNull() {
		return usual
	}
	retries, err := strconv.ParseInt(found.ValueString(), 10, 64)
	if err != nil || retries < 0 {
		s.blame("max_retries", found, quoted(found.ValueString())+" is not a whole number from 0")
	}
	return int(min(retries, most))
}

func (s *settings) insecure() bool {
	found := s.needed("insecure")
	if found.IsNull() {
		return false
	}
	insecure, err := strconv.ParseBool(found.ValueString())
	if err != nil {
		s.blame("insecure", found, quoted(found.ValueString())+" is neither true nor false")
	}
	if insecure {
		s.diags.AddAttributeWarning(path.Root("insecure"), "Certificates are not checked",
			"With insecure anyone on the way can read the credentials' signatures and forge a green answer. "+
				"Trust the authority with cacert_file instead.")
	}
	return insecure
}

// authorities reads the certificates to trust. PEM text that holds none is an error at once; a file may still be created, so its
// faults are the reads'.
func (s *settings) authorities() *x509.CertPool {
	found := s.needed("cacert_file")
	given := found.ValueString()
	pool := x509.NewCertPool()
	switch {
	case found.IsNull():
		return nil
	case given == "":
		s.blame("cacert_file", found, "it is empty")
		return nil
	case strings.Contains(given, "-----BEGIN"):
		if !pool.AppendCertsFromPEM([]byte(given)) {
			s.blame("cacert_file", found, "the PEM text holds no certificate")
		}
		return pool
	}
	pem, err := os.ReadFile(expandHome(given, s.getenv))
	if err == nil && !pool.AppendCertsFromPEM(pem) {
		err = errors.New("it holds no certificate in PEM form")
	}
	if err != nil {
		s.blockers = append(s.blockers, &settingError{"cacert_file", fmt.Sprintf(
			"the file of cacert_file cannot be used: %s. Correct cacert_file, or the environment variable OS_CACERT", text.FileError(err))})
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
