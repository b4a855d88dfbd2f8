package provider_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-testing/echoprovider"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"
	"github.com/hashicorp/terraform-plugin-testing/tfversion"

	"github.com/hwgate/terraform-provider-hwgate/internal/provider"
	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/cloudtest"
)

// The tests of the sources run the real CLI in plugin-testing. The provider is in this process, with the mock of the services as its
// transport.

const terraformBlock = `
terraform {
  required_providers {
    hwgate = { source = "hwgate/hwgate" }
    echo   = { source = "hwgate/echo" }
  }
}
`

// newService is a mock of the services that wants every request to be signed by the key of the tests.
func newService(t *testing.T) *cloudtest.Service {
	t.Helper()
	return cloudtest.New(cloudtest.Report(t.Errorf), cloudtest.Signed(map[string]string{accessKey: secretKey}))
}

// accept runs the steps of a test with a provider that a mock answers, with the settings of an environment of its own.
func accept(t *testing.T, svc *cloudtest.Service, steps ...resource.TestStep) {
	t.Helper()
	acceptWith(t, provider.Options{WrapTransport: svc.Transport, Getenv: environment(nil)}, steps...)
}

// acceptWith is accept with other options.
func acceptWith(t *testing.T, options provider.Options, steps ...resource.TestStep) {
	t.Helper()
	resource.UnitTest(t, resource.TestCase{ProtoV6ProviderFactories: factories(options), Steps: steps})
	cliRuns.add(t, steps)
}

// factories are the provider, and one that copies what is ephemeral into the state.
func factories(options provider.Options) map[string]func() (tfprotov6.ProviderServer, error) {
	options.Version = "test"
	serve := provider.NewServer(options)
	return map[string]func() (tfprotov6.ProviderServer, error){
		"hwgate": func() (tfprotov6.ProviderServer, error) { return serve(), nil },
		"echo":   echoprovider.NewProviderServer(),
	}
}

// environment has the key of the tests and a region, with settings added.
func environment(more map[string]string) func(name string) string {
	all := merged(map[string]string{"HW_REGION_NAME": "cn-north-4", "HW_ACCESS_KEY": accessKey, "HW_SECRET_KEY": secretKey}, more)
	return func(name string) string { return all[name] }
}

// hasEphemeral skips a test where the CLI has no ephemeral resources.
func hasEphemeral() []tfversion.TerraformVersionCheck {
	if product == "OpenTofu" {
		return []tfversion.TerraformVersionCheck{tfversion.SkipBelow(tfversion.Version1_11_0)}
	}
	return []tfversion.TerraformVersionCheck{tfversion.SkipBelow(tfversion.Version1_10_0)}
}

// dataBlock is a data source under the label "test".
func dataBlock(name, arguments string) string {
	return "\ndata \"" + name + "\" \"test\" {\n  provider = hwgate\n" + arguments + "\n}\n"
}

// applies is a step that applies a data source under the label "test", and checks the attributes that are named.
func applies(name, arguments string, want values) resource.TestStep {
	return resource.TestStep{
		Config: terraformBlock + dataBlock(name, arguments), ConfigStateChecks: expect("data."+name+".test", want),
	}
}

// fails is a step that ends in an error with these words, in this order.
func fails(name, arguments string, words ...string) resource.TestStep {
	return resource.TestStep{Config: terraformBlock + dataBlock(name, arguments), ExpectError: wrapped(words...)}
}

// wrapped finds words in their order in a message of the CLI, which breaks lines anywhere.
func wrapped(words ...string) *regexp.Regexp {
	patterns := make([]string, len(words))
	for i, phrase := range words {
		fields := strings.Fields(phrase)
		for j, field := range fields {
			fields[j] = regexp.QuoteMeta(field)
		}
		patterns[i] = strings.Join(fields, `\s+`)
	}
	return regexp.MustCompile(`(?s)` + strings.Join(patterns, `.*`))
}

// expect checks every attribute that is named, at one address.
func expect(address string, attributes values, within ...string) []statecheck.StateCheck {
	var checks []statecheck.StateCheck
	for name, check := range attributes {
		path := tfjsonpath.New(name)
		if len(within) > 0 {
			path = tfjsonpath.New(within[0]).AtMapKey(name)
		}
		checks = append(checks, statecheck.ExpectKnownValue(address, path, check))
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

// testDocumented reads the example of the API's page, as it was recorded, with the data source and with the ephemeral resource. The table
// names every attribute of the data source, so that a new one cannot go untested.
func testDocumented(t *testing.T, name, arguments string, want values) {
	t.Helper()
	for attribute := range schemaOf(t, provider.Options{}, name).Attributes {
		if _, ok := want[attribute]; !ok {
			t.Errorf("%s.%s is not in the table", name, attribute)
		}
	}
	t.Run("data source", func(t *testing.T) {
		t.Parallel()
		acceptWith(t, recorded(t, "documented/"+name), applies(name, arguments, want))
	})
	t.Run("ephemeral resource", func(t *testing.T) {
		t.Parallel()
		asked := values{"require_success": no}
		for attribute := range ephemeralAttributes(t, name) {
			if check, ok := want[attribute]; ok {
				asked[attribute] = check
			}
		}
		resource.UnitTest(t, resource.TestCase{
			TerraformVersionChecks:   hasEphemeral(),
			ProtoV6ProviderFactories: factories(recorded(t, "documented/"+name)),
			Steps: []resource.TestStep{{
				Config: terraformBlock + fmt.Sprintf(`
ephemeral %[1]q "test" {
  provider        = hwgate
  require_success = false
  %[2]s
}

provider "echo" {
  data = ephemeral.%[1]s.test
}

resource "echo" "test" {}
`, name, arguments),
				ConfigStateChecks: expect("echo.test", asked, "data"),
			}},
		})
	})
}

func ephemeralAttributes(t *testing.T, name string) map[string]bool {
	t.Helper()
	schemas, err := fetchedSchemas()
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, attribute := range schemas.EphemeralResourceSchemas[name].Block.Attributes {
		names[attribute.Name] = true
	}
	return names
}

// always answers each path, with its query, with one body.
func always(svc *cloudtest.Service, bodies map[string]string) {
	for path, body := range bodies {
		svc.At(path).Now(cloudtest.Answer{Body: body})
	}
}

// checkHeaders compares headers of every request of a path, which must have been asked for.
func checkHeaders(t *testing.T, svc *cloudtest.Service, path string, want map[string]string) {
	t.Helper()
	asked := false
	for _, request := range svc.Log() {
		if request.URL.Path != path {
			continue
		}
		asked = true
		for name, value := range want {
			if got := request.Header.Get(name); got != value {
				t.Errorf("%s: header %s is %q, want %q", path, name, got, value)
			}
		}
	}
	if !asked {
		t.Errorf("%s was never asked for", path)
	}
}

// failedRead is an answer, and what the error of the read says, in this order.
type failedRead struct {
	answer cloudtest.Answer
	says   []string
}

// testErrors plans a read for each answer.
func testErrors(t *testing.T, name, arguments, path string, reads map[string]failedRead) {
	t.Helper()
	svc := newService(t)
	var steps []resource.TestStep
	for what, read := range reads {
		step := fails(name, arguments, read.says...)
		step.PreConfig = func() {
			t.Logf("next: %s", what)
			svc.At(path).Now(read.answer)
		}
		steps = append(steps, step)
	}
	accept(t, svc, steps...)
}

// badArgument is a body of a block that is refused, and what the error says.
type badArgument struct{ arguments, says string }

// testArguments plans a block for each body, all at once: each is refused with an error of its own, before anything is sent.
func testArguments(t *testing.T, name string, rows map[string]badArgument) {
	t.Helper()
	config := terraformBlock
	for label, row := range rows {
		config += strings.Replace(dataBlock(name, row.arguments), `"test"`, `"`+label+`"`, 1)
	}
	svc := newService(t)
	refused := false
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(provider.Options{WrapTransport: svc.Transport, Getenv: environment(nil)}),
		ErrorCheck: func(err error) error {
			refused = true
			errors := strings.Split(err.Error(), "\nError: ")
			for label, row := range rows {
				block := regexp.MustCompile(`data "` + name + `"\s+"` + label + `"`)
				says := wrapped(row.says)
				if !slices.ContainsFunc(errors, func(one string) bool { return block.MatchString(one) && says.MatchString(one) }) {
					t.Errorf("%s: wanted %q in\n%s", label, says, err)
				}
			}
			return nil
		},
		Steps: []resource.TestStep{{Config: config, PlanOnly: true}},
	})
	if !refused {
		t.Error("nothing was refused")
	}
	cliRuns.add(t, []resource.TestStep{{Config: config}})
	if sent := svc.Log(); len(sent) != 0 {
		t.Errorf("%d requests were sent", len(sent))
	}
}

// instanceCounts are the counts of an order's or batch's instances, with those given.
func instanceCounts(some map[string]int64) values {
	all := values{
		"READY": number(0), "PROCESSING": number(0), "ABNORMAL": number(0), "CANCELED": number(0), "FINISHED": number(0),
		"ROLLBACKED": number(0),
	}
	for word, count := range some {
		all[word] = number(count)
	}
	return all
}

func statistic(status string, count int64, batches ...int64) knownvalue.Check {
	indexes := items{}
	for _, batch := range batches {
		indexes = append(indexes, number(batch))
	}
	return object(values{"instance_status": text(status), "instance_count": number(count), "batch_indexes": list(indexes)})
}

func taskDetails(running, abnormal, terminated, completed int64) knownvalue.Check {
	return object(values{
		"running_tasks_count": number(running), "abnormal_tasks_count": number(abnormal),
		"terminated_tasks_count": number(terminated), "completed_tasks_count": number(completed),
	})
}

// TestCallersSettings runs a test in a process of its own, under settings of the caller that would break the CLI or change the provider.
func TestCallersSettings(t *testing.T) {
	t.Parallel()
	missing := filepath.Join(t.TempDir(), "missing")
	process := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestROMAFDITaskStatisticsFields$", "-test.v")
	process.Env = append(os.Environ(), "TF_CLI_CONFIG_FILE="+missing, "TF_CLI_ARGS=-no-such-option", "TF_WORKSPACE=other",
		"TF_DATA_DIR="+filepath.Join(missing, "data"), "TF_LOG=trace", "TF_ACC_PROVIDER_NAMESPACE=other", "HW_REGION_NAME=nowhere")
	out, err := process.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: TestROMAFDITaskStatisticsFields") {
		t.Errorf("%v\n%s", err, out)
	}
}

// recorded makes a provider whose requests a recording answers.
func recorded(t *testing.T, name string) provider.Options {
	t.Helper()
	svc := newService(t)
	if err := svc.Recorded(name); err != nil {
		t.Fatal(err)
	}
	return provider.Options{WrapTransport: svc.Transport, Getenv: environment(nil)}
}
