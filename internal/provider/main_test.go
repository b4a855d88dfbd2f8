package provider_test

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/sandbox"
)

// product is the CLI of the tests: Terraform or OpenTofu.
var product string

// TestMain prepares plugin-testing, which is told by the environment what to run. The caller sets TF_ACC_TERRAFORM_PATH at most: no other
// setting of the caller reaches a test.
func TestMain(m *testing.M) {
	// Most tests wait for a command, so there is room for more of them than there are processors. With still more, plugin-testing, which
	// waits two seconds for a provider to begin to serve, fails on a busy machine.
	flag.Parse()
	if parallel := flag.Lookup("test.parallel"); parallel.Value.String() == parallel.DefValue {
		_ = parallel.Value.Set(strconv.Itoa(2 * runtime.GOMAXPROCS(0)))
	}
	if err := prepareCLI(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	if code == 0 && runsAll() {
		for _, test := range cliRuns.missing() {
			fmt.Fprintln(os.Stderr, test+" has not run the CLI with its source")
			code = 1
		}
	}
	os.Exit(code)
}

// runsAll reports whether all tests of the package were asked for.
func runsAll() bool {
	return !slices.ContainsFunc([]string{"run", "skip", "list"}, func(name string) bool { return flag.Lookup("test."+name).Value.String() != "" })
}

func prepareCLI() error {
	program, err := exec.LookPath(cmp.Or(os.Getenv("TF_ACC_TERRAFORM_PATH"), "terraform"))
	if err == nil {
		program, err = filepath.Abs(program)
	}
	if err != nil {
		return err
	}
	for _, variable := range os.Environ() {
		name, _, _ := strings.Cut(variable, "=")
		if strings.HasPrefix(name, "TF_") || strings.HasPrefix(name, "HW_") || strings.HasPrefix(name, "OS_") {
			if err := os.Unsetenv(name); err != nil {
				return err
			}
		}
	}
	settings := map[string]string{
		"TF_ACC_TERRAFORM_PATH": program, "TF_CLI_CONFIG_FILE": os.DevNull, "TF_ACC_PROVIDER_NAMESPACE": "hwgate",
	}
	if product, _, err = sandbox.Version(context.Background(), program); err != nil {
		return err
	}
	if product == "OpenTofu" {
		settings["TF_ACC_PROVIDER_HOST"] = "registry.opentofu.org"
	}
	for name, value := range settings {
		if err := os.Setenv(name, value); err != nil {
			return err
		}
	}
	return nil
}
