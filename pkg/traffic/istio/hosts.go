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

// names reports whether the route sends anything to primary or canary.
func (h hosts) names(r *istiov1.HTTPRoute) bool {
	return slices.ContainsFunc(r.Route, func(d *istiov1.HTTPRouteDestination) bool {
		return h.isSide(d.GetDestination())
	})
}

// owns reports whether the route is ours: it names a side, or sends all that it
// matches to the apex. A route that names a side counts even if somebody added a
// destination of theirs; otherwise that edit would take it out of our hands.
func (h hosts) owns(r *istiov1.HTTPRoute) bool {
	if h.names(r) {
		return true
	}
	return len(r.Route) > 0 && !slices.ContainsFunc(r.Route, func(d *istiov1.HTTPRouteDestination) bool {
		return !h.is(d.GetDestination().GetHost(), h.apex)
	})
}
