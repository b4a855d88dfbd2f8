package cloudtest

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// A Job is a job instance in the listing of DataArts Factory.
type Job struct {
	Name, Status, Message string
	ID                    int64
	// Planned is the planned time. Default: within the period of the request.
	Planned time.Time
}

// JobScene holds the jobs of a workspace at one look.
type JobScene struct {
	// Counts are by word: "success", "fail", "running_exception". Missing words of the API count zero.
	Counts map[string]int
	// Total is the total count. Default: the sum of the counts.
	Total int
	// Listed are the instances in the listing. Default: one for each failure that is counted.
	Listed []Job
}

// Jobs is a scene with these counts.
func Jobs(counts map[string]int) JobScene { return JobScene{Counts: counts} }

// jobWords are the counts of the API.
var jobWords = []string{
	"fail", "force_success", "freeze", "ignore_success", "manual_stop", "pause", "running", "running_exception", "skip", "success",
	"waiting_confirm", "waiting",
}

func (j JobScene) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasSuffix(r.URL.Path, listingSuffix) {
		j.listing(w, r)
		return
	}
	answer, sum := object{}, 0
	for _, word := range allWords(jobWords, j.Counts) {
		answer[word+"_count"] = j.Counts[word]
		sum += j.Counts[word]
	}
	answer["total_count"] = cmp.Or(j.Total, sum)
	writeJSON(w, answer)
}

func (j JobScene) listing(w http.ResponseWriter, r *http.Request) {
	jobs := j.Listed
	if jobs == nil {
		for _, status := range []string{"fail", "running-exception"} {
			for range j.Counts[strings.ReplaceAll(status, "-", "_")] {
				id := len(jobs) + 1
				jobs = append(jobs, Job{Name: fmt.Sprintf("job-%d", id), Status: status, ID: int64(id), Message: "The node failed."})
			}
		}
	}
	query, rows := r.URL.Query(), []object{}
	least, most := int64(queryInt(r, "minPlanTime", 0)), int64(queryInt(r, "maxPlanTime", int(time.Now().UnixMilli())))
	for _, job := range jobs {
		at := cmp.Or(job.Planned, time.UnixMilli(most-1)).UnixMilli()
		status, name := query.Get("status"), query.Get("jobName")
		if at <= least || at >= most || (status != "" && status != job.Status) || (name != "" && name != job.Name) {
			continue
		}
		row := object{
			"jobName": job.Name, "instanceId": job.ID, "jobId": 1, "status": job.Status, "planTime": at, "startTime": at + 1000,
			"submitTime": at, "instanceType": 0, "forceSuccess": false, "ignoreSuccess": false, "version": 1,
		}
		if job.Status == "fail" {
			row["endTime"], row["executeTime"], row["errorMessage"] = at+19_000, 0.3, job.Message
		}
		rows = append(rows, row)
	}
	// The offset is documented as the number of a page.
	writeJSON(w, object{"total": len(rows), "instances": page(rows, queryInt(r, "offset", 0), queryInt(r, "limit", 10))})
}
