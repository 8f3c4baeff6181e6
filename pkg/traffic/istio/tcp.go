package istio

import (
	"slices"

	istiov1 "istio.io/api/networking/v1alpha3"
)

// overTCP returns routes with those of ours sharing connections out, or with one
// of ours behind them where there is none. ports limit a new one to these.
func (s sharing) overTCP(routes []*istiov1.TCPRoute, ports []uint32) []*istiov1.TCPRoute {
	all := slices.Clone(routes)
	found := false
	for i, r := range all {
		if isOurs(s.hosts, r.Route) {
			all[i], found = s.applyTCP(r.DeepCopy()), true
		}
	}
	if found {
		return all
	}
	ours := &istiov1.TCPRoute{}
	for _, p := range ports {
		ours.Match = append(ours.Match, &istiov1.L4MatchAttributes{Port: p})
	}
	return append(all, s.applyTCP(ours))
}

func (s sharing) applyTCP(r *istiov1.TCPRoute) *istiov1.TCPRoute {
	r.Route = []*istiov1.RouteDestination{
		{Destination: s.destination(s.hosts.primary), Weight: int32(s.traffic.Primary())},
		{Destination: s.destination(s.hosts.canary), Weight: int32(s.traffic.Canary)},
	}
	return r
}

// portsOf returns the ports that the Canary's match names: the only part of it
// that a TCP connection can meet.
func portsOf(says *istiov1.HTTPRoute) []uint32 {
	var ports []uint32
	for _, m := range says.Match {
		if m.Port > 0 && !slices.Contains(ports, m.Port) {
			ports = append(ports, m.Port)
		}
	}
	return ports
}

// withoutOurs drops our HTTP routes, which an application that has come to speak TCP leaves behind.
func withoutOurs(h hosts, routes []*istiov1.HTTPRoute) []*istiov1.HTTPRoute {
	return slices.DeleteFunc(withoutSpecial(routes), h.names)
}

// tcpToApex makes the routes that name a side send everything to the apex Service.
func tcpToApex(h hosts, routes []*istiov1.TCPRoute) {
	for _, r := range routes {
		if namesSide(h, r.Route) {
			port := r.Route[0].GetDestination().GetPort()
			r.Route = []*istiov1.RouteDestination{{Destination: &istiov1.Destination{Host: h.apex, Port: port}}}
		}
	}
}
