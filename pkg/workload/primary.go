package workload

import (
	"context"
	"fmt"
	"maps"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/kube"
)

// EnsurePrimary creates the primary and what hangs on it where missing.
func (d *podTargets) EnsurePrimary(ctx context.Context, c *flaggerv1.Canary) error {
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
	return d.ensureCompanions(ctx, c)
}

// ensureCompanions brings what hangs on the primary besides its configuration up to date.
func (d *podTargets) ensureCompanions(ctx context.Context, c *flaggerv1.Canary) error {
	if err := d.ensureAutoscaler(ctx, c); err != nil {
		return err
	}
	return d.ensureBudgets(ctx, c)
}

// createPrimary clones the target as it is in this moment, so that the template, the configuration
// and the revision that is noted belong together.
func (d *podTargets) createPrimary(ctx context.Context, c *flaggerv1.Canary) error {
	t, err := d.target(ctx, c, d.live, d.liveConfig)
	if err != nil {
		return err
	}
	if err := d.writeCopies(ctx, c, t.configs); err != nil {
		return err
	}
	return d.create(ctx, d.newPrimary(c, t))
}

func (d *podTargets) create(ctx context.Context, primary podOwner) error {
	if err := d.client.Create(ctx, primary.object()); err != nil {
		return fmt.Errorf("create %s %s: %w", primary.kind(), primary.GetName(), err)
	}
	return nil
}

func (d *podTargets) newPrimary(c *flaggerv1.Canary, t target) podOwner {
	own := map[string]string{t.labelKey: kube.PrimaryName(t.labelValue)}
	annotations := map[string]string{}
	for key, value := range t.GetAnnotations() {
		if copyable(key) {
			annotations[key] = value
		}
	}
	primary := newPodOwner(t.kind())
	primary.SetNamespace(c.Namespace)
	primary.SetName(c.PrimaryName())
	primary.SetLabels(d.include.sync(nil, t.GetLabels(), own))
	primary.SetAnnotations(annotations)
	primary.SetOwnerReferences([]metav1.OwnerReference{kube.ControllerRef(c)})
	primary.setSelector(t.rewrite.selector(t.selector()))
	t.copyTo(primary)
	primary.resize(max(1, t.size()))
	return primary
}

// copyTo makes the primary's template, the settings of its roll-out and its mark those of t.
func (t target) copyTo(primary podOwner) {
	primary.become(t.rewrite.template(t.template()), t.podOwner)
	annotate(primary, kube.RevisionAnnotation, t.revision)
}

// adoptPrimary makes c the owner of a primary without one, notes the revision of one that carries no
// mark, and replaces configuration copies that are gone. The template stays, so nothing rolls.
func (d *podTargets) adoptPrimary(ctx context.Context, c *flaggerv1.Canary, t target, primary podOwner) error {
	if err := d.restoreCopies(ctx, c, t, primary); err != nil {
		return err
	}
	adopted := primary.copyOf()
	owners, _ := kube.WithOwner(primary.GetOwnerReferences(), c)
	adopted.SetOwnerReferences(owners)
	revision, err := d.primaryRevision(ctx, t, primary)
	if err != nil {
		return err
	}
	if revision != "" {
		annotate(adopted, kube.RevisionAnnotation, revision)
	}
	return d.patchPrimary(ctx, primary, adopted)
}

// patchPrimary writes what differs, provided that nobody wrote in between.
func (d *podTargets) patchPrimary(ctx context.Context, from, to podOwner) error {
	if sameMetadata(from, to) && from.sameSpec(to) {
		return nil
	}
	patch := client.MergeFromWithOptions(from.object(), client.MergeFromWithOptimisticLock{})
	if err := d.client.Patch(ctx, to.object(), patch); err != nil {
		return fmt.Errorf("patch %s %s: %w", to.kind(), to.GetName(), err)
	}
	return nil
}

// primary returns the primary from the cache, and nil when there is none. One that is not ours to
// touch, or that no longer fits the target's labels, is refused.
func (d *podTargets) primary(ctx context.Context, c *flaggerv1.Canary, t target) (podOwner, error) {
	primary, err := d.findPrimary(ctx, c)
	if err != nil || primary == nil {
		return nil, err
	}
	if want, have := kube.PrimaryName(t.labelValue), primary.selector().MatchLabels[t.labelKey]; have != want {
		return nil, refusedf("%s %s selects its pods by %s=%q, but the target's label asks for %q: delete it or rename it",
			primary.kind(), primary.GetName(), t.labelKey, have, want)
	}
	return primary, nil
}

func (d *podTargets) findPrimary(ctx context.Context, c *flaggerv1.Canary) (podOwner, error) {
	key := types.NamespacedName{Namespace: c.Namespace, Name: c.PrimaryName()}
	primary, err := findPodOwner(ctx, d.client, c.Spec.TargetRef.Kind, key)
	if err != nil || primary == nil {
		return nil, err
	}
	return primary, checkControl(primary.kind(), primary, c)
}

// checkControl refuses an object that something other than c controls.
func checkControl(kind string, obj metav1.Object, c *flaggerv1.Canary) error {
	owner, ours := kube.Controller(obj, c)
	if owner == nil || ours {
		return nil
	}
	return refusedf("%s %s belongs to %s %s: delete it or rename it, its name is needed for Canary %s",
		kind, obj.GetName(), owner.Kind, owner.Name, c.Name)
}

// annotate sets an annotation without changing a map that others may hold.
func annotate(obj metav1.Object, key, value string) {
	annotations := maps.Clone(obj.GetAnnotations())
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[key] = value
	obj.SetAnnotations(annotations)
}

// sameMetadata reports whether everything that this package writes to metadata is equal.
func sameMetadata(a, b metav1.Object) bool {
	return maps.Equal(a.GetLabels(), b.GetLabels()) && maps.Equal(a.GetAnnotations(), b.GetAnnotations()) &&
		equal(a.GetOwnerReferences(), b.GetOwnerReferences())
}

// equal compares API values by meaning: quantities by amount, and nil like empty.
func equal(a, b any) bool { return equality.Semantic.DeepEqual(a, b) }
