package workload

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/rollout"
)

// Scale brings the target's replicas to what s says. Zero switches the target's autoscaler off; any
// other number stays within its bounds, or the two would pull against each other.
func (d *Deployments) Scale(ctx context.Context, c *flaggerv1.Canary, s rollout.Scale) error {
	if s == rollout.ScaleKeep {
		return nil
	}
	target, err := d.deployment(ctx, c, d.client)
	if err != nil {
		return err
	}
	want, err := d.wantedReplicas(ctx, c, target, s)
	if err != nil {
		return err
	}
	return d.setReplicas(ctx, target, want)
}

func (d *Deployments) wantedReplicas(ctx context.Context, c *flaggerv1.Canary, target *appsv1.Deployment, s rollout.Scale) (int32, error) {
	have := replicas(target)
	if s == rollout.ScaleZero {
		return 0, nil
	}
	if s == rollout.ScaleUp && have > 0 {
		return have, nil
	}
	a, err := d.autoscaler(ctx, c)
	if err != nil {
		return 0, err
	}
	primary, err := d.findPrimary(ctx, c)
	if err != nil {
		return 0, err
	}
	want := int32(1)
	switch {
	case s == rollout.ScaleOne:
	case primary != nil && (s == rollout.ScaleFull || a.source == nil):
		want = max(want, have, replicas(primary))
	default:
		want = max(want, have)
	}
	return within(a.source, want), nil
}

// within returns n moved into the bounds of the autoscaler, if there is one.
func within(hpa *autoscalingv2.HorizontalPodAutoscaler, n int32) int32 {
	if hpa == nil {
		return n
	}
	return min(max(n, ptr.Deref(hpa.Spec.MinReplicas, 1)), hpa.Spec.MaxReplicas)
}

// setReplicas writes a difference. Taking pods away is done only to what was seen; bringing pods must
// not wait for a fresher look.
func (d *Deployments) setReplicas(ctx context.Context, target *appsv1.Deployment, want int32) error {
	have := replicas(target)
	if have == want {
		return nil
	}
	to := target.DeepCopy()
	to.Spec.Replicas = new(want)
	patch := client.MergeFrom(target)
	if want < have {
		patch = client.MergeFromWithOptions(target, client.MergeFromWithOptimisticLock{})
	}
	if err := d.client.Patch(ctx, to, patch); err != nil {
		return fmt.Errorf("scale Deployment %s from %d to %d: %w", target.Name, have, want, err)
	}
	return nil
}
