package lab

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/linnet-delivery/linnet/e2e/lab/internal/cluster"
	"github.com/linnet-delivery/linnet/e2e/lab/internal/host"
	"github.com/linnet-delivery/linnet/e2e/lab/internal/layout"
	"github.com/linnet-delivery/linnet/e2e/lab/internal/proc"
	"github.com/linnet-delivery/linnet/e2e/lab/internal/progress"
	"github.com/linnet-delivery/linnet/e2e/lab/internal/prom"
)

// containerRuntime is the container runtime, started and filled with images while the control plane starts.
type containerRuntime struct {
	ready  chan error // containerd answers
	images chan error // all images are imported
}

// startRuntime starts containerd and imports the cached images in the background.
func (l *Lab) startRuntime(ctx context.Context, s State) *containerRuntime {
	r := &containerRuntime{ready: make(chan error, 1), images: make(chan error, 1)}
	go func() {
		err := l.runContainerd(ctx, s)
		r.ready <- err
		if err == nil {
			err = l.importCached(ctx)
		}
		r.images <- err
	}()
	return r
}

func (l *Lab) runContainerd(ctx context.Context, s State) error {
	if err := host.PrepareSysctls(l.sysctlFile()); err != nil {
		return err
	}
	c := l.cluster(s)
	if err := c.CreateCgroups(); err != nil {
		return err
	}
	if err := l.processes.Start(c.Containerd()); err != nil {
		return err
	}
	quiet := progress.Wait{For: "containerd to answer", Limit: shortLimit, Check: l.containerdAnswers}
	if err := quiet.Silently(ctx); err != nil {
		return l.withLog(cluster.Containerd, err)
	}
	return nil
}

// containerdAnswers returns nil when containerd takes requests. Its part for the kubelet may still be
// recovering what ran before a crash: see awaitKubelet.
func (l *Lab) containerdAnswers(ctx context.Context) error {
	return l.ctr(ctx, "version")
}

func (l *Lab) importCached(ctx context.Context) error {
	tars, err := filepath.Glob(l.Cache.Image("*"))
	if err != nil {
		return fmt.Errorf("list images: %w", err)
	}
	return l.importImages(ctx, tars...)
}

func (l *Lab) importImages(ctx context.Context, tars ...string) error {
	for _, tar := range tars {
		if err := l.ctr(ctx, "images", "import", tar); err != nil {
			return l.withLog(cluster.Containerd, fmt.Errorf("import %s: %w", tar, err))
		}
	}
	return nil
}

// ctr runs containerd's client in the namespace of the kubelet's images.
func (l *Lab) ctr(ctx context.Context, args ...string) error {
	full := append([]string{"--address", l.Socket(), "--namespace", "k8s.io"}, args...)
	out, err := exec.CommandContext(ctx, "ctr", full...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("ctr %s: %w: %s", args[0], err, strings.TrimSpace(string(out)))
	}
	return nil
}

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

// imageNames returns the podinfo images that applications can use.
func (l *Lab) imageNames() []string {
	tars, _ := filepath.Glob(l.Cache.Image("podinfo-*"))
	var names []string
	for _, tar := range tars {
		tag := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(tar), "podinfo-"), ".tar")
		names = append(names, "lab.local/podinfo:"+tag)
	}
	return names
}
