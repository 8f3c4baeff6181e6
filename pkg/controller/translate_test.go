package controller

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/kube"
	"github.com/linnet-delivery/linnet/pkg/rollout"
)

func spec(edits ...func(*flaggerv1.CanarySpec)) *flaggerv1.Canary {
	c := &flaggerv1.Canary{Spec: flaggerv1.CanarySpec{
		TargetRef: flaggerv1.TargetReference{Kind: "Deployment", Name: "podinfo"},
		Analysis:  flaggerv1.CanaryAnalysis{Interval: "1m", Threshold: 5, StepWeight: 10, MaxWeight: 50},
	}}
	for _, edit := range edits {
		edit(&c.Spec)
	}
	return c
}

func TestStepsOfAPolicy(t *testing.T) {
	tests := map[string]struct {
		edit func(*flaggerv1.CanaryAnalysis)
		want []int
	}{
		"a step weight is repeated up to the maximum":        {func(*flaggerv1.CanaryAnalysis) {}, []int{10, 20, 30, 40, 50}},
		"the maximum is where stepping stops, not a ceiling": {func(a *flaggerv1.CanaryAnalysis) { a.StepWeight = 30 }, []int{30, 60}},
		"without a maximum the steps go to 100":              {func(a *flaggerv1.CanaryAnalysis) { a.StepWeight, a.MaxWeight = 40, 0 }, []int{40, 80, 100}},
		"listed weights are taken as they are":               {func(a *flaggerv1.CanaryAnalysis) { a.StepWeight, a.StepWeights = 0, []int{1, 7, 99} }, []int{1, 7, 99}},
		"a step weight wins over a list":                     {func(a *flaggerv1.CanaryAnalysis) { a.StepWeights = []int{1} }, []int{10, 20, 30, 40, 50}},
		"one step beyond the maximum is the only one":        {func(a *flaggerv1.CanaryAnalysis) { a.StepWeight = 80 }, []int{80}},
		"a step that would pass 100 stops there":             {func(a *flaggerv1.CanaryAnalysis) { a.StepWeight, a.MaxWeight = 70, 100 }, []int{70, 100}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			p, err := translate(spec(func(s *flaggerv1.CanarySpec) { tc.edit(&s.Analysis) }), Defaults{}, rollout.Barriers{})
			if err != nil {
				t.Fatal(err)
			}
			var weights []int
			for _, s := range p.Steps {
				weights = append(weights, s.Traffic.Canary)
			}
			if diff := cmp.Diff(tc.want, weights); diff != "" {
				t.Errorf("steps (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPlansOfStrategies(t *testing.T) {
	match := []flaggerv1.AnalysisMatch{{Headers: map[string]flaggerv1.StringMatch{"x-canary": {Exact: "insider"}}}}
	tests := map[string]struct {
		edit func(*flaggerv1.CanarySpec)
		want []rollout.Step
	}{
		"blue/green tries the canary before it gets everything": {
			func(s *flaggerv1.CanarySpec) { s.Analysis.Iterations = 5 },
			[]rollout.Step{{Analyses: 5}, {Traffic: rollout.Traffic{Canary: 100}, Gate: rollout.AskConfirmPromotion}},
		},
		"blue/green mirrors during the whole trial": {
			func(s *flaggerv1.CanarySpec) { s.Analysis.Iterations, s.Analysis.Mirror = 2, true },
			[]rollout.Step{
				{Traffic: rollout.Traffic{Mirror: true}, Analyses: 2}, {Traffic: rollout.Traffic{Canary: 100}, Gate: rollout.AskConfirmPromotion},
			},
		},
		"A/B testing gives the canary those who match": {
			func(s *flaggerv1.CanarySpec) { s.Analysis.Iterations, s.Analysis.Match = 10, match },
			[]rollout.Step{{Traffic: rollout.Traffic{Matched: true}, Analyses: 10, Gate: rollout.AskConfirmTraffic}},
		},
		"mirroring comes before the first weight": {
			func(s *flaggerv1.CanarySpec) { s.Analysis.Mirror, s.Analysis.StepWeight = true, 50 },
			[]rollout.Step{{Traffic: rollout.Traffic{Mirror: true}}, {Traffic: rollout.Traffic{Canary: 50}, Gate: rollout.AskConfirmTraffic}},
		},
		"without a mesh steps become blue/green": {
			func(s *flaggerv1.CanarySpec) { s.Provider = "kubernetes" },
			[]rollout.Step{{Analyses: 10}, {Traffic: rollout.Traffic{Canary: 100}, Gate: rollout.AskConfirmPromotion}},
		},
		"without a mesh nobody is matched": {
			func(s *flaggerv1.CanarySpec) {
				s.Provider, s.Analysis.Iterations, s.Analysis.Match = "kubernetes", 3, match
			},
			[]rollout.Step{{Analyses: 3}, {Traffic: rollout.Traffic{Canary: 100}, Gate: rollout.AskConfirmPromotion}},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			p, err := translate(spec(tc.edit), Defaults{}, rollout.Barriers{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, p.Steps); diff != "" {
				t.Errorf("steps (-want +got):\n%s", diff)
			}
		})
	}
}

func TestReturnSteps(t *testing.T) {
	for step, want := range map[int][]int{0: nil, 30: {70, 40, 10, 0}, 50: {50, 0}, 100: {0}} {
		if diff := cmp.Diff(want, returnStepsOf(step)); diff != "" {
			t.Errorf("returnStepsOf(%d) (-want +got):\n%s", step, diff)
		}
	}
}

func TestIntervals(t *testing.T) {
	for s, want := range map[string]time.Duration{"": time.Minute, "30s": 30 * time.Second, "2m": 2 * time.Minute, "1s": 10 * time.Second, "1m30s": 90 * time.Second} {
		if got, err := intervalOf(s); err != nil || got != want {
			t.Errorf("intervalOf(%q) = %s, %v, want %s", s, got, err, want)
		}
	}
}

func TestWhatIsRefused(t *testing.T) {
	tests := map[string]struct {
		edit func(*flaggerv1.CanarySpec)
		want string
	}{
		"another provider":         {func(s *flaggerv1.CanarySpec) { s.Provider = "linkerd" }, `provider "linkerd" is not supported`},
		"a StatefulSet":            {func(s *flaggerv1.CanarySpec) { s.TargetRef.Kind = "StatefulSet" }, `target kind "StatefulSet" is not supported`},
		"a Service without a mesh": {func(s *flaggerv1.CanarySpec) { s.TargetRef.Kind, s.Provider = "Service", "kubernetes" }, "use provider istio"},
		"a primary as the target":  {func(s *flaggerv1.CanarySpec) { s.TargetRef.Name = "podinfo-primary" }, "is the name of a primary"},
		"A/B testing over TCP": {func(s *flaggerv1.CanarySpec) {
			s.Service.AppProtocol, s.Analysis.Iterations, s.Analysis.Match = "TCP", 5, []flaggerv1.AnalysisMatch{{}}
		}, "remove analysis.match"},
		"mirroring over TCP":       {func(s *flaggerv1.CanarySpec) { s.Service.AppProtocol, s.Analysis.Mirror = "tcp", true }, "analysis.mirror copies HTTP requests"},
		"mirroring without a mesh": {func(s *flaggerv1.CanarySpec) { s.Provider, s.Analysis.Mirror = "kubernetes", true }, "analysis.mirror needs a mesh"},
		"affinity over TCP": {func(s *flaggerv1.CanarySpec) {
			s.Service.AppProtocol, s.Analysis.SessionAffinity = "tcp", &flaggerv1.SessionAffinity{}
		}, "HTTP cookies"},
		"affinity without a mesh": {func(s *flaggerv1.CanarySpec) {
			s.Provider, s.Analysis.SessionAffinity = "kubernetes", &flaggerv1.SessionAffinity{}
		}, "sessionAffinity needs a mesh"},
		"a match that never matches": {func(s *flaggerv1.CanarySpec) {
			s.Analysis.Match = []flaggerv1.AnalysisMatch{{Headers: map[string]flaggerv1.StringMatch{"x": {Regex: "("}}}}
		}, `analysis.match: the regex "("`},
		"an interval that is no duration":  {func(s *flaggerv1.CanarySpec) { s.Analysis.Interval = "5min" }, `analysis.interval "5min" is not a duration`},
		"no steps":                         {func(s *flaggerv1.CanarySpec) { s.Analysis.StepWeight = 0 }, "has no steps"},
		"equal neighbours among the steps": {func(s *flaggerv1.CanarySpec) { s.Analysis.StepWeight, s.Analysis.StepWeights = 0, []int{10, 10} }, "10 comes after 10"},
		"a step above 100":                 {func(s *flaggerv1.CanarySpec) { s.Analysis.StepWeight, s.Analysis.StepWeights = 0, []int{10, 101} }, "within 1 to 100"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := translate(spec(tc.edit), Defaults{}, rollout.Barriers{})
			if !errors.Is(err, kube.ErrRefused) || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("translate() = %v, want a refusal with %q", err, tc.want)
			}
		})
	}
}
