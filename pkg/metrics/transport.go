package metrics

import (
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"syscall"
)

// refuseLinkLocal keeps addresses that users write from reaching the metadata
// service of a cloud. It runs after the name was resolved, so no DNS answer gets round it.
func refuseLinkLocal(_, address string, _ syscall.RawConn) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("parse address %s: %w", address, err)
	}
	ip := ap.Addr().Unmap()
	if ip.IsLinkLocalUnicast() || ip.IsMulticast() || ip.IsUnspecified() || ip == netip.MustParseAddr("fd00:ec2::254") {
		return fmt.Errorf("address %s is not allowed", ip)
	}
	return nil
}

// cappedTransport ends answers that are too long with an error.
type cappedTransport struct {
	http.RoundTripper
	max int64
}

// RoundTrip sends a request.
func (t cappedTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := t.RoundTripper.RoundTrip(req)
	if err == nil {
		resp.Body = &cappedBody{ReadCloser: resp.Body, left: t.max, max: t.max}
	}
	return resp, err
}

type cappedBody struct {
	io.ReadCloser
	left, max int64
}

// Read reads on until the limit.
func (b *cappedBody) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, fault(fmt.Sprintf("gave an answer of more than %d bytes", b.max))
	}
	n, err := b.ReadCloser.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}
