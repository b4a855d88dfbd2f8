package provider_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/hwgate/terraform-provider-hwgate/internal/provider"
)

// TestNetworkFaults meets each fault of the way to a service with a real connection over the loopback, and holds the error to its words.
func TestNetworkFaults(t *testing.T) {
	t.Parallel()
	plain := serverOf(t, nil)
	trusted, authority := certificate(t, "service.test", time.Hour)
	secure := serverOf(t, &trusted)
	stale, stalePEM := certificate(t, "service.test", -time.Hour)
	expired := serverOf(t, &stale)
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	proxy := func(address string) func(*http.Request) (*url.URL, error) {
		return http.ProxyURL(&url.URL{Scheme: "http", Host: address})
	}
	const name = "The name service.test cannot be resolved here. Check DNS, network and proxy (HTTPS_PROXY) of this machine first. If they are correct, "
	tests := map[string]struct {
		source, endpoint, authorities string
		// to is where connections lead, "" to a resolver that knows no name.
		to    string
		proxy func(*http.Request) (*url.URL, error)
		want  string
		never string
	}{
		"a name that does not resolve": {
			endpoint: "https://service.test", want: name + "the host of COC follows the site of the account, not the region: correct cloud, or set " +
				"endpoints.coc in the provider block.", never: "the region cn-north-4",
		},
		"the name of a regional service": {
			source: "dataarts_instance_status", endpoint: "https://service.test",
			want: name + "DataArts is most likely not offered in the region cn-north-4: correct region or cloud, or set endpoints.dataarts in the " +
				"provider block.",
		},
		"a proxy whose name does not resolve": {
			endpoint: "https://service.test", proxy: proxy("proxy.test:3128"), never: "name service.test",
			want: ": no network.\n\nThe proxy cannot be reached, so nothing was sent to service.test. Correct HTTPS_PROXY",
		},
		"a proxy that is down": {
			endpoint: "http://service.test", proxy: proxy(strings.TrimPrefix(closed.URL, "http://")), to: strings.TrimPrefix(closed.URL, "http://"),
			want: "connection refused.\n\nThe proxy cannot be reached, so nothing was sent to service.test. Correct HTTPS_PROXY (HTTP_PROXY for http://)",
		},
		"a proxy with an unknown authority": {
			endpoint: "https://service.test", to: secure, never: "cannot be reached",
			proxy: http.ProxyURL(&url.URL{Scheme: "https", Host: "service.test:3128"}),
			want: "certificate signed by unknown authority.\n\nThe certificate of the proxy is not trusted here. Correct HTTPS_PROXY, or name the " +
				"authority that signed it in cacert_file.",
		},
		"an unknown authority": {
			endpoint: "https://service.test", to: secure,
			want: "certificate signed by unknown authority.\n\nThe certificate of the host is not trusted here. Name the authority that signed it in cacert_file.",
		},
		"a certificate for another name": {
			endpoint: "https://other.test", to: secure, authorities: authority, never: "Name the authority",
			want: "Another server answers in place of other.test, so cacert_file does not help. Correct endpoints.coc or cloud",
		},
		"a certificate that has expired": {
			endpoint: "https://service.test", to: expired, authorities: stalePEM, never: "cacert_file",
			want: "Correct this machine's clock if it is wrong. Otherwise the operator of service.test has to renew its certificate.",
		},
		"HTTPS to a port that speaks plain HTTP": {
			endpoint: "https://service.test", to: plain, never: "Correct endpoints",
			want: "server gave HTTP response to HTTPS client.\n\nservice.test, or a proxy in front of it, speaks plain HTTP where HTTPS is expected.",
		},
		"plain HTTP to a port that speaks HTTPS": {
			endpoint: "http://service.test", to: secure, never: "Check the arguments",
			want: "The request went out in plain HTTP, and the port seems to speak HTTPS. Begin the address in endpoints.coc with https://.",
		},
		"no server at all": {
			endpoint: "http://service.test", to: strings.TrimPrefix(closed.URL, "http://"),
			want: "connection refused.\n\nCheck the connection to service.test (network, proxy variables, endpoints.coc), then run again.",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if test.source == "" {
				test.source = "coc_script_order"
			}
			wrap := func(next http.RoundTripper) http.RoundTripper {
				given, ok := next.(*http.Transport)
				if !ok {
					t.Fatalf("the transport is a %T", next)
				}
				own := given.Clone()
				own.Proxy, own.DialContext = test.proxy, dialTo(test.to)
				t.Cleanup(own.CloseIdleConnections)
				return own
			}
			arguments := keyed(map[string]tftypes.Value{
				"region": str("cn-north-4"), "max_retries": integer(0), "endpoints": endpointsOf(test.endpoint),
			})
			if test.authorities != "" {
				arguments["cacert_file"] = str(test.authorities)
			}
			p := start(t, provider.Options{WrapTransport: wrap}, arguments)
			_, diagnostics := p.read(t.Context(), t, test.source, badAnswers()[test.source].arguments)
			checkFailure(t, diagnostics, []string{test.want})
			if test.never != "" && strings.Contains(shown(diagnostics), test.never) {
				t.Errorf("the error says %q:\n%s", test.never, shown(diagnostics))
			}
		})
	}
}

// dialTo connects to one address, whatever is requested; without one it asks a resolver that has no network.
func dialTo(to string) func(ctx context.Context, network, address string) (net.Conn, error) {
	dialer := &net.Dialer{Resolver: &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		return nil, errors.New("no network")
	}}}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		if to != "" {
			address = to
		}
		return dialer.DialContext(ctx, network, address)
	}
}

// serverOf answers on the loopback, with TLS if there is a certificate, and gives its address.
func serverOf(t *testing.T, certificate *tls.Certificate) string {
	t.Helper()
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	if certificate == nil {
		server.Start()
	} else {
		server.TLS = &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{*certificate}}
		server.StartTLS()
	}
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

// certificate makes one that signed itself, for a name, and gives it as PEM text too.
func certificate(t *testing.T, name string, life time.Duration) (made tls.Certificate, text string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{name}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: time.Now().Add(life),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key},
		string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}
