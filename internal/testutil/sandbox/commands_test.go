package sandbox_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// unsupported is what a CLI says of a module that needs a newer one.
var unsupported = regexp.MustCompile(`Unsupported (block type|(Terraform|OpenTofu) Core version)`)

// TestCommandsOfUseCases runs the commands in the pages of the use cases word for word, but for the ids, against what `make mock` serves.
// Those that wait for minutes, start a script or mock the provider are tested elsewhere.
func TestCommandsOfUseCases(t *testing.T) {
	t.Parallel()
	h := install(t)
	address := mock(t, "http://127.0.0.1:8700")
	h.environment = append(h.environment, "HW_ACCESS_KEY=MOCKACCESSKEY", "HW_SECRET_KEY=mock-secret-key",
		"TF_CLI_ARGS_plan=-no-color", "TF_CLI_ARGS_apply=-no-color -auto-approve", "TF_CLI_ARGS_init=-no-color")
	const workspace = "0d0e8c1b7a3f4f0e9d6c5b4a39281706"
	for name, test := range map[string]struct {
		folder string
		// ids replace those of the page, in this order.
		ids  []string
		exit int
		says string
	}{
		"gate without state, open":   {"02-gate-without-state", []string{"ID", "SCT-succeeded"}, 0, "SCT-succeeded: succeeded"},
		"gate without state, closed": {"02-gate-without-state", []string{"ID", "SCT-failed"}, 1, "failed hosts: ecs-4"},
		"gate without state, old":    {"02-gate-without-state", []string{"ID", "SCT-succeeded -var since=1s"}, 1, "which is before since"},
		"tolerant canary, closed":    {"03-tolerant-canary", []string{"ID", "SCT-failed"}, 1, "SCT-failed"},
		"failure report":             {"04-failure-report", []string{"ID", "SCT-failed"}, 0, ""},
		"soft gate, open":            {"05-soft-gate", []string{"ID", "SCT-succeeded"}, 0, ""},
		"soft gate, closed":          {"05-soft-gate", []string{"ID", "SCT-failed"}, 1, ""},
		"continuous check":           {"06-continuous-check", []string{"ID", workspace}, 1, "load_orders"},
		"many orders":                {"09-many-orders", []string{"ID1", "SCT-succeeded", "ID2", "SCT-failed"}, 1, "failed hosts: ecs-4"},
		"saved plan, open":           {"11-saved-plan", []string{"ID", "SCT-succeeded"}, 0, "next_layer: Creation complete"},
		"saved plan, closed":         {"11-saved-plan", []string{"ID", "SCT-failed"}, 1, "failed hosts: ecs-4"},
		"progress, closed":           {"12-progress", []string{"ID", "SCT-failed"}, 1, "failed hosts: ecs-4"},
		"invoke, open":               {"13-invoke", []string{"ID", "SCT-succeeded"}, 0, ""},
		"report without logs":        {"14-report-without-logs", []string{"ID", "SCT-failed"}, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			source := filepath.Join("..", "..", "..", "examples", "use-cases", test.folder)
			if err := os.CopyFS(folder, os.DirFS(source)); err != nil {
				t.Fatal(err)
			}
			override := fmt.Sprintf("provider \"hwgate\" {\n  endpoints = { coc = %[1]q, dataarts = %[1]q, iam = %[1]q }\n}\n", address)
			if err := os.WriteFile(filepath.Join(folder, "mock_override.tf"), []byte(override), 0o600); err != nil {
				t.Fatal(err)
			}
			page, err := os.ReadFile(filepath.Join(source, "README.md"))
			if err != nil {
				t.Fatal(err)
			}
			// The first lines of the page have the commands.
			head, _, _ := strings.Cut(string(page), "\n## ")
			var commands []string
			for _, found := range regexp.MustCompile("`((?:terraform|test) [^`]+)`").FindAllStringSubmatch(head, -1) {
				command := found[1]
				for i := 0; i < len(test.ids); i += 2 {
					command = regexp.MustCompile(`\b`+test.ids[i]+`\b`).ReplaceAllString(command, test.ids[i+1])
				}
				commands = append(commands, command)
			}
			if len(commands) == 0 {
				t.Fatal("the page has no command")
			}
			script := "terraform() { \"" + cli(t) + "\" \"$@\"; }\nterraform init\n" + strings.Join(commands, "\n")
			out, err := h.run(t.Context(), folder, "sh", "-ec", script)
			if unsupported.MatchString(out) {
				return // This CLI has no such form.
			}
			exit := 0
			if failed, ok := errors.AsType[*exec.ExitError](err); ok {
				exit = failed.ExitCode()
			} else if err != nil {
				t.Fatal(err)
			}
			if exit != test.exit || !strings.Contains(words(out), test.says) {
				t.Errorf("exit code %d, want %d and %q\n%s\n%s", exit, test.exit, test.says, script, out)
			}
		})
	}
}
