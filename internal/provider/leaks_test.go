package provider_test

import (
	"bytes"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/hashicorp/terraform-plugin-log/tflogtest"

	"github.com/hwgate/terraform-provider-hwgate/internal/provider"
)

// TestFormsShowNothingHidden plants a text in everything that may hold secrets: logs, parameters, messages of failed jobs. No form shows it
// in diagnostics, progress, summaries, reports or logs.
func TestFormsShowNothingHidden(t *testing.T) {
	t.Parallel()
	const planted = "planted text of a job"
	const of = "/orders/SCT1"
	answers := silentPath{
		of:                 `{"data":{"status":"ABNORMAL","properties":{"execute_param":{"script_params":[{"param_name":"p","param_value":"` + planted + `"}]}}}}`,
		of + "/statistics": statisticsBody(1, 1),
		of + "/batches/1": `{"data":{"total_instances":2,"execute_instances":[{"id":1,"status":"FINISHED","message":"` + planted + `"},` +
			`{"id":2,"status":"ABNORMAL","message":"` + planted + `"}]}}`,
		"/task-statistics-overview": badAnswers()["dataarts_instance_status"].body,
	}
	for source, arguments := range map[string]map[string]tftypes.Value{
		"coc_script_order":         {"execute_uuid": str("SCT1")},
		"coc_script_order_batch":   {"execute_uuid": str("SCT1"), "batch_index": integer(1)},
		"dataarts_instance_status": {},
	} {
		for form := range formsOf(source) {
			t.Run(source+"/"+form, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					answers := maps.Clone(answers)
					answers["/instances/detail"] = fmt.Sprintf(
						`{"instances":[{"jobName":"j","status":"fail","planTime":%d,"errorMessage":%q}]}`, time.Now().UnixMilli(), planted)
					p := start(t, provider.Options{WrapTransport: func(http.RoundTripper) http.RoundTripper { return answers }},
						map[string]tftypes.Value{"region": str("cn-north-4"), "project_id": str("p"), "token": str("planted-token-planted")})
					var log bytes.Buffer
					ctx := tflogtest.RootLogger(t.Context(), &log)
					var shownTo strings.Builder
					var attributes map[string]tftypes.Value
					var diagnostics []*tfprotov6.Diagnostic
					if form == "action" {
						diagnostics = p.invoke(ctx, t, source, arguments, func(line string) { shownTo.WriteString(line) })
					} else {
						attributes, diagnostics = p.look(ctx, t, form, source, arguments)
						if whole := fmt.Sprint(attributes); !strings.Contains(whole, planted) {
							t.Fatal("nothing was planted")
						}
					}
					shownTo.WriteString(diagnosticText(diagnostics) + log.String())
					for _, name := range []string{"summary", "report_markdown", "id", "outcome"} {
						if value, ok := attributes[name]; ok {
							shownTo.WriteString(value.String())
						}
					}
					if text := shownTo.String(); strings.Contains(text, "planted") || text == "" {
						t.Errorf("shown: %s", text)
					}
				})
			})
		}
	}
}
