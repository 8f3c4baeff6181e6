package metrics

import (
	"context"
	"fmt"
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
// It sees only what Prometheus has scraped: requests since the last scrape are
// missing, so the window should be at least twice the scrape interval. Series
// that are scraped less often than that are looked at over a whole minute
// instead, and above 30 seconds between scrapes nothing is seen at all. No series
// at all counts as silence, because a workload without a proxy has none.
func (a *Analyst) Silent(ctx context.Context, c *flaggerv1.Canary, workload string) rollout.Answer {
	ctx, cancel := context.WithTimeout(ctx, a.Timeout)
	defer cancel()
	value, err := a.ask(ctx, a.canaryEndpoint(c), requestsTo(c.Namespace, workload, a.SilenceWindow))
	if err != nil {
		return a.deaf(workload, err)
	}
	v, ok := value.(model.Vector)
	if !ok {
		return a.deaf(workload, fmt.Errorf("the query returned a %s instead of a vector", value.Type()))
	}
	counts, err := a.callers(v)
	if err != nil {
		return a.deaf(workload, err)
	}
	total, names := counts.summary()
	if total == 0 {
		return rollout.Answer{Verdict: rollout.Pass, At: a.Now()}
	}
	noun := "requests"
	if total == 1 {
		noun = "request"
	}
	reason := fmt.Sprintf("%s still got %d %s lately from %s", workload, total, noun, strings.Join(names, ", "))
	return rollout.Answer{Verdict: rollout.Fail, Reason: short(reason), At: a.Now()}
}

func (a *Analyst) deaf(workload string, err error) rollout.Answer {
	reason := fmt.Sprintf("whether %s still gets requests is not known: %s", workload, err)
	return rollout.Answer{Verdict: rollout.Error, Reason: short(reason), At: a.Now()}
}

// requestsTo counts the workload's requests by who reported and who sent them. A
// counter that was not there before the window counts in full: its first sample
// is no increase, but all of its requests are new. Series that have ended, like
// those of a deleted pod, do not count.
func requestsTo(namespace, name string, window time.Duration) string {
	series := fmt.Sprintf(`istio_requests_total{reporter=~"source|waypoint|destination",%s}`, workload(namespace, name))
	return fmt.Sprintf(`sum by (reporter, source_workload) ((%[1]s unless %[1]s offset %[2]s) or (increase(%[1]s[%[2]s]) and %[1]s) or (increase(%[1]s[%[3]s]) and %[1]s)) > 0`,
		series, model.Duration(window), model.Duration(max(slowScrape, window)))
}

// callerCounts holds the number of requests by reporter and sender.
type callerCounts map[string]map[string]float64

func (a *Analyst) callers(v model.Vector) (callerCounts, error) {
	counts := callerCounts{}
	for _, s := range v {
		n, err := a.float(s)
		if err != nil {
			return nil, err
		}
		if math.IsNaN(n) || math.IsInf(n, 0) {
			return nil, fmt.Errorf("the number of requests is %v", n)
		}
		reporter, source := string(s.Metric["reporter"]), string(s.Metric["source_workload"])
		if source == "" {
			source = unknownCaller
		}
		if counts[reporter] == nil {
			counts[reporter] = map[string]float64{}
		}
		counts[reporter][source] += n
	}
	return counts, nil
}

// unknownCaller is a sender that the reporter could not name.
const unknownCaller = "unknown"

// summary returns the number of requests and the names of the senders. Both ends
// of a connection report the same requests, so the higher count is the count,
// and an unknown sender is named only when there is no other.
func (c callerCounts) summary() (int, []string) {
	var total float64
	var names []string
	for _, bySource := range c {
		var sum float64
		for source, n := range bySource {
			sum += n
			if source != unknownCaller && !slices.Contains(names, source) {
				names = append(names, source)
			}
		}
		total = max(total, sum)
	}
	if len(names) == 0 {
		names = []string{"callers that it cannot name"}
	}
	slices.Sort(names)
	return int(math.Ceil(total)), names
}
