package client

import (
	"context"
	"errors"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// JobRunsRequest selects the runs of one job.
type JobRunsRequest struct {
	// QueryDays is not sent. IsOwn must not be true, since the listing cannot select users.
	WorkspaceJobs

	JobName string
	// From is the first time to ask for, and To the end; zero stands for the service's default, its own time.
	From, To time.Time
}

// MaxJobRuns is how many runs are listed at most.
const MaxJobRuns = jobPageSize

// JobRunList lists runs of one job.
type JobRunList struct {
	// Total is how many runs the service announces; nil if it does not say.
	Total *int64
	// Runs are as the service lists them: none is dropped, whatever was asked for.
	Runs     []JobRun
	Warnings []string
}

// JobRun is a run of a job. Times are milliseconds since 1970, UTC.
type JobRun struct {
	JobName    *string `api:"job_name" need:"true"`
	InstanceID *int64  `api:"instance_id" need:"true"`
	Status     *string `api:"status" need:"true"`
	PlanTime   *int64  `api:"plan_time" need:"true"`
	// StartTime is nil until the run starts, EndTime until it ends.
	StartTime *int64 `api:"start_time" need:"true"`
	EndTime   *int64 `api:"end_time"`
	// ForceSuccess and IgnoreSuccess report that a person turned the state into a success.
	ForceSuccess  *bool `api:"force_success" need:"true"`
	IgnoreSuccess *bool `api:"ignore_success" need:"true"`
}

// jobName matches the names of jobs: 1 to 128 letters of any script, digits, dashes, underscores and dots.
var jobName = regexp.MustCompile(`^[\p{L}0-9_.-]{1,128}$`)

// IsJobName reports whether a text can be the name of a job. One of dots alone would change the path.
func IsJobName(name string) bool { return jobName.MatchString(name) && strings.Trim(name, ".") != "" }

// JobRuns lists the runs of one job. It reads one page: the meaning of offset is not known, so the caller must compare Total with the rows.
//
// Not yet checked with an account: whether the bounds apply to the planned time or the start.
//
// API: GET /v2/{project_id}/factory/jobs/{job_name}/instances/detail, which no page documents; the vendor's SDK calls it
// ListFactoryJobInstancesByName.
func (c *Client) JobRuns(ctx context.Context, req JobRunsRequest) (*JobRunList, error) {
	if deref(req.IsOwn) {
		return nil, errors.New("the runs of one user cannot be listed")
	}
	query := url.Values{
		// The bound is exclusive.
		"min_plan_time": {strconv.FormatInt(req.From.UnixMilli()-1, 10)},
		"limit":         {strconv.Itoa(jobPageSize)},
	}
	if !req.To.IsZero() {
		query.Set("max_plan_time", strconv.FormatInt(req.To.UnixMilli(), 10))
	}
	call := req.call(DataArts, query, "v2", req.ProjectID, "factory", "jobs", req.JobName, "instances", "detail")
	call.jobName = req.JobName
	return get(ctx, c, call, func(answer fields) *JobRunList {
		result := &JobRunList{Total: answer.need().integer("total")}
		result.Runs = onePage(answer, "instances", jobPageSize, func(row fields) (run JobRun) {
			row.decode(&run)
			return run
		})
		result.Warnings = answer.findings.warnings
		return result
	})
}

// Days returns the start and the end of the days of QueryDays; an empty text stands for today. Today ends at midnight, so that a slow
// clock does not hide new failures.
func Days(queryDays string, now time.Time) (from, to time.Time, err error) {
	days, err := FailedJobsRequest{WorkspaceJobs: WorkspaceJobs{QueryDays: queryDays}, Now: now}.days()
	if err != nil {
		return time.Time{}, time.Time{}, err
	}
	return days[len(days)-1].from, days[0].to, nil
}
