package client

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/hwgate/terraform-provider-hwgate/internal/text"
)

// jsonTexts are JSON texts that are easy to read wrongly.
var jsonTexts = []string{
	`{}`, `[]`, ` { } `, "[\n\t[ ] , { } ]", `{"a":1,"b":-2.5e-3,"c":true,"d":null,"e":"f"}`, `{"a":{"b":[{"c":[1,"2",[3]]}]},"d":[]}`,
	`{"":""}`, `{"a\"b":"c\\","d":"{[,:]}"}`, "{ \"a\" : 1 , \"b\"\n:\r[ 1 , 2 ]\t}", `{"\u0061":"\u00e9\u4e2d\ud83d\ude00\ud800\udc00","x":"\ud800x"}`,
	`["\ud800","\udc00\ud800","\ud800\u0041","\u0000","\b\f\n\r\t\/"]`, "[\"\xff\",\"\xe4\xb8\",\"é中🙂\"]", `{"a":"` + "\x7f" + `"}`,
	// Texts that are long enough for their beginning not to be decoded, wherever that cuts an escape or a character.
	`["` + strings.Repeat(`\\`, 70) + `nx"]`, `["` + strings.Repeat(`\n`, 80) + `"]`, `["` + strings.Repeat(`\u0041`, 30) + `"]`, `["` + strings.Repeat(`\ud83d\ude00\u00e9`, 9) + `"]`,
	`["` + strings.Repeat("中🙂", 30) + `"]`, `["x` + strings.Repeat(`\"`, 80) + `"]`, "[\"" + strings.Repeat("\xff", 90) + "\"]",
}

// FuzzParse reads JSON as encoding/json does, but for members that are there twice.
func FuzzParse(f *testing.F) {
	for _, body := range slices.Concat(jsonTexts, slices.Collect(maps.Values(documented))) {
		f.Add(body, int64(3))
	}
	f.Fuzz(func(t *testing.T, body string, limit int64) {
		var want map[string]json.RawMessage
		isObject := json.Unmarshal([]byte(body), &want) == nil && want != nil
		got, err := parse(t.Context(), []byte(body))
		if isObject == errors.Is(err, errNoObject) && !strings.HasPrefix(body, "\ufeff") {
			t.Fatalf("%q: error %v", body, err)
		}
		if err == nil {
			compareNode(t, json.RawMessage(strings.TrimSpace(strings.TrimPrefix(body, "\ufeff"))), got.node, limit)
		} else if got.children != nil {
			t.Errorf("%q: values beside %v", body, err)
		}
	})
}

// compareNode compares what is found in a value with what encoding/json finds.
func compareNode(t *testing.T, raw json.RawMessage, got node, limit int64) {
	t.Helper()
	switch raw[0] {
	case '{':
		var want map[string]json.RawMessage
		if err := json.Unmarshal(raw, &want); err != nil {
			t.Fatal(err)
		}
		if got.raw[0] != '{' || len(got.children) != len(want) {
			t.Fatalf("%q: %d members, want %d", raw, len(got.children), len(want))
		}
		for name, value := range want {
			if member := got.find(name); member == nil {
				t.Errorf("%q: there is no %q", raw, name)
			} else {
				compareNode(t, value, *member, limit)
			}
		}
	case '[':
		var want []json.RawMessage
		if err := json.Unmarshal(raw, &want); err != nil {
			t.Fatal(err)
		}
		if got.raw[0] != '[' || len(got.children) != len(want) {
			t.Fatalf("%q: %d elements, want %d", raw, len(got.children), len(want))
		}
		for i, value := range got.children {
			compareNode(t, want[i], value, limit)
		}
	case '"':
		var want string
		if err := json.Unmarshal(raw, &want); err != nil {
			t.Fatal(err)
		}
		if read := unquote(got.raw); string(got.raw) != string(raw) || read != want {
			t.Errorf("%q reads %q, want %q", raw, read, want)
		}
		if limit < 0 {
			return
		}
		tail, truncated := unquoteTail(raw, limit)
		if end := text.Tail(want, int(min(limit, int64(len(want))))); tail != end || truncated != (int64(len(want)) > limit) {
			t.Errorf("the last %d bytes of %q are %q, want %q (truncated %t)", limit, raw, tail, end, truncated)
		}
	default:
		if string(got.raw) != string(raw) {
			t.Errorf("%q, want %q", got.raw, raw)
		}
	}
}

// The fuzzer's examples, with every length of an end.
func TestParse(t *testing.T) {
	t.Parallel()
	for _, body := range slices.Concat(jsonTexts, slices.Collect(maps.Values(documented))) {
		body = `{"a":` + body + `}`
		got, err := parse(t.Context(), []byte(body))
		if err != nil {
			t.Errorf("%q: %v", body, err)
			continue
		}
		for limit := range int64(20) {
			compareNode(t, json.RawMessage(body), got.node, limit-1)
		}
	}
}

// The end of a log is kept as long as was asked for, and what is kept does not hold the rest in memory.
func TestLogTail(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		log       string
		limit     int64
		want      *string
		truncated bool
	}{
		{`null`, 4, nil, false},
		{`""`, 0, new(""), false},
		{`""`, 4, new(""), false},
		{`"abcdef"`, -1, new("abcdef"), false},
		{`"abcdef"`, 0, new(""), true},
		{`"abcdef"`, 5, new("bcdef"), true},
		{`"abcdef"`, 6, new("abcdef"), false},
		{`"abcdef"`, 7, new("abcdef"), false},
		{`"abcdef"`, 9223372036854775807, new("abcdef"), false},
		{`"a\nb"`, 2, new("\nb"), true},
		{`"华为"`, 4, new("为"), true},
		{`"\u534e\u4e3a"`, 5, new("为"), true},
		{`"\ud83d\ude42\ud83d\ude42"`, 7, new("🙂"), true},
		{`12345`, 2, new("45"), true},
		{`12345`, -1, new("12345"), false},
		{`12345`, 0, new(""), true},
	} {
		t.Run(fmt.Sprintf("%s %d", test.log, test.limit), func(t *testing.T) {
			t.Parallel()
			batch := testBatch
			batch.LogTail = test.limit
			body := fmt.Sprintf(`{"data":{"total_instances":1,"execute_instances":[{"id":1,"message":%s}]}}`, test.log)
			got, err := newClient(t, answering(says(http.StatusOK, body))).ScriptOrderBatch(t.Context(), batch)
			if err != nil {
				t.Fatal(err)
			}
			want := []Instance{{ID: new(int64(1)), Message: test.want, MessageTruncated: test.truncated}}
			if diff := gocmp.Diff(want, got.ExecuteInstances); diff != "" {
				t.Errorf("want (-), got (+):\n%s", diff)
			}
		})
	}
}

// An answer that would take much more memory than its size is refused before it does. The bounds are those of a whole answer, however
// many lists and texts it has.
func TestAnswerBounds(t *testing.T) {
	t.Parallel()
	numbers := func(n int) string { return "[" + strings.Repeat("1,", n-1) + "1]" }
	two := func(fields string) string { return `{"execute_statistics":[{` + fields + `},{` + fields + `}]}` }
	const tooMany, tooLong = "malformed answer: its lists have more than 5000 elements", "malformed answer: its texts take more than 32 MiB"
	for _, test := range []struct {
		name, body string
		// into is what is decoded, read how many bytes of texts have been read before.
		into  any
		read  int
		fault string
	}{
		{"as many elements as there may be", `{"batch_indexes":` + numbers(5000) + `}`, new(InstanceStatistic), 0, ""},
		{"one more", `{"batch_indexes":` + numbers(5001) + `}`, new(InstanceStatistic), 0, tooMany},
		{"one more, in two lists", two(`"batch_indexes":` + numbers(2500)), new(ScriptOrderStatistics), 0, tooMany},
		{"in a list that only informs", `{"script_params":[` + strings.Repeat("{},", 5000) + `{}]}`, new(ScriptExecuteParam), 0, tooMany},
		{"as much text as there may be", `{"status":"xxxxxx"}`, new(ScriptOrder), 32<<20 - 8, ""},
		{"one more character", `{"status":"xxxxxxx"}`, new(ScriptOrder), 32<<20 - 8, tooLong},
		{"one more character, in two texts", `{"creator":"x","status":"xxxx"}`, new(ScriptOrder), 32<<20 - 8, tooLong},
		{"in a text that only informs", `{"creator":"x"}`, new(ScriptOrder), 32 << 20, tooLong},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			answer, err := parse(t.Context(), []byte(test.body))
			if err != nil {
				t.Fatal(err)
			}
			answer.findings.text = test.read
			answer.decode(test.into)
			if got := fmt.Sprint(answer.findings.err); got != cmp.Or(test.fault, "<nil>") {
				t.Errorf("error %s, want %q", got, test.fault)
			}
		})
	}
	t.Run("logs do not count", func(t *testing.T) {
		t.Parallel()
		answer, err := parse(t.Context(), []byte(`{"message":"log"}`))
		if err != nil {
			t.Fatal(err)
		}
		answer.findings.text = 32 << 20
		if log, _ := answer.log("message", -1); answer.findings.err != nil || deref(log) != "log" {
			t.Errorf("%q and error %v", deref(log), answer.findings.err)
		}
	})
}
