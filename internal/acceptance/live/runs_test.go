package live

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/cloudtest"
)

// runs lists the runs of the job since a time.
func (a *account) runs(ctx context.Context, after int64, more url.Values) []object {
	if !a.needs(a.workspace, "HWGATE_LIVE_WORKSPACE") || !a.needs(a.job, "HWGATE_LIVE_JOB") {
		return nil
	}
	query := url.Values{"min_plan_time": {strconv.FormatInt(after, 10)}, "limit": {"1000"}}
	maps.Copy(query, more)
	return a.get(ctx, dataArts, query, "v2/"+a.project+"/factory/jobs/"+a.job+"/instances/detail").rows("instances")
}

// runBounds asks for the runs after the planned time of one that started later.
func (a *account) runBounds(ctx context.Context) result {
	for _, row := range a.runs(ctx, a.now.Add(-7*24*time.Hour).UnixMilli(), nil) {
		planned, _ := row.number("plan_time")
		started, _ := row.number("start_time")
		if started <= planned {
			continue
		}
		for _, later := range a.runs(ctx, int64(planned), nil) {
			if fmt.Sprint(later["instance_id"]) == fmt.Sprint(row["instance_id"]) {
				return result{fails, "the start"}
			}
		}
		return result{holds, "the planned time"}
	}
	return result{open, "no run started later than planned"}
}

func (a *account) runOffset(ctx context.Context) result {
	after := a.now.Add(-7 * 24 * time.Hour).UnixMilli()
	return offset(a.runs(ctx, after, nil), a.runs(ctx, after, url.Values{"limit": {"2"}, "offset": {"1"}}), "instance_id")
}

// withoutProject asks for an order with neither a project nor a domain, if it can be read with the project.
func (a *account) withoutProject(ctx context.Context) result {
	a.readOrder(ctx, nil, "")
	if a.unread != nil {
		return result{}
	}
	bare := *a
	bare.project = ""
	got := bare.readOrder(ctx, nil, "")
	bare.mustBeAccepted()
	a.unread = bare.unread
	return holdsIf(got.object("data") != nil, "data: %t", got.object("data") != nil)
}

const runsPath = "/v2/p/factory/jobs/etl/instances/detail?*"

// runsBy answers the listing of a job's runs, which began two seconds later than planned. The bound is compared with the given time, and
// first returns the first row at an offset.
func runsBy(t *testing.T, bound string, first func(offset int) int) http.Handler {
	t.Helper()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		after, _ := strconv.ParseInt(r.URL.Query().Get("min_plan_time"), 10, 64)
		var rows []map[string]any
		for id := range int64(6) {
			planned := time.Now().Add(-time.Duration(id+1) * time.Hour).Truncate(time.Hour).UnixMilli()
			row := map[string]any{"job_name": "etl", "instance_id": id, "plan_time": planned, "start_time": planned + 2000}
			if at, _ := row[bound].(int64); at > after {
				rows = append(rows, row)
			}
		}
		if offset, _ := strconv.Atoi(r.URL.Query().Get("offset")); offset > 0 {
			rows = rows[first(offset):]
		}
		says(t, map[string]any{"total": len(rows), "instances": rows}).ServeHTTP(w, r)
	})
}

// TestRunAssumptions says what the bounds and the offset of the runs of a job are, however the service answers.
func TestRunAssumptions(t *testing.T) {
	t.Parallel()
	pages := func(offset int) int { return 2 * offset }
	for name, test := range map[string]struct {
		name, want string
		answer     http.Handler
	}{
		"by plan":  {"DataArts: bounds of the runs of a job", "holds: the planned time", runsBy(t, "plan_time", pages)},
		"by start": {"DataArts: bounds of the runs of a job", "FAILS: the start", runsBy(t, "start_time", pages)},
		"no runs":  {"DataArts: bounds of the runs of a job", "open: no run started later than planned", says(t, map[string]any{"total": 0})},
		"pages": {
			"DataArts: offset of the runs of a job", "holds: offset 1 with a limit of 2 begins with the third row: pages, from 0", runsBy(t, "plan_time", pages),
		},
		"rows": {
			"DataArts: offset of the runs of a job", "FAILS: offset 1 with a limit of 2 begins with the second row: rows",
			runsBy(t, "plan_time", func(offset int) int { return offset }),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			svc := asAssumed(t)
			svc.At(runsPath).Now(test.answer)
			if results, _ := check(t, svc); results[test.name] != test.want {
				t.Errorf("%q, want %q", results[test.name], test.want)
			}
		})
	}
}

// TestWithoutProject asks COC without project and domain, and says so if it refuses.
func TestWithoutProject(t *testing.T) {
	t.Parallel()
	const name = "COC: without project and domain"
	svc := asAssumed(t)
	if results, _ := check(t, svc); results[name] != "holds: data: true" {
		t.Errorf("%q", results[name])
	}
	bare := 0
	for _, request := range svc.Log() {
		if request.Header.Get("X-Project-Id") == "" {
			bare++
		}
	}
	if bare != 1 {
		t.Errorf("%d requests without a project, want one", bare)
	}
	svc.At(orderPath).Now(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Project-Id") == "" {
			cloudtest.Error(400, "COC.00010003", "no project").ServeHTTP(w, r)
			return
		}
		cloudtest.Failed(8, 2).ServeHTTP(w, r)
	}))
	if results, _ := check(t, svc); results[name] != "FAILS: HTTP 400 COC.00010003" {
		t.Errorf("%q", results[name])
	}
}
