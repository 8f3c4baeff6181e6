package metrics

import (
	"fmt"
	"io"
	"net/http"
)

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
