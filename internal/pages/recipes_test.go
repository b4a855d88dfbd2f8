package pages_test

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestRecipeFacts holds the guides on CI to facts that no run of a recipe shows: editions that an approval needs, signals of a
// cancellation, programs that an image lacks, places of files, and what is known from documentation alone.
func TestRecipeFacts(t *testing.T) {
	t.Parallel()
	ci, saved := readPage(t, "docs/guides/ci.md"), readPage(t, "docs/guides/plan-approve-apply.md")
	for _, test := range []struct {
		page, section string
		facts         []string
	}{
		{ci, "### The provider in the repository", []string{"static", "Alpine", "`terraform.d/plugins` beside the configuration", "`provider_installation`"}},
		{ci, "### When a job is canceled", []string{
			"GitHub sends SIGINT to the shell of the step and to nothing else, SIGTERM 7.5 seconds later", "leave the state locked",
			"`exec` puts Terraform in the place of the shell", "GitLab sends SIGTERM to all processes",
		}},
		{ci, "## GitLab CI", []string{"It waits for a minute at most", "neither bash, curl nor jq"}},
		{ci, "### The reason in the test report", []string{
			"attribute `message` only says `Encountered an error`, and the reason is in the body of the element",
		}},
		{ci, "## CodeArts Pipeline", []string{
			"CodeArts has not been tried. The commands below are tested; everything else in this section is from its documentation.",
			"`.cloudbuild/build.yml`", "`CB_BUILD_YAML_PATH`", "with the run-time setting", "take precedence", "The step `sh` is for `PRE_BUILD` and takes no image",
		}},
		{ci, "## HCP Terraform", []string{"HCP Terraform has not been tried. The rest is from its documentation."}},
		{ci, "## Notification", []string{"curl and jq, which the image `hashicorp/terraform` lacks"}},
		{saved, "## After a refused apply", []string{"`Saved plan is stale`: plan again, and have the new plan approved"}},
		{saved, "## GitHub Actions", []string{
			"By GitHub's documentation, required reviewers of a private repository need GitHub Enterprise", "within 30 days",
		}},
		{saved, "## GitLab CI", []string{
			"By GitLab's documentation, a protected environment limits who can start the job, and needs GitLab Premium",
			"without `allow_failure: false` the pipeline would pass although the gate is closed",
		}},
		{saved, "## CodeArts", []string{"CodeArts has not been tried"}},
	} {
		_, section, found := strings.Cut(test.page, "\n"+test.section+"\n")
		level, _, _ := strings.Cut(test.section, " ")
		for _, next := range []string{"\n## ", "\n" + level + " "} {
			section, _, _ = strings.Cut(section, next)
		}
		section = strings.Join(strings.Fields(section), " ")
		for _, fact := range test.facts {
			if !found || !strings.Contains(section, fact) {
				t.Errorf("%s: wanted %q in\n%s", test.section, fact, section)
			}
		}
	}
}

// TestRecipesAreNamed finds each file of the recipes in a guide, whole or as a link.
func TestRecipesAreNamed(t *testing.T) {
	t.Parallel()
	guides := readPage(t, "templates/guides/ci.md.tmpl") + readPage(t, "templates/guides/plan-approve-apply.md.tmpl")
	found := 0
	for _, pattern := range []string{"examples/ci/*", "examples/plan-approve-apply/*", "examples/recipes/*/*"} {
		files, err := filepath.Glob(filepath.Join("..", "..", filepath.FromSlash(pattern)))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			found++
			name := strings.TrimPrefix(filepath.ToSlash(file), "../../")
			if !strings.Contains(guides, "/blob/main/"+name+")") && !strings.Contains(guides, "\""+name+"\"") {
				t.Errorf("no guide names %s", name)
			}
		}
	}
	if found == 0 {
		t.Error("no recipe was found")
	}
}
