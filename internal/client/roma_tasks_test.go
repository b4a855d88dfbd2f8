package client

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var testFDI = FDIInstance{Target: testOrder.Target, InstanceID: "fae7ff6c-8e07-4cf8-9e67-589cab2f017c"}

const documentedAbnormal = `{"total":1,"size":1,"entities":[{"task_id":"id123456789","task_name":"task","task_type":"TIMING",` +
	`"status":1,"last_execute_time":1603243428000,"position":"READER","execute_status":"ERROR","ext_type":null}]}`

const fullAbnormal = `{"total":1,"entities":[{
	"task_id": "task-0001", "task_name": "orders_to_lake", "ext_type": "CDC", "execute_status": "ERROR", "position": "WRITER",
	"last_execute_time": 1603243428000
}]}`

func fullAbnormalResult() *FDITaskList {
	return &FDITaskList{Tasks: []FDITask{{
		TaskID: new("task-0001"), TaskName: new("orders_to_lake"), Kind: new("CDC"), ExecuteStatus: new("ERROR"), Position: new("WRITER"),
		LastExecuteTime: new(int64(1603243428000)),
	}}}
}

// checkTasks checks what holds for every list.
func checkTasks(t testing.TB, list *FDITaskList) {
	t.Helper()
	if list.Tasks == nil || len(list.Tasks) > mostRows {
		t.Errorf("%d tasks, or nil", len(list.Tasks))
	}
	for _, task := range list.Tasks {
		if !strings.EqualFold(deref(task.ExecuteStatus), "ERROR") {
			t.Errorf("a task is %q", deref(task.ExecuteStatus))
		}
	}
}

// task is a row of the listing.
func task(id int, status string, last int64) string {
	return fmt.Sprintf(`{"task_id":%d,"execute_status":%q,"last_execute_time":%d}`, id, status, last)
}

func tasks(total int, rows ...string) string {
	return fmt.Sprintf(`{"total":%d,"size":%d,"entities":[%s]}`, total, len(rows), strings.Join(rows, ","))
}

func init() {
	documents("abnormal tasks", documentedAbnormal, func(ctx context.Context, c *Client) (any, error) {
		return c.AbnormalTasks(ctx, testFDI, mostRows)
	})
}

// TestAbnormalTasksFields changes each field of a full answer in every way: one that is absent or of another type is nil, but a row
// without a readable status is not named at all.
func TestAbnormalTasksFields(t *testing.T) {
	t.Parallel()
	type test = fieldTest[FDITaskList]
	const row = "entities[0]"
	first := func(l *FDITaskList) *FDITask { return &l.Tasks[0] }
	// A kind that is null, absent or empty is that of an ordinary task; one of another type is not known.
	kind := test{path: row + ".ext_type", kind: aString, clear: func(l *FDITaskList) { first(l).Kind = new("NORMAL") }}
	tests := []test{
		{path: "total", kind: wholeNumber},
		{path: "entities", kind: aList, rule: required},
		{path: row, kind: anObject, rule: decides},
		{path: row + ".task_id", kind: aString, clear: func(l *FDITaskList) { first(l).TaskID = nil }},
		{path: row + ".task_name", kind: aString, clear: func(l *FDITaskList) { first(l).TaskName = nil }},
		{path: row + ".execute_status", kind: aString, clear: func(l *FDITaskList) { l.Tasks = []FDITask{} }},
		{path: row + ".position", kind: aString, clear: func(l *FDITaskList) { first(l).Position = nil }},
		{path: row + ".last_execute_time", kind: wholeNumber, clear: func(l *FDITaskList) { first(l).LastExecuteTime = nil }},
	}
	without := edit(t, fullAbnormal, kind.path, nil)
	checkFields(t, callers["abnormal tasks"], without, func() *FDITaskList {
		want := fullAbnormalResult()
		kind.clear(want)
		return want
	}, func(l *FDITaskList) *[]string { return &l.Warnings }, tests)
	for value, want := range map[string]*string{
		`"CDC"`: new("CDC"), `"FLOW"`: new("FLOW"), `""`: new("NORMAL"), `null`: new("NORMAL"), `true`: nil, `{}`: nil, `["CDC"]`: nil,
	} {
		t.Run("kind "+value, func(t *testing.T) {
			t.Parallel()
			body := strings.Replace(fullAbnormal, `"CDC"`, value, 1)
			list, err := newClient(t, answering(says(http.StatusOK, body))).AbnormalTasks(t.Context(), testFDI, mostRows)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, first(list).Kind); diff != "" {
				t.Errorf("want (-), got (+):\n%s", diff)
			}
			if warned := len(list.Warnings); (want == nil) != (warned == 1) || warned > 1 {
				t.Errorf("warnings %q", list.Warnings)
			}
		})
	}
}

// TestAbnormalTasksRequest shows what is sent, whatever the limit: host, path, headers and query, once.
func TestAbnormalTasksRequest(t *testing.T) {
	t.Parallel()
	for _, limit := range []int{1, 100, 5000} {
		service := answering(says(http.StatusOK, documentedAbnormal))
		if _, err := newClient(t, service).AbnormalTasks(t.Context(), testFDI, limit); err != nil {
			t.Fatal(err)
		}
		if len(service.sent()) != 1 {
			t.Errorf("%d requests, want one", len(service.sent()))
		}
		request := service.sent()[0]
		checkSigned(t, request)
		want := "GET https://roma.ap-example-1.example.com/v2/" + testProject +
			"/fdi/instances/fae7ff6c-8e07-4cf8-9e67-589cab2f017c/task-monitors?execute_status=ERROR&limit=999"
		if got := request.Method + " " + request.URL.String(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
		if got := request.Header.Get("X-Project-Id"); got != testProject {
			t.Errorf("X-Project-Id %q, want %q", got, testProject)
		}
	}
}

// TestAbnormalTasksRows shows which of the listed rows are named, and in which order.
func TestAbnormalTasksRows(t *testing.T) {
	t.Parallel()
	many := func(count int) []string {
		var rows []string
		for i := range count {
			rows = append(rows, task(i, "ERROR", int64(count-i)))
		}
		return rows
	}
	// What ran at one time, or has none, keeps the service's order.
	var equal, timed, timeless []string
	for id := range 60 {
		if id%3 == 0 {
			equal, timed = append(equal, task(id, "ERROR", 1)), append(timed, fmt.Sprint(id))
		} else {
			equal, timeless = append(equal, fmt.Sprintf(`{"task_id":%d,"execute_status":"ERROR"}`, id)), append(timeless, fmt.Sprint(id))
		}
	}
	for _, test := range []struct {
		name, body string
		limit      int
		want       []string
		count      int
	}{
		{name: "none", body: tasks(0)},
		{name: "no rows", body: `{"total":0,"size":0}`},
		{
			name: "newest first", want: []string{"2", "3", "1"}, count: 3,
			body: tasks(3, task(1, "ERROR", 1), task(2, "error", 3), task(3, "ERROR", 2)),
		},
		{
			name: "the filter is ignored", want: []string{"2"}, count: 1,
			body: tasks(9, task(1, "SUCCESS", 1), task(2, "ERROR", 2), task(3, "RUNNING", 3), task(4, "CANCELLED", 4), task(5, "UNSTARTED", 5)),
		},
		{name: "no status", body: tasks(1, `{"task_id":"1"}`)},
		{name: "more than one page", body: tasks(1200, task(1, "ERROR", 1)), want: []string{"1"}, count: 1},
		{name: "a small limit", body: tasks(3, many(3)...), limit: 2, want: []string{"0", "1"}, count: 2},
		{name: "a small limit, and more than one page", body: tasks(9, many(3)...), limit: 2, count: 2},
		{name: "at one time, and without", body: tasks(60, equal...), want: slices.Concat(timed, timeless), count: 60},
		{name: "as many as the limit", body: tasks(2, many(2)...), limit: 2, count: 2},
		{name: "more than the limit", body: tasks(101, many(101)...), count: 100},
		{name: "no total", body: `{"entities":[` + strings.Join(many(998), ",") + `]}`, limit: 2000, count: 998},
		{
			name: "no total, but a full page", limit: 2000, count: 999,
			body: `{"entities":[` + strings.Join(many(999), ",") + `]}`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			limit := mostRows
			if test.limit != 0 {
				limit = test.limit
			}
			list, err := newClient(t, answering(says(http.StatusOK, test.body))).AbnormalTasks(t.Context(), testFDI, limit)
			if err != nil {
				t.Fatal(err)
			}
			if list.Tasks == nil || len(list.Tasks) != test.count {
				t.Errorf("%d tasks, want %d", len(list.Tasks), test.count)
			}
			var ids []string
			for _, task := range list.Tasks {
				ids = append(ids, deref(task.TaskID))
			}
			if test.want != nil && !slices.Equal(ids, test.want) {
				t.Errorf("tasks %q, want %q", ids, test.want)
			}
		})
	}
}

// TestAbnormalTasksMeetsErrors gives the error of the request as one of ROMA.
func TestAbnormalTasksMeetsErrors(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		answer answerer
		code   string
		check  func(error) bool
	}{
		{"forbidden", says(http.StatusForbidden, `{"error_code":"ROMA.1006","error_msg":"no"}`), "ROMA.1006", IsForbidden},
		{"unknown", says(http.StatusInternalServerError, `{"error_code":"FDI.9999","error_msg":"no"}`), "FDI.9999", isTransient},
		{"total without rows", says(http.StatusOK, `{"total":2}`), "", isMalformed},
		{"rows of another type", says(http.StatusOK, `{"total":2,"entities":{}}`), "", isMalformed},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := newClient(t, answering(test.answer)).AbnormalTasks(t.Context(), testFDI, mostRows)
			if e := failure(t, err); e.Service != ROMA || e.Code != test.code || !test.check(err) {
				t.Errorf("%#v, want the code %q", e, test.code)
			}
		})
	}
}
