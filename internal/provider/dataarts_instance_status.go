package provider

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

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
	details:  "failed jobs", withoutDetails: "So failed_jobs is null; everything else is complete.",
	actionDetails: "Whether to name the instances that failed. What cannot be read is a warning. Costs one request for each failing state " +
		"that has instances; with `all`, up to eight, one a day; with `job_name`, none. Default: `true`.",
}

// longestSince is how far back the listing of the runs of a job reaches.
const longestSince = 30 * 24 * time.Hour

type instanceStatusModel struct {
	sharedModel
	pollModel
	completionModel
	stableModel
	sinceModel
	client.JobStatistics

	// JudgedSince is the time that Since stands for in this read. SinceNow reports that it was counted back from now.
	JudgedSince time.Time `tfsdk:"-"`
	SinceNow    bool      `tfsdk:"-"`

	JobName     types.String `tfsdk:"job_name"`
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
		nullNew = "Null without `since` and `baseline_counts`, or when the counts cannot be trusted."
	)
	return schema.Schema{
		MarkdownDescription: "Counts of job instances of DataArts Factory by state, with a verdict. **Without `since` or `baseline_counts`, " +
			"earlier runs can open a gate**: an instance that has just started may not be counted yet. `job_name` judges the runs of one job, with " +
			"`since` only those after a time, such as that of a deployment. Without `job_name` the counts cover all scheduled jobs of a workspace in " +
			"the days of `query_days`, and a failure of any of them counts. The caller has to be a member of the workspace. API: " +
			"[GET /v2/{project_id}/factory/monitor/task-statistics-overview]" +
			"(https://support.huaweicloud.com/api-dataartsstudio/dataartsstudio_02_0206.html); with `job_name` " +
			"GET /v2/{project_id}/factory/jobs/{job_name}/instances/detail, which the vendor's SDK calls ListFactoryJobInstancesByName.",
		Attributes: mergeAttributes(
			sharedAttributes("`project_id`/`workspace_id`/`query_days`/`is_own`, where `-` stands for what was not given, then `/job_name` where "+
				"one is set", projectDescription, strings.Join(gate.JobStates(), ", ")),
			pollAttributes(),
			completionAttributes("Whether nothing runs, waits or is paused any more (`unfinished_count` is 0), the outcome is neither "+
				"`unknown` nor `empty`, and enough new instances are counted unless one failed."),
			stableAttributes("success", " Completion without success ends the wait at once all the same."),
			map[string]schema.Attribute{
				"workspace_id": optionalString(idFormat,
					"Id of the workspace, sent as the header `workspace`. Default: the default workspace, which does not "+
						"exist in every project."),
				"job_name": optionalString(jobNameFormat,
					"Name of a job, exactly as in DataArts: 1 to 128 letters (Chinese ones too), digits, dashes, underscores and dots. Only the runs of "+
						"this job are counted and judged, in the days of `query_days` or since `since`. Sub-jobs of a real-time job are called "+
						"`<job>_<node>`. A listing that may lack a run, or has one twice, of another job or without a time, is `unknown`; so is one of more "+
						"than 1000 runs. Cannot be combined with `is_own = true` or `baseline_counts`. Default: all jobs of the workspace."),
				"since": sinceAttribute("Judges only the runs of `job_name` that began at or after this time; a run that has not started, by its planned time. " +
					"**Without it, an earlier success opens a gate.** What has not ended counts whenever it began. Until `min_new_count` runs have come the outcome is `pending`, so that a wait " +
					"goes on until the next run has ended. [Use case 15](https://github.com/hwgate/terraform-provider-hwgate/tree/main/examples/use-cases/" +
					"15-the-run-after-the-deployment) keeps the time of a deployment. Needs `job_name`, replaces `query_days`, and reaches 30 days back at most."),
				"is_own": optionalBool("Whether to count the caller's own instances only. Default: `false`, everybody's."),
				"query_days": optionalString(oneOf("today", "yesterday", "before_yesterday", "all"),
					"Days to count: `today`, `yesterday`, `before_yesterday` (the day before yesterday) or `all` (the last seven days). **At midnight "+
						"the counts of a workspace start again, without the failures so far** (UTC+8, by the clock of the service if this machine's is "+
						"behind). A wait then ends with `unknown`, as it does when the total or the count of a state that lasts falls; exceptions are "+
						"`all`, and at midnight, without a baseline, a wait in which all was well before. With `job_name` the days are those of the moment when the read begins. "+
						"Default: `today`."),
				"baseline_counts": schema.MapAttribute{
					Optional:    true,
					ElementType: types.NumberType,
					Validators:  []validator.Map{baselineValidator{}},
					MarkdownDescription: "**A gate with a baseline can be open after a new failure**, if an old one is rerun or overridden, or on a later " +
						"day. **Null means no baseline:** if the counts may be null, write `coalesce(…, {})`, which is `unknown`. For one job use `job_name` " +
						"and `since`. For a whole workspace: the `counts` of a read before the run, so that only what is new since then is judged, of every job. " +
						"The page of the data source has a table. [Use case 7]" +
						"(https://github.com/hwgate/terraform-provider-hwgate/tree/main/examples/use-cases/07-no-new-failures) shows how to keep them. " +
						"Unknown states, fractions and negative numbers are errors. Default: none, everything is judged.",
				},
				"min_new_count": optionalNumber(atLeast(1),
					"Smallest number, from 1, of new instances since `since` or `baseline_counts`, one of which it needs. With fewer the outcome is "+
						"`pending`, unless one of them failed. Default: 1."),
				"failure_details": optionalBool(
					"Whether to read which instances failed if one did, for `failed_jobs`. What cannot be read is a warning, and leaves it " +
						"null. Costs one request for each failing state that has instances; with `all`, up to eight, one a day; with `job_name`, none. " +
						"Default: `true`."),

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
					"answer leaves it out. With `job_name`, the number of runs that count."),

				"failed_count":     computedInt64("`fail_count` + `running_exception_count`. " + null),
				"unfinished_count": computedInt64("`waiting_count` + `waiting_confirm_count` + `running_count` + `pause_count`. " + null),
				"overridden_count": computedInt64("Instances that count as successful because a person overrode their state: `force_success_count` + " +
					"`ignore_success_count`. " + null),
				"new_count": computedInt64("New instances since `since` or `baseline_counts`, in any state. " + nullNew),
				"new_failed_count": computedInt64("Those of them that failed: how much `failed_count` is above that of `baseline_counts`, at least 0. " +
					nullNew),
				"failed_jobs": computedObjects(
					"Instances that failed or were suspended by a failure, newest first, at most 100; with `since` or a baseline the "+
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
							"First 4096 bytes of the message of the service. It may quote data. Null if the service gives none, as with `job_name`."),
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
	refuse := func(argument, value, why string) {
		diags.AddAttributeError(path.Root(argument), "Invalid value of "+argument, fmt.Sprintf("%s = %s cannot be used: %s.", argument, value, why))
	}
	hasJob, knownJob := !m.JobName.IsNull(), m.JobName.ValueString() != ""
	if !m.MinNewCount.IsNull() && m.BaselineCounts.IsNull() && m.Since.IsNull() {
		refuse("min_new_count", m.MinNewCount.String(), "it counts from since or baseline_counts, and neither is set. Set one of them, or "+
			"remove min_new_count")
	}
	if knownJob && m.IsOwn.ValueBool() {
		refuse("is_own", "true", "the runs of job_name cannot be listed by user. Remove one of the two")
	}
	if knownJob && !m.BaselineCounts.IsNull() && !m.BaselineCounts.IsUnknown() {
		refuse("job_name", quoted(m.JobName.ValueString()), "baseline_counts is that of a whole workspace. Use since in place of baseline_counts")
	}
	if given := m.Since.ValueString(); given != "" {
		if !hasJob {
			refuse("since", quoted(given), "it judges the runs of one job. Set job_name")
		}
		if !m.QueryDays.IsNull() && !m.QueryDays.IsUnknown() {
			refuse("since", quoted(given), "query_days = "+m.QueryDays.String()+" selects the runs too. Remove one of the two")
		}
		if since, err := gate.ParseSince(given); err == nil && since.Age(time.Now()) > longestSince {
			refuse("since", quoted(given), tooLongAgo)
		}
	}
}

const tooLongAgo = "it is more than 30 days ago, and the service lists the runs of a month only. Give a later time"

func (m *instanceStatusModel) objectName() string { return m.request().Name() }

func (m *instanceStatusModel) request() gate.JobRequest {
	return gate.JobRequest{
		WorkspaceJobs: client.WorkspaceJobs{
			Target: m.target(), WorkspaceID: m.WorkspaceID.ValueString(), IsOwn: m.IsOwn.ValueBoolPointer(), QueryDays: m.QueryDays.ValueString(),
		},
		JobName: m.JobName.ValueString(), Since: m.JudgedSince, SinceNow: m.SinceNow,
		Baseline: baselineCounts(m.BaselineCounts), MinNew: int64Or(m.MinNewCount, 1), Details: boolOr(m.FailureDetails, true),
	}
}

// resolveSince sets JudgedSince for a read that begins now.
func (m *instanceStatusModel) resolveSince(now time.Time) error {
	since, err := m.since(now)
	if since == nil || err != nil {
		return err
	}
	m.JudgedSince, m.SinceNow = since.From(now), since.FromNow()
	if since.Age(now) > longestSince {
		return &settingError{"since", fmt.Sprintf("since = %s cannot be used: %s. Nothing was sent", quoted(m.Since.ValueString()), tooLongAgo)}
	}
	return nil
}

func (m *instanceStatusModel) read(ctx context.Context, c *client.Client, wait *gate.Wait) (*gate.Report, error) {
	if err := m.resolveSince(time.Now()); err != nil {
		return nil, err
	}
	if err := m.resolveProject(ctx, c); err != nil {
		return nil, err
	}
	request := m.request()
	request.Wait, request.Now = wait, c.Now
	report, err := gate.ReadJobs(ctx, c, request)
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
	id := []string{request.ProjectID, cmp.Or(request.WorkspaceID, "-"), cmp.Or(request.QueryDays, "-"), isOwn}
	if request.JobName != "" {
		id = append(id, request.JobName)
	}
	return m.setReport(strings.Join(id, "/"), &report.Report), nil
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
