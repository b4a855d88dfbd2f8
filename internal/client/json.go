package client

import (
	"cmp"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hwgate/terraform-provider-hwgate/internal/text"
)

// findings collects the faults of one answer while it is decoded.
type findings struct {
	// warnings name informational fields of an unexpected type, which count as absent.
	warnings []string
	// err is the first fault that makes the answer malformed.
	err error
	// elements counts list elements, text the bytes of strings.
	elements, text int
	// ended is the error of the context of the read.
	ended func() error
}

// fields decodes the members of a JSON object. Absent and null members are nil. Numbers may be strings, and strings numbers. A member of
// another type is nil with a warning, or makes the answer malformed if needed is set.
type fields struct {
	node

	path     string
	needed   bool
	findings *findings
}

// need returns the same object for members that a verdict depends on.
func (f fields) need() fields {
	f.needed = true
	return f
}

// find returns a member, nil if it is absent.
func (n node) find(name string) *node {
	for i := range n.children {
		if string(n.children[i].name) == name {
			return &n.children[i]
		}
	}
	return nil
}

// member is find, but nil for null too.
func (f fields) member(name string) *node {
	if found := f.find(name); found != nil && found.raw[0] != 'n' {
		return found
	}
	return nil
}

// hasAny reports whether any of the members is present, even if null.
func (f fields) hasAny(names ...string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return f.find(name) != nil })
}

// malformed makes the whole answer malformed. The first fault counts.
func (f fields) malformed(fault string) { f.fail(fmt.Errorf("%w: %s", ErrMalformed, fault)) }

func (f fields) fail(err error) {
	if f.findings.err == nil {
		f.findings.err = err
	}
}

// errOtherObject means that an answer is about another object than the requested one.
var errOtherObject = fmt.Errorf("%w", ErrMalformed)

// echoText makes the answer malformed if it is about another object than the requested one.
func (f fields) echoText(name, asked string) {
	if got := f.need().text(name); got != nil && *got != asked {
		f.fail(fmt.Errorf("%w: %s%s is not the one that was asked for", errOtherObject, f.path, name))
	}
}

func (f fields) echoInteger(name string, asked int64) {
	if got := f.need().integer(name); got != nil && *got != asked {
		f.fail(fmt.Errorf("%w: %s%s is %d, asked for was %d", errOtherObject, f.path, name, *got, asked))
	}
}

// wrongType records a member of an unexpected type, without its value.
func (f fields) wrongType(name, wanted string, raw []byte) {
	// The name is untrusted if this version does not know the member.
	fault := fmt.Sprintf("%s is %s, wanted %s", text.Plain(f.path+name, 128), jsonType(raw), wanted)
	if !f.needed {
		f.findings.warnings = append(f.findings.warnings, fault)
	} else {
		f.malformed(fault)
	}
}

func jsonType(raw []byte) string {
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

// value decodes a member with read, which reports whether the type fits.
func value[T any](f fields, name, wanted string, read func(raw []byte) (T, bool)) *T {
	member := f.member(name)
	if member == nil {
		return nil
	}
	if value, ok := read(member.raw); ok {
		return &value
	}
	f.wrongType(name, wanted, member.raw)
	return nil
}

// text decodes a string, or a number as it is written.
func (f fields) text(name string) *string {
	return value(f, name, "a string", func(raw []byte) (string, bool) {
		switch jsonType(raw) {
		case "a number":
			return string(raw), true
		case "a string":
			if f.findings.text += len(raw); f.findings.text > maxText {
				f.malformed(fmt.Sprintf("its texts take more than %d MiB", maxText>>20))
				return "", true
			}
			return unquote(raw), true
		}
		return "", false
	})
}

// log decodes the end of a string like unquoteTail. It does not count towards maxText.
func (f fields) log(name string, limit int64) (tail *string, truncated bool) {
	tail = value(f, name, "a string", func(raw []byte) (end string, ok bool) {
		switch jsonType(raw) {
		case "a number":
			raw = fmt.Appendf(nil, "%q", raw)
		case "a string":
		default:
			return "", false
		}
		end, truncated = unquoteTail(raw, limit)
		return end, true
	})
	return tail, truncated
}

// numberText is the text of a number or of a string; empty for other types and for what cannot be a number.
func numberText(raw []byte) string {
	const longest = 400 // strings may have any length
	switch kind := jsonType(raw); {
	case len(raw) > longest:
		return ""
	case kind == "a string":
		written := strings.TrimSpace(unquote(raw))
		if strings.ContainsAny(written, "xXpP_") {
			return "" // strconv accepts Go notations such as 0x1p-4 and 1_000
		}
		return written
	case kind == "a number":
		return string(raw)
	default:
		return ""
	}
}

func (f fields) integer(name string) *int64 { return value(f, name, "a whole number", parseInteger) }

// parseInteger parses 64-bit integers without loss. It accepts 100.0 for 100, which the services send now and then.
func parseInteger(raw []byte) (int64, bool) {
	if n, err := strconv.ParseInt(numberText(raw), 10, 64); err == nil {
		return n, true
	}
	// Beyond this value the service may have rounded.
	const exact = 1 << 53
	n, ok := parseFloat(raw)
	if !ok || n != math.Trunc(n) || math.Abs(n) > exact {
		return 0, false
	}
	return int64(n), true
}

func (f fields) float(name string) *float64 { return value(f, name, "a number", parseFloat) }

// parseFloat rejects numbers that are too large or too small for a float64; strconv would parse the latter as 0.
func parseFloat(raw []byte) (float64, bool) {
	s := numberText(raw)
	n, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(n) || math.IsInf(n, 0) {
		return 0, false
	}
	mantissa, _, _ := strings.Cut(strings.ToLower(s), "e")
	return n, n != 0 || !strings.ContainsAny(mantissa, "123456789")
}

// time decodes a time in RFC 3339. It is zero if there is none.
func (f fields) time(name string) time.Time {
	at, err := time.Parse(time.RFC3339, deref(f.text(name)))
	if err != nil {
		return time.Time{}
	}
	return at
}

func (f fields) boolean(name string) *bool {
	return value(f, name, "a boolean", func(raw []byte) (bool, bool) {
		switch string(raw) {
		case `true`, `"true"`:
			return true, true
		case `false`, `"false"`:
			return false, true
		}
		return false, false
	})
}

// object decodes a nested object, with needed as in f.
func (f fields) object(name string) *fields {
	return value(f, name, "an object", func(raw []byte) (fields, bool) {
		return fields{node: *f.find(name), path: f.path + name + ".", needed: f.needed, findings: f.findings}, raw[0] == '{'
	})
}

// decode sets the fields of a struct from the members in their tags api or else tfsdk. The tag need marks what a verdict depends on.
func (f fields) decode(into any) {
	for field, value := range reflect.ValueOf(into).Elem().Fields() {
		name := memberName(field)
		if name == "" {
			continue
		}
		f.needed = field.Tag.Get("need") != ""
		switch into := value.Addr().Interface().(type) {
		case **string:
			*into = f.text(name)
		case **int64:
			*into = f.integer(name)
		case **float64:
			*into = f.float(name)
		case **bool:
			*into = f.boolean(name)
		case *[]int64:
			*into = f.integers(name)
		default:
			f.decodeObjects(name, value)
		}
	}
}

// decodeObjects sets a field that is a pointer to a struct or a slice of structs.
func (f fields) decodeObjects(name string, into reflect.Value) {
	decoded := func(object fields) reflect.Value {
		value := reflect.New(into.Type().Elem())
		object.decode(value.Interface())
		return value
	}
	if into.Kind() == reflect.Pointer {
		if object := f.object(name); object != nil {
			into.Set(decoded(*object))
		}
		return
	}
	values := list(f, name, func(object fields) reflect.Value { return decoded(object).Elem() })
	if values != nil {
		into.Set(reflect.Append(reflect.MakeSlice(into.Type(), 0, len(values)), values...))
	}
}

// memberName is the name of the member that a struct field is decoded from; empty if none.
func memberName(field reflect.StructField) string {
	return strings.TrimPrefix(cmp.Or(field.Tag.Get("api"), field.Tag.Get("tfsdk")), "-")
}

// knownMembers are the members that decode reads into T.
func knownMembers[T any]() []string {
	var names []string
	for field := range reflect.TypeFor[T]().Fields() {
		names = append(names, memberName(field))
	}
	return names
}

// list decodes a list of objects. It is nil if the member is absent or null, and not nil if it is empty.
func list[T any](f fields, name string, one func(fields) T) []T {
	return elements(f, name, "an object", func(at string, element node) (value T, ok bool) {
		if element.raw[0] != '{' {
			return value, false
		}
		return one(fields{node: element, path: f.path + at + ".", findings: f.findings}), true
	})
}

func (f fields) integers(name string) []int64 {
	return elements(f, name, "a whole number", func(_ string, element node) (int64, bool) { return parseInteger(element.raw) })
}

// elements decodes a list. If one element has the wrong type it returns nil, since a part could pass for the whole.
func elements[T any](f fields, name, wanted string, one func(at string, element node) (T, bool)) []T {
	member := f.member(name)
	if member == nil {
		return nil
	}
	if member.raw[0] != '[' {
		f.wrongType(name, "a list", member.raw)
		return nil
	}
	values := []T{}
	for _, element := range member.children {
		if f.findings.ended() != nil {
			return nil
		}
		f.findings.elements++
		if f.findings.elements > maxElements {
			f.malformed(fmt.Sprintf("its lists have more than %d elements", maxElements))
			return nil
		}
		at := fmt.Sprintf("%s[%d]", name, len(values))
		value, ok := one(at, element)
		if !ok {
			f.wrongType(at, wanted, element.raw)
			return nil
		}
		values = append(values, value)
	}
	return values
}

// onePage decodes the only requested page of a listing. The service may have ignored the filter, so the caller must check the rows.
func onePage[T any](answer fields, name string, size int, read func(fields) T) []T {
	if total := answer.integer("total"); answer.member(name) == nil && (total == nil || *total != 0) {
		answer.missing(name) // rows may be absent only if the total is 0
	}
	rows := list(answer.need(), name, read)
	if len(rows) > size {
		answer.malformed(fmt.Sprintf("it lists more than the %d rows that were asked for", size))
	}
	return rows
}
