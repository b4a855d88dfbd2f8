// Package text makes texts from outside harmless, and cuts texts without cutting a character.
package text

import (
	"errors"
	"io/fs"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Plain makes one harmless line of a text that came from outside: no control, formatting or escape characters, no invalid
// UTF-8, no command that a CI system would obey, white space folded, at most limit bytes (an ellipsis marks a cut).
func Plain(from string, limit int) string {
	plain := line(from, limit)
	// Nearly no text holds any, and the search takes longer than all else here.
	if !strings.Contains(plain, "##") && !strings.Contains(plain, "::") {
		return plain
	}
	return ciCommands.ReplaceAllStringFunc(plain, strings.NewReplacer("##", "#?", "::", "?:").Replace)
}

// ciCommands finds where a command may begin: of Azure Pipelines and TeamCity anywhere (##vso[…]), of GitHub Actions at the beginning of
// a line (::error::), and Terraform breaks lines at any space.
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

// Head is the longest beginning of a text that has at most limit bytes and cuts no character.
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

// Tail is the longest end of a text that has at most limit bytes and cuts no character.
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

// Sentence makes a sentence of a Go error's text: it begins with a capital, unless the first word is the name of a setting or of a JSON
// member, and ends with one period.
func Sentence(from string) string {
	if from == "" {
		return ""
	}
	word, _, _ := strings.Cut(from, " ")
	if !strings.ContainsAny(word, "_.") {
		first, size := utf8.DecodeRuneInString(from)
		from = string(unicode.ToUpper(first)) + from[size:]
	}
	return strings.TrimRight(from, ".") + "."
}

// File is the path of a file for an error. What seems to be a file's content, given in place of its path, may be a secret.
func File(path string) string {
	const longest = 1024
	if len(path) > longest || strings.ContainsAny(path, "{\n") || strings.HasPrefix(path, "eyJ") {
		return "(not shown: the content of a file, it seems, not its path)"
	}
	return path
}

// FileError is an error of package os whose path is fit to be shown.
func FileError(err error) error {
	if failed, ok := errors.AsType[*fs.PathError](err); ok {
		return &fs.PathError{Op: failed.Op, Path: File(failed.Path), Err: failed.Err}
	}
	return err
}
