package e2e

import (
	"slices"
	"testing"
	"time"

	"github.com/linnet-delivery/linnet/e2e/framework"
)

// The way of a release whose plan is 10 % and 50 %, and whose primary is updated without traffic.
var wholeWay = []int{0, 10, 50, 100, 0}

func TestAGoodVersionIsPromotedWithoutLosingARequest(t *testing.T) {
	t.Parallel()
	a := newApp(t, "good")
	a.deploy(framework.WithoutGrace)
	a.declare()
	a.offer(*rate)
	a.rest(3 * time.Second)

	shipped := a.ship("6.0.1")
	_, afterReady := a.firstShift(shipped, "6.0.1")
	end := a.untilPromoted(shipped, "6.0.1")
	a.rest(3 * time.Second)
	tally := a.lostNothing()

	if got := a.weights(shipped); !slices.Equal(got, wholeWay) {
		a.Errorf("the canary's shares were %v, want %v", got, wholeWay)
	}
	if got := rolls(end); got != "2" {
		a.Errorf("the primary has had %s templates, want 2: the first and the promoted one", got)
	}
	a.drained(shipped)
	for _, r := range tally.Between(end.At, time.Time{}).Responders() {
		if want := (framework.Responder{Side: framework.Primary, Version: "6.0.1"}); r != want {
			a.Errorf("after the release %s answered, want only %s", r, want)
		}
	}
	whole := end.At.Sub(shipped)
	a.Logf("first share %.1f s after the pods were ready (promised: 2 s); whole release %.1f s, %.1f s beyond its 2 analyses",
		afterReady.Seconds(), whole.Seconds(), (whole - 20*time.Second).Seconds())
}

// An application that takes load through the user's own Service and VirtualService is taken over.
func TestACanaryIsDeclaredForAnApplicationUnderLoad(t *testing.T) {
	t.Parallel()
	a := newApp(t, "takeover")
	a.deploy(framework.WithoutGrace)
	a.create(framework.OwnService(a.namespace), framework.OwnRoute(a.namespace))
	a.until(toStart, time.Time{}, "the application's pods to be ready", framework.PodsReady("6.0.0"))
	a.rest(3 * time.Second) // until the gateway knows the route
	a.offer(*rate)
	a.rest(3 * time.Second)

	declared := time.Now()
	a.declare()
	a.rest(3 * time.Second)
	tally := a.lostNothing()

	a.drained(a.routed(declared))
	if got := tally.Between(declared, time.Time{}).Side(framework.Primary).Requests; got == 0 {
		a.Error("the primary answered no request after the take-over")
	}
	a.Logf("taken over in %.1f s", a.release.Last().At.Sub(declared).Seconds())
}

// routed returns when the route first sent all traffic to the primary.
func (a *app) routed(from time.Time) time.Time {
	a.Helper()
	return a.until(toStart, from, "the route to the primary", framework.CanaryAt(0)).At
}
