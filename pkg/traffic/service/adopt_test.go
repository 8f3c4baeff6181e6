package service_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/kube"
	"github.com/linnet-delivery/linnet/pkg/traffic/traffictest"
)

const original = flaggerv1.OriginalConfigurationAnnotation

// userService returns the Service podinfo as a user might have had it.
func userService(edits ...func(*corev1.Service)) *corev1.Service {
	grpc := "grpc"
	svc := named("podinfo")
	svc.Labels = map[string]string{"app.kubernetes.io/managed-by": "Helm"}
	svc.Annotations = map[string]string{"meta.helm.sh/release-name": "podinfo"}
	svc.Spec = corev1.ServiceSpec{
		Type:      corev1.ServiceTypeLoadBalancer,
		ClusterIP: "10.96.0.7",
		Selector:  map[string]string{"app": "podinfo", "tier": "web"},
		Ports: []corev1.ServicePort{
			{Name: "grpc-web", Protocol: corev1.ProtocolTCP, Port: 9898, TargetPort: intstr.FromInt32(9898), NodePort: 30001, AppProtocol: &grpc},
			{Name: "http", Protocol: corev1.ProtocolTCP, Port: 9797, TargetPort: intstr.FromString("metrics"), NodePort: 30002},
		},
	}
	for _, edit := range edits {
		edit(svc)
	}
	return svc
}

var ignoreVersion = cmpopts.IgnoreFields(metav1.ObjectMeta{}, "ResourceVersion")

func TestAdoptionChangesSelectorAndPortsOnly(t *testing.T) {
	tests := map[string]struct {
		edit func(*flaggerv1.CanaryService)
		// want changes the user's Service into the adopted one.
		want func(*corev1.Service)
	}{
		"what the Canary is silent about stays": {
			edit: func(*flaggerv1.CanaryService) {},
			want: func(*corev1.Service) {},
		},
		"what the Canary says counts": {
			edit: func(s *flaggerv1.CanaryService) {
				target := intstr.FromString("web")
				s.PortName, s.AppProtocol, s.TargetPort = "http", "http", &target
				s.TrafficDistribution, s.Apex = "PreferClose", &flaggerv1.CustomMetadata{Labels: map[string]string{"team": "shop"}}
			},
			want: func(svc *corev1.Service) {
				proto := "http"
				p := svc.Spec.Ports
				p[0].Name, p[0].AppProtocol, p[0].TargetPort, p[1].Name = "http", &proto, intstr.FromString("web"), "http-9797"
			},
		},
		"another port comes before those that were there": {
			edit: func(s *flaggerv1.CanaryService) { s.Port = 80 },
			want: func(svc *corev1.Service) {
				p := svc.Spec.Ports
				p[1].Name = "http-9797"
				svc.Spec.Ports = []corev1.ServicePort{port("http", 80, intstr.FromInt32(80)), p[0], p[1]}
			},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			api := traffictest.NewAPI(scheme(t), userService())
			c := traffictest.Canary(func(c *flaggerv1.Canary) { test.edit(&c.Spec.Service) })
			bring(t, api, c, traffictest.Backend())
			want := userService(test.want)
			want.Spec.Selector = map[string]string{"app": "podinfo-primary"}
			got := traffictest.Read(t, api, named("podinfo"))
			if got.Annotations[original] == "" {
				t.Error("the original spec was not kept")
			}
			want.Annotations[original] = got.Annotations[original]
			if diff := cmp.Diff(want, got, ignoreVersion); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if writes := api.Since(func() { bring(t, api, c, traffictest.Backend()) }); len(writes) != 0 {
				t.Errorf("a second pass writes %v", writes)
			}
		})
	}
}

func TestReleaseRestoresAnAdoptedService(t *testing.T) {
	drift := func(svc *corev1.Service) { svc.Spec.Selector = map[string]string{"app": "elsewhere"} }
	tests := map[string]struct {
		before  *corev1.Service
		backend kube.Backend
	}{
		"at once":              {userService(), traffictest.Backend()},
		"with the target gone": {userService(), kube.Backend{}},
		"a Service with a nameless port": {userService(func(svc *corev1.Service) {
			svc.Spec.Ports = svc.Spec.Ports[:1]
			svc.Spec.Ports[0].Name, svc.Spec.Ports[0].Port = "", 80
		}), traffictest.Backend()},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			api := traffictest.NewAPI(scheme(t), test.before.DeepCopy())
			bring(t, api, traffictest.Canary(), traffictest.Backend())
			// Drift, and its repair, must not become the original.
			traffictest.Edit(t, api, named("podinfo"), drift)
			bring(t, api, traffictest.Canary(), traffictest.Backend())
			release(t, api, traffictest.Canary(), test.backend)
			if diff := cmp.Diff(test.before, traffictest.Read(t, api, named("podinfo")), ignoreVersion); diff != "" {
				t.Errorf("(-before +after):\n%s", diff)
			}
			if writes := api.Since(func() { release(t, api, traffictest.Canary(), test.backend) }); len(writes) != 0 {
				t.Errorf("a second release writes %v", writes)
			}
		})
	}
}

// Flagger keeps no annotation on Services: it reads what kubectl noted.
func TestReleaseOfWhatFlaggerAdopted(t *testing.T) {
	noted := `{"apiVersion":"v1","kind":"Service","spec":{"selector":{"app":"podinfo","tier":"web"},"ports":[{"port":9898}]}}`
	tests := map[string]struct {
		annotations map[string]string
		want        map[string]string
	}{
		"with kubectl's note":    {map[string]string{corev1.LastAppliedConfigAnnotation: noted}, map[string]string{"app": "podinfo", "tier": "web"}},
		"without kubectl's note": {nil, map[string]string{"app": "podinfo"}},
		"with a note of no spec": {map[string]string{corev1.LastAppliedConfigAnnotation: `{"kind":"Service"}`}, map[string]string{"app": "podinfo"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			svc := userService(func(svc *corev1.Service) {
				svc.Annotations, svc.Spec.Selector = test.annotations, map[string]string{"app": "podinfo-primary"}
			})
			api := traffictest.NewAPI(scheme(t), svc)
			bring(t, api, traffictest.Canary(), traffictest.Backend())
			if _, stored := traffictest.Read(t, api, named("podinfo")).Annotations[original]; stored {
				t.Error("our own selector was stored as the original")
			}
			release(t, api, traffictest.Canary(), traffictest.Backend())
			if diff := cmp.Diff(test.want, traffictest.Read(t, api, named("podinfo")).Spec.Selector); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if writes := api.Since(func() { release(t, api, traffictest.Canary(), traffictest.Backend()) }); len(writes) != 0 {
				t.Errorf("a second release writes %v", writes)
			}
		})
	}
}

func TestReleaseOfOurOwnServiceLeavesItOnTheTarget(t *testing.T) {
	for name, b := range map[string]kube.Backend{"with the target": traffictest.Backend(), "with the target gone": {}} {
		t.Run(name, func(t *testing.T) {
			api := traffictest.NewAPI(scheme(t))
			bring(t, api, traffictest.Canary(), traffictest.Backend())
			release(t, api, traffictest.Canary(), b)
			got := traffictest.Read(t, api, named("podinfo"))
			if diff := cmp.Diff(map[string]string{"app": "podinfo"}, got.Spec.Selector); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if len(got.Annotations) != 0 {
				t.Errorf("annotations %v stay", got.Annotations)
			}
		})
	}
}

func TestAServiceThatWasNeverTakenIsLeftAlone(t *testing.T) {
	api := traffictest.NewAPI(scheme(t), userService())
	if writes := api.Since(func() { release(t, api, traffictest.Canary(), traffictest.Backend()) }); len(writes) != 0 {
		t.Errorf("writes %v", writes)
	}
	if _, known, err := newRouter(api).Observe(context.Background(), traffictest.Canary()); known || err != nil {
		t.Errorf("Observe() says known %v, %v", known, err)
	}
}
