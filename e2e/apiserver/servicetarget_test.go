package apiserver

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/linnet-delivery/linnet/e2e/framework"
	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
)

// A Service is released by giving its spec first to its canary copy and then to its primary copy.
func TestAServiceIsPromoted(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t)
	startLinnet(t, namespace, newPrometheus(t))
	create(t, framework.OwnService(namespace), answering(namespace, "shop-primary"), answering(namespace, "shop-canary"))
	create(t, framework.NewCanary(namespace, framework.Steps(50), func(c *flaggerv1.Canary) {
		c.Spec.TargetRef = flaggerv1.TargetReference{APIVersion: "v1", Kind: "Service", Name: framework.App}
		c.Spec.Service.Name = "shop"
	}))
	awaitPhase(t, namespace, flaggerv1.PhaseInitialized)
	awaitSelector(t, namespace, "shop-primary", framework.App)

	update(t, apex(namespace), func(s *corev1.Service) { s.Spec.Selector = map[string]string{"app": "podinfo-next"} })
	awaitPhase(t, namespace, flaggerv1.PhaseProgressing)
	awaitSelector(t, namespace, "shop-canary", "podinfo-next")
	awaitPhase(t, namespace, flaggerv1.PhaseSucceeded)
	awaitSelector(t, namespace, "shop-primary", "podinfo-next")
}

// answering returns what the EndpointSlice controller would write of a Service behind which a pod is ready.
func answering(namespace, service string) *discoveryv1.EndpointSlice {
	return &discoveryv1.EndpointSlice{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: namespace, Name: service, Labels: map[string]string{discoveryv1.LabelServiceName: service},
		},
		AddressType: discoveryv1.AddressTypeIPv4,
		Endpoints:   []discoveryv1.Endpoint{{Addresses: []string{"10.1.2.3"}, Conditions: discoveryv1.EndpointConditions{Ready: new(true)}}},
	}
}

func awaitSelector(t *testing.T, namespace, name, app string) {
	t.Helper()
	await(t, &corev1.ServiceList{}, namespace, name, "selecting "+app, func(s *corev1.Service) bool { return s.Spec.Selector["app"] == app })
}
