// Command loadtester answers webhooks of Canaries: it sends load, runs acceptance tests, and keeps gates.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := command().ExecuteContext(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "loadtester:", err)
		os.Exit(1)
	}
}
