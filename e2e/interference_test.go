package e2e

import (
	"slices"
	"testing"
	"time"

	istiov1 "istio.io/client-go/pkg/apis/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/linnet-delivery/linnet/e2e/framework"
	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
)

// inMidRun brings an application under load to the first step of 6.0.1's release, so that users meet it,
// and returns when it was shipped.
func inMidRun(t *testing.T, name string, perSecond int, edits ...func(*flaggerv1.Canary)) (_ *app, shipped time.Time) {
	t.Helper()
	a := newApp(t, name)
	a.deploy()
	a.declare(edits...)
	a.offer(perSecond)
	shipped = a.ship("6.0.1")
	a.until(toAdvance, shipped, "the first step", framework.CanaryAt(10))
	a.untilAnswered("6.0.1")
	return a, shipped
}

func TestARouteEditedByHandIsPutBackAndThePlanGoesOn(t *testing.T) {
	t.Parallel()
	a, shipped := inMidRun(t, "edited", *rate, onlySuccess)
	a.rest(3 * time.Second)

	edited := time.Now()
	a.patchRoute(types.JSONPatchType, `[
		{"op":"replace","path":"/spec/http/0/route/0/weight","value":0},
		{"op":"replace","path":"/spec/http/0/route/1/weight","value":100}]`)
	seen := a.until(toAdvance, edited, "the edit", framework.CanaryAt(100))
	back := a.until(toAdvance, seen.At, "the route to be put back", framework.CanaryAt(10))
	a.untilPromoted(shipped, "6.0.1")
	a.lostNothing()

	repaired := back.At.Sub(seen.At)
	if got := a.plan(shipped); !slices.Equal(got, wholeWay) {
		a.Errorf("the plan went %v, want %v", got, wholeWay)
	}
	a.Logf("put back after %s (promised: 1 s)", repaired.Round(time.Millisecond))
}

func TestMarksOfAnotherToolOnTheRouteStayAndChangeNothing(t *testing.T) {
	t.Parallel()
	a, shipped := inMidRun(t, "marked", *rate, onlySuccess)
	a.rest(3 * time.Second)

	a.patchRoute(types.MergePatchType,
		`{"metadata":{"labels":{"tool.example.com/owner":"them"},"annotations":{"tool.example.com/note":"hands off"}}}`)
	end := a.untilPromoted(shipped, "6.0.1")
	a.lostNothing()

	vs := end.VirtualService
	if vs.Labels["tool.example.com/owner"] != "them" || vs.Annotations["tool.example.com/note"] != "hands off" {
		a.Errorf("the marks are gone: labels %v, annotations %v", vs.Labels, vs.Annotations)
	}
	if got := a.weights(shipped); !slices.Equal(got, wholeWay) {
		a.Errorf("the canary's shares were %v, want %v", got, wholeWay)
	}
}

// patchRoute changes the application's VirtualService as somebody else would.
func (a *app) patchRoute(kind types.PatchType, patch string) {
	a.Helper()
	vs := &istiov1.VirtualService{ObjectMeta: metav1.ObjectMeta{Namespace: a.namespace, Name: framework.App}}
	a.must(cluster.Patch(a.Context(), vs, client.RawPatch(kind, []byte(patch))))
}

func TestARevisionPushedInMidRunGetsNoRequestBeforeItsOwnFirstStep(t *testing.T) {
	t.Parallel()
	a, _ := inMidRun(t, "pushed", *rate, onlySuccess)
	a.until(toAdvance, time.Time{}, "the second step", framework.CanaryAt(50))
	a.rest(3 * time.Second)

	pushed := a.ship("6.0.2")
	left := a.until(toAdvance, pushed, "traffic to leave the canary", framework.CanaryAt(0))
	shift, _ := a.firstShift(left.At, "6.0.2")
	a.untilPromoted(left.At, "6.0.2")
	tally := a.lostNothing()

	early := framework.WindowOf(tally.Select(func(s framework.Sample) bool {
		return s.Version == "6.0.2" && s.Began.Before(shift.Add(-noticed))
	}))
	if early.Sent != 0 {
		a.Errorf("6.0.2 answered %d requests before its first step: %s", early.Sent, early)
	}
	if got, want := a.plan(pushed), append([]int{50}, wholeWay...); !slices.Equal(got, want) {
		a.Errorf("the plan went %v after the push, want %v", got, want)
	}
	a.Logf("traffic left the canary %s after the push", left.At.Sub(pushed).Round(time.Millisecond))
}

// noticed is how much later than the gateway the tests may see a change of the route.
const noticed = 500 * time.Millisecond

// onlySuccess judges by the success rate alone: how fast answers are depends on what else two cores have to do.
func onlySuccess(c *flaggerv1.Canary) {
	c.Spec.Analysis.Metrics = []flaggerv1.CanaryMetric{framework.SuccessRate(99, "10s")}
}
