package acceptance_test

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"go.yaml.in/yaml/v4"

	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/cloudtest"
	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/sandbox"
)

// recipe is a file for a CI system, of which everything that is shell is run here.
type recipe struct {
	// shell runs scripts as the CI system does.
	shell []string
	// jobs finds them in the parsed file: the gate, then what is to run after a closed one.
	jobs func(t *testing.T, file map[string]any) []job
	// folders are the examples that the file wants in the named folders.
	folders     map[string]string
	environment []string
	well, ill   play
	// since is the first version of the CLI that has what the recipe needs; terraformOnly is set where OpenTofu lacks it.
	since         [2]int
	terraformOnly bool
	words         string
	// forbidden is what the gate prints where the order may not be read, if it prints errors in a form of its own.
	forbidden *regexp.Regexp
	// closed looks at the output of the closed gate, and reads files that it left.
	closed func(t *testing.T, out string, read func(file string) string)
	// report is the file that the second job makes.
	report string
}

// job is a part of a recipe: its steps in turn, and the variables that the file gives them.
type job struct {
	environment, steps []string
}

// The identity of a CI job: what the file asks the CI system for, and whose name IAM knows.
const (
	idpID        = "ci"
	idToken      = "planted-identity-token"
	unscoped     = "planted-unscoped-token"
	requestToken = "request-token"
)

// ciVariables are the variables of a repository or project, for the exchange of the job's identity token.
var ciVariables = []string{
	"HW_ASSUME_ROLE_IDP_ID=" + idpID, "HW_ASSUME_ROLE_AGENCY_NAME=status-reader", "HW_ASSUME_ROLE_DOMAIN_ID=" + accountID,
}

// ciSecrets is an access key instead.
var ciSecrets = map[string]string{"HW_ACCESS_KEY": accessKey, "HW_SECRET_KEY": secretKey}

func recipes() map[string]recipe {
	gate := map[string]string{"gate": "use-cases/02-gate-without-state"}
	githubShell := []string{"bash", "--noprofile", "--norc", "-eo", "pipefail", "-c"}
	well, ill := finishedOrder, abnormalOrder
	return map[string]recipe{
		"github-actions.yml": {
			shell: githubShell, jobs: githubJob("gate"), folders: gate, environment: []string{
				"ACTIONS_ID_TOKEN_REQUEST_TOKEN=" + requestToken, "RUNNER_TEMP=.", "GITHUB_ENV=github-env", "GITHUB_STEP_SUMMARY=step-summary",
			},
			well: well, ill: ill, words: failedOrder,
			forbidden: regexp.MustCompile(`\n::error title=Cannot read COC script order SCT2023083109562601af694bf::.*%0A%0A.*coc:job:get`),
			closed: func(t *testing.T, out string, read func(string) string) {
				t.Helper()
				if !strings.Contains(out, "\n::error title=Resource postcondition failed::"+failedOrder) {
					t.Errorf("there is no annotation in\n%s", out)
				}
				summary := read("gate/step-summary")
				if !strings.HasPrefix(summary, "### Resource postcondition failed\n\n```text\n"+failedOrder) || !strings.HasSuffix(summary, "\n```\n\n") {
					t.Errorf("the summary of the job is %q", summary)
				}
			},
		},
		"github-actions-monitor.yml": {
			shell: githubShell, jobs: githubJob("monitor"), folders: map[string]string{"monitor": "use-cases/06-continuous-check"}, since: testSince,
			well:  jobsAre(jobs(0, 5)),
			ill:   jobsAre(jobs(2, 5)),
			words: failedNightly,
		},
		"gitlab-ci.yml": {
			shell: []string{"sh", "-ec"}, jobs: gitlabJobs("gate", "report"), environment: append(slices.Clip(ciVariables), oneOrder...),
			folders: map[string]string{"gate": gate["gate"], "report": "use-cases/04-failure-report"},
			well:    well, ill: ill, words: failedOrder, report: "report/failed_logs.json",
		},
		"gitlab-ci-junit.yml": {
			shell: []string{"sh", "-ec"}, jobs: gitlabJobs("gate"), environment: append(slices.Clip(ciVariables), oneOrder...),
			folders: map[string]string{"gate": "recipes/junit"}, since: [2]int{1, 11}, terraformOnly: true,
			well: well, ill: ill, words: failedOrder,
			closed: func(t *testing.T, _ string, read func(string) string) {
				t.Helper()
				var report struct {
					Suites []struct {
						Cases []struct {
							Failure struct {
								Message string `xml:"message,attr"`
							} `xml:"failure"`
						} `xml:"testcase"`
					} `xml:"testsuite"`
				}
				text := read("gate/report.xml")
				if err := xml.Unmarshal([]byte(text), &report); err != nil || len(report.Suites) != 1 || len(report.Suites[0].Cases) != 1 ||
					!strings.Contains(report.Suites[0].Cases[0].Failure.Message, failedOrder) {
					t.Errorf("%v: the summary is not the message of the failure in\n%s", err, text)
				}
			},
		},
		"codearts-build.yml": {
			shell: []string{"sh", "-c"}, jobs: codeArtsJob, folders: gate, well: well, ill: ill, words: failedOrder,
			environment: []string{"orderId=SCT2023083109562601af694bf", "accessKey=" + accessKey, "secretKey=" + secretKey},
		},
	}
}

// TestRecipes runs what CI systems would run of examples/ci: open when all is well, closed with the reason when it is not. The
// credentials are those that the file itself asks for.
func TestRecipes(t *testing.T) {
	t.Parallel()
	box := newSandbox(t)
	all := recipes()
	for _, name := range folders(t, "examples", "ci") {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test, ok := all[name]
			if !ok {
				t.Fatal("it is not tested")
			}
			var file map[string]any
			if err := yaml.Unmarshal(published(t, "examples", "ci")[name].Data, &file); err != nil {
				t.Fatal(err)
			}
			jobs := test.jobs(t, file)
			if test.terraformOnly {
				needsTerraform(t)
			}
			needsCLI(t, test.since)
			runRecipe(t, box, "recipe-"+name, test, jobs)
		})
	}
}

// runRecipe runs the first job when all is well and when not; then the second has to make the report.
func runRecipe(t *testing.T, box *sandbox.Sandbox, folder string, test recipe, jobs []job) {
	t.Helper()
	for place, example := range test.folders {
		files := published(t, "examples", filepath.FromSlash(example))
		files["stand_in.tf"] = &fstest.MapFile{Data: []byte(testOverride["stand_in.tf"])}
		files["stand_in_override.tf"] = &fstest.MapFile{Data: []byte(serviceOverride)}
		if err := box.Write(filepath.Join(folder, place), files); err != nil {
			t.Fatal(err)
		}
	}
	run := func(job job, play play) (int, string) {
		service := newCI(t, play)
		environment := slices.Concat([]string{
			"TF_VAR_stand_in=" + service.URL, "ACTIONS_ID_TOKEN_REQUEST_URL=" + service.URL + "/issuer?version=1",
		}, test.environment, job.environment)
		printed := ""
		for _, step := range job.steps {
			out, err := box.Script(t.Context(), folder, environment, test.shell[0], append(slices.Clip(test.shell[1:]), step)...)
			printed += string(out)
			if code := exitCode(t, err); code != 0 {
				return code, printed
			}
			// What a step of GitHub Actions writes there is in the environment of the next one.
			added, err := box.Script(t.Context(), folder, nil, "sh", "-c", "cat gate/github-env 2>/dev/null || true")
			if err != nil {
				t.Fatal(err)
			}
			environment = append(environment, strings.Fields(string(added))...)
		}
		return 0, printed
	}
	if code, out := run(jobs[0], test.well); code != 0 {
		t.Errorf("all is well, but exit code %d\n%s", code, out)
	}
	code, out := run(jobs[0], test.ill)
	if code != 1 || !wrapped(test.words).MatchString(out) || strings.Contains(out, logText) {
		t.Errorf("exit code %d, want 1 and %q, and no log\n%s", code, test.words, out)
	}
	read := func(file string) string {
		content, err := box.Script(t.Context(), folder, nil, "cat", file)
		if err != nil {
			t.Errorf("%v\n%s", err, content)
		}
		return string(content)
	}
	if test.closed != nil {
		test.closed(t, out, read)
	}
	if test.forbidden != nil {
		code, out := run(jobs[0], func(svc *cloudtest.Service) {
			svc.Order(exampleID).Now(cloudtest.Error(http.StatusForbidden, "COC.00000403", "no"))
		})
		if code != 1 || !test.forbidden.MatchString(out) {
			t.Errorf("forbidden: exit code %d\n%s", code, out)
		}
	}
	if test.report != "" {
		if code, out := run(jobs[1], test.ill); code != 0 || strings.Contains(out, logText) {
			t.Errorf("report: exit code %d\n%s", code, out)
		}
		if report := read(test.report); !strings.Contains(report, logText) {
			t.Errorf("the report is %s", report)
		}
	}
}

// serviceOverride leads a published configuration to the service of a test, and leaves its credentials alone.
var serviceOverride = fmt.Sprintf(`
provider "hwgate" {
  region     = "cn-north-4"
  project_id = %q
  endpoints = {
    coc      = var.stand_in
    dataarts = var.stand_in
    roma     = var.stand_in
    iam      = var.stand_in
    sts      = var.stand_in
  }
}
`, projectID)

// newCI stands in for all services, for the issuer of identity tokens of a CI system, and for IAM, which exchanges them for keys.
func newCI(t *testing.T, play play) *httptest.Server {
	t.Helper()
	const keys = `"security_token":"temporary","expiration":"2099-01-01T00:00:00Z"`
	cloud := newCloud(t, play, always(map[string]string{
		"POST /v5/agencies/assume": fmt.Sprintf(`{"credentials":{"access_key_id":%q,"secret_access_key":%q,%s}}`, accessKey, secretKey, keys),
	}))
	exchange := func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		switch {
		case err != nil:
			w.WriteHeader(http.StatusBadRequest)
		case r.URL.Path == "/issuer":
			if r.Header.Get("Authorization") != "Bearer "+requestToken || r.URL.Query().Get("audience") != "hwgate" {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			_, _ = fmt.Fprintf(w, `{"count":1,"value":%q}`, idToken)
		case r.Header.Get("X-Idp-Id") == idpID && strings.Contains(string(body), idToken):
			w.Header().Set("X-Subject-Token", unscoped)
			w.WriteHeader(http.StatusCreated)
			_, _ = io.WriteString(w, "{}")
		case strings.Contains(string(body), unscoped):
			w.WriteHeader(http.StatusCreated)
			_, _ = fmt.Fprintf(w, `{"credential":{"access":%q,"secret":%q,"securitytoken":"temporary","expires_at":"2099-01-01T00:00:00Z"}}`,
				accessKey, secretKey)
		default:
			w.WriteHeader(http.StatusUnauthorized)
		}
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/issuer", "/v3.0/OS-AUTH/id-token/tokens", "/v3.0/OS-CREDENTIAL/securitytokens":
			exchange(w, r)
		default:
			cloud.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(server.Close)
	return server
}

// member goes down into a parsed file; what is not there is nil.
func member[T any](value any, path ...string) T {
	for _, name := range path {
		values, ok := value.(map[string]any)
		if !ok {
			break
		}
		value = values[name]
	}
	found, _ := value.(T)
	return found
}

// expression is one of GitHub Actions; as a whole value is all that the recipes use.
var expression = regexp.MustCompile(`^\$\{\{ (vars|secrets|inputs)\.([a-zA-Z_]+) \}\}$`)

// githubJob takes the run steps of a job, with its environment, in the folder that it names.
func githubJob(name string) func(*testing.T, map[string]any) []job {
	return func(t *testing.T, file map[string]any) []job {
		t.Helper()
		values := map[string]string{
			"inputs.order_id": "SCT2023083109562601af694bf", "vars.WORKSPACE_ID": workspaceID,
			"secrets.HW_ACCESS_KEY": ciSecrets["HW_ACCESS_KEY"], "secrets.HW_SECRET_KEY": ciSecrets["HW_SECRET_KEY"],
		}
		for _, variable := range ciVariables {
			key, value, _ := strings.Cut(variable, "=")
			values["vars."+key] = value
		}
		// Other workflows call what can also be started by hand, with the same inputs.
		if called := member[map[string]any](file, "on", "workflow_call", "inputs"); called != nil {
			started := member[map[string]any](file, "on", "workflow_dispatch", "inputs")
			for input := range called {
				if started[input] == nil || member[bool](called, input, "required") != member[bool](started, input, "required") {
					t.Errorf("workflow_call and workflow_dispatch differ in the input %s", input)
				}
			}
		}
		var found job
		for key, value := range member[map[string]any](file, "jobs", name, "env") {
			match := expression.FindStringSubmatch(fmt.Sprint(value))
			if len(match) != 3 || values[match[1]+"."+match[2]] == "" {
				t.Fatalf("the test has no value for %s: %v", key, value)
			}
			found.environment = append(found.environment, key+"="+values[match[1]+"."+match[2]])
		}
		defaults := member[map[string]any](file, "jobs", name, "defaults", "run")
		if defaults["shell"] != "bash" {
			t.Errorf("the shell is %v, which has no pipefail", defaults["shell"])
		}
		for _, step := range member[[]any](file, "jobs", name, "steps") {
			if script := member[string](step, "run"); script != "" {
				found.steps = append(found.steps, fmt.Sprintf("cd %v\n%s", defaults["working-directory"], script))
			}
		}
		return []job{found}
	}
}

// gitlabJobs are the scripts of jobs, with the identity token that each, or the default, asks for.
func gitlabJobs(names ...string) func(*testing.T, map[string]any) []job {
	return func(_ *testing.T, file map[string]any) []job {
		var jobs []job
		for _, name := range names {
			var found job
			for _, level := range []string{"default", name} {
				for variable, token := range member[map[string]any](file, level, "id_tokens") {
					if member[string](token, "aud") == "hwgate" {
						found.environment = append(found.environment, variable+"="+idToken)
					}
				}
			}
			script := ""
			for _, line := range member[[]any](file, name, "script") {
				script += fmt.Sprintln(line)
			}
			found.steps = []string{script}
			jobs = append(jobs, found)
		}
		return jobs
	}
}

func codeArtsJob(_ *testing.T, file map[string]any) []job {
	var found job
	for _, step := range member[[]any](file, "steps", "BUILD") {
		found.steps = append(found.steps, member[string](step, "sh", "inputs", "command"))
	}
	return []job{found}
}

// TestOtherRecipes runs the folders of examples/recipes that no CI system is needed for.
func TestOtherRecipes(t *testing.T) {
	t.Parallel()
	box := newSandbox(t)
	tests := map[string]func(t *testing.T){
		"several-gates": func(t *testing.T) {
			t.Helper()
			well := all(finishedOrder, tasksAre(tasks(12, 0)))
			runCase(t, box, "several-gates", withOverride(published(t, "examples", "recipes", "several-gates")), useCase{
				environment: append(slices.Clip(oneOrder), oneInstance...), command: applying, well: well,
				next: "terraform_data.next_layer: Creating...",
				ill: []illness{
					{all(well, abnormalOrder), []string{failedOrder}},
					{all(well, tasksAre(tasks(12, 3))), []string{failedTasks}},
					{all(abnormalOrder, tasksAre(tasks(12, 3))), []string{failedOrder, failedTasks}},
				},
			})
		},
		// TestRecipes runs it by its recipe.
		"junit": func(t *testing.T) {
			t.Helper()
			if recipes()["gitlab-ci-junit.yml"].folders["gate"] != "recipes/junit" {
				t.Error("no recipe uses it")
			}
		},
		"job-page":   func(t *testing.T) { t.Helper(); testJobPage(t, box) },
		"notify":     func(t *testing.T) { t.Helper(); testNotify(t, box) },
		"terragrunt": testTerragrunt,
	}
	for _, name := range folders(t, "examples", "recipes") {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test, ok := tests[name]
			if !ok {
				t.Fatal("it is not tested")
			}
			test(t)
		})
	}
}

// testJobPage looks at the page of a job whose gate is closed, and then open.
func testJobPage(t *testing.T, box *sandbox.Sandbox) {
	t.Helper()
	folder := writeConfiguration(t, box, withOverride(published(t, "examples", "recipes", "job-page")))
	for page, test := range map[string]struct {
		play  play
		code  int
		shows []string
	}{
		"closed.md": {abnormalOrder, 1, []string{"SCT2023083109562601af694bf: failed", "| ecs-4 |", "| ecs-5 |"}},
		"open.md":   {finishedOrder, 0, []string{"SCT2023083109562601af694bf: succeeded"}},
	} {
		environment := append([]string{"GITHUB_STEP_SUMMARY=" + page, "TF_VAR_stand_in=" + newCloud(t, test.play).URL}, oneOrder...)
		out, err := box.Script(t.Context(), folder, environment, "sh", "gate.sh")
		if code := exitCode(t, err); code != test.code {
			t.Errorf("%s: exit code %d, want %d\n%s", page, code, test.code, out)
		}
		report, err := box.Script(t.Context(), folder, nil, "cat", page)
		if err != nil || !strings.HasPrefix(string(report), "#") || strings.Contains(string(report), logText) {
			t.Errorf("%s: %v\n%s", page, err, report)
		}
		for _, words := range test.shows {
			if !strings.Contains(string(report), words) {
				t.Errorf("%s: wanted %q in\n%s", page, words, report)
			}
		}
	}
}

// testNotify closes a gate and looks at the message that the script sends of it.
func testNotify(t *testing.T, box *sandbox.Sandbox) {
	t.Helper()
	sent := make(chan string, 1)
	chat := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var message struct {
			Text string `json:"text"`
		}
		if err := json.NewDecoder(r.Body).Decode(&message); err != nil || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: %v", r.Header.Get("Content-Type"), err)
		}
		sent <- message.Text
	}))
	t.Cleanup(chat.Close)
	files := published(t, "examples", "use-cases", "02-gate-without-state")
	files["notify.sh"] = published(t, "examples", "recipes", "notify")["notify.sh"]
	folder := writeConfiguration(t, box, withOverride(files))
	environment := append([]string{"WEBHOOK_URL=" + chat.URL, "TF_VAR_stand_in=" + newCloud(t, abnormalOrder).URL}, oneOrder...)
	out, err := box.Script(t.Context(), folder, environment, "sh", "-c", "terraform plan -json > plan.json || sh notify.sh")
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if message := <-sent; !strings.HasPrefix(message, "Resource postcondition failed\n"+failedOrder) {
		t.Errorf("it sent %q", message)
	}
}

// testTerragrunt holds the unit to the root module that it names: its folder and its variables.
func testTerragrunt(t *testing.T) {
	t.Helper()
	unit := string(published(t, "examples", "recipes", "terragrunt")["terragrunt.hcl"].Data)
	_, source, _ := strings.Cut(unit, "github.com/hwgate/terraform-provider-hwgate//")
	source, _, _ = strings.Cut(source, `"`)
	root := string(published(t, filepath.FromSlash(source))["main.tf"].Data)
	_, inputs, _ := strings.Cut(unit, "inputs = {\n")
	inputs, _, _ = strings.Cut(inputs, "\n}")
	declared := regexp.MustCompile(`(?m)^variable "(\w+)"`).FindAllStringSubmatch(root, -1)
	given := regexp.MustCompile(`(?m)^ {2}(\w+) += `).FindAllStringSubmatch(inputs, -1)
	if len(declared) != 1 || len(given) != 1 || declared[0][1] != given[0][1] {
		t.Errorf("the unit gives %v, and %s declares %v", given, source, declared)
	}
}
