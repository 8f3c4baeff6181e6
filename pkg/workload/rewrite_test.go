package workload

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/linnet-delivery/linnet/pkg/kube"
)

func labelled(key string, values ...string) *metav1.LabelSelector {
	return &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{
		{Key: key, Operator: metav1.LabelSelectorOpIn, Values: values},
	}}
}

func matching(key, value string) *metav1.LabelSelector {
	return &metav1.LabelSelector{MatchLabels: map[string]string{key: value}}
}

func TestSpreadingRulesFollowThePrimary(t *testing.T) {
	tests := map[string]struct {
		selector, want *metav1.LabelSelector
	}{
		"the target's label becomes the primary's":       {matching("app", "podinfo"), matching("app", "podinfo-primary")},
		"the same in an expression":                      {labelled("app", "podinfo", "other"), labelled("app", "podinfo-primary", "other")},
		"another selector label with the same value too": {matching("name", "podinfo"), matching("name", "podinfo-primary")},
		"the label of another application stays":         {matching("app", "backend"), matching("app", "backend")},
		"a label that tells nothing apart stays":         {matching("tier", "podinfo"), matching("tier", "podinfo")},
		"an expression that excludes stays": {
			&metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "app", Operator: metav1.LabelSelectorOpNotIn, Values: []string{"podinfo"}}}},
			&metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "app", Operator: metav1.LabelSelectorOpNotIn, Values: []string{"podinfo"}}}},
		},
		"no selector stays none": {nil, nil},
	}
	places := map[string]struct {
		put func(*corev1.PodSpec, *metav1.LabelSelector)
		get func(*corev1.PodSpec) *metav1.LabelSelector
	}{
		"required anti-affinity": {
			func(s *corev1.PodSpec, sel *metav1.LabelSelector) {
				s.Affinity = &corev1.Affinity{PodAntiAffinity: &corev1.PodAntiAffinity{
					RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{{LabelSelector: sel}},
				}}
			},
			func(s *corev1.PodSpec) *metav1.LabelSelector {
				return s.Affinity.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution[0].LabelSelector
			},
		},
		"preferred anti-affinity": {
			func(s *corev1.PodSpec, sel *metav1.LabelSelector) {
				s.Affinity = &corev1.Affinity{PodAntiAffinity: &corev1.PodAntiAffinity{
					PreferredDuringSchedulingIgnoredDuringExecution: []corev1.WeightedPodAffinityTerm{
						{Weight: 1, PodAffinityTerm: corev1.PodAffinityTerm{LabelSelector: sel}},
					},
				}}
			},
			func(s *corev1.PodSpec) *metav1.LabelSelector {
				return s.Affinity.PodAntiAffinity.PreferredDuringSchedulingIgnoredDuringExecution[0].PodAffinityTerm.LabelSelector
			},
		},
		"topology spread": {
			func(s *corev1.PodSpec, sel *metav1.LabelSelector) {
				s.TopologySpreadConstraints = []corev1.TopologySpreadConstraint{{MaxSkew: 1, LabelSelector: sel}}
			},
			func(s *corev1.PodSpec) *metav1.LabelSelector { return s.TopologySpreadConstraints[0].LabelSelector },
		},
	}
	for name, tc := range tests {
		for place, at := range places {
			t.Run(name+" in "+place, func(t *testing.T) {
				w := newWorld(t, newTarget(podSpec(func(s *corev1.PodSpec) { at.put(s, tc.selector.DeepCopy()) })))
				mustDo(t, w.adapter().EnsurePrimary(t.Context(), newCanary()))
				got := at.get(&w.deployment("podinfo-primary").Spec.Template.Spec)
				if diff := cmp.Diff(tc.want, got); diff != "" {
					t.Errorf("primary's selector differs (-want +got):\n%s", diff)
				}
				if diff := cmp.Diff(tc.selector, at.get(&w.deployment("podinfo").Spec.Template.Spec)); diff != "" {
					t.Errorf("the target was changed (-want +got):\n%s", diff)
				}
			})
		}
	}
}

func TestRewritingLeavesItsSourceAlone(t *testing.T) {
	source := newTarget(configured, podSpec(func(s *corev1.PodSpec) {
		s.TopologySpreadConstraints = []corev1.TopologySpreadConstraint{{LabelSelector: labelled("app", "podinfo")}}
	}))
	settings := config{ConfigRef: kube.ConfigRef{Kind: kube.ConfigMap, Name: "settings"}, followed: true}
	r := rewrite{labelKey: "app", labelValue: "podinfo", selectorLabels: []string{"app"}, configs: configs{all: []config{settings}}}
	before := source.DeepCopy()
	r.template(&source.Spec.Template)
	r.selector(source.Spec.Selector)
	if diff := cmp.Diff(before, source); diff != "" {
		t.Errorf("the source changed (-before +after):\n%s", diff)
	}
}

func TestAffinityToOtherPodsStays(t *testing.T) {
	w := newWorld(t, newTarget(podSpec(func(s *corev1.PodSpec) {
		s.Affinity = &corev1.Affinity{PodAffinity: &corev1.PodAffinity{
			RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{{LabelSelector: matching("app", "podinfo")}},
		}}
	})))
	mustDo(t, w.adapter().EnsurePrimary(t.Context(), newCanary()))
	got := w.deployment("podinfo-primary").Spec.Template.Spec.Affinity.PodAffinity.RequiredDuringSchedulingIgnoredDuringExecution[0]
	if diff := cmp.Diff(matching("app", "podinfo"), got.LabelSelector); diff != "" {
		t.Errorf("primary's affinity differs (-want +got):\n%s", diff)
	}
}

func TestPrimaryKeepsEveryLabelOfTheSelector(t *testing.T) {
	labels := map[string]string{"app": "podinfo", "tenant": "a", "name": "podinfo"}
	w := newWorld(t, newTarget(func(dep *appsv1.Deployment) {
		dep.Spec.Selector.MatchLabels = labels
		dep.Spec.Template.Labels = map[string]string{"app": "podinfo", "tenant": "a", "name": "podinfo", "tier": "front"}
	}))
	mustDo(t, w.adapter().EnsurePrimary(t.Context(), newCanary()))
	primary := w.deployment("podinfo-primary")
	want := map[string]string{"app": "podinfo-primary", "tenant": "a", "name": "podinfo"}
	if diff := cmp.Diff(want, primary.Spec.Selector.MatchLabels); diff != "" {
		t.Errorf("selector differs (-want +got):\n%s", diff)
	}
	want = map[string]string{"app": "podinfo-primary", "tenant": "a", "name": "podinfo", "tier": "front"}
	if diff := cmp.Diff(want, primary.Spec.Template.Labels); diff != "" {
		t.Errorf("pod labels differ (-want +got):\n%s", diff)
	}
}
