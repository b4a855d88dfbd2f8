package provider

import (
	"net"
	"strings"
	"testing"

	"github.com/hwgate/terraform-provider-hwgate/internal/client"
)

// TestRefusalHint reads the gateway's reasons for a 401.
func TestRefusalHint(t *testing.T) {
	t.Parallel()
	const (
		prefix = "Incorrect IAM authentication information: calc aksk signature fail:signature expired, "
		unsaid = "This machine's clock is more than 15 minutes off."
		skewed = "A signature counts for 15 minutes, and this machine's clock is "
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
		"token ran out":     {"The token must be updated", "The token has run out. "},
		"wrong secret":      {"Incorrect IAM authentication information: verify aksk signature fail", ""},
		"nothing":           {"", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := refusalHint(test.message); !strings.HasPrefix(got, test.want) || (test.want == "") != (got == "") {
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
				got := advice(client.COC, &failure)
				where := displayName(service) + " is most likely not offered in the region cn-west-3: correct region or cloud, or"
				if service == client.COC {
					where = "the host of COC follows the site of the account, not the region: correct cloud, or"
				}
				for _, want := range []string{"h.example.com", where[1:], "set " + settings[service] + " in"} {
					if !strings.Contains(got, want) {
						t.Errorf("%q does not say %q", got, want)
					}
				}
				failure.Region = ""
				if got := advice(client.COC, &failure); service != client.COC && !strings.Contains(got, "offered in this region") {
					t.Errorf("without a region: %q", got)
				}
			})
		}
	}
}
