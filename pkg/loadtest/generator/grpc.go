package generator

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"fortio.org/fortio/periodic"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
)

// grpcClient makes the calls of one connection.
type grpcClient struct {
	conn     *grpc.ClientConn
	call     string
	service  string
	metadata metadata.MD
	timeout  time.Duration
}

func newGRPCClient(p Plan, g Generator) (*grpcClient, error) {
	address, secure, err := p.address()
	if err != nil {
		return nil, err
	}
	opts := []grpc.DialOption{
		grpc.WithNoProxy(),
		grpc.WithUserAgent(g.UserAgent),
		grpc.WithTransportCredentials(transportCredentials(secure, p.Insecure)),
		grpc.WithContextDialer(func(ctx context.Context, address string) (net.Conn, error) {
			return g.Dial(ctx, "tcp", address)
		}),
	}
	if p.Host != "" {
		opts = append(opts, grpc.WithAuthority(p.Host))
	}
	// The name is resolved by the dial function, which knows what it may resolve to.
	conn, err := grpc.NewClient("passthrough:///"+address, opts...)
	if err != nil {
		return nil, fmt.Errorf("open a gRPC channel to %s: %w", address, err)
	}
	return &grpcClient{
		conn: conn, call: p.Call, service: p.Service, timeout: p.Timeout,
		metadata: pairs(p.Header),
	}, nil
}

func transportCredentials(secure, skipVerify bool) credentials.TransportCredentials {
	if !secure {
		return insecure.NewCredentials()
	}
	return credentials.NewTLS(&tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: skipVerify}) //nolint:gosec // asked for in the plan
}

func pairs(h http.Header) metadata.MD {
	md := metadata.MD{}
	for k, v := range h {
		md.Append(k, v...)
	}
	return md
}

// Run makes one call. A health check must answer SERVING; of other calls, any answer is a good one.
func (c *grpcClient) Run(ctx context.Context, _ periodic.ThreadID) (bool, string) {
	if c.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.timeout)
		defer cancel()
	}
	ctx = metadata.NewOutgoingContext(ctx, c.metadata)
	if c.call != "" {
		err := c.conn.Invoke(ctx, "/"+strings.TrimPrefix(c.call, "/"), &emptypb.Empty{}, &emptypb.Empty{})
		return err == nil, status.Code(err).String()
	}
	answer, err := grpc_health_v1.NewHealthClient(c.conn).Check(ctx, &grpc_health_v1.HealthCheckRequest{Service: c.service})
	if err != nil {
		return false, status.Code(err).String()
	}
	return answer.GetStatus() == grpc_health_v1.HealthCheckResponse_SERVING, answer.GetStatus().String()
}

func (c *grpcClient) close() { _ = c.conn.Close() }
