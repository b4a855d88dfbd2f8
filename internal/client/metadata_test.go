package client

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// Requests to the machine itself must not go to a proxy, which would ask its own machine.
func TestMetadataUsesNoProxy(t *testing.T) {
	t.Parallel()
	proxied := map[string]bool{}
	var made []string
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
			name := []string{"services", "machine"}[len(made)]
			made, proxied[name] = append(made, name), transport.Proxy != nil
			return next
		}
	})
	if len(made) != 2 || !proxied["services"] || proxied["machine"] {
		t.Errorf("proxied: %v, want the services alone", proxied)
	}
	if err := s.http.CheckRedirect(nil, nil); !errors.Is(err, http.ErrUseLastResponse) {
		t.Errorf("error %v: a redirect must not be followed", err)
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
			{true, time.Second, true},
		} {
			healthy = step.healthy
			time.Sleep(step.after)
			if _, err := c.ScriptOrder(t.Context(), testOrder); (err == nil) != step.ok {
				t.Errorf("after %s: error %v", step.after, err)
			}
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
		cloud.logIns["/meta-data/latest/api/token"] = says(404, "")
		cloud.logIns["/openstack/latest/securitykey"] = says(200, keysV3)
		if _, err := c.ScriptOrder(t.Context(), testOrder); err != nil {
			t.Error(err)
		}
	})
}

// Answers that are no keys, or come in pieces.
func TestMetadataIsMalformed(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"no JSON":   "<html>dummyTemporarySecret1</html>",
		"no end":    `{"credential":{"access":"a","secret":"dummyTemporarySecret1","securitytoken":"b"}}`,
		"no secret": `{"credential":{"access":"a","securitytoken":"dummyTemporarySecret1","expires_at":"2000-01-01T01:00:00Z"}}`,
		"bad time":  `{"credential":{"access":"a","secret":"dummyTemporarySecret1","securitytoken":"b","expires_at":"soon"}}`,
		"empty":     "",
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
