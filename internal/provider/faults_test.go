package provider_test

import (
	"maps"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// TestFaults holds every fault of the service, and of the way to it, to what the user sees. A fault is survived or ends in one error.
func TestFaults(t *testing.T) {
	t.Parallel()
	const html = "<html><head><title>Bad Gateway</title></head><body>\n<h1>nginx</h1></body></html>"
	const retried = "run again later, or raise max_retries."
	way := "check the connection to service.test (network, proxy variables, endpoints."
	tests := map[string]faultRow{
		"throttled, seconds to wait": {
			faults: faults{says(429, `{}`, "Retry-After", "7"), nil}, requests: 2, took: between(7*time.Second, 8*time.Second),
		},
		"throttled, a date to wait for": {
			faults: faults{retryAt(40 * time.Second), nil}, requests: 2, took: between(39*time.Second, 41*time.Second),
		},
		"throttled, nothing said": {
			faults: faults{says(429, `{}`), nil}, requests: 2, took: between(time.Second, 3*time.Second),
		},
		"throttled beyond the time limit": {
			faults: faults{says(429, `{"error_code":"APIGW.0308","error_msg":"over ratelimit","request_id":"req-1"}`, "Retry-After", "3600")},
			want: []string{"HTTP 429 Too Many Requests: APIGW.0308: over ratelimit: the service asked to wait 1h0m0s, which is beyond the " +
				"deadline (request id req-1).\n\nRaise timeouts.read"},
			requests: 1, took: between(0, 0),
		},
		"throttled for ever": {
			faults:   faults{says(429, `{"error_code":"APIGW.0308","error_msg":"over ratelimit"}`)},
			want:     []string{"(6 attempts): HTTP 429", "APIGW.0308: over ratelimit.", "The service throttles.", "or raise max_retries."},
			requests: 6, took: between(25*time.Second, 80*time.Second),
		},
		"500 without a code": {faults: faults{says(500, ``), says(500, `{"message":"oops"}`), nil}, requests: 3},
		"500 with a code that passes": {
			faults: faults{says(500, `{"error_code":"FDI.9999","error_msg":"network"}`), nil}, requests: 2,
		},
		"500 with a code that stays": {
			faults: faults{says(500, `{"error_code":"COC.00040701","error_msg":"internal"}`, "X-Request-Id", "req-2")},
			want:   []string{": HTTP 500 Internal Server Error: COC.00040701: internal (request id req-2).", "This code is not retried. Give the request id req-2 to the vendor's support."}, requests: 1, took: between(0, 0),
		},
		"500 for ever": {
			faults: faults{says(500, ``)}, want: []string{"(6 attempts): HTTP 500 Internal Server Error: empty body.", retried}, requests: 6,
		},
		"502, 503 and 504 with HTML": {faults: faults{says(502, html), says(503, html), says(504, html), nil}, requests: 4},
		"502 for ever": {
			faults:   faults{says(502, html, "X-Request-Id", "req-3")},
			want:     []string{"(6 attempts): HTTP 502 Bad Gateway: HTML page \"Bad Gateway\", 80 bytes (request id req-3).", retried},
			requests: 6,
		},
		"503, seconds to wait": {
			faults: faults{says(503, html, "Retry-After", "30"), nil}, requests: 2, took: between(30*time.Second, 31*time.Second),
		},
		"connection refused": {
			dials: dials{syscall.ECONNREFUSED, nil}, requests: 1, took: between(time.Second/2, 2*time.Second),
		},
		"connection refused for ever": {
			dials: dials{syscall.ECONNREFUSED}, want: []string{"(6 attempts): ", "connection refused.", way},
		},
		"host without an address": {
			dials: dials{&net.DNSError{Err: "no such host", Name: "service.test", IsNotFound: true}},
			want:  []string{": lookup service.test: no such host.", "The name service.test cannot be resolved here. Check DNS, network and proxy", "or set endpoints."},
			took:  between(0, 0),
		},
		"reset before the body": {faults: faults{hangUp, nil}, requests: 2},
		"reset for ever": {
			faults: faults{hangUp}, want: []string{"(6 attempts): the connection was closed without an answer: EOF.", way}, requests: 6,
		},
		"reset in the body": {faults: faults{tears(200, `{"data":{"sta`), nil}, requests: 2},
		"reset in the body for ever": {
			faults: faults{tears(200, `{"data":{"sta`)},
			want:   []string{"(6 attempts): reading the answer: unexpected EOF.", way}, requests: 6,
		},
		"reset in the body of a refusal": {
			faults: faults{tears(401, `{"error_code":`)}, want: []string{": HTTP 401 Unauthorized", "not used again in this run"}, requests: 1,
		},
		"truncated JSON": {
			faults: faults{says(200, `{"data":{"status":"FINISHED"`)},
			want:   []string{": HTTP 200 OK: invalid JSON, 28 bytes: malformed answer: not a JSON object.", "Something other than the API answered"}, requests: 1,
		},
		"empty body": {
			faults:   faults{says(200, ``, "X-Request-Id", "req-4")},
			want:     []string{": HTTP 200 OK: empty body: malformed answer: not a JSON object (request id req-4).", "Something other"},
			requests: 1,
		},
		"204": {
			faults: faults{says(204, ``)}, want: []string{": HTTP 204 No Content: empty body: unexpected status: only HTTP 200 counts as an answer.", "Something other"}, requests: 1,
		},
		"HTML with status 200": {
			faults:   faults{says(200, strings.ReplaceAll(html, "Bad Gateway", "Log in"), "Content-Type", "text/html")},
			want:     []string{": HTTP 200 OK: HTML page \"Log in\", 75 bytes: malformed answer: not a JSON object.", "(endpoints."},
			requests: 1,
		},
		"another content type": {faults: faults{retyped("text/plain; charset=latin1")}, requests: 1},
		"a list":               {faults: faults{says(200, `[1]`)}, want: []string{"malformed answer: not a JSON object."}, requests: 1},
		"null":                 {faults: faults{says(200, `null`)}, want: []string{"malformed answer: not a JSON object."}, requests: 1},
		"an empty object":      {faults: faults{says(200, `{}`)}, want: []string{"malformed answer: there is no "}, requests: 1},
		"wrong types": {
			faults: faults{spoiled},
			want:   []string{"malformed answer: ", "wanted ", "Something other than the API answered, or the API has changed."}, requests: 1,
		},
		"an error in a 200": {
			faults: faults{says(200, `{"error_code":"COC.00010002","error_msg":"Invalid parameters.","request_id":"req-5"}`)},
			want:   []string{": HTTP 200 OK: COC.00010002: Invalid parameters. (request id req-5).", "Check "}, requests: 1,
		},
		"no answer": {
			faults: faults{silence, nil}, requests: 2, took: between(30*time.Second, 32*time.Second),
		},
		"no answer for ever": {
			faults: faults{silence}, want: []string{"(6 attempts): no complete answer within 30s.", way}, requests: 6,
		},
		"no answer within the time limit": {
			faults: faults{silence}, arguments: timeout("10s"), requests: 1, took: between(10*time.Second, 10*time.Second),
			want: []string{": timed out.", "The read exceeded timeouts.read. Raise it, or find out"},
		},
		"slow bytes that end":  {faults: faults{drips(20)}, requests: 1, took: between(20*time.Second, 21*time.Second)},
		"slow bytes for ever":  {faults: faults{drips(1 << 20)}, want: []string{"(6 attempts): no complete answer within 30s.", way}, requests: 6},
		"slow bytes of a page": {faults: faults{says(502, html), drips(1 << 20), nil}, requests: 3},
		"headers without end":  {faults: faults{endlessHeaders}, want: []string{"server response headers exceeded", way}, requests: 6},
		"a redirect to another host": {
			faults: faults{says(302, ``, "Location", "https://login.example.com/?next=x")}, requests: 1, took: between(0, 0),
			want: []string{
				": HTTP 302 Found: the answer is a redirect to https://login.example.com/, which is never followed.",
				"to the address that answers without a redirect.",
			},
		},
		"an endless error page": {
			faults: faults{endless(502), nil}, requests: 2, most: 3 << 20,
		},
		"gigabytes in a few compressed bytes": {
			only: "coc_script_order", faults: faults{bomb}, requests: 1, most: 160 * int64(len(zippedSpaces)),
			want: []string{": the answer is too large: more than 128 MiB.", "Something other than the API answered"},
		},
		"pages that repeat": {
			only: "coc_script_order_batch", faults: faults{page(6, 1, 3)}, requests: 2,
			want: []string{"malformed answer: the instance with the id 1 is listed twice, so the pages do not advance."},
		},
		"a page that shrinks": {
			only: "coc_script_order_batch", faults: faults{page(6, 1, 3), page(6, 4, 1), page(6, 0, 0)}, requests: 3,
			outcome: "unknown", warning: "The total is 6, but 4 are accounted for.",
		},
		"a batch that shrinks": {
			only: "coc_script_order_batch", faults: faults{page(6, 1, 3), page(3, 0, 0)}, requests: 2,
			outcome: "unknown", warning: "The total changed from page to page.",
		},
		"failed jobs that cannot be read": {
			only: "dataarts_instance_status", arguments: map[string]tftypes.Value{"failure_details": tftypes.NewValue(tftypes.Bool, true)},
			faults: faults{withoutListings}, requests: 2,
			outcome: "failed", warning: "/jobs/instances/detail: HTTP 403 Forbidden: DLF.6888: no. So failed_jobs is null; everything else",
		},
		"abnormal tasks that cannot be read": {
			only: "roma_fdi_task_statistics", arguments: map[string]tftypes.Value{"failure_details": tftypes.NewValue(tftypes.Bool, true)},
			faults: faults{withoutListings}, requests: 2,
			outcome: "failed", warning: "/task-monitors: HTTP 403 Forbidden: DLF.6888: no. So abnormal_tasks is null; everything else",
		},
		"failure details that cannot be read": {
			only: "coc_script_order", arguments: map[string]tftypes.Value{"failure_details": tftypes.NewValue(tftypes.Bool, true)},
			faults: faults{withoutStatistics}, requests: 2,
			outcome: "failed", warning: "/statistics: HTTP 400 Bad Request: COC.1: no. So counts, failed_hosts and failed_instances are null",
		},
		"a page of the wrong server": {
			faults: faults{says(404, html)}, want: []string{": HTTP 404 Not Found: HTML page", "The gateway knows no such API at "}, requests: 1,
		},
		"a refused key": {
			faults:   faults{says(401, `{"error_code":"APIGW.0301","error_msg":"Incorrect IAM authentication information","request_id":"req-6"}`)},
			want:     []string{": HTTP 401 Unauthorized: APIGW.0301: ", "(request id req-6). Authenticated with access key …0001 (provider block).", "clock"},
			requests: 1, took: between(0, 0),
		},
		"a name without a resolver": {
			dials: dials{&net.DNSError{Err: "server misbehaving", Name: "service.test", IsTemporary: true}},
			want:  []string{"server misbehaving", "The name service.test cannot be resolved here."}, took: between(0, 0),
		},
		"an authority that is trusted": {secure: true, settings: keyed(map[string]tftypes.Value{"cacert_file": str(authority.pem)}), requests: 1},
		"an unknown authority": {
			secure: true, took: between(0, 0),
			want: []string{"certificate signed by unknown authority.", "Name the authority that signed it in cacert_file."},
		},
		"TLS spoken to plain HTTP": {
			secure: true, plain: true, took: between(0, 0), want: []string{"server gave HTTP response to HTTPS client", "service.test, or a proxy in front of it, speaks plain HTTP where HTTPS is expected. Check the proxy"},
		},
		"a proxy that wants a password": {
			secure: true, proxy: true, faults: faults{says(407, ``)}, requests: 1, took: between(0, 0),
			want: []string{"the proxy proxy.test:3128 answered 407 Proxy Authentication Required.", "Give user name and password in HTTPS_PROXY where it requires them (407)"},
		},
		"a proxy that wants a password, plain": {
			proxy: true, faults: faults{says(407, html)}, requests: 1, took: between(0, 0),
			want: []string{": HTTP 407 Proxy Authentication Required: HTML page", "Give the proxy its user name and password in HTTPS_PROXY (HTTP_PROXY for http://)."},
		},
	}
	for name, test := range tests {
		for source := range badAnswers() {
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

// TestTenReadsThroughFaults reads every data source twice, all at once, from a service that is badDeployment.
func TestTenReadsThroughFaults(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		// No read can meet more of the faults of its path than it may make attempts.
		network := newNetwork(t, deployment(t, faults{
			says(429, ``, "Retry-After", "2"), hangUp, says(503, `<html>`), tears(200, `{"data":`), silence, nil,
		}))
		p := network.start(t, "http://service.test", nil)
		var reads sync.WaitGroup
		for source, asked := range badAnswers() {
			for range 2 {
				reads.Go(func() {
					attributes, diagnostics := p.read(t.Context(), t, source, asked.arguments)
					checkNotGreen(t, attributes)
					checkSurvived(t, attributes, diagnostics, "failed", "")
				})
			}
		}
		reads.Wait()
		if got, want := len(network.service.Log().Data()), 7*len(badAnswers()); got != want {
			t.Errorf("%d requests came, want %d", got, want)
		}
	})
}

// faultRow is one fault and what comes of it.
type faultRow struct {
	// faults are what happens to each request, dials to each connection. The last one holds for all further ones; nil is no fault.
	faults faults
	dials  dials
	// secure asks for TLS, which plain servers do not speak; proxy puts a proxy in between, whose answers the faults are.
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
	// requests is how many came, took how long they may take, most how many bytes the client may take of all answers.
	requests int
	took     span
	most     int64
}

func (f faultRow) run(t *testing.T, source string) {
	t.Helper()
	asked := badAnswers()[source]
	network := newNetwork(t, deployment(t, f.faults))
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
	if got := len(network.service.Log().Data()); got != f.requests {
		t.Errorf("%d requests came, want %d", got, f.requests)
	}
	if f.took.set && (took < f.took.least || took > f.took.most) {
		t.Errorf("it took %s, want %s to %s", took, f.took.least, f.took.most)
	}
	if limit := 5 * time.Minute; took > limit {
		t.Errorf("it took %s, beyond the time limit of %s", took, limit)
	}
	if sent := network.sent.Load(); f.most > 0 && sent > f.most {
		t.Errorf("%d bytes of an answer were read, at most %d should be", sent, f.most)
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
