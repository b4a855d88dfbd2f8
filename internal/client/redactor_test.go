package client

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// An access key is shown by its end, so that it can be found; an unknown token not at all.
func TestHiding(t *testing.T) {
	t.Parallel()
	const key, uuid = "AKIDEXAMPLEKEY001234", "SCT2023083109562601af694bf"
	ids := []string{"v1", "/v1/job/script/orders/" + uuid, uuid, "", "a"}
	run := func(n int) string { return strings.Repeat("a1+/=_.~%-", 10)[:n] }
	for _, test := range []struct{ name, text, want string }{
		{"a key", "AK " + key + " is unknown, " + key, "AK …1234 is unknown, …1234"},
		{"the beginning of a key", "AK " + key[:15], "AK " + key[:15]},
		{"39 characters", run(39), run(39)},
		{"40 characters", "a " + run(40) + " b", "a *** b"},
		{"41 characters", run(41) + "!", "***!"},
		{"escapes of JSON do not break a run", `abcdefghij\/klmnopqrst\/uvwxyzabcd\/efghijk`, "***"},
		{"an id of the request", "/v1/job/script/orders/" + uuid, "/v1/job/script/orders/" + uuid},
		{"an id in what is short", run(10) + uuid + run(10), run(10) + uuid + run(10)},
		{"an id in what is long", run(10) + uuid + run(40), "***"},
		{"an id that is too short to be told from chance", strings.Repeat("v1", 20), "***"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			secrets := &redactor{}
			secrets.addKey(key)
			secrets.addKey(key)
			secrets.addKey("")
			if got := redactLongRuns(secrets.clean(test.text), slices.Clone(ids)); got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}

// A proxy may echo how the caller authenticated to it.
func TestProxyPasswordIsHidden(t *testing.T) {
	t.Parallel()
	for address, hidden := range map[string][]string{
		"http://proxy.example.com":                     nil,
		"http://user@proxy.example.com":                {"dXNlcjo="},
		"http://user:proxy-password@proxy.example.com": {"proxy-password", "dXNlcjpwcm94eS1wYXNzd29yZA=="},
	} {
		proxy, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		secrets := &redactor{}
		if secrets.addProxy(proxy) != proxy {
			t.Error("another proxy")
		}
		for _, secret := range hidden {
			if got := secrets.clean("Basic " + secret); got != "Basic ***" {
				t.Errorf("%q", got)
			}
		}
	}
	if (&redactor{}).addProxy(nil) != nil {
		t.Error("a proxy from nowhere")
	}
}

func TestRedactor(t *testing.T) {
	t.Parallel()
	hex := strings.Repeat("0aF9", 16)
	for _, test := range []struct {
		name    string
		secrets []string
		text    string
		want    string
	}{
		{"nothing known", nil, "a text", "a text"},
		{"an empty secret", []string{""}, "a text", "a text"},
		{"every occurrence", []string{"hunter2"}, "hunter2, hunter2!", "***, ***!"},
		{"one that contains another, shorter known first", []string{"pass", "password"}, "password pass", "*** ***"},
		{"one that contains another, longer known first", []string{"password", "pass"}, "password pass", "*** ***"},
		{"three, the middle one last", []string{"pass", "my-password!", "password"}, "my-password! password pass", "*** *** ***"},
		{"known twice", []string{"pass", "pass"}, "pass", "***"},
		{"equally long ones", []string{"aaaa", "bbbb", "aaaa"}, "aaaabbbb", "******"},
		{"escapes of JSON", []string{"a/b+c=="}, `{"t":"a\/b\u002bc\u003D="}`, "***"},
		{"escapes of HTML", []string{"a/b+c=="}, "a&#x2F;b&#43;c&#61;= &amp;", "***"},
		{"escapes of a URL", []string{"a/b+c=="}, "?t=a%2Fb%2bc%3D%3D", "***"},
		{"escapes of escapes", []string{`a"b\c`}, `{\"t\":\"a\\\"b\\\\c\"}`, "***"},
		{"plain, then escaped", []string{"a/b"}, `a/b a\/b`, "***"},
		{"escapes without a secret", []string{"a/b"}, `100%25 a\u002c &amp;`, `100%25 a\u002c &amp;`},
		{"a long one cut short", []string{strings.Repeat("longtokn", 4)}, "t=" + strings.Repeat("longtokn", 3) + "lon", "t=***"},
		{"a long one, twice", []string{strings.Repeat("0123456789abcdef", 2)}, strings.Repeat("0123456789abcdef", 5), "***"},
		{"a long one without its beginning", []string{strings.Repeat("longtokn", 4)}, "t=" + strings.Repeat("longtokn", 4)[5:], "t=***"},
		{"a part of a long one", []string{"abcdefghijklmnopqrstuvwxyz"}, "t=fghijklmnopq.", "t=***."},
		{"a part that is too short to tell", []string{"abcdefghijklmnopqrstuvwxyz"}, "t=fghijklmnop.", "t=fghijklmnop."},
		{"two parts of long ones side by side", []string{"abcdefghijklmnop", "ABCDEFGHIJKLMNOP"}, "abcdefghijklmABCDEFGHIJKLM!", "***!"},
		{"one with just the length of a part", []string{"abcdefghijkl"}, "abcdefghijklm abcdefghijk", "***m abcdefghijk"},
		{"a part behind an escape", []string{"abcdefghijklmnop/rstuvwxyz"}, `t=klmnop\/rstuvwxyz`, "***"},
		{"a short one is not guessed at", []string{"hunter2"}, "hunter", "hunter"},
		{"a signature nobody announced", nil, "Signature=" + hex + ".", "Signature=***."},
		{"a signature behind an escape", nil, `Signature\u003d` + hex + `\n`, "***"},
		{"longer hex is an id of some kind", nil, hex + "0", hex + "0"},
		{"a JSON web token", nil, "id eyJhbGciOi.eyJzdWIi.c2ln-_ end", "id *** end"},
		{"an unsigned JSON web token", nil, "id eyJhbGciOi.eyJzdWIi. end", "id *** end"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			secrets := &redactor{}
			for _, secret := range test.secrets {
				secrets.add(secret)
			}
			if got := secrets.clean(test.text); got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}

// The password of a proxy that the environment names never gets into an error, also when the proxy itself echoes it. The environment is
// read once in a process, so this takes a process of its own.
func TestProxyPasswordFromEnvironment(t *testing.T) {
	t.Parallel()
	const variable = "TEST_PROXY_PASSWORD"
	if os.Getenv(variable) != "" {
		c := newClient(t, nil, func(cfg *Config) {
			cfg.Endpoints = map[Service]Setting{COC: {Value: "http://coc.test"}}
			cfg.WrapTransport = nil
		})
		_, err := c.ScriptOrder(t.Context(), testOrder)
		t.Logf("the error: %v", err)
		return
	}
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = fmt.Fprintf(w, `{"error_code":"X.1","error_msg":"hunter2! is wrong, and so is %s"}`, r.Header.Get("Proxy-Authorization"))
	}))
	defer proxy.Close()
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestProxyPasswordFromEnvironment$", "-test.v")
	child.Env = append(os.Environ(), variable+"=1", "NO_PROXY=", "HTTP_PROXY=http://user:hunter2!@"+strings.TrimPrefix(proxy.URL, "http://"))
	out, err := child.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "X.1: *** is wrong, and so is Basic ***") {
		t.Errorf("error %v:\n%s", err, out)
	}
}
