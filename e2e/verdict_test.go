package e2e

import (
	"fmt"
	"slices"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/linnet-delivery/linnet/e2e/framework"
	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
)

// sideBySide is how many Canaries of each kind are rolled back at the same time.
const sideBySide = 5

// The time runs from the moment at which the metric's bad answer left its server.
func TestTrafficIsBackAfterTheVerdict(t *testing.T) {
	t.Parallel()
	server, err := cluster.ServeMetrics(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	hang := flaggerv1.CanaryWebhook{Name: "hangs", Type: flaggerv1.HookEvent, URL: "http://" + server.Address + "/hang"}
	var free, hung []*app
	for i := range sideBySide {
		free = append(free, judged(t, fmt.Sprintf("verdict-%d", i), server))
		hung = append(hung, judged(t, fmt.Sprintf("hung-%d", i), server, hang))
	}
	times := rollBack(slices.Concat(free, hung), server)
	report(t, "no event webhook", times[:len(free)])
	report(t, "a hung event webhook", times[len(free):])
}

// judged declares an application whose versions all fail at their first analysis, once Linnet has set it up.
func judged(t *testing.T, name string, server *framework.MetricServer, webhooks ...flaggerv1.CanaryWebhook) *app {
	t.Helper()
	a := newApp(t, name)
	server.Set(a.namespace, 50)
	a.create(server.Template(a.namespace))
	a.deploy(onePlainPod)
	a.create(framework.NewCanary(a.namespace, func(c *flaggerv1.Canary) {
		c.Spec.Analysis.Threshold = 1
		c.Spec.Analysis.Metrics = []flaggerv1.CanaryMetric{server.Check(99)}
		c.Spec.Analysis.Webhooks = webhooks
	}))
	return a
}

// rollBack ships versions to all applications at once, again and again, and returns how long after its
// verdict each application's route was back, for each run.
func rollBack(apps []*app, server *framework.MetricServer) [][]time.Duration {
	for _, a := range apps {
		a.Helper()
		a.initialised(time.Time{})
	}
	times := make([][]time.Duration, len(apps))
	versions := []string{"6.0.1", "6.0.2"}
	for run := range max(1, *rollbacks/sideBySide) {
		shipped := time.Now()
		for _, a := range apps {
			a.ship(versions[run%len(versions)])
		}
		for i, a := range apps {
			shifted := a.until(toAdvance, shipped, "the first step", framework.CanaryAt(10))
			back := a.until(toAdvance, shifted.At, "the route to be back", framework.CanaryAt(0))
			times[i] = append(times[i], back.At.Sub(server.Answered(a.namespace)))
			a.until(toAdvance, back.At, "the release to fail", framework.InPhase(flaggerv1.PhaseFailed))
		}
	}
	return times
}

// report prints the times: that they ended at all is the test.
func report(t *testing.T, what string, runs [][]time.Duration) {
	t.Helper()
	times := slices.Concat(runs...)
	slices.Sort(times)
	half, p99 := times[len(times)/2], times[len(times)-1] // of 20 runs the greatest is the 99th percentile
	t.Logf("%s: route back after the verdict, %d runs: half within %s, p99 %s (promised: 2 s)",
		what, len(times), half.Round(time.Millisecond), p99.Round(time.Millisecond))
}

// onePlainPod makes the application as light as it can be: it gets no traffic here.
func onePlainPod(d *appsv1.Deployment) {
	d.Spec.Replicas = new(int32(1))
	d.Spec.Template.Labels["sidecar.istio.io/inject"] = "false"
}
