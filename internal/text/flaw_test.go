package text

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestFlaw(t *testing.T) {
	t.Parallel()
	const marks = "is in quotation marks, which do not belong to it"
	for value, want := range map[string]string{
		"": "", "plain": "", "a b": "", "华为": "", "a$1": "", "100%": "", "a{b}c": "", "50% of 100%": "", "$": "", "%C3%A9": "", "it's": "",
		"a\xff": "is not valid UTF-8", "a\n": "ends in a line break", "a\r\n": "ends in a line break", "a ": "ends in a space",
		"a\u00a0": "ends in a space", "\na": "begins with a line break", " a": "begins with a space", "\n": "ends in a line break",
		"a\nb": "holds a line break", "a\u200bb": "holds the invisible character U+200B", "a\x00b": "holds the invisible character U+0000",
		`"a"`: marks, "'a'": marks, "`a`": marks, "“a”": marks, `""`: marks, `"`: "begins with a quotation mark",
		`"a`: "begins with a quotation mark", `a"`: "ends in a quotation mark", `"a"` + "\n": "ends in a line break",
		"${A}": "holds a variable that was not expanded (${…})", "x${{ secrets.A }}y": "holds a variable that was not expanded (${{…}})",
		"$(A)": "holds a variable that was not expanded ($(…))", "$A": "holds a variable that was not expanded ($…)",
		"a$env:B": "holds a variable that was not expanded ($…)", "{{ a }}": "holds a variable that was not expanded ({{…}})",
		"%TEMP%": "holds a variable that was not expanded (%…%)", "${A}\n": "ends in a line break",
	} {
		if got := Flaw(value); got != want {
			t.Errorf("%q: %q, want %q", value, got, want)
		}
	}
}

func TestLeftover(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		"": "", "pa$$word": "", "$Pass word": "", "a${A}": "", "${A}b": "", `"a`: "", "a'": "", "'": "", " a ": "", "{{a}}$A": "", "${A}${B}": "",
		"$ecretPassword1": "", "$ecret_1": "", "$ECRETword": "", "$_a": "", "{{a}} {{b}}": "", "$1A": "", "$env:": "",
		"${A}": "holds a variable", "$A": "holds a variable", "$HW_PASSWORD_2": "holds a variable",
		"$_A": "holds a variable", "$env:hw_password": "holds a variable", "$(a)": "holds a variable", "{{a}}": "holds a variable",
		"${a}": "holds a variable", "%abc%": "holds a variable", "${{ a }}": "holds a variable", "%ABC%": "holds a variable", `"a"`: "is in quotation marks",
	} {
		if got := Leftover(value); (got == "") != (want == "") || !strings.HasPrefix(got, want) {
			t.Errorf("%q: %q, want %q", value, got, want)
		}
	}
}

// TestFlawRepeatsNothing puts a secret into what shells and CI systems leave behind: each is noticed, and nothing of the secret is repeated.
func TestFlawRepeatsNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		secret := rapid.StringMatching(`[A-Z][A-Za-z0-9_]{7,60}`).Draw(t, "secret")
		around := rapid.SampledFrom([][2]string{
			{"${", "}"}, {"${{ ", " }}"}, {"${{", "}}"}, {"$(", ")"}, {"$", ""}, {"{{ ", " }}"}, {"%", "%"}, {"$env:", ""},
			{`"`, `"`}, {"'", "'"}, {"`", "`"}, {"“", "”"}, {"", "\n"}, {"", "\r\n"}, {"", " "}, {"", "\t"}, {" ", ""}, {"\ufeff", ""},
		}).Draw(t, "around")
		value := around[0] + secret + around[1]
		flaw := Flaw(value)
		if flaw == "" || strings.Contains(flaw, secret) {
			t.Fatalf("%q: %q", value, flaw)
		}
		for _, plain := range []string{secret, secret + "/+=", "x" + secret + "-_.~"} {
			if flaw := Flaw(plain); flaw != "" {
				t.Fatalf("%q: %q", plain, flaw)
			}
		}
	})
}
