package hook

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
)

const (
	defaultTimeout = 10 * time.Second
	firstPause     = time.Second
	longestPause   = 30 * time.Second
)

// call posts p to w, again and again as the webhook's retries allow, and
// returns the last reply. Every try has the whole timeout and the same key.
func (c *Caller) call(ctx context.Context, w flaggerv1.CanaryWebhook, p payload, key string) reply {
	body, err := json.Marshal(p)
	if err != nil {
		panic(err) // strings always marshal
	}
	pause := firstPause
	for try := 1; ; try++ {
		r := c.try(ctx, w, body, key)
		r.webhook, r.tries, r.at = w, try, c.now()
		if !r.passing() || try > w.Retries {
			return r
		}
		if err := c.wait(ctx, pause); err != nil {
			return r
		}
		pause = min(2*pause, longestPause)
	}
}

// try posts body once.
func (c *Caller) try(ctx context.Context, w flaggerv1.CanaryWebhook, body []byte, key string) reply {
	timeout := timeoutOf(w)
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, fmt.Errorf("no answer within %s", timeout))
	defer cancel()

	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.URL, bytes.NewReader(body))
	if err != nil {
		return reply{err: errors.New("its url is not valid"), final: true}
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", key)
	req.Header.Set("User-Agent", c.userAgent)

	client := c.verifying
	if w.DisableTLS {
		client = c.trusting
	}
	resp, err := client.Do(req)
	if err != nil {
		return reply{err: unreached(ctx, err)}
	}
	defer func() { _ = resp.Body.Close() }()
	return reply{code: resp.StatusCode, text: excerpt(resp.Body)}
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

// timeoutOf returns how long one try of w may take: 10 s unless it says otherwise.
func timeoutOf(w flaggerv1.CanaryWebhook) time.Duration {
	d, err := time.ParseDuration(w.Timeout)
	if err != nil || d <= 0 {
		return defaultTimeout
	}
	return d
}
