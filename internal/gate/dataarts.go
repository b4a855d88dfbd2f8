package gate

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hwgate/terraform-provider-hwgate/internal/client"
	"github.com/hwgate/terraform-provider-hwgate/internal/text"
)

// jobState is one of the twelve states that DataArts Factory counts, by the name of its count without "_count", and as it is said.
type jobStateCount struct {
	state, label string
	count      *int64
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

// JobWords are the state words of DataArts Factory.
func JobStates() []string {
	var words []string
	for _, state := range jobStateCounts(&client.JobStatistics{}) {
		words = append(words, state.state)
	}
	return words
}

// JobReader reads job instances of DataArts Factory. The API client is one.
type JobReader interface {
	JobStatistics(ctx context.Context, asked client.WorkspaceJobs) (*client.JobStatistics, error)
	FailedJobInstances(ctx context.Context, asked client.JobInstances) (*client.JobInstanceList, error)
}

// JobQuestion asks for the job instances of a DataArts workspace.
type JobRequest struct {
	client.WorkspaceJobs

	// Wait waits until nothing runs any more; nil looks once.
	Wait *Wait
	// Baseline is the counts of an earlier look, of which nothing is judged again; nil judges everything.
	Baseline map[string]int64
	// MinNew is how many instances have to have come since the baseline; what is below 1 counts as 1.
	MinNew int64
	// Details reads which instances failed.
	Details bool
}

// JobReport is what there is to say of the job instances of a workspace.
type JobReport struct {
	Report

	Statistics *client.JobStatistics
	// Tally is nil when a count is missing or negative, or the baseline does not fit.
	Tally *JobTally
	// Failures are the failed instances, newest first; nil when they were not read.
	Failures []client.JobInstance
}

// JobTally sums up job instances.
type JobTally struct {
	Failed, Unfinished int64
	// Overridden instances count as successful because a person said so.
	Overridden int64
	// New and NewFailed count what has come since the baseline; nil without one.
	New, NewFailed *int64
}

// JobsName says which job instances were looked at.
func JobsName(asked client.WorkspaceJobs) string {
	where, whose := "the default workspace", ""
	if asked.WorkspaceID != "" {
		where = "workspace " + asked.WorkspaceID
	}
	if asked.IsOwn != nil && *asked.IsOwn {
		whose = "Own "
	}
	// The project is not known before it was looked up.
	if asked.ProjectID != "" {
		where += " in project " + asked.ProjectID
	}
	return whose + "DataArts job instances of " + where + " (" + strings.ReplaceAll(cmp.Or(asked.QueryDays, "today"), "_", " ") + ")"
}

// ReadJobs reads the job instances of a workspace, after waiting for their end if that is asked for. Only the reading of the counts can
// fail. After a cancellation there is no report.
func ReadJobs(ctx context.Context, reader JobReader, req JobRequest) (*JobReport, error) {
	name := JobsName(req.WorkspaceJobs)
	req.MinNew = max(req.MinNew, 1)
	type looked struct {
		statistics *client.JobStatistics
		tally      *JobTally
	}
	// before is how many instances the look before counted. Those of a day never get fewer, but that the counts begin again at midnight.
	var before int64
	ended, err := waitFor(ctx, req.Wait, name, func(timed context.Context) (looked, Observation, error) {
		statistics, err := reader.JobStatistics(timed, req.WorkspaceJobs)
		if err != nil {
			return looked{}, Observation{}, err
		}
		verdict, tally := judgeJobs(statistics, req.Baseline, req.MinNew)
		fell := false
		if tally != nil && req.QueryDays != "all" {
			now, _ := sumJobCounts(verdict.Counts)
			if fell = now < before; fell {
				verdict, tally = dayChangedVerdict(before, now, verdict.Counts), nil
			}
			before = now
		}
		seen := Observation{Verdict: verdict, Status: string(verdict.Outcome), Tally: jobSummary(verdict, tally)}
		seen.Settling = verdict.Outcome == Empty
		// Counts that have begun again may catch up with those of the day before, and would then be compared with them.
		seen.Final = fell || baselineDoubt(req.Baseline, verdict.Counts) != ""
		if verdict.Outcome == Pending && tally.New != nil && *tally.New < req.MinNew {
			seen.Wanted = plural(req.MinNew, "new instance is needed", "new instances are needed")
		}
		return looked{statistics, tally}, seen, nil
	})
	if err != nil {
		return nil, err
	}
	statistics, tally := ended.last.statistics, ended.last.tally
	report := &JobReport{Report: ended.report(statistics.Warnings), Statistics: statistics, Tally: tally}
	var failed *table
	if req.Details && tally != nil && (req.IsOwn == nil || !*req.IsOwn) {
		failed = report.readFailures(ctx, reader, req)
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
	report.describe(name, outcomeText(report.Outcome), jobFigures(report.Counts), failed,
		ended.observation.Tally, ended.observation.Wanted, failed.summary(), by, ended.ending())
	return report, nil
}

// judgeJobs judges the job instances of a workspace, those alone that came since the baseline if there is one. The counts are not
// promised to add up to the total: that is not checked.
func judgeJobs(statistics *client.JobStatistics, baseline map[string]int64, minNew int64) (Verdict, *JobTally) {
	counts, doubt := jobCounts(statistics)
	if doubt != "" {
		return Verdict{Outcome: Unknown, Doubt: doubt}, nil
	}
	if len(statistics.Further) > 0 {
		return newCountsVerdict(counts, statistics.Further), nil
	}
	if doubt := baselineDoubt(baseline, counts); doubt != "" {
		return Verdict{Outcome: Unknown, Doubt: doubt, Counts: counts}, nil
	}
	sinceBaseline := func(words ...string) int64 {
		var rest int64
		for _, word := range words {
			rest += counts[word] - baseline[word]
		}
		return rest
	}
	moves, held := counts["running"]+counts["waiting"], counts["waiting_confirm"]+counts["pause"]
	tally := &JobTally{
		Failed: counts["fail"] + counts["running_exception"], Unfinished: moves + held,
		Overridden: counts["force_success"] + counts["ignore_success"],
	}
	newFailed := max(sinceBaseline("fail", "running_exception"), 0)
	enough := true
	if baseline != nil {
		tally.New, tally.NewFailed = new(sinceBaseline(JobStates()...)), &newFailed
		enough = *tally.New >= minNew
	}
	enough = enough || newFailed > 0
	// Of what is new all is frozen or skipped: the success is that of an instance from before.
	idle := tally.New != nil && *tally.New <= max(sinceBaseline("freeze"), 0)+max(sinceBaseline("skip"), 0)
	verdict := Verdict{
		Counts: counts,
		// What is still to come is no person's doing.
		Stuck: enough && moves == 0 && held > 0,
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
	case held > 0:
		verdict.Outcome = Paused
	case sinceBaseline("manual_stop") > 0:
		verdict.Outcome = Canceled
	case sinceBaseline("success", "force_success", "ignore_success") > 0 && !idle:
		verdict.Outcome, verdict.Good = Succeeded, true
	default:
		verdict.Outcome = Empty
	}
	verdict.Completed = enough && tally.Unfinished == 0 && verdict.Outcome != Empty
	return verdict, tally
}

// jobCounts gives the twelve counts, or says why they cannot be trusted.
func jobCounts(statistics *client.JobStatistics) (counts map[string]int64, doubt string) {
	counts = map[string]int64{}
	for _, state := range jobStateCounts(statistics) {
		switch {
		case state.count == nil:
			return nil, "the count of " + state.state + " is missing"
		case *state.count < 0:
			return nil, "the count of " + state.state + " is negative"
		}
		counts[state.state] = *state.count
	}
	if _, fits := sumJobCounts(counts); !fits {
		return nil, tooLarge
	}
	return counts, ""
}

// baselineDoubt says why a baseline is none, or why counts cannot be compared with it; empty when they can be, or there is nothing to
// compare.
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

// sumOf adds up the counts of the twelve states, and tells whether the sum fits.
func sumJobCounts(counts map[string]int64) (sum int64, fits bool) {
	fits = true
	for _, word := range JobStates() {
		var ok bool
		sum, ok = addCounts(sum, counts[word])
		fits = fits && ok
	}
	return sum, fits
}

// anotherDay is the verdict on counts that have begun again: what was seen before is no longer in them.
func dayChangedVerdict(before, now int64, counts map[string]int64) Verdict {
	return Verdict{Outcome: Unknown, Counts: counts, Doubt: fmt.Sprintf(
		"an earlier look of this wait counted %d instances, and now there are only %d: the day of the counts has changed", before, now)}
}

// newWords is the verdict on counts that are new to this version. They join the others, unless one is negative.
func newCountsVerdict(counts, further map[string]int64) Verdict {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(further)) {
		list = append(list, fmt.Sprintf("%s (%d)", statusWord(name), further[name]))
		if further[name] < 0 {
			counts = nil
		}
	}
	if counts != nil {
		maps.Copy(counts, further)
	}
	return Verdict{Outcome: Unknown, Doubt: "counts new to this version of the provider: " + joinAllNames(list), Counts: counts}
}

// readFailures reads which instances failed, and gives them as a table.
func (r *JobReport) readFailures(ctx context.Context, reader JobReader, req JobRequest) *table {
	failed := &table{head: []string{"failed job", "instance", "status", "planned", "started"}, total: r.Tally.Failed}
	if r.Tally.NewFailed != nil {
		failed.total = *r.Tally.NewFailed
	}
	if failed.total == 0 {
		r.Failures = []client.JobInstance{}
		return nil
	}
	instances := client.JobInstances{WorkspaceJobs: req.WorkspaceJobs, Now: time.Now(), Limit: int(min(failed.total, maxCulprits))}
	for _, status := range []string{"fail", "running-exception"} {
		if r.Counts[strings.ReplaceAll(status, "-", "_")] > 0 {
			instances.Statuses = append(instances.Statuses, status)
		}
	}
	list, err := readDetails(ctx, func(brief context.Context) (*client.JobInstanceList, error) {
		return reader.FailedJobInstances(brief, instances)
	})
	if err != nil {
		r.UnreadDetails = err
		return nil
	}
	for _, instance := range list.Instances {
		job := cmp.Or(text.Plain(deref(instance.JobName), maxNameLength), "a job without a name")
		line := job
		if id := text.Plain(deref(instance.InstanceID), maxStatusLength); id != "" {
			line += " (instance " + id + ")"
		}
		failed.addNamed(line, job, deref(instance.InstanceID), deref(instance.Status), formatTime(instance.PlanTime), formatTime(instance.StartTime))
	}
	if len(list.Instances) > 0 {
		r.Failures = list.Instances
	}
	return r.setListedCulprits(failed, "failed instance", list.Warnings)
}

// clock writes milliseconds since 1970 as a time, empty for what is none.
func formatTime(milliseconds *int64) string {
	if at := Instant(milliseconds); at != nil {
		return at.Format(time.RFC3339)
	}
	return ""
}

// jobFigures lists what there is to count, nil when the counts cannot be trusted.
func jobFigures(counts map[string]int64) []figure {
	if counts == nil {
		return nil
	}
	var list []figure
	for _, state := range jobStateCounts(&client.JobStatistics{}) {
		list = append(list, figure{counts[state.state], state.label})
	}
	return append(list, furtherFigures(counts, JobStates())...)
}

// jobWords puts the counts into words, empty when they cannot be trusted.
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
