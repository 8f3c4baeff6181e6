package traffic

import (
	"context"
	"fmt"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/kube"
	"github.com/linnet-delivery/linnet/pkg/rollout"
)

// Router carries out a share of traffic. It is the controller's port, restated
// here because adapters do not import the controller.
type Router interface {
	Observe(ctx context.Context, c *flaggerv1.Canary) (t rollout.Traffic, known bool, err error)
	Prepare(ctx context.Context, c *flaggerv1.Canary, b kube.Backend) error
	Ensure(ctx context.Context, c *flaggerv1.Canary, b kube.Backend, t rollout.Traffic) error
	Release(ctx context.Context, c *flaggerv1.Canary, b kube.Backend) error
	Disown(ctx context.Context, c *flaggerv1.Canary) error
}

// Chain is a Router made of two: Services, which make the sides addressable,
// and Mesh, which shares the requests out. Both must be set.
type Chain struct {
	Services, Mesh Router
}

// Observe returns the share that the mesh is configured for.
func (r Chain) Observe(ctx context.Context, c *flaggerv1.Canary) (rollout.Traffic, bool, error) {
	return r.Mesh.Observe(ctx, c)
}

// Prepare makes the Services first: the mesh's objects name them.
func (r Chain) Prepare(ctx context.Context, c *flaggerv1.Canary, b kube.Backend) error {
	if err := r.Services.Prepare(ctx, c, b); err != nil {
		return fmt.Errorf("prepare Services: %w", err)
	}
	if err := r.Mesh.Prepare(ctx, c, b); err != nil {
		return fmt.Errorf("prepare mesh: %w", err)
	}
	return nil
}

// Ensure writes the mesh's route before the apex Service, so that callers in the
// mesh are on the route when the apex turns from the target to the primary. Behind
// a mesh the apex stays there: callers without a proxy have no share.
func (r Chain) Ensure(ctx context.Context, c *flaggerv1.Canary, b kube.Backend, t rollout.Traffic) error {
	if err := r.Mesh.Ensure(ctx, c, b, t); err != nil {
		return fmt.Errorf("route in mesh: %w", err)
	}
	if err := r.Services.Ensure(ctx, c, b, rollout.Traffic{}); err != nil {
		return fmt.Errorf("route by Service: %w", err)
	}
	return nil
}

// Release hands the mesh's route back first; until the apex Service follows,
// the apex still reaches the primary.
func (r Chain) Release(ctx context.Context, c *flaggerv1.Canary, b kube.Backend) error {
	if err := r.Mesh.Release(ctx, c, b); err != nil {
		return fmt.Errorf("release mesh: %w", err)
	}
	if err := r.Services.Release(ctx, c, b); err != nil {
		return fmt.Errorf("release Services: %w", err)
	}
	return nil
}

// Disown takes the Canary off the owners of what both made.
func (r Chain) Disown(ctx context.Context, c *flaggerv1.Canary) error {
	if err := r.Mesh.Disown(ctx, c); err != nil {
		return fmt.Errorf("disown mesh: %w", err)
	}
	if err := r.Services.Disown(ctx, c); err != nil {
		return fmt.Errorf("disown Services: %w", err)
	}
	return nil
}
