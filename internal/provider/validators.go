package provider

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/attr/xattr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/hwgate/terraform-provider-hwgate/internal/client"
	"github.com/hwgate/terraform-provider-hwgate/internal/text"
)

// textForm is what a string argument has to look like. It validates arguments at plan time, and values from the environment, which
// Terraform does not see.
type textForm struct {
	wanted string
	fits   func(string) error
}

var _ validator.String = textForm{}

func matching(wanted, expression string) textForm {
	compiled := regexp.MustCompile(`^(?:` + expression + `)$`)
	return textForm{wanted, func(given string) error {
		if !compiled.MatchString(given) {
			return fmt.Errorf("wanted %s", wanted)
		}
		return nil
	}}
}

// The forms of string arguments: nothing that does not belong into a path, a host or a header.
var (
	isID         = matching("1 to 64 letters, digits, dashes and underscores", `[A-Za-z0-9_-]{1,64}`)
	isRegion     = matching("a region such as cn-north-4: letters, digits and dashes", `[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?`)
	isDomain     = matching("a domain such as myhuaweicloud.com", `[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*`)
	isHeaderText = matching("printable ASCII characters, no space at either end", `[!-~](?:[ -~]*[!-~])?`)
	isText       = matching("text without control characters", `[^\pC]*`)
	isEndpoint   = textForm{"a URL such as https://coc.example.com", func(given string) error {
		_, err := client.ParseEndpoint(given)
		return err
	}}
	isPollInterval     = durationBetween(time.Second, 5*time.Minute)
	isStableFor        = durationBetween(0, 24*time.Hour)
	isProgressInterval = durationBetween(5*time.Second, 5*time.Minute)
)

func durationBetween(least, most time.Duration) textForm {
	wanted := "a duration from " + short(least) + " to " + short(most)
	return textForm{wanted, func(given string) error {
		if d, err := time.ParseDuration(given); err != nil || d < least || d > most {
			return errors.New("wanted " + wanted)
		}
		return nil
	}}
}

// short writes a duration without units that are zero.
func short(d time.Duration) string {
	shown := d.String()
	for _, zero := range []string{"0s", "0m"} {
		if shorter := strings.TrimSuffix(shown, zero); shorter != "" && !unicode.IsDigit(rune(shorter[len(shorter)-1])) {
			shown = shorter
		}
	}
	return shown
}

// fault says what is wrong with a text, without repeating it: it may be a secret.
func (f textForm) fault(given string) string {
	if given == "" {
		return "it is empty"
	}
	err := f.fits(given)
	if err == nil {
		return ""
	}
	if flaw := flawOf(given); flaw != "" {
		return "it " + flaw + ", " + err.Error()
	}
	return err.Error()
}

// refusal is fault for a text that is no secret: it repeats the text, cut and with escapes.
func (f textForm) refusal(given string) string {
	why := f.fault(given)
	// What stands before an @ or behind a question mark may be a secret of an address.
	if given == "" || why == "" || (f.wanted == isEndpoint.wanted && strings.ContainsAny(given, "@?#")) {
		return why
	}
	if flaw, found := strings.CutPrefix(why, "it "); found {
		return quoted(given) + " " + flaw
	}
	return quoted(given) + " given, " + why
}

// flawOf names what is hard to see in a text; empty when there is no such thing.
func flawOf(given string) string {
	first, _ := utf8.DecodeRuneInString(given)
	last, _ := utf8.DecodeLastRuneInString(given)
	switch {
	case !utf8.ValidString(given):
		return "is not valid UTF-8"
	case last == '\n' || last == '\r':
		return "ends in a line break"
	case unicode.IsSpace(last):
		return "ends in a space"
	case unicode.IsSpace(first):
		return "begins with a space"
	}
	for _, r := range given {
		switch {
		case r == '\n' || r == '\r':
			return "holds a line break"
		case !unicode.IsPrint(r):
			return fmt.Sprintf("holds the invisible character %U", r)
		}
	}
	if length := utf8.RuneCountInString(given); length > quotedLimit {
		return fmt.Sprintf("has %d characters", length)
	}
	return ""
}

const quotedLimit = 64

// quoted repeats a value in a message: cut, and with escapes for what cannot be seen.
func quoted(value string) string {
	cut := text.Head(value, quotedLimit)
	if cut != value {
		return strconv.Quote(cut) + "…"
	}
	return strconv.Quote(value)
}

func (f textForm) Description(context.Context) string         { return "must be " + f.wanted }
func (f textForm) MarkdownDescription(context.Context) string { return "must be " + f.wanted }

func (f textForm) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if why := f.refusal(req.ConfigValue.ValueString()); why != "" {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid value of "+req.Path.String(),
			"The value of "+req.Path.String()+" cannot be used: "+why+". Correct it.")
	}
}

// wholeNumberType is the CustomType of every number argument. The framework's own type calls a fraction a bug of the provider.
type wholeNumberType struct{ basetypes.Int64Type }

// wholeNumber is the value of such an argument: an int64, or the reason why it is none.
type wholeNumber struct {
	basetypes.Int64Value

	fault string
}

var (
	_ basetypes.Int64Typable      = wholeNumberType{}
	_ basetypes.Int64Valuable     = wholeNumber{}
	_ xattr.ValidateableAttribute = wholeNumber{}
)

func (wholeNumberType) Equal(other attr.Type) bool {
	_, same := other.(wholeNumberType)
	return same
}

func (wholeNumberType) String() string                       { return "wholeNumberType" }
func (wholeNumberType) ValueType(context.Context) attr.Value { return wholeNumber{} }

func (wholeNumberType) ValueFromInt64(_ context.Context, number basetypes.Int64Value) (basetypes.Int64Valuable, diag.Diagnostics) {
	return wholeNumber{Int64Value: number}, nil
}

func (t wholeNumberType) ValueFromTerraform(ctx context.Context, in tftypes.Value) (attr.Value, error) {
	var number big.Float
	if in.IsKnown() && !in.IsNull() && in.As(&number) == nil {
		shown := number.Text('g', 20)
		if !number.IsInt() {
			return wholeNumber{fault: shown + " is not a whole number"}, nil
		}
		if _, accuracy := number.Int64(); accuracy != big.Exact {
			return wholeNumber{fault: shown + " is too large a number"}, nil
		}
	}
	inner, err := t.Int64Type.ValueFromTerraform(ctx, in)
	if err != nil {
		return nil, err
	}
	number64, ok := inner.(basetypes.Int64Value)
	if !ok {
		return nil, fmt.Errorf("%T is not a number", inner)
	}
	return wholeNumber{Int64Value: number64}, nil
}

func (wholeNumber) Type(context.Context) attr.Type { return wholeNumberType{} }

func (n wholeNumber) Equal(other attr.Value) bool {
	same, ok := other.(wholeNumber)
	return ok && n.fault == same.fault && n.Int64Value.Equal(same.Int64Value)
}

// ValidateAttribute implements [xattr.ValidateableAttribute].
func (n wholeNumber) ValidateAttribute(_ context.Context, req xattr.ValidateAttributeRequest, resp *xattr.ValidateAttributeResponse) {
	if n.fault != "" {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid value of "+req.Path.String(),
			"The value of "+req.Path.String()+" cannot be used: "+n.fault+". Correct it.")
	}
}
