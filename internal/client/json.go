package client

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// findings is what decoding one answer brought up beside the data.
type findings struct {
	// warnings name fields that only inform and had an unexpected type; they count as absent.
	warnings []string
	// err is the first fault of a field that a verdict depends on.
	err error
}

// fields reads the members of one JSON object. A member that is absent or null is nil. A number may come as a string, and the
// other way round. A member of any other type is a warning and nil, or, when read through need, the error of the whole answer.
type fields struct {
	values map[string]json.RawMessage
	path   string
	needed bool
	found  *findings
}

// need gives the same object for members that a verdict depends on.
func (f fields) need() fields {
	f.needed = true
	return f
}

// inform gives the same object for members that only inform.
func (f fields) inform() fields {
	f.needed = false
	return f
}

func (f fields) member(name string) json.RawMessage {
	raw := f.values[name]
	if bytes.Equal(raw, []byte("null")) {
		return nil
	}
	return raw
}

// hasAny tells whether one of the members is there, null or not.
func (f fields) hasAny(names ...string) bool {
	for _, name := range names {
		if _, ok := f.values[name]; ok {
			return true
		}
	}
	return false
}

// malformed makes the whole answer one that cannot be trusted. The first fault counts.
func (f fields) malformed(fault string) {
	if f.found.err == nil {
		f.found.err = fmt.Errorf("%w: %s", ErrMalformed, fault)
	}
}

// echoText refuses an answer about something else than was asked for.
func (f fields) echoText(name, asked string) {
	if got := f.need().text(name); got != nil && *got != asked {
		f.malformed(f.path + name + " is not the one that was asked for")
	}
}

func (f fields) echoInteger(name string, asked int64) {
	if got := f.need().integer(name); got != nil && *got != asked {
		f.malformed(fmt.Sprintf("%s%s is %d, asked for was %d", f.path, name, *got, asked))
	}
}

// wrong notes a member of an unexpected type. Neither its value nor anything else of the answer is repeated.
func (f fields) wrong(name, wanted string, raw json.RawMessage) {
	fault := fmt.Sprintf("%s is %s, wanted %s", f.path+name, kindOf(raw), wanted)
	if !f.needed {
		f.found.warnings = append(f.found.warnings, fault)
	} else {
		f.malformed(fault)
	}
}

func kindOf(raw json.RawMessage) string {
	switch raw[0] {
	case '{':
		return "an object"
	case '[':
		return "a list"
	case '"':
		return "a string"
	case 't', 'f':
		return "a boolean"
	case 'n':
		return "null"
	default:
		return "a number"
	}
}

// scalar gives the text of a string or a number.
func scalar(raw json.RawMessage) (string, bool) {
	switch kindOf(raw) {
	case "a string":
		var s string
		err := json.Unmarshal(raw, &s)
		return s, err == nil
	case "a number":
		return string(raw), true
	default:
		return "", false
	}
}

func (f fields) text(name string) *string {
	raw := f.member(name)
	if raw == nil {
		return nil
	}
	s, ok := scalar(raw)
	if !ok {
		f.wrong(name, "a string", raw)
		return nil
	}
	return &s
}

func (f fields) integer(name string) *int64 {
	raw := f.member(name)
	if raw == nil {
		return nil
	}
	s, ok := scalar(raw)
	if ok {
		if n, ok := parseInteger(s); ok {
			return &n
		}
	}
	f.wrong(name, "a whole number", raw)
	return nil
}

// parseInteger reads 64-bit integers without loss. It takes 100.0 for 100, as the services write now and then.
func parseInteger(s string) (int64, bool) {
	s = strings.TrimSpace(s)
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n, true
	}
	const exact = 1 << 53
	n, err := strconv.ParseFloat(s, 64)
	if err != nil || n != math.Trunc(n) || math.Abs(n) > exact {
		return 0, false
	}
	return int64(n), true
}

func (f fields) float(name string) *float64 {
	raw := f.member(name)
	if raw == nil {
		return nil
	}
	s, ok := scalar(raw)
	if ok {
		n, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
		if err == nil && !math.IsNaN(n) && !math.IsInf(n, 0) {
			return &n
		}
	}
	f.wrong(name, "a number", raw)
	return nil
}

func (f fields) boolean(name string) *bool {
	raw := f.member(name)
	if raw == nil {
		return nil
	}
	switch strings.Trim(string(raw), `"`) {
	case "true":
		return new(true)
	case "false":
		return new(false)
	}
	f.wrong(name, "a boolean", raw)
	return nil
}

// object gives a nested object, with the same strictness as f.
func (f fields) object(name string) *fields {
	raw := f.member(name)
	if raw == nil {
		return nil
	}
	nested := fields{path: f.path + name + ".", needed: f.needed, found: f.found}
	if raw[0] != '{' || json.Unmarshal(raw, &nested.values) != nil {
		f.wrong(name, "an object", raw)
		return nil
	}
	return &nested
}

// list gives a list of objects, each read by one. It is nil when the list is absent, and empty when it is empty.
func list[T any](f fields, name string, one func(fields) T) []T {
	return elements(f, name, func(at string, raw json.RawMessage) (T, bool) {
		element := fields{path: at + ".", found: f.found}
		if raw[0] != '{' || json.Unmarshal(raw, &element.values) != nil {
			f.wrong(strings.TrimPrefix(at, f.path), "an object", raw)
			var zero T
			return zero, false
		}
		return one(element), true
	})
}

// integers gives a list of whole numbers.
func (f fields) integers(name string) []int64 {
	return elements(f, name, func(at string, raw json.RawMessage) (int64, bool) {
		s, ok := scalar(raw)
		if ok {
			if n, ok := parseInteger(s); ok {
				return n, true
			}
		}
		f.wrong(strings.TrimPrefix(at, f.path), "a whole number", raw)
		return 0, false
	})
}

// elements reads a list element by element. One that cannot be read spoils the list: a part of it would pass for the whole.
func elements[T any](f fields, name string, one func(at string, raw json.RawMessage) (T, bool)) []T {
	raw := f.member(name)
	if raw == nil {
		return nil
	}
	var items []json.RawMessage
	if raw[0] != '[' || json.Unmarshal(raw, &items) != nil {
		f.wrong(name, "a list", raw)
		return nil
	}
	values := make([]T, 0, len(items))
	for i, item := range items {
		value, ok := one(fmt.Sprintf("%s%s[%d]", f.path, name, i), item)
		if !ok {
			return nil
		}
		values = append(values, value)
	}
	return values
}
