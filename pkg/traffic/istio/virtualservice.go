package istio

import (
	"fmt"
	"slices"

	istiov1 "istio.io/api/networking/v1alpha3"
	networkingv1 "istio.io/client-go/pkg/apis/networking/v1"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/kube"
	"github.com/linnet-delivery/linnet/pkg/rollout"
	"github.com/linnet-delivery/linnet/pkg/traffic"
)

// meshGateway is Istio's name for the sidecars, and what no gateways mean.
const meshGateway = "mesh"

// virtualService returns the whole object that existing, nil when there is none,
// is to become. It does not change its arguments. The error wraps
// kube.ErrRefused when the Canary asks for what cannot be written.
func virtualService(c *flaggerv1.Canary, _ kube.Backend, t rollout.Traffic, existing *networkingv1.VirtualService) (*networkingv1.VirtualService, error) {
	if s := c.Spec.Service; s.Delegation && len(s.Hosts)+len(s.Gateways) > 0 {
		return nil, fmt.Errorf("%w: delegation leaves hosts and gateways to the root VirtualService: remove service.hosts and service.gateways, or turn service.delegation off", kube.ErrRefused)
	}
	says, err := routeOf(c)
	if err != nil {
		return nil, err
	}
	vs, owned, err := claimed(c, existing)
	if err != nil {
		return nil, err
	}
	h, spec := newHosts(c), &vs.Spec
	spec.Hosts = wantedHosts(c, h, spec.Hosts, owned)
	spec.Gateways = wantedGateways(c, spec.Gateways, owned)
	share := sharing{hosts: h, traffic: t, port: destinationPort(c, spec.Gateways), mirrorPercent: mirrorPercent(c), cookies: cookiesOf(c)}
	if share.chosen, err = chosenOf(c); err != nil {
		return nil, err
	}
	if c.Spec.Service.IsTCP() {
		spec.Http = withoutOurs(h, spec.Http)
		spec.Tcp = share.overTCP(spec.Tcp, portsOf(says))
		return vs, nil
	}
	routes := withoutSpecial(spec.Http)
	if owned {
		routes = single(h, routes, share.apply(override(core(h, routes), says)))
	} else {
		routes = adopted(h, routes, says, share)
	}
	if spec.Http, err = share.withSpecial(routes); err != nil {
		return nil, fmt.Errorf("route VirtualService %s: %w", vs.Name, err)
	}
	return vs, nil
}

// claimed returns a copy of existing, or a new object, with the metadata that
// ours carry, and whether it is one that we made.
func claimed(c *flaggerv1.Canary, existing *networkingv1.VirtualService) (*networkingv1.VirtualService, bool, error) {
	vs, owned := emptyVirtualService(c), true
	if existing != nil {
		var err error
		if owned, err = traffic.Owned(c, existing); err != nil {
			return nil, false, err
		}
		vs = existing.DeepCopy()
	}
	h := newHosts(c)
	switch {
	case owned:
		traffic.Own(c, vs)
	case !slices.ContainsFunc(existing.Spec.Http, h.names) && !slices.ContainsFunc(existing.Spec.Tcp, func(r *istiov1.TCPRoute) bool { return namesSide(h, r.Route) }):
		if err := traffic.Remember(vs, &existing.Spec); err != nil {
			return nil, false, err
		}
	}
	traffic.KeepFluxAway(vs)
	traffic.Label(vs, c.Spec.Service.Apex)
	return vs, owned, nil
}

// wantedHosts returns service.hosts and the apex. An adopted object whose Canary
// lists no hosts keeps its own beside the apex.
func wantedHosts(c *flaggerv1.Canary, h hosts, present []string, owned bool) []string {
	if c.Spec.Service.Delegation {
		return nil
	}
	wanted := slices.Clone(c.Spec.Service.Hosts)
	if len(wanted) == 0 && !owned {
		wanted = slices.Clone(present)
	}
	listed := slices.ContainsFunc(wanted, func(host string) bool { return host == "*" || h.is(host, h.apex) })
	if !listed {
		wanted = append(wanted, h.apex)
	}
	return wanted
}

// wantedGateways returns service.gateways, or else mesh. An adopted object whose
// Canary lists no gateways keeps its own.
func wantedGateways(c *flaggerv1.Canary, present []string, owned bool) []string {
	switch {
	case c.Spec.Service.Delegation:
		return nil
	case len(c.Spec.Service.Gateways) > 0:
		return slices.Clone(c.Spec.Service.Gateways)
	case !owned && len(present) > 0:
		return present
	}
	return []string{meshGateway}
}

// destinationPort returns the port that destinations name, nil for none. The
// Services have more than one only with port discovery; a gateway cannot tell
// which is meant, while a call inside the mesh carries its port.
func destinationPort(c *flaggerv1.Canary, gateways []string) *istiov1.PortSelector {
	s := c.Spec.Service
	beyondMesh := s.Delegation || len(gateways) > 0 && gateways[0] != meshGateway
	if !s.PortDiscovery || !beyondMesh {
		return nil
	}
	return &istiov1.PortSelector{Number: uint32(s.Port)}
}

// mirrorPercent returns the percentage of requests to mirror, nil for all of them.
func mirrorPercent(c *flaggerv1.Canary) *istiov1.Percent {
	if c.Spec.Analysis.MirrorWeight <= 0 {
		return nil
	}
	return &istiov1.Percent{Value: float64(c.Spec.Analysis.MirrorWeight)}
}
