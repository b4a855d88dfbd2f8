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

// gramSize is how many characters of a secret in a row give it away.
const gramSize = 12

// redactor takes secrets out of texts that services send back. It is safe for concurrent use.
type redactor struct {
	mu    sync.RWMutex
	known map[string]bool
	// short are the secrets with fewer characters than a gram, the longest first: one that contains another must go as a whole.
	short []string
	// grams are all parts of the other secrets that have the length of a gram.
	grams map[string]bool
	// keys are access keys, which are shown by their ends.
	keys []string
}

func (r *redactor) add(secrets ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, secret := range secrets {
		if secret == "" || r.known[secret] {
			continue
		}
		if r.known == nil {
			r.known, r.grams = map[string]bool{}, map[string]bool{}
		}
		r.known[secret] = true
		if len(secret) < gramSize {
			r.short = append(r.short, secret)
			slices.SortFunc(r.short, func(a, b string) int { return len(b) - len(a) })
			continue
		}
		for i := range len(secret) - gramSize + 1 {
			r.grams[secret[i:i+gramSize]] = true
		}
	}
}

// addKey makes an access key one that is shown by its end alone.
func (r *redactor) addKey(key string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if key != "" && !slices.Contains(r.keys, key) {
		r.keys = append(r.keys, key)
	}
}

// addProxy adds the password of a proxy, also as it is sent, since a proxy may echo that.
func (r *redactor) addProxy(proxy *url.URL) *url.URL {
	if proxy != nil && proxy.User != nil {
		password, _ := proxy.User.Password()
		r.add(password, base64.StdEncoding.EncodeToString([]byte(proxy.User.Username()+":"+password)))
	}
	return proxy
}

// Signatures and tokens follow no list of known secrets: a gateway may echo what it computed itself.
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

// hidesSecret tells whether a text holds a secret behind escapes, or behind escapes of escapes. It cannot be taken out there: which of the
// escapes are to be read is not known.
func (r *redactor) hidesSecret(from string, levels int) bool {
	for _, unescape := range []func(string) string{unescapeJSON, html.UnescapeString, unescapeURL} {
		plain := unescape(from)
		if plain != from && (r.replace(plain) != plain || (levels > 1 && r.hidesSecret(plain, levels-1))) {
			return true
		}
	}
	return false
}

// replace takes out the known secrets, from any part of them on, since services cut what they repeat; and what has the shape of a secret.
func (r *redactor) replace(from string) string {
	for _, key := range r.keys {
		from = strings.ReplaceAll(from, key, maskedKey(key))
	}
	var b strings.Builder
	// hidden is where the last part of a secret ends.
	hidden := 0
	for i := range len(from) {
		if i+gramSize <= len(from) && r.grams[from[i:i+gramSize]] {
			if hidden <= i {
				b.WriteString("***")
			}
			hidden = i + gramSize
		}
		if i >= hidden {
			b.WriteByte(from[i])
		}
	}
	from = b.String()
	for _, secret := range r.short {
		from = strings.ReplaceAll(from, secret, "***")
	}
	return secretShapes.ReplaceAllString(from, "***")
}

// maskedKey is an access key but for its last four characters.
func maskedKey(key string) string { return "…" + text.Tail(key, 4) }

// longRun is what may be a token that nobody has told of.
var longRun = regexp.MustCompile(`[A-Za-z0-9+/=_.~%\\-]{40,}`)

// redactLongRuns takes out runs of 40 or more characters that tokens are made of, unless ids make them so long. An id of fewer than 16
// characters is not looked for: it may stand in a token by chance.
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
