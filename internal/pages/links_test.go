package pages_test

import (
	"io/fs"
	"path"
	"regexp"
	"strings"
	"testing"
)

// pageLink is a link in a page, and heading is what a link can lead to.
var (
	pageLink = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading  = regexp.MustCompile(`(?m)^#+ (.+)$`)
	anchorID = regexp.MustCompile(`<a id="([^"]+)">`)
	codeOf   = regexp.MustCompile("(?s)```.*?```")
)

// repository is how pages of the registry link to files.
var repository = regexp.MustCompile(`^https://github\.com/hwgate/terraform-provider-hwgate/(?:tree|blob)/main/`)

// TestLinks follows every link from a page to a file of the tree, and to a heading in it.
func TestLinks(t *testing.T) {
	t.Parallel()
	anchors := map[string]map[string]bool{}
	links := map[string][]string{}
	err := fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && name != "." && strings.HasPrefix(entry.Name(), "."):
			return fs.SkipDir
		case path.Ext(name) != ".md":
			return nil
		}
		page := codeOf.ReplaceAllString(readPage(t, name), "")
		anchors[name] = map[string]bool{}
		for _, found := range heading.FindAllStringSubmatch(page, -1) {
			anchors[name][slug(found[1])] = true
		}
		for _, found := range anchorID.FindAllStringSubmatch(page, -1) {
			anchors[name][found[1]] = true
		}
		for _, found := range pageLink.FindAllStringSubmatch(page, -1) {
			links[name] = append(links[name], found[1])
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	followed := 0
	for from, targets := range links {
		for _, link := range targets {
			to, anchor, _ := strings.Cut(link, "#")
			switch inTree := repository.FindString(to); {
			case inTree != "":
				to = strings.TrimPrefix(to, inTree)
			case strings.Contains(to, "://"):
				continue
			case to == "":
				to = from
			default:
				to = path.Join(path.Dir(from), to)
			}
			followed++
			if _, err := fs.Stat(tree, path.Clean(to)); err != nil {
				t.Errorf("%s links to %s, and there is no such file", from, link)
			} else if anchor != "" && !anchors[path.Clean(to)][anchor] {
				t.Errorf("%s links to %s, where there is no such heading", from, link)
			}
		}
	}
	if followed < 100 {
		t.Errorf("followed %d links", followed)
	}
}
