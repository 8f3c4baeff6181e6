package controller_test

import (
	"context"
	"testing"

	istiov1 "istio.io/client-go/pkg/apis/networking/v1"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
)

// setRoute gives the canary a share of the route behind the controller's back.
func (w *world) setRoute(canary int32) {
	w.t.Helper()
	vs := &istiov1.VirtualService{}
	if err := w.api.Get(context.Background(), key("podinfo"), vs); err != nil {
		w.t.Fatal(err)
	}
	for _, d := range vs.Spec.Http[len(vs.Spec.Http)-1].Route {
		if d.Weight = 100 - canary; d.Destination.Host == "podinfo-canary" {
			d.Weight = canary
		}
	}
	if err := w.api.Update(context.Background(), vs); err != nil {
		w.t.Fatal(err)
	}
}

// While traffic returns step by step, somebody sends all of it to the primary: the promotion ends
// nonetheless, and every share that is left is one of the plan.
func TestAWayBackThatSomebodyCutShortEnds(t *testing.T) {
	w := newWorld(t, func(c *flaggerv1.Canary) { c.Spec.Analysis.StepWeightPromotion = 30 })
	initialise(w)
	w.ship("podinfo:2")
	w.until("traffic on its way back", func(c *flaggerv1.Canary, _ bool) bool { return c.Status.Stage == "Return" })
	w.setRoute(0)
	w.run("promoted", inPhase(flaggerv1.PhaseSucceeded))
	if w.rolls != 2 || w.route() != 0 {
		t.Errorf("the primary was rolled %d times and the canary has %d %%, want twice and nothing", w.rolls, w.route())
	}
}

// A looser definition of Canaries than ours lets one through that has no analysis at all. It is
// refused, or released without one where that is asked for; the controller survives both.
func TestACanaryWithoutAnAnalysis(t *testing.T) {
	t.Run("is refused", func(t *testing.T) {
		w := newWorld(t, func(c *flaggerv1.Canary) { c.Spec.Analysis = flaggerv1.CanaryAnalysis{} })
		w.until("stalled", stalledBecause("InvalidSpec"))
	})
	t.Run("is released when none is wanted", func(t *testing.T) {
		w := newWorld(t, func(c *flaggerv1.Canary) {
			c.Spec.SkipAnalysis, c.Spec.Analysis = true, flaggerv1.CanaryAnalysis{}
		})
		initialise(w)
		promote(w)
		if w.rolls != 2 {
			t.Errorf("the primary was rolled %d times, want twice", w.rolls)
		}
	})
}

// Cookies are derived from the revision and kept in the status: a controller that begins anew in
// mid-run hands out the same ones.
func TestCookiesSurviveANewProcess(t *testing.T) {
	w := newWorld(t, sticky)
	initialise(w)
	w.ship("podinfo:2")
	w.until("the first step", atWeight(50))
	before := w.canary().Status
	w.start()
	for range 3 {
		w.pass()
	}
	after := w.canary().Status
	if before.SessionAffinityCookie == "" || before.PrimarySessionAffinityCookie == "" {
		t.Fatalf("no cookies at weight %d", before.CanaryWeight)
	}
	if after.SessionAffinityCookie != before.SessionAffinityCookie || after.PrimarySessionAffinityCookie != before.PrimarySessionAffinityCookie {
		t.Errorf("the cookies changed from %s and %s to %s and %s", before.SessionAffinityCookie, before.PrimarySessionAffinityCookie,
			after.SessionAffinityCookie, after.PrimarySessionAffinityCookie)
	}
}
