package controller

import (
	"context"
	"fmt"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/kube"
	"github.com/linnet-delivery/linnet/pkg/rollout"
)

// observe reads the world from the cache. An error means that nothing is
// decided on half a picture.
func (r *Reconciler) observe(ctx context.Context, c *flaggerv1.Canary) (rollout.Observation, kube.Workloads, error) {
	w, err := r.Workload.Observe(ctx, c)
	if err != nil {
		return rollout.Observation{}, w, fmt.Errorf("observe the workloads: %w", err)
	}
	traffic, known, err := r.Router.Observe(ctx, c)
	if err != nil {
		return rollout.Observation{}, w, fmt.Errorf("observe the route: %w", err)
	}
	o := rollout.Observation{
		Record:          recordOf(c.Status),
		Revision:        w.Revision,
		PrimaryRevision: w.PrimaryRevision,
		Canary:          w.Canary,
		Primary:         w.Primary,
		Route:           rollout.Route{Known: known, Traffic: traffic},
	}
	r.memory.date(client.ObjectKeyFromObject(c), &o, r.Now())
	return o, w, nil
}

// memory knows since when things have been as they are. It is lost on a restart
// on purpose: every barrier then starts anew, which is late but never early.
type memory struct {
	mu   sync.Mutex
	seen map[types.NamespacedName]*sightings
}

type sightings struct {
	canary, primary, route sighting
}

// sighting is a value and the moment from which it was seen without a break.
type sighting struct {
	what  string
	since time.Time
}

func (s *sighting) see(now time.Time, what string) time.Time {
	if s.what != what || s.since.IsZero() {
		*s = sighting{what: what, since: now}
	}
	return s.since
}

// date fills in the Since times of an observation.
func (m *memory) date(key types.NamespacedName, o *rollout.Observation, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.seen == nil {
		m.seen = map[types.NamespacedName]*sightings{}
	}
	s := m.seen[key]
	if s == nil {
		s = &sightings{}
		m.seen[key] = s
	}
	o.Canary.Since = s.canary.see(now, fmt.Sprint(o.Canary.State, o.Revision))
	o.Primary.Since = s.primary.see(now, fmt.Sprint(o.Primary.State, o.PrimaryRevision))
	o.Route.Since = s.route.see(now, fmt.Sprint(o.Route.Known, o.Route.Traffic))
}

func (m *memory) forget(key types.NamespacedName) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.seen, key)
}

// forget drops what is kept in memory of a Canary that is gone.
func (r *Reconciler) forget(key types.NamespacedName) {
	r.memory.forget(key)
	r.Asker.Forget(key.String())
	r.Meter.Forget(key.Namespace, key.Name)
}
