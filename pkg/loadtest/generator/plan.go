package generator

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"
)

// Protocol is how requests travel.
type Protocol string

const (
	// HTTP1 is HTTP/1.1, in clear or over TLS as the URL says.
	HTTP1 Protocol = "http1"
	// HTTP2 is HTTP/2; with a URL that starts with http:// it is spoken from the first byte, without an upgrade.
	HTTP2 Protocol = "http2"
	// GRPC is unary gRPC calls.
	GRPC Protocol = "grpc"
)

// Plan is a load to send. The zero values of QPS, Requests and Timeout mean: as fast as possible, as long as
// Duration says, and no limit. Either Duration or Requests must be set; with both, Requests counts.
type Plan struct {
	Protocol Protocol
	// URL is http:// or https:// with host, port and path; for GRPC only scheme, host and port are used.
	URL    string
	Method string
	// Host is the Host header, or the authority of gRPC. Empty is that of the URL.
	Host   string
	Header http.Header
	Body   []byte

	// QPS is requests per second over all connections together.
	QPS         float64
	Connections int
	Duration    time.Duration
	Requests    int64
	// Timeout is that of one request.
	Timeout time.Duration
	// CatchUp sends what a slow target made late as soon as it answers again. Without it, what is late is left out.
	CatchUp bool

	// NewConnections closes the connection after each request.
	NewConnections bool
	// FollowRedirects goes where a redirect points, if connections are allowed there.
	FollowRedirects bool
	// Insecure accepts any certificate.
	Insecure bool

	// Call is the gRPC method, such as pkg.Service/Method, sent with an empty message. Empty is a health check.
	Call string
	// Service is the name that a gRPC health check asks for.
	Service string
}

// Validate returns an error with a sentence for people when the plan can't be run.
func (p Plan) Validate() error {
	u, err := url.Parse(p.URL)
	if err != nil {
		return fmt.Errorf("the URL can't be read: %w", err)
	}
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return fmt.Errorf("the URL %q must start with http:// or https://", p.URL)
	case u.Hostname() == "":
		return fmt.Errorf("the URL %q names no host", p.URL)
	case p.Connections < 1:
		return fmt.Errorf("the number of connections is %d, and must be 1 at least", p.Connections)
	case p.QPS < 0:
		return fmt.Errorf("the rate is %v requests per second, and must not be negative", p.QPS)
	case p.Duration <= 0 && p.Requests <= 0:
		return errors.New("neither a duration nor a number of requests is set")
	case p.Protocol != HTTP1 && p.Protocol != HTTP2 && p.Protocol != GRPC:
		return fmt.Errorf("the protocol %q is none of http1, http2 and grpc", p.Protocol)
	}
	return nil
}

// Hostname returns the host that connections go to, without its port.
func (p Plan) Hostname() string {
	u, err := url.Parse(p.URL)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

// address returns host:port for gRPC, with the scheme's port when the URL has none, and whether it is TLS.
func (p Plan) address() (string, bool, error) {
	u, err := url.Parse(p.URL)
	if err != nil {
		return "", false, fmt.Errorf("read the URL: %w", err)
	}
	secure := u.Scheme == "https"
	port := u.Port()
	switch {
	case port != "":
	case secure:
		port = "443"
	default:
		port = "80"
	}
	return net.JoinHostPort(u.Hostname(), port), secure, nil
}

// workers returns on how many connections the plan runs: no more than every second request, since Fortio would not
// use the others.
func (p Plan) workers() int {
	calls := p.Requests
	if calls <= 0 {
		if p.QPS == 0 {
			return p.Connections
		}
		calls = int64(p.QPS * p.Duration.Seconds())
	}
	return max(1, min(p.Connections, int(min(calls/2, 1<<20))))
}
