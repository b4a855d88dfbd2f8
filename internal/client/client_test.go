package client

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
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
		{text: "https://coc.example.com/a%2Fb/", want: "https://coc.example.com/a/b"},
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

// Without a transport of its own a client takes the proxy that the environment names, and speaks HTTP/2 where it can.
func TestTransport(t *testing.T) {
	t.Parallel()
	transport, ok := newTransport(Config{}).(*http.Transport)
	if !ok {
		t.Fatal("not an *http.Transport")
	}
	if transport.Proxy == nil || transport.OnProxyConnectResponse == nil || !transport.ForceAttemptHTTP2 {
		t.Errorf("%+v", transport)
	}
	if transport.TLSClientConfig.InsecureSkipVerify || transport.TLSClientConfig.RootCAs != nil {
		t.Errorf("%+v", transport.TLSClientConfig)
	}
}

func TestProxyThatConnects(t *testing.T) {
	t.Parallel()
	if err := checkProxyAnswer(t.Context(), &url.URL{Host: "proxy.example.com"}, nil, &http.Response{StatusCode: http.StatusOK}); err != nil {
		t.Error(err)
	}
}
