package provider

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/hwgate/terraform-provider-hwgate/internal/client"
)

// addReadError turns the failure of a read into a diagnostic. The summary names what could not be read, so that the diagnostics
// of one for_each can be told apart; the detail says what was asked, what came back and, last, what to do.
func addReadError(diags *diag.Diagnostics, what string, service client.Service, err error) {
	summary := "Cannot read " + what
	if setting, ok := errors.AsType[*settingError](err); ok {
		detail := sentence(setting.text)
		if setting.argument == "region" || setting.argument == "project_id" {
			diags.AddAttributeError(path.Root(setting.argument), summary, detail)
		} else {
			diags.AddError(summary, detail)
		}
		return
	}
	if errors.Is(err, context.Canceled) {
		diags.AddError(summary, "The read was canceled before it ended. Run it again.")
		return
	}
	detail := sentence(err.Error())
	if failure, ok := client.Cause(err); ok && failure.Credential != "" && client.IsUnauthorized(err) {
		detail += " Authenticated with " + failure.Credential + "."
	}
	diags.AddError(summary, detail+"\n\n"+advice(service, err))
}

// advice says what to do about the failure of a read.
func advice(service client.Service, err error) string {
	var (
		project *client.ProjectError
		pause   *client.PauseError
	)
	failure, ok := client.Cause(err)
	switch {
	case errors.As(err, &pause):
		return "Raise timeouts.read beyond the pause that the service asks for, or try again later."
	case errors.Is(err, context.DeadlineExceeded):
		return "The time of timeouts.read is over. Raise it, or find out why the service does not answer."
	case ok && errors.Is(failure.Err, client.ErrNoCredential):
		return "Give credentials, then run again; destroy -refresh=false works without."
	}
	isProject := errors.As(err, &project)
	if isProject && project.Err == nil {
		return "Set project_id in the provider block or the data source, or correct project_name or region."
	}
	if !ok {
		return "Correct the configuration and run again."
	}
	if hint := transportAdvice(failure); hint != "" {
		return hint
	}
	switch {
	case isProject:
		return projectAdvice(err)
	case failure.Service == client.IAM || failure.Service == client.STS:
		return logInAdvice(failure)
	default:
		return answerAdvice(service, failure)
	}
}

// transportAdvice says what to do when no answer came from the service itself.
func transportAdvice(failure *client.Error) string {
	var (
		name        *net.DNSError
		certificate *tls.CertificateVerificationError
	)
	switch {
	case errors.As(failure, &name):
		return fmt.Sprintf("The host %s does not exist, or its name cannot be resolved here: %s may not be offered in %s. Correct region "+
			"or cloud, or set %s in the provider block.", failure.Host, failure.Service, regionOf(failure), addressSetting(failure.Service))
	case isUnpublished(failure):
		return missingService(failure)
	case errors.As(failure, &certificate):
		return "The certificate of the host is not trusted here. Name the authority that signed it in cacert_file."
	case errors.Is(failure, http.ErrSchemeMismatch):
		return fmt.Sprintf("The host speaks plain HTTP. Correct endpoints.%s in the provider block.", failure.Service)
	case errors.Is(failure, client.ErrTooLarge), errors.Is(failure, client.ErrMalformed):
		return fmt.Sprintf("Something other than the API answered, or the API has changed. Check that %s is the right host "+
			"(endpoints.%s, proxies); if it is, report the request id to the authors of hwgate.", failure.Host,
			failure.Service)
	case failure.Status == 0:
		return fmt.Sprintf("Check the way to %s (network, proxy variables, endpoints.%s), then run again.", failure.Host,
			failure.Service)
	default:
		return ""
	}
}

// isUnpublished tells whether a gateway said that it has no such API.
func isUnpublished(failure *client.Error) bool {
	return failure.Code == "APIGW.0101" || failure.Code == "APIG.0101"
}

func missingService(failure *client.Error) string {
	return fmt.Sprintf("The gateway knows no such API at %s: %s is most likely not offered in %s. Correct region, or set %s in the "+
		"provider block.", failure.Host, failure.Service, regionOf(failure), addressSetting(failure.Service))
}

func regionOf(failure *client.Error) string {
	if failure.Region == "" {
		return "this region"
	}
	return "the region " + failure.Region
}

// addressSetting names what replaces the host of a service.
func addressSetting(service client.Service) string {
	if service == client.IAM {
		return "auth_url"
	}
	return "endpoints." + string(service)
}

func projectAdvice(err error) string {
	if failure, ok := client.Cause(err); ok && client.IsUnauthorized(err) {
		return credentialAdvice(failure)
	}
	return "Set project_id, which makes the look-up needless, or let the caller list projects (iam:projects:listProjects)."
}

// logInAdvice says what to do about a log-in, or an assumed role, that was declined.
func logInAdvice(failure *client.Error) string {
	switch {
	case failure.Status == http.StatusUnauthorized && failure.Credential != "":
		// Not the log-in was declined, but the keys that it was signed with.
		return credentialAdvice(failure)
	case failure.Status >= 500 || failure.Status == http.StatusTooManyRequests:
		return "IAM fails at the moment. Run again later, or raise max_retries."
	case failure.Status == http.StatusNotFound:
		return "Check auth_url, the region, and the name of the agency or identity provider."
	case failure.Service == client.STS || strings.HasSuffix(failure.Path, "/securitytokens"):
		return "Check the agency's name and account, its duration, and that the caller may assume it (Agent Operator, or " +
			"sts:agencies:assume); it is not tried again in this run."
	default:
		return "Check user, password, account and project, or the identity provider and its token; the log-in is not tried again in this " +
			"run, because repeated failures lock an account."
	}
}

// credentialAdvice says what to do about a refused credential. The reasons are the gateway's words.
func credentialAdvice(failure *client.Error) string {
	if hint := refusalHint(failure.Message); hint != "" {
		return hint + " The credential is not used again in this run."
	}
	return "The credential was refused and is not used again in this run, because repeated failures lock a key. Check the key, its secret " +
		"and its security token, and this machine's clock (15 minutes off are too many), then run again."
}

// refusalHint explains why a gateway refused a credential; empty when its words do not say.
func refusalHint(message string) string {
	said := strings.ToLower(message)
	switch {
	case strings.Contains(said, "signature expired"):
		return skewHint(message)
	case unknownKey.MatchString(said):
		return "The access key does not exist: it was deleted or is misspelt, it belongs to another site (China, international and " +
			"European accounts are apart), or it is a temporary one that ran out or lacks its security token."
	case strings.Contains(said, "failed to reach the limit"):
		return "The access key is locked, because more than five signatures in a row were wrong. Find what uses it with a wrong secret " +
			"key, correct that, and run again after five minutes."
	case strings.Contains(said, "token must be updated"):
		return "The token has run out. Give a new one, or log in with user_name and password, whose token is renewed."
	default:
		return ""
	}
}

// unknownKey finds the gateway's "ak not exist", which may name the key in the middle.
var unknownKey = regexp.MustCompile(`\bak\b[^,;]*\bnot exist`)

// clocks finds the two times in the gateway's "signature expired".
var clocks = regexp.MustCompile(`signature time:\s*(\d{8}T\d{6}Z),\s*server time:\s*(\d{8}T\d{6}Z)`)

// skewHint says by how much this machine's clock is wrong.
func skewHint(message string) string {
	const layout = "20060102T150405Z"
	const unsaid = "This machine's clock is more than 15 minutes off. Set it right, then run again."
	found := clocks.FindStringSubmatch(message)
	if found == nil {
		return unsaid
	}
	here, err := time.Parse(layout, found[1])
	there, err2 := time.Parse(layout, found[2])
	if err != nil || err2 != nil || here.Equal(there) {
		return unsaid
	}
	side := "behind"
	if here.After(there) {
		side = "ahead of"
	}
	return fmt.Sprintf("A signature counts for 15 minutes, and this machine's clock is %s %s the service's. Set it right, then run again.",
		there.Sub(here).Abs(), side)
}

// answerAdvice says what to do about an answer of the service.
func answerAdvice(service client.Service, failure *client.Error) string {
	switch {
	case client.IsNotFound(failure):
		return fmt.Sprintf("Check the order's id, and that %s is the site of the account that owns it (China, international and "+
			"European accounts have their own: endpoints.coc). For an order that COC has purged set ignore_not_found = true; a blocked "+
			"destroy gets through with -refresh=false.", failure.Host)
	case client.IsUnauthorized(failure):
		return credentialAdvice(failure)
	case client.IsForbidden(failure):
		return permissionAdvice(service)
	case failure.Status == http.StatusNotFound:
		return missingService(failure)
	case failure.Status >= 300 && failure.Status < 400:
		return fmt.Sprintf("Set endpoints.%s to the address that answers by itself.", service)
	case failure.Status == http.StatusProxyAuthRequired:
		return "Give the proxy its user name and password in HTTPS_PROXY."
	case failure.Status == http.StatusTooManyRequests:
		return "The service throttles. Run again later, with fewer reads at a time (-parallelism), or raise max_retries."
	case failure.Status >= 500 && !isStaying(failure):
		return "The service fails at the moment. Run again later, or raise max_retries."
	default:
		return requestAdvice(service, failure)
	}
}

// isStaying names the one HTTP 500 that no waiting mends.
func isStaying(failure *client.Error) bool { return failure.Code == "ROMA.00110002" }

func requestAdvice(service client.Service, failure *client.Error) string {
	switch {
	case slices.Contains([]string{"DLF.0819", "DLF.20819", "DLS.6036"}, failure.Code):
		return "Correct workspace_id, or set it if the project has no default workspace; check project_id and region too."
	case service == client.ROMA && (isStaying(failure) || failure.Code == "ROMA.00110006" || strings.HasSuffix(failure.Code, ".7302") ||
		strings.HasPrefix(failure.Code, "FDI.")):
		return "Check instance_id, and that the instance belongs to this project and region."
	case service == client.COC:
		return "Check the arguments; if the account works with projects, set project_id in the provider block or the data source."
	case service == client.DataArts:
		return "Check the arguments, workspace_id and project_id among them."
	default:
		return "Check the arguments, then run again."
	}
}

func permissionAdvice(service client.Service) string {
	switch service {
	case client.COC:
		return "Grant the caller the permission coc:job:get; if the account works with projects, check project_id too."
	case client.DataArts:
		return "Give the caller a role in DataArts Studio and make it a member of the workspace; check workspace_id too."
	case client.ROMA:
		return "Give the caller the right to read ROMA Connect (ROMA ReadOnlyAccess) in this project."
	case client.IAM, client.STS:
		return "Grant the caller the right that the message names."
	default:
		return "Grant the caller the right to read."
	}
}

// addWarnings tells of informational fields that could not be read, in one warning.
func addWarnings(diags *diag.Diagnostics, what string, warnings []string) {
	const most = 10
	if len(warnings) == 0 {
		return
	}
	more := ""
	if left := len(warnings) - most; left > 0 {
		warnings, more = warnings[:most], fmt.Sprintf(", and %d more", left)
	}
	diags.AddWarning("Unexpected fields in the answer about "+what,
		"Read as null, with no effect on the verdict: "+strings.Join(warnings, "; ")+more+
			". The API may have changed: look for a newer version of hwgate, or report it.")
}

// addDoubts tells, in one warning, what made an outcome unknown.
func addDoubts(diags *diag.Diagnostics, what string, doubts ...string) {
	doubts = slices.DeleteFunc(doubts, func(doubt string) bool { return doubt == "" })
	if len(doubts) > 0 {
		diags.AddWarning("The state of "+what+" is not clear",
			sentence(strings.Join(doubts, "; "))+" It counts as not succeeded. Look at the raw fields, or for a newer version of hwgate.")
	}
}

// sentence begins a Go error's text with a capital and ends it with a period.
func sentence(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + strings.TrimRight(text[1:], ".") + "."
}
