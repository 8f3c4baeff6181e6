// Package controller is the shell around the heart: it observes the world,
// asks package rollout what to do, answers its questions, applies the decision,
// records it in the Canary's status and tells. It owns the ports that the
// adapters fill (ports.go). Start reading at Reconciler.Reconcile.
package controller
