package client

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
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
