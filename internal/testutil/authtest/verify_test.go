package authtest

import (
	"bufio"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// The ways a client may write the same decoded text on the wire.
var wireForms = map[string]struct {
	path, query func(string) string
}{
	"canonical": {escapePath(encodeAll(false)), encodeAll(false)},
	"net/url": {
		func(s string) string { return (&url.URL{Path: s}).EscapedPath() },
		func(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") },
	},
	"every byte encoded": {escapePath(encodeAll(true)), encodeAll(true)},
}

func TestVerifyVectors(t *testing.T) {
	t.Parallel()
	vectors := append(Vectors(t), PublishedExample(t))
	if len(vectors) != 21 {
		t.Fatalf("%d vectors, want 21", len(vectors))
	}
	for _, vector := range vectors {
		for form := range wireForms {
			t.Run(vector.Name+"/"+form, func(t *testing.T) {
				t.Parallel()
				verifier := verifierOf(t, vector)
				if vector.Name == "no-host-header" {
					verifier.MustSign = nil
				}
				if err := verifier.Verify(receiveVector(t, vector, form)); err != nil {
					t.Errorf("%v\nwant the SHA-256 %s of\n%s", err, vector.CanonicalRequestSHA256, vector.CanonicalRequest)
				}
			})
		}
	}
}

// TestVectorsAgreeWithThemselves checks every part of the vectors, since the tests of the signer may compare any.
func TestVectorsAgreeWithThemselves(t *testing.T) {
	t.Parallel()
	for _, v := range append(Vectors(t), PublishedExample(t)) {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			canonical := strings.Join([]string{v.Method, v.CanonicalURI, v.CanonicalQuery, v.CanonicalHeaders, v.SignedHeaders, v.PayloadHash}, "\n")
			payload := sha256Hex(v.Body)
			if slices.Contains(v.Headers, Field{"X-Sdk-Content-Sha256", "UNSIGNED-PAYLOAD"}) {
				payload = "UNSIGNED-PAYLOAD"
			}
			for _, part := range []struct{ name, got, want string }{
				{"payload hash", v.PayloadHash, payload},
				{"canonical request", v.CanonicalRequest, canonical},
				{"its SHA-256", v.CanonicalRequestSHA256, sha256Hex(canonical)},
				{"string to sign", v.StringToSign, "SDK-HMAC-SHA256\n" + v.XSdkDate + "\n" + v.CanonicalRequestSHA256},
				{"signature", v.Signature, hmacHex(v.SecretKey, v.StringToSign)},
				{"authorization", v.Authorization, authorization(v.AccessKey, v.SignedHeaders, v.Signature)},
				{"time", v.Time(t).Format("20060102T150405Z"), v.XSdkDate},
			} {
				if part.got != part.want {
					t.Errorf("%s:\n%s\nwant\n%s", part.name, part.got, part.want)
				}
			}
			if token := (Field{"X-Security-Token", v.SecurityToken}); v.SecurityToken != "" && !slices.Contains(v.Headers, token) {
				t.Error("the security token is not among the headers")
			}
		})
	}
}

// TestVerifyWireForms verifies requests whose canonical form was written by hand.
func TestVerifyWireForms(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, target string
		uri, query   string
	}{
		{"nothing to encode", "/v1/probe?a=1", "/v1/probe/", "a=1"},
		{"encoded without need", "/v1/%70robe?%61=%31", "/v1/probe/", "a=1"},
		{"lower-case escapes", "/v1/%c3%a9?a=%c3%a9", "/v1/%C3%A9/", "a=%C3%A9"},
		{"bytes sent bare", "/v1/é:@!$&'()*+,;=?a=é:@!$'()*,;/?", "/v1/%C3%A9%3A%40%21%24%26%27%28%29%2A%2B%2C%3B%3D/", "a=%C3%A9%3A%40%21%24%27%28%29%2A%2C%3B%2F%3F"},
		{"percent sign", "/v1/%2541?a=%2541", "/v1/%2541/", "a=%2541"},
		{"encoded slash", "/v1/a%2Fb?a=b%2Fc", "/v1/a/b/", "a=b%2Fc"},
		{"empty segments", "/v1//probe//", "/v1//probe//", ""},
		{"dot segments", "/v1/./../probe", "/v1/./../probe/", ""},
		{"no path", "?a=1", "/", "a=1"},
		{"bare question mark", "/v1/probe?", "/v1/probe/", ""},
		{"key without value", "/v1/probe?b&a", "/v1/probe/", "a=&b="},
		{"empty parameters", "/v1/probe?&b=1&&a=2&", "/v1/probe/", "a=2&b=1"},
		{"equals sign in a value", "/v1/probe?a=b=c", "/v1/probe/", "a=b%3Dc"},
		{"encoded separators", "/v1/probe?b%3D1=%26c&a=1", "/v1/probe/", "a=1&b%3D1=%26c"},
		{"key beginning with another", "/v1/probe?a0=1&a=2", "/v1/probe/", "a=2&a0=1"},
		{"keys ordered when decoded", "/v1/probe?a-b=1&a%20b=2&%C3%A9=3&~=4", "/v1/probe/", "a%20b=2&a-b=1&~=4&%C3%A9=3"},
		{"values ordered when decoded", "/v1/probe?a=-&a=%20&a=%C3%A9&a=~", "/v1/probe/", "a=%20&a=-&a=~&a=%C3%A9"},
		{"values ordered by byte", "/v1/probe?a=10&a=9&a=1&a=10", "/v1/probe/", "a=1&a=10&a=10&a=9"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			vector := Vector{
				Method: "GET", Host: "coc.myhuaweicloud.com", XSdkDate: "20240102T030405Z",
				AccessKey: "DUMMYACCESSKEY000001", SecretKey: "dummySecretKey",
			}
			canonical := "GET\n" + test.uri + "\n" + test.query +
				"\nhost:coc.myhuaweicloud.com\nx-sdk-date:20240102T030405Z\n\nhost;x-sdk-date\n" + sha256Hex("")
			stringToSign := "SDK-HMAC-SHA256\n20240102T030405Z\n" + sha256Hex(canonical)
			vector.Authorization = authorization(vector.AccessKey, "host;x-sdk-date", hmacHex(vector.SecretKey, stringToSign))
			target := test.target
			if strings.HasPrefix(target, "?") {
				target = "http://coc.myhuaweicloud.com" + target
			}
			if err := verifierOf(t, vector).Verify(receive(t, vector, target)); err != nil {
				t.Errorf("%v\nwant the SHA-256 %s of\n%s", err, sha256Hex(canonical), canonical)
			}
		})
	}
}

// TestVerifyAccepts accepts changes that a gateway cannot see or ignores.
func TestVerifyAccepts(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, vector string
		change       func(*http.Request, *Verifier)
	}{
		{"unsigned header changed", "iam-assume-role-v3-body", func(r *http.Request, _ *Verifier) { r.Header.Set("Content-Type", "text/plain") }},
		{"unsigned header repeated", "iam-assume-role-v3-body", func(r *http.Request, _ *Verifier) { r.Header.Add("Via", "a"); r.Header.Add("Via", "b") }},
		{"header not trimmed", "header-trim-and-case", func(r *http.Request, _ *Verifier) { r.Header.Set("X-Language", "  zh-cn  x ") }},
		{"true hash of the body given", "iam-assume-role-v3-body", func(r *http.Request, _ *Verifier) {
			r.Header.Set("X-Sdk-Content-Sha256", "e5d7ff7df14241a4bd2135c4ba84ee5b8433a2cd9c1019993963a1b76f99e418")
		}},
		{"body not signed", "unsigned-payload", func(r *http.Request, _ *Verifier) { setBody(r, "other") }},
		{"host not signed, nor asked for", "no-host-header", func(r *http.Request, v *Verifier) { r.Host = "other.example.com"; v.MustSign = nil }},
		{"clock 15 minutes ahead", "coc-order-detail", func(_ *http.Request, v *Verifier) { v.Now = later(v.Now, 15*time.Minute) }},
		{"clock 15 minutes behind", "coc-order-detail", func(_ *http.Request, v *Verifier) { v.Now = later(v.Now, -15*time.Minute) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			vector := vectorNamed(t, test.vector)
			r, verifier := receiveVector(t, vector, "canonical"), verifierOf(t, vector)
			test.change(r, &verifier)
			if err := verifier.Verify(r); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestVerifyRefuses(t *testing.T) {
	t.Parallel()
	const mismatch = "signature: does not match"
	type change func(*http.Request, *Verifier)
	var (
		set = func(name, value string) change {
			return func(r *http.Request, _ *Verifier) { r.Header.Set(name, value) }
		}
		add = func(name, value string) change {
			return func(r *http.Request, _ *Verifier) { r.Header.Add(name, value) }
		}
		query = func(raw string) change {
			return func(r *http.Request, _ *Verifier) { r.URL.RawQuery = raw }
		}
		// edit replaces a part of the Authorization header.
		edit = func(old, replacement string) change {
			return func(r *http.Request, _ *Verifier) {
				before := r.Header.Get("Authorization")
				after := strings.Replace(before, old, replacement, 1)
				if after == before {
					panic(old + " is not in " + before)
				}
				r.Header.Set("Authorization", after)
			}
		}
		clock = func(by time.Duration) change {
			return func(_ *http.Request, v *Verifier) { v.Now = later(v.Now, by) }
		}
	)
	for _, test := range []struct {
		name, vector string
		change       change
		want         string
	}{
		{"method", "coc-order-batch", func(r *http.Request, _ *Verifier) { r.Method = "DELETE" }, mismatch},
		{"path", "coc-order-batch", func(r *http.Request, _ *Verifier) { r.URL.Path += "0" }, mismatch},
		{"second slash at the end of the path", "path-with-trailing-slash", func(r *http.Request, _ *Verifier) { r.URL.Path += "/" }, mismatch},
		{"query value changed", "coc-order-batch", query("limit=51&marker=1588&status=ABNORMAL"), mismatch},
		{"query key changed", "coc-order-batch", query("limits=50&marker=1588&status=ABNORMAL"), mismatch},
		{"query parameter dropped", "coc-order-batch", query("limit=50&marker=1588"), mismatch},
		{"query parameter added", "coc-order-batch", query("limit=50&marker=1588&status=ABNORMAL&x"), mismatch},
		{"query parameter repeated", "coc-order-batch", query("limit=50&limit=50&marker=1588&status=ABNORMAL"), mismatch},
		{"query encoded twice", "query-special-characters", query("A=1&B=x%252Fy%253Dz%2526w&a=100%2525&name=a%2520b&z="), mismatch},
		{"query with a bare plus sign", "coc-order-batch", query("limit=50&marker=1588&status=AB+NORMAL"), "query: a bare plus sign is ambiguous"},
		{"query key with a broken escape", "coc-order-batch", query("l%zz=50"), `query: invalid URL escape "%zz"`},
		{"query value with a broken escape", "coc-order-batch", query("limit=5%"), `query: invalid URL escape "%"`},
		{"body", "iam-assume-role-v3-body", func(r *http.Request, _ *Verifier) { setBody(r, `{"auth":{}}`) }, mismatch},
		{"body added", "coc-order-batch", func(r *http.Request, _ *Verifier) { setBody(r, "{}") }, mismatch},
		{"body cannot be read", "coc-order-batch", func(r *http.Request, _ *Verifier) { r.Body = http.MaxBytesReader(nil, body("{}"), 1) }, "body: http: request body too large"},
		{"body declared unsigned afterwards", "iam-assume-role-v3-body", set("X-Sdk-Content-Sha256", "UNSIGNED-PAYLOAD"), mismatch},
		{"hash of another body", "unsigned-payload", set("X-Sdk-Content-Sha256", sha256Hex("other")), "x-sdk-content-sha256: neither the hash of the body nor UNSIGNED-PAYLOAD"},
		{"hash of the body repeated", "iam-assume-role-v3-body", func(r *http.Request, _ *Verifier) {
			r.Header["X-Sdk-Content-Sha256"] = []string{sha256Hex("a"), sha256Hex("b")}
		}, "x-sdk-content-sha256 header: repeated"},

		{"host", "coc-order-detail", func(r *http.Request, _ *Verifier) { r.Host = "other.example.com" }, mismatch},
		{"signed header changed", "sts-assume-agency-v5-body", set("X-Security-Token", "otherSecurityToken"), mismatch},
		{"inner spaces of a header", "header-trim-and-case", set("X-Language", "zh-cn x"), mismatch},
		{"signed header missing", "sts-assume-agency-v5-body", func(r *http.Request, _ *Verifier) { r.Header.Del("X-Security-Token") }, "x-security-token header: missing"},
		{"signed header repeated", "dataarts-task-statistics-overview", add("workspace", "ffeeddccbbaa99887766554433221100"), "workspace header: repeated"},
		{"host not signed", "no-host-header", func(*http.Request, *Verifier) {}, "signed headers: host is not signed"},
		{"security token added afterwards", "coc-order-detail", set("X-Security-Token", "otherSecurityToken"), "signed headers: x-security-token is not signed"},
		{"workspace added afterwards", "coc-order-detail", set("workspace", "w"), "signed headers: workspace is not signed"},
		{"empty project id added afterwards", "coc-order-detail", set("X-Project-Id", ""), "signed headers: x-project-id is not signed"},
		{"date not signed", "coc-order-detail", edit("host;x-sdk-date", "host"), "signed headers: x-sdk-date is not signed"},
		{"name in upper case", "coc-order-detail", edit("host", "Host"), `signed headers: "Host" is not in lower case`},
		{"names out of order", "coc-order-detail", edit("host;x-sdk-date", "x-sdk-date;host"), `signed headers: "host" is out of order`},
		{"name repeated", "coc-order-detail", edit("host;", "host;host;"), `signed headers: "host" is repeated`},
		{"name added", "iam-assume-role-v3-body", edit("host;", "content-type;host;"), mismatch},

		{"date changed", "coc-order-detail", set("X-Sdk-Date", "20240102T030406Z"), mismatch},
		{"date missing", "coc-order-detail", func(r *http.Request, _ *Verifier) { r.Header.Del("X-Sdk-Date") }, "x-sdk-date header: missing"},
		{"date repeated", "coc-order-detail", add("X-Sdk-Date", "20240102T030405Z"), "x-sdk-date header: repeated"},
		{"date of another form", "coc-order-detail", set("X-Sdk-Date", "2024-01-02T03:04:05Z"), `x-sdk-date: "2024-01-02T03:04:05Z" is not of the form`},
		{"date with a fraction", "coc-order-detail", set("X-Sdk-Date", "20240102T030405.5Z"), `x-sdk-date: "20240102T030405.5Z" is not of the form`},
		{"date with an offset", "coc-order-detail", set("X-Sdk-Date", "20240102T030405+0000"), `x-sdk-date: "20240102T030405+0000" is not of the form`},
		{"impossible date", "coc-order-detail", set("X-Sdk-Date", "20240230T030405Z"), `x-sdk-date: "20240230T030405Z" is not of the form`},
		{"date too old", "coc-order-detail", clock(15*time.Minute + time.Second), "x-sdk-date: signed at 20240102T030405Z, which is more than 15m0s from the server time 20240102T031906Z"},
		{"date in the future", "coc-order-detail", clock(-15*time.Minute - time.Second), "x-sdk-date: signed at 20240102T030405Z, which is more than 15m0s from the server time 20240102T024904Z"},
		{"date long ago by the clock of this machine", "coc-order-detail", func(_ *http.Request, v *Verifier) { v.Now = nil }, "x-sdk-date: signed at"},

		{"secret key", "coc-order-detail", func(_ *http.Request, v *Verifier) { v.Secrets = map[string]string{"DUMMYACCESSKEY000001": "other"} }, mismatch},
		{"access key of another", "coc-order-detail", edit("Access=DUMMYACCESSKEY000001", "Access=OTHER"), mismatch},
		{"unknown access key", "coc-order-detail", edit("Access=DUMMYACCESSKEY000001", "Access=UNKNOWN"), "access key: unknown"},
		{"secret key sent as access key", "coc-order-detail", edit("DUMMYACCESSKEY000001", "dummySecretKeyForTestVectorsOnly00000001"), "access key: unknown"},
		{"signature of another request", "coc-order-detail", set("Authorization", vectorNamed(t, "coc-order-statistics").Authorization), mismatch},

		{"no authorization header", "coc-order-detail", func(r *http.Request, _ *Verifier) { r.Header.Del("Authorization") }, "authorization header: missing"},
		{"second authorization header", "coc-order-detail", add("Authorization", "Basic Zm9vOmJhcg=="), "authorization header: repeated"},
		{"empty authorization header", "coc-order-detail", set("Authorization", ""), "authorization header: the algorithm is not SDK-HMAC-SHA256"},
		{"other algorithm", "coc-order-detail", edit("SDK-HMAC-SHA256", "SDK-HMAC-SM3"), "authorization header: the algorithm is not SDK-HMAC-SHA256"},
		{"comma after the algorithm", "coc-order-detail", edit("SDK-HMAC-SHA256 ", "SDK-HMAC-SHA256, "), "authorization header: the algorithm is not SDK-HMAC-SHA256"},
		{"algorithm in lower case", "coc-order-detail", edit("SDK-HMAC-SHA256", "sdk-hmac-sha256"), "authorization header: the algorithm is not SDK-HMAC-SHA256"},
		{"two spaces after the algorithm", "coc-order-detail", edit("SDK-HMAC-SHA256 ", "SDK-HMAC-SHA256  "), "authorization header: the algorithm is not followed by Access,"},
		{"algorithm alone", "coc-order-detail", set("Authorization", "SDK-HMAC-SHA256"), "authorization header: the algorithm is not followed by Access,"},
		{"no space after a comma", "coc-order-detail", edit(", Signature", ",Signature"), "authorization header: the algorithm is not followed by Access,"},
		{"no commas", "coc-order-detail", edit(", SignedHeaders", " SignedHeaders"), "authorization header: the algorithm is not followed by Access,"},
		{"other word for the access key", "coc-order-detail", edit("Access=", "Credential="), "authorization header: the algorithm is not followed by Access,"},
		{"empty access key", "coc-order-detail", edit("DUMMYACCESSKEY000001", ""), "authorization header: the algorithm is not followed by Access,"},
		{"names separated by commas", "coc-order-detail", edit("host;", "host,"), "authorization header: the algorithm is not followed by Access,"},
		{"empty name", "coc-order-detail", edit("host;", "host;;"), "authorization header: the algorithm is not followed by Access,"},
		{"no names", "coc-order-detail", edit("host;x-sdk-date", ""), "authorization header: the algorithm is not followed by Access,"},
		{"something behind the signature", "coc-order-detail", edit("57e5", "57e5, X=1"), "authorization header: the algorithm is not followed by Access,"},
		{"signature too short", "coc-order-detail", edit("57e5", "57e"), "authorization header: the signature is not 64 lower-case hex digits"},
		{"signature too long", "coc-order-detail", edit("57e5", "57e50"), "authorization header: the signature is not 64 lower-case hex digits"},
		{"signature in upper case", "coc-order-detail", edit("57e5", "57E5"), "authorization header: the signature is not 64 lower-case hex digits"},
		{"signature changed", "coc-order-detail", edit("57e5", "57e6"), mismatch},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			vector := vectorNamed(t, test.vector)
			r, verifier := receiveVector(t, vector, "canonical"), verifierOf(t, vector)
			test.change(r, &verifier)
			err := verifier.Verify(r)
			if err == nil {
				t.Fatalf("accepted, want %q", test.want)
			}
			if !strings.HasPrefix(err.Error(), test.want) {
				t.Errorf("%q, want %q", err, test.want)
			}
			for _, secret := range []string{vector.SecretKey, "SecurityToken"} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("%q contains a secret", err)
				}
			}
		})
	}
}

// TestVerifyShowsCanonicalHash names the hash of a mismatch, to compare with that of the signer.
func TestVerifyShowsCanonicalHash(t *testing.T) {
	t.Parallel()
	vector := vectorNamed(t, "coc-order-detail")
	verifier := verifierOf(t, vector)
	verifier.Secrets = map[string]string{vector.AccessKey: "other"}
	err := verifier.Verify(receiveVector(t, vector, "canonical"))
	if err == nil || !strings.HasSuffix(err.Error(), " SHA-256 "+vector.CanonicalRequestSHA256) {
		t.Errorf("%v, want the SHA-256 %s", err, vector.CanonicalRequestSHA256)
	}
}

func TestVerifyInHandler(t *testing.T) {
	t.Parallel()
	vector := vectorNamed(t, "sts-assume-agency-v5-body")
	verifier := verifierOf(t, vector)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := verifier.Verify(r); err != nil {
			http.Error(w, err.Error(), http.StatusUnauthorized)
			return
		}
		_, _ = io.Copy(w, r.Body)
	}))
	defer server.Close()

	r, err := http.NewRequestWithContext(t.Context(), vector.Method, server.URL+vector.Path, strings.NewReader(vector.Body))
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range vector.Headers {
		r.Header.Set(h.Name, h.Value)
	}
	r.Host = vector.Host
	r.Header.Set("X-Sdk-Date", vector.XSdkDate)
	r.Header.Set("Authorization", vector.Authorization)
	response, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	got, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != http.StatusOK || string(got) != vector.Body {
		t.Errorf("status %d, body %q; want the body sent", response.StatusCode, got)
	}
}

// verifierOf returns a strict verifier whose clock shows the time of signing,
// in another zone.
func verifierOf(t *testing.T, v Vector) Verifier {
	t.Helper()
	at := v.Time(t).In(time.FixedZone("", 8*60*60))
	return Verifier{
		Secrets:  map[string]string{v.AccessKey: v.SecretKey, "OTHER": "otherSecretKey"},
		Now:      func() time.Time { return at },
		MustSign: []string{"Host", "X-Domain-Id", "X-Project-Id", "X-Security-Token", "workspace"},
	}
}

func vectorNamed(t *testing.T, name string) Vector {
	t.Helper()
	vectors := Vectors(t)
	i := slices.IndexFunc(vectors, func(v Vector) bool { return v.Name == name })
	if i < 0 {
		t.Fatalf("no vector %q", name)
	}
	return vectors[i]
}

// receiveVector is receive with the path and query of v in a wire form.
func receiveVector(t *testing.T, v Vector, form string) *http.Request {
	t.Helper()
	target, separator := wireForms[form].path(v.Path), "?"
	for _, parameter := range v.Query {
		target += separator + wireForms[form].query(parameter.Name) + "=" + wireForms[form].query(parameter.Value)
		separator = "&"
	}
	return receive(t, v, target)
}

// receive parses the text of a request with the parser of the server.
func receive(t *testing.T, v Vector, target string) *http.Request {
	t.Helper()
	var text strings.Builder
	fmt.Fprintf(&text, "%s %s HTTP/1.1\r\nHost: %s\r\nX-Sdk-Date: %s\r\nAuthorization: %s\r\nContent-Length: %d\r\n",
		v.Method, target, v.Host, v.XSdkDate, v.Authorization, len(v.Body))
	for _, h := range v.Headers {
		if h.Name != "Host" {
			fmt.Fprintf(&text, "%s: %s\r\n", h.Name, h.Value)
		}
	}
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(text.String() + "\r\n" + v.Body)))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func escapePath(escape func(string) string) func(string) string {
	return func(path string) string {
		segments := strings.Split(path, "/")
		for i := range segments {
			segments[i] = escape(segments[i])
		}
		return strings.Join(segments, "/")
	}
}

// encodeAll does not use encode, which is under test.
func encodeAll(unreservedToo bool) func(string) string {
	const kept = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~"
	return func(s string) string {
		encoded := ""
		for _, c := range []byte(s) {
			if strings.ContainsRune(kept, rune(c)) && !unreservedToo {
				encoded += string(rune(c))
			} else {
				encoded += fmt.Sprintf("%%%02X", c)
			}
		}
		return encoded
	}
}

func authorization(accessKey, names, signature string) string {
	return "SDK-HMAC-SHA256 Access=" + accessKey + ", SignedHeaders=" + names + ", Signature=" + signature
}

func later(clock func() time.Time, by time.Duration) func() time.Time {
	return func() time.Time { return clock().Add(by) }
}

func setBody(r *http.Request, text string) { r.Body = body(text) }

func body(text string) io.ReadCloser { return io.NopCloser(strings.NewReader(text)) }

func sha256Hex(text string) string {
	return fmt.Sprintf("%x", sha256.Sum256([]byte(text)))
}

func hmacHex(key, text string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(text))
	return hex.EncodeToString(mac.Sum(nil))
}
