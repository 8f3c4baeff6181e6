package istio_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"

	istiov1 "istio.io/api/networking/v1alpha3"
	networkingv1 "istio.io/client-go/pkg/apis/networking/v1"
	"pgregory.net/rapid"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/rollout"
	"github.com/linnet-delivery/linnet/pkg/traffic"
	"github.com/linnet-delivery/linnet/pkg/traffic/traffictest"
)

// world is a VirtualService between our hand and others'.
type world struct {
	t      *testing.T
	api    *traffictest.API
	router traffic.Router
	canary *flaggerv1.Canary
	// labels, annotations and routes are those of others that have to survive.
	labels, annotations map[string]bool
	routes              []string
	edits               int
}

// TestForeignHandsNeverWin plays any sequence of shares of ours and edits by
// others, on a VirtualService of ours and on an adopted one. After each Ensure
// our routes are right and what others added is there.
func TestForeignHandsNeverWin(t *testing.T) {
	kinds := scheme(t)
	rapid.Check(t, func(rt *rapid.T) {
		w := &world{t: t, labels: map[string]bool{}, annotations: map[string]bool{}}
		w.canary = traffictest.Canary(func(c *flaggerv1.Canary) {
			c.Spec.Service.Retries = &flaggerv1.HTTPRetry{Attempts: 10, PerTryTimeout: "5s", RetryOn: "gateway-error"}
		})
		if w.api = traffictest.NewAPI(kinds); rapid.Bool().Draw(rt, "adopted") {
			w.api = traffictest.NewAPI(kinds, userRoute(t))
			w.routes = []string{"static", "old-path"}
		}
		w.router = newRouter(w.api)
		w.ensure(rt, rollout.Traffic{})
		for range rapid.IntRange(1, 5).Draw(rt, "rounds") {
			for range rapid.IntRange(0, 3).Draw(rt, "edits") {
				w.edit(rt)
			}
			w.ensure(rt, rollout.Traffic{Canary: rapid.IntRange(0, 100).Draw(rt, "share")})
		}
	})
}

// edit is one foreign edit.
func (w *world) edit(rt *rapid.T) {
	w.edits++
	name := fmt.Sprintf("foreign-%d", w.edits)
	h := &istiov1.HTTPRoute{Name: name, Route: []*istiov1.HTTPRouteDestination{{Destination: &istiov1.Destination{Host: name}}}}
	edits := map[string]func(*networkingv1.VirtualService){
		"label": func(vs *networkingv1.VirtualService) { vs.Labels = added(vs.Labels, name); w.labels[name] = true },
		"annotation": func(vs *networkingv1.VirtualService) {
			vs.Annotations = added(vs.Annotations, name)
			w.annotations[name] = true
		},
		"route in front": func(vs *networkingv1.VirtualService) {
			vs.Spec.Http = slices.Insert(vs.Spec.Http, 0, h)
			w.routes = slices.Insert(w.routes, 0, name)
		},
		"route behind": func(vs *networkingv1.VirtualService) {
			vs.Spec.Http = append(vs.Spec.Http, h)
			w.routes = append(w.routes, name)
		},
		"weights": func(vs *networkingv1.VirtualService) {
			setShare(vs, rapid.IntRange(0, 100).Draw(rt, "by hand"))
		},
		"canary alone": func(vs *networkingv1.VirtualService) {
			h.Route[0].Destination.Host = "podinfo-canary"
			vs.Spec.Http = slices.Insert(vs.Spec.Http, 0, h)
		},
		"third destination": func(vs *networkingv1.VirtualService) {
			for _, r := range vs.Spec.Http {
				if len(r.Route) == 2 {
					r.Route = append(r.Route, h.Route...)
				}
			}
		},
		"no retries": func(vs *networkingv1.VirtualService) {
			for _, r := range vs.Spec.Http {
				r.Retries = nil
			}
		},
		"no route of ours": func(vs *networkingv1.VirtualService) {
			vs.Spec.Http = slices.DeleteFunc(vs.Spec.Http, func(r *istiov1.HTTPRoute) bool { return len(r.Route) > 1 })
		},
		"mirror": func(vs *networkingv1.VirtualService) {
			for _, r := range vs.Spec.Http {
				if len(r.Route) == 2 {
					r.Mirror = &istiov1.Destination{Host: "podinfo-canary"}
				}
			}
		},
	}
	kind := rapid.SampledFrom(slices.Sorted(maps.Keys(edits))).Draw(rt, "edit")
	traffictest.Edit(w.t, w.api, virtualServiceOf(w.canary), edits[kind])
}

func added(m map[string]string, key string) map[string]string {
	if m == nil {
		m = map[string]string{}
	}
	m[key] = "x"
	return m
}

// ensure brings share about and checks everything that has to hold afterwards.
func (w *world) ensure(rt *rapid.T, share rollout.Traffic) {
	ctx := context.Background()
	pass := func() {
		if err := w.router.Ensure(ctx, w.canary, traffictest.Backend(), share); err != nil {
			rt.Fatalf("Ensure: %v", err)
		}
	}
	if writes := w.api.Since(pass); len(writes) > 1 {
		rt.Fatalf("Ensure writes %v", writes)
	}
	if writes := w.api.Since(pass); len(writes) != 0 {
		rt.Fatalf("a second Ensure writes %v", writes)
	}
	if got, known, err := w.router.Observe(ctx, w.canary); got != share || !known || err != nil {
		rt.Fatalf("Observe() = %+v, %v, %v, want %+v", got, known, err, share)
	}
	vs := read(w.t, w.api)
	w.checkOthers(rt, vs)
	checkOurs(rt, vs, share)
}

func (w *world) checkOthers(rt *rapid.T, vs *networkingv1.VirtualService) {
	for key := range w.labels {
		if vs.Labels[key] == "" {
			rt.Fatalf("label %s is lost", key)
		}
	}
	for key := range w.annotations {
		if vs.Annotations[key] == "" {
			rt.Fatalf("annotation %s is lost", key)
		}
	}
	var names []string
	for _, r := range vs.Spec.Http {
		if !ours(r) {
			names = append(names, r.Name)
		}
	}
	if !slices.Equal(names, w.routes) {
		rt.Fatalf("routes of others are %v, want %v", names, w.routes)
	}
}

func checkOurs(rt *rapid.T, vs *networkingv1.VirtualService, share rollout.Traffic) {
	found := 0
	for _, r := range vs.Spec.Http {
		if !ours(r) {
			continue
		}
		found++
		d := r.Route
		switch {
		case len(d) != 2 || d[0].Destination.Host != "podinfo-primary" || d[1].Destination.Host != "podinfo-canary":
			rt.Fatalf("destinations are %v", d)
		case int(d[0].Weight) != 100-share.Canary || int(d[1].Weight) != share.Canary:
			rt.Fatalf("weights are %d and %d, want a share of %d", d[0].Weight, d[1].Weight, share.Canary)
		case r.Retries.GetAttempts() != 10 || r.Mirror != nil:
			rt.Fatalf("retries are %v, mirror is %v", r.Retries, r.Mirror)
		}
	}
	if found == 0 {
		rt.Fatal("no route of ours")
	}
}

// ours reports whether the route goes to a Service of the Canary, the apex included.
func ours(r *istiov1.HTTPRoute) bool {
	return slices.ContainsFunc(r.Route, func(d *istiov1.HTTPRouteDestination) bool {
		return slices.Contains([]string{"podinfo", "podinfo-primary", "podinfo-canary", "podinfo.test.svc.cluster.local"}, d.Destination.Host)
	})
}
