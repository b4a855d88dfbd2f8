package provider_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/hwgate/terraform-provider-hwgate/internal/provider"
)

// A silentPath answers by the end of the path, and never where there is no answer.
type silentPath map[string]string

func (s silentPath) RoundTrip(r *http.Request) (*http.Response, error) {
	for end, body := range s {
		if strings.HasSuffix(r.URL.Path, end) {
			return &http.Response{StatusCode: http.StatusOK, Request: r, Body: io.NopCloser(strings.NewReader(body))}, nil
		}
	}
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// TestEndsInEveryPhase falls silent in each phase of a read that comes after the first look. Every form ends with its time limit, within a
// second of a cancellation, and leaves nothing running, or the bubble would not end.
func TestEndsInEveryPhase(t *testing.T) {
	t.Parallel()
	order := map[string]tftypes.Value{"execute_uuid": str("SCT1")}
	const of = "/orders/SCT1"
	statistics := of + "/statistics"
	tests := map[string]struct {
		source    string
		arguments map[string]tftypes.Value
		answers   silentPath
		// waiting says that the read ends with its time whatever else is silent.
		waiting bool
	}{
		"the confirmation": {"coc_script_order", order, silentPath{of: `{"data":{"status":"FINISHED"}}`}, false},
		"progress":         {"coc_script_order", order, silentPath{of: `{"data":{"status":"PROCESSING"}}`}, true},
		"a batch":          {"coc_script_order", order, silentPath{of: `{"data":{"status":"ABNORMAL"}}`, statistics: statisticsBody(2, 1)}, false},
		"failed jobs": {
			"dataarts_instance_status", map[string]tftypes.Value{},
			silentPath{"/task-statistics-overview": badAnswers()["dataarts_instance_status"].body}, false,
		},
		"abnormal tasks": {
			"roma_fdi_task_statistics", map[string]tftypes.Value{"instance_id": str("i")},
			silentPath{"/statistics/tasks": badAnswers()["roma_fdi_task_statistics"].body}, true,
		},
	}
	for name, test := range tests {
		for form, operation := range formsOf(test.source) {
			for end, patience := range map[string]time.Duration{"deadline": time.Minute, "cancellation": 59*time.Second + 500*time.Millisecond} {
				t.Run(name+"/"+form+"/"+end, func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						p := start(t, provider.Options{WrapTransport: func(http.RoundTripper) http.RoundTripper { return test.answers }},
							map[string]tftypes.Value{"region": str("cn-north-4"), "project_id": str("p"), "token": str("planted-token-planted")})
						arguments := with(test.arguments, "timeouts", limitOf(operation, "1m"))
						if argument := waitArgument[test.source]; form != "action" && test.waiting {
							arguments = with(arguments, argument, tftypes.NewValue(tftypes.Bool, true))
						}
						ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
						defer cancel()
						if end == "cancellation" {
							time.AfterFunc(patience, cancel)
						}
						begin := time.Now()
						_, diagnostics := p.look(ctx, t, form, test.source, arguments)
						if took := time.Since(begin); took < patience || took > patience+time.Second {
							t.Errorf("it ended after %s, want %s", took, patience)
						}
						if end == "cancellation" {
							checkError(t, diagnostics, []string{"The read was canceled before it ended. Run it again."})
						} else if len(diagnostics) == 0 {
							t.Error("nobody is told that something was not read")
						}
					})
				})
			}
		}
	}
}

var waitArgument = map[string]string{
	"coc_script_order": "wait_for_completion", "dataarts_instance_status": "wait_for_completion", "roma_fdi_task_statistics": "wait_until_healthy",
}

// TestTimeoutSaysWhatIsNotClear waits in vain for a state that is not clear: more time helps nobody who does not learn why it is not.
func TestTimeoutSaysWhatIsNotClear(t *testing.T) {
	t.Parallel()
	workspace := badAnswers()["dataarts_instance_status"].body
	for name, test := range map[string]struct {
		source    string
		arguments map[string]tftypes.Value
		answers   silentPath
		want      string
	}{
		"a new status": {
			"coc_script_order", map[string]tftypes.Value{"execute_uuid": str("SCT1")}, silentPath{"/orders/SCT1": `{"data":{"status":"ROTTEN"}}`},
			"after 9m50s of waiting; the status ROTTEN is new to this version of the provider.",
		},
		"a new count": {
			"dataarts_instance_status", map[string]tftypes.Value{},
			silentPath{"/task-statistics-overview": strings.Replace(workspace, "{", `{"timeout_count":7,`, 1)},
			"after 9m50s of waiting; counts new to this version of the provider: timeout (7)",
		},
		"a count that is missing": {
			"dataarts_instance_status", map[string]tftypes.Value{},
			silentPath{"/task-statistics-overview": strings.Replace(workspace, `"skip_count":0,`, "", 1)},
			"after 9m50s of waiting; the count of skip is missing.",
		},
		"a kind of tasks that is missing": {
			"roma_fdi_task_statistics", map[string]tftypes.Value{"instance_id": str("i")}, silentPath{"/statistics/tasks": `{"cdc_task_details":null}`},
			"after 9m50s of waiting; the member common_task_details is absent from the answer.",
		},
	} {
		for form, operation := range formsOf(test.source) {
			t.Run(name+"/"+form, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					p := start(t, provider.Options{WrapTransport: func(http.RoundTripper) http.RoundTripper { return test.answers }},
						map[string]tftypes.Value{"region": str("cn-north-4"), "project_id": str("p"), "token": str("planted-token-planted")})
					arguments := with(test.arguments, "timeouts", limitOf(operation, "10m"))
					if form != "action" {
						arguments = with(arguments, waitArgument[test.source], tftypes.NewValue(tftypes.Bool, true))
					}
					_, diagnostics := p.look(t.Context(), t, form, test.source, arguments)
					checkError(t, diagnostics, []string{test.want})
				})
			})
		}
	}
}
