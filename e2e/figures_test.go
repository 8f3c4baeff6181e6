package e2e

import (
	"slices"
	"time"

	"github.com/linnet-delivery/linnet/e2e/framework"
)

// drainMin is the least time between the route leaving a side and that side's pods being stopped (D12).
const drainMin = 5 * time.Second

// weights returns the shares of the canary that the route had from a time on, each change once.
func (a *app) weights(from time.Time) []int {
	var weights []int
	for _, v := range a.release.Views(from) {
		if v.Route.Known {
			weights = append(weights, v.Route.Canary)
		}
	}
	return slices.Compact(weights)
}

// plan returns the shares of the canary that Linnet had decided on from a time on, each change once.
func (a *app) plan(from time.Time) []int {
	var weights []int
	for _, v := range a.release.Views(from) {
		if v.Canary != nil {
			weights = append(weights, v.Canary.Status.CanaryWeight)
		}
	}
	return slices.Compact(weights)
}

// firstShift returns when a canary that was shipped at a time got its first share, and how long its pods
// had been ready by then.
func (a *app) firstShift(shipped time.Time, version string) (at time.Time, afterReady time.Duration) {
	a.Helper()
	ready := a.until(toAdvance, shipped, version+"'s pods to be ready", framework.PodsReady(version))
	shift := a.until(toAdvance, shipped, version+"'s first share of traffic", func(v framework.View) bool { return v.Route.Canary > 0 })
	return shift.At, shift.At.Sub(ready.At)
}

// drained fails the test unless the target was told to stop its pods at least the minimum after the route
// had left it for good, counted from a time.
func (a *app) drained(from time.Time) {
	a.Helper()
	var left, stopped time.Time
	for _, v := range a.release.Views(from) {
		switch {
		case v.Route.Canary > 0:
			left, stopped = time.Time{}, time.Time{}
		case left.IsZero():
			left = v.At
		}
		if !left.IsZero() && stopped.IsZero() && v.Target != nil && framework.Replicas(v.Target) == 0 {
			stopped = v.At
		}
	}
	wait := stopped.Sub(left)
	if left.IsZero() || stopped.IsZero() || wait < drainMin-100*time.Millisecond {
		a.Errorf("the canary's pods were stopped %s after the route had left them, want at least %s", wait, drainMin)
	}
	a.Logf("the canary's pods were stopped %.1f s after the route had left them", wait.Seconds())
}

// rolls returns how many templates a view's primary has had.
func rolls(v framework.View) string {
	if v.Primary == nil {
		return "0"
	}
	return v.Primary.Annotations["deployment.kubernetes.io/revision"]
}
