// Package target decides where load may go: to Services of the cluster, and to what an operator has allowed besides.
// It looks at names, and opens the connections itself, so that nothing can be looked up twice with two answers.
package target

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path"
	"strings"
)

// ErrRefused is wrapped by the error about a host that load may not go to.
var ErrRefused = errors.New("is no Service of the cluster, and no --allow-target covers it")

// Policy says which hosts load may go to.
type Policy struct {
	// Allow are patterns of hosts besides Services, such as *.example.com. * stands for any text, dots included.
	Allow []string
}

// Validate returns an error for a pattern that can't be read.
func (p Policy) Validate() error {
	for _, pattern := range p.Allow {
		if _, err := path.Match(pattern, ""); err != nil {
			return fmt.Errorf("--allow-target %q: %w", pattern, err)
		}
	}
	return nil
}

// Check returns an error that wraps ErrRefused and says what to do, unless load may go to host, a name or address without port.
func (p Policy) Check(host string) error {
	_, err := p.resolve(host)
	return err
}

// resolve returns the name to look up for host. A name of two parts is one of a Service and its namespace,
// so .svc is appended: otherwise example.com would leave the cluster.
func (p Policy) resolve(host string) (string, error) {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if p.allowed(host) {
		return host, nil
	}
	if net.ParseIP(host) != nil || host == "localhost" || !labels(host) {
		return "", fmt.Errorf("the target %q %w", host, ErrRefused)
	}
	switch {
	case strings.HasSuffix(host, ".svc"), strings.HasSuffix(host, ".svc.cluster.local"), !strings.Contains(host, "."):
		return host, nil
	case strings.Count(host, ".") == 1:
		return host + ".svc", nil
	default:
		return "", fmt.Errorf("the target %q %w", host, ErrRefused)
	}
}

func (p Policy) allowed(host string) bool {
	for _, pattern := range p.Allow {
		if ok, err := path.Match(strings.ToLower(pattern), host); ok && err == nil {
			return true
		}
	}
	return false
}

// labels says whether host is made of DNS labels, the way Services and namespaces are named.
func labels(host string) bool {
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			return false
		}
	}
	return true
}

// Dialer returns a function that opens connections to allowed targets only, by dial.
func (p Policy) Dialer(dial func(ctx context.Context, network, address string) (net.Conn, error)) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		host, port, err := net.SplitHostPort(address)
		if err != nil {
			return nil, fmt.Errorf("read the address: %w", err)
		}
		name, err := p.resolve(host)
		if err != nil {
			return nil, err
		}
		return dial(ctx, network, net.JoinHostPort(name, port))
	}
}
