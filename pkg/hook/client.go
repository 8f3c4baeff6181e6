package hook

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"
)

const (
	connectTimeout = 10 * time.Second
	idleTimeout    = 90 * time.Second
	maxHeaderBytes = 64 << 10
	maxIdlePerHost = 4
)

// newClient returns a client that follows no redirect. trusting makes it accept
// any certificate. A call has no deadline but that of its context.
func newClient(allowLoopback, trusting bool) *http.Client {
	dialer := &net.Dialer{
		Timeout: connectTimeout,
		ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
			return admit(address, allowLoopback)
		},
	}
	return &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			DialContext:            dialer.DialContext,
			TLSHandshakeTimeout:    connectTimeout,
			TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: trusting}, //nolint:gosec // disableTLS of the webhook asks for it
			ForceAttemptHTTP2:      true,
			DisableCompression:     true,
			MaxIdleConnsPerHost:    maxIdlePerHost,
			IdleConnTimeout:        idleTimeout,
			MaxResponseHeaderBytes: maxHeaderBytes,
		},
	}
}

// admit returns an error for addresses that no webhook lives at, such as those
// of cloud metadata. It judges what is dialled, so a name that resolves
// differently the second time gains nothing.
func admit(address string, allowLoopback bool) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("parse address %q: %w", address, err)
	}
	ip := at.Addr().Unmap().WithZone("")
	switch {
	case ip.IsLoopback() && allowLoopback:
		return nil
	case ip.IsLoopback(), ip.IsUnspecified(), ip.IsLinkLocalUnicast(), ip.IsMulticast(), ip == awsMetadata:
		return fmt.Errorf("webhooks may not be at %s, which is reserved for the machine itself", ip)
	}
	return nil
}

// awsMetadata is the one metadata address that is not link-local.
var awsMetadata = netip.MustParseAddr("fd00:ec2::254")

// wait blocks for d, or until ctx ends.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
