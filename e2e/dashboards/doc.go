// Package dashboards reads the Grafana dashboards of the chart: which panels there are and
// what they ask Prometheus.
//
// It does not parse PromQL. That is left to the Prometheus of the lab, which the tests of
// package e2e send each query to during a release. Start reading at Read.
package dashboards
