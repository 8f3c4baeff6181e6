package istio

import (
	istiov1 "istio.io/api/networking/v1alpha3"

	"github.com/linnet-delivery/linnet/pkg/rollout"
)

// odd is the canary's share in routes that Ensure never writes.
const odd = -1

// observed returns the share that routes hold, and false when none names a side.
func observed(h hosts, routes []*istiov1.HTTPRoute) (rollout.Traffic, bool) {
	var seen []rollout.Traffic
	known := false
	for _, r := range routes {
		if h.owns(r) {
			seen = append(seen, rollout.Traffic{Canary: canaryShare(h, r), Mirror: mirrorsToSide(h, r)})
			known = known || h.names(r)
		}
	}
	if !known {
		return rollout.Traffic{}, false
	}
	for _, t := range seen[1:] {
		if t != seen[0] {
			return rollout.Traffic{Canary: odd}, true
		}
	}
	return seen[0], true
}

// canaryShare returns the percentage that r gives the canary. A single
// destination takes everything, whatever its weight.
func canaryShare(h hosts, r *istiov1.HTTPRoute) int {
	if len(r.Route) == 1 {
		if h.is(r.Route[0].GetDestination().GetHost(), h.canary) {
			return 100
		}
		return 0
	}
	canary, sum := 0, 0
	for _, d := range r.Route {
		host, weight := d.GetDestination().GetHost(), int(d.GetWeight())
		switch {
		case h.is(host, h.canary):
			canary += weight
		case !h.is(host, h.primary) && !h.is(host, h.apex):
			return odd
		}
		sum += weight
	}
	if sum != 100 || canary < 0 || canary > 100 {
		return odd
	}
	return canary
}
