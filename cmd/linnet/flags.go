package main

import (
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/go-logr/logr"
	"github.com/spf13/cobra"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/linnet-delivery/linnet/pkg/rollout"
	"github.com/linnet-delivery/linnet/pkg/version"
)

// options are what the flags set. Names follow the reference where the same thing exists.
type options struct {
	kubeconfig       string
	qps              float32
	burst            int
	metricsServer    string
	meshProvider     string
	selectorLabels   string
	includeLabels    string
	namespace        string
	port             int
	logLevel         string
	eventWebhook     string
	leaderElection   bool
	leaderNamespace  string
	configTracking   bool
	noCrossNamespace bool
	threads          int
	convergence      time.Duration
	settle           time.Duration
	silenceWindow    time.Duration
}

func command() *cobra.Command {
	o := options{}
	cmd := &cobra.Command{
		Use:   "linnet",
		Short: "Progressive delivery for Kubernetes: shifts traffic to new revisions, watches them, promotes or rolls back",
		Long: "linnet runs in the cluster and brings Canary objects (flagger.app/v1beta1) about: it clones the target\n" +
			"into a primary, shifts traffic between the two through Istio, asks Prometheus and webhooks at each step,\n" +
			"and promotes or rolls back. docs/install.md says how it is installed.",
		Version:       version.String(),
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			logger, err := newLogger(o.logLevel)
			if err != nil {
				return err
			}
			ctrl.SetLogger(logger)
			return run(cmd.Context(), o)
		},
	}
	o.bind(cmd)
	return cmd
}

func (o *options) bind(cmd *cobra.Command) {
	barriers := rollout.DefaultBarriers()
	f := cmd.Flags()
	f.StringVar(&o.kubeconfig, "kubeconfig", "", "path to a kubeconfig; inside a cluster none is needed")
	f.Float32Var(&o.qps, "kubeconfig-qps", 100, "requests per second to the API server, at most")
	f.IntVar(&o.burst, "kubeconfig-burst", 250, "requests to the API server in one burst, at most")
	f.StringVar(&o.metricsServer, "metrics-server", "http://prometheus:9090", "address of the Prometheus that built-in metrics are asked from")
	f.StringVar(&o.meshProvider, "mesh-provider", "istio", "traffic provider of Canaries that name none")
	f.StringVar(&o.selectorLabels, "selector-labels", "app,name,app.kubernetes.io/name", "labels that may tell the primary's pods from the canary's, first match wins")
	f.StringVar(&o.includeLabels, "include-label-prefix", "", "prefixes of labels and annotations that are copied to the primary, comma separated; * for all")
	f.StringVar(&o.namespace, "namespace", "", "watch one namespace only; empty watches all")
	f.IntVar(&o.port, "port", 8080, "port for /metrics, /healthz and /readyz")
	f.StringVar(&o.logLevel, "log-level", "info", "debug, info, warn or error")
	f.StringVar(&o.eventWebhook, "event-webhook", os.Getenv("EVENT_WEBHOOK_URL"), "URL that is told every event of Canaries without an event webhook of their own")
	f.BoolVar(&o.leaderElection, "enable-leader-election", true, "let one of several replicas act at a time")
	f.StringVar(&o.leaderNamespace, "leader-election-namespace", "", "namespace of the lease; empty is the controller's own")
	f.BoolVar(&o.configTracking, "enable-config-tracking", true, "treat changes of referenced ConfigMaps and Secrets as new revisions")
	f.BoolVar(&o.noCrossNamespace, "no-cross-namespace-refs", false, "refuse references to other namespaces")
	f.IntVar(&o.threads, "threadiness", 4, "Canaries that are worked on at the same time")
	f.DurationVar(&o.convergence, "convergence", barriers.Convergence, "time after a route is in place until every proxy follows it")
	f.DurationVar(&o.settle, "settle", barriers.Settle, "time that pods must have been ready before they get traffic")
	f.DurationVar(&o.silenceWindow, "silence-window", 10*time.Second, "time without a request after which a side counts as drained; at least two scrape intervals")
}

func newLogger(level string) (logr.Logger, error) {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		return logr.Logger{}, fmt.Errorf("--log-level %q: use debug, info, warn or error", level)
	}
	return logr.FromSlogHandler(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: l})), nil
}

func list(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' })
}
