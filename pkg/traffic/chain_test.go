package traffic_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	networkingv1 "istio.io/client-go/pkg/apis/networking/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/rollout"
	"github.com/linnet-delivery/linnet/pkg/traffic"
	"github.com/linnet-delivery/linnet/pkg/traffic/istio"
	"github.com/linnet-delivery/linnet/pkg/traffic/service"
	"github.com/linnet-delivery/linnet/pkg/traffic/traffictest"
)

func scheme(t *testing.T) *runtime.Scheme {
	t.Helper()
	s := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{corev1.AddToScheme, networkingv1.AddToScheme, flaggerv1.AddToScheme} {
		if err := add(s); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func chain(c client.Client) traffic.Router {
	return traffic.Chain{Services: service.New(c, service.Options{}), Mesh: istio.New(c, istio.Options{})}
}

func TestChain(t *testing.T) {
	traffictest.Run(t, traffictest.Subject{
		New:    chain,
		Scheme: scheme(t),
		Routes: func(c *flaggerv1.Canary) []client.Object {
			vs, apex := &networkingv1.VirtualService{}, &corev1.Service{}
			for _, obj := range []client.Object{vs, apex} {
				obj.SetNamespace(c.Namespace)
				obj.SetName(c.ApexServiceName())
			}
			return []client.Object{vs, apex}
		},
		Share: func(obj client.Object, canary int) {
			d := obj.(*networkingv1.VirtualService).Spec.Http[0].Route
			d[0].Weight, d[1].Weight = int32(100-canary), int32(canary)
		},
	})
}

// The order is what keeps requests from being lost: Services before the rules
// that name them, the mesh's route before the apex turns to the primary, and
// back in the same order.
func TestChainWritesInOrder(t *testing.T) {
	ctx, c, b := context.Background(), traffictest.Canary(), traffictest.Backend()
	api := traffictest.NewAPI(scheme(t))
	r := chain(api)
	if err := errors.Join(r.Prepare(ctx, c, b), r.Ensure(ctx, c, b, rollout.Traffic{}), r.Release(ctx, c, b)); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"create *v1.Service/podinfo-primary",
		"create *v1.Service/podinfo-canary",
		"create *unstructured.Unstructured/podinfo-primary",
		"create *unstructured.Unstructured/podinfo-canary",
		"create *v1.VirtualService/podinfo",
		"create *v1.Service/podinfo",
		"update *v1.VirtualService/podinfo",
		"update *v1.Service/podinfo",
	}
	if diff := cmp.Diff(want, api.Writes); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestChainStopsAtTheFirstError(t *testing.T) {
	ctx, c, b := context.Background(), traffictest.Canary(), traffictest.Backend()
	broken := errors.New("etcd is gone")
	tests := map[string]struct {
		do   func(traffic.Router) error
		says string
	}{
		"Prepare": {func(r traffic.Router) error { return r.Prepare(ctx, c, b) }, "prepare Services: create Service test/podinfo-primary"},
		"Ensure":  {func(r traffic.Router) error { return r.Ensure(ctx, c, b, rollout.Traffic{}) }, "route in mesh: create VirtualService test/podinfo"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			api := traffictest.NewAPI(scheme(t))
			api.FailOn(traffictest.Fault{Err: broken})
			err := test.do(chain(api))
			if !errors.Is(err, broken) || !strings.HasPrefix(err.Error(), test.says) {
				t.Errorf("got error %v, want one that says %q", err, test.says)
			}
			if len(api.Writes) != 1 {
				t.Errorf("writes %v after the error", api.Writes)
			}
		})
	}
}
