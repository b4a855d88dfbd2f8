package provider_test

import (
	"bytes"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/hashicorp/terraform-plugin-log/tflogtest"
	"github.com/hashicorp/terraform-plugin-testing/config"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
)

// Bodies that the log-ins have to send.
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

func passwordDeal(body string) map[string]deal {
	return map[string]deal{passwordAt: {by: nobody, body: body, status: 201, answer: tokenEnds, token: logInToken}}
}

func agencyDeal(by string, duration int) map[string]deal {
	return map[string]deal{keysAt: {by: by, body: fmt.Sprintf(agencyBody, duration), status: 201, answer: keysV3(assumedKey)}}
}

func stsDeal(by string, duration int) map[string]deal {
	return map[string]deal{stsAt: {by: by, body: fmt.Sprintf(stsBody, duration), status: 201, answer: keysV5(assumedKey)}}
}

// oidcDeals are the three requests that make an agency's keys of an identity token.
func oidcDeals(duration, last int) map[string]deal {
	return map[string]deal{
		identityAt: {by: nobody, header: map[string]string{"X-Idp-Id": "gitlab"}, body: identityBody, status: 201, answer: `{}`, token: unscoped},
		keysAt:     {by: nobody, body: fmt.Sprintf(exchangeBody, duration), status: 201, answer: keysV3(identityKey)},
		stsAt:      {by: identityKey, body: fmt.Sprintf(stsBody, last), status: 201, answer: keysV5(assumedKey)},
	}
}

var (
	userPath     = `"name":"ci-reader","domain":{"name":"example-account"}`
	userScope    = `{"project":{"name":"cn-north-4","domain":{"name":"example-account"}}}`
	machineDeals = map[string]deal{machineAt: {by: nobody, absent: []string{"X-Metadata-Token"}, answer: keysV3(machineKey)}}
	keysInEnv    = map[string]string{"HW_ACCESS_KEY": accessKey, "HW_SECRET_KEY": secretKey}
	idInEnv      = map[string]string{
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
	return `"accessKeyId":"` + key + `","secretAccessKey":"` + realmKeys[key][0] + `","securityToken":"` + realmKeys[key][1] + `"`
}

// TestPublishedLogIns runs the example of each way to log in with the real CLI: refused at first, then good.
func TestPublishedLogIns(t *testing.T) {
	t.Parallel()
	refusal := `{"error":{"code":401,"message":"not today: ECHO","title":"Unauthorized"}}`
	refused := func(at string, deals map[string]deal) map[string]deal {
		no := deals[at]
		no.status, no.answer = 401, refusal
		return merged(deals, map[string]deal{at: no})
	}
	orderRefused := func(by string) map[string]deal {
		return map[string]deal{orderAt: {by: by, status: 401, answer: refusal}}
	}
	tests := map[string]struct {
		variables          config.Variables
		environment, files map[string]string
		reader             string
		good, bad          map[string]deal
		want               string
	}{
		"access_key": {
			variables: config.Variables{"access_key": config.StringVariable(accessKey), "secret_key": config.StringVariable(secretKey)},
			reader:    accessKey, bad: orderRefused(accessKey),
			want: "Authenticated with access key …0001 (provider block).",
		},
		"temporary_key": {
			environment: map[string]string{
				"HW_ACCESS_KEY": givenKey, "HW_SECRET_KEY": realmKeys[givenKey][0], "HW_SECURITY_TOKEN": realmKeys[givenKey][1],
			},
			reader: givenKey, bad: orderRefused(givenKey),
			want: "Authenticated with temporary access key …EY01 (environment).",
		},
		"token": {
			variables: config.Variables{"token": config.StringVariable(readyToken)},
			reader:    readyToken, bad: orderRefused(readyToken),
			want: "Authenticated with token (provider block).",
		},
		"password": {
			environment: map[string]string{"HW_USER_PASSWORD": userPassword},
			reader:      logInToken, good: passwordDeal(passwordBody(userPath, userScope)),
			bad:  refused(passwordAt, passwordDeal(passwordBody(userPath, userScope))),
			want: "The password sign-in of the provider block: POST iam.cn-north-4.myhuaweicloud.com/v3/auth/tokens: HTTP 401",
		},
		"profile": {
			files:  koo(`{"name":"reader","mode":"AKSK",` + kooKeys(accessKey) + `,"region":"cn-north-4"}`),
			reader: accessKey, bad: orderRefused(accessKey),
			want: "Authenticated with access key …0001 (profile reader).",
		},
		"metadata": {
			reader: machineKey, good: machineDeals, bad: map[string]deal{},
			want: "metadata of the machine: HTTP 404 from http://169.254.169.254",
		},
		"assume_role": {
			environment: keysInEnv,
			reader:      assumedKey, good: agencyDeal(accessKey, 7200), bad: refused(keysAt, agencyDeal(accessKey, 7200)),
			want: "Authenticated with access key …0001 (environment).",
		},
		"assume_role_with_oidc": {
			environment: map[string]string{"HW_ASSUME_ROLE_ID_TOKEN": idToken},
			reader:      assumedKey, good: oidcDeals(3600, 3600), bad: refused(identityAt, oidcDeals(3600, 3600)),
			want: "the identity token of the provider block: POST iam.cn-north-4.myhuaweicloud.com/v3.0/OS-AUTH/id-token/tokens: HTTP 401",
		},
	}
	for _, file := range examplesOf(t) {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			test, ok := tests[file]
			if !ok {
				t.Fatal("this example is not tested")
			}
			realm := newRealm(t)
			configuration := readExample(t, "provider", file+".tf") + order
			resource.UnitTest(t, resource.TestCase{
				ProtoV6ProviderFactories: served(realm.options(test.environment, test.files), nil),
				Steps: []resource.TestStep{
					{
						PreConfig: func() { realm.expect(test.reader, test.bad) },
						Config:    configuration, ConfigVariables: test.variables, ExpectError: wrapped(test.want),
					},
					{
						PreConfig: func() { realm.expect(test.reader, test.good) },
						Config:    configuration, ConfigVariables: test.variables,
						ConfigStateChecks: expect("data.coc_script_order.test", values{"outcome": text("running")}),
					},
				},
			})
		})
	}
}

// examplesOf are the examples of ways to log in. The first of all, provider.tf, has a test of its own.
func examplesOf(t *testing.T) []string {
	t.Helper()
	var names []string
	for _, name := range globExamples(t) {
		if name != "provider" {
			names = append(names, name)
		}
	}
	return names
}

// TestLogIns goes through the variants of each way to log in: what is sent, and with what an order is read in the end.
func TestLogIns(t *testing.T) {
	t.Parallel()
	role := arguments{
		"access_key": accessKey, "secret_key": secretKey, "assume_role.agency_name": "status-reader",
		"assume_role.domain_name": "production-account",
	}
	role5 := arguments{
		"access_key": accessKey, "secret_key": secretKey, "assume_role.agency_name": "status-reader", "assume_role.domain_id": accountID,
	}
	given := arguments{
		"access_key": givenKey, "secret_key": realmKeys[givenKey][0], "security_token": realmKeys[givenKey][1],
	}
	user := arguments{"user_name": "ci-reader", "password": userPassword, "domain_name": "example-account"}
	oidc := arguments{
		"assume_role_with_oidc.agency_name": "status-reader", "assume_role_with_oidc.domain_id": accountID,
		"assume_role_with_oidc.idp_id": "gitlab",
	}
	withProject := func(by string) map[string]deal {
		return map[string]deal{orderAt: {
			by: by, header: map[string]string{"X-Project-Id": projectID}, absent: []string{"X-Domain-Id"},
			answer: `{"data":{"status":"PROCESSING"}}`,
		}}
	}
	withoutDomain := func(by string) map[string]deal {
		return map[string]deal{orderAt: {by: by, absent: []string{"X-Domain-Id", "X-Project-Id"}, answer: `{"data":{"status":"PROCESSING"}}`}}
	}
	withDomain := func(by string) map[string]deal {
		return map[string]deal{orderAt: {
			by: by, header: map[string]string{"X-Domain-Id": accountID}, absent: []string{"X-Project-Id"},
			answer: `{"data":{"status":"PROCESSING"}}`,
		}}
	}
	tests := map[string]struct {
		block              arguments
		environment, files map[string]string
		reader             string
		deals              map[string]deal
		noRegion           bool
	}{
		"keys":                     {block: arguments{"access_key": accessKey, "secret_key": secretKey}, reader: accessKey},
		"keys of the environment":  {environment: map[string]string{"OS_ACCESS_KEY": accessKey, "OS_SECRET_KEY": secretKey}, reader: accessKey},
		"temporary keys":           {block: given, reader: givenKey},
		"token of the environment": {environment: map[string]string{"OS_AUTH_TOKEN": readyToken}, reader: readyToken},

		"password, user by id": {
			environment: map[string]string{"OS_USER_ID": "u1", "OS_PASSWORD": userPassword, "OS_USER_DOMAIN_ID": accountID},
			reader:      logInToken, deals: merged(withDomain(logInToken), passwordDeal(
				passwordBody(`"id":"u1"`, `{"project":{"name":"cn-north-4","domain":{"id":"`+accountID+`"}}}`))),
		},
		"password, all of the environment": {
			environment: map[string]string{"HW_USER_NAME": "ci-reader", "HW_USER_PASSWORD": userPassword, "OS_PROJECT_DOMAIN_NAME": "example-account"},
			reader:      logInToken, deals: passwordDeal(passwordBody(userPath, userScope)),
		},
		"password in the block, user in the environment": {
			block:       arguments{"password": userPassword},
			environment: map[string]string{"OS_USERNAME": "ci-reader", "OS_DOMAIN_NAME": "example-account"},
			reader:      logInToken, deals: passwordDeal(passwordBody(userPath, userScope)),
		},
		"password, the user and account of the block before ids of the environment": {
			block:       user,
			environment: map[string]string{"HW_USER_ID": "another", "HW_DOMAIN_ID": accountID},
			reader:      logInToken, deals: passwordDeal(passwordBody(userPath, userScope)),
		},
		"password of the environment, for the account of the block": {
			block:       arguments{"domain_name": "example-account"},
			environment: map[string]string{"OS_USERNAME": "ci-reader", "OS_PASSWORD": userPassword, "OS_DOMAIN_ID": "another"},
			reader:      logInToken, deals: merged(withoutDomain(logInToken), passwordDeal(passwordBody(userPath, userScope))),
		},
		"password, project by id": {
			block: merged(user, arguments{"project_id": projectID}), reader: logInToken,
			deals: merged(withProject(logInToken), passwordDeal(passwordBody(userPath, `{"project":{"id":"`+projectID+`"}}`))),
		},
		"password, project by name": {
			block: merged(user, arguments{"project_name": "cn-north-4_team"}), reader: logInToken,
			deals: passwordDeal(passwordBody(userPath, `{"project":{"name":"cn-north-4_team","domain":{"name":"example-account"}}}`)),
		},
		"password, at another address": {
			block: merged(user, arguments{"auth_url": "https://iam.example.com/v3/"}), reader: logInToken,
			deals: map[string]deal{"POST iam.example.com/v3/auth/tokens?nocatalog=true": {
				by: nobody, body: passwordBody(userPath, userScope), status: 201, answer: tokenEnds, token: logInToken,
			}},
		},
		"password, with the account of a profile": {
			block:       arguments{"user_name": "ci-reader", "password": userPassword},
			environment: map[string]string{"HW_PROFILE": "default"},
			files:       koo(`{"name":"default","domainId":"` + accountID + `"}`), reader: logInToken,
			deals: merged(withDomain(logInToken), passwordDeal(passwordBody(`"name":"ci-reader","domain":{"id":"`+accountID+`"}`,
				`{"project":{"name":"cn-north-4","domain":{"id":"`+accountID+`"}}}`))),
		},

		"password, with an account by name before that of a profile": {
			block: user, environment: map[string]string{"HW_PROFILE": "default"},
			files: koo(`{"name":"default","domainId":"` + accountID + `"}`), reader: logInToken,
			deals: merged(withoutDomain(logInToken), passwordDeal(passwordBody(userPath, userScope))),
		},

		"profile, all that it fills in": {
			block: arguments{"profile": "reader"}, noRegion: true,
			files: koo(`{"name":"reader","mode":"AKSK",` + kooKeys(accessKey) + `,"region":"cn-north-4","projectId":"` + projectID +
				`","domainId":"` + accountID + `"}`),
			reader: accessKey, deals: withProject(accessKey),
		},
		"profile, its account where it has no project": {
			block: arguments{"profile": "reader"}, noRegion: true,
			files:  koo(`{"name":"reader","mode":"AKSK",` + kooKeys(accessKey) + `,"region":"cn-north-4","domainId":"` + accountID + `"}`),
			reader: accessKey, deals: withDomain(accessKey),
		},
		"profile, whose project is of another region": {
			block:  arguments{"profile": "reader"},
			files:  koo(`{"name":"reader","mode":"AKSK",` + kooKeys(accessKey) + `,"region":"cn-east-3","projectId":"east"}`),
			reader: accessKey, deals: map[string]deal{orderAt: {by: accessKey, absent: []string{"X-Project-Id"}, answer: `{"data":{"status":"READY"}}`}},
		},
		"profile of the block before the environment's region and project": {
			block: arguments{"profile": "reader"}, noRegion: true,
			environment: map[string]string{"HW_REGION_NAME": "ap-southeast-1", "HW_PROJECT_ID": "another"},
			files: koo(`{"name":"reader","mode":"AKSK",` + kooKeys(accessKey) + `,"region":"cn-north-4","projectId":"` + projectID +
				`"}`),
			reader: accessKey, deals: withProject(accessKey),
		},
		"profile of the environment behind its region": {
			environment: map[string]string{"HW_PROFILE": "reader", "HW_REGION_NAME": "cn-north-4"}, noRegion: true,
			files:  koo(`{"name":"reader","mode":"AKSK",` + kooKeys(accessKey) + `,"region":"ap-southeast-1"}`),
			reader: accessKey,
		},
		"profile of the environment behind its project": {
			environment: map[string]string{"HW_PROFILE": "reader", "HW_PROJECT_ID": projectID}, noRegion: true,
			files:  koo(`{"name":"reader","mode":"AKSK",` + kooKeys(accessKey) + `,"region":"cn-north-4","projectId":"another"}`),
			reader: accessKey, deals: withProject(accessKey),
		},
		"profile behind the project of the block": {
			block:  arguments{"profile": "reader", "project_id": projectID},
			files:  koo(`{"name":"reader","mode":"AKSK",` + kooKeys(accessKey) + `,"region":"cn-north-4","projectId":"another"}`),
			reader: accessKey, deals: withProject(accessKey),
		},
		"profile in use, of a file in the home directory": {
			block:  arguments{"shared_config_file": "~/.hcloud/config.json"},
			files:  koo(`{"name":"other"},{"name":"default",` + kooKeys(accessKey) + `}`),
			reader: accessKey,
		},
		"profile with an SSO log-in": {
			environment: map[string]string{"HW_PROFILE": "sso"},
			files:       koo(`{"name":"sso","mode":"SSO","ssoAuth":{"stsToken":{` + kooKeys(givenKey) + `}}}`),
			reader:      givenKey,
		},
		"profile that means the machine": {
			block: arguments{"profile": "ecs"}, files: koo(`{"name":"ecs","mode":"ecsAgency"}`), reader: machineKey, deals: machineDeals,
		},
		"profile with an agency": {
			block: arguments{"profile": "role"},
			files: koo(`{"name":"role","mode":"AKSK",` + kooKeys(accessKey) + `,"agencyName":"status-reader",` +
				`"agencyDomainName":"production-account"}`),
			reader: assumedKey, deals: agencyDeal(accessKey, 3600),
		},
		"profile with an agency, and its keys are not used": {
			block:       arguments{"access_key": accessKey, "secret_key": secretKey},
			environment: map[string]string{"HW_PROFILE": "role"},
			files: koo(`{"name":"role","mode":"AKSK",` + kooKeys(givenKey) + `,"agencyName":"status-reader",` +
				`"agencyDomainName":"production-account"}`),
			reader: accessKey,
		},

		"machine": {reader: machineKey, deals: machineDeals},
		"machine that wants a token": {
			reader: machineKey, deals: map[string]deal{
				hardenedAt: {by: nobody, header: map[string]string{"X-Metadata-Token-Ttl-Seconds": "21600"}, answer: "metadata-token\n"},
				machineAt:  {by: nobody, header: map[string]string{"X-Metadata-Token": "metadata-token"}, answer: keysV3(machineKey)},
			},
		},

		"agency":          {block: role, reader: assumedKey, deals: agencyDeal(accessKey, 3600)},
		"agency, for STS": {block: merged(role5, arguments{"assume_role.duration": "43200"}), reader: assumedKey, deals: stsDeal(accessKey, 43200)},
		"agency of the environment": {
			environment: merged(keysInEnv, map[string]string{
				"HW_ASSUME_ROLE_AGENCY_NAME": "status-reader", "HW_ASSUME_ROLE_DOMAIN_NAME": "production-account", "HW_ASSUME_ROLE_DURATION": "900",
			}),
			reader: assumedKey, deals: agencyDeal(accessKey, 900),
		},
		"agency of the block before an id of the environment": {
			block: role, environment: map[string]string{"HW_ASSUME_ROLE_DOMAIN_ID": "another"},
			reader: assumedKey, deals: agencyDeal(accessKey, 3600),
		},
		"agency with temporary keys": {
			block: merged(role, given, arguments{"assume_role.duration": "86400"}), reader: assumedKey, deals: agencyDeal(givenKey, 86400),
		},
		"agency for STS, with temporary keys": {
			block: merged(role5, given, arguments{"assume_role.duration": "7200"}), reader: assumedKey, deals: stsDeal(givenKey, 3600),
		},
		"agency with a token": {
			block:  arguments{"token": readyToken, "assume_role.agency_name": "status-reader", "assume_role.domain_name": "production-account"},
			reader: assumedKey, deals: agencyDeal(readyToken, 3600),
		},
		"agency with the machine's keys": {
			block:  arguments{"assume_role.agency_name": "status-reader", "assume_role.domain_id": accountID},
			reader: assumedKey, deals: merged(machineDeals, stsDeal(machineKey, 3600)),
		},
		"agency at another STS": {
			block: merged(role5, arguments{"endpoints": "sts=https://sts.example.com"}), reader: assumedKey,
			deals: map[string]deal{"POST sts.example.com/v5/agencies/assume": {
				by: accessKey, body: fmt.Sprintf(stsBody, 3600), answer: keysV5(assumedKey),
			}},
		},

		"identity token": {
			block: merged(oidc, arguments{"assume_role_with_oidc.id_token": idToken, "assume_role_with_oidc.duration": "1800"}), reader: assumedKey,
			deals: oidcDeals(1800, 1800),
		},
		"identity token, for as long as can be": {
			block: merged(oidc, arguments{"assume_role_with_oidc.id_token": idToken, "assume_role_with_oidc.duration": "43200"}), reader: assumedKey,
			deals: oidcDeals(43200, 3600),
		},
		"identity token in a file": {
			block: merged(oidc, arguments{"assume_role_with_oidc.id_token_file": "~/jürgen/token"}), files: map[string]string{"jürgen/token": idToken + "\n"},
			reader: assumedKey, deals: oidcDeals(3600, 3600),
		},
		"identity token of the environment": {
			environment: merged(idInEnv, map[string]string{"HW_ASSUME_ROLE_DURATION": "7200"}), reader: assumedKey, deals: oidcDeals(7200, 3600),
		},
		"identity token, half block and half environment": {
			block:       arguments{"assume_role_with_oidc.-": "", "assume_role_with_oidc.agency_name": "status-reader"},
			environment: merged(idInEnv, map[string]string{"HW_ASSUME_ROLE_AGENCY_NAME": "another"}),
			reader:      assumedKey, deals: oidcDeals(3600, 3600),
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			realm := newRealm(t)
			realm.expect(test.reader, test.deals)
			block := test.block
			if !test.noRegion {
				block = merged(block, arguments{"region": "cn-north-4"})
			}
			told, sawError := configured(t.Context(), t, realm.options(test.environment, test.files), block)
			if sawError {
				t.Errorf("told: %s", told)
			}
			// Each log-in once, and then the order.
			asked := slices.DeleteFunc(realm.seen(), func(at string) bool { return at == hardenedAt })
			want := slices.DeleteFunc(slices.Collect(maps.Keys(test.deals)), func(at string) bool { return at == hardenedAt || at == orderAt })
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
	env := map[string]string{"HW_ACCESS_KEY": givenKey, "HW_SECRET_KEY": realmKeys[givenKey][0], "HW_SECURITY_TOKEN": realmKeys[givenKey][1]}
	user := arguments{"user_name": "ci-reader", "password": userPassword, "domain_name": "example-account"}
	logIn := passwordDeal(passwordBody(userPath, userScope))
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
		deals              map[string]deal
		warning            string
	}{
		"block before profile in the block": {
			block: merged(keys, arguments{"profile": "default"}), files: koo(`{"name":"default",` + kooKeys(givenKey) + `}`), reader: accessKey, warning: unused,
		},
		"block before environment, as a set": {block: keys, environment: env, reader: accessKey},
		"block's password before the environment's keys": {
			block: user, environment: env, reader: logInToken, deals: logIn,
		},
		"block's keys before the environment's identity token": {block: keys, environment: idInEnv, reader: accessKey},
		"block's keys with an agency of the block, beside the environment's identity token": {
			block:       merged(keys, arguments{"assume_role.agency_name": "status-reader", "assume_role.domain_name": "production-account"}),
			environment: idInEnv, reader: assumedKey, deals: agencyDeal(accessKey, 3600),
		},
		"profile in the block before environment": {block: arguments{"profile": "default"}, files: profile, environment: env, reader: accessKey},
		"file in the block before environment": {
			block: arguments{"shared_config_file": "~/.hcloud/config.json"}, files: profile, environment: env, reader: accessKey,
		},
		"environment before its profile": {
			environment: merged(env, map[string]string{"HW_PROFILE": "default"}), files: profile, reader: givenKey,
		},
		"profile of the environment before the machine": {
			environment: map[string]string{"HW_PROFILE": "default"}, files: profile, reader: accessKey, deals: machineDeals,
		},
		"a file that nobody asked for": {files: profile, reader: machineKey, deals: machineDeals},
		"identity token before token": {
			block: merged(oidc, arguments{"token": readyToken}), reader: assumedKey, deals: oidcDeals(3600, 3600),
		},
		"identity token before keys, in the environment": {
			environment: merged(idInEnv, keysInEnv), reader: assumedKey, deals: oidcDeals(3600, 3600),
		},
		"token before keys": {block: merged(keys, arguments{"token": readyToken}), reader: readyToken},
		"token before keys, in the environment": {
			environment: merged(env, map[string]string{"HW_AUTH_TOKEN": readyToken}), reader: readyToken,
		},
		"keys before password":                     {block: merged(keys, user), reader: accessKey},
		"keys before password, in the environment": {environment: merged(env, environmentUser), reader: givenKey},
		"password before the machine":              {environment: environmentUser, reader: logInToken, deals: merged(machineDeals, logIn)},
		"an empty variable counts as unset": {
			environment: merged(keysInEnv, map[string]string{"HW_AUTH_TOKEN": "", "HW_SECURITY_TOKEN": ""}), reader: accessKey,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			realm := newRealm(t)
			realm.expect(test.reader, test.deals)
			told, sawError := configured(t.Context(), t, realm.options(test.environment, test.files), merged(test.block, arguments{"region": "cn-north-4"}))
			if sawError || !strings.HasPrefix(told, test.warning) || (test.warning == "" && told != "") {
				t.Errorf("told: %s, want %q", told, test.warning)
			}
			if !slices.Contains(realm.seen(), orderAt) {
				t.Errorf("the order was not read: %q", realm.seen())
			}
		})
	}
}

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
			realm := newRealm(t)
			realm.expect(nobody, nil)
			block := test.block
			if test.files == nil {
				block = merged(block, arguments{"region": "cn-north-4"})
			}
			told, _ := configured(t.Context(), t, realm.options(test.environment, test.files), block)
			for _, want := range test.want {
				if !strings.Contains(told, want) {
					t.Errorf("told: %s, want %q", told, want)
				}
			}
			if seen := realm.seen(); len(seen) > 0 {
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
			block: arguments{"security_token": realmKeys[givenKey][1]}, environment: keysInEnv,
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
			realm := newRealm(t)
			realm.expect(nobody, nil)
			told, _ := configured(t.Context(), t, realm.options(test.environment, test.files), merged(test.block, arguments{"region": "cn-north-4"}))
			begin := "ERROR  Cannot read COC script order " + orderID + ": "
			if !strings.HasPrefix(told, begin) || !strings.Contains(strings.ToLower(told), strings.ToLower(test.want)) || strings.Contains(told, "GET ") ||
				!strings.HasSuffix(told, "\n\nThen run again; terraform destroy -refresh=false works without credentials.\n\n") {
				t.Errorf("told: %s, want %q", told, test.want)
			}
			if seen := realm.seen(); len(seen) > 0 {
				t.Errorf("sent: %q", seen)
			}
			checkHarmless(t, flat(told), planted()...)
		})
	}
}

// flat makes one line of several paragraphs.
func flat(told string) string {
	return strings.ReplaceAll(strings.ReplaceAll(told, "\n\n", " "), "\n", " ")
}

// TestFailedLogIns holds every failure of a log-in to its words. Services repeat all that they were sent, and nothing of it is shown.
func TestFailedLogIns(t *testing.T) {
	t.Parallel()
	const (
		no      = `{"error":{"code":401,"message":"not with this: ECHO","title":"Unauthorized"}}`
		gateway = `{"error_code":"APIGW.0301","error_msg":"Incorrect IAM authentication information: %s ECHO"}`
	)
	keys := arguments{"access_key": accessKey, "secret_key": secretKey, "max_retries": "0"}
	given := arguments{"access_key": givenKey, "secret_key": realmKeys[givenKey][0], "security_token": realmKeys[givenKey][1]}
	user := arguments{"user_name": "ci-reader", "password": userPassword, "domain_name": "example-account", "max_retries": "0"}
	role := arguments{"assume_role.agency_name": "status-reader", "assume_role.domain_name": "production-account"}
	role5 := arguments{"assume_role.agency_name": "status-reader", "assume_role.domain_id": accountID}
	oidc := arguments{
		"assume_role_with_oidc.agency_name": "status-reader", "assume_role_with_oidc.domain_id": accountID,
		"assume_role_with_oidc.idp_id": "gitlab",
	}
	oidcToken := merged(oidc, arguments{"assume_role_with_oidc.id_token": idToken})
	answering := func(deals map[string]deal, at string, status int, answer string) map[string]deal {
		changed := deals[at]
		changed.status, changed.answer, changed.token = status, answer, ""
		return merged(deals, map[string]deal{at: changed})
	}
	logIn := passwordDeal(passwordBody(userPath, userScope))
	tests := map[string]struct {
		block              arguments
		environment, files map[string]string
		reader             string
		deals              map[string]deal
		want               []string
		noRegion           bool
		// requests is how many are sent.
		requests int
	}{
		"keys": {
			block: keys, deals: map[string]deal{orderAt: {by: accessKey, status: 401, answer: fmt.Sprintf(gateway, "verify aksk signature fail")}},
			requests: 1, want: []string{
				"GET coc.myhuaweicloud.com" + orderPath + ": HTTP 401 Unauthorized: APIGW.0301: Incorrect IAM authentication information: verify aksk " +
					"signature fail", "(request id req-7). Authenticated with access key …0001 (provider block).",
				"Check the key, its secret and this machine's clock",
			},
		},
		"unknown key": {
			block: keys, deals: map[string]deal{orderAt: {by: accessKey, status: 401, answer: fmt.Sprintf(gateway, "ak "+accessKey+" not exist, ak not exist")}},
			requests: 1, want: []string{"The access key does not exist: it was deleted or is misspelt"},
		},
		"temporary keys": {
			block: given, deals: map[string]deal{orderAt: {by: givenKey, status: 401, answer: fmt.Sprintf(gateway, "decrypt token fail")}},
			requests: 1, want: []string{"Authenticated with temporary access key …EY01 (provider block)."},
		},
		"token": {
			environment: map[string]string{"HW_AUTH_TOKEN": readyToken}, requests: 1,
			deals: map[string]deal{orderAt: {by: readyToken, status: 401, answer: `{"error_code":"APIGW.0307","error_msg":"The token must be updated. ECHO"}`}},
			want:  []string{"Authenticated with token (environment).", "The token has run out. Give a new one"},
		},

		"password": {
			block: user, deals: answering(logIn, passwordAt, 401, no), requests: 1, want: []string{
				orderID + ": The password sign-in of the provider block: POST " +
					"iam.cn-north-4.myhuaweicloud.com/v3/auth/tokens: HTTP 401 Unauthorized: 401: ",
				"Check user, password, account and project; the sign-in is not tried again in this run",
			},
		},
		"password, while IAM fails": {
			block: user, deals: answering(logIn, passwordAt, 503, no), requests: 1, want: []string{"HTTP 503", "IAM fails at the moment. Run again later"},
		},
		"password, at a wrong host": {
			block: user, deals: answering(logIn, passwordAt, 404, `{"error_code":"APIGW.0101","error_msg":"The API does not exist"}`), requests: 1,
			want: []string{
				"The gateway knows no such API at iam.cn-north-4.myhuaweicloud.com. IAM is most likely not offered in the region cn-north-4: " +
					"correct region or cloud, or set auth_url in the provider block.",
			},
		},
		"password, and no token": {
			block: user, deals: answering(logIn, passwordAt, 201, tokenEnds), requests: 1,
			want: []string{"malformed answer: the sign-in's answer has no token, or no time at which it ends"},
		},
		"password without an account": {
			block: arguments{"user_id": "u1", "password": userPassword}, want: []string{"the account of the user is not known: set domain_name (HW_DOMAIN_NAME"},
		},

		"missing file": {
			block: arguments{"shared_config_file": "~/none.json"}, noRegion: true,
			want: []string{"The shared config file ", "none.json does not exist. Correct shared_config_file, or run hcloud configure"},
		},
		"broken file": {
			block: arguments{"profile": "p"}, files: map[string]string{".hcloud/config.json": `{"profiles": [` + secretKey}, noRegion: true,
			want: []string{"config.json is not KooCLI's JSON: "},
		},
		"encrypted file": {
			block: arguments{"profile": "p"}, files: map[string]string{".hcloud/config.json": `{"authEncrypt":true,"profiles":[{"name":"p"}]}`},
			want: []string{"is encrypted, which only KooCLI can read. Run hcloud configure set --cli-auth-encrypt=false"},
		},
		"encrypted file, as text": {
			environment: map[string]string{"HW_PROFILE": "p"},
			files:       map[string]string{".hcloud/config.json": `{"authEncrypt":"true","profiles":[{"name":"p"}]}`},
			want:        []string{"is encrypted, which only KooCLI can read"},
		},
		"missing profile": {
			block: arguments{"profile": "p"}, files: koo(`{"name":"default"},{"name":"reader"}`), noRegion: true,
			want: []string{`has no profile "p"; it has default, reader. Correct profile`},
		},
		"file without profiles": {block: arguments{"profile": "p"}, files: koo(""), want: []string{`has no profile "p"; it has none.`}},
		"profile of an unsupported mode": {
			block: arguments{"profile": "p"}, files: koo(`{"name":"p","mode":"AssumeRole",` + kooKeys(accessKey) + `}`),
			want: []string{"The profile p has the mode AssumeRole; AKSK, SSO and ecsAgency can be used"},
		},
		"profile without keys": {
			block: arguments{"profile": "p"}, files: koo(`{"name":"p","mode":"AKSK","accessKeyId":"a"}`),
			want: []string{"The profile p lacks accessKeyId or secretAccessKey"},
		},
		"profile without an SSO log-in": {
			block: arguments{"profile": "p"}, files: koo(`{"name":"p","mode":"SSO",` + kooKeys(givenKey) + `,"ssoAuth":{}}`),
			want: []string{"The profile p has no keys of its SSO sign-in. Run hcloud configure sso"},
		},
		"profile with keys that are none": {
			block: arguments{"profile": "p"}, files: koo(`{"name":"p","accessKeyId":"a","secretAccessKey":"` + secretKey + `\n"}`),
			want: []string{"The profile p holds a key that is no key"},
		},
		"profile without a region": {
			block: arguments{"profile": "p"}, files: koo(`{"name":"p",` + kooKeys(accessKey) + `}`), noRegion: true,
			want: []string{"No region is set, and the profile p has none. Set region"},
		},
		"profile with half an agency": {
			block: arguments{"profile": "p"}, files: koo(`{"name":"p",` + kooKeys(accessKey) + `,"agencyName":"a"}`),
			want: []string{"The profile p has an agencyName, but neither agencyDomainName nor agencyDomainId"},
		},
		"profile that means the machine": {
			block: arguments{"profile": "p"}, files: koo(`{"name":"p","mode":"ecsAgency"}`), requests: 2,
			want: []string{"The profile p means the machine's metadata: HTTP 404 from", "Run on a cloud server that has an agency"},
		},

		"nothing at all": {
			requests: 2, want: []string{
				orderID + ": No credentials found. Set HW_ACCESS_KEY and HW_SECRET_KEY, or see Authentication.\n  - provider block: " + nothingBeside +
					"\n  - profile (provider block): not asked for\n  - environment: " + nothingBeside +
					"\n  - profile (environment): not asked for\n  - metadata of the machine: HTTP 404",
				"terraform destroy -refresh=false works without credentials.",
			},
		},
		"a security token alone": {
			environment: map[string]string{"HW_SECURITY_TOKEN": realmKeys[givenKey][1]}, requests: 2,
			want: []string{"\n  - environment: a security token without access key and secret key\n"},
		},
		"machine with half an answer": {
			deals: map[string]deal{machineAt: {by: nobody, answer: `{"credential":{"access":"a","secret":"planted-machine-secret"}}`}}, requests: 2,
			want: []string{"\n  - metadata of the machine: the answer has no temporary keys"},
		},

		"agency": {
			block: merged(keys, role), deals: answering(agencyDeal(accessKey, 3600), keysAt, 403, `{"error":{"code":403,"message":"no right: ECHO"}}`),
			requests: 1, want: []string{
				"The agency status-reader, assumed with the provider block: POST iam.cn-north-4.myhuaweicloud.com/v3.0/OS-CREDENTIAL/securitytokens: HTTP " +
					"403 Forbidden: 403: no right:", "that the caller may assume it (Agent Operator, or sts:agencies:assume)",
			},
		},
		"agency with a locked key": {
			block: merged(keys, role), requests: 1,
			deals: answering(agencyDeal(accessKey, 3600), keysAt, 401, fmt.Sprintf(gateway, "AK access failed to reach the limit,forbidden")),
			want: []string{
				"Authenticated with access key …0001 (provider block).", "The access key is locked",
				"run again after five minutes",
			},
		},
		"agency for STS": {
			block: merged(keys, role5), deals: answering(stsDeal(accessKey, 3600), stsAt, 403, `{"error_code":"PAP5.0001","error_msg":"denied ECHO"}`),
			requests: 1, want: []string{"POST sts.cn-north-4.myhuaweicloud.com/v5/agencies/assume: HTTP 403 Forbidden: PAP5.0001: denied"},
		},
		"agency for STS, with a token": {
			block: merged(role5, arguments{"token": readyToken}),
			want:  []string{"an agency with domain_id is assumed with keys, not with a token: use domain_name, or give keys"},
		},
		"agency without keys in the answer": {
			block: merged(keys, role), deals: answering(agencyDeal(accessKey, 3600), keysAt, 201, `{"credential":{"secret":"planted-assumed-secret"}}`),
			requests: 1, want: []string{"malformed answer: the answer has no temporary keys"},
		},
		"agency on top of a profile that is missing": {
			block: merged(role, arguments{"profile": "p"}), files: koo(`{"name":"q"}`), want: []string{orderID + ": The shared config file "},
		},

		"identity token": {
			block: oidcToken, deals: answering(oidcDeals(3600, 3600), identityAt, 401, no), requests: 1,
			want: []string{"he identity token of the provider block: POST", "Check idp_id, and that the identity provider accepts the token"},
		},
		"identity token, no token": {
			block: oidcToken, deals: answering(oidcDeals(3600, 3600), identityAt, 201, `{}`), requests: 1, want: []string{"the sign-in's answer has no token"},
		},
		"identity token, no keys": {
			block: oidcToken, deals: answering(oidcDeals(3600, 3600), keysAt, 403, no), requests: 2, want: []string{"/securitytokens: HTTP 403"},
		},
		"identity token, no agency": {
			block: oidcToken, deals: answering(oidcDeals(3600, 3600), stsAt, 403, no), requests: 3, want: []string{
				"The agency status-reader, assumed with the identity token of the provider block: POST sts.",
			},
		},
		"identity token in no file": {
			block: merged(oidc, arguments{"assume_role_with_oidc.id_token_file": "/nonexistent/token"}),
			want:  []string{"reading the identity token: open /nonexistent/token"},
		},
		"identity token in an empty file": {
			block: merged(oidc, arguments{"assume_role_with_oidc.id_token_file": "~/token"}), files: map[string]string{"token": "\n"},
			want: []string{"the identity token is empty"},
		},

		"key not known yet": {
			block: merged(keys, arguments{"access_key": unknownValue}),
			want:  []string{"The provider argument access_key is not known yet: it depends on something that this run has still to create."},
		},
		"profile not known yet": {block: arguments{"profile": unknownValue}, noRegion: true, want: []string{"argument profile is not known yet"}},
		"file not known yet":    {block: arguments{"shared_config_file": unknownValue}, want: []string{"argument shared_config_file is not known yet"}},
		"agency not known yet": {
			block: merged(keys, role, arguments{"assume_role.duration": unknownValue}), want: []string{"argument assume_role.duration is not known yet"},
		},
		"block not known yet": {block: merged(keys, arguments{"assume_role": unknownValue}), want: []string{"argument assume_role.agency_name is not known yet"}},
		"identity not known yet": {
			block: merged(oidcToken, arguments{"assume_role_with_oidc.idp_id": unknownValue}), want: []string{"assume_role_with_oidc.idp_id is not known yet"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			realm := newRealm(t)
			realm.expect(test.reader, test.deals)
			block := test.block
			if !test.noRegion {
				block = merged(block, arguments{"region": "cn-north-4"})
			}
			told, sawError := configured(t.Context(), t, realm.options(test.environment, test.files), block)
			if !sawError || !strings.HasPrefix(told, "ERROR  Cannot read COC script order "+orderID+": ") && !test.noRegion {
				t.Errorf("told: %s, want the error of a read", told)
			}
			for _, want := range test.want {
				if !strings.Contains(told, want) {
					t.Errorf("told: %s, want %q", told, want)
				}
			}
			if seen := realm.seen(); len(seen) != test.requests {
				t.Errorf("sent %q, want %d requests", seen, test.requests)
			}
			checkHarmless(t, flat(told), planted()...)
		})
	}
}

// TestChosenCredentialIsLogged wants the winner in the log, at INFO, and no secret.
func TestChosenCredentialIsLogged(t *testing.T) {
	t.Parallel()
	realm := newRealm(t)
	realm.expect(assumedKey, agencyDeal(givenKey, 3600))
	var log bytes.Buffer
	_, sawError := configured(tflogtest.RootLogger(t.Context(), &log), t, realm.options(nil, nil), arguments{
		"region": "cn-north-4", "access_key": givenKey, "secret_key": realmKeys[givenKey][0], "security_token": realmKeys[givenKey][1],
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

// TestUnknownCredentials plans with keys that something else has still to make: a read that waits for that thing is well, and one that does
// not is told why it cannot be.
func TestUnknownCredentials(t *testing.T) {
	t.Parallel()
	realm := newRealm(t)
	realm.expect(accessKey, nil)
	block := terraformBlock + fmt.Sprintf(`
resource "terraform_data" "key" {
  input = %q
}
provider "hwgate" {
  region     = "cn-north-4"
  access_key = terraform_data.key.output
  secret_key = %q
}
`, accessKey, secretKey)
	deferred := dataBlock("coc_script_order", `execute_uuid = "`+orderID+`"
  depends_on = [terraform_data.key]`)
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: served(realm.options(nil, nil), nil),
		Steps: []resource.TestStep{
			{Config: block + order, ExpectError: wrapped("The provider argument access_key is not known yet")},
			{Config: block + deferred, ConfigStateChecks: expect("data.coc_script_order.test", values{"outcome": text("running")})},
		},
	})
}

// TestDestroyWithoutCredential applies with a key, and destroys without any: nothing is asked, and nothing stands in the way.
func TestDestroyWithoutCredential(t *testing.T) {
	t.Parallel()
	var box = newSandbox(t)
	cloud := newCloud(t, always(map[string]string{orderPath: `{"data":{"status":"PROCESSING"}}`}))
	configuration := terraformBlock + fmt.Sprintf(`
provider "hwgate" {
  region    = "cn-north-4"
  endpoints = { coc = %q }
}
resource "terraform_data" "next" {
  input = data.coc_script_order.test.outcome
}
`, cloud.URL) + order
	if err := box.Write("destroy", fstest.MapFS{"main.tf": {Data: []byte(configuration)}}); err != nil {
		t.Fatal(err)
	}
	keys := []string{"HW_ACCESS_KEY=" + accessKey, "HW_SECRET_KEY=" + secretKey}
	for _, command := range []struct {
		environment []string
		arguments   []string
	}{
		{nil, []string{"init"}},
		{keys, []string{"apply", "-auto-approve"}},
		{nil, []string{"destroy", "-auto-approve", "-refresh=false"}},
	} {
		before := len(cloud.Log())
		out, err := box.Run(t.Context(), "destroy", command.environment, append(command.arguments, "-no-color", "-input=false")...)
		if err != nil {
			t.Fatalf("%s: %v\n%s", command.arguments, err, out)
		}
		if sent := len(cloud.Log()) - before; (sent > 0) != (command.environment != nil) {
			t.Errorf("%s sent %d requests", command.arguments, sent)
		}
	}
}

// TestWrongKeyIsSentOnce reads ten orders with a wrong key in one plan, with the real CLI.
func TestWrongKeyIsSentOnce(t *testing.T) {
	t.Parallel()
	realm := newRealm(t)
	deals := map[string]deal{}
	var blocks strings.Builder
	for i := range 10 {
		deals[fmt.Sprintf("%s%d", strings.TrimSuffix(orderAt, orderID), i)] = deal{by: accessKey, status: 401, answer: `{"error_code":"APIGW.0301","error_msg":"no"}`}
		fmt.Fprintf(&blocks, "data \"coc_script_order\" \"n%d\" {\n  provider = hwgate\n  execute_uuid = \"%d\"\n}\n", i, i)
	}
	realm.expect(accessKey, deals)
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: served(realm.options(merged(keysInEnv, map[string]string{"HW_REGION_NAME": "cn-north-4"}), nil), nil),
		Steps: []resource.TestStep{{
			Config: terraformBlock + "provider \"hwgate\" {}\n" + blocks.String(), PlanOnly: true,
			ExpectError: wrapped("Not sent: access key …0001 (environment) was already refused in this run."),
		}},
	})
	if seen := realm.seen(); len(seen) != 1 {
		t.Errorf("sent %q, want one request", seen)
	}
}

// TestMissingService wants host and setting in the answer to a wrong host.
func TestMissingService(t *testing.T) {
	t.Parallel()
	unpublished := deal{by: accessKey, status: http.StatusNotFound, answer: `{"error_code":"APIGW.0101","error_msg":"The API does not exist"}`}
	realm := newRealm(t)
	realm.expect(accessKey, map[string]deal{orderAt: unpublished})
	told, _ := configured(t.Context(), t, realm.options(keysInEnv, nil), arguments{"region": "cn-north-4"})
	const want = "The gateway knows no such API at coc.myhuaweicloud.com. The host of COC follows the site of the account, not the region: correct " +
		"cloud, or set endpoints.coc in the provider block."
	if !strings.Contains(told, want) {
		t.Errorf("told: %s", told)
	}
}
