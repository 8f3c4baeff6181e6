package acceptance

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"

	"github.com/linnet-delivery/linnet/pkg/loadtest/generator"
)

// Probe is one gRPC health check.
type Probe struct {
	// Address is host:port.
	Address string
	// Service is the name to ask for; empty is the server as a whole.
	Service        string
	ConnectTimeout time.Duration
	CallTimeout    time.Duration
	TLS            bool
	// Insecure accepts any certificate.
	Insecure bool
	// ServerName is the name that the certificate must be for, and the authority of the call. Empty is that of Address.
	ServerName string
	UserAgent  string
}

// Hostname returns the host that is asked.
func (p Probe) Hostname() string {
	host, _, err := net.SplitHostPort(p.Address)
	if err != nil {
		return ""
	}
	return host
}

// Run connects, asks, and says no unless the answer is SERVING.
func (p Probe) Run(ctx context.Context, dial generator.Dial) (string, error) {
	conn, err := grpc.NewClient("passthrough:///"+p.Address, p.options(dial)...)
	if err != nil {
		return "", fmt.Errorf("open a gRPC channel to %s: %w", p.Address, err)
	}
	defer func() { _ = conn.Close() }()
	if err := p.connect(ctx, conn); err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, p.CallTimeout)
	defer cancel()
	answer, err := grpc_health_v1.NewHealthClient(conn).Check(ctx, &grpc_health_v1.HealthCheckRequest{Service: p.Service})
	if err != nil {
		return "", fmt.Errorf("check the health of %s: %w", p.Address, err)
	}
	if answer.GetStatus() != grpc_health_v1.HealthCheckResponse_SERVING {
		return "", fmt.Errorf("%s is %s", p.Address, answer.GetStatus())
	}
	return fmt.Sprintf("status: %s\n", answer.GetStatus()), nil
}

// connect waits until the channel is up, for ConnectTimeout at most. A connection that is refused is tried again.
func (p Probe) connect(ctx context.Context, conn *grpc.ClientConn) error {
	ctx, cancel := context.WithTimeout(ctx, p.ConnectTimeout)
	defer cancel()
	conn.Connect()
	for state := conn.GetState(); state != connectivity.Ready; state = conn.GetState() {
		if !conn.WaitForStateChange(ctx, state) {
			return errors.Join(fmt.Errorf("connect to %s within %s: the channel is %s", p.Address, p.ConnectTimeout, state), ctx.Err())
		}
	}
	return nil
}

func (p Probe) options(dial generator.Dial) []grpc.DialOption {
	opts := []grpc.DialOption{
		grpc.WithNoProxy(),
		grpc.WithUserAgent(p.UserAgent),
		grpc.WithContextDialer(func(ctx context.Context, address string) (net.Conn, error) { return dial(ctx, "tcp", address) }),
	}
	if p.ServerName != "" {
		opts = append(opts, grpc.WithAuthority(p.ServerName))
	}
	if !p.TLS {
		return append(opts, grpc.WithTransportCredentials(insecure.NewCredentials()))
	}
	return append(opts, grpc.WithTransportCredentials(credentials.NewTLS(&tls.Config{
		MinVersion: tls.VersionTLS12, ServerName: p.ServerName, InsecureSkipVerify: p.Insecure, //nolint:gosec // asked for by the test
	})))
}
