package cloudtest_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/cloudtest"
)

// TestBatchPages lists a batch in pages by limit and marker, filtered by status.
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

// TestOrderScenes compares the predefined scenes with their descriptions.
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
		"empty":    {cloudtest.Finished(0), "FINISHED", true, map[string]int{}},
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

// TestWorkspace counts jobs for each workspace, and lists those that failed, in pages and within the requested period.
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
		{fmt.Sprintf("?minPlanTime=%d&maxPlanTime=%d&limit=1", old.UnixMilli()-1, old.UnixMilli()+1), "", "job-1 fail", 3},
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

// TestJob lists the runs of one job of a workspace within the requested period, with the members that the service was seen to send.
func TestJob(t *testing.T) {
	t.Parallel()
	svc := cloudtest.New(cloudtest.Report(t.Errorf))
	old := time.Now().Add(-48 * time.Hour)
	svc.Job("ws", "订单").Then(cloudtest.Runs(
		cloudtest.Run{ID: 3, Status: "waiting"}, cloudtest.Run{ID: 2, Status: "success"}, cloudtest.Run{ID: 1, Status: "fail", Began: old, Overridden: true},
	))
	const listing = "https://dayu.test/v2/p/factory/jobs/%E8%AE%A2%E5%8D%95/instances/detail"
	_, body := ask(t, svc, listing+"?limit=2", "Workspace", "ws")
	check(t, "total", at(t, body, "total"), 3)
	check(t, "rows", len(at(t, body, "instances").([]any)), 2)
	check(t, "name", at(t, body, "instances", 0, "job_name"), "订单")
	check(t, "start", at(t, body, "instances", 0, "start_time"), nil)
	check(t, "time", at(t, body, "instances", 1, "execute_time"), 4000)
	svc.Job("ws", "订单").Now(cloudtest.Runs(cloudtest.Run{ID: 2, Status: "success", Took: time.Minute}))
	_, body = ask(t, svc, listing, "Workspace", "ws")
	check(t, "another time", at(t, body, "instances", 0, "execute_time"), 60_000)
	svc.Job("ws", "订单").Now(cloudtest.Runs(cloudtest.Run{ID: 2, Status: "success"}, cloudtest.Run{ID: 1, Status: "fail", Began: old, Overridden: true}),
		cloudtest.RunScene{Total: 7}, cloudtest.NoSuchJob)
	_, body = ask(t, svc, listing+fmt.Sprintf("?min_plan_time=%d&max_plan_time=%d", old.UnixMilli()-1, old.UnixMilli()+1), "Workspace", "ws")
	check(t, "total", at(t, body, "total"), 1)
	check(t, "override", at(t, body, "instances", 0, "force_success"), true)
	_, body = ask(t, svc, listing, "Workspace", "ws")
	check(t, "total", at(t, body, "total"), 7)
	status, _ := ask(t, svc, listing, "Workspace", "ws")
	check(t, "status", status, 400)
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

// TestAccount grants every request, and counts sign-ins.
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
	end, err := time.Parse(time.RFC3339, fmt.Sprint(at(t, body, "credential", "expires_at")))
	if left := time.Until(end); err != nil || left > time.Hour || left < time.Hour-time.Minute {
		t.Errorf("the keys end in %s, %v", left, err)
	}
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
