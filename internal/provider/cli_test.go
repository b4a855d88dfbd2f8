package provider_test

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	tfjson "github.com/hashicorp/terraform-json"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"

	"github.com/hwgate/terraform-provider-hwgate/internal/provider"
	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/sandbox"
)

// cli is the Terraform or OpenTofu of all tests.
var cli = struct {
	program, product string
	version          [2]int
	err              error
}{program: cmp.Or(os.Getenv("TF_ACC_TERRAFORM_PATH"), "terraform")}

// box is the sandbox of all tests, and unbox removes it.
var (
	box = sync.OnceValues(func() (*sandbox.Sandbox, error) {
		made, err := sandbox.New(context.Background(), cli.program)
		if err == nil {
			unbox = made.Close
		}
		return made, err
	})
	unbox = func() {}
)

// newSandbox gives the sandbox, which is shared: each test has folders of its own in it.
func newSandbox(t *testing.T) *sandbox.Sandbox {
	t.Helper()
	// The cache of results knows only what tests read themselves: those of one CLI must not pass for another's.
	_ = os.Getenv("TF_ACC_TERRAFORM_PATH")
	box, err := box()
	if err := errors.Join(cli.err, err); err != nil {
		t.Fatal(err)
	}
	return box
}

// writeConfiguration writes a configuration to a new folder that needs no init.
func writeConfiguration(t *testing.T, box *sandbox.Sandbox, configuration fs.FS) (folder string) {
	t.Helper()
	folder, err := box.WriteInitialized(t.Context(), configuration)
	if err != nil {
		t.Fatal(err)
	}
	return folder
}

// terraform runs a command in a folder. The provider is in this process, with the command's environment, or where that says already: the
// race detector sees it, and the CLI does not start it again for each part of the command, which takes most of a command's time. Tests
// of the processes themselves call Run of the sandbox.
func terraform(t *testing.T, folder string, environment []string, arguments ...string) ([]byte, error) {
	t.Helper()
	attached := func(variable string) bool { return strings.HasPrefix(variable, "TF_REATTACH_PROVIDERS=") }
	if !slices.ContainsFunc(environment, attached) {
		settings := map[string]string{}
		for _, variable := range environment {
			name, value, _ := strings.Cut(variable, "=")
			settings[name] = value
		}
		environment = append(attach(t, provider.Options{}, settings), environment...)
	}
	// A command has ended before collecting garbage would pay.
	return newSandbox(t).Run(t.Context(), folder, append([]string{"GOGC=off"}, environment...), arguments...)
}

// together runs subtests at the same time, all in the place of one test: they wait more than they work, and are only a few.
func together[T any](t *testing.T, tests map[string]T, run func(t *testing.T, name string, test T)) {
	t.Helper()
	var running sync.WaitGroup
	for name, test := range tests {
		running.Go(func() {
			t.Run(name, func(t *testing.T) {
				t.Helper()
				run(t, name, test)
			})
		})
	}
	running.Wait()
}

// before tells whether a version is older than another.
func before(version, since [2]int) bool { return slices.Compare(version[:], since[:]) < 0 }

// needsCLI skips a test that the CLI is too old for. It and needsTerraform are the only reasons to skip one.
func needsCLI(t *testing.T, since [2]int) {
	t.Helper()
	_ = os.Getenv("TF_ACC_TERRAFORM_PATH") // for the cache, as in newSandbox
	if before(cli.version, since) {
		t.Skipf("needs version %d.%d, and this is %s %d.%d", since[0], since[1], cli.product, cli.version[0], cli.version[1])
	}
}

// needsTerraform skips a test of something that OpenTofu lacks.
func needsTerraform(t *testing.T) {
	t.Helper()
	if cli.product == "OpenTofu" {
		t.Skipf("needs Terraform, and this is OpenTofu %d.%d", cli.version[0], cli.version[1])
	}
}

// exitCode is the code that a command of the CLI ended with.
func exitCode(t *testing.T, err error) int {
	t.Helper()
	if err == nil {
		return 0
	}
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok || errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	return exit.ExitCode()
}

// fails has the real CLI refuse to apply a configuration, with all these words in any order.
func fails(t *testing.T, config string, words ...string) {
	t.Helper()
	failsIn(t, nil, config, words...)
}

// failsIn is fails in an environment.
func failsIn(t *testing.T, environment []string, config string, words ...string) {
	t.Helper()
	_, out, code := apply(t, environment, config)
	if code != 1 {
		t.Errorf("exit code %d, want 1\n%s", code, out)
	}
	for _, words := range words {
		if want := wrapped(words); !want.Match(out) {
			t.Errorf("wanted %q in\n%s", want, out)
		}
	}
}

// applies has the real CLI apply a configuration, and checks the state. Planning it again has to find nothing to change.
func applies(t *testing.T, config string, checks ...statecheck.StateCheck) {
	t.Helper()
	appliesIn(t, nil, config, checks...)
}

// appliesIn is applies in an environment.
func appliesIn(t *testing.T, environment []string, config string, checks ...statecheck.StateCheck) {
	t.Helper()
	folder, out, code := apply(t, environment, config)
	if code != 0 {
		t.Fatalf("exit code %d, want 0\n%s", code, out)
	}
	if len(checks) == 0 {
		return
	}
	run := func(arguments ...string) []byte {
		out, err := terraform(t, folder, environment, arguments...)
		if err != nil {
			t.Fatalf("%s: %v\n%s", arguments, err, out)
		}
		return out
	}
	run("plan", "-detailed-exitcode", "-no-color", "-input=false", "-lock=false")
	var state tfjson.State
	state.UseJSONNumber(true)
	if err := state.UnmarshalJSON(run("show", "-json", "-no-color")); err != nil {
		t.Fatal(err)
	}
	for _, check := range checks {
		var resp statecheck.CheckStateResponse
		check.CheckState(t.Context(), statecheck.CheckStateRequest{State: &state}, &resp)
		if resp.Error != nil {
			t.Error(resp.Error)
		}
	}
}

func apply(t *testing.T, environment []string, config string) (folder string, out []byte, code int) {
	t.Helper()
	folder = writeConfiguration(t, newSandbox(t), fstest.MapFS{"main.tf": {Data: []byte(config)}})
	out, err := terraform(t, folder, environment, "apply", "-auto-approve", "-no-color", "-input=false", "-lock=false")
	return folder, out, exitCode(t, err)
}
