package client

import (
	"bytes"
	"html"
	"mime"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// What servers say about plain HTTP on the port of HTTPS (nginx and load balancers, Apache, Go, Tomcat), and about large headers.
var (
	httpsWanted = regexp.MustCompile(`(?i)plain HTTP request was sent to HTTPS port|speaking plain HTTP to an SSL-enabled|` +
		`HTTP request to an HTTPS server|combination of host and port requires TLS`)
	headerTooLarge = regexp.MustCompile(`(?i)(?:header|cookie)[^<>]{0,40}too (?:large|big|long)|header[^<>]{0,40}exceeds server limit`)
)

// start is the start of the body of an error, in which pages say what they are about.
func (got reply) start() []byte {
	if got.status < 400 {
		return nil
	}
	return got.body[:min(len(got.body), 4096)]
}

var (
	htmlTitle   = regexp.MustCompile(`(?is)<title[^>]*>(.*?)</title>`)
	xmlMessage  = regexp.MustCompile(`(?is)<message[^>]*>(.*?)</message>`)
	metaCharset = regexp.MustCompile(`(?i)<meta[^>]*charset\s*=\s*["']?([a-z0-9_-]{1,20})|<\?xml[^>]*encoding\s*=\s*["']([a-z0-9_-]{1,20})`)
)

// describeBody returns the type and size of a body, and the title of a page or the message of an XML document.
func describeBody(body []byte, contentType string) string {
	trimmed := bytes.TrimSpace(bytes.TrimPrefix(body, byteOrderMark))
	kind := "text"
	switch {
	case len(trimmed) == 0:
		return "empty body"
	case isUTF16(trimmed):
		kind = "text in UTF-16"
	case trimmed[0] == '<':
		kind = describePage(trimmed, contentType)
	case len(trimmed) > smallBody:
		// It takes long to find out more.
	case jsontext.Value(trimmed).IsValid(jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true)):
		kind = "JSON " + strings.TrimPrefix(strings.TrimPrefix(jsonType(trimmed), "a "), "an ")
	case trimmed[0] == '{' || trimmed[0] == '[':
		kind = "invalid JSON"
	case !utf8.Valid(trimmed):
		kind = "binary data"
	}
	return kind + ", " + formatSize(len(body))
}

// describePage describes an HTML page or an XML document. It quotes no text in another character set than UTF-8.
func describePage(body []byte, contentType string) string {
	body = body[:min(len(body), 64<<10)]
	kind, text := "HTML page", htmlTitle.FindSubmatch(body)
	if message := xmlMessage.FindSubmatch(body); text == nil && (message != nil || bytes.HasPrefix(body, []byte("<?xml"))) {
		kind, text = "XML document", message
	}
	charset := ""
	if _, parameters, err := mime.ParseMediaType(contentType); err == nil {
		charset = parameters["charset"]
	}
	if found := metaCharset.FindSubmatch(body); charset == "" && found != nil {
		charset = string(found[1]) + string(found[2])
	}
	switch {
	case text == nil:
		return kind
	case utf8.Valid(text[1]):
		return kind + ` "` + strings.Join(strings.Fields(html.UnescapeString(string(text[1]))), " ") + `"`
	case charset != "" && !strings.EqualFold(charset, "utf-8"):
		return kind + " in the character set " + charset
	default:
		return kind + " in an unknown character set"
	}
}

// isUTF16 reports whether a text begins with the mark of UTF-16, or with an ASCII character in it.
func isUTF16(body []byte) bool {
	return bytes.HasPrefix(body, []byte{0xff, 0xfe}) || bytes.HasPrefix(body, []byte{0xfe, 0xff}) ||
		(len(body) > 1 && max(body[0], body[1]) < utf8.RuneSelf && (body[0] == 0) != (body[1] == 0))
}
