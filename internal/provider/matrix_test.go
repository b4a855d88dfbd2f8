package provider_test

import (
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/hwgate/terraform-provider-hwgate/internal/cloudtest"
	"github.com/hwgate/terraform-provider-hwgate/internal/sandbox"
)

var updateMatrix = flag.Bool("update-matrix", false, "write what was observed into the gating guide")

// matrixRow is a state of the world: what is seen of an order.
type matrixRow struct {
	name  string
	state http.Handler
	// environment of the commands that meet the state; credentials stand aside.
	environment  []string
	noCredential bool
	statistics   bool
}

// matrixRows are in the order of the guide.
func matrixRows() []matrixRow {
	return []matrixRow{
		{name: "succeeded", state: cloudtest.Finished(1)},
		{name: "failed", state: cloudtest.Failed(0, 1)},
		{name: "canceled", state: cloudtest.Canceled(0, 1)},
		{name: "paused", state: cloudtest.Paused(0, 1), environment: []string{"TF_VAR_wait=true"}},
		{name: "still running, no wait", state: cloudtest.Running(0, 1)},
		{
			name: "still running when the wait ends", state: cloudtest.Running(0, 1),
			environment: []string{"TF_VAR_wait=true", "TF_VAR_limit=1s"},
		},
		{name: "gone", state: cloudtest.NotFound},
		{name: "forbidden", state: cloudtest.Error(http.StatusForbidden, "APIGW.0302", "no")},
		{name: "empty", state: cloudtest.Finished(0), statistics: true},
		{name: "unknown word", state: cloudtest.OrderScene{Status: "DREAMING", Batches: []cloudtest.Batch{{"FINISHED": 1}}}},
		{name: "no credential", state: cloudtest.Finished(1), noCredential: true},
	}
}

// matrixColumn is a way to meet a row's state.
type matrixColumn struct {
	title string
	// since is the first version of Terraform and of OpenTofu that has it.
	since [2]int
	// before runs while all is well; then the state is switched on, and command runs. If applied, the command meets what an apply
	// has made while all was well.
	before, command []string
	applied, check  bool
}

var matrixColumns = []matrixColumn{
	{title: "`plan`", command: []string{"plan"}},
	{title: "`apply`", command: []string{"apply", "-auto-approve"}},
	{title: "`apply` of a saved plan", before: []string{"plan", "-out=PLAN"}, command: []string{"apply", "PLAN"}},
	{title: "`apply -refresh-only`", applied: true, command: []string{"apply", "-refresh-only", "-auto-approve"}},
	{title: "`destroy`", applied: true, command: []string{"destroy", "-auto-approve"}},
	{title: "inside `check`", command: []string{"apply", "-auto-approve"}, check: true},
	{title: "`test`", since: [2]int{1, 6}, command: []string{"test"}},
}

// credential is the environment of a command that may read.
const credential = "HW_AUTH_TOKEN=token"

// TestMatrix meets every state in every way with the real CLI. What it observes has to be what the gating guide says.
func TestMatrix(t *testing.T) {
	t.Parallel()
	cloud := newCloud(t, nil)
	cloud.Order("well").Then(cloudtest.Finished(1))
	box := newSandbox(t)
	folders := map[matrixKind]string{}
	for _, kind := range []matrixKind{{}, {statistics: true}, {check: true}, {statistics: true, check: true}} {
		folders[kind] = lay(t, box, matrixConfiguration(cloud.URL, kind))
		if kind.check {
			continue
		}
		out, err := box.Run(t.Context(), folders[kind], []string{credential, "TF_VAR_order=well"},
			"apply", "-no-color", "-input=false", "-auto-approve", "-state=well.tfstate")
		if err != nil {
			t.Fatalf("while all is well: %v\n%s", err, out)
		}
	}
	table := make([][]string, len(matrixRows()))
	t.Run("cells", func(t *testing.T) {
		for i, row := range matrixRows() {
			// Each cell is written by its own test, so the row has its length before.
			table[i] = append([]string{row.name}, make([]string, len(matrixColumns))...)
			for j, column := range matrixColumns {
				if before(cli.version, column.since) {
					continue
				}
				t.Run(row.name+"/"+column.title, func(t *testing.T) {
					t.Parallel()
					id := fmt.Sprintf("row%d-%d", i, j)
					order := cloud.Order(id).Then(cloudtest.Finished(1))
					table[i][j+1] = observe(t, box, folders[matrixKind{row.statistics, column.check}], order, row, column, id)
				})
			}
		}
	})
	compareMatrix(t, table)
}

// matrixKind is a kind of configuration.
type matrixKind struct{ statistics, check bool }

func matrixConfiguration(address string, kind matrixKind) fstest.MapFS {
	source, waiting := "coc_script_order", "wait_for_completion = var.wait"
	if kind.statistics {
		source, waiting = "coc_script_order_statistics", ""
	}
	data := fmt.Sprintf(`
data %q "gate" {
  provider     = hwgate
  execute_uuid = var.order
  %s
  timeouts { read = var.limit }
  %%s
}
`, source, waiting)
	body := fmt.Sprintf(data, `lifecycle {
    postcondition {
      condition     = self.succeeded
      error_message = self.summary
    }
  }`) + `
resource "terraform_data" "next" {
  depends_on = [data.` + source + `.gate]
}
`
	if kind.check {
		body = "check \"gate\" {\n" + fmt.Sprintf(data, "") + `
  assert {
    condition     = data.` + source + `.gate.succeeded
    error_message = data.` + source + `.gate.summary
  }
}
`
	}
	return fstest.MapFS{
		"main.tf": {Data: []byte(terraformBlock + fmt.Sprintf(`
variable "order" {
  type = string
}
variable "wait" {
  type    = bool
  default = false
}
variable "limit" {
  type    = string
  default = "1m"
}
provider "hwgate" {
  region    = "cn-north-4"
  endpoints = { coc = %q }
}
`, address) + body)},
		"gate.tftest.hcl": {Data: []byte("run \"gate\" {\n  command = plan\n}\n")},
	}
}

// observe meets one state in one way and says what came of it.
func observe(
	t *testing.T, box *sandbox.Sandbox, folder string, order *cloudtest.Story, row matrixRow, column matrixColumn, id string,
) string {
	t.Helper()
	environment := append([]string{"TF_VAR_order=" + id}, row.environment...)
	if column.before != nil {
		// However long it takes while all is well: the limit is that of the state.
		environment = append(environment, "TF_VAR_limit=1m")
	}
	arguments := func(command []string) []string {
		command = slices.Clone(command)
		for i := range command {
			command[i] = strings.Replace(command[i], "PLAN", id+".tfplan", 1)
		}
		flags := []string{"-no-color"}
		switch {
		case command[0] == "test":
		case column.applied:
			flags = append(flags, "-input=false", "-lock=false", "-state=well.tfstate", "-state-out="+id+".tfstate", "-backup=-")
		default:
			flags = append(flags, "-input=false", "-state="+id+".tfstate")
		}
		return append(append(command[:1:1], flags...), command[1:]...)
	}
	if column.before != nil {
		if out, err := box.Run(t.Context(), folder, append(environment, credential), arguments(column.before)...); err != nil {
			t.Errorf("while all is well: %v\n%s", err, out)
		}
	}
	order.Now(row.state)
	if !row.noCredential {
		environment = append(environment, credential)
	}
	out, err := box.Run(t.Context(), folder, environment, arguments(column.command)...)
	return fmt.Sprintf("%d%s", exitCode(t, err), messageKind(string(out)))
}

// messageKind says which kind of message stands in the output of the CLI.
func messageKind(out string) string {
	for _, kind := range []struct{ words, kind string }{
		{"Error: Resource postcondition failed", ", gate closed"},
		{"Error: Cannot read", ", read error"},
		{"did not end in time", ", read error"},
		{"Warning: Resource postcondition failed", ", warning"},
		{"Warning: Check block assertion failed", ", warning"},
		{"Warning: Cannot read", ", warning"},
		{"Error:", ", another error"},
	} {
		if strings.Contains(out, kind.words) {
			if kind.words == "did not end in time" && strings.Contains(out, "Warning: ") && !strings.Contains(out, "Error: ") {
				return ", warning"
			}
			return kind.kind
		}
	}
	return ""
}

// matrixGuide holds the table between two markers.
var (
	matrixGuide   = filepath.Join("..", "..", "templates", "guides", "gating.md.tmpl")
	matrixPattern = regexp.MustCompile(`(?s)(<!-- matrix -->\n).*?(\n<!-- /matrix -->)`)
)

// compareMatrix holds the guide to what was observed. Columns that this CLI lacks are passed over.
func compareMatrix(t *testing.T, table [][]string) {
	t.Helper()
	guide, err := os.ReadFile(matrixGuide)
	if err != nil {
		t.Fatal(err)
	}
	if *updateMatrix {
		guide = matrixPattern.ReplaceAll(guide, []byte("${1}"+renderMatrix(table)+"${2}"))
		if err := os.WriteFile(matrixGuide, guide, 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	for _, row := range table {
		line := regexp.MustCompile(`(?m)^\| ` + regexp.QuoteMeta(row[0]) + ` \|(.*)\|$`).FindSubmatch(guide)
		if line == nil {
			t.Errorf("the guide has no row %q", row[0])
			continue
		}
		told := strings.Split(string(line[1]), "|")
		for i, observed := range row[1:] {
			if i >= len(told) || (observed != "" && strings.TrimSpace(told[i]) != observed) {
				t.Errorf("%s, %s: observed %q, the guide says %q", row[0], matrixColumns[i].title, observed, told)
			}
		}
	}
}

func renderMatrix(table [][]string) string {
	lines := []string{"| the order |", "|---|"}
	for _, column := range matrixColumns {
		lines[0] += " " + column.title + " |"
		lines[1] += "---|"
	}
	for _, row := range table {
		lines = append(lines, "| "+strings.Join(row, " | ")+" |")
	}
	return strings.Join(lines, "\n")
}
