package apiserver

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/linnet-delivery/linnet/e2e/framework"
	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
)

// The primary's HorizontalPodAutoscaler is a copy with bounds of its own. It follows the target's at
// the promotion, and is written only when it differs, whatever annotations the target's has.
func TestAnHPAIsClonedForThePrimary(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t)
	l := startLinnet(t, namespace, newPrometheus(t))
	create(t, framework.Podinfo(namespace, "6.0.0"), scaledOnCPU(namespace, 60), framework.NewCanary(namespace, framework.Steps(50), withBounds))
	awaitPhase(t, namespace, flaggerv1.PhaseInitialized)
	checkPrimaryHPA(t, namespace, 60)

	mark := l.mark()
	update(t, scaledOnCPU(namespace, 0), func(h *autoscalingv2.HorizontalPodAutoscaler) { h.Spec.Metrics = onCPU(50) })
	ship(t, namespace, "6.0.1")
	awaitPhase(t, namespace, flaggerv1.PhaseSucceeded)
	l.settle(t, 0)
	checkPrimaryHPA(t, namespace, 50)
	// The new metrics, and at most a raised floor and its end.
	if written := l.written(mark, "horizontalpodautoscalers", "podinfo-primary"); len(written) > 3 {
		t.Errorf("the primary's autoscaler was written %d times in a release:\n%s", len(written), listed(written))
	}
}

func withBounds(c *flaggerv1.Canary) {
	scaledBy("HorizontalPodAutoscaler", "autoscaling/v2")(c)
	c.Spec.AutoscalerRef.PrimaryScalerReplicas = &flaggerv1.ScalerReplicas{MinReplicas: new(int32(3)), MaxReplicas: new(int32(6))}
}

func scaledOnCPU(namespace string, percent int32) *autoscalingv2.HorizontalPodAutoscaler {
	return &autoscalingv2.HorizontalPodAutoscaler{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: namespace, Name: framework.App,
			Annotations: map[string]string{"meta.helm.sh/release-name": "podinfo"},
		},
		Spec: autoscalingv2.HorizontalPodAutoscalerSpec{
			ScaleTargetRef: autoscalingv2.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Name: framework.App},
			MinReplicas:    new(int32(2)), MaxReplicas: 4,
			Metrics: onCPU(percent),
		},
	}
}

func onCPU(percent int32) []autoscalingv2.MetricSpec {
	return []autoscalingv2.MetricSpec{{
		Type: autoscalingv2.ResourceMetricSourceType,
		Resource: &autoscalingv2.ResourceMetricSource{
			Name:   corev1.ResourceCPU,
			Target: autoscalingv2.MetricTarget{Type: autoscalingv2.UtilizationMetricType, AverageUtilization: &percent},
		},
	}}
}

func checkPrimaryHPA(t *testing.T, namespace string, percent int32) {
	t.Helper()
	h := await(t, &autoscalingv2.HorizontalPodAutoscalerList{}, namespace, "podinfo-primary", "at its own minimum", func(h *autoscalingv2.HorizontalPodAutoscaler) bool {
		return *h.Spec.MinReplicas == 3
	})
	want := scaledOnCPU(namespace, percent).Spec
	want.ScaleTargetRef.Name = "podinfo-primary"
	want.MinReplicas, want.MaxReplicas = new(int32(3)), 6
	if diff := cmp.Diff(want, h.Spec); diff != "" {
		t.Errorf("the primary's autoscaler (-want +got):\n%s", diff)
	}
}

// A budget that protects the target's pods protects the primary's in the same way.
func TestABudgetIsClonedForThePrimary(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t)
	startLinnet(t, namespace, newPrometheus(t))
	create(t, framework.Podinfo(namespace, "6.0.0"), budget(namespace), framework.NewCanary(namespace))
	awaitPhase(t, namespace, flaggerv1.PhaseInitialized)
	got := &policyv1.PodDisruptionBudget{}
	if err := cluster.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: "podinfo-primary"}, got); err != nil {
		t.Fatal(err)
	}
	want := budget(namespace).Spec
	want.Selector.MatchLabels["app"] = "podinfo-primary"
	if diff := cmp.Diff(want, got.Spec); diff != "" {
		t.Errorf("the primary's budget (-want +got):\n%s", diff)
	}
	if owner := metav1.GetControllerOf(got); owner == nil || owner.Kind != flaggerv1.CanaryKind {
		t.Errorf("the primary's budget belongs to %v, want the Canary", owner)
	}
}

func budget(namespace string) *policyv1.PodDisruptionBudget {
	return &policyv1.PodDisruptionBudget{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: framework.App},
		Spec: policyv1.PodDisruptionBudgetSpec{
			MinAvailable: new(intstr.FromInt32(1)),
			Selector:     &metav1.LabelSelector{MatchLabels: map[string]string{"app": framework.App}},
		},
	}
}
