package client

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// Requests to the machine itself must not go to a proxy, which would ask its own machine.
func TestMetadataUsesNoProxy(t *testing.T) {
	t.Parallel()
	var made []*http.Transport
	s, ok := MetadataSource(func(err error) error { return err }).(*metadataSource)
	if !ok {
		t.Fatal("another kind of source")
	}
	newClient(t, nil, source(s), func(cfg *Config) {
		cfg.WrapTransport = func(next http.RoundTripper) http.RoundTripper {
			transport, ok := next.(*http.Transport)
			if !ok {
				t.Fatalf("wrapping a %T", next)
			}
			made = append(made, transport)
			return next
		}
	})
	if len(made) != 2 || made[0].Proxy == nil || made[1].Proxy != nil || !made[1].DisableKeepAlives {
		t.Errorf("transports %+v, want a proxy for the services alone, and no idle connections to the machine", made)
	}
}

// Keys were there once, so a machine that gives none at the moment is asked again.
func TestMetadataFailsLater(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		healthy := true
		cloud := newCloud(t, map[string]answerer{
			"/meta-data/latest/api/token": says(404, ""),
			"/openstack/latest/securitykey": func(request *http.Request) (*http.Response, error) {
				if !healthy {
					return says(500, "")(request)
				}
				ends := time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
				return says(200, strings.Replace(keysV3, "2000-01-01T01:00:00.000000Z", ends, 1))(request)
			},
		})
		c := newClient(t, cloud, source(MetadataSource(func(err error) error { return err })))
		for _, step := range []struct {
			healthy bool
			after   time.Duration
			ok      bool
		}{
			{true, 0, true},
			{false, 58 * time.Minute, true}, // the old keys still work
			{false, 2 * time.Minute, false},
			{true, time.Second, false}, // the failure is shared for a while
			{true, renewalPause, true},
		} {
			healthy = step.healthy
			time.Sleep(step.after)
			if _, err := c.ScriptOrder(t.Context(), testOrder); (err == nil) != step.ok {
				t.Errorf("after %s: error %v", step.after, err)
			}
			synctest.Wait() // for a renewal that the read began
		}
	})
}

// Who gives up asking the machine has not found that there are no keys.
func TestMetadataCanceled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud := newCloud(t, map[string]answerer{"/meta-data/latest/api/token": hangs})
		s := MetadataSource(func(err error) error { return err })
		c := newClient(t, cloud, source(s))
		limited, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := c.ScriptOrder(limited, testOrder); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v, want the deadline", err)
		}
		cloud.signIns["/meta-data/latest/api/token"] = says(404, "")
		cloud.signIns["/openstack/latest/securitykey"] = says(200, keysV3)
		if _, err := c.ScriptOrder(t.Context(), testOrder); err != nil {
			t.Error(err)
		}
	})
}

// Answers that are no keys, come in pieces, or hold what cannot be sent: every attempt with it would fail, and be repeated in vain.
func TestMetadataIsMalformed(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"no JSON":   "<html>dummyTemporarySecret1</html>",
		"no end":    `{"credential":{"access":"a","secret":"dummyTemporarySecret1","securitytoken":"b"}}`,
		"no secret": `{"credential":{"access":"a","securitytoken":"dummyTemporarySecret1","expires_at":"2000-01-01T01:00:00Z"}}`,
		"bad time":  `{"credential":{"access":"a","secret":"dummyTemporarySecret1","securitytoken":"b","expires_at":"soon"}}`,
		"empty":     "",
		"a key in two lines": `{"credential":{"access":"dummy\nKey","secret":"dummyTemporarySecret1","securitytoken":"b",` +
			`"expires_at":"2000-01-01T01:00:00Z"}}`,
		"a secret in two lines": `{"credential":{"access":"a","secret":"dummyTemporarySecret1\n","securitytoken":"b",` +
			`"expires_at":"2000-01-01T01:00:00Z"}}`,
		"a security token in two lines": `{"credential":{"access":"a","secret":"dummyTemporarySecret1","securitytoken":"dummy\nToken",` +
			`"expires_at":"2000-01-01T01:00:00Z"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cloud := newCloud(t, map[string]answerer{
				"/meta-data/latest/api/token":   says(503, ""),
				"/openstack/latest/securitykey": says(200, body),
			})
			_, err := newClient(t, cloud, source(MetadataSource(func(err error) error { return err }))).ScriptOrder(t.Context(), testOrder)
			checkFailure(t, err)
			checkHarmless(t, err.Error(), "dummyTemporarySecret1")
			if !errors.Is(err, ErrNoCredential) || !strings.Contains(err.Error(), "the answer has no temporary keys") {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestMetadata(t *testing.T) {
	t.Parallel()
	const tokenPath, keysPath = "/meta-data/latest/api/token", "/openstack/latest/securitykey"
	for _, test := range []struct {
		name    string
		signIns map[string]answerer
		// token is the one that comes with the request for keys.
		token string
		fault string
	}{
		{"plain", map[string]answerer{tokenPath: says(404, "no"), keysPath: says(200, keysV3)}, "", ""},
		{"hardened", map[string]answerer{tokenPath: says(200, "dummyMetadataToken\n"), keysPath: says(200, keysV3)}, "dummyMetadataToken", ""},
		{"a page for a token", map[string]answerer{tokenPath: says(200, "<html> </html>"), keysPath: says(200, keysV3)}, "", ""},
		{
			"a redirect, which is not followed", map[string]answerer{tokenPath: says(404, ""), keysPath: says(302, "", "Location", "http://elsewhere.test/")}, "",
			"HTTP 302 from http://169.254.169.254",
		},
		{"no agency", map[string]answerer{tokenPath: says(404, ""), keysPath: says(404, "")}, "", "HTTP 404 from http://169.254.169.254"},
		{"nobody answers", map[string]answerer{tokenPath: hangs}, "", "no answer from http://169.254.169.254 within 2s"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cloud := newCloud(t, test.signIns)
				why := errors.New("nothing else was found")
				c := newClient(t, cloud, source(MetadataSource(func(err error) error { return errors.Join(why, err) })))
				start := time.Now()
				_, err := c.ScriptOrder(t.Context(), testOrder)
				if took := time.Since(start); took > 2*time.Second {
					t.Errorf("took %s, want at most 2s", took)
				}
				if test.fault != "" {
					if !errors.Is(err, ErrNoCredential) || !errors.Is(err, why) || !strings.Contains(err.Error(), test.fault) {
						t.Errorf("error %v, want %q", err, test.fault)
					}
					// Who is not on the cloud waits once, however long the run.
					time.Sleep(time.Hour)
					sent := len(cloud.sent())
					if _, err := c.ScriptOrder(context.WithoutCancel(t.Context()), testOrder); err == nil || len(cloud.sent()) != sent {
						t.Errorf("error %v after %d more requests, want none", err, len(cloud.sent())-sent)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				requests := cloud.sent()
				if got := requests[1].Header.Get("X-Metadata-Token"); got != test.token {
					t.Errorf("X-Metadata-Token %q, want %q", got, test.token)
				}
				if got := requests[2].Header.Get("X-Security-Token"); got != "dummySecurityToken1" {
					t.Errorf("X-Security-Token %q", got)
				}
			})
		})
	}
}

// An answer without an end is not read to it, although nothing but the machine itself can give one.
func TestMetadataIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var read atomic.Int64
		endless := saysFrom(200, func() io.Reader {
			return readerFunc(func(p []byte) (int, error) {
				read.Add(int64(len(p)))
				return len(p), nil
			})
		})
		cloud := newCloud(t, map[string]answerer{"/meta-data/latest/api/token": says(404, ""), "/openstack/latest/securitykey": endless})
		_, err := newClient(t, cloud, source(MetadataSource(func(err error) error { return err }))).ScriptOrder(t.Context(), testOrder)
		if err == nil || !strings.Contains(err.Error(), "the answer of http://169.254.169.254 is longer than 64 kB") {
			t.Errorf("error %v", err)
		}
		if n := read.Load(); n > 2*metadataBodyLimit {
			t.Errorf("%d bytes read, want little more than %d", n, metadataBodyLimit)
		}
	})
}
