// Package leaktest looks for secrets in what users and logs see.
package leaktest

import (
	"encoding/json"
	"html"
	"regexp"
	"strings"
	"testing"
)

// Check fails a test if a secret is in a text, in whatever spelling, or the beginning of a long one.
func Check(t testing.TB, where, text string, secrets ...string) {
	t.Helper()
	for _, spelled := range []string{text, unspelled(text), unspelled(unspelled(text))} {
		for _, secret := range secrets {
			const recognizable = 16
			if len(secret) >= 2*recognizable {
				secret = secret[:recognizable]
			}
			if strings.Contains(spelled, secret) {
				t.Errorf("%s shows %q:\n%s", where, secret, text)
			}
		}
	}
}

var jsonEscape = regexp.MustCompile(`\\u[0-9a-fA-F]{4}`)

// unspelled reads the escapes of JSON, HTML and URLs.
func unspelled(text string) string {
	text = jsonEscape.ReplaceAllStringFunc(text, func(escape string) string {
		var char string
		if json.Unmarshal([]byte(`"`+escape+`"`), &char) != nil {
			return escape
		}
		return char
	})
	text = strings.NewReplacer(`\/`, "/", `\"`, `"`, `\\`, `\`, "%2F", "/", "%2B", "+", "%3D", "=").Replace(text)
	return html.UnescapeString(text)
}
