package client

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
)

// Order selects a script order of COC.
type Order struct {
	Target
	ExecuteUUID string
	// UserProfile is sent as X-User-Profile unless empty.
	UserProfile string
}

// call is the request for the order, or the part of it at subpath.
func (o Order) call(c *Client, subpath ...string) call {
	header := http.Header{"X-Language": {c.cfg.Language}}
	if o.ProjectID != "" {
		header.Set("X-Project-Id", o.ProjectID)
	} else if c.cfg.DomainID.Value != "" {
		header.Set("X-Domain-Id", c.cfg.DomainID.Value)
	}
	if o.UserProfile != "" {
		header.Set("X-User-Profile", o.UserProfile)
	}
	path := append([]string{"v1", "job", "script", "orders", o.ExecuteUUID}, subpath...)
	return call{service: COC, target: o.Target, path: path, header: header}
}

// orderData decodes the object "data" of an answer of COC. It need not name the order, but must not name another one.
func orderData[T any](order Order, read func(fields) *T) func(fields) *T {
	return func(answer fields) *T {
		object := answer.need().object("data")
		if object == nil {
			answer.fail(ErrNoData) // no effect if the wrong type has been recorded
			return nil
		}
		object.echoText("execute_uuid", order.ExecuteUUID)
		return read(*object)
	}
}

// ScriptOrder is the basic information on a script order.
type ScriptOrder struct {
	// GmtCreated and GmtFinished are milliseconds since 1970, UTC.
	GmtCreated  *int64 `tfsdk:"gmt_created"`
	GmtFinished *int64 `tfsdk:"gmt_finished"`
	// ExecuteCosts is in milliseconds, although the API's page says seconds: its example has 311282 for times that are 311283 ms apart.
	ExecuteCosts *int64                 `tfsdk:"execute_costs"`
	Creator      *string                `tfsdk:"creator"`
	Status       *string                `tfsdk:"status" need:"true"`
	Properties   *ScriptOrderProperties `tfsdk:"properties" need:"true"`
	Warnings     []string               `tfsdk:"-"`
}

// ScriptOrderProperties says what an order runs.
type ScriptOrderProperties struct {
	ScriptUUID *string `tfsdk:"script_uuid"`
	ScriptName *string `tfsdk:"script_name"`
	// ScriptVersionUUID is a number in spite of its name.
	ScriptVersionUUID        *int64              `tfsdk:"script_version_uuid"`
	ScriptVersionName        *string             `tfsdk:"script_version_name"`
	CurrentExecuteBatchIndex *int64              `tfsdk:"current_execute_batch_index"`
	ScriptSource             *string             `tfsdk:"script_source"`
	ExecuteParam             *ScriptExecuteParam `tfsdk:"execute_param" need:"true"`
}

// ScriptExecuteParam says how an order runs its script.
type ScriptExecuteParam struct {
	Resourceful *bool `tfsdk:"resourceful"`
	// Timeout is in seconds.
	Timeout *int64 `tfsdk:"timeout"`
	// SuccessRate is the percentage of instances that must finish for the order to be FINISHED.
	SuccessRate  *float64      `tfsdk:"success_rate" need:"true"`
	ExecuteUser  *string       `tfsdk:"execute_user"`
	ScriptParams []ScriptParam `tfsdk:"script_params"`
}

// ScriptParam is an argument of a script. Its value may be a secret.
type ScriptParam struct {
	ParamName  *string           `tfsdk:"param_name"`
	ParamValue *string           `tfsdk:"param_value"`
	ParamOrder *int64            `tfsdk:"param_order"`
	ParamRefer *ScriptParamRefer `tfsdk:"param_refer"`
}

// ScriptParamRefer says where the value of an argument is stored.
type ScriptParamRefer struct {
	ReferType    *string `tfsdk:"refer_type"`
	ParamID      *string `tfsdk:"param_id"`
	ParamVersion *string `tfsdk:"param_version"`
}

// ScriptOrder reads the basic information of a script order.
//
// API: GET /v1/job/script/orders/{execute_uuid},
// https://support.huaweicloud.com/intl/en-us/api-coc/ShowScriptOrderBasicInfo.html
func (c *Client) ScriptOrder(ctx context.Context, order Order) (*ScriptOrder, error) {
	return get(ctx, c, order.call(c), orderData(order, func(f fields) *ScriptOrder {
		result := new(ScriptOrder)
		f.decode(result)
		result.Warnings = f.findings.warnings
		return result
	}))
}

// ScriptOrderStatistics counts the instances of a script order by status.
type ScriptOrderStatistics struct {
	TotalInstance     *int64              `tfsdk:"total_instance" need:"true"`
	ExecuteStatistics []InstanceStatistic `tfsdk:"execute_statistics" need:"true"`
}

// InstanceStatistic counts the instances with one status, and lists their batches.
type InstanceStatistic struct {
	InstanceStatus *string `tfsdk:"instance_status" need:"true"`
	InstanceCount  *int64  `tfsdk:"instance_count" need:"true"`
	BatchIndexes   []int64 `tfsdk:"batch_indexes" need:"true"`
}

// ScriptOrderStatistics counts the instances of a script order by status.
//
// API: GET /v1/job/script/orders/{execute_uuid}/statistics,
// https://support.huaweicloud.com/intl/en-us/api-coc/ShowScriptOrderStatistics.html
func (c *Client) ScriptOrderStatistics(ctx context.Context, order Order) (*ScriptOrderStatistics, error) {
	return get(ctx, c, order.call(c, "statistics"), orderData(order, func(f fields) *ScriptOrderStatistics {
		result := new(ScriptOrderStatistics)
		f.decode(result)
		return result
	}))
}

// Batch selects instances of a batch of a script order.
type Batch struct {
	Order
	BatchIndex int64
	// Status lists the instances with one status only; empty lists all.
	Status string
	// Limit is the size of a page.
	Limit int64
	// Marker lists only what follows the instance record with this id; 0 starts at the beginning.
	Marker int64
	// LogTail is how many bytes to keep of the end of each log, cut between characters: 0 none, -1 all.
	LogTail int64
}

// Partial reports whether only a part of the batch is selected.
func (b Batch) Partial() bool { return b.Status != "" || b.Marker != 0 }

// ScriptOrderBatch has the selected instances of a batch, from all pages.
type ScriptOrderBatch struct {
	// TotalInstances is the total of the last page. TotalChanged reports that another page had a different one.
	TotalInstances   *int64     `tfsdk:"total_instances" need:"true"`
	TotalChanged     bool       `tfsdk:"-"`
	ExecuteInstances []Instance `tfsdk:"execute_instances" api:"-"`
	Warnings         []string   `tfsdk:"-"`
}

// Instance is the run of a script order on one host.
type Instance struct {
	// ID identifies the record, and is the marker of the next page.
	ID *int64 `tfsdk:"id" need:"true"`
	// GmtCreated and GmtFinished are milliseconds since 1970, UTC; ExecuteCosts is in milliseconds too.
	GmtCreated   *int64  `tfsdk:"gmt_created"`
	GmtFinished  *int64  `tfsdk:"gmt_finished"`
	ExecuteCosts *int64  `tfsdk:"execute_costs"`
	Status       *string `tfsdk:"status" need:"true"`
	// Message is the end of the log, see LogTail, and may hold secrets. MessageTruncated reports that it is not the whole log.
	Message          *string         `tfsdk:"message" api:"-"`
	MessageTruncated bool            `tfsdk:"-"`
	TargetInstance   *TargetInstance `tfsdk:"target_instance"`
}

// TargetInstance is the host of an instance.
type TargetInstance struct {
	ResourceID       *string           `tfsdk:"resource_id"`
	Provider         *string           `tfsdk:"provider"`
	RegionID         *string           `tfsdk:"region_id"`
	Type             *string           `tfsdk:"type"`
	ProjectID        *string           `tfsdk:"project_id"`
	AgentSN          *string           `tfsdk:"agent_sn"`
	AgentStatus      *string           `tfsdk:"agent_status"`
	CustomAttributes []CustomAttribute `tfsdk:"custom_attributes"`
	Properties       *TargetProperties `tfsdk:"properties"`
}

// CustomAttribute is a custom attribute of a host.
type CustomAttribute struct {
	Key   *string `tfsdk:"key"`
	Value *string `tfsdk:"value"`
}

// TargetProperties are further attributes of a host. The API's page calls them deprecated, but the service still sends them.
type TargetProperties struct {
	HostName    *string `tfsdk:"host_name"`
	FixedIP     *string `tfsdk:"fixed_ip"`
	FloatingIP  *string `tfsdk:"floating_ip"`
	RegionID    *string `tfsdk:"region_id"`
	ZoneID      *string `tfsdk:"zone_id"`
	Application *string `tfsdk:"application"`
	Group       *string `tfsdk:"group"`
	ProjectID   *string `tfsdk:"project_id"`
}

// maxInstances bounds a listing. The service allows 10 instances per batch and 200 per order.
const maxInstances = 1000

// ScriptOrderBatch lists the instances of a batch, page by page. A page is malformed if it repeats an instance or has one without an id.
//
// API: GET /v1/job/script/orders/{execute_uuid}/batches/{batch_index},
// https://support.huaweicloud.com/intl/en-us/api-coc/ShowScriptOrdersBatchDetail.html
func (c *Client) ScriptOrderBatch(ctx context.Context, batch Batch) (*ScriptOrderBatch, error) {
	var whole *ScriptOrderBatch
	seen := map[int64]bool{}
	for marker := batch.Marker; ; {
		page, err := c.batchPage(ctx, batch, marker, seen)
		if err != nil {
			return nil, err
		}
		if whole == nil {
			whole = page
		} else {
			// An empty page need not repeat the total.
			if page.TotalInstances != nil || len(page.ExecuteInstances) > 0 {
				whole.TotalChanged = whole.TotalChanged || !equal(whole.TotalInstances, page.TotalInstances)
				whole.TotalInstances = page.TotalInstances
			}
			whole.ExecuteInstances = append(whole.ExecuteInstances, page.ExecuteInstances...)
			whole.Warnings = append(whole.Warnings, page.Warnings...)
		}
		// The last page is empty, or it is short and completes the batch: a service that caps the limit sends short pages too.
		size, listed := int64(len(page.ExecuteInstances)), int64(len(whole.ExecuteInstances))
		complete := !batch.Partial() && !whole.TotalChanged && whole.TotalInstances != nil && listed == *whole.TotalInstances
		if size == 0 || (size < batch.Limit && complete) {
			return whole, nil
		}
		marker = *page.ExecuteInstances[size-1].ID
	}
}

func equal(a, b *int64) bool { return (a == nil) == (b == nil) && (a == nil || *a == *b) }

// batchPage reads one page, and checks that the pages advance.
func (c *Client) batchPage(ctx context.Context, batch Batch, marker int64, seen map[int64]bool) (*ScriptOrderBatch, error) {
	call := batch.call(c, "batches", strconv.FormatInt(batch.BatchIndex, 10))
	call.query = url.Values{"limit": {strconv.FormatInt(batch.Limit, 10)}}
	// The first page has no marker: the meaning of marker=0 depends on the order of the rows, which is not documented.
	if marker != 0 {
		call.query.Set("marker", strconv.FormatInt(marker, 10))
	}
	if batch.Status != "" {
		call.query.Set("status", batch.Status)
	}
	return get(ctx, c, call, orderData(batch.Order, func(f fields) *ScriptOrderBatch {
		f.echoInteger("batch_index", batch.BatchIndex)
		page := new(ScriptOrderBatch)
		f.decode(page)
		page.ExecuteInstances = list(f.need(), "execute_instances", func(f fields) Instance {
			return readInstance(f, batch.LogTail)
		})
		page.Warnings = f.findings.warnings
		for _, instance := range page.ExecuteInstances {
			switch {
			case instance.ID == nil || *instance.ID <= 0:
				f.malformed("an instance has no id, so the next page cannot be asked for")
			case seen[*instance.ID] || *instance.ID == marker:
				f.malformed(fmt.Sprintf("the instance with the id %d is listed twice, so the pages do not advance", *instance.ID))
			case len(seen) >= maxInstances:
				f.malformed(fmt.Sprintf("the batch lists more than %d instances", maxInstances))
			default:
				seen[*instance.ID] = true
			}
		}
		return page
	}))
}

// readInstance decodes an instance, with the last logTail bytes of its log.
func readInstance(f fields, logTail int64) Instance {
	var instance Instance
	f.decode(&instance)
	instance.Message, instance.MessageTruncated = f.log("message", logTail)
	return instance
}
