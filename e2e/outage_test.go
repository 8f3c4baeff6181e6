package e2e

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/linnet-delivery/linnet/e2e/framework"
	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
)

// These tests run alone: what they take away, all others need as well.

func TestTheControllerIsKilledInEachPhase(t *testing.T) {
	a := newApp(t, "killed")
	a.deploy()
	declared := time.Now()
	a.create(framework.NewCanary(a.namespace, onlySuccess))
	a.killAt(declared, "the primary's first pods", func(v framework.View) bool {
		return v.Phase() == flaggerv1.PhaseInitializing && v.Primary != nil
	})
	a.initialised(declared)
	a.offer(*rate)

	shipped := a.ship("6.0.1")
	for _, moment := range killMoments {
		a.killAt(shipped, moment.what, moment.fits)
	}
	end := a.untilPromoted(shipped, "6.0.1")
	a.rest(3 * time.Second)
	a.lostNothing()

	if got := a.plan(shipped); !slices.Equal(got, wholeWay) {
		a.Errorf("the plan went %v, want %v", got, wholeWay)
	}
	if got := rolls(end); got != "2" {
		a.Errorf("the primary has had %s templates, want 2: the promoted one once", got)
	}
	a.drained(shipped)
}

var killMoments = []struct {
	what string
	fits func(framework.View) bool
}{
	{"Progressing, pods starting", framework.InPhase(flaggerv1.PhaseProgressing)},
	{"Progressing, at the first step", framework.CanaryAt(10)},
	{"Promoting, traffic away from the primary", framework.CanaryAt(100)},
	{"Promoting, the primary rolling", func(v framework.View) bool { return framework.ImageOf(v.Primary) == framework.Image("6.0.1") }},
	{"Finalising", framework.InPhase(flaggerv1.PhaseFinalising)},
}

// killAt kills Linnet as soon as a moment has come, and waits for a new one to run.
func (a *app) killAt(from time.Time, moment string, fits func(framework.View) bool) {
	a.Helper()
	a.until(toAdvance, from, moment, fits)
	killed := time.Now()
	ctx, cancel := context.WithTimeout(a.Context(), toStart)
	defer cancel()
	a.must(cluster.KillController(ctx))
	a.Logf("killed at %q, a new one ran after %.1f s", moment, time.Since(killed).Seconds())
}

func TestIstiodIsAwayForTwentySeconds(t *testing.T) {
	a, shipped := inMidRun(t, "istiod", *rate, onlySuccess)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), toStart)
		defer cancel()
		if err := cluster.StartMeshControl(ctx); err != nil {
			t.Error(err)
		}
	})
	a.must(cluster.StopMeshControl(a.Context()))
	a.rest(20 * time.Second)
	a.must(cluster.StartMeshControl(a.Context()))
	a.untilPromoted(shipped, "6.0.1")
	a.rest(3 * time.Second)
	a.lostNothing()
	a.drained(shipped)
}

func TestPrometheusIsAwayForAMinute(t *testing.T) {
	a, shipped := inMidRun(t, "prometheus", *rate, onlySuccess)
	t.Cleanup(func() { _ = lab.Start(context.Background(), "prometheus") }) // an error only says that it runs
	a.must(lab.Stop(a.Context(), "prometheus"))
	away := time.Now()
	a.rest(time.Minute)
	for _, v := range a.release.Views(away) {
		if v.Route.Canary != 10 || v.Phase() != flaggerv1.PhaseProgressing || v.Canary.Status.FailedChecks != 0 {
			a.Fatalf("not held while Prometheus was away: route %+v, %s", v.Route, framework.Describe(v.Canary))
		}
	}
	a.must(lab.Start(a.Context(), "prometheus"))
	back := time.Now()
	next := a.until(toAdvance, back, "the next step", framework.CanaryAt(50))
	a.untilPromoted(shipped, "6.0.1")
	a.lostNothing()
	a.Logf("went on %.1f s after Prometheus was back", next.At.Sub(back).Seconds())
}
