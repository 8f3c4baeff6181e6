package metrics

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"

	"github.com/linnet-delivery/linnet/pkg/analysis"
	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
)

// providerOf returns who shifts the Canary's traffic.
func (a *Analyst) providerOf(c *flaggerv1.Canary) string { return c.Spec.ProviderOr(a.DefaultProvider) }

// checkBuiltIn judges a metric that needs no query.
func (a *Analyst) checkBuiltIn(ctx context.Context, c *flaggerv1.Canary, m flaggerv1.CanaryMetric) analysis.Result {
	if err := a.builtInFor(c); err != nil {
		return unmeasured(m.Name, err)
	}
	rate := m.Name == flaggerv1.MetricRequestSuccessRate
	switch {
	case a.providerOf(c) == flaggerv1.ProviderKubernetes && rate:
		return a.checkSuccessAtPods(ctx, c, m)
	case a.providerOf(c) == flaggerv1.ProviderKubernetes:
		return a.checkDurationAtPods(ctx, c, m)
	case rate:
		return a.checkSuccessRate(ctx, c, m)
	}
	return a.checkDuration(ctx, c, m)
}

// builtInFor returns why no metric is built in for the Canary, nil if some are.
func (a *Analyst) builtInFor(c *flaggerv1.Canary) error {
	kind := c.Spec.TargetRef.Kind
	switch p := a.providerOf(c); {
	case p == flaggerv1.ProviderIstio:
		return nil
	case p != flaggerv1.ProviderKubernetes:
		return fmt.Errorf("it is built in for providers istio and kubernetes only, not for %s; use a MetricTemplate", p)
	case kind != flaggerv1.TargetDeployment && kind != flaggerv1.TargetDaemonSet:
		return fmt.Errorf("with provider kubernetes it is built in for a Deployment or DaemonSet only, not for a %s; use a MetricTemplate", kind)
	}
	return nil
}

// checkSuccessRate judges the percentage of requests that were not answered with
// 5xx, as the canary itself and as its callers count them. The lower one counts:
// requests that never reach a pod, because the canary has no healthy endpoint or
// refuses connections, exist in the callers' count only. If one side has counted
// nothing, the other decides.
func (a *Analyst) checkSuccessRate(ctx context.Context, c *flaggerv1.Canary, m flaggerv1.CanaryMetric) analysis.Result {
	e := a.canaryEndpoint(c)
	var own, callers view
	var wg sync.WaitGroup
	wg.Go(func() { own = a.view(ctx, e, m, successAtCanary(c, m.Interval)) })
	wg.Go(func() { callers = a.view(ctx, e, m, successAtCallers(c, m.Interval)) })
	wg.Wait()

	switch {
	case own.Outcome == analysis.NoData && callers.Outcome == analysis.NoData:
		return a.noDataOrBlind(ctx, e, c, m, own.Result, unseenRequests(c, m.Interval))
	case !callers.worseThan(own):
		return own.Result
	case callers.Outcome == analysis.Fail && own.Outcome != analysis.Fail:
		callers.Message += ", as its callers see it"
	}
	return callers.Result
}

// noDataOrBlind tells a canary without requests from a Prometheus that cannot
// tell yet: a rate takes two samples, and after an outage, or right after the
// first request, there are series with fewer. That is an error, which holds the
// release, where no data would count against it.
func (a *Analyst) noDataOrBlind(ctx context.Context, e endpoint, c *flaggerv1.Canary, m flaggerv1.CanaryMetric, res analysis.Result, unseen string) analysis.Result {
	_, err := a.number(ctx, e, unseen)
	switch {
	case errors.Is(err, errNoData):
		if why := a.unfollowed(ctx, e, c, m.Interval); why != nil {
			return unmeasured(m.Name, why)
		}
		return res
	case err == nil:
		err = fmt.Errorf("Prometheus has fewer than two samples of the last %s", m.Interval)
	}
	return unmeasured(m.Name, err)
}

// sureShare is how many requests the canary must have been due for their absence
// to be no chance: with a share that is followed, none of 20 come with a
// probability of e⁻²⁰, about 2 in a billion (Poisson).
const sureShare = 20

// unfollowed tells a canary that nobody calls from a route that the mesh does not
// follow, as when istiod is away: the primary's requests say how many were due. It
// returns nil when that cannot be said.
func (a *Analyst) unfollowed(ctx context.Context, e endpoint, c *flaggerv1.Canary, interval string) error {
	weight := float64(c.Status.CanaryWeight)
	if weight <= 0 || weight >= 100 || a.providerOf(c) != flaggerv1.ProviderIstio {
		return nil
	}
	primary, err := a.number(ctx, e, requestsAtPrimary(c, interval))
	if err != nil || primary*weight/(100-weight) < sureShare {
		return nil //nolint:nilerr // without a count of the primary nothing is known of the route
	}
	return fmt.Errorf("the mesh does not follow the route: %s got about %.0f requests in %s, and the canary none of its %.0f %%",
		c.PrimaryName(), primary, interval, weight)
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
	return view{Result: limits(m).Judge(m.Name, value, unit(m)), value: value}
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
	return a.judgeDuration(ctx, c, m, durationAtCanary(c, m.Interval), 1, unseenDurations(c, m.Interval))
}

// checkDurationAtPods judges the 99th percentile that the canary's own metrics
// come to. They are in seconds, and the limits in milliseconds.
func (a *Analyst) checkDurationAtPods(ctx context.Context, c *flaggerv1.Canary, m flaggerv1.CanaryMetric) analysis.Result {
	const milliseconds = 1000
	return a.judgeDuration(ctx, c, m, durationAtPods(c, m.Interval), milliseconds, unseenAtPods(podDurations(c), m.Interval))
}

// judgeDuration judges what a query comes to, times scale, in whole milliseconds.
func (a *Analyst) judgeDuration(ctx context.Context, c *flaggerv1.Canary, m flaggerv1.CanaryMetric, query string, scale float64, unseen string) analysis.Result {
	e := a.canaryEndpoint(c)
	value, err := a.number(ctx, e, query)
	res := limits(m).Judge(m.Name, math.Trunc(value*scale), unit(m))
	if err != nil {
		res = unmeasured(m.Name, err)
	}
	if res.Outcome == analysis.NoData {
		return a.noDataOrBlind(ctx, e, c, m, res, unseen)
	}
	return res
}

// checkSuccessAtPods judges the success rate that the canary's own metrics come to.
func (a *Analyst) checkSuccessAtPods(ctx context.Context, c *flaggerv1.Canary, m flaggerv1.CanaryMetric) analysis.Result {
	e := a.canaryEndpoint(c)
	res := a.view(ctx, e, m, successAtPods(c, m.Interval)).Result
	if res.Outcome == analysis.NoData {
		return a.noDataOrBlind(ctx, e, c, m, res, unseenAtPods(podRequests(c), m.Interval))
	}
	return res
}
