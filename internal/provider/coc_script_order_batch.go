package provider

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/hwgate/terraform-provider-hwgate/internal/client"
	"github.com/hwgate/terraform-provider-hwgate/internal/gate"
)

var scriptOrderBatch = source{
	name: "coc_script_order_batch", service: client.COC, schema: scriptOrderBatchSchema, goodResult: goodSuccess,
	newModel: func() model { return &scriptOrderBatchModel{} },
}

type scriptOrderBatchModel struct {
	sharedModel
	orderModel
	tallyModel
	noValidation
	noWait
	client.ScriptOrderBatch

	BatchIndex   types.Number `tfsdk:"batch_index"`
	Status       types.String `tfsdk:"status"`
	Limit        types.Number `tfsdk:"limit"`
	Marker       types.Number `tfsdk:"marker"`
	LogTailBytes types.Number `tfsdk:"log_tail_bytes"`

	FailedHosts []string `tfsdk:"failed_hosts"`
}

func scriptOrderBatchSchema() schema.Schema {
	const null = "Null if the counts cannot be trusted, or the listing is filtered."
	return schema.Schema{
		MarkdownDescription: "Instances of one batch of a script order of Cloud Operations Center (COC), all pages of them, with their " +
			"logs and a verdict on the batch. Needs the permission `coc:job:get`. API: " +
			"[GET /v1/job/script/orders/{execute_uuid}/batches/{batch_index}]" +
			"(https://support.huaweicloud.com/intl/en-us/api-coc/ShowScriptOrdersBatchDetail.html).",
		Attributes: mergeAttributes(
			sharedAttributes("`execute_uuid`/`batch_index`", cocProjectDescription, statusWords(gate.InstanceStatuses())),
			orderAttributes(),
			tallyAttributes("the batch", null),
			map[string]schema.Attribute{
				"batch_index": schema.NumberAttribute{
					Required:            true,
					Validators:          []validator.Number{atLeast(1)},
					MarkdownDescription: "Batch to list, from 1.",
				},
				"status": optionalString(oneOf("READY", "PROCESSING", "ABNORMAL", "CANCELED", "FINISHED"),
					"Lists only instances with this status: READY, PROCESSING, ABNORMAL, CANCELED or FINISHED. Default: "+
						"all. A filtered listing proves nothing about the batch: `outcome` is `unknown` and the counts are null."),
				"limit": optionalNumber(wholeNumber{1, 100},
					"Size of a page, from 1 to 100. Every page is read. Default: 50, the most that the API promises."),
				"marker": optionalNumber(atLeast(1),
					"Lists only what comes after the instance record with this `id`, which makes it a filtered listing. "+
						"Default: all."),
				"log_tail_bytes": logTailAttribute(),

				"total_instances": computedInt64("Number of instances that the batch announces. Null if the answer leaves it out."),
				"execute_instances": computedObjects(
					"Instances in the API's order. More than 1,000 are an error. Null if the answer leaves them out.", instanceAttributes()),
				"failed_hosts": computedList(types.StringType,
					"Hosts of the instances that ended without success, in the API's order. A host without a name is listed "+
						"by its id. "+null),
			},
		),
	}
}

func instanceAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"id":           computedInt64("Id of the instance record, as `marker` takes it."),
		"gmt_created":  computedInt64("When the instance began, in milliseconds since 1970, UTC."),
		"gmt_finished": computedInt64("When the instance ended, in milliseconds since 1970, UTC. Null until then."),
		"execute_costs": computedInt64(
			"How long the instance took, in milliseconds as in the example of the API's page, which says seconds. Null until it ended."),
		"status":  computedString("Status in COC's own word: " + strings.Join(gate.InstanceStatuses(), ", ") + ", or a new one."),
		"message": secretString("End of the log, as long as `log_tail_bytes` says. Null if the answer has no log."),
		"target_instance": computedObject("Host of the instance. Null if the answer leaves it out.", map[string]schema.Attribute{
			"resource_id":  computedString("Id of the host."),
			"provider":     computedString("Service of the host, such as ECS."),
			"region_id":    computedString("Region of the host."),
			"type":         computedString("Kind of the host, such as CLOUDSERVER."),
			"project_id":   computedString("Project of the host. The API's page shows it in its example only."),
			"agent_sn":     computedString("Management id of the agent on the host; deprecated, says the API's page."),
			"agent_status": computedString("Status of the agent on the host; deprecated, says the API's page."),
			"custom_attributes": computedObjects(
				"Pairs that were attached to the host, five at most. Null if the answer leaves them out.", map[string]schema.Attribute{
					"key":   computedString("Key of the pair."),
					"value": computedString("Value of the pair."),
				}),
			"properties": computedObject(
				"Further attributes of the host; deprecated, says the API's page. Null if the answer leaves them out.", map[string]schema.Attribute{
					"host_name":   computedString("Name of the host."),
					"fixed_ip":    computedString("Private IP address."),
					"floating_ip": computedString("Elastic IP address."),
					"region_id":   computedString("Region."),
					"zone_id":     computedString("Availability zone."),
					"application": computedString("Application in CloudCMDB."),
					"group":       computedString("Group in CloudCMDB."),
					"project_id":  computedString("Project."),
				}),
		}),
	}
}

func (m *scriptOrderBatchModel) objectName() string {
	return gate.BatchName(m.ExecuteUUID.ValueString(), int64Or(m.BatchIndex, 0))
}

func (m *scriptOrderBatchModel) read(ctx context.Context, c *client.Client, _ *gate.Wait) (*gate.Report, error) {
	req := gate.BatchRequest{
		Batch: client.Batch{
			BatchIndex: int64Or(m.BatchIndex, 0), Status: m.Status.ValueString(), Limit: int64Or(m.Limit, gate.DefaultPageSize),
			Marker: int64Or(m.Marker, 0), LogTail: int64Or(m.LogTailBytes, defaultLogTail),
		},
		IgnoreNotFound: m.IgnoreNotFound.ValueBool(),
	}
	var err error
	if req.Order, err = m.order(c, &m.sharedModel); err != nil {
		return nil, err
	}
	report, err := gate.ReadBatch(ctx, c, req)
	if err != nil {
		return nil, err
	}
	m.Exists = types.BoolValue(report.Outcome != gate.NotFound)
	m.setTally(report.Completed, report.Tally)
	m.FailedHosts = report.FailedHosts
	if report.Batch != nil {
		m.ScriptOrderBatch = *report.Batch
	}
	return m.setReport(fmt.Sprintf("%s/%d", req.ExecuteUUID, req.BatchIndex), &report.Report), nil
}
