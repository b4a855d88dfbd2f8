package client

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/authtest"
)

// dialing makes the real transport connect to a server, whatever host a request is for.
func dialing(t *testing.T, server *httptest.Server) func(*Config) {
	t.Helper()
	return func(cfg *Config) {
		cfg.WrapTransport = func(made http.RoundTripper) http.RoundTripper {
			transport, ok := made.(*http.Transport)
			if !ok {
				t.Fatalf("the transport is a %T", made)
			}
			transport.Proxy = nil
			transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
				return new(net.Dialer).DialContext(ctx, network, server.Listener.Addr().String())
			}
			return transport
		}
	}
}

// What is signed is what arrives, in whatever form a host or a path was written.
func TestSignatureOfWhatArrives(t *testing.T) {
	t.Parallel()
	for _, endpoint := range []string{
		"http://coc.example.com", "http://COC.Example.com:80", "http://bücher.example.com", "http://BÜCHER.example.com:8443/präfix",
		"http://部署.example.com", "http://xn--bcher-kva.example.com", "http://[fe80::1]:8080", "http://[fe80::1%25eth0]:8080", "http://[fe80::1%25eth0]",
		"http://127.0.0.1:81/a b", "http://coc.example.com/a!b(c)*'d'/~e", "http://coc.example.com/a%25b/c%3Fd",
	} {
		t.Run(endpoint, func(t *testing.T) {
			t.Parallel()
			var requests atomic.Int64
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
				requests.Add(1)
				verifier := authtest.Verifier{Secrets: map[string]string{testAccessKey: testSecretKey}, MustSign: []string{"Host"}}
				if err := verifier.Verify(request); err != nil {
					t.Errorf("host %q, path %q: %v", request.Host, request.URL.EscapedPath(), err)
				}
				_, _ = w.Write([]byte(documentedOrder))
			}))
			t.Cleanup(server.Close)
			c := newClient(t, nil, dialing(t, server), func(cfg *Config) { cfg.Endpoints = map[Service]Setting{COC: {Value: endpoint}} })
			if _, err := c.ScriptOrder(t.Context(), testOrder); err != nil || requests.Load() != 1 {
				t.Errorf("%d requests and error %v", requests.Load(), err)
			}
		})
	}
}

// What servers say when plain HTTP arrives on the port of HTTPS, and what else an error of theirs may say.
func TestPlainHTTPToAnHTTPSPort(t *testing.T) {
	t.Parallel()
	page := func(title, body string) string {
		return "<html><head><title>" + title + "</title></head><body>" + body + "</body></html>"
	}
	for name, test := range map[string]struct {
		status int
		body   string
		want   error
	}{
		"nginx":         {400, page("400 The plain HTTP request was sent to HTTPS port", ""), ErrHTTPSWanted},
		"Apache":        {400, page("400 Bad Request", "Reason: You're speaking plain HTTP to an SSL-enabled server port.<br />"), ErrHTTPSWanted},
		"Go":            {400, "Client sent an HTTP request to an HTTPS server.\n", ErrHTTPSWanted},
		"Tomcat":        {400, "Bad Request\r\nThis combination of host and port requires TLS.\r\n", ErrHTTPSWanted},
		"another 400":   {400, page("400 Bad Request", "nginx"), nil},
		"nginx, header": {400, page("400 Request Header Or Cookie Too Large", ""), ErrHeaderTooLarge},
		"Apache, header": {
			400, page("400 Bad Request", "Size of a request header field exceeds server limit.<br /><pre>X-Auth-Token</pre>"), ErrHeaderTooLarge,
		},
		"Tomcat, header":        {400, page("HTTP Status 400", "<p>Request header is too large</p>"), ErrHeaderTooLarge},
		"431":                   {431, "", ErrHeaderTooLarge},
		"431 with an envelope":  {431, `{"error_code":"APIGW.0201","error_msg":"no"}`, ErrHeaderTooLarge},
		"an error of a service": {400, `{"error_code":"X.1","error_msg":"header x too large"}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(test.status)
				_, _ = w.Write([]byte(test.body))
			}))
			t.Cleanup(server.Close)
			_, err := overSocket(t, server).ScriptOrder(t.Context(), testOrder)
			if e := failure(t, err); !errors.Is(e.Err, test.want) || (test.want == nil) != (e.Err == nil) || e.Status != test.status {
				t.Errorf("error %v, want %v", err, test.want)
			}
		})
	}
	t.Run("an alert of TLS", func(t *testing.T) {
		t.Parallel()
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			connection, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			_, _ = connection.Write([]byte("\x15\x03\x01\x00\x02\x02\x46"))
			_ = connection.Close()
		}))
		t.Cleanup(server.Close)
		_, err := overSocket(t, server, retries(3)).ScriptOrder(t.Context(), testOrder)
		if e := failure(t, err); !errors.Is(err, ErrHTTPSWanted) || e.Attempts != 1 {
			t.Errorf("error %v after %d attempts", err, e.Attempts)
		}
	})
	t.Run("a server of Go", func(t *testing.T) {
		t.Parallel()
		server := httptest.NewTLSServer(http.NotFoundHandler())
		t.Cleanup(server.Close)
		c := overSocket(t, server, func(cfg *Config) {
			cfg.Endpoints = map[Service]Setting{COC: {Value: strings.Replace(server.URL, "https:", "http:", 1)}}
		})
		if _, err := c.ScriptOrder(t.Context(), testOrder); !errors.Is(err, ErrHTTPSWanted) {
			t.Errorf("error %v", err)
		}
	})
}

// What cannot be read is at least named.
func TestBodiesInOtherForms(t *testing.T) {
	t.Parallel()
	gbk := "<title>\xce\xde\xb7\xa8\xb7\xc3\xce\xca</title>"
	for _, test := range []struct{ name, contentType, body, want string }{
		{"GBK, says the header", "text/html; charset=GBK", gbk, "HTML page in the character set GBK, 23 bytes"},
		{"GBK, says the page", "text/html", `<meta charset="gb2312">` + gbk, "HTML page in the character set gb2312, 46 bytes"},
		{
			"GBK, in the older form", "", `<meta http-equiv="Content-Type" content="text/html; charset=gb18030" />` + gbk,
			"HTML page in the character set gb18030, 94 bytes",
		},
		{"GBK, nobody says so", "text/html; charset=utf-8", gbk, "HTML page in an unknown character set, 23 bytes"},
		{"ASCII in GBK", "text/html; charset=GBK", "<title>No</title>", `HTML page "No", 17 bytes`},
		{"XML", "", `<?xml version="1.0"?><Error><Code>Denied</Code><Message>Access &lt;denied&gt;</Message></Error>`, `XML document "Access <denied>", 95 bytes`},
		{"XML without a declaration", "", `<Error><Message lang="en">no</Message></Error>`, `XML document "no", 46 bytes`},
		{"XML without a message", "", `<?xml version="1.0"?><a/>`, `XML document, 25 bytes`},
		{"XML in GBK", "", "<?xml encoding='GBK'?><Error><Message>\xce\xde</Message></Error>", "XML document in the character set GBK, 58 bytes"},
		{"UTF-16 with a mark", "", "\xff\xfe<\x00h\x00", "text in UTF-16, 6 bytes"},
		{"UTF-16 the other way round", "", "\xfe\xff\x00<", "text in UTF-16, 4 bytes"},
		{"UTF-16 without a mark", "", "{\x00\"\x00", "text in UTF-16, 4 bytes"},
		{"a mark of UTF-8", "", "\xef\xbb\xbf<title>No</title>", `HTML page "No", 20 bytes`},
		{"nothing but a mark", "", "\xef\xbb\xbf", "empty body"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			for _, status := range []int{200, 400} {
				_, err := newClient(t, answering(says(status, test.body, "Content-Type", test.contentType))).ScriptOrder(t.Context(), testOrder)
				if e := failure(t, err); e.Message != test.want {
					t.Errorf("%q, want %q", e.Message, test.want)
				}
			}
		})
	}
	for name, call := range callers {
		if _, err := decodeWith(t, call, "\xef\xbb\xbf"+documented[name]); err != nil {
			t.Errorf("%s after a mark of UTF-8: %v", name, err)
		}
	}
}

// A proxy that was asked for is never passed by: a variable that is no URL is an error, unless NO_PROXY names the host.
func TestProxyThatIsNoURL(t *testing.T) {
	for _, password := range []string{"a%b", "a#b", "a/b", "a?b", "a[b", `a\b`, "a b", "1#b", "1/b", "1?b", "a%40b", "ab", ""} {
		valid := password == "a%40b" || password == "ab" || password == ""
		for _, scheme := range []string{"http://", "socks5://", ""} {
			for _, names := range [][2]string{{"HTTPS_PROXY", "HTTP_PROXY"}, {"https_proxy", "http_proxy"}} {
				t.Run(fmt.Sprintf("%s%q in %s", scheme, password, names[0]), func(t *testing.T) {
					for _, other := range []string{"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "NO_PROXY", "no_proxy", "REQUEST_METHOD"} {
						t.Setenv(other, "")
					}
					t.Setenv(names[0], scheme+"user:"+password+"@proxy.example.com:3128")
					t.Setenv(names[1], "")
					t.Setenv("NO_PROXY", "direct.example.com")
					choose := proxyFromEnvironment()
					proxy, err := choose(&url.URL{Scheme: "https", Host: "coc.example.com"})
					if valid {
						if err != nil || proxy == nil || proxy.Host != "proxy.example.com:3128" {
							t.Errorf("%v and error %v", proxy, err)
						}
						return
					}
					fault, ok := errors.AsType[*ProxySettingError](err)
					if !ok || fault.Variable != names[0] || proxy != nil || strings.Contains(err.Error(), password) {
						t.Errorf("%v and error %v, want one that names %s", proxy, err, names[0])
					}
					for _, direct := range []string{"https://direct.example.com", "http://coc.example.com", "https://localhost"} {
						target, _ := url.Parse(direct)
						if proxy, err := choose(target); proxy != nil || err != nil {
							t.Errorf("%s: %v and error %v", direct, proxy, err)
						}
					}
					c := newClient(t, nil, retries(3), func(cfg *Config) { cfg.WrapTransport = nil })
					_, err = c.ScriptOrder(t.Context(), testOrder)
					if e := failure(t, err); !errors.As(err, new(*ProxySettingError)) || e.Kind() != Unreachable {
						t.Errorf("error %v", err)
					}
				})
			}
		}
	}
}
