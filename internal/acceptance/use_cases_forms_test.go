package acceptance_test

import (
	"archive/zip"
	"bytes"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/cloudtest"
	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/sandbox"
)

// formUseCases are the folders of examples/use-cases that need more than the oldest CLI. TestUseCases runs them.
var formUseCases = map[string]func(*testing.T, *sandbox.Sandbox, fstest.MapFS){
	"11-saved-plan": testSavedPlan, "12-progress": testProgress, "13-invoke": testInvoke, "14-report-without-logs": testReportWithoutLogs,
}

// failedOrderScene is an order of five instances, of which two failed, with a log that must be nowhere.
func failedOrderScene() cloudtest.OrderScene {
	scene := cloudtest.Failed(3, 2)
	scene.Log = logText
	return scene
}

// moduleFolder is a root module that a service of its own answers.
type moduleFolder struct {
	t     *testing.T
	box   *sandbox.Sandbox
	name  string
	cloud *cloud
	order *cloudtest.Sequence
	more  []string
}

func newModuleFolder(t *testing.T, box *sandbox.Sandbox, files fstest.MapFS) *moduleFolder {
	t.Helper()
	cloud := newCloud(t)
	return &moduleFolder{
		t: t, box: box, name: writeConfiguration(t, box, files), cloud: cloud, order: cloud.Order(exampleID),
		more: append([]string{"TF_VAR_stand_in=" + cloud.URL}, oneOrder...),
	}
}

// run runs a command and holds it to an exit code.
func (f *moduleFolder) run(want int, arguments ...string) string {
	f.t.Helper()
	out, err := terraform(f.t, f.name, f.more, slices.Insert(slices.Clip(arguments), 1, "-no-color", "-input=false")...)
	if code := exitCode(f.t, err); code != want || strings.Contains(string(out), logText) {
		f.t.Errorf("%s: exit code %d, want %d, and no log\n%s", arguments, code, want, out)
	}
	return string(out)
}

// says wants words in an output, and others not.
func (f *moduleFolder) says(out, not string, words ...string) {
	f.t.Helper()
	for _, words := range words {
		if !wrapped(words).MatchString(out) {
			f.t.Errorf("wanted %q in\n%s", words, out)
		}
	}
	if not != "" && strings.Contains(out, not) {
		f.t.Errorf("wanted no %q in\n%s", not, out)
	}
}

// holds tells whether a text is in a file of the folder, or in a file of the archive that it is. What is not there holds nothing.
func (f *moduleFolder) holds(file, text string) bool {
	f.t.Helper()
	content, err := f.box.Script(f.t.Context(), f.name, nil, "sh", "-c", "cat "+file+" 2>/dev/null || true")
	if err != nil {
		f.t.Fatal(err)
	}
	archive, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return bytes.Contains(content, []byte(text))
	}
	for _, member := range archive.File {
		opened, err := member.Open()
		if err != nil {
			f.t.Fatal(err)
		}
		inside, err := io.ReadAll(opened)
		if err != nil {
			f.t.Fatal(err)
		}
		if bytes.Contains(inside, []byte(text)) {
			return true
		}
	}
	return false
}

// testSavedPlan applies a plan that was saved while all was good: refused if the order went bad, with nothing created; then the same with
// an order that is good. A bad order blocks neither a plan nor destroy.
func testSavedPlan(t *testing.T, box *sandbox.Sandbox, files fstest.MapFS) {
	t.Helper()
	needsEphemeral(t)
	f := newModuleFolder(t, box, files)
	f.order.Now(cloudtest.Finished(5))
	f.run(0, "plan", "-out=saved.tfplan")
	f.order.Now(failedOrderScene())
	out := f.run(1, "apply", "saved.tfplan")
	f.says(out, "next_layer: Creat", "Error: "+failedOrder, "ecs-4 (batch 1)", "ecs-5 (batch 1)")
	f.says(f.run(0, "plan"), "Error:", "Warning: "+failedOrder, "ecs-4 (batch 1)")
	f.order.Now(cloudtest.Finished(5))
	f.run(0, "plan", "-out=saved.tfplan")
	f.says(f.run(0, "apply", "saved.tfplan"), "Warning:", "next_layer: Creation complete")
	f.order.Now(failedOrderScene())
	f.run(0, "destroy", "-auto-approve")
}

// testProgress waits before the next layer and shows how far the order is. A failed order is refused again and again; destroy passes.
func testProgress(t *testing.T, box *sandbox.Sandbox, files fstest.MapFS) {
	t.Helper()
	needsActions(t)
	f := newModuleFolder(t, box, files)
	f.order.Now(cloudtest.Running(1, 5), failedOrderScene())
	title := "Error: " + failedOrder
	if before(cli.version, [2]int{1, 16}) {
		title = "Error: Error when invoking action"
	}
	for range 2 {
		out := f.run(1, "apply", "-auto-approve")
		f.says(out, "next_layer: Creation complete", title, failedOrder, "ecs-4 (batch 1)", "failed (ABNORMAL), 3 of 5 instances finished, 2 failed;")
	}
	f.order.Now(cloudtest.Running(1, 5), cloudtest.Finished(5))
	f.run(0, "plan", "-out=saved.tfplan")
	out := f.run(0, "apply", "saved.tfplan")
	f.says(out, "Warning:", "(triggered by terraform_data.next_layer): running (PROCESSING), 1 of 5 instances finished, 4 running; 0s elapsed, 19m50s left",
		"succeeded (FINISHED), 5 of 5 instances finished;", "next_layer: Creation complete")
	// The next rollout has another order.
	f.cloud.Order(otherOrder).Now(failedOrderScene())
	f.says(f.run(1, "apply", "-auto-approve", "-var=order_id="+otherOrder), "Modifications complete", "COC script order "+otherOrder+": failed")
	f.order.Now(failedOrderScene())
	f.run(0, "destroy", "-auto-approve")
}

// testInvoke runs the action alone: its exit code is the verdict, and no state comes of it.
func testInvoke(t *testing.T, box *sandbox.Sandbox, files fstest.MapFS) {
	t.Helper()
	needsActions(t)
	f := newModuleFolder(t, box, files)
	invoke := []string{"apply", "-auto-approve", "-invoke=action.coc_script_order.verify"}
	f.order.Now(cloudtest.Running(1, 5), failedOrderScene())
	f.says(f.run(1, invoke...), "", failedOrder, "ecs-5 (batch 1)")
	f.order.Now(cloudtest.Running(1, 5), cloudtest.Finished(5))
	f.says(f.run(0, invoke...), "Warning:", "running (PROCESSING), 1 of 5 instances finished", "succeeded (FINISHED), 5 of 5 instances finished")
	if f.holds("terraform.tfstate", `"mode"`) {
		t.Error("something is in the state")
	}
}

// testReportWithoutLogs writes the report and the logs where they belong, and nowhere else.
func testReportWithoutLogs(t *testing.T, box *sandbox.Sandbox, files fstest.MapFS) {
	t.Helper()
	needsEphemeral(t)
	f := newModuleFolder(t, box, files)
	f.order.Now(failedOrderScene())
	f.run(0, "plan", "-out=saved.tfplan")
	f.run(0, "apply", "saved.tfplan")
	for _, words := range []string{"| ecs-4 |", "ecs-5:\n" + logText} {
		if !f.holds("report.md", words) {
			t.Errorf("the report lacks %q", words)
		}
	}
	for _, file := range []string{"saved.tfplan", "terraform.tfstate"} {
		if f.holds(file, logText) || f.holds(file, "ecs-4") {
			t.Errorf("%s holds what was read", file)
		}
	}
	if !f.holds("terraform.tfstate", "terraform_data") {
		t.Error("the state is not where it was looked for")
	}
	// As much as the service may give is still a report, and so is a second one on the same order.
	large := cloudtest.Failed(0, 200)
	large.Log = strings.Repeat("日志", 2000)
	f.order.Now(large)
	f.run(0, "apply", "-auto-approve")
	for words, want := range map[string]bool{"\necs-100:\n": true, "\necs-101:\n": false, logText: false} {
		if f.holds("report.md", words) != want {
			t.Errorf("the report has %q: %t", words, !want)
		}
	}
	// Nobody waits for a report for long, and there is one also of an order that runs, or is gone.
	main := string(files["main.tf"].Data)
	if !strings.Contains(main, `open = "1m"`) {
		t.Fatal("the report waits for more than a minute")
	}
	files["main.tf"] = &fstest.MapFile{Data: []byte(strings.ReplaceAll(main, `"1m"`, `"2s"`))}
	f = newModuleFolder(t, box, files)
	for state, order := range map[string]http.Handler{"running": cloudtest.Running(0, 5), "not": cloudtest.NotFound} {
		f.order.Now(order)
		f.run(0, "apply", "-auto-approve", "-replace=terraform_data.report")
		if !f.holds("report.md", exampleID+": "+state) {
			t.Errorf("the report does not say %s", state)
		}
	}
}
