// Command demo shows what hwgate does, with the real Terraform and without an account: it builds the provider, installs it in a
// local mirror, answers its requests on loopback from recordings, and applies three configurations: one that reads all five data
// sources, one with a gate that opens, and one with a gate that stops a rollout. It works in a temporary folder and removes it.
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
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"

	"github.com/hwgate/terraform-provider-hwgate/internal/cloudtest"
	"github.com/hwgate/terraform-provider-hwgate/internal/recording"
	"github.com/hwgate/terraform-provider-hwgate/internal/sandbox"
)

//go:embed read open closed
var configurations embed.FS

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
	fmt.Println("Building the provider and installing it in a local mirror ...")
	box, err := sandbox.New(ctx, terraform)
	if err != nil {
		return err
	}
	defer box.Close()
	svc := cloudtest.New()
	if err := svc.Recorded(recording.Documented()...); err != nil {
		return err
	}
	server := svc.Start()
	defer svc.Close()
	fmt.Println("Playing the recorded answers at " + server + " ...")
	cli := cli{box, server}
	if err := showSources(ctx, cli); err != nil {
		return err
	}
	if err := showOpenGate(ctx, cli); err != nil {
		return err
	}
	return showClosedGate(ctx, cli)
}

// showSources reads all five data sources and prints what they say.
func showSources(ctx context.Context, cli cli) error {
	if err := cli.prepare(ctx, "read"); err != nil {
		return err
	}
	if out, err := cli.apply(ctx, "read"); err != nil {
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
	fmt.Println("\nterraform apply has read all five data sources. The answers are the examples of the API's\n" +
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

// showOpenGate applies a configuration whose gate lets it through.
func showOpenGate(ctx context.Context, cli cli) error {
	fmt.Println("\nNow a gate. A gate is the postcondition `self.succeeded` of a data source. The next configuration creates the next" +
		"\nlayer of a rollout only if the DataArts jobs went well. They did, so Terraform goes on:")
	if err := cli.prepare(ctx, "open"); err != nil {
		return err
	}
	out, err := cli.apply(ctx, "open")
	if err != nil {
		return fmt.Errorf("terraform apply: %w\n%s", err, out)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	fmt.Printf("\n%s\n", lines[len(lines)-1])
	return nil
}

// showClosedGate applies a configuration whose gate has to stop it.
func showClosedGate(ctx context.Context, cli cli) error {
	fmt.Println("\nThe last configuration asks for a script order. The recorded one was canceled, so Terraform has to stop:")
	if err := cli.prepare(ctx, "closed"); err != nil {
		return err
	}
	out, err := cli.apply(ctx, "closed")
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return fmt.Errorf("the gate should have stopped terraform apply, but it ended with %w\n%s", err, out)
	}
	if state, _ := cli.run(ctx, "closed", "state", "list"); strings.Contains(string(state), "terraform_data") {
		return errors.New("the gate stopped terraform apply, but the next layer was created")
	}
	fmt.Printf("\n%s\nterraform apply has ended with exit code %d, nothing was created, and the reason above is the summary\n"+
		"of the data source. That is the gate: a pipeline stops here.\n", strings.TrimSpace(string(out))+"\n", exit.ExitCode())
	return nil
}

// cli runs Terraform on the configurations.
type cli struct {
	*sandbox.Sandbox

	server string
}

// prepare writes a configuration out and initializes it.
func (c cli) prepare(ctx context.Context, name string) error {
	configuration, err := fs.Sub(configurations, name)
	if err != nil {
		return err
	}
	if err := c.Write(name, configuration); err != nil {
		return err
	}
	if out, err := c.run(ctx, name, "init", "-no-color", "-input=false"); err != nil {
		return fmt.Errorf("terraform init: %w\n%s", err, out)
	}
	return nil
}

func (c cli) run(ctx context.Context, name string, arguments ...string) ([]byte, error) {
	return c.Run(ctx, name, []string{"TF_VAR_server=" + c.server}, arguments...)
}

func (c cli) apply(ctx context.Context, name string) ([]byte, error) {
	return c.run(ctx, name, "apply", "-auto-approve", "-no-color", "-input=false")
}
