package client

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// TestMain makes a thousand cases of each property the default; -rapid.checks asks for more.
func TestMain(m *testing.M) {
	if err := flag.Set("rapid.checks", "1000"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// gateway is in front of all services. It watches how credentials are sent.
type gateway struct {
	refuses func(token string) bool
	// pauses are the times before the answers, in turn. faults come in place of the answers to the requests of these numbers.
	pauses []time.Duration
	faults map[int]answerer

	mu       sync.Mutex
	requests int
	proven   map[string]bool
	refusals map[string]time.Time
	// inFlight has the hosts that have not answered yet, by token.
	inFlight map[string][]string
	broken   []string
}

func (g *gateway) RoundTrip(request *http.Request) (*http.Response, error) {
	host, _, _ := strings.Cut(request.URL.Host, ".")
	token := request.Header.Get("X-Auth-Token")
	g.mu.Lock()
	defer g.mu.Unlock()
	n := g.requests
	g.requests++
	out := g.inFlight[token]
	refusedAt, refused := g.refusals[token]
	switch {
	case token == "":
		g.broken = append(g.broken, "sent without a credential")
	case refused && time.Now().After(refusedAt):
		g.broken = append(g.broken, "sent again after its refusal: "+token)
	case !g.proven[token] && (len(out) == maxUnproven || slices.Contains(out, host)):
		g.broken = append(g.broken, fmt.Sprintf("sent to %s, and %s have not answered", host, out))
	}
	g.inFlight[token] = append(out, host)
	g.mu.Unlock()
	answer, err := after(g.pauses[n%len(g.pauses)], func(request *http.Request) (*http.Response, error) {
		if fault := g.faults[n]; fault != nil {
			return fault(request)
		}
		g.mu.Lock()
		defer g.mu.Unlock()
		if g.refuses(token) {
			g.refusals[token] = time.Now()
			return says(401, `{"error_code":"APIGW.0301"}`)(request)
		}
		g.proven[token] = true
		return says(200, map[string]string{
			"coc":  strings.ReplaceAll(documentedOrder, testOrderID, path.Base(request.URL.Path)),
			"dayu": documentedTasks, "roma": documentedFDI, "iam": `{"projects":[{"id":"p1","name":"` + testRegion + `"}]}`,
		}[host])(request)
	})(request)
	g.mu.Lock()
	g.inFlight[token] = slices.DeleteFunc(slices.Clone(g.inFlight[token]), func(other string) bool { return other == host })
	return answer, err
}

// patient is a reader that is not canceled.
const patient = time.Hour

// canceledRead is a read that is canceled a while after it has begun.
type canceledRead struct {
	call                 string
	begins, cancel, took time.Duration
	err                  error
}

func (r *canceledRead) run(ctx context.Context, c *Client, id int) {
	time.Sleep(r.begins)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer time.AfterFunc(r.cancel, cancel).Stop()
	start := time.Now()
	switch r.call {
	case "order":
		_, r.err = c.ScriptOrder(ctx, Order{Target: testOrder.Target, ExecuteUUID: fmt.Sprint("order-", id)})
	case "project":
		_, r.err = c.ProjectTarget(ctx, "", "")
	default:
		_, r.err = callers[r.call](ctx, c)
	}
	r.took = time.Since(start)
}

// A read that is canceled ends in that moment, whatever it does, and changes nothing for others: they get their answer, or the refusal if
// the credential is wrong. An unproven credential is under way to three services at most, once to each, and a refused one is not sent again.
func TestCancellationChangesNothingForOthers(t *testing.T) {
	t.Parallel()
	ends := map[string]int{}
	bubble := func(run func(*testing.T)) { synctest.Test(t, run) }
	rapid.Check(t, func(t *rapid.T) { checkReads(t, bubble, ends) })
	for _, end := range []string{"canceled", "refused", "read"} {
		if ends[end] < 100 {
			t.Errorf("hardly a read was %s: %v", end, ends)
		}
	}
}

func checkReads(t *rapid.T, bubble func(func(*testing.T)), ends map[string]int) {
	moments := rapid.SampledFrom([]time.Duration{0, 1, time.Second, 2 * time.Second, 2500 * time.Millisecond, 29 * time.Second})
	g := &gateway{
		pauses: rapid.SliceOfN(moments, 1, 4).Draw(t, "pauses"), faults: map[int]answerer{},
		proven: map[string]bool{}, refusals: map[string]time.Time{}, inFlight: map[string][]string{},
	}
	// There are no more faults than a read has retries, so that none fails for them.
	const most = 5
	for _, n := range rapid.SliceOfN(rapid.IntRange(0, 12), 0, most).Draw(t, "faults") {
		g.faults[n] = rapid.SampledFrom([]answerer{says(503, ""), says(502, "<html>"), breaks(syscall.ECONNRESET), hangs}).Draw(t, "fault")
	}
	// The first one begins last, and shows that the others hold nothing.
	reads := []canceledRead{{call: "order", begins: 2 * patient, cancel: patient}}
	for range rapid.IntRange(2, 8).Draw(t, "reads") {
		reads = append(reads, canceledRead{
			call:   rapid.SampledFrom([]string{"order", "DataArts", "FDI", "project"}).Draw(t, "call"),
			begins: moments.Draw(t, "begins"),
			cancel: rapid.SampledFrom([]time.Duration{0, 1, time.Second, 2 * time.Second, 30 * time.Second, patient, patient}).Draw(t, "cancel"),
		})
	}
	signIn := rapid.SampledFrom([]time.Duration{0, time.Second, 31 * time.Second}).Draw(t, "sign-in")
	credential := rapid.SampledFrom([]string{"good", "wrong", "expiring", "replaced"}).Draw(t, "credential")
	want := map[bool]string{true: "refused", false: "read"}[credential == "wrong"]
	bubble(func(t *testing.T) {
		t.Helper()
		begin := time.Now()
		g.refuses = func(token string) bool {
			return credential == "wrong" || token == "dummyToken1" &&
				(credential == "replaced" || credential == "expiring" && time.Since(begin) > 2*time.Second)
		}
		r, _ := tokens(24*time.Hour, taking(signIn))
		c := newClient(t, g, retries(most), source(r))
		var wg sync.WaitGroup
		for i := range reads {
			wg.Go(func() { reads[i].run(t.Context(), c, i) })
		}
		wg.Wait()
	})
	for _, read := range reads {
		end := "read"
		switch {
		case errors.Is(read.err, context.Canceled):
			end = "canceled"
		case IsUnauthorized(read.err):
			end = "refused"
		case read.err != nil:
			end = read.err.Error()
		}
		ends[end]++
		// An answer that comes in the moment of the cancellation may be told.
		canceled := read.err != nil && read.took == read.cancel && read.cancel != patient
		if read.took > read.cancel || end != want && !canceled {
			t.Fatalf("%+v ended with %q, want %q", read, end, want)
		}
	}
	if len(g.refusals) > 2 {
		t.Errorf("%d tokens were refused, want two at most", len(g.refusals))
	}
	if len(g.broken) > 0 {
		t.Error(g.broken)
	}
}
