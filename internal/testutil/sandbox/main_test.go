package sandbox_test

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/sandbox"
)

// home is the home directory of a user who has just cloned the project.
type home struct {
	folder      string
	environment []string
}

// root is the clone.
var root = filepath.Join("..", "..", "..")

// shared is the home directory that most tests have in common, and the mock that they run. They only read it.
var (
	shared = sync.OnceValues(func() (home, error) {
		folder, err := os.MkdirTemp("", "hwgate-home-")
		if err != nil {
			return home{}, err
		}
		clean = func() { _ = os.RemoveAll(folder) }
		h, err := newHome(context.Background(), folder)
		if err != nil {
			return h, err
		}
		for _, command := range [][]string{
			{"make", "install"}, {"go", "build", "-o", filepath.Join(folder, "mock"), "./internal/cmd/mock"},
		} {
			if out, err := h.run(context.Background(), root, command...); err != nil {
				return h, fmt.Errorf("%s: %w\n%s", command, err, out)
			}
		}
		return h, nil
	})
	clean = func() {}
	// official installs what replaces the official provider.
	official = sync.OnceValue(func() error {
		h, err := shared()
		if err != nil {
			return err
		}
		return sandbox.Install(context.Background(), h.plugins(), "huaweicloud/huaweicloud", "internal/testutil/sandbox/official")
	})
)

func TestMain(m *testing.M) {
	// Most tests wait for a command or for a pause, so there is room for more of them than there are processors.
	flag.Parse()
	if parallel := flag.Lookup("test.parallel"); parallel.Value.String() == parallel.DefValue {
		_ = parallel.Value.Set(strconv.Itoa(2 * runtime.GOMAXPROCS(0)))
	}
	code := m.Run()
	clean()
	os.Exit(code)
}

// install is a home directory where `make install` was run, for callers that only read it.
func install(t *testing.T) home {
	t.Helper()
	h, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// plugins is the folder of `make install`.
func (h home) plugins() string {
	if runtime.GOOS == "windows" {
		return filepath.Join(h.folder, "terraform.d", "plugins")
	}
	return filepath.Join(h.folder, ".terraform.d", "plugins")
}

// with is the same home directory with additional environment variables.
func (h home) with(environment ...string) home {
	h.environment = append(slices.Clip(h.environment), environment...)
	return h
}

// installer is a home directory that nothing is installed in yet, with additional environment variables.
func installer(t *testing.T, environment ...string) home {
	t.Helper()
	h, err := newHome(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return h.with(environment...)
}

func newHome(ctx context.Context, folder string) (home, error) {
	h := home{folder: folder}
	for _, variable := range os.Environ() {
		name, _, _ := strings.Cut(variable, "=")
		// Settings that would redirect the CLI, make or the provider.
		switch prefix, _, _ := strings.Cut(name, "_"); prefix {
		case "TF", "HW", "OS", "XDG", "HOME", "APPDATA", "MAKEFLAGS", "MFLAGS", "MAKELEVEL":
		default:
			h.environment = append(h.environment, variable)
		}
	}
	h.environment = append(h.environment, "HOME="+h.folder, "APPDATA="+h.folder, "CHECKPOINT_DISABLE=1")
	// Use the caller's module and build caches.
	caches, err := exec.CommandContext(ctx, "go", "env", "GOPATH", "GOMODCACHE", "GOCACHE").Output()
	if err != nil {
		return h, err
	}
	folders := strings.Fields(string(caches))
	if len(folders) != 3 {
		return h, fmt.Errorf("go env printed %q", caches)
	}
	for i, name := range []string{"GOPATH", "GOMODCACHE", "GOCACHE"} {
		h.environment = append(h.environment, name+"="+folders[i])
	}
	return h, nil
}

func (h home) run(ctx context.Context, folder string, command ...string) (string, error) {
	process := exec.CommandContext(ctx, command[0], command[1:]...)
	process.Dir, process.Env = folder, h.environment
	out, err := process.CombinedOutput()
	return string(out), err
}

// cli finds the Terraform or OpenTofu under test.
func cli(t *testing.T) string {
	t.Helper()
	program := os.Getenv("TF_ACC_TERRAFORM_PATH")
	if program == "" {
		program = "terraform"
	}
	program, err := exec.LookPath(program)
	if err == nil {
		program, err = filepath.Abs(program)
	}
	if err != nil {
		t.Fatal(err)
	}
	return program
}

// script runs commands of a page, in which terraform is the CLI under test, and stops at the first that fails. A command has ended before
// collecting garbage would pay.
func (h home) script(t *testing.T, folder, commands string) (exit int, out string) {
	t.Helper()
	out, err := h.with("GOGC=off").run(t.Context(), folder, "sh", "-ec", "terraform() { \""+cli(t)+"\" \"$@\"; }\n"+commands)
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		return failed.ExitCode(), out
	}
	if err != nil {
		t.Fatal(err)
	}
	return 0, out
}

// unsupported is what a CLI says of a module, or of an option, that needs a newer one.
var unsupported = regexp.MustCompile(`Unsupported (block type|(Terraform|OpenTofu) Core version)|flag provided but not defined|JUnit XML output is`)

// The documented address of the mock, and the key that its introduction has.
const documented = "http://127.0.0.1:8700"

var keys = []string{"HW_ACCESS_KEY=MOCKACCESSKEY", "HW_SECRET_KEY=mock-secret-key"}

// mock starts the program of `make mock` on a free port. What runs takes a second.
func mock(t *testing.T) (address string) {
	t.Helper()
	process := exec.CommandContext(t.Context(), filepath.Join(install(t).folder, "mock"), "-listen", "127.0.0.1:0", "-run-time", "1s")
	output, err := process.StdoutPipe()
	if err == nil {
		err = process.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = process.Process.Kill()
		_ = process.Wait()
	})
	lines := bufio.NewReader(output)
	first, err := lines.ReadString('\n')
	address = regexp.MustCompile(`http://[0-9.:]+`).FindString(first)
	if err != nil || address == "" {
		t.Fatalf("the mock prints %q, %v", first, err)
	}
	go func() { _, _ = io.Copy(io.Discard, lines) }()
	return address
}

// tell sends a command to the mock.
func tell(t *testing.T, address, command string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address+command, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := new(http.Client).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Fatalf("%s was answered with %s", command, answer.Status)
	}
}

// endpoints leads every service to the mock.
func endpoints(address string) string {
	return fmt.Sprintf("provider \"hwgate\" {\n  endpoints = { coc = %[1]q, dataarts = %[1]q, roma = %[1]q, iam = %[1]q, sts = %[1]q }\n}\n", address)
}

// requirements name the provider.
const requirements = "terraform {\n  required_providers {\n    hwgate = { source = \"hwgate/hwgate\" }\n  }\n}\n"

// workspace is a new directory with one file of configuration.
func workspace(t *testing.T, configuration string) string {
	t.Helper()
	folder := t.TempDir()
	write(t, folder, "gate.tf", configuration)
	return folder
}

func write(t *testing.T, folder, name, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// initialFolder is a folder after init.
type initialFolder string

// initialized is a folder with the provider, which others share.
func initialized(t *testing.T, h home) initialFolder {
	t.Helper()
	folder := workspace(t, requirements)
	if exit, out := h.script(t, folder, "terraform init -no-color"); exit != 0 {
		t.Fatalf("exit code %d\n%s", exit, out)
	}
	return initialFolder(folder)
}

// share lets a folder without other providers go without init.
func (f initialFolder) share(t *testing.T, folder string) {
	t.Helper()
	const lock = ".terraform.lock.hcl"
	locked, err := os.ReadFile(filepath.Join(string(f), lock))
	if err == nil {
		err = os.Symlink(filepath.Join(string(f), ".terraform"), filepath.Join(folder, ".terraform"))
	}
	if err != nil {
		t.Fatal(err)
	}
	write(t, folder, lock, string(locked))
}

// readPage reads a page of the clone.
func readPage(t *testing.T, path ...string) string {
	t.Helper()
	page, err := os.ReadFile(filepath.Join(append([]string{root}, path...)...))
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}

// block is the next block of code in a page, and what follows it.
func block(t *testing.T, page, language string) (code, rest string) {
	t.Helper()
	_, rest, found := strings.Cut(page, "```"+language+"\n")
	code, rest, ended := strings.Cut(rest, "```")
	if !found || !ended {
		t.Fatalf("the page has no further block of %s", language)
	}
	return code, rest
}

// words are a text without line breaks and without the frame that Terraform draws around a message.
func words(text string) string {
	return strings.Join(strings.Fields(strings.ReplaceAll(text, "│", " ")), " ")
}
