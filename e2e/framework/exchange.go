package framework

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"
)

// maxBody bounds how much of an answer is kept; podinfo's is about 400 bytes.
const maxBody = 64 << 10

// Reply is what came back for one request.
type Reply struct {
	// Code is the HTTP status, or 0 when no complete answer came back.
	Code int
	// Fault says why there is none: dial, write, timeout, closed or garbled. Empty otherwise.
	Fault string
	// Detail is the error in full.
	Detail string
	Header http.Header
	Body   []byte
}

// exchange is one keep-alive connection over which requests go one after the other.
//
// It speaks HTTP/1.1 itself because net/http sends a request again without
// telling when a kept connection turns out to be closed: just such a request
// is one that a user might have lost.
type exchange struct {
	address string
	request []byte
	timeout time.Duration
	conn    net.Conn
	reader  *bufio.Reader
}

func newExchange(address string, request []byte, timeout time.Duration) *exchange {
	return &exchange{address: address, request: request, timeout: timeout}
}

// do sends the request once and reads the whole answer, for which ctx bounds only the opening of
// a connection. After a fault, or when the server says so, the next call opens a new one.
func (e *exchange) do(ctx context.Context) Reply {
	if e.conn == nil {
		if err := e.open(ctx); err != nil {
			return Reply{Fault: "dial", Detail: err.Error()}
		}
	}
	reply, keep := e.roundTrip()
	if !keep {
		e.close()
	}
	return reply
}

func (e *exchange) roundTrip() (reply Reply, keep bool) {
	if err := e.conn.SetDeadline(time.Now().Add(e.timeout)); err != nil {
		return Reply{Fault: "write", Detail: err.Error()}, false
	}
	if _, err := e.conn.Write(e.request); err != nil {
		return Reply{Fault: faultOf(err, "write"), Detail: err.Error()}, false
	}
	answer, err := http.ReadResponse(e.reader, nil)
	if err != nil {
		return Reply{Fault: faultOf(err, "garbled"), Detail: fmt.Sprintf("read answer: %v", err)}, false
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := readBody(answer.Body)
	if err != nil {
		return Reply{Fault: faultOf(err, "garbled"), Detail: fmt.Sprintf("read body of a %d: %v", answer.StatusCode, err)}, false
	}
	return Reply{Code: answer.StatusCode, Header: answer.Header, Body: body}, !answer.Close
}

func readBody(r io.Reader) ([]byte, error) {
	var b bytes.Buffer
	_, err := io.Copy(&b, io.LimitReader(r, maxBody+1))
	if err == nil && b.Len() > maxBody {
		return nil, fmt.Errorf("more than %d bytes", maxBody)
	}
	return b.Bytes(), err
}

func (e *exchange) open(ctx context.Context) error {
	dialer := net.Dialer{Timeout: e.timeout}
	conn, err := dialer.DialContext(ctx, "tcp", e.address)
	if err != nil {
		return err
	}
	e.conn, e.reader = conn, bufio.NewReader(conn)
	return nil
}

func (e *exchange) close() {
	if e.conn != nil {
		_ = e.conn.Close()
	}
	e.conn, e.reader = nil, nil
}

// faultOf tells a slow server from one that went away; anything else is called otherwise.
func faultOf(err error, otherwise string) string {
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return "timeout"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), isReset(err):
		return "closed"
	}
	return otherwise
}

// isReset reports whether the other side tore the connection down.
func isReset(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && !op.Timeout()
}
