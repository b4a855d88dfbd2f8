package client

import (
	"strings"
	"testing"
)

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
		{"a long one, twice", []string{strings.Repeat("0123456789abcdef", 2)}, strings.Repeat("0123456789abcdef", 5), "***"},
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
