// Command helm is Helm at the version that this module pins, so that labs need no program from elsewhere:
//
//	go build -C e2e/chart -o ../../bin/helm ./cmd/helm
//	bin/lab exec NAME -- bin/helm upgrade --install linnet charts/linnet --namespace istio-system
//
// It has all of Helm's commands and flags. What it does to a cluster is what a user's own helm would do.
package main

import (
	"errors"
	"fmt"
	"os"

	"helm.sh/helm/v4/pkg/cmd"
	"helm.sh/helm/v4/pkg/kube"
)

func main() {
	// Owners of fields would be named after the program's file otherwise.
	kube.ManagedFieldsManager = "helm"
	if err := run(os.Args[1:]); err != nil {
		os.Exit(code(err))
	}
}

// run does what the arguments say. What goes wrong has been printed when it returns.
func run(args []string) error {
	root, err := cmd.NewRootCmd(os.Stdout, args, cmd.SetupLogging)
	if err != nil {
		fmt.Fprintln(os.Stderr, "Error:", err)
		return err
	}
	return root.Execute()
}

// code returns Helm's own exit code for an error, 1 when it has none.
func code(err error) int {
	var failed cmd.CommandError
	if errors.As(err, &failed) {
		return failed.ExitCode
	}
	return 1
}
