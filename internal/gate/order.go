package gate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
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

// OrderReader reads script orders. The API client is one.
type OrderReader interface {
	ScriptOrder(ctx context.Context, order client.Order) (*client.ScriptOrder, error)
	ScriptOrderStatistics(ctx context.Context, order client.Order) (*client.ScriptOrderStatistics, error)
	ScriptOrderBatch(ctx context.Context, batch client.Batch) (*client.ScriptOrderBatch, error)
}

// OrderQuestion asks for a script order.
type OrderRequest struct {
	client.Order

	// Wait waits until the order has ended; nil looks once.
	Wait *Wait
	// Details reads the statistics that confirm the end of the order, and the instances that failed.
	Details bool
	// LogTail is how many bytes of the end of each log to keep: 0 none, -1 all.
	LogTail int64
	// IgnoreNotFound reports an order that COC does not know, instead of an error.
	IgnoreNotFound bool
}

// OrderReport is what there is to say of a script order.
type OrderReport struct {
	Report
	Span

	// Order is nil for one that COC does not know.
	Order *client.ScriptOrder
	// Failures are the instances that are final without success; nil when they were not read.
	Failures []FailedInstance
}

// ReadOrder reads a script order, after waiting for its end if that is asked for. Only the reading of the order itself can fail; what
// is read beside it can be missing from the report. After a cancellation there is no report.
func ReadOrder(ctx context.Context, reader OrderReader, req OrderRequest) (*OrderReport, error) {
	name := OrderName(req.ExecuteUUID)
	var doubted *Instances
	ended, err := waitFor(ctx, req.Wait, name, func(timed context.Context) (orderLook, Observation, error) {
		look, seen, err := lookAtOrder(ctx, timed, reader, req, doubted)
		if err == nil {
			doubted = nil
			if seen.Settling {
				doubted = look.instances
			}
		}
		return look, seen, err
	})
	switch {
	case client.IsNotFound(err) && req.IgnoreNotFound:
		return &OrderReport{Report: missingOrder(name)}, nil
	case err != nil:
		return nil, err
	}
	look := ended.last
	report := &OrderReport{
		Report: ended.report(look.order.Warnings), Span: span(look.order.GmtCreated, look.order.GmtFinished), Order: look.order,
	}
	ends := report.Completed || report.Stuck
	if req.Details && !look.asked && (ends || report.Timeout != nil) {
		look.readInstances(ctx, reader, req.Order)
	}
	var failed *table
	if ends {
		report.UnreadDetails = look.err
		var failures *orderFailures
		if look.instances != nil {
			failures, report.UnreadDetails = readDetails(ctx, func(brief context.Context) (*orderFailures, error) {
				return readFailures(brief, reader, req, look.instances)
			})
		}
		if failures != nil {
			report.Counts, report.Failures = look.instances.Counts, failures.instances
			failed = failures.table()
			report.setCulprits(failed)
			report.UnreadFields = append(report.UnreadFields, failures.unreadFields...)
		}
	}
	if timeout := report.Timeout; timeout != nil && look.instances != nil {
		timeout.Tally = look.instances.summary()
		timeout.Missing = unfinishedHosts(ctx, reader, req.Order, look.instances)
	}
	if isCanceled(ctx) {
		return nil, ctx.Err()
	}
	report.describe(name, ended.observation.Status, look.instances, failed, ended.ending())
	return report, nil
}

// progressPatience bounds the reading of statistics that only tell how an order is getting on.
const progressTimeout = 5 * time.Second

// orderLook is what one look at an order found.
type orderLook struct {
	order *client.ScriptOrder
	// asked says that the statistics were asked for; instances is nil, and err says why, when they could not be read.
	asked     bool
	instances *Instances
	err       error
}

// lookAtOrder looks at an order, and at its statistics if they have to confirm a success or to tell the progress. The statistics are
// not bound by the time of the wait: time is kept for them. Doubted is what spoke against the success at the look before, nil for nothing:
// it does so until statistics that can be read take it back.
func lookAtOrder(
	ctx, timed context.Context, reader OrderReader, req OrderRequest, doubted *Instances,
) (orderLook, Observation, error) {
	order, err := reader.ScriptOrder(timed, req.Order)
	young := orderIsYoung(req.ExecuteUUID, time.Now())
	if err != nil {
		return orderLook{}, Observation{Settling: young && client.IsNotFound(err)}, err
	}
	look := orderLook{order: order}
	verdict := judgeOrder(order, nil)
	switch told := req.Wait != nil && req.Wait.Progress != nil; {
	case !req.Details:
	case verdict.Succeeded(), told && verdict.Completed:
		look.readInstances(ctx, reader, req.Order)
		if verdict.Succeeded() {
			if look.instances = cmp.Or(look.instances, doubted); look.instances == nil {
				look.err = fmt.Errorf("nothing confirms the success: %w", look.err)
			}
		}
		verdict = judgeOrder(order, look.instances)
	case told:
		// They are worth little time while the order moves: its end must not be seen late because of them.
		brief, cancel := context.WithTimeout(timed, progressTimeout)
		defer cancel()
		look.readInstances(brief, reader, req.Order)
		if look.err != nil {
			look = orderLook{order: order}
		}
	}
	seen := Observation{Verdict: verdict, Status: statusWord(orderStatus(order)), Tally: look.instances.summary()}
	contradicted := verdict.Outcome == Unknown && orderStatus(order) == finished
	seen.Settling = contradicted || (verdict.Outcome == Empty && young)
	return look, seen, nil
}

func (l *orderLook) readInstances(ctx context.Context, reader OrderReader, order client.Order) {
	l.asked = true
	statistics, err := reader.ScriptOrderStatistics(ctx, order)
	if err != nil {
		l.err = err
		return
	}
	instances := judgeStatistics(statistics)
	if instances.Tally == nil {
		l.err = untrusted("the statistics", instances.Doubt)
		return
	}
	l.instances = &instances
}

// ErrUntrusted says that an answer was read that cannot be trusted.
var ErrUntrusted = errors.New("cannot be trusted")

func untrusted(what, why string) error { return fmt.Errorf("%s %w: %s", what, ErrUntrusted, why) }

func orderStatus(order *client.ScriptOrder) string {
	if order.Status == nil {
		return ""
	}
	return normalize(*order.Status)
}

// judgeOrder judges a script order by its status, COC's own verdict, and by the statistics of its instances where they were read. They
// confirm a success, or contradict it.
func judgeOrder(order *client.ScriptOrder, instances *Instances) Verdict {
	status := orderStatus(order)
	ended := Instant(order.GmtFinished) != nil
	switch status {
	case ready:
		return Verdict{Outcome: Pending}
	case processing:
		return Verdict{Outcome: Running}
	case paused:
		return Verdict{Outcome: Paused, Stuck: true}
	case finished:
		if instances != nil {
			if instances.Tally.Total == 0 {
				return Verdict{Outcome: Empty, Completed: true}
			}
			if doubt := contradiction(instances.Tally, threshold(order)); doubt != "" {
				return Verdict{Outcome: Unknown, Doubt: doubt}
			}
		}
		return Verdict{Outcome: Succeeded, Good: true, Completed: true}
	case canceled:
		return Verdict{Outcome: Canceled, Completed: true}
	case abnormal, errored, rolledBack:
		return Verdict{Outcome: Failed, Completed: true}
	case "":
		return Verdict{Outcome: Unknown, Completed: ended, Doubt: "the answer has no status"}
	default:
		return Verdict{Outcome: Unknown, Completed: ended, Doubt: "the status " + statusWord(status) + " is new to this version of the provider"}
	}
}

// contradiction says how statistics contradict an order that is FINISHED, empty when they do not. Rates are compared to one decimal,
// as thresholds are written, but almost all is never all. At least one success is needed, also where no threshold asks for it.
func contradiction(tally *Tally, threshold *float64) string {
	const advice = "; failure_details = false takes the order's word"
	of := fmt.Sprintf("the order is FINISHED, but its statistics count %d of %s finished",
		tally.Finished, plural(tally.Total, "instance", "instances"))
	switch {
	case tally.Unfinished > 0:
		return of + fmt.Sprintf(" and %d not ended", tally.Unfinished) + advice
	case threshold != nil && (math.Round(tally.SuccessRate*10)/10 < *threshold || (*threshold >= 100 && tally.Finished < tally.Total)):
		return of + ", below the success-rate threshold of " + percent(*threshold) + advice
	case tally.Finished == 0:
		return of + advice
	default:
		return ""
	}
}

func missingOrder(what string) Report {
	report := Report{Verdict: Verdict{Outcome: NotFound}, Missing: true}
	report.describe(what, string(NotFound)+", COC does not know the order", nil, nil)
	return report
}

// describe puts the report on an order into words.
func (r *OrderReport) describe(name, status string, instances *Instances, failed *table, ending string) {
	state := outcomeText(r.Outcome)
	if status != "" {
		state += " (" + status + ")"
	}
	if duration := r.Duration(); duration != nil {
		state += " after " + duration.Round(time.Second).String()
	}
	tally, limit := instances.summary(), ""
	if share := threshold(r.Order); share != nil && instances != nil && instances.Tally.Finished < instances.Tally.Total {
		limit = "success-rate threshold " + percent(*share)
	}
	if r.Doubt != "" {
		// It says what the tally and the threshold say.
		tally, limit = "", ""
	}
	r.Report.describe(name, state, instances.figures(), failed, tally, limit, failed.summary(), ending)
}

func threshold(order *client.ScriptOrder) *float64 {
	if order.Properties == nil || order.Properties.ExecuteParam == nil {
		return nil
	}
	return order.Properties.ExecuteParam.SuccessRate
}

// OrderName names an order in summaries and errors.
func OrderName(id string) string { return "COC script order " + cmp.Or(id, "-") }

func percent(share float64) string {
	return strconv.FormatFloat(share, 'f', -1, 64) + "%"
}

// orderTime finds the time in the id of an order: SCT and yyyyMMddHHmmss in the time of China.
var orderTime = regexp.MustCompile(`^SCT(\d{14})`)

// orderIsYoung tells whether an order may be too new to be visible: unless its id says that it was made over ten minutes ago.
func orderIsYoung(id string, now time.Time) bool {
	match := orderTime.FindStringSubmatch(id)
	if match == nil {
		return true
	}
	made, err := time.ParseInLocation("20060102150405", match[1], time.FixedZone("UTC+8", 8*60*60))
	return err != nil || now.Sub(made) <= 10*time.Minute
}
