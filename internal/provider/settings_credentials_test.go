package provider_test

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-log/tflogtest"
)

// Bodies that the sign-ins have to send.
const (
	accountID     = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
	agencyBody    = `{"auth":{"identity":{"methods":["assume_role"],"assume_role":{"agency_name":"status-reader","domain_name":"production-account","duration_seconds":%d}}}}`
	stsBody       = `{"agency_urn":"iam::` + accountID + `:agency:status-reader","agency_session_name":"terraform-provider-hwgate","duration_seconds":%d}`
	identityBody  = `{"auth":{"id_token":{"id":"` + idToken + `"}}}`
	exchangeBody  = `{"auth":{"identity":{"methods":["token"],"token":{"id":"` + unscoped + `","duration_seconds":%d}}}}`
	tokenEnds     = `{"token":{"expires_at":"2999-01-02T00:00:00.000000Z"}}`
	nothingBeside = "no access key, token, password or identity token"
)

// spelt is the password as a JSON body has it.
const spelt = `planted\"pass\\word<`

func passwordBody(user, scope string) string {
	return `{"auth":{"identity":{"methods":["password"],"password":{"user":{` + user + `,"password":"` + spelt + `"}}},"scope":` + scope + `}}`
}

func passwordExchange(body string) map[string]exchange {
	return map[string]exchange{passwordAt: {by: nobody, body: body, status: 201, answer: tokenEnds, token: signInToken}}
}

func agencyExchange(by string, duration int) map[string]exchange {
	return map[string]exchange{keysAt: {by: by, body: fmt.Sprintf(agencyBody, duration), status: 201, answer: keysV3(assumedKey)}}
}

func stsExchange(by string, duration int) map[string]exchange {
	return map[string]exchange{stsAt: {by: by, body: fmt.Sprintf(stsBody, duration), status: 201, answer: keysV5(assumedKey)}}
}

// oidcExchanges are the three requests that make an agency's keys of an identity token.
func oidcExchanges(duration, last int) map[string]exchange {
	return map[string]exchange{
		identityAt: {by: nobody, header: map[string]string{"X-Idp-Id": "gitlab"}, body: identityBody, status: 201, answer: `{}`, token: unscoped},
		keysAt:     {by: nobody, body: fmt.Sprintf(exchangeBody, duration), status: 201, answer: keysV3(identityKey)},
		stsAt:      {by: identityKey, body: fmt.Sprintf(stsBody, last), status: 201, answer: keysV5(assumedKey)},
	}
}

var (
	userPath         = `"name":"ci-reader","domain":{"name":"example-account"}`
	userScope        = `{"project":{"name":"cn-north-4","domain":{"name":"example-account"}}}`
	machineExchanges = map[string]exchange{machineAt: {by: nobody, absent: []string{"X-Metadata-Token"}, answer: keysV3(machineKey)}}
	keysInEnv        = map[string]string{"HW_ACCESS_KEY": accessKey, "HW_SECRET_KEY": secretKey}
	idInEnv          = map[string]string{
		"HW_ASSUME_ROLE_AGENCY_NAME": "status-reader", "HW_ASSUME_ROLE_DOMAIN_ID": accountID, "HW_ASSUME_ROLE_IDP_ID": "gitlab",
		"HW_ASSUME_ROLE_ID_TOKEN": idToken,
	}
)

// merged is all of some maps.
func merged[M ~map[string]V, V any](all ...M) M {
	sum := M{}
	for _, one := range all {
		maps.Copy(sum, one)
	}
	return sum
}

// koo is a file of KooCLI.
func koo(profiles string) map[string]string {
	return map[string]string{".hcloud/config.json": `{"current":"default","language":"en","profiles":[` + profiles + `],"authEncrypt":"false"}`}
}

// kooKeys are the members of a profile with given keys.
func kooKeys(key string) string {
	return `"accessKeyId":"` + key + `","secretAccessKey":"` + mockKeys[key][0] + `","securityToken":"` + mockKeys[key][1] + `"`
}

// TestSignIns goes through the variants of each way to sign in: what is sent, and with what an order is read in the end.
func TestSignIns(t *testing.T) {
	t.Parallel()
	role := arguments{
		"access_key": accessKey, "secret_key": secretKey, "assume_role.agency_name": "status-reader",
		"assume_role.domain_name": "production-account",
	}
	role5 := arguments{
		"access_key": accessKey, "secret_key": secretKey, "assume_role.agency_name": "status-reader", "assume_role.domain_id": accountID,
	}
	given := arguments{
		"access_key": givenKey, "secret_key": mockKeys[givenKey][0], "security_token": mockKeys[givenKey][1],
	}
	user := arguments{"user_name": "ci-reader", "password": userPassword, "domain_name": "example-account"}
	oidc := arguments{
		"assume_role_with_oidc.agency_name": "status-reader", "assume_role_with_oidc.domain_id": accountID,
		"assume_role_with_oidc.idp_id": "gitlab",
	}
	withProject := func(by string) map[string]exchange {
		return map[string]exchange{orderAt: {
			by: by, header: map[string]string{"X-Project-Id": projectID}, absent: []string{"X-Domain-Id"},
			answer: `{"data":{"status":"PROCESSING"}}`,
		}}
	}
	withoutDomain := func(by string) map[string]exchange {
		return map[string]exchange{orderAt: {by: by, absent: []string{"X-Domain-Id", "X-Project-Id"}, answer: `{"data":{"status":"PROCESSING"}}`}}
	}
	withDomain := func(by string) map[string]exchange {
		return map[string]exchange{orderAt: {
			by: by, header: map[string]string{"X-Domain-Id": accountID}, absent: []string{"X-Project-Id"},
			answer: `{"data":{"status":"PROCESSING"}}`,
		}}
	}
	tests := map[string]struct {
		block              arguments
		environment, files map[string]string
		reader             string
		exchanges          map[string]exchange
		noRegion           bool
	}{
		"keys":                     {block: arguments{"access_key": accessKey, "secret_key": secretKey}, reader: accessKey},
		"keys of the environment":  {environment: map[string]string{"OS_ACCESS_KEY": accessKey, "OS_SECRET_KEY": secretKey}, reader: accessKey},
		"temporary keys":           {block: given, reader: givenKey},
		"token of the environment": {environment: map[string]string{"OS_AUTH_TOKEN": preIssuedToken}, reader: preIssuedToken},

		"password, user by id": {
			environment: map[string]string{"OS_USER_ID": "u1", "OS_PASSWORD": userPassword, "OS_USER_DOMAIN_ID": accountID},
			reader:      signInToken, exchanges: merged(withDomain(signInToken), passwordExchange(
				passwordBody(`"id":"u1"`, `{"project":{"name":"cn-north-4","domain":{"id":"`+accountID+`"}}}`))),
		},
		"password, all of the environment": {
			environment: map[string]string{"HW_USER_NAME": "ci-reader", "HW_USER_PASSWORD": userPassword, "OS_PROJECT_DOMAIN_NAME": "example-account"},
			reader:      signInToken, exchanges: passwordExchange(passwordBody(userPath, userScope)),
		},
		"password in the block, user in the environment": {
			block:       arguments{"password": userPassword},
			environment: map[string]string{"OS_USERNAME": "ci-reader", "OS_DOMAIN_NAME": "example-account"},
			reader:      signInToken, exchanges: passwordExchange(passwordBody(userPath, userScope)),
		},
		"password, the user and account of the block before ids of the environment": {
			block:       user,
			environment: map[string]string{"HW_USER_ID": "another", "HW_DOMAIN_ID": accountID},
			reader:      signInToken, exchanges: passwordExchange(passwordBody(userPath, userScope)),
		},
		"password of the environment, for the account of the block": {
			block:       arguments{"domain_name": "example-account"},
			environment: map[string]string{"OS_USERNAME": "ci-reader", "OS_PASSWORD": userPassword, "OS_DOMAIN_ID": "another"},
			reader:      signInToken, exchanges: merged(withoutDomain(signInToken), passwordExchange(passwordBody(userPath, userScope))),
		},
		"password, project by id": {
			block: merged(user, arguments{"project_id": projectID}), reader: signInToken,
			exchanges: merged(withProject(signInToken), passwordExchange(passwordBody(userPath, `{"project":{"id":"`+projectID+`"}}`))),
		},
		"password, project by name": {
			block: merged(user, arguments{"project_name": "cn-north-4_team"}), reader: signInToken,
			exchanges: passwordExchange(passwordBody(userPath, `{"project":{"name":"cn-north-4_team","domain":{"name":"example-account"}}}`)),
		},
		"password, at another address": {
			block: merged(user, arguments{"auth_url": "https://iam.example.com/v3/"}), reader: signInToken,
			exchanges: map[string]exchange{"POST iam.example.com/v3/auth/tokens?nocatalog=true": {
				by: nobody, body: passwordBody(userPath, userScope), status: 201, answer: tokenEnds, token: signInToken,
			}},
		},
		"password, with the account of a profile": {
			block:       arguments{"user_name": "ci-reader", "password": userPassword},
			environment: map[string]string{"HW_PROFILE": "default"},
			files:       koo(`{"name":"default","domainId":"` + accountID + `"}`), reader: signInToken,
			exchanges: merged(withDomain(signInToken), passwordExchange(passwordBody(`"name":"ci-reader","domain":{"id":"`+accountID+`"}`,
				`{"project":{"name":"cn-north-4","domain":{"id":"`+accountID+`"}}}`))),
		},

		"password, with an account by name before that of a profile": {
			block: user, environment: map[string]string{"HW_PROFILE": "default"},
			files: koo(`{"name":"default","domainId":"` + accountID + `"}`), reader: signInToken,
			exchanges: merged(withoutDomain(signInToken), passwordExchange(passwordBody(userPath, userScope))),
		},

		"profile, all that it fills in": {
			block: arguments{"profile": "reader"}, noRegion: true,
			files: koo(`{"name":"reader","mode":"AKSK",` + kooKeys(accessKey) + `,"region":"cn-north-4","projectId":"` + projectID +
				`","domainId":"` + accountID + `"}`),
			reader: accessKey, exchanges: withProject(accessKey),
		},
		"profile, its account where it has no project": {
			block: arguments{"profile": "reader"}, noRegion: true,
			files:  koo(`{"name":"reader","mode":"AKSK",` + kooKeys(accessKey) + `,"region":"cn-north-4","domainId":"` + accountID + `"}`),
			reader: accessKey, exchanges: withDomain(accessKey),
		},
		"profile, whose project is of another region": {
			block:  arguments{"profile": "reader"},
			files:  koo(`{"name":"reader","mode":"AKSK",` + kooKeys(accessKey) + `,"region":"cn-east-3","projectId":"east"}`),
			reader: accessKey, exchanges: map[string]exchange{orderAt: {by: accessKey, absent: []string{"X-Project-Id"}, answer: `{"data":{"status":"READY"}}`}},
		},
		"profile of the block before the environment's region and project": {
			block: arguments{"profile": "reader"}, noRegion: true,
			environment: map[string]string{"HW_REGION_NAME": "ap-southeast-1", "HW_PROJECT_ID": "another"},
			files: koo(`{"name":"reader","mode":"AKSK",` + kooKeys(accessKey) + `,"region":"cn-north-4","projectId":"` + projectID +
				`"}`),
			reader: accessKey, exchanges: withProject(accessKey),
		},
		"profile of the environment behind its region": {
			environment: map[string]string{"HW_PROFILE": "reader", "HW_REGION_NAME": "cn-north-4"}, noRegion: true,
			files:  koo(`{"name":"reader","mode":"AKSK",` + kooKeys(accessKey) + `,"region":"ap-southeast-1"}`),
			reader: accessKey,
		},
		"profile of the environment behind its project": {
			environment: map[string]string{"HW_PROFILE": "reader", "HW_PROJECT_ID": projectID}, noRegion: true,
			files:  koo(`{"name":"reader","mode":"AKSK",` + kooKeys(accessKey) + `,"region":"cn-north-4","projectId":"another"}`),
			reader: accessKey, exchanges: withProject(accessKey),
		},
		"profile behind the project of the block": {
			block:  arguments{"profile": "reader", "project_id": projectID},
			files:  koo(`{"name":"reader","mode":"AKSK",` + kooKeys(accessKey) + `,"region":"cn-north-4","projectId":"another"}`),
			reader: accessKey, exchanges: withProject(accessKey),
		},
		"profile in use, of a file in the home directory": {
			block:  arguments{"shared_config_file": "~/.hcloud/config.json"},
			files:  koo(`{"name":"other"},{"name":"default",` + kooKeys(accessKey) + `}`),
			reader: accessKey,
		},
		"profile with an SSO sign-in": {
			environment: map[string]string{"HW_PROFILE": "sso"},
			files:       koo(`{"name":"sso","mode":"SSO","ssoAuth":{"stsToken":{` + kooKeys(givenKey) + `}}}`),
			reader:      givenKey,
		},
		"profile that means the machine": {
			block: arguments{"profile": "ecs"}, files: koo(`{"name":"ecs","mode":"ecsAgency"}`), reader: machineKey, exchanges: machineExchanges,
		},
		"profile with an agency": {
			block: arguments{"profile": "role"},
			files: koo(`{"name":"role","mode":"AKSK",` + kooKeys(accessKey) + `,"agencyName":"status-reader",` +
				`"agencyDomainName":"production-account"}`),
			reader: assumedKey, exchanges: agencyExchange(accessKey, 3600),
		},
		"profile with an agency, and its keys are not used": {
			block:       arguments{"access_key": accessKey, "secret_key": secretKey},
			environment: map[string]string{"HW_PROFILE": "role"},
			files: koo(`{"name":"role","mode":"AKSK",` + kooKeys(givenKey) + `,"agencyName":"status-reader",` +
				`"agencyDomainName":"production-account"}`),
			reader: accessKey,
		},

		"machine": {reader: machineKey, exchanges: machineExchanges},
		"machine that wants a token": {
			reader: machineKey, exchanges: map[string]exchange{
				hardenedAt: {by: nobody, header: map[string]string{"X-Metadata-Token-Ttl-Seconds": "21600"}, answer: "metadata-token\n"},
				machineAt:  {by: nobody, header: map[string]string{"X-Metadata-Token": "metadata-token"}, answer: keysV3(machineKey)},
			},
		},

		"agency":          {block: role, reader: assumedKey, exchanges: agencyExchange(accessKey, 3600)},
		"agency, for STS": {block: merged(role5, arguments{"assume_role.duration": "43200"}), reader: assumedKey, exchanges: stsExchange(accessKey, 43200)},
		"agency of the environment": {
			environment: merged(keysInEnv, map[string]string{
				"HW_ASSUME_ROLE_AGENCY_NAME": "status-reader", "HW_ASSUME_ROLE_DOMAIN_NAME": "production-account", "HW_ASSUME_ROLE_DURATION": "900",
			}),
			reader: assumedKey, exchanges: agencyExchange(accessKey, 900),
		},
		"agency of the block before an id of the environment": {
			block: role, environment: map[string]string{"HW_ASSUME_ROLE_DOMAIN_ID": "another"},
			reader: assumedKey, exchanges: agencyExchange(accessKey, 3600),
		},
		"agency with temporary keys": {
			block: merged(role, given, arguments{"assume_role.duration": "86400"}), reader: assumedKey, exchanges: agencyExchange(givenKey, 86400),
		},
		"agency for STS, with temporary keys": {
			block: merged(role5, given, arguments{"assume_role.duration": "7200"}), reader: assumedKey, exchanges: stsExchange(givenKey, 3600),
		},
		"agency with a token": {
			block:  arguments{"token": preIssuedToken, "assume_role.agency_name": "status-reader", "assume_role.domain_name": "production-account"},
			reader: assumedKey, exchanges: agencyExchange(preIssuedToken, 3600),
		},
		"agency with the machine's keys": {
			block:  arguments{"assume_role.agency_name": "status-reader", "assume_role.domain_id": accountID},
			reader: assumedKey, exchanges: merged(machineExchanges, stsExchange(machineKey, 3600)),
		},
		"agency at another STS": {
			block: merged(role5, arguments{"endpoints": "sts=https://sts.example.com"}), reader: assumedKey,
			exchanges: map[string]exchange{"POST sts.example.com/v5/agencies/assume": {
				by: accessKey, body: fmt.Sprintf(stsBody, 3600), answer: keysV5(assumedKey),
			}},
		},

		"identity token": {
			block: merged(oidc, arguments{"assume_role_with_oidc.id_token": idToken, "assume_role_with_oidc.duration": "1800"}), reader: assumedKey,
			exchanges: oidcExchanges(1800, 1800),
		},
		"identity token, for as long as can be": {
			block: merged(oidc, arguments{"assume_role_with_oidc.id_token": idToken, "assume_role_with_oidc.duration": "43200"}), reader: assumedKey,
			exchanges: oidcExchanges(43200, 3600),
		},
		"identity token in a file": {
			block: merged(oidc, arguments{"assume_role_with_oidc.id_token_file": "~/jürgen/token"}), files: map[string]string{"jürgen/token": idToken + "\n"},
			reader: assumedKey, exchanges: oidcExchanges(3600, 3600),
		},
		"identity token of the environment": {
			environment: merged(idInEnv, map[string]string{"HW_ASSUME_ROLE_DURATION": "7200"}), reader: assumedKey, exchanges: oidcExchanges(7200, 3600),
		},
		"identity token, half block and half environment": {
			block:       arguments{"assume_role_with_oidc.-": "", "assume_role_with_oidc.agency_name": "status-reader"},
			environment: merged(idInEnv, map[string]string{"HW_ASSUME_ROLE_AGENCY_NAME": "another"}),
			reader:      assumedKey, exchanges: oidcExchanges(3600, 3600),
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mock := newAuthMock(t)
			mock.expect(test.reader, test.exchanges)
			block := test.block
			if !test.noRegion {
				block = merged(block, arguments{"region": "cn-north-4"})
			}
			told, sawError := configured(t.Context(), t, mock.options(test.environment, test.files), block)
			if sawError {
				t.Errorf("told: %s", told)
			}
			// Each sign-in once, and then the order.
			asked := slices.DeleteFunc(mock.seen(), func(at string) bool { return at == hardenedAt })
			want := slices.DeleteFunc(slices.Collect(maps.Keys(test.exchanges)), func(at string) bool { return at == hardenedAt || at == orderAt })
			if got := asked[len(asked)-1]; got != orderAt || len(asked) != len(want)+1 {
				t.Errorf("asked for %q, want each of %q once and the order", asked, want)
			}
		})
	}
}

// TestPrecedence gives credentials in several places, and sees which of them reads the order.
func TestPrecedence(t *testing.T) {
	t.Parallel()
	keys := arguments{"access_key": accessKey, "secret_key": secretKey}
	env := map[string]string{"HW_ACCESS_KEY": givenKey, "HW_SECRET_KEY": mockKeys[givenKey][0], "HW_SECURITY_TOKEN": mockKeys[givenKey][1]}
	user := arguments{"user_name": "ci-reader", "password": userPassword, "domain_name": "example-account"}
	signIn := passwordExchange(passwordBody(userPath, userScope))
	oidc := arguments{
		"assume_role_with_oidc.agency_name": "status-reader", "assume_role_with_oidc.domain_id": accountID,
		"assume_role_with_oidc.idp_id": "gitlab", "assume_role_with_oidc.id_token": idToken,
	}
	profile := koo(`{"name":"default","mode":"AKSK",` + kooKeys(accessKey) + `}`)
	environmentUser := map[string]string{"HW_USER_NAME": "ci-reader", "HW_USER_PASSWORD": userPassword, "HW_DOMAIN_NAME": "example-account"}
	const unused = "WARNING AttributeName(\"profile\") The profile's keys are not used"
	tests := map[string]struct {
		block              arguments
		environment, files map[string]string
		reader             string
		exchanges          map[string]exchange
		warning            string
	}{
		"block before profile in the block": {
			block: merged(keys, arguments{"profile": "default"}), files: koo(`{"name":"default",` + kooKeys(givenKey) + `}`), reader: accessKey, warning: unused,
		},
		"block before environment, as a set": {block: keys, environment: env, reader: accessKey},
		"block's password before the environment's keys": {
			block: user, environment: env, reader: signInToken, exchanges: signIn,
		},
		"block's keys before the environment's identity token": {block: keys, environment: idInEnv, reader: accessKey},
		"block's keys with an agency of the block, beside the environment's identity token": {
			block:       merged(keys, arguments{"assume_role.agency_name": "status-reader", "assume_role.domain_name": "production-account"}),
			environment: idInEnv, reader: assumedKey, exchanges: agencyExchange(accessKey, 3600),
		},
		"profile in the block before environment": {block: arguments{"profile": "default"}, files: profile, environment: env, reader: accessKey},
		"file in the block before environment": {
			block: arguments{"shared_config_file": "~/.hcloud/config.json"}, files: profile, environment: env, reader: accessKey,
		},
		"environment before its profile": {
			environment: merged(env, map[string]string{"HW_PROFILE": "default"}), files: profile, reader: givenKey,
		},
		"profile of the environment before the machine": {
			environment: map[string]string{"HW_PROFILE": "default"}, files: profile, reader: accessKey, exchanges: machineExchanges,
		},
		"a file that nobody asked for": {files: profile, reader: machineKey, exchanges: machineExchanges},
		"identity token before token": {
			block: merged(oidc, arguments{"token": preIssuedToken}), reader: assumedKey, exchanges: oidcExchanges(3600, 3600),
		},
		"identity token before keys, in the environment": {
			environment: merged(idInEnv, keysInEnv), reader: assumedKey, exchanges: oidcExchanges(3600, 3600),
		},
		"token before keys": {block: merged(keys, arguments{"token": preIssuedToken}), reader: preIssuedToken},
		"token before keys, in the environment": {
			environment: merged(env, map[string]string{"HW_AUTH_TOKEN": preIssuedToken}), reader: preIssuedToken,
		},
		"keys before password":                     {block: merged(keys, user), reader: accessKey},
		"keys before password, in the environment": {environment: merged(env, environmentUser), reader: givenKey},
		"password before the machine":              {environment: environmentUser, reader: signInToken, exchanges: merged(machineExchanges, signIn)},
		"an empty variable counts as unset": {
			environment: merged(keysInEnv, map[string]string{"HW_AUTH_TOKEN": "", "HW_SECURITY_TOKEN": ""}), reader: accessKey,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mock := newAuthMock(t)
			mock.expect(test.reader, test.exchanges)
			told, sawError := configured(t.Context(), t, mock.options(test.environment, test.files), merged(test.block, arguments{"region": "cn-north-4"}))
			if sawError || !strings.HasPrefix(told, test.warning) || (test.warning == "" && told != "") {
				t.Errorf("told: %s, want %q", told, test.warning)
			}
			if !slices.Contains(mock.seen(), orderAt) {
				t.Errorf("the order was not read: %q", mock.seen())
			}
		})
	}
}

// flat joins paragraphs into one line.
func flat(told string) string {
	return strings.ReplaceAll(strings.ReplaceAll(told, "\n\n", " "), "\n", " ")
}

// TestChosenCredentialIsLogged wants the winner in the log, at INFO, and no secret.
func TestChosenCredentialIsLogged(t *testing.T) {
	t.Parallel()
	mock := newAuthMock(t)
	mock.expect(assumedKey, agencyExchange(givenKey, 3600))
	var log bytes.Buffer
	_, sawError := configured(tflogtest.RootLogger(t.Context(), &log), t, mock.options(nil, nil), arguments{
		"region": "cn-north-4", "access_key": givenKey, "secret_key": mockKeys[givenKey][0], "security_token": mockKeys[givenKey][1],
		"assume_role.agency_name": "status-reader", "assume_role.domain_name": "production-account",
	})
	if sawError {
		t.Fatal("the order was not read")
	}
	entries, err := tflogtest.MultilineJSONDecode(&log)
	if err != nil {
		t.Fatal(err)
	}
	var chosen []string
	for _, entry := range entries {
		if entry["@message"] == "credential chosen" && entry["@level"] == "info" {
			chosen = append(chosen, fmt.Sprintf("%s from %s", entry["credential"], entry["origin"]))
		}
		for _, secret := range planted() {
			if text := fmt.Sprint(entry); strings.Contains(text, secret) {
				t.Errorf("the secret %q is in the log: %s", secret, text)
			}
		}
	}
	want := []string{
		"temporary access key …EY01 from the provider block",
		"temporary access key …0004 from the agency status-reader, assumed with the provider block",
	}
	if !slices.Equal(chosen, want) {
		t.Errorf("the log says %q, want %q", chosen, want)
	}
}
