package command

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/linnet-delivery/linnet/pkg/loadtest/generator"
)

// healthCheck is the one method of which the answer is understood.
const healthCheck = "grpc.health.v1.Health/Check"

// ghzFlags are those of ghz that shape what is sent.
type ghzFlags struct {
	call, data, metadata, authority string

	workers   int
	requests  int64
	rate      float64
	duration  time.Duration
	maxTime   time.Duration
	timeout   time.Duration
	plaintext bool
	skipTLS   bool
}

func (o *ghzFlags) bind(f *pflag.FlagSet) {
	f.StringVar(&o.call, "call", "", "")
	f.StringVarP(&o.data, "data", "d", "", "")
	f.StringVarP(&o.metadata, "metadata", "m", "", "")
	f.StringVar(&o.authority, "authority", "", "")
	f.IntVarP(&o.workers, "concurrency", "c", 50, "")
	f.Int64VarP(&o.requests, "total", "n", 200, "")
	f.Float64VarP(&o.rate, "rps", "r", 0, "")
	f.Float64VarP(&o.rate, "qps", "q", 0, "")
	f.DurationVarP(&o.duration, "duration", "z", 0, "")
	f.DurationVarP(&o.maxTime, "max-duration", "x", 0, "")
	f.DurationVarP(&o.timeout, "timeout", "t", 20*time.Second, "")
	f.BoolVar(&o.plaintext, "insecure", false, "")
	f.BoolVar(&o.skipTLS, "skipTLS", false, "")
	for _, ignored := range []string{"connections", "connect-timeout", "keepalive", "name", "tags", "cpus", "lb-strategy", "duration-stop", "count-errors"} {
		f.String(ignored, "", "")
	}
	f.StringP("format", "O", "", "")
	f.StringP("output", "o", "", "")
	f.StringP("import-paths", "i", "", "")
	f.String("proto", "", "")
	f.String("protoset", "", "")
}

// ghz reads the flags of ghz. Its rate is that of all workers together. Messages are sent empty: the definition of a
// service is neither read nor needed for that.
func ghz(args []string) (generator.Plan, error) {
	var o ghzFlags
	f := longFlags()
	o.bind(f)
	if err := parseFlags(f.Parse, args); err != nil {
		return generator.Plan{}, err
	}
	if f.NArg() != 1 {
		return generator.Plan{}, fmt.Errorf("want one host:port after the flags, and there are %d: %q", f.NArg(), f.Args())
	}
	return o.plan(f.Arg(0))
}

func (o *ghzFlags) plan(address string) (generator.Plan, error) {
	header, err := o.headers()
	if err != nil {
		return generator.Plan{}, err
	}
	p := generator.Plan{
		Protocol: generator.GRPC, URL: withScheme(address, !o.plaintext), Host: o.authority, Header: header,
		QPS: o.rate, Connections: o.workers, Timeout: o.timeout, Insecure: o.skipTLS,
	}
	if err := o.setCall(&p); err != nil {
		return generator.Plan{}, err
	}
	switch {
	case o.duration > 0:
		p.Duration = o.duration
	case o.maxTime > 0:
		return generator.Plan{}, unsupported("--max-duration")
	default:
		p.Requests = o.requests
	}
	return p, nil
}

func (o *ghzFlags) headers() (http.Header, error) {
	pairs := map[string]string{}
	if o.metadata != "" {
		if err := json.Unmarshal([]byte(o.metadata), &pairs); err != nil {
			return nil, fmt.Errorf("--metadata is no JSON object of strings: %w", err)
		}
	}
	h := http.Header{}
	for k, v := range pairs {
		h.Add(k, v)
	}
	return h, nil
}

// setCall sets what is called: a health check, of which the data is understood, or an empty message to another method.
func (o *ghzFlags) setCall(p *generator.Plan) error {
	call := strings.TrimSpace(o.call)
	if slash := strings.LastIndex(call, "/"); slash < 0 && call != "" {
		dot := strings.LastIndex(call, ".")
		if dot < 0 {
			return fmt.Errorf("--call %s is not of the form package.Service/Method", call)
		}
		call = call[:dot] + "/" + call[dot+1:]
	}
	if call == "" || call == healthCheck {
		return o.setHealthCheck(p)
	}
	if data := strings.Join(strings.Fields(o.data), ""); data != "" && data != "{}" {
		return fmt.Errorf("the flag --data is supported for %s only: other methods are called with an empty message", healthCheck)
	}
	p.Call = call
	return nil
}

func (o *ghzFlags) setHealthCheck(p *generator.Plan) error {
	if o.data == "" {
		return nil
	}
	var message struct {
		Service string `json:"service"`
	}
	if err := json.Unmarshal([]byte(o.data), &message); err != nil {
		return fmt.Errorf("--data is no JSON object with a service: %w", err)
	}
	p.Service = message.Service
	return nil
}
