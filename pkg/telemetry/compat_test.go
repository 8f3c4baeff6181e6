package telemetry_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/linnet-delivery/linnet/pkg/analysis"
	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/rollout"
)

// memory holds Canaries by name, all of namespace test.
type memory map[string]*flaggerv1.Canary

func (m memory) find(_, name string) (*flaggerv1.Canary, bool) {
	c, ok := m[name]
	return c, ok
}

// of returns a Canary of the target with the metrics.
func of(target string, metrics ...string) *flaggerv1.Canary {
	c := &flaggerv1.Canary{ObjectMeta: metav1.ObjectMeta{Namespace: "test"}}
	c.Spec.TargetRef.Name = target
	for _, m := range metrics {
		c.Spec.Analysis.Metrics = append(c.Spec.Analysis.Metrics, flaggerv1.CanaryMetric{Name: m})
	}
	return c
}

func newCompatBench(m memory) *bench {
	b := newBench()
	b.ServeReference(b.registry, "istio", m.find)
	return b
}

var reference = []string{
	"flagger_info", "flagger_canary_total", "flagger_canary_status", "flagger_canary_weight", "flagger_canary_duration_seconds",
	"flagger_canary_metric_analysis", "flagger_canary_successes_total", "flagger_canary_failures_total",
}

func TestTheReferencesSeriesNameTheTarget(t *testing.T) {
	b := newCompatBench(memory{"app": of("podinfo", "error rate", "latency", "unmeasured"), "other": of("web")})
	b.Observe("test", "app", rollout.Record{Phase: rollout.PhaseInitialized, LastApplied: "1"})
	b.Observe("test", "app", rollout.Record{Phase: rollout.PhaseProgressing, LastApplied: "2", Weight: 30})
	b.Timed(asker{t.Context()}).Ask("test/app", rollout.Question{Kind: rollout.AskAnalysis}, func(context.Context) rollout.Answer {
		b.now = b.now.Add(3 * time.Second)
		return rollout.Answer{Verdict: rollout.Pass, Checks: []analysis.Result{
			{Name: "tests", Value: "200 OK"}, {Name: "error rate", Value: "99.5 %"}, {Name: "latency", Value: "12"}, {Name: "unmeasured"},
		}}
	})
	b.Observe("test", "other", rollout.Record{Phase: rollout.PhaseFailed, Weight: 100})
	b.expect(t, `
# HELP flagger_canary_duration_seconds Time that an analysis took.
# TYPE flagger_canary_duration_seconds histogram
flagger_canary_duration_seconds_bucket{name="podinfo",namespace="test",le="0.005"} 0
flagger_canary_duration_seconds_bucket{name="podinfo",namespace="test",le="0.01"} 0
flagger_canary_duration_seconds_bucket{name="podinfo",namespace="test",le="0.025"} 0
flagger_canary_duration_seconds_bucket{name="podinfo",namespace="test",le="0.05"} 0
flagger_canary_duration_seconds_bucket{name="podinfo",namespace="test",le="0.1"} 0
flagger_canary_duration_seconds_bucket{name="podinfo",namespace="test",le="0.25"} 0
flagger_canary_duration_seconds_bucket{name="podinfo",namespace="test",le="0.5"} 0
flagger_canary_duration_seconds_bucket{name="podinfo",namespace="test",le="1"} 0
flagger_canary_duration_seconds_bucket{name="podinfo",namespace="test",le="2.5"} 0
flagger_canary_duration_seconds_bucket{name="podinfo",namespace="test",le="5"} 1
flagger_canary_duration_seconds_bucket{name="podinfo",namespace="test",le="10"} 1
flagger_canary_duration_seconds_bucket{name="podinfo",namespace="test",le="+Inf"} 1
flagger_canary_duration_seconds_sum{name="podinfo",namespace="test"} 3
flagger_canary_duration_seconds_count{name="podinfo",namespace="test"} 1
# HELP flagger_canary_metric_analysis The value of a metric in the last analysis.
# TYPE flagger_canary_metric_analysis gauge
flagger_canary_metric_analysis{metric="error rate",name="podinfo",namespace="test"} 99.5
flagger_canary_metric_analysis{metric="latency",name="podinfo",namespace="test"} 12
# HELP flagger_canary_status 0 while a release runs, 2 after it failed, 1 otherwise.
# TYPE flagger_canary_status gauge
flagger_canary_status{name="podinfo",namespace="test"} 0
flagger_canary_status{name="web",namespace="test"} 2
# HELP flagger_canary_total Canaries of a namespace.
# TYPE flagger_canary_total gauge
flagger_canary_total{namespace="test"} 2
# HELP flagger_canary_weight Percent of requests that a workload is given by plan.
# TYPE flagger_canary_weight gauge
flagger_canary_weight{namespace="test",workload="podinfo"} 30
flagger_canary_weight{namespace="test",workload="podinfo-primary"} 70
flagger_canary_weight{namespace="test",workload="web"} 100
flagger_canary_weight{namespace="test",workload="web-primary"} 0
# HELP flagger_info The build that runs and its default provider, always 1.
# TYPE flagger_info gauge
flagger_info{mesh_provider="istio",version="dev"} 1
`, reference...)
}

func TestTheReferencesSeriesGoWithTheCanary(t *testing.T) {
	m := memory{"app": of("podinfo", "latency"), "moved": of("web")}
	b := newCompatBench(m)
	for _, name := range []string{"app", "moved"} {
		b.Observe("test", name, record(rollout.PhaseProgressing, "2"))
		b.Observe("test", name, record(rollout.PhaseFailed, "2"))
		b.Timed(asker{t.Context()}).Ask("test/"+name, rollout.Question{Kind: rollout.AskAnalysis}, func(context.Context) rollout.Answer {
			return rollout.Answer{Checks: []analysis.Result{{Name: "latency", Value: "12"}}}
		})
	}
	m["moved"] = of("shop")
	b.Observe("test", "moved", record(rollout.PhaseSucceeded, "2"))
	delete(m, "app")
	b.Forget("test", "app")
	b.Forget("test", "never seen")
	b.Timed(asker{t.Context()}).Ask("test/app", rollout.Question{Kind: rollout.AskAnalysis}, func(context.Context) rollout.Answer {
		return rollout.Answer{} // it came too late
	})
	b.expect(t, `
# HELP flagger_canary_status 0 while a release runs, 2 after it failed, 1 otherwise.
# TYPE flagger_canary_status gauge
flagger_canary_status{name="shop",namespace="test"} 1
# HELP flagger_canary_total Canaries of a namespace.
# TYPE flagger_canary_total gauge
flagger_canary_total{namespace="test"} 1
# HELP flagger_canary_weight Percent of requests that a workload is given by plan.
# TYPE flagger_canary_weight gauge
flagger_canary_weight{namespace="test",workload="shop"} 0
flagger_canary_weight{namespace="test",workload="shop-primary"} 100
`, reference[1:]...)
	delete(m, "moved")
	b.Forget("test", "moved")
	b.expect(t, "", reference[1:]...)
}

func TestTheReferencesCountersSayHowReleasesEnd(t *testing.T) {
	abTesting, blueGreen, skipping := of("ab"), of("bg"), of("skip")
	abTesting.Spec.Analysis.Iterations = 5
	abTesting.Spec.Analysis.Match = make([]flaggerv1.AnalysisMatch, 1)
	blueGreen.Spec.Analysis.Iterations = 5
	skipping.Spec.SkipAnalysis = true
	b := newCompatBench(memory{"plain": of("podinfo"), "ab": abTesting, "bg": blueGreen, "skip": skipping})
	ways := map[string][]rollout.Phase{
		"plain": {rollout.PhaseProgressing, rollout.PhaseFailed},
		"ab":    {rollout.PhaseProgressing, rollout.PhaseFinalising, rollout.PhaseSucceeded},
		"bg":    {rollout.PhasePromoting, rollout.PhaseFailed},
		"skip":  {rollout.PhaseFinalising, rollout.PhaseSucceeded},
	}
	for name, phases := range ways {
		for _, p := range phases {
			b.Observe("test", name, record(p, "2"))
		}
	}
	b.expect(t, `
# HELP flagger_canary_failures_total Releases that were rolled back or could not be promoted.
# TYPE flagger_canary_failures_total counter
flagger_canary_failures_total{analysis_status="completed",deployment_strategy="blue-green",name="bg",namespace="test"} 1
flagger_canary_failures_total{analysis_status="completed",deployment_strategy="canary",name="podinfo",namespace="test"} 1
# HELP flagger_canary_successes_total Releases that were promoted.
# TYPE flagger_canary_successes_total counter
flagger_canary_successes_total{analysis_status="completed",deployment_strategy="ab-testing",name="ab",namespace="test"} 1
flagger_canary_successes_total{analysis_status="skipped",deployment_strategy="canary",name="skip",namespace="test"} 1
`, "flagger_canary_failures_total", "flagger_canary_successes_total")
}

func TestTheReferencesSeriesAreAnOption(t *testing.T) {
	b := newBench()
	b.Observe("test", "app", record(rollout.PhaseProgressing, "2"))
	if diff := cmp.Diff(map[string]float64{}, b.counts(t, "flagger_canary_status", "name")); diff != "" {
		t.Errorf("flagger_canary_status (-want +got):\n%s", diff)
	}
}
