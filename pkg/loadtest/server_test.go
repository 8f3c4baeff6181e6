package loadtest_test

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"github.com/linnet-delivery/linnet/pkg/loadtest"
	"github.com/linnet-delivery/linnet/pkg/loadtest/target"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var epoch = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// tester is a load tester and the application that it may send load to.
type tester struct {
	*loadtest.Server

	handler http.Handler
	app     *httptest.Server
}

func newTester(t *testing.T, app http.HandlerFunc, edits ...func(*loadtest.Options)) *tester {
	t.Helper()
	o := loadtest.Options{
		Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return epoch }, Registry: prometheus.NewRegistry(),
		Timeout: time.Minute, Targets: target.Policy{Allow: []string{"127.0.0.1"}}, RunsPerNamespace: 2, Connections: 10,
	}
	for _, edit := range edits {
		edit(&o)
	}
	s, err := loadtest.New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	a := httptest.NewServer(app)
	t.Cleanup(a.Close)
	return &tester{Server: s, handler: s.Handler(), app: a}
}

func withExec(o *loadtest.Options) { o.AllowExec = true }

func ok(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "a token\n") }

// ask sends a request and returns the status and the text of the answer.
func (s *tester) ask(t *testing.T, method, path, body string) (int, string) {
	t.Helper()
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body)))
	return w.Code, strings.TrimSpace(w.Body.String())
}

// task posts metadata as a webhook of test/podinfo; URL in it stands for the application's.
func (s *tester) task(t *testing.T, metadata map[string]string) (int, string) {
	t.Helper()
	for k, v := range metadata {
		metadata[k] = strings.ReplaceAll(v, "URL", s.app.URL)
	}
	body, err := json.Marshal(loadtest.Payload{Name: "podinfo", Namespace: "test", Phase: "Progressing", Metadata: metadata})
	if err != nil {
		t.Fatal(err)
	}
	return s.ask(t, http.MethodPost, "/", string(body))
}

func (s *tester) list(t *testing.T, query string) []loadtest.Run {
	t.Helper()
	_, text := s.ask(t, http.MethodGet, "/runs"+query, "")
	var list struct{ Runs []loadtest.Run }
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		t.Fatalf("GET /runs: %v in %s", err, text)
	}
	return list.Runs
}

func TestTasks(t *testing.T) {
	tests := map[string]struct {
		metadata   map[string]string
		wantStatus int
		want       string
	}{
		"a load is accepted": {
			metadata:   map[string]string{"cmd": "hey -n 4 -c 2 URL/"},
			wantStatus: 202, want: "Accepted",
		},
		"a typed load is accepted": {
			metadata:   map[string]string{"type": "load", "url": "URL", "requests": "4", "qps": "0", "headers": "X-A: b\nX-C: d"},
			wantStatus: 202, want: "Accepted",
		},
		"a flag that is not built in is named": {
			metadata:   map[string]string{"type": "cmd", "cmd": "wrk -s script.lua URL"},
			wantStatus: 400, want: "wrk: the flag -s is not supported by the built-in load generator",
		},
		"a test that finds its word": {
			metadata:   map[string]string{"type": "bash", "cmd": "curl -sd 'test' URL/token | grep token"},
			wantStatus: 200, want: "OK",
		},
		"a test that finds its word and is to say so": {
			metadata:   map[string]string{"type": "bash", "cmd": "curl -sd 'test' URL/token | grep token", "returnCmdOutput": "true"},
			wantStatus: 200, want: "a token",
		},
		"a test that does not find its word": {
			metadata:   map[string]string{"type": "cmd", "cmd": "curl -s URL/token | grep cookie"},
			wantStatus: 500, want: `no line of the answer has "cookie": it begins with "a token\n"`,
		},
		"bash needs leave": {
			metadata:   map[string]string{"type": "bash", "cmd": "exit 0"},
			wantStatus: 403, want: `"exit" is not built in; the load tester runs other programs only when it is started with --allow-exec`,
		},
		"so does a curl that is too much": {
			metadata:   map[string]string{"type": "cmd", "cmd": "curl -s URL | jq ."},
			wantStatus: 403, want: `curl: only grep may follow after the pipe, not ["jq" "."]; the load tester runs other programs only when it is started with --allow-exec`,
		},
		"so does helm": {
			metadata:   map[string]string{"type": "helmv3", "cmd": "test podinfo"},
			wantStatus: 403, want: "helmv3 is not built in; the load tester runs other programs only when it is started with --allow-exec",
		},
		"a load stays in the cluster": {
			metadata:   map[string]string{"cmd": "hey -z 1s http://www.example.com/"},
			wantStatus: 403, want: `the target "www.example.com" is no Service of the cluster, and no --allow-target covers it`,
		},
		"a test stays in the cluster": {
			metadata:   map[string]string{"type": "bash", "cmd": "curl -s http://169.254.169.254/"},
			wantStatus: 403, want: `the target "169.254.169.254" is no Service of the cluster, and no --allow-target covers it`,
		},
		"a load that is too long": {
			metadata:   map[string]string{"cmd": "hey -z 2m URL"},
			wantStatus: 400, want: "the load lasts 2m0s, and may last 1m0s (--timeout)",
		},
		"a load that is too wide": {
			metadata:   map[string]string{"cmd": "hey -z 1s -c 11 URL"},
			wantStatus: 400, want: "the load has 11 connections, and may have 10 (--max-connections)",
		},
		"a typed load with a key that is none": {
			metadata:   map[string]string{"type": "load", "url": "URL", "rate": "3"},
			wantStatus: 400, want: `the key "rate" is none of a load's: url, qps, connections, duration, requests, timeout, method, body, headers, host, protocol, call, service, logCmdOutput, returnCmdOutput`,
		},
		"a typed load with a rate that is none": {
			metadata:   map[string]string{"type": "load", "url": "URL", "qps": "many"},
			wantStatus: 400, want: `qps is "many", and must be a number of 0 or more`,
		},
		"a typed load with a duration that is none": {
			metadata:   map[string]string{"type": "load", "url": "URL", "duration": "-1s"},
			wantStatus: 400, want: `duration is "-1s", and must be a duration such as 90s`,
		},
		"a typed load with a broken header": {
			metadata:   map[string]string{"type": "load", "url": "URL", "headers": "X-A: b\nnonsense"},
			wantStatus: 400, want: `headers has the line "nonsense", and each must be Name: value`,
		},
		"a typed load with a protocol that is none": {
			metadata:   map[string]string{"type": "load", "url": "URL", "protocol": "http3"},
			wantStatus: 400, want: `the protocol "http3" is none of http1, http2 and grpc`,
		},
		"an unknown type": {
			metadata:   map[string]string{"type": "concord", "cmd": "x"},
			wantStatus: 400, want: `the type "concord" is not supported: use load, cmd, bash, helm, helmv3 or kubectl`,
		},
		"no command": {
			metadata:   map[string]string{"type": "cmd", "command": "x"},
			wantStatus: 400, want: "the metadata has no cmd",
		},
		"no metadata": {wantStatus: 400, want: "the payload has no metadata, so there is nothing to run"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := newTester(t, ok)
			status, text := s.task(t, tt.metadata)
			s.Wait()
			if status != tt.wantStatus || text != tt.want {
				t.Errorf("%d %s, want %d %s", status, text, tt.wantStatus, tt.want)
			}
		})
	}
}

func TestTasksWithAShell(t *testing.T) {
	for _, program := range []string{"sh", "bash"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Fatalf("this test runs %s: %v", program, err)
		}
	}
	tests := map[string]struct {
		metadata   map[string]string
		wantStatus int
		want       string
		wantState  loadtest.State
	}{
		"bash says yes": {
			metadata:   map[string]string{"type": "bash", "cmd": "echo $((1+1))", "returnCmdOutput": "true"},
			wantStatus: 200, want: "2", wantState: loadtest.Succeeded,
		},
		"bash says no, with its output": {
			metadata:   map[string]string{"type": "bash", "cmd": "echo why >&2; exit 3"},
			wantStatus: 500, want: "why\nrun bash: exit status 3", wantState: loadtest.Failed,
		},
		"what is not built in runs in the background": {
			metadata:   map[string]string{"cmd": "exit 4"},
			wantStatus: 202, want: "Accepted", wantState: loadtest.Failed,
		},
		"a load that is not built in does, too": {
			metadata:   map[string]string{"cmd": "wrk -s none.lua URL >/dev/null 2>&1 || true"},
			wantStatus: 202, want: "Accepted", wantState: loadtest.Succeeded,
		},
		"a load that is built in needs no shell": {
			metadata:   map[string]string{"cmd": "hey -n 2 -c 1 URL"},
			wantStatus: 202, want: "Accepted", wantState: loadtest.Succeeded,
		},
		"kubectl is not in the image": {
			metadata:   map[string]string{"type": "kubectl", "cmd": "version; echo $HOME"},
			wantStatus: 500, want: "run kubectl: exec: \"kubectl\": executable file not found in $PATH", wantState: loadtest.Failed,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if tt.metadata["type"] == "kubectl" {
				t.Setenv("PATH", t.TempDir())
			}
			s := newTester(t, ok, withExec)
			status, text := s.task(t, tt.metadata)
			s.Wait()
			if status != tt.wantStatus || text != tt.want {
				t.Errorf("%d %s, want %d %s", status, text, tt.wantStatus, tt.want)
			}
			if got := s.list(t, "")[0].State; got != tt.wantState {
				t.Errorf("the run %s, want %s", got, tt.wantState)
			}
		})
	}
}

func TestRunsSayWhatCameOfALoad(t *testing.T) {
	s := newTester(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/broken" {
			w.WriteHeader(http.StatusBadGateway)
		}
	})
	s.task(t, map[string]string{"cmd": "hey -n 4 -c 2 URL/"})
	s.task(t, map[string]string{"cmd": "hey -n 6 -c 2 URL/broken"})
	s.Wait()
	got := s.list(t, "")
	if len(got) != 2 {
		t.Fatalf("%d runs, want 2", len(got))
	}
	newest := got[0]
	if newest.State != loadtest.Succeeded || newest.Result == nil || newest.Result.Requests != 6 || newest.Result.Errors != 6 || newest.Result.Outcomes["502"] != 6 {
		t.Errorf("newest run %+v, want 6 requests that all got 502", newest)
	}
	if len(newest.Result.Latency.Histogram) == 0 || newest.Result.Latency.Percentiles["p99"] <= 0 {
		t.Errorf("latency %+v, want a histogram and a p99", newest.Result.Latency)
	}
	if n := len(s.list(t, "?namespace=test&name=podinfo")); n != 2 {
		t.Errorf("%d runs of test/podinfo, want 2", n)
	}
	if n := len(s.list(t, "?namespace=other")); n != 0 {
		t.Errorf("%d runs of another namespace, want none", n)
	}
	_, metrics := s.ask(t, http.MethodGet, "/metrics", "")
	for _, want := range []string{
		`linnet_loadtest_requests_total{name="podinfo",namespace="test",outcome="200"} 4`,
		`linnet_loadtest_requests_total{name="podinfo",namespace="test",outcome="502"} 6`,
		`linnet_loadtest_request_duration_seconds_count{name="podinfo",namespace="test"} 10`,
		`linnet_loadtest_runs_total{name="podinfo",namespace="test",state="succeeded",type="cmd"} 2`,
		`linnet_loadtest_runs_active{namespace="test"} 0`,
	} {
		if !strings.Contains(metrics, want+"\n") {
			t.Errorf("/metrics is without %s", want)
		}
	}
}

func TestATaskThatTakesTooLongIsStopped(t *testing.T) {
	s := newTester(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, func(o *loadtest.Options) {
		o.Timeout = time.Millisecond
	})
	s.task(t, map[string]string{"cmd": "hey -n 1 -c 1 -t 0 URL"})
	s.Wait()
	status, text := s.task(t, map[string]string{"type": "bash", "cmd": "curl -s URL"})
	if want := "stopped after 1ms (--timeout): "; status != http.StatusInternalServerError || !strings.HasPrefix(text, want) {
		t.Errorf("%d %s, want 500 %s…", status, text, want)
	}
	for _, run := range s.list(t, "") {
		if want := "stopped after 1ms (--timeout): "; run.State != loadtest.Failed || !strings.HasPrefix(run.Message, want) {
			t.Errorf("%s: %s %s, want failed, %s…", run.Command, run.State, run.Message, want)
		}
	}
}

func TestALoadRunsOnceAtATime(t *testing.T) {
	release := make(chan struct{})
	s := newTester(t, func(http.ResponseWriter, *http.Request) { <-release })
	same := map[string]string{"cmd": "hey -n 1 -c 1 URL/"}
	for range 3 {
		if status, text := s.task(t, same); status != http.StatusAccepted {
			t.Errorf("%d %s, want 202", status, text)
		}
	}
	if n := len(s.list(t, "")); n != 1 {
		t.Errorf("%d runs of the same load, want 1", n)
	}
	if status, _ := s.task(t, map[string]string{"cmd": "hey -n 1 -c 1 URL/other"}); status != http.StatusAccepted {
		t.Errorf("%d for another load, want 202", status)
	}
	status, text := s.task(t, map[string]string{"cmd": "hey -n 1 -c 1 URL/third"})
	if want := "the namespace test has 2 tasks running, and may have no more at a time (--max-runs-per-namespace)"; status != http.StatusTooManyRequests || text != want {
		t.Errorf("%d %s, want 429 %s", status, text, want)
	}
	close(release)
	s.Wait()
	if status, _ := s.task(t, same); status != http.StatusAccepted {
		t.Errorf("%d once the first has ended, want 202", status)
	}
	s.Wait()
	if n := len(s.list(t, "")); n != 3 {
		t.Errorf("%d runs, want 3", n)
	}
}

func TestOldRunsAreForgotten(t *testing.T) {
	s := newTester(t, ok)
	for range 103 {
		s.task(t, map[string]string{"type": "bash", "cmd": "curl -s URL"})
	}
	runs := s.list(t, "")
	if len(runs) != 100 || runs[0].ID != 103 || runs[99].ID != 4 {
		t.Errorf("%d runs, from %d to %d, want the last 100", len(runs), runs[0].ID, runs[len(runs)-1].ID)
	}
}

func TestGates(t *testing.T) {
	const podinfo = `{"name":"podinfo","namespace":"test"}`
	dir := t.TempDir()
	keep := func(o *loadtest.Options) { o.StateDir = dir }
	steps := []struct {
		path       string
		wantStatus int
	}{
		{"/gate/approve", 200},
		{"/gate/halt", 403},
		{"/gate/check", 403},
		{"/gate/open", 202},
		{"/gate/check", 200},
		{"/rollback/check", 403},
		{"/rollback/open", 202},
		{"/gate/close", 202},
		{"/gate/check", 403},
		{"/rollback/check", 200},
	}
	s := newTester(t, ok, keep)
	for i, step := range steps {
		if status, text := s.ask(t, http.MethodPost, step.path, podinfo); status != step.wantStatus {
			t.Errorf("step %d, %s: %d %s, want %d", i, step.path, status, text, step.wantStatus)
		}
	}
	restarted := newTester(t, ok, keep)
	if status, _ := restarted.ask(t, http.MethodPost, "/rollback/check", podinfo); status != http.StatusOK {
		t.Errorf("%d for an open gate after a restart, want 200", status)
	}
}

func TestWhoMayAsk(t *testing.T) {
	s := newTester(t, ok, func(o *loadtest.Options) { o.Namespaces = regexp.MustCompile("^test$") })
	tests := map[string]struct {
		method, path, body string
		want               int
	}{
		"a namespace that is served":       {"POST", "/gate/open", `{"name":"a","namespace":"test"}`, 202},
		"a namespace that is not":          {"POST", "/gate/open", `{"name":"a","namespace":"other"}`, 403},
		"a task of one that is not":        {"POST", "/", `{"name":"a","namespace":"other","metadata":{"cmd":"hey http://a"}}`, 403},
		"no JSON":                          {"POST", "/", `{`, 400},
		"no name":                          {"POST", "/", `{"namespace":"test"}`, 400},
		"no namespace":                     {"POST", "/gate/check", `{"name":"a"}`, 400},
		"more than anybody has to say":     {"POST", "/", `{"name":"` + strings.Repeat("a", 1<<17) + `"}`, 400},
		"a task that is only looked at":    {"GET", "/", "", 405},
		"a gate that is only looked at":    {"GET", "/gate/open", "", 405},
		"a path that is none":              {"POST", "/other", "{}", 404},
		"health":                           {"GET", "/healthz", "", 200},
		"a gate's approval, by any method": {"GET", "/gate/approve", "", 200},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if status, text := s.ask(t, tt.method, tt.path, tt.body); status != tt.want {
				t.Errorf("%d %s, want %d", status, text, tt.want)
			}
		})
	}
}
