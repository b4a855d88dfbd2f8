package client

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// testRuns asks for the runs of a job since the day before the first of recordedRuns.
var testRuns = JobRunsRequest{
	WorkspaceJobs: WorkspaceJobs{Target: testOrder.Target}, JobName: "etl_orders", From: time.UnixMilli(1785140000000),
}

// recordedRuns has the members that the service was seen to send, with invented values.
const recordedRuns = `{"total":2,"instances":[` +
	`{"job_name":"etl_orders","job_instance_name":"etl_orders","instance_id":1479208,"status":"success","plan_time":1785227330000,` +
	`"start_time":1785227332000,"end_time":1785227336000,"execute_time":4000,"submit_time":1785000000000,"instance_type":0,"job_id":6336,` +
	`"version":1,"force_success":false,"ignore_success":false},` +
	`{"job_name":"etl_orders","instance_id":1479209,"status":"waiting","plan_time":1785230930000,"start_time":null,"end_time":null}]}`

const fullRuns = `{"total":1,"instances":[{"job_name":"etl_orders","instance_id":1479208,"status":"success","plan_time":1785227330000,` +
	`"start_time":1785227332000,"end_time":1785227336000,"force_success":false,"ignore_success":true}]}`

func fullRunsResult() *JobRunList {
	return &JobRunList{Total: new(int64(1)), Runs: []JobRun{{
		JobName: new("etl_orders"), InstanceID: new(int64(1479208)), Status: new("success"), PlanTime: new(int64(1785227330000)),
		StartTime: new(int64(1785227332000)), EndTime: new(int64(1785227336000)), ForceSuccess: new(false), IgnoreSuccess: new(true),
	}}}
}

func init() {
	documents("job runs", recordedRuns, func(ctx context.Context, c *Client) (any, error) { return c.JobRuns(ctx, testRuns) })
}

func TestJobRunsDocumented(t *testing.T) {
	t.Parallel()
	got, err := decodeWith(t, callers["job runs"], recordedRuns)
	if err != nil {
		t.Fatal(err)
	}
	want := &JobRunList{Total: new(int64(2)), Runs: []JobRun{
		{
			JobName: new("etl_orders"), InstanceID: new(int64(1479208)), Status: new("success"), PlanTime: new(int64(1785227330000)),
			StartTime: new(int64(1785227332000)), EndTime: new(int64(1785227336000)), ForceSuccess: new(false), IgnoreSuccess: new(false),
		},
		{JobName: new("etl_orders"), InstanceID: new(int64(1479209)), Status: new("waiting"), PlanTime: new(int64(1785230930000))},
	}}
	if diff := cmp.Diff(any(want), got); diff != "" {
		t.Errorf("want (-), got (+):\n%s", diff)
	}
}

// TestJobRunsFields changes each field of a full answer in every way: all but the end of a run decide.
func TestJobRunsFields(t *testing.T) {
	t.Parallel()
	const row = "instances[0]"
	first := func(l *JobRunList) *JobRun { return &l.Runs[0] }
	checkFields(t, callers["job runs"], fullRuns, fullRunsResult, func(l *JobRunList) *[]string { return &l.Warnings }, []fieldTest[JobRunList]{
		{path: "total", kind: wholeNumber, rule: decides, clear: func(l *JobRunList) { l.Total = nil }},
		{path: "instances", kind: aList, rule: required},
		{path: row, kind: anObject, rule: decides},
		{path: row + ".job_name", kind: aString, rule: decides, clear: func(l *JobRunList) { first(l).JobName = nil }},
		{path: row + ".instance_id", kind: wholeNumber, rule: decides, clear: func(l *JobRunList) { first(l).InstanceID = nil }},
		{path: row + ".status", kind: aString, rule: decides, clear: func(l *JobRunList) { first(l).Status = nil }},
		{path: row + ".plan_time", kind: wholeNumber, rule: decides, clear: func(l *JobRunList) { first(l).PlanTime = nil }},
		{path: row + ".start_time", kind: wholeNumber, rule: decides, clear: func(l *JobRunList) { first(l).StartTime = nil }},
		{path: row + ".end_time", kind: wholeNumber, clear: func(l *JobRunList) { first(l).EndTime = nil }},
		{path: row + ".force_success", kind: aBoolean, rule: decides, clear: func(l *JobRunList) { first(l).ForceSuccess = nil }},
		{path: row + ".ignore_success", kind: aBoolean, rule: decides, clear: func(l *JobRunList) { first(l).IgnoreSuccess = nil }},
	})
}

// TestJobRunsTotals shows when rows may be absent, and that no page is larger than what was asked for.
func TestJobRunsTotals(t *testing.T) {
	t.Parallel()
	rows := func(n int) string { return strings.TrimSuffix(strings.Repeat(`{"job_name":"etl_orders"},`, n), ",") }
	for body, want := range map[string]int{
		`{"total":0}`:                    0,
		`{"total":"0","instances":null}`: 0,
		`{"total":1}`:                    -1,
		`{"total":-1}`:                   -1,
		`{"instances":null}`:             -1,
		`{}`:                             -1,
		`{"instances":[]}`:               0,
		`{"total":5,"instances":[` + rows(2) + `]}`:          2,
		`{"total":1000,"instances":[` + rows(1000) + `]}`:    1000,
		`{"total":1001,"instances":[` + rows(1001) + `]}`:    -1,
		`{"total":1,"instances":[{"instance_id":"many"}]}`:   -1,
		`{"total":1,"instances":[{"instance_id":0.5}]}`:      -1,
		`{"total":1,"instances":[],"total":1}`:               -1,
		`{"total":1,"instances":[],"error_code":"DLF.0100"}`: -1,
	} {
		got, err := decodeWith(t, callers["job runs"], body)
		if err != nil {
			if want >= 0 {
				t.Errorf("%.60s: %v", body, err)
			}
			continue
		}
		if list, _ := got.(*JobRunList); len(list.Runs) != want {
			t.Errorf("%.60s: %d runs, want %d", body, len(list.Runs), want)
		}
	}
}

// TestJobRunsRequest shows what is sent: host, path, headers and query, signed as sent, whatever the job is called.
func TestJobRunsRequest(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, path string
		change     func(*JobRunsRequest)
		query      url.Values
		workspace  []string
	}{
		{"etl_orders", "etl_orders", func(*JobRunsRequest) {}, url.Values{}, nil},
		{
			"etl_orders", "etl_orders",
			func(r *JobRunsRequest) {
				r.WorkspaceID, r.To, r.QueryDays = "ws-1", time.UnixMilli(1785230000000), "today"
			},
			url.Values{"max_plan_time": {"1785230000000"}},
			[]string{"ws-1"},
		},
		{"订单汇总", "%E8%AE%A2%E5%8D%95%E6%B1%87%E6%80%BB", func(*JobRunsRequest) {}, url.Values{}, nil},
		{"日-报_v1.2", "%E6%97%A5-%E6%8A%A5_v1.2", func(*JobRunsRequest) {}, url.Values{}, nil},
		{"Größe", "Gr%C3%B6%C3%9Fe", func(*JobRunsRequest) {}, url.Values{}, nil},
		{"..a", "..a", func(*JobRunsRequest) {}, url.Values{}, nil},
		{"𠮷", "%F0%A0%AE%B7", func(*JobRunsRequest) {}, url.Values{}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			asked := testRuns
			asked.JobName = test.name
			test.change(&asked)
			temporary := testKeys
			temporary.SecurityToken = "dummySecurityToken"
			service := answering(says(http.StatusOK, recordedRuns))
			if _, err := newClient(t, service, credential(temporary)).JobRuns(t.Context(), asked); err != nil {
				t.Fatal(err)
			}
			if len(service.sent()) != 1 {
				t.Fatalf("%d requests, want one", len(service.sent()))
			}
			request := service.sent()[0]
			checkSigned(t, request)
			test.query["limit"], test.query["min_plan_time"] = []string{"1000"}, []string{"1785139999999"}
			if diff := cmp.Diff(test.query, query(t, request)); diff != "" {
				t.Errorf("query, want (-), got (+):\n%s", diff)
			}
			want := "/v2/" + testProject + "/factory/jobs/" + test.path + "/instances/detail"
			if got := request.URL.EscapedPath(); got != want || request.Method != http.MethodGet || request.URL.Host != "dayu.ap-example-1.example.com" {
				t.Errorf("%s %s %s, want %s", request.Method, request.URL.Host, got, want)
			}
			if got, _, _ := strings.Cut(request.URL.RequestURI(), "?"); got != want {
				t.Errorf("%s is sent, want %s", got, want)
			}
			if diff := cmp.Diff(test.workspace, request.Header["Workspace"]); diff != "" {
				t.Errorf("workspace, want (-), got (+):\n%s", diff)
			}
			for name, want := range map[string]string{"X-Project-Id": testProject, "X-Security-Token": "dummySecurityToken"} {
				if got := request.Header.Get(name); got != want {
					t.Errorf("%s: %q, want %q", name, got, want)
				}
			}
		})
	}
}

// TestJobRunsAskForThisJob holds for every name: it is refused before anything is sent, or the request has it as one segment that is
// decoded to it, and a signature that a server accepts.
func TestJobRunsAskForThisJob(t *testing.T) {
	t.Parallel()
	letters := rapid.OneOf(rapid.SampledFrom([]rune("az09_-./%?#;:@ \n\\&=+~ é订单̈")), rapid.Rune())
	rapid.Check(t, func(rt *rapid.T) {
		asked := testRuns
		asked.JobName = rapid.StringOfN(letters, 0, 140, -1).Draw(rt, "name")
		service := answering(says(http.StatusOK, recordedRuns))
		_, err := newClient(t, service).JobRuns(t.Context(), asked)
		if !IsJobName(asked.JobName) {
			if err == nil || len(service.sent()) != 0 {
				rt.Fatalf("error %v after %d requests, want one without any", err, len(service.sent()))
			}
			return
		}
		if err != nil {
			rt.Fatal(err)
		}
		request := service.sent()[0]
		checkSigned(t, request)
		segments := strings.Split(request.URL.EscapedPath(), "/")
		if len(segments) != 8 {
			rt.Fatalf("path %s", request.URL.EscapedPath())
		}
		if name, err := url.PathUnescape(segments[5]); err != nil || name != asked.JobName {
			rt.Fatalf("%q is asked for as %q", asked.JobName, segments[5])
		}
		for _, r := range segments[5] {
			if !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.%", r) {
				rt.Fatalf("%q is sent unescaped", r)
			}
		}
	})
}

func TestJobNames(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"a": true, "etl_orders": true, "etl-orders.v2": true, "订单": true, "0": true, ".a": true, "a.": true, "é": true,
		strings.Repeat("a", 128): true, strings.Repeat("订", 128): true,
		"": false, ".": false, "..": false, "...": false, "a/b": false, "a b": false, "a%2Fb": false, "a?b": false, "a\n": false,
		"\xff": false, "a\\b": false, "e\u0301": false, "٣": false, "a\u200bb": false, "😀": false,
		strings.Repeat("a", 129): false, strings.Repeat("订", 129): false,
	} {
		if got := IsJobName(name); got != want {
			t.Errorf("%q: %t, want %t", name, got, want)
		}
	}
}

// TestJobRunsRefused refuses what the listing cannot answer, before anything is sent. A name gives no other argument its letters.
func TestJobRunsRefused(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*JobRunsRequest){
		"one's own":            func(r *JobRunsRequest) { r.IsOwn = new(true) },
		"no job":               func(r *JobRunsRequest) { r.JobName = "" },
		"another path":         func(r *JobRunsRequest) { r.JobName = ".." },
		"a path":               func(r *JobRunsRequest) { r.JobName = "a/b" },
		"a long name":          func(r *JobRunsRequest) { r.JobName = strings.Repeat("a", 129) },
		"no project":           func(r *JobRunsRequest) { r.ProjectID = "" },
		"letters of a project": func(r *JobRunsRequest) { r.ProjectID = "é" },
	} {
		asked := testRuns
		change(&asked)
		service := answering(says(http.StatusOK, recordedRuns))
		if _, err := newClient(t, service).JobRuns(t.Context(), asked); err == nil || len(service.sent()) != 0 {
			t.Errorf("%s: error %v after %d requests, want one without any", name, err, len(service.sent()))
		}
	}
}

// TestJobRunsMeetErrors gives an error as one of DataArts, with the name of the job as it was written.
func TestJobRunsMeetErrors(t *testing.T) {
	t.Parallel()
	for body, check := range map[string]func(error) bool{
		`{"error_code":"DLF.6888","error_msg":"no permission"}`: IsForbidden,
		`{"error_code":"DLF.0100","error_msg":"The job does not exist."}`: func(err error) bool {
			return IsJobMissing(err) && !IsNotFound(err) && !isTransient(err)
		},
		`{"error_code":"APIGW.0106","error_msg":"Invalid header parameter: workspace, required"}`: func(err error) bool {
			return IsWorkspaceRequired(err) && !isTransient(err)
		},
		`{"error_code":"APIGW.0106","error_msg":"Invalid header parameter: Content-Type"}`: func(err error) bool {
			return !IsWorkspaceRequired(err)
		},
	} {
		asked := testRuns
		asked.JobName = "订单"
		_, err := newClient(t, answering(says(http.StatusBadRequest, body))).JobRuns(t.Context(), asked)
		e := failure(t, err)
		if e.Service != DataArts || !strings.Contains(e.Path, "/jobs/订单/") || !check(err) {
			t.Errorf("%s: %#v", body, e)
		}
	}
	_, err := decodeWith(t, callers["job runs"], `[]`)
	if !errors.Is(err, ErrMalformed) {
		t.Errorf("error %v", err)
	}
}

func TestDays(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 17, 0, 0, 0, time.UTC) // one o'clock on 2 March in China
	for days, want := range map[string][2]int{"": {2, 3}, "today": {2, 3}, "yesterday": {1, 2}, "before_yesterday": {0, 1}, "all": {-5, 3}} {
		from, to, err := Days(days, now)
		if got := [2]time.Time{from, to}; err != nil || !got[0].Equal(time.Date(2026, 3, want[0], 0, 0, 0, 0, DataArtsZone)) ||
			!got[1].Equal(time.Date(2026, 3, want[1], 0, 0, 0, 0, DataArtsZone)) {
			t.Errorf("%q: %v, %v", days, got, err)
		}
	}
	if _, _, err := Days("tomorrow", now); err == nil {
		t.Error("no error")
	}
}
