package workload

import (
	"cmp"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"github.com/linnet-delivery/linnet/pkg/kube"
)

// reference is a ConfigMap or Secret that a pod refers to.
type reference struct {
	kube.ConfigRef
	// optional is set when the pod starts without it.
	optional bool
}

// references returns what the pod's volumes and the environments of its containers and init
// containers refer to, each name once and sorted. A name is optional when all its uses are.
func references(spec corev1.PodSpec) []reference {
	required := map[kube.ConfigRef]bool{}
	visitReferences(&spec, func(kind kube.ConfigKind, name *string, optional *bool) {
		if *name == "" {
			return
		}
		ref := kube.ConfigRef{Kind: kind, Name: *name}
		required[ref] = required[ref] || !ptr.Deref(optional, false)
	})
	refs := make([]reference, 0, len(required))
	for ref, needed := range required {
		refs = append(refs, reference{ConfigRef: ref, optional: !needed})
	}
	slices.SortFunc(refs, func(a, b reference) int { return cmp.Compare(a.String(), b.String()) })
	return refs
}

// visitor is shown a reference and may change the name.
type visitor func(kind kube.ConfigKind, name *string, optional *bool)

func visitReferences(spec *corev1.PodSpec, visit visitor) {
	for i := range spec.Volumes {
		visitVolume(&spec.Volumes[i].VolumeSource, visit)
	}
	for _, containers := range [][]corev1.Container{spec.InitContainers, spec.Containers} {
		for i := range containers {
			visitEnvironment(&containers[i], visit)
		}
	}
}

func visitVolume(v *corev1.VolumeSource, visit visitor) {
	if v.ConfigMap != nil {
		visit(kube.ConfigMap, &v.ConfigMap.Name, v.ConfigMap.Optional)
	}
	if v.Secret != nil {
		visit(kube.Secret, &v.Secret.SecretName, v.Secret.Optional)
	}
	if v.Projected == nil {
		return
	}
	for i := range v.Projected.Sources {
		source := &v.Projected.Sources[i]
		if source.ConfigMap != nil {
			visit(kube.ConfigMap, &source.ConfigMap.Name, source.ConfigMap.Optional)
		}
		if source.Secret != nil {
			visit(kube.Secret, &source.Secret.Name, source.Secret.Optional)
		}
	}
}

func visitEnvironment(c *corev1.Container, visit visitor) {
	for i := range c.EnvFrom {
		if ref := c.EnvFrom[i].ConfigMapRef; ref != nil {
			visit(kube.ConfigMap, &ref.Name, ref.Optional)
		}
		if ref := c.EnvFrom[i].SecretRef; ref != nil {
			visit(kube.Secret, &ref.Name, ref.Optional)
		}
	}
	for i := range c.Env {
		from := c.Env[i].ValueFrom
		if from == nil {
			continue
		}
		if ref := from.ConfigMapKeyRef; ref != nil {
			visit(kube.ConfigMap, &ref.Name, ref.Optional)
		}
		if ref := from.SecretKeyRef; ref != nil {
			visit(kube.Secret, &ref.Name, ref.Optional)
		}
	}
}
