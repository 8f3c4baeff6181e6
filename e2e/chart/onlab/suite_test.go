package onlab

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/clientcmd"
)

// root is the repository, seen from this folder, where go test runs the tests.
const root = "../../.."

// system is where Linnet is installed.
const system = "istio-system"

var (
	onLab  = flag.Bool("lab", false, "run the tests, on the cluster of KUBECONFIG")
	helmAt = flag.String("helm", filepath.Join(root, "bin", "helm"), "the program helm")

	clients kubernetes.Interface
	objects dynamic.Interface
	kinds   meta.RESTMapper
)

func TestMain(m *testing.M) {
	flag.Parse()
	if !*onLab {
		fmt.Println("These tests need a lab, and the flag -lab.")
		return
	}
	if err := connect(); err != nil {
		fmt.Fprintf(os.Stderr, "The tests need a lab with Linnet from the chart: %v\n", err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func connect() error {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, nil).ClientConfig()
	if err != nil {
		return fmt.Errorf("find the cluster by KUBECONFIG: %w", err)
	}
	config.QPS, config.Burst = 100, 200
	config.WarningHandler = rest.NoWarnings{}
	typed, err := kubernetes.NewForConfig(config)
	if err != nil {
		return fmt.Errorf("make a client: %w", err)
	}
	if objects, err = dynamic.NewForConfig(config); err != nil {
		return fmt.Errorf("make a client of any kind: %w", err)
	}
	clients, kinds = typed, restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(typed.Discovery()))
	return nil
}

func chartDir(name string) string { return filepath.Join(root, "charts", name) }

// helm runs the program and returns what it prints on standard output.
func helm(t *testing.T, args ...string) string {
	t.Helper()
	out, err := tryHelm(t.Context(), args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func tryHelm(ctx context.Context, args ...string) (string, error) {
	command := exec.CommandContext(ctx, *helmAt, args...) //nolint:gosec // the program that the caller names is what is to be run
	var out, said bytes.Buffer
	command.Stdout, command.Stderr = &out, &said
	if err := command.Run(); err != nil {
		return "", fmt.Errorf("run helm %q: %w\n%s%s", args, err, out.String(), said.String())
	}
	return out.String(), nil
}

// background returns a context for what is cleaned up when the test's own has ended.
func background(t *testing.T) context.Context {
	t.Helper()
	return context.WithoutCancel(t.Context())
}
