package loadtest

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"regexp"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/linnet-delivery/linnet/pkg/loadtest/gate"
	"github.com/linnet-delivery/linnet/pkg/loadtest/target"
)

// Options are what a Server works with.
type Options struct {
	Log *slog.Logger
	Now func() time.Time
	// Registry is where metrics are registered, and what /metrics shows.
	Registry *prometheus.Registry
	// StateDir holds the gates. Empty keeps them in memory.
	StateDir string
	// Timeout is how long a task may run.
	Timeout time.Duration
	// Namespaces is what the namespace of a payload must match; nil is every namespace.
	Namespaces *regexp.Regexp
	// Targets says where load may go.
	Targets target.Policy
	// AllowExec runs what is not built in, in a shell or as a program of the image.
	AllowExec bool
	// RunsPerNamespace is how many tasks a namespace may have at the same time.
	RunsPerNamespace int
	// Connections is how many connections a load may have.
	Connections int
	// UserAgent is sent with requests that name none.
	UserAgent string
	// Dial opens connections to names that Targets has let through; nil is a net.Dialer's.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// connectTimeout bounds how long a connection takes to open.
const connectTimeout = 10 * time.Second

func (o Options) withDefaults() Options {
	if o.Dial == nil {
		o.Dial = (&net.Dialer{Timeout: connectTimeout}).DialContext
	}
	return o
}

// New returns a Server whose tasks end when ctx does.
func New(ctx context.Context, o Options) (*Server, error) {
	if err := o.Targets.Validate(); err != nil {
		return nil, err
	}
	o = o.withDefaults()
	gates, err := gate.Open(o.StateDir)
	if err != nil {
		return nil, err
	}
	m, err := newMeter(o.Registry)
	if err != nil {
		return nil, fmt.Errorf("register metrics: %w", err)
	}
	return &Server{
		Options: o, ctx: ctx, gates: gates, meter: m,
		runs: newRuns(o.Now, o.RunsPerNamespace),
	}, nil
}
