package acceptance_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/cloudtest"
)

// TestGatingGuide runs what the gating guide says beside the tables.
func TestGatingGuide(t *testing.T) {
	t.Parallel()
	cloud := newCloud(t)
	failing := cloudtest.Failed(0, 1)
	failing.Log = logText
	cloud.Order("failing").Then(failing)
	cloud.Order("good").Then(cloudtest.Finished(1))
	box := newSandbox(t)
	// changed is a gate on an order with some of its words replaced, and with more behind it.
	changed := func(kind matrixKind, old, instead, more string) fstest.MapFS {
		files := matrixConfiguration(cloud.URL, kind)
		before := string(files["main.tf"].Data)
		after := strings.Replace(before, old, instead, 1) + more
		if after == before {
			t.Fatalf("there is no %q in\n%s", old, before)
		}
		files["main.tf"].Data = []byte(after)
		return files
	}
	const provider = "  provider     = hwgate"
	switched := changed(matrixKind{}, provider, provider+"\n  count        = var.gate ? 1 : 0", "\nvariable \"gate\" {\n  type = bool\n}\n")
	tests := map[string]struct {
		configuration fstest.MapFS
		order         string
		commands      []string
		code          int
		says          string
	}{
		"a check with a data source always has changes": {
			configuration: matrixConfiguration(cloud.URL, matrixKind{check: true}), order: "good",
			commands: []string{"apply -auto-approve", "plan -detailed-exitcode"}, code: 2,
		},
		"a data source outside of a check has none": {
			configuration: matrixConfiguration(cloud.URL, matrixKind{}), order: "good",
			commands: []string{"apply -auto-approve", "plan -detailed-exitcode"},
		},
		"a reason that is sensitive is dropped": {
			configuration: changed(matrixKind{}, "self.summary", "self.failed_instances[0].log", ""), order: "failing",
			commands: []string{"plan"}, code: 1, says: "Error message refers to sensitive values",
		},
		"a copy of failed instances is printed when it is destroyed": {
			configuration: changed(matrixKind{}, "condition     = self.succeeded", "condition     = !self.succeeded",
				"\nresource \"terraform_data\" \"copy\" {\n  input = data.coc_script_order.gate.failed_instances\n}\n"), order: "failing",
			commands: []string{"apply -auto-approve", "destroy -auto-approve"}, says: logText,
		},
		"two names for the source are a warning": {
			configuration: changed(matrixKind{}, "required_providers {", "required_providers {\n    second = { source = \"hwgate/hwgate\" }", ""),
			commands:      []string{"init"}, says: "Warning: Duplicate required provider",
		},
		"the switch is on": {
			configuration: switched, order: "failing", commands: []string{"plan -var=gate=true"}, code: 1,
			says: "Resource postcondition failed",
		},
		"the switch is off": {configuration: switched, order: "failing", commands: []string{"plan -var=gate=false"}},
		"a closed gate stays closed, and destroy gets through": {
			configuration: matrixConfiguration(cloud.URL, matrixKind{}), order: "failing", commands: []string{"destroy -auto-approve"},
		},
		"the provider is forgotten": {
			configuration: changed(matrixKind{}, provider+"\n", "", ""), commands: []string{"init"}, code: 1, says: "hashicorp/coc",
		},
	}
	if cli.product == "OpenTofu" && !before(cli.version, [2]int{1, 11}) {
		disabled, excluded := tests["the switch is off"], tests["a closed gate stays closed, and destroy gets through"]
		disabled.configuration = changed(matrixKind{}, "lifecycle {", "lifecycle {\n    enabled = var.gate", "\nvariable \"gate\" {\n  type = bool\n}\n")
		excluded.commands = []string{"apply -auto-approve -exclude=data.coc_script_order.gate"}
		tests["the block is disabled"], tests["the gate is excluded"] = disabled, excluded
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := "guide-" + strings.ReplaceAll(name, " ", "-")
			if test.commands[0] != "init" {
				folder = writeConfiguration(t, box, test.configuration)
			} else if err := box.Write(folder, test.configuration); err != nil {
				t.Fatal(err)
			}
			for i, command := range test.commands {
				out, err := terraform(t, folder, []string{"HW_AUTH_TOKEN=token", "TF_VAR_order=" + test.order},
					append(strings.Fields(command), "-no-color", "-input=false")...)
				want, says := 0, ""
				if i == len(test.commands)-1 {
					want, says = test.code, test.says
				}
				if code := exitCode(t, err); code != want || !strings.Contains(string(out), says) {
					t.Fatalf("terraform %s: exit code %d, want %d and %q\n%s", command, code, want, says, out)
				}
			}
		})
	}
}

// matrixKind is a kind of configuration.
type matrixKind struct{ check bool }

// matrixConfiguration is a gate on an order that a variable names, with a postcondition or inside a check.
func matrixConfiguration(address string, kind matrixKind) fstest.MapFS {
	const data = `
data "coc_script_order" "gate" {
  provider     = hwgate
  execute_uuid = var.order
  %s
}
`
	body := fmt.Sprintf(data, `lifecycle {
    postcondition {
      condition     = self.succeeded
      error_message = self.summary
    }
  }`) + `
resource "terraform_data" "next" {
  depends_on = [data.coc_script_order.gate]
}
`
	if kind.check {
		body = "check \"gate\" {\n" + fmt.Sprintf(data, "") + `
  assert {
    condition     = data.coc_script_order.gate.succeeded
    error_message = data.coc_script_order.gate.summary
  }
}
`
	}
	return fstest.MapFS{"main.tf": {Data: []byte(terraformBlock + fmt.Sprintf(`
variable "order" {
  type = string
}
provider "hwgate" {
  region    = "cn-north-4"
  endpoints = { coc = %q }
}
`, address) + body)}}
}
