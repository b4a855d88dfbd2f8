package provider_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/hashicorp/terraform-plugin-log/tflogtest"

	"github.com/hwgate/terraform-provider-hwgate/internal/cloudtest"
)

// Secrets that must not be seen again. Those that services give out have the characters that escapes are made of.
const (
	hiddenSecret   = "hidden/secret+key=="
	hiddenSecurity = "hidden/security+token/0123456789abcdefghij=="
	hiddenToken    = "hidden/ready+token/0123456789abcdefghij=="
	hiddenLogIn    = "hidden/log-in+token/0123456789abcdefghij=="
	hiddenUnscoped = "hidden/unscoped+token/0123456789abcdefghij=="
	hiddenPassword = `hidden"pass\word<&>`
	hiddenLog      = "hidden log of a host"
	hiddenValue    = "hidden value of a parameter"
)

var hidden = []string{
	secretKey, proxyPassword, hiddenSecret, hiddenSecurity, hiddenToken, hiddenLogIn, hiddenUnscoped, hiddenPassword, identityToken,
	hiddenLog, hiddenValue,
}

// checkSecret checks that nothing hidden is in a text, in no spelling, and no long one in part.
func checkSecret(t testing.TB, where, text string, more ...string) {
	t.Helper()
	for _, spelled := range []string{text, unspelled(text), unspelled(unspelled(text))} {
		for _, secret := range append(more, hidden...) {
			const recognizable = 16
			if len(secret) >= 2*recognizable {
				secret = secret[:recognizable]
			}
			if strings.Contains(spelled, secret) {
				t.Errorf("%s shows %q:\n%s", where, secret, text)
			}
		}
	}
}

var jsonEscape = regexp.MustCompile(`\\u[0-9a-fA-F]{4}`)

// unspelled reads the escapes of JSON, HTML and URLs.
func unspelled(text string) string {
	text = jsonEscape.ReplaceAllStringFunc(text, func(escape string) string {
		var char string
		if json.Unmarshal([]byte(`"`+escape+`"`), &char) != nil {
			return escape
		}
		return char
	})
	text = strings.NewReplacer(`\/`, "/", `\"`, `"`, `\\`, `\`, "%2F", "/", "%2B", "+", "%3D", "=").Replace(text)
	return html.UnescapeString(text)
}

// logIns are all ways to authenticate: what is configured for each.
func logIns(t *testing.T) map[string]map[string]tftypes.Value {
	t.Helper()
	file := filepath.Join(t.TempDir(), "config.json")
	profile := fmt.Sprintf(`{"current":"p","profiles":[{"name":"p","mode":"AKSK","accessKeyId":"AK","secretAccessKey":%q,"securityToken":%q}]}`,
		hiddenSecret, hiddenSecurity)
	if err := os.WriteFile(file, []byte(profile), 0o600); err != nil {
		t.Fatal(err)
	}
	temporary := map[string]tftypes.Value{"access_key": str("AK"), "secret_key": str(hiddenSecret), "security_token": str(hiddenSecurity)}
	with := func(more map[string]tftypes.Value) map[string]tftypes.Value {
		settings := maps.Clone(temporary)
		maps.Copy(settings, more)
		return settings
	}
	return map[string]map[string]tftypes.Value{
		"static key":    keyed(nil),
		"temporary key": temporary,
		"token":         {"token": str(hiddenToken)},
		"password":      {"user_name": str("me"), "domain_name": str("us"), "password": str(hiddenPassword)},
		"profile":       {"shared_config_file": str(file)},
		"metadata":      {},
		"agency, v3":    with(map[string]tftypes.Value{"assume_role": role("domain_name")}),
		"agency, v5":    with(map[string]tftypes.Value{"assume_role": role("domain_id")}),
		"CI identity":   {"assume_role_with_oidc": oidcRole()},
	}
}

// vault gives out what sign-ins ask for.
func vault() *cloudtest.Account {
	return &cloudtest.Account{
		Token: hiddenLogIn, Unscoped: hiddenUnscoped, AccessKey: "AK3", SecretKey: hiddenSecret, SecurityToken: hiddenSecurity,
		Life: 12 * time.Hour, Projects: map[string]string{"cn-north-4": projectID},
	}
}

// laterEcho repeats what comes after the first step of a log-in.
var laterEcho = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	if strings.HasSuffix(r.URL.Path, "/tokens") {
		vault().ServeHTTP(w, r)
	} else {
		echo(400, inEnvelope)(w, r)
	}
})

// echo answers with all that was sent, as a gateway that explains a signature does, in the form of some server.
func echo(status int, form func(text string) (body, contentType string)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, contentType := form(everything(r))
		says(status, body, "Content-Type", contentType).ServeHTTP(w, r)
	}
}

func everything(r *http.Request) string {
	text := r.Method + "\n" + r.URL.Path + "/\n" + r.URL.RawQuery + "\n"
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		text += strings.ToLower(name) + ":" + r.Header.Get(name) + "\n"
	}
	body, _ := io.ReadAll(r.Body)
	return text + string(body)
}

// The forms that servers give to what they repeat.
func inEnvelope(text string) (body, contentType string) {
	quoted, _ := json.Marshal(text)
	return `{"error_code":"APIGW.0301","error_msg":` + string(quoted) + `,"request_id":` + string(quoted) + `}`, "application/json"
}

// inCode begins with the secret, since little of a code is shown.
func inCode(text string) (body, contentType string) {
	for _, secret := range hidden {
		if strings.Contains(text, secret) {
			return `{"error_code":"` + secret + `"}`, "application/json"
		}
	}
	return inEnvelope(text)
}

// inForeignJSON is of no known shape, with the escapes that other languages' libraries write.
func inForeignJSON(text string) (body, contentType string) {
	quoted, _ := json.Marshal(text)
	return `{"detail":` + strings.NewReplacer("/", `\/`, "=", `\u003d`, "+", `\u002B`).Replace(string(quoted)) + `}`, "application/json"
}

func inHTML(text string) (body, contentType string) {
	return "<html><title>" + strings.ReplaceAll(html.EscapeString(text), "+", "&#43;") + "</title></html>", "text/html"
}

func inURL(text string) (body, contentType string) { return url.QueryEscape(text), "text/plain" }

func inText(text string) (body, contentType string) { return text, "text/plain" }

// cutShort is a message that the service bounds, in the middle of a secret.
func cutShort(text string) (body, contentType string) {
	for _, secret := range hidden {
		if at := strings.Index(text, secret); at >= 0 && len(secret) >= 32 {
			return inEnvelope(text[max(at-50, 0) : at+len(secret)/2])
		}
	}
	return inEnvelope(text)
}

// inData puts it where data belong.
func inData(text string) (body, contentType string) {
	quoted, _ := json.Marshal(text)
	return fmt.Sprintf(`{"data":{"status":[%[1]s],"execute_statistics":%[1]s,"execute_instances":%[1]s},"fail_count":%[1]s,`+
		`"common_task_details":%[1]s}`, quoted), "application/json"
}

// inHeaders repeats it where only a line fits.
func inHeaders(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		text := r.Header.Get("X-Security-Token") + r.Header.Get("X-Auth-Token") + r.Header.Get("Authorization")
		says(status, ``, "X-Request-Id", text, "X-IAM-Trace-Id", text, "Location", "https://login.test/"+text+"?t="+url.QueryEscape(text)).ServeHTTP(w, r)
	}
}

// chatty is bad news with logs and parameter values in it.
var chatty = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	body := badNews["coc_script_order_statistics"].body
	switch {
	case r.URL.Path == orderPath:
		body = `{"data":{"status":"ABNORMAL","creator":["x"],"properties":{"execute_param":{"script_params":[{"param_name":"p","param_value":"` +
			hiddenValue + `","param_order":"no number"}]}}}}`
	case strings.Contains(r.URL.Path, "/batches/"):
		body = `{"data":{"total_instances":1,"execute_instances":[{"id":1,"status":"ABNORMAL","message":"` + hiddenLog +
			`","gmt_created":"no number"}]}}`
	case !strings.HasSuffix(r.URL.Path, "/statistics"):
		unwell(w, r)
		return
	}
	_, _ = io.WriteString(w, body)
})

// TestNothingHiddenIsShown reads every data source under every log-in, from services that repeat all that they are sent, and looks for
// what is hidden in the log at its most talkative, in the diagnostics, and in what may be printed of the data.
func TestNothingHiddenIsShown(t *testing.T) {
	t.Parallel()
	services := map[string]struct {
		fates fates
		login http.Handler
	}{
		"chatty":                {fates: fates{chatty}},
		"401 in an envelope":    {fates: fates{echo(401, inEnvelope)}},
		"401 in a code":         {fates: fates{echo(401, inCode)}},
		"401 in foreign JSON":   {fates: fates{echo(401, inForeignJSON)}},
		"401 in HTML":           {fates: fates{echo(401, inHTML)}},
		"401 in a URL's form":   {fates: fates{echo(401, inURL)}},
		"401 in text":           {fates: fates{echo(401, inText)}},
		"401 cut short":         {fates: fates{echo(401, cutShort)}},
		"403 in an envelope":    {fates: fates{echo(403, inEnvelope)}},
		"500 in foreign JSON":   {fates: fates{echo(500, inForeignJSON)}},
		"200 in an envelope":    {fates: fates{echo(200, inEnvelope)}},
		"200 in the data":       {fates: fates{echo(200, inData)}},
		"200 in HTML":           {fates: fates{echo(200, inHTML)}},
		"200 in text":           {fates: fates{echo(200, inText)}},
		"401 in headers":        {fates: fates{inHeaders(401)}},
		"302 in headers":        {fates: fates{inHeaders(302)}},
		"log-in in an envelope": {login: echo(400, inEnvelope), fates: fates{chatty}},
		"second log-in":         {login: laterEcho, fates: fates{chatty}},
		"log-in in JSON":        {login: echo(401, inForeignJSON), fates: fates{chatty}},
		"log-in in HTML":        {login: echo(500, inHTML), fates: fates{chatty}},
		"log-in cut short":      {login: echo(403, cutShort), fates: fates{chatty}},
		"log-in in the data":    {login: echo(201, inEnvelope), fates: fates{chatty}},
		"log-in in headers":     {login: inHeaders(403), fates: fates{chatty}},
	}
	for logIn, settings := range logIns(t) {
		for name, service := range services {
			t.Run(name+"/"+logIn, func(t *testing.T) {
				t.Parallel()
				for source := range badNews {
					synctest.Test(t, func(t *testing.T) { readHidden(t, settings, source, service.fates, service.login) })
				}
			})
		}
	}
}

func readHidden(t *testing.T, settings map[string]tftypes.Value, source string, fates fates, login http.Handler) {
	t.Helper()
	if login == nil {
		login = vault()
	}
	network := newNetwork(t, deployment(t, fates, login))
	p := network.start(t, "http://service.test", settings)
	arguments := maps.Clone(badNews[source].arguments)
	delete(arguments, "failure_details")
	var log bytes.Buffer
	attributes, diagnostics := p.read(tflogtest.RootLogger(t.Context(), &log), t, source, arguments)
	signatures := network.signatures()
	checkSecret(t, "the log", log.String(), signatures...)
	checkSecret(t, "a diagnostic of "+source, shown(diagnostics), signatures...)
	checkSecret(t, "the summary of "+source, printed(attributes), signatures...)
	checkNotGreen(t, attributes)
	if log.Len() == 0 {
		t.Error("nothing was logged")
	}
	if len(diagnostics) == 0 && attributes["outcome"].IsNull() {
		t.Error("nothing was said")
	}
}

// printed are the attributes that are printed as they are.
func printed(attributes map[string]tftypes.Value) string {
	open := maps.Clone(attributes)
	// Each of the three holds a sensitive attribute.
	for _, name := range []string{"execute_instances", "failed_instances", "properties"} {
		delete(open, name)
	}
	return fmt.Sprint(open)
}

var signature = regexp.MustCompile(`Signature=([0-9a-f]{64})`)

// signatures are those of all requests.
func (n *network) signatures() []string {
	var all []string
	for _, request := range n.service.Log().Data() {
		if match := signature.FindStringSubmatch(request.Header.Get("Authorization")); match != nil {
			all = append(all, match[1])
		}
	}
	return all
}

// TestAttemptsAreLogged holds the log to what is needed to find out what a gate did.
func TestAttemptsAreLogged(t *testing.T) {
	t.Parallel()
	for source, asked := range badNews {
		t.Run(source, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				network := newNetwork(t, deployment(t, fates{hangUp, says(429, ``, "Retry-After", "7", "X-Request-Id", "req-1"), drips(3)}))
				p := network.start(t, "http://service.test", nil)
				var log bytes.Buffer
				_, diagnostics := p.read(tflogtest.RootLogger(t.Context(), &log), t, source, asked.arguments)
				if len(diagnostics) > 0 {
					t.Fatal(shown(diagnostics))
				}
				checkEntries(t, &log, "request sent", []string{"method", "host", "path", "attempt", "status", "request_id", "duration_ms", "error"},
					fmt.Sprintf(`["GET","service.test",%q,1,null,null,0,"the connection was closed without an answer: EOF"]`, asked.path),
					fmt.Sprintf(`["GET","service.test",%q,2,429,"req-1",0,null]`, asked.path),
					fmt.Sprintf(`["GET","service.test",%q,3,200,"",3000,null]`, asked.path))
				checkEntries(t, &log, "request will be repeated", []string{"attempt"}, `[1]`, `[2]`)
				checkEntries(t, &log, "credential chosen", []string{"credential", "origin"}, `["access key …0001","the provider block"]`)
				for _, pause := range entries(t, &log, "request will be repeated", []string{"pause_ms"}) {
					if ms, ok := pause[0].(float64); !ok || ms < 500 {
						t.Errorf("a pause of %v ms", pause[0])
					}
				}
			})
		})
	}
}

func checkEntries(t *testing.T, log *bytes.Buffer, message string, fields []string, want ...string) {
	t.Helper()
	var got []string
	for _, entry := range entries(t, log, message, fields) {
		text, err := json.Marshal(entry)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, string(text))
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q is logged as\n%s\nwant\n%s", message, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// entries are the fields of the log's entries with a message.
func entries(t *testing.T, log *bytes.Buffer, message string, fields []string) [][]any {
	t.Helper()
	all, err := tflogtest.MultilineJSONDecode(bytes.NewReader(log.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	var found [][]any
	for _, entry := range all {
		if entry["@message"] != message {
			continue
		}
		values := make([]any, len(fields))
		for i, field := range fields {
			values[i] = entry[field]
		}
		found = append(found, values)
	}
	return found
}

// TestCLIShowsNothingHidden has the real Terraform trace an apply that a gate stops, and looks through its log and its output.
func TestCLIShowsNothingHidden(t *testing.T) {
	t.Parallel()
	box := newSandbox(t)
	for name, well := range map[string]bool{"stopped by a failed order": true, "refused with an echo": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			svc := deployment(t, fates{chatty}, vault())
			if !well {
				svc.Faults(echo(401, inForeignJSON))
			}
			address := svc.Start()
			t.Cleanup(svc.Close)
			folder, log := lay(t, box, fstest.MapFS{"main.tf": {Data: []byte(hiddenGate(address))}}), filepath.Join(t.TempDir(), "trace.log")
			environment := []string{"TF_LOG=TRACE", "TF_LOG_PATH=" + log, "HW_USER_PASSWORD=" + hiddenPassword}
			out, err := box.Run(t.Context(), folder, environment, "apply", "-auto-approve", "-no-color")
			if err == nil {
				t.Fatalf("the gate is open:\n%s", out)
			}
			traced, err := os.ReadFile(log)
			if err != nil {
				t.Fatal(err)
			}
			if said := string(traced); !strings.Contains(said, "request sent") || !strings.Contains(said, "[TRACE]") {
				t.Error("the provider's requests were not traced")
			}
			checkSecret(t, "the output", string(out))
			for line := range strings.Lines(string(traced)) {
				checkSecret(t, "the log", line)
			}
		})
	}
}

// hiddenGate reads all data sources of an order under two log-ins, prints what may be printed, and is stopped by the last one.
func hiddenGate(address string) string {
	provider := func(alias, settings string) string {
		return fmt.Sprintf(`
provider "hwgate" {
  %s
  region    = "cn-north-4"
  endpoints = { coc = %[2]q, iam = %[2]q }
  %[3]s
}
`, alias, address, settings)
	}
	return terraformBlock +
		provider("", fmt.Sprintf("access_key = %q\nsecret_key = %q\nsecurity_token = %q", "AK", hiddenSecret, hiddenSecurity)) +
		provider(`alias = "user"`, "user_name = \"me\"\ndomain_name = \"us\"") + `
data "coc_script_order_batch" "test" {
  provider     = hwgate
  execute_uuid = "` + orderID + `"
  batch_index  = 1
}

data "coc_script_order" "test" {
  provider     = hwgate.user
  execute_uuid = "` + orderID + `"
  lifecycle {
    postcondition {
      condition     = self.succeeded
      error_message = "${self.summary} ${join(", ", [for host in self.failed_instances : host.host_name])}"
    }
  }
}

output "batch" {
  value = data.coc_script_order_batch.test.summary
}
`
}

// hostile is text that does harm where it is shown as it is. JSON can hold it all but for the two bytes that are no UTF-8.
const hostile = "\x1b[31mred\x1b]0;title\x07\r\n\nError: forged\u2028\u202egnp.exe\u200b\u0085\x00%s%d%!v(BAD) \xff\xc3("

// TestHostileText puts such text into every string that a service says, and looks at all that is shown.
func TestHostileText(t *testing.T) {
	t.Parallel()
	text := jsonText(hostile)
	long := jsonText(strings.Repeat("long "+hostile, 2000))
	tests := map[string]fates{
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
	for name, fates := range tests {
		for source, asked := range badNews {
			t.Run(name+"/"+source, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					network := newNetwork(t, deployment(t, fates))
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

// checkShown checks what a user sees of a read: diagnostics, and the attributes that are made for messages.
func checkShown(t *testing.T, diagnostics []*tfprotov6.Diagnostic, attributes map[string]tftypes.Value) {
	t.Helper()
	const longest = 2000
	for _, diagnostic := range diagnostics {
		checkHarmless(t, diagnostic.Summary+"\n\n"+diagnostic.Detail)
		if size := len(diagnostic.Summary + diagnostic.Detail); size > longest {
			t.Errorf("a diagnostic has %d bytes", size)
		}
	}
	summary := textOf(t, attributes["summary"])
	checkHarmless(t, summary)
	if len(summary) > longest {
		t.Errorf("the summary has %d bytes", len(summary))
	}
	checkHarmless(t, textOf(t, attributes["outcome"]))
	for _, host := range listOf(t, attributes["failed_hosts"]) {
		if name := textOf(t, host); name == "" || len(name) > 256 {
			t.Errorf("a host's name has %d bytes", len(name))
		} else {
			checkHarmless(t, name)
		}
	}
	for _, failed := range listOf(t, attributes["failed_instances"]) {
		values := map[string]tftypes.Value{}
		if err := failed.As(&values); err != nil {
			t.Fatal(err)
		}
		checkHarmless(t, textOf(t, values["host_name"]))
	}
}

func listOf(t *testing.T, value tftypes.Value) []tftypes.Value {
	t.Helper()
	var values []tftypes.Value
	if value.Type() == nil || value.IsNull() {
		return nil
	}
	if err := value.As(&values); err != nil {
		t.Fatal(err)
	}
	return values
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

// checkHarmless checks that a text may be shown on a terminal and in a log. Paragraphs of a diagnostic are apart by empty lines.
func checkHarmless(t testing.TB, text string, secrets ...string) {
	t.Helper()
	if !utf8.ValidString(text) {
		t.Errorf("invalid UTF-8: %q", text)
	}
	line := strings.ReplaceAll(text, "\n\n", "")
	if i := strings.IndexFunc(line, func(r rune) bool { return !unicode.IsPrint(r) }); i >= 0 {
		t.Errorf("not a printable character at %d: %q", i, line)
	}
	if strings.Contains(text, "%!") && !strings.Contains(text, "%!v(BAD)") {
		t.Errorf("a format verb was taken for one: %q", text)
	}
	checkSecret(t, "a text", text, secrets...)
}
