package hook_test

import (
	"context"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/hook"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var epoch = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// pauses records what a Caller would have waited between its tries.
type pauses struct {
	mu  sync.Mutex
	got []time.Duration
}

func (p *pauses) wait(ctx context.Context, d time.Duration) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.got = append(p.got, d)
	return ctx.Err()
}

func newCaller(t *testing.T, edits ...func(*hook.Options)) *hook.Caller {
	t.Helper()
	o := hook.Options{
		Now:           func() time.Time { return epoch },
		AllowLoopback: true,
		UserAgent:     "linnet/v0",
		Wait:          (&pauses{}).wait,
	}
	for _, edit := range edits {
		edit(&o)
	}
	c := hook.New(o)
	t.Cleanup(c.CloseIdle)
	return c
}

func canary(webhooks ...flaggerv1.CanaryWebhook) *flaggerv1.Canary {
	return &flaggerv1.Canary{
		ObjectMeta: metav1.ObjectMeta{Name: "podinfo", Namespace: "test", UID: "uid-1"},
		Spec:       flaggerv1.CanarySpec{Analysis: flaggerv1.CanaryAnalysis{Webhooks: webhooks}},
		Status: flaggerv1.CanaryStatus{
			Phase: flaggerv1.PhaseProgressing, CanaryWeight: 10, FailedChecks: 1,
			LastAppliedSpec:  "rev-2",
			TrackedConfigs:   map[string]string{"configmap/b": "2", "configmap/a": "1"},
			LastAnalysisTime: metav1.NewMicroTime(epoch),
		},
	}
}

func gate(url string, edits ...func(*flaggerv1.CanaryWebhook)) flaggerv1.CanaryWebhook {
	w := flaggerv1.CanaryWebhook{Name: "gate", Type: flaggerv1.HookConfirmRollout, URL: url}
	for _, edit := range edits {
		edit(&w)
	}
	return w
}

func hookType(t flaggerv1.HookType) func(*flaggerv1.CanaryWebhook) {
	return func(w *flaggerv1.CanaryWebhook) { w.Type = t }
}

func named(name string) func(*flaggerv1.CanaryWebhook) {
	return func(w *flaggerv1.CanaryWebhook) { w.Name = name }
}

func retries(n int) func(*flaggerv1.CanaryWebhook) {
	return func(w *flaggerv1.CanaryWebhook) { w.Retries = n }
}

// seen is a request as a server got it.
type seen struct {
	Path, Body string
	Header     http.Header
}

// receiver is a server that remembers its requests.
type receiver struct {
	*httptest.Server
	mu   sync.Mutex
	seen []seen
}

func newReceiver(t *testing.T, h http.HandlerFunc) *receiver {
	t.Helper()
	r := &receiver{}
	r.Server = httptest.NewUnstartedServer(r.record(h))
	r.Config.ErrorLog = log.New(io.Discard, "", 0)
	r.Start()
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) record(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		r.mu.Lock()
		r.seen = append(r.seen, seen{Path: req.URL.Path, Body: string(body), Header: req.Header.Clone()})
		r.mu.Unlock()
		h(w, req)
	}
}

func (r *receiver) requests() []seen {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.seen
}

func (r *receiver) paths() []string {
	var paths []string
	for _, s := range r.requests() {
		paths = append(paths, s.Path)
	}
	return paths
}

// byPath answers 200 on /yes and 403 anywhere else.
func byPath(w http.ResponseWriter, req *http.Request) {
	if req.URL.Path != "/yes" {
		http.Error(w, "not yet", http.StatusForbidden)
	}
}
