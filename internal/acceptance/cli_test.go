package acceptance_test

import (
	"cmp"
	"context"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

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

// The first versions of Terraform and of OpenTofu that have each form. OpenTofu has no actions.
var (
	ephemeralSince     = [2]int{1, 10}
	ephemeralSinceTofu = [2]int{1, 11}
	actionSince        = [2]int{1, 14}
)

// needsEphemeral skips a test of ephemeral resources that the CLI is too old for.
func needsEphemeral(t *testing.T) {
	t.Helper()
	since := ephemeralSince
	if cli.product == "OpenTofu" {
		since = ephemeralSinceTofu
	}
	needsCLI(t, since)
}

// needsActions skips a test of actions that the CLI does not have.
func needsActions(t *testing.T) {
	t.Helper()
	needsTerraform(t)
	needsCLI(t, actionSince)
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
func fails(t *testing.T, environment []string, config string, words ...string) {
	t.Helper()
	checkApply(t, environment, config, 1, words)
}

// applies has the real CLI apply a configuration, and print all these words in any order.
func applies(t *testing.T, environment []string, config string, words ...string) {
	t.Helper()
	checkApply(t, environment, config, 0, words)
}

func checkApply(t *testing.T, environment []string, config string, want int, words []string) {
	t.Helper()
	folder := writeConfiguration(t, newSandbox(t), fstest.MapFS{"main.tf": {Data: []byte(config)}})
	out, err := terraform(t, folder, environment, "apply", "-auto-approve", "-no-color", "-input=false", "-lock=false")
	if code := exitCode(t, err); code != want {
		t.Errorf("exit code %d, want %d\n%s", code, want, out)
	}
	for _, words := range words {
		if want := wrapped(words); !want.Match(out) {
			t.Errorf("wanted %q in\n%s", want, out)
		}
	}
}

// TestCallersSettings runs a test in a process of its own, under settings of the caller that would break the CLI.
func TestCallersSettings(t *testing.T) {
	t.Parallel()
	missing := filepath.Join(t.TempDir(), "missing")
	process := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestDestroyWithoutCredential$", "-test.v")
	process.Env = append(os.Environ(), "TF_CLI_CONFIG_FILE="+missing, "TF_CLI_ARGS=-no-such-option", "TF_WORKSPACE=other",
		"TF_DATA_DIR="+filepath.Join(missing, "data"), "TF_LOG=trace", "HW_REGION_NAME=nowhere")
	out, err := process.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: TestDestroyWithoutCredential") {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestNothingIsSkipped finds no test in the tree that skips itself, but by the two functions that say which CLI it needs.
func TestNothingIsSkipped(t *testing.T) {
	t.Parallel()
	files := token.NewFileSet()
	found := 0
	err := filepath.WalkDir(filepath.Join("..", ".."), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") {
			return err
		}
		file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, declaration := range file.Decls {
			function, ok := declaration.(*ast.FuncDecl)
			if ok && (function.Name.Name == "needsCLI" || function.Name.Name == "needsTerraform") {
				found++
				continue
			}
			ast.Inspect(declaration, func(node ast.Node) bool {
				if call, ok := node.(*ast.SelectorExpr); ok && slices.Contains([]string{"Skip", "Skipf", "SkipNow"}, call.Sel.Name) {
					t.Errorf("%s: a test is skipped", files.Position(call.Pos()))
				}
				return true
			})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if found != 2 {
		t.Errorf("found %d functions that may skip, want two", found)
	}
}
