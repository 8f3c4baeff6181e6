package cli

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/linnet-delivery/linnet/e2e/lab/internal/lab"
	"github.com/linnet-delivery/linnet/e2e/lab/internal/layout"
	"github.com/linnet-delivery/linnet/e2e/lab/internal/progress"
)

func newStatus() *cobra.Command {
	return &cobra.Command{
		Use:   "status [NAME]",
		Short: "Show labs, or the components and addresses of one",
		Long:  `Without a name lists all labs. With a name shows its components, and fails unless all of them run.`,
		Args:  cobra.MaximumNArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			if len(args) == 0 {
				return list(command)
			}
			l, err := newLab(args[0], progress.New(os.Stdout))
			if err != nil {
				return err
			}
			status, err := l.Status()
			if err != nil {
				return err
			}
			fmt.Fprint(command.OutOrStdout(), status)
			return status.Err()
		},
	}
}

func list(command *cobra.Command) error {
	names, err := layout.Names()
	if err != nil {
		return err
	}
	if len(names) == 0 {
		fmt.Fprintln(command.OutOrStdout(), "no labs")
	}
	for _, name := range names {
		l, err := lab.New(name, progress.New(os.Stdout))
		if err != nil {
			return err
		}
		state := "up"
		if status, err := l.Status(); err != nil {
			state = "down: " + err.Error()
		} else if err := status.Err(); err != nil {
			state = err.Error()
		}
		fmt.Fprintf(command.OutOrStdout(), "%-20s %s\n", name, state)
	}
	return nil
}
