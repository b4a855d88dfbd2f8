package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hwgate/terraform-provider-hwgate/internal/text"
)

// JobInstances asks which job instances of a workspace failed.
type JobInstances struct {
	// WorkspaceJobs says whose and of which days. The listing knows no users, so IsOwn must not be true.
	WorkspaceJobs

	// Now is the time that the days of QueryDays are counted from.
	Now time.Time
	// Limit bounds the rows; 0 means 100.
	Limit int64
	// Failed and RunningException ask for that status alone. Both are asked for when neither is set.
	Failed, RunningException bool
}

// JobInstanceList names job instances that failed.
type JobInstanceList struct {
	// Instances are the newest ones, by planned time, then by start. It is never nil.
	Instances []JobInstance
	// Complete tells whether the list is known to name every instance that failed.
	Complete bool
	// More is how many further ones the service told of. Days that were not looked at, since the list was full, do not count.
	More int64
	// Warnings name informational fields of an unexpected type, which are nil.
	Warnings []string
}

// JobInstance is one run of a job that failed. Fields are nil when the answer left them out.
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
	// InstanceType is 0 for a scheduled run, 2 for a manual one, 5 for patched data, 6 for a sub-job, 7 for a job that runs once.
	InstanceType *int64 `api:"instanceType"`
}

const (
	// defaultRows bounds a listing whose question does not.
	defaultRows = 100
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
	limit := cmp.Or(max(asked.Limit, 0), defaultRows)
	found := &JobInstanceList{Instances: []JobInstance{}, Complete: true}
	for _, day := range days {
		if int64(len(found.Instances)) >= limit {
			found.Complete = false
			break
		}
		for _, status := range asked.statuses() {
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
	if over := int64(len(found.Instances)) - limit; over > 0 {
		found.Instances, found.Complete = found.Instances[:limit], false
		found.More += over
	}
	return found, nil
}

// add takes a page over. An instance that has been listed already, under the other status or on another day, is not listed twice.
func (l *JobInstanceList) add(page *JobInstanceList) {
	for _, instance := range page.Instances {
		if !slices.ContainsFunc(l.Instances, instance.same) {
			l.Instances = append(l.Instances, instance)
		}
	}
	l.Complete = l.Complete && page.Complete
	l.More += page.More
	l.Warnings = append(l.Warnings, page.Warnings...)
}

// same tells whether two rows are certain to be about one instance.
func (i JobInstance) same(other JobInstance) bool {
	return i.InstanceID != nil && deref(i.InstanceID) == deref(other.InstanceID) && deref(i.JobName) == deref(other.JobName)
}

func (q JobInstances) statuses() []string {
	const failed, runningException = "fail", "running-exception"
	switch {
	case q.Failed && !q.RunningException:
		return []string{failed}
	case q.RunningException && !q.Failed:
		return []string{runningException}
	default:
		return []string{failed, runningException}
	}
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
	header := http.Header{"X-Project-Id": {overview.ProjectID}}
	if overview.WorkspaceID != "" {
		header.Set("Workspace", overview.WorkspaceID)
	}
	return get(ctx, c, call{
		service: DataArtsJobs, target: overview.Target,
		path: []string{"v1", overview.ProjectID, "jobs", "instances", "detail"},
		query: url.Values{
			"status": {status},
			// Both bounds are exclusive.
			"minPlanTime": {strconv.FormatInt(day.from.UnixMilli()-1, 10)},
			"maxPlanTime": {strconv.FormatInt(day.to.UnixMilli(), 10)},
			"limit":       {strconv.Itoa(jobPageSize)},
		},
		header: header,
	}, func(answer fields) *JobInstanceList {
		rows := newRows(answer, "instances", jobPageSize)
		page := &JobInstanceList{Instances: []JobInstance{}}
		for _, row := range list(answer.need(), "instances", readJobInstance) {
			switch {
			case row.Status == nil || !strings.EqualFold(*row.Status, status) || !day.has(row.JobInstance):
				rows.strange = true
			case !deref(row.ForceSuccess) && !deref(row.IgnoreSuccess):
				page.Instances = append(page.Instances, row.JobInstance)
			}
			rows.count(answer)
		}
		page.Complete, page.More = rows.rest()
		page.Warnings = answer.found.warnings
		return page
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

// rows is what there is to know of a filtered listing of which one page is read.
type rows struct {
	total            *int64
	listed, pageSize int64
	// strange says that a row does not fit the filter. The total then says nothing of those that do.
	strange bool
}

// newRows reads the total of a listing. A listing may leave its rows out only if it says that there are none.
func newRows(answer fields, name string, pageSize int64) rows {
	total := answer.integer("total")
	if answer.member(name) == nil && (total == nil || *total != 0) {
		answer.missing(name)
	}
	return rows{total: total, pageSize: pageSize}
}

// count takes a row in. More rows than were asked for are no page: who sends them may send any number.
func (r *rows) count(answer fields) {
	r.listed++
	if r.listed > r.pageSize {
		answer.malformed(fmt.Sprintf("it lists more than the %d rows that were asked for", r.pageSize))
	}
}

// rest tells whether the page holds all that fits the filter, and how many rows the service has told of beside it.
func (r rows) rest() (complete bool, more int64) {
	switch {
	case r.strange:
		return false, 0
	case r.total == nil:
		return r.listed < r.pageSize, 0
	default:
		return *r.total == r.listed, max(*r.total-r.listed, 0)
	}
}
