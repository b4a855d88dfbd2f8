package provider

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/hwgate/terraform-provider-hwgate/internal/client"
	"github.com/hwgate/terraform-provider-hwgate/internal/gate"
	"github.com/hwgate/terraform-provider-hwgate/internal/text"
)

var instanceStatus = source{
	name: "dataarts_instance_status", service: client.DataArts, schema: instanceStatusSchema, goodResult: goodSuccess, waits: true,
	newModel: func() model { return &instanceStatusModel{} },
	details:  "failed jobs", nullWithoutDetails: "failed_jobs is",
	actionDetails: "Whether to name the instances that failed. What cannot be read is a warning. Costs one request for each failing state " +
		"that has instances; with `all`, up to eight, one a day. Default: `true`.",
}

type instanceStatusModel struct {
	sharedModel
	pollModel
	completionModel
	stableModel
	client.JobStatistics

	WorkspaceID types.String `tfsdk:"workspace_id"`
	IsOwn       types.Bool   `tfsdk:"is_own"`
	QueryDays   types.String `tfsdk:"query_days"`

	BaselineCounts types.Map    `tfsdk:"baseline_counts"`
	MinNewCount    types.Number `tfsdk:"min_new_count"`
	FailureDetails types.Bool   `tfsdk:"failure_details"`

	FailedCount     *int64 `tfsdk:"failed_count"`
	UnfinishedCount *int64 `tfsdk:"unfinished_count"`
	OverriddenCount *int64 `tfsdk:"overridden_count"`
	NewCount        *int64 `tfsdk:"new_count"`
	NewFailedCount  *int64 `tfsdk:"new_failed_count"`

	FailedJobs []failedJobModel `tfsdk:"failed_jobs"`
}

type failedJobModel struct {
	JobName      *string `tfsdk:"job_name"`
	InstanceID   *string `tfsdk:"instance_id"`
	Status       *string `tfsdk:"status"`
	PlannedAt    *string `tfsdk:"planned_at"`
	StartedAt    *string `tfsdk:"started_at"`
	FinishedAt   *string `tfsdk:"finished_at"`
	ErrorMessage *string `tfsdk:"error_message"`
}

func instanceStatusSchema() schema.Schema {
	const (
		null    = "Null if the counts cannot be trusted."
		nullNew = "Null without `baseline_counts`, or when the counts cannot be trusted."
	)
	return schema.Schema{
		MarkdownDescription: "Counts of the job instances of a DataArts Factory workspace by state, with a verdict. The counts cover scheduled " +
			"jobs, and the whole day or days of `query_days`: an instance that has just started may not be counted yet, and a failure of any " +
			"other job counts too. `baseline_counts` judges only what is new since an earlier read. The caller has to be a member of the " +
			"workspace. API: " +
			"[GET /v2/{project_id}/factory/monitor/task-statistics-overview]" +
			"(https://support.huaweicloud.com/api-dataartsstudio/dataartsstudio_02_0206.html).",
		Attributes: mergeAttributes(
			sharedAttributes("`project_id`/`workspace_id`/`query_days`/`is_own`, where `-` stands for what was not given",
				projectDescription, strings.Join(gate.JobStates(), ", ")),
			pollAttributes(),
			completionAttributes("Whether nothing runs, waits or is paused any more (`unfinished_count` is 0), the outcome is neither "+
				"`unknown` nor `empty`, and enough new instances are counted unless one failed."),
			stableAttributes("success", " Completion without success ends the wait at once all the same."),
			map[string]schema.Attribute{
				"workspace_id": optionalString(idFormat,
					"Id of the workspace, sent as the header `workspace`. Default: the default workspace, which does not "+
						"exist in every project."),
				"is_own": optionalBool("Whether to count the caller's own instances only. Default: `false`, everybody's."),
				"query_days": optionalString(stringvalidator.OneOf("today", "yesterday", "before_yesterday", "all"),
					"Days to count: `today`, `yesterday`, `before_yesterday` (the day before yesterday) or `all` (the last "+
						"seven days). If the counts start again during a wait, as at midnight, it ends with `unknown`, except with `all`. Default: `today`."),
				"baseline_counts": schema.MapAttribute{
					Optional:    true,
					ElementType: types.NumberType,
					Validators:  []validator.Map{baselineValidator{}},
					MarkdownDescription: "The `counts` of a read before the run: only what is new since then is judged. [Use case 7]" +
						"(https://github.com/hwgate/terraform-provider-hwgate/tree/main/examples/use-cases/07-no-new-failures) shows how to keep them. The " +
						"outcome is `unknown`, and a wait ends, if the baseline lacks a state or counts more than there is now: it is of another day, " +
						"workspace or filter. It is valid for its own day only: once a later day has counted as much, nothing shows that it is old. " +
						"New instances of other jobs are judged too. An earlier failure that is rerun or overridden hides a new one. If the counts may be " +
						"null, write `coalesce(…, {})`, which is `unknown`: null means no baseline. Unknown states, fractions and negative numbers are " +
						"errors. Default: none, everything is judged.",
				},
				"min_new_count": optionalNumber(atLeast(1),
					"Smallest number, from 1, of new instances since `baseline_counts`. With fewer the outcome is "+
						"`pending`, unless one of them failed. Needs `baseline_counts`. Default: 1."),
				"failure_details": optionalBool(
					"Whether to read which instances failed if one did, for `failed_jobs`. What cannot be read is a warning, and leaves it " +
						"null. Costs one request for each failing state that has instances; with `all`, up to eight, one a day. Default: `true`."),

				"fail_count":              computedInt64("Instances that failed."),
				"force_success_count":     computedInt64("Instances that a person set to successful."),
				"freeze_count":            computedInt64("Instances that are frozen and never run."),
				"ignore_success_count":    computedInt64("Instances whose failure a person ignored."),
				"manual_stop_count":       computedInt64("Instances that a person canceled."),
				"pause_count":             computedInt64("Instances that are paused."),
				"running_count":           computedInt64("Instances that run."),
				"running_exception_count": computedInt64("Instances suspended by the failure policy of their job."),
				"skip_count":              computedInt64("Instances skipped because of a job that they depend on."),
				"success_count":           computedInt64("Instances that succeeded."),
				"waiting_confirm_count":   computedInt64("Instances that wait for a person's confirmation."),
				"waiting_count":           computedInt64("Instances that wait to run."),
				"total_count": computedInt64("Instances in total, as the service counts them. It need not be the sum of the others. Null if the " +
					"answer leaves it out."),

				"failed_count":     computedInt64("`fail_count` + `running_exception_count`. " + null),
				"unfinished_count": computedInt64("`waiting_count` + `waiting_confirm_count` + `running_count` + `pause_count`. " + null),
				"overridden_count": computedInt64("`force_success_count` + `ignore_success_count`: they count as successful because a person " +
					"overrode their state. " +
					null),
				"new_count":        computedInt64("New instances since `baseline_counts`, in any state. " + nullNew),
				"new_failed_count": computedInt64("How much `failed_count` is above that of `baseline_counts`, at least 0. " + nullNew),
				"failed_jobs": computedObjects(
					"Instances that failed or were suspended by a failure, newest first, at most 100; with a baseline the "+
						"newest `new_failed_count` ones. Empty if none failed. Null if they were not read, and with `is_own = true`, since the "+
						"listing cannot be filtered by user. API: [GET /v1/{project_id}/jobs/instances/detail]"+
						"(https://support.huaweicloud.com/api-dataartsstudio/dataartsstudio_02_0094.html).", map[string]schema.Attribute{
						"job_name":    computedString("Name of the job."),
						"instance_id": computedString("Id of the instance."),
						"status":      computedString("Status as the listing writes it: fail or running-exception."),
						"planned_at":  computedString("Planned start, in RFC 3339, UTC. Null if the answer leaves it out."),
						"started_at":  computedString("Start, in RFC 3339, UTC. Null if the answer leaves it out."),
						"finished_at": computedString("End, in RFC 3339, UTC. Null until then."),
						"error_message": secretString(
							"First 4096 bytes of the message of the service, which may quote data. Null if the service gives none."),
					}),
			},
		),
	}
}

func (m *instanceStatusModel) wait() *waitModel {
	return &waitModel{
		pollModel: m.pollModel, stableModel: m.stableModel,
		argument: "wait_for_completion", enabled: m.WaitForCompletion, throughPause: m.WaitThroughPause,
	}
}

func (m *instanceStatusModel) validate(diags *diag.Diagnostics) {
	if !m.MinNewCount.IsNull() && m.BaselineCounts.IsNull() {
		diags.AddAttributeError(path.Root("min_new_count"), "Invalid value of min_new_count",
			fmt.Sprintf("min_new_count = %s cannot be used: it counts from baseline_counts, which is not set. Set baseline_counts, or remove "+
				"min_new_count.", m.MinNewCount))
	}
}

func (m *instanceStatusModel) objectName() string { return gate.JobsName(m.jobs()) }

func (m *instanceStatusModel) jobs() client.WorkspaceJobs {
	return client.WorkspaceJobs{
		Target: m.target(), WorkspaceID: m.WorkspaceID.ValueString(), IsOwn: m.IsOwn.ValueBoolPointer(), QueryDays: m.QueryDays.ValueString(),
	}
}

func (m *instanceStatusModel) read(ctx context.Context, c *client.Client, wait *gate.Wait) (*gate.Report, error) {
	if err := m.resolveProject(ctx, c); err != nil {
		return nil, err
	}
	jobs := m.jobs()
	report, err := gate.ReadJobs(ctx, c, gate.JobRequest{
		WorkspaceJobs: jobs, Wait: wait, Baseline: baselineCounts(m.BaselineCounts), MinNew: int64Or(m.MinNewCount, 1),
		Details: boolOr(m.FailureDetails, true),
	})
	if err != nil {
		return nil, err
	}
	m.Completed, m.TimedOut = types.BoolValue(report.Completed), types.BoolValue(report.Timeout != nil)
	m.JobStatistics = *report.Statistics
	if tally := report.Tally; tally != nil {
		m.FailedCount, m.UnfinishedCount, m.OverriddenCount = &tally.Failed, &tally.Unfinished, &tally.Overridden
		m.NewCount, m.NewFailedCount = tally.New, tally.NewFailed
	}
	m.FailedJobs = mapSlice(report.Failures, func(job client.JobInstance) failedJobModel {
		return failedJobModel{
			JobName: job.JobName, InstanceID: job.InstanceID, Status: job.Status, PlannedAt: rfc3339(gate.Instant(job.PlanTime)),
			StartedAt: rfc3339(gate.Instant(job.StartTime)), FinishedAt: rfc3339(gate.Instant(job.EndTime)), ErrorMessage: job.ErrorMessage,
		}
	})
	isOwn := "-"
	if !m.IsOwn.IsNull() {
		isOwn = m.IsOwn.String()
	}
	id := strings.Join([]string{jobs.ProjectID, cmp.Or(jobs.WorkspaceID, "-"), cmp.Or(jobs.QueryDays, "-"), isOwn}, "/")
	return m.setReport(id, &report.Report), nil
}

// baselineValidator refuses what cannot be the counts of an earlier read.
type baselineValidator struct{}

func (baselineValidator) Description(context.Context) string {
	return "must map state words to whole numbers from 0"
}

func (v baselineValidator) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (baselineValidator) ValidateMap(_ context.Context, req validator.MapRequest, resp *validator.MapResponse) {
	elements := req.ConfigValue.Elements()
	for _, name := range slices.Sorted(maps.Keys(elements)) {
		count, _ := elements[name].(types.Number)
		why := ""
		switch {
		case !slices.Contains(gate.JobStates(), name):
			why = "it is no state of a job instance; the states are " + strings.Join(gate.JobStates(), ", ")
		case !count.IsNull() && !count.IsUnknown():
			why = atLeast(0).problem(count.ValueBigFloat())
		}
		if why != "" {
			resp.Diagnostics.AddAttributeError(req.Path.AtMapKey(name), "Invalid value of baseline_counts", fmt.Sprintf(
				"The count of %q cannot be used: %s. Give the counts of an earlier read as they are.", text.Plain(name, 64), why))
		}
	}
}

// baselineCounts returns the counts of a baseline, without those that are null. The result is nil if there is no baseline.
func baselineCounts(value types.Map) map[string]int64 {
	if value.IsNull() {
		return nil
	}
	counts := map[string]int64{}
	for name, element := range value.Elements() {
		if count, ok := element.(types.Number); ok && !count.IsNull() {
			counts[name], _ = count.ValueBigFloat().Int64()
		}
	}
	return counts
}
