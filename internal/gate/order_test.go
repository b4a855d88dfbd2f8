package gate_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hwgate/terraform-provider-hwgate/internal/client"
	"github.com/hwgate/terraform-provider-hwgate/internal/gate"
)

func withThreshold(order client.ScriptOrder, percent float64) client.ScriptOrder {
	order.Properties = &client.ScriptOrderProperties{ExecuteParam: &client.ScriptExecuteParam{SuccessRate: &percent}}
	return order
}

func TestJudgeOrder(t *testing.T) {
	t.Parallel()
	const (
		begun, ended = int64(1693446986000), int64(1693447297283)
		newWord      = "the status word is new to this version of the provider"
		named        = "COC script order " + orderID + ": "
	)
	begunAt := time.Date(2023, 8, 31, 1, 56, 26, 0, time.UTC)
	endedAt := time.Date(2023, 8, 31, 2, 1, 37, 283_000_000, time.UTC)
	created := gate.Span{CreatedAt: &begunAt}
	both := gate.Span{CreatedAt: &begunAt, FinishedAt: &endedAt}
	over := func(status string) client.ScriptOrder {
		return client.ScriptOrder{Status: &status, GmtCreated: new(begun), GmtFinished: new(ended)}
	}
	open := func(status string) client.ScriptOrder {
		return client.ScriptOrder{Status: &status, GmtCreated: new(begun)}
	}
	final := func(outcome gate.Outcome, summary string) gate.Verdict {
		return gate.Verdict{Outcome: outcome, Completed: true, Summary: named + summary}
	}
	moving := func(outcome gate.Outcome, summary string) gate.Verdict {
		return gate.Verdict{Outcome: outcome, Summary: named + summary}
	}
	unknown := func(completed bool, doubt, summary string) gate.Verdict {
		return gate.Verdict{Outcome: "unknown", Completed: completed, Doubt: doubt, Summary: named + summary + "; " + doubt}
	}
	for name, test := range map[string]struct {
		order client.ScriptOrder
		want  gate.Order
	}{
		"READY":      {open("READY"), gate.Order{Verdict: moving("pending", "pending (READY)"), Span: created, Status: "READY"}},
		"PROCESSING": {open("PROCESSING"), gate.Order{Verdict: moving("running", "running (PROCESSING)"), Span: created, Status: "PROCESSING"}},
		"PAUSED": {open("PAUSED"), gate.Order{
			Verdict: gate.Verdict{Outcome: "paused", Stuck: true, Summary: named + "paused (PAUSED)"}, Span: created, Status: "PAUSED",
		}},
		"FINISHED": {over("FINISHED"), gate.Order{
			Verdict: final("succeeded", "succeeded (FINISHED) after 5m11s"), Span: both, Status: "FINISHED",
		}},
		"CANCELED": {over("CANCELED"), gate.Order{
			Verdict: final("canceled", "canceled (CANCELED) after 5m11s"), Span: both, Status: "CANCELED",
		}},
		"ABNORMAL": {over("ABNORMAL"), gate.Order{
			Verdict: final("failed", "failed (ABNORMAL) after 5m11s"), Span: both, Status: "ABNORMAL",
		}},
		"ABNORMAL without a finishing time": {open("ABNORMAL"), gate.Order{
			Verdict: final("failed", "failed (ABNORMAL)"), Span: created, Status: "ABNORMAL",
		}},
		"ERROR": {over("ERROR"), gate.Order{Verdict: final("failed", "failed (ERROR) after 5m11s"), Span: both, Status: "ERROR"}},
		"ROLLBACKED": {over("ROLLBACKED"), gate.Order{
			Verdict: final("failed", "failed (ROLLBACKED) after 5m11s"), Span: both, Status: "ROLLBACKED",
		}},
		"ROLLED BACK": {over("ROLLED BACK"), gate.Order{
			Verdict: final("failed", "failed (ROLLBACKED) after 5m11s"), Span: both, Status: "ROLLBACKED",
		}},
		"new word": {open("SKIPPED"), gate.Order{
			Verdict: unknown(false, newWord, "unknown (SKIPPED)"), Span: created, Status: "SKIPPED",
		}},
		"new word with a finishing time": {over("SKIPPED"), gate.Order{
			Verdict: unknown(true, newWord, "unknown (SKIPPED) after 5m11s"), Span: both, Status: "SKIPPED",
		}},
		"word that cannot be printed": {open("\x1b\n"), gate.Order{
			Verdict: unknown(false, newWord, "unknown (?)"), Span: created, Status: "?",
		}},
		"no status": {client.ScriptOrder{GmtCreated: new(begun)}, gate.Order{
			Verdict: unknown(false, "the answer has no status", "unknown"), Span: created,
		}},
		"empty status with a finishing time": {over(""), gate.Order{
			Verdict: unknown(true, "the answer has no status", "unknown after 5m11s"), Span: both,
		}},
		"nothing at all": {client.ScriptOrder{}, gate.Order{
			Verdict: unknown(false, "the answer has no status", "unknown"),
		}},
		"finished before it began": {
			client.ScriptOrder{Status: new("FINISHED"), GmtCreated: new(ended), GmtFinished: new(begun)},
			gate.Order{
				Verdict: final("succeeded", "succeeded (FINISHED)"),
				Span:    gate.Span{CreatedAt: &endedAt, FinishedAt: &begunAt}, Status: "FINISHED",
			},
		},
		"times that are none": {
			client.ScriptOrder{Status: new("SKIPPED"), GmtCreated: new(int64(-1)), GmtFinished: new(int64(0))},
			gate.Order{Verdict: unknown(false, newWord, "unknown (SKIPPED)"), Status: "SKIPPED"},
		},
		"times beyond what RFC 3339 can write": {
			client.ScriptOrder{Status: new("FINISHED"), GmtCreated: new(int64(253402300800000)), GmtFinished: new(int64(1<<63 - 1))},
			gate.Order{Verdict: final("succeeded", "succeeded (FINISHED)"), Status: "FINISHED"},
		},
		"threshold": {withThreshold(over("FINISHED"), 97.5), gate.Order{
			Verdict: final("succeeded", "succeeded (FINISHED) after 5m11s"), Span: both, Status: "FINISHED", Threshold: new(97.5),
		}},
		"properties without parameters": {
			client.ScriptOrder{Status: new("READY"), Properties: &client.ScriptOrderProperties{}},
			gate.Order{Verdict: moving("pending", "pending (READY)"), Status: "READY"},
		},
		"parameters without threshold": {
			client.ScriptOrder{Status: new("READY"), Properties: &client.ScriptOrderProperties{ExecuteParam: &client.ScriptExecuteParam{}}},
			gate.Order{Verdict: moving("pending", "pending (READY)"), Status: "READY"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := gate.JudgeOrder(orderID, &test.order)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("verdict (-want +got):\n%s", diff)
			}
			if got.Succeeded() != (test.want.Outcome == "succeeded") {
				t.Errorf("succeeded is %t with outcome %s", got.Succeeded(), got.Outcome)
			}
		})
	}
}

// Times are in UTC whatever the machine's zone, since they go into the state as text.
func TestJudgeOrderTimesAreUTC(t *testing.T) {
	t.Parallel()
	got := gate.JudgeOrder(orderID, &client.ScriptOrder{GmtCreated: new(int64(1)), GmtFinished: new(int64(253402300799999))})
	want := [2]string{"1970-01-01T00:00:00.001Z", "9999-12-31T23:59:59.999Z"}
	if diff := cmp.Diff(want, [2]string{
		got.CreatedAt.Format(time.RFC3339Nano), got.FinishedAt.Format(time.RFC3339Nano),
	}); diff != "" {
		t.Errorf("times (-want +got):\n%s", diff)
	}
}

func TestJudgeOrderHostileStatus(t *testing.T) {
	t.Parallel()
	for name, text := range hostileTexts {
		got := gate.JudgeOrder(orderID, &client.ScriptOrder{Status: &text})
		if got.Outcome != gate.Unknown || got.Completed || got.Succeeded() {
			t.Errorf("%s: outcome %s, completed %t", name, got.Outcome, got.Completed)
		}
		if fault := harmless(got.Summary); fault != "" {
			t.Errorf("%s: the summary has %s: %.100q", name, fault, got.Summary)
		}
		if text != "" {
			if fault := harmless(got.Status); fault != "" {
				t.Errorf("%s: the status has %s: %.100q", name, fault, got.Status)
			}
		}
	}
}

// What people put into an order may be secret, and names of scripts come from people too.
func TestJudgeOrderKeepsParametersToItself(t *testing.T) {
	t.Parallel()
	const secret = "hunter2"
	param := client.ScriptParam{ParamName: new(secret), ParamValue: new(secret)}
	got := gate.JudgeOrder(orderID, &client.ScriptOrder{
		Status: new("ABNORMAL"), Creator: new(secret),
		Properties: &client.ScriptOrderProperties{
			ScriptName:   new(secret),
			ExecuteParam: &client.ScriptExecuteParam{ExecuteUser: new(secret), ScriptParams: []client.ScriptParam{param}},
		},
	})
	if strings.Contains(got.Summary+got.Doubt+got.Status, secret) {
		t.Errorf("the verdict gives it away: %s", got.Summary)
	}
}

func TestJudgeMissingOrder(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ what, summary string }{
		"order": {
			gate.OrderName(orderID),
			"COC script order " + orderID + ": not_found, COC does not know the order",
		},
		"statistics": {
			gate.StatisticsName(orderID),
			"Instances of COC script order " + orderID + ": not_found, COC does not know the order",
		},
		"batch": {
			gate.BatchName(orderID, 3),
			"Batch 3 of COC script order " + orderID + ": not_found, COC does not know the order",
		},
	} {
		want := gate.Verdict{Outcome: "not_found", Summary: test.summary}
		if diff := cmp.Diff(want, gate.JudgeMissingOrder(test.what)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestNeedsDigest(t *testing.T) {
	t.Parallel()
	ended := int64(1693447297283)
	of := func(status string) client.ScriptOrder { return client.ScriptOrder{Status: &status} }
	for name, test := range map[string]struct {
		order client.ScriptOrder
		want  bool
	}{
		"READY":                          {of("READY"), false},
		"PROCESSING":                     {of("PROCESSING"), false},
		"PROCESSING under a threshold":   {withThreshold(of("PROCESSING"), 50), false},
		"PAUSED":                         {of("PAUSED"), true},
		"PAUSED, all have to finish":     {withThreshold(of("PAUSED"), 100), true},
		"FINISHED, no threshold known":   {of("FINISHED"), true},
		"FINISHED, some may fail":        {withThreshold(of("FINISHED"), 99.9), true},
		"FINISHED, threshold of nothing": {withThreshold(of("FINISHED"), 0), true},
		"FINISHED, all have to finish":   {withThreshold(of("FINISHED"), 100), false},
		"CANCELED":                       {of("CANCELED"), true},
		"ABNORMAL":                       {of("ABNORMAL"), true},
		"ABNORMAL, all have to finish":   {withThreshold(of("ABNORMAL"), 100), true},
		"ERROR":                          {of("ERROR"), true},
		"ROLLBACKED":                     {of("ROLLBACKED"), true},
		"new word":                       {of("SKIPPED"), false},
		"new word with a finishing time": {client.ScriptOrder{Status: new("SKIPPED"), GmtFinished: &ended}, true},
		"no status":                      {client.ScriptOrder{}, false},
	} {
		if got := gate.JudgeOrder(orderID, &test.order).NeedsDigest(); got != test.want {
			t.Errorf("%s: needs a digest: got %t, want %t", name, got, test.want)
		}
	}
}

func TestWithDigest(t *testing.T) {
	t.Parallel()
	begun, ended := int64(1693446986000), int64(1693447297283)
	over := func(status string) client.ScriptOrder {
		return client.ScriptOrder{Status: &status, GmtCreated: &begun, GmtFinished: &ended}
	}
	hosts := strings.Fields("a b c d e f g h i j k l")
	for name, test := range map[string]struct {
		order      client.ScriptOrder
		statistics *client.ScriptOrderStatistics
		hosts      []string
		summary    string
		outcome    gate.Outcome
	}{
		"failed": {
			withThreshold(over("ABNORMAL"), 95),
			statistics(5, row("FINISHED", 3, 1), row("ABNORMAL", 2, 1)), []string{"ecs-web-2", "ecs-web-4"},
			"failed (ABNORMAL) after 5m11s; 3 of 5 instances finished, 2 failed, 0 unfinished (ABNORMAL 2), success rate 60%; " +
				"success-rate threshold 95%; failed hosts: ecs-web-2, ecs-web-4", "",
		},
		"succeeded although some failed": {
			withThreshold(over("FINISHED"), 62.5),
			statistics(3, row("FINISHED", 2, 1), row("ABNORMAL", 1, 1)), []string{"ecs-web-2"},
			"succeeded (FINISHED) after 5m11s; 2 of 3 instances finished, 1 failed, 0 unfinished (ABNORMAL 1), success rate 66.6%; " +
				"success-rate threshold 62.5%; failed hosts: ecs-web-2", "",
		},
		"succeeded, none failed": {
			over("FINISHED"), statistics(5, row("FINISHED", 5, 1)), []string{},
			"succeeded (FINISHED) after 5m11s; 5 of 5 instances finished, 0 failed, 0 unfinished, success rate 100%", "",
		},
		"canceled": {
			over("CANCELED"), statistics(12, row("CANCELED", 12, 1, 2)), hosts,
			"canceled (CANCELED) after 5m11s; 0 of 12 instances finished, 12 failed, 0 unfinished (CANCELED 12), success rate 0%; " +
				"failed hosts: a, b, c, d, e, f, g, h, i, j and 2 more", "",
		},
		"paused": {
			client.ScriptOrder{Status: new("PAUSED"), GmtCreated: &begun},
			statistics(4, row("FINISHED", 1, 1), row("ABNORMAL", 1, 1), row("READY", 2, 2)), []string{"ecs-web-2"},
			"paused (PAUSED); 1 of 4 instances finished, 1 failed, 2 unfinished (ABNORMAL 1, READY 2), success rate 25%; " +
				"failed hosts: ecs-web-2", "",
		},
		"new word": {
			over("SKIPPED"), statistics(1, row("SKIPPED", 1, 1)), []string{},
			"unknown (SKIPPED) after 5m11s; the status word is new to this version of the provider; " +
				"0 of 1 instances finished, 0 failed, 1 unfinished (SKIPPED 1), success rate 0%", "",
		},
		"nothing ran": {
			withThreshold(over("ABNORMAL"), 100), statistics(0), []string{},
			"failed (ABNORMAL) after 5m11s; no instances; success-rate threshold 100%", "",
		},
		"finished, but nothing ran": {
			over("FINISHED"), statistics(0), []string{}, "empty (FINISHED) after 5m11s; no instances", gate.Empty,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			instances := gate.JudgeStatistics(orderID, test.statistics)
			want := gate.JudgeOrder(orderID, &test.order)
			got := want.WithDigest(orderID, &gate.Digest{Instances: instances, FailedHosts: test.hosts})
			// What the instances say changes the service's own verdict in one case only: nothing ran.
			if test.outcome != "" {
				want.Outcome = test.outcome
			}
			want.Counts, want.Summary = instances.Counts, "COC script order "+orderID+": "+test.summary
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("verdict (-want +got):\n%s", diff)
			}
		})
	}
}

func TestOrderIsYoung(t *testing.T) {
	t.Parallel()
	// The id says 09:56:26 in China.
	made := time.Date(2023, 8, 31, 1, 56, 26, 0, time.UTC)
	for name, test := range map[string]struct {
		id   string
		now  time.Time
		want bool
	}{
		"just made":                      {orderID, made, true},
		"ten minutes ago":                {orderID, made.Add(10 * time.Minute), true},
		"more than ten minutes ago":      {orderID, made.Add(10*time.Minute + time.Second), false},
		"years ago":                      {orderID, made.AddDate(3, 0, 0), false},
		"same instant in another zone":   {orderID, made.Add(9 * time.Minute).In(time.FixedZone("", -7*60*60)), true},
		"later in another zone":          {orderID, made.Add(11 * time.Minute).In(time.FixedZone("", -7*60*60)), false},
		"in the future, clocks are off":  {orderID, made.Add(-2 * time.Hour), true},
		"time and nothing else":          {"SCT20230831095626", made.Add(time.Hour), false},
		"no time in the id":              {"0f8fad5b-d9cb-469f-a165-70867728950e", made.AddDate(3, 0, 0), true},
		"too few digits":                 {"SCT2023083109562", made.AddDate(3, 0, 0), true},
		"time not at the beginning":      {"xSCT2023083109562601af694bf", made.AddDate(3, 0, 0), true},
		"lower case":                     {"sct2023083109562601af694bf", made.AddDate(3, 0, 0), true},
		"digits that are no time":        {"SCT20231331095626", made.AddDate(3, 0, 0), true},
		"the thirtieth of February":      {"SCT20230230095626", made.AddDate(3, 0, 0), true},
		"empty":                          {"", made, true},
		"day before in UTC, two minutes": {"SCT20230901000100", time.Date(2023, 8, 31, 16, 3, 0, 0, time.UTC), true},
	} {
		if got := gate.OrderIsYoung(test.id, test.now); got != test.want {
			t.Errorf("%s: young: got %t, want %t", name, got, test.want)
		}
	}
}

func FuzzJudgeOrder(f *testing.F) {
	for _, status := range []string{"FINISHED", "ROLLED BACK", "PAUSED", "\x1b[31m", "\xff"} {
		f.Add(status, int64(1693446986000), int64(1693447297283))
	}
	f.Fuzz(func(t *testing.T, status string, begun, ended int64) {
		got := gate.JudgeOrder(orderID, &client.ScriptOrder{Status: &status, GmtCreated: &begun, GmtFinished: &ended})
		if got.Succeeded() != (status == "FINISHED") {
			t.Errorf("status %q: outcome %s", status, got.Outcome)
		}
		if fault := harmless(got.Summary); fault != "" {
			t.Errorf("status %q: the summary has %s: %q", status, fault, got.Summary)
		}
		if d := got.Duration(); d != nil && *d < 0 {
			t.Errorf("%d to %d: duration %s", begun, ended, *d)
		}
	})
}
