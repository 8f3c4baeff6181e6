package cli

import (
	"os"

	"github.com/spf13/cobra"

	"github.com/linnet-delivery/linnet/e2e/lab/internal/host"
	"github.com/linnet-delivery/linnet/e2e/lab/internal/progress"
)

func newDown() *cobra.Command {
	return &cobra.Command{
		Use:   "down NAME",
		Short: "Take a lab down and remove everything of it",
		Long: `Stops every process of a lab and removes its mounts, namespaces, cgroups and files.
What "lab build" made stays in the cache.`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := host.CheckPlatform(); err != nil {
				return err
			}
			l, err := newLab(args[0], progress.New(os.Stdout))
			if err != nil {
				return err
			}
			return l.Down()
		},
	}
}
