package acceptance_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"

	"github.com/hwgate/terraform-provider-hwgate/internal/provider"
	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/cloudtest"
)

// Dummy credentials and ids of the tests.
const (
	accessKey    = "ACCEPTANCEKEY0000001"
	secretKey    = "acceptance-secret-key"
	exampleID    = cloudtest.ExampleOrder
	exampleOrder = "/v1/job/script/orders/" + exampleID
	projectID    = "b384b9e9ab9b4ee8994c8633aabc9505"
	accountID    = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
	instanceID   = cloudtest.ExampleInstance
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

// dataBlock is a data source under the label "test".
func dataBlock(name, arguments string) string {
	return fmt.Sprintf("data %q \"test\" {\n  provider = hwgate\n  %s\n}\n", name, arguments)
}

// exampleData reads the order of the examples.
func exampleData(arguments string) string {
	return dataBlock("coc_script_order", "execute_uuid = \""+exampleID+"\"\n"+arguments)
}

func readExample(t *testing.T, path ...string) string {
	t.Helper()
	example, err := os.ReadFile(filepath.Join(append([]string{"..", "..", "examples"}, path...)...))
	if err != nil {
		t.Fatal(err)
	}
	return string(example)
}

// pick returns one of two.
func pick[T any](first bool, yes, no T) T {
	if first {
		return yes
	}
	return no
}
