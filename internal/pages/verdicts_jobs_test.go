package pages_test

import (
	"context"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hwgate/terraform-provider-hwgate/internal/client"
	"github.com/hwgate/terraform-provider-hwgate/internal/gate"
)

// jobService answers as DataArts Factory does with counts by state.
type jobService struct {
	gate.JobReader

	counts map[string]int64
}

func (s jobService) JobStatistics(context.Context, client.WorkspaceJobs) (*client.JobStatistics, error) {
	count := func(state string) *int64 { return new(s.counts[state]) }
	return &client.JobStatistics{
		FailCount: count("fail"), ForceSuccessCount: count("force_success"), FreezeCount: count("freeze"),
		IgnoreSuccessCount: count("ignore_success"), ManualStopCount: count("manual_stop"), PauseCount: count("pause"),
		RunningCount: count("running"), RunningExceptionCount: count("running_exception"), SkipCount: count("skip"),
		SuccessCount: count("success"), WaitingConfirmCount: count("waiting_confirm"), WaitingCount: count("waiting"),
	}, nil
}

// comparison is a baseline, and what is counted later.
type comparison struct {
	before, after map[string]int64
	minNew        int64
}

// all gives every state a count, zero if it is not given.
func all(some map[string]int64) map[string]int64 {
	counts := map[string]int64{}
	for _, state := range gate.JobStates() {
		counts[state] = some[state]
	}
	return counts
}

// comparisons are what happens in the rows of the table.
func comparisons() map[string][]comparison {
	type counts = map[string]int64
	morning := all(counts{"fail": 1, "success": 5})
	rows := map[string][]comparison{
		"an old failure is rerun with success, or overridden": {
			{before: morning, after: counts{"fail": 1, "success": 6}},
			{before: morning, after: counts{"fail": 1, "success": 5, "force_success": 1}},
			{before: morning, after: counts{"fail": 1, "success": 5, "ignore_success": 1}},
			{before: all(counts{"running_exception": 1}), after: counts{"fail": 1, "success": 1}},
		},
		"a later day has counted as much as the baseline": {
			{before: morning, after: counts{"fail": 1, "success": 6}},
			{before: morning, after: counts{"fail": 2, "success": 4}},
		},
		"another job fails after the baseline": {
			{before: morning, after: counts{"fail": 2, "success": 5}},
			{before: morning, after: counts{"fail": 2, "success": 9}},
			{before: morning, after: counts{"fail": 1, "running_exception": 1, "success": 9}},
		},
		"fewer new instances than `min_new_count`": {
			{before: morning, after: morning, minNew: 1},
			{before: morning, after: counts{"fail": 1, "success": 7}, minNew: 3},
		},
		"the baseline is null": {
			{after: morning}, {after: counts{"success": 1}}, {after: counts{"fail": 1}}, {after: counts{"running": 1}}, {after: counts{}},
		},
	}
	const otherDay = "the baseline lacks a state, or counts more than there is now: it is of another day, workspace or filter"
	rows[otherDay] = []comparison{{before: morning, after: counts{"success": 5}}, {before: morning, after: counts{"fail": 1, "success": 4}}}
	for state := range morning {
		lacking := maps.Clone(morning)
		delete(lacking, state)
		rows[otherDay] = append(rows[otherDay], comparison{before: lacking, after: counts{"fail": 1, "success": 9}})
	}
	return rows
}

// judge reads the counts once, or waits. No failed job is named.
func (c comparison) judge(ctx context.Context, t *testing.T, wait *gate.Wait) *gate.JobReport {
	t.Helper()
	report, err := gate.ReadJobs(ctx, jobService{counts: c.after}, gate.JobRequest{Baseline: c.before, MinNew: c.minNew, Wait: wait})
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// waits reports whether a wait goes on to its deadline.
func (c comparison) waits(t *testing.T) (goesOn bool) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Minute)
		defer cancel()
		goesOn = c.judge(ctx, t, &gate.Wait{Interval: gate.DefaultPollInterval}).Timeout != nil
	})
	return goesOn
}

// TestVerdictsUnderBaseline holds each row of the table to what the gate decides. Who trusts a row must not be told that a gate is closed
// that can be open.
func TestVerdictsUnderBaseline(t *testing.T) {
	t.Parallel()
	rows := comparisons()
	ended := regexp.MustCompile("^is closed(?:: (`[a-z_]+`), and a wait (ends|goes on))?$")
	for _, cells := range tableUnder(t, readPage(t, "docs/data-sources/dataarts_instance_status.md"), "## A baseline") {
		row := strings.Join(cells, " | ")
		tried := rows[cells[0]]
		if tried == nil {
			t.Errorf("nothing can be said of the row %s", row)
		}
		delete(rows, cells[0])
		var open []bool
		for _, one := range tried {
			got := one.judge(t.Context(), t, nil)
			open = append(open, got.Succeeded())
			switch closed := ended.FindStringSubmatch(cells[1]); {
			case closed == nil:
			case got.Succeeded():
				t.Errorf("it is open (%s): %s", got.Summary, row)
			case closed[1] != "" && (closed[1] != "`"+string(got.Outcome)+"`" || one.waits(t) != (closed[2] == "goes on")):
				t.Errorf("the outcome is %s (%s), and a wait goes on: %t: %s", got.Outcome, got.Summary, one.waits(t), row)
			}
		}
		both := slices.Contains(open, true) && slices.Contains(open, false)
		fits := false
		switch cell := cells[1]; {
		case ended.MatchString(cell):
			fits = true
		case cell == "**can be open after a new failure**: the number of failures is what it was":
			fits = !slices.Contains(open, false)
		case cell == "**can be open or closed for no reason**: nothing shows that the baseline is old":
			fits = both
		case cell == "judges everything, as without a baseline":
			fits = slices.Equal(open, []bool{false, true, false, false, false})
		}
		if !fits {
			t.Errorf("open is %v: %s", open, row)
		}
	}
	for name := range rows {
		t.Errorf("no row says what becomes of a gate if %s", name)
	}
}
