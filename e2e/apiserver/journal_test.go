package apiserver

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"github.com/linnet-delivery/linnet/e2e/framework"
)

// entry is a request that was answered. A watch is written down when it begins.
type entry struct {
	framework.Request
	// body is what a write carried.
	body []byte
	// accept is the form in which the answer was wanted.
	accept string
}

// fields returns the body's fields, none when it is not JSON.
func (e entry) fields() map[string]any {
	var fields map[string]any
	if json.Unmarshal(e.body, &fields) != nil {
		return nil
	}
	return fields
}

// journal is a proxy in front of the API server that writes down every request, in the order of
// the answers. It asks as Linnet's service account, so what the installed role forbids fails here as well.
type journal struct {
	*httptest.Server
	mu      sync.Mutex
	entries []entry
}

const serviceAccount = "system:serviceaccount:istio-system:linnet"

func newJournal(t *testing.T) *journal {
	t.Helper()
	as := rest.CopyConfig(config)
	as.Impersonate.UserName = serviceAccount
	transport, err := rest.TransportFor(as)
	if err != nil {
		t.Fatalf("make a transport to the API server: %v", err)
	}
	address, err := url.Parse(config.Host)
	if err != nil {
		t.Fatalf("parse the API server's address: %v", err)
	}
	j := &journal{}
	proxy := &httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(address) },
		Transport:     transport,
		FlushInterval: -1, // watches
		ErrorHandler:  func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
	j.Server = httptest.NewServer(j.around(proxy))
	t.Cleanup(func() {
		j.CloseClientConnections()
		j.Close()
	})
	return j
}

func (j *journal) around(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e := entry{Request: requestOf(r), accept: r.Header.Get("Accept")}
		if e.Writes() {
			e.body, _ = io.ReadAll(r.Body)
			r.Body = io.NopCloser(bytes.NewReader(e.body))
		}
		next.ServeHTTP(&answer{ResponseWriter: w, written: func(code int) { e.Code = code; j.add(e) }}, r)
	})
}

// answer tells when the head of an answer is written.
type answer struct {
	http.ResponseWriter
	written func(code int)
}

func (a *answer) WriteHeader(code int) {
	a.written(code)
	a.ResponseWriter.WriteHeader(code)
}

// Unwrap lets the proxy flush.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

func (j *journal) add(e entry) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.entries = append(j.entries, e)
}

// mark returns a place in the journal, to read on from.
func (j *journal) mark() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.entries)
}

// watches returns what was ever listened to.
func (j *journal) watches() []entry {
	j.mu.Lock()
	defer j.mu.Unlock()
	return pick(j.entries, func(e entry) bool { return e.Verb == "watch" })
}

// since returns what was asked after a mark, without watches: they are how an idle controller listens.
func (j *journal) since(mark int) []entry {
	j.mu.Lock()
	defer j.mu.Unlock()
	return pick(j.entries[mark:], func(e entry) bool { return e.Verb != "watch" })
}

// forbidden returns what the controller asked for and may not have.
func (j *journal) forbidden() []entry {
	return pick(j.since(0), func(e entry) bool { return e.Code == http.StatusForbidden })
}

// written returns the writes since a mark of one object, in their order.
func (j *journal) written(mark int, resource, name string) []entry {
	return pick(writes(j.since(mark)), func(e entry) bool { return e.Resource == resource && e.Name == name })
}

// told returns how often an event was told since a mark.
func (j *journal) told(mark int, reason string) int {
	return len(pick(j.since(mark), func(e entry) bool { return e.Resource == "events" && e.fields()["reason"] == reason }))
}

// pick returns the entries that fit.
func pick(entries []entry, fits func(entry) bool) []entry {
	var picked []entry
	for _, e := range entries {
		if fits(e) {
			picked = append(picked, e)
		}
	}
	return picked
}

func writes(entries []entry) []entry { return pick(entries, func(e entry) bool { return e.Writes() }) }

func table(entries []entry) string {
	requests := make([]framework.Request, len(entries))
	for i, e := range entries {
		requests[i] = e.Request
	}
	return framework.KindTable(framework.CountByKind(requests))
}

// requestOf reads a request to the API server. What names no resource, such as discovery, has its path for one.
func requestOf(r *http.Request) framework.Request {
	found := framework.Request{At: time.Now(), Verb: verbs[r.Method], Resource: r.URL.Path}
	path := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	prefix := map[string]int{"api": 2, "apis": 3}[path[0]] // the group's version is the last of the prefix
	if prefix == 0 || len(path) <= prefix {
		return found
	}
	rest := path[prefix:]
	if rest[0] == "namespaces" && len(rest) > 2 {
		found.Namespace, rest = rest[1], rest[2:]
	}
	found.Resource = rest[0]
	if len(rest) > 1 {
		found.Name = rest[1]
	}
	if len(rest) > 2 {
		found.Resource += "/" + rest[2]
	}
	if found.Verb == "get" && found.Name == "" {
		found.Verb = "list"
	}
	if found.Verb == "list" && r.URL.Query().Has("watch") {
		found.Verb = "watch"
	}
	return found
}

var verbs = map[string]string{
	http.MethodGet: "get", http.MethodPost: "create", http.MethodPut: "update", http.MethodPatch: "patch", http.MethodDelete: "delete",
}
