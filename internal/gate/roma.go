package gate

import (
	"fmt"

	"github.com/hwgate/terraform-provider-hwgate/internal/client"
)

// FDI is the verdict on the data integration tasks of a ROMA Connect instance.
type FDI struct {
	Verdict

	// Total is over ordinary and CDC tasks; nil when a count is missing or negative.
	Total *int64
	// Healthy is the verdict for tasks that are meant to run for ever: nothing is abnormal, and something runs or has completed.
	Healthy bool
}

// FDIWords are the status words of FDI tasks.
func FDIWords() []string { return []string{"running", "abnormal", "terminated", "completed"} }

// FDIName says which tasks were looked at.
func FDIName(asked client.FDIInstance) string {
	return "FDI tasks of ROMA Connect instance " + asked.InstanceID
}

// JudgeFDI judges the tasks of an instance, ordinary and CDC tasks together.
func JudgeFDI(asked client.FDIInstance, statistics *client.FDITaskStatistics) FDI {
	name := FDIName(asked)
	counts := zeroCounts(FDIWords())
	doubt := ""
	kinds := []struct {
		member string
		tasks  *client.TaskDetails
		absent bool
	}{
		{"common_task_details", statistics.CommonTaskDetails, statistics.CommonAbsent},
		{"cdc_task_details", statistics.CDCTaskDetails, statistics.CDCAbsent},
	}
	var total int64
	for _, kind := range kinds {
		if kind.absent {
			doubt = kind.member + " is absent from the answer"
		}
		if kind.tasks == nil {
			continue
		}
		read := map[string]*int64{
			"running": kind.tasks.RunningTasksCount, "abnormal": kind.tasks.AbnormalTasksCount,
			"terminated": kind.tasks.TerminatedTasksCount, "completed": kind.tasks.CompletedTasksCount,
		}
		for _, status := range FDIWords() {
			count, fits := read[status], true
			switch {
			case count == nil:
				doubt = kind.member + " has no count of " + status + " tasks"
			case *count < 0:
				doubt = kind.member + " has a negative count of " + status + " tasks"
			default:
				total, fits = add(total, *count)
				counts[status], _ = add(counts[status], *count)
			}
			if !fits {
				doubt = "the counts are too large to be true"
			}
		}
	}
	if doubt != "" {
		return FDI{Verdict: Verdict{Outcome: Unknown, Doubt: doubt, Summary: parts(name+": "+string(Unknown), doubt)}}
	}
	verdict := FDI{Verdict: Verdict{Counts: counts}, Total: &total}
	switch {
	case counts["abnormal"] > 0:
		verdict.Outcome = Failed
	case counts["running"] > 0:
		verdict.Outcome = Running
	case counts["completed"] > 0:
		verdict.Outcome = Succeeded
	case counts["terminated"] > 0:
		verdict.Outcome = Canceled
	default:
		verdict.Outcome = Empty
	}
	verdict.Healthy = verdict.Outcome == Running || verdict.Outcome == Succeeded
	tally := "no tasks"
	if total > 0 {
		tally = fmt.Sprintf("%d abnormal, %d running, %d completed, %d terminated",
			counts["abnormal"], counts["running"], counts["completed"], counts["terminated"])
	}
	verdict.Summary = parts(name+": "+string(verdict.Outcome), tally)
	return verdict
}
