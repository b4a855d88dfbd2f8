package acceptance_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/cloudtest"
)

// Gates on an order that apply looks at, for what stands in front of terraform_data.next.
const (
	ephemeralGate = `
ephemeral "coc_script_order" "gate" {
  provider        = hwgate
  execute_uuid    = "SCT1"
  require_success = terraform.applying
}
`
	actionGate = `
action "coc_script_order" "gate" {
  provider = hwgate
  config {
    execute_uuid = "SCT1"
  }
}
`
)

// next is a resource with a gate in front of it.
func next(body string) string { return "resource \"terraform_data\" \"next\" {\n" + body + "\n}\n" }

// TestTaintAfterCreate has an action taint what was deployed when the order has failed: apply looks again until it succeeds, and what comes
// next is not created.
func TestTaintAfterCreate(t *testing.T) {
	t.Parallel()
	needsTerraform(t)
	needsCLI(t, [2]int{1, 16})
	folder := newFormFolder(t, newSandbox(t), formRow{config: actionGate + `
resource "terraform_data" "deployed" {
  lifecycle {
    action_trigger {
      events     = [after_create]
      actions    = [action.coc_script_order.gate]
      on_failure = taint
    }
  }
}
` + next("  depends_on = [terraform_data.deployed]")})
	for range 2 {
		if out, code, looks := folder.run(bad, "apply", "-auto-approve"); code != 1 || saw(out) != ", refused" || looks != 1 {
			t.Errorf("exit code %d, %d looks\n%s", code, looks, out)
		}
	}
	if out, code, _ := folder.run(good, "apply", "-auto-approve"); code != 0 || saw(out) != ", next created" {
		t.Errorf("exit code %d\n%s", code, out)
	}
}

// TestEphemeralGateOfAModule applies a saved plan of what depends on a module with a gate, of an order that has failed since. Without an output
// that depends on the gate, OpenTofu does not open it.
func TestEphemeralGateOfAModule(t *testing.T) {
	t.Parallel()
	needsEphemeral(t)
	const output = "output \"open\" {\n  value      = true\n  depends_on = [ephemeral.coc_script_order.gate]\n}\n"
	for name, test := range map[string]struct {
		output string
		opened bool
	}{
		"with an output": {output, true},
		"without one":    {"", cli.product != "OpenTofu"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			box, cloud := newSandbox(t), newCloud(t)
			folder := &formFolder{t: t, box: box, order: cloud.Order("SCT1"), name: "module-gate-" + strings.ReplaceAll(name, " ", "-")}
			if err := box.Write(folder.name, fstest.MapFS{
				"main.tf":      {Data: []byte(cloud.header("") + "module \"gate\" {\n  source = \"./gate\"\n}\n" + next("  depends_on = [module.gate]"))},
				"gate/main.tf": {Data: []byte(terraformBlock + ephemeralGate + test.output)},
			}); err != nil {
				t.Fatal(err)
			}
			folder.run(good, "init")
			folder.run(good, "plan", "-out=saved.tfplan")
			out, code, looks := folder.run(bad, "apply", "saved.tfplan")
			if opened := code == 1 && saw(out) == ", refused" && looks == 1; opened != test.opened {
				t.Errorf("exit code %d, %d looks, opened: %t\n%s", code, looks, opened, out)
			}
		})
	}
}

// TestMocksOfOtherForms runs gates that must not open under a mock of the provider: it refuses an ephemeral resource, or opens it, and an action
// succeeds.
func TestMocksOfOtherForms(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		needs   func(*testing.T)
		gate    string
		refused bool
	}{
		"ephemeral resource": {
			needsEphemeral, strings.Replace(ephemeralGate, "terraform.applying", "true", 1) + next("  depends_on = [ephemeral.coc_script_order.gate]"),
			cli.product != "OpenTofu",
		},
		"action": {
			needsActions,
			actionGate + next("  lifecycle {\n    action_trigger {\n      events  = [before_create]\n      actions = [action.coc_script_order.gate]\n    }\n  }"), false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.needs(t)
			folder := writeConfiguration(t, newSandbox(t), fstest.MapFS{
				"main.tf":         {Data: []byte(terraformBlock + test.gate)},
				"gate.tftest.hcl": {Data: []byte("mock_provider \"hwgate\" {}\nrun \"closed\" {}\n")},
			})
			out, err := terraform(t, folder, nil, "test", "-no-color")
			refused := strings.Contains(string(out), "No ephemeral resource types in mock providers")
			if failed := exitCode(t, err) != 0; failed != test.refused || refused != test.refused {
				t.Errorf("failed: %t, refused: %t\n%s", failed, refused, out)
			}
		})
	}
}

// TestEphemeralGateBehindAChange plans and applies a gate behind a resource that is not there yet. Terraform looks at plan all the same, but
// waits at apply only, as the arguments say, and so does not hold up a destroy.
func TestEphemeralGateBehindAChange(t *testing.T) {
	t.Parallel()
	needsEphemeral(t)
	before := 1
	if cli.product == "OpenTofu" {
		before = 0
	}
	cloud := newCloud(t)
	instance := cloud.Instance(instanceID)
	folder := writeConfiguration(t, newSandbox(t), fstest.MapFS{"main.tf": {Data: []byte(cloud.header("project_id = \""+projectID+"\"") + `
resource "terraform_data" "deployed" {}
ephemeral "roma_fdi_task_statistics" "gate" {
  provider           = hwgate
  instance_id        = "` + instanceID + `"
  wait_until_healthy = terraform.applying
  stable_for         = terraform.applying ? "1s" : null
  poll_interval      = "1s"
  require_success    = terraform.applying
  depends_on         = [terraform_data.deployed]
}
` + next("  depends_on = [ephemeral.roma_fdi_task_statistics.gate]"))}})
	run := func(command, argument string) {
		t.Helper()
		if out, err := terraform(t, folder, nil, command, "-no-color", "-input=false", argument); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	}
	stopped := cloudtest.Tasks(map[string]int{"terminated": 1}, nil)
	instance.Now(stopped)
	run("plan", "-out=saved.tfplan")
	if looks := instance.Looks(); looks != before {
		t.Errorf("%d looks at plan, want %d", looks, before)
	}
	instance.Now(stopped, cloudtest.Tasks(map[string]int{"running": 1}, nil))
	run("apply", "saved.tfplan")
	if looks := instance.Looks(); looks < 3 {
		t.Errorf("%d looks at apply, want one at what is stopped and two at what runs", looks)
	}
	instance.Now(stopped)
	run("destroy", "-auto-approve")
	if looks := instance.Looks(); looks != 1 {
		t.Errorf("%d looks at destroy, want one", looks)
	}
}
