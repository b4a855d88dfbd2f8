package sandbox_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// home is the home directory of a user who has just cloned the project.
type home struct {
	folder      string
	environment []string
}

// install runs `make install` for a new home directory.
func install(t *testing.T) home {
	t.Helper()
	h := installer(t)
	if out, err := h.run(t.Context(), filepath.Join("..", "..", ".."), "make", "install"); err != nil {
		t.Fatalf("make install: %v\n%s", err, out)
	}
	return h
}

// installer is a home directory that nothing is installed in yet, with additional environment variables.
func installer(t *testing.T, environment ...string) home {
	t.Helper()
	h := home{folder: t.TempDir()}
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
	caches, err := exec.CommandContext(t.Context(), "go", "env", "GOPATH", "GOMODCACHE", "GOCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	folders := strings.Fields(string(caches))
	if len(folders) != 3 {
		t.Fatalf("go env printed %q", caches)
	}
	for i, name := range []string{"GOPATH", "GOMODCACHE", "GOCACHE"} {
		h.environment = append(h.environment, name+"="+folders[i])
	}
	h.environment = append(h.environment, environment...)
	return h
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

// mock starts the program of `make mock` on a free port, after a check that its own address is the documented one.
func mock(t *testing.T, documented string) (address string) {
	t.Helper()
	program := filepath.Join(t.TempDir(), "mock")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "../../cmd/mock").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if usage, _ := exec.CommandContext(t.Context(), program, "-help").CombinedOutput(); !strings.Contains(string(usage), strings.TrimPrefix(documented, "http://")) {
		t.Errorf("the mock does not listen on %s:\n%s", documented, usage)
	}
	process := exec.CommandContext(t.Context(), program, "-listen", "127.0.0.1:0")
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

// workspace is a new directory with one file of configuration.
func workspace(t *testing.T, configuration string) string {
	t.Helper()
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "gate.tf"), []byte(configuration), 0o600); err != nil {
		t.Fatal(err)
	}
	return folder
}

// TestInstall gets from a clone to a closed gate with nothing but `make install`, `make mock` and the README: its commands and its
// configuration print what it shows. The provider is found under the hosts of both registries.
func TestInstall(t *testing.T) {
	t.Parallel()
	h := install(t)
	t.Run("README", func(t *testing.T) {
		t.Parallel()
		page, err := os.ReadFile(filepath.Join("..", "..", "..", "README.md"))
		if err != nil {
			t.Fatal(err)
		}
		_, section, _ := strings.Cut(string(page), "\n## Try it\n")
		inClone, section := block(t, section, "sh")
		settings, section := block(t, section, "sh")
		configuration, section := block(t, section, "terraform")
		commands, section := block(t, section, "sh")
		shown, _ := block(t, section, "text")
		if !strings.HasSuffix(inClone, "\nmake install\nmake mock\n") {
			t.Errorf("the commands in the clone are\n%s", inClone)
		}
		const address = "http://127.0.0.1:8700"
		if !strings.Contains(configuration, address) {
			t.Errorf("%s is not in\n%s", address, configuration)
		}
		folder := workspace(t, strings.ReplaceAll(configuration, address, mock(t, address)))
		script := settings + "terraform() { \"" + cli(t) + "\" \"$@\"; }\n" + strings.ReplaceAll(commands, "terraform plan", "terraform plan -no-color")
		out, err := h.run(t.Context(), folder, "sh", "-ec", script)
		if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.ExitCode() != 1 {
			t.Errorf("%v, wanted exit code 1\n%s", err, out)
		}
		// The page omits the lines of the configuration between title and message.
		for paragraph := range strings.SplitSeq(shown, "\n\n") {
			if !strings.Contains(words(out), words(paragraph)) {
				t.Errorf("wanted\n%s\nin\n%s", paragraph, out)
			}
		}
	})
	for _, host := range []string{"registry.terraform.io", "registry.opentofu.org"} {
		t.Run(host, func(t *testing.T) {
			t.Parallel()
			folder := workspace(t, fmt.Sprintf("terraform {\n  required_providers {\n    hwgate = { source = \"%s/hwgate/hwgate\" }\n  }\n}\n", host))
			if out, err := h.run(t.Context(), folder, cli(t), "init", "-no-color"); err != nil || !strings.Contains(out, "- Installed ") {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

// TestInstallElsewhere takes the provider from the folder of `make install` in the ways that the documentation shows for other
// machines: as a filesystem mirror, and as a development override.
func TestInstallElsewhere(t *testing.T) {
	t.Parallel()
	h := install(t)
	plugins := filepath.Join(h.folder, ".terraform.d", "plugins")
	if runtime.GOOS == "windows" {
		plugins = filepath.Join(h.folder, "terraform.d", "plugins")
	}
	built, err := filepath.Glob(filepath.Join(plugins, "registry.terraform.io", "hwgate", "hwgate", "*", "*"))
	if err != nil || len(built) != 1 {
		t.Fatalf("installed in %q, %v", built, err)
	}
	const configuration = `terraform {
  required_providers {
    hwgate = { source = "hwgate/hwgate" }
  }
}

data "coc_script_order" "x" {
  provider     = hwgate
  execute_uuid = "not/allowed"
}
`
	tests := map[string]struct {
		page, path, folder string
		commands           []string
	}{
		"filesystem mirror": {
			page: filepath.Join("templates", "index.md.tmpl"), path: "/opt/terraform/plugins", folder: plugins,
			commands: []string{"init", "validate"},
		},
		// Without init.
		"development override": {
			page: "CONTRIBUTING.md", path: "/home/me/terraform-provider-hwgate", folder: built[0], commands: []string{"validate"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			page, err := os.ReadFile(filepath.Join("..", "..", "..", test.page))
			if err != nil {
				t.Fatal(err)
			}
			settings, _ := block(t, string(page), "terraform")
			if !strings.Contains(settings, test.path) {
				t.Fatalf("the block of the page does not name %s:\n%s", test.path, settings)
			}
			folder := workspace(t, configuration)
			file := filepath.Join(folder, "cli.tfrc")
			settings = strings.ReplaceAll(settings, test.path, filepath.ToSlash(test.folder))
			if err := os.WriteFile(file, []byte(settings), 0o600); err != nil {
				t.Fatal(err)
			}
			other := home{environment: append(slices.Clip(h.environment), "HOME="+folder, "APPDATA="+folder, "TF_CLI_CONFIG_FILE="+file)}
			for i, command := range test.commands {
				out, err := other.run(t.Context(), folder, cli(t), command, "-no-color")
				// The provider is there: it refuses the argument.
				if last := i == len(test.commands)-1; last == (err == nil) || (last && !strings.Contains(out, "execute_uuid")) {
					t.Errorf("%s: %v\n%s", command, err, out)
				}
			}
		})
	}
}

// TestInstallBesideConfiguration runs the commands of the CI guide for runners without a plugin folder: the provider is in the repository
// and beside the configuration, and the lock file has the checksum of their platform.
func TestInstallBesideConfiguration(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("..", "..", "..", "templates", "guides", "ci.md.tmpl"))
	if err != nil {
		t.Fatal(err)
	}
	repository := t.TempDir()
	section := func(title string) string {
		_, section, _ := strings.Cut(string(page), title)
		script, _ := block(t, section, "sh")
		if !strings.Contains(script, "/path/to/your/repository/") {
			t.Errorf("the commands do not name the repository:\n%s", script)
		}
		return strings.ReplaceAll(script, "/path/to/your/repository", repository)
	}
	h := installer(t)
	if out, err := h.run(t.Context(), filepath.Join("..", "..", ".."), "sh", "-ec", section("\n### The provider in the repository\n")); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	// With the host, OpenTofu takes it from the folder of that host, too.
	folder := workspace(t, "terraform {\n  required_providers {\n    hwgate = { source = \"registry.terraform.io/hwgate/hwgate\" }\n  }\n}\n")
	script := "terraform() { \"" + cli(t) + "\" \"$@\"; }\n" + section("\n## HCP Terraform\n")
	if out, err := h.run(t.Context(), folder, "sh", "-ec", script); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	built, err := filepath.Glob(filepath.Join(folder, "terraform.d", "plugins", "registry.terraform.io", "hwgate", "hwgate", "*", "linux_amd64", "*"))
	if err != nil || len(built) != 1 {
		t.Errorf("beside the configuration is %q, %v", built, err)
	}
	lock, err := os.ReadFile(filepath.Join(folder, ".terraform.lock.hcl"))
	if err != nil || !strings.Contains(string(lock), `"h1:`) {
		t.Errorf("%v: no checksum in\n%s", err, lock)
	}
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
