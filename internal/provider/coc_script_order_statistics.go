package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/hwgate/terraform-provider-hwgate/internal/client"
	"github.com/hwgate/terraform-provider-hwgate/internal/gate"
)

var scriptOrderStatistics = source{
	name: "coc_script_order_statistics", service: client.COC, schema: scriptOrderStatisticsSchema, goodResult: goodSuccess,
	newModel: func() model { return &scriptOrderStatisticsModel{} },
}

type scriptOrderStatisticsModel struct {
	sharedModel
	orderModel
	tallyModel
	noValidation
	noWait
	client.ScriptOrderStatistics

	FailedBatchIndexes []int64 `tfsdk:"failed_batch_indexes"`
}

func scriptOrderStatisticsSchema() schema.Schema {
	return schema.Schema{
		MarkdownDescription: "Counts of the instances of a script order of Cloud Operations Center (COC) by status, with a verdict on " +
			"all of them. Needs the permission `coc:job:get`. API: [GET /v1/job/script/orders/{execute_uuid}/statistics]" +
			"(https://support.huaweicloud.com/intl/en-us/api-coc/ShowScriptOrderStatistics.html).",
		Attributes: mergeAttributes(
			sharedAttributes("`execute_uuid`", cocProjectDescription, statusWords(gate.InstanceStatuses())),
			orderAttributes(),
			tallyAttributes("the order", "Null if the counts cannot be trusted."),
			map[string]schema.Attribute{
				"total_instance": computedInt64("Number of instances of the order. Null if the answer leaves it out."),
				"execute_statistics": computedObjects("Rows of the answer, one a status. Null if the answer leaves them out.",
					map[string]schema.Attribute{
						"instance_status": computedString("Status in COC's own word."),
						"instance_count":  computedInt64("Number of instances with the status."),
						"batch_indexes":   computedList(types.Int64Type, "Batches, from 1, that have an instance with the status."),
					}),
				"failed_batch_indexes": computedList(types.Int64Type,
					"Batches, from 1, with an instance that ended without success, sorted. Null if the counts cannot be "+
						"trusted, or the answer does not say which batches they are."),
			},
		),
	}
}

func (m *scriptOrderStatisticsModel) objectName() string {
	return gate.StatisticsName(m.ExecuteUUID.ValueString())
}

func (m *scriptOrderStatisticsModel) read(ctx context.Context, c *client.Client, _ *gate.Wait) (*gate.Report, error) {
	order, err := m.order(c, &m.sharedModel)
	if err != nil {
		return nil, err
	}
	report, err := gate.ReadStatistics(ctx, c, order, m.IgnoreNotFound.ValueBool())
	if err != nil {
		return nil, err
	}
	m.Exists = types.BoolValue(report.Outcome != gate.NotFound)
	m.setTally(report.Completed, report.Tally)
	if report.Tally != nil {
		m.FailedBatchIndexes = report.Tally.FailedBatchIndexes
	}
	if report.Statistics != nil {
		m.ScriptOrderStatistics = *report.Statistics
	}
	return m.setReport(order.ExecuteUUID, &report.Report), nil
}
