package main

import (
	"fmt"
	"log/slog"
	"os"
	"regexp"
	"time"

	fortiolog "fortio.org/log"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"

	"github.com/linnet-delivery/linnet/pkg/loadtest"
	"github.com/linnet-delivery/linnet/pkg/loadtest/target"
	"github.com/linnet-delivery/linnet/pkg/version"
)

// options are what the flags set. Names follow the reference where the same thing exists.
type options struct {
	logLevel         string
	port             int
	timeout          time.Duration
	namespaceRegexp  string
	stateDir         string
	allowTargets     []string
	allowExec        bool
	runsPerNamespace int
	connections      int
}

func command() *cobra.Command {
	o := options{}
	cmd := &cobra.Command{
		Use:   "loadtester",
		Short: "Answers webhooks of Canaries: sends load, runs acceptance tests, keeps gates",
		Long: "loadtester runs in the cluster. Canaries post their webhooks to it: it sends HTTP and gRPC load by itself,\n" +
			"without a shell, runs acceptance tests, and keeps gates that people open. docs/loadtester.md says how.",
		Version:       version.String(),
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			served, err := o.server()
			if err != nil {
				return err
			}
			return serve(cmd.Context(), o.port, served)
		},
	}
	o.bind(cmd)
	return cmd
}

func (o *options) bind(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.logLevel, "log-level", "info", "debug, info, warn or error")
	f.IntVar(&o.port, "port", 8080, "port for webhooks, /metrics and /healthz")
	f.DurationVar(&o.timeout, "timeout", time.Hour, "how long a task may run")
	f.StringVar(&o.namespaceRegexp, "namespace-regexp", "", "serve only Canaries whose namespace matches; empty serves all")
	f.StringVar(&o.stateDir, "state-dir", "", "directory that keeps the gates over a restart; empty keeps them in memory")
	f.StringSliceVar(&o.allowTargets, "allow-target", nil, "hosts besides the cluster's Services that load may go to, such as *.example.com; may be repeated")
	f.BoolVar(&o.allowExec, "allow-exec", false, "run bash, helm, kubectl and other programs of the image; whoever can reach the port can then run anything")
	f.IntVar(&o.runsPerNamespace, "max-runs-per-namespace", 10, "tasks that a namespace may have at the same time")
	f.IntVar(&o.connections, "max-connections", 500, "connections that a load may have")
}

// server returns the options of the server that the flags describe.
func (o *options) server() (loadtest.Options, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(o.logLevel)); err != nil {
		return loadtest.Options{}, fmt.Errorf("--log-level %q: use debug, info, warn or error", o.logLevel)
	}
	// Fortio writes to the standard error by itself, once for each load and thread.
	fortiolog.SetLogLevelQuiet(fortiolog.Critical)
	s := loadtest.Options{
		Log:              slog.New(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: level})),
		Now:              time.Now,
		Registry:         prometheus.NewRegistry(),
		StateDir:         o.stateDir,
		Timeout:          o.timeout,
		Targets:          target.Policy{Allow: o.allowTargets},
		AllowExec:        o.allowExec,
		RunsPerNamespace: o.runsPerNamespace,
		Connections:      o.connections,
		UserAgent:        "linnet-loadtester/" + version.Version,
	}
	if o.namespaceRegexp == "" {
		return s, nil
	}
	namespaces, err := regexp.Compile(o.namespaceRegexp)
	if err != nil {
		return s, fmt.Errorf("--namespace-regexp: %w", err)
	}
	s.Namespaces = namespaces
	return s, nil
}
