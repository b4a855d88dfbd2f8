package client

import (
	"regexp"
	"slices"
)

// errorBody is an error in an answer.
type errorBody struct {
	code, message, requestID string
	// sign is the member that shows the error.
	sign string
}

// errorNames are names of code and message that only error envelopes have.
var errorNames = [][2]string{{"error_code", "error_msg"}, {"errorCode", "errorMsg"}, {"errCode", "externalMessage"}}

// zeroCode matches codes that mean success, such as COC.00000000.
var zeroCode = regexp.MustCompile(`^(?:[A-Za-z][A-Za-z0-9]*\.)?0+$`)

// errorIn finds the error in an answer: at the top, in the members "error", "errors" or "data", or in the only member. Any sign of an error
// counts, also next to data. A code that means success is no sign unless the status is that of an error.
func errorIn(answer fields, success bool) (found errorBody, ok bool) {
	for _, find := range []func(fields) errorBody{namedError, genericError, errorMember, errorInOnlyMember, errorInData, declaredFailure} {
		next := find(answer)
		switch zero := zeroCode.MatchString(next.code); {
		case next.sign != "" && !zero:
			return next, true
		case next.sign != "" && !success && !ok:
			found, ok = next, true
		}
	}
	return found, ok
}

// namedError reads an envelope with errorNames.
func namedError(f fields) errorBody {
	for _, names := range errorNames {
		found := errorBody{code: deref(f.need().text(names[0])), message: deref(f.text(names[1])), sign: names[0]}
		if found.code != "" || found.message != "" {
			return found
		}
	}
	return errorBody{}
}

// envelopeMembers are the members of envelopes with the names code and message, which data may have too.
var envelopeMembers = []string{"code", "message", "title", "request_id", "details", "encoded_authorization_message"}

// genericError reads an envelope with code and message. Next to members of data it repeats only what is a code for certain.
func genericError(f fields) errorBody {
	code, message := f.text("code"), f.text("message")
	if code == nil || message == nil {
		return errorBody{}
	}
	found := errorBody{code: *code, message: *message, sign: "code"}
	if slices.ContainsFunc(f.children, func(member node) bool { return !slices.Contains(envelopeMembers, string(member.name)) }) {
		found.message = ""
		if !serviceCode.MatchString(*code) && !zeroCode.MatchString(*code) {
			found.code = ""
		}
	}
	return found
}

// errorMember reads the members "error" (IAM) and "errors": an object, a list of objects, or a text.
func errorMember(f fields) errorBody {
	for _, name := range []string{"error", "errors"} {
		member := f.member(name)
		if member == nil {
			continue
		}
		found := errorBody{sign: name}
		first := *member
		if member.raw[0] == '[' && len(member.children) > 0 {
			first = member.children[0]
		}
		switch string(first.raw) {
		case "{":
			object := fields{node: first, findings: f.findings}
			if nested := namedError(object); nested.sign != "" {
				found.code, found.message = nested.code, nested.message
			} else {
				found.code, found.message = deref(object.text("code")), deref(object.text("message"))
			}
			if len(first.children) == 0 {
				continue
			}
		case "[", "false", "0", `""`:
			continue
		default:
			if first.raw[0] == '"' {
				found.message = unquote(first.raw)
			}
		}
		return found
	}
	return errorBody{}
}

// errorInOnlyMember reads envelopes such as {"forbidden":{"code":403,"message":"…"}}.
func errorInOnlyMember(f fields) errorBody {
	if len(f.children) != 1 || string(f.children[0].name) == "data" || f.children[0].raw[0] != '{' {
		return errorBody{}
	}
	only := fields{node: f.children[0], findings: f.findings}
	if found := namedError(only); found.sign != "" {
		return found
	}
	return genericError(only)
}

// errorInData reads an error in the data of COC. It repeats its code only: a message in data may be a log.
func errorInData(f fields) errorBody {
	data := f.member("data")
	if data == nil || data.raw[0] != '{' {
		return errorBody{}
	}
	inner := fields{node: *data, findings: f.findings}
	found := namedError(inner)
	if found.sign == "" {
		found = errorMember(inner)
	}
	found.message = ""
	return found
}

// declaredFailure reads "success": false.
func declaredFailure(f fields) errorBody {
	if success := f.boolean("success"); success != nil && !*success {
		return errorBody{sign: "success"}
	}
	return errorBody{}
}
