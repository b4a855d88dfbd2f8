package client

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// documentedFDI has all fields, but some of its counts are equal.
const documentedFDI = `{
  "common_task_details" : {
    "running_tasks_count" : 2,
    "abnormal_tasks_count" : 2,
    "terminated_tasks_count" : 6,
    "completed_tasks_count" : 8
  },
  "cdc_task_details" : {
    "running_tasks_count" : 1,
    "abnormal_tasks_count" : 0,
    "terminated_tasks_count" : 6,
    "completed_tasks_count" : 0
  }
}`

const fullFDI = `{
	"common_task_details": {
		"running_tasks_count": 1, "abnormal_tasks_count": 2, "terminated_tasks_count": 3, "completed_tasks_count": 9007199254740993
	},
	"cdc_task_details": {
		"running_tasks_count": 5, "abnormal_tasks_count": 6, "terminated_tasks_count": 7, "completed_tasks_count": 999999999999
	}
}`

func taskDetails(running, abnormal, terminated, completed int64) *TaskDetails {
	return &TaskDetails{
		RunningTasksCount: &running, AbnormalTasksCount: &abnormal, TerminatedTasksCount: &terminated, CompletedTasksCount: &completed,
	}
}

func init() {
	documents("FDI", documentedFDI, func(ctx context.Context, c *Client) (any, error) {
		return c.FDITaskStatistics(ctx, FDIInstance{Target: testOrder.Target, InstanceID: "fae7ff6c-8e07-4cf8-9e67-589cab2f017c"})
	})
}

func TestFDITaskStatisticsDocumented(t *testing.T) {
	t.Parallel()
	got, err := decodeWith(t, callers["FDI"], documentedFDI)
	if err != nil {
		t.Fatal(err)
	}
	want := &FDITaskStatistics{CommonTaskDetails: taskDetails(2, 2, 6, 8), CDCTaskDetails: taskDetails(1, 0, 6, 0)}
	if diff := cmp.Diff(any(want), got); diff != "" {
		t.Errorf("want (-), got (+):\n%s", diff)
	}
}

func TestFDITaskStatisticsFields(t *testing.T) {
	t.Parallel()
	full := func() *FDITaskStatistics {
		return &FDITaskStatistics{CommonTaskDetails: taskDetails(1, 2, 3, 9007199254740993), CDCTaskDetails: taskDetails(5, 6, 7, 999999999999)}
	}
	tests := []fieldTest[FDITaskStatistics]{
		{
			path: "common_task_details", kind: anObject, rule: decides,
			clear:  func(s *FDITaskStatistics) { s.CommonTaskDetails = nil },
			absent: func(s *FDITaskStatistics) { s.CommonTaskDetails, s.CommonAbsent = nil, true },
		},
		{
			path: "cdc_task_details", kind: anObject, rule: decides,
			clear:  func(s *FDITaskStatistics) { s.CDCTaskDetails = nil },
			absent: func(s *FDITaskStatistics) { s.CDCTaskDetails, s.CDCAbsent = nil, true },
		},
	}
	for name, details := range map[string]func(*FDITaskStatistics) *TaskDetails{
		"common_task_details.": func(s *FDITaskStatistics) *TaskDetails { return s.CommonTaskDetails },
		"cdc_task_details.":    func(s *FDITaskStatistics) *TaskDetails { return s.CDCTaskDetails },
	} {
		tests = append(tests,
			fieldTest[FDITaskStatistics]{
				path: name + "running_tasks_count", kind: wholeNumber, rule: decides,
				clear: func(s *FDITaskStatistics) { details(s).RunningTasksCount = nil },
			},
			fieldTest[FDITaskStatistics]{
				path: name + "abnormal_tasks_count", kind: wholeNumber, rule: decides,
				clear: func(s *FDITaskStatistics) { details(s).AbnormalTasksCount = nil },
			},
			fieldTest[FDITaskStatistics]{
				path: name + "terminated_tasks_count", kind: wholeNumber, rule: decides,
				clear: func(s *FDITaskStatistics) { details(s).TerminatedTasksCount = nil },
			},
			fieldTest[FDITaskStatistics]{
				path: name + "completed_tasks_count", kind: wholeNumber, rule: decides,
				clear: func(s *FDITaskStatistics) { details(s).CompletedTasksCount = nil },
			},
		)
	}
	checkFields(t, callers["FDI"], fullFDI, full, nil, tests)
}

// A new status of a known kind is told of by its word, a new kind by the name of its object; zero is harmless.
func TestFDITaskStatisticsFurtherCounts(t *testing.T) {
	t.Parallel()
	const none = `"common_task_details":null,"cdc_task_details":null`
	for _, test := range []struct {
		members   string
		want      map[string]int64
		malformed bool
	}{
		{none, nil, false},
		{none + `,"failed_tasks_count":0,"stream_task_details":null`, nil, false},
		{none + `,"failed_tasks_count":3`, map[string]int64{"failed": 3}, false},
		{
			none + `,"failed_count":3,"tasks_count":3,"other":{"failed_tasks_count":3}`,
			map[string]int64{"failed_count": 3, "tasks_count": 3, "other.failed_tasks_count": 3}, false,
		},
		{`"common_task_details":{"failed_tasks_count":7},"cdc_task_details":null`, map[string]int64{"failed": 7}, false},
		{`"common_task_details":{"failed_tasks_count":7},"cdc_task_details":{"failed_tasks_count":-2}`, map[string]int64{"failed": 5}, false},
		// Two that cancel each other out are both new.
		{`"common_task_details":{"failed_tasks_count":7},"cdc_task_details":{"failed_tasks_count":-7}`, map[string]int64{"failed": 0}, false},
		{
			`"common_task_details":{"failed_count":7,"failed_tasks_count":"0"},"cdc_task_details":{"timeoutCount":"2","FAIL_COUNT":1}`,
			map[string]int64{"failed_count": 7, "timeoutCount": 2, "FAIL_COUNT": 1}, false,
		},
		{none + `,"abnormal_count":1,"error_tasks":-1`, map[string]int64{"abnormal_count": 1, "error_tasks": -1}, false},
		{none + `,"stream_details":{"abnormal":1}`, map[string]int64{"stream_details.abnormal": 1}, false},
		{none + `,"request_id":"7","state":"good","flag":true,"nothing":"","lost":0,"missing":0.0`, nil, false},
		{none + `,"rate":0.2`, nil, true},
		{none + `,"failed":1e-400`, nil, true},
		{none + `,"failed":1e300`, nil, true},
		{
			none + `,"stream_task_details":{"abnormal_tasks_count":9,"running_tasks_count":0,"lost_count":1,"name":"x"}`,
			map[string]int64{"stream_task_details.abnormal_tasks_count": 9, "stream_task_details.lost_count": 1}, false,
		},
		{none + `,"stream_task_details":{}`, nil, false},
		{none + `,"stream_task_details":[]`, nil, false},
		{none + `,"stream_task_details":9`, map[string]int64{"stream_task_details": 9}, false},
		{none + `,"stream_task_details":{"abnormal_tasks_count":"many"}`, nil, true},
		{none + `,"failed_tasks_count":1.5`, nil, true},
		{`"common_task_details":{"failed_tasks_count":[]},"cdc_task_details":null`, nil, true},
	} {
		t.Run(test.members, func(t *testing.T) {
			t.Parallel()
			got, err := decodeWith(t, callers["FDI"], "{"+test.members+"}")
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
			statistics, _ := got.(*FDITaskStatistics)
			if diff := cmp.Diff(test.want, statistics.Further); diff != "" {
				t.Errorf("want (-), got (+):\n%s", diff)
			}
		})
	}
}

// Both null means no tasks of either kind, which is an answer; both absent is none.
func TestFDITaskStatisticsOfNothing(t *testing.T) {
	t.Parallel()
	got, err := decodeWith(t, callers["FDI"], `{"common_task_details":null,"cdc_task_details":null}`)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(any(&FDITaskStatistics{}), got); diff != "" {
		t.Errorf("want (-), got (+):\n%s", diff)
	}
}

func TestFDITaskStatisticsRequest(t *testing.T) {
	t.Parallel()
	service := answering(says(http.StatusOK, documentedFDI))
	if _, err := callers["FDI"](t.Context(), newClient(t, service)); err != nil {
		t.Fatal(err)
	}
	request := service.sent()[0]
	checkSigned(t, request)
	want := "GET https://roma.ap-example-1.example.com/v2/" + testProject +
		"/fdi/instances/fae7ff6c-8e07-4cf8-9e67-589cab2f017c/statistics/tasks"
	if got := request.Method + " " + request.URL.String(); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got := request.Header.Get("X-Project-Id"); got != testProject {
		t.Errorf("X-Project-Id %q, want %q", got, testProject)
	}
}
