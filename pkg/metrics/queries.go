package metrics

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
)

// good matches the requests that count as answered. gRPC answers with 200 whatever
// happened and says it in a status: UNKNOWN, DEADLINE_EXCEEDED, UNIMPLEMENTED,
// INTERNAL, UNAVAILABLE and DATA_LOSS are the server's failures, the others the
// caller's affair. Answers of plain HTTP have no such status, which matches too.
const good = `,response_code!~"5.*",grpc_response_status!~"2|4|12|13|14|15"`

// successAtCanary counts what the canary's own proxies, or its waypoint, have answered. Without a
// single good answer there is no series to divide, so the numerator is zero then;
// without any answer there is no denominator and the query has no result.
func successAtCanary(c *flaggerv1.Canary, interval string) string {
	requests := func(filter string) string {
		return fmt.Sprintf(`sum(rate(%s[%s]))`, requestsAt(canarySide, ofTarget(c)+filter), interval)
	}
	return fmt.Sprintf(`100 * (%s or vector(0)) / %s`, requests(good), requests(""))
}

// successAtCallers counts what the gateway and the callers' proxies have got from
// the canary. When no pod could be picked, they know the Service alone and call
// the workload unknown.
func successAtCallers(c *flaggerv1.Canary, interval string) string {
	requests := func(filter string) string {
		return fmt.Sprintf(`sum(rate(%[1]s[%[3]s]) or rate(%[2]s[%[3]s]))`,
			requestsAt("source", ofTarget(c)+filter), requestsAt("source", ofNobody(c)+filter), interval)
	}
	return fmt.Sprintf(`100 * (%s or vector(0)) / %s`, requests(good), requests(""))
}

// durationAtCanary is the 99th percentile as the canary's own proxies measured it.
func durationAtCanary(c *flaggerv1.Canary, interval string) string {
	return fmt.Sprintf(`histogram_quantile(0.99, sum by (le) (rate(%s[%s])))`, durations(c), interval)
}

// requestsAtPrimary counts the requests that the primary has answered.
func requestsAtPrimary(c *flaggerv1.Canary, interval string) string {
	return fmt.Sprintf(`sum(increase(%s[%s]))`, requestsAt(canarySide, ofWorkload(c.Namespace, c.PrimaryName())), interval)
}

// unseenRequests counts the series that successAtCanary and successAtCallers
// would use and cannot, because they have no two samples in the interval.
func unseenRequests(c *flaggerv1.Canary, interval string) string {
	reached, lost := requestsAt(everybody, ofTarget(c)), requestsAt("source", ofNobody(c))
	return fmt.Sprintf(`count((%[1]s or %[2]s) unless (rate(%[1]s[%[3]s]) or rate(%[2]s[%[3]s])))`, reached, lost, interval)
}

// unseenDurations counts the same for durationAtCanary.
func unseenDurations(c *flaggerv1.Canary, interval string) string {
	return fmt.Sprintf(`count(%[1]s unless rate(%[1]s[%[2]s]))`, durations(c), interval)
}

// requestsTo counts the workload's requests by who reported and who sent them.
func requestsTo(namespace, name string, window time.Duration) string {
	return arrivals(requestsAt(everybody, ofWorkload(namespace, name)), window)
}

// connectionsTo counts the workload's new TCP connections in the same way.
func connectionsTo(namespace, name string, window time.Duration) string {
	return arrivals(connectionsAt("opened", namespace, name), window)
}

// openTo counts the workload's open TCP connections by who reported and who made
// them. A proxy that has closed none yet has no series of closed ones.
func openTo(namespace, name string) string {
	bySender := func(event string) string {
		return fmt.Sprintf(`sum by (reporter, source_workload) (%s)`, connectionsAt(event, namespace, name))
	}
	opened, closed := bySender("opened"), bySender("closed")
	return fmt.Sprintf(`%[1]s - (%[2]s or %[1]s * 0) > 0`, opened, closed)
}

// arrivals counts the increase of counters by reporter and sender. A counter
// that was not there before the window counts in full: its first sample is no
// increase, but all that it counts is new. Series that have ended, like those of a
// deleted pod, do not count. Series that exist and cannot be judged are counted
// under the reporter unseen.
func arrivals(series string, window time.Duration) string {
	narrow, wide := model.Duration(window), model.Duration(max(slowScrape, window))
	born := fmt.Sprintf(`(%[1]s unless %[1]s offset %[2]s)`, series, narrow)
	counted := fmt.Sprintf(`sum by (reporter, source_workload) (%[1]s or (increase(%[2]s[%[3]s]) and %[2]s) or (increase(%[2]s[%[4]s]) and %[2]s)) > 0`,
		born, series, narrow, wide)
	return fmt.Sprintf(`%s or label_replace(count(%s unless %s unless increase(%s[%s])), "reporter", "%s", "", "")`,
		counted, series, born, series, wide, unseen)
}

// Who reports: callers and gateways, waypoints, and the proxies beside the pods. A
// workload has a waypoint or proxies of its own in front of it, seldom both.
const (
	everybody  = "source|waypoint|destination"
	canarySide = "destination|waypoint"
)

func connectionsAt(event, namespace, name string) string {
	return fmt.Sprintf(`istio_tcp_connections_%s_total{reporter=~%q,%s}`, event, everybody, ofWorkload(namespace, name))
}

func requestsAt(reporters, destination string) string {
	return fmt.Sprintf(`istio_requests_total{reporter=~%q,%s}`, reporters, destination)
}

func durations(c *flaggerv1.Canary) string {
	return fmt.Sprintf(`istio_request_duration_milliseconds_bucket{reporter=~%q,%s}`, canarySide, ofTarget(c))
}

// ofTarget matches requests that reached a pod of the target.
func ofTarget(c *flaggerv1.Canary) string {
	return ofWorkload(c.Namespace, c.Spec.TargetRef.Name)
}

// ofWorkload matches requests that reached a pod of the workload.
func ofWorkload(namespace, name string) string {
	return fmt.Sprintf(`destination_workload_namespace=%q,destination_workload=%q`, namespace, name)
}

// ofNobody matches requests to the canary's Service for which no pod could be
// picked. Load tests go on when a release is over and its pods are gone: what they
// lose meanwhile says nothing of the next canary.
func ofNobody(c *flaggerv1.Canary) string {
	matchers := []string{fmt.Sprintf(`destination_service_namespace=%q,destination_service_name=%q,destination_workload="unknown"`,
		c.Namespace, c.CanaryServiceName())}
	for _, tester := range slices.Sorted(maps.Keys(testersOf(c))) {
		matchers = append(matchers, fmt.Sprintf(`source_workload!=%q`, tester))
	}
	return strings.Join(matchers, ",")
}
