// Command linnet is the progressive delivery controller: it watches Canary
// objects and shifts traffic to new revisions step by step.
package main

import (
	"fmt"
	"os"

	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/linnet-delivery/linnet/pkg/goflags"
)

func main() {
	cmd := commandFor(&options{})
	cmd.SetArgs(goflags.WithTwoDashes(os.Args[1:]))
	if err := cmd.ExecuteContext(ctrl.SetupSignalHandler()); err != nil {
		fmt.Fprintln(os.Stderr, "linnet:", err)
		os.Exit(1)
	}
}
