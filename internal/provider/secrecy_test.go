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
	"testing/synctest"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/hashicorp/terraform-plugin-log/tflogtest"

	"github.com/hwgate/terraform-provider-hwgate/internal/provider"
	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/cloudtest"
)

// Secrets that must not be seen again. Those that services give out have the characters that escapes are made of.
const (
	hiddenSecret   = "hidden/secret+key=="
	hiddenSecurity = "hidden/security+token/0123456789abcdefghij=="
	hiddenToken    = "hidden/ready+token/0123456789abcdefghij=="
	hiddenSignIn   = "hidden/sign-in+token/0123456789abcdefghij=="
	hiddenUnscoped = "hidden/unscoped+token/0123456789abcdefghij=="
	hiddenPassword = `hidden"pass\word<&>`
	hiddenLog      = "hidden log of a host"
	hiddenValue    = "hidden value of a parameter"
)

var hidden = []string{
	secretKey, proxyPassword, hiddenSecret, hiddenSecurity, hiddenToken, hiddenSignIn, hiddenUnscoped, hiddenPassword, identityToken,
	hiddenLog, hiddenValue,
}

// signIns are all ways to authenticate: what is configured for each.
func signIns(t *testing.T) map[string]map[string]tftypes.Value {
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
		Token: hiddenSignIn, Unscoped: hiddenUnscoped, AccessKey: "AK3", SecretKey: hiddenSecret, SecurityToken: hiddenSecurity,
		Life: 12 * time.Hour, Projects: map[string]string{"cn-north-4": projectID},
	}
}

// laterEcho repeats what comes after the first step of a sign-in.
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
	body := badAnswers()["coc_script_order_statistics"].body
	switch {
	case r.URL.Path == orderPath:
		body = `{"data":{"status":"ABNORMAL","creator":["x"],"properties":{"execute_param":{"script_params":[{"param_name":"p","param_value":"` +
			hiddenValue + `","param_order":"no number"}]}}}}`
	case strings.Contains(r.URL.Path, "/batches/"):
		body = `{"data":{"total_instances":1,"execute_instances":[{"id":1,"status":"ABNORMAL","message":"` + hiddenLog +
			`","gmt_created":"no number"}]}}`
	case !strings.HasSuffix(r.URL.Path, "/statistics"):
		badDeployment(w, r)
		return
	}
	_, _ = io.WriteString(w, body)
})

// TestNothingHiddenIsShown reads every data source under every sign-in, from services that repeat all that they are sent, and looks for
// what is hidden in the log at its most talkative, in the diagnostics, and in what may be printed of the data.
func TestNothingHiddenIsShown(t *testing.T) {
	t.Parallel()
	services := map[string]struct {
		faults faults
		signIn http.Handler
	}{
		"chatty":                 {faults: faults{chatty}},
		"401 in an envelope":     {faults: faults{echo(401, inEnvelope)}},
		"401 in a code":          {faults: faults{echo(401, inCode)}},
		"401 in foreign JSON":    {faults: faults{echo(401, inForeignJSON)}},
		"401 in HTML":            {faults: faults{echo(401, inHTML)}},
		"401 in a URL's form":    {faults: faults{echo(401, inURL)}},
		"401 in text":            {faults: faults{echo(401, inText)}},
		"401 cut short":          {faults: faults{echo(401, cutShort)}},
		"403 in an envelope":     {faults: faults{echo(403, inEnvelope)}},
		"500 in foreign JSON":    {faults: faults{echo(500, inForeignJSON)}},
		"200 in an envelope":     {faults: faults{echo(200, inEnvelope)}},
		"200 in the data":        {faults: faults{echo(200, inData)}},
		"200 in HTML":            {faults: faults{echo(200, inHTML)}},
		"200 in text":            {faults: faults{echo(200, inText)}},
		"401 in headers":         {faults: faults{inHeaders(401)}},
		"302 in headers":         {faults: faults{inHeaders(302)}},
		"sign-in in an envelope": {signIn: echo(400, inEnvelope), faults: faults{chatty}},
		"second sign-in":         {signIn: laterEcho, faults: faults{chatty}},
		"sign-in in JSON":        {signIn: echo(401, inForeignJSON), faults: faults{chatty}},
		"sign-in in HTML":        {signIn: echo(500, inHTML), faults: faults{chatty}},
		"sign-in cut short":      {signIn: echo(403, cutShort), faults: faults{chatty}},
		"sign-in in the data":    {signIn: echo(201, inEnvelope), faults: faults{chatty}},
		"sign-in in headers":     {signIn: inHeaders(403), faults: faults{chatty}},
	}
	for signIn, settings := range signIns(t) {
		for name, service := range services {
			t.Run(name+"/"+signIn, func(t *testing.T) {
				t.Parallel()
				for source := range badAnswers() {
					synctest.Test(t, func(t *testing.T) { readHidden(t, settings, source, service.faults, service.signIn) })
				}
			})
		}
	}
}

func readHidden(t *testing.T, settings map[string]tftypes.Value, source string, faults faults, signIn http.Handler) {
	t.Helper()
	if signIn == nil {
		signIn = vault()
	}
	network := newNetwork(t, deployment(t, faults, signIn))
	p := network.start(t, "http://service.test", settings)
	arguments := maps.Clone(badAnswers()[source].arguments)
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
	for source, asked := range badAnswers() {
		t.Run(source, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				network := newNetwork(t, deployment(t, faults{hangUp, says(429, ``, "Retry-After", "7", "X-Request-Id", "req-1"), drips(3)}))
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
