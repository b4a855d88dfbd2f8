package gate

import (
	"fmt"
	"strings"

	"github.com/hwgate/terraform-provider-hwgate/internal/client"
)

// taskState is one of the twelve states that DataArts Factory counts, by the name of its count without "_count".
type taskState struct {
	word  string
	count *int64
}

func taskStates(s *client.TaskStatistics) []taskState {
	return []taskState{
		{"fail", s.FailCount},
		{"force_success", s.ForceSuccessCount},
		{"freeze", s.FreezeCount},
		{"ignore_success", s.IgnoreSuccessCount},
		{"manual_stop", s.ManualStopCount},
		{"pause", s.PauseCount},
		{"running", s.RunningCount},
		{"running_exception", s.RunningExceptionCount},
		{"skip", s.SkipCount},
		{"success", s.SuccessCount},
		{"waiting_confirm", s.WaitingConfirmCount},
		{"waiting", s.WaitingCount},
	}
}

// TaskWords are the state words of DataArts Factory.
func TaskWords() []string {
	var words []string
	for _, state := range taskStates(&client.TaskStatistics{}) {
		words = append(words, state.word)
	}
	return words
}

// Tasks is the verdict on the job instances of a DataArts workspace.
type Tasks struct {
	Verdict

	// Failed, Unfinished and Overridden are nil when a count is missing or negative. Overridden instances count as successful
	// because a person said so.
	Failed, Unfinished, Overridden *int64
}

// TasksName says which job instances were looked at.
func TasksName(asked client.TaskOverview) string {
	where, whose, when := "the default workspace", "", asked.QueryDays
	if asked.WorkspaceID != "" {
		where = "workspace " + asked.WorkspaceID
	}
	if asked.IsOwn != nil && *asked.IsOwn {
		whose = "Own "
	}
	if when == "" {
		when = "today"
	}
	// The project is not known before it was looked up.
	if asked.ProjectID != "" {
		where += " in project " + asked.ProjectID
	}
	return whose + "DataArts job instances of " + where + " (" + strings.ReplaceAll(when, "_", " ") + ")"
}

// JudgeTasks judges the job instances of a workspace. The counts are not promised to add up to the total: that is not checked.
func JudgeTasks(asked client.TaskOverview, statistics *client.TaskStatistics) Tasks {
	name := TasksName(asked)
	counts := map[string]int64{}
	var whole int64
	for _, state := range taskStates(statistics) {
		doubt := ""
		fits := true
		switch {
		case state.count == nil:
			doubt = "the count of " + state.word + " is missing"
		case *state.count < 0:
			doubt = "the count of " + state.word + " is negative"
		default:
			counts[state.word] = *state.count
			whole, fits = add(whole, *state.count)
		}
		if !fits {
			doubt = "the counts are too large to be true"
		}
		if doubt != "" {
			return Tasks{Verdict: Verdict{Outcome: Unknown, Doubt: doubt, Summary: parts(name+": "+string(Unknown), doubt)}}
		}
	}
	failed := counts["fail"] + counts["running_exception"]
	moving := counts["running"] + counts["waiting"]
	held := counts["waiting_confirm"] + counts["pause"]
	overridden := counts["force_success"] + counts["ignore_success"]
	verdict := Tasks{
		Verdict: Verdict{Counts: counts, Stuck: moving == 0 && held > 0},
		Failed:  &failed, Unfinished: new(moving + held), Overridden: &overridden,
	}
	switch {
	case failed > 0:
		verdict.Outcome = Failed
	case counts["running"] > 0:
		verdict.Outcome = Running
	case counts["waiting"] > 0:
		verdict.Outcome = Pending
	case held > 0:
		verdict.Outcome = Paused
	case counts["manual_stop"] > 0:
		verdict.Outcome = Canceled
	case counts["success"]+overridden > 0:
		verdict.Outcome = Succeeded
	default:
		verdict.Outcome = Empty
	}
	verdict.Completed = moving+held == 0 && verdict.Outcome != Empty
	by := ""
	if overridden > 0 {
		by = fmt.Sprintf("%d counted as successful because a person overrode the state", overridden)
	}
	verdict.Summary = parts(name+": "+string(verdict.Outcome), verdict.TallyText(), by)
	return verdict
}

// TallyText words the counts for a summary, empty when they cannot be trusted.
func (t Tasks) TallyText() string {
	if t.Counts == nil {
		return ""
	}
	var details []string
	for _, word := range TaskWords() {
		if count := t.Counts[word]; count > 0 {
			details = append(details, fmt.Sprintf("%s %d", word, count))
		}
	}
	if len(details) == 0 {
		return "no instances"
	}
	return fmt.Sprintf("%d failed, %d unfinished (%s)", *t.Failed, *t.Unfinished, strings.Join(details, ", "))
}
