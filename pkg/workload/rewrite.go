package workload

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/linnet-delivery/linnet/pkg/kube"
)

// rewrite turns a target's pod template and selector into the primary's.
type rewrite struct {
	labelKey, labelValue string
	selectorLabels       []string
	configs              configs
}

// template returns the primary's template: the same, but with the primary's label value, with the
// primary's pods in its anti-affinity and topology spread, and with copies of its configuration.
// It is the same for the same input, so writing it twice rolls once.
func (r rewrite) template(from *corev1.PodTemplateSpec) corev1.PodTemplateSpec {
	to := from.DeepCopy()
	to.Labels[r.labelKey] = kube.PrimaryName(r.labelValue)
	r.spread(&to.Spec, r.toPrimary)
	visitReferences(&to.Spec, func(kind kube.ConfigKind, name *string, _ *bool) {
		if r.configs.copied(kube.ConfigRef{Kind: kind, Name: *name}) {
			*name = kube.PrimaryName(*name)
		}
	})
	if sum := r.configs.digest(); sum != "" {
		if to.Annotations == nil {
			to.Annotations = map[string]string{}
		}
		to.Annotations[kube.ConfigChecksumAnnotation] = sum
	}
	return *to
}

// selector returns the primary's selector: every label of the target's, one of them rewritten.
func (r rewrite) selector(from *metav1.LabelSelector) *metav1.LabelSelector {
	to := from.DeepCopy()
	to.MatchLabels[r.labelKey] = kube.PrimaryName(r.labelValue)
	for _, e := range to.MatchExpressions {
		if e.Key == r.labelKey {
			r.replaceValues(e.Values, r.toPrimary)
		}
	}
	return to
}

// toPrimary maps the target's label value to the primary's and leaves every other value.
func (r rewrite) toPrimary(value string) string {
	if value == r.labelValue {
		return kube.PrimaryName(value)
	}
	return value
}

// spread applies to every value that anti-affinity and topology spread select pods by.
func (r rewrite) spread(spec *corev1.PodSpec, apply func(string) string) {
	for i := range spec.TopologySpreadConstraints {
		r.mapSelector(spec.TopologySpreadConstraints[i].LabelSelector, apply)
	}
	if spec.Affinity == nil || spec.Affinity.PodAntiAffinity == nil {
		return
	}
	anti := spec.Affinity.PodAntiAffinity
	for i := range anti.RequiredDuringSchedulingIgnoredDuringExecution {
		r.mapSelector(anti.RequiredDuringSchedulingIgnoredDuringExecution[i].LabelSelector, apply)
	}
	for i := range anti.PreferredDuringSchedulingIgnoredDuringExecution {
		r.mapSelector(anti.PreferredDuringSchedulingIgnoredDuringExecution[i].PodAffinityTerm.LabelSelector, apply)
	}
}

func (r rewrite) mapSelector(s *metav1.LabelSelector, apply func(string) string) {
	if s == nil {
		return
	}
	for key, value := range s.MatchLabels {
		if slices.Contains(r.selectorLabels, key) {
			s.MatchLabels[key] = apply(value)
		}
	}
	for _, e := range s.MatchExpressions {
		if slices.Contains(r.selectorLabels, e.Key) && e.Operator == metav1.LabelSelectorOpIn {
			r.replaceValues(e.Values, apply)
		}
	}
}

func (r rewrite) replaceValues(values []string, apply func(string) string) {
	for i, value := range values {
		values[i] = apply(value)
	}
}

// flaggerID is the annotation with a random value that Flagger puts on the primary's pods.
const flaggerID = "flagger-id"

// sameTemplate reports whether primary was cloned from target, by us or by Flagger.
func (r rewrite) sameTemplate(target, primary *corev1.PodTemplateSpec) bool {
	want, wantErr := r.comparable(r.template(target))
	have, haveErr := r.comparable(*primary)
	return wantErr == nil && haveErr == nil && reflect.DeepEqual(want, have)
}

// comparable strips from a primary's template what one controller writes and the other does not.
func (r rewrite) comparable(t corev1.PodTemplateSpec) (map[string]any, error) {
	t = *t.DeepCopy()
	maps.DeleteFunc(t.Annotations, func(key, _ string) bool { return key == flaggerID || key == kube.ConfigChecksumAnnotation })
	r.spread(&t.Spec, func(value string) string { return strings.TrimSuffix(value, kube.PrimaryName("")) })
	return canonical(&t)
}
