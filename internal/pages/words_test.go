package pages_test

import (
	"go/ast"
	"go/token"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// phrase is one that the project does not use, and what to write in its place. TERMINOLOGY.md has the same.
type phrase struct {
	pattern, instead string
}

var phrases = []phrase{
	{`log-ins?`, "sign-in, authentication"},
	{`log(s|ged)? in (with|by|this)`, "sign in"},
	{`logging in`, "signing in, authentication"},
	{`ready(-made)? (IAM )?token`, "pre-issued token"},
	{`(when|if|is|are|as) left out`, "Default: ..., is omitted"},
	{`how [^.|]{1,100} (went|goes)`, "the result of"},
	{`(goes|go|works|work) along( with)?`, "works alongside"},
	{`(tokens?|keys?|credentials?|it|they)( that)?( has| have)? (ran|runs|run) out`, "expire"},
	{`(came|comes?) to be`, "changed to"},
	{`needless`, "unnecessary"},
	{`anew`, "again"},
	{`(to|can|cannot|could|may|might)( not)? be had`, "available"},
	{`(was|were|are|is) got`, "obtained"},
	{`stand-ins?`, "mock"},
	{`rid(e|es|den) out`, "retried, tolerated"},
	{`hand(s|ed)? out`, "issue"},
	{`ha(s|ve) to be right`, "must be correct"},
}

// regexp finds whole words, also across a line break.
func (p phrase) regexp() *regexp.Regexp {
	return regexp.MustCompile(`(?i)\b` + strings.ReplaceAll(p.pattern, " ", `\s+`) + `\b`)
}

// TestWords finds phrases that are not the project's in the pages that users read, and in the code that contributors read.
func TestWords(t *testing.T) {
	t.Parallel()
	texts := pages(t)
	for _, p := range phrases {
		pattern := p.regexp()
		for name, text := range texts {
			for _, found := range pattern.FindAllString(text, -1) {
				t.Errorf("%s: %q; write: %s", name, strings.Join(strings.Fields(found), " "), p.instead)
			}
		}
	}
}

// TestLook finds no look for a read in the pages of users, who know the latter word.
func TestLook(t *testing.T) {
	t.Parallel()
	look := regexp.MustCompile(`(?i)\blook(s|ed|ing)?\b[ -]?(\w*)`)
	for name, text := range pages(t) {
		if root, _, _ := strings.Cut(name, "/"); !slices.Contains([]string{"README.md", "CHANGELOG.md", "docs", "examples", "modules"}, root) {
			continue
		}
		for _, found := range look.FindAllStringSubmatch(text, -1) {
			if found[2] != "up" {
				t.Errorf("%s: %q; write: read, check", name, found[0])
			}
		}
	}
}

// pages are all texts that people read: pages and examples, messages and descriptions, and the comments of the code and its settings. TERMINOLOGY.md, which
// lists the phrases, is none.
func pages(t *testing.T) map[string]string {
	t.Helper()
	texts := map[string]string{}
	for _, root := range []string{
		"README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs", "templates", "examples", "modules", "GNUmakefile", ".github", ".golangci.yml",
		".goreleaser.yml", "main.go", "internal", "tools",
	} {
		err := fs.WalkDir(tree, root, func(name string, entry fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			// What tools leave behind is hidden, and recordings are the services' words.
			hidden := strings.HasPrefix(entry.Name(), ".") && name != root
			if hidden || entry.Name() == "testdata" || entry.Name() == "cassettes" {
				if entry.IsDir() {
					return fs.SkipDir
				}
				return nil
			}
			if entry.IsDir() {
				return nil
			}
			text := readPage(t, name)
			if path.Ext(name) == ".go" {
				text = prose(t, name, text)
			}
			texts[name] = text
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(texts) < 250 {
		t.Fatalf("found %d texts", len(texts))
	}
	return texts
}

// TestProse takes a source apart: a phrase may go over the lines of a comment, or over literals that are added up, but not from one
// message to the next.
func TestProse(t *testing.T) {
	t.Parallel()
	const source = `package x

import "one/log-in"

// First comment,
// second line.
func f() {
	g("a "+
		"message") // a remark
	g("another")
}
`
	const comments = "First comment,\nsecond line.\n\na remark\n\n"
	if got, want := prose(t, "x.go", source), comments+"\n\n\n\na message\n\nanother"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	// The strings of a test are what services say, in their words.
	if got := prose(t, "x_test.go", source); got != comments {
		t.Errorf("of a test: %q", got)
	}
}

// prose is what people read of a Go source: its comments, and its strings unless it is a test. Literals that are added up are one string.
func prose(t *testing.T, name, source string) string {
	t.Helper()
	file := parse(t, name, source)
	var text strings.Builder
	for _, comment := range file.Comments {
		text.WriteString(comment.Text() + "\n")
	}
	if !strings.HasSuffix(name, "_test.go") {
		text.WriteString(messages(file))
	}
	return text.String()
}

// messages are the strings of a Go source, one a line.
func messages(file *ast.File) string {
	var text strings.Builder
	var visit func(node ast.Node) bool
	visit = func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.ImportSpec:
			return false
		case *ast.BinaryExpr:
			// Go adds from the left, so both sides are written before the line ends.
			ast.Inspect(node.X, visit)
			ast.Inspect(node.Y, visit)
			return false
		case *ast.BasicLit:
			if value, err := strconv.Unquote(node.Value); err == nil && node.Kind == token.STRING {
				text.WriteString(value)
			}
		case ast.Stmt, *ast.KeyValueExpr:
			text.WriteString("\n\n")
		}
		return true
	}
	ast.Inspect(file, visit)
	return text.String()
}

// TestTerminology holds the table of TERMINOLOGY.md to the phrases that are looked for.
func TestTerminology(t *testing.T) {
	t.Parallel()
	section, _, _ := strings.Cut(readPage(t, "TERMINOLOGY.md"), "\n## ")
	quoted := regexp.MustCompile(`"([^"]+)"`).FindAllStringSubmatch(section, -1)
	for _, p := range phrases {
		if !slices.ContainsFunc(quoted, func(words []string) bool { return p.regexp().FindString(words[1]) == words[1] }) {
			t.Errorf("the guide has no example of %q", p.pattern)
		}
	}
	for _, words := range quoted {
		if !slices.ContainsFunc(phrases, func(p phrase) bool { return p.regexp().FindString(words[1]) == words[1] }) {
			t.Errorf("the guide refuses %q, and no pattern does", words[1])
		}
	}
}
