// Command demo shows what hwgate does, with the real Terraform and without an account: it builds the provider, installs it in a
// local mirror, answers its requests on loopback from recordings, and applies two configurations, one that reads all five data
// sources and one with a gate that stops a rollout. It works in a temporary folder and removes it.
package main

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/hwgate/terraform-provider-hwgate/internal/recording"
)

//go:embed read gate
var configurations embed.FS

const version = "0.0.1"

func main() {
	terraform := flag.String("terraform", "terraform", "the Terraform or OpenTofu to run")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *terraform); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1) //nolint:gocritic // there is nothing left for the deferred stop to do
	}
}

func run(ctx context.Context, terraform string) error {
	folder, err := os.MkdirTemp("", "hwgate-demo-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	fmt.Println("Building the provider and installing it in a local mirror ...")
	if err := install(ctx, folder); err != nil {
		return err
	}
	server, err := serve(ctx)
	if err != nil {
		return err
	}
	fmt.Println("Playing the recorded answers at " + server + " ...")
	cli := cli{program: terraform, folder: folder, server: server}
	if err := showSources(ctx, cli); err != nil {
		return err
	}
	return showGate(ctx, cli)
}

// showSources reads all five data sources and prints what they say.
func showSources(ctx context.Context, cli cli) error {
	if err := cli.prepare(ctx, "read"); err != nil {
		return err
	}
	if out, err := cli.run(ctx, "read", "apply", "-auto-approve"); err != nil {
		return fmt.Errorf("terraform apply: %w\n%s", err, out)
	}
	out, err := cli.run(ctx, "read", "output", "-json")
	if err != nil {
		return fmt.Errorf("terraform output: %w\n%s", err, out)
	}
	var outputs map[string]struct {
		Value struct {
			Outcome, Summary string
			Values           map[string]any
		}
	}
	if err := json.Unmarshal(out, &outputs); err != nil {
		return fmt.Errorf("reading the outputs: %w", err)
	}
	fmt.Println("\nterraform init and terraform apply have read all five data sources. The answers are the examples of the API's\n" +
		"documentation:")
	for _, source := range slices.Sorted(maps.Keys(outputs)) {
		value := outputs[source].Value
		fmt.Printf("\n%s\n  %-20s = %s\n  %-20s = %s\n", source, "outcome", value.Outcome, "summary", value.Summary)
		for _, name := range slices.Sorted(maps.Keys(value.Values)) {
			fmt.Printf("  %-20s = %v\n", name, value.Values[name])
		}
	}
	return nil
}

// showGate applies a configuration whose gate has to stop it.
func showGate(ctx context.Context, cli cli) error {
	fmt.Println("\nNow a gate. The next configuration creates the next layer of a rollout only if a script order succeeded:" +
		"\nits data source has the postcondition `self.succeeded`. The recorded order was canceled, so Terraform has to stop:")
	if err := cli.prepare(ctx, "gate"); err != nil {
		return err
	}
	out, err := cli.run(ctx, "gate", "apply", "-auto-approve")
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return fmt.Errorf("the gate should have stopped terraform apply, but it ended with %w\n%s", err, out)
	}
	fmt.Printf("\n%s\nterraform apply has ended with exit code %d, nothing was created, and the reason above is the summary\n"+
		"of the data source. That is the gate: a pipeline stops here.\n", strings.TrimSpace(string(out))+"\n", exit.ExitCode())
	return nil
}

// install builds the provider into a filesystem mirror and writes a CLI configuration that knows no other way to get it.
func install(ctx context.Context, folder string) error {
	mirror := filepath.Join(folder, "mirror")
	for _, host := range []string{"registry.terraform.io", "registry.opentofu.org"} {
		binary := filepath.Join(mirror, host, "hwgate", "hwgate", version, runtime.GOOS+"_"+runtime.GOARCH,
			"terraform-provider-hwgate_v"+version)
		if runtime.GOOS == "windows" {
			binary += ".exe"
		}
		build := exec.CommandContext(ctx, "go", "build", "-ldflags", "-X main.version="+version, "-o", binary,
			"github.com/hwgate/terraform-provider-hwgate")
		if out, err := build.CombinedOutput(); err != nil {
			return fmt.Errorf("building the provider: %w\n%s", err, out)
		}
	}
	config := fmt.Sprintf("provider_installation {\n  filesystem_mirror {\n    path = %q\n  }\n}\n", mirror)
	return os.WriteFile(filepath.Join(folder, "cli.tfrc"), []byte(config), 0o600)
}

// serve answers from the recordings until the program ends.
func serve(ctx context.Context) (address string, err error) {
	handler, err := recording.Handler(recording.Documented()...)
	if err != nil {
		return "", err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(listener) }()
	return "http://" + listener.Addr().String(), nil
}

// cli runs Terraform on the configurations, apart from anything that is set up on this machine.
type cli struct{ program, folder, server string }

// prepare writes a configuration out and initializes it.
func (c cli) prepare(ctx context.Context, name string) error {
	configuration, err := fs.Sub(configurations, name)
	if err != nil {
		return err
	}
	if err := os.CopyFS(filepath.Join(c.folder, name), configuration); err != nil {
		return err
	}
	if out, err := c.run(ctx, name, "init"); err != nil {
		return fmt.Errorf("terraform init: %w\n%s", err, out)
	}
	return nil
}

func (c cli) run(ctx context.Context, name, command string, arguments ...string) ([]byte, error) {
	if command != "output" {
		arguments = append(arguments, "-no-color", "-input=false")
	}
	process := exec.CommandContext(ctx, c.program, append([]string{command}, arguments...)...)
	process.Dir = filepath.Join(c.folder, name)
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "TF_") && !strings.HasPrefix(variable, "HW_") && !strings.HasPrefix(variable, "OS_") {
			process.Env = append(process.Env, variable)
		}
	}
	process.Env = append(process.Env, "TF_CLI_CONFIG_FILE="+filepath.Join(c.folder, "cli.tfrc"),
		"TF_VAR_server="+c.server, "CHECKPOINT_DISABLE=1")
	return process.CombinedOutput()
}
