package pages_test

import (
	"path"
	"regexp"
	"strings"
	"testing"
)

// tableCell is what stands between two bars of a row. A bar inside of a cell is escaped, in a code span too, or the rest of the row is not shown.
var tableCell = regexp.MustCompile(`(?:\\.|[^|\\])*\|`)

// TestTables counts the cells of each row in a table: as many as its head has.
func TestTables(t *testing.T) {
	t.Parallel()
	rows := 0
	for name, page := range pages(t) {
		if path.Ext(name) != ".md" && path.Ext(name) != ".tmpl" {
			continue
		}
		head := 0
		for line := range strings.Lines(codeOf.ReplaceAllString(page, "")) {
			row, isRow := strings.CutPrefix(strings.TrimSpace(line), "|")
			if !isRow {
				head = 0
				continue
			}
			rows++
			cells := len(tableCell.FindAllString(row, -1))
			if head == 0 {
				head = cells
			}
			if cells != head {
				t.Errorf("%s: %d cells under a head of %d: %s", name, cells, head, line)
			}
		}
	}
	if rows < 300 {
		t.Errorf("found %d rows", rows)
	}
}
