package cloudtest

import (
	"net/http"
	"net/url"
	"slices"
	"time"
)

// A Request is one that the service received.
type Request struct {
	Method, Host string
	URL          *url.URL
	Header       http.Header
	Body         []byte
	Time         time.Time
	// Phase is the part of the test in which it was received.
	Phase string
}

// Log lists received requests in order.
type Log []Request

// To returns the requests that match a pattern of At.
func (l Log) To(pattern string) Log {
	return l.filter(func(r Request) bool { return matches(pattern, r.Method, r.Host, r.URL) })
}

// In returns the requests of a phase.
func (l Log) In(phase string) Log { return l.filter(func(r Request) bool { return r.Phase == phase }) }

// Data returns the requests that are not for credentials or projects.
func (l Log) Data() Log {
	return l.filter(func(r Request) bool { return !isIAM(r.Method, r.URL.Path) })
}

// Paths counts the requests by path.
func (l Log) Paths() map[string]int {
	counts := map[string]int{}
	for _, request := range l {
		counts[request.URL.Path]++
	}
	return counts
}

func (l Log) filter(keep func(Request) bool) Log {
	return slices.DeleteFunc(slices.Clone(l), func(r Request) bool { return !keep(r) })
}

// Log returns the requests so far.
func (s *Service) Log() Log {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.log)
}

// Phase begins a part of the test, which the log notes with each request from now on.
func (s *Service) Phase(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.phase = name
}
