package client

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	// firstAnswerWait is how long a request with an unproven credential delays others with the same credential.
	firstAnswerWait = 2 * time.Second
	// maxUnproven bounds the concurrent requests with an unproven credential, maxInFlight those with a proven access key, which may be
	// disabled at any time: more than five refusals in a row lock it. One place is kept for another service than that of the others.
	maxUnproven, maxInFlight = 3, 5
)

// authenticator lends the credential of a source to attempts, and keeps a wrong one from being refused too often.
//
// A credential is unproven until a service has answered it with its own JSON. One request with it is sent first. Without an answer after
// firstAnswerWait a request to another service follows, and so on up to maxUnproven: a silent host does not block other services, and a
// wrong key is refused at most three times. A refused credential is not used again.
//
// A proven key goes out at most maxInFlight times at once, a proven token, which cannot be locked, any number of times.
type authenticator struct {
	source  CredentialSource
	secrets *redactor
	log     *slog.Logger
	logged  sync.Once

	mu     sync.Mutex
	states map[Credential]*credentialState
}

// credentialState is what is known about a credential. The authenticator's lock guards it.
type credentialState struct {
	proven bool
	// refusal is the first answer that refused it; nil if none did.
	refusal *Error
	// inFlight has the requests under way, without those with a proven token, queue the waiting ones, both in order.
	inFlight, queue []*lease
	// changed is closed and replaced at every change.
	changed chan struct{}
}

// authenticate returns an authenticator for a source, and connects a source that sends requests to the client.
func (c *Client) authenticate(source CredentialSource) *authenticator {
	if source, ok := source.(interface{ connect(c *Client) }); ok {
		source.connect(c)
	}
	return &authenticator{source: source, secrets: c.secrets, log: c.log, states: map[Credential]*credentialState{}}
}

// renew lets the source replace a refused credential, and reports whether it may have another one.
func (a *authenticator) renew(refused Credential) bool {
	source, ok := a.source.(interface {
		renew(refused Credential, proven bool) bool
	})
	a.mu.Lock()
	proven := a.state(refused).proven
	a.mu.Unlock()
	return ok && source.renew(refused, proven)
}

// state must be called with the lock held.
func (a *authenticator) state(credential Credential) *credentialState {
	if a.states[credential] == nil {
		a.states[credential] = &credentialState{changed: make(chan struct{})}
	}
	return a.states[credential]
}

// lease is a credential on loan for one attempt. It must be released.
type lease struct {
	Credential
	*credentialState

	auth    *authenticator
	service Service
	host    string
	// since is when the attempt was allowed to start.
	since time.Time
}

// describe names the credential and its origin, such as "access key …0001 (provider block)".
func (l *lease) describe() string {
	return fmt.Sprintf("%s (%s)", l.Credential, strings.TrimPrefix(l.auth.source.Origin(), "the "))
}

// borrow returns the credential for one attempt at a host, after waiting for its turn. The error is a *TurnError if the context ended
// first, wraps [ErrNoCredential] if there is none, and is a *RefusedError, together with the lease, if it was refused before.
func (a *authenticator) borrow(ctx context.Context, service Service, host string) (*lease, error) {
	credential, err := a.source.Credential(ctx)
	if err != nil {
		return nil, &NoCredentialError{err}
	}
	a.secrets.add(credential.SecretKey, credential.SecurityToken, credential.Token)
	a.secrets.addKey(credential.AccessKey)
	a.logged.Do(func() {
		a.log.InfoContext(ctx, "credential chosen", "credential", credential.String(), "origin", a.source.Origin())
	})
	a.mu.Lock()
	defer a.mu.Unlock()
	state := a.state(credential)
	l := &lease{Credential: credential, credentialState: state, auth: a, service: service, host: host}
	state.queue = append(state.queue, l)
	defer state.remove(&state.queue, l)
	for {
		now := time.Now()
		switch {
		case state.refusal != nil:
			return l, &RefusedError{state.refusal}
		case state.proven && credential.Token != "":
			return l, nil
		case state.next(now) == l:
			l.since = now
			state.inFlight = append(state.inFlight, l)
			return l, nil
		}
		hosts, changed, pause := state.hosts(), state.changed, state.pause(now)
		a.mu.Unlock()
		err := waitFor(ctx, changed, pause)
		a.mu.Lock()
		if err != nil {
			return nil, &TurnError{Hosts: hosts, Err: err}
		}
	}
}

// next is the first lease in the queue that may be used now, nil if none. Unproven requests to one service are not concurrent.
func (s *credentialState) next(now time.Time) *lease {
	limit, perService := maxUnproven, 1
	if s.proven {
		limit, perService = maxInFlight, maxInFlight-1
	}
	if len(s.inFlight) >= limit || s.pause(now) > 0 {
		return nil
	}
	underWay := map[Service]int{}
	for _, out := range s.inFlight {
		underWay[out.service]++
	}
	for _, l := range s.queue {
		if underWay[l.service] < perService {
			return l
		}
	}
	return nil
}

// pause is the time until firstAnswerWait has passed since the last unproven request.
func (s *credentialState) pause(now time.Time) time.Duration {
	if s.proven || len(s.inFlight) == 0 {
		return 0
	}
	return s.inFlight[len(s.inFlight)-1].since.Add(firstAnswerWait).Sub(now)
}

// hosts are those whose answers are awaited, or else the next one to ask. The queue must not be empty.
func (s *credentialState) hosts() []string {
	if len(s.inFlight) == 0 {
		return []string{s.queue[0].host}
	}
	var hosts []string
	for _, out := range s.inFlight {
		hosts = append(hosts, out.host)
	}
	return hosts
}

// remove removes a lease from inFlight or queue.
func (s *credentialState) remove(list *[]*lease, l *lease) {
	*list = slices.DeleteFunc(*list, func(other *lease) bool { return other == l })
	close(s.changed)
	s.changed = make(chan struct{})
}

// waitFor returns after a change or after a pause, if positive. It fails only if the context ends first.
func waitFor(ctx context.Context, changed <-chan struct{}, pause time.Duration) error {
	var over <-chan time.Time
	if pause > 0 {
		timer := time.NewTimer(pause)
		defer timer.Stop()
		over = timer.C
	}
	select {
	case <-ctx.Done():
		return Interruption(ctx)
	case <-changed:
	case <-over:
	}
	return nil
}

// recordAnswer records what an answer says about the credential, and reports whether it refuses it.
func (l *lease) recordAnswer(got reply, failure func() *Error) bool {
	refuses, proves := examine(got)
	l.auth.mu.Lock()
	defer l.auth.mu.Unlock()
	if refuses && l.refusal == nil {
		l.refusal = failure()
	}
	l.proven = l.proven || proves
	return refuses
}

// release ends the loan. It may be called again.
func (l *lease) release() {
	l.auth.mu.Lock()
	defer l.auth.mu.Unlock()
	l.remove(&l.inFlight, l)
}

// releaseIfProven ends the loan before the whole answer has come: one of this size refuses nothing, and may take long.
func (l *lease) releaseIfProven() {
	l.auth.mu.Lock()
	defer l.auth.mu.Unlock()
	if l.proven {
		l.remove(&l.inFlight, l)
	}
}

// TurnError means that the context ended while the request waited for the answers to others with the same credential.
type TurnError struct {
	// Hosts are those whose answers were awaited, at least one.
	Hosts []string
	// Err is the context's error.
	Err error
}

func (e *TurnError) Error() string {
	return fmt.Sprintf("not sent, waiting for an answer of %s to another request with this credential: %s", strings.Join(e.Hosts, " and "), e.Err)
}

func (e *TurnError) Unwrap() error { return e.Err }
