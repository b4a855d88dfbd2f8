package cloudtest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hwgate/terraform-provider-hwgate/internal/cloudtest"
)

const orderAt = "https://coc.test/v1/job/script/orders/SCT1"

func request(ctx context.Context, t *testing.T, method, url string, headers ...string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, method, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return r
}

// ask asks in the process, and gives status and body.
func ask(t *testing.T, svc *cloudtest.Service, url string, headers ...string) (int, string) {
	t.Helper()
	method, rest, found := strings.Cut(url, " ")
	if !found {
		method, rest = http.MethodGet, url
	}
	answer, err := svc.RoundTrip(request(t.Context(), t, method, rest, headers...))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(body)
}

// at goes down into an answer.
func at(t *testing.T, body string, path ...any) any {
	t.Helper()
	var value any
	if err := json.Unmarshal([]byte(body), &value); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	for _, step := range path {
		switch step := step.(type) {
		case string:
			value = value.(map[string]any)[step]
		case int:
			value = value.([]any)[step]
		}
	}
	return value
}

func check(t *testing.T, what string, got, want any) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

// TestStory shows a scene for each look at an order, the last one again and again; statistics go with the scene that was looked at.
func TestStory(t *testing.T) {
	t.Parallel()
	svc := cloudtest.New(cloudtest.Report(t.Errorf))
	order := svc.Order("SCT1").Then(cloudtest.Running(3, 10)).Then(cloudtest.Finished(10))
	// Whoever asks for statistics alone meets the first scene.
	for i, want := range []struct {
		url, status string
		finished    int
	}{
		{orderAt + "/statistics", "", 3},
		{orderAt, "PROCESSING", 0},
		{orderAt + "/statistics", "", 3},
		{orderAt, "FINISHED", 0},
		{orderAt, "FINISHED", 0},
		{orderAt + "/statistics", "", 10},
	} {
		_, body := ask(t, svc, want.url)
		if want.status != "" {
			check(t, fmt.Sprint("status ", i), at(t, body, "data", "status"), want.status)
			continue
		}
		rows := at(t, body, "data", "execute_statistics").([]any)
		check(t, fmt.Sprint("finished ", i), rows[len(rows)-1].(map[string]any)["instance_count"], want.finished)
	}
	check(t, "looks", order.Looks(), 3)
	order.Now(cloudtest.NotFound, cloudtest.Ready(1))
	status, body := ask(t, svc, orderAt)
	check(t, "status", status, 400)
	check(t, "code", at(t, body, "error_code"), "COC.00040709")
	_, body = ask(t, svc, orderAt)
	check(t, "status", at(t, body, "data", "status"), "READY")
}

// TestBatchPages gives the pages of a batch by limit and marker, and only the status that is wanted.
func TestBatchPages(t *testing.T) {
	t.Parallel()
	svc := cloudtest.New(cloudtest.Report(t.Errorf))
	svc.Order("SCT1").Then(cloudtest.OrderScene{
		Status: "ABNORMAL", Log: "log", Batches: []cloudtest.Batch{{"FINISHED": 2}, {"ABNORMAL": 1, "FINISHED": 2}},
	})
	hosts := func(query string) (names []string, total any) {
		_, body := ask(t, svc, orderAt+"/batches/2"+query)
		for _, row := range at(t, body, "data", "execute_instances").([]any) {
			row := row.(map[string]any)
			check(t, "log", row["message"], "log")
			properties := row["target_instance"].(map[string]any)["properties"].(map[string]any)
			names = append(names, fmt.Sprint(row["id"], " ", properties["host_name"], " ", row["status"]))
		}
		return names, at(t, body, "data", "total_instances")
	}
	for query, want := range map[string]string{
		"":                  "[3 ecs-3 FINISHED 4 ecs-4 FINISHED 5 ecs-5 ABNORMAL] 3",
		"?limit=2":          "[3 ecs-3 FINISHED 4 ecs-4 FINISHED] 3",
		"?limit=2&marker=4": "[5 ecs-5 ABNORMAL] 3",
		"?marker=5":         "[] 3",
		"?status=ABNORMAL":  "[5 ecs-5 ABNORMAL] 1",
	} {
		names, total := hosts(query)
		check(t, query, fmt.Sprint(names, " ", total), want)
	}
	status, _ := ask(t, svc, orderAt+"/batches/3")
	check(t, "status of a batch that is not there", status, 400)
}

// TestOrderScenes holds the ready-made scenes to what they say.
func TestOrderScenes(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		scene  cloudtest.OrderScene
		status string
		ended  bool
		counts map[string]int
	}{
		"ready":    {cloudtest.Ready(2), "READY", false, map[string]int{"READY": 2}},
		"running":  {cloudtest.Running(1, 3), "PROCESSING", false, map[string]int{"FINISHED": 1, "PROCESSING": 2}},
		"paused":   {cloudtest.Paused(1, 3), "PAUSED", false, map[string]int{"FINISHED": 1, "READY": 2}},
		"finished": {cloudtest.Finished(2), "FINISHED", true, map[string]int{"FINISHED": 2}},
		"failed":   {cloudtest.Failed(1, 2), "ABNORMAL", true, map[string]int{"FINISHED": 1, "ABNORMAL": 2}},
		"canceled": {cloudtest.Canceled(1, 2), "CANCELED", true, map[string]int{"FINISHED": 1, "CANCELED": 2}},
		"new word": {
			cloudtest.OrderScene{Status: "DREAMING", Batches: []cloudtest.Batch{{"DREAMING": 1}}}, "DREAMING", true, map[string]int{"DREAMING": 1},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			svc := cloudtest.New(cloudtest.Report(t.Errorf))
			svc.Order("SCT1").Then(test.scene)
			_, body := ask(t, svc, orderAt)
			check(t, "status", at(t, body, "data", "status"), test.status)
			check(t, "ended", at(t, body, "data", "gmt_finished") != nil, test.ended)
			check(t, "threshold", at(t, body, "data", "properties", "execute_param", "success_rate"), 100)
			_, body = ask(t, svc, orderAt+"/statistics")
			sum, counts := 0, map[string]int{}
			for _, row := range at(t, body, "data", "execute_statistics").([]any) {
				row := row.(map[string]any)
				count := int(row["instance_count"].(float64))
				sum += count
				if count > 0 {
					counts[row["instance_status"].(string)] = count
				}
				check(t, "batches", fmt.Sprint(row["batch_indexes"]), map[bool]string{true: "[1]", false: "[]"}[count > 0])
			}
			check(t, "counts", counts, test.counts)
			check(t, "total", at(t, body, "data", "total_instance"), sum)
		})
	}
}

// TestWorkspace counts jobs for each workspace, and lists those that failed, in pages and within the window that is asked for.
func TestWorkspace(t *testing.T) {
	t.Parallel()
	svc := cloudtest.New(cloudtest.Report(t.Errorf))
	svc.Workspace("").Then(cloudtest.Jobs(map[string]int{"success": 5, "fail": 2, "running_exception": 1}))
	old := time.Now().Add(-48 * time.Hour)
	svc.Workspace("ws").Then(cloudtest.JobScene{Total: 9, Listed: []cloudtest.Job{{Name: "old", Status: "fail", ID: 7, Planned: old}}})
	const overview, listing = "https://dayu.test/v2/p/factory/monitor/task-statistics-overview", "https://dayu.test/v1/p/jobs/instances/detail"
	_, body := ask(t, svc, overview)
	for member, want := range map[string]int{"success_count": 5, "fail_count": 2, "freeze_count": 0, "total_count": 8} {
		check(t, member, at(t, body, member), want)
	}
	_, body = ask(t, svc, overview, "Workspace", "ws")
	check(t, "total", at(t, body, "total_count"), 9)
	for _, test := range []struct {
		query, workspace, want string
		total                  int
	}{
		{"", "", "job-1 fail job-2 fail job-3 running-exception", 3},
		{"?status=running-exception", "", "job-3 running-exception", 1},
		{"?limit=2&offset=1", "", "job-3 running-exception", 3},
		{"?jobName=job-2", "", "job-2 fail", 1},
		{"", "ws", "old fail", 1},
		{fmt.Sprintf("?minPlanTime=%d", old.UnixMilli()), "ws", "", 0},
		{fmt.Sprintf("?minPlanTime=%d&maxPlanTime=%d", old.UnixMilli()-1, old.UnixMilli()+1), "ws", "old fail", 1},
		{fmt.Sprintf("?maxPlanTime=%d", old.UnixMilli()), "ws", "", 0},
	} {
		_, body := ask(t, svc, listing+test.query, "Workspace", test.workspace)
		var names []string
		for _, row := range at(t, body, "instances").([]any) {
			row := row.(map[string]any)
			names = append(names, fmt.Sprint(row["jobName"], " ", row["status"]))
		}
		check(t, "listing "+test.query, strings.Join(names, " "), test.want)
		check(t, "total "+test.query, at(t, body, "total"), test.total)
	}
}

// TestInstance counts the tasks of an instance, and lists them in both of ROMA's ways.
func TestInstance(t *testing.T) {
	t.Parallel()
	svc := cloudtest.New(cloudtest.Report(t.Errorf))
	svc.Instance("i").Then(cloudtest.Tasks(nil, map[string]int{"running": 2, "abnormal": 1}))
	const base = "https://roma.test/v2/p/fdi/instances/i"
	_, body := ask(t, svc, base+"/statistics/tasks")
	check(t, "common", at(t, body, "common_task_details"), nil)
	check(t, "abnormal", at(t, body, "cdc_task_details", "abnormal_tasks_count"), 1)
	check(t, "completed", at(t, body, "cdc_task_details", "completed_tasks_count"), 0)
	for query, want := range map[string]string{
		"/tasks?execute_status=ERROR":         "1 task-3 ERROR",
		"/tasks?task_mode=NORMAL":             "0",
		"/tasks?limit=2&offset=1":             "3 task-3 ERROR",
		"/tasks?task_name=k-2":                "1 task-2 RUNNING",
		"/task-monitors?limit=2":              "3 task-1 RUNNING task-2 RUNNING",
		"/task-monitors?limit=2&offset=1":     "3 task-1 RUNNING task-2 RUNNING",
		"/task-monitors?limit=2&offset=2":     "3 task-3 ERROR",
		"/task-monitors?execute_status=ERROR": "1 task-3 ERROR",
	} {
		_, body := ask(t, svc, base+query)
		got := fmt.Sprint(at(t, body, "total"))
		for _, row := range at(t, body, "entities").([]any) {
			row := row.(map[string]any)
			got += fmt.Sprint(" ", row["task_name"], " ", row["execute_status"])
		}
		check(t, query, got, want)
	}
	status, _ := ask(t, svc, base+"/other")
	check(t, "status of something else", status, 404)
}

// TestAccount gives out what is asked for, and counts sign-ins.
func TestAccount(t *testing.T) {
	t.Parallel()
	svc := cloudtest.New(cloudtest.Report(t.Errorf))
	iam := svc.IAM().Then(cloudtest.Says(503, ""), &cloudtest.Account{
		Token: "token-%d", Unscoped: "unscoped", AccessKey: "AK", SecretKey: "SK", SecurityToken: "ST", Life: time.Hour,
		Projects: map[string]string{"cn-north-4": "p1", "cn-east-3": "p2"},
	})
	status, _ := ask(t, svc, "POST https://iam.test/v3/auth/tokens")
	check(t, "status of the first scene", status, 503)
	for n := 1; n <= 2; n++ {
		answer, err := svc.RoundTrip(request(t.Context(), t, http.MethodPost, "https://iam.test/v3/auth/tokens"))
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		check(t, "token", fmt.Sprint(answer.StatusCode, answer.Header.Get("X-Subject-Token")), fmt.Sprintf("201token-%d", n))
	}
	answer, err := svc.RoundTrip(request(t.Context(), t, http.MethodPost, "https://iam.test/v3.0/OS-AUTH/id-token/tokens"))
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	check(t, "token", answer.Header.Get("X-Subject-Token"), "unscoped")
	_, body := ask(t, svc, "POST https://iam.test/v3.0/OS-CREDENTIAL/securitytokens")
	check(t, "secret", at(t, body, "credential", "secret"), "SK")
	_, body = ask(t, svc, "POST https://sts.test/v5/agencies/assume")
	check(t, "security token", at(t, body, "credentials", "security_token"), "ST")
	_, body = ask(t, svc, "https://iam.test/v3/projects?name=cn-east-3")
	check(t, "project", at(t, body, "projects", 0, "id"), "p2")
	_, body = ask(t, svc, "https://iam.test/v3/projects")
	check(t, "projects", len(at(t, body, "projects").([]any)), 2)
	status, _ = ask(t, svc, "http://169.254.169.254/meta-data/latest/api/token")
	check(t, "status of the metadata's token", status, 404)
	check(t, "looks", iam.Looks(), 9)
	check(t, "requests that are not IAM's", len(svc.Log().Data()), 0)
}

// TestPatterns holds what a pattern is about, and that it comes before the story of an order.
func TestPatterns(t *testing.T) {
	t.Parallel()
	for url, pattern := range map[string]string{
		orderAt:                        "/v1/job/script/orders/SCT1",
		orderAt + "?":                  "coc.test/v1/job/script/orders/SCT1",
		orderAt + "?a=1":               "/v1/job/script/orders/SCT1?a=1",
		orderAt + "?a=2":               "/v1/job/script/orders/SCT1?*",
		"PUT " + orderAt:               "PUT coc.test/v1/job/script/orders/SCT1",
		strings.ToLower(orderAt):       "GET " + strings.ToLower(orderAt),
		"https://coc.test/a%2Fb/c?d=e": "/a%2Fb/c?d=e",
	} {
		svc := cloudtest.New(cloudtest.Report(t.Errorf))
		svc.Order("SCT1").Then(cloudtest.Ready(1))
		svc.At(pattern).Then(cloudtest.Says(299, ""))
		status, _ := ask(t, svc, strings.TrimSuffix(url, "?"))
		check(t, "status for "+url, status, 299)
		check(t, "log of "+pattern, len(svc.Log().To(pattern)), 1)
	}
	for url, pattern := range map[string]string{
		"https://coc.test/a?b=c":  "/a",
		"https://coc.test/a":      "/a?b=c",
		"POST https://coc.test/a": "/a",
		"https://roma.test/a":     "coc.test/a",
		"http://coc.test/a":       "GET https://coc.test/a",
	} {
		told := 0
		svc := cloudtest.New(cloudtest.Report(func(string, ...any) { told++ }))
		svc.At(pattern).Then(cloudtest.Says(299, ""))
		status, _ := ask(t, svc, url)
		check(t, "told and status for "+url, fmt.Sprint(told, status), "1 501")
		check(t, "log of "+pattern, len(svc.Log().To(pattern)), 0)
	}
}

// TestUnknown reports a request that no story is about.
func TestUnknown(t *testing.T) {
	t.Parallel()
	told := 0
	svc := cloudtest.New(cloudtest.Report(func(string, ...any) { told++ }))
	svc.Order("SCT1").Then(cloudtest.Ready(1))
	svc.Order("SCT3")
	for _, url := range []string{
		"https://coc.test/v1/job/script/orders/SCT2", "https://coc.test/v1/job/script/orders/SCT3", "PUT " + orderAt,
		"POST https://iam.test/v3/auth/tokens", "https://iam.test/v3/projects", "https://x.test/", "https://x.test/v2/p/other",
	} {
		status, _ := ask(t, svc, url)
		check(t, "status of "+url, status, 501)
	}
	check(t, "told", told, 7)
}

// TestFaults come to each path in turn, before its story, and spare IAM.
func TestFaults(t *testing.T) {
	t.Parallel()
	svc := cloudtest.New(cloudtest.Report(t.Errorf))
	order := svc.Order("SCT1").Then(cloudtest.Ready(1))
	svc.IAM().Then(&cloudtest.Account{})
	svc.Faults(cloudtest.Says(503, ""), nil, http.HandlerFunc(svc.Answer), cloudtest.Says(504, ""))
	for _, path := range []string{"", "/statistics"} {
		for i, want := range []int{503, 200, 200, 504, 504} {
			status, _ := ask(t, svc, orderAt+path)
			check(t, fmt.Sprint("status ", path, i), status, want)
		}
	}
	check(t, "looks", order.Looks(), 2)
	status, _ := ask(t, svc, "POST https://iam.test/v3/auth/tokens")
	check(t, "status of a sign-in", status, 201)
}

// TestLog counts by path and by phase.
func TestLog(t *testing.T) {
	t.Parallel()
	svc := cloudtest.New(cloudtest.Report(t.Errorf))
	svc.Order("SCT1").Then(cloudtest.Ready(1))
	ask(t, svc, orderAt, "X-Language", "en-us")
	svc.Phase("apply")
	ask(t, svc, orderAt)
	ask(t, svc, orderAt+"/statistics")
	const path = "/v1/job/script/orders/SCT1"
	if got, want := svc.Log().In("apply").Paths(), map[string]int{path: 1, path + "/statistics": 1}; !maps.Equal(got, want) {
		t.Errorf("in the second phase %v, want %v", got, want)
	}
	check(t, "all", len(svc.Log().To(path)), 2)
	check(t, "header", svc.Log()[0].Header.Get("X-Language"), "en-us")
}

// TestSigned refuses what is not signed, and lets a token and IAM through.
func TestSigned(t *testing.T) {
	t.Parallel()
	var told []string
	svc := cloudtest.New(cloudtest.Signed(map[string]string{"AK": "SK"}), cloudtest.Report(func(format string, arguments ...any) {
		told = append(told, fmt.Sprintf(format, arguments...))
	}))
	svc.Order("SCT1").Then(cloudtest.Ready(1))
	svc.IAM().Then(&cloudtest.Account{})
	status, _ := ask(t, svc, orderAt)
	check(t, "status", status, 401)
	status, _ = ask(t, svc, orderAt, "X-Auth-Token", "t")
	check(t, "status with a token", status, 200)
	status, _ = ask(t, svc, "POST https://iam.test/v3/auth/tokens")
	check(t, "status of a sign-in", status, 201)
	status, _ = ask(t, svc, "https://iam.test/v3/projects")
	check(t, "status of the projects", status, 401)
	status, _ = ask(t, svc, "POST https://iam.test/v3/auth/tokens", "Authorization", "SDK-HMAC-SHA256 x")
	check(t, "status of a sign-in with a wrong signature", status, 401)
	if len(told) != 3 || !strings.Contains(told[0], "authorization header: missing") {
		t.Errorf("told %q", told)
	}
}

// TestRecorded answers as was recorded, in the process only from the recorded host, on loopback from any.
func TestRecorded(t *testing.T) {
	t.Parallel()
	told := 0
	svc := cloudtest.New(cloudtest.Report(func(string, ...any) { told++ }))
	if err := svc.Recorded("documented/coc_script_order"); err != nil {
		t.Fatal(err)
	}
	if err := svc.Recorded("no/such"); err == nil {
		t.Error("a recording that does not exist was played")
	}
	const path = "/v1/job/script/orders/SCT2023102211473xxxxxxxxxx"
	for range 2 {
		_, body := ask(t, svc, "https://coc.myhuaweicloud.com"+path)
		check(t, "status", at(t, body, "data", "status"), "CANCELED")
	}
	for _, url := range []string{"https://coc-intl.myhuaweicloud.com" + path, "https://coc.myhuaweicloud.com" + path + "?x=1"} {
		status, _ := ask(t, svc, url)
		check(t, "status of another", status, 501)
	}
	check(t, "told", told, 2)
	answer, err := http.DefaultClient.Do(request(t.Context(), t, http.MethodGet, start(t, svc)+path))
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	check(t, "status on loopback", answer.StatusCode, 200)
}

func start(t *testing.T, svc *cloudtest.Service) string {
	t.Helper()
	t.Cleanup(svc.Close)
	return svc.Start()
}

// TestLoopback serves many clients at once over one connection each at most.
func TestLoopback(t *testing.T) {
	t.Parallel()
	svc := cloudtest.New(cloudtest.Report(t.Errorf))
	order := svc.Order("SCT1").Then(cloudtest.Ready(1))
	address := start(t, svc)
	var clients sync.WaitGroup
	for range 8 {
		clients.Go(func() {
			answer, err := http.DefaultClient.Do(request(t.Context(), t, http.MethodGet, address+"/v1/job/script/orders/SCT1"))
			if err != nil {
				t.Error(err)
				return
			}
			answer.Body.Close()
		})
	}
	clients.Wait()
	check(t, "looks", order.Looks(), 8)
	check(t, "requests", len(svc.Log()), 8)
	if n := svc.Connections(); n < 1 || n > 8 {
		t.Errorf("%d connections", n)
	}
}

// TestFakeClock answers late, never, and in part, in the process and on a clock that is not real.
func TestFakeClock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		svc := cloudtest.New(cloudtest.Report(t.Errorf))
		svc.Order("SCT1").Then(
			cloudtest.Answer{Body: "late", Delay: time.Hour}, cloudtest.Answer{Delay: time.Hour}, cloudtest.Silence, cloudtest.HangUp,
			http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				_, _ = io.WriteString(w, "half")
				panic(http.ErrAbortHandler)
			}))
		begin := time.Now()
		_, body := ask(t, svc, orderAt)
		check(t, "body", body, "late")
		check(t, "time", time.Since(begin), time.Hour)
		for range 2 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			begin := time.Now()
			if _, err := svc.RoundTrip(request(ctx, t, http.MethodGet, orderAt)); !errors.Is(err, context.DeadlineExceeded) { //nolint:bodyclose // there is none
				t.Errorf("the error is %v", err)
			}
			check(t, "time", time.Since(begin), time.Minute)
			cancel()
		}
		if _, err := svc.RoundTrip(request(t.Context(), t, http.MethodGet, orderAt)); !errors.Is(err, io.EOF) { //nolint:bodyclose // there is none
			t.Errorf("the error is %v", err)
		}
		answer, err := svc.RoundTrip(request(t.Context(), t, http.MethodGet, orderAt))
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		if half, err := io.ReadAll(answer.Body); string(half) != "half" || !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("read %q, %v", half, err)
		}
	})
}
