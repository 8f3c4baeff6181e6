package main

import (
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/go-logr/logr"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/linnet-delivery/linnet/pkg/notify/alert"
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
	cloudEventsSink  string
	clusterName      string
	slack            chat
	msteams          chat
	metricsCompat    bool
	leaderElection   bool
	leaderNamespace  string
	configTracking   bool
	noCrossNamespace bool
	threads          int
	convergence      time.Duration
	settle           time.Duration
	silenceWindow    time.Duration
}

// chat is a chat room of the installation.
type chat struct {
	url, token, proxy, user, channel string
}

// commandFor returns the program, whose flags set o.
func commandFor(o *options) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "linnet",
		Short: "Progressive delivery for Kubernetes: shifts traffic to new revisions, watches them, promotes or rolls back",
		Long: "linnet runs in the cluster and brings Canary objects (flagger.app/v1beta1) about: it clones the target\n" +
			"into a primary, shifts traffic between the two through Istio or Services, asks Prometheus and webhooks at each step,\n" +
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
			return run(cmd.Context(), *o)
		},
	}
	o.bind(cmd)
	bindUnneeded(cmd)
	hideSecrets(cmd.Flags())
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
	f.StringVar(&o.cloudEventsSink, "cloudevents-sink", os.Getenv("CLOUDEVENTS_SINK"), "URL that is posted every event of all Canaries, as a CloudEvent 1.0")
	f.StringVar(&o.clusterName, "cluster-name", "", "name of this cluster in alerts and CloudEvents")
	o.bindChats(f)
	f.BoolVar(&o.metricsCompat, "metrics-compat", false, "serve the series flagger_* of the reference beside linnet_*")
	f.BoolVar(&o.leaderElection, "enable-leader-election", true, "let one of several replicas act at a time")
	f.StringVar(&o.leaderNamespace, "leader-election-namespace", "", "namespace of the lease; empty is the controller's own")
	f.BoolVar(&o.configTracking, "enable-config-tracking", true, "treat changes of referenced ConfigMaps and Secrets as new revisions")
	f.BoolVar(&o.noCrossNamespace, "no-cross-namespace-refs", false, "refuse references to other namespaces")
	f.IntVar(&o.threads, "threadiness", 4, "Canaries that are worked on at the same time")
	f.DurationVar(&o.convergence, "convergence", barriers.Convergence, "time after a route is in place until every proxy follows it")
	f.DurationVar(&o.settle, "settle", barriers.Settle, "time that pods must have been ready before they get traffic")
	f.DurationVar(&o.silenceWindow, "silence-window", 10*time.Second, "time without a request after which a side counts as drained; at least two scrape intervals")
}

// bindChats binds what tells people about Canaries without alerts of their own.
func (o *options) bindChats(f *pflag.FlagSet) {
	f.StringVar(&o.slack.url, "slack-url", os.Getenv("SLACK_URL"), "address in Slack that alerts of Canaries without alerts of their own go to")
	f.StringVar(&o.slack.token, "slack-token", os.Getenv("SLACK_TOKEN"), "token for --slack-url; better given by the environment variable SLACK_TOKEN")
	f.StringVar(&o.slack.proxy, "slack-proxy-url", os.Getenv("SLACK_PROXY_URL"), "proxy for --slack-url")
	f.StringVar(&o.slack.user, "slack-user", "flagger", "user that alerts in Slack come from")
	f.StringVar(&o.slack.channel, "slack-channel", "general", "channel of alerts in Slack")
	f.StringVar(&o.msteams.url, "msteams-url", os.Getenv("MSTEAMS_URL"), "address in Microsoft Teams that alerts of Canaries without alerts of their own go to")
	f.StringVar(&o.msteams.proxy, "msteams-proxy-url", os.Getenv("MSTEAMS_PROXY_URL"), "proxy for --msteams-url")
}

// hideSecrets keeps what the environment gives out of --help.
func hideSecrets(f *pflag.FlagSet) {
	for _, name := range []string{"event-webhook", "cloudevents-sink", "slack-url", "slack-token", "slack-proxy-url", "msteams-url", "msteams-proxy-url"} {
		f.Lookup(name).DefValue = ""
	}
}

// chats returns the receivers of alerts about Canaries without alerts of their own.
func (o *options) chats() []alert.Receiver {
	var all []alert.Receiver
	for kind, c := range map[string]chat{"slack": o.slack, "msteams": o.msteams} {
		if c.url != "" {
			all = append(all, alert.Receiver{Type: kind, Address: c.url, Token: c.token, Proxy: c.proxy, Channel: c.channel, Username: c.user})
		}
	}
	return all
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
