package command

import (
	"errors"
	"flag"
	"net/http"
	"strconv"
	"time"

	"github.com/linnet-delivery/linnet/pkg/loadtest/generator"
)

// fortioFlags are those of fortio load that shape what is sent.
type fortioFlags struct {
	qps, payload, contentType, method, user, service string

	headers     repeated
	connections int
	requests    int64
	duration    time.Duration
	timeout     time.Duration
	http2, grpc bool
	keepAlive   bool
	insecure    bool
	follow      bool
	noCatchUp   bool
}

func (o *fortioFlags) bind(f *flag.FlagSet) {
	f.StringVar(&o.qps, "qps", "8", "")
	f.IntVar(&o.connections, "c", 4, "")
	f.Int64Var(&o.requests, "n", 0, "")
	f.DurationVar(&o.duration, "t", 5*time.Second, "")
	f.DurationVar(&o.timeout, "timeout", 3*time.Second, "")
	f.Var(&o.headers, "H", "")
	f.StringVar(&o.payload, "payload", "", "")
	f.StringVar(&o.contentType, "content-type", "", "")
	f.StringVar(&o.method, "X", "", "")
	f.StringVar(&o.user, "user", "", "")
	f.StringVar(&o.service, "healthservice", "", "")
	f.BoolVar(&o.http2, "h2", false, "")
	f.BoolVar(&o.grpc, "grpc", false, "")
	f.BoolVar(&o.keepAlive, "keepalive", true, "")
	f.BoolVar(&o.insecure, "k", false, "")
	f.BoolVar(&o.insecure, "https-insecure", false, "")
	f.BoolVar(&o.follow, "L", false, "")
	f.BoolVar(&o.noCatchUp, "nocatchup", false, "")
	ignore(f,
		[]string{"a", "json", "labels", "loglevel", "p", "r", "gomaxprocs", "offset", "runid"},
		[]string{"quiet", "uniform", "jitter", "stdclient", "allow-initial-errors", "sequential-warmup", "log-errors", "health"})
}

// fortio reads the flags of fortio load. Its -qps is the rate of all -c connections together.
func fortio(args []string) (generator.Plan, error) {
	if len(args) == 0 || args[0] != "load" {
		return generator.Plan{}, errors.New("only fortio load is built in")
	}
	var o fortioFlags
	f := goFlags()
	o.bind(f)
	if err := parseFlags(f.Parse, args[1:]); err != nil {
		return generator.Plan{}, err
	}
	url, err := onlyURL(f.Args())
	if err != nil {
		return generator.Plan{}, err
	}
	return o.plan(url)
}

func (o *fortioFlags) plan(url string) (generator.Plan, error) {
	rate, err := fortioRate(o.qps)
	if err != nil {
		return generator.Plan{}, err
	}
	header, host, err := headers(o.headers)
	if err != nil {
		return generator.Plan{}, err
	}
	setIf(header, "Content-Type", o.contentType)
	setBasicAuth(header, o.user)
	p := generator.Plan{
		Protocol: generator.HTTP1, URL: url, Method: o.method, Host: host, Header: header, Body: []byte(o.payload),
		QPS: rate, Connections: o.connections, Duration: o.duration, Requests: o.requests, Timeout: o.timeout,
		CatchUp: !o.noCatchUp, NewConnections: !o.keepAlive, FollowRedirects: o.follow, Insecure: o.insecure,
		Service: o.service,
	}
	switch {
	case o.grpc:
		p.Protocol = generator.GRPC
	case o.http2:
		p.Protocol = generator.HTTP2
	}
	if p.Method == "" {
		p.Method = postIf(len(p.Body) > 0 || o.contentType != "")
	}
	if p.Duration <= 0 && p.Requests <= 0 {
		return generator.Plan{}, errors.New("-t 0 would never end: give a duration")
	}
	return p, nil
}

func fortioRate(s string) (float64, error) {
	if s == "max" {
		return 0, nil
	}
	rate, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return 0, errors.New("-qps " + s + " is no number")
	}
	return max(rate, 0), nil
}

func postIf(body bool) string {
	if body {
		return http.MethodPost
	}
	return http.MethodGet
}
