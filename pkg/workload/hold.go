package workload

import (
	"context"
	"maps"
	"strconv"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/kube"
)

// Hold keeps the primary's autoscaler from going below the replicas that the primary has now, and
// below one (true), or gives it back its own minimum (false). Without an autoscaler, or before it
// exists, it does nothing. Held again, the floor follows the primary upwards and never down.
func (d *podTargets) Hold(ctx context.Context, c *flaggerv1.Canary, hold bool) error {
	a, err := d.autoscaler(ctx, c)
	if err != nil || a.copied == nil {
		return err
	}
	held := heldReplicas(a.copied)
	if !hold && held == 0 {
		return nil
	}
	to := a.copied.copyOf()
	if a.source != nil {
		to.settle(ownLeast(c, a.source), a.source)
	}
	floor := int32(0)
	if hold {
		primary, err := d.findPrimary(ctx, c)
		if err != nil || primary == nil {
			return err
		}
		to.setUnpaused()
		floor = max(held, primary.size(), 1)
	}
	setFloor(to, floor)
	return d.patchAutoscaler(ctx, a.copied, to)
}

// heldReplicas returns the floor that is noted on the primary's autoscaler, 0 when it is not held.
func heldReplicas(s scaler) int32 {
	held, err := strconv.ParseInt(s.GetAnnotations()[kube.HeldReplicasAnnotation], 10, 32)
	if err != nil {
		return 0
	}
	return int32(held)
}

// setFloor notes floor and raises the minimum to it, within the maximum. It leaves no note when the
// autoscaler's own minimum does as well.
func setFloor(s scaler, floor int32) {
	floor = min(floor, s.most())
	if floor <= s.lowest() {
		annotations := maps.Clone(s.GetAnnotations())
		delete(annotations, kube.HeldReplicasAnnotation)
		s.SetAnnotations(annotations)
		return
	}
	annotate(s, kube.HeldReplicasAnnotation, strconv.Itoa(int(floor)))
	s.raise(floor)
}
