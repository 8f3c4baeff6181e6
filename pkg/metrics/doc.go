// Package metrics asks metric providers how a canary is doing. It judges every metric
// of a Canary and tells whether a workload still gets requests.
//
// Nothing a provider sends is trusted: an answer is a number, no data, or an
// error with a sentence, and it is never waited for longer than the timeout.
package metrics
