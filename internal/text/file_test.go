package text

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// read is ReadFile for a test, which it fails instead of waiting.
func read(t *testing.T, path string, limit int64) ([]byte, error) {
	t.Helper()
	type result struct {
		content []byte
		err     error
	}
	results := make(chan result, 1)
	go func() {
		content, err := ReadFile(path, limit)
		results <- result{content, err}
	}()
	select {
	case got := <-results:
		return got.content, got.err
	case <-time.After(30 * time.Second):
		t.Fatalf("reading %s does not end", path)
		return nil, nil
	}
}

func write(t *testing.T, path, content string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestReadFile(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for name, test := range map[string]struct {
		content, want string
		limit         int64
		fault         string
	}{
		"plain":                     {content: "abc", want: "abc", limit: 3},
		"empty":                     {limit: 3},
		"a byte too long":           {content: strings.Repeat("a", 1<<20+1), limit: 1 << 20, fault: ": the file has more than 1 MiB"},
		"just fits":                 {content: strings.Repeat("a", 1<<20), want: strings.Repeat("a", 1<<20), limit: 1 << 20},
		"byte order mark":           {content: "\ufeff{}", want: "{}", limit: 9},
		"byte order mark alone":     {content: "\ufeff", limit: 9},
		"only one mark":             {content: "\ufeff\ufeff", want: "\ufeff", limit: 9},
		"UTF-16":                    {content: "\xff\xfe{\x00}\x00", limit: 9, fault: ": the file is encoded in UTF-16, and has to be saved as UTF-8"},
		"UTF-16, big end first":     {content: "\xfe\xff\x00{\x00}", limit: 9, fault: "UTF-16"},
		"UTF-16 without mark":       {content: "{\x00}\x00", limit: 9, fault: "UTF-16"},
		"big end first, no mark":    {content: "\x00{\x00}", limit: 9, fault: "UTF-16"},
		"a zero byte further on":    {content: "ab\x00", want: "ab\x00", limit: 9},
		"half a mark":               {content: "\xff", want: "\xff", limit: 9},
		"a name with dollar":        {content: "x", want: "x", limit: 9},
		"a name that ends in blank": {content: "x", want: "x", limit: 9},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := strings.ReplaceAll(name, ",", "")
			switch name {
			case "a name with dollar":
				file = "${x}"
			case "a name that ends in blank":
				file = "blank "
			}
			path := write(t, filepath.Join(folder, file), test.content)
			got, err := read(t, path, test.limit)
			switch {
			case test.fault == "" && (err != nil || string(got) != test.want):
				t.Errorf("%.20q and %v, want %.20q", got, err, test.want)
			case test.fault != "" && (err == nil || !strings.Contains(err.Error(), test.fault) || !strings.HasPrefix(err.Error(), path+": ")):
				t.Errorf("error %v, want %q", err, test.fault)
			}
		})
	}
}

// TestReadFileOfOtherKinds names every kind of file that is no regular one, also behind a link.
func TestReadFileOfOtherKinds(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	kinds := map[string]string{folder: "it is a directory", os.DevNull: "it is a device", "/dev/zero": "it is a device"}
	maps.Copy(kinds, specialFiles(t, folder))
	for path, want := range kinds {
		link := filepath.Join(t.TempDir(), "link")
		if err := os.Symlink(path, link); err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{path, link} {
			_, err := read(t, path, FileLimit)
			if wanted := path + ": " + want + ", and only regular files are read"; err == nil || err.Error() != wanted {
				t.Errorf("error %v, want %s", err, wanted)
			}
		}
	}
}

// TestFileThatWaits ends the read of a file that waits for data.
func TestFileThatWaits(t *testing.T) {
	t.Parallel()
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = writer.Close() })
	if _, err := readContent(reader, FileLimit, time.Now()); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("error %v, want a timeout", err)
	}
}

// TestFileError says why a file cannot be read and what is wrong with its path, and shows nothing that may be a secret.
func TestFileError(t *testing.T) {
	t.Parallel()
	const (
		content = "(not shown: the content of a file, it seems, not its path)"
		token   = "(not shown: a token, it seems, not a path)"
		other   = "(not shown: it does not have the form of a path)"
		jwt     = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.c2ln"
	)
	for path, want := range map[string]string{
		"/home/nobody/config.json":  "/home/nobody/config.json: ",
		`C:\Users\me\token`:         `C:\Users\me\token: `,
		"/nowhere/eyJ/token":        "/nowhere/eyJ/token: ",
		"~/nowhere":                 "~/nowhere: ",
		"./nowhere":                 "./nowhere: ",
		"nowhere/ca.pem":            "nowhere/ca.pem: ",
		"nowhere.json":              "nowhere.json: ",
		"/nowhere/jürgen/ein token": "/nowhere/jürgen/ein token: ",
		"/nowhere/3f2504e0-4f89-11d3-9a0c-0305e82c3301/token":                     "/nowhere/3f2504e0-4f89-11d3-9a0c-0305e82c3301/token: ",
		"/nowhere/zzzsdk4y7ffn2cpxc5bqqyqzjlw5xkgm-nss-cacert-3.98/ca-bundle.crt": "/nowhere/zzzsdk4y7ffn2cpxc5bqqyqzjlw5xkgm-nss-cacert-3.98/ca-bundle.crt: ",

		"${RUNNER_TEMP}/id_token":     `the path "${RUNNER_TEMP}/id_token" holds a variable that was not expanded (${…}): `,
		"${HOME}/.hcloud/config.json": `the path "${HOME}/.hcloud/config.json" holds a variable that was not expanded (${…}): `,
		"$CI_PROJECT_DIR/ca.pem":      `the path "$CI_PROJECT_DIR/ca.pem" holds a variable that was not expanded ($…): `,
		"{{ home }}/ca.pem":           `the path "{{ home }}/ca.pem" holds a variable that was not expanded ({{…}}): `,
		`%TEMP%\id_token`:             `the path "%TEMP%\\id_token" holds a variable that was not expanded (%…%): `,
		"${{ runner.temp }}/id_token": `the path "${{ runner.temp }}/id_token" holds a variable that was not expanded (${{…}}): `,
		"$(Agent.TempDirectory)/t":    `the path "$(Agent.TempDirectory)/t" holds a variable that was not expanded ($(…)): `,
		"/nowhere/ca.pem\n":           `the path "/nowhere/ca.pem\n" ends in a line break: `,
		"/nowhere/ca.pem ":            `the path "/nowhere/ca.pem " ends in a space: `,
		"/nowhere/\x1b[31m":           `the path "/nowhere/\x1b[31m" holds the invisible character U+001B: `,
		`"/nowhere/ca.pem"`:           "the path " + other + " is in quotation marks, which do not belong to it: ",

		`{"current":"x"}`:                     content + ": ",
		`{ "value": "opaque" }`:               content + ": ",
		"{}":                                  content + ": ",
		"[]":                                  content + ": ",
		"-----BEGIN CERTIFICATE-----\nMII\n":  "the path " + content + " ends in a line break: ",
		"/" + strings.Repeat("nowhere/", 200): content + ": ",
		jwt:                                   token + ": ",
		" " + jwt:                             "the path " + token + " begins with a space: ",
		"Bearer " + jwt:                       token + ": ",
		"bearer opaque":                       token + ": ",
		`"` + jwt + `"`:                       "the path " + token + " is in quotation marks, which do not belong to it: ",
		jwt + "\n":                            "the path " + token + " ends in a line break: ",
		"/nowhere/" + jwt:                     token + ": ",
		"/nowhere/" + strings.Repeat("0123456789", 4): token + ": ",
		"/nowhere/aB3dE6gH9jK2mN5pQ8sT":               token + ": ",
		"opaque":                                      other + ": ",
		"planted-identity-token":                      other + ": ",
		"opaque\n":                                    "the path " + other + " ends in a line break: ",
		"":                                            other + ": ",
	} {
		_, err := read(t, path, FileLimit)
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%.60q: %v, want %s", path, err, want)
		}
		if failed := new(FileError); !errors.As(err, &failed) || (len(path) < 200 && !errors.Is(err, fs.ErrNotExist)) {
			t.Errorf("%.60q: the error is %#v", path, err)
		}
	}
}

// TestTokensAreNotShown gives tokens of all kinds, with what may stand around them, in place of a path.
func TestTokensAreNotShown(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		random := make([]byte, rapid.IntRange(30, 600).Draw(t, "size"))
		_, _ = rand.NewChaCha8([32]byte(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "seed"))).Read(random)
		encode := rapid.SampledFrom([]func([]byte) string{
			base64.StdEncoding.EncodeToString, base64.RawURLEncoding.EncodeToString, hex.EncodeToString,
			func(b []byte) string {
				half := base64.RawURLEncoding.EncodeToString(b)
				return "eyJhbGciOiJSUzI1NiJ9." + half + "." + half
			},
		}).Draw(t, "encoding")
		token := "M" + encode(random) // a token does not begin as a path does
		before := rapid.SampledFrom([]string{"", " ", "\n", "Bearer ", "bearer ", `"`, "'", "`", "token=", "{", "\ufeff", "X-Auth-Token: "}).Draw(t, "before")
		after := rapid.SampledFrom([]string{"", " ", "\n", "\r\n", `"`, "'", "}", ".jwt"}).Draw(t, "after")
		shown := File(before + token + after)
		for _, part := range strings.FieldsFunc(token, func(r rune) bool { return r == '/' || r == '.' }) {
			if len(part) >= 8 && strings.Contains(shown, part) {
				t.Fatalf("%q is shown as %s", before+token+after, shown)
			}
		}
	})
}
