package client

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// The request signature SDK-HMAC-SHA256, as in the vendor's guide to signing API requests.
const (
	signAlgorithm     = "SDK-HMAC-SHA256"
	signDateFormat    = "20060102T150405Z"
	signDateHeader    = "X-Sdk-Date"
	contentHashHeader = "X-Sdk-Content-Sha256"
)

// signedHeaders are signed if a request has them. Proxies may change others, such as User-Agent.
var signedHeaders = []string{
	"host", "x-sdk-date", "x-security-token", "x-project-id", "x-domain-id", "x-user-profile", "workspace",
}

// sign sets the date and the signature of a request. It signs those of the given headers that the request has; they must include the date.
// Every attempt must be signed again, since the date may be at most 15 minutes old.
func sign(req *http.Request, body []byte, accessKey, secretKey string, now time.Time, headers []string) {
	date := now.UTC().Format(signDateFormat)
	req.Header.Set(signDateHeader, date)
	canonical, names := canonicalRequest(req, body, headers)
	mac := hmac.New(sha256.New, []byte(secretKey))
	mac.Write([]byte(stringToSign(date, canonical)))
	req.Header.Set("Authorization", signAlgorithm+" Access="+accessKey+", SignedHeaders="+names+
		", Signature="+hex.EncodeToString(mac.Sum(nil)))
}

func stringToSign(date, canonicalRequest string) string {
	return signAlgorithm + "\n" + date + "\n" + hexSHA256([]byte(canonicalRequest))
}

// canonicalRequest returns the text to hash and sign, and the list of signed headers in it.
func canonicalRequest(req *http.Request, body []byte, headers []string) (canonical, signedNames string) {
	lines, names := canonicalHeaders(req, headers)
	hash := req.Header.Get(contentHashHeader)
	if hash == "" {
		hash = hexSHA256(body)
	}
	return strings.Join([]string{
		req.Method, canonicalPath(req.URL.Path), canonicalQuery(req.URL.Query()), lines, names, hash,
	}, "\n"), names
}

// canonicalPath encodes the segments of a decoded path, and adds a final slash, which the request itself need not have.
func canonicalPath(path string) string {
	segments := strings.Split(path, "/")
	for i, segment := range segments {
		segments[i] = percentEncode(segment)
	}
	path = strings.Join(segments, "/")
	if !strings.HasSuffix(path, "/") {
		path += "/"
	}
	return path
}

// canonicalQuery sorts and encodes a query. The client sends exactly this form.
func canonicalQuery(query url.Values) string {
	var pairs []string
	for _, key := range slices.Sorted(maps.Keys(query)) {
		for _, value := range slices.Sorted(slices.Values(query[key])) {
			pairs = append(pairs, percentEncode(key)+"="+percentEncode(value))
		}
	}
	return strings.Join(pairs, "&")
}

func canonicalHeaders(req *http.Request, headers []string) (lines, names string) {
	var b strings.Builder
	var signed []string
	for _, name := range slices.Sorted(slices.Values(headers)) {
		value := req.Header.Get(name)
		if name == "host" {
			// net/http keeps the host apart from the other headers.
			value = req.Host
			if value == "" {
				value = req.URL.Host
			}
		} else if len(req.Header.Values(name)) == 0 {
			continue
		}
		b.WriteString(name + ":" + strings.TrimSpace(value) + "\n")
		signed = append(signed, name)
	}
	return b.String(), strings.Join(signed, ";")
}

// percentEncode encodes all but letters, digits and -_.~. It differs from [url.QueryEscape] only in spaces.
func percentEncode(text string) string {
	return strings.ReplaceAll(url.QueryEscape(text), "+", "%20")
}

func hexSHA256(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
