package client

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"slices"
)

// Kind classifies an [Error]. It decides whether the client repeats a request, and whether a wait goes on.
type Kind int

// The kinds.
const (
	// Rejected is an error that the same request meets again, such as that of a wrong argument.
	Rejected Kind = iota
	// Throttled means that there were too many requests. The client retries.
	Throttled
	// Transient is a passing fault of a service, a gateway or the network. The client retries.
	Transient
	// Failing is a fault of the service that the client does not retry.
	Failing
	// Malformed is an answer that is not one of the API, or whose content contradicts the API's documentation.
	Malformed
	// Foreign is an answer about another object than the one that was asked for.
	Foreign
	// Unreachable means that host name, certificate, proxy or address have to be corrected first.
	Unreachable
	// Unauthorized is a credential that was refused, now or before.
	Unauthorized
	// Forbidden is a missing permission.
	Forbidden
	// NotFound is an object that does not exist.
	NotFound
	// Unsent means that nothing was sent, since no credential was available.
	Unsent
	// Interrupted means that the context ended.
	Interrupted
)

// Retried reports whether the client repeats the request.
func (k Kind) Retried() bool { return k == Throttled || k == Transient }

// EndsWait reports whether looking again is useless for a wait that has already had an answer. An odd answer is no reason to end it.
func EndsWait(err error) bool {
	switch KindOf(err) {
	case Foreign, Unauthorized, Forbidden, NotFound, Interrupted:
		return true
	case Rejected:
		// What no service answered, such as an argument that cannot be sent, and a declined sign-in, which is not repeated.
		_, sent := Cause(err)
		return !sent || errors.Is(err, ErrNoCredential)
	default:
		return false
	}
}

// Codes that decide the kind, whatever the status, as shortCode returns them. See also refusalCodes.
var (
	throttlingCodes = []string{"APIG.0308"}
	// For an unknown order COC sends this code with the status 400.
	notFoundCodes  = []string{"COC.00040709"}
	forbiddenCodes = []string{"ROMA.1006", "DLF.6888"}
	// transientCodes are those of transient HTTP 500s. Others are permanent, such as ROMA.00110002, "instance does not exist".
	transientCodes = []string{"FDI.9999", "APIG.9999", "APIG.0605", "APIG.0606", "APIG.0705"}
)

// KindOf is the kind of the innermost [Error] of err, or Rejected if there is none.
func KindOf(err error) Kind {
	if e, ok := Cause(err); ok {
		return e.Kind()
	}
	return Rejected
}

// Kind classifies the error by status, code and cause.
func (e *Error) Kind() Kind {
	short := shortCode(e.Code)
	switch {
	case isRefusal(e.Status, e.Code), errors.Is(e.Err, ErrRefusedBefore):
		return Unauthorized
	case e.Status == http.StatusTooManyRequests, slices.Contains(throttlingCodes, short):
		return Throttled
	case slices.Contains(notFoundCodes, short):
		return NotFound
	case errors.Is(e.Err, errOtherObject):
		return Foreign
	case errors.Is(e.Err, ErrMalformed), errors.Is(e.Err, ErrTooLarge), errors.Is(e.Err, ErrUnexpectedStatus):
		return Malformed
	case e.Status == 0:
		return kindWithoutAnswer(e.Err)
	case e.Status == http.StatusForbidden, slices.Contains(forbiddenCodes, short):
		return Forbidden
	default:
		return kindOfStatus(e.Status, e.Code)
	}
}

func kindOfStatus(status int, code string) Kind {
	switch status {
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return Transient
	case http.StatusInternalServerError:
		if code == "" || slices.Contains(transientCodes, shortCode(code)) {
			return Transient
		}
	case http.StatusProxyAuthRequired:
		return Unreachable
	case http.StatusRequestTimeout, http.StatusTooEarly:
		return Malformed
	}
	switch {
	case status >= 500:
		return Failing
	case status >= 400, code != "":
		return Rejected
	default:
		return Malformed
	}
}

func kindWithoutAnswer(err error) Kind {
	proxy, refusedByProxy := errors.AsType[*ProxyError](err)
	switch {
	case errors.Is(err, ErrNoCredential):
		return Unsent
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return Interrupted
	case refusedByProxy && !kindOfStatus(proxy.Status, "").Retried() && proxy.Status != http.StatusTooManyRequests:
		return Unreachable
	case isNameError(err), isTLSError(err), errors.Is(err, ErrHTTPSWanted), errors.As(err, new(*ProxySettingError)):
		return Unreachable
	default:
		return Transient
	}
}

// isNameError reports whether a host name did not resolve. Most likely it is wrong, so a retry does not help.
func isNameError(err error) bool {
	_, ok := errors.AsType[*net.DNSError](err)
	return ok
}

// isTLSError reports whether a TLS handshake failed.
func isTLSError(err error) bool {
	_, certificate := errors.AsType[*tls.CertificateVerificationError](err)
	_, record := errors.AsType[tls.RecordHeaderError](err)
	// crypto/tls reports alerts that it sent or received as a net.OpError.
	alert, ok := errors.AsType[*net.OpError](err)
	return certificate || record || errors.Is(err, http.ErrSchemeMismatch) || (ok && (alert.Op == "remote error" || alert.Op == "local error"))
}
