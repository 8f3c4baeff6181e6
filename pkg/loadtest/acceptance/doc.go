// Package acceptance asks an application once, before load is sent: an HTTP request whose answer may have to match
// patterns ([Request]), or a gRPC health check ([Probe]). It knows nothing of command lines; pkg/loadtest/command makes
// its tests from them.
package acceptance
