package client

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/hwgate/terraform-provider-hwgate/internal/text"
)

// FDIInstance selects the data integration (FDI) tasks of a ROMA Connect instance.
type FDIInstance struct {
	Target
	InstanceID string
}

func (i FDIInstance) call(query url.Values, subpath ...string) call {
	return call{
		service: ROMA, target: i.Target, query: query,
		path:   append([]string{"v2", i.ProjectID, "fdi", "instances", i.InstanceID}, subpath...),
		header: http.Header{"X-Project-Id": {i.ProjectID}},
	}
}

// FDITaskStatistics counts the data integration tasks of an instance by status.
type FDITaskStatistics struct {
	// CommonTaskDetails counts ordinary tasks, CDCTaskDetails change data capture tasks. Nil means null or absent.
	CommonTaskDetails *TaskDetails `tfsdk:"common_task_details" need:"true"`
	CDCTaskDetails    *TaskDetails `tfsdk:"cdc_task_details" need:"true"`
	// CommonAbsent and CDCAbsent distinguish absent from null, which means that there are no such tasks.
	CommonAbsent bool `tfsdk:"-"`
	CDCAbsent    bool `tfsdk:"-"`
	// Further has numbers other than 0 that this version does not know: of new statuses, summed over both kinds, and of new kinds of tasks.
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
		const suffix = "_tasks_count"
		kinds := []string{"common_task_details", "cdc_task_details"}
		result.Further = addFurther(nil, answer, nil, "", suffix)
		for _, member := range answer.children {
			name := string(member.name)
			if member.raw[0] != '{' {
				continue
			}
			kind := fields{node: member, path: name + ".", findings: answer.findings}
			if slices.Contains(kinds, name) {
				result.Further = addFurther(result.Further, kind, knownMembers[TaskDetails](), "", suffix)
			} else {
				result.Further = addFurther(result.Further, kind, nil, text.Plain(name, 64)+".", "")
			}
		}
		return result
	})
}

// FDITaskList lists abnormal data integration tasks.
type FDITaskList struct {
	// Tasks are sorted by their last run, newest first. It is never nil.
	Tasks    []FDITask
	Warnings []string
}

// FDITask is a data integration task whose last run failed.
type FDITask struct {
	TaskID   *string `api:"task_id"`
	TaskName *string `api:"task_name"`
	// Kind is CDC for composite tasks, which capture changes of data, and NORMAL for others; nil if it could not be read.
	Kind *string `api:"ext_type"`
	// ExecuteStatus is the status of the last run: ERROR, never nil.
	ExecuteStatus *string `api:"execute_status"`
	// Position is where the last run failed: ADAPTER (start), READER or WRITER.
	Position *string `api:"position"`
	// LastExecuteTime is the time of the last run, in milliseconds since 1970, UTC.
	LastExecuteTime *int64 `api:"last_execute_time"`
}

// taskPageSize is the largest page. Documentation on the meaning of offset differs, so only the first page is read.
const taskPageSize = 999

// AbnormalTasks lists at most limit FDI tasks whose last run ended with ERROR. The API …/tasks has the same filter, but neither position
// nor time of the last run. The service may ignore the filter, so rows of other or unreadable statuses are dropped.
//
// Not yet checked with an account: whether abnormal in the statistics means the execute_status ERROR; whether both kinds of tasks are
// listed; whether an IAM user sees only tasks of authorized integration applications, as for the API …/tasks.
//
// API: GET /v2/{project_id}/fdi/instances/{instance_id}/task-monitors,
// https://support.huaweicloud.com/intl/en-us/api-roma/ListMonitorInfos.html
func (c *Client) AbnormalTasks(ctx context.Context, instance FDIInstance, limit int) (*FDITaskList, error) {
	const abnormal = "ERROR"
	query := url.Values{"execute_status": {abnormal}, "limit": {strconv.Itoa(taskPageSize)}}
	result, err := get(ctx, c, instance.call(query, "task-monitors"), func(answer fields) *FDITaskList {
		result := &FDITaskList{Tasks: []FDITask{}}
		for _, task := range onePage(answer, "entities", taskPageSize, readFDITask) {
			if strings.EqualFold(deref(task.ExecuteStatus), abnormal) {
				result.Tasks = append(result.Tasks, task)
			}
		}
		result.Warnings = answer.findings.warnings
		return result
	})
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(result.Tasks, func(a, b FDITask) int {
		return cmp.Compare(deref(b.LastExecuteTime), deref(a.LastExecuteTime))
	})
	result.Tasks = result.Tasks[:min(len(result.Tasks), limit)]
	return result, nil
}

func readFDITask(f fields) FDITask {
	var task FDITask
	f.decode(&task)
	// Null and the empty string mean that the task is not composite.
	if f.member("ext_type") == nil || (task.Kind != nil && *task.Kind == "") {
		task.Kind = new("NORMAL")
	}
	return task
}
