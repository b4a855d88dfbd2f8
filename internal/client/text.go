package client

import (
	"regexp"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// PlainText makes one harmless line of a text that came from outside: no control, formatting or escape characters, no invalid
// UTF-8, white space folded, at most limit bytes (an ellipsis marks a cut).
func PlainText(text string, limit int) string {
	var b strings.Builder
	space := false
	for _, r := range text {
		switch {
		case unicode.IsSpace(r) || unicode.IsControl(r):
			space = b.Len() > 0
			continue
		case r == utf8.RuneError || !unicode.IsPrint(r):
			r = '?'
		}
		if space {
			b.WriteByte(' ')
			space = false
		}
		if b.Len()+utf8.RuneLen(r) > limit {
			return strings.TrimRight(Head(b.String(), limit-len(ellipsis)), " ") + ellipsis
		}
		b.WriteRune(r)
	}
	return b.String()
}

const ellipsis = "…"

// Head is the longest beginning of a text that has at most limit bytes and cuts no character.
func Head(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	end := max(limit, 0)
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end]
}

// Tail is the longest end of a text that has at most limit bytes and cuts no character.
func Tail(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	start := len(text) - max(limit, 0)
	for start < len(text) && !utf8.RuneStart(text[start]) {
		start++
	}
	return text[start:]
}

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
	for _, secret := range r.secrets {
		text = strings.ReplaceAll(text, secret, "***")
	}
	return secretShapes.ReplaceAllString(text, "***")
}
