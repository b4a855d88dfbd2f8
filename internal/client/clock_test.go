package client

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// The clock of the service that answered last counts if it is ahead.
func TestNow(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		dates []time.Duration // of the answers, from now
		want  time.Duration
	}{
		"no answer":             {nil, 0},
		"exact":                 {[]time.Duration{0}, 0},
		"ahead":                 {[]time.Duration{10 * time.Minute}, 10 * time.Minute},
		"behind":                {[]time.Duration{-10 * time.Minute}, 0},
		"ahead, then corrected": {[]time.Duration{10 * time.Minute, 0}, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			c := &Client{}
			for _, date := range test.dates {
				c.observeClock(http.Header{"Date": {time.Now().Add(date).UTC().Format(http.TimeFormat)}})
			}
			c.observeClock(http.Header{"Date": {"soon"}})
			c.observeClock(nil)
			if got := time.Until(c.Now()); got != test.want {
				t.Errorf("%s: now is %s ahead, want %s", name, got, test.want)
			}
			time.Sleep(time.Hour)
			if got := time.Until(c.Now()); got != test.want {
				t.Errorf("%s: an hour later, now is %s ahead, want %s", name, got, test.want)
			}
		})
	}
}
