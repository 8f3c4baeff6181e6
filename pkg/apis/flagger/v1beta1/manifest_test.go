package v1beta1_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
)

func TestGoodManifestsLoseNothing(t *testing.T) {
	scheme := newScheme(t)
	for _, doc := range documents(t, "testdata/good/*.yaml") {
		t.Run(doc.name, func(t *testing.T) {
			obj, err := scheme.New(flaggerv1.GroupVersion.WithKind(kindOf(t, doc.content)))
			if err != nil {
				t.Fatal(err)
			}
			decodeStrict(t, doc.content, obj)
			again, err := json.Marshal(obj)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(withoutZeros(generic(t, doc.content)), withoutZeros(generic(t, again))); diff != "" {
				t.Errorf("manifest before and after (-want +got):\n%s", diff)
			}
		})
	}
}

func TestZeroDowntimeManifestIsRead(t *testing.T) {
	got := readCanary(t, "testdata/good/zero-downtime.yaml")
	want := flaggerv1.CanaryService{
		Port:     9898,
		Gateways: []string{"istio-system/public-gateway", "mesh"},
		Hosts:    []string{"app.example.com"},
		Retries: &flaggerv1.HTTPRetry{
			Attempts:      10,
			PerTryTimeout: "5s",
			RetryOn:       "gateway-error,connect-failure,refused-stream",
		},
	}
	if diff := cmp.Diff(want, got.Spec.Service); diff != "" {
		t.Errorf("spec.service (-want +got):\n%s", diff)
	}
	if a := got.Spec.Analysis; a.Interval != "1m" || a.Threshold != 5 || a.StepWeight != 10 || a.MaxWeight != 50 {
		t.Errorf("spec.analysis = %+v", a)
	}
}

// A controller that takes over reads what the other one wrote: conditions with a
// field of their own, and iterations below zero.
func TestStatusOfFlaggerIsRead(t *testing.T) {
	const written = `
phase: WaitingPromotion
canaryWeight: 0
failedChecks: 1
iterations: -1
lastAppliedSpec: "5978589476"
lastPromotedSpec: 7d4b8f9d6c
trackedConfigs:
  configmap/podinfo: 1a2b3c4d5e6f7081
lastTransitionTime: "2026-01-02T03:04:05Z"
conditions:
- type: Promoted
  status: Unknown
  reason: WaitingPromotion
  message: Waiting for approval
  lastTransitionTime: "2026-01-02T03:04:05Z"
  lastUpdateTime: "2026-01-02T03:04:05Z"
`
	var got flaggerv1.CanaryStatus
	if err := yaml.Unmarshal([]byte(written), &got); err != nil {
		t.Fatal(err)
	}
	if got.Phase != flaggerv1.PhaseWaitingPromotion || got.Iterations != -1 || got.LastAppliedSpec != "5978589476" {
		t.Errorf("status = %+v", got)
	}
	if len(got.Conditions) != 1 || got.Conditions[0].Type != flaggerv1.ConditionPromoted {
		t.Errorf("conditions = %+v", got.Conditions)
	}
}

// The Weight column shows 0, and not nothing, when the canary has no traffic;
// times that are not set are left out, for a null would be refused.
func TestStatusShowsZerosButNoNulls(t *testing.T) {
	got, err := json.Marshal(flaggerv1.CanaryStatus{Phase: flaggerv1.PhaseInitialized})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"phase":"Initialized","failedChecks":0,"canaryWeight":0,"iterations":0}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("status (-want +got):\n%s", diff)
	}
}

type document struct {
	name    string
	content []byte
}

func documents(t *testing.T, pattern string) []document {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		t.Fatalf("find %s: %v, %v", pattern, paths, err)
	}
	var docs []document
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for doc := range bytes.SplitSeq(content, []byte("\n---\n")) {
			docs = append(docs, document{filepath.Base(path), doc})
		}
	}
	return docs
}

func newScheme(t *testing.T) *runtime.Scheme {
	t.Helper()
	scheme := runtime.NewScheme()
	if err := flaggerv1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	return scheme
}

func readCanary(t *testing.T, path string) *flaggerv1.Canary {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	c := &flaggerv1.Canary{}
	decodeStrict(t, content, c)
	return c
}

func decodeStrict(t *testing.T, doc []byte, obj any) {
	t.Helper()
	if err := yaml.UnmarshalStrict(doc, obj); err != nil {
		t.Fatal(err)
	}
}

func kindOf(t *testing.T, doc []byte) string {
	t.Helper()
	kind, ok := generic(t, doc).(map[string]any)["kind"].(string)
	if !ok {
		t.Fatalf("no kind in %s", doc)
	}
	return kind
}

func generic(t *testing.T, doc []byte) any {
	t.Helper()
	var v any
	if err := yaml.Unmarshal(doc, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// withoutZeros removes false, 0, "" and what is empty: saying so and saying
// nothing are the same in this API.
func withoutZeros(v any) any {
	switch v := v.(type) {
	case map[string]any:
		kept := map[string]any{}
		for key, value := range v {
			if value = withoutZeros(value); value != nil {
				kept[key] = value
			}
		}
		if len(kept) == 0 {
			return nil
		}
		return kept
	case []any:
		if len(v) == 0 {
			return nil
		}
		kept := make([]any, len(v))
		for i := range v {
			kept[i] = withoutZeros(v[i])
		}
		return kept
	}
	if v == nil || reflect.ValueOf(v).IsZero() {
		return nil
	}
	return v
}
