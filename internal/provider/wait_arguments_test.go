package provider_test

import (
	"maps"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/hwgate/terraform-provider-hwgate/internal/provider"
)

// validate gives what the user is told of a configuration before anything is asked.
func (p *process) validate(t *testing.T, name string, arguments map[string]tftypes.Value) []*tfprotov6.Diagnostic {
	t.Helper()
	resp, err := p.server.ValidateDataResourceConfig(t.Context(), &tfprotov6.ValidateDataResourceConfigRequest{
		TypeName: name, Config: dynamic(t, p.schemas.DataSourceSchemas[name], arguments),
	})
	if err != nil {
		t.Fatal(err)
	}
	return resp.Diagnostics
}

// Values that are not known yet.
var (
	unknownText = tftypes.NewValue(tftypes.String, tftypes.UnknownValue)
	unknownBool = tftypes.NewValue(tftypes.Bool, tftypes.UnknownValue)
	unknownMap  = tftypes.NewValue(tftypes.Map{ElementType: tftypes.Number}, tftypes.UnknownValue)
)

// timeoutOf is timeout with any value.
func timeoutOf(read tftypes.Value) map[string]tftypes.Value {
	kind := tftypes.Object{AttributeTypes: map[string]tftypes.Type{"read": tftypes.String}}
	return map[string]tftypes.Value{"timeouts": tftypes.NewValue(kind, map[string]tftypes.Value{"read": read})}
}

// baselineWith is a baseline with one more member.
func baselineWith(word string, count any) tftypes.Value {
	counts := map[string]tftypes.Value{}
	if err := baselineOf(nil).As(&counts); err != nil {
		panic(err)
	}
	counts[word] = tftypes.NewValue(tftypes.Number, count)
	return tftypes.NewValue(tftypes.Map{ElementType: tftypes.Number}, counts)
}

// TestWaitArguments refuses arguments that cannot be meant before anything is asked. The error names argument and value. What is null
// is not given, and what is not known yet waits.
func TestWaitArguments(t *testing.T) {
	t.Parallel()
	p := start(t, provider.Options{}, keyed(map[string]tftypes.Value{"region": str("cn-north-4")}))
	with := func(more ...map[string]tftypes.Value) map[string]tftypes.Value {
		all := map[string]tftypes.Value{}
		for _, arguments := range more {
			maps.Copy(all, arguments)
		}
		return all
	}
	stable := func(span string) map[string]tftypes.Value { return map[string]tftypes.Value{"stable_for": str(span)} }
	interval := func(span string) map[string]tftypes.Value {
		return map[string]tftypes.Value{"poll_interval": str(span)}
	}
	// Both sources that have stable_for, each with the argument that asks for its wait.
	sources := map[string]struct {
		wait string
		must map[string]tftypes.Value
	}{
		"dataarts_instance_status": {wait: "wait_for_completion"},
		"roma_fdi_task_statistics": {wait: "wait_until_healthy", must: map[string]tftypes.Value{"instance_id": str(instanceID)}},
	}
	for name, source := range sources {
		waiting := map[string]tftypes.Value{source.wait: forCompletion}
		tests := map[string]struct {
			arguments map[string]tftypes.Value
			// want are words of the error; none where the arguments are good.
			want []string
		}{
			"without waiting": {stable("3m"), []string{`stable_for = "3m" cannot be used: it needs ` + source.wait + " = true"}},
			"waiting is false": {
				with(stable("3m"), map[string]tftypes.Value{source.wait: tftypes.NewValue(tftypes.Bool, false)}),
				[]string{`stable_for = "3m" cannot be used: it needs ` + source.wait + " = true"},
			},
			"below the default interval": {
				with(waiting, stable("9s")), []string{`stable_for = "9s" cannot be used: it is shorter than poll_interval (10s)`},
			},
			"below an interval": {
				with(waiting, stable("59s"), interval("1m")), []string{`stable_for = "59s" cannot be used: it is shorter than poll_interval (1m)`},
			},
			"as long as the time limit": {
				with(waiting, stable("2m"), timeout("2m")), []string{`stable_for = "2m" cannot be used: it does not fit into timeouts.read (2m)`},
			},
			"longer than the default limit": {
				with(waiting, stable("30m")), []string{`stable_for = "30m" cannot be used: it does not fit into timeouts.read (30m)`},
			},
			"no duration":   {with(waiting, stable("soon")), []string{"Invalid value of stable_for", `"soon" given, wanted a duration from 0s to 24h`}},
			"negative":      {with(waiting, stable("-1s")), []string{"Invalid value of stable_for", `"-1s" given, wanted a duration from 0s to 24h`}},
			"beyond a day":  {with(waiting, stable("25h"), timeout("48h")), []string{`"25h" given, wanted a duration from 0s to 24h`}},
			"empty":         {with(waiting, stable("")), []string{"Invalid value of stable_for", "it is empty"}},
			"zero":          {stable("0s"), nil},
			"the interval":  {with(waiting, stable("10s")), nil},
			"just fits":     {with(waiting, stable("119s"), timeout("2m")), nil},
			"not known yet": {with(map[string]tftypes.Value{"stable_for": unknownText}), nil},
			"whether to wait is not known yet": {
				with(stable("29m"), map[string]tftypes.Value{source.wait: unknownBool}), nil,
			},
			"the interval is not known yet":   {with(waiting, stable("1s"), map[string]tftypes.Value{"poll_interval": unknownText}), nil},
			"the time limit is not known yet": {with(waiting, stable("10h"), timeoutOf(unknownText)), nil},
		}
		for test, row := range tests {
			t.Run(name+"/"+test, func(t *testing.T) {
				t.Parallel()
				checkRefused(t, p.validate(t, name, with(source.must, row.arguments)), row.want)
			})
		}
	}
	baselines := map[string]struct {
		arguments map[string]tftypes.Value
		want      []string
	}{
		"a count without a baseline": {
			map[string]tftypes.Value{"min_new_count": integer(2)}, []string{"min_new_count = 2 cannot be used", "baseline_counts"},
		},
		"a count of zero": {
			map[string]tftypes.Value{"baseline_counts": baselineOf(nil), "min_new_count": integer(0)}, []string{"min_new_count", "0 is less than 1"},
		},
		"a fraction of a count": {
			map[string]tftypes.Value{"baseline_counts": baselineOf(nil), "min_new_count": tftypes.NewValue(tftypes.Number, 1.5)},
			[]string{"Invalid value of min_new_count", "1.5 is not a whole number"},
		},
		"an unknown word": {
			map[string]tftypes.Value{"baseline_counts": baselineWith("succeeded", 1)},
			[]string{"Invalid value of baseline_counts", `"succeeded" cannot be used: it is no state of a job instance; the states are fail, force_success,`},
		},
		"the total": {
			map[string]tftypes.Value{"baseline_counts": baselineWith("total", 1)}, []string{"Invalid value of baseline_counts", `"total" cannot be used`},
		},
		"a fraction": {
			map[string]tftypes.Value{"baseline_counts": baselineWith("success", 1.5)},
			[]string{"Invalid value of baseline_counts", `"success" cannot be used: 1.5 is not a whole number`},
		},
		"a negative number": {
			map[string]tftypes.Value{"baseline_counts": baselineWith("fail", -3)},
			[]string{"Invalid value of baseline_counts", `"fail" cannot be used: -3 is less than 0`},
		},
		"a number beyond int64": {
			map[string]tftypes.Value{"baseline_counts": baselineWith("fail", 1e300)},
			[]string{"Invalid value of baseline_counts", `"fail" cannot be used: 1e+300 is more than 9223372036854775807`},
		},
		"no baseline": {map[string]tftypes.Value{}, nil},
		"a baseline":  {map[string]tftypes.Value{"baseline_counts": baselineOf(map[string]int{"success": 5})}, nil},
		"a baseline and a count": {
			map[string]tftypes.Value{"baseline_counts": baselineOf(nil), "min_new_count": integer(1)}, nil,
		},
		"a baseline that is not known yet":  {map[string]tftypes.Value{"baseline_counts": unknownMap, "min_new_count": integer(2)}, nil},
		"a member that is not known yet":    {map[string]tftypes.Value{"baseline_counts": baselineWith("fail", tftypes.UnknownValue)}, nil},
		"a member that is null, until read": {map[string]tftypes.Value{"baseline_counts": baselineWith("fail", nil)}, nil},
		"an empty baseline, until read": {
			map[string]tftypes.Value{
				"baseline_counts": tftypes.NewValue(tftypes.Map{ElementType: tftypes.Number}, map[string]tftypes.Value{}),
			}, nil,
		},
	}
	for name, row := range baselines {
		t.Run("baseline/"+name, func(t *testing.T) {
			t.Parallel()
			checkRefused(t, p.validate(t, "dataarts_instance_status", row.arguments), row.want)
		})
	}
	for name, row := range map[string]struct {
		value tftypes.Value
		want  []string
	}{
		"negative": {integer(-1), []string{"min_running_count", "-1 is less than 0"}},
		"a fraction": {
			tftypes.NewValue(tftypes.Number, 0.5), []string{"Invalid value of min_running_count", "0.5 is not a whole number"},
		},
		"zero": {integer(0), nil},
	} {
		t.Run("min_running_count/"+name, func(t *testing.T) {
			t.Parallel()
			checkRefused(t, p.validate(t, "roma_fdi_task_statistics", map[string]tftypes.Value{
				"instance_id": str(instanceID), "min_running_count": row.value,
			}), row.want)
		})
	}
}

// checkRefused wants one error with these words in their order, or none.
func checkRefused(t *testing.T, diagnostics []*tfprotov6.Diagnostic, want []string) {
	t.Helper()
	if want == nil {
		if len(diagnostics) > 0 {
			t.Errorf("want no error: %s", shown(diagnostics))
		}
		return
	}
	checkError(t, diagnostics, want)
	if diagnostics[0].Attribute == nil || len(diagnostics[0].Attribute.Steps()) == 0 {
		t.Errorf("the error points at no attribute: %s", shown(diagnostics))
	}
}
