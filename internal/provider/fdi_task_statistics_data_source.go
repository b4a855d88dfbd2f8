package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/hwgate/terraform-provider-hwgate/internal/client"
	"github.com/hwgate/terraform-provider-hwgate/internal/gate"
)

func newFDITaskStatistics() datasource.DataSource {
	return &dataSource[fdiTaskStatisticsModel, *fdiTaskStatisticsModel]{name: "roma_fdi_task_statistics", schema: fdiTaskStatisticsSchema}
}

type fdiTaskStatisticsModel struct {
	sharedModel
	notWaiting

	InstanceID types.String `tfsdk:"instance_id"`

	CommonTaskDetails *taskDetailsModel `tfsdk:"common_task_details"`
	CDCTaskDetails    *taskDetailsModel `tfsdk:"cdc_task_details"`

	RunningCount    *int64     `tfsdk:"running_count"`
	AbnormalCount   *int64     `tfsdk:"abnormal_count"`
	TerminatedCount *int64     `tfsdk:"terminated_count"`
	CompletedCount  *int64     `tfsdk:"completed_count"`
	TotalCount      *int64     `tfsdk:"total_count"`
	Healthy         types.Bool `tfsdk:"healthy"`
}

type taskDetailsModel struct {
	RunningTasksCount    *int64 `tfsdk:"running_tasks_count"`
	AbnormalTasksCount   *int64 `tfsdk:"abnormal_tasks_count"`
	TerminatedTasksCount *int64 `tfsdk:"terminated_tasks_count"`
	CompletedTasksCount  *int64 `tfsdk:"completed_tasks_count"`
}

func fdiTaskStatisticsSchema(ctx context.Context) schema.Schema {
	const null = "Null when a count, or one of the two kinds, is missing from the answer."
	return schema.Schema{
		MarkdownDescription: "Counts of the data integration (FDI) tasks of a ROMA Connect instance by status, with a verdict. API: " +
			"[GET /v2/{project_id}/fdi/instances/{instance_id}/statistics/tasks]" +
			"(https://support.huaweicloud.com/intl/en-us/api-roma/CountTasks.html).",
		Attributes: attributes(
			sharedAttributes("`project_id`/`instance_id`", pathProject, "running, abnormal, terminated, completed"),
			map[string]schema.Attribute{
				"instance_id": schema.StringAttribute{
					Required:            true,
					Validators:          []validator.String{isID},
					MarkdownDescription: "Id of the ROMA Connect instance.",
				},
				"common_task_details": taskDetailsAttribute("ordinary tasks"),
				"cdc_task_details":    taskDetailsAttribute("tasks that capture changes of data (CDC)"),

				"running_count":    computedInt64("Running tasks of both kinds. " + null),
				"abnormal_count":   computedInt64("Abnormal tasks of both kinds. " + null),
				"terminated_count": computedInt64("Terminated tasks of both kinds. " + null),
				"completed_count":  computedInt64("Completed tasks of both kinds. " + null),
				"total_count":      computedInt64("All tasks of both kinds. " + null),
				"healthy": computedBool("Whether `outcome` is `running` or `succeeded`: nothing is abnormal, and something runs or has completed. " +
					"The condition of a gate for tasks that are meant to run for ever. Never null."),
			},
		),
		Blocks: map[string]schema.Block{"timeouts": timeoutsBlock(ctx, timeoutDescription)},
	}
}

func taskDetailsAttribute(kind string) schema.Attribute {
	return schema.SingleNestedAttribute{
		Computed:            true,
		MarkdownDescription: "Counts of " + kind + ". Null when the answer has none.",
		Attributes: map[string]schema.Attribute{
			"running_tasks_count":    computedInt64("Tasks that run."),
			"abnormal_tasks_count":   computedInt64("Tasks that are abnormal."),
			"terminated_tasks_count": computedInt64("Tasks that were terminated."),
			"completed_tasks_count":  computedInt64("Tasks that succeeded."),
		},
	}
}

func (m *fdiTaskStatisticsModel) read(ctx context.Context, c *client.Client, diags *diag.Diagnostics) {
	asked := client.FDIInstance{InstanceID: m.InstanceID.ValueString()}
	what := gate.FDIName(asked)
	target, err := c.ProjectTarget(ctx, m.Region.ValueString(), m.ProjectID.ValueString())
	if err != nil {
		addReadError(diags, what, client.ROMA, err)
		return
	}
	m.settled(target)
	asked.Target = target
	m.ID = types.StringValue(target.ProjectID + "/" + asked.InstanceID)
	statistics, err := c.FDITaskStatistics(ctx, asked)
	if err != nil {
		addReadError(diags, what, client.ROMA, err)
		return
	}
	verdict := gate.JudgeFDI(asked, statistics)
	addDoubts(diags, what, verdict.Doubt)
	m.judged(verdict.Verdict)
	m.Healthy = types.BoolValue(verdict.Healthy)
	m.CommonTaskDetails = (*taskDetailsModel)(statistics.CommonTaskDetails)
	m.CDCTaskDetails = (*taskDetailsModel)(statistics.CDCTaskDetails)
	if counts := verdict.Counts; counts != nil {
		m.RunningCount, m.AbnormalCount = new(counts["running"]), new(counts["abnormal"])
		m.TerminatedCount, m.CompletedCount = new(counts["terminated"]), new(counts["completed"])
		m.TotalCount = verdict.Total
	}
}
