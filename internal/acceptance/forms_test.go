package acceptance_test

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// formExamples joins the published examples of a form into one configuration, with what depends on each under a name of its own.
func formExamples(t *testing.T, folder, file string) (config string, names []string) {
	t.Helper()
	names = folders(t, "examples", folder)
	for _, name := range names {
		example := readExample(t, folder, name, file)
		config += strings.ReplaceAll(example, `"next_layer"`, `"next_layer_`+name+`"`)
	}
	return config, names
}

// TestEphemeralExamples applies the published example of every ephemeral resource, all at once: the plan of what is bad warns, its
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
	showAll(cloud.Service, false)
	if out, code := run("plan", "-out=bad.tfplan"); code != 0 || strings.Count(out, "Warning: ") != len(names) {
		t.Fatalf("the plan: exit code %d\n%s", code, out)
	}
	out, code := run("apply", "bad.tfplan")
	if code != 1 || strings.Contains(out, "Creation complete") || strings.Contains(out, logText) {
		t.Errorf("exit code %d\n%s", code, out)
	}
	for _, name := range names {
		title := "Error: " + shownBy(t, name).Title
		if !wrapped(title).MatchString(out) {
			t.Errorf("wanted %q in\n%s", title, out)
		}
	}
	showAll(cloud.Service, true)
	if out, code := run("apply", "-auto-approve"); code != 0 {
		t.Errorf("all is well, but exit code %d\n%s", code, out)
	}
	showAll(cloud.Service, false)
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
	showAll(cloud.Service, false)
	out, code := run("apply")
	if code != 1 || strings.Contains(out, "Creation complete") || strings.Contains(out, logText) {
		t.Errorf("exit code %d\n%s", code, out)
	}
	wanted := []string{"were not healthy in time", "failed (ABNORMAL), 20 of 21 instances finished, 1 failed;", "elapsed,"}
	for _, name := range names {
		wanted = append(wanted, shownBy(t, name).Title, shownBy(t, name).Reason)
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
	showAll(cloud.Service, true)
	if out, code := run("apply"); code != 0 || strings.Count(out, "Creation complete") != len(names) {
		t.Errorf("all is well, but exit code %d\n%s", code, out)
	}
}
