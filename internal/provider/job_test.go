package provider_test

import (
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/cloudtest"
)

// theJob asks for the runs of a job since a deployment, which was at eight in the evening.
var theJob = map[string]tftypes.Value{
	"project_id": str(projectID), "workspace_id": str("ws1"), "job_name": str("etl_orders"), "since": str("2026-11-28T20:00:00Z"),
}

const jobListing = "/v2/" + projectID + "/factory/jobs/etl_orders/instances/detail"

// untilTheEvening lets a bubble's time pass until an hour after the deployment.
func untilTheEvening() (deployed time.Time) {
	deployed = time.Date(2026, 11, 28, 20, 0, 0, 0, time.UTC)
	time.Sleep(time.Until(deployed.Add(time.Hour)))
	return deployed
}

// Every form refuses arguments that cannot be used before anything is asked, and names the argument and its value.
func TestJobArguments(t *testing.T) {
	t.Parallel()
	yes := tftypes.NewValue(tftypes.Bool, true)
	no := tftypes.NewValue(tftypes.Bool, false)
	job := func(name string) map[string]tftypes.Value { return map[string]tftypes.Value{"job_name": str(name)} }
	since := func(since string) map[string]tftypes.Value { return with(job("etl"), "since", str(since)) }
	long := strings.Repeat("a", 129)
	for name, test := range map[string]struct {
		arguments map[string]tftypes.Value
		want      []string
	}{
		"a job":                    {job("etl_orders"), nil},
		"a Chinese one":            {job("订单汇总-v1.2"), nil},
		"the longest":              {job(long[1:]), nil},
		"since a time":             {since("2026-11-28T20:00:00Z"), nil},
		"since a while":            {since("2h"), nil},
		"since a month ago":        {since("720h"), nil},
		"in everybody's":           {with(job("etl"), "is_own", no), nil},
		"of yesterday":             {with(job("etl"), "query_days", str("yesterday")), nil},
		"with a number":            {with(since("2h"), "min_new_count", integer(3)), nil},
		"a job that is not known":  {with(since("2h"), "job_name", unknownText), nil},
		"since when is not known":  {with(job("etl"), "since", unknownText), nil},
		"the days are not known":   {with(since("2h"), "query_days", unknownText), nil},
		"whose is not known":       {with(job("etl"), "is_own", tftypes.NewValue(tftypes.Bool, tftypes.UnknownValue)), nil},
		"a baseline is not known":  {with(job("etl"), "baseline_counts", unknownMap), nil},
		"a job with a slash":       {job("a/b"), []string{"Invalid value of job_name", `"a/b" given, wanted 1 to 128 letters`}},
		"no job":                   {job(""), []string{"Invalid value of job_name", "it is empty"}},
		"a long name":              {job(long), []string{"Invalid value of job_name", "has 129 characters, wanted 1 to 128 letters"}},
		"dots":                     {job(".."), []string{"Invalid value of job_name", `".." given`, "not dots alone"}},
		"a line break":             {job("etl\n"), []string{"Invalid value of job_name", "ends in a line break"}},
		"one's own":                {with(job("etl"), "is_own", yes), []string{"Invalid value of is_own", "is_own = true cannot be used: the runs of job_name"}},
		"a baseline":               {with(job("etl"), "baseline_counts", baselineOf(nil)), []string{"Invalid value of job_name", `job_name = "etl" cannot be used: baseline_counts`}},
		"since without a job":      {map[string]tftypes.Value{"since": str("2h")}, []string{"Invalid value of since", `since = "2h" cannot be used: it judges the runs of one job. Set job_name`}},
		"since with days":          {with(since("2h"), "query_days", str("today")), []string{"Invalid value of since", `since = "2h" cannot be used: query_days = "today"`}},
		"since no time":            {since("tonight"), []string{"Invalid value of since", `"tonight" given, wanted a time in RFC 3339`}},
		"since zero":               {since("0s"), []string{"Invalid value of since", `"0s" given`}},
		"since a negative while":   {since("-1h"), []string{"Invalid value of since", `"-1h" given`}},
		"since more than a month":  {since("721h"), []string{"Invalid value of since", `since = "721h" cannot be used: it is more than 30 days ago`}},
		"since long ago":           {since("2026-10-29T20:59:59Z"), []string{"Invalid value of since", "more than 30 days ago"}},
		"since just a month ago":   {since("2026-10-29T21:00:00Z"), nil},
		"a number without a start": {with(job("etl"), "min_new_count", integer(2)), []string{"Invalid value of min_new_count", "min_new_count = 2 cannot be used"}},
		"a number of zero":         {with(since("2h"), "min_new_count", integer(0)), []string{"min_new_count", "0 is less than 1"}},
	} {
		for form := range formsOf("dataarts_instance_status") {
			t.Run(name+"/"+form, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					untilTheEvening()
					svc := cloudtest.New(cloudtest.Report(t.Errorf))
					checkRefused(t, inMemory(t, svc).validateForm(t, form, "dataarts_instance_status", test.arguments), test.want)
				})
			})
		}
	}
}

// A read refuses a since in the future and one that became too old, and sends nothing.
func TestSinceOfAJob(t *testing.T) {
	t.Parallel()
	for since, want := range map[string][]string{
		"2026-11-28T21:11:00Z": {
			"Cannot read DataArts job etl_orders of workspace ws1", `since = "2026-11-28T21:11:00Z" cannot be used: it is 11m0s ahead of this machine's clock`,
		},
		"2026-10-29T20:59:59Z": {`since = "2026-10-29T20:59:59Z" cannot be used: it is more than 30 days ago`},
	} {
		for form := range formsOf("dataarts_instance_status") {
			synctest.Test(t, func(t *testing.T) {
				untilTheEvening()
				svc := cloudtest.New(cloudtest.Report(t.Errorf))
				_, diagnostics := inMemory(t, svc).look(t.Context(), t, form, "dataarts_instance_status", with(theJob, "since", str(since)))
				checkRefused(t, diagnostics, want)
				if len(svc.Log()) != 0 {
					t.Errorf("%d requests", len(svc.Log()))
				}
			})
		}
	}
}

// Every form judges the runs since the deployment, by one request to the listing of the job. A wait goes on until the run has ended.
func TestJobOfEachForm(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		scenes func(deployed time.Time) []http.Handler
		want   values
		looks  int
		// says is in the error of an action, which is none if it is empty.
		says string
	}{
		"the next run succeeds": {
			func(at time.Time) []http.Handler {
				old := cloudtest.Run{ID: 1, Status: "fail", Began: at.Add(-time.Hour)}
				return []http.Handler{
					cloudtest.Runs(old), cloudtest.Runs(cloudtest.Run{ID: 2, Status: "running"}, old),
					cloudtest.Runs(cloudtest.Run{ID: 2, Status: "success"}, old),
				}
			},
			values{
				"outcome": text("succeeded"), "succeeded": yes, "completed": yes, "success_count": number(1), "fail_count": number(0),
				"failed_count": number(0), "total_count": number(1), "new_count": number(1), "new_failed_count": number(0), "failed_jobs": list(items{}),
				"id":      text(projectID + "/ws1/-/-/etl_orders"),
				"summary": text("DataArts job etl_orders of workspace ws1 in project " + projectID + " (since 2026-11-28T20:00:00Z): succeeded, ended 2026-11-28T21:00:05Z; 1 succeeded; waited 2s"),
			}, 3, "",
		},
		"the next run fails": {
			func(at time.Time) []http.Handler {
				return []http.Handler{cloudtest.Runs(cloudtest.Run{ID: 2, Status: "fail", Began: at.Add(time.Minute)})}
			},
			values{
				"outcome": text("failed"), "succeeded": no, "completed": yes, "fail_count": number(1), "new_count": number(1), "new_failed_count": number(1),
				"failed_jobs": list(items{object(values{
					"job_name": text("etl_orders"), "instance_id": text("2"), "status": text("fail"), "planned_at": text("2026-11-28T20:00:58Z"),
					"started_at": text("2026-11-28T20:01:00Z"), "finished_at": text("2026-11-28T20:01:04Z"), "error_message": null,
				})}),
			}, 1, "failed, ended 2026-11-28T20:01:04Z; 1 failed; failed jobs: etl_orders (instance 2)",
		},
		"a person overrode it": {
			func(time.Time) []http.Handler {
				return []http.Handler{cloudtest.Runs(cloudtest.Run{ID: 2, Status: "fail", Overridden: true})}
			},
			values{"outcome": text("succeeded"), "force_success_count": number(1), "overridden_count": number(1)}, 1, "",
		},
		"one run too many": {
			func(time.Time) []http.Handler {
				return []http.Handler{cloudtest.RunScene{Runs: []cloudtest.Run{{ID: 2, Status: "manual"}}}, cloudtest.Runs(cloudtest.Run{ID: 2, Status: "manual-stop"})}
			},
			values{"outcome": text("canceled"), "manual_stop_count": number(1)}, 2, "canceled, ended 2026-11-28T21:00:04Z; 1 stopped by hand",
		},
	} {
		for form := range formsOf("dataarts_instance_status") {
			t.Run(name+"/"+form, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					deployed := untilTheEvening()
					svc := cloudtest.New(cloudtest.Report(t.Errorf))
					svc.Job("ws1", "etl_orders").Then(test.scenes(deployed)...)
					arguments := theJob
					if form != "action" {
						arguments = with(theJob, "wait_for_completion", forCompletion)
					}
					attributes, diagnostics := inMemory(t, svc).look(t.Context(), t, form, "dataarts_instance_status", arguments)
					if form != "action" {
						checkValues(t, attributes, test.want)
					} else if said := shown(diagnostics); failed(diagnostics) != (test.says != "") || !strings.Contains(said, test.says) {
						t.Errorf("the user is told %q, want %q", said, test.says)
					}
					if len(svc.Log()) != test.looks {
						t.Errorf("%d requests, want %d", len(svc.Log()), test.looks)
					}
					for _, request := range svc.Log() {
						if got := request.URL.EscapedPath(); got != jobListing || request.Host != "service.test" {
							t.Errorf("asked %s %s", request.Host, got)
						}
						query := request.URL.Query()
						from := fmt.Sprint(deployed.Add(-24*time.Hour).UnixMilli() - 1)
						if query.Get("min_plan_time") != from || query.Has("max_plan_time") || query.Get("limit") != "1000" || query.Has("offset") {
							t.Errorf("asked %v", query)
						}
						if got := request.Header.Get("Workspace"); got != "ws1" {
							t.Errorf("workspace %q", got)
						}
					}
				})
			})
		}
	}
}

// A name in Chinese is sent once encoded, and a wait for a run that does not come says so.
func TestJobThatDoesNotRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		untilTheEvening()
		svc := cloudtest.New(cloudtest.Report(t.Errorf))
		svc.Job("ws1", "订单").Then(cloudtest.Runs())
		arguments := with(with(theJob, "job_name", str("订单")), "wait_for_completion", forCompletion)
		_, diagnostics := inMemory(t, svc).read(t.Context(), t, "dataarts_instance_status", with(arguments, "timeouts", limitOf("read", "5m")))
		checkError(t, diagnostics, []string{
			"DataArts job 订单 of workspace ws1 in project " + projectID + " (since 2026-11-28T20:00:00Z) did not end in time",
			"The last status was pending, after 4m50s of waiting; no runs; 1 new run is needed.", "Raise timeouts.read",
		})
		if got, want := svc.Log()[0].URL.RequestURI(), "/factory/jobs/%E8%AE%A2%E5%8D%95/instances/detail?"; !strings.Contains(got, want) {
			t.Errorf("asked %s, want %s", got, want)
		}
	})
}

// What DataArts says about a job or workspace that it does not know leads to the argument to correct.
func TestJobErrors(t *testing.T) {
	t.Parallel()
	workspaceNeeded := cloudtest.Error(400, "APIGW.0106", "Invalid header parameter: workspace, required")
	for name, test := range map[string]struct {
		scene     http.Handler
		arguments map[string]tftypes.Value
		want      []string
	}{
		"no such job": {
			cloudtest.NoSuchJob, theJob,
			[]string{
				"Cannot read DataArts job etl_orders of workspace ws1", "HTTP 400 Bad Request: DLF.0100: The job does not exist.",
				"Check job_name", "workspace_id is the workspace of the job",
			},
		},
		"a workspace is needed": {
			workspaceNeeded, theJob, []string{"APIGW.0106: Invalid header parameter: workspace, required", "Set workspace_id: this project has no default workspace."},
		},
		"a workspace is needed for the counts": {
			workspaceNeeded, map[string]tftypes.Value{"project_id": str(projectID)},
			[]string{"APIGW.0106: Invalid header parameter: workspace, required", "Set workspace_id: this project has no default workspace."},
		},
		"another header": {
			cloudtest.Error(400, "APIGW.0106", "Invalid header parameter: Content-Type, required"), theJob,
			[]string{"Invalid header parameter: Content-Type", "Check the arguments, workspace_id and project_id among them."},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			svc := cloudtest.New(cloudtest.Report(t.Errorf))
			svc.Job("ws1", "etl_orders").Then(test.scene)
			svc.Workspace("").Then(test.scene)
			arguments := maps.Clone(test.arguments)
			if _, ok := arguments["since"]; ok {
				arguments["since"] = str("2h")
			}
			_, diagnostics := inMemory(t, svc).read(t.Context(), t, "dataarts_instance_status", arguments)
			checkError(t, diagnostics, test.want)
		})
	}
}

// Hostile texts in the listing are harmless where they are shown, and open no gate.
func TestHostileListing(t *testing.T) {
	t.Parallel()
	bad := jsonText(hostile)
	now := time.Now().UnixMilli()
	row := `{"job_name":"etl_orders","instance_id":1,"status":"success","plan_time":%d,"start_time":%[1]d}`
	for name, body := range map[string]string{
		"another job":      `{"total":1,"instances":[{"job_name":%[1]s,"instance_id":1,"status":"success","plan_time":%[2]d}]}`,
		"another state":    `{"total":1,"instances":[{"job_name":"etl_orders","instance_id":1,"status":%[1]s,"plan_time":%[2]d}]}`,
		"an id":            `{"total":1,"instances":[{"job_name":"etl_orders","instance_id":%[1]s,"status":"success","plan_time":%[2]d}]}`,
		"a time":           `{"total":1,"instances":[{"job_name":"etl_orders","instance_id":1,"status":"success","plan_time":%[1]s}]}`,
		"a flag":           `{"total":1,"instances":[{"job_name":"etl_orders","instance_id":1,"status":"fail","plan_time":%[2]d,"force_success":%[1]s}]}`,
		"the total":        `{"total":%[1]s,"instances":[]}`,
		"a member":         `{"total":1,%[1]s:1,"instances":[{%[1]s:1,"job_name":"etl_orders","instance_id":1,"status":"fail","plan_time":%[2]d}]}`,
		"an error":         `{"error_code":%[1]s,"error_msg":%[1]s,"total":1,"instances":[]}`,
		"no rows":          `{"total":1,"instances":%[1]s}`,
		"a member twice":   `{"total":1,"instances":[` + fmt.Sprintf(row, now) + `],"total":1}`,
		"rows in a member": `{"data":{"total":1,"instances":[` + fmt.Sprintf(row, now) + `]}}`,
		"a row in a list":  `[{"total":1,"instances":[` + fmt.Sprintf(row, now) + `]}]`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body := strings.NewReplacer("%[1]s", bad, "%[2]d", fmt.Sprint(now)).Replace(body)
			svc := cloudtest.New(cloudtest.Report(t.Errorf))
			svc.Job("ws1", "etl_orders").Then(cloudtest.Says(200, body))
			attributes, diagnostics := inMemory(t, svc).read(t.Context(), t, "dataarts_instance_status", with(theJob, "since", str("1h")))
			checkNotGreen(t, attributes)
			checkShown(t, diagnostics, attributes)
		})
	}
}
