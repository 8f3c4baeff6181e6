package alert_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/notify/alert"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var epoch = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// request is an alert as a room got it.
type request struct {
	path, body, authorization, contentType string
}

// room is a server that takes alerts and remembers them.
type room struct {
	*httptest.Server
	mu   sync.Mutex
	seen []request
}

func newRoom(t *testing.T, answer http.HandlerFunc) *room {
	t.Helper()
	r := &room{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		r.mu.Lock()
		r.seen = append(r.seen, request{
			path: req.URL.Path, body: string(body),
			authorization: req.Header.Get("Authorization"), contentType: req.Header.Get("Content-Type"),
		})
		r.mu.Unlock()
		answer(w, req)
	}))
	t.Cleanup(r.Close)
	return r
}

func ok(http.ResponseWriter, *http.Request) {}

func (r *room) requests() []request {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.seen
}

func (r *room) paths() []string {
	var paths []string
	for _, s := range r.requests() {
		paths = append(paths, s.path)
	}
	return paths
}

// sender returns a Sender whose API server holds the objects and that pauses for no time.
func sender(t *testing.T, objects []client.Object, edits ...func(*alert.Options)) *alert.Sender {
	t.Helper()
	scheme := runtime.NewScheme()
	if err := flaggerv1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	if err := corev1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	api := fake.NewClientBuilder().WithScheme(scheme).WithObjects(objects...).Build()
	o := alert.Options{
		Reader: api, Secrets: api, AllowLoopback: true, UserAgent: "linnet/v0",
		Wait: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	}
	for _, edit := range edits {
		edit(&o)
	}
	s := alert.New(o)
	t.Cleanup(s.CloseIdle)
	return s
}

// canary returns a Canary of podinfo that alerts the providers of its namespace, whatever happens.
func canary(providers ...string) *flaggerv1.Canary {
	c := &flaggerv1.Canary{ObjectMeta: metav1.ObjectMeta{Namespace: "test", Name: "podinfo"}}
	c.Spec.TargetRef = flaggerv1.TargetReference{APIVersion: "apps/v1", Kind: "Deployment", Name: "podinfo"}
	c.Spec.Analysis = flaggerv1.CanaryAnalysis{Interval: "1m", Threshold: 5, StepWeight: 10, MaxWeight: 50}
	c.Status = flaggerv1.CanaryStatus{
		Phase: flaggerv1.PhaseProgressing, LastAppliedSpec: "5f1d0c1a6e", CanaryWeight: 0, FailedChecks: 0,
	}
	for _, p := range providers {
		c.Spec.Analysis.Alerts = append(c.Spec.Analysis.Alerts, flaggerv1.CanaryAlert{
			Name: "on " + p, ProviderRef: flaggerv1.CrossNamespaceReference{Name: p},
		})
	}
	return c
}

func provider(kind, address string, edits ...func(*flaggerv1.AlertProvider)) *flaggerv1.AlertProvider {
	p := &flaggerv1.AlertProvider{ObjectMeta: metav1.ObjectMeta{Namespace: "test", Name: kind}}
	p.Spec = flaggerv1.AlertProviderSpec{Type: kind, Address: address}
	for _, edit := range edits {
		edit(p)
	}
	return p
}

func secret(data map[string]string) *corev1.Secret {
	s := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "test", Name: "access"}, Data: map[string][]byte{}}
	for k, v := range data {
		s.Data[k] = []byte(v)
	}
	return s
}

func withSecret(p *flaggerv1.AlertProvider) {
	p.Spec.Address = ""
	p.Spec.SecretRef = &flaggerv1.LocalObjectReference{Name: "access"}
}
