package v1beta1_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
)

func TestNamesOfGeneratedObjects(t *testing.T) {
	type names struct{ Primary, Apex, PrimaryService, CanaryService string }
	tests := map[string]struct {
		service string
		want    names
	}{
		"services are called like the target": {
			want: names{"podinfo-primary", "podinfo", "podinfo-primary", "podinfo-canary"},
		},
		"services have a name of their own": {
			service: "web",
			want:    names{"podinfo-primary", "web", "web-primary", "web-canary"},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			c := &flaggerv1.Canary{}
			c.Spec.TargetRef.Name = "podinfo"
			c.Spec.Service.Name = tc.service
			got := names{c.PrimaryName(), c.ApexServiceName(), c.PrimaryServiceName(), c.CanaryServiceName()}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("names (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNamespaceOfReference(t *testing.T) {
	tests := map[string]struct{ namespace, want string }{
		"none means the Canary's own": {"", "test"},
		"its own is kept":             {"monitoring", "monitoring"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			r := flaggerv1.CrossNamespaceReference{Name: "errors", Namespace: tc.namespace}
			if got := r.NamespaceOr("test"); got != tc.want {
				t.Errorf("NamespaceOr() = %q, want %q", got, tc.want)
			}
		})
	}
}

func TestSchemeKnowsAllKinds(t *testing.T) {
	scheme := newScheme(t)
	for _, kind := range []string{flaggerv1.CanaryKind, flaggerv1.MetricTemplateKind, flaggerv1.AlertProviderKind} {
		for _, k := range []string{kind, kind + "List"} {
			if gvk := flaggerv1.GroupVersion.WithKind(k); !scheme.Recognizes(gvk) {
				t.Errorf("scheme does not know %s", gvk)
			}
		}
	}
}
