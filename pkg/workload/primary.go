package workload

import (
	"context"
	"fmt"
	"maps"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/kube"
)

// EnsurePrimary creates the primary, its configuration copies and its autoscaler where missing. What
// exists keeps its template and content. A primary that Flagger left behind is taken over in place.
func (d *Deployments) EnsurePrimary(ctx context.Context, c *flaggerv1.Canary) error {
	t, err := d.target(ctx, c, d.client, d.cachedConfig)
	if err != nil {
		return err
	}
	primary, err := d.primary(ctx, c, t)
	if err != nil {
		return err
	}
	if primary == nil {
		err = d.createPrimary(ctx, c)
	} else {
		err = d.adoptPrimary(ctx, c, t, primary)
	}
	if err != nil {
		return err
	}
	return d.ensureAutoscaler(ctx, c)
}

// createPrimary clones the target as it is in this moment, so that the template, the configuration
// and the revision that is noted belong together.
func (d *Deployments) createPrimary(ctx context.Context, c *flaggerv1.Canary) error {
	t, err := d.target(ctx, c, d.live, d.liveConfig)
	if err != nil {
		return err
	}
	if err := d.writeCopies(ctx, c, t.configs); err != nil {
		return err
	}
	return d.create(ctx, d.newPrimary(c, t))
}

func (d *Deployments) create(ctx context.Context, primary *appsv1.Deployment) error {
	if err := d.client.Create(ctx, primary); err != nil {
		return fmt.Errorf("create Deployment %s: %w", primary.Name, err)
	}
	return nil
}

func (d *Deployments) newPrimary(c *flaggerv1.Canary, t target) *appsv1.Deployment {
	own := map[string]string{t.labelKey: kube.PrimaryName(t.labelValue)}
	primary := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{
			Namespace:       c.Namespace,
			Name:            c.PrimaryName(),
			Labels:          d.include.sync(nil, t.Labels, own),
			Annotations:     map[string]string{},
			OwnerReferences: []metav1.OwnerReference{kube.ControllerRef(c)},
		},
		Spec: appsv1.DeploymentSpec{
			Replicas: new(max(1, replicas(t.Deployment))),
			Selector: t.rewrite.selector(t.Spec.Selector),
		},
	}
	for key, value := range t.Annotations {
		if copyable(key) {
			primary.Annotations[key] = value
		}
	}
	t.copyTo(primary)
	return primary
}

// copyTo makes the primary's template, the settings of its roll-out and its mark those of t.
func (t target) copyTo(primary *appsv1.Deployment) {
	primary.Spec.Template = t.rewrite.template(&t.Spec.Template)
	primary.Spec.Strategy = *t.Spec.Strategy.DeepCopy()
	primary.Spec.MinReadySeconds = t.Spec.MinReadySeconds
	primary.Spec.RevisionHistoryLimit = t.Spec.RevisionHistoryLimit
	primary.Spec.ProgressDeadlineSeconds = t.Spec.ProgressDeadlineSeconds
	metav1.SetMetaDataAnnotation(&primary.ObjectMeta, kube.RevisionAnnotation, t.revision)
}

// adoptPrimary makes c the owner of a primary without one, notes the revision of one that carries no
// mark, and replaces configuration copies that are gone. The template stays, so nothing rolls.
func (d *Deployments) adoptPrimary(ctx context.Context, c *flaggerv1.Canary, t target, primary *appsv1.Deployment) error {
	if err := d.restoreCopies(ctx, c, t, primary); err != nil {
		return err
	}
	adopted := primary.DeepCopy()
	adopted.OwnerReferences, _ = kube.WithOwner(primary.OwnerReferences, c)
	revision, err := d.primaryRevision(ctx, t, primary)
	if err != nil {
		return err
	}
	if revision != "" {
		metav1.SetMetaDataAnnotation(&adopted.ObjectMeta, kube.RevisionAnnotation, revision)
	}
	return d.patchPrimary(ctx, primary, adopted)
}

// patchPrimary writes what differs, provided that nobody wrote in between.
func (d *Deployments) patchPrimary(ctx context.Context, from, to *appsv1.Deployment) error {
	if unchanged(from, to) {
		return nil
	}
	if err := d.client.Patch(ctx, to, client.MergeFromWithOptions(from, client.MergeFromWithOptimisticLock{})); err != nil {
		return fmt.Errorf("patch Deployment %s: %w", to.Name, err)
	}
	return nil
}

// primary returns the primary from the cache, and nil when there is none. One that is not ours to
// touch, or that no longer fits the target's labels, is refused.
func (d *Deployments) primary(ctx context.Context, c *flaggerv1.Canary, t target) (*appsv1.Deployment, error) {
	primary, err := d.findPrimary(ctx, c)
	if err != nil || primary == nil {
		return nil, err
	}
	if want, have := kube.PrimaryName(t.labelValue), primary.Spec.Selector.MatchLabels[t.labelKey]; have != want {
		return nil, refusedf("Deployment %s selects its pods by %s=%q, but the target's label asks for %q: delete it or rename it",
			primary.Name, t.labelKey, have, want)
	}
	return primary, nil
}

func (d *Deployments) findPrimary(ctx context.Context, c *flaggerv1.Canary) (*appsv1.Deployment, error) {
	primary := &appsv1.Deployment{}
	key := types.NamespacedName{Namespace: c.Namespace, Name: c.PrimaryName()}
	if err := d.client.Get(ctx, key, primary); apierrors.IsNotFound(err) {
		return nil, nil
	} else if err != nil {
		return nil, fmt.Errorf("get Deployment %s: %w", key, err)
	}
	if err := checkControl("Deployment", primary, c); err != nil {
		return nil, err
	}
	return primary, nil
}

// checkControl refuses an object that something other than c controls.
func checkControl(kind string, obj client.Object, c *flaggerv1.Canary) error {
	owner, ours := kube.Controller(obj, c)
	if owner == nil || ours {
		return nil
	}
	return refusedf("%s %s belongs to %s %s: delete it or rename it, its name is needed for Canary %s",
		kind, obj.GetName(), owner.Kind, owner.Name, c.Name)
}

// unchanged reports whether everything that this package writes to a Deployment is equal.
func unchanged(a, b *appsv1.Deployment) bool {
	return maps.Equal(a.Labels, b.Labels) && maps.Equal(a.Annotations, b.Annotations) &&
		equal(a.OwnerReferences, b.OwnerReferences) && equal(a.Spec, b.Spec)
}

// equal compares API values by meaning: quantities by amount, and nil like empty.
func equal(a, b any) bool { return equality.Semantic.DeepEqual(a, b) }
