package controller_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/controller"
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

// flagger returns a Deployment in which Flagger runs with arguments.
func flagger(args ...string) *appsv1.Deployment {
	d := deployment("ghcr.io/fluxcd/flagger:1.44.0")
	d.Namespace, d.Name, d.UID = "flagger-system", "flagger", "flagger-uid"
	d.Spec.Template.Spec.Containers[0].Args = args
	d.Status.ReadyReplicas = 1
	return d
}

func TestLinnetDoesNothingBesideARunningFlagger(t *testing.T) {
	w := newWorld(t)
	rival := flagger("-mesh-provider=istio")
	if err := w.api.Create(context.Background(), rival); err != nil {
		t.Fatal(err)
	}
	rival.Status.ReadyReplicas = 1
	if err := w.api.Status().Update(context.Background(), rival); err != nil {
		t.Fatal(err)
	}
	w.until("refused", stalledBecause("FlaggerRuns"))
	if got := w.faults.writes; got != 1 {
		t.Errorf("%d writes beside a running Flagger, want the status alone", got)
	}
	if m := w.canary().Status.Message; !strings.Contains(m, "kubectl -n flagger-system scale deployment flagger --replicas=0") {
		t.Errorf("the message says not what to do: %s", m)
	}
	if err := w.api.Delete(context.Background(), rival); err != nil {
		t.Fatal(err)
	}
	initialise(w)
}

func TestWhichCanariesAFlaggerLooksAfter(t *testing.T) {
	stopped, other := flagger(), flagger()
	stopped.Status.ReadyReplicas = 0
	other.Spec.Template.Spec.Containers[0].Image = "ghcr.io/fluxcd/flagger-loadtester:0.38"
	digest := flagger("--namespace=shop")
	digest.Spec.Template.Spec.Containers[0].Image = "registry:5000/flagger@sha256:abc"
	for name, tc := range map[string]struct {
		in   *appsv1.Deployment
		want []string
	}{
		"all of them":                 {flagger(), []string{"*"}},
		"those of its namespace":      {flagger("-log-level=info", "-namespace=shop"), []string{"shop"}},
		"an empty namespace is all":   {flagger("-namespace="), []string{"*"}},
		"a namespace of another flag": {flagger("-leader-election-namespace=shop"), []string{"*"}},
		"an image by digest":          {digest, []string{"shop"}},
		"one that is stopped":         {stopped, nil},
		"its load tester":             {other, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if got := controller.FlaggerIn(tc.in); !slices.Equal(got, tc.want) {
				t.Errorf("FlaggerIn() = %v, want %v", got, tc.want)
			}
		})
	}
}
