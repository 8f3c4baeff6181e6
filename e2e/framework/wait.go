package framework

import (
	"context"
	"fmt"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
)

// Until returns the first view from a time on that fits. Short-lived states are not
// missed: views that came before the call count as well. When ctx ends first, the error says what
// was waited for, where the release stands and what was said about it.
func (f *Follower) Until(ctx context.Context, from time.Time, what string, fits func(View) bool) (View, error) {
	began, looked := time.Now(), 0
	for {
		changed := f.Changed()
		views := f.Views(from)
		for _, v := range views[looked:] {
			if fits(v) {
				return v, nil
			}
		}
		looked = len(views)
		select {
		case <-ctx.Done():
			return View{}, fmt.Errorf("waited %s for %s: %w\n%s", time.Since(began).Round(time.Second), what, ctx.Err(), f.Report(from))
		case <-changed:
		}
	}
}

// Report says where the release stands and what was said about it since a time.
func (f *Follower) Report(since time.Time) string {
	v := f.Last()
	var b strings.Builder
	fmt.Fprintf(&b, "  Canary: %s\n", Describe(v.Canary))
	fmt.Fprintf(&b, "  route: primary %d, canary %d\n", v.Route.Primary, v.Route.Canary)
	for _, d := range []*appsv1.Deployment{v.Target, v.Primary} {
		if d != nil {
			fmt.Fprintf(&b, "  Deployment %s: %s, %d wanted, %d updated, %d ready\n",
				d.Name, ImageOf(d), Replicas(d), d.Status.UpdatedReplicas, d.Status.ReadyReplicas)
		}
	}
	for _, n := range f.Notes(since) {
		fmt.Fprintf(&b, "  %s %s %s: %s\n", n.At.Format("15:04:05.000"), n.Type, n.Reason, n.Message)
	}
	return b.String()
}

// InPhase fits a view whose Canary is in one of the phases.
func InPhase(phases ...flaggerv1.CanaryPhase) func(View) bool {
	return func(v View) bool {
		for _, p := range phases {
			if v.Phase() == p {
				return true
			}
		}
		return false
	}
}

// CanaryAt fits a view whose route gives the canary just this share.
func CanaryAt(weight int) func(View) bool {
	return func(v View) bool { return v.Route.Known && v.Route.Canary == weight }
}

// Promoted fits a view in which a version was promoted and the release is over.
func Promoted(version string) func(View) bool {
	return func(v View) bool {
		return v.Phase() == flaggerv1.PhaseSucceeded && v.Primary != nil && ImageOf(v.Primary) == Image(version)
	}
}

// PodsReady fits a view in which all of the target's pods run a version and are ready.
func PodsReady(version string) func(View) bool {
	return func(v View) bool {
		d := v.Target
		return d != nil && ImageOf(d) == Image(version) && d.Status.ObservedGeneration == d.Generation &&
			Replicas(d) > 0 && d.Status.UpdatedReplicas == Replicas(d) && d.Status.AvailableReplicas == Replicas(d)
	}
}

// Stopped fits a view in which the target has no pods and is to have none.
func Stopped(v View) bool {
	return v.Target != nil && Replicas(v.Target) == 0 && v.Target.Status.Replicas == 0
}

// ImageOf returns the application's image in a Deployment, empty when there is none.
func ImageOf(d *appsv1.Deployment) string {
	if d != nil {
		for _, c := range d.Spec.Template.Spec.Containers {
			if c.Name == App {
				return c.Image
			}
		}
	}
	return ""
}

// Replicas returns how many pods a Deployment is to have.
func Replicas(d *appsv1.Deployment) int32 {
	if d.Spec.Replicas == nil {
		return 1
	}
	return *d.Spec.Replicas
}
