package telemetry

import (
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/linnet-delivery/linnet/pkg/analysis"
	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/kube"
	"github.com/linnet-delivery/linnet/pkg/rollout"
	"github.com/linnet-delivery/linnet/pkg/version"
)

// Finder returns a Canary from memory, and false when it is not there.
type Finder func(namespace, name string) (*flaggerv1.Canary, bool)

// compat are the series of the reference, in which a Canary has the name of its
// target. They go with the Canary.
type compat struct {
	info, total, status, weight, analysis *prometheus.GaugeVec
	duration                              *prometheus.HistogramVec
	successes, failures                   *prometheus.CounterVec

	find Finder

	mu      sync.Mutex
	targets map[canaryKey]string
}

// ServeReference makes the Meter keep the reference's series too. It is called
// before the Meter is used, and panics when the registry has them already.
func (m *Meter) ServeReference(r prometheus.Registerer, meshProvider string, find Finder) {
	c := newCompat(find)
	r.MustRegister(c.info, c.total, c.status, c.weight, c.analysis, c.duration, c.successes, c.failures)
	c.info.WithLabelValues(version.Version, meshProvider).Set(1)
	m.compat = c
}

func newCompat(find Finder) *compat {
	ended := []string{labelName, labelNamespace, "deployment_strategy", "analysis_status"}
	return &compat{
		info:   gauge("flagger_info", "The build that runs and its default provider, always 1.", "version", "mesh_provider"),
		total:  gauge("flagger_canary_total", "Canaries of a namespace.", labelNamespace),
		status: gauge("flagger_canary_status", "0 while a release runs, 2 after it failed, 1 otherwise.", labelName, labelNamespace),
		weight: gauge("flagger_canary_weight", "Percent of requests that a workload is given by plan.", "workload", labelNamespace),
		analysis: gauge("flagger_canary_metric_analysis", "The value of a metric in the last analysis.",
			labelName, labelNamespace, "metric"),
		duration:  histogram("flagger_canary_duration_seconds", "Time that an analysis took.", prometheus.DefBuckets, labelName, labelNamespace),
		successes: counter("flagger_canary_successes_total", "Releases that were promoted.", ended...),
		failures:  counter("flagger_canary_failures_total", "Releases that were rolled back or could not be promoted.", ended...),
		find:      find,
		targets:   map[canaryKey]string{},
	}
}

// observe sets the series of a Canary. how is how its release ended, empty when none did.
func (c *compat) observe(key canaryKey, r rollout.Record, how outcome) {
	found, ok := c.find(key.namespace, key.name)
	if !ok {
		return
	}
	target := found.Spec.TargetRef.Name
	c.mu.Lock()
	defer c.mu.Unlock()
	if was, known := c.targets[key]; known && was != target {
		c.delete(key)
	}
	c.targets[key] = target
	c.count(key.namespace)

	c.status.WithLabelValues(target, key.namespace).Set(statusOf(r.Phase))
	t := rollout.Traffic{Canary: r.Weight}
	c.weight.WithLabelValues(target, key.namespace).Set(float64(t.Canary))
	c.weight.WithLabelValues(found.PrimaryName(), key.namespace).Set(float64(t.Primary()))
	switch how {
	case promoted:
		c.successes.WithLabelValues(target, key.namespace, strategyOf(found), analysisOf(found)).Inc()
	case rolledBack, promotionFailed:
		c.failures.WithLabelValues(target, key.namespace, strategyOf(found), analysisOf(found)).Inc()
	case returned, superseded:
	}
}

// analysed sets what an analysis of the owner, NAMESPACE/NAME, came to.
func (c *compat) analysed(owner string, checks []analysis.Result, took time.Duration) {
	namespace, name, _ := strings.Cut(owner, "/")
	key := canaryKey{namespace, name}
	found, ok := c.find(namespace, name)
	c.mu.Lock()
	defer c.mu.Unlock()
	target, known := c.targets[key]
	if !ok || !known {
		return
	}
	c.duration.WithLabelValues(target, namespace).Observe(took.Seconds())
	values := map[string]float64{}
	for _, check := range checks {
		number, _, _ := strings.Cut(check.Value, " ")
		if v, err := strconv.ParseFloat(number, 64); err == nil {
			values[check.Name] = v
		}
	}
	for _, m := range found.Spec.Analysis.Metrics {
		if v, measured := values[m.Name]; measured {
			c.analysis.WithLabelValues(target, namespace, m.Name).Set(v)
		}
	}
}

// forget deletes the series of a Canary that is gone.
func (c *compat) forget(key canaryKey) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, known := c.targets[key]; known {
		c.delete(key)
	}
}

// delete deletes the series of a Canary. The caller holds the lock.
func (c *compat) delete(key canaryKey) {
	target := c.targets[key]
	delete(c.targets, key)
	gone := prometheus.Labels{labelName: target, labelNamespace: key.namespace}
	c.status.DeletePartialMatch(gone)
	c.analysis.DeletePartialMatch(gone)
	c.duration.DeletePartialMatch(gone)
	c.successes.DeletePartialMatch(gone)
	c.failures.DeletePartialMatch(gone)
	c.weight.DeleteLabelValues(target, key.namespace)
	c.weight.DeleteLabelValues(kube.PrimaryName(target), key.namespace)
	c.count(key.namespace)
}

// count counts the Canaries of a namespace. The caller holds the lock.
func (c *compat) count(namespace string) {
	n := 0
	for key := range c.targets {
		if key.namespace == namespace {
			n++
		}
	}
	if n == 0 {
		c.total.DeleteLabelValues(namespace)
		return
	}
	c.total.WithLabelValues(namespace).Set(float64(n))
}

func statusOf(p rollout.Phase) float64 {
	switch p {
	case rollout.PhaseProgressing:
		return 0
	case rollout.PhaseFailed:
		return 2
	default:
		return 1
	}
}

func strategyOf(c *flaggerv1.Canary) string {
	a := c.Spec.Analysis
	switch {
	case a.Iterations > 0 && len(a.Match) > 0:
		return "ab-testing"
	case a.Iterations > 0:
		return "blue-green"
	}
	return "canary"
}

func analysisOf(c *flaggerv1.Canary) string {
	if c.Spec.SkipAnalysis {
		return "skipped"
	}
	return "completed"
}
