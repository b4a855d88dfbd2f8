package acceptance_test

import (
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/cloudtest"
	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/sandbox"
)

// A formRow is a form of a gate on one order, in front of terraform_data.next.
type formRow struct {
	name, config string
	// ephemeral and action say what the CLI has to have.
	ephemeral, action bool
	// invoke runs the action by itself.
	invoke bool
	// deferred moves the look into the apply.
	deferred bool
}

// formRows are in the order of the guide.
func formRows() []formRow {
	const (
		postcondition = "lifecycle {\n    postcondition {\n      condition     = self.succeeded\n      error_message = self.summary\n    }\n  }"
		data          = "data \"coc_script_order\" \"gate\" {\n  provider        = hwgate\n  execute_uuid    = \"SCT1\"\n  failure_details = false\n  %s\n}\n"
		ephemeral     = "ephemeral \"coc_script_order\" \"gate\" {\n  provider        = hwgate\n  execute_uuid    = \"SCT1\"\n  failure_details = false\n  require_success = %s\n}\n"
		action        = "action \"coc_script_order\" \"gate\" {\n  provider = hwgate\n  config {\n    execute_uuid    = \"SCT1\"\n    failure_details = false\n  }\n}\n"
		next          = "resource \"terraform_data\" \"next\" {\n  %s\n}\n"
		trigger       = "lifecycle {\n    action_trigger {\n      events  = [%s]\n      actions = [action.coc_script_order.gate]\n    }\n  }"
	)
	return []formRow{
		{name: "`check`", config: "check \"gate\" {\n" + fmt.Sprintf(data, "") + "  assert {\n    condition     = data.coc_script_order.gate.succeeded\n    " +
			"error_message = data.coc_script_order.gate.summary\n  }\n}\n" + fmt.Sprintf(next, "")},
		{name: "`postcondition`", config: fmt.Sprintf(data, postcondition) + fmt.Sprintf(next, "depends_on = [data.coc_script_order.gate]")},
		{
			name: "`postcondition`, deferred by `plantimestamp()`", deferred: true,
			config: "resource \"terraform_data\" \"look_again\" {\n  triggers_replace = plantimestamp()\n}\n" +
				fmt.Sprintf(data, "depends_on      = [terraform_data.look_again]\n  "+postcondition) +
				fmt.Sprintf(next, "depends_on = [data.coc_script_order.gate]"),
		},
		{
			name: "ephemeral, `require_success = true`", ephemeral: true,
			config: fmt.Sprintf(ephemeral, "true") + fmt.Sprintf(next, "depends_on = [ephemeral.coc_script_order.gate]"),
		},
		{
			name: "ephemeral, `require_success = terraform.applying`", ephemeral: true,
			config: fmt.Sprintf(ephemeral, "terraform.applying") + fmt.Sprintf(next, "depends_on = [ephemeral.coc_script_order.gate]"),
		},
		{
			name: "action, `before_create` of what comes next", action: true,
			config: action + fmt.Sprintf(next, fmt.Sprintf(trigger, "before_create")),
		},
		{
			name: "action, `after_create` of what came before", action: true,
			config: action + "resource \"terraform_data\" \"deployed\" {\n  " + fmt.Sprintf(trigger, "after_create") + "\n}\n" +
				fmt.Sprintf(next, "depends_on = [terraform_data.deployed]"),
		},
		{name: "action, `-invoke`", action: true, invoke: true, config: action + fmt.Sprintf(next, "")},
	}
}

// hasEphemeral tells whether the CLI has ephemeral resources.
func hasEphemeral() bool {
	if cli.product == "OpenTofu" {
		return !before(cli.version, ephemeralSinceTofu)
	}
	return !before(cli.version, ephemeralSince)
}

// hasActions tells whether the CLI has the actions of a version of Terraform.
func hasActions(since [2]int) bool {
	return cli.product == "Terraform" && !before(cli.version, since)
}

// The columns of the forms, in the order of the guide.
const (
	formPlan    = "`plan`"
	formApply   = "`apply`"
	formSaved   = "`apply` of a saved plan"
	formAgain   = "`apply` again"
	formRefresh = "`apply -refresh-only`"
	formDestroy = "`destroy`"
	formBlind   = "`destroy`, read error"
)

var formColumns = []string{formPlan, formApply, formSaved, formAgain, formRefresh, formDestroy, formBlind}

// TestMatrixOfForms meets an order that failed with every form of a gate, in every way, with the real CLI. All was well when the saved plan
// was made, and when what is refreshed or destroyed was applied. A cell says how the command ended, whether what comes next was created,
// and how many times the order was looked at.
func TestMatrixOfForms(t *testing.T) {
	t.Parallel()
	box := newSandbox(t)
	var mu sync.Mutex
	got := grid{}
	// It comes after all subtests.
	t.Cleanup(func() { compareWithRecord(t, got, func(o *observed) *grid { return &o.Forms }) })
	for _, row := range formRows() {
		if (row.ephemeral && !hasEphemeral()) || (row.action && !hasActions(actionSince)) {
			continue
		}
		// Three folders, so that no command waits for another's state.
		for name, steps := range map[string]func(*formFolder){"fresh": (*formFolder).fresh, "saved": (*formFolder).saved, "applied": (*formFolder).applied} {
			t.Run(row.name+"/"+name, func(t *testing.T) {
				t.Parallel()
				folder := newFormFolder(t, box, row)
				steps(folder)
				mu.Lock()
				defer mu.Unlock()
				if got[row.name] == nil {
					got[row.name] = map[string]string{}
				}
				maps.Copy(got[row.name], folder.cells)
			})
		}
	}
}

// formFolder is a root module with a gate of one form, and the service that it looks at.
type formFolder struct {
	t     *testing.T
	box   *sandbox.Sandbox
	row   formRow
	order *cloudtest.Sequence
	name  string
	cells map[string]string
	runs  int
}

func newFormFolder(t *testing.T, box *sandbox.Sandbox, row formRow) *formFolder {
	t.Helper()
	cloud := newCloud(t)
	return &formFolder{
		t: t, box: box, row: row, order: cloud.Order("SCT1"), cells: map[string]string{},
		name: writeConfiguration(t, box, fstest.MapFS{"main.tf": {Data: []byte(cloud.header("") + row.config)}}),
	}
}

// run runs a command, and gives its output, its exit code, and how many times it looked.
func (f *formFolder) run(scene http.Handler, arguments ...string) (out string, code, looks int) {
	f.t.Helper()
	f.order.Now(scene)
	if f.row.deferred && !slices.Contains(arguments, "saved.tfplan") {
		// plantimestamp() gives whole seconds, and two commands may fall into one. People take longer.
		f.runs++
		trigger := fmt.Sprintf("resource \"terraform_data\" \"look_again\" {\n  triggers_replace = [plantimestamp(), %d]\n}\n", f.runs)
		if err := f.box.Write(f.name, fstest.MapFS{fmt.Sprintf("run%02d_override.tf", f.runs): {Data: []byte(trigger)}}); err != nil {
			f.t.Fatal(err)
		}
	}
	if f.row.invoke && (arguments[0] == "plan" || slices.Contains(arguments, "-auto-approve")) && !slices.Contains(arguments, "-refresh-only") &&
		arguments[0] != "destroy" {
		arguments = slices.Insert(slices.Clip(arguments), 1, "-invoke=action.coc_script_order.gate")
	}
	printed, err := terraform(f.t, f.name, nil, slices.Insert(slices.Clip(arguments), 1, "-no-color", "-input=false")...)
	return string(printed), exitCode(f.t, err), f.order.Looks()
}

// meet runs a command on what is wrong, and notes its cell. planned says how many looks its plan has cost, if it has a saved one.
func (f *formFolder) meet(column string, scene http.Handler, planned string, arguments ...string) {
	f.t.Helper()
	out, code, looks := f.run(scene, arguments...)
	f.cells[column] = fmt.Sprintf("%d%s; %s%d", code, saw(out), planned, looks)
}

var (
	good = cloudtest.Finished(1)
	bad  = cloudtest.Failed(0, 1)
	// forbidden cannot be read.
	forbidden = cloudtest.Error(http.StatusForbidden, "APIGW.0302", "no")
)

func (f *formFolder) fresh() {
	f.meet(formPlan, bad, "", "plan")
	f.meet(formApply, bad, "", "apply", "-auto-approve")
}

func (f *formFolder) saved() {
	out, code, looks := f.run(good, "plan", "-out=saved.tfplan")
	if code != 0 {
		f.t.Fatalf("while all is good: exit code %d\n%s", code, out)
	}
	f.meet(formSaved, bad, fmt.Sprintf("%d + ", looks), "apply", "saved.tfplan")
	f.meet(formAgain, bad, "", "apply", "-auto-approve")
}

func (f *formFolder) applied() {
	if out, code, _ := f.run(good, "apply", "-auto-approve"); code != 0 {
		f.t.Fatalf("while all is good: exit code %d\n%s", code, out)
	}
	if f.row.invoke {
		// The action alone has made nothing that could be destroyed.
		if out, err := terraform(f.t, f.name, nil, "apply", "-no-color", "-input=false", "-auto-approve"); err != nil {
			f.t.Fatalf("while all is good: %v\n%s", err, out)
		}
	}
	f.meet(formRefresh, bad, "", "apply", "-auto-approve", "-refresh-only")
	kept := []string{"-lock=false", "-state-out=gone.tfstate", "-backup=-"}
	f.meet(formBlind, forbidden, "", slices.Concat([]string{"destroy", "-auto-approve"}, kept)...)
	f.meet(formDestroy, bad, "", "destroy", "-auto-approve")
}

var (
	errorTitle   = regexp.MustCompile(`(?m)^(?:│ |╷ )?Error: (.*)$`)
	nextIsThere  = "terraform_data.next: Creation complete"
	invokedTitle = "Error: Error when invoking action"
)

// saw says what the reader sees at the end of a command.
func saw(out string) string {
	kinds := ""
	switch title := errorTitle.FindStringSubmatch(out); {
	case title == nil && (strings.Contains(out, "Warning: Check block assertion failed") || strings.Contains(out, "Warning: Resource postcondition failed") ||
		strings.Contains(out, "Warning: Cannot read") || strings.Contains(out, "Warning: COC script order SCT1: failed")):
		kinds = ", warning"
	case title == nil:
	case strings.HasSuffix(title[1], "condition failed"):
		kinds = ", gate closed"
	case title[1] == "Invalid value for variable":
		kinds = ", invalid value"
	case strings.HasPrefix(title[1], "Cannot read"), strings.Contains(out, "Cannot read COC script order"):
		kinds = ", read error"
	case strings.HasPrefix(title[1], "COC script order SCT1: failed"), strings.Contains(out, invokedTitle) && wrapped("COC script order SCT1: failed").MatchString(out):
		kinds = ", refused"
	default:
		kinds = ", another error"
	}
	if strings.Contains(out, nextIsThere) {
		kinds += ", next created"
	}
	return kinds
}
