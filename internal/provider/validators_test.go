package provider_test

import (
	"math/big"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/hwgate/terraform-provider-hwgate/internal/provider"
)

// validated validates a provider block, and gives what the user is told.
func validated(t *testing.T, arguments map[string]tftypes.Value) string {
	t.Helper()
	server, err := providerserver.NewProtocol6WithError(provider.New(provider.Options{})())()
	if err != nil {
		t.Fatal(err)
	}
	schemas, err := server.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	resp, err := server.ValidateProviderConfig(t.Context(), &tfprotov6.ValidateProviderConfigRequest{
		Config: dynamic(t, schemas.Provider, arguments),
	})
	if err != nil {
		t.Fatal(err)
	}
	told, _ := diagnosticTextWithPaths(resp.Diagnostics)
	return told
}

// TestArgumentsAreExplained holds the refusal of a value to its words: it repeats the value, cut and harmless, and says what cannot be
// seen in it.
func TestArgumentsAreExplained(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ argument, value, want string }{
		"a slash":             {"region", "cn/north", `"cn/north" given, wanted a region such as cn-north-4: small letters, digits and dashes.`},
		"a line break at end": {"region", "cn-north-4\n", `"cn-north-4\n" ends in a line break, wanted a region`},
		"a return at the end": {"region", "cn-north-4\r\n", `"cn-north-4\r\n" ends in a line break, wanted a region`},
		"a space at the end":  {"domain_id", "id ", `"id " ends in a space, wanted 1 to 64 letters`},
		"a space before":      {"domain_id", " id", `" id" begins with a space, wanted 1 to 64 letters`},
		"a line break within": {"domain_id", "i\nd", `"i\nd" holds a line break, wanted 1 to 64 letters`},
		"an invisible one":    {"domain_id", "i\u200bd", `"i\u200bd" holds the invisible character U+200B, wanted 1 to 64 letters`},
		"an escape":           {"cloud", "a\x1b[31m", `"a\x1b[31m" holds the invisible character U+001B, wanted a domain`},
		"a long one": {
			"project_id", strings.Repeat("ab", 40), `"` + strings.Repeat("ab", 32) + `"… has 80 characters, wanted 1 to 64 letters`,
		},
		"a long one of two bytes each": {
			"project_name", "x" + strings.Repeat("é", 80), `"x` + strings.Repeat("é", 31) + `"… has 81 characters, wanted printable ASCII`,
		},
		"64 escapes of four bytes": {"region", strings.Repeat("\x01", 64), strings.Repeat(`\x01`, 64) + `" holds the invisible character U+0001`},
		"a command to a CI system": {"region", "x ::error::##vso[task]", `"x ?:error::#?vso[task]" given, wanted a region`},
		"an empty one":             {"region", "", "The value of region cannot be used: it is empty."},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			told := validated(t, map[string]tftypes.Value{test.argument: str(test.value)})
			if !strings.HasPrefix(told, `ERROR AttributeName("`+test.argument+`") Invalid value of `+test.argument+": The value of "+test.argument+
				" cannot be used: ") || !strings.Contains(told, test.want) {
				t.Errorf("told: %s, want %q", told, test.want)
			}
			checkHarmless(t, flat(told))
		})
	}
}

// TestWholeNumbers gives fractions and huge numbers to arguments that want a whole one. It is the configuration's fault, not the provider's.
func TestWholeNumbers(t *testing.T) {
	t.Parallel()
	number := func(text string) tftypes.Value {
		value, _, err := big.ParseFloat(text, 10, 512, big.ToNearestEven)
		if err != nil {
			t.Fatal(err)
		}
		return tftypes.NewValue(tftypes.Number, value)
	}
	nested := func(duration tftypes.Value) map[string]tftypes.Value {
		null := tftypes.NewValue(tftypes.String, nil)
		kinds := map[string]tftypes.Type{"agency_name": tftypes.String, "domain_name": tftypes.String, "domain_id": tftypes.String, "duration": tftypes.Number}
		return map[string]tftypes.Value{"assume_role": tftypes.NewValue(tftypes.Object{AttributeTypes: kinds}, map[string]tftypes.Value{
			"agency_name": str("a"), "domain_name": str("b"), "domain_id": null, "duration": duration,
		})}
	}
	tests := map[string]struct {
		arguments map[string]tftypes.Value
		want      string
	}{
		"whole":           {map[string]tftypes.Value{"max_retries": number("3")}, ""},
		"none":            {map[string]tftypes.Value{"max_retries": tftypes.NewValue(tftypes.Number, nil)}, ""},
		"not known yet":   {map[string]tftypes.Value{"max_retries": tftypes.NewValue(tftypes.Number, tftypes.UnknownValue)}, ""},
		"negative":        {map[string]tftypes.Value{"max_retries": number("-1")}, "The value of max_retries cannot be used: -1 is less than 0. Correct it."},
		"a fraction":      {map[string]tftypes.Value{"max_retries": number("1.5")}, "The value of max_retries cannot be used: 1.5 is not a whole number. Correct it."},
		"too large":       {map[string]tftypes.Value{"max_retries": number("1e30")}, "The value of max_retries cannot be used: 1e+30 is more than 9223372036854775807."},
		"just too large":  {map[string]tftypes.Value{"max_retries": number("9223372036854775808")}, "9223372036854775808 is more than 9223372036854775807."},
		"the largest":     {map[string]tftypes.Value{"max_retries": number("9223372036854775807")}, ""},
		"within a block":  {nested(number("900.25")), "The value of assume_role.duration cannot be used: 900.25 is not a whole number."},
		"whole, in there": {nested(number("900")), ""},
		"too short":       {nested(number("899")), "The value of assume_role.duration cannot be used: 899 is less than 900."},
		"too long":        {nested(number("86401")), "The value of assume_role.duration cannot be used: 86401 is more than 86400."},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			told := validated(t, test.arguments)
			if (test.want == "") != (told == "") || !strings.Contains(told, test.want) || strings.Contains(told, "developer") {
				t.Errorf("told: %s, want %q", told, test.want)
			}
		})
	}
}
