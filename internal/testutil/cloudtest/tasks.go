package cloudtest

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// A Task is a data integration task in the listings of ROMA Connect.
type Task struct {
	ID, Name string
	// Kind is NORMAL or CDC.
	Kind string
	// Status is that of the last run: ERROR, RUNNING, SUCCESS, CANCELLED, UNSTARTED, WAITING.
	Status   string
	Position string
	LastRun  time.Time
}

// TaskScene holds the tasks of an instance of ROMA Connect at one look.
type TaskScene struct {
	// Common and CDC are counts by word: "running", "abnormal", "terminated", "completed". Missing words count zero; a nil map is null in
	// the answer.
	Common, CDC map[string]int
	// Listed are the tasks in the listings. Default: one for each that is counted.
	Listed []Task
}

// Tasks is a scene with these counts.
func Tasks(common, cdc map[string]int) TaskScene { return TaskScene{Common: common, CDC: cdc} }

// taskWords are the counts of the API, and runStatuses the status of the last run for each.
var (
	taskWords   = []string{"running", "abnormal", "terminated", "completed"}
	runStatuses = map[string]string{"running": "RUNNING", "abnormal": "ERROR", "terminated": "CANCELLED", "completed": "SUCCESS"}
)

func (t TaskScene) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case strings.HasSuffix(r.URL.Path, statisticsSuffix):
		writeJSON(w, object{"common_task_details": taskCounts(t.Common), "cdc_task_details": taskCounts(t.CDC)})
	case strings.HasSuffix(r.URL.Path, monitorsSuffix), strings.HasSuffix(r.URL.Path, tasksSuffix):
		t.listing(w, r)
	default:
		Error(http.StatusNotFound, "FDI.3081", "no such task").ServeHTTP(w, r)
	}
}

func taskCounts(counts map[string]int) object {
	if counts == nil {
		return nil
	}
	details := object{}
	for _, word := range allWords(taskWords, counts) {
		details[word+"_tasks_count"] = counts[word]
	}
	return details
}

func (t TaskScene) listing(w http.ResponseWriter, r *http.Request) {
	monitors := strings.HasSuffix(r.URL.Path, monitorsSuffix)
	query, rows := r.URL.Query(), []object{}
	for _, task := range t.tasks() {
		status, mode, name := query.Get("execute_status"), query.Get("task_mode"), query.Get("task_name")
		if (status != "" && status != task.Status) || (mode != "" && mode != task.Kind) || !strings.Contains(task.Name, name) {
			continue
		}
		row := object{"task_id": task.ID, "task_name": task.Name, "execute_status": task.Status, "status": 1, "ext_type": nil}
		if task.Kind == "CDC" {
			row["ext_type"] = "CDC"
		}
		last := cmp.Or(task.LastRun, finished)
		if monitors {
			row["last_execute_time"], row["position"] = last.UnixMilli(), task.Position
		} else {
			row["last_modified_time"], row["task_type"] = last.UnixMilli(), "TIMING"
		}
		rows = append(rows, row)
	}
	// The monitors' pages are numbered from one, but zero is the first page, too.
	first := queryInt(r, "offset", 0)
	if monitors {
		first = max(first, 1) - 1
	}
	selected := page(rows, first, queryInt(r, "limit", 10))
	writeJSON(w, object{"total": len(rows), "size": len(selected), "entities": selected})
}

func (t TaskScene) tasks() []Task {
	if t.Listed != nil {
		return t.Listed
	}
	var tasks []Task
	for _, kind := range []struct {
		name   string
		counts map[string]int
	}{{"NORMAL", t.Common}, {"CDC", t.CDC}} {
		for _, word := range taskWords {
			for range kind.counts[word] {
				n := len(tasks) + 1
				tasks = append(tasks, Task{
					ID: fmt.Sprintf("task-id-%d", n), Name: fmt.Sprintf("task-%d", n), Kind: kind.name, Status: runStatuses[word], Position: "READER",
				})
			}
		}
	}
	return tasks
}
