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
		"another provider":        {func(s *flaggerv1.CanarySpec) { s.Provider = "linkerd" }, `provider "linkerd" is not supported`},
		"a DaemonSet":             {func(s *flaggerv1.CanarySpec) { s.TargetRef.Kind = "DaemonSet" }, `target kind "DaemonSet" is not supported`},
		"a primary as the target": {func(s *flaggerv1.CanarySpec) { s.TargetRef.Name = "podinfo-primary" }, "is the name of a primary"},
		"blue/green":              {func(s *flaggerv1.CanarySpec) { s.Analysis.Iterations = 5 }, "blue/green"},
		"A/B testing": {func(s *flaggerv1.CanarySpec) {
			s.Analysis.Iterations = 5
			s.Analysis.Match = []flaggerv1.AnalysisMatch{{}}
		}, "A/B testing"},
		"session affinity":                 {func(s *flaggerv1.CanarySpec) { s.Analysis.SessionAffinity = &flaggerv1.SessionAffinity{} }, "sessionAffinity"},
		"mirroring":                        {func(s *flaggerv1.CanarySpec) { s.Analysis.Mirror = true }, "mirror"},
		"TCP":                              {func(s *flaggerv1.CanarySpec) { s.Service.AppProtocol = "TCP" }, "TCP routes"},
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
