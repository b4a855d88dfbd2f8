package sandbox_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestInstall gets from a clone to a closed gate with nothing but `make install`, `make mock` and the README: its commands and its
// configuration print what it shows. The provider is found under the hosts of both registries.
func TestInstall(t *testing.T) {
	t.Parallel()
	h := install(t)
	t.Run("README", func(t *testing.T) {
		t.Parallel()
		_, section, _ := strings.Cut(readPage(t, "README.md"), "\n## Try it\n")
		inClone, section := block(t, section, "sh")
		settings, section := block(t, section, "sh")
		configuration, section := block(t, section, "terraform")
		commands, section := block(t, section, "sh")
		shown, section := block(t, section, "text")
		if !strings.HasSuffix(inClone, "\nmake install\nmake mock\n") {
			t.Errorf("the commands in the clone are\n%s", inClone)
		}
		waits := regexp.MustCompile("With `SCT-running` instead, the plan waits for ([0-9]+) seconds and succeeds\\.").FindStringSubmatch(section)
		if waits == nil || !strings.Contains(configuration, documented) {
			t.Fatalf("%s, or what comes of SCT-running, is not in\n%s\n%s", documented, configuration, section)
		}
		usage, _ := h.run(t.Context(), ".", filepath.Join(h.folder, "mock"), "-help")
		for _, wanted := range []string{strings.TrimPrefix(documented, "http://"), "(default " + waits[1] + "s)"} {
			if !strings.Contains(usage, wanted) {
				t.Errorf("the mock has not the default %s:\n%s", wanted, usage)
			}
		}
		folder := workspace(t, strings.ReplaceAll(configuration, documented, mock(t)))
		exit, out := h.script(t, folder, settings+strings.ReplaceAll(commands, "terraform plan", "terraform plan -no-color"))
		if exit != 1 {
			t.Errorf("exit code %d, want 1\n%s", exit, out)
		}
		// The page omits the lines of the configuration between title and message.
		for paragraph := range strings.SplitSeq(shown, "\n\n") {
			if !strings.Contains(words(out), words(paragraph)) {
				t.Errorf("wanted\n%s\nin\n%s", paragraph, out)
			}
		}
		write(t, folder, "gate.tf", strings.ReplaceAll(strings.ReplaceAll(configuration, documented, mock(t)), "SCT-failed", "SCT-running"))
		exit, out = h.script(t, folder, settings+"TF_LOG=INFO terraform plan -no-color")
		if exit != 0 || !strings.Contains(out, "status=PROCESSING") || !strings.Contains(out, "status=FINISHED") {
			t.Errorf("exit code %d, want 0 after a wait\n%s", exit, out)
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

// TestInstallWithAnotherProxy installs with the command for networks without the default proxy of Go modules, but with the proxy of this
// machine: no test reaches another one.
func TestInstallWithAnotherProxy(t *testing.T) {
	t.Parallel()
	command := regexp.MustCompile("`GOPROXY=[^` ]+( make [^`]+)`").FindStringSubmatch(readPage(t, "README.md"))
	if command == nil {
		t.Fatal("the page has no command with GOPROXY")
	}
	h := installer(t)
	if exit, out := h.script(t, root, "GOPROXY=$(go env GOPROXY)"+command[1]); exit != 0 || strings.Count(out, "Installed "+h.plugins()) != 2 {
		t.Errorf("exit code %d\n%s", exit, out)
	}
}

// TestInstallElsewhere takes the provider from the folder of `make install` in the ways that the documentation shows for other
// machines: as a filesystem mirror, and as a development override.
func TestInstallElsewhere(t *testing.T) {
	t.Parallel()
	h := install(t)
	built, err := filepath.Glob(filepath.Join(h.plugins(), "registry.terraform.io", "hwgate", "hwgate", "*", "*"))
	if err != nil || len(built) != 1 {
		t.Fatalf("installed in %q, %v", built, err)
	}
	const configuration = requirements + `
data "coc_script_order" "x" {
  provider     = hwgate
  execute_uuid = "not/allowed"
}
`
	tests := map[string]struct {
		page, section, path, folder string
		commands                    []string
	}{
		"filesystem mirror": {
			page: "README.md", section: "\n### In China\n", path: "/opt/terraform/plugins", folder: h.plugins(),
			commands: []string{"init", "validate"},
		},
		// Without init.
		"development override": {
			page: "CONTRIBUTING.md", section: "\n## Try a change\n", path: "/home/me/terraform-provider-hwgate", folder: built[0], commands: []string{"validate"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, section, _ := strings.Cut(readPage(t, test.page), test.section)
			settings, _ := block(t, section, "terraform")
			if !strings.Contains(settings, test.path) {
				t.Fatalf("the block of the page does not name %s:\n%s", test.path, settings)
			}
			folder := workspace(t, configuration)
			file := filepath.Join(folder, "cli.tfrc")
			settings = strings.ReplaceAll(settings, test.path, filepath.ToSlash(test.folder))
			write(t, folder, "cli.tfrc", settings)
			other := h.with("HOME="+folder, "APPDATA="+folder, "TF_CLI_CONFIG_FILE="+file)
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
	page := readPage(t, "templates", "guides", "ci.md.tmpl")
	repository := t.TempDir()
	section := func(title string) string {
		_, section, _ := strings.Cut(page, title)
		script, _ := block(t, section, "sh")
		if !strings.Contains(script, "/path/to/your/repository/") {
			t.Errorf("the commands do not name the repository:\n%s", script)
		}
		return strings.ReplaceAll(script, "/path/to/your/repository", repository)
	}
	h := installer(t)
	if out, err := h.run(t.Context(), root, "sh", "-ec", section("\n### The provider in the repository\n")); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	// With the host, OpenTofu takes it from the folder of that host, too.
	folder := workspace(t, "terraform {\n  required_providers {\n    hwgate = { source = \"registry.terraform.io/hwgate/hwgate\" }\n  }\n}\n")
	if exit, out := h.script(t, folder, section("\n## HCP Terraform\n")); exit != 0 {
		t.Fatalf("exit code %d\n%s", exit, out)
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
