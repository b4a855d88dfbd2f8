package live

import (
	"context"
	"fmt"
	"maps"
	"math"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hwgate/terraform-provider-hwgate/internal/text"
)

// verdict says whether an assumption holds.
type verdict string

const (
	holds verdict = "holds"
	fails verdict = "FAILS"
	open  verdict = "open"
)

// result is what a check found.
type result struct {
	verdict verdict
	text    string
}

// assumption is one that the code makes and the documentation does not confirm.
type assumption struct {
	name, assumed string
	check         func(a *account, ctx context.Context) result // a method of account
}

func assumptions() []assumption {
	return []assumption{
		{"COC: how an order answers", "HTTP 200, wrapped in data", (*account).orderIsWrapped},
		{"COC: unit of execute_costs", "milliseconds, although the page says seconds", (*account).costsAreMilliseconds},
		{"COC: counts of an order", "add up to total_instance", (*account).instancesAddUp},
		{"COC: first page of a batch", "needs no marker; a page of 100 is taken", (*account).pagesOfHundred},
		{"COC: an order that does not exist", "HTTP 400 with COC.00040709", (*account).missingOrder},
		{"COC: without project and domain", "answers", (*account).withoutProject},
		{"DataArts: counts", "all twelve states are there, and no other", (*account).jobStates},
		{"DataArts: counts and total", "not promised to add up", (*account).jobsAddUp},
		{"DataArts: day of the counts", "begins at midnight UTC+8, by planned time", (*account).day},
		{"DataArts: listing up to a time to come", "is taken", (*account).listingAhead},
		{"DataArts: offset of the listing", "numbers pages", (*account).jobOffset},
		{"DataArts: bounds of the runs of a job", "compare the planned time", (*account).runBounds},
		{"DataArts: offset of the runs of a job", "numbers pages", (*account).runOffset},
		{"ROMA: kinds of tasks", "both objects are always there", (*account).taskKinds},
		{"ROMA: abnormal tasks", "are those whose last run ended with ERROR", (*account).abnormalIsError},
		{"ROMA: offset of the monitors", "numbers pages from 1", (*account).monitorOffset},
		{"Permissions", "coc:job:get; a role in DataArts Studio; roma:tasks:list", (*account).permissions},
	}
}

// object is a JSON object.
type object map[string]any

type answer struct {
	status int
	object object
}

// get returns the object of an answer with HTTP 200. Without one, it sets unread and returns nil.
func (a *account) get(ctx context.Context, to service, query url.Values, path string) object {
	got, err := a.ask(ctx, to, query, path)
	switch {
	case err != nil:
		a.unread = &result{open, text.Plain(err.Error(), 300)}
	case got.status != http.StatusOK:
		a.unread = &result{open, got.refusal()}
	default:
		return got.object
	}
	return nil
}

// needs reports whether an id is set and nothing is unread so far.
func (a *account) needs(id, variable string) bool {
	if id == "" && a.unread == nil {
		a.unread = &result{open, "not checked: set " + variable}
	}
	return a.unread == nil
}

// mustBeAccepted lets an assumption fail if the service refused the last request.
func (a *account) mustBeAccepted() {
	if a.unread != nil && strings.HasPrefix(a.unread.text, "HTTP 4") {
		a.unread.verdict = fails
	}
}

// refusal describes an answer by status and code, without quoting any text.
func (a answer) refusal() string {
	return strings.TrimSpace(fmt.Sprintf("HTTP %d %s", a.status, text.Plain(a.object.text("error_code"), 64)))
}

func (o object) text(name string) string {
	s, _ := o[name].(string)
	return s
}

func (o object) object(name string) object {
	nested, _ := o[name].(map[string]any)
	return nested
}

func (o object) rows(name string) []object {
	list, _ := o[name].([]any)
	rows := make([]object, 0, len(list))
	for _, row := range list {
		nested, _ := row.(map[string]any)
		rows = append(rows, nested)
	}
	return rows
}

// number returns a number, which may be in a string.
func (o object) number(name string) (float64, bool) {
	n, err := strconv.ParseFloat(fmt.Sprint(o[name]), 64)
	return n, err == nil
}

func holdsIf(condition bool, format string, arguments ...any) result {
	if condition {
		return result{holds, fmt.Sprintf(format, arguments...)}
	}
	return result{fails, fmt.Sprintf(format, arguments...)}
}

// readOrder reads an order, its statistics or its first batch.
func (a *account) readOrder(ctx context.Context, query url.Values, subpath string) object {
	if !a.needs(a.order, "HWGATE_LIVE_ORDER") {
		return nil
	}
	return a.get(ctx, coc, query, "v1/job/script/orders/"+a.order+subpath)
}

func (a *account) orderIsWrapped(ctx context.Context) result {
	got := a.readOrder(ctx, nil, "")
	_, top := got["status"]
	return holdsIf(got.object("data") != nil && !top, "data: %t, status at the top: %t", got.object("data") != nil, top)
}

func (a *account) costsAreMilliseconds(ctx context.Context) result {
	order := a.readOrder(ctx, nil, "").object("data")
	costs, ok := order.number("execute_costs")
	begin, ok1 := order.number("gmt_created")
	end, ok2 := order.number("gmt_finished")
	if !ok || !ok1 || !ok2 {
		return result{open, "the order has not ended"}
	}
	return holdsIf(math.Abs(end-begin-costs) < 5000, "%.0f for %.0f ms between the two times", costs, end-begin)
}

func (a *account) instancesAddUp(ctx context.Context) result {
	data := a.readOrder(ctx, nil, "/statistics").object("data")
	total, _ := data.number("total_instance")
	sum := 0.0
	for _, row := range data.rows("execute_statistics") {
		count, _ := row.number("instance_count")
		sum += count
	}
	return holdsIf(sum == total, "%.0f of %.0f", sum, total)
}

func (a *account) pagesOfHundred(ctx context.Context) result {
	data := a.readOrder(ctx, url.Values{"limit": {"100"}}, "/batches/1").object("data")
	a.mustBeAccepted()
	total, _ := data.number("total_instances")
	return holdsIf(data != nil, "%d listed of %.0f", len(data.rows("execute_instances")), total)
}

func (a *account) missingOrder(ctx context.Context) result {
	if !a.needs(a.order, "HWGATE_LIVE_ORDER") {
		return result{}
	}
	got, err := a.ask(ctx, coc, nil, "v1/job/script/orders/SCT2000010100000000000none")
	if err != nil {
		return result{open, text.Plain(err.Error(), 300)}
	}
	return holdsIf(got.status == http.StatusBadRequest && got.object.text("error_code") == "COC.00040709", "%s", got.refusal())
}

// jobCounts reads today's counts.
func (a *account) jobCounts(ctx context.Context) object {
	if !a.needs(a.workspace, "HWGATE_LIVE_WORKSPACE") {
		return nil
	}
	return a.get(ctx, dataArts, nil, "v2/"+a.project+"/factory/monitor/task-statistics-overview")
}

// jobCountNames are the counts that the provider knows.
var jobCountNames = []string{
	"fail_count", "force_success_count", "freeze_count", "ignore_success_count", "manual_stop_count", "pause_count", "running_count",
	"running_exception_count", "skip_count", "success_count", "waiting_confirm_count", "waiting_count",
}

func (a *account) jobStates(ctx context.Context) result {
	got := a.jobCounts(ctx)
	var absent, further []string
	for _, name := range jobCountNames {
		if _, ok := got.number(name); !ok {
			absent = append(absent, name)
		}
	}
	for name := range got {
		if strings.HasSuffix(name, "_count") && name != "total_count" && !slices.Contains(jobCountNames, name) {
			further = append(further, text.Plain(name, 64))
		}
	}
	slices.Sort(further)
	return holdsIf(len(absent)+len(further) == 0, "absent: %s; new: %s", list(absent), list(further))
}

func list(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

func (a *account) jobsAddUp(ctx context.Context) result {
	got := a.jobCounts(ctx)
	sum := 0.0
	for _, name := range jobCountNames {
		count, _ := got.number(name)
		sum += count
	}
	total, _ := got.number("total_count")
	return result{holds, fmt.Sprintf("the twelve counts are %.0f, total_count is %.0f", sum, total)}
}

// jobRows lists the instances that were planned between two times.
func (a *account) jobRows(ctx context.Context, from, to time.Time, more url.Values) []object {
	if !a.needs(a.workspace, "HWGATE_LIVE_WORKSPACE") {
		return nil
	}
	query := url.Values{"minPlanTime": {milliseconds(from.Add(-time.Millisecond))}, "maxPlanTime": {milliseconds(to)}, "limit": {"1000"}}
	maps.Copy(query, more)
	return a.get(ctx, dataArtsJobs, query, "v1/"+a.project+"/jobs/instances/detail").rows("instances")
}

func milliseconds(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) }

// day compares today's total with the number of instances that were planned since midnight, for every time zone.
func (a *account) day(ctx context.Context) result {
	got := a.jobCounts(ctx)
	total, _ := got.number("total_count")
	rows := a.jobRows(ctx, a.now.Add(-48*time.Hour), a.now, nil)
	var zones []string
	for hours := -11; hours <= 14; hours++ {
		zone := time.FixedZone("", hours*60*60)
		year, month, day := a.now.In(zone).Date()
		midnight := float64(time.Date(year, month, day, 0, 0, 0, 0, zone).UnixMilli())
		since := 0
		for _, row := range rows {
			if planned, ok := row.number("planTime"); ok && planned >= midnight {
				since++
			}
		}
		if float64(since) == total {
			zones = append(zones, fmt.Sprintf("UTC%+d", hours))
		}
	}
	fits := slices.Contains(zones, "UTC+8")
	if fits && len(zones) > 4 {
		return result{open, "too few instances to tell the zones apart"}
	}
	return holdsIf(fits, "the counts fit midnight of %s", list(zones))
}

func (a *account) listingAhead(ctx context.Context) result {
	rows := a.jobRows(ctx, a.now.Add(-24*time.Hour), a.now.Add(24*time.Hour), nil)
	a.mustBeAccepted()
	return result{holds, fmt.Sprintf("%d instances", len(rows))}
}

func (a *account) jobOffset(ctx context.Context) result {
	from := a.now.Add(-24 * time.Hour)
	all := a.jobRows(ctx, from, a.now, nil)
	second := a.jobRows(ctx, from, a.now, url.Values{"limit": {"2"}, "offset": {"1"}})
	return offset(all, second, "instanceId")
}

// offset finds out what an offset of 1 means with pages of two rows.
func offset(all, second []object, id string) result {
	if len(all) < 4 || len(second) == 0 {
		return result{open, fmt.Sprintf("%d rows are too few to tell", len(all))}
	}
	switch first := fmt.Sprint(second[0][id]); first {
	case fmt.Sprint(all[2][id]):
		return result{holds, "offset 1 with a limit of 2 begins with the third row: pages, from 0"}
	case fmt.Sprint(all[1][id]):
		return result{fails, "offset 1 with a limit of 2 begins with the second row: rows"}
	case fmt.Sprint(all[0][id]):
		return result{fails, "offset 1 with a limit of 2 begins with the first row: pages, from 1"}
	default:
		return result{open, "the order of the rows changes"}
	}
}

// tasks reads an API of the FDI instance.
func (a *account) tasks(ctx context.Context, query url.Values, subpath string) object {
	if !a.needs(a.instance, "HWGATE_LIVE_ROMA") {
		return nil
	}
	return a.get(ctx, roma, query, "v2/"+a.project+"/fdi/instances/"+a.instance+"/"+subpath)
}

func (a *account) taskKinds(ctx context.Context) result {
	got := a.tasks(ctx, nil, "statistics/tasks")
	_, common := got["common_task_details"]
	_, cdc := got["cdc_task_details"]
	return holdsIf(common && cdc, "common_task_details: %t, cdc_task_details: %t", common, cdc)
}

func (a *account) abnormalIsError(ctx context.Context) result {
	got := a.tasks(ctx, nil, "statistics/tasks")
	common, _ := got.object("common_task_details").number("abnormal_tasks_count")
	cdc, _ := got.object("cdc_task_details").number("abnormal_tasks_count")
	monitors := a.tasks(ctx, url.Values{"execute_status": {"ERROR"}, "limit": {"999"}}, "task-monitors")
	listed, _ := monitors.number("total")
	return holdsIf(listed == common+cdc, "%.0f are counted, %.0f are listed", common+cdc, listed)
}

func (a *account) monitorOffset(ctx context.Context) result {
	all := a.tasks(ctx, url.Values{"limit": {"999"}}, "task-monitors")
	second := a.tasks(ctx, url.Values{"limit": {"2"}, "offset": {"1"}}, "task-monitors")
	seen := offset(all.rows("entities"), second.rows("entities"), "task_id")
	switch {
	case strings.HasSuffix(seen.text, "pages, from 1"):
		seen.verdict = holds
	case seen.verdict == holds:
		seen.verdict = fails
	}
	return seen
}

// permission matches the name of a permission in a message.
var permission = regexp.MustCompile(`\b[a-z]+:[a-zA-Z]+:[a-zA-Z]+\b`)

// permissions lists the permissions that the services name in refusals.
func (a *account) permissions(ctx context.Context) result {
	var refused []string
	for _, try := range []struct {
		service service
		id      string
		path    string
	}{
		{coc, a.order, "v1/job/script/orders/" + a.order},
		{dataArts, a.workspace, "v2/" + a.project + "/factory/monitor/task-statistics-overview"},
		{dataArtsJobs, a.workspace, "v1/" + a.project + "/jobs/instances/detail"},
		{roma, a.instance, "v2/" + a.project + "/fdi/instances/" + a.instance + "/statistics/tasks"},
		{roma, a.instance, "v2/" + a.project + "/fdi/instances/" + a.instance + "/task-monitors"},
	} {
		if try.id == "" {
			continue
		}
		if got, err := a.ask(ctx, try.service, nil, try.path); err == nil && got.status == http.StatusForbidden {
			refused = append(refused, try.path[strings.LastIndex(try.path, "/")+1:]+": "+got.refusal()+" "+
				strings.Join(permission.FindAllString(got.object.text("error_msg"), -1), " "))
		}
	}
	if len(refused) == 0 {
		return result{open, "nothing was refused"}
	}
	return result{open, strings.Join(refused, "; ")}
}
