// Package causes says why requests were lost, in the gateway's own terms.
//
// It reads them out of a header that the route adds to each answer, see [Trace].
package causes

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/linnet-delivery/linnet/e2e/framework"
)

// Trace is the value of [framework.ClusterHeader] that [Of] understands: where the gateway sent the
// request, its flags and its details about the answer.
const Trace = "%UPSTREAM_CLUSTER% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS%"

// Of lists why requests were lost, the most frequent reason first. It is a dash when none was.
func Of(lost []framework.Sample) string {
	counts := map[string]int{}
	for _, s := range lost {
		counts[cause(s)]++
	}
	order := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
	var parts []string
	for _, c := range order {
		parts = append(parts, fmt.Sprintf("%d × %s", counts[c], c))
	}
	return cmp.Or(strings.Join(parts, ", "), "–")
}

// flags are the gateway's words for what went wrong, as far as an update brings them about.
var flags = map[string]string{
	"UF":  "no connection to the pod",
	"UC":  "the pod closed the connection",
	"UR":  "the pod reset the stream",
	"UH":  "no ready pod",
	"UO":  "too many connections or requests",
	"UT":  "no answer in time",
	"URX": "tries used up",
	"NR":  "no route",
	"NC":  "no such Service at the gateway",
	"DC":  "the caller left",
}

// cause says in a few words why a request failed: by the gateway's flags, or by what came instead of an answer.
func cause(s framework.Sample) string {
	if s.Fault != "" {
		return "no answer: " + s.Fault
	}
	fields := strings.Fields(s.Cluster)
	if len(fields) < 3 {
		return fmt.Sprintf("%d without a trace", s.Code)
	}
	if fields[2] == "via_upstream" {
		return fmt.Sprintf("%d from the pod or its proxy", s.Code)
	}
	var words []string
	for flag := range strings.SplitSeq(fields[1], ",") {
		words = append(words, cmp.Or(flags[flag], flag))
	}
	return fmt.Sprintf("%d %s (%s)", s.Code, fields[1], strings.Join(words, ", "))
}
