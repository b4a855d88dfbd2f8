package provider_test

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/hwgate/terraform-provider-hwgate/internal/provider"
)

// badNews is what each data source is asked, and what the service says when nothing is wrong with it. That is always a failed
// deployment, so that a green verdict can only come of a fault.
var badNews = map[string]struct {
	arguments  map[string]tftypes.Value
	path, body string
}{
	"coc_script_order": {
		map[string]tftypes.Value{"execute_uuid": str(orderID), "failure_details": tftypes.NewValue(tftypes.Bool, false)},
		orderPath, `{"data":{"status":"ABNORMAL","gmt_created":1697946452186,"gmt_finished":1697946763469}}`,
	},
	"coc_script_order_statistics": {
		map[string]tftypes.Value{"execute_uuid": str(orderID)}, orderPath + "/statistics", statisticsBody(2, 1),
	},
	"coc_script_order_batch": {
		map[string]tftypes.Value{"execute_uuid": str(orderID), "batch_index": integer(1)}, orderPath + "/batches/1", batchBody(2, 1),
	},
	"dataarts_instance_status": {
		map[string]tftypes.Value{"project_id": str(projectID)}, "/v2/" + projectID + "/factory/monitor/task-statistics-overview",
		`{"fail_count":1,"force_success_count":0,"freeze_count":0,"ignore_success_count":0,"manual_stop_count":0,"pause_count":0,` +
			`"running_count":0,"running_exception_count":0,"skip_count":0,"success_count":5,"waiting_confirm_count":0,"waiting_count":0,` +
			`"total_count":6}`,
	},
	"roma_fdi_task_statistics": {
		map[string]tftypes.Value{"project_id": str(projectID), "instance_id": str(instanceID)},
		"/v2/" + projectID + "/fdi/instances/" + instanceID + "/statistics/tasks",
		`{"common_task_details":{"running_tasks_count":1,"abnormal_tasks_count":1,"terminated_tasks_count":0,"completed_tasks_count":0},` +
			`"cdc_task_details":null}`,
	},
}

// TestFaults holds every fault of the service, and of the way to it, to what the user sees. A fault is survived or ends in one error.
func TestFaults(t *testing.T) {
	t.Parallel()
	const html = "<html><head><title>Bad Gateway</title></head><body>\n<h1>nginx</h1></body></html>"
	const retried = "run again later, or raise max_retries."
	way := "check the way to service.test (network, proxy variables, endpoints."
	tests := map[string]faultRow{
		"throttled, seconds to wait": {
			fates: fates{says(429, `{}`, "Retry-After", "7"), nil}, requests: 2, took: between(7*time.Second, 8*time.Second),
		},
		"throttled, a date to wait for": {
			fates: fates{retryAt(40 * time.Second), nil}, requests: 2, took: between(39*time.Second, 41*time.Second),
		},
		"throttled, nothing said": {
			fates: fates{says(429, `{}`), nil}, requests: 2, took: between(time.Second, 3*time.Second),
		},
		"throttled beyond the time limit": {
			fates: fates{says(429, `{"error_code":"APIGW.0308","error_msg":"over ratelimit","request_id":"req-1"}`, "Retry-After", "3600")},
			want: []string{"HTTP 429 Too Many Requests: APIGW.0308: over ratelimit: the service asked to wait 1h0m0s, which is beyond the " +
				"deadline (request id req-1).\n\nRaise timeouts.read"},
			requests: 1, took: between(0, 0),
		},
		"throttled for ever": {
			fates:    fates{says(429, `{"error_code":"APIGW.0308","error_msg":"over ratelimit"}`)},
			want:     []string{"(6 attempts): HTTP 429", "APIGW.0308: over ratelimit.", "The service throttles.", "or raise max_retries."},
			requests: 6, took: between(25*time.Second, 80*time.Second),
		},
		"500 without a code": {fates: fates{says(500, ``), says(500, `{"message":"oops"}`), nil}, requests: 3},
		"500 with a code that passes": {
			fates: fates{says(500, `{"error_code":"FDI.9999","error_msg":"network"}`), nil}, requests: 2,
		},
		"500 with a code that stays": {
			fates: fates{says(500, `{"error_code":"COC.00040701","error_msg":"internal"}`, "X-Request-Id", "req-2")},
			want:  []string{": HTTP 500 Internal Server Error: COC.00040701: internal (request id req-2).", retried}, requests: 1, took: between(0, 0),
		},
		"500 for ever": {
			fates: fates{says(500, ``)}, want: []string{"(6 attempts): HTTP 500 Internal Server Error: empty body.", retried}, requests: 6,
		},
		"502, 503 and 504 with HTML": {fates: fates{says(502, html), says(503, html), says(504, html), nil}, requests: 4},
		"502 for ever": {
			fates:    fates{says(502, html, "X-Request-Id", "req-3")},
			want:     []string{"(6 attempts): HTTP 502 Bad Gateway: HTML page: Bad Gateway (request id req-3).", retried},
			requests: 6,
		},
		"503, seconds to wait": {
			fates: fates{says(503, html, "Retry-After", "30"), nil}, requests: 2, took: between(30*time.Second, 31*time.Second),
		},
		"connection refused": {
			dials: dials{syscall.ECONNREFUSED, nil}, requests: 1, took: between(time.Second/2, 2*time.Second),
		},
		"connection refused for ever": {
			dials: dials{syscall.ECONNREFUSED}, want: []string{"(6 attempts): ", "connection refused.", way},
		},
		"host without an address": {
			dials: dials{&net.DNSError{Err: "no such host", Name: "service.test", IsNotFound: true}},
			want:  []string{": lookup service.test: no such host.", "The host service.test does not exist", "Correct region or cloud, or set endpoints."},
			took:  between(0, 0),
		},
		"reset before the body": {fates: fates{hangUp, nil}, requests: 2},
		"reset for ever": {
			fates: fates{hangUp}, want: []string{"(6 attempts): the connection was closed without an answer: EOF.", way}, requests: 6,
		},
		"reset in the body": {fates: fates{tears(200, `{"data":{"sta`), nil}, requests: 2},
		"reset in the body for ever": {
			fates: fates{tears(200, `{"data":{"sta`)},
			want:  []string{"(6 attempts): reading the answer: unexpected EOF.", way}, requests: 6,
		},
		"reset in the body of a refusal": {
			fates: fates{tears(401, `{"error_code":`)}, want: []string{": HTTP 401 Unauthorized", "not used again in this run"}, requests: 1,
		},
		"truncated JSON": {
			fates: fates{says(200, `{"data":{"status":"FINISHED"`)},
			want:  []string{": HTTP 200 OK: malformed answer: not a JSON object.", "Something other than the API answered"}, requests: 1,
		},
		"empty body": {
			fates:    fates{says(200, ``, "X-Request-Id", "req-4")},
			want:     []string{": HTTP 200 OK: empty body: malformed answer: not a JSON object (request id req-4).", "Something other"},
			requests: 1,
		},
		"204": {
			fates: fates{says(204, ``)}, want: []string{": HTTP 204 No Content: empty body: malformed answer", "Something other"}, requests: 1,
		},
		"HTML with status 200": {
			fates:    fates{says(200, strings.ReplaceAll(html, "Bad Gateway", "Log in"), "Content-Type", "text/html")},
			want:     []string{": HTTP 200 OK: HTML page: Log in: malformed answer: not a JSON object.", "(endpoints."},
			requests: 1,
		},
		"another content type": {fates: fates{retyped("text/plain; charset=latin1")}, requests: 1},
		"a list":               {fates: fates{says(200, `[1]`)}, want: []string{"malformed answer: not a JSON object."}, requests: 1},
		"null":                 {fates: fates{says(200, `null`)}, want: []string{"malformed answer: not a JSON object."}, requests: 1},
		"an empty object":      {fates: fates{says(200, `{}`)}, want: []string{"malformed answer: there is no "}, requests: 1},
		"wrong types": {
			fates: fates{says(200, `{"data":{"status":["FINISHED"],"total_instance":{},"total_instances":true},"success_count":{"a":1},`+
				`"common_task_details":[]}`)},
			want: []string{"malformed answer: ", "wanted ", "Something other than the API answered, or the API has changed."}, requests: 1,
		},
		"an error in a 200": {
			fates: fates{says(200, `{"error_code":"COC.00010002","error_msg":"Invalid parameters.","request_id":"req-5"}`)},
			want:  []string{": HTTP 200 OK: COC.00010002: Invalid parameters. (request id req-5).", "Check "}, requests: 1,
		},
		"no answer": {
			fates: fates{silence, nil}, requests: 2, took: between(30*time.Second, 32*time.Second),
		},
		"no answer for ever": {
			fates: fates{silence}, want: []string{"(6 attempts): no complete answer within 30s.", way}, requests: 6,
		},
		"no answer within the time limit": {
			fates: fates{silence}, arguments: timeout("10s"), requests: 1, took: between(10*time.Second, 10*time.Second),
			want: []string{": context deadline exceeded.", "The time of timeouts.read is over. Raise it, or find out"},
		},
		"slow bytes that end":  {fates: fates{drips(20)}, requests: 1, took: between(20*time.Second, 21*time.Second)},
		"slow bytes for ever":  {fates: fates{drips(1 << 20)}, want: []string{"(6 attempts): no complete answer within 30s.", way}, requests: 6},
		"slow bytes of a page": {fates: fates{says(502, html), drips(1 << 20), nil}, requests: 3},
		"headers without end":  {fates: fates{endlessHeaders}, want: []string{"server response headers exceeded", way}, requests: 6},
		"a redirect to another host": {
			fates: fates{says(302, ``, "Location", "https://login.example.com/?next=x")}, requests: 1, took: between(0, 0),
			want: []string{
				": HTTP 302 Found: the answer is a redirect to https://login.example.com/, which is never followed.",
				"to the address that answers by itself.",
			},
		},
		"an endless error page": {
			fates: fates{endless(502), nil}, requests: 2, most: 3 << 20,
		},
		"gigabytes": {
			only: "coc_script_order_batch", fates: fates{endless(200)}, requests: 1, most: 129 << 20,
			want: []string{": the answer is too large: more than 128 MiB.", "Something other than the API answered"},
		},
		"gigabytes in a few compressed bytes": {
			only: "coc_script_order", fates: fates{bomb}, requests: 1, most: 160 << 20,
			want: []string{": the answer is too large: more than 128 MiB.", "Something other than the API answered"},
		},
		"pages that repeat": {
			only: "coc_script_order_batch", fates: fates{page(6, 1, 3)}, requests: 2,
			want: []string{"malformed answer: the instance with the id 1 is listed twice, so the pages do not advance."},
		},
		"a page that shrinks": {
			only: "coc_script_order_batch", fates: fates{page(6, 1, 3), page(6, 4, 1), page(6, 0, 0)}, requests: 3,
			outcome: "unknown", warning: "4 instances are accounted for, but the total is 6",
		},
		"a batch that shrinks": {
			only: "coc_script_order_batch", fates: fates{page(6, 1, 3), page(3, 0, 0)}, requests: 2,
			outcome: "unknown", warning: "3 instances are accounted for, but the total is 6",
		},
		"failure details that cannot be read": {
			only: "coc_script_order", arguments: map[string]tftypes.Value{"failure_details": tftypes.NewValue(tftypes.Bool, true)},
			fates: fates{withoutStatistics}, requests: 2,
			outcome: "failed", warning: "/statistics: HTTP 400 Bad Request: COC.1: no. So counts, failed_hosts and failed_instances are null",
		},
		"a page of the wrong server": {
			fates: fates{says(404, html)}, want: []string{": HTTP 404 Not Found: HTML page", "The gateway knows no such API at "}, requests: 1,
		},
		"a refused key": {
			fates:    fates{says(401, `{"error_code":"APIGW.0301","error_msg":"Incorrect IAM authentication information","request_id":"req-6"}`)},
			want:     []string{": HTTP 401 Unauthorized: APIGW.0301: ", "(request id req-6). Authenticated with access key ending in 0001,", "clock"},
			requests: 1, took: between(0, 0),
		},
		"a name without a resolver": {
			dials: dials{&net.DNSError{Err: "server misbehaving", Name: "service.test", IsTemporary: true}},
			want:  []string{"server misbehaving", "its name cannot be resolved here"}, took: between(0, 0),
		},
		"an authority that is trusted": {secure: true, settings: keyed(map[string]tftypes.Value{"cacert_file": str(authority.pem)}), requests: 1},
		"an unknown authority": {
			secure: true, took: between(0, 0),
			want: []string{"certificate signed by unknown authority.", "Name the authority that signed it in cacert_file."},
		},
		"TLS spoken to plain HTTP": {
			secure: true, plain: true, took: between(0, 0), want: []string{"server gave HTTP response to HTTPS client", "The host speaks plain HTTP."},
		},
		"a proxy that wants a password": {
			secure: true, proxy: true, fates: fates{says(407, ``)}, requests: 1, took: between(0, 0),
			want: []string{"the proxy proxy.test:3128 answered 407 Proxy Authentication Required.", "Check the way to service.test (network, proxy"},
		},
		"a proxy that wants a password, plain": {
			proxy: true, fates: fates{says(407, html)}, requests: 1, took: between(0, 0),
			want: []string{": HTTP 407 Proxy Authentication Required: HTML page", "Give the proxy its user name and password in HTTPS_PROXY."},
		},
	}
	for name, test := range tests {
		for source := range badNews {
			if test.only != "" && test.only != source {
				continue
			}
			t.Run(name+"/"+source, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) { test.run(t, source) })
			})
		}
	}
}

// TestTenReadsThroughFaults reads every data source twice, all at once, from a service that is unwell.
func TestTenReadsThroughFaults(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		// No read can meet more of the faults of its path than it may make attempts.
		network := newNetwork(t, &service{fates: fates{
			says(429, ``, "Retry-After", "2"), hangUp, says(503, `<html>`), tears(200, `{"data":`), silence, nil,
		}})
		p := network.start(t, "http://service.test", nil)
		var reads sync.WaitGroup
		for source, asked := range badNews {
			for range 2 {
				reads.Go(func() {
					attributes, diagnostics := p.read(t.Context(), t, source, asked.arguments)
					checkNotGreen(t, attributes)
					checkSurvived(t, attributes, diagnostics, "failed", "")
				})
			}
		}
		reads.Wait()
		if got, want := network.service.count(), 7*len(badNews); got != want {
			t.Errorf("%d requests came, want %d", got, want)
		}
	})
}

// TestTenReadsRefused sends one request with a key that is refused: more of them would lock it.
func TestTenReadsRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		network := newNetwork(t, &service{fates: fates{says(401, `{"error_code":"APIGW.0301","error_msg":"no","request_id":"req-1"}`)}})
		p := network.start(t, "http://service.test", nil)
		var reads sync.WaitGroup
		for source, asked := range badNews {
			for range 2 {
				reads.Go(func() {
					attributes, diagnostics := p.read(t.Context(), t, source, asked.arguments)
					checkNotGreen(t, attributes)
					checkFailure(t, diagnostics, []string{asked.path, ": HTTP 401 Unauthorized: APIGW.0301: no", "(request id req-1).", "clock"})
				})
			}
		}
		reads.Wait()
		if got := network.service.count(); got != 1 {
			t.Errorf("%d requests came, want 1", got)
		}
	})
}

// waiting are the data sources that can wait, and an answer that makes them.
var waiting = map[string]fate{
	"coc_script_order":         says(200, `{"data":{"status":"PROCESSING"}}`),
	"dataarts_instance_status": says(200, strings.Replace(badNews["dataarts_instance_status"].body, `"running_count":0`, `"running_count":1`, 1)),
}

var forCompletion = tftypes.NewValue(tftypes.Bool, true)

// logsIn gives out tokens that are good for so long, one after the other.
func logsIn(life time.Duration) fate {
	return func(w http.ResponseWriter, _ *http.Request, s *service) {
		w.Header().Set("X-Subject-Token", fmt.Sprintf("planted-token-%d", s.countLogins()))
		body, _ := json.Marshal(map[string]any{"token": map[string]any{"expires_at": time.Now().Add(life)}})
		says(201, string(body))(w, nil, s)
	}
}

var passwordSettings = map[string]tftypes.Value{
	"user_name": str("me"), "password": str("planted-password"), "domain_name": str("us"),
}

// TestTokenRefusedInTheMiddle lets a token expire between two looks. Only a log-in can give another one, and is asked once.
func TestTokenRefusedInTheMiddle(t *testing.T) {
	t.Parallel()
	refused := says(401, `{"error_code":"APIGW.0301","error_msg":"token expired"}`)
	password, token := passwordSettings, map[string]tftypes.Value{"token": str("planted-token-1")}
	tests := map[string]struct {
		settings         map[string]tftypes.Value
		then             fates
		want             []string
		requests, logins int
	}{
		"renewed":              {password, fates{refused, nil}, nil, 3, 2},
		"renewed in vain":      {password, fates{refused}, []string{"HTTP 401", "token expired. Authenticated with token"}, 3, 2},
		"refused twice, apart": {password, fates{refused, says(500, ``), nil}, nil, 4, 2},
		"not renewable":        {token, fates{refused}, []string{"HTTP 401", "token expired. Authenticated with token"}, 2, 0},
	}
	for name, test := range tests {
		for source, running := range waiting {
			t.Run(name+"/"+source, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					network := newNetwork(t, &service{fates: append(fates{running}, test.then...), login: logsIn(24 * time.Hour)})
					p := network.start(t, "http://service.test", test.settings)
					arguments := maps.Clone(badNews[source].arguments)
					arguments["wait_for_completion"] = forCompletion
					attributes, diagnostics := p.read(t.Context(), t, source, arguments)
					checkNotGreen(t, attributes)
					if test.want == nil {
						checkSurvived(t, attributes, diagnostics, "failed", "")
					} else {
						checkFailure(t, diagnostics, test.want)
					}
					if sent, logins := network.service.count(), network.service.countLogins(); sent != test.requests || logins != test.logins {
						t.Errorf("%d requests and %d log-ins came, want %d and %d", sent, logins, test.requests, test.logins)
					}
					last := network.service.seen[len(network.service.seen)-1].Header.Get("X-Auth-Token")
					if want := fmt.Sprintf("planted-token-%d", max(test.logins, 1)); last != want {
						t.Errorf("the last request had the token %q, want %q", last, want)
					}
				})
			})
		}
	}
}

// TestTokenRunsOutInTheMiddle waits longer than a token lives: each is replaced before its end, and none is refused.
func TestTokenRunsOutInTheMiddle(t *testing.T) {
	t.Parallel()
	for source, running := range waiting {
		t.Run(source, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				begin := time.Now()
				look := func(w http.ResponseWriter, r *http.Request, s *service) {
					if got, want := r.Header.Get("X-Auth-Token"), fmt.Sprintf("planted-token-%d", s.countLogins()); got != want {
						t.Errorf("the token is %q, want the newest, %q", got, want)
					}
					if time.Since(begin) < 50*time.Minute {
						running(w, r, s)
					} else {
						s.good(w, r)
					}
				}
				network := newNetwork(t, &service{fates: fates{look}, login: logsIn(20 * time.Minute)})
				p := network.start(t, "http://service.test", passwordSettings)
				arguments := maps.Clone(badNews[source].arguments)
				arguments["wait_for_completion"] = forCompletion
				maps.Copy(arguments, timeout("2h"))
				attributes, diagnostics := p.read(t.Context(), t, source, arguments)
				checkNotGreen(t, attributes)
				checkSurvived(t, attributes, diagnostics, "failed", "")
				if got := network.service.countLogins(); got != 4 {
					t.Errorf("%d log-ins came, want 4: one for each 16 of the 50 minutes", got)
				}
			})
		})
	}
}

// TestLogInFaults holds the faults of a log-in to what the user sees.
func TestLogInFaults(t *testing.T) {
	t.Parallel()
	in := logsIn(time.Hour)
	tests := map[string]struct {
		login     fate
		arguments map[string]tftypes.Value
		want      []string
		logins    int
	}{
		"survived":         {login: inTurn(says(502, `<html>`), hangUp, says(429, ``, "Retry-After", "3"), tears(201, `{`), in), logins: 5},
		"silent, then not": {login: inTurn(silence, in), logins: 2},
		"silent":           {login: silence, arguments: timeout("20s"), want: []string{"context deadline exceeded.", "timeouts.read"}, logins: 1},
		"down": {
			login: says(503, `<html><title>Maintenance</title></html>`), logins: 6,
			want: []string{"(6 attempts): HTTP 503 Service Unavailable: HTML page: Maintenance.", "IAM fails at the moment."},
		},
		"refused": {
			login:  says(401, `{"error":{"code":401,"message":"The username or password is wrong.","title":"Unauthorized"}}`, "X-IAM-Trace-Id", "iam-1"),
			want:   []string{": HTTP 401 Unauthorized: 401: The username or password is wrong. (request id iam-1).", "not tried again"},
			logins: 1,
		},
		"a page": {
			login: says(200, `<html><title>Log in</title></html>`), logins: 1,
			want: []string{": malformed answer: the log-in's answer has no token", "Something other than the API answered"},
		},
		"moved": {
			login: says(307, ``, "Location", "https://elsewhere.test/v3/auth/tokens"), logins: 1,
			want: []string{": HTTP 307 Temporary Redirect: the answer is a redirect to https://elsewhere.test/v3/auth/tokens, which is never"},
		},
	}
	for name, test := range tests {
		for source := range badNews {
			t.Run(name+"/"+source, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					network := newNetwork(t, &service{login: test.login})
					p := network.start(t, "http://service.test", passwordSettings)
					arguments := maps.Clone(badNews[source].arguments)
					maps.Copy(arguments, test.arguments)
					attributes, diagnostics := p.read(t.Context(), t, source, arguments)
					checkNotGreen(t, attributes)
					if test.want == nil {
						checkSurvived(t, attributes, diagnostics, "failed", "")
					} else {
						checkFailure(t, diagnostics, append([]string{"POST service.test/v3/auth/tokens"}, test.want...))
					}
					if got := network.service.countLogins(); got != test.logins {
						t.Errorf("%d log-ins came, want %d", got, test.logins)
					}
					for _, host := range network.dialled() {
						if host != "service.test:80" {
							t.Errorf("a connection was made to %s", host)
						}
					}
				})
			})
		}
	}
}

// inTurn has a fate for each log-in.
func inTurn(fates ...fate) fate {
	return func(w http.ResponseWriter, r *http.Request, s *service) {
		fates[min(s.countLogins(), len(fates))-1](w, r, s)
	}
}

// TestCancelAnywhere cancels a read wherever it may hang. It ends at once and leaves nothing behind, or the bubble would not end.
func TestCancelAnywhere(t *testing.T) {
	t.Parallel()
	third := keyed(map[string]tftypes.Value{"assume_role": role("domain_name")})
	fifth := keyed(map[string]tftypes.Value{"assume_role": role("domain_id")})
	tests := map[string]struct {
		faultRow
		login fate
	}{
		"in a request":            {faultRow: faultRow{fates: fates{silence}}},
		"in a body":               {faultRow: faultRow{fates: fates{drips(1 << 20)}}},
		"while connecting":        {faultRow: faultRow{dials: dials{errHangs}}},
		"in a TLS handshake":      {faultRow: faultRow{secure: true, hold: true}},
		"in a pause":              {faultRow: faultRow{fates: fates{says(429, ``, "Retry-After", "100")}}},
		"between looks at orders": {faultRow: faultRow{fates: fates{waiting["coc_script_order"]}, only: "coc_script_order"}},
		"between looks at jobs":   {faultRow: faultRow{fates: fates{waiting["dataarts_instance_status"]}, only: "dataarts_instance_status"}},
		"in a log-in":             {faultRow: faultRow{settings: passwordSettings}, login: silence},
		"in a log-in's pause":     {faultRow: faultRow{settings: passwordSettings}, login: says(429, ``, "Retry-After", "100")},
		"in an agency's log-in":   {faultRow: faultRow{settings: third}, login: silence},
		"in an agency's, STS":     {faultRow: faultRow{settings: fifth}, login: silence},
		"in a CI log-in":          {faultRow: faultRow{settings: map[string]tftypes.Value{"assume_role_with_oidc": oidcRole()}}, login: silence},
		"in the machine's metadata": {
			faultRow: faultRow{settings: map[string]tftypes.Value{}}, login: silence,
		},
		"in a look-up of DataArts' project": {
			faultRow: faultRow{only: "dataarts_instance_status", arguments: noProject}, login: silence,
		},
		"in a look-up of ROMA's project": {
			faultRow: faultRow{only: "roma_fdi_task_statistics", arguments: noProject}, login: silence,
		},
	}
	for name, test := range tests {
		for source := range badNews {
			if test.only != "" && test.only != source {
				continue
			}
			t.Run(name+"/"+source, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					network := newNetwork(t, &service{fates: test.fates, login: test.login})
					network.dials, network.hold = test.dials, test.hold
					address := "http://service.test"
					if test.secure {
						address = "https://service.test"
					}
					p := network.start(t, address, test.settings)
					arguments := maps.Clone(badNews[source].arguments)
					maps.Copy(arguments, test.arguments)
					if waiting[source] != nil {
						arguments["wait_for_completion"], arguments["poll_interval"] = forCompletion, str("5m")
					}
					// Where the two share something, the second read waits for the first one, and is canceled while it does.
					var reads sync.WaitGroup
					for _, patience := range []time.Duration{1750 * time.Millisecond, 1500 * time.Millisecond} {
						ctx, cancel := context.WithCancel(t.Context())
						begin := time.Now()
						time.AfterFunc(patience, cancel)
						reads.Go(func() {
							attributes, diagnostics := p.read(ctx, t, source, arguments)
							checkNotGreen(t, attributes)
							checkError(t, diagnostics, []string{"The read was canceled before it ended. Run it again."})
							if took := time.Since(begin); took != patience {
								t.Errorf("it ended after %s, want at once after %s", took, patience)
							}
						})
						synctest.Wait()
					}
					reads.Wait()
				})
			})
		}
	}
}

var noProject = map[string]tftypes.Value{"project_id": tftypes.NewValue(tftypes.String, nil)}

// role is the block assume_role, with the account under one of its two names.
func role(account string) tftypes.Value {
	return block(map[string]tftypes.Value{"agency_name": str("agency"), account: str("account")}, "agency_name", "domain_name", "domain_id")
}

// oidcRole is the block assume_role_with_oidc.
func oidcRole() tftypes.Value {
	return block(map[string]tftypes.Value{
		"agency_name": str("agency"), "domain_id": str("account"), "idp_id": str("idp"), "id_token": str(identityToken),
	}, "agency_name", "domain_id", "idp_id", "id_token", "id_token_file")
}

const identityToken = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJwbGFudGVkIn0.planted"

// block is a block of strings and a duration, which is left out.
func block(values map[string]tftypes.Value, names ...string) tftypes.Value {
	kinds, all := map[string]tftypes.Type{"duration": tftypes.Number}, map[string]tftypes.Value{"duration": tftypes.NewValue(tftypes.Number, nil)}
	for _, name := range names {
		kinds[name], all[name] = tftypes.String, tftypes.NewValue(tftypes.String, nil)
	}
	maps.Copy(all, values)
	return tftypes.NewValue(tftypes.Object{AttributeTypes: kinds}, all)
}

// faultRow is one fault and what comes of it.
type faultRow struct {
	// fates are what happens to each request, dials to each connection. The last one holds for all further ones; nil is no fault.
	fates fates
	dials dials
	// secure asks for TLS, which plain servers do not speak; proxy puts a proxy in between, whose answers the fates are.
	secure, plain, proxy bool
	// hold accepts connections to TLS and says nothing.
	hold bool
	// only is the one data source that the fault concerns.
	only                string
	settings, arguments map[string]tftypes.Value

	// want are words of the error in their order; none means that the fault is survived, with the outcome "failed" and no
	// warning if no others are named.
	want             []string
	outcome, warning string
	// requests is how many came, took how long they may take, most how much the client may read of one answer.
	requests int
	took     span
	most     int64
}

func (f faultRow) run(t *testing.T, source string) {
	t.Helper()
	asked := badNews[source]
	network := newNetwork(t, &service{fates: f.fates})
	network.dials = f.dials
	address := "http://service.test"
	if f.secure {
		address = "https://service.test"
		network.plain = f.plain || f.proxy
	}
	network.proxy = f.proxy
	p := network.start(t, address, f.settings)
	arguments := maps.Clone(asked.arguments)
	maps.Copy(arguments, f.arguments)
	begin := time.Now()
	attributes, diagnostics := p.read(t.Context(), t, source, arguments)
	took := time.Since(begin)
	checkNotGreen(t, attributes)
	if f.want == nil {
		checkSurvived(t, attributes, diagnostics, f.outcome, f.warning)
	} else {
		checkFailure(t, diagnostics, append([]string{"GET " + strings.TrimPrefix(strings.TrimPrefix(address, "http://"), "https://") + asked.path}, f.want...))
	}
	if got := network.service.count(); got != f.requests {
		t.Errorf("%d requests came, want %d", got, f.requests)
	}
	if f.took.set && (took < f.took.least || took > f.took.most) {
		t.Errorf("it took %s, want %s to %s", took, f.took.least, f.took.most)
	}
	if limit := 5 * time.Minute; took > limit {
		t.Errorf("it took %s, beyond the time limit of %s", took, limit)
	}
	if wrote := network.service.wrote.Load(); f.most > 0 && wrote > f.most {
		t.Errorf("%d bytes of an answer were read, at most %d should be", wrote, f.most)
	}
	for _, host := range network.dialled() {
		if host != "service.test:80" && host != "service.test:443" && host != "proxy.test:3128" {
			t.Errorf("a connection was made to %s", host)
		}
	}
}

// span is a range of time, when it was set.
type span struct {
	least, most time.Duration
	set         bool
}

func between(least, most time.Duration) span { return span{least, most, true} }

func timeout(read string) map[string]tftypes.Value {
	kind := tftypes.Object{AttributeTypes: map[string]tftypes.Type{"read": tftypes.String}}
	return map[string]tftypes.Value{"timeouts": tftypes.NewValue(kind, map[string]tftypes.Value{"read": str(read)})}
}

func checkNotGreen(t *testing.T, attributes map[string]tftypes.Value) {
	t.Helper()
	var succeeded *bool
	if value, ok := attributes["succeeded"]; ok {
		if err := value.As(&succeeded); err != nil {
			t.Fatal(err)
		}
	}
	if succeeded != nil && *succeeded {
		t.Error("succeeded is true")
	}
}

func checkSurvived(
	t *testing.T, attributes map[string]tftypes.Value, diagnostics []*tfprotov6.Diagnostic, outcome, warning string,
) {
	t.Helper()
	told := shown(diagnostics)
	checkHarmless(t, told)
	for _, diagnostic := range diagnostics {
		if diagnostic.Severity != tfprotov6.DiagnosticSeverityWarning {
			t.Errorf("an error: %s", told)
		}
	}
	if !strings.Contains(told, warning) || (warning == "" && told != "") {
		t.Errorf("the user is told %q, want %q", told, warning)
	}
	if got := textOf(t, attributes["outcome"]); got != cmp.Or(outcome, "failed") {
		t.Errorf("the outcome is %q, want %q", got, cmp.Or(outcome, "failed"))
	}
}

// textOf is the text of an attribute, empty when it is null.
func textOf(t testing.TB, value tftypes.Value) string {
	t.Helper()
	var text *string
	if value.IsNull() {
		return ""
	}
	if err := value.As(&text); err != nil {
		t.Fatal(err)
	}
	return *text
}

// checkFailure is checkError for a fault, where the last paragraph says what to do.
func checkFailure(t *testing.T, diagnostics []*tfprotov6.Diagnostic, words []string) {
	t.Helper()
	checkError(t, diagnostics, words)
	if _, advice, _ := strings.Cut(diagnostics[0].Detail, "\n\n"); !strings.HasSuffix(advice, ".") {
		t.Errorf("the error does not end in advice:\n%s", shown(diagnostics))
	}
}

// checkError checks that there is one error, that it is short and harmless, and says the words in their order.
func checkError(t *testing.T, diagnostics []*tfprotov6.Diagnostic, words []string) {
	t.Helper()
	if len(diagnostics) != 1 || diagnostics[0].Severity != tfprotov6.DiagnosticSeverityError {
		t.Fatalf("diagnostics are %s, want one error", shown(diagnostics))
	}
	text := shown(diagnostics)
	const longest = 1500
	if len(text) > longest {
		t.Errorf("the error has %d bytes, more than %d:\n%s", len(text), longest, text)
	}
	checkHarmless(t, text)
	rest := text
	for _, word := range words {
		_, after, found := strings.Cut(strings.ToLower(rest), strings.ToLower(word))
		if !found {
			t.Fatalf("the error lacks %q:\n%s", word, text)
		}
		rest = rest[len(rest)-len(after):]
	}
}

func shown(diagnostics []*tfprotov6.Diagnostic) string {
	var b strings.Builder
	for _, diagnostic := range diagnostics {
		b.WriteString(diagnostic.Summary + "\n\n" + diagnostic.Detail)
	}
	return b.String()
}

// A fate is what happens to a request. Nil is the answer of a service that is well.
type (
	fate  func(w http.ResponseWriter, r *http.Request, s *service)
	fates []fate
	dials []error
)

// says answers, with headers as name, value, name, value.
func says(status int, body string, headers ...string) fate {
	return func(w http.ResponseWriter, _ *http.Request, s *service) {
		for i := 0; i < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		if status != http.StatusNoContent {
			s.write(w, body)
		}
	}
}

// retryAt throttles until a time.
func retryAt(after time.Duration) fate {
	return func(w http.ResponseWriter, r *http.Request, s *service) {
		says(http.StatusTooManyRequests, ``, "Retry-After", time.Now().Add(after).UTC().Format(http.TimeFormat))(w, r, s)
	}
}

// withoutStatistics answers about an order, and not about its instances.
func withoutStatistics(w http.ResponseWriter, r *http.Request, s *service) {
	if strings.HasSuffix(r.URL.Path, "/statistics") {
		says(400, `{"error_code":"COC.1","error_msg":"no"}`)(w, r, s)
	} else {
		s.good(w, r)
	}
}

func hangUp(http.ResponseWriter, *http.Request, *service) { panic(http.ErrAbortHandler) }

// tears promises more than it sends.
func tears(status int, body string) fate {
	return func(w http.ResponseWriter, r *http.Request, s *service) {
		says(status, body, "Content-Length", "1000")(w, r, s)
		if err := http.NewResponseController(w).Flush(); err != nil {
			s.t.Error(err)
		}
		panic(http.ErrAbortHandler)
	}
}

// retyped is a good answer under another content type.
func retyped(contentType string) fate {
	return func(w http.ResponseWriter, r *http.Request, s *service) {
		w.Header().Set("Content-Type", contentType)
		s.good(w, r)
	}
}

// silence answers nothing until the client gives up.
func silence(_ http.ResponseWriter, r *http.Request, _ *service) {
	// The server sees the client go only when the request has been read.
	_, _ = io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
}

// drips sends a byte a second, then the good answer.
func drips(seconds int) fate {
	return func(w http.ResponseWriter, r *http.Request, s *service) {
		for range seconds {
			if !s.write(w, " ") || http.NewResponseController(w).Flush() != nil {
				return
			}
			select {
			case <-time.After(time.Second):
			case <-r.Context().Done():
				return
			}
		}
		s.good(w, r)
	}
}

// endless sends spaces until the client gives up.
func endless(status int) fate {
	return func(w http.ResponseWriter, _ *http.Request, s *service) {
		w.WriteHeader(status)
		for s.write(w, manySpaces) {
		}
	}
}

// bomb is endless too, but small on the wire.
func bomb(w http.ResponseWriter, _ *http.Request, s *service) {
	w.Header().Set("Content-Encoding", "gzip")
	for {
		if _, err := w.Write(zippedSpaces); err != nil {
			return
		}
		s.wrote.Add(int64(len(manySpaces)))
	}
}

// zippedSpaces may be repeated: unpacking goes on from one end to the next beginning.
var zippedSpaces = func() []byte {
	var b bytes.Buffer
	zip := gzip.NewWriter(&b)
	_, _ = io.WriteString(zip, manySpaces)
	_ = zip.Close()
	return b.Bytes()
}()

// page answers with instances of a batch, which are numbered on.
func page(total, first, count int) fate {
	return func(w http.ResponseWriter, _ *http.Request, s *service) {
		var rows []string
		for id := first; id < first+count; id++ {
			rows = append(rows, fmt.Sprintf(`{"id":%d,"status":"FINISHED"}`, id))
		}
		s.write(w, fmt.Sprintf(`{"data":{"total_instances":%d,"execute_instances":[%s]}}`, total, strings.Join(rows, ",")))
	}
}

var manySpaces = strings.Repeat(" ", 1<<20)

func endlessHeaders(w http.ResponseWriter, _ *http.Request, s *service) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		s.t.Error(err)
		return
	}
	defer func() { _ = conn.Close() }()
	_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\n")
	for s.write(conn, "X-Filler: "+manySpaces+"x\r\n") {
	}
}

// service stands in for every service of the cloud.
type service struct {
	t *testing.T
	// fates are what happens to the requests of each path, login to those that ask for credentials or projects.
	fates fates
	login fate

	// wrote counts the bytes of bodies that were taken.
	wrote   atomic.Int64
	mu      sync.Mutex
	seen    []*http.Request
	perPath map[string]int
	logins  int
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	if s.login != nil && (r.Method == http.MethodPost || r.URL.Path == "/v3/projects" || r.Host == "169.254.169.254") {
		s.logins++
		s.mu.Unlock()
		s.login(w, r, s)
		return
	}
	var fate fate
	if len(s.fates) > 0 {
		fate = s.fates[min(s.perPath[r.URL.Path], len(s.fates)-1)]
	}
	s.perPath[r.URL.Path]++
	s.seen = append(s.seen, r)
	s.mu.Unlock()
	if fate == nil {
		s.good(w, r)
		return
	}
	fate(w, r, s)
}

func (s *service) good(w http.ResponseWriter, r *http.Request) {
	for _, source := range badNews {
		if source.path == r.URL.Path {
			s.write(w, source.body)
			return
		}
	}
	s.t.Errorf("not known: %s", r.URL)
}

func (s *service) write(w io.Writer, body string) bool {
	n, err := io.WriteString(w, body)
	s.wrote.Add(int64(n))
	return err == nil
}

func (s *service) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.seen)
}

func (s *service) countLogins() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.logins
}

// network is a network in memory, for a fake clock: blocked on it counts as waiting, which blocked on a socket does not.
type network struct {
	service *service
	dials   dials
	// plain answers every port without TLS; proxy sends all requests through a proxy.
	plain, proxy bool
	// hold connects nobody to the client.
	hold bool

	plainConns, secureConns chan net.Conn

	mu    sync.Mutex
	hosts []string
	made  []*http.Transport
}

// newNetwork serves until the test ends.
func newNetwork(t *testing.T, service *service) *network {
	t.Helper()
	service.t, service.perPath = t, map[string]int{}
	n := &network{service: service, plainConns: make(chan net.Conn), secureConns: make(chan net.Conn)}
	server := &http.Server{Handler: service, ErrorLog: log.New(io.Discard, "", 0), ReadHeaderTimeout: time.Hour}
	var served sync.WaitGroup
	done := make(chan struct{})
	served.Go(func() { _ = server.Serve(&listener{n.plainConns, done}) })
	served.Go(func() { _ = server.Serve(tls.NewListener(&listener{n.secureConns, done}, authority.server)) })
	t.Cleanup(func() {
		n.mu.Lock()
		for _, transport := range n.made {
			transport.CloseIdleConnections()
		}
		n.mu.Unlock()
		close(done)
		_ = server.Close()
		served.Wait()
	})
	return n
}

// keyed are settings with a key pair.
func keyed(more map[string]tftypes.Value) map[string]tftypes.Value {
	settings := map[string]tftypes.Value{"access_key": str(accessKey), "secret_key": str(secretKey)}
	maps.Copy(settings, more)
	return settings
}

// start configures a provider that reaches the network and nothing else, with a key pair if there are no settings.
func (n *network) start(t *testing.T, address string, settings map[string]tftypes.Value) *process {
	t.Helper()
	arguments := map[string]tftypes.Value{"region": str("cn-north-4"), "endpoints": endpointsOf(address)}
	if settings == nil {
		settings = keyed(nil)
	}
	maps.Copy(arguments, settings)
	return start(t, provider.Options{WrapTransport: n.wrap}, arguments)
}

// wrap leads the provider's own transport, with all its settings, into the network.
func (n *network) wrap(transport http.RoundTripper) http.RoundTripper {
	given, ok := transport.(*http.Transport)
	if !ok {
		n.service.t.Errorf("the transport is a %T", transport)
		return transport
	}
	own := given.Clone()
	own.DialContext = n.dial
	own.Proxy = nil
	if n.proxy {
		own.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: "proxy.test:3128", User: url.UserPassword("me", proxyPassword)})
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.made = append(n.made, own)
	return own
}

// errHangs makes a connection that never comes about.
var errHangs = errors.New("hangs")

const proxyPassword = "planted-proxy-password"

func (n *network) dial(ctx context.Context, _, address string) (net.Conn, error) {
	n.mu.Lock()
	var fault error
	if len(n.dials) > 0 {
		fault = n.dials[min(len(n.hosts), len(n.dials)-1)]
	}
	n.hosts = append(n.hosts, address)
	n.mu.Unlock()
	if errors.Is(fault, errHangs) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	if fault != nil {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: fault}
	}
	conns := n.plainConns
	if strings.HasSuffix(address, ":443") && !n.plain {
		conns = n.secureConns
	}
	client, server := net.Pipe()
	if n.hold {
		return client, nil
	}
	select {
	case conns <- server:
		return client, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (n *network) dialled() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.hosts
}

type listener struct {
	conns chan net.Conn
	done  chan struct{}
}

func (l *listener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conns:
		return conn, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *listener) Close() error   { return nil }
func (l *listener) Addr() net.Addr { return &net.IPAddr{} }

// authority signed the certificate of service.test, and nobody knows it.
var authority = newAuthority()

type testAuthority struct {
	server *tls.Config
	pem    string
}

func newAuthority() testAuthority {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"service.test"}, IsCA: true, BasicConstraintsValid: true,
		// The fake clock begins in the year 2000.
		NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<33, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		panic(err)
	}
	return testAuthority{
		server: &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}},
		pem:    string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
	}
}
