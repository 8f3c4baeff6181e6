// Package traffic holds what every router shares: the Router interface, the
// Chain that joins Services and mesh into one Router, whose an object is, and
// the one way in which routers write.
//
// Three rules hold for every object that a router touches.
//
//   - An object is read from the cache, built anew from the Canary and what was
//     read, and written only when the two differ: one request, guarded by the
//     resourceVersion that was read. A conflict is returned and the caller tries again.
//   - An object that this package made carries the Canary as controlling owner
//     and goes with it. An object that was there before is adopted: it never
//     gets such an owner, so deleting the Canary does not delete it, and its
//     spec is kept once in an annotation, from which Release restores it.
//   - Labels, annotations and fields that the Canary does not speak of stay as they are.
//
// The routers are the sub-packages: service for plain Services, istio for
// VirtualService and DestinationRules. traffictest holds what each must pass.
package traffic
