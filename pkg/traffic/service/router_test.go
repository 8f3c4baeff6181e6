package service_test

import (
	"context"
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/kube"
	"github.com/linnet-delivery/linnet/pkg/rollout"
	"github.com/linnet-delivery/linnet/pkg/traffic"
	"github.com/linnet-delivery/linnet/pkg/traffic/service"
	"github.com/linnet-delivery/linnet/pkg/traffic/traffictest"
)

func scheme(t *testing.T) *runtime.Scheme {
	t.Helper()
	s := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{corev1.AddToScheme, flaggerv1.AddToScheme} {
		if err := add(s); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func newRouter(c client.Client) traffic.Router { return service.New(c, service.Options{}) }

func named(name string) *corev1.Service {
	return &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "test", Name: name}}
}

func TestRouter(t *testing.T) {
	traffictest.Run(t, traffictest.Subject{
		New:    newRouter,
		Scheme: scheme(t),
		Routes: func(c *flaggerv1.Canary) []client.Object { return []client.Object{named(c.ApexServiceName())} },
	})
}

// bring lets the router do all that it does before and during a release.
func bring(t *testing.T, api *traffictest.API, c *flaggerv1.Canary, b kube.Backend) {
	t.Helper()
	ctx, r := context.Background(), newRouter(api)
	if err := r.Prepare(ctx, c, b); err != nil {
		t.Fatalf("Prepare: %v", err)
	}
	if err := r.Ensure(ctx, c, b, rollout.Traffic{}); err != nil {
		t.Fatalf("Ensure: %v", err)
	}
}

func release(t *testing.T, api *traffictest.API, c *flaggerv1.Canary, b kube.Backend) {
	t.Helper()
	if err := newRouter(api).Release(context.Background(), c, b); err != nil {
		t.Fatalf("Release: %v", err)
	}
}

func port(name string, number int32, target intstr.IntOrString) corev1.ServicePort {
	return corev1.ServicePort{Name: name, Protocol: corev1.ProtocolTCP, Port: number, TargetPort: target}
}

var http = port("http", 9898, intstr.FromInt32(9898))

func TestServicesAreWhatTheCanarySays(t *testing.T) {
	api := traffictest.NewAPI(scheme(t))
	bring(t, api, traffictest.Canary(func(c *flaggerv1.Canary) {
		c.Spec.Service.Apex = &flaggerv1.CustomMetadata{Labels: map[string]string{"side": "apex"}}
		c.Spec.Service.Primary = &flaggerv1.CustomMetadata{Annotations: map[string]string{"side": "primary"}}
		c.Spec.Service.Canary = &flaggerv1.CustomMetadata{Labels: map[string]string{"side": "canary", "app": "mine"}}
		c.Spec.Service.TrafficDistribution = "PreferClose"
		c.Spec.Service.Headless = true
	}), traffictest.Backend())

	flux := map[string]string{
		"kustomize.toolkit.fluxcd.io/reconcile": "disabled",
		"helm.toolkit.fluxcd.io/driftDetection": "disabled",
	}
	primaryAnnotations := map[string]string{"side": "primary"}
	maps.Copy(primaryAnnotations, flux)
	tests := map[string]struct {
		labels, annotations, selector map[string]string
	}{
		"podinfo":         {map[string]string{"app": "podinfo", "side": "apex"}, flux, map[string]string{"app": "podinfo-primary"}},
		"podinfo-primary": {map[string]string{"app": "podinfo-primary"}, primaryAnnotations, map[string]string{"app": "podinfo-primary"}},
		"podinfo-canary":  {map[string]string{"app": "mine", "side": "canary"}, flux, map[string]string{"app": "podinfo"}},
	}
	for name, want := range tests {
		t.Run(name, func(t *testing.T) {
			svc := traffictest.Read(t, api, named(name))
			if diff := cmp.Diff(want.labels, svc.Labels); diff != "" {
				t.Errorf("labels (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(want.annotations, svc.Annotations); diff != "" {
				t.Errorf("annotations (-want +got):\n%s", diff)
			}
			near := corev1.ServiceTrafficDistributionPreferClose
			wantSpec := corev1.ServiceSpec{
				Type: corev1.ServiceTypeClusterIP, ClusterIP: corev1.ClusterIPNone,
				Selector: want.selector, Ports: []corev1.ServicePort{http}, TrafficDistribution: &near,
			}
			if diff := cmp.Diff(wantSpec, svc.Spec); diff != "" {
				t.Errorf("spec (-want +got):\n%s", diff)
			}
			if !metav1.IsControlledBy(svc, traffictest.Canary()) {
				t.Errorf("owners are %v", svc.OwnerReferences)
			}
		})
	}
}

func TestPorts(t *testing.T) {
	udp := corev1.ServicePort{Name: "dns", Protocol: corev1.ProtocolUDP, Port: 53, TargetPort: intstr.FromInt32(53)}
	grpc := "grpc"
	tests := map[string]struct {
		edit       func(*flaggerv1.CanaryService)
		discovered []corev1.ContainerPort
		want       []corev1.ServicePort
	}{
		"name and target have defaults": {
			edit: func(*flaggerv1.CanaryService) {}, want: []corev1.ServicePort{http},
		},
		"everything can be said": {
			edit: func(s *flaggerv1.CanaryService) {
				target := intstr.FromString("web")
				s.Port, s.PortName, s.TargetPort, s.AppProtocol = 80, "grpc", &target, "grpc"
			},
			want: []corev1.ServicePort{{Name: "grpc", Protocol: corev1.ProtocolTCP, Port: 80, TargetPort: intstr.FromString("web"), AppProtocol: &grpc}},
		},
		"a target of 0 is the port": {
			edit: func(s *flaggerv1.CanaryService) { zero := intstr.FromInt32(0); s.TargetPort = &zero },
			want: []corev1.ServicePort{http},
		},
		"an empty target is the port": {
			edit: func(s *flaggerv1.CanaryService) { none := intstr.FromString(""); s.TargetPort = &none },
			want: []corev1.ServicePort{http},
		},
		"discovered ports follow under names of their own": {
			edit: func(*flaggerv1.CanaryService) {},
			discovered: []corev1.ContainerPort{
				{Name: "http", ContainerPort: 9797},
				{ContainerPort: 9999},
				{Name: "dns", ContainerPort: 53, Protocol: corev1.ProtocolUDP},
				{Name: "dns-tcp", ContainerPort: 53},
				{Name: "again", ContainerPort: 9898},
			},
			want: []corev1.ServicePort{http, port("http-9797", 9797, intstr.FromInt32(9797)), port("port-9999", 9999, intstr.FromInt32(9999)), udp, port("dns-tcp", 53, intstr.FromInt32(53))},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			api, b := traffictest.NewAPI(scheme(t)), traffictest.Backend()
			b.DiscoveredPorts = test.discovered
			bring(t, api, traffictest.Canary(func(c *flaggerv1.Canary) { test.edit(&c.Spec.Service) }), b)
			for _, svc := range []string{"podinfo", "podinfo-primary", "podinfo-canary"} {
				if diff := cmp.Diff(test.want, traffictest.Read(t, api, named(svc)).Spec.Ports); diff != "" {
					t.Errorf("%s (-want +got):\n%s", svc, diff)
				}
			}
		})
	}
}

// Somebody turned a selector, the ports, the type and the node port of our own
// Services; the first two are ours.
func TestDriftIsRepairedInOneWrite(t *testing.T) {
	for _, name := range []string{"podinfo", "podinfo-primary", "podinfo-canary"} {
		t.Run(name, func(t *testing.T) {
			api := traffictest.NewAPI(scheme(t))
			bring(t, api, traffictest.Canary(), traffictest.Backend())
			want := traffictest.Read(t, api, named(name))
			traffictest.Edit(t, api, named(name), func(svc *corev1.Service) {
				svc.Spec.Selector = map[string]string{"app": "elsewhere"}
				svc.Spec.Ports[0].Port, svc.Spec.Ports[0].Name = 81, "other"
				svc.Labels["app"] = "other"
			})
			writes := api.Since(func() { bring(t, api, traffictest.Canary(), traffictest.Backend()) })
			if len(writes) != 1 {
				t.Errorf("writes %v, want one", writes)
			}
			ignore := cmpopts.IgnoreFields(metav1.ObjectMeta{}, "ResourceVersion")
			if diff := cmp.Diff(want, traffictest.Read(t, api, named(name)), ignore); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestTypeAndNodePortOfOthersStay(t *testing.T) {
	api := traffictest.NewAPI(scheme(t))
	bring(t, api, traffictest.Canary(), traffictest.Backend())
	traffictest.Edit(t, api, named("podinfo"), func(svc *corev1.Service) {
		svc.Spec.Type, svc.Spec.Ports[0].NodePort = corev1.ServiceTypeNodePort, 30080
	})
	writes := api.Since(func() { bring(t, api, traffictest.Canary(), traffictest.Backend()) })
	if len(writes) != 0 {
		t.Errorf("writes %v, want none", writes)
	}
}
