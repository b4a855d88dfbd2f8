package provider_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/hwgate/terraform-provider-hwgate/internal/sandbox"
)

var updateMatrix = flag.Bool("update-matrix", false, "write what was observed into the gating guide")

// matrixRow is a state of the world: what the service answers about the order of the row's name.
type matrixRow struct {
	name string
	// status is the HTTP status, 200 when zero; body is the answer.
	status int
	body   string
	// environment of the commands that meet the state; credentials stand aside.
	environment  []string
	noCredential bool
	statistics   bool
}

func orderStatus(status string) string {
	return `{"data":{"status":"` + status + `","properties":{"execute_param":{"success_rate":100}}}}`
}

// matrixRows are in the order of the guide.
func matrixRows() []matrixRow {
	return []matrixRow{
		{name: "succeeded", body: orderStatus("FINISHED")},
		{name: "failed", body: orderStatus("ABNORMAL")},
		{name: "canceled", body: orderStatus("CANCELED")},
		{name: "paused", body: orderStatus("PAUSED"), environment: []string{"TF_VAR_wait=true"}},
		{name: "still running, no wait", body: orderStatus("PROCESSING")},
		{name: "still running when the wait ends", body: orderStatus("PROCESSING"), environment: []string{"TF_VAR_wait=true", "TF_VAR_limit=1s"}},
		{name: "gone", status: http.StatusBadRequest, body: `{"error_code":"COC.00040709","error_msg":"gone"}`},
		{name: "forbidden", status: http.StatusForbidden, body: `{"error_code":"APIGW.0302","error_msg":"no"}`},
		{name: "empty", body: `{"data":{"total_instance":0,"execute_statistics":[]}}`, statistics: true},
		{name: "unknown word", body: orderStatus("DREAMING")},
		{name: "no credential", body: orderStatus("FINISHED"), noCredential: true},
	}
}

// world answers about orders: each is well until its row's state is switched on.
type world struct {
	mu   sync.Mutex
	rows map[string]matrixRow
	on   map[string]bool
}

func (w *world) set(id string, on bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.on[id] = on
}

func (w *world) ServeHTTP(writer http.ResponseWriter, r *http.Request) {
	id := strings.Split(r.URL.Path, "/")[5]
	w.mu.Lock()
	row, on := w.rows[id], w.on[id]
	w.mu.Unlock()
	switch {
	case !row.statistics && strings.HasSuffix(r.URL.Path, "/statistics"):
		_, _ = writer.Write([]byte(statisticsBody(1, 0)))
	case on && row.status != 0:
		writer.WriteHeader(row.status)
		_, _ = writer.Write([]byte(row.body))
	case on:
		_, _ = writer.Write([]byte(row.body))
	case row.statistics:
		_, _ = writer.Write([]byte(statisticsBody(1, 0)))
	default:
		_, _ = writer.Write([]byte(orderStatus("FINISHED")))
	}
}

// matrixColumn is a way to meet a row's state.
type matrixColumn struct {
	title string
	// since is the first version of Terraform and of OpenTofu that has it.
	since [2]int
	// before runs while all is well; then the state is switched on, and command runs.
	before, command []string
	check           bool
}

var matrixColumns = []matrixColumn{
	{title: "`plan`", command: []string{"plan"}},
	{title: "`apply`", command: []string{"apply", "-auto-approve"}},
	{title: "`apply` of a saved plan", before: []string{"plan", "-out=PLAN"}, command: []string{"apply", "PLAN"}},
	{
		title: "`apply -refresh-only`", before: []string{"apply", "-auto-approve"},
		command: []string{"apply", "-refresh-only", "-auto-approve"},
	},
	{title: "`destroy`", before: []string{"apply", "-auto-approve"}, command: []string{"destroy", "-auto-approve"}},
	{title: "inside `check`", command: []string{"apply", "-auto-approve"}, check: true},
	{title: "`test`", since: [2]int{1, 6}, command: []string{"test"}},
}

// TestMatrix meets every state in every way with the real CLI. What it observes has to be what the gating guide says.
func TestMatrix(t *testing.T) {
	t.Parallel()
	w := &world{rows: map[string]matrixRow{}, on: map[string]bool{}}
	server := httptest.NewServer(w)
	t.Cleanup(server.Close)
	box := newSandbox(t)
	for _, statistics := range []bool{false, true} {
		for _, check := range []bool{false, true} {
			folder := matrixFolder(statistics, check)
			if err := box.Write(folder, matrixConfiguration(server.URL, statistics, check)); err != nil {
				t.Fatal(err)
			}
			if out, err := box.Run(t.Context(), folder, nil, "init", "-no-color"); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
		}
	}
	version := cliVersion(t, box)
	table := make([][]string, len(matrixRows()))
	var group sync.WaitGroup
	for i, row := range matrixRows() {
		table[i] = []string{row.name}
		for j, column := range matrixColumns {
			if version[0] < column.since[0] || (version[0] == column.since[0] && version[1] < column.since[1]) {
				table[i] = append(table[i], "")
				continue
			}
			id := fmt.Sprintf("row%d-%d", i, j)
			w.mu.Lock()
			w.rows[id] = row
			w.mu.Unlock()
			table[i] = append(table[i], "")
			group.Go(func() { table[i][j+1] = observe(t, box, w, row, column, id) })
		}
	}
	group.Wait()
	compareMatrix(t, table)
}

func newSandbox(t *testing.T) *sandbox.Sandbox {
	t.Helper()
	program := os.Getenv("TF_ACC_TERRAFORM_PATH")
	if program == "" {
		program = "terraform"
	}
	box, err := sandbox.New(t.Context(), program)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(box.Close)
	return box
}

var versionLine = regexp.MustCompile(`v(\d+)\.(\d+)`)

func cliVersion(t *testing.T, box *sandbox.Sandbox) [2]int {
	t.Helper()
	out, err := box.Run(t.Context(), matrixFolder(false, false), nil, "version")
	if err != nil {
		t.Fatal(err)
	}
	var version [2]int
	if _, err := fmt.Sscanf(versionLine.FindString(string(out)), "v%d.%d", &version[0], &version[1]); err != nil {
		t.Fatalf("no version in %s", out)
	}
	return version
}

func matrixFolder(statistics, check bool) string {
	return fmt.Sprintf("statistics-%t-check-%t", statistics, check)
}

func matrixConfiguration(address string, statistics, check bool) fstest.MapFS {
	source, waiting := "coc_script_order", "wait_for_completion = var.wait"
	if statistics {
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
	if check {
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
func observe(t *testing.T, box *sandbox.Sandbox, w *world, row matrixRow, column matrixColumn, id string) string {
	t.Helper()
	folder := matrixFolder(row.statistics, column.check)
	credential := "HW_AUTH_TOKEN=token"
	environment := append([]string{"TF_VAR_order=" + id}, row.environment...)
	arguments := func(command []string) []string {
		command = append([]string(nil), command...)
		for i := range command {
			command[i] = strings.Replace(command[i], "PLAN", id+".tfplan", 1)
		}
		flags := []string{"-no-color"}
		if command[0] != "test" {
			flags = append(flags, "-input=false", "-state="+id+".tfstate")
		}
		return append(append(command[:1:1], flags...), command[1:]...)
	}
	if column.before != nil {
		if out, err := box.Run(t.Context(), folder, append(environment, credential), arguments(column.before)...); err != nil {
			t.Errorf("%s, %s, while all is well: %v\n%s", row.name, column.title, err, out)
		}
	}
	w.set(id, true)
	if !row.noCredential {
		environment = append(environment, credential)
	}
	out, err := box.Run(t.Context(), folder, environment, arguments(column.command)...)
	code := 0
	if err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) || errors.Is(err, context.Canceled) {
			t.Errorf("%s, %s: %v", row.name, column.title, err)
			return ""
		}
		code = exit.ExitCode()
	}
	return fmt.Sprintf("%d%s", code, messageKind(string(out)))
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
