package admission

import (
	"fmt"
	"slices"
	"testing"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
)

// Scripts read the output of kubectl get: the columns are part of the contract.
func TestColumns(t *testing.T) {
	want := map[string][]string{
		"Canary": {
			"Status string 0 .status.phase",
			"Weight string 0 .status.canaryWeight",
			"Suspended boolean 1 .spec.suspend",
			"FailedChecks string 1 .status.failedChecks",
			"Interval string 1 .spec.analysis.interval",
			"Mirror boolean 1 .spec.analysis.mirror",
			"StepWeight string 1 .spec.analysis.stepWeight",
			"StepWeights string 1 .spec.analysis.stepWeights",
			"MaxWeight string 1 .spec.analysis.maxWeight",
			"LastTransitionTime string 0 .status.lastTransitionTime",
		},
		"MetricTemplate": {"Provider string 0 .spec.provider.type"},
		"AlertProvider":  {"Type string 0 .spec.type"},
	}
	for name, kind := range kinds(t) {
		var got []string
		for _, c := range kind.crd.Spec.AdditionalPrinterColumns {
			got = append(got, fmt.Sprintf("%s %s %d %s", c.Name, c.Type, c.Priority, c.JSONPath))
		}
		if !slices.Equal(got, want[name]) {
			t.Errorf("columns of %s = %q, want %q", name, got, want[name])
		}
	}
}

func TestNamesAndScope(t *testing.T) {
	plurals := map[string]string{"Canary": "canaries", "MetricTemplate": "metrictemplates", "AlertProvider": "alertproviders"}
	known := kinds(t)
	if len(known) != len(plurals) {
		t.Errorf("%d kinds, want %d", len(known), len(plurals))
	}
	for name, kind := range known {
		spec := kind.crd.Spec
		switch {
		case spec.Group != "flagger.app" || spec.Names.Plural != plurals[name]:
			t.Errorf("%s is %s.%s", name, spec.Names.Plural, spec.Group)
		case !slices.Equal(spec.Names.Categories, []string{"all"}) || len(spec.Names.ShortNames) > 0:
			t.Errorf("%s has categories %v and short names %v, want all and none", name, spec.Names.Categories, spec.Names.ShortNames)
		case spec.Scope != apiextensions.NamespaceScoped:
			t.Errorf("%s has scope %s", name, spec.Scope)
		case len(spec.Versions) != 1 || spec.Versions[0].Name != "v1beta1":
			t.Errorf("%s has versions %v, want v1beta1 alone", name, spec.Versions)
		case spec.Subresources == nil || spec.Subresources.Status == nil:
			t.Errorf("%s has no status subresource", name)
		case kind.crd.Annotations["helm.sh/resource-policy"] != "keep":
			t.Errorf("%s would go, and all objects with it, when a Helm release is removed", name)
		}
	}
}

// Any other default would change stored objects.
func TestDefaults(t *testing.T) {
	want := []string{
		"Canary.spec.analysis.sessionAffinity.maxAge=86400",
		"Canary.spec.service.gatewayRefs.group=gateway.networking.k8s.io",
		"Canary.spec.service.gatewayRefs.kind=Gateway",
		"Canary.spec.service.mirror.backendRef.group=",
		"Canary.spec.service.mirror.backendRef.kind=Service",
	}
	var got []string
	for name, kind := range kinds(t) {
		got = append(got, defaults(name, kind.schema)...)
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("defaults = %q, want %q", got, want)
	}
}

func defaults(path string, s *structuralschema.Structural) []string {
	var found []string
	if value := s.Default.Object; value != nil {
		found = append(found, fmt.Sprintf("%s=%v", path, value))
	}
	for name, property := range s.Properties {
		found = append(found, defaults(path+"."+name, &property)...)
	}
	if s.Items != nil {
		found = append(found, defaults(path, s.Items)...)
	}
	if s.AdditionalProperties != nil && s.AdditionalProperties.Structural != nil {
		found = append(found, defaults(path, s.AdditionalProperties.Structural)...)
	}
	return found
}
