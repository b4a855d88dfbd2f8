package pages_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// tree is the repository. The tests do not change into it: the cache of results would not notice that a page has changed.
var tree = os.DirFS(filepath.Join("..", ".."))

func readPage(t *testing.T, name string) string {
	t.Helper()
	page, err := fs.ReadFile(tree, filepath.ToSlash(name))
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}

func parse(t *testing.T, name, source string) *ast.File {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), name, source, parser.SkipObjectResolution|parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	return file
}
