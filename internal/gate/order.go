package gate

import (
	"fmt"
	"regexp"
	"strconv"
	"time"

	"github.com/hwgate/terraform-provider-hwgate/internal/client"
)

// Status words of COC. Orders and instances share them.
const (
	ready      = "READY"
	processing = "PROCESSING"
	paused     = "PAUSED"
	finished   = "FINISHED"
	canceled   = "CANCELED"
	abnormal   = "ABNORMAL"
	// errored is the old word for abnormal.
	errored    = "ERROR"
	rolledBack = "ROLLBACKED"
)

// normalize maps the spelling of the API's page to the word that the service sends.
func normalize(status string) string {
	if status == "ROLLED BACK" {
		return rolledBack
	}
	return status
}

// Order is the verdict on a script order.
type Order struct {
	Verdict
	Span

	// Status is the status word, fit for a text.
	Status string
	// Threshold is the share of instances in percent that has to finish, nil when the order names none.
	Threshold *float64
}

// JudgeOrder judges a script order by its status: COC's own verdict, which honours the order's success-rate threshold.
func JudgeOrder(id string, order *client.ScriptOrder) Order {
	status := ""
	if order.Status != nil {
		status = normalize(*order.Status)
	}
	verdict := Order{Span: span(order.GmtCreated, order.GmtFinished), Status: word(status), Threshold: threshold(order)}
	switch status {
	case ready:
		verdict.Outcome = Pending
	case processing:
		verdict.Outcome = Running
	case paused:
		verdict.Outcome, verdict.Stuck = Paused, true
	case finished:
		verdict.Outcome, verdict.Completed = Succeeded, true
	case canceled:
		verdict.Outcome, verdict.Completed = Canceled, true
	case abnormal, errored, rolledBack:
		verdict.Outcome, verdict.Completed = Failed, true
	case "":
		verdict.Outcome, verdict.Completed = Unknown, verdict.FinishedAt != nil
		verdict.Doubt = "the answer has no status"
	default:
		verdict.Outcome, verdict.Completed = Unknown, verdict.FinishedAt != nil
		verdict.Doubt = "the status word is new to this version of the provider"
	}
	verdict.Summary = parts(verdict.head(id), verdict.Doubt)
	return verdict
}

// JudgeMissingOrder is the verdict on what COC does not know: an order, its statistics or a batch of it.
func JudgeMissingOrder(what string) Verdict {
	return Verdict{Outcome: NotFound, Summary: what + ": " + string(NotFound) + ", COC does not know the order"}
}

func (o Order) head(id string) string {
	status := ""
	if o.Status != "" {
		status = " (" + o.Status + ")"
	}
	return OrderName(id) + ": " + string(o.Outcome) + status + o.after()
}

// NeedsDigest tells whether instances may have failed behind the status: the order ended without success, is paused, or has
// succeeded under a threshold that lets some fail.
func (o Order) NeedsDigest() bool {
	switch {
	case o.Outcome == Paused:
		return true
	case o.Outcome == Succeeded:
		return o.Threshold == nil || *o.Threshold < 100
	default:
		return o.Completed
	}
}

// WithDigest adds to the verdict what was found out about the instances.
func (o Order) WithDigest(id string, digest *Digest) Order {
	o.Counts = digest.Instances.Counts
	if o.Succeeded() && digest.Instances.Tally.Total == 0 {
		// Nothing ran: that is never a success, whatever COC calls it.
		o.Outcome = Empty
	}
	limit := ""
	if o.Threshold != nil {
		limit = "success-rate threshold " + percent(*o.Threshold)
	}
	hosts := ""
	if len(digest.FailedHosts) > 0 {
		hosts = "failed hosts: " + names(digest.FailedHosts)
	}
	o.Summary = parts(o.head(id), o.Doubt, digest.Instances.TallyText(), limit, hosts)
	return o
}

func threshold(order *client.ScriptOrder) *float64 {
	if order.Properties == nil || order.Properties.ExecuteParam == nil {
		return nil
	}
	return order.Properties.ExecuteParam.SuccessRate
}

// OrderName names an order in summaries and errors.
func OrderName(id string) string { return "COC script order " + id }

// StatisticsName names the instances of an order.
func StatisticsName(id string) string { return "Instances of " + OrderName(id) }

// BatchName names a batch of an order.
func BatchName(id string, index int64) string {
	return fmt.Sprintf("Batch %d of %s", index, OrderName(id))
}

func percent(share float64) string {
	return strconv.FormatFloat(share, 'f', -1, 64) + "%"
}

// orderTime finds the time in the id of an order: SCT and yyyyMMddHHmmss in the time of China.
var orderTime = regexp.MustCompile(`^SCT(\d{14})`)

// OrderIsYoung tells whether an order may be too new to be visible: unless its id says that it was made over ten minutes ago.
func OrderIsYoung(id string, now time.Time) bool {
	match := orderTime.FindStringSubmatch(id)
	if match == nil {
		return true
	}
	made, err := time.ParseInLocation("20060102150405", match[1], time.FixedZone("UTC+8", 8*60*60))
	return err != nil || now.Sub(made) <= 10*time.Minute
}
