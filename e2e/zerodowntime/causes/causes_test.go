package causes

import (
	"testing"

	"github.com/linnet-delivery/linnet/e2e/framework"
)

func TestCausesAreCounted(t *testing.T) {
	sample := func(code int, trace string) framework.Sample { return framework.Sample{Code: code, Cluster: trace} }
	const cluster = "outbound|9898||podinfo.test.svc.cluster.local"
	for about, tc := range map[string]struct {
		lost []framework.Sample
		want string
	}{
		"none": {nil, "–"},
		"the most frequent comes first": {
			[]framework.Sample{
				{Fault: "closed"},
				sample(503, cluster+" UC upstream_reset_before_response_started{connection_termination}"),
				sample(503, cluster+" UC upstream_reset_before_response_started{connection_termination}"),
			},
			"2 × 503 UC (the pod closed the connection), 1 × no answer: closed",
		},
		"flags together": {
			[]framework.Sample{sample(503, cluster+" UF,URX upstream_reset_before_response_started{remote_connection_failure}")},
			"1 × 503 UF,URX (no connection to the pod, tries used up)",
		},
		"the pod's own answer":  {[]framework.Sample{sample(503, cluster+" - via_upstream")}, "1 × 503 from the pod or its proxy"},
		"an answer of nobody's": {[]framework.Sample{sample(404, "")}, "1 × 404 without a trace"},
	} {
		t.Run(about, func(t *testing.T) {
			if got := Of(tc.lost); got != tc.want {
				t.Errorf("Of = %q, want %q", got, tc.want)
			}
		})
	}
}
