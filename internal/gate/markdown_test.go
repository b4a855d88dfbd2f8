package gate

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hwgate/terraform-provider-hwgate/internal/client"
	"github.com/hwgate/terraform-provider-hwgate/internal/text"
)

// marks are the characters that Markdown or HTML may read as more than text.
const marks = "\\`*_[]<>&|~@#$!"

// cells reads a line of Markdown as a reader of tables does: it splits at each pipe that nothing escapes, and takes the escapes away. It
// is no reader of anything else, so whatever could be read as more than text is a fault.
func cells(line string) (cells []string, fault string) {
	var b strings.Builder
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case c == '\\' && i+1 < len(line) && strings.IndexByte(marks+"/.", line[i+1]) >= 0:
			i++
			b.WriteByte(line[i])
		case c == '|':
			cells = append(cells, strings.TrimSpace(b.String()))
			b.Reset()
		case strings.IndexByte(marks, c) >= 0:
			return nil, "a bare " + string(c)
		default:
			b.WriteByte(c)
		}
	}
	for _, link := range []string{"://", "www."} {
		if strings.Contains(line, link) {
			return nil, "a link that needs no markup"
		}
	}
	return append(cells, strings.TrimSpace(b.String())), ""
}

// readTable reads a table with so many columns, and gives its rows, the first of which is the head.
func readTable(t *testing.T, block string, columns int) [][]string {
	t.Helper()
	var rows [][]string
	for i, line := range strings.Split(block, "\n") {
		if i == 1 {
			if line != "|"+strings.Repeat(" --- |", columns) {
				t.Errorf("not the line under the head of %d columns: %q", columns, line)
			}
			continue
		}
		row, fault := cells(line)
		if fault != "" || len(row) != columns+2 || row[0] != "" || row[columns+1] != "" {
			t.Fatalf("row %q has %s, and is read as %q", line, fault, row)
		}
		rows = append(rows, row[1:columns+1])
	}
	return rows
}

// checkMarkdown writes a report of hostile texts and reads it back.
func checkMarkdown(t *testing.T, name, outcome, doubt, word, content string, count int64, repeated int) {
	t.Helper()
	failed := &table{head: []string{"failed host", "status"}, total: int64(repeated)}
	for range repeated {
		failed.add(content, word)
	}
	report := markdown(name, Verdict{Outcome: Outcome(outcome), Doubt: doubt}, nil, []figure{{count, word}, {0, content}}, failed)
	if most := 1500 + 2*2048 + min(repeated, 100)*2*1024; len(report) > most {
		t.Errorf("%d bytes, want %d at most", len(report), most)
	}
	plain := func(s string) string { return text.Plain(s, 256) }
	blocks := strings.Split(strings.TrimSuffix(report, "\n"), "\n\n")
	heading, ok := strings.CutPrefix(blocks[0], "### ❌ ")
	read, fault := cells(heading)
	want := strings.TrimSpace(plain(name) + ": " + plain(outcome))
	if !ok || fault != "" || len(read) != 1 || read[0] != want || strings.Contains(heading, "\n") {
		t.Fatalf("heading %q has %q, and is read as %q, want %q", blocks[0], fault, read, want)
	}
	blocks = blocks[1:]
	if doubt != "" && plain(doubt) != "" {
		read, fault = cells(blocks[0])
		if fault != "" || len(read) != 1 || read[0] != plain(doubt) || strings.Contains(blocks[0], "\n") {
			t.Fatalf("doubt %q has %q, and is read as %q", blocks[0], fault, read)
		}
		blocks = blocks[1:]
	} else if doubt != "" {
		blocks = blocks[1:] // A doubt without a character that can be shown leaves an empty line.
	}
	rows := readTable(t, strings.TrimPrefix(blocks[0], "\n"), 2)
	if diff := cmp.Diff([]string{"state", "count"}, rows[0]); diff != "" || len(rows) != 3 || rows[1][0] != plain(word) ||
		rows[2][0] != plain(content) {
		t.Errorf("counts are read as %q", rows)
	}
	if blocks = blocks[1:]; repeated > 0 {
		rows = readTable(t, blocks[0], 2)
		if len(rows) != 1+min(repeated, 100) {
			t.Errorf("%d rows of what failed, want %d", len(rows)-1, min(repeated, 100))
		}
		for _, row := range rows[1:] {
			if row[0] != plain(content) || row[1] != plain(word) {
				t.Fatalf("what failed is read as %q", row)
			}
		}
		blocks = blocks[1:]
	}
	switch {
	case repeated > 100 && (len(blocks) != 1 || !strings.HasPrefix(blocks[0], "and ") || !strings.HasSuffix(blocks[0], " more")):
		t.Errorf("after the tables: %q", blocks)
	case repeated <= 100 && len(blocks) != 0:
		t.Errorf("after the tables: %q", blocks)
	}
}

// Hostile texts stay in their cells, paragraphs and headings, as text, and bounded.
func TestMarkdownHoldsHostileTexts(t *testing.T) {
	t.Parallel()
	more := map[string]string{
		"cell": "a | b", "escaped cell": `a \| b \`, "row": "a |\n| b | c |", "heading": "\n# big", "HTML": "<img src=x onerror=alert(1)>",
		"link": "[x](javascript:alert(1))", "image": "![x](https://example.com/x.png)", "bare link": "https://example.com www.example.com",
		"mail": "x@example.com", "entity": "&lt;b&gt;", "code": "`x` ```", "math": "$x$", "emphasis": "*x* _y_ ~z~", "rule": "---", "list": "- x",
		"backslashes": `\\\\`,
	}
	for _, texts := range []map[string]string{hostileTexts, more} {
		for name, hostile := range texts {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				for _, repeated := range []int{0, 1, 100, 101} {
					checkMarkdown(t, "COC script order "+hostile, "unknown", "the status "+hostile+" is new", hostile, hostile, -1, repeated)
				}
			})
		}
	}
}

// No text breaks out of its cell, paragraph or heading.
func FuzzMarkdown(f *testing.F) {
	f.Add("COC script order x", "failed", "", "ABNORMAL", "web-1", int64(1), 1)
	f.Add("a|b\\", "unknown", "# doubt", "\\|", "<b>\n|", int64(-1), 101)
	f.Fuzz(func(t *testing.T, name, outcome, doubt, word, content string, count int64, repeated int) {
		if repeated < 0 || repeated > 200 {
			repeated = 2
		}
		checkMarkdown(t, name, outcome, doubt, word, content, count, repeated)
	})
}

// A sign tells a gate that opens from one that does not.
func TestMarkdownSign(t *testing.T) {
	t.Parallel()
	for phase, want := range map[Phase]string{Good: "### ✅ x: running\n", Moving: "### ❌ x: running\n", Over: "### ❌ x: running\n"} {
		if got := markdown("x", Verdict{Outcome: Running, Phase: phase}, nil, nil, nil); got != want {
			t.Errorf("phase %d: %q", phase, got)
		}
	}
}

// Summaries and reports of all sources are harmless and bounded, whatever names and words the service sends.
func TestReportsAreHarmless(t *testing.T) {
	t.Parallel()
	for name, hostile := range hostileTexts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const many = 150
			listed := batch(many)
			list := &client.JobInstanceList{}
			abnormal := &client.FDITaskList{}
			for i := range int64(many) {
				listed.ExecuteInstances = append(listed.ExecuteInstances, client.Instance{ID: &i, Status: new("ABNORMAL"),
					TargetInstance: host(hostile)})
				list.Instances = append(list.Instances, client.JobInstance{JobName: &hostile, InstanceID: &hostile, Status: &hostile})
				abnormal.Tasks = append(abnormal.Tasks, client.FDITask{TaskName: &hostile, TaskID: &hostile, Kind: &hostile, Position: &hostile})
			}
			order := readOrder(t, &coc{
				order: always(over("ABNORMAL")), statistics: always(statistics(many, row("ABNORMAL", many, 1))),
				batches: map[int64]*client.ScriptOrderBatch{1: listed},
			}, OrderRequest{Details: true})
			found := readJobs(t, &dataArts{
				statistics: always(jobs(map[string]int64{"fail": many})),
				failed:     func(context.Context) (*client.JobInstanceList, error) { return list, nil },
			}, JobRequest{Details: true})
			tasks := readTasks(t, &roma{
				statistics: always(ordinary(0, many, 0, 0)),
				abnormal:   func(context.Context) (*client.FDITaskList, error) { return abnormal, nil },
			}, TaskRequest{Details: true})
			for _, report := range []Report{order.Report, found.Report, tasks.Report} {
				if fault := harmless(report.Summary); fault != "" {
					t.Errorf("the summary has %s: %.300q", fault, report.Summary)
				}
				if len(report.Markdown) > 300_000 || strings.Count(report.Markdown, "\n") > 150 {
					t.Errorf("%d bytes of Markdown", len(report.Markdown))
				}
				for _, line := range report.Culprits {
					if fault := harmless(line); fault != "" || len(line) > 220 {
						t.Errorf("a culprit has %s: %.300q", fault, line)
					}
				}
			}
		})
	}
}
