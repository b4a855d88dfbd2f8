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

// The request signature SDK-HMAC-SHA256, as the vendor's guide to signing API requests describes it.
const (
	signAlgorithm     = "SDK-HMAC-SHA256"
	signDateFormat    = "20060102T150405Z"
	signDateHeader    = "X-Sdk-Date"
	contentHashHeader = "X-Sdk-Content-Sha256"
)

// signedHeaders are signed whenever a request has them. Proxies may change the others, such as User-Agent.
var signedHeaders = []string{
	"host", "x-sdk-date", "x-security-token", "x-project-id", "x-domain-id", "x-user-profile", "workspace",
}

// sign puts the date and the signature into the headers of a request. Of the headers named, which include the date, it signs
// those that are there. A request has to be signed each time it is sent: the date may be 15 minutes old at most.
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

// canonicalRequest gives the text that is hashed and signed, and the list of signed headers in it.
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

// canonicalPath encodes each segment of a decoded path and ends it in a slash, which the request itself may go without.
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
			// Go keeps the host apart from the other headers.
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

// percentEncode leaves letters, digits and -_.~ as they are; [url.QueryEscape] differs in the space, and in nothing else.
func percentEncode(text string) string {
	return strings.ReplaceAll(url.QueryEscape(text), "+", "%20")
}

func hexSHA256(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
