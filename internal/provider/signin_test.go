package provider_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/cloudtest"
)

// unfinished are answers that make the data sources wait that can.
func unfinished() map[string]http.Handler {
	return map[string]http.Handler{
		"coc_script_order": says(200, `{"data":{"status":"PROCESSING"}}`),
		"dataarts_instance_status": says(200, strings.NewReplacer(`"running_count":0`, `"running_count":1`, `"success_count":5`, `"success_count":4`).
			Replace(badAnswers()["dataarts_instance_status"].body)),
	}
}

var forCompletion = tftypes.NewValue(tftypes.Bool, true)

// issuesTokens gives out tokens that are good for so long, one after the other.
func issuesTokens(life time.Duration) *cloudtest.Account {
	return &cloudtest.Account{Token: "planted-token-%d", Life: life}
}

var passwordSettings = map[string]tftypes.Value{
	"user_name": str("me"), "password": str("planted-password"), "domain_name": str("us"),
}

// TestTokenRefusedInTheMiddle lets a token expire between two looks. Only a sign-in can give another one, and is asked once.
func TestTokenRefusedInTheMiddle(t *testing.T) {
	t.Parallel()
	refused := says(401, `{"error_code":"APIGW.0301","error_msg":"token expired"}`)
	password, token := passwordSettings, map[string]tftypes.Value{"token": str("planted-token-1")}
	tests := map[string]struct {
		settings          map[string]tftypes.Value
		then              faults
		want              []string
		requests, signIns int
	}{
		"renewed":              {password, faults{refused, nil}, nil, 3, 2},
		"renewed in vain":      {password, faults{refused}, []string{"HTTP 401", "token expired. Authenticated with token"}, 3, 2},
		"refused twice, apart": {password, faults{refused, says(500, ``), nil}, nil, 4, 2},
		"not renewable":        {token, faults{refused}, []string{"HTTP 401", "token expired. Authenticated with token"}, 2, 0},
	}
	for name, test := range tests {
		for source, running := range unfinished() {
			t.Run(name+"/"+source, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					network := newNetwork(t, deployment(t, append(faults{running}, test.then...), issuesTokens(24*time.Hour)))
					p := network.start(t, "http://service.test", test.settings)
					arguments := maps.Clone(badAnswers()[source].arguments)
					arguments["wait_for_completion"] = forCompletion
					attributes, diagnostics := p.read(t.Context(), t, source, arguments)
					checkNotGreen(t, attributes)
					if test.want == nil {
						checkSurvived(t, attributes, diagnostics, "failed", "")
					} else {
						checkFailure(t, diagnostics, test.want)
					}
					if sent, signIns := len(network.service.Log().Data()), network.service.IAM().Looks(); sent != test.requests || signIns != test.signIns {
						t.Errorf("%d requests and %d sign-ins came, want %d and %d", sent, signIns, test.requests, test.signIns)
					}
					asked := network.service.Log().Data()
					last := asked[len(asked)-1].Header.Get("X-Auth-Token")
					if want := fmt.Sprintf("planted-token-%d", max(test.signIns, 1)); last != want {
						t.Errorf("the last request had the token %q, want %q", last, want)
					}
				})
			})
		}
	}
}

// TestTokenRunsOutInTheMiddle waits longer than a token lives: each is replaced before its end, and none is refused. A look does not wait
// for a sign-in that begins at the same moment.
func TestTokenRunsOutInTheMiddle(t *testing.T) {
	t.Parallel()
	for source, running := range unfinished() {
		t.Run(source, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				begin := time.Now()
				var signIns, signedInAt atomic.Int64
				in := issuesTokens(20 * time.Minute)
				signIn := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					signedInAt.Store(time.Now().UnixNano())
					signIns.Add(1)
					in.ServeHTTP(w, r)
				})
				look := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					newest := signIns.Load()
					allowed := []string{fmt.Sprintf("planted-token-%d", newest)}
					if newest > 1 && signedInAt.Load() == time.Now().UnixNano() {
						allowed = append(allowed, fmt.Sprintf("planted-token-%d", newest-1))
					}
					if got := r.Header.Get("X-Auth-Token"); !slices.Contains(allowed, got) {
						t.Errorf("the token is %q, want the newest of %q", got, allowed)
					}
					if time.Since(begin) < 50*time.Minute {
						running.ServeHTTP(w, r)
					} else {
						badDeployment(w, r)
					}
				})
				network := newNetwork(t, deployment(t, faults{look}, signIn))
				p := network.start(t, "http://service.test", passwordSettings)
				arguments := maps.Clone(badAnswers()[source].arguments)
				arguments["wait_for_completion"] = forCompletion
				maps.Copy(arguments, timeout("2h"))
				attributes, diagnostics := p.read(t.Context(), t, source, arguments)
				checkNotGreen(t, attributes)
				checkSurvived(t, attributes, diagnostics, "failed", "")
				if got := network.service.IAM().Looks(); got != 4 {
					t.Errorf("%d sign-ins came, want 4: one for each 16 of the 50 minutes", got)
				}
			})
		})
	}
}

// TestSignInFaults holds the faults of a sign-in to what the user sees.
func TestSignInFaults(t *testing.T) {
	t.Parallel()
	in := issuesTokens(time.Hour)
	tests := map[string]struct {
		signIn    faults
		arguments map[string]tftypes.Value
		want      []string
		signIns   int
	}{
		"survived":         {signIn: faults{says(502, `<html>`), hangUp, says(429, ``, "Retry-After", "3"), tears(201, `{`), in}, signIns: 5},
		"silent, then not": {signIn: faults{silence, in}, signIns: 2},
		"silent":           {signIn: faults{silence}, arguments: timeout("20s"), want: []string{"timed out.", "timeouts.read"}, signIns: 1},
		"down": {
			signIn: faults{says(503, `<html><title>Maintenance</title></html>`)}, signIns: 6,
			want: []string{"(6 attempts): HTTP 503 Service Unavailable: HTML page \"Maintenance\", ", "IAM is failing at the moment."},
		},
		"refused": {
			signIn:  faults{says(401, `{"error":{"code":401,"message":"The username or password is wrong.","title":"Unauthorized"}}`, "X-IAM-Trace-Id", "iam-1")},
			want:    []string{": HTTP 401 Unauthorized: 401: The username or password is wrong. (request id iam-1).", "not tried again"},
			signIns: 1,
		},
		"a page": {
			signIn: faults{says(200, `<html><title>Log in</title></html>`)}, signIns: 1,
			want: []string{"HTML page \"Log in\", 34 bytes: malformed answer: not a JSON object", "Something other than the API answered"},
		},
		"moved": {
			signIn: faults{says(307, ``, "Location", "https://elsewhere.test/v3/auth/tokens")}, signIns: 1,
			want: []string{": HTTP 307 Temporary Redirect: the answer is a redirect to https://elsewhere.test/v3/auth/tokens, which is never"},
		},
	}
	for name, test := range tests {
		for source := range badAnswers() {
			t.Run(name+"/"+source, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					network := newNetwork(t, deployment(t, nil, test.signIn...))
					p := network.start(t, "http://service.test", passwordSettings)
					arguments := maps.Clone(badAnswers()[source].arguments)
					maps.Copy(arguments, test.arguments)
					attributes, diagnostics := p.read(t.Context(), t, source, arguments)
					checkNotGreen(t, attributes)
					if test.want == nil {
						checkSurvived(t, attributes, diagnostics, "failed", "")
					} else {
						checkFailure(t, diagnostics, append([]string{"POST service.test/v3/auth/tokens"}, test.want...))
					}
					if got := network.service.IAM().Looks(); got != test.signIns {
						t.Errorf("%d sign-ins came, want %d", got, test.signIns)
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
