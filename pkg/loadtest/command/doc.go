// Package command reads the command lines that webhooks of Canaries carry, and turns them into what the load tester runs
// by itself: hey, fortio load, wrk and ghz into a plan of load ([Load]); curl, perhaps with grep behind it, and
// grpc_health_probe into an acceptance test ([Acceptance]).
//
// Nothing is expanded and nothing is run here. A line that needs a shell is refused, and so is a flag that would be
// left out: a load or a test that differs from the one asked for is worse than none.
package command
