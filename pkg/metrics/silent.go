package metrics

import (
	"context"
	"fmt"
	"maps"
	"math"
	"net/url"
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
// Load tests that the Canary's own webhooks run are no users and do not count.
// Where service.appProtocol is tcp, TCP connections that are new or still open
// count as well. Without a mesh nobody counts requests: the answer is Error.
func (a *Analyst) Silent(ctx context.Context, c *flaggerv1.Canary, workload string) rollout.Answer {
	ctx, cancel := context.WithTimeout(ctx, a.Timeout)
	defer cancel()
	reason, err := a.stillCalled(ctx, c, workload)
	switch {
	case err != nil:
		reason := fmt.Sprintf("whether %s still gets requests is not known: %s", workload, err)
		return rollout.Answer{Verdict: rollout.Error, Reason: short(reason), At: a.Now()}
	case reason != "":
		return rollout.Answer{Verdict: rollout.Fail, Reason: short(reason), At: a.Now()}
	}
	return rollout.Answer{Verdict: rollout.Pass, At: a.Now()}
}

// sign is one way in which a workload that is still called shows it.
type sign struct {
	query, noun string
	// says tells what was seen; it takes the number and its noun.
	says string
}

// signsOf returns what to look for, and an error where nothing can be seen.
func (a *Analyst) signsOf(c *flaggerv1.Canary, workload string) ([]sign, error) {
	if p := a.providerOf(c); p != flaggerv1.ProviderIstio {
		return nil, fmt.Errorf("provider %s has no proxies that count them", p)
	}
	signs := []sign{{requestsTo(c.Namespace, workload, a.SilenceWindow), "request", "still got %s lately"}}
	if c.Spec.Service.IsTCP() {
		signs = append(signs,
			sign{connectionsTo(c.Namespace, workload, a.SilenceWindow), "new connection", "still got %s lately"},
			sign{openTo(c.Namespace, workload), "open connection", "still has %s"})
	}
	return signs, nil
}

// stillCalled returns how the workload shows that it is still called, empty when it is not.
func (a *Analyst) stillCalled(ctx context.Context, c *flaggerv1.Canary, workload string) (string, error) {
	signs, err := a.signsOf(c, workload)
	if err != nil {
		return "", err
	}
	for _, s := range signs {
		calls, err := a.callsTo(ctx, c, s.query)
		if err != nil {
			return "", err
		}
		if calls.total > 0 {
			return fmt.Sprintf("%s "+s.says+" from %s", workload, calls.count(s.noun), strings.Join(calls.names(), ", ")), nil
		}
	}
	return "", nil
}

func (a *Analyst) callsTo(ctx context.Context, c *flaggerv1.Canary, query string) (calls, error) {
	value, err := a.ask(ctx, a.canaryEndpoint(c), query)
	if err != nil {
		return calls{}, err
	}
	v, ok := value.(model.Vector)
	if !ok {
		return calls{}, fmt.Errorf("the query returned a %s instead of a vector", value.Type())
	}
	return a.countCalls(v, testersOf(c))
}

// testersOf returns the workloads that run the Canary's load tests. They are
// known by the webhooks that start them: a workload has the name of its Service.
func testersOf(c *flaggerv1.Canary) map[model.LabelValue]bool {
	testers := map[model.LabelValue]bool{}
	for _, h := range c.Spec.Analysis.Webhooks {
		runs := h.Metadata["cmd"] != "" || h.Metadata["type"] == "load"
		if u, err := url.Parse(h.URL); runs && err == nil {
			name, _, _ := strings.Cut(u.Hostname(), ".")
			testers[model.LabelValue(name)] = true
		}
	}
	return testers
}

// unseen is the reporter that the query gives to series without recent samples,
// unknownCaller a sender that the reporter could not name.
const (
	unseen        = "unseen"
	unknownCaller = "unknown"
)

// calls are requests or connections and who they come from.
type calls struct {
	// total is how many there were. Both ends of a connection report the same
	// requests, so it is the higher of their counts.
	total   float64
	callers map[string]bool
}

// drift is how much more a workload may report of a caller than the caller does:
// the two are scraped at different moments.
const drift = 1.5

// countCalls leaves the requests of testers out. Where the workload's own proxies
// cannot name their callers, as many nameless ones are taken for theirs.
func (a *Analyst) countCalls(v model.Vector, testers map[model.LabelValue]bool) (calls, error) {
	c := calls{callers: map[string]bool{}}
	byReporter, nameless, tested := map[model.LabelValue]float64{}, map[model.LabelValue]float64{}, 0.0
	for _, s := range v {
		n, err := a.float(s)
		if err != nil {
			return c, err
		}
		if math.IsNaN(n) || math.IsInf(n, 0) {
			return c, fmt.Errorf("the number of requests is %v", n)
		}
		source, reporter := s.Metric["source_workload"], s.Metric["reporter"]
		named := source != "" && source != unknownCaller
		switch {
		case testers[source]:
			tested = max(tested, n)
		case named:
			byReporter[reporter] += n
			c.callers[string(source)] = true
		default:
			nameless[reporter] += n
		}
	}
	blind := nameless[unseen]
	delete(nameless, unseen)
	for reporter, n := range nameless {
		byReporter[reporter] += max(0, n-drift*tested)
	}
	for _, n := range byReporter {
		c.total = max(c.total, n)
	}
	if c.total == 0 && blind > 0 {
		return c, fmt.Errorf("Prometheus has no two samples of its %.0f series in the last %s", blind, model.Duration(max(slowScrape, a.SilenceWindow)))
	}
	return c, nil
}

// count returns the number in words. A part of one, which comes from extrapolation, is one.
func (c calls) count(noun string) string {
	if c.total <= 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%.0f %ss", math.Ceil(c.total), noun)
}

// names returns the senders in order.
func (c calls) names() []string {
	if len(c.callers) == 0 {
		return []string{"callers without a name"}
	}
	return slices.Sorted(maps.Keys(c.callers))
}
