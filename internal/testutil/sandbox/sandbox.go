// Package sandbox runs the real Terraform with this provider in a temporary folder, with providers from a local mirror only, and without
// the machine's settings for Terraform and Huawei Cloud.
package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing/fstest"
)

const module = "github.com/hwgate/terraform-provider-hwgate"

// version is that of the installed providers.
const version = "0.0.1"

// Sandbox is a temporary folder with a mirror of providers. Close removes it.
type Sandbox struct {
	program string
	folder  string

	initialize sync.Once
	initErr    error
}

// New returns a sandbox that runs a program, Terraform or OpenTofu, with hwgate in its mirror.
func New(ctx context.Context, program string) (*Sandbox, error) {
	folder, err := os.MkdirTemp("", "hwgate-")
	if err != nil {
		return nil, err
	}
	s := &Sandbox{program: program, folder: folder}
	config := fmt.Sprintf("provider_installation {\n  filesystem_mirror {\n    path = %q\n  }\n}\n", filepath.Join(folder, "mirror"))
	err = os.WriteFile(filepath.Join(folder, "cli.tfrc"), []byte(config), 0o600)
	if err == nil {
		err = s.Install(ctx, "hwgate/hwgate", ".")
	}
	if err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// Close removes the folder.
func (s *Sandbox) Close() { _ = os.RemoveAll(s.folder) }

// Install builds a package of this module as the provider with a source address, <namespace>/<name>.
func (s *Sandbox) Install(ctx context.Context, source, pkg string) error {
	return Install(ctx, s.Plugins(), source, pkg)
}

// Install is that of a sandbox for any folder of plugins. The binary is beside that folder.
func Install(ctx context.Context, plugins, source, pkg string) error {
	file := binaryName(path.Base(source))
	built := filepath.Join(filepath.Dir(plugins), file)
	build := exec.CommandContext(ctx, "go", "build", "-trimpath",
		"-ldflags", "-s -w -X main.version="+version, "-o", built,
		strings.TrimSuffix(module+"/"+pkg, "/."))
	build.Env = append(os.Environ(), "CGO_ENABLED=0") // as a release has it
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("building the provider %s: %w\n%s", source, err, out)
	}
	// Terraform and OpenTofu have different default registries.
	for _, host := range []string{"registry.terraform.io", "registry.opentofu.org"} {
		platform := filepath.Join(plugins, host, filepath.FromSlash(source), version, runtime.GOOS+"_"+runtime.GOARCH)
		if err := os.MkdirAll(platform, 0o750); err != nil {
			return err
		}
		if err := os.Link(built, filepath.Join(platform, file)); err != nil {
			return err
		}
	}
	return nil
}

// Plugins returns the folder of the installed providers, which has the layout of terraform.d/plugins.
func (s *Sandbox) Plugins() string { return filepath.Join(s.folder, "mirror") }

func binaryName(provider string) string {
	file := "terraform-provider-" + provider + "_v" + version
	if runtime.GOOS == "windows" {
		file += ".exe"
	}
	return file
}

// BinarySize returns the size in bytes of an installed provider, which is stripped as a release is.
func (s *Sandbox) BinarySize(name string) (int64, error) {
	built, err := os.Stat(filepath.Join(s.folder, binaryName(name)))
	if err != nil {
		return 0, err
	}
	return built.Size(), nil
}

// Write writes a configuration to a new folder.
func (s *Sandbox) Write(name string, configuration fs.FS) error {
	return os.CopyFS(filepath.Join(s.folder, name), configuration)
}

// WriteInitialized writes a configuration to a new folder that needs no init. The configuration may use no other providers than hwgate and
// built-in ones: only one folder is initialized, and the others share the result.
func (s *Sandbox) WriteInitialized(ctx context.Context, configuration fs.FS) (name string, err error) {
	const first = "initialized"
	s.initialize.Do(func() {
		requirements := "terraform {\n  required_providers {\n    hwgate = { source = \"hwgate/hwgate\" }\n  }\n}\n"
		if s.initErr = s.Write(first, fstest.MapFS{"main.tf": {Data: []byte(requirements)}}); s.initErr != nil {
			return
		}
		if out, err := s.Run(ctx, first, nil, "init", "-no-color", "-input=false"); err != nil {
			s.initErr = fmt.Errorf("%s init: %w\n%s", s.program, err, out)
		}
	})
	if s.initErr != nil {
		return "", s.initErr
	}
	return s.WriteSharing(first, configuration)
}

// WriteSharing writes a configuration to a new folder that needs no init: it shares the providers and modules of an initialized folder.
func (s *Sandbox) WriteSharing(initialized string, configuration fs.FS) (name string, err error) {
	folder, err := os.MkdirTemp(s.folder, "shared-")
	if err != nil {
		return "", err
	}
	if err := os.CopyFS(folder, configuration); err != nil {
		return "", err
	}
	// Installed providers are only read, but the CLI may rewrite the lock file.
	if err := os.Symlink(filepath.Join(s.folder, initialized, ".terraform"), filepath.Join(folder, ".terraform")); err != nil {
		return "", err
	}
	const lock = ".terraform.lock.hcl"
	locked, err := os.ReadFile(filepath.Join(s.folder, initialized, lock))
	if err != nil {
		return "", err
	}
	return filepath.Base(folder), os.WriteFile(filepath.Join(folder, lock), locked, 0o600)
}

// Version returns the name of a program, Terraform or OpenTofu, and its major and minor version.
func Version(ctx context.Context, program string) (product string, version [2]int, err error) {
	process := exec.CommandContext(ctx, program, "version")
	process.Env = environment(os.Environ(), "CHECKPOINT_DISABLE=1", "TF_CLI_CONFIG_FILE="+os.DevNull)
	out, err := process.CombinedOutput()
	if err != nil {
		return "", version, fmt.Errorf("%s version: %w\n%s", program, err, out)
	}
	if _, err := fmt.Sscanf(string(out), "%s v%d.%d", &product, &version[0], &version[1]); err != nil {
		return "", version, fmt.Errorf("%s version printed %q: %w", program, out, err)
	}
	return product, version, nil
}

// Run runs a command of Terraform in a folder, with additional environment variables, and returns its combined output. The end of the
// context interrupts it, as Ctrl-C does.
func (s *Sandbox) Run(ctx context.Context, name string, environment []string, arguments ...string) ([]byte, error) {
	return s.Command(ctx, name, environment, arguments...).CombinedOutput()
}

// Command returns the command that Run runs, for callers that read its output or interrupt it while it runs.
func (s *Sandbox) Command(ctx context.Context, name string, environment []string, arguments ...string) *exec.Cmd {
	return s.command(ctx, name, environment, s.program, arguments...)
}

// Script is Run for a shell. In its scripts, terraform is the program of the sandbox.
func (s *Sandbox) Script(ctx context.Context, name string, environment []string, shell string, arguments ...string) ([]byte, error) {
	program, err := exec.LookPath(s.program)
	if err == nil {
		program, err = filepath.Abs(program)
	}
	if err != nil {
		return nil, err
	}
	bin := filepath.Join(s.folder, "bin")
	if err := os.MkdirAll(bin, 0o750); err != nil {
		return nil, err
	}
	if err := os.Symlink(program, filepath.Join(bin, "terraform")); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	search := "PATH=" + bin + string(os.PathListSeparator) + os.Getenv("PATH")
	return s.command(ctx, name, append([]string{search}, environment...), shell, arguments...).CombinedOutput()
}

func (s *Sandbox) command(ctx context.Context, name string, variables []string, program string, arguments ...string) *exec.Cmd {
	process := exec.CommandContext(ctx, program, arguments...)
	process.Cancel = func() error { return process.Process.Signal(os.Interrupt) }
	process.Dir = filepath.Join(s.folder, name)
	process.Env = environment(os.Environ(), "TF_CLI_CONFIG_FILE="+filepath.Join(s.folder, "cli.tfrc"), "CHECKPOINT_DISABLE=1")
	process.Env = append(process.Env, variables...)
	return process
}

// environment returns variables without those for the CLI or a provider, and with others added.
func environment(variables []string, added ...string) []string {
	var kept []string
	for _, variable := range variables {
		if !strings.HasPrefix(variable, "TF_") && !strings.HasPrefix(variable, "HW_") && !strings.HasPrefix(variable, "OS_") {
			kept = append(kept, variable)
		}
	}
	return append(kept, added...)
}
