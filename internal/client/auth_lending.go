package client

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync"

	"golang.org/x/sync/semaphore"
)

// authenticator hands credentials out so that a wrong one does little harm: more than five failures lock an access key. The first
// request with a credential goes alone; once it was refused, no other request uses it.
type authenticator struct {
	source  CredentialSource
	secrets *redactor
	log     *slog.Logger
	alone   *semaphore.Weighted
	logged  sync.Once

	mu      sync.Mutex
	proven  map[Credential]bool
	refused map[Credential]*Error
}

// authenticate makes an authenticator of a source, which is given the client if it sends requests of its own.
func (c *Client) authenticate(source CredentialSource) *authenticator {
	if source, ok := source.(connector); ok {
		source.connect(c)
	}
	return &authenticator{
		source: source, secrets: c.secrets, log: c.log, alone: semaphore.NewWeighted(1),
		proven: map[Credential]bool{}, refused: map[Credential]*Error{},
	}
}

// expire makes the source replace a refused credential. It tells whether the source is one that can.
func (a *authenticator) expire(refused Credential) bool {
	source, ok := a.source.(interface{ expire(refused Credential) })
	if ok {
		source.expire(refused)
	}
	return ok
}

// lease is a credential on loan for one attempt. Its end has to be told: to answered, or to release when no answer came.
type lease struct {
	Credential

	auth  *authenticator
	alone bool
}

// describe names the credential and its origin without a secret.
func (l *lease) describe() string {
	return fmt.Sprintf("%s, from %s", l.Credential, l.auth.source.Origin())
}

// borrow gives the credential for one attempt, after waiting for its first use to end. The error is a *refusedError when the
// credential was refused before.
func (a *authenticator) borrow(ctx context.Context) (*lease, error) {
	credential, err := a.source.Credential(ctx)
	if err != nil {
		return nil, &credentialError{err}
	}
	a.secrets.add(credential.SecretKey, credential.SecurityToken, credential.Token)
	a.logged.Do(func() {
		a.log.InfoContext(ctx, "credential chosen", "credential", credential.String(), "origin", a.source.Origin())
	})
	if lease, err := a.known(credential); lease != nil || err != nil {
		return lease, err
	}
	if err := a.alone.Acquire(ctx, 1); err != nil {
		return nil, err
	}
	// What happened while this one waited may have settled the question.
	if lease, err := a.known(credential); lease != nil || err != nil {
		a.alone.Release(1)
		return lease, err
	}
	return &lease{Credential: credential, auth: a, alone: true}, nil
}

// known gives a credential that has proven good, or the reason why it must not be used again, or neither.
func (a *authenticator) known(credential Credential) (*lease, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if first := a.refused[credential]; first != nil {
		return nil, &refusedError{credential, first}
	}
	if a.proven[credential] {
		return &lease{Credential: credential, auth: a}, nil
	}
	return nil, nil //nolint:nilnil // neither is an answer of its own here
}

// answered ends the loan with what the service said.
func (l *lease) answered(status int, failure *Error) {
	l.auth.mu.Lock()
	switch {
	case status == http.StatusUnauthorized:
		l.auth.refused[l.Credential] = failure
	case isSuccess(status), status == http.StatusBadRequest, status == http.StatusForbidden:
		// The others are said by proxies, or by gateways before they look at the credential.
		l.auth.proven[l.Credential] = true
	}
	l.auth.mu.Unlock()
	l.release()
}

func (l *lease) release() {
	if l.alone {
		l.auth.alone.Release(1)
		l.alone = false
	}
}

// credentialError says that no credential could be had; nothing was sent.
type credentialError struct{ err error }

func (e *credentialError) Error() string { return e.err.Error() }
func (e *credentialError) Unwrap() error { return e.err }

// refusedError says that nothing was sent, since the credential has been refused before.
type refusedError struct {
	credential Credential
	first      *Error
}

func (e *refusedError) Error() string { return "the credential was refused before: " + e.first.Error() }
