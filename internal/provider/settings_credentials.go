package provider

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/hwgate/terraform-provider-hwgate/internal/client"
)

// originBlock is how credentials of the provider block are called.
const originBlock = "the provider block"

// credentials chooses what to authenticate with: the first place that has anything. An assumed role acts on top. What is missing,
// half of a credential for one, is the error of every read that asks.
func (s *settings) credentials() client.CredentialSource {
	var checked []string
	for _, candidate := range []struct {
		name      string
		isProfile bool
		find      func() (client.CredentialSource, string, error)
	}{
		{"provider block", false, func() (client.CredentialSource, string, error) { return s.fromArguments(s.inBlock, originBlock) }},
		{"profile (provider block)", true, func() (client.CredentialSource, string, error) { return s.fromProfile(s.profileInBlock) }},
		{"environment", false, func() (client.CredentialSource, string, error) {
			return s.fromArguments(s.inEnvironment, "the environment")
		}},
		{"profile (environment)", true, func() (client.CredentialSource, string, error) { return s.fromProfile(!s.profileInBlock) }},
	} {
		source, why, err := candidate.find()
		if err != nil {
			return client.NoCredential(err)
		}
		if source == nil {
			// Terraform does not wrap lines that begin with a space.
			checked = append(checked, "  - "+candidate.name+": "+why+"\n")
			continue
		}
		if candidate.name == "provider block" && s.profileInBlock {
			s.diags.AddAttributeWarning(path.Root("profile"), "The profile's keys are not used",
				"The provider block has credentials of its own, which win over shared_config_file and profile. Remove one of the two.")
		}
		return s.withAssumedRole(source, candidate.isProfile)
	}
	return s.withAssumedRole(client.MetadataSource(func(err error) error {
		if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
			return err
		}
		return unusable("No credentials found. Set HW_ACCESS_KEY and HW_SECRET_KEY, or see Authentication.\n%s  - metadata of the machine: %s",
			strings.Join(checked, ""), err)
	}), false)
}

// inBlockOrEnvironment is for what may be spread over the two: a user name and its password, or the parts of a role.
func (s *settings) inBlockOrEnvironment(argument string) value {
	return find([]place{s.inBlock, s.inEnvironment}, argument)
}

// fromArguments finds credentials in the provider block or in the environment: an identity token, a pre-issued token, keys or a
// password, in this order. Without any it says what it found instead.
func (s *settings) fromArguments(in place, origin string) (source client.CredentialSource, why string, err error) {
	for _, find := range []func(place, string) (client.CredentialSource, error){
		s.identityToken, s.preissuedToken, s.accessKey, s.password,
	} {
		if source, err := find(in, origin); source != nil || err != nil {
			return source, "", err
		}
	}
	switch found := in("security_token"); {
	case found.IsNull():
	case found.variable == "":
		return nil, "", unusable("security_token is in the provider block, access_key and secret_key are not. Set all three there, or remove " +
			"security_token and set HW_ACCESS_KEY, HW_SECRET_KEY and HW_SECURITY_TOKEN")
	default:
		return nil, "a security token without access key and secret key", nil
	}
	return nil, "no access key, token, password or identity token", nil
}

func (s *settings) preissuedToken(in place, origin string) (client.CredentialSource, error) {
	given, err := s.collect(in, "token")
	if err != nil || given["token"] == "" {
		return nil, err
	}
	return client.StaticCredential(client.Credential{Token: given["token"]}, origin), nil
}

// accessKey takes key, secret and security token from one place, as a set: a stale one of the environment must not spoil the others.
func (s *settings) accessKey(in place, origin string) (client.CredentialSource, error) {
	given, err := s.collect(in, "access_key", "secret_key")
	if err != nil || len(given) == 0 {
		return nil, err
	}
	for _, pair := range [][2]string{{"access_key", "secret_key"}, {"secret_key", "access_key"}} {
		if given[pair[1]] == "" {
			return nil, s.halfKey(in(pair[0]), pair[0], pair[1])
		}
	}
	// Read only now: without the pair it is not used.
	more, err := s.collect(in, "security_token")
	if err != nil {
		return nil, err
	}
	return client.StaticCredential(client.Credential{
		AccessKey: given["access_key"], SecretKey: given["secret_key"], SecurityToken: more["security_token"],
	}, origin), nil
}

// halfKey says that one of access_key and secret_key is missing where the other one is.
func (s *settings) halfKey(found value, present, absent string) error {
	if found.variable == "" {
		return unusable("%s is in the provider block, %s is not. Set both there, or remove %[1]s and set both HW_ACCESS_KEY and HW_SECRET_KEY",
			present, absent)
	}
	return unusable("%s is set, but neither %s is. Set both, or unset %[1]s", found.variable, strings.Join(arguments[absent].variables, " nor "))
}

func (s *settings) password(in place, origin string) (client.CredentialSource, error) {
	if given, err := s.collect(in, "user_name", "user_id", "password"); err != nil || len(given) == 0 {
		return nil, err
	}
	own := []place{s.inBlock, s.inEnvironment}
	user, err := s.collect(alternatives(own, "user_name", "user_id"), "user_name", "user_id")
	if err != nil {
		return nil, err
	}
	account, err := s.collect(alternatives(s.places(), "domain_name", "domain_id"), "domain_name", "domain_id")
	if err != nil {
		return nil, err
	}
	password, err := s.collect(s.inBlockOrEnvironment, "password")
	switch {
	case err != nil:
		return nil, err
	case len(user) == 0:
		return nil, s.incomplete("password", "user_name", "user_id")
	case password["password"] == "":
		if user["user_name"] == "" {
			return nil, s.incomplete("user_id", "password")
		}
		return nil, s.incomplete("user_name", "password")
	case user["user_id"] == "" && len(account) == 0:
		return nil, s.incomplete("user_name", "domain_name", "domain_id")
	}
	return client.PasswordSource(client.Password{
		UserName: user["user_name"], UserID: user["user_id"], Password: password["password"],
		DomainName: account["domain_name"], DomainID: account["domain_id"],
	}, origin), nil
}

// alternatives looks two arguments up that stand for the same thing, in the first place that has either.
func alternatives(places []place, one, other string) place {
	return func(argument string) value {
		if argument == one {
			return find(places, one, other)
		}
		return find(places, other, one)
	}
}

// incomplete says that an argument stands without one that it needs, in the provider block or in the environment.
func (s *settings) incomplete(present string, absent ...string) error {
	where, remedy := present+" is in the provider block", "remove "+present
	if found := s.inBlockOrEnvironment(present); found.variable != "" {
		where, remedy = found.variable+" is set", "unset "+found.variable
	}
	names := strings.Join(absent, " or ")
	return unusable("%s, but there is no %s. Set %[2]s in the provider block, or the environment variable %[3]s; or %[4]s",
		where, names, anyOf(absent...), remedy)
}

// collect gives the arguments that a place has, without those that it has not. The error says that one of them is not known yet, or
// malformed, which is a diagnostic of its own.
func (s *settings) collect(in place, names ...string) (map[string]string, error) {
	given := map[string]string{}
	for _, argument := range names {
		found := in(argument)
		switch {
		case found.IsUnknown():
			return nil, unknown(argument)
		case found.IsNull():
			continue
		case !s.check(argument, found):
			return nil, unusable("%s is malformed", argument)
		}
		given[argument] = found.ValueString()
	}
	return given, nil
}

// fromProfile gives the keys of KooCLI's file, if it is asked for there.
func (s *settings) fromProfile(here bool) (source client.CredentialSource, why string, err error) {
	switch {
	case !here || (s.profile == nil && s.profileError == nil):
		return nil, "not asked for", nil
	case s.profileError != nil:
		return nil, "", s.profileError
	case s.profile.Mode == "ecsAgency":
		return client.MetadataSource(func(err error) error {
			return fmt.Errorf("the profile %s means the machine's metadata: %w. Run on a cloud server that has an agency", s.profile.shown(), err)
		}), "", nil
	}
	credential, err := s.profile.credential()
	if err != nil {
		return nil, "", err
	}
	return client.StaticCredential(credential, "the profile "+s.profile.shown()), "", nil
}

// How long the keys of an assumed role may live; STS, the fifth version of the API, gives them half a day at most.
const (
	defaultDuration    = time.Hour
	shortestDuration   = 900
	longestDuration    = 86400
	longestDurationSTS = 43200
)

// withAssumedRole puts an assumed role on top of a source, if the provider block, the environment or the profile that gave it asks
// for one.
func (s *settings) withAssumedRole(base client.CredentialSource, isProfile bool) client.CredentialSource {
	switch {
	case s.usesIdentityToken && s.hasRole:
		return client.NoCredential(unusable("assume_role and assume_role_with_oidc (environment: %s) each assume a role, and chains of roles are "+
			"not supported. Remove one of the two", anyOf("assume_role_with_oidc.idp_id")))
	case s.usesIdentityToken:
		return base
	}
	role, err := s.assumedRole(isProfile)
	switch {
	case err != nil:
		return client.NoCredential(err)
	case role == nil:
		return base
	default:
		return client.AssumeRoleSource(base, *role)
	}
}

// assumedRole is the role that assume_role, its variables or the profile ask for; nil when none does.
func (s *settings) assumedRole(isProfile bool) (*client.Agency, error) {
	const block = "assume_role"
	places := []place{s.inBlock, s.inEnvironment}
	if !s.inEnvironment("assume_role_with_oidc.idp_id").IsNull() {
		// With an identity provider in the environment, the variables of both blocks mean the identity token's role.
		places = places[:1]
	}
	role, err := s.role(block, places)
	switch {
	case err != nil:
		return nil, err
	case role.Name == "" && s.hasRole:
		return nil, s.missingIn(block, "agency_name")
	case role.Name == "" && isProfile && s.profile.AgencyName != "":
		return s.profile.role()
	case role.Name == "":
		return nil, nil //nolint:nilnil // no role is no error
	case role.DomainName == "" && role.DomainID == "":
		return nil, s.missingIn(block, "domain_name", "domain_id")
	}
	return &role, nil
}

// identityToken gives keys for the identity token of a CI system.
func (s *settings) identityToken(in place, origin string) (client.CredentialSource, error) {
	const block = "assume_role_with_oidc"
	if isBlock := origin == originBlock; in(block+".idp_id").IsNull() && (!isBlock || !s.hasOIDC) {
		return nil, nil //nolint:nilnil // no identity token is no error
	}
	s.usesIdentityToken = true
	role, err := s.role(block, []place{s.inBlock, s.inEnvironment})
	if err != nil {
		return nil, err
	}
	given, err := s.collect(s.inBlockOrEnvironment, block+".idp_id", block+".id_token", block+".id_token_file")
	if err != nil {
		return nil, err
	}
	token, file := given[block+".id_token"], given[block+".id_token_file"]
	switch {
	case role.Name == "":
		return nil, s.missingIn(block, "agency_name")
	case role.DomainID == "":
		return nil, s.missingIn(block, "domain_id")
	case given[block+".idp_id"] == "":
		return nil, s.missingIn(block, "idp_id")
	case token == "" && file == "":
		return nil, s.missingIn(block, "id_token", "id_token_file")
	case token != "" && file != "":
		return nil, unusable("both id_token and id_token_file of assume_role_with_oidc are set (environment: %s), and only one can count. "+
			"Remove one of the two", anyOf(block+".id_token", block+".id_token_file"))
	}
	identity := client.Identity{ProviderID: given[block+".idp_id"], Token: token}
	if file != "" {
		identity.TokenFile = expandHome(file, s.getenv)
	}
	return client.AssumeRoleSource(client.IdentitySource(identity, role.Duration, origin), role), nil
}

// missingIn says that a role to assume lacks an argument.
func (s *settings) missingIn(block string, absent ...string) error {
	paths := make([]string, len(absent))
	for i, argument := range absent {
		paths[i] = block + "." + argument
	}
	return unusable("the role to assume lacks %s. Set it in the block %s, or the environment variable %s",
		strings.Join(absent, " or "), block, anyOf(paths...))
}

// role reads the arguments that the blocks assume_role and assume_role_with_oidc share.
func (s *settings) role(block string, places []place) (client.Agency, error) {
	name, duration := block+".agency_name", block+".duration"
	domainName, domainID := block+".domain_name", block+".domain_id"
	given, err := s.collect(func(argument string) value { return find(places, argument) }, name, duration)
	if err != nil {
		return client.Agency{}, err
	}
	account, err := s.collect(alternatives(places, domainName, domainID), domainName, domainID)
	if err != nil {
		return client.Agency{}, err
	}
	role := client.Agency{Name: given[name], DomainName: account[domainName], DomainID: account[domainID], Duration: defaultDuration}
	text, ok := given[duration]
	if !ok {
		return role, nil
	}
	longest := longestDuration
	if role.DomainID != "" {
		longest = longestDurationSTS
	}
	seconds, err := strconv.Atoi(text)
	if err != nil || seconds < shortestDuration || seconds > longest {
		s.blame(duration, find(places, duration), fmt.Sprintf("%s given, wanted seconds from %d to %d", quoted(text), shortestDuration, longest))
		return role, unusable("%s is malformed", duration)
	}
	role.Duration = time.Duration(seconds) * time.Second
	return role, nil
}
