package traffictest

import (
	"encoding/json"
	"maps"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
)

// plain returns objects as they stand in a manifest, without what counts writes.
func plain(t testing.TB, objects []client.Object) []map[string]any {
	t.Helper()
	out := make([]map[string]any, 0, len(objects))
	for _, obj := range objects {
		obj.SetResourceVersion("")
		obj.SetGeneration(0)
		raw, err := json.Marshal(obj)
		if err != nil {
			t.Fatal(err)
		}
		manifest := map[string]any{}
		if err := json.Unmarshal(raw, &manifest); err != nil {
			t.Fatal(err)
		}
		out = append(out, manifest)
	}
	return out
}

// staleOwner returns the owner that an earlier Canary of the same name left.
func staleOwner(c *flaggerv1.Canary) []metav1.OwnerReference {
	ref := *metav1.NewControllerRef(c, flaggerv1.GroupVersion.WithKind(flaggerv1.CanaryKind))
	ref.UID = "99999999-aaaa-4bbb-8ccc-999999999999"
	return []metav1.OwnerReference{ref}
}

// with returns a copy of m in which key has value.
func with(m map[string]string, key, value string) map[string]string {
	sum := map[string]string{key: value}
	maps.Copy(sum, m)
	return sum
}
