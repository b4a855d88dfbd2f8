// Package cloudtest is a mock of the services that the provider reads, for tests, the demo and the benchmark. The answers about an object
// are a sequence: a list of scenes, one for each look at it, the last of which repeats.
//
//	svc := cloudtest.New()
//	svc.Order("SCT1").Then(cloudtest.Running(3, 10), cloudtest.Finished(10))
//
// A Service is an http.Handler, which Start serves on loopback for a real CLI, and an http.RoundTripper, which answers in the process,
// without sockets and goroutines of its own, as the fake clock of testing/synctest requires.
package cloudtest

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/authtest"
	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/recording"
)

// Service mocks COC, DataArts, ROMA and IAM under any host name. It is safe for concurrent use.
type Service struct {
	report func(format string, arguments ...any)
	verify func(*http.Request) error

	mu          sync.Mutex
	scripts     []script
	routes      map[string]*Sequence
	faults      []http.Handler
	faulted     map[string]int
	phase       string
	log         Log
	connections int
	server      *httptest.Server
}

// An Option configures a service.
type Option func(*Service)

// Report sets the function, such as testing.T's Errorf, that is called for requests that nothing is scripted for or that Signed refuses.
func Report(report func(format string, arguments ...any)) Option {
	return func(s *Service) { s.report = report }
}

// Signed refuses requests without a token or a signature by one of the access keys; secrets holds their secret keys. Sign-ins and the
// machine's metadata need neither.
func Signed(secrets map[string]string) Option {
	verifier := authtest.Verifier{
		Secrets: secrets, MustSign: []string{"host", "x-security-token", "x-project-id", "x-domain-id", "workspace"},
	}
	return func(s *Service) { s.verify = verifier.Verify }
}

// New returns a service without sequences.
func New(options ...Option) *Service {
	s := &Service{report: func(string, ...any) {}, routes: map[string]*Sequence{}, faulted: map[string]int{}}
	for _, option := range options {
		option(s)
	}
	return s
}

// A Sequence is the sequence of scenes of one object.
type Sequence struct {
	service *Service
	scenes  []http.Handler
	looks   int
}

// Then appends scenes.
func (s *Sequence) Then(scenes ...http.Handler) *Sequence {
	s.service.mu.Lock()
	defer s.service.mu.Unlock()
	s.scenes = append(s.scenes, scenes...)
	return s
}

// Now replaces all scenes: the next look is at the first of these.
func (s *Sequence) Now(scenes ...http.Handler) {
	s.service.mu.Lock()
	defer s.service.mu.Unlock()
	s.scenes, s.looks = scenes, 0
}

// Looks returns the number of looks so far.
func (s *Sequence) Looks() int {
	s.service.mu.Lock()
	defer s.service.mu.Unlock()
	return s.looks
}

// scene returns the scene of a request, nil if there is none. The caller holds the lock.
func (s *Sequence) scene(look bool) http.Handler {
	if s == nil || len(s.scenes) == 0 {
		return nil
	}
	if look {
		s.looks++
	}
	return s.scenes[min(max(s.looks, 1), len(s.scenes))-1]
}

// Order is the sequence of an order of COC. A look is a request for the order itself; statistics and batches are those of the last look.
func (s *Service) Order(id string) *Sequence { return s.route("order " + id) }

// Workspace is the sequence of the jobs in a workspace of DataArts Factory; an empty id is the default workspace. A look is a request for the
// counts; the listing is that of the last look.
func (s *Service) Workspace(id string) *Sequence { return s.route("workspace " + id) }

// Job is the sequence of the runs of one job in a workspace. A look is a request for its runs.
func (s *Service) Job(workspace, name string) *Sequence {
	return s.route("job " + workspace + "/" + name)
}

// Instance is the sequence of the tasks of an instance of ROMA Connect. A look is a request for the counts; the listings are those of the last
// look.
func (s *Service) Instance(id string) *Sequence { return s.route("instance " + id) }

// IAM is the sequence of all requests for credentials and projects: to IAM, STS and the metadata of the machine.
func (s *Service) IAM() *Sequence { return s.route("iam") }

func (s *Service) route(key string) *Sequence {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.routes[key] == nil {
		s.routes[key] = &Sequence{service: s}
	}
	return s.routes[key]
}

// At is the sequence of requests that match a pattern: "[METHOD ][host]/path[?query]". The default method is GET; "?*" matches any query.
// Patterns take precedence over the sequences of orders, workspaces and instances.
func (s *Service) At(pattern string) *Sequence {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, script := range s.scripts {
		if script.pattern == pattern {
			return script.sequence
		}
	}
	sequence := &Sequence{service: s}
	s.scripts = append(s.scripts, script{pattern, sequence})
	return sequence
}

// Recorded answers requests from recordings, in the recorded order. In the process, the host must be the recorded one, too.
func (s *Service) Recorded(names ...string) error {
	for _, name := range names {
		exchanges, err := recording.Load(name)
		if err != nil {
			return err
		}
		for _, exchange := range exchanges {
			s.At(exchange.Method + " " + exchange.URL).Then(Answer{Status: exchange.Status, Header: exchange.Header, Body: exchange.Body})
		}
	}
	return nil
}

// Faults answers the requests of each path from these scenes instead of a sequence; the last one repeats. IAM has no faults. A nil scene
// leaves the request to its sequence.
func (s *Service) Faults(scenes ...http.Handler) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = scenes
}

type script struct {
	pattern  string
	sequence *Sequence
}

// matches reports whether a request matches a pattern of At.
func matches(pattern, method, host string, target *url.URL) bool {
	wanted, rest, found := strings.Cut(pattern, " ")
	if !found {
		wanted, rest = http.MethodGet, pattern
	}
	if scheme, address, found := strings.Cut(rest, "://"); found {
		// A request on loopback does not tell the host.
		if target.Host != "" && scheme != target.Scheme {
			return false
		}
		rest = address
		if target.Host == "" {
			_, path, _ := strings.Cut(rest, "/")
			rest = "/" + path
		}
	}
	path, anyQuery := strings.CutSuffix(rest, "?*")
	uri := target.RequestURI()
	if anyQuery {
		uri = target.EscapedPath()
	}
	return method == wanted && (path == uri || path == host+uri)
}

// ServeHTTP answers a request, and adds it to the log.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// The server notices a closed connection only after the body has been read.
	body, err := io.ReadAll(r.Body)
	if err != nil {
		s.report("%s %s: %s", r.Method, r.URL, err)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	iam := isIAM(r.Method, r.URL.Path)
	s.mu.Lock()
	s.log = append(s.log, Request{r.Method, r.Host, r.URL, r.Header.Clone(), body, time.Now(), s.phase})
	var fault http.Handler
	if len(s.faults) > 0 && !iam {
		fault = s.faults[min(s.faulted[r.URL.Path], len(s.faults)-1)]
		s.faulted[r.URL.Path]++
	}
	s.mu.Unlock()
	unsigned := r.Header.Get("X-Auth-Token") != "" || (iam && !isProjects(r.URL.Path) && r.Header.Get("Authorization") == "")
	if s.verify != nil && !unsigned {
		if err := s.verify(r); err != nil {
			s.report("%s %s: %s", r.Method, r.URL, err)
			Says(http.StatusUnauthorized, `{"error_code":"APIGW.0301","error_msg":"Incorrect IAM authentication information"}`).ServeHTTP(w, r)
			return
		}
	}
	if fault != nil {
		fault.ServeHTTP(w, r)
		return
	}
	s.Answer(w, r)
}

// Answer answers a request from its sequence, regardless of faults.
func (s *Service) Answer(w http.ResponseWriter, r *http.Request) {
	if scene := s.find(r); scene != nil {
		scene.ServeHTTP(w, r)
		return
	}
	s.report("nothing is scripted for %s %s%s", r.Method, r.Host, r.URL.RequestURI())
	Says(http.StatusNotImplemented, `{"error_code":"CLOUDTEST.0001","error_msg":"nothing is scripted for this request"}`).ServeHTTP(w, r)
}

func (s *Service) find(r *http.Request) http.Handler {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, script := range s.scripts {
		if matches(script.pattern, r.Method, r.Host, r.URL) {
			return script.sequence.scene(true)
		}
	}
	key, look := subject(r)
	return s.routes[key].scene(look)
}

const (
	overviewSuffix   = "/factory/monitor/task-statistics-overview"
	listingSuffix    = "/jobs/instances/detail"
	statisticsSuffix = "/statistics/tasks"
	tasksSuffix      = "/tasks"
	monitorsSuffix   = "/task-monitors"
)

// subject returns the object of a request, and reports whether the request is a look at it.
func subject(r *http.Request) (key string, look bool) {
	path := r.URL.Path
	switch {
	case isIAM(r.Method, path):
		return "iam", true
	case r.Method != http.MethodGet:
		return "", false
	}
	if rest, found := strings.CutPrefix(path, "/v1/job/script/orders/"); found {
		id, more, _ := strings.Cut(rest, "/")
		return "order " + id, more == ""
	}
	version, rest, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	_, rest, _ = strings.Cut(rest, "/")
	rest = "/" + rest
	if version == "v2" && rest == overviewSuffix || version == "v1" && rest == listingSuffix {
		return "workspace " + r.Header.Get("Workspace"), rest == overviewSuffix
	}
	if rest, found := strings.CutPrefix(rest, "/factory/jobs/"); found && version == "v2" {
		name, more, _ := strings.Cut(rest, "/")
		r.SetPathValue("job", name)
		return "job " + r.Header.Get("Workspace") + "/" + name, more == "instances/detail"
	}
	if rest, found := strings.CutPrefix(rest, "/fdi/instances/"); found && version == "v2" {
		id, more, _ := strings.Cut(rest, "/")
		return "instance " + id, "/"+more == statisticsSuffix
	}
	return "", false
}

// isIAM reports whether a request is for credentials or projects.
func isIAM(method, path string) bool {
	return method == http.MethodPost || isProjects(path) ||
		strings.HasPrefix(path, "/openstack/") || strings.HasPrefix(path, "/meta-data/")
}

func isProjects(path string) bool { return path == "/v3/projects" || path == "/v3/auth/projects" }

// Start serves on loopback until Close is called.
func (s *Service) Start() (address string) {
	server := httptest.NewUnstartedServer(s)
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			s.mu.Lock()
			s.connections++
			s.mu.Unlock()
		}
	}
	server.Start()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.server = server
	return server.URL
}

// Close stops the server.
func (s *Service) Close() {
	s.mu.Lock()
	server := s.server
	s.server = nil
	s.mu.Unlock()
	if server != nil {
		server.Close()
	}
}

// Connections returns the number of connections to the server so far.
func (s *Service) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.connections
}

// Transport replaces any transport by the service; its signature is that of the provider's option WrapTransport.
func (s *Service) Transport(http.RoundTripper) http.RoundTripper { return s }

// RoundTrip answers in the process. If the handler panics with http.ErrAbortHandler, what it has written is a truncated body; if it has
// written nothing, the connection was closed.
func (s *Service) RoundTrip(request *http.Request) (*http.Response, error) {
	received := request.Clone(request.Context())
	if request.Body == nil {
		received.Body = http.NoBody
	} else {
		defer request.Body.Close()
	}
	if received.Host == "" {
		received.Host = request.URL.Host
	}
	received.RequestURI = request.URL.RequestURI()
	recorder := httptest.NewRecorder()
	aborted := serve(s, recorder, received)
	if err := request.Context().Err(); err != nil {
		return nil, err
	}
	if aborted && recorder.Body.Len() == 0 {
		return nil, io.EOF
	}
	answer := recorder.Result()
	answer.Request = request
	if aborted {
		answer.Body = io.NopCloser(io.MultiReader(answer.Body, truncated{}))
	}
	return answer, nil
}

// serve reports whether the handler aborted.
func serve(handler http.Handler, w http.ResponseWriter, r *http.Request) (aborted bool) {
	defer func() {
		if reason := recover(); reason != nil {
			if err, ok := reason.(error); !ok || err != http.ErrAbortHandler { //nolint:errorlint // net/http compares it, too
				panic(reason)
			}
			aborted = true
		}
	}()
	handler.ServeHTTP(w, r)
	return false
}

// truncated is the end of a truncated body.
type truncated struct{}

func (truncated) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
