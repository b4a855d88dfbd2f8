package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A fieldTest says how one field of an answer is decoded. Together those of an answer name every field that it has.
type fieldTest[T any] struct {
	// path is the one that warnings name, such as data.execute_instances[0].id.
	path string
	kind kind
	rule rule
	// clear does to the decoded answer what null does; nil means that nothing changes.
	clear func(*T)
	// absent is what absence does where that is not the same.
	absent func(*T)
}

type kind string

const (
	aString     kind = "a string"
	wholeNumber kind = "a whole number"
	aNumber     kind = "a number"
	aBoolean    kind = "a boolean"
	anObject    kind = "an object"
	aList       kind = "a list"
)

// wrongTypes are values that a field of a kind must not be taken from.
var wrongTypes = map[kind][]string{
	aString:     {`true`, `{}`, `[]`, `["a"]`},
	wholeNumber: {`"` + strings.Repeat("0", 400) + `1"`, `"many"`, `""`, `1e-400`, `"1e-400"`, `"0xfep-9999"`, `"0x1p4"`, `"1_000"`, `1e999`, `1.5`, `"1.5"`, `1e300`, `9223372036854775808`, `false`, `{}`, `[1]`},
	aNumber:     {`"many"`, `""`, `1e-400`, `"1e-400"`, `0.000001e-400`, `"0xfep-9999"`, `"0x1P4"`, `"0_0"`, `"NaN"`, `"Infinity"`, `1e999`, `true`, `{}`, `[1]`},
	aBoolean:    {`"yes"`, `""`, `1`, `{}`, `[true]`},
	anObject:    {`"text"`, `1`, `true`, `[]`, `[{}]`},
	aList:       {`"text"`, `1`, `true`, `{}`},
}

type rule int

const (
	// informs: null and absent are nil, an unexpected type is nil and a warning.
	informs rule = iota
	// decides: null and absent are nil, an unexpected type spoils the answer.
	decides
	// required: without a good value there is no answer.
	required
)

// checkFields decodes a full answer with each field changed in every way. Where warnings are kept it is told by warnings; nil if
// nowhere, since every field decides.
func checkFields[T any](t *testing.T, call caller, full string, want func() *T, warnings func(*T) *[]string, tests []fieldTest[T]) {
	t.Helper()
	named := map[string]bool{}
	for _, test := range tests {
		if named[test.path] {
			t.Errorf("%s is tested twice", test.path)
		}
		named[test.path] = true
	}
	if diff := cmp.Diff(paths(parseTree(t, full), ""), slices.Sorted(maps.Keys(named))); diff != "" {
		t.Fatalf("fields of the full answer (-) and tested ones (+) differ:\n%s", diff)
	}
	check := func(t *testing.T, body, where string, rule rule, wrong bool, change func(*T)) {
		t.Helper()
		got, err := decodeWith(t, call, body)
		if rule == required || (rule == decides && wrong) {
			e := failure(t, err)
			if !errors.Is(err, ErrMalformed) || e.Status != http.StatusOK || e.Message != "" || isTransient(err) {
				t.Errorf("error %v, want ErrMalformed", err)
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		value, _ := got.(*T)
		if wrong {
			noted := warnings(value)
			if len(*noted) != 1 || !strings.HasPrefix((*noted)[0], where) {
				t.Errorf("warnings %q, want one on %s", *noted, where)
			}
			*noted = nil
		}
		expected := want()
		if change != nil {
			change(expected)
		}
		if diff := cmp.Diff(expected, value); diff != "" {
			t.Errorf("want (-), got (+):\n%s", diff)
		}
	}
	for _, test := range tests {
		element := strings.HasSuffix(test.path, "]")
		t.Run(test.path, func(t *testing.T) {
			t.Parallel()
			// An element that is null spoils its list; one that is absent makes it shorter, which is no fault.
			t.Run("null", func(t *testing.T) {
				t.Parallel()
				body := edit(t, full, test.path, func(any) any { return nil })
				check(t, body, test.path+" is null, wanted "+string(test.kind), test.rule, element, test.clear)
			})
			if !element {
				t.Run("absent", func(t *testing.T) {
					t.Parallel()
					change := test.clear
					if test.absent != nil {
						change = test.absent
					}
					check(t, edit(t, full, test.path, nil), "", test.rule, false, change)
				})
			}
			for _, value := range wrongTypes[test.kind] {
				t.Run("wrong "+value, func(t *testing.T) {
					t.Parallel()
					body := edit(t, full, test.path, func(any) any { return json.RawMessage(value) })
					where := regexp.MustCompile(` is (null|an? \w+), wanted `)
					check(t, body, test.path, test.rule, true, test.clear)
					if _, err := decodeWith(t, call, body); err != nil && !where.MatchString(err.Error()) {
						t.Errorf("error %q does not say what is wrong", err)
					}
				})
			}
			if test.kind == wholeNumber || test.kind == aNumber || test.kind == aBoolean {
				t.Run("in a string", func(t *testing.T) {
					t.Parallel()
					body := edit(t, full, test.path, func(value any) any {
						raw, err := json.Marshal(value)
						if err != nil {
							t.Fatal(err)
						}
						return string(raw)
					})
					check(t, body, "", informs, false, nil)
				})
			}
		})
	}
	t.Run("unknown fields", func(t *testing.T) {
		t.Parallel()
		body := full
		for _, path := range paths(parseTree(t, full), "") {
			body = edit(t, body, path, func(value any) any {
				if members, ok := value.(map[string]any); ok {
					members["a_new_field"] = []any{map[string]any{"status": "new"}}
				}
				return value
			})
		}
		check(t, edit(t, body, "a_new_field", func(any) any { return "new" }), "", informs, false, nil)
	})
}

// decodeWith makes a call that is answered with the body.
func decodeWith(t testing.TB, call caller, body string) (any, error) {
	t.Helper()
	// Pages after the first are empty, whatever the first announced.
	return call(t.Context(), newClient(t, answering(
		says(http.StatusOK, body),
		says(http.StatusOK, `{"data":{"execute_instances":[]},"total":0,"instances":[]}`),
	)))
}

func parseTree(t testing.TB, body string) any {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(body))
	decoder.UseNumber() // int64 would lose digits
	var value any
	if err := decoder.Decode(&value); err != nil {
		t.Fatal(err)
	}
	return value
}

// paths lists all fields and elements of a value.
func paths(value any, at string) []string {
	var all []string
	add := func(path string, value any) { all = append(append(all, path), paths(value, path)...) }
	switch value := value.(type) {
	case map[string]any:
		for name, member := range value {
			add(strings.TrimPrefix(at+"."+name, "."), member)
		}
	case []any:
		for i, element := range value {
			add(at+"["+strconv.Itoa(i)+"]", element)
		}
	}
	slices.Sort(all)
	return all
}

// edit replaces the value at a path, or takes it out when there is no change.
func edit(t testing.TB, body, path string, change func(any) any) string {
	t.Helper()
	root := parseTree(t, body)
	steps := strings.FieldsFunc(path, func(r rune) bool { return strings.ContainsRune(".[]", r) })
	at := root
	for i, step := range steps {
		last := i == len(steps)-1
		switch parent := at.(type) {
		case map[string]any:
			switch {
			case last && change == nil:
				delete(parent, step)
			case last:
				parent[step] = change(parent[step])
			}
			at = parent[step]
		case []any:
			index, err := strconv.Atoi(step)
			if err != nil {
				t.Fatal(err)
			}
			if last {
				parent[index] = change(parent[index])
			}
			at = parent[index]
		default:
			t.Fatalf("nothing at %s of %s", step, path)
		}
	}
	changed, err := json.Marshal(root)
	if err != nil {
		t.Fatal(err)
	}
	return string(changed)
}

func TestAnswerThatIsNoObject(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, body string
		// message is what the error may repeat: never what could be the data.
		message string
	}{
		{"a list", `[{"data":{"status":"FINISHED"}}]`, "JSON list, 32 bytes"},
		{"a string", `"hidden"`, "JSON string, 8 bytes"},
		{"a number", `1`, "JSON number, 1 bytes"},
		{"null", `null`, "JSON null, 4 bytes"},
		{"trailing garbage", `{"data":{"status":"hidden"}} {}`, "invalid JSON, 31 bytes"},
		{"cut", `{"data":{"properties":{"execute_param":{"script_params":[{"param_value":"hidden`, "invalid JSON, 79 bytes"},
		{"invalid", `{"data":hidden}`, "invalid JSON, 15 bytes"},
		{"too deep", strings.Repeat(`{"data":`, 20_000), "invalid JSON, 160.0 kB"},
		{"words", "hidden", "text, 6 bytes"},
		{"empty", ``, "empty body"},
		{"white space", " \n", "empty body"},
		{"a login page", "<!DOCTYPE html><html><title>Log in</title>", `HTML page "Log in", 42 bytes`},
	} {
		for name, call := range callers {
			t.Run(test.name+"/"+name, func(t *testing.T) {
				t.Parallel()
				_, err := decodeWith(t, call, test.body)
				e := failure(t, err)
				if !errors.Is(err, ErrMalformed) || isTransient(err) || IsNotFound(err) {
					t.Errorf("error %v, want ErrMalformed", err)
				}
				if e.Message != test.message || e.Status != http.StatusOK || e.Attempts != 1 {
					t.Errorf("%#v, want the message %q", e, test.message)
				}
			})
		}
	}
}

func TestAnswerWithoutData(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, body string
		code       string
		malformed  bool
	}{
		{"nothing", `{}`, "", true},
		{"data is null", `{"data":null}`, "", true},
		{"data of another type", `{"data":"hidden"}`, "", true},
		{"data is a list", `{"data":[]}`, "", true},
		{"something else", `{"result":{"status":"FINISHED"}}`, "", true},
		{"an error instead", `{"error_code":"COC.00040709","error_msg":"gone"}`, "COC.00040709", false},
		{"an error and null", `{"data":null,"error_code":"COC.00040709","error_msg":"gone"}`, "COC.00040709", false},
		{"no error", `{"data":null,"error_code":null}`, "", true},
	} {
		for name, call := range callers {
			t.Run(test.name+"/"+name, func(t *testing.T) {
				t.Parallel()
				_, err := decodeWith(t, call, test.body)
				e := failure(t, err)
				if errors.Is(err, ErrMalformed) != test.malformed {
					t.Errorf("error %v, malformed has to be %v", err, test.malformed)
				}
				if e.Code != test.code || e.Status != http.StatusOK || e.Attempts != 1 || IsNotFound(err) == test.malformed {
					t.Errorf("%#v, want the code %q", e, test.code)
				}
				if strings.Contains(err.Error(), "hidden") {
					t.Errorf("%q repeats the answer", err)
				}
			})
		}
	}
}

// An error code at the top counts, whatever stands beside it; a zero code is none.
func TestAnswerWithDataAndError(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		member string
		code   any
		// want is the code of the error, empty for none.
		want string
	}{
		{"error_code", "", ""},
		{"error_code", nil, ""},
		{"error_code", 0, ""},
		{"error_code", "0", ""},
		{"error_code", "000", ""},
		{"error_code", "COC.0", ""},
		{"error_code", "COC.00000000", ""},
		{"error_code", "DLF.0000", ""},
		{"error_code", "PAP5.0000", ""},
		{"errorCode", "DLF.0", ""},
		{"error_code", "COC.00040709", "COC.00040709"},
		{"error_code", "COC.00040709.0", "COC.00040709.0"},
		{"error_code", "DLF.3051", "DLF.3051"},
		{"error_code", "FDI.9999", "FDI.9999"},
		{"error_code", "10", "10"},
		{"error_code", 10, "10"},
		{"error_code", "COC.", "COC."},
		{"error_code", "none", "none"},
		{"errorCode", "DLF.0100", "DLF.0100"},
		{"errCode", "Cdm.0001", "Cdm.0001"},
		{"error", map[string]any{"code": 401, "message": "no", "title": "Unauthorized"}, "401"},
		{"error", map[string]any{"code": "COC.00040709"}, "COC.00040709"},
		{"error", map[string]any{"code": "0", "message": ""}, ""},
		{"error", map[string]any{}, ""},
		{"error", nil, ""},
	} {
		for name, call := range callers {
			t.Run(fmt.Sprintf("%s %#v/%s", test.member, test.code, name), func(t *testing.T) {
				t.Parallel()
				_, err := decodeWith(t, call, edit(t, documented[name], test.member, func(any) any { return test.code }))
				if test.want == "" {
					if err != nil {
						t.Error(err)
					}
					return
				}
				if e := failure(t, err); e.Code != test.want || e.Status != http.StatusOK || e.Err != nil {
					t.Errorf("%#v, want the code %s", e, test.want)
				}
			})
		}
	}
}

// A code that cannot be read may be one.
func TestAnswerWithUnreadableErrorCode(t *testing.T) {
	t.Parallel()
	for name, call := range callers {
		for _, code := range []string{`{}`, `["COC.00040709"]`, `true`, `false`} {
			t.Run(name+" "+code, func(t *testing.T) {
				t.Parallel()
				_, err := decodeWith(t, call, edit(t, documented[name], "error_code", func(any) any { return json.RawMessage(code) }))
				checkFailure(t, err)
				if !errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), "error_code is a") {
					t.Errorf("error %v, want ErrMalformed", err)
				}
			})
		}
	}
}

// A malformed answer is not worded by a code beside the fault.
func TestMalformedAnswerBesideZeroCode(t *testing.T) {
	t.Parallel()
	_, err := decodeWith(t, callers["order"], `{"error_code":"COC.0","error_msg":"fine","data":{"status":{}}}`)
	want := "HTTP 200 OK: malformed answer: data.status is an object, wanted a string"
	if e := failure(t, err); e.Answer() != want {
		t.Errorf("%q, want %q", e.Answer(), want)
	}
}

// Of a member that is there twice, nobody knows which one counts.
func TestAnswerWithRepeatedMember(t *testing.T) {
	t.Parallel()
	many := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `,"m%d":{"a":%d}`, i, i)
		}
		return b.String()
	}
	for _, test := range []struct {
		name, call, body string
		// fault is empty for an answer that is good.
		fault string
	}{
		{"status", "order", `{"data":{"status":"ABNORMAL","status":"FINISHED"}}`, "the member status is there twice"},
		{"data", "order", `{"data":{"status":"ABNORMAL"},"data":{"status":"FINISHED"}}`, "the member data is there twice"},
		{"apart", "order", `{"data":{"status":"ABNORMAL","properties":{},"creator":[{"a":"b"}],"status":"FINISHED"}}`, "the member status is there twice"},
		{"deep, and not looked at", "order", `{"data":{"status":"FINISHED","new":[1,[{"x":1,"x":1}]]}}`, "the member x is there twice"},
		{"escaped", "order", `{"data":{"status":"ABNORMAL","st\u0061tus":"FINISHED"}}`, "the member status is there twice"},
		{"equal", "order", `{"data":{"status":"FINISHED","status":"FINISHED"}}`, "the member status is there twice"},
		{"with spaces", "order", "{\"data\" :\n{\"status\"\t: \"ABNORMAL\" , \"status\"\r\n: \"FINISHED\"}}", "the member status is there twice"},
		{"then null", "FDI", `{"common_task_details":null,"cdc_task_details":{"abnormal_tasks_count":3},"cdc_task_details":null}`, "the member cdc_task_details is there twice"},
		{"count", "DataArts", `{"fail_count":1,"success_count":1,"fail_count":0}`, "the member fail_count is there twice"},
		{"strange", "order", `{"data":{"status":"FINISHED","a b":1,"a b":2}}`, "the member with a strange name is there twice"},
		{"equal once read", "order", "{\"data\":{\"status\":\"FINISHED\",\"\xff\":1,\"\xfe\":2}}", "the member with a strange name is there twice"},
		{"no name", "order", `{"data":{"status":"FINISHED","":1,"":2}}`, "the member with a strange name is there twice"},
		{"a token for a name", "order", `{"data":{"` + strings.Repeat("a", 40) + `":1,"` + strings.Repeat("a", 40) + `":2}}`, "the member with a strange name is there twice"},
		{"too many members", "order", `{"data":{"status":"FINISHED"` + many(64) + `}}`, "an object in it has more than 64 members"},
		{"as many as there may be", "order", `{"data":{"status":"FINISHED"` + many(63) + `}}`, ""},
		{"in different objects", "order", `{"data":{"status":"FINISHED","list":[{"status":1},{"status":2}],"x":{"data":{"status":1}}},"status":"FINISHED"}`, ""},
		{"in a text", "order", `{"data":{"status":"FINISHED","creator":"\"status\":\"a\",\"status\":{["}}`, ""},
		{"another case", "order", `{"data":{"status":"FINISHED","Status":"ABNORMAL"}}`, ""},
		{"equal texts in a list", "order", `{"data":{"status":"FINISHED","list":["a","a"],"a":["a"]}}`, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := decodeWith(t, callers[test.call], test.body)
			if test.fault == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			e := failure(t, err)
			if want := "HTTP 200 OK: malformed answer: " + test.fault; e.Answer() != want || !errors.Is(err, ErrMalformed) {
				t.Errorf("%q, want %q", e.Answer(), want)
			}
		})
	}
}

func TestParseInteger(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		text string
		want int64
		ok   bool
	}{
		{"0", 0, true},
		{"-0", 0, true},
		{"-1", -1, true},
		{"100.0", 100, true},
		{"1e3", 1000, true},
		{"9007199254740993", 9007199254740993, true},
		{"9223372036854775807", 9223372036854775807, true},
		{"-9223372036854775808", -9223372036854775808, true},
		{"9007199254740992.0", 9007199254740992, true},
		{"9007199254740994.0", 0, false}, // its neighbour would read the same
		{"9223372036854775808", 0, false},
		{"1e300", 0, false},
		{"1e-400", 0, false}, // strconv makes zero of it
		{"-1E-400", 0, false},
		{"0.000e-400", 0, true},
		{"0e999", 0, true},
		{"1e999", 0, false},
		{"1.5", 0, false},
		{"", 0, false},
		{"NaN", 0, false},
		{"Inf", 0, false},
		{"12 instances", 0, false},
	} {
		if got, ok := parseInteger(json.RawMessage(strconv.Quote(test.text))); got != test.want || ok != test.ok {
			t.Errorf("%q: %d, %v, want %d, %v", test.text, got, ok, test.want, test.ok)
		}
	}
}
