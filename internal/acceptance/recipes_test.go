//go:build unix

package acceptance_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"

	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/cloudtest"
	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/sandbox"
)

// recipe is a file for a CI system, of which everything that is shell is run here.
type recipe struct {
	read func(t *testing.T, content []byte, values map[string]string) map[string]ciJob
	// gates are the jobs that read the status of the object, in turn. The last one is closed by a bad status.
	gates []string
	// folders are the examples that the file wants in the named folders.
	folders     map[string]string
	environment []string
	// object has a status that opens the gate or closes it.
	object    func(svc *cloudtest.Service) *cloudtest.Sequence
	good, bad http.Handler
	// opened and closed are what the log says then.
	opened, closed string
	// locks is whether the jobs lock the state, and insist is whether only a second signal ends them.
	locks, insist bool
	// since is the first version of the CLI that has what the recipe needs; terraformOnly is set where OpenTofu lacks it.
	since         [2]int
	terraformOnly bool
	// after looks at what a closed gate has left.
	after func(t *testing.T, p *pipeline, jobs map[string]ciJob, closed ciRun)
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

// ciKeys are an access key instead.
var ciKeys = []string{"HW_ACCESS_KEY=" + accessKey, "HW_SECRET_KEY=" + secretKey}

func orderOf(svc *cloudtest.Service) *cloudtest.Sequence     { return svc.Order(exampleID) }
func workspaceOf(svc *cloudtest.Service) *cloudtest.Sequence { return svc.Workspace(workspaceID) }

// recipes are all files of examples/ci and examples/plan-approve-apply.
func recipes() map[string]recipe {
	const succeeded = "COC script order SCT2023083109562601af694bf: succeeded (FINISHED) after 5m11s"
	gate := recipe{
		gates: []string{"gate"}, folders: map[string]string{"gate": "use-cases/02-gate-without-state"},
		object: orderOf, good: cloudtest.Finished(5), bad: failedOrderScene(), opened: succeeded, closed: failedOrder,
	}
	github, gitlab, codeArts, junit := gate, gate, gate, gate
	github.read, github.after = githubJobs, checkAnnotations
	gitlab.read, gitlab.environment, gitlab.after = gitlabJobs, append(slices.Clip(ciVariables), oneOrder...), checkReportJob
	gitlab.folders = map[string]string{"gate": "use-cases/02-gate-without-state", "report": "use-cases/04-failure-report"}
	codeArts.read, codeArts.gates = codeArtsJobs, []string{"task"}
	codeArts.environment = []string{"orderId=" + exampleID, "accessKey=" + accessKey, "secretKey=" + secretKey}
	junit.read, junit.environment, junit.after = gitlabJobs, gitlab.environment, checkTestReport
	junit.folders, junit.opened = map[string]string{"gate": "recipes/junit"}, "1 passed, 0 failed"
	junit.since, junit.terraformOnly = [2]int{1, 11}, true
	monitor := recipe{
		read: githubJobs, gates: []string{"monitor"}, folders: map[string]string{"monitor": "use-cases/06-continuous-check"}, since: testSince,
		object: workspaceOf, good: jobs(0, 5), bad: jobs(2, 5), opened: "1 passed, 0 failed", closed: failedNightly, insist: true,
	}
	saved := recipe{
		gates: []string{"plan", "apply"}, folders: map[string]string{"rollout": "use-cases/11-saved-plan"}, locks: true, since: ephemeralSince,
		object: orderOf, good: cloudtest.Finished(5), bad: failedOrderScene(),
		opened: "next_layer: Creation complete", closed: "Error: " + failedOrder, after: checkRefusedRollout,
	}
	githubSaved, gitlabSaved, codeArtsSaved := saved, saved, saved
	githubSaved.read = githubJobs
	gitlabSaved.read, gitlabSaved.environment = gitlabJobs, append(slices.Clip(ciKeys), oneOrder...)
	codeArtsSaved.environment = append(slices.Clip(codeArts.environment), "planToken=plan-token")
	codeArtsSaved.read = func(t *testing.T, content []byte, values map[string]string) map[string]ciJob {
		t.Helper()
		plan := codeArtsJobs(t, content, values)["task"]
		apply := plan
		plan.environment, apply.environment = []string{"step=plan"}, []string{"step=apply"}
		return map[string]ciJob{"plan": plan, "apply": apply}
	}
	return map[string]recipe{
		"ci/github-actions-gate.yml": github, "ci/github-actions-monitor.yml": monitor, "ci/gitlab-ci.yml": gitlab,
		"ci/gitlab-ci-junit.yml": junit, "ci/codearts-build.yml": codeArts,
		"plan-approve-apply/github-actions.yml": githubSaved, "plan-approve-apply/gitlab-ci.yml": gitlabSaved,
		"plan-approve-apply/codearts-build.yml": codeArtsSaved,
	}
}

// trouble is what happens while a job of a recipe runs, and what the log says of it.
type trouble struct {
	environment []string
	// cloud is how the services behave from then on. They close the channel when the job may be canceled.
	cloud func(ci *ciCloud, test recipe, looked chan struct{})
	words []string
	// last is whether only the last job notices.
	last bool
}

var troubles = map[string]trouble{
	"closed": {
		cloud: func(ci *ciCloud, test recipe, _ chan struct{}) { test.object(ci.Service).Now(test.bad) }, last: true,
	},
	"service down": {
		environment: []string{"HW_MAX_RETRIES=0"},
		cloud: func(ci *ciCloud, _ recipe, _ chan struct{}) {
			ci.Faults(cloudtest.Error(http.StatusServiceUnavailable, "APIGW.0000", "no backend"))
		},
		words: []string{"Cannot read", "503"},
	},
	"wrong key": {
		cloud: func(ci *ciCloud, _ recipe, _ chan struct{}) { ci.refuse.Store(true) },
		words: []string{"401"},
	},
	"canceled": {
		cloud: func(ci *ciCloud, test recipe, looked chan struct{}) {
			var once sync.Once
			test.object(ci.Service).Now(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				once.Do(func() { close(looked) })
				cloudtest.Silence.ServeHTTP(w, r)
			}))
		},
		words: []string{"canceled"},
	},
}

// TestRecipes runs what CI systems would run of each recipe, with the variables that they would give: an open gate lets the pipeline pass
// and says why, and whatever happens instead fails it with a reason. No log and no secret is printed, and no state stays locked.
func TestRecipes(t *testing.T) {
	t.Parallel()
	all := recipes()
	for _, folder := range []string{"ci", "plan-approve-apply"} {
		for file, content := range published(t, "examples", folder) {
			name := folder + "/" + file
			test, ok := all[name]
			if !ok {
				t.Errorf("%s is not tested", name)
				continue
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				needsCLI(t, test.since)
				if test.terraformOnly {
					needsTerraform(t)
				}
				runRecipe(t, test, content.Data, "open", len(test.gates), trouble{})
				for name, trouble := range troubles {
					for at := range test.gates {
						if !trouble.last || at == len(test.gates)-1 {
							runRecipe(t, test, content.Data, name, at, trouble)
						}
					}
				}
			})
		}
	}
}

// runRecipe runs the jobs of a recipe in turn. The trouble comes with one of them.
func runRecipe(t *testing.T, test recipe, content []byte, name string, at int, trouble trouble) {
	t.Helper()
	t.Run(fmt.Sprintf("%s at %d", name, at), func(t *testing.T) {
		t.Parallel()
		jobs := test.read(t, content, githubValues())
		p := newPipeline(t, test.folders)
		ci := newCI(t)
		p.environment = slices.Concat(test.environment, trouble.environment, []string{
			"TF_VAR_stand_in=" + ci.URL, "planUrl=" + keptPlan(t),
			"ACTIONS_ID_TOKEN_REQUEST_TOKEN=" + requestToken, "ACTIONS_ID_TOKEN_REQUEST_URL=" + ci.URL + "/issuer?version=1",
		})
		test.object(ci.Service).Now(test.good)
		log := ""
		for i, gate := range test.gates {
			if i == at {
				break
			}
			run := p.run(jobs[gate], nil)
			log += run.log
			if run.failed {
				t.Fatalf("%s: all is well, but it failed\n%s", gate, run.log)
			}
		}
		if at == len(test.gates) {
			if !wrapped(test.opened).MatchString(log) {
				t.Errorf("the open gate does not say %q\n%s", test.opened, log)
			}
			return
		}
		looked := make(chan struct{})
		trouble.cloud(ci, test, looked)
		gate := jobs[test.gates[at]]
		if !test.insist {
			gate.insist = nil
		}
		run := p.run(gate, looked)
		words := trouble.words
		if words == nil {
			words = []string{test.closed}
		}
		for _, words := range words {
			if !wrapped(words).MatchString(run.log) {
				t.Errorf("wanted %q in\n%s", words, run.log)
			}
		}
		if !run.failed || gate.mayFail {
			t.Errorf("the pipeline passes: the job failed: %t, and may fail: %t\n%s", run.failed, gate.mayFail, run.log)
		}
		for _, secret := range []string{logText, secretKey, idToken, unscoped, "next_layer: Creat"} {
			if strings.Contains(run.log+run.summary, secret) {
				t.Errorf("%q is in\n%s\n%s", secret, run.log, run.summary)
			}
		}
		if exists(t, p.lock()) || (name == "canceled" && run.locked != test.locks) {
			t.Errorf("the state was locked: %t, and is: %t\n%s", run.locked, exists(t, p.lock()), run.log)
		}
		if refused := ci.refused.Load(); name == "wrong key" && refused != 1 {
			t.Errorf("%d requests were refused\n%s", refused, run.log)
		}
		if name == "closed" && test.after != nil {
			test.after(t, p, jobs, run)
		}
	})
}

// githubValues are the values of the expressions in workflows.
func githubValues() map[string]string {
	values := map[string]string{"inputs.order_id": exampleID, "vars.WORKSPACE_ID": workspaceID}
	for prefix, variables := range map[string][]string{"vars.": ciVariables, "secrets.": ciKeys} {
		for _, variable := range variables {
			name, value, _ := strings.Cut(variable, "=")
			values[prefix+name] = value
		}
	}
	return values
}

// checkAnnotations looks at the annotation and the page of a job of GitHub Actions.
func checkAnnotations(t *testing.T, _ *pipeline, _ map[string]ciJob, closed ciRun) {
	t.Helper()
	if !strings.Contains(closed.log, "\n::error title=Resource postcondition failed::"+failedOrder) {
		t.Errorf("there is no annotation in\n%s", closed.log)
	}
	if !strings.HasPrefix(closed.summary, "```text\nResource postcondition failed\n\n"+failedOrder) || !strings.HasSuffix(closed.summary, "\n```\n\n") {
		t.Errorf("the summary of the job is %q", closed.summary)
	}
}

// checkReportJob runs the job behind a closed gate. Of an order that runs, or is gone, it reports that.
func checkReportJob(t *testing.T, p *pipeline, jobs map[string]ciJob, _ ciRun) {
	t.Helper()
	file := parseRecipe[map[string]any](t, published(t, "examples", "ci")["gitlab-ci.yml"].Data)
	if member[string](file, "report", "when") != "on_failure" || member[string](file, "report", "artifacts", "access") != "developer" {
		t.Error("the report is made after the wrong jobs, or for too many people")
	}
	main := p.files["report/main.tf"]
	if !strings.Contains(string(main.Data), `read = "1m"`) {
		t.Fatal("the report waits for more than a minute")
	}
	p.files["report/main.tf"] = &fstest.MapFile{Data: []byte(strings.ReplaceAll(string(main.Data), `"1m"`, `"2s"`))}
	ci := newCI(t)
	p.environment = append(slices.Clip(p.environment), "TF_VAR_stand_in="+ci.URL)
	for _, scene := range []struct {
		order        http.Handler
		says, report string
	}{
		{failedOrderScene(), failedOrder, logText},
		{cloudtest.Running(0, 5), "timed out after", "[]"},
		{cloudtest.NotFound, "COC does not know the order", "[]"},
	} {
		ci.Order(exampleID).Now(scene.order)
		run := p.run(jobs["report"], nil)
		if run.failed || strings.Contains(run.log, logText) || !wrapped(scene.says).MatchString(run.log) {
			t.Errorf("wanted %q; it failed: %t\n%s", scene.says, run.failed, run.log)
		}
		if report := run.artifact(t, "report/failed_logs.json"); !strings.Contains(report, scene.report) {
			t.Errorf("wanted %q in the report %q", scene.report, report)
		}
	}
}

// checkTestReport looks for the reason in the report of `terraform test`.
func checkTestReport(t *testing.T, _ *pipeline, _ map[string]ciJob, closed ciRun) {
	t.Helper()
	if failure, _ := parseTestReport(t, closed.artifact(t, "gate/report.xml")); !strings.Contains(failure.Message, failedOrder) {
		t.Errorf("the summary is not the message of the failure, but %q", failure.Message)
	}
}

// testFailure is a failure or an error in the report of `terraform test`.
type testFailure struct {
	Message string `xml:"message,attr"`
	Body    string `xml:",chardata"`
}

// parseTestReport finds the failure and the error of the one run.
func parseTestReport(t *testing.T, text string) (failure, problem testFailure) {
	t.Helper()
	var report struct {
		Suites []struct {
			Cases []struct {
				Failure testFailure `xml:"failure"`
				Error   testFailure `xml:"error"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal([]byte(text), &report); err != nil || len(report.Suites) != 1 || len(report.Suites[0].Cases) != 1 {
		t.Fatalf("%v: not one case in\n%s", err, text)
	}
	return report.Suites[0].Cases[0].Failure, report.Suites[0].Cases[0].Error
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

// ciCloud mocks all services, the issuer of identity tokens of a CI system, and IAM, which exchanges them for keys.
type ciCloud struct {
	*cloudtest.Service

	URL string
	// refuse has it refuse all credentials, and refused counts how often it has.
	refuse  atomic.Bool
	refused atomic.Int64
}

func newCI(t *testing.T) *ciCloud {
	t.Helper()
	cloud := newCloud(t, always(map[string]string{
		"POST /v5/agencies/assume": fmt.Sprintf(`{"credentials":{"access_key_id":%q,"secret_access_key":%q,`+
			`"security_token":"temporary","expiration":"2099-01-01T00:00:00Z"}}`, accessKey, secretKey),
	}))
	account := &cloudtest.Account{Unscoped: unscoped, AccessKey: accessKey, SecretKey: secretKey, SecurityToken: "temporary"}
	ci := &ciCloud{Service: cloud.Service}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		known := true
		switch r.URL.Path {
		case "/issuer":
			if r.Header.Get("Authorization") != "Bearer "+requestToken || r.URL.Query().Get("audience") != "hwgate" {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			_, _ = fmt.Fprintf(w, `{"count":1,"value":%q}`, idToken)
			return
		case "/v3.0/OS-AUTH/id-token/tokens":
			known = r.Header.Get("X-Idp-Id") == idpID && strings.Contains(string(body), idToken)
		case "/v3.0/OS-CREDENTIAL/securitytokens":
			known = strings.Contains(string(body), unscoped)
		}
		switch {
		case !known || ci.refuse.Load():
			ci.refused.Add(1)
			cloudtest.Error(http.StatusUnauthorized, "APIGW.0301", "no").ServeHTTP(w, r)
		case strings.HasPrefix(r.URL.Path, "/v3.0/"):
			account.ServeHTTP(w, r)
		default:
			cloud.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(server.Close)
	ci.URL = server.URL
	return ci
}

// TestOtherRecipes runs the folders of examples/recipes that no CI system is needed for.
func TestOtherRecipes(t *testing.T) {
	t.Parallel()
	box := newSandbox(t)
	tests := map[string]func(t *testing.T){
		"several-gates": func(t *testing.T) {
			t.Helper()
			good := all(finishedOrder, tasksAre(tasks(12, 0)))
			runCase(t, box, "several-gates", withOverride(published(t, "examples", "recipes", "several-gates")), useCase{
				environment: append(slices.Clip(oneOrder), oneInstance...), command: applying, good: good,
				next: "terraform_data.next_layer: Creating...",
				bad: []badState{
					{all(good, abnormalOrder), []string{failedOrder}},
					{all(good, tasksAre(tasks(12, 3))), []string{failedTasks}},
					{all(abnormalOrder, tasksAre(tasks(12, 3))), []string{failedOrder, failedTasks}},
				},
			})
		},
		// TestRecipes runs it by its recipe.
		"junit": func(t *testing.T) {
			t.Helper()
			if recipes()["ci/gitlab-ci-junit.yml"].folders["gate"] != "recipes/junit" {
				t.Error("no recipe uses it")
			}
		},
		"job-page":   testJobPage,
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

// testJobPage looks at the page of a job whose gate is closed, and then open. If the order cannot be read, the log says why.
func testJobPage(t *testing.T) {
	t.Helper()
	job := githubSteps(t, parseRecipe[[]any](t, published(t, "examples", "recipes", "job-page")["steps.yml"].Data), nil)
	job.steps = append([]ciStep{{script: "terraform init -input=false"}}, job.steps...)
	for i := range job.steps {
		job.steps[i].folder = "page"
	}
	job.steps[0].script = "mkdir -p terraform.d && cp -R ../plugins terraform.d/ && " + job.steps[0].script
	for name, test := range map[string]struct {
		order  http.Handler
		failed bool
		page   []string
		log    string
	}{
		"closed":     {failedOrderScene(), true, []string{"SCT2023083109562601af694bf: failed", "| ecs-4 |", "| ecs-5 |"}, "open = false"},
		"open":       {cloudtest.Finished(5), false, []string{"SCT2023083109562601af694bf: succeeded"}, "open = true"},
		"read error": {forbidden, true, nil, "Cannot read COC script order"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPipeline(t, map[string]string{"page": "recipes/job-page"})
			ci := newCI(t)
			ci.Order(exampleID).Now(test.order)
			p.environment = slices.Concat(ciKeys, oneOrder, []string{"TF_VAR_stand_in=" + ci.URL})
			run := p.run(job, nil)
			if run.failed != test.failed || !wrapped(test.log).MatchString(run.log) || strings.Contains(run.log+run.summary, logText) {
				t.Errorf("it failed: %t; wanted %q in\n%s", run.failed, test.log, run.log)
			}
			for _, words := range test.page {
				if !strings.HasPrefix(run.summary, "#") || !strings.Contains(run.summary, words) {
					t.Errorf("wanted %q in\n%s", words, run.summary)
				}
			}
		})
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
	plan := "terraform plan -json > plan.json"
	if cli.product == "OpenTofu" && !before(cli.version, [2]int{1, 12}) {
		plan = "terraform plan -json-into=plan.json"
	}
	out, err := box.Script(t.Context(), folder, environment, "sh", "-c", plan+" || { echo no JSON >> plan.json; sh notify.sh; }")
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if message := <-sent; !strings.HasPrefix(message, "Resource postcondition failed\n"+failedOrder) {
		t.Errorf("it sent %q", message)
	}
}

// testTerragrunt holds the unit to the root module that it names: its folder, and its variables without a default.
func testTerragrunt(t *testing.T) {
	t.Helper()
	unit := string(published(t, "examples", "recipes", "terragrunt")["terragrunt.hcl"].Data)
	_, source, _ := strings.Cut(unit, "github.com/hwgate/terraform-provider-hwgate//")
	source, _, _ = strings.Cut(source, `"`)
	root := string(published(t, filepath.FromSlash(source))["main.tf"].Data)
	_, inputs, _ := strings.Cut(unit, "inputs = {\n")
	inputs, _, _ = strings.Cut(inputs, "\n}")
	declared := regexp.MustCompile(`(?ms)^variable "(\w+)" \{(.*?)\n\}`).FindAllStringSubmatch(root, -1)
	declared = slices.DeleteFunc(declared, func(variable []string) bool { return strings.Contains(variable[2], "\n  default ") })
	given := regexp.MustCompile(`(?m)^ {2}(\w+) += `).FindAllStringSubmatch(inputs, -1)
	if len(declared) != 1 || len(given) != 1 || declared[0][1] != given[0][1] {
		t.Errorf("the unit gives %v, and %s declares %v", given, source, declared)
	}
}

// checkRefusedRollout finds nothing created. Where no state existed before, the saved plan cannot be applied again; the guide says what to
// do.
func checkRefusedRollout(t *testing.T, p *pipeline, jobs map[string]ciJob, _ ciRun) {
	t.Helper()
	again := p.run(jobs["apply"], nil)
	if !again.failed || !strings.Contains(again.log, "Saved plan is stale") {
		t.Errorf("the same plan again\n%s", again.log)
	}
}

// keptPlan is an address that keeps a plan for whoever has the token.
func keptPlan(t *testing.T) (address string) {
	t.Helper()
	var plan []byte
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		switch {
		case err != nil || r.Header.Get("Authorization") != "Bearer plan-token":
			w.WriteHeader(http.StatusForbidden)
		case r.Method == http.MethodPut:
			plan = body
		default:
			_, _ = w.Write(plan)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL + "/rollout.tfplan"
}

// fakeTerraform is a program that prints lines in place of Terraform.
func fakeTerraform(t *testing.T, lines string) (program string) {
	t.Helper()
	folder := t.TempDir()
	program = filepath.Join(folder, "terraform")
	script := "#!/bin/sh\ntest \"$1\" != plan || { cat '" + folder + "/lines'; exit 1; }\n"
	for file, content := range map[string]string{program: script, filepath.Join(folder, "lines"): lines} {
		if err := os.WriteFile(file, []byte(content), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return program
}

// TestHostilePlanOutput runs the workflow of GitHub on diagnostics that hold commands, Markdown and HTML, as names of hosts may, and on lines
// that are no JSON objects: the annotation is one line, the page of the job shows a block of text, and the job fails as Terraform does.
func TestHostilePlanOutput(t *testing.T) {
	t.Parallel()
	const lines = "Warning: not JSON\n5\n" +
		`{"type":"diagnostic","diagnostic":{"severity":"error","summary":"failed: ![](http://evil.test/a.png), [x](http://evil.test)",` +
		`"detail":"a\n` + "```" + `\n<img src=x>\n::set-output name=a::b\r\n50%"}}` + "\n" +
		`{"@message":"the end"}` + "\n"
	jobs := githubJobs(t, published(t, "examples", "ci")["github-actions-gate.yml"].Data, githubValues())
	p := newPipeline(t, recipes()["ci/github-actions-gate.yml"].folders)
	p.program = fakeTerraform(t, lines)
	ci := newCI(t)
	p.environment = []string{
		"ACTIONS_ID_TOKEN_REQUEST_TOKEN=" + requestToken, "ACTIONS_ID_TOKEN_REQUEST_URL=" + ci.URL + "/issuer?version=1",
	}
	run := p.run(jobs["gate"], nil)
	want := "Warning: not JSON\n5\n::error title=failed%3A ![](http%3A//evil.test/a.png)%2C [x](http%3A//evil.test)::" +
		"a%0A```%0A<img src=x>%0A::set-output name=a::b%0D%0A50%25\nthe end\n"
	if !run.failed || run.log != want {
		t.Errorf("it failed: %t; wanted\n%s\nin\n%s", run.failed, want, run.log)
	}
	if want := "```text\nfailed: ![](http://evil.test/a.png), [x](http://evil.test)\n\na\n'''\n<img src=x>\n" +
		"::set-output name=a::b\r\n50%\n```\n\n"; run.summary != want {
		t.Errorf("the page of the job is\n%q, want\n%q", run.summary, want)
	}
}

// TestNoIdentityToken has GitHub issue no token: the step says so.
func TestNoIdentityToken(t *testing.T) {
	t.Parallel()
	jobs := githubJobs(t, published(t, "examples", "ci")["github-actions-gate.yml"].Data, githubValues())
	for name, answer := range map[string]cloudtest.Answer{
		"null": {Body: `{"count":0,"value":null}`}, "empty": {Body: ""}, "no object": {Body: "<html>"}, "refused": {Status: http.StatusForbidden},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			issuer := httptest.NewServer(answer)
			t.Cleanup(issuer.Close)
			p := newPipeline(t, recipes()["ci/github-actions-gate.yml"].folders)
			p.program = fakeTerraform(t, "the gate was read")
			p.environment = []string{"ACTIONS_ID_TOKEN_REQUEST_TOKEN=" + requestToken, "ACTIONS_ID_TOKEN_REQUEST_URL=" + issuer.URL + "/?"}
			run := p.run(jobs["gate"], nil)
			if !run.failed || !strings.Contains(run.log, "::error::GitHub issued no identity token\n") || strings.Contains(run.log, "the gate was read") {
				t.Errorf("it failed: %t\n%s", run.failed, run.log)
			}
		})
	}
}

// TestRecipesWaitWithExec finds the commands that may wait: each is in the place of its shell, but for a report that waits for a minute at
// most.
func TestRecipesWaitWithExec(t *testing.T) {
	t.Parallel()
	waits := regexp.MustCompile(`(?m)terraform (?:plan|apply|test) .*$`)
	for name, test := range recipes() {
		folder, file, _ := strings.Cut(name, "/")
		jobs := test.read(t, published(t, "examples", folder)[file].Data, githubValues())
		for _, gate := range test.gates {
			found := 0
			for _, step := range jobs[gate].steps {
				for _, at := range waits.FindAllStringIndex(step.script, -1) {
					found++
					if !strings.HasSuffix(step.script[:at[0]], "exec ") {
						t.Errorf("%s: without exec: %s", name, step.script[at[0]:at[1]])
					}
				}
			}
			if found == 0 {
				t.Errorf("%s: %s does not wait", name, gate)
			}
		}
	}
}

// TestPlansOutliveApprovals holds the saved plans to the 30 days for which an approval may be awaited.
func TestPlansOutliveApprovals(t *testing.T) {
	t.Parallel()
	files := published(t, "examples", "plan-approve-apply")
	gitlab := parseRecipe[map[string]any](t, files["gitlab-ci.yml"].Data)
	if kept := member[string](gitlab, "plan", "artifacts", "expire_in"); kept != "30 days" {
		t.Errorf("GitLab keeps the plan for %q", kept)
	}
	github := parseRecipe[map[string]any](t, files["github-actions.yml"].Data)
	for _, step := range member[[]any](github, "jobs", "plan", "steps") {
		if strings.HasPrefix(member[string](step, "uses"), "actions/upload-artifact@") && member[any](step, "with", "retention-days") != 30 {
			t.Errorf("GitHub keeps the plan for %v days", member[any](step, "with", "retention-days"))
		}
	}
	if member[string](github, "jobs", "apply", "needs") != "plan" || member[string](github, "jobs", "apply", "environment") == "" ||
		member[string](gitlab, "apply", "when") != "manual" {
		t.Error("nothing holds the second job until it is approved")
	}
}

// TestCodeArtsStep asks for what must be a parameter of the task: with neither step, nothing is planned or applied.
func TestCodeArtsStep(t *testing.T) {
	t.Parallel()
	task := codeArtsJobs(t, published(t, "examples", "plan-approve-apply")["codearts-build.yml"].Data, nil)["task"]
	p := newPipeline(t, map[string]string{"rollout": "use-cases/11-saved-plan"})
	p.program = fakeTerraform(t, "it was planned")
	run := p.run(task, nil)
	if !run.failed || !strings.Contains(run.log, "The parameter step is '', neither plan nor apply.") || strings.Contains(run.log, "planned") {
		t.Errorf("it failed: %t\n%s", run.failed, run.log)
	}
}

// TestFailureInTestReport holds the guide to what `terraform test` reports of a postcondition that failed: the reason is in the body of the
// element, and not in its attribute.
func TestFailureInTestReport(t *testing.T) {
	t.Parallel()
	needsTerraform(t)
	needsCLI(t, [2]int{1, 11})
	box := newSandbox(t)
	files := withOverride(published(t, "examples", "use-cases", "02-gate-without-state"))
	files["gate.tftest.hcl"] = &fstest.MapFile{Data: []byte("run \"gate\" {\n  command = plan\n}\n")}
	folder := writeConfiguration(t, box, files)
	environment := append([]string{"TF_VAR_stand_in=" + newCloud(t, abnormalOrder).URL}, oneOrder...)
	out, err := terraform(t, folder, environment, "test", "-no-color", "-junit-xml=report.xml")
	if code := exitCode(t, err); code != 1 {
		t.Errorf("exit code %d\n%s", code, out)
	}
	report, err := box.Script(t.Context(), folder, nil, "cat", "report.xml")
	if err != nil {
		t.Fatal(err)
	}
	_, problem := parseTestReport(t, string(report))
	if problem.Message != "Encountered an error" || !wrapped(failedOrder).MatchString(problem.Body) {
		t.Errorf("the attribute is %q, and the body\n%s", problem.Message, problem.Body)
	}
}

// TestRefusedPlanAgain applies a plan again that was refused: Terraform takes it if the refused apply has changed nothing. It has if there was
// no state before, or if the plan changes something in front of the gate.
func TestRefusedPlanAgain(t *testing.T) {
	t.Parallel()
	needsEphemeral(t)
	for name, test := range map[string]struct {
		before, plan []string
		code         int
		says         string
	}{
		"no state": {nil, []string{"-target=terraform_data.next_layer"}, 1, "Saved plan is stale"},
		"state":    {[]string{"-target=terraform_data.other"}, nil, 0, "next_layer: Creation complete"},
		"state, and another change": {
			[]string{"-target=terraform_data.other"}, []string{"-var=other=changed"}, 1, "Saved plan is stale",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := withOverride(published(t, "examples", "use-cases", "11-saved-plan"))
			files["other.tf"] = &fstest.MapFile{Data: []byte(
				"variable \"other\" {\n  default = \"\"\n}\nresource \"terraform_data\" \"other\" {\n  input = var.other\n}\n")}
			f := newModuleFolder(t, newSandbox(t), files)
			f.order.Now(cloudtest.Finished(5))
			if test.before != nil {
				f.run(0, append([]string{"apply", "-auto-approve"}, test.before...)...)
			}
			f.run(0, append([]string{"plan", "-out=saved.tfplan"}, test.plan...)...)
			f.order.Now(failedOrderScene())
			f.run(1, "apply", "saved.tfplan")
			f.order.Now(cloudtest.Finished(5))
			f.says(f.run(test.code, "apply", "saved.tfplan"), "", test.says)
		})
	}
}
