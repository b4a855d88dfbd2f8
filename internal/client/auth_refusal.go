package client

import (
	"bytes"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
)

// refusalCodes are the codes that say that a credential is not accepted, whatever the HTTP status beside them. Those of the gateway
// stand under its short prefix.
var refusalCodes = map[string]bool{
	"APIG.0301": true, // wrong signature, unknown or locked key, invalid token, a clock that is off
	"APIG.0303": true, // an app's credential
	"APIG.0307": true, // the token has expired
	"APIG.1002": true, // wrong token
	"APIC.7102": true, // wrong token
	"ROMA.1000": true, // no token
	"ROMA.1002": true, // wrong token
}

// isRefusal tells whether an answer says that the credential is not accepted. Such an answer is never asked for again with the same
// credential.
func isRefusal(status int, code string) bool {
	return status == http.StatusUnauthorized || refusalCodes[shortCode(code)]
}

// shortCode gives a code of the gateway one prefix: APIGW.0301 and APIG.0301 mean the same.
func shortCode(code string) string {
	if number, ok := strings.CutPrefix(code, "APIGW."); ok {
		return "APIG." + number
	}
	return code
}

// provingCodes are the gateway's codes that come only after it has accepted the credential: the caller lacks a right. What else
// the gateway says may come before it looks at the credential.
var provingCodes = map[string]bool{"APIG.0302": true, "APIG.0304": true, "APIG.1005": true}

// serviceCode is the form of the codes that services give. IAM's plain numbers are not of it: proxies and firewalls give such too.
var serviceCode = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9]*\.\d{3,}$`)

// examine tells what an answer says about the credential of its request: that it is refused, or, by the service's own JSON, which is its
// data or an error of its own, that it is good. Neither follows from what may have been said without a look at the credential: a page, a
// redirect, an empty body, an error of the gateway or of a proxy.
func examine(status int, body []byte) (refused, good bool) {
	var code string
	if status >= 200 && status < 300 {
		code, good = codeOfSuccess(body)
	} else {
		code = parseErrorBody(body).code
		good = status >= 400 && serviceCode.MatchString(code)
	}
	short := shortCode(code)
	switch {
	case isRefusal(status, code):
		return true, false
	case strings.HasPrefix(short, "APIG."):
		return false, provingCodes[short]
	default:
		return false, good
	}
}

// maxRefusalSize is the size up to which an answer with a success status is searched for an error code. A longer one is data, which is
// not worth decoding twice.
const maxRefusalSize = 64 << 10

// codeOfSuccess reads the error code of an answer with a success status, and tells whether the answer is a JSON object that is not
// empty.
func codeOfSuccess(body []byte) (code string, isObject bool) {
	if len(body) > maxRefusalSize {
		trimmed := bytes.TrimSpace(body)
		return "", bytes.HasPrefix(trimmed, []byte("{")) && bytes.HasSuffix(trimmed, []byte("}"))
	}
	var values map[string]json.RawMessage
	if json.Unmarshal(body, &values) != nil {
		return "", false
	}
	found, _ := errorAtTop(fields{values: values, found: &findings{}})
	return found.code, len(values) > 0
}
