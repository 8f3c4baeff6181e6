package telemetry

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/linnet-delivery/linnet/pkg/version"
)

// Labels of a Canary's series.
const (
	labelNamespace = "namespace"
	labelName      = "name"
)

// collectors are all series of Linnet's own.
type collectors struct {
	build            *prometheus.GaugeVec
	phase            *prometheus.GaugeVec
	weight           *prometheus.GaugeVec
	failedChecks     *prometheus.GaugeVec
	releases         *prometheus.CounterVec
	releaseDuration  *prometheus.HistogramVec
	verdicts         *prometheus.CounterVec
	questionDuration *prometheus.HistogramVec
	dropped          *prometheus.CounterVec
}

func newCollectors() collectors {
	return collectors{
		build: gauge("linnet_build_info",
			"The build of Linnet that runs, always 1.", "version", "commit"),
		phase: gauge("linnet_canary_phase",
			"1 for the phase that a Canary is in, 0 for the others.", labelNamespace, labelName, "phase"),
		weight: gauge("linnet_canary_weight",
			"Percent of requests that a side of a Canary is given by plan.", labelNamespace, labelName, "side"),
		failedChecks: gauge("linnet_canary_failed_checks",
			"Failed analyses of a Canary's release.", labelNamespace, labelName),
		releases: counter("linnet_releases_total",
			"Releases that ended: promoted, rolled_back, promotion_failed, returned to the promoted revision, superseded by another one.", "outcome"),
		releaseDuration: histogram("linnet_release_duration_seconds",
			"Time from a new revision to the end of its release.", scale(30*time.Second, 12), "outcome"),
		verdicts: counter("linnet_analysis_verdicts_total",
			"Analyses by what they found.", "verdict"),
		questionDuration: histogram("linnet_question_duration_seconds",
			"Time that metrics and webhooks took to answer a question.", scale(10*time.Millisecond, 14), "kind", "verdict"),
		dropped: counter("linnet_notifications_dropped_total",
			"Notifications that a full queue lost, by kind of receiver.", "receiver"),
	}
}

// register makes the series known. It panics when something else has their names.
func (c collectors) register(r prometheus.Registerer) {
	r.MustRegister(c.build, c.phase, c.weight, c.failedChecks, c.releases, c.releaseDuration,
		c.verdicts, c.questionDuration, c.dropped)
	c.build.WithLabelValues(version.Version, version.Commit).Set(1)
	for _, o := range outcomes {
		c.releases.WithLabelValues(string(o)) // so that the first one is seen as an increase
	}
}

// scale returns n buckets from the first one on, each twice as wide as the one before.
func scale(first time.Duration, n int) []float64 {
	return prometheus.ExponentialBuckets(first.Seconds(), 2, n)
}

func gauge(name, help string, labels ...string) *prometheus.GaugeVec {
	return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, labels)
}

func counter(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
}

func histogram(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, labels)
}
