// Package service routes with plain Services: the apex, which users call, and
// one Service for each side, so that both have an address of their own.
//
// It moves all traffic or none: the apex selects the primary's pods or, with a
// share of 100, the canary's. A mesh in front of it does finer sharing out; see
// traffic.Chain.
package service

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/kube"
	"github.com/linnet-delivery/linnet/pkg/rollout"
	"github.com/linnet-delivery/linnet/pkg/traffic"
)

// Options are the router's settings.
type Options struct {
	// FieldOwner names us in managedFields; empty means linnet.
	FieldOwner string
}

// Router keeps the three Services of each Canary.
type Router struct {
	client client.Client
}

// New returns a Router that reads and writes through c.
func New(c client.Client, o Options) *Router {
	return &Router{client: traffic.Client(c, o.FieldOwner)}
}

// Observe returns a share of 0 once the apex selects the primary's pods, and of 100
// when it selects the canary's and we were the ones who made it so: before the
// Canary, it selects them as well.
func (r *Router) Observe(ctx context.Context, c *flaggerv1.Canary) (rollout.Traffic, bool, error) {
	apex, err := r.selector(ctx, c, c.ApexServiceName())
	if err != nil {
		return rollout.Traffic{}, false, err
	}
	primary, err := r.selector(ctx, c, c.PrimaryServiceName())
	if err != nil {
		return rollout.Traffic{}, false, err
	}
	switch {
	case len(apex) == 0:
		return rollout.Traffic{}, false, nil
	case equality.Semantic.DeepEqual(apex, primary):
		return rollout.Traffic{}, true, nil
	}
	canary, err := r.selector(ctx, c, c.CanaryServiceName())
	ours := c.Status.LastPromotedSpec != "" && c.DeletionTimestamp.IsZero()
	if err != nil || !ours || !equality.Semantic.DeepEqual(apex, canary) {
		return rollout.Traffic{}, false, err
	}
	return rollout.Traffic{Canary: 100}, true, nil
}

// selector returns what the Service selects, nil when there is no such Service.
func (r *Router) selector(ctx context.Context, c *flaggerv1.Canary, name string) (map[string]string, error) {
	svc := &corev1.Service{}
	err := r.client.Get(ctx, client.ObjectKey{Namespace: c.Namespace, Name: name}, svc)
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	return svc.Spec.Selector, err
}

// Prepare makes the Services of primary and canary. No user calls them, so no
// request moves. Their selectors never change afterwards (promises.md, M5).
func (r *Router) Prepare(ctx context.Context, c *flaggerv1.Canary, b kube.Backend) error {
	if err := r.write(ctx, c, primarySide(c, b)); err != nil {
		return err
	}
	return r.write(ctx, c, canarySide(c, b))
}

// Ensure makes the apex Service select the canary when the share is 100, and the
// primary otherwise. An apex that was there before is adopted: only its selector
// and ports change.
func (r *Router) Ensure(ctx context.Context, c *flaggerv1.Canary, b kube.Backend, t rollout.Traffic) error {
	return r.write(ctx, c, apexSide(c, b, t))
}

// Release gives the apex its original selector and ports back, or points it at
// the target when we made it; in both cases it outlives the Canary.
func (r *Router) Release(ctx context.Context, c *flaggerv1.Canary, b kube.Backend) error {
	return traffic.Write(ctx, r.client, empty(c, c.ApexServiceName()), func(existing *corev1.Service) (*corev1.Service, error) {
		return released(c, b, existing)
	}, same)
}

// Disown lets the three Services outlive the Canary as they are.
func (r *Router) Disown(ctx context.Context, c *flaggerv1.Canary) error {
	for _, name := range []string{c.ApexServiceName(), c.PrimaryServiceName(), c.CanaryServiceName()} {
		if err := traffic.Outlive(ctx, r.client, c, empty(c, name), same); err != nil {
			return err
		}
	}
	return nil
}

// write brings a Service about. The zero Backend, that of a target which is gone, leaves it as it is.
func (r *Router) write(ctx context.Context, c *flaggerv1.Canary, s side) error {
	if s.backend.LabelKey == "" {
		return nil
	}
	return traffic.Write(ctx, r.client, empty(c, s.name), func(existing *corev1.Service) (*corev1.Service, error) {
		return build(c, s, existing)
	}, same)
}

func empty(c *flaggerv1.Canary, name string) *corev1.Service {
	return &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: c.Namespace, Name: name}}
}

func same(a, b *corev1.Service) bool { return equality.Semantic.DeepEqual(a, b) }
