package client

import (
	"context"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
)

// The clock of a synctest bubble starts at midnight of the first of January 2000, UTC.
const (
	tokenAnswer = `{"token":{"expires_at":"2000-01-02T00:00:00.000000Z"}}`
	keysV3      = `{"credential":{"access":"DUMMYTEMPORARY000001","secret":"dummyTemporarySecret1","securitytoken":"dummySecurityToken1",` +
		`"expires_at":"2000-01-01T01:00:00.000000Z"}}`
	keysV5 = `{"credentials":{"access_key_id":"DUMMYTEMPORARY000002","secret_access_key":"dummyTemporarySecret2",` +
		`"security_token":"dummySecurityToken2","expiration":"2000-01-01T01:00:00Z"}}`
)

// cloud answers sign-ins and orders by path, and writes down what was asked.
type cloud struct {
	wire
	signIns map[string]answerer

	// asked are the sign-ins: method, host and path, then the body.
	asked []string
}

func newCloud(t *testing.T, signIns map[string]answerer) *cloud {
	t.Helper()
	c := &cloud{signIns: signIns}
	c.answers = []answerer{func(request *http.Request) (*http.Response, error) {
		answer := signIns[request.URL.Path]
		if answer == nil {
			return says(200, documentedOrder)(request)
		}
		body, err := io.ReadAll(request.Body)
		if err != nil {
			return nil, err
		}
		c.asked = append(c.asked, request.Method+" "+request.URL.String(), string(body))
		return answer(request)
	}}
	return c
}

func source(source CredentialSource) func(*Config) {
	return func(cfg *Config) { cfg.Credentials = source }
}

// A gate answers requests when it is opened, and counts those that wait.
type gate struct {
	answer  answerer
	open    chan struct{}
	waiting atomic.Int64
}

func newGate(answer answerer) *gate { return &gate{answer: answer, open: make(chan struct{})} }

func (g *gate) pass(request *http.Request) (*http.Response, error) {
	g.waiting.Add(1)
	defer g.waiting.Add(-1)
	select {
	case <-g.open:
		return g.answer(request)
	case <-request.Context().Done():
		return nil, request.Context().Err()
	}
}

// readTen reads ten orders at once and gives their errors when all are done.
func readTen(ctx context.Context, c *Client) (wait func() []error) {
	var wg sync.WaitGroup
	errs := make([]error, 10)
	for i := range errs {
		wg.Go(func() { _, errs[i] = c.ScriptOrder(ctx, testOrder) })
	}
	return func() []error {
		wg.Wait()
		return errs
	}
}

// sourceFunc is a source made of a function.
type sourceFunc func(context.Context) (Credential, error)

func (f sourceFunc) Credential(ctx context.Context) (Credential, error) { return f(ctx) }
func (f sourceFunc) Origin() string                                     { return "a function" }
