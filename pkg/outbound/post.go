package outbound

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

const (
	firstPause   = time.Second
	longestPause = 30 * time.Second
	maxBodyBytes = 64 << 10
)

// Post is something to post, once or several times.
type Post struct {
	URL    string
	Header http.Header
	Body   []byte
	// Timeout is how long one try may take, Retries how many more there may be.
	Timeout time.Duration
	Retries int
}

// Poster posts. It is safe for concurrent use.
type Poster struct {
	Client *http.Client
	// Wait blocks for d or until ctx ends, whose error it then returns; nil means a timer.
	Wait func(ctx context.Context, d time.Duration) error
}

// Send posts p, again and again as its retries allow, and returns the last
// reply. It pauses 1 s, 2 s, 4 s … 30 s in between, or as long as the server
// asks for, within the same 30 s.
func (p Poster) Send(ctx context.Context, post Post) Reply {
	pause := firstPause
	for try := 1; ; try++ {
		r := p.try(ctx, post)
		r.Tries = try
		if !r.passing() || try > post.Retries {
			return r
		}
		if err := p.wait(ctx, min(max(pause, r.after), longestPause)); err != nil {
			return r
		}
		pause = min(2*pause, longestPause)
	}
}

func (p Poster) try(ctx context.Context, post Post) Reply {
	ctx, cancel := context.WithTimeoutCause(ctx, post.Timeout, fmt.Errorf("no answer within %s", post.Timeout))
	defer cancel()

	req, err := http.NewRequestWithContext(ctx, http.MethodPost, post.URL, bytes.NewReader(post.Body))
	if err != nil {
		return Reply{Err: errors.New("its url is not valid"), final: true}
	}
	req.Header = post.Header.Clone()
	resp, err := p.Client.Do(req)
	if err != nil {
		return Reply{Err: unreached(ctx, err)}
	}
	defer func() { _ = resp.Body.Close() }()
	body, _ := io.ReadAll(io.LimitReader(resp.Body, maxBodyBytes)) // what cannot be read is left out: the code is the answer
	return Reply{Code: resp.StatusCode, Body: body, after: retryAfter(resp.Header)}
}

func (p Poster) wait(ctx context.Context, d time.Duration) error {
	if p.Wait != nil {
		return p.Wait(ctx, d)
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// unreached returns why a call got no answer, without the address: it may hold a secret.
func unreached(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		return wrapped.Err
	}
	return err
}

// retryAfter returns the pause that a busy server asks for, 0 for none.
func retryAfter(h http.Header) time.Duration {
	seconds, err := strconv.ParseUint(h.Get("Retry-After"), 10, 16)
	if err != nil {
		return 0
	}
	return time.Duration(seconds) * time.Second
}
