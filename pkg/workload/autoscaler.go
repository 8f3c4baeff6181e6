package workload

import (
	"cmp"
	"context"
	"fmt"
	"maps"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/kube"
)

const autoscalerKind = "HorizontalPodAutoscaler"

// autoscaler is the target's autoscaler and the primary's copy of it; either is nil when missing.
type autoscaler struct {
	source, copied *autoscalingv2.HorizontalPodAutoscaler
}

// autoscaler reads both from the cache, and returns neither when the Canary names none.
func (d *Deployments) autoscaler(ctx context.Context, c *flaggerv1.Canary) (autoscaler, error) {
	if c.Spec.AutoscalerRef == nil {
		return autoscaler{}, nil
	}
	source, err := d.findAutoscaler(ctx, c.Namespace, c.Spec.AutoscalerRef.Name)
	if err != nil {
		return autoscaler{}, err
	}
	copied, err := d.findAutoscaler(ctx, c.Namespace, kube.PrimaryName(c.Spec.AutoscalerRef.Name))
	if err != nil || copied == nil {
		return autoscaler{source: source}, err
	}
	return autoscaler{source, copied}, checkControl(autoscalerKind, copied, c)
}

func (d *Deployments) findAutoscaler(ctx context.Context, namespace, name string) (*autoscalingv2.HorizontalPodAutoscaler, error) {
	hpa := &autoscalingv2.HorizontalPodAutoscaler{}
	if err := d.client.Get(ctx, types.NamespacedName{Namespace: namespace, Name: name}, hpa); apierrors.IsNotFound(err) {
		return nil, nil
	} else if err != nil {
		return nil, fmt.Errorf("get %s %s: %w", autoscalerKind, name, err)
	}
	return hpa, nil
}

// ensureAutoscaler makes the primary's autoscaler a copy of the target's. A hold stays. A copy whose
// source is gone is left as it is.
func (d *Deployments) ensureAutoscaler(ctx context.Context, c *flaggerv1.Canary) error {
	if c.Spec.AutoscalerRef == nil {
		return nil
	}
	a, err := d.autoscaler(ctx, c)
	if err != nil {
		return err
	}
	if a.source == nil && a.copied == nil {
		return refusedf("%s %s, which autoscalerRef names, does not exist", autoscalerKind, c.Spec.AutoscalerRef.Name)
	}
	if a.source == nil {
		return nil
	}
	if a.copied != nil {
		return d.patchAutoscaler(ctx, a.copied, d.wantedAutoscaler(c, a.source, a.copied))
	}
	to := d.wantedAutoscaler(c, a.source, &autoscalingv2.HorizontalPodAutoscaler{})
	if err := d.client.Create(ctx, to); err != nil {
		return fmt.Errorf("create %s %s: %w", autoscalerKind, to.Name, err)
	}
	return nil
}

// wantedAutoscaler returns have as a copy of source that scales the primary within the Canary's own
// bounds, and not below what is held.
func (d *Deployments) wantedAutoscaler(c *flaggerv1.Canary, source, have *autoscalingv2.HorizontalPodAutoscaler) *autoscalingv2.HorizontalPodAutoscaler {
	to := have.DeepCopy()
	to.Namespace, to.Name = c.Namespace, kube.PrimaryName(source.Name)
	to.OwnerReferences, _ = kube.WithOwner(have.OwnerReferences, c)
	to.Labels = d.include.sync(have.Labels, source.Labels, nil)
	to.Annotations = d.include.sync(have.Annotations, source.Annotations, nil)
	to.Spec = *source.Spec.DeepCopy()
	to.Spec.ScaleTargetRef.Name = c.PrimaryName()
	to.Spec.MinReplicas = minReplicas(c, source)
	if bounds := c.Spec.AutoscalerRef.PrimaryScalerReplicas; bounds != nil {
		to.Spec.MaxReplicas = ptr.Deref(bounds.MaxReplicas, to.Spec.MaxReplicas)
	}
	setFloor(to, heldReplicas(have))
	return to
}

// minReplicas returns the primary's own minimum, which may be unset.
func minReplicas(c *flaggerv1.Canary, source *autoscalingv2.HorizontalPodAutoscaler) *int32 {
	if bounds := c.Spec.AutoscalerRef.PrimaryScalerReplicas; bounds != nil {
		return cmp.Or(bounds.MinReplicas, source.Spec.MinReplicas)
	}
	return source.Spec.MinReplicas
}

// patchAutoscaler writes what differs, provided that nobody wrote in between.
func (d *Deployments) patchAutoscaler(ctx context.Context, from, to *autoscalingv2.HorizontalPodAutoscaler) error {
	if maps.Equal(from.Labels, to.Labels) && maps.Equal(from.Annotations, to.Annotations) &&
		equal(from.OwnerReferences, to.OwnerReferences) && equal(from.Spec, to.Spec) {
		return nil
	}
	if err := d.client.Patch(ctx, to, client.MergeFromWithOptions(from, client.MergeFromWithOptimisticLock{})); err != nil {
		return fmt.Errorf("patch %s %s: %w", autoscalerKind, to.Name, err)
	}
	return nil
}
