package cloudtest

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// A Run is a run of a job of DataArts Factory.
type Run struct {
	ID     int64
	Status string
	// Began is when the run began, or when it is planned if it has not begun. Default: the time of the request.
	Began time.Time
	// Took is how long a run that has ended took. Default: 4 seconds.
	Took time.Duration
	// Overridden reports that a person set the run to successful.
	Overridden bool
}

// RunScene holds the runs of one job at one look.
type RunScene struct {
	Runs []Run
	// Total is the announced number of runs. Default: the number of those that are listed.
	Total int
}

// Runs is a scene with these runs.
func Runs(runs ...Run) RunScene { return RunScene{Runs: runs} }

// NoSuchJob is the answer of DataArts Factory for a job that it does not know.
var NoSuchJob = Error(http.StatusBadRequest, "DLF.0100", "The job does not exist.")

// hasBegun are the states of runs that have begun.
var hasBegun = []string{"running", "success", "fail", "running-exception", "pause", "manual-stop"}

func (s RunScene) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	now := time.Now()
	least, most := queryInt(r, "min_plan_time", 0), queryInt(r, "max_plan_time", int(now.UnixMilli())+1)
	rows := []object{}
	for _, run := range s.Runs {
		began := int(cmp.Or(run.Began, now).UnixMilli())
		if began <= least || began >= most {
			continue
		}
		row := object{
			"job_name": r.PathValue("job"), "job_instance_name": r.PathValue("job"), "instance_id": run.ID, "status": run.Status,
			"plan_time": began - 2000, "start_time": nil, "end_time": nil, "submit_time": began - 86_400_000, "instance_type": 0,
			"job_id": 6336, "version": 1, "force_success": run.Overridden, "ignore_success": false,
		}
		if slices.Contains(hasBegun, run.Status) {
			row["start_time"] = began
			if run.Status != "running" && run.Status != "pause" {
				took := int(cmp.Or(run.Took, 4*time.Second).Milliseconds())
				row["end_time"], row["execute_time"] = began+took, took
			}
		} else {
			row["plan_time"] = began
		}
		rows = append(rows, row)
	}
	total := cmp.Or(s.Total, len(rows))
	if limit, err := strconv.Atoi(r.URL.Query().Get("limit")); err == nil {
		rows = rows[:min(limit, len(rows))]
	}
	writeJSON(w, object{"total": total, "instances": rows})
}
