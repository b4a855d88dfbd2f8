package client

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// renewalLimit bounds one sign-in with all its retries.
	renewalLimit = 5 * time.Minute
	// renewalPause is how long all readers share the failure of a sign-in: long enough for all reads of a run, shorter than a person
	// takes to try again.
	renewalPause = 30 * time.Second
	// refusalPause is the shortest time between two replacements of a refused credential.
	refusalPause = 10 * time.Minute
	// minLifetime is how long a new credential counts as valid in any case: with a fast local clock not every read must sign in.
	minLifetime = time.Minute
)

// temporary is a credential that expires.
type temporary struct {
	Credential

	issuedAt, expiresAt time.Time
}

func (t temporary) valid(now time.Time) bool { return now.Before(t.expiresAt) }

// fresh reports whether more than a fifth of the lifetime is left, or more than five minutes.
func (t temporary) fresh(now time.Time) bool {
	return t.valid(now.Add(min(t.expiresAt.Sub(t.issuedAt)/5, 5*time.Minute)))
}

// renewingSource is a source of credentials that expire. One sign-in at a time fetches the next one for all readers, who use the current
// one until it expires. They share a failure for renewalPause, or forever if the service declined: repeated refusals lock accounts.
type renewingSource struct {
	origin string
	fetch  func(ctx context.Context) (temporary, error)
	// explain wraps the error of fetch.
	explain func(error) error
	// final reports whether a failed fetch must not be retried; issued is whether an earlier one succeeded.
	final func(err error, issued bool) bool
	// request is that of the sign-in.
	request call
	// base, if any, is the source of the credential that the sign-in needs.
	base   CredentialSource
	client *Client
	log    *slog.Logger

	mu      sync.Mutex
	current temporary
	// issued reports whether a fetch ever succeeded.
	issued bool
	// flight is the sign-in under way; nil if none.
	flight *flight
	// failure is that of the last sign-in. It counts until retryAt, or forever if that is zero.
	failure error
	retryAt time.Time
	// refusedAt is when a refused credential was last discarded. replaces reports that current has replaced a refused one.
	refusedAt time.Time
	replaces  bool
}

// flight is one sign-in. credential and err are valid after done is closed; waiting is guarded by the source's lock.
type flight struct {
	done    chan struct{}
	cancel  context.CancelFunc
	waiting int

	// request is the last request of the sign-in.
	request atomic.Pointer[call]

	credential Credential
	err        error
}

// flightKey is the key of a sign-in in the context of its requests.
type flightKey struct{}

func newRenewingSource(origin string, fetch func(context.Context) (temporary, error)) *renewingSource {
	return &renewingSource{
		origin: origin, fetch: fetch, log: slog.New(slog.DiscardHandler),
		final:   func(err error, _ bool) bool { return isDeclined(err) },
		explain: func(err error) error { return fmt.Errorf("%s: %w", origin, err) },
	}
}

func (r *renewingSource) connect(c *Client) {
	r.client, r.log = c, c.log
	r.request.target.Region = c.cfg.Region.Value
}

func (r *renewingSource) Origin() string { return r.origin }

// Credential waits only if there is no valid credential.
func (r *renewingSource) Credential(ctx context.Context) (Credential, error) {
	current, f, err := r.credentialOrFlight(ctx)
	if f == nil {
		return current, err
	}
	select {
	case <-f.done:
		return f.credential, f.err
	case <-ctx.Done():
		err := r.interruptedError(ctx)
		r.abandon(f)
		return Credential{}, err
	}
}

// credentialOrFlight returns a valid credential, the sign-in to wait for, or the failure that counts. It starts a sign-in if one is due.
func (r *renewingSource) credentialOrFlight(ctx context.Context) (Credential, *flight, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	failed := r.failure != nil && (r.retryAt.IsZero() || now.Before(r.retryAt))
	if r.flight == nil && !failed && !r.current.fresh(now) {
		r.start(ctx)
	}
	switch {
	case r.current.valid(now):
		return r.current.Credential, nil, nil
	case r.flight == nil:
		return Credential{}, nil, r.failure
	}
	r.flight.waiting++
	return Credential{}, r.flight, nil
}

// interruptedError is the error of a reader whose context ended during a sign-in.
func (r *renewingSource) interruptedError(ctx context.Context) error {
	origin, request := r.underWay()
	if request != nil {
		if x, err := r.client.newExchange(ctx, *request); err == nil {
			e := x.newError()
			e.Attempts, e.Err = 1, Interruption(ctx)
			return fmt.Errorf("%s: %w", origin, e)
		}
	}
	return fmt.Errorf("waiting for %s: %w", origin, Interruption(ctx))
}

// underWay returns what a reader waits for: the sign-in of base, as long as that has no credential, or that of r; and its last request, if
// it has sent one.
func (r *renewingSource) underWay() (origin string, request *call) {
	if base, ok := r.base.(interface {
		isWaitedFor() bool
		underWay() (string, *call)
	}); ok && base.isWaitedFor() {
		return base.underWay()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.flight == nil {
		return r.origin, nil
	}
	return r.origin, r.flight.request.Load()
}

// isWaitedFor reports whether a sign-in is under way that readers wait for.
func (r *renewingSource) isWaitedFor() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.flight != nil && !r.current.valid(time.Now())
}

// start starts a sign-in, which outlives the context of the reader. It must be called with the lock held.
func (r *renewingSource) start(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), renewalLimit)
	f := &flight{done: make(chan struct{}), cancel: cancel}
	ctx = context.WithValue(ctx, flightKey{}, f)
	r.flight = f
	go func() {
		defer cancel()
		next, err := r.fetch(ctx)
		if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
			// Unwrapped, since a reader must not mistake this deadline for its own.
			err = fmt.Errorf("given up after %s: %s", renewalLimit, err.Error())
		}
		r.finish(ctx, f, next, err)
	}()
}

// finish stores the result of a sign-in, unless it was abandoned.
func (r *renewingSource) finish(ctx context.Context, f *flight, next temporary, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	defer close(f.done)
	if r.flight != f {
		return
	}
	r.flight = nil
	now := time.Now()
	if err == nil {
		next.issuedAt = now
		if soon := now.Add(minLifetime); next.expiresAt.Before(soon) {
			next.expiresAt = soon
		}
		r.replaces = r.issued && r.current.expiresAt.IsZero()
		r.current, r.issued = next, true
		f.credential = next.Credential
		return
	}
	r.failure, r.retryAt = r.explain(err), now.Add(renewalPause)
	if r.final(err, r.issued) {
		r.retryAt = time.Time{}
	}
	f.err = r.failure
	if r.current.valid(now) {
		r.log.WarnContext(ctx, "renewal failed, the current credential goes on", "origin", r.origin, "until", r.current.expiresAt)
	}
}

// abandon removes a reader from a sign-in, and cancels it if it was the last one.
func (r *renewingSource) abandon(f *flight) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f.waiting--
	if f.waiting == 0 && r.flight == f {
		r.flight = nil
		f.cancel()
	}
}

// renew discards a refused credential, so that the next read fetches another one, and reports whether that may help. It does not within
// refusalPause after the last refusal, nor if the credential has replaced a refused one and was never proven.
func (r *renewingSource) renew(refused Credential, proven bool) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.current.Credential != refused {
		return true // it has been replaced since
	}
	now := time.Now()
	if (r.replaces && !proven) || now.Before(r.refusedAt.Add(refusalPause)) {
		return false
	}
	r.current, r.refusedAt = temporary{}, now
	return true
}

// isDeclined reports whether a service declined a request, so that a retry would be declined too.
func isDeclined(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && slices.Contains([]Kind{Rejected, Unauthorized, Forbidden, NotFound}, e.Kind())
}
