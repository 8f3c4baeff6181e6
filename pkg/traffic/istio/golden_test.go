package istio

import (
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	networkingv1 "istio.io/client-go/pkg/apis/networking/v1"
	"sigs.k8s.io/yaml"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/rollout"
	"github.com/linnet-delivery/linnet/pkg/traffic/traffictest"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestVirtualService builds the VirtualService of testdata/NAME.canary.yaml upon
// NAME.existing.yaml, if that is there, and compares it with NAME.golden.yaml.
func TestVirtualService(t *testing.T) {
	tests := map[string]rollout.Traffic{
		"minimal":           {},
		"zero-downtime":     {Canary: 30},
		"every-field":       {Canary: 100},
		"delegation":        {Canary: 10},
		"gateway-discovery": {Canary: 10},
		"mesh-discovery":    {Canary: 10},
		"mirror":            {Mirror: true},
		"mirror-adopted":    {Mirror: true},
		"mirror-ends":       {Canary: 10},
		"adopted":           {Canary: 20},
		"adopted-hosts":     {Canary: 20},
		"adopted-unrelated": {Canary: 20},
		"drifted":           {Canary: 20},
		"matched":           {Matched: true},
		"sticky":            {Canary: 30},
		"sticky-all":        {Canary: 100},
		"expired":           {},
		"tcp":               {Canary: 30},
		"tcp-adopted":       {Canary: 30},
	}
	for name, share := range tests {
		t.Run(name, func(t *testing.T) {
			c, existing := canaryOf(t, name), &networkingv1.VirtualService{}
			if !load(t, name+".existing.yaml", existing) {
				existing = nil
			}
			before := existing.DeepCopy()
			vs, err := virtualService(c, traffictest.Backend(), share, existing)
			if err != nil {
				t.Fatal(err)
			}
			if existing != nil && !sameVirtualService(before, existing) {
				t.Error("the existing object was changed in place")
			}
			compare(t, name, vs)
			if got, known := observed(newHosts(c), &vs.Spec); !known || got != share {
				t.Errorf("the result is observed as %+v, %v, want %+v", got, known, share)
			}
			again, err := virtualService(c, traffictest.Backend(), share, vs)
			if err != nil || !sameVirtualService(vs, again) {
				t.Errorf("building upon the result changes it: %v, %v", again, err)
			}
		})
	}
}

func TestDestinationRule(t *testing.T) {
	c, existing := canaryOf(t, "policy"), &networkingv1.DestinationRule{}
	load(t, "policy.existing.yaml", existing)
	dr, err := destinationRule(c, c.PrimaryServiceName(), existing)
	if err != nil {
		t.Fatal(err)
	}
	compare(t, "policy", dr)
}

func canaryOf(t *testing.T, name string) *flaggerv1.Canary {
	t.Helper()
	c := &flaggerv1.Canary{}
	if !load(t, name+".canary.yaml", c) {
		t.Fatalf("testdata/%s.canary.yaml is missing", name)
	}
	return c
}

// load decodes a file of testdata and reports whether it is there.
func load(t *testing.T, file string, into any) bool {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", file))
	if errors.Is(err, fs.ErrNotExist) {
		return false
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.UnmarshalStrict(raw, into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return true
}

func compare(t *testing.T, name string, obj any) {
	t.Helper()
	got, err := yaml.Marshal(obj)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join("testdata", name+".golden.yaml")
	if *update {
		if err := os.WriteFile(file, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}
