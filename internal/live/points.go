package main

import (
	"context"
	"encoding/json"
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

	"github.com/hwgate/terraform-provider-hwgate/internal/client"
	"github.com/hwgate/terraform-provider-hwgate/internal/text"
)

// verdict says what became of an assumption.
type verdict string

const (
	held   verdict = "holds"
	fallen verdict = "FELL"
	open   verdict = "open"
)

// sight is what was seen of a point.
type sight struct {
	verdict verdict
	text    string
}

// point is something that no page settles.
type point struct {
	name, assumed string
	look          func(a *account, ctx context.Context) sight // a method of account
}

// points lists what the code assumes and only an account can show.
func points() []point {
	return []point{
		{"COC: how an order answers", "HTTP 200, wrapped in data", (*account).orderIsWrapped},
		{"COC: unit of execute_costs", "milliseconds, although the page says seconds", (*account).costsAreMilliseconds},
		{"COC: counts of an order", "add up to total_instance", (*account).instancesAddUp},
		{"COC: first page of a batch", "needs no marker; a page of 100 is taken", (*account).pagesOfHundred},
		{"COC: an order that does not exist", "HTTP 400 with COC.00040709", (*account).missingOrder},
		{"DataArts: counts", "all twelve states are there, and no other", (*account).jobStates},
		{"DataArts: counts and total", "not promised to add up", (*account).jobsAddUp},
		{"DataArts: day of the counts", "begins at midnight UTC+8, by planned time", (*account).day},
		{"DataArts: listing up to a time to come", "is taken", (*account).listingAhead},
		{"DataArts: offset of the listing", "numbers pages", (*account).jobOffset},
		{"ROMA: kinds of tasks", "both objects are always there", (*account).taskKinds},
		{"ROMA: abnormal tasks", "are those whose last run ended with ERROR", (*account).abnormalIsError},
		{"ROMA: offset of the monitors", "numbers pages from 1", (*account).monitorOffset},
		{"Permissions", "coc:job:get; a role in DataArts Studio; roma:tasks:list", (*account).permissions},
	}
}

// object is a JSON object of an answer.
type object map[string]any

// answer is an answer that is a JSON object.
type answer struct {
	status int
	object object
}

// ask looks at an API.
func (a *account) ask(ctx context.Context, service client.Service, query url.Values, path string) (answer, error) {
	header := http.Header{}
	if a.project != "" {
		header.Set("X-Project-Id", a.project)
	}
	if a.workspace != "" && service != client.COC && service != client.ROMA {
		header.Set("Workspace", a.workspace)
	}
	got, err := a.Look(ctx, service, client.Target{Region: a.region, ProjectID: a.project}, header, query, strings.Split(path, "/")...)
	if err != nil {
		return answer{}, err
	}
	decoded := answer{status: got.Status}
	decoder := json.NewDecoder(strings.NewReader(string(got.Body)))
	decoder.UseNumber()
	_ = decoder.Decode(&decoded.object) // what is no object has no members
	return decoded, nil
}

// good asks for what should be there. Without it there is nothing to see.
func (a *account) good(ctx context.Context, service client.Service, query url.Values, path string) (object, *sight) {
	got, err := a.ask(ctx, service, query, path)
	switch {
	case err != nil:
		return nil, &sight{open, text.Plain(err.Error(), 300)}
	case got.status != http.StatusOK:
		return nil, &sight{open, got.refusal()}
	default:
		return got.object, nil
	}
}

// refusal words an answer that is not the one asked for: its status and code, which quote nothing.
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

// number gives a number, also one in a string.
func (o object) number(name string) (float64, bool) {
	n, err := strconv.ParseFloat(fmt.Sprint(o[name]), 64)
	return n, err == nil
}

func has(condition bool, format string, arguments ...any) sight {
	if condition {
		return sight{held, fmt.Sprintf(format, arguments...)}
	}
	return sight{fallen, fmt.Sprintf(format, arguments...)}
}

func without(id, variable string) *sight {
	if id == "" {
		return &sight{open, "not looked at: set " + variable}
	}
	return nil
}

// readOrder gives the data of an order, its statistics or its first batch.
func (a *account) readOrder(ctx context.Context, query url.Values, more string) (object, *sight) {
	if s := without(a.order, "HWGATE_LIVE_ORDER"); s != nil {
		return nil, s
	}
	return a.good(ctx, client.COC, query, "v1/job/script/orders/"+a.order+more)
}

func (a *account) orderIsWrapped(ctx context.Context) sight {
	got, s := a.readOrder(ctx, nil, "")
	if s != nil {
		return *s
	}
	_, top := got["status"]
	return has(got.object("data") != nil && !top, "data: %t, status at the top: %t", got.object("data") != nil, top)
}

func (a *account) costsAreMilliseconds(ctx context.Context) sight {
	got, s := a.readOrder(ctx, nil, "")
	if s != nil {
		return *s
	}
	order := got.object("data")
	costs, ok := order.number("execute_costs")
	begin, ok1 := order.number("gmt_created")
	end, ok2 := order.number("gmt_finished")
	if !ok || !ok1 || !ok2 {
		return sight{open, "the order has not ended"}
	}
	return has(math.Abs(end-begin-costs) < 5000, "%.0f for %.0f ms between the two times", costs, end-begin)
}

func (a *account) instancesAddUp(ctx context.Context) sight {
	got, s := a.readOrder(ctx, nil, "/statistics")
	if s != nil {
		return *s
	}
	data := got.object("data")
	total, _ := data.number("total_instance")
	sum := 0.0
	for _, row := range data.rows("execute_statistics") {
		count, _ := row.number("instance_count")
		sum += count
	}
	return has(sum == total, "%.0f of %.0f", sum, total)
}

func (a *account) pagesOfHundred(ctx context.Context) sight {
	got, s := a.readOrder(ctx, url.Values{"limit": {"100"}}, "/batches/1")
	if s != nil {
		if s.verdict == open && strings.HasPrefix(s.text, "HTTP 4") {
			return sight{fallen, s.text}
		}
		return *s
	}
	total, _ := got.object("data").number("total_instances")
	return has(got.object("data") != nil, "%d listed of %.0f", len(got.object("data").rows("execute_instances")), total)
}

func (a *account) missingOrder(ctx context.Context) sight {
	if s := without(a.order, "HWGATE_LIVE_ORDER"); s != nil {
		return *s
	}
	got, err := a.ask(ctx, client.COC, nil, "v1/job/script/orders/SCT2000010100000000000none")
	if err != nil {
		return sight{open, text.Plain(err.Error(), 300)}
	}
	return has(got.status == http.StatusBadRequest && got.object.text("error_code") == "COC.00040709", "%s", got.refusal())
}

// jobCounts gives today's counts.
func (a *account) jobCounts(ctx context.Context) (object, *sight) {
	if s := without(a.workspace, "HWGATE_LIVE_WORKSPACE"); s != nil {
		return nil, s
	}
	return a.good(ctx, client.DataArts, nil, "v2/"+a.project+"/factory/monitor/task-statistics-overview")
}

// known are the members of the counts that the provider knows.
var known = []string{
	"fail_count", "force_success_count", "freeze_count", "ignore_success_count", "manual_stop_count", "pause_count", "running_count",
	"running_exception_count", "skip_count", "success_count", "waiting_confirm_count", "waiting_count",
}

func (a *account) jobStates(ctx context.Context) sight {
	got, s := a.jobCounts(ctx)
	if s != nil {
		return *s
	}
	var absent, further []string
	for _, name := range known {
		if _, ok := got.number(name); !ok {
			absent = append(absent, name)
		}
	}
	for name := range got {
		if strings.HasSuffix(name, "_count") && name != "total_count" && !slices.Contains(known, name) {
			further = append(further, text.Plain(name, 64))
		}
	}
	slices.Sort(further)
	return has(len(absent)+len(further) == 0, "absent: %s; new: %s", list(absent), list(further))
}

func list(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

func (a *account) jobsAddUp(ctx context.Context) sight {
	got, s := a.jobCounts(ctx)
	if s != nil {
		return *s
	}
	sum := 0.0
	for _, name := range known {
		count, _ := got.number(name)
		sum += count
	}
	total, _ := got.number("total_count")
	return sight{held, fmt.Sprintf("the twelve counts are %.0f, total_count is %.0f", sum, total)}
}

// jobRows lists instances that were planned between two times.
func (a *account) jobRows(ctx context.Context, from, to time.Time, more url.Values) ([]object, *sight) {
	if s := without(a.workspace, "HWGATE_LIVE_WORKSPACE"); s != nil {
		return nil, s
	}
	query := url.Values{"minPlanTime": {milliseconds(from.Add(-time.Millisecond))}, "maxPlanTime": {milliseconds(to)}, "limit": {"1000"}}
	maps.Copy(query, more)
	got, s := a.good(ctx, client.DataArtsJobs, query, "v1/"+a.project+"/jobs/instances/detail")
	return got.rows("instances"), s
}

func milliseconds(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) }

// day compares today's total with the instances that were planned since midnight, in each zone that it could be.
func (a *account) day(ctx context.Context) sight {
	got, s := a.jobCounts(ctx)
	if s != nil {
		return *s
	}
	total, _ := got.number("total_count")
	rows, s := a.jobRows(ctx, a.now.Add(-48*time.Hour), a.now, nil)
	if s != nil {
		return *s
	}
	var fitting []string
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
			fitting = append(fitting, fmt.Sprintf("UTC%+d", hours))
		}
	}
	switch {
	case slices.Contains(fitting, "UTC+8") && len(fitting) > 4:
		return sight{open, "too few instances to tell the zones apart"}
	default:
		return has(slices.Contains(fitting, "UTC+8"), "the counts fit midnight of %s", list(fitting))
	}
}

func (a *account) listingAhead(ctx context.Context) sight {
	rows, s := a.jobRows(ctx, a.now.Add(-24*time.Hour), a.now.Add(24*time.Hour), nil)
	if s != nil {
		if strings.HasPrefix(s.text, "HTTP 4") {
			return sight{fallen, s.text}
		}
		return *s
	}
	return sight{held, fmt.Sprintf("%d instances", len(rows))}
}

func (a *account) jobOffset(ctx context.Context) sight {
	from := a.now.Add(-24 * time.Hour)
	all, s := a.jobRows(ctx, from, a.now, nil)
	if s != nil {
		return *s
	}
	second, s := a.jobRows(ctx, from, a.now, url.Values{"limit": {"2"}, "offset": {"1"}})
	if s != nil {
		return *s
	}
	return offset(all, second, "instanceId")
}

// offset tells what an offset of 1 means with pages of two rows.
func offset(all, second []object, id string) sight {
	if len(all) < 4 || len(second) == 0 {
		return sight{open, fmt.Sprintf("%d rows are too few to tell", len(all))}
	}
	switch first := fmt.Sprint(second[0][id]); first {
	case fmt.Sprint(all[2][id]):
		return sight{held, "offset 1 with a limit of 2 begins with the third row: pages, from 0"}
	case fmt.Sprint(all[1][id]):
		return sight{fallen, "offset 1 with a limit of 2 begins with the second row: rows"}
	case fmt.Sprint(all[0][id]):
		return sight{fallen, "offset 1 with a limit of 2 begins with the first row: pages, from 1"}
	default:
		return sight{open, "the order of the rows changes"}
	}
}

// tasks reads an API of the FDI instance.
func (a *account) tasks(ctx context.Context, query url.Values, what string) (object, *sight) {
	if s := without(a.instance, "HWGATE_LIVE_ROMA"); s != nil {
		return nil, s
	}
	return a.good(ctx, client.ROMA, query, "v2/"+a.project+"/fdi/instances/"+a.instance+"/"+what)
}

func (a *account) taskKinds(ctx context.Context) sight {
	got, s := a.tasks(ctx, nil, "statistics/tasks")
	if s != nil {
		return *s
	}
	_, common := got["common_task_details"]
	_, cdc := got["cdc_task_details"]
	return has(common && cdc, "common_task_details: %t, cdc_task_details: %t", common, cdc)
}

func (a *account) abnormalIsError(ctx context.Context) sight {
	got, s := a.tasks(ctx, nil, "statistics/tasks")
	if s != nil {
		return *s
	}
	common, _ := got.object("common_task_details").number("abnormal_tasks_count")
	cdc, _ := got.object("cdc_task_details").number("abnormal_tasks_count")
	monitors, s := a.tasks(ctx, url.Values{"execute_status": {"ERROR"}, "limit": {"999"}}, "task-monitors")
	if s != nil {
		return *s
	}
	listed, _ := monitors.number("total")
	return has(listed == common+cdc, "%.0f are counted, %.0f are listed", common+cdc, listed)
}

func (a *account) monitorOffset(ctx context.Context) sight {
	all, s := a.tasks(ctx, url.Values{"limit": {"999"}}, "task-monitors")
	if s != nil {
		return *s
	}
	second, s := a.tasks(ctx, url.Values{"limit": {"2"}, "offset": {"1"}}, "task-monitors")
	if s != nil {
		return *s
	}
	seen := offset(all.rows("entities"), second.rows("entities"), "task_id")
	switch {
	case strings.HasSuffix(seen.text, "pages, from 1"):
		seen.verdict = held
	case seen.verdict == held:
		seen.verdict = fallen
	}
	return seen
}

// action is the form of a permission in a message.
var action = regexp.MustCompile(`\b[a-z]+:[a-zA-Z]+:[a-zA-Z]+\b`)

// permissions tells which rights the services name when they refuse.
func (a *account) permissions(ctx context.Context) sight {
	var refused []string
	for _, try := range []struct {
		service client.Service
		id      string
		path    string
	}{
		{client.COC, a.order, "v1/job/script/orders/" + a.order},
		{client.DataArts, a.workspace, "v2/" + a.project + "/factory/monitor/task-statistics-overview"},
		{client.DataArtsJobs, a.workspace, "v1/" + a.project + "/jobs/instances/detail"},
		{client.ROMA, a.instance, "v2/" + a.project + "/fdi/instances/" + a.instance + "/statistics/tasks"},
		{client.ROMA, a.instance, "v2/" + a.project + "/fdi/instances/" + a.instance + "/task-monitors"},
	} {
		if try.id == "" {
			continue
		}
		if got, err := a.ask(ctx, try.service, nil, try.path); err == nil && got.status == http.StatusForbidden {
			refused = append(refused, try.path[strings.LastIndex(try.path, "/")+1:]+": "+got.refusal()+" "+
				strings.Join(action.FindAllString(got.object.text("error_msg"), -1), " "))
		}
	}
	if len(refused) == 0 {
		return sight{open, "nothing was refused"}
	}
	return sight{open, strings.Join(refused, "; ")}
}
