package provider_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/config"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
)

// order is a data source of the order that every credential can read, and running what is seen of it.
var (
	order   = dataBlock("coc_script_order", `execute_uuid = "`+orderID+`"`)
	running = expect("data.coc_script_order.test", values{"outcome": text("running")})
)

// TestPublishedSignIns runs the example of each way to sign in with the real CLI: refused at first, then good.
func TestPublishedSignIns(t *testing.T) {
	t.Parallel()
	refusal := `{"error":{"code":401,"message":"not today: ECHO","title":"Unauthorized"}}`
	refused := func(at string, exchanges map[string]exchange) map[string]exchange {
		no := exchanges[at]
		no.status, no.answer = 401, refusal
		return merged(exchanges, map[string]exchange{at: no})
	}
	orderRefused := func(by string) map[string]exchange {
		return map[string]exchange{orderAt: {by: by, status: 401, answer: refusal}}
	}
	tests := map[string]struct {
		variables          config.Variables
		environment, files map[string]string
		reader             string
		good, bad          map[string]exchange
		want               string
	}{
		"access_key": {
			variables: config.Variables{"access_key": config.StringVariable(accessKey), "secret_key": config.StringVariable(secretKey)},
			reader:    accessKey, bad: orderRefused(accessKey),
			want: "Authenticated with access key …0001 (provider block).",
		},
		"temporary_key": {
			environment: map[string]string{
				"HW_ACCESS_KEY": givenKey, "HW_SECRET_KEY": mockKeys[givenKey][0], "HW_SECURITY_TOKEN": mockKeys[givenKey][1],
			},
			reader: givenKey, bad: orderRefused(givenKey),
			want: "Authenticated with temporary access key …EY01 (environment).",
		},
		"token": {
			variables: config.Variables{"token": config.StringVariable(preIssuedToken)},
			reader:    preIssuedToken, bad: orderRefused(preIssuedToken),
			want: "Authenticated with token (provider block).",
		},
		"password": {
			environment: map[string]string{"HW_USER_PASSWORD": userPassword},
			reader:      signInToken, good: passwordExchange(passwordBody(userPath, userScope)),
			bad:  refused(passwordAt, passwordExchange(passwordBody(userPath, userScope))),
			want: "The password sign-in of the provider block: POST iam.cn-north-4.myhuaweicloud.com/v3/auth/tokens: HTTP 401",
		},
		"profile": {
			files:  koo(`{"name":"reader","mode":"AKSK",` + kooKeys(accessKey) + `,"region":"cn-north-4"}`),
			reader: accessKey, bad: orderRefused(accessKey),
			want: "Authenticated with access key …0001 (profile reader).",
		},
		"metadata": {
			reader: machineKey, good: machineExchanges, bad: map[string]exchange{},
			want: "metadata of the machine: HTTP 404 from http://169.254.169.254",
		},
		"assume_role": {
			environment: keysInEnv,
			reader:      assumedKey, good: agencyExchange(accessKey, 7200), bad: refused(keysAt, agencyExchange(accessKey, 7200)),
			want: "Authenticated with access key …0001 (environment).",
		},
		"assume_role_with_oidc": {
			environment: map[string]string{"HW_ASSUME_ROLE_ID_TOKEN": idToken},
			reader:      assumedKey, good: oidcExchanges(3600, 3600), bad: refused(identityAt, oidcExchanges(3600, 3600)),
			want: "he identity token of the provider block: POST iam.cn-north-4.myhuaweicloud.com/v3.0/OS-AUTH/id-token/tokens: HTTP 401",
		},
	}
	for _, file := range examplesOf(t) {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			test, ok := tests[file]
			if !ok {
				t.Fatal("this example is not tested")
			}
			mock := newAuthMock(t)
			example, err := os.ReadFile(filepath.Join("..", "..", "examples", "provider", file+".tf"))
			if err != nil {
				t.Fatal(err)
			}
			configuration := string(example) + order
			acceptWith(t, mock.options(test.environment, test.files),
				resource.TestStep{
					PreConfig: func() { mock.expect(test.reader, test.bad) },
					Config:    configuration, ConfigVariables: test.variables, ExpectError: wrapped(test.want),
				},
				resource.TestStep{
					PreConfig: func() { mock.expect(test.reader, test.good) },
					Config:    configuration, ConfigVariables: test.variables, ConfigStateChecks: running,
				})
		})
	}
}

// examplesOf are the examples of ways to sign in. The first of all, provider.tf, has a test of its own.
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

// TestFailedSignIns holds every failure of a sign-in to its words. Services repeat all that they were sent, and nothing of it is shown.
func TestFailedSignIns(t *testing.T) {
	t.Parallel()
	const (
		no      = `{"error":{"code":401,"message":"not with this: ECHO","title":"Unauthorized"}}`
		gateway = `{"error_code":"APIGW.0301","error_msg":"Incorrect IAM authentication information: %s ECHO"}`
	)
	keys := arguments{"access_key": accessKey, "secret_key": secretKey, "max_retries": "0"}
	given := arguments{"access_key": givenKey, "secret_key": mockKeys[givenKey][0], "security_token": mockKeys[givenKey][1]}
	user := arguments{"user_name": "ci-reader", "password": userPassword, "domain_name": "example-account", "max_retries": "0"}
	role := arguments{"assume_role.agency_name": "status-reader", "assume_role.domain_name": "production-account"}
	role5 := arguments{"assume_role.agency_name": "status-reader", "assume_role.domain_id": accountID}
	oidc := arguments{
		"assume_role_with_oidc.agency_name": "status-reader", "assume_role_with_oidc.domain_id": accountID,
		"assume_role_with_oidc.idp_id": "gitlab",
	}
	oidcToken := merged(oidc, arguments{"assume_role_with_oidc.id_token": idToken})
	answering := func(exchanges map[string]exchange, at string, status int, answer string) map[string]exchange {
		changed := exchanges[at]
		changed.status, changed.answer, changed.token = status, answer, ""
		return merged(exchanges, map[string]exchange{at: changed})
	}
	signIn := passwordExchange(passwordBody(userPath, userScope))
	tests := map[string]struct {
		block              arguments
		environment, files map[string]string
		reader             string
		exchanges          map[string]exchange
		want               []string
		noRegion           bool
		// requests is how many are sent.
		requests int
	}{
		"keys": {
			block: keys, exchanges: map[string]exchange{orderAt: {by: accessKey, status: 401, answer: fmt.Sprintf(gateway, "verify aksk signature fail")}},
			requests: 1, want: []string{
				"GET coc.myhuaweicloud.com" + orderPath + ": HTTP 401 Unauthorized: APIGW.0301: Incorrect IAM authentication information: verify aksk " +
					"signature fail", "(request id req-7). Authenticated with access key …0001 (provider block).",
				"Check the key, its secret and this machine's clock",
			},
		},
		"unknown key": {
			block: keys, exchanges: map[string]exchange{orderAt: {by: accessKey, status: 401, answer: fmt.Sprintf(gateway, "ak "+accessKey+" not exist, ak not exist")}},
			requests: 1, want: []string{"The access key does not exist: it was deleted or is misspelt"},
		},
		"temporary keys": {
			block: given, exchanges: map[string]exchange{orderAt: {by: givenKey, status: 401, answer: fmt.Sprintf(gateway, "decrypt token fail")}},
			requests: 1, want: []string{"Authenticated with temporary access key …EY01 (provider block)."},
		},
		"token": {
			environment: map[string]string{"HW_AUTH_TOKEN": preIssuedToken}, requests: 1,
			exchanges: map[string]exchange{orderAt: {by: preIssuedToken, status: 401, answer: `{"error_code":"APIGW.0307","error_msg":"The token must be updated. ECHO"}`}},
			want:      []string{"Authenticated with token (environment).", "The token has expired. Give a new one"},
		},

		"password": {
			block: user, exchanges: answering(signIn, passwordAt, 401, no), requests: 1, want: []string{
				orderID + ": The password sign-in of the provider block: POST " +
					"iam.cn-north-4.myhuaweicloud.com/v3/auth/tokens: HTTP 401 Unauthorized: 401: ",
				"Check user, password, account and project; the sign-in is not tried again in this run",
			},
		},
		"password, while IAM fails": {
			block: user, exchanges: answering(signIn, passwordAt, 503, no), requests: 1, want: []string{"HTTP 503", "IAM is failing at the moment. Run again later"},
		},
		"password, at a wrong host": {
			block: user, exchanges: answering(signIn, passwordAt, 404, `{"error_code":"APIGW.0101","error_msg":"The API does not exist"}`), requests: 1,
			want: []string{
				"The gateway knows no such API at iam.cn-north-4.myhuaweicloud.com. IAM is most likely not offered in the region cn-north-4: " +
					"correct region or cloud, or set auth_url in the provider block.",
			},
		},
		"password, and no token": {
			block: user, exchanges: answering(signIn, passwordAt, 201, tokenEnds), requests: 1,
			want: []string{"malformed answer: the sign-in's answer has no token, or no time at which it ends"},
		},
		"password without an account": {
			block: arguments{"user_id": "u1", "password": userPassword}, want: []string{"the account of the user is not known: set domain_name (HW_DOMAIN_NAME"},
		},

		"missing file": {
			block: arguments{"shared_config_file": "~/none.json"}, noRegion: true,
			want: []string{"The shared config file ", "none.json: no such file or directory. Correct shared_config_file, or run hcloud configure"},
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
		"profile without an SSO sign-in": {
			block: arguments{"profile": "p"}, files: koo(`{"name":"p","mode":"SSO",` + kooKeys(givenKey) + `,"ssoAuth":{}}`),
			want: []string{"The profile p has no keys of its SSO sign-in. Run hcloud configure sso"},
		},
		"profile with keys that are none": {
			block: arguments{"profile": "p"}, files: koo(`{"name":"p","accessKeyId":"a","secretAccessKey":"` + secretKey + `\n"}`),
			want: []string{"The profile p holds a malformed key: it ends in a line break, wanted"},
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
			want: []string{"The profile p uses the machine's metadata: HTTP 404 from", "Run on a cloud server that has an agency"},
		},

		"nothing at all": {
			requests: 2, want: []string{
				orderID + ": No credentials found. Set HW_ACCESS_KEY and HW_SECRET_KEY, or see the guide on authentication.\n  - provider block: " + nothingBeside +
					"\n  - profile (provider block): neither a profile nor a file is named\n  - environment: " + nothingBeside +
					"\n  - profile (environment): neither a profile nor a file is named\n  - metadata of the machine: HTTP 404",
				"Then run again. If this blocks a destroy, run it with -refresh=false.",
			},
		},
		"a security token alone": {
			environment: map[string]string{"HW_SECURITY_TOKEN": mockKeys[givenKey][1]}, requests: 2,
			want: []string{"\n  - environment: a security token without access key and secret key\n"},
		},
		"machine with half an answer": {
			exchanges: map[string]exchange{machineAt: {by: nobody, answer: `{"credential":{"access":"a","secret":"planted-machine-secret"}}`}}, requests: 2,
			want: []string{"\n  - metadata of the machine: the answer has no temporary keys"},
		},

		"agency": {
			block: merged(keys, role), exchanges: answering(agencyExchange(accessKey, 3600), keysAt, 403, `{"error":{"code":403,"message":"no right: ECHO"}}`),
			requests: 1, want: []string{
				"The agency status-reader, assumed with the provider block: POST iam.cn-north-4.myhuaweicloud.com/v3.0/OS-CREDENTIAL/securitytokens: HTTP " +
					"403 Forbidden: 403: no right:", "that the caller may assume it (Agent Operator, or sts:agencies:assume)",
			},
		},
		"agency with a locked key": {
			block: merged(keys, role), requests: 1,
			exchanges: answering(agencyExchange(accessKey, 3600), keysAt, 401, fmt.Sprintf(gateway, "AK access failed to reach the limit,forbidden")),
			want: []string{
				"Authenticated with access key …0001 (provider block).", "The access key is locked",
				"run again after five minutes",
			},
		},
		"agency for STS": {
			block: merged(keys, role5), exchanges: answering(stsExchange(accessKey, 3600), stsAt, 403, `{"error_code":"PAP5.0001","error_msg":"denied ECHO"}`),
			requests: 1, want: []string{"POST sts.cn-north-4.myhuaweicloud.com/v5/agencies/assume: HTTP 403 Forbidden: PAP5.0001: denied"},
		},
		"agency for STS, with a token": {
			block: merged(role5, arguments{"token": preIssuedToken}),
			want:  []string{"an agency with domain_id is assumed with keys, not with a token: use domain_name, or give keys"},
		},
		"agency without keys in the answer": {
			block: merged(keys, role), exchanges: answering(agencyExchange(accessKey, 3600), keysAt, 201, `{"credential":{"secret":"planted-assumed-secret"}}`),
			requests: 1, want: []string{"malformed answer: the answer has no temporary keys"},
		},
		"agency on top of a profile that is missing": {
			block: merged(role, arguments{"profile": "p"}), files: koo(`{"name":"q"}`), want: []string{orderID + ": The shared config file "},
		},

		"identity token": {
			block: oidcToken, exchanges: answering(oidcExchanges(3600, 3600), identityAt, 401, no), requests: 1,
			want: []string{"he identity token of the provider block: POST", "Check idp_id, and that the identity provider accepts the token"},
		},
		"identity token, no token": {
			block: oidcToken, exchanges: answering(oidcExchanges(3600, 3600), identityAt, 201, `{}`), requests: 1, want: []string{"the sign-in's answer has no token"},
		},
		"identity token, no keys": {
			block: oidcToken, exchanges: answering(oidcExchanges(3600, 3600), keysAt, 403, no), requests: 2, want: []string{"/securitytokens: HTTP 403"},
		},
		"identity token, no agency": {
			block: oidcToken, exchanges: answering(oidcExchanges(3600, 3600), stsAt, 403, no), requests: 3, want: []string{
				"The agency status-reader, assumed with the identity token of the provider block: POST sts.",
			},
		},
		"identity token in no file": {
			block: merged(oidc, arguments{"assume_role_with_oidc.id_token_file": "/nonexistent/token"}),
			want:  []string{"the file of id_token_file cannot be used: /nonexistent/token: no such file"},
		},
		"identity token in an empty file": {
			block: merged(oidc, arguments{"assume_role_with_oidc.id_token_file": "~/token"}), files: map[string]string{"token": "\n"},
			want: []string{"the identity token is empty"},
		},

		"key not known yet": {
			block: merged(keys, arguments{"access_key": unknownValue}),
			want:  []string{"The provider argument access_key is not known yet: it depends on something that this run has yet to create."},
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
			mock := newAuthMock(t)
			mock.expect(test.reader, test.exchanges)
			block := test.block
			if !test.noRegion {
				block = merged(block, arguments{"region": "cn-north-4"})
			}
			told, sawError := configured(t.Context(), t, mock.options(test.environment, test.files), block)
			if !sawError || !strings.HasPrefix(told, "ERROR  Cannot read COC script order "+orderID+": ") && !test.noRegion {
				t.Errorf("told: %s, want the error of a read", told)
			}
			for _, want := range test.want {
				if !strings.Contains(told, want) {
					t.Errorf("told: %s, want %q", told, want)
				}
			}
			if seen := mock.seen(); len(seen) != test.requests {
				t.Errorf("sent %q, want %d requests", seen, test.requests)
			}
			checkHarmless(t, flat(told), planted()...)
		})
	}
}

// TestUnknownCredentials plans with keys that something else has still to make: a read that waits for that thing is well, and one that does
// not is told why it cannot be.
func TestUnknownCredentials(t *testing.T) {
	t.Parallel()
	mock := newAuthMock(t)
	mock.expect(accessKey, nil)
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
	acceptWith(t, mock.options(nil, nil),
		resource.TestStep{Config: block + order, ExpectError: wrapped("The provider argument access_key is not known yet")},
		resource.TestStep{Config: block + deferred, ConfigStateChecks: running})
}

// TestMissingService wants host and setting in the answer to a wrong host.
func TestMissingService(t *testing.T) {
	t.Parallel()
	unpublished := exchange{by: accessKey, status: http.StatusNotFound, answer: `{"error_code":"APIGW.0101","error_msg":"The API does not exist"}`}
	mock := newAuthMock(t)
	mock.expect(accessKey, map[string]exchange{orderAt: unpublished})
	told, _ := configured(t.Context(), t, mock.options(keysInEnv, nil), arguments{"region": "cn-north-4"})
	const want = "The gateway knows no such API at coc.myhuaweicloud.com. The host of COC follows the site of the account, not the region: correct " +
		"cloud, or set endpoints.coc in the provider block."
	if !strings.Contains(told, want) {
		t.Errorf("told: %s", told)
	}
}
