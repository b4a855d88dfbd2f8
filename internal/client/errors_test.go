package client

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/hwgate/terraform-provider-hwgate/internal/text"
)

// onlyAnswer compares what the service said.
var onlyAnswer = cmpopts.IgnoreFields(Error{}, "Service", "Region", "Method", "Scheme", "Host", "Path", "Credential", "CredentialKind", "Attempts")

func TestErrorOfAnswer(t *testing.T) {
	t.Parallel()
	hex := strings.Repeat("0123456789abcdef", 4)
	const token = "dummySecurityToken+/="
	long := strings.Repeat("long 长 ", 1000)
	for _, test := range []struct {
		name    string
		status  int
		body    string
		headers []string
		want    Error
	}{
		{
			"COC", 400, `{"error_code":"COC.00040709","error_msg":"The script order does not exist."}`,
			[]string{"X-Request-Id", "req-1"},
			Error{Code: "COC.00040709", Message: "The script order does not exist.", RequestID: "req-1"},
		},
		{
			"COC with a provider code", 400, `{"error_code":"COC.00067003","error_msg":"no","provider_code":"00"}`, nil,
			Error{Code: "COC.00067003", Message: "no"},
		},
		{
			"DataArts", 400,
			`{ "error_code": "DLF.21113", "error_msg": "The task query parameters [today2] are incorrect." }`, nil,
			Error{Code: "DLF.21113", Message: "The task query parameters [today2] are incorrect."},
		},
		{
			"DataArts, as its definitions have it", 400, `{"errorCode":"DLF.0100","errorMsg":"The job does not exist."}`, nil,
			Error{Code: "DLF.0100", Message: "The job does not exist."},
		},
		{
			"DataArts, migration", 400, `{"errCode":"Cdm.0001","externalMessage":"no such cluster"}`, nil,
			Error{Code: "Cdm.0001", Message: "no such cluster"},
		},
		{
			"FDI", 400, `{"error_code":"FDI.3002","error_msg":"invalid","request_id":"req-2","error_details":{"code":"x"}}`, nil,
			Error{Code: "FDI.3002", Message: "invalid", RequestID: "req-2"},
		},
		{
			"gateway", 404, `{"error_msg":"The API does not exist","error_code":"APIGW.0101","request_id":"req-3"}`, nil,
			Error{Code: "APIGW.0101", Message: "The API does not exist", RequestID: "req-3"},
		},
		{
			"request id in the header too, which is the outer one", 404,
			`{"error_msg":"The API does not exist","error_code":"APIG.0101","request_id":"req-3"}`,
			[]string{"X-Request-Id", "req-4", "X-IAM-Trace-Id", "trace"},
			Error{Code: "APIG.0101", Message: "The API does not exist", RequestID: "req-4"},
		},
		{
			"policy", 403,
			`{"error_code":"APIGW.0302","error_msg":"User: u is not authorized to perform: coc:job:get on resource: r because no",` +
				`"encoded_authorization_message":"` + hex + `","request_id":"req-5"}`, nil,
			Error{
				Code: "APIGW.0302", Message: "User: u is not authorized to perform: coc:job:get on resource: r because no",
				RequestID: "req-5",
			},
		},
		{
			"IAM v3, the code is a number", 401,
			`{"error":{"code":401,"message":"The request you have made requires authentication.","title":"Unauthorized"}}`,
			[]string{"X-IAM-Trace-Id", "trace-1"},
			Error{Code: "401", Message: "The request you have made requires authentication.", RequestID: "trace-1"},
		},
		{"IAM, others", 403, `{"error_code":"PAP5.0001","error_msg":"denied"}`, nil, Error{Code: "PAP5.0001", Message: "denied"}},
		{
			"code, message and request id", 400, `{"code":"X.1","message":"no","request_id":"r"}`, nil,
			Error{Code: "X.1", Message: "no", RequestID: "r"},
		},
		{"a code that data may have, too", 400, `{"code":"X.1"}`, nil, Error{Message: "JSON object, 14 bytes"}},
		{"an empty error", 400, `{"error":{}}`, nil, Error{Message: "JSON object, 12 bytes"}},
		{"code and message", 400, `{"code":"X.1","message":"no"}`, nil, Error{Code: "X.1", Message: "no"}},
		{
			// A log is called message too.
			"a message alone", 400, `{"message":"no"}`, nil,
			Error{Message: "JSON object, 16 bytes"},
		},
		{"the service's message alone", 400, `{"error_msg":"no"}`, nil, Error{Message: "no"}},
		{"a code alone", 400, `{"error_code":"X.1","error_msg":null}`, nil, Error{Code: "X.1"}},
		{
			"fields of other types", 400, `{"error_code":{"a":1},"error_msg":["b"],"request_id":{},"error":{"message":"inner"}}`, nil,
			Error{Message: "inner"},
		},
		{
			"two nested objects, of which none is known for an error", 400, `{"b":{"code":"c","message":"m"},"a":{"code":"c","message":"m"}}`, nil,
			Error{Message: "JSON object, 63 bytes"},
		},
		{"an envelope in the only member", 400, `{"itemNotFound":{"code":404,"message":"gone"}}`, nil, Error{Code: "404", Message: "gone"}},
		{"a member twice", 400, `{"error_code":"X.1","error_code":"X.2","error_msg":"no"}`, nil, Error{Message: "JSON object, 56 bytes"}},
		{"JSON without an error", 400, `{"detail":"no"}`, nil, Error{Message: "JSON object, 15 bytes"}},
		{"a list", 400, `["no"]`, nil, Error{Message: "JSON list, 6 bytes"}},
		{"null", 400, `null`, nil, Error{Message: `JSON null, 4 bytes`}},
		{
			"HTML", 404, "\n<!DOCTYPE html><HTML><head><Title lang=en>Not\n found</Title></head><body>…</body></html>", nil,
			Error{Message: "HTML page \"Not found\", 91 bytes"},
		},
		{"HTML without a title", 404, "<html><body><h1>No</h1> such page</body></html>", nil, Error{Message: "HTML page, 47 bytes"}},
		{"empty", 404, "", nil, Error{Message: "empty body"}},
		{"plain text", 400, "bad\r\nrequest\n", nil, Error{Message: "text, 13 bytes"}},
		{"a status without a name", 499, "", nil, Error{Message: "empty body"}},
		{"a long message", 400, `{"error_code":"X.1","error_msg":"` + long + `"}`, nil, Error{Code: "X.1", Message: text.Plain(long, 512)}},
		{
			"a long code and request id", 400, `{"error_code":"` + long + `"}`, []string{"X-Request-Id", long},
			Error{Code: text.Plain(long, 64), RequestID: text.Plain(long, 128)},
		},
		{"longer than the client reads", 400, strings.Repeat("x", smallBody+1), nil, Error{Message: "text, 1.0 MB"}},
		{"bytes", 400, "\xff\x00\xfe", nil, Error{Message: "binary data, 3 bytes"}},
		{
			"a page of some size", 404, "<title>\nBad &amp; Gateway </title>" + strings.Repeat(" ", 1200), nil,
			Error{Message: `HTML page "Bad & Gateway", 1.2 kB`},
		},
		{"invalid UTF-8", 400, "{\"error_msg\":\"a\xffb\"}", nil, Error{Message: "a?b"}},
		{
			"terminal escapes", 400, `{"error_code":"X\u001b]0;","error_msg":"\u001b[31mred\u0007\u202e"}`,
			[]string{"X-Request-Id", "a\x1b[0mb"},
			Error{Code: "X ]0;", Message: "[31mred ?", RequestID: "a [0mb"},
		},
		{"format verbs", 400, `{"error_code":"%s","error_msg":"100%d %v"}`, nil, Error{Code: "%s", Message: "100%d %v"}},
		{
			// The gateway explains a wrong signature with what it computed.
			"the canonical request", 401,
			`{"error_code":"APIGW.0301","error_msg":"verify aksk signature fail, canonicalRequest: GET\n/v1/\n\nhost:h\n` +
				`x-security-token:` + token + `\n\nhost;x-security-token\n` + hex + ` secret ` + testSecretKey + `"}`, nil,
			Error{
				Code:    "APIGW.0301",
				Message: "verify aksk signature fail, canonicalRequest: GET /v1/ host:h x-security-token:*** host;x-security-token *** secret ***",
			},
		},
		{
			"secrets in every place", 400, `{"error_code":"` + testSecretKey + `","error_msg":"` + token + `","request_id":"` + token + `"}`, nil,
			Error{Code: "***", Message: "***", RequestID: "***"},
		},
		{"a secret in a page", 400, "<title>" + testSecretKey + "</title>", nil, Error{Message: "HTML page \"***\", 55 bytes"}},
		{
			// The cut comes after the replacement, or it would leave the beginning of the secret.
			"a secret across the limit", 400, `{"error_msg":"` + strings.Repeat("x ", 250) + testSecretKey + `"}`, nil,
			Error{Message: strings.Repeat("x ", 250) + "***"},
		},
		{
			// A service, or a proxy, may cut what it echoes at either end.
			"a secret from its sixth character on", 400, `{"error_msg":"got ` + testSecretKey[5:30] + `, wanted more"}`, nil,
			Error{Message: "got ***, wanted more"},
		},
		{"the access key", 400, `{"error_msg":"AK ` + testAccessKey + ` does not exist"}`, nil, Error{Message: "AK …0001 does not exist"}},
		{
			"a token that nobody knows", 400, `{"error_msg":"no ` + strings.Repeat("Ab+/", 10) + `, but ` + strings.Repeat("Ab+/", 9) + `Ab+"}`, nil,
			Error{Message: "no ***, but " + strings.Repeat("Ab+/", 9) + "Ab+"},
		},
		{"a token that nobody knows, as the code", 400, `{"error_code":"` + strings.Repeat("Ab+/", 10) + `"}`, nil, Error{Code: "***"}},
		{
			"the path of the request", 400, `{"error_msg":"no /v1/job/script/orders/` + testOrderID + ` at coc.example.com/v1/job/script/orders/` + testOrderID + `"}`,
			nil,
			Error{Message: "no /v1/job/script/orders/" + testOrderID + " at coc.example.com/v1/job/script/orders/" + testOrderID},
		},
		{
			"a token around an id of the request", 400, `{"error_msg":"no ` + testProject + strings.Repeat("Ab+/", 10) + `"}`, nil,
			Error{Message: "no ***"},
		},
		{
			"a long request id", 400, `{"error_code":"X.1"}`, []string{"X-Request-Id", "req-01234567-89ab-cdef-0123-456789abcdef-7"},
			Error{Code: "X.1", RequestID: "req-01234567-89ab-cdef-0123-456789abcdef-7"},
		},
		{
			"a page that echoes what a proxy was sent", 407, "<title>Denied</title>Proxy-Authorization: Basic dXNlcjpwYXNz", nil,
			Error{Message: `HTML page "Denied", 60 bytes`},
		},
		{
			"a redirect", 302, "<title>Found</title>", []string{"Location", "https://elsewhere.example.com/" + testSecretKey + "?session=1"},
			Error{Message: "the answer is a redirect to https://elsewhere.example.com/***, which is never followed"},
		},
		{
			"a redirect to a host", 302, "", []string{"Location", "https://the-sign-in-portal-of-this-company.example.com"},
			Error{Message: "the answer is a redirect to https://the-sign-in-portal-of-this-company.example.com, which is never followed"},
		},
		{
			"the host of the request", 400, `{"error_msg":"coc.example.com/coc.example.com"}`, nil,
			Error{Message: "coc.example.com/coc.example.com"},
		},
		{"a redirect to nowhere", 302, "", nil, Error{Message: "the answer is a redirect, which is never followed"}},
		{
			"a redirect to no address", 302, "", []string{"Location", "https://elsewhere.example.com:port\x1b/%zz"},
			Error{Message: "the answer is a redirect, which is never followed"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			temporary := testKeys
			temporary.SecurityToken = token
			service := answering(says(test.status, test.body, test.headers...))
			// Were one of these repeated, the pauses would be real; how often they are sent is checked below.
			_, err := newClient(t, service, credential(temporary)).ScriptOrder(t.Context(), testOrder)
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("error %#v, want an *Error", err)
			}
			test.want.Status = test.status
			if diff := cmp.Diff(&test.want, e, onlyAnswer); diff != "" {
				t.Errorf("want (-), got (+):\n%s", diff)
			}
			asked := Error{
				Service: COC, Method: "GET", Scheme: "https", Host: "coc.example.com", Path: "/v1/job/script/orders/" + testOrderID, Attempts: 1,
				Credential: "temporary access key …0001 (test)",
			}
			got := Error{Service: e.Service, Method: e.Method, Scheme: e.Scheme, Host: e.Host, Path: e.Path, Attempts: e.Attempts, Credential: e.Credential}
			if diff := cmp.Diff(asked, got, cmpopts.EquateErrors()); diff != "" {
				t.Errorf("want (-), got (+):\n%s", diff)
			}
			if want := "GET coc.example.com/v1/job/script/orders/" + testOrderID + ": " + e.Answer(); err.Error() != want {
				t.Errorf("%q, want %q", err, want)
			}
			checkHarmless(t, err.Error(), token, hex)
		})
	}
}

func TestErrorText(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		err  Error
		want string
	}{
		{
			"all that an answer says", Error{Attempts: 1, Status: 400, Code: "X.1", Message: "it is wrong", RequestID: "r"},
			"GET h/p: HTTP 400 Bad Request: X.1: it is wrong (request id r)",
		},
		{"a message alone", Error{Attempts: 1, Status: 404, Message: "empty body"}, "GET h/p: HTTP 404 Not Found: empty body"},
		{"a code alone", Error{Attempts: 1, Status: 404, Code: "X.1"}, "GET h/p: HTTP 404 Not Found: X.1"},
		{"a status without a name", Error{Attempts: 1, Status: 499}, "GET h/p: HTTP 499"},
		{"format verbs", Error{Attempts: 1, Status: 400, Code: "%s", Message: "100%d %v"}, "GET h/p: HTTP 400 Bad Request: %s: 100%d %v"},
		{"network", Error{Attempts: 1, Err: errors.New("reset")}, "GET h/p: reset"},
		{"more than one attempt", Error{Attempts: 3, Status: 503}, "GET h/p (3 attempts): HTTP 503 Service Unavailable"},
		{
			"a pause", Error{Attempts: 1, Status: 429, Code: "APIGW.0308", Err: &PauseError{90*time.Second + time.Millisecond}},
			"GET h/p: HTTP 429 Too Many Requests: APIGW.0308: the service asked to wait 1m30s, which is beyond the deadline",
		},
		{
			"malformed", Error{Attempts: 1, Status: 200, RequestID: "r", Err: ErrMalformed},
			"GET h/p: HTTP 200 OK: malformed answer (request id r)",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.err.Method, test.err.Host, test.err.Path = "GET", "h", "/p"
			if got := test.err.Error(); got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
			if test.err.Err != nil && !errors.Is(&test.err, test.err.Err) {
				t.Error("the cause cannot be found")
			}
		})
	}
}

func TestClassification(t *testing.T) {
	t.Parallel()
	type class struct{ NotFound, Unauthorized, Forbidden, Transient, Unpublished, Workspace, Instance bool }
	timeout := &net.OpError{Op: "read", Err: context.DeadlineExceeded}
	for _, test := range []struct {
		name string
		err  error
		want class
	}{
		{"none", nil, class{}},
		{"another error", errors.New("no"), class{}},
		{"order not found", &Error{Status: 400, Code: "COC.00040709"}, class{NotFound: true}},
		{"order not found in a 200", &Error{Status: 200, Code: "COC.00040709"}, class{NotFound: true}},
		{"bad argument", &Error{Status: 400, Code: "COC.00010002"}, class{}},
		{"404 of the gateway", &Error{Status: 404, Code: "APIGW.0101"}, class{Unpublished: true}},
		{"404 of the older gateway", &Error{Status: 404, Code: "APIG.0101"}, class{Unpublished: true}},
		{"404 of FDI", &Error{Status: 404, Code: "FDI.3081"}, class{Instance: true}},
		{"bad argument of FDI", &Error{Status: 400, Code: "FDI.3002"}, class{Instance: true}},
		{"passing fault of FDI", &Error{Status: 500, Code: "FDI.9999"}, class{Transient: true}},
		{"no instance of ROMA", &Error{Status: 500, Code: "ROMA.00110002"}, class{Transient: true, Instance: true}},
		{"nothing of the kind at ROMA", &Error{Status: 404, Code: "ROMA.00110006"}, class{Instance: true}},
		{"no instance of the API part", &Error{Status: 404, Code: "APIC.7302"}, class{Instance: true}},
		{"no workspace", &Error{Status: 400, Code: "DLF.0819"}, class{Workspace: true}},
		{"no workspace, newer", &Error{Status: 400, Code: "DLF.20819"}, class{Workspace: true}},
		{"no workspace, another module", &Error{Status: 400, Code: "DLS.6036"}, class{Workspace: true}},
		{"401", &Error{Status: 401, Code: "APIGW.0301"}, class{Unauthorized: true}},
		{"refused before", &Error{Status: 401, Err: ErrRefusedBefore}, class{Unauthorized: true}},
		{"token missing at ROMA", &Error{Status: 400, Code: "ROMA.1000"}, class{Unauthorized: true}},
		{"wrong token at ROMA", &Error{Status: 400, Code: "ROMA.1002"}, class{Unauthorized: true}},
		{"no right at ROMA", &Error{Status: 400, Code: "ROMA.1006"}, class{Forbidden: true}},
		{"no right at DataArts", &Error{Status: 400, Code: "DLF.6888"}, class{Forbidden: true}},
		{"403", &Error{Status: 403}, class{Forbidden: true}},
		{"408", &Error{Status: 408}, class{}},
		{"429", &Error{Status: 429}, class{Transient: true}},
		{"429 with a pause", &Error{Status: 429, Err: &PauseError{time.Hour}}, class{Transient: true}},
		{"500", &Error{Status: 500}, class{Transient: true}},
		{"503", &Error{Status: 503}, class{Transient: true}},
		{"malformed", &Error{Status: 200, Err: fmt.Errorf("%w: no", ErrMalformed)}, class{}},
		{"malformed 502", &Error{Status: 502, Err: ErrMalformed}, class{}},
		{"too large", &Error{Err: ErrTooLarge}, class{}},
		{"no credential", &Error{Err: fmt.Errorf("%w: %w", ErrNoCredential, timeout)}, class{}},
		{"reset", &Error{Err: errors.New("connection reset by peer")}, class{Transient: true}},
		{"attempt too slow", &Error{Err: ErrAttemptTimeout}, class{Transient: true}},
		{"name", &Error{Err: &net.DNSError{IsNotFound: true}}, class{Transient: true}},
		{"canceled", &Error{Err: context.Canceled}, class{}},
		{"deadline", &Error{Err: context.DeadlineExceeded}, class{}},
		{"proxy wants a password", &Error{Err: &ProxyError{"p", 407}}, class{}},
		{"proxy cannot connect", &Error{Err: &ProxyError{"p", 502}}, class{Transient: true}},
		{"look-up of a project", &ProjectError{Err: &Error{Status: 403}}, class{Forbidden: true}},
		{"no project", &ProjectError{}, class{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			for _, err := range []error{test.err, fmt.Errorf("reading: %w", test.err)} {
				got := class{
					IsNotFound(err), IsUnauthorized(err), IsForbidden(err), isTransient(err),
					IsUnpublished(err), IsWorkspaceMissing(err), IsInstanceMissing(err),
				}
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Errorf("%v: want (-), got (+):\n%s", err, diff)
				}
			}
		})
	}
}

// Data never gets into an error, whatever the status, and however the service nests it.
func TestDataIsNotRepeated(t *testing.T) {
	t.Parallel()
	const hidden = "hunter2"
	instance := `{"id":1588,"status":"ABNORMAL","message":"` + hidden + `"}`
	bodies := map[string]string{
		"parameters":            `{"data":{"properties":{"execute_param":{"script_params":[{"param_name":"p","param_value":"` + hidden + `"}]}}}}`,
		"logs":                  `{"data":{"execute_instances":[` + instance + `]}}`,
		"an instance":           instance,
		"an instance inside":    `{"data":` + instance + `}`,
		"a log alone":           `{"message":"` + hidden + `"}`,
		"a log inside":          `{"data":{"message":"` + hidden + `"}}`,
		"only a code and a log": `{"data":{"code":1,"message":"` + hidden + `"}}`,
		"a log with a code":     `{"data":{"code":1,"message":"` + hidden + `","status":"ABNORMAL"}}`,
		"a list":                `[` + instance + `]`,
		"cut":                   instance[:len(instance)-2],
		"a text":                hidden,
		"a page":                "<html><body>" + hidden + "</body>",
		"instances":             `{"total":1,"instances":[{"jobName":"j","errorMessage":"` + hidden + `"}]}`,
		"beside an error":       `{"error_code":"X.1","error_msg":"no","data":` + instance + `}`,
	}
	for name, body := range bodies {
		for _, status := range []int{101, 201, 206, 302, 400, 401, 403, 404, 409, 500, 502, 503} {
			t.Run(fmt.Sprintf("%s/%d", name, status), func(t *testing.T) {
				t.Parallel()
				var log strings.Builder
				c := newClient(t, answering(says(status, body)), func(cfg *Config) {
					cfg.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
				})
				_, err := c.ScriptOrder(t.Context(), testOrder)
				e := failure(t, err)
				if e.Status != status || strings.Contains(err.Error(), hidden) || strings.Contains(log.String(), hidden) {
					t.Errorf("%v, and the log\n%s", err, log.String())
				}
			})
		}
	}
}

// A fault names the member that it is about, which a service may have called after a secret.
func TestFaultWithASecretName(t *testing.T) {
	t.Parallel()
	c := newClient(t, answering(says(200, `{"fail_count":0,"`+testSecretKey+`_count":"x"}`)))
	_, err := c.JobStatistics(t.Context(), testJobs.WorkspaceJobs)
	const want = "malformed answer: ***_count is a string, wanted a whole number"
	if !errors.Is(err, ErrMalformed) || failure(t, err).Err.Error() != want {
		t.Errorf("%v, want %q", err, want)
	}
}

// TestRetriedKinds names failures that the policy repeats, and failures that it does not.
func TestRetriedKinds(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		failure Error
		want    bool
	}{
		"throttled":               {Error{Status: 429, Code: "APIGW.0308"}, true},
		"a page of the gateway":   {Error{Status: 502}, true},
		"500 without a code":      {Error{Status: 500}, true},
		"500 with a passing code": {Error{Status: 500, Code: "FDI.9999"}, true},
		"500 with another code":   {Error{Status: 500, Code: "COC.00040701"}, false},
		"bad request":             {Error{Status: 400}, false},
		"no answer":               {Error{Err: ErrAttemptTimeout}, true},
		"a proxy that fails":      {Error{Err: &ProxyError{"proxy.test", 502}}, true},
		"a proxy that refuses":    {Error{Err: &ProxyError{"proxy.test", 407}}, false},
		"no such name":            {Error{Err: &net.DNSError{}}, false},
		"malformed":               {Error{Err: ErrMalformed}, false},
		"no credential":           {Error{Err: ErrNoCredential}, false},
		"refused before":          {Error{Err: &RefusedError{&Error{Status: 401}}}, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := test.failure.Kind().Retried(); got != test.want {
				t.Errorf("retried is %t, want %t", got, test.want)
			}
		})
	}
}
