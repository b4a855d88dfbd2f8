package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/dnaeon/go-vcr.v4/pkg/cassette"
)

// mostRows is the limit of the tests that are about something else.
const mostRows = 100

// testJobs asks for the day of the documented answer.
var testJobs = FailedJobsRequest{
	WorkspaceJobs: WorkspaceJobs{Target: testOrder.Target},
	Now:           time.Date(2019, 3, 4, 12, 0, 0, 0, DataArtsZone),
	Statuses:      []string{"fail", "running-exception"},
	Limit:         mostRows,
}

const documentedJobs = `{"total":1,"instances":[` +
	`{"jobName":"j","instanceId":34765,"status":"fail","planTime":1551671580000,"forceSuccess":false}]}`

const fullJobs = `{"total":1,"instances":[{
	"jobName": "daily_orders", "instanceId": "34765", "status": "fail", "planTime": 1551671580000, "startTime": 1551671590000,
	"endTime": 1551671608000, "errorMessage": "connection refused", "forceSuccess": false, "ignoreSuccess": false
}]}`

func fullJobsResult() *JobInstanceList {
	return &JobInstanceList{Instances: []JobInstance{{
		JobName: new("daily_orders"), InstanceID: new("34765"), Status: new("fail"), PlanTime: new(int64(1551671580000)),
		StartTime: new(int64(1551671590000)), EndTime: new(int64(1551671608000)), ErrorMessage: new("connection refused"),
	}}}
}

// checkJobs checks what holds for every list.
func checkJobs(t testing.TB, list *JobInstanceList) {
	t.Helper()
	if list.Instances == nil || len(list.Instances) > mostRows {
		t.Errorf("%d instances, or nil", len(list.Instances))
	}
	for _, instance := range list.Instances {
		if status := strings.ToLower(deref(instance.Status)); status != "fail" && status != "running-exception" {
			t.Errorf("an instance is %q", status)
		}
	}
}

// job is a row of the listing; each of more is one or several further members.
func job(id int, status string, planned time.Time, more ...string) string {
	row := fmt.Sprintf(`"jobName":"j%d","instanceId":%d,"status":%q,"planTime":%d`, id, id, status, planned.UnixMilli())
	return "{" + strings.Join(append([]string{row}, more...), ",") + "}"
}

func jobs(total int, rows ...string) string {
	return fmt.Sprintf(`{"total":%d,"instances":[%s]}`, total, strings.Join(rows, ","))
}

func ids(list *JobInstanceList) []string {
	got := []string{}
	for _, instance := range list.Instances {
		got = append(got, deref(instance.InstanceID))
	}
	return got
}

func init() {
	documents("failed jobs", documentedJobs, func(ctx context.Context, c *Client) (any, error) {
		return c.FailedJobInstances(ctx, testJobs)
	})
}

// TestFailedJobInstancesDocumented reads the example, which has few of the fields.
func TestFailedJobInstancesDocumented(t *testing.T) {
	t.Parallel()
	got, err := decodeWith(t, callers["failed jobs"], documentedJobs)
	if err != nil {
		t.Fatal(err)
	}
	want := &JobInstanceList{Instances: []JobInstance{
		{JobName: new("j"), InstanceID: new("34765"), Status: new("fail"), PlanTime: new(int64(1551671580000))},
	}}
	if diff := cmp.Diff(any(want), got); diff != "" {
		t.Errorf("want (-), got (+):\n%s", diff)
	}
}

// TestFailedJobInstancesFields changes each field of a full answer in every way: one that is absent or of another type is nil, but a row
// without a readable status is not named at all.
func TestFailedJobInstancesFields(t *testing.T) {
	t.Parallel()
	type test = fieldTest[JobInstanceList]
	const row = "instances[0]"
	first := func(l *JobInstanceList) *JobInstance { return &l.Instances[0] }
	checkFields(t, callers["failed jobs"], fullJobs, fullJobsResult, func(l *JobInstanceList) *[]string { return &l.Warnings }, []test{
		{path: "total", kind: wholeNumber},
		{path: "instances", kind: aList, rule: required},
		{path: row, kind: anObject, rule: decides},
		{path: row + ".jobName", kind: aString, clear: func(l *JobInstanceList) { first(l).JobName = nil }},
		{path: row + ".instanceId", kind: aString, clear: func(l *JobInstanceList) { first(l).InstanceID = nil }},
		{path: row + ".status", kind: aString, clear: func(l *JobInstanceList) { l.Instances = []JobInstance{} }},
		{path: row + ".planTime", kind: wholeNumber, clear: func(l *JobInstanceList) { first(l).PlanTime = nil }},
		{path: row + ".startTime", kind: wholeNumber, clear: func(l *JobInstanceList) { first(l).StartTime = nil }},
		{path: row + ".endTime", kind: wholeNumber, clear: func(l *JobInstanceList) { first(l).EndTime = nil }},
		{path: row + ".errorMessage", kind: aString, clear: func(l *JobInstanceList) { first(l).ErrorMessage = nil }},
		{path: row + ".forceSuccess", kind: aBoolean},
		{path: row + ".ignoreSuccess", kind: aBoolean},
	})
}

// TestFailedJobInstancesRows shows which of the listed rows are named, and in which order.
func TestFailedJobInstancesRows(t *testing.T) {
	t.Parallel()
	at := func(hour int) time.Time { return time.Date(2019, 3, 4, hour, 0, 0, 0, DataArtsZone) }
	started := func(at time.Time) string { return fmt.Sprintf(`"startTime":%d`, at.UnixMilli()) }
	for _, test := range []struct {
		name string
		// failed and suspended are the answers for the two statuses.
		failed, suspended string
		limit             int
		want              []string
	}{
		{name: "nothing", failed: jobs(0), suspended: jobs(0)},
		{name: "no rows", failed: `{"total":0}`, suspended: `{"total":"0","instances":null}`},
		{
			name: "both statuses, by planned time", want: []string{"3", "2", "1"},
			failed: jobs(2, job(1, "fail", at(1)), job(3, "fail", at(3))), suspended: jobs(1, job(2, "running-exception", at(2))),
		},
		{
			name: "by start where the plan says nothing", want: []string{"2", "3", "1", "4"},
			failed: jobs(4, job(1, "fail", at(1), started(at(2))), job(2, "fail", at(1), started(at(5))), job(3, "fail", at(1), started(at(3))),
				job(4, "fail", at(1))),
			suspended: jobs(0),
		},
		{name: "another case", failed: jobs(1, job(1, "FAIL", at(1))), suspended: jobs(0), want: []string{"1"}},
		{
			name: "overridden by a person", want: []string{"4"}, suspended: jobs(0),
			failed: jobs(4, job(1, "fail", at(1), `"forceSuccess":true`), job(2, "fail", at(2), `"ignoreSuccess":"true"`),
				job(3, "fail", at(3), `"forceSuccess":true,"ignoreSuccess":true`), job(4, "fail", at(4), `"forceSuccess":false,"ignoreSuccess":false`)),
		},
		{
			name: "the status is ignored", want: []string{"3", "2"},
			failed:    jobs(9, job(1, "success", at(1)), job(2, "fail", at(2)), job(3, "running-exception", at(3))),
			suspended: jobs(9, job(1, "success", at(1)), job(2, "fail", at(2)), job(3, "running-exception", at(3))),
		},
		{
			name: "no status", want: []string{"2"}, suspended: jobs(0),
			failed: jobs(2, `{"jobName":"j1","instanceId":1}`, job(2, "fail", at(2))),
		},
		{
			name: "the days are ignored", want: []string{"2"}, suspended: jobs(0),
			failed: jobs(3, job(1, "fail", at(-1), started(at(-1))), job(2, "fail", at(2)), job(3, "fail", at(24))),
		},
		{
			name: "the first and the last moment of the day", want: []string{"2", "1"}, suspended: jobs(0),
			failed: jobs(2, job(1, "fail", at(0)), job(2, "fail", at(24).Add(-time.Millisecond))),
		},
		{
			name: "planned the day before, but started on this one", failed: jobs(1, job(1, "fail", at(-1), started(at(1)))),
			suspended: jobs(0), want: []string{"1"},
		},
		{
			name: "no times at all", failed: jobs(2, `{"jobName":"j1","instanceId":1,"status":"fail"}`, job(2, "fail", at(2))),
			suspended: jobs(0), want: []string{"2", "1"},
		},
		{
			name: "suspended between the two requests", want: []string{"1"},
			failed: jobs(1, job(1, "fail", at(1))), suspended: jobs(1, job(1, "running-exception", at(1))),
		},
		{
			name: "the same number, but another job", want: []string{"1", "1"}, suspended: jobs(0),
			failed: jobs(2, job(1, "fail", at(1)), strings.Replace(job(1, "fail", at(1)), `"j1"`, `"another"`, 1)),
		},
		{
			name: "no numbers", want: []string{"", ""}, suspended: jobs(0),
			failed: jobs(2, `{"jobName":"j","status":"fail"}`, `{"jobName":"j","status":"fail"}`),
		},
		{
			name: "more than one page", failed: jobs(1203, job(1, "fail", at(1))), suspended: jobs(2, job(2, "running-exception", at(2))),
			want: []string{"2", "1"},
		},
		{
			name: "more than the limit", limit: 2, want: []string{"3", "2"},
			failed: jobs(2, job(1, "fail", at(1)), job(3, "fail", at(3))), suspended: jobs(1, job(2, "running-exception", at(2))),
		},
		{
			name: "as many as the limit", limit: 2, want: []string{"2", "1"},
			failed: jobs(2, job(1, "fail", at(1)), job(2, "fail", at(2))), suspended: jobs(0),
		},
		{
			name: "a negative total", failed: jobs(-1, job(1, "fail", at(1))), suspended: jobs(0), want: []string{"1"},
		},
		{
			name: "a total that is too small", failed: jobs(0, job(1, "fail", at(1))), suspended: jobs(0), want: []string{"1"},
		},
		{
			name: "no total", failed: `{"instances":[` + job(1, "fail", at(1)) + `]}`, suspended: `{"instances":[]}`, want: []string{"1"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			asked := testJobs
			if test.limit != 0 {
				asked.Limit = test.limit
			}
			service := answering(says(http.StatusOK, test.failed), says(http.StatusOK, test.suspended))
			list, err := newClient(t, service).FailedJobInstances(t.Context(), asked)
			if err != nil {
				t.Fatal(err)
			}
			checkJobs(t, list)
			if got := ids(list); !slices.Equal(got, test.want) {
				t.Errorf("instances %q, want %q", got, test.want)
			}
		})
	}
}

// TestListingsWithTooManyRows refuses a page with more rows than were asked for, and does not look at the rest of it.
func TestListingsWithTooManyRows(t *testing.T) {
	t.Parallel()
	for call, row := range map[string]struct {
		member, body string
		most         int
	}{
		"failed jobs":    {"instances", `{"status":"fail"}`, jobPageSize},
		"abnormal tasks": {"entities", `{"execute_status":"ERROR"}`, taskPageSize},
	} {
		for _, count := range []int{row.most, row.most + 1} {
			body := `{"` + row.member + `":[` + strings.Repeat(row.body+",", count-1) + row.body + `]}`
			_, err := decodeWith(t, callers[call], body)
			if refused := errors.Is(err, ErrMalformed); refused != (count > row.most) {
				t.Errorf("%s: %d rows: error %v", call, count, err)
			}
		}
	}
}

// TestFailedJobInstancesLongMessages keeps the beginning of a message, which is as long as the service likes, and cuts no character.
func TestFailedJobInstancesLongMessages(t *testing.T) {
	t.Parallel()
	for message, want := range map[string]string{
		strings.Repeat("x", 4096):       strings.Repeat("x", 4096),
		strings.Repeat("x", 4097):       strings.Repeat("x", 4096),
		strings.Repeat("x", 4095) + "华": strings.Repeat("x", 4095),
	} {
		got, err := decodeWith(t, callers["failed jobs"], `{"instances":[{"status":"fail","errorMessage":"`+message+`"}]}`)
		if err != nil {
			t.Fatal(err)
		}
		if list, ok := got.(*JobInstanceList); !ok || deref(list.Instances[0].ErrorMessage) != want {
			t.Errorf("%d bytes: got %v", len(message), got)
		}
	}
}

// TestFailedJobInstancesAtOneTime keeps the service's order where nothing says which is newer, so that no plan shows a change.
func TestFailedJobInstancesAtOneTime(t *testing.T) {
	t.Parallel()
	var rows, timed, timeless []string
	for id := range 60 {
		if id%3 == 0 {
			rows = append(rows, job(id, "fail", testJobs.Now))
			timed = append(timed, strconv.Itoa(id))
		} else {
			rows = append(rows, fmt.Sprintf(`{"instanceId":%d,"status":"fail"}`, id))
			timeless = append(timeless, strconv.Itoa(id))
		}
	}
	list, err := newClient(t, answering(says(http.StatusOK, jobs(60, rows...)), says(http.StatusOK, jobs(0)))).
		FailedJobInstances(t.Context(), testJobs)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := ids(list), slices.Concat(timed, timeless); !slices.Equal(got, want) {
		t.Errorf("instances %q, want %q", got, want)
	}
}

// TestFailedJobInstancesMeetsErrors gives the error of whichever request failed, as one of DataArts.
func TestFailedJobInstancesMeetsErrors(t *testing.T) {
	t.Parallel()
	const refusal = `{"error_code":"DLF.6888","error_msg":"no permission"}`
	for _, test := range []struct {
		name    string
		answers []answerer
		code    string
		check   func(error) bool
	}{
		{"forbidden", []answerer{says(http.StatusForbidden, refusal)}, "DLF.6888", IsForbidden},
		{
			"forbidden for the second status", []answerer{says(http.StatusOK, documentedJobs), says(http.StatusBadRequest, refusal)},
			"DLF.6888", IsForbidden,
		},
		{
			"names of the definitions", []answerer{says(http.StatusBadRequest, `{"errorCode":"DLF.6888","errorMsg":"no"}`)},
			"DLF.6888", IsForbidden,
		},
		{"total without rows", []answerer{says(http.StatusOK, `{"total":1}`)}, "", isMalformed},
		{"rows are null", []answerer{says(http.StatusOK, `{"instances":null}`)}, "", isMalformed},
		{"not there", []answerer{says(http.StatusNotFound, `{"error_code":"APIGW.0101","error_msg":"no API"}`)}, "APIGW.0101", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := newClient(t, answering(test.answers...)).FailedJobInstances(t.Context(), testJobs)
			e := failure(t, err)
			if e.Service != DataArts || e.Host != "dayu-dlf.ap-example-1.example.com" || e.Code != test.code {
				t.Errorf("%#v, want the code %q of DataArts", e, test.code)
			}
			if test.check != nil && !test.check(err) {
				t.Errorf("error %v is of another kind", err)
			}
		})
	}
}

func isMalformed(err error) bool { return errors.Is(err, ErrMalformed) }

// TestListingsAreRecorded reads the recordings of all listings: the client asks what they answer.
func TestListingsAreRecorded(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		call caller
		want any
	}{
		"dataarts_failed_jobs": {
			func(ctx context.Context, c *Client) (any, error) {
				asked := testJobs
				asked.Target = Target{Region: "cn-north-4", ProjectID: "b384b9e9ab9b4ee8994c8633aabc9505"}
				return c.FailedJobInstances(ctx, asked)
			},
			&JobInstanceList{Instances: []JobInstance{
				{
					JobName: new("hourly_clicks"), InstanceID: new("34801"), Status: new("running-exception"),
					PlanTime: new(int64(1551678780000)), StartTime: new(int64(1551678781000)),
				},
				{
					JobName: new("daily_stock"), InstanceID: new("34790"), Status: new("fail"),
					PlanTime: new(int64(1551675180000)), StartTime: new(int64(1551675190000)),
				},
				{
					JobName: new("daily_orders"), InstanceID: new("34765"), Status: new("fail"), ErrorMessage: new("scrubbed"),
					PlanTime: new(int64(1551671580000)), StartTime: new(int64(1551671590000)), EndTime: new(int64(1551671608000)),
				},
			}},
		},
		"dataarts_job_runs": {
			func(ctx context.Context, c *Client) (any, error) {
				asked := testRuns
				asked.Target = Target{Region: "cn-north-4", ProjectID: "b384b9e9ab9b4ee8994c8633aabc9505"}
				return c.JobRuns(ctx, asked)
			},
			&JobRunList{Total: new(int64(2)), Runs: []JobRun{
				{JobName: new("etl_orders"), InstanceID: new(int64(1479209)), Status: new("waiting"), PlanTime: new(int64(1785230930000))},
				{
					JobName: new("etl_orders"), InstanceID: new(int64(1479208)), Status: new("success"), PlanTime: new(int64(1785227330000)),
					StartTime: new(int64(1785227332000)), EndTime: new(int64(1785227336000)), ForceSuccess: new(false), IgnoreSuccess: new(false),
				},
			}},
		},
		"roma_abnormal_tasks": {
			func(ctx context.Context, c *Client) (any, error) {
				return c.AbnormalTasks(ctx, FDIInstance{
					Target:     Target{Region: "cn-north-4", ProjectID: "c53626012ba84727b938ca8bf03108ef"},
					InstanceID: testFDI.InstanceID,
				}, mostRows)
			},
			&FDITaskList{Tasks: []FDITask{
				{
					TaskID: new("task-0001"), TaskName: new("orders_to_lake"), Kind: new("NORMAL"), ExecuteStatus: new("ERROR"),
					Position: new("READER"), LastExecuteTime: new(int64(1603243428000)),
				},
				{
					TaskID: new("task-0002"), TaskName: new("stock_changes"), Kind: new("CDC"), ExecuteStatus: new("ERROR"),
					Position: new("WRITER"), LastExecuteTime: new(int64(1603239828000)),
				},
			}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tape, err := cassette.Load("../testutil/recording/cassettes/documented/" + name)
			if err != nil {
				t.Fatal(err)
			}
			recorded := map[string]string{}
			for _, exchange := range tape.Interactions {
				recorded[exchange.Request.URL] = exchange.Response.Body
			}
			service := answering(func(request *http.Request) (*http.Response, error) {
				body, ok := recorded[request.URL.String()]
				if !ok {
					t.Errorf("%s is not recorded", request.URL)
				}
				return says(http.StatusOK, body)(request)
			})
			got, err := test.call(t.Context(), newClient(t, service, func(cfg *Config) { cfg.Cloud = Setting{} }))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("want (-), got (+):\n%s", diff)
			}
			if sent := len(service.sent()); sent != len(recorded) {
				t.Errorf("%d requests, want %d", sent, len(recorded))
			}
		})
	}
}
