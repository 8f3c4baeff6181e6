package cli

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/linnet-delivery/linnet/e2e/lab/internal/lab"
	"github.com/linnet-delivery/linnet/e2e/lab/internal/progress"
)

func newStop() *cobra.Command {
	return &cobra.Command{
		Use:   "stop NAME COMPONENT",
		Short: "Stop one component of a lab, such as prometheus",
		Args:  cobra.ExactArgs(2),
		RunE: func(_ *cobra.Command, args []string) error {
			return withRunning(args[0], func(l *lab.Lab) error { return l.StopComponent(args[1]) })
		},
	}
}

func newStart() *cobra.Command {
	return &cobra.Command{
		Use:   "start NAME COMPONENT",
		Short: "Start a component of a lab that was stopped",
		Args:  cobra.ExactArgs(2),
		RunE: func(command *cobra.Command, args []string) error {
			return withRunning(args[0], func(l *lab.Lab) error { return l.StartComponent(command.Context(), args[1]) })
		},
	}
}

func newLogs() *cobra.Command {
	var lines int
	command := &cobra.Command{
		Use:   "logs NAME [COMPONENT]",
		Short: "Show the logs of a lab's components",
		Long: `Shows the whole log of one component, or the last lines of all. Components are the processes on the machine
("lab status" lists them); pods' logs are shown by "lab kubectl NAME logs".`,
		Args: cobra.RangeArgs(1, 2),
		RunE: func(command *cobra.Command, args []string) error {
			l, err := newLab(args[0], progress.New(os.Stdout))
			if err != nil {
				return err
			}
			if !l.Exists() {
				return fmt.Errorf("lab %s does not exist", l.Name)
			}
			component := ""
			if len(args) == 2 {
				component = args[1]
			}
			return l.WriteLogs(command.OutOrStdout(), component, lines)
		},
	}
	command.Flags().IntVarP(&lines, "lines", "n", 0, "show the last lines only (default: all of one component, 10 of each when all are shown)")
	return command
}

func withRunning(name string, f func(*lab.Lab) error) error {
	l, err := newLab(name, progress.New(os.Stdout))
	if err != nil {
		return err
	}
	if err := l.Running(); err != nil {
		return err
	}
	return f(l)
}
