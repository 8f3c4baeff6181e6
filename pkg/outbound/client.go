package outbound

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"
	"time"
)

const (
	connectTimeout = 10 * time.Second
	idleTimeout    = 90 * time.Second
	maxHeaderBytes = 64 << 10
	maxIdlePerHost = 4
)

// Options are what clients differ in. The zero value is the strictest.
type Options struct {
	// AllowLoopback lets addresses be on the machine of the controller, for
	// development. A pod's loopback has the sidecar's admin port on it.
	AllowLoopback bool
	// AnyCertificate accepts any certificate of the server.
	AnyCertificate bool
	// Proxy is used for every request; nil takes it from the environment.
	Proxy *url.URL
}

// NewClient returns a client that follows no redirect and keeps connections open
// between calls. A call has no deadline but that of its context.
func NewClient(o Options) *http.Client {
	proxy := http.ProxyFromEnvironment
	if o.Proxy != nil {
		proxy = http.ProxyURL(o.Proxy)
	}
	return &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			Proxy:                  proxy,
			DialContext:            NewDialer(o.AllowLoopback).DialContext,
			TLSHandshakeTimeout:    connectTimeout,
			TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: o.AnyCertificate}, //nolint:gosec // the user's own setting asks for it
			ForceAttemptHTTP2:      true,
			DisableCompression:     true,
			MaxIdleConnsPerHost:    maxIdlePerHost,
			IdleConnTimeout:        idleTimeout,
			MaxResponseHeaderBytes: maxHeaderBytes,
		},
	}
}

// NewDialer returns a dialer that refuses addresses of the machine itself, such
// as those of cloud metadata, and loopback unless it is allowed. It judges what
// is dialled, so a name that resolves differently the second time gains nothing.
func NewDialer(allowLoopback bool) *net.Dialer {
	return &net.Dialer{
		Timeout: connectTimeout,
		ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
			return admit(address, allowLoopback)
		},
	}
}

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
		return fmt.Errorf("address %s is not allowed: it is reserved for the machine itself", ip)
	}
	return nil
}

// awsMetadata is the one metadata address that is not link-local.
var awsMetadata = netip.MustParseAddr("fd00:ec2::254")
