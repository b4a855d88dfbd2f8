package provider

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestProfileIsFound goes through the places that a profile can be in, and the ways to name it.
func TestProfileIsFound(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	for name, content := range map[string]string{
		".hcloud/config.json": `{"current":"two","profiles":[{"name":"one","region":"r1"},{"name":"two","region":"r2"}]}`,
		"other.json":          `{"current":"one","authEncrypt":false,"profiles":[{"name":"one","region":"r3"}]}`,
		"no-current.json":     `{"profiles":[{"name":"one","region":"r3"}]}`,
		"list.json":           `[]`,
		"null.json":           `null`,
		"types.json":          `{"profiles":[{"name":"one","secretAccessKey":123456789}]}`,
		"True.json":           `{"authEncrypt":"True"}`,
		"control.json":        `{"profiles":[{"name":"one\u001b[31m"},{"name":""}]}`,
	} {
		name = filepath.Join(home, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	tests := map[string]struct {
		file, profile, variable string
		// region tells which profile was found; fault is a part of the error when none was.
		region, fault string
	}{
		"current":             {"", "", "HOME", "r2", ""},
		"current, on Windows": {"", "", "USERPROFILE", "r2", ""},
		"named":               {"", "one", "HOME", "r1", ""},
		"home":                {"~/other.json", "", "HOME", "r3", ""},
		"absolute":            {filepath.Join(home, "other.json"), "one", "", "r3", ""},
		"not there":           {"~/none.json", "", "HOME", "", "cannot be read: " + filepath.Join(home, "none.json") + ": no such file"},
		"its content":         {`{"profiles":[{"secretAccessKey":"123456789"}]}`, "", "HOME", "", "(not shown: the content of a file, it seems, not its path): no such file"},
		"too long a name":     {strings.Repeat("123456789/", 500), "", "HOME", "", "cannot be read: (not shown: the content of a file"},
		"a folder":            {"~", "", "HOME", "", "cannot be read: "},
		"none in use":         {"~/no-current.json", "", "HOME", "", `has no profile ""; it has one.`},
		"a list":              {"~/list.json", "", "HOME", "", "is not KooCLI's JSON"},
		"null":                {"~/null.json", "one", "HOME", "", `has no profile "one"; it has none.`},
		"other types":         {"~/types.json", "one", "HOME", "", "is not KooCLI's JSON"},
		"encrypted":           {"~/True.json", "one", "HOME", "", "is encrypted"},
		"odd names":           {"~/control.json", "two\n", "HOME", "", `has no profile "two\n" (it ends in a line break); it has one [31m,.`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := readProfile(test.file, test.profile, func(name string) string {
				return map[string]string{test.variable: home}[name]
			})
			switch {
			case test.fault == "" && (err != nil || got.Region != test.region):
				t.Errorf("region %q and error %v, want %q", got.Region, err, test.region)
			case test.fault != "" && (err == nil || !strings.Contains(err.Error(), test.fault)):
				t.Errorf("error %v, want %q", err, test.fault)
			case err != nil && strings.Contains(err.Error(), "123456789"):
				t.Errorf("a key is in the error %v", err)
			}
		})
	}
}
