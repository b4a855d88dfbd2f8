package authtest

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"testing"
	"time"
)

//go:embed testdata/signature-vectors.json
var vectorsJSON []byte

// A Vector is one request with every intermediate result of its signature.
type Vector struct {
	Name string `json:"name"`
	Note string `json:"note"`

	Method        string  `json:"method"`
	Host          string  `json:"host"`
	Path          string  `json:"path"`    // decoded
	Query         []Field `json:"query"`   // decoded, in request order
	Headers       []Field `json:"headers"` // before signing, including those left unsigned
	Body          string  `json:"body"`
	SecurityToken string  `json:"security_token"` // also one of Headers
	AccessKey     string  `json:"access_key"`
	SecretKey     string  `json:"secret_key"`
	XSdkDate      string  `json:"x_sdk_date"`

	CanonicalURI           string `json:"canonical_uri"`
	CanonicalQuery         string `json:"canonical_query"`
	CanonicalHeaders       string `json:"canonical_headers"`
	SignedHeaders          string `json:"signed_headers"`
	PayloadHash            string `json:"payload_hash"`
	CanonicalRequest       string `json:"canonical_request"`
	CanonicalRequestSHA256 string `json:"canonical_request_sha256"`
	StringToSign           string `json:"string_to_sign"`
	Signature              string `json:"signature"`
	Authorization          string `json:"authorization"`
}

// A Field is a header or a query parameter.
type Field struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Time returns the time of signing.
func (v Vector) Time(t testing.TB) time.Time {
	t.Helper()
	at, err := time.Parse(dateLayout, v.XSdkDate)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// Vectors returns a new copy of the test vectors.
func Vectors(t testing.TB) []Vector {
	t.Helper()
	return load(t).Vectors
}

// PublishedExample returns the example of the vendor's signing guide.
func PublishedExample(t testing.TB) Vector {
	t.Helper()
	return load(t).PublishedExample
}

type vectorFile struct {
	About            string   `json:"about"`
	PublishedExample Vector   `json:"published_example"`
	Vectors          []Vector `json:"vectors"`
}

func load(t testing.TB) vectorFile {
	t.Helper()
	var file vectorFile
	// A misspelt field would leave a Vector empty, and its tests would check nothing.
	decoder := json.NewDecoder(bytes.NewReader(vectorsJSON))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&file); err != nil {
		t.Fatal(err)
	}
	return file
}
