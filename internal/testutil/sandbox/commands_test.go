package sandbox_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// useCase is a use case in one state of the mock.
type useCase struct {
	folder string
	// ids replace those of the page, in this order.
	ids  []string
	exit int
	says string
	// command is sent to the mock before.
	command string
	// override shortens waits, or stands for what the module only names. It contains the address of the mock as %[1]s.
	override string
}

// deploys is an override that starts a run as the resource that deploys would.
const deploys = `
resource "terraform_data" "etl" {
  provisioner "local-exec" {
    command = "curl -sSf --noproxy '*' -X POST %[1]s/start"
  }
}
`

// soon shortens the wait of a data source: no test has minutes. What opens may take as long as a busy machine needs.
func soon(source, arguments, read string) string {
	return fmt.Sprintf("\ndata %s {\n  %s\n  poll_interval = \"1s\"\n  timeouts {\n    read = %q\n  }\n}\n", source, arguments, read)
}

const workspaceID = "0d0e8c1b7a3f4f0e9d6c5b4a39281706"

// TestCommandsOfUseCases runs the commands in the first lines of each use case word for word, but for the ids, against what `make mock`
// serves.
func TestCommandsOfUseCases(t *testing.T) {
	t.Parallel()
	deployment := []string{"ID", workspaceID, "VERSION", "v1"}
	const after, run, tasks = `"dataarts_instance_status" "after"`, `"dataarts_instance_status" "run"`, `"roma_fdi_task_statistics" "switch"`
	const stable = `stable_for = "1s"`
	tests := map[string]useCase{
		"stop the rollout, open":     {folder: "01-stop-the-rollout", ids: []string{"ID", "SC1"}, says: "next_layer: Creation complete"},
		"gate without state, open":   {folder: "02-gate-without-state", ids: []string{"ID", "SCT-succeeded"}, says: "SCT-succeeded: succeeded"},
		"gate without state, closed": {folder: "02-gate-without-state", ids: []string{"ID", "SCT-failed"}, exit: 1, says: "failed hosts: ecs-4"},
		"gate without state, old":    {folder: "02-gate-without-state", ids: []string{"ID", "SCT-old -var since=2h"}, exit: 1, says: "which is before since"},
		"tolerant canary, open":      {folder: "03-tolerant-canary", ids: []string{"ID", "SCT-succeeded"}},
		"tolerant canary, closed":    {folder: "03-tolerant-canary", ids: []string{"ID", "SCT-failed"}, exit: 1, says: "SCT-failed"},
		"failure report":             {folder: "04-failure-report", ids: []string{"ID", "SCT-failed"}},
		"soft gate, open":            {folder: "05-soft-gate", ids: []string{"ID", "SCT-succeeded"}},
		"soft gate, closed":          {folder: "05-soft-gate", ids: []string{"ID", "SCT-failed"}, exit: 1},
		"continuous check":           {folder: "06-continuous-check", ids: []string{"ID", workspaceID}, exit: 1, says: "load_orders"},
		"no new failures, open":      {folder: "07-no-new-failures", ids: deployment, says: "Apply complete!", override: deploys + soon(after, stable, "5m")},
		"no new failures, closed": {
			folder: "07-no-new-failures", ids: deployment, command: "/fail", override: deploys + soon(after, stable, "5m"),
			exit: 1, says: "failed; 1 new since the baseline, 1 of them failed",
		},
		"no new failures, no run": {
			folder: "07-no-new-failures", ids: deployment, override: soon(after, stable, "3s"), exit: 1, says: "did not end in time",
		},
		"ROMA, open":               {folder: "08-roma-after-a-switch", ids: []string{"ID", "roma-starting"}, says: "traffic: Creation complete", override: soon(tasks, stable, "5m")},
		"ROMA, closed":             {folder: "08-roma-after-a-switch", ids: []string{"ID", "roma-abnormal"}, exit: 1, says: "1 abnormal, 11 running", override: soon(tasks, stable, "3s")},
		"many orders":              {folder: "09-many-orders", ids: []string{"ID1", "SCT-succeeded", "ID2", "SCT-failed"}, exit: 1, says: "failed hosts: ecs-4"},
		"test the gate":            {folder: "10-test-the-gate", says: "2 passed, 0 failed"},
		"saved plan, open":         {folder: "11-saved-plan", ids: []string{"ID", "SCT-succeeded"}, says: "next_layer: Creation complete"},
		"saved plan, closed":       {folder: "11-saved-plan", ids: []string{"ID", "SCT-failed"}, exit: 1, says: "failed hosts: ecs-4"},
		"progress, closed":         {folder: "12-progress", ids: []string{"ID", "SCT-failed"}, exit: 1, says: "failed hosts: ecs-4"},
		"invoke, open":             {folder: "13-invoke", ids: []string{"ID", "SCT-succeeded"}},
		"invoke, closed":           {folder: "13-invoke", ids: []string{"ID", "SCT-failed"}, exit: 1, says: "failed hosts: ecs-4"},
		"report without logs":      {folder: "14-report-without-logs", ids: []string{"ID", "SCT-failed"}},
		"since deployment, open":   {folder: "15-the-run-after-the-deployment", ids: deployment, says: "next_layer: Creation complete", override: soon(run, "", "5m")},
		"since deployment, closed": {folder: "15-the-run-after-the-deployment", ids: deployment, command: "/fail", exit: 1, says: "failed jobs: etl_orders", override: soon(run, "", "5m")},
	}
	folders, err := filepath.Glob(filepath.Join(root, "examples", "use-cases", "*", "main.tf"))
	if err != nil || len(folders) == 0 {
		t.Fatalf("%q, %v", folders, err)
	}
	covered := map[string]bool{}
	for _, test := range tests {
		covered[test.folder] = true
	}
	for _, folder := range folders {
		if name := filepath.Base(filepath.Dir(folder)); !covered[name] {
			t.Errorf("the commands of %s are not run", name)
		}
	}
	h := withOfficial(t).with("TF_CLI_ARGS_plan=-no-color", "TF_CLI_ARGS_apply=-no-color -auto-approve", "TF_CLI_ARGS_test=-no-color")
	first := initialized(t, h)
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address := mock(t)
			if test.command != "" {
				tell(t, address, test.command)
			}
			folder, script := test.lay(t, address), strings.Join(test.commands(t), "\n")
			switch test.folder {
			case "01-stop-the-rollout":
				script = "terraform init -no-color\n" + script // with another provider
			case "10-test-the-gate": // has init among its commands
			default:
				first.share(t, folder)
			}
			exit, out := h.script(t, folder, script)
			if unsupported.MatchString(out) {
				return // This CLI has no such form.
			}
			if exit != test.exit || !strings.Contains(words(out), test.says) || (exit != 0 && nextLayer.MatchString(out)) {
				t.Errorf("exit code %d, want %d and %q\n%s\n%s", exit, test.exit, test.says, script, out)
			}
		})
	}
}

// nextLayer is what is created only behind an open gate. Terraform 1.16 announces it before an action asks.
var nextLayer = regexp.MustCompile(`terraform_data\.(next_layer|traffic): Creation complete`)

// withOfficial is a home directory of install with what replaces the official provider beside it.
func withOfficial(t *testing.T) home {
	t.Helper()
	h := install(t)
	if err := official(); err != nil {
		t.Fatal(err)
	}
	return h.with(keys...)
}

// commands are those in the first lines of the page.
func (u *useCase) commands(t *testing.T) []string {
	t.Helper()
	head, _, _ := strings.Cut(readPage(t, "examples", "use-cases", u.folder, "README.md"), "\n## ")
	var commands []string
	for _, found := range regexp.MustCompile("`((?:terraform|test) [^`]+)`").FindAllStringSubmatch(head, -1) {
		command := found[1]
		for i := 0; i < len(u.ids); i += 2 {
			command = regexp.MustCompile(`\b`+u.ids[i]+`\b`).ReplaceAllString(command, u.ids[i+1])
		}
		commands = append(commands, command)
	}
	if len(commands) == 0 {
		t.Fatal("the page has no command")
	}
	return commands
}

// lay copies the module to a folder, and leads it to the mock.
func (u *useCase) lay(t *testing.T, address string) (folder string) {
	t.Helper()
	folder = t.TempDir()
	if err := os.CopyFS(folder, os.DirFS(filepath.Join(root, "examples", "use-cases", u.folder))); err != nil {
		t.Fatal(err)
	}
	override := u.override
	if strings.Contains(override, "%[1]s") {
		override = fmt.Sprintf(override, address)
	}
	write(t, folder, "mock_override.tf", endpoints(address)+override)
	return folder
}

// TestStopTheRollout goes on behind a closed gate as the page of the use case says: the next plan fails too, a replacement starts another
// script, and a bad order does not stop destroy.
func TestStopTheRollout(t *testing.T) {
	t.Parallel()
	test := useCase{folder: "01-stop-the-rollout", ids: []string{"ID", "SC1"}}
	page := readPage(t, "examples", "use-cases", test.folder, "README.md")
	replace := regexp.MustCompile("`(-replace=[^`]+)` to the apply").FindStringSubmatch(page)
	if replace == nil || !strings.Contains(page, "`terraform destroy`") {
		t.Fatal("the page has no replacement, or no destroy")
	}
	apply := test.commands(t)[0]
	plan := strings.Replace(apply, "apply", "plan", 1)
	h, address := withOfficial(t).with("TF_CLI_ARGS=-no-color"), mock(t)
	folder := test.lay(t, address)
	for _, step := range []struct {
		tell, command string
		exit          int
		says          string
	}{
		{"/fail", "terraform init\n" + apply + " -auto-approve", 1, "failed hosts: ecs-"},
		{"/fail", plan, 1, "failed hosts: ecs-"},
		{"/succeed", apply + " -auto-approve " + replace[1], 0, `_script_execute\.migrate: Creation complete .*next_layer: Creation complete`},
		{"/fail", strings.Replace(apply, "apply", "destroy", 1) + " -auto-approve", 0, "Destroy complete!"},
	} {
		tell(t, address, step.tell)
		exit, out := h.script(t, folder, step.command)
		if exit != step.exit || !regexp.MustCompile(step.says).MatchString(words(out)) {
			t.Fatalf("exit code %d, want %d and %q\n%s\n%s", exit, step.exit, step.says, step.command, out)
		}
	}
}

// TestLayerOutlivesARefusal deploys a second version whose run fails: the layer behind the gate stays as it was.
func TestLayerOutlivesARefusal(t *testing.T) {
	t.Parallel()
	test := useCase{
		folder: "15-the-run-after-the-deployment", ids: []string{"ID", workspaceID}, override: soon(`"dataarts_instance_status" "run"`, "", "5m"),
	}
	h, address := install(t).with(keys...).with("TF_CLI_ARGS_apply=-no-color -auto-approve"), mock(t)
	folder, apply := test.lay(t, address), test.commands(t)[0]
	initialized(t, h).share(t, folder)
	for _, step := range []struct {
		tell, command string
		exit          int
		says          string
	}{
		{"/succeed", strings.Replace(apply, "VERSION", "v1", 1), 0, "next_layer: Creation complete"},
		{"/fail", strings.Replace(apply, "VERSION", "v2", 1), 1, "failed jobs: etl_orders"},
		{"/fail", "terraform state list", 0, "terraform_data.next_layer"},
	} {
		tell(t, address, step.tell)
		if exit, out := h.script(t, folder, step.command); exit != step.exit || !strings.Contains(words(out), step.says) {
			t.Fatalf("exit code %d, want %d and %q\n%s\n%s", exit, step.exit, step.says, step.command, out)
		}
	}
}
