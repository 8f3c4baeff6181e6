package controller_test

import (
	"context"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/kube"
)

func atWeight(n int) func(*flaggerv1.Canary, bool) bool {
	return func(c *flaggerv1.Canary, _ bool) bool { return c.Status.CanaryWeight == n }
}

func stalledBecause(reason string) func(*flaggerv1.Canary, bool) bool {
	return func(c *flaggerv1.Canary, _ bool) bool {
		cond := meta.FindStatusCondition(c.Status.Conditions, flaggerv1.ConditionStalled)
		return cond != nil && cond.Status == metav1.ConditionTrue && cond.Reason == reason
	}
}

func TestATargetDeletedInMidRunLosesItsTrafficAndMayComeBack(t *testing.T) {
	w := newWorld(t)
	initialise(w)
	w.ship("podinfo:2")
	w.until("the first step", atWeight(20))

	if err := w.api.Delete(context.Background(), w.deployment("podinfo")); err != nil {
		t.Fatal(err)
	}
	w.until("stalled", stalledBecause("TargetNotFound"))
	if got := w.route(); got != 0 {
		t.Errorf("the canary still has %d %% of the route", got)
	}
	apex := &corev1.Service{}
	if err := w.api.Get(context.Background(), key("podinfo"), apex); err != nil {
		t.Fatal(err)
	}
	if got := apex.Spec.Selector["app"]; got != kube.PrimaryName("podinfo") {
		t.Errorf("the apex selects app=%s, want the primary", got)
	}
	if c := w.canary(); !strings.Contains(c.Status.Message, "podinfo") {
		t.Errorf("the message names no target: %s", c.Status.Message)
	}

	back := deployment("podinfo:2")
	back.UID = "another"
	if err := w.api.Create(context.Background(), back); err != nil {
		t.Fatal(err)
	}
	w.run("promoted", inPhase(flaggerv1.PhaseSucceeded))
	if w.rolls != 2 {
		t.Errorf("the primary was rolled %d times, want 2", w.rolls)
	}
}

func TestASpecThatIsRefusedInMidRunLosesItsTrafficAndMayBeMended(t *testing.T) {
	w := newWorld(t)
	initialise(w)
	w.ship("podinfo:2")
	w.until("the first step", atWeight(20))
	edit := func(interval string) {
		c := w.canary()
		c.Spec.Analysis.Interval = interval
		c.Generation++
		if err := w.api.Update(context.Background(), c); err != nil {
			t.Fatal(err)
		}
	}
	edit("5min")
	w.until("stalled", stalledBecause("InvalidSpec"))
	if got := w.route(); got != 0 {
		t.Errorf("the canary still has %d %% of the route", got)
	}
	edit("20s")
	w.run("promoted", inPhase(flaggerv1.PhaseSucceeded))
}

func TestTheYoungerOfTwoCanariesOfOneTargetIsRefused(t *testing.T) {
	w := newWorld(t)
	initialise(w)
	twin := canary()
	twin.Name, twin.UID = "podinfo-twin", "twin-uid"
	if err := w.api.Create(context.Background(), twin); err != nil {
		t.Fatal(err)
	}
	before := w.faults.writes
	w.reconcile("podinfo-twin")
	c := &flaggerv1.Canary{}
	if err := w.api.Get(context.Background(), key("podinfo-twin"), c); err != nil {
		t.Fatal(err)
	}
	if !stalledBecause("Refused")(c, true) || !strings.Contains(c.Status.Message, "already released by Canary podinfo") {
		t.Errorf("the twin is not refused: %s %v", c.Status.Message, c.Status.Conditions)
	}
	if got := w.faults.writes - before; got != 1 {
		t.Errorf("%d writes for a refused Canary, want its status alone", got)
	}
}
