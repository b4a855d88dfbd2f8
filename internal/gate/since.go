package gate

import (
	"errors"
	"fmt"
	"time"
)

// maxClockSkew is how far the clock of this machine may be off.
const maxClockSkew = 10 * time.Minute

// Since is the time before which nothing counts.
type Since struct {
	at time.Time
	// ago is above zero if the time was given as a duration back from now; at is not used then.
	ago time.Duration
}

var errSince = errors.New("wanted a time in RFC 3339, such as 2026-11-28T20:00:00Z, or a duration back from now and above zero, such as 2h")

// ParseSince parses a time in RFC 3339, or a Go duration above zero, which counts back from now.
func ParseSince(value string) (*Since, error) {
	if ago, err := time.ParseDuration(value); err == nil {
		if ago <= 0 {
			return nil, errSince
		}
		return &Since{ago: ago}, nil
	}
	at, err := time.Parse(time.RFC3339, value)
	if err != nil {
		return nil, errSince
	}
	return &Since{at: at.UTC()}, nil
}

// Check returns an error if the time lies further in the future than a clock that is off explains.
func (s *Since) Check(now time.Time) error {
	if ahead := s.at.Sub(now); s.ago == 0 && ahead > maxClockSkew {
		return fmt.Errorf("it is %s ahead of this machine's clock", ahead.Round(time.Second))
	}
	return nil
}

// From returns the time for a read that begins now, by a clock that is not behind.
func (s *Since) From(now time.Time) time.Time {
	if s.ago > 0 {
		return now.Add(-s.ago).UTC()
	}
	return s.at
}

// Age returns how long ago the time is.
func (s *Since) Age(now time.Time) time.Duration { return now.Sub(s.From(now)) }

// FromNow reports whether the time was given as a duration back from now.
func (s *Since) FromNow() bool { return s.ago > 0 }
