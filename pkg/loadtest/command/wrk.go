package command

import (
	"net/http"

	"github.com/linnet-delivery/linnet/pkg/loadtest/generator"
)

// wrk reads the flags of wrk, and -R of wrk2. Threads are left to Go.
func wrk(args []string) (generator.Plan, error) {
	f := longFlags()
	var (
		connections = f.IntP("connections", "c", 10, "")
		lasts       = f.StringP("duration", "d", "10s", "")
		timeLimit   = f.String("timeout", "2s", "")
		lines       = f.StringArrayP("header", "H", nil, "")
		rate        = f.Float64P("rate", "R", 0, "")
	)
	f.IntP("threads", "t", 2, "")
	f.BoolP("latency", "L", false, "")
	f.BoolP("u_latency", "U", false, "")
	if err := parseFlags(f.Parse, args); err != nil {
		return generator.Plan{}, err
	}
	url, err := onlyURL(f.Args())
	if err != nil {
		return generator.Plan{}, err
	}
	duration, err := seconds(*lasts)
	if err != nil {
		return generator.Plan{}, err
	}
	timeout, err := seconds(*timeLimit)
	if err != nil {
		return generator.Plan{}, err
	}
	header, host, err := headers(*lines)
	if err != nil {
		return generator.Plan{}, err
	}
	return generator.Plan{
		Protocol: generator.HTTP1, URL: url, Method: http.MethodGet, Host: host, Header: header,
		QPS: *rate, Connections: *connections, Duration: duration, Timeout: timeout, Insecure: true,
	}, nil
}
