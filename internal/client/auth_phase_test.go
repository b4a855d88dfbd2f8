package client

import (
	"context"
	"errors"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// TestSilentPhaseIsNamed lets one request of a chain of sign-ins hang: every reader whose deadline passes then names that request, and none
// that was not sent, however long it has been waiting, and whether or not it started the sign-in.
func TestSilentPhaseIsNamed(t *testing.T) {
	t.Parallel()
	const (
		password = "/v3/auth/tokens"
		identity = "/v3.0/OS-AUTH/id-token/tokens"
		keys     = "/v3.0/OS-CREDENTIAL/securitytokens"
		agency   = "/v5/agencies/assume"
	)
	token := says(201, `{"token":{"expires_at":"2999-01-01T00:00:00Z"}}`, "X-Subject-Token", "dummyToken")
	chains := map[string]struct {
		source func() CredentialSource
		steps  []string
	}{
		"agency on top of a password": {func() CredentialSource {
			return AssumeRoleSource(PasswordSource(Password{UserID: "u", DomainID: "d"}, "the test"), Agency{Name: "a", DomainName: "d", Duration: time.Hour})
		}, []string{password, keys}},
		"agency on top of an identity token": {func() CredentialSource {
			return AssumeRoleSource(IdentitySource(Identity{Token: "dummyIdentityToken"}, time.Hour, "the test"), Agency{Name: "a", DomainID: "d", Duration: time.Hour})
		}, []string{identity, keys, agency}},
	}
	rapid.Check(t, func(rt *rapid.T) {
		chain := chains[rapid.SampledFrom([]string{"agency on top of a password", "agency on top of an identity token"}).Draw(rt, "chain")]
		silent := rapid.SampledFrom(chain.steps).Draw(rt, "silent")
		deadlines := rapid.SliceOfN(rapid.IntRange(1, 20), 1, 5).Draw(rt, "deadlines")
		synctest.Test(t, func(t *testing.T) {
			answers := map[string]answerer{
				password: token, identity: token, keys: says(201, keysV3), agency: says(201, keysV5), silent: hangs,
			}
			c := newClient(t, answeringByPath(answers), source(chain.source()))
			var readers sync.WaitGroup
			for _, deadline := range deadlines {
				readers.Go(func() {
					ctx, cancel := context.WithTimeout(t.Context(), time.Duration(deadline)*time.Second)
					defer cancel()
					_, err := c.ScriptOrder(ctx, testOrder)
					cause, ok := Cause(err)
					if !ok || cause.Path != silent || cause.Attempts == 0 || !errors.Is(err, context.DeadlineExceeded) {
						t.Errorf("%s is silent, deadlines %d: error %v", silent, deadlines, err)
						return
					}
					for _, step := range chain.steps {
						if step != silent && strings.Contains(err.Error(), step+":") {
							t.Errorf("%s is silent, and the error names %s: %v", silent, step, err)
						}
					}
				})
			}
			readers.Wait()
		})
	})
}

// TestTimedOut has no words of Go for a read that its deadline ends, in any phase.
func TestTimedOut(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]answerer{"silence": hangs, "pause": says(503, ``)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				_, err := newClient(t, answering(answer), retries(5)).ScriptOrder(ctx, testOrder)
				if err == nil || strings.Contains(err.Error(), "context") {
					t.Errorf("error %v", err)
				}
			})
		})
	}
}

func answeringByPath(answers map[string]answerer) *wire {
	return answering(func(request *http.Request) (*http.Response, error) {
		if answer := answers[request.URL.Path]; answer != nil {
			return answer(request)
		}
		return says(200, documentedOrder)(request)
	})
}

// TestUnreadableIdentityIsNamed blames the file of an identity token, and no request, since none was sent.
func TestUnreadableIdentityIsNamed(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "token")
	role := AssumeRoleSource(IdentitySource(Identity{TokenFile: file}, time.Hour, "the test"), Agency{Name: "a", DomainID: "d"})
	service := answering(says(200, documentedOrder))
	_, err := newClient(t, service, source(role)).ScriptOrder(t.Context(), testOrder)
	for missing := (*NoCredentialError)(nil); errors.As(err, &missing); err = missing.Reason {
	}
	want := "the identity token of the test: the file of id_token_file cannot be used: " + file + ": no such file or directory"
	if err == nil || err.Error() != want || len(service.sent()) > 0 {
		t.Errorf("%d requests, the innermost error is %v, want %s", len(service.sent()), err, want)
	}
}
