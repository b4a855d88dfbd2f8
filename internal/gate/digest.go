package gate

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/hwgate/terraform-provider-hwgate/internal/client"
)

// Digest says why an order failed: how its instances ended, and which hosts did not make it.
type Digest struct {
	Instances       Instances
	FailedHosts     []string
	FailedInstances []FailedInstance
	// Warnings name informational fields of an unexpected type.
	Warnings []string
}

// FailedInstance is an instance that is final without success.
type FailedInstance struct {
	Span

	BatchIndex                  int64
	ResourceID, FixedIP, Status *string
	HostName                    string
	// Message is the whole log. It may hold secrets.
	Message *string
}

// InstanceReader reads what a digest is made of. The client is one.
type InstanceReader interface {
	ScriptOrderStatistics(ctx context.Context, order client.Order) (*client.ScriptOrderStatistics, error)
	ScriptOrderBatch(ctx context.Context, batch client.Batch) (*client.ScriptOrderBatch, error)
}

// DefaultPageSize is the largest page that the API's pages promise.
const DefaultPageSize = 50

// batchesAtOnce bounds how many batches are read side by side; an order has twenty at the most.
const batchesAtOnce = 4

// ReadDigest reads the statistics of an order, and then only the batches that have a failed instance. A digest that is not
// whole is an error: a list that lacks a failed host would pass for good news.
func ReadDigest(ctx context.Context, reader InstanceReader, order client.Order) (*Digest, error) {
	statistics, err := reader.ScriptOrderStatistics(ctx, order)
	if err != nil {
		return nil, err
	}
	digest := &Digest{Instances: JudgeStatistics(order.ExecuteUUID, statistics), Warnings: statistics.Warnings}
	tally := digest.Instances.Tally
	switch {
	case tally == nil:
		return nil, fmt.Errorf("the statistics cannot be trusted: %s", digest.Instances.Doubt)
	case tally.Failed > 0 && tally.FailedBatchIndexes == nil:
		return nil, errors.New("the statistics do not say which batches have failed instances")
	}
	batches := make([]*client.ScriptOrderBatch, len(tally.FailedBatchIndexes))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(batchesAtOnce)
	for i, index := range tally.FailedBatchIndexes {
		group.Go(func() error {
			asked := client.Batch{Order: order, BatchIndex: index, Limit: DefaultPageSize}
			batch, err := reader.ScriptOrderBatch(ctx, asked)
			if err != nil {
				return fmt.Errorf("batch %d: %w", index, err)
			}
			if verdict := JudgeBatch(asked, batch); verdict.Tally == nil {
				return fmt.Errorf("batch %d cannot be trusted: %s", index, verdict.Doubt)
			}
			batches[i] = batch
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	digest.FailedHosts, digest.FailedInstances = []string{}, []FailedInstance{}
	for i, batch := range batches {
		digest.Warnings = append(digest.Warnings, batch.Warnings...)
		for _, instance := range batch.ExecuteInstances {
			if finalFailure(normalize(*instance.Status)) {
				digest.FailedInstances = append(digest.FailedInstances, failedInstance(tally.FailedBatchIndexes[i], instance))
				digest.FailedHosts = append(digest.FailedHosts, HostName(instance))
			}
		}
	}
	if listed := int64(len(digest.FailedInstances)); listed != tally.Failed {
		return nil, fmt.Errorf("the statistics count %d failed instances, but the batches list %d", tally.Failed, listed)
	}
	return digest, nil
}

func failedInstance(index int64, instance client.Instance) FailedInstance {
	failed := FailedInstance{
		Span: span(instance.GmtCreated, instance.GmtFinished), BatchIndex: index,
		Status: instance.Status, HostName: HostName(instance), Message: instance.Message,
	}
	if target := instance.TargetInstance; target != nil {
		failed.ResourceID = target.ResourceID
		if target.Properties != nil {
			failed.FixedIP = target.Properties.FixedIP
		}
	}
	return failed
}
