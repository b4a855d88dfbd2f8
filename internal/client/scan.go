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

// This file reads JSON without copying it, unlike encoding/json: answers may have 128 MiB. All functions except parse need valid JSON.

const (
	// maxMembers bounds the members of an object, which are compared with each other; documented ones have at most 13.
	maxMembers = 64
	// maxElements and maxText bound list elements and string bytes of an answer, except logs: Terraform converts all, even if canceled.
	maxElements = 5000
	maxText     = 32 << 20
)

const jsonSpace = " \t\r\n"

var errNoObject = fmt.Errorf("%w: not a JSON object", ErrMalformed)

// parse reads an answer, which must be a JSON object. It rejects repeated members at any depth, since they are ambiguous.
func parse(body []byte) (fields, error) {
	body = bytes.TrimSpace(body)
	if len(body) == 0 || body[0] != '{' || !json.Valid(body) {
		return fields{}, errNoObject
	}
	if err := checkMembers(body); err != nil {
		return fields{}, err
	}
	return fields{values: membersOf(body), findings: &findings{}}, nil
}

// checkMembers returns an error if an object at any depth has a repeated member or more than maxMembers.
func checkMembers(raw []byte) error {
	// names has the members of all open objects, outermost first; starts has the index of the first name of each open object or list.
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

// safeName is a name for messages. It does not repeat names that differ in form from documented ones.
func safeName(name []byte) string {
	if !harmlessName.Match(name) {
		return "with a strange name"
	}
	return string(name)
}

func membersOf(object []byte) map[string]json.RawMessage {
	return maps.Collect(children(object))
}

// children iterates over the members of an object, or over the elements of a list with empty names.
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

// skipString returns the index after the string that begins at i.
func skipString(raw []byte, i int) int {
	for i++; ; i++ {
		i += bytes.IndexByte(raw[i:], '"')
		if !isEscaped(raw, i) {
			return i + 1
		}
	}
}

// isEscaped reports whether the byte at i, inside of a string, follows an odd number of backslashes.
func isEscaped(raw []byte, i int) bool {
	backslashes := 0
	for raw[i-1-backslashes] == '\\' {
		backslashes++
	}
	return backslashes%2 == 1
}

// skipValue returns the index after the value that begins at i, inside of an object or list.
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

func unquote(quoted []byte) string {
	var s string
	_ = json.Unmarshal(quoted, &s) // cannot fail: the whole answer is valid
	return s
}

// unquoteTail is unquote with [text.Tail], without decoding the rest. A negative limit returns the whole string.
func unquoteTail(quoted []byte, limit int64) (tail string, truncated bool) {
	if limit < 0 {
		return unquote(quoted), false
	}
	// JSON takes at most six bytes for one. Six more keep an escape that is cut at the start out of the result.
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
