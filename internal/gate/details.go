package gate

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// detailsTimeout bounds the reading of details, which must not delay a failure for long.
const detailsTimeout = time.Minute

// ErrDetailsTimeout is the cause of details that were not read within detailsTimeout, although the read had more time.
var ErrDetailsTimeout = errors.New("the names could not be read within a minute")

// readDetails calls read with detailsTimeout.
func readDetails[T any](ctx context.Context, read func(context.Context) (T, error)) (T, error) {
	brief, cancel := context.WithTimeout(ctx, detailsTimeout)
	defer cancel()
	list, err := read(brief)
	end, _ := brief.Deadline()
	if whole, ok := ctx.Deadline(); ok && !end.Before(whole) {
		return list, err
	}
	if err != nil && (brief.Err() != nil || pauseExceedsDeadline(err)) {
		err = fmt.Errorf("%w: %w", ErrDetailsTimeout, err)
	}
	return list, err
}

// ErrUntrusted is the cause of details that were read, but contradict each other or lack what is needed.
var ErrUntrusted = errors.New("cannot be trusted")

func untrusted(what, why string) error { return fmt.Errorf("%s %w: %s", what, ErrUntrusted, why) }

func (r *Report) setCulprits(failed *table) {
	r.Culprits = failed.lines[:min(len(failed.lines), maxCulprits)]
	r.MoreCulprits = failed.total - int64(len(r.Culprits))
}

// setListedCulprits is setCulprits for a listing, which may be incomplete. It returns failed, or nil if nothing is listed.
func (r *Report) setListedCulprits(failed *table, kind string, unread []string) *table {
	listed := int64(len(failed.lines))
	if listed < min(failed.total, maxCulprits) {
		r.UnreadDetails = fmt.Errorf("the service counts %s, but lists %d", plural(failed.total, kind, kind+"s"), listed)
	}
	if listed == 0 {
		return nil
	}
	r.UnreadFields = append(r.UnreadFields, unread...)
	r.setCulprits(failed)
	return failed
}
