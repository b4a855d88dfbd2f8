package client

import (
	"context"
	"errors"
	"time"
)

// Agency is a role to assume: an agency of another account, or a trust agency.
type Agency struct {
	Name string
	// DomainID selects version 5 of the API (STS), DomainName version 3.
	DomainName, DomainID string
	// Duration is the lifetime of the keys.
	Duration time.Duration
}

// maxChainedDuration bounds the lifetime of keys that are obtained with temporary keys.
const maxChainedDuration = time.Hour

// AssumeRoleSource returns a source of temporary keys of an agency. It obtains them with the credential of base.
//
// API: POST /v3.0/OS-CREDENTIAL/securitytokens, https://support.huaweicloud.com/intl/en-us/api-iam/iam_04_0101.html, or
// POST /v5/agencies/assume, https://support.huaweicloud.com/intl/en-us/api-iam5/AssumeAgency.html
func AssumeRoleSource(base CredentialSource, agency Agency) CredentialSource {
	s := &assumeRoleSource{agency: agency}
	s.renewingSource = newRenewingSource("the agency "+agency.Name+", assumed with "+base.Origin(), s.assume)
	s.base = base
	s.request = call{service: IAM, step: AssumeRole, path: keysPath}
	if agency.DomainID != "" {
		s.request = call{service: STS, step: AssumeRole, path: []string{"v5", "agencies", "assume"}}
	}
	return s
}

type assumeRoleSource struct {
	*renewingSource

	agency Agency
	auth   *authenticator
}

func (s *assumeRoleSource) connect(c *Client) {
	s.renewingSource.connect(c)
	s.auth = c.authenticate(s.base)
}

// keysPath is the path of IAM for temporary keys of an agency or a token.
var keysPath = []string{"v3.0", "OS-CREDENTIAL", "securitytokens"}

func (s *assumeRoleSource) assume(ctx context.Context) (temporary, error) {
	request := s.request
	if s.agency.DomainID == "" {
		request.body = jsonObject{"auth": jsonObject{"identity": jsonObject{
			"methods": []string{"assume_role"},
			"assume_role": jsonObject{
				"agency_name": s.agency.Name, "domain_name": s.agency.DomainName, "duration_seconds": wholeSeconds(s.agency.Duration),
			},
		}}}
		return s.client.requestKeys(ctx, s.auth, request)
	}
	duration := s.agency.Duration
	base, err := s.base.Credential(ctx)
	switch {
	case err != nil:
		return temporary{}, &NoCredentialError{err}
	case base.Token != "":
		return temporary{}, errors.New("an agency with domain_id is assumed with keys, not with a token: use domain_name, or give keys")
	case base.SecurityToken != "":
		duration = min(duration, maxChainedDuration)
	}
	request.body = jsonObject{
		"agency_urn":          "iam::" + s.agency.DomainID + ":agency:" + s.agency.Name,
		"agency_session_name": "terraform-provider-hwgate",
		"duration_seconds":    wholeSeconds(duration),
	}
	return s.client.requestKeys(ctx, s.auth, request)
}

func wholeSeconds(d time.Duration) int64 { return int64(d / time.Second) }

// requestKeys sends a request for temporary keys of version 3 or 5 of the API.
func (c *Client) requestKeys(ctx context.Context, auth *authenticator, request call) (temporary, error) {
	x, got, err := c.do(ctx, request, auth)
	if err != nil {
		return temporary{}, err
	}
	keys, err := readKeys(got.answer)
	if err != nil {
		return temporary{}, x.malformedError(err.Error())
	}
	return keys, nil
}

// readKeys decodes temporary keys. Versions 3 and 5 of the API name the same members differently.
func readKeys(answer fields) (keys temporary, err error) {
	if third := answer.object("credential"); third != nil {
		keys = third.keys("access", "secret", "securitytoken", "expires_at")
	}
	if fifth := answer.object("credentials"); fifth != nil {
		keys = fifth.keys("access_key_id", "secret_access_key", "security_token", "expiration")
	}
	usable := isHeaderToken(keys.AccessKey) && isHeaderToken(keys.SecretKey) && isHeaderToken(keys.SecurityToken)
	if !usable || keys.expiresAt.IsZero() {
		return keys, errors.New("the answer has no temporary keys that can be used, or no time at which they end")
	}
	return keys, nil
}

func (f fields) keys(access, secret, token, expires string) temporary {
	return temporary{
		Credential: Credential{
			AccessKey: deref(f.text(access)), SecretKey: deref(f.text(secret)), SecurityToken: deref(f.text(token)),
		},
		expiresAt: f.time(expires),
	}
}
