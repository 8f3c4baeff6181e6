// Package cli holds the commands of the lab program.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// Exit codes.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

// usageError is a mistake in the command line.
type usageError struct{ error }

// Run runs one command and returns the exit code: 0 for success, 1 for a failure, 2 for a wrong command line.
func Run(args []string, out, complaints io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	root := newRoot()
	root.SetArgs(args)
	root.SetOut(out)
	root.SetErr(complaints)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	fmt.Fprintf(complaints, "lab: %v\n", err)
	var usage usageError
	if errors.As(err, &usage) {
		return exitUsage
	}
	return exitFailed
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "lab",
		Short: "Real one-node clusters with Istio and Prometheus on this machine",
		Long: `Real one-node clusters with Istio and Prometheus on this machine.

A lab is etcd, the Kubernetes control plane, a kubelet with containerd, Istio with Envoy
gateway and sidecars, and Prometheus. All of it lives in a network namespace of its own with
no route out; several labs can be up side by side. "lab build" makes the programs and
images once, "lab up NAME" starts a lab from them.

Environment:
  LINNET_LAB_CACHE  what is built (default: linnet-lab in the user's cache folder)
  LINNET_LAB_STATE  state of labs (default: /var/lib/linnet-lab)`,
		Args:          usageArgs(cobra.NoArgs), // names an unknown command
		RunE:          func(root *cobra.Command, _ []string) error { return root.Help() },
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.AddCommand(
		newBuild(), newUp(), newDown(), newStatus(), newLogs(),
		newKubeconfig(), newKubectl(), newExec(),
		newStop(), newStart(), newImage(), newLoad(),
	)
	for _, command := range root.Commands() {
		command.Args = usageArgs(command.Args)
	}
	return root
}

// usageArgs makes a wrong number of arguments a mistake in the command line.
func usageArgs(check cobra.PositionalArgs) cobra.PositionalArgs {
	if check == nil {
		return nil
	}
	return func(command *cobra.Command, args []string) error {
		if err := check(command, args); err != nil {
			return usageError{fmt.Errorf("%w\nUsage: %s", err, command.UseLine())}
		}
		return nil
	}
}
