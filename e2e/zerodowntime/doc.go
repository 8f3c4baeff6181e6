// Package zerodowntime measures how many requests a new version costs, with and without Linnet.
//
// It is a benchmark that is written as a test, in a package of its own so that nobody runs it by
// accident: `make bench-zero-downtime`. It needs a lab with Linnet, and runs inside it. Start reading at
// TestRequestsLostByAnUpdate.
package zerodowntime
