package gate

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/hwgate/terraform-provider-hwgate/internal/client"
)

// InstanceStatuses are the documented statuses of an instance.
func InstanceStatuses() []string {
	return []string{ready, processing, abnormal, canceled, finished, rolledBack}
}

// instancesVerdict is the verdict on the instances of an order or batch.
type instancesVerdict struct {
	Verdict

	// Tally is nil if the counts cannot be trusted: one is missing or negative, they do not add up to the total, or only a part was
	// listed. Zeros would open a gate that checks for no failures.
	Tally *Tally
}

// Tally counts instances by their result.
type Tally struct {
	Total, Finished int64
	// Failed counts all instances that ended without success, including the Canceled ones.
	Failed, Canceled int64
	// Unfinished counts all others, including those with an unknown status.
	Unfinished int64
	// SuccessRate is in percent; 0 if there are no instances.
	SuccessRate float64
	// FailedBatchIndexes are the batches with a failed instance, sorted; nil if not known.
	FailedBatchIndexes []int64
}

// isFinalFailure reports whether an instance with this status has ended without success.
func isFinalFailure(status string) bool {
	switch status {
	case abnormal, errored, rolledBack, canceled:
		return true
	default:
		return false
	}
}

// StatisticsReport is the report on the instances of an order.
type StatisticsReport struct {
	Report

	// Tally is nil if the counts cannot be trusted.
	Tally *Tally
	// Statistics is nil if COC does not know the order.
	Statistics *client.ScriptOrderStatistics
}

// StatisticsName names the instances of an order.
func StatisticsName(id string) string { return "instances of " + OrderName(id) }

// ReadStatistics reads how many instances of an order have which status.
func ReadStatistics(ctx context.Context, reader OrderReader, order client.Order, ignoreNotFound bool) (*StatisticsReport, error) {
	name := StatisticsName(order.ExecuteUUID)
	statistics, err := reader.ScriptOrderStatistics(ctx, order)
	switch {
	case client.IsNotFound(err) && ignoreNotFound:
		return &StatisticsReport{Report: missingOrder(name, err)}, nil
	case err != nil:
		return nil, err
	}
	instances := judgeStatistics(statistics)
	batches := ""
	if instances.Tally != nil && len(instances.Tally.FailedBatchIndexes) > 0 {
		batches = "failed batches: " + joinAllNames(formatIntegers(instances.Tally.FailedBatchIndexes))
	}
	report := Report{Verdict: instances.Verdict}
	report.describe(name, string(report.Outcome), nil, instances.figures(), nil, instances.summary(), batches)
	return &StatisticsReport{Report: report, Tally: instances.Tally, Statistics: statistics}, nil
}

func judgeStatistics(statistics *client.ScriptOrderStatistics) instancesVerdict {
	counts := zeroCounts(InstanceStatuses())
	doubt := ""
	failed := []int64{}
	for _, row := range statistics.ExecuteStatistics {
		switch {
		case row.InstanceStatus == nil || *row.InstanceStatus == "":
			doubt = "a row of the statistics has no status"
			continue
		case row.InstanceCount == nil:
			doubt = "the count of " + statusWord(*row.InstanceStatus) + " is missing"
			continue
		case *row.InstanceCount < 0:
			doubt = "the count of " + statusWord(*row.InstanceStatus) + " is negative"
			continue
		}
		status := normalize(*row.InstanceStatus)
		sum, ok := addCounts(counts[status], *row.InstanceCount)
		if !ok {
			doubt = tooLarge
		}
		counts[status] = sum
		switch {
		case *row.InstanceCount == 0 || !isFinalFailure(status):
		case len(row.BatchIndexes) == 0:
			failed = nil
		case failed != nil:
			failed = append(failed, row.BatchIndexes...)
		}
	}
	instances := judgeInstances(counts, statistics.TotalInstance, doubt)
	if instances.Tally != nil {
		slices.Sort(failed)
		instances.Tally.FailedBatchIndexes = slices.Compact(failed)
	}
	return instances
}

// BatchRequest selects a batch of a script order.
type BatchRequest struct {
	client.Batch

	// IgnoreNotFound reports an unknown order as NotFound, not as an error.
	IgnoreNotFound bool
}

// BatchReport is the report on a batch.
type BatchReport struct {
	Report

	// Tally is nil if the counts cannot be trusted or the listing is filtered.
	Tally *Tally
	// FailedHosts names the hosts of failed instances in the API's order; nil if Tally is.
	FailedHosts []string
	// Batch is nil if COC does not know the order.
	Batch *client.ScriptOrderBatch
}

// BatchName names a batch in summaries and errors.
func BatchName(id string, index int64) string {
	return fmt.Sprintf("batch %d of %s", index, OrderName(id))
}

// ReadBatch reads all instances of a batch, page by page.
func ReadBatch(ctx context.Context, reader OrderReader, req BatchRequest) (*BatchReport, error) {
	name := BatchName(req.ExecuteUUID, req.BatchIndex)
	batch, err := reader.ScriptOrderBatch(ctx, req.Batch)
	switch {
	case client.IsNotFound(err) && req.IgnoreNotFound:
		return &BatchReport{Report: missingOrder(name, err)}, nil
	case err != nil:
		return nil, err
	}
	instances, hosts := judgeBatch(req.Batch, batch)
	report := Report{Verdict: instances.Verdict, Filtered: req.Partial(), UnreadFields: batch.Warnings}
	failed := &table{head: []string{"failed host"}, total: int64(len(hosts))}
	for _, host := range hosts {
		failed.addNamed(host, host)
	}
	report.setCulprits(failed)
	var ended *time.Time
	if report.Completed {
		ends := make([]*int64, len(batch.ExecuteInstances))
		for i, instance := range batch.ExecuteInstances {
			ends[i] = instance.GmtFinished
		}
		ended = lastEnd(ends)
	}
	report.describe(name, string(report.Outcome), ended, instances.figures(), failed, instances.summary(), failed.summary())
	return &BatchReport{Report: report, Tally: instances.Tally, FailedHosts: hosts, Batch: batch}, nil
}

// lastEnd returns the last of the times, in milliseconds since 1970, at which something ended; nil if one of them is not known.
func lastEnd(ends []*int64) *time.Time {
	var last *time.Time
	for _, end := range ends {
		at := Instant(end)
		if at == nil {
			return nil
		}
		if last == nil || at.After(*last) {
			last = at
		}
	}
	return last
}

func judgeBatch(asked client.Batch, batch *client.ScriptOrderBatch) (instances instancesVerdict, failedHosts []string) {
	if asked.Partial() {
		return doubtful("the listing is filtered, so it proves nothing about the batch"), nil
	}
	counts := zeroCounts(InstanceStatuses())
	doubt := ""
	hosts := []string{}
	for _, instance := range batch.ExecuteInstances {
		if instance.Status == nil || *instance.Status == "" {
			doubt = "an instance has no status"
			continue
		}
		status := normalize(*instance.Status)
		counts[status]++
		if isFinalFailure(status) {
			hosts = append(hosts, hostName(instance))
		}
	}
	if batch.TotalChanged {
		doubt = "the total changed from page to page"
	}
	if instances = judgeInstances(counts, batch.TotalInstances, doubt); instances.Tally == nil {
		hosts = nil
	}
	return instances, hosts
}

func doubtful(doubt string) instancesVerdict {
	return instancesVerdict{Verdict: Verdict{Outcome: Unknown, Doubt: doubt}}
}

// judgeInstances judges counts by status. If doubt is not empty, or the counts do not add up to the total, they are not trusted.
func judgeInstances(counts map[string]int64, total *int64, doubt string) instancesVerdict {
	tally := &Tally{Canceled: counts[canceled]}
	var sum int64
	var unknown []string
	inRange := true
	for status, count := range counts {
		var ok bool
		if sum, ok = addCounts(sum, count); !ok {
			inRange = false
		}
		switch {
		case status == finished:
			tally.Finished += count
		case isFinalFailure(status):
			tally.Failed += count
		default:
			tally.Unfinished += count
			if !slices.Contains(InstanceStatuses(), status) {
				unknown = append(unknown, statusWord(status))
			}
		}
	}
	switch {
	case doubt != "":
		return doubtful(doubt)
	case total == nil:
		return doubtful("the total is missing")
	case *total < 0:
		return doubtful("the total is negative")
	case !inRange:
		return doubtful(tooLarge)
	case sum != *total:
		return doubtful(fmt.Sprintf("the total is %d, but %d are accounted for", *total, sum))
	}
	tally.Total = *total
	if tally.Total > 0 {
		tally.SuccessRate = 100 * float64(tally.Finished) / float64(tally.Total)
	}
	instances := instancesVerdict{Verdict: Verdict{Counts: counts}, Tally: tally}
	switch {
	case len(unknown) > 0:
		slices.Sort(unknown)
		instances.Outcome = Unknown
		instances.Doubt, instances.DoubtKind = "status new to this version of the provider: "+joinAllNames(unknown), NewWord
	case tally.Total == 0:
		instances.Outcome = Empty
	case tally.Unfinished > 0 && tally.Unfinished == counts[ready]:
		instances.Outcome = Pending
	case tally.Unfinished > 0:
		instances.Outcome = Running
	case tally.Failed > 0 && tally.Failed == tally.Canceled:
		instances.Outcome, instances.Phase, instances.Completed = Canceled, Over, true
	case tally.Failed > 0:
		instances.Outcome, instances.Phase, instances.Completed = Failed, Over, true
	default:
		instances.Outcome, instances.Phase, instances.Completed = Succeeded, Good, true
	}
	return instances
}

// figures lists the counts; nil if they cannot be trusted.
func (i instancesVerdict) figures() []figure {
	if i.Tally == nil {
		return nil
	}
	list := []figure{
		{i.Tally.Finished, "finished"}, {i.Tally.Failed - i.Tally.Canceled, "failed"}, {i.Tally.Canceled, "canceled"},
		{i.Counts[processing], "running"}, {i.Counts[ready], "waiting"},
	}
	return append(list, furtherFigures(i.Counts, append(InstanceStatuses(), errored))...)
}

// summary formats the counts; empty if they cannot be trusted.
func (i instancesVerdict) summary() string {
	list := i.figures()
	switch {
	case list == nil:
		return ""
	case i.Tally.Total == 0:
		return "no instances"
	}
	text := fmt.Sprintf("%d of %s finished", i.Tally.Finished, plural(i.Tally.Total, "instance", "instances"))
	if others := joinFigures(list[1:]...); others != "" {
		text += ", " + others
	}
	return text
}

func formatIntegers(list []int64) []string {
	texts := make([]string, len(list))
	for i, n := range list {
		texts[i] = fmt.Sprint(n)
	}
	return texts
}
