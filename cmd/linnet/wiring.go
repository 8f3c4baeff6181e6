package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	istiov1 "istio.io/client-go/pkg/apis/networking/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
)

// A lost leader is replaced within the lease, a stopped one at once.
const (
	leaseDuration = 15 * time.Second
	renewDeadline = 10 * time.Second
	retryPeriod   = 2 * time.Second
)

func newScheme() *runtime.Scheme {
	s := runtime.NewScheme()
	utilruntime.Must(clientgoscheme.AddToScheme(s))
	utilruntime.Must(istiov1.AddToScheme(s))
	utilruntime.Must(flaggerv1.AddToScheme(s))
	return s
}

func restConfig(o options) (*rest.Config, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = o.kubeconfig
	cfg, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, nil).ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("find the API server (in a cluster, or by --kubeconfig): %w", err)
	}
	cfg.QPS, cfg.Burst = o.qps, o.burst
	return cfg, nil
}

// newManager returns a manager whose client reads from caches and sees its own
// writes there, so that no pass acts on memory older than the last one's.
func newManager(o options) (ctrl.Manager, error) {
	cfg, err := restConfig(o)
	if err != nil {
		return nil, err
	}
	caches := cache.Options{
		DefaultTransform: cache.TransformStripManagedFields(),
		ByObject:         map[client.Object]cache.ByObject{&corev1.Pod{}: {Transform: slimPod}},
	}
	if o.namespace != "" {
		caches.DefaultNamespaces = map[string]cache.Config{o.namespace: {}}
	}
	mgr, err := ctrl.NewManager(cfg, ctrl.Options{
		Scheme: newScheme(),
		Cache:  caches,
		Client: client.Options{
			FieldOwner: "linnet",
			Cache: &client.CacheOptions{
				Unstructured:                    true, // ScaledObjects have no Go type here
				EnableReadYourWritesConsistency: new(true),
			},
		},
		Metrics: metricsserver.Options{
			BindAddress:   fmt.Sprintf(":%d", o.port),
			ExtraHandlers: map[string]http.Handler{"/healthz": alive{}},
		},
		HealthProbeBindAddress:        "0",
		LeaderElection:                o.leaderElection,
		LeaderElectionID:              "linnet-leader-election",
		LeaderElectionNamespace:       o.leaderNamespace,
		LeaderElectionReleaseOnCancel: true,
		LeaseDuration:                 new(leaseDuration),
		RenewDeadline:                 new(renewDeadline),
		RetryPeriod:                   new(retryPeriod),
	})
	if err != nil {
		return nil, fmt.Errorf("set up the controller manager: %w", err)
	}
	return mgr, nil
}

// slimPod keeps of a Pod what health is read from.
func slimPod(o any) (any, error) {
	pod, ok := o.(*corev1.Pod)
	if !ok {
		return o, nil
	}
	pod.ManagedFields = nil
	pod.Annotations = nil
	pod.Spec = corev1.PodSpec{}
	return pod, nil
}

// alive answers that the process runs.
type alive struct{}

func (alive) ServeHTTP(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) }

// ready answers that the caches have been filled.
type ready struct{ caches cache.Cache }

func (r ready) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	ctx, cancel := context.WithTimeout(req.Context(), time.Second)
	defer cancel()
	if !r.caches.WaitForCacheSync(ctx) {
		http.Error(w, "the caches are not filled yet", http.StatusServiceUnavailable)
		return
	}
	_, _ = w.Write([]byte("ok\n"))
}

// requireKinds says in one sentence which definitions are missing, instead of failing somewhere in a watch.
func requireKinds(mgr ctrl.Manager, provider string) error {
	kinds := []client.Object{&flaggerv1.Canary{}, &flaggerv1.MetricTemplate{}, &flaggerv1.AlertProvider{}}
	if provider == flaggerv1.ProviderIstio {
		kinds = append(kinds, &istiov1.VirtualService{}, &istiov1.DestinationRule{})
	}
	for _, o := range kinds {
		gvk, err := mgr.GetClient().GroupVersionKindFor(o)
		if err != nil {
			return fmt.Errorf("look up %T: %w", o, err)
		}
		_, err = mgr.GetRESTMapper().RESTMapping(gvk.GroupKind(), gvk.Version)
		if meta.IsNoMatchError(err) {
			return fmt.Errorf("the cluster has no %s (%s): install its custom resource definitions first", gvk.Kind, gvk.GroupVersion())
		}
		if err != nil {
			return fmt.Errorf("look up %s: %w", gvk, err)
		}
	}
	return nil
}
