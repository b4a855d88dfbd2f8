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

const originBlock = "the provider block"

// credentials returns the source of credentials. If none can be used, its error is that of every read.
func (s *settings) credentials() client.CredentialSource {
	source := s.chooseCredentials()
	if s.credentialErr != nil {
		return client.NoCredential(s.credentialErr)
	}
	return source
}

// chooseCredentials takes the first place that has credentials, and adds the role to assume.
func (s *settings) chooseCredentials() client.CredentialSource {
	var checked strings.Builder
	for _, candidate := range []struct {
		name string
		find func() (source client.CredentialSource, why string)
	}{
		{"provider block", func() (client.CredentialSource, string) { return s.fromArguments(s.inBlock, originBlock) }},
		{"profile (provider block)", func() (client.CredentialSource, string) { return s.fromProfile(s.profileInBlock()) }},
		{"environment", func() (client.CredentialSource, string) { return s.fromArguments(s.inEnvironment, "the environment") }},
		{"profile (environment)", func() (client.CredentialSource, string) { return s.fromProfile(!s.profileInBlock()) }},
	} {
		source, why := candidate.find()
		switch {
		case s.credentialErr != nil:
			return nil
		case source == nil:
			// Terraform does not wrap lines that begin with a space.
			checked.WriteString("  - " + candidate.name + ": " + why + "\n")
			continue
		case candidate.name == "provider block" && s.profileInBlock():
			s.diags.AddAttributeWarning(path.Root("profile"), "The profile's keys are not used",
				"The provider block has credentials of its own, which win over shared_config_file and profile. Remove one of the two.")
		}
		return s.withAssumedRole(source)
	}
	// A job that has an identity token must not read as the machine that runs it.
	for _, argument := range []string{"assume_role_with_oidc.id_token", "assume_role_with_oidc.id_token_file"} {
		if token := s.inEnvironment(argument); !token.IsNull() {
			s.fail(settingErrorf("%s is set, but %s is not, without which an identity token is not used. Set it (a CI system may keep a protected "+
				"variable from this branch), or unset %[1]s", token.variable, variablesOf("assume_role_with_oidc.idp_id")))
			return nil
		}
	}
	return s.withAssumedRole(client.MetadataSource(func(err error) error {
		if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
			return err
		}
		return settingErrorf("No credentials found. %sSet HW_ACCESS_KEY and HW_SECRET_KEY, or see the guide on authentication.\n"+
			"%s  - metadata of the machine: %s", s.foreignVariables(credentialArguments...), checked.String(), err)
	}))
}

// credentialArguments are those that other tools have variables of their own for, see foreignVariables.
var credentialArguments = []string{"access_key", "secret_key", "security_token", "token", "user_name", "password"}

// foreignVariables are the variables that the vendor's other tools read in place of an argument's own.
var foreignVariables = map[string][]string{
	"access_key": {
		"HUAWEICLOUD_SDK_AK", "CLOUD_SDK_AK", "HUAWEICLOUD_ACCESS_KEY_ID", "HUAWEI_CLOUD_ACCESS_KEY_ID", "HUAWEICLOUD_ACCESS_KEY",
		"HUAWEI_CLOUD_ACCESS_KEY", "HUAWEICLOUD_AK", "HUAWEI_CLOUD_AK", "HW_ACCESS_KEY_ID", "HWCLOUD_ACCESS_KEY", "HW_AK", "OBS_ACCESS_KEY_ID",
	},
	"secret_key": {
		"HUAWEICLOUD_SDK_SK", "CLOUD_SDK_SK", "HUAWEICLOUD_SECRET_ACCESS_KEY", "HUAWEI_CLOUD_SECRET_ACCESS_KEY", "HUAWEICLOUD_SECRET_KEY",
		"HUAWEI_CLOUD_SECRET_KEY", "HUAWEICLOUD_SK", "HUAWEI_CLOUD_SK", "HW_SECRET_ACCESS_KEY", "HWCLOUD_SECRET_KEY", "HW_SK",
		"OBS_SECRET_ACCESS_KEY",
	},
	"security_token": {
		"HUAWEICLOUD_SDK_SECURITY_TOKEN", "HUAWEICLOUD_SECURITY_TOKEN", "HUAWEI_CLOUD_SECURITY_TOKEN", "OBS_SECURITY_TOKEN",
	},
	"token":     {"OS_TOKEN", "HW_TOKEN"},
	"user_name": {"HW_USERNAME"},
	"password":  {"HW_PASSWORD"},
	"region": {
		"HUAWEICLOUD_SDK_REGION", "HUAWEICLOUD_REGION", "HUAWEI_CLOUD_REGION", "HUAWEICLOUD_REGION_NAME", "HW_REGION", "HWCLOUD_REGION", "OS_REGION",
	},
}

// foreignVariables says which variables of other tools are set, and what to set instead; it is empty if none is.
func (s *settings) foreignVariables(names ...string) string {
	var found []string
	for _, argument := range names {
		for _, name := range foreignVariables[argument] {
			if s.getenv(name) != "" {
				found = append(found, fmt.Sprintf("%s is set, which hwgate does not read: it reads %s.", name, variablesOf(argument)))
				break
			}
		}
	}
	return strings.Join(append(found, ""), " ")
}

// fail sets the error of the credential, unless there is one already.
func (s *settings) fail(err error) {
	if s.credentialErr == nil {
		s.credentialErr = err
	}
}

// credentialText returns an argument of a credential, empty if it is null or after an error. An unknown or malformed value is an error.
func (s *settings) credentialText(found value) string {
	switch {
	case s.credentialErr != nil || found.IsNull():
		return ""
	case found.IsUnknown():
		s.fail(unknownError(found.argument))
	case arguments[found.argument].format.check != nil && !s.validate(found):
		s.fail(settingErrorf("%s is malformed", found.argument))
	}
	return found.ValueString()
}

// nameAndID returns two arguments for the same thing, from the first place that has either.
func (s *settings) nameAndID(places []place, nameArgument, idArgument string) (name, id string) {
	name = s.credentialText(find(places, nameArgument, idArgument))
	return name, s.credentialText(find(places, idArgument, nameArgument))
}

// blockAndEnvironment are the places of arguments that need not be in the same place: user name and password, the parts of a role.
func (s *settings) blockAndEnvironment() []place { return []place{s.inBlock, s.inEnvironment} }

func (s *settings) inBlockOrEnvironment(argument string) value {
	return find(s.blockAndEnvironment(), argument)
}

// fromArguments looks for credentials in the provider block or the environment. If there are none, it says why.
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
		s.fail(settingErrorf("security_token is in the provider block, access_key and secret_key are not. Set all three there, or remove " +
			"security_token and set HW_ACCESS_KEY, HW_SECRET_KEY and HW_SECURITY_TOKEN"))
	}
	return nil, "a security token without access key and secret key"
}

func (s *settings) preissuedToken(in place, origin string) client.CredentialSource {
	token := s.credentialText(in("token"))
	if token == "" {
		return nil
	}
	return client.StaticCredential(client.Credential{Token: token}, origin)
}

// Lengths of the keys that IAM issues.
const accessKeyLength, secretKeyLength = 20, 40

// accessKey takes both keys and the security token from one place: a stale one in the environment must not be combined with the others.
func (s *settings) accessKey(in place, origin string) client.CredentialSource {
	key, secret := s.credentialText(in("access_key")), s.credentialText(in("secret_key"))
	switch {
	case key == "" && secret == "":
		return nil
	case secret == "":
		s.fail(missingKey(in("access_key"), "secret_key"))
	case key == "":
		s.fail(missingKey(in("secret_key"), "access_key"))
	case len(key) == secretKeyLength && len(secret) == accessKeyLength:
		s.fail(settingErrorf("access_key and secret_key are swapped, it seems: an access key has %d characters, its secret key %d",
			accessKeyLength, secretKeyLength))
	}
	return client.StaticCredential(client.Credential{
		AccessKey: key, SecretKey: secret, SecurityToken: s.credentialText(in("security_token")),
	}, origin)
}

// missingKey says that one of access_key and secret_key is missing where the other is present.
func missingKey(present value, absent string) error {
	if present.variable == "" {
		return settingErrorf("%s is in the provider block, %s is not. Set both there, or remove %[1]s and set both HW_ACCESS_KEY and "+
			"HW_SECRET_KEY", present.argument, absent)
	}
	return settingErrorf("%s is set, but neither %s is. Set both, or unset %[1]s",
		present.variable, strings.Join(arguments[absent].variables, " nor "))
}

func (s *settings) password(in place, origin string) client.CredentialSource {
	if s.credentialText(in("user_name"))+s.credentialText(in("user_id"))+s.credentialText(in("password")) == "" {
		return nil
	}
	signIn := client.Password{}
	signIn.UserName, signIn.UserID = s.nameAndID(s.blockAndEnvironment(), "user_name", "user_id")
	signIn.DomainName, signIn.DomainID = s.nameAndID(s.places(), "domain_name", "domain_id")
	signIn.Password = s.credentialText(s.inBlockOrEnvironment("password"))
	switch {
	case signIn.UserName == "" && signIn.UserID == "":
		s.fail(s.missingArgument("password", "user_name", "user_id"))
	case signIn.Password == "" && signIn.UserName == "":
		s.fail(s.missingArgument("user_id", "password"))
	case signIn.Password == "":
		s.fail(s.missingArgument("user_name", "password"))
	case signIn.UserID == "" && signIn.DomainName == "" && signIn.DomainID == "":
		s.fail(s.missingArgument("user_name", "domain_name", "domain_id"))
	}
	return client.PasswordSource(signIn, origin)
}

// missingArgument says that an argument is present without one that it needs.
func (s *settings) missingArgument(present string, absent ...string) error {
	where, remedy := present+" is in the provider block", "remove "+present
	if found := s.inBlockOrEnvironment(present); found.variable != "" {
		where, remedy = found.variable+" is set", "unset "+found.variable
	}
	names := strings.Join(absent, " or ")
	return settingErrorf("%s, but there is no %s. Set %[2]s in the provider block, or the environment variable %[3]s; or %[4]s",
		where, names, variablesOf(absent...), remedy)
}

// fromProfile returns the credential of the profile, if one is selected at this position in the order of precedence.
func (s *settings) fromProfile(selected bool) (source client.CredentialSource, why string) {
	switch {
	case !selected || (s.profile == nil && s.profileErr == nil):
		return nil, "neither a profile nor a file is named"
	case s.profileErr != nil:
		s.fail(s.profileErr)
		return nil, ""
	}
	s.usesProfile = true
	if s.profile.Mode == "ecsAgency" {
		return client.MetadataSource(func(err error) error {
			return fmt.Errorf("the profile %s uses the machine's metadata: %w. Run on a cloud server that has an agency", s.profile.shown(), err)
		}), ""
	}
	credential, err := s.profile.credential()
	if err != nil {
		s.fail(err)
	}
	return client.StaticCredential(credential, "the profile "+s.profile.shown()), ""
}

// Lifetimes of the keys of an assumed role. STS, the newer API, issues them for half a day at most.
const (
	defaultDuration    = time.Hour
	shortestDuration   = 900 // seconds
	longestDuration    = 86400
	longestDurationSTS = 43200
)

// withAssumedRole adds the role that the provider block, the environment or the profile of the credential asks for.
func (s *settings) withAssumedRole(base client.CredentialSource) client.CredentialSource {
	const block = "assume_role"
	if s.usesIdentityToken {
		if isSet(s.block[block]) {
			s.fail(settingErrorf("assume_role and assume_role_with_oidc (environment: %s) each assume a role, and chains of roles are "+
				"not supported. Remove one of the two", variablesOf("assume_role_with_oidc.idp_id")))
		}
		return base
	}
	places := s.blockAndEnvironment()
	if !s.inEnvironment("assume_role_with_oidc.idp_id").IsNull() {
		// Both blocks share the variables, which then belong to assume_role_with_oidc.
		places = places[:1]
	}
	role := s.role(block, places)
	switch {
	case role.Name == "" && isSet(s.block[block]):
		s.fail(missingRoleArgument(block, "agency_name"))
	case role.Name == "" && s.usesProfile && s.profile.AgencyName != "":
		var err error
		if role, err = s.profile.role(); err != nil {
			s.fail(err)
		}
	case role.Name == "":
		return base
	case role.DomainName == "" && role.DomainID == "":
		s.fail(missingRoleArgument(block, "domain_name", "domain_id"))
	}
	return client.AssumeRoleSource(base, role)
}

// identityToken exchanges the identity token of a CI system for the keys of an agency.
func (s *settings) identityToken(in place, origin string) client.CredentialSource {
	const block = "assume_role_with_oidc"
	if in(block+".idp_id").IsNull() && !isSet(s.block[block]) {
		return nil
	}
	s.usesIdentityToken = true
	role := s.role(block, s.blockAndEnvironment())
	identity := client.Identity{
		ProviderID: s.credentialText(s.inBlockOrEnvironment(block + ".idp_id")),
		Token:      s.credentialText(s.inBlockOrEnvironment(block + ".id_token")),
		TokenFile:  s.credentialText(s.inBlockOrEnvironment(block + ".id_token_file")),
	}
	switch {
	case role.Name == "":
		s.fail(missingRoleArgument(block, "agency_name"))
	case role.DomainID == "":
		s.fail(missingRoleArgument(block, "domain_id"))
	case identity.ProviderID == "":
		s.fail(missingRoleArgument(block, "idp_id"))
	case identity.Token == "" && identity.TokenFile == "":
		s.fail(missingRoleArgument(block, "id_token", "id_token_file"))
	case identity.Token != "" && identity.TokenFile != "":
		s.fail(settingErrorf("both id_token and id_token_file of assume_role_with_oidc are set (environment: %s), and only one can count. "+
			"Remove one of the two", variablesOf(block+".id_token", block+".id_token_file")))
	case identity.TokenFile != "":
		var err error
		if identity.TokenFile, err = expandHome(identity.TokenFile, s.getenv); err != nil {
			s.fail(settingErrorf("%s.id_token_file cannot be used: %s", block, err))
		}
	}
	return client.AssumeRoleSource(client.IdentitySource(identity, role.Duration, origin), role)
}

func missingRoleArgument(block string, absent ...string) error {
	paths := make([]string, len(absent))
	for i, argument := range absent {
		paths[i] = block + "." + argument
	}
	return settingErrorf("the role to assume lacks %s. Set it in the block %s, or the environment variable %s",
		strings.Join(absent, " or "), block, variablesOf(paths...))
}

// role reads the arguments that assume_role and assume_role_with_oidc share.
func (s *settings) role(block string, places []place) client.Agency {
	role := client.Agency{Name: s.credentialText(find(places, block+".agency_name")), Duration: defaultDuration}
	found := find(places, block+".duration")
	duration := s.credentialText(found)
	role.DomainName, role.DomainID = s.nameAndID(places, block+".domain_name", block+".domain_id")
	if duration == "" || s.credentialErr != nil {
		return role
	}
	longest := longestDuration
	if role.DomainID != "" {
		longest = longestDurationSTS
	}
	seconds, err := strconv.Atoi(duration)
	if err != nil || seconds < shortestDuration || seconds > longest {
		s.addError(found, fmt.Sprintf("%s given, wanted seconds from %d to %d", quoted(duration), shortestDuration, longest))
		s.fail(settingErrorf("%s is malformed", found.argument))
	}
	role.Duration = time.Duration(seconds) * time.Second
	return role
}
