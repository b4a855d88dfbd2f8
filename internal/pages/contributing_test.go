package pages_test

import (
	"go/ast"
	"io/fs"
	"path"
	"regexp"
	"testing"
)

// TestContributingNames finds everything of the code that the guide for contributors and the README name: tests, functions, types, files
// and targets of make. What was renamed leads nobody to it any more.
func TestContributingNames(t *testing.T) {
	t.Parallel()
	pages := readPage(t, "CONTRIBUTING.md") + readPage(t, "README.md")
	there := map[string]bool{}
	err := fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		there[name], there[entry.Name()] = true, true
		if path.Ext(name) != ".go" {
			return nil
		}
		for _, name := range declared(parse(t, name, readPage(t, name))) {
			there[name] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, target := range regexp.MustCompile(`(?m)^([a-z-]+):.*## `).FindAllStringSubmatch(readPage(t, "GNUmakefile"), -1) {
		there["make "+target[1]] = true
	}
	named := 0
	for _, pattern := range []*regexp.Regexp{
		regexp.MustCompile("`((?:[a-zA-Z_/]+/)?[a-z_0-9-]+\\.(?:go|json|tmpl|hcl))`"),
		regexp.MustCompile("`([a-z]+[A-Z][a-zA-Z]+|[A-Z][a-z]+[A-Z][a-zA-Z0-9]+)(?:\\([^`]*\\))?`"),
		regexp.MustCompile("(?m)(?:^|`)(make [a-z-]+)"),
	} {
		for _, name := range pattern.FindAllStringSubmatch(pages, -1) {
			named++
			if !there[name[1]] {
				t.Errorf("there is no %s", name[1])
			}
		}
	}
	if named < 100 {
		t.Errorf("the pages name %d things", named)
	}
}

// declared are the functions, methods, types and variables of a file.
func declared(file *ast.File) []string {
	var names []string
	for _, declaration := range file.Decls {
		switch declaration := declaration.(type) {
		case *ast.FuncDecl:
			names = append(names, declaration.Name.Name)
		case *ast.GenDecl:
			for _, spec := range declaration.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					names = append(names, spec.Name.Name)
				case *ast.ValueSpec:
					for _, name := range spec.Names {
						names = append(names, name.Name)
					}
				}
			}
		}
	}
	return names
}
