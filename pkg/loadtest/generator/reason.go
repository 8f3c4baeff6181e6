package generator

import (
	"context"
	"errors"
	"io"
	"net"
	"syscall"

	"github.com/linnet-delivery/linnet/pkg/loadtest/target"
)

// reason returns why there was no answer, as one of a few names that are fit for a label.
func reason(err error) string {
	var timeout net.Error
	var dns *net.DNSError
	switch {
	case errors.Is(err, context.Canceled):
		return "cancelled"
	case errors.Is(err, target.ErrRefused):
		return "target refused"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "timeout"
	case errors.As(err, &dns):
		return "no such host"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "connection reset"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "connection closed"
	default:
		return "other"
	}
}
