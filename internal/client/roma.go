package client

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/hwgate/terraform-provider-hwgate/internal/text"
)

// FDIInstance names a ROMA Connect instance whose FDI tasks to count.
type FDIInstance struct {
	Target
	InstanceID string
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

// TaskDetails counts tasks by status. Fields are nil when the answer left them out.
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
	return get(ctx, c, call{
		service: ROMA, target: instance.Target,
		path:   []string{"v2", instance.ProjectID, "fdi", "instances", instance.InstanceID, "statistics", "tasks"},
		header: http.Header{"X-Project-Id": {instance.ProjectID}},
	}, func(answer fields) *FDITaskStatistics {
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
