package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hwgate/terraform-provider-hwgate/internal/text"
)

// WorkspaceJobs names the job instances of DataArts Factory to count.
type WorkspaceJobs struct {
	Target
	// WorkspaceID is sent as the header workspace; empty means the default workspace.
	WorkspaceID string
	// IsOwn counts the caller's own instances only; nil leaves it to the service, which counts everybody's.
	IsOwn *bool
	// QueryDays is the time window; empty leaves it to the service, which takes today.
	QueryDays string
}

// call asks for something about the workspace.
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
	// TotalCount is not promised to be the sum of the others.
	TotalCount *int64 `tfsdk:"total_count"`
	// Further are counts that this version does not know and that are not zero, by name without "_count".
	Further  map[string]int64 `tfsdk:"-"`
	Warnings []string         `tfsdk:"-"`
}

// JobStatistics counts the job instances of a workspace by state.
//
// API: GET /v2/{project_id}/factory/monitor/task-statistics-overview,
// https://support.huaweicloud.com/api-dataartsstudio/dataartsstudio_02_0206.html
func (c *Client) JobStatistics(ctx context.Context, overview WorkspaceJobs) (*JobStatistics, error) {
	query := url.Values{}
	if overview.IsOwn != nil {
		query.Set("is_own", strconv.FormatBool(*overview.IsOwn))
	}
	if overview.QueryDays != "" {
		query.Set("query_days", overview.QueryDays)
	}
	call := overview.call(DataArts, query, "v2", overview.ProjectID, "factory", "monitor", "task-statistics-overview")
	return get(ctx, c, call, func(answer fields) *JobStatistics {
		if !answer.hasAny("fail_count", "success_count", "running_count", "waiting_count", "total_count") {
			answer.missing("count")
		}
		result := &JobStatistics{Further: furtherCounts(answer.need(), knownMembers[JobStatistics](), "_count")}
		answer.decode(result)
		result.Warnings = answer.found.warnings
		return result
	})
}

// furtherCounts are the members that end like counts, are not among the known ones and not zero, by name without the end. A count of
// a state that is new must not be overlooked.
func furtherCounts(f fields, known []string, end string) map[string]int64 {
	var further map[string]int64
	for _, name := range slices.Sorted(maps.Keys(f.values)) {
		if word, ok := strings.CutSuffix(name, end); ok && !slices.Contains(known, name) {
			if count := f.integer(name); count != nil && *count != 0 {
				if further == nil {
					further = map[string]int64{}
				}
				further[text.Plain(word, 64)] += *count
			}
		}
	}
	return further
}

// JobInstances asks which job instances of a workspace failed.
type JobInstances struct {
	// WorkspaceJobs says whose and of which days. The listing knows no users, so IsOwn must not be true.
	WorkspaceJobs

	// Now is the time that the days of QueryDays are counted from.
	Now time.Time
	// Statuses are those to list: fail and running-exception.
	Statuses []string
	// Limit bounds the rows.
	Limit int
}

// JobInstanceList names job instances that failed.
type JobInstanceList struct {
	// Instances are the newest ones, by planned time, then by start. It is never nil.
	Instances []JobInstance
	Warnings  []string
}

// JobInstance is one run of a job that failed.
type JobInstance struct {
	JobName *string `api:"jobName"`
	// InstanceID is a number in the examples, which may come as a string.
	InstanceID *string `api:"instanceId"`
	// Status is fail or running-exception, and never nil.
	Status *string `api:"status"`
	// PlanTime, StartTime and EndTime are milliseconds since 1970, UTC.
	PlanTime  *int64 `api:"planTime"`
	StartTime *int64 `api:"startTime"`
	EndTime   *int64 `api:"endTime"`
	// ErrorMessage is the beginning of the message, which may quote data. Not every region has it.
	ErrorMessage *string `api:"errorMessage"`
}

const (
	// jobPageSize is the most rows that one answer holds. What offset counts is not documented, so only the first page is read.
	jobPageSize = 1000
	// longestErrorMessage is how many bytes of a message are kept.
	longestErrorMessage = 4096
)

// dataArtsZone is where the days of DataArts Factory begin at midnight. No page names it: samples of log folders show UTC+8, the zone
// that the service's own schedules default to in China. It waits for a look at an account, as does whether other regions have another.
var dataArtsZone = time.FixedZone("UTC+8", 8*60*60)

// FailedJobInstances lists the job instances that failed and were not overridden by a person: those with the status fail or
// running-exception in the days of QueryDays, newest first. It reads one page a day and status, 1000 rows each, from the newest day on
// until there are as many rows as asked for. The service may ignore a filter, so every row is looked at again: one of another status,
// of no readable status, or of another day is dropped. An error is that of any of the requests.
//
// These facts wait for a live account: the zone of the days; whether the bounds compare the planned time or the start; the field
// errorMessage in each region; how far back `all` counts (here from midnight seven days ago).
//
// API: GET /v1/{project_id}/jobs/instances/detail on the host dayu-dlf,
// https://support.huaweicloud.com/api-dataartsstudio/dataartsstudio_02_0094.html
func (c *Client) FailedJobInstances(ctx context.Context, asked JobInstances) (*JobInstanceList, error) {
	if deref(asked.IsOwn) {
		return nil, errors.New("the job instances of one user cannot be listed")
	}
	days, err := asked.days()
	if err != nil {
		return nil, err
	}
	found := &JobInstanceList{Instances: []JobInstance{}}
	for _, day := range days {
		if len(found.Instances) >= asked.Limit {
			break
		}
		for _, status := range asked.Statuses {
			page, err := c.jobInstances(ctx, asked.WorkspaceJobs, day, status)
			if err != nil {
				return nil, err
			}
			found.add(page)
		}
	}
	slices.SortStableFunc(found.Instances, func(a, b JobInstance) int {
		return cmp.Or(cmp.Compare(deref(b.PlanTime), deref(a.PlanTime)), cmp.Compare(deref(b.StartTime), deref(a.StartTime)))
	})
	found.Instances = found.Instances[:min(len(found.Instances), asked.Limit)]
	return found, nil
}

// add takes a page over. An instance that has been listed already, under the other status or on another day, is not listed twice.
func (l *JobInstanceList) add(page *JobInstanceList) {
	for _, instance := range page.Instances {
		if !slices.ContainsFunc(l.Instances, instance.same) {
			l.Instances = append(l.Instances, instance)
		}
	}
	l.Warnings = append(l.Warnings, page.Warnings...)
}

// same tells whether two rows are certain to be about one instance.
func (i JobInstance) same(other JobInstance) bool {
	return i.InstanceID != nil && deref(i.InstanceID) == deref(other.InstanceID) && deref(i.JobName) == deref(other.JobName)
}

// day is a day of the service: from its midnight up to, and without, the next one.
type day struct{ from, to time.Time }

// days are the days of QueryDays, the newest first. Today ends at midnight, not now: a slow clock must not hide what has just failed.
func (q JobInstances) days() ([]day, error) {
	first, last := 0, 0
	switch q.QueryDays {
	case "", "today":
	case "yesterday":
		first, last = 1, 1
	case "before_yesterday":
		first, last = 2, 2
	case "all":
		last = 7
	default:
		return nil, fmt.Errorf("no days are known as %q", q.QueryDays)
	}
	year, month, date := q.Now.In(dataArtsZone).Date()
	var days []day
	for ago := first; ago <= last; ago++ {
		from := time.Date(year, month, date-ago, 0, 0, 0, 0, dataArtsZone)
		days = append(days, day{from, from.AddDate(0, 0, 1)})
	}
	return days, nil
}

// has tells whether an instance may belong to the day. Which of its times counts is not settled, so either will do, and so does none.
func (d day) has(instance JobInstance) bool {
	if instance.PlanTime == nil && instance.StartTime == nil {
		return true
	}
	return slices.ContainsFunc([]*int64{instance.PlanTime, instance.StartTime}, func(at *int64) bool {
		return at != nil && *at >= d.from.UnixMilli() && *at < d.to.UnixMilli()
	})
}

// jobInstances reads the instances of a day that have a status.
func (c *Client) jobInstances(ctx context.Context, overview WorkspaceJobs, day day, status string) (*JobInstanceList, error) {
	query := url.Values{
		"status": {status},
		// Both bounds are exclusive.
		"minPlanTime": {strconv.FormatInt(day.from.UnixMilli()-1, 10)},
		"maxPlanTime": {strconv.FormatInt(day.to.UnixMilli(), 10)},
		"limit":       {strconv.Itoa(jobPageSize)},
	}
	call := overview.call(DataArtsJobs, query, "v1", overview.ProjectID, "jobs", "instances", "detail")
	return get(ctx, c, call, func(answer fields) *JobInstanceList {
		found := new(JobInstanceList)
		for _, row := range onePage(answer, "instances", jobPageSize, readJobInstance) {
			overridden := deref(row.ForceSuccess) || deref(row.IgnoreSuccess)
			if strings.EqualFold(deref(row.Status), status) && day.has(row.JobInstance) && !overridden {
				found.Instances = append(found.Instances, row.JobInstance)
			}
		}
		found.Warnings = answer.found.warnings
		return found
	})
}

// jobRow is an instance as it is listed.
type jobRow struct {
	JobInstance

	// ForceSuccess and IgnoreSuccess say that a person made a success of the failure.
	ForceSuccess  *bool `api:"forceSuccess"`
	IgnoreSuccess *bool `api:"ignoreSuccess"`
}

func readJobInstance(f fields) jobRow {
	var row jobRow
	f.decode(&row)
	f.decode(&row.JobInstance)
	if row.ErrorMessage != nil {
		// It may be as long as a log, and ends up in the state.
		row.ErrorMessage = new(strings.Clone(text.Head(*row.ErrorMessage, longestErrorMessage)))
	}
	return row
}
