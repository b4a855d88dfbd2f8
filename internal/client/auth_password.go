package client

import (
	"context"
	"errors"
	"net/url"
	"time"
)

// Password is a user and a password to sign in with.
type Password struct {
	// UserName needs a domain, UserID does not.
	UserName, UserID, Password string
	// DomainName or DomainID is the account of the user.
	DomainName, DomainID string
}

// PasswordSource returns a source of tokens that signs in with a password.
//
// API: POST /v3/auth/tokens, https://support.huaweicloud.com/intl/en-us/api-iam/iam_30_0001.html
func PasswordSource(password Password, origin string) CredentialSource {
	s := &passwordSource{Password: password}
	s.renewingSource = newRenewingSource("the password sign-in of "+origin, s.signIn)
	s.request = call{service: IAM, step: SignIn, path: []string{"v3", "auth", "tokens"}, query: url.Values{"nocatalog": {"true"}}}
	return s
}

type passwordSource struct {
	*renewingSource
	Password
}

// jsonObject is a part of a request body.
type jsonObject = map[string]any

func (s *passwordSource) signIn(ctx context.Context) (temporary, error) {
	s.client.secrets.add(s.Password.Password)
	user := jsonObject{"password": s.Password.Password}
	switch {
	case s.UserID != "":
		user["id"] = s.UserID
	case s.hasDomain():
		user["name"], user["domain"] = s.UserName, s.domain()
	default:
		return temporary{}, errUserNeedsDomain
	}
	scope, err := s.scope()
	if err != nil {
		return temporary{}, err
	}
	request := s.request
	request.body = jsonObject{"auth": jsonObject{
		"identity": jsonObject{"methods": []string{"password"}, "password": jsonObject{"user": user}},
		"scope":    scope,
	}}
	return s.client.requestToken(ctx, request)
}

// Names of users and projects are unique only within an account.
var (
	errUserNeedsDomain = errors.New("user_name needs its account beside it: set " + domainSettings + ", or user_id in place of user_name")
	errNoDomain        = errors.New("the account of the user is not known: set " + domainSettings + ", or project_id (HW_PROJECT_ID)")
)

const domainSettings = "domain_name (HW_DOMAIN_NAME or OS_DOMAIN_NAME) or domain_id (HW_DOMAIN_ID or OS_DOMAIN_ID)"

func (s *passwordSource) hasDomain() bool { return s.DomainName != "" || s.DomainID != "" }

func (s *passwordSource) domain() jsonObject {
	if s.DomainID != "" {
		return jsonObject{"id": s.DomainID}
	}
	return jsonObject{"name": s.DomainName}
}

// scope is the project of the provider's own region, since most services are regional, or the account if there is no region.
func (s *passwordSource) scope() (jsonObject, error) {
	cfg := s.client.cfg
	id, name := cfg.ProjectID, cfg.ProjectName
	if name == (Setting{}) {
		name = cfg.Region
	}
	switch {
	case id.Err != nil:
		return nil, id.Err
	case id.Value != "":
		return jsonObject{"project": jsonObject{"id": id.Value}}, nil
	case name.Err != nil && !errors.Is(name.Err, ErrNotSet):
		return nil, name.Err
	case !s.hasDomain():
		return nil, errNoDomain
	case name.Value != "":
		return jsonObject{"project": jsonObject{"name": name.Value, "domain": s.domain()}}, nil
	default:
		return jsonObject{"domain": s.domain()}, nil
	}
}

// requestToken sends a sign-in for a token.
func (c *Client) requestToken(ctx context.Context, login call) (temporary, error) {
	x, got, err := c.do(ctx, login, nil)
	if err != nil {
		return temporary{}, err
	}
	token, expires := got.header.Get("X-Subject-Token"), time.Time{}
	if body := got.answer.object("token"); body != nil {
		expires = body.time("expires_at")
	}
	if token == "" || expires.IsZero() {
		return temporary{}, x.malformedError("the sign-in's answer has no token, or no time at which it ends")
	}
	return temporary{Credential: Credential{Token: token}, expiresAt: expires}, nil
}
