package provider_test

import (
	"maps"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/cloudtest"
)

// baselineOf is a baseline of counts by word; those that are missing are zero.
func baselineOf(some map[string]int) tftypes.Value {
	counts := map[string]tftypes.Value{}
	for _, word := range []string{
		"fail", "force_success", "freeze", "ignore_success", "manual_stop", "pause", "running", "running_exception", "skip", "success",
		"waiting_confirm", "waiting",
	} {
		counts[word] = integer(some[word])
	}
	return tftypes.NewValue(tftypes.Map{ElementType: tftypes.Number}, counts)
}

// TestBaseline judges only what came since a baseline, and waits until it has come.
func TestBaseline(t *testing.T) {
	t.Parallel()
	morning := map[string]int{"fail": 2, "success": 5}
	with := func(more map[string]int) cloudtest.JobScene {
		counts := maps.Clone(morning)
		for word, count := range more {
			counts[word] += count
		}
		return cloudtest.Jobs(counts)
	}
	tests := map[string]struct {
		looks     []http.Handler
		baseline  map[string]int
		arguments map[string]tftypes.Value
		want      values
		// waited is how long the wait took, at least and at most.
		waited  span
		warning string
	}{
		"the run is counted late": {
			looks:  []http.Handler{with(nil), with(nil), with(map[string]int{"running": 1}), with(map[string]int{"success": 1})},
			want:   values{"outcome": text("succeeded"), "new_count": number(1), "new_failed_count": number(0), "failed_jobs": list(items{})},
			waited: between(2*time.Second, 15*time.Second),
		},
		"several have to come": {
			looks:     []http.Handler{with(map[string]int{"success": 1}), with(map[string]int{"success": 3})},
			arguments: map[string]tftypes.Value{"min_new_count": integer(3)},
			want:      values{"outcome": text("succeeded"), "new_count": number(3)},
			waited:    between(time.Second/2, 2*time.Second),
		},
		"another job failed before": {
			looks: []http.Handler{with(map[string]int{"success": 1})}, want: values{"outcome": text("succeeded"), "failed_count": number(2)},
		},
		"a failure is new": {
			looks: []http.Handler{with(map[string]int{"fail": 1, "success": 1})},
			want:  values{"outcome": text("failed"), "new_count": number(2), "new_failed_count": number(1), "completed": yes},
		},
		// What came meanwhile cannot be told apart.
		"another job's success is new": {looks: []http.Handler{with(map[string]int{"success": 1})}, want: values{"outcome": text("succeeded")}},
		"a rerun turned a failure into success": {
			looks: []http.Handler{cloudtest.Jobs(map[string]int{"fail": 1, "success": 7})},
			want:  values{"outcome": text("succeeded"), "new_count": number(1), "new_failed_count": number(0)},
		},
		"only overridden ones are new": {
			looks: []http.Handler{with(map[string]int{"ignore_success": 1})},
			want:  values{"outcome": text("succeeded"), "overridden_count": number(1)},
		},
		"nothing was counted before": {
			looks: []http.Handler{cloudtest.Jobs(map[string]int{"success": 1})}, baseline: map[string]int{},
			want: values{"outcome": text("succeeded"), "new_count": number(1)},
		},
		// The counts have begun again, and might catch up with the baseline: the wait ends at once.
		"midnight has passed": {
			looks:   []http.Handler{cloudtest.Jobs(map[string]int{"success": 1}), cloudtest.Jobs(map[string]int{"success": 9})},
			want:    values{"outcome": text("unknown"), "completed": no, "new_count": null, "new_failed_count": null, "failed_jobs": null},
			warning: "The baseline counts 7 instances, but there are only 1: it is of another day, workspace or filter.",
		},
		"midnight passes while waiting": {
			looks:   []http.Handler{with(nil), cloudtest.Jobs(nil), cloudtest.Jobs(map[string]int{"success": 9})},
			want:    values{"outcome": text("unknown"), "completed": no},
			waited:  between(time.Second/2, 2*time.Second),
			warning: "An earlier read of this wait counted 7 instances, and now there are only 0: the day of the counts has changed",
		},
		"success lasts": {
			looks:     []http.Handler{with(map[string]int{"success": 1})},
			arguments: map[string]tftypes.Value{"stable_for": str("1m")},
			want:      values{"outcome": text("succeeded"), "new_count": number(1)}, waited: between(time.Minute, time.Minute+time.Second),
		},
		"a failure comes while success has to last": {
			looks:     []http.Handler{with(map[string]int{"success": 1}), with(map[string]int{"success": 1, "fail": 1})},
			arguments: map[string]tftypes.Value{"stable_for": str("1m")},
			want:      values{"outcome": text("failed"), "new_failed_count": number(1)}, waited: between(time.Second/2, 2*time.Second),
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				svc := cloudtest.New(cloudtest.Report(t.Errorf))
				svc.Workspace("").Then(test.looks...)
				baseline := test.baseline
				if baseline == nil {
					baseline = morning
				}
				arguments := map[string]tftypes.Value{
					"project_id": str(projectID), "wait_for_completion": forCompletion, "baseline_counts": baselineOf(baseline),
				}
				maps.Copy(arguments, test.arguments)
				begin := time.Now()
				attributes, diagnostics := readOnFakeClock(t, svc, "dataarts_instance_status", arguments)
				took := time.Since(begin)
				checkValues(t, attributes, test.want)
				checkValues(t, attributes, values{"timed_out": no})
				if took < test.waited.least || took > test.waited.most {
					t.Errorf("it took %s, want %s to %s", took, test.waited.least, test.waited.most)
				}
				if told := shown(diagnostics); !strings.Contains(told, test.warning) || (test.warning == "" && told != "") {
					t.Errorf("the user is told %q, want %q", told, test.warning)
				}
			})
		})
	}
}

// TestTimeoutNamesWhatFailed ends waits with their time: the error says what was missing, and names what has failed so far.
func TestTimeoutNamesWhatFailed(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		source    string
		arguments map[string]tftypes.Value
		want      []string
	}{
		"a job failed while others still run": {
			source:    "dataarts_instance_status",
			arguments: map[string]tftypes.Value{"project_id": str(projectID), "wait_for_completion": forCompletion},
			want: []string{
				"did not end in time\n\nThe last status was failed, after ", " of waiting; 1 failed, 1 running; failed jobs: job-1 (instance 1).",
				"Raise timeouts.read to wait longer,",
			},
		},
		"a task is abnormal": {
			source: "roma_fdi_task_statistics",
			arguments: map[string]tftypes.Value{
				"project_id": str(projectID), "instance_id": str(instanceID), "wait_until_healthy": forCompletion, "min_running_count": integer(12),
			},
			want: []string{
				"were not healthy in time\n\nThe last status was failed, after ",
				" of waiting; 1 abnormal, 3 running; 12 must run; abnormal tasks: task-4.", "Raise timeouts.read to wait longer,",
			},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				svc := cloudtest.New(cloudtest.Report(t.Errorf))
				svc.Workspace("").Then(cloudtest.Jobs(map[string]int{"fail": 1, "running": 1}))
				svc.Instance(instanceID).Then(cloudtest.Tasks(map[string]int{"running": 3, "abnormal": 1}, nil))
				arguments := maps.Clone(test.arguments)
				maps.Copy(arguments, timeout("1m"))
				_, diagnostics := readOnFakeClock(t, svc, test.source, arguments)
				checkError(t, diagnostics, test.want)
				arguments["continue_on_timeout"] = forCompletion
				attributes, diagnostics := readOnFakeClock(t, svc, test.source, arguments)
				checkValues(t, attributes, values{"timed_out": yes, "succeeded": no, "outcome": text("failed")})
				if len(diagnostics) != 1 || diagnostics[0].Severity != tfprotov6.DiagnosticSeverityWarning {
					t.Errorf("want a warning: %s", shown(diagnostics))
				}
			})
		})
	}
}
