package kube

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/utils/ptr"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
)

// ControllerRef returns the owner reference of an object that c alone manages and that goes with c.
func ControllerRef(c *flaggerv1.Canary) metav1.OwnerReference {
	return *metav1.NewControllerRef(c, flaggerv1.GroupVersion.WithKind(flaggerv1.CanaryKind))
}

// Controller returns the owner reference of what controls obj, and whether that is c. A Canary that
// was deleted and created again under its name counts as the same one. It returns nil, false for an
// object without a controller.
func Controller(obj metav1.Object, c *flaggerv1.Canary) (ref *metav1.OwnerReference, ours bool) {
	ref = metav1.GetControllerOf(obj)
	return ref, ref != nil && isSame(*ref, c)
}

// WithOwner returns refs with c among them, and whether that took a change. Canaries may share an
// object: the first one controls it, the others keep it from being collected. A reference to an
// earlier Canary of the same name is replaced, so that the object is not collected with that one.
func WithOwner(refs []metav1.OwnerReference, c *flaggerv1.Canary) (with []metav1.OwnerReference, changed bool) {
	own := ControllerRef(c)
	with = slices.Clone(refs)
	for i, ref := range refs {
		if ref.UID == c.UID {
			return refs, false
		}
		if isSame(ref, c) {
			own.Controller, own.BlockOwnerDeletion = ref.Controller, ref.BlockOwnerDeletion
			with[i] = own
			return with, true
		}
		if ptr.Deref(ref.Controller, false) {
			own.Controller, own.BlockOwnerDeletion = nil, nil
		}
	}
	return append(with, own), true
}

// WithoutOwner returns refs without c, and whether that took a change.
func WithoutOwner(refs []metav1.OwnerReference, c *flaggerv1.Canary) (without []metav1.OwnerReference, changed bool) {
	without = slices.DeleteFunc(slices.Clone(refs), func(ref metav1.OwnerReference) bool { return isSame(ref, c) })
	return without, len(without) != len(refs)
}

// OwnedByCanary reports whether any Canary is among the owners.
func OwnedByCanary(refs []metav1.OwnerReference) bool { return slices.ContainsFunc(refs, IsCanary) }

func isSame(ref metav1.OwnerReference, c *flaggerv1.Canary) bool {
	return IsCanary(ref) && ref.Name == c.Name
}

// IsCanary reports whether ref names a Canary, of whatever version of the group.
func IsCanary(ref metav1.OwnerReference) bool {
	gv, err := schema.ParseGroupVersion(ref.APIVersion)
	return err == nil && gv.Group == flaggerv1.GroupName && ref.Kind == flaggerv1.CanaryKind
}
