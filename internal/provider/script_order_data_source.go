package provider

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/hwgate/terraform-provider-hwgate/internal/client"
	"github.com/hwgate/terraform-provider-hwgate/internal/gate"
	"github.com/hwgate/terraform-provider-hwgate/internal/text"
)

func newScriptOrder() datasource.DataSource {
	return &dataSource[scriptOrderModel, *scriptOrderModel]{name: "coc_script_order", schema: scriptOrderSchema}
}

type scriptOrderModel struct {
	sharedModel
	orderModel
	waitModel

	FailureDetails types.Bool  `tfsdk:"failure_details"`
	LogTailBytes   types.Int64 `tfsdk:"log_tail_bytes"`

	GmtCreated   *int64                `tfsdk:"gmt_created"`
	GmtFinished  *int64                `tfsdk:"gmt_finished"`
	ExecuteCosts *int64                `tfsdk:"execute_costs"`
	Creator      *string               `tfsdk:"creator"`
	Status       *string               `tfsdk:"status"`
	Properties   *orderPropertiesModel `tfsdk:"properties"`
	CreatedAt    *string               `tfsdk:"created_at"`
	FinishedAt   *string               `tfsdk:"finished_at"`
	Duration     *float64              `tfsdk:"duration_seconds"`
	FailedHosts  []string              `tfsdk:"failed_hosts"`
	Failed       []failedInstanceModel `tfsdk:"failed_instances"`
}

type orderPropertiesModel struct {
	ScriptUUID               *string            `tfsdk:"script_uuid"`
	ScriptName               *string            `tfsdk:"script_name"`
	ScriptVersionUUID        *int64             `tfsdk:"script_version_uuid"`
	ScriptVersionName        *string            `tfsdk:"script_version_name"`
	CurrentExecuteBatchIndex *int64             `tfsdk:"current_execute_batch_index"`
	ScriptSource             *string            `tfsdk:"script_source"`
	ExecuteParam             *executeParamModel `tfsdk:"execute_param"`
}

type executeParamModel struct {
	Resourceful  *bool              `tfsdk:"resourceful"`
	Timeout      *int64             `tfsdk:"timeout"`
	SuccessRate  *float64           `tfsdk:"success_rate"`
	ExecuteUser  *string            `tfsdk:"execute_user"`
	ScriptParams []scriptParamModel `tfsdk:"script_params"`
}

type scriptParamModel struct {
	ParamName  *string          `tfsdk:"param_name"`
	ParamValue *string          `tfsdk:"param_value"`
	ParamOrder *int64           `tfsdk:"param_order"`
	ParamRefer *paramReferModel `tfsdk:"param_refer"`
}

type paramReferModel struct {
	ReferType    *string `tfsdk:"refer_type"`
	ParamID      *string `tfsdk:"param_id"`
	ParamVersion *string `tfsdk:"param_version"`
}

type failedInstanceModel struct {
	BatchIndex   int64    `tfsdk:"batch_index"`
	ResourceID   *string  `tfsdk:"resource_id"`
	HostName     string   `tfsdk:"host_name"`
	FixedIP      *string  `tfsdk:"fixed_ip"`
	Status       *string  `tfsdk:"status"`
	CreatedAt    *string  `tfsdk:"created_at"`
	FinishedAt   *string  `tfsdk:"finished_at"`
	Duration     *float64 `tfsdk:"duration_seconds"`
	Log          *string  `tfsdk:"log"`
	LogTruncated bool     `tfsdk:"log_truncated"`
}

func scriptOrderSchema(ctx context.Context) schema.Schema {
	return schema.Schema{
		MarkdownDescription: "Status of a script order of Cloud Operations Center (COC), with a verdict, the reasons of a failure and, " +
			"on request, a wait for its end. Needs the permission `coc:job:get`. API: " +
			"[GET /v1/job/script/orders/{execute_uuid}]" +
			"(https://support.huaweicloud.com/intl/en-us/api-coc/ShowScriptOrderBasicInfo.html).",
		Attributes: attributes(
			sharedAttributes("`execute_uuid`", cocProject, "READY, PROCESSING, ABNORMAL, CANCELED, FINISHED, ROLLBACKED and any new word as it comes; read with "+
				"`failure_details` only"),
			orderAttributes(),
			waitAttributes("Whether nothing moves any more: the status is FINISHED, CANCELED, ABNORMAL, ERROR or ROLLBACKED, or a new word "+
				"with a finishing time."),
			map[string]schema.Attribute{
				"failure_details": schema.BoolAttribute{
					Optional: true,
					MarkdownDescription: "Whether to read the statistics, and each batch with a failed instance, when the order ended without " +
						"success, is paused, or is FINISHED under a success-rate threshold below 100; `true` when left out. Fills `counts`, " +
						"`failed_hosts` and `failed_instances`, which are null in all other cases. An order that is FINISHED without any instance is " +
						"then `empty`.",
				},
				"log_tail_bytes": logTailAttribute(),

				"gmt_created":   computedInt64("When the order was made, in milliseconds since 1970, UTC."),
				"gmt_finished":  computedInt64("When the order ended, in milliseconds since 1970, UTC. Null until then."),
				"execute_costs": computedInt64("How long the order took, in milliseconds (the API's page says seconds, its example shows milliseconds). Null until it ended."),
				"creator":       computedString("User who made the order."),
				"status":        computedString("Status in COC's own word: READY, PROCESSING, PAUSED, FINISHED, CANCELED, ABNORMAL, or a new one."),
				"properties": schema.SingleNestedAttribute{
					Computed:            true,
					MarkdownDescription: "What the order runs. Null when the answer leaves it out.",
					Attributes:          orderPropertiesAttributes(),
				},
				"created_at":       computedString("`gmt_created` in RFC 3339, UTC."),
				"finished_at":      computedString("`gmt_finished` in RFC 3339, UTC. Null until the order ended."),
				"duration_seconds": computedFloat64("Seconds from `gmt_created` to `gmt_finished`. Null until both are known."),
				"failed_hosts": schema.ListAttribute{
					Computed:    true,
					ElementType: types.StringType,
					MarkdownDescription: "Hosts of the instances that are final without success, by batch, then in the API's order; the id of " +
						"one without a name. Null when they were not read.",
				},
				"failed_instances": schema.ListNestedAttribute{
					Computed: true,
					MarkdownDescription: "Instances that are final without success, in the order of `failed_hosts`. Null when they were " +
						"not read.",
					NestedObject: schema.NestedAttributeObject{Attributes: failedInstanceAttributes()},
				},
			},
		),
		Blocks: map[string]schema.Block{"timeouts": timeoutsBlock(ctx, waitingTimeoutDescription)},
	}
}

const (
	timeoutDescription        = "Longest time of the whole read, as a duration such as `90s`; `5m` when left out."
	waitingTimeoutDescription = "Longest time of the whole read, as a duration such as `90s` or `1h`; when left out, `30m` with " +
		"`wait_for_completion`, else `5m`."
)

func orderPropertiesAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"script_uuid":                 computedString("Id of the script."),
		"script_name":                 computedString("Name of the script."),
		"script_version_uuid":         computedInt64("Id of the script's version: a number, in spite of its name."),
		"script_version_name":         computedString("Name of the script's version."),
		"current_execute_batch_index": computedInt64("Batch that runs, from 1. Null when none does."),
		"script_source":               computedString("Kind of the script, such as CUSTOM_SCRIPT. The API's page shows it in its example only."),
		"execute_param": schema.SingleNestedAttribute{
			Computed:            true,
			MarkdownDescription: "How the script is run. Null when the answer leaves it out.",
			Attributes: map[string]schema.Attribute{
				"resourceful":  computedBool("Without effect, says the API's page."),
				"timeout":      computedInt64("Time limit of the script, in seconds."),
				"success_rate": computedFloat64("Share of instances, in percent, that has to finish for the order to be FINISHED."),
				"execute_user": computedString("User of the host who runs the script."),
				"script_params": schema.ListNestedAttribute{
					Computed:            true,
					MarkdownDescription: "Arguments of the script. Null when the answer leaves them out.",
					NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
						"param_name": computedString("Name of the argument."),
						"param_value": schema.StringAttribute{
							Computed:            true,
							Sensitive:           true,
							MarkdownDescription: "Value of the argument. Empty when `param_refer` names where it is kept.",
						},
						"param_order": computedInt64("Without effect, says the API's page."),
						"param_refer": schema.SingleNestedAttribute{
							Computed:            true,
							MarkdownDescription: "Where the value is kept. Null when the value is given.",
							Attributes: map[string]schema.Attribute{
								"refer_type":    computedString("Kind of the store, such as PARAM_STORE."),
								"param_id":      computedString("Id of the stored parameter."),
								"param_version": computedString("Version of the stored parameter."),
							},
						},
					}},
				},
			},
		},
	}
}

func failedInstanceAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"batch_index":      computedInt64("Batch of the instance, from 1."),
		"resource_id":      computedString("Id of the host."),
		"host_name":        computedString("Name of the host; its id when it has none. Never null."),
		"fixed_ip":         computedString("Private IP address of the host."),
		"status":           computedString("Status in COC's own word."),
		"created_at":       computedString("When the instance began, in RFC 3339, UTC."),
		"finished_at":      computedString("When the instance ended, in RFC 3339, UTC."),
		"duration_seconds": computedFloat64("Seconds between the two. Null until both are known."),
		"log": schema.StringAttribute{
			Computed:            true,
			Sensitive:           true,
			MarkdownDescription: "End of the log, as long as `log_tail_bytes` says.",
		},
		"log_truncated": computedBool("Whether `log` is not the whole log."),
	}
}

func (m *scriptOrderModel) read(ctx context.Context, c *client.Client, diags *diag.Diagnostics) {
	id := m.ExecuteUUID.ValueString()
	what := gate.OrderName(id)
	order, ok := m.order(c, &m.sharedModel, what, diags)
	if !ok {
		return
	}
	m.ID, m.Completed, m.TimedOut = types.StringValue(id), types.BoolValue(false), types.BoolValue(false)
	look := func(ctx context.Context) (*client.ScriptOrder, gate.Seen, error) {
		info, err := c.ScriptOrder(ctx, order)
		if err != nil {
			return nil, gate.Seen{}, err
		}
		verdict := gate.JudgeOrder(id, info)
		return info, gate.Seen{Verdict: verdict.Verdict, Status: verdict.Status}, nil
	}
	reserve := time.Duration(0)
	if m.wantsDetails() {
		reserve = detailsReserve
	}
	ended, err := wait(ctx, m.waitModel, awaited{what, reserve, gate.OrderIsYoung(id, time.Now())}, look)
	if err != nil {
		m.failed(err, &m.sharedModel, what, diags)
		return
	}
	info := ended.Last
	verdict := gate.JudgeOrder(id, info)
	addWarnings(diags, what, info.Warnings)
	addDoubts(diags, what, ended.Doubts...)
	m.take(info, verdict)
	if ended.TimedOut {
		tally := ""
		if m.wantsDetails() {
			tally = readTally(ctx, c, order)
		}
		m.timedOut(what, ended.Seen, ended.Elapsed, ended.LastError, tally, diags)
		return
	}
	if m.wantsDetails() && verdict.NeedsDigest() {
		m.explain(ctx, c, order, verdict, diags)
	}
}

func (m *scriptOrderModel) wantsDetails() bool {
	return m.FailureDetails.IsNull() || m.FailureDetails.ValueBool()
}

// readTally words the counts of an order that did not end in time. Without them the message is only shorter.
func readTally(ctx context.Context, c *client.Client, order client.Order) string {
	statistics, err := c.ScriptOrderStatistics(ctx, order)
	if err != nil {
		return ""
	}
	return gate.JudgeStatistics(order.ExecuteUUID, statistics).TallyText()
}

// take fills in what the order itself tells.
func (m *scriptOrderModel) take(info *client.ScriptOrder, verdict gate.Order) {
	m.judged(verdict.Verdict)
	m.Completed = types.BoolValue(verdict.Completed)
	m.GmtCreated, m.GmtFinished, m.ExecuteCosts = info.GmtCreated, info.GmtFinished, info.ExecuteCosts
	m.Creator, m.Status = info.Creator, info.Status
	m.Properties = orderProperties(info.Properties)
	m.CreatedAt, m.FinishedAt = rfc3339(verdict.CreatedAt), rfc3339(verdict.FinishedAt)
	m.Duration = seconds(verdict.Duration())
}

// explain adds which hosts failed. The order's own data are good without.
func (m *scriptOrderModel) explain(
	ctx context.Context, c *client.Client, order client.Order, verdict gate.Order, diags *diag.Diagnostics,
) {
	digest, err := gate.ReadDigest(ctx, c, order)
	if err != nil {
		what := gate.OrderName(order.ExecuteUUID)
		diags.AddWarning("Cannot read the failure details of "+what, fmt.Sprintf("%s So counts, failed_hosts and failed_instances are "+
			"null; the order's own data are complete.\n\n%s", text.Sentence(err.Error()), advice(client.COC, err)))
		return
	}
	addWarnings(diags, gate.OrderName(order.ExecuteUUID)+" (failure details)", digest.Warnings)
	m.judged(verdict.WithDigest(order.ExecuteUUID, digest).Verdict)
	m.FailedHosts = digest.FailedHosts
	m.Failed = make([]failedInstanceModel, len(digest.FailedInstances))
	for i, failed := range digest.FailedInstances {
		log, truncated := logTail(failed.Message, m.LogTailBytes)
		m.Failed[i] = failedInstanceModel{
			BatchIndex: failed.BatchIndex, ResourceID: failed.ResourceID, HostName: failed.HostName, FixedIP: failed.FixedIP,
			Status: failed.Status, CreatedAt: rfc3339(failed.CreatedAt), FinishedAt: rfc3339(failed.FinishedAt),
			Duration: seconds(failed.Duration()), Log: log, LogTruncated: truncated,
		}
	}
}

func orderProperties(p *client.ScriptOrderProperties) *orderPropertiesModel {
	if p == nil {
		return nil
	}
	return &orderPropertiesModel{
		ScriptUUID: p.ScriptUUID, ScriptName: p.ScriptName,
		ScriptVersionUUID: p.ScriptVersionUUID, ScriptVersionName: p.ScriptVersionName,
		CurrentExecuteBatchIndex: p.CurrentExecuteBatchIndex, ScriptSource: p.ScriptSource,
		ExecuteParam: executeParam(p.ExecuteParam),
	}
}

func executeParam(p *client.ScriptExecuteParam) *executeParamModel {
	if p == nil {
		return nil
	}
	return &executeParamModel{
		Resourceful: p.Resourceful, Timeout: p.Timeout, SuccessRate: p.SuccessRate, ExecuteUser: p.ExecuteUser,
		ScriptParams: mapSlice(p.ScriptParams, func(param client.ScriptParam) scriptParamModel {
			return scriptParamModel{
				ParamName: param.ParamName, ParamValue: param.ParamValue, ParamOrder: param.ParamOrder,
				ParamRefer: (*paramReferModel)(param.ParamRefer),
			}
		}),
	}
}

// mapSlice converts a list, and keeps null apart from empty.
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
