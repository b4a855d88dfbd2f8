package client

import (
	"bytes"
	"encoding/json"
	"fmt"
	"iter"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// The functions of this file give parts of a JSON text without copying them: an answer may have 128 MiB, and encoding/json copies every
// part again at each level. All of them but parse need a text that is valid.

const (
	// mostMembers bounds the members of one object; documented ones have at most 13.
	mostMembers = 256
	// mostElements bounds the elements of all lists of an answer together, mostText the bytes of all its texts without the logs.
	// The framework converts each of them, and does not end early when the read is over.
	mostElements = 5000
	mostText     = 32 << 20
)

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
			if len(siblings) == mostMembers {
				return fmt.Errorf("%w: an object in it has more than %d members", ErrMalformed, mostMembers)
			}
			for _, sibling := range siblings {
				if bytes.Equal(sibling, name) {
					return fmt.Errorf("%w: the member %s is there twice", ErrMalformed, shownName(name))
				}
			}
			names = append(names, name)
		}
	}
	return nil
}

// shownName is the name of a member if it is as harmless as documented ones are.
func shownName(name []byte) string {
	harmless := func(r rune) bool {
		return r == '_' || r == '-' || r|0x20 >= 'a' && r|0x20 <= 'z' || r >= '0' && r <= '9'
	}
	if len(name) == 0 || len(name) > 39 || len(bytes.TrimFunc(name, harmless)) > 0 {
		return "with a strange name"
	}
	return string(name)
}

// membersOf gives the members of an object.
func membersOf(object []byte) map[string]json.RawMessage {
	members := map[string]json.RawMessage{}
	for i := skipSpace(object, 1); object[i] != '}'; {
		end := skipString(object, i)
		name := unquote(object[i:end])
		begin := skipSpace(object, skipSpace(object, end)+1)
		end = skipValue(object, begin)
		members[name] = object[begin:end:end]
		if i = skipSpace(object, end); object[i] == ',' {
			i = skipSpace(object, i+1)
		}
	}
	return members
}

// elementsOf gives the elements of a list.
func elementsOf(list []byte) iter.Seq[json.RawMessage] {
	return func(yield func(json.RawMessage) bool) {
		for i := skipSpace(list, 1); list[i] != ']'; {
			end := skipValue(list, i)
			if !yield(list[i:end:end]) {
				return
			}
			if i = skipSpace(list, end); list[i] == ',' {
				i = skipSpace(list, i+1)
			}
		}
	}
}

func skipSpace(raw []byte, i int) int {
	for i < len(raw) && (raw[i] == ' ' || raw[i] == '\t' || raw[i] == '\n' || raw[i] == '\r') {
		i++
	}
	return i
}

// skipString gives the place behind the string that begins at i: a quote ends it unless an odd number of backslashes stands before.
func skipString(raw []byte, i int) int {
	for i++; ; i++ {
		i += bytes.IndexByte(raw[i:], '"')
		escapes := 0
		for raw[i-1-escapes] == '\\' {
			escapes++
		}
		if escapes%2 == 0 {
			return i + 1
		}
	}
}

// skipValue gives the place behind the value that begins at i.
func skipValue(raw []byte, i int) int {
	for depth := 0; i < len(raw); i++ {
		switch raw[i] {
		case '"':
			i = skipString(raw, i) - 1
			if depth == 0 {
				return i + 1
			}
		case '{', '[':
			depth++
		case '}', ']':
			depth--
			if depth <= 0 {
				return i + 1 + min(depth, 0)
			}
		case ',', ' ', '\t', '\n', '\r':
			if depth == 0 {
				return i
			}
		}
	}
	return i
}

// unquote gives the text of a string.
func unquote(quoted []byte) string {
	s, _ := unquoteTail(quoted, -1)
	return s
}

// unquoteTail gives the longest end of a string's text that has at most limit bytes and cuts no character, or all of it when limit is
// below zero, and tells whether that is not all. What is not kept is not decoded.
func unquoteTail(quoted []byte, limit int64) (tail string, truncated bool) {
	inner := quoted[1 : len(quoted)-1]
	length := int64(0)
	for i := 0; i < len(inner); {
		if plain := plainPrefix(inner[i:]); plain > 0 {
			length += int64(plain)
			i += plain
			continue
		}
		r, size := character(inner[i:])
		length += int64(utf8.RuneLen(r))
		i += size
	}
	skip := int64(0)
	if limit >= 0 {
		skip = max(length-limit, 0)
	}
	var b strings.Builder
	b.Grow(int(length - skip))
	for i := 0; i < len(inner); {
		if plain := plainPrefix(inner[i:]); plain > 0 {
			b.Write(inner[i+int(min(max(skip, 0), int64(plain))) : i+plain])
			skip -= int64(plain)
			i += plain
			continue
		}
		r, size := character(inner[i:])
		if skip <= 0 {
			b.WriteRune(r)
		}
		skip -= int64(utf8.RuneLen(r))
		i += size
	}
	return b.String(), limit >= 0 && length > limit
}

// plainPrefix is how many characters at the beginning stand for themselves and have one byte.
func plainPrefix(inner []byte) int {
	for i, c := range inner {
		if c == '\\' || c >= utf8.RuneSelf {
			return i
		}
	}
	return len(inner)
}

// character decodes the first character of a string and tells its size there. What is no character is the replacement character.
func character(inner []byte) (r rune, size int) {
	if inner[0] != '\\' {
		return utf8.DecodeRune(inner)
	}
	if inner[1] != 'u' {
		const escaped, meant = `"\/bfnrt`, "\"\\/\b\f\n\r\t"
		return rune(meant[strings.IndexByte(escaped, inner[1])]), 2
	}
	r = codeUnit(inner)
	if !utf16.IsSurrogate(r) {
		return r, 6
	}
	if len(inner) >= 12 && inner[6] == '\\' && inner[7] == 'u' {
		if pair := utf16.DecodeRune(r, codeUnit(inner[6:])); pair != utf8.RuneError {
			return pair, 12
		}
	}
	return utf8.RuneError, 6
}

// codeUnit reads the four digits of an escape.
func codeUnit(escape []byte) rune {
	var r rune
	for _, digit := range escape[2:6] {
		switch {
		case digit >= 'a':
			digit -= 'a' - 10
		case digit >= 'A':
			digit -= 'A' - 10
		default:
			digit -= '0'
		}
		r = r<<4 | rune(digit)
	}
	return r
}
