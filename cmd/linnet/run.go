package main

import (
	"context"
	"fmt"
	"time"

	"k8s.io/client-go/kubernetes"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/asking"
	"github.com/linnet-delivery/linnet/pkg/controller"
	"github.com/linnet-delivery/linnet/pkg/hook"
	linnetmetrics "github.com/linnet-delivery/linnet/pkg/metrics"
	"github.com/linnet-delivery/linnet/pkg/notify"
	"github.com/linnet-delivery/linnet/pkg/notify/alert"
	"github.com/linnet-delivery/linnet/pkg/rollout"
	"github.com/linnet-delivery/linnet/pkg/telemetry"
	"github.com/linnet-delivery/linnet/pkg/traffic"
	"github.com/linnet-delivery/linnet/pkg/traffic/istio"
	"github.com/linnet-delivery/linnet/pkg/traffic/service"
	"github.com/linnet-delivery/linnet/pkg/version"
	"github.com/linnet-delivery/linnet/pkg/workload"
)

// askedAtOnce bounds how many questions of each class are out at the same time.
var askedAtOnce = asking.Limits{Hooks: 32, Analyses: 32, Silences: 32}

// run joins the adapters to the controller and works until ctx ends.
func run(ctx context.Context, o options) error {
	mgr, err := newManager(o)
	if err != nil {
		return err
	}
	if err := requireKinds(mgr, o.meshProvider); err != nil {
		return err
	}
	if err := mgr.AddMetricsServerExtraHandler("/readyz", ready{caches: mgr.GetCache()}); err != nil {
		return fmt.Errorf("serve /readyz: %w", err)
	}
	clients, err := kubernetes.NewForConfig(mgr.GetConfig())
	if err != nil {
		return fmt.Errorf("make a client for events and external metrics: %w", err)
	}
	meter := newMeter(ctx, mgr, o)
	wake, woken := controller.Waker()
	asker := asking.New(askedAtOnce, time.Now, wake)
	hooks := hook.New(hook.Options{Now: time.Now, UserAgent: "linnet/" + version.Version, EventURL: o.eventWebhook})
	teller := newTeller(ctx, mgr, o, clients, hooks, meter)
	for _, r := range []manager.Runnable{asker, teller} {
		if err := mgr.Add(r); err != nil {
			return fmt.Errorf("add %T: %w", r, err)
		}
	}
	r := newReconciler(mgr, o, clients)
	r.Asker, r.Hooks, r.Teller, r.Meter = meter.Timed(asker), hooks, teller, meter
	if err := r.SetupWithManager(ctx, mgr, o.threads, woken); err != nil {
		return err
	}
	ctrl.Log.Info("Starting", "version", version.String())
	if err := mgr.Start(ctx); err != nil {
		return fmt.Errorf("run the controller: %w", err)
	}
	return nil
}

// newMeter returns the meter of Linnet's own series, and of the reference's if they are wanted.
func newMeter(ctx context.Context, mgr ctrl.Manager, o options) *telemetry.Meter {
	meter := telemetry.New(metrics.Registry, time.Now)
	if o.metricsCompat {
		meter.ServeReference(metrics.Registry, o.meshProvider, func(namespace, name string) (*flaggerv1.Canary, bool) {
			c := &flaggerv1.Canary{}
			err := mgr.GetClient().Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, c)
			return c, err == nil
		})
	}
	return meter
}

// newTeller returns what passes events on to people and programs.
func newTeller(ctx context.Context, mgr ctrl.Manager, o options, clients kubernetes.Interface, hooks *hook.Caller, meter *telemetry.Meter) *notify.Teller {
	sink := &typedcorev1.EventSinkImpl{Interface: clients.CoreV1().Events("")}
	receivers := notify.Options{
		Recorder: notify.NewRecorder(ctx, mgr.GetScheme(), sink),
		Poster:   hooks,
		Alerter: alert.New(alert.Options{
			Reader: mgr.GetClient(), Secrets: mgr.GetAPIReader(), Global: o.chats(), Cluster: o.clusterName,
			NoCrossNamespaceRefs: o.noCrossNamespace, UserAgent: "linnet/" + version.Version,
		}),
		Hooks:   hooks,
		Now:     time.Now,
		Log:     ctrl.Log.WithName("notify"),
		Dropped: meter.NotificationDropped,
	}
	if o.cloudEventsSink != "" {
		receivers.CloudEvents = hooks.CloudEvents(o.cloudEventsSink, o.clusterName)
	}
	return notify.New(receivers)
}

// newReconciler returns the controller with the adapters that touch the cluster and Prometheus.
func newReconciler(mgr ctrl.Manager, o options, clients kubernetes.Interface) *controller.Reconciler {
	c, live := mgr.GetClient(), mgr.GetAPIReader()
	barriers := rollout.DefaultBarriers()
	barriers.Convergence, barriers.Settle = o.convergence, o.settle
	defaults := controller.Defaults{Provider: o.meshProvider}
	return &controller.Reconciler{
		Client: c,
		Workload: workload.New(workload.Options{
			Client: c, Live: live, Now: time.Now, SelectorLabels: list(o.selectorLabels),
			ConfigTracking: o.configTracking, IncludeLabelPrefix: list(o.includeLabels),
		}),
		Router: newRouter(c, defaults),
		Analyst: linnetmetrics.New(linnetmetrics.Options{
			Reader: c, Secrets: live, API: clients.CoreV1().RESTClient(), Now: time.Now,
			DefaultProvider: o.meshProvider, DefaultAddress: o.metricsServer,
			SilenceWindow: o.silenceWindow, NoCrossNamespaceRefs: o.noCrossNamespace,
		}),
		Now:      time.Now,
		Barriers: barriers,
		Defaults: defaults, ConfigTracking: o.configTracking,
	}
}

// newRouter returns the way in which each Canary's traffic is shifted. The
// copies of a target that is a Service are the workload's.
func newRouter(c client.Client, defaults controller.Defaults) traffic.Router {
	services, mesh := service.New(c, service.Options{}), istio.New(c, istio.Options{})
	both := traffic.Chain{Services: services, Mesh: mesh}
	return traffic.Choice(func(canary *flaggerv1.Canary) traffic.Router {
		switch {
		case canary.Spec.TargetRef.Kind == flaggerv1.TargetService:
			return mesh
		case defaults.ProviderOf(canary) == flaggerv1.ProviderKubernetes:
			return services
		}
		return both
	})
}
