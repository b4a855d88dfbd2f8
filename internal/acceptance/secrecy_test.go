package acceptance_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/cloudtest"
	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/leaktest"
)

// Secrets that must not be seen again. Those that services issue have the characters that escapes are made of.
const (
	hiddenSecret   = "hidden/secret+key=="
	hiddenSecurity = "hidden/security+token/0123456789abcdefghij=="
	hiddenToken    = "hidden/token/0123456789abcdefghij=="
	hiddenIssued   = "hidden/issued+token/0123456789abcdefghij=="
	hiddenPassword = `hidden"pass\word<&>`
	hiddenLog      = "hidden log of a host"
	hiddenValue    = "hidden value of a parameter"
)

var hidden = []string{hiddenSecret, hiddenSecurity, hiddenToken, hiddenIssued, hiddenPassword, hiddenLog, hiddenValue}

// chatty is a service with a failed order that has a log and a parameter.
func chatty(t *testing.T) *cloudtest.Service {
	t.Helper()
	svc := cloudtest.New(cloudtest.Report(t.Errorf))
	failed := cloudtest.Failed(2, 1)
	failed.Log = hiddenLog
	svc.Order(exampleID).Then(failed)
	svc.At(exampleOrder).Then(cloudtest.Answer{Body: `{"data":{"status":"ABNORMAL","creator":["x"],"properties":{"execute_param":{"script_params":` +
		`[{"param_name":"p","param_value":"` + hiddenValue + `","param_order":"no number"}]}}}}`})
	svc.IAM().Then(&cloudtest.Account{Token: hiddenIssued, Life: time.Hour, Projects: map[string]string{"cn-north-4": projectID}})
	return svc
}

// echo answers with all that was sent, with the escapes that other languages' libraries write.
func echo(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	quoted, _ := json.Marshal(fmt.Sprint(r.Header, string(body), err))
	escaped := strings.NewReplacer("/", `\/`, "=", `\u003d`, "+", `\u002B`).Replace(string(quoted))
	cloudtest.Says(http.StatusUnauthorized, `{"detail":`+escaped+`}`).ServeHTTP(w, r)
}

// TestCLIShowsNothingHidden has the real Terraform trace an apply that a gate stops, and looks through its log and its output.
func TestCLIShowsNothingHidden(t *testing.T) {
	t.Parallel()
	box := newSandbox(t)
	for name, good := range map[string]bool{"stopped by a failed order": true, "refused with an echo": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			svc := chatty(t)
			if !good {
				svc.Faults(http.HandlerFunc(echo))
			}
			address := svc.Start()
			t.Cleanup(svc.Close)
			folder, log := writeConfiguration(t, box, fstest.MapFS{"main.tf": {Data: []byte(hiddenGate(address))}}), filepath.Join(t.TempDir(), "trace.log")
			environment := []string{"TF_LOG=TRACE", "TF_LOG_PATH=" + log, "HW_USER_PASSWORD=" + hiddenPassword}
			out, err := box.Run(t.Context(), folder, environment, "apply", "-auto-approve", "-no-color")
			if err == nil {
				t.Fatalf("the gate is open:\n%s", out)
			}
			traced, err := os.ReadFile(log)
			if err != nil {
				t.Fatal(err)
			}
			if said := string(traced); !strings.Contains(said, "request sent") || !strings.Contains(said, "[TRACE]") {
				t.Error("the provider's requests were not traced")
			}
			leaktest.Check(t, "the output", string(out), hidden...)
			for line := range strings.Lines(string(traced)) {
				leaktest.Check(t, "the log", line, hidden...)
			}
		})
	}
}

// TestUnaskedTextIsNotLogged has a service send more than it announced, as a broken proxy does: what comes behind the answer may be a
// part of a log, and net/http writes it to the standard logger, which Terraform's log takes up.
func TestUnaskedTextIsNotLogged(t *testing.T) {
	t.Parallel()
	box := newSandbox(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		connection, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		t.Cleanup(func() { _ = connection.Close() })
		const body = `{"data":{"status":"FINISHED"}}`
		_, _ = fmt.Fprintf(connection, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s%s", len(body), body, hiddenLog)
	}))
	t.Cleanup(server.Close)
	folder, log := writeConfiguration(t, box, fstest.MapFS{"main.tf": {Data: []byte(terraformBlock + fmt.Sprintf(`
provider "hwgate" {
  region    = "cn-north-4"
  token     = %q
  endpoints = { coc = %q }
}

data "coc_script_order" "test" {
  provider        = hwgate
  execute_uuid    = %q
  failure_details = false
}
`, hiddenToken, server.URL, exampleID))}}), filepath.Join(t.TempDir(), "trace.log")
	environment := []string{"TF_LOG=TRACE", "TF_LOG_PATH=" + log}
	if out, err := box.Run(t.Context(), folder, environment, "plan", "-no-color", "-input=false", "-lock=false"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	traced, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(traced), "request sent") {
		t.Error("the provider's requests were not traced")
	}
	for line := range strings.Lines(string(traced)) {
		leaktest.Check(t, "the log", line, hidden...)
	}
}

// hiddenGate reads all data sources of an order under two sign-ins, prints what may be printed, and is stopped by the last one.
func hiddenGate(address string) string {
	provider := func(alias, settings string) string {
		return fmt.Sprintf(`
provider "hwgate" {
  %s
  region    = "cn-north-4"
  endpoints = { coc = %[2]q, iam = %[2]q }
  %[3]s
}
`, alias, address, settings)
	}
	return terraformBlock +
		provider("", fmt.Sprintf("access_key = %q\nsecret_key = %q\nsecurity_token = %q", "AK", hiddenSecret, hiddenSecurity)) +
		provider(`alias = "user"`, "user_name = \"me\"\ndomain_name = \"us\"") + `
data "coc_script_order_batch" "test" {
  provider     = hwgate
  execute_uuid = "` + exampleID + `"
  batch_index  = 1
}

data "coc_script_order" "test" {
  provider     = hwgate.user
  execute_uuid = "` + exampleID + `"
  lifecycle {
    postcondition {
      condition     = self.succeeded
      error_message = "${self.summary} ${join(", ", [for host in self.failed_instances : host.host_name])}"
    }
  }
}

output "batch" {
  value = data.coc_script_order_batch.test.summary
}
`
}

// TestNothingAtRest plants a text in the logs of an order that failed, and looks for it in a saved plan and in the state: a data source
// leaves it in both, the other forms in none.
func TestNothingAtRest(t *testing.T) {
	t.Parallel()
	box := newSandbox(t)
	for form, test := range map[string]struct {
		config string
		needs  func(*testing.T)
		code   int
		kept   bool
	}{
		"data source": {exampleData(""), func(*testing.T) {}, 0, true},
		"ephemeral resource": {
			"ephemeral \"coc_script_order\" \"test\" {\n  provider = hwgate\n  execute_uuid = \"" + exampleID + "\"\n}\n", needsEphemeral, 0, false,
		},
		"action": {
			"action \"coc_script_order\" \"test\" {\n  provider = hwgate\n  config {\n    execute_uuid = \"" + exampleID + "\"\n  }\n}\n" +
				"resource \"terraform_data\" \"next\" {\n  lifecycle {\n    action_trigger {\n      events = [before_create]\n" +
				"      actions = [action.coc_script_order.test]\n    }\n  }\n}\n", needsActions, 1, false,
		},
	} {
		t.Run(form, func(t *testing.T) {
			t.Parallel()
			test.needs(t)
			cloud := newCloud(t)
			order := cloud.Order(exampleID).Then(failedOrderScene())
			f := &moduleFolder{t: t, box: box, cloud: cloud, order: order, name: writeConfiguration(t, box, fstest.MapFS{
				"main.tf": {Data: []byte(cloud.header("") + "resource \"terraform_data\" \"other\" {\n  input = \"planted-in-the-state\"\n}\n" + test.config)},
			})}
			f.run(0, "plan", "-out=saved.tfplan")
			f.run(test.code, "apply", "saved.tfplan")
			for _, file := range []string{"saved.tfplan", "terraform.tfstate"} {
				if got := f.holds(file, logText); got != test.kept {
					t.Errorf("%s holds the log: %t, want %t", file, got, test.kept)
				}
				if !f.holds(file, "planted-in-the-state") && file == "terraform.tfstate" {
					t.Errorf("%s is not where it was looked for", file)
				}
			}
			if order.Looks() == 0 || len(cloud.Log().To(exampleOrder+"/batches/1?limit=50")) == 0 {
				t.Error("the logs were not read")
			}
		})
	}
}
