package workload

import (
	"context"
	"fmt"

	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/kube"
)

// Disown takes the Canary off the owners of the primary and of all that its pods need, so that they
// outlive it.
func (d *podTargets) Disown(ctx context.Context, c *flaggerv1.Canary) error {
	w, err := findPodOwner(ctx, d.client, c.Spec.TargetRef.Kind, client.ObjectKey{Namespace: c.Namespace, Name: c.PrimaryName()})
	if err != nil || w == nil {
		return err
	}
	if err := d.disownCopies(ctx, c, w); err != nil {
		return err
	}
	if err := d.disownScaler(ctx, c); err != nil {
		return err
	}
	if err := d.disownBudgets(ctx, c); err != nil {
		return err
	}
	return disown(ctx, d.client, c, w.object())
}

// disownCopies lets the copies of configuration that the primary's pods refer to outlive the Canary.
// Without tracking there are none, and configuration is not read at all.
func (d *podTargets) disownCopies(ctx context.Context, c *flaggerv1.Canary, primary podOwner) error {
	if !d.tracking {
		return nil
	}
	for _, ref := range references(primary.template().Spec) {
		copied, err := d.configMetadata(ctx, c.Namespace, ref.ConfigRef)
		if err != nil {
			return err
		}
		if copied == nil {
			continue
		}
		if err := disown(ctx, d.client, c, copied); err != nil {
			return err
		}
	}
	return nil
}

func (d *podTargets) disownScaler(ctx context.Context, c *flaggerv1.Canary) error {
	ref := c.Spec.AutoscalerRef
	if ref == nil {
		return nil
	}
	copied, err := d.findScaler(ctx, ref.Kind, c.Namespace, kube.PrimaryName(ref.Name))
	if err != nil || copied == nil {
		return err
	}
	return disown(ctx, d.client, c, copied.object())
}

func (d *podTargets) disownBudgets(ctx context.Context, c *flaggerv1.Canary) error {
	var list policyv1.PodDisruptionBudgetList
	if err := d.client.List(ctx, &list, client.InNamespace(c.Namespace)); runtime.IsNotRegisteredError(err) {
		return nil // this program knows no budgets
	} else if err != nil {
		return fmt.Errorf("list PodDisruptionBudgets: %w", err)
	}
	for i := range list.Items {
		if err := disown(ctx, d.client, c, &list.Items[i]); err != nil {
			return err
		}
	}
	return nil
}

// Disown takes the Canary off the owners of both copies, so that they outlive it.
func (s *serviceTargets) Disown(ctx context.Context, c *flaggerv1.Canary) error {
	for _, name := range []string{c.PrimaryServiceName(), c.CanaryServiceName()} {
		svc, err := findService(ctx, s.client, c.Namespace, name)
		if err != nil {
			return err
		}
		if svc == nil {
			continue
		}
		if err := disown(ctx, s.client, c, svc); err != nil {
			return err
		}
	}
	return nil
}

// disown writes obj without c among its owners, provided that nobody wrote in between.
func disown(ctx context.Context, w client.Client, c *flaggerv1.Canary, obj client.Object) error {
	owners, changed := kube.WithoutOwner(obj.GetOwnerReferences(), c)
	if !changed {
		return nil
	}
	to, ok := obj.DeepCopyObject().(client.Object)
	if !ok {
		return fmt.Errorf("copy %T %s: it is no object", obj, obj.GetName())
	}
	to.SetOwnerReferences(owners)
	err := w.Patch(ctx, to, client.MergeFromWithOptions(obj, client.MergeFromWithOptimisticLock{}), metadataOnly)
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("take Canary %s off the owners of %s: %w", c.Name, obj.GetName(), err)
	}
	return nil
}
