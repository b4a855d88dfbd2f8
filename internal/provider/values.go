package provider

import (
	"time"

	"github.com/hashicorp/terraform-plugin-framework/types"
)

func stringOrNull(text string) types.String {
	if text == "" {
		return types.StringNull()
	}
	return types.StringValue(text)
}

// boolOr gives a boolean argument or its default.
func boolOr(value types.Bool, other bool) bool {
	if value.IsNull() {
		return other
	}
	return value.ValueBool()
}

// durationOr gives a duration argument or its default. Its validator has refused what is no duration.
func durationOr(value types.String, other time.Duration) time.Duration {
	if set, err := time.ParseDuration(value.ValueString()); err == nil {
		return set
	}
	return other
}

// rfc3339 writes a time, null when it is not known.
func rfc3339(t *time.Time) *string {
	if t == nil {
		return nil
	}
	return new(t.Format(time.RFC3339))
}

// seconds writes a duration, null when it is not known.
func seconds(d *time.Duration) *float64 {
	if d == nil {
		return nil
	}
	return new(d.Seconds())
}

// mapSlice converts a list, and keeps null apart from empty.
func mapSlice[A, B any](list []A, convert func(A) B) []B {
	if list == nil {
		return nil
	}
	converted := make([]B, len(list))
	for i, element := range list {
		converted[i] = convert(element)
	}
	return converted
}
