package e2e

import (
	"slices"
	"testing"
	"time"

	"github.com/linnet-delivery/linnet/e2e/framework"
	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
)

// iterations makes the plan blue/green, or A/B testing where there is a match.
func iterations(n int) func(*flaggerv1.Canary) {
	return func(c *flaggerv1.Canary) { c.Spec.Analysis.StepWeights, c.Spec.Analysis.Iterations = nil, n }
}

func mirrored(c *flaggerv1.Canary) { c.Spec.Analysis.Mirror = true }

// untried lets an analysis pass in which the canary had no request: nobody calls it before it is given traffic.
func untried(c *flaggerv1.Canary) { c.Spec.Analysis.OnNoData = flaggerv1.NoDataPass }

func insiders(c *flaggerv1.Canary) {
	c.Spec.Analysis.Match = []flaggerv1.AnalysisMatch{{
		Headers: map[string]flaggerv1.StringMatch{"x-canary": {Exact: "insider"}},
	}}
}

func asInsider(c *framework.LoadConfig) { c.Header = []string{"X-Canary: insider"} }

func TestStrategiesPromoteWithoutLosingARequest(t *testing.T) {
	for name, s := range map[string]struct {
		edits []func(*flaggerv1.Canary)
		way   []int
	}{
		"mirror":     {[]func(*flaggerv1.Canary){mirrored}, wholeWay},
		"blue-green": {[]func(*flaggerv1.Canary){iterations(2), untried}, []int{0, 100, 0}},
		"mirror-bg":  {[]func(*flaggerv1.Canary){iterations(2), mirrored}, []int{0, 100, 0}},
		"step-back": {
			[]func(*flaggerv1.Canary){framework.Steps(50), func(c *flaggerv1.Canary) { c.Spec.Analysis.StepWeightPromotion = 50 }},
			[]int{0, 50, 100, 50, 0},
		},
		"delegation": {[]func(*flaggerv1.Canary){delegated}, wholeWay},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newApp(t, name)
			a.deploy(framework.WithoutGrace)
			if name == "delegation" {
				a.create(framework.RootRoute(a.namespace))
			}
			a.declare(append(s.edits, onlySuccess)...) // how fast it is depends on the tests beside it
			a.rest(3 * time.Second)                    // until the gateway knows the route
			a.offer(*rate)
			a.rest(3 * time.Second)
			shipped := a.ship("6.0.1")
			a.untilPromoted(shipped, "6.0.1")
			a.rest(3 * time.Second)
			a.lostNothing()
			if got := a.weights(shipped); !slices.Equal(got, s.way) {
				a.Errorf("the canary's shares were %v, want %v", got, s.way)
			}
			a.drained(shipped)
		})
	}
}

// delegated leaves hosts and gateways to a VirtualService of the user's.
func delegated(c *flaggerv1.Canary) {
	c.Spec.Service.Delegation, c.Spec.Service.Hosts, c.Spec.Service.Gateways = true, nil, nil
}

// Copies of requests find a bad version before any user meets it.
func TestMirroringShowsUsersThePrimaryAlone(t *testing.T) {
	for name, edits := range map[string][]func(*flaggerv1.Canary){
		"mirror-bad":    {mirrored, onlySuccess},
		"mirror-bg-bad": {iterations(3), mirrored, onlySuccess},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newApp(t, name)
			a.deploy()
			a.declare(edits...)
			a.offer(*rate)
			a.rest(3 * time.Second)
			shipped := a.ship("6.0.9-errors")
			failed := a.until(toEnd, shipped, "the rollback", framework.InPhase(flaggerv1.PhaseFailed))
			a.until(toEnd, failed.At, "the canary to be stopped", framework.Stopped)
			tally := a.lostNothing()
			if w := tally.All().Side(framework.Canary); w.Requests != 0 {
				a.Errorf("the canary answered %d users, want none", w.Requests)
			}
			a.explains(failed, shipped, flaggerv1.MetricRequestSuccessRate)
		})
	}
}

func TestStrategiesRollBackOnRealTraffic(t *testing.T) {
	for name, edits := range map[string][]func(*flaggerv1.Canary){
		"bg-bad":         {iterations(1), untried, onlySuccess, framework.Threshold(1)},
		"delegation-bad": {delegated, onlySuccess, framework.Threshold(1)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newApp(t, name)
			a.deploy()
			if name == "delegation-bad" {
				a.create(framework.RootRoute(a.namespace))
			}
			a.declare(edits...)
			a.rest(3 * time.Second) // until the gateway knows the route
			a.offer(*rate)
			a.rest(3 * time.Second)
			shipped := a.ship("6.0.9-errors")
			failed := a.until(toEnd, shipped, "the rollback", framework.InPhase(flaggerv1.PhaseFailed))
			a.until(toEnd, failed.At, "the canary to be stopped", framework.Stopped)
			a.rest(3 * time.Second)
			a.lostOnlyOn("6.0.9")
			a.drained(shipped)
		})
	}
}

func TestABTestingGivesTheCanaryOnlyThoseWhoMatch(t *testing.T) {
	for name, e := range map[string]ending{
		"ab":     {"6.0.1", flaggerv1.PhaseSucceeded},
		"ab-bad": {"6.0.9-errors", flaggerv1.PhaseFailed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newApp(t, name)
			a.deploy(framework.WithoutGrace)
			a.declare(iterations(2), insiders, onlySuccess)
			a.offer(*rate / 2)
			chosen := a.callers(*rate/2, asInsider)
			a.rest(3 * time.Second)
			shipped := a.ship(e.version)
			// When the test ends well, everybody meets the canary while the primary is updated.
			over := a.until(toEnd, shipped, "the end of the test", func(v framework.View) bool {
				return v.Route.Canary == 100 || v.At.After(shipped) && v.Phase() == flaggerv1.PhaseFailed
			})
			end := a.untilEnded(shipped, e)
			a.rest(3 * time.Second)
			others, matched := a.load.Stop(), chosen.Stop()

			if w := others.Between(shipped, over.At).Side(framework.Canary); w.Requests != 0 {
				a.Errorf("the canary answered %d users who do not match, want none", w.Requests)
			}
			if w := matched.Between(shipped, over.At).Side(framework.Canary); w.Requests == 0 {
				a.Error("the canary answered nobody who matches")
			}
			if w := others.All(); w.Failed != 0 {
				a.Errorf("lost requests of those who do not match: %s", w)
			}
			a.onlyOn(matched, framework.VersionOf(framework.Image(e.version)), e.fails())
			a.Logf("%.1f s; %s; who match: %s", end.At.Sub(shipped).Seconds(), others.All(), matched.All().Answered())
		})
	}
}

// lostOnlyOn ends the load and fails the test when a request was lost that the bad version did not answer itself.
func (a *app) lostOnlyOn(version string) {
	a.Helper()
	a.onlyOn(a.load.Stop(), version, true)
}

// onlyOn fails the test when a request failed, but for those that the version answered itself, if it is bad.
func (a *app) onlyOn(tally *framework.Tally, version string, bad bool) {
	a.Helper()
	for _, s := range tally.Select(framework.Sample.Failed) {
		if !bad || s.Code != 500 || s.Version != version {
			a.Errorf("lost: %s", framework.WindowOf([]framework.Sample{s}))
		}
	}
}
