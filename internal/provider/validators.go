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
	"github.com/hwgate/terraform-provider-hwgate/internal/gate"
	"github.com/hwgate/terraform-provider-hwgate/internal/text"
)

// stringFormat validates string arguments, and values of the environment, which Terraform does not validate.
type stringFormat struct {
	wanted string
	check  func(string) error
	// url marks values that may contain a secret, as user information or in the query.
	url bool
}

var _ validator.String = stringFormat{}

func pattern(wanted, expression string) stringFormat {
	compiled := regexp.MustCompile(`^(?:` + expression + `)$`)
	return stringFormat{wanted: wanted, check: func(value string) error {
		if !compiled.MatchString(value) {
			return errors.New("wanted " + wanted)
		}
		return nil
	}}
}

// Values become part of a path, a host or a header, so these formats admit nothing else.
var (
	idFormat       = pattern("1 to 64 letters, digits, dashes and underscores", `[A-Za-z0-9_-]{1,64}`)
	regionFormat   = pattern("a region such as cn-north-4: letters, digits and dashes", `[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?`)
	domainFormat   = pattern("a domain such as myhuaweicloud.com", `[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*`)
	headerFormat   = pattern("printable ASCII characters, no space at either end", `[!-~](?:[ -~]*[!-~])?`)
	textFormat     = pattern("text without control characters", `[^\pC]*`)
	endpointFormat = stringFormat{url: true, wanted: "a URL such as https://coc.example.com", check: func(value string) error {
		_, err := client.ParseEndpoint(value)
		return err
	}}
	pollIntervalFormat     = durationBetween(time.Second, 5*time.Minute)
	stableForFormat        = durationBetween(0, 24*time.Hour)
	progressIntervalFormat = durationBetween(5*time.Second, 5*time.Minute)

	sinceFormat = stringFormat{
		wanted: "a time in RFC 3339, or a duration back from now and above zero",
		check: func(value string) error {
			_, err := gate.ParseSince(value)
			return err
		},
	}
)

func durationBetween(least, most time.Duration) stringFormat {
	wanted := "a duration from " + shortDuration(least) + " to " + shortDuration(most)
	return stringFormat{wanted: wanted, check: func(value string) error {
		if d, err := time.ParseDuration(value); err != nil || d < least || d > most {
			return errors.New("wanted " + wanted)
		}
		return nil
	}}
}

// shortDuration formats a duration without units that are zero: 5m instead of 5m0s.
func shortDuration(d time.Duration) string {
	formatted := d.String()
	for _, zero := range []string{"0s", "0m"} {
		if shorter := strings.TrimSuffix(formatted, zero); shorter != "" && !unicode.IsDigit(rune(shorter[len(shorter)-1])) {
			formatted = shorter
		}
	}
	return formatted
}

// problem says what is wrong with a value, without quoting it: it may be a secret. It is empty if the value is valid.
func (f stringFormat) problem(value string) string {
	if value == "" {
		return "it is empty"
	}
	err := f.check(value)
	if err == nil {
		return ""
	}
	if flaw := hiddenFlaw(value); flaw != "" {
		return "it " + flaw + ", " + err.Error()
	}
	return err.Error()
}

// quotedProblem is problem for a value that is not a secret, which it quotes.
func (f stringFormat) quotedProblem(value string) string {
	problem := f.problem(value)
	if value == "" || problem == "" || (f.url && strings.ContainsAny(value, "@?#")) {
		return problem
	}
	if flaw, found := strings.CutPrefix(problem, "it "); found {
		return quoted(value) + " " + flaw
	}
	return quoted(value) + " given, " + problem
}

// hiddenFlaw names what is hard to see in a value; it is empty if there is no such thing.
func hiddenFlaw(value string) string {
	first, _ := utf8.DecodeRuneInString(value)
	last, _ := utf8.DecodeLastRuneInString(value)
	switch {
	case !utf8.ValidString(value):
		return "is not valid UTF-8"
	case last == '\n' || last == '\r':
		return "ends in a line break"
	case unicode.IsSpace(last):
		return "ends in a space"
	case unicode.IsSpace(first):
		return "begins with a space"
	}
	for _, r := range value {
		switch {
		case r == '\n' || r == '\r':
			return "holds a line break"
		case !unicode.IsPrint(r):
			return fmt.Sprintf("holds the invisible character %U", r)
		}
	}
	if length := utf8.RuneCountInString(value); length > quotedLimit {
		return fmt.Sprintf("has %d characters", length)
	}
	return ""
}

const quotedLimit = 64

// quoted quotes a value for a message: shortened, with escapes for invisible characters, and harmless to a CI system.
func quoted(value string) string {
	head := text.Head(value, quotedLimit)
	shown := text.Plain(strconv.Quote(head), 8*quotedLimit) // an escape has up to four bytes for one
	if head != value {
		shown += "…"
	}
	return shown
}

func (f stringFormat) Description(context.Context) string         { return "must be " + f.wanted }
func (f stringFormat) MarkdownDescription(context.Context) string { return "must be " + f.wanted }

func (f stringFormat) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if problem := f.quotedProblem(req.ConfigValue.ValueString()); problem != "" {
		addValueError(&resp.Diagnostics, req.Path, problem)
	}
}

// wholeNumber validates number arguments. With an Int64Attribute, the framework would report a fraction as a bug of the provider.
type wholeNumber struct{ least, most int64 }

var _ validator.Number = wholeNumber{}

func atLeast(least int64) wholeNumber { return wholeNumber{least, math.MaxInt64} }

// problem says what is wrong with a number; it is empty if the number is valid.
func (w wholeNumber) problem(number *big.Float) string {
	formatted := number.Text('g', 20)
	switch {
	case !number.IsInt():
		return formatted + " is not a whole number"
	case number.Cmp(new(big.Float).SetInt64(w.least)) < 0:
		return fmt.Sprintf("%s is less than %d", formatted, w.least)
	case number.Cmp(new(big.Float).SetInt64(w.most)) > 0:
		return fmt.Sprintf("%s is more than %d", formatted, w.most)
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
	if problem := w.problem(req.ConfigValue.ValueBigFloat()); problem != "" {
		addValueError(&resp.Diagnostics, req.Path, problem)
	}
}

func addValueError(diags *diag.Diagnostics, at path.Path, problem string) {
	diags.AddAttributeError(at, "Invalid value of "+at.String(), "The value of "+at.String()+" cannot be used: "+problem+". Correct it.")
}
