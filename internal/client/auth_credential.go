package client

import (
	"context"
	"log/slog"
	"net/http"
	"time"
)

// Credential is a key pair, temporary if it has a security token, or a token. Printing one shows no secret.
type Credential struct {
	AccessKey, SecretKey, SecurityToken string
	// Token is an IAM token. If it is set, the keys are not used.
	Token string
}

// CredentialKind is what a [Credential] is.
type CredentialKind int

// The kinds of credentials. The zero value is none at all.
const (
	NoCredentialSent CredentialKind = iota
	Token
	TemporaryKey
	PermanentKey
)

// Kind returns the kind of the credential.
func (c Credential) Kind() CredentialKind {
	switch {
	case c.Token != "":
		return Token
	case c.SecurityToken != "":
		return TemporaryKey
	default:
		return PermanentKey
	}
}

// String describes the credential without secrets, such as "access key …0001".
func (c Credential) String() string {
	switch c.Kind() {
	case Token:
		return "token"
	case TemporaryKey:
		return "temporary access key " + maskedKey(c.AccessKey)
	default:
		return "access key " + maskedKey(c.AccessKey)
	}
}

// GoString keeps secrets out of %#v.
func (c Credential) GoString() string { return c.String() }

// LogValue keeps secrets out of structured logs.
func (c Credential) LogValue() slog.Value { return slog.StringValue(c.String()) }

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

// A CredentialSource provides the credential of each attempt. It must be safe for concurrent use.
type CredentialSource interface {
	// Credential returns a valid credential. The error says what is missing and how to set it.
	Credential(ctx context.Context) (Credential, error)
	// Origin names the origin of the credential, such as "the provider block".
	Origin() string
}

// StaticCredential returns a source of one fixed credential.
func StaticCredential(credential Credential, origin string) CredentialSource {
	return staticSource{credential: credential, origin: origin}
}

// NoCredential returns a source that always fails with err.
func NoCredential(err error) CredentialSource { return staticSource{origin: "nowhere", err: err} }

type staticSource struct {
	credential Credential
	origin     string
	err        error
}

func (s staticSource) Credential(context.Context) (Credential, error) { return s.credential, s.err }
func (s staticSource) Origin() string                                 { return s.origin }
