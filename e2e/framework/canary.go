package framework

import (
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
)

// Host returns the name by which the application of a namespace is called through the gateway.
func Host(namespace string) string { return namespace + ".example.com" }

// NewCanary returns the Canary of the application in a namespace. Its plan is 10 % and
// 50 %, an analysis every 10 s, two failed ones end the release; edits change that.
//
// The route is that of the zero-downtime guide: on the public gateway, with retries of
// what can be retried. Besides, every answer says in two headers where it came from.
func NewCanary(namespace string, edits ...func(*flaggerv1.Canary)) *flaggerv1.Canary {
	c := &flaggerv1.Canary{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: App},
		Spec: flaggerv1.CanarySpec{
			Provider:  "istio",
			TargetRef: flaggerv1.TargetReference{APIVersion: "apps/v1", Kind: "Deployment", Name: App},
			Service: flaggerv1.CanaryService{
				Port:     port,
				Gateways: []string{SystemNamespace + "/public-gateway"},
				Hosts:    []string{Host(namespace)},
				Retries: &flaggerv1.HTTPRetry{
					Attempts: 10, PerTryTimeout: "5s", RetryOn: "gateway-error,connect-failure,refused-stream",
				},
				Headers: &flaggerv1.Headers{Response: &flaggerv1.HeaderOperations{Set: map[string]string{
					ClusterHeader: "%UPSTREAM_CLUSTER%",
					PeerHeader:    "%UPSTREAM_REMOTE_ADDRESS%",
				}}},
			},
			Analysis: flaggerv1.CanaryAnalysis{
				Interval:    "10s",
				Threshold:   2,
				StepWeights: []int{10, 50},
				Metrics:     []flaggerv1.CanaryMetric{SuccessRate(99, "10s"), Duration(500, "10s")},
			},
		},
	}
	for _, edit := range edits {
		edit(c)
	}
	return c
}

// SuccessRate returns the built-in check that at least min percent of the requests of a window succeed.
func SuccessRate(minimum float64, window string) flaggerv1.CanaryMetric {
	return flaggerv1.CanaryMetric{
		Name: flaggerv1.MetricRequestSuccessRate, Interval: window, ThresholdRange: &flaggerv1.ThresholdRange{Min: &minimum},
	}
}

// Duration returns the built-in check that 99 of 100 requests of a window take at most maximum milliseconds.
func Duration(maximum float64, window string) flaggerv1.CanaryMetric {
	return flaggerv1.CanaryMetric{
		Name: flaggerv1.MetricRequestDuration, Interval: window, ThresholdRange: &flaggerv1.ThresholdRange{Max: &maximum},
	}
}

// Steps sets the canary's share at each step, in percent.
func Steps(weights ...int) func(*flaggerv1.Canary) {
	return func(c *flaggerv1.Canary) { c.Spec.Analysis.StepWeights = weights }
}

// Threshold sets how many failed analyses end a release.
func Threshold(n int) func(*flaggerv1.Canary) {
	return func(c *flaggerv1.Canary) { c.Spec.Analysis.Threshold = n }
}

// Describe says in one line where a Canary stands and what it waits for.
func Describe(c *flaggerv1.Canary) string {
	if c == nil {
		return "no Canary"
	}
	s := c.Status
	parts := []string{fmt.Sprintf("phase %q, weight %d, %d failed checks: %s", s.Phase, s.CanaryWeight, s.FailedChecks, s.Message)}
	for _, check := range s.Checks {
		parts = append(parts, fmt.Sprintf("%s %s %s %s", check.Name, check.Value, check.Verdict, check.Message))
	}
	return strings.Join(parts, "; ")
}
