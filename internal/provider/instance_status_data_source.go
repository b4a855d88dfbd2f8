package provider

import (
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/hwgate/terraform-provider-hwgate/internal/client"
	"github.com/hwgate/terraform-provider-hwgate/internal/gate"
)

func newInstanceStatus() datasource.DataSource {
	return &dataSource[instanceStatusModel, *instanceStatusModel]{name: "dataarts_instance_status", schema: instanceStatusSchema}
}

type instanceStatusModel struct {
	sharedModel
	waitModel

	WorkspaceID types.String `tfsdk:"workspace_id"`
	IsOwn       types.Bool   `tfsdk:"is_own"`
	QueryDays   types.String `tfsdk:"query_days"`

	FailCount             *int64 `tfsdk:"fail_count"`
	ForceSuccessCount     *int64 `tfsdk:"force_success_count"`
	FreezeCount           *int64 `tfsdk:"freeze_count"`
	IgnoreSuccessCount    *int64 `tfsdk:"ignore_success_count"`
	ManualStopCount       *int64 `tfsdk:"manual_stop_count"`
	PauseCount            *int64 `tfsdk:"pause_count"`
	RunningCount          *int64 `tfsdk:"running_count"`
	RunningExceptionCount *int64 `tfsdk:"running_exception_count"`
	SkipCount             *int64 `tfsdk:"skip_count"`
	SuccessCount          *int64 `tfsdk:"success_count"`
	WaitingConfirmCount   *int64 `tfsdk:"waiting_confirm_count"`
	WaitingCount          *int64 `tfsdk:"waiting_count"`
	TotalCount            *int64 `tfsdk:"total_count"`

	FailedCount     *int64 `tfsdk:"failed_count"`
	UnfinishedCount *int64 `tfsdk:"unfinished_count"`
	OverriddenCount *int64 `tfsdk:"overridden_count"`
}

func instanceStatusSchema(ctx context.Context) schema.Schema {
	const null = "Null when one of the twelve state counts is missing or negative."
	return schema.Schema{
		MarkdownDescription: "Counts of the job instances of a DataArts Factory workspace by state, with a verdict and, on request, a wait " +
			"for the end of what runs. Only scheduled jobs are counted, and one that was just started may not be counted yet: compare " +
			"`total_count` with what it was before. The caller has to be a member of the workspace. API: " +
			"[GET /v2/{project_id}/factory/monitor/task-statistics-overview]" +
			"(https://support.huaweicloud.com/api-dataartsstudio/dataartsstudio_02_0206.html).",
		Attributes: attributes(
			sharedAttributes("`project_id`/`workspace_id`/`query_days`/`is_own`, where `-` stands for what was not given", pathProject, strings.Join(gate.TaskWords(), ", ")),
			waitAttributes("Whether nothing runs, waits or is paused any more (`unfinished_count` is 0) and the outcome is neither `unknown` "+
				"nor `empty`."),
			map[string]schema.Attribute{
				"workspace_id": schema.StringAttribute{
					Optional:   true,
					Validators: []validator.String{isID},
					MarkdownDescription: "Id of the workspace, sent as the header `workspace`; the default workspace when left out, which not " +
						"every project has.",
				},
				"is_own": schema.BoolAttribute{
					Optional:            true,
					MarkdownDescription: "Whether to count the caller's own instances only; everybody's when left out.",
				},
				"query_days": schema.StringAttribute{
					Optional:   true,
					Validators: []validator.String{stringvalidator.OneOf("today", "yesterday", "before_yesterday", "all")},
					MarkdownDescription: "Days to count: `today`, `yesterday`, `before_yesterday` (the day before) or `all` (the last seven " +
						"days); today when left out.",
				},

				"fail_count":              computedInt64("Instances that failed."),
				"force_success_count":     computedInt64("Instances that a person forced to count as successful."),
				"freeze_count":            computedInt64("Instances that are frozen and never run."),
				"ignore_success_count":    computedInt64("Instances whose failure a person ignored."),
				"manual_stop_count":       computedInt64("Instances that a person canceled."),
				"pause_count":             computedInt64("Instances that are paused."),
				"running_count":           computedInt64("Instances that run."),
				"running_exception_count": computedInt64("Instances that run abnormally."),
				"skip_count":              computedInt64("Instances that were skipped because of what they depend on."),
				"success_count":           computedInt64("Instances that succeeded."),
				"waiting_confirm_count":   computedInt64("Instances that wait for a person's confirmation."),
				"waiting_count":           computedInt64("Instances that wait to run."),
				"total_count": computedInt64("Instances in total, in the service's own count; not promised to be the sum of the others. Null when " +
					"the answer leaves it out."),

				"failed_count":     computedInt64("`fail_count` + `running_exception_count`. " + null),
				"unfinished_count": computedInt64("`waiting_count` + `waiting_confirm_count` + `running_count` + `pause_count`. " + null),
				"overridden_count": computedInt64("`force_success_count` + `ignore_success_count`: successful because a person said so. " + null),
			},
		),
		Blocks: map[string]schema.Block{"timeouts": timeoutsBlock(ctx, waitingTimeoutDescription)},
	}
}

func (m *instanceStatusModel) read(ctx context.Context, c *client.Client, diags *diag.Diagnostics) {
	asked := client.TaskOverview{
		Target:      client.Target{ProjectID: m.ProjectID.ValueString()},
		WorkspaceID: m.WorkspaceID.ValueString(), IsOwn: m.IsOwn.ValueBoolPointer(), QueryDays: m.QueryDays.ValueString(),
	}
	target, err := c.ProjectTarget(ctx, m.Region.ValueString(), m.ProjectID.ValueString())
	if err != nil {
		addReadError(diags, gate.TasksName(asked), client.DataArts, err)
		return
	}
	m.settled(target)
	asked.Target = target
	what := gate.TasksName(asked)
	isOwn := "-"
	if !m.IsOwn.IsNull() {
		isOwn = m.IsOwn.String()
	}
	m.ID = types.StringValue(strings.Join([]string{target.ProjectID, orDash(asked.WorkspaceID), orDash(asked.QueryDays), isOwn}, "/"))
	m.TimedOut = types.BoolValue(false)
	look := func(ctx context.Context) (*client.TaskStatistics, gate.Seen, error) {
		statistics, err := c.TaskStatistics(ctx, asked)
		if err != nil {
			return nil, gate.Seen{}, err
		}
		verdict := gate.JudgeTasks(asked, statistics)
		return statistics, gate.Seen{Verdict: verdict.Verdict, Status: string(verdict.Outcome)}, nil
	}
	ended, err := wait(ctx, m.waitModel, awaited{name: what, young: true}, look)
	if err != nil {
		addReadError(diags, what, client.DataArts, err)
		return
	}
	verdict := gate.JudgeTasks(asked, ended.Last)
	addWarnings(diags, what, ended.Last.Warnings)
	addDoubts(diags, what, ended.Doubts...)
	m.take(ended.Last, verdict)
	if ended.TimedOut {
		m.timedOut(what, ended.Seen, ended.Elapsed, ended.LastError, verdict.TallyText(), diags)
	}
}

func (m *instanceStatusModel) take(s *client.TaskStatistics, verdict gate.Tasks) {
	m.judged(verdict.Verdict)
	m.Completed = types.BoolValue(verdict.Completed)
	m.FailCount, m.ForceSuccessCount, m.FreezeCount = s.FailCount, s.ForceSuccessCount, s.FreezeCount
	m.IgnoreSuccessCount, m.ManualStopCount, m.PauseCount = s.IgnoreSuccessCount, s.ManualStopCount, s.PauseCount
	m.RunningCount, m.RunningExceptionCount, m.SkipCount = s.RunningCount, s.RunningExceptionCount, s.SkipCount
	m.SuccessCount, m.WaitingConfirmCount, m.WaitingCount = s.SuccessCount, s.WaitingConfirmCount, s.WaitingCount
	m.TotalCount = s.TotalCount
	m.FailedCount, m.UnfinishedCount, m.OverriddenCount = verdict.Failed, verdict.Unfinished, verdict.Overridden
}
