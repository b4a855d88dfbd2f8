// Package cloudtest plays the services of Huawei Cloud that the provider reads, for tests, the demo and the benchmark. What a service
// answers is a story: a list of scenes, one for each look at it, the last of which repeats.
//
//	svc := cloudtest.New()
//	svc.Order("SCT1").Then(cloudtest.Running(3, 10), cloudtest.Finished(10))
//
// A Service is an http.Handler, which Start puts on loopback for a real command line, and an http.RoundTripper, which answers in the
// process: without sockets and goroutines of its own, and so fit for the fake clock of testing/synctest.
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

	"github.com/hwgate/terraform-provider-hwgate/internal/authtest"
	"github.com/hwgate/terraform-provider-hwgate/internal/recording"
)

// Service plays COC, DataArts, ROMA and IAM under any host name. It may be used by several goroutines at once, also while it is asked.
type Service struct {
	report func(format string, arguments ...any)
	verify func(*http.Request) error

	mu          sync.Mutex
	scripts     []script
	routes      map[string]*Story
	iam         *Story
	faults      []http.Handler
	faulted     map[string]int
	phase       string
	log         Log
	connections int
	server      *httptest.Server
}

// An Option is a trait of a service.
type Option func(*Service)

// Report tells what is wrong with a request: that no story is about it, or that Signed refuses it. Take testing.T's Errorf.
func Report(report func(format string, arguments ...any)) Option {
	return func(s *Service) { s.report = report }
}

// Signed refuses requests that have neither a token nor a signature by one of the access keys, which are given with their secret keys.
// A sign-in may go without, and whatever is asked of the machine.
func Signed(secrets map[string]string) Option {
	verifier := authtest.Verifier{
		Secrets: secrets, MustSign: []string{"host", "x-security-token", "x-project-id", "x-domain-id", "workspace"},
	}
	return func(s *Service) { s.verify = verifier.Verify }
}

// New makes a service that knows of nothing yet.
func New(options ...Option) *Service {
	s := &Service{report: func(string, ...any) {}, routes: map[string]*Story{}, faulted: map[string]int{}}
	for _, option := range options {
		option(s)
	}
	return s
}

// A Story is what happens to one thing that can be asked for.
type Story struct {
	service *Service
	scenes  []http.Handler
	looks   int
}

// Then adds scenes.
func (s *Story) Then(scenes ...http.Handler) *Story {
	s.service.mu.Lock()
	defer s.service.mu.Unlock()
	s.scenes = append(s.scenes, scenes...)
	return s
}

// Now leaves the scenes before behind: the next look is at the first of these.
func (s *Story) Now(scenes ...http.Handler) {
	s.service.mu.Lock()
	defer s.service.mu.Unlock()
	s.scenes, s.looks = scenes, 0
}

// Looks is how many scenes have been asked for, a scene that repeats every time.
func (s *Story) Looks() int {
	s.service.mu.Lock()
	defer s.service.mu.Unlock()
	return s.looks
}

// scene is what a request meets, nil if there is none. The service is locked.
func (s *Story) scene(look bool) http.Handler {
	if s == nil || len(s.scenes) == 0 {
		return nil
	}
	if look {
		s.looks++
	}
	return s.scenes[min(max(s.looks, 1), len(s.scenes))-1]
}

// Order is the story of an order of COC. A look is a request for the order itself; statistics and batches belong to the scene that was
// looked at last.
func (s *Service) Order(id string) *Story { return s.route("order " + id) }

// Workspace is the story of the jobs in a workspace of DataArts Factory, of the default one if the id is empty. A look is a request for
// the counts; the listing belongs to the scene that was looked at last.
func (s *Service) Workspace(id string) *Story { return s.route("workspace " + id) }

// Instance is the story of the tasks of an instance of ROMA Connect. A look is a request for the counts; the listings belong to the
// scene that was looked at last.
func (s *Service) Instance(id string) *Story { return s.route("instance " + id) }

// IAM is the story of all that gives out credentials and projects: IAM, STS, and the metadata of the machine.
func (s *Service) IAM() *Story {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.iam == nil {
		s.iam = &Story{service: s}
	}
	return s.iam
}

func (s *Service) route(key string) *Story {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.routes[key] == nil {
		s.routes[key] = &Story{service: s}
	}
	return s.routes[key]
}

// At is the story of requests that fit a pattern: "[METHOD ][host]/path[?query]". The method is GET if there is none. Without a query
// there must be none; "?*" stands for any. Patterns come before the stories of orders, workspaces and instances.
func (s *Service) At(pattern string) *Story {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, script := range s.scripts {
		if script.pattern == pattern {
			return script.story
		}
	}
	story := &Story{service: s}
	s.scripts = append(s.scripts, script{pattern, story})
	return story
}

// Recorded lets recordings answer, each request in the order of its recorded answers. In the process the host has to be the recorded
// one, too.
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

// Faults happen to the requests of each path in turn, before a story gets to know of them; IAM is spared. Nil is no fault.
func (s *Service) Faults(scenes ...http.Handler) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = scenes
}

type script struct {
	pattern string
	story   *Story
}

// fits tells whether a request is one of those that a pattern is about.
func fits(pattern, method, host string, target *url.URL) bool {
	wanted, rest, found := strings.Cut(pattern, " ")
	if !found {
		wanted, rest = http.MethodGet, pattern
	}
	if scheme, address, found := strings.Cut(rest, "://"); found {
		// On loopback nobody knows which host was meant.
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

// ServeHTTP answers a request, and notes it in the log.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// A server sees that a client has gone only when the request has been read.
	body, err := io.ReadAll(r.Body)
	if err != nil {
		s.report("%s %s: %s", r.Method, r.URL, err)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	iam := forIAM(r.Method, r.URL.Path)
	s.mu.Lock()
	s.log = append(s.log, Request{r.Method, r.Host, r.URL, r.Header.Clone(), body, time.Now(), s.phase})
	var fault http.Handler
	if len(s.faults) > 0 && !iam {
		fault = s.faults[min(s.faulted[r.URL.Path], len(s.faults)-1)]
		s.faulted[r.URL.Path]++
	}
	s.mu.Unlock()
	unsigned := r.Header.Get("X-Auth-Token") != "" || (iam && r.URL.Path != "/v3/projects" && r.Header.Get("Authorization") == "")
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

// Answer goes on with the story behind a fault, as if there were none.
func (s *Service) Answer(w http.ResponseWriter, r *http.Request) {
	if scene := s.find(r); scene != nil {
		scene.ServeHTTP(w, r)
		return
	}
	s.report("no story is about %s %s%s", r.Method, r.Host, r.URL.RequestURI())
	Says(http.StatusNotImplemented, `{"error_code":"CLOUDTEST.0001","error_msg":"no story is about this request"}`).ServeHTTP(w, r)
}

func (s *Service) find(r *http.Request) http.Handler {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, script := range s.scripts {
		if fits(script.pattern, r.Method, r.Host, r.URL) {
			return script.story.scene(true)
		}
	}
	if forIAM(r.Method, r.URL.Path) {
		return s.iam.scene(true)
	}
	key, look := subject(r)
	return s.routes[key].scene(look)
}

// Paths that stories are about.
const (
	overviewSuffix   = "/factory/monitor/task-statistics-overview"
	listingSuffix    = "/jobs/instances/detail"
	statisticsSuffix = "/statistics/tasks"
	tasksSuffix      = "/tasks"
	monitorsSuffix   = "/task-monitors"
)

// subject tells what a request is about, and whether it is a look at it.
func subject(r *http.Request) (key string, look bool) {
	path := r.URL.Path
	if r.Method != http.MethodGet {
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
	if rest, found := strings.CutPrefix(rest, "/fdi/instances/"); found && version == "v2" {
		id, more, _ := strings.Cut(rest, "/")
		return "instance " + id, "/"+more == statisticsSuffix
	}
	return "", false
}

// forIAM tells whether a request is one for credentials or projects.
func forIAM(method, path string) bool {
	return method == http.MethodPost || path == "/v3/projects" ||
		strings.HasPrefix(path, "/openstack/") || strings.HasPrefix(path, "/meta-data/")
}

// Start puts the service on loopback, until Close.
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

// Close ends what Start began.
func (s *Service) Close() {
	s.mu.Lock()
	server := s.server
	s.server = nil
	s.mu.Unlock()
	if server != nil {
		server.Close()
	}
}

// Connections is how many have been made to the service on loopback.
func (s *Service) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.connections
}

// Transport puts the service in the place of a transport, as the provider's option WrapTransport wants it.
func (s *Service) Transport(http.RoundTripper) http.RoundTripper { return s }

// RoundTrip answers in the process. What the handler has written when it panics with http.ErrAbortHandler is a body that is cut off;
// if it is nothing, the connection was closed.
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
	aborted := served(s, recorder, received)
	if err := request.Context().Err(); err != nil {
		return nil, err
	}
	if aborted && recorder.Body.Len() == 0 {
		return nil, io.EOF
	}
	answer := recorder.Result()
	answer.Request = request
	if aborted {
		answer.Body = io.NopCloser(io.MultiReader(answer.Body, cut{}))
	}
	return answer, nil
}

// served tells whether the handler gave up.
func served(handler http.Handler, w http.ResponseWriter, r *http.Request) (aborted bool) {
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

// cut is the end of a body that is not all there.
type cut struct{}

func (cut) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
