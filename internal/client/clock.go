package client

import (
	"net/http"
	"time"
)

// Now returns the time of the service that answered last if this machine's clock is behind it, else that of this machine. A clock that is
// behind must not make something old look new.
func (c *Client) Now() time.Time { return time.Now().Add(time.Duration(c.clockBehind.Load())) }

// observeClock compares this machine's clock with the time of an answer, which is rounded down to a second.
func (c *Client) observeClock(answer http.Header) {
	if served, err := http.ParseTime(answer.Get("Date")); err == nil {
		c.clockBehind.Store(int64(max(time.Until(served), 0)))
	}
}
