package workload

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/kube"
	"github.com/linnet-delivery/linnet/pkg/rollout"
)

func service(c *flaggerv1.Canary) {
	c.Spec.TargetRef = flaggerv1.TargetReference{APIVersion: "v1", Kind: "Service", Name: "podinfo"}
}

// newService returns a Service that selects version one, as the API server returns it.
func newService(edits ...func(*corev1.Service)) *corev1.Service {
	svc := &corev1.Service{
		ObjectMeta: meta("podinfo"),
		Spec: corev1.ServiceSpec{
			Type: corev1.ServiceTypeClusterIP, ClusterIP: "10.0.0.7", ClusterIPs: []string{"10.0.0.7"},
			IPFamilies: []corev1.IPFamily{corev1.IPv4Protocol}, IPFamilyPolicy: new(corev1.IPFamilyPolicySingleStack),
			SessionAffinity: corev1.ServiceAffinityNone, InternalTrafficPolicy: new(corev1.ServiceInternalTrafficPolicyCluster),
			Selector: map[string]string{"app": "podinfo", "version": "1"},
			Ports:    []corev1.ServicePort{{Name: "http", Port: 80, Protocol: corev1.ProtocolTCP, TargetPort: intstr.FromString("http")}},
		},
	}
	for _, edit := range edits {
		edit(svc)
	}
	return svc
}

func version(v string) func(*corev1.Service) {
	return func(svc *corev1.Service) { svc.Spec.Selector["version"] = v }
}

func loadBalancer(svc *corev1.Service) {
	svc.Spec.Type = corev1.ServiceTypeLoadBalancer
	svc.Spec.ExternalTrafficPolicy = corev1.ServiceExternalTrafficPolicyCluster
	svc.Spec.AllocateLoadBalancerNodePorts = new(true)
	svc.Spec.Ports[0].NodePort = 30001
}

func external(name string) func(*corev1.Service) {
	return func(svc *corev1.Service) {
		svc.Spec = corev1.ServiceSpec{Type: corev1.ServiceTypeExternalName, ExternalName: name, SessionAffinity: corev1.ServiceAffinityNone}
	}
}

// slice returns endpoints of a Service, each ready or not.
func slice(of string, ready ...bool) *discoveryv1.EndpointSlice {
	s := &discoveryv1.EndpointSlice{ObjectMeta: meta(of + "-slice")}
	s.Labels = map[string]string{discoveryv1.LabelServiceName: of}
	for i, is := range ready {
		s.Endpoints = append(s.Endpoints, discoveryv1.Endpoint{
			Addresses: []string{string(rune('a' + i))}, Conditions: discoveryv1.EndpointConditions{Ready: &is},
		})
	}
	return s
}

func (w *world) service(name string) *corev1.Service {
	w.t.Helper()
	svc := &corev1.Service{}
	if !w.get(name, svc) {
		w.t.Fatalf("Service %s does not exist", name)
	}
	return svc
}

var serviceStories = map[string]story{
	"initialise a Service": {
		canary: service, world: serviceWorld,
		before: func(*testing.T, *world, *flaggerv1.Canary) {},
		act: func(ctx context.Context, d *Targets, c *flaggerv1.Canary) error {
			return d.EnsurePrimary(ctx, c)
		},
	},
	"follow a Service": {
		canary: service, world: serviceWorld,
		before: versionTwo,
		act: func(ctx context.Context, d *Targets, c *flaggerv1.Canary) error {
			return d.Scale(ctx, c, rollout.ScaleUp)
		},
	},
	"promote a Service": {canary: service, world: serviceWorld, before: versionTwo, act: stories["promote"].act},
}

func serviceWorld(t *testing.T) *world { return newWorld(t, newService(loadBalancer)) }

// versionTwo is a target that has moved on from its copies.
func versionTwo(t *testing.T, w *world, c *flaggerv1.Canary) {
	mustDo(t, w.adapter().EnsurePrimary(t.Context(), c))
	edit(w, newService(), version("2"))
}

// TestTheRevisionOfAServiceStaysTheSameAcrossReleases holds a revision that is in the statuses of users.
func TestTheRevisionOfAServiceStaysTheSameAcrossReleases(t *testing.T) {
	const want = "96163d7d92f80860"
	tests := map[string]func(*corev1.Service){
		"as the API server returns it": func(*corev1.Service) {},
		"as a user writes it": func(svc *corev1.Service) {
			svc.Spec = corev1.ServiceSpec{Selector: svc.Spec.Selector, Ports: []corev1.ServicePort{{Name: "http", Port: 80, TargetPort: intstr.FromString("http")}}}
		},
		"with other addresses": func(svc *corev1.Service) {
			svc.Spec.ClusterIP, svc.Spec.ClusterIPs, svc.Spec.Ports[0].NodePort = "10.0.0.8", []string{"10.0.0.8"}, 30007
		},
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := serviceRevision(newService(change).Spec)
			mustDo(t, err)
			if got != want {
				t.Errorf("serviceRevision() = %s, want %s", got, want)
			}
		})
	}
	for name, change := range map[string]func(*corev1.Service){
		"another selector": version("2"),
		"another port":     func(svc *corev1.Service) { svc.Spec.Ports[0].TargetPort = intstr.FromInt32(80) },
		"another type":     loadBalancer,
		"another name":     external("example.com"),
	} {
		t.Run(name, func(t *testing.T) {
			got, err := serviceRevision(newService(change).Spec)
			mustDo(t, err)
			if got == want {
				t.Error("serviceRevision() does not move with it")
			}
		})
	}
}

func TestTheCopiesOfAService(t *testing.T) {
	tests := map[string]struct {
		target func(*corev1.Service)
		want   corev1.ServiceSpec
	}{
		"are reached from inside only": {loadBalancer, corev1.ServiceSpec{
			Type: corev1.ServiceTypeClusterIP, Selector: newService().Spec.Selector, Ports: newService().Spec.Ports,
			SessionAffinity: corev1.ServiceAffinityNone, InternalTrafficPolicy: new(corev1.ServiceInternalTrafficPolicyCluster),
			IPFamilyPolicy: new(corev1.IPFamilyPolicySingleStack),
		}},
		"are headless when the target is": {
			func(svc *corev1.Service) {
				svc.Spec = corev1.ServiceSpec{ClusterIP: "None", Selector: svc.Spec.Selector}
			},
			corev1.ServiceSpec{Type: corev1.ServiceTypeClusterIP, ClusterIP: "None", Selector: newService().Spec.Selector},
		},
		"stand for the same name": {external("example.com"), corev1.ServiceSpec{
			Type: corev1.ServiceTypeExternalName, ExternalName: "example.com", SessionAffinity: corev1.ServiceAffinityNone,
		}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, newService(tc.target))
			c := newCanary(service, func(c *flaggerv1.Canary) {
				c.Spec.Service.Name = "shop"
				c.Spec.Service.Primary = &flaggerv1.CustomMetadata{Labels: map[string]string{"side": "primary"}}
			})
			mustDo(t, w.adapter().EnsurePrimary(t.Context(), c))
			if diff := cmp.Diff([]string{"create Service shop-primary", "create Service shop-canary"}, w.writes); diff != "" {
				t.Errorf("writes differ (-want +got):\n%s", diff)
			}
			seen, err := w.adapter().Observe(t.Context(), c)
			mustDo(t, err)
			for _, name := range []string{"shop-primary", "shop-canary"} {
				if diff := cmp.Diff(tc.want, w.service(name).Spec); diff != "" {
					t.Errorf("spec of %s differs (-want +got):\n%s", name, diff)
				}
			}
			if got := w.service("shop-primary"); got.Annotations[kube.RevisionAnnotation] != seen.Revision || got.Labels["side"] != "primary" || len(got.OwnerReferences) != 1 {
				t.Errorf("metadata of the primary is %+v", got.ObjectMeta)
			}
		})
	}
}

func TestTheCanaryCopyFollowsAndThePrimaryIsPromoted(t *testing.T) {
	w := newWorld(t, newService())
	c, d := newCanary(service), w.adapter()
	mustDo(t, d.EnsurePrimary(t.Context(), c))
	addressed := func(svc *corev1.Service) { svc.Spec.ClusterIP, svc.Spec.ClusterIPs = "10.0.0.9", []string{"10.0.0.9"} }
	edit(w, w.service("podinfo-primary"), addressed)
	edit(w, newService(), version("2"))
	expect := func(what string, writes []string, primary, canary string) {
		t.Helper()
		if diff := cmp.Diff(writes, w.writes); diff != "" {
			t.Errorf("%s: writes differ (-want +got):\n%s", what, diff)
		}
		if p, c := w.service("podinfo-primary").Spec.Selector["version"], w.service("podinfo-canary").Spec.Selector["version"]; p != primary || c != canary {
			t.Errorf("%s: primary at %s and canary at %s, want %s and %s", what, p, c, primary, canary)
		}
		w.forget()
	}
	w.forget()
	mustDo(t, d.Scale(t.Context(), c, rollout.ScaleZero))
	mustDo(t, d.Scale(t.Context(), c, rollout.ScaleOne))
	mustDo(t, d.Hold(t.Context(), c, true))
	expect("nothing grows", nil, "1", "1")
	mustDo(t, d.Scale(t.Context(), c, rollout.ScaleUp))
	expect("the release begins", []string{"patch Service podinfo-canary"}, "1", "2")
	if err := d.Promote(t.Context(), c, "another"); !errors.Is(err, kube.ErrRevisionMoved) {
		t.Errorf("Promote() of another revision = %v, want %v", err, kube.ErrRevisionMoved)
	}
	promote(t, d, c)
	expect("the release is promoted", []string{"patch Service podinfo-primary"}, "2", "2")
	if got := w.service("podinfo-primary").Spec; got.ClusterIP != "10.0.0.9" {
		t.Errorf("the primary's address became %q", got.ClusterIP)
	}
}

func TestHealthOfAService(t *testing.T) {
	one, none := rollout.Health{State: rollout.Ready, Reason: "1 endpoints ready", Serving: 1}, rollout.Health{State: rollout.Waiting}
	tests := map[string]struct {
		target          func(*corev1.Service)
		slices          []client.Object
		change          func(*world)
		canary, primary rollout.Health
	}{
		"both have endpoints": {
			slices:  []client.Object{slice("podinfo-canary", true, true, false), slice("podinfo-primary", true)},
			canary:  rollout.Health{State: rollout.Ready, Reason: "2 endpoints ready", Serving: 1},
			primary: one,
		},
		"the canary has none that is ready": {
			slices: []client.Object{slice("podinfo-canary", false), slice("podinfo-primary", true)},
			canary: with(none, "Service podinfo-canary has no ready endpoint", 0), primary: one,
		},
		"the primary has none": {
			slices: []client.Object{slice("podinfo-canary", true)},
			canary: one, primary: with(none, "Service podinfo-primary has no ready endpoint", 0),
		},
		"the canary does not follow yet": {
			slices: []client.Object{slice("podinfo-canary", true), slice("podinfo-primary", true)},
			change: func(w *world) { edit(w, newService(), version("2")) },
			canary: with(none, "Service podinfo-canary does not follow the target yet", 1), primary: one,
		},
		"they stand for another name": {
			target:  external("example.com"),
			canary:  rollout.Health{State: rollout.Ready, Reason: "it stands for example.com", Serving: 1},
			primary: rollout.Health{State: rollout.Ready, Reason: "it stands for example.com", Serving: 1},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			target := newService()
			if tc.target != nil {
				tc.target(target)
			}
			w := newWorld(t, append(tc.slices, target)...)
			c := newCanary(service)
			mustDo(t, w.adapter().EnsurePrimary(t.Context(), c))
			if tc.change != nil {
				tc.change(w)
			}
			got, err := w.adapter().Observe(t.Context(), c)
			mustDo(t, err)
			want := kube.Workloads{
				Revision: got.Revision, TrackedConfigs: map[string]string{}, PrimaryFound: true,
				PrimaryRevision: w.service("podinfo-primary").Annotations[kube.RevisionAnnotation],
				Canary:          tc.canary, Primary: tc.primary,
			}
			want.Primary.Desired = 1
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("Observe() differs (-want +got):\n%s", diff)
			}
		})
	}
}

func with(h rollout.Health, reason string, serving int) rollout.Health {
	h.Reason, h.Serving = reason, serving
	return h
}

func TestAServiceWithoutEndpointsMeetsTheDeadline(t *testing.T) {
	w := newWorld(t, newService(), slice("podinfo-primary", true))
	now := noon
	c, d := newCanary(service), w.adapter(func(o *Options) { o.Now = func() time.Time { return now } })
	mustDo(t, d.EnsurePrimary(t.Context(), c))
	state := func() rollout.Readiness {
		t.Helper()
		seen, err := d.Observe(t.Context(), c)
		mustDo(t, err)
		return seen.Canary.State
	}
	for _, step := range []struct {
		after time.Duration
		do    func()
		want  rollout.Readiness
	}{
		{0, func() {}, rollout.Waiting},
		{9 * time.Minute, func() {}, rollout.Waiting},
		{time.Minute, func() {}, rollout.Stuck},
		{0, func() { edit(w, newService(), version("2")) }, rollout.Waiting},
		{time.Hour, func() { mustDo(t, d.Scale(t.Context(), c, rollout.ScaleUp)) }, rollout.Waiting},
		{10 * time.Minute, func() {}, rollout.Stuck},
	} {
		now = now.Add(step.after)
		step.do()
		if got := state(); got != step.want {
			t.Errorf("at %s the canary is %v, want %v", now.Sub(noon), got, step.want)
		}
	}
}

func TestServicesThatAreRefused(t *testing.T) {
	tests := map[string]struct {
		target *corev1.Service
		canary func(*flaggerv1.Canary)
		want   error
		says   string
	}{
		"nothing": {want: kube.ErrTargetNotFound, says: "Service test/podinfo"},
		"one that selects no pods": {
			target: newService(func(svc *corev1.Service) { svc.Spec.Selector = nil }),
			want:   kube.ErrRefused, says: "Service podinfo selects no pods",
		},
		"one with an autoscaler": {target: newService(), canary: scaled, want: kube.ErrRefused, says: "a Service has no replicas to scale"},
		"one that would be its own copy": {
			target: newService(func(svc *corev1.Service) { svc.Name = "podinfo-canary" }),
			canary: func(c *flaggerv1.Canary) { c.Spec.TargetRef.Name, c.Spec.Service.Name = "podinfo-canary", "podinfo" },
			want:   kube.ErrRefused, says: "has the name of its own copy",
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			if tc.target != nil {
				mustDo(t, w.Create(t.Context(), tc.target))
			}
			c := newCanary(service)
			if tc.canary != nil {
				tc.canary(c)
			}
			_, err := w.adapter().Observe(t.Context(), c)
			if !errors.Is(err, tc.want) || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("Observe() = %v, want %v saying %q", err, tc.want, tc.says)
			}
		})
	}
}

func TestAPrimaryServiceOfFlaggersIsTakenOver(t *testing.T) {
	w := newWorld(t, newService())
	c := newCanary(service)
	mustDo(t, w.adapter().EnsurePrimary(t.Context(), c))
	edit(w, w.service("podinfo-primary"), func(svc *corev1.Service) { svc.Annotations, svc.OwnerReferences = nil, nil })
	seen, err := w.adapter().Observe(t.Context(), c)
	mustDo(t, err)
	if seen.PrimaryRevision != seen.Revision {
		t.Errorf("Observe() says primary %q, want %q", seen.PrimaryRevision, seen.Revision)
	}
	w.forget()
	mustDo(t, w.adapter().EnsurePrimary(t.Context(), c))
	if diff := cmp.Diff([]string{"patch Service podinfo-primary"}, w.writes); diff != "" || w.rolls != 0 {
		t.Errorf("changed %d specs; writes differ (-want +got):\n%s", w.rolls, diff)
	}
	edit(w, w.service("podinfo-primary"), func(svc *corev1.Service) { svc.Annotations = nil; version("0")(svc) })
	if seen, err = w.adapter().Observe(t.Context(), c); err != nil || seen.PrimaryRevision != "" {
		t.Errorf("Observe() of an unknown primary says %q, %v", seen.PrimaryRevision, err)
	}
}

func TestAHeadlessCopyCannotBecomeAnother(t *testing.T) {
	w := newWorld(t, newService())
	c := newCanary(service)
	mustDo(t, w.adapter().EnsurePrimary(t.Context(), c))
	edit(w, newService(), func(svc *corev1.Service) { svc.Spec.ClusterIP, svc.Spec.ClusterIPs = "None", []string{"None"} })
	err := w.adapter().Scale(t.Context(), c, rollout.ScaleUp)
	if !errors.Is(err, kube.ErrRefused) {
		t.Errorf("Scale() = %v, want %v", err, kube.ErrRefused)
	}
}
