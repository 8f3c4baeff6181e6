package generator_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"

	"github.com/linnet-delivery/linnet/pkg/loadtest/generator"
	"github.com/linnet-delivery/linnet/pkg/loadtest/target"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var anywhere = generator.Generator{Dial: (&net.Dialer{}).DialContext, UserAgent: "linnet-test"}

// plan returns ten requests to url over two connections, changed by edits.
func plan(url string, edits ...func(*generator.Plan)) generator.Plan {
	p := generator.Plan{
		Protocol: generator.HTTP1, URL: url, Method: http.MethodGet, Connections: 2, Requests: 10, Timeout: time.Minute,
	}
	for _, edit := range edits {
		edit(&p)
	}
	return p
}

func run(t *testing.T, p generator.Plan) generator.Result {
	t.Helper()
	got, err := anywhere.Run(t.Context(), p, nil)
	if err != nil {
		t.Fatalf("Run(): %v", err)
	}
	return got
}

func serve(t *testing.T, h http.HandlerFunc, edits ...func(*httptest.Server)) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	for _, edit := range edits {
		edit(s)
	}
	s.Start()
	t.Cleanup(s.Close)
	return s
}

func TestARunCountsWhatWasAnswered(t *testing.T) {
	var n atomic.Int64
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		if n.Add(1)%5 == 0 {
			w.WriteHeader(http.StatusInternalServerError)
		}
	})
	var observed sync.Map
	p := plan(s.URL)
	got, err := anywhere.Run(t.Context(), p, func(outcome string, _ time.Duration) {
		count, _ := observed.LoadOrStore(outcome, new(atomic.Int64))
		count.(*atomic.Int64).Add(1)
	})
	if err != nil {
		t.Fatal(err)
	}
	if got.Requests != 10 || got.Errors != 2 {
		t.Errorf("%d requests and %d errors, want 10 and 2", got.Requests, got.Errors)
	}
	if diff := cmp.Diff(map[string]int64{"200": 8, "500": 2}, got.Outcomes); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
	var inBuckets int64
	for _, b := range got.Latency.Histogram {
		inBuckets += b.Count
	}
	if inBuckets != 10 {
		t.Errorf("the histogram holds %d requests, want 10", inBuckets)
	}
	count, _ := observed.Load("500")
	if count == nil || count.(*atomic.Int64).Load() != 2 {
		t.Errorf("2 requests with 500 were to be observed, got %v", count)
	}
}

func TestARequestIsThatOfThePlan(t *testing.T) {
	type seen struct{ Method, Host, Body, Agent, Header, Protocol string }
	var got seen
	var mu sync.Mutex
	record := func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		got = seen{r.Method, r.Host, string(body), r.UserAgent(), r.Header.Get("X-Test"), r.Proto}
	}
	clear2 := func(s *httptest.Server) {
		s.Config.Protocols = new(http.Protocols)
		s.Config.Protocols.SetHTTP1(true)
		s.Config.Protocols.SetUnencryptedHTTP2(true)
	}
	edit := func(protocol generator.Protocol) func(*generator.Plan) {
		return func(p *generator.Plan) {
			p.Protocol, p.Method, p.Host, p.Body = protocol, http.MethodPost, "shop", []byte("hello")
			p.Header = http.Header{"X-Test": {"a"}}
		}
	}
	s := serve(t, record, clear2)
	tests := map[string]struct {
		protocol generator.Protocol
		want     string
	}{
		"HTTP/1.1":                         {generator.HTTP1, "HTTP/1.1"},
		"HTTP/2 in clear, from first byte": {generator.HTTP2, "HTTP/2.0"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := run(t, plan(s.URL, edit(tt.protocol)))
			if r.Outcomes["200"] != 10 {
				t.Fatalf("outcomes %v, want 10 times 200", r.Outcomes)
			}
			want := seen{http.MethodPost, "shop", "hello", "linnet-test", "a", tt.want}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("request (-want +got):\n%s", diff)
			}
		})
	}
}

func TestHTTP2OverTLS(t *testing.T) {
	var protocol atomic.Value
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { protocol.Store(r.Proto) }))
	s.EnableHTTP2 = true
	s.StartTLS()
	t.Cleanup(s.Close)
	trusting := func(p *generator.Plan) { p.Protocol, p.Insecure = generator.HTTP2, true }
	if got := run(t, plan(s.URL, trusting)); got.Outcomes["200"] != 10 || protocol.Load() != "HTTP/2.0" {
		t.Errorf("outcomes %v over %v, want 10 times 200 over HTTP/2.0", got.Outcomes, protocol.Load())
	}
	doubting := func(p *generator.Plan) { p.Protocol = generator.HTTP2 }
	if got := run(t, plan(s.URL, doubting)); got.Errors != 10 {
		t.Errorf("%d errors with a certificate that nobody knows, want 10", got.Errors)
	}
}

func TestConnections(t *testing.T) {
	connections := func(edits ...func(*generator.Plan)) int64 {
		var n atomic.Int64
		s := serve(t, func(http.ResponseWriter, *http.Request) {}, func(s *httptest.Server) {
			s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
				if state == http.StateNew {
					n.Add(1)
				}
			}
		})
		run(t, plan(s.URL, edits...))
		return n.Load()
	}
	if got := connections(); got != 2 {
		t.Errorf("%d connections, want 2", got)
	}
	if got := connections(func(p *generator.Plan) { p.NewConnections = true }); got != 10 {
		t.Errorf("%d connections with a new one for each request, want 10", got)
	}
	if got := connections(func(p *generator.Plan) { p.Connections = 50 }); got != 5 {
		t.Errorf("%d connections of 50 for ten requests, want 5", got)
	}
}

func TestWhyThereWasNoAnswer(t *testing.T) {
	redirecting := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://www.example.com/", http.StatusFound)
	})
	hanging := serve(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	breaking := serve(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	gone := httptest.NewServer(nil)
	gone.Close()
	guarded := generator.Generator{Dial: target.Policy{Allow: []string{"127.0.0.1"}}.Dialer((&net.Dialer{}).DialContext)}
	tests := map[string]struct {
		plan generator.Plan
		want map[string]int64
	}{
		"nobody listens":       {plan(gone.URL), map[string]int64{"connection refused": 10}},
		"the answer is broken": {plan(breaking.URL), map[string]int64{"connection closed": 10}},
		"it takes too long": {plan(hanging.URL, func(p *generator.Plan) {
			p.Timeout, p.Requests = time.Millisecond, 2
		}), map[string]int64{"timeout": 2}},
		"a redirect leaves the cluster": {plan(redirecting.URL, func(p *generator.Plan) { p.FollowRedirects = true }), map[string]int64{"target refused": 10}},
		"a redirect is an answer":       {plan(redirecting.URL), map[string]int64{"302": 10}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := guarded.Run(t.Context(), tt.plan, nil)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got.Outcomes); diff != "" {
				t.Errorf("outcomes (-want +got):\n%s", diff)
			}
		})
	}
}

func TestARunEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var n atomic.Int64
	s := serve(t, func(http.ResponseWriter, *http.Request) {
		if n.Add(1) == 3 {
			cancel()
		}
	})
	got, err := anywhere.Run(ctx, plan(s.URL, func(p *generator.Plan) {
		p.Requests, p.Duration, p.QPS, p.Connections = 0, time.Hour, 100, 1
	}), nil)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Run() = %v, want that the context was cancelled", err)
	}
	if got.Requests < 3 {
		t.Errorf("%d requests in the result, want the 3 that were sent", got.Requests)
	}
}

func TestARunMayBeOverBeforeItBegins(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s := serve(t, func(http.ResponseWriter, *http.Request) {})
	if _, err := anywhere.Run(ctx, plan(s.URL), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("Run() = %v, want that the context was cancelled", err)
	}
}

func serveGRPC(t *testing.T) (string, *health.Server) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s, h := grpc.NewServer(), health.NewServer()
	grpc_health_v1.RegisterHealthServer(s, h)
	done := make(chan error, 1)
	go func() { done <- s.Serve(listener) }()
	t.Cleanup(func() { s.Stop(); <-done })
	return "http://" + listener.Addr().String(), h
}

func TestGRPC(t *testing.T) {
	url, h := serveGRPC(t)
	h.SetServingStatus("down", grpc_health_v1.HealthCheckResponse_NOT_SERVING)
	calls := func(edits ...func(*generator.Plan)) generator.Plan {
		return plan(url, append(edits, func(p *generator.Plan) { p.Protocol = generator.GRPC })...)
	}
	tests := map[string]struct {
		plan       generator.Plan
		want       map[string]int64
		wantErrors int64
	}{
		"a server that serves":            {calls(), map[string]int64{"SERVING": 10}, 0},
		"a service that does not":         {calls(func(p *generator.Plan) { p.Service = "down" }), map[string]int64{"NOT_SERVING": 10}, 10},
		"a service that nobody knows":     {calls(func(p *generator.Plan) { p.Service = "other" }), map[string]int64{"NotFound": 10}, 10},
		"another method, with no message": {calls(func(p *generator.Plan) { p.Call = "grpc.health.v1.Health/Check" }), map[string]int64{"OK": 10}, 0},
		"a method that is not there":      {calls(func(p *generator.Plan) { p.Call = "a.B/C" }), map[string]int64{"Unimplemented": 10}, 10},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := run(t, tt.plan)
			if diff := cmp.Diff(tt.want, got.Outcomes); diff != "" || got.Errors != tt.wantErrors {
				t.Errorf("%d errors, want %d; outcomes (-want +got):\n%s", got.Errors, tt.wantErrors, diff)
			}
		})
	}
}

func TestRunRefusesAPlanThatMakesNoSense(t *testing.T) {
	tests := map[string]func(*generator.Plan){
		"no end":              func(p *generator.Plan) { p.Requests = 0 },
		"a negative rate":     func(p *generator.Plan) { p.QPS = -1 },
		"an unknown protocol": func(p *generator.Plan) { p.Protocol = "http3" },
		"no host":             func(p *generator.Plan) { p.URL = "http:///a" },
		"no URL at all":       func(p *generator.Plan) { p.URL = "http://a b" },
	}
	for name, edit := range tests {
		t.Run(name, func(t *testing.T) {
			if got, err := anywhere.Run(t.Context(), plan("http://a.b", edit), nil); err == nil {
				t.Errorf("Run() = %+v, want an error", got)
			}
		})
	}
}
