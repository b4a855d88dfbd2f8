package gate

import (
	"context"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/hwgate/terraform-provider-hwgate/internal/client"
	"github.com/hwgate/terraform-provider-hwgate/internal/text"
)

// FailedInstance is an instance that ended without success.
type FailedInstance struct {
	Span

	BatchIndex                  int64
	ResourceID, FixedIP, Status *string
	HostName                    string
	// Message is the end of the log and may hold secrets; MessageTruncated reports that it is not the whole log.
	Message          *string
	MessageTruncated bool
}

// DefaultPageSize is the largest documented page size.
const DefaultPageSize = 50

const (
	// batchConcurrency bounds the batches that are read at a time, maxBatches those in all; an order has at most 20.
	batchConcurrency = 4
	maxBatches       = 100
	// maxFailed bounds the failed instances; an order has at most 200 instances. Terraform converts all of them, even after the deadline.
	maxFailed = 1000
)

// orderFailures are the failed instances of an order, sorted by batch, then in the API's order.
type orderFailures struct {
	instances []FailedInstance
	// total includes instances in batches that were not read.
	total        int64
	unreadFields []string
}

// readFailures reads the batches with a failed instance. An incomplete list is an error, since it would look better than the truth. Of
// more than maxBatches it reads the first ones, and returns them together with an error.
func readFailures(ctx context.Context, reader OrderReader, req OrderRequest, instances instancesVerdict) (*orderFailures, error) {
	tally := instances.Tally
	if tally.Failed > 0 && tally.FailedBatchIndexes == nil {
		return nil, untrusted("the statistics", "they do not say which batches have failed instances")
	}
	if tally.Failed > maxFailed {
		return nil, untrusted("the statistics", fmt.Sprintf("they count %d failed instances, and an order cannot have as many", tally.Failed))
	}
	indexes := tally.FailedBatchIndexes
	var cut error
	if len(indexes) > maxBatches {
		cut = fmt.Errorf("%d batches have failed instances, and only the first %d of them were read", len(indexes), maxBatches)
		indexes = indexes[:maxBatches]
	}
	batches, err := readBatches(ctx, reader, req.Order, indexes, req.LogTail)
	if err != nil {
		return nil, err
	}
	failures := &orderFailures{instances: []FailedInstance{}, total: tally.Failed}
	for i, batch := range batches {
		failures.unreadFields = append(failures.unreadFields, batch.Warnings...)
		for _, instance := range batch.ExecuteInstances {
			if isFinalFailure(normalize(*instance.Status)) {
				failures.instances = append(failures.instances, failedInstance(indexes[i], instance))
			}
		}
	}
	if listed := int64(len(failures.instances)); listed > tally.Failed || (cut == nil && listed < tally.Failed) {
		return nil, untrusted("the statistics", fmt.Sprintf("they count %s, but the batches list %d",
			plural(tally.Failed, "failed instance", "failed instances"), listed))
	}
	return failures, cut
}

// readBatches reads batches concurrently. It fails if the listing of any of them cannot be trusted.
func readBatches(
	ctx context.Context, reader OrderReader, order client.Order, indexes []int64, logTail int64,
) ([]*client.ScriptOrderBatch, error) {
	batches := make([]*client.ScriptOrderBatch, len(indexes))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(batchConcurrency)
	for i, index := range indexes {
		group.Go(func() error {
			if err := client.Interruption(ctx); err != nil {
				return err
			}
			asked := client.Batch{Order: order, BatchIndex: index, Limit: DefaultPageSize, LogTail: logTail}
			batch, err := reader.ScriptOrderBatch(ctx, asked)
			if err != nil {
				return fmt.Errorf("batch %d: %w", index, err)
			}
			if instances, _ := judgeBatch(asked, batch); instances.Tally == nil {
				return untrusted(fmt.Sprintf("batch %d", index), instances.Doubt)
			}
			batches[i] = batch
			return nil
		})
	}
	return batches, group.Wait()
}

func failedInstance(index int64, instance client.Instance) FailedInstance {
	failed := FailedInstance{
		Span: span(instance.GmtCreated, instance.GmtFinished), BatchIndex: index, Status: instance.Status,
		HostName: hostName(instance), Message: instance.Message, MessageTruncated: instance.MessageTruncated,
	}
	if target := instance.TargetInstance; target != nil {
		failed.ResourceID = target.ResourceID
		if target.Properties != nil {
			failed.FixedIP = target.Properties.FixedIP
		}
	}
	return failed
}

func (f *orderFailures) table() *table {
	rows := &table{head: []string{"failed host", "batch", "status", "address"}, total: f.total}
	for _, failed := range f.instances {
		batch := fmt.Sprint(failed.BatchIndex)
		rows.addNamed(failed.HostName+" (batch "+batch+")", failed.HostName, batch, deref(failed.Status), deref(failed.FixedIP))
	}
	return rows
}

// hostName is the name of an instance's host, else the host's id, else the id of the instance record.
func hostName(instance client.Instance) string {
	var candidates []*string
	if target := instance.TargetInstance; target != nil {
		if target.Properties != nil {
			candidates = append(candidates, target.Properties.HostName)
		}
		candidates = append(candidates, target.ResourceID)
	}
	for _, candidate := range slices.DeleteFunc(candidates, func(s *string) bool { return s == nil }) {
		if name := text.Plain(*candidate, maxNameLength); name != "" {
			return name
		}
	}
	if instance.ID == nil {
		return "unnamed instance"
	}
	return fmt.Sprintf("instance record %d", *instance.ID)
}
