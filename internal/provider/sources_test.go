package provider_test

import (
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/action"
	fwprovider "github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

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

// TestEverySourceHasFacts finds a source whose facts are missing or incomplete, that has no documented example or no acceptance test, and
// facts of a source that the provider does not have.
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
			tests := acceptanceTests(t, name+"_test.go")
			for _, kind := range []string{"Documented", "Fields", "Errors", "Arguments"} {
				if !tests[kind] {
					t.Errorf("%s_test.go has no Test…%s that runs the CLI", name, kind)
				}
			}
		})
	}
	for name := range allFacts {
		if _, ok := found[name]; !ok {
			t.Errorf("there are facts of %s, and the provider has no such source", name)
		}
	}
}

// acceptanceTests are the last words of the names of tests in a file that run the CLI, by one of the functions of harness_test.go.
func acceptanceTests(t *testing.T, file string) map[string]bool {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	runners := []string{"accept", "acceptWith", "testDocumented", "testErrors", "testArguments"}
	lastWord := regexp.MustCompile("[A-Z][a-z]+$")
	found := map[string]bool{}
	for _, declaration := range parsed.Decls {
		function, ok := declaration.(*ast.FuncDecl)
		if !ok || !strings.HasPrefix(function.Name.Name, "Test") {
			continue
		}
		ast.Inspect(function, func(node ast.Node) bool {
			if call, ok := node.(*ast.CallExpr); ok {
				if name, ok := call.Fun.(*ast.Ident); ok && slices.Contains(runners, name.Name) {
					found[lastWord.FindString(function.Name.Name)] = true
				}
			}
			return true
		})
	}
	return found
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
