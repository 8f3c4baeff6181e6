package apiserver

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	istiov1 "istio.io/client-go/pkg/apis/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
)

// repository is the top folder, seen from this one, where go test runs the tests.
const repository = "../.."

var (
	idleTime = flag.Duration("idle", 20*time.Second, "how long an idle Canary is watched for requests")
	patience = flag.Duration("patience", time.Minute, "how long a test waits for a single thing")

	// config is the administrator's access, cluster a client that uses it.
	config  *rest.Config
	cluster client.WithWatch
)

func TestMain(m *testing.M) {
	// The tests wait more than they work.
	if err := flag.Set("test.parallel", "24"); err != nil {
		panic(err)
	}
	flag.Parse()
	ctx, stop := context.WithCancel(context.Background())
	if err := setUp(ctx); err != nil {
		fmt.Fprintf(os.Stderr, "The tests need an API server and the controller program, see make test: %v\n", err)
		os.Exit(1)
	}
	code := m.Run()
	stop()
	os.Exit(code)
}

func setUp(ctx context.Context) error {
	if _, err := os.Stat(program()); err != nil {
		return fmt.Errorf("find the controller program (LINNET_BIN): %w", err)
	}
	if err := connect(); err != nil {
		return err
	}
	for _, pattern := range []string{"artifacts/crd/flagger.app_*.yaml", "artifacts/install/cluster-role.yaml"} {
		if err := install(ctx, filepath.Join(repository, pattern)); err != nil {
			return err
		}
	}
	if err := install(ctx, "testdata/istio-crds.yaml"); err != nil {
		return err
	}
	go playDeployments(ctx, cluster)
	go playDaemonSets(ctx, cluster)
	return nil
}

// connect finds the API server by KUBECONFIG.
func connect() error {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, istiov1.AddToScheme, flaggerv1.AddToScheme} {
		if err := add(scheme); err != nil {
			return fmt.Errorf("register kinds: %w", err)
		}
	}
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	var err error
	if config, err = clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, nil).ClientConfig(); err != nil {
		return fmt.Errorf("find the API server by KUBECONFIG (run inside a lab: lab exec NAME -- …): %w", err)
	}
	config.QPS, config.Burst = 200, 400
	config.UserAgent = "linnet-apiserver-test"
	config.WarningHandler = rest.NoWarnings{} // old values that users still write are tested too
	if cluster, err = client.NewWithWatch(config, client.Options{Scheme: scheme}); err != nil {
		return fmt.Errorf("connect to the API server: %w", err)
	}
	return nil
}

// install creates what the files declare, and waits until definitions are served.
func install(ctx context.Context, pattern string) error {
	ctx, cancel := context.WithTimeout(ctx, *patience)
	defer cancel()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		return fmt.Errorf("find %s: %d files, %w", pattern, len(files), err)
	}
	for _, file := range files {
		m, err := readManifest(file)
		if err != nil {
			return err
		}
		for _, o := range m.objects {
			if err := cluster.Create(ctx, o); err != nil && !apierrors.IsAlreadyExists(err) {
				return fmt.Errorf("create %s %s: %w", o.GetKind(), o.GetName(), err)
			}
			if o.GetKind() != "CustomResourceDefinition" {
				continue
			}
			if err := waitFor(ctx, definitions(), "", o.GetName(), "being served", served); err != nil {
				return err
			}
		}
	}
	return nil
}

func definitions() *unstructured.UnstructuredList {
	list := &unstructured.UnstructuredList{}
	list.SetAPIVersion("apiextensions.k8s.io/v1")
	list.SetKind("CustomResourceDefinitionList")
	return list
}

func served(o *unstructured.Unstructured) bool {
	conditions, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions")
	for _, c := range conditions {
		if c, ok := c.(map[string]any); ok && c["type"] == "Established" && c["status"] == "True" {
			return true
		}
	}
	return false
}
