// Package outbound is how Linnet calls addresses that users write: webhooks,
// chat rooms, metric providers.
//
// It keeps such an address from reaching the machine that Linnet runs on, bounds
// what is read of an answer, and keeps addresses, which may hold a secret, out of
// errors. Start reading at Poster.Send.
package outbound
