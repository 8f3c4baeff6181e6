package generator

import (
	"context"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"fortio.org/fortio/periodic"
)

// Dial opens a connection, or refuses to.
type Dial func(ctx context.Context, network, address string) (net.Conn, error)

// Generator sends load. It holds no state between runs; runs may overlap.
type Generator struct {
	// Dial opens every connection.
	Dial Dial
	// UserAgent is sent by requests that name none.
	UserAgent string
}

// client is one connection's sender.
type client interface {
	periodic.Runnable
	close()
}

// Run sends the load of a plan and returns what came of it. It ends early, with the result so far and ctx's error, when
// ctx does. Each request is told to observe as it ends, from several goroutines; observe may be nil.
func (g Generator) Run(ctx context.Context, p Plan, observe func(outcome string, took time.Duration)) (Result, error) {
	if err := p.Validate(); err != nil {
		return Result{}, err
	}
	clients, err := g.clients(p)
	defer func() {
		for _, c := range clients {
			c.close()
		}
	}()
	if err != nil {
		return Result{}, err
	}
	rec := &recorder{ctx: ctx, outcomes: map[string]int64{}, observe: observe}
	stop := periodic.NewAborter()
	runner := periodic.NewPeriodicRunner(options(p, len(clients), rec, stop))
	// Only now: making the runner empties the list that it is given.
	for i, c := range clients {
		runner.Options().Runners[i] = c
	}
	unwatch := context.AfterFunc(ctx, func() { stop.Abort(false) })
	defer unwatch()
	result := newResult(runner.Run(), rec.outcomes)
	return result, ctx.Err()
}

func (g Generator) clients(p Plan) ([]client, error) {
	made := make([]client, 0, p.workers())
	for range p.workers() {
		c, err := g.client(p)
		if err != nil {
			return made, err
		}
		made = append(made, c)
	}
	return made, nil
}

func (g Generator) client(p Plan) (client, error) {
	if p.Protocol == GRPC {
		return newGRPCClient(p, g)
	}
	return newHTTPClient(p, g), nil
}

func options(p Plan, workers int, rec *recorder, stop *periodic.Aborter) *periodic.RunnerOptions {
	o := &periodic.RunnerOptions{
		RunType:     string(p.Protocol),
		QPS:         p.QPS,
		Duration:    p.Duration,
		NumThreads:  workers,
		Percentiles: percentiles,
		Resolution:  0.0001, // a tenth of a millisecond
		Out:         io.Discard,
		Stop:        stop,
		// Connections take turns, so that two of them don't send at the same moment.
		Uniform:      true,
		NoCatchUp:    !p.CatchUp,
		AccessLogger: rec,
	}
	if p.QPS == 0 {
		o.QPS = -1
	}
	if p.Requests > 0 {
		o.Exactly, o.Duration = p.Requests, -1
	}
	return o
}

// recorder gives each request the context of its run, and counts how requests ended. It stands in for Fortio's access log.
type recorder struct {
	ctx     context.Context // Fortio starts requests without a context; this is where they get it
	observe func(outcome string, took time.Duration)

	mu       sync.Mutex
	outcomes map[string]int64
}

// Start returns the context of the run.
func (r *recorder) Start(context.Context, periodic.ThreadID, int64, time.Time) context.Context {
	return r.ctx
}

// Report counts a request that ended.
func (r *recorder) Report(_ context.Context, _ periodic.ThreadID, _ int64, _ time.Time, seconds float64, _ bool, outcome string) {
	r.mu.Lock()
	r.outcomes[outcome]++
	r.mu.Unlock()
	if r.observe != nil {
		r.observe(outcome, time.Duration(seconds*float64(time.Second)))
	}
}

// Info returns what Fortio would print about the log.
func (r *recorder) Info() string { return fmt.Sprintf("%T", r) }
