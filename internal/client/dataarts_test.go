package client

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const documentedTasks = `{ "fail_count": 0, "force_success_count": 0, "freeze_count": 0, "ignore_success_count": 0, ` +
	`"manual_stop_count": 0, "pause_count": 0, "running_count": 0, "running_exception_count": 0, "skip_count": 0, ` +
	`"success_count": 1, "total_count": 1, "waiting_confirm_count": 0, "waiting_count": 0 }`

// fullTasks tells all counts apart.
const fullTasks = `{
	"fail_count": 1, "force_success_count": 2, "freeze_count": 3, "ignore_success_count": 4, "manual_stop_count": 5,
	"pause_count": 6, "running_count": 7, "running_exception_count": 8, "skip_count": 9, "success_count": 10,
	"waiting_confirm_count": 11, "waiting_count": 12, "total_count": 9007199254740993
}`

func fullTasksResult() *JobStatistics {
	return &JobStatistics{
		FailCount: new(int64(1)), ForceSuccessCount: new(int64(2)), FreezeCount: new(int64(3)), IgnoreSuccessCount: new(int64(4)),
		ManualStopCount: new(int64(5)), PauseCount: new(int64(6)), RunningCount: new(int64(7)), RunningExceptionCount: new(int64(8)),
		SkipCount: new(int64(9)), SuccessCount: new(int64(10)), WaitingConfirmCount: new(int64(11)), WaitingCount: new(int64(12)),
		TotalCount: new(int64(9007199254740993)),
	}
}

func init() {
	documents("DataArts", documentedTasks, func(ctx context.Context, c *Client) (any, error) {
		return c.JobStatistics(ctx, WorkspaceJobs{Target: testOrder.Target})
	})
}

func TestJobStatisticsDocumented(t *testing.T) {
	t.Parallel()
	got, err := decodeWith(t, callers["DataArts"], documentedTasks)
	if err != nil {
		t.Fatal(err)
	}
	none := func() *int64 { return new(int64(0)) }
	want := &JobStatistics{
		FailCount: none(), ForceSuccessCount: none(), FreezeCount: none(), IgnoreSuccessCount: none(), ManualStopCount: none(),
		PauseCount: none(), RunningCount: none(), RunningExceptionCount: none(), SkipCount: none(), SuccessCount: new(int64(1)),
		WaitingConfirmCount: none(), WaitingCount: none(), TotalCount: new(int64(1)),
	}
	if diff := cmp.Diff(any(want), got); diff != "" {
		t.Errorf("want (-), got (+):\n%s", diff)
	}
}

func TestJobStatisticsFields(t *testing.T) {
	t.Parallel()
	checkFields(t, callers["DataArts"], fullTasks, fullTasksResult,
		func(s *JobStatistics) *[]string { return &s.Warnings },
		[]fieldTest[JobStatistics]{
			{path: "fail_count", kind: wholeNumber, rule: decides, clear: func(s *JobStatistics) { s.FailCount = nil }},
			{path: "force_success_count", kind: wholeNumber, rule: decides, clear: func(s *JobStatistics) { s.ForceSuccessCount = nil }},
			{path: "freeze_count", kind: wholeNumber, rule: decides, clear: func(s *JobStatistics) { s.FreezeCount = nil }},
			{path: "ignore_success_count", kind: wholeNumber, rule: decides, clear: func(s *JobStatistics) { s.IgnoreSuccessCount = nil }},
			{path: "manual_stop_count", kind: wholeNumber, rule: decides, clear: func(s *JobStatistics) { s.ManualStopCount = nil }},
			{path: "pause_count", kind: wholeNumber, rule: decides, clear: func(s *JobStatistics) { s.PauseCount = nil }},
			{path: "running_count", kind: wholeNumber, rule: decides, clear: func(s *JobStatistics) { s.RunningCount = nil }},
			{path: "running_exception_count", kind: wholeNumber, rule: decides, clear: func(s *JobStatistics) { s.RunningExceptionCount = nil }},
			{path: "skip_count", kind: wholeNumber, rule: decides, clear: func(s *JobStatistics) { s.SkipCount = nil }},
			{path: "success_count", kind: wholeNumber, rule: decides, clear: func(s *JobStatistics) { s.SuccessCount = nil }},
			{path: "waiting_confirm_count", kind: wholeNumber, rule: decides, clear: func(s *JobStatistics) { s.WaitingConfirmCount = nil }},
			{path: "waiting_count", kind: wholeNumber, rule: decides, clear: func(s *JobStatistics) { s.WaitingCount = nil }},
			{path: "total_count", kind: wholeNumber, rule: informs, clear: func(s *JobStatistics) { s.TotalCount = nil }},
		})
}

// Numbers that are not documented are told of unless they are zero, whatever their names; one that cannot be read spoils the answer.
func TestJobStatisticsFurtherCounts(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		members   string
		want      map[string]int64
		malformed bool
	}{
		{`"timeout_count":0`, nil, false},
		{`"timeout_count":null`, nil, false},
		{`"timeout_count":"0"`, nil, false},
		{`"timeout_count":7`, map[string]int64{"timeout": 7}, false},
		{`"timeout_count":"7","lost_count":-1`, map[string]int64{"timeout": 7, "lost": -1}, false},
		{
			`"count":7,"counts":"x","a_counter":7,"timeout_COUNT":"7","page_size":7,"FAIL_COUNT":1,"timeoutCount":"2","failed":3,"error_tasks":-1`,
			map[string]int64{
				"count": 7, "a_counter": 7, "timeout_COUNT": 7, "page_size": 7, "FAIL_COUNT": 1, "timeoutCount": 2, "failed": 3, "error_tasks": -1,
			}, false,
		},
		{`"note":"7","account":"7","domainAccount":"x","flag":true,"details":{"lost":7},"ids":[7],"nothing":null`, nil, false},
		{`"failed":0,"error_tasks":0.0,"timeoutCount":"0","account":0`, nil, false},
		{`"rate":0.5`, nil, true},
		{`"error_tasks":1e400`, nil, true},
		{`"timeoutCount":"many"`, nil, true},
		{`"_count":7`, map[string]int64{"": 7}, false},
		{`"timeout_count":1.5`, nil, true},
		{`"timeout_count":{}`, nil, true},
		{`"timeout_count":true`, nil, true},
		{`"timeout_count":1e-400`, nil, true},
	} {
		t.Run(test.members, func(t *testing.T) {
			t.Parallel()
			got, err := decodeWith(t, callers["DataArts"], strings.Replace(fullTasks, "{", "{"+test.members+",", 1))
			if test.malformed {
				checkFailure(t, err)
				if !errors.Is(err, ErrMalformed) {
					t.Errorf("error %v, want ErrMalformed", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			want := fullTasksResult()
			want.Further = test.want
			if diff := cmp.Diff(any(want), got); diff != "" {
				t.Errorf("want (-), got (+):\n%s", diff)
			}
		})
	}
}

// The name of a count that is new comes from outside: the error about it stays a harmless line, however the name looks.
func TestFaultsOfStrangeNames(t *testing.T) {
	t.Parallel()
	const name = `\u001b[31m\nError: forged `
	long := strings.Repeat("x", 5000)
	for call, body := range map[string]string{
		"DataArts": strings.Replace(fullTasks, "{", `{"`+name+long+`_count":"many",`, 1),
		"FDI":      strings.Replace(fullFDI, "{", `{"`+name+long+`_task_details":{"`+name+`_count":"many"},`, 1),
	} {
		_, err := decodeWith(t, callers[call], body)
		checkFailure(t, err)
		if !errors.Is(err, ErrMalformed) || len(err.Error()) > 400 {
			t.Errorf("%s: error %q", call, err)
		}
	}
}

func TestJobStatisticsRequest(t *testing.T) {
	t.Parallel()
	target := Target{Region: testRegion, ProjectID: testProject}
	for _, test := range []struct {
		name     string
		overview WorkspaceJobs
		query    url.Values
		// workspace is the header as it is sent, nil when it is not.
		workspace []string
	}{
		{"nothing given", WorkspaceJobs{Target: target}, url.Values{}, nil},
		{
			"everything given", WorkspaceJobs{Target: target, WorkspaceID: "ws-1", IsOwn: new(true), QueryDays: "before_yesterday"},
			url.Values{"is_own": {"true"}, "query_days": {"before_yesterday"}},
			[]string{"ws-1"},
		},
		{"false is not nothing", WorkspaceJobs{Target: target, IsOwn: new(false)}, url.Values{"is_own": {"false"}}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			temporary := testKeys
			temporary.SecurityToken = "dummySecurityToken"
			service := answering(says(http.StatusOK, documentedTasks))
			if _, err := newClient(t, service, credential(temporary)).JobStatistics(t.Context(), test.overview); err != nil {
				t.Fatal(err)
			}
			request := service.sent()[0]
			checkSigned(t, request)
			if diff := cmp.Diff(test.query, query(t, request)); diff != "" {
				t.Errorf("query, want (-), got (+):\n%s", diff)
			}
			want := "GET https://dayu.ap-example-1.example.com/v2/" + testProject + "/factory/monitor/task-statistics-overview"
			address := *request.URL
			address.RawQuery = ""
			if got := request.Method + " " + address.String(); got != want {
				t.Errorf("%s, want %s", got, want)
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

func TestJobStatisticsWithoutProject(t *testing.T) {
	t.Parallel()
	service := answering(says(http.StatusOK, documentedTasks))
	_, err := newClient(t, service).JobStatistics(context.Background(), WorkspaceJobs{Target: Target{Region: testRegion}})
	if err == nil || len(service.sent()) != 0 {
		t.Errorf("error %v after %d requests, want one without any", err, len(service.sent()))
	}
}
