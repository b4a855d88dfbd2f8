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
	// firstAnswerWait is the time for which a request with an unproven credential is the only one.
	firstAnswerWait = 2 * time.Second
	// maxUnproven bounds the requests under way with an unproven credential: more than five refusals in a row lock an access key.
	maxUnproven = 3
)

// authenticator lends the credential of a source to attempts, so that a wrong one does little harm.
//
// A credential is unproven until a service's own JSON has answered it. An unproven one goes out alone: first come, first served. When
// no answer has come within two seconds, one request of another service may go too, and two seconds later one of a third: a host that
// is silent holds no other service up, and a wrong key is refused three times at most. Once refused, it is not used again.
type authenticator struct {
	source  CredentialSource
	secrets *redactor
	log     *slog.Logger
	logged  sync.Once

	mu    sync.Mutex
	known map[Credential]*credentialState
}

// credentialState is what is known of one credential.
type credentialState struct {
	proven bool
	// refusal is the first answer that declined it.
	refusal *Error
	// out are the unproven requests under way, queue those that wait for their turn, in the order in which they came.
	inFlight, queue []*lease
	// changed is closed, and replaced, when any of this changes.
	changed chan struct{}
}

// authenticate makes an authenticator of a source, which is given the client if it sends requests of its own.
func (c *Client) authenticate(source CredentialSource) *authenticator {
	if source, ok := source.(interface{ connect(c *Client) }); ok {
		source.connect(c)
	}
	return &authenticator{source: source, secrets: c.secrets, log: c.log, known: map[Credential]*credentialState{}}
}

// renew makes the source replace a refused credential. It tells whether there may be another one.
func (a *authenticator) renew(refused Credential) bool {
	source, ok := a.source.(interface {
		renew(refused Credential, proven bool) bool
	})
	a.mu.Lock()
	proven := a.state(refused).proven
	a.mu.Unlock()
	return ok && source.renew(refused, proven)
}

// state is called under the lock.
func (a *authenticator) state(credential Credential) *credentialState {
	if a.known[credential] == nil {
		a.known[credential] = &credentialState{changed: make(chan struct{})}
	}
	return a.known[credential]
}

// lease is a credential on loan for one attempt. It has to be released.
type lease struct {
	Credential
	*credentialState

	auth    *authenticator
	service Service
	host    string
	// since is when an unproven credential went out; zero for a proven one.
	since time.Time
}

// describe names the credential and its origin without a secret, as in "access key …0001 (provider block)".
func (l *lease) describe() string {
	return fmt.Sprintf("%s (%s)", l.Credential, strings.TrimPrefix(l.auth.source.Origin(), "the "))
}

// borrow gives the credential for one attempt at a host, after waiting for its turn. The error is a *TurnError when the context ended
// first, wraps [ErrNoCredential] when there is no credential, and is a *RefusedError when it was refused before; then the lease is given
// beside it.
func (a *authenticator) borrow(ctx context.Context, service Service, host string) (*lease, error) {
	credential, err := a.source.Credential(ctx)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoCredential, err)
	}
	a.secrets.add(credential.SecretKey, credential.SecurityToken, credential.Token)
	a.secrets.addKey(credential.AccessKey)
	a.logged.Do(func() {
		a.log.InfoContext(ctx, "credential chosen", "credential", credential.String(), "origin", a.source.Origin())
	})
	a.mu.Lock()
	defer a.mu.Unlock()
	r := a.state(credential)
	l := &lease{Credential: credential, credentialState: r, auth: a, service: service, host: host}
	r.queue = append(r.queue, l)
	defer r.remove(&r.queue, l)
	for {
		now := time.Now()
		switch {
		case r.refusal != nil:
			return l, &RefusedError{r.refusal}
		case r.proven:
			return l, nil
		case r.next(now) == l:
			l.since = now
			r.inFlight = append(r.inFlight, l)
			return l, nil
		}
		hosts, changed, pause := r.hosts(), r.changed, r.pause(now)
		a.mu.Unlock()
		err := waitFor(ctx, changed, pause)
		a.mu.Lock()
		if err != nil {
			return nil, &TurnError{Hosts: hosts, Err: err}
		}
	}
}

// next is the first in the queue that may go out unproven now, or nil.
func (r *credentialState) next(now time.Time) *lease {
	if len(r.inFlight) == maxUnproven || r.pause(now) > 0 {
		return nil
	}
	for _, l := range r.queue {
		if !slices.ContainsFunc(r.inFlight, func(out *lease) bool { return out.service == l.service }) {
			return l
		}
	}
	return nil
}

// pause is how long it takes until every request under way has had its time alone.
func (r *credentialState) pause(now time.Time) time.Duration {
	if len(r.inFlight) == 0 {
		return 0
	}
	return r.inFlight[len(r.inFlight)-1].since.Add(firstAnswerWait).Sub(now)
}

// hosts are those whose answer is waited for; when none is under way, the one that is asked next. It is called while somebody waits.
func (r *credentialState) hosts() []string {
	if len(r.inFlight) == 0 {
		return []string{r.queue[0].host}
	}
	var hosts []string
	for _, out := range r.inFlight {
		hosts = append(hosts, out.host)
	}
	return hosts
}

// remove takes a lease out of one of the lists, and wakes who waits for a change.
func (r *credentialState) remove(list *[]*lease, l *lease) {
	*list = slices.DeleteFunc(*list, func(other *lease) bool { return other == l })
	close(r.changed)
	r.changed = make(chan struct{})
}

// waitFor waits for a change, for a pause that is above zero, or for the end of the context, which alone is an error.
func waitFor(ctx context.Context, changed <-chan struct{}, pause time.Duration) error {
	var over <-chan time.Time
	if pause > 0 {
		timer := time.NewTimer(pause)
		defer timer.Stop()
		over = timer.C
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-changed:
	case <-over:
	}
	return nil
}

// recordAnswer takes what the service said, and tells whether that declines the credential.
func (l *lease) recordAnswer(status int, body []byte, failure func() *Error) bool {
	refused, good := examine(status, body)
	l.auth.mu.Lock()
	defer l.auth.mu.Unlock()
	if refused && l.refusal == nil {
		l.refusal = failure()
	}
	l.proven = l.proven || good
	return refused
}

// release ends the loan.
func (l *lease) release() {
	l.auth.mu.Lock()
	defer l.auth.mu.Unlock()
	l.remove(&l.inFlight, l)
}

// TurnError says that nothing was sent before the context ended: the credential was not proven yet, and other requests were to prove it.
type TurnError struct {
	// Hosts are those whose answer was waited for, one at least.
	Hosts []string
	// Err is the end of the context.
	Err error
}

func (e *TurnError) Error() string {
	return fmt.Sprintf("not sent, waiting for the first answer of %s to this credential: %s", strings.Join(e.Hosts, " and "), e.Err)
}

func (e *TurnError) Unwrap() error { return e.Err }
