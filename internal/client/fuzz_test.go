package client

import (
	"context"
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

// FuzzSignIns reads any answer as that of every sign-in, and as a list of projects: either all of it is there, or there is an error.
func FuzzSignIns(f *testing.F) {
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
		signIn := call{service: IAM, step: SignIn, target: testOrder.Target, path: []string{"v3", "auth", "tokens"}}
		got, err := c.requestToken(t.Context(), signIn)
		if err == nil && (got.Token != token || token == "" || got.expiresAt.IsZero()) {
			t.Errorf("a sign-in gave %q until %s", got.Token, got.expiresAt)
		}
		keys, err := c.requestKeys(t.Context(), nil, signIn)
		if err == nil && (keys.AccessKey == "" || keys.SecretKey == "" || keys.SecurityToken == "" || keys.Token != "" || keys.expiresAt.IsZero()) {
			t.Errorf("a sign-in gave %#v until %s", keys, keys.expiresAt)
		}
		if (err == nil) && keys.fresh(keys.expiresAt.Add(time.Second)) {
			t.Error("keys are fresh after their end")
		}
		if id, err := c.lookUpProject(t.Context(), testRegion); err == nil && !pathSegment.MatchString(id) {
			t.Errorf("a look-up gave %q", id)
		} else if err != nil {
			checkHarmless(t, err.Error())
		}
	})
}

// FuzzAnswers reads any body as the answer of every call: either there is a result, or one harmless error.
func FuzzAnswers(f *testing.F) {
	for _, body := range documented {
		f.Add(body)
	}
	for _, body := range []string{fullJobs, fullAbnormal, `{"total":0,"instances":null,"entities":null}`, `{"instances":[{}],"entities":[{}]}`} {
		f.Add(body)
	}
	for _, body := range []string{fullOrder, fullStatistics, fullBatch, `{"data":{"execute_instances":[null]}}`, `[]`, `{"data":{"status":{}}}`} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		for name, call := range callers {
			result, err := call(context.Background(), newClient(t, answering(says(http.StatusOK, body))))
			if err != nil {
				e := failure(t, err)
				if e.Status != http.StatusOK || e.Attempts < 1 {
					t.Errorf("%s: %#v", name, e)
				}
				continue
			}
			var warnings []string
			switch result := result.(type) {
			case *ScriptOrder:
				warnings = result.Warnings
			case *JobInstanceList:
				warnings = result.Warnings
				checkJobs(t, result)
			case *FDITaskList:
				warnings = result.Warnings
				checkTasks(t, result)
			}
			for _, warning := range warnings {
				checkHarmless(t, warning)
			}
		}
	})
}

func FuzzErrorBody(f *testing.F) {
	for _, body := range []string{
		`{"error_code":"COC.00040709","error_msg":"no"}`,
		`{"error_msg":"no","error_code":"APIGW.0301","request_id":"r"}`,
		`{"error":{"code":401,"message":"no","title":"Unauthorized"}}`,
		`{"errCode":"Cdm.0001","externalMessage":"no"}`,
		`{"error_code":{"a":1},"error_msg":["b"]}`,
		"<html><title>Not found</title>", "", "plain\x1b[31m \xff", "[]", "null", documentedOrder,
	} {
		f.Add(http.StatusBadRequest, body, "request-1")
	}
	f.Fuzz(func(t *testing.T, status int, body, requestID string) {
		if status < 200 || status > 999 {
			return // net/http refuses these, or goes on reading
		}
		x := &exchange{client: newClient(t, nil)}
		x.client.secrets.add(testSecretKey)
		var err error
		if x.request, err = http.NewRequestWithContext(t.Context(), http.MethodGet, "https://coc.example.com/v1", http.NoBody); err != nil {
			t.Fatal(err)
		}
		e := x.answerError(reply{status: status, header: http.Header{"X-Request-Id": {requestID}}, body: []byte(body)})
		if len(e.Code) > 64 || len(e.Message) > messageLimit || len(e.RequestID) > 128 {
			t.Errorf("too long: %#v", e)
		}
		checkHarmless(t, strings.ReplaceAll(e.Error(), "%!", "")) // a service may say that
	})
}
