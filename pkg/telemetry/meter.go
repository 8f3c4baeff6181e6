package telemetry

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/linnet-delivery/linnet/pkg/rollout"
)

// Meter keeps the figures about releases. Its methods may be called from any goroutine.
type Meter struct {
	collectors
	now func() time.Time
	// compat keeps the reference's series, if they are wanted.
	compat *compat

	mu       sync.Mutex
	canaries map[canaryKey]canary
}

type canaryKey struct{ namespace, name string }

// canary is what a Meter remembers of a Canary.
type canary struct {
	record rollout.Record
	// begun is when its release began, zero when that was before this process.
	begun time.Time
}

// New returns a Meter whose series are in the registry. It panics when they are
// there already.
func New(r prometheus.Registerer, now func() time.Time) *Meter {
	m := &Meter{collectors: newCollectors(), now: now, canaries: map[canaryKey]canary{}}
	m.register(r)
	return m
}

// Observe tells where a Canary's release stands now. What ends a release is
// seen by comparison with the time before: a release that ended while no
// process looked is not counted.
func (m *Meter) Observe(namespace, name string, r rollout.Record) {
	m.mu.Lock()
	defer m.mu.Unlock()
	key := canaryKey{namespace, name}
	c, known := m.canaries[key]
	how, ended := ends(c.record, r)
	if ended {
		m.count(how, c.begun)
	}
	if known && begins(c.record, r) {
		c.begun = m.now()
	}
	c.record = r
	m.canaries[key] = c
	m.expose(key, r)
	if m.compat != nil {
		m.compat.observe(key, r, how)
	}
}

// count adds a release that ended now.
func (m *Meter) count(o outcome, begun time.Time) {
	m.releases.WithLabelValues(string(o)).Inc()
	if !begun.IsZero() {
		m.releaseDuration.WithLabelValues(string(o)).Observe(m.now().Sub(begun).Seconds())
	}
}

// expose sets the series of a Canary.
func (m *Meter) expose(key canaryKey, r rollout.Record) {
	for _, p := range phases {
		is := 0.0
		if p == r.Phase {
			is = 1
		}
		m.phase.WithLabelValues(key.namespace, key.name, string(p)).Set(is)
	}
	t := rollout.Traffic{Canary: r.Weight}
	m.weight.WithLabelValues(key.namespace, key.name, "canary").Set(float64(t.Canary))
	m.weight.WithLabelValues(key.namespace, key.name, "primary").Set(float64(t.Primary()))
	m.failedChecks.WithLabelValues(key.namespace, key.name).Set(float64(r.FailedChecks))
}

var phases = []rollout.Phase{
	rollout.PhaseInitializing, rollout.PhaseInitialized, rollout.PhaseWaiting, rollout.PhaseProgressing,
	rollout.PhaseWaitingPromotion, rollout.PhasePromoting, rollout.PhaseFinalising, rollout.PhaseSucceeded, rollout.PhaseFailed,
}

// Forget deletes the series of a Canary that is gone.
func (m *Meter) Forget(namespace, name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.canaries, canaryKey{namespace, name})
	gone := prometheus.Labels{labelNamespace: namespace, labelName: name}
	m.phase.DeletePartialMatch(gone)
	m.weight.DeletePartialMatch(gone)
	m.failedChecks.DeletePartialMatch(gone)
	if m.compat != nil {
		m.compat.forget(canaryKey{namespace, name})
	}
}

// Answered counts an answer and the time that it took.
func (m *Meter) Answered(k rollout.Kind, v rollout.Verdict, took time.Duration) {
	m.questionDuration.WithLabelValues(k.String(), v.String()).Observe(took.Seconds())
	if k == rollout.AskAnalysis {
		m.verdicts.WithLabelValues(v.String()).Inc()
	}
}

// NotificationDropped counts a notification that a kind of receiver never gets.
func (m *Meter) NotificationDropped(receiver string) {
	m.dropped.WithLabelValues(receiver).Inc()
}
