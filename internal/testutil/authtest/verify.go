// Package authtest verifies request signatures (SDK-HMAC-SHA256) as the gateway of Huawei Cloud does. It shares no code with the signer, so
// that both cannot make the same mistake.
package authtest

import (
	"bytes"
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

const (
	algorithm       = "SDK-HMAC-SHA256"
	dateLayout      = "20060102T150405Z"
	maxSkew         = 15 * time.Minute
	unsignedPayload = "UNSIGNED-PAYLOAD"
	unreserved      = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~"
)

var (
	credentialSyntax = regexp.MustCompile(`^Access=([^,; ]+), SignedHeaders=([^,; ]+(?:;[^,; ]+)*), Signature=([^,; ]+)$`)
	signatureSyntax  = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// A Verifier verifies the signatures of received requests. It is safe for concurrent use.
type Verifier struct {
	// Secrets maps access keys to secret keys.
	Secrets map[string]string
	// Now is the clock of the gateway. Default: time.Now.
	Now func() time.Time
	// MustSign names headers that must be signed if a request has them, besides X-Sdk-Date, which alone the gateway requires.
	MustSign []string
}

// Verify returns an error that names the first step of the verification that fails. Its errors contain neither secrets nor security tokens.
// It replaces the body, which a handler can still read.
func (v Verifier) Verify(r *http.Request) error {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return fmt.Errorf("body: %w", err)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))

	authorization, err := header(r, "authorization")
	if err != nil {
		return err
	}
	accessKey, names, signature, err := parseAuthorization(authorization)
	if err != nil {
		return fmt.Errorf("authorization header: %w", err)
	}
	if err := v.checkNames(r, names); err != nil {
		return fmt.Errorf("signed headers: %w", err)
	}
	date, err := header(r, "x-sdk-date")
	if err != nil {
		return err
	}
	if err := v.checkDate(date); err != nil {
		return fmt.Errorf("x-sdk-date: %w", err)
	}
	canonical, err := canonicalRequest(r, names, body)
	if err != nil {
		return err
	}
	secret, ok := v.Secrets[accessKey]
	if !ok {
		// Do not show the key: it might be a misplaced secret key.
		return errors.New("access key: unknown")
	}
	canonicalHash := hash([]byte(canonical))
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(algorithm + "\n" + date + "\n" + canonicalHash))
	if !hmac.Equal([]byte(hex.EncodeToString(mac.Sum(nil))), []byte(signature)) {
		return fmt.Errorf("signature: does not match, the canonical request as received has the SHA-256 %s", canonicalHash)
	}
	return nil
}

// parseAuthorization never quotes the header, which may hold any credential.
func parseAuthorization(value string) (accessKey string, names []string, signature string, err error) {
	scheme, credential, _ := strings.Cut(value, " ")
	if scheme != algorithm {
		return "", nil, "", errors.New("the algorithm is not " + algorithm)
	}
	match := credentialSyntax.FindStringSubmatch(credential)
	if match == nil {
		return "", nil, "", errors.New("the algorithm is not followed by Access, SignedHeaders and Signature, each with a value")
	}
	if !signatureSyntax.MatchString(match[3]) {
		return "", nil, "", errors.New("the signature is not 64 lower-case hex digits")
	}
	return match[1], strings.Split(match[2], ";"), match[3], nil
}

func (v Verifier) checkNames(r *http.Request, names []string) error {
	for i, name := range names {
		switch {
		case name != strings.ToLower(name):
			return fmt.Errorf("%q is not in lower case", name)
		case i > 0 && name == names[i-1]:
			return fmt.Errorf("%q is repeated", name)
		case i > 0 && name < names[i-1]:
			return fmt.Errorf("%q is out of order", name)
		}
	}
	if !slices.Contains(names, "x-sdk-date") {
		return errors.New("x-sdk-date is not signed")
	}
	for _, name := range v.MustSign {
		name = strings.ToLower(name)
		if len(headerValues(r, name)) > 0 && !slices.Contains(names, name) {
			return fmt.Errorf("%s is not signed", name)
		}
	}
	return nil
}

func (v Verifier) checkDate(value string) error {
	signed, err := time.Parse(dateLayout, value)
	// Parse accepts fractions of a second; formatting finds them.
	if err != nil || signed.Format(dateLayout) != value {
		return fmt.Errorf("%q is not of the form YYYYMMDDTHHMMSSZ", value)
	}
	now := time.Now()
	if v.Now != nil {
		now = v.Now()
	}
	if now.Sub(signed).Abs() > maxSkew {
		return fmt.Errorf("signed at %s, which is more than %s from the server time %s", value, maxSkew, now.UTC().Format(dateLayout))
	}
	return nil
}

func canonicalRequest(r *http.Request, names []string, body []byte) (string, error) {
	query, err := canonicalQuery(r.URL.RawQuery)
	if err != nil {
		return "", fmt.Errorf("query: %w", err)
	}
	var headers strings.Builder
	for _, name := range names {
		value, err := header(r, name)
		if err != nil {
			return "", err
		}
		headers.WriteString(name + ":" + value + "\n")
	}
	payload, err := payloadHash(r, body)
	if err != nil {
		return "", err
	}
	return strings.Join([]string{
		r.Method,
		canonicalURI(r.URL.Path),
		query,
		headers.String(),
		strings.Join(names, ";"),
		payload,
	}, "\n"), nil
}

// canonicalURI takes the decoded path, as the scheme defines: an encoded slash is signed like a plain one.
func canonicalURI(path string) string {
	segments := strings.Split(path, "/")
	for i, segment := range segments {
		segments[i] = encode(segment)
	}
	uri := strings.Join(segments, "/")
	if !strings.HasSuffix(uri, "/") {
		uri += "/"
	}
	return uri
}

func canonicalQuery(raw string) (string, error) {
	if strings.Contains(raw, "+") {
		return "", errors.New("a bare plus sign is ambiguous, it may mean itself or a space")
	}
	type pair struct{ key, value string }
	var pairs []pair
	for part := range strings.SplitSeq(raw, "&") {
		if part == "" {
			continue
		}
		key, value, _ := strings.Cut(part, "=")
		key, keyErr := url.QueryUnescape(key)
		value, valueErr := url.QueryUnescape(value)
		if err := cmp.Or(keyErr, valueErr); err != nil {
			return "", err
		}
		pairs = append(pairs, pair{key, value})
	}
	// Sort the decoded bytes, not the encoded ones.
	slices.SortFunc(pairs, func(a, b pair) int {
		return cmp.Or(strings.Compare(a.key, b.key), strings.Compare(a.value, b.value))
	})
	encoded := make([]string, len(pairs))
	for i, p := range pairs {
		encoded[i] = encode(p.key) + "=" + encode(p.value)
	}
	return strings.Join(encoded, "&"), nil
}

// payloadHash returns the hash of the body, or X-Sdk-Content-Sha256, which must be that hash or unsignedPayload.
func payloadHash(r *http.Request, body []byte) (string, error) {
	const name = "x-sdk-content-sha256"
	actual := hash(body)
	if len(headerValues(r, name)) == 0 {
		return actual, nil
	}
	claimed, err := header(r, name)
	if err != nil {
		return "", err
	}
	if claimed != actual && claimed != unsignedPayload {
		return "", fmt.Errorf("%s: neither the hash of the body nor %s", name, unsignedPayload)
	}
	return claimed, nil
}

// header returns the value of a header that must occur once: the scheme does not define how to sign several values.
func header(r *http.Request, name string) (string, error) {
	values := headerValues(r, name)
	if len(values) == 0 {
		return "", fmt.Errorf("%s header: missing", name)
	}
	if len(values) > 1 {
		return "", fmt.Errorf("%s header: repeated", name)
	}
	return strings.TrimSpace(values[0]), nil
}

// headerValues covers the host, which net/http keeps outside the header map.
func headerValues(r *http.Request, name string) []string {
	if name == "host" {
		return []string{r.Host}
	}
	return r.Header.Values(name)
}

// encode escapes all but the unreserved characters of RFC 3986, unlike the functions of net/url.
func encode(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		if strings.IndexByte(unreserved, c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

func hash(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
