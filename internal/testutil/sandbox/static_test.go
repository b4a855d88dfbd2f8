package sandbox_test

import (
	"debug/elf"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestInstallIsStatic installs the provider for Linux where a C compiler is asked for: its binary needs no program of the system to start,
// such as the loader of glibc, which the image of Terraform lacks.
func TestInstallIsStatic(t *testing.T) {
	t.Parallel()
	plugins := t.TempDir()
	h := installer(t, "CGO_ENABLED=1", "GOOS=linux", "GOARCH="+runtime.GOARCH)
	if out, err := h.run(t.Context(), filepath.Join("..", "..", ".."), "make", "install", "PLUGINS="+plugins); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	built, err := filepath.Glob(filepath.Join(plugins, "*", "hwgate", "hwgate", "*", "linux_"+runtime.GOARCH, "*"))
	if err != nil || len(built) != 2 {
		t.Fatalf("installed %q, %v; want one for each registry", built, err)
	}
	for _, file := range built {
		program, err := elf.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range program.Progs {
			if part.Type == elf.PT_INTERP || part.Type == elf.PT_DYNAMIC {
				t.Errorf("%s: %v", file, part.Type)
			}
		}
		if err := program.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestBuildIsStatic looks at the command of `make build`, whose result is in the clone.
func TestBuildIsStatic(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "make", "-C", filepath.Join("..", "..", ".."), "--dry-run", "build").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "CGO_ENABLED=0 go build ") {
		t.Errorf("%v\n%s", err, out)
	}
}
