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

// Statuses of COC. Orders and instances share them.
const (
	ready      = "READY"
	processing = "PROCESSING"
	paused     = "PAUSED"
	finished   = "FINISHED"
	canceled   = "CANCELED"
	abnormal   = "ABNORMAL"
	// errored is the former name of abnormal.
	errored    = "ERROR"
	rolledBack = "ROLLBACKED"
)

// normalize maps the documented spelling of a status to the one that the service sends.
func normalize(status string) string {
	if status == "ROLLED BACK" {
		return rolledBack
	}
	return status
}

// OrderReader reads script orders. [client.Client] implements it.
type OrderReader interface {
	ScriptOrder(ctx context.Context, order client.Order) (*client.ScriptOrder, error)
	ScriptOrderStatistics(ctx context.Context, order client.Order) (*client.ScriptOrderStatistics, error)
	ScriptOrderBatch(ctx context.Context, batch client.Batch) (*client.ScriptOrderBatch, error)
}

// OrderRequest selects a script order, and what to read of it.
type OrderRequest struct {
	client.Order

	// Wait configures the wait for the end of the order; nil looks once.
	Wait *Wait
	// Details reads the statistics that confirm a success, and the failed instances.
	Details bool
	// LogTail is how many bytes to keep of the end of each log: 0 none, -1 all.
	LogTail int64
	// Since makes an order that was created earlier Unknown, unless it failed or was canceled; nil accepts any.
	Since *Since
	// IgnoreNotFound reports an unknown order as NotFound, not as an error.
	IgnoreNotFound bool
}

// OrderReport is the report on a script order.
type OrderReport struct {
	Report
	Span

	// Order is nil if COC does not know it.
	Order *client.ScriptOrder
	// Failures are the failed and canceled instances; nil if they were not read.
	Failures []FailedInstance
}

// ReadOrder reads a script order, after waiting for its end if requested. Details that cannot be read are no error.
func ReadOrder(ctx context.Context, reader OrderReader, req OrderRequest) (*OrderReport, error) {
	name := OrderName(req.ExecuteUUID)
	var since *time.Time
	if req.Since != nil {
		since = new(req.Since.From(time.Now()))
	}
	var contradicting *Instances
	result, err := waitFor(ctx, req.Wait, name, func(waitCtx context.Context) (orderLook, Observation, error) {
		look, seen, err := lookAtOrder(ctx, waitCtx, reader, req, since, contradicting)
		if err == nil {
			contradicting = nil
			if seen.Settling {
				contradicting = look.instances
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
	look := result.last
	report := &OrderReport{
		Report: result.report(look.order.Warnings), Span: span(look.order.GmtCreated, look.order.GmtFinished), Order: look.order,
	}
	ends := report.Completed || report.Stuck
	if req.Details && !look.triedStatistics && !look.tooOld && (ends || report.Timeout != nil) {
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
	report.describe(name, result.observation.Status, look.instances, failed, result.ending())
	return report, nil
}

// progressTimeout bounds the reading of statistics that only show progress.
const progressTimeout = 5 * time.Second

type orderLook struct {
	order *client.ScriptOrder
	// tooOld reports that the order was created before OrderRequest.Since. Its instances then prove nothing.
	tooOld bool
	// triedStatistics reports that the statistics were requested. If they could not be read, instances is nil and err says why.
	triedStatistics bool
	instances       *Instances
	err             error
}

// lookAtOrder looks at an order, and at its statistics if they have to confirm a success or to show progress. waitCtx ends with the wait,
// ctx with the read; the final statistics may use the time between. contradicting are statistics that contradicted a success at the last
// look, nil if none did: they count until new ones can be read.
func lookAtOrder(
	ctx, waitCtx context.Context, reader OrderReader, req OrderRequest, since *time.Time, contradicting *Instances,
) (orderLook, Observation, error) {
	order, err := reader.ScriptOrder(waitCtx, req.Order)
	young := orderIsYoung(req.ExecuteUUID, time.Now())
	if err != nil {
		return orderLook{}, Observation{Settling: young && client.IsNotFound(err)}, err
	}
	look := orderLook{order: order}
	verdict := judgeOrder(order, nil)
	if doubt := ageDoubt(order, verdict, since); doubt != "" {
		look.tooOld = true
		verdict = Verdict{Outcome: Unknown, Completed: verdict.Completed, Doubt: joinParts(doubt, verdict.Doubt)}
	}
	switch reportsProgress := req.Wait != nil && req.Wait.Progress != nil; {
	case !req.Details, look.tooOld:
	case verdict.Succeeded(), reportsProgress && verdict.Completed:
		look.readInstances(ctx, reader, req.Order)
		if verdict.Succeeded() {
			if look.instances = cmp.Or(look.instances, contradicting); look.instances == nil {
				look.err = fmt.Errorf("nothing confirms the success: %w", look.err)
			}
		}
		verdict = judgeOrder(order, look.instances)
	case reportsProgress:
		// They must not delay the next look at an order that is still moving.
		brief, cancel := context.WithTimeout(waitCtx, progressTimeout)
		defer cancel()
		look.readInstances(brief, reader, req.Order)
		if look.err != nil {
			look = orderLook{order: order}
		}
	}
	seen := Observation{Verdict: verdict, Status: statusWord(orderStatus(order)), Tally: look.instances.summary()}
	// The creation of an order never changes.
	seen.Final = look.tooOld
	contradicted := !look.tooOld && verdict.Outcome == Unknown && orderStatus(order) == finished
	seen.Settling = contradicted || (verdict.Outcome == Empty && young)
	return look, seen, nil
}

func (l *orderLook) readInstances(ctx context.Context, reader OrderReader, order client.Order) {
	l.triedStatistics = true
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

// ErrUntrusted is the cause of details that were read, but contradict each other or lack what is needed.
var ErrUntrusted = errors.New("cannot be trusted")

func untrusted(what, why string) error { return fmt.Errorf("%s %w: %s", what, ErrUntrusted, why) }

func orderStatus(order *client.ScriptOrder) string { return normalize(deref(order.Status)) }

// judgeOrder judges a script order by its status. Statistics of its instances confirm or contradict a success; nil does neither.
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

// ageDoubt says why an order is not known to be from since or later; empty if it is, if since is nil, or if it is not successful anyway.
func ageDoubt(order *client.ScriptOrder, verdict Verdict, since *time.Time) string {
	if since == nil || verdict.Outcome == Failed || verdict.Outcome == Canceled {
		return ""
	}
	const layout = "2006-01-02T15:04:05.999Z07:00"
	switch created := Instant(order.GmtCreated); {
	case created == nil:
		return fmt.Sprintf("the answer does not say when the order was created, so it may be older than since (%s)", since.Format(layout))
	case created.Before(*since):
		return fmt.Sprintf("the order was created at %s, which is before since (%s)", created.Format(layout), since.Format(layout))
	default:
		return ""
	}
}

// contradiction says how statistics contradict a FINISHED order; empty if they do not. At least one instance must have finished. Rates
// are compared to one decimal, the precision of thresholds, but a threshold of 100 needs all instances.
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
	report := Report{Verdict: Verdict{Outcome: NotFound}}
	report.describe(what, string(NotFound)+", COC does not know the order", nil, nil, nil)
	return report
}

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
		// The doubt repeats them.
		tally, limit = "", ""
	}
	r.Report.describe(name, state, r.FinishedAt, instances.figures(), failed, tally, limit, failed.summary(), ending)
}

func threshold(order *client.ScriptOrder) *float64 {
	if order.Properties == nil || order.Properties.ExecuteParam == nil {
		return nil
	}
	return order.Properties.ExecuteParam.SuccessRate
}

// OrderName names a script order in summaries and errors.
func OrderName(id string) string { return "COC script order " + cmp.Or(id, "-") }

func percent(share float64) string {
	return strconv.FormatFloat(share, 'f', -1, 64) + "%"
}

// orderTime matches the creation time in an order's id: SCT and yyyyMMddHHmmss in UTC+8.
var orderTime = regexp.MustCompile(`^SCT(\d{14})`)

// orderIsYoung reports whether an order may be too new to be visible. An id without a time counts as young.
func orderIsYoung(id string, now time.Time) bool {
	match := orderTime.FindStringSubmatch(id)
	if match == nil {
		return true
	}
	made, err := time.ParseInLocation("20060102150405", match[1], time.FixedZone("UTC+8", 8*60*60))
	return err != nil || now.Sub(made) <= 10*time.Minute
}
