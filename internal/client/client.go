package client

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
)

// Setting is a configured value that may be missing. Err then says why, and how to give it; a read that needs the value fails
// with it. The zero Setting is an optional value that was not given.
type Setting struct {
	Value string
	Err   error
}

// ErrNotSet is what the Err of a Setting wraps when the value was given nowhere, and so is not one that is unknown or malformed.
var ErrNotSet = errors.New("not set")

// Config is what a [Client] is made of. New copies it.
type Config struct {
	// Region is the provider's own region, for example cn-north-4.
	Region Setting
	// Cloud is the domain of the hosts; empty means that the region decides.
	Cloud Setting
	// Endpoints replaces the host of a service: an absolute URL each.
	Endpoints map[Service]Setting
	// AuthURL is the address of IAM, with or without /v3; empty means https://iam.{region}.{cloud}/v3.
	AuthURL Setting
	// ProjectID and ProjectName name the project in the provider's own region; without an id it is looked up by name.
	ProjectID, ProjectName Setting
	// DomainID is the account, sent to COC when no project id is configured.
	DomainID Setting
	// Blocked, when set, fails every read: a setting that all of them need is not known.
	Blocked error

	// Credentials gives what requests are authenticated with.
	Credentials CredentialSource
	// Language is sent to COC as X-Language.
	Language string
	// UserAgent is sent with every request.
	UserAgent string
	// MaxRetries is how many times a request is repeated; 0 turns repeating off.
	MaxRetries int
	// Insecure turns certificate checks off. RootCAs replaces the system's authorities.
	Insecure bool
	RootCAs  *x509.CertPool
	// WrapTransport, when set, wraps the transport that every request goes through.
	WrapTransport func(http.RoundTripper) http.RoundTripper
	// Logger takes what happens to each attempt; nil logs nothing.
	Logger *slog.Logger
}

// Client reads the APIs. It is safe for concurrent use and has to be made by [New].
type Client struct {
	cfg       Config
	transport http.RoundTripper
	log       *slog.Logger
	secrets   *redactor
	auth      *authenticator
	projects  sync.Map // of *projectEntry by region: each project is looked up once
	// memory is what the large bodies under way share.
	memory *semaphore.Weighted
	// bodyLimit is the constant of that name, and a field because tests lower it.
	bodyLimit int64
}

// New makes a client. It sends nothing. It fails only for an endpoint that is not an absolute URL.
func New(cfg Config) (*Client, error) {
	for service, endpoint := range cfg.Endpoints {
		if endpoint.Err == nil {
			if _, err := ParseEndpoint(endpoint.Value); err != nil {
				return nil, fmt.Errorf("endpoint of %s: %w", service, err)
			}
		}
	}
	if cfg.AuthURL.Value != "" {
		if _, err := ParseEndpoint(cfg.AuthURL.Value); err != nil {
			return nil, fmt.Errorf("address of IAM: %w", err)
		}
	}
	c := &Client{
		cfg:       cfg,
		log:       cmp.Or(cfg.Logger, slog.New(slog.DiscardHandler)),
		secrets:   &redactor{},
		memory:    semaphore.NewWeighted(memoryLimit),
		bodyLimit: bodyLimit,
	}
	c.transport = newTransport(cfg, c.secrets)
	c.auth = c.authenticate(cfg.Credentials)
	return c, nil
}

func newTransport(cfg Config, secrets *redactor) http.RoundTripper {
	transport := &http.Transport{
		Proxy: func(request *http.Request) (*url.URL, error) {
			proxy, err := http.ProxyFromEnvironment(request)
			return secrets.addProxy(proxy), err
		},
		TLSClientConfig: &tls.Config{
			MinVersion:         tls.VersionTLS12,
			RootCAs:            cfg.RootCAs,
			InsecureSkipVerify: cfg.Insecure, //nolint:gosec // asked for by the user's `insecure`, which warns
		},
		TLSHandshakeTimeout: 10 * time.Second,
		IdleConnTimeout:     90 * time.Second,
		// Terraform reads ten data sources at a time, nearly always of one host.
		MaxIdleConnsPerHost:    10,
		MaxResponseHeaderBytes: 1 << 20,
		ForceAttemptHTTP2:      true,
		// A dead connection is found, and given up, before the attempt that uses it ends: the next one takes a new connection.
		HTTP2:                  &http.HTTP2Config{SendPingTimeout: 15 * time.Second, PingTimeout: 10 * time.Second},
		OnProxyConnectResponse: checkProxyAnswer,
	}
	if cfg.WrapTransport != nil {
		return cfg.WrapTransport(transport)
	}
	return transport
}

// ParseEndpoint reads the address of a service. An address without a scheme means https; http has to be written out. A final
// slash is dropped. The error says what is wrong with the address.
func ParseEndpoint(text string) (*url.URL, error) {
	if text == "" {
		return nil, fmt.Errorf("the address is empty")
	}
	if !strings.Contains(text, "://") {
		text = "https://" + text
	}
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return nil, fmt.Errorf("not a URL")
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, fmt.Errorf("the scheme is %q, wanted https (or http, written out)", u.Scheme)
	case u.Hostname() == "":
		return nil, fmt.Errorf("the address has no host")
	case u.User != nil:
		return nil, fmt.Errorf("the address must not hold a user name or password")
	case u.RawQuery != "" || u.Fragment != "" || u.ForceQuery:
		return nil, fmt.Errorf("the address must not have a query or a fragment")
	}
	u.Path, u.RawPath = strings.TrimRight(u.Path, "/"), ""
	return u, nil
}
