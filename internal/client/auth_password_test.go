package client

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
)

func TestPasswordLogIn(t *testing.T) {
	t.Parallel()
	const address = "POST https://iam.ap-example-1.example.com/v3/auth/tokens?nocatalog=true"
	for _, test := range []struct {
		name     string
		password Password
		change   func(*Config)
		// body is that of the log-in; fault is the error when there must be none.
		body, fault string
	}{
		{
			"user and domain by name", Password{UserName: "user", Password: "hunter2!", DomainName: "account"}, nil,
			`{"auth":{"identity":{"methods":["password"],"password":{"user":{"domain":{"name":"account"},"name":"user","password":"hunter2!"}}},` +
				`"scope":{"project":{"domain":{"name":"account"},"name":"ap-example-1"}}}}`, "",
		},
		{
			"user and domain by id", Password{UserID: "u1", Password: "hunter2!", DomainID: "d1"},
			func(cfg *Config) { cfg.ProjectName = Setting{Value: "sub"} },
			`{"auth":{"identity":{"methods":["password"],"password":{"user":{"id":"u1","password":"hunter2!"}}},` +
				`"scope":{"project":{"domain":{"id":"d1"},"name":"sub"}}}}`, "",
		},
		{
			"project by id", Password{UserID: "u1", Password: "hunter2!"},
			func(cfg *Config) { cfg.ProjectID = Setting{Value: "p1"} },
			`{"auth":{"identity":{"methods":["password"],"password":{"user":{"id":"u1","password":"hunter2!"}}},` +
				`"scope":{"project":{"id":"p1"}}}}`, "",
		},
		{"no account", Password{UserID: "u1", Password: "hunter2!"}, nil, "", "set domain_name or domain_id, or project_id"},
		{
			"project not known yet", Password{UserID: "u1", Password: "hunter2!", DomainID: "d1"},
			func(cfg *Config) { cfg.ProjectID = Setting{Err: errors.New("project_id is not known yet")} }, "", "project_id is not known yet",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cloud := newCloud(t, map[string]answerer{"/v3/auth/tokens": says(201, tokenAnswer, "X-Subject-Token", "dummyToken")})
				changes := []func(*Config){source(PasswordSource(test.password, "the test"))}
				if test.change != nil {
					changes = append(changes, test.change)
				}
				_, err := newClient(t, cloud, changes...).ScriptOrder(t.Context(), testOrder)
				if test.fault != "" {
					checkFailure(t, err)
					if !errors.Is(err, ErrNoCredential) || !strings.Contains(err.Error(), test.fault) || len(cloud.sent()) != 0 {
						t.Errorf("error %v after %d requests, want %q", err, len(cloud.sent()), test.fault)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff([]string{address, test.body}, cloud.asked); diff != "" {
					t.Errorf("want (-), got (+):\n%s", diff)
				}
				logIn, read := cloud.sent()[0].Header, cloud.sent()[1].Header
				if logIn.Get("Authorization")+logIn.Get("X-Auth-Token") != "" || logIn.Get("Content-Type") != "application/json" {
					t.Errorf("headers of the log-in: %v", logIn)
				}
				if read.Get("X-Auth-Token") != "dummyToken" || read.Get("Authorization") != "" {
					t.Errorf("headers of the read: %v", read)
				}
			})
		})
	}
}

// Wrong passwords lock accounts as wrong signatures lock keys.
func TestRefusedLogInIsNotRepeated(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud := newCloud(t, map[string]answerer{
			"/v3/auth/tokens": says(401, `{"error":{"code":401,"message":"the password hunter2! is wrong","title":"Unauthorized"}}`),
		})
		c := newClient(t, cloud, retries(5), source(PasswordSource(Password{UserID: "u1", Password: "hunter2!", DomainID: "d1"}, "the test")))
		for range 2 {
			for _, err := range readTen(t.Context(), c)() {
				checkHarmless(t, err.Error(), "hunter2!")
				if e := failure(t, err); e.Attempts != 0 || !errors.Is(err, ErrNoCredential) || IsTransient(err) {
					t.Errorf("%#v", e)
				}
				var logIn *Error
				if !errors.As(errors.Unwrap(err), &logIn) || logIn.Status != 401 || logIn.Message != "the password *** is wrong" {
					t.Errorf("error %v, want that of the log-in", err)
				}
			}
		}
		if len(cloud.sent()) != 1 {
			t.Errorf("%d requests, want 1", len(cloud.sent()))
		}
	})
}

// A token that a service refuses before its time is replaced by a new log-in, once.
func TestLogInAgainAfterRefusal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := 0
		service := answering(func(request *http.Request) (*http.Response, error) {
			switch {
			case request.URL.Path == "/v3/auth/tokens":
				n++
				return says(201, tokenAnswer, "X-Subject-Token", fmt.Sprintf("dummyToken%d", n))(request)
			case request.Header.Get("X-Auth-Token") == "dummyToken1":
				return says(401, "")(request)
			default:
				return says(200, documentedOrder)(request)
			}
		})
		c := newClient(t, service, source(PasswordSource(Password{UserID: "u1", Password: "hunter2!", DomainID: "d1"}, "the test")))
		for _, err := range readTen(t.Context(), c)() {
			if err != nil {
				t.Error(err)
			}
		}
		// Two log-ins, a refusal and ten answers.
		if n != 2 || len(service.sent()) != 13 {
			t.Errorf("%d log-ins and %d requests, want 2 and 13", n, len(service.sent()))
		}
	})
}

func TestLogInWithoutToken(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]answerer{
		"no token": says(201, tokenAnswer),
		"no end":   says(201, `{"token":{}}`, "X-Subject-Token", "dummyToken"),
		"no JSON":  says(201, `<html>`, "X-Subject-Token", "dummyToken"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cloud := newCloud(t, map[string]answerer{"/v3/auth/tokens": answer})
			c := newClient(t, cloud, source(PasswordSource(Password{UserID: "u1", Password: "hunter2!", DomainID: "d1"}, "the test")))
			_, err := c.ScriptOrder(t.Context(), testOrder)
			checkFailure(t, err)
			checkHarmless(t, err.Error(), "dummyToken", "hunter2!")
			if !errors.Is(err, ErrNoCredential) || !errors.Is(err, ErrMalformed) || len(cloud.sent()) != 1 {
				t.Errorf("error %v after %d requests, want ErrMalformed after 1", err, len(cloud.sent()))
			}
		})
	}
}
