package provider_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	fwprovider "github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/hwgate/terraform-provider-hwgate/internal/provider"
)

var updateSchemas = flag.Bool("update-schemas", false, "write the schemas into testdata/schemas.txt")

// TestFormsHaveTheSameArguments finds an argument or result that one form has and another lacks, or has as something else. Only those
// that are listed here may differ.
func TestFormsHaveTheSameArguments(t *testing.T) {
	t.Parallel()
	// An action always waits, and a wait that ends without success is its error.
	notInActions := []string{"wait_for_completion", "wait_until_healthy", "continue_on_timeout", "ignore_not_found", "log_tail_bytes"}
	schemas := start(t, provider.Options{}, nil).schemas
	for name, source := range schemas.DataSourceSchemas {
		_, waits := described(source)["poll_interval"]
		if _, ok := schemas.ActionSchemas[name]; ok != waits {
			t.Errorf("%s is an action: %t, and it can wait: %t", name, ok, waits)
		}
	}
	if got, want := slices.Sorted(maps.Keys(schemas.EphemeralResourceSchemas)), slices.Sorted(maps.Keys(schemas.DataSourceSchemas)); !slices.Equal(got, want) {
		t.Errorf("ephemeral resources are %v, data sources %v", got, want)
	}
	for name, source := range schemas.DataSourceSchemas {
		want := described(source)
		want["timeouts.open"] = want["timeouts.read"]
		delete(want, "timeouts.read")
		want["require_success"] = property{kind: "Bool", optional: true}
		differ(t, "ephemeral "+name, described(schemas.EphemeralResourceSchemas[name]), want)

		act, ok := schemas.ActionSchemas[name]
		if !ok {
			continue
		}
		want = described(source)
		want["timeouts.invoke"] = want["timeouts.read"]
		delete(want, "timeouts.read")
		want["progress_interval"] = property{kind: "String", optional: true}
		for at, attribute := range want {
			attribute.computed = false
			want[at] = attribute
			if (!attribute.required && !attribute.optional) || slices.Contains(notInActions, at) {
				delete(want, at)
			}
		}
		differ(t, "action "+name, described(act.Schema), want)
	}
}

func differ(t *testing.T, what string, got, want map[string]property) {
	t.Helper()
	for at := range maps.Keys(want) {
		if got[at] != want[at] {
			t.Errorf("%s: %s is %q, want %q", what, at, got[at], want[at])
		}
	}
	for at := range maps.Keys(got) {
		if _, ok := want[at]; !ok {
			t.Errorf("%s: %s is of this form alone", what, at)
		}
	}
}

// TestFormsAreValidAndDescribed holds the schemas of ephemeral resources and actions to the framework's rules, and each description to a
// whole sentence. What they share with a data source says the same.
func TestFormsAreValidAndDescribed(t *testing.T) {
	t.Parallel()
	made := provider.New(provider.Options{})()
	ephemerals, _ := made.(fwprovider.ProviderWithEphemeralResources)
	for _, construct := range ephemerals.EphemeralResources(t.Context()) {
		var described ephemeral.SchemaResponse
		construct().Schema(t.Context(), ephemeral.SchemaRequest{}, &described)
		if diags := described.Schema.ValidateImplementation(t.Context()); diags.HasError() {
			t.Error(diags)
		}
	}
	actions, _ := made.(fwprovider.ProviderWithActions)
	for _, construct := range actions.Actions(t.Context()) {
		var described action.SchemaResponse
		construct().Schema(t.Context(), action.SchemaRequest{}, &described)
		if diags := described.Schema.ValidateImplementation(t.Context()); diags.HasError() {
			t.Error(diags)
		}
	}
	schemas := start(t, provider.Options{}, nil).schemas
	for name, source := range schemas.DataSourceSchemas {
		texts := descriptions(source.Block)
		forms := map[string]*tfprotov6.Schema{"ephemeral": schemas.EphemeralResourceSchemas[name]}
		if act, ok := schemas.ActionSchemas[name]; ok {
			forms["action"] = act.Schema
		}
		for form, schema := range forms {
			assertSentence(t, form+" "+name, schema.Block.Description)
			for at, text := range descriptions(schema.Block) {
				assertSentence(t, form+" "+name+"."+at, text)
				if want, ok := texts[at]; ok && text != want && (form != "action" || at != "failure_details") {
					t.Errorf("%s %s.%s: %q, the data source says %q", form, name, at, text, want)
				}
			}
		}
	}
}

// property is what a configuration depends on of an attribute.
type property struct {
	kind                                    string
	required, optional, computed, sensitive bool
}

func (p property) String() string {
	words := []string{p.kind}
	for _, trait := range []struct {
		word string
		has  bool
	}{{"required", p.required}, {"optional", p.optional}, {"computed", p.computed}, {"sensitive", p.sensitive}} {
		if trait.has {
			words = append(words, trait.word)
		}
	}
	return strings.Join(words, " ")
}

// readProperty reads what String writes.
func readProperty(text string) property {
	words := strings.Fields(text)
	has := func(word string) bool { return slices.Contains(words[1:], word) }
	return property{words[0], has("required"), has("optional"), has("computed"), has("sensitive")}
}

// described gives every attribute of a schema by its path.
func described(schema *tfprotov6.Schema) map[string]property {
	all := map[string]property{}
	visit(schema.Block, func(at string, a *tfprotov6.SchemaAttribute) {
		kind := "object"
		switch {
		case a.NestedType == nil:
			kind = strings.ReplaceAll(strings.ReplaceAll(a.Type.String(), "tftypes.", ""), " ", "")
		case a.NestedType.Nesting != tfprotov6.SchemaObjectNestingModeSingle:
			kind = strings.ToLower(a.NestedType.Nesting.String())
		}
		all[at] = property{kind, a.Required, a.Optional, a.Computed, a.Sensitive}
	})
	return all
}

func descriptions(block *tfprotov6.SchemaBlock) map[string]string {
	all := map[string]string{}
	visit(block, func(at string, a *tfprotov6.SchemaAttribute) { all[at] = a.Description })
	for _, nested := range block.BlockTypes {
		all[nested.TypeName] = nested.Block.Description
	}
	return all
}

// visit calls for every attribute of a block, those of nested blocks and attributes too.
func visit(block *tfprotov6.SchemaBlock, see func(at string, attribute *tfprotov6.SchemaAttribute)) {
	var among func(prefix string, attributes []*tfprotov6.SchemaAttribute)
	among = func(prefix string, attributes []*tfprotov6.SchemaAttribute) {
		for _, attribute := range attributes {
			see(prefix+attribute.Name, attribute)
			if attribute.NestedType != nil {
				among(prefix+attribute.Name+".", attribute.NestedType.Attributes)
			}
		}
	}
	among("", block.Attributes)
	for _, nested := range block.BlockTypes {
		among(nested.TypeName+".", nested.Block.Attributes)
	}
}

// allSchemas gives every attribute of the provider in all its forms.
func allSchemas(t *testing.T) map[string]property {
	t.Helper()
	schemas := start(t, provider.Options{}, nil).schemas
	all := map[string]property{}
	add := func(what string, schema *tfprotov6.Schema) {
		for at, attribute := range described(schema) {
			all[what+" "+at] = attribute
		}
	}
	add("provider", schemas.Provider)
	for name, schema := range schemas.DataSourceSchemas {
		add("data "+name, schema)
	}
	for name, schema := range schemas.EphemeralResourceSchemas {
		add("ephemeral "+name, schema)
	}
	for name, schema := range schemas.ActionSchemas {
		add("action "+name, schema.Schema)
	}
	return all
}

// TestSchemasAreCompatible holds the schemas of all forms to the committed ones. What would break a configuration needs an entry of the
// changelog that says "breaking" and names the attribute; anything else needs only -update-schemas, which `make generate` sets.
func TestSchemasAreCompatible(t *testing.T) {
	t.Parallel()
	file := filepath.Join("testdata", "schemas.txt")
	committed := map[string]property{}
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(content)) {
		at, text, found := strings.Cut(strings.TrimSpace(line), ": ")
		if !found {
			t.Fatalf("%s: %q", file, line)
		}
		committed[at] = readProperty(text)
	}
	changelog, err := os.ReadFile(filepath.Join("..", "..", "CHANGELOG.md"))
	if err != nil {
		t.Fatal(err)
	}
	now := allSchemas(t)
	for at, why := range breaking(committed, now) {
		if !announced(string(changelog), at) {
			t.Errorf("%s: %s. This breaks configurations: the changelog needs an entry with \"breaking\" that names it", at, why)
		}
	}
	if t.Failed() {
		return
	}
	if *updateSchemas {
		var lines []string
		for at, attribute := range now {
			lines = append(lines, fmt.Sprintf("%s: %s\n", at, attribute))
		}
		slices.Sort(lines)
		if err := os.WriteFile(file, []byte(strings.Join(lines, "")), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !maps.Equal(committed, now) {
		t.Error("the schemas have changed: run `make generate` and commit the result")
	}
}

// breaking finds what would break a configuration that was written for the schemas before, with the reason.
func breaking(before, now map[string]property) map[string]string {
	found := map[string]string{}
	for at, old := range before {
		attribute, ok := now[at]
		switch {
		case !ok:
			found[at] = "it is gone"
		case attribute.kind != old.kind:
			found[at] = fmt.Sprintf("its type %s was %s", attribute.kind, old.kind)
		case attribute.required && !old.required:
			found[at] = "it has become required"
		case !attribute.required && !attribute.optional && (old.required || old.optional):
			found[at] = "it can no longer be set"
		case old.computed && !attribute.computed:
			found[at] = "it is no longer computed"
		case attribute.sensitive && !old.sensitive:
			found[at] = "it has become sensitive"
		}
	}
	for at, attribute := range now {
		whole, _, _ := strings.Cut(at, ".")
		_, known := before[at]
		// What is new as a whole breaks nothing.
		if !known && attribute.required && slices.ContainsFunc(slices.Collect(maps.Keys(before)), func(other string) bool {
			return strings.HasPrefix(other, whole[:strings.LastIndex(whole, " ")+1])
		}) {
			found[at] = "it is new and required"
		}
	}
	return found
}

// announced tells whether the unreleased part of the changelog has an entry that says of an attribute that its change is breaking.
func announced(changelog, at string) bool {
	_, unreleased, _ := strings.Cut(changelog, "\n## Unreleased\n")
	unreleased, _, _ = strings.Cut(unreleased, "\n## ")
	name := at[strings.LastIndexAny(at, " .")+1:]
	for entry := range strings.SplitSeq(unreleased, "\n* ") {
		if strings.Contains(entry, "breaking") && strings.Contains(entry, "`"+name+"`") {
			return true
		}
	}
	return false
}

// TestBreaking tells changes that break a configuration from those that do not.
func TestBreaking(t *testing.T) {
	t.Parallel()
	text, computed := property{kind: "String", optional: true}, property{kind: "String", computed: true}
	for name, test := range map[string]struct {
		before, now map[string]property
		broken      bool
	}{
		"nothing":              {map[string]property{"data a x": text}, map[string]property{"data a x": text}, false},
		"gone":                 {map[string]property{"data a x": text}, nil, true},
		"another type":         {map[string]property{"data a x": text}, map[string]property{"data a x": {kind: "Number", optional: true}}, true},
		"required":             {map[string]property{"data a x": text}, map[string]property{"data a x": {kind: "String", required: true}}, true},
		"not required":         {map[string]property{"data a x": {kind: "String", required: true}}, map[string]property{"data a x": text}, false},
		"not settable":         {map[string]property{"data a x": {kind: "String", optional: true, computed: true}}, map[string]property{"data a x": computed}, true},
		"settable":             {map[string]property{"data a x": computed}, map[string]property{"data a x": {kind: "String", optional: true, computed: true}}, false},
		"not computed":         {map[string]property{"data a x": {kind: "String", optional: true, computed: true}}, map[string]property{"data a x": text}, true},
		"sensitive":            {map[string]property{"data a x": computed}, map[string]property{"data a x": {kind: "String", computed: true, sensitive: true}}, true},
		"not sensitive":        {map[string]property{"data a x": {kind: "String", computed: true, sensitive: true}}, map[string]property{"data a x": computed}, false},
		"new":                  {map[string]property{"data a x": text}, map[string]property{"data a x": text, "data a y": text}, false},
		"new and required":     {map[string]property{"data a x": text}, map[string]property{"data a x": text, "data a y": {kind: "String", required: true}}, true},
		"a new source":         {map[string]property{"data a x": text}, map[string]property{"data a x": text, "data ab y": {kind: "String", required: true}}, false},
		"new in a nested part": {map[string]property{"data a b.x": text}, map[string]property{"data a b.x": text, "data a b.y": {kind: "String", required: true}}, true},
	} {
		if got := breaking(test.before, test.now); (len(got) > 0) != test.broken {
			t.Errorf("%s: %v", name, got)
		}
	}
	const changelog = "# Changelog\n\n## Unreleased\n\n* data: `x` is gone (breaking)\n* data: `y` is new\n\n## 0.1.0\n\n* `z` (breaking)\n"
	for at, want := range map[string]bool{"data a x": true, "data a b.x": true, "data a y": false, "data a z": false, "data a xx": false} {
		if got := announced(changelog, at); got != want {
			t.Errorf("%s: announced %t, want %t", at, got, want)
		}
	}
	for _, p := range []property{text, computed, {"Map[Number]", true, false, false, true}} {
		if got := readProperty(p.String()); got != p {
			t.Errorf("read %v, want %v", got, p)
		}
	}
}
