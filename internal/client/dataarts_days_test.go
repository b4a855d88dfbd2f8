package client

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestFailedJobInstancesRequest shows what is sent: host, path, headers and query, once for each status that is asked for.
func TestFailedJobInstancesRequest(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name     string
		change   func(*FailedJobsRequest)
		statuses []string
		// workspace is the header as it is sent, nil when it is not.
		workspace []string
	}{
		{"nothing given", func(*FailedJobsRequest) {}, []string{"fail", "running-exception"}, nil},
		{"a workspace", func(q *FailedJobsRequest) { q.WorkspaceID = "ws-1" }, []string{"fail", "running-exception"}, []string{"ws-1"}},
		{"everybody's", func(q *FailedJobsRequest) { q.IsOwn = new(false) }, []string{"fail", "running-exception"}, nil},
		{"one status", func(q *FailedJobsRequest) { q.Statuses = []string{"running-exception"} }, []string{"running-exception"}, nil},
		{"a small limit", func(q *FailedJobsRequest) { q.Limit = 1 }, []string{"fail", "running-exception"}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			asked := testJobs
			test.change(&asked)
			service := answering(says(http.StatusOK, jobs(0)))
			if _, err := newClient(t, service).FailedJobInstances(t.Context(), asked); err != nil {
				t.Fatal(err)
			}
			var statuses []string
			for _, request := range service.sent() {
				checkSigned(t, request)
				sent := query(t, request)
				statuses = append(statuses, sent.Get("status"))
				sent.Del("status")
				want := url.Values{"limit": {"1000"}, "minPlanTime": {"1551628799999"}, "maxPlanTime": {"1551715200000"}}
				if diff := cmp.Diff(want, sent); diff != "" {
					t.Errorf("query, want (-), got (+):\n%s", diff)
				}
				address := *request.URL
				address.RawQuery = ""
				if got, want := request.Method+" "+address.String(), "GET https://dayu-dlf.ap-example-1.example.com/v1/"+testProject+
					"/jobs/instances/detail"; got != want {
					t.Errorf("%s, want %s", got, want)
				}
				if diff := cmp.Diff(test.workspace, request.Header["Workspace"]); diff != "" {
					t.Errorf("workspace, want (-), got (+):\n%s", diff)
				}
				if got := request.Header.Get("X-Project-Id"); got != testProject {
					t.Errorf("X-Project-Id %q, want %q", got, testProject)
				}
			}
			if diff := cmp.Diff(test.statuses, statuses); diff != "" {
				t.Errorf("statuses, want (-), got (+):\n%s", diff)
			}
		})
	}
}

// TestFailedJobInstancesEndpoint sends the listing to where DataArts was configured to be.
func TestFailedJobInstancesEndpoint(t *testing.T) {
	t.Parallel()
	service := answering(says(http.StatusOK, jobs(0)))
	c := newClient(t, service, func(cfg *Config) {
		cfg.Endpoints = map[Service]Setting{DataArts: {Value: "http://localhost:8080/dayu"}}
	})
	if _, err := c.FailedJobInstances(t.Context(), testJobs); err != nil {
		t.Fatal(err)
	}
	if got, want := service.sent()[0].URL.Path, "/dayu/v1/"+testProject+"/jobs/instances/detail"; got != want {
		t.Errorf("path %s, want %s", got, want)
	}
}

// TestFailedJobInstancesDays shows the days that are asked for, the newest first, with bounds that are both exclusive.
func TestFailedJobInstancesDays(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 3, 2, 4, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		name, queryDays string
		now             time.Time
		// days are the dates in UTC+8.
		days []string
	}{
		{"left out", "", noon, []string{"2026-03-02"}},
		{"today", "today", noon, []string{"2026-03-02"}},
		{"yesterday", "yesterday", noon, []string{"2026-03-01"}},
		{"before yesterday, in another month", "before_yesterday", noon, []string{"2026-02-28"}},
		{"all", "all", noon, []string{
			"2026-03-02", "2026-03-01", "2026-02-28", "2026-02-27", "2026-02-26", "2026-02-25", "2026-02-24", "2026-02-23",
		}},
		{"last moment of a day", "today", time.Date(2026, 3, 2, 15, 59, 59, 999_999_999, time.UTC), []string{"2026-03-02"}},
		{"midnight", "today", time.Date(2026, 3, 2, 16, 0, 0, 0, time.UTC), []string{"2026-03-03"}},
		{"midnight, yesterday", "yesterday", time.Date(2026, 3, 2, 16, 0, 0, 0, time.UTC), []string{"2026-03-02"}},
		{"a clock in another zone", "today", time.Date(2026, 3, 2, 12, 0, 0, 0, time.FixedZone("", -5*60*60)), []string{"2026-03-03"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			asked := testJobs
			asked.Now, asked.QueryDays, asked.Statuses = test.now, test.queryDays, []string{"fail"}
			service := answering(says(http.StatusOK, jobs(0)))
			list, err := newClient(t, service).FailedJobInstances(t.Context(), asked)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(&JobInstanceList{Instances: []JobInstance{}}, list); diff != "" {
				t.Errorf("want (-), got (+):\n%s", diff)
			}
			var days []string
			for _, request := range service.sent() {
				sent := query(t, request)
				after, before := milliseconds(t, sent.Get("minPlanTime")), milliseconds(t, sent.Get("maxPlanTime"))
				from := after.Add(time.Millisecond)
				if from.Format(time.TimeOnly) != "00:00:00" || from.Nanosecond() != 0 || before.Sub(from) != 24*time.Hour {
					t.Errorf("between %s and %s, want a day and a millisecond before it", after, before)
				}
				days = append(days, from.Format(time.DateOnly))
			}
			if diff := cmp.Diff(test.days, days); diff != "" {
				t.Errorf("days, want (-), got (+):\n%s", diff)
			}
		})
	}
}

func milliseconds(t testing.TB, text string) time.Time {
	t.Helper()
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return time.UnixMilli(n).In(time.FixedZone("", 8*60*60))
}

// TestFailedJobInstancesRefused refuses what the listing cannot answer, before anything is sent.
func TestFailedJobInstancesRefused(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*FailedJobsRequest){
		"one's own":    func(q *FailedJobsRequest) { q.IsOwn = new(true) },
		"unknown days": func(q *FailedJobsRequest) { q.QueryDays = "tomorrow" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			asked := testJobs
			change(&asked)
			service := answering(says(http.StatusOK, documentedJobs))
			if _, err := newClient(t, service).FailedJobInstances(t.Context(), asked); err == nil || len(service.sent()) != 0 {
				t.Errorf("error %v after %d requests, want one without any", err, len(service.sent()))
			}
		})
	}
}

// TestFailedJobInstancesOfDays walks the days until the list is full.
func TestFailedJobInstancesOfDays(t *testing.T) {
	t.Parallel()
	ago := func(days int) time.Time { return testJobs.Now.AddDate(0, 0, -days) }
	rows := []answerer{
		says(http.StatusOK, jobs(1, job(1, "fail", ago(0)))),
		says(http.StatusOK, jobs(0)),
		says(http.StatusOK, jobs(5, job(3, "fail", ago(2)), job(2, "fail", ago(2).Add(time.Hour)))),
		says(http.StatusOK, jobs(0)),
	}
	for _, test := range []struct {
		limit    int
		want     []string
		requests int
	}{
		{1, []string{"1"}, 1},
		{2, []string{"1", "2"}, 3},
		{3, []string{"1", "2", "3"}, 3},
		{4, []string{"1", "2", "3"}, 8},
	} {
		t.Run(fmt.Sprint("limit ", test.limit), func(t *testing.T) {
			t.Parallel()
			asked := testJobs
			asked.QueryDays, asked.Statuses, asked.Limit = "all", []string{"fail"}, test.limit
			service := answering(rows...)
			list, err := newClient(t, service).FailedJobInstances(t.Context(), asked)
			if err != nil {
				t.Fatal(err)
			}
			if got := ids(list); !slices.Equal(got, test.want) {
				t.Errorf("instances %q, want %q", got, test.want)
			}
			if got := len(service.sent()); got != test.requests {
				t.Errorf("%d requests, want %d", got, test.requests)
			}
		})
	}
}
