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
	found = worst(
		namedError(answer), genericError(answer), errorMember(answer), errorInOnlyMember(answer), errorInData(answer), declaredFailure(answer),
	)
	if found.sign == "" || success && zeroCode.MatchString(found.code) {
		return errorBody{}, false
	}
	return found, true
}

// worst is the first error whose code does not mean success, or else the first of all.
func worst(list ...errorBody) (found errorBody) {
	for _, next := range list {
		if next.sign != "" && !zeroCode.MatchString(next.code) {
			return next
		}
		if found.sign == "" {
			found = next
		}
	}
	return found
}

// namedError reads an envelope with errorNames.
func namedError(f fields) errorBody {
	var list []errorBody
	for _, names := range errorNames {
		found := errorBody{code: deref(f.need().text(names[0])), message: deref(f.text(names[1])), sign: names[0]}
		if found.code != "" || found.message != "" {
			list = append(list, found)
		}
	}
	return worst(list...)
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
	var list []errorBody
	for _, name := range []string{"error", "errors"} {
		member := f.member(name)
		if member == nil || !isFilled(*member) {
			continue
		}
		first := *member
		for first.raw[0] == '[' {
			first = first.children[slices.IndexFunc(first.children, isFilled)]
		}
		found := errorBody{sign: name}
		switch first.raw[0] {
		case '{':
			object := fields{node: first, findings: f.findings}
			if nested := namedError(object); nested.sign != "" {
				found.code, found.message = nested.code, nested.message
			} else {
				found.code, found.message = deref(object.text("code")), deref(object.text("message"))
			}
		case '"':
			found.message = unquote(first.raw)
		}
		list = append(list, found)
	}
	return worst(list...)
}

// isFilled reports whether a value can be an error.
func isFilled(value node) bool {
	switch string(value.raw) {
	case "{":
		return len(value.children) > 0
	case "[":
		return slices.ContainsFunc(value.children, isFilled)
	default:
		return !slices.Contains([]string{"false", "0", `""`}, string(value.raw))
	}
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
