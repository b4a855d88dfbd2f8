package provider

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/hwgate/terraform-provider-hwgate/internal/client"
)

// written is the part of the provider block that credentials can be written in. Arguments of blocks are named block.argument.
type written map[string]types.String

// place is somewhere that credentials can be found. It gives a source, or says why it has none to give.
type place struct {
	name string
	find func() (source client.CredentialSource, why string)
	// isProfile is set for a profile of KooCLI's file, which may name an agency to go with its keys.
	isProfile bool
}

// credentials chooses what to authenticate with: the first place that has anything. Key, secret and security token come from one
// place as a set. An assumed role acts on top.
func (s *settings) credentials(block written) client.CredentialSource {
	places := []place{
		{name: "the provider block", find: func() (client.CredentialSource, string) {
			return s.fromArguments("the provider block", block, s.inBlock)
		}},
		{name: "a profile named there", isProfile: true, find: func() (client.CredentialSource, string) {
			return s.fromProfile(s.profileInBlock)
		}},
		{name: "the environment", find: func() (client.CredentialSource, string) {
			return s.fromArguments("the environment", nil, s.inEnvironment)
		}},
		{name: "a profile named in the environment", isProfile: true, find: func() (client.CredentialSource, string) {
			return s.fromProfile(!s.profileInBlock)
		}},
	}
	var passed []string
	for i, place := range places {
		source, why := place.find()
		if source == nil {
			passed = append(passed, place.name+": "+why)
			continue
		}
		if i == 0 && s.profileInBlock {
			s.diags.AddAttributeWarning(path.Root("profile"), "The profile's keys are not used",
				"The provider block has credentials of its own, which win over shared_config_file and profile. Remove one of the two.")
		}
		return s.assumed(source, block, place.isProfile)
	}
	return s.assumed(client.MetadataSource(func(err error) error {
		return fmt.Errorf("tried %s; the machine's metadata: %w. Set access_key and secret_key, token, user_name and password, or profile in "+
			"the provider block, or the environment variables HW_ACCESS_KEY and HW_SECRET_KEY", strings.Join(passed, "; "), err)
	}), block, false)
}

// exclusive looks for two arguments that stand for the same thing in the first place that has either: an id of the environment must
// not win over a name of the provider block.
func exclusive(first, rest lookup, one, other string) lookup {
	return func(argument string) (types.String, string) {
		if argument == one || argument == other {
			a, _ := first(one)
			b, _ := first(other)
			if !a.IsNull() || !b.IsNull() {
				return first(argument)
			}
		}
		return rest(argument)
	}
}

// lookup gives the value of an argument in one place, and the variable it came from, if it did.
type lookup func(argument string) (value types.String, variable string)

func (s *settings) inEnvironment(argument string) (types.String, string) {
	value, variable := s.fromEnvironment(argument)
	if variable == "" {
		return types.StringNull(), ""
	}
	return types.StringValue(value), variable
}

func (s *settings) inBlock(argument string) (types.String, string) { return s.block[argument], "" }

// inBoth looks into the block first: what belongs to one log-in may be spread over the two.
func (s *settings) inBoth(argument string) (types.String, string) {
	if value := s.block[argument]; !value.IsNull() {
		return value, ""
	}
	return s.inEnvironment(argument)
}

// fromArguments finds credentials in the provider block or in the environment. In this order: identity token, token, keys, password.
func (s *settings) fromArguments(origin string, block written, in lookup) (client.CredentialSource, string) {
	rest := in
	if block != nil {
		rest = s.inBoth
	}
	if idp, _ := in("assume_role_with_oidc.idp_id"); !idp.IsNull() || (block != nil && s.hasOIDC) {
		s.withOIDC = true
		return s.identity(origin, rest), ""
	}
	for _, find := range []func(string, lookup, lookup) client.CredentialSource{s.token, s.keys, s.password} {
		if source := find(origin, in, rest); source != nil {
			return source, ""
		}
	}
	if stray, _ := in("security_token"); !stray.IsNull() {
		return nil, "a security token without keys"
	}
	return nil, "no keys, token, password or identity token"
}

func (s *settings) token(origin string, in, _ lookup) client.CredentialSource {
	given, source := s.gather(in, "token")
	if source != nil || given == nil {
		return source
	}
	return client.StaticCredential(client.Credential{Token: given["token"]}, origin)
}

func (s *settings) keys(origin string, in, _ lookup) client.CredentialSource {
	given, source := s.gather(in, "access_key", "secret_key")
	if source != nil || given == nil {
		return source
	}
	for _, pair := range [][2]string{{"access_key", "secret_key"}, {"secret_key", "access_key"}} {
		if given[pair[1]] == "" {
			return s.half(in, pair[0], fmt.Sprintf("%s has no %s beside it, and the two are taken from one place (environment: %s)",
				origin, pair[1], strings.Join(variables[pair[1]], " or ")))
		}
	}
	more, source := s.gather(in, "security_token")
	if source != nil {
		return source
	}
	return client.StaticCredential(client.Credential{
		AccessKey: given["access_key"], SecretKey: given["secret_key"], SecurityToken: more["security_token"],
	}, origin)
}

func (s *settings) password(origin string, in, rest lookup) client.CredentialSource {
	if given, source := s.gather(in, "user_name", "user_id", "password"); source != nil || given == nil {
		return source
	}
	rest = exclusive(in, exclusive(in, rest, "user_name", "user_id"), "domain_name", "domain_id")
	given, source := s.gather(rest, "user_name", "user_id", "password", "domain_name", "domain_id")
	switch {
	case source != nil:
		return source
	case given["password"] == "":
		argument := "user_name"
		if given[argument] == "" {
			argument = "user_id"
		}
		return s.half(rest, argument, "there is no password beside it (environment: "+strings.Join(variables["password"], " or ")+")")
	case given["user_name"] == "" && given["user_id"] == "":
		return s.half(rest, "password", "there is no user_name or user_id beside it (environment: "+
			strings.Join(append(variables["user_name"], variables["user_id"]...), " or ")+")")
	}
	if given["domain_id"] == "" && given["domain_name"] == "" && s.profile != nil {
		given["domain_id"] = s.profile.DomainID
	}
	return client.PasswordSource(client.Password{
		UserName: given["user_name"], UserID: given["user_id"], Password: given["password"],
		DomainName: given["domain_name"], DomainID: given["domain_id"],
	}, origin)
}

// gather collects the arguments that a place has; nil if it has none. What is not known yet, or cannot be sent, comes back as a source
// that gives the reason.
func (s *settings) gather(in lookup, arguments ...string) (map[string]string, client.CredentialSource) {
	var given map[string]string
	for _, argument := range arguments {
		value, variable := in(argument)
		switch {
		case value.IsUnknown():
			return nil, client.NoCredential(unknown(argument))
		case value.IsNull():
			continue
		}
		form := isHeaderText
		if argument == "password" || argument == "user_name" || strings.HasSuffix(argument, "domain_name") ||
			strings.HasSuffix(argument, "id_token_file") {
			form = isText
		}
		if why := form.fault(value.ValueString()); why != "" {
			s.invalid(argument, variable, why)
			return nil, client.NoCredential(errors.New(argument + " cannot be used"))
		}
		if given == nil {
			given = map[string]string{}
		}
		given[argument] = value.ValueString()
	}
	return given, nil
}

// half refuses a credential of which a part is missing.
func (s *settings) half(in lookup, argument, why string) client.CredentialSource {
	_, variable := in(argument)
	s.invalid(argument, variable, why)
	return client.NoCredential(errors.New(argument + " stands alone"))
}

// fromProfile gives the keys of KooCLI's file, if it is asked for there.
func (s *settings) fromProfile(here bool) (client.CredentialSource, string) {
	switch {
	case !here || (s.profile == nil && s.profileFault == nil):
		return nil, "not asked for"
	case s.profileFault != nil:
		return client.NoCredential(s.profileFault), ""
	case s.profile.Mode == "ecsAgency":
		return client.MetadataSource(func(err error) error {
			return fmt.Errorf("the profile %s means the machine's metadata: %w. Run on a cloud server that has an agency", s.profile.shown(), err)
		}), ""
	}
	credential, err := s.profile.credential()
	if err != nil {
		return client.NoCredential(err), ""
	}
	return client.StaticCredential(credential, "the profile "+s.profile.shown()), ""
}

const (
	defaultDuration  = time.Hour
	shortestDuration = 900
	longestDuration  = 86400
	longestFifth     = 43200
)

// assumed puts an assumed role on top of a source, if the provider block, the environment or the profile that gave it asks for one.
func (s *settings) assumed(base client.CredentialSource, block written, isProfile bool) client.CredentialSource {
	idp, _ := s.fromEnvironment("assume_role_with_oidc.idp_id")
	in := exclusive(s.inBlock, s.inBoth, "assume_role.domain_name", "assume_role.domain_id")
	switch {
	case s.withOIDC && s.hasRole:
		s.diags.AddAttributeError(path.Root("assume_role"), "Two roles to assume",
			"assume_role and assume_role_with_oidc (environment: "+strings.Join(variables["assume_role_with_oidc.idp_id"], " or ")+
				") each assume a role, and chains of roles are not supported. Remove one of the two.")
		return base
	case s.withOIDC:
		return base
	case idp != "":
		// The shared variables mean the identity token's agency alone.
		in = func(argument string) (types.String, string) { return block[argument], "" }
	}
	agency, source := s.agency("assume_role", in)
	switch {
	case source != nil:
		return source
	case agency.Name == "" && s.hasRole:
		return s.half(in, "assume_role.agency_name", "it is missing (environment: "+
			strings.Join(variables["assume_role.agency_name"], " or ")+")")
	case agency.Name == "" && isProfile && s.profile != nil && s.profile.AgencyName != "":
		agency = client.Agency{
			Name: s.profile.AgencyName, DomainName: s.profile.AgencyDomain, DomainID: s.profile.AgencyID, Duration: defaultDuration,
		}
		if agency.DomainName == "" && agency.DomainID == "" {
			return client.NoCredential(fmt.Errorf("the profile %s has an agencyName, but neither agencyDomainName nor agencyDomainId. Run "+
				"hcloud configure", s.profile.shown()))
		}
	case agency.Name == "":
		return base
	}
	if agency.DomainName == "" && agency.DomainID == "" {
		return s.half(in, "assume_role.agency_name", "there is no domain_name or domain_id beside it (environment: "+
			strings.Join(append(variables["assume_role.domain_name"], variables["assume_role.domain_id"]...), " or ")+")")
	}
	return client.AssumeRoleSource(base, agency)
}

// identity gives keys for the identity token of a CI system.
func (s *settings) identity(origin string, in lookup) client.CredentialSource {
	const block = "assume_role_with_oidc"
	agency, source := s.agency(block, in)
	if source != nil {
		return source
	}
	given, source := s.gather(in, block+".idp_id", block+".id_token", block+".id_token_file")
	token, file := given[block+".id_token"], given[block+".id_token_file"]
	for _, needed := range [][2]string{{"agency_name", agency.Name}, {"domain_id", agency.DomainID}, {"idp_id", given[block+".idp_id"]}} {
		if argument := block + "." + needed[0]; source == nil && needed[1] == "" {
			source = s.half(in, argument, "it is missing (environment: "+strings.Join(variables[argument], " or ")+")")
		}
	}
	if source == nil && (token == "") == (file == "") {
		source = s.half(in, block+".id_token", "exactly one of id_token and id_token_file is needed")
	}
	if source != nil {
		return source
	}
	identity := client.Identity{ProviderID: given[block+".idp_id"], Token: token}
	if file != "" {
		identity.TokenFile = expandHome(file, s.getenv)
	}
	return client.AssumeRoleSource(client.IdentitySource(identity, agency.Duration, origin), agency)
}

// agency reads the arguments that both blocks share.
func (s *settings) agency(block string, in lookup) (client.Agency, client.CredentialSource) {
	given, source := s.gather(in, block+".agency_name", block+".domain_name", block+".domain_id", block+".duration")
	if source != nil {
		return client.Agency{}, source
	}
	agency := client.Agency{
		Name: given[block+".agency_name"], DomainName: given[block+".domain_name"], DomainID: given[block+".domain_id"],
		Duration: defaultDuration,
	}
	if text := given[block+".duration"]; text != "" {
		longest := longestDuration
		if agency.DomainID != "" {
			longest = longestFifth
		}
		seconds, err := strconv.Atoi(text)
		if err != nil || seconds < shortestDuration || seconds > longest {
			return agency, s.half(in, block+".duration", fmt.Sprintf("wanted seconds from %d to %d", shortestDuration, longest))
		}
		agency.Duration = time.Duration(seconds) * time.Second
	}
	return agency, nil
}
