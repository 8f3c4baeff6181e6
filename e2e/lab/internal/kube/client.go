package kube

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// Dial opens a connection; a lab's dial function opens it inside the lab's network namespace.
type Dial func(ctx context.Context, network, address string) (net.Conn, error)

// Client sends requests to one API server. It is safe for use by several goroutines.
type Client struct {
	http      *http.Client
	server    string
	resources resources
}

// NewClient returns a client for the cluster and user of a kubeconfig.
func NewClient(config Config, dial Dial) (*Client, error) {
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(config.CA) {
		return nil, errors.New("read certificate authority: no certificate in it")
	}
	pair, err := tls.X509KeyPair(config.Cert, config.Key)
	if err != nil {
		return nil, fmt.Errorf("read client certificate: %w", err)
	}
	transport := &http.Transport{
		DialContext:         dial,
		TLSClientConfig:     &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12},
		ForceAttemptHTTP2:   true,
		TLSHandshakeTimeout: 5 * time.Second,
	}
	return &Client{http: &http.Client{Transport: transport, Timeout: 30 * time.Second}, server: config.Server}, nil
}

// StatusError is an answer that is not 2xx.
type StatusError struct {
	Code    int
	Message string
}

func (e *StatusError) Error() string { return fmt.Sprintf("%d: %s", e.Code, e.Message) }

// IsNotFound reports whether the API server answered 404.
func IsNotFound(err error) bool {
	var status *StatusError
	return errors.As(err, &status) && status.Code == http.StatusNotFound
}

// Get reads path and decodes the answer into out; a nil out only checks that the answer is 2xx.
func (c *Client) Get(ctx context.Context, path string, out any) error {
	return c.do(ctx, http.MethodGet, path, "", nil, out)
}

// Delete deletes the object at path, without waiting until it is gone. An object that is not there is no error.
func (c *Client) Delete(ctx context.Context, path string) error {
	err := c.do(ctx, http.MethodDelete, path, "", nil, nil)
	if IsNotFound(err) {
		return nil
	}
	return err
}

// Text reads path as plain text.
func (c *Client) Text(ctx context.Context, path string) (string, error) {
	data, err := c.send(ctx, http.MethodGet, path, "", nil)
	return string(data), err
}

func (c *Client) do(ctx context.Context, method, path, contentType string, body []byte, out any) error {
	data, err := c.send(ctx, method, path, contentType, body)
	if err != nil || out == nil {
		return err
	}
	if err := json.Unmarshal(data, out); err != nil {
		return fmt.Errorf("parse answer of %s %s: %w", method, path, err)
	}
	return nil
}

// send returns the body of a 2xx answer.
func (c *Client) send(ctx context.Context, method, path, contentType string, body []byte) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, c.server+path, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("build request %s %s: %w", method, path, err)
	}
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	answer, err := c.http.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, fmt.Errorf("read answer of %s %s: %w", method, path, err)
	}
	if answer.StatusCode/100 != 2 {
		return nil, &StatusError{Code: answer.StatusCode, Message: message(data)}
	}
	return data, nil
}

// message takes the sentence out of a Status object, or the body as it is.
func message(body []byte) string {
	var status struct {
		Message string `json:"message"`
	}
	if json.Unmarshal(body, &status) == nil && status.Message != "" {
		return status.Message
	}
	return string(bytes.TrimSpace(body))
}

// Ready returns nil when the API server says that it is ready.
func (c *Client) Ready(ctx context.Context) error {
	return c.do(ctx, http.MethodGet, "/readyz", "", nil, nil)
}
