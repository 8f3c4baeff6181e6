// Command loadtester answers webhooks of Canaries: it sends load, runs acceptance tests, and keeps gates.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/linnet-delivery/linnet/pkg/goflags"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	cmd := command()
	cmd.SetArgs(goflags.WithTwoDashes(os.Args[1:]))
	err := cmd.ExecuteContext(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "loadtester:", err)
		os.Exit(1)
	}
}
