package provider

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/hwgate/terraform-provider-hwgate/internal/client"
	"github.com/hwgate/terraform-provider-hwgate/internal/gate"
)

// sharedModel holds the attributes that all sources share.
type sharedModel struct {
	ID             types.String     `tfsdk:"id"`
	Region         types.String     `tfsdk:"region"`
	ProjectID      types.String     `tfsdk:"project_id"`
	Outcome        types.String     `tfsdk:"outcome"`
	Succeeded      types.Bool       `tfsdk:"succeeded"`
	Summary        types.String     `tfsdk:"summary"`
	ReportMarkdown types.String     `tfsdk:"report_markdown"`
	Counts         map[string]int64 `tfsdk:"counts"`
}

// target returns the region and project: those of the configuration, later those that were resolved.
func (m *sharedModel) target() client.Target {
	return client.Target{Region: m.Region.ValueString(), ProjectID: m.ProjectID.ValueString()}
}

func (m *sharedModel) setTarget(target client.Target, err error) error {
	if err == nil {
		m.Region, m.ProjectID = stringOrNull(target.Region), stringOrNull(target.ProjectID)
	}
	return err
}

// resolveProject resolves the target of a source whose path has a project id.
func (m *sharedModel) resolveProject(ctx context.Context, c *client.Client) error {
	return m.setTarget(c.ProjectTarget(ctx, m.Region.ValueString(), m.ProjectID.ValueString()))
}

// setReport sets the results that all sources share, and returns the report.
func (m *sharedModel) setReport(id string, report *gate.Report) *gate.Report {
	m.ID = types.StringValue(id)
	m.Outcome = types.StringValue(string(report.Outcome))
	m.Succeeded = types.BoolValue(report.Succeeded())
	m.Summary = types.StringValue(report.Summary)
	m.ReportMarkdown = types.StringValue(report.Markdown)
	m.Counts = report.Counts
	return report
}

func sharedAttributes(idDescription, projectDescription, statusWords string) map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"id": computedString("Stable identifier: " + idDescription + "."),
		"region": schema.StringAttribute{
			Optional:            true,
			Computed:            true,
			Validators:          []validator.String{regionFormat},
			MarkdownDescription: "Region to read from. Default: the region of the provider.",
		},
		"project_id": schema.StringAttribute{
			Optional:            true,
			Computed:            true,
			Validators:          []validator.String{idFormat},
			MarkdownDescription: projectDescription,
		},
		"outcome": computedString(
			"State in one word: `pending`, `running`, `paused`, `succeeded`, `failed`, `canceled`, `empty` (nothing " +
				"ran), `unknown` (the answer proves nothing) or `not_found`. Never null."),
		"succeeded": computedBool("Whether `outcome` is `succeeded`: the condition of a gate. It is `false` if anything that the verdict " +
			"depends on is missing, new or contradictory. Never null."),
		"summary": computedString("One plain line for `error_message`: what was read, its outcome, when it ended if that is known, counts, " +
			"and up to ten names of what failed; no log or error text, no parameter values. Never null."),
		"report_markdown": computedString("The verdict as Markdown, for the page of a CI job: a heading, a table of counts and a table of what " +
			"failed (at most 100 rows); no log or error text, no parameter values. Never null."),
		"counts": schema.MapAttribute{
			Computed:    true,
			ElementType: types.Int64Type,
			MarkdownDescription: "Number by status word: " + statusWords + ". A documented word that does not occur is 0. Null if the counts were " +
				"not read or cannot be trusted.",
		},
	}
}

const (
	cocProjectDescription = "Project id, sent as `X-Project-Id`. Default: the provider's project id, in the provider's region only. COC " +
		"works without one, so it is never looked up by name. Null if there is none."
	projectDescription = "Project id. Default: the provider's project id, in the provider's region only; without one it is looked up by name."
)

// statusWords lists the words by which a service counts, for the description of `counts`.
func statusWords(known []string) string { return strings.Join(known, ", ") + " and any new word" }

// orderModel holds the arguments that the sources of a script order share.
type orderModel struct {
	ExecuteUUID    types.String `tfsdk:"execute_uuid"`
	UserProfile    types.String `tfsdk:"user_profile"`
	IgnoreNotFound types.Bool   `tfsdk:"ignore_not_found"`
	Exists         types.Bool   `tfsdk:"exists"`
}

func orderAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"execute_uuid": requiredString(idFormat, "Id of the script order, such as `SCT2023083109562601af694bf`."),
		"user_profile": optionalString(opaqueFormat, "User information of IAM 5.0, sent as `x-user-profile`. Default: not sent."),
		"ignore_not_found": optionalBool("With `true`, an order that COC does not know (error COC.00040709) is no error: it is data, with " +
			"`exists = false` and `outcome = \"not_found\"`. Default: `false`."),
		"exists": computedBool("Whether COC knows the order. It is `false` only with `ignore_not_found`. Never null."),
	}
}

// order returns the order to read, with its target resolved.
func (m *orderModel) order(c *client.Client, shared *sharedModel) (client.Order, error) {
	err := shared.setTarget(c.COCTarget(shared.Region.ValueString(), shared.ProjectID.ValueString()))
	return client.Order{Target: shared.target(), ExecuteUUID: m.ExecuteUUID.ValueString(), UserProfile: m.UserProfile.ValueString()}, err
}

// sinceModel holds the argument of sources that can refuse what is too old.
type sinceModel struct {
	Since types.String `tfsdk:"since"`
}

// since returns the argument for a read that begins now, nil if it is not set.
func (m *sinceModel) since(now time.Time) (*gate.Since, error) {
	if m.Since.IsNull() {
		return nil, nil
	}
	since, err := gate.ParseSince(m.Since.ValueString())
	if err == nil {
		err = since.Check(now)
	}
	if err != nil {
		return nil, &settingError{"since", fmt.Sprintf("since = %s cannot be used: %s. Nothing was sent. Correct it, or this machine's clock",
			quoted(m.Since.ValueString()), err)}
	}
	return since, nil
}

// sinceAttribute returns the argument of sinceModel; effect says what it does.
func sinceAttribute(effect string) schema.Attribute {
	return optionalString(sinceFormat, effect+" Either a time in RFC 3339, such as `2026-11-28T20:00:00Z`, or a duration back from now, "+
		"above zero, such as `2h`, by the clock of the service if this machine's is behind. A time more than ten minutes ahead of this machine's "+
		"clock is an error. Default: none.")
}

// tallyModel holds the counts that statistics and batch compute.
type tallyModel struct {
	Completed       types.Bool `tfsdk:"completed"`
	FinishedCount   *int64     `tfsdk:"finished_count"`
	FailedCount     *int64     `tfsdk:"failed_count"`
	CanceledCount   *int64     `tfsdk:"canceled_count"`
	UnfinishedCount *int64     `tfsdk:"unfinished_count"`
	SuccessRate     *float64   `tfsdk:"success_rate"`
}

func (m *tallyModel) setTally(completed bool, t *gate.Tally) {
	m.Completed = types.BoolValue(completed)
	if t != nil {
		m.FinishedCount, m.FailedCount, m.CanceledCount = &t.Finished, &t.Failed, &t.Canceled
		m.UnfinishedCount, m.SuccessRate = &t.Unfinished, &t.SuccessRate
	}
}

func tallyAttributes(object, nullRule string) map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"completed": computedBool("Whether every instance of " + object + " has reached a final status, and the counts " +
			"add up. Never null."),
		"finished_count":   computedInt64("Instances that succeeded: FINISHED. " + nullRule),
		"failed_count":     computedInt64("Instances that ended without success: ABNORMAL, ERROR, ROLLBACKED and CANCELED. " + nullRule),
		"canceled_count":   computedInt64("The part of `failed_count` that is CANCELED. " + nullRule),
		"unfinished_count": computedInt64("All other instances, including those with a new status word. " + nullRule),
		"success_rate":     computedFloat64("100 × `finished_count` ÷ total, from 0 to 100; 0 when there are no instances. " + nullRule),
	}
}

func logTailAttribute() schema.Attribute {
	return optionalNumber(atLeast(-1),
		"Number of bytes to keep of the end of each log, cut at a character boundary: 0 for none, -1 for all. **A data source keeps them in "+
			"plan and state.** Default: 4096.")
}

const defaultLogTail = 4096 // bytes

// noValidation is embedded by models whose arguments do not depend on each other.
type noValidation struct{}

func (noValidation) validate(*diag.Diagnostics) {}

// noWait is embedded by models of sources that cannot wait.
type noWait struct{}

func (noWait) wait() *waitModel { return nil }

func stringOrNull(text string) types.String {
	if text == "" {
		return types.StringNull()
	}
	return types.StringValue(text)
}

// boolOr returns a boolean argument or its default.
func boolOr(value types.Bool, defaultValue bool) bool {
	if value.IsNull() {
		return defaultValue
	}
	return value.ValueBool()
}

// int64Or returns a number argument, which validation has found to be an int64, or its default.
func int64Or(value types.Number, defaultValue int64) int64 {
	if value.IsNull() {
		return defaultValue
	}
	number, _ := value.ValueBigFloat().Int64()
	return number
}

// durationOr returns a duration argument, or its default if the argument is null, unknown or invalid.
func durationOr(value types.String, defaultValue time.Duration) time.Duration {
	if duration, err := time.ParseDuration(value.ValueString()); err == nil {
		return duration
	}
	return defaultValue
}

func rfc3339(t *time.Time) *string {
	if t == nil {
		return nil
	}
	return new(t.Format(time.RFC3339))
}

func seconds(d *time.Duration) *float64 {
	if d == nil {
		return nil
	}
	return new(d.Seconds())
}

// mapSlice converts a slice. A nil slice stays nil, which is null in Terraform.
func mapSlice[A, B any](list []A, convert func(A) B) []B {
	if list == nil {
		return nil
	}
	converted := make([]B, len(list))
	for i, element := range list {
		converted[i] = convert(element)
	}
	return converted
}
