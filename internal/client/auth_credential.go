package client

import (
	"context"
	"log/slog"
	"net/http"
	"time"
)

// Credential is what one request is authenticated with: a key pair, temporary when it has a security token, or a token.
// Printing one shows no secret.
type Credential struct {
	AccessKey, SecretKey, SecurityToken string
	// Token is an IAM token. When it is set, the keys are not used.
	Token string
}

// String is the credential as far as it may be shown: an access key but for its last four characters, as in "access key …0001".
func (c Credential) String() string {
	switch {
	case c.Token != "":
		return "token"
	case c.SecurityToken != "":
		return "temporary access key " + maskedKey(c.AccessKey)
	default:
		return "access key " + maskedKey(c.AccessKey)
	}
}

// GoString keeps secrets out of %#v.
func (c Credential) GoString() string { return c.String() }

// LogValue keeps secrets out of structured logs.
func (c Credential) LogValue() slog.Value { return slog.StringValue(c.String()) }

// authenticate puts the credential into the headers of a request.
func (c Credential) authenticate(req *http.Request, body []byte, now time.Time) {
	if c.Token != "" {
		req.Header.Set("X-Auth-Token", c.Token)
		return
	}
	if c.SecurityToken != "" {
		req.Header.Set("X-Security-Token", c.SecurityToken)
	}
	sign(req, body, c.AccessKey, c.SecretKey, now, signedHeaders)
}

// A CredentialSource gives credentials. It is asked at every attempt and has to be safe for concurrent use.
type CredentialSource interface {
	// Credential gives a credential that is good now. The error says what is missing and how to give it.
	Credential(ctx context.Context) (Credential, error)
	// Origin names where the credential comes from, as in "the provider block".
	Origin() string
}

// StaticCredential is a source that gives one credential for ever.
func StaticCredential(credential Credential, origin string) CredentialSource {
	return staticSource{credential: credential, origin: origin}
}

// NoCredential is a source that gives none: every read that asks fails with the error.
func NoCredential(err error) CredentialSource { return staticSource{origin: "nowhere", err: err} }

type staticSource struct {
	credential Credential
	origin     string
	err        error
}

func (s staticSource) Credential(context.Context) (Credential, error) { return s.credential, s.err }
func (s staticSource) Origin() string                                 { return s.origin }
