package provider_test

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/hashicorp/terraform-plugin-log/tflogtest"
)

// hostile is text that does harm where it is shown as it is. JSON can hold it all but for the two bytes that are no UTF-8.
const hostile = "\x1b[31mred\x1b]0;title\x07\r\n\nError: forged\u2028\u202egnp.exe\u200b\u0085\x00%s%d%!v(BAD) \xff\xc3("

// TestHostileText puts such text into every string that a service says, and looks at all that is shown.
func TestHostileText(t *testing.T) {
	t.Parallel()
	text := jsonText(hostile)
	long := jsonText(strings.Repeat("long "+hostile, 2000))
	tests := map[string]faults{
		"in the data":       {hostileData(text)},
		"in long data":      {hostileData(long)},
		"in names":          {says(200, fmt.Sprintf(`{"data":{%[1]s:%[1]s,"status":{%[1]s:1}},%[1]s:1,"fail_count":{%[1]s:1},"cdc_task_details":[]}`, text))},
		"in an envelope":    {says(400, fmt.Sprintf(`{"error_code":%[1]s,"error_msg":%[1]s,"request_id":%[1]s}`, text))},
		"in a long one":     {says(400, fmt.Sprintf(`{"error_code":%[1]s,"error_msg":%[1]s,"request_id":%[1]s}`, long))},
		"in IAM's envelope": {says(403, fmt.Sprintf(`{"error":{"code":%[1]s,"message":%[1]s,"title":%[1]s}}`, text))},
		"in a success":      {says(200, fmt.Sprintf(`{"error_code":%[1]s,"error_msg":%[1]s}`, text))},
		"in HTML":           {says(500, "<html><title>"+hostile+"</title>"), says(404, "<p>"+hostile)},
		"in HTML, escaped":  {says(404, "<html><title>&#27;[31m &#x202e; &#10;</title>")},
		"in a page":         {says(200, "<title>"+hostile+"</title>")},
		"in text":           {says(400, hostile)},
		"in no UTF-8":       {says(400, strings.Repeat("\xff\xfe", 1000))},
		"in a redirect":     {says(307, ``, "Location", "https://a.test/%1b[31m%0aError:%20forged%e2%80%ae?"+url.QueryEscape(hostile))},
		"in a request id":   {says(400, ``, "X-Request-Id", "\x80\u202e\t%s"+strings.Repeat("x", 10_000))},
	}
	for name, faults := range tests {
		for source, asked := range badAnswers() {
			t.Run(name+"/"+source, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					network := newNetwork(t, deployment(t, faults))
					p := network.start(t, "http://service.test", nil)
					arguments := maps.Clone(asked.arguments)
					delete(arguments, "failure_details")
					var log bytes.Buffer
					attributes, diagnostics := p.read(tflogtest.RootLogger(t.Context(), &log), t, source, arguments)
					checkNotGreen(t, attributes)
					checkShown(t, diagnostics, attributes)
					for _, entry := range entries(t, &log, "request sent", []string{"request_id", "path"}) {
						checkHarmless(t, fmt.Sprint(entry...))
					}
				})
			})
		}
	}
}

// jsonText is a JSON string that a lenient service might send: control characters escaped, and bytes that are no UTF-8 as they are.
func jsonText(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(text) {
		switch c := text[i]; {
		case c < ' ' || c == '"' || c == '\\':
			fmt.Fprintf(&b, `\u%04x`, c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// hostileData has the text in every string of the answers, with statuses that lead to failed hosts.
func hostileData(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		status := `"ABNORMAL"`
		instance := func(id int, status, names string) string {
			return fmt.Sprintf(`{"id":%[1]d,"status":%[2]s,"message":%[3]s,"gmt_created":%[3]s,"target_instance":{"resource_id":%[3]s,"provider":%[3]s,`+
				`"region_id":%[3]s,"type":%[3]s,"agent_sn":%[3]s,"custom_attributes":[{"key":%[3]s,"value":%[3]s}],"properties":{"host_name":%[4]s,`+
				`"fixed_ip":%[3]s,"zone_id":%[3]s}}}`, id, status, text, names)
		}
		var body string
		switch {
		case r.URL.Path == orderPath:
			body = fmt.Sprintf(`{"data":{"status":%[1]s,"creator":%[2]s,"gmt_created":%[2]s,"properties":{"script_name":%[2]s,"execute_param":`+
				`{"success_rate":%[2]s,"script_params":[{"param_name":%[2]s,"param_value":%[2]s}]}}}}`, status, text)
		case strings.HasSuffix(r.URL.Path, "/statistics"):
			body = fmt.Sprintf(`{"data":{"total_instance":3,"execute_statistics":[{"instance_status":"ABNORMAL","instance_count":2,`+
				`"batch_indexes":[1]},{"instance_status":%s,"instance_count":1,"batch_indexes":[1]}]}}`, text)
		case strings.Contains(r.URL.Path, "/batches/"):
			body = fmt.Sprintf(`{"data":{"total_instances":3,"execute_instances":[%s,%s,%s]}}`,
				instance(1, status, text), instance(2, status, "null"), instance(3, text, `""`))
		default:
			body = fmt.Sprintf(`{"fail_count":1,"total_count":%[1]s,"success_count":"5","common_task_details":{"abnormal_tasks_count":1,`+
				`"running_tasks_count":%[1]s}}`, text)
		}
		_, _ = io.WriteString(w, body)
	}
}
