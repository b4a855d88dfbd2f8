//go:build unix

package acceptance_test

import (
	"bytes"
	"maps"
	"strings"
	"testing"
	"testing/fstest"
)

// TestRecipesWithoutTests runs each recipe with `terraform test` where its test file is missing, while all is good: the CLI would succeed,
// and the job fails and says why.
func TestRecipesWithoutTests(t *testing.T) {
	t.Parallel()
	found := 0
	for name, test := range recipes() {
		folder, file, _ := strings.Cut(name, "/")
		content := published(t, "examples", folder)[file].Data
		if !bytes.Contains(content, []byte("terraform test")) {
			continue
		}
		found++
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			needsCLI(t, test.since)
			if test.terraformOnly {
				needsTerraform(t)
			}
			p, ci := newPipeline(t, test.folders), newCI(t)
			maps.DeleteFunc(p.files, func(name string, _ *fstest.MapFile) bool { return strings.HasSuffix(name, ".tftest.hcl") })
			p.environment = append([]string{
				"TF_VAR_stand_in=" + ci.URL, "ACTIONS_ID_TOKEN_REQUEST_TOKEN=" + requestToken, "ACTIONS_ID_TOKEN_REQUEST_URL=" + ci.URL + "/issuer?version=1",
			}, test.environment...)
			test.object(ci.Service).Now(test.good)
			if run := p.run(test.read(t, content, githubValues())[test.gates[0]], nil); !run.failed || !strings.Contains(run.log, "tftest.hcl") {
				t.Errorf("it failed: %t\n%s", run.failed, run.log)
			}
		})
	}
	if found == 0 {
		t.Error("no recipe runs a test")
	}
}
