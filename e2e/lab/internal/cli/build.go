package cli

import (
	"os"
	"os/exec"
	"strings"

	"fmt"

	"github.com/spf13/cobra"

	"github.com/linnet-delivery/linnet/e2e/lab/internal/build"
	"github.com/linnet-delivery/linnet/e2e/lab/internal/host"
	"github.com/linnet-delivery/linnet/e2e/lab/internal/layout"
	"github.com/linnet-delivery/linnet/e2e/lab/internal/progress"
)

func newBuild() *cobra.Command {
	var only string
	command := &cobra.Command{
		Use:   "build",
		Short: "Build what labs are started from, once",
		Long: `Builds all programs from pinned Go modules, fetches Envoy, renders Istio's manifests and writes the
images. What has not changed since the last time is left alone. Missing Debian packages are installed.
The first build takes about 17 minutes of two cores, a build without changes less than a second.`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			if only != "" && only != build.OnlyKubernetes {
				return usageError{fmt.Errorf("--only is %q, but can only be %q", only, build.OnlyKubernetes)}
			}
			if err := checkBuildHost(); err != nil {
				return err
			}
			report := progress.New(os.Stdout)
			builder, err := build.New(command.Context(), report)
			if err != nil {
				return err
			}
			if err := builder.Run(command.Context(), only); err != nil {
				return err
			}
			report.Note("built in %s", progress.Seconds(report.Elapsed()))
			return nil
		},
	}
	command.Flags().StringVar(&only, "only", "", `"kubernetes": just what "lab up --only apiserver" and "--only controlplane" need`)
	return command
}

// checkBuildHost asks for disk space only where a first build would need it.
func checkBuildHost() error {
	if err := host.CheckPlatform(); err != nil {
		return err
	}
	cache, err := layout.NewCache()
	if err != nil {
		return err
	}
	if cache.Missing("kubernetes", "pilot-discovery", "istioctl", "prometheus") == "" {
		return nil
	}
	if err := host.CheckDisk(cache.Path(), host.MinBuildDisk, "a first build"); err != nil {
		return err
	}
	out, err := exec.Command("go", "env", "GOCACHE").Output()
	if err != nil {
		return fmt.Errorf("ask Go for its cache: %w (a Go tool of version 1.26 or later must be in PATH)", err)
	}
	return host.CheckDisk(strings.TrimSpace(string(out)), host.MinBuildDisk, "a first build")
}
