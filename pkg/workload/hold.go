package workload

import (
	"context"
	"strconv"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/kube"
)

// Hold keeps the primary's autoscaler from going below the replicas that the primary has now (true),
// or gives it back its own minimum (false). Without an autoscaler, or before it exists, it does
// nothing. Held again, the floor follows the primary upwards and never down.
func (d *Deployments) Hold(ctx context.Context, c *flaggerv1.Canary, hold bool) error {
	a, err := d.autoscaler(ctx, c)
	if err != nil || a.copied == nil {
		return err
	}
	held := heldReplicas(a.copied)
	if !hold && held == 0 {
		return nil
	}
	to := a.copied.DeepCopy()
	if a.source != nil {
		to.Spec.MinReplicas = minReplicas(c, a.source)
	}
	floor := int32(0)
	if hold {
		primary, err := d.findPrimary(ctx, c)
		if err != nil || primary == nil {
			return err
		}
		floor = max(held, replicas(primary))
	}
	setFloor(to, floor)
	return d.patchAutoscaler(ctx, a.copied, to)
}

// heldReplicas returns the floor that is noted on the primary's autoscaler, 0 when it is not held.
func heldReplicas(hpa *autoscalingv2.HorizontalPodAutoscaler) int32 {
	held, err := strconv.ParseInt(hpa.Annotations[kube.HeldReplicasAnnotation], 10, 32)
	if err != nil {
		return 0
	}
	return int32(held)
}

// setFloor notes floor and raises the minimum to it, within the maximum. It leaves no note when the
// autoscaler's own minimum does as well.
func setFloor(hpa *autoscalingv2.HorizontalPodAutoscaler, floor int32) {
	floor = min(floor, hpa.Spec.MaxReplicas)
	if floor <= ptr.Deref(hpa.Spec.MinReplicas, 1) {
		delete(hpa.Annotations, kube.HeldReplicasAnnotation)
		return
	}
	metav1.SetMetaDataAnnotation(&hpa.ObjectMeta, kube.HeldReplicasAnnotation, strconv.Itoa(int(floor)))
	hpa.Spec.MinReplicas = new(floor)
}
