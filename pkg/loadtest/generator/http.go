package generator

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"strconv"
	"time"

	"fortio.org/fortio/periodic"
)

// httpClient sends the requests of one connection.
type httpClient struct {
	plan      Plan
	client    *http.Client
	userAgent string
}

func newHTTPClient(p Plan, g Generator) *httpClient {
	c := &http.Client{Transport: newTransport(p, g.Dial), Timeout: p.Timeout}
	if !p.FollowRedirects {
		c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	}
	return &httpClient{plan: p, client: c, userAgent: g.UserAgent}
}

func newTransport(p Plan, dial Dial) *http.Transport {
	var protocols http.Protocols
	if p.Protocol == HTTP2 {
		protocols.SetHTTP2(true)
		protocols.SetUnencryptedHTTP2(true)
	} else {
		protocols.SetHTTP1(true)
	}
	return &http.Transport{
		DialContext:         dial,
		Protocols:           &protocols,
		MaxConnsPerHost:     1,
		MaxIdleConnsPerHost: 1,
		IdleConnTimeout:     90 * time.Second,
		DisableCompression:  true,
		DisableKeepAlives:   p.NewConnections,
		TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: p.Insecure}, //nolint:gosec // asked for in the plan
	}
}

// Run sends one request and reads its answer to the end.
func (c *httpClient) Run(ctx context.Context, _ periodic.ThreadID) (bool, string) {
	req, err := c.request(ctx)
	if err != nil {
		return false, reason(err)
	}
	resp, err := c.client.Do(req)
	if err != nil {
		return false, reason(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return false, reason(err)
	}
	return resp.StatusCode < http.StatusBadRequest, strconv.Itoa(resp.StatusCode)
}

func (c *httpClient) request(ctx context.Context) (*http.Request, error) {
	var body io.Reader
	if len(c.plan.Body) > 0 {
		body = bytes.NewReader(c.plan.Body)
	}
	req, err := http.NewRequestWithContext(ctx, c.plan.Method, c.plan.URL, body)
	if err != nil {
		return nil, err
	}
	if c.plan.Header != nil {
		req.Header = c.plan.Header.Clone()
	}
	if req.Header.Get("User-Agent") == "" {
		req.Header.Set("User-Agent", c.userAgent)
	}
	if c.plan.Host != "" {
		req.Host = c.plan.Host
	}
	return req, nil
}

func (c *httpClient) close() { c.client.CloseIdleConnections() }
