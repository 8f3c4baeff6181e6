// Package generator sends load: HTTP/1.1, HTTP/2 or gRPC requests at a rate, over a number of connections, for a time
// or a number of requests. Fortio's periodic runner keeps the pace and draws the histogram.
//
// It does not know where a plan comes from, who may run one, or which targets are allowed: the first two are
// pkg/loadtest's, the last is the dial function's, which every connection goes through, redirects included.
//
// Start reading at [Generator.Run].
package generator
