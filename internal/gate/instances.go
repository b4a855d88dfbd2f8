package gate

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/hwgate/terraform-provider-hwgate/internal/client"
	"github.com/hwgate/terraform-provider-hwgate/internal/text"
)

// InstanceWords are the documented status words of an instance.
func InstanceWords() []string {
	return []string{ready, processing, abnormal, canceled, finished, rolledBack}
}

// Instances is the verdict on the instances of an order or of a batch.
type Instances struct {
	Verdict

	// Tally is nil when the counts cannot be trusted: one is missing or negative, they do not add up to the total, the total is
	// missing, or only a part was listed. Zeros there would open a gate that asks for no failures.
	Tally *Tally
}

// Tally sums up instances.
type Tally struct {
	Total, Finished int64
	// Failed counts every instance that is final without success, Canceled those among them that were canceled.
	Failed, Canceled int64
	// Unfinished counts all others, also those with a status word that is new.
	Unfinished int64
	// SuccessRate is 100 x finished / total, and 0 when there is nothing.
	SuccessRate float64
	// FailedBatchIndexes are the batches with a failed instance, sorted; nil when they are not known.
	FailedBatchIndexes []int64
}

// finalFailure tells whether an instance with this status is final without success.
func finalFailure(status string) bool {
	switch status {
	case abnormal, errored, rolledBack, canceled:
		return true
	default:
		return false
	}
}

func knownInstanceWord(status string) bool {
	return status == ready || status == processing || status == finished || finalFailure(status)
}

// JudgeStatistics judges the instances of a whole order.
func JudgeStatistics(id string, statistics *client.ScriptOrderStatistics) Instances {
	counts := zeroCounts(InstanceWords())
	doubt := ""
	batches := []int64{}
	for _, row := range statistics.ExecuteStatistics {
		switch {
		case row.InstanceStatus == nil || *row.InstanceStatus == "":
			doubt = "a row of the statistics has no status"
			continue
		case row.InstanceCount == nil:
			doubt = "the count of " + word(*row.InstanceStatus) + " is missing"
			continue
		case *row.InstanceCount < 0:
			doubt = "the count of " + word(*row.InstanceStatus) + " is negative"
			continue
		}
		status := normalize(*row.InstanceStatus)
		sum, ok := add(counts[status], *row.InstanceCount)
		if !ok {
			doubt = "the counts are too large to be true"
		}
		counts[status] = sum
		if *row.InstanceCount > 0 && finalFailure(status) {
			if len(row.BatchIndexes) == 0 {
				batches = nil
			}
			if batches != nil {
				batches = append(batches, row.BatchIndexes...)
			}
		}
	}
	verdict := judgeInstances(StatisticsName(id), counts, statistics.TotalInstance, doubt)
	if verdict.Tally != nil && batches != nil {
		slices.Sort(batches)
		verdict.Tally.FailedBatchIndexes = slices.Compact(batches)
		if len(batches) > 0 {
			verdict.Summary = parts(verdict.Summary, "failed batches: "+names(numbers(verdict.Tally.FailedBatchIndexes)))
		}
	}
	return verdict
}

// BatchVerdict is the verdict on a batch.
type BatchVerdict struct {
	Instances

	// FailedHosts names the hosts of failed instances in the order of the API; nil when Tally is.
	FailedHosts []string
}

// JudgeBatch judges the instances of a batch. A listing that was asked for with a filter proves nothing about the batch.
func JudgeBatch(asked client.Batch, batch *client.ScriptOrderBatch) BatchVerdict {
	name := BatchName(asked.ExecuteUUID, asked.BatchIndex)
	if asked.Partial() {
		doubt := "the listing is filtered, so it proves nothing about the batch"
		return BatchVerdict{Instances: Instances{Verdict: Verdict{
			Outcome: Unknown, Doubt: doubt, Summary: parts(name+": "+string(Unknown), doubt),
		}}}
	}
	counts := zeroCounts(InstanceWords())
	doubt := ""
	hosts := []string{}
	for _, instance := range batch.ExecuteInstances {
		if instance.Status == nil || *instance.Status == "" {
			doubt = "an instance has no status"
			continue
		}
		status := normalize(*instance.Status)
		counts[status]++
		if finalFailure(status) {
			hosts = append(hosts, HostName(instance))
		}
	}
	verdict := BatchVerdict{Instances: judgeInstances(name, counts, batch.TotalInstances, doubt)}
	if verdict.Tally != nil {
		verdict.FailedHosts = hosts
		if len(hosts) > 0 {
			verdict.Summary = parts(verdict.Summary, "failed hosts: "+names(hosts))
		}
	}
	return verdict
}

// judgeInstances follows the table of outcomes, row by row. A doubt from reading the counts makes them worthless.
func judgeInstances(name string, counts map[string]int64, total *int64, doubt string) Instances {
	tally := &Tally{}
	var sum, waiting int64
	var fresh []string
	fits := true
	for status, count := range counts {
		var ok bool
		if sum, ok = add(sum, count); !ok {
			fits = false
		}
		switch {
		case status == finished:
			tally.Finished += count
		case finalFailure(status):
			tally.Failed += count
		default:
			tally.Unfinished += count
			if status == ready {
				waiting = count
			}
			if !knownInstanceWord(status) {
				fresh = append(fresh, word(status))
			}
		}
	}
	tally.Canceled = counts[canceled]
	if doubt == "" {
		switch {
		case total == nil:
			doubt = "the total is missing"
		case *total < 0:
			doubt = "the total is negative"
		case !fits:
			doubt = "the counts are too large to be true"
		case sum != *total:
			doubt = fmt.Sprintf("%d instances are accounted for, but the total is %d", sum, *total)
		}
	}
	if doubt != "" {
		return Instances{Verdict: Verdict{
			Outcome: Unknown, Doubt: doubt, Summary: parts(name+": "+string(Unknown), doubt),
		}}
	}
	tally.Total = *total
	if tally.Total > 0 {
		tally.SuccessRate = 100 * float64(tally.Finished) / float64(tally.Total)
	}
	verdict := Instances{Verdict: Verdict{Counts: counts}, Tally: tally}
	switch {
	case len(fresh) > 0:
		slices.Sort(fresh)
		verdict.Outcome = Unknown
		verdict.Doubt = "status new to this version of the provider: " + names(fresh)
	case tally.Total == 0:
		verdict.Outcome = Empty
	case tally.Unfinished > 0 && tally.Unfinished == waiting:
		verdict.Outcome = Pending
	case tally.Unfinished > 0:
		verdict.Outcome = Running
	case tally.Failed > 0 && tally.Failed == tally.Canceled:
		verdict.Outcome, verdict.Completed = Canceled, true
	case tally.Failed > 0:
		verdict.Outcome, verdict.Completed = Failed, true
	default:
		verdict.Outcome, verdict.Completed = Succeeded, true
	}
	verdict.Summary = parts(name+": "+string(verdict.Outcome), verdict.Doubt, verdict.TallyText())
	return verdict
}

// TallyText words the counts for a summary, empty when they cannot be trusted.
func (i Instances) TallyText() string {
	if i.Tally == nil {
		return ""
	}
	if i.Tally.Total == 0 {
		return "no instances"
	}
	var details []string
	for _, status := range sortedKeys(i.Counts) {
		if count := i.Counts[status]; count > 0 && status != finished {
			details = append(details, fmt.Sprintf("%s %d", word(status), count))
		}
	}
	line := fmt.Sprintf("%d of %d instances finished, %d failed, %d unfinished",
		i.Tally.Finished, i.Tally.Total, i.Tally.Failed, i.Tally.Unfinished)
	if len(details) > 0 {
		line += " (" + names(details) + ")"
	}
	return line + ", success rate " + percent(math.Floor(i.Tally.SuccessRate*10)/10)
}

// HostName is the name of an instance's host: its id when it has no name, its record's when it has neither.
func HostName(instance client.Instance) string {
	if target := instance.TargetInstance; target != nil {
		if p := target.Properties; p != nil && p.HostName != nil {
			if name := text.Plain(*p.HostName, nameLimit); name != "" {
				return name
			}
		}
		if target.ResourceID != nil {
			if name := text.Plain(*target.ResourceID, nameLimit); name != "" {
				return name
			}
		}
	}
	if instance.ID == nil {
		return "unnamed instance"
	}
	return fmt.Sprintf("instance record %d", *instance.ID)
}

func zeroCounts(words []string) map[string]int64 {
	counts := make(map[string]int64, len(words))
	for _, word := range words {
		counts[word] = 0
	}
	return counts
}

// add sums two counts that are not negative, and tells whether the sum fits.
func add(a, b int64) (int64, bool) {
	if a > math.MaxInt64-b {
		return math.MaxInt64, false
	}
	return a + b, true
}

func numbers(list []int64) []string {
	texts := make([]string, len(list))
	for i, n := range list {
		texts[i] = fmt.Sprint(n)
	}
	return texts
}

func sortedKeys(counts map[string]int64) []string {
	keys := make([]string, 0, len(counts))
	for key := range counts {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, strings.Compare)
	return keys
}
