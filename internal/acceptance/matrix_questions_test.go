package acceptance_test

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/hwgate/terraform-provider-hwgate/internal/provider"
	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/cloudtest"
	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/sandbox"
)

// A questionRow is a configuration whose gate does not ask what its author meant, and the form of it that does. Both stand in front of
// terraform_data.next, and neither may open.
type questionRow struct {
	name      string
	available func() bool
	// state is what would be seen. Default: an order that failed.
	state http.Handler
	wrong question
	// instead says what the right form has.
	instead string
	right   question
	// module is in the folder gate.
	module string
	// applied has both applied while all is good, before their commands.
	applied bool
}

// A question is a configuration and the command that applies it, a line of a shell. Default: terraform apply.
type question struct {
	config, tests, command string
}

// The columns of the questions, in the order of the guide.
const (
	questionEnds    = "ends with"
	questionInstead = "the form that works"
)

var questionColumns = []string{questionEnds, questionInstead}

// passed wants a test that passed: `terraform test` succeeds without one, too.
const passed = "terraform test > test.log && grep '[1-9][0-9]* passed' test.log"

// questionRows are in the order of the guide.
func questionRows() []questionRow {
	const refusesNone = "variable \"orders\" {\n  type    = set(string)\n  default = []\n%s}\n"
	list := fmt.Sprintf(refusesNone, "")
	validated := fmt.Sprintf(refusesNone, "  validation {\n    condition     = length(var.orders) > 0\n    error_message = \"no order\"\n  }\n")
	data := func(arguments, condition string) string {
		lifecycle := ""
		if condition != "" {
			lifecycle = "  lifecycle {\n    postcondition {\n      condition     = " + condition + "\n      error_message = self.summary\n    }\n  }\n"
		}
		return "data \"coc_script_order\" \"gate\" {\n  provider = hwgate\n  " + arguments + "\n" + lifecycle + "}\n"
	}
	const (
		one       = "execute_uuid = \"SCT1\""
		each      = "for_each = var.orders\n  execute_uuid = each.key"
		succeeded = "self.succeeded"
		started   = "resource \"terraform_data\" \"started\" {\n  input = \"SCT1\"\n}\n"
		later     = "execute_uuid = terraform_data.started.output"
		other     = "resource \"terraform_data\" \"other\" {}\n"
		plans     = "run \"gate\" {\n  command = plan\n%s}\n"
		applies   = "run \"gate\" {\n}\n"
		targeted  = "terraform apply -target=terraform_data.next"
		empty     = "`validation` of the list"
		release   = "variable \"release\" {\n  type    = string\n  default = \"1\"\n}\n"
		released  = "terraform apply -var=release=2"
		imported  = "import {\n  to = terraform_data.next\n  id = \"there\"\n}\n"
	)
	behind := next("  depends_on = [data.coc_script_order.gate]")
	opened := next("  depends_on = [ephemeral.coc_script_order.gate]")
	gate := data(one, succeeded) + behind
	precondition := func(condition string) string {
		return next("  lifecycle {\n    precondition {\n      condition     = " + condition + "\n      error_message = \"closed\"\n    }\n  }")
	}
	recent := func(now string) string {
		return "self.succeeded && timecmp(self.finished_at, timeadd(" + now + "(), \"-1h\")) > 0"
	}
	ephemerals := strings.NewReplacer("execute_uuid    = \"SCT1\"", "for_each = var.orders\n  execute_uuid = each.key").Replace
	actions := strings.NewReplacer("  config {", "  for_each = var.orders\n  config {", "\"SCT1\"", "each.key").Replace
	const module = "module \"gate\" {\n  source   = \"./gate\"\n  for_each = var.orders\n}\n"
	triggers := func(body, events string) string {
		return next(body + "  lifecycle {\n    action_trigger {\n      events  = [" + events + "]\n      actions = [action.coc_script_order.gate]\n    }\n  }")
	}
	always, withActions := func() bool { return true }, func() bool { return hasActions(actionSince) }
	since := func(version [2]int) func() bool { return func() bool { return !before(cli.version, version) } }
	return []questionRow{
		{
			name: "`timestamp()` in the `postcondition`", available: always,
			wrong:   question{config: data(one, recent("timestamp")) + behind},
			instead: "`plantimestamp()`", right: question{config: data(one, recent("plantimestamp")) + behind},
		},
		{
			name: "`timestamp()` in the `postcondition`, a success of last year", available: always, state: good,
			wrong:   question{config: data(one, recent("timestamp")) + behind},
			instead: "`since = \"1h\"`", right: question{config: data(one+"\n  since = \"1h\"", succeeded) + behind},
		},
		{
			name: "`terraform.applying ? self.succeeded : true` in the `postcondition`", available: hasEphemeral,
			wrong:   question{config: data(one, "terraform.applying ? self.succeeded : true") + behind},
			instead: "ephemeral, `require_success = terraform.applying`", right: question{config: ephemeralGate + opened},
		},
		{
			name: "`self.outcome != \"failed\"`, an order that was canceled", available: always, state: cloudtest.Canceled(0, 1),
			wrong:   question{config: data(one, "self.outcome != \"failed\"") + behind},
			instead: "`self.succeeded`", right: question{config: gate},
		},
		{
			name: "`can(self.succeeded)`", available: always, wrong: question{config: data(one, "can(self.succeeded)") + behind},
			instead: "`self.succeeded`", right: question{config: gate},
		},
		{
			name: "`count = ….succeeded ? 1 : 0` on what comes next", available: always, applied: true,
			wrong:   question{config: data(one, "") + next("  count = data.coc_script_order.gate.succeeded ? 1 : 0")},
			instead: "`postcondition`", right: question{config: gate},
		},
		{
			name: "data source, `for_each` over nothing", available: always, wrong: question{config: list + data(each, succeeded) + behind},
			instead: empty, right: question{config: validated + data(each, succeeded) + behind},
		},
		{
			name: "ephemeral, `for_each` over nothing", available: hasEphemeral, wrong: question{config: list + ephemerals(ephemeralGate) + opened},
			instead: empty, right: question{config: validated + ephemerals(ephemeralGate) + opened},
		},
		{
			name: "module, `for_each` over nothing", available: always, module: terraformBlock + data(one, succeeded),
			wrong:   question{config: list + module + next("  depends_on = [module.gate]")},
			instead: empty, right: question{config: validated + module + next("  depends_on = [module.gate]")},
		},
		{
			name: "`alltrue([])`", available: always,
			wrong:   question{config: list + data(each, "") + precondition("alltrue([for order in data.coc_script_order.gate : order.succeeded])")},
			instead: "`length(…) > 0 && alltrue(…)`", right: question{
				config: list + data(each, "") + precondition("length(data.coc_script_order.gate) > 0 && alltrue([for order in data.coc_script_order.gate : order.succeeded])"),
			},
		},
		{
			name: "action, `for_each` over nothing, `-invoke`", available: withActions,
			wrong:   question{config: list + actions(actionGate), command: "terraform apply -invoke=action.coc_script_order.gate"},
			instead: empty, right: question{config: validated + actions(actionGate), command: "terraform apply -invoke=action.coc_script_order.gate"},
		},
		{
			name: "action, nothing changes behind it", available: withActions, applied: true,
			wrong:   question{config: release + actionGate + triggers("", "before_create, before_update"), command: released},
			instead: "`input` from the rollout", right: question{
				config: release + actionGate + triggers("  input = var.release\n", "before_create, before_update"), command: released,
			},
		},
		{
			name: "ephemeral, nothing changes behind it", available: hasEphemeral, applied: true,
			wrong:   question{config: release + ephemeralGate + opened, command: released},
			instead: "`input` from the rollout", right: question{
				config: release + ephemeralGate + next("  input      = var.release\n  depends_on = [ephemeral.coc_script_order.gate]"), command: released,
			},
		},
		{
			name: "action, `before_create`, `import` of what comes next", available: withActions,
			wrong:   question{config: imported + actionGate + triggers("  input = 1\n", "before_create")},
			instead: "`before_update`", right: question{config: imported + actionGate + triggers("  input = 1\n", "before_create, before_update")},
		},
		{
			name: "`terraform plan`, an id that the apply makes", available: always,
			wrong:   question{config: started + data(later, succeeded) + behind, command: "terraform plan"},
			instead: "`terraform apply`", right: question{config: started + data(later, succeeded) + behind},
		},
		{
			name: "no `depends_on`, an id that the apply makes", available: always,
			wrong:   question{config: started + data(later, succeeded) + next("")},
			instead: "`depends_on`", right: question{config: started + data(later, succeeded) + behind},
		},
		{
			name: "no `depends_on`, `-target`", available: always,
			wrong:   question{config: data(one, succeeded) + next(""), command: targeted},
			instead: "`depends_on`", right: question{config: gate, command: targeted},
		},
		{
			name: "`precondition` of an output, `-target`", available: always,
			wrong: question{command: targeted, config: data(one, "") + next("") +
				"output \"gate\" {\n  value = 1\n  precondition {\n    condition     = data.coc_script_order.gate.succeeded\n    error_message = \"closed\"\n  }\n}\n"},
			instead: "`precondition` of the resource",
			right:   question{command: targeted, config: data(one, "") + precondition("data.coc_script_order.gate.succeeded")},
		},
		{
			name: "`terraform plan | tee plan.log`", available: always, wrong: question{config: gate, command: "terraform plan | tee plan.log"},
			instead: "`set -o pipefail`", right: question{config: gate, command: "bash -c 'set -o pipefail; terraform plan | tee plan.log'"},
		},
		{
			name: "`terraform test` without a test file", available: since(testSince),
			wrong:   question{config: gate, command: "terraform test"},
			instead: "`grep '[1-9][0-9]* passed'`", right: question{config: gate, command: passed},
		},
		{
			name: "`terraform test -filter` of a file that is missing", available: since(testSince),
			wrong:   question{config: gate, tests: applies, command: "terraform test -filter=other.tftest.hcl"},
			instead: "`grep '[1-9][0-9]* passed'`",
			right: question{
				config: gate, tests: applies, command: strings.Replace(passed, "test >", "test -filter=other.tftest.hcl >", 1),
			},
		},
		{
			name: "`terraform test`, `plan_options` with `mode = refresh-only`", available: since(testSince),
			wrong:   question{config: gate, tests: fmt.Sprintf(plans, "  plan_options {\n    mode = refresh-only\n  }\n"), command: "terraform test"},
			instead: "`command = plan`", right: question{config: gate, tests: fmt.Sprintf(plans, ""), command: "terraform test"},
		},
		{
			name: "`terraform test`, `plan_options` with `target`", available: since(testSince),
			wrong:   question{config: gate + other, tests: fmt.Sprintf(plans, "  plan_options {\n    target = [terraform_data.other]\n  }\n"), command: "terraform test"},
			instead: "`command = plan`", right: question{config: gate + other, tests: fmt.Sprintf(plans, ""), command: "terraform test"},
		},
		{
			name: "`terraform test`, `command = plan`, ephemeral, `require_success = terraform.applying`", available: hasEphemeral,
			wrong:   question{config: ephemeralGate + opened, tests: fmt.Sprintf(plans, ""), command: "terraform test"},
			instead: "`command = apply`", right: question{config: ephemeralGate + opened, tests: applies, command: "terraform test"},
		},
	}
}

// TestMatrixOfQuestions applies what does not ask, and what does. A cell says how the command ended, what came of terraform_data.next,
// and how many times the order was looked at. The form that works is closed on every CLI.
func TestMatrixOfQuestions(t *testing.T) {
	t.Parallel()
	box := newSandbox(t)
	var mu sync.Mutex
	got := grid{}
	// It comes after all subtests.
	t.Cleanup(func() { compareWithRecord(t, got, func(o *observed) *grid { return &o.Questions }) })
	for i, row := range questionRows() {
		if !row.available() {
			continue
		}
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			wrong := row.ask(t, box, fmt.Sprintf("question-%d-wrong", i), row.wrong)
			right := row.ask(t, box, fmt.Sprintf("question-%d-right", i), row.right)
			if !strings.HasPrefix(right, "1") || strings.Contains(right, "next") {
				t.Errorf("%s is open: %s", row.instead, right)
			}
			mu.Lock()
			defer mu.Unlock()
			got[row.name] = map[string]string{questionEnds: wrong, questionInstead: row.instead + ": " + right}
		})
	}
}

// ask runs a command with one of the row's configurations, and gives its cell.
func (r *questionRow) ask(t *testing.T, box *sandbox.Sandbox, name string, asked question) string {
	t.Helper()
	cloud := newCloud(t)
	order := cloud.Order("SCT1")
	files := fstest.MapFS{"main.tf": {Data: []byte(cloud.header("") + asked.config)}}
	if asked.tests != "" {
		files["gate.tftest.hcl"] = &fstest.MapFile{Data: []byte(asked.tests)}
	}
	if r.module != "" {
		files["gate/main.tf"] = &fstest.MapFile{Data: []byte(r.module)}
		initialize(t, box, name, files)
	} else {
		name = writeConfiguration(t, box, files)
	}
	environment := append(attach(t, provider.Options{}, nil),
		"TF_CLI_ARGS=-no-color", "TF_CLI_ARGS_plan=-input=false", "TF_CLI_ARGS_apply=-input=false -auto-approve")
	const apply = "terraform apply"
	if r.applied {
		order.Now(good)
		if out, err := box.Script(t.Context(), name, environment, "sh", "-c", apply); err != nil {
			t.Fatalf("while all is good: %v\n%s", err, out)
		}
	}
	order.Now(bad)
	if r.state != nil {
		order.Now(r.state)
	}
	out, err := box.Script(t.Context(), name, environment, "sh", "-c", cmp.Or(asked.command, apply))
	kinds := saw(string(out))
	if nextDestroyed.Match(out) {
		kinds += ", next destroyed"
	}
	return fmt.Sprintf("%d%s; %d", exitCode(t, err), kinds, order.Looks())
}

// TestQuestionsAreWrong wants each row of the guide to be open on a recorded version: what every CLI refuses needs no warning.
func TestQuestionsAreWrong(t *testing.T) {
	t.Parallel()
	matrixMu.Lock()
	defer matrixMu.Unlock()
	record := readMatrix(t)
	for _, row := range questionRows() {
		open := func(seen observed) bool {
			cell := seen.Questions[row.name][questionEnds]
			return strings.HasPrefix(cell, "0") || strings.Contains(cell, "next created")
		}
		if !slices.ContainsFunc(slices.Collect(maps.Values(record)), open) {
			t.Errorf("%s: no version lets it through", row.name)
		}
	}
}
