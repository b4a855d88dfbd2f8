package pages_test

import (
	"encoding/json"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hwgate/terraform-provider-hwgate/internal/client"
)

// policy is a custom policy of IAM, as its documentation defines it.
type policy struct {
	Version   string
	Statement []struct {
		Effect string
		Action []string
	}
}

// TestPermissions holds the guide on authentication to policies that IAM accepts and that only read. Each is of one service, since no
// policy has two scopes, and has the actions of that service's row. A row names what an error about a missing right asks for, and says
// that it has not been confirmed.
func TestPermissions(t *testing.T) {
	t.Parallel()
	guide := readPage(t, "docs/guides/authentication.md")
	_, section, _ := strings.Cut(guide, "\n## Permissions\n")
	section, _, _ = strings.Cut(section, "\n## ")
	action := regexp.MustCompile(`\b[a-z]+:[a-z]+:(get|list)\b`)
	rows := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z]+)_…` \\| ([^|]+) \\|").FindAllStringSubmatch(section, -1) {
		rows[row[1]] = row[2]
	}
	services := []client.Service{client.COC, client.DataArts, client.ROMA}
	for _, service := range services {
		row := rows[string(service)]
		if !strings.HasSuffix(row, " *") {
			t.Errorf("%s: %q does not say that it is not confirmed", service, row)
		}
		for _, wanted := range append(action.FindAllString(service.Permission(), -1), readOnlyRole.FindAllString(service.Permission(), -1)...) {
			if !strings.Contains(row, wanted) {
				t.Errorf("%s: errors ask for %s, and the row has %q", service, wanted, row)
			}
		}
	}
	if len(rows) != len(services) {
		t.Errorf("rows are of %q", slices.Sorted(maps.Keys(rows)))
	}
	granted := map[string][]string{}
	for _, block := range regexp.MustCompile("(?s)```json\n(.*?)```").FindAllStringSubmatch(section, -1) {
		decoder := json.NewDecoder(strings.NewReader(block[1]))
		decoder.DisallowUnknownFields()
		var p policy
		if err := decoder.Decode(&p); err != nil || p.Version != "1.1" || len(p.Statement) != 1 || p.Statement[0].Effect != "Allow" {
			t.Errorf("%v: no policy: %s", err, block[1])
			continue
		}
		service, _, _ := strings.Cut(p.Statement[0].Action[0], ":")
		granted[service] = p.Statement[0].Action
	}
	wanted := map[string][]string{}
	for service, row := range rows {
		if actions := action.FindAllString(row, -1); actions != nil {
			wanted[service] = actions
		}
	}
	if !maps.EqualFunc(granted, wanted, slices.Equal) {
		t.Errorf("policies grant %q, and the table has %q", granted, wanted)
	}
}

// readOnlyRole is a role of a service that an error may ask for.
var readOnlyRole = regexp.MustCompile(`[A-Z]+ ReadOnlyAccess`)

// TestModuleReadmes finds every variable and output of a module in its page: what must be given is in the example, and what need not has
// its default beside its name.
func TestModuleReadmes(t *testing.T) {
	t.Parallel()
	modules, err := fs.Glob(tree, "modules/*/main.tf")
	if err != nil || len(modules) == 0 {
		t.Fatal(err)
	}
	for _, module := range modules {
		code := readPage(t, module)
		page := strings.Join(strings.Fields(readPage(t, path.Join(path.Dir(module), "README.md"))), " ")
		_, example, _ := strings.Cut(page, "```terraform")
		_, outputs, _ := strings.Cut(page, "Outputs: ")
		for _, variable := range regexp.MustCompile(`(?s)\nvariable "(\w+)" \{(.*?)\n\}`).FindAllStringSubmatch(code, -1) {
			name, value := variable[1], regexp.MustCompile(`\n {2}default +=\s+"?([^"\n]+)`).FindStringSubmatch(variable[2])
			in := regexp.MustCompile(`\b` + name + ` += `).MatchString(example)
			if len(value) == 2 && value[1] != "null" {
				in = strings.Contains(page, "`"+name+"` ("+value[1]+")")
			} else if value != nil {
				in = in || strings.Contains(page, "`"+name+"` (")
			}
			if !in {
				t.Errorf("%s: the page lacks the variable %s, or its default", module, name)
			}
		}
		for _, output := range regexp.MustCompile(`\noutput "(\w+)"`).FindAllStringSubmatch(code, -1) {
			if !strings.Contains(outputs, "`"+output[1]+"`") {
				t.Errorf("%s: the page lacks the output %s", module, output[1])
			}
		}
	}
}

// TestUseCases finds each use case in the index, and wants each to say how it is run.
func TestUseCases(t *testing.T) {
	t.Parallel()
	cases, err := fs.Glob(tree, "examples/use-cases/*/README.md")
	if err != nil || len(cases) == 0 {
		t.Fatal(err)
	}
	index := readPage(t, "examples/use-cases/README.md")
	for _, name := range cases {
		folder := path.Base(path.Dir(name))
		if strings.Count(index, "["+folder+"]("+folder+")") != 1 {
			t.Errorf("the index does not have %s once", folder)
		}
		if page := readPage(t, name); !strings.HasPrefix(page, "# ") || !strings.Contains(page, "`terraform ") {
			t.Errorf("%s: the page has no title, or no command", name)
		}
	}
}

// TestJobOfTheReadme finds the gate on one's own job in the use case, which tests run.
func TestJobOfTheReadme(t *testing.T) {
	t.Parallel()
	_, section, _ := strings.Cut(readPage(t, "README.md"), "\n## My job, since my deployment\n")
	_, block, _ := strings.Cut(section, "```terraform\n")
	block, _, found := strings.Cut(block, "```")
	if !found || !strings.HasSuffix(readPage(t, "examples/use-cases/15-the-run-after-the-deployment/main.tf"), "\n\n"+block) {
		t.Errorf("the use case does not end with\n%s", block)
	}
}

// ofTheCLI are messages that Terraform prints.
var ofTheCLI = []string{
	"resource postcondition failed", "error when invoking action", "check block assertion failed", "failed to query available provider packages",
	"failed to resolve provider packages", "missing required provider", "inconsistent dependency lock file",
}

// TestMessagesOfTroubleshooting finds every message that the page of troubleshooting lists in the code that prints it.
func TestMessagesOfTroubleshooting(t *testing.T) {
	t.Parallel()
	printed := ""
	for _, folder := range []string{"client", "gate", "provider", "text"} {
		files, err := fs.Glob(tree, path.Join("internal", folder, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			printed += strings.ToLower(messages(parse(t, name, readPage(t, name))))
		}
	}
	listed := 0
	status := regexp.MustCompile(`^\d`)
	for _, row := range regexp.MustCompile(`(?m)^\| ([^|]+) \|([^|]*)\|`).FindAllStringSubmatch(readPage(t, "docs/guides/troubleshooting.md"), -1) {
		cell := row[1]
		if status.MatchString(cell) {
			cell += row[2]
		}
		for _, message := range codeSpan.FindAllString(cell, -1) {
			for part := range strings.SplitSeq(strings.Trim(message, "`"), "…") {
				part = strings.ToLower(strings.Trim(part, " .,:"))
				if !strings.Contains(part, " ") || slices.Contains(ofTheCLI, part) {
					continue
				}
				listed++
				if !strings.Contains(printed, part) {
					t.Errorf("nothing prints %q of %s", part, message)
				}
			}
		}
	}
	if listed < 50 {
		t.Errorf("the page lists %d messages", listed)
	}
}
