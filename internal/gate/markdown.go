package gate

import (
	"fmt"
	"strings"
	"time"

	"github.com/hwgate/terraform-provider-hwgate/internal/text"
)

// maxCulprits bounds the names of what failed.
const maxCulprits = 100

// table lists what failed, or counts.
type table struct {
	head []string
	rows [][]string
	// lines names each row in messages.
	lines []string
	// total includes rows that are not kept.
	total int64
}

func (t *table) add(cells ...string) {
	if len(t.rows) < maxCulprits {
		t.rows = append(t.rows, cells)
	}
}

func (t *table) addNamed(line string, cells ...string) {
	t.lines = append(t.lines, line)
	t.add(cells...)
}

// summary names what failed; empty for a nil table and for one without names.
func (t *table) summary() string {
	if t == nil || len(t.lines) == 0 {
		return ""
	}
	return t.head[0] + "s: " + joinNames(t.lines, t.total)
}

func markdown(name string, verdict Verdict, ended *time.Time, counts []figure, failed *table) string {
	var b strings.Builder
	sign := "❌"
	if verdict.Good() {
		sign = "✅"
	}
	fmt.Fprintf(&b, "### %s %s: %s\n", sign, escapeCell(name), escapeCell(string(verdict.Outcome)))
	if verdict.Doubt != "" {
		fmt.Fprintf(&b, "\n%s\n", escapeCell(verdict.Doubt))
	}
	if ended != nil {
		fmt.Fprintf(&b, "\nEnded %s\n", ended.Format(time.RFC3339))
	}
	if len(counts) > 0 {
		rows := table{head: []string{"state", "count"}, total: int64(len(counts))}
		for _, figure := range counts {
			rows.add(figure.label, fmt.Sprint(figure.count))
		}
		rows.write(&b)
	}
	if failed != nil && len(failed.rows) > 0 {
		failed.write(&b)
	}
	return b.String()
}

func (t *table) write(b *strings.Builder) {
	fmt.Fprintf(b, "\n| %s |\n|%s\n", strings.Join(t.head, " | "), strings.Repeat(" --- |", len(t.head)))
	for _, row := range t.rows {
		cells := make([]string, len(row))
		for i, content := range row {
			cells[i] = escapeCell(content)
		}
		fmt.Fprintf(b, "| %s |\n", strings.Join(cells, " | "))
	}
	if more := t.total - int64(len(t.rows)); more > 0 {
		fmt.Fprintf(b, "\nand %d more\n", more)
	}
}

// escapes escapes Markdown, HTML and links without markup.
var escapes = strings.NewReplacer(
	`\`, `\\`, "`", "\\`", `*`, `\*`, `_`, `\_`, `[`, `\[`, `]`, `\]`, `<`, `\<`, `>`, `\>`, `&`, `\&`, `|`, `\|`, `~`, `\~`,
	`@`, `\@`, `#`, `\#`, `$`, `\$`, `!`, `\!`, `://`, `:\//`, `www.`, `www\.`,
)

// escapeCell makes untrusted text fit for a table cell.
func escapeCell(content string) string { return escapes.Replace(text.Plain(content, 2*maxNameLength)) }
