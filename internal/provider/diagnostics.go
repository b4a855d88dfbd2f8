package provider

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/hwgate/terraform-provider-hwgate/internal/client"
	"github.com/hwgate/terraform-provider-hwgate/internal/gate"
	"github.com/hwgate/terraform-provider-hwgate/internal/text"
)

const canceledDetail = "The read was canceled before it ended. Run it again."

// addReadError adds the error of a failed read. The summary names the object, to distinguish the errors of one for_each; the detail says
// what was asked, what came back and what to do.
func (f *form) addReadError(object string, err error, diags *diag.Diagnostics) {
	summary := "Cannot read " + object
	if errors.Is(err, context.Canceled) {
		diags.AddError(summary, canceledDetail)
		return
	}
	detail := whatHappened(err)
	if errors.Is(err, client.ErrNotSet) {
		detail += " Set region in the provider block or the " + f.kind + ", or the environment variable " + variablesOf("region") + "."
	}
	if hint := joinSentences(f.advice(err), f.destroyAdvice()); hint != "" {
		detail += "\n\n" + hint
	}
	if setting, ok := errors.AsType[*settingError](err); ok && slices.Contains([]string{"region", "project_id", "since"}, setting.argument) {
		diags.AddAttributeError(path.Root(setting.argument), summary, detail)
		return
	}
	diags.AddError(summary, detail)
}

// destroyAdvice is the way out of a destroy that a read blocks. Terraform invokes no action when it destroys.
func (f *form) destroyAdvice() string {
	if f.alwaysWaits {
		return ""
	}
	return "If this blocks a destroy, run it with -refresh=false."
}

func joinSentences(sentences ...string) string {
	return strings.Join(slices.DeleteFunc(sentences, func(sentence string) bool { return sentence == "" }), " ")
}

// whatHappened describes a failure: the request if one was sent, the answer and the credential.
func whatHappened(err error) string {
	if setting, ok := errors.AsType[*settingError](err); ok {
		return text.Sentence(setting.text)
	}
	// Name only the innermost sign-in: nothing that needs its credential was sent.
	for missing := (*client.NoCredentialError)(nil); errors.As(err, &missing); err = missing.Reason {
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
	message := text.Sentence(err.Error())
	if failure.Credential != "" && client.IsUnauthorized(failure) {
		message += " Authenticated with " + failure.Credential + "."
	}
	return message
}

// advice says what to do about a failed read; it is empty if the error says so itself. The order of the cases is that of the stages of a
// read: settings, credential, network, sign-in, answer.
func (f *form) advice(err error) string {
	failure, sent := client.Cause(err)
	if hint := f.unansweredAdvice(err, failure); hint != "" {
		return hint
	}
	if errors.As(err, new(*settingError)) {
		return ""
	}
	if !sent {
		return "Run again. If the error persists, the API may have changed: look for a newer version of hwgate, or report it."
	}
	if hint := networkAdvice(failure); hint != "" {
		return hint
	}
	if errors.As(err, new(*client.ProjectError)) {
		return projectAdvice(failure)
	}
	if failure.Step != client.Read {
		return signInAdvice(failure)
	}
	return f.answerAdvice(failure)
}

// unansweredAdvice is for reads that ended for another reason than an answer: a timeout, no credential, no project.
func (f *form) unansweredAdvice(err error, failure *client.Error) string {
	var (
		turn    *client.TurnError
		refused *client.RefusedError
		project *client.ProjectError
	)
	switch {
	case errors.As(err, new(*client.PauseError)):
		return "Raise " + f.timeoutName() + " beyond the pause that the service asks for, or try again later."
	case errors.As(err, &turn):
		return fmt.Sprintf("Find out why there is no answer from %s, or raise %s.", strings.Join(turn.Hosts, " and "), f.timeoutName())
	case errors.Is(err, context.DeadlineExceeded):
		return "The read exceeded " + f.timeoutName() + ". Raise it, or find out why the service does not answer."
	case errors.As(err, new(*gate.GoneError)):
		return "Id and site are correct, since the order was read in this wait: find out who removed it, and how it ended." + f.purgedAdvice()
	case errors.As(err, &refused):
		first := refused.First
		return fmt.Sprintf("Correct the error of %s %s%s first.", first.Method, first.Host, first.Path)
	case failure != nil && errors.Is(failure.Err, client.ErrNoCredential):
		return "Then run again."
	case errors.As(err, &project) && project.Err == nil:
		return "Set project_id in the provider block or the " + f.kind + ", or correct project_name or region."
	default:
		return ""
	}
}

// networkAdvice is for failures without an answer of the service itself.
func networkAdvice(failure *client.Error) string {
	host, setting := failure.Host, addressSetting(failure.Service)
	operation, ok := errors.AsType[*net.OpError](failure.Err)
	toProxy := ok && operation.Op == "proxyconnect"
	switch {
	case toProxy && isCertificateError(failure.Err):
		return "The certificate of the proxy is not trusted here. Correct HTTPS_PROXY, or name the authority that signed it in cacert_file."
	case toProxy:
		return fmt.Sprintf("The proxy cannot be reached, so nothing was sent to %s. Correct HTTPS_PROXY (HTTP_PROXY for http://), or name "+
			"the host in NO_PROXY.", host)
	case errors.As(failure.Err, new(*client.ProxyError)):
		return fmt.Sprintf("The proxy does not let this machine through to %s. Give user name and password in HTTPS_PROXY where it requires "+
			"them (407), have it allow the host, or name the host in NO_PROXY.", host)
	case errors.As(failure.Err, new(*net.DNSError)):
		return fmt.Sprintf("The name %s cannot be resolved here. Check DNS, network and proxy (HTTPS_PROXY) of this machine first. If they "+
			"are correct, %s", host, hostAdvice(failure))
	case isCertificateError(failure.Err):
		return certificateAdvice(failure)
	case errors.Is(failure.Err, http.ErrSchemeMismatch):
		return fmt.Sprintf("%s, or a proxy in front of it, speaks plain HTTP where HTTPS is expected. Check the proxy (HTTPS_PROXY) and the "+
			"port of %s; write http:// there only if the service has no HTTPS.", host, setting)
	case errors.Is(failure.Err, client.ErrHTTPSWanted):
		return fmt.Sprintf("The request went out in plain HTTP, and the port seems to speak HTTPS. Begin the address in %s with https://.", setting)
	case errors.Is(failure.Err, client.ErrHeaderTooLarge):
		return fmt.Sprintf("A token in the header can be too large for %s or a proxy in front of it: use an access key in place of a token.", host)
	case errors.As(failure.Err, new(*client.ProxySettingError)):
		return fmt.Sprintf("Correct that variable, or name the host %s in NO_PROXY if it is reached without a proxy.", host)
	case errors.Is(failure.Err, client.ErrTooLarge), errors.Is(failure.Err, client.ErrMalformed),
		errors.Is(failure.Err, client.ErrUnexpectedStatus):
		return fmt.Sprintf("Something other than the API answered, or the API has changed. Check that %s is the right host (%s, "+
			"proxies); if it is, report the request id to the authors of hwgate.", host, setting)
	case failure.Status == 0:
		return fmt.Sprintf("Check the connection to %s (network, proxy variables, %s), then run again.", host, setting)
	case failure.Status == http.StatusProxyAuthRequired:
		return "Give the proxy its user name and password in HTTPS_PROXY (HTTP_PROXY for http://)."
	case failure.Status >= 300 && failure.Status < 400:
		return fmt.Sprintf("Set %s to the address that answers without a redirect.", setting)
	case client.IsUnpublished(failure),
		failure.Status == http.StatusNotFound && !failure.HasServiceCode() && failure.Service != client.IAM && failure.Service != client.STS:
		return fmt.Sprintf("The gateway knows no such API at %s. %s", host, text.Sentence(hostAdvice(failure)))
	default:
		return ""
	}
}

// hostAdvice names the setting that changes the host.
func hostAdvice(failure *client.Error) string {
	setting := addressSetting(failure.Service)
	if failure.Service == client.COC {
		return fmt.Sprintf("the host of COC follows the site of the account, not the region: correct cloud, or set %s in the provider block.",
			setting)
	}
	region := "this region"
	if failure.Region != "" {
		region = "the region " + failure.Region
	}
	return fmt.Sprintf("%s is most likely not offered in %s: correct region or cloud, or set %s in the provider block.",
		failure.Service.Name(), region, setting)
}

// addressSetting names the argument that replaces the host of a service.
func addressSetting(service client.Service) string {
	if service == client.IAM {
		return "auth_url"
	}
	return "endpoints." + string(service)
}

func isCertificateError(err error) bool {
	return errors.As(err, new(*tls.CertificateVerificationError)) || errors.As(err, new(x509.HostnameError)) ||
		errors.As(err, new(x509.UnknownAuthorityError)) || errors.As(err, new(x509.CertificateInvalidError))
}

// certificateAdvice recommends another authority only where that helps.
func certificateAdvice(failure *client.Error) string {
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(failure.Err, new(x509.HostnameError)):
		return fmt.Sprintf("Another server answers in place of %s, so cacert_file does not help. Correct %s or cloud, or find out where "+
			"DNS and proxy lead.", failure.Host, addressSetting(failure.Service))
	case errors.As(failure.Err, &invalid) && invalid.Reason == x509.Expired:
		return fmt.Sprintf("Correct this machine's clock if it is wrong. Otherwise the operator of %s has to renew its certificate.",
			failure.Host)
	default:
		return "The certificate of the host is not trusted here. Name the authority that signed it in cacert_file."
	}
}

func projectAdvice(failure *client.Error) string {
	switch {
	case client.IsUnauthorized(failure):
		return credentialAdvice(failure)
	case isFault(failure):
		return faultAdvice(failure)
	default:
		return "Set project_id, so that no look-up is needed, or let the caller list projects (iam:projects:listProjects)."
	}
}

// signInAdvice is for a sign-in or an assumed role that was refused.
func signInAdvice(failure *client.Error) string {
	switch {
	case client.IsUnauthorized(failure) && failure.Credential != "":
		// What was refused are the keys that the request was signed with.
		return credentialAdvice(failure)
	case isFault(failure):
		return faultAdvice(failure)
	case failure.Status == http.StatusNotFound:
		return fmt.Sprintf("Check %s, the region, and the name of the agency or identity provider.", addressSetting(failure.Service))
	case failure.Step == client.AssumeRole:
		return "Check the agency's name and account, its duration, and that the caller may assume it (Agent Operator, or " +
			"sts:agencies:assume); it is not tried again in this run."
	case failure.Step == client.RequestKeys:
		return "IAM accepted the identity token, but issues no keys for it. Check what the rules of the identity provider (idp_id) permit, and " +
			"duration; it is not tried again in this run."
	case failure.Step == client.ExchangeIdentity:
		return "Check idp_id, and that the identity provider accepts the token: its issuer, audience and age. The sign-in is not tried again " +
			"in this run."
	default:
		return "Check user, password, account and project; the sign-in is not tried again in this run, because repeated failures lock an account."
	}
}

func isFault(failure *client.Error) bool {
	kind := failure.Kind()
	return failure.Status != 0 && (kind.Retried() || kind == client.Failing)
}

// faultAdvice is for throttling and server errors.
func faultAdvice(failure *client.Error) string {
	switch {
	case failure.Kind() == client.Throttled:
		return "The service throttles. Run again later, with fewer reads at a time (-parallelism), or raise max_retries."
	case failure.Kind().Retried():
		return fmt.Sprintf("%s is failing at the moment. Run again later, or raise max_retries.", failure.Service.Name())
	case failure.RequestID == "":
		return "This code is not retried. Give it to the vendor's support, with the time and the path of the request."
	default:
		return fmt.Sprintf("This code is not retried. Give the request id %s to the vendor's support.", failure.RequestID)
	}
}

// credentialAdvice is for a refused credential.
func credentialAdvice(failure *client.Error) string {
	if hint := refusalHint(failure); hint != "" {
		return hint + " The credential is not used again in this run."
	}
	switch failure.CredentialKind {
	case client.Token:
		return "The token was refused and is not used again in this run. It may have expired, been revoked, or belong to another site, " +
			"region or project: give a new one."
	case client.TemporaryKey:
		return "The credential was refused and is not used again in this run, because repeated failures lock a key. Check that key, secret and " +
			"security token belong together and have not expired, and this machine's clock (15 minutes off are too many), then run again."
	default:
		return "The credential was refused and is not used again in this run, because repeated failures lock a key. Check the key, its secret " +
			"and this machine's clock (15 minutes off are too many); a temporary key needs its security token too. Then run again."
	}
}

// refusalHint explains why a gateway refused a credential; it is empty if the answer does not say.
func refusalHint(failure *client.Error) string {
	switch failure.Refusal() {
	case client.WrongClock:
		return skewHint(failure.ClockSkew())
	case client.UnknownKey:
		return "The access key does not exist: it was deleted or is misspelt, it belongs to another site (China, international and " +
			"European accounts are apart), or it is a temporary one that has expired or lacks its security token."
	case client.LockedKey:
		return "The access key is locked, because more than five signatures in a row were wrong. Find what uses it with a wrong secret " +
			"key, correct that, and run again after five minutes."
	case client.ExpiredToken:
		return "The token has expired. Give a new one, or sign in with user_name and password, whose token is renewed."
	default:
		return ""
	}
}

// skewHint says how far this machine's clock is ahead of the service's; 0 means that this is not known.
func skewHint(ahead time.Duration) string {
	relation := "behind"
	switch {
	case ahead == 0:
		return "This machine's clock is more than 15 minutes off. Correct it, then run again."
	case ahead > 0:
		relation = "ahead of"
	}
	return fmt.Sprintf("A signature is valid for 15 minutes, and this machine's clock is %s %s the service's. Correct it, then run again.",
		ahead.Abs(), relation)
}

// answerAdvice is for errors that the service reports.
func (f *form) answerAdvice(failure *client.Error) string {
	switch {
	case client.IsNotFound(failure):
		return fmt.Sprintf("Check the order's id%s, and that %s is the site of the account that owns it (China, international and "+
			"European accounts have their own: endpoints.coc).", orderIDHint(failure), failure.Host) + f.purgedAdvice()
	case client.IsUnauthorized(failure):
		return credentialAdvice(failure)
	case client.IsForbidden(failure) && failure.Code == "":
		return foreignAdvice(failure) + " If it was the API, grant the caller " + f.service.Permission() + "."
	case client.IsForbidden(failure):
		return permissionAdvice(f.service)
	case client.IsWorkspaceMissing(failure):
		return "Correct workspace_id, or set it if the project has no default workspace; check project_id and region too."
	case client.IsWorkspaceRequired(failure):
		return "Set workspace_id: this project has no default workspace."
	case client.IsJobMissing(failure):
		return "Check job_name, upper and lower case too, and that workspace_id is the workspace of the job."
	case client.IsInstanceMissing(failure):
		return "Check instance_id, and that the instance belongs to this project and region."
	case isFault(failure):
		return faultAdvice(failure)
	case failure.Code == "":
		return foreignAdvice(failure)
	case failure.Service == client.COC:
		return "Check the arguments" + orderIDHint(failure) + "; if the account works with projects, set project_id in the provider block or the " +
			f.kind + "."
	case f.service == client.DataArts:
		return "Check the arguments, workspace_id and project_id among them."
	default:
		return "Check the arguments, then run again."
	}
}

// purgedAdvice is for an order that COC does not know.
func (f *form) purgedAdvice() string {
	if f.alwaysWaits {
		return ""
	}
	return " For an order that COC has purged set ignore_not_found = true."
}

// orderIDHint names an id that cannot be that of a script order; it is empty if it may be.
func orderIDHint(failure *client.Error) string {
	id := failure.OrderID()
	if id == "" || strings.HasPrefix(id, "SCT") {
		return ""
	}
	return fmt.Sprintf(" (ids of script orders begin with SCT, and %s does not: it may be that of a script or a job)", quoted(id))
}

// foreignAdvice is for an answer without an error code, which may come from something else, such as a firewall.
func foreignAdvice(failure *client.Error) string {
	return fmt.Sprintf("This is not how the API words an error: something else may have answered. Check that %s is the right host (%s), and "+
		"the proxy.", failure.Host, addressSetting(failure.Service))
}

func permissionAdvice(service client.Service) string {
	advice := "Grant the caller " + service.Permission()
	switch service {
	case client.COC:
		return advice + "; if the account works with projects, check project_id too."
	case client.DataArts:
		return advice + "; check workspace_id too."
	default:
		return advice + "."
	}
}
