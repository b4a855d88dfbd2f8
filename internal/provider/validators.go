package provider

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

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
	wanted := "a duration from " + shortDuration(least) + " to " + shortDuration(most)
	return textForm{wanted, func(given string) error {
		if d, err := time.ParseDuration(given); err != nil || d < least || d > most {
			return errors.New("wanted " + wanted)
		}
		return nil
	}}
}

// short writes a duration without units that are zero.
func shortDuration(d time.Duration) string {
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
		refuseValue(&resp.Diagnostics, req.Path, why)
	}
}

// wholeNumber validates a number argument. The framework's own integer type would call a fraction a bug of the provider.
type wholeNumber struct{ least, most int64 }

var _ validator.Number = wholeNumber{}

// atLeast bounds a number argument from below alone.
func atLeast(least int64) wholeNumber { return wholeNumber{least, math.MaxInt64} }

// fault says what is wrong with a number, empty for nothing.
func (w wholeNumber) fault(given *big.Float) string {
	shown := given.Text('g', 20)
	switch {
	case !given.IsInt():
		return shown + " is not a whole number"
	case given.Cmp(new(big.Float).SetInt64(w.least)) < 0:
		return fmt.Sprintf("%s is less than %d", shown, w.least)
	case given.Cmp(new(big.Float).SetInt64(w.most)) > 0:
		return fmt.Sprintf("%s is more than %d", shown, w.most)
	default:
		return ""
	}
}

func (wholeNumber) Description(context.Context) string { return "must be a whole number in its bounds" }
func (wholeNumber) MarkdownDescription(context.Context) string {
	return "must be a whole number in its bounds"
}

func (w wholeNumber) ValidateNumber(_ context.Context, req validator.NumberRequest, resp *validator.NumberResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if why := w.fault(req.ConfigValue.ValueBigFloat()); why != "" {
		refuseValue(&resp.Diagnostics, req.Path, why)
	}
}

// refuseValue blames an argument for its value.
func refuseValue(diags *diag.Diagnostics, at path.Path, why string) {
	diags.AddAttributeError(at, "Invalid value of "+at.String(), "The value of "+at.String()+" cannot be used: "+why+". Correct it.")
}
