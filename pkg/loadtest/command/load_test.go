package command_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/linnet-delivery/linnet/pkg/loadtest/command"
	"github.com/linnet-delivery/linnet/pkg/loadtest/generator"
)

// plan returns an HTTP/1.1 GET of the podinfo canary with hey's timeout, changed by edits.
func plan(edits ...func(*generator.Plan)) generator.Plan {
	p := generator.Plan{
		Protocol: generator.HTTP1, URL: "http://podinfo-canary.test:9898/", Method: http.MethodGet,
		Header: http.Header{}, Timeout: 20 * time.Second,
	}
	for _, edit := range edits {
		edit(&p)
	}
	return p
}

// fromHey is what hey does unless told otherwise.
func fromHey(p *generator.Plan) {
	p.Header.Set("Content-Type", "text/html")
	p.Insecure, p.FollowRedirects = true, true
}

func header(key, value string) func(*generator.Plan) {
	return func(p *generator.Plan) { p.Header.Set(key, value) }
}

func paced(qps float64, connections int, d time.Duration) func(*generator.Plan) {
	return func(p *generator.Plan) { p.QPS, p.Connections, p.Duration = qps, connections, d }
}

func counted(requests int64, connections int) func(*generator.Plan) {
	return func(p *generator.Plan) { p.Requests, p.Connections = requests, connections }
}

func timeout(d time.Duration) func(*generator.Plan) {
	return func(p *generator.Plan) { p.Timeout = d }
}

func grpcCall(url, call string) func(*generator.Plan) {
	return func(p *generator.Plan) { p.Protocol, p.URL, p.Call, p.Method = generator.GRPC, url, call, "" }
}

func TestLoad(t *testing.T) {
	const url = " http://podinfo-canary.test:9898/"
	tests := map[string]struct {
		line string
		want generator.Plan
	}{
		"hey's rate is that of each worker": {
			line: "hey -z 1m -q 10 -c 2" + url,
			want: plan(fromHey, paced(20, 2, time.Minute)),
		},
		"hey without a duration sends 200 requests over 50 connections": {
			line: "hey" + url,
			want: plan(fromHey, counted(200, 50)),
		},
		"hey takes quoted headers and a host": {
			line: `hey -z 10s -c 1 -q 1 -host app.example.com -H 'Cookie: canary=always; a=b'` + url,
			want: plan(fromHey, paced(1, 1, 10*time.Second), header("Cookie", "canary=always; a=b"), func(p *generator.Plan) { p.Host = "app.example.com" }),
		},
		"a Host header is a host": {
			line: `hey -z 10s -c 1 -q 1 -H "Host: app.example.com"` + url,
			want: plan(fromHey, paced(1, 1, 10*time.Second), func(p *generator.Plan) { p.Host = "app.example.com" }),
		},
		"hey posts a body": {
			line: `hey -z 1m -q 10 -c 2 -m POST -T application/json -d '{"test": 2}'` + url,
			want: plan(fromHey, paced(20, 2, time.Minute), header("Content-Type", "application/json"), func(p *generator.Plan) {
				p.Method, p.Body = http.MethodPost, []byte(`{"test": 2}`)
			}),
		},
		"hey speaks HTTP/2 over TLS": {
			line: "hey -h2 -z 1m -q 1 -c 1 https://podinfo.test/",
			want: plan(fromHey, paced(1, 1, time.Minute), func(p *generator.Plan) {
				p.Protocol, p.URL = generator.HTTP2, "https://podinfo.test/"
			}),
		},
		"hey speaks HTTP/1.1 in clear, even when told otherwise": {
			line: "hey -h2 -z 1m -q 1 -c 1" + url,
			want: plan(fromHey, paced(1, 1, time.Minute)),
		},
		"a path to hey and a line that is continued are read": {
			line: "/bin/hey -z 1m \\\n -q 5 -c 1 -disable-keepalive -disable-redirects" + url + "\n",
			want: plan(fromHey, paced(5, 1, time.Minute), func(p *generator.Plan) { p.NewConnections, p.FollowRedirects = true, false }),
		},
		"fortio's rate is that of all connections": {
			line: "fortio load -quiet -qps 25 -c 8 -t 30s -H 'X-Test: a'" + url,
			want: plan(paced(25, 8, 30*time.Second), timeout(3*time.Second), header("X-Test", "a"), func(p *generator.Plan) { p.CatchUp = true }),
		},
		"fortio with a payload posts": {
			line: "fortio load -qps max -n 20 -c 1 -payload hi -content-type text/plain -h2" + url,
			want: plan(counted(20, 1), timeout(3*time.Second), header("Content-Type", "text/plain"), func(p *generator.Plan) {
				p.Protocol, p.Method, p.Body, p.CatchUp, p.Duration = generator.HTTP2, http.MethodPost, []byte("hi"), true, 5*time.Second
			}),
		},
		"fortio checks health over gRPC": {
			line: "fortio load -grpc -healthservice shop -nocatchup -qps 1 -c 1 -t 5s podinfo.test:9999",
			want: plan(paced(1, 1, 5*time.Second), timeout(3*time.Second), grpcCall("http://podinfo.test:9999", ""), func(p *generator.Plan) {
				p.Service, p.Method = "shop", http.MethodGet
			}),
		},
		"wrk goes as fast as it can": {
			line: "wrk -t4 -c2 -d180s --latency -H 'X-Test: a'" + url,
			want: plan(paced(0, 2, 3*time.Minute), timeout(2*time.Second), header("X-Test", "a"), func(p *generator.Plan) { p.Insecure = true }),
		},
		"wrk2 has a rate": {
			line: "wrk2 -t1 -c2 -d10 -R 100 --timeout 5" + url,
			want: plan(paced(100, 2, 10*time.Second), timeout(5*time.Second), func(p *generator.Plan) { p.Insecure = true }),
		},
		"ghz without a call checks health": {
			line: "ghz -z 1m -q 10 -c 2 --insecure podinfo.test:9898",
			want: plan(paced(10, 2, time.Minute), grpcCall("http://podinfo.test:9898", "")),
		},
		"ghz asks for the health of a service": {
			line: `ghz --insecure -n 10 -c 1 --call grpc.health.v1.Health.Check -d '{"service":"shop"}' -m '{"x-a":"b"}' podinfo.test:9898`,
			want: plan(counted(10, 1), grpcCall("http://podinfo.test:9898", ""), header("X-A", "b"), func(p *generator.Plan) { p.Service = "shop" }),
		},
		"ghz calls other methods with an empty message, over TLS unless told otherwise": {
			line: "ghz --proto=/tmp/shop.proto --call=shop.v1.Orders/List --rps=5 -c 1 -z 10s --skipTLS --authority shop podinfo.test:443",
			want: plan(paced(5, 1, 10*time.Second), grpcCall("https://podinfo.test:443", "shop.v1.Orders/List"), func(p *generator.Plan) {
				p.Host, p.Insecure = "shop", true
			}),
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := command.Load(tt.line)
			if err != nil {
				t.Fatalf("Load(%q): %v", tt.line, err)
			}
			if diff := cmp.Diff(tt.want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("Load(%q) (-want +got):\n%s", tt.line, diff)
			}
		})
	}
}

func TestLoadRefuses(t *testing.T) {
	tests := map[string]struct{ line, want string }{
		"a flag that hey has and we don't":    {"hey -z 1m -x http://proxy:80 http://a.b/", "hey: the flag -x is not supported by the built-in load generator"},
		"a body from a file":                  {"hey -z 1m -D /etc/passwd http://a.b/", "hey: the flag -D is not supported by the built-in load generator"},
		"more workers than requests":          {"hey -n 1 -c 2 http://a.b/", "hey: -n 1 is less than -c 2: each worker needs a request"},
		"no URL":                              {"hey -z 1m", "hey: want one URL after the flags, and there are 0: []"},
		"flags behind hey's URL":              {"hey http://a.b/ -z 1m", `hey: want one URL after the flags, and there are 3: ["http://a.b/" "-z" "1m"]`},
		"a header without a colon":            {"hey -z 1m -H nonsense http://a.b/", `hey: the header "nonsense" is not of the form Name: value`},
		"a scheme that is none":               {"hey -z 1m ftp://a.b/", `hey: the URL "ftp://a.b/" must start with http:// or https://`},
		"no connection":                       {"hey -z 1m -c 0 http://a.b/", "hey: the number of connections is 0, and must be 1 at least"},
		"a list of commands":                  {"hey -z 1m http://a.b/ && rm -rf /", `hey: the command can't be read: it has "&" outside of quotes, which only a shell can act on`},
		"a substitution in double quotes":     {`hey -z 1m -H "X: $(id)" http://a.b/`, `hey: the command can't be read: it has "$" in double quotes, which only a shell can act on`},
		"a redirection":                       {"hey -z 1m http://a.b/ > /tmp/x", `hey: the command can't be read: it has ">" outside of quotes, which only a shell can act on`},
		"a quote that stays open":             {"hey -z 1m -d 'a http://a.b/", "hey: the command can't be read: a ' is not closed"},
		"a pipe":                              {"hey -z 1m http://a.b/ | tee", "hey: the command has a pipe, and what comes out of a load can't be piped"},
		"fortio's other commands":             {"fortio curl http://a.b/", "fortio: only fortio load is built in"},
		"a fortio flag for another generator": {"fortio load -ping a.b:1", "fortio: the flag -ping is not supported by the built-in load generator"},
		"a fortio load without an end":        {"fortio load -t 0 http://a.b/", "fortio: -t 0 would never end: give a duration"},
		"a script of wrk":                     {"wrk -t2 -d1m -s post.lua http://a.b/", "wrk: the flag -s is not supported by the built-in load generator"},
		"a message for another method":        {`ghz --insecure --call a.B/C -d '{"x":1}' a.b:1`, "ghz: the flag --data is supported for grpc.health.v1.Health/Check only: other methods are called with an empty message"},
		"a ghz flag that we don't have":       {"ghz --insecure --config x.json a.b:1", "ghz: the flag --config is not supported by the built-in load generator"},
		"another program":                     {"curl http://a.b/", `"curl" is not built in`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := command.Load(tt.line)
			if err == nil || err.Error() != tt.want {
				t.Errorf("Load(%q) = %v, want %s", tt.line, err, tt.want)
			}
		})
	}
}

func FuzzLoad(f *testing.F) {
	for _, line := range []string{
		"hey -z 1m -q 10 -c 2 http://podinfo.test/", `fortio load -H "a: \"b\"" x`, "wrk -t2 'a", "ghz --insecure a:1 | b", "curl -sd '' x | grep -v \\", "",
	} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		p, err := command.Load(line)
		if err == nil && p.Validate() != nil {
			t.Errorf("Load(%q) returned a plan that can't be run: %v", line, p.Validate())
		}
		test, err := command.Acceptance(line)
		if err == nil && strings.TrimSpace(line) == "" {
			t.Errorf("Acceptance(%q) = %v, want an error", line, test)
		}
	})
}
