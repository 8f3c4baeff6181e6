package controller_test

import (
	"context"
	"testing"
	"time"

	istiov1 "istio.io/client-go/pkg/apis/networking/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
)

func reverting(c *flaggerv1.Canary) { c.Spec.RevertOnDeletion = true }

// delete deletes the Canary and reconciles until it is gone.
func (w *world) delete() {
	w.t.Helper()
	if err := w.api.Delete(context.Background(), w.canary()); err != nil {
		w.t.Fatal(err)
	}
	for range 100 {
		wake := w.pass()
		w.kubelet()
		err := w.api.Get(context.Background(), key("podinfo"), &flaggerv1.Canary{})
		if apierrors.IsNotFound(err) {
			return
		}
		w.now = w.now.Add(max(wake, 100*time.Millisecond))
	}
	w.t.Fatalf("the Canary is never let go: %s", w.canary().Status.Message)
}

// handedBack fails the test unless users reach the target alone.
func (w *world) handedBack() {
	w.t.Helper()
	if got := *w.deployment("podinfo").Spec.Replicas; got != 2 {
		w.t.Errorf("the target has %d replicas, want the primary's 2", got)
	}
	apex := &corev1.Service{}
	if err := w.api.Get(context.Background(), key("podinfo"), apex); err != nil {
		w.t.Fatal(err)
	}
	if got := apex.Spec.Selector["app"]; got != "podinfo" {
		w.t.Errorf("the apex selects app=%s, want the target", got)
	}
	vs := &istiov1.VirtualService{}
	if err := w.api.Get(context.Background(), key("podinfo"), vs); err != nil {
		w.t.Fatal(err)
	}
	for _, d := range vs.Spec.Http[0].Route {
		if d.Destination.Host != "podinfo" {
			w.t.Errorf("the route still names %s", d.Destination.Host)
		}
	}
}

func TestADeletedCanaryHandsItsApplicationBack(t *testing.T) {
	w := newWorld(t, reverting)
	initialise(w)
	w.delete()
	w.handedBack()
}

func TestEveryWriteOfAHandoverIsACrashPoint(t *testing.T) {
	play := func(at int, kind fault) *world {
		w := newWorld(t, reverting)
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
