package provider

import (
	"context"
	"fmt"
	"regexp"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/datasource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/hwgate/terraform-provider-hwgate/internal/client"
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
	return textForm{wanted, func(text string) error {
		if !compiled.MatchString(text) {
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
	isEndpoint   = textForm{"a URL such as https://coc.example.com", func(text string) error {
		_, err := client.ParseEndpoint(text)
		return err
	}}
	isPollInterval = textForm{"a duration from 1s to 5m", func(text string) error {
		interval, err := time.ParseDuration(text)
		if err != nil || interval < time.Second || interval > 5*time.Minute {
			return fmt.Errorf("wanted a duration from 1s to 5m")
		}
		return nil
	}}
)

// fault says what is wrong with a text, without repeating it: it may be a secret.
func (f textForm) fault(text string) string {
	if text == "" {
		return "it is empty"
	}
	if err := f.fits(text); err != nil {
		return err.Error()
	}
	return ""
}

func (f textForm) Description(context.Context) string         { return "must be " + f.wanted }
func (f textForm) MarkdownDescription(context.Context) string { return "must be " + f.wanted }

func (f textForm) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if why := f.fault(req.ConfigValue.ValueString()); why != "" {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid value of "+req.Path.String(),
			"The value of "+req.Path.String()+" cannot be used: "+why+". Correct it.")
	}
}

// timeoutsBlock is the block of the timeouts library, with a limit of its own: a time of zero or less could only ever fail.
func timeoutsBlock(ctx context.Context, description string) schema.Block {
	block := timeouts.BlockWithOpts(ctx, timeouts.Opts{ReadDescription: description})
	if nested, ok := block.(schema.SingleNestedBlock); ok {
		nested.Validators = append(nested.Validators, positiveTimeouts{})
		nested.MarkdownDescription = "Bounds the whole read, pauses and repeated requests included."
		return nested
	}
	return block
}

type positiveTimeouts struct{}

func (positiveTimeouts) Description(context.Context) string         { return "must be above zero" }
func (positiveTimeouts) MarkdownDescription(context.Context) string { return "must be above zero" }

func (positiveTimeouts) ValidateObject(_ context.Context, req validator.ObjectRequest, resp *validator.ObjectResponse) {
	read, ok := req.ConfigValue.Attributes()["read"].(types.String)
	if !ok || read.IsNull() || read.IsUnknown() {
		return
	}
	// What is no duration at all is the library's to refuse.
	if timeout, err := time.ParseDuration(read.ValueString()); err == nil && timeout <= 0 {
		at := path.Root("timeouts").AtName("read")
		resp.Diagnostics.AddAttributeError(at, "Invalid value of "+at.String(),
			"The value of "+at.String()+" cannot be used: wanted a duration above zero, such as 10m. Correct it.")
	}
}
