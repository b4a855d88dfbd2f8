package pages_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// translated are the pages that exist in Chinese too, under the same name with .zh-CN before its extension.
var translated = []string{"README.md", "docs/guides/gating.md", "docs/guides/troubleshooting.md"}

// lags tells that a page in Chinese does not follow the English one. Only a release requires that it does: whoever changes the one need not
// read the other.
func lags(t *testing.T, format string, arguments ...any) {
	t.Helper()
	if os.Getenv("HWGATE_TRANSLATIONS") == "1" {
		t.Errorf(format, arguments...)
		return
	}
	t.Logf("lags: "+format, arguments...)
}

// TestTranslations holds each page in Chinese to its English original: block for block the same headings, rows, list items and code, and
// in each block the same names and links. Each of the two pages links to the other.
func TestTranslations(t *testing.T) {
	t.Parallel()
	for _, name := range translated {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			original, translation := translationOf(t, name)
			for i := range max(len(original), len(translation)) {
				if i >= len(original) || i >= len(translation) || original[i].shape != translation[i].shape {
					lags(t, "block %d is %s, and in Chinese %s", i, describe(original, i), describe(translation, i))
					return
				}
			}
			for _, blocks := range [][]block{original, translation} {
				if other := "->" + filepath.Base(name); !slices.ContainsFunc(blocks, func(b block) bool { return slices.Contains(b.names, other) }) {
					lags(t, "no link to the page in the other language in the blocks that begin with %s", describe(blocks, 0))
				}
			}
		})
	}
}

// TestTranslationAnchors follows every link to a heading of a page in Chinese. Its headings have the anchors of the English ones, since
// what becomes of a Chinese heading differs between GitHub and the registries.
func TestTranslationAnchors(t *testing.T) {
	t.Parallel()
	anchors := map[string]bool{}
	for _, name := range translated {
		original, translation := translationOf(t, name)
		for i, b := range translation {
			if b.anchor == "" {
				continue
			}
			anchors[filepath.Base(name)+"#"+b.anchor] = true
			if i < len(original) && slug(original[i].prose) != b.anchor {
				lags(t, "%s in Chinese: the heading %q has the anchor %q, and the original is %q", name, b.prose, b.anchor, original[i].prose)
			}
		}
	}
	followed := 0
	for _, name := range translated {
		page := readPage(t, inChinese(name))
		for _, link := range anchorLink.FindAllStringSubmatch(page, -1) {
			target, inChinese := strings.CutSuffix(link[1], ".zh-CN.md")
			switch {
			case target == "":
				target = filepath.Base(name)
			case inChinese:
				target = filepath.Base(target) + ".md"
			default:
				continue
			}
			followed++
			if !anchors[target+"#"+link[2]] {
				lags(t, "%s in Chinese links to %s, where there is no such anchor", name, link[0])
			}
		}
	}
	if followed == 0 {
		t.Error("found no link to follow")
	}
}

// anchorLink is a link to a heading of the page itself or of another one.
var anchorLink = regexp.MustCompile(`\]\(([^()#]*)#([^)]+)\)`)

// TestEnglishLinks wants each link from a page in Chinese to a page in English alone to say so.
func TestEnglishLinks(t *testing.T) {
	t.Parallel()
	link := regexp.MustCompile(`\]\(([^)#]+)[^)]*\)(（英文）)?`)
	for _, name := range translated {
		for _, found := range link.FindAllStringSubmatch(readPage(t, inChinese(name)), -1) {
			target, marked := found[1], found[2] != ""
			foreign := strings.Contains(target, ".zh-CN.") || strings.HasPrefix(target, "http") || strings.HasPrefix(target, ".github/")
			if english := !foreign && target != filepath.Base(name) && target != "LICENSE"; english != marked {
				lags(t, "%s in Chinese: %s is in English: %t", name, found[0], english)
			}
		}
	}
}

// TestGlossary holds the pages in Chinese to the glossary of TERMINOLOGY.md: one word for one thing, and no term that no page uses.
func TestGlossary(t *testing.T) {
	t.Parallel()
	_, section, _ := strings.Cut(readPage(t, "TERMINOLOGY.md"), "\n## In Chinese\n")
	section, _, _ = strings.Cut(section, "\n## ")
	terms := glossaryRow.FindAllStringSubmatch(section, -1)
	if len(terms) < 3 {
		t.Fatal("found no term in the guide")
	}
	terms = terms[2:] // after the head of the table
	used := map[string]bool{}
	for _, name := range translated {
		original, translation := translationOf(t, name)
		for i := range min(len(original), len(translation)) {
			for _, row := range terms {
				term, words, not := row[1], strings.Split(row[2], "、"), strings.Split(row[3], "、")
				in := func(word string) bool { return word != "" && strings.Contains(translation[i].prose, word) }
				if regexp.MustCompile(`(?i)\b` + term + `(s|es)?\b`).MatchString(original[i].prose) {
					used[term] = true
					if !slices.ContainsFunc(words, in) {
						lags(t, "%s: %q is %s, not %q", name, term, row[2], translation[i].prose)
					}
				}
				if slices.ContainsFunc(not, in) {
					lags(t, "%s: %q has one of %s", name, translation[i].prose, row[3])
				}
			}
		}
	}
	for _, row := range terms {
		if !used[row[1]] {
			t.Errorf("no page has the term %q", row[1])
		}
	}
}

// glossaryRow is a row of three cells.
var glossaryRow = regexp.MustCompile(`(?m)^\| ?([^|]*?) ?\| ?([^|]*?) ?\| ?([^|]*?) ?\|$`)

// TestBlocks shows what a translation has to keep, and what is its own.
func TestBlocks(t *testing.T) {
	t.Parallel()
	const page = "---\npage_title: A\n---\n\n# Head\n\nSee `a` and [b](b.md#c).\n\n- one `x`\n  more\n- two\n\n| k `y` | v |\n|---|---|\n\n" +
		"```sh\nrun it # why\n# all of it\n```\n```mermaid\n  participant A as an action\n  A->>B: look\n  x[\"want\"]\n  section tasks\n  healthy :done, 1m\n```\n"
	tests := map[string]struct {
		old, instead string
		same         bool
	}{
		"its own words":                 {"See", "参见", true},
		"its own front matter":          {"page_title: A", "page_title: 甲\nsubcategory: 中文", true},
		"another order":                 {"`a` and [b](b.md#c)", "[b](b.md#c)、`a`", true},
		"a name twice":                  {"`a` and", "`a` and `a` and", true},
		"a comment":                     {"# why", "# 原因", true},
		"a whole line of comment":       {"# all of it", "# 全部", true},
		"a link to the page in Chinese": {"b.md", "b.zh-CN.md", true},
		"an anchor":                     {"# Head", "<a id=\"head\"></a>\n\n# 标题", true},
		"an item on fewer lines":        {"\n  more", " more", true},
		"a name is missing":             {"`a`", "a", false},
		"another name":                  {"`x`", "`z`", false},
		"a name in another cell":        {"| k `y` | v |", "| k | v `y` |", false},
		"another link":                  {"b.md#c", "b.md#d", false},
		"a heading less":                {"# Head\n\n", "", false},
		"a deeper heading":              {"# Head", "## Head", false},
		"an item less":                  {"- two\n", "", false},
		"a cell less":                   {"| v |", "|", false},
		"a row less":                    {"|---|---|\n", "", false},
		"other code":                    {"run it", "run that", false},
		"another language of the code":  {"```sh", "```text", false},
		"a name in a diagram":           {"an action", "动作", true},
		"a label in a diagram":          {": look", ": 查询", true},
		"a label of a node":             {`"want"`, `"想"`, true},
		"a section of a chart":          {"section tasks", "section 任务", true},
		"a span of a chart":             {"healthy :done", "正常 :done", true},
		"another span of a chart":       {"healthy :done", "healthy :crit", false},
		"another node":                  {"x[", "y[", false},
		"an arrow in a diagram":         {"A->>B", "B->>A", false},
		"no comment":                    {"# all of it\n", "", false},
		"a paragraph less":              {"See `a` and [b](b.md#c).\n\n", "", false},
	}
	for name, test := range tests {
		changed := strings.Replace(page, test.old, test.instead, 1)
		if changed == page {
			t.Errorf("%s: nothing to replace", name)
		}
		if same := shapes(blocksOf(changed)) == shapes(blocksOf(page)); same != test.same {
			t.Errorf("%s: the same shape: %t, want %t\n%s", name, same, test.same, shapes(blocksOf(changed)))
		}
	}
}

// block is a heading, a row, a list item, a paragraph or a piece of code.
type block struct {
	// shape is what a translation has to keep.
	shape string
	// names are what stands in backquotes, and the targets of links.
	names []string
	// prose is the text without them.
	prose string
	// anchor stands before a heading, for links to it.
	anchor string
}

var (
	codeSpan   = regexp.MustCompile("`[^`]+`")
	linkTarget = regexp.MustCompile(`\]\(([^)]+)\)`)
	anchorLine = regexp.MustCompile(`^<a id="([^"]+)"></a>$`)
	lineMark   = regexp.MustCompile(`^(#+|\||-|\d+\.|<!--) ?`)
	comment    = regexp.MustCompile(`(^|\s)#.*`)
	label      = regexp.MustCompile(`(: | as ).*|"[^"]*"|^ *section .*|[^:]+ :`)
	matter     = regexp.MustCompile(`(?s)\A---\n.*?\n---\n`)
)

// blocksOf takes a page apart.
func blocksOf(page string) []block {
	var blocks []block
	var open []string // the lines of an item or paragraph that may go on
	anchor, fence := "", ""
	flush := func() {
		if len(open) > 0 {
			blocks = append(blocks, blockOf(strings.Join(open, " ")))
			open = nil
		}
	}
	for line := range strings.Lines(matter.ReplaceAllString(page, "")) {
		line = strings.TrimRight(line, "\n")
		switch {
		case strings.HasPrefix(line, "```"):
			flush()
			fence = map[bool]string{true: line, false: ""}[fence == ""]
			blocks = append(blocks, block{shape: line})
		case fence == "```text":
			blocks = append(blocks, block{shape: line})
		case fence == "```mermaid":
			blocks = append(blocks, block{shape: label.ReplaceAllString(line, "$1")})
		case fence != "":
			blocks = append(blocks, block{shape: comment.ReplaceAllString(line, "${1}#")})
		case line == "":
			flush()
		case anchorLine.MatchString(line):
			flush()
			anchor = anchorLine.FindStringSubmatch(line)[1]
		case lineMark.MatchString(line):
			flush()
			open = []string{line}
			if strings.HasPrefix(line, "#") {
				flush()
				blocks[len(blocks)-1].anchor, anchor = anchor, ""
			}
		default:
			open = append(open, strings.TrimSpace(line))
		}
	}
	flush()
	return blocks
}

// blockOf is that of the text of a heading, row, item or paragraph. The names of a row are those of each cell, since cells do not move.
func blockOf(text string) block {
	mark := lineMark.FindString(text)
	b := block{shape: strings.TrimSpace(mark), prose: strings.TrimPrefix(text, mark)}
	cells := []string{b.prose}
	if b.shape == "|" {
		cells = strings.Split(b.prose, "|")
	}
	for _, cell := range cells {
		names := codeSpan.FindAllString(cell, -1)
		for _, link := range linkTarget.FindAllStringSubmatch(cell, -1) {
			names = append(names, "->"+strings.Replace(link[1], ".zh-CN.md", ".md", 1))
		}
		slices.Sort(names)
		names = slices.Compact(names)
		b.names = append(b.names, names...)
		b.shape += fmt.Sprintf(" %q", names)
	}
	b.prose = linkTarget.ReplaceAllString(codeSpan.ReplaceAllString(b.prose, ""), "]")
	return b
}

func shapes(blocks []block) string {
	var lines []string
	for _, b := range blocks {
		lines = append(lines, b.shape)
	}
	return strings.Join(lines, "\n")
}

func describe(blocks []block, i int) string {
	if i >= len(blocks) {
		return "missing"
	}
	return fmt.Sprintf("%s (%s)", blocks[i].shape, blocks[i].prose)
}

// slug is the anchor that a heading in English has by itself.
func slug(heading string) string {
	return strings.ReplaceAll(regexp.MustCompile(`[^a-z0-9_ -]`).ReplaceAllString(strings.ToLower(heading), ""), " ", "-")
}

func inChinese(name string) string {
	return strings.TrimSuffix(name, ".md") + ".zh-CN.md"
}

func translationOf(t *testing.T, name string) (original, translation []block) {
	t.Helper()
	return blocksOf(readPage(t, name)), blocksOf(readPage(t, inChinese(name)))
}
