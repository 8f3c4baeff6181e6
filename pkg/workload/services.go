package workload

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/kube"
	"github.com/linnet-delivery/linnet/pkg/rollout"
)

const serviceKind = flaggerv1.TargetService

// serviceTargets looks after targets that are Services: what is released is the Service's own spec,
// such as its selector. Traffic never meets the target itself but two copies of it: the primary, as
// promoted, and the canary, which follows the target whenever a release begins or goes on.
type serviceTargets struct {
	client  client.Client
	live    client.Reader
	now     func() time.Time
	include prefixes
	seen    sightings
}

// serviceTarget is the Service that a Canary names.
type serviceTarget struct {
	*corev1.Service
	revision string
}

// Observe reads target and copies from the cache. Its Backend is empty: the copies are made here, so
// nobody else has Services to make.
func (s *serviceTargets) Observe(ctx context.Context, c *flaggerv1.Canary) (kube.Workloads, error) {
	t, err := s.target(ctx, c, s.client)
	if err != nil {
		return kube.Workloads{}, err
	}
	w := kube.Workloads{Revision: t.revision, TrackedConfigs: map[string]string{}}
	if w.Canary, err = s.canaryHealth(ctx, c, t); err != nil {
		return kube.Workloads{}, err
	}
	primary, err := s.copied(ctx, c, c.PrimaryServiceName())
	if err != nil {
		return kube.Workloads{}, err
	}
	if primary == nil {
		w.Primary.Reason = fmt.Sprintf("Service %s does not exist yet", c.PrimaryServiceName())
		return w, nil
	}
	w.PrimaryFound = true
	w.PrimaryRevision = t.revisionOf(primary)
	if w.Primary, err = s.health(ctx, c, primary, w.PrimaryRevision); err != nil {
		return kube.Workloads{}, err
	}
	w.Primary.Desired = 1
	return w, nil
}

// canaryHealth returns the health of the target's canary copy. It is not ready before it follows the
// target. A Service has no size and its copy is never taken away, so Desired stays 0: that of an idle
// Canary would else be asked for its silence at every look, in order to be taken away.
func (s *serviceTargets) canaryHealth(ctx context.Context, c *flaggerv1.Canary, t serviceTarget) (rollout.Health, error) {
	canary, err := s.copied(ctx, c, c.CanaryServiceName())
	if err != nil {
		return rollout.Health{}, err
	}
	if canary == nil {
		return rollout.Health{State: rollout.Waiting, Reason: fmt.Sprintf("Service %s does not exist yet", c.CanaryServiceName())}, nil
	}
	h, err := s.health(ctx, c, canary, t.revision)
	if err == nil && !t.isCopy(canary) {
		s.seen.forget(serviceKey(canary))
		h.State, h.Reason = rollout.Waiting, fmt.Sprintf("Service %s does not follow the target yet", canary.Name)
	}
	return h, err
}

// EnsurePrimary creates both copies where missing. An existing primary keeps its spec.
func (s *serviceTargets) EnsurePrimary(ctx context.Context, c *flaggerv1.Canary) error {
	t, err := s.target(ctx, c, s.client)
	if err != nil {
		return err
	}
	primary, err := s.copied(ctx, c, c.PrimaryServiceName())
	if err != nil {
		return err
	}
	if primary == nil {
		err = s.create(ctx, c)
	} else {
		err = s.write(ctx, primary, adoptedService(c, t, primary))
	}
	if err != nil {
		return err
	}
	return s.follow(ctx, c, t)
}

// create makes the primary copy of the target as it is in this moment.
func (s *serviceTargets) create(ctx context.Context, c *flaggerv1.Canary) error {
	t, err := s.target(ctx, c, s.live)
	if err != nil {
		return err
	}
	return s.write(ctx, nil, s.primaryOf(c, t, nil))
}

// Promote gives the primary copy the target's spec.
func (s *serviceTargets) Promote(ctx context.Context, c *flaggerv1.Canary, revision string) error {
	primary, err := s.copied(ctx, c, c.PrimaryServiceName())
	if err != nil || primary != nil && primary.Annotations[kube.RevisionAnnotation] == revision {
		return err
	}
	t, err := s.target(ctx, c, s.live)
	if err != nil {
		return err
	}
	if t.revision != revision {
		return revisionMoved(serviceKind, t.Name, t.revision, revision)
	}
	return s.write(ctx, primary, s.primaryOf(c, t, primary))
}

// Scale makes the canary copy follow the target when the canary is to grow, and otherwise does nothing.
func (s *serviceTargets) Scale(ctx context.Context, c *flaggerv1.Canary, to rollout.Scale) error {
	if to != rollout.ScaleUp && to != rollout.ScaleFull {
		return nil
	}
	t, err := s.target(ctx, c, s.client)
	if err != nil {
		return err
	}
	return s.follow(ctx, c, t)
}

// Hold does nothing: a Service has no size to hold.
func (s *serviceTargets) Hold(context.Context, *flaggerv1.Canary, bool) error { return nil }

// follow makes the canary copy what the target is.
func (s *serviceTargets) follow(ctx context.Context, c *flaggerv1.Canary, t serviceTarget) error {
	canary, err := s.copied(ctx, c, c.CanaryServiceName())
	if err != nil {
		return err
	}
	return s.write(ctx, canary, s.copyOf(c, t, canary, c.CanaryServiceName(), c.Spec.Service.Canary))
}

func (s *serviceTargets) target(ctx context.Context, c *flaggerv1.Canary, r client.Reader) (serviceTarget, error) {
	if err := refuseAutoscaler(c); err != nil {
		return serviceTarget{}, err
	}
	name := c.Spec.TargetRef.Name
	svc, err := findService(ctx, r, c.Namespace, name)
	if err != nil {
		return serviceTarget{}, err
	}
	if svc == nil {
		return serviceTarget{}, fmt.Errorf("get Service %s/%s: %w", c.Namespace, name, kube.ErrTargetNotFound)
	}
	if name == c.PrimaryServiceName() || name == c.CanaryServiceName() {
		return serviceTarget{}, refusedf("Service %s is the target and has the name of its own copy: set service.name to another one", name)
	}
	if len(svc.Spec.Selector) == 0 && svc.Spec.Type != corev1.ServiceTypeExternalName {
		return serviceTarget{}, refusedf("Service %s selects no pods, so copies of it would have no endpoints: give it a selector", name)
	}
	revision, err := serviceRevision(svc.Spec)
	if err != nil {
		return serviceTarget{}, fmt.Errorf("hash the spec of Service %s: %w", name, err)
	}
	return serviceTarget{svc, revision}, nil
}

// copied reads a copy from the cache, and returns nil when there is none.
func (s *serviceTargets) copied(ctx context.Context, c *flaggerv1.Canary, name string) (*corev1.Service, error) {
	svc, err := findService(ctx, s.client, c.Namespace, name)
	if err != nil || svc == nil {
		return nil, err
	}
	return svc, checkControl(serviceKind, svc, c)
}

func findService(ctx context.Context, r client.Reader, namespace, name string) (*corev1.Service, error) {
	svc := &corev1.Service{}
	key := types.NamespacedName{Namespace: namespace, Name: name}
	if err := r.Get(ctx, key, svc); apierrors.IsNotFound(err) {
		return nil, nil
	} else if err != nil {
		return nil, fmt.Errorf("get Service %s: %w", key, err)
	}
	return svc, nil
}
