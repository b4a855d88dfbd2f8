package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/hwgate/terraform-provider-hwgate/internal/text"
)

// Identity is an identity token that a CI system issued to a job.
type Identity struct {
	// ProviderID is the id of the identity provider in IAM.
	ProviderID string
	// Token is the identity token. TokenFile, if not empty, is a file with it, which is read at each renewal.
	Token, TokenFile string
}

// IdentitySource returns a source of temporary keys for an identity token.
//
// API: POST /v3.0/OS-AUTH/id-token/tokens, https://support.huaweicloud.com/intl/en-us/api-iam/iam_13_0605.html, then
// POST /v3.0/OS-CREDENTIAL/securitytokens, https://support.huaweicloud.com/intl/en-us/api-iam/iam_04_0002.html
func IdentitySource(identity Identity, duration time.Duration, origin string) CredentialSource {
	s := &identitySource{identity: identity, duration: duration}
	s.renewingSource = newRenewingSource("the identity token of "+origin, s.signIn)
	s.request = call{
		service: IAM, step: ExchangeIdentity, path: []string{"v3.0", "OS-AUTH", "id-token", "tokens"}, header: http.Header{"X-Idp-Id": {identity.ProviderID}},
	}
	return s
}

type identitySource struct {
	*renewingSource

	identity Identity
	duration time.Duration
}

func (s *identitySource) signIn(ctx context.Context) (temporary, error) {
	identity := s.identity.Token
	if s.identity.TokenFile != "" {
		content, err := text.ReadFile(s.identity.TokenFile, text.FileLimit)
		if err != nil {
			return temporary{}, fmt.Errorf("the file of id_token_file cannot be used: %w", err)
		}
		identity = strings.TrimSpace(string(content))
	}
	if fault := tokenFault(identity); fault != "" {
		return temporary{}, errors.New("the identity token " + fault)
	}
	s.client.secrets.add(identity)
	request := s.request
	request.body = jsonObject{"auth": jsonObject{"id_token": jsonObject{"id": identity}}}
	x, got, err := s.client.do(ctx, request, nil)
	if err != nil {
		return temporary{}, err
	}
	token := got.header.Get("X-Subject-Token")
	if token == "" {
		return temporary{}, x.malformedError("the sign-in's answer has no token")
	}
	s.client.secrets.add(token)
	return s.client.requestKeys(ctx, nil, call{
		service: IAM, step: RequestKeys, target: request.target, path: keysPath,
		body: jsonObject{"auth": jsonObject{"identity": jsonObject{
			"methods": []string{"token"}, "token": jsonObject{"id": token, "duration_seconds": wholeSeconds(s.duration)},
		}}},
	})
}

// tokenFault says why a text cannot be a token, without repeating it; it is empty if it can be one.
func tokenFault(from string) string {
	switch flaw := text.Flaw(from); {
	case from == "":
		return "is empty"
	case strings.HasPrefix(from, "{"):
		return "is JSON, and has to stand alone in its file"
	case flaw != "":
		return flaw
	case !isHeaderToken(from):
		return "has characters that no token has: spaces, or letters outside ASCII"
	default:
		return ""
	}
}
