package kube

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
)

// ControllerRef returns the owner reference of an object that c alone manages and that goes with c.
func ControllerRef(c *flaggerv1.Canary) metav1.OwnerReference {
	return *metav1.NewControllerRef(c, flaggerv1.GroupVersion.WithKind(flaggerv1.CanaryKind))
}

// Control says whose an object is.
type Control int

const (
	// Uncontrolled means that the object has no controller.
	Uncontrolled Control = iota
	// Controlled means that the Canary controls it.
	Controlled
	// Bereft means that a deleted Canary of the same name controls it: the garbage collector will take it.
	Bereft
	// Foreign means that something else controls it.
	Foreign
)

// ControlOf says whose obj is as seen from c.
func ControlOf(obj metav1.Object, c *flaggerv1.Canary) Control {
	ref := metav1.GetControllerOf(obj)
	switch {
	case ref == nil:
		return Uncontrolled
	case ref.UID == c.UID:
		return Controlled
	case isCanary(*ref) && ref.Name == c.Name:
		return Bereft
	default:
		return Foreign
	}
}

// WithOwner returns refs with c among them, and whether that took a change. Canaries may share an
// object: the first one controls it, the others keep it from being collected.
func WithOwner(refs []metav1.OwnerReference, c *flaggerv1.Canary) ([]metav1.OwnerReference, bool) {
	own := ControllerRef(c)
	for _, ref := range refs {
		if ref.UID == c.UID {
			return refs, false
		}
		if ref.Controller != nil && *ref.Controller {
			own.Controller, own.BlockOwnerDeletion = nil, nil
		}
	}
	return append(append([]metav1.OwnerReference(nil), refs...), own), true
}

// OwnedByCanary reports whether any Canary is among the owners.
func OwnedByCanary(refs []metav1.OwnerReference) bool {
	for _, ref := range refs {
		if isCanary(ref) {
			return true
		}
	}
	return false
}

func isCanary(ref metav1.OwnerReference) bool {
	return ref.Kind == flaggerv1.CanaryKind && ref.APIVersion == flaggerv1.GroupVersion.String()
}
