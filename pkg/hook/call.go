package hook

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/outbound"
)

const defaultTimeout = 10 * time.Second

// call posts p to w, again and again as the webhook's retries allow, and
// returns the last reply. Every try has the whole timeout and the same key.
func (c *Caller) call(ctx context.Context, w flaggerv1.CanaryWebhook, p payload, key string) reply {
	body, err := json.Marshal(p)
	if err != nil {
		panic(err) // strings always marshal
	}
	header := http.Header{}
	header.Set("Content-Type", "application/json")
	header.Set("Idempotency-Key", key)
	return c.post(ctx, w, header, body)
}

// post posts what is ready to be sent.
func (c *Caller) post(ctx context.Context, w flaggerv1.CanaryWebhook, header http.Header, body []byte) reply {
	header.Set("User-Agent", c.userAgent)
	poster := c.verifying
	if w.DisableTLS {
		poster = c.trusting
	}
	r := poster.Send(ctx, outbound.Post{URL: w.URL, Header: header, Body: body, Timeout: timeoutOf(w), Retries: w.Retries})
	return reply{Reply: r, webhook: w, at: c.now()}
}

// timeoutOf returns how long one try of w may take: 10 s unless it says otherwise.
func timeoutOf(w flaggerv1.CanaryWebhook) time.Duration {
	d, err := time.ParseDuration(w.Timeout)
	if err != nil || d <= 0 {
		return defaultTimeout
	}
	return d
}
