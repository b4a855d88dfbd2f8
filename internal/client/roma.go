package client

import (
	"context"
	"net/http"
)

// FDIInstance names a ROMA Connect instance whose FDI tasks to count.
type FDIInstance struct {
	Target
	InstanceID string
}

// FDITaskStatistics counts the data integration tasks of an instance by status.
type FDITaskStatistics struct {
	// CommonTaskDetails counts ordinary tasks, CDCTaskDetails those that capture changes of data. Nil means null or absent.
	CommonTaskDetails, CDCTaskDetails *TaskDetails
	// CommonAbsent and CDCAbsent tell absent from null: null means that there are no tasks of the kind, absent means nothing.
	CommonAbsent, CDCAbsent bool
}

// TaskDetails counts tasks by status. Fields are nil when the answer left them out.
type TaskDetails struct {
	RunningTasksCount, AbnormalTasksCount, TerminatedTasksCount, CompletedTasksCount *int64
}

// FDITaskStatistics counts the FDI tasks of a ROMA Connect instance by status.
//
// API: GET /v2/{project_id}/fdi/instances/{instance_id}/statistics/tasks,
// https://support.huaweicloud.com/intl/en-us/api-roma/CountTasks.html
func (c *Client) FDITaskStatistics(ctx context.Context, instance FDIInstance) (*FDITaskStatistics, error) {
	result, _, err := get(ctx, c, call{
		service: ROMA, target: instance.Target,
		path:   []string{"v2", instance.ProjectID, "fdi", "instances", instance.InstanceID, "statistics", "tasks"},
		header: http.Header{"X-Project-Id": {instance.ProjectID}},
	}, func(answer fields) *FDITaskStatistics {
		if !answer.hasAny("common_task_details", "cdc_task_details") {
			answer.missing("common_task_details or cdc_task_details")
		}
		return &FDITaskStatistics{
			CommonTaskDetails: readTaskDetails(answer, "common_task_details"),
			CDCTaskDetails:    readTaskDetails(answer, "cdc_task_details"),
			CommonAbsent:      !answer.hasAny("common_task_details"),
			CDCAbsent:         !answer.hasAny("cdc_task_details"),
		}
	})
	return result, err
}

func readTaskDetails(answer fields, name string) *TaskDetails {
	f := answer.need().object(name)
	if f == nil {
		return nil
	}
	return &TaskDetails{
		RunningTasksCount:    f.integer("running_tasks_count"),
		AbnormalTasksCount:   f.integer("abnormal_tasks_count"),
		TerminatedTasksCount: f.integer("terminated_tasks_count"),
		CompletedTasksCount:  f.integer("completed_tasks_count"),
	}
}
