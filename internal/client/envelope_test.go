package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
)

// envelopes are errors of services, gateways and libraries.
var envelopes = []struct {
	members, code, message string
	// alone says that the envelope is one only if it has no further member.
	alone bool
}{
	{`"error_code":"X.1001","error_msg":"no"`, "X.1001", "no", false},
	{`"error_msg":"no"`, "", "no", false},
	{`"errorMsg":"no"`, "", "no", false},
	{`"error_code":"","error_msg":"no"`, "", "no", false},
	{`"externalMessage":"no"`, "", "no", false},
	{`"code":"C.1001","message":"no"`, "C.1001", "no", false},
	{`"code":"C.1001","message":"no","encoded_authorization_message":"x","details":[]`, "C.1001", "no", false},
	{`"code":403,"message":"no"`, "403", "no", false},
	{`"error":"no"`, "", "no", false},
	{`"error":true`, "", "", false},
	{`"error":7`, "", "", false},
	{`"error":{"message":"no"}`, "", "no", false},
	{`"error":{"reason":"no"}`, "", "", false},
	{`"error":{"error_code":"X.1001","error_msg":"no"}`, "X.1001", "no", false},
	{`"error":["no"]`, "", "no", false},
	{`"errors":"no"`, "", "no", false},
	{`"errors":[{"error_code":"DLG.0818","error_msg":"no"}]`, "DLG.0818", "no", false},
	{`"errors":[{"code":"X.1001","message":"no"},{"code":"X.1002","message":"too"}]`, "X.1001", "no", false},
	{`"errors":[{"reason":"no"}]`, "", "", false},
	{`"errors":[{},"",[],{"code":"X.1001","message":"no"}]`, "X.1001", "no", false},
	{`"errors":[[],[false,["no"]]]`, "", "no", false},
	{`"error":{"code":"0","message":"fine"},"errors":["no"]`, "", "no", false},
	{`"error_code":"0","error_msg":"fine","errorCode":"X.1001","errorMsg":"no"`, "X.1001", "no", false},
	{`"error":{"error_code":"0","errCode":"X.1001","externalMessage":"no"}`, "X.1001", "no", false},
	{`"success":false`, "", "", false},
	{`"success":"false","error_code":"0"`, "", "", false},
	{`"error_code":"0","error_msg":"","errors":["no"]`, "", "no", false},
	{`"code":"0","message":"good","success":false`, "", "", false},
	{`"forbidden":{"error_code":"X.1001","error_msg":"no"}`, "X.1001", "no", true},
	{`"itemNotFound":{"code":404,"message":"no"}`, "404", "no", true},
}

// An envelope is read whatever the status, next to data too, where a message is repeated only if nothing else can have its name.
func TestEnvelopes(t *testing.T) {
	t.Parallel()
	for _, envelope := range envelopes {
		t.Run(envelope.members, func(t *testing.T) {
			t.Parallel()
			for _, status := range []int{200, 400, 403} {
				_, err := newClient(t, answering(says(status, "{"+envelope.members+"}"))).ScriptOrder(t.Context(), testOrder)
				e := failure(t, err)
				hasMessage := e.Message == envelope.message || (envelope.message == "" && strings.HasPrefix(e.Message, "JSON object"))
				if e.Status != status || e.Code != envelope.code || !hasMessage {
					t.Errorf("%d: %q and %q, want %q and %q", status, e.Code, e.Message, envelope.code, envelope.message)
				}
			}
			if envelope.alone {
				return
			}
			for name, call := range callers {
				body := "{" + envelope.members + "," + strings.TrimPrefix(strings.TrimSpace(documented[name]), "{")
				_, err := decodeWith(t, call, body)
				e := failure(t, err)
				if e.Code == "" && !errors.Is(err, ErrMalformed) {
					t.Errorf("%s: %v", name, err)
				}
				if unclear := strings.HasPrefix(envelope.members, `"code"`); e.Message != envelope.message && !(unclear && e.Message == "") {
					t.Errorf("%s: message %q, want %q", name, e.Message, envelope.message)
				}
				if e.Code != envelope.code && envelope.code != "403" {
					t.Errorf("%s: code %q, want %q", name, e.Code, envelope.code)
				}
			}
		})
	}
}

// What says that there is no error is none.
func TestNoEnvelopes(t *testing.T) {
	t.Parallel()
	for _, members := range []string{
		`"error_code":"0","error_msg":"success"`, `"error_code":"COC.00000000","error_msg":"success"`, `"code":"0","message":"success"`,
		`"code":0,"message":"success"`, `"code":"X.1001"`, `"message":"no"`, `"code":null,"message":"no"`, `"error":null`, `"error":""`,
		`"error":false`, `"error":0`, `"error":{}`, `"error":[]`, `"errors":[{},"",0,false,[[]]]`, `"error":{"code":"0","message":"fine"}`, `"errors":[]`, `"errors":0`, `"errors":""`,
		`"success":true`, `"success":"true"`, `"success":null`, `"success":1`, `"error_code":null,"error_msg":null`,
	} {
		t.Run(members, func(t *testing.T) {
			t.Parallel()
			for name, call := range callers {
				if _, err := decodeWith(t, call, "{"+members+","+strings.TrimPrefix(strings.TrimSpace(documented[name]), "{")); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
		})
	}
}

// An error inside the data of COC counts too, and only its code is repeated.
func TestErrorInData(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ member, value, code string }{
		{"data.error_code", `"COC.00040709"`, "COC.00040709"},
		{"data.error_msg", `"hunter2"`, ""},
		{"data.error", `{"code":"X.1001","message":"hunter2"}`, "X.1001"},
		{"data.errors", `["hunter2"]`, ""},
		{"data.error_code", `"0"`, "none"},
		{"data.error", `null`, "none"},
	} {
		for _, name := range []string{"order", "order statistics", "batch"} {
			_, err := decodeWith(t, callers[name], edit(t, documented[name], test.member, func(any) any { return json.RawMessage(test.value) }))
			if test.code == "none" {
				if err != nil {
					t.Errorf("%s: %s %s: %v", name, test.member, test.value, err)
				}
				continue
			}
			if e := failure(t, err); e.Code != test.code || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%s: %s %s: %v", name, test.member, test.value, err)
			}
		}
	}
}

// A refusal protects the key in every envelope, alone and next to data, of any size.
func TestRefusalInEveryEnvelope(t *testing.T) {
	t.Parallel()
	const refusal = `"error_code":"APIGW.0301","error_msg":"no"`
	bodies := []string{
		`{"code":"APIGW.0301","message":"no","encoded_authorization_message":"x"}`, `{"code":"APIGW.0301","message":"no","anything":1}`,
		`{"error":{` + refusal + `}}`, `{"error":{"code":"APIGW.0301","message":"no"}}`, `{"forbidden":{` + refusal + `}}`,
		`{"errors":[{` + refusal + `}]}`, `{"data":{` + refusal + `}}`, `{"total":1,` + refusal + `}`,
	}
	for _, size := range []int{4 << 10, 16 << 10, 64 << 10, 65 << 10, 2 << 20} {
		bodies = append(bodies, `{"data":"`+strings.Repeat("x", size)+`",`+refusal+`}`)
	}
	for _, body := range bodies {
		for _, status := range []int{200, 400, 403, 503} {
			if status != http.StatusOK && len(body) > smallBody {
				continue // not read to its end
			}
			t.Run(fmt.Sprintf("%d with %.60s (%d bytes)", status, body, len(body)), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					service := answering(says(status, body), says(200, documentedOrder))
					for _, err := range readTen(t.Context(), newClient(t, service, retries(5)))() {
						if !IsUnauthorized(err) {
							t.Errorf("error %v", err)
						}
					}
					if n := len(service.sent()); n != 1 {
						t.Errorf("the key was sent %d times, want once", n)
					}
				})
			})
		}
	}
}

// An answer that a cache kept for more than a minute is no state, and does not prove the key.
func TestAge(t *testing.T) {
	t.Parallel()
	for age, stale := range map[string]bool{
		"": false, "0": false, "60": false, "61": true, "86400": true, "99999999999999999999999": true, "-61": false, "soon": false,
	} {
		t.Run(age, func(t *testing.T) {
			t.Parallel()
			for name, call := range callers {
				_, err := call(t.Context(), newClient(t, answering(
					says(http.StatusOK, documented[name], "Age", age), says(http.StatusOK, `{"data":{"execute_instances":[]},"total":0,"instances":[]}`))))
				if errors.Is(err, ErrMalformed) != stale || (err != nil) != stale {
					t.Errorf("%s: error %v", name, err)
				}
			}
			_, proves := examine(reply{status: http.StatusOK, header: http.Header{"Age": {age}}, answer: fields{node: node{children: make([]node, 1)}}})
			if proves == stale {
				t.Errorf("it proves the key: %t", proves)
			}
		})
	}
}

// Kinds of failures, and what follows from each: for the next attempt, and for a wait that has had an answer.
func TestKinds(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		failure Error
		want    Kind
	}{
		{Error{Status: 408}, Malformed},
		{Error{Status: 425}, Malformed},
		{Error{Status: 302}, Malformed},
		{Error{Status: 100}, Malformed},
		{Error{Status: 204, Err: ErrUnexpectedStatus}, Malformed},
		{Error{Status: 200, Message: "empty body", Err: errNoObject}, Malformed},
		{Error{Status: 200}, Malformed},
		{Error{Status: 200, Code: "X.1"}, Rejected},
		{Error{Status: 200, Code: "APIGW.0308"}, Throttled},
		{Error{Status: 403, Code: "APIGW.0308"}, Throttled},
		{Error{Status: 403, Code: "APIG.0308"}, Throttled},
		{Error{Status: 429}, Throttled},
		{Error{Status: 429, Code: "APIGW.0301"}, Unauthorized},
		{Error{Status: 200, Err: errOtherObject}, Foreign},
		{Error{Err: ErrTooLarge}, Malformed},
		{Error{Status: 400, Code: "COC.00010002"}, Rejected},
		{Error{Status: 404}, Rejected},
		{Error{Status: 407}, Unreachable},
		{Error{Err: &ProxyError{Status: 407}}, Unreachable},
		{Error{Err: &ProxyError{Status: 429}}, Transient},
		{Error{Status: 501}, Failing},
		{Error{Status: 500, Code: "COC.00040701"}, Failing},
		{Error{Status: 403}, Forbidden},
		{Error{Status: 400, Code: "ROMA.1006"}, Forbidden},
		{Error{Status: 200, Code: "COC.00040709"}, NotFound},
		{Error{Err: ErrNoCredential}, Unsent},
	} {
		t.Run(fmt.Sprintf("%d %s %v", test.failure.Status, test.failure.Code, test.failure.Err), func(t *testing.T) {
			t.Parallel()
			kind := test.failure.Kind()
			if kind != test.want {
				t.Errorf("kind %d, want %d", kind, test.want)
			}
			if retried := slices.Contains([]Kind{Throttled, Transient}, kind); kind.Retried() != retried {
				t.Errorf("retried %t", kind.Retried())
			}
			if ends := slices.Contains([]Kind{Foreign, Unauthorized, Forbidden, NotFound, Interrupted}, kind); EndsWait(&test.failure) != ends {
				t.Errorf("ends a wait: %t", EndsWait(&test.failure))
			}
		})
	}
	declined := &Error{Err: fmt.Errorf("%w: %w", ErrNoCredential, &Error{Service: IAM, Status: 400})}
	failing := &Error{Err: fmt.Errorf("%w: %w", ErrNoCredential, &Error{Service: IAM, Status: 503})}
	if !EndsWait(declined) || EndsWait(failing) || !EndsWait(errors.New("not an answer")) {
		t.Error("a declined sign-in ends a wait, a failing one does not")
	}
}
