package traffic

import (
	"fmt"
	"maps"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/kube"
)

// Flux annotations by which its controllers leave an object alone.
const (
	fluxReconcileAnnotation = "kustomize.toolkit.fluxcd.io/reconcile"
	fluxDriftAnnotation     = "helm.toolkit.fluxcd.io/driftDetection"
	fluxDisabled            = "disabled"
)

// Owned reports whether obj was made for the Canary, that is, whether a Canary
// of its name controls it. An object that another Canary controls is an error
// that wraps kube.ErrRefused; one that something else controls, or nothing, is
// not owned and may be adopted.
func Owned(c *flaggerv1.Canary, obj client.Object) (bool, error) {
	ref := metav1.GetControllerOf(obj)
	if ref == nil || !kube.IsCanary(*ref) {
		return false, nil
	}
	if ref.Name != c.Name {
		return false, fmt.Errorf("%w: it belongs to Canary %s; give one of the two Canaries another service.name", kube.ErrRefused, ref.Name)
	}
	return true, nil
}

// Own makes the Canary the controlling owner of obj. The reference to an earlier
// Canary of the same name is replaced, which keeps the object from being
// collected together with that one.
func Own(c *flaggerv1.Canary, obj client.Object) {
	ref := kube.ControllerRef(c)
	refs := obj.GetOwnerReferences()
	for i := range refs {
		if kube.IsCanary(refs[i]) && refs[i].Name == c.Name {
			refs[i] = ref
			return
		}
	}
	obj.SetOwnerReferences(append(refs, ref))
}

// Disown takes the Canary off the owners of obj, so that obj outlives it.
func Disown(c *flaggerv1.Canary, obj client.Object) {
	kept, _ := kube.WithoutOwner(obj.GetOwnerReferences(), c)
	obj.SetOwnerReferences(kept)
}

// Label sets labels and annotations of m on obj and keeps all others. A nil m is empty.
func Label(obj client.Object, m *flaggerv1.CustomMetadata) {
	if m == nil {
		return
	}
	obj.SetLabels(with(obj.GetLabels(), m.Labels))
	obj.SetAnnotations(with(obj.GetAnnotations(), m.Annotations))
}

// KeepFluxAway sets the annotations by which Flux leaves obj alone.
func KeepFluxAway(obj client.Object) {
	obj.SetAnnotations(with(obj.GetAnnotations(), map[string]string{
		fluxReconcileAnnotation: fluxDisabled,
		fluxDriftAnnotation:     fluxDisabled,
	}))
}

// LetFluxBack removes what KeepFluxAway set.
func LetFluxBack(obj client.Object) {
	annotations := obj.GetAnnotations()
	for _, key := range []string{fluxReconcileAnnotation, fluxDriftAnnotation} {
		if annotations[key] == fluxDisabled {
			delete(annotations, key)
		}
	}
	obj.SetAnnotations(annotations)
}

// with returns base and more in one map, where more wins.
func with(base, more map[string]string) map[string]string {
	if len(more) == 0 {
		return base
	}
	sum := make(map[string]string, len(base)+len(more))
	maps.Copy(sum, base)
	maps.Copy(sum, more)
	return sum
}
