package acceptance_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A matrixGuide is a page with the tables.
type matrixGuide struct {
	name string
	// words puts the tables into the language of the page.
	words *strings.Replacer
}

var matrixGuides = []matrixGuide{
	{name: "gating.md.tmpl", words: strings.NewReplacer()},
	{name: "gating.zh-CN.md.tmpl", words: strings.NewReplacer(
		// A phrase stands before those that it begins with.
		"self.succeeded", "self.succeeded", "\"failed\"", "\"failed\"", "`: ", "`：", "`, `", "`，`", "`, ephemeral, ", "`，临时资源，",
		"On Terraform", "在 Terraform", ":\n\n| the state |", " 上：\n\n| 状态 |", ":\n\n| the gate |", " 上：\n\n| 门禁 |",
		"The same was observed on ", "在以下版本上测得的结果相同：", ", Terraform ", "、Terraform ", ", OpenTofu ", "、OpenTofu ",
		", as far as they have the form or the command.", "（不具备该形式或命令的除外）。",
		", as far as they have the form or the command", "（不具备该形式或命令的除外）", ", but for these cells:", "，但以下单元格不同：",
		"| version | the gate | command | cell |", "| 版本 | 门禁 | 命令 | 单元格 |",
		"| version | the state | command | cell |", "| 版本 | 状态 | 命令 | 单元格 |",
		"`apply` of a saved plan", "`apply` 已保存的计划", "`apply` again", "再次 `apply`", "inside `check`", "在 `check` 中",
		"`destroy`, read error", "`destroy`，读取错误",
		"still running, no wait", "仍在执行，不等待", "still running when the wait ends", "等待结束时仍在执行",
		"FINISHED, and the statistics contradict it", "FINISHED，但统计信息与此矛盾",
		"jobs: too early, the run is not counted yet", "作业：过早，这次运行尚未计入",
		"tasks: healthy for long enough", "任务：持续正常", "tasks: healthy only for a moment", "任务：仅短暂正常",
		"succeeded", "成功", "failed", "失败", "canceled", "已取消", "paused", "暂停", "gone", "已不存在", "forbidden", "无权限", "nothing ran", "没有执行任何内容",
		"unknown word", "未知的状态词", "no credential", "没有凭证",
		", deferred by `plantimestamp()`", "，由 `plantimestamp()` 推迟", "ephemeral, ", "临时资源，", "action, ", "动作，",
		" of what comes next", "（后续资源）", " of what came before", "（之前的资源）",
		":\n\n| written like this |", " 上：\n\n| 这样写 |", "| version | written like this | command | cell |", "| 版本 | 这样写 | 命令 | 单元格 |",
		"ends with", "结果", "the form that works", "有效的写法",
		"replacement", "替换", "its block is removed", "删除配置块", ", old destroyed", "，旧对象已销毁", ", new created", "，新对象已创建",
		", invalid value", "，值无效", ", an order that was ", "，工单", ", next destroyed", "，后续已销毁", "`self.succeeded`", "`self.succeeded`",
		"`count = ….succeeded ? 1 : 0` on what comes next", "后续资源的 `count = ….succeeded ? 1 : 0`",
		"nothing changes behind it", "其后没有变更", "`input` from the rollout", "随发布变化的 `input`", ", `import` of what comes next", "，`import` 后续资源",
		"data source, `for_each` over nothing", "数据源，`for_each` 遍历空列表", "`for_each` over nothing", "`for_each` 遍历空列表",
		" in the `postcondition`, a success of last year", " 作为 `postcondition`，很久以前的成功", " in the `postcondition`", " 作为 `postcondition`",
		"`validation` of the list: ", "列表的 `validation`：", ", `-", "，`-", "module, ", "模块，", ", an id that the apply makes", "，应用时才产生的 ID",
		"no `depends_on`", "没有 `depends_on`", " of an output", "（输出）", " of the resource: ", "（资源）：", " without a test file", "，没有测试文件",
		" of a file that is missing", "，文件不存在", " with ", "，",
		", gate closed", "，门禁未通过", ", read error", "，读取错误", ", warning", "，警告", ", refused", "，拒绝", ", next created", "，后续已创建", "; ", "；",
	)},
}

func (g matrixGuide) path() string {
	return filepath.Join("..", "..", "templates", "guides", g.name)
}

func (g matrixGuide) read(t *testing.T) string {
	t.Helper()
	content, err := os.ReadFile(g.path())
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func (g matrixGuide) write(t *testing.T, record map[string]observed) {
	t.Helper()
	if err := os.WriteFile(g.path(), []byte(g.withTables(g.read(t), record)), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestMatrixGuide holds the tables of the gating guide to what was observed, in each language.
func TestMatrixGuide(t *testing.T) {
	t.Parallel()
	matrixMu.Lock()
	defer matrixMu.Unlock()
	for _, guide := range matrixGuides {
		if *updateMatrix {
			guide.write(t, readMatrix(t))
		}
		page := guide.read(t)
		if guide.withTables(page, readMatrix(t)) != page {
			t.Errorf("the tables of %s are not what was observed: run this test with -update-matrix", guide.name)
		}
		for _, table := range matrixTables() {
			if !tableMarks(table.name).MatchString(page) {
				t.Errorf("%s has no place for the table of %s", guide.name, table.name)
			}
		}
	}
}

// TestMatrixInChinese finds no word of the tables that the guide in Chinese leaves in English, but for names.
func TestMatrixInChinese(t *testing.T) {
	t.Parallel()
	matrixMu.Lock()
	defer matrixMu.Unlock()
	page := matrixGuides[1].read(t)
	names := regexp.MustCompile("`[^`]+`|Terraform|OpenTofu|FINISHED|ID|[0-9.]+-rc[0-9]+|<!--.*-->")
	for _, table := range matrixTables() {
		words := names.ReplaceAllString(tableMarks(table.name).FindString(page), "")
		if words == "" || regexp.MustCompile("[A-Za-z]").MatchString(words) {
			t.Errorf("the table of %s, without names, is\n%s", table.name, words)
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
func (g matrixGuide) withTables(page string, record map[string]observed) string {
	for _, table := range matrixTables() {
		page = tableMarks(table.name).ReplaceAllString(page, "${1}"+g.words.Replace(table.text(record))+"${2}")
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
		lines = append(lines, "| "+strings.Join(alike[cells], "; ")+" |"+cells)
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
			lines = append(lines, "| version | "+m.corner+" | command | cell |", "|---|---|---|---|")
			lines = append(lines, differences...)
		}
	}
	return strings.Join(lines, "\n")
}
