package acceptance_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/hwgate/terraform-provider-hwgate/internal/provider"
	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/sandbox"
)

// testOverride leads a published configuration to the service of a test: Terraform merges it into the provider block.
var testOverride = map[string]string{
	"stand_in.tf": "variable \"stand_in\" {\n  type    = string\n  default = \"http://127.0.0.1:1\"\n}\n",
	"stand_in_override.tf": fmt.Sprintf(`
provider "hwgate" {
  region     = "cn-north-4"
  access_key = %q
  secret_key = %q
  project_id = %q
  endpoints = {
    coc      = var.stand_in
    dataarts = var.stand_in
    roma     = var.stand_in
  }
}
`, accessKey, secretKey, projectID),
}

// published reads a folder of the tree, without what Terraform may have left there.
func published(t *testing.T, folder ...string) fstest.MapFS {
	t.Helper()
	root := os.DirFS(filepath.Join(append([]string{"..", ".."}, folder...)...))
	files := fstest.MapFS{}
	err := fs.WalkDir(root, ".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && entry.Name() == ".terraform":
			return fs.SkipDir
		case entry.IsDir() || strings.HasPrefix(entry.Name(), ".") || strings.Contains(entry.Name(), ".tfstate"):
			return nil
		}
		content, err := fs.ReadFile(root, path)
		files[path] = &fstest.MapFile{Data: content}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// folders of a folder, so that nothing published is left untested.
func folders(t *testing.T, folder ...string) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(append([]string{"..", ".."}, folder...)...))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		if entry.IsDir() {
			names = append(names, entry.Name())
		}
	}
	return names
}

// initialize lays a root module out and initializes it.
func initialize(t *testing.T, box *sandbox.Sandbox, folder string, files fstest.MapFS) {
	t.Helper()
	if err := box.Write(folder, files); err != nil {
		t.Fatal(err)
	}
	if out, err := box.Run(t.Context(), folder, nil, "init", "-no-color"); err != nil {
		t.Fatalf("init: %v\n%s", err, out)
	}
}

// withOverride adds the test's override to a root module.
func withOverride(files fstest.MapFS) fstest.MapFS {
	for name, content := range testOverride {
		files[name] = &fstest.MapFile{Data: []byte(content)}
	}
	return files
}

// TestPublishedFormat holds what is published for users to the format of Terraform.
func TestPublishedFormat(t *testing.T) {
	t.Parallel()
	box := newSandbox(t)
	for _, folder := range []string{"examples", "modules"} {
		if err := box.Write(folder, published(t, folder)); err != nil {
			t.Fatal(err)
		}
		if out, err := box.Run(t.Context(), folder, nil, "fmt", "-check", "-recursive", "-diff"); err != nil {
			t.Errorf("terraform fmt -check %s: %v\n%s", folder, err, out)
		}
	}
}

// TestUseCases holds every folder of examples/use-cases to what it says: open when all is well, and closed, with the reason, when it is not.
func TestUseCases(t *testing.T) {
	t.Parallel()
	box := newSandbox(t)
	cases := useCases()
	for _, name := range folders(t, "examples", "use-cases") {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := published(t, "examples", "use-cases", name)
			head, _, _ := strings.Cut(string(files["README.md"].Data), "\n## ")
			if lines := strings.Count(head, "\n"); lines != 3 {
				t.Errorf("the README has %d lines before its first section, wanted 3", lines)
			}
			if name == "10-test-the-gate" {
				testMocks(t, box, files)
				return
			}
			if test := formUseCases[name]; test != nil {
				test(t, box, withOverride(files))
				return
			}
			test, ok := cases[name]
			if !ok {
				t.Fatal("it is not tested")
			}
			if test.official {
				installOfficial(t, box)
			}
			runCase(t, box, name, withOverride(files), test)
		})
	}
}

// TestModules holds every example in the READMEs of the modules to the same.
func TestModules(t *testing.T) {
	t.Parallel()
	box := newSandbox(t)
	cases := moduleCases()
	for _, name := range folders(t, "modules") {
		module := published(t, "modules", name)
		for i, block := range codeBlocks(t, string(module["README.md"].Data)) {
			example := fmt.Sprintf("%s-%d", name, i+1)
			t.Run(example, func(t *testing.T) {
				t.Parallel()
				test, ok := cases[example]
				if !ok {
					t.Fatal("it is not tested")
				}
				used := strings.Replace(block, "github.com/hwgate/terraform-provider-hwgate//modules/"+name, "./module", 1)
				root := fstest.MapFS{"main.tf": {Data: []byte(terraformBlock + "provider \"hwgate\" {}\n" + used + test.beside + `
output "gate" {
  value = [module.gate.outcome, module.gate.summary]
}
`)}}
				for path, file := range module {
					root["module/"+path] = file
				}
				test.overridden = "module/"
				runCase(t, box, example, withOverride(root), test)
			})
		}
	}
}

// TestROMAModuleNeedsARunningTask uses the module with its defaults: while everything stands still, the gate is closed, and no value of
// its own opens it.
func TestROMAModuleNeedsARunningTask(t *testing.T) {
	t.Parallel()
	box := newSandbox(t)
	cloud := newCloud(t, tasksAre(map[string]int{"terminated": 7, "completed": 5}))
	for name, test := range map[string]struct {
		arguments string
		words     []string
	}{
		"default": {"timeout = \"2s\"", []string{"Resource postcondition failed", ": pending; 5 completed, 7 terminated; 1 must run"}},
		"zero":    {"min_running_count = 0", []string{"Invalid value for variable", "The value must be at least 1."}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := "roma-module-" + name
			if err := box.Write(folder+"/module", published(t, "modules", "roma-gate")); err != nil {
				t.Fatal(err)
			}
			initialize(t, box, folder, withOverride(fstest.MapFS{"main.tf": {Data: []byte(terraformBlock + fmt.Sprintf(`
provider "hwgate" {}

module "gate" {
  source      = "./module"
  instance_id = %q
  %s
}
`, instanceID, test.arguments))}}))
			out, err := terraform(t, folder, []string{"TF_VAR_stand_in=" + cloud.URL}, append(slices.Clip(planning), "-no-color")...)
			if code := exitCode(t, err); code != 1 {
				t.Errorf("exit code %d, want 1\n%s", code, out)
			}
			for _, words := range test.words {
				if !wrapped(words).Match(out) {
					t.Errorf("wanted %q in\n%s", words, out)
				}
			}
		})
	}
}

// codeBlocks are those of Terraform in a page.
func codeBlocks(t *testing.T, page string) []string {
	t.Helper()
	var blocks []string
	for _, rest := range strings.Split(page, "```terraform\n")[1:] {
		block, _, ended := strings.Cut(rest, "```")
		if !ended {
			t.Fatal("a block does not end")
		}
		blocks = append(blocks, block)
	}
	if blocks == nil {
		t.Fatal("there is no block of Terraform in the page")
	}
	return blocks
}

// installOfficial installs what plays the official provider.
func installOfficial(t *testing.T, box *sandbox.Sandbox) {
	t.Helper()
	// The cache of results knows only what tests read themselves.
	if _, err := os.ReadFile(filepath.Join("..", "testutil", "sandbox", "official", "main.go")); err != nil {
		t.Fatal(err)
	}
	if err := box.Install(t.Context(), "huaweicloud/huaweicloud", "internal/testutil/sandbox/official"); err != nil {
		t.Fatal(err)
	}
}

var readLimit = regexp.MustCompile(`read = "\d+s"`)

// runCase meets the states of a case, all at once, each in a folder of its own: behind a closed gate nothing is there. The first gate that
// was closed has to open when all is well.
func runCase(t *testing.T, box *sandbox.Sandbox, name string, files fstest.MapFS, test useCase) {
	t.Helper()
	files[test.overridden+"case_override.tf"] = &fstest.MapFile{Data: []byte(test.override)}
	initialize(t, box, name, files)
	states := map[string]badState{}
	for i, badState := range test.bad {
		states[fmt.Sprintf("bad-%d", i)] = badState
	}
	together(t, states, func(t *testing.T, state string, badState badState) {
		t.Helper()
		folder, err := box.WriteSharing(name, files)
		if err != nil {
			t.Fatal(err)
		}
		out := test.meet(t, folder, state, badState.play, true)
		for _, words := range badState.words {
			if !wrapped(words).MatchString(out) {
				t.Errorf("wanted %q in\n%s", words, out)
			}
		}
		if test.next != "" && strings.Contains(out, test.next) {
			t.Errorf("it went on behind a closed gate:\n%s", out)
		}
		if state != "bad-0" {
			return
		}
		// What goes well ends by itself, and may take as long as the machine needs.
		patient := readLimit.ReplaceAllString(test.override, `read = "5m"`)
		if err := box.Write(folder, fstest.MapFS{test.overridden + "good_override.tf": {Data: []byte(patient)}}); err != nil {
			t.Fatal(err)
		}
		if out := test.meet(t, folder, "good", test.good, false); strings.Contains(out, "Warning:") || !strings.Contains(out, test.next) {
			t.Errorf("while all is well, wanted no warning and %q:\n%s", test.next, out)
		}
	})
}

// meet runs the case's command in a state, and looks at what it has left.
func (c *useCase) meet(t *testing.T, folder, state string, play play, bad bool) (out string) {
	t.Helper()
	// What was deployed in another state is deployed again.
	environment := append([]string{"TF_VAR_stand_in=" + newCloud(t, play).URL, "TF_VAR_package=" + state}, c.environment...)
	run := func(arguments ...string) ([]byte, error) { return terraform(t, folder, environment, arguments...) }
	printed, err := run(append(slices.Clip(c.command), "-no-color")...)
	want := 0
	if bad && !c.soft {
		want = 1
	}
	if code := exitCode(t, err); code != want || strings.Contains(string(printed), logText) {
		t.Errorf("%s: exit code %d, want %d, and no log\n%s", state, code, want, printed)
	}
	if c.after != nil {
		c.after(t, bad, run)
	}
	return string(printed)
}

// Terraform has mock_provider since 1.7, OpenTofu since 1.8; both have `test` since 1.6.
var (
	testSince = [2]int{1, 6}
	mockSince = [2]int{1, 8}
)

// testMocks runs the example's own tests, and a gate on each data source that its first block mocks.
func testMocks(t *testing.T, box *sandbox.Sandbox, files fstest.MapFS) {
	t.Helper()
	validate := func(folder string) {
		if out, err := terraform(t, folder, nil, "validate", "-no-color"); err != nil || strings.Contains(string(out), "Warning:") {
			t.Fatalf("validate: %v\n%s", err, out)
		}
	}
	if before(cli.version, mockSince) {
		// All that an older CLI can show is the gate itself.
		delete(files, "gate.tftest.hcl")
		files["main.tf"].Data = []byte(strings.Replace(string(files["main.tf"].Data), ">= 1.7", ">= 1.5", 1))
		validate(writeConfiguration(t, box, files))
		return
	}
	mocks, _, found := strings.Cut(string(files["gate.tftest.hcl"].Data), "\nvariables {")
	if !found {
		t.Fatal("the mock is not the first block of the file")
	}
	folder := writeConfiguration(t, box, files)
	validate(folder)
	out, err := terraform(t, folder, nil, "test", "-no-color")
	if err != nil || !strings.Contains(string(out), "2 passed, 0 failed") {
		t.Errorf("%v\n%s", err, out)
	}
	all := terraformBlock
	schemas, err := provider.NewServer(provider.Options{})().GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	mocked := regexp.MustCompile(`mock_data "(\w+)"`).FindAllStringSubmatch(mocks, -1)
	if len(mocked) < 5 {
		t.Errorf("the first block mocks %q", mocked)
	}
	for _, match := range mocked {
		name := match[1]
		schema, ok := schemas.DataSourceSchemas[name]
		if !ok {
			t.Errorf("there is no data source %s to mock", name)
			continue
		}
		argument := ""
		for _, attribute := range schema.Block.Attributes {
			if attribute.Required {
				argument += attribute.Name + " = \"1\"\n  "
			}
		}
		verdict := "self.succeeded && self.outcome == \"succeeded\" && sum(values(self.counts)) == 5 && " +
			"endswith(self.summary, \"(mocked)\") && endswith(self.report_markdown, \"(mocked)\")"
		if name == "coc_script_order" {
			verdict += " && self.completed"
		}
		all += fmt.Sprintf(`
data %q "mocked" {
  provider = hwgate
  %s
  lifecycle {
    postcondition {
      condition     = %s
      error_message = self.summary
    }
  }
}
`, name, argument, verdict)
	}
	folder = writeConfiguration(t, box, fstest.MapFS{
		"main.tf":         {Data: []byte(all)},
		"all.tftest.hcl":  {Data: []byte(mocks + "\nrun \"open\" {}\n")},
		"void.tftest.hcl": {Data: []byte("mock_provider \"hwgate\" {}\n\nrun \"closed\" {}\n")},
	})
	out, err = terraform(t, folder, nil, "test", "-no-color")
	// Without the defaults nothing has succeeded: the mock is what opens the gates.
	if exitCode(t, err) != 1 || !strings.Contains(string(out), "run \"open\"... pass") ||
		!strings.Contains(string(out), "run \"closed\"... fail") {
		t.Errorf("%v\n%s", err, out)
	}
}
