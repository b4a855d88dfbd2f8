// Command demo shows what hwgate does, with the real Terraform and without an account: it builds the provider, installs it in a local
// mirror, serves a mock of the services on loopback, and runs Terraform on the configurations in the folders next to this file.
package main

import (
	"bytes"
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
	"time"

	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/cloudtest"
	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/recording"
	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/sandbox"
)

//go:embed read open closed failed job waiting saved progress
var configurations embed.FS

func main() {
	terraform := flag.String("terraform", "terraform", "the Terraform or OpenTofu to run")
	picture := flag.String("picture", "", "instead of the demo, write to this file what a terminal shows of a closed gate and of an action")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := run(ctx, *terraform, *picture)
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1) //nolint:gocritic // nothing is left for the deferred stop
	}
}

func run(ctx context.Context, terraform, picture string) error {
	fmt.Println("Building the provider and installing it in a local mirror ...")
	box, err := sandbox.New(ctx, terraform)
	if err != nil {
		return err
	}
	defer box.Close()
	svc := cloudtest.New()
	if picture == "" {
		if err := svc.Recorded(recording.Documented()...); err != nil {
			return err
		}
	}
	server := svc.Start()
	defer svc.Close()
	fmt.Println("Serving mocks of COC, DataArts and ROMA at " + server + " ...")
	product, version, err := sandbox.Version(ctx, terraform)
	if err != nil {
		return err
	}
	program := cli{box, server, product, version}
	if picture != "" {
		return writePicture(ctx, program, svc, picture)
	}
	for _, show := range []func(context.Context, cli, *cloudtest.Service) error{
		showSources, showOpenGate, showClosedGate, showFailedJob, showJob, showWait, showSavedPlan, showProgress,
	} {
		if err := show(ctx, program, svc); err != nil {
			return err
		}
	}
	return nil
}

func showSources(ctx context.Context, cli cli, _ *cloudtest.Service) error {
	folder, _, err := cli.apply(ctx, "read")
	if err != nil {
		return err
	}
	out, err := cli.run(ctx, folder, "output", "-json")
	if err != nil {
		return err
	}
	var outputs map[string]struct {
		Value struct {
			Outcome, Summary string
			Values           map[string]any
		}
	}
	if err := json.Unmarshal([]byte(out), &outputs); err != nil {
		return fmt.Errorf("reading the outputs: %w", err)
	}
	fmt.Println("\nterraform apply has read five data sources. The answers are the examples of the API's\n" +
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

func showOpenGate(ctx context.Context, cli cli, _ *cloudtest.Service) error {
	fmt.Println("\nNow a gate. A gate is the postcondition `self.succeeded` of a data source. The next configuration creates the next" +
		"\nlayer of a rollout only if the DataArts jobs succeeded. They did, so Terraform continues:")
	_, out, err := cli.apply(ctx, "open")
	if err != nil {
		return err
	}
	fmt.Printf("\n%s\n", lastLine(out))
	return nil
}

func showClosedGate(ctx context.Context, cli cli, _ *cloudtest.Service) error {
	fmt.Println("\nThe next configuration reads a script order. The recorded one was canceled, so Terraform has to stop:")
	folder, out, err := cli.apply(ctx, "closed")
	code, err := expectClosedGate(out, err)
	if err != nil {
		return err
	}
	if state, _ := cli.run(ctx, folder, "state", "list"); strings.Contains(state, "terraform_data") {
		return errors.New("the gate stopped terraform apply, but the next layer was created")
	}
	fmt.Printf("\n%s\n\nterraform apply has ended with exit code %d, nothing was created, and the reason above is the summary\n"+
		"of the data source. That is the gate: a pipeline stops here.\n", errorText(out), code)
	return nil
}

func showFailedJob(ctx context.Context, cli cli, svc *cloudtest.Service) error {
	fmt.Println("\nA closed gate names what failed. In this DataArts workspace, one of seven job instances did:")
	svc.Workspace("").Then(cloudtest.JobScene{
		Counts: map[string]int{"success": 6, "fail": 1}, Listed: []cloudtest.Job{{Name: "load_orders", Status: "fail", ID: 34765}},
	})
	_, out, err := cli.apply(ctx, "failed")
	if _, err := expectClosedGate(out, err); err != nil {
		return err
	}
	if !strings.Contains(out, "load_orders") {
		return fmt.Errorf("the gate does not name the job\n%s", out)
	}
	fmt.Printf("\n%s\n", errorText(out))
	return nil
}

// showJob judges one job of the workspace in which another has failed.
func showJob(ctx context.Context, cli cli, svc *cloudtest.Service) error {
	fmt.Println("\nThat failure need not be yours. This gate asks for the runs of one job of the same workspace since a deployment. It waits" +
		"\nuntil the next run has come and ended, and opens:")
	this, before := cloudtest.Run{ID: 1479209}, cloudtest.Run{ID: 1479208, Status: "fail", Began: time.Now().Add(-5 * time.Hour)}
	for _, status := range []string{"", "running", "success"} {
		runs := []cloudtest.Run{before}
		if this.Status = status; status != "" {
			runs = append(runs, this)
		}
		svc.Job("", "etl_orders").Then(cloudtest.Runs(runs...))
	}
	return showSummary(ctx, cli, "job")
}

func showWait(ctx context.Context, cli cli, svc *cloudtest.Service) error {
	fmt.Println("\nSome states need time. After a switch, the tasks of ROMA start one by one. This gate waits until twelve of them run and" +
		"\nnone is abnormal, and until that has lasted for two seconds. One task is abnormal at the second read:")
	svc.Instance("fae7ff6c-8e07-4cf8-9e67-589cab2f017c").Then(
		cloudtest.Tasks(nil, map[string]int{"running": 3}), cloudtest.Tasks(nil, map[string]int{"running": 11, "abnormal": 1}),
		cloudtest.Tasks(nil, map[string]int{"running": 12}))
	return showSummary(ctx, cli, "waiting")
}

// showSummary applies a configuration whose gate opens, and prints what the gate says.
func showSummary(ctx context.Context, cli cli, configuration string) error {
	folder, _, err := cli.apply(ctx, configuration)
	if err != nil {
		return err
	}
	out, err := cli.run(ctx, folder, "output", "-raw", "summary")
	if err != nil {
		return err
	}
	fmt.Printf("\n%s\n", out)
	return nil
}

// showSavedPlan saves a plan while the order has succeeded, and applies it after the order has failed.
func showSavedPlan(ctx context.Context, cli cli, svc *cloudtest.Service) error {
	fmt.Println("\nA saved plan can be older than the state of things. An ephemeral resource reads again when the plan is applied. This one" +
		"\nwas planned while the order had succeeded; then the same order is reported as failed:")
	since := [2]int{1, 10}
	if cli.product == "OpenTofu" {
		since = [2]int{1, 11}
	}
	if cli.older(since) {
		fmt.Printf("\nNot shown: it needs Terraform 1.10 or OpenTofu 1.11, and this is %s.\n", cli.name())
		return nil
	}
	order := svc.Order("SCT-saved-plan").Then(cloudtest.Finished(10))
	folder, err := cli.prepare(ctx, "saved")
	if err != nil {
		return err
	}
	if _, err := cli.run(ctx, folder, "plan", "-no-color", "-input=false", "-out=saved.tfplan"); err != nil {
		return err
	}
	order.Now(cloudtest.Failed(8, 2))
	out, err := cli.run(ctx, folder, "apply", "-no-color", "-input=false", "saved.tfplan")
	if _, err := expectClosedGate(out, err); err != nil {
		return err
	}
	fmt.Printf("\n%s\n", errorText(out))
	return nil
}

func showProgress(ctx context.Context, cli cli, svc *cloudtest.Service) error {
	fmt.Println("\nAn action reports its progress. This is `terraform apply -invoke=action.coc_script_order.verify`:")
	if cli.product == "OpenTofu" || cli.older([2]int{1, 14}) {
		fmt.Printf("\nNot shown: it needs Terraform 1.14, and this is %s.\n", cli.name())
		return nil
	}
	svc.Order("SCT-progress").Then(cloudtest.Ready(10), cloudtest.Running(3, 10), cloudtest.Running(8, 10), cloudtest.Finished(10))
	_, out, err := cli.apply(ctx, "progress", "-invoke=action.coc_script_order.verify")
	if err != nil {
		return err
	}
	if !strings.Contains(out, "3 of 10 instances finished") {
		return fmt.Errorf("the action shows no progress\n%s", out)
	}
	_, progress, _ := strings.Cut(out, "Action started")
	fmt.Printf("\nAction started%s\n", strings.TrimRight(progress, "\n"))
	return nil
}

// writePicture writes the output of a closed gate and of an action, with its colors, each after its command.
func writePicture(ctx context.Context, cli cli, svc *cloudtest.Service, file string) error {
	if cli.product == "OpenTofu" || cli.older([2]int{1, 14}) {
		return fmt.Errorf("the picture shows an action, which needs Terraform 1.14, and this is %s", cli.name())
	}
	svc.Order("SCT2023102211473xxxxxxxxxx").Then(cloudtest.Failed(3, 2))
	svc.Order("SCT-progress").Then(cloudtest.Ready(10), cloudtest.Running(3, 10), cloudtest.Running(8, 10), cloudtest.Finished(10))
	var terminal strings.Builder
	for _, scene := range []struct{ name, option, from string }{
		{"closed", "", "\x1b[31m╷"}, {"progress", "-invoke=action.coc_script_order.verify", "\x1b[0m\x1b[1mAction started"},
	} {
		folder, err := cli.prepare(ctx, scene.name)
		if err != nil {
			return err
		}
		arguments := strings.Fields("apply -auto-approve " + scene.option)
		out, err := cli.Run(ctx, folder, []string{"TF_VAR_server=" + cli.server}, arguments...)
		if _, failed := errors.AsType[*exec.ExitError](err); err != nil && !failed {
			return err
		}
		fmt.Fprintf(&terminal, "\x1b[1m$ terraform %s\x1b[0m\n%s\n", strings.Join(arguments, " "), out[max(bytes.Index(out, []byte(scene.from)), 0):])
	}
	return os.WriteFile(file, []byte(strings.TrimRight(terminal.String(), "\n")+"\n"), 0o644) //nolint:gosec // a file of the repository
}

// expectClosedGate returns the exit code of a command that a gate stopped, or an error if it was not stopped.
func expectClosedGate(out string, err error) (exitCode int, unexpected error) {
	if err == nil {
		return 0, fmt.Errorf("the gate should have stopped terraform apply\n%s", out)
	}
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok || !strings.Contains(out, "Error: ") {
		return 0, err
	}
	return exit.ExitCode(), nil
}

// errorText returns the output from the first error on.
func errorText(out string) string {
	return strings.TrimSpace(out[max(strings.Index(out, "Error: "), 0):])
}

func lastLine(out string) string {
	lines := strings.Split(strings.TrimSpace(out), "\n")
	return lines[len(lines)-1]
}

// cli runs Terraform on the configurations.
type cli struct {
	*sandbox.Sandbox

	server  string
	product string
	version [2]int
}

func (c cli) older(than [2]int) bool { return slices.Compare(c.version[:], than[:]) < 0 }

func (c cli) name() string { return fmt.Sprintf("%s %d.%d", c.product, c.version[0], c.version[1]) }

func (c cli) prepare(ctx context.Context, name string) (folder string, err error) {
	configuration, err := fs.Sub(configurations, name)
	if err != nil {
		return "", err
	}
	return c.WriteInitialized(ctx, configuration)
}

// run runs a command of Terraform in a folder. The error of a failure includes the output.
func (c cli) run(ctx context.Context, folder string, arguments ...string) (output string, err error) {
	out, err := c.Run(ctx, folder, []string{"TF_VAR_server=" + c.server}, arguments...)
	if err != nil {
		err = fmt.Errorf("terraform %s: %w\n%s", arguments[0], err, out)
	}
	return string(out), err
}

// apply applies a configuration in a new folder.
func (c cli) apply(ctx context.Context, name string, options ...string) (folder, output string, err error) {
	folder, err = c.prepare(ctx, name)
	if err != nil {
		return "", "", err
	}
	output, err = c.run(ctx, folder, append([]string{"apply", "-auto-approve", "-no-color", "-input=false"}, options...)...)
	return folder, output, err
}
