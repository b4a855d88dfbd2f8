package client

import (
	"context"
	"encoding/json"
	"errors"
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
	wholeNumber: {`"many"`, `""`, `1.5`, `"1.5"`, `1e300`, `9223372036854775808`, `false`, `{}`, `[1]`},
	aNumber:     {`"many"`, `""`, `"NaN"`, `"Infinity"`, `1e999`, `true`, `{}`, `[1]`},
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
	if diff := cmp.Diff(paths(parse(t, full), ""), slices.Sorted(maps.Keys(named))); diff != "" {
		t.Fatalf("fields of the full answer (-) and tested ones (+) differ:\n%s", diff)
	}
	check := func(t *testing.T, body, where string, rule rule, wrong bool, change func(*T)) {
		t.Helper()
		got, err := decodeWith(t, call, body)
		if rule == required || (rule == decides && wrong) {
			e := failure(t, err)
			if !errors.Is(err, ErrMalformed) || e.Status != http.StatusOK || e.Message != "" || IsTransient(err) {
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
		for _, path := range paths(parse(t, full), "") {
			body = edit(t, body, path, func(value any) any {
				if members, ok := value.(map[string]any); ok {
					members["a_new_field"] = []any{map[string]any{"status": 1}}
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

func parse(t testing.TB, body string) any {
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
	root := parse(t, body)
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
		{"a list", `[{"data":{"status":"FINISHED"}}]`, ""},
		{"a string", `"hidden"`, ""},
		{"a number", `1`, ""},
		{"null", `null`, ""},
		{"trailing garbage", `{"data":{"status":"hidden"}} {}`, ""},
		{"cut", `{"data":{"properties":{"execute_param":{"script_params":[{"param_value":"hidden`, ""},
		{"invalid", `{"data":hidden}`, ""},
		{"too deep", strings.Repeat(`{"data":`, 20_000), ""},
		{"words", "hidden", ""},
		{"empty", ``, "empty body"},
		{"white space", " \n", "empty body"},
		{"a login page", "<!DOCTYPE html><html><title>Log in</title>", "HTML page: Log in"},
	} {
		for name, call := range callers {
			t.Run(test.name+"/"+name, func(t *testing.T) {
				t.Parallel()
				_, err := decodeWith(t, call, test.body)
				e := failure(t, err)
				if !errors.Is(err, ErrMalformed) || IsTransient(err) || IsNotFound(err) {
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

// Data and an error at once: the data is what was asked for.
func TestAnswerWithDataAndError(t *testing.T) {
	t.Parallel()
	for name, call := range callers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body := edit(t, documented[name], "error_code", func(any) any { return "COC.0" })
			if _, err := decodeWith(t, call, body); err != nil {
				t.Error(err)
			}
		})
	}
}

// The last of two equal keys counts, as in most readers of JSON; what matters is that it is always the same one.
func TestAnswerWithDuplicateKeys(t *testing.T) {
	t.Parallel()
	order, err := newClient(t, answering(says(http.StatusOK, `{"data":{"status":"FINISHED"},"data":{"status":"FINISHED","status":"ERROR"}}`))).
		ScriptOrder(t.Context(), testOrder)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&ScriptOrder{Status: new("ERROR")}, order); diff != "" {
		t.Errorf("want (-), got (+):\n%s", diff)
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
		{" 12 ", 12, true},
		{"100.0", 100, true},
		{"1e3", 1000, true},
		{"9007199254740993", 9007199254740993, true},
		{"9223372036854775807", 9223372036854775807, true},
		{"-9223372036854775808", -9223372036854775808, true},
		{"9007199254740992.0", 9007199254740992, true},
		{"9007199254740994.0", 0, false}, // its neighbour would read the same
		{"9223372036854775808", 0, false},
		{"1e300", 0, false},
		{"1.5", 0, false},
		{"", 0, false},
		{"NaN", 0, false},
		{"Inf", 0, false},
		{"12 instances", 0, false},
	} {
		if got, ok := parseInteger(test.text); got != test.want || ok != test.ok {
			t.Errorf("%q: %d, %v, want %d, %v", test.text, got, ok, test.want, test.ok)
		}
	}
}

// FuzzAnswers reads any body as the answer of every call: either there is a result, or one harmless error.
func FuzzAnswers(f *testing.F) {
	for _, body := range documented {
		f.Add(body)
	}
	for _, body := range []string{fullJobs, fullAbnormal, `{"total":0,"instances":null,"entities":null}`, `{"instances":[{}],"entities":[{}]}`} {
		f.Add(body)
	}
	for _, body := range []string{fullOrder, fullStatistics, fullBatch, `{"data":{"execute_instances":[null]}}`, `[]`, `{"data":{"status":{}}}`} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		for name, call := range callers {
			result, err := call(context.Background(), newClient(t, answering(says(http.StatusOK, body))))
			if err != nil {
				e := failure(t, err)
				if e.Status != http.StatusOK || e.Attempts < 1 {
					t.Errorf("%s: %#v", name, e)
				}
				continue
			}
			var warnings []string
			switch result := result.(type) {
			case *ScriptOrder:
				warnings = result.Warnings
			case *JobInstanceList:
				warnings = result.Warnings
				checkJobs(t, result)
			case *FDITaskList:
				warnings = result.Warnings
				checkTasks(t, result)
			}
			for _, warning := range warnings {
				checkHarmless(t, warning)
			}
		}
	})
}
