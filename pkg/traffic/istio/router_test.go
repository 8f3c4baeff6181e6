package istio_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	networkingv1 "istio.io/client-go/pkg/apis/networking/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/kube"
	"github.com/linnet-delivery/linnet/pkg/rollout"
	"github.com/linnet-delivery/linnet/pkg/traffic"
	"github.com/linnet-delivery/linnet/pkg/traffic/istio"
	"github.com/linnet-delivery/linnet/pkg/traffic/traffictest"
)

func scheme(t *testing.T) *runtime.Scheme {
	t.Helper()
	s := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{networkingv1.AddToScheme, flaggerv1.AddToScheme} {
		if err := add(s); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func newRouter(c client.Client) traffic.Router { return istio.New(c, istio.Options{}) }

func virtualServiceOf(c *flaggerv1.Canary) *networkingv1.VirtualService {
	vs := &networkingv1.VirtualService{}
	vs.Namespace, vs.Name = c.Namespace, c.ApexServiceName()
	return vs
}

// setShare moves the canary's share in every route that has two destinations.
func setShare(obj client.Object, canary int) {
	for _, r := range obj.(*networkingv1.VirtualService).Spec.Http {
		if len(r.Route) == 2 {
			r.Route[0].Weight, r.Route[1].Weight = int32(100-canary), int32(canary)
		}
	}
}

func TestRouter(t *testing.T) {
	traffictest.Run(t, traffictest.Subject{
		New:    newRouter,
		Scheme: scheme(t),
		Routes: func(c *flaggerv1.Canary) []client.Object { return []client.Object{virtualServiceOf(c)} },
		Share:  setShare,
	})
}

// A cluster without Istio answers each request for its kinds in this way.
func TestMissingCRDsAreNamed(t *testing.T) {
	noMatch := &meta.NoKindMatchError{GroupKind: schema.GroupKind{Group: "networking.istio.io", Kind: "VirtualService"}}
	api := interceptor.NewClient(traffictest.NewAPI(scheme(t)).Client.(client.WithWatch), interceptor.Funcs{
		Get: func(context.Context, client.WithWatch, client.ObjectKey, client.Object, ...client.GetOption) error {
			return noMatch
		},
	})
	ctx, c, router := context.Background(), traffictest.Canary(), newRouter(api)
	_, _, observeErr := router.Observe(ctx, c)
	for name, err := range map[string]error{
		"Observe": observeErr,
		"Prepare": router.Prepare(ctx, c, traffictest.Backend()),
		"Ensure":  router.Ensure(ctx, c, traffictest.Backend(), rollout.Traffic{}),
		"Release": router.Release(ctx, c, traffictest.Backend()),
	} {
		if !errors.Is(err, kube.ErrRefused) || !strings.Contains(err.Error(), "the Istio CRDs are not installed") {
			t.Errorf("%s returned %v", name, err)
		}
	}
}
