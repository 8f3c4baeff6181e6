package metrics

import (
	"context"
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/linnet-delivery/linnet/pkg/analysis"
	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
)

var update = flag.Bool("update", false, "write the golden files")

func successRate(r *flaggerv1.ThresholdRange) flaggerv1.CanaryMetric {
	return flaggerv1.CanaryMetric{Name: flaggerv1.MetricRequestSuccessRate, ThresholdRange: r}
}

func duration(r *flaggerv1.ThresholdRange) flaggerv1.CanaryMetric {
	return flaggerv1.CanaryMetric{Name: flaggerv1.MetricRequestDuration, ThresholdRange: r}
}

func TestTheBuiltInQueries(t *testing.T) {
	c := canary()
	c.Spec.Service.Name = "web"
	dotted, daemons := canary(), canary()
	dotted.Spec.TargetRef.Name = "pod.info"
	daemons.Spec.TargetRef.Kind = "DaemonSet"
	queries := map[string]string{
		"success-at-canary":  successAtCanary(c, "1m"),
		"success-at-callers": successAtCallers(c, "1m"),
		"duration":           durationAtCanary(c, "30s"),
		"unseen-requests":    unseenRequests(c, "1m"),
		"unseen-durations":   unseenDurations(c, "1m"),
		"requests-to":        requestsTo("test", "podinfo-primary", 10*time.Second),
		"requests-to-slow":   requestsTo("test", "podinfo", 90*time.Second),
		"connections-to":     connectionsTo("test", "podinfo-primary", 10*time.Second),
		"open-to":            openTo("test", "podinfo-primary"),
		"success-at-pods":    successAtPods(dotted, "1m"),
		"duration-at-pods":   durationAtPods(c, "30s"),
		"unseen-at-pods":     unseenAtPods(podRequests(daemons), "1m"),
	}
	for name, got := range queries {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join("testdata", "queries", name+".promql")
			if *update {
				if err := os.WriteFile(file, []byte(got+"\n"), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got+"\n"); diff != "" {
				t.Errorf("query (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTheLowerSuccessRateCounts(t *testing.T) {
	const broken = `{"status":"error","error":"boom"}`
	tests := map[string]struct {
		atCanary, atCallers string
		want                analysis.Result
	}{
		"both pass": {
			vector("99.97"), vector("99.5"),
			analysis.Result{Value: "99.5 %", Outcome: analysis.Pass},
		},
		"both fail, and the canary knows more": {
			vector("66.6666"), vector("70"),
			analysis.Result{Value: "66.7 %", Outcome: analysis.Fail, Message: "request-success-rate is 66.7 %, below the minimum of 99 %"},
		},
		"both fail, and the callers know more": {
			vector("80"), vector("70"),
			analysis.Result{Value: "70 %", Outcome: analysis.Fail, Message: "request-success-rate is 70 %, below the minimum of 99 %"},
		},
		"callers fail where the canary sees nothing wrong": {
			vector("100"), vector("50"),
			analysis.Result{Value: "50 %", Outcome: analysis.Fail, Message: "request-success-rate is 50 %, below the minimum of 99 %, as its callers see it"},
		},
		"a canary without endpoints fails": {
			vector(), vector("0"),
			analysis.Result{Value: "0 %", Outcome: analysis.Fail, Message: "request-success-rate is 0 %, below the minimum of 99 %, as its callers see it"},
		},
		"a canary whose past requests are gone and that has no endpoints now fails": {
			vector("NaN"), vector("0"),
			analysis.Result{Value: "0 %", Outcome: analysis.Fail, Message: "request-success-rate is 0 %, below the minimum of 99 %, as its callers see it"},
		},
		"only the canary counts": {
			vector("99.4"), vector(),
			analysis.Result{Value: "99.4 %", Outcome: analysis.Pass},
		},
		"only the callers count": {
			vector(), vector("99.4"),
			analysis.Result{Value: "99.4 %", Outcome: analysis.Pass},
		},
		"a failure stands whatever the other side would say": {
			vector("0"), broken,
			analysis.Result{Value: "0 %", Outcome: analysis.Fail, Message: "request-success-rate is 0 %, below the minimum of 99 %"},
		},
		"a pass needs both sides": {
			vector("100"), broken,
			analysis.Result{Outcome: analysis.Error, Message: "request-success-rate could not be measured: Prometheus at HOST answered: boom"},
		},
		"an error outweighs no data": {
			broken, vector(),
			analysis.Result{Outcome: analysis.Error, Message: "request-success-rate could not be measured: Prometheus at HOST answered: boom"},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			p := newPrometheus(t, byReporter(tc.atCanary, tc.atCallers))
			got := analyst(t, p.URL).Analyse(context.Background(), canary(successRate(atLeast(99))))
			tc.want.Name = flaggerv1.MetricRequestSuccessRate
			tc.want.Message = strings.ReplaceAll(tc.want.Message, "HOST", p.Listener.Addr().String())
			tc.want.At = time.Unix(now, 0)
			tc.want.Limits = "≥ 99 %"
			if diff := cmp.Diff([]analysis.Result{tc.want}, got.Checks); diff != "" {
				t.Errorf("checks (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTheDurationIsInWholeMilliseconds(t *testing.T) {
	tests := map[string]struct {
		answer   string
		want     analysis.Outcome
		wantText string
	}{
		"just below the next millisecond passes": {vector("500.99"), analysis.Pass, "500 ms"},
		"above the maximum fails":                {vector("512.4"), analysis.Fail, "request-duration is 512 ms, above the maximum of 500 ms"},
		"the last bucket is no number":           {vector("+Inf"), analysis.Error, "+Inf"},
		"two series are an error":                {vector("1", "2"), analysis.Error, "2 series"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			p := newPrometheus(t, answering(tc.answer))
			got := analyst(t, p.URL).Analyse(context.Background(), canary(duration(atMost(500))))
			expect(t, got.Checks, tc.want, tc.wantText)
		})
	}
}

func TestNoDataIsToldFromABlindPrometheus(t *testing.T) {
	tests := map[string]struct {
		metric flaggerv1.CanaryMetric
		// measured and unseen are the answers to the metric's queries and to the question for unseen series.
		measured, unseen string
		want             analysis.Outcome
		wantText         string
	}{
		"no requests and nothing unseen is no data": {
			successRate(nil), vector(), vector(), analysis.NoData, "no such series",
		},
		"requests that stopped are no data": {
			successRate(nil), vector("NaN"), vector(), analysis.NoData, "no value (NaN)",
		},
		"series with one sample are an error": {
			successRate(nil), vector(), vector("2"), analysis.Error, "Prometheus has fewer than two samples of the last 1m",
		},
		"a server that goes away in between is an error": {
			successRate(nil), vector(), "", analysis.Error, "not the JSON of a Prometheus",
		},
		"durations with one sample are an error": {
			duration(nil), vector(), vector("9"), analysis.Error, "Prometheus has fewer than two samples of the last 1m",
		},
		"no durations and nothing unseen is no data": {
			duration(nil), vector("NaN"), vector(), analysis.NoData, "no value (NaN)",
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			p := newPrometheus(t, func(w http.ResponseWriter, r *http.Request) {
				if strings.HasPrefix(r.FormValue("query"), "count(") {
					answering(tc.unseen)(w, r)
					return
				}
				answering(tc.measured)(w, r)
			})
			got := analyst(t, p.URL).Analyse(context.Background(), canary(tc.metric))
			expect(t, got.Checks, tc.want, tc.wantText)
		})
	}
}

func TestARouteThatNobodyFollowsIsToldFromACanaryThatNobodyCalls(t *testing.T) {
	tests := map[string]struct {
		weight   int
		primary  string
		want     analysis.Outcome
		wantText string
	}{
		"the canary was due a hundred requests": {10, vector("900"), analysis.Error, "the mesh does not follow the route: podinfo-primary got about 900 requests in 1m, and the canary none of its 10 %"},
		"the canary was due too few to tell":    {10, vector("100"), analysis.NoData, "no such series"},
		"the canary was due nothing":            {0, vector("900"), analysis.NoData, "no such series"},
		"the primary has no share to tell by":   {100, vector("900"), analysis.NoData, "no such series"},
		"the primary has no requests either":    {10, vector(), analysis.NoData, "no such series"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			p := newPrometheus(t, func(w http.ResponseWriter, r *http.Request) {
				if strings.Contains(r.FormValue("query"), "podinfo-primary") {
					answering(tc.primary)(w, r)
					return
				}
				answering(vector())(w, r)
			})
			for _, metric := range []flaggerv1.CanaryMetric{successRate(atLeast(99)), duration(atMost(500))} {
				c := canary(metric)
				c.Status.CanaryWeight = tc.weight
				expect(t, analyst(t, p.URL).Analyse(context.Background(), c).Checks, tc.want, tc.wantText)
			}
		})
	}
}

func TestWhatMetricsAreBuiltInFor(t *testing.T) {
	p := newPrometheus(t, answering(vector("99")))
	tests := map[string]struct {
		provider, byDefault, kind string
		want                      string
	}{
		"nothing said is istio":       {},
		"istio":                       {provider: "istio"},
		"istio over the default":      {provider: "istio", byDefault: "kubernetes", kind: "Service"},
		"kubernetes":                  {provider: "kubernetes"},
		"kubernetes by default":       {byDefault: "kubernetes", kind: "DaemonSet"},
		"kubernetes without pods":     {provider: "kubernetes", kind: "Service", want: "with provider kubernetes it is built in for a Deployment or DaemonSet only, not for a Service; use a MetricTemplate"},
		"another provider":            {provider: "linkerd", want: "it is built in for providers istio and kubernetes only, not for linkerd; use a MetricTemplate"},
		"another provider by default": {byDefault: "kuma", want: "it is built in for providers istio and kubernetes only, not for kuma; use a MetricTemplate"},
	}
	for name, tc := range tests {
		for _, metric := range []flaggerv1.CanaryMetric{successRate(atLeast(99)), duration(atMost(500000))} {
			t.Run(metric.Name+": "+name, func(t *testing.T) {
				c := canary(metric)
				c.Spec.Provider = tc.provider
				if tc.kind != "" {
					c.Spec.TargetRef.Kind = tc.kind
				}
				a := analyst(t, p.URL)
				if tc.byDefault != "" {
					a.DefaultProvider = tc.byDefault
				}
				want := analysis.Pass
				if tc.want != "" {
					want = analysis.Error
				}
				expect(t, a.Analyse(context.Background(), c).Checks, want, tc.want)
				if err := a.Check(context.Background(), c); (err != nil) != (tc.want != "") {
					t.Errorf("Check() = %v", err)
				}
			})
		}
	}
}

func TestWhatLoadTestsLoseBetweenReleasesIsNotTheCanarys(t *testing.T) {
	c := canary()
	c.Spec.Analysis.Webhooks = []flaggerv1.CanaryWebhook{{URL: "http://tester.test/", Metadata: map[string]string{"cmd": "hey http://podinfo-canary.test/"}}}
	if q := successAtCallers(c, "1m"); !strings.Contains(q, `destination_workload="unknown",source_workload!="tester"`) {
		t.Errorf("the query counts what the load test loses: %s", q)
	}
	if q := successAtCallers(c, "1m"); strings.Count(q, "source_workload") != 2 {
		t.Errorf("the query leaves out what the load test loses at the canary's pods: %s", q)
	}
}
