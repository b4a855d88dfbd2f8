package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
)

// temporary is a credential with its end.
type temporary struct {
	Credential

	issued, expires time.Time
}

// fresh tells whether the credential has more than a fifth of its life before it, five minutes at most.
func (t temporary) fresh(now time.Time) bool {
	return !t.expires.IsZero() && now.Before(t.expires.Add(-min(t.expires.Sub(t.issued)/5, 5*time.Minute)))
}

// renewing is a source whose credentials run out. It fetches the next one before that, under one lock. A fetch that was refused is
// not tried again: repeated failures lock accounts.
type renewing struct {
	origin string
	fetch  func(ctx context.Context) (temporary, error)
	// explain words a failed fetch.
	explain func(error) error
	// final tells whether a failed fetch must not be repeated.
	final func(error) bool
	turn  *semaphore.Weighted

	mu      sync.Mutex
	current temporary
	failed  error
}

func newRenewing(origin string, fetch func(context.Context) (temporary, error)) *renewing {
	return &renewing{
		origin: origin, fetch: fetch, final: isRefusal, turn: semaphore.NewWeighted(1),
		explain: func(err error) error { return fmt.Errorf("%s: %w", origin, err) },
	}
}

// Origin implements CredentialSource.
func (r *renewing) Origin() string { return r.origin }

// Credential implements CredentialSource.
func (r *renewing) Credential(ctx context.Context) (Credential, error) {
	if current, settled, err := r.known(); settled {
		return current, err
	}
	if err := r.turn.Acquire(ctx, 1); err != nil {
		return Credential{}, err
	}
	defer r.turn.Release(1)
	// Another reader may have fetched it meanwhile.
	if current, settled, err := r.known(); settled {
		return current, err
	}
	next, err := r.fetch(ctx)
	if err != nil {
		err = r.explain(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil {
		next.issued = time.Now()
		r.current = next
		return next.Credential, nil
	}
	if r.final(err) {
		r.failed = err
	}
	if time.Now().Before(r.current.expires) {
		// What there is still works.
		return r.current.Credential, nil
	}
	return Credential{}, err
}

// known gives what needs no fetch: a fresh credential, or the reason why there will be none.
func (r *renewing) known() (credential Credential, settled bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	if r.failed != nil {
		if now.Before(r.current.expires) {
			return r.current.Credential, true, nil
		}
		return Credential{}, true, r.failed
	}
	return r.current.Credential, r.current.fresh(now), nil
}

// renew makes the next read fetch another credential than the refused one.
func (r *renewing) renew(refused Credential, _ bool) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.current.Credential == refused {
		r.current = temporary{}
	}
	return true
}

// isRefusal tells whether a service looked at a log-in and declined.
func isRefusal(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Status >= 400 && e.Status < 500 && e.Status != http.StatusTooManyRequests
}
