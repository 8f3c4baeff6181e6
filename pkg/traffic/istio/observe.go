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
			seen = append(seen, rollout.Traffic{Canary: canaryShare(h, r.Route), Mirror: mirrorsToSide(h, r)})
			known = known || h.names(r)
		}
	}
	for _, r := range spec.Tcp {
		if isOurs(h, r.Route) {
			seen = append(seen, rollout.Traffic{Canary: canaryShare(h, r.Route)})
			known = known || namesSide(h, r.Route)
		}
	}
	return seen, known
}

// toCanary reports whether a special route of that name gives the canary anything.
func toCanary(h hosts, routes []*istiov1.HTTPRoute, name string) bool {
	return slices.ContainsFunc(routes, func(r *istiov1.HTTPRoute) bool {
		return strings.HasPrefix(r.Name, name) && canaryShare(h, r.Route) != 0
	})
}
