package gate

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hwgate/terraform-provider-hwgate/internal/client"
)

const begun, ended = int64(1693446986000), int64(1693447297283)

// over is an order that has ended, after 311 seconds.
func over(status string) *client.ScriptOrder {
	return &client.ScriptOrder{Status: &status, GmtCreated: new(begun), GmtFinished: new(ended)}
}

// open is an order that has begun.
func open(status string) *client.ScriptOrder {
	return &client.ScriptOrder{Status: &status, GmtCreated: new(begun)}
}

func withThreshold(order *client.ScriptOrder, percent float64) *client.ScriptOrder {
	order.Properties = &client.ScriptOrderProperties{ExecuteParam: &client.ScriptExecuteParam{SuccessRate: &percent}}
	return order
}

func readOrder(t *testing.T, service *coc, asked OrderRequest) *OrderReport {
	t.Helper()
	if asked.Order == (client.Order{}) {
		asked.Order = theOrder
	}
	report, err := ReadOrder(t.Context(), service, asked)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

const newStatus = "is new to this version of the provider"

// Each row of the table of outcomes holds for the status alone, in one request. Times that make no sense are none.
func TestOrder(t *testing.T) {
	t.Parallel()
	const named = "COC script order " + orderID + ": "
	begunAt := time.Date(2023, 8, 31, 1, 56, 26, 0, time.UTC)
	endedAt := time.Date(2023, 8, 31, 2, 1, 37, 283_000_000, time.UTC)
	created, both := Span{CreatedAt: &begunAt}, Span{CreatedAt: &begunAt, FinishedAt: &endedAt}
	final := func(outcome Outcome) Verdict {
		return Verdict{Outcome: outcome, Phase: phaseOf(outcome, true), Completed: true}
	}
	unknown := func(completed bool, doubt string) Verdict {
		return Verdict{Outcome: Unknown, Phase: phaseOf(Unknown, completed), Completed: completed, Doubt: doubt}
	}
	newWord := func(completed bool, doubt string) Verdict {
		verdict := unknown(completed, doubt)
		verdict.DoubtKind = NewWord
		return verdict
	}
	const noStatus = "the answer has no status"
	for name, test := range map[string]struct {
		order   *client.ScriptOrder
		verdict Verdict
		span    Span
		text    string
	}{
		"READY":                             {open("READY"), Verdict{Outcome: Pending}, created, "still pending (READY)"},
		"PROCESSING":                        {open("PROCESSING"), Verdict{Outcome: Running}, created, "still running (PROCESSING)"},
		"PAUSED":                            {open("PAUSED"), Verdict{Outcome: Paused, Phase: Stuck}, created, "paused (PAUSED)"},
		"FINISHED":                          {over("FINISHED"), final(Succeeded), both, "succeeded (FINISHED) after 5m11s, ended 2023-08-31T02:01:37Z"},
		"CANCELED":                          {over("CANCELED"), final(Canceled), both, "canceled (CANCELED) after 5m11s, ended 2023-08-31T02:01:37Z"},
		"ABNORMAL":                          {over("ABNORMAL"), final(Failed), both, "failed (ABNORMAL) after 5m11s, ended 2023-08-31T02:01:37Z"},
		"ABNORMAL without a finishing time": {open("ABNORMAL"), final(Failed), created, "failed (ABNORMAL)"},
		"ERROR":                             {over("ERROR"), final(Failed), both, "failed (ERROR) after 5m11s, ended 2023-08-31T02:01:37Z"},
		"ROLLBACKED":                        {over("ROLLBACKED"), final(Failed), both, "failed (ROLLBACKED) after 5m11s, ended 2023-08-31T02:01:37Z"},
		"ROLLED BACK":                       {over("ROLLED BACK"), final(Failed), both, "failed (ROLLBACKED) after 5m11s, ended 2023-08-31T02:01:37Z"},
		"new word": {
			open("SKIPPED"), newWord(false, "the status SKIPPED "+newStatus), created, "unknown (SKIPPED); the status SKIPPED " + newStatus,
		},
		"new word with a finishing time": {
			over("SKIPPED"), newWord(true, "the status SKIPPED "+newStatus), both, "unknown (SKIPPED) after 5m11s, ended 2023-08-31T02:01:37Z; the status SKIPPED " + newStatus,
		},
		"word that cannot be printed": {
			open("\x1b\n"), newWord(false, `the status "\x1b\n" `+newStatus), created, `unknown ("\x1b\n"); the status "\x1b\n" ` + newStatus,
		},
		"word that looks like success": {
			over("FINISHED\x00"), newWord(true, `the status "FINISHED\x00" `+newStatus), both,
			`unknown ("FINISHED\x00") after 5m11s, ended 2023-08-31T02:01:37Z; the status "FINISHED\x00" ` + newStatus,
		},
		"no status": {
			&client.ScriptOrder{GmtCreated: new(begun)}, unknown(false, noStatus), created, "unknown; " + noStatus,
		},
		"empty status with a finishing time": {over(""), unknown(true, noStatus), both, "unknown after 5m11s, ended 2023-08-31T02:01:37Z; " + noStatus},
		"nothing at all":                     {&client.ScriptOrder{}, unknown(false, noStatus), Span{}, "unknown; " + noStatus},
		"finished before it began": {
			&client.ScriptOrder{Status: new("FINISHED"), GmtCreated: new(ended), GmtFinished: new(begun)}, final(Succeeded),
			Span{CreatedAt: &endedAt, FinishedAt: &begunAt}, "succeeded (FINISHED), ended 2023-08-31T01:56:26Z",
		},
		"times that are none": {
			&client.ScriptOrder{Status: new("SKIPPED"), GmtCreated: new(int64(-1)), GmtFinished: new(int64(0))},
			newWord(false, "the status SKIPPED "+newStatus), Span{}, "unknown (SKIPPED); the status SKIPPED " + newStatus,
		},
		"times beyond what RFC 3339 can write": {
			&client.ScriptOrder{Status: new("FINISHED"), GmtCreated: new(int64(253402300800000)), GmtFinished: new(int64(1<<63 - 1))},
			final(Succeeded), Span{}, "succeeded (FINISHED)",
		},
		"properties without parameters": {
			&client.ScriptOrder{Status: new("READY"), Properties: &client.ScriptOrderProperties{}}, Verdict{Outcome: Pending}, Span{},
			"still pending (READY)",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.order.Warnings = []string{"creator is a list"}
			service := &coc{order: always(test.order)}
			got := readOrder(t, service, OrderRequest{})
			if diff := cmp.Diff(test.verdict, got.Verdict) + cmp.Diff(test.span, got.Span); diff != "" {
				t.Errorf("verdict and span (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(named+test.text, got.Summary); diff != "" {
				t.Errorf("summary (-want +got):\n%s", diff)
			}
			if !cmp.Equal(service.ordersAsked, []client.Order{theOrder}) || service.statsAsked != nil || service.batchesAsked != nil {
				t.Errorf("asked for %v, %v and %v", service.ordersAsked, service.statsAsked, service.batchesAsked)
			}
			if got.Order != test.order || got.Failures != nil || got.Culprits != nil || got.UnreadDetails != nil || got.Timeout != nil ||
				!cmp.Equal(got.UnreadFields, test.order.Warnings) {
				t.Errorf("got %+v", got)
			}
		})
	}
}

// Whatever the service sends as a status, no outcome but unknown comes of it, and the summary is one harmless line.
func TestOrderHostileStatus(t *testing.T) {
	t.Parallel()
	for name, status := range hostileTexts {
		got := readOrder(t, &coc{order: always(&client.ScriptOrder{Status: &status})}, OrderRequest{})
		if got.Outcome != Unknown || got.Completed || got.Good() {
			t.Errorf("%s: outcome %s, completed %t", name, got.Outcome, got.Completed)
		}
		if fault := harmless(got.Summary); fault != "" {
			t.Errorf("%s: the summary has %s: %.100q", name, fault, got.Summary)
		}
	}
}

// What people put into an order may be secret, and names of scripts come from people too.
func TestOrderKeepsParametersToItself(t *testing.T) {
	t.Parallel()
	const secret = "hunter2"
	param := client.ScriptParam{ParamName: new(secret), ParamValue: new(secret)}
	got := readOrder(t, &coc{order: always(&client.ScriptOrder{
		Status: new("ABNORMAL"), Creator: new(secret),
		Properties: &client.ScriptOrderProperties{
			ScriptName:   new(secret),
			ExecuteParam: &client.ScriptExecuteParam{ExecuteUser: new(secret), ScriptParams: []client.ScriptParam{param}},
		},
	})}, OrderRequest{})
	if strings.Contains(got.Summary+got.Markdown+got.Doubt, secret) {
		t.Errorf("the report gives it away: %s\n%s", got.Summary, got.Markdown)
	}
}

var errNotFound = &client.Error{Status: 400, Code: "COC.00040709", Message: "the order does not exist"}

// An order that COC does not know is an error, or data when that is asked for. Any other failure is an error all the same.
func TestMissingOrder(t *testing.T) {
	t.Parallel()
	refused := &client.Error{Status: 403}
	for _, fault := range []error{errNotFound, refused} {
		service := &coc{
			order: failing[*client.ScriptOrder](fault), statistics: failing[*client.ScriptOrderStatistics](fault),
			batchErr: map[int64]error{3: fault},
		}
		for name, read := range map[string]func(ignore bool) (Report, error){
			"COC script order " + orderID: func(ignore bool) (Report, error) {
				report, err := ReadOrder(t.Context(), service, OrderRequest{Order: theOrder, IgnoreNotFound: ignore})
				if err != nil {
					return Report{}, err
				}
				return report.Report, nil
			},
			"Instances of COC script order " + orderID: func(ignore bool) (Report, error) {
				report, err := ReadStatistics(t.Context(), service, theOrder, ignore)
				if err != nil {
					return Report{}, err
				}
				return report.Report, nil
			},
			"Batch 3 of COC script order " + orderID: func(ignore bool) (Report, error) {
				asked := BatchRequest{Batch: client.Batch{Order: theOrder, BatchIndex: 3}, IgnoreNotFound: ignore}
				report, err := ReadBatch(t.Context(), service, asked)
				if err != nil {
					return Report{}, err
				}
				return report.Report, nil
			},
		} {
			if _, err := read(false); !errors.Is(err, fault) {
				t.Errorf("%s: error %v, want %v", name, err, fault)
			}
			got, err := read(true)
			if errors.Is(fault, refused) {
				if !errors.Is(err, fault) {
					t.Errorf("%s: error %v, want %v", name, err, fault)
				}
				continue
			}
			want := Report{
				Verdict: Verdict{Outcome: NotFound, Phase: Over}, Summary: name + ": not_found, COC does not know the order",
				Markdown: "### ❌ " + escapeCell(name) + ": not\\_found\n",
			}
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Errorf("%s: error %v, report (-want +got):\n%s", name, err, diff)
			}
		}
	}
}

// An order is young for ten minutes after the time in its id, and for ever without one.
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
		if got := orderIsYoung(test.id, test.now); got != test.want {
			t.Errorf("%s: young: got %t, want %t", name, got, test.want)
		}
	}
}

// Success is FINISHED and nothing else, whatever the status and the times are.
func FuzzJudgeOrder(f *testing.F) {
	for _, status := range []string{"FINISHED", "ROLLED BACK", "PAUSED", "\x1b[31m", "\xff"} {
		f.Add(status, int64(1693446986000), int64(1693447297283))
	}
	f.Fuzz(func(t *testing.T, status string, begun, ended int64) {
		order := &client.ScriptOrder{Status: &status, GmtCreated: &begun, GmtFinished: &ended}
		got := readOrder(t, &coc{order: always(order)}, OrderRequest{})
		if got.Good() != (status == "FINISHED") || got.Good() != got.Succeeded() {
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
