// Package lab brings a lab up, looks after it and takes it down again.
package lab

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/linnet-delivery/linnet/e2e/lab/internal/cluster"
	"github.com/linnet-delivery/linnet/e2e/lab/internal/kube"
	"github.com/linnet-delivery/linnet/e2e/lab/internal/layout"
	"github.com/linnet-delivery/linnet/e2e/lab/internal/netns"
	"github.com/linnet-delivery/linnet/e2e/lab/internal/proc"
	"github.com/linnet-delivery/linnet/e2e/lab/internal/progress"
)

// Lab is one lab, up or not.
type Lab struct {
	layout.Lab
	report    *progress.Reporter
	processes proc.Table
}

// New returns the lab called name; nothing is started or read yet.
func New(name string, report *progress.Reporter) (*Lab, error) {
	paths, err := layout.New(name)
	if err != nil {
		return nil, err
	}
	return &Lab{
		Lab:       paths,
		report:    report,
		processes: proc.Table{Records: paths.Processes(), Logs: paths.Logs(), NetNS: paths.NetNS()},
	}, nil
}

// Running returns an error with a sentence when the lab is not up.
func (l *Lab) Running() error {
	if !l.Exists() || !netns.Exists(l.NetNS()) {
		return fmt.Errorf("lab %s is not up: run \"lab up %s\" first", l.Name, l.Name)
	}
	return nil
}

// cluster returns the configuration of the lab's Kubernetes.
func (l *Lab) cluster(s State) cluster.Cluster {
	return cluster.Cluster{Lab: l.Lab, AuditUsers: s.AuditUsers}
}

// client returns a client with the administrator's rights, dialling inside the lab.
func (l *Lab) client() (*kube.Client, error) {
	config, err := kube.ReadConfig(l.Kubeconfig())
	if err != nil {
		return nil, err
	}
	return kube.NewClient(config, netns.Dialer(l.NetNS()))
}

// browser returns a plain HTTP client whose requests are made inside the lab, each on a new connection.
func (l *Lab) browser() *http.Client {
	return &http.Client{
		Timeout:   3 * time.Second,
		Transport: &http.Transport{DialContext: netns.Dialer(l.NetNS()), DisableKeepAlives: true},
	}
}

// probe returns nil when url, inside the lab, answers 200.
func (l *Lab) probe(ctx context.Context, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return fmt.Errorf("build request for %s: %w", url, err)
	}
	answer, err := l.browser().Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return progress.Pending(fmt.Sprintf("%s answers %s", url, answer.Status))
	}
	return nil
}

// await waits for something that a component does; a failure ends with that component's last log lines.
func (l *Lab) await(ctx context.Context, component, what string, limit time.Duration, check func(context.Context) error) error {
	err := l.report.Wait(ctx, progress.Wait{
		For: what, Limit: limit, Check: check,
		Dead: func() string {
			if l.processes.Running(component) {
				return ""
			}
			return component + " has ended"
		},
	})
	if err != nil {
		return l.withLog(component, err)
	}
	return nil
}

// withLog adds the last lines of a component's log to an error.
func (l *Lab) withLog(component string, err error) error {
	file := l.processes.LogFile(component)
	tail := proc.Tail(file, 12)
	if tail == "" {
		return fmt.Errorf("%w (%s is empty)", err, file)
	}
	return fmt.Errorf("%w\n  last lines of %s:\n%s", err, file, progress.Indent(tail))
}
