package lab

import (
	"context"
	"fmt"

	"github.com/linnet-delivery/linnet/e2e/lab/internal/cluster"
)

// startOrder is the order in which components need each other; those not named come last.
var startOrder = []string{
	cluster.Etcd, cluster.APIServer, cluster.ControllerManager, cluster.Scheduler,
	cluster.Containerd, cluster.Kubelet, cluster.KubeProxy, cluster.CoreDNS,
}

// resume starts the components of a complete lab that don't run any more.
func (l *Lab) resume(ctx context.Context, s State, extent Extent) error {
	if s.Extent != extent {
		return fmt.Errorf("lab %s is up as %s: run \"lab down %s\" before starting it as %s", l.Name, s.Extent, l.Name, extent)
	}
	missing := l.notRunning()
	if len(missing) == 0 {
		l.report.Note("lab %s is up", l.Name)
		return nil
	}
	for _, name := range missing {
		name := name
		if err := l.report.Step("start "+name+" again", func() error { return l.processes.Restart(name) }); err != nil {
			return err
		}
	}
	if err := l.awaitAPIServer(ctx); err != nil || s.Extent != Whole {
		return err
	}
	return l.awaitNode(ctx)
}

// notRunning returns the components that were started once and have ended, in the order to start them.
func (l *Lab) notRunning() []string {
	waiting := map[string]bool{}
	for _, name := range l.processes.Names() {
		if !l.processes.Running(name) {
			waiting[name] = true
		}
	}
	var ordered []string
	for _, name := range append(startOrder, l.processes.Names()...) {
		if waiting[name] {
			ordered = append(ordered, name)
			waiting[name] = false
		}
	}
	return ordered
}
