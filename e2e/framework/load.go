package framework

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// LoadConfig says whom to ask, and how often.
type LoadConfig struct {
	// Address is host:port of the gateway.
	Address string
	// Host is the Host header, which picks the route.
	Host string
	// Path defaults to podinfo's /api/info, the cheapest of its answers that names version and pod.
	Path string
	// Header is sent with each request, one "Name: value" a line.
	Header []string
	// Fresh opens a connection for each request, as callers do that a kept one would bind to a pod.
	Fresh bool
	// Rate is in requests per second over all connections, at least 1.
	Rate int
	// Connections is how many keep-alive connections carry it. Defaults to 50, at most one request is
	// under way on each.
	Connections int
	// Timeout bounds one request. Defaults to 30 s.
	Timeout time.Duration
	// Who names pod and version behind an upstream address, for answers that do
	// not say it themselves. Optional.
	Who func(peer string) (pod, version string)
}

func (c LoadConfig) withDefaults() LoadConfig {
	if c.Path == "" {
		c.Path = "/api/info"
	}
	if c.Connections == 0 {
		c.Connections = 50
	}
	if c.Timeout == 0 {
		c.Timeout = 30 * time.Second
	}
	return c
}

// slack is how far the load may run behind its schedule before it gives slots
// up. What is given up is counted in [Tally.Unsent], and was never sent.
const slack = time.Second

// Load offers requests at a constant rate, whatever becomes of the answers, and
// counts every single one. It never repeats a request.
type Load struct {
	config LoadConfig
	tally  *Tally
	begin  time.Time
	period time.Duration
	slot   atomic.Int64
	stop   context.CancelFunc
	done   sync.WaitGroup
}

// StartLoad begins to send, and goes on until Stop is called or ctx ends.
func StartLoad(ctx context.Context, config LoadConfig) *Load {
	config = config.withDefaults()
	ctx, stop := context.WithCancel(ctx)
	now := time.Now()
	l := &Load{
		config: config,
		tally:  newTally(now),
		begin:  now,
		period: time.Second / time.Duration(config.Rate),
		stop:   stop,
	}
	request := config.request()
	for range config.Connections {
		l.done.Go(func() { l.work(ctx, newExchange(config.Address, request, config.Timeout)) })
	}
	return l
}

// Stop sends nothing more, waits for the answers that are due and returns the counts.
func (l *Load) Stop() *Tally {
	l.stop()
	l.done.Wait()
	l.tally.end(time.Now())
	return l.tally
}

// Tally returns the counts so far, and goes on counting in them.
func (l *Load) Tally() *Tally { return l.tally }

func (c LoadConfig) request() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: linnet-load\r\nAccept: application/json\r\n", c.Path, c.Host)
	if c.Fresh {
		b.WriteString("Connection: close\r\n")
	}
	for _, line := range c.Header {
		b.WriteString(line + "\r\n")
	}
	b.WriteString("\r\n")
	return b.Bytes()
}

// work sends the requests of one connection: always the next free slot of the common schedule.
func (l *Load) work(ctx context.Context, e *exchange) {
	defer e.close()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		timer.Reset(time.Until(l.nextSlot()))
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		if ctx.Err() != nil {
			return // both were ready
		}
		l.send(context.WithoutCancel(ctx), e)
	}
}

func (l *Load) send(ctx context.Context, e *exchange) {
	began := time.Now()
	reply := e.do(ctx)
	s := l.config.sampleOf(reply)
	s.Began, s.Took = began, time.Since(began)
	l.tally.add(s)
}

// nextSlot takes the next slot of the schedule. Slots that are longer ago than
// the slack are given up first, so that a stall is not followed by a flood.
func (l *Load) nextSlot() time.Time {
	at := l.timeOf(l.slot.Add(1) - 1)
	late := time.Since(at) - slack
	if late <= 0 {
		return at
	}
	missed := int64(late / l.period)
	l.slot.Add(missed)
	l.tally.giveUp(missed)
	return at
}

func (l *Load) timeOf(slot int64) time.Time {
	return l.begin.Add(time.Duration(slot) * l.period)
}

// sampleOf reads out of an answer who gave it: podinfo names version and pod in
// its body; of any other answer only the route's own headers tell.
func (c LoadConfig) sampleOf(r Reply) Sample {
	s := Sample{Code: r.Code, Fault: r.Fault, Detail: r.Detail}
	s.Cluster, s.Peer = r.Header.Get(ClusterHeader), r.Header.Get(PeerHeader)
	if r.Code == http.StatusOK {
		s.Version, s.Pod = field(r.Body, "version"), field(r.Body, "hostname")
	}
	if s.Pod == "" && s.Peer != "" && c.Who != nil {
		s.Pod, s.Version = c.Who(s.Peer)
	}
	return s
}

// field returns the value of a string in a JSON object without decoding the
// whole, which would cost more than the request. It is empty when there is none.
func field(body []byte, name string) string {
	_, rest, ok := bytes.Cut(body, []byte(`"`+name+`"`))
	if !ok {
		return ""
	}
	_, rest, _ = bytes.Cut(rest, []byte(`"`))
	value, _, _ := bytes.Cut(rest, []byte(`"`))
	return string(value)
}
