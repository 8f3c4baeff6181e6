package framework

import (
	istioapi "istio.io/api/networking/v1"
	istiov1 "istio.io/client-go/pkg/apis/networking/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// OwnService returns the Service of a user who runs the application without a Canary.
func OwnService(namespace string) *corev1.Service {
	return &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: App},
		Spec: corev1.ServiceSpec{
			Selector: map[string]string{"app": App},
			Ports:    []corev1.ServicePort{{Name: "http", Port: port, TargetPort: intstr.FromString("http")}},
		},
	}
}

// OwnRoute returns the VirtualService of such a user: all traffic of the gateway goes to the Service.
func OwnRoute(namespace string) *istiov1.VirtualService {
	vs := &istiov1.VirtualService{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: App}}
	vs.Spec.Hosts = []string{Host(namespace)}
	vs.Spec.Gateways = []string{SystemNamespace + "/public-gateway"}
	vs.Spec.Http = []*istioapi.HTTPRoute{{
		Route: []*istioapi.HTTPRouteDestination{{Destination: &istioapi.Destination{Host: App}}},
	}}
	return vs
}

// RootRoute returns the VirtualService of a user who leaves the application's routes to another one.
func RootRoute(namespace string) *istiov1.VirtualService {
	vs := OwnRoute(namespace)
	vs.Name = App + "-root"
	vs.Spec.Http = []*istioapi.HTTPRoute{{Delegate: &istioapi.Delegate{Name: App, Namespace: namespace}}}
	return vs
}
