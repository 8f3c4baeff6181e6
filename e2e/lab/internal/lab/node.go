package lab

import (
	"context"

	"github.com/linnet-delivery/linnet/e2e/lab/internal/cluster"
	"github.com/linnet-delivery/linnet/e2e/lab/internal/layout"
	"github.com/linnet-delivery/linnet/e2e/lab/internal/proc"
	"github.com/linnet-delivery/linnet/e2e/lab/internal/progress"
	"github.com/linnet-delivery/linnet/e2e/lab/internal/prom"
)

// startNode starts what a node needs and waits until it takes pods.
func (l *Lab) startNode(ctx context.Context, s State, r *containerRuntime) error {
	if err := l.report.Step("wait for containerd to answer", func() error { return <-r.ready }); err != nil {
		return err
	}
	c := l.cluster(s)
	client, err := l.client()
	if err != nil {
		return err
	}
	services, err := c.Services()
	if err != nil {
		return err
	}
	if err := client.Apply(ctx, services...); err != nil {
		return err
	}
	if err := prom.WriteConfig(l.Lab); err != nil {
		return err
	}
	for _, spec := range []proc.Spec{c.Kubelet(), c.KubeProxy(), c.CoreDNS(), prom.Process(l.Lab)} {
		if err := l.processes.Start(spec); err != nil {
			return err
		}
	}
	manifest, err := l.applyMesh(ctx, client)
	if err != nil {
		return err
	}
	if err := l.awaitKubelet(ctx); err != nil {
		return err
	}
	if err := l.awaitNode(ctx); err != nil {
		return err
	}
	if err := l.report.Step("import images", func() error { return <-r.images }); err != nil {
		return err
	}
	if err := l.startMesh(ctx, client, manifest); err != nil {
		return err
	}
	return l.checkMesh(ctx, client)
}

// awaitKubelet waits until the kubelet is healthy, starting it again when it ends: it does not wait
// for a containerd that is still recovering.
func (l *Lab) awaitKubelet(ctx context.Context) error {
	err := l.report.Wait(ctx, progress.Wait{
		For: "the kubelet to be healthy", Limit: longLimit,
		Check: func(ctx context.Context) error {
			if err := l.processes.Restart(cluster.Kubelet); err != nil { // does nothing while it runs
				return err
			}
			return l.probe(ctx, layout.KubeletHealthURL)
		},
	})
	if err != nil {
		return l.withLog(cluster.Kubelet, err)
	}
	return nil
}

func (l *Lab) awaitNode(ctx context.Context) error {
	client, err := l.client()
	if err != nil {
		return err
	}
	err = l.await(ctx, cluster.Kubelet, "the node to be Ready", longLimit, func(ctx context.Context) error {
		ready, reason, err := cluster.NodeReady(ctx, client)
		if err == nil && !ready {
			err = progress.Pending(reason)
		}
		return err
	})
	if err != nil {
		return err
	}
	return l.await(ctx, cluster.CoreDNS, "cluster DNS to be ready", shortLimit, func(ctx context.Context) error {
		return l.probe(ctx, layout.DNSReadyURL)
	})
}
