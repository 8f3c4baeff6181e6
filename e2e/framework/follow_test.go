package framework

import (
	"context"
	"strings"
	"testing"
	"time"

	istioapi "istio.io/api/networking/v1"
	istiov1 "istio.io/client-go/pkg/apis/networking/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
)

func newFollower() *Follower {
	return &Follower{told: map[string]bool{}, changed: make(chan struct{})}
}

func virtualService(primary, canary int32) *istiov1.VirtualService {
	to := func(host string, weight int32) *istioapi.HTTPRouteDestination {
		return &istioapi.HTTPRouteDestination{Destination: &istioapi.Destination{Host: host}, Weight: weight}
	}
	vs := &istiov1.VirtualService{ObjectMeta: metav1.ObjectMeta{Name: App}}
	vs.Spec.Http = []*istioapi.HTTPRoute{
		{Route: []*istioapi.HTTPRouteDestination{to("somebody-else", 100)}},
		{Route: []*istioapi.HTTPRouteDestination{to(App+"-primary", primary), to(App+"-canary", canary)}},
	}
	return vs
}

func canaryIn(phase flaggerv1.CanaryPhase) *flaggerv1.Canary {
	c := NewCanary("test")
	c.Status.Phase, c.Status.Message = phase, "waiting for pods"
	return c
}

func TestAFollowerKeepsStatesThatLastedShortly(t *testing.T) {
	f := newFollower()
	f.saw(watch.Added, canaryIn(flaggerv1.PhaseInitialized))
	mark := time.Now()
	f.saw(watch.Modified, canaryIn(flaggerv1.PhaseProgressing))
	f.saw(watch.Modified, virtualService(90, 10))
	f.saw(watch.Modified, canaryIn(flaggerv1.PhaseFailed))
	v, err := f.Until(t.Context(), mark, "10 % while progressing", func(v View) bool {
		return CanaryAt(10)(v) && InPhase(flaggerv1.PhaseProgressing)(v)
	})
	if err != nil || v.Route != (Route{Known: true, Primary: 90, Canary: 10}) {
		t.Errorf("Until() = %+v, %v", v.Route, err)
	}
	ended, stop := context.WithCancel(t.Context())
	stop()
	if _, err := f.Until(ended, mark, "the past", InPhase(flaggerv1.PhaseInitialized)); err == nil {
		t.Error("Until() found a state from before its start")
	}
}

func TestAWaitEndsAsSoonAsTheStateIsThere(t *testing.T) {
	f := newFollower()
	go func() {
		f.saw(watch.Added, canaryIn(flaggerv1.PhaseProgressing))
		f.saw(watch.Modified, canaryIn(flaggerv1.PhaseSucceeded))
	}()
	v, err := f.Until(t.Context(), time.Time{}, "success", InPhase(flaggerv1.PhaseSucceeded))
	if err != nil || v.Phase() != flaggerv1.PhaseSucceeded {
		t.Errorf("Until() = %q, %v", v.Phase(), err)
	}
}

func TestAWaitInVainSaysWhatForAndWhy(t *testing.T) {
	f := newFollower()
	f.saw(watch.Added, canaryIn(flaggerv1.PhaseProgressing))
	f.heard(watch.Added, note("1", "Halted", "success rate 80 % is below 99 %"))
	ctx, stop := context.WithCancel(t.Context())
	stop()
	_, err := f.Until(ctx, time.Time{}, "the promotion", InPhase(flaggerv1.PhaseSucceeded))
	if err == nil {
		t.Fatal("Until() found what is not there")
	}
	for _, want := range []string{"the promotion", "Progressing", "waiting for pods", "Halted", "80 %"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error lacks %q: %v", want, err)
		}
	}
}

func TestAnEventIsNotedOnceAndOnlyAboutTheCanary(t *testing.T) {
	f := newFollower()
	f.heard(watch.Added, note("1", "Advanced", "to 10 %"))
	f.heard(watch.Modified, note("1", "Advanced", "to 10 %"))
	other := note("2", "Scheduled", "a pod")
	other.Regarding.Kind = "Pod"
	f.heard(watch.Added, other)
	if notes := f.Notes(time.Time{}); len(notes) != 1 || notes[0].Reason != "Advanced" {
		t.Errorf("Notes() = %+v, want one", notes)
	}
}

func TestAnEventThatIsOnlyCountedUpIsNotedAgain(t *testing.T) {
	f := newFollower()
	again := note("1", "Advanced", "to 10 %")
	f.heard(watch.Added, again)
	again = again.DeepCopy()
	again.DeprecatedCount = 2
	f.heard(watch.Modified, again)
	again = again.DeepCopy()
	again.Series = &eventsv1.EventSeries{Count: 3}
	f.heard(watch.Modified, again)
	if notes := f.Notes(time.Time{}); len(notes) != 3 {
		t.Errorf("Notes() has %d, want 3", len(notes))
	}
}

func TestAnObjectThatGoesLeavesTheView(t *testing.T) {
	f := newFollower()
	f.saw(watch.Added, virtualService(100, 0))
	f.saw(watch.Deleted, virtualService(100, 0))
	if v := f.Last(); v.VirtualService != nil || v.Route.Known {
		t.Errorf("the route is still seen: %+v", v.Route)
	}
}

func note(uid, reason, text string) *eventsv1.Event {
	return &eventsv1.Event{
		ObjectMeta: metav1.ObjectMeta{UID: types.UID(uid)},
		Regarding:  corev1.ObjectReference{Kind: flaggerv1.CanaryKind, Name: App},
		Reason:     reason,
		Note:       text,
	}
}

func TestTheVersionIsReadFromTheTag(t *testing.T) {
	for image, want := range map[string]string{
		"lab.local/podinfo:6.0.1":              "6.0.1",
		"lab.local/podinfo:6.0.9-errors":       "6.0.9",
		"registry.local:5000/team/podinfo:1.2": "1.2",
		"podinfo":                              "",
	} {
		if got := VersionOf(image); got != want {
			t.Errorf("VersionOf(%q) = %q, want %q", image, got, want)
		}
	}
}
