package istio

import (
	"slices"
	"strings"

	istiov1 "istio.io/api/networking/v1alpha3"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
)

// hosts are the names of a Canary's three Services as routes refer to them.
type hosts struct {
	namespace             string
	apex, primary, canary string
}

func newHosts(c *flaggerv1.Canary) hosts {
	return hosts{
		namespace: c.Namespace,
		apex:      c.ApexServiceName(),
		primary:   c.PrimaryServiceName(),
		canary:    c.CanaryServiceName(),
	}
}

// is reports whether host means the Service name, in its short form or with the
// namespace, whatever the cluster's domain is.
func (h hosts) is(host, name string) bool {
	rest, found := strings.CutPrefix(host, name)
	if !found {
		return false
	}
	long := "." + h.namespace + ".svc"
	return rest == "" || rest == "."+h.namespace || rest == long || strings.HasPrefix(rest, long+".")
}

func (h hosts) isSide(d *istiov1.Destination) bool {
	return h.is(d.GetHost(), h.primary) || h.is(d.GetHost(), h.canary)
}

// destined is a destination with a weight, of an HTTP or a TCP route.
type destined interface {
	GetDestination() *istiov1.Destination
	GetWeight() int32
}

// names reports whether the route sends anything to primary or canary.
func (h hosts) names(r *istiov1.HTTPRoute) bool { return namesSide(h, r.Route) }

func namesSide[D destined](h hosts, route []D) bool {
	return slices.ContainsFunc(route, func(d D) bool { return h.isSide(d.GetDestination()) })
}

// owns reports whether the route is ours.
func (h hosts) owns(r *istiov1.HTTPRoute) bool { return isOurs(h, r.Route) }

// isOurs reports whether a route names a side, or sends all that it matches to the
// apex. One that names a side counts even if somebody added a destination of
// theirs; otherwise that edit would take it out of our hands.
func isOurs[D destined](h hosts, route []D) bool {
	return namesSide(h, route) || len(route) > 0 && !slices.ContainsFunc(route, func(d D) bool {
		return !h.is(d.GetDestination().GetHost(), h.apex)
	})
}

// canaryShare returns the percentage that a route gives the canary. A single
// destination takes everything, whatever its weight.
func canaryShare[D destined](h hosts, route []D) int {
	if len(route) == 1 {
		if h.is(route[0].GetDestination().GetHost(), h.canary) {
			return 100
		}
		return 0
	}
	canary, sum := 0, 0
	for _, d := range route {
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
