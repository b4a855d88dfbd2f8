package client

import (
	"encoding/json"
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// FuzzRedactor hides a secret in any text, in the spellings that servers have for it.
func FuzzRedactor(f *testing.F) {
	const secret = `s3cr3t/of+a "kind"\\=`
	for _, text := range []string{secret, "a" + secret + secret, "\\u0073" + secret[1:], url.QueryEscape(secret), html.EscapeString(secret), documentedBatch} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		secrets := &redactor{}
		secrets.add(secret)
		quoted, err := json.Marshal(secret)
		if err != nil {
			t.Fatal(err)
		}
		for _, spelled := range []string{secret, string(quoted), url.PathEscape(secret), html.EscapeString(secret)} {
			cleaned := secrets.clean(text + "\n" + spelled)
			if strings.Contains(cleaned, secret) || strings.Contains(cleaned, spelled) {
				t.Errorf("clean(%q) = %q", text+"\n"+spelled, cleaned)
			}
		}
	})
}

// FuzzLogIns reads any answer as that of every sign-in, and as a list of projects: either all of it is there, or there is an error.
func FuzzLogIns(f *testing.F) {
	const end = `"2999-01-08T02:56:19.587000Z"`
	for _, body := range []string{
		`{"token":{"expires_at":` + end + `}}`, `{"token":{"expires_at":"soon"}}`, `{"token":null}`,
		`{"credential":{"access":"A","secret":"S","securitytoken":"T","expires_at":` + end + `}}`,
		`{"credentials":{"access_key_id":"A","secret_access_key":"S","security_token":"T","expiration":` + end + `}}`,
		`{"projects":[{"id":"0123","name":"` + testRegion + `"}]}`, `{"projects":[{}]}`, `{"projects":{}}`, `[]`, ``,
	} {
		f.Add(body, "token")
	}
	f.Fuzz(func(t *testing.T, body, token string) {
		c := newClient(t, answering(says(http.StatusCreated, body, "X-Subject-Token", token)))
		login := call{service: IAM, target: testOrder.Target, path: []string{"v3", "auth", "tokens"}}
		got, err := c.token(t.Context(), login)
		if err == nil && (got.Token != token || token == "" || got.expires.IsZero()) {
			t.Errorf("a log-in gave %q until %s", got.Token, got.expires)
		}
		keys, err := c.keys(t.Context(), nil, login)
		if err == nil && (keys.AccessKey == "" || keys.SecretKey == "" || keys.SecurityToken == "" || keys.Token != "" || keys.expires.IsZero()) {
			t.Errorf("a log-in gave %#v until %s", keys, keys.expires)
		}
		if (err == nil) && keys.fresh(keys.expires.Add(time.Second)) {
			t.Error("keys are fresh after their end")
		}
		if id, err := c.lookUpProject(t.Context(), testRegion); err == nil && !pathSegment.MatchString(id) {
			t.Errorf("a look-up gave %q", id)
		} else if err != nil {
			checkHarmless(t, err.Error())
		}
	})
}
