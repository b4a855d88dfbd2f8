package provider_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/hwgate/terraform-provider-hwgate/internal/provider"
	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/cloudtest"
	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/recording"
)

// Dummy credentials and ids of the tests.
const (
	accessKey     = "ACCEPTANCEKEY0000001"
	secretKey     = "acceptance-secret-key"
	securityToken = "acceptance-security-token"
	orderID       = "SCT2023102211473xxxxxxxxxx"
	projectID     = "b384b9e9ab9b4ee8994c8633aabc9505"
	instanceID    = "fae7ff6c-8e07-4cf8-9e67-589cab2f017c"
	workspaceID   = "0d0e8c1b7a3f4f0e9d6c5b4a39281706"
	overviewPath  = "/v2/" + projectID + "/factory/monitor/task-statistics-overview"
	taskPath      = "/v2/" + projectID + "/fdi/instances/" + instanceID + "/statistics/tasks"
	// logText is what hosts log: it must not come to the console.
	logText = "log-of-the-host"
)

// attach serves a provider in this process until the test ends, with an environment of its own. What it gives leads the CLI to it.
func attach(t *testing.T, options provider.Options, environment map[string]string) []string {
	t.Helper()
	options.Version = "test"
	if options.Getenv == nil {
		options.Getenv = func(name string) string { return environment[name] }
	}
	ctx, cancel := context.WithCancel(t.Context())
	served, ended := make(chan *plugin.ReattachConfig), make(chan struct{})
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	go func() {
		err := tf6server.Serve("hwgate/hwgate", provider.NewServer(options),
			tf6server.WithDebug(ctx, served, ended), tf6server.WithGoPluginLogger(hclog.NewNullLogger()), tf6server.WithLoggingSink(t))
		if err != nil {
			t.Error(err)
		}
	}()
	config := <-served
	at := map[string]any{
		"Protocol": config.Protocol, "ProtocolVersion": config.ProtocolVersion, "Pid": config.Pid, "Test": true,
		"Addr": map[string]string{"Network": config.Addr.Network(), "String": config.Addr.String()},
	}
	all, err := json.Marshal(map[string]any{"registry.terraform.io/hwgate/hwgate": at, "registry.opentofu.org/hwgate/hwgate": at})
	if err != nil {
		t.Fatal(err)
	}
	return []string{"TF_REATTACH_PROVIDERS=" + string(all)}
}

// recorded leads the CLI to a provider that is answered from a recording, under the credentials of a key pair in the environment. With
// HWGATE_RECORD=1 it makes the recording instead, of the account that the real environment names.
func recorded(t *testing.T, name string) []string {
	t.Helper()
	if !recording.Recording() {
		svc := cloudtest.New(cloudtest.Report(t.Errorf))
		if err := svc.Recorded(name); err != nil {
			t.Fatal(err)
		}
		return attach(t, provider.Options{WrapTransport: svc.Transport}, map[string]string{
			"HW_REGION_NAME": "cn-north-4", "HW_ACCESS_KEY": accessKey, "HW_SECRET_KEY": secretKey,
		})
	}
	// The provider is configured again for each part of a command; all of them share one recording.
	var once sync.Once
	var transport http.RoundTripper
	return attach(t, provider.Options{Getenv: os.Getenv, WrapTransport: func(next http.RoundTripper) http.RoundTripper {
		once.Do(func() {
			var stop func() error
			var err error
			if transport, stop, err = recording.Record(name, next); err != nil {
				t.Error(err)
				return
			}
			t.Cleanup(func() {
				if err := stop(); err != nil {
					t.Error(err)
				}
			})
		})
		return transport
	}}, nil)
}

// cloud is all services on loopback. It wants every request to be authenticated, and to be in a story.
type cloud struct {
	*cloudtest.Service

	URL string
}

// A play is what the services are asked for, and what comes of it.
type play func(svc *cloudtest.Service)

// newCloud starts with a play, if there is one.
func newCloud(t *testing.T, plays ...play) *cloud {
	t.Helper()
	svc := cloudtest.New(cloudtest.Report(t.Errorf), cloudtest.Signed(map[string]string{accessKey: secretKey}))
	all(plays...)(svc)
	t.Cleanup(svc.Close)
	return &cloud{svc, svc.Start()}
}

// all plays one after the other: a later one may replace what an earlier one says of the same thing.
func all(plays ...play) play {
	return func(svc *cloudtest.Service) {
		for _, play := range plays {
			play(svc)
		}
	}
}

// always answers each path, with its query, with one body.
func always(bodies map[string]string) play {
	return func(svc *cloudtest.Service) {
		for path, body := range bodies {
			svc.At(path).Now(cloudtest.Answer{Body: body})
		}
	}
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
