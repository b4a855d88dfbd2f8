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

// credentials gives what to authenticate with. What is missing, half of a credential for one, is the error of every read that asks.
func (s *settings) credentials() client.CredentialSource {
	source := s.chooseCredentials()
	if s.unfit != nil {
		return client.NoCredential(s.unfit)
	}
	return source
}

// chooseCredentials takes the first place that has anything. An assumed role acts on top.
func (s *settings) chooseCredentials() client.CredentialSource {
	var checked []string
	for _, candidate := range []struct {
		name string
		find func() (source client.CredentialSource, why string)
	}{
		{"provider block", func() (client.CredentialSource, string) { return s.fromArguments(s.inBlock, originBlock) }},
		{"profile (provider block)", func() (client.CredentialSource, string) { return s.fromProfile(s.profileInBlock) }},
		{"environment", func() (client.CredentialSource, string) { return s.fromArguments(s.inEnvironment, "the environment") }},
		{"profile (environment)", func() (client.CredentialSource, string) { return s.fromProfile(!s.profileInBlock) }},
	} {
		source, why := candidate.find()
		switch {
		case s.unfit != nil:
			return nil
		case source == nil:
			// Terraform does not wrap lines that begin with a space.
			checked = append(checked, "  - "+candidate.name+": "+why+"\n")
			continue
		case candidate.name == "provider block" && s.profileInBlock:
			s.diags.AddAttributeWarning(path.Root("profile"), "The profile's keys are not used",
				"The provider block has credentials of its own, which win over shared_config_file and profile. Remove one of the two.")
		}
		return s.withAssumedRole(source)
	}
	return s.withAssumedRole(client.MetadataSource(func(err error) error {
		if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
			return err
		}
		return unusable("No credentials found. Set HW_ACCESS_KEY and HW_SECRET_KEY, or see Authentication.\n%s  - metadata of the machine: %s",
			strings.Join(checked, ""), err)
	}))
}

// refuse notes why there is no credential. The first reason counts; after it nothing more is looked at.
func (s *settings) refuse(why error) {
	if s.unfit == nil {
		s.unfit = why
	}
}

// text gives an argument of a credential from one place, empty if it is not there. One that is not known yet, or malformed, which is a
// diagnostic of its own, is refused.
func (s *settings) text(in place, argument string) string {
	found := in(argument)
	switch {
	case s.unfit != nil || found.IsNull():
		return ""
	case found.IsUnknown():
		s.refuse(unknown(argument))
	case !s.check(argument, found):
		s.refuse(unusable("%s is malformed", argument))
	}
	return found.ValueString()
}

// either gives two arguments that stand for the same thing, from the first place that has one of them.
func (s *settings) either(places []place, one, other string) (first, second string) {
	first = s.text(func(string) value { return find(places, one, other) }, one)
	return first, s.text(func(string) value { return find(places, other, one) }, other)
}

// blockAndEnvironment are the places of what may be spread over them: a user name and its password, or the parts of a role.
func (s *settings) blockAndEnvironment() []place { return []place{s.inBlock, s.inEnvironment} }

func (s *settings) inBlockOrEnvironment(argument string) value {
	return find(s.blockAndEnvironment(), argument)
}

// fromArguments finds credentials in the provider block or in the environment: an identity token, a pre-issued token, keys or a
// password, in this order. Without any it says what it found instead.
func (s *settings) fromArguments(in place, origin string) (source client.CredentialSource, why string) {
	for _, find := range []func(place, string) client.CredentialSource{s.identityToken, s.preissuedToken, s.accessKey, s.password} {
		if source := find(in, origin); source != nil {
			return source, ""
		}
	}
	switch found := in("security_token"); {
	case found.IsNull():
		return nil, "no access key, token, password or identity token"
	case found.variable == "":
		s.refuse(unusable("security_token is in the provider block, access_key and secret_key are not. Set all three there, or remove " +
			"security_token and set HW_ACCESS_KEY, HW_SECRET_KEY and HW_SECURITY_TOKEN"))
	}
	return nil, "a security token without access key and secret key"
}

func (s *settings) preissuedToken(in place, origin string) client.CredentialSource {
	token := s.text(in, "token")
	if token == "" {
		return nil
	}
	return client.StaticCredential(client.Credential{Token: token}, origin)
}

// accessKey takes key, secret and security token from one place, as a set: a stale one of the environment must not spoil the others.
func (s *settings) accessKey(in place, origin string) client.CredentialSource {
	key, secret := s.text(in, "access_key"), s.text(in, "secret_key")
	switch {
	case key == "" && secret == "":
		return nil
	case secret == "":
		s.refuse(halfKey(in("access_key"), "access_key", "secret_key"))
	case key == "":
		s.refuse(halfKey(in("secret_key"), "secret_key", "access_key"))
	}
	return client.StaticCredential(client.Credential{
		AccessKey: key, SecretKey: secret, SecurityToken: s.text(in, "security_token"),
	}, origin)
}

// halfKey says that one of access_key and secret_key is missing where the other one is.
func halfKey(found value, present, absent string) error {
	if found.variable == "" {
		return unusable("%s is in the provider block, %s is not. Set both there, or remove %[1]s and set both HW_ACCESS_KEY and HW_SECRET_KEY",
			present, absent)
	}
	return unusable("%s is set, but neither %s is. Set both, or unset %[1]s",
		found.variable, strings.Join(arguments[absent].variables, " nor "))
}

func (s *settings) password(in place, origin string) client.CredentialSource {
	if s.text(in, "user_name")+s.text(in, "user_id")+s.text(in, "password") == "" {
		return nil
	}
	given := client.Password{}
	given.UserName, given.UserID = s.either(s.blockAndEnvironment(), "user_name", "user_id")
	given.DomainName, given.DomainID = s.either(s.places(), "domain_name", "domain_id")
	given.Password = s.text(s.inBlockOrEnvironment, "password")
	switch {
	case given.UserName == "" && given.UserID == "":
		s.refuse(s.incomplete("password", "user_name", "user_id"))
	case given.Password == "" && given.UserName == "":
		s.refuse(s.incomplete("user_id", "password"))
	case given.Password == "":
		s.refuse(s.incomplete("user_name", "password"))
	case given.UserID == "" && given.DomainName == "" && given.DomainID == "":
		s.refuse(s.incomplete("user_name", "domain_name", "domain_id"))
	}
	return client.PasswordSource(given, origin)
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

// fromProfile gives the keys of KooCLI's file, if it is asked for there.
func (s *settings) fromProfile(here bool) (source client.CredentialSource, why string) {
	switch {
	case !here || (s.profile == nil && s.profileError == nil):
		return nil, "not asked for"
	case s.profileError != nil:
		s.refuse(s.profileError)
		return nil, ""
	}
	s.usesProfile = true
	if s.profile.Mode == "ecsAgency" {
		return client.MetadataSource(func(err error) error {
			return fmt.Errorf("the profile %s means the machine's metadata: %w. Run on a cloud server that has an agency", s.profile.shown(), err)
		}), ""
	}
	credential, err := s.profile.credential()
	if err != nil {
		s.refuse(err)
	}
	return client.StaticCredential(credential, "the profile "+s.profile.shown()), ""
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
func (s *settings) withAssumedRole(base client.CredentialSource) client.CredentialSource {
	const block = "assume_role"
	if s.usesIdentityToken {
		if s.hasRole {
			s.refuse(unusable("assume_role and assume_role_with_oidc (environment: %s) each assume a role, and chains of roles are "+
				"not supported. Remove one of the two", anyOf("assume_role_with_oidc.idp_id")))
		}
		return base
	}
	places := s.blockAndEnvironment()
	if !s.inEnvironment("assume_role_with_oidc.idp_id").IsNull() {
		// With an identity provider in the environment, the variables of both blocks mean the identity token's role.
		places = places[:1]
	}
	role := s.role(block, places)
	switch {
	case role.Name == "" && s.hasRole:
		s.refuse(missingIn(block, "agency_name"))
	case role.Name == "" && s.usesProfile && s.profile.AgencyName != "":
		var err error
		if role, err = s.profile.role(); err != nil {
			s.refuse(err)
		}
	case role.Name == "":
		return base
	case role.DomainName == "" && role.DomainID == "":
		s.refuse(missingIn(block, "domain_name", "domain_id"))
	}
	return client.AssumeRoleSource(base, role)
}

// identityToken gives keys for the identity token of a CI system.
func (s *settings) identityToken(in place, origin string) client.CredentialSource {
	const block = "assume_role_with_oidc"
	if isBlock := origin == originBlock; in(block+".idp_id").IsNull() && (!isBlock || !s.hasOIDC) {
		return nil
	}
	s.usesIdentityToken = true
	role := s.role(block, s.blockAndEnvironment())
	identity := client.Identity{ProviderID: s.text(s.inBlockOrEnvironment, block+".idp_id")}
	identity.Token = s.text(s.inBlockOrEnvironment, block+".id_token")
	identity.TokenFile = s.text(s.inBlockOrEnvironment, block+".id_token_file")
	switch {
	case role.Name == "":
		s.refuse(missingIn(block, "agency_name"))
	case role.DomainID == "":
		s.refuse(missingIn(block, "domain_id"))
	case identity.ProviderID == "":
		s.refuse(missingIn(block, "idp_id"))
	case identity.Token == "" && identity.TokenFile == "":
		s.refuse(missingIn(block, "id_token", "id_token_file"))
	case identity.Token != "" && identity.TokenFile != "":
		s.refuse(unusable("both id_token and id_token_file of assume_role_with_oidc are set (environment: %s), and only one can count. "+
			"Remove one of the two", anyOf(block+".id_token", block+".id_token_file")))
	case identity.TokenFile != "":
		identity.TokenFile = expandHome(identity.TokenFile, s.getenv)
	}
	return client.AssumeRoleSource(client.IdentitySource(identity, role.Duration, origin), role)
}

// missingIn says that a role to assume lacks an argument.
func missingIn(block string, absent ...string) error {
	paths := make([]string, len(absent))
	for i, argument := range absent {
		paths[i] = block + "." + argument
	}
	return unusable("the role to assume lacks %s. Set it in the block %s, or the environment variable %s",
		strings.Join(absent, " or "), block, anyOf(paths...))
}

// role reads the arguments that the blocks assume_role and assume_role_with_oidc share.
func (s *settings) role(block string, places []place) client.Agency {
	in := func(argument string) value { return find(places, argument) }
	duration := block + ".duration"
	role := client.Agency{Name: s.text(in, block+".agency_name"), Duration: defaultDuration}
	lives := s.text(in, duration)
	role.DomainName, role.DomainID = s.either(places, block+".domain_name", block+".domain_id")
	if lives == "" || s.unfit != nil {
		return role
	}
	longest := longestDuration
	if role.DomainID != "" {
		longest = longestDurationSTS
	}
	seconds, err := strconv.Atoi(lives)
	if err != nil || seconds < shortestDuration || seconds > longest {
		s.blame(duration, in(duration), fmt.Sprintf("%s given, wanted seconds from %d to %d", quoted(lives), shortestDuration, longest))
		s.refuse(unusable("%s is malformed", duration))
	}
	role.Duration = time.Duration(seconds) * time.Second
	return role
}
