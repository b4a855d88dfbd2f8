package provider

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/hwgate/terraform-provider-hwgate/internal/client"
	"github.com/hwgate/terraform-provider-hwgate/internal/gate"
	"github.com/hwgate/terraform-provider-hwgate/internal/text"
)

// diagnose adds what a report cannot say as data: warnings, and the error of a wait that timed out.
func (f *form) diagnose(m model, report *gate.Report, diags *diag.Diagnostics) {
	object := m.objectName()
	addUnreadFields(object, report.UnreadFields, diags)
	if len(report.PastDoubts) > 0 {
		diags.AddWarning("The state of "+object+" was not clear for a while",
			text.Sentence(strings.Join(report.PastDoubts, "; "))+" It was read again; the outcome is that of the later answers. "+
				"Look for a newer version of hwgate.")
	}
	if report.Doubt != "" && report.Timeout == nil && !report.Filtered {
		detail := text.Sentence(report.Doubt) + " It counts as not succeeded."
		if report.DoubtCause == nil {
			detail += " " + doubtAdvice(report.DoubtKind)
		} else {
			detail += "\n\n" + text.Sentence(report.DoubtCause.Error()) + "\n\n" + f.unreadDetailsAdvice(report.DoubtCause)
		}
		diags.AddWarning("The state of "+object+" is not clear", detail)
	}
	if report.UnreadDetails != nil {
		diags.AddWarning("Cannot read the "+f.details+" of "+object, fmt.Sprintf("%s%s\n\n%s", text.Sentence(report.UnreadDetails.Error()),
			f.unreadDetailsEffect(report), f.unreadDetailsAdvice(report.UnreadDetails)))
	}
	if report.Timeout != nil {
		f.addTimeout(m, report, diags)
	}
}

func doubtAdvice(kind gate.DoubtKind) string {
	switch kind {
	case gate.NewWord:
		return "Look at the raw fields, and for a newer version of hwgate."
	case gate.DayBorder:
		return "Look at the service's console for how the runs of the day before ended."
	case gate.TooOld:
		return "Give the id of the order that was started later, or correct since."
	case gate.BadBaseline:
		return "Take the baseline again, before the run that it is for."
	default:
		return "Look at the raw fields, and at the service's console."
	}
}

// unreadDetailsEffect says what is null without the details.
func (f *form) unreadDetailsEffect(report *gate.Report) string {
	switch {
	case report.Culprits != nil:
		return " The list is not complete."
	case f.alwaysWaits:
		return " The verdict does not depend on them."
	}
	return " " + f.withoutDetails
}

// addTimeout adds the error of a wait that timed out, or a warning with continue_on_timeout.
func (f *form) addTimeout(m model, report *gate.Report, diags *diag.Diagnostics) {
	timeout := report.Timeout
	parts := []string{fmt.Sprintf("The last status was %s, after %s of waiting", timeout.Status, timeout.Elapsed.Round(time.Second))}
	if timeout.Status == "" {
		parts[0] = fmt.Sprintf("The answers had no status in %s of waiting", timeout.Elapsed.Round(time.Second))
	}
	doubt := report.Doubt
	if report.DoubtKind == gate.NotStable {
		doubt = "" // It says no more than what was missing.
	}
	for _, more := range []string{doubt, timeout.Counted, timeout.Missing} {
		if more != "" && more != timeout.Status {
			parts = append(parts, more)
		}
	}
	detail := strings.Join(parts, "; ") + "."
	if timeout.Err != nil {
		detail += " The last read failed: " + text.Sentence(timeout.Err.Error())
	}
	title := text.Capitalize(m.objectName()) + " did not end in time"
	if f.service == client.ROMA {
		title = m.objectName() + " were not healthy in time"
	}
	advice := "Raise " + f.timeoutName() + " to wait longer"
	switch {
	case m.wait().ContinueOnTimeout.ValueBool():
		diags.AddWarning(title, detail+"\n\nThe last state is used, since continue_on_timeout is set. "+advice+".")
	case f.alwaysWaits:
		diags.AddError(title, detail+"\n\n"+advice+".")
	default:
		diags.AddError(title, detail+"\n\n"+advice+", or set continue_on_timeout = true to take the state as data. "+f.destroyAdvice())
	}
}

func (f *form) unreadDetailsAdvice(err error) string {
	if errors.Is(err, gate.ErrUntrusted) {
		return "Look at the raw answers of the statistics and batches, or for a newer version of hwgate; failure_details = false does not ask " +
			"for them."
	}
	if errors.Is(err, gate.ErrDetailsTimeout) {
		return "The verdict does not wait longer for them. Find out why the service does not answer, or look at its console; " +
			"failure_details = false does not ask for them."
	}
	return f.advice(err)
}

// addClosedGateError is for the forms that are gates themselves, without a postcondition.
func (f *form) addClosedGateError(report *gate.Report, diags *diag.Diagnostics) {
	diags.AddError(report.Summary, joinSentences("This gate requires "+f.goodResult+".", f.destroyAdvice())+culpritList(report))
}

// addClosedGateWarning is for such a gate where it is not enforced.
func (f *form) addClosedGateWarning(report *gate.Report, diags *diag.Diagnostics) {
	diags.AddWarning(report.Summary, "This is a warning, since require_success is false here. Where it is true, as terraform.applying is "+
		"in an apply, anything but "+f.goodResult+" is an error."+culpritList(report))
}

// culpritList lists what failed, up to a limit; it is empty if nothing is known to have failed.
func culpritList(report *gate.Report) string {
	const most = 20
	shown := report.Culprits[:min(len(report.Culprits), most)]
	if len(shown) == 0 {
		return ""
	}
	list := "\n\nWhat failed:\n  " + strings.Join(shown, "\n  ")
	if more := int64(len(report.Culprits)-len(shown)) + report.MoreCulprits; more > 0 {
		list += fmt.Sprintf("\n  and %d more", more)
	}
	return list
}

// addUnreadFields adds one warning for all fields that could not be read and that no verdict needs.
func addUnreadFields(object string, fields []string, diags *diag.Diagnostics) {
	const most = 10
	if len(fields) == 0 {
		return
	}
	list := strings.Join(fields[:min(len(fields), most)], "; ")
	if more := len(fields) - most; more > 0 {
		list += fmt.Sprintf(", and %d more", more)
	}
	diags.AddWarning("Unexpected fields in the answer about "+object,
		"Read as null, with no effect on the verdict: "+list+
			". The API may have changed: look for a newer version of hwgate, or report it.")
}
