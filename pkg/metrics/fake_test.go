package metrics

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
)

// now is what every clock of these tests shows, and the time of every fresh sample.
const now = 1700000000

// prometheus is a server that answers as a test tells it and remembers what it was asked.
type prometheus struct {
	*httptest.Server
	mu       sync.Mutex
	requests []*http.Request
}

func newPrometheus(t *testing.T, answer http.HandlerFunc) *prometheus {
	t.Helper()
	p := &prometheus{}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		p.mu.Lock()
		p.requests = append(p.requests, r)
		p.mu.Unlock()
		answer(w, r)
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *prometheus) asked() []*http.Request {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.requests
}

// answering sends the same body to everybody.
func answering(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, body)
	}
}

// byReporter answers the query about one side of the connections with its body.
func byReporter(destination, source string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.FormValue("query"), `reporter=~"source"`) {
			answering(source)(w, r)
			return
		}
		answering(destination)(w, r)
	}
}

// answeringQueries answers a query with the body of the prefix that it has, and
// any other with the rest.
func answeringQueries(byPrefix map[string]string, rest string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		for prefix, body := range byPrefix {
			if strings.HasPrefix(r.FormValue("query"), prefix) {
				answering(body)(w, r)
				return
			}
		}
		answering(rest)(w, r)
	}
}

func success(resultType, result string) string {
	return fmt.Sprintf(`{"status":"success","data":{"resultType":%q,"result":%s}}`, resultType, result)
}

// vector is an answer with one fresh series for each value.
func vector(values ...string) string {
	samples := make([]string, len(values))
	for i, v := range values {
		samples[i] = fmt.Sprintf(`{"metric":{"pod":"p%d"},"value":[%d,%q]}`, i, now, v)
	}
	return success("vector", "["+strings.Join(samples, ",")+"]")
}

// analyst returns an Analyst with a fixed clock, whose API server holds the objects.
func analyst(t *testing.T, address string, objects ...client.Object) *Analyst {
	t.Helper()
	scheme := runtime.NewScheme()
	if err := flaggerv1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	if err := corev1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	reader := fake.NewClientBuilder().WithScheme(scheme).WithObjects(objects...).Build()
	return New(Options{
		Reader: reader, Secrets: reader, DefaultAddress: address,
		Now: func() time.Time { return time.Unix(now, 0) },
	})
}

// canary returns a Canary of podinfo in namespace test.
func canary(metrics ...flaggerv1.CanaryMetric) *flaggerv1.Canary {
	c := &flaggerv1.Canary{ObjectMeta: metav1.ObjectMeta{Namespace: "test", Name: "app"}}
	c.Spec.TargetRef = flaggerv1.TargetReference{APIVersion: "apps/v1", Kind: "Deployment", Name: "podinfo"}
	c.Spec.Analysis.Metrics = metrics
	return c
}

func atLeast(v float64) *flaggerv1.ThresholdRange { return &flaggerv1.ThresholdRange{Min: &v} }

func atMost(v float64) *flaggerv1.ThresholdRange { return &flaggerv1.ThresholdRange{Max: &v} }

func inline() flaggerv1.CanaryMetric {
	return flaggerv1.CanaryMetric{Name: "errors", Query: "sum(errors)", ThresholdRange: atMost(5)}
}
