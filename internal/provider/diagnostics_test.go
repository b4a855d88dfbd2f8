package provider

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/hwgate/terraform-provider-hwgate/internal/client"
	"github.com/hwgate/terraform-provider-hwgate/internal/gate"
)

// TestRefusalHint reads the gateway's reasons for a 401.
func TestRefusalHint(t *testing.T) {
	t.Parallel()
	const (
		prefix = "Incorrect IAM authentication information: calc aksk signature fail:signature expired, "
		unsaid = "This machine's clock is more than 15 minutes off."
		skewed = "A signature is valid for 15 minutes, and this machine's clock is "
	)
	tests := map[string]struct{ message, want string }{
		"behind":            {prefix + "signature time:20211217T064303Z,server time:20211217T065804Z", skewed + "15m1s behind the service's."},
		"ahead":             {prefix + "signature time:20211218T000000Z, server time:20211217T235959Z.", skewed + "1s ahead of the service's."},
		"by days":           {prefix + "signature time:20211217T065804Z,server time:20211219T065804Z", skewed + "48h0m0s behind the service's."},
		"the same time":     {prefix + "signature time:20211217T065804Z,server time:20211217T065804Z", unsaid},
		"no such time":      {prefix + "signature time:20211317T065804Z,server time:20211217T065804Z", unsaid},
		"no such server's":  {prefix + "signature time:20211217T065804Z,server time:20211217T995804Z", unsaid},
		"no times":          {prefix, unsaid},
		"one time":          {prefix + "signature time:20211217T065804Z", unsaid},
		"unknown key":       {"Incorrect IAM authentication information: ak AKABC not exist", "The access key does not exist: "},
		"unknown key, said": {"Incorrect IAM authentication information: AK not exist", "The access key does not exist: "},
		"locked key":        {"AK access failed to reach the limit,forbidden: AKABC", "The access key is locked, "},
		"token ran out":     {"The token must be updated", "The token has expired. "},
		"wrong secret":      {"Incorrect IAM authentication information: verify aksk signature fail", ""},
		"nothing":           {"", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := refusalHint(&client.Error{Message: test.message}); !strings.HasPrefix(got, test.want) || (test.want == "") != (got == "") {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// TestMissingServiceAdvice wants to know which service is missing where, and which setting helps, for all of them.
func TestMissingServiceAdvice(t *testing.T) {
	t.Parallel()
	settings := map[client.Service]string{
		client.COC: "endpoints.coc", client.DataArts: "endpoints.dataarts", client.ROMA: "endpoints.roma", client.IAM: "auth_url",
		client.STS: "endpoints.sts",
	}
	for _, service := range client.Services() {
		for name, failure := range map[string]client.Error{
			"gateway":       {Status: 404, Code: "APIGW.0101"},
			"older gateway": {Status: 404, Code: "APIG.0101"},
			"name":          {Err: &net.DNSError{Err: "no such host", Name: "h"}},
		} {
			t.Run(string(service)+"/"+name, func(t *testing.T) {
				t.Parallel()
				failure.Service, failure.Host, failure.Region = service, "h.example.com", "cn-west-3"
				got := (&form{source: scriptOrder}).advice(&failure)
				where := service.Name() + " is most likely not offered in the region cn-west-3: correct region or cloud, or"
				if service == client.COC {
					where = "the host of COC follows the site of the account, not the region: correct cloud, or"
				}
				for _, want := range []string{"h.example.com", where[1:], "set " + settings[service] + " in"} {
					if !strings.Contains(got, want) {
						t.Errorf("%q does not say %q", got, want)
					}
				}
				failure.Region = ""
				if got := (&form{source: scriptOrder}).advice(&failure); service != client.COC && !strings.Contains(got, "offered in this region") {
					t.Errorf("without a region: %q", got)
				}
			})
		}
	}
}

// TestAdvice holds the advice for each kind of failure to its words, and to what it must not say.
func TestAdvice(t *testing.T) {
	t.Parallel()
	const way = "/v1/job/script/orders/SCT1"
	kinds := map[string]client.CredentialKind{"token": client.Token, "temporary key": client.TemporaryKey, "key": client.PermanentKey}
	steps := map[string]client.Step{
		"/v3/auth/tokens": client.SignIn, "/v3.0/OS-AUTH/id-token/tokens": client.ExchangeIdentity, "/v5/agencies/assume": client.AssumeRole,
		"/v3.0/OS-CREDENTIAL/securitytokens": client.AssumeRole, "keys": client.RequestKeys,
	}
	failed := func(change func(*client.Error)) *client.Error {
		failure := &client.Error{Service: client.ROMA, Region: "cn-north-4", Method: "GET", Scheme: "https", Host: "h.test", Path: way}
		change(failure)
		return failure
	}
	answered := func(status int, code, credential string) *client.Error {
		return failed(func(e *client.Error) {
			e.Status, e.Code, e.Credential, e.CredentialKind = status, code, credential, kinds[credential]
		})
	}
	of := func(service client.Service, path string, failure *client.Error) *client.Error {
		failure.Service, failure.Path, failure.Step = service, path, steps[path]
		return failure
	}
	noCredential := func(err error) error {
		return failed(func(e *client.Error) { e.Err = &client.NoCredentialError{Reason: err} })
	}
	tests := map[string]struct {
		err         error
		want, never string
	}{
		"statistics that cannot be trusted": {
			errors.New("the statistics cannot be trusted: 3 instances are accounted for, but the total is 4"),
			"Run again. If the error persists, the API may have changed", "onfiguration",
		},
		"a setting":            {&settingError{"region", "no region is set"}, "", ""},
		"half a credential":    {noCredential(settingErrorf("half")), "Then run again.", ""},
		"a failed sign-in":     {noCredential(of(client.IAM, "/v3/auth/tokens", answered(401, "", ""))), "Check user, password, account and project;", "clock"},
		"an identity token":    {of(client.IAM, "/v3.0/OS-AUTH/id-token/tokens", answered(401, "", "")), "Check idp_id, and that the identity provider", "password"},
		"keys for an identity": {of(client.IAM, "keys", answered(403, "", "")), "Check what the rules of the identity provider (idp_id) permit", "agency"},
		"an unknown agency":    {of(client.IAM, "/v3.0/OS-CREDENTIAL/securitytokens", answered(404, "", "")), "name of the agency or identity provider", "no such API"},
		"an unknown agency, STS": {
			of(client.STS, "/v5/agencies/assume", answered(404, "", "")), "Check endpoints.sts, the region, and the name of the agency", "no such API",
		},
		"a certificate for another use": {
			failed(func(e *client.Error) { e.Err = x509.CertificateInvalidError{Reason: x509.IncompatibleUsage} }), "is not trusted here", "clock",
		},
		"a declined agency":     {of(client.STS, "/v5/agencies/assume", answered(403, "PAP5.1", "key")), "Agent Operator", ""},
		"keys of an agency":     {of(client.STS, "/v5/agencies/assume", answered(401, "", "key")), "Check the key, its secret", ""},
		"a fault of IAM":        {of(client.IAM, "/v3/auth/tokens", answered(503, "", "")), "IAM is failing at the moment.", ""},
		"a code of IAM's":       {of(client.IAM, "/v3/auth/tokens", answered(500, "500", "")), "This code is not retried.", "raise"},
		"a throttling IAM":      {of(client.IAM, "/v3/auth/tokens", answered(429, "", "")), "The service throttles.", "password"},
		"throttling with a 403": {answered(403, "APIGW.0308", ""), "The service throttles.", "permission"},
		"throttling with a 200": {answered(200, "APIGW.0308", ""), "The service throttles.", "permission"},
		"a header that is too large": {
			failed(func(e *client.Error) { e.Status, e.Err = 431, client.ErrHeaderTooLarge }), "use an access key in place of a token.", "arguments",
		},
		"a proxy that is no URL": {
			failed(func(e *client.Error) { e.Err = &client.ProxySettingError{Variable: "HTTPS_PROXY"} }),
			"Correct that variable, or name the host h.test in NO_PROXY", "connection",
		},
		"no turn": {
			failed(func(e *client.Error) {
				e.Err = &client.TurnError{Hosts: []string{"a.test", "b.test"}, Err: context.DeadlineExceeded}
			}),
			"Find out why there is no answer from a.test and b.test, or raise timeouts.read.", "The time of",
		},
		"refused before": {
			failed(func(e *client.Error) { e.Status, e.Err = 401, &client.RefusedError{First: answered(401, "", "")} }),
			"Correct the error of GET h.test" + way + " first.", "key",
		},
		"a refused token":         {answered(401, "APIGW.0301", "token"), "The token was refused", "secret"},
		"a refused token's clock": {answered(401, "APIGW.0301", "token"), "give a new one", "clock"},
		"a refused temporary key": {answered(401, "APIGW.0301", "temporary key"), "key, secret and security token belong together", ""},
		"a refused key":           {answered(401, "APIGW.0301", "key"), "Check the key, its secret and this machine's clock", ""},
		"no such project":         {&client.ProjectError{Region: "r", Name: "n"}, "Set project_id in the provider block or the data source", ""},
		"a look-up that is refused": {
			&client.ProjectError{Err: of(client.IAM, "/v3/projects", answered(401, "", "key"))}, "Check the key, its secret", "no look-up is needed",
		},
		"a look-up that is forbidden": {
			&client.ProjectError{Err: of(client.IAM, "/v3/projects", answered(403, "", "key"))}, "iam:projects:listProjects", "",
		},
		"a look-up while IAM fails": {
			&client.ProjectError{Err: of(client.IAM, "/v3/projects", answered(503, "", "key"))}, "IAM is failing at the moment.", "no look-up is needed",
		},
		"a code that is not retried": {
			failed(func(e *client.Error) { e.Status, e.Code, e.RequestID = 500, "ROMA.00110999", "req-1" }),
			"This code is not retried. Give the request id req-1 to the vendor's support.", "max_retries",
		},
		"one without a request id": {answered(500, "ROMA.00110999", ""), "Give it to the vendor's support, with the time and the path", "max_retries"},
		"a code that is retried":   {answered(500, "FDI.9999", ""), "ROMA is failing at the moment. Run again later, or raise max_retries.", "instance_id"},
		"an unknown instance":      {answered(500, "ROMA.00110002", ""), "Check instance_id", "support"},
		"an instance of FDI's":     {answered(400, "FDI.1001", ""), "Check instance_id", ""},
		"an instance with 404":     {answered(404, "ROMA.00110006", ""), "Check instance_id", "no such API"},
		"an order with 404":        {of(client.COC, way, answered(404, "COC.00040709", "")), "Check the order's id", "no such API"},
		"an order's own id":        {of(client.COC, "/v1/job/script/orders/SCT1/statistics", answered(400, "COC.00040709", "")), "Check the order's id, and that", "SCT"},
		"the id of a script": {
			of(client.COC, "/x/v1/job/script/orders/SC2023101717/batches/1", answered(400, "COC.00040709", "")),
			`Check the order's id (ids of script orders begin with SCT, and "SC2023101717" does not: it may be that of a script or a job), and`, "",
		},
		"the id of a script, refused": {
			of(client.COC, "/v1/job/script/orders/SC2023101717", answered(400, "COC.00040701", "")), `and "SC2023101717" does not: it may be that`, "",
		},
		"an order that is gone": {
			&gate.GoneError{Status: "PROCESSING", Ago: time.Second, Err: of(client.COC, way, answered(400, "COC.00040709", ""))},
			"Id and site are correct, since the order was read in this wait", "Check the order's id",
		},
		"a workspace with 404":  {of(client.DataArts, way, answered(404, "DLS.6036", "")), "Correct workspace_id", "no such API"},
		"a job with 404":        {of(client.DataArts, way, answered(404, "DLF.0100", "")), "Check job_name", "no such API"},
		"another code with 404": {of(client.DataArts, way, answered(404, "DLF.3051", "")), "Check the arguments", "no such API"},
		"another code of COC":   {of(client.COC, way, answered(404, "COC.00040001", "")), "Check the arguments", "no such API"},
		"a gateway's code":      {of(client.DataArts, way, answered(404, "APIGW.0201", "")), "The gateway knows no such API at h.test.", "job_name"},
		"another 404":           {answered(404, "", ""), "The gateway knows no such API at h.test.", "instance_id"},
		"arguments":             {answered(400, "ROMA.1", ""), "Check the arguments", ""},
		"no error of the API":   {answered(418, "", ""), "Check that h.test is the right host (endpoints.roma), and the proxy.", "arguments"},
		"a page that forbids": {
			answered(403, "", ""),
			"something else may have answered. Check that h.test is the right host (endpoints.roma), and the proxy. If it was the API, grant the caller", "",
		},
		"an API that forbids":      {answered(403, "ROMA.1006", ""), "Grant the caller the right to read", "something else"},
		"plain HTTP, another code": {failed(func(e *client.Error) { e.Scheme, e.Status, e.Code = "http", 400, "ROMA.1" }), "Check the arguments", "https"},
		"a proxy's password":       {answered(407, "", ""), "Give the proxy its user name and password in HTTPS_PROXY (HTTP_PROXY for http://).", ""},
		"a redirect of IAM":        {of(client.IAM, "/v3/auth/tokens", answered(302, "", "")), "Set auth_url to the address that answers without a redirect.", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := (&form{source: fdiTaskStatistics, kind: "data source", operation: "read"}).advice(test.err)
			if !strings.Contains(got, test.want) || (test.want == "") != (got == "") {
				t.Errorf("advice is %q, want %q", got, test.want)
			}
			if test.never != "" && strings.Contains(got, test.never) {
				t.Errorf("advice is %q, which says %q", got, test.never)
			}
		})
	}
}

// TestWhatHappened names a request only where one was sent, and the credential only where one was refused.
func TestWhatHappened(t *testing.T) {
	t.Parallel()
	asked := func(status int, credential string, err error) *client.Error {
		return &client.Error{Method: "GET", Host: "h.test", Path: "/p", Status: status, Credential: credential, Err: err}
	}
	signIn := &client.Error{Method: "POST", Host: "iam.test", Path: "/v3/auth/tokens", Status: 401}
	const key = "access key …1 (environment)"
	tests := map[string]struct {
		err  error
		want string
	}{
		"a setting":          {&settingError{"region", "no region is set"}, "No region is set."},
		"something else":     {errors.New("the statistics cannot be trusted"), "The statistics cannot be trusted."},
		"a refused key":      {asked(401, key, nil), "GET h.test/p: HTTP 401 Unauthorized. Authenticated with access key …1 (environment)."},
		"nobody's refusal":   {asked(401, "", nil), "GET h.test/p: HTTP 401 Unauthorized."},
		"a forbidden key":    {asked(403, key, nil), "GET h.test/p: HTTP 403 Forbidden."},
		"half a credential":  {asked(0, "", &client.NoCredentialError{Reason: settingErrorf("secret_key is not")}), "secret_key is not."},
		"a file that is not": {asked(0, "", &client.NoCredentialError{Reason: errors.New("no file")}), "No file."},
		"a sign-in":          {asked(0, "", &client.NoCredentialError{Reason: signIn}), "POST iam.test/v3/auth/tokens: HTTP 401 Unauthorized."},
		"a sign-in that another one needs": {asked(0, "", &client.NoCredentialError{Reason: fmt.Errorf("the agency a: %w", asked(0, "",
			&client.NoCredentialError{Reason: fmt.Errorf("the sign-in of x: %w", signIn)}))}), "The sign-in of x: POST iam.test/v3/auth/tokens: HTTP 401 Unauthorized."},
		"a file that an agency needs": {asked(0, "", &client.NoCredentialError{Reason: fmt.Errorf("the agency a: %w",
			&client.NoCredentialError{Reason: errors.New("the identity token of x: no file")})}), "The identity token of x: no file."},
		"refused before":        {asked(401, key, &client.RefusedError{First: asked(401, key, nil)}), "Not sent: access key …1 (environment) was already refused in this run."},
		"waiting for its turn":  {asked(0, "", &client.TurnError{Hosts: []string{"a.test"}, Err: errors.New("timed out")}), "Not sent, waiting for an answer of a.test to another request with this credential: timed out."},
		"a look-up's own fault": {&client.ProjectError{Region: "r", Name: "n", Host: "iam.test", Found: 2}, `Looking up the id of project "n" of region "r" at iam.test: 2 projects have that name, wanted one.`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := whatHappened(test.err); got != test.want {
				t.Errorf("it says %q, want %q", got, test.want)
			}
		})
	}
}

// TestErrorPointsAtSetting wants the error of a missing region or project at the argument of the data source that can give it, and no other there.
func TestErrorPointsAtSetting(t *testing.T) {
	t.Parallel()
	for argument, want := range map[string]path.Path{
		"region": path.Root("region"), "project_id": path.Root("project_id"), "auth_url": path.Empty(), "": path.Empty(),
	} {
		var diags diag.Diagnostics
		(&form{source: scriptOrder}).addReadError("it", &settingError{argument, "no " + argument}, &diags)
		at := path.Empty()
		if pointing, ok := diags[0].(diag.DiagnosticWithPath); ok {
			at = pointing.Path()
		}
		if !at.Equal(want) {
			t.Errorf("the error of %q points at %q", argument, at)
		}
	}
}

// TestCulpritsAreCounted counts all that failed beyond those that an error lists, also what was not read.
func TestCulpritsAreCounted(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		named, more int
		end         string
	}{{20, 0, "\n  host"}, {3, 2, "\n  and 2 more"}, {21, 0, "\n  and 1 more"}, {100, 50, "\n  and 130 more"}} {
		report := &gate.Report{Culprits: slices.Repeat([]string{"host"}, test.named), MoreCulprits: int64(test.more)}
		if got := culpritList(report); strings.Count(got, "host") != min(test.named, 20) || !strings.HasSuffix(got, test.end) {
			t.Errorf("%d named and %d more: %q", test.named, test.more, got)
		}
	}
}

// TestVariablesOf lists the environment variables of arguments as a sentence does.
func TestVariablesOf(t *testing.T) {
	t.Parallel()
	for want, names := range map[string][]string{
		"HW_SECURITY_TOKEN":                {"security_token"},
		"HW_REGION_NAME or OS_REGION_NAME": {"region"},
		"HW_PROJECT_ID, OS_PROJECT_ID, OS_TENANT_ID or HW_SECURITY_TOKEN": {"project_id", "security_token"},
	} {
		if got := variablesOf(names...); got != want {
			t.Errorf("%q: %q, want %q", names, got, want)
		}
	}
}
