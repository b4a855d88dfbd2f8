package text

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestPlain(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, text string
		limit      int
		want       string
	}{
		{"empty", "", 10, ""},
		{"plain", "plain text", 10, "plain text"},
		{"white space is folded", "  a\r\n\tb \u2028 c\u00a0d  ", 50, "a b c d"},
		{"control characters", "a\x00b\x1b[31mred\x07\x7f\u0085c", 50, "a b [31mred c"},
		{"formatting characters", "a\u202eb\u200bc\ufeffd", 50, "a?b?c?d"},
		{"invalid UTF-8", "a\xffb\xc3(", 50, "a?b?("},
		{"a replacement character", "a\ufffdb", 50, "a?b"},
		{"letters of all kinds", "华为 é 🙂", 50, "华为 é 🙂"},
		{"exactly the limit", "abcdef", 6, "abcdef"},
		{"exactly the limit, then space", "abcdef \n", 6, "abcdef"},
		{"one byte over", "abcdefg", 6, "abc…"},
		{"cut before a character", "ab华为", 7, "ab…"},
		{"cut after a space", "abc defgh", 7, "abc…"},
		{"the space is what does not fit", "abcdef g", 6, "abc…"},
		{"a command of Azure Pipelines", "a##vso[task.setvariable variable=x]y", 50, "a#?vso[task.setvariable variable=x]y"},
		{"commands of other CI systems", "##[add-mask]x ###teamcity[y] #1", 50, "#?[add-mask]x #?#teamcity[y] #1"},
		{"commands of GitHub", "::stop-commands::x\n::error file=a::b", 50, "?:stop-commands::x ?:error file=a::b"},
		{"colons that are no command", "fe80::1 [::1]:443 ::1 a::b:: ::", 50, "fe80::1 [::1]:443 ::1 a::b:: ::"},
		{"a command at the limit", "abcd##", 6, "abcd#?"},
		{"format verbs", "100%s%!d", 50, "100%s%!d"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := Plain(test.text, test.limit)
			if got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
			if len(got) > test.limit {
				t.Errorf("%d bytes, want at most %d", len(got), test.limit)
			}
		})
	}
}

func TestHeadAndTail(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		text       string
		limit      int
		head, tail string
	}{
		{"", 0, "", ""},
		{"", 5, "", ""},
		{"abc", 0, "", ""},
		{"abc", -1, "", ""},
		{"abc", 2, "ab", "bc"},
		{"abc", 3, "abc", "abc"},
		{"abc", 4, "abc", "abc"},
		{"华为", 1, "", ""},
		{"华为", 3, "华", "为"},
		{"华为", 5, "华", "为"},
		{"华为", 6, "华为", "华为"},
		{"a华b", 3, "a", "b"},
		{"a华b", 4, "a华", "华b"},
	} {
		if got := Head(test.text, test.limit); got != test.head {
			t.Errorf("Head(%q, %d) = %q, want %q", test.text, test.limit, got, test.head)
		}
		if got := Tail(test.text, test.limit); got != test.tail {
			t.Errorf("Tail(%q, %d) = %q, want %q", test.text, test.limit, got, test.tail)
		}
	}
}

// A sentence begins with a capital, also one of two bytes, but a name keeps its spelling.
func TestSentence(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ text, want string }{
		{"", ""},
		{"no such host", "No such host."},
		{"no such host.", "No such host."},
		{"x", "X."},
		{"écu inconnu", "Écu inconnu."},
		{"ß", "ß."},
		{"华为 not known", "华为 not known."},
		{"\xffab", "\ufffdab."},
		{"project_id is not set", "project_id is not set."},
		{"endpoints.coc is empty", "endpoints.coc is empty."},
		{"Project is unknown...", "Project is unknown."},
	} {
		got := Sentence(test.text)
		if got != test.want {
			t.Errorf("%q, want %q", got, test.want)
		}
		if utf8.ValidString(test.text) && !utf8.ValidString(got) {
			t.Errorf("%q is not valid UTF-8", got)
		}
	}
}

func FuzzText(f *testing.F) {
	for _, text := range []string{"", "plain", "华为 é 🙂", "a\x1b[31m\u202e\xff\xc3(", strings.Repeat("long 长 ", 200)} {
		f.Add(text, 20)
	}
	f.Fuzz(func(t *testing.T, text string, limit int) {
		plain := Plain(text, max(limit, len(ellipsis)))
		if strings.Contains(plain, "\n") || strings.Contains(plain, "##") || !utf8.ValidString(plain) || len(plain) > max(limit, len(ellipsis)) {
			t.Errorf("Plain(%q, %d) = %q", text, limit, plain)
		}
		if strings.TrimSpace(plain) != plain {
			t.Errorf("white space at an end of %q", plain)
		}
		if again := Plain(plain, len(plain)); again != plain {
			t.Errorf("Plain(%q) = %q", plain, again)
		}
		head, tail := Head(text, limit), Tail(text, limit)
		if !strings.HasPrefix(text, head) || !strings.HasSuffix(text, tail) {
			t.Errorf("Head %q and Tail %q of %q", head, tail, text)
		}
		if max(len(head), len(tail)) > max(limit, 0) {
			t.Errorf("Head %q or Tail %q is longer than %d", head, tail, limit)
		}
		if utf8.ValidString(text) {
			if !utf8.ValidString(head) || !utf8.ValidString(tail) {
				t.Errorf("Head %q or Tail %q of %q cuts a character", head, tail, text)
			}
			if want := max(min(limit, len(text))-utf8.UTFMax+1, 0); len(head) < want || len(tail) < want {
				t.Errorf("Head %q or Tail %q of %q is shorter than %d allows", head, tail, text, limit)
			}
		}
	})
}
