package client

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"
)

const (
	// renewalLimit bounds one sign-in with all its retries.
	renewalLimit = 5 * time.Minute
	// renewalPause is how long the failure of a sign-in counts for all readers. It is longer than Terraform takes to start the
	// reads that are left, so that a hundred of them make one sign-in, and shorter than the pause after which a person tries again.
	renewalPause = 30 * time.Second
	// refusalPause is how soon a refused credential may be replaced again, however often it is refused.
	refusalPause = 10 * time.Minute
	// minLifetime is how long a new credential counts as valid, whatever its end says: a clock that is ahead must not make every
	// read sign in.
	minLifetime = time.Minute
)

// temporary is a credential with its end.
type temporary struct {
	Credential

	issuedAt, expiresAt time.Time
}

// valid tells whether the credential can be used.
func (t temporary) valid(now time.Time) bool { return now.Before(t.expiresAt) }

// fresh tells whether the credential has more than a fifth of its life before it, five minutes at most.
func (t temporary) fresh(now time.Time) bool {
	return t.valid(now.Add(min(t.expiresAt.Sub(t.issuedAt)/5, 5*time.Minute)))
}

// renewing is a source whose credentials expire. One sign-in at a time fetches the next one, for all readers. It begins before the
// current credential ends; until that end readers go on with it. A failure is shared by all readers for a while, and for ever when the
// service declined: repeated refusals lock accounts.
type renewingSource struct {
	origin string
	fetch  func(ctx context.Context) (temporary, error)
	// explain words a failed fetch.
	explain func(error) error
	// final tells whether a failed fetch must not be repeated; issued, whether an earlier one succeeded.
	final func(err error, issued bool) bool
	// request is where the sign-in's request goes; without a path where no request can be named.
	request call
	client  *Client
	log     *slog.Logger

	mu      sync.Mutex
	current temporary
	// issued tells whether there was ever a credential.
	issued bool
	// flight is the sign-in under way, nil for none.
	flight *flight
	// failure is that of the last sign-in, which counts until retryAt, or for ever when that is zero.
	failure error
	retryAt time.Time
	// refusedAt is when a refused credential was last given up, and replaces tells that current has taken the place of such a one.
	refusedAt time.Time
	replaces  bool
}

// flight is one sign-in. Its fields but waiting are set when done is closed.
type flight struct {
	done    chan struct{}
	cancel  context.CancelFunc
	waiting int

	credential Credential
	err        error
}

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

// Credential implements CredentialSource. It waits only when there is no valid credential.
func (r *renewingSource) Credential(ctx context.Context) (Credential, error) {
	current, f, err := r.credentialOrFlight(ctx)
	if f == nil {
		return current, err
	}
	select {
	case <-f.done:
		return f.credential, f.err
	case <-ctx.Done():
		r.abandon(f)
		return Credential{}, r.interruptedError(ctx)
	}
}

// credentialOrFlight gives the valid credential, or the failure that counts, or else the sign-in to wait for, which it begins in time.
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

// interruptedError is the error of a reader whose context ended while a sign-in was under way.
func (r *renewingSource) interruptedError(ctx context.Context) error {
	request := r.request
	request.body = jsonObject{} // makes it a POST
	if request.path != nil {
		if x, err := r.client.newExchange(ctx, request); err == nil {
			e := x.newError()
			e.Attempts, e.Err = 1, ctx.Err()
			return fmt.Errorf("%s: %w", r.origin, e)
		}
	}
	return fmt.Errorf("waiting for %s: %w", r.origin, ctx.Err())
}

// start begins a sign-in, which does not end with the reader that asked first. It is called under the lock.
func (r *renewingSource) start(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), renewalLimit)
	f := &flight{done: make(chan struct{}), cancel: cancel}
	r.flight = f
	go func() {
		defer cancel()
		next, err := r.fetch(ctx)
		if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
			// A reader must not take the sign-in's deadline for its own.
			err = fmt.Errorf("given up after %s: %s", renewalLimit, err.Error())
		}
		r.finish(ctx, f, next, err)
	}()
}

// finish takes over what a sign-in brought.
func (r *renewingSource) finish(ctx context.Context, f *flight, next temporary, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	defer close(f.done)
	if r.flight != f {
		// Nobody waits for it any more, and another one may be under way.
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

// abandon takes a reader off a sign-in, which is canceled when the last one leaves.
func (r *renewingSource) abandon(f *flight) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f.waiting--
	if f.waiting == 0 && r.flight == f {
		r.flight = nil
		f.cancel()
	}
}

// renew gives a refused credential up, so that the next read fetches another one. It tells whether there may be one: a credential that
// took the place of a refused one and was refused unproven is not replaced, nor is any within the pause after the last refusal.
func (r *renewingSource) renew(refused Credential, proven bool) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.current.Credential != refused {
		// It has been replaced; this refusal comes late.
		return true
	}
	now := time.Now()
	if (r.replaces && !proven) || now.Before(r.refusedAt.Add(refusalPause)) {
		return false
	}
	r.current, r.refusedAt = temporary{}, now
	return true
}

// isDeclined tells whether a service looked at a sign-in, or a look-up, and declined.
func isDeclined(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && (isRefusal(e.Status, e.Code) || (e.Status >= 400 && e.Status < 500 && e.Status != http.StatusTooManyRequests))
}
