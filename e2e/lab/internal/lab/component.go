package lab

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/linnet-delivery/linnet/e2e/lab/internal/cluster"
	"github.com/linnet-delivery/linnet/e2e/lab/internal/proc"
	"github.com/linnet-delivery/linnet/e2e/lab/internal/prom"
)

// StopComponent stops one process of the lab.
func (l *Lab) StopComponent(name string) error {
	if _, err := l.processes.Load(name); err != nil {
		return err
	}
	return l.report.Step("stop "+name, func() error { return l.processes.Stop(10*time.Second, name) })
}

// StartComponent starts a stopped process of the lab as it was started before. Of those that
// others need it waits until they answer.
func (l *Lab) StartComponent(ctx context.Context, name string) error {
	if name == cluster.Containerd {
		if err := l.removeShimSockets(); err != nil {
			return err
		}
	}
	if err := l.report.Step("start "+name, func() error { return l.processes.Restart(name) }); err != nil {
		return err
	}
	switch name {
	case cluster.Etcd:
		return l.awaitEtcd(ctx)
	case cluster.APIServer:
		return l.awaitAPIServer(ctx)
	case cluster.Containerd:
		return l.await(ctx, name, "containerd to answer", shortLimit, l.containerdAnswers)
	case cluster.Kubelet:
		return l.awaitKubelet(ctx)
	case prom.Component:
		return l.await(ctx, name, "Prometheus to answer queries", longLimit, func(ctx context.Context) error {
			return l.probe(ctx, prom.URL+"/-/ready")
		})
	}
	return nil
}

// WriteLogs writes the log of one component, or of all when component is "".
// Zero lines are all lines of one component, or ten of each.
func (l *Lab) WriteLogs(out io.Writer, component string, lines int) error {
	if component == "" {
		if lines == 0 {
			lines = 10
		}
		for _, name := range l.processes.Names() {
			fmt.Fprintf(out, "==> %s <==\n%s\n\n", name, proc.Tail(l.processes.LogFile(name), lines))
		}
		return nil
	}
	if _, err := l.processes.Load(component); err != nil {
		return err
	}
	if lines > 0 {
		fmt.Fprintln(out, proc.Tail(l.processes.LogFile(component), lines))
		return nil
	}
	file, err := os.Open(l.processes.LogFile(component))
	if err != nil {
		return fmt.Errorf("open log of %s: %w", component, err)
	}
	defer file.Close()
	_, err = io.Copy(out, file)
	return err
}

// Load imports image tars into the lab's containerd.
func (l *Lab) Load(ctx context.Context, tars ...string) error {
	if err := l.Running(); err != nil {
		return err
	}
	return l.importImages(ctx, tars...)
}
