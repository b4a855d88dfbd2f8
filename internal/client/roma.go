package client

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/hwgate/terraform-provider-hwgate/internal/text"
)

// FDIInstance names a ROMA Connect instance whose FDI tasks to count.
type FDIInstance struct {
	Target
	InstanceID string
}

// call asks for something about the instance.
func (i FDIInstance) call(query url.Values, part ...string) call {
	return call{
		service: ROMA, target: i.Target, query: query,
		path:   append([]string{"v2", i.ProjectID, "fdi", "instances", i.InstanceID}, part...),
		header: http.Header{"X-Project-Id": {i.ProjectID}},
	}
}

// FDITaskStatistics counts the data integration tasks of an instance by status.
type FDITaskStatistics struct {
	// CommonTaskDetails counts ordinary tasks, CDCTaskDetails those that capture changes of data. Nil means null or absent.
	CommonTaskDetails *TaskDetails `tfsdk:"common_task_details" need:"true"`
	CDCTaskDetails    *TaskDetails `tfsdk:"cdc_task_details" need:"true"`
	// CommonAbsent and CDCAbsent tell absent from null: null means that there are no tasks of the kind, absent means nothing.
	CommonAbsent bool `tfsdk:"-"`
	CDCAbsent    bool `tfsdk:"-"`
	// Further are counts that this version does not know and that are not zero: of a new status by its word, summed over the two kinds;
	// of a new kind by the name of its object and of its member.
	Further map[string]int64 `tfsdk:"-"`
}

// TaskDetails counts tasks by status.
type TaskDetails struct {
	RunningTasksCount    *int64 `tfsdk:"running_tasks_count" need:"true"`
	AbnormalTasksCount   *int64 `tfsdk:"abnormal_tasks_count" need:"true"`
	TerminatedTasksCount *int64 `tfsdk:"terminated_tasks_count" need:"true"`
	CompletedTasksCount  *int64 `tfsdk:"completed_tasks_count" need:"true"`
}

// FDITaskStatistics counts the FDI tasks of a ROMA Connect instance by status.
//
// API: GET /v2/{project_id}/fdi/instances/{instance_id}/statistics/tasks,
// https://support.huaweicloud.com/intl/en-us/api-roma/CountTasks.html
func (c *Client) FDITaskStatistics(ctx context.Context, instance FDIInstance) (*FDITaskStatistics, error) {
	return get(ctx, c, instance.call(nil, "statistics", "tasks"), func(answer fields) *FDITaskStatistics {
		if !answer.hasAny("common_task_details", "cdc_task_details") {
			answer.missing("common_task_details or cdc_task_details")
		}
		result := &FDITaskStatistics{
			CommonAbsent: !answer.hasAny("common_task_details"),
			CDCAbsent:    !answer.hasAny("cdc_task_details"),
		}
		answer.decode(result)
		result.Further = furtherTasks(answer.need())
		return result
	})
}

const tasksCount = "_tasks_count"

// furtherTasks are counts of a status or of a kind of tasks that is new.
func furtherTasks(answer fields) map[string]int64 {
	further := map[string]int64{}
	add := func(counts map[string]int64, before, after string) {
		for word, count := range counts {
			further[before+word+after] += count
		}
	}
	add(furtherCounts(answer, nil, tasksCount), "", "")
	for _, name := range slices.Sorted(maps.Keys(answer.values)) {
		known := name == "common_task_details" || name == "cdc_task_details"
		if !known && !strings.HasSuffix(name, "_task_details") {
			continue
		}
		if kind := answer.object(name); kind != nil && known {
			add(furtherCounts(*kind, knownMembers[TaskDetails](), tasksCount), "", "")
		} else if kind != nil {
			add(furtherCounts(*kind, nil, "_count"), text.Plain(name, 64)+".", "_count")
		}
	}
	if len(further) == 0 {
		return nil
	}
	return further
}

// FDITaskList names abnormal data integration tasks.
type FDITaskList struct {
	// Tasks are those that ran last, newest first. It is never nil.
	Tasks    []FDITask
	Warnings []string
}

// FDITask is a data integration task whose last run failed.
type FDITask struct {
	TaskID   *string `api:"task_id"`
	TaskName *string `api:"task_name"`
	// Kind is CDC for a composite task, which captures changes of data, and NORMAL for any other; nil when it could not be read.
	Kind *string `api:"ext_type"`
	// ExecuteStatus is that of the last run: ERROR. It is never nil.
	ExecuteStatus *string `api:"execute_status"`
	// Position is how far the last run came: ADAPTER (start), READER or WRITER.
	Position *string `api:"position"`
	// LastExecuteTime is when the task ran last, in milliseconds since 1970, UTC.
	LastExecuteTime *int64 `api:"last_execute_time"`
}

// taskPageSize is the most rows that one answer holds. What offset counts differs between editions of the page, so only the first
// page is read.
const taskPageSize = 999

// AbnormalTasks lists the FDI tasks of a ROMA Connect instance whose last run ended with ERROR, at most limit of them, in
// one request. The list of tasks (…/tasks) has the same filter, but neither the position nor the time of the last run. The service
// may ignore the filter, so a row of another status, or of no readable one, is dropped.
//
// These facts wait for a live account: whether the statistics count as abnormal what has the execute_status ERROR, whether the list
// has both kinds of tasks, and which tasks an IAM user sees: those of authorized integration applications, as the list of tasks.
//
// API: GET /v2/{project_id}/fdi/instances/{instance_id}/task-monitors,
// https://support.huaweicloud.com/intl/en-us/api-roma/ListMonitorInfos.html
func (c *Client) AbnormalTasks(ctx context.Context, instance FDIInstance, limit int) (*FDITaskList, error) {
	const abnormal = "ERROR"
	query := url.Values{"execute_status": {abnormal}, "limit": {strconv.Itoa(taskPageSize)}}
	found, err := get(ctx, c, instance.call(query, "task-monitors"), func(answer fields) *FDITaskList {
		found := &FDITaskList{Tasks: []FDITask{}}
		for _, task := range onePage(answer, "entities", taskPageSize, readFDITask) {
			if strings.EqualFold(deref(task.ExecuteStatus), abnormal) {
				found.Tasks = append(found.Tasks, task)
			}
		}
		found.Warnings = answer.found.warnings
		return found
	})
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(found.Tasks, func(a, b FDITask) int {
		return cmp.Compare(deref(b.LastExecuteTime), deref(a.LastExecuteTime))
	})
	found.Tasks = found.Tasks[:min(len(found.Tasks), limit)]
	return found, nil
}

func readFDITask(f fields) FDITask {
	var task FDITask
	f.decode(&task)
	// Null and the empty text say that the task is no composite one; what could not be read says nothing.
	if f.member("ext_type") == nil || (task.Kind != nil && *task.Kind == "") {
		task.Kind = new("NORMAL")
	}
	return task
}
