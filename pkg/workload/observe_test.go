package workload

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/kube"
	"github.com/linnet-delivery/linnet/pkg/rollout"
)

func TestObserveBeforeThereIsAPrimary(t *testing.T) {
	got, err := newWorld(t, newTarget(counts(2, 2, 2))).adapter().Observe(t.Context(), newCanary())
	mustDo(t, err)
	want := kube.Workloads{
		Revision:       revisionOf(t),
		TrackedConfigs: map[string]string{},
		Canary:         rollout.Health{State: rollout.Ready, Reason: "2 of 2 pods ready", Desired: 2, Serving: 2},
		Primary:        rollout.Health{State: rollout.Unknown, Reason: "Deployment podinfo-primary does not exist yet"},
		CanaryReplicas: 2,
		Backend:        kube.Backend{LabelKey: "app", LabelValue: "podinfo"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Observe() differs (-want +got):\n%s", diff)
	}
}

func TestTheFirstSelectorLabelTellsTheSidesApart(t *testing.T) {
	tests := map[string]struct {
		labels    []string
		key, want string
	}{
		"by default app comes first":    {key: "app", want: "a"},
		"the order of the options wins": {labels: []string{"tier", "name", "app"}, key: "name", want: "n"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, newTarget(func(dep *appsv1.Deployment) {
				dep.Spec.Selector.MatchLabels = map[string]string{"name": "n", "app": "a", "app.kubernetes.io/name": "k"}
			}))
			got, err := w.adapter(func(o *Options) { o.SelectorLabels = tc.labels }).Observe(t.Context(), newCanary())
			mustDo(t, err)
			if got.Backend.LabelKey != tc.key || got.Backend.LabelValue != tc.want {
				t.Errorf("Observe() tells the sides apart by %s=%s, want %s=%s", got.Backend.LabelKey, got.Backend.LabelValue, tc.key, tc.want)
			}
		})
	}
}

func TestDiscoveredPorts(t *testing.T) {
	tests := map[string]struct {
		service flaggerv1.CanaryService
		want    []string
	}{
		"are not asked for":                {flaggerv1.CanaryService{Port: 9898}, nil},
		"leave out the Service's port":     {flaggerv1.CanaryService{Port: 9898, PortDiscovery: true}, []string{"grpc", "tcp-podinfod-2"}},
		"leave out the target port":        {flaggerv1.CanaryService{Port: 80, PortDiscovery: true, TargetPort: new(intstr.FromInt32(9999))}, []string{"http", "tcp-podinfod-2"}},
		"leave out the target port's name": {flaggerv1.CanaryService{Port: 80, PortDiscovery: true, TargetPort: new(intstr.FromString("grpc"))}, []string{"http", "tcp-podinfod-2"}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, newTarget(podSpec(func(s *corev1.PodSpec) {
				s.Containers[0].Ports = []corev1.ContainerPort{{Name: "http", ContainerPort: 9898}, {Name: "grpc", ContainerPort: 9999}, {ContainerPort: 9797}}
				s.Containers = append(s.Containers, corev1.Container{Name: "istio-proxy", Ports: []corev1.ContainerPort{{Name: "admin", ContainerPort: 15000}}})
			})))
			got, err := w.adapter().Observe(t.Context(), newCanary(func(c *flaggerv1.Canary) { c.Spec.Service = tc.service }))
			mustDo(t, err)
			var names []string
			for _, port := range got.Backend.DiscoveredPorts {
				names = append(names, port.Name)
			}
			if diff := cmp.Diff(tc.want, names); diff != "" {
				t.Errorf("ports differ (-want +got):\n%s", diff)
			}
		})
	}
}
