package metrics

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/rollout"
)

// slowScrape is the window for series that have no two samples in the silence window.
const slowScrape = time.Minute

// Silent tells whether the workload, in the Canary's namespace, has had no
// request over the silence window. Fail names who still calls.
//
// It sees only what Prometheus has scraped: the requests since the last scrape
// are missing, so the window should be at least twice the scrape interval. Series
// that are scraped less often are looked at over a whole minute instead; when
// even that holds no two samples, because Prometheus was away or scrapes more
// slowly, the answer is Error. No series at all is silence: a workload without a
// proxy has none, and neither has one whose proxies Prometheus does not scrape.
func (a *Analyst) Silent(ctx context.Context, c *flaggerv1.Canary, workload string) rollout.Answer {
	ctx, cancel := context.WithTimeout(ctx, a.Timeout)
	defer cancel()
	calls, err := a.callsTo(ctx, c, workload)
	if err != nil {
		reason := fmt.Sprintf("whether %s still gets requests is not known: %s", workload, err)
		return rollout.Answer{Verdict: rollout.Error, Reason: short(reason), At: a.Now()}
	}
	if calls.total == 0 {
		return rollout.Answer{Verdict: rollout.Pass, At: a.Now()}
	}
	reason := fmt.Sprintf("%s still got %s lately from %s", workload, calls.count(), strings.Join(calls.names(), ", "))
	return rollout.Answer{Verdict: rollout.Fail, Reason: short(reason), At: a.Now()}
}

func (a *Analyst) callsTo(ctx context.Context, c *flaggerv1.Canary, workload string) (calls, error) {
	value, err := a.ask(ctx, a.canaryEndpoint(c), requestsTo(c.Namespace, workload, a.SilenceWindow))
	if err != nil {
		return calls{}, err
	}
	v, ok := value.(model.Vector)
	if !ok {
		return calls{}, fmt.Errorf("the query returned a %s instead of a vector", value.Type())
	}
	return a.countCalls(v)
}

// unseen is the reporter that the query gives to series without recent samples,
// unknownCaller a sender that the reporter could not name.
const (
	unseen        = "unseen"
	unknownCaller = "unknown"
)

// calls are requests and who sent them.
type calls struct {
	// total is how many there were. Both ends of a connection report the same
	// requests, so it is the higher of their counts.
	total   float64
	callers map[string]bool
}

func (a *Analyst) countCalls(v model.Vector) (calls, error) {
	c := calls{callers: map[string]bool{}}
	byReporter := map[model.LabelValue]float64{}
	for _, s := range v {
		n, err := a.float(s)
		if err != nil {
			return c, err
		}
		if math.IsNaN(n) || math.IsInf(n, 0) {
			return c, fmt.Errorf("the number of requests is %v", n)
		}
		byReporter[s.Metric["reporter"]] += n
		if source := s.Metric["source_workload"]; source != "" && source != unknownCaller {
			c.callers[string(source)] = true
		}
	}
	blind := byReporter[unseen]
	delete(byReporter, unseen)
	for _, n := range byReporter {
		c.total = max(c.total, n)
	}
	if c.total == 0 && blind > 0 {
		return c, fmt.Errorf("Prometheus has no two samples of its %.0f series in the last %s", blind, model.Duration(max(slowScrape, a.SilenceWindow)))
	}
	return c, nil
}

// count returns the number in words. A part of a request, which comes from extrapolation, is one.
func (c calls) count() string {
	if c.total <= 1 {
		return "1 request"
	}
	return fmt.Sprintf("%.0f requests", math.Ceil(c.total))
}

// names returns the senders in order.
func (c calls) names() []string {
	if len(c.callers) == 0 {
		return []string{"callers without a name"}
	}
	return slices.Sorted(maps.Keys(c.callers))
}
