package provider_test

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/hwgate/terraform-provider-hwgate/internal/provider"
	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/cloudtest"
)

// orders plays one order.
func orders(t *testing.T, scenes ...http.Handler) *cloudtest.Service {
	t.Helper()
	svc := cloudtest.New(cloudtest.Report(t.Errorf))
	svc.Order(exampleID).Then(scenes...)
	return svc
}

var (
	theOrder     = map[string]tftypes.Value{"execute_uuid": str(exampleID)}
	whenRequired = tftypes.NewValue(tftypes.Bool, true)
)

func with(arguments map[string]tftypes.Value, name string, value tftypes.Value) map[string]tftypes.Value {
	arguments = maps.Clone(arguments)
	arguments[name] = value
	return arguments
}

// TestOpenReadsTheSame opens every source as an ephemeral resource: it has all attributes of the data source, with the same values, and
// the configuration unchanged.
func TestOpenReadsTheSame(t *testing.T) {
	t.Parallel()
	for source, asked := range badAnswers() {
		t.Run(source, func(t *testing.T) {
			t.Parallel()
			p := inMemory(t, deployment(t, nil))
			want, _ := p.read(t.Context(), t, source, with(asked.arguments, "timeouts", limitOf("read", "9m")))
			limit := limitOf("open", "9m")
			got, diagnostics := p.open(t.Context(), t, source, with(asked.arguments, "timeouts", limit))
			if failed(diagnostics) {
				t.Fatal(shown(diagnostics))
			}
			want["timeouts"], want["require_success"] = limit, tftypes.NewValue(tftypes.Bool, nil)
			for name := range want {
				if !want[name].Equal(got[name]) {
					t.Errorf("%s is %s, want %s", name, got[name], want[name])
				}
			}
			if len(got) != len(want) {
				t.Errorf("%d attributes, want %d", len(got), len(want))
			}
		})
	}
}

// TestRequireSuccess holds what an ephemeral resource enforces: with require_success anything but success, of tasks anything but health,
// is an error with the summary as its title and the names of what failed, with false a warning; without it everything is data.
func TestRequireSuccess(t *testing.T) {
	t.Parallel()
	const failing = "COC script order " + exampleID + ": failed (ABNORMAL) after 5m11s, ended 2023-10-22T03:52:43Z; 3 of 5 instances finished, 2 failed; " +
		"success-rate threshold 100%; failed hosts: ecs-4 (batch 1), ecs-5 (batch 1)"
	yes := tftypes.NewValue(tftypes.Bool, true)
	scene := cloudtest.Failed(3, 2)
	scene.Log = logText
	order := func(scenes ...http.Handler) *cloudtest.Service { return orders(t, scenes...) }
	tasks := func(common map[string]int) *cloudtest.Service {
		svc := cloudtest.New(cloudtest.Report(t.Errorf))
		svc.Instance(instanceID).Then(cloudtest.Tasks(common, nil))
		return svc
	}
	theTasks := map[string]tftypes.Value{"project_id": str(projectID), "instance_id": str(instanceID)}
	for name, test := range map[string]struct {
		svc       *cloudtest.Service
		source    string
		arguments map[string]tftypes.Value
		title     string
		detail    []string
	}{
		"success":      {order(cloudtest.Finished(5)), "coc_script_order", theOrder, "", nil},
		"failure":      {order(scene), "coc_script_order", theOrder, failing, []string{"This gate requires success (`succeeded`).", "ecs-4 (batch 1)", "ecs-5 (batch 1)"}},
		"still moving": {order(cloudtest.Running(3, 5)), "coc_script_order", theOrder, "COC script order " + exampleID + ": still running (PROCESSING)", nil},
		"nothing ran":  {order(cloudtest.Finished(0)), "coc_script_order", theOrder, "COC script order " + exampleID + ": empty (FINISHED) after 5m11s, ended 2023-10-22T03:52:43Z; no instances", nil},
		"not there": {
			order(cloudtest.NotFound), "coc_script_order", with(theOrder, "ignore_not_found", yes),
			"COC script order " + exampleID + ": not_found, COC does not know the order", nil,
		},
		"the statistics": {order(scene), "coc_script_order_statistics", theOrder,
			"Instances of COC script order " + exampleID + ": failed; 3 of 5 instances finished, 2 failed; failed batches: 1", nil},
		"a batch": {order(scene), "coc_script_order_batch", with(theOrder, "batch_index", integer(1)),
			"Batch 1 of COC script order " + exampleID + ": failed, ended 2023-10-22T03:52:43Z; 3 of 5 instances finished, 2 failed; failed hosts: ecs-4, ecs-5", []string{"ecs-4", "ecs-5"}},
		"tasks that run": {tasks(map[string]int{"running": 2}), "roma_fdi_task_statistics", theTasks, "", nil},
		"an abnormal task": {
			tasks(map[string]int{"running": 2, "abnormal": 1}), "roma_fdi_task_statistics", theTasks,
			"FDI tasks of ROMA Connect instance " + instanceID + ": failed; 1 abnormal, 2 running; abnormal tasks: task-3",
			[]string{"This gate requires health (`healthy`).", "task-3"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := inMemory(t, test.svc)
			attributes, diagnostics := p.open(t.Context(), t, test.source, test.arguments)
			if failed(diagnostics) || len(attributes) == 0 {
				t.Errorf("without require_success: %s", shown(diagnostics))
			}
			attributes, told := p.open(t.Context(), t, test.source, with(test.arguments, "require_success", tftypes.NewValue(tftypes.Bool, false)))
			if test.title == "" {
				if len(told) > 0 {
					t.Errorf("with require_success = false: %s", shown(told))
				}
			} else if len(told) != 1 || failed(told) || told[0].Summary != test.title || len(attributes) == 0 {
				t.Errorf("wanted a warning with the title %s: %s", test.title, shown(told))
			}
			_, diagnostics = p.open(t.Context(), t, test.source, with(test.arguments, "require_success", yes))
			if test.title == "" {
				if len(diagnostics) > 0 {
					t.Error(shown(diagnostics))
				}
				return
			}
			checkLines(t, diagnostics, test.detail)
			if diagnostics[0].Summary != test.title {
				t.Errorf("the title is\n%s, want\n%s", diagnostics[0].Summary, test.title)
			}
			if told := shown(diagnostics); strings.Contains(told, logText) {
				t.Errorf("a log is told:\n%s", told)
			}
		})
	}
}

// TestRequireSuccessAfterTheTime refuses what a wait that ended with its time gave as data.
func TestRequireSuccessAfterTheTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		arguments := waitingFor(map[string]tftypes.Value{
			"require_success": whenRequired, "continue_on_timeout": tftypes.NewValue(tftypes.Bool, true), "timeouts": limitOf("open", "10s"),
		})
		_, diagnostics := inMemory(t, orders(t, cloudtest.Running(3, 5))).open(t.Context(), t, "coc_script_order", arguments)
		if len(diagnostics) != 2 || !strings.HasPrefix(diagnostics[1].Summary, "COC script order "+exampleID+": still running (PROCESSING)") {
			t.Errorf("wanted a warning and the refusal: %s", shown(diagnostics))
		}
	})
}

// TestUnknownArguments validates what is not known yet in every form, and reads nothing with it: an unknown require_success would open
// the gate.
func TestUnknownArguments(t *testing.T) {
	t.Parallel()
	for form, operation := range formsOf("coc_script_order") {
		unknown := map[string]tftypes.Value{
			"execute_uuid":       tftypes.NewValue(tftypes.String, tftypes.UnknownValue),
			"poll_interval":      tftypes.NewValue(tftypes.String, tftypes.UnknownValue),
			"wait_through_pause": tftypes.NewValue(tftypes.Bool, tftypes.UnknownValue),
			"timeouts": tftypes.NewValue(tftypes.Object{AttributeTypes: map[string]tftypes.Type{operation: tftypes.String}},
				map[string]tftypes.Value{operation: tftypes.NewValue(tftypes.String, tftypes.UnknownValue)}),
		}
		if form == "ephemeral resource" {
			unknown["require_success"] = tftypes.NewValue(tftypes.Bool, tftypes.UnknownValue)
		}
		for name, value := range unknown {
			t.Run(form+"/"+name, func(t *testing.T) {
				t.Parallel()
				svc := orders(t, cloudtest.Failed(0, 1))
				p := inMemory(t, svc)
				arguments := with(theOrder, name, value)
				if diagnostics := p.validateForm(t, form, "coc_script_order", arguments); len(diagnostics) > 0 {
					t.Errorf("validating: %s", shown(diagnostics))
				}
				_, diagnostics := p.look(t.Context(), t, form, "coc_script_order", arguments)
				checkError(t, diagnostics, []string{"Cannot read coc_script_order yet", "Not known yet: " + name + "."})
				if sent := len(svc.Log()); sent > 0 {
					t.Errorf("%d requests were sent", sent)
				}
			})
		}
	}
}

// validateForm is validate for any form.
func (p *process) validateForm(t *testing.T, form, name string, arguments map[string]tftypes.Value) []*tfprotov6.Diagnostic {
	t.Helper()
	switch form {
	case "data source":
		return p.validate(t, name, arguments)
	case "ephemeral resource":
		resp, err := p.server.ValidateEphemeralResourceConfig(t.Context(), &tfprotov6.ValidateEphemeralResourceConfigRequest{
			TypeName: name, Config: dynamic(t, p.schemas.EphemeralResourceSchemas[name], arguments),
		})
		if err != nil {
			t.Fatal(err)
		}
		return resp.Diagnostics
	default:
		resp, err := p.actions(t).ValidateActionConfig(t.Context(), &tfprotov6.ValidateActionConfigRequest{
			ActionType: name, Config: dynamic(t, p.schemas.ActionSchemas[name].Schema, arguments),
		})
		if err != nil {
			t.Fatal(err)
		}
		return resp.Diagnostics
	}
}

// TestFormsRefuse refuses the same arguments in all forms, and names the time limit of each.
func TestFormsRefuse(t *testing.T) {
	t.Parallel()
	jobs := map[string]tftypes.Value{"project_id": str(projectID)}
	for name, test := range map[string]struct {
		source    string
		arguments map[string]tftypes.Value
		limit     string
		words     []string
	}{
		"an id with a slash":   {"coc_script_order", map[string]tftypes.Value{"execute_uuid": str("a/b")}, "1m", []string{"execute_uuid"}},
		"a limit of zero":      {"coc_script_order", theOrder, "0s", []string{"timeouts.OPERATION", "above zero"}},
		"no limit at all":      {"coc_script_order", theOrder, "soon", []string{"soon"}},
		"a span that is long":  {"dataarts_instance_status", with(with(jobs, "wait_for_completion", whenRequired), "stable_for", str("2m")), "1m", []string{"stable_for", "timeouts.OPERATION"}},
		"a span without looks": {"dataarts_instance_status", with(with(jobs, "wait_for_completion", whenRequired), "stable_for", str("2s")), "1m", []string{"stable_for", "poll_interval"}},
		"a strange interval":   {"coc_script_order", with(theOrder, "poll_interval", str("10m")), "1h", []string{"poll_interval"}},
		"a baseline in words":  {"dataarts_instance_status", with(jobs, "min_new_count", integer(2)), "1m", []string{"min_new_count"}},
	} {
		for form, operation := range formsOf(test.source) {
			t.Run(name+"/"+form, func(t *testing.T) {
				t.Parallel()
				arguments := with(test.arguments, "timeouts", limitOf(operation, test.limit))
				if form == "action" {
					delete(arguments, "wait_for_completion")
				}
				words := slices.Clone(test.words)
				for i := range words {
					words[i] = strings.ReplaceAll(words[i], "OPERATION", operation)
				}
				checkError(t, inMemory(t, orders(t)).validateForm(t, form, test.source, arguments), words)
			})
		}
	}
}

// TestProgressInterval holds the bounds of progress_interval.
func TestProgressInterval(t *testing.T) {
	t.Parallel()
	p := inMemory(t, orders(t))
	for value, good := range map[string]bool{"5s": true, "5m": true, "90s": true, "4.9s": false, "5m1s": false, "often": false, "": false} {
		diagnostics := p.validateForm(t, "action", "coc_script_order", with(theOrder, "progress_interval", str(value)))
		if failed(diagnostics) == good {
			t.Errorf("%q: %s", value, shown(diagnostics))
		}
	}
}

// TestAdviceOfForms gives in every form only advice that applies to it: the name of its own time limit, and for actions, which are not
// looked at when Terraform destroys and always wait, neither -refresh=false nor arguments that they do not have.
func TestAdviceOfForms(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		scenes []http.Handler
		limit  string
		names  bool
	}{
		"no answer in time":           {[]http.Handler{silence}, "3s", true},
		"a pause beyond the deadline": {[]http.Handler{says(429, `{}`, "Retry-After", "3600")}, "1m", true},
		"no end in time":              {[]http.Handler{cloudtest.Running(1, 2)}, "10s", true},
		"not there":                   {[]http.Handler{cloudtest.NotFound}, "10s", false},
		"not allowed":                 {[]http.Handler{cloudtest.Error(http.StatusForbidden, "APIGW.0302", "no")}, "10s", false},
	} {
		for form, operation := range formsOf("coc_script_order") {
			t.Run(name+"/"+form, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					arguments := with(theOrder, "timeouts", limitOf(operation, test.limit))
					if form != "action" {
						arguments["wait_for_completion"] = forCompletion
					}
					_, diagnostics := inMemory(t, orders(t, test.scenes...)).look(t.Context(), t, form, "coc_script_order", arguments)
					checkError(t, diagnostics, nil)
					checkAdvice(t, form, shown(diagnostics))
					if test.names && !strings.Contains(shown(diagnostics), "timeouts."+operation) {
						t.Errorf("timeouts.%s is not named:\n%s", operation, shown(diagnostics))
					}
				})
			})
		}
	}
	for form := range formsOf("coc_script_order") {
		t.Run("no credential/"+form, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				svc := orders(t, cloudtest.Finished(1))
				svc.IAM().Then(says(404, ""))
				p := start(t, provider.Options{WrapTransport: svc.Transport}, map[string]tftypes.Value{"region": str("cn-north-4")})
				_, diagnostics := p.look(t.Context(), t, form, "coc_script_order", theOrder)
				checkLines(t, diagnostics, []string{"No credentials found"})
				checkAdvice(t, form, shown(diagnostics))
			})
		})
	}
}

func checkAdvice(t *testing.T, form, told string) {
	t.Helper()
	for other, operation := range formsOf("coc_script_order") {
		if other != form && strings.Contains(told, "timeouts."+operation) {
			t.Errorf("timeouts.%s does not belong to this form:\n%s", operation, told)
		}
	}
	for _, words := range []string{"-refresh=false", "continue_on_timeout", "ignore_not_found", "wait_for_completion"} {
		if form == "action" && strings.Contains(told, words) {
			t.Errorf("%s does not apply to an action:\n%s", words, told)
		}
	}
}

// checkLines is checkError for an error with a list in it.
func checkLines(t *testing.T, diagnostics []*tfprotov6.Diagnostic, words []string) {
	t.Helper()
	var flat []*tfprotov6.Diagnostic
	for _, diagnostic := range diagnostics {
		flat = append(flat, &tfprotov6.Diagnostic{
			Severity: diagnostic.Severity, Summary: diagnostic.Summary, Detail: strings.ReplaceAll(diagnostic.Detail, "\n  ", " "),
		})
	}
	checkError(t, flat, words)
}
