// Package mesh knows how Istio is installed in a lab: what istioctl renders, what is changed
// in it, and what a stock Envoy needs to stand in for Istio's own build.
package mesh

import (
	_ "embed"
	"fmt"
	"strings"

	"github.com/linnet-delivery/linnet/e2e/lab/internal/kube"
	"github.com/linnet-delivery/linnet/e2e/lab/internal/layout"
)

// Names of the mesh's objects.
const (
	SystemNamespace = "istio-system"
	// TestNamespace gets sidecars injected and is where tests put their applications.
	TestNamespace   = "test"
	GatewayName     = "istio-ingressgateway"
	IstiodName      = "istiod"
	InjectorWebhook = "istio-sidecar-injector"
	// Gateway is what VirtualServices name as their gateway.
	Gateway = SystemNamespace + "/public-gateway"
)

// Operator is what istioctl renders.
//
//go:embed files/operator.yaml
var Operator []byte

// Bootstrap is merged into every Envoy's bootstrap.
//
//go:embed files/bootstrap.yaml
var Bootstrap string

// Manifest is Istio's installation in the order in which it is applied.
type Manifest struct {
	// Definitions are the custom resource definitions.
	Definitions []kube.Object
	// Control is istiod with everything that it and the gateway need.
	Control []kube.Object
	// Gateway is the gateway's Deployment: its pod is completed by istiod's webhook.
	Gateway []kube.Object
}

// NewManifest sorts what istioctl rendered and fits it to a lab.
func NewManifest(rendered []kube.Object) (Manifest, error) {
	var m Manifest
	for _, object := range rendered {
		switch {
		case object.Kind() == "HorizontalPodAutoscaler": // one replica is all that two cores carry
		case object.Kind() == "CustomResourceDefinition":
			m.Definitions = append(m.Definitions, object)
		case object.Is("Deployment", GatewayName):
			m.Gateway = append(m.Gateway, object)
		default:
			if err := fixAddress(object); err != nil {
				return Manifest{}, err
			}
			m.Control = append(m.Control, object)
		}
	}
	if len(m.Definitions) == 0 || len(m.Gateway) != 1 || !hasDeployment(m.Control, IstiodName) {
		return Manifest{}, fmt.Errorf("sort Istio's manifest: no definitions, no gateway or no istiod among its %d objects", len(rendered))
	}
	return m, nil
}

// fixAddress gives the Services of istiod and of the gateway the addresses that the lab expects them at.
func fixAddress(object kube.Object) error {
	addresses := map[string]string{IstiodName: layout.IstiodIP, GatewayName: layout.GatewayIP}
	address, ok := addresses[object.Name()]
	if object.Kind() != "Service" || !ok {
		return nil
	}
	spec, ok := object["spec"].(map[string]any)
	if !ok {
		return fmt.Errorf("fix address of %s: it has no spec", object)
	}
	spec["clusterIP"] = address
	return nil
}

func hasDeployment(objects []kube.Object, name string) bool {
	for _, object := range objects {
		if object.Is("Deployment", name) {
			return true
		}
	}
	return false
}

// Namespaces returns the namespaces of the mesh and of tests.
func Namespaces() []kube.Object {
	return []kube.Object{
		namespace(SystemNamespace, nil),
		namespace(TestNamespace, map[string]any{"istio-injection": "enabled"}),
	}
}

func namespace(name string, labels map[string]any) kube.Object {
	metadata := map[string]any{"name": name}
	if len(labels) > 0 {
		metadata["labels"] = labels
	}
	return kube.Object{"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}
}

// PublicGateway returns the Gateway that takes requests for every host at port 80.
func PublicGateway() kube.Object {
	_, name, _ := strings.Cut(Gateway, "/")
	return kube.Object{
		"apiVersion": "networking.istio.io/v1",
		"kind":       "Gateway",
		"metadata":   map[string]any{"name": name, "namespace": SystemNamespace},
		"spec": map[string]any{
			"selector": map[string]any{"istio": "ingressgateway"},
			"servers": []any{map[string]any{
				"port":  map[string]any{"number": 80, "name": "http", "protocol": "HTTP"},
				"hosts": []any{"*"},
			}},
		},
	}
}
