// Package istio carries out a share of traffic with Istio: one VirtualService for
// the apex and one DestinationRule for each side.
//
// The pure function virtualService builds the whole object from the Canary, the
// share and what exists; start reading there. What exists matters because a
// VirtualService may carry more than ours:
//
//   - An HTTP route is ours when it sends anything to the primary's or the
//     canary's Service, or everything to the apex. All other routes (to other
//     hosts, redirects, delegates, tls, tcp) are somebody else's: they stay, in their order.
//   - In a VirtualService that we made, our part is one route and exactly what the
//     Canary says. Its name and a fault that somebody injects are left alone.
//   - In an adopted one each of our routes stays in its place and gets both
//     destinations; what the Canary says overrides what was there, and where the
//     Canary is silent (a match, a timeout, hosts, gateways) the old value stays.
//     So taking over never takes anything from a user.
//
// Not here yet: routes by header or cookie (A/B testing, session affinity) and TCP routes.
package istio
