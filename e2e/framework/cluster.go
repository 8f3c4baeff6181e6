package framework

import (
	"context"
	"fmt"
	"time"

	istiov1 "istio.io/client-go/pkg/apis/networking/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
)

// SystemNamespace is where the mesh and Linnet run.
const SystemNamespace = "istio-system"

// Cluster is a cluster with a mesh, seen from inside its network.
type Cluster struct {
	client.WithWatch
	// Gateway is host:port of the ingress gateway.
	Gateway string
}

// Open finds the cluster by KUBECONFIG, and its gateway.
func Open(ctx context.Context) (*Cluster, error) {
	config, err := restConfig()
	if err != nil {
		return nil, err
	}
	c, err := client.NewWithWatch(config, client.Options{Scheme: newScheme()})
	if err != nil {
		return nil, fmt.Errorf("connect to the cluster: %w", err)
	}
	var gateway corev1.Service
	key := client.ObjectKey{Namespace: SystemNamespace, Name: "istio-ingressgateway"}
	if err := c.Get(ctx, key, &gateway); err != nil {
		return nil, fmt.Errorf("find the gateway's Service %s: %w", key, err)
	}
	return &Cluster{WithWatch: c, Gateway: gateway.Spec.ClusterIP + ":80"}, nil
}

// OpenWithLinnet finds the cluster and waits, for a minute at the most, until Linnet runs in it.
func OpenWithLinnet() (*Cluster, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c, err := Open(ctx)
	if err != nil {
		return nil, err
	}
	return c, c.AwaitController(ctx)
}

func restConfig() (*rest.Config, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, nil).ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("find the cluster by KUBECONFIG (run inside the lab: lab exec NAME -- …): %w", err)
	}
	config.QPS, config.Burst = 100, 200
	config.UserAgent = "linnet-e2e"
	return config, nil
}

func newScheme() *runtime.Scheme {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		clientgoscheme.AddToScheme, istiov1.AddToScheme, flaggerv1.AddToScheme,
	} {
		if err := add(scheme); err != nil {
			panic(err) // the kinds of two packages clash: a mistake in the program
		}
	}
	return scheme
}
