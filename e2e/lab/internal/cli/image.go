package cli

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/linnet-delivery/linnet/e2e/lab/internal/image"
	"github.com/linnet-delivery/linnet/e2e/lab/internal/lab"
	"github.com/linnet-delivery/linnet/e2e/lab/internal/progress"
)

func newImage() *cobra.Command {
	var spec image.Spec
	var out string
	command := &cobra.Command{
		Use:   "image --name REF --out FILE.tar /PATH=FILE... [-- ENTRYPOINT...]",
		Short: "Write an image of static programs as a tar",
		Long: `Writes an OCI image that holds the given files and nothing else, as a tar that "lab load" takes. Without
an entrypoint the first file is run.`,
		Example: `  lab image --name lab.local/linnet:dev --out linnet.tar --user 65532 --dir /tmp /linnet=bin/linnet -- /linnet -v=1`,
		Args:    cobra.MinimumNArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			files := args
			if dash := command.ArgsLenAtDash(); dash >= 0 {
				files, spec.Entrypoint = args[:dash], args[dash:]
			}
			for _, arg := range files {
				file, err := image.ParseFile(arg)
				if err != nil {
					return usageError{err}
				}
				spec.Files = append(spec.Files, file)
			}
			if err := checkImage(spec, out); err != nil {
				return usageError{err}
			}
			digest, err := image.Write(out, spec)
			if err != nil {
				return err
			}
			fmt.Fprintf(command.OutOrStdout(), "%s %s\n", spec.Name, digest)
			return nil
		},
	}
	flags := command.Flags()
	flags.StringVar(&spec.Name, "name", "", "reference of the image, with a tag (required)")
	flags.StringVar(&out, "out", "", "tar to write (required)")
	flags.StringArrayVar(&spec.Env, "env", nil, "environment variable, KEY=VALUE (may be repeated)")
	flags.StringVar(&spec.User, "user", "", "user id that the program runs as")
	flags.StringArrayVar(&spec.Dirs, "dir", nil, "empty folder that everyone may write to (may be repeated)")
	flags.StringVar(&spec.WorkingDir, "workdir", "/", "working folder")
	return command
}

func checkImage(spec image.Spec, out string) error {
	if out == "" {
		return errors.New("--out is missing: the tar to write")
	}
	for _, pair := range spec.Env {
		if !strings.Contains(pair, "=") {
			return fmt.Errorf("--env %s: want KEY=VALUE", pair)
		}
	}
	return spec.Check()
}

func newLoad() *cobra.Command {
	return &cobra.Command{
		Use:   "load NAME FILE.tar...",
		Short: "Load images into a lab's containerd",
		Long:  `Loads image tars into a lab's containerd. Use them in pods with imagePullPolicy Never or IfNotPresent.`,
		Args:  cobra.MinimumNArgs(2),
		RunE: func(command *cobra.Command, args []string) error {
			for _, file := range args[1:] {
				if _, err := os.Stat(file); err != nil {
					return fmt.Errorf("load image: %w", err)
				}
			}
			report := progress.New(os.Stdout)
			return withRunning(args[0], func(l *lab.Lab) error {
				return report.Step("load images", func() error { return l.Load(command.Context(), args[1:]...) })
			})
		},
	}
}
