package provider_test

import (
	"fmt"
	"io"
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"pgregory.net/rapid"

	"github.com/hwgate/terraform-provider-hwgate/internal/provider"
)

// The whole path, from the wire to the state, against an oracle that does not know the code: it draws what the services mean, writes
// it down as JSON in some odd way, and knows itself whether that may open a gate.

// A wire is what the services answer, by the end of the path.
type wireAnswers map[string]wireAnswer

type wireAnswer struct {
	status int
	body   string
}

func (w wireAnswers) RoundTrip(r *http.Request) (*http.Response, error) {
	answer := wireAnswer{http.StatusNotFound, `{"error_code":"APIG.0101","error_msg":"no such path"}`}
	longest := -1
	for end, candidate := range w {
		if strings.HasSuffix(r.URL.Path, end) && len(end) > longest {
			answer, longest = candidate, len(end)
		}
	}
	return &http.Response{
		StatusCode: answer.status, Header: http.Header{"Content-Type": {"application/json"}}, Request: r,
		Body: io.NopCloser(strings.NewReader(answer.body)),
	}, nil
}

// jsonMember writes a member of an object.
func jsonMember(name string, value any) string { return fmt.Sprintf("%q:%v", name, value) }

func jsonObject(members ...string) string { return "{" + strings.Join(members, ",") + "}" }

// odd draws whether something is out of the ordinary, which most of an answer is not.
func odd(t *rapid.T, label string) bool { return rapid.IntRange(0, 11).Draw(t, label+" is odd") == 0 }

// oddly draws something ordinary or something odd.
func oddly[T any](t *rapid.T, label string, ordinary, odds []T) T {
	if odd(t, label) {
		ordinary = odds
	}
	return rapid.SampledFrom(ordinary).Draw(t, label)
}

// envelope draws what stands around the data of an answer, and tells whether the answer can be trusted so far.
func envelope(t *rapid.T, label, data string, wrapped bool) (wireAnswer, bool) {
	status := oddly(t, label+" status", []int{200}, []int{201, 202, 204, 206, 302, 400, 404, 500})
	code := oddly(t, label+" code", []string{"absent", "", "0", "COC.0", "DLF.0000"}, []string{"COC.00040709", "FDI.9999", "X"})
	inner := strings.TrimSuffix(strings.TrimPrefix(data, "{"), "}")
	if wrapped {
		inner = `"data":` + data
	}
	if code != "absent" {
		inner = jsonMember("error_code", fmt.Sprintf("%q", code)) + "," + inner
	}
	failure := oddly(t, label+" error", []string{"", "null", "{}"}, []string{`{"code":"X","message":"no"}`, `{"code":404}`})
	if failure != "" {
		inner = jsonMember("error", failure) + "," + inner
	}
	twice := odd(t, label+" twice")
	if twice {
		inner += "," + inner
	}
	zero := code == "" || code == "absent" || code == "0" || code == "COC.0" || code == "DLF.0000"
	return wireAnswer{status, "{" + inner + "}"}, status == http.StatusOK && zero && !twice && !strings.Contains(failure, "code")
}

// count draws a count and how it is written; ok tells whether it can be trusted.
func count(t *rapid.T, label string, most int) (n int, written string, ok bool) {
	n = rapid.IntRange(0, most).Draw(t, label)
	form := -1
	if odd(t, label+" form") {
		form = rapid.IntRange(0, 7).Draw(t, label+" form")
	}
	switch form {
	case 0:
		return n, fmt.Sprintf(`"%d"`, n), true
	case 1:
		return n, fmt.Sprintf(`%d.0`, n), true
	case 2:
		return 0, "null", false
	case 3:
		return 0, fmt.Sprint(-1 - n), false
	case 4:
		return 0, `"many"`, false
	case 5:
		return 0, "1e-400", false
	case 6:
		return 0, "0.5", false
	case 7:
		return 0, "[]", false
	default:
		return n, fmt.Sprint(n), true
	}
}

// drawOrder draws an order with its statistics, and whether it succeeded.
func drawOrder(t *rapid.T) (wireAnswers, bool) {
	status := oddly(t, "order", []string{"FINISHED"},
		[]string{"READY", "PROCESSING", "PAUSED", "ABNORMAL", "CANCELED", "finished", "FINISHED ", ""})
	threshold := rapid.SampledFrom([]float64{-1, 0, 1, 50, 66.7, 100}).Draw(t, "threshold")
	members := []string{jsonMember("status", fmt.Sprintf("%q", status)), jsonMember("gmt_created", 1697946452186), jsonMember("gmt_finished", 1697946763469)}
	if threshold >= 0 {
		members = append(members, jsonMember("properties", jsonObject(jsonMember("execute_param", jsonObject(jsonMember("success_rate", threshold))))))
	}
	echo := oddly(t, "echo", []string{"absent", "SCT1"}, []string{"SCT2"})
	if echo != "absent" {
		members = append(members, jsonMember("execute_uuid", fmt.Sprintf("%q", echo)))
	}
	order, ok := envelope(t, "order", jsonObject(members...), true)
	good := ok && status == "FINISHED" && echo != "SCT2"

	words := []string{"FINISHED", "ABNORMAL", "CANCELED", "PROCESSING", "SKIPPED"}
	sum, finished, open, trusted := 0, 0, 0, true
	var rows []string
	for _, word := range words {
		most := 3
		if (word == "PROCESSING" || word == "SKIPPED") && !odd(t, word) {
			most = 0
		}
		n, written, ok := count(t, word, most)
		trusted = trusted && ok
		sum += n
		switch word {
		case "FINISHED":
			finished = n
		case "PROCESSING", "SKIPPED":
			open += n
		}
		rows = append(rows, jsonObject(jsonMember("instance_status", fmt.Sprintf("%q", word)), jsonMember("instance_count", written), jsonMember("batch_indexes", "[1]")))
	}
	total := sum + oddly(t, "total", []int{0}, []int{1, -1})
	members = []string{jsonMember("total_instance", total), jsonMember("execute_statistics", "["+strings.Join(rows, ",")+"]")}
	named := oddly(t, "name in the statistics", []string{"", "SCT1"}, []string{"SCT2"})
	if named != "" {
		members = append(members, jsonMember("execute_uuid", fmt.Sprintf("%q", named)))
	}
	statistics, ok := envelope(t, "statistics", jsonObject(members...), true)
	rate := math.Round(1000*float64(finished)/float64(max(sum, 1))) / 10
	confirmed := ok && trusted && total == sum && named != "SCT2" && sum > 0 && open == 0 &&
		(finished == sum || threshold >= 1 && threshold < 100 && rate >= threshold)
	return wireAnswers{"/orders/SCT1": order, "/statistics": statistics}, good && confirmed
}

// drawJobs draws the job instances of a workspace, and whether they succeeded.
func drawJobs(t *rapid.T) (wireAnswers, bool) {
	counts, trusted := map[string]int{}, true
	var members []string
	for _, word := range []string{
		"fail", "force_success", "freeze", "ignore_success", "manual_stop", "pause", "running", "running_exception", "skip", "success",
		"waiting_confirm", "waiting",
	} {
		most := 0
		if word == "success" || odd(t, word) {
			most = 2
		}
		n, written, ok := 0, "0", true
		if most > 0 {
			n, written, ok = count(t, word, most)
		}
		trusted = trusted && ok
		counts[word] = n
		members = append(members, jsonMember(word+"_count", written))
	}
	further := oddly(t, "further", []string{"", "0", "null"}, []string{"7", "-1"})
	if further != "" {
		name := rapid.SampledFrom([]string{"timeout_count", "timeoutCount", "FAIL_COUNT", "failed", "error_tasks"}).Draw(t, "name of the further count")
		members = append(members, jsonMember(name, further))
	}
	answer, ok := envelope(t, "jobs", jsonObject(members...), false)
	good := ok && trusted && (further == "" || further == "0" || further == "null") && counts["success"]+counts["force_success"]+counts["ignore_success"] > 0
	for _, word := range []string{"fail", "running_exception", "running", "waiting", "waiting_confirm", "pause", "manual_stop"} {
		good = good && counts[word] == 0
	}
	return wireAnswers{"/task-statistics-overview": answer}, good
}

// drawTasks draws the tasks of an instance, and whether they are healthy.
func drawTasks(t *rapid.T) (wireAnswers, bool) {
	sums, trusted := map[string]int{}, true
	var members []string
	for _, kind := range []string{"common", "cdc"} {
		switch oddly(t, kind, []string{"there", "null"}, []string{"absent"}) {
		case "absent":
			trusted = false
			continue
		case "null":
			members = append(members, jsonMember(kind+"_task_details", "null"))
			continue
		}
		var inner []string
		for _, word := range []string{"running", "abnormal", "terminated", "completed"} {
			most := 2
			if word == "abnormal" && !odd(t, kind+" abnormal") {
				most = 0
			}
			n, written, ok := count(t, kind+" "+word, most)
			trusted = trusted && ok
			sums[word] += n
			inner = append(inner, jsonMember(word+"_tasks_count", written))
		}
		if further := oddly(t, kind+" further", []string{"", "0"}, []string{"7"}); further != "" {
			trusted = trusted && further == "0"
			inner = append(inner, jsonMember("failed_tasks_count", further))
		}
		members = append(members, jsonMember(kind+"_task_details", jsonObject(inner...)))
	}
	if third := oddly(t, "third", []string{"", "0"}, []string{"9"}); third != "" {
		trusted = trusted && third == "0"
		members = append(members, jsonMember("stream_task_details", jsonObject(jsonMember("abnormal_tasks_count", third))))
	}
	answer, ok := envelope(t, "tasks", jsonObject(members...), false)
	return wireAnswers{"/statistics/tasks": answer}, ok && trusted && sums["abnormal"] == 0 && sums["running"]+sums["completed"] > 0
}

// wholePath reads what was drawn, and compares the state with the oracle.
func wholePath(tb testing.TB, t *rapid.T) {
	tb.Helper()
	source := rapid.SampledFrom([]string{"coc_script_order", "dataarts_instance_status", "one job", "roma_fdi_task_statistics"}).Draw(t, "source")
	var answers wireAnswers
	var good bool
	arguments, verdict := map[string]tftypes.Value{}, "succeeded"
	switch source {
	case "coc_script_order":
		answers, good = drawOrder(t)
		arguments["execute_uuid"] = str("SCT1")
	case "dataarts_instance_status":
		answers, good = drawJobs(t)
	case "one job":
		answers, good = drawRuns(t)
		source = "dataarts_instance_status"
		arguments["job_name"], arguments["since"] = str("etl"), str("2h")
	default:
		answers, good = drawTasks(t)
		arguments["instance_id"], verdict = str("i"), "healthy"
	}
	p := start(tb, provider.Options{
		WrapTransport: func(http.RoundTripper) http.RoundTripper { return answers },
	}, map[string]tftypes.Value{
		"region": str("cn-north-4"), "project_id": str("p"), "token": str("planted-token-planted"), "max_retries": integer(0),
	})
	state, diagnostics := p.read(tb.Context(), tb, source, arguments)
	failed := slices.ContainsFunc(diagnostics, func(d *tfprotov6.Diagnostic) bool { return d.Severity == tfprotov6.DiagnosticSeverityError })
	var opened bool
	var outcome, summary string
	if !failed {
		if err := state[verdict].As(&opened); err != nil {
			t.Fatalf("%s: %v", verdict, err)
		}
		for name, value := range map[string]*string{"outcome": &outcome, "summary": &summary} {
			if err := state[name].As(value); err != nil || *value == "" {
				t.Fatalf("%s is %q, error %v", name, *value, err)
			}
		}
	}
	if opened != good {
		t.Fatalf("%s: the gate opened: %t, and it should: %t\nanswers: %v\noutcome %q, summary %q, diagnostics %s",
			source, opened, good, answers, outcome, summary, diagnosticText(diagnostics))
	}
	if text := diagnosticText(diagnostics) + summary; strings.Contains(text, "planted") {
		t.Fatalf("a secret is shown: %s", text)
	}
}

func diagnosticText(diagnostics []*tfprotov6.Diagnostic) string {
	var b strings.Builder
	for _, d := range diagnostics {
		fmt.Fprintf(&b, "%s: %s: %s\n", d.Severity, d.Summary, d.Detail)
	}
	return b.String()
}

// A gate opens exactly when what the services mean is good, however it is written.
func TestWholePath(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) { wholePath(t, r) })
}

func FuzzWholePath(f *testing.F) {
	f.Fuzz(func(t *testing.T, seed []byte) {
		rapid.MakeFuzz(func(r *rapid.T) { wholePath(t, r) })(t, seed)
	})
}
