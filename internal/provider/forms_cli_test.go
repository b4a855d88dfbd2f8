package provider_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/cloudtest"
)

// The first versions of Terraform and of OpenTofu that have each form. OpenTofu has no actions.
var (
	ephemeralSince     = [2]int{1, 10}
	ephemeralSinceTofu = [2]int{1, 11}
	actionSince        = [2]int{1, 14}
)

// needsEphemeral skips a test of ephemeral resources that the CLI is too old for.
func needsEphemeral(t *testing.T) {
	t.Helper()
	since := ephemeralSince
	if cli.product == "OpenTofu" {
		since = ephemeralSinceTofu
	}
	needsCLI(t, since)
}

// needsActions skips a test of actions that the CLI does not have.
func needsActions(t *testing.T) {
	t.Helper()
	needsTerraform(t)
	needsCLI(t, actionSince)
}

// formExamples joins the published examples of a form into one configuration, with what depends on each under a name of its own.
func formExamples(t *testing.T, folder, file string) (config string, names []string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join("..", "..", "examples", folder))
	if err != nil || len(entries) == 0 {
		t.Fatalf("no examples in %s: %v", folder, err)
	}
	for _, entry := range entries {
		example := readExample(t, folder, entry.Name(), file)
		config += strings.ReplaceAll(example, `"next_layer"`, `"next_layer_`+entry.Name()+`"`)
		names = append(names, entry.Name())
	}
	return config, names
}

// exampleStories play all that the examples ask for, well or not.
func exampleStories(cloud *cloudtest.Service, well bool) {
	for _, facts := range allFacts {
		facts.example.play(cloud, well)
	}
}

// TestEphemeralExamples applies the published example of every ephemeral resource, all at once: the plan of what is ill warns, its
// apply is refused with the summaries as titles, and destroy passes. What is well is applied.
func TestEphemeralExamples(t *testing.T) {
	t.Parallel()
	needsEphemeral(t)
	cloud := newCloud(t)
	examples, names := formExamples(t, "ephemeral-resources", "ephemeral-resource.tf")
	box := newSandbox(t)
	folder := writeConfiguration(t, box, fstest.MapFS{"main.tf": {Data: []byte(cloud.header(`project_id = "`+projectID+`"`) + examples)}})
	run := func(arguments ...string) (string, int) {
		out, err := terraform(t, folder, nil, slices.Insert(arguments, 1, "-no-color", "-input=false")...)
		return string(out), exitCode(t, err)
	}
	exampleStories(cloud.Service, false)
	if out, code := run("plan", "-out=ill.tfplan"); code != 0 || strings.Count(out, "Warning: ") != len(names) {
		t.Fatalf("the plan: exit code %d\n%s", code, out)
	}
	out, code := run("apply", "ill.tfplan")
	if code != 1 || strings.Contains(out, "Creation complete") || strings.Contains(out, logText) {
		t.Errorf("exit code %d\n%s", code, out)
	}
	for _, name := range names {
		title := "Error: " + factsOf(t, name).example.title
		if !wrapped(title).MatchString(out) {
			t.Errorf("wanted %q in\n%s", title, out)
		}
	}
	exampleStories(cloud.Service, true)
	if out, code := run("apply", "-auto-approve"); code != 0 {
		t.Errorf("all is well, but exit code %d\n%s", code, out)
	}
	exampleStories(cloud.Service, false)
	if out, code := run("destroy", "-auto-approve"); code != 0 {
		t.Errorf("destroy: exit code %d\n%s", code, out)
	}
}

// TestActionExamples applies the published example of every action, all at once: each refuses what comes behind it, with the summary and
// the names of what failed, and lets it be created when all is well. Run by itself an action changes nothing.
func TestActionExamples(t *testing.T) {
	t.Parallel()
	needsActions(t)
	cloud := newCloud(t)
	examples, names := formExamples(t, "actions", "action.tf")
	// The spans and limits of the examples are longer than a test may be.
	examples = strings.NewReplacer(`stable_for   = "3m"`, "", `stable_for        = "3m"`, "", `invoke = "10m"`, `invoke = "10s"`).Replace(examples)
	box := newSandbox(t)
	folder := writeConfiguration(t, box, fstest.MapFS{"main.tf": {Data: []byte(cloud.header(`project_id = "`+projectID+`"`) + examples)}})
	run := func(arguments ...string) (string, int) {
		out, err := terraform(t, folder, nil, slices.Insert(arguments, 1, "-no-color", "-input=false", "-auto-approve")...)
		return string(out), exitCode(t, err)
	}
	exampleStories(cloud.Service, false)
	out, code := run("apply")
	if code != 1 || strings.Contains(out, "Creation complete") || strings.Contains(out, logText) {
		t.Errorf("exit code %d\n%s", code, out)
	}
	wanted := []string{"were not healthy in time", "failed (ABNORMAL), 20 of 21 instances finished, 1 failed;", "elapsed,"}
	for _, name := range names {
		wanted = append(wanted, factsOf(t, name).example.title, factsOf(t, name).example.reason)
	}
	for _, words := range wanted {
		if !wrapped(words).MatchString(out) {
			t.Errorf("wanted %q in\n%s", words, out)
		}
	}
	for _, name := range names {
		file := readExample(t, "actions", name, "action.tf")
		_, rest, _ := strings.Cut(file, `action "`+name+`" "`)
		label, _, _ := strings.Cut(rest, `"`)
		if out, code := run("apply", "-invoke=action."+name+"."+label); code != 1 || strings.Contains(out, "Creating...") {
			t.Errorf("-invoke of %s: exit code %d\n%s", name, code, out)
		}
	}
	exampleStories(cloud.Service, true)
	if out, code := run("apply"); code != 0 || strings.Count(out, "Creation complete") != len(names) {
		t.Errorf("all is well, but exit code %d\n%s", code, out)
	}
}
