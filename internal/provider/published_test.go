package provider_test

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

	"github.com/hwgate/terraform-provider-hwgate/internal/cloudtest"
	"github.com/hwgate/terraform-provider-hwgate/internal/provider"
	"github.com/hwgate/terraform-provider-hwgate/internal/sandbox"
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
		names = append(names, entry.Name())
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

// prepare lays a root module out, initializes and validates it.
func prepare(t *testing.T, box *sandbox.Sandbox, folder string, files fstest.MapFS) {
	t.Helper()
	initialize(t, box, folder, files)
	if out, err := box.Run(t.Context(), folder, nil, "validate", "-no-color"); err != nil || strings.Contains(string(out), "Warning:") {
		t.Fatalf("validate: %v\n%s", err, out)
	}
}

// withOverride adds the test's override to a root module.
func withOverride(files fstest.MapFS) fstest.MapFS {
	for name, content := range testOverride {
		files[name] = &fstest.MapFile{Data: []byte(content)}
	}
	return files
}

// override lays a file into a folder that Terraform merges into the others.
func override(t *testing.T, box *sandbox.Sandbox, folder, file, content string) {
	t.Helper()
	if content != "" {
		if err := box.Write(folder, fstest.MapFS{file: {Data: []byte(content)}}); err != nil {
			t.Fatal(err)
		}
	}
}

// TestPublished holds what is published for users to what it says: formatted, valid, open when all is well, and closed, with the reason,
// when it is not.
func TestPublished(t *testing.T) {
	t.Parallel()
	box := newSandbox(t)
	if err := box.Write("modules", published(t, "modules")); err != nil {
		t.Fatal(err)
	}
	if err := box.Write("examples", published(t, "examples")); err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{"examples", "modules"} {
		if out, err := box.Run(t.Context(), folder, nil, "fmt", "-check", "-recursive", "-diff"); err != nil {
			t.Errorf("terraform fmt -check %s: %v\n%s", folder, err, out)
		}
	}
	t.Run("use cases", func(t *testing.T) {
		t.Parallel()
		testUseCases(t, box)
	})
	t.Run("modules", func(t *testing.T) {
		t.Parallel()
		cases := moduleCases()
		for _, name := range folders(t, "modules") {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				for i, block := range codeBlocks(t, string(published(t, "modules", name)["README.md"].Data)) {
					example := fmt.Sprintf("%s-%d", name, i+1)
					t.Run(example, func(t *testing.T) {
						t.Parallel()
						test, ok := cases[example]
						if !ok {
							t.Fatal("it is not tested")
						}
						// Each has a copy of the module to override.
						if err := box.Write(example+"/module", published(t, "modules", name)); err != nil {
							t.Fatal(err)
						}
						test.overridden = example + "/module"
						override(t, box, test.overridden, "case_override.tf", test.override)
						used := strings.Replace(block, "github.com/hwgate/terraform-provider-hwgate//modules/"+name, "./module", 1)
						root := fstest.MapFS{"main.tf": {Data: []byte(terraformBlock + "provider \"hwgate\" {}\n" + used + test.beside + `
output "gate" {
  value = [module.gate.outcome, module.gate.summary]
}
`)}}
						prepare(t, box, example, withOverride(root))
						runCase(t, box, example, test)
					})
				}
			})
		}
	})
}

// TestROMAModuleNeedsARunningTask uses the module with its defaults: while everything stands still, the gate is closed, and no value of
// its own opens it.
func TestROMAModuleNeedsARunningTask(t *testing.T) {
	t.Parallel()
	box := newSandbox(t)
	cloud := newCloud(t, taskLooks([4]int{0, 0, 7, 5}))
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

func testUseCases(t *testing.T, box *sandbox.Sandbox) {
	t.Helper()
	const mocked = "10-test-the-gate"
	cases := useCases()
	for _, name := range folders(t, "examples", "use-cases") {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := published(t, "examples", "use-cases", name)
			head, _, _ := strings.Cut(string(files["README.md"].Data), "\n## ")
			if lines := strings.Count(head, "\n"); lines != 3 {
				t.Errorf("the README has %d lines before its first section, wanted 3", lines)
			}
			if name == mocked {
				testMocks(t, box, files)
				return
			}
			if test := newerUseCases[name]; test != nil {
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
			prepare(t, box, name, withOverride(files))
			test.overridden = name
			override(t, box, name, "case_override.tf", test.override)
			runCase(t, box, name, test)
		})
	}
}

// installOfficial installs what plays the official provider.
func installOfficial(t *testing.T, box *sandbox.Sandbox) {
	t.Helper()
	// The cache of results knows only what tests read themselves.
	if _, err := os.ReadFile(filepath.Join("..", "sandbox", "official", "main.go")); err != nil {
		t.Fatal(err)
	}
	if err := box.Install(t.Context(), "huaweicloud/huaweicloud", "internal/sandbox/official"); err != nil {
		t.Fatal(err)
	}
}

var readLimit = regexp.MustCompile(`read = "\d+s"`)

// runCase meets the states of a case in turn, the good one last: behind a closed gate nothing may be there yet.
func runCase(t *testing.T, box *sandbox.Sandbox, folder string, test useCase) {
	t.Helper()
	meet := func(state string, script map[string][]cloudtest.Answer, ill bool) string {
		// Whatever is deployed is deployed again in each state.
		environment := append([]string{"TF_VAR_stand_in=" + newCloud(t, script).URL, "TF_VAR_package=" + state}, test.environment...)
		run := func(arguments ...string) ([]byte, error) {
			return terraform(t, folder, environment, arguments...)
		}
		out, err := run(append(slices.Clip(test.command), "-no-color")...)
		want := 0
		if ill && !test.soft {
			want = 1
		}
		if code := exitCode(t, err); code != want || strings.Contains(string(out), logText) {
			t.Errorf("%s: exit code %d, want %d, and no log\n%s", state, code, want, out)
		}
		if test.after != nil {
			test.after(t, ill, run)
		}
		return string(out)
	}
	for i, illness := range test.ill {
		out := meet(fmt.Sprintf("ill-%d", i), illness.script, true)
		for _, words := range illness.words {
			if !wrapped(words).MatchString(out) {
				t.Errorf("wanted %q in\n%s", words, out)
			}
		}
		if test.next != "" && strings.Contains(out, test.next) {
			t.Errorf("it went on behind a closed gate:\n%s", out)
		}
	}
	// What goes well ends by itself, and may take as long as the machine needs.
	override(t, box, test.overridden, "well_override.tf", readLimit.ReplaceAllString(test.override, `read = "5m"`))
	if out := meet("well", test.well, false); strings.Contains(out, "Warning:") || !strings.Contains(out, test.next) {
		t.Errorf("while all is well, wanted no warning and %q:\n%s", test.next, out)
	}
}

// Terraform has mock_provider since 1.7, OpenTofu since 1.8; both have `test` since 1.6.
var (
	testSince = [2]int{1, 6}
	mockSince = [2]int{1, 8}
)

// testMocks runs the example's own tests, and a gate on each data source that its first block mocks.
func testMocks(t *testing.T, box *sandbox.Sandbox, files fstest.MapFS) {
	t.Helper()
	const folder = "mocks"
	if before(cli.version, mockSince) {
		// All that an older CLI can show is the gate itself.
		delete(files, "gate.tftest.hcl")
		files["main.tf"].Data = []byte(strings.Replace(string(files["main.tf"].Data), ">= 1.7", ">= 1.5", 1))
		prepare(t, box, folder, files)
		return
	}
	mocks, _, found := strings.Cut(string(files["gate.tftest.hcl"].Data), "\nvariables {")
	if !found {
		t.Fatal("the mock is not the first block of the file")
	}
	prepare(t, box, folder, files)
	out, err := terraform(t, folder, nil, "test", "-no-color")
	if err != nil || !strings.Contains(string(out), "2 passed, 0 failed") {
		t.Errorf("%v\n%s", err, out)
	}
	all := terraformBlock
	sources := schemas(t, provider.Options{})
	mocked := regexp.MustCompile(`mock_data "(\w+)"`).FindAllStringSubmatch(mocks, -1)
	if len(mocked) < 5 {
		t.Errorf("the first block mocks %q", mocked)
	}
	for _, match := range mocked {
		name := match[1]
		if _, ok := sources[name]; !ok {
			t.Errorf("there is no data source %s to mock", name)
			continue
		}
		argument := ""
		for name, attribute := range sources[name].Attributes {
			if attribute.IsRequired() {
				argument += name + " = \"1\"\n  "
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
	prepare(t, box, "all-mocks", fstest.MapFS{
		"main.tf":         {Data: []byte(all)},
		"all.tftest.hcl":  {Data: []byte(mocks + "\nrun \"open\" {}\n")},
		"void.tftest.hcl": {Data: []byte("mock_provider \"hwgate\" {}\n\nrun \"closed\" {}\n")},
	})
	out, err = terraform(t, "all-mocks", nil, "test", "-no-color")
	// Without the defaults nothing has succeeded: the mock is what opens the gates.
	if exitCode(t, err) != 1 || !strings.Contains(string(out), "run \"open\"... pass") ||
		!strings.Contains(string(out), "run \"closed\"... fail") {
		t.Errorf("%v\n%s", err, out)
	}
}
