package sandbox

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TestEnvironment keeps what the caller has set for the CLI and the provider from the programs that a sandbox runs.
func TestEnvironment(t *testing.T) {
	t.Parallel()
	callers := []string{
		"PATH=/bin", "TF_CLI_CONFIG_FILE=/missing", "TF_LOG=trace", "TF_WORKSPACE=other", "TF_DATA_DIR=/data", "TF_CLI_ARGS=-bad", "HW_PROFILE=p",
		"OS_USERNAME=u", "HOME=/home", "ATF_LOG=kept",
	}
	want := []string{"PATH=/bin", "HOME=/home", "ATF_LOG=kept", "TF_CLI_CONFIG_FILE=own"}
	if got := environment(callers, "TF_CLI_CONFIG_FILE=own"); !slices.Equal(got, want) {
		t.Errorf("the environment is %q, want %q", got, want)
	}
}

// TestVersion asks the real program, despite settings of the caller that would make it fail.
func TestVersion(t *testing.T) {
	program := cmp.Or(os.Getenv("TF_ACC_TERRAFORM_PATH"), "terraform")
	t.Setenv("TF_CLI_CONFIG_FILE", filepath.Join(t.TempDir(), "missing"))
	t.Setenv("TF_CLI_ARGS", "-no-such-option")
	product, version, err := Version(t.Context(), program)
	if err != nil {
		t.Fatal(err)
	}
	if (product != "Terraform" && product != "OpenTofu") || version[0] != 1 || version[1] < 5 {
		t.Errorf("it is %s %v", product, version)
	}
	if _, _, err := Version(t.Context(), filepath.Join(t.TempDir(), "missing")); err == nil {
		t.Error("a program that does not exist has a version")
	}
}
