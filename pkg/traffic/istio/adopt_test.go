package istio_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	istiov1 "istio.io/api/networking/v1alpha3"
	networkingv1 "istio.io/client-go/pkg/apis/networking/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/rollout"
	"github.com/linnet-delivery/linnet/pkg/traffic/traffictest"
)

const original = flaggerv1.OriginalConfigurationAnnotation

// userRoute returns the VirtualService podinfo as a user might have had it.
func userRoute(t *testing.T) *networkingv1.VirtualService {
	t.Helper()
	raw, err := os.ReadFile("testdata/adopted.existing.yaml")
	if err != nil {
		t.Fatal(err)
	}
	vs := &networkingv1.VirtualService{}
	if err := yaml.UnmarshalStrict(raw, vs); err != nil {
		t.Fatal(err)
	}
	return vs
}

func ensure(t *testing.T, api *traffictest.API, share rollout.Traffic) {
	t.Helper()
	if err := newRouter(api).Ensure(context.Background(), traffictest.Canary(), traffictest.Backend(), share); err != nil {
		t.Fatalf("Ensure(%+v): %v", share, err)
	}
}

func release(t *testing.T, api *traffictest.API) {
	t.Helper()
	if err := newRouter(api).Release(context.Background(), traffictest.Canary(), traffictest.Backend()); err != nil {
		t.Fatalf("Release: %v", err)
	}
}

func read(t *testing.T, api *traffictest.API) *networkingv1.VirtualService {
	t.Helper()
	return traffictest.Read(t, api, virtualServiceOf(traffictest.Canary()))
}

func TestTheFirstOriginalIsRestored(t *testing.T) {
	api := traffictest.NewAPI(scheme(t), userRoute(t))
	ensure(t, api, rollout.Traffic{})
	first := read(t, api).Annotations[original]
	for _, share := range []int{10, 50, 0} {
		traffictest.Edit(t, api, virtualServiceOf(traffictest.Canary()), func(vs *networkingv1.VirtualService) {
			vs.Labels["edited"] = "yes"
			vs.Spec.Http = vs.Spec.Http[:1]
			setShare(vs, 77)
		})
		ensure(t, api, rollout.Traffic{Canary: share})
	}
	got := read(t, api)
	if got.Annotations[original] != first {
		t.Errorf("the original became %s", got.Annotations[original])
	}
	if len(got.OwnerReferences) != 0 {
		t.Errorf("an adopted object got owners %v: it would go with the Canary", got.OwnerReferences)
	}
	release(t, api)
	got, want := read(t, api), userRoute(t)
	if diff := cmp.Diff(&want.Spec, &got.Spec, protocmp.Transform()); diff != "" {
		t.Errorf("spec (-before +after):\n%s", diff)
	}
	if diff := cmp.Diff(want.Annotations, got.Annotations); diff != "" {
		t.Errorf("annotations (-before +after):\n%s", diff)
	}
	if writes := api.Since(func() { release(t, api) }); len(writes) != 0 {
		t.Errorf("a second release writes %v", writes)
	}
}

// A route that somebody points back at us after its original got lost must not
// be taken for the original.
func TestOurOwnRouteIsNoOriginal(t *testing.T) {
	api := traffictest.NewAPI(scheme(t), userRoute(t))
	ensure(t, api, rollout.Traffic{Canary: 10})
	traffictest.Edit(t, api, virtualServiceOf(traffictest.Canary()), func(vs *networkingv1.VirtualService) { vs.Annotations = nil })
	ensure(t, api, rollout.Traffic{Canary: 20})
	if _, stored := read(t, api).Annotations[original]; stored {
		t.Error("our own routes were stored as the original")
	}
}

func TestReleaseWithoutAnOriginalSendsAllToTheApex(t *testing.T) {
	noted := userRoute(t)
	noted.Annotations = nil
	raw, err := json.Marshal(noted)
	if err != nil {
		t.Fatal(err)
	}
	lost := func(api *traffictest.API, annotations map[string]string) {
		traffictest.Edit(t, api, virtualServiceOf(traffictest.Canary()), func(vs *networkingv1.VirtualService) { vs.Annotations = annotations })
	}
	tests := map[string]struct {
		api  *traffictest.API
		lost func(*traffictest.API)
		want []string
	}{
		"one that we made": {traffictest.NewAPI(scheme(t)), func(*traffictest.API) {}, []string{"podinfo"}},
		"one that we made and somebody applied": {traffictest.NewAPI(scheme(t)), func(api *traffictest.API) {
			lost(api, map[string]string{corev1.LastAppliedConfigAnnotation: string(raw)})
		}, []string{"podinfo"}},
		"an adopted one": {
			traffictest.NewAPI(scheme(t), userRoute(t)), func(api *traffictest.API) { lost(api, nil) },
			[]string{"podinfo", "cdn", "", "podinfo"},
		},
		"an adopted one with kubectl's note": {traffictest.NewAPI(scheme(t), userRoute(t)), func(api *traffictest.API) {
			lost(api, map[string]string{corev1.LastAppliedConfigAnnotation: string(raw)})
		}, []string{"podinfo", "cdn", "", "podinfo.test.svc.cluster.local"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			ensure(t, test.api, rollout.Traffic{Mirror: true})
			test.lost(test.api)
			release(t, test.api)
			var got []string
			for _, r := range read(t, test.api).Spec.Http {
				host := ""
				if len(r.Route) == 1 {
					host = r.Route[0].Destination.Host
				}
				got = append(got, host)
				if r.Mirror != nil {
					t.Errorf("the mirror to %s stays", r.Mirror.Host)
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("destinations (-want +got):\n%s", diff)
			}
		})
	}
}

func TestARouteThatWasNeverTakenIsLeftAlone(t *testing.T) {
	api := traffictest.NewAPI(scheme(t), userRoute(t))
	if writes := api.Since(func() { release(t, api) }); len(writes) != 0 {
		t.Errorf("writes %v", writes)
	}
}

func TestABrokenOriginalIsToldAndNothingIsWritten(t *testing.T) {
	for _, broken := range []string{"{", `{"http":7}`} {
		vs := userRoute(t)
		vs.Annotations[original] = broken
		api := traffictest.NewAPI(scheme(t), vs)
		writes := api.Since(func() {
			if err := newRouter(api).Release(context.Background(), traffictest.Canary(), traffictest.Backend()); err == nil {
				t.Errorf("Release accepts %s", broken)
			}
		})
		if len(writes) != 0 {
			t.Errorf("writes %v", writes)
		}
	}
}

// Prepare keeps what others put on the DestinationRules, and repairs ours.
func TestDestinationRules(t *testing.T) {
	ctx, c := context.Background(), traffictest.Canary(func(c *flaggerv1.Canary) {
		c.Spec.Service.TrafficPolicy = &flaggerv1.TrafficPolicy{LoadBalancer: &flaggerv1.LoadBalancerSettings{
			ConsistentHash: &flaggerv1.ConsistentHash{HTTPHeaderName: "x-user", MinimumRingSize: 1024},
		}}
	})
	api := traffictest.NewAPI(scheme(t))
	prepare := func() {
		t.Helper()
		if err := newRouter(api).Prepare(ctx, c, traffictest.Backend()); err != nil {
			t.Fatal(err)
		}
	}
	prepare()
	for _, name := range []string{"podinfo-primary", "podinfo-canary"} {
		dr := &networkingv1.DestinationRule{}
		dr.Namespace, dr.Name = "test", name
		traffictest.Edit(t, api, dr, func(dr *networkingv1.DestinationRule) {
			dr.Labels = map[string]string{"team": "shop"}
			dr.Spec.Subsets = []*istiov1.Subset{{Name: "v1"}}
			dr.Spec.ExportTo = []string{"."}
		})
		want := dr.DeepCopy()
		if writes := api.Since(prepare); len(writes) != 0 {
			t.Errorf("%s: another's edit causes %v", name, writes)
		}
		traffictest.Edit(t, api, dr, func(dr *networkingv1.DestinationRule) {
			dr.Spec.Host, dr.Spec.TrafficPolicy = "elsewhere", nil
		})
		if writes := api.Since(prepare); len(writes) != 1 {
			t.Errorf("%s: drift causes %v, want one write", name, writes)
		}
		got := traffictest.Read(t, api, dr)
		if !proto.Equal(&want.Spec, &got.Spec) || got.Labels["team"] != "shop" {
			t.Errorf("%s is %v %v, want %v", name, got.Labels, &got.Spec, &want.Spec)
		}
	}
}

func TestDestinationRulesOfOursGoWithTheCanary(t *testing.T) {
	api, c := traffictest.NewAPI(scheme(t)), traffictest.Canary()
	foreign := &networkingv1.DestinationRule{}
	foreign.Namespace, foreign.Name = "test", "podinfo-canary"
	foreign.Spec.TrafficPolicy = &istiov1.TrafficPolicy{Tls: &istiov1.ClientTLSSettings{Mode: istiov1.ClientTLSSettings_ISTIO_MUTUAL}}
	if err := api.Create(context.Background(), foreign.DeepCopy()); err != nil {
		t.Fatal(err)
	}
	if err := newRouter(api).Prepare(context.Background(), c, traffictest.Backend()); err != nil {
		t.Fatal(err)
	}
	ours := &networkingv1.DestinationRule{}
	ours.Namespace, ours.Name = "test", "podinfo-primary"
	if !metav1.IsControlledBy(traffictest.Read(t, api, ours), c) {
		t.Errorf("the one that we made has owners %v", ours.OwnerReferences)
	}
	got := traffictest.Read(t, api, foreign.DeepCopy())
	if len(got.OwnerReferences) != 0 {
		t.Errorf("an adopted one has owners %v", got.OwnerReferences)
	}
	if got.Spec.Host != "podinfo-canary" || !proto.Equal(got.Spec.TrafficPolicy, foreign.Spec.TrafficPolicy) {
		t.Errorf("an adopted one is %v: the Canary says nothing of its policy", &got.Spec)
	}
}

// Behind a gateway a Service of several ports is reached by number only.
func TestReleaseKeepsThePortOfDestinations(t *testing.T) {
	c := traffictest.Canary(func(c *flaggerv1.Canary) { c.Spec.Service.PortDiscovery, c.Spec.Service.Delegation = true, true })
	ctx, api := context.Background(), traffictest.NewAPI(scheme(t))
	r := newRouter(api)
	if err := errors.Join(r.Ensure(ctx, c, traffictest.Backend(), rollout.Traffic{}), r.Release(ctx, c, traffictest.Backend())); err != nil {
		t.Fatal(err)
	}
	if got := read(t, api).Spec.Http[0].Route[0].Destination.GetPort().GetNumber(); got != 9898 {
		t.Errorf("the destination's port is %d, want 9898", got)
	}
}

func TestAPIErrorsArePassedOn(t *testing.T) {
	broken := errors.New("etcd is gone")
	api := traffictest.NewAPI(scheme(t))
	api.FailOn(traffictest.Fault{Write: 1, Err: broken})
	if err := newRouter(api).Prepare(context.Background(), traffictest.Canary(), traffictest.Backend()); !errors.Is(err, broken) {
		t.Errorf("Prepare returned %v", err)
	}
}
