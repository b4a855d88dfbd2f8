package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"
)

const (
	metadataAddress = "http://169.254.169.254"
	// metadataLimit bounds the whole look-up: outside of the cloud there is no answer.
	metadataLimit = 2 * time.Second
	// metadataBodyLimit bounds an answer, which has one key or token.
	metadataBodyLimit = 64 << 10
)

// MetadataSource returns a source of temporary keys of the agency of the cloud server that this program runs on. A failure before the
// first keys is final. Every failure is passed through explain, which can add what else was tried.
//
// API: GET /openstack/latest/securitykey, with the token of PUT /meta-data/latest/api/token where the machine asks for one,
// https://support.huaweicloud.com/intl/en-us/usermanual-ecs/ecs_03_0166.html
func MetadataSource(explain func(error) error) CredentialSource {
	s := &metadataSource{}
	s.renewingSource = newRenewingSource("the metadata of the machine", s.fetchKeys)
	s.explain = explain
	s.final = func(_ error, issued bool) bool { return !issued }
	return s
}

type metadataSource struct {
	*renewingSource

	// transport uses no proxy, unlike the client's.
	transport http.RoundTripper
}

func (s *metadataSource) connect(c *Client) {
	s.renewingSource.connect(c)
	s.transport = &http.Transport{
		DialContext:       (&net.Dialer{Timeout: metadataLimit}).DialContext,
		DisableKeepAlives: true,
	}
	if c.cfg.WrapTransport != nil {
		s.transport = c.cfg.WrapTransport(s.transport)
	}
}

// fetchKeys requests keys, with a token if the metadata service offers one; its hardened version needs it.
func (s *metadataSource) fetchKeys(ctx context.Context) (temporary, error) {
	ctx, cancel := context.WithTimeout(ctx, metadataLimit)
	defer cancel()
	header := http.Header{}
	token, status, err := s.send(ctx, http.MethodPut, "/meta-data/latest/api/token", http.Header{"X-Metadata-Token-Ttl-Seconds": {"21600"}})
	if err != nil {
		return temporary{}, err
	}
	if status == http.StatusOK && isHeaderToken(token) {
		header.Set("X-Metadata-Token", token)
	}
	body, status, err := s.send(ctx, http.MethodGet, "/openstack/latest/securitykey", header)
	if err != nil {
		return temporary{}, err
	}
	if status != http.StatusOK {
		return temporary{}, fmt.Errorf("HTTP %d from %s: the server has no agency, or its metadata service refuses", status, metadataAddress)
	}
	answer, _ := parse(ctx, []byte(body)) // what cannot be parsed has no keys
	return readKeys(answer)
}

func isHeaderToken(token string) bool {
	return token != "" && strings.IndexFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) < 0
}

func (s *metadataSource) send(ctx context.Context, method, path string, header http.Header) (body string, status int, err error) {
	body, status, err = s.roundTrip(ctx, method, path, header)
	attrs := []slog.Attr{slog.String("method", method), slog.String("path", path), slog.Int("status", status)}
	if err != nil {
		attrs = append(attrs, slog.String("error", err.Error()))
	}
	s.log.LogAttrs(ctx, slog.LevelDebug, "metadata of the machine asked for", attrs...)
	return body, status, err
}

func (s *metadataSource) roundTrip(ctx context.Context, method, path string, header http.Header) (body string, status int, err error) {
	request, err := http.NewRequestWithContext(ctx, method, metadataAddress+path, http.NoBody)
	if err != nil {
		return "", 0, err
	}
	request.Header = header
	response, err := s.transport.RoundTrip(request)
	if err != nil {
		if errors.Is(err, context.DeadlineExceeded) {
			return "", 0, fmt.Errorf("no answer from %s within %s", metadataAddress, metadataLimit)
		}
		return "", 0, fmt.Errorf("no answer from %s", metadataAddress)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(io.LimitReader(response.Body, metadataBodyLimit+1))
	switch {
	case err != nil:
		return "", 0, fmt.Errorf("reading the answer of %s failed", metadataAddress)
	case len(content) > metadataBodyLimit:
		return "", 0, fmt.Errorf("the answer of %s is longer than %d kB", metadataAddress, metadataBodyLimit>>10)
	}
	return strings.TrimSpace(string(content)), response.StatusCode, nil
}
