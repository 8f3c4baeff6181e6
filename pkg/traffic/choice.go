package traffic

import (
	"context"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/kube"
	"github.com/linnet-delivery/linnet/pkg/rollout"
)

// Choice is a Router that leaves each Canary to the one that the function names for it.
type Choice func(c *flaggerv1.Canary) Router

// Observe returns the share that the Canary's router is configured for.
func (r Choice) Observe(ctx context.Context, c *flaggerv1.Canary) (rollout.Traffic, bool, error) {
	return r(c).Observe(ctx, c)
}

// Prepare makes both sides addressable.
func (r Choice) Prepare(ctx context.Context, c *flaggerv1.Canary, b kube.Backend) error {
	return r(c).Prepare(ctx, c, b)
}

// Ensure makes t the configured share.
func (r Choice) Ensure(ctx context.Context, c *flaggerv1.Canary, b kube.Backend, t rollout.Traffic) error {
	return r(c).Ensure(ctx, c, b, t)
}

// Release hands the routes back.
func (r Choice) Release(ctx context.Context, c *flaggerv1.Canary, b kube.Backend) error {
	return r(c).Release(ctx, c, b)
}

// Disown lets the routes outlive the Canary.
func (r Choice) Disown(ctx context.Context, c *flaggerv1.Canary) error { return r(c).Disown(ctx, c) }
