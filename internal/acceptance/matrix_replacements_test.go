package acceptance_test

import (
	"fmt"
	"maps"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/sandbox"
)

// beforeDestroySince is the first version of Terraform that has the event before_destroy.
var beforeDestroySince = [2]int{1, 16}

// A replacementRow is a gate in front of terraform_data.next, which is there already.
type replacementRow struct {
	// name is the row's in the guide; gate is what stands in front, and body what next has of it.
	name, gate, body string
	available        func() bool
}

// replacementRows are in the order of the guide.
func replacementRows() []replacementRow {
	const data = "data \"coc_script_order\" \"gate\" {\n  provider     = hwgate\n  execute_uuid = \"SCT1\"\n" +
		"  lifecycle {\n    postcondition {\n      condition     = self.succeeded\n      error_message = self.summary\n    }\n  }\n}\n"
	first := "    create_before_destroy = true\n"
	lifecycle := func(body string) string { return "  lifecycle {\n" + body + "  }\n" }
	trigger := func(events string) string {
		return fmt.Sprintf("    action_trigger {\n      events  = [%s]\n      actions = [action.coc_script_order.gate]\n    }\n", events)
	}
	// TestBeforeCreateOfAReplacement has the older versions with actions.
	always, withActions := func() bool { return true }, func() bool { return hasActions(beforeDestroySince) }
	const allEvents = "`before_create`, `before_update`, `before_destroy`"
	events := strings.ReplaceAll(allEvents, "`", "")
	behind := "  depends_on = [ephemeral.coc_script_order.gate]\n"
	return []replacementRow{
		{"`postcondition`", data, "  depends_on = [data.coc_script_order.gate]\n", always},
		{"ephemeral, `require_success = terraform.applying`", ephemeralGate, behind, hasEphemeral},
		{"ephemeral, `create_before_destroy`", ephemeralGate, behind + lifecycle(first), hasEphemeral},
		{"action, `before_create`", actionGate, lifecycle(trigger("before_create")), withActions},
		{"action, `before_create`, `create_before_destroy`", actionGate, lifecycle(first + trigger("before_create")), withActions},
		{"action, `before_destroy`", actionGate, lifecycle(trigger("before_destroy")), withActions},
		{"action, `before_destroy`, `create_before_destroy`", actionGate, lifecycle(first + trigger("before_destroy")), withActions},
		{"action, " + allEvents, actionGate, lifecycle(trigger(events)), withActions},
		{"action, " + allEvents + ", `create_before_destroy`", actionGate, lifecycle(first + trigger(events)), withActions},
	}
}

// The columns of the replacements, in the order of the guide.
const (
	replaced       = "replacement"
	replacedAgain  = "`apply` again"
	replacedByNone = "`count = 0`"
	replacedGone   = "its block is removed"
	replacedAll    = "`destroy`"
)

var replacementColumns = []string{replaced, replacedAgain, replacedByNone, replacedGone, replacedAll}

// TestMatrixOfReplacements replaces and destroys what stands behind a gate, of an order that has failed since it was created. A cell says how
// the apply ended, what came of the object, and how many times the order was looked at.
func TestMatrixOfReplacements(t *testing.T) {
	t.Parallel()
	box := newSandbox(t)
	var mu sync.Mutex
	got := grid{}
	// It comes after all subtests.
	t.Cleanup(func() { compareWithRecord(t, got, func(o *observed) *grid { return &o.Replacements }) })
	for _, row := range replacementRows() {
		if !row.available() {
			continue
		}
		for name, steps := range map[string]func(*formFolder){"replaced": replaceNext, "destroyed": destroyNext} {
			t.Run(row.name+"/"+name, func(t *testing.T) {
				t.Parallel()
				folder := newReplacementFolder(t, box, row)
				if out, code, _ := folder.run(good, "apply", "-auto-approve"); code != 0 {
					t.Fatalf("while all is good: exit code %d\n%s", code, out)
				}
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

// newReplacementFolder is a root module with a gate in front of terraform_data.next, which the variable next replaces or removes.
func newReplacementFolder(t *testing.T, box *sandbox.Sandbox, row replacementRow) *formFolder {
	t.Helper()
	cloud := newCloud(t)
	const variable = "variable \"next\" {\n  type    = string\n  default = \"1\"\n}\n"
	const versioned = "  count            = var.next == \"none\" ? 0 : 1\n  triggers_replace = var.next\n"
	return &formFolder{
		t: t, box: box, order: cloud.Order("SCT1"), cells: map[string]string{},
		name: writeConfiguration(t, box, fstest.MapFS{
			"main.tf": {Data: []byte(cloud.header("") + variable + row.gate)}, "next.tf": {Data: []byte(next(versioned + row.body))},
		}),
	}
}

// TestBeforeCreateOfAReplacement refuses a replacement by before_create: the versions without before_destroy ask before the old object is destroyed.
func TestBeforeCreateOfAReplacement(t *testing.T) {
	t.Parallel()
	needsActions(t)
	for _, row := range replacementRows() {
		if row.name != "action, `before_create`" {
			continue
		}
		folder := newReplacementFolder(t, newSandbox(t), row)
		folder.run(good, "apply", "-auto-approve")
		replaceNext(folder)
		want := "1, refused; 1"
		if hasActions(beforeDestroySince) {
			want = "1, refused, old destroyed; 1"
		}
		if got := folder.cells[replaced]; got != want {
			t.Errorf("%q, want %q", got, want)
		}
		return
	}
	t.Error("there is no such row")
}

func replaceNext(f *formFolder) {
	f.t.Helper()
	f.replace(replaced, "apply", "-auto-approve", "-var=next=2")
	f.replace(replacedAgain, "apply", "-auto-approve", "-var=next=2")
}

func destroyNext(f *formFolder) {
	f.t.Helper()
	kept := []string{"-auto-approve", "-lock=false", "-state-out=gone.tfstate", "-backup=-"}
	f.replace(replacedByNone, append([]string{"apply", "-var=next=none"}, kept...)...)
	f.replace(replacedAll, append([]string{"destroy"}, kept...)...)
	if out, err := f.box.Script(f.t.Context(), f.name, nil, "rm", "next.tf"); err != nil {
		f.t.Fatalf("%v\n%s", err, out)
	}
	f.replace(replacedGone, append([]string{"apply"}, kept...)...)
}

var (
	nextCreated   = regexp.MustCompile(`(?m)^terraform_data\.next.*: Creation complete`)
	nextDestroyed = regexp.MustCompile(`(?m)^terraform_data\.next.*: Destruction complete`)
)

// replace runs a command while the order has failed, and notes its cell.
func (f *formFolder) replace(column string, arguments ...string) {
	f.t.Helper()
	out, code, looks := f.run(bad, arguments...)
	kinds := strings.TrimSuffix(saw(out), ", next created")
	if nextDestroyed.MatchString(out) {
		kinds += ", old destroyed"
	}
	if nextCreated.MatchString(out) {
		kinds += ", new created"
	}
	f.cells[column] = fmt.Sprintf("%d%s; %d", code, kinds, looks)
}
