package cli

import (
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/linnet-delivery/linnet/e2e/lab/internal/build"
	"github.com/linnet-delivery/linnet/e2e/lab/internal/cluster"
	"github.com/linnet-delivery/linnet/e2e/lab/internal/host"
	"github.com/linnet-delivery/linnet/e2e/lab/internal/lab"
	"github.com/linnet-delivery/linnet/e2e/lab/internal/layout"
	"github.com/linnet-delivery/linnet/e2e/lab/internal/progress"
)

func newUp() *cobra.Command {
	var only string
	var auditUsers []string
	command := &cobra.Command{
		Use:   "up NAME",
		Short: "Start a lab, or what is missing of it",
		Long: `Starts a lab from what "lab build" made. A lab that is up is left alone; components that have ended are
started again; a lab that a reboot has left half-way is made anew.`,
		Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			extent, err := parseExtent(only)
			if err != nil {
				return err
			}
			if err := checkHost(extent); err != nil {
				return err
			}
			report := progress.New(os.Stdout)
			l, err := newLab(args[0], report)
			if err != nil {
				return err
			}
			if err := l.Up(command.Context(), extent, auditUsers); err != nil {
				return err
			}
			return summary(l, report)
		},
	}
	flags := command.Flags()
	flags.StringVar(&only, "only", "", `"apiserver" (with etcd) or "controlplane" (also controller-manager and scheduler)`)
	flags.StringSliceVar(&auditUsers, "audit-user", []string{cluster.DefaultAuditUser},
		"user whose requests go into the audit log; decided when the lab is made (may be repeated; names of service accounts begin with system:serviceaccount:)")
	return command
}

func parseExtent(only string) (lab.Extent, error) {
	switch extent := lab.Extent(only); extent {
	case "":
		return lab.Whole, nil
	case lab.OnlyAPIServer, lab.OnlyControlPlane:
		return extent, nil
	}
	return "", usageError{fmt.Errorf("--only is %q, but can only be %q or %q", only, lab.OnlyAPIServer, lab.OnlyControlPlane)}
}

func checkHost(extent lab.Extent) error {
	if err := host.CheckPlatform(); err != nil {
		return err
	}
	if err := host.CheckDisk(layout.StateRoot(), host.MinLabDisk, "a lab"); err != nil {
		return err
	}
	only := build.OnlyKubernetes
	if extent == lab.Whole {
		only = ""
	}
	if missing := build.MissingPackages(only); len(missing) > 0 {
		return fmt.Errorf("package %s is not installed: \"lab build\" installs what a lab needs", missing[0])
	}
	return host.CheckKernel()
}

// summary prints how long each step took and how the lab is used.
func summary(l *lab.Lab, report *progress.Reporter) error {
	var longest time.Duration
	for _, row := range report.Rows() {
		longest = max(longest, row.Took)
	}
	if longest > time.Second {
		report.Note("\nlab %s is up after %s", l.Name, progress.Seconds(report.Elapsed()))
	}
	status, err := l.Status()
	if err != nil {
		return err
	}
	report.Note("\n%s", status.Usage())
	return nil
}

// newLab returns the lab, and makes a wrong name a mistake in the command line.
func newLab(name string, report *progress.Reporter) (*lab.Lab, error) {
	l, err := lab.New(name, report)
	if err != nil {
		return nil, usageError{err}
	}
	return l, nil
}
