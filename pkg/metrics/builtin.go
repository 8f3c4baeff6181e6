package metrics

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"sync"

	"github.com/linnet-delivery/linnet/pkg/analysis"
	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
)

// checkSuccessRate judges the percentage of requests that were not answered with
// 5xx, as the canary itself and as its callers count them. The lower one counts:
// requests that never reach a pod, because the canary has no healthy endpoint or
// refuses connections, exist in the callers' count only. If one side has counted
// nothing, the other decides.
func (a *Analyst) checkSuccessRate(ctx context.Context, c *flaggerv1.Canary, m flaggerv1.CanaryMetric) analysis.Result {
	if err := builtInFor(c); err != nil {
		return unmeasured(m.Name, err)
	}
	e := a.canaryEndpoint(c)
	var own, callers view
	var wg sync.WaitGroup
	wg.Go(func() { own = a.view(ctx, e, m, successAtCanary(c, m.Interval)) })
	wg.Go(func() { callers = a.view(ctx, e, m, successAtCallers(c, m.Interval)) })
	wg.Wait()

	if !callers.worseThan(own) {
		return own.Result
	}
	if callers.Outcome == analysis.Fail && own.Outcome != analysis.Fail {
		callers.Message += ", as its callers see it"
	}
	return callers.Result
}

// view is a success rate as one side of the connection counts it.
type view struct {
	analysis.Result
	value float64
}

func (a *Analyst) view(ctx context.Context, e endpoint, m flaggerv1.CanaryMetric, query string) view {
	value, err := a.number(ctx, e, query)
	if err != nil {
		return view{Result: unmeasured(m.Name, err)}
	}
	return view{Result: limits(m).Judge(m.Name, value, analysis.Percent), value: value}
}

func (v view) worseThan(w view) bool {
	// A side without data leaves the decision to the other, so unlike among
	// different metrics no data is not worse than a pass here.
	rank := map[analysis.Outcome]int{analysis.NoData: 0, analysis.Pass: 1, analysis.Error: 2, analysis.Fail: 3}
	if rank[v.Outcome] != rank[w.Outcome] {
		return rank[v.Outcome] > rank[w.Outcome]
	}
	return v.value < w.value
}

// checkDuration judges the 99th percentile of the request durations that the canary counts, in whole milliseconds.
func (a *Analyst) checkDuration(ctx context.Context, c *flaggerv1.Canary, m flaggerv1.CanaryMetric) analysis.Result {
	if err := builtInFor(c); err != nil {
		return unmeasured(m.Name, err)
	}
	value, err := a.number(ctx, a.canaryEndpoint(c), durationAtCanary(c, m.Interval))
	if err != nil {
		return unmeasured(m.Name, err)
	}
	return limits(m).Judge(m.Name, math.Trunc(value), analysis.Milliseconds)
}

func builtInFor(c *flaggerv1.Canary) error {
	switch c.Spec.Provider {
	case "", "istio":
		return nil
	}
	return fmt.Errorf("it is built in for provider istio only, not for %s; use a MetricTemplate", c.Spec.Provider)
}

// good matches the requests that count as answered.
const good = `,response_code!~"5.*"`

// successAtCanary counts what the canary's own proxies have answered. Without a
// single good answer there is no series to divide, so the numerator is zero then;
// without any answer there is no denominator and the query has no result.
func successAtCanary(c *flaggerv1.Canary, interval string) string {
	requests := func(filter string) string {
		return fmt.Sprintf(`sum(rate(istio_requests_total{reporter="destination",%s%s}[%s]))`, workload(c.Namespace, c.Spec.TargetRef.Name), filter, interval)
	}
	return fmt.Sprintf(`100 * (%s or vector(0)) / %s`, requests(good), requests(""))
}

// successAtCallers counts what the gateway and the callers' proxies have got from
// the canary. When no pod could be picked, they know the Service alone and call the workload unknown.
func successAtCallers(c *flaggerv1.Canary, interval string) string {
	requests := func(filter string) string {
		return fmt.Sprintf(`sum(rate(istio_requests_total{reporter="source",%[1]s%[3]s}[%[4]s]) or rate(istio_requests_total{reporter="source",%[2]s%[3]s}[%[4]s]))`,
			workload(c.Namespace, c.Spec.TargetRef.Name), nobody(c.Namespace, c.CanaryServiceName()), filter, interval)
	}
	return fmt.Sprintf(`100 * (%s or vector(0)) / %s`, requests(good), requests(""))
}

func durationAtCanary(c *flaggerv1.Canary, interval string) string {
	return fmt.Sprintf(`histogram_quantile(0.99, sum by (le) (rate(istio_request_duration_milliseconds_bucket{reporter="destination",%s}[%s])))`,
		workload(c.Namespace, c.Spec.TargetRef.Name), interval)
}

// workload matches requests that reached a pod of the workload.
func workload(namespace, name string) string {
	return fmt.Sprintf(`destination_workload_namespace=%s,destination_workload=%s`, strconv.Quote(namespace), strconv.Quote(name))
}

// nobody matches requests to a Service for which no pod could be picked.
func nobody(namespace, service string) string {
	return fmt.Sprintf(`destination_service_namespace=%s,destination_service_name=%s,destination_workload="unknown"`, strconv.Quote(namespace), strconv.Quote(service))
}
