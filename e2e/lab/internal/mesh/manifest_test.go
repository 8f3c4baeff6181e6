package mesh

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/linnet-delivery/linnet/e2e/lab/internal/kube"
	"github.com/linnet-delivery/linnet/e2e/lab/internal/layout"
)

func object(kind, name string) kube.Object {
	return kube.Object{
		"apiVersion": "v1", "kind": kind,
		"metadata": map[string]any{"name": name},
		"spec":     map[string]any{"type": "ClusterIP"},
	}
}

func rendered() []kube.Object {
	return []kube.Object{
		object("CustomResourceDefinition", "gateways.networking.istio.io"),
		object("ServiceAccount", "istiod"),
		object("Deployment", "istio-ingressgateway"),
		object("Deployment", "istiod"),
		object("HorizontalPodAutoscaler", "istio-ingressgateway"),
		object("Service", "istio-ingressgateway"),
		object("Service", "istiod"),
		object("Service", "other"),
	}
}

func TestNewManifestSortsWhatIstioctlRendered(t *testing.T) {
	m, err := NewManifest(rendered())
	if err != nil {
		t.Fatal(err)
	}
	names := func(objects []kube.Object) []string {
		var out []string
		for _, o := range objects {
			out = append(out, o.String())
		}
		return out
	}
	got := map[string][]string{"definitions": names(m.Definitions), "control": names(m.Control), "gateway": names(m.Gateway)}
	want := map[string][]string{
		"definitions": {"CustomResourceDefinition gateways.networking.istio.io"},
		"control":     {"ServiceAccount istiod", "Deployment istiod", "Service istio-ingressgateway", "Service istiod", "Service other"},
		"gateway":     {"Deployment istio-ingressgateway"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("manifest (-want +got):\n%s", diff)
	}
}

func TestNewManifestFixesAddresses(t *testing.T) {
	m, err := NewManifest(rendered())
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]any{}
	for _, o := range m.Control {
		if o.Kind() == "Service" {
			got[o.Name()] = o["spec"].(map[string]any)["clusterIP"]
		}
	}
	want := map[string]any{"istiod": layout.IstiodIP, "istio-ingressgateway": layout.GatewayIP, "other": nil}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("addresses (-want +got):\n%s", diff)
	}
}

func TestNewManifestRefusesHalfAManifest(t *testing.T) {
	for _, missing := range []string{"CustomResourceDefinition gateways.networking.istio.io", "Deployment istiod", "Deployment istio-ingressgateway"} {
		t.Run("without "+missing, func(t *testing.T) {
			var objects []kube.Object
			for _, o := range rendered() {
				if o.String() != missing {
					objects = append(objects, o)
				}
			}
			if _, err := NewManifest(objects); err == nil {
				t.Error("it is accepted")
			}
		})
	}
}

func TestOperatorNamesTheAddressesOfTheLab(t *testing.T) {
	address := layout.IstiodIP + ":15012"
	for _, field := range []string{"discoveryAddress: ", "caAddress: "} {
		if !strings.Contains(string(Operator), field+address) {
			t.Errorf("operator.yaml has no %s%s", field, address)
		}
	}
}

func TestEmbeddedFilesAreYAML(t *testing.T) {
	for name, data := range map[string][]byte{"operator": Operator, "bootstrap": []byte(Bootstrap)} {
		var parsed map[string]any
		if err := yaml.UnmarshalStrict(data, &parsed); err != nil || len(parsed) == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	application, err := CheckApplication()
	if err != nil || len(application) != 4 {
		t.Errorf("check application has %d objects: %v", len(application), err)
	}
}
