package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hwgate/terraform-provider-hwgate/internal/text"
)

// WorkspaceJobs selects job instances of a workspace of DataArts Factory.
type WorkspaceJobs struct {
	Target
	// WorkspaceID is sent as the header Workspace; empty means the default workspace.
	WorkspaceID string
	// IsOwn selects only the caller's own instances; nil is the service's default, all users.
	IsOwn *bool
	// QueryDays is the time window; empty is the service's default, today.
	QueryDays string
}

func (w WorkspaceJobs) call(service Service, query url.Values, path ...string) call {
	header := http.Header{"X-Project-Id": {w.ProjectID}}
	if w.WorkspaceID != "" {
		header.Set("Workspace", w.WorkspaceID)
	}
	return call{service: service, target: w.Target, path: path, query: query, header: header}
}

// JobStatistics counts job instances by state.
type JobStatistics struct {
	FailCount             *int64 `tfsdk:"fail_count" need:"true"`
	ForceSuccessCount     *int64 `tfsdk:"force_success_count" need:"true"`
	FreezeCount           *int64 `tfsdk:"freeze_count" need:"true"`
	IgnoreSuccessCount    *int64 `tfsdk:"ignore_success_count" need:"true"`
	ManualStopCount       *int64 `tfsdk:"manual_stop_count" need:"true"`
	PauseCount            *int64 `tfsdk:"pause_count" need:"true"`
	RunningCount          *int64 `tfsdk:"running_count" need:"true"`
	RunningExceptionCount *int64 `tfsdk:"running_exception_count" need:"true"`
	SkipCount             *int64 `tfsdk:"skip_count" need:"true"`
	SuccessCount          *int64 `tfsdk:"success_count" need:"true"`
	WaitingConfirmCount   *int64 `tfsdk:"waiting_confirm_count" need:"true"`
	WaitingCount          *int64 `tfsdk:"waiting_count" need:"true"`
	// TotalCount need not be the sum of the others.
	TotalCount *int64 `tfsdk:"total_count"`
	// Further has numbers other than 0 that this version does not know, by name without "_count".
	Further  map[string]int64 `tfsdk:"-"`
	Warnings []string         `tfsdk:"-"`
}

// JobStatistics counts the job instances of a workspace by state.
//
// API: GET /v2/{project_id}/factory/monitor/task-statistics-overview,
// https://support.huaweicloud.com/api-dataartsstudio/dataartsstudio_02_0206.html
func (c *Client) JobStatistics(ctx context.Context, jobs WorkspaceJobs) (*JobStatistics, error) {
	query := url.Values{}
	if jobs.IsOwn != nil {
		query.Set("is_own", strconv.FormatBool(*jobs.IsOwn))
	}
	if jobs.QueryDays != "" {
		query.Set("query_days", jobs.QueryDays)
	}
	call := jobs.call(DataArts, query, "v2", jobs.ProjectID, "factory", "monitor", "task-statistics-overview")
	return get(ctx, c, call, func(answer fields) *JobStatistics {
		if !answer.hasAny("fail_count", "success_count", "running_count", "waiting_count", "total_count") {
			answer.missing("count")
		}
		result := &JobStatistics{Further: addFurther(nil, answer, knownMembers[JobStatistics](), "", "_count")}
		answer.decode(result)
		result.Warnings = answer.findings.warnings
		return result
	})
}

// countName matches names of counts. Another member is a count only if it is a JSON number.
var countName = regexp.MustCompile(`(?i:_count)$|[a-z0-9]Count$`)

// addFurther adds unknown members that are numbers other than zero to a sum, by name with prefix and without suffix: a new state must not
// be overlooked, whatever its name. The sum may be nil.
func addFurther(sum map[string]int64, f fields, known []string, prefix, suffix string) map[string]int64 {
	for _, member := range f.children {
		name := string(member.name)
		if slices.Contains(known, name) || (jsonType(member.raw) != "a number" && !countName.MatchString(name)) {
			continue
		}
		if count := deref(f.need().integer(name)); count != 0 {
			if sum == nil {
				sum = map[string]int64{}
			}
			sum[prefix+text.Plain(strings.TrimSuffix(name, suffix), 64)] += count
		}
	}
	return sum
}

// FailedJobsRequest selects failed job instances of a workspace.
type FailedJobsRequest struct {
	// IsOwn must not be true, since the listing cannot select users.
	WorkspaceJobs

	// Now is the time that QueryDays is relative to.
	Now time.Time
	// Statuses are the statuses to list: fail and running-exception.
	Statuses []string
	// Limit bounds the instances that are returned.
	Limit int
}

// JobInstanceList lists failed job instances.
type JobInstanceList struct {
	// Instances are sorted by planned time, then start, newest first. It is never nil.
	Instances []JobInstance
	Warnings  []string
}

// JobInstance is a failed run of a job.
type JobInstance struct {
	JobName *string `api:"jobName"`
	// InstanceID is a number in the API's examples.
	InstanceID *string `api:"instanceId"`
	// Status is fail or running-exception, never nil.
	Status *string `api:"status"`
	// PlanTime, StartTime and EndTime are milliseconds since 1970, UTC.
	PlanTime  *int64 `api:"planTime"`
	StartTime *int64 `api:"startTime"`
	EndTime   *int64 `api:"endTime"`
	// ErrorMessage is the start of the message, which may quote data. Not every region sends it.
	ErrorMessage *string `api:"errorMessage"`
}

const (
	// jobPageSize is the largest page. The meaning of offset is not documented, so only the first page is read.
	jobPageSize = 1000
	// maxErrorMessageLength bounds the bytes of a message that are kept.
	maxErrorMessageLength = 4096
)

// DataArtsZone is the time zone of the days of DataArts Factory. It is not documented and not yet checked with an account: samples of log
// folders show UTC+8, the default of the service's schedules in China. Other regions may have another.
var DataArtsZone = time.FixedZone("UTC+8", 8*60*60)

// FailedJobInstances lists failed job instances that no person has overridden. It reads one page per day and status, from the newest day
// until the limit is reached. The service may ignore a filter, so rows of other days or of other or unreadable statuses are dropped.
//
// Not yet checked with an account: the time zone of the days; whether the bounds apply to the planned time or the start; errorMessage in
// each region; how far back the value all reaches (here to midnight seven days ago).
//
// API: GET /v1/{project_id}/jobs/instances/detail on the host dayu-dlf,
// https://support.huaweicloud.com/api-dataartsstudio/dataartsstudio_02_0094.html
func (c *Client) FailedJobInstances(ctx context.Context, req FailedJobsRequest) (*JobInstanceList, error) {
	if deref(req.IsOwn) {
		return nil, errors.New("the job instances of one user cannot be listed")
	}
	days, err := req.days()
	if err != nil {
		return nil, err
	}
	result := &JobInstanceList{Instances: []JobInstance{}}
	for _, day := range days {
		if len(result.Instances) >= req.Limit {
			break
		}
		for _, status := range req.Statuses {
			page, err := c.jobInstances(ctx, req.WorkspaceJobs, day, status)
			if err != nil {
				return nil, err
			}
			result.add(page)
		}
	}
	slices.SortStableFunc(result.Instances, func(a, b JobInstance) int {
		return cmp.Or(cmp.Compare(deref(b.PlanTime), deref(a.PlanTime)), cmp.Compare(deref(b.StartTime), deref(a.StartTime)))
	})
	result.Instances = result.Instances[:min(len(result.Instances), req.Limit)]
	return result, nil
}

// add appends the instances of a page that are not in the list yet, on another day or with another status.
func (l *JobInstanceList) add(page *JobInstanceList) {
	for _, instance := range page.Instances {
		if !slices.ContainsFunc(l.Instances, instance.isSame) {
			l.Instances = append(l.Instances, instance)
		}
	}
	l.Warnings = append(l.Warnings, page.Warnings...)
}

// isSame reports whether two rows are certain to be the same instance.
func (i JobInstance) isSame(other JobInstance) bool {
	return i.InstanceID != nil && deref(i.InstanceID) == deref(other.InstanceID) && deref(i.JobName) == deref(other.JobName)
}

// day is a day in DataArtsZone, without its end.
type day struct{ from, to time.Time }

// days are the days of QueryDays, newest first. Today ends at midnight, so that a slow clock does not hide new failures.
func (r FailedJobsRequest) days() ([]day, error) {
	first, last := 0, 0
	switch r.QueryDays {
	case "", "today":
	case "yesterday":
		first, last = 1, 1
	case "before_yesterday":
		first, last = 2, 2
	case "all":
		last = 7
	default:
		return nil, fmt.Errorf("no days are known as %q", r.QueryDays)
	}
	year, month, date := r.Now.In(DataArtsZone).Date()
	var days []day
	for ago := first; ago <= last; ago++ {
		from := time.Date(year, month, date-ago, 0, 0, 0, 0, DataArtsZone)
		days = append(days, day{from, from.AddDate(0, 0, 1)})
	}
	return days, nil
}

// mayContain reports whether an instance may belong to the day. It is not known which of its times counts, and both may be absent.
func (d day) mayContain(instance JobInstance) bool {
	if instance.PlanTime == nil && instance.StartTime == nil {
		return true
	}
	return slices.ContainsFunc([]*int64{instance.PlanTime, instance.StartTime}, func(at *int64) bool {
		return at != nil && *at >= d.from.UnixMilli() && *at < d.to.UnixMilli()
	})
}

// jobInstances reads the failed instances of a day with a status.
func (c *Client) jobInstances(ctx context.Context, jobs WorkspaceJobs, day day, status string) (*JobInstanceList, error) {
	query := url.Values{
		"status": {status},
		// Both bounds are exclusive.
		"minPlanTime": {strconv.FormatInt(day.from.UnixMilli()-1, 10)},
		"maxPlanTime": {strconv.FormatInt(day.to.UnixMilli(), 10)},
		"limit":       {strconv.Itoa(jobPageSize)},
	}
	call := jobs.call(DataArtsJobs, query, "v1", jobs.ProjectID, "jobs", "instances", "detail")
	return get(ctx, c, call, func(answer fields) *JobInstanceList {
		page := new(JobInstanceList)
		for _, row := range onePage(answer, "instances", jobPageSize, readJobInstance) {
			overridden := deref(row.ForceSuccess) || deref(row.IgnoreSuccess)
			if strings.EqualFold(deref(row.Status), status) && day.mayContain(row.JobInstance) && !overridden {
				page.Instances = append(page.Instances, row.JobInstance)
			}
		}
		page.Warnings = answer.findings.warnings
		return page
	})
}

// jobRow is a row of the listing.
type jobRow struct {
	JobInstance

	// ForceSuccess and IgnoreSuccess report that a person turned the failure into a success.
	ForceSuccess  *bool `api:"forceSuccess"`
	IgnoreSuccess *bool `api:"ignoreSuccess"`
}

func readJobInstance(f fields) jobRow {
	var row jobRow
	f.decode(&row)
	f.decode(&row.JobInstance)
	if row.ErrorMessage != nil {
		// It may be as long as a log, and is kept in the state.
		row.ErrorMessage = new(strings.Clone(text.Head(*row.ErrorMessage, maxErrorMessageLength)))
	}
	return row
}
