package provider

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/hwgate/terraform-provider-hwgate/internal/client"
	"github.com/hwgate/terraform-provider-hwgate/internal/gate"
	"github.com/hwgate/terraform-provider-hwgate/internal/text"
)

// reported says what a report is about, for the diagnostics that come with it.
type reported struct {
	source

	// what names the object.
	what string
	how  reading
	// continueOnTimeout makes a wait that ended with its time a warning.
	continueOnTimeout bool
}

// diagnose tells of what a report cannot say as data. It gives false when the form must not go on.
func (r reported) diagnose(report *gate.Report, diags *diag.Diagnostics) bool {
	addUnreadFields(diags, r.what, report.UnreadFields)
	if len(report.Passed) > 0 {
		diags.AddWarning("The state of "+r.what+" was not clear for a while",
			text.Sentence(strings.Join(report.Passed, "; "))+" It was looked at again; the outcome is what came after. Look for a newer version of "+
				"hwgate.")
	}
	if report.Doubt != "" && report.Timeout == nil && !report.Filtered {
		diags.AddWarning("The state of "+r.what+" is not clear",
			text.Sentence(report.Doubt)+" It counts as not succeeded. "+doubtAdvice(report.Doubt))
	}
	if report.UnreadDetails != nil {
		diags.AddWarning("Cannot read the "+r.details+" of "+r.what, fmt.Sprintf("%s%s\n\n%s", text.Sentence(report.UnreadDetails.Error()),
			r.missing(report), r.detailsAdvice(report.UnreadDetails)))
	}
	if report.Timeout == nil {
		return true
	}
	return r.timedOut(report, diags)
}

// doubtAdvice says what to do about a state that is not clear.
func doubtAdvice(doubt string) string {
	switch {
	case strings.Contains(doubt, "new to this version"):
		return "Look at the raw fields, and for a newer version of hwgate."
	case strings.Contains(doubt, "the day of the counts"):
		return "Look at the service's console for how the runs of the day before ended."
	case strings.Contains(doubt, "baseline"):
		return "Take the baseline again, before the run that it is for."
	default:
		return "Look at the raw fields, and at the service's console."
	}
}

// missing says what is null without the details.
func (r reported) missing(report *gate.Report) string {
	switch {
	case report.Culprits != nil:
		return " The list is not complete."
	case r.how.always:
		return " The verdict does not depend on them."
	}
	return " So " + r.null + " null; everything else is complete."
}

// timedOut tells of a wait whose time is over: an error, or data and a warning.
func (r reported) timedOut(report *gate.Report, diags *diag.Diagnostics) bool {
	timeout := report.Timeout
	parts := []string{fmt.Sprintf("The last status was %s, after %s of waiting", timeout.Status, timeout.Elapsed.Round(time.Second))}
	if timeout.Status == "" {
		parts[0] = fmt.Sprintf("The answers had no status in %s of waiting", timeout.Elapsed.Round(time.Second))
	}
	doubt := report.Doubt
	if timeout.Missing != "" && strings.Contains(doubt, timeout.Missing) {
		doubt = "" // It says no more than what was missing.
	}
	for _, more := range []string{doubt, timeout.Tally, timeout.Missing} {
		if more != "" && more != timeout.Status {
			parts = append(parts, more)
		}
	}
	detail := strings.Join(parts, "; ") + "."
	if timeout.Err != nil {
		detail += " The last look failed: " + text.Sentence(timeout.Err.Error())
	}
	title := r.what + " did not end in time"
	if r.service == client.ROMA {
		title = r.what + " were not healthy in time"
	}
	if r.continueOnTimeout {
		diags.AddWarning(title, detail+"\n\nThe last state was taken, since continue_on_timeout is set. Raise "+r.how.timeout+
			" to wait longer.")
		return true
	}
	advice := "Raise " + r.how.timeout + " to wait longer."
	if !r.how.always {
		advice = "Raise " + r.how.timeout + " to wait longer, or set continue_on_timeout = true to take the state as data. A destroy that " +
			"this blocks gets through with -refresh=false."
	}
	diags.AddError(title, detail+"\n\n"+advice)
	return false
}

// detailsAdvice says what to do when the details could not be read.
func (r reported) detailsAdvice(err error) string {
	if errors.Is(err, gate.ErrUntrusted) {
		return "Look at the raw answers of the statistics and batches, or for a newer version of hwgate; failure_details = false does not ask " +
			"for them."
	}
	if errors.Is(err, gate.ErrSlowNames) {
		return "The verdict does not wait longer for them. Find out why the service does not answer, or look at its console; " +
			"failure_details = false does not ask for them."
	}
	return advice(r.service, err, r.how)
}

// refuse makes a verdict that is not good the error of a form that cannot leave it to a postcondition.
func refuse(report *gate.Report, good string, diags *diag.Diagnostics) {
	diags.AddError(report.Summary, "Required was "+good+"."+culprits(report))
}

// foretell makes such a verdict a warning, where it is not enforced yet.
func foretell(report *gate.Report, good string, diags *diag.Diagnostics) {
	diags.AddWarning(report.Summary, "This is a warning, since require_success is false here. Where it is true, as terraform.applying is "+
		"in an apply, anything but "+good+" is an error."+culprits(report))
}

// culprits lists what failed, bounded; empty when there is nothing to list.
func culprits(report *gate.Report) string {
	if len(report.Culprits) == 0 {
		return ""
	}
	const most = 20
	shown, more := report.Culprits, ""
	if left := int64(len(shown)-most) + report.MoreCulprits; len(shown) > most {
		shown, more = shown[:most], fmt.Sprintf("\n  and %d more", left)
	}
	return "\n\nWhat failed:\n  " + strings.Join(shown, "\n  ") + more
}

// addUnreadFields tells of informational fields that could not be read, in one warning.
func addUnreadFields(diags *diag.Diagnostics, what string, fields []string) {
	const most = 10
	if len(fields) == 0 {
		return
	}
	more := ""
	if left := len(fields) - most; left > 0 {
		fields, more = fields[:most], fmt.Sprintf(", and %d more", left)
	}
	diags.AddWarning("Unexpected fields in the answer about "+what,
		"Read as null, with no effect on the verdict: "+strings.Join(slices.Clone(fields), "; ")+more+
			". The API may have changed: look for a newer version of hwgate, or report it.")
}
