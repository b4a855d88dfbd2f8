package client

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
)

// Answer is an answer as it came.
type Answer struct {
	Status int
	Body   []byte
}

// Look sends a GET and gives whatever answer comes, with its status. It is for looking at what an API does, not for reading it: nothing
// of the body is checked, and it may hold what must not be shown. The error is that of a request without an answer.
func (c *Client) Look(
	ctx context.Context, service Service, target Target, header http.Header, query url.Values, path ...string,
) (Answer, error) {
	x, err := c.newExchange(ctx, call{service: service, target: target, path: path, query: query, header: header})
	if err != nil {
		return Answer{}, err
	}
	x.auth = c.auth
	got, err := x.run(ctx)
	if err != nil {
		return Answer{}, err
	}
	defer x.free()
	return Answer{Status: got.status, Body: bytes.Clone(got.body)}, nil
}
