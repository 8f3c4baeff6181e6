package metrics

import (
	"context"
	"regexp"
	"strings"
	"testing"

	"github.com/linnet-delivery/linnet/pkg/analysis"
	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
)

func TestThePodsOfATarget(t *testing.T) {
	tests := map[string]struct {
		kind, target, pod string
		want              bool
	}{
		"a Deployment's": {"Deployment", "podinfo", "podinfo-5d89cfb6bf-x7k2p", true},
		"its primary's":  {"Deployment", "podinfo", "podinfo-primary-5d89cfb6bf-x7k2p", false},
		"another Deployment's that begins the same": {"Deployment", "podinfo", "podinfo-web-5d89cfb6bf-x7k2p", false},
		"a StatefulSet's that begins the same":      {"Deployment", "podinfo", "podinfo-web-0", false},
		"another one's that ends the same":          {"Deployment", "podinfo", "my-podinfo-5d89cfb6bf-x7k2p", false},
		"a dot is no joker":                         {"Deployment", "pod.info", "podxinfo-5d89cfb6bf-x7k2p", false},
		"a dot is a dot":                            {"Deployment", "pod.info", "pod.info-5d89cfb6bf-x7k2p", true},
		"a DaemonSet's":                             {"DaemonSet", "podinfo", "podinfo-x7k2p", true},
		"a DaemonSet's primary's":                   {"DaemonSet", "podinfo", "podinfo-primary-x7k2p", false},
		"a DaemonSet whose name ends in a suffix":   {"DaemonSet", "podinfo", "podinfo-web-x7k2p", false},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			c := canary()
			c.Spec.TargetRef.Kind, c.Spec.TargetRef.Name = tc.kind, tc.target
			_, expr, _ := strings.Cut(ofPods(c), `kubernetes_pod_name=~"`)
			expr = strings.ReplaceAll(strings.TrimSuffix(expr, `"`), `\\`, `\`)
			// Prometheus anchors what it matches.
			if got := regexp.MustCompile("^(?:" + expr + ")$").MatchString(tc.pod); got != tc.want {
				t.Errorf("%s matches %s: %t, want %t", expr, tc.pod, got, tc.want)
			}
		})
	}
}

func TestTheCanarysOwnMetricsAreJudged(t *testing.T) {
	tests := map[string]struct {
		metric         flaggerv1.CanaryMetric
		answer, unseen string
		want           analysis.Outcome
		wantText       string
	}{
		"a good rate":                 {successRate(atLeast(99)), vector("99.5"), vector(), analysis.Pass, "99.5 %"},
		"a bad rate":                  {successRate(atLeast(99)), vector("50"), vector(), analysis.Fail, "request-success-rate is 50 %, below the minimum of 99 %"},
		"no requests":                 {successRate(atLeast(99)), vector(), vector(), analysis.NoData, "request-success-rate has no data"},
		"requests that are too fresh": {successRate(atLeast(99)), vector(), vector("2"), analysis.Error, "Prometheus has fewer than two samples of the last 1m"},
		"seconds become milliseconds": {duration(atMost(500)), vector("0.4321"), vector(), analysis.Pass, "432 ms"},
		"a slow canary":               {duration(atMost(500)), vector("0.75"), vector(), analysis.Fail, "request-duration is 750 ms, above the maximum of 500 ms"},
		"no durations":                {duration(atMost(500)), vector("NaN"), vector(), analysis.NoData, "request-duration has no value (NaN)"},
		"durations that are fresh":    {duration(atMost(500)), vector(), vector("2"), analysis.Error, "Prometheus has fewer than two samples of the last 1m"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			p := newPrometheus(t, answeringQueries(map[string]string{"count(": tc.unseen}, tc.answer))
			c := canary(tc.metric)
			c.Spec.Provider, c.Status.CanaryWeight = "kubernetes", 50
			expect(t, analyst(t, p.URL).Analyse(context.Background(), c).Checks, tc.want, tc.wantText)
			for _, r := range p.asked() {
				if strings.Contains(r.FormValue("query"), "istio") {
					t.Errorf("asked the mesh: %s", r.FormValue("query"))
				}
			}
		})
	}
}
