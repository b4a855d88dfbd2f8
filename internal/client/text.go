package client

import (
	"html"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

// redactor takes secrets out of texts that services send back. It is safe for concurrent use.
type redactor struct {
	mu      sync.RWMutex
	secrets []string
}

func (r *redactor) add(secrets ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
next:
	for _, secret := range secrets {
		if secret == "" {
			continue
		}
		for i, known := range r.secrets {
			if known == secret {
				continue next
			}
			// Longer ones first: a secret that contains another one must go as a whole.
			if len(known) < len(secret) {
				r.secrets = append(r.secrets[:i], append([]string{secret}, r.secrets[i:]...)...)
				continue next
			}
		}
		r.secrets = append(r.secrets, secret)
	}
}

// Signatures and tokens follow no list of known secrets: a gateway may echo what it computed itself.
var secretShapes = regexp.MustCompile(`\b[0-9a-fA-F]{64}\b|\beyJ[\w-]+\.[\w-]+\.[\w-]*`)

func (r *redactor) clean(text string) string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	text = r.replace(text)
	if r.hides(text, 2) {
		return "***"
	}
	return text
}

// hides tells whether a text holds a secret behind escapes, or behind escapes of escapes. It cannot be taken out there: which of the
// escapes are to be read is not known.
func (r *redactor) hides(text string, levels int) bool {
	for _, unescape := range []func(string) string{unescapeJSON, html.UnescapeString, unescapeURL} {
		plain := unescape(text)
		if plain != text && (r.replace(plain) != plain || (levels > 1 && r.hides(plain, levels-1))) {
			return true
		}
	}
	return false
}

// replace takes the known secrets out of a text, also a long one that was cut short, since services bound their messages; and what
// has the shape of a secret.
func (r *redactor) replace(text string) string {
	const head = 16
	for _, secret := range r.secrets {
		begin := secret
		if len(secret) >= 2*head {
			begin = secret[:head]
		}
		before, after, found := strings.Cut(text, begin)
		if !found {
			continue
		}
		var b strings.Builder
		for ; found; before, after, found = strings.Cut(after, begin) {
			b.WriteString(before + "***")
			for i := len(begin); i < len(secret) && after != "" && after[0] == secret[i]; i++ {
				after = after[1:]
			}
		}
		b.WriteString(before)
		text = b.String()
	}
	return secretShapes.ReplaceAllString(text, "***")
}

var (
	escapesOfJSON = regexp.MustCompile(`\\(?:["\\/]|u[0-9a-fA-F]{4})`)
	escapesOfURL  = regexp.MustCompile(`%[2-7][0-9a-fA-F]`)
)

func unescapeJSON(text string) string {
	return escapesOfJSON.ReplaceAllStringFunc(text, func(escape string) string {
		code, err := strconv.ParseInt(escape[2:], 16, 32)
		if err != nil {
			return escape[1:]
		}
		return string(rune(code))
	})
}

func unescapeURL(text string) string {
	return escapesOfURL.ReplaceAllStringFunc(text, func(escape string) string {
		code, _ := strconv.ParseInt(escape[1:], 16, 8) // cannot fail, since the expression fits
		return string(rune(code))
	})
}
