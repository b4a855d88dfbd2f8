// Package text sanitizes untrusted text, cuts text between characters, and names the flaws of values and files that a user gives.
package text

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Plain turns untrusted text into one harmless line of at most limit bytes: without control, formatting or escape characters, invalid
// UTF-8, and commands to CI systems, and with white space folded. An ellipsis marks a cut.
func Plain(from string, limit int) string {
	plain := line(from, limit)
	// Hardly any text has a command, and the search takes longer than all the rest.
	if !strings.Contains(plain, "##") && !strings.Contains(plain, "::") {
		return plain
	}
	return ciCommands.ReplaceAllStringFunc(plain, strings.NewReplacer("##", "#?", "::", "?:").Replace)
}

// ciCommands matches commands to Azure Pipelines and TeamCity (##vso[…]) anywhere, and those to GitHub Actions (::error::) at the start of a
// line; Terraform may break lines at any space.
var ciCommands = regexp.MustCompile(`##|(?:^| )::[A-Za-z]`)

func line(from string, limit int) string {
	var b strings.Builder
	space := false
	for _, r := range from {
		switch {
		case unicode.IsSpace(r) || unicode.IsControl(r):
			space = b.Len() > 0
			continue
		case r == utf8.RuneError || !unicode.IsPrint(r):
			r = '?'
		}
		if space {
			b.WriteByte(' ')
			space = false
		}
		if b.Len()+utf8.RuneLen(r) > limit {
			return strings.TrimRight(Head(b.String(), limit-len(ellipsis)), " ") + ellipsis
		}
		b.WriteRune(r)
	}
	return b.String()
}

const ellipsis = "…"

// Head returns the longest prefix of at most limit bytes that cuts no character.
func Head(from string, limit int) string {
	if len(from) <= limit {
		return from
	}
	end := max(limit, 0)
	for end > 0 && !utf8.RuneStart(from[end]) {
		end--
	}
	return from[:end]
}

// Tail returns the longest suffix of at most limit bytes that cuts no character.
func Tail(from string, limit int) string {
	if len(from) <= limit {
		return from
	}
	start := len(from) - max(limit, 0)
	for start < len(from) && !utf8.RuneStart(from[start]) {
		start++
	}
	return from[start:]
}

// Sentence capitalizes an error's text, unless it starts with the name of a setting or JSON member, and ends it with one period.
func Sentence(from string) string {
	if from == "" {
		return ""
	}
	word, _, _ := strings.Cut(from, " ")
	if !strings.ContainsAny(word, "_.") {
		from = Capitalize(from)
	}
	return strings.TrimRight(from, ".") + "."
}

// Capitalize makes the first letter of a text that is not empty a capital.
func Capitalize(from string) string {
	first, size := utf8.DecodeRuneInString(from)
	return string(unicode.ToUpper(first)) + from[size:]
}
