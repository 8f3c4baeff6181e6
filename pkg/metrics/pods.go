package metrics

import (
	"fmt"
	"regexp"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
)

// What Kubernetes appends to the names of a Deployment's ReplicaSets and of Pods.
// It uses no vowels, so that no word such as primary is ever one.
const (
	setSuffix = `-[bcdfghjklmnpqrstvwxz2456789]{1,10}`
	podSuffix = `-[bcdfghjklmnpqrstvwxz2456789]{5}`
)

// ofPods matches what the target's pods say about themselves, by the names that
// its controller gives them. Those of the primary have another form, and so do
// those of workloads whose name begins as the target's.
func ofPods(c *flaggerv1.Canary) string {
	owner := regexp.QuoteMeta(c.Spec.TargetRef.Name)
	if c.Spec.TargetRef.Kind != flaggerv1.TargetDaemonSet {
		owner += setSuffix // a Deployment's pods are those of a ReplicaSet
	}
	return fmt.Sprintf(`kubernetes_namespace=%q,kubernetes_pod_name=~%q`, c.Namespace, owner+podSuffix)
}

func podRequests(c *flaggerv1.Canary) string {
	return fmt.Sprintf(`http_request_duration_seconds_count{%s}`, ofPods(c))
}

func podDurations(c *flaggerv1.Canary) string {
	return fmt.Sprintf(`http_request_duration_seconds_bucket{%s}`, ofPods(c))
}

// successAtPods is the percentage of requests that the canary's pods say they did not answer with 5xx.
func successAtPods(c *flaggerv1.Canary, interval string) string {
	answered := fmt.Sprintf(`http_request_duration_seconds_count{%s,status!~"5.*"}`, ofPods(c))
	return fmt.Sprintf(`100 * (sum(rate(%s[%s])) or vector(0)) / sum(rate(%s[%s]))`, answered, interval, podRequests(c), interval)
}

// durationAtPods is the 99th percentile as the canary's pods measured it, in seconds.
func durationAtPods(c *flaggerv1.Canary, interval string) string {
	return fmt.Sprintf(`histogram_quantile(0.99, sum by (le) (rate(%s[%s])))`, podDurations(c), interval)
}

// unseenAtPods counts the series that have no two samples in the interval.
func unseenAtPods(series, interval string) string {
	return fmt.Sprintf(`count(%[1]s unless rate(%[1]s[%[2]s]))`, series, interval)
}
