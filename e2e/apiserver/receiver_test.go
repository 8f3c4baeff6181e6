package apiserver

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
)

// receiver takes webhooks, alerts and events, and notes them by the path that they are posted to.
type receiver struct {
	url    string
	mu     sync.Mutex
	posted []post
	closed map[string]bool
}

type post struct {
	path   string
	header http.Header
	body   map[string]any
}

// newReceiver listens on an address other than loopback, which the controller does not call.
func newReceiver(t *testing.T, closed ...string) *receiver {
	t.Helper()
	r := &receiver{closed: map[string]bool{}}
	for _, path := range closed {
		r.closed[path] = true
	}
	server := httptest.NewUnstartedServer(r)
	listener, err := net.Listen("tcp", net.JoinHostPort(ownAddress(t), "0"))
	if err != nil {
		t.Fatal(err)
	}
	_ = server.Listener.Close()
	server.Listener = listener
	server.Start()
	t.Cleanup(server.Close)
	r.url = server.URL
	return r
}

func ownAddress(t *testing.T) string {
	t.Helper()
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(addresses, func(a net.Addr) bool {
		ip, ok := a.(*net.IPNet)
		return ok && ip.IP.To4() != nil && ip.IP.IsGlobalUnicast()
	})
	if i < 0 {
		t.Fatalf("this machine has loopback addresses only: %v", addresses)
	}
	return addresses[i].(*net.IPNet).IP.String()
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	p := post{path: q.URL.Path, header: q.Header}
	body, _ := io.ReadAll(q.Body)
	_ = json.Unmarshal(body, &p.body)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.posted = append(r.posted, p)
	if r.closed[p.path] {
		w.WriteHeader(http.StatusForbidden)
	}
}

// open lets the gate at a path say yes from now on.
func (r *receiver) open(path string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed[path] = false
}

func (r *receiver) to(path string) []post {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(r.posted), func(p post) bool { return p.path != path })
}
