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

// delete deletes the Canary and reconciles until it is gone.
func (w *world) delete() {
	w.t.Helper()
	if err := w.api.Delete(context.Background(), w.canary()); err != nil {
		w.t.Fatal(err)
	}
	w.now = w.canary().DeletionTimestamp.Time // the API server's clock is not the test's
	for range 500 {
		wake := w.pass()
		w.kubelet()
		err := w.api.Get(context.Background(), key("podinfo"), &flaggerv1.Canary{})
		if apierrors.IsNotFound(err) {
			return
		}
		w.now = w.now.Add(min(max(wake, 100*time.Millisecond), time.Second)) // pods wake it in between
	}
	w.t.Fatalf("the Canary is never let go: %s", w.canary().Status.Message)
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
