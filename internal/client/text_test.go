package client

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestPlainText(t *testing.T) {
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
		{"format verbs", "100%s%!d", 50, "100%s%!d"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := PlainText(test.text, test.limit)
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

func TestRedactor(t *testing.T) {
	t.Parallel()
	hex := strings.Repeat("0aF9", 16)
	for _, test := range []struct {
		name    string
		secrets []string
		text    string
		want    string
	}{
		{"nothing known", nil, "a text", "a text"},
		{"an empty secret", []string{""}, "a text", "a text"},
		{"every occurrence", []string{"hunter2"}, "hunter2, hunter2!", "***, ***!"},
		{"one that contains another, shorter known first", []string{"pass", "password"}, "password pass", "*** ***"},
		{"one that contains another, longer known first", []string{"password", "pass"}, "password pass", "*** ***"},
		{"three, the middle one last", []string{"pass", "my-password!", "password"}, "my-password! password pass", "*** *** ***"},
		{"known twice", []string{"pass", "pass"}, "pass", "***"},
		{"equally long ones", []string{"aaaa", "bbbb", "aaaa"}, "aaaabbbb", "******"},
		{"escapes of JSON", []string{"a/b+c=="}, `{"t":"a\/b\u002bc\u003D="}`, "***"},
		{"escapes of HTML", []string{"a/b+c=="}, "a&#x2F;b&#43;c&#61;= &amp;", "***"},
		{"escapes of a URL", []string{"a/b+c=="}, "?t=a%2Fb%2bc%3D%3D", "***"},
		{"escapes of escapes", []string{`a"b\c`}, `{\"t\":\"a\\\"b\\\\c\"}`, "***"},
		{"plain, then escaped", []string{"a/b"}, `a/b a\/b`, "***"},
		{"escapes without a secret", []string{"a/b"}, `100%25 a\u002c &amp;`, `100%25 a\u002c &amp;`},
		{"a long one cut short", []string{strings.Repeat("longtokn", 4)}, "t=" + strings.Repeat("longtokn", 3) + "lon", "t=***"},
		{"a long one, twice", []string{strings.Repeat("0123456789abcdef", 2)}, strings.Repeat("0123456789abcdef", 5), "*********"},
		{"a short one is not guessed at", []string{"hunter2"}, "hunter", "hunter"},
		{"a signature nobody announced", nil, "Signature=" + hex + ".", "Signature=***."},
		{"a signature behind an escape", nil, `Signature\u003d` + hex + `\n`, "***"},
		{"longer hex is an id of some kind", nil, hex + "0", hex + "0"},
		{"a JSON web token", nil, "id eyJhbGciOi.eyJzdWIi.c2ln-_ end", "id *** end"},
		{"an unsigned JSON web token", nil, "id eyJhbGciOi.eyJzdWIi. end", "id *** end"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			secrets := &redactor{}
			for _, secret := range test.secrets {
				secrets.add(secret)
			}
			if got := secrets.clean(test.text); got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}

func FuzzText(f *testing.F) {
	for _, text := range []string{"", "plain", "华为 é 🙂", "a\x1b[31m\u202e\xff\xc3(", strings.Repeat("long 长 ", 200), documentedBatch} {
		f.Add(text, 20)
	}
	f.Fuzz(func(t *testing.T, text string, limit int) {
		plain := PlainText(text, max(limit, len(ellipsis)))
		if strings.Contains(plain, "\n") || !utf8.ValidString(plain) || len(plain) > max(limit, len(ellipsis)) {
			t.Errorf("PlainText(%q, %d) = %q", text, limit, plain)
		}
		if strings.TrimSpace(plain) != plain {
			t.Errorf("white space at an end of %q", plain)
		}
		if again := PlainText(plain, len(plain)); again != plain {
			t.Errorf("PlainText(%q) = %q", plain, again)
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
