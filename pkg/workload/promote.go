package workload

import (
	"context"
	"fmt"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/kube"
)

// Promote gives the primary the target's template and configuration.
//
// Configuration copies keep their names, so an old pod that restarts between their write and that
// of the primary would start with the new content. Nothing else is done between the two.
func (d *podTargets) Promote(ctx context.Context, c *flaggerv1.Canary, revision string) error {
	primary, err := d.findPrimary(ctx, c)
	if err != nil {
		return err
	}
	if primary == nil || primary.GetAnnotations()[kube.RevisionAnnotation] != revision {
		if err := d.promote(ctx, c, revision); err != nil {
			return err
		}
	}
	return d.ensureCompanions(ctx, c)
}

func (d *podTargets) promote(ctx context.Context, c *flaggerv1.Canary, revision string) error {
	t, err := d.target(ctx, c, d.live, d.liveConfig)
	if err != nil {
		return err
	}
	if t.revision != revision {
		return revisionMoved(t.kind(), t.GetName(), t.revision, revision)
	}
	primary, err := d.primary(ctx, c, t)
	if err != nil {
		return err
	}
	if err := d.writeCopies(ctx, c, t.configs); err != nil {
		return err
	}
	if primary == nil {
		return d.create(ctx, d.newPrimary(c, t))
	}
	return d.patchPrimary(ctx, primary, d.promoted(c, t, primary))
}

func revisionMoved(kind, name, is, want string) error {
	return fmt.Errorf("promote %s %s: it is at %s, not at %s: %w", kind, name, is, want, kube.ErrRevisionMoved)
}

// promoted returns the primary as the promotion of t leaves it. It is not made smaller: the traffic
// that it carried before comes back to it.
func (d *podTargets) promoted(c *flaggerv1.Canary, t target, primary podOwner) podOwner {
	to := primary.copyOf()
	own := map[string]string{t.labelKey: kube.PrimaryName(t.labelValue)}
	to.SetLabels(d.include.sync(primary.GetLabels(), t.GetLabels(), own))
	to.SetAnnotations(d.include.sync(primary.GetAnnotations(), t.GetAnnotations(), nil))
	t.copyTo(to)
	if c.Spec.AutoscalerRef == nil {
		to.resize(max(t.size(), primary.size()))
	}
	return to
}
