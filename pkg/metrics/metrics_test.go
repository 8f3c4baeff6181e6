package metrics

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/linnet-delivery/linnet/pkg/analysis"
	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/rollout"
)

func TestAnAnalysisAnswersInTheOrderOfTheSpec(t *testing.T) {
	values := map[string]string{"a": "1", "b": "9", "c": "NaN", "d": "2"}
	p := newPrometheus(t, func(w http.ResponseWriter, r *http.Request) {
		answering(vector(values[r.FormValue("query")]))(w, r)
	})
	var metrics []flaggerv1.CanaryMetric
	for _, name := range []string{"a", "b", "c", "d"} {
		metrics = append(metrics, flaggerv1.CanaryMetric{Name: name, Query: name, ThresholdRange: atMost(5)})
	}
	got := analyst(t, p.URL).Analyse(context.Background(), canary(metrics...))

	at := time.Unix(now, 0)
	want := rollout.Answer{
		Verdict: rollout.Fail,
		Reason:  "b is 9, above the maximum of 5; 1 more check did not pass",
		At:      at,
		Checks: []analysis.Result{
			{Name: "a", Value: "1", Limits: "≤ 5", Outcome: analysis.Pass, At: at},
			{Name: "b", Value: "9", Limits: "≤ 5", Outcome: analysis.Fail, Message: "b is 9, above the maximum of 5", At: at},
			{Name: "c", Limits: "≤ 5", Outcome: analysis.NoData, Message: "c has no value (NaN), probably because there were no requests", At: at},
			{Name: "d", Value: "2", Limits: "≤ 5", Outcome: analysis.Pass, At: at},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Analyse() (-want +got):\n%s", diff)
	}
}

func TestAnAnalysisWithoutMetricsPasses(t *testing.T) {
	got := analyst(t, "").Analyse(context.Background(), canary())
	if got.Verdict != rollout.Pass || got.Reason != "" {
		t.Errorf("Analyse() = %s %q, want Pass", got.Verdict, got.Reason)
	}
}

func TestMetricsAreAskedAtTheSameTime(t *testing.T) {
	const metrics = 5
	waiting := make(chan struct{}, metrics)
	all := make(chan struct{})
	p := newPrometheus(t, func(w http.ResponseWriter, r *http.Request) {
		waiting <- struct{}{}
		if len(waiting) == metrics {
			close(all)
		}
		select { // One after the other would never get past the first.
		case <-all:
			answering(vector("1"))(w, r)
		case <-r.Context().Done():
		}
	})
	c := canary(inline(), inline(), inline(), inline(), inline())
	if got := analyst(t, p.URL).Analyse(context.Background(), c); got.Verdict != rollout.Pass {
		t.Errorf("Analyse() = %s %q, want Pass", got.Verdict, got.Reason)
	}
}

func TestAHangingServerDoesNotHoldTheOthers(t *testing.T) {
	hanging := newPrometheus(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	p := newPrometheus(t, answering(vector("9")))
	a := analyst(t, p.URL, template(hanging.URL))
	a.Timeout = 200 * time.Millisecond
	got := a.Analyse(context.Background(), canary(templated(""), inline()))
	if got.Verdict != rollout.Fail || got.Checks[0].Outcome != analysis.Error {
		t.Errorf("Analyse() = %s %+v, want Fail with an error first", got.Verdict, got.Checks)
	}
}

func TestLimits(t *testing.T) {
	tests := map[string]struct {
		metric flaggerv1.CanaryMetric
		want   string
	}{
		"a range":                               {flaggerv1.CanaryMetric{Query: "x", ThresholdRange: atLeast(3)}, "≥ 3"},
		"a range wins over a threshold":         {flaggerv1.CanaryMetric{Query: "x", Threshold: 9, ThresholdRange: atMost(3)}, "≤ 3"},
		"a threshold is a maximum":              {flaggerv1.CanaryMetric{Query: "x", Threshold: 9}, "≤ 9"},
		"no threshold is a maximum of zero":     {flaggerv1.CanaryMetric{Query: "x"}, "≤ 0"},
		"of the success rate it is the minimum": {flaggerv1.CanaryMetric{Name: "request-success-rate", Threshold: 99}, "≥ 99 %"},
		"of the duration it is the maximum":     {flaggerv1.CanaryMetric{Name: "request-duration", Threshold: 500}, "≤ 500 ms"},
		"a query that only has a built-in's name has a maximum": {
			flaggerv1.CanaryMetric{Name: "request-success-rate", Query: "x", Threshold: 9}, "≤ 9",
		},
		"a template that only has a built-in's name has a maximum": {
			flaggerv1.CanaryMetric{Name: "request-duration", TemplateRef: &flaggerv1.CrossNamespaceReference{}, Threshold: 9}, "≤ 9",
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if got := limits(tc.metric).Words(unit(tc.metric)); got != tc.want {
				t.Errorf("limits = %s, want %s", got, tc.want)
			}
		})
	}
}

// crashing is a cache that panics.
type crashing struct{ client.Reader }

func TestAPanicIsAnError(t *testing.T) {
	a := analyst(t, "")
	a.Reader = crashing{}
	expect(t, a.Analyse(context.Background(), canary(templated(""))).Checks, analysis.Error, "latency could not be measured: panic: ")
}
