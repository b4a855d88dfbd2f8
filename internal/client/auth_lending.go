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
	// firstAnswerPatience is the time for which a request with an unproven credential is the only one.
	firstAnswerPatience = 2 * time.Second
	// mostUnproven bounds the requests under way with an unproven credential: more than five refusals in a row lock an access key.
	mostUnproven = 3
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
	known map[Credential]*record
}

// record is what is known of one credential.
type record struct {
	proven bool
	// refusal is the first answer that declined it.
	refusal *Error
	// out are the unproven requests under way, queue those that wait for their turn, in the order in which they came.
	out, queue []*lease
	// changed is closed, and replaced, when any of this changes.
	changed chan struct{}
}

// authenticate makes an authenticator of a source, which is given the client if it sends requests of its own.
func (c *Client) authenticate(source CredentialSource) *authenticator {
	if source, ok := source.(connector); ok {
		source.connect(c)
	}
	return &authenticator{source: source, secrets: c.secrets, log: c.log, known: map[Credential]*record{}}
}

// renew makes the source replace a refused credential. It tells whether there may be another one.
func (a *authenticator) renew(refused Credential) bool {
	source, ok := a.source.(interface {
		renew(refused Credential, proven bool) bool
	})
	return ok && source.renew(refused, a.isProven(refused))
}

func (a *authenticator) isProven(credential Credential) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.record(credential).proven
}

// record is called under the lock.
func (a *authenticator) record(credential Credential) *record {
	if a.known[credential] == nil {
		a.known[credential] = &record{changed: make(chan struct{})}
	}
	return a.known[credential]
}

// lease is a credential on loan for one attempt. Its end has to be told: to answered, or to release when no answer came.
type lease struct {
	Credential

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

// borrow gives the credential for one attempt at a host, after waiting for its turn. The error is a *credentialError when there is
// none available, a *refusedError when it was refused before, a *TurnError when the context ended first.
func (a *authenticator) borrow(ctx context.Context, service Service, host string) (*lease, error) {
	credential, err := a.source.Credential(ctx)
	if err != nil {
		return nil, &credentialError{err}
	}
	a.secrets.add(credential.SecretKey, credential.SecurityToken, credential.Token)
	a.secrets.addKey(credential.AccessKey)
	a.logged.Do(func() {
		a.log.InfoContext(ctx, "credential chosen", "credential", credential.String(), "origin", a.source.Origin())
	})
	l := &lease{Credential: credential, auth: a, service: service, host: host}
	a.mu.Lock()
	defer a.mu.Unlock()
	r := a.record(credential)
	r.queue = append(r.queue, l)
	defer r.leave(l)
	for {
		now := time.Now()
		switch {
		case r.refusal != nil:
			return nil, &refusedError{credential, r.refusal}
		case r.proven:
			return l, nil
		case r.next(now) == l:
			l.since = now
			r.out = append(r.out, l)
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
func (r *record) next(now time.Time) *lease {
	if len(r.out) == mostUnproven || r.pause(now) > 0 {
		return nil
	}
	for _, l := range r.queue {
		if !slices.ContainsFunc(r.out, func(out *lease) bool { return out.service == l.service }) {
			return l
		}
	}
	return nil
}

// pause is how long it takes until every request under way has had its time alone.
func (r *record) pause(now time.Time) time.Duration {
	if len(r.out) == 0 {
		return 0
	}
	return r.out[len(r.out)-1].since.Add(firstAnswerPatience).Sub(now)
}

// hosts are those whose answer is waited for; when none is under way, the one that is asked next. It is called while somebody waits.
func (r *record) hosts() []string {
	if len(r.out) == 0 {
		return []string{r.queue[0].host}
	}
	var hosts []string
	for _, out := range r.out {
		hosts = append(hosts, out.host)
	}
	return hosts
}

func (r *record) leave(l *lease) {
	r.queue = slices.DeleteFunc(r.queue, func(other *lease) bool { return other == l })
	r.wake()
}

func (r *record) wake() {
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

// answered ends the loan with what the service said, and tells whether that declines the credential.
func (l *lease) answered(status int, body []byte, failure func() *Error) bool {
	found := examine(status, body)
	l.auth.mu.Lock()
	r := l.auth.record(l.Credential)
	switch found {
	case refused:
		if r.refusal == nil {
			r.refusal = failure()
		}
	case accepted:
		r.proven = true
	case inconclusive:
	}
	l.auth.mu.Unlock()
	l.release()
	return found == refused
}

// release ends the loan. Ending it again does nothing.
func (l *lease) release() {
	l.auth.mu.Lock()
	defer l.auth.mu.Unlock()
	r := l.auth.record(l.Credential)
	if left := slices.DeleteFunc(slices.Clone(r.out), func(out *lease) bool { return out == l }); len(left) < len(r.out) {
		r.out = left
		r.wake()
	}
}

// credentialError says that no credential was available; nothing was sent.
type credentialError struct{ err error }

func (e *credentialError) Error() string { return e.err.Error() }
func (e *credentialError) Unwrap() error { return e.err }

// refusedError says that nothing was sent, since the credential has been refused before.
type refusedError struct {
	credential Credential
	first      *Error
}

func (e *refusedError) Error() string { return "the credential was refused before: " + e.first.Error() }

// TurnError says that nothing was sent before the context ended: the credential was not proven yet, and other requests were to prove it.
type TurnError struct {
	// Hosts are those whose answer was waited for, one at least.
	Hosts []string
	// Err is the end of the context.
	Err error
}

// Error implements error.
func (e *TurnError) Error() string {
	return fmt.Sprintf("not sent, waiting for the first answer of %s to this credential: %s", strings.Join(e.Hosts, " and "), e.Err)
}

// Unwrap gives the end of the context.
func (e *TurnError) Unwrap() error { return e.Err }
