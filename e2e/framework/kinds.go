package framework

import (
	"context"
	"fmt"
	"hash/fnv"
	"net"
	"strconv"

	istioapi "istio.io/api/networking/v1"
	istiov1 "istio.io/client-go/pkg/apis/networking/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// TCPGatewayPort returns a port of the gateway for connections, the same for the same name: two
// applications cannot share one.
func TCPGatewayPort(name string) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(name))
	return 31000 + h.Sum32()%1000
}

// TCPGateway returns a Gateway by which the ingress gateway passes connections of a port on as they are.
func TCPGateway(namespace string, port uint32) *istiov1.Gateway {
	g := &istiov1.Gateway{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "tcp"}}
	g.Spec.Selector = map[string]string{"istio": "ingressgateway"}
	g.Spec.Servers = []*istioapi.Server{{
		Port: &istioapi.Port{Number: port, Protocol: "TCP", Name: "tcp"}, Hosts: []string{"*"},
	}}
	return g
}

// GatewayPodAddress returns host:port of the ingress gateway's pod itself, for ports that its Service has not.
func (c *Cluster) GatewayPodAddress(ctx context.Context, port uint32) (string, error) {
	pods := &corev1.PodList{}
	if err := c.List(ctx, pods, client.InNamespace(SystemNamespace), client.MatchingLabels{"istio": "ingressgateway"}); err != nil {
		return "", fmt.Errorf("list the pods of the gateway: %w", err)
	}
	for i := range pods.Items {
		if ip := pods.Items[i].Status.PodIP; ip != "" {
			return net.JoinHostPort(ip, fmt.Sprint(port)), nil
		}
	}
	return "", fmt.Errorf("the gateway has no pod with an address")
}

// ServiceAddress returns host:port of the application's apex Service.
func (c *Cluster) ServiceAddress(ctx context.Context, namespace string) (string, error) {
	svc := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: App}}
	if err := c.Read(ctx, svc); err != nil {
		return "", err
	}
	return net.JoinHostPort(svc.Spec.ClusterIP, strconv.Itoa(port)), nil
}

// Read fetches into o the object that is called like it.
func (c *Cluster) Read(ctx context.Context, o client.Object) error {
	if err := c.Get(ctx, client.ObjectKeyFromObject(o), o); err != nil {
		return fmt.Errorf("read %T %s: %w", o, client.ObjectKeyFromObject(o), err)
	}
	return nil
}

// PodinfoDaemonSet returns a DaemonSet of the application. It stops serving the moment it is told to.
func PodinfoDaemonSet(namespace, version string) *appsv1.DaemonSet {
	d := Podinfo(namespace, version, WithoutGrace)
	return &appsv1.DaemonSet{
		ObjectMeta: d.ObjectMeta,
		Spec:       appsv1.DaemonSetSpec{Selector: d.Spec.Selector, Template: d.Spec.Template},
	}
}

// ShipDaemonSet gives the application a new version, when it is a DaemonSet.
func (c *Cluster) ShipDaemonSet(ctx context.Context, namespace, version string) error {
	return c.shipTo(ctx, &appsv1.DaemonSet{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: App}}, version)
}

// WithoutSidecar keeps the application's pods out of the mesh.
func WithoutSidecar(d *appsv1.Deployment) {
	d.Spec.Template.Labels["sidecar.istio.io/inject"] = "false"
}
