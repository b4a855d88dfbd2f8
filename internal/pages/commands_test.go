package pages_test

import (
	"go/ast"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// commandsRun are the commands of the pages, in the form of commandOf, under the test that runs them. Those in the first lines of a use case
// need no row: TestCommandsOfUseCases reads them there.
var commandsRun = map[string][]string{
	"TestInstall": {
		"cd", "export HW_REGION_NAME= HW_ACCESS_KEY= HW_SECRET_KEY=", "make install", "make mock", "terraform init", "terraform plan", "tofu init",
	},
	"TestInstallWithAnotherProxy": {"GOPROXY= make install"},
	"TestInstallBesideConfiguration": {
		"GOOS= GOARCH= make install PLUGINS=", "cp -R", "mkdir -p", "terraform providers lock -platform= -fs-mirror=",
	},
	"TestDemo": {"make demo"},
	"TestCommandsOfUseCases": {
		"terraform apply", "terraform apply -invoke", "terraform apply saved.tfplan", "terraform plan -out= -var order_id=", "terraform test",
	},
	"TestStopTheRollout": {"terraform destroy"},
	"TestCredentialsOfTheGuide": {
		"TF_LOG=", "export HW_ACCESS_KEY=", "export HW_REGION_NAME=", "export HW_SECRET_KEY=",
	},
	"TestCommandsOfGuides": {
		"terraform apply tfplan", "terraform destroy -refresh=", "terraform output -json", "terraform plan -json > plan.json",
		"terraform plan -out=", "terraform show -json", "terraform test -filter", "terraform test -junit-xml",
	},
	"TestForceUnlock":         {"terraform force-unlock"},
	"TestForgottenProvider":   {"terraform validate"},
	"TestMatrixOfQuestions":   {"terraform plan | tee plan.log"},
	"TestOtherRecipes":        {"tofu plan -json-into="},
	"TestSecretsOfASavedPlan": {"terraform show -json tfplan"},
}

// commandsNotRun are those that no test runs, under the reason.
var commandsNotRun = map[string][]string{
	"the clone is there, and no test reaches the network": {"git clone"},
	"it runs the tests":                            {"make test"},
	"it measures for minutes, and decides nothing": {"make bench"},
	"KooCLI is not installed; TestCredentialsOfTheGuide reads a file of its form": {
		"hcloud configure", "hcloud configure set --cli-auth-encrypt=", "hcloud configure sso",
	},
	"Terragrunt is not installed; the guide says what was tried by hand": {"terragrunt run --all apply", "terragrunt run --all plan"},
	"the page advises against it":                                        {"terraform init -upgrade"},
}

// TestCommandsAreRun wants a row above for each command of README.md, the guides and the use cases, and none for what they do not have.
func TestCommandsAreRun(t *testing.T) {
	t.Parallel()
	rows := map[string]bool{}
	for _, table := range []map[string][]string{commandsRun, commandsNotRun} {
		for _, commands := range table {
			for _, command := range commands {
				if rows[command] {
					t.Errorf("%q has two rows", command)
				}
				rows[command] = true
			}
		}
	}
	pages, err := fs.Glob(tree, "docs/guides/*.md")
	if err != nil {
		t.Fatal(err)
	}
	cases, err := fs.Glob(tree, "examples/use-cases/*/README.md")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, name := range slices.Concat([]string{"README.md", "examples/use-cases/README.md"}, pages, cases) {
		if strings.HasSuffix(name, ".zh-CN.md") {
			continue
		}
		page := readPage(t, name)
		if slices.Contains(cases, name) {
			_, page, _ = strings.Cut(page, "\n## ")
		}
		for _, line := range commandLines(page) {
			command := commandOf(line)
			found[command] = true
			if !rows[command] {
				t.Errorf("%s: no row says which test runs `%s`, or why none does: add %q to commandsRun or commandsNotRun", name, line, command)
			}
		}
	}
	for command := range rows {
		if !found[command] {
			t.Errorf("no page has %q any more: delete its row", command)
		}
	}
	if len(cases) < 15 || len(pages) < 7 {
		t.Errorf("found %q and %q", pages, cases)
	}
	there := tests(t)
	for test := range commandsRun {
		if !there[test] {
			t.Errorf("there is no %s, which is said to run %q", test, commandsRun[test])
		}
	}
}

// tests are the names of all tests in the tree.
func tests(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	err := fs.WalkDir(tree, "internal", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(name, "_test.go") {
			return err
		}
		for _, declaration := range parse(t, name, readPage(t, name)).Decls {
			if function, ok := declaration.(*ast.FuncDecl); ok && function.Recv == nil && strings.HasPrefix(function.Name.Name, "Test") {
				names[function.Name.Name] = true
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

var (
	shellBlock = regexp.MustCompile("(?ms)^ *```sh\n(.*?)\n *```$")
	anyBlock   = regexp.MustCompile("(?ms)^ *```\\w*\n.*?\n *```$")
	assignment = regexp.MustCompile(`^[A-Z][A-Z0-9_]*=`)
	programs   = []string{"curl", "export", "git", "go", "hcloud", "make", "terraform", "terragrunt", "tofu"}
)

// commandLines are the commands of a page: the lines of its blocks for a shell, and each span of code that begins with a program or sets
// TF_LOG.
func commandLines(page string) []string {
	var lines []string
	for _, block := range shellBlock.FindAllStringSubmatch(page, -1) {
		for line := range strings.Lines(strings.ReplaceAll(block[1], "\\\n", " ")) {
			if line = strings.TrimSpace(comment.ReplaceAllString(line, "")); line != "" {
				lines = append(lines, strings.Split(line, " && ")...)
			}
		}
	}
	for _, span := range codeSpan.FindAllString(anyBlock.ReplaceAllString(page, ""), -1) {
		// A bar is escaped in a table.
		span = strings.Join(strings.Fields(strings.ReplaceAll(strings.Trim(span, "`"), `\|`, "|")), " ")
		words := strings.Split(span, " ")
		program := slices.IndexFunc(words, func(word string) bool { return !assignment.MatchString(word) })
		// A name alone, such as that of a program, is no command.
		if (program < 0 && strings.HasPrefix(span, "TF_LOG=")) ||
			(program >= 0 && program+1 < len(words) && slices.Contains(programs, words[program])) {
			lines = append(lines, strings.Split(span, " && ")...)
		}
	}
	return lines
}

// commandOf is a command without what differs from case to case: values, and for the programs of the shell also paths and addresses.
func commandOf(line string) string {
	var kept []string
	for word := range strings.FieldsSeq(line) {
		if name, _, found := strings.Cut(word, "="); found {
			word = name + "="
		}
		// `<access key>` is a value of two words, and a path may be anything.
		if strings.ContainsAny(word, "/") || strings.HasSuffix(word, ">") && len(word) > 1 {
			continue
		}
		kept = append(kept, word)
	}
	if kept[0] == "cd" || kept[0] == "mkdir" {
		kept = slices.DeleteFunc(kept, func(word string) bool { return word != kept[0] && !strings.HasPrefix(word, "-") })
	}
	return strings.Join(kept, " ")
}

// TestCommandLines takes the commands out of a page, and nothing else.
func TestCommandLines(t *testing.T) {
	t.Parallel()
	const page = "Run `make it`, `terraform\nplan -out=a/b`, `terraform`, `terraform.applying`, `TF_LOG=INFO`, `HW_A=1`, `A=1 make x`, `goes on`, `git`.\n\n" +
		"```sh\n# a comment\nexport A=<access key> # why\nmkdir -p x && cd x\ncurl -X POST \\\n  http://192.0.2.1/fail\n```\n\n" +
		"```yaml\nrun: `make no` \"```sh\"\n```\nand `make this`\n"
	var got []string
	for _, line := range commandLines(page) {
		got = append(got, commandOf(line))
	}
	want := []string{
		"export A=", "mkdir -p", "cd", "curl -X POST", "make it", "terraform plan -out=", "TF_LOG=", "A= make x", "make this",
	}
	if !slices.Equal(got, want) {
		t.Errorf("found\n%q, want\n%q", got, want)
	}
}
