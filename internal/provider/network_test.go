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
	"maps"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/hwgate/terraform-provider-hwgate/internal/provider"
	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/cloudtest"
)

// network is a network in memory, for a fake clock: blocked on it counts as waiting, which blocked on a socket does not.
type network struct {
	t       *testing.T
	service *cloudtest.Service
	dials   dials
	// plain answers every port without TLS; proxy sends all requests through a proxy.
	plain, proxy bool
	// hold connects nobody to the client.
	hold bool

	plainConns, secureConns chan net.Conn

	// sent counts the bytes that have gone to the client.
	sent atomic.Int64

	mu    sync.Mutex
	hosts []string
	made  []*http.Transport
}

// newNetwork serves until the test ends.
func newNetwork(t *testing.T, service *cloudtest.Service) *network {
	t.Helper()
	n := &network{t: t, service: service, plainConns: make(chan net.Conn), secureConns: make(chan net.Conn)}
	server := &http.Server{Handler: service, ErrorLog: log.New(io.Discard, "", 0), ReadHeaderTimeout: time.Hour}
	var served sync.WaitGroup
	done := make(chan struct{})
	served.Go(func() { _ = server.Serve(&listener{n.plainConns, done}) })
	served.Go(func() { _ = server.Serve(tls.NewListener(&listener{n.secureConns, done}, authority.server)) })
	t.Cleanup(func() {
		n.mu.Lock()
		for _, transport := range n.made {
			transport.CloseIdleConnections()
		}
		n.mu.Unlock()
		close(done)
		_ = server.Close()
		served.Wait()
	})
	return n
}

// keyed are settings with a key pair.
func keyed(more map[string]tftypes.Value) map[string]tftypes.Value {
	settings := map[string]tftypes.Value{"access_key": str(accessKey), "secret_key": str(secretKey)}
	maps.Copy(settings, more)
	return settings
}

// start configures a provider that reaches the network and nothing else, with a key pair if there are no settings.
func (n *network) start(t *testing.T, address string, settings map[string]tftypes.Value) *process {
	t.Helper()
	arguments := map[string]tftypes.Value{"region": str("cn-north-4"), "endpoints": endpointsOf(address)}
	if settings == nil {
		settings = keyed(nil)
	}
	maps.Copy(arguments, settings)
	return start(t, provider.Options{WrapTransport: n.wrap}, arguments)
}

// wrap leads the provider's own transport, with all its settings, into the network.
func (n *network) wrap(transport http.RoundTripper) http.RoundTripper {
	given, ok := transport.(*http.Transport)
	if !ok {
		n.t.Errorf("the transport is a %T", transport)
		return transport
	}
	own := given.Clone()
	own.DialContext = n.dial
	own.Proxy = nil
	if n.proxy {
		own.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: "proxy.test:3128", User: url.UserPassword("me", proxyPassword)})
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.made = append(n.made, own)
	return own
}

// errHangs makes a connection that never comes about.
var errHangs = errors.New("hangs")

const proxyPassword = "planted-proxy-password"

func (n *network) dial(ctx context.Context, _, address string) (net.Conn, error) {
	n.mu.Lock()
	var fault error
	if len(n.dials) > 0 {
		fault = n.dials[min(len(n.hosts), len(n.dials)-1)]
	}
	n.hosts = append(n.hosts, address)
	n.mu.Unlock()
	if errors.Is(fault, errHangs) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	if fault != nil {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: fault}
	}
	conns := n.plainConns
	if strings.HasSuffix(address, ":443") && !n.plain {
		conns = n.secureConns
	}
	client, end := net.Pipe()
	server := counted{end, &n.sent}
	if n.hold {
		return client, nil
	}
	select {
	case conns <- server:
		return client, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (n *network) dialled() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.hosts
}

// counted is an end of a connection that counts what it sends.
type counted struct {
	net.Conn

	sent *atomic.Int64
}

func (c counted) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	c.sent.Add(int64(n))
	return n, err
}

type listener struct {
	conns chan net.Conn
	done  chan struct{}
}

func (l *listener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conns:
		return conn, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *listener) Close() error   { return nil }
func (l *listener) Addr() net.Addr { return &net.IPAddr{} }

// authority signed the certificate of service.test, and nobody knows it.
var authority = newAuthority()

type testAuthority struct {
	server *tls.Config
	pem    string
}

func newAuthority() testAuthority {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"service.test"}, IsCA: true, BasicConstraintsValid: true,
		// The fake clock begins in the year 2000.
		NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<33, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		panic(err)
	}
	return testAuthority{
		server: &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}},
		pem:    string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
	}
}
