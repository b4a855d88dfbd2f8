package provider

import (
	"context"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/hwgate/terraform-provider-hwgate/internal/client"
	"github.com/hwgate/terraform-provider-hwgate/internal/gate"
)

var scriptOrder = source{
	name: "coc_script_order", service: client.COC, schema: scriptOrderSchema, goodResult: goodSuccess, waits: true,
	newModel: func() model { return &scriptOrderModel{} },
	details:  "failure details", withoutDetails: "So counts, failed_hosts and failed_instances are null; everything else is complete.",
	actionDetails: "Whether to read the statistics of the order. **With `false`, nothing confirms that a FINISHED order succeeded**: the status alone " +
		"decides. The statistics count its instances in the lines of progress, confirm a FINISHED order, which is `unknown` until then, and lead to the names " +
		"of what failed. Costs one request for each read, and one for each 50 instances of the batches with a failed one. Default: `true`.",
}

type scriptOrderModel struct {
	sharedModel
	orderModel
	pollModel
	completionModel
	sinceModel
	noValidation
	client.ScriptOrder

	FailureDetails types.Bool   `tfsdk:"failure_details"`
	LogTailBytes   types.Number `tfsdk:"log_tail_bytes"`

	CreatedAt   *string               `tfsdk:"created_at"`
	FinishedAt  *string               `tfsdk:"finished_at"`
	Duration    *float64              `tfsdk:"duration_seconds"`
	FailedHosts []string              `tfsdk:"failed_hosts"`
	Failed      []failedInstanceModel `tfsdk:"failed_instances"`
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

func scriptOrderSchema() schema.Schema {
	return schema.Schema{
		MarkdownDescription: "Status of a script order of Cloud Operations Center (COC): whether it has ended and succeeded, and on which " +
			"hosts it failed. Needs the permission `coc:job:get`. API: " +
			"[GET /v1/job/script/orders/{execute_uuid}]" +
			"(https://support.huaweicloud.com/intl/en-us/api-coc/ShowScriptOrderBasicInfo.html).",
		Attributes: mergeAttributes(
			sharedAttributes("`execute_uuid`", cocProjectDescription, statusWords(gate.InstanceStatuses())+"; read with `failure_details` when "+
				"the order is completed or paused"),
			orderAttributes(),
			pollAttributes(),
			completionAttributes("Whether the order has ended: by its status, or by its finishing time if the status is new. A FINISHED order "+
				"has ended once its statistics confirm that, or show no instance."),
			map[string]schema.Attribute{
				"since": sinceAttribute("Refuses an old success, which opens a gate without it: an order that COC created before this time, or whose creation " +
					"time is missing or in the future, is `unknown`; only a failed or canceled one stays that. Its instances are not read, and a wait ends " +
					"with it at once."),
				"failure_details": optionalBool(
					"Whether to read the instances of an order that has ended or is paused. **With `false`, nothing confirms that a FINISHED order " +
						"succeeded**: the status alone decides, and `counts`, `failed_hosts` and `failed_instances` are null. What cannot be read, or is beyond " +
						"100 batches or 1,000 failed instances, is a warning. The page of the data source has a table. Default: `true`."),
				"log_tail_bytes": logTailAttribute(),

				"gmt_created":  computedInt64("When the order was created, in milliseconds since 1970, UTC."),
				"gmt_finished": computedInt64("When the order ended, in milliseconds since 1970, UTC. Null until then."),
				"execute_costs": computedInt64("How long the order took, in milliseconds as in the example of the API's page, which says seconds. " +
					"Null until it has ended."),
				"creator":          computedString("User who created the order."),
				"status":           computedString("Status in COC's own word: " + strings.Join(gate.OrderStatuses(), ", ") + ", or a new one."),
				"properties":       computedObject("What the order runs. Null if the answer leaves it out.", orderPropertiesAttributes()),
				"created_at":       computedString("`gmt_created` in RFC 3339, UTC."),
				"finished_at":      computedString("`gmt_finished` in RFC 3339, UTC. Null until the order ended."),
				"duration_seconds": computedFloat64("Seconds from `gmt_created` to `gmt_finished`. Null until both are known."),
				"failed_hosts": computedList(types.StringType,
					"Hosts of the instances that ended without success, by batch, then in the API's order. A host without a "+
						"name is listed by its id. Null if they were not read."),
				"failed_instances": computedObjects(
					"Instances that ended without success, in the order of `failed_hosts`. Null if they were not read. API: "+
						"[GET /v1/job/script/orders/{execute_uuid}/batches/{batch_index}]"+
						"(https://support.huaweicloud.com/intl/en-us/api-coc/ShowScriptOrdersBatchDetail.html).", failedInstanceAttributes()),
			},
		),
	}
}

func orderPropertiesAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"script_uuid":                 computedString("Id of the script."),
		"script_name":                 computedString("Name of the script."),
		"script_version_uuid":         computedInt64("Id of the script's version: a number, despite its name."),
		"script_version_name":         computedString("Name of the script's version."),
		"current_execute_batch_index": computedInt64("Batch that runs, from 1. Null if the answer leaves it out."),
		"script_source":               computedString("Kind of the script, such as CUSTOM_SCRIPT. The API's page shows it in its example only."),
		"execute_param": computedObject("How the script is run. Null if the answer leaves it out.", map[string]schema.Attribute{
			"resourceful": computedBool("Deprecated and without effect, says the API's page."),
			"timeout":     computedInt64("Time limit of the script, in seconds."),
			"success_rate": computedFloat64("Percentage of instances that must finish for the order to be FINISHED. The check with " +
				"`failure_details` takes a value outside 1 to 100, such as the fraction 0.9, for 100: all instances have to finish."),
			"execute_user": computedString("User on the host that runs the script."),
			"script_params": computedObjects("Arguments of the script. Null if the answer leaves them out.", map[string]schema.Attribute{
				"param_name":  computedString("Name of the argument."),
				"param_value": secretString("Value of the argument. Empty when `param_refer` names where it is kept."),
				"param_order": computedInt64("Deprecated and without effect, says the API's page."),
				"param_refer": computedObject("Where the value is kept. Null if the value is given directly.", map[string]schema.Attribute{
					"refer_type":    computedString("Kind of the store, such as PARAM_STORE."),
					"param_id":      computedString("Id of the stored parameter."),
					"param_version": computedString("Version of the stored parameter."),
				}),
			}),
		}),
	}
}

func failedInstanceAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"batch_index":      computedInt64("Batch of the instance, from 1."),
		"resource_id":      computedString("Id of the host."),
		"host_name":        computedString("Name of the host; without one its id, or that of the instance record. Never null."),
		"fixed_ip":         computedString("Private IP address of the host."),
		"status":           computedString("Status in COC's own word."),
		"created_at":       computedString("When the instance began, in RFC 3339, UTC."),
		"finished_at":      computedString("When the instance ended, in RFC 3339, UTC."),
		"duration_seconds": computedFloat64("Seconds from `created_at` to `finished_at`. Null until both are known."),
		"log":              secretString("End of the log, as long as `log_tail_bytes` says. Null if the answer has no log."),
		"log_truncated":    computedBool("Whether `log` is not the whole log."),
	}
}

func (m *scriptOrderModel) wait() *waitModel {
	return &waitModel{
		pollModel: m.pollModel, argument: "wait_for_completion", enabled: m.WaitForCompletion, throughPause: m.WaitThroughPause,
	}
}

func (m *scriptOrderModel) objectName() string { return gate.OrderName(m.ExecuteUUID.ValueString()) }

func (m *scriptOrderModel) read(ctx context.Context, c *client.Client, wait *gate.Wait) (*gate.Report, error) {
	order, err := m.order(c, &m.sharedModel)
	if err != nil {
		return nil, err
	}
	since, err := m.since(time.Now())
	if err != nil {
		return nil, err
	}
	report, err := gate.ReadOrder(ctx, c, gate.OrderRequest{
		Order: order, Wait: wait, Details: boolOr(m.FailureDetails, true), LogTail: int64Or(m.LogTailBytes, defaultLogTail),
		Since: since, Now: c.Now, IgnoreNotFound: m.IgnoreNotFound.ValueBool(),
	})
	if err != nil {
		return nil, err
	}
	m.Exists = types.BoolValue(report.Outcome != gate.NotFound)
	m.Completed, m.TimedOut = types.BoolValue(report.Completed), types.BoolValue(report.Timeout != nil)
	if report.Order != nil {
		m.ScriptOrder = *report.Order
	}
	m.CreatedAt, m.FinishedAt, m.Duration = rfc3339(report.CreatedAt), rfc3339(report.FinishedAt), seconds(report.Duration())
	m.Failed = mapSlice(report.Failures, newFailedInstanceModel)
	m.FailedHosts = mapSlice(report.Failures, func(failed gate.FailedInstance) string { return failed.HostName })
	return m.setReport(order.ExecuteUUID, &report.Report), nil
}

func newFailedInstanceModel(failed gate.FailedInstance) failedInstanceModel {
	return failedInstanceModel{
		BatchIndex: failed.BatchIndex, ResourceID: failed.ResourceID, HostName: failed.HostName, FixedIP: failed.FixedIP,
		Status: failed.Status, CreatedAt: rfc3339(failed.CreatedAt), FinishedAt: rfc3339(failed.FinishedAt),
		Duration: seconds(failed.Duration()), Log: failed.Message, LogTruncated: failed.MessageTruncated,
	}
}
