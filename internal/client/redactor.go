package client

import (
	"encoding/base64"
	"html"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/hwgate/terraform-provider-hwgate/internal/text"
)

const (
	// gramSize is the length of the parts of a secret that are redacted.
	gramSize = 12
	// longSecret is the length from which on only every gramStride-th part is kept, and the parts around one that is found are compared.
	longSecret, gramStride = 4096, 16
)

// redactor removes secrets from untrusted text. It is safe for concurrent use.
type redactor struct {
	mu    sync.RWMutex
	known map[string]bool
	// short has the secrets shorter than gramSize, longest first, since one may contain another.
	short []string
	// grams has parts of length gramSize of the other secrets.
	grams map[string]gram
	// keys are access keys, which maskedKey shortens.
	keys []string
}

// gram is the place of a part in a secret.
type gram struct {
	secret string
	at     int
}

// spread returns the range of found around i, where the gram was found, that is equal to the secret.
func (g gram) spread(found string, i int) (start, end int) {
	from, to := g.at, g.at+gramSize
	start, end = i, i+gramSize
	for start > 0 && from > 0 && found[start-1] == g.secret[from-1] {
		start, from = start-1, from-1
	}
	for end < len(found) && to < len(g.secret) && found[end] == g.secret[to] {
		end, to = end+1, to+1
	}
	return start, end
}

func (r *redactor) add(secrets ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, secret := range secrets {
		if secret == "" || r.known[secret] {
			continue
		}
		if r.known == nil {
			r.known, r.grams = map[string]bool{}, map[string]gram{}
		}
		r.known[secret] = true
		if len(secret) < gramSize {
			r.short = append(r.short, secret)
			slices.SortFunc(r.short, func(a, b string) int { return len(b) - len(a) })
			continue
		}
		stride := 1
		if len(secret) >= longSecret {
			stride = gramStride
		}
		for i := 0; i+gramSize <= len(secret); i += stride {
			r.grams[secret[i:i+gramSize]] = gram{secret, i}
		}
	}
}

func (r *redactor) addKey(key string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if key != "" && !slices.Contains(r.keys, key) {
		r.keys = append(r.keys, key)
	}
}

// addProxy adds the password of a proxy, plain and as sent in the header, and returns the proxy.
func (r *redactor) addProxy(proxy *url.URL) *url.URL {
	if proxy != nil && proxy.User != nil {
		password, _ := proxy.User.Password()
		r.add(password, base64.StdEncoding.EncodeToString([]byte(proxy.User.Username()+":"+password)))
	}
	return proxy
}

// secretShapes matches signatures and tokens that are not known: a gateway may echo what it computed itself.
var secretShapes = regexp.MustCompile(`\b[0-9a-fA-F]{64}\b|\beyJ[\w-]+\.[\w-]+\.[\w-]*`)

func (r *redactor) clean(from string) string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	from = r.replace(from)
	if r.hidesSecret(from, 2) {
		return "***"
	}
	return from
}

// hidesSecret reports whether a text holds an escaped secret, for up to levels of nested escapes. It cannot be cut out unambiguously.
func (r *redactor) hidesSecret(from string, levels int) bool {
	for _, unescape := range []func(string) string{unescapeJSON, html.UnescapeString, unescapeURL} {
		plain := unescape(from)
		if plain != from && (r.replace(plain) != plain || (levels > 1 && r.hidesSecret(plain, levels-1))) {
			return true
		}
	}
	return false
}

// replace removes all parts of known secrets, since services cut what they repeat, and what matches secretShapes.
func (r *redactor) replace(from string) string {
	for _, key := range r.keys {
		from = strings.ReplaceAll(from, key, maskedKey(key))
	}
	var b strings.Builder
	// shown is the end of what has been copied or hidden.
	shown := 0
	for i := 0; i+gramSize <= len(from); i++ {
		found, ok := r.grams[from[i:i+gramSize]]
		if !ok {
			continue
		}
		start, end := found.spread(from, i)
		if start > shown || b.Len() == 0 {
			b.WriteString(from[shown:max(start, shown)] + "***")
		}
		shown = max(shown, end)
		i = max(i, end-gramSize)
	}
	from = b.String() + from[shown:]
	for _, secret := range r.short {
		from = strings.ReplaceAll(from, secret, "***")
	}
	return secretShapes.ReplaceAllString(from, "***")
}

// maskedKey is the last four characters of an access key.
func maskedKey(key string) string { return "…" + text.Tail(key, 4) }

// longRun matches what may be an unknown token.
var longRun = regexp.MustCompile(`[A-Za-z0-9+/=_.~%\\-]{40,}`)

// redactLongRuns removes what matches longRun, unless ids make it so long. Shorter ids than 16 characters may be in a token by chance.
func redactLongRuns(from string, ids []string) string {
	return longRun.ReplaceAllStringFunc(from, func(run string) string {
		rest := run
		slices.SortFunc(ids, func(a, b string) int { return len(b) - len(a) })
		for _, id := range ids {
			if len(id) >= 16 {
				rest = strings.ReplaceAll(rest, id, " ")
			}
		}
		if longRun.MatchString(rest) {
			return "***"
		}
		return run
	})
}

var (
	escapesOfJSON = regexp.MustCompile(`\\(?:["\\/]|u[0-9a-fA-F]{4})`)
	escapesOfURL  = regexp.MustCompile(`%[2-7][0-9a-fA-F]`)
)

func unescapeJSON(from string) string {
	return escapesOfJSON.ReplaceAllStringFunc(from, func(escape string) string {
		code, err := strconv.ParseInt(escape[2:], 16, 32)
		if err != nil {
			return escape[1:]
		}
		return string(rune(code))
	})
}

func unescapeURL(from string) string {
	return escapesOfURL.ReplaceAllStringFunc(from, func(escape string) string {
		code, _ := strconv.ParseInt(escape[1:], 16, 8) // cannot fail, since the expression fits
		return string(rune(code))
	})
}
