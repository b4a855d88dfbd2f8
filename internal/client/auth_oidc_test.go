package client

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Services may repeat what they were sent.
func TestIdentityIsNotShown(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("dummyIdentityToken"), 0o600); err != nil {
		t.Fatal(err)
	}
	echo := says(403, `{"error_msg":"not dummyIdentityToken, not dummyToken"}`)
	for _, test := range []struct {
		name     string
		identity Identity
		first    answerer
		says     string
	}{
		{"token", Identity{Token: "dummyIdentityToken"}, echo, "not ***, not dummyToken"},
		{"file", Identity{TokenFile: file}, echo, "not ***, not dummyToken"},
		{"second step", Identity{Token: "dummyIdentityToken"}, says(201, `{}`, "X-Subject-Token", "dummyToken"), "not ***, not ***"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			cloud := newCloud(t, map[string]answerer{
				"/v3.0/OS-AUTH/id-token/tokens":      test.first,
				"/v3.0/OS-CREDENTIAL/securitytokens": echo,
			})
			_, err := newClient(t, cloud, source(IdentitySource(test.identity, time.Hour, "the test"))).ScriptOrder(t.Context(), testOrder)
			checkFailure(t, err)
			if !strings.HasSuffix(err.Error(), ": "+test.says) {
				t.Errorf("error %q, want it to end in %q", err, test.says)
			}
		})
	}
}

func TestIdentity(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("dummyIdentityToken\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"POST https://iam.ap-example-1.example.com/v3.0/OS-AUTH/id-token/tokens",
		`{"auth":{"id_token":{"id":"dummyIdentityToken"}}}`,
		"POST https://iam.ap-example-1.example.com/v3.0/OS-CREDENTIAL/securitytokens",
		`{"auth":{"identity":{"methods":["token"],"token":{"duration_seconds":900,"id":"dummyToken"}}}}`,
	}
	for _, test := range []struct {
		name     string
		identity Identity
		want     []string
		fault    string
	}{
		{"token", Identity{ProviderID: "idp", Token: "dummyIdentityToken"}, want, ""},
		{"file", Identity{ProviderID: "idp", TokenFile: file}, want, ""},
		{"no file", Identity{ProviderID: "idp", TokenFile: file + "2"}, nil, "the file of id_token_file cannot be used"},
		{
			"no file, but the token itself", Identity{ProviderID: "idp", TokenFile: "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.c2lnbmVk"}, nil,
			"the file of id_token_file cannot be used: (not shown: a token, it seems, not a path): no such file or directory",
		},
		{"nothing", Identity{ProviderID: "idp"}, nil, "the identity token is empty"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cloud := newCloud(t, map[string]answerer{
					"/v3.0/OS-AUTH/id-token/tokens":      says(201, `{}`, "X-Subject-Token", "dummyToken"),
					"/v3.0/OS-CREDENTIAL/securitytokens": says(201, keysV3),
				})
				c := newClient(t, cloud, source(IdentitySource(test.identity, 15*time.Minute, "the test")))
				_, err := c.ScriptOrder(t.Context(), testOrder)
				if diff := cmp.Diff(test.want, cloud.asked); diff != "" {
					t.Errorf("want (-), got (+):\n%s", diff)
				}
				if test.fault != "" {
					if !errors.Is(err, ErrNoCredential) || !strings.Contains(err.Error(), test.fault) {
						t.Errorf("error %v, want %q", err, test.fault)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				if got := cloud.sent()[0].Header.Get("X-Idp-Id"); got != "idp" {
					t.Errorf("X-Idp-Id %q", got)
				}
				if got := cloud.sent()[2].Header.Get("X-Security-Token"); got != "dummySecurityToken1" {
					t.Errorf("X-Security-Token %q", got)
				}
			})
		})
	}
}

// A CI system's token does not live long, so its file is read at each renewal.
func TestIdentityFileIsReadAgain(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "token")
	write := func(t *testing.T, content string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		ends := func(request *http.Request) (*http.Response, error) {
			return says(201, fmt.Sprintf(`{"credential":{"access":"DUMMYTEMPORARY000001","secret":"dummyTemporarySecret1",`+
				`"securitytoken":"dummySecurityToken1","expires_at":%q}}`, time.Now().Add(15*time.Minute).UTC().Format(time.RFC3339)))(request)
		}
		cloud := newCloud(t, map[string]answerer{
			"/v3.0/OS-AUTH/id-token/tokens":      says(201, `{}`, "X-Subject-Token", "dummyToken"),
			"/v3.0/OS-CREDENTIAL/securitytokens": ends,
		})
		c := newClient(t, cloud, source(IdentitySource(Identity{ProviderID: "idp", TokenFile: file}, 15*time.Minute, "the test")))
		for _, token := range []string{"dummyIdentity1", "dummyIdentity2\r\n"} {
			write(t, token)
			if _, err := c.ScriptOrder(t.Context(), testOrder); err != nil {
				t.Fatal(err)
			}
			time.Sleep(15 * time.Minute)
		}
		var sent []string
		for _, body := range cloud.asked {
			if strings.HasPrefix(body, `{"auth":{"id_token"`) {
				sent = append(sent, body)
			}
		}
		want := []string{`{"auth":{"id_token":{"id":"dummyIdentity1"}}}`, `{"auth":{"id_token":{"id":"dummyIdentity2"}}}`}
		if !slices.Equal(sent, want) {
			t.Errorf("sent %q, want %q", sent, want)
		}
	})
}

// A first step that gives no token ends the exchange: no request goes out with an empty one.
func TestIdentityWithoutToken(t *testing.T) {
	t.Parallel()
	cloud := newCloud(t, map[string]answerer{
		"/v3.0/OS-AUTH/id-token/tokens":      says(201, `{}`),
		"/v3.0/OS-CREDENTIAL/securitytokens": says(201, keysV3),
	})
	_, err := newClient(t, cloud, source(IdentitySource(Identity{Token: "dummyIdentityToken"}, time.Hour, "the test"))).
		ScriptOrder(t.Context(), testOrder)
	checkFailure(t, err)
	if !errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), "the sign-in's answer has no token") || len(cloud.sent()) != 1 {
		t.Errorf("error %v after %d requests, want ErrMalformed after 1", err, len(cloud.sent()))
	}
}
