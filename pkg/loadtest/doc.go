// Package loadtest serves webhooks of Canaries: it sends load while a release is analysed, runs acceptance tests before
// it, and keeps gates that people open and close.
//
// It decides which tasks may run: what they are ([pkg/loadtest/command]), for whom, how many at once, and for how long.
// It refuses to know how load is sent ([pkg/loadtest/generator]) and where it may go ([pkg/loadtest/target]). No shell
// takes part unless the operator has allowed it.
//
// Start reading at [Server.Handler].
package loadtest
