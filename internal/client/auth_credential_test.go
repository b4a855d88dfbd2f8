package client

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
)

func TestCredentialShowsNoSecret(t *testing.T) {
	t.Parallel()
	keys := Credential{AccessKey: "AKABCDEF1234", SecretKey: "secret-1"}
	temporary, token := keys, keys
	temporary.SecurityToken = "secret-2"
	token.Token, token.SecurityToken = "secret-3", "secret-2"
	for _, test := range []struct {
		credential Credential
		want       string
	}{
		{keys, "access key …1234"},
		{temporary, "temporary access key …1234"},
		{token, "token"},
		{Credential{}, "access key …"},
	} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
			if got := fmt.Sprintf(verb, test.credential); got != test.want {
				t.Errorf("%s: %q, want %q", verb, got, test.want)
			}
			pointed := fmt.Sprintf(verb, struct{ Of *Credential }{&test.credential}) + fmt.Sprintf(verb, []Credential{test.credential})
			if strings.Contains(pointed, "secret-") || strings.Contains(pointed, "AKABCDEF") {
				t.Errorf("%s: %s", verb, pointed)
			}
		}
		if got := fmt.Sprintf("%q", test.credential); got != `"`+test.want+`"` {
			t.Errorf("%%q: %s", got)
		}
	}
}

func TestNoCredential(t *testing.T) {
	t.Parallel()
	why := errors.New("no access key is given")
	for name, source := range map[string]CredentialSource{
		"none":            NoCredential(why),
		"one that failed": sourceFunc(func(context.Context) (Credential, error) { return Credential{}, why }),
	} {
		for call, read := range callers {
			t.Run(name+"/"+call, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					service := answering(says(200, documented[call]))
					_, err := read(t.Context(), newClient(t, service, retries(5), func(cfg *Config) { cfg.Credentials = source }))
					e := failure(t, err)
					if !errors.Is(err, ErrNoCredential) || !errors.Is(err, why) || isTransient(err) || IsUnauthorized(err) {
						t.Errorf("error %v, want ErrNoCredential", err)
					}
					if want := "no usable credential: no access key is given"; e.Answer() != want {
						t.Errorf("%q, want %q", e.Answer(), want)
					}
					if e.Attempts != 0 || e.Credential != "" || len(service.sent()) != 0 {
						t.Errorf("%#v after %d requests, want none", e, len(service.sent()))
					}
				})
			})
		}
	}
}

func TestOrigin(t *testing.T) {
	t.Parallel()
	if got := StaticCredential(testKeys, "the provider block").Origin(); got != "the provider block" {
		t.Errorf("origin %q", got)
	}
	if got := NoCredential(errors.New("no")).Origin(); got != "nowhere" {
		t.Errorf("origin %q", got)
	}
}
