package workload

import (
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/kube"
)

// primaryTriggers returns the triggers of a ScaledObject with queries about the primary: the ones
// that the Canary gives by name, and the target's own with another name in them.
func primaryTriggers(c *flaggerv1.Canary, triggers []any) []any {
	for _, trigger := range triggers {
		object, ok := trigger.(map[string]any)
		if !ok {
			continue
		}
		query, ok, _ := unstructured.NestedString(object, "metadata", "query")
		if !ok {
			continue
		}
		name, _, _ := unstructured.NestedString(object, "name")
		own, given := c.Spec.AutoscalerRef.PrimaryScalerQueries[name]
		if !given || name == "" {
			own = primaryQuery(query, c.Spec.TargetRef.Name)
		}
		_ = unstructured.SetNestedField(object, own, "metadata", "query") // it was read there
	}
	return triggers
}

// primaryQuery returns the query with the target's name, and that of its canary Service, replaced by
// the primary's. Only whole names count: not the beginning of another application's, and not the
// primary's own. In a pattern for the names of pods, such as podinfo-[0-9a-z]+, the name is whole.
func primaryQuery(query, target string) string {
	var out strings.Builder
	for at := 0; at < len(query); {
		i := strings.Index(query[at:], target)
		if i < 0 {
			out.WriteString(query[at:])
			break
		}
		start, end := at+i, at+i+len(target)
		if startsName(query[:start]) && strings.HasPrefix(query[start:], kube.CanaryName(target)) && endsName(query[start+len(kube.CanaryName(target)):]) {
			end = start + len(kube.CanaryName(target))
		}
		out.WriteString(query[at:start])
		if startsName(query[:start]) && endsName(query[end:]) {
			out.WriteString(kube.PrimaryName(target))
		} else {
			out.WriteString(query[start:end])
		}
		at = end
	}
	return out.String()
}

// startsName reports whether a name may begin after before.
func startsName(before string) bool {
	return before == "" || before[len(before)-1] != '-' && !inWord(before[len(before)-1])
}

// endsName reports whether a name may be at its end before after: a dash goes on with it only when a
// word follows.
func endsName(after string) bool {
	after, dashed := strings.CutPrefix(after, "-")
	return after == "" || !inWord(after[0]) && !(dashed && after[0] == '-')
}

func inWord(b byte) bool {
	return b == '_' || b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z'
}
