package acceptance_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

// matrixPage is the page with the tables.
const matrixPage = "../../templates/guides/every-mode.md.tmpl"

func readMatrixPage(t *testing.T) string {
	t.Helper()
	content, err := os.ReadFile(matrixPage)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func writeMatrixPage(t *testing.T, record map[string]observed) {
	t.Helper()
	if err := os.WriteFile(matrixPage, []byte(withTables(readMatrixPage(t), record)), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestMatrixGuide holds the tables of the page to what was observed.
func TestMatrixGuide(t *testing.T) {
	t.Parallel()
	matrixMu.Lock()
	defer matrixMu.Unlock()
	if *updateMatrix {
		writeMatrixPage(t, readMatrix(t))
	}
	page := readMatrixPage(t)
	if withTables(page, readMatrix(t)) != page {
		t.Error("the tables are not what was observed: run this test with -update-matrix")
	}
	for _, table := range matrixTables() {
		if !tableMarks(table.name).MatchString(page) {
			t.Errorf("no place for the table of %s", table.name)
		}
	}
}

// TestNeighbors holds a version that is not recorded to the recorded ones next to it, of the same product.
func TestNeighbors(t *testing.T) {
	t.Parallel()
	record := map[string]observed{"Terraform 1.5": {}, "Terraform 1.11": {}, "Terraform 1.16": {}, "OpenTofu 1.6": {}}
	for name, want := range map[string]string{
		"Terraform 1.4": "Terraform 1.5", "Terraform 1.7": "Terraform 1.5, Terraform 1.11", "Terraform 1.12": "Terraform 1.11, Terraform 1.16",
		"Terraform 1.20": "Terraform 1.16", "OpenTofu 1.9": "OpenTofu 1.6", "OpenTofu 1.5": "Terraform 1.5, OpenTofu 1.6",
	} {
		product, version := versionOf(name)
		if got := strings.Join(neighbors(record, product, version), ", "); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	if got, want := strings.Join(inOrder(record), ", "), "Terraform 1.5, Terraform 1.11, Terraform 1.16, OpenTofu 1.6"; got != want {
		t.Errorf("in order %s, want %s", got, want)
	}
}

func tableMarks(name string) *regexp.Regexp {
	return regexp.MustCompile(`(?s)(<!-- ` + name + ` -->\n).*?(\n<!-- /` + name + ` -->)`)
}

// A matrixTable is one of the tables of the guide.
type matrixTable struct {
	// name is that of its place in the guide, and corner its first heading.
	name, corner  string
	rows, columns []string
	of            func(*observed) *grid
}

// matrixTables are in the order of the guide.
func matrixTables() []matrixTable {
	states := matrixTable{name: "states", corner: "the state", of: func(o *observed) *grid { return &o.States }}
	for _, row := range stateRows() {
		states.rows = append(states.rows, row.name)
	}
	for _, column := range stateColumns {
		states.columns = append(states.columns, column.title)
	}
	forms := matrixTable{name: "forms", corner: "the gate", columns: formColumns, of: func(o *observed) *grid { return &o.Forms }}
	for _, row := range formRows() {
		forms.rows = append(forms.rows, row.name)
	}
	replacements := matrixTable{
		name: "replacements", corner: "the gate", columns: replacementColumns, of: func(o *observed) *grid { return &o.Replacements },
	}
	for _, row := range replacementRows() {
		replacements.rows = append(replacements.rows, row.name)
	}
	questions := matrixTable{
		name: "questions", corner: "written like this", columns: questionColumns, of: func(o *observed) *grid { return &o.Questions },
	}
	for _, row := range questionRows() {
		questions.rows = append(questions.rows, row.name)
	}
	return []matrixTable{states, forms, replacements, questions}
}

// withTables writes the tables into the page.
func withTables(page string, record map[string]observed) string {
	for _, table := range matrixTables() {
		page = tableMarks(table.name).ReplaceAllString(page, "${1}"+table.text(record)+"${2}")
	}
	return page
}

// text is the table of the newest Terraform, and the cells in which other versions differ from it.
func (m matrixTable) text(record map[string]observed) string {
	of := func(name string) grid { return *m.of(new(record[name])) }
	newest := ""
	for _, name := range inOrder(record) {
		if product, _ := versionOf(name); product == "Terraform" && of(name) != nil {
			newest = name
		}
	}
	lines := []string{
		"On Terraform " + record[newest].On + ":\n",
		"| " + m.corner + " | " + strings.Join(m.columns, " | ") + " |", "|" + strings.Repeat("---|", len(m.columns)+1),
	}
	// Rows with the same cells are one row.
	alike, distinct := map[string][]string{}, []string{}
	for _, row := range m.rows {
		cells := ""
		for _, column := range m.columns {
			cells += " " + of(newest)[row][column] + " |"
		}
		if alike[cells] == nil {
			distinct = append(distinct, cells)
		}
		alike[cells] = append(alike[cells], row)
	}
	for _, cells := range distinct {
		lines = append(lines, "| "+tableText(strings.Join(alike[cells], "; "))+" |"+cells)
	}
	var versions, differences []string
	for _, name := range inOrder(record) {
		if name == newest || of(name) == nil {
			continue
		}
		product, _ := versionOf(name)
		versions = append(versions, product+" "+record[name].On)
		for _, row := range m.rows {
			cells := of(name)[row]
			if cells == nil {
				continue
			}
			for _, column := range m.columns {
				if cell, ok := cells[column]; ok && cell != of(newest)[row][column] {
					differences = append(differences, fmt.Sprintf("| %s %s | %s | %s | %s |", product, record[name].On, tableText(row), column, cell))
				}
			}
		}
	}
	if len(versions) > 0 {
		lines = append(lines, "\nThe same was observed on "+strings.Join(versions, ", ")+", as far as they have the form or the command")
		if len(differences) == 0 {
			lines[len(lines)-1] += "."
		} else {
			lines[len(lines)-1] += ", but for these cells:\n"
			lines = append(lines, "| version | "+m.corner+" | command | cell |", "|---|---|---|---|")
			lines = append(lines, differences...)
		}
	}
	return strings.Join(lines, "\n")
}

// tableText is a text with its bars escaped, which would end the cell.
func tableText(text string) string { return strings.ReplaceAll(text, "|", `\|`) }
