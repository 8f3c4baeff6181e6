package workload

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/kube"
)

// writeCopies brings the primary's copies of everything tracked up to date. The sources must have
// been read live. It refuses when a required one does not exist.
func (d *podTargets) writeCopies(ctx context.Context, c *flaggerv1.Canary, sources configs) error {
	if missing := sources.missing(); missing != "" {
		return refusedf("%s", missing)
	}
	for _, source := range sources.tracked() {
		if err := d.writeCopy(ctx, c, source); err != nil {
			return err
		}
	}
	return nil
}

// restoreCopies makes c an owner of the copies that the primary's pods refer to, and creates those
// that are gone from the sources as they are now: what they held before is not known any more.
func (d *podTargets) restoreCopies(ctx context.Context, c *flaggerv1.Canary, t target, primary podOwner) error {
	for _, ref := range references(primary.template().Spec) {
		name, isCopy := kube.SourceName(ref.Name)
		source := kube.ConfigRef{Kind: ref.Kind, Name: name}
		if !isCopy || !t.configs.copied(source) {
			continue
		}
		if err := d.restoreCopy(ctx, c, ref.ConfigRef, source); err != nil {
			return err
		}
	}
	return nil
}

func (d *podTargets) restoreCopy(ctx context.Context, c *flaggerv1.Canary, ref, source kube.ConfigRef) error {
	have, err := d.configMetadata(ctx, c.Namespace, ref)
	if err != nil {
		return err
	}
	if have != nil {
		return d.ownCopy(ctx, c, have)
	}
	from, err := d.liveConfig(ctx, c.Namespace, source)
	if err != nil || from.missing {
		return err
	}
	return d.createCopy(ctx, c, from)
}

// ownCopy adds c to the owners of an existing copy.
func (d *podTargets) ownCopy(ctx context.Context, c *flaggerv1.Canary, have *metav1.PartialObjectMetadata) error {
	owners, changed := kube.WithOwner(have.OwnerReferences, c)
	if !changed {
		return nil
	}
	to := have.DeepCopy()
	to.OwnerReferences = owners
	if err := d.client.Patch(ctx, to, client.MergeFromWithOptions(have, client.MergeFromWithOptimisticLock{})); err != nil {
		return fmt.Errorf("patch owners of %s %s: %w", have.Kind, have.Name, err)
	}
	return nil
}

// writeCopy creates or updates one copy. A copy that others share gets c as a further owner; an
// object of that name with other content that no Canary owns is somebody's own and is refused.
func (d *podTargets) writeCopy(ctx context.Context, c *flaggerv1.Canary, source config) error {
	ref := source.copyRef()
	have, err := d.cachedConfig(ctx, c.Namespace, ref)
	if err != nil || have.current(c, source) {
		return err
	}
	if have, err = d.liveConfig(ctx, c.Namespace, ref); err != nil || have.current(c, source) {
		return err
	}
	if have.missing {
		return d.createCopy(ctx, c, source)
	}
	if have.checksum != source.checksum && !kube.OwnedByCanary(have.owners) {
		return refusedf("%s %s exists and belongs to no Canary: delete it or rename it, its name is needed for the copy of %s",
			ref.Kind, ref.Name, source.Name)
	}
	return d.updateCopy(ctx, c, source, have.object)
}

// current reports whether c is a copy of source that the Canary owns.
func (c config) current(owner *flaggerv1.Canary, source config) bool {
	_, missing := kube.WithOwner(c.owners, owner)
	return !c.missing && !missing && c.checksum == source.checksum
}

// metadataOnly keeps a write of content from starting a cache of everybody's
// content: what was written is remembered here, and its metadata is watched.
const metadataOnly = client.DisableReadYourWritesConsistency

func (d *podTargets) createCopy(ctx context.Context, c *flaggerv1.Canary, source config) error {
	to := newConfigObject(source.Kind)
	to.SetNamespace(c.Namespace)
	to.SetName(source.copyRef().Name)
	to.SetLabels(d.include.pick(source.object.GetLabels()))
	to.SetOwnerReferences([]metav1.OwnerReference{kube.ControllerRef(c)})
	fill(to, source.object)
	if err := d.client.Create(ctx, to, metadataOnly); err != nil {
		return fmt.Errorf("create %s %s: %w", source.Kind, to.GetName(), err)
	}
	d.contents.remember(contentKey{c.Namespace, source.copyRef()}, to)
	return nil
}

func (d *podTargets) updateCopy(ctx context.Context, c *flaggerv1.Canary, source config, have client.Object) error {
	ref := source.copyRef()
	to := have.DeepCopyObject().(client.Object)
	owners, _ := kube.WithOwner(have.GetOwnerReferences(), c)
	to.SetOwnerReferences(owners)
	to.SetLabels(d.include.sync(have.GetLabels(), source.object.GetLabels(), nil))
	fill(to, source.object)
	if err := d.client.Patch(ctx, to, client.MergeFromWithOptions(have, client.MergeFromWithOptimisticLock{}), metadataOnly); err != nil {
		return fmt.Errorf("patch %s %s: %w", ref.Kind, ref.Name, err)
	}
	d.contents.remember(contentKey{c.Namespace, ref}, to)
	return nil
}

// fill copies the content. An immutable source gives a mutable copy: it must follow the next promotion.
func fill(to, from client.Object) {
	switch from := from.(type) {
	case *corev1.ConfigMap:
		to := to.(*corev1.ConfigMap)
		to.Data, to.BinaryData = from.Data, from.BinaryData
	case *corev1.Secret:
		to := to.(*corev1.Secret)
		to.Data, to.Type = from.Data, from.Type
	}
}
