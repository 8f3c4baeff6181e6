package acceptance

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/linnet-delivery/linnet/pkg/loadtest/generator"
)

// maxBody bounds how much of an answer is read, in bytes.
const maxBody = 1 << 20

// Request is one HTTP request, and what its answer has to match.
type Request struct {
	Method string
	URL    string
	Host   string
	Header http.Header
	Body   []byte
	// Timeout is for the request as a whole; zero is none.
	Timeout         time.Duration
	FollowRedirects bool
	Insecure        bool
	// FailOnStatus makes a status of 400 or above a no. Without it any answer will do, as with curl.
	FailOnStatus bool
	// DropBody leaves the body out of the output.
	DropBody bool
	// Append is put behind the body; %{http_code} in it stands for the status.
	Append string
	// Greps are applied one after another to the output. Each of them has to let a line through.
	Greps []Grep
}

// Hostname returns the host that is asked.
func (r Request) Hostname() string {
	u, err := url.Parse(r.URL)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

// Run sends the request and matches the answer.
func (r Request) Run(ctx context.Context, dial generator.Dial) (string, error) {
	transport := &http.Transport{
		DialContext:       dial,
		DisableKeepAlives: true,
		TLSClientConfig:   &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: r.Insecure}, //nolint:gosec // asked for by the test
	}
	client := &http.Client{Transport: transport, Timeout: r.Timeout}
	if !r.FollowRedirects {
		client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	}
	output, err := r.ask(ctx, client)
	if err != nil {
		return output, err
	}
	for _, g := range r.Greps {
		if output, err = g.filter(output); err != nil {
			return output, err
		}
	}
	return output, nil
}

func (r Request) ask(ctx context.Context, client *http.Client) (string, error) {
	req, err := http.NewRequestWithContext(ctx, r.Method, r.URL, bytes.NewReader(r.Body))
	if err != nil {
		return "", fmt.Errorf("make the request: %w", err)
	}
	req.Host = r.Host
	if r.Header != nil {
		req.Header = r.Header.Clone()
	}
	resp, err := client.Do(req)
	if err != nil {
		return "", fmt.Errorf("ask the application: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	if err != nil {
		return "", fmt.Errorf("read the answer: %w", err)
	}
	if r.FailOnStatus && resp.StatusCode >= http.StatusBadRequest {
		return "", fmt.Errorf("%s answered %s", r.URL, resp.Status)
	}
	return r.output(string(body), resp.StatusCode), nil
}

func (r Request) output(body string, status int) string {
	if r.DropBody {
		body = ""
	}
	return body + strings.ReplaceAll(r.Append, "%{http_code}", strconv.Itoa(status))
}
