package loadtest

import (
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// meter holds the load tester's own series.
type meter struct {
	requests *prometheus.CounterVec
	latency  *prometheus.HistogramVec
	runs     *prometheus.CounterVec
	active   *prometheus.GaugeVec
	refused  *prometheus.CounterVec
}

func newMeter(registry *prometheus.Registry) (*meter, error) {
	canary := []string{"namespace", "name"}
	m := &meter{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "linnet_loadtest_requests_total", Help: "Requests of loads, by HTTP status, gRPC status, or why there was no answer.",
		}, append(canary, "outcome")),
		latency: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "linnet_loadtest_request_duration_seconds", Help: "How long requests of loads took, failed ones included.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, canary),
		runs: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "linnet_loadtest_runs_total", Help: "Tasks that ended, by type and by how they ended.",
		}, append(canary, "type", "state")),
		active: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "linnet_loadtest_runs_active", Help: "Tasks that run.",
		}, []string{"namespace"}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "linnet_loadtest_refused_total", Help: "Requests to the load tester that were refused, by reason.",
		}, []string{"reason"}),
	}
	var errs []error
	for _, c := range []prometheus.Collector{
		m.requests, m.latency, m.runs, m.active, m.refused,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	} {
		errs = append(errs, registry.Register(c))
	}
	return m, errors.Join(errs...)
}

// observer returns what each request of a Canary's load is told to.
func (m *meter) observer(p Payload) func(outcome string, took time.Duration) {
	latency := m.latency.WithLabelValues(p.Namespace, p.Name)
	return func(outcome string, took time.Duration) {
		m.requests.WithLabelValues(p.Namespace, p.Name, outcome).Inc()
		latency.Observe(took.Seconds())
	}
}
