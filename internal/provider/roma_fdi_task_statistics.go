package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/hwgate/terraform-provider-hwgate/internal/client"
	"github.com/hwgate/terraform-provider-hwgate/internal/gate"
)

var fdiTaskStatistics = source{
	name: "roma_fdi_task_statistics", service: client.ROMA, schema: fdiTaskStatisticsSchema, goodResult: goodHealth, waits: true,
	newModel: func() model { return &fdiTaskStatisticsModel{} },
	details:  "abnormal tasks", withoutDetails: "So abnormal_tasks is null; everything else is complete.",
	actionDetails: "Whether to name the abnormal tasks. What cannot be read is a warning. Costs one request. Default: `true`.",
}

type fdiTaskStatisticsModel struct {
	sharedModel
	pollModel
	stableModel
	noValidation
	client.FDITaskStatistics

	InstanceID       types.String `tfsdk:"instance_id"`
	WaitUntilHealthy types.Bool   `tfsdk:"wait_until_healthy"`
	MinRunningCount  types.Number `tfsdk:"min_running_count"`
	FailureDetails   types.Bool   `tfsdk:"failure_details"`

	RunningCount    *int64     `tfsdk:"running_count"`
	AbnormalCount   *int64     `tfsdk:"abnormal_count"`
	TerminatedCount *int64     `tfsdk:"terminated_count"`
	CompletedCount  *int64     `tfsdk:"completed_count"`
	TotalCount      *int64     `tfsdk:"total_count"`
	Healthy         types.Bool `tfsdk:"healthy"`

	AbnormalTasks []abnormalTaskModel `tfsdk:"abnormal_tasks"`
}

type abnormalTaskModel struct {
	TaskID         *string `tfsdk:"task_id"`
	TaskName       *string `tfsdk:"task_name"`
	Kind           *string `tfsdk:"kind"`
	ExecuteStatus  *string `tfsdk:"execute_status"`
	Position       *string `tfsdk:"position"`
	LastExecutedAt *string `tfsdk:"last_executed_at"`
}

func fdiTaskStatisticsSchema() schema.Schema {
	const null = "Null if the counts cannot be trusted."
	return schema.Schema{
		MarkdownDescription: "Counts of the data integration (FDI) tasks of a ROMA Connect instance by status, with a verdict. API: " +
			"[GET /v2/{project_id}/fdi/instances/{instance_id}/statistics/tasks]" +
			"(https://support.huaweicloud.com/intl/en-us/api-roma/CountTasks.html).",
		Attributes: mergeAttributes(
			sharedAttributes("`project_id`/`instance_id`", projectDescription, statusWords(gate.TaskStatuses())),
			pollAttributes(),
			stableAttributes("health (`healthy`)", " So it does after tasks were terminated since the read before."),
			map[string]schema.Attribute{
				"instance_id": requiredString(idFormat, "Id of the ROMA Connect instance."),
				"wait_until_healthy": optionalBool(
					"Whether to wait: to read again until `healthy`. An abnormal task does not end the wait: it may " +
						"recover before the time in `timeouts` is over. Default: `false`."),
				"min_running_count": optionalNumber(atLeast(0),
					"Number of tasks that must run, ordinary and CDC tasks together. **With 0, a gate can open where nothing runs**: one completed task "+
						"is enough, even if all others were terminated. With fewer the outcome is `pending`, and `healthy` is `false`. Default: 0."),
				"failure_details": optionalBool(
					"Whether to read which tasks are abnormal if one is, for `abnormal_tasks`. What cannot be read is a " +
						"warning, and leaves it null. Costs one request. Default: `true`."),
				"common_task_details": taskDetailsAttribute("ordinary tasks"),
				"cdc_task_details":    taskDetailsAttribute("tasks that capture changes of data (CDC)"),

				"running_count":    computedInt64("Running tasks of both kinds. " + null),
				"abnormal_count":   computedInt64("Abnormal tasks of both kinds. " + null),
				"terminated_count": computedInt64("Terminated tasks of both kinds. " + null),
				"completed_count":  computedInt64("Completed tasks of both kinds. " + null),
				"total_count":      computedInt64("All tasks of both kinds. " + null),
				"healthy": computedBool("Whether `outcome` is `running` or `succeeded`: no task is abnormal, at least `min_running_count` run, and " +
					"one runs or has completed. The condition of a gate on tasks that are meant to run forever. Never null."),
				"abnormal_tasks": computedObjects(
					"Abnormal tasks: those whose last run has the status ERROR, at most 100. Empty if none is abnormal. Null if "+
						"they were not read. API: "+
						"[GET /v2/{project_id}/fdi/instances/{instance_id}/task-monitors]"+
						"(https://support.huaweicloud.com/intl/en-us/api-roma/ListMonitorInfos.html).", map[string]schema.Attribute{
						"task_id":          computedString("Id of the task."),
						"task_name":        computedString("Name of the task."),
						"kind":             computedString("NORMAL, or CDC for a task that captures changes of data. Null if it could not be read."),
						"execute_status":   computedString("Status of the last run, as the service writes it: ERROR."),
						"position":         computedString("Where the run stopped: ADAPTER, READER or WRITER. Null if the answer leaves it out."),
						"last_executed_at": computedString("Last run, in RFC 3339, UTC. Null if the answer leaves it out."),
					}),
			},
		),
	}
}

func taskDetailsAttribute(kind string) schema.Attribute {
	return schema.SingleNestedAttribute{
		Computed:            true,
		MarkdownDescription: "Counts of " + kind + ". Null if the answer has none.",
		Attributes: map[string]schema.Attribute{
			"running_tasks_count":    computedInt64("Tasks that run."),
			"abnormal_tasks_count":   computedInt64("Tasks that are abnormal."),
			"terminated_tasks_count": computedInt64("Tasks that were terminated."),
			"completed_tasks_count":  computedInt64("Tasks that succeeded."),
		},
	}
}

func (m *fdiTaskStatisticsModel) wait() *waitModel {
	return &waitModel{pollModel: m.pollModel, stableModel: m.stableModel, argument: "wait_until_healthy", enabled: m.WaitUntilHealthy}
}

func (m *fdiTaskStatisticsModel) objectName() string {
	return gate.TasksName(m.InstanceID.ValueString())
}

func (m *fdiTaskStatisticsModel) read(ctx context.Context, c *client.Client, wait *gate.Wait) (*gate.Report, error) {
	if err := m.resolveProject(ctx, c); err != nil {
		return nil, err
	}
	instance := client.FDIInstance{Target: m.target(), InstanceID: m.InstanceID.ValueString()}
	report, err := gate.ReadTasks(ctx, c, gate.TaskRequest{
		FDIInstance: instance, Wait: wait, MinRunning: int64Or(m.MinRunningCount, 0), Details: boolOr(m.FailureDetails, true),
	})
	if err != nil {
		return nil, err
	}
	m.TimedOut = types.BoolValue(report.Timeout != nil)
	m.Healthy = types.BoolValue(report.Good())
	m.FDITaskStatistics = *report.Statistics
	if report.Total != nil {
		counts := report.Counts
		m.RunningCount, m.AbnormalCount = new(counts["running"]), new(counts["abnormal"])
		m.TerminatedCount, m.CompletedCount = new(counts["terminated"]), new(counts["completed"])
		m.TotalCount = report.Total
	}
	m.AbnormalTasks = mapSlice(report.Abnormal, func(task client.FDITask) abnormalTaskModel {
		return abnormalTaskModel{
			TaskID: task.TaskID, TaskName: task.TaskName, Kind: task.Kind, ExecuteStatus: task.ExecuteStatus, Position: task.Position,
			LastExecutedAt: rfc3339(gate.Instant(task.LastExecuteTime)),
		}
	})
	return m.setReport(instance.ProjectID+"/"+instance.InstanceID, &report.Report), nil
}
