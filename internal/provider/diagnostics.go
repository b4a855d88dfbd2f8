package provider

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/hwgate/terraform-provider-hwgate/internal/client"
	"github.com/hwgate/terraform-provider-hwgate/internal/text"
)

// addReadError turns the failure of a read into a diagnostic. The summary names what could not be read, so that the diagnostics
// of one for_each can be told apart; the detail says what was asked, what came back and, last, what to do.
func addReadError(diags *diag.Diagnostics, what string, service client.Service, err error, how reading) {
	summary := "Cannot read " + what
	if errors.Is(err, context.Canceled) {
		diags.AddError(summary, "The read was canceled before it ended. Run it again.")
		return
	}
	detail := whatHappened(err)
	if errors.Is(err, client.ErrNotSet) {
		detail += " Set region in the provider block or the " + how.form + ", or the environment variable " + anyOf("region") + "."
	}
	if hint := advice(service, err, how); hint != "" {
		detail += "\n\n" + hint
	}
	if setting, ok := errors.AsType[*settingError](err); ok && (setting.argument == "region" || setting.argument == "project_id") {
		diags.AddAttributeError(path.Root(setting.argument), summary, detail)
		return
	}
	diags.AddError(summary, detail)
}

// whatHappened names the request, where one was sent, what came back and with which credential.
func whatHappened(err error) string {
	if setting, ok := errors.AsType[*settingError](err); ok {
		return text.Sentence(setting.text)
	}
	failure, ok := client.Cause(err)
	if !ok {
		return text.Sentence(err.Error())
	}
	if refused, ok := errors.AsType[*client.RefusedError](err); ok {
		return text.Sentence(refused.Error())
	}
	if turn, ok := errors.AsType[*client.TurnError](err); ok {
		return text.Sentence(turn.Error())
	}
	said := err.Error()
	if errors.Is(err, client.ErrNoCredential) {
		// The request of the read was not sent, so only that of the sign-in is named.
		outermost, _ := errors.AsType[*client.Error](err)
		said = strings.TrimPrefix(outermost.Err.Error(), client.ErrNoCredential.Error()+": ")
	}
	said = text.Sentence(said)
	if failure.Credential != "" && client.IsUnauthorized(failure) {
		said += " Authenticated with " + failure.Credential + "."
	}
	return said
}

// advice says what to do about the failure of a read; empty when the failure itself does. The cases are in the order in which a
// request makes its way: settings, credential, network, sign-in, answer.
func advice(service client.Service, err error, how reading) string {
	failure, sent := client.Cause(err)
	if hint := beforeAdvice(err, failure, how); hint != "" {
		return hint
	}
	if errors.As(err, new(*settingError)) {
		return ""
	}
	if !sent {
		return "Run again. If it stays so, the API may have changed: look for a newer version of hwgate, or report it."
	}
	if hint := networkAdvice(failure); hint != "" {
		return hint
	}
	if errors.As(err, new(*client.ProjectError)) {
		return projectAdvice(failure)
	}
	if failure.Service == client.IAM || failure.Service == client.STS {
		return signInAdvice(failure)
	}
	return answerAdvice(service, failure, how)
}

// beforeAdvice is for what ended a read without, or apart from, an answer: a setting, the time, a credential that is not available.
func beforeAdvice(err error, failure *client.Error, how reading) string {
	pause, turn, refused, project := new(*client.PauseError), new(*client.TurnError), new(*client.RefusedError), new(*client.ProjectError)
	switch {
	case errors.As(err, pause):
		return "Raise " + how.timeout + " beyond the pause that the service asks for, or try again later."
	case errors.As(err, turn):
		return fmt.Sprintf("Find out why there is no answer from %s, or raise %s.", strings.Join((*turn).Hosts, " and "), how.timeout)
	case errors.Is(err, context.DeadlineExceeded):
		return "The time of " + how.timeout + " is over. Raise it, or find out why the service does not answer."
	case errors.As(err, refused):
		first := (*refused).First
		return fmt.Sprintf("Correct the error of %s %s%s first.", first.Method, first.Host, first.Path)
	case failure != nil && errors.Is(failure.Err, client.ErrNoCredential) && how.always:
		return "Then run again."
	case failure != nil && errors.Is(failure.Err, client.ErrNoCredential):
		return "Then run again; terraform destroy -refresh=false works without credentials."
	case errors.As(err, project) && (*project).Err == nil:
		return "Set project_id in the provider block or the " + how.form + ", or correct project_name or region."
	default:
		return ""
	}
}

// networkAdvice says what to do when no answer came from the service itself.
func networkAdvice(failure *client.Error) string {
	host, setting := failure.Host, addressSetting(failure.Service)
	switch name, way := new(*net.DNSError), new(*net.OpError); {
	case errors.As(failure.Err, way) && (*way).Op == "proxyconnect":
		return fmt.Sprintf("The proxy cannot be reached, so nothing was sent to %s. Correct HTTPS_PROXY (HTTP_PROXY for http://), or name "+
			"the host in NO_PROXY.", host)
	case errors.As(failure.Err, new(*client.ProxyError)):
		return fmt.Sprintf("The proxy does not let this machine through to %s. Give user name and password in HTTPS_PROXY where it wants "+
			"them (407), have it allow the host, or name the host in NO_PROXY.", host)
	case errors.As(failure.Err, name):
		return fmt.Sprintf("The name %s cannot be resolved here. Check DNS, network and proxy (HTTPS_PROXY) of this machine first. %s",
			host, hostAdvice(failure, "If they are well, "))
	case isTLS(failure.Err):
		return certificateAdvice(failure)
	case errors.Is(failure.Err, http.ErrSchemeMismatch):
		return fmt.Sprintf("%s, or a proxy in front of it, speaks plain HTTP where HTTPS is expected. Check the proxy (HTTPS_PROXY) and the "+
			"port of %s; write http:// there only if the service has no HTTPS.", host, setting)
	case errors.Is(failure.Err, client.ErrTooLarge), errors.Is(failure.Err, client.ErrMalformed),
		errors.Is(failure.Err, client.ErrUnexpectedStatus):
		return fmt.Sprintf("Something other than the API answered, or the API has changed. Check that %s is the right host (%s, "+
			"proxies); if it is, report the request id to the authors of hwgate.", host, setting)
	case failure.Status == 0:
		return fmt.Sprintf("Check the way to %s (network, proxy variables, %s), then run again.", host, setting)
	case failure.Status == http.StatusProxyAuthRequired:
		return "Give the proxy its user name and password in HTTPS_PROXY."
	case failure.Status == http.StatusBadRequest && failure.Code == "" && failure.Scheme == "http":
		// Servers answer so to plain HTTP on the port for HTTPS.
		return fmt.Sprintf("The request went out in plain HTTP, and the port seems to speak HTTPS. Begin the address in %s with https://.",
			setting)
	case failure.Status >= 300 && failure.Status < 400:
		return fmt.Sprintf("Set %s to the address that answers by itself.", setting)
	case client.IsNotFound(failure), client.IsWorkspaceMissing(failure), client.IsInstanceMissing(failure):
		return "" // The service itself answered, whatever the status.
	case client.IsUnpublished(failure),
		failure.Status == http.StatusNotFound && failure.Service != client.IAM && failure.Service != client.STS:
		return fmt.Sprintf("The gateway knows no such API at %s. %s", host, hostAdvice(failure, ""))
	default:
		return ""
	}
}

// hostAdvice says which setting gives another host.
func hostAdvice(failure *client.Error, condition string) string {
	setting := addressSetting(failure.Service)
	advice := fmt.Sprintf("%s is most likely not offered in %s: correct region or cloud, or set %s in the provider block.",
		failure.Service.Name(), regionOf(failure), setting)
	if failure.Service == client.COC {
		advice = fmt.Sprintf("the host of COC follows the site of the account, not the region: correct cloud, or set %s in the provider block.",
			setting)
	}
	if condition == "" {
		return text.Sentence(advice)
	}
	return condition + advice
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

// isTLS tells whether the certificate was the fault.
func isTLS(err error) bool {
	return errors.As(err, new(*tls.CertificateVerificationError)) || errors.As(err, new(x509.HostnameError)) ||
		errors.As(err, new(x509.UnknownAuthorityError)) || errors.As(err, new(x509.CertificateInvalidError))
}

// certificateAdvice tells the faults of a certificate apart: another authority mends only one of them.
func certificateAdvice(failure *client.Error) string {
	setting := addressSetting(failure.Service)
	switch invalid := new(x509.CertificateInvalidError); {
	case errors.As(failure.Err, new(x509.HostnameError)):
		return fmt.Sprintf("Another server answers in place of %s, so cacert_file does not help. Correct %s or cloud, or find out where "+
			"DNS and proxy lead.", failure.Host, setting)
	case errors.As(failure.Err, invalid) && invalid.Reason == x509.Expired:
		return fmt.Sprintf("Set this machine's clock right if it is wrong. Else the certificate of %s has to be renewed by who runs it.",
			failure.Host)
	default:
		return "The certificate of the host is not trusted here. Name the authority that signed it in cacert_file."
	}
}

func projectAdvice(failure *client.Error) string {
	switch {
	case client.IsUnauthorized(failure):
		return credentialAdvice(failure)
	case failure.Status >= 500 || failure.Status == http.StatusTooManyRequests:
		return faultAdvice(failure)
	default:
		return "Set project_id, so that no look-up is needed, or let the caller list projects (iam:projects:listProjects)."
	}
}

// signInAdvice says what to do about a sign-in, or an assumed role, that was declined.
func signInAdvice(failure *client.Error) string {
	switch {
	case client.IsUnauthorized(failure) && failure.Credential != "":
		// Not the sign-in was declined, but the keys that it was signed with.
		return credentialAdvice(failure)
	case failure.Status >= 500 || failure.Status == http.StatusTooManyRequests:
		return faultAdvice(failure)
	case failure.Status == http.StatusNotFound:
		return fmt.Sprintf("Check %s, the region, and the name of the agency or identity provider.", addressSetting(failure.Service))
	case failure.Service == client.STS || strings.HasSuffix(failure.Path, "/securitytokens"):
		return "Check the agency's name and account, its duration, and that the caller may assume it (Agent Operator, or " +
			"sts:agencies:assume); it is not tried again in this run."
	case strings.Contains(failure.Path, "/OS-AUTH/id-token/"):
		return "Check idp_id, and that the identity provider accepts the token: its issuer, audience and age. The sign-in is not tried again " +
			"in this run."
	default:
		return "Check user, password, account and project; the sign-in is not tried again in this run, because repeated failures lock an account."
	}
}

// faultAdvice is for throttling and for faults on the service's side.
func faultAdvice(failure *client.Error) string {
	switch {
	case failure.Status == http.StatusTooManyRequests:
		return "The service throttles. Run again later, with fewer reads at a time (-parallelism), or raise max_retries."
	case client.IsRetried(failure):
		return fmt.Sprintf("%s fails at the moment. Run again later, or raise max_retries.", failure.Service.Name())
	case failure.RequestID == "":
		return "This code is not retried. Give it to the vendor's support, with the time and the path of the request."
	default:
		return fmt.Sprintf("This code is not retried. Give the request id %s to the vendor's support.", failure.RequestID)
	}
}

// credentialAdvice says what to do about a refused credential. The reasons are the gateway's words.
func credentialAdvice(failure *client.Error) string {
	if hint := refusalHint(failure.Message); hint != "" {
		return hint + " The credential is not used again in this run."
	}
	switch {
	case strings.HasPrefix(failure.Credential, "token"):
		return "The token was refused and is not used again in this run. It may have expired, been revoked, or belong to another site, " +
			"region or project: give a new one."
	case strings.HasPrefix(failure.Credential, "temporary"):
		return "The credential was refused and is not used again in this run, because repeated failures lock a key. Check that key, secret and " +
			"security token belong together and have not expired, and this machine's clock (15 minutes off are too many), then run again."
	default:
		return "The credential was refused and is not used again in this run, because repeated failures lock a key. Check the key, its secret " +
			"and this machine's clock (15 minutes off are too many); a temporary key needs its security token too. Then run again."
	}
}

// refusalHint explains why a gateway refused a credential; empty when its words do not say.
func refusalHint(message string) string {
	said := strings.ToLower(message)
	switch {
	case strings.Contains(said, "signature expired"):
		return skewHint(message)
	case unknownKey.MatchString(said):
		return "The access key does not exist: it was deleted or is misspelt, it belongs to another site (China, international and " +
			"European accounts are apart), or it is a temporary one that has expired or lacks its security token."
	case strings.Contains(said, "failed to reach the limit"):
		return "The access key is locked, because more than five signatures in a row were wrong. Find what uses it with a wrong secret " +
			"key, correct that, and run again after five minutes."
	case strings.Contains(said, "token must be updated"):
		return "The token has expired. Give a new one, or sign in with user_name and password, whose token is renewed."
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
func answerAdvice(service client.Service, failure *client.Error, how reading) string {
	switch {
	case client.IsNotFound(failure):
		hint := fmt.Sprintf("Check the order's id, and that %s is the site of the account that owns it (China, international and "+
			"European accounts have their own: endpoints.coc).", failure.Host)
		if !how.always {
			hint += " For an order that COC has purged set ignore_not_found = true; a blocked destroy gets through with -refresh=false."
		}
		return hint
	case client.IsUnauthorized(failure):
		return credentialAdvice(failure)
	case client.IsForbidden(failure) && failure.Code == "":
		return foreignAdvice(service, failure) + " If it was the API, grant the caller " + service.Right() + "."
	case client.IsForbidden(failure):
		return permissionAdvice(service)
	case client.IsWorkspaceMissing(failure):
		return "Correct workspace_id, or set it if the project has no default workspace; check project_id and region too."
	case client.IsInstanceMissing(failure):
		return "Check instance_id, and that the instance belongs to this project and region."
	case failure.Status >= 500 || failure.Status == http.StatusTooManyRequests:
		return faultAdvice(failure)
	case failure.Code == "":
		return foreignAdvice(service, failure)
	case service == client.COC:
		return "Check the arguments; if the account works with projects, set project_id in the provider block or the " + how.form + "."
	case service == client.DataArts:
		return "Check the arguments, workspace_id and project_id among them."
	default:
		return "Check the arguments, then run again."
	}
}

// foreignAdvice is for an answer without a code, which every error of the API has: a firewall's page, for one.
func foreignAdvice(service client.Service, failure *client.Error) string {
	return fmt.Sprintf("This is not how the API words an error: something else may have answered. Check that %s is the right host (%s), and "+
		"the proxy.", failure.Host, addressSetting(service))
}

// permissionAdvice says what to give to a caller who lacks a right.
func permissionAdvice(service client.Service) string {
	advice := "Grant the caller " + service.Right()
	switch service {
	case client.COC:
		return advice + "; if the account works with projects, check project_id too."
	case client.DataArts:
		return advice + "; check workspace_id too."
	default:
		return advice + "."
	}
}
