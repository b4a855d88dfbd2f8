package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/cloudtest"
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
	"HWGATE_LIVE_ORDER": order, "HWGATE_LIVE_WORKSPACE": "w", "HWGATE_LIVE_ROMA": "i",
}

// asAssumed is a service for which every assumption holds.
func asAssumed(t *testing.T) *cloudtest.Service {
	t.Helper()
	svc := cloudtest.New(cloudtest.Signed(map[string]string{environment["HW_ACCESS_KEY"]: environment["HW_SECRET_KEY"]}))
	svc.Order(order).Then(cloudtest.Failed(8, 2))
	svc.Order("SCT2000010100000000000none").Then(cloudtest.NotFound)
	svc.At(countsPath).Then(says(t, counts(map[string]any{"success_count": 12, "total_count": 12})))
	svc.At(jobsPath).Then(jobs(t, func(offset int) int { return 2 * offset }))
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

// check runs the command against a service and returns the result of each assumption by name.
func check(t *testing.T, svc *cloudtest.Service) (results map[string]string, failed int, folder string) {
	t.Helper()
	folder = t.TempDir()
	var out strings.Builder
	failed, err := run(context.Background(), &out, func(name string) string { return environment[name] }, folder, svc)
	if err != nil {
		t.Fatal(err)
	}
	results = map[string]string{}
	for block := range strings.SplitSeq(strings.ReplaceAll(out.String(), "\n          ", "; "), "\n") {
		if verdict, rest, found := strings.Cut(block, " "); found {
			name, seen, _ := strings.Cut(strings.TrimSpace(rest), "; assumed: ")
			_, seen, _ = strings.Cut(seen, "seen:")
			results[name] = verdict + ": " + strings.TrimSpace(seen)
		}
	}
	return results, failed, folder
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
			if results, failed, _ := check(t, asAssumed(t)); !strings.HasPrefix(results[name], test.holds) || failed != 0 {
				t.Errorf("as assumed: %q and %d failed, want %q", results[name], failed, test.holds)
			}
			other := asAssumed(t)
			other.At(test.pattern).Now(test.answer)
			results, failed, _ := check(t, other)
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
	results, _, folder := check(t, svc)
	kept := fmt.Sprint(results)
	files, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no recording: %v", err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		kept += string(content)
	}
	for _, planted := range []string{"planted-secret", "AKPLANTEDPLANTED0001", "planted-person"} {
		if strings.Contains(kept, planted) {
			t.Errorf("%s was kept", planted)
		}
	}
}

// TestEnvironment names what is missing from the environment before anything is sent.
func TestEnvironment(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ without, want string }{
		{"HW_REGION_NAME", "set HW_REGION_NAME"},
		{"HW_ACCESS_KEY", "set HW_ACCESS_KEY and HW_SECRET_KEY, or HW_AUTH_TOKEN"},
		{"HW_SECRET_KEY", "set HW_ACCESS_KEY and HW_SECRET_KEY, or HW_AUTH_TOKEN"},
		{"HW_PROJECT_ID", "set HW_PROJECT_ID: DataArts and ROMA Connect are read in a project"},
		{"HWGATE_LIVE_", "set at least one of HWGATE_LIVE_ORDER, HWGATE_LIVE_WORKSPACE and HWGATE_LIVE_ROMA"},
	} {
		svc := cloudtest.New()
		getenv := func(name string) string {
			if strings.HasPrefix(name, test.without) {
				return ""
			}
			return environment[name]
		}
		if _, err := run(t.Context(), os.Stderr, getenv, t.TempDir(), svc); err == nil || err.Error() != test.want {
			t.Errorf("without %s: %v, want %s", test.without, err, test.want)
		}
		if asked := svc.Log(); len(asked) > 0 {
			t.Errorf("without %s: %d requests were sent", test.without, len(asked))
		}
	}
}

// TestOneKindOnly neither checks nor fails assumptions whose id is missing.
func TestOneKindOnly(t *testing.T) {
	t.Parallel()
	svc := asAssumed(t)
	getenv := func(name string) string {
		if name == "HWGATE_LIVE_WORKSPACE" || name == "HWGATE_LIVE_ROMA" || name == "HW_PROJECT_ID" {
			return ""
		}
		return environment[name]
	}
	var out strings.Builder
	if failed, err := run(t.Context(), &out, getenv, t.TempDir(), svc); err != nil || failed != 0 {
		t.Fatalf("%d failed, error %v", failed, err)
	}
	if !strings.Contains(out.String(), "not checked: set HWGATE_LIVE_ROMA") {
		t.Errorf("printed:\n%s", out.String())
	}
	for _, request := range svc.Log() {
		if !strings.HasPrefix(request.URL.Path, "/v1/job/script/orders/") {
			t.Errorf("%s was asked for", request.URL)
		}
	}
}
