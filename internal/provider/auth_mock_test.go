package provider_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/hwgate/terraform-provider-hwgate/internal/provider"
	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/authtest"
	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/cloudtest"
)

// Who may ask the mock for something: an access key, or a token. Nobody is who shows neither.
const (
	nobody         = "nobody"
	givenKey       = "GIVENTEMPORARYKEY01"
	machineKey     = "MACHINEKEY000000002"
	identityKey    = "IDENTITYKEY00000003"
	assumedKey     = "ASSUMEDKEY000000004"
	preIssuedToken = "planted-ready-token"
	signInToken    = "planted-sign-in-token"
	unscoped       = "planted-unscoped-token"
	idToken        = "planted-identity-token"
	userPassword   = `planted"pass\word<`
)

// mockKeys are the secret key and the security token of each access key.
var mockKeys = map[string][2]string{
	accessKey:   {secretKey, ""},
	givenKey:    {"planted-given-secret", "planted-given-security-token"},
	machineKey:  {"planted-machine-secret", "planted-machine-security-token"},
	identityKey: {"planted-identity-secret", "planted-identity-security-token"},
	assumedKey:  {"planted-assumed-secret", "planted-assumed-security-token"},
}

// planted are all secrets of the mock, the password as JSON spells it too.
func planted() []string {
	secrets := []string{preIssuedToken, signInToken, unscoped, idToken, userPassword, `planted\"pass`, "pass\\word", "pass\\\\word"}
	for _, key := range mockKeys {
		secrets = append(secrets, key[0])
		if key[1] != "" {
			secrets = append(secrets, key[1])
		}
	}
	return secrets
}

// Answers with temporary keys, in IAM's two spellings.
func keysV3(key string) string {
	return `{"credential":{"access":"` + key + `","secret":"` + mockKeys[key][0] + `","securitytoken":"` + mockKeys[key][1] +
		`","expires_at":"2999-01-08T02:56:19.587000Z"}}`
}

func keysV5(key string) string {
	return `{"assumed_agency":{"urn":"sts::a:assumed-agency:b/c","id":"i"},"credentials":{"access_key_id":"` + key +
		`","secret_access_key":"` + mockKeys[key][0] + `","security_token":"` + mockKeys[key][1] + `","expiration":"2999-01-08T02:56:19Z"}}`
}

// exchange is one request that the mock expects, and its answer.
type exchange struct {
	// by is who has to ask: nobody, an access key, or a token.
	by     string
	header map[string]string
	// absent are headers that must not be sent.
	absent []string
	// body is the JSON that has to come; "" means none.
	body   string
	status int
	answer string
	// token is given in X-Subject-Token.
	token string
}

// Addresses of the sign-ins, as the mock sees them.
const (
	orderAt    = "GET coc.myhuaweicloud.com" + orderPath
	passwordAt = "POST iam.cn-north-4.myhuaweicloud.com/v3/auth/tokens?nocatalog=true"
	keysAt     = "POST iam.cn-north-4.myhuaweicloud.com/v3.0/OS-CREDENTIAL/securitytokens"
	stsAt      = "POST sts.cn-north-4.myhuaweicloud.com/v5/agencies/assume"
	identityAt = "POST iam.cn-north-4.myhuaweicloud.com/v3.0/OS-AUTH/id-token/tokens"
	machineAt  = "GET 169.254.169.254/openstack/latest/securitykey"
	hardenedAt = "PUT 169.254.169.254/meta-data/latest/api/token"
)

// authMock has every host of the cloud under its true name. It checks who asks without any code of the signer.
type authMock struct {
	t *testing.T

	mu  sync.Mutex
	svc *cloudtest.Service
}

func newAuthMock(t *testing.T) *authMock {
	t.Helper()
	return &authMock{t: t, svc: cloudtest.New(cloudtest.Report(t.Errorf))}
}

// expect makes the mock expect other requests from now on. An order is there for whoever reader is.
func (r *authMock) expect(reader string, exchanges map[string]exchange) {
	svc := cloudtest.New(cloudtest.Report(r.t.Errorf))
	expected := map[string]exchange{orderAt: {by: reader, answer: `{"data":{"status":"PROCESSING"}}`}}
	maps.Copy(expected, exchanges)
	for at, exchange := range expected {
		svc.At(at).Then(r.keep(at, exchange))
	}
	for _, at := range []string{machineAt, hardenedAt} {
		if _, ok := expected[at]; !ok {
			svc.At(at).Then(http.NotFoundHandler())
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.svc = svc
}

// service is the one that answers now.
func (r *authMock) service() *cloudtest.Service {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.svc
}

// seen are the requests so far.
func (r *authMock) seen() []string {
	var asked []string
	for _, request := range r.service().Log() {
		asked = append(asked, request.Method+" "+request.Host+request.URL.RequestURI())
	}
	return asked
}

var accessOf = regexp.MustCompile(`Access=([^,]+),`)

// who tells who sent a request; a wrong signature or token is nobody's.
func (r *authMock) who(request *http.Request) string {
	token, authorization := request.Header.Values("X-Auth-Token"), request.Header.Get("Authorization")
	switch {
	case len(token) == 1 && authorization == "" && len(request.Header.Values("X-Security-Token")) == 0:
		return token[0]
	case authorization == "":
		return nobody
	}
	secrets := map[string]string{}
	for key, parts := range mockKeys {
		secrets[key] = parts[0]
	}
	verifier := authtest.Verifier{
		Secrets: secrets, MustSign: []string{"host", "x-security-token", "x-project-id", "x-domain-id", "workspace"},
	}
	if err := verifier.Verify(request); err != nil {
		r.t.Errorf("%s %s: %s", request.Method, request.URL, err)
		return nobody
	}
	key := accessOf.FindStringSubmatch(authorization)[1]
	if got := strings.Join(request.Header.Values("X-Security-Token"), ","); got != mockKeys[key][1] || len(token) > 0 {
		r.t.Errorf("%s: the key %s came with the security token %q and %d tokens", request.URL, key, got, len(token))
		return nobody
	}
	return key
}

// keep holds a request to an exchange, and answers.
func (r *authMock) keep(at string, exchange exchange) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		body, err := io.ReadAll(request.Body)
		if err != nil {
			r.t.Error(err)
		}
		request.Body = io.NopCloser(bytes.NewReader(body))
		if who := r.who(request); who != exchange.by {
			r.t.Errorf("%s was asked by %s, want %s", at, who, exchange.by)
		}
		for name, want := range exchange.header {
			if got := strings.Join(request.Header.Values(name), ","); got != want {
				r.t.Errorf("%s: the header %s is %q, want %q", at, name, got, want)
			}
		}
		for _, name := range exchange.absent {
			if got := request.Header.Values(name); len(got) > 0 {
				r.t.Errorf("%s: the header %s is %q, want none", at, name, got)
			}
		}
		r.checkBody(at, exchange.body, body, request.Header.Get("Content-Type"))
		if exchange.token != "" {
			w.Header().Set("X-Subject-Token", exchange.token)
		}
		w.Header().Set("X-Request-Id", "req-7")
		if exchange.status != 0 {
			w.WriteHeader(exchange.status)
		}
		answer := exchange.answer
		if exchange.status >= 400 {
			// A service may repeat all that it was sent.
			echo, _ := json.Marshal(string(body) + request.Header.Get("X-Auth-Token") + request.Header.Get("X-Security-Token"))
			answer = strings.Replace(answer, "ECHO", strings.Trim(string(echo), `"`), 1)
		}
		_, _ = io.WriteString(w, answer)
	})
}

func (r *authMock) checkBody(at, want string, got []byte, kind string) {
	if want == "" {
		if len(got) > 0 {
			r.t.Errorf("%s: the body is %s, want none", at, got)
		}
		return
	}
	var wanted, sent any
	if err := json.Unmarshal([]byte(want), &wanted); err != nil {
		r.t.Fatal(err)
	}
	if err := json.Unmarshal(got, &sent); err != nil || !reflect.DeepEqual(wanted, sent) || kind != "application/json" {
		r.t.Errorf("%s: the body is %s (%s), want %s", at, got, kind, want)
	}
}

// wrap leads all requests to the mock, whatever host they are meant for.
func (r *authMock) wrap(next http.RoundTripper) http.RoundTripper {
	return roundTrip(func(request *http.Request) (*http.Response, error) {
		transport, ok := next.(*http.Transport)
		machine := request.URL.Host == "169.254.169.254"
		if !ok || (transport.Proxy == nil) != machine {
			r.t.Errorf("%s: a proxy must serve all requests but those to the machine itself", request.URL)
		}
		if want := map[bool]string{true: "http", false: "https"}[machine]; request.URL.Scheme != want {
			r.t.Errorf("%s: want %s", request.URL, want)
		}
		return r.service().RoundTrip(request)
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(request *http.Request) (*http.Response, error) { return f(request) }

// options make a provider that knows no world but the mock, an environment, and files in a home of its own.
func (r *authMock) options(environment, files map[string]string) provider.Options {
	home := r.t.TempDir()
	for name, content := range files {
		name = filepath.Join(home, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			r.t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			r.t.Fatal(err)
		}
	}
	return provider.Options{WrapTransport: r.wrap, Getenv: func(name string) string {
		if name == "HOME" {
			return home
		}
		return environment[name]
	}}
}

// arguments are those of a provider block. Those of a block within are named block.argument; a dash leaves the block empty.
type arguments map[string]string

// configured configures a provider in this process and reads an order, unless the configuration is refused. It gives all that the
// user is told, with the paths of arguments.
func configured(ctx context.Context, t *testing.T, options provider.Options, given arguments) (told string, sawError bool) {
	t.Helper()
	server, err := providerserver.NewProtocol6WithError(provider.New(options)())()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{server: server}
	if p.schemas, err = server.GetProviderSchema(ctx, &tfprotov6.GetProviderSchemaRequest{}); err != nil {
		t.Fatal(err)
	}
	resp, err := server.ConfigureProvider(ctx, &tfprotov6.ConfigureProviderRequest{
		TerraformVersion: "1.11.4", Config: dynamic(t, p.schemas.Provider, given.values(t, p.schemas.Provider)),
	})
	if err != nil {
		t.Fatal(err)
	}
	told, sawError = diagnosticTextWithPaths(resp.Diagnostics)
	if sawError {
		return told, true
	}
	_, diagnostics := p.read(ctx, t, "coc_script_order", map[string]tftypes.Value{
		"execute_uuid": str(orderID), "failure_details": tftypes.NewValue(tftypes.Bool, false),
	})
	more, sawError := diagnosticTextWithPaths(diagnostics)
	return told + more, sawError
}

func diagnosticTextWithPaths(diagnostics []*tfprotov6.Diagnostic) (told string, sawError bool) {
	for _, d := range diagnostics {
		told += d.Severity.String() + " " + d.Attribute.String() + " " + d.Summary + ": " + d.Detail + "\n\n"
		sawError = sawError || d.Severity == tfprotov6.DiagnosticSeverityError
	}
	return told, sawError
}

func (a arguments) values(t *testing.T, schema *tfprotov6.Schema) map[string]tftypes.Value {
	t.Helper()
	object, ok := schema.ValueType().(tftypes.Object)
	if !ok {
		t.Fatal("the provider's schema is no object")
	}
	values, nested := map[string]tftypes.Value{}, map[string]map[string]tftypes.Value{}
	for name, text := range a {
		block, inner, isNested := strings.Cut(name, ".")
		if !isNested {
			values[name] = valueOf(t, object.AttributeTypes[name], text)
			continue
		}
		kinds, ok := object.AttributeTypes[block].(tftypes.Object)
		if !ok {
			t.Fatalf("there is no block %s", block)
		}
		if nested[block] == nil {
			nested[block] = map[string]tftypes.Value{}
			for name, kind := range kinds.AttributeTypes {
				nested[block][name] = tftypes.NewValue(kind, nil)
			}
		}
		if inner != "-" {
			nested[block][inner] = valueOf(t, kinds.AttributeTypes[inner], text)
		}
	}
	for block, inner := range nested {
		values[block] = tftypes.NewValue(object.AttributeTypes[block], inner)
	}
	return values
}

// globExamples are the names of the examples of a provider block.
func globExamples(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "..", "examples", "provider", "*.tf"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	var names []string
	for _, file := range files {
		names = append(names, strings.TrimSuffix(filepath.Base(file), ".tf"))
	}
	return names
}

// unknownValue stands for a value that is not known yet.
const unknownValue = "(unknown)"

func valueOf(t *testing.T, kind tftypes.Type, text string) tftypes.Value {
	t.Helper()
	switch {
	case kind == nil:
		t.Fatal("there is no such argument")
		return tftypes.Value{}
	case text == unknownValue:
		return tftypes.NewValue(kind, tftypes.UnknownValue)
	case kind.Is(tftypes.Map{ElementType: tftypes.String}):
		key, address, _ := strings.Cut(text, "=")
		return tftypes.NewValue(kind, map[string]tftypes.Value{key: str(address)})
	case kind.Is(tftypes.Number):
		var number int
		if err := json.Unmarshal([]byte(text), &number); err != nil {
			t.Fatal(err)
		}
		return integer(number)
	default:
		return str(text)
	}
}
