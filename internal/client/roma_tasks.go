package client

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// FDITaskList names abnormal data integration tasks.
type FDITaskList struct {
	// Tasks are those that ran last, newest first. It is never nil.
	Tasks []FDITask
	// Complete tells whether the list is known to name every abnormal task.
	Complete bool
	// More is how many further ones the service told of.
	More int64
	// Warnings name informational fields of an unexpected type, which are nil.
	Warnings []string
}

// FDITask is a data integration task whose last run failed. Fields are nil when the answer left them out.
type FDITask struct {
	TaskID   *string `api:"task_id"`
	TaskName *string `api:"task_name"`
	// Kind is CDC for a composite task, which captures changes of data, and NORMAL for any other; nil when it could not be read.
	Kind *string `api:"ext_type"`
	// ExecuteStatus is that of the last run: ERROR. It is never nil.
	ExecuteStatus *string `api:"execute_status"`
	// Position is how far the last run came: ADAPTER (start), READER or WRITER.
	Position *string `api:"position"`
	// LastExecuteTime is when the task ran last, in milliseconds since 1970, UTC.
	LastExecuteTime *int64 `api:"last_execute_time"`
	// Status is 0 for a task that is stopped, 1 for one that is started.
	Status *int64 `api:"status"`
}

// taskPageSize is the most rows that one answer holds. What offset counts differs between editions of the page, so only the first
// page is read.
const taskPageSize = 999

// AbnormalTasks lists the FDI tasks of a ROMA Connect instance whose last run ended with ERROR, at most limit of them (0 means 100),
// in one request. The list of tasks (…/tasks) has the same filter, but neither the position nor the time of the last run. The service
// may ignore the filter, so a row of another status, or of no readable one, is dropped.
//
// These facts wait for a live account: whether the statistics count as abnormal what has the execute_status ERROR, whether the list
// has both kinds of tasks, and which tasks an IAM user sees: those of authorized integration applications, as the list of tasks.
//
// API: GET /v2/{project_id}/fdi/instances/{instance_id}/task-monitors,
// https://support.huaweicloud.com/intl/en-us/api-roma/ListMonitorInfos.html
func (c *Client) AbnormalTasks(ctx context.Context, instance FDIInstance, limit int64) (*FDITaskList, error) {
	const abnormal = "ERROR"
	found, err := get(ctx, c, call{
		service: ROMA, target: instance.Target,
		path:   []string{"v2", instance.ProjectID, "fdi", "instances", instance.InstanceID, "task-monitors"},
		query:  url.Values{"execute_status": {abnormal}, "limit": {strconv.Itoa(taskPageSize)}},
		header: http.Header{"X-Project-Id": {instance.ProjectID}},
	}, func(answer fields) *FDITaskList {
		rows := newRows(answer, "entities", taskPageSize)
		found := &FDITaskList{Tasks: []FDITask{}}
		for _, task := range list(answer.need(), "entities", readFDITask) {
			if task.ExecuteStatus == nil || !strings.EqualFold(*task.ExecuteStatus, abnormal) {
				rows.strange = true
			} else {
				found.Tasks = append(found.Tasks, task)
			}
			rows.count(answer)
		}
		found.Complete, found.More = rows.rest()
		found.Warnings = answer.found.warnings
		return found
	})
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(found.Tasks, func(a, b FDITask) int {
		return cmp.Compare(deref(b.LastExecuteTime), deref(a.LastExecuteTime))
	})
	limit = cmp.Or(max(limit, 0), defaultRows)
	if over := int64(len(found.Tasks)) - limit; over > 0 {
		found.Tasks, found.Complete = found.Tasks[:limit], false
		found.More += over
	}
	return found, nil
}

func readFDITask(f fields) FDITask {
	var task FDITask
	f.decode(&task)
	// Null and the empty text say that the task is no composite one; what could not be read says nothing.
	if f.member("ext_type") == nil || (task.Kind != nil && *task.Kind == "") {
		task.Kind = new("NORMAL")
	}
	return task
}
