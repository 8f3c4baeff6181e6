package workload

import (
	"context"
	"fmt"

	"sigs.k8s.io/controller-runtime/pkg/client"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/rollout"
)

// Scale brings the target's size to what s says. Zero switches the target's autoscaler off; any
// other number stays within its bounds, or the two would pull against each other.
//
// An autoscaler that can be paused is, before the pods go, and is let go before they come back: at any
// moment it either wants what is written here or leaves it alone.
func (d *podTargets) Scale(ctx context.Context, c *flaggerv1.Canary, s rollout.Scale) error {
	target, err := d.find(ctx, c, d.client)
	if err != nil {
		return err
	}
	a, err := d.autoscaler(ctx, c)
	if err != nil {
		return err
	}
	if err := d.pause(ctx, a.source, s == rollout.ScaleZero); err != nil {
		return err
	}
	want, err := d.wantedSize(ctx, c, target, a.source, s)
	if err != nil {
		return err
	}
	return d.setSize(ctx, target, want)
}

func (d *podTargets) wantedSize(ctx context.Context, c *flaggerv1.Canary, target podOwner, source scaler, s rollout.Scale) (int32, error) {
	have := target.size()
	if s == rollout.ScaleZero {
		return 0, nil
	}
	if s == rollout.ScaleUp && have > 0 {
		return have, nil
	}
	primary, err := d.findPrimary(ctx, c)
	if err != nil {
		return 0, err
	}
	want := int32(1)
	switch {
	case s == rollout.ScaleOne:
	case primary != nil && (s == rollout.ScaleFull || source == nil):
		want = max(want, have, primary.size())
	default:
		want = max(want, have)
	}
	return within(source, want), nil
}

// within returns n moved into the bounds of the autoscaler, if there is one.
func within(source scaler, n int32) int32 {
	if source == nil {
		return n
	}
	return min(max(n, source.lowest()), source.most())
}

// setSize writes a difference. Taking pods away is done only to what was seen; bringing pods must
// not wait for a fresher look.
func (d *podTargets) setSize(ctx context.Context, target podOwner, want int32) error {
	have := target.size()
	to := target.copyOf()
	to.resize(want)
	if target.sameSpec(to) || have == want && want > 0 {
		return nil
	}
	patch := client.MergeFrom(target.object())
	if want == 0 || want < have {
		patch = client.MergeFromWithOptions(target.object(), client.MergeFromWithOptimisticLock{})
	}
	if err := d.client.Patch(ctx, to.object(), patch); err != nil {
		return fmt.Errorf("scale %s %s from %d to %d: %w", target.kind(), target.GetName(), have, want, err)
	}
	return nil
}
