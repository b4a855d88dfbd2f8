package acceptance_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/cloudtest"
	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/sandbox"
)

var updateMatrix = flag.Bool("update-matrix", false, "record what this CLI does, and write their tables into the guide")

// credential is the environment of a command that may read.
const credential = "HW_AUTH_TOKEN=token"

// observed is what was observed on one version of a CLI. A cell that the version does not have is missing.
type observed struct {
	// On is the whole version.
	On           string `json:"observed_on"`
	States       grid   `json:"states"`
	Forms        grid   `json:"forms"`
	Replacements grid   `json:"replacements,omitempty"`
	Questions    grid   `json:"questions,omitempty"`
}

// grid has the cells of a table by row and column.
type grid map[string]map[string]string

// matrixMu guards the record and the guide while two tests update them.
var matrixMu sync.Mutex

var matrixRecord = filepath.Join("testdata", "matrix.json")

// readMatrix reads what was observed, by product and version such as "Terraform 1.11".
func readMatrix(t *testing.T) map[string]observed {
	t.Helper()
	content, err := os.ReadFile(matrixRecord)
	if err != nil {
		t.Fatal(err)
	}
	record := map[string]observed{}
	if err := json.Unmarshal(content, &record); err != nil {
		t.Fatal(err)
	}
	return record
}

// compareWithRecord compares a table with the record of this CLI, or puts it there.
func compareWithRecord(t *testing.T, got grid, table func(*observed) *grid) {
	t.Helper()
	if t.Failed() {
		return
	}
	matrixMu.Lock()
	defer matrixMu.Unlock()
	record := readMatrix(t)
	name := fmt.Sprintf("%s %d.%d", cli.product, cli.version[0], cli.version[1])
	if *updateMatrix {
		mine := record[name]
		mine.On = wholeVersion(t)
		*table(&mine) = got
		record[name] = mine
		content, err := json.MarshalIndent(record, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(matrixRecord, append(content, '\n'), 0o600); err != nil {
			t.Fatal(err)
		}
		writeMatrixPage(t, record)
		return
	}
	// A version between two recorded ones may do what either does.
	var near []grid
	if own := record[name]; *table(&own) != nil {
		near = append(near, *table(&own))
	} else {
		maps.DeleteFunc(record, func(_ string, other observed) bool { return *table(&other) == nil })
		for _, other := range neighbors(record, cli.product, cli.version) {
			near = append(near, *table(new(record[other])))
		}
	}
	for row, cells := range got {
		for column, cell := range cells {
			var told []string
			for _, recorded := range near {
				if known, ok := recorded[row][column]; ok {
					told = append(told, known)
				}
			}
			if !slices.Contains(told, cell) {
				t.Errorf("%s, %s: observed %q, the record says %q", row, column, cell, told)
			}
		}
	}
}

// wholeVersion is the version of the CLI with all its parts.
func wholeVersion(t *testing.T) string {
	t.Helper()
	out, err := newSandbox(t).Run(context.WithoutCancel(t.Context()), ".", nil, "version", "-json")
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var said struct {
		Version string `json:"terraform_version"`
	}
	if err := json.Unmarshal(out, &said); err != nil {
		t.Fatal(err)
	}
	return said.Version
}

// versionOf is the version in the name of a record.
func versionOf(name string) (product string, version [2]int) {
	if _, err := fmt.Sscanf(name, "%s %d.%d", &product, &version[0], &version[1]); err != nil {
		panic(err)
	}
	return product, version
}

// neighbors are the recorded versions next to one that is not.
func neighbors(record map[string]observed, product string, version [2]int) []string {
	below, above := "", ""
	for _, name := range inOrder(record) {
		recorded, other := versionOf(name)
		switch {
		case recorded != product:
		case before(other, version):
			below = name
		case above == "":
			above = name
		}
	}
	if product == "OpenTofu" && below == "" {
		// OpenTofu began as a copy of Terraform 1.6.
		for _, name := range inOrder(record) {
			if recorded, other := versionOf(name); recorded == "Terraform" && !before([2]int{1, 6}, other) {
				below = name
			}
		}
	}
	return slices.DeleteFunc([]string{below, above}, func(name string) bool { return name == "" })
}

// inOrder are the recorded versions, Terraform first, each from old to new.
func inOrder(record map[string]observed) []string {
	return slices.SortedFunc(maps.Keys(record), func(a, b string) int {
		productA, versionA := versionOf(a)
		productB, versionB := versionOf(b)
		if productA != productB {
			return strings.Compare(productB, productA)
		}
		return slices.Compare(versionA[:], versionB[:])
	})
}

// A stateRow is a state of the world, met by a data source with a postcondition.
type stateRow struct {
	name string
	// source is the type of the data source; in its arguments ID stands for what is read.
	source, arguments string
	// object finds what is read, well plays it while all is well, and state is what it changes to.
	object      func(svc *cloudtest.Service, id string) *cloudtest.Sequence
	good, state []http.Handler
	// group keeps rows apart from the others: those without a credential, and those that cannot be read, which stop whole commands.
	group string
}

func theOrderOf(svc *cloudtest.Service, id string) *cloudtest.Sequence    { return svc.Order(id) }
func theInstanceOf(svc *cloudtest.Service, id string) *cloudtest.Sequence { return svc.Instance(id) }
func theJobsOf(svc *cloudtest.Service, id string) *cloudtest.Sequence     { return svc.Workspace(id) }

// stateRows are in the order of the guide.
func stateRows() []stateRow {
	order := func(name, arguments string, state http.Handler) stateRow {
		return stateRow{
			name: name, source: "coc_script_order", arguments: "execute_uuid = \"ID\"\n  " + arguments, object: theOrderOf,
			good: []http.Handler{cloudtest.Finished(1)}, state: []http.Handler{state},
		}
	}
	const wait = "wait_for_completion = true"
	tasks := func(name, limit string, state ...http.Handler) stateRow {
		return stateRow{
			name: name, source: "roma_fdi_task_statistics", object: theInstanceOf,
			arguments: "instance_id = \"ID\"\n  wait_until_healthy = true\n  poll_interval = \"1s\"\n  stable_for = \"2s\"\n  timeouts { read = " + limit + " }",
			good:      []http.Handler{cloudtest.Tasks(map[string]int{"running": 2}, nil)}, state: state,
		}
	}
	baseline := "baseline_counts = { fail = 0, force_success = 0, freeze = 0, ignore_success = 0, manual_stop = 0, pause = 0, running = 0, " +
		"running_exception = 0, skip = 0, success = 5, waiting_confirm = 0, waiting = 0 }"
	healthy, bad := cloudtest.Tasks(map[string]int{"running": 2}, nil), cloudtest.Tasks(map[string]int{"running": 1, "abnormal": 1}, nil)
	credentialless := order("no credential", "", cloudtest.Finished(1))
	credentialless.group = "no credential"
	unread := func(row stateRow) stateRow {
		row.group = "unread"
		return row
	}
	return []stateRow{
		order("succeeded", "", cloudtest.Finished(1)),
		order("failed", "", cloudtest.Failed(0, 1)),
		order("canceled", "", cloudtest.Canceled(0, 1)),
		order("paused", wait, cloudtest.Paused(0, 1)),
		order("still running, no wait", "", cloudtest.Running(0, 1)),
		unread(order("still running when the wait ends", wait+"\n  timeouts { read = var.limit }", cloudtest.Running(0, 1))),
		unread(order("gone", "", cloudtest.NotFound)),
		unread(order("forbidden", "", cloudtest.Error(http.StatusForbidden, "APIGW.0302", "no"))),
		order("nothing ran", "", cloudtest.Finished(0)),
		order("unknown word", "", cloudtest.OrderScene{Status: "DREAMING", Batches: []cloudtest.Batch{{"FINISHED": 1}}}),
		order("FINISHED, and the statistics contradict it", "", cloudtest.OrderScene{
			Status: "FINISHED", Batches: []cloudtest.Batch{{"FINISHED": 3, "ABNORMAL": 7}},
		}),
		{
			name: "jobs: too early, the run is not counted yet", source: "dataarts_instance_status", object: theJobsOf,
			arguments: "workspace_id = \"ID\"\n  " + baseline,
			good:      []http.Handler{cloudtest.Jobs(map[string]int{"success": 6})}, state: []http.Handler{cloudtest.Jobs(map[string]int{"success": 5})},
		},
		tasks("tasks: healthy for long enough", `"1m"`, healthy),
		// It comes again and again.
		unread(tasks("tasks: healthy only for a moment", "var.span", slices.Repeat([]http.Handler{bad, healthy}, 10)...)),
		credentialless,
	}
}

// id is what a row reads in a column.
func (r *stateRow) id(column string) string {
	plain := regexp.MustCompile(`[^a-zA-Z]+`).ReplaceAllString(r.name, "-")
	return strings.ToLower(plain) + "-" + column
}

// block is the row's data source.
func (r *stateRow) block(column, more string) string {
	label := strings.ReplaceAll(r.id("x"), "-", "_")
	return fmt.Sprintf("data %q %q {\n  provider = hwgate\n  %s\n  %s\n}\n", r.source, label,
		strings.ReplaceAll(r.arguments, "ID", r.id(column)), more)
}

// stateColumn is a way to meet the states.
type stateColumn struct {
	title string
	since [2]int
	// before runs while all is well; then the states change, and command runs. If applied, the command meets what an apply has made
	// while all was well.
	before, command []string
	applied, check  bool
	// id tells apart what the columns read.
	id string
}

var stateColumns = []stateColumn{
	{title: "`plan`", command: []string{"plan"}},
	{title: "`apply`", command: []string{"apply", "-auto-approve"}},
	{title: "`apply` of a saved plan", before: []string{"plan", "-out=PLAN"}, command: []string{"apply", "PLAN"}},
	{title: "`apply -refresh-only`", applied: true, command: []string{"apply", "-refresh-only", "-auto-approve"}},
	{title: "`destroy`", applied: true, command: []string{"destroy", "-auto-approve"}},
	{title: "inside `check`", command: []string{"apply", "-auto-approve"}, check: true},
	{title: "`test`", since: testSince, command: []string{"test"}},
}

// TestMatrixOfStates meets every state in every way with the real CLI. One command meets all states of a group, since each has messages
// of its own.
func TestMatrixOfStates(t *testing.T) {
	t.Parallel()
	cloud := newCloud(t)
	cloud.IAM().Then(&cloudtest.Account{Projects: map[string]string{"cn-north-4": projectID}})
	box := newSandbox(t)
	var mu sync.Mutex
	got := grid{}
	for _, row := range stateRows() {
		got[row.name] = map[string]string{}
	}
	// It comes after all subtests.
	t.Cleanup(func() {
		compareWithRecord(t, got, func(o *observed) *grid { return &o.States })
	})
	columns := map[string]stateColumn{}
	for i, column := range stateColumns {
		if !before(cli.version, column.since) {
			column.id = fmt.Sprintf("c%d", i)
			columns[column.title] = column
		}
	}
	for _, group := range []string{"", "unread", "no credential"} {
		t.Run("group "+group, func(t *testing.T) {
			t.Parallel()
			rows := slices.DeleteFunc(stateRows(), func(row stateRow) bool { return row.group != group })
			together(t, columns, func(t *testing.T, title string, column stateColumn) {
				t.Helper()
				cells := meet(t, cloud, box, rows, column)
				mu.Lock()
				defer mu.Unlock()
				for row, cell := range cells {
					got[row][title] = cell
				}
			})
		})
	}
}

// meet meets states in one way and says what came of each.
func meet(t *testing.T, cloud *cloud, box *sandbox.Sandbox, rows []stateRow, column stateColumn) map[string]string {
	t.Helper()
	config := fmt.Sprintf(`
variable "limit" {
  type    = string
  default = "1s"
}
variable "span" {
  type    = string
  default = "4s"
}
provider "hwgate" {
  region    = "cn-north-4"
  endpoints = { coc = %[1]q, dataarts = %[1]q, roma = %[1]q, iam = %[1]q }
}
`, cloud.URL)
	objects := map[string]*cloudtest.Sequence{}
	for _, row := range rows {
		objects[row.name] = row.object(cloud.Service, row.id(column.id))
		objects[row.name].Now(row.good...)
		verdict := "succeeded"
		if row.source == "roma_fdi_task_statistics" {
			verdict = "healthy"
		}
		if column.check {
			address := "data." + row.source + "." + strings.ReplaceAll(row.id("x"), "-", "_")
			config += fmt.Sprintf("check %q {\n  %s\n  assert {\n    condition     = %s.%s\n    error_message = %[3]s.summary\n  }\n}\n",
				strings.ReplaceAll(row.id("x"), "-", "_"), row.block(column.id, ""), address, verdict)
			continue
		}
		config += row.block(column.id, "lifecycle {\n    postcondition {\n      condition     = self."+verdict+"\n      error_message = self.summary\n    }\n  }")
	}
	folder := writeConfiguration(t, box, fstest.MapFS{
		"main.tf": {Data: []byte(terraformBlock + config)}, "gate.tftest.hcl": {Data: []byte("run \"gate\" {\n  command = plan\n}\n")},
	})
	// However long it takes while all is good: the limits are those of the states.
	patient := []string{credential, "TF_VAR_limit=1m", "TF_VAR_span=1m"}
	if column.applied {
		if out, err := terraform(t, folder, patient, "apply", "-no-color", "-input=false", "-auto-approve"); err != nil {
			t.Errorf("while all is good: %v\n%s", err, out)
		}
	}
	if column.before != nil {
		if out, err := terraform(t, folder, patient, append(slices.Clip(column.before), "-no-color", "-input=false")...); err != nil {
			t.Errorf("while all is good: %v\n%s", err, out)
		}
	}
	for _, row := range rows {
		objects[row.name].Now(row.state...)
	}
	var environment []string
	if rows[0].group != "no credential" {
		environment = append(environment, credential)
	}
	arguments := []string{column.command[0], "-json"}
	if column.command[0] != "test" {
		arguments = append(arguments, "-input=false")
	}
	out, err := terraform(t, folder, environment, append(arguments, column.command[1:]...)...)
	code, worst := exitCode(t, err), 0
	cells := map[string]string{}
	told := diagnosticsIn(out)
	for _, row := range rows {
		cells[row.name] = "0"
		for _, diagnostic := range told {
			if !strings.Contains(diagnostic.Summary+" "+diagnostic.Detail+" ", row.id(column.id)) {
				continue
			}
			if cell := diagnostic.cell(); cells[row.name] == "0" || strings.HasPrefix(cell, "1") {
				cells[row.name] = cell
			}
		}
		if strings.HasPrefix(cells[row.name], "1") {
			worst = 1
		}
	}
	if code != worst {
		t.Errorf("exit code %d, and what is told of each says %d: %v\n%s", code, worst, cells, out)
	}
	return cells
}

// A cliDiagnostic is a message of the CLI.
type cliDiagnostic struct {
	Severity, Summary, Detail string
}

// cell says in a cell what a message is.
func (d cliDiagnostic) cell() string {
	switch {
	case d.Severity != "error" && (d.Summary == "Resource postcondition failed" || d.Summary == "Check block assertion failed" ||
		strings.HasPrefix(d.Summary, "Cannot read") || strings.HasSuffix(d.Summary, "in time")):
		return "0, warning"
	case d.Severity != "error":
		return "0"
	case d.Summary == "Resource postcondition failed":
		return "1, gate closed"
	case strings.HasPrefix(d.Summary, "Cannot read") || strings.HasSuffix(d.Summary, "in time"):
		return "1, read error"
	default:
		return "1, refused"
	}
}

// diagnosticsIn finds the messages in the output of a command with -json.
func diagnosticsIn(out []byte) []cliDiagnostic {
	var told []cliDiagnostic
	for line := range bytes.Lines(out) {
		var event struct {
			Type       string        `json:"type"`
			Diagnostic cliDiagnostic `json:"diagnostic"`
		}
		if json.Unmarshal(line, &event) == nil && event.Type == "diagnostic" {
			told = append(told, event.Diagnostic)
		}
	}
	return told
}
