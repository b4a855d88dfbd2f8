package provider_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/hwgate/terraform-provider-hwgate/internal/authtest"
	"github.com/hwgate/terraform-provider-hwgate/internal/provider"
	"github.com/hwgate/terraform-provider-hwgate/internal/recording"
)

// Dummy credentials and ids of the tests.
const (
	accessKey     = "ACCEPTANCEKEY0000001"
	secretKey     = "acceptance-secret-key"
	securityToken = "acceptance-security-token"
	orderID       = "SCT2023102211473xxxxxxxxxx"
	projectID     = "b384b9e9ab9b4ee8994c8633aabc9505"
	instanceID    = "fae7ff6c-8e07-4cf8-9e67-589cab2f017c"
)

func TestMain(m *testing.M) {
	// Configurations name hwgate/hwgate, as users do; without this the test framework serves hashicorp/hwgate.
	_ = os.Setenv("TF_ACC_PROVIDER_NAMESPACE", "hwgate")
	os.Exit(m.Run())
}

// served makes a provider with an environment of its own.
func served(options provider.Options, environment map[string]string) map[string]func() (tfprotov6.ProviderServer, error) {
	options.Version = "test"
	if options.Getenv == nil {
		options.Getenv = func(name string) string { return environment[name] }
	}
	return map[string]func() (tfprotov6.ProviderServer, error){
		"hwgate": providerserver.NewProtocol6WithError(provider.New(options)()),
	}
}

// recorded makes a provider that is answered from a recording, under the credentials of a key pair in the environment. With
// HWGATE_RECORD=1 it makes the recording instead, of the account that the real environment names.
func recorded(t *testing.T, name string) map[string]func() (tfprotov6.ProviderServer, error) {
	t.Helper()
	options := provider.Options{}
	environment := map[string]string{"HW_REGION_NAME": "cn-north-4", "HW_ACCESS_KEY": accessKey, "HW_SECRET_KEY": secretKey}
	// The framework starts the provider anew for each command; all of them share one recording.
	var once sync.Once
	var transport http.RoundTripper
	options.WrapTransport = func(next http.RoundTripper) http.RoundTripper {
		once.Do(func() {
			var err error
			if recording.Recording() {
				var stop func() error
				transport, stop, err = recording.Record(name, next)
				t.Cleanup(func() {
					if err := stop(); err != nil {
						t.Error(err)
					}
				})
			} else {
				transport, err = recording.Replay(func(r *http.Request) { t.Errorf("not recorded: %s %s", r.Method, r.URL) }, name)
			}
			if err != nil {
				t.Error(err)
			}
		})
		return transport
	}
	if recording.Recording() {
		options.Getenv = os.Getenv
	}
	return served(options, environment)
}

// answer is one answer of the cloud. The zero status is 200.
type answer struct {
	status int
	body   string
	header http.Header
}

// cloud stands in for every service. It answers each path (with its query) from a script, the last answer again and again, and
// checks that each request is authenticated.
type cloud struct {
	*httptest.Server

	t      *testing.T
	script map[string][]answer

	mu       sync.Mutex
	requests []*http.Request
}

func newCloud(t *testing.T, script map[string][]answer) *cloud {
	t.Helper()
	c := &cloud{t: t, script: script}
	c.Server = httptest.NewServer(c)
	t.Cleanup(c.Close)
	return c
}

func (c *cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	verifier := authtest.Verifier{
		Secrets:  map[string]string{accessKey: secretKey},
		MustSign: []string{"host", "x-security-token", "x-project-id", "x-domain-id", "workspace"},
	}
	if err := verifier.Verify(r); err != nil && r.Header.Get("X-Auth-Token") == "" {
		c.t.Errorf("%s: %s", r.URL, err)
	}
	c.mu.Lock()
	c.requests = append(c.requests, r)
	answers, ok := c.script[r.URL.RequestURI()]
	if !ok {
		c.mu.Unlock()
		c.t.Errorf("not in the script: %s %s", r.Method, r.URL)
		http.Error(w, "not in the script", http.StatusNotImplemented)
		return
	}
	if len(answers) > 1 {
		c.script[r.URL.RequestURI()] = answers[1:]
	}
	c.mu.Unlock()
	maps.Copy(w.Header(), answers[0].header)
	if answers[0].status != 0 {
		w.WriteHeader(answers[0].status)
	}
	_, _ = w.Write([]byte(answers[0].body))
}

// seen are the requests so far.
func (c *cloud) seen() []*http.Request {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]*http.Request(nil), c.requests...)
}

// always answers each path with one body.
func always(bodies map[string]string) map[string][]answer {
	script := map[string][]answer{}
	for path, body := range bodies {
		script[path] = []answer{{body: body}}
	}
	return script
}

// header is the part of a configuration that names the provider, with settings beside the ones of every test.
func (c *cloud) header(settings string) string {
	return terraformBlock + fmt.Sprintf(`
provider "hwgate" {
  region     = "cn-north-4"
  access_key = %q
  secret_key = %q
  endpoints = {
    coc      = %[3]q
    dataarts = %[3]q
    roma     = %[3]q
    iam      = %[3]q
  }
  %[4]s
}
`, accessKey, secretKey, c.URL, settings)
}

const terraformBlock = `
terraform {
  required_providers {
    hwgate = { source = "hwgate/hwgate" }
  }
}
`

// steps runs a configuration through the real CLI.
func (c *cloud) steps(t *testing.T, steps ...resource.TestStep) {
	t.Helper()
	resource.UnitTest(t, resource.TestCase{ProtoV6ProviderFactories: served(provider.Options{}, nil), Steps: steps})
}

// wrapped finds words in a message of Terraform, which breaks lines anywhere.
func wrapped(words string) *regexp.Regexp {
	fields := strings.Fields(words)
	for i, field := range fields {
		fields[i] = regexp.QuoteMeta(field)
	}
	return regexp.MustCompile(strings.Join(fields, `\s+`))
}

// expect checks every attribute that is named, on one data source.
func expect(address string, attributes map[string]knownvalue.Check) []statecheck.StateCheck {
	var checks []statecheck.StateCheck
	for name, check := range attributes {
		checks = append(checks, statecheck.ExpectKnownValue(address, tfjsonpath.New(name), check))
	}
	return checks
}

// Short forms for what is compared most.
var (
	null     = knownvalue.Null()
	text     = knownvalue.StringExact
	number   = knownvalue.Int64Exact
	fraction = knownvalue.Float64Exact
	yes      = knownvalue.Bool(true)
	no       = knownvalue.Bool(false)
	list     = knownvalue.ListExact
	object   = knownvalue.ObjectExact
	mapping  = knownvalue.MapExact
)

type (
	values = map[string]knownvalue.Check
	items  = []knownvalue.Check
)

// insensitive is wrapped, whatever letter a sentence begins with.
func insensitive(words string) *regexp.Regexp {
	return regexp.MustCompile(`(?i)` + wrapped(words).String())
}
