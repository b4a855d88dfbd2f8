package text

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Flaw names what is hard to see in a value, or what a shell or CI system has left in it, without repeating any of it: "ends in a line
// break". It is empty if there is no such thing.
func Flaw(value string) string {
	first, _ := utf8.DecodeRuneInString(value)
	last, _ := utf8.DecodeLastRuneInString(value)
	switch {
	case value == "":
		return ""
	case !utf8.ValidString(value):
		return "is not valid UTF-8"
	case isLineBreak(last):
		return "ends in a line break"
	case unicode.IsSpace(last):
		return "ends in a space"
	case isLineBreak(first):
		return "begins with a line break"
	case unicode.IsSpace(first):
		return "begins with a space"
	}
	if left := Leftover(value); left != "" {
		return left
	}
	switch {
	case isQuotationMark(first):
		return "begins with a quotation mark"
	case isQuotationMark(last):
		return "ends in a quotation mark"
	}
	if found := reference.FindString(value); found != "" {
		return unexpanded(found)
	}
	for _, r := range value {
		switch {
		case isLineBreak(r):
			return "holds a line break"
		case !unicode.IsPrint(r):
			return fmt.Sprintf("holds the invisible character %U", r)
		}
	}
	return ""
}

// Leftover is [Flaw] for a value that may hold anything, as a password does: only what is a reference to a variable or in quotation marks
// as a whole has one. A name after a bare $ has to be in capitals, since $ecret may be a password.
func Leftover(value string) string {
	if found := plainReference.FindString(value); found != "" && found == value {
		return unexpanded(found)
	}
	first, size := utf8.DecodeRuneInString(value)
	last, _ := utf8.DecodeLastRuneInString(value)
	if len(value) > size && isQuotationMark(first) && isQuotationMark(last) {
		return "is in quotation marks, which do not belong to it"
	}
	return ""
}

const enclosed = `\$\{\{.*?\}\}|\$\{[^{}]*\}|\$\([^()]*\)|\{\{.*?\}\}|\$env:[A-Za-z_]\w*|%[A-Za-z_]\w{2,}%|`

// These match references to variables as shells, CI systems and templates write them; the second one only what is hardly anything else.
var (
	reference      = regexp.MustCompile(enclosed + `\$[A-Za-z_]\w*`)
	plainReference = regexp.MustCompile(enclosed + `\$[A-Z_][A-Z0-9_]*`)
)

// unexpanded describes a reference by its shape, since what is in it may be a part of a secret.
func unexpanded(found string) string {
	shape := "$…"
	for _, ends := range [][2]string{{"${{", "}}"}, {"${", "}"}, {"$(", ")"}, {"{{", "}}"}, {"%", "%"}} {
		if strings.HasPrefix(found, ends[0]) {
			shape = ends[0] + "…" + ends[1]
			break
		}
	}
	return "holds a variable that was not expanded (" + shape + ")"
}

func isLineBreak(r rune) bool { return r == '\n' || r == '\r' }

func isQuotationMark(r rune) bool { return strings.ContainsRune("\"'`“”„‘’", r) }
