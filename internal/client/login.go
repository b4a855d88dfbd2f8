package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// A connector is a credential source that sends requests of its own; New gives it the client to send them with.
type connector interface{ connect(c *Client) }

// Password is a log-in with a user's password.
type Password struct {
	// UserName needs a domain; UserID does not.
	UserName, UserID, Password string
	// DomainName or DomainID is the account.
	DomainName, DomainID string
}

// PasswordSource logs in with a password and gives the token, renewed before it runs out.
//
// API: POST /v3/auth/tokens, https://support.huaweicloud.com/intl/en-us/api-iam/iam_30_0001.html
func PasswordSource(password Password, origin string) CredentialSource {
	s := &passwordSource{Password: password}
	s.renewing = newRenewing("the password log-in of "+origin, s.logIn)
	return s
}

type passwordSource struct {
	*renewing
	Password

	client *Client
}

func (s *passwordSource) connect(c *Client) {
	s.client = c
	c.secrets.add(s.Password.Password)
}

// jsonObject is a part of a request body.
type jsonObject = map[string]any

func (s *passwordSource) logIn(ctx context.Context) (temporary, error) {
	scope, err := s.scope()
	if err != nil {
		return temporary{}, err
	}
	user := jsonObject{"password": s.Password.Password}
	if s.UserID != "" {
		user["id"] = s.UserID
	} else {
		user["name"], user["domain"] = s.UserName, s.domain()
	}
	return s.client.token(ctx, call{
		service: IAM, target: Target{Region: s.client.cfg.Region.Value}, path: []string{"v3", "auth", "tokens"},
		query: url.Values{"nocatalog": {"true"}},
		body: jsonObject{"auth": jsonObject{
			"identity": jsonObject{"methods": []string{"password"}, "password": jsonObject{"user": user}},
			"scope":    scope,
		}},
	})
}

func (s *passwordSource) domain() jsonObject {
	if s.DomainID != "" {
		return jsonObject{"id": s.DomainID}
	}
	return jsonObject{"name": s.DomainName}
}

// scope is the project of the provider's own region, since most services are regional; without a region it is the account.
func (s *passwordSource) scope() (jsonObject, error) {
	cfg := s.client.cfg
	for _, setting := range []Setting{cfg.ProjectID, cfg.ProjectName} {
		if setting.Err != nil {
			return nil, setting.Err
		}
	}
	name := cfg.ProjectName.Value
	if name == "" {
		name = cfg.Region.Value
	}
	switch {
	case cfg.ProjectID.Value != "":
		return jsonObject{"project": jsonObject{"id": cfg.ProjectID.Value}}, nil
	case s.DomainName == "" && s.DomainID == "":
		return nil, errors.New("the account of the user is not known: set domain_name or domain_id, or project_id")
	case name != "":
		return jsonObject{"project": jsonObject{"name": name, "domain": s.domain()}}, nil
	default:
		return jsonObject{"domain": s.domain()}, nil
	}
}

// token sends a log-in whose answer is a token in the header X-Subject-Token.
func (c *Client) token(ctx context.Context, login call) (temporary, error) {
	x, got, err := c.ask(ctx, login, nil)
	if err != nil {
		return temporary{}, err
	}
	var body struct {
		Token struct {
			ExpiresAt time.Time `json:"expires_at"`
		} `json:"token"`
	}
	token := got.header.Get("X-Subject-Token")
	c.secrets.add(token)
	if err := json.Unmarshal(got.body, &body); err != nil || token == "" || body.Token.ExpiresAt.IsZero() {
		return temporary{}, x.malformed("the log-in's answer has no token, or no time at which it ends")
	}
	return temporary{Credential: Credential{Token: token}, expires: body.Token.ExpiresAt}, nil
}

// Agency is a role to assume: an agency of another account, or a trust agency.
type Agency struct {
	Name string
	// DomainID selects the fifth version of the API (STS), DomainName the third.
	DomainName, DomainID string
	// Duration is how long the keys live.
	Duration time.Duration
}

// longestChain is how long keys may live that were got with temporary keys.
const longestChain = time.Hour

// AssumeRoleSource gives temporary keys of an agency, got with the credential of another source and renewed before they run out.
//
// API: POST /v3.0/OS-CREDENTIAL/securitytokens, https://support.huaweicloud.com/intl/en-us/api-iam/iam_04_0101.html, or
// POST /v5/agencies/assume, https://support.huaweicloud.com/intl/en-us/api-iam5/AssumeAgency.html
func AssumeRoleSource(base CredentialSource, agency Agency) CredentialSource {
	if _, missing := base.(missingSource); missing {
		return base
	}
	s := &assumeRoleSource{base: base, agency: agency}
	s.renewing = newRenewing("the agency "+agency.Name+", assumed with "+base.Origin(), s.assume)
	return s
}

type assumeRoleSource struct {
	*renewing

	base   CredentialSource
	agency Agency
	client *Client
	auth   *authenticator
}

func (s *assumeRoleSource) connect(c *Client) {
	s.client = c
	s.auth = c.authenticate(s.base)
}

func (s *assumeRoleSource) assume(ctx context.Context) (temporary, error) {
	region := Target{Region: s.client.cfg.Region.Value}
	if s.agency.DomainID == "" {
		return s.client.keys(ctx, s.auth, call{
			service: IAM, target: region, path: []string{"v3.0", "OS-CREDENTIAL", "securitytokens"},
			body: jsonObject{"auth": jsonObject{"identity": jsonObject{
				"methods": []string{"assume_role"},
				"assume_role": jsonObject{
					"agency_name": s.agency.Name, "domain_name": s.agency.DomainName, "duration_seconds": wholeSeconds(s.agency.Duration),
				},
			}}},
		})
	}
	duration := s.agency.Duration
	base, err := s.base.Credential(ctx)
	switch {
	case err != nil:
		return temporary{}, err
	case base.Token != "":
		return temporary{}, errors.New("an agency with domain_id is assumed with keys, not with a token: use domain_name, or give keys")
	case base.SecurityToken != "":
		duration = min(duration, longestChain)
	}
	return s.client.keys(ctx, s.auth, call{
		service: STS, target: region, path: []string{"v5", "agencies", "assume"},
		body: jsonObject{
			"agency_urn":          "iam::" + s.agency.DomainID + ":agency:" + s.agency.Name,
			"agency_session_name": "terraform-provider-hwgate",
			"duration_seconds":    wholeSeconds(duration),
		},
	})
}

func wholeSeconds(d time.Duration) int64 { return int64(d / time.Second) }

// keys sends a request whose answer is temporary keys, in either of IAM's two spellings.
func (c *Client) keys(ctx context.Context, auth *authenticator, request call) (temporary, error) {
	x, got, err := c.ask(ctx, request, auth)
	if err != nil {
		return temporary{}, err
	}
	keys, err := readKeys(got.body)
	c.secrets.add(keys.SecretKey, keys.SecurityToken)
	if err != nil {
		return temporary{}, x.malformed(err.Error())
	}
	return keys, nil
}

func readKeys(body []byte) (temporary, error) {
	var answer struct {
		Credential struct {
			Access        string    `json:"access"`
			Secret        string    `json:"secret"`
			SecurityToken string    `json:"securitytoken"`
			ExpiresAt     time.Time `json:"expires_at"`
		} `json:"credential"`
		Credentials struct {
			AccessKeyID     string    `json:"access_key_id"`
			SecretAccessKey string    `json:"secret_access_key"`
			SecurityToken   string    `json:"security_token"`
			Expiration      time.Time `json:"expiration"`
		} `json:"credentials"`
	}
	err := json.Unmarshal(body, &answer)
	third, fifth := answer.Credential, answer.Credentials
	keys := temporary{
		Credential: Credential{AccessKey: third.Access, SecretKey: third.Secret, SecurityToken: third.SecurityToken},
		expires:    third.ExpiresAt,
	}
	if fifth.AccessKeyID != "" {
		keys = temporary{
			Credential: Credential{
				AccessKey: fifth.AccessKeyID, SecretKey: fifth.SecretAccessKey, SecurityToken: fifth.SecurityToken,
			},
			expires: fifth.Expiration,
		}
	}
	if err != nil || keys.AccessKey == "" || keys.SecretKey == "" || keys.SecurityToken == "" || keys.expires.IsZero() {
		return keys, errors.New("the answer has no temporary keys, or no time at which they end")
	}
	return keys, nil
}

// Identity is a token that a CI system made out for a job.
type Identity struct {
	// ProviderID is the identity provider's id in IAM.
	ProviderID string
	// Token is the identity token; TokenFile names a file with it, which is read again at each renewal.
	Token, TokenFile string
}

// IdentitySource gives temporary keys for an identity token. AssumeRoleSource makes an agency's keys of them.
//
// API: POST /v3.0/OS-AUTH/id-token/tokens, https://support.huaweicloud.com/intl/en-us/api-iam/iam_13_0605.html, then
// POST /v3.0/OS-CREDENTIAL/securitytokens, https://support.huaweicloud.com/intl/en-us/api-iam/iam_04_0002.html
func IdentitySource(identity Identity, duration time.Duration, origin string) CredentialSource {
	s := &identitySource{identity: identity, duration: duration}
	s.renewing = newRenewing("the identity token of "+origin, s.exchange)
	return s
}

type identitySource struct {
	*renewing

	identity Identity
	duration time.Duration
	client   *Client
}

func (s *identitySource) connect(c *Client) {
	s.client = c
	c.secrets.add(s.identity.Token)
}

func (s *identitySource) exchange(ctx context.Context) (temporary, error) {
	identity := s.identity.Token
	if s.identity.TokenFile != "" {
		content, err := os.ReadFile(s.identity.TokenFile)
		if err != nil {
			return temporary{}, fmt.Errorf("reading the identity token: %w", err)
		}
		identity = strings.TrimSpace(string(content))
		s.client.secrets.add(identity)
	}
	if identity == "" {
		return temporary{}, errors.New("the identity token is empty")
	}
	region := Target{Region: s.client.cfg.Region.Value}
	x, got, err := s.client.ask(ctx, call{
		service: IAM, target: region, path: []string{"v3.0", "OS-AUTH", "id-token", "tokens"},
		header: http.Header{"X-Idp-Id": {s.identity.ProviderID}},
		body:   jsonObject{"auth": jsonObject{"id_token": jsonObject{"id": identity}}},
	}, nil)
	if err != nil {
		return temporary{}, err
	}
	token := got.header.Get("X-Subject-Token")
	if token == "" {
		return temporary{}, x.malformed("the log-in's answer has no token")
	}
	s.client.secrets.add(token)
	return s.client.keys(ctx, nil, call{
		service: IAM, target: region, path: []string{"v3.0", "OS-CREDENTIAL", "securitytokens"},
		body: jsonObject{"auth": jsonObject{"identity": jsonObject{
			"methods": []string{"token"}, "token": jsonObject{"id": token, "duration_seconds": wholeSeconds(s.duration)},
		}}},
	})
}
