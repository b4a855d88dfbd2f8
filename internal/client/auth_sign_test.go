package client

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/authtest"
)

// vectorRequest builds the request of a vector as it is before signing.
func vectorRequest(t testing.TB, v authtest.Vector) *http.Request {
	t.Helper()
	u := &url.URL{Scheme: "https", Host: v.Host, Path: v.Path}
	var pairs []string
	for _, pair := range v.Query {
		pairs = append(pairs, url.QueryEscape(pair.Name)+"="+url.QueryEscape(pair.Value))
	}
	u.RawQuery = strings.Join(pairs, "&")
	request, err := http.NewRequestWithContext(t.Context(), v.Method, u.String(), strings.NewReader(v.Body))
	if err != nil {
		t.Fatal(err)
	}
	for _, field := range v.Headers {
		request.Header.Set(field.Name, field.Value)
	}
	return request
}

func TestSignVectors(t *testing.T) {
	t.Parallel()
	vectors := append(authtest.Vectors(t), authtest.PublishedExample(t))
	if len(vectors) != 21 {
		t.Fatalf("%d vectors, want 21", len(vectors))
	}
	for _, v := range vectors {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			names := strings.Split(v.SignedHeaders, ";")
			request := vectorRequest(t, v)
			// The clock of another time zone must not show.
			sign(request, []byte(v.Body), v.AccessKey, v.SecretKey, v.Time(t).In(time.FixedZone("", 8*60*60)), names)

			lines, signed := canonicalHeaders(request, names)
			canonical, _ := canonicalRequest(request, []byte(v.Body), names)
			payload := canonical[strings.LastIndex(canonical, "\n")+1:]
			_, signature, _ := strings.Cut(request.Header.Get("Authorization"), "Signature=")
			for _, part := range []struct{ name, got, want string }{
				{"date", request.Header.Get("X-Sdk-Date"), v.XSdkDate},
				{"path", canonicalPath(request.URL.Path), v.CanonicalURI},
				{"query", canonicalQuery(request.URL.Query()), v.CanonicalQuery},
				{"headers", lines, v.CanonicalHeaders},
				{"names of signed headers", signed, v.SignedHeaders},
				{"hash of the body", payload, v.PayloadHash},
				{"canonical request", canonical, v.CanonicalRequest},
				{"its hash", hexSHA256([]byte(canonical)), v.CanonicalRequestSHA256},
				{"string to sign", stringToSign(v.XSdkDate, canonical), v.StringToSign},
				{"signature", signature, v.Signature},
				{"authorization", request.Header.Get("Authorization"), v.Authorization},
			} {
				if part.got != part.want {
					t.Errorf("%s:\n%q\nwant\n%q", part.name, part.got, part.want)
				}
			}
		})
	}
}

// The set is fixed: what proxies may change is not signed, and what decides about rights is.
func TestSignChoosesHeaders(t *testing.T) {
	t.Parallel()
	all := []string{
		"Accept", "User-Agent", "X-Language", "X-Security-Token", "X-Project-Id", "X-Domain-Id", "X-User-Profile", "Workspace",
	}
	for _, test := range []struct {
		name    string
		headers []string
		want    string
	}{
		{"none", nil, "host;x-sdk-date"},
		{"all", all, "host;workspace;x-domain-id;x-project-id;x-sdk-date;x-security-token;x-user-profile"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://coc.example.com/v1", http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range test.headers {
				request.Header.Set(name, "value")
			}
			sign(request, nil, testAccessKey, testSecretKey, time.Now(), signedHeaders)
			checkSigned(t, request)
			if got := request.Header.Get("Authorization"); !strings.Contains(got, " SignedHeaders="+test.want+",") {
				t.Errorf("Authorization %q, want the headers %s", got, test.want)
			}
		})
	}
}

func TestPercentEncode(t *testing.T) {
	t.Parallel()
	const unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~"
	for b := range 256 {
		text := string([]byte{byte(b)})
		want := fmt.Sprintf("%%%02X", b)
		if strings.Contains(unreserved, text) {
			want = text
		}
		if got := percentEncode(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	if got, want := percentEncode("a b+é/华"), "a%20b%2B%C3%A9%2F%E5%8D%8E"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// FuzzSign compares the signer with a verifier that shares no code with it.
func FuzzSign(f *testing.F) {
	f.Add("/v1/a b/c+d~e*f/华为/x:y@z", "B", "x/y=z&w", "unicode", "华为 é", "value")
	f.Add("/", "", "", "a", "100%", "  padded  ")
	f.Add("/v1/job/script/orders/"+testOrderID, "limit", "50", "marker", "1588", "")
	for _, v := range authtest.Vectors(f) {
		if len(v.Query) > 1 {
			f.Add(v.Path, v.Query[0].Name, v.Query[0].Value, v.Query[1].Name, v.Query[1].Value, v.SecurityToken)
		}
	}
	f.Fuzz(func(t *testing.T, path, name1, value1, name2, value2, header string) {
		if strings.ContainsFunc(header, func(r rune) bool { return r < ' ' || r > '~' }) {
			return // not a header
		}
		values := url.Values{}
		values.Add(name1, value1)
		values.Add(name2, value2)
		u := &url.URL{Scheme: "https", Host: "coc.example.com", Path: "/" + path, RawQuery: canonicalQuery(values)}
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://coc.example.com", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		request.URL = u
		request.Header.Set("X-User-Profile", header)
		sign(request, nil, testAccessKey, testSecretKey, time.Now(), signedHeaders)
		checkSigned(t, request)
	})
}
