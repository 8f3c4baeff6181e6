// Command lab turns a Debian machine into one-node clusters with a real mesh, for demos and tests.
package main

import (
	"os"
	"runtime"

	"github.com/linnet-delivery/linnet/e2e/lab/internal/cli"
)

func init() {
	// Keeps the first thread for this goroutine: threads that join a lab's network namespace
	// are thrown away, and the first one cannot be.
	runtime.LockOSThread()
}

func main() {
	os.Exit(cli.Run(os.Args[1:], os.Stdout, os.Stderr))
}
