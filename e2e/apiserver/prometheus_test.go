package apiserver

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// newPrometheus plays a Prometheus that knows a healthy application: every request succeeds, 99 of
// 100 take at most 12 ms, and whoever has no traffic is silent.
func newPrometheus(t *testing.T) string {
	t.Helper()
	return newFickle(t).url
}

// fickle is a Prometheus that knows an application of whose requests a share succeeds.
type fickle struct {
	url string
	// success is that share in percent.
	success atomic.Int64
	mu      sync.Mutex
	queries []string
}

func newFickle(t *testing.T) *fickle {
	t.Helper()
	f := &fickle{}
	f.success.Store(100)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/v1/query" {
			http.NotFound(w, r)
			return
		}
		f.note(r.FormValue("query"))
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"status":"success","data":{"resultType":"vector","result":[%s]}}`, f.sample(r.FormValue("query")))
	}))
	t.Cleanup(server.Close)
	f.url = server.URL
	return f
}

func (f *fickle) note(query string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.queries = append(f.queries, query)
}

// asked returns every query so far.
func (f *fickle) asked() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.queries)
}

// sample returns the one element of a query's answer, or nothing.
func (f *fickle) sample(query string) string {
	var value string
	switch {
	case strings.HasPrefix(query, "100 *"): // the success rate in percent
		value = fmt.Sprint(f.success.Load())
	case strings.HasPrefix(query, "histogram_quantile"): // the duration in milliseconds
		value = "12"
	default: // how many requests a side still gets
		return ""
	}
	return fmt.Sprintf(`{"metric":{},"value":[%d,%q]}`, time.Now().Unix(), value)
}
