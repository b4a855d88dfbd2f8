package client

import (
	"bytes"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/hwgate/terraform-provider-hwgate/internal/text"
)

// The functions of this file give parts of a JSON text without copying them: an answer may have 128 MiB, and encoding/json copies every
// part again at each level. All of them but parse need a text that is valid.

const (
	// maxMembers bounds the members of one object; documented ones have at most 13.
	maxMembers = 256
	// maxElements bounds the elements of all lists of an answer together, maxText the bytes of all its texts without the logs.
	// The framework converts each of them, and does not end early when the read is over.
	maxElements = 5000
	maxText     = 32 << 20
)

const jsonSpace = " \t\r\n"

// errNoObject says that an answer is no JSON, or no object.
var errNoObject = fmt.Errorf("%w: not a JSON object", ErrMalformed)

// parse reads an answer, which has to be a JSON object. No object in it, at any depth, may have a member twice: which of the two counts
// is not known.
func parse(body []byte) (fields, error) {
	body = bytes.TrimSpace(body)
	if len(body) == 0 || body[0] != '{' || !json.Valid(body) {
		return fields{}, errNoObject
	}
	if err := checkMembers(body); err != nil {
		return fields{}, err
	}
	return fields{values: membersOf(body), found: &findings{}}, nil
}

// checkMembers looks for an object that has a member twice. The fault names the member if the name is harmless.
func checkMembers(raw []byte) error {
	// names are those of all open objects, from the outermost on; starts are where those of each open object or list begin.
	var names [][]byte
	var starts []int
	for i := 0; i < len(raw); i++ {
		switch raw[i] {
		case '{', '[':
			starts = append(starts, len(names))
		case '}', ']':
			names = names[:starts[len(starts)-1]]
			starts = starts[:len(starts)-1]
		case '"':
			end := skipString(raw, i)
			quoted := raw[i:end]
			i = end - 1
			if next := skipSpace(raw, end); next == len(raw) || raw[next] != ':' {
				continue
			}
			name := quoted[1 : len(quoted)-1]
			if bytes.IndexByte(name, '\\') >= 0 || !utf8.Valid(name) {
				name = []byte(unquote(quoted))
			}
			siblings := names[starts[len(starts)-1]:]
			if len(siblings) == maxMembers {
				return fmt.Errorf("%w: an object in it has more than %d members", ErrMalformed, maxMembers)
			}
			for _, sibling := range siblings {
				if bytes.Equal(sibling, name) {
					return fmt.Errorf("%w: the member %s is there twice", ErrMalformed, safeName(name))
				}
			}
			names = append(names, name)
		}
	}
	return nil
}

var harmlessName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,39}$`)

// safeName is the name of a member if it is as harmless as documented ones are.
func safeName(name []byte) string {
	if !harmlessName.Match(name) {
		return "with a strange name"
	}
	return string(name)
}

// membersOf gives the members of an object.
func membersOf(object []byte) map[string]json.RawMessage {
	return maps.Collect(children(object))
}

// children gives the members of an object by their names, or the elements of a list, which have none.
func children(raw []byte) iter.Seq2[string, json.RawMessage] {
	return func(yield func(string, json.RawMessage) bool) {
		for i := skipSpace(raw, 1); raw[i] != '}' && raw[i] != ']'; {
			name := ""
			if raw[0] == '{' {
				end := skipString(raw, i)
				name = unquote(raw[i:end])
				i = skipSpace(raw, skipSpace(raw, end)+1)
			}
			end := skipValue(raw, i)
			if !yield(name, raw[i:end]) {
				return
			}
			if i = skipSpace(raw, end); raw[i] == ',' {
				i = skipSpace(raw, i+1)
			}
		}
	}
}

func skipSpace(raw []byte, i int) int {
	for i < len(raw) && strings.IndexByte(jsonSpace, raw[i]) >= 0 {
		i++
	}
	return i
}

// skipString gives the place behind the string that begins at i.
func skipString(raw []byte, i int) int {
	for i++; ; i++ {
		i += bytes.IndexByte(raw[i:], '"')
		if !isEscaped(raw, i) {
			return i + 1
		}
	}
}

// isEscaped tells whether an odd number of backslashes stands before a place in a string.
func isEscaped(raw []byte, i int) bool {
	backslashes := 0
	for raw[i-1-backslashes] == '\\' {
		backslashes++
	}
	return backslashes%2 == 1
}

// skipValue gives the place behind the value that begins at i, inside of an object or a list.
func skipValue(raw []byte, i int) int {
	for depth := 0; ; i++ {
		switch raw[i] {
		case '"':
			i = skipString(raw, i) - 1
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		default:
			if depth == 0 {
				return i + bytes.IndexAny(raw[i:], ",]}"+jsonSpace)
			}
		}
		if depth == 0 {
			return i + 1
		}
	}
}

// unquote gives the text of a string.
func unquote(quoted []byte) string {
	var s string
	_ = json.Unmarshal(quoted, &s) // cannot fail: the whole answer is valid
	return s
}

// unquoteTail gives the longest end of a string's text that has at most limit bytes and cuts no character, or all of it when limit is
// below zero, and tells whether that is not all. What lies far before that end is not decoded.
func unquoteTail(quoted []byte, limit int64) (tail string, truncated bool) {
	if limit < 0 {
		return unquote(quoted), false
	}
	// No byte of a text takes more than six. With six more, what comes out of an escape that is cut at the start is not kept.
	const longest = 6
	start := len(quoted) - longest*(int(min(limit, int64(len(quoted))))+1)
	if start > 1 {
		if isEscaped(quoted, start) {
			start--
		}
		quoted = append([]byte{'"'}, quoted[start:]...)
	}
	whole := unquote(quoted)
	tail = text.Tail(whole, int(min(limit, int64(len(whole)))))
	return strings.Clone(tail), len(tail) < len(whole)
}
