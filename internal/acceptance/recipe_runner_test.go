//go:build unix

package acceptance_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"go.yaml.in/yaml/v4"
)

// ciJob is a job of a recipe: what its CI system would run, and how.
type ciJob struct {
	name        string
	environment []string
	steps       []ciStep
	// command runs a script that is in a file.
	command func(file string) []string
	// tools are the programs of the job's image; nil stands for those of this machine. Terraform is always there.
	tools []string
	// cancel ends a job, of which the process is the shell of the current step and the leader of a process group.
	cancel func(process int) error
	// insist is what follows if the job has noticed, but does not end: GitHub waits for 7.5 seconds, and this test does not.
	insist func(process int) error
	// mayFail is whether a pipeline passes although the job has failed.
	mayFail bool
}

// ciStep is a script of a job, or what else is in its place.
type ciStep struct {
	script, folder string
	// always is whether it also runs after a step that failed or was canceled.
	always bool
	// keeps and takes are the files that it hands to later jobs, and takes from earlier ones.
	keeps, takes []string
}

// pipeline is a run of the jobs of a recipe. Each has a checkout of its own; what the CI system keeps between them is all that they share.
type pipeline struct {
	t *testing.T
	// files are what the repository holds, and environment what the project's settings give.
	files       fstest.MapFS
	environment []string

	folder, program, plugins string
	jobs                     int
}

// newPipeline makes the repository of a recipe, with an example in each of its folders. Its state is where all jobs reach it.
func newPipeline(t *testing.T, folders map[string]string) *pipeline {
	t.Helper()
	p := &pipeline{t: t, files: fstest.MapFS{}, folder: t.TempDir(), plugins: newSandbox(t).Plugins()}
	var err error
	if p.program, err = exec.LookPath(cli.program); err == nil {
		p.program, err = filepath.Abs(p.program)
	}
	if err != nil {
		t.Fatal(err)
	}
	for place, example := range folders {
		files := published(t, "examples", filepath.FromSlash(example))
		files["stand_in.tf"] = &fstest.MapFile{Data: []byte(testOverride["stand_in.tf"])}
		files["stand_in_override.tf"] = &fstest.MapFile{Data: []byte(serviceOverride)}
		files["backend_override.tf"] = &fstest.MapFile{
			Data: fmt.Appendf(nil, "terraform {\n  backend \"local\" {\n    path = %q\n  }\n}\n", p.state()),
		}
		for name, file := range files {
			p.files[place+"/"+name] = file
		}
	}
	return p
}

func (p *pipeline) state() string { return filepath.Join(p.folder, "terraform.tfstate") }
func (p *pipeline) lock() string  { return filepath.Join(p.folder, ".terraform.tfstate.lock.info") }

// ciRun is what comes of a job.
type ciRun struct {
	failed bool
	// log is what the steps print, and summary what they write for the page of the job.
	log, summary string
	// locked is whether the state was locked when the job was canceled.
	locked bool
	// checkout is the folder of the job.
	checkout string
}

// run runs a job; if there is a channel, the job is canceled once it is closed.
func (p *pipeline) run(job ciJob, looked <-chan struct{}) ciRun {
	p.t.Helper()
	p.jobs++
	work := filepath.Join(p.folder, fmt.Sprintf("job-%d", p.jobs))
	result := ciRun{checkout: filepath.Join(work, "checkout")}
	p.must(os.CopyFS(result.checkout, p.files))
	p.must(os.Symlink(p.plugins, filepath.Join(result.checkout, "plugins")))
	environment := slices.Concat([]string{
		"HOME=" + work, "PATH=" + p.path(work, job.tools), "CHECKPOINT_DISABLE=1", "GOGC=off", "CI=true", "RUNNER_TEMP=" + work,
	}, p.environment, job.environment)
	for i, step := range job.steps {
		if result.failed && !step.always {
			continue
		}
		if !p.handOver(step, result.checkout) {
			result.log += "a file that was to be kept or taken is missing\n"
			result.failed = true
			continue
		}
		file := func(name string) string { return filepath.Join(work, fmt.Sprintf("%s-%d", name, i)) }
		for _, name := range []string{"env", "output", "summary"} {
			p.must(os.WriteFile(file(name), nil, 0o600))
		}
		p.must(os.WriteFile(file("script"), []byte(step.script), 0o600))
		command := job.command(file("script"))
		process := exec.CommandContext(p.t.Context(), command[0], command[1:]...)
		process.Dir = filepath.Join(result.checkout, step.folder)
		process.Env = slices.Concat(environment, []string{
			"GITHUB_ENV=" + file("env"), "GITHUB_OUTPUT=" + file("output"), "GITHUB_STEP_SUMMARY=" + file("summary"),
		})
		process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		printed := &screen{interrupted: make(chan struct{})}
		process.Stdout, process.Stderr = printed, printed
		canceled, err := p.await(process, looked, job, printed, &result)
		result.log += printed.String()
		result.failed = result.failed || err != nil
		if canceled {
			looked = nil
		}
		result.summary += p.read(file("summary"))
		environment = append(environment, strings.Fields(p.read(file("env")))...)
	}
	// The lock file is committed.
	for name := range p.files {
		place, _, _ := strings.Cut(name, "/")
		lock := place + "/.terraform.lock.hcl"
		if content, err := os.ReadFile(filepath.Join(result.checkout, lock)); err == nil {
			p.files[lock] = &fstest.MapFile{Data: content}
		}
	}
	return result
}

// await runs a command to its end, which a cancellation must bring about.
func (p *pipeline) await(process *exec.Cmd, looked <-chan struct{}, job ciJob, printed *screen, result *ciRun) (canceled bool, err error) {
	p.t.Helper()
	p.must(process.Start())
	ended := make(chan error, 1)
	go func() { ended <- process.Wait() }()
	select {
	case err := <-ended:
		return false, err
	case <-looked:
	}
	result.locked = exists(p.t, p.lock())
	p.must(job.cancel(process.Process.Pid))
	// The CI system would not wait for as long; a busy machine may need to.
	patience, end := context.WithTimeout(p.t.Context(), time.Minute)
	defer end()
	noticed := printed.interrupted
	for {
		if job.insist == nil {
			noticed = nil
		}
		select {
		case err := <-ended:
			return true, err
		case <-noticed:
			p.must(job.insist(process.Process.Pid))
			job.insist = nil
		case <-patience.Done():
			p.must(syscall.Kill(-process.Process.Pid, syscall.SIGKILL))
			p.t.Errorf("it did not end when it was canceled: %v", <-ended)
			return true, errors.New("killed")
		}
	}
}

// handOver keeps the files of a step for later jobs, or takes what an earlier one has kept.
func (p *pipeline) handOver(step ciStep, checkout string) bool {
	p.t.Helper()
	kept := filepath.Join(p.folder, "kept")
	for _, copied := range []struct {
		names    []string
		from, to string
	}{{step.keeps, checkout, kept}, {step.takes, kept, checkout}} {
		for _, name := range copied.names {
			content, err := os.ReadFile(filepath.Join(copied.from, name))
			if err != nil {
				return false
			}
			target := filepath.Join(copied.to, name)
			p.must(os.MkdirAll(filepath.Dir(target), 0o700))
			p.must(os.WriteFile(target, content, 0o600))
		}
	}
	return true
}

// path is where a job finds Terraform, and the tools of its image.
func (p *pipeline) path(work string, tools []string) string {
	p.t.Helper()
	bin := filepath.Join(work, "bin")
	p.must(os.MkdirAll(bin, 0o700))
	p.must(os.Symlink(p.program, filepath.Join(bin, "terraform")))
	if tools == nil {
		return bin + string(os.PathListSeparator) + os.Getenv("PATH")
	}
	for _, tool := range tools {
		program, err := exec.LookPath(tool)
		p.must(err)
		p.must(os.Symlink(program, filepath.Join(bin, tool)))
	}
	return bin
}

func (p *pipeline) read(file string) string {
	p.t.Helper()
	content, err := os.ReadFile(file)
	p.must(err)
	return string(content)
}

func (p *pipeline) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

// parseRecipe reads a file with all its members.
func parseRecipe[T any](t *testing.T, content []byte) (parsed T) {
	t.Helper()
	if err := yaml.Unmarshal(content, &parsed); err != nil {
		t.Fatal(err)
	}
	return parsed
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

// knows refuses members that the runner would ignore.
func knows(t *testing.T, value any, known ...string) {
	t.Helper()
	for name := range member[map[string]any](value) {
		if !slices.Contains(known, name) {
			t.Errorf("the runner does not know %q", name)
		}
	}
}

// texts is a member that may be one string or several.
func texts(value any) (found []string) {
	if text, ok := value.(string); ok {
		return []string{text}
	}
	values, _ := value.([]any)
	for _, value := range values {
		found = append(found, fmt.Sprint(value))
	}
	return found
}

// expression is one of GitHub Actions; as a whole value is all that the recipes use.
var expression = regexp.MustCompile(`^\$\{\{ ((?:vars|secrets|inputs)\.[a-zA-Z_]+) \}\}$`)

// githubJobs reads a workflow, with the values of its expressions.
func githubJobs(t *testing.T, content []byte, values map[string]string) map[string]ciJob {
	t.Helper()
	file := parseRecipe[map[string]any](t, content)
	// Other workflows call what can also be started by hand, with the same inputs.
	if called := member[map[string]any](file, "on", "workflow_call", "inputs"); called != nil {
		started := member[map[string]any](file, "on", "workflow_dispatch", "inputs")
		for input := range called {
			if started[input] == nil || member[bool](called, input, "required") != member[bool](started, input, "required") {
				t.Errorf("workflow_call and workflow_dispatch differ in the input %s", input)
			}
		}
	}
	jobs := map[string]ciJob{}
	for name, job := range member[map[string]any](file, "jobs") {
		knows(t, job, "needs", "environment", "runs-on", "timeout-minutes", "env", "defaults", "steps")
		found := githubSteps(t, member[[]any](job, "steps"), member[map[string]any](job, "defaults", "run"))
		found.name = name
		for key, value := range member[map[string]any](job, "env") {
			match := expression.FindStringSubmatch(fmt.Sprint(value))
			if len(match) != 2 || values[match[1]] == "" {
				t.Fatalf("the test has no value for %s: %v", key, value)
			}
			found.environment = append(found.environment, key+"="+values[match[1]])
		}
		jobs[name] = found
	}
	return jobs
}

// githubSteps are the steps of a job, which GitHub cancels with SIGINT to the shell alone.
func githubSteps(t *testing.T, steps []any, defaults map[string]any) ciJob {
	t.Helper()
	job := ciJob{
		command: func(file string) []string { return []string{"bash", "--noprofile", "--norc", "-e", file} },
		cancel:  func(process int) error { return syscall.Kill(process, syscall.SIGINT) },
		insist:  func(process int) error { return syscall.Kill(process, syscall.SIGTERM) },
	}
	if defaults["shell"] == "bash" {
		job.command = func(file string) []string { return []string{"bash", "--noprofile", "--norc", "-eo", "pipefail", file} }
	}
	for _, step := range steps {
		knows(t, step, "name", "if", "uses", "with", "run")
		found := ciStep{folder: fmt.Sprint(defaults["working-directory"]), script: member[string](step, "run")}
		if defaults["working-directory"] == nil {
			found.folder = ""
		}
		switch condition := member[string](step, "if"); condition {
		case "":
		case "always()":
			found.always = true
		default:
			t.Errorf("the runner does not know the condition %q", condition)
		}
		action, _, _ := strings.Cut(member[string](step, "uses"), "@")
		with := member[map[string]any](step, "with")
		switch action {
		case "", "actions/checkout":
		case "hashicorp/setup-terraform":
			if with["terraform_wrapper"] != false {
				t.Error("the wrapper stands between the shell and Terraform")
			}
		case "actions/upload-artifact":
			found.keeps = texts(with["path"])
		case "actions/download-artifact":
			found.takes = []string{fmt.Sprint(with["path"], "/rollout.tfplan")}
		default:
			t.Errorf("the runner does not know the action %q", action)
		}
		job.steps = append(job.steps, found)
	}
	return job
}

// gitlabJobs reads a file of GitLab CI. Of the image, only the named tools are used. GitLab cancels with SIGTERM to all processes.
func gitlabJobs(t *testing.T, content []byte, _ map[string]string) map[string]ciJob {
	t.Helper()
	file := parseRecipe[map[string]any](t, content)
	defaults := member[map[string]any](file, "default")
	knows(t, defaults, "image", "id_tokens")
	jobs := map[string]ciJob{}
	for name, value := range file {
		if name == "stages" || name == "default" {
			continue
		}
		knows(t, value, "image", "id_tokens", "stage", "needs", "environment", "when", "allow_failure", "timeout", "script", "artifacts")
		job := member[map[string]any](value)
		mayFail, said := job["allow_failure"].(bool)
		found := ciJob{
			name: name, mayFail: mayFail || !said && job["when"] == "manual",
			command: func(file string) []string { return []string{"sh", file} },
			cancel:  func(process int) error { return syscall.Kill(-process, syscall.SIGTERM) },
			tools:   []string{"sh", "mkdir", "cp", "grep"},
		}
		for _, tokens := range []map[string]any{member[map[string]any](defaults, "id_tokens"), member[map[string]any](job, "id_tokens")} {
			for variable, token := range tokens {
				if member[string](token, "aud") == "hwgate" {
					found.environment = append(found.environment, variable+"="+idToken)
				}
			}
		}
		if image := fmt.Sprint(defaults["image"], job["image"]); !strings.Contains(image, "name:hashicorp/terraform:") ||
			!strings.Contains(image, "entrypoint:[]") {
			t.Errorf("the image is %s: the tools of another one are not known", image)
		}
		// The script is an argument of eval, whose input is empty.
		script := "'" + strings.ReplaceAll(strings.Join(texts(job["script"]), "\n"), "'", `'\''`) + "'"
		found.steps = []ciStep{{script: "set -o errexit\n: | eval " + script + "\nexit 0\n"}}
		for _, needed := range texts(job["needs"]) {
			found.steps[0].takes = append(found.steps[0].takes, texts(member[any](file, needed, "artifacts", "paths"))...)
		}
		found.steps = append(found.steps, ciStep{
			script: ":", keeps: texts(member[any](job, "artifacts", "paths")),
			always: member[string](job, "artifacts", "when") == "always",
		})
		jobs[name] = found
	}
	return jobs
}

// codeArtsJobs is the one task of a file of CodeArts Build. What happens when it is canceled is not documented: the shell gets SIGTERM.
func codeArtsJobs(t *testing.T, content []byte, _ map[string]string) map[string]ciJob {
	t.Helper()
	file := parseRecipe[map[string]any](t, content)
	knows(t, file, "version", "steps")
	task := ciJob{
		name: "task", command: func(file string) []string { return []string{"sh", file} },
		cancel: func(process int) error { return syscall.Kill(process, syscall.SIGTERM) },
		tools:  []string{"sh", "mkdir", "cp", "curl"},
	}
	for _, step := range member[[]any](file, "steps", "BUILD") {
		knows(t, step, "swr")
		knows(t, member[any](step, "swr"), "image", "inputs")
		knows(t, member[any](step, "swr", "inputs"), "command")
		task.steps = append(task.steps, ciStep{script: member[string](step, "swr", "inputs", "command")})
	}
	return map[string]ciJob{"task": task}
}

// artifact is the content of a file in a checkout, empty if there is none.
func (r ciRun) artifact(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(r.checkout, filepath.FromSlash(name)))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return string(content)
}
