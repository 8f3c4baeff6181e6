// Package notify tells people and programs what happened to a release: through
// Kubernetes Events, event webhooks, alerts, CloudEvents and post-rollout webhooks.
//
// Telling comes last and never holds anything up. Each kind of receiver has a
// bounded queue of its own, in which every Canary has a lane: events of one
// Canary arrive in order, and one Canary's hung receiver takes one slot. What
// does not fit is dropped, oldest first, and counted. Deliveries are
// at-most-once; the Canary's status is the truth. Start reading at Teller.Tell.
package notify
