package command

import (
	"errors"
	"fmt"
	"path"
	"time"

	"github.com/linnet-delivery/linnet/pkg/loadtest/acceptance"
)

// Acceptance returns the test that a line of curl, perhaps with grep behind it, or of grpc_health_probe stands for. The
// error is a sentence for people, and wraps ErrForeign when the line is neither.
func Acceptance(line string) (acceptance.Test, error) {
	name := path.Base(program(line))
	if name != "curl" && name != "grpc_health_probe" {
		return nil, fmt.Errorf("%q %w", name, ErrForeign)
	}
	pipeline, err := split(line)
	if err != nil {
		return nil, fmt.Errorf("%s: the command can't be read: %w", name, err)
	}
	if name == "curl" {
		return curlAndGreps(pipeline)
	}
	if len(pipeline) > 1 {
		return nil, fmt.Errorf("%s: the command has a pipe, and only curl may have one", name)
	}
	p, err := probe(pipeline[0][1:])
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return p, nil
}

func curlAndGreps(pipeline [][]string) (acceptance.Test, error) {
	r, err := curl(pipeline[0][1:])
	if err != nil {
		return nil, fmt.Errorf("curl: %w", err)
	}
	for _, words := range pipeline[1:] {
		if len(words) == 0 || path.Base(words[0]) != "grep" {
			return nil, fmt.Errorf("curl: only grep may follow after the pipe, not %q", words)
		}
		g, err := grep(words[1:])
		if err != nil {
			return nil, fmt.Errorf("grep: %w", err)
		}
		r.Greps = append(r.Greps, g)
	}
	return r, nil
}

// probe reads the flags of grpc_health_probe.
func probe(args []string) (acceptance.Probe, error) {
	p := acceptance.Probe{}
	f := goFlags()
	f.StringVar(&p.Address, "addr", "", "")
	f.StringVar(&p.Service, "service", "", "")
	f.StringVar(&p.UserAgent, "user-agent", "grpc_health_probe", "")
	f.DurationVar(&p.ConnectTimeout, "connect-timeout", time.Second, "")
	f.DurationVar(&p.CallTimeout, "rpc-timeout", time.Second, "")
	f.BoolVar(&p.TLS, "tls", false, "")
	f.BoolVar(&p.Insecure, "tls-no-verify", false, "")
	f.StringVar(&p.ServerName, "tls-server-name", "", "")
	ignore(f, nil, []string{"v"})
	if err := parseFlags(f.Parse, args); err != nil {
		return p, err
	}
	if f.NArg() > 0 {
		return p, fmt.Errorf("want flags only, and there is %q", f.Args())
	}
	if p.Hostname() == "" {
		return p, errors.New("-addr must be host:port")
	}
	return p, nil
}
