package provider_test

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/action"
	fwprovider "github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/hwgate/terraform-provider-hwgate/internal/provider"
	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/cloudtest"
	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/recording"
)

// Dummy credentials and ids of the tests.
const (
	accessKey     = "ACCEPTANCEKEY0000001"
	secretKey     = "acceptance-secret-key"
	securityToken = "acceptance-security-token"
	orderID       = "SCT2023102211473xxxxxxxxxx"
	projectID     = "b384b9e9ab9b4ee8994c8633aabc9505"
	instanceID    = cloudtest.ExampleInstance
	overviewPath  = "/v2/" + projectID + "/factory/monitor/task-statistics-overview"
	taskPath      = "/v2/" + projectID + "/fdi/instances/" + instanceID + "/statistics/tasks"
	// logText is what hosts log: it must not come to the console.
	logText = cloudtest.ExampleLog
)

// sourceFacts is all that the tests have to know of a source. They find the sources themselves in the provider.
type sourceFacts struct {
	badAnswer
	// example is what the published example is shown, and what it says.
	example cloudtest.Example
	// sensitive are the paths of attributes that people and scripts write.
	sensitive []string
}

// badAnswer is what a source is asked in the suites of faults, and what the service says when nothing is wrong with it. That is always
// a failed deployment, so that a green verdict can only come of a fault.
type badAnswer struct {
	arguments map[string]tftypes.Value
	// path is what is asked for. spoiled is an answer with another type where the verdict needs a value.
	path, body, spoiled string
}

// factsOf gives the facts of a source, and says what to do where they are missing.
func factsOf(t *testing.T, name string) sourceFacts {
	t.Helper()
	facts, ok := allFacts[name]
	if !ok {
		t.Fatalf("%s_test.go adds nothing to allFacts for %s: CONTRIBUTING.md, \"Add a source\", says what", name, name)
	}
	return facts
}

// TestEverySourceHasFacts finds a source whose facts are missing or incomplete, or that has no documented example, and facts of a source
// that the provider does not have. TestMain finds one without acceptance tests.
func TestEverySourceHasFacts(t *testing.T) {
	t.Parallel()
	found := schemas(t, provider.Options{})
	for name := range found {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			facts := factsOf(t, name)
			for what, there := range map[string]bool{
				"arguments": len(facts.arguments) > 0, "path": facts.path != "", "body": facts.body != "", "spoiled": facts.spoiled != "",
				"example": facts.example.Show != nil && facts.example.Title != "" && facts.example.Reason != "",
			} {
				if !there {
					t.Errorf("the facts of %s have no %s", name, what)
				}
			}
			if !slices.Contains(recording.Documented(), "documented/"+name) {
				t.Errorf("internal/testutil/recording/cassettes/documented has no %s.yaml", name)
			}
		})
	}
	for name := range allFacts {
		if _, ok := found[name]; !ok {
			t.Errorf("there are facts of %s, and the provider has no such source", name)
		}
	}
}

// cliRuns has the data sources that each test has run the CLI with. A test that skips, or that never comes to the CLI, has none.
var cliRuns = runs{sources: map[string][]string{}}

type runs struct {
	mu sync.Mutex
	// sources are by the name of the test, in lower case.
	sources map[string][]string
}

// add notes that a test has run the steps.
func (r *runs) add(t *testing.T, steps []resource.TestStep) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	test, _, _ := strings.Cut(strings.ToLower(t.Name()), "/")
	for _, step := range steps {
		for _, block := range regexp.MustCompile(`\ndata "(\w+)"`).FindAllStringSubmatch(step.Config, -1) {
			r.sources[test] = append(r.sources[test], block[1])
		}
	}
}

// missing are the acceptance tests of each source that have not run the CLI with it, after all tests of the package.
func (r *runs) missing() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var missing []string
	for source := range allFacts {
		for _, kind := range []string{"Documented", "Fields", "Errors", "Arguments"} {
			test := "test" + strings.ReplaceAll(source, "_", "") + strings.ToLower(kind)
			if !slices.Contains(r.sources[test], source) {
				missing = append(missing, source+"_test.go: Test…"+kind)
			}
		}
	}
	slices.Sort(missing)
	return missing
}

// badAnswers are the bad answers of all sources, by name.
var badAnswers = sync.OnceValue(func() map[string]badAnswer {
	if len(allFacts) == 0 {
		panic("asked before the files of the sources have added their facts: not in the value of a variable of the package")
	}
	all := map[string]badAnswer{}
	for name, facts := range allFacts {
		all[name] = facts.badAnswer
	}
	return all
})

// actionNames are the sources that are actions, too.
var actionNames = func() []string {
	var names []string
	made, _ := provider.New(provider.Options{})().(fwprovider.ProviderWithActions)
	for _, construct := range made.Actions(context.Background()) {
		var name action.MetadataResponse
		construct().Metadata(context.Background(), action.MetadataRequest{}, &name)
		names = append(names, name.TypeName)
	}
	slices.Sort(names)
	return names
}()

var withoutDetails = tftypes.NewValue(tftypes.Bool, false)

// allFacts has an entry for each source, which the file of its tests adds.
var allFacts = map[string]sourceFacts{}

const orderPath = "/v1/job/script/orders/" + orderID
