package acceptance_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"

	"github.com/linnet-delivery/linnet/pkg/loadtest/acceptance"
	"github.com/linnet-delivery/linnet/pkg/loadtest/generator"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var dial generator.Dial = (&net.Dialer{}).DialContext

// echo answers with what it got: a line for the method, one for the host, and the body. It refuses /teapot.
func echo(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	switch r.URL.Path {
	case "/teapot":
		w.WriteHeader(http.StatusTeapot)
	case "/moved":
		http.Redirect(w, r, "/", http.StatusFound)
	}
	_, _ = io.WriteString(w, r.Method+" "+r.URL.Path+"\n"+r.Host+"\n"+string(body)+"\n")
}

func TestRequest(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(echo))
	t.Cleanup(s.Close)
	grep := func(pattern string, edits ...func(*acceptance.Grep)) acceptance.Grep {
		g := acceptance.Grep{Pattern: regexp.MustCompile(pattern)}
		for _, edit := range edits {
			edit(&g)
		}
		return g
	}
	invert := func(g *acceptance.Grep) { g.Invert = true }
	tests := map[string]struct {
		request acceptance.Request
		want    string
		wantErr string
	}{
		"the answer is the output": {
			request: acceptance.Request{Method: "POST", Host: "shop", Body: []byte("hi")},
			want:    "POST /\nshop\nhi\n",
		},
		"a status is no reason to say no": {
			request: acceptance.Request{Method: "GET", URL: "/teapot", DropBody: true, Append: "%{http_code}"},
			want:    "418",
		},
		"unless it is asked for": {
			request: acceptance.Request{Method: "GET", URL: "/teapot", FailOnStatus: true},
			wantErr: "/teapot answered 418 I'm a teapot",
		},
		"a redirect is not followed": {
			request: acceptance.Request{Method: "GET", URL: "/moved", DropBody: true, Append: "%{http_code}"},
			want:    "302",
		},
		"unless that is asked for": {
			request: acceptance.Request{Method: "GET", URL: "/moved", FollowRedirects: true, Greps: []acceptance.Grep{grep("GET")}},
			want:    "GET /\n",
		},
		"lines are kept by pattern": {
			request: acceptance.Request{Method: "GET", Host: "shop", Greps: []acceptance.Grep{grep("^s"), grep("o", func(g *acceptance.Grep) { g.OnlyMatches = true })}},
			want:    "o\n",
		},
		"a line without a word is enough": {
			request: acceptance.Request{Method: "GET", Host: "shop", Greps: []acceptance.Grep{grep("GET|^$", invert)}},
			want:    "shop\n",
		},
		"no line has the word": {
			request: acceptance.Request{Method: "GET", Host: "shop", Greps: []acceptance.Grep{grep("token")}},
			wantErr: `no line of the answer has "token": it begins with "GET /\nshop\n\n"`,
		},
		"all lines have what none should": {
			request: acceptance.Request{Method: "GET", Host: "shop", Greps: []acceptance.Grep{grep("", invert)}},
			wantErr: `no line of the answer is without ""`,
		},
		"nothing is printed when asked to be quiet": {
			request: acceptance.Request{Method: "GET", Greps: []acceptance.Grep{grep("GET", func(g *acceptance.Grep) { g.Quiet = true })}},
		},
		"nobody answers in time": {
			request: acceptance.Request{Method: "GET", Timeout: time.Nanosecond},
			wantErr: "ask the application",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tt.request.URL = s.URL + tt.request.URL
			got, err := tt.request.Run(t.Context(), dial)
			if tt.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), tt.wantErr) {
					t.Errorf("Run() = %q, %v, want %s", got, err, tt.wantErr)
				}
				return
			}
			if err != nil || got != tt.want {
				t.Errorf("Run() = %q, %v, want %q", got, err, tt.want)
			}
		})
	}
}

func TestProbe(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s, h := grpc.NewServer(), health.NewServer()
	grpc_health_v1.RegisterHealthServer(s, h)
	h.SetServingStatus("down", grpc_health_v1.HealthCheckResponse_NOT_SERVING)
	done := make(chan error, 1)
	go func() { done <- s.Serve(listener) }()
	t.Cleanup(func() { s.Stop(); <-done })

	probe := acceptance.Probe{Address: listener.Addr().String(), ConnectTimeout: time.Minute, CallTimeout: time.Minute}
	if got, err := probe.Run(t.Context(), dial); err != nil || got != "status: SERVING\n" {
		t.Errorf("Run() = %q, %v, want that it serves", got, err)
	}
	probe.Service = "down"
	if _, err := probe.Run(t.Context(), dial); err == nil || !strings.HasSuffix(err.Error(), "is NOT_SERVING") {
		t.Errorf("Run() = %v, want that it is NOT_SERVING", err)
	}
	probe.Service = "other"
	if _, err := probe.Run(t.Context(), dial); err == nil || !strings.Contains(err.Error(), "unknown service") {
		t.Errorf("Run() = %v, want that nobody knows the service", err)
	}
	probe.TLS, probe.Insecure, probe.ConnectTimeout = true, true, time.Millisecond
	if _, err := probe.Run(t.Context(), dial); err == nil || !strings.Contains(err.Error(), "connect to") {
		t.Errorf("Run() over TLS = %v, want that it can't connect", err)
	}
}
