package client

import (
	"bytes"
	"compress/gzip"
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
	"sync/atomic"
	"testing"
)

// A small answer may unpack to a large one.
func TestCompressedBodyOverTheLimit(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		var packed bytes.Buffer
		pack := gzip.NewWriter(&packed)
		_, _ = pack.Write(make([]byte, 1<<20))
		_ = pack.Close()
		w.Header().Set("Content-Encoding", "gzip")
		// Packed texts one after the other unpack to one text.
		_, _ = w.Write(bytes.Repeat(packed.Bytes(), 2))
	}))
	t.Cleanup(server.Close)
	c := overSocket(t, server)
	c.bodyLimit = 1 << 20
	_, err := c.ScriptOrder(t.Context(), testOrder)
	checkFailure(t, err)
	if !errors.Is(err, ErrTooLarge) {
		t.Errorf("error %v, want ErrTooLarge", err)
	}
}

// overSocket makes a client that reaches a server, as COC, over the real transport. It does not repeat: pauses would be real.
func overSocket(t *testing.T, server *httptest.Server, changes ...func(*Config)) *Client {
	t.Helper()
	return newClient(t, nil, append([]func(*Config){
		func(cfg *Config) {
			cfg.Endpoints = map[Service]Setting{COC: {Value: server.URL}}
			if server.TLS != nil {
				cfg.RootCAs = x509.NewCertPool()
				cfg.RootCAs.AddCert(server.Certificate())
			}
		},
		throughProxy(t, nil), // not this machine's either
	}, changes...)...)
}

// throughProxy makes the real transport use a proxy, or none if it is nil.
func throughProxy(t *testing.T, proxy *url.URL) func(*Config) {
	t.Helper()
	return func(cfg *Config) {
		cfg.WrapTransport = func(made http.RoundTripper) http.RoundTripper {
			transport, ok := made.(*http.Transport)
			if !ok {
				t.Fatalf("the transport is a %T", made)
			}
			transport.Proxy = http.ProxyURL(proxy)
			// A connection that was used before would be tried again by the transport itself.
			transport.DisableKeepAlives = true
			return transport
		}
	}
}

// handler answers over a socket, and counts.
func handler(requests *atomic.Int64, status int, body string, headers ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		requests.Add(1)
		for i := 0; i < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	})
}

func TestSocketRequestIsSignedAsSent(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		checkSigned(t, request)
		if got := request.Header.Get("User-Agent"); got != "hwgate-test" {
			t.Errorf("User-Agent %q", got)
		}
		_, _ = io.WriteString(w, pageBody(0))
	}))
	t.Cleanup(server.Close)
	batch := testBatch
	batch.Status, batch.Marker, batch.UserProfile = "A b+c/é", 7, "profile"
	c := overSocket(t, server, func(cfg *Config) {
		cfg.Endpoints = map[Service]Setting{COC: {Value: server.URL + "/a b/é/"}}
	})
	if _, err := c.ScriptOrderBatch(t.Context(), batch); err != nil {
		t.Error(err)
	}
}

func TestRedirectIsNotFollowed(t *testing.T) {
	t.Parallel()
	for _, status := range []int{301, 302, 303, 307, 308} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			t.Parallel()
			var there, here atomic.Int64
			elsewhere := httptest.NewServer(handler(&there, 200, documentedOrder))
			t.Cleanup(elsewhere.Close)
			server := httptest.NewServer(handler(&here, status, "", "Location", elsewhere.URL+"/v1"))
			t.Cleanup(server.Close)
			_, err := overSocket(t, server).ScriptOrder(t.Context(), testOrder)
			if e := failure(t, err); e.Status != status || !strings.Contains(e.Message, elsewhere.URL) {
				t.Errorf("%#v", e)
			}
			if here.Load() != 1 || there.Load() != 0 {
				t.Errorf("%d requests here and %d there, want 1 and 0", here.Load(), there.Load())
			}
		})
	}
}

// The same failures again as the real transport reports them.
func TestSocketFailures(t *testing.T) {
	t.Parallel()
	hijack := func(answer string, reset bool) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			connection, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			if tcp, ok := connection.(*net.TCPConn); ok && reset {
				_ = tcp.SetLinger(0)
			}
			_, _ = io.WriteString(connection, answer)
			_ = connection.Close()
		})
	}
	var requests atomic.Int64
	ok := handler(&requests, 200, documentedOrder)
	for _, test := range []struct {
		name  string
		serve func() *httptest.Server
		// proxy is what a proxy in between answers with, 0 for no proxy.
		proxy  int
		change func(*Config)
		again  bool
		says   string
	}{
		{
			name:  "closed without an answer",
			serve: func() *httptest.Server { return httptest.NewServer(hijack("", false)) },
			again: true, says: "EOF",
		},
		{
			name:  "reset",
			serve: func() *httptest.Server { return httptest.NewServer(hijack("", true)) },
			again: true, says: "reset",
		},
		{
			name: "body shorter than announced",
			serve: func() *httptest.Server {
				return httptest.NewServer(hijack("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", false))
			},
			again: true, says: "reading the answer: unexpected EOF",
		},
		{
			name:  "no answer of HTTP",
			serve: func() *httptest.Server { return httptest.NewServer(hijack("the \"hunter2\" was\r\n\r\n", false)) },
			again: true, says: `malformed HTTP status code "…"`,
		},
		{
			name: "a line among the headers that is none",
			serve: func() *httptest.Server {
				return httptest.NewServer(hijack("HTTP/1.1 200 OK\r\nhunter2 \\\"hunter2\r\n\r\n", false))
			},
			again: true, says: `malformed MIME header: missing colon: "…"`,
		},
		{
			name: "a length that is none",
			serve: func() *httptest.Server {
				return httptest.NewServer(hijack("HTTP/1.1 200 OK\r\nContent-Length: hunter2\r\n\r\n", false))
			},
			again: true, says: `bad Content-Length "…"`,
		},
		{
			name: "nobody listens",
			serve: func() *httptest.Server {
				server := httptest.NewServer(ok)
				server.Close()
				return server
			},
			again: true, says: "refused",
		},
		{
			name:   "authority unknown",
			serve:  func() *httptest.Server { return quietTLS(ok, nil) },
			change: func(cfg *Config) { cfg.RootCAs = x509.NewCertPool() },
			says:   "certificate signed by unknown authority",
		},
		{
			name: "certificate for another host",
			serve: func() *httptest.Server {
				server := quietTLS(ok, nil)
				server.URL = strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
				return server
			},
			says: "certificate is valid for",
		},
		{
			name: "TLS too old",
			serve: func() *httptest.Server {
				return quietTLS(ok, &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11})
			},
			says: "protocol version",
		},
		{
			name: "TLS to a server that speaks plainly",
			serve: func() *httptest.Server {
				server := httptest.NewServer(ok)
				server.URL = strings.Replace(server.URL, "http:", "https:", 1)
				return server
			},
			says: "HTTP response to HTTPS client",
		},
		{
			name:  "proxy wants a password",
			serve: func() *httptest.Server { return quietTLS(ok, nil) },
			proxy: 407,
			says:  "answered 407 Proxy Authentication Required",
		},
		{
			name:  "proxy does not reach the host",
			serve: func() *httptest.Server { return quietTLS(ok, nil) },
			proxy: 502,
			again: true, says: "answered 502 Bad Gateway",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server := test.serve()
			t.Cleanup(server.Close)
			var log bytes.Buffer
			changes := []func(*Config){func(cfg *Config) {
				cfg.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
			}}
			if test.change != nil {
				changes = append(changes, test.change)
			}
			if test.proxy != 0 {
				var connects atomic.Int64
				proxy := httptest.NewServer(handler(&connects, test.proxy, ""))
				t.Cleanup(proxy.Close)
				address, err := url.Parse(proxy.URL)
				if err != nil {
					t.Fatal(err)
				}
				changes = append(changes, throughProxy(t, address))
			}
			_, err := overSocket(t, server, changes...).ScriptOrder(t.Context(), testOrder)
			e := failure(t, err)
			if e.Status != 0 || e.Attempts != 1 || !strings.Contains(e.Answer(), test.says) {
				t.Errorf("%v, want %q", err, test.says)
			}
			// What is no answer may be a part of one, such as a log, that an answer before it did not announce.
			if strings.Contains(err.Error()+log.String(), "hunter2") {
				t.Errorf("the answer is repeated: %v\n%s", err, &log)
			}
			if got := e.Kind().Retried(); got != test.again {
				t.Errorf("%v: would be repeated is %v, want %v", err, got, test.again)
			}
		})
	}
	t.Cleanup(func() {
		if requests.Load() != 0 {
			t.Errorf("%d requests reached a server that must not be trusted", requests.Load())
		}
	})
}

// quietTLS is a TLS server that keeps failed handshakes to itself.
func quietTLS(handler http.Handler, config *tls.Config) *httptest.Server {
	server := httptest.NewUnstartedServer(handler)
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	server.TLS = config
	server.StartTLS()
	return server
}

func TestTLSIsAccepted(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		config *tls.Config
		change func(*Config)
	}{
		{"known authority", nil, func(*Config) {}},
		{"TLS 1.2", &tls.Config{MaxVersion: tls.VersionTLS12}, func(*Config) {}},
		{"unknown authority, but nobody looks", nil, func(cfg *Config) { cfg.RootCAs, cfg.Insecure = x509.NewCertPool(), true }},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var requests atomic.Int64
			server := quietTLS(handler(&requests, 200, documentedOrder), test.config)
			t.Cleanup(server.Close)
			if _, err := overSocket(t, server, test.change).ScriptOrder(t.Context(), testOrder); err != nil {
				t.Error(err)
			}
		})
	}
}
