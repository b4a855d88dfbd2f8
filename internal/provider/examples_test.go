package provider_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/hwgate/terraform-provider-hwgate/internal/provider"
)

// TestExamples applies the published example of each source twice: against a cloud where all is good, and against one whose failure has to
// stop it with the summary as the reason.
func TestExamples(t *testing.T) {
	t.Parallel()
	for name := range schemas(t, provider.Options{}) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			content, err := os.ReadFile(filepath.Join("..", "..", "examples", "data-sources", name, "data-source.tf"))
			if err != nil {
				t.Fatal(err)
			}
			example := factsOf(t, name).example
			// The test has no minutes to wait. What ends well ends by itself, however busy the machine is.
			config := terraformBlock + "\nprovider \"hwgate\" {\n  project_id = \"" + projectID + "\"\n}\n\n" +
				strings.ReplaceAll(string(content), `= "3m"`, "= \"1s\"\n  poll_interval = \"1s\"")
			good, bad := newService(t), newService(t)
			example.Show(good, true)
			example.Show(bad, false)
			accept(t, good, resource.TestStep{Config: config})
			words := []string{"Resource postcondition failed", example.Title, example.Reason}
			if example.Says != "" {
				words = []string{example.Title, example.Says, example.Reason}
			}
			accept(t, bad, resource.TestStep{Config: strings.ReplaceAll(config, `"10m"`, `"10s"`), ExpectError: wrapped(words...)})
		})
	}
}
