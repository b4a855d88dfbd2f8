package provider_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestMatrixGuide holds the tables of the gating guide to what was observed.
func TestMatrixGuide(t *testing.T) {
	t.Parallel()
	matrixMu.Lock()
	defer matrixMu.Unlock()
	guide, err := os.ReadFile(matrixGuide)
	if err != nil {
		t.Fatal(err)
	}
	if want := withTables(string(guide), readMatrix(t)); want != string(guide) && !*updateMatrix {
		t.Error("the tables of the guide are not what was observed: run the test TestMatrixOfStates with -update-matrix")
	}
	for _, table := range []string{"states", "forms"} {
		if !tableMarks(table).Match(guide) {
			t.Errorf("the guide has no place for the table of %s", table)
		}
	}
}

// TestNeighbors holds a version that is not recorded to the recorded ones next to it, of the same product.
func TestNeighbors(t *testing.T) {
	t.Parallel()
	record := map[string]observed{"Terraform 1.5": {}, "Terraform 1.11": {}, "Terraform 1.16": {}, "OpenTofu 1.6": {}}
	for name, want := range map[string]string{
		"Terraform 1.4": "Terraform 1.5", "Terraform 1.7": "Terraform 1.5, Terraform 1.11", "Terraform 1.12": "Terraform 1.11, Terraform 1.16",
		"Terraform 1.20": "Terraform 1.16", "OpenTofu 1.9": "OpenTofu 1.6",
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

// withTables writes the tables into the guide.
func withTables(guide string, record map[string]observed) string {
	var states, forms []string
	for _, row := range stateRows() {
		states = append(states, row.name)
	}
	for _, row := range formRows() {
		forms = append(forms, row.name)
	}
	var columns []string
	for _, column := range stateColumns {
		columns = append(columns, column.title)
	}
	for name, table := range map[string]string{
		"states": tables(record, "the state", states, columns, func(o observed) map[string]map[string]string { return o.States }),
		"forms":  tables(record, "the gate", forms, formColumns, func(o observed) map[string]map[string]string { return o.Forms }),
	} {
		guide = tableMarks(name).ReplaceAllString(guide, "${1}"+table+"${2}")
	}
	return guide
}

// tables are the table of the newest Terraform, and the cells in which other versions differ from it.
func tables(record map[string]observed, corner string, rows, columns []string, of func(observed) map[string]map[string]string) string {
	newest := ""
	for _, name := range inOrder(record) {
		if product, _ := versionOf(name); product == "Terraform" {
			newest = name
		}
	}
	lines := []string{
		"On Terraform " + record[newest].On + ":\n",
		"| " + corner + " | " + strings.Join(columns, " | ") + " |", "|" + strings.Repeat("---|", len(columns)+1),
	}
	for _, row := range rows {
		line := "| " + row + " |"
		for _, column := range columns {
			line += " " + of(record[newest])[row][column] + " |"
		}
		lines = append(lines, line)
	}
	var versions, differences []string
	for _, name := range inOrder(record) {
		if name == newest {
			continue
		}
		product, _ := versionOf(name)
		versions = append(versions, product+" "+record[name].On)
		for _, row := range rows {
			cells := of(record[name])[row]
			if cells == nil {
				continue
			}
			for _, column := range columns {
				if cell, ok := cells[column]; ok && cell != of(record[newest])[row][column] {
					differences = append(differences, fmt.Sprintf("| %s %s | %s | %s | %s |", product, record[name].On, row, column, cell))
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
			lines = append(lines, "| version | "+corner+" | command | cell |", "|---|---|---|---|")
			lines = append(lines, differences...)
		}
	}
	return strings.Join(lines, "\n")
}
