package istio

import (
	"fmt"

	istiov1 "istio.io/api/networking/v1alpha3"
	networkingv1 "istio.io/client-go/pkg/apis/networking/v1"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/traffic"
)

// released returns existing as it was before the Canary, or nil when nothing of
// it is in our hands.
func released(c *flaggerv1.Canary, existing *networkingv1.VirtualService) (*networkingv1.VirtualService, error) {
	if existing == nil {
		return nil, nil
	}
	owned, err := traffic.Owned(c, existing)
	if err != nil {
		return nil, err
	}
	h, vs := newHosts(c), existing.DeepCopy()
	if !owned && !taken(h, vs) {
		return nil, nil
	}
	var original istiov1.VirtualService
	found, err := recall(vs, owned, &original)
	if err != nil {
		return nil, err
	}
	if found {
		original.DeepCopyInto(&vs.Spec)
	} else {
		vs.Spec.Http = withoutSpecial(vs.Spec.Http)
		toApex(h, vs.Spec.Http)
		tcpToApex(h, vs.Spec.Tcp)
	}
	traffic.Disown(c, vs)
	traffic.Forget(vs)
	traffic.LetFluxBack(vs)
	return vs, nil
}

// recall reads the original spec of an adopted object. One of our own has none:
// what kubectl apply noted on it came after us.
func recall(vs *networkingv1.VirtualService, owned bool, original *istiov1.VirtualService) (bool, error) {
	if owned {
		return false, nil
	}
	found, err := traffic.Recall(vs, original)
	if err != nil {
		return false, fmt.Errorf("recall what was before the Canary: %w", err)
	}
	return found, nil
}

// taken reports whether an adopted object still is in our hands.
func taken(h hosts, vs *networkingv1.VirtualService) bool {
	if _, stored := vs.Annotations[flaggerv1.OriginalConfigurationAnnotation]; stored {
		return true
	}
	_, known := observed(h, &vs.Spec)
	return known
}

// toApex makes the routes that name a side send everything to the apex Service,
// which outlives both.
func toApex(h hosts, routes []*istiov1.HTTPRoute) {
	for _, r := range routes {
		if mirrorsToSide(h, r) {
			clearMirror(r)
		}
		if !h.names(r) {
			continue
		}
		port := r.Route[0].GetDestination().GetPort()
		r.Route = []*istiov1.HTTPRouteDestination{{Destination: &istiov1.Destination{Host: h.apex, Port: port}}}
	}
}
