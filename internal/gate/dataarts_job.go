package gate

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/hwgate/terraform-provider-hwgate/internal/client"
	"github.com/hwgate/terraform-provider-hwgate/internal/text"
)

const (
	// lateStart is how long before Since the listing begins: a run that was planned before it may have started after it.
	lateStart = 24 * time.Hour
	// firstTime is in 2001. Earlier times are in another unit than milliseconds.
	firstTime = 1_000_000_000_000
)

// runStates maps the words of the listing to those of the statistics. No other spelling is known.
var runStates = map[string]string{
	"waiting": "waiting", "waiting-confirm": "waiting_confirm", "running": "running", "pause": "pause",
	"success": "success", "forceSuccess": "force_success", "ignoreSuccess": "ignore_success",
	"fail": "fail", "running-exception": "running_exception", "manual-stop": "manual_stop",
	"freeze": "freeze", "skip-by-depend": "skip", "skip": "skip",
}

func isUnfinished(state string) bool {
	return state == "running" || state == "waiting" || state == "waiting_confirm" || state == "pause"
}

// runWindow says which runs of a job count.
type runWindow struct {
	jobName string
	// since counts what began at or after it; if it is zero, what was planned or began from From to To counts.
	since, from, to time.Time
}

func newRunWindow(req JobRequest, now time.Time) (runWindow, error) {
	if !req.Since.IsZero() {
		return runWindow{jobName: req.JobName, since: req.Since, from: req.Since.Add(-lateStart)}, nil
	}
	from, to, err := client.Days(req.QueryDays, now)
	return runWindow{jobName: req.JobName, from: from, to: to}, err
}

// beginning is when a run began, or was planned to if it has not started, in milliseconds since 1970. The doubt says why it is not known.
func beginning(run client.JobRun, now time.Time) (at int64, doubt string) {
	for _, at := range []*int64{run.StartTime, run.PlanTime} {
		if at != nil && (*at < firstTime || Instant(at) == nil) {
			return 0, fmt.Sprintf("has the time %d, which is not in milliseconds", *at)
		}
	}
	began := cmp.Or(run.StartTime, run.PlanTime)
	state, _ := runState(run)
	switch ran := run.StartTime != nil || !isUnfinished(state) && state != "freeze" && state != "skip"; {
	case began == nil:
		return 0, "has no time"
	case ran && time.UnixMilli(*began).After(now.Add(maxClockSkew)):
		return 0, "began at " + formatTime(began) + ", which is in the future"
	}
	return *began, ""
}

// holds reports whether a run that began at a time belongs to the window.
func (w *runWindow) holds(run client.JobRun, began int64) bool {
	if !w.since.IsZero() {
		return !time.UnixMilli(began).Before(w.since)
	}
	// It is not known by which time the service would find it.
	return slices.ContainsFunc([]int64{began, deref(run.PlanTime)}, func(at int64) bool {
		return !time.UnixMilli(at).Before(w.from) && time.UnixMilli(at).Before(w.to)
	})
}

// runCount is what a listing says about a job.
type runCount struct {
	// statistics counts the runs of the window, and those that have not ended, whenever they began.
	statistics *client.JobStatistics
	// inWindow has the runs by id, and whether they belong to the window.
	inWindow map[int64]bool
	// new counts the runs of the window.
	new int64
	// failed are those of them that failed, the newest first.
	failed []client.JobInstance
	// ends are when the runs of the window ended; nil stands for one that is not known.
	ends []*int64
	// doubt is why the counts cannot be trusted; empty otherwise.
	doubt string
}

// countRuns counts the runs of a job by state. It depends on nothing but the rows, the window and the time.
func countRuns(list *client.JobRunList, window runWindow, now time.Time) runCount {
	count := runCount{statistics: new(client.JobStatistics), inWindow: map[int64]bool{}, failed: []client.JobInstance{}}
	distrust := func(format string, arguments ...any) {
		count.doubt = cmp.Or(count.doubt, fmt.Sprintf(format, arguments...))
	}
	listed := int64(len(list.Runs))
	switch {
	case list.Total == nil:
		distrust("the service does not say how many runs there are, so that some may be missing")
	case *list.Total > client.MaxJobRuns:
		distrust("the service announces %d runs, of which it lists %d at most: select fewer, by a later since or fewer query_days",
			*list.Total, client.MaxJobRuns)
	case *list.Total != listed:
		distrust("the service announces %s, and lists %d", plural(*list.Total, "run", "runs"), listed)
	}
	counts, further := map[string]int64{}, map[string]int64{}
	for _, run := range list.Runs {
		if deref(run.JobName) != window.jobName {
			distrust("a run of another job is listed: %s", cmp.Or(statusWord(deref(run.JobName)), "one without a name"))
			continue
		}
		if run.InstanceID == nil {
			distrust("a run without an id is listed")
			continue
		}
		if _, twice := count.inWindow[*run.InstanceID]; twice {
			distrust("the run %d is listed twice", *run.InstanceID)
		}
		began, doubt := beginning(run, now)
		if doubt != "" {
			distrust("the run %d %s", *run.InstanceID, doubt)
		}
		in := window.holds(run, began)
		count.inWindow[*run.InstanceID] = in
		state, known := runState(run)
		switch {
		case run.Status == nil:
			distrust("the run %d has no state", *run.InstanceID)
		case !known:
			further[text.Plain(*run.Status, maxStatusLength)]++
		case in || isUnfinished(state):
			counts[state]++
		}
		if in {
			count.new++
			end := run.EndTime
			if deref(end) < began { // none, or in another unit
				end = nil
			}
			count.ends = append(count.ends, end)
			if state == "fail" || state == "running_exception" {
				count.failed = append(count.failed, jobInstance(run))
			}
		}
	}
	slices.SortStableFunc(count.failed, func(a, b client.JobInstance) int {
		return cmp.Compare(deref(cmp.Or(b.StartTime, b.PlanTime)), deref(cmp.Or(a.StartTime, a.PlanTime)))
	})
	if count.doubt == "" {
		count.statistics = countedStatistics(counts, further)
	}
	count.statistics.Warnings = list.Warnings
	return count
}

// runState is the state of a run, and whether its word is known. That a person overrode the state counts if the run has ended.
func runState(run client.JobRun) (state string, known bool) {
	state, known = runStates[deref(run.Status)]
	switch {
	case isUnfinished(state):
	case deref(run.ForceSuccess):
		state = "force_success"
	case deref(run.IgnoreSuccess):
		state = "ignore_success"
	}
	return state, known
}

func jobInstance(run client.JobRun) client.JobInstance {
	return client.JobInstance{
		JobName: run.JobName, InstanceID: new(fmt.Sprint(*run.InstanceID)), Status: run.Status,
		PlanTime: run.PlanTime, StartTime: run.StartTime, EndTime: run.EndTime,
	}
}

// countedStatistics are the statistics that the service would give for these counts.
func countedStatistics(counts, further map[string]int64) *client.JobStatistics {
	var total int64
	count := func(state string) *int64 {
		total += counts[state]
		return new(counts[state])
	}
	statistics := &client.JobStatistics{
		FailCount: count("fail"), ForceSuccessCount: count("force_success"), FreezeCount: count("freeze"),
		IgnoreSuccessCount: count("ignore_success"), ManualStopCount: count("manual_stop"), PauseCount: count("pause"),
		RunningCount: count("running"), RunningExceptionCount: count("running_exception"), SkipCount: count("skip"),
		SuccessCount: count("success"), WaitingConfirmCount: count("waiting_confirm"), WaitingCount: count("waiting"),
	}
	for _, more := range further {
		total += more
	}
	statistics.TotalCount = &total
	if len(further) > 0 {
		statistics.Further = further
	}
	return statistics
}

// runWatch notices in a wait that a run which was listed is gone.
type runWatch struct {
	total    int64
	inWindow map[int64]bool
}

// observe compares a listing with the earlier ones, and says what is gone; the text is empty if nothing is.
func (w *runWatch) observe(list *client.JobRunList, count runCount) (doubt string) {
	if total := deref(list.Total); total < w.total {
		doubt = fmt.Sprintf("the service announced %d runs before in this wait, and now only %d", w.total, total)
	}
	w.total = max(w.total, deref(list.Total))
	if w.inWindow == nil {
		w.inWindow = map[int64]bool{}
	}
	var gone []int64
	for id, was := range w.inWindow {
		if is, listed := count.inWindow[id]; !listed || was && !is {
			gone = append(gone, id)
		}
	}
	if len(gone) > 0 {
		doubt = fmt.Sprintf("the run %d was listed before in this wait, and now it is not, or with an earlier time", slices.Min(gone))
	}
	for id, in := range count.inWindow {
		w.inWindow[id] = w.inWindow[id] || in
	}
	return doubt
}

// lookAtRuns returns a look at the runs of one job, for a read that begins at a time by this machine's clock. If the first answer shows that
// the clock is behind, a since that was counted back from it moves, and other days are asked for at once.
func lookAtRuns(reader JobReader, req JobRequest, begin time.Time) (lookFunc[jobLook], error) {
	window, err := newRunWindow(req, begin)
	if err != nil {
		return nil, err
	}
	asked := client.JobRunsRequest{WorkspaceJobs: req.WorkspaceJobs, JobName: req.JobName, From: window.from, To: window.to}
	var watch runWatch
	answered := false
	return func(ctx context.Context) (jobLook, Observation, error) {
		list, err := reader.JobRuns(ctx, asked)
		if behind := time.Until(req.Now()); err == nil && !answered {
			answered = true
			switch begun, _ := newRunWindow(req, begin.Add(max(behind, 0))); {
			case req.SinceNow:
				window.since = window.since.Add(max(behind, 0))
			case begun != window:
				window, asked.From, asked.To = begun, begun.from, begun.to
				list, err = reader.JobRuns(ctx, asked)
			}
		}
		if err != nil {
			return jobLook{}, Observation{}, err
		}
		now := req.Now()
		count := countRuns(list, window, now)
		gone := watch.observe(list, count)
		doubt := cmp.Or(count.doubt, gone)
		if doubt != "" {
			count.statistics = &client.JobStatistics{Warnings: list.Warnings}
		}
		look := jobLook{statistics: count.statistics, failures: count.failed}
		var verdict Verdict
		if doubt != "" {
			verdict = Verdict{Outcome: Unknown, Doubt: doubt}
			if deref(list.Total) > client.MaxJobRuns {
				verdict.Phase = Over
			}
		} else {
			against := comparison{minNew: req.MinNew}
			if !window.since.IsZero() {
				against.new = &count.new
			}
			verdict, look.tally = judgeJobs(count.statistics, against)
			if verdict.Completed {
				look.ended = lastEnd(count.ends)
			}
		}
		seen := Observation{Verdict: verdict, Status: string(verdict.Outcome), Counted: runSummary(verdict, look.tally)}
		if look.tally.lacks(req.MinNew) {
			seen.Wanted = plural(req.MinNew, "new run is needed", "new runs are needed")
		}
		return look, seen, nil
	}, nil
}

// runSummary formats the counts of one job; empty if they cannot be trusted.
func runSummary(verdict Verdict, tally *JobTally) string {
	if tally == nil {
		return ""
	}
	return cmp.Or(joinFigures(jobFigures(verdict.Counts)...), "no runs")
}
