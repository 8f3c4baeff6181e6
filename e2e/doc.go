// Package e2e tests Linnet on a real cluster, mesh and load: see doc comments of its tests.
//
// They run inside a lab: make e2e. Each test works in a namespace of its own. Tests that break what all
// share (the controller, istiod, Prometheus) or that count all requests run alone, the others two at a time.
package e2e
