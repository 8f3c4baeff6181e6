// Package apiserver tests the real controller program against a real API server
// and etcd (tier T2): what admission refuses, what the controller refuses, and
// how many requests a release costs.
//
// Nothing else of a cluster runs. The tests play the Deployment and DaemonSet controllers
// (deployments_test.go, daemonsets_test.go) and Prometheus (prometheus_test.go), and stand between
// controller and API server with a proxy that writes down every request
// (journal_test.go). Start reading at TestARelease in release_test.go.
package apiserver
