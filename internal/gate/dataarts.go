package gate

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/hwgate/terraform-provider-hwgate/internal/client"
	"github.com/hwgate/terraform-provider-hwgate/internal/text"
)

// jobStateCount is the count of one state. The name is that of the API's field without "_count"; the label is for summaries.
type jobStateCount struct {
	name, label string
	count       *int64
}

func jobStateCounts(s *client.JobStatistics) []jobStateCount {
	return []jobStateCount{
		{"fail", "failed", s.FailCount},
		{"force_success", "forced to success", s.ForceSuccessCount},
		{"freeze", "frozen", s.FreezeCount},
		{"ignore_success", "ignored as success", s.IgnoreSuccessCount},
		{"manual_stop", "stopped by hand", s.ManualStopCount},
		{"pause", "paused", s.PauseCount},
		{"running", "running", s.RunningCount},
		{"running_exception", "suspended by a failure", s.RunningExceptionCount},
		{"skip", "skipped", s.SkipCount},
		{"success", "succeeded", s.SuccessCount},
		{"waiting_confirm", "awaiting confirmation", s.WaitingConfirmCount},
		{"waiting", "waiting", s.WaitingCount},
	}
}

// JobStates are the twelve states that DataArts Factory counts.
func JobStates() []string {
	var words []string
	for _, state := range jobStateCounts(&client.JobStatistics{}) {
		words = append(words, state.name)
	}
	return words
}

// JobReader reads job instances of DataArts Factory. [client.Client] implements it.
type JobReader interface {
	JobStatistics(ctx context.Context, jobs client.WorkspaceJobs) (*client.JobStatistics, error)
	FailedJobInstances(ctx context.Context, jobs client.FailedJobsRequest) (*client.JobInstanceList, error)
	JobRuns(ctx context.Context, jobs client.JobRunsRequest) (*client.JobRunList, error)
}

// JobRequest selects job instances of a DataArts workspace, and what to read of them.
type JobRequest struct {
	client.WorkspaceJobs
	// JobName selects the runs of one job. Empty means all jobs.
	JobName string
	// Since selects the runs of the job JobName that began at or after it, in place of QueryDays; zero selects those of QueryDays.
	Since time.Time
	// SinceNow reports that Since was counted back from the time of this machine when the read began.
	SinceNow bool
	// Now is the time of the service, as far as it is known after an answer; nil is the clock of this machine.
	Now func() time.Time

	// Wait configures the wait for the end of all instances; nil looks once.
	Wait *Wait
	// Baseline has the counts of an earlier look, which are not judged again; nil judges all instances.
	Baseline map[string]int64
	// MinNew is how many instances must be new since the baseline or Since; at least 1.
	MinNew int64
	// Details reads the names of failed instances.
	Details bool
}

// JobReport is the report on the job instances of a workspace.
type JobReport struct {
	Report

	Statistics *client.JobStatistics
	// Tally is nil if a count is missing or negative, or if the baseline does not fit.
	Tally *JobTally
	// Failures are the failed instances, newest first; nil if they were not read.
	Failures []client.JobInstance
}

// JobTally counts job instances by their result.
type JobTally struct {
	Failed, Unfinished int64
	// Overridden counts failures that a person turned into successes.
	Overridden int64
	// New and NewFailed count instances that are new since the baseline or Since; nil without either.
	New, NewFailed *int64
}

// lacks reports whether there are fewer new instances than needed, none of which failed.
func (t *JobTally) lacks(minNew int64) bool {
	return t != nil && t.New != nil && *t.New < minNew && *t.NewFailed == 0
}

// Name names the job instances in summaries and errors.
func (r JobRequest) Name() string {
	where, what, when := "the default workspace", "DataArts job instances", strings.ReplaceAll(cmp.Or(r.QueryDays, "today"), "_", " ")
	if r.WorkspaceID != "" {
		where = "workspace " + r.WorkspaceID
	}
	if deref(r.IsOwn) {
		what = "own " + what
	}
	if r.JobName != "" {
		what = "DataArts job " + r.JobName
	}
	if !r.Since.IsZero() {
		when = "since " + r.Since.UTC().Format(time.RFC3339)
	}
	// The project is not known before its look-up.
	if r.ProjectID != "" {
		where += " in project " + r.ProjectID
	}
	return what + " of " + where + " (" + when + ")"
}

// jobLook is the result of a look at job instances.
type jobLook struct {
	statistics *client.JobStatistics
	// tally is nil if the counts cannot be trusted.
	tally *JobTally
	// failures are the failed runs of one job, the newest first.
	failures []client.JobInstance
	// ended is when the last of the runs of one job ended; nil if one still runs, or does not say.
	ended *time.Time
}

// ReadJobs reads the job instances of a workspace or the runs of one job, after waiting for their end if requested. Details that cannot be
// read are no error.
func ReadJobs(ctx context.Context, reader JobReader, req JobRequest) (*JobReport, error) {
	name := req.Name()
	req.MinNew = max(req.MinNew, 1)
	if req.Now == nil {
		req.Now = time.Now
	}
	look := lookAtWorkspace(reader, req)
	if req.JobName != "" {
		var err error
		if look, err = lookAtRuns(reader, req, time.Now()); err != nil {
			return nil, err
		}
	}
	result, err := poll(ctx, req.Wait, name, look)
	if err != nil {
		return nil, err
	}
	statistics, tally := result.last.statistics, result.last.tally
	report := &JobReport{Report: result.report(statistics.Warnings), Statistics: statistics, Tally: tally}
	var failed *table
	if req.Details && tally != nil && !deref(req.IsOwn) {
		failed = report.readFailures(ctx, reader, req, result.last.failures)
	}
	if isCanceled(ctx) {
		return nil, ctx.Err()
	}
	if report.Timeout != nil {
		report.Timeout.Missing = joinParts(report.Timeout.Missing, failed.summary())
	}
	by := ""
	if tally != nil && tally.Overridden > 0 {
		by = fmt.Sprintf("%d counted as successful because a person overrode the state", tally.Overridden)
	}
	report.describe(name, outcomeText(report.Outcome), result.last.ended, jobFigures(report.Counts), failed,
		result.observation.Counted, result.observation.Wanted, failed.summary(), by, result.ending())
	return report, nil
}

// lookAtWorkspace returns a look at the statistics of a workspace.
func lookAtWorkspace(reader JobReader, req JobRequest) lookFunc[jobLook] {
	watch := dayWatch{hasBaseline: req.Baseline != nil}
	return func(ctx context.Context) (jobLook, Observation, error) {
		sent := time.Now()
		statistics, err := reader.JobStatistics(ctx, req.WorkspaceJobs)
		if err != nil {
			return jobLook{}, Observation{}, err
		}
		verdict, tally := judgeJobs(statistics, comparison{baseline: req.Baseline, minNew: req.MinNew})
		restarted := ""
		if req.QueryDays != "all" {
			answered := req.Now()
			restarted = watch.observe(answered.Add(-time.Since(sent)), answered, statistics, verdict.Good())
		}
		if restarted != "" {
			verdict, tally = Verdict{Outcome: Unknown, Counts: verdict.Counts, Doubt: restarted, DoubtKind: DayBorder}, nil
		}
		seen := Observation{Verdict: verdict, Status: string(verdict.Outcome), Counted: jobSummary(verdict, tally)}
		if restarted != "" || baselineDoubt(req.Baseline, verdict.Counts) != "" {
			// End the wait, since the new counts could reach the old ones and be compared with them.
			seen.Phase = Over
		}
		if tally.lacks(req.MinNew) {
			seen.Wanted = plural(req.MinNew, "new instance is needed", "new instances are needed")
		}
		return jobLook{statistics: statistics, tally: tally}, seen, nil
	}
}

// comparison says which job instances are new.
type comparison struct {
	// baseline has earlier counts, which are not judged again; nil judges all.
	baseline map[string]int64
	// new counts the new instances if all that have ended are new, as the runs of a job are that began since a time; else nil.
	new *int64
	// minNew is how many instances must be new, if new ones can be told.
	minNew int64
}

// judgeJobs judges the job instances that are new, or all. The API does not promise that the counts add up to the total.
func judgeJobs(statistics *client.JobStatistics, against comparison) (Verdict, *JobTally) {
	baseline := against.baseline
	counts, doubt := jobCounts(statistics)
	if doubt != "" {
		return Verdict{Outcome: Unknown, Doubt: doubt}, nil
	}
	if len(statistics.Further) > 0 {
		return newCountsVerdict(counts, statistics.Further), nil
	}
	if doubt := baselineDoubt(baseline, counts); doubt != "" {
		return Verdict{Outcome: Unknown, Doubt: doubt, DoubtKind: BadBaseline, Counts: counts}, nil
	}
	sinceBaseline := func(words ...string) int64 {
		var rest int64
		for _, word := range words {
			rest += counts[word] - baseline[word]
		}
		return rest
	}
	moving, blocked := counts["running"]+counts["waiting"], counts["waiting_confirm"]+counts["pause"]
	tally := &JobTally{
		Failed: counts["fail"] + counts["running_exception"], Unfinished: moving + blocked,
		Overridden: counts["force_success"] + counts["ignore_success"],
	}
	newFailed := max(sinceBaseline("fail", "running_exception"), 0)
	if tally.New = against.new; baseline != nil {
		tally.New = new(sinceBaseline(JobStates()...))
	}
	if tally.New != nil {
		tally.NewFailed = &newFailed
	}
	enough := !tally.lacks(against.minNew)
	// All new instances are frozen or skipped, so a success is that of an older instance.
	idle := tally.New != nil && *tally.New <= max(sinceBaseline("freeze"), 0)+max(sinceBaseline("skip"), 0)
	verdict := Verdict{Counts: counts}
	switch {
	case !enough || moving > 0: // Instances that are still to come do not need a person.
	case blocked > 0:
		verdict.Phase = Stuck
	default:
		verdict.Phase, verdict.Completed = Over, true
	}
	switch {
	case newFailed > 0:
		verdict.Outcome = Failed
	case !enough:
		verdict.Outcome = Pending
	case counts["running"] > 0:
		verdict.Outcome = Running
	case counts["waiting"] > 0:
		verdict.Outcome = Pending
	case blocked > 0:
		verdict.Outcome = Paused
	case sinceBaseline("manual_stop") > 0:
		verdict.Outcome = Canceled
	case sinceBaseline("success", "force_success", "ignore_success") > 0 && !idle:
		verdict.Outcome, verdict.Phase = Succeeded, Good
	default:
		verdict.Outcome, verdict.Phase, verdict.Completed = Empty, Settling, false
	}
	return verdict, tally
}

// jobCounts returns the counts by state, or why they cannot be trusted.
func jobCounts(statistics *client.JobStatistics) (counts map[string]int64, doubt string) {
	counts = map[string]int64{}
	for _, state := range jobStateCounts(statistics) {
		switch {
		case state.count == nil:
			return nil, "the count of " + state.name + " is missing"
		case *state.count < 0:
			return nil, "the count of " + state.name + " is negative"
		}
		counts[state.name] = *state.count
	}
	if _, inRange := sumJobCounts(counts); !inRange {
		return nil, tooLarge
	}
	return counts, ""
}

// baselineDoubt says why a baseline is invalid or cannot be compared with counts; empty if it can, or if it is nil.
func baselineDoubt(baseline, counts map[string]int64) string {
	if baseline == nil {
		return ""
	}
	for _, word := range JobStates() {
		switch count, ok := baseline[word]; {
		case !ok:
			return "the baseline has no count of " + word
		case count < 0:
			return "the baseline has a negative count of " + word
		}
	}
	before, fits := sumJobCounts(baseline)
	now, _ := sumJobCounts(counts)
	switch {
	case !fits:
		return "the baseline's counts are too large to be true"
	case len(baseline) > len(JobStates()):
		return "the baseline has words that are no state of a job instance"
	case counts != nil && before > now:
		return fmt.Sprintf("the baseline counts %d instances, but there are only %d: it is of another day, workspace or filter", before, now)
	}
	return ""
}

// sumJobCounts adds up the counts of all states, and reports whether the sum fits.
func sumJobCounts(counts map[string]int64) (sum int64, fits bool) {
	fits = true
	for _, word := range JobStates() {
		var ok bool
		sum, ok = addCounts(sum, counts[word])
		fits = fits && ok
	}
	return sum, fits
}

// readFailures reads the failed instances into the report; those of one job are known. The table is nil if none can be named.
func (r *JobReport) readFailures(ctx context.Context, reader JobReader, req JobRequest, known []client.JobInstance) *table {
	failed := &table{head: []string{"failed job", "instance", "status", "planned", "started"}, total: r.Tally.Failed}
	if r.Tally.NewFailed != nil {
		failed.total = *r.Tally.NewFailed
	}
	if failed.total == 0 {
		r.Failures = []client.JobInstance{}
		return nil
	}
	list := &client.JobInstanceList{Instances: known[:min(len(known), maxCulprits)]}
	if req.JobName == "" {
		var err error
		if list, err = r.listFailures(ctx, reader, req, failed.total); err != nil {
			r.UnreadDetails = err
			return nil
		}
	}
	for _, instance := range list.Instances {
		job := cmp.Or(text.Plain(deref(instance.JobName), maxNameLength), "a job without a name")
		line := job
		if id := text.Plain(deref(instance.InstanceID), maxStatusLength); id != "" {
			line += " (instance " + id + ")"
		}
		failed.addNamed(
			line, job, deref(instance.InstanceID), deref(instance.Status), formatTime(instance.PlanTime), formatTime(instance.StartTime),
		)
	}
	if len(list.Instances) > 0 {
		r.Failures = list.Instances
	}
	return r.setListedCulprits(failed, "failed instance", list.Warnings)
}

// listFailures asks for the newest failed instances of the workspace.
func (r *JobReport) listFailures(ctx context.Context, reader JobReader, req JobRequest, total int64) (*client.JobInstanceList, error) {
	instances := client.FailedJobsRequest{WorkspaceJobs: req.WorkspaceJobs, Now: req.Now(), Limit: int(min(total, maxCulprits))}
	for _, status := range []string{"fail", "running-exception"} {
		if r.Counts[strings.ReplaceAll(status, "-", "_")] > 0 {
			instances.Statuses = append(instances.Statuses, status)
		}
	}
	return readDetails(ctx, func(brief context.Context) (*client.JobInstanceList, error) {
		return reader.FailedJobInstances(brief, instances)
	})
}

// formatTime formats milliseconds since 1970; empty if [Instant] is nil.
func formatTime(milliseconds *int64) string {
	if at := Instant(milliseconds); at != nil {
		return at.Format(time.RFC3339)
	}
	return ""
}

// jobFigures lists the counts; nil if they cannot be trusted.
func jobFigures(counts map[string]int64) []figure {
	if counts == nil {
		return nil
	}
	var list []figure
	for _, state := range jobStateCounts(&client.JobStatistics{}) {
		list = append(list, figure{counts[state.name], state.label})
	}
	return append(list, furtherFigures(counts, JobStates())...)
}

// jobSummary formats the counts; empty if they cannot be trusted.
func jobSummary(verdict Verdict, tally *JobTally) string {
	if tally == nil {
		return ""
	}
	counted := cmp.Or(joinFigures(jobFigures(verdict.Counts)...), "no instances")
	if tally.New == nil {
		return counted
	}
	since := fmt.Sprintf("%d new since the baseline", *tally.New)
	if *tally.NewFailed > 0 {
		since += fmt.Sprintf(", %d of them failed", *tally.NewFailed)
	}
	return since + " (in all: " + counted + ")"
}
