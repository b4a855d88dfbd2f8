package gate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
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
	// documentedRolledBack is the spelling of rolledBack in the documentation.
	documentedRolledBack = "ROLLED BACK"
)

// normalize maps the documented spelling of a status to the one that the service sends.
func normalize(status string) string {
	if status == documentedRolledBack {
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
	// Now is the time of the service, as far as it is known after an answer; nil is the clock of this machine.
	Now func() time.Time
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
	r := orderRead{OrderRequest: req, reader: reader, start: time.Now()}
	if r.Now == nil {
		r.Now = time.Now
	}
	name := OrderName(req.ExecuteUUID)
	result, err := poll(ctx, req.Wait, name, func(waitCtx context.Context) (orderLook, Observation, error) {
		return r.look(ctx, waitCtx)
	})
	switch {
	case client.IsNotFound(err) && req.IgnoreNotFound:
		return &OrderReport{Report: missingOrder(name, err)}, nil
	case err != nil:
		return nil, err
	}
	look := result.last
	report := &OrderReport{
		Report: result.report(look.order.Warnings), Span: span(look.order.GmtCreated, look.order.GmtFinished), Order: look.order,
	}
	failed := r.addInstances(ctx, report, &look)
	if isCanceled(ctx) {
		return nil, ctx.Err()
	}
	report.describe(name, result.observation.Status, look.instances, failed, result.ending())
	return report, nil
}

// orderRead is a read of a script order.
type orderRead struct {
	OrderRequest

	reader OrderReader
	start  time.Time
	// since is the time that Since means in this read; nil before the first answer, and if any order counts.
	since *time.Time
	// lastCounts are the counts of the last statistics that could be read, in words; empty before.
	lastCounts string
}

// orderLook is what one look at an order shows.
type orderLook struct {
	order *client.ScriptOrder
	// tooOld reports that the order may have been created before Since. Its instances then prove nothing.
	tooOld bool
	// instances are those of the statistics. They have no Tally if they were not read; if they were requested, err then says why.
	instances instancesVerdict
	err       error
}

// look looks at the order, and at its statistics if they have to confirm a success or to show progress. waitCtx ends with the wait, ctx
// with the read; the final statistics may use the time between.
func (r *orderRead) look(ctx, waitCtx context.Context) (orderLook, Observation, error) {
	order, err := r.reader.ScriptOrder(waitCtx, r.Order)
	young := orderIsYoung(r.ExecuteUUID, time.Now())
	if err != nil {
		failed := Observation{}
		if young && (client.IsNotFound(err) || errors.Is(err, client.ErrNoData)) {
			failed.Phase = Settling
		}
		return orderLook{}, failed, err
	}
	if r.Since != nil && r.since == nil {
		r.since = new(r.Since.From(r.Now().Add(-time.Since(r.start))))
	}
	look := orderLook{order: order}
	verdict := judgeOrder(order)
	showsProgress := r.Wait != nil && r.Wait.Progress != nil
	switch doubt, kind := ageDoubt(order, verdict, r.since, r.Now()); {
	case doubt != "":
		look.tooOld = true
		verdict = Verdict{Outcome: Unknown, Phase: Over, Completed: verdict.Completed, Doubt: joinParts(doubt, verdict.Doubt), DoubtKind: kind}
	case !r.Details:
	case verdict.Good():
		r.readStatistics(ctx, &look)
		verdict = r.confirm(&look)
	case showsProgress && verdict.Completed:
		r.readStatistics(ctx, &look)
	case showsProgress:
		// They must not delay the next look at an order that is still moving.
		brief, cancel := context.WithTimeout(waitCtx, progressTimeout)
		defer cancel()
		r.readStatistics(brief, &look)
		look.err = nil // The end of the wait asks for them again.
	}
	if verdict.Outcome == Empty && young {
		verdict.Phase = Settling
	}
	return look, Observation{Verdict: verdict, Status: statusWord(orderStatus(order)), Counted: look.instances.summary()}, nil
}

// progressTimeout bounds the reading of statistics that only show progress.
const progressTimeout = 5 * time.Second

func (r *orderRead) readStatistics(ctx context.Context, look *orderLook) {
	statistics, err := r.reader.ScriptOrderStatistics(ctx, r.Order)
	if err != nil {
		look.err = err
		return
	}
	instances := judgeStatistics(statistics)
	if instances.Tally == nil {
		look.err = untrusted("the statistics", instances.Doubt)
		return
	}
	look.instances, r.lastCounts = instances, instances.summary()
}

// confirm judges a FINISHED order by its statistics. They may lag behind, so a wait looks again at anything but a success.
func (r *orderRead) confirm(look *orderLook) Verdict {
	if look.instances.Tally == nil {
		doubt := "the order is FINISHED, but nothing confirms it: " + whyUnread(look.err)
		if r.lastCounts != "" {
			doubt += "; before, they counted " + r.lastCounts
		}
		return Verdict{Outcome: Unknown, Phase: Settling, Doubt: doubt + takesWord}
	}
	tally := look.instances.Tally
	if tally.Total == 0 {
		return Verdict{Outcome: Empty, Phase: Over, Completed: true}
	}
	if doubt := contradiction(tally, threshold(look.order)); doubt != "" {
		return Verdict{Outcome: Unknown, Phase: Settling, Doubt: doubt + takesWord}
	}
	return judgeOrder(look.order)
}

const takesWord = "; failure_details = false takes the order's word"

// whyUnread says why statistics could not be read, without a text of the service and in words that are the same at the next attempt.
func whyUnread(err error) string {
	why := "no answer"
	switch failure, found := client.Cause(err); {
	case errors.Is(err, ErrUntrusted):
		return err.Error()
	case errors.Is(err, client.ErrMalformed):
		why = "malformed answer"
	case found && failure.Status != 0:
		why = strings.TrimSuffix(fmt.Sprintf("HTTP %d, %s", failure.Status, failure.Code), ", ")
	}
	return "its statistics cannot be read (" + why + ")"
}

// addInstances adds what the statistics and batches tell about an order that has ended, is paused or has timed out. It returns the table
// of what failed, nil if that was not read.
func (r *orderRead) addInstances(ctx context.Context, report *OrderReport, look *orderLook) *table {
	ends := report.Completed || report.Phase == Stuck
	if !r.Details || look.tooOld {
		return nil
	}
	if look.instances.Tally == nil && look.err == nil && (ends || report.Timeout != nil) {
		r.readStatistics(ctx, look)
	}
	if report.Timeout != nil {
		report.Timeout.Counted = look.instances.summary()
	}
	if !ends {
		if report.Doubt != "" {
			report.DoubtCause = look.err
		}
		return nil
	}
	if look.instances.Tally == nil {
		report.UnreadDetails = look.err
		return nil
	}
	if red := report.Outcome == Failed || report.Outcome == Canceled; red && look.instances.Tally.Failed == 0 {
		report.UnreadDetails = untrusted("the statistics", fmt.Sprintf("they count no failed instance of an order that is %s (%s)",
			report.Outcome, look.instances.summary()))
		look.instances = instancesVerdict{}
		return nil
	}
	failures, err := readDetails(ctx, func(brief context.Context) (*orderFailures, error) {
		return readFailures(brief, r.reader, r.OrderRequest, look.instances)
	})
	report.UnreadDetails = err
	if failures == nil {
		return nil
	}
	failed := failures.table()
	report.Counts, report.Failures = look.instances.Counts, failures.instances
	report.setCulprits(failed)
	report.UnreadFields = append(report.UnreadFields, failures.unreadFields...)
	return failed
}

func orderStatus(order *client.ScriptOrder) string { return normalize(deref(order.Status)) }

// orderVerdicts has the verdict on each known status of an order.
var orderVerdicts = map[string]Verdict{
	ready:      {Outcome: Pending},
	processing: {Outcome: Running},
	paused:     {Outcome: Paused, Phase: Stuck},
	finished:   {Outcome: Succeeded, Phase: Good, Completed: true},
	canceled:   {Outcome: Canceled, Phase: Over, Completed: true},
	abnormal:   {Outcome: Failed, Phase: Over, Completed: true},
	errored:    {Outcome: Failed, Phase: Over, Completed: true},
	rolledBack: {Outcome: Failed, Phase: Over, Completed: true},
}

// OrderStatuses are the known statuses of an order, sorted, in all spellings.
func OrderStatuses() []string {
	return append(slices.Sorted(maps.Keys(orderVerdicts)), documentedRolledBack)
}

// judgeOrder judges a script order by its status.
func judgeOrder(order *client.ScriptOrder) Verdict {
	phase, ended := Moving, Instant(order.GmtFinished) != nil
	if ended {
		phase = Over
	}
	status := orderStatus(order)
	if verdict, known := orderVerdicts[status]; known {
		return verdict
	}
	verdict := Verdict{Outcome: Unknown, Phase: phase, Completed: ended, Doubt: "the answer has no status"}
	if status != "" {
		verdict.Doubt, verdict.DoubtKind = "the status "+statusWord(status)+" is new to this version of the provider", NewWord
	}
	return verdict
}

// ageDoubt says why an order is not known to be from since or later; empty if it is, if since is nil, or if it is not successful anyway. A
// time in the future is that of another clock or zone, so that the order may be hours older.
func ageDoubt(order *client.ScriptOrder, verdict Verdict, since *time.Time, now time.Time) (doubt string, kind DoubtKind) {
	if since == nil || verdict.Outcome == Failed || verdict.Outcome == Canceled {
		return "", OtherDoubt
	}
	const layout = "2006-01-02T15:04:05.999Z07:00"
	switch created := Instant(order.GmtCreated); {
	case created == nil:
		return fmt.Sprintf("the answer does not say when the order was created, so it may be older than since (%s)", since.Format(layout)), TooOld
	case created.Before(*since):
		return fmt.Sprintf("the order was created at %s, which is before since (%s)", created.Format(layout), since.Format(layout)), TooOld
	case created.After(now.Add(maxClockSkew)):
		return fmt.Sprintf("the order was created at %s, which is in the future, so it may be older than since (%s)",
			created.Format(layout), since.Format(layout)), OtherDoubt
	default:
		return "", OtherDoubt
	}
}

// contradiction says how statistics contradict a FINISHED order; empty if they do not. Rates are compared to one decimal, the precision of
// thresholds, but a threshold of 100 needs all instances.
func contradiction(tally *Tally, threshold *float64) string {
	of := fmt.Sprintf("the order is FINISHED, but its statistics count %d of %s finished",
		tally.Finished, plural(tally.Total, "instance", "instances"))
	switch all := tally.Finished == tally.Total; {
	case tally.Unfinished > 0:
		return of + fmt.Sprintf(" and %d not ended", tally.Unfinished)
	case all:
		return ""
	case threshold == nil:
		return of + ", and without a success-rate threshold from 1 to 100% all have to finish"
	case *threshold == 100, math.Round(tally.SuccessRate*10)/10 < *threshold:
		return of + ", below the success-rate threshold of " + percent(*threshold)
	default:
		return ""
	}
}

// missingOrder reports that an order was not found.
func missingOrder(what string, err error) Report {
	state := string(NotFound) + ", COC does not know the order"
	if gone, ok := errors.AsType[*GoneError](err); ok {
		state += " any more, " + gone.last()
	}
	report := Report{Verdict: Verdict{Outcome: NotFound, Phase: Over}}
	report.describe(what, state, nil, nil, nil)
	return report
}

func (r *OrderReport) describe(name, status string, instances instancesVerdict, failed *table, ending string) {
	state := outcomeText(r.Outcome)
	if status != "" {
		state += " (" + status + ")"
	}
	if duration := r.Duration(); duration != nil {
		state += " after " + duration.Round(time.Second).String()
	}
	tally, limit := instances.summary(), ""
	if share := threshold(r.Order); share != nil && instances.Tally != nil && instances.Tally.Finished < instances.Tally.Total {
		limit = "success-rate threshold " + percent(*share)
	}
	if r.Doubt != "" {
		// The doubt repeats them.
		tally, limit = "", ""
	}
	r.Report.describe(name, state, r.FinishedAt, instances.figures(), failed, tally, limit, failed.summary(), ending)
}

// threshold is the percentage of instances that must finish; nil without a valid one, which asks for all.
func threshold(order *client.ScriptOrder) *float64 {
	if order.Properties == nil || order.Properties.ExecuteParam == nil {
		return nil
	}
	if rate := order.Properties.ExecuteParam.SuccessRate; rate != nil && *rate >= 1 && *rate <= 100 {
		return rate
	}
	return nil
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
