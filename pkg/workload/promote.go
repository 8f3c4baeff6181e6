package workload

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/kube"
)

// Promote gives the primary the target's template and configuration if the target, read live, still
// is at revision; otherwise it returns kube.ErrRevisionMoved and writes nothing. A primary that
// already carries the revision's mark is not written again, whatever else was done to it since: a
// second call, or one after a crash, rolls nothing.
//
// Configuration copies keep their names, so an old pod that restarts between their write and that
// of the Deployment would start with the new content. Nothing else is done between the two.
func (d *Deployments) Promote(ctx context.Context, c *flaggerv1.Canary, revision string) error {
	primary, err := d.findPrimary(ctx, c)
	if err != nil {
		return err
	}
	if primary == nil || primary.Annotations[kube.RevisionAnnotation] != revision {
		if err := d.promote(ctx, c, revision); err != nil {
			return err
		}
	}
	return d.ensureAutoscaler(ctx, c)
}

func (d *Deployments) promote(ctx context.Context, c *flaggerv1.Canary, revision string) error {
	t, err := d.target(ctx, c, d.live, d.liveConfig)
	if err != nil {
		return err
	}
	if t.revision != revision {
		return fmt.Errorf("promote Deployment %s: it is at %s, not at %s: %w", t.Name, t.revision, revision, kube.ErrRevisionMoved)
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

// promoted returns the primary as the promotion of t leaves it. It is not made smaller: the traffic
// that it carried before comes back to it.
func (d *Deployments) promoted(c *flaggerv1.Canary, t target, primary *appsv1.Deployment) *appsv1.Deployment {
	to := primary.DeepCopy()
	own := map[string]string{t.labelKey: kube.PrimaryName(t.labelValue)}
	to.Labels = d.include.sync(primary.Labels, t.Labels, own)
	to.Annotations = d.include.sync(primary.Annotations, t.Annotations, nil)
	t.copyTo(to)
	if c.Spec.AutoscalerRef == nil {
		to.Spec.Replicas = new(max(replicas(t.Deployment), replicas(primary)))
	}
	return to
}
