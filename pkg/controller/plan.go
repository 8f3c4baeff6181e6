package controller

import (
	"slices"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/rollout"
)

// defaultIterations is how often a canary without a mesh is tried where the
// Canary asks for steps that only a mesh could take.
const defaultIterations = 10

// planOf returns the stops of the Canary's strategy: weighted steps, blue/green
// or A/B testing. Plain Services move all traffic or none, so without a mesh
// every strategy is blue/green.
func planOf(c *flaggerv1.Canary, provider string) ([]rollout.Step, error) {
	a := c.Spec.Analysis
	if err := shareable(c, provider); err != nil {
		return nil, err
	}
	switch {
	case provider == flaggerv1.ProviderKubernetes && a.Iterations < 1:
		return blueGreen(defaultIterations, false), nil
	case provider == flaggerv1.ProviderKubernetes:
		return blueGreen(a.Iterations, false), nil
	case a.Iterations > 0 && len(a.Match) > 0:
		return []rollout.Step{{
			Traffic: rollout.Traffic{Matched: true}, Analyses: a.Iterations, Gate: rollout.AskConfirmTraffic,
		}}, nil
	case a.Iterations > 0:
		return blueGreen(a.Iterations, a.Mirror), nil
	}
	return weighted(c)
}

// shareable refuses ways of sharing requests out that the application or the provider has not.
func shareable(c *flaggerv1.Canary, provider string) error {
	a := c.Spec.Analysis
	switch tcp := c.Spec.Service.IsTCP(); {
	case provider == flaggerv1.ProviderKubernetes && a.Mirror:
		return refuse("analysis.mirror needs a mesh, and provider kubernetes has none: remove it")
	case provider == flaggerv1.ProviderKubernetes && a.SessionAffinity != nil:
		return refuse("analysis.sessionAffinity needs a mesh, and provider kubernetes has none: remove it")
	case tcp && len(a.Match) > 0 && a.Iterations > 0:
		return refuse("A/B testing looks at HTTP requests, and service.appProtocol is tcp: remove analysis.match")
	case tcp && a.Mirror:
		return refuse("analysis.mirror copies HTTP requests, and service.appProtocol is tcp: remove it")
	case tcp && a.SessionAffinity != nil:
		return refuse("analysis.sessionAffinity uses HTTP cookies, and service.appProtocol is tcp: remove it")
	}
	return nil
}

// blueGreen tries the canary without traffic of its own, then gives it all
// requests at once and judges it once more on those.
func blueGreen(iterations int, mirror bool) []rollout.Step {
	return []rollout.Step{
		{Traffic: rollout.Traffic{Mirror: mirror}, Analyses: iterations},
		{Traffic: rollout.Traffic{Canary: 100}, Gate: rollout.AskConfirmPromotion},
	}
}

// asksAboutTraffic reports whether any step of the plan is one that the gates of
// traffic are about: blue/green has none, and asks the gates of promotion alone.
func asksAboutTraffic(steps []rollout.Step) bool {
	return len(steps) == 0 || slices.ContainsFunc(steps, func(s rollout.Step) bool { return s.Gate == rollout.AskConfirmTraffic })
}

// weighted returns the steps of stepWeight or stepWeights, after a trial on
// mirrored requests where the Canary asks for one.
func weighted(c *flaggerv1.Canary) ([]rollout.Step, error) {
	weights, err := weightsOf(c)
	if err != nil {
		return nil, err
	}
	var steps []rollout.Step
	if c.Spec.Analysis.Mirror && len(weights) > 0 {
		steps = append(steps, rollout.Step{Traffic: rollout.Traffic{Mirror: true}})
	}
	for _, w := range weights {
		steps = append(steps, rollout.Step{Traffic: rollout.Traffic{Canary: w}, Gate: rollout.AskConfirmTraffic})
	}
	return steps, nil
}

// weightsOf returns the canary weights to visit. maxWeight is where stepping
// stops, not a ceiling: 30 up to 50 visits 30 and 60.
func weightsOf(c *flaggerv1.Canary) ([]int, error) {
	a := c.Spec.Analysis
	if a.StepWeight > 0 {
		return ladder(a.StepWeight, a.MaxWeight), nil
	}
	last := 0
	for _, w := range a.StepWeights {
		if w <= last || w > 100 {
			return nil, refuse("analysis.stepWeights must rise from step to step, within 1 to 100: %d comes after %d", w, last)
		}
		last = w
	}
	if len(a.StepWeights) == 0 && !c.Spec.SkipAnalysis {
		return nil, refuse("the analysis has no steps: set analysis.stepWeight, analysis.stepWeights or analysis.iterations")
	}
	return a.StepWeights, nil
}

func ladder(step, maximum int) []int {
	if maximum <= 0 || maximum > 100 {
		maximum = 100
	}
	var steps []int
	for w := step; ; w += step {
		steps = append(steps, min(w, 100))
		if w >= maximum {
			return steps
		}
	}
}
