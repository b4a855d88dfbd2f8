package provider_test

import (
	"fmt"
	"strings"
	"time"

	"pgregory.net/rapid"
)

// drawRuns draws the runs of a job, and whether those of the last two hours succeeded.
func drawRuns(t *rapid.T) (wireAnswers, bool) {
	now := time.Now()
	var rows []string
	trusted, success := true, false
	used := map[int]bool{}
	n := rapid.IntRange(0, 4).Draw(t, "runs")
	for i := range n {
		began := now.Add(-time.Duration(oddly(t, "began", []int{30, 90, 119}, []int{121, 180, 23 * 60})) * time.Minute)
		isNew := began.After(now.Add(-2 * time.Hour))
		status := oddly(t, "status", []string{"success"}, []string{
			"fail", "running-exception", "running", "waiting", "waiting-confirm", "pause", "manual-stop", "skip", "skip-by-depend", "freeze",
			"forceSuccess", "ignoreSuccess", "SUCCESS", "Success ", "manual", "",
		})
		name := oddly(t, "name", []string{"etl"}, []string{"etl2", "ETL", ""})
		id := oddly(t, "id", []int{i}, []int{0})
		flag := oddly(t, "flag", []string{"", "false"}, []string{"true"})
		members := []string{
			jsonMember("job_name", fmt.Sprintf("%q", name)), jsonMember("instance_id", id), jsonMember("status", fmt.Sprintf("%q", status)),
			jsonMember("submit_time", 1), jsonMember("end_time", oddly(t, "end", []string{"null", "1785227336000"}, []string{`"later"`, "[]"})),
		}
		form := oddly(t, "time", []string{`%d`}, []string{`"%d"`, `%d.0`, `%d0`, `null`, `"soon"`, `[%d]`})
		written := form
		if strings.Contains(form, "%d") {
			written = fmt.Sprintf(form, began.UnixMilli())
		}
		readable := form == `%d` || form == `"%d"` || form == `%d.0`
		members = append(members, jsonMember("start_time", written))
		if rapid.Bool().Draw(t, "planned") {
			members = append(members, jsonMember("plan_time", began.UnixMilli()))
			readable = readable || form == "null"
		}
		if flag != "" {
			members = append(members, jsonMember(rapid.SampledFrom([]string{"force_success", "ignore_success"}).Draw(t, "kind of flag"), flag))
		}
		rows = append(rows, jsonObject(members...))
		trusted = trusted && readable && name == "etl" && !used[id]
		used[id] = true
		switch status {
		case "success", "forceSuccess", "ignoreSuccess":
			success = success || isNew
		case "fail", "running-exception", "manual-stop":
			if isNew && flag != "true" {
				trusted = false
			}
			success = success || isNew
		case "skip", "skip-by-depend", "freeze":
			success = success || isNew && flag == "true"
		default:
			trusted = false
		}
	}
	total := oddly(t, "total", []string{"n"}, []string{"absent", "null", "more", "less", "text"})
	members := []string{jsonMember("instances", "["+strings.Join(rows, ",")+"]")}
	switch written := map[string]string{"n": fmt.Sprint(n), "null": "null", "more": fmt.Sprint(n + 1), "less": fmt.Sprint(n - 1), "text": fmt.Sprintf(`"%d"`, n)}[total]; total {
	case "absent":
	default:
		members = append(members, jsonMember("total", written))
	}
	answer, ok := envelope(t, "runs", jsonObject(members...), false)
	return wireAnswers{"/factory/jobs/etl/instances/detail": answer}, ok && trusted && success && (total == "n" || total == "text")
}
