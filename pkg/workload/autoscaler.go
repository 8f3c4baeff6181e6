package workload

import (
	"cmp"
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/kube"
)

// scaler is an autoscaler: a HorizontalPodAutoscaler or a ScaledObject.
type scaler interface {
	metav1.Object
	kind() string
	object() client.Object
	copyOf() scaler
	sameSpec(scaler) bool

	// least is the minimum as it is written, nil when the kind's own default counts.
	least() *int32
	// lowest and most are the numbers of replicas between which it moves by itself.
	lowest() int32
	most() int32
	setMost(int32)
	// raise makes n the number below which it goes for no reason, and settle takes that back: least
	// is the minimum again, and all else that lets it go lower is as it is in source.
	raise(n int32)
	settle(least *int32, source scaler)
	// follow makes it do for the primary of c what source does for the target.
	follow(c *flaggerv1.Canary, source scaler)
	// carries reports whether an annotation of the source belongs on the copy, whatever its prefix.
	carries(annotation string) bool
	// setPaused stops it at no replicas (true), or takes that back. It does nothing where no replicas
	// are enough to stop it. setUnpaused takes back any pause, whoever asked for it.
	setPaused(bool)
	setUnpaused()
}

// autoscaler is the target's autoscaler and the primary's copy of it; either is nil when missing.
type autoscaler struct {
	source, copied scaler
}

// autoscaler reads both from the cache, and returns neither when the Canary names none.
func (d *podTargets) autoscaler(ctx context.Context, c *flaggerv1.Canary) (autoscaler, error) {
	ref := c.Spec.AutoscalerRef
	if ref == nil {
		return autoscaler{}, nil
	}
	source, err := d.findScaler(ctx, ref.Kind, c.Namespace, ref.Name)
	if err != nil {
		return autoscaler{}, err
	}
	copied, err := d.findScaler(ctx, ref.Kind, c.Namespace, kube.PrimaryName(ref.Name))
	if err != nil || copied == nil {
		return autoscaler{source: source}, err
	}
	return autoscaler{source, copied}, checkControl(ref.Kind, copied, c)
}

func newScaler(kind string) scaler {
	if kind == scaledObjectKind {
		return emptyScaledObject()
	}
	return emptyHPA()
}

// findScaler reads one, and returns nil when it does not exist.
func (d *podTargets) findScaler(ctx context.Context, kind, namespace, name string) (scaler, error) {
	s := newScaler(kind)
	err := d.client.Get(ctx, types.NamespacedName{Namespace: namespace, Name: name}, s.object())
	switch {
	case err == nil:
		return s, nil
	case apierrors.IsNotFound(err):
		return nil, nil
	case apimeta.IsNoMatchError(err):
		return nil, refusedf("autoscalerRef names %s %s, but this cluster knows no such kind: install its definition", kind, name)
	default:
		return nil, fmt.Errorf("get %s %s: %w", kind, name, err)
	}
}

// ensureAutoscaler makes the primary's autoscaler a copy of the target's.
func (d *podTargets) ensureAutoscaler(ctx context.Context, c *flaggerv1.Canary) error {
	a, err := d.autoscaler(ctx, c)
	if err != nil || c.Spec.AutoscalerRef == nil {
		return err
	}
	if a.source == nil && a.copied == nil {
		return refusedf("%s %s, which autoscalerRef names, does not exist", c.Spec.AutoscalerRef.Kind, c.Spec.AutoscalerRef.Name)
	}
	if a.source == nil {
		return nil
	}
	if a.copied != nil {
		return d.patchAutoscaler(ctx, a.copied, d.wantedAutoscaler(c, a.source, a.copied))
	}
	to := d.wantedAutoscaler(c, a.source, newScaler(a.source.kind()))
	if err := d.client.Create(ctx, to.object()); err != nil {
		return fmt.Errorf("create %s %s: %w", to.kind(), to.GetName(), err)
	}
	return nil
}

// wantedAutoscaler returns have as a copy of source that scales the primary within the Canary's own
// bounds, and not below what is held. It is never paused: a primary at no replicas serves nobody.
func (d *podTargets) wantedAutoscaler(c *flaggerv1.Canary, source, have scaler) scaler {
	to := have.copyOf()
	owners, _ := kube.WithOwner(have.GetOwnerReferences(), c)
	own := map[string]string{}
	for key, value := range source.GetAnnotations() {
		if source.carries(key) && copyable(key) {
			own[key] = value
		}
	}
	to.SetNamespace(c.Namespace)
	to.SetName(kube.PrimaryName(source.GetName()))
	to.SetOwnerReferences(owners)
	to.SetLabels(d.include.sync(have.GetLabels(), source.GetLabels(), nil))
	to.SetAnnotations(d.include.sync(have.GetAnnotations(), source.GetAnnotations(), own))
	to.setUnpaused()
	to.follow(c, source)
	to.settle(ownLeast(c, source), source)
	if bounds := c.Spec.AutoscalerRef.PrimaryScalerReplicas; bounds != nil && bounds.MaxReplicas != nil {
		to.setMost(*bounds.MaxReplicas)
	}
	setFloor(to, heldReplicas(have))
	return to
}

// ownLeast returns the primary's own minimum, which may be unset.
func ownLeast(c *flaggerv1.Canary, source scaler) *int32 {
	if bounds := c.Spec.AutoscalerRef.PrimaryScalerReplicas; bounds != nil {
		return cmp.Or(bounds.MinReplicas, source.least())
	}
	return source.least()
}

// pause writes whether the target's autoscaler is to leave the target at no replicas, if it can.
func (d *podTargets) pause(ctx context.Context, source scaler, on bool) error {
	if source == nil {
		return nil
	}
	to := source.copyOf()
	to.setPaused(on)
	if sameMetadata(source, to) {
		return nil
	}
	if err := d.client.Patch(ctx, to.object(), client.MergeFrom(source.object())); err != nil {
		return fmt.Errorf("pause (%t) %s %s: %w", on, to.kind(), to.GetName(), err)
	}
	return nil
}

// patchAutoscaler writes what differs, provided that nobody wrote in between.
func (d *podTargets) patchAutoscaler(ctx context.Context, from, to scaler) error {
	if sameMetadata(from, to) && from.sameSpec(to) {
		return nil
	}
	patch := client.MergeFromWithOptions(from.object(), client.MergeFromWithOptimisticLock{})
	if err := d.client.Patch(ctx, to.object(), patch); err != nil {
		return fmt.Errorf("patch %s %s: %w", to.kind(), to.GetName(), err)
	}
	return nil
}
