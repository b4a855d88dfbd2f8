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
	// free marks values that may hold anything, even what looks like a variable.
	free bool
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

// oneOf admits only the given words.
func oneOf(words ...string) stringFormat {
	return pattern("one of "+strings.Join(words, ", "), strings.Join(words, "|"))
}

// Values become part of a path, a host or a header, so these formats admit nothing else.
var (
	idFormat       = pattern("1 to 64 letters, digits, dashes and underscores", `[A-Za-z0-9_-]{1,64}`)
	regionFormat   = stringFormat{wanted: wantedRegion, check: checkRegion}
	domainFormat   = pattern("a domain such as myhuaweicloud.com", `[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*`)
	headerFormat   = pattern("printable ASCII characters, no space at either end", `[!-~](?:[ -~]*[!-~])?`)
	secretFormat   = stringFormat{wanted: wantedVisible, check: checkSecret}
	nameFormat     = pattern("text without control characters", `[^\pC]*`)
	passwordFormat = stringFormat{wanted: nameFormat.wanted, check: nameFormat.check, free: true}
	opaqueFormat   = stringFormat{wanted: headerFormat.wanted, check: headerFormat.check, free: true}
	endpointFormat = stringFormat{url: true, wanted: "a URL such as https://coc.example.com", check: func(value string) error {
		_, err := client.ParseEndpoint(value)
		return err
	}}
	retriesFormat = stringFormat{wanted: "a whole number from 0", check: func(value string) error {
		if number, err := strconv.ParseInt(value, 10, 64); err != nil || number < 0 {
			return errors.New("wanted a whole number from 0")
		}
		return nil
	}}
	booleanFormat = stringFormat{wanted: "true or false", check: func(value string) error {
		if _, err := strconv.ParseBool(value); err != nil {
			return errors.New("wanted true or false")
		}
		return nil
	}}
	jobNameFormat = stringFormat{
		wanted: "1 to 128 letters (Chinese ones too), digits, dashes, underscores and dots",
		check: func(value string) error {
			if !client.IsJobName(value) {
				return errors.New("wanted 1 to 128 letters (Chinese ones too), digits, dashes, underscores and dots, and not dots alone")
			}
			return nil
		},
	}
	timeoutFormat          = durationBetween(1, math.MaxInt64)
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

const (
	wantedRegion  = "a region such as cn-north-4: small letters, digits and dashes"
	wantedVisible = "printable ASCII characters without spaces"
)

// domainLabel matches a region, which is a part of hosts: in capitals, it would be another region to the client.
var (
	domainLabel = regexp.MustCompile(`^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$`)
	subproject  = regexp.MustCompile(`^([a-z0-9-]+)_[A-Za-z0-9_-]+$`)
)

func checkRegion(value string) error {
	lower := strings.ToLower(value)
	project := subproject.FindStringSubmatch(value)
	switch {
	case domainLabel.MatchString(value):
		return nil
	case domainLabel.MatchString(lower):
		return fmt.Errorf("wanted small letters: %s", lower)
	case len(project) == 2 && domainLabel.MatchString(project[1]):
		return fmt.Errorf("which is the form of a project's name: set region to %s, and project_name in the provider block to the whole of it",
			project[1])
	default:
		return errors.New("wanted " + wantedRegion)
	}
}

var visible = regexp.MustCompile(`^[\x21-\x7e]+$`)

func checkSecret(value string) error {
	switch {
	case !visible.MatchString(value):
		return errors.New("wanted " + wantedVisible)
	case text.IsPath(value):
		return errors.New("wanted the value itself, not the path of a file (only id_token_file takes one)")
	default:
		return nil
	}
}

func durationBetween(least, most time.Duration) stringFormat {
	wanted := "a duration from " + shortDuration(least) + " to " + shortDuration(most)
	if most == math.MaxInt64 {
		wanted = "a duration above zero, such as 10m"
	}
	return stringFormat{wanted: wanted, check: func(value string) error {
		d, err := time.ParseDuration(value)
		switch {
		case err == nil && d >= least && d <= most:
			return nil
		case onlyDigits.MatchString(value):
			return fmt.Errorf("wanted %s, with its unit: \"%ss\" are %[2]s seconds", wanted, value)
		default:
			return errors.New("wanted " + wanted)
		}
	}}
}

var onlyDigits = regexp.MustCompile(`^\d{1,9}$`)

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
func (f stringFormat) problem(value string) string { return f.describe(value, "it", "") }

// quotedProblem is problem for a value that is not a secret, which it quotes.
func (f stringFormat) quotedProblem(value string) string {
	if value == "" || (f.url && strings.ContainsAny(value, "@?#")) {
		return f.problem(value)
	}
	return f.describe(value, quoted(value), quoted(value)+" given")
}

// describe says what is wrong with a value: its flaw, with the subject before it, or else the value as it was given; then what is wanted.
func (f stringFormat) describe(value, subject, given string) string {
	if value == "" {
		return "it is empty"
	}
	err, flaw := f.check(value), text.Flaw(value)
	if f.free && err == nil {
		flaw = text.Leftover(value)
	}
	if length := utf8.RuneCountInString(value); flaw == "" && err != nil && length > quotedLimit {
		flaw = fmt.Sprintf("has %d characters", length)
	}
	var parts []string
	switch {
	case flaw != "":
		parts = []string{subject + " " + flaw}
	case err != nil && given != "":
		parts = []string{given}
	}
	if err != nil {
		parts = append(parts, err.Error())
	}
	return strings.Join(parts, ", ")
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
