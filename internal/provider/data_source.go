package provider

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/datasource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/hwgate/terraform-provider-hwgate/internal/client"
	"github.com/hwgate/terraform-provider-hwgate/internal/gate"
	"github.com/hwgate/terraform-provider-hwgate/internal/text"
)

// dataSource is every data source of the provider: a name, a schema, and a model that can read itself.
type dataSource[M any, P interface {
	*M
	model
}] struct {
	name   string
	schema func(context.Context) schema.Schema
	client *client.Client
}

// model is the state of one data source.
type model interface {
	shared() *sharedModel
	// waiting tells whether the read waits, and so may take long.
	waiting() bool
	// read fills the model in. The context ends with the read's time limit.
	read(ctx context.Context, c *client.Client, diags *diag.Diagnostics)
}

func (d *dataSource[M, P]) Metadata(_ context.Context, _ datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = d.name
}

func (d *dataSource[M, P]) Schema(ctx context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = d.schema(ctx)
}

func (d *dataSource[M, P]) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	if req.ProviderData == nil {
		return // Terraform validates before it configures.
	}
	configured, ok := req.ProviderData.(*client.Client)
	if !ok {
		resp.Diagnostics.AddError("Cannot configure "+d.name,
			fmt.Sprintf("The provider handed over a %T. This is a bug of hwgate: please report it.", req.ProviderData))
		return
	}
	d.client = configured
}

func (d *dataSource[M, P]) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var state M
	resp.Diagnostics.Append(req.Config.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	current := P(&state)
	limit := current.shared().limit(ctx, current.waiting(), &resp.Diagnostics)
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	current.read(ctx, d.client, &resp.Diagnostics)
	if !resp.Diagnostics.HasError() {
		resp.Diagnostics.Append(resp.State.Set(ctx, &state)...)
	}
}

// sharedModel is what all data sources have in common.
type sharedModel struct {
	ID        types.String     `tfsdk:"id"`
	Region    types.String     `tfsdk:"region"`
	ProjectID types.String     `tfsdk:"project_id"`
	Timeouts  timeouts.Value   `tfsdk:"timeouts"`
	Outcome   types.String     `tfsdk:"outcome"`
	Succeeded types.Bool       `tfsdk:"succeeded"`
	Summary   types.String     `tfsdk:"summary"`
	Counts    map[string]int64 `tfsdk:"counts"`
}

func (m *sharedModel) shared() *sharedModel { return m }

// The time limits of a read that does not set its own.
const (
	defaultLimit        = 5 * time.Minute
	defaultWaitingLimit = 30 * time.Minute
)

func (m *sharedModel) limit(ctx context.Context, waiting bool, diags *diag.Diagnostics) time.Duration {
	limit := defaultLimit
	if waiting {
		limit = defaultWaitingLimit
	}
	limit, more := m.Timeouts.Read(ctx, limit)
	diags.Append(more...)
	return limit
}

// settled notes where the read goes.
func (m *sharedModel) settled(target client.Target) {
	m.Region = optionalString(target.Region)
	m.ProjectID = optionalString(target.ProjectID)
}

// judged takes a verdict over.
func (m *sharedModel) judged(verdict gate.Verdict) {
	m.Outcome = types.StringValue(string(verdict.Outcome))
	m.Succeeded = types.BoolValue(verdict.Succeeded())
	m.Summary = types.StringValue(verdict.Summary)
	m.Counts = verdict.Counts
}

// sharedAttributes are the attributes of sharedModel.
func sharedAttributes(idForm, projectNote, words string) map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"id": schema.StringAttribute{
			Computed:            true,
			MarkdownDescription: "Stable identifier: " + idForm + ".",
		},
		"region": schema.StringAttribute{
			Optional:            true,
			Computed:            true,
			Validators:          []validator.String{isRegion},
			MarkdownDescription: "Region to read from; the provider's own when left out.",
		},
		"project_id": schema.StringAttribute{
			Optional:            true,
			Computed:            true,
			Validators:          []validator.String{isID},
			MarkdownDescription: projectNote,
		},
		"outcome": schema.StringAttribute{
			Computed: true,
			MarkdownDescription: "State in one word, of those that all data sources share: `pending`, `running`, `paused`, `succeeded`, " +
				"`failed`, `canceled`, `empty`, `unknown` or `not_found`. Never null.",
		},
		"succeeded": schema.BoolAttribute{
			Computed: true,
			MarkdownDescription: "Whether `outcome` is `succeeded`: the condition of a gate. Anything missing, new or contradictory " +
				"in the answer makes it `false`. Never null.",
		},
		"summary": schema.StringAttribute{
			Computed: true,
			MarkdownDescription: "One plain line that says what was looked at, its outcome, and why; made for `error_message`. It " +
				"holds no log text and no parameter values. Never null.",
		},
		"counts": schema.MapAttribute{
			Computed:    true,
			ElementType: types.Int64Type,
			MarkdownDescription: "Count by status word: " + words + ", zero if there are none. Null " +
				"when the counts were not read, or cannot be trusted.",
		},
	}
}

const (
	cocProject = "Project id to send as `X-Project-Id`; the provider's own when left out and the region is the provider's. COC needs " +
		"none, so it is never looked up, and null when there is none."
	pathProject = "Project id; when left out, the provider's own if the region is the provider's, else it is looked up by name."
)

// waitModel is what the data sources that can wait have in common.
type waitModel struct {
	WaitForCompletion types.Bool   `tfsdk:"wait_for_completion"`
	PollInterval      types.String `tfsdk:"poll_interval"`
	WaitThroughPause  types.Bool   `tfsdk:"wait_through_pause"`
	ContinueOnTimeout types.Bool   `tfsdk:"continue_on_timeout"`
	Completed         types.Bool   `tfsdk:"completed"`
	TimedOut          types.Bool   `tfsdk:"timed_out"`
}

func (m *waitModel) waiting() bool { return m.WaitForCompletion.ValueBool() }

// notWaiting is embedded by the models of data sources that cannot wait.
type notWaiting struct{}

func (notWaiting) waiting() bool { return false }

const defaultPollInterval = 10 * time.Second

func waitAttributes(completed string) map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"wait_for_completion": schema.BoolAttribute{
			Optional: true,
			MarkdownDescription: "Whether to read again until `completed`; `false` when left out. What is completed already costs a " +
				"single request.",
		},
		"poll_interval": schema.StringAttribute{
			Optional:   true,
			Validators: []validator.String{isPollInterval},
			MarkdownDescription: "Longest pause between two looks while waiting, as a duration from `1s` to `5m`; `10s` when left " +
				"out. The first pauses are shorter.",
		},
		"wait_through_pause": schema.BoolAttribute{
			Optional: true,
			MarkdownDescription: "Whether to keep waiting while what is left is paused or awaits a person's confirmation; `false` " +
				"when left out: the wait ends at once, with the state as data.",
		},
		"continue_on_timeout": schema.BoolAttribute{
			Optional: true,
			MarkdownDescription: "Whether to give the last state with `timed_out` and a warning, instead of an error, when the time " +
				"of `timeouts.read` is over; `false` when left out.",
		},
		"completed": schema.BoolAttribute{Computed: true, MarkdownDescription: completed + " Never null."},
		"timed_out": schema.BoolAttribute{
			Computed:            true,
			MarkdownDescription: "Whether the wait ended with its time, under `continue_on_timeout`. Never null.",
		},
	}
}

// orderModel holds the arguments that the data sources of a script order share.
type orderModel struct {
	ExecuteUUID    types.String `tfsdk:"execute_uuid"`
	UserProfile    types.String `tfsdk:"user_profile"`
	IgnoreNotFound types.Bool   `tfsdk:"ignore_not_found"`
	Exists         types.Bool   `tfsdk:"exists"`
}

func orderAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"execute_uuid": schema.StringAttribute{
			Required:            true,
			Validators:          []validator.String{isID},
			MarkdownDescription: "Id of the script order, such as `SCT2023083109562601af694bf`.",
		},
		"user_profile": schema.StringAttribute{
			Optional:            true,
			Validators:          []validator.String{isHeaderText},
			MarkdownDescription: "User information of IAM 5.0, sent as `x-user-profile`; not sent when left out.",
		},
		"ignore_not_found": schema.BoolAttribute{
			Optional: true,
			MarkdownDescription: "Whether an order that COC does not know (error COC.00040709) is data, with `exists = false`, instead " +
				"of an error; `false` when left out.",
		},
		"exists": schema.BoolAttribute{
			Computed:            true,
			MarkdownDescription: "Whether COC knows the order; `false` only with `ignore_not_found`. Never null.",
		},
	}
}

// order settles where an order is read from. It gives nothing when the settings do not allow it.
func (m *orderModel) order(c *client.Client, shared *sharedModel, what string, diags *diag.Diagnostics) (client.Order, bool) {
	target, err := c.COCTarget(shared.Region.ValueString(), shared.ProjectID.ValueString())
	if err != nil {
		addReadError(diags, what, client.COC, err)
		return client.Order{}, false
	}
	shared.settled(target)
	m.Exists = types.BoolValue(true)
	return client.Order{
		Target: target, ExecuteUUID: m.ExecuteUUID.ValueString(), UserProfile: m.UserProfile.ValueString(),
	}, true
}

// failed turns a failed read into data, if it is a not-found that is to be ignored, else into an error.
func (m *orderModel) failed(err error, shared *sharedModel, what string, diags *diag.Diagnostics) {
	if client.IsNotFound(err) && m.IgnoreNotFound.ValueBool() {
		m.Exists = types.BoolValue(false)
		shared.judged(gate.JudgeMissingOrder(what))
		return
	}
	addReadError(diags, what, client.COC, err)
}

// tallyModel holds the counts that statistics and batch derive.
type tallyModel struct {
	Completed       types.Bool `tfsdk:"completed"`
	FinishedCount   *int64     `tfsdk:"finished_count"`
	FailedCount     *int64     `tfsdk:"failed_count"`
	CanceledCount   *int64     `tfsdk:"canceled_count"`
	UnfinishedCount *int64     `tfsdk:"unfinished_count"`
	SuccessRate     *float64   `tfsdk:"success_rate"`
}

func (m *tallyModel) counted(verdict gate.Instances) {
	m.Completed = types.BoolValue(verdict.Completed)
	if t := verdict.Tally; t != nil {
		m.FinishedCount, m.FailedCount, m.CanceledCount = &t.Finished, &t.Failed, &t.Canceled
		m.UnfinishedCount, m.SuccessRate = &t.Unfinished, &t.SuccessRate
	}
}

func tallyAttributes(whose, null string) map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"completed": schema.BoolAttribute{
			Computed:            true,
			MarkdownDescription: "Whether every instance of " + whose + " is final, and all of them are accounted for. Never null.",
		},
		"finished_count": schema.Int64Attribute{
			Computed:            true,
			MarkdownDescription: "Instances that succeeded: FINISHED. " + null,
		},
		"failed_count": schema.Int64Attribute{
			Computed: true,
			MarkdownDescription: "Instances that are final without success: ABNORMAL, ERROR, ROLLBACKED and CANCELED. " +
				null,
		},
		"canceled_count": schema.Int64Attribute{
			Computed:            true,
			MarkdownDescription: "The part of `failed_count` that is CANCELED. " + null,
		},
		"unfinished_count": schema.Int64Attribute{
			Computed:            true,
			MarkdownDescription: "All other instances, also those with a new status word. " + null,
		},
		"success_rate": schema.Float64Attribute{
			Computed:            true,
			MarkdownDescription: "100 × `finished_count` ÷ total, from 0 to 100; 0 when there are no instances. " + null,
		},
	}
}

const logTailDescription = "How many bytes of the end of each log to keep, cut on a character boundary; 4096 when left out, 0 keeps " +
	"none, -1 keeps all. Logs are stored in the state."

func logTailAttribute() schema.Attribute {
	return schema.Int64Attribute{
		Optional:            true,
		Validators:          []validator.Int64{int64validator.AtLeast(-1)},
		MarkdownDescription: logTailDescription,
	}
}

const defaultLogTail = 4096

// logTail cuts a log to what log_tail_bytes asks for, and tells whether something was cut off.
func logTail(log *string, bytes types.Int64) (tail *string, truncated bool) {
	limit := int64(defaultLogTail)
	if !bytes.IsNull() {
		limit = bytes.ValueInt64()
	}
	if log == nil || limit < 0 {
		return log, false
	}
	cut := text.Tail(*log, int(min(limit, int64(len(*log)))))
	return &cut, len(cut) < len(*log)
}

// attributes joins attribute sets. Each name is in one of them only.
func attributes(sets ...map[string]schema.Attribute) map[string]schema.Attribute {
	all := map[string]schema.Attribute{}
	for _, set := range sets {
		maps.Copy(all, set)
	}
	return all
}

// computed describes raw fields of an API: each is null when the answer leaves it out.
func computedString(description string) schema.Attribute {
	return schema.StringAttribute{Computed: true, MarkdownDescription: description}
}

func computedInt64(description string) schema.Attribute {
	return schema.Int64Attribute{Computed: true, MarkdownDescription: description}
}

func computedBool(description string) schema.Attribute {
	return schema.BoolAttribute{Computed: true, MarkdownDescription: description}
}

func computedFloat64(description string) schema.Attribute {
	return schema.Float64Attribute{Computed: true, MarkdownDescription: description}
}

func optionalString(s string) types.String {
	if s == "" {
		return types.StringNull()
	}
	return types.StringValue(s)
}

// orDash is a part of an id.
func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// rfc3339 writes a time, null when it is not known.
func rfc3339(t *time.Time) *string {
	if t == nil {
		return nil
	}
	return new(t.Format(time.RFC3339))
}

// seconds writes a duration, null when it is not known.
func seconds(d *time.Duration) *float64 {
	if d == nil {
		return nil
	}
	return new(d.Seconds())
}
