package cloudtest

import (
	"net/http"
	"net/url"
	"slices"
	"time"
)

// A Request is what the service was asked.
type Request struct {
	Method, Host string
	URL          *url.URL
	Header       http.Header
	Body         []byte
	Time         time.Time
	// Phase is the name of the part of the test in which the request came.
	Phase string
}

// Log is what the service was asked, in order.
type Log []Request

// To are the requests that fit a pattern of At.
func (l Log) To(pattern string) Log {
	return l.only(func(r Request) bool { return fits(pattern, r.Method, r.Host, r.URL) })
}

// In are the requests of a phase.
func (l Log) In(phase string) Log { return l.only(func(r Request) bool { return r.Phase == phase }) }

// Data are the requests that are not IAM's.
func (l Log) Data() Log { return l.only(func(r Request) bool { return !forIAM(r.Method, r.URL.Path) }) }

// Paths counts the requests by path.
func (l Log) Paths() map[string]int {
	counts := map[string]int{}
	for _, request := range l {
		counts[request.URL.Path]++
	}
	return counts
}

func (l Log) only(wanted func(Request) bool) Log {
	return slices.DeleteFunc(slices.Clone(l), func(r Request) bool { return !wanted(r) })
}

// Log gives the requests so far.
func (s *Service) Log() Log {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.log)
}

// Phase begins a part of the test: the log's further requests are of it.
func (s *Service) Phase(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.phase = name
}
