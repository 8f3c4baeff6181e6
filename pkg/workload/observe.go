package workload

import (
	"context"
	"fmt"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/kube"
	"github.com/linnet-delivery/linnet/pkg/rollout"
)

// podTargets looks after targets that run pods.
type podTargets struct {
	client   client.Client
	live     client.Reader
	now      func() time.Time
	labels   []string
	tracking bool
	include  prefixes
	contents contents
	seen     sightings
}

// Observe reads target and primary from the cache.
func (d *podTargets) Observe(ctx context.Context, c *flaggerv1.Canary) (kube.Workloads, error) {
	t, err := d.target(ctx, c, d.client, d.cachedConfig)
	if err != nil {
		return kube.Workloads{}, err
	}
	w := kube.Workloads{
		Revision:       t.revision,
		TrackedConfigs: t.configs.checksums(),
		CanaryReplicas: t.size(),
		Backend:        kube.Backend{LabelKey: t.labelKey, LabelValue: t.labelValue, DiscoveredPorts: discoveredPorts(c, t.template().Spec)},
	}
	if w.Canary, err = d.health(ctx, t.podOwner, patienceFor(c, c.Spec.Analysis.CanaryReadyThreshold)); err != nil {
		return kube.Workloads{}, err
	}
	a, err := d.autoscaler(ctx, c)
	if err != nil {
		return kube.Workloads{}, err
	}
	if a.source != nil {
		w.Canary.Most = int(a.source.most())
	}
	if missing := t.configs.missing(); missing != "" && w.Canary.State == rollout.Waiting && w.Canary.Desired > 0 {
		w.Canary.Reason = missing
	}
	err = d.observePrimary(ctx, c, t, &w)
	return w, err
}

func (d *podTargets) observePrimary(ctx context.Context, c *flaggerv1.Canary, t target, w *kube.Workloads) error {
	primary, err := d.primary(ctx, c, t)
	if err != nil {
		return err
	}
	if primary == nil {
		w.Primary.Reason = fmt.Sprintf("%s %s does not exist yet", t.kind(), c.PrimaryName())
		return nil
	}
	w.PrimaryFound = true
	if w.PrimaryRevision, err = d.primaryRevision(ctx, t, primary); err != nil {
		return err
	}
	w.Primary, err = d.health(ctx, primary, patienceFor(c, c.Spec.Analysis.PrimaryReadyThreshold))
	return err
}

// primaryRevision returns the revision that the primary's template was made from. A primary that
// carries no mark was made by Flagger: it has the target's revision when it differs from the target
// only in what cloning rewrites, and an unknown one otherwise.
func (d *podTargets) primaryRevision(ctx context.Context, t target, primary podOwner) (string, error) {
	if revision := primary.GetAnnotations()[kube.RevisionAnnotation]; revision != "" {
		return revision, nil
	}
	if !t.rewrite.sameTemplate(t.template(), primary.template()) {
		return "", nil
	}
	for _, source := range t.configs.tracked() {
		copied, err := d.cachedConfig(ctx, t.GetNamespace(), source.copyRef())
		if err != nil {
			return "", err
		}
		if copied.missing || copied.checksum != source.checksum {
			return "", nil
		}
	}
	return t.revision, nil
}

// References returns what the target's template refers to.
func (d *podTargets) References(ctx context.Context, c *flaggerv1.Canary) []kube.ConfigRef {
	if !d.tracking {
		return nil
	}
	w, err := d.find(ctx, c, d.client)
	if err != nil {
		return nil
	}
	var refs []kube.ConfigRef
	for _, r := range references(w.template().Spec) {
		refs = append(refs, r.ConfigRef)
	}
	return refs
}
