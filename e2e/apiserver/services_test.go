package apiserver

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/linnet-delivery/linnet/e2e/framework"
	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
)

func service(t *testing.T, namespace, name string) *corev1.Service {
	t.Helper()
	return await(t, &corev1.ServiceList{}, namespace, name, "there", func(*corev1.Service) bool { return true })
}

// The API server's own view of what service.* asks for.
func TestServicesAreWhatTheCanaryAsksFor(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t)
	startLinnet(t, namespace, newPrometheus(t))
	create(t, framework.Podinfo(namespace, "6.0.0", withMorePorts), framework.NewCanary(namespace, askingForServices))
	awaitPhase(t, namespace, flaggerv1.PhaseInitialized)

	ports := []corev1.ServicePort{
		{Name: "http-podinfo", Protocol: corev1.ProtocolTCP, Port: 80, TargetPort: intstr.FromString("http"), AppProtocol: new("http")},
		{Name: "grpc", Protocol: corev1.ProtocolTCP, Port: 9999, TargetPort: intstr.FromInt32(9999)},
		{Name: "tcp-podinfo-2", Protocol: corev1.ProtocolTCP, Port: 9797, TargetPort: intstr.FromInt32(9797)},
	}
	selects := map[string]string{"podinfo": "podinfo-primary", "podinfo-primary": "podinfo-primary", "podinfo-canary": framework.App}
	for name, pods := range selects {
		svc := service(t, namespace, name)
		if diff := cmp.Diff(ports, svc.Spec.Ports); diff != "" {
			t.Errorf("ports of %s (-want +got):\n%s", name, diff)
		}
		if diff := cmp.Diff(map[string]string{"app": pods}, svc.Spec.Selector); diff != "" {
			t.Errorf("selector of %s (-want +got):\n%s", name, diff)
		}
		if d := svc.Spec.TrafficDistribution; d == nil || *d != corev1.ServiceTrafficDistributionPreferClose {
			t.Errorf("traffic distribution of %s is %v", name, d)
		}
		if svc.Labels["app"] != name || svc.Labels["side"] != name || svc.Annotations["note"] != name {
			t.Errorf("%s has labels %v and annotations %v", name, svc.Labels, svc.Annotations)
		}
		if svc.Annotations["kustomize.toolkit.fluxcd.io/reconcile"] != "disabled" || svc.Annotations["helm.toolkit.fluxcd.io/driftDetection"] != "disabled" {
			t.Errorf("%s is not kept from Flux: %v", name, svc.Annotations)
		}
		if owner := metav1.GetControllerOf(svc); owner == nil || owner.Kind != flaggerv1.CanaryKind {
			t.Errorf("%s belongs to %v, want the Canary", name, owner)
		}
	}
}

// withMorePorts adds ports, with and without a name, and a proxy whose ports are nobody's business.
func withMorePorts(d *appsv1.Deployment) {
	containers := &d.Spec.Template.Spec.Containers
	(*containers)[0].Ports = append((*containers)[0].Ports,
		corev1.ContainerPort{Name: "grpc", ContainerPort: 9999}, corev1.ContainerPort{ContainerPort: 9797})
	*containers = append(*containers, corev1.Container{
		Name: "istio-proxy", Image: "proxy", Ports: []corev1.ContainerPort{{Name: "envoy", ContainerPort: 15090}},
	})
}

func askingForServices(c *flaggerv1.Canary) {
	marked := func(name string) *flaggerv1.CustomMetadata {
		return &flaggerv1.CustomMetadata{Labels: map[string]string{"side": name}, Annotations: map[string]string{"note": name}}
	}
	s := &c.Spec.Service
	s.Port, s.PortName, s.TargetPort = 80, "http-podinfo", new(intstr.FromString("http"))
	s.AppProtocol, s.TrafficDistribution, s.PortDiscovery = "http", "PreferClose", true
	s.Apex, s.Primary, s.Canary = marked("podinfo"), marked("podinfo-primary"), marked("podinfo-canary")
}

func TestHeadlessServices(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t)
	startLinnet(t, namespace, newPrometheus(t))
	create(t, framework.Podinfo(namespace, "6.0.0"), framework.NewCanary(namespace, func(c *flaggerv1.Canary) { c.Spec.Service.Headless = true }))
	awaitPhase(t, namespace, flaggerv1.PhaseInitialized)
	for _, name := range []string{"podinfo", "podinfo-primary", "podinfo-canary"} {
		if ip := service(t, namespace, name).Spec.ClusterIP; ip != corev1.ClusterIPNone {
			t.Errorf("%s has the address %q, want none", name, ip)
		}
	}
}

// What others write on a generated Service stays, named in unmanagedMetadata or not, and what the
// Canary asks for comes back.
func TestMetadataOfOthersStaysOnServices(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t)
	l := startLinnet(t, namespace, newPrometheus(t))
	create(t, framework.Podinfo(namespace, "6.0.0"), framework.NewCanary(namespace, askingForServices, func(c *flaggerv1.Canary) {
		c.Spec.Service.UnmanagedMetadata = &flaggerv1.UnmanagedMetadata{Labels: []string{"team"}, Annotations: []string{"example.com/note"}}
	}))
	awaitPhase(t, namespace, flaggerv1.PhaseInitialized)
	l.settle(t, 0)
	update(t, apex(namespace), func(s *corev1.Service) {
		s.Labels["team"], s.Annotations["example.com/note"], s.Annotations["example.com/other"] = "shop", "ours", "ours too"
		s.Labels["side"] = "elsewhere"
	})
	svc := await(t, &corev1.ServiceList{}, namespace, framework.App, "labelled anew", func(s *corev1.Service) bool {
		return s.Labels["side"] == framework.App
	})
	if svc.Labels["team"] != "shop" || svc.Annotations["example.com/note"] != "ours" || svc.Annotations["example.com/other"] != "ours too" {
		t.Errorf("labels %v, annotations %v: what others wrote is gone", svc.Labels, svc.Annotations)
	}
}
