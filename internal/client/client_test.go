package client

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestParseEndpoint(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		text, want string
		// fault is a part of the error, for an address that is none.
		fault string
	}{
		{text: "coc.example.com", want: "https://coc.example.com"},
		{text: "coc.example.com:8443/", want: "https://coc.example.com:8443"},
		{text: "https://coc.example.com", want: "https://coc.example.com"},
		{text: "HTTPS://coc.example.com", want: "https://coc.example.com"},
		{text: "http://127.0.0.1:8080", want: "http://127.0.0.1:8080"},
		{text: "https://[2001:db8::1]:8443/a", want: "https://[2001:db8::1]:8443/a"},
		{text: "https://coc.example.com/a/b//", want: "https://coc.example.com/a/b"},
		{text: "https://coc.example.com/a%20b/", want: "https://coc.example.com/a%20b"},
		{text: "https://coc.example.com/a%2fb/", fault: "escaped slash"},
		{text: "https://Bücher.example.com:8443/a", want: "https://xn--bcher-kva.example.com:8443/a"},
		{text: "https://部署.example.com", want: "https://xn--ss0ao17a.example.com"},
		{text: "https://a_ü.example.com", fault: "not a valid name"},
		{text: "https://[fe80::1%25eth0]:8443", want: "https://[fe80::1%25eth0]:8443"},
		{text: "", fault: "empty"},
		{text: "ftp://coc.example.com", fault: `the scheme is "ftp"`},
		{text: "://coc.example.com", fault: "not a URL"},
		{text: "https://", fault: "no host"},
		{text: "https://:443", fault: "no host"},
		{text: "/v1", fault: "no host"},
		{text: "https://coc example.com", fault: "not a URL"},
		{text: "https://coc.example.com\n", fault: "not a URL"},
		{text: "https://coc.example.com:port", fault: "not a URL"},
		{text: "https://user:hidden@coc.example.com", fault: "user name or password"},
		{text: "https://coc.example.com?a=hidden", fault: "query"},
		{text: "https://coc.example.com?", fault: "query"},
		{text: "https://coc.example.com#hidden", fault: "fragment"},
	} {
		u, err := ParseEndpoint(test.text)
		if test.fault != "" {
			if err == nil || !strings.Contains(err.Error(), test.fault) {
				t.Errorf("%q: error %v, want %q", test.text, err, test.fault)
			} else if strings.Contains(err.Error(), "hidden") {
				t.Errorf("%q: error %v repeats it", test.text, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%q: %v", test.text, err)
		} else if u.String() != test.want {
			t.Errorf("%q: %s, want %s", test.text, u, test.want)
		}
	}
}

func TestNew(t *testing.T) {
	t.Parallel()
	unknown := errors.New("not known yet")
	for _, test := range []struct {
		name  string
		cfg   Config
		fault string
	}{
		{"nothing given", Config{}, ""},
		{"endpoint", Config{Endpoints: map[Service]Setting{ROMA: {Value: "roma.example.com"}}}, ""},
		{"endpoint not known yet", Config{Endpoints: map[Service]Setting{ROMA: {Err: unknown}}}, ""},
		{"wrong endpoint", Config{Endpoints: map[Service]Setting{ROMA: {Value: "ftp://roma.example.com"}}}, "endpoint of roma: "},
		{"empty endpoint", Config{Endpoints: map[Service]Setting{ROMA: {}}}, "endpoint of roma: "},
		{"address of IAM", Config{AuthURL: Setting{Value: "https://iam.example.com/v3"}}, ""},
		{"address of IAM not known yet", Config{AuthURL: Setting{Err: unknown}}, ""},
		{"wrong address of IAM", Config{AuthURL: Setting{Value: "https://iam.example.com/v3?a=b"}}, "address of IAM: "},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := New(test.cfg)
			if (err == nil) != (test.fault == "") || (err != nil && !strings.HasPrefix(err.Error(), test.fault)) {
				t.Errorf("error %v, want %q", err, test.fault)
			}
		})
	}
}

// The transport has bounds of its own, takes the proxy that the environment names, and speaks HTTP/2 where it can.
func TestTransport(t *testing.T) {
	t.Parallel()
	transport, ok := newTransport(Config{}, &redactor{}).(*http.Transport)
	if !ok {
		t.Fatal("not an *http.Transport")
	}
	if transport.Proxy == nil || transport.OnProxyConnectResponse == nil || !transport.ForceAttemptHTTP2 {
		t.Errorf("%+v", transport)
	}
	if config := transport.TLSClientConfig; config.InsecureSkipVerify || config.RootCAs != nil || config.MinVersion != tls.VersionTLS12 {
		t.Errorf("%+v", config)
	}
	type bounds struct {
		Handshake, Idle, Ping, PingAnswer time.Duration
		IdlePerHost                       int
		HeaderBytes                       int64
	}
	got := bounds{
		transport.TLSHandshakeTimeout, transport.IdleConnTimeout, transport.HTTP2.SendPingTimeout, transport.HTTP2.PingTimeout,
		transport.MaxIdleConnsPerHost, transport.MaxResponseHeaderBytes,
	}
	want := bounds{10 * time.Second, 90 * time.Second, 15 * time.Second, 10 * time.Second, 10, 1 << 20}
	if got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// Headers without end are not read to their end.
func TestEndlessHeader(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		connection, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer func() { _ = connection.Close() }()
		_, _ = io.WriteString(connection, "HTTP/1.1 200 OK\r\n")
		for i := 0; err == nil; i++ {
			_, err = fmt.Fprintf(connection, "X-%d: %s\r\n", i, strings.Repeat("x", 1000))
		}
	}))
	t.Cleanup(server.Close)
	_, err := overSocket(t, server).ScriptOrder(t.Context(), testOrder)
	if e := failure(t, err); e.Status != 0 || !strings.Contains(e.Answer(), "headers exceeded") {
		t.Errorf("error %v", err)
	}
}

// A connection that died without a word is given up before the attempt ends, so that the next attempt takes another one.
func TestDeadHTTP2Connection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		certificate := httptest.NewUnstartedServer(nil)
		certificate.StartTLS()
		config := certificate.TLS.Clone()
		authority := certificate.Certificate()
		certificate.Close()
		config.NextProtos = []string{"h2"}

		listener := &pipeListener{connections: make(chan net.Conn), closed: make(chan struct{})}
		var requests atomic.Int64
		server := &http.Server{
			Handler:  handler(&requests, http.StatusOK, documentedOrder),
			ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
		}
		served := make(chan struct{})
		go func() {
			defer close(served)
			_ = server.Serve(tls.NewListener(listener, config))
		}()
		var mu sync.Mutex
		var lines []*deafConn
		c := newClient(t, nil, retries(1), func(cfg *Config) {
			cfg.Endpoints = map[Service]Setting{COC: {Value: "https://example.com"}}
			cfg.RootCAs = x509.NewCertPool()
			cfg.RootCAs.AddCert(authority)
			cfg.WrapTransport = func(made http.RoundTripper) http.RoundTripper {
				transport, _ := made.(*http.Transport)
				transport.Proxy = nil
				transport.DialContext = func(context.Context, string, string) (net.Conn, error) {
					ours, theirs := net.Pipe()
					line := &deafConn{Conn: ours, cut: make(chan struct{})}
					mu.Lock()
					lines = append(lines, line)
					mu.Unlock()
					listener.connections <- theirs
					return line, nil
				}
				return transport
			}
		})
		if _, err := c.ScriptOrder(t.Context(), testOrder); err != nil {
			t.Fatal(err)
		}
		close(lines[0].cut)
		start := time.Now()
		if _, err := c.ScriptOrder(t.Context(), testOrder); err != nil {
			t.Error(err)
		}
		if took := time.Since(start); took < 15*time.Second || took >= attemptTimeout {
			t.Errorf("took %s, want less than an attempt", took)
		}
		if len(lines) != 2 || requests.Load() != 2 {
			t.Errorf("%d connections and %d requests, want 2 and 2", len(lines), requests.Load())
		}
		transport, _ := c.transport.(*http.Transport)
		transport.CloseIdleConnections()
		close(listener.closed)
		_ = server.Close()
		<-served
	})
}

// deafConn is a connection that swallows what is written, and hears nothing, once it is cut.
type deafConn struct {
	net.Conn

	cut chan struct{}
}

func (c *deafConn) isCut() bool {
	select {
	case <-c.cut:
		return true
	default:
		return false
	}
}

func (c *deafConn) Write(p []byte) (int, error) {
	if c.isCut() {
		return len(p), nil
	}
	return c.Conn.Write(p)
}

// pipeListener gives the connections that it is given.
type pipeListener struct {
	connections chan net.Conn
	closed      chan struct{}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case connection := <-l.connections:
		return connection, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}
func (l *pipeListener) Close() error   { return nil }
func (l *pipeListener) Addr() net.Addr { return &net.TCPAddr{} }

func TestProxyThatConnects(t *testing.T) {
	t.Parallel()
	if err := checkProxyAnswer(t.Context(), &url.URL{Host: "proxy.example.com"}, nil, &http.Response{StatusCode: http.StatusOK}); err != nil {
		t.Error(err)
	}
}
