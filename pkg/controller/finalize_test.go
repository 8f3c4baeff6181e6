package controller_test

import (
	"context"
	"testing"
	"time"

	istiov1 "istio.io/client-go/pkg/apis/networking/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
)

// delete deletes the Canary, reconciles until it is gone, and returns how long that took.
func (w *world) delete() time.Duration {
	w.t.Helper()
	if err := w.api.Delete(context.Background(), w.canary()); err != nil {
		w.t.Fatal(err)
	}
	w.now = w.canary().DeletionTimestamp.Time // the API server's clock is not the test's
	began := w.now
	for range 500 {
		wake := w.pass()
		w.kubelet()
		err := w.api.Get(context.Background(), key("podinfo"), &flaggerv1.Canary{})
		if apierrors.IsNotFound(err) {
			return w.now.Sub(began)
		}
		w.now = w.now.Add(min(max(wake, 100*time.Millisecond), time.Second)) // pods wake it in between
	}
	w.t.Fatalf("the Canary is never let go: %s", w.canary().Status.Message)
	return 0
}

// handedBack fails the test unless users reach the target alone.
func (w *world) handedBack() {
	w.t.Helper()
	if got := *w.deployment("podinfo").Spec.Replicas; got != 2 {
		w.t.Errorf("the target has %d replicas, want the primary's 2", got)
	}
	if got := w.service("podinfo").Spec.Selector["app"]; got != "podinfo" {
		w.t.Errorf("the apex selects app=%s, want the target", got)
	}
	for _, d := range w.virtualService().Spec.Http[0].Route {
		if d.Destination.Host != "podinfo" {
			w.t.Errorf("the route still names %s", d.Destination.Host)
		}
	}
}

func TestADeletedCanaryHandsItsApplicationBack(t *testing.T) {
	w := newWorld(t)
	initialise(w)
	w.delete()
	w.handedBack()
}

func TestEveryWriteOfAHandoverIsACrashPoint(t *testing.T) {
	play := func(at int, kind fault) *world {
		w := newWorld(t)
		initialise(w)
		w.faults.arm(at, kind)
		w.delete()
		w.handedBack()
		return w
	}
	writes := play(0, 0).faults.writes
	for kind := dieBefore; kind <= timeoutApplied; kind++ {
		for at := 1; at <= writes; at++ {
			play(at, kind)
		}
	}
}

// TestADeletionAtAnyMomentHandsTheApplicationBack lets a Canary live for one pass,
// for two, and so on until its release is over, and then deletes it.
func TestADeletionAtAnyMomentHandsTheApplicationBack(t *testing.T) {
	for name, edits := range map[string][]func(*flaggerv1.Canary){
		"weighted": nil, "A/B": {blueGreen, insiders}, "with cookies": {sticky}, "with revert": {func(c *flaggerv1.Canary) { c.Spec.RevertOnDeletion = true }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for lived, over := 1, false; !over; lived++ {
				w := newWorld(t, edits...)
				over = w.live(lived)
				c, routed := w.canary(), w.route() >= 0
				if took := w.delete(); took > time.Minute {
					t.Errorf("after %d passes, in phase %s: gone after %s", lived, c.Status.Phase, took)
				}
				if routed {
					w.handedBack()
				}
				if t.Failed() {
					t.Fatalf("after %d passes: phase %s, stage %q, weight %d", lived, c.Status.Phase, c.Status.Stage, c.Status.CanaryWeight)
				}
			}
		})
	}
}

// live lets a release run for some passes, and reports whether it was over before.
func (w *world) live(passes int) (over bool) {
	w.t.Helper()
	shipped := false
	for range passes {
		wake := w.pass()
		w.kubelet()
		phase := w.canary().Status.Phase
		if phase == flaggerv1.PhaseInitialized && !shipped {
			w.ship("podinfo:2")
			shipped = true
		}
		if phase == flaggerv1.PhaseSucceeded && wake == 0 {
			return true
		}
		w.now = w.now.Add(min(max(wake, 100*time.Millisecond), time.Second))
	}
	return false
}

// TestAPrimaryThatNobodyCanReplaceIsKept deletes a Canary in mid-run whose target cannot start.
func TestAPrimaryThatNobodyCanReplaceIsKept(t *testing.T) {
	w := newWorld(t)
	initialise(w)
	w.broken["podinfo:2"] = true
	w.ship("podinfo:2")
	w.until("the canary starts", inPhaseAtAnyTime(flaggerv1.PhaseProgressing))
	w.delete()
	if got := w.route(); got != 0 {
		t.Errorf("the canary has %d %% of the route, want the primary to have all", got)
	}
	for _, obj := range []client.Object{w.deployment("podinfo-primary"), w.service("podinfo"), w.service("podinfo-primary"), w.virtualService()} {
		if refs := obj.GetOwnerReferences(); len(refs) > 0 {
			t.Errorf("%T %s has owners %v and goes with the Canary", obj, obj.GetName(), refs)
		}
	}
	if last := w.events[len(w.events)-1]; last.Reason != "PrimaryKept" {
		t.Errorf("the last event is %s, want that the primary was kept", last.Reason)
	}
}

func TestACanaryOfATargetThatIsGoneIsLetGo(t *testing.T) {
	w := newWorld(t)
	initialise(w)
	if err := w.api.Delete(context.Background(), w.deployment("podinfo")); err != nil {
		t.Fatal(err)
	}
	w.delete()
}

func inPhaseAtAnyTime(p flaggerv1.CanaryPhase) func(*flaggerv1.Canary, bool) bool {
	return func(c *flaggerv1.Canary, _ bool) bool { return c.Status.Phase == p }
}

func (w *world) service(name string) *corev1.Service {
	w.t.Helper()
	svc := &corev1.Service{}
	if err := w.api.Get(context.Background(), key(name), svc); err != nil {
		w.t.Fatal(err)
	}
	return svc
}

func (w *world) virtualService() *istiov1.VirtualService {
	w.t.Helper()
	vs := &istiov1.VirtualService{}
	if err := w.api.Get(context.Background(), key("podinfo"), vs); err != nil {
		w.t.Fatal(err)
	}
	return vs
}
