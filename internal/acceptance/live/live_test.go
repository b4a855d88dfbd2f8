package live

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/cloudtest"
	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/leaktest"
	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/recording"
)

const (
	order      = "SCT2023102211473xxxxxxxxxx"
	orderPath  = "/v1/job/script/orders/" + order
	countsPath = "/v2/p/factory/monitor/task-statistics-overview"
	jobsPath   = "/v1/p/jobs/instances/detail?*"
	tasksPath  = "/v2/p/fdi/instances/i/statistics/tasks"
	pastPath   = "/v2/p/fdi/instances/i/task-monitors?*"
)

var environment = map[string]string{
	"HW_REGION_NAME": "cn-north-4", "HW_ACCESS_KEY": "AKPLANTEDPLANTED0001", "HW_SECRET_KEY": "planted-secret", "HW_PROJECT_ID": "p",
	"HWGATE_LIVE_ORDER": order, "HWGATE_LIVE_WORKSPACE": "w", "HWGATE_LIVE_JOB": "etl", "HWGATE_LIVE_ROMA": "i",
}

// asAssumed is a service for which every assumption holds.
func asAssumed(t *testing.T) *cloudtest.Service {
	t.Helper()
	svc := cloudtest.New(cloudtest.Signed(map[string]string{environment["HW_ACCESS_KEY"]: environment["HW_SECRET_KEY"]}))
	svc.Order(order).Then(cloudtest.Failed(8, 2))
	svc.Order("SCT2000010100000000000none").Then(cloudtest.NotFound)
	svc.At(countsPath).Then(says(t, counts(map[string]any{"success_count": 12, "total_count": 12})))
	svc.At(jobsPath).Then(jobs(t, func(offset int) int { return 2 * offset }))
	svc.At(runsPath).Then(runsBy(t, "plan_time", func(offset int) int { return 2 * offset }))
	svc.Instance("i").Then(cloudtest.Tasks(map[string]int{"running": 3, "abnormal": 2}, map[string]int{"running": 1}))
	return svc
}

func says(t *testing.T, body any) http.Handler {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return cloudtest.Says(http.StatusOK, string(text), "Content-Type", "application/json")
}

// counts are the twelve counts, zero unless given; nil omits one.
func counts(changed map[string]any) map[string]any {
	all := map[string]any{}
	for _, name := range jobCountNames {
		all[name] = 0
	}
	for name, count := range changed {
		if all[name] = count; count == nil {
			delete(all, name)
		}
	}
	return all
}

// jobs answers the listing: twelve instances, one every two hours of a day that began at midnight UTC+8. First returns the first
// row at an offset.
func jobs(t *testing.T, first func(offset int) int) http.Handler {
	t.Helper()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		now := time.Now().In(time.FixedZone("", 8*60*60))
		midnight := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, now.Location())
		var rows []map[string]any
		for id := range 12 {
			rows = append(rows, map[string]any{"instanceId": id, "planTime": midnight.Add(time.Duration(id) * time.Second).UnixMilli()})
		}
		for id := range 24 {
			rows = append(rows, map[string]any{"instanceId": 100 + id, "planTime": midnight.Add(-time.Duration(id+1) * time.Hour).UnixMilli()})
		}
		var offset, limit int
		_, _ = fmt.Sscan(r.URL.Query().Get("offset"), &offset)
		_, _ = fmt.Sscan(r.URL.Query().Get("limit"), &limit)
		from := 0
		if offset > 0 {
			from = first(offset)
		}
		says(t, map[string]any{"total": len(rows), "instances": rows[from:min(from+limit, len(rows))]}).ServeHTTP(w, r)
	})
}

// check checks every assumption with a service and returns the result of each by name, and how many failed.
func check(t *testing.T, svc http.RoundTripper) (results map[string]string, failed int) {
	t.Helper()
	a, err := newAccount(func(name string) string { return environment[name] }, svc)
	if err != nil {
		t.Fatal(err)
	}
	results = map[string]string{}
	for _, assumed := range assumptions() {
		found := a.check(t.Context(), assumed)
		results[assumed.name] = string(found.verdict) + ": " + found.text
		if found.verdict == fails {
			failed++
		}
	}
	return results, failed
}

// TestAccount checks every assumption with the account of the environment if HWGATE_RECORD is 1, and records its answers. Otherwise it
// does so with the mock.
func TestAccount(t *testing.T) {
	t.Parallel()
	getenv, network, folder := func(name string) string { return environment[name] }, http.RoundTripper(asAssumed(t)), t.TempDir()
	if os.Getenv("HWGATE_RECORD") == "1" {
		getenv, network, folder = os.Getenv, http.DefaultTransport, filepath.Join("..", "..", "..", "live-recordings")
	}
	transport, stop, err := recording.Record(folder, "live", network)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
		t.Logf("the answers are in %s; read them before you show them to anybody", folder)
	})
	a, err := newAccount(getenv, transport)
	if err != nil {
		t.Fatal(err)
	}
	for _, assumed := range assumptions() {
		found := a.check(t.Context(), assumed)
		t.Logf("%-9s %s\nassumed: %s\nseen:    %s", found.verdict, assumed.name, assumed.assumed, found.text)
		if found.verdict == fails {
			t.Errorf("%s: the assumption falls", assumed.name)
		}
	}
}

// TestAssumptions hold where the service is as the code assumes, and fail where it is not.
func TestAssumptions(t *testing.T) {
	t.Parallel()
	order := func(change func(map[string]any)) map[string]any {
		data := map[string]any{"status": "FINISHED", "gmt_created": 1000000, "gmt_finished": 1311283, "execute_costs": 311282}
		change(data)
		return map[string]any{"data": data}
	}
	rows := func(first int) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			all := []map[string]any{{"task_id": "a"}, {"task_id": "b"}, {"task_id": "c"}, {"task_id": "d"}}
			if r.URL.Query().Get("offset") == "1" {
				all = all[first:]
			}
			says(t, map[string]any{"total": 4, "entities": all}).ServeHTTP(w, r)
		})
	}
	for name, test := range map[string]struct {
		holds string
		// With another answer at pattern, the result is wantOtherwise.
		pattern       string
		answer        http.Handler
		wantOtherwise string
	}{
		"COC: how an order answers": {
			"holds: data: true", orderPath, says(t, map[string]any{"status": "FINISHED"}), "FAILS: data: false, status at the top: true",
		},
		"COC: unit of execute_costs": {
			"holds: 311", orderPath, says(t, order(func(o map[string]any) { o["execute_costs"] = 311 })), "FAILS: 311 for 311283 ms",
		},
		"COC: counts of an order": {
			"holds: 10 of 10", orderPath + "/statistics", says(t, map[string]any{"data": map[string]any{"total_instance": 3}}), "FAILS: 0 of 3",
		},
		"COC: first page of a batch": {
			"holds: 10 listed of 10", orderPath + "/batches/1?limit=100", cloudtest.Error(400, "COC.00010002", "limit"),
			"FAILS: HTTP 400 COC.00010002",
		},
		"COC: an order that does not exist": {
			"holds: HTTP 400 COC.00040709", "/v1/job/script/orders/SCT2000010100000000000none", cloudtest.Error(404, "COC.1", "gone"),
			"FAILS: HTTP 404 COC.1",
		},
		"DataArts: counts": {
			"holds: absent: none; new: none", countsPath, says(t, counts(map[string]any{"pause_count": nil, "timeout_count": 0})),
			"FAILS: absent: pause_count; new: timeout_count",
		},
		"DataArts: counts and total": {
			"holds: the twelve counts are 12, total_count is 12", countsPath,
			says(t, counts(map[string]any{"success_count": 11, "total_count": 12})), "holds: the twelve counts are 11, total_count is 12",
		},
		"DataArts: day of the counts": {
			"holds: the counts fit midnight of UTC+8", countsPath, says(t, counts(map[string]any{"total_count": 14})), "FAILS: the counts fit midnight of ",
		},
		"DataArts: listing up to a time to come": {
			"holds: 36 instances", jobsPath, cloudtest.Error(400, "DLF.3051", "time"), "FAILS: HTTP 400 DLF.3051",
		},
		"DataArts: offset of the listing": {
			"holds: offset 1 with a limit of 2 begins with the third row", jobsPath, jobs(t, func(offset int) int { return offset }),
			"FAILS: offset 1 with a limit of 2 begins with the second row",
		},
		"ROMA: kinds of tasks": {
			"holds: common_task_details: true", tasksPath, says(t, map[string]any{"common_task_details": nil}),
			"FAILS: common_task_details: true, cdc_task_details: false",
		},
		"ROMA: abnormal tasks": {
			"holds: 2 are counted, 2 are listed", pastPath, says(t, map[string]any{"total": 5}), "FAILS: 2 are counted, 5 are listed",
		},
		"ROMA: offset of the monitors": {
			"holds: offset 1 with a limit of 2 begins with the first row", pastPath, rows(2), "FAILS: offset 1 with a limit of 2 begins with the third",
		},
		"Permissions": {
			"open: nothing was refused", orderPath,
			cloudtest.Error(403, "COC.00010001", "User u is not authorized to perform: coc:job:get on resource r"),
			"open: " + theOrder + ": HTTP 403 COC.00010001 coc:job:get",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if results, failed := check(t, asAssumed(t)); !strings.HasPrefix(results[name], test.holds) || failed != 0 {
				t.Errorf("as assumed: %q and %d failed, want %q", results[name], failed, test.holds)
			}
			other := asAssumed(t)
			other.At(test.pattern).Now(test.answer)
			results, failed := check(t, other)
			if !strings.HasPrefix(results[name], test.wantOtherwise) || (failed > 0) != strings.HasPrefix(test.wantOtherwise, "FAILS") {
				t.Errorf("otherwise: %q and %d failed, want %q", results[name], failed, test.wantOtherwise)
			}
		})
	}
}

// theOrder is order where a local variable shadows it.
const theOrder = order

// TestNothingSecretIsKept prints and records results without the credential and without what the services' messages may quote.
func TestNothingSecretIsKept(t *testing.T) {
	t.Parallel()
	svc := asAssumed(t)
	svc.At(orderPath).Then(says(t, map[string]any{"data": map[string]any{"status": "FINISHED", "creator": "planted-person"}}))
	folder := t.TempDir()
	transport, stop, err := recording.Record(folder, "live", svc)
	if err != nil {
		t.Fatal(err)
	}
	results, _ := check(t, transport)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(filepath.Join(folder, "live.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	leaktest.Check(t, "what is kept", fmt.Sprint(results)+string(content), "planted-secret", "AKPLANTEDPLANTED0001", "planted-person")
}

// TestEnvironment names what is missing from the environment.
func TestEnvironment(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ without, want string }{
		{"HW_REGION_NAME", "set HW_REGION_NAME"},
		{"HW_ACCESS_KEY", "set HW_ACCESS_KEY and HW_SECRET_KEY, or HW_AUTH_TOKEN"},
		{"HW_SECRET_KEY", "set HW_ACCESS_KEY and HW_SECRET_KEY, or HW_AUTH_TOKEN"},
		{"HW_PROJECT_ID", "set HW_PROJECT_ID: DataArts and ROMA Connect are read in a project"},
		{"HWGATE_LIVE_", "set at least one of HWGATE_LIVE_ORDER, HWGATE_LIVE_WORKSPACE and HWGATE_LIVE_ROMA"},
	} {
		_, err := newAccount(func(name string) string {
			if strings.HasPrefix(name, test.without) {
				return ""
			}
			return environment[name]
		}, nil)
		if err == nil || err.Error() != test.want {
			t.Errorf("without %s: %v, want %s", test.without, err, test.want)
		}
	}
}

// TestOneKindOnly neither checks nor fails assumptions whose id is missing.
func TestOneKindOnly(t *testing.T) {
	t.Parallel()
	svc := asAssumed(t)
	a, err := newAccount(func(name string) string {
		if name == "HWGATE_LIVE_WORKSPACE" || name == "HWGATE_LIVE_ROMA" || name == "HW_PROJECT_ID" {
			return ""
		}
		return environment[name]
	}, svc)
	if err != nil {
		t.Fatal(err)
	}
	unchecked := 0
	for _, assumed := range assumptions() {
		switch found := a.check(t.Context(), assumed); {
		case found.verdict == fails:
			t.Errorf("%s fails: %s", assumed.name, found.text)
		case strings.HasPrefix(found.text, "not checked: set HWGATE_LIVE_"):
			unchecked++
		}
	}
	if unchecked < 5 {
		t.Errorf("%d assumptions are not checked", unchecked)
	}
	for _, request := range svc.Log() {
		if !strings.HasPrefix(request.URL.Path, "/v1/job/script/orders/") {
			t.Errorf("%s was asked for", request.URL)
		}
	}
}
