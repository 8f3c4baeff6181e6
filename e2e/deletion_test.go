package e2e

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	istioapi "istio.io/api/networking/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/linnet-delivery/linnet/e2e/framework"
	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
)

// toLetGo is how long a deleted Canary may stay.
const toLetGo = time.Minute

// forget deletes the Canary and waits until it is gone.
func (a *app) forget() {
	a.Helper()
	from := time.Now()
	a.must(cluster.Delete(a.Context(), framework.NewCanary(a.namespace)))
	a.until(toLetGo, from, "the Canary to be gone", func(v framework.View) bool { return v.Canary == nil })
	a.Logf("gone after %.1f s", time.Since(from).Seconds())
}

// A Canary that is deleted hands its application back without losing a request, whatever it was at.
func TestADeletedCanaryHandsTheApplicationBack(t *testing.T) {
	for name, s := range map[string]struct {
		version string
		until   func(framework.View) bool
		// after is who answers in the end.
		after framework.Responder
	}{
		"idle":      {"", nil, framework.Responder{Side: framework.Canary, Version: "6.0.0"}},
		"mid-run":   {"6.0.1", framework.CanaryAt(50), framework.Responder{Side: framework.Canary, Version: "6.0.1"}},
		"promoting": {"6.0.1", framework.InPhase(flaggerv1.PhasePromoting), framework.Responder{Side: framework.Canary, Version: "6.0.1"}},
		"crashing":  {"6.0.9-crash", framework.InPhase(flaggerv1.PhaseProgressing), framework.Responder{Side: framework.Primary, Version: "6.0.0"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newApp(t, "delete-"+name)
			a.deploy(framework.WithoutGrace)
			a.declare(onlySuccess)
			a.offer(*rate)
			a.rest(3 * time.Second)
			if s.until != nil {
				shipped := a.ship(s.version)
				a.until(toEnd, shipped, "the moment to delete", s.until)
			}
			a.forget()
			a.rest(10 * time.Second)
			end := time.Now()
			a.rest(2 * time.Second)
			tally := a.lostNothing()
			if got := tally.Between(end, time.Time{}).Responders(); !slices.Equal(got, []framework.Responder{s.after}) {
				a.Errorf("in the end %v answer, want %s", got, s.after)
			}
		})
	}
}

// What was there before the Canary is there again after it, field by field, and what others added stays.
func TestAnAdoptedRouteIsGivenBackAsItWas(t *testing.T) {
	t.Parallel()
	a := newApp(t, "giveback")
	a.deploy(framework.WithoutGrace)
	service, route := framework.OwnService(a.namespace), framework.OwnRoute(a.namespace)
	route.Labels = map[string]string{"team": "shop"}
	route.Spec.ExportTo = []string{"*"}
	route.Spec.Http = append([]*istioapi.HTTPRoute{{
		Name: "static", Match: []*istioapi.HTTPMatchRequest{{Uri: &istioapi.StringMatch{MatchType: &istioapi.StringMatch_Prefix{Prefix: "/static"}}}},
		DirectResponse: &istioapi.HTTPDirectResponse{Status: 204},
	}}, route.Spec.Http...)
	a.create(service, route)
	a.until(toStart, time.Time{}, "the application's pods to be ready", framework.PodsReady("6.0.0"))
	a.must(cluster.Read(a.Context(), service))
	a.rest(3 * time.Second)
	a.offer(*rate)
	a.declare(func(c *flaggerv1.Canary) {
		c.Spec.RevertOnDeletion = true
		c.Spec.Service.Hosts, c.Spec.Service.Gateways, c.Spec.Service.Headers, c.Spec.Service.Retries = nil, nil, nil, nil
	})
	a.rest(2 * time.Second)
	a.forget()
	a.rest(5 * time.Second)
	a.lostNothing()

	after, routed := framework.OwnService(a.namespace), framework.OwnRoute(a.namespace)
	ctx, cancel := context.WithTimeout(a.Context(), toAdvance)
	defer cancel()
	a.must(cluster.Read(ctx, after))
	a.must(cluster.Read(ctx, routed))
	for what, diff := range map[string]string{
		"Service's spec":              cmp.Diff(withoutNodePorts(service.Spec), withoutNodePorts(after.Spec)),
		"VirtualService's labels":     cmp.Diff(route.Labels, routed.Labels),
		"Service's annotations":       cmp.Diff(service.Annotations, after.Annotations),
		"VirtualService's owners":     cmp.Diff(0, len(routed.OwnerReferences)),
		"VirtualService's annotation": cmp.Diff("", routed.Annotations[flaggerv1.OriginalConfigurationAnnotation]),
	} {
		if diff != "" {
			a.Errorf("the %s changed (-before +after):\n%s", what, diff)
		}
	}
	if !proto.Equal(&route.Spec, &routed.Spec) {
		a.Errorf("the VirtualService was %v and is %v", &route.Spec, &routed.Spec)
	}
}

func withoutNodePorts(s corev1.ServiceSpec) corev1.ServiceSpec {
	s = *s.DeepCopy()
	for i := range s.Ports {
		s.Ports[i].NodePort = 0
	}
	return s
}

// A namespace that is deleted goes with its Canary.
func TestANamespaceGoesWithItsCanary(t *testing.T) {
	t.Parallel()
	a := newApp(t, "namespace")
	a.deploy(framework.WithoutGrace)
	a.declare(onlySuccess)
	ctx, cancel := context.WithTimeout(a.Context(), 2*toLetGo) // pods take their time to stop
	defer cancel()
	from := time.Now()
	a.must(cluster.DeleteNamespace(ctx, a.namespace))
	a.until(toLetGo, from, "the Canary to be gone", func(v framework.View) bool { return v.Canary == nil })
	a.must(cluster.AwaitNamespaceGone(ctx, a.namespace))
}
