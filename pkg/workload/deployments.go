package workload

import (
	"context"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/kube"
	"github.com/linnet-delivery/linnet/pkg/rollout"
)

// Options say how Deployments reaches the cluster and what it tracks.
type Options struct {
	// Client reads from caches and writes.
	Client client.Client
	// Live reads past the caches. It is used before a template is written, and for the content of
	// configuration whose resource version moved.
	Live client.Reader
	// Now is the clock that deadlines are measured by.
	Now func() time.Time
	// SelectorLabels are the labels that may tell target and primary apart, in order of preference.
	// Empty means app, name, app.kubernetes.io/name.
	SelectorLabels []string
	// ConfigTracking makes ConfigMaps and Secrets that the target refers to part of its revision, and
	// gives the primary copies of them.
	ConfigTracking bool
	// IncludeLabelPrefix lists the prefixes of label and annotation keys that the primary's objects
	// take over; "*" stands for all.
	IncludeLabelPrefix []string
	// FieldOwner names Linnet as the author of what is written. Empty means linnet.
	FieldOwner string
}

// Deployments looks after Canaries whose target is a Deployment. It is safe for concurrent use.
type Deployments struct {
	client   client.Client
	live     client.Reader
	now      func() time.Time
	labels   []string
	tracking bool
	include  prefixes
	contents contents
}

// New returns a Deployments that works as o says.
func New(o Options) *Deployments {
	labels := o.SelectorLabels
	if len(labels) == 0 {
		labels = []string{"app", "name", "app.kubernetes.io/name"}
	}
	owner := o.FieldOwner
	if owner == "" {
		owner = "linnet"
	}
	return &Deployments{
		client:   client.WithFieldOwner(o.Client, owner),
		live:     o.Live,
		now:      o.Now,
		labels:   labels,
		tracking: o.ConfigTracking,
		include:  o.IncludeLabelPrefix,
	}
}

// Observe reads target and primary from the cache. A missing target is kube.ErrTargetNotFound; a
// Canary that cannot be served is kube.ErrRefused with the reason.
func (d *Deployments) Observe(ctx context.Context, c *flaggerv1.Canary) (kube.Workloads, error) {
	t, err := d.target(ctx, c, d.client, d.cachedConfig)
	if err != nil {
		return kube.Workloads{}, err
	}
	w := kube.Workloads{
		Revision:       t.revision,
		TrackedConfigs: t.configs.checksums(),
		CanaryReplicas: replicas(t.Deployment),
		Backend:        kube.Backend{LabelKey: t.labelKey, LabelValue: t.labelValue, DiscoveredPorts: discoveredPorts(c, t.Spec.Template.Spec)},
	}
	if w.Canary, err = d.health(ctx, t.Deployment, patienceFor(c, c.Spec.Analysis.CanaryReadyThreshold)); err != nil {
		return kube.Workloads{}, err
	}
	if missing := t.configs.missing(); missing != "" && w.Canary.State == rollout.Waiting && w.Canary.Desired > 0 {
		w.Canary.Reason = missing
	}
	err = d.observePrimary(ctx, c, t, &w)
	return w, err
}

func (d *Deployments) observePrimary(ctx context.Context, c *flaggerv1.Canary, t target, w *kube.Workloads) error {
	primary, err := d.primary(ctx, c, t)
	if err != nil {
		return err
	}
	if primary == nil {
		w.Primary.Reason = fmt.Sprintf("Deployment %s does not exist yet", c.PrimaryName())
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
func (d *Deployments) primaryRevision(ctx context.Context, t target, primary *appsv1.Deployment) (string, error) {
	if revision := primary.Annotations[kube.RevisionAnnotation]; revision != "" {
		return revision, nil
	}
	if !t.rewrite.sameTemplate(&t.Spec.Template, &primary.Spec.Template) {
		return "", nil
	}
	for _, source := range t.configs.tracked() {
		copied, err := d.cachedConfig(ctx, t.Namespace, source.copyRef())
		if err != nil {
			return "", err
		}
		if copied.missing || copied.checksum != source.checksum {
			return "", nil
		}
	}
	return t.revision, nil
}

// References returns the ConfigMaps and Secrets that the Canary's target refers to, tracked or not,
// existing or not, from the cache and in a stable order. It is empty without configuration tracking
// or without a target.
func (d *Deployments) References(ctx context.Context, c *flaggerv1.Canary) []kube.ConfigRef {
	if !d.tracking {
		return nil
	}
	dep, err := d.deployment(ctx, c, d.client)
	if err != nil {
		return nil
	}
	var refs []kube.ConfigRef
	for _, r := range references(dep.Spec.Template.Spec) {
		refs = append(refs, r.ConfigRef)
	}
	return refs
}
