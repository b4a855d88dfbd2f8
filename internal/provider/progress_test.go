package provider

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hwgate/terraform-provider-hwgate/internal/gate"
)

// TestProgressReporterLines has a line for each change of status or outcome, and for one that comes just before the end.
func TestProgressReporterLines(t *testing.T) {
	t.Parallel()
	// Which of two events that are ready is taken is a matter of chance.
	for range 20 {
		synctest.Test(t, func(t *testing.T) {
			var states []string
			reporter := newProgressReporter(time.Hour, time.Minute, func(line string) {
				state, _, _ := strings.Cut(line, ";")
				states = append(states, state)
			})
			see := func(status string, outcome gate.Outcome) {
				reporter.update(gate.Progress{Observation: gate.Observation{Verdict: gate.Verdict{Outcome: outcome}, Status: status}})
			}
			see("A", gate.Unknown)
			synctest.Wait()
			see("B", gate.Unknown)
			synctest.Wait()
			see("B", gate.Running)
			synctest.Wait()
			see("B", gate.Running)
			synctest.Wait()
			see("C", gate.Running)
			see("D", gate.Failed)
			reporter.stop()
			states = slices.DeleteFunc(states, func(state string) bool { return state == "running (C)" }) // if there was time for it
			if want := []string{"unknown (A)", "unknown (B)", "running (B)", "failed (D)"}; !slices.Equal(states, want) {
				t.Errorf("lines are %q, want %q", states, want)
			}
		})
	}
}
