package provider_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/hwgate/terraform-provider-hwgate/internal/provider"
	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/cloudtest"
)

const orderPath = "/v1/job/script/orders/" + orderID

var order = dataBlock("coc_script_order", `execute_uuid = "`+orderID+`"`)

// TestReadErrors holds every kind of failed read to its words: what failed, what came back, and what to do.
func TestReadErrors(t *testing.T) {
	t.Parallel()
	overview := "/v2/" + projectID + "/factory/monitor/task-statistics-overview"
	tasks := "/v2/" + projectID + "/fdi/instances/" + instanceID + "/statistics/tasks"
	dataarts := dataBlock("dataarts_instance_status", `project_id = "`+projectID+`"`)
	roma := dataBlock("roma_fdi_task_statistics", `project_id = "`+projectID+`"
		instance_id = "`+instanceID+`"`)
	tests := map[string]struct {
		config, path string
		answer       cloudtest.Answer
		want         []string
	}{
		"order not found": {
			config: order, path: orderPath,
			answer: cloudtest.Answer{Status: 400, Body: `{"error_code":"COC.00040709","error_msg":"The script order does not exist."}`,
				Header: http.Header{"X-Request-Id": {"req-1"}}},
			want: []string{
				"Error: Cannot read COC script order " + orderID,
				"HTTP 400 Bad Request: COC.00040709: The script order does not exist. (request id req-1).",
				"set ignore_not_found = true; if this blocks a destroy, run it with -refresh=false.",
			},
		},
		"no permission for COC": {
			config: order, path: orderPath,
			answer: cloudtest.Answer{Status: 403, Body: `{"error_code":"APIGW.0302","error_msg":"User is not authorized to perform: coc:job:get",` +
				`"request_id":"req-2","encoded_authorization_message":"QUJD"}`},
			want: []string{
				"HTTP 403 Forbidden: APIGW.0302: User is not authorized to perform: coc:job:get (request id req-2).",
				"Grant the caller the permission coc:job:get;",
			},
		},
		"bad token": {
			config: order, path: orderPath,
			answer: cloudtest.Answer{Status: 401, Body: `{"error_code":"APIGW.0301","error_msg":"Incorrect IAM authentication information: ` +
				`verify aksk signature fail","request_id":"req-3"}`},
			want: []string{
				"HTTP 401 Unauthorized: APIGW.0301: Incorrect IAM authentication information: verify aksk signature fail",
				"Authenticated with access key …0001 (provider block).",
				"this machine's clock (15 minutes off are too many); a temporary key needs its security token too.",
			},
		},
		"malformed body": {
			config: order, path: orderPath, answer: cloudtest.Answer{Body: `{"data":{"status":{"is":"an object"}}}`},
			want: []string{
				"malformed answer: data.status is an object, wanted a string.",
				"Something other than the API answered, or the API has changed.",
			},
		},
		"an HTML page with status 200": {
			config: order, path: orderPath, answer: cloudtest.Answer{Body: "<html><head><title>Log in</title></head></html>"},
			want: []string{"HTTP 200 OK: HTML page \"Log in\", 47 bytes: malformed answer: not a JSON object."},
		},
		"an empty body": {
			config: order, path: orderPath, answer: cloudtest.Answer{},
			want: []string{"HTTP 200 OK: empty body: malformed answer: not a JSON object."},
		},
		"an error in a 200": {
			config: order, path: orderPath, answer: cloudtest.Answer{Body: `{"error_code":"COC.00010002","error_msg":"Invalid parameters."}`},
			want: []string{"HTTP 200 OK: COC.00010002: Invalid parameters."},
		},
		"another order": {
			config: order, path: orderPath, answer: cloudtest.Answer{Body: `{"data":{"execute_uuid":"SCT1","status":"FINISHED"}}`},
			want: []string{"malformed answer: data.execute_uuid is not the one that was asked for."},
		},
		"wrong host": {
			config: order, path: orderPath,
			answer: cloudtest.Answer{Status: 404, Body: `{"error_msg":"The API does not exist","error_code":"APIGW.0101","request_id":"req-4"}`},
			want:   []string{"The host of COC follows the site of the account, not the region: correct cloud, or set endpoints.coc"},
		},
		"a redirect": {
			config: order, path: orderPath, answer: cloudtest.Answer{Status: 302, Header: http.Header{"Location": {"https://login.example.com/"}}},
			want: []string{"the answer is a redirect to https://login.example.com/, which is never followed"},
		},
		"no permission for DataArts": {
			config: dataarts, path: overview,
			answer: cloudtest.Answer{Status: 400, Body: `{"error_code":"DLF.6888","error_msg":"no permission"}`},
			want:   []string{"Grant the caller a role in DataArts Studio and membership of the workspace"},
		},
		"unknown workspace": {
			config: dataarts, path: overview,
			answer: cloudtest.Answer{Status: 400, Body: `{"error_code":"DLF.0819","error_msg":"workspace does not exists"}`},
			want:   []string{"Correct workspace_id, or set it if the project has no default workspace"},
		},
		"unknown ROMA instance": {
			config: roma, path: tasks,
			answer: cloudtest.Answer{Status: 500, Body: `{"error_code":"ROMA.00110002","error_msg":"instance does not exist"}`},
			want:   []string{"Check instance_id, and that the instance belongs to this project and region."},
		},
		"ROMA without its counts": {
			config: roma, path: tasks, answer: cloudtest.Answer{Body: `{}`},
			want: []string{"malformed answer: there is no common_task_details or cdc_task_details in it."},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cloud := newCloud(t)
			cloud.At(test.path).Then(test.answer)
			fails(t, cloud.header("")+test.config, test.want...)
		})
	}
}

// TestBadArguments makes sure that what can never be right is refused at plan time, each in its own block, before anything is sent.
func TestBadArguments(t *testing.T) {
	t.Parallel()
	type test struct{ config, want string }
	order := func(arguments string) string {
		return dataBlock("coc_script_order", `execute_uuid = "`+orderID+`"`+"\n"+arguments)
	}
	batch := func(arguments string) string { return dataBlock("coc_script_order_batch", arguments) }
	dataarts := func(arguments string) string { return dataBlock("dataarts_instance_status", arguments) }
	tests := map[string]test{
		"empty order":        {dataBlock("coc_script_order", `execute_uuid = ""`), `The value of execute_uuid cannot be used: it is empty.`},
		"order with a slash": {dataBlock("coc_script_order", `execute_uuid = "a/../b"`), `The value of execute_uuid cannot be used: "a/../b" given, wanted 1 to 64`},
		"order too long":     {dataBlock("coc_script_order", `execute_uuid = "`+strings.Repeat("a", 65)+`"`), `has 65 characters, wanted 1 to 64 letters, digits`},
		"statistics":         {dataBlock("coc_script_order_statistics", `execute_uuid = "a b"`), `The value of execute_uuid cannot be used`},
		"profile":            {order(`user_profile = "a\nb"`), `The value of user_profile cannot be used: "a\nb" holds a line break, wanted printable`},
		"region":             {order(`region = "cn-north-4.example.com"`), `The value of region cannot be used: "cn-north-4.example.com" given, wanted a region`},
		"empty region":       {order(`region = ""`), `The value of region cannot be used: it is empty.`},
		"project":            {order(`project_id = "../x"`), `The value of project_id cannot be used`},
		"interval too short": {order(`poll_interval = "900ms"`), `The value of poll_interval cannot be used: "900ms" given, wanted a duration from 1s to 5m.`},
		"interval too long":  {order(`poll_interval = "6m"`), `The value of poll_interval cannot be used`},
		"interval no number": {order(`poll_interval = "soon"`), `The value of poll_interval cannot be used`},
		"log tail":           {order(`log_tail_bytes = -2`), `The value of log_tail_bytes cannot be used: -2 is less than -1.`},
		"timeout zero":       {order(`timeouts { read = "0s" }`), `The value of timeouts.read cannot be used: "0s" given, wanted a duration above zero`},
		"timeout no number":  {order(`timeouts { read = "long" }`), `must be a string containing a sequence of decimal numbers`},
		"misspelt argument":  {order(`wait_for_complet = true`), `An argument named "wait_for_complet" is not expected here.`},
		"batch zero":         {batch(`execute_uuid = "x"` + "\nbatch_index = 0"), `The value of batch_index cannot be used: 0 is less than 1.`},
		"batch fraction":     {batch(`execute_uuid = "x"` + "\nbatch_index = 1.5"), `The value of batch_index cannot be used: 1.5 is not a whole number. Correct it.`},
		"batch status":       {batch(`execute_uuid = "x"` + "\nbatch_index = 1\nstatus = \"ROLLBACKED\""), `status value must be one of`},
		"batch limit":        {batch(`execute_uuid = "x"` + "\nbatch_index = 1\nlimit = 101"), `The value of limit cannot be used: 101 is more than 100.`},
		"batch marker":       {batch(`execute_uuid = "x"` + "\nbatch_index = 1\nmarker = 0"), `The value of marker cannot be used: 0 is less than 1.`},
		"batch missing":      {batch(`execute_uuid = "x"`), `The argument "batch_index" is required`},
		"days":               {dataarts(`query_days = "today2"`), `query_days value must be one of`},
		"workspace":          {dataarts(`workspace_id = "a b"`), `The value of workspace_id cannot be used`},
		"instance":           {dataBlock("roma_fdi_task_statistics", `instance_id = "a/b"`), `The value of instance_id cannot be used`},
	}
	cloud := newCloud(t)
	config, names := cloud.header(""), slices.Sorted(maps.Keys(tests))
	label := func(i int) string { return fmt.Sprintf(`"bad_%d"`, i) }
	for i, name := range names {
		config += strings.Replace(tests[name].config, `"test"`, label(i), 1)
	}
	box := newSandbox(t)
	folder := writeConfiguration(t, box, fstest.MapFS{"main.tf": {Data: []byte(config)}})
	out, err := terraform(t, folder, nil, "plan", "-json", "-input=false", "-lock=false")
	if code := exitCode(t, err); code != 1 {
		t.Errorf("exit code %d, want 1\n%s", code, out)
	}
	told := errorsByBlock(t, out)
	for i, name := range names {
		said := ""
		for block, errors := range told {
			if strings.HasSuffix(block, label(i)) {
				said = errors
			}
		}
		if want := wrapped(tests[name].want); !want.MatchString(said) {
			t.Errorf("%s: wanted %q in %q", name, want, said)
		}
	}
	if sent := len(cloud.Log()); sent != 0 {
		t.Errorf("%d requests were sent", sent)
	}
}

// errorsByBlock reads the errors from the JSON lines of a command, by the block that they are about.
func errorsByBlock(t *testing.T, out []byte) map[string]string {
	t.Helper()
	told := map[string]string{}
	for line := range strings.Lines(string(out)) {
		var message struct {
			Diagnostic struct {
				Summary, Detail string
				Snippet         struct{ Context string }
			}
		}
		// The CLI also writes lines for people.
		if json.Unmarshal([]byte(line), &message) == nil {
			told[message.Diagnostic.Snippet.Context] += message.Diagnostic.Summary + ": " + message.Diagnostic.Detail + "\n"
		}
	}
	return told
}

// TestIgnoreNotFound reads an order that is gone, its statistics and a batch of it as data.
func TestIgnoreNotFound(t *testing.T) {
	t.Parallel()
	cloud := newCloud(t)
	cloud.Order(orderID).Then(cloudtest.NotFound)
	arguments := `execute_uuid = "` + orderID + `"
		ignore_not_found = true`
	want := values{"exists": no, "succeeded": no, "completed": no, "outcome": text("not_found"), "counts": null}
	config := cloud.header("") + dataBlock("coc_script_order", arguments) + dataBlock("coc_script_order_statistics", arguments) +
		dataBlock("coc_script_order_batch", arguments+"\nbatch_index = 3")
	checks := slices.Concat(
		expect("data.coc_script_order.test", want), expect("data.coc_script_order_statistics.test", want),
		expect("data.coc_script_order_batch.test", want), expect("data.coc_script_order.test", values{
			"status": null, "properties": null, "timed_out": no,
			"summary": text("COC script order " + orderID + ": not_found, COC does not know the order"),
		}))
	applies(t, config, checks...)
}

// TestProviderSettings holds each setting of the provider block to what it does.
func TestProviderSettings(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		given       arguments
		environment map[string]string
		want        string
	}{
		"no credential": {
			given: arguments{"region": "cn-north-4"},
			want:  "No credentials found. Set HW_ACCESS_KEY and HW_SECRET_KEY, or see the guide on authentication.",
		},
		"no region": {
			given: arguments{"token": "t"},
			want: "No region is set. Set region in the provider block or the data source, or the environment variable HW_REGION_NAME or " +
				"OS_REGION_NAME.",
		},
		"half a pair":        {given: arguments{"region": "cn-north-4", "access_key": "A"}, want: "access_key is in the provider block, secret_key is not. Set both there, or remove"},
		"other half":         {given: arguments{"region": "cn-north-4", "secret_key": "S"}, want: "secret_key is in the provider block, access_key is not. Set both there, or remove"},
		"half a pair in env": {environment: map[string]string{"HW_REGION_NAME": "cn-north-4", "OS_ACCESS_KEY": "A"}, want: "OS_ACCESS_KEY is set, but neither HW_SECRET_KEY nor OS_SECRET_KEY is."},
		"keys in two places": {
			given:       arguments{"region": "cn-north-4", "access_key": "A"},
			environment: map[string]string{"HW_SECRET_KEY": "S"},
			want:        "access_key is in the provider block, secret_key is not. Set both there, or remove",
		},
		"empty key":      {given: arguments{"access_key": ""}, want: "The provider argument access_key cannot be used: it is empty."},
		"key with space": {given: arguments{"token": "a\nb"}, want: "The provider argument token cannot be used: it holds a line break, wanted printable ASCII characters"},
		"bad endpoint":   {given: arguments{"endpoints": "coc=ftp://x"}, want: `The address of coc cannot be used: "ftp://x" given, the scheme is "ftp"`},
		"empty endpoint": {given: arguments{"endpoints": "coc="}, want: `The address of coc cannot be used: it is empty.`},
		"bad auth_url":   {given: arguments{"auth_url": "https://u:p@iam.example.com"}, want: `must not hold a user name or password`},
		"bad region":     {environment: map[string]string{"HW_REGION_NAME": "a b"}, want: "taken from the environment variable HW_REGION_NAME,"},
		"bad cloud":      {given: arguments{"cloud": "https://x"}, want: `"https://x" given, wanted a domain such as myhuaweicloud.com`},
		"language":       {given: arguments{"language": "de"}, want: "language value must be one of"},
		"retries":        {given: arguments{"max_retries": "-1"}, want: "The value of max_retries cannot be used: -1 is less than 0."},
		"retries in env": {environment: map[string]string{"HW_MAX_RETRIES": "many"}, want: `"many" given, wanted a whole number from 0`},
		"insecure":       {environment: map[string]string{"OS_INSECURE": "perhaps"}, want: `"perhaps" given, wanted true or false`},
		"no PEM text":    {given: arguments{"cacert_file": ""}, want: "The provider argument cacert_file cannot be used: it is empty."},
		"PEM text":       {given: arguments{"cacert_file": "-----BEGIN NOTHING-----"}, want: "the PEM text holds no certificate"},
		"no such file": {
			given: arguments{"token": "t", "region": "cn-north-4", "cacert_file": "/nonexistent/ca.pem"},
			want:  "The file of cacert_file cannot be used: /nonexistent/ca.pem: no such file",
		},
	}
	block := start(t, provider.Options{}, nil).schemas.Provider
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			options := provider.Options{WrapTransport: func(http.RoundTripper) http.RoundTripper {
				return refuse{t}
			}}
			options.Getenv = func(name string) string { return test.environment[name] }
			told, failed := validated(t, test.given.values(t, block)), true
			if told == "" {
				told, failed = configured(t.Context(), t, options, test.given)
			}
			if !failed || !strings.Contains(told, test.want) {
				t.Errorf("wanted an error with %q, failed: %t\n%s", test.want, failed, told)
			}
		})
	}
}

// refuse fails a test that sends anything, but for the look at the machine's metadata, where it says that there is none.
type refuse struct{ t *testing.T }

func (r refuse) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.URL.Host != "169.254.169.254" {
		r.t.Errorf("sent: %s %s", request.Method, request.URL)
	}
	answer := httptest.NewRecorder()
	answer.WriteHeader(http.StatusNotFound)
	return answer.Result(), nil
}

// TestProjectLookUp makes sure that a project is looked up when a path needs one, and only then.
func TestProjectLookUp(t *testing.T) {
	t.Parallel()
	overview := "/factory/monitor/task-statistics-overview"
	projects := `{"projects":[{"id":"` + projectID + `","name":"cn-north-4"}]}`
	dataarts := dataBlock("dataarts_instance_status", "")
	tests := map[string]struct {
		settings, config string
		bodies           map[string]string
		asked            string
	}{
		"needed": {
			config: dataarts,
			bodies: map[string]string{"/v3/projects?name=cn-north-4": projects, "/v2/" + projectID + overview: `{"success_count": 1}`},
			asked:  "/v3/projects?name=cn-north-4",
		},
		"by name": {
			settings: `project_name = "cn-north-4_team"`, config: dataarts,
			bodies: map[string]string{
				"/v3/projects?name=cn-north-4_team": `{"projects":[{"id":"p7","name":"cn-north-4_team"}]}`,
				"/v2/p7" + overview:                 `{"success_count": 1}`,
			},
			asked: "/v3/projects?name=cn-north-4_team",
		},
		"of another region": {
			settings: `project_id = "own"`, config: dataBlock("dataarts_instance_status", `region = "cn-east-3"`),
			bodies: map[string]string{
				"/v3/projects?name=cn-east-3": `{"projects":[{"id":"east","name":"cn-east-3"}]}`,
				"/v2/east" + overview:         `{"success_count": 1}`,
			},
			asked: "/v3/projects?name=cn-east-3",
		},
		"given": {
			settings: `project_id = "own"`, config: dataarts,
			bodies: map[string]string{"/v2/own" + overview: `{"success_count": 1}`},
		},
		"only COC": {
			config: order + dataBlock("coc_script_order_statistics", `execute_uuid = "`+orderID+`"`),
			bodies: map[string]string{
				orderPath: `{"data":{"status":"READY"}}`, orderPath + "/statistics": `{"data":{"total_instance":0,"execute_statistics":[]}}`,
			},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cloud := newCloud(t, always(test.bodies))
			applies(t, cloud.header(test.settings)+test.config)
			asked := ""
			for _, request := range cloud.Log() {
				if strings.HasPrefix(request.URL.Path, "/v3/") {
					asked = request.URL.RequestURI()
				}
			}
			if asked != test.asked {
				t.Errorf("asked for %q, want %q", asked, test.asked)
			}
		})
	}
}
