package e2e

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/utils/ptr"

	"github.com/linnet-delivery/linnet/e2e/framework"
	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
)

// side by side is how many Canaries are rolled back at the same time.
const sideBySide = 5

// The time runs from the moment at which the metric's bad answer left its server.
func TestTrafficIsBackAfterTheVerdict(t *testing.T) {
	server, err := cluster.ServeMetrics(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	hang := flaggerv1.CanaryWebhook{Name: "hangs", Type: flaggerv1.HookEvent, URL: "http://" + server.Address + "/hang"}
	for name, webhooks := range map[string][]flaggerv1.CanaryWebhook{
		"no event webhook":     nil,
		"a hung event webhook": {hang},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			times := rollBackMany(t, server, webhooks)
			slices.Sort(times)
			p99 := times[len(times)-1] // of 20 runs the greatest
			t.Logf("route back after the verdict, %d runs: half within %s, p99 %s (promised: 2 s)",
				len(times), times[len(times)/2].Round(time.Millisecond), p99.Round(time.Millisecond))
		})
	}
}

func rollBackMany(t *testing.T, server *framework.MetricServer, webhooks []flaggerv1.CanaryWebhook) []time.Duration {
	t.Helper()
	var mu sync.Mutex
	var times []time.Duration
	t.Run("runs", func(t *testing.T) {
		for i := range sideBySide {
			t.Run(fmt.Sprint(i), func(t *testing.T) {
				t.Parallel()
				mine := rollBackOften(t, fmt.Sprintf("verdict-%d-%d", len(webhooks), i), server, webhooks)
				mu.Lock()
				defer mu.Unlock()
				times = append(times, mine...)
			})
		}
	})
	if len(times) == 0 {
		t.FailNow()
	}
	return times
}

// rollBackOften ships versions to one Canary that all fail at their first analysis.
func rollBackOften(t *testing.T, name string, server *framework.MetricServer, webhooks []flaggerv1.CanaryWebhook) []time.Duration {
	t.Helper()
	a := newApp(t, name)
	a.create(server.Template(a.namespace))
	a.deploy(onePlainPod)
	a.declare(func(c *flaggerv1.Canary) {
		c.Spec.Analysis.Threshold = 1
		c.Spec.Analysis.Metrics = []flaggerv1.CanaryMetric{server.Check(99)}
		c.Spec.Analysis.Webhooks = webhooks
	})
	server.Set(a.namespace, 50)
	var times []time.Duration
	versions := []string{"6.0.1", "6.0.2"}
	for i := range max(1, *rollbacks/sideBySide) {
		shipped := a.ship(versions[i%len(versions)])
		shifted := a.until(toAdvance, shipped, "the first step", framework.CanaryAt(10))
		back := a.until(toAdvance, shifted.At, "the route to be back", framework.CanaryAt(0))
		times = append(times, back.At.Sub(server.Answered(a.namespace)))
		a.until(toAdvance, back.At, "the release to fail", framework.InPhase(flaggerv1.PhaseFailed))
	}
	return times
}

// onePlainPod makes the application as light as it can be: it gets no traffic here.
func onePlainPod(d *appsv1.Deployment) {
	d.Spec.Replicas = ptr.To[int32](1)
	d.Spec.Template.Annotations["sidecar.istio.io/inject"] = "false"
	d.Spec.Template.Labels["sidecar.istio.io/inject"] = "false"
}
