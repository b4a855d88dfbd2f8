package client

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestAssumeRole(t *testing.T) {
	t.Parallel()
	temporary := testKeys
	temporary.SecurityToken = "dummySecurityToken"
	const v3, v5 = "/v3.0/OS-CREDENTIAL/securitytokens", "/v5/agencies/assume"
	const bodyV3 = `{"auth":{"identity":{"assume_role":{"agency_name":"reader","domain_name":"account","duration_seconds":7200},` +
		`"methods":["assume_role"]}}}`
	for _, test := range []struct {
		name   string
		base   Credential
		agency Agency
		path   string
		answer string
		asked  []string
		key    string
		fault  string
	}{
		{
			"third version", testKeys, Agency{Name: "reader", DomainName: "account", Duration: 2 * time.Hour}, v3, keysV3,
			[]string{"POST https://iam.ap-example-1.example.com" + v3, bodyV3}, "DUMMYTEMPORARY000001", "",
		},
		{
			"third version, with a token", Credential{Token: "dummyToken"}, Agency{Name: "reader", DomainName: "account", Duration: 2 * time.Hour},
			v3, keysV3,
			[]string{"POST https://iam.ap-example-1.example.com" + v3, bodyV3}, "DUMMYTEMPORARY000001", "",
		},
		{
			"fifth version", testKeys, Agency{Name: "reader", DomainID: "d1", Duration: 2 * time.Hour}, v5, keysV5,
			[]string{
				"POST https://sts.ap-example-1.example.com" + v5,
				`{"agency_session_name":"terraform-provider-hwgate","agency_urn":"iam::d1:agency:reader","duration_seconds":7200}`,
			}, "DUMMYTEMPORARY000002", "",
		},
		{
			"fifth version, in a chain", temporary, Agency{Name: "reader", DomainID: "d1", Duration: 2 * time.Hour}, v5, keysV5,
			[]string{
				"POST https://sts.ap-example-1.example.com" + v5,
				`{"agency_session_name":"terraform-provider-hwgate","agency_urn":"iam::d1:agency:reader","duration_seconds":3600}`,
			}, "DUMMYTEMPORARY000002", "",
		},
		{
			"fifth version, in a chain, for less than may be", temporary, Agency{Name: "reader", DomainID: "d1", Duration: 30 * time.Minute},
			v5, keysV5,
			[]string{
				"POST https://sts.ap-example-1.example.com" + v5,
				`{"agency_session_name":"terraform-provider-hwgate","agency_urn":"iam::d1:agency:reader","duration_seconds":1800}`,
			}, "DUMMYTEMPORARY000002", "",
		},
		{
			"fifth version, with a token", Credential{Token: "dummyToken"}, Agency{Name: "reader", DomainID: "d1", Duration: time.Hour}, v5, keysV5,
			nil, "", "assumed with keys, not with a token",
		},
		{
			"half an answer", testKeys, Agency{Name: "reader", DomainID: "d1", Duration: time.Hour}, v5,
			strings.Replace(keysV5, `"security_token":"dummySecurityToken2",`, "", 1),
			[]string{
				"POST https://sts.ap-example-1.example.com" + v5,
				`{"agency_session_name":"terraform-provider-hwgate","agency_urn":"iam::d1:agency:reader","duration_seconds":3600}`,
			}, "", "the answer has no temporary keys",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cloud := newCloud(t, map[string]answerer{test.path: func(request *http.Request) (*http.Response, error) {
					if test.base.Token == "" {
						// The body has been read; what is signed is its hash.
						body, err := request.GetBody()
						if err != nil {
							return nil, err
						}
						request.Body = body
						checkSigned(t, request)
					} else if request.Header.Get("X-Auth-Token") != test.base.Token {
						t.Errorf("headers %v, want the token", request.Header)
					}
					return says(201, test.answer)(request)
				}})
				c := newClient(t, cloud, source(AssumeRoleSource(StaticCredential(test.base, "the test"), test.agency)))
				_, err := c.ScriptOrder(t.Context(), testOrder)
				if diff := cmp.Diff(test.asked, cloud.asked); diff != "" {
					t.Errorf("want (-), got (+):\n%s", diff)
				}
				if test.fault != "" {
					if err == nil || !errors.Is(err, ErrNoCredential) || !strings.Contains(err.Error(), test.fault) {
						t.Errorf("error %v, want %q", err, test.fault)
					} else {
						checkHarmless(t, err.Error(), "dummyTemporarySecret2")
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				read := cloud.sent()[1].Header
				if got := read.Get("Authorization"); !strings.Contains(got, " Access="+test.key+",") ||
					!strings.Contains(got, ";x-security-token,") {
					t.Errorf("Authorization %q, want the key %s", got, test.key)
				}
			})
		})
	}
}
