package e2e

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/linnet-delivery/linnet/e2e/framework"
	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
)

func TestAVersionWithErrorsIsRolledBack(t *testing.T) {
	t.Parallel()
	a := newApp(t, "bad")
	a.deploy()
	a.declare(onlySuccess)
	a.offer(*rate)
	shipped := a.ship("6.0.9-errors")
	a.until(toAdvance, shipped, "the first step", framework.CanaryAt(10))
	failed := a.until(toEnd, shipped, "the rollback", framework.InPhase(flaggerv1.PhaseFailed))
	a.until(toEnd, failed.At, "the canary to be stopped", framework.Stopped)
	a.rest(3 * time.Second)
	tally := a.load.Stop()

	for _, s := range tally.Select(framework.Sample.Failed) {
		own := s.Code == http.StatusInternalServerError && s.Side() == framework.Canary && s.Version == "6.0.9"
		if !own {
			a.Errorf("lost besides the bad version's own errors: %s", framework.WindowOf([]framework.Sample{s}))
		}
	}
	a.explains(failed, shipped, flaggerv1.MetricRequestSuccessRate)
	a.drained(shipped)
	w := tally.All()
	a.Logf("rolled back %.1f s after the first bad answer: %d of %d requests failed, all on 6.0.9",
		failed.At.Sub(w.Failures[0].Began).Seconds(), w.Failed, w.Sent)
}

func TestAVersionThatDoesNotStartGetsNoRequest(t *testing.T) {
	for version, reason := range map[string]string{
		"6.0.9-crash":   "CrashLoopBackOff",
		"6.0.9-unready": "ready",
	} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			a := newApp(t, strings.TrimPrefix(version, "6.0.9-"))
			a.deploy()
			a.declare(onlySuccess, func(c *flaggerv1.Canary) {
				deadline := int32(30)
				c.Spec.ProgressDeadlineSeconds = &deadline
			})
			a.offer(*rate / 4)
			shipped := a.ship(version)
			failed := a.until(toEnd, shipped, "the rollback", framework.InPhase(flaggerv1.PhaseFailed))
			a.until(toEnd, failed.At, "the canary to be stopped", framework.Stopped)
			tally := a.lostNothing()

			if w := tally.Between(shipped, time.Time{}).Side(framework.Canary); w.Requests != 0 {
				a.Errorf("the canary got %d requests, want none", w.Requests)
			}
			for _, weight := range a.weights(shipped) {
				if weight != 0 {
					a.Errorf("the route gave the canary %d %%", weight)
				}
			}
			a.explains(failed, shipped, reason)
			a.Logf("Failed %.1f s after the change: %s", failed.At.Sub(shipped).Seconds(), failed.Canary.Status.Message)
		})
	}
}

// explains fails the test unless the Canary itself says why it failed.
func (a *app) explains(v framework.View, since time.Time, reason string) {
	a.Helper()
	if !strings.Contains(framework.Describe(v.Canary), reason) {
		a.Errorf("the Canary's status does not give the reason %q: %s", reason, framework.Describe(v.Canary))
	}
	for _, n := range a.release.Notes(since) {
		if strings.Contains(n.Message, reason) {
			return
		}
	}
	a.Errorf("no Event gives the reason %q:\n%s", reason, a.release.Report(since))
}
