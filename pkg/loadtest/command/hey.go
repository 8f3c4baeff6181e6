package command

import (
	"cmp"
	"fmt"
	"time"

	"github.com/linnet-delivery/linnet/pkg/loadtest/generator"
)

// hey reads the flags of hey. Its -q is the rate of each of its -c workers.
func hey(args []string) (generator.Plan, error) {
	f := goFlags()
	var lines repeated
	var (
		requests    = f.Int64("n", 200, "")
		workers     = f.Int("c", 50, "")
		rate        = f.Float64("q", 0, "")
		duration    = f.Duration("z", 0, "")
		method      = f.String("m", "GET", "")
		timeout     = f.Int("t", 20, "")
		accept      = f.String("A", "", "")
		body        = f.String("d", "", "")
		contentType = f.String("T", "text/html", "")
		agent       = f.String("U", "", "")
		auth        = f.String("a", "", "")
		http2       = f.Bool("h2", false, "")
		host        = f.String("host", "", "")
		fresh       = f.Bool("disable-keepalive", false, "")
		stay        = f.Bool("disable-redirects", false, "")
	)
	f.Var(&lines, "H", "")
	ignore(f, []string{"o", "cpus"}, []string{"disable-compression", "more"})
	if err := parseFlags(f.Parse, args); err != nil {
		return generator.Plan{}, err
	}
	url, err := onlyURL(f.Args())
	if err != nil {
		return generator.Plan{}, err
	}
	header, hostHeader, err := headers(lines)
	if err != nil {
		return generator.Plan{}, err
	}
	header.Set("Content-Type", *contentType)
	setIf(header, "Accept", *accept)
	setIf(header, "User-Agent", *agent)
	setBasicAuth(header, *auth)
	p := generator.Plan{
		Protocol: generator.HTTP1, URL: url, Method: *method, Header: header, Body: []byte(*body),
		Host: cmp.Or(*host, hostHeader), QPS: *rate * float64(*workers), Connections: *workers,
		Timeout: time.Duration(*timeout) * time.Second, NewConnections: *fresh, FollowRedirects: !*stay, Insecure: true,
	}
	// hey speaks HTTP/2 over TLS only.
	if *http2 && secure(url) {
		p.Protocol = generator.HTTP2
	}
	if *duration > 0 {
		p.Duration = *duration
		return p, nil
	}
	if *requests < int64(*workers) {
		return generator.Plan{}, fmt.Errorf("-n %d is less than -c %d: each worker needs a request", *requests, *workers)
	}
	p.Requests = *requests
	return p, nil
}
