package istio

import (
	"slices"
	"strings"

	istiov1 "istio.io/api/networking/v1alpha3"

	"github.com/linnet-delivery/linnet/pkg/rollout"
)

// odd is the canary's share in routes that Ensure never writes.
const odd = -1

// observed returns the share that routes hold, and false when none names a side.
func observed(h hosts, spec *istiov1.VirtualService) (rollout.Traffic, bool) {
	seen, known := shares(h, spec)
	if !known {
		return rollout.Traffic{}, false
	}
	t := seen[0]
	disagree := slices.ContainsFunc(seen, func(other rollout.Traffic) bool { return other != t })
	if disagree || t.Canary == 0 && toCanary(h, spec.Http, stickyCanary) {
		return rollout.Traffic{Canary: odd}, true
	}
	t.Matched = toCanary(h, spec.Http, matchedRoute)
	return t, true
}

// shares returns the share of each route of ours, and whether any names a side.
func shares(h hosts, spec *istiov1.VirtualService) (seen []rollout.Traffic, known bool) {
	for _, r := range spec.Http {
		if h.owns(r) && !isSpecial(r) {
			seen = append(seen, rollout.Traffic{Canary: canaryShare(h, r), Mirror: mirrorsToSide(h, r)})
			known = known || h.names(r)
		}
	}
	for _, r := range spec.Tcp {
		if h.ownsTCP(r) {
			seen = append(seen, rollout.Traffic{Canary: tcpShare(h, r)})
			known = known || h.namesTCP(r)
		}
	}
	return seen, known
}

// toCanary reports whether a special route of that name gives the canary anything.
func toCanary(h hosts, routes []*istiov1.HTTPRoute, name string) bool {
	return slices.ContainsFunc(routes, func(r *istiov1.HTTPRoute) bool {
		return strings.HasPrefix(r.Name, name) && canaryShare(h, r) != 0
	})
}

// canaryShare returns the percentage that r gives the canary.
func canaryShare(h hosts, r *istiov1.HTTPRoute) int {
	var weights []weight
	for _, d := range r.Route {
		weights = append(weights, weight{d.GetDestination().GetHost(), int(d.GetWeight())})
	}
	return h.share(weights)
}

// weight is what a route gives a host.
type weight struct {
	host  string
	value int
}

// share returns the percentage that weights give the canary. A single
// destination takes everything, whatever its weight.
func (h hosts) share(weights []weight) int {
	if len(weights) == 1 {
		if h.is(weights[0].host, h.canary) {
			return 100
		}
		return 0
	}
	canary, sum := 0, 0
	for _, w := range weights {
		switch {
		case h.is(w.host, h.canary):
			canary += w.value
		case !h.is(w.host, h.primary) && !h.is(w.host, h.apex):
			return odd
		}
		sum += w.value
	}
	if sum != 100 || canary < 0 || canary > 100 {
		return odd
	}
	return canary
}
