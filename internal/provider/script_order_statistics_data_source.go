package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/hwgate/terraform-provider-hwgate/internal/client"
	"github.com/hwgate/terraform-provider-hwgate/internal/gate"
)

func newScriptOrderStatistics() datasource.DataSource {
	return &dataSource[scriptOrderStatisticsModel, *scriptOrderStatisticsModel]{
		name: "coc_script_order_statistics", schema: scriptOrderStatisticsSchema,
	}
}

type scriptOrderStatisticsModel struct {
	sharedModel
	orderModel
	tallyModel
	notWaiting

	TotalInstance      *int64                   `tfsdk:"total_instance"`
	ExecuteStatistics  []instanceStatisticModel `tfsdk:"execute_statistics"`
	FailedBatchIndexes []int64                  `tfsdk:"failed_batch_indexes"`
}

type instanceStatisticModel struct {
	InstanceStatus *string `tfsdk:"instance_status"`
	InstanceCount  *int64  `tfsdk:"instance_count"`
	BatchIndexes   []int64 `tfsdk:"batch_indexes"`
}

func scriptOrderStatisticsSchema(ctx context.Context) schema.Schema {
	return schema.Schema{
		MarkdownDescription: "Counts of the instances of a script order of Cloud Operations Center (COC) by status, with a verdict on " +
			"all of them. Needs the permission `coc:job:get`. API: [GET /v1/job/script/orders/{execute_uuid}/statistics]" +
			"(https://support.huaweicloud.com/intl/en-us/api-coc/ShowScriptOrderStatistics.html).",
		Attributes: attributes(
			sharedAttributes("`execute_uuid`", cocProject, "READY, PROCESSING, ABNORMAL, CANCELED, FINISHED, ROLLBACKED and any new word as it comes"),
			orderAttributes(),
			tallyAttributes("the order", "Null when the counts cannot be trusted."),
			map[string]schema.Attribute{
				"total_instance": computedInt64("Number of instances of the order. Null when the answer leaves it out."),
				"execute_statistics": schema.ListNestedAttribute{
					Computed:            true,
					MarkdownDescription: "Rows of the answer, one a status. Null when the answer leaves them out.",
					NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
						"instance_status": computedString("Status in COC's own word."),
						"instance_count":  computedInt64("Number of instances with the status."),
						"batch_indexes": schema.ListAttribute{
							Computed:            true,
							ElementType:         types.Int64Type,
							MarkdownDescription: "Batches, from 1, that have an instance with the status.",
						},
					}},
				},
				"failed_batch_indexes": schema.ListAttribute{
					Computed:    true,
					ElementType: types.Int64Type,
					MarkdownDescription: "Batches, from 1, that have an instance which is final without success, sorted. Null when the counts " +
						"cannot be trusted, or the answer does not say which batches they are.",
				},
			},
		),
		Blocks: map[string]schema.Block{"timeouts": timeoutsBlock(ctx, timeoutDescription)},
	}
}

func (m *scriptOrderStatisticsModel) read(ctx context.Context, c *client.Client, diags *diag.Diagnostics) {
	id := m.ExecuteUUID.ValueString()
	what := gate.StatisticsName(id)
	order, ok := m.order(c, &m.sharedModel, what, diags)
	if !ok {
		return
	}
	m.ID, m.Completed = types.StringValue(id), types.BoolValue(false)
	statistics, err := c.ScriptOrderStatistics(ctx, order)
	if err != nil {
		m.failed(err, &m.sharedModel, what, diags)
		return
	}
	verdict := gate.JudgeStatistics(id, statistics)
	addWarnings(diags, what, statistics.Warnings)
	addDoubts(diags, what, verdict.Doubt)
	m.judged(verdict.Verdict)
	m.counted(verdict)
	if verdict.Tally != nil {
		m.FailedBatchIndexes = verdict.Tally.FailedBatchIndexes
	}
	m.TotalInstance = statistics.TotalInstance
	m.ExecuteStatistics = mapSlice(statistics.ExecuteStatistics, func(row client.InstanceStatistic) instanceStatisticModel {
		return instanceStatisticModel(row)
	})
}
