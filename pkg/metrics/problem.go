package metrics

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"unicode"

	promv1 "github.com/prometheus/client_golang/api/prometheus/v1"
)

// maxMessage bounds what reaches status and events, in bytes.
const maxMessage = 256

// fault says what is wrong with an answer; it goes on a sentence that starts with the server.
type fault string

// Error returns the text.
func (f fault) Error() string { return string(f) }

// explain turns an error of the Prometheus client into the end of a sentence that starts with the server.
func (a *Analyst) explain(err error) error {
	var (
		transport *url.Error
		answered  *promv1.Error
		bad       fault
		broken    net.Error
	)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("did not answer within %s", a.Timeout)
	case errors.As(err, &transport):
		// The URL in it can hold a password, and the host has been named.
		return fmt.Errorf("cannot be reached: %w", transport.Err)
	case errors.As(err, &answered):
		return fmt.Errorf("answered: %s", answered.Msg)
	case errors.As(err, &bad):
		return bad
	case errors.As(err, &broken), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("broke off its answer: %w", err)
	}
	// The decoder's own words quote the answer and mean nothing to a reader.
	return errors.New("gave an answer that cannot be read")
}

// short makes a text fit for status and events: one line, printable, at most maxMessage bytes.
func short(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r):
			return -1
		}
		return r
	}, text)
	if len(text) <= maxMessage {
		return text
	}
	const end = "…"
	cut := maxMessage - len(end)
	return strings.ToValidUTF8(text[:cut], "") + end
}
