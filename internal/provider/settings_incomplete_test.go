package provider_test

import (
	"maps"
	"strings"
	"testing"
)

// TestMalformedCredentials makes sure that what can never be right is refused before anything is sent, with argument and variable named.
// No error points at an argument that holds a secret, since Terraform prints the line that an error points at.
func TestMalformedCredentials(t *testing.T) {
	t.Parallel()
	keys := arguments{"access_key": accessKey, "secret_key": secretKey}
	agency := arguments{"assume_role.agency_name": "status-reader", "assume_role.domain_id": accountID}
	oidc := arguments{
		"assume_role_with_oidc.agency_name": "status-reader", "assume_role_with_oidc.domain_id": accountID,
		"assume_role_with_oidc.idp_id": "gitlab", "assume_role_with_oidc.id_token": idToken,
	}
	at := func(names ...string) string {
		path := ""
		for _, name := range names {
			path += `AttributeName("` + name + `")`
			if name != names[len(names)-1] {
				path += "."
			}
		}
		return "ERROR " + path
	}
	nowhere := func(argument string) string { return "ERROR  Invalid provider setting " + argument + ": " }
	tests := map[string]struct {
		block       arguments
		environment map[string]string
		files       map[string]string
		want        []string
	}{
		"empty access key":     {block: merged(keys, arguments{"access_key": ""}), want: []string{nowhere("access_key"), "it is empty"}},
		"empty secret key":     {block: merged(keys, arguments{"secret_key": ""}), want: []string{nowhere("secret_key"), "it is empty"}},
		"empty security token": {block: merged(keys, arguments{"security_token": ""}), want: []string{nowhere("security_token"), "it is empty"}},
		"empty token":          {block: arguments{"token": ""}, want: []string{nowhere("token"), "it is empty"}},
		"empty password":       {block: arguments{"user_name": "u", "password": ""}, want: []string{nowhere("password"), "it is empty"}},
		"empty identity token": {
			block: merged(oidc, arguments{"assume_role_with_oidc.id_token": ""}), want: []string{nowhere("assume_role_with_oidc.id_token"), "it is empty"},
		},
		"secret key with a space before it": {
			block: merged(keys, arguments{"secret_key": " " + secretKey}), want: []string{nowhere("secret_key"), "it begins with a space, wanted"},
		},
		"key with a line break": {
			environment: map[string]string{"HW_ACCESS_KEY": accessKey + "\n", "HW_SECRET_KEY": secretKey},
			want:        []string{nowhere("access_key"), "environment variable HW_ACCESS_KEY", "it ends in a line break, wanted printable ASCII"},
		},
		"password with a line break": {
			environment: map[string]string{"HW_USER_NAME": "ci-reader", "HW_USER_PASSWORD": userPassword + "\r\n"},
			want:        []string{nowhere("password"), "environment variable HW_USER_PASSWORD", "it ends in a line break, wanted text"},
		},
		"user with a line break": {
			block: arguments{"user_name": "ci-reader\n", "password": userPassword},
			want:  []string{at("user_name"), `cannot be used: "ci-reader\n" ends in a line break, wanted text`},
		},
		"account that is no id": {
			block:       arguments{"user_name": "ci-reader", "password": userPassword},
			environment: map[string]string{"OS_USER_DOMAIN_ID": "a/b"},
			want:        []string{at("domain_id"), `taken from the environment variable OS_USER_DOMAIN_ID, cannot be used: "a/b" given, wanted 1 to 64`},
		},
		"account of a role that is no id": {
			environment: merged(keysInEnv, map[string]string{"HW_ASSUME_ROLE_AGENCY_NAME": "a", "HW_ASSUME_ROLE_DOMAIN_ID": "a/b"}),
			want:        []string{at("assume_role", "domain_id"), `HW_ASSUME_ROLE_DOMAIN_ID, cannot be used: "a/b" given, wanted 1 to 64`},
		},
		"empty profile":     {block: merged(keys, arguments{"profile": ""}), want: []string{at("profile"), "it is empty"}},
		"empty config file": {block: arguments{"shared_config_file": ""}, want: []string{at("shared_config_file"), "it is empty"}},
		"project of a profile": {
			block: arguments{"profile": "default"}, files: koo(`{"name":"default","region":"cn-north-4","projectId":"a/b",` + kooKeys(accessKey) + `}`),
			want: []string{at("project_id"), `taken from the profile default, cannot be used: "a/b" given`},
		},
		"region of a profile": {
			environment: map[string]string{"HW_PROFILE": "default"}, files: koo(`{"name":"default","region":"a.b",` + kooKeys(accessKey) + `}`),
			want: []string{at("region"), `taken from the profile default, cannot be used: "a.b" given`},
		},
		"duration too short": {
			block: merged(keys, agency, arguments{"assume_role.duration": "899"}),
			want:  []string{at("assume_role", "duration"), `"899" given, wanted seconds from 900 to 43200`},
		},
		"duration too long": {
			block: merged(keys, agency, arguments{"assume_role.duration": "43201"}),
			want:  []string{at("assume_role", "duration"), "wanted seconds from 900 to 43200"},
		},
		"duration too long for the third version": {
			block:       merged(keys, arguments{"assume_role.agency_name": "a", "assume_role.domain_name": "b"}),
			environment: map[string]string{"HW_ASSUME_ROLE_DURATION": "86401"},
			want: []string{
				at("assume_role", "duration"), "environment variable HW_ASSUME_ROLE_DURATION", "wanted seconds from 900 to 86400",
			},
		},
		"duration too long for an identity token": {
			block: merged(oidc, arguments{"assume_role_with_oidc.duration": "43201"}),
			want:  []string{at("assume_role_with_oidc", "duration"), "wanted seconds from 900 to 43200"},
		},
		"duration that is none": {
			environment: merged(idInEnv, map[string]string{"HW_ASSUME_ROLE_DURATION": "1h"}),
			want:        []string{at("assume_role_with_oidc", "duration"), "environment variable HW_ASSUME_ROLE_DURATION", `"1h" given`},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mock := newAuthMock(t)
			mock.expect(nobody, nil)
			block := test.block
			if test.files == nil {
				block = merged(block, arguments{"region": "cn-north-4"})
			}
			told, _ := configured(t.Context(), t, mock.options(test.environment, test.files), block)
			for _, want := range test.want {
				if !strings.Contains(told, want) {
					t.Errorf("told: %s, want %q", told, want)
				}
			}
			if seen := mock.seen(); len(seen) > 0 {
				t.Errorf("sent: %q", seen)
			}
			checkHarmless(t, flat(told), planted()...)
		})
	}
}

// TestIncompleteCredentials makes sure that half a credential, wherever it stands, blocks no configuration: it is the error of the read
// that needs it, which says what is where, and what to do. It sends nothing, and so names no request.
func TestIncompleteCredentials(t *testing.T) {
	t.Parallel()
	keys := arguments{"access_key": accessKey, "secret_key": secretKey}
	agency := arguments{"assume_role.agency_name": "status-reader", "assume_role.domain_id": accountID}
	oidc := arguments{
		"assume_role_with_oidc.agency_name": "status-reader", "assume_role_with_oidc.domain_id": accountID,
		"assume_role_with_oidc.idp_id": "gitlab", "assume_role_with_oidc.id_token": idToken,
	}
	without := func(argument string) arguments {
		rest := maps.Clone(oidc)
		delete(rest, "assume_role_with_oidc."+argument)
		return rest
	}
	const (
		two  = "assume_role and assume_role_with_oidc (environment: HW_ASSUME_ROLE_IDP_ID) each assume a role, and chains of roles are not supported. Remove one of the two."
		keep = "Set both there, or remove access_key and set both HW_ACCESS_KEY and HW_SECRET_KEY."
	)
	tests := map[string]struct {
		block       arguments
		environment map[string]string
		files       map[string]string
		want        string
	}{
		"access key": {
			block: arguments{"access_key": accessKey}, want: "access_key is in the provider block, secret_key is not. " + keep,
		},
		"access key, and the secret in the environment": {
			block: arguments{"access_key": accessKey}, environment: map[string]string{"HW_SECRET_KEY": secretKey},
			want: "access_key is in the provider block, secret_key is not. " + keep,
		},
		"secret key, and both in the environment": {
			block: arguments{"secret_key": secretKey}, environment: keysInEnv,
			want: "secret_key is in the provider block, access_key is not. " + strings.Replace(keep, "access_key", "secret_key", 1),
		},
		"access key in the environment": {
			environment: map[string]string{"HW_ACCESS_KEY": accessKey},
			want:        "HW_ACCESS_KEY is set, but neither HW_SECRET_KEY nor OS_SECRET_KEY is. Set both, or unset HW_ACCESS_KEY.",
		},
		"secret key in the environment": {
			environment: map[string]string{"OS_SECRET_KEY": secretKey},
			want:        "OS_SECRET_KEY is set, but neither HW_ACCESS_KEY nor OS_ACCESS_KEY is. Set both, or unset OS_SECRET_KEY.",
		},
		"security token in the block": {
			block: arguments{"security_token": mockKeys[givenKey][1]}, environment: keysInEnv,
			want: "security_token is in the provider block, access_key and secret_key are not. Set all three there, or remove security_token",
		},
		"user": {
			block: arguments{"user_name": "ci-reader"},
			want: "user_name is in the provider block, but there is no password. Set password in the provider block, or the environment variable " +
				"HW_USER_PASSWORD or OS_PASSWORD; or remove user_name.",
		},
		"user in the environment": {
			environment: map[string]string{"OS_USERNAME": "ci-reader"}, want: "OS_USERNAME is set, but there is no password. ",
		},
		"user id": {
			environment: map[string]string{"OS_USER_ID": "u1"},
			want: "OS_USER_ID is set, but there is no password. Set password in the provider block, or the environment variable HW_USER_PASSWORD or " +
				"OS_PASSWORD; or unset OS_USER_ID.",
		},
		"password": {
			environment: map[string]string{"OS_PASSWORD": userPassword}, want: "OS_PASSWORD is set, but there is no user_name or user_id. ",
		},
		"user and password without an account": {
			block: arguments{"user_name": "ci-reader", "password": userPassword, "project_id": projectID},
			want:  "user_name is in the provider block, but there is no domain_name or domain_id. Set domain_name or domain_id in the provider block",
		},
		"role without a name": {
			block: merged(keys, arguments{"assume_role.-": ""}),
			want:  "The role to assume lacks agency_name. Set it in the block assume_role, or the environment variable HW_ASSUME_ROLE_AGENCY_NAME.",
		},
		"role without an account": {
			environment: merged(keysInEnv, map[string]string{"HW_ASSUME_ROLE_AGENCY_NAME": "status-reader"}),
			want: "The role to assume lacks domain_name or domain_id. Set it in the block assume_role, or the environment variable " +
				"HW_ASSUME_ROLE_DOMAIN_NAME or HW_ASSUME_ROLE_DOMAIN_ID.",
		},
		"two roles": {block: merged(oidc, agency), want: two},
		"a role on top of the environment's identity token": {block: agency, environment: idInEnv, want: two},
		"identity without a role": {
			block: without("agency_name"), want: "lacks agency_name. Set it in the block assume_role_with_oidc, or the environment variable HW_ASSUME_ROLE_AGENCY_NAME.",
		},
		"identity without an account": {block: without("domain_id"), want: "The role to assume lacks domain_id."},
		"identity without a provider": {block: without("idp_id"), want: "The role to assume lacks idp_id."},
		"identity without a token":    {block: without("id_token"), want: "The role to assume lacks id_token or id_token_file."},
		"identity with two tokens": {
			block: oidc, environment: map[string]string{"HW_ASSUME_ROLE_ID_TOKEN_FILE": "/nonexistent"},
			want: "both id_token and id_token_file of assume_role_with_oidc are set",
		},
		"profile with an SSO sign-in without its security token": {
			block: arguments{"profile": "p"},
			files: koo(`{"name":"p","mode":"SSO","ssoAuth":{"stsToken":{"accessKeyId":"a","secretAccessKey":"b"}}}`),
			want:  "The profile p has no keys of its SSO sign-in. Run hcloud configure sso.",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mock := newAuthMock(t)
			mock.expect(nobody, nil)
			told, _ := configured(t.Context(), t, mock.options(test.environment, test.files), merged(test.block, arguments{"region": "cn-north-4"}))
			begin := "ERROR  Cannot read COC script order " + orderID + ": "
			if !strings.HasPrefix(told, begin) || !strings.Contains(strings.ToLower(told), strings.ToLower(test.want)) || strings.Contains(told, "GET ") ||
				!strings.HasSuffix(told, "\n\nThen run again. If this blocks a destroy, run it with -refresh=false.\n\n") {
				t.Errorf("told: %s, want %q", told, test.want)
			}
			if seen := mock.seen(); len(seen) > 0 {
				t.Errorf("sent: %q", seen)
			}
			checkHarmless(t, flat(told), planted()...)
		})
	}
}
