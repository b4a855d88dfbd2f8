package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/hwgate/terraform-provider-hwgate/internal/text"
)

const (
	// maxValues bounds the values of an answer, and with them the time and memory that decoding takes. A listing of 1,000 rows has 50,000.
	maxValues = 200_000
	// maxMembers bounds the members of an object, which are searched one by one; documented ones have at most 13.
	maxMembers = 64
	// maxElements and maxText bound list elements and string bytes of an answer, except logs: Terraform converts all, even if canceled.
	maxElements = 5000
	maxText     = 32 << 20
)

// node is a value of an answer. It shares the memory of the body.
type node struct {
	// name is the name of a member.
	name []byte
	// raw is the JSON text of a value, but only the bracket of an object or list.
	raw      []byte
	children []node
}

var errNoObject = fmt.Errorf("%w: not a JSON object", ErrMalformed)

var byteOrderMark = []byte("\ufeff")

// parse reads an answer, which must be a JSON object. It rejects repeated members at any depth, since they are ambiguous.
func parse(ctx context.Context, body []byte) (fields, error) {
	body = bytes.TrimPrefix(body, byteOrderMark)
	// A bytes.Buffer is read without a copy.
	p := parser{ctx.Err, body, jsontext.NewDecoder(bytes.NewBuffer(body), jsontext.AllowInvalidUTF8(true)), 0}
	if p.decoder.PeekKind() != jsontext.KindBeginObject {
		return fields{}, errNoObject
	}
	top, err := p.value(nil)
	if err != nil {
		return fields{}, parseError(err)
	}
	if _, err := p.decoder.ReadToken(); !errors.Is(err, io.EOF) {
		return fields{}, errNoObject
	}
	return fields{node: top, findings: &findings{ended: ctx.Err}}, nil
}

type parser struct {
	// ended is the error of the context.
	ended   func() error
	body    []byte
	decoder *jsontext.Decoder
	values  int
}

func (p *parser) value(name []byte) (node, error) {
	p.values++
	if p.values > maxValues {
		return node{}, fmt.Errorf("%w: it has more than %d values", ErrMalformed, maxValues)
	}
	// The check takes longer than a short value.
	if p.values%1024 == 0 {
		if err := p.ended(); err != nil {
			return node{}, err
		}
	}
	kind := p.decoder.PeekKind()
	if kind != jsontext.KindBeginObject && kind != jsontext.KindBeginArray {
		raw, err := p.scalar()
		return node{name: name, raw: raw}, err
	}
	if _, err := p.decoder.ReadToken(); err != nil {
		return node{}, err
	}
	end := p.decoder.InputOffset()
	result := node{name: name, raw: p.body[end-1 : end]}
	for {
		if next := p.decoder.PeekKind(); next == jsontext.KindEndObject || next == jsontext.KindEndArray {
			_, err := p.decoder.ReadToken()
			return result, err
		}
		var name []byte
		if kind == jsontext.KindBeginObject {
			if len(result.children) == maxMembers {
				return node{}, fmt.Errorf("%w: an object in it has more than %d members", ErrMalformed, maxMembers)
			}
			quoted, err := p.scalar()
			if err != nil {
				return node{}, err
			}
			if name = quoted[1 : len(quoted)-1]; bytes.IndexByte(name, '\\') >= 0 || !utf8.Valid(name) {
				name = []byte(unquote(quoted))
			}
		}
		child, err := p.value(name)
		if err != nil {
			return node{}, err
		}
		result.children = append(result.children, child)
	}
}

// scalar returns the text of the next value.
func (p *parser) scalar() ([]byte, error) {
	raw, err := p.decoder.ReadValue()
	if err != nil {
		return nil, err
	}
	end := p.decoder.InputOffset()
	return p.body[end-int64(len(raw)) : end], nil
}

// parseError words an error of the parser.
func parseError(err error) error {
	syntax, ok := errors.AsType[*jsontext.SyntacticError](err)
	switch {
	case !ok && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
		return err
	case errors.Is(err, jsontext.ErrDuplicateName):
		return fmt.Errorf("%w: the member %s is there twice", ErrMalformed, safeName(syntax.JSONPointer.LastToken()))
	default:
		return errNoObject
	}
}

var harmlessName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,39}$`)

// safeName is a name for messages. It does not repeat names that differ in form from documented ones.
func safeName(name string) string {
	if !harmlessName.MatchString(name) {
		return "with a strange name"
	}
	return name
}

// unquote decodes a JSON string, with replacement characters for invalid UTF-8.
func unquote(quoted []byte) string {
	decoded, _ := jsontext.AppendUnquote(nil, quoted) // the only error is invalid UTF-8
	return string(decoded)
}

// isEscaped reports whether the byte at i, inside of a string, follows an odd number of backslashes.
func isEscaped(raw []byte, i int) bool {
	backslashes := 0
	for raw[i-1-backslashes] == '\\' {
		backslashes++
	}
	return backslashes%2 == 1
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
