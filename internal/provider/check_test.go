package provider_test

import (
	"cmp"
	"encoding/json"
	"math/big"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/leaktest"
)

func checkNotGreen(t *testing.T, attributes map[string]tftypes.Value) {
	t.Helper()
	var succeeded *bool
	if value, ok := attributes["succeeded"]; ok {
		if err := value.As(&succeeded); err != nil {
			t.Fatal(err)
		}
	}
	if succeeded != nil && *succeeded {
		t.Error("succeeded is true")
	}
}

func checkSurvived(
	t *testing.T, attributes map[string]tftypes.Value, diagnostics []*tfprotov6.Diagnostic, outcome, warning string,
) {
	t.Helper()
	told := shown(diagnostics)
	checkHarmless(t, told)
	for _, diagnostic := range diagnostics {
		if diagnostic.Severity != tfprotov6.DiagnosticSeverityWarning {
			t.Errorf("an error: %s", told)
		}
	}
	if !strings.Contains(told, warning) || (warning == "" && told != "") {
		t.Errorf("the user is told %q, want %q", told, warning)
	}
	if got := textOf(t, attributes["outcome"]); got != cmp.Or(outcome, "failed") {
		t.Errorf("the outcome is %q, want %q", got, cmp.Or(outcome, "failed"))
	}
}

// textOf is the text of an attribute, empty when it is null.
func textOf(t testing.TB, value tftypes.Value) string {
	t.Helper()
	var text *string
	if value.IsNull() {
		return ""
	}
	if err := value.As(&text); err != nil {
		t.Fatal(err)
	}
	return *text
}

// checkFailure is checkError for a fault, where the last paragraph says what to do.
func checkFailure(t *testing.T, diagnostics []*tfprotov6.Diagnostic, words []string) {
	t.Helper()
	checkError(t, diagnostics, words)
	if _, advice, _ := strings.Cut(diagnostics[0].Detail, "\n\n"); !strings.HasSuffix(advice, ".") {
		t.Errorf("the error does not end in advice:\n%s", shown(diagnostics))
	}
}

// checkError checks that there is one error, that it is short and harmless, and says the words in their order.
func checkError(t *testing.T, diagnostics []*tfprotov6.Diagnostic, words []string) {
	t.Helper()
	if len(diagnostics) != 1 || diagnostics[0].Severity != tfprotov6.DiagnosticSeverityError {
		t.Fatalf("diagnostics are %s, want one error", shown(diagnostics))
	}
	text := shown(diagnostics)
	const longest = 1500
	if len(text) > longest {
		t.Errorf("the error has %d bytes, more than %d:\n%s", len(text), longest, text)
	}
	checkHarmless(t, text)
	rest := text
	for _, word := range words {
		_, after, found := strings.Cut(strings.ToLower(rest), strings.ToLower(word))
		if !found {
			t.Fatalf("the error lacks %q:\n%s", word, text)
		}
		rest = rest[len(rest)-len(after):]
	}
}

func shown(diagnostics []*tfprotov6.Diagnostic) string {
	var b strings.Builder
	for _, diagnostic := range diagnostics {
		b.WriteString(diagnostic.Summary + "\n\n" + diagnostic.Detail)
	}
	return b.String()
}

// checkSecret checks that nothing hidden is in a text, in no spelling, and no long one in part.
func checkSecret(t testing.TB, where, text string, more ...string) {
	t.Helper()
	leaktest.Check(t, where, text, append(more, hidden...)...)
}

// checkShown checks what a user sees of a read: diagnostics, and the attributes that are made for messages.
func checkShown(t *testing.T, diagnostics []*tfprotov6.Diagnostic, attributes map[string]tftypes.Value) {
	t.Helper()
	const longest = 2000
	for _, diagnostic := range diagnostics {
		checkHarmless(t, diagnostic.Summary+"\n\n"+diagnostic.Detail)
		if size := len(diagnostic.Summary + diagnostic.Detail); size > longest {
			t.Errorf("a diagnostic has %d bytes", size)
		}
	}
	summary := textOf(t, attributes["summary"])
	checkHarmless(t, summary)
	if len(summary) > longest {
		t.Errorf("the summary has %d bytes", len(summary))
	}
	checkHarmless(t, textOf(t, attributes["outcome"]))
	for _, host := range listOf(t, attributes["failed_hosts"]) {
		if name := textOf(t, host); name == "" || len(name) > 256 {
			t.Errorf("a host's name has %d bytes", len(name))
		} else {
			checkHarmless(t, name)
		}
	}
	for _, failed := range listOf(t, attributes["failed_instances"]) {
		values := map[string]tftypes.Value{}
		if err := failed.As(&values); err != nil {
			t.Fatal(err)
		}
		checkHarmless(t, textOf(t, values["host_name"]))
	}
}

func listOf(t *testing.T, value tftypes.Value) []tftypes.Value {
	t.Helper()
	var values []tftypes.Value
	if value.Type() == nil || value.IsNull() {
		return nil
	}
	if err := value.As(&values); err != nil {
		t.Fatal(err)
	}
	return values
}

// checkHarmless checks that a text may be shown on a terminal and in a log. Paragraphs of a diagnostic are apart by empty lines.
func checkHarmless(t testing.TB, text string, secrets ...string) {
	t.Helper()
	if !utf8.ValidString(text) {
		t.Errorf("invalid UTF-8: %q", text)
	}
	line := strings.ReplaceAll(text, "\n\n", "")
	if i := strings.IndexFunc(line, func(r rune) bool { return !unicode.IsPrint(r) }); i >= 0 {
		t.Errorf("not a printable character at %d: %q", i, line)
	}
	if strings.Contains(text, "%!") && !strings.Contains(text, "%!v(BAD)") {
		t.Errorf("a format verb was taken for one: %q", text)
	}
	checkSecret(t, "a text", text, secrets...)
}

// checkValues compares attributes of a read with what is expected of a state.
func checkValues(t *testing.T, attributes map[string]tftypes.Value, want values) {
	t.Helper()
	for name, check := range want {
		if err := check.CheckValue(plain(t, attributes[name])); err != nil {
			t.Errorf("%s: %s", name, err)
		}
	}
}

// plain is a value as it is in Terraform's JSON.
func plain(t *testing.T, value tftypes.Value) any {
	t.Helper()
	if value.IsNull() {
		return nil
	}
	switch kind := value.Type(); {
	case kind.Is(tftypes.String):
		return as[string](t, value)
	case kind.Is(tftypes.Bool):
		return as[bool](t, value)
	case kind.Is(tftypes.Number):
		return json.Number(as[*big.Float](t, value).Text('f', -1))
	case kind.Is(tftypes.List{}):
		elements := []any{}
		for _, element := range as[[]tftypes.Value](t, value) {
			elements = append(elements, plain(t, element))
		}
		return elements
	default:
		members := map[string]any{}
		for name, member := range as[map[string]tftypes.Value](t, value) {
			members[name] = plain(t, member)
		}
		return members
	}
}

func as[T any](t *testing.T, value tftypes.Value) (target T) {
	t.Helper()
	if err := value.As(&target); err != nil {
		t.Fatal(err)
	}
	return target
}
