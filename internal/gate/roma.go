package gate

import (
	"cmp"
	"context"
	"fmt"

	"github.com/hwgate/terraform-provider-hwgate/internal/client"
	"github.com/hwgate/terraform-provider-hwgate/internal/text"
)

// TaskStatuses are the statuses that data integration (FDI) tasks are counted by.
func TaskStatuses() []string { return []string{"running", "abnormal", "terminated", "completed"} }

// TaskReader reads data integration tasks of ROMA Connect. [client.Client] implements it.
type TaskReader interface {
	FDITaskStatistics(ctx context.Context, instance client.FDIInstance) (*client.FDITaskStatistics, error)
	AbnormalTasks(ctx context.Context, instance client.FDIInstance, limit int) (*client.FDITaskList, error)
}

// TaskRequest selects the data integration tasks of a ROMA Connect instance, and what to read of them.
type TaskRequest struct {
	client.FDIInstance

	// Wait configures the wait for healthy tasks; nil looks once.
	Wait *Wait
	// MinRunning is how many tasks must be running.
	MinRunning int64
	// Details reads the names of abnormal tasks.
	Details bool
}

// TaskReport is the report on the tasks of an instance. [Good] means healthy: no task is abnormal, and at least one runs or has completed.
type TaskReport struct {
	Report

	Statistics *client.FDITaskStatistics
	// Total counts ordinary and CDC tasks; nil if the counts cannot be trusted.
	Total *int64
	// Abnormal are the abnormal tasks; nil if they were not read.
	Abnormal []client.FDITask
}

// TasksName names tasks in summaries and errors.
func TasksName(instanceID string) string { return "FDI tasks of ROMA Connect instance " + instanceID }

// ReadTasks reads the tasks of an instance, after waiting for their health if requested. Details that cannot be read are no error.
func ReadTasks(ctx context.Context, reader TaskReader, req TaskRequest) (*TaskReport, error) {
	name := TasksName(req.InstanceID)
	// terminated are the counts of terminated tasks at the last look, by kind.
	var terminated map[string]int64
	result, err := poll(ctx, req.Wait, name, func(waitCtx context.Context) (*client.FDITaskStatistics, Observation, error) {
		statistics, err := reader.FDITaskStatistics(waitCtx, req.FDIInstance)
		if err != nil {
			return nil, Observation{}, err
		}
		verdict := judgeTasks(statistics, req.MinRunning)
		// Never Over: tasks may run forever, so the wait ends if they are healthy, or if there are none.
		seen := Observation{Verdict: verdict, Status: string(verdict.Outcome), Counted: taskSummary(statistics, verdict)}
		if verdict.Counts != nil {
			before := terminated
			terminated = terminatedTasks(statistics)
			seen.Interruption = terminatedSince(before, terminated)
		}
		if verdict.Counts != nil && verdict.Counts["running"] < req.MinRunning {
			seen.Wanted = fmt.Sprintf("%d must run", req.MinRunning)
		}
		return statistics, seen, nil
	})
	if err != nil {
		return nil, err
	}
	statistics := result.last
	report := &TaskReport{Report: result.report(nil), Statistics: statistics}
	if counts := report.Counts; counts != nil && len(statistics.Further) == 0 {
		report.Total = new(counts["running"] + counts["abnormal"] + counts["terminated"] + counts["completed"])
	}
	var abnormal *table
	if req.Details && report.Total != nil {
		abnormal = report.readAbnormal(ctx, reader, req)
	}
	if isCanceled(ctx) {
		return nil, ctx.Err()
	}
	if report.Timeout != nil {
		report.Timeout.Missing = joinParts(report.Timeout.Missing, abnormal.summary())
	}
	state := string(report.Outcome)
	if report.Good() && report.Outcome == Running {
		// A gate that asks for success stays closed.
		state += ", healthy (the condition for tasks that run forever)"
	}
	report.describe(name, state, nil, taskFigures(report.Counts), abnormal,
		result.observation.Counted, result.observation.Wanted, abnormal.summary(), result.ending())
	return report, nil
}

// terminatedTasks counts terminated tasks by kind.
func terminatedTasks(statistics *client.FDITaskStatistics) map[string]int64 {
	counts := map[string]int64{}
	for _, kind := range taskKinds(statistics) {
		counts[kind.name] = deref(kind.counts()["terminated"])
	}
	return counts
}

// terminatedSince says how many tasks were terminated since an earlier look; empty if none were, or if there was none.
func terminatedSince(before, now map[string]int64) string {
	var more int64
	for kind, count := range now {
		if before != nil {
			more += max(count-before[kind], 0)
		}
	}
	if more == 0 {
		return ""
	}
	return fmt.Sprintf("%d terminated since the last read", more)
}

// taskKind has the counts of one kind of tasks.
type taskKind struct {
	member, name string
	tasks        *client.TaskDetails
	absent       bool
}

func taskKinds(statistics *client.FDITaskStatistics) []taskKind {
	return []taskKind{
		{"common_task_details", "ordinary", statistics.CommonTaskDetails, statistics.CommonAbsent},
		{"cdc_task_details", "CDC", statistics.CDCTaskDetails, statistics.CDCAbsent},
	}
}

func (k taskKind) counts() map[string]*int64 {
	if k.tasks == nil {
		return nil
	}
	return map[string]*int64{
		"running": k.tasks.RunningTasksCount, "abnormal": k.tasks.AbnormalTasksCount,
		"terminated": k.tasks.TerminatedTasksCount, "completed": k.tasks.CompletedTasksCount,
	}
}

// judgeTasks judges ordinary and CDC tasks together.
func judgeTasks(statistics *client.FDITaskStatistics, minRunning int64) Verdict {
	counts := zeroCounts(TaskStatuses())
	var total int64
	for _, kind := range taskKinds(statistics) {
		doubt := ""
		if kind.absent {
			doubt = "the member " + kind.member + " is absent from the answer"
		}
		for _, status := range TaskStatuses() {
			count, read := kind.counts()[status]
			fits := true
			switch {
			case !read:
			case count == nil:
				doubt = "the member " + kind.member + " has no count of " + status + " tasks"
			case *count < 0:
				doubt = "the member " + kind.member + " has a negative count of " + status + " tasks"
			default:
				total, fits = addCounts(total, *count)
				counts[status] += *count
			}
			if !fits {
				doubt = tooLarge
			}
		}
		if doubt != "" {
			return Verdict{Outcome: Unknown, Doubt: doubt}
		}
	}
	if len(statistics.Further) > 0 {
		return newCountsVerdict(counts, statistics.Further)
	}
	verdict := Verdict{Counts: counts}
	switch {
	case counts["abnormal"] > 0:
		verdict.Outcome = Failed
	case counts["running"] < minRunning:
		verdict.Outcome = Pending
	case counts["running"] > 0:
		verdict.Outcome, verdict.Phase = Running, Good
	case counts["completed"] > 0:
		verdict.Outcome, verdict.Phase = Succeeded, Good
	case counts["terminated"] > 0:
		verdict.Outcome = Canceled
	default:
		verdict.Outcome, verdict.Phase = Empty, Settling
	}
	return verdict
}

// readAbnormal reads the abnormal tasks into the report. The table is nil if none can be named.
func (r *TaskReport) readAbnormal(ctx context.Context, reader TaskReader, req TaskRequest) *table {
	abnormal := &table{head: []string{"abnormal task", "kind", "last run", "position"}, total: r.Counts["abnormal"]}
	if abnormal.total == 0 {
		r.Abnormal = []client.FDITask{}
		return nil
	}
	list, err := readDetails(ctx, func(brief context.Context) (*client.FDITaskList, error) {
		return reader.AbnormalTasks(brief, req.FDIInstance, maxCulprits)
	})
	if err != nil {
		r.UnreadDetails = err
		return nil
	}
	for _, task := range list.Tasks {
		name := cmp.Or(text.Plain(deref(task.TaskName), maxNameLength), text.Plain(deref(task.TaskID), maxStatusLength), "a task without a name")
		abnormal.addNamed(name, name, deref(task.Kind), deref(task.ExecuteStatus), deref(task.Position))
	}
	if len(list.Tasks) > 0 {
		r.Abnormal = list.Tasks
	}
	return r.setListedCulprits(abnormal, "abnormal task", list.Warnings)
}

// taskFigures lists the counts; nil if they cannot be trusted.
func taskFigures(counts map[string]int64) []figure {
	if counts == nil {
		return nil
	}
	list := []figure{
		{counts["abnormal"], "abnormal"}, {counts["running"], "running"}, {counts["completed"], "completed"},
		{counts["terminated"], "terminated"},
	}
	return append(list, furtherFigures(counts, TaskStatuses())...)
}

// taskSummary formats the counts, separately by kind if both kinds have tasks; empty if the counts cannot be trusted.
func taskSummary(statistics *client.FDITaskStatistics, verdict Verdict) string {
	if verdict.Counts == nil {
		return ""
	}
	var kinds []string
	for _, kind := range taskKinds(statistics) {
		counts := map[string]int64{}
		for status, count := range kind.counts() {
			counts[status] = *count
		}
		if words := joinFigures(taskFigures(counts)...); words != "" {
			kinds = append(kinds, kind.name+" tasks: "+words)
		}
	}
	switch len(kinds) {
	case 0:
		return cmp.Or(joinFigures(taskFigures(verdict.Counts)...), "no tasks")
	case 1:
		return joinFigures(taskFigures(verdict.Counts)...)
	default:
		return kinds[0] + "; " + kinds[1]
	}
}
