package provider_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/cloudtest"
)

// toldLine is a line of progress, and when it came.
type toldLine struct {
	after time.Duration
	line  string
}

// invokedOn invokes an action on a fake clock.
func invokedOn(
	t *testing.T, svc *cloudtest.Service, source string, arguments map[string]tftypes.Value,
) (lines []toldLine, diagnostics []*tfprotov6.Diagnostic) {
	t.Helper()
	begin := time.Now()
	diagnostics = inMemory(t, svc).invoke(t.Context(), t, source, arguments, func(line string) {
		lines = append(lines, toldLine{time.Since(begin), line})
	})
	return lines, diagnostics
}

// TestActionProgress tells each change of status at once, the end too, with outcome, counts, and the times that have passed and are left.
func TestActionProgress(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		some := cloudtest.OrderScene{Status: "PROCESSING", Batches: []cloudtest.Batch{{"FINISHED": 3, "ABNORMAL": 1, "PROCESSING": 6}}}
		svc := orders(t, cloudtest.Ready(10), some, some, cloudtest.Finished(10))
		lines, diagnostics := invokedOn(t, svc, "coc_script_order", with(theOrder, "timeouts", limitOf("invoke", "20m")))
		if len(diagnostics) > 0 {
			t.Fatal(shown(diagnostics))
		}
		var told []string
		for _, line := range lines {
			state, times, _ := strings.Cut(line.line, "; ")
			told = append(told, state)
			if !wrapped("elapsed,").MatchString(times) || !strings.HasSuffix(times, " left") {
				t.Errorf("the times are %q", times)
			}
		}
		want := []string{
			"pending (READY), 0 of 10 instances finished, 10 waiting", "running (PROCESSING), 3 of 10 instances finished, 1 failed, 6 running",
			"succeeded (FINISHED), 10 of 10 instances finished",
		}
		if !slices.Equal(told, want) {
			t.Errorf("told %q, want %q", told, want)
		}
		if first := lines[0]; first.after != 0 || !strings.HasSuffix(first.line, "; 0s elapsed, 19m50s left") {
			t.Errorf("the first line came after %s: %s", first.after, first.line)
		}
	})
}

// TestActionIsNeverSilent tells a line at least every progress_interval while nothing changes, while one request hangs, and while the
// project is looked up before the wait begins.
func TestActionIsNeverSilent(t *testing.T) {
	t.Parallel()
	hangs := cloudtest.Answer{Delay: 28 * time.Second, Body: `{"data":{"status":"FINISHED"}}`}
	for name, test := range map[string]struct {
		source    string
		arguments map[string]tftypes.Value
		play      func(*cloudtest.Service)
		line      string
	}{
		"nothing changes": {
			"coc_script_order", with(theOrder, "timeouts", limitOf("invoke", "2m")),
			func(svc *cloudtest.Service) { svc.Order(exampleID).Then(cloudtest.Running(3, 10)) },
			"running (PROCESSING), 3 of 10 instances finished, 7 running; 14s elapsed, 1m36s left",
		},
		"the first request hangs": {
			"coc_script_order", with(theOrder, "failure_details", withoutDetails),
			func(svc *cloudtest.Service) { svc.Order(exampleID).Then(hangs) }, "no answer yet; 14s elapsed, 29m36s left",
		},
		"a later request hangs": {
			"coc_script_order", with(theOrder, "failure_details", withoutDetails),
			func(svc *cloudtest.Service) {
				svc.Order(exampleID).Then(cloudtest.Answer{Body: `{"data":{"status":"PROCESSING"}}`}, hangs)
			},
			"running (PROCESSING); 14s elapsed, 29m36s left",
		},
		"the project is looked up": {
			"roma_fdi_task_statistics", map[string]tftypes.Value{"instance_id": str(instanceID)},
			func(svc *cloudtest.Service) {
				svc.IAM().Then(cloudtest.Answer{Delay: 28 * time.Second, Body: `{"projects":[{"id":"` + projectID + `","name":"cn-north-4"}]}`})
				svc.Instance(instanceID).Then(cloudtest.Tasks(map[string]int{"running": 1}, nil))
			},
			"no answer yet; 14s elapsed, 29m46s left",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				const interval = 7 * time.Second
				svc := cloudtest.New(cloudtest.Report(t.Errorf))
				test.play(svc)
				lines, _ := invokedOn(t, svc, test.source, with(test.arguments, "progress_interval", str(interval.String())))
				last := time.Duration(0)
				for _, line := range lines {
					if line.after-last > interval {
						t.Errorf("silent from %s to %s", last, line.after)
					}
					last = line.after
				}
				if !slices.ContainsFunc(lines, func(l toldLine) bool { return l.line == test.line }) {
					t.Errorf("wanted %q among %v", test.line, lines)
				}
			})
		})
	}
}

// TestActionProgressDefault tells a line every thirty seconds when nothing else is asked for.
func TestActionProgressDefault(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		lines, _ := invokedOn(t, orders(t, cloudtest.Running(0, 1)), "coc_script_order", with(theOrder, "timeouts", limitOf("invoke", "100s")))
		var after []time.Duration
		for _, line := range lines {
			after = append(after, line.after)
		}
		if want := []time.Duration{0, 30 * time.Second, 60 * time.Second, 90 * time.Second}; !slices.Equal(after, want) {
			t.Errorf("lines after %s, want %s", after, want)
		}
	})
}

// TestActionVerdicts ends an action well with success only, of tasks with health. The title of the error is the summary, and its detail
// names what failed, never a log.
func TestActionVerdicts(t *testing.T) {
	t.Parallel()
	scene := cloudtest.Failed(3, 2)
	scene.Log = logText
	jobs := map[string]tftypes.Value{"project_id": str(projectID)}
	tasks := map[string]tftypes.Value{"project_id": str(projectID), "instance_id": str(instanceID), "timeouts": limitOf("invoke", "1m")}
	for name, test := range map[string]struct {
		source    string
		arguments map[string]tftypes.Value
		scene     http.Handler
		title     string
		detail    []string
	}{
		"an order that succeeded": {"coc_script_order", theOrder, cloudtest.Finished(5), "", nil},
		"an order that failed": {
			"coc_script_order", theOrder, scene, "COC script order " + exampleID + ": failed (ABNORMAL) after 5m11s, ended 2023-10-22T03:52:43Z; 3 of 5 instances finished, 2 failed; " +
				"success-rate threshold 100%; failed hosts: ecs-4 (batch 1), ecs-5 (batch 1)",
			[]string{"What failed:", "ecs-4 (batch 1)", "ecs-5 (batch 1)"},
		},
		"an order that was canceled": {
			"coc_script_order", theOrder, cloudtest.Canceled(1, 1),
			"COC script order " + exampleID + ": canceled (CANCELED) after 5m11s, ended 2023-10-22T03:52:43Z; 1 of 2 instances finished, 1 canceled", []string{"ecs-2 (batch 1)"},
		},
		"an order that waits for a person": {
			"coc_script_order", theOrder, cloudtest.Paused(1, 2),
			"COC script order " + exampleID + ": paused (PAUSED); 1 of 2 instances finished, 1 waiting", nil,
		},
		"an order that contradicts itself": {
			"coc_script_order", theOrder, cloudtest.OrderScene{Status: "FINISHED", Batches: []cloudtest.Batch{{"FINISHED": 3, "ABNORMAL": 7}}},
			"COC script order " + exampleID + ": unknown (FINISHED) after 5m11s, ended 2023-10-22T03:52:43Z", nil,
		},
		"jobs that succeeded": {"dataarts_instance_status", jobs, cloudtest.Jobs(map[string]int{"success": 5}), "", nil},
		"a job that failed": {
			"dataarts_instance_status", jobs, cloudtest.Jobs(map[string]int{"success": 5, "fail": 1}), "", []string{"job-1 (instance 1)"},
		},
		"tasks that run": {"roma_fdi_task_statistics", tasks, cloudtest.Tasks(map[string]int{"running": 5}, nil), "", nil},
		"a task that stays abnormal": {
			"roma_fdi_task_statistics", tasks, cloudtest.Tasks(map[string]int{"running": 5, "abnormal": 1}, nil),
			"FDI tasks of ROMA Connect instance " + instanceID + " were not healthy in time", []string{"1 abnormal", "task-6", "Raise timeouts.invoke to wait longer."},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				svc := cloudtest.New(cloudtest.Report(t.Errorf))
				svc.Order(exampleID).Then(test.scene)
				svc.Workspace("").Then(test.scene)
				svc.Instance(instanceID).Then(test.scene)
				lines, diagnostics := invokedOn(t, svc, test.source, test.arguments)
				if test.title == "" && test.detail == nil {
					if len(diagnostics) > 0 {
						t.Error(shown(diagnostics))
					}
					return
				}
				errors := slices.DeleteFunc(slices.Clone(diagnostics), func(d *tfprotov6.Diagnostic) bool {
					return d.Severity != tfprotov6.DiagnosticSeverityError
				})
				checkLines(t, errors, test.detail)
				if !strings.HasPrefix(errors[0].Summary, test.title) {
					t.Errorf("the title is\n%s, want\n%s", errors[0].Summary, test.title)
				}
				for _, line := range lines {
					checkAdvice(t, "action", line.line)
					if strings.Contains(line.line, logText) {
						t.Errorf("a log is told: %s", line.line)
					}
				}
				if told := shown(diagnostics); strings.Contains(told, logText) {
					t.Errorf("a log is told:\n%s", told)
				}
			})
		})
	}
}

// TestActionWaits waits without being asked to, whatever the source, until all is well.
func TestActionWaits(t *testing.T) {
	t.Parallel()
	for source, test := range map[string]struct {
		arguments map[string]tftypes.Value
		scenes    []http.Handler
	}{
		"coc_script_order":         {theOrder, []http.Handler{cloudtest.Running(0, 1), cloudtest.Finished(1)}},
		"dataarts_instance_status": {map[string]tftypes.Value{"project_id": str(projectID)}, []http.Handler{cloudtest.Jobs(map[string]int{"running": 1}), cloudtest.Jobs(map[string]int{"success": 1})}},
		"roma_fdi_task_statistics": {
			map[string]tftypes.Value{"project_id": str(projectID), "instance_id": str(instanceID), "min_running_count": integer(2)},
			[]http.Handler{
				cloudtest.Tasks(map[string]int{"abnormal": 1}, nil), cloudtest.Tasks(map[string]int{"running": 1}, nil),
				cloudtest.Tasks(map[string]int{"running": 2}, nil),
			},
		},
	} {
		t.Run(source, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				svc := cloudtest.New(cloudtest.Report(t.Errorf))
				story := map[string]*cloudtest.Sequence{
					"coc_script_order": svc.Order(exampleID), "dataarts_instance_status": svc.Workspace(""), "roma_fdi_task_statistics": svc.Instance(instanceID),
				}[source].Then(test.scenes...)
				lines, diagnostics := invokedOn(t, svc, source, test.arguments)
				if len(diagnostics) > 0 || story.Looks() != len(test.scenes) || len(lines) < 2 {
					t.Errorf("%d looks, lines %v, %s", story.Looks(), lines, shown(diagnostics))
				}
			})
		})
	}
}

// TestActionIsValidatedAgain invokes actions with arguments that no validation has seen, as Terraform does when it learns them only at
// apply: each is refused in the words of the validation, and nothing is sent.
func TestActionIsValidatedAgain(t *testing.T) {
	t.Parallel()
	task := func(name string, value tftypes.Value) map[string]tftypes.Value {
		return map[string]tftypes.Value{"project_id": str(projectID), "instance_id": str(instanceID), name: value}
	}
	for name, test := range map[string]struct {
		source    string
		arguments map[string]tftypes.Value
		words     string
	}{
		"no duration":       {"roma_fdi_task_statistics", task("stable_for", str("3 minutes")), "Invalid value of stable_for"},
		"a longer duration": {"roma_fdi_task_statistics", task("stable_for", str("12h")), "it does not fit into timeouts.invoke (30m)"},
		"a negative number": {"roma_fdi_task_statistics", task("min_running_count", integer(-3)), "min_running_count"},
		"no time limit":     {"roma_fdi_task_statistics", task("timeouts", limitOf("invoke", "soon")), "wanted a duration above zero"},
		"no such days":      {"dataarts_instance_status", map[string]tftypes.Value{"query_days": str("tomorrow")}, "query_days"},
		"no baseline": {
			"dataarts_instance_status", map[string]tftypes.Value{"min_new_count": integer(2)}, "it counts from since or baseline_counts, and neither is set",
		},
		"no id": {"coc_script_order", map[string]tftypes.Value{"execute_uuid": str("")}, "execute_uuid"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				svc := cloudtest.New(cloudtest.Report(t.Errorf))
				svc.Instance(instanceID).Then(cloudtest.Tasks(map[string]int{"running": 1}, nil))
				svc.Workspace("").Then(cloudtest.Jobs(map[string]int{"success": 1}))
				p := inMemory(t, svc)
				want := p.validateForm(t, "action", test.source, test.arguments)
				diagnostics := p.invoke(t.Context(), t, test.source, test.arguments, func(line string) { t.Errorf("told %q", line) })
				if got := shown(diagnostics); got != shown(want) || !failed(diagnostics) || !strings.Contains(got, test.words) {
					t.Errorf("got %s\nwant %s, with %q", got, shown(want), test.words)
				}
				if sent := len(svc.Log()); sent > 0 {
					t.Errorf("%d requests were sent", sent)
				}
			})
		})
	}
}

// TestActionCanceled ends a wait within a second of Ctrl-C, in a pause and in a request, and says what happened. Terraform stops the
// provider then.
func TestActionCanceled(t *testing.T) {
	t.Parallel()
	for name, scenes := range map[string][]http.Handler{
		"in a pause": {cloudtest.Running(0, 1)}, "in a request": {cloudtest.Running(0, 1), silence},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := inMemory(t, orders(t, scenes...))
				const patience = 13 * time.Second
				begin := time.Now()
				time.AfterFunc(patience, func() {
					if _, err := p.server.StopProvider(t.Context(), &tfprotov6.StopProviderRequest{}); err != nil {
						t.Error(err)
					}
				})
				diagnostics := p.invoke(t.Context(), t, "coc_script_order", with(theOrder, "poll_interval", str("5m")), func(string) {})
				checkError(t, diagnostics, []string{"The read was canceled before it ended."})
				if took := time.Since(begin); took < patience || took > patience+time.Second {
					t.Errorf("it ended after %s", took)
				}
			})
		})
	}
}

// deaf takes its time to notice that a request has ended.
func deaf(takes time.Duration) http.Handler {
	return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		<-r.Context().Done()
		time.Sleep(takes)
	})
}

// TestStopWaitsForActions answers a stop only when the canceled actions have said so, since Terraform takes a stream that is closed before
// for success. It waits neither long for work that goes on all the same, nor for a receiver that has gone away: then the stop itself fails.
func TestStopWaitsForActions(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		works  time.Duration
		stalls bool
		took   time.Duration
		title  string
	}{
		"a request that ends late":      {works: 200 * time.Millisecond, took: 200 * time.Millisecond, title: "Cannot read COC script order " + exampleID},
		"work that goes on":             {works: time.Minute, took: 400 * time.Millisecond, title: "Cannot read coc_script_order"},
		"a receiver that has gone away": {stalls: true, took: 900 * time.Millisecond, title: "Cannot read "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := inMemory(t, orders(t, cloudtest.Running(0, 1), deaf(test.works)))
				stalled := make(chan struct{})
				ended := make(chan []*tfprotov6.Diagnostic, 1)
				go func() {
					ended <- p.invoke(t.Context(), t, "coc_script_order", with(theOrder, "failure_details", withoutDetails), func(string) {
						if test.stalls {
							<-stalled
						}
					})
				}()
				time.Sleep(10 * time.Second)
				begin := time.Now()
				if _, err := p.server.StopProvider(t.Context(), &tfprotov6.StopProviderRequest{}); (err != nil) != test.stalls {
					t.Errorf("the stop failed: %v", err)
				}
				if took := time.Since(begin); took != test.took {
					t.Errorf("the stop was answered after %s, want %s", took, test.took)
				}
				select {
				case diagnostics := <-ended:
					ended <- diagnostics
				default:
					if !test.stalls {
						t.Error("the stop was answered before the action had ended")
					}
				}
				close(stalled)
				checkError(t, <-ended, []string{test.title, "The read was canceled before it ended."})
				time.Sleep(time.Hour) // for the work that goes on
			})
		})
	}
}

// TestStalledReceiver looks on while nobody takes the lines of progress, and ends when they are taken again.
func TestStalledReceiver(t *testing.T) {
	t.Parallel()
	looked := make(chan struct{})
	svc := orders(t, cloudtest.Ready(1), cloudtest.Running(0, 1), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "/statistics") {
			close(looked)
		}
		cloudtest.Finished(1).ServeHTTP(w, r)
	}))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var lines []string
	diagnostics := inMemory(t, svc).invoke(ctx, t, "coc_script_order", theOrder, func(line string) {
		if lines = append(lines, line); len(lines) == 1 {
			<-looked // The first line is taken only after the last look.
		}
	})
	if len(diagnostics) > 0 || !strings.HasPrefix(lines[0], "pending (READY), ") {
		t.Errorf("%s, lines %q", shown(diagnostics), lines)
	}
}
