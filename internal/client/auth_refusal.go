package client

import (
	"net/http"
	"regexp"
	"strings"
	"time"
)

// refusalCodes are the codes that refuse a credential, whatever the HTTP status. Codes of the gateway have its short prefix.
var refusalCodes = map[string]bool{
	"APIG.0301": true, // wrong signature, unknown or locked key, invalid token, wrong clock
	"APIG.0303": true, // wrong credential of an app
	"APIG.0307": true, // expired token
	"APIG.1002": true, // wrong token
	"APIC.7102": true, // wrong token
	"ROMA.1000": true, // no token
	"ROMA.1002": true, // wrong token
}

// isRefusal reports whether an answer refuses the credential, which is then never sent again.
func isRefusal(status int, code string) bool {
	return status == http.StatusUnauthorized || refusalCodes[shortCode(code)]
}

// shortCode replaces the prefix APIGW of gateway codes by APIG, which means the same.
func shortCode(code string) string {
	if number, ok := strings.CutPrefix(code, "APIGW."); ok {
		return "APIG." + number
	}
	return code
}

// Refusal is the reason for which a gateway refused a credential.
type Refusal int

// The reasons. The zero value is one that the answer does not name.
const (
	UnnamedRefusal Refusal = iota
	WrongClock
	UnknownKey
	LockedKey
	ExpiredToken
)

var (
	unknownKey = regexp.MustCompile(`\bak\b[^,;]*\bnot exist`)
	clocks     = regexp.MustCompile(`signature time:\s*(\d{8}T\d{6}Z),\s*server time:\s*(\d{8}T\d{6}Z)`)
)

// Refusal returns the reason that the message of a refused credential names: all of them have the same code.
func (e *Error) Refusal() Refusal {
	lower := strings.ToLower(e.Message)
	switch {
	case strings.Contains(lower, "signature expired"):
		return WrongClock
	case unknownKey.MatchString(lower):
		return UnknownKey
	case strings.Contains(lower, "failed to reach the limit"):
		return LockedKey
	case strings.Contains(lower, "token must be updated"):
		return ExpiredToken
	default:
		return UnnamedRefusal
	}
}

// ClockSkew returns how far this machine's clock is ahead of the service's, as the message of a [WrongClock] says; 0 if it does not.
func (e *Error) ClockSkew() time.Duration {
	found := clocks.FindStringSubmatch(e.Message)
	if found == nil {
		return 0
	}
	local, localErr := time.Parse(signDateFormat, found[1])
	remote, remoteErr := time.Parse(signDateFormat, found[2])
	if localErr != nil || remoteErr != nil {
		return 0
	}
	return local.Sub(remote)
}

// provingCodes are the gateway's codes for a missing permission, which it checks after the credential, unlike most of its other codes.
var provingCodes = map[string]bool{"APIG.0302": true, "APIG.0304": true, "APIG.1005": true}

// serviceCode matches codes of services. It excludes IAM's plain numbers, since proxies and firewalls send such codes too.
var serviceCode = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9]*\.\d{3,}$`)

// examine reports whether an answer refuses the credential of its request, or proves it, as data and errors of the service do.
// Answers that may precede the check of the credential do neither: pages, redirects, empty bodies, errors of gateways and proxies,
// and answers of caches.
func examine(got reply) (refuses, proves bool) {
	code := got.envelope.code
	short := shortCode(code)
	switch {
	case isRefusal(got.status, code):
		return true, false
	case strings.HasPrefix(short, "APIG."):
		return false, provingCodes[short]
	case got.isStale():
		return false, false
	case got.status >= 200 && got.status < 300:
		return false, len(got.answer.children) > 0
	default:
		return false, got.status >= 400 && serviceCode.MatchString(code)
	}
}
