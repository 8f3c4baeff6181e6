package lab

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/linnet-delivery/linnet/e2e/lab/internal/cluster"
)

// startOrder is the order in which components need each other; those not named come last.
var startOrder = []string{
	cluster.Etcd, cluster.APIServer, cluster.ControllerManager, cluster.Scheduler,
	cluster.Containerd, cluster.Kubelet, cluster.KubeProxy, cluster.CoreDNS,
}

// settleTime is how long others may take to end after the first component was found to have ended.
const settleTime = time.Second

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
	time.Sleep(settleTime)
	missing = l.notRunning()
	if err := l.restart(ctx, missing); err != nil || s.Extent != Whole {
		return err
	}
	return l.recheck(ctx, missing)
}

// restart starts the components in their order, and each only when those that it needs answer:
// the controller-manager and the kubelet, for two, end when they find nobody.
func (l *Lab) restart(ctx context.Context, missing []string) error {
	for _, name := range missing {
		if err := l.StartComponent(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

// recheck sees that the mesh works again. What the API server says of pods and node dates from
// before the crash for a while, so only a new application with a request through it tells.
func (l *Lab) recheck(ctx context.Context, restarted []string) error {
	if !slices.ContainsFunc(restarted, carriesPods) {
		return nil
	}
	client, err := l.client()
	if err != nil {
		return err
	}
	if err := l.awaitNode(ctx); err != nil {
		return err
	}
	if err := l.applyCheck(ctx, client); err != nil {
		return err
	}
	return l.checkMesh(ctx, client)
}

// carriesPods reports whether pods may have ended together with the component.
func carriesPods(component string) bool {
	return component == cluster.Containerd || component == cluster.Kubelet || component == cluster.KubeProxy
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
