package istio

import (
	"context"
	"fmt"

	"google.golang.org/protobuf/proto"
	networkingv1 "istio.io/client-go/pkg/apis/networking/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/kube"
	"github.com/linnet-delivery/linnet/pkg/rollout"
	"github.com/linnet-delivery/linnet/pkg/traffic"
)

// Options are the router's settings.
type Options struct {
	// FieldOwner names us in managedFields; empty means linnet.
	FieldOwner string
}

// Router keeps the VirtualService and the DestinationRules of each Canary.
type Router struct {
	client client.Client
}

// New returns a Router that reads and writes through c, whose scheme must know
// networking.istio.io/v1.
func New(c client.Client, o Options) *Router {
	return &Router{client: numbers{traffic.Client(c, o.FieldOwner)}}
}

// Observe returns the share that the VirtualService holds, whoever wrote it. It
// is not known when there is no VirtualService or no route of it names a side. A
// share that Ensure never writes (weights that do not add up, routes that
// disagree, a third destination) is known, with Canary -1: unlike any other.
func (r *Router) Observe(ctx context.Context, c *flaggerv1.Canary) (rollout.Traffic, bool, error) {
	vs := emptyVirtualService(c)
	key := client.ObjectKeyFromObject(vs)
	err := r.client.Get(ctx, key, vs)
	if apierrors.IsNotFound(err) {
		return rollout.Traffic{}, false, nil
	}
	if err != nil {
		return rollout.Traffic{}, false, explain("VirtualService", fmt.Errorf("get VirtualService %s: %w", key, err))
	}
	t, known := observed(newHosts(c), &vs.Spec)
	return t, known, nil
}

// Prepare writes the DestinationRules of both sides. Nothing routes by them yet.
func (r *Router) Prepare(ctx context.Context, c *flaggerv1.Canary, _ kube.Backend) error {
	for _, host := range []string{c.PrimaryServiceName(), c.CanaryServiceName()} {
		build := func(existing *networkingv1.DestinationRule) (*networkingv1.DestinationRule, error) {
			return destinationRule(c, host, existing)
		}
		if err := traffic.Write(ctx, r.client, emptyDestinationRule(c, host), build, sameDestinationRule); err != nil {
			return explain("DestinationRule", err)
		}
	}
	return nil
}

// Ensure writes t into the VirtualService, together with everything else that
// the Canary says of its route.
func (r *Router) Ensure(ctx context.Context, c *flaggerv1.Canary, b kube.Backend, t rollout.Traffic) error {
	build := func(existing *networkingv1.VirtualService) (*networkingv1.VirtualService, error) {
		return virtualService(c, b, t, existing)
	}
	return explain("VirtualService", traffic.Write(ctx, r.client, emptyVirtualService(c), build, sameVirtualService))
}

// Release gives an adopted VirtualService its original spec back. One without
// an original sends everything to the apex from then on, so that users stay
// served; it outlives the Canary, even when we made it.
func (r *Router) Release(ctx context.Context, c *flaggerv1.Canary, _ kube.Backend) error {
	build := func(existing *networkingv1.VirtualService) (*networkingv1.VirtualService, error) {
		return released(c, existing)
	}
	return explain("VirtualService", traffic.Write(ctx, r.client, emptyVirtualService(c), build, sameVirtualService))
}

// Disown lets the VirtualService and the DestinationRules outlive the Canary as they are.
func (r *Router) Disown(ctx context.Context, c *flaggerv1.Canary) error {
	for _, host := range []string{c.PrimaryServiceName(), c.CanaryServiceName()} {
		if err := traffic.Outlive(ctx, r.client, c, emptyDestinationRule(c, host), sameDestinationRule); err != nil {
			return explain("DestinationRule", err)
		}
	}
	return explain("VirtualService", traffic.Outlive(ctx, r.client, c, emptyVirtualService(c), sameVirtualService))
}

// explain says what is to be done about err where its own words do not.
func explain(kind string, err error) error {
	if meta.IsNoMatchError(err) {
		return fmt.Errorf("%s: the Istio CRDs are not installed: the API server does not serve networking.istio.io/v1: %w: %w", kind, kube.ErrRefused, err)
	}
	return err
}

func emptyVirtualService(c *flaggerv1.Canary) *networkingv1.VirtualService {
	return &networkingv1.VirtualService{ObjectMeta: metav1.ObjectMeta{Namespace: c.Namespace, Name: c.ApexServiceName()}}
}

func emptyDestinationRule(c *flaggerv1.Canary, name string) *networkingv1.DestinationRule {
	return &networkingv1.DestinationRule{ObjectMeta: metav1.ObjectMeta{Namespace: c.Namespace, Name: name}}
}

func sameVirtualService(a, b *networkingv1.VirtualService) bool {
	return equality.Semantic.DeepEqual(a.ObjectMeta, b.ObjectMeta) && proto.Equal(&a.Spec, &b.Spec)
}

func sameDestinationRule(a, b *networkingv1.DestinationRule) bool {
	return equality.Semantic.DeepEqual(a.ObjectMeta, b.ObjectMeta) && proto.Equal(&a.Spec, &b.Spec)
}
