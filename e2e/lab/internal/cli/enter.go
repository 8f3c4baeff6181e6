package cli

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/linnet-delivery/linnet/e2e/lab/internal/progress"
)

func newKubeconfig() *cobra.Command {
	return &cobra.Command{
		Use:   "kubeconfig NAME",
		Short: "Print the path of a lab's kubeconfig",
		Long:  `Prints the path of the administrator's kubeconfig. It works inside the lab's network namespace: see "lab exec".`,
		Args:  cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			l, err := newLab(args[0], progress.New(os.Stdout))
			if err != nil {
				return err
			}
			if err := l.Running(); err != nil {
				return err
			}
			fmt.Fprintln(command.OutOrStdout(), l.Kubeconfig())
			return nil
		},
	}
}

func newKubectl() *cobra.Command {
	return &cobra.Command{
		Use:                   "kubectl NAME [--] ARGUMENTS...",
		Short:                 "Run kubectl in a lab",
		Args:                  cobra.MinimumNArgs(1),
		DisableFlagParsing:    true,
		DisableFlagsInUseLine: true,
		RunE: func(command *cobra.Command, args []string) error {
			if isHelp(args[0]) {
				return command.Help()
			}
			return enter(args[0], append([]string{"kubectl"}, withoutDashes(args[1:])...))
		},
	}
}

func newExec() *cobra.Command {
	return &cobra.Command{
		Use:   "exec NAME [--] COMMAND [ARGUMENTS...]",
		Short: "Run a command in a lab's network",
		Long: `Runs a command in the lab's network namespace, with KUBECONFIG set, the lab's programs first in PATH and
names resolved by the cluster's DNS. The command takes the place of this program: signals reach it, and its
exit code is the exit code.`,
		Args:                  cobra.MinimumNArgs(1),
		DisableFlagParsing:    true,
		DisableFlagsInUseLine: true,
		RunE: func(command *cobra.Command, args []string) error {
			if isHelp(args[0]) {
				return command.Help()
			}
			rest := withoutDashes(args[1:])
			if len(rest) == 0 {
				return usageError{fmt.Errorf("no command to run\nUsage: %s", command.UseLine())}
			}
			return enter(args[0], rest)
		},
	}
}

func enter(name string, command []string) error {
	l, err := newLab(name, progress.New(os.Stdout))
	if err != nil {
		return err
	}
	return l.Exec(command)
}

func isHelp(arg string) bool { return arg == "--help" || arg == "-h" }

func withoutDashes(args []string) []string {
	if len(args) > 0 && args[0] == "--" {
		return args[1:]
	}
	return args
}
