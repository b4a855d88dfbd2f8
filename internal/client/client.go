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
	"sync/atomic"
	"time"
	"unicode"

	"golang.org/x/net/idna"
	"golang.org/x/sync/semaphore"
)

// Setting is a configured value that may be missing. Err says why and how to set it; reads that need the value fail with it.
// The zero Setting is an optional value that is not set.
type Setting struct {
	Value string
	Err   error
}

// ErrNotSet is wrapped by the Err of a [Setting] that is set nowhere, as opposed to one that is unknown or malformed.
var ErrNotSet = errors.New("not set")

// Config configures a [Client].
type Config struct {
	// Region is the provider's own region, for example cn-north-4.
	Region Setting
	// Cloud is the domain of the hosts; empty derives it from the region.
	Cloud Setting
	// Endpoints has absolute URLs that replace the hosts of services.
	Endpoints map[Service]Setting
	// AuthURL is the URL of IAM, with or without /v3; empty means https://iam.{region}.{cloud}/v3.
	AuthURL Setting
	// ProjectID and ProjectName select the project in the provider's own region; without an id it is looked up by name.
	ProjectID, ProjectName Setting
	// DomainID is the account, sent to COC if there is no project id.
	DomainID Setting
	// Blocked, if not nil, fails every read, since a setting that all reads need is unknown.
	Blocked error

	// Credentials authenticates requests.
	Credentials CredentialSource
	// Language is sent to COC as X-Language.
	Language string
	// UserAgent is sent with every request.
	UserAgent string
	// MaxRetries is how many times a request is retried; 0 disables retries.
	MaxRetries int
	// Insecure disables certificate checks. RootCAs replaces the certificate authorities of the system.
	Insecure bool
	RootCAs  *x509.CertPool
	// WrapTransport, if not nil, wraps the transport of every request.
	WrapTransport func(http.RoundTripper) http.RoundTripper
	// Logger logs each attempt; nil disables logging.
	Logger *slog.Logger
}

// Client reads the APIs. It must be created by [New], and is safe for concurrent use.
type Client struct {
	cfg       Config
	transport http.RoundTripper
	log       *slog.Logger
	secrets   *redactor
	auth      *authenticator
	projects  sync.Map // of *projectEntry, by region
	// memory is shared by all large bodies that are in use.
	memory *semaphore.Weighted
	// bodyLimit is the constant bodyLimit, except in tests.
	bodyLimit int64
	// clockBehind is how far this machine's clock is behind that of the service that answered last, at least 0.
	clockBehind atomic.Int64
}

// New returns a client for cfg, without sending a request. It fails only if an endpoint is not an absolute URL.
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
	proxyFor := proxyFromEnvironment()
	transport := &http.Transport{
		Proxy: func(request *http.Request) (*url.URL, error) {
			proxy, err := proxyFor(request.URL)
			return secrets.addProxy(proxy), err
		},
		TLSClientConfig: &tls.Config{
			MinVersion:         tls.VersionTLS12,
			RootCAs:            cfg.RootCAs,
			InsecureSkipVerify: cfg.Insecure, //nolint:gosec // asked for by the user's `insecure`, which warns
		},
		TLSHandshakeTimeout: 10 * time.Second,
		IdleConnTimeout:     90 * time.Second,
		// Terraform reads ten data sources at a time, nearly always from one host.
		MaxIdleConnsPerHost:    10,
		MaxResponseHeaderBytes: 1 << 20,
		ForceAttemptHTTP2:      true,
		// Close a dead connection before the attempt on it ends, so that the next attempt uses a new one.
		HTTP2:                  &http.HTTP2Config{SendPingTimeout: 15 * time.Second, PingTimeout: 10 * time.Second},
		OnProxyConnectResponse: checkProxyAnswer,
	}
	if cfg.WrapTransport != nil {
		return cfg.WrapTransport(transport)
	}
	return transport
}

// ParseEndpoint parses the address of a service. The default scheme is https. Trailing slashes are dropped.
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
	case strings.Contains(strings.ToLower(u.EscapedPath()), "%2f"):
		return nil, fmt.Errorf("the path must not have an escaped slash, which gateways read in different ways")
	}
	u.Path, u.RawPath = strings.TrimRight(u.Path, "/"), ""
	// net/http sends names in this form, so this form has to be signed.
	if name := u.Hostname(); strings.ContainsFunc(name, func(r rune) bool { return r > unicode.MaxASCII }) {
		ascii, err := idna.Lookup.ToASCII(name)
		if err != nil {
			return nil, fmt.Errorf("the host is not a valid name")
		}
		u.Host = strings.Replace(u.Host, name, ascii, 1)
	}
	return u, nil
}
