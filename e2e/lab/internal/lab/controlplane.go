package lab

import (
	"context"
	"time"

	"github.com/linnet-delivery/linnet/e2e/lab/internal/cluster"
	"github.com/linnet-delivery/linnet/e2e/lab/internal/kube"
	"github.com/linnet-delivery/linnet/e2e/lab/internal/layout"
	"github.com/linnet-delivery/linnet/e2e/lab/internal/proc"
)

// Limits of waits are many times what an idle machine needs, as builds may run beside a lab.
const (
	shortLimit = 30 * time.Second
	longLimit  = 2 * time.Minute
)

func (l *Lab) startAPIServer(ctx context.Context, s State) error {
	c := l.cluster(s)
	if err := l.processes.Start(c.Etcd()); err != nil {
		return err
	}
	if err := l.awaitEtcd(ctx); err != nil {
		return err
	}
	if err := l.processes.Start(c.APIServer()); err != nil {
		return err
	}
	return l.awaitAPIServer(ctx)
}

func (l *Lab) awaitEtcd(ctx context.Context) error {
	return l.await(ctx, cluster.Etcd, "etcd to answer", shortLimit, func(ctx context.Context) error {
		return l.probe(ctx, layout.EtcdURL+"/health")
	})
}

func (l *Lab) awaitAPIServer(ctx context.Context) error {
	client, err := l.client()
	if err != nil {
		return err
	}
	return l.await(ctx, cluster.APIServer, "the API server to be ready", longLimit, func(ctx context.Context) error {
		return client.Ready(ctx)
	})
}

// startControllers starts the controller-manager and the scheduler. The first is at work when it
// has made the default service account, without which no pod is admitted.
func (l *Lab) startControllers(ctx context.Context, s State) error {
	c := l.cluster(s)
	for _, spec := range []proc.Spec{c.ControllerManager(), c.Scheduler()} {
		if err := l.processes.Start(spec); err != nil {
			return err
		}
	}
	client, err := l.client()
	if err != nil {
		return err
	}
	return l.await(ctx, cluster.ControllerManager, "the controller-manager to make the default service account", longLimit,
		func(ctx context.Context) error { return defaultAccount(ctx, client) })
}

func defaultAccount(ctx context.Context, client *kube.Client) error {
	return client.Get(ctx, "/api/v1/namespaces/default/serviceaccounts/default", nil)
}
