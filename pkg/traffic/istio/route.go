package istio

import (
	"slices"

	istiov1 "istio.io/api/networking/v1alpha3"

	"github.com/linnet-delivery/linnet/pkg/rollout"
)

// sharing is everything about how one route shares its requests out.
type sharing struct {
	hosts         hosts
	traffic       rollout.Traffic
	port          *istiov1.PortSelector
	mirrorPercent *istiov1.Percent
	// chosen are the requests of analysis.match.
	chosen  []*istiov1.HTTPMatchRequest
	cookies cookies
}

// apply makes r send its requests to both sides, and returns it. Both
// destinations are always there, so that a step changes two numbers only.
func (s sharing) apply(r *istiov1.HTTPRoute) *istiov1.HTTPRoute {
	s.share(r, s.traffic)
	if s.traffic.Mirror {
		clearMirror(r)
		r.Mirror = s.destination(s.hosts.canary)
		r.MirrorPercentage = s.mirrorPercent
	} else if mirrorsToSide(s.hosts, r) {
		clearMirror(r)
	}
	return r
}

func (s sharing) share(r *istiov1.HTTPRoute, t rollout.Traffic) {
	r.Route = []*istiov1.HTTPRouteDestination{
		{Destination: s.destination(s.hosts.primary), Weight: int32(t.Primary())},
		{Destination: s.destination(s.hosts.canary), Weight: int32(t.Canary)},
	}
}

func (s sharing) destination(host string) *istiov1.Destination {
	return &istiov1.Destination{Host: host, Port: s.port}
}

// mirrorsToSide reports whether r copies requests to the primary or the canary.
func mirrorsToSide(h hosts, r *istiov1.HTTPRoute) bool {
	return h.isSide(r.Mirror) || slices.ContainsFunc(r.Mirrors, func(m *istiov1.HTTPMirrorPolicy) bool {
		return h.isSide(m.GetDestination())
	})
}

func clearMirror(r *istiov1.HTTPRoute) {
	r.Mirror, r.Mirrors, r.MirrorPercentage, r.MirrorPercent = nil, nil, nil, nil //nolint:staticcheck // others may have set the old field
}

// core returns what survives of our route in an object of ours: its name and an
// injected fault, which the Canary has no words for.
func core(h hosts, routes []*istiov1.HTTPRoute) *istiov1.HTTPRoute {
	i := lastOwn(h, routes)
	if i < 0 {
		return &istiov1.HTTPRoute{}
	}
	return &istiov1.HTTPRoute{Name: routes[i].Name, Fault: routes[i].Fault}
}

// lastOwn returns the index of the last of our routes, -1 when there is none.
func lastOwn(h hosts, routes []*istiov1.HTTPRoute) int {
	for i, r := range slices.Backward(routes) {
		if h.owns(r) {
			return i
		}
	}
	return -1
}

// override sets in r what says sets, and returns r.
func override(r, says *istiov1.HTTPRoute) *istiov1.HTTPRoute {
	says = says.DeepCopy()
	if len(says.Match) > 0 {
		r.Match = says.Match
	}
	if says.Rewrite != nil {
		r.Rewrite = says.Rewrite
	}
	if says.Timeout != nil {
		r.Timeout = says.Timeout
	}
	if says.Retries != nil {
		r.Retries = says.Retries
	}
	if says.Headers != nil {
		r.Headers = says.Headers
	}
	if says.CorsPolicy != nil {
		r.CorsPolicy = says.CorsPolicy
	}
	return r
}

// single puts ours where the last of our routes stands in routes, and at the
// end when there is none, and drops our other ones. The last is the least
// special: in its place ours hides no route of somebody else.
func single(h hosts, routes []*istiov1.HTTPRoute, ours *istiov1.HTTPRoute) []*istiov1.HTTPRoute {
	last := lastOwn(h, routes)
	if last < 0 {
		return append(slices.Clone(routes), ours)
	}
	var merged []*istiov1.HTTPRoute
	for i, r := range routes {
		switch {
		case i == last:
			merged = append(merged, ours)
		case !h.owns(r):
			merged = append(merged, r)
		}
	}
	return merged
}

// adopted shares out each of our routes where it stands. A match in the Canary
// is one for the whole application, so it leaves a single route of them.
func adopted(h hosts, routes []*istiov1.HTTPRoute, says *istiov1.HTTPRoute, share sharing) []*istiov1.HTTPRoute {
	last := lastOwn(h, routes)
	if last < 0 {
		return single(h, routes, share.apply(override(&istiov1.HTTPRoute{}, says)))
	}
	if len(says.Match) > 0 {
		return single(h, routes, share.apply(override(routes[last].DeepCopy(), says)))
	}
	merged := slices.Clone(routes)
	for i, r := range merged {
		if h.owns(r) {
			merged[i] = share.apply(override(r.DeepCopy(), says))
		}
	}
	return merged
}
