package controller

import (
	"context"
	"fmt"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/kube"
	"github.com/linnet-delivery/linnet/pkg/rollout"
)

// apply brings a decision about. The order is what makes it safe to stop
// anywhere: capacity before traffic, traffic before capacity goes (D7).
func (r *Reconciler) apply(ctx context.Context, c *flaggerv1.Canary, b kube.Backend, d rollout.Decision) error {
	for _, effect := range []struct {
		name string
		do   func(context.Context, *flaggerv1.Canary, kube.Backend, rollout.Decision) error
	}{
		{"grow", r.grow},
		{"shift traffic", r.shift},
		{"shrink", r.shrink},
	} {
		if err := effect.do(ctx, c, b, d); err != nil {
			return fmt.Errorf("%s: %w", effect.name, err)
		}
	}
	return nil
}

func (r *Reconciler) grow(ctx context.Context, c *flaggerv1.Canary, b kube.Backend, d rollout.Decision) error {
	if d.EnsurePrimary {
		if err := r.Workload.EnsurePrimary(ctx, c); err != nil {
			return err
		}
		if err := r.Router.Prepare(ctx, c, b); err != nil {
			return err
		}
	}
	if d.HoldPrimary {
		if err := r.Workload.Hold(ctx, c, true); err != nil {
			return err
		}
	}
	if d.Canary == rollout.ScaleUp || d.Canary == rollout.ScaleFull {
		if err := r.Workload.Scale(ctx, c, d.Canary); err != nil {
			return err
		}
	}
	if d.Promote == "" {
		return nil
	}
	return r.Workload.Promote(ctx, c, d.Promote)
}

// shift moves the traffic, then repairs what the route stands on.
func (r *Reconciler) shift(ctx context.Context, c *flaggerv1.Canary, b kube.Backend, d rollout.Decision) error {
	if !d.Route {
		return nil
	}
	if err := r.Router.Ensure(ctx, c, b, d.Traffic); err != nil {
		return err
	}
	return r.Router.Prepare(ctx, c, b)
}

func (r *Reconciler) shrink(ctx context.Context, c *flaggerv1.Canary, _ kube.Backend, d rollout.Decision) error {
	if d.Canary == rollout.ScaleOne || d.Canary == rollout.ScaleZero {
		if err := r.Workload.Scale(ctx, c, d.Canary); err != nil {
			return err
		}
	}
	if d.HoldPrimary || d.EnsurePrimary {
		return nil
	}
	return r.Workload.Hold(ctx, c, false)
}
