package lab

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/linnet-delivery/linnet/e2e/lab/internal/cluster"
	"github.com/linnet-delivery/linnet/e2e/lab/internal/host"
	"github.com/linnet-delivery/linnet/e2e/lab/internal/progress"
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
	sortForStart(tars)
	return l.importImages(ctx, tars...)
}

// sortForStart puts the images of applications last: pods of the mesh are created while images are
// still being imported, and one whose image is missing is not tried again for ten seconds.
func sortForStart(tars []string) {
	application := func(tar string) int {
		if strings.HasPrefix(filepath.Base(tar), "podinfo-") {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(tars, func(a, b string) int { return application(a) - application(b) })
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
